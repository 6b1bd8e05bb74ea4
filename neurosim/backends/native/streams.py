"""Streams: for each source one contiguous run of records, bucket after bucket in the order of delays.

A bucket is a header record that holds the number of its records, then the records. A spike becomes a cursor into the stream of its
source; in every step it delivers one bucket, so nothing is sorted, looked up or held per delay while the network runs. Behind its last
bucket a row of 4-byte records has one header that says :data:`ENDED`: a cursor stays there.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

ENDED = np.uint32(0xFFFFFFFF)
"""Header behind the last bucket of a row, where other rows have later ones."""
TAIL = 64
"""Records behind the last one: prefetching looks ahead."""


@dataclass(frozen=True)
class Stream:
    """``target`` (records,) unsigned: header counts and targets; ``weight`` (records,) or one number; ``start`` (owners, sources + 1).

    Where several threads own the targets, the row of a source is cut: first all buckets of the first owner, then of the next.
    """

    target: np.ndarray
    weight: np.ndarray | float | None
    start: np.ndarray
    shortest: int
    longest: int
    edges: int

    @property
    def bytes(self) -> int:
        """Size of the stream in memory."""
        weight = self.weight.nbytes if isinstance(self.weight, np.ndarray) else 0
        return self.target.nbytes + weight


def target_type(largest: int) -> type:
    """The narrowest unsigned type that holds every target and header count."""
    return np.uint16 if largest < 1 << 16 else np.uint32 if largest < 1 << 32 else np.uint64


def build(
    sources: int,
    pre: np.ndarray,
    delay: np.ndarray,
    target: np.ndarray,
    weight: np.ndarray | float | None,
    narrow: bool,
    owner: np.ndarray | None = None,
    owners: int = 1,
) -> Stream:
    """A stream from edges in canonical order; edges of a bucket keep that order.

    ``narrow``: the smallest type of records; else 4 bytes at least (records then stay aligned with their weights). ``owner`` (E,):
    the thread that owns the target of each edge.
    """
    shortest, longest = (int(delay.min()), int(delay.max())) if len(delay) else (0, 0)
    columns = longest - shortest + 2
    bucket = pre * (owners * columns) + (delay - shortest)
    if owner is not None:
        bucket += owner.astype(np.int64) * columns
    order = np.argsort(bucket, kind="stable")
    counts = np.bincount(bucket, minlength=sources * owners * columns)
    largest = max(int(target.max(initial=0)), int(counts.max(initial=0)))
    kind = target_type(largest) if narrow else max(target_type(largest), np.uint32, key=lambda t: np.dtype(t).itemsize)
    buckets = np.full(sources, columns - 1)
    if kind is np.uint32:
        buckets[:] = 1
        np.maximum.at(buckets, pre, delay - shortest + 1)
    # Column after column of each owner's part of each row: a bucket, the end, or nothing.
    column, last = np.arange(columns), buckets[:, None, None]
    ended = np.broadcast_to((column == last) & (column < columns - 1), (sources, owners, columns)).ravel()
    there = np.broadcast_to(column < last, (sources, owners, columns)).ravel() | ended
    size = np.where(there, counts + 1, 0)
    header = np.cumsum(size) - size
    record = header[bucket[order]] + 1 + np.arange(len(pre)) - (np.cumsum(counts) - counts)[bucket[order]]
    end = int(size.sum())
    records: np.ndarray = np.zeros(end + TAIL, kind)
    records[header[there]] = counts[there]
    records[header[ended]] = ENDED if kind is np.uint32 else 0
    records[record] = target[order]
    if isinstance(weight, np.ndarray):
        values = np.zeros(len(records), weight.dtype)
        values[record] = weight[order]
        weight = values
    start = np.stack([np.append(header[p * columns :: owners * columns], end) for p in range(owners)]).astype(np.int64)
    return Stream(records, weight, start, shortest, longest, len(pre))

"""Compiled builder of streams: millions of synapses per second and core, without ever holding a list of all edges.

First the edges of every source are counted and the extremes of the delays found, so that the exact size of the stream is known; then
its rows are written, a stretch of sources at a time, each by one thread. The result is that of
:func:`neurosim.backends.native.streams.build` for the edges, delays and weights of :mod:`neurosim.ir.wiring`, but for the order of
targets in a bucket. Edges onto the same target keep their order, so all sums are the same. Nothing depends on the number of threads.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from concurrent.futures import Executor, ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import TypeVar

import numpy as np

from neurosim.backends.native.pages import zeros
from neurosim.backends.native.recipes import Delays, Lookup, kernels, values_at
from neurosim.backends.native.streams import TAIL, Stream, target_type
from neurosim.backends.native.stretches import NUMBERS_OF_TASK, Edges, is_known_wiring, out_degrees, rows_of_task, skips_own
from neurosim.ir.program import IntArray, Sampled, Value, Wiring
from neurosim.ir.wiring import expected_count

Array = np.ndarray
Made = TypeVar("Made")
MANY = 1_000_000
"""Edges of all groups up to which numpy is quick enough (0.4 s) and nothing need be compiled."""
FEW = 20_000
"""Edges of a group up to which numpy is quick enough in any case."""
RECORDS_OF_STRETCH = 1 << 17
"""Records written at once: their scratch is a few megabytes."""
LISTED_AT_ONCE = 1 << 26
"""Edges drawn by their targets up to which all of them may be listed at once."""
NOBODY = np.zeros(1, np.uint8)


@dataclass(frozen=True)
class Member:
    """A pathway of a group: its edges, their delays and weights, and where in the sums its first target lies."""

    wiring: Wiring
    delay: int | IntArray | Sampled
    values: Value | Sampled
    offset: int


def can_build(members: Sequence[Member], sources: int, edges: int) -> bool:
    """Whether a group is large enough for the compiled builder, and the edges of each source can be found by themselves.

    ``edges``: about how many edges all groups of the Program have.
    """
    if edges < MANY or sum(expected_count(member.wiring) for member in members) < FEW:
        return False
    return all(is_known_wiring(member.wiring, sources) for member in members)


def build_group(
    members: Sequence[Member],
    sources: int,
    kind: type,
    constant: float | None,
    *,
    owner: Array | None = None,
    owners: int = 1,
    threads: int | None = None,
) -> Stream:
    """The stream of a group of pathways of one source population.

    Parameters
    ----------
    members : sequence of Member
        In the order of delivery; :func:`can_build` must hold (but for the size).
    sources : int
    kind : type
        Of the weights: float32 or float64.
    constant : float or None
        The weight of all edges, if it is one: records are then as narrow as they can be.
    owner : array of uint8, optional
        The thread that owns each entry of the sums, where there are several.
    owners : int
    threads : int, optional
        How many threads build; default: one per core.
    """
    threads = min(os.cpu_count() or 1, 8) if threads is None else max(threads, 1)
    with ThreadPoolExecutor(threads) as pool:
        rows = Rows(members, sources, NOBODY if owner is None or owners == 1 else owner, owners, pool, threads)
        return rows.stream(kind, constant)


@dataclass(frozen=True)
class Shape:
    """Rows of a stream: ``buckets`` (sources,) of each row, of ``delays`` that there may be; ``start`` (sources + 1,) first records."""

    shortest: int
    delays: int
    buckets: Array
    start: Array


@dataclass
class Rows:
    """The rows of a group in the making; ``owner`` of length 1: there is but one."""

    members: Sequence[Member]
    sources: int
    owner: Array
    owners: int
    pool: Executor
    threads: int
    edges: list[Edges] = field(default_factory=list)
    delays: list[Delays] = field(default_factory=list)

    def stream(self, kind: type, constant: float | None) -> Stream:
        """Count, allocate, write."""
        self.count()
        begin = np.sum([edges.begin for edges in self.edges], axis=0)
        ranges = [self.delay_range(edges, delays) for edges, delays in zip(self.edges, self.delays) if edges.begin[-1]]
        shortest = min((low for low, _ in ranges), default=0)
        latest = np.full(self.sources, shortest)
        for _, high in ranges:
            latest = np.maximum(latest, high)
        longest = int(latest.max(initial=shortest))
        largest = max([int(np.diff(begin).max(initial=0)), *(m.offset + m.wiring.targets - 1 for m in self.members)])
        narrow = target_type(largest)
        width = narrow if constant is not None or narrow is np.uint64 else np.uint32
        delays = longest - shortest + 1
        buckets = latest - shortest + 1 if width is np.uint32 else np.full(self.sources, delays)
        start = begin.copy()
        start[1:] += np.cumsum((buckets + (buckets < delays)) * self.owners)
        records = int(start[-1]) + TAIL
        target = zeros(records, width)
        weight = zeros(records if constant is None else 0, kind)
        starts = np.empty((self.owners, self.sources + 1), np.int64)
        self.write(Shape(shortest, delays, buckets, start), starts, target, weight)
        starts[:, -1] = start[-1]
        return Stream(target, weight if constant is None else constant, starts, shortest, longest, int(begin[-1]))

    def parallel(self, call: Callable[[int, int], Made], size: int, step: int) -> list[Made]:
        """Results of ``call(first, last)`` for stretches of 0 ... size, in their order."""
        ends = [(first, min(first + step, size)) for first in range(0, size, step)]
        return list(self.pool.map(lambda pair: call(*pair), ends))

    # ---- counting ------------------------------------------------------------------------------------------------------
    def count(self) -> None:
        """The edges of every source, pathway by pathway."""
        lookup = Lookup()
        for member in self.members:
            begin = np.zeros(self.sources + 1, np.int64)
            np.cumsum(out_degrees(member.wiring, self.parallel), out=begin[1:])
            given = any(not isinstance(values, Sampled) and np.ndim(values) for values in (member.delay, member.values))
            self.edges.append(Edges(member.wiring, begin, given))
            self.delays.append(lookup.delays(member.delay))

    def delay_range(self, edges: Edges, delays: Delays) -> tuple[int, int | IntArray]:
        """The shortest delay of a pathway that has edges, and the longest: (sources,) of each source, where that is quickly found."""
        if not isinstance(delays.delay, Sampled):
            return int(np.min(delays.delay)), int(np.max(delays.delay))
        if delays.cells is not None and edges.wiring.kind in ("fixed_total_number", "fixed_outdegree"):
            step = max(self.sources * NUMBERS_OF_TASK // int(edges.begin[-1]), 1)
            found = self.parallel(lambda first, last: delays.ranges(edges.begin[first : last + 1]), self.sources, step)
            return min(low for low, _ in found), np.concatenate([high for _, high in found])
        numbers = int(edges.begin[-1])
        if edges.wiring.kind != "fixed_probability" and not (edges.wiring.kind == "all_to_all" and skips_own(edges.wiring)):
            ranges = self.parallel(lambda first, last: blockwise(delays, first, last), numbers, NUMBERS_OF_TASK)
        else:
            step = rows_of_task(edges.wiring)
            ranges = self.parallel(lambda first, last: range_between(edges, delays, first, last), self.sources, step)
        return min(low for low, _ in ranges), max(high for _, high in ranges)

    # ---- writing -------------------------------------------------------------------------------------------------------
    def write(self, shape: Shape, starts: Array, target: Array, weight: Array) -> None:
        """Write all rows: tasks of a thread, each in stretches whose scratch is small."""
        start = shape.start

        def task(first: int, last: int) -> None:
            edges = [mine.listing(first, last) for mine in self.edges]
            for a, b in cuts(start, first, last, RECORDS_OF_STRETCH):
                self.write_stretch(edges, a, b, shape, starts, target, weight)

        listed = sum(int(edges.begin[-1]) for edges in self.edges if edges.wiring.kind == "fixed_indegree")
        size = NUMBERS_OF_TASK
        if listed:
            # Every task draws all these edges again and lists its own.
            size = -(-int(start[-1]) // (self.threads * (1 if listed <= LISTED_AT_ONCE else 4)))
        list(self.pool.map(lambda ends: task(*ends), cuts(start, 0, self.sources, size)))

    def write_stretch(
        self,
        edges: Sequence[Edges],
        first: int,
        last: int,
        shape: Shape,
        starts: Array,
        target: Array,
        weight: Array,
    ) -> None:
        """Write the rows of the sources first ... last - 1."""
        compiled, delays = kernels(), shape.delays
        place = np.zeros((last - first, delays * self.owners), np.int64)
        found = []
        for mine, delay, member in zip(edges, self.delays, self.members):
            number, post = mine.between(first, last)
            bucket = delay.at(number, int(mine.begin[first]))
            if shape.shortest:
                bucket -= shape.shortest
            post = post.astype(np.int32, copy=False)
            compiled.count_buckets(place, bucket, post, mine.begin[first : last + 1], member.offset, self.owner, delays)
            found.append((number, post, bucket))
        compiled.write_headers(place, shape.buckets[first:last], delays, shape.start[first], target)
        starts[:, first:last] = place[:, ::delays].T - 1
        for mine, member, (number, post, bucket) in zip(edges, self.members, found):
            x = values_at(member.values, number, int(mine.begin[first])) if len(weight) else np.zeros(0)
            compiled.write_records(place, bucket, post, mine.begin[first : last + 1], member.offset, x, target, weight)


def cuts(start: Array, first: int, last: int, size: int) -> list[tuple[int, int]]:
    """The sources first ... last - 1 in stretches of about ``size`` records; ``start``: first record of each."""
    parts = max(-(-int(start[last] - start[first]) // size), 1)
    inner = np.searchsorted(start[first:last], np.linspace(start[first], start[last], parts + 1)[1:-1]) + first
    ends = np.unique([first, *inner, last]).tolist()
    return list(zip(ends[:-1], ends[1:]))


def blockwise(delays: Delays, first: int, last: int) -> tuple[int, int]:
    """Range of the delays of the numbers first ... last - 1."""
    ranges = [delays.range(np.arange(k, min(k + RECORDS_OF_STRETCH, last)), 0) for k in range(first, last, RECORDS_OF_STRETCH)]
    return min(low for low, _ in ranges), max(high for _, high in ranges)


def range_between(edges: Edges, delays: Delays, first: int, last: int) -> tuple[int, int]:
    """Range of the delays of the edges of the sources first ... last - 1; (largest, smallest) number where there are none."""
    number, _ = edges.between(first, last)
    if not len(number):
        return np.iinfo(np.int64).max, np.iinfo(np.int64).min
    return delays.range(number, 0)

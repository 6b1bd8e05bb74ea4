"""Compiled builder of streams: millions of synapses per second and core, without ever holding a list of edges.

First the edges of every source are counted and the extremes of the delays found, so that the exact size of the stream is known; then
its rows are written one by one, each by one thread. The result is that of :func:`neurosim.backends.native.streams.build` for the
edges, delays and weights of :mod:`neurosim.ir.wiring`; only in a bucket of edges whose order does not matter (their sums are exact)
may the order differ. It does not depend on the number of threads.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import Executor, ThreadPoolExecutor
from dataclasses import dataclass
from functools import lru_cache
from importlib import resources
from types import ModuleType
from typing import Any

import numpy as np

from neurosim.backends.native import tables
from neurosim.backends.native.pages import zeros
from neurosim.backends.native.source import library_text, load
from neurosim.backends.native.streams import TAIL, Stream, target_type
from neurosim.backends.native.tables import (
    LISTED,
    Member,
    Tables,
    delays_between,
    expected_edges,
    is_known_recipe,
    is_known_wiring,
    tables_of,
)
from neurosim.ir.program import Sampled, Wiring
from neurosim.ir.wiring import OUT_DEGREE, edge_count

Array = np.ndarray
FEW = 200_000
"""Edges up to which numpy is quick enough and nothing need be compiled."""
NUMBERS_OF_TASK = 1 << 22
"""Numbers drawn or edges written by a thread before it takes up the next stretch."""
LISTS_OF_ONE = 1 << 26
"""Edges drawn by their targets up to which the lists of a thread may hold all of them at once."""
MARK = "# ---- rows of streams"


@lru_cache(maxsize=1)
def kernels() -> ModuleType:
    """The compiled functions: the library, the names of the columns, the rows."""
    text = resources.files(__package__).joinpath("rows.py").read_text(encoding="utf-8")
    names = "\n".join(f"{name} = {getattr(tables, name)!r}" for name in tables.NAMES)
    return load(f"{library_text('double')}\n\n{names}\n\n\n{text[text.index(MARK) :]}")


def can_build(members: Sequence[Member], sources: int, few: int = FEW) -> bool:
    """Whether a group is large enough for the compiled builder, and all its recipes are known to it."""
    if sum(expected_edges(member.wiring) for member in members) < few:
        return False
    return all(
        is_known_wiring(m.wiring, sources) and all(is_known_recipe(values, edge_count(m.wiring)) for values in (m.values, m.delay)) for m in members
    )


def available_threads(threads: int | None) -> int:
    """How many threads build: as many as asked for, else one per core that this process may use."""
    if threads is not None:
        return max(threads, 1)
    return min(os.cpu_count() or 1, 8)


def build_group(
    members: Sequence[Member], sources: int, kind: type, constant: float | None, *, ordered: bool = False, threads: int | None = None
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
    ordered : bool
        Whether the edges of a bucket must stand in canonical order.
    threads : int, optional
        How many threads build; default: one per core.
    """
    with ThreadPoolExecutor(available_threads(threads)) as pool:
        made = Group(members, sources, tables_of(members, ordered), pool, available_threads(threads))
        return made.stream(kind, constant)


@dataclass(frozen=True)
class Group:
    """What is known of a group before its stream is built."""

    members: Sequence[Member]
    sources: int
    tables: Tables
    pool: Executor
    threads: int

    def stream(self, kind: type, constant: float | None) -> Stream:
        """Count, allocate, fill."""
        found = [self.degrees(p) for p in range(len(self.members))]
        begin = np.zeros((len(found), self.sources + 1), np.int64)
        for p, (degrees, _) in enumerate(found):
            np.cumsum(degrees, out=begin[p, 1:])
        ranges = [self.delay_range(p, int(begin[p, -1]), extremes) for p, (_, extremes) in enumerate(found) if begin[p, -1]]
        shortest, longest = min((low for low, _ in ranges), default=0), max((high for _, high in ranges), default=0)
        rows = np.diff(begin.sum(axis=0))
        widest, buckets = int(rows.max(initial=0)), longest - shortest + 1
        start = np.zeros(self.sources + 1, np.int64)
        np.cumsum(rows + buckets, out=start[1:])
        largest = max([widest, *(m.offset + m.wiring.targets - 1 for m in self.members)])
        narrow = target_type(largest)
        records = int(start[-1]) + TAIL
        target = zeros(records, narrow if constant is not None or narrow is np.uint64 else np.uint32)
        weight = zeros(records if constant is None else 0, kind)
        self.fill(shortest, buckets, widest, begin, start, target, weight)
        return Stream(target, weight if constant is None else constant, start, shortest, longest)

    def parallel(self, call: Callable[[int, int], Any], ranges: Iterable[tuple[int, int]]) -> list[Any]:
        """Results of calls over stretches, in their order."""
        return list(self.pool.map(lambda ends: call(*ends), ranges))

    # ---- counting ------------------------------------------------------------------------------------------------------
    def degrees(self, p: int) -> tuple[Array, tuple[int, int] | None]:
        """(sources,) number of edges of each source of a pathway; extremes of the bits of its delays where they come with it."""
        wiring, integers, streams = self.members[p].wiring, self.tables.integers[p], self.tables.streams[p]
        if wiring.kind in ("fixed_total_number", "fixed_indegree"):
            return self.drawn_degrees(p), None
        if wiring.kind == "fixed_probability":
            degrees = np.zeros(self.sources, np.int64)
            step = max(NUMBERS_OF_TASK // max(wiring.targets, 1), 1)
            count = kernels().count_pairs
            ends = self.parallel(lambda first, last: count(degrees, first, last, integers, streams), stretches(self.sources, step))
            return degrees, (min(low for low, _ in ends), max(high for _, high in ends))
        return given_degrees(wiring), None

    def drawn_degrees(self, p: int) -> Array:
        """(sources,) how often each source is drawn."""
        wiring, skips = self.members[p].wiring, self.tables.integers[p, tables.SKIPS]
        into = wiring.kind == "fixed_indegree"
        numbers, stream = (wiring.number * wiring.targets, wiring.stream) if into else (wiring.number, wiring.stream ^ OUT_DEGREE)
        count = kernels().count_partners

        def counted(first: int, last: int) -> Array:
            degrees = np.zeros(self.sources, np.int64)
            count(degrees, np.uint64(stream), first, last, self.sources, skips if into else np.int64(0), max(wiring.number, 1))
            return degrees

        step = max(NUMBERS_OF_TASK, -(-numbers // (4 * self.threads)))
        return np.sum([np.zeros(self.sources, np.int64), *self.parallel(counted, stretches(numbers, step))], axis=0)

    def delay_range(self, p: int, edges: int, extremes: tuple[int, int] | None) -> tuple[int, int]:
        """The shortest and the longest delay of a pathway that has edges."""
        delay = self.members[p].delay
        if not isinstance(delay, Sampled):
            return int(np.min(delay)), int(np.max(delay))
        if extremes is None:
            extremes = self.extremes(self.members[p].wiring, edges, delay.stream)
        below, above = delays_between(delay, np.array(extremes, np.uint64))
        return int(below[0]), int(above[1])

    def extremes(self, wiring: Wiring, edges: int, stream: int) -> tuple[int, int]:
        """The extremes of the bits of a stream over all numbers of edges."""
        numbers = wiring.sources * wiring.targets if wiring.kind == "all_to_all" else edges
        call = kernels().extremes
        low, high = np.uint64(0xFFFFFFFFFFFFFFFF), np.uint64(0)
        ends = self.parallel(lambda first, last: call(np.uint64(stream), first, last, low, high), stretches(numbers, NUMBERS_OF_TASK))
        return min(low for low, _ in ends), max(high for _, high in ends)

    # ---- writing -------------------------------------------------------------------------------------------------------
    def fill(self, shortest: int, buckets: int, widest: int, begin: Array, start: Array, target: Array, weight: Array) -> None:
        """Write all rows, a stretch of sources at a time."""
        t = self.tables
        into = np.flatnonzero(t.integers[:, tables.KIND] == LISTED)
        call = kernels().fill_rows

        def write(first: int, last: int) -> None:
            listed, listed_begin = self.lists(into, first, last, begin)
            call(
                first, last, shortest, buckets, widest, t.integers, t.streams, t.recipes, t.cells,
                begin, t.posts, t.weights, t.delays, listed, listed_begin, start, target, weight,
            )  # fmt: skip

        parts = -(-int(start[-1]) // NUMBERS_OF_TASK)
        if len(into):
            # Every stretch draws all edges of these pathways again and keeps its own.
            edges = int(begin[into, -1].sum())
            parts = self.threads * (1 if edges <= LISTS_OF_ONE else 4)
        cuts = np.searchsorted(start, np.linspace(0, start[-1], parts + 1)[1:-1])
        ends = np.unique([0, *cuts, self.sources])
        self.parallel(write, zip(ends[:-1].tolist(), ends[1:].tolist()))

    def lists(self, into: Array, first: int, last: int, begin: Array) -> tuple[Array, Array]:
        """(numbers of edges, where those of each pathway and source begin) of a stretch of sources, for edges that targets drew."""
        sizes = begin[:, last] - begin[:, first]
        numbers = max([int(begin[p, -1]) for p in into], default=0)
        listed = np.empty(int(sizes[into].sum()), np.uint32 if numbers < 1 << 32 else np.uint64)
        listed_begin = np.zeros((len(self.members), last - first), np.int64)
        base = 0
        for p in into:
            wiring, integers = self.members[p].wiring, self.tables.integers[p]
            listed_begin[p] = base + begin[p, first:last] - begin[p, first]
            kernels().list_numbers(
                listed, listed_begin[p].copy(), first, last, self.tables.streams[p, tables.WIRING_STREAM],
                wiring.number * wiring.targets, self.sources, integers[tables.SKIPS], integers[tables.DIVISOR],
            )  # fmt: skip
            base += int(sizes[p])
        return listed, listed_begin


def given_degrees(wiring: Wiring) -> Array:
    """(sources,) number of edges of each source where the recipe says it."""
    if wiring.kind == "fixed_outdegree":
        return np.full(wiring.sources, wiring.number)
    if wiring.kind == "pairs":
        return np.bincount(np.asarray(wiring.pre, np.int64), minlength=wiring.sources)
    if wiring.kind == "one_to_one":
        return np.ones(wiring.sources, np.int64)
    degrees = np.full(wiring.sources, wiring.targets)
    if wiring.same and not wiring.autapses:
        degrees[: wiring.targets] -= 1
    return degrees


def stretches(size: int, step: int) -> list[tuple[int, int]]:
    """0 ... size in stretches of ``step``."""
    return [(first, min(first + step, size)) for first in range(0, size, step)]

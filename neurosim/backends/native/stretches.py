"""Edges of a pathway, a stretch of sources at a time: the same as those of :mod:`neurosim.ir.wiring`, without a list of all of them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from neurosim.backends.native.recipes import kernels
from neurosim.ir.program import IntArray, Wiring
from neurosim.ir.random import U64
from neurosim.ir.wiring import OUT_DEGREE

NUMBERS = 1 << 16
"""Numbers drawn at once where a loop over them is written in numpy: half a megabyte."""
KINDS = ("fixed_total_number", "fixed_outdegree", "fixed_indegree", "fixed_probability", "all_to_all", "one_to_one", "pairs")
NUMBERS_OF_TASK = 1 << 22
"""Numbers that a thread draws, or records that it writes, before it takes up the next task."""
Parallel = Callable[[Callable[[int, int], IntArray], int, int], list[IntArray]]
"""``parallel(call, size, step)``: the results of call(first, last) for stretches of 0 ... size, in their order."""


def is_known_wiring(wiring: Wiring, sources: int) -> bool:
    """Whether the edges of any stretch of sources can be found without all others."""
    if wiring.kind not in KINDS or wiring.sources != sources:
        return False
    if wiring.kind == "pairs":
        return bool(np.all(np.diff(np.asarray(wiring.pre)) >= 0))
    return wiring.multapses or wiring.kind in ("fixed_probability", "all_to_all", "one_to_one")


def skips_own(wiring: Wiring) -> bool:
    """Whether the own index is left out."""
    return wiring.same and not wiring.autapses and wiring.kind not in ("one_to_one", "pairs")


# ---- counting ----------------------------------------------------------------------------------------------------------
def out_degrees(wiring: Wiring, parallel: Parallel) -> IntArray:
    """(sources,) number of edges of each source."""
    total = np.zeros(wiring.sources, np.int64)
    if wiring.kind == "fixed_total_number":
        return count_partners(wiring, wiring.stream ^ OUT_DEGREE, wiring.number, parallel)
    if wiring.kind == "fixed_indegree":
        return count_partners(wiring, wiring.stream, wiring.targets * wiring.number, parallel)
    if wiring.kind == "fixed_probability":
        return np.concatenate(
            [total[:0], *parallel(lambda first, last: count_pairs(wiring, first, last), wiring.sources, rows_of_task(wiring))]
        )
    if wiring.kind == "fixed_outdegree":
        return total + wiring.number
    if wiring.kind == "pairs":
        return np.bincount(np.asarray(wiring.pre, np.int64), minlength=wiring.sources)
    if wiring.kind == "one_to_one":
        return total + 1
    total += wiring.targets
    if skips_own(wiring):
        total[: wiring.targets] -= 1
    return total


def rows_of_task(wiring: Wiring) -> int:
    """Sources whose pairs make a task."""
    return max(NUMBERS_OF_TASK // max(wiring.targets, 1), 1)


def count_partners(wiring: Wiring, stream: int, numbers: int, parallel: Parallel) -> IntArray:
    """(sources,) how often each source is drawn."""

    def count(first: int, last: int) -> IntArray:
        found = np.zeros(wiring.sources, np.int64)
        for start in range(first, last, NUMBERS):
            found += np.bincount(drawn_sources(wiring, stream, start, min(start + NUMBERS, last)), minlength=wiring.sources)
        return found

    counts = parallel(count, numbers, max(NUMBERS_OF_TASK, wiring.sources, -(-numbers // 32)))
    return np.sum(counts, axis=0) if counts else np.zeros(wiring.sources, np.int64)


def drawn_sources(wiring: Wiring, stream: int, first: int, last: int) -> IntArray:
    """(n,) sources that the numbers first ... last - 1 draw: for out-degrees, or each for its target."""
    skips = wiring.kind == "fixed_indegree" and skips_own(wiring)
    partner = np.empty(last - first, np.int32)
    kernels().partners_from(partner, U64(stream), first, wiring.sources - skips)
    if skips:
        partner += partner >= np.arange(first, last) // wiring.number
    return partner


def count_pairs(wiring: Wiring, first: int, last: int) -> IntArray:
    """(last - first,) number of edges of the sources first ... last - 1, drawn with a probability."""
    source, _, _ = some_pairs(wiring, first * wiring.targets, last * wiring.targets)
    return np.bincount(source - first, minlength=last - first)


def some_pairs(wiring: Wiring, first: int, last: int) -> tuple[IntArray, IntArray, IntArray]:
    """(source, target, number) of those of the pairs numbered first ... last - 1 that there are."""
    found = []
    threshold = U64(round(wiring.probability * 2.0**53))
    bits = np.empty(min(NUMBERS, last - first), np.uint64)
    for start in range(first, last, NUMBERS):
        some = bits[: min(NUMBERS, last - start)]
        kernels().bits_from(some, U64(wiring.stream), start)
        some >>= U64(11)
        found.append(np.flatnonzero(some < threshold) + start)
    number = np.concatenate([*found, np.zeros(0, np.int64)])
    source, target = np.divmod(number, wiring.targets)
    if skips_own(wiring):
        keep = source != target
        source, target, number = source[keep], target[keep], number[keep]
    return source, target, number


# ---- edges -------------------------------------------------------------------------------------------------------------
@dataclass(frozen=True)
class Edges:
    """Edges of a pathway; ``begin`` (sources + 1,): place of the first edge of each source in canonical order.

    ``ordered``: whether :meth:`between` keeps to canonical order; else it yields the edges of a source by their numbers. ``listed``,
    where targets draw their sources: numbers of edges by source, and the first source that they are of.
    """

    wiring: Wiring
    begin: IntArray
    ordered: bool
    listed: tuple[IntArray, int] | None = None

    def between(self, first: int, last: int) -> tuple[IntArray, IntArray]:
        """(numbers, targets) of the edges of the sources first ... last - 1."""
        wiring, numbers = self.wiring, np.arange(self.begin[first], self.begin[last])
        if wiring.kind == "fixed_indegree" and self.listed is not None:
            listed, base = self.listed
            number = listed[self.begin[first] - self.begin[base] : self.begin[last] - self.begin[base]].astype(np.int64)
            return number, number // wiring.number
        if wiring.kind in ("fixed_total_number", "fixed_outdegree"):
            return self.drawn(numbers, first, last)
        if wiring.kind == "fixed_probability":
            _, target, number = some_pairs(wiring, first * wiring.targets, last * wiring.targets)
            return number, target
        if wiring.kind == "pairs":
            return numbers, np.asarray(wiring.post)[self.begin[first] : self.begin[last]]
        if wiring.kind == "one_to_one":
            return numbers, numbers
        number = np.arange(first * wiring.targets, last * wiring.targets)
        source, target = np.divmod(number, wiring.targets)
        keep = source != target
        return (number[keep], target[keep]) if skips_own(wiring) else (number, target)

    def drawn(self, numbers: IntArray, first: int, last: int) -> tuple[IntArray, IntArray]:
        """Numbers that draw their targets."""
        wiring = self.wiring
        target = np.empty(len(numbers), np.int32)
        kernels().partners_from(target, U64(wiring.stream), int(self.begin[first]), wiring.targets - skips_own(wiring))
        if skips_own(wiring) or self.ordered:
            source = np.repeat(np.arange(first, last), np.diff(self.begin[first : last + 1]))
            target += (target >= source) if skips_own(wiring) else 0
            if self.ordered:
                order = np.argsort(source * wiring.targets + target, kind="stable")
                return numbers[order], target[order]
        return numbers, target

    def listing(self, first: int, last: int) -> Edges:
        """These edges where those of the sources first ... last - 1 have been listed, if targets draw their sources."""
        wiring = self.wiring
        if wiring.kind != "fixed_indegree":
            return self
        numbers = wiring.targets * wiring.number
        listed = np.empty(self.begin[last] - self.begin[first], np.uint32 if numbers < 1 << 32 else np.uint64)
        place = self.begin[first:last] - self.begin[first]
        for start in range(0, numbers, NUMBERS):
            partner = drawn_sources(wiring, wiring.stream, start, min(start + NUMBERS, numbers))
            kernels().share_out(listed, place, partner, start, first)
        return Edges(wiring, self.begin, self.ordered, (listed, first))

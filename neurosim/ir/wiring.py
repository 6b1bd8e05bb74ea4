"""Expands wiring recipes into edges, in chunks of sources, the same for every engine.

Each edge has a *number*, a 64-bit counter that is unique in its pathway; weights, delays and initial synaptic states drawn per edge
are functions of it. Edges are enumerated in canonical order: source ascending, then target, then edge number.

==================== ============================================ ==========================================================
kind                 number of an edge                            which edges
==================== ============================================ ==========================================================
all_to_all           i * targets + j                              all pairs
one_to_one           i                                            (i, i)
fixed_probability    i * targets + j                              pairs whose uniform number is below the probability
fixed_outdegree      i * number + k                               targets from the bits of the number
fixed_indegree       j * number + k                               sources from the bits of the number
fixed_total_number   position in the rows of all sources          out-degrees: sources from the bits of 0 ... number - 1;
                                                                  targets from the bits of the number
pairs                position in the given lists                  the given lists
==================== ============================================ ==========================================================

A choice among n from 64 bits is (high 32 bits * n) >> 32. Without autapses (source and target one population) the choice is among
n - 1 and skips the own index. Without multapses the k partners with the smallest bits of i * n + j (or j * n + i) are taken.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from neurosim.ir.program import IntArray, Pathway, Program, Sampled, Value, Weights, Wiring
from neurosim.ir.random import MASK, bits64, sample

OUT_DEGREE = 0xD1B54A32D192ED03
"""Separates the stream of out-degrees from that of targets."""
CHUNK = 1 << 20
"""Numbers drawn at once: a few megabytes of scratch."""
PAIRS_AT_ONCE = 1 << 15
"""Pairs whose bits are drawn at once: their scratch stays in the cache."""


@dataclass(frozen=True)
class Edges:
    """(E,) int64 arrays in canonical order."""

    pre: IntArray
    post: IntArray
    number: IntArray

    def __len__(self) -> int:
        return len(self.pre)


def choose(bits: IntArray, n: int) -> IntArray:
    """One of 0 ... n - 1 from the high half of 64 bits."""
    return (((bits >> np.uint64(32)) * np.uint64(n)) >> np.uint64(32)).astype(np.int64)


def partners(wiring: Wiring, numbers: IntArray, own: IntArray, n: int) -> IntArray:
    """Partner of each edge number, drawn with replacement among n; the own index is skipped where autapses are off."""
    if wiring.same and not wiring.autapses:
        other = choose(bits64(wiring.stream, numbers), n - 1)
        return other + (other >= own)
    return choose(bits64(wiring.stream, numbers), n)


def distinct_partners(wiring: Wiring, own: IntArray, n: int) -> IntArray:
    """(len(own), number) partners without repetition: those with the smallest bits, ascending."""
    bits = bits64(wiring.stream, own[:, None] * n + np.arange(n))
    if wiring.same and not wiring.autapses:
        bits[np.arange(len(own)), own] = np.uint64(MASK)
    chosen = np.argpartition(bits, wiring.number - 1, axis=1)[:, : wiring.number] if wiring.number else np.zeros((len(own), 0), np.int64)
    return np.sort(chosen, axis=1)


def out_degrees(wiring: Wiring) -> IntArray:
    """(sources,) number of edges of each source of a fixed total number."""
    degrees = np.zeros(wiring.sources, np.int64)
    for start in range(0, wiring.number, CHUNK):
        bits = bits64(wiring.stream ^ OUT_DEGREE, np.arange(start, min(start + CHUNK, wiring.number)))
        degrees += np.bincount(choose(bits, wiring.sources), minlength=wiring.sources)
    return degrees


def edge_count(wiring: Wiring) -> int | None:
    """Number of edges where the recipe says it, None where it must be drawn."""
    skipped = min(wiring.sources, wiring.targets) if wiring.same and not wiring.autapses else 0
    known = {
        "all_to_all": wiring.sources * wiring.targets - skipped,
        "one_to_one": wiring.sources,
        "fixed_outdegree": wiring.sources * wiring.number,
        "fixed_indegree": wiring.targets * wiring.number,
        "fixed_total_number": wiring.number,
        "pairs": 0 if wiring.pre is None else len(wiring.pre),
    }
    return known.get(wiring.kind)


def expand(wiring: Wiring) -> Edges:
    """All edges at once."""
    parts = list(rows(wiring))
    return Edges(*(np.concatenate([getattr(part, name) for part in parts]) if parts else np.zeros(0, np.int64) for name in ("pre", "post", "number")))


def rows(wiring: Wiring) -> Iterator[Edges]:
    """Edges in canonical order, a chunk of whole sources at a time."""
    if wiring.kind == "pairs":
        pre, post = np.asarray(wiring.pre, np.int64), np.asarray(wiring.post, np.int64)
        yield Edges(pre, post, np.arange(len(pre)))
    elif wiring.kind == "one_to_one":
        index = np.arange(wiring.sources)
        yield Edges(index, index, index)
    elif wiring.kind == "fixed_indegree":
        yield indegree_edges(wiring)
    elif wiring.kind == "fixed_total_number":
        yield from total_number_rows(wiring)
    else:
        width = max(wiring.targets, wiring.number, 1)
        for first in range(0, wiring.sources, max(CHUNK // width, 1)):
            yield pair_rows(wiring, first, min(first + max(CHUNK // width, 1), wiring.sources))


def pair_rows(wiring: Wiring, first: int, last: int) -> Edges:
    """Rows first ... last - 1 of the kinds whose rows are independent of each other."""
    own = np.arange(first, last)
    if wiring.kind == "fixed_outdegree" and wiring.multapses:
        number = np.arange(first * wiring.number, last * wiring.number)
        pre = np.repeat(own, wiring.number)
        return in_order(pre, partners(wiring, number, pre, wiring.targets), number)
    if wiring.kind == "fixed_outdegree":
        post = distinct_partners(wiring, own, wiring.targets).ravel()
        return Edges(np.repeat(own, wiring.number), post, np.arange(first * wiring.number, last * wiring.number))
    number = np.arange(first * wiring.targets, last * wiring.targets)
    if wiring.kind == "fixed_probability":
        number = chosen(wiring, number)
    pre, post = np.divmod(number, wiring.targets)
    if wiring.same and not wiring.autapses:
        keep = pre != post
        pre, post, number = pre[keep], post[keep], number[keep]
    return Edges(pre, post, number)


def chosen(wiring: Wiring, number: IntArray) -> IntArray:
    """Those of the numbered pairs that a probability connects: 53 of their bits lie below it."""
    threshold = round(wiring.probability * 2.0**53)
    if threshold == 2**53:
        return number
    limit = np.uint64(threshold << 11)
    parts = (number[k : k + PAIRS_AT_ONCE] for k in range(0, len(number), PAIRS_AT_ONCE))
    return np.concatenate([part[bits64(wiring.stream, part) < limit] for part in parts] or [number])


def indegree_edges(wiring: Wiring) -> Edges:
    """Sources are drawn target by target, then sorted into rows."""
    number = np.arange(wiring.targets * wiring.number)
    post = np.repeat(np.arange(wiring.targets), wiring.number)
    if wiring.multapses:
        pre = np.concatenate([partners(wiring, number[k : k + CHUNK], post[k : k + CHUNK], wiring.sources) for k in range(0, len(number), CHUNK)] or [number])
    else:
        step = max(CHUNK // max(wiring.sources, 1), 1)
        pre = np.concatenate([distinct_partners(wiring, np.arange(k, min(k + step, wiring.targets)), wiring.sources).ravel() for k in range(0, wiring.targets, step)])
    return in_order(pre, post, number)


def total_number_rows(wiring: Wiring) -> Iterator[Edges]:
    """Out-degrees first, then the targets row by row."""
    if not wiring.multapses:
        bits = bits64(wiring.stream, np.arange(wiring.sources * wiring.targets))
        if wiring.same and not wiring.autapses:
            bits[np.arange(wiring.sources) * (wiring.targets + 1)] = np.uint64(MASK)
        chosen = np.sort(np.argpartition(bits, wiring.number - 1)[: wiring.number]) if wiring.number else np.zeros(0, np.int64)
        yield Edges(chosen // wiring.targets, chosen % wiring.targets, np.arange(wiring.number))
        return
    ends = np.cumsum(out_degrees(wiring))
    first = 0
    while first < wiring.sources:
        start = int(ends[first - 1]) if first else 0
        last = max(int(np.searchsorted(ends, start + CHUNK)), first + 1)
        last = min(last, wiring.sources)
        number = np.arange(start, int(ends[last - 1]))
        pre = np.searchsorted(ends, number, side="right")
        yield in_order(pre, partners(wiring, number, pre, wiring.targets), number)
        first = last


def in_order(pre: IntArray, post: IntArray, number: IntArray) -> Edges:
    """Edges sorted into canonical order."""
    order = np.lexsort((number, post, pre))
    return Edges(pre[order], post[order], number[order])


# ---- values of edges ---------------------------------------------------------------------------------------------------
def values_of(recipe: Value | Sampled, edges: Edges) -> np.ndarray:
    """(E,) float64: a number, an array in canonical order, or a recipe over the edge numbers."""
    if isinstance(recipe, Sampled):
        return sample(recipe, edges.number)
    return np.broadcast_to(np.asarray(recipe, np.float64), (len(edges),)).copy()


def delays_of(pathway: Pathway, edges: Edges) -> IntArray:
    """(E,) int64 delays in steps."""
    if isinstance(pathway.delay, Sampled):
        return sample(pathway.delay, edges.number).astype(np.int64)
    return np.broadcast_to(np.asarray(pathway.delay, np.int64), (len(edges),)).copy()


def weight_values(program: Program, weights: Weights) -> np.ndarray:
    """(E,) float64 values of a named vector of weights."""
    if not isinstance(weights.values, Sampled) and np.ndim(weights.values):
        return np.array(weights.values, np.float64)
    home = next(pathway for pathway in program.pathways if pathway.name == weights.home)
    return values_of(weights.values, expand(home.wiring))


def weight_index(program: Program, pathway: Pathway, edges: Edges) -> IntArray:
    """(E,) entry of the weights that each edge uses."""
    if pathway.index is None:
        return np.arange(len(edges))
    if isinstance(pathway.index, str):
        transposed: IntArray = edges.post * pathway.wiring.sources + edges.pre
        return transposed
    return np.asarray(pathway.index, np.int64)

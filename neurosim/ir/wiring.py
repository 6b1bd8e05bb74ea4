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
distance_dependent   i * targets + j                              pairs whose uniform number is below the probability at
                                                                  their distance
small_world          i * number + k                               the k-th smallest target of source i: number / 2 neighbours on
                                                                  each side of a ring, some of them rewired
==================== ============================================ ==========================================================

A choice among n from 64 bits is (high 32 bits * n) >> 32. Without autapses (source and target one population) the choice is among
n - 1 and skips the own index. Without multapses the k partners with the smallest bits of i * n + j (or j * n + i) are taken.

On a ring, synapse d of source i, to its neighbour number d (the nearer ones first, each to the right, then to the left), is rewired
if the uniform number of i * number + d is below the probability. The r rewired synapses of a source go to the r neurons with the
smallest bits of i * n + j, in a stream of their own, among those that are neither i nor a target that i has kept.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from neurosim.equations.bounds import bounds_of
from neurosim.equations.evaluate import evaluate
from neurosim.ir.program import FloatArray, IntArray, Pathway, Program, Sampled, Value, Weights, Wiring
from neurosim.ir.random import MASK, bits64, sample, to_uniform

OUT_DEGREE = 0xD1B54A32D192ED03
"""Separates the stream of out-degrees from that of targets."""
REWIRED = 0x8CB92BA72F3D8DD7
"""Separates the stream of new targets on a ring from that of the decision to rewire."""
RINGS, BOUND_ERROR = 64, 1e-9
"""Rings of distances on which a kernel is bounded; what rounding may add to a bound or to a ring, and more."""
SOME = 64
"""Sources at which a number of edges is estimated."""
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
        "small_world": wiring.sources * wiring.number,
    }
    return known.get(wiring.kind)


def expected_count(wiring: Wiring) -> int:
    """Number of edges where the recipe says it, else about how many there will be: their mean, or that of some sources."""
    known = edge_count(wiring)
    if known is not None:
        return known
    pairs = wiring.sources * wiring.targets
    if wiring.kind != "distance_dependent":
        return round(pairs * wiring.probability)
    some = np.unique(np.linspace(0, wiring.sources - 1, min(wiring.sources, SOME)).astype(np.int64))
    row = np.arange(wiring.targets)
    return round(pairs * wiring.probability * float(np.mean([closeness(wiring, np.full_like(row, i), row) for i in some])))


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
    if wiring.kind == "small_world":
        return ring_rows(wiring, own)
    if wiring.kind == "fixed_outdegree":
        post = distinct_partners(wiring, own, wiring.targets).ravel()
        return Edges(np.repeat(own, wiring.number), post, np.arange(first * wiring.number, last * wiring.number))
    number = np.arange(first * wiring.targets, last * wiring.targets)
    if wiring.kind in ("fixed_probability", "distance_dependent"):
        number = chosen(wiring, number)
    if wiring.kind == "distance_dependent":
        number = close(wiring, number)
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


# ---- distance ----------------------------------------------------------------------------------------------------------
def steps_between(wiring: Wiring, pre: IntArray, post: IntArray) -> dict[str, FloatArray]:
    """'dx', 'dy' from sources to targets, the shortest ones where the plane repeats, and their length 'distance'; each (E,)."""
    step = np.asarray(wiring.target_at, np.float64)[post] - np.asarray(wiring.source_at, np.float64)[pre]
    if wiring.period is not None:
        step -= np.asarray(wiring.period) * np.rint(step / np.asarray(wiring.period))
    dx, dy = step[:, 0], step[:, 1]
    return {"dx": dx, "dy": dy, "distance": np.sqrt(dx * dx + dy * dy)}


def close(wiring: Wiring, number: IntArray) -> IntArray:
    """Those of the numbered pairs that are connected at their distance.

    The kernel is computed where its bound on a ring of distances leaves a chance: most pairs of a large sheet are far apart.
    """
    if wiring.kernel is None:
        return number
    chance = to_uniform(bits64(wiring.stream, number))
    distance = steps_between(wiring, *np.divmod(number, wiring.targets))["distance"]
    width = float(distance.max(initial=0.0)) / RINGS or 1.0
    rings = ((k * width * (1.0 - BOUND_ERROR), (k + 1) * width * (1.0 + BOUND_ERROR)) for k in range(RINGS + 1))
    ends = [bounds_of(wiring.kernel, {"distance": ring, "dx": (-ring[1], ring[1]), "dy": (-ring[1], ring[1])})[1] for ring in rings]
    bound = np.minimum(np.maximum(ends, 0.0), 1.0) + BOUND_ERROR
    some = np.flatnonzero(chance < wiring.probability * bound[(distance / width).astype(np.int64)])
    some = some[chance[some] < wiring.probability * closeness(wiring, *np.divmod(number[some], wiring.targets))]
    return number[some]


def closeness(wiring: Wiring, pre: IntArray, post: IntArray) -> FloatArray:
    """(E,) the kernel at the distance of each pair, clipped to 0 ... 1."""
    if wiring.kernel is None:
        return np.ones(len(pre))
    kernel = np.asarray(evaluate(wiring.kernel, steps_between(wiring, pre, post).__getitem__), np.float64)
    return np.broadcast_to(np.clip(kernel, 0.0, 1.0), pre.shape)


# ---- a ring ------------------------------------------------------------------------------------------------------------
def ring_rows(wiring: Wiring, own: IntArray) -> Edges:
    """Rows of a small world, each independent of the others."""
    n, k = wiring.targets, wiring.number
    offsets = np.ravel(np.stack([np.arange(1, k // 2 + 1), -np.arange(1, k // 2 + 1)], axis=1))
    post = (own[:, None] + offsets) % n
    rewired = to_uniform(bits64(wiring.stream, own[:, None] * k + np.arange(k))) < wiring.probability
    most = int(rewired.sum(axis=1).max(initial=0))
    if most:
        bits = bits64(wiring.stream ^ REWIRED, own[:, None] * n + np.arange(n))
        bits[np.arange(len(own)), own] = np.uint64(MASK)
        source, place = np.nonzero(~rewired)
        bits[source, post[source, place]] = np.uint64(MASK)
        nearest = np.argpartition(bits, most - 1, axis=1)[:, :most] if most < n else np.argsort(bits, axis=1)
        nearest = np.take_along_axis(nearest, np.argsort(np.take_along_axis(bits, nearest, axis=1), axis=1), axis=1)
        rank = np.cumsum(rewired, axis=1) - 1
        source, place = np.nonzero(rewired)
        post[source, place] = nearest[source, rank[source, place]]
    number = own[:, None] * k + np.arange(k)
    return Edges(np.repeat(own, k), np.sort(post, axis=1).ravel(), number.ravel())


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

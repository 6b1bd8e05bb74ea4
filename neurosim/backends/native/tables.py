"""A group of pathways as the tables that the compiled builder of streams reads (:mod:`neurosim.backends.native.rows`)."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field, replace

import numpy as np

from neurosim.ir.program import IntArray, Sampled, Value, Wiring
from neurosim.ir.random import U64, normal_quantile, normal_window, to_uniform
from neurosim.ir.wiring import edge_count

Array = np.ndarray

# How the edges of a source are found.
DRAWN, ALL, SOME, PAIRED, LISTED = range(5)
KINDS = {
    "fixed_total_number": DRAWN,
    "fixed_outdegree": DRAWN,
    "all_to_all": ALL,
    "fixed_probability": SOME,
    "one_to_one": PAIRED,
    "pairs": PAIRED,
    "fixed_indegree": LISTED,
}
# How a weight or delay is found.
CONSTANT, GIVEN, UNIFORM, NORMAL = range(4)
# Columns of the integers of a pathway.
KIND, TARGETS, SKIPS, OFFSET, ORDERED, DIVISOR, POSTS, WEIGHT_KIND, DELAY_KIND, WEIGHTS, DELAYS, CELLS = range(12)
# Columns of its streams; the threshold of a probability is the last.
WIRING_STREAM, WEIGHT_STREAM, DELAY_STREAM, THRESHOLD = range(4)
# Columns of the numbers of a recipe.
VALUE, A, B, LOW, WIDTH, CLIP_LOW, CLIP_HIGH, QUANTUM, INVERSE, LEAST, MOST = range(11)
CELL_BITS = 12
"""Delays are looked up by so many leading bits of their 64; a table of 16 KiB stays in the first cache."""
UNCLEAR = -1
"""Mark of a cell of bits that holds more than one delay."""
NAMES = (
    *("DRAWN", "ALL", "SOME", "PAIRED", "LISTED", "CONSTANT", "GIVEN", "UNIFORM", "NORMAL"),
    *("KIND", "TARGETS", "SKIPS", "OFFSET", "ORDERED", "DIVISOR", "POSTS"),
    *("WEIGHT_KIND", "DELAY_KIND", "WEIGHTS", "DELAYS", "CELLS", "WIRING_STREAM", "WEIGHT_STREAM", "DELAY_STREAM", "THRESHOLD"),
    *("VALUE", "A", "B", "LOW", "WIDTH", "CLIP_LOW", "CLIP_HIGH", "QUANTUM", "INVERSE", "LEAST", "MOST", "CELL_BITS"),
)


@dataclass(frozen=True)
class Member:
    """A pathway of a group: its edges, their delays and weights, and where in the sums its first target lies."""

    wiring: Wiring
    delay: int | IntArray | Sampled
    values: Value | Sampled
    offset: int


@dataclass(frozen=True)
class Tables:
    """Pathways P, sources S: ``integers`` (P, 12), ``streams`` (P, 4), ``recipes`` (P, 2, 11): weights, delays; ``cells`` (K, 2**12);

    ``posts``, ``weights``, ``delays``: given arrays of all pathways, one behind the other.
    """

    integers: Array
    streams: Array
    recipes: Array
    cells: Array
    posts: Array
    weights: Array
    delays: Array


def tables_of(members: Sequence[Member], ordered: bool) -> Tables:
    """The tables of a group; ``ordered``: edges of a bucket stand in canonical order."""
    integers = np.zeros((len(members), 12), np.int64)
    streams = np.zeros((len(members), 4), np.uint64)
    recipes = np.zeros((len(members), 2, 11))
    posts, weights, delays = Pile(), Pile(), Pile()
    cells: dict[Sampled, int] = {}
    for p, member in enumerate(members):
        wiring, row = member.wiring, integers[p]
        row[KIND], row[TARGETS], row[OFFSET], row[DIVISOR] = KINDS[wiring.kind], wiring.targets, member.offset, max(wiring.number, 1)
        row[SKIPS] = wiring.same and not wiring.autapses and wiring.kind not in ("one_to_one", "pairs")
        row[WEIGHT_KIND], row[DELAY_KIND] = value_kind(member.values), value_kind(member.delay)
        row[ORDERED] = row[KIND] == DRAWN and (ordered or GIVEN in (row[WEIGHT_KIND], row[DELAY_KIND]))
        if row[KIND] == PAIRED:
            row[POSTS] = posts.add(np.arange(wiring.sources) if wiring.post is None else np.asarray(wiring.post, np.int64))
        if row[WEIGHT_KIND] == GIVEN:
            row[WEIGHTS] = weights.add(np.asarray(member.values, np.float64))
        if row[DELAY_KIND] == GIVEN:
            row[DELAYS] = delays.add(np.asarray(member.delay, np.int64))
        if isinstance(member.delay, Sampled):
            row[CELLS] = cells.setdefault(replace(member.delay, stream=0), len(cells))
        threshold = round(wiring.probability * 2.0**53)
        streams[p] = wiring.stream, stream_of(member.values), stream_of(member.delay), threshold
        recipes[p] = recipe_numbers(member.values), recipe_numbers(member.delay)
    table = np.array([delay_cells(recipe) for recipe in cells], np.int32).reshape(-1, 1 << CELL_BITS)
    return Tables(integers, streams, recipes, table, posts.array(np.int64), weights.array(np.float64), delays.array(np.int64))


@dataclass
class Pile:
    """Arrays one behind the other; a single one is not copied."""

    pieces: list[Array] = field(default_factory=list)
    size: int = 0

    def add(self, values: Array) -> int:
        """Where these values begin."""
        self.pieces.append(values)
        self.size += len(values)
        return self.size - len(values)

    def array(self, kind: type) -> Array:
        """All of them."""
        if len(self.pieces) == 1:
            return np.ascontiguousarray(self.pieces[0], kind)
        return np.concatenate([*self.pieces, np.zeros(0, kind)]).astype(kind, copy=False)


# ---- recipes of numbers ------------------------------------------------------------------------------------------------
def value_kind(values: Value | Sampled) -> int:
    """How a weight or a delay is found."""
    if isinstance(values, Sampled):
        return UNIFORM if values.kind == "uniform" else NORMAL
    return GIVEN if np.ndim(values) else CONSTANT


def stream_of(values: Value | Sampled) -> int:
    """The stream of a recipe, 0 of others."""
    return values.stream if isinstance(values, Sampled) else 0


def recipe_numbers(values: Value | Sampled) -> Array:
    """(11,) numbers of a recipe: what :func:`neurosim.ir.random.sample` computes before it draws."""
    numbers = np.zeros(11)
    if not isinstance(values, Sampled):
        numbers[VALUE] = float(values) if np.ndim(values) == 0 else 0.0
        return numbers
    low, high = (values.low, values.high) if values.bounds == "clip" else (-math.inf, math.inf)
    a, b, lowest, width = range_of(values)
    numbers[A : WIDTH + 1] = a, b, lowest, width
    numbers[CLIP_LOW : CLIP_HIGH + 1] = low, high
    numbers[QUANTUM], numbers[LEAST], numbers[MOST] = values.quantum, values.least, values.most
    if values.quantum and math.frexp(values.quantum)[0] == 0.5 and 1e-300 < values.quantum < 1e300:
        numbers[INVERSE] = 1.0 / values.quantum  # a power of two: multiplying is dividing
    return numbers


def range_of(recipe: Sampled) -> tuple[float, float, float, float]:
    """(a, b, lowest probability, width): a uniform number is a + b u, a normal one a + b quantile(lowest + width u)."""
    if recipe.kind == "uniform":
        low, high = (max(recipe.a, recipe.low), min(recipe.b, recipe.high)) if recipe.bounds == "redraw" else (recipe.a, recipe.b)
        return low, high - low, 0.0, 1.0
    return recipe.a, recipe.b, *normal_window(recipe)


def delays_between(recipe: Sampled, bits: Array) -> tuple[Array, Array]:
    """Bounds (E,) of the delays of 64 bits each, for any rounding on the way: where both agree, they are the delay itself.

    Delays do not decrease with the bits. The bounds leave room for errors a thousand times those of double precision, so they also
    hold between two bits whose own numbers they are.
    """
    a, b, low, width = range_of(recipe)
    u = to_uniform(np.asarray(bits, np.uint64))
    x = a + b * (normal_quantile(low + width * u) if recipe.kind == "normal" else u)
    error = 1e-9 * (abs(a) + abs(b))
    below, above = rounded(recipe, x - error), rounded(recipe, x + error)
    return below.astype(np.int64), above.astype(np.int64)


def rounded(recipe: Sampled, x: Array) -> Array:
    """The last steps of a recipe: bounds, quantum, bounds."""
    if recipe.bounds == "clip":
        x = np.clip(x, recipe.low, recipe.high)
    if recipe.quantum:
        x = np.rint(x / recipe.quantum) * recipe.quantum
    return np.clip(x, recipe.least, recipe.most)


def delay_cells(recipe: Sampled) -> Array:
    """(2**12,) delay of every cell of leading bits, :data:`UNCLEAR` where a cell holds more than one."""
    first = np.arange(1 << CELL_BITS, dtype=np.uint64) << U64(64 - CELL_BITS)
    low, high = delays_between(recipe, first)[0], delays_between(recipe, first | U64((1 << (64 - CELL_BITS)) - 1))[1]
    return np.where(low == high, low, UNCLEAR)


# ---- what can be built -------------------------------------------------------------------------------------------------
def expected_edges(wiring: Wiring) -> int:
    """Number of edges, or their mean."""
    known = edge_count(wiring)
    return round(wiring.sources * wiring.targets * wiring.probability) if known is None else known


def is_known_wiring(wiring: Wiring, sources: int) -> bool:
    """Whether rows of this wiring can be found one by one."""
    if wiring.kind not in KINDS or wiring.sources != sources:
        return False
    if wiring.kind == "pairs":
        return wiring.pre is not None and wiring.post is not None and bool(np.all(np.diff(np.asarray(wiring.pre)) >= 0))
    drawn = wiring.kind in ("fixed_total_number", "fixed_indegree", "fixed_outdegree")
    return not drawn or (wiring.multapses and max(wiring.sources, wiring.targets) < 1 << 31)


def is_known_recipe(values: Value | Sampled, edges: int | None) -> bool:
    """Whether these weights or delays can be found edge by edge; ``edges``: how many there are, where this is known."""
    if isinstance(values, Sampled):
        return values.kind in ("uniform", "normal") and range_of(values)[1] >= 0.0
    return np.ndim(values) == 0 or (np.ndim(values) == 1 and edges in (None, len(np.asarray(values))))

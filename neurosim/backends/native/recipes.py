"""Weights and delays of stretches of edges, compiled where the recipe is a common one; the same numbers as those of numpy."""

from __future__ import annotations

import math
from dataclasses import dataclass, field, replace
from functools import lru_cache
from types import ModuleType

import numpy as np

from neurosim.backends.native.source import kernel_text, library_import, load
from neurosim.ir.exactness import magnitude
from neurosim.ir.program import IntArray, Sampled, Value
from neurosim.ir.random import U64, normal_quantile, normal_window, sample, to_uniform

Array = np.ndarray
COMPILED = ("uniform", "normal")
CELL_BITS = 12
"""Delays are looked up by so many leading bits of their 64; a table of 16 KiB stays in the first cache."""
UNCLEAR = -1
"""Mark of a cell of bits that holds more than one delay."""


@lru_cache(maxsize=1)
def kernels() -> ModuleType:
    """The compiled functions that build rows of streams, behind the library."""
    return load(f"{library_import('double')}\n\n\n{kernel_text('rows')}")


# ---- weights -----------------------------------------------------------------------------------------------------------
def values_at(recipe: Value | Sampled, number: IntArray, first: int) -> Array:
    """(n,) float64 values of the edges with these numbers; ``first``: place of the first of them in canonical order."""
    if not isinstance(recipe, Sampled):
        return (
            np.full(len(number), recipe, np.float64)
            if np.ndim(recipe) == 0
            else np.asarray(recipe, np.float64)[first : first + len(number)]
        )
    if recipe.kind not in COMPILED:
        return sample(recipe, number)
    out = np.empty(len(number))
    a, b, lowest, width = range_of(recipe)
    kernels().drawn_values(out, U64(recipe.stream), number, lowest, width, recipe.kind == "normal", last_steps(recipe, a, b))
    return out


def fits_single(values: Value | Sampled) -> bool:
    """Whether all values are single precision numbers."""
    if not isinstance(values, Sampled):
        exact = np.asarray(values, np.float64)
        return bool(np.all(exact == exact.astype(np.float32)))
    limits = [limit for limit in (values.least, values.most, values.low, values.high) if math.isfinite(limit)]
    power = values.quantum > 0.0 and math.frexp(values.quantum)[0] == 0.5
    return power and magnitude(values) <= values.quantum * 2.0**24 and all(fits_single(limit) for limit in limits)


def range_of(recipe: Sampled) -> tuple[float, float, float, float]:
    """(a, b, lowest, width) of a number: lowest + width * uniform, or a + b * quantile(lowest + width * uniform) if normal."""
    if recipe.kind == "uniform":
        low, high = (max(recipe.a, recipe.low), min(recipe.b, recipe.high)) if recipe.bounds == "redraw" else (recipe.a, recipe.b)
        return 0.0, 0.0, low, high - low
    low, width = normal_window(recipe)
    return float(recipe.a), float(recipe.b), low, width


def last_steps(recipe: Sampled, a: float, b: float) -> tuple[float, ...]:
    """What a compiled kernel needs after the uniform number or the quantile: a, b, low, high, quantum, its inverse, least, most."""
    low, high = (recipe.low, recipe.high) if recipe.bounds == "clip" else (-math.inf, math.inf)
    power = recipe.quantum > 0 and math.frexp(recipe.quantum)[0] == 0.5 and 1e-300 < recipe.quantum < 1e300
    inverse = 1.0 / recipe.quantum if power else 0.0  # of a power of two: multiplying is dividing
    return (a, b, float(low), float(high), float(recipe.quantum), inverse, float(recipe.least), float(recipe.most))


# ---- delays ------------------------------------------------------------------------------------------------------------
@dataclass(frozen=True)
class Delays:
    """Delays of one pathway; ``cells``: delay by leading bits, where the recipe is a common one."""

    delay: int | IntArray | Sampled
    cells: Array | None = None

    def at(self, number: IntArray, first: int) -> IntArray:
        """(n,) int32 delays of the edges with these numbers; ``first``: place of the first of them in canonical order."""
        if not isinstance(self.delay, Sampled):
            given = self.delay if np.ndim(self.delay) == 0 else np.asarray(self.delay)[first : first + len(number)]
            return np.full(len(number), given, np.int32)
        if self.cells is None:
            return sample(self.delay, number).astype(np.int32)
        out, places = np.empty(len(number), np.int32), np.empty(len(number), np.int64)
        found = kernels().drawn_delays(out, U64(self.delay.stream), number, self.cells, U64(64 - CELL_BITS), places)
        unclear = places[:found]
        out[unclear] = values_at(self.delay, number[unclear], 0).astype(np.int32)
        return out

    def range(self, number: IntArray, first: int) -> tuple[int, int]:
        """Bounds of the delays of some edges; they are the extremes themselves but for a chance of one in 10**7."""
        if self.cells is None or not isinstance(self.delay, Sampled):
            some = self.at(number, first)
            return int(some.min()), int(some.max())
        bits = np.empty(len(number), np.uint64)
        kernels().bits_at(bits, U64(self.delay.stream), number)
        below, above = delays_between(self.delay, np.array([bits.min(), bits.max()]))
        return int(below[0]), int(above[1])


    def ranges(self, begin: IntArray) -> tuple[int, IntArray]:
        """The shortest delay of the edges numbered ``begin[0]`` ... ``begin[-1]`` - 1, and the longest of each row from ``begin[r]`` on.

        Bounds as in :meth:`range`, of recipes that are looked up; a row without edges has the shortest delay of a recipe or less.
        """
        if not isinstance(self.delay, Sampled):
            raise TypeError("only drawn delays have ranges of bits")
        least, most = np.empty(len(begin) - 1, np.uint64), np.empty(len(begin) - 1, np.uint64)
        kernels().extreme_bits(least, most, U64(self.delay.stream), begin)
        low = delays_between(self.delay, np.array([least.min(initial=U64(0xFFFFFFFFFFFFFFFF))]))[0]
        return int(low[0]), delays_between(self.delay, most)[1]


@dataclass(frozen=True)
class Lookup:
    """Tables of delays that pathways share: of recipes that differ in their stream alone."""

    cells: dict[Sampled, Array] = field(default_factory=dict)

    def delays(self, delay: int | IntArray | Sampled) -> Delays:
        """The delays of a pathway."""
        if not isinstance(delay, Sampled) or delay.kind not in COMPILED or range_of(delay)[1 if delay.kind == "normal" else 3] < 0.0:
            return Delays(delay)
        recipe = replace(delay, stream=0)
        if recipe not in self.cells:
            self.cells[recipe] = delay_cells(recipe)
        return Delays(delay, self.cells[recipe])


def delays_between(recipe: Sampled, bits: Array) -> tuple[IntArray, IntArray]:
    """Bounds (n,) of the delays of 64 bits each: where both agree, they are the delay itself.

    Delays do not decrease with the bits, but for rounding errors. The bounds leave room for errors a thousand times as large, so the
    lower one of some bits and the upper one of others hold for all between.
    """
    a, b, lowest, width = range_of(recipe)
    p = lowest + width * to_uniform(bits)
    if recipe.kind == "normal":
        p = np.minimum(p, 1.0 - 2.0**-53)  # the highest bits round to 1, where there is no quantile
    x = a + b * normal_quantile(p) if recipe.kind == "normal" else p
    error = 1e-9 * (abs(a) + abs(b) + abs(lowest) + abs(width))
    below, above = (rounded(recipe, y).astype(np.int64) for y in (x - error, x + error))
    return below, above


def rounded(recipe: Sampled, x: Array) -> Array:
    """The last steps of a recipe: bounds, quantum, bounds."""
    if recipe.bounds == "clip":
        x = np.clip(x, recipe.low, recipe.high)
    if recipe.quantum:
        x = np.rint(x / recipe.quantum) * recipe.quantum
    return np.clip(x, recipe.least, recipe.most)


def delay_cells(recipe: Sampled) -> Array:
    """(2**12,) int32 delay of every cell of leading bits, :data:`UNCLEAR` where a cell holds more than one."""
    first = np.arange(1 << CELL_BITS, dtype=np.uint64) << U64(64 - CELL_BITS)
    low, high = delays_between(recipe, first)[0], delays_between(recipe, first | U64((1 << (64 - CELL_BITS)) - 1))[1]
    return np.where(low == high, low, UNCLEAR).astype(np.int32)

"""The arrays of lazy pathways, and how they are read and written from outside (:mod:`neurosim.backends.native.lazy_text` uses them)."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np

from neurosim.backends.native.assembly import fill
from neurosim.backends.native.lazy import LAST_STEP, Lazy
from neurosim.backends.native.lazy_text import BITS, RING, LazyText
from neurosim.ir.program import Weights
from neurosim.ir.values import number

Array = np.ndarray
Arrays = Mapping[str, Array]
MASK = (1 << BITS) - 1


@dataclass(frozen=True)
class LazyArrays:
    """Arrays by their names in the loop. ``readers``, ``writers``: of traces and parameters, once all edges have caught up."""

    static: Mapping[str, Array]
    mutable: Mapping[str, Array]
    readers: Mapping[str, Callable[[Arrays], Array]]
    writers: Mapping[str, Callable[[Arrays, object], None]]


def decay_tables(factor: float, steps: int) -> tuple[Array, Array]:
    """(low, high): ``factor`` to the powers 0 ... MASK, and to the multiples of MASK + 1 up to ``steps``; repeated products."""
    low = np.cumprod(np.append(1.0, np.full(MASK, factor)))
    high = np.cumprod(np.append(1.0, np.full((steps >> BITS) + 1, low[MASK] * factor)))
    return low, high


def lazy_arrays(
    text: LazyText, weights: Weights, pre: Array, target: Array, sizes: tuple[int, int], kind: type, dt: float
) -> LazyArrays:
    """Everything a lazy pathway keeps, before the first step.

    ``pre``, ``target``: (E,) of the edges in canonical order; ``sizes``: numbers of sources and targets.
    """
    form, k = text.form, text.k
    sources, targets = sizes
    rows = np.searchsorted(pre, np.arange(sources + 1)).astype(np.int64)
    static: dict[str, Array] = {f"l{k}_rows": rows}
    mutable: dict[str, Array] = {
        f"l{k}_clock": np.zeros(2, np.int64),
        f"l{k}_left": np.full(sources, -1, np.int32),
        f"l{k}_since": np.zeros(sources, np.int32),
        f"l{k}_recent": np.full(4 * targets, -1, np.int32),
        f"l{k}_spiked": np.zeros(targets, np.int32),
        f"l{k}_ring": np.full(targets * RING, -1, np.int32),
        f"C{k}": np.array([constant(text, name, weights, dt) for name in text.constants], kind),
    }
    for x in form.pre:
        low, high = decay_tables(form.decay[x], LAST_STEP)
        static |= {f"l{k}_low_{x}": low.astype(kind), f"l{k}_high_{x}": high.astype(kind)}
        mutable[f"x{k}_{x}"] = np.full(sources, form.pathway.states[x], kind)
    for y in form.post:
        mutable |= {f"l{k}_before_{y}": np.zeros(targets * RING, kind), f"x{k}_{y}": np.full(targets, form.pathway.states[y], kind)}
    used = set(text.arrays.values())
    static = {name: array for name, array in static.items() if name in used}
    mutable = {name: array for name, array in mutable.items() if name in used}
    return LazyArrays(static, mutable, readers_of(form, k, static, target), writers_of(text, static))


def constant(text: LazyText, name: str, weights: Weights, dt: float) -> float:
    """A constant of the kernels at the start."""
    if name.startswith("decay of "):
        return text.form.decay[name[9:]]
    known = {"dt": dt, "low bound": weights.low, "high bound": weights.high}
    return known[name] if name in known else number(text.pathway.parameters[name])


def faded(arrays: Arrays, static: Arrays, k: int, x: str) -> Array:
    """(sources,) a trace as the last step done left it."""
    steps = arrays[f"l{k}_clock"][1] - 1 - arrays[f"l{k}_left"].astype(np.int64)
    factor = static[f"l{k}_high_{x}"][steps >> BITS] * static[f"l{k}_low_{x}"][steps & MASK]
    faded_: Array = arrays[f"x{k}_{x}"] * factor
    return faded_


def readers_of(form: Lazy, k: int, static: Arrays, target: Array) -> dict[str, Callable[[Arrays], Array]]:
    """State -> its value on every edge."""
    degrees = np.diff(static[f"l{k}_rows"])

    def source_trace(x: str) -> Callable[[Arrays], Array]:
        return lambda arrays: np.repeat(faded(arrays, static, k, x), degrees)

    def target_trace(y: str) -> Callable[[Arrays], Array]:
        return lambda arrays: arrays[f"x{k}_{y}"][target]

    return {x: source_trace(x) for x in form.pre} | {y: target_trace(y) for y in form.post}


def writers_of(text: LazyText, static: Arrays) -> dict[str, Callable[[Arrays, object], None]]:
    """Assignment of one number to a trace or a parameter, between two steps."""
    form, k = text.form, text.k

    def source_trace(x: str) -> Callable[[Arrays, object], None]:
        def write(arrays: Arrays, value: object) -> None:
            now = {trace: faded(arrays, static, k, trace) for trace in form.pre}
            for trace, values in now.items():
                arrays[f"x{k}_{trace}"][:] = value if trace == x else values
            arrays[f"l{k}_left"][:] = arrays[f"l{k}_clock"][1] - 1

        return write

    def target_trace(y: str) -> Callable[[Arrays, object], None]:
        return lambda arrays, value: fill(arrays[f"x{k}_{y}"], value)

    def parameter(name: str) -> Callable[[Arrays, object], None]:
        def write(arrays: Arrays, value: object) -> None:
            if name in text.constants:
                arrays[f"C{k}"][text.constants.index(name)] = value

        return write

    traces = {x: source_trace(x) for x in form.pre} | {y: target_trace(y) for y in form.post}
    return traces | {name: parameter(name) for name in form.pathway.parameters}

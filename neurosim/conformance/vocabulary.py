"""Short words for cases of the standard neurons and synapses: networks of a few cells, and what their spikes have to be."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from neurosim.conformance.building import DT, Array, spikes_of
from neurosim.ir.program import Program
from neurosim.lowering import lower
from neurosim.network import Network, NeuronModel, Population, Probe, Projection, SpikeTimes, SynapseModel, pairs
from neurosim.network.network import Part
from neurosim.record import Record
from neurosim.units import Quantity, Unit, ms

Floats = tuple[float, ...]


def lowered(steps: int, *parts: Part) -> Program:
    """The Program of a network of these parts."""
    return lower(Network(*parts), steps * DT * ms, dt=DT * ms)


def beats(at: Sequence[int], name: str = "in") -> SpikeTimes:
    """One neuron that fires in the steps ``at``."""
    return SpikeTimes(name, 1, times=each(np.asarray(at) * DT, ms), indices=[0] * len(at))


def driven(
    model: NeuronModel,
    size: int,
    steps: int,
    *,
    at: Sequence[int] = (),
    into: str = "",
    weight: Quantity | float = 1.0,
    synapse: SynapseModel | None = None,
    record: Sequence[str] = ("v",),
    **values: Any,
) -> Program:
    """``size`` cells of a model with these values; spikes in the steps ``at`` arrive at cell 0; spikes and variables are recorded."""
    cells = Population("cell", size, model, **values)
    fires = model.spike is not None
    probes = [Probe(cells, variable) for variable in (*(("spikes",) if fires else ()), *record)]
    if not at:
        return lowered(steps, cells, *probes)
    source = beats(at)
    arrivals = Projection(source, cells, pairs([0], [0]), into=into, weight=weight, synapse=synapse)
    return lowered(steps, source, cells, arrivals, *probes)


def each(values: Sequence[float] | Array, unit: Unit) -> Quantity:
    """One value per neuron or synapse, with its unit."""
    found: Quantity = unit * np.asarray(values, np.float64)
    return found


def columns(presets: Sequence[Mapping[str, Quantity]]) -> dict[str, Any]:
    """Values of several cells, one entry of a list for each."""
    return {name: [preset[name] for preset in presets] for name in presets[0]}


def since(at: Sequence[int], steps: int) -> list[Array]:
    """(T,) time in ms since each arrival, as records see it: 0 in the step after it, negative before."""
    return [(np.arange(steps) - (n + 1)) * DT for n in at]


def response(t: Array, tau_s: float, tau_m: float, c_m: float) -> Array:
    """Voltage [mV] a time after a current of 1 pA began to decay with ``tau_s``."""
    t = np.maximum(t, 0.0)
    voltage: Array = (np.exp(-t / tau_s) - np.exp(-t / tau_m)) / (1.0 / tau_m - 1.0 / tau_s) / c_m
    return voltage


def firing_steps(start: float, end: float, tau: float, threshold: float, reset: float, hold: int, steps: int) -> list[int]:
    """Steps in which a voltage fires that relaxes from ``start``, then always from ``reset``, towards ``end`` with ``tau``."""
    if end <= threshold:
        return []

    def needed(v: float) -> int:
        return math.floor(tau * math.log((end - v) / (end - threshold)) / DT) + 1

    found, n = [], needed(start) - 1
    while n < steps:
        found.append(n)
        n += hold - 1 + needed(reset)
    return found


def steps_of_cell(record: Record, cell: int) -> Array:
    """(M,) steps in which a cell fired."""
    found = spikes_of(record, "cell")
    steps: Array = found[found[:, 1] == cell, 0]
    return steps


# ---- fine steps ---------------------------------------------------------------------------------------------------------
@dataclass(frozen=True)
class Cell:
    """A neuron in plain Python, written down once more.

    ``slope(x, since_spike)``: derivative of the states per ms, given the time since the last spike at the beginning of the step;
    ``start``; ``fires(x)``; ``reset(x)``; ``hold``: steps, as r of a Spike; ``held``: places of the states that are held; ``jumps``:
    (step, place of a state, what arrives there).
    """

    slope: Callable[[Floats, float], Floats]
    start: Floats
    fires: Callable[[Floats], bool]
    reset: Callable[[Floats], Floats]
    hold: int = 1
    held: tuple[int, ...] = ()
    jumps: tuple[tuple[int, int, float], ...] = ()


def fine(cell: Cell, steps: int, parts: int = 4) -> tuple[list[int], Array]:
    """Spikes, and states (T, S) at the start of every step, by the classical Runge-Kutta method with ``parts`` steps in one.

    Spikes are looked for at the end of a step, as engines do; so what differs is the error of the engines' scheme alone.
    """
    x, spikes, kept, h = cell.start, [], [], DT / parts
    last = -(10**9)
    for n in range(steps):
        kept.append(x)
        frozen = cell.held if n < last + cell.hold else ()

        def slope(y: Floats, frozen: tuple[int, ...] = frozen, since_spike: float = (n - last) * DT) -> Floats:
            found = cell.slope(y, since_spike)
            return tuple(0.0 if k in frozen else value for k, value in enumerate(found)) if frozen else found

        for _ in range(parts):
            x = runge_kutta(slope, x, h)
        for step, place, jump in cell.jumps:
            if step == n and place not in frozen:
                x = (*x[:place], x[place] + jump, *x[place + 1 :])
        if n >= last + cell.hold and cell.fires(x):
            spikes.append(n)
            x, last = cell.reset(x), n
    return spikes, np.array(kept)


def runge_kutta(slope: Callable[[Floats], Floats], x: Floats, h: float) -> Floats:
    """One classical step of order four."""
    a = slope(x)
    b = slope(moved(x, a, h / 2))
    c = slope(moved(x, b, h / 2))
    d = slope(moved(x, c, h))
    return tuple(v + h / 6 * (p + 2 * q + 2 * r + s) for v, p, q, r, s in zip(x, a, b, c, d))


def moved(x: Floats, slope: Floats, h: float) -> Floats:
    """x + h slope."""
    return tuple(v + h * s for v, s in zip(x, slope))


def close_spikes(what: str, got: Iterable[int], expected: Sequence[int], steps: int) -> list[str]:
    """A complaint unless there are as many spikes, none further off than ``steps``."""
    found = list(got)
    if len(found) != len(expected):
        return [f"{what}: {len(found)} spikes, expected {len(expected)}"]
    gap = max((abs(a - b) for a, b in zip(found, expected)), default=0)
    return [] if gap <= steps else [f"{what}: a spike is {gap} steps off, allowed {steps}"]


def agrees(
    record: Record, cells: Sequence[Cell], names: Sequence[str], steps: int, *, off: int, tolerance: float, parts: int = 4
) -> list[str]:
    """Spikes of every cell within ``off`` steps, and recorded states within ``tolerance`` as long as no spike is off.

    The last millisecond before a spike is left out: on an upstroke a small error of time is a large one of voltage.
    """
    wrong = []
    for k, cell in enumerate(cells):
        spikes, kept = fine(cell, steps, parts)
        found = steps_of_cell(record, k)
        wrong += close_spikes(f"cell {k}", found, spikes, off)
        equal = next((a for a, b in zip(spikes, found) if a != b), steps)
        seen = np.arange(steps) < equal - 10
        for n in spikes:
            seen[max(n - 10, 0) : n + 1] = False
        for place, name in enumerate(names):
            if ("cell", name) in record.traces:
                gap = np.max(np.abs(record.traces["cell", name].values[:, 0, k] - kept[:, place])[seen], initial=0.0)
                if not gap <= tolerance:
                    wrong.append(f"{name} of cell {k} differs by {gap:.1e}, allowed {tolerance:.0e}")
    return wrong

"""Numbers that are known before a step: tables, listed events with payloads, Poisson counts, draws.

In the runtime modes they are written into Brian2's arrays at the start of each step; C++ standalone gets them as tables of all steps.
The random ones come from :mod:`neurosim.ir.random`, so they are those of every other engine of ours.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from neurosim.backends.brian2.when import live, of_assign, steps_of_phases
from neurosim.equations.evaluate import evaluate
from neurosim.equations.tree import Expr
from neurosim.ir.program import CopyWeights, Draw, Program, Source
from neurosim.ir.random import normal, poisson, uniform
from neurosim.ir.step import item_shown

Array = np.ndarray
NO_EVENT = 0.0


@dataclass(frozen=True)
class Feed:
    """``values(step)``: (N,) numbers of ``variable`` of the Brian2 object ``owner``."""

    owner: str
    variable: str
    size: int
    values: Callable[[int], Array]


def draw_values(draw: Draw, copy: int, size: int) -> Callable[[int], Array]:
    """Fresh numbers of a step; step -1 is asked for by the delivery before step 0."""
    if draw.kind == "table":
        table = np.asarray(draw.table, np.float64)
        return lambda step: np.broadcast_to(table[step], (size,))
    sampler = normal if draw.kind == "normal" else uniform
    return lambda step: sampler(draw.stream, step, copy, size)


def table_values(program: Program, source: Source) -> Callable[[int], Array]:
    """What a table shows."""
    on = live(program, (source.name,))
    _, places = steps_of_phases(program)
    table, nothing = np.asarray(source.table, np.float64), np.zeros(source.size)

    def values(step: int) -> Array:
        row = item_shown(source, int(places[step])) if on[step] else None
        return nothing if row is None else table[row]

    return values


def rates(program: Program, source: Source) -> dict[int, Array]:
    """Step -> (N,) or scalar rate from that step on, in 1/ms."""
    changes = {0: np.asarray(source.rate, np.float64)}
    for number, phase in enumerate(program.plan):
        for assign in phase.assign:
            if assign.part == source.name:
                for step in np.flatnonzero(of_assign(program, number, assign)):
                    changes[int(step)] = assigned_rate(program, assign.value, int(step), changes)
    return changes


def assigned_rate(program: Program, value: object, step: int, changes: dict[int, Array]) -> Array:
    """The right-hand side of a planned assignment to a rate."""
    if isinstance(value, Expr):
        before = changes[max(known for known in changes if known <= step)]
        names = {"t": step * program.dt, "dt": program.dt, "rate": before}
        return np.asarray(evaluate(value, names.__getitem__), np.float64)
    if isinstance(value, CopyWeights):
        return np.zeros(0)
    return np.asarray(value, np.float64)


def poisson_values(program: Program, source: Source, copy: int) -> Callable[[int], Array]:
    """Counts of the steps."""
    on, changes = live(program, (source.name,)), rates(program, source)
    starts, nothing = sorted(changes), np.full(source.size, NO_EVENT)

    def values(step: int) -> Array:
        if not on[step]:
            return nothing
        rate = changes[starts[int(np.searchsorted(starts, step, side="right")) - 1]]
        mean = rate * program.dt
        return poisson(mean if mean.ndim else float(mean), source.stream, step, copy, source.size)

    return values


def listed_events(program: Program, source: Source) -> tuple[Array, Array, Array]:
    """Steps, indices and payloads of the events that are sent: those of masked steps are left out."""
    steps, indices = np.asarray(source.steps, np.int64), np.asarray(source.indices, np.int64)
    payloads = np.ones(len(steps)) if source.payloads is None else np.asarray(source.payloads, np.float64)
    on = live(program, (source.name,))
    kept = (steps >= 0) & (steps < len(on))
    kept[kept] = on[steps[kept]]
    return steps[kept], indices[kept], payloads[kept]


def listed_values(program: Program, source: Source) -> tuple[Callable[[int], Array], Callable[[int], Array]]:
    """(whether there is an event, its payload) of the neurons in a step."""
    steps, indices, payloads = listed_events(program, source)
    starts = np.searchsorted(steps, np.arange(program.steps + 1))

    def scattered(step: int, values: Array | None) -> Array:
        rows, made = slice(starts[step], starts[step + 1]), np.zeros(source.size)
        made[indices[rows]] = 1.0 if values is None else values[rows]
        return made

    return (lambda step: scattered(step, None)), (lambda step: scattered(step, payloads))

"""In which steps of the run a thing is on: masks, rules, taps and planned assignments as arrays of truth values, (T,) each."""

from __future__ import annotations

from collections.abc import Callable, Iterable

import numpy as np

from neurosim.ir.program import Assign, Phase, Program, Rule, Steps, Tap

Array = np.ndarray


def along_plan(program: Program, of_phase: Callable[[Phase, Array], Array | bool]) -> Array:
    """(T,) truth values, put together from the steps (counted from its start) of each phase."""
    parts = [np.broadcast_to(of_phase(phase, np.arange(phase.steps)), (phase.steps,)) for phase in program.plan]
    return np.concatenate(parts) if parts else np.zeros(0, bool)


def contained(steps: Steps | tuple[int, ...], k: Array) -> Array:
    """Which of the steps k are in ``steps``."""
    if isinstance(steps, Steps):
        return np.asarray((k >= steps.since) & (k % steps.every == steps.at % steps.every))
    return np.isin(k, steps)


def live(program: Program, names: Iterable[str]) -> Array:
    """Where none of the names is off."""
    wanted = frozenset(names)
    return along_plan(program, lambda phase, k: not (wanted & phase.off))


def of_rule(program: Program, rule: Rule, pathway: str = "") -> Array:
    """Where a rule runs: its steps, unless it or its pathway is off."""
    on = live(program, (rule.name, pathway) if pathway else (rule.name,))
    if isinstance(rule.trigger, Steps):
        trigger = rule.trigger
        on = on & along_plan(program, lambda phase, k: contained(trigger, k))
    return on


def of_tap(program: Program, tap: Tap) -> Array:
    """Where a tap records."""
    return along_plan(program, lambda phase, k: contained(tap.steps, k))


def of_assign(program: Program, number: int, assign: Assign) -> Array:
    """Where a planned assignment of phase ``number`` of the plan happens."""
    parts = [
        contained(assign.when, np.arange(phase.steps)) if place == number else np.zeros(phase.steps, bool)
        for place, phase in enumerate(program.plan)
    ]
    return np.concatenate(parts)


def steps_of_phases(program: Program) -> tuple[Array, Array]:
    """(T,) number of the phase, and step counted from its start, of every step of the run."""
    lengths = [phase.steps for phase in program.plan]
    return (
        np.repeat(np.arange(len(lengths)), lengths),
        np.concatenate([np.arange(length) for length in lengths]) if lengths else np.zeros(0, np.int64),
    )


def stride_of_tap(program: Program, tap: Tap) -> int | None:
    """Steps between records if a slower clock that starts with the run meets exactly them, else None.

    The end of a step is the start of the next one.
    """
    steps = np.flatnonzero(of_tap(program, tap)) + (tap.at == "end")
    if tap.reduce == "mean" or len(steps) < 2:
        return None
    stride = int(steps[1] - steps[0])
    last = program.steps + (tap.at == "end")
    met = np.array_equal(steps, np.arange(stride if tap.at == "end" else 0, last, stride))
    return stride if met and stride > 1 else None

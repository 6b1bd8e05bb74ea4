"""The evaluation window: a stretch of the run, in steps, that spikes, rates and traces are restricted to."""

from __future__ import annotations

from neurosim.errors import ParameterError, did_you_mean
from neurosim.result.provenance import PhaseInfo, Provenance
from neurosim.units import TIME, Quantity, Unit, in_inner

Steps = tuple[int, int]
"""[first step, last step) of the run."""


def stretch(origin: Provenance, done: int, start: Quantity | Unit | float, stop: Quantity | Unit | float, where: str) -> Steps:
    """The steps from one time to another.

    Parameters
    ----------
    origin : Provenance
    done : int
        Steps that were simulated.
    start, stop : Quantity
        Times of the run.
    where : str
        Who asks, for messages.

    Raises
    ------
    UnitError
        If a time has no unit of time.
    ParameterError
        If the window is empty or lies outside what was simulated.
    """
    times = [in_inner(value, TIME, where, name) for value, name in ((start, "start"), (stop, "stop"))]
    if not all(isinstance(time, float) for time in times):
        raise ParameterError("needs two single times, as in between(500 * ms, 1 * second)", where=where)
    first, last = (round(float(time) / origin.dt) for time in times)
    return within_run(origin, done, first, last)


def within_run(origin: Provenance, done: int, first: int, last: int) -> Steps:
    """The window, refused where it is empty or lies outside the run."""
    if not 0 <= first < last <= done:
        wanted = f"{first * origin.dt:g} ms to {last * origin.dt:g} ms"
        raise ParameterError(f"the window from {wanted} is empty or outside the run; {done * origin.dt:g} ms were simulated", where="Result")
    return first, last


def phase_steps(origin: Provenance, done: int, which: str | int) -> Steps:
    """The steps of a phase of the plan, as far as it was simulated.

    Raises
    ------
    ParameterError
        If there is no such phase, or the run was stopped before it.
    """
    chosen = _phases(origin, which)
    first = chosen[0].start
    last = min(chosen[-1].start + chosen[-1].steps, done)
    planned = sum(phase.steps for phase in origin.phases)
    if first >= done and done < planned:
        raise ParameterError(f"phase '{which}' was not reached: the run was stopped after {done * origin.dt:g} ms")
    return within_run(origin, done, first, last)


def _phases(origin: Provenance, which: str | int) -> tuple[PhaseInfo, ...]:
    phases = origin.phases
    if isinstance(which, int) and not isinstance(which, bool):
        if not 0 <= which < len(phases):
            raise ParameterError(f"there is no phase {which}; the plan has {len(phases)}, counted from 0", where="Result")
        return (phases[which],)
    numbers = [k for k, phase in enumerate(phases) if phase.label == str(which)]
    if not numbers:
        labels = [phase.label for phase in phases if phase.label]
        tail = did_you_mean(which, labels) or "; its phases have no labels, they are counted from 0"
        raise ParameterError(f"there is no phase '{which}'{tail}", where="Result")
    if numbers[-1] - numbers[0] + 1 != len(numbers):
        shown = ", ".join(str(k) for k in numbers)
        raise ParameterError(f"phases {shown} are all labelled '{which}'; choose one by its number")
    return phases[numbers[0] : numbers[-1] + 1]

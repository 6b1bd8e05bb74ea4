"""What to assign in a Program that already runs, for a session at a prompt."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

from neurosim.errors import ScheduleError
from neurosim.ir.program import Assign, Program
from neurosim.network import Network, Phase, Schedule
from neurosim.units import ms

from .lower import lower

NOTHING: Mapping[str, Any] = MappingProxyType({})


def changes(
    program: Program, network: Network, values: Mapping[str, Any], before: Mapping[str, Any] = NOTHING
) -> tuple[Assign, ...]:
    """Assignments that give parts new values, with everything that follows from them.

    Parameters
    ----------
    program : Program
        What runs: `network`, lowered.
    network : Network
    values : mapping
        As in a phase: ``{"exc.tau_m": 10 * ms, "drive.rate": 40 * Hz}``.
    before : mapping
        What was changed earlier in the same way.

    Raises
    ------
    ScheduleError
        The change needs terms that the Program does not have, such as a constant that was zero for all neurons.
    """
    step = program.dt * ms
    trial = lower(network, Schedule(Phase(step, set=before), Phase(step, set=values)), dt=step, seed=program.seed)
    found = trial.plan[-1].assign
    changed = {assign.part for assign in found}
    for now, then in ((program.blocks, trial.blocks), (program.pathways, trial.pathways)):
        updates = {part.name: part.update for part in now}
        for part in then:
            if part.name in changed and part.update != updates.get(part.name):
                raise ScheduleError(
                    f"this change of '{part.name}' needs a term that is not computed, because it was zero at the start",
                    hint="name the change in the schedule of the run, or start with a value that is not zero",
                )
    return found

"""A run whose plan is made while it goes on: every new phase gives the Program of all phases so far."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from neurosim.equations import Expr, names
from neurosim.errors import Findings, ScheduleError, did_you_mean
from neurosim.ir.program import Assign, Block, Pathway, Phase, Program, Sampled, Source, Weights
from neurosim.ir.step import assignable
from neurosim.network import Network, Schedule, check_schedule
from neurosim.network import Phase as Asked
from neurosim.units import ms

from .lower import Lowered, passes, setting_of
from .pathways import RULE_SUFFIX
from .plan import Assigned, Planned, Timetable, assignments_of, parameter_names, phases_of, timetable_of
from .values import Setting, time_in_steps


@dataclass(frozen=True)
class Course:
    """A network, what was asked of it so far, and the Program of that.

    The Program is at any time that of the whole schedule, ``lower(network, Schedule(all phases))``: what comes later may
    change how earlier steps are written down (a weight that is set is no constant any more), never what they compute.
    ``network`` None: of a Program whose network is not at hand; then phases may only switch things off.
    """

    network: Network | None
    setting: Setting
    timetable: Timetable
    program: Program
    now: Assigned

    def then(self, asked: Asked, before: Sequence[Planned] = (), called: str = "the run") -> Course:
        """The course with one more phase of a schedule, at whose start ``before`` is assigned; ``called``: what messages call it.

        Raises
        ------
        ScheduleError, ParameterError
            The phase asks for something that is not there, or that cannot change.
        """
        if self.network is None:
            return self._masked(asked, called)
        check_schedule(self.network, Schedule(asked), called)
        later = timetable_of(asked, self.network, self.setting, len(self.timetable.phases), called)
        later = Timetable(later.phases, (*before, *later.planned))
        return self._longer(self.network, later) or lowered_course(self.network, self.setting, self.timetable.then(later))

    def settled(self, values: Mapping[str, Any], before: Sequence[Planned] = ()) -> tuple[Planned, ...]:
        """What a mapping such as ``{"drive.rate": 40 * Hz}`` would assign now, after ``before``: checked, with plain values.

        Raises
        ------
        ScheduleError, ParameterError
            As :meth:`then`.
        """
        if self.network is None:
            raise ScheduleError(
                "values can only be set with the network at hand",
                where="Session.set",
                hint="Restore it with its network: Session.restore(path, net).",
            )
        asked, place = Asked(self.setting.dt * ms, set=values), len(self.timetable.phases)
        still = [planned for planned in before if f"{planned.part}.{planned.target}" not in asked.set]
        return tuple(planned for planned in self.then(asked, still, "Session.set").now.settled if planned.place == place)

    def until(self, step: int) -> Course:
        """The course of a run that was stopped with ``step`` steps done."""
        if step == self.timetable.steps:
            return self
        timetable = self.timetable.until(step)
        if self.network is not None:
            return lowered_course(self.network, self.setting, timetable)
        plan = tuple(replace(now, steps=cut.steps) for now, cut in zip(self.program.plan, timetable.phases))
        return replace(self, timetable=timetable, program=replace(self.program, plan=plan))

    def asked(self) -> tuple[Phase, ...]:
        """Phases with what was asked for in plain values, and nothing that follows from it: enough to make the course again."""
        found: dict[int, list[Assign]] = {}
        for planned in self.timetable.planned:
            found.setdefault(planned.place, []).append(Assign(planned.part, planned.target, planned.value, planned.when))
        return tuple(replace(phase, assign=tuple(found.get(place, ()))) for place, phase in enumerate(self.timetable.phases))

    # ---- growing -------------------------------------------------------------------------------------------------------
    def _longer(self, network: Network, later: Timetable) -> Course | None:
        """The course with phases that change nothing but the plan; None where they need something that the Program left out."""
        parts = network.named()
        for planned in later.planned:
            part = parts[planned.part]
            constant = planned.target in (*parameter_names(part), "w")
            if constant and planned.target not in self.timetable.targets(planned.part):
                return None
        whole = self.timetable.then(later)
        new = assignments_of(later, network, self.now.now, self.setting, whole)
        if not all(_has_room(self.program.part(assign.part), assign) for _, assign in new.made if not self._is_unread(assign)):
            return None
        made = [(place, assign) for place, assign in new.made if not self._is_unread(assign)]
        program = replace(self.program, plan=(*self.program.plan, *phases_of(later, made, len(self.timetable.phases))))
        settled = (*self.now.settled, *new.settled)
        return replace(
            self,
            timetable=Timetable(whole.phases, settled),
            program=program,
            now=Assigned((*self.now.made, *new.made), settled, new.now),
        )

    def _is_unread(self, assign: Assign) -> bool:
        """Whether nothing in the Program reads what is assigned."""
        return assign.target not in assignable(self.program.part(assign.part))

    def _masked(self, asked: Asked, called: str) -> Course:
        """A phase of a Program whose network is not at hand."""
        program = self.program
        rules = {rule.name for part in program.ruled() for rule in part.rules}
        findings = Findings()
        if asked.assignments():
            findings.add("", "values can only be set with the network at hand: Session.restore(path, net)")
        neurons = [name for name in asked.off if name in {block.name for block in program.blocks}]
        if neurons:
            findings.add("", f"'{neurons[0]}' consists of neurons; to switch it off needs the network: Session.restore(path, net)")
        switched = {*neurons, *(source.name for source in program.sources), *(pathway.name for pathway in program.pathways)}
        for name in asked.off:
            if name not in switched:
                findings.add("", f"off names '{name}', which is no stimulus and no projection{did_you_mean(name, switched)}")
        learning = {rule.removesuffix(RULE_SUFFIX) for rule in rules if rule.endswith(RULE_SUFFIX)}
        wanted = learning if asked.plasticity is True else set() if asked.plasticity is False else set(asked.plasticity)
        for name in sorted(wanted - learning):
            findings.add("", f"plasticity names '{name}', which is no projection with plasticity{did_you_mean(name, learning)}")
        findings.raise_if_any(ScheduleError, called)
        steps = time_in_steps(asked.duration, program.dt, called, "duration", ScheduleError)
        off = frozenset((*asked.off, *(f"{name}{RULE_SUFFIX}" for name in learning - wanted)))
        later = Timetable((Phase(steps, asked.label, off),) * asked.repeats)
        return replace(self, timetable=self.timetable.then(later), program=replace(program, plan=(*program.plan, *later.phases)))


def begin(network: Network, dt: Any, seed: int | None = None) -> Course:
    """The course of a network before its first phase.

    Parameters
    ----------
    network : Network
    dt : Quantity
        [ms] The time step.
    seed : int, optional
        Instead of the network's.
    """
    return lowered_course(network, setting_of(network, dt, seed), Timetable())


def resumed(network: Network | None, program: Program, asked: Iterable[Phase]) -> Course:
    """The course that was left with ``asked`` (:meth:`Course.asked`) and ``program``."""
    phases = tuple(asked)
    planned = tuple(
        Planned(place, a.part, a.target, a.value, a.when, settled=True) for place, phase in enumerate(phases) for a in phase.assign
    )
    timetable = Timetable(tuple(replace(phase, assign=()) for phase in phases), planned)
    setting = Setting(program.dt, program.seed)
    if network is None:
        return Course(None, setting, timetable, program, Assigned((), planned, {}))
    return lowered_course(network, setting, timetable)


def lowered_course(network: Network, setting: Setting, timetable: Timetable) -> Course:
    """The course of a timetable, lowered as a whole."""
    lowered: Lowered = passes(network, setting, timetable)
    settled = replace(timetable, planned=lowered.assigned.settled)
    return Course(network, setting, settled, lowered.program, lowered.assigned)


def _has_room(part: Block | Source | Pathway | Weights, assign: Assign) -> bool:
    """Whether a Program can take an assignment as it is: arrays go where arrays are, expressions read what is there."""
    if isinstance(assign.value, Expr):
        known = part.parameters if isinstance(part, (Block, Pathway)) else {}
        states = part.states if isinstance(part, (Block, Pathway)) else {}
        return names(assign.value) <= {*known, *states, "dt", "t"}
    if not isinstance(assign.value, np.ndarray) or isinstance(part, Weights):
        return True
    if isinstance(part, Source):
        return np.ndim(part.rate) > 0
    now = {**part.parameters, **part.states}[assign.target]
    return isinstance(now, (np.ndarray, Sampled))

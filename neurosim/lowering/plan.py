"""Schedules become the plan: phases in steps, and assignments with everything that follows from them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from neurosim import network as wish
from neurosim.equations import evaluate, names, parse_expression
from neurosim.errors import ParameterError, ScheduleError
from neurosim.ir.program import Assign, Block, CopyWeights, Pathway, Phase, Sampled, Source, Steps, Tap, Value
from neurosim.ir.wiring import edge_count, expand, rows, values_of
from neurosim.network.population import Population
from neurosim.network.projection import Projection
from neurosim.network.stimuli import PoissonSource
from neurosim.units import FREQUENCY, TIME, in_inner

from .blocks import block_of, plain
from .pathways import matrix_index, pathway_of, rule_name, weights_name
from .sources import shown_steps
from .values import Setting, all_of, edge_values, neuron_values, steps_on_grid, time_in_steps
from .wiring import wiring_of

Named = Mapping[str, Any]


@dataclass(frozen=True)
class Planned:
    """One assignment of a schedule: where, what, to which value, in which steps of phase number ``place`` of the plan."""

    place: int
    part: str
    target: str
    value: Any
    when: tuple[int, ...] | Steps

    @property
    def first(self) -> int:
        """The first step in which it runs, from the start of its phase."""
        return self.when.since if isinstance(self.when, Steps) else min(self.when)


@dataclass(frozen=True)
class Timetable:
    """A schedule in steps: its phases with repetitions written out, and all assignments in the order in which they run."""

    phases: tuple[wish.Phase, ...]
    steps: tuple[int, ...]
    planned: tuple[Planned, ...]

    def targets(self, part: str) -> frozenset[str]:
        """What the plan sets of a part."""
        return frozenset(planned.target for planned in self.planned if planned.part == part)


def timetable_of(given: Any, setting: Setting) -> Timetable:
    """A duration or a schedule in steps.

    Raises
    ------
    ScheduleError
        A duration or a time lies between two steps.
    """
    if not isinstance(given, wish.Schedule):
        given = wish.Schedule(given if isinstance(given, wish.Phase) else wish.Phase(given))
    schedule: wish.Schedule = given
    phases: list[wish.Phase] = []
    steps: list[int] = []
    planned: list[Planned] = []
    places = [f"phase '{phase.label}'" if phase.label else f"phase {number}" for number, phase in enumerate(schedule.phases)]
    lengths = all_of(
        tuple(zip(schedule.phases, places, strict=True)),
        lambda entry: time_in_steps(entry[0].duration, setting.dt, entry[1], "duration", ScheduleError),
        "Schedule",
    )
    for phase, where, length in zip(schedule.phases, places, lengths, strict=True):
        for _ in range(phase.repeats):
            found = [_planned(assignment, len(phases), where, length, setting) for assignment in phase.assignments()]
            planned += sorted(found, key=lambda one: one.first)
            phases.append(phase)
            steps.append(length)
    return Timetable(tuple(phases), tuple(steps), tuple(planned))


def _planned(given: wish.Assignment, place: int, where: str, length: int, setting: Setting) -> Planned:
    where = f"{where}, '{given.path}'"
    part, target = given.split()
    times = np.atleast_1d(np.asarray(in_inner(given.at, TIME, where, "at"), np.float64))
    at = tuple(sorted({steps_on_grid(float(time), setting.dt, where, "the time", ScheduleError) for time in times}))
    if late := [step for step in at if step >= length]:
        end = f"the end of the phase ({length * setting.dt:g} ms)"
        raise ScheduleError(f"the time {late[0] * setting.dt:g} ms lies after {end}", where=where)
    if given.every is None:
        return Planned(place, part, target, given.value, at)
    every = time_in_steps(given.every, setting.dt, where, "every", ScheduleError)
    return Planned(place, part, target, given.value, Steps(every, at[0] % every, at[0]))


# ---- assignments -------------------------------------------------------------------------------------------------------
@dataclass(frozen=True)
class Change:
    """A part before an assignment, and the values of its parameters that earlier assignments changed."""

    part: Block | Pathway
    changed: Mapping[str, Value]


def assignments_of(
    timetable: Timetable, network: wish.Network, blocks: Iterable[Block], pathways: Iterable[Pathway], setting: Setting
) -> tuple[tuple[int, Assign], ...]:
    """(number of the phase, assignment), in the order in which they run.

    A parameter brings all parameters of the update that follow from it.
    """
    parts = network.named()
    now = {block.name: Change(block, {}) for block in blocks}
    now.update({pathway.name: Change(pathway, {}) for pathway in pathways})
    made: list[tuple[int, Assign]] = []
    for planned in timetable.planned:
        part = parts[planned.part]
        if isinstance(part, (Population, Projection)) and planned.target in _parameters(part):
            found = _parameter_changes(part, planned, now, timetable, setting)
        else:
            found = (_one(part, planned, setting),)
        made += [(planned.place, assign) for assign in found]
    return tuple(made)


def _parameters(part: Population | Projection) -> frozenset[str]:
    if isinstance(part, Population):
        return frozenset(entry.name for entry in part.model.parsed.parameters)
    learned = part.plasticity.parsed.parameters if part.plasticity else ()
    return frozenset(entry.name for entry in (*part.model.parsed.parameters, *learned))


def _parameter_changes(
    part: Population | Projection, planned: Planned, now: dict[str, Change], timetable: Timetable, setting: Setting
) -> tuple[Assign, ...]:
    """The parameter, and everything that lowering computes from it."""
    before = now[part.name]
    changed = {**before.changed, planned.target: _value(part, planned, setting, before.part.parameters)}
    varying = timetable.targets(part.name)
    after: Block | Pathway
    if isinstance(part, Population):
        after = block_of(part, setting, varying, changed)
        same = after.update == before.part.update and isinstance(before.part, Block) and _same_hold(after, before.part)
    else:
        after = pathway_of(part, setting, varying, changed)
        same = after.update == before.part.update
    if not same:
        raise ScheduleError(
            f"{planned.target} of '{part.name}' decides how a step is computed and cannot change during a run",
            hint="run the two parts of the schedule as two simulations",
        )
    now[part.name] = Change(after, changed)
    return tuple(
        Assign(part.name, name, value, planned.when)
        for name, value in after.parameters.items()
        if not isinstance(value, Sampled) and not _equal(value, before.part.parameters[name])
    )


def _equal(one: Value, other: Value | Sampled) -> bool:
    return not isinstance(other, Sampled) and np.array_equal(one, other)


def _same_hold(one: Block, other: Block) -> bool:
    return one.spike is None or (other.spike is not None and np.array_equal(one.spike.hold_steps, other.spike.hold_steps))


def _one(part: Any, planned: Planned, setting: Setting) -> Assign:
    """An assignment from which nothing else follows."""
    if isinstance(part, Population) and planned.target == "hold":
        return Assign(part.name, "hold", 0.0, planned.when)
    if isinstance(part, Population) and isinstance(planned.value, str):
        expr = part.model.parsed.in_inner_units(parse_expression(planned.value))
        return Assign(part.name, planned.target, expr, planned.when)
    if isinstance(part, Projection) and planned.target == "w":
        return Assign(weights_name(part), "", _new_weights(part, planned, setting), planned.when)
    return Assign(part.name, planned.target, _value(part, planned, setting, {}), planned.when)


def _new_weights(part: Projection, planned: Planned, setting: Setting) -> Value | CopyWeights:
    given = planned.value
    if isinstance(given, wish.CopyWeights):
        home = given.source.home
        return CopyWeights(weights_name(home), matrix_index(home, given.transpose), float(given.factor))
    return _value(part, planned, setting, {})


def _value(part: Any, planned: Planned, setting: Setting, parameters: Mapping[str, Any]) -> Value:
    """The new value as numbers; what is drawn gets a stream of its own in each phase."""
    where = f"'{planned.part}.{planned.target}' in the schedule"
    stream = setting.stream(planned.part, f"phase {planned.place} {planned.target}")
    if isinstance(part, PoissonSource):
        return neuron_values(planned.value, FREQUENCY, part.size, stream, where, planned.target)
    if isinstance(part, Population):
        if isinstance(planned.value, str):
            expr = part.model.parsed.in_inner_units(parse_expression(planned.value))
            if unknown := names(expr) - {*parameters, "dt"}:
                listed = ", ".join(sorted(unknown))
                raise ScheduleError(f"a parameter can only be computed from parameters, not from {listed}", where=where)
            return plain(evaluate(expr, {**parameters, "dt": setting.dt}.__getitem__))
        dimension = part.model.variables[planned.target].dimension
        return neuron_values(planned.value, dimension, part.size, stream, where, planned.target)
    dimension = part.weight_dimension if planned.target == "w" else part.synaptic_dimensions()[planned.target]
    values = edge_values(planned.value, dimension, stream, where, planned.target, part.connectivity, part.is_recurrent)
    return values_of(values, expand(wiring_of(part, setting))) if isinstance(values, Sampled) else values


# ---- phases ------------------------------------------------------------------------------------------------------------
def phases_of(timetable: Timetable, network: wish.Network, assignments: Iterable[tuple[int, Assign]]) -> tuple[Phase, ...]:
    """The plan of a Program."""
    found: dict[int, list[Assign]] = {}
    for place, assign in assignments:
        found.setdefault(place, []).append(assign)
    return tuple(
        Phase(steps, phase.label, _off(phase, network), tuple(found.get(place, ())))
        for place, (phase, steps) in enumerate(zip(timetable.phases, timetable.steps, strict=True))
    )


def _off(phase: wish.Phase, network: wish.Network) -> frozenset[str]:
    """Names of what is off: stimuli, pathways, and the learning rules that do not run."""
    learning = [projection for projection in network.projections if projection.plasticity is not None]
    if isinstance(phase.plasticity, bool):
        still = [] if phase.plasticity else learning
    else:
        still = [projection for projection in learning if projection.name not in frozenset(phase.plasticity)]
    return frozenset((*phase.off, *map(rule_name, still)))


# ---- probes ------------------------------------------------------------------------------------------------------------
def tap_of(probe: wish.Probe, setting: Setting) -> Tap:
    """The tap of a probe.

    Counts, means and values per item are taken after the last step of their interval, other values in its first step,
    or after its last one where the probe says 'end'.
    """
    every, at = 1, probe.at
    if probe.per_item is not None:
        every, at = shown_steps(probe.per_item, setting), "end"
    elif probe.every is not None:
        every = time_in_steps(probe.every, setting.dt, probe.where, "every")
    if probe.variable in ("counts", "count"):
        at = "end"
    first = at == "start" and probe.reduce == "last"
    of = None if probe.of is None else np.asarray(probe.of, np.int64)
    steps = Steps(every, 0) if first and every > 1 else Steps(every)
    return Tap(probe.part.name, probe.variable, of, steps, at, probe.reduce)


def check_recorded_edges(taps: Iterable[Tap], pathways: Iterable[Pathway]) -> None:
    """Synapses that are recorded one by one exist, also where their number is known only when they are drawn.

    Raises
    ------
    ParameterError
    """
    by_name = {pathway.name: pathway for pathway in pathways}
    for tap in taps:
        pathway = by_name.get(tap.part)
        if pathway is None or tap.of is None or edge_count(pathway.wiring) is not None:
            continue
        wiring, last = pathway.wiring, int(np.max(tap.of))
        # Counting draws them all: it is left out where there are far more than that by any chance.
        if last < 0.5 * wiring.probability * wiring.sources * wiring.targets:
            continue
        count = sum(len(row) for row in rows(wiring))
        if last >= count:
            found = f"of must hold whole numbers from 0 to {count - 1}, the synapses that are drawn with this seed, got {last}"
            raise ParameterError(found, where=f"Probe of '{tap.part}'")


# ---- parameters that change --------------------------------------------------------------------------------------------
def with_room(part: Any, assignments: Iterable[tuple[int, Assign]]) -> Any:
    """A block, pathway or source whose numbers become arrays where the plan sets an array."""
    arrays = {a.target: a.value for _, a in assignments if a.part == part.name and isinstance(a.value, np.ndarray)}

    def wider(name: str, value: Any) -> Any:
        scalar = name in arrays and not isinstance(value, Sampled) and np.ndim(value) == 0
        return np.full(np.shape(arrays[name]), value, np.float64) if scalar else value

    if isinstance(part, Source):
        return replace(part, rate=wider("rate", part.rate))
    states = {name: wider(name, value) for name, value in part.states.items()}
    return replace(part, states=states, parameters={name: wider(name, value) for name, value in part.parameters.items()})

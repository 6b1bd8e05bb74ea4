"""Schedules become the plan: phases in steps, and assignments with everything that follows from them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from neurosim import network as wish
from neurosim.equations import Expr, evaluate, names, parse_expression
from neurosim.errors import ParameterError, ScheduleError
from neurosim.ir.program import Assign, Block, CopyWeights, Pathway, Phase, Sampled, Source, Steps, Tap, Value
from neurosim.ir.wiring import edge_count, expand, expected_count, rows, values_of
from neurosim.network.population import Population
from neurosim.network.projection import Projection
from neurosim.network.stimuli import STIMULI, SWITCH, PoissonSource, Stimulus, neurons_of
from neurosim.units import FREQUENCY, TIME, in_inner

from .blocks import block_of, plain
from .pathways import matrix_index, pathway_of, rule_name, weights_name
from .sources import shown_steps
from .values import Setting, all_of, edge_values, neuron_values, steps_on_grid, time_in_steps
from .wiring import weights_given, wiring_of


@dataclass(frozen=True)
class Planned:
    """One assignment of a schedule: where, what, to which value, in which steps of phase number ``place`` of the plan.

    ``settled``: the value is a number, an array, an expression or weights to copy, in inner units; else it is as the user gave it.
    """

    place: int
    part: str
    target: str
    value: Any
    when: tuple[int, ...] | Steps
    settled: bool = False

    @property
    def first(self) -> int:
        """The first step in which it runs, from the start of its phase."""
        return self.when.since if isinstance(self.when, Steps) else min(self.when)


@dataclass(frozen=True)
class Timetable:
    """A schedule in steps: its phases with repetitions written out, and what is asked for in each, in the order in which it runs."""

    phases: tuple[Phase, ...] = ()
    planned: tuple[Planned, ...] = ()

    def targets(self, part: str) -> frozenset[str]:
        """What the plan sets of a part."""
        return frozenset(planned.target for planned in self.planned if planned.part == part)

    def then(self, later: Timetable) -> Timetable:
        """This, followed by one whose places go on counting."""
        return Timetable((*self.phases, *later.phases), (*self.planned, *later.planned))

    @property
    def steps(self) -> int:
        """Steps of all phases."""
        return sum(phase.steps for phase in self.phases)

    def until(self, step: int) -> Timetable:
        """What is left of it if the run ends with ``step`` steps done."""
        phases: list[Phase] = []
        for phase in self.phases:
            if step > 0:
                phases.append(replace(phase, steps=min(phase.steps, step)))
            step -= phase.steps
        kept = (planned for planned in self.planned if planned.place < len(phases))
        return Timetable(tuple(phases), tuple(cut for planned in kept for cut in _until(planned, phases[planned.place].steps)))


def _until(planned: Planned, end: int) -> tuple[Planned, ...]:
    """An assignment in a phase that was cut short: nothing where it would come too late."""
    when = planned.when
    if isinstance(when, Steps):
        return (planned,) if when.since < end else ()
    when = tuple(step for step in when if step < end)
    return (replace(planned, when=when),) if when else ()


def schedule_of(given: Any) -> wish.Schedule:
    """A schedule, or one made of a phase or a duration."""
    if isinstance(given, wish.Schedule):
        return given
    try:
        return wish.Schedule(given if isinstance(given, wish.Phase) else wish.Phase(given))
    except ScheduleError as error:  # it is the duration of the run, the phase is ours
        raise ScheduleError(error.message, where="the run", hint=error.hint, parts=error.parts) from None


def timetable_of(given: Any, network: wish.Network, setting: Setting, first: int = 0, called: str = "") -> Timetable:
    """A duration or a schedule in steps, whose phases follow ``first`` others; ``called``: what messages call a phase without label.

    Raises
    ------
    ScheduleError
        A duration or a time lies between two steps.
    """
    schedule = schedule_of(given)
    phases: list[Phase] = []
    planned: list[Planned] = []
    places = [f"phase '{phase.label}'" if phase.label else called or f"phase {k}" for k, phase in enumerate(schedule.phases, first)]
    lengths = all_of(
        tuple(zip(schedule.phases, places, strict=True)),
        lambda entry: time_in_steps(entry[0].duration, setting.dt, entry[1], "duration", ScheduleError),
        "Schedule",
    )
    for phase, where, length in zip(schedule.phases, places, lengths, strict=True):
        for _ in range(phase.repeats):
            found = [_planned(assignment, first + len(phases), where, length, setting) for assignment in phase.assignments()]
            planned += _switches(phase, first + len(phases), network)
            planned += sorted(found, key=lambda one: one.first)
            phases.append(Phase(length, phase.label, _off(phase, network)))
    return Timetable(tuple(phases), tuple(planned))


def _off(phase: wish.Phase, network: wish.Network) -> frozenset[str]:
    """Names of what is off: stimuli, pathways, and the learning rules that do not run."""
    learning = [projection for projection in network.projections if projection.plasticity is not None]
    if isinstance(phase.plasticity, bool):
        still = [] if phase.plasticity else learning
    else:
        still = [projection for projection in learning if projection.name not in frozenset(phase.plasticity)]
    modelled = [stimulus.name for stimulus in network.stimuli if neurons_of(stimulus) is not None]
    return frozenset((*phase.off, *map(rule_name, still))) - frozenset(modelled)


def _switches(phase: wish.Phase, place: int, network: wish.Network) -> list[Planned]:
    """Stimuli that consist of neurons are switched by a parameter of theirs; where nothing changes this is left out later."""
    modelled = [stimulus.name for stimulus in network.stimuli if neurons_of(stimulus) is not None]
    return [Planned(place, name, SWITCH, float(name not in phase.off), (0,), settled=True) for name in modelled]


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


@dataclass(frozen=True)
class Assigned:
    """The assignments of a plan.

    ``made``: (number of the phase, assignment), in the order in which they run; ``settled``: what was asked for, with plain values;
    ``now``: the parts as the last assignment leaves them.
    """

    made: tuple[tuple[int, Assign], ...]
    settled: tuple[Planned, ...]
    now: Mapping[str, Change]


def unchanged(parts: Iterable[Block | Pathway]) -> dict[str, Change]:
    """Parts before the first assignment."""
    return {part.name: Change(part, {}) for part in parts}


def assignments_of(
    timetable: Timetable, network: wish.Network, before: Mapping[str, Change], setting: Setting, whole: Timetable
) -> Assigned:
    """What a timetable assigns, with what follows: a parameter brings all parameters of the update that depend on it.

    ``whole``: the timetable of the whole run, which decides what an update leaves open; ``before``: the parts as earlier phases leave them.
    """
    parts = network.named()
    now = dict(before)
    made: list[tuple[int, Assign]] = []
    settled: list[Planned] = []
    for given in timetable.planned:
        part = parts[given.part]
        if given.target == SWITCH and isinstance(part, STIMULI) and now[part.name].changed.get(SWITCH, 1.0) == given.value:
            settled.append(given)
            continue
        known = now[given.part].part.parameters if given.part in now else {}
        planned = given if given.settled else replace(given, value=_settled(part, given, setting, known), settled=True)
        settled.append(planned)
        if planned.target in parameter_names(part):
            found = _parameter_changes(part, planned, now, whole.targets(part.name), setting)
        elif isinstance(part, Projection) and planned.target == "w":
            found = (Assign(weights_name(part), "", planned.value, planned.when),)
        else:
            found = (Assign(part.name, planned.target, planned.value, planned.when),)
        made += [(planned.place, assign) for assign in found]
    return Assigned(tuple(made), tuple(settled), now)


def parameter_names(part: Population | Projection | Stimulus) -> frozenset[str]:
    """What of a part is a parameter: its own, of its synapses, of its learning rule."""
    if not isinstance(part, Projection):
        neurons = part if isinstance(part, Population) else neurons_of(part)
        return frozenset() if neurons is None else frozenset(entry.name for entry in neurons.model.parsed.parameters)
    learned = part.plasticity.parsed.parameters if part.plasticity else ()
    return frozenset(entry.name for entry in (*part.model.parsed.parameters, *learned))


def _parameter_changes(
    part: Population | Projection | Stimulus, planned: Planned, now: dict[str, Change], varying: frozenset[str], setting: Setting
) -> tuple[Assign, ...]:
    """The parameter, and everything that lowering computes from it."""
    before = now[part.name]
    changed = {**before.changed, planned.target: planned.value}
    after: Block | Pathway
    if not isinstance(part, Projection):
        after = block_of(part, setting, varying, changed)
        same = isinstance(before.part, Block) and _same_steps(after, before.part)
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


def _same_steps(one: Block, other: Block) -> bool:
    """Whether two blocks compute the same, but for the values of their parameters."""
    shown = tuple(output for output in other.outputs if output[0] not in other.states)
    if one.update != other.update or tuple(output for output in one.outputs if output[0] not in one.states) != shown:
        return False
    return one.spike is None or (other.spike is not None and np.array_equal(one.spike.hold_steps, other.spike.hold_steps))


def _settled(part: Any, planned: Planned, setting: Setting, parameters: Mapping[str, Any]) -> Value | Expr | CopyWeights:
    """The new value in inner units; what is drawn gets a stream of its own in each phase."""
    where = f"'{planned.part}.{planned.target}' in the schedule"
    stream = setting.stream(planned.part, f"phase {planned.place} {planned.target}")
    neurons = neurons_of(part) if isinstance(part, STIMULI) else None
    if neurons is not None:
        return _settled_of_neurons(neurons, planned, stream, parameters, where, setting)
    if isinstance(part, PoissonSource):
        return neuron_values(planned.value, FREQUENCY, part.size, stream, where, planned.target)
    if isinstance(part, Population):
        return _settled_of_neurons(part, planned, stream, parameters, where, setting)
    if isinstance(planned.value, wish.CopyWeights):
        given, home = planned.value, planned.value.source.home
        return CopyWeights(weights_name(home), matrix_index(home, given.transpose), float(given.factor))
    if planned.target == "w":
        values = weights_given(planned.value, part, setting, stream, where, planned.target)
    else:
        dimension = part.synaptic_dimensions()[planned.target]
        values = edge_values(planned.value, dimension, stream, where, planned.target, part.connectivity, part.is_recurrent)
    return values_of(values, expand(wiring_of(part, setting))) if isinstance(values, Sampled) else values


def _settled_of_neurons(
    part: Population, planned: Planned, stream: int, parameters: Mapping[str, Any], where: str, setting: Setting
) -> Value | Expr:
    if isinstance(planned.value, str):
        expr = part.model.parsed.in_inner_units(parse_expression(planned.value))
        if planned.target not in parameter_names(part):
            return expr
        if unknown := names(expr) - {*parameters, "dt"}:
            listed = ", ".join(sorted(unknown))
            raise ScheduleError(f"a parameter can only be computed from parameters, not from {listed}", where=where)
        return plain(evaluate(expr, {**parameters, "dt": setting.dt}.__getitem__))
    if planned.target == "hold" and planned.target not in part.model.variables:
        return 0.0
    dimension = part.model.variables[planned.target].dimension
    return neuron_values(planned.value, dimension, part.size, stream, where, planned.target)


# ---- phases ------------------------------------------------------------------------------------------------------------
def phases_of(timetable: Timetable, assignments: Iterable[tuple[int, Assign]], first: int = 0) -> tuple[Phase, ...]:
    """The phases of a timetable, the first of which is number ``first`` of the plan, with their assignments."""
    found: dict[int, list[Assign]] = {}
    for place, assign in assignments:
        found.setdefault(place, []).append(assign)
    return tuple(replace(phase, assign=tuple(found.get(place, ()))) for place, phase in enumerate(timetable.phases, first))


# ---- probes ------------------------------------------------------------------------------------------------------------
def shows_late(probe: wish.Probe) -> bool:
    """Whether a probe records a signal of a stimulus that consists of neurons."""
    part = probe.part
    return isinstance(part, STIMULI) and neurons_of(part) is not None and probe.variable not in ("spikes", "counts", "count")


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
    if shows_late(probe):
        at = "end"  # the value for [t_n, t_n + dt), as tables show it, is known when the step is done
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
        if wiring.kind == "fixed_probability" and last < 0.5 * expected_count(wiring):
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

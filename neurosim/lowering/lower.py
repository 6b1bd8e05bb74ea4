"""From the wish to the recipe: the passes, in order."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

import numpy as np

from neurosim.description import to_plain
from neurosim.errors import Findings, ParameterError
from neurosim.ir.program import Program
from neurosim.network import Network, check_schedule
from neurosim.network.description import description_of
from neurosim.network.network import LARGEST_SEED
from neurosim.network.schedule import Schedule
from neurosim.network.stimuli import PoissonSource, neurons_of
from neurosim.network.values import check_count, check_positive, check_scalar, conclude, is_a, shown
from neurosim.spelling import spelt
from neurosim.units import TIME, ms

from .blocks import block_of, showing
from .order import integration_order
from .pathways import learns, pathway_of, weights_of
from .plan import (
    Assigned,
    Timetable,
    assignments_of,
    check_recorded_edges,
    phases_of,
    schedule_of,
    shows_late,
    tap_of,
    timetable_of,
    unchanged,
    with_room,
)
from .sources import source_of
from .stimuli import told_by
from .unused import without_unused
from .values import Setting, all_made, all_of

RUN = "the run"

def setting_of(network: Network, dt: Any, seed: int | None) -> Setting:
    """Step and seed, checked together."""
    findings = Findings()
    if not is_a(network, Network):
        findings.add(RUN, f"the first argument must be a Network, got {shown(network)}")
    step = check_scalar(findings, dt, TIME, RUN, "dt")
    if step is not None:
        check_positive(findings, dt, TIME, np.asarray(step), RUN, "dt")
    if seed is not None:
        check_count(findings, seed, RUN, "seed", least=0, most=LARGEST_SEED)
    conclude(findings, ParameterError, RUN)
    return Setting(float(step or 0.0), network.seed if seed is None else int(seed))


def request_of(network: Network, duration_or_schedule: Any, dt: Any, seed: int | None) -> tuple[Setting, Schedule]:
    """What is asked for, checked as far as it can be without any work.

    Raises
    ------
    ParameterError, ScheduleError, UnitError
        With everything that is wrong.
    """
    findings = Findings()
    setting = findings.tried(lambda: setting_of(network, dt, seed))
    schedule = findings.tried(lambda: schedule_of(duration_or_schedule))
    if schedule is not None and is_a(network, Network):
        asked = schedule
        findings.tried(lambda: check_schedule(network, asked))
    if setting is None or schedule is None or len(findings):
        raise findings.error(ParameterError, RUN)
    return setting, schedule


@spelt
def lower(network: Network, duration_or_schedule: Any, *, dt: Any = 0.1 * ms, seed: int | None = None) -> Program:
    """The Program of a network.

    Parameters
    ----------
    network : Network
    duration_or_schedule : Quantity, Phase or Schedule
        [ms] How long, or phases with what changes on the way.
    dt : Quantity
        [ms] The time step.
    seed : int, optional
        Instead of the network's.

    Returns
    -------
    Program
        Plain numbers in inner units, trees, and recipes of what is drawn.

    Raises
    ------
    ParameterError, ScheduleError
        A time that must be a multiple of the step is not; the nearest values are named.
    EquationError
        A scheme that was asked for cannot be used.
    NetworkError
        Instant signals form a loop.

    Examples
    --------
    >>> from neurosim.network import Population, neurons
    >>> program = lower(Network(Population("exc", 10, neurons.lif_exponential)), 100 * ms)
    >>> program.steps, program.block("exc").parameters["P_v_v"]
    (1000, 0.9900498337491681)
    """
    setting, schedule = request_of(network, duration_or_schedule, dt, seed)
    findings = Findings()
    timetable = findings.tried(lambda: timetable_of(schedule, network, setting))
    lowered = findings.tried(lambda: passes(network, setting, timetable or Timetable()))
    if lowered is None or len(findings):
        raise findings.error(ParameterError, network.where)
    return lowered.program


@dataclass(frozen=True)
class Lowered:
    """What the passes make of a network and a timetable: the Program, and what its assignments leave behind."""

    program: Program
    assigned: Assigned


def passes(network: Network, setting: Setting, timetable: Timetable) -> Lowered:
    """The passes, in order."""
    modelled = [stimulus for stimulus in network.stimuli if neurons_of(stimulus) is not None]
    sent = {one.name: frozenset(p.signal for p in network.projections if p.pre is one and p.signal) for one in network.populations}
    sources, driven, blocks, pathways, taps = all_made(
        lambda: all_of([one for one in network.stimuli if one not in modelled], lambda stimulus: source_of(stimulus, setting)),
        lambda: all_of(modelled, lambda stimulus: told_by(stimulus, setting)),
        lambda: all_of(
            (*modelled, *network.populations),
            lambda one: showing(block_of(one, setting, timetable.targets(one.name)), sent.get(one.name, frozenset())),
        ),
        lambda: all_of(network.projections, lambda projection: pathway_of(projection, setting, timetable.targets(projection.name))),
        lambda: all_of(network.probes, lambda probe: tap_of(probe, setting)),
    )
    told = [found for found in driven if found is not None]
    learned = {p.home.name for p in network.projections if learns(p)}
    planned = {p.home.name for p in network.projections if "w" in timetable.targets(p.name)}
    owners = [projection for projection in network.projections if projection.has_weights and projection.home is projection]
    weights = all_of(owners, lambda one: weights_of(one, setting, learned=one.name in learned, planned=one.name in planned))
    assigned = assignments_of(timetable, network, unchanged((*blocks, *pathways)), setting, timetable)
    check_recorded_edges(taps, pathways)
    order = integration_order(
        [block.name for block in blocks], [(pathway.source, pathway.target) for pathway in pathways if pathway.instant]
    )
    ready = {block.name: with_room(block, assigned.made) for block in blocks}
    program = Program(
        setting.dt,
        tuple(ready[name] for name in order),
        (*(with_room(source, assigned.made) for source in sources), *(table for table, _ in told)),
        (*(pathway for _, pathway in told), *(with_room(pathway, assigned.made) for pathway in pathways)),
        weights,
        taps,
        phases_of(timetable, assigned.made),
        setting.seed,
        network.name,
        _meta(network),
    )
    return Lowered(without_unused(program), assigned)


def _meta(network: Network) -> dict[str, str]:
    """What people want to know of the network that no engine needs, as JSON texts."""
    expected = {title: dict(column) for title, column in network.expected.items()}
    at_start = [(probe.part.name, probe.variable) for probe in network.probes if probe.at == "start" and shows_late(probe)]
    stimuli = {
        one.name: {"counted": isinstance(one, PoissonSource), "at_start": [name for part, name in at_start if part == one.name]}
        for one in network.stimuli
        if neurons_of(one) is not None
    }
    words = {"description": json.dumps(to_plain(description_of(network)), ensure_ascii=False)}
    words.update({"stimuli": json.dumps(stimuli)} if stimuli else {})
    return {**({"expected": json.dumps(expected)} if expected else {}), **words}

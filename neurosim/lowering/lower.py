"""From the wish to the recipe: the passes, in order."""

from __future__ import annotations

import json
from typing import Any

import numpy as np

from neurosim.errors import Findings, ParameterError
from neurosim.ir.program import Program
from neurosim.network import Network, check_schedule
from neurosim.network.network import LARGEST_SEED
from neurosim.network.schedule import Schedule
from neurosim.network.values import check_count, check_positive, check_scalar, conclude, is_a, shown
from neurosim.units import TIME, ms

from .blocks import block_of
from .order import integration_order
from .pathways import learns, pathway_of, weights_of
from .plan import assignments_of, check_recorded_edges, phases_of, tap_of, timetable_of, with_room
from .sources import source_of
from .unused import without_unused
from .values import Setting, all_of

RUN = "the run"

def _setting(network: Network, dt: Any, seed: int | None) -> Setting:
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
    setting = _setting(network, dt, seed)
    if isinstance(duration_or_schedule, Schedule):
        check_schedule(network, duration_or_schedule)
    timetable = timetable_of(duration_or_schedule, setting)
    sources = all_of(network.stimuli, lambda stimulus: source_of(stimulus, setting))
    blocks = all_of(network.populations, lambda population: block_of(population, setting, timetable.targets(population.name)))
    pathways = all_of(network.projections, lambda projection: pathway_of(projection, setting, timetable.targets(projection.name)))
    changing = {p.home.name for p in network.projections if learns(p) or "w" in timetable.targets(p.name)}
    owners = [projection for projection in network.projections if projection.has_weights and projection.home is projection]
    weights = all_of(owners, lambda projection: weights_of(projection, setting, projection.name in changing))
    assignments = assignments_of(timetable, network, blocks, pathways, setting)
    taps = all_of(network.probes, lambda probe: tap_of(probe, setting))
    check_recorded_edges(taps, pathways)
    order = integration_order(
        [block.name for block in blocks], [(pathway.source, pathway.target) for pathway in pathways if pathway.instant]
    )
    ready = {block.name: with_room(block, assignments) for block in blocks}
    program = Program(
        setting.dt,
        tuple(ready[name] for name in order),
        tuple(with_room(source, assignments) for source in sources),
        tuple(with_room(pathway, assignments) for pathway in pathways),
        weights,
        taps,
        phases_of(timetable, network, assignments),
        setting.seed,
        network.name,
        {"expected": json.dumps({title: dict(column) for title, column in network.expected.items()})} if network.expected else {},
    )
    return without_unused(program)

"""From the wish to the recipe: the passes, in order."""

from __future__ import annotations

from typing import Any

from neurosim.ir.program import Program
from neurosim.network import Network, check_schedule
from neurosim.network.schedule import Schedule
from neurosim.units import TIME, in_inner, ms

from .blocks import block_of
from .order import integration_order
from .pathways import learns, pathway_of, weights_of
from .plan import assignments_of, phases_of, tap_of, timetable_of, with_room
from .sources import source_of
from .unused import without_unused
from .values import Setting, all_of


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
    setting = Setting(float(in_inner(dt, TIME, "lower", "dt")), network.seed if seed is None else int(seed))
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
        all_of(network.probes, lambda probe: tap_of(probe, setting)),
        phases_of(timetable, network, assignments),
        setting.seed,
        network.name,
    )
    return without_unused(program)

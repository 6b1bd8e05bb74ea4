"""Random numbers of a run as tables, so that engines with generators of their own see the same ones."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from neurosim.equations.tree import Num
from neurosim.errors import ProgramError
from neurosim.ir.program import Draw, Pathway, Phase, Program, Source
from neurosim.ir.random import normal, poisson, uniform
from neurosim.ir.step import ends_of_phases, place_in_plan
from neurosim.ir.wiring import edge_count, expand

COPY = 0
"""A frozen Program has the numbers of copy 0 in every copy."""


def freeze(program: Program) -> Program:
    """Draw Poisson sources, ``xi`` and ``rand()`` of all planned steps into tables.

    Parameters
    ----------
    program : Program
        Any checked Program. Planned changes of a rate take part where they are plain numbers.

    Returns
    -------
    Program
        Without randomness at run time; equal to the given one, bit for bit, on the engines that draw as :mod:`neurosim.ir.random`
        says. Planned assignments to the rate of a frozen source are left out.
    """
    if not isinstance(program, Program):
        raise ProgramError(f"freeze needs a Program, got a {type(program).__name__}; write ns.freeze(ns.lower(net, 1 * second))")
    return replace(
        program,
        sources=tuple(frozen_source(program, source) for source in program.sources),
        blocks=tuple(
            replace(block, draws=tuple(frozen_draw(draw, block.size, program.steps) for draw in block.draws)) for block in program.blocks
        ),
        pathways=tuple(frozen_pathway(pathway, program.steps) for pathway in program.pathways),
        plan=tuple(without_rates(program, phase) for phase in program.plan),
    )


def frozen_draw(draw: Draw, size: int, steps: int, before: bool = False) -> Draw:
    """A draw as a table (T, N); with a further row for the delivery before step 0."""
    if draw.kind == "table":
        return draw
    sampler = normal if draw.kind == "normal" else uniform
    rows = [sampler(draw.stream, step, COPY, size) for step in (*range(steps), *((-1,) if before else ()))]
    return replace(draw, kind="table", table=np.array(rows).reshape(len(rows), size))


def frozen_pathway(pathway: Pathway, steps: int) -> Pathway:
    """Draws per edge as tables (T, E)."""
    if not any(draw.kind != "table" for draw in pathway.draws):
        return pathway
    count = edge_count(pathway.wiring)
    size = len(expand(pathway.wiring)) if count is None else count
    before = pathway.signal is not None and not pathway.instant
    return replace(pathway, draws=tuple(frozen_draw(draw, size, steps, before) for draw in pathway.draws))


def frozen_source(program: Program, source: Source) -> Source:
    """A Poisson source as a list of events, with the rates that the plan sets."""
    if source.kind != "poisson":
        return source
    ends, rate, found = ends_of_phases(program.plan), source.rate, []
    for step in range(program.steps):
        number, k = place_in_plan(ends, step)
        for assign in program.plan[number].assign:
            if assign.part == source.name and k in assign.when:
                rate = planned_rate(source, assign.value)
        if source.name not in program.plan[number].off:
            counts = poisson(np.asarray(rate) * program.dt, source.stream, step, COPY, source.size)
            (indices,) = np.nonzero(counts)
            found.append((np.full(len(indices), step), indices, counts[indices]))
    columns = [np.concatenate(column) for column in zip(*found)] if found else [np.zeros(0, np.int64)] * 2 + [np.zeros(0)]
    return Source(source.name, source.size, "spikes", steps=columns[0], indices=columns[1], payloads=columns[2], units=source.units)


def planned_rate(source: Source, value: object) -> np.ndarray:
    """The number or array that a plan sets a rate to."""
    if isinstance(value, Num):
        return np.asarray(value.value)
    if isinstance(value, (int, float, np.ndarray, np.generic)):
        return np.asarray(value, np.float64)
    raise ProgramError("the plan sets its rate to an expression: freezing needs numbers", where=f"source {source.name!r}")


def without_rates(program: Program, phase: Phase) -> Phase:
    """Lists of events have no rate to set."""
    frozen = {source.name for source in program.sources if source.kind == "poisson"}
    return replace(phase, assign=tuple(assign for assign in phase.assign if assign.part not in frozen))

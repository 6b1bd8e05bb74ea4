"""What Brian2, as we use it, cannot run."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from neurosim.backends.base import Obstacle, Settings
from neurosim.backends.brian2.layout import reads, shared_weights
from neurosim.backends.brian2.when import stride_of_tap
from neurosim.ir.program import Block, Pathway, Program, Sampled, Source, Statement, Tap, Weights
from neurosim.ir.wiring import expected_count

LARGEST_TABLE = 2**31
"""Bytes of a table that C++ standalone is given, or makes though most of it is not wanted."""


def find_obstacles(program: Program, settings: Settings) -> tuple[Obstacle, ...]:
    """All reasons why a Program cannot run with these settings."""
    found = [*of_settings(settings)]
    for pathway in program.pathways:
        found += of_pathway(program, pathway)
    if settings.options.get("mode") == "cpp_standalone":
        found += of_standalone(program, settings)
    return tuple(found)


def of_settings(settings: Settings) -> Iterator[Obstacle]:
    """Precision."""
    if settings.precision != "double":
        yield Obstacle("precision", f"{settings.precision!r}: Brian2 runs in double precision here", 'use precision="double"')


def of_pathway(program: Program, pathway: Pathway) -> Iterator[Obstacle]:
    """Instant signals with a delay; rules on shared weights that need more than a sum."""
    where = f"pathway {pathway.name!r}"
    if pathway.instant and (isinstance(pathway.delay, Sampled) or np.any(np.asarray(pathway.delay))):
        yield Obstacle(where, "an instant signal with a delay", "drop instant, or the delay")
    if pathway.weights not in shared_weights(program) or not may_repeat(pathway):
        return
    weights = program.part(pathway.weights)
    statements = [statement for rule in pathway.rules for statement in rule.statements]
    changing = [statement for statement in statements if statement.target == "w"]
    if changing and isinstance(weights, Weights) and (weights.low > -np.inf or weights.high < np.inf):
        yield Obstacle(where, "rules change weights that several edges share and that have bounds", 'use backend="native", or no bounds')
    elif changing and (reads(tuple(statements), "w") or not all(simple(statement) for statement in changing)):
        yield Obstacle(where, "rules read or set weights that several edges share", 'use backend="native"')


def may_repeat(pathway: Pathway) -> bool:
    """Whether several edges may use one entry of the weights."""
    if isinstance(pathway.index, np.ndarray):
        return len(np.unique(pathway.index)) < len(pathway.index)
    return False


def simple(statement: Statement) -> bool:
    """Whether increments of several edges add up."""
    return statement.op in ("+=", "-=")


def of_standalone(program: Program, settings: Settings) -> Iterator[Obstacle]:
    """Everything that is known before a step goes into the program as a table; some are too large. So are some records."""
    whole = "use mode 'cython' or 'numpy', or a shorter run"
    for part, size in tables(program):
        needed = size * program.steps * 8 * settings.copies
        if needed > LARGEST_TABLE:
            yield Obstacle(part, f"its numbers of all steps take {needed / 2**30:.1f} GiB in mode 'cpp_standalone'", whole)
    for tap in program.taps:
        needed = recorded_size(program, tap) * program.steps * 8 * settings.copies
        every_step = tap.steps.every == 1 and not tap.steps.since and tap.reduce == "last"
        if not every_step and needed > LARGEST_TABLE and stride_of_tap(program, tap) is None:
            what = f"mode 'cpp_standalone' would record every step, {needed / 2**30:.1f} GiB"
            yield Obstacle(f"tap {tap.variable!r} of {tap.part!r}", what, "record in equal intervals of the whole run, or " + whole)


def tables(program: Program) -> Iterator[tuple[str, int]]:
    """(part, numbers per step)."""
    for source in program.sources:
        if source.kind != "spikes" or source.payloads is not None:
            yield f"source {source.name!r}", source.size
    for block in program.blocks:
        if block.draws:
            yield f"population {block.name!r}", block.size * len(block.draws)
    for pathway in program.pathways:
        if pathway.draws:
            yield f"pathway {pathway.name!r}", expected_count(pathway.wiring) * len(pathway.draws)


def recorded_size(program: Program, tap: Tap) -> int:
    """Values of one record."""
    part = program.part(tap.part)
    if tap.variable in ("spikes", "counts", "count"):
        return 0
    if tap.of is not None:
        return len(tap.of)
    return expected_count(part.wiring) if isinstance(part, Pathway) else part.size if isinstance(part, (Block, Source)) else 0

"""What Brian2, as we use it, cannot run."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from neurosim.backends.base import Obstacle, Settings
from neurosim.backends.brian2.layout import reads, shared_weights
from neurosim.ir.program import Pathway, Program, Sampled, Statement, Weights

LARGEST_TABLE = 2**31
"""Bytes of a table of drawn numbers that C++ standalone is given."""


def find_obstacles(program: Program, settings: Settings) -> tuple[Obstacle, ...]:
    """All reasons why a Program cannot run with these settings."""
    found = [*of_settings(program, settings)]
    for pathway in program.pathways:
        found += of_pathway(program, pathway)
    if settings.options.get("mode") == "cpp_standalone":
        found += of_standalone(program)
    return tuple(found)


def of_settings(program: Program, settings: Settings) -> Iterator[Obstacle]:
    """Precision and copies."""
    if settings.precision != "double":
        yield Obstacle("precision", f"{settings.precision!r}: Brian2 runs in double precision here", 'use precision="double"')
    if settings.copies > 1 and settings.options.get("mode") == "cpp_standalone":
        advice = "use mode 'numpy' or 'cython', or one run per copy"
        yield Obstacle("copies", f"{settings.copies} copies in mode 'cpp_standalone'", advice)


def of_pathway(program: Program, pathway: Pathway) -> Iterator[Obstacle]:
    """Instant signals with a delay; rules on shared weights that need more than a sum."""
    where = f"pathway {pathway.name!r}"
    if pathway.instant and (isinstance(pathway.delay, Sampled) or np.any(np.asarray(pathway.delay))):
        yield Obstacle(where, "an instant signal with a delay", "drop instant, or the delay")
    if pathway.weights not in shared_weights(program) or not may_repeat(pathway):
        return
    weights = program.part(pathway.weights)
    for rule in pathway.rules:
        changing = [s for s in rule.statements if s.target == "w"]
        if not changing:
            continue
        if isinstance(weights, Weights) and (weights.low > -np.inf or weights.high < np.inf):
            what = f"rule {rule.name!r} changes weights that several edges share and that have bounds"
            yield Obstacle(where, what, 'use backend="native", or no bounds')
        elif reads(rule.statements, "w") or not all(simple(s) for s in changing):
            yield Obstacle(where, f"rule {rule.name!r} reads or sets weights that several edges share", 'use backend="native"')


def may_repeat(pathway: Pathway) -> bool:
    """Whether several edges may use one entry of the weights."""
    if isinstance(pathway.index, np.ndarray):
        return len(np.unique(pathway.index)) < len(pathway.index)
    return False


def simple(statement: Statement) -> bool:
    """Whether increments of several edges add up."""
    return statement.op in ("+=", "-=")


def of_standalone(program: Program) -> Iterator[Obstacle]:
    """Everything that is known before a step goes into the program as a table; some are too large."""
    for part, size in tables(program):
        if size * program.steps * 8 > LARGEST_TABLE:
            gigabytes = size * program.steps * 8 / 2**30
            what = f"its numbers of all steps take {gigabytes:.1f} GiB in mode 'cpp_standalone'"
            yield Obstacle(part, what, "use mode 'cython' or 'numpy', or a shorter run")


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
            yield f"pathway {pathway.name!r}", (pathway.wiring.sources * pathway.wiring.targets) * len(pathway.draws)

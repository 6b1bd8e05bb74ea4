"""Where a result comes from, read off the Program and the engine."""

from __future__ import annotations

import json
import platform
from collections.abc import Mapping
from importlib import metadata

import numpy as np

from neurosim.backends import registry
from neurosim.backends.base import Settings
from neurosim.equations.tree import Num, Op, Sym
from neurosim.ir.digest import digest
from neurosim.ir.program import Block, Pathway, Program, Source
from neurosim.ir.wiring import edge_count
from neurosim.record import Record
from neurosim.result import PartInfo, PhaseInfo, Provenance, TapInfo

DISTRIBUTION = "neurosim-toolkit"


def provenance_of(program: Program, record: Record, backend: str, level: str, settings: Settings) -> Provenance:
    """Everything about a run that is not its numbers."""
    starts = np.cumsum([0, *(phase.steps for phase in program.plan)])
    phases = tuple(PhaseInfo(phase.label, int(start), phase.steps) for phase, start in zip(program.plan, starts))
    parts = (
        *(_block_info(program, block) for block in program.blocks),
        *(_source_info(program, source) for source in program.sources),
        *(_pathway_info(program, pathway, record) for pathway in program.pathways),
    )
    threads = record.info.get("threads", settings.threads)
    return Provenance(
        program.dt,
        parts,
        phases,
        program.name,
        program.seed,
        backend,
        level,
        settings.precision,
        threads if isinstance(threads, int) else None,
        settings.copies,
        dict(settings.options),
        digest(program),
        versions(backend),
        expected_rates(program.meta),
        dict(program.meta),
    )


def versions(backend: str) -> dict[str, str]:
    """Versions of what a result depends on."""
    library = registry.BUILT_IN[backend].library if backend in registry.BUILT_IN else ""
    found = {"python": platform.python_version()}
    for distribution in (DISTRIBUTION, "numpy", *((library,) if library else ())):
        try:
            found[distribution] = metadata.version(distribution)
        except metadata.PackageNotFoundError:
            found[distribution] = "unknown"
    return found


def expected_rates(meta: Mapping[str, str]) -> dict[str, dict[str, float]]:
    """Column title -> population -> rate [Hz], where the network carries them as JSON text under 'expected'."""
    try:
        columns = json.loads(meta.get("expected", "{}"))
        return {str(title): {str(k): float(v) for k, v in column.items()} for title, column in columns.items()}
    except (ValueError, AttributeError, TypeError):
        return {}


def _taps(program: Program, part: str) -> tuple[TapInfo, ...]:
    return tuple(
        TapInfo(tap.variable, tap.at, None if tap.of is None else tuple(int(i) for i in tap.of))
        for tap in program.taps
        if tap.part == part
    )


def _block_info(program: Program, block: Block) -> PartInfo:
    taps = _taps(program, block.name)
    threshold = _threshold(block)
    return PartInfo(
        block.name, "population", block.size, dict(block.units), taps, shift=block.shift, threshold=threshold
    )


def _threshold(block: Block) -> tuple[str, float] | None:
    """Variable and value of a condition such as ``v > V_th``; None for any other, or where neurons differ."""
    condition = None if block.spike is None else block.spike.condition
    if not isinstance(condition, Op) or condition.op not in (">", ">=") or not isinstance(condition.args[0], Sym):
        return None
    left, right = condition.args[0].name, condition.args[1]
    if isinstance(right, Num):
        return left, right.value
    if isinstance(right, Sym) and right.name in block.parameters:
        values = np.unique(block.parameters[right.name])
        return (left, float(values[0])) if values.size == 1 else None
    return None


def _source_info(program: Program, source: Source) -> PartInfo:
    counted = source.kind == "poisson"
    return PartInfo(
        source.name, "source", source.size, dict(source.units), _taps(program, source.name), counted=counted
    )


def _pathway_info(program: Program, pathway: Pathway, record: Record) -> PartInfo:
    unit = next((weights.unit for weights in program.weights if weights.name == pathway.weights), None)
    units = {**pathway.units, **({} if unit is None else {"w": unit})}
    return PartInfo(
        pathway.name,
        "projection",
        _edges(pathway, record),
        units,
        _taps(program, pathway.name),
        pathway.source,
        pathway.target,
        pathway.weights,
    )


def _edges(pathway: Pathway, record: Record) -> int:
    """Edges, from the recipe or from what was recorded of all of them; 0 where nobody counted."""
    counted = edge_count(pathway.wiring)
    if counted is not None:
        return counted
    for (part, _), value in record.final.items():
        if part == pathway.name:
            return int(value.shape[1])
    for (part, _), trace in record.traces.items():
        if part == pathway.name and trace.of is None:
            return int(trace.values.shape[2])
    return 0

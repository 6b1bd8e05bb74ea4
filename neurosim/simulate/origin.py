"""Where a result comes from, read off the Program and the engine."""

from __future__ import annotations

import json
import os
import platform
from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime, timezone
from importlib import metadata
from typing import Any

import numpy as np

from neurosim.backends import registry
from neurosim.backends.base import Settings
from neurosim.description import Description, from_plain
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
    inner = {name for stimulus in stimuli(program.meta) for name in (f"{stimulus}:rate", f"{stimulus}:rate -> {stimulus}")}
    words = described(program.meta)
    parts = (
        *(_block_info(program, block) for block in _in_order(program, words)),
        *(_source_info(program, source) for source in program.sources if source.name not in inner),
        *(_pathway_info(program, pathway, record) for pathway in program.pathways if pathway.name not in inner),
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
        str(record.info.get("precision", settings.precision)),
        threads if isinstance(threads, int) else None,
        settings.copies,
        dict(settings.options),
        digest(program),
        versions(backend),
        expected_rates(program.meta),
        {key: text for key, text in program.meta.items() if key != "description"},
        description=words,
        machine=machine(),
        notes=tuple(f"Warning: {text}." for text in record.warnings),
    )


def _in_order(program: Program, words: Description | None) -> list[Block]:
    """The blocks in the order of the network, which may differ from that of integration."""
    place = {part.name: k for k, part in enumerate(() if words is None else words.parts)}
    return sorted(program.blocks, key=lambda block: place.get(block.name, len(place)))


def described(meta: Mapping[str, str]) -> Description | None:
    """The network in plain words, where it is carried as JSON text under 'description'."""
    try:
        return from_plain(json.loads(meta.get("description", "{}")))
    except (ValueError, KeyError, AttributeError, TypeError):
        return None


def stimuli(meta: Mapping[str, str]) -> Mapping[str, Mapping[str, Any]]:
    """Blocks that are stimuli, where they are named as JSON text under 'stimuli'.

    Whether their events carry a number of spikes ('counted'), and what is recorded of them as it is at the start of a step, in
    the way of tables, although it is known at its end ('at_start').
    """
    found: Mapping[str, Mapping[str, Any]] = json.loads(meta.get("stimuli", "{}"))
    return found


def machine() -> dict[str, str]:
    """On what kind of machine a run was made, and when; nothing that names the machine itself."""
    return {
        "system": f"{platform.system()} {platform.machine()}",
        "processor": _processor(),
        "cores": str(os.cpu_count() or "unknown"),
        "date": datetime.now(timezone.utc).strftime("%Y-%m-%d %H:%M UTC"),
    }


def _processor() -> str:
    """The name of the processor: Linux says it in a file, other systems through `platform`."""
    try:
        with open("/proc/cpuinfo", encoding="utf-8", errors="replace") as file:
            names = (line.partition(":")[2].strip() for line in file if line.startswith("model name"))
            return next(names, "") or platform.processor() or "unknown"
    except OSError:
        return platform.processor() or "unknown"


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
    stimulus = stimuli(program.meta).get(block.name)
    if stimulus is not None:
        taps = tuple(replace(tap, at="start") if tap.variable in stimulus["at_start"] else tap for tap in taps)
        return PartInfo(block.name, "source", block.size, dict(block.units), taps, counted=bool(stimulus["counted"]))
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

"""Program -> arrays and generated text: the compilation of the native engine."""

from __future__ import annotations

import os
from collections.abc import Sequence

import numpy as np

from neurosim.backends.base import Progress, Settings
from neurosim.backends.native.assembly import Assembly, Draft
from neurosim.backends.native.background import background_text
from neurosim.backends.native.blocks import BlockText
from neurosim.backends.native.edges import kernels_of
from neurosim.backends.native.layout import (
    PAD,
    Arena,
    Background,
    General,
    Group,
    Way,
    forms,
)
from neurosim.backends.native.lazy_text import LIBRARY
from neurosim.backends.native.loop import LoopParts, loop_text
from neurosim.backends.native.parts import pays, place_parts
from neurosim.backends.native.pathways import place_pathways
from neurosim.backends.native.source import library_import
from neurosim.backends.native.taps import names_of_block, place_tap
from neurosim.ir.program import Block, Pathway, Program, Rule, Steps
from neurosim.ir.wiring import expected_count

Array = np.ndarray


def assemble(program: Program, settings: Settings, progress: Progress | None) -> Assembly:
    """Lay out, build the streams, write the text."""
    single = settings.precision == "single"
    ways = forms(program)
    threads = threads_for(program, ways, settings.threads)
    made = Assembly(program, settings, single, np.float32 if single else np.float64, threads)
    made.own_static, made.own_mutable = [{} for _ in range(threads)], [{} for _ in range(threads)]
    draft = Draft(made, ways, Arena(), Arena())
    place_parts(draft)
    place_pathways(draft, progress)
    write(draft)
    return made


def threads_for(program: Program, ways: Sequence[Way], wanted: int | None) -> int:
    """Threads that will be used; results do not depend on it.

    One where edges have states, rules or signals, and where a step is so short that waiting for each other would cost more.
    """
    if any(not isinstance(way, (Group, Background)) for way in ways):
        return 1
    if wanted is None:
        neurons = sum(block.size for block in program.blocks)
        edges = sum(expected_count(p.wiring) for p in program.pathways)
        # 0.7 ns a neuron, 2.5 ns an event, at a typical rate of 4 spikes a second.
        step = 0.7e-9 * neurons + 2.5e-9 * edges * 4e-3 * program.dt
        return 1 if step < 20e-6 else min(os.cpu_count() or 1, 4)
    return max(1, min(wanted, sum(block.size for block in program.blocks) // PAD or 1))


def write(draft: Draft) -> None:
    """Taps, rules, switches and the text of all kernels."""
    made = draft.made
    kernels = [BlockText(structure, q, made.single).kernels() for q, structure in enumerate(draft.structures)]
    kernels += kernels_of([text for _, text in draft.texts])
    kernels += [LIBRARY, *(text.kernels() for text in draft.lazy)] if draft.lazy else []
    kernels.append(background_text(draft.thresholds))
    for k, text in draft.texts:
        named = next((w for w in draft.program.weights if w.name == text.pathway.weights), None)
        fixed = {"low": named.low if named else 0.0, "high": named.high if named else 0.0, "factor": text.pathway.factor}
        made.add(f"C{k}", np.array([fixed.get(name, value) for name, value in zip(text.names, text.floats)] + [0.0], made.kind), True)
        made.add(f"J{k}", np.array([*text.integers, 0], np.int64))
    taps = tuple(place_tap(draft, j, tap) for j, tap in enumerate(draft.program.taps) if tap.variable != "spikes")
    block_rules, rules = place_rules(draft)
    made.add("on", np.ones(len(draft.ways) + len(draft.rules_of_program()) + len(draft.program.sources), np.int8), True)
    made.add("event_count", np.zeros(2 * made.threads * (len(draft.part_rows) + 1), np.int64), True)
    made.add("barrier", np.zeros(64, np.int64), True)
    made.add("stop", np.zeros(2, np.int64), True)
    made.add_each("Q", [np.array(draft.queue_rows, np.int64).reshape(-1, 8) for _ in range(made.threads)], True)
    event_record(draft)
    for block in draft.program.blocks:
        names_of_block(draft, block)
    parts = LoopParts(
        tuple(draft.runs), tuple(draft.tables), tuple(draft.poissons), tuple(draft.lists), tuple(draft.queues), tuple(draft.deliveries),
        tuple(draft.texts), tuple(block_rules), tuple(rules), taps, tuple(draft.lazy), any(tap.variable == "spikes" for tap in draft.program.taps),
    )  # fmt: skip
    made.add("F", draft.floats.array(made.kind), True)
    made.add("A", draft.sums.array(made.kind), True)
    made.arguments += [("copy", "copy"), ("dt", "dt")]
    loop = loop_text(parts, [name for name, _ in made.arguments])
    made.text = "\n\n\n".join([library_import("single" if made.single else "double"), *kernels, loop]) + "\n"


def event_record(draft: Draft) -> None:
    """Where events of each part lie, and buffers of recorded ones."""
    made, blocks = draft.made, {b.name: b for b in draft.program.blocks}
    recorded = {tap.part for tap in draft.program.taps if tap.variable == "spikes"}
    paying = {part for part in draft.part_rows if part not in blocks or pays(blocks[part])}
    cuts = {part: [made.bases[part][0] + first for first, _ in made.stretches(made.bases[part][1])] for part in draft.part_rows}
    # Sources speak through the first thread alone, from the beginning of their place.
    events = [
        [[row, cuts[part][p], int(part in recorded), int(part in paying), made.bases[part][0]] for part, row in draft.part_rows.items()]
        for p in range(made.threads)
    ]
    peak = sum(made.bases[part][1] for part in recorded)
    room = max(1 << 16, 4 * peak)
    made.paying = paying
    made.add("cuts", np.array(list(cuts.values()), np.int64).reshape(-1, made.threads))
    made.add_each("events", [np.array(mine, np.int64).reshape(-1, 5) for mine in events])
    made.add_each("rec", [np.array([0, peak], np.int64) for _ in events], True)
    made.add_each("rec_step", [np.zeros(room, np.int64) for _ in events], True)
    made.add_each("rec_id", [np.zeros(room, np.int64) for _ in events], True)
    made.add_each("rec_payload", [np.ones(room, made.kind) for _ in events], True)


def place_rules(draft: Draft) -> tuple[list[tuple[int, int, int, Rule, int]], list[tuple[int, Pathway, int, Rule, int, int]]]:
    """Rules with their switches; those of steps get a table of when."""
    made, number = draft.made, len(draft.ways)
    block_rules, rules = [], []
    where = {p.block.name: (q, m) for q, members in enumerate(draft.members) for m, p in enumerate(members)}
    way_of = {way.pathway.name: k for k, way in enumerate(draft.ways) if isinstance(way, General)}
    for part in draft.program.ruled():
        for r, rule in enumerate(part.rules):
            made.switches[rule.name] = (*made.switches.get(rule.name, ()), number)
            if isinstance(rule.trigger, Steps):
                steps = rule.trigger
                made.add(f"Y{number}", np.array([steps.every, steps.at % steps.every, steps.since], np.int64))
            if isinstance(part, Block):
                block_rules.append((*where[part.name], r, rule, number))
            elif part.name in way_of:
                rules.append((way_of[part.name], part, r, rule, number, draft.part_rows.get(part.target, 0)))
            number += 1
    return block_rules, rules

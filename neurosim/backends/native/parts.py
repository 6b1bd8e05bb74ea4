"""Populations and sources: where their states lie, which kernels they share, what starts them."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from neurosim.backends.native.assembly import Draft
from neurosim.backends.native.blocks import columns, structure_of
from neurosim.backends.native.layout import (
    PAD,
    Background,
    General,
    Place,
    added_names,
    is_fused,
    looks_back,
    output_depth,
    planned_arrays,
)
from neurosim.backends.native.loop import Run
from neurosim.equations.evaluate import evaluate
from neurosim.equations.tree import Num
from neurosim.ir.program import Block, Source, Value
from neurosim.ir.values import is_array, number

Array = np.ndarray
Arrays = Mapping[str, Array]


def place_parts(draft: Draft) -> None:
    """Offsets of blocks and sources; tables of structures."""
    backgrounds = {way.source.name for way in draft.ways if isinstance(way, Background)}
    longest = longest_delays(draft)
    base = 0
    planned = planned_arrays(draft.program)
    heard = [source for source in draft.program.sources if source.name not in backgrounds]
    parts: tuple[Block | Source, ...] = (*draft.program.blocks, *heard)
    for part in parts:
        draft.made.bases[part.name] = (base, part.size)
        base += -(-part.size // PAD) * PAD
    for block in draft.program.blocks:
        place_block(draft, block, longest, planned)
    for source in draft.program.sources:
        if source.kind == "table":
            depth = output_depth(draft.program, source.name, longest)
            draft.outputs[source.name] = ({"value": draft.floats.take(np.zeros(depth * source.size))}, depth)
    part_arrays(draft, base + PAD)
    table_structures(draft)
    for source in draft.program.sources:
        if source.name in draft.made.bases:
            place_source(draft, source)


def longest_delays(draft: Draft) -> dict[str, int]:
    """Largest delay of every pathway that reads past outputs."""
    found = {}
    for pathway in draft.program.pathways:
        if looks_back(pathway):
            found[pathway.name] = pathway.delay if isinstance(pathway.delay, int) else int(draft.delay_of(pathway).max(initial=0))
    return found


def place_block(draft: Draft, block: Block, longest: Mapping[str, int], planned: frozenset[tuple[str, str]]) -> None:
    """One block."""
    n = block.size

    def wide(value: Value) -> Array:
        return np.broadcast_to(np.asarray(value, np.float64), (n,))

    depth = output_depth(draft.program, block.name, longest)
    states = {x: draft.floats.take(wide(v)) for x, v in block.states.items()}
    arrays = {x: draft.floats.take(wide(v)) for x, v in block.parameters.items() if np.ndim(v) or (block.name, x) in planned}
    starts = starting_outputs(block)
    outputs = {x: draft.floats.take(np.tile(starts[x], depth)) for x, _ in block.outputs}
    draws = {d.name: draft.floats.take(np.zeros(n)) for d in block.draws}
    ports = {x: draft.sums.take(np.zeros(n)) for x in block.ports}
    additions = {x: draft.sums.take(np.zeros(n)) for x in added_names(draft.program, block)}
    hold = 1 if block.spike is None or np.ndim(block.spike.hold_steps) else int(block.spike.hold_steps)
    place = Place(
        block,
        draft.made.bases[block.name][0],
        states,
        arrays,
        outputs,
        depth,
        draws,
        ports,
        additions,
        hold,
        is_fused(draft.program, block),
    )
    draft.places[block.name] = place
    draft.outputs[block.name] = (outputs, depth)


def part_arrays(draft: Draft, total: int) -> None:
    """Arrays indexed by neuron over all parts."""
    made = draft.made
    hold = np.ones(total, np.int32)
    for block in draft.program.blocks:
        if block.spike is not None:
            base, n = made.bases[block.name]
            hold[base : base + n] = block.spike.hold_steps
    made.add("H", hold)
    made.add("R", np.zeros(total, np.int32), True)
    made.add("L", np.full(total, -1, np.int64), True)
    made.add("W", np.zeros(total, np.uint8), True)
    made.add("G", np.zeros(total, np.uint8), True)
    made.add("P", np.zeros(total, made.kind), True)
    made.add("event_values", np.ones(2 * total, made.kind), True)
    made.add("event_ids", np.zeros(2 * total, np.int64), True)
    spiking = [b for b in draft.program.blocks if b.spike is not None]
    draft.part_rows = {b.name: row for row, b in enumerate(spiking)}
    rows = []
    for p in range(made.threads):
        mine = [(b, *made.stretches(b.size)[p]) for b in spiking]
        rows.append(
            [[made.bases[b.name][0] + first, last - first, -(-(last - first) // PAD) * PAD, int(pays(b)), first] for b, first, last in mine]
        )
    made.add_each("blocks", [np.array(mine, np.int64).reshape(-1, 5) for mine in rows])
    made.paying |= {b.name for b in spiking if pays(b)}


def table_structures(draft: Draft) -> None:
    """Which blocks share kernels, and the tables of their offsets and scalars."""
    for block in draft.program.blocks:
        place = draft.places[block.name]
        structure = structure_of(place)
        if structure not in draft.structures:
            draft.structures.append(structure)
            draft.members.append([])
        index = draft.structures.index(structure)
        member = len(draft.members[index])
        draft.members[index].append(place)
        instant = tuple(
            k for k, way in enumerate(draft.ways) if isinstance(way, General) and way.pathway.instant and way.pathway.target == block.name
        )
        last = draft.runs[-1] if draft.runs else None
        if last is not None and last.index == index and not instant:
            draft.runs[-1] = Run(structure, index, last.first, member + 1, last.instant)
        else:
            draft.runs.append(Run(structure, index, member, member + 1, instant))
    rows: list[Array] = []
    size = 0
    for q, (structure, members) in enumerate(zip(draft.structures, draft.members)):
        scalars = [[number(p.block.parameters[x]) for x in structure.scalars] for p in members]
        tables = [
            [columns(place, structure, *draft.made.stretches(place.block.size)[p]) for place in members] for p in range(draft.made.threads)
        ]
        draft.made.add_each(f"O{q}", [np.array(table, np.int64) for table in tables])
        draft.made.add(f"S{q}", np.array(scalars, draft.made.kind).reshape(len(members), -1), True)
        if structure.draws:
            draws = [[next(d for d in p.block.draws if d.name == x) for x in structure.draws] for p in members]
            table_rows = np.zeros((len(members), len(structure.draws)), np.int64)
            for m, row in enumerate(draws):
                for c, draw in enumerate(row):
                    if draw.table is not None:
                        table_rows[m, c] = size
                        rows.append(np.asarray(draw.table, np.float64).ravel())
                        size += rows[-1].size
            kinds = {"normal": 0, "uniform": 1, "table": 2}
            draft.made.add(f"D{q}", np.array([[d.stream for d in row] for row in draws], np.uint64))
            draft.made.add(f"D{q}_kind", np.array([[kinds[d.kind] for d in row] for row in draws], np.int64))
            draft.made.add(f"D{q}_row", table_rows)
    draft.made.add("D_table", np.concatenate([*rows, np.zeros(1)]))


def place_source(draft: Draft, source: Source) -> None:
    """Tables of a source; its events use a row of their own."""
    made, z = draft.made, len(draft.tables) + len(draft.poissons) + len(draft.lists)
    switch = len(draft.ways) + len(draft.rules_of_program()) + draft.program.sources.index(source)
    made.switches[source.name] = (switch,)
    base, n = made.bases[source.name]
    numbers = [n, 0, 1, source.steps_per_item, 0, 0, switch, 0, base]
    if source.kind == "table":
        offsets, depth = draft.outputs[source.name]
        table: Array = np.asarray(source.table, made.kind)
        order = np.arange(len(table)) if source.order is None else np.asarray(source.order, np.int64)
        numbers[1:6] = [offsets["value"], depth, source.steps_per_item, len(order), ("repeat", "hold", "zero").index(source.after)]
        made.add(f"B{z}_items", table)
        made.add(f"B{z}_order", order)
        draft.tables.append((source, z))
    else:
        row = len(draft.part_rows)
        draft.part_rows[source.name] = row
        numbers[7] = row
        made.paying.add(source.name)
        place_events(draft, source, z)
    made.add(f"B{z}", np.array(numbers, np.int64))


def place_events(draft: Draft, source: Source, z: int) -> None:
    """A Poisson source or a list of events."""
    made = draft.made
    if source.kind == "poisson":
        dt = draft.program.dt
        several = is_array(source.rate) or (source.name, "rate") in planned_arrays(draft.program)
        width = source.size if several else 1
        means = np.broadcast_to(np.asarray(source.rate, np.float64) * dt, (width,)).copy()
        made.add(f"B{z}_means", means, True)
        made.add(f"B{z}_terms", np.exp(-means), True)
        made.add(f"B{z}_counts", np.zeros(source.size), True)
        made.add(f"B{z}_stream", np.array([source.stream], np.uint64))
        made.writers[source.name, "rate"] = lambda arrays, value: set_rate(arrays, z, value, dt)
        made.names[source.name, "rate"] = lambda arrays, n: arrays[f"B{z}_means"] / dt
        draft.poissons.append((source, z))
        return
    steps, indices = np.asarray(source.steps, np.int64), np.asarray(source.indices, np.int64)
    payloads = np.ones(len(steps)) if source.payloads is None else np.asarray(source.payloads, np.float64)
    made.add(f"B{z}_steps", steps)
    made.add(f"B{z}_ids", indices)
    made.add(f"B{z}_payloads", payloads)
    made.add(f"B{z}_next", np.zeros(1, np.int64), True)
    draft.lists.append((source, z))


def pays(block: Block) -> bool:
    """Whether events of a block carry payloads other than 1."""
    return block.spike is not None and block.spike.payload != Num(1.0)


def set_rate(arrays: Arrays, z: int, value: object, dt: float) -> None:
    """A new rate of a Poisson source."""
    arrays[f"B{z}_means"][...] = np.asarray(value, np.float64) * dt
    arrays[f"B{z}_terms"][...] = np.exp(-arrays[f"B{z}_means"])


def starting_outputs(block: Block) -> dict[str, Array]:
    """(N,) value of every output before step 0: given, or of the initial state with ports and draws at zero."""
    known: dict[str, object] = {"t": 0.0, "dt": 0.0, "held": 0.0, "since_spike": np.inf}
    known |= {draw.name: 0.0 for draw in block.draws} | {port: 0.0 for port in block.ports} | dict(block.parameters) | dict(block.states)
    found = {}
    for name, expr in block.outputs:
        with np.errstate(all="ignore"):
            value = block.start[name] if name in block.start else evaluate(expr, known.__getitem__)
        found[name] = np.broadcast_to(np.asarray(value, np.float64), (block.size,))
        known.setdefault(name, found[name])
    return found

"""Program -> arrays and generated text: the compilation of the native engine."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from neurosim.backends.base import Progress, Settings
from neurosim.backends.native.blocks import BlockText, Structure, columns, structure_of
from neurosim.backends.native.builder import Member, build_group, can_build, expected_edges
from neurosim.backends.native.edges import EdgeText
from neurosim.backends.native.layout import (
    PAD,
    Arena,
    Background,
    General,
    Group,
    Place,
    Way,
    added_names,
    forms,
    is_fused,
    looks_back,
    output_depth,
    plain_addition,
    unit_payload,
)
from neurosim.backends.native.lazy import Lazy
from neurosim.backends.native.lazy_arrays import lazy_arrays
from neurosim.backends.native.lazy_text import LIBRARY, LazyText, Surroundings
from neurosim.backends.native.loop import LoopParts, Queue, Run, TapText, loop_text
from neurosim.backends.native.recipes import fits_single
from neurosim.backends.native.source import library_import
from neurosim.backends.native.streams import Stream, build, target_type
from neurosim.equations.evaluate import evaluate
from neurosim.equations.tree import Call, Num, Op, Sym, names
from neurosim.ir.program import Block, Pathway, Program, Sampled, Source, Steps, Tap
from neurosim.ir.random import poisson_thresholds
from neurosim.ir.wiring import Edges, delays_of, edge_count, expand, values_of, weight_index, weight_values

Array = np.ndarray
Arrays = Mapping[str, Array]
BUFFER_BYTES = 32 << 20
"""Memory for the rows of one trace between two looks of the caller."""


@dataclass
class Assembly:
    """``arguments``: (name in the text, key of the array) of the compiled loop; ``static`` never change, ``mutable`` are per copy.

    ``own_static``, ``own_mutable``: those of each thread, under the same names.
    """

    program: Program
    settings: Settings
    single: bool
    kind: type
    threads: int = 1
    own_static: list[dict[str, Array]] = field(default_factory=list)
    own_mutable: list[dict[str, Array]] = field(default_factory=list)
    static: dict[str, Array] = field(default_factory=dict)
    mutable: dict[str, Array] = field(default_factory=dict)
    arguments: list[tuple[str, str]] = field(default_factory=list)
    switches: dict[str, tuple[int, ...]] = field(default_factory=dict)
    queues: list[str] = field(default_factory=list)
    bases: dict[str, tuple[int, int]] = field(default_factory=dict)
    paying: set[str] = field(default_factory=set)
    readers: dict[tuple[str, str], Callable[[Arrays], Array]] = field(default_factory=dict)
    writers: dict[tuple[str, str], Callable[[Arrays, object], None]] = field(default_factory=dict)
    names: dict[tuple[str, str], Callable[[Arrays, int], Array | float]] = field(default_factory=dict)
    info: dict[str, object] = field(default_factory=dict)
    tap_columns: dict[int, list[Array]] = field(default_factory=dict)
    buffered_steps: int = 1 << 20
    lazy: bool = False
    text: str = ""

    def add(self, name: str, values: Array, changes: bool = False, key: str | None = None) -> None:
        """An argument of the compiled loop."""
        key = name if key is None else key
        if key not in self.static and key not in self.mutable:
            (self.mutable if changes else self.static)[key] = np.ascontiguousarray(values)
        self.arguments.append((name, key))

    def add_each(self, name: str, values: Sequence[Array], changes: bool = False) -> None:
        """An argument of which each thread has its own."""
        for arrays, mine in zip(self.own_mutable if changes else self.own_static, values):
            arrays[name] = np.ascontiguousarray(mine)
        self.arguments.append((name, name))

    def stretches(self, size: int) -> list[tuple[int, int]]:
        """Neurons that each thread owns: whole groups of 64, ascending."""
        groups = -(-size // PAD)
        cuts = [min(size, groups * p // self.threads * PAD) for p in range(self.threads)] + [size]
        return list(zip(cuts[:-1], cuts[1:]))


def assemble(program: Program, settings: Settings, progress: Progress | None) -> Assembly:
    """Lay out, build the streams, write the text."""
    single = settings.precision == "single"
    ways = forms(program)
    threads = threads_for(program, ways, settings.threads)
    made = Assembly(program, settings, single, np.float32 if single else np.float64, threads)
    made.own_static, made.own_mutable = [{} for _ in range(threads)], [{} for _ in range(threads)]
    builder = Builder(made, ways, Arena(), Arena())
    builder.place_parts()
    builder.place_pathways(progress)
    builder.write()
    return made


def threads_for(program: Program, ways: Sequence[Way], wanted: int | None) -> int:
    """Threads that will be used; results do not depend on it.

    One where edges have states, rules or signals, and where a step is so short that waiting for each other would cost more.
    """
    if any(not isinstance(way, (Group, Background)) for way in ways):
        return 1
    if wanted is None:
        neurons = sum(block.size for block in program.blocks)
        edges = sum(edge_count(p.wiring) or p.wiring.sources * p.wiring.targets * p.wiring.probability for p in program.pathways)
        # 0.7 ns a neuron, 2.5 ns an event, at a typical rate of 4 spikes a second.
        step = 0.7e-9 * neurons + 2.5e-9 * edges * 4e-3 * program.dt
        return 1 if step < 20e-6 else min(os.cpu_count() or 1, 4)
    return max(1, min(wanted, sum(block.size for block in program.blocks) // PAD or 1))


@dataclass
class Builder:
    """Fills an Assembly, room by room."""

    made: Assembly
    ways: tuple[Way, ...]
    floats: Arena
    sums: Arena
    places: dict[str, Place] = field(default_factory=dict)
    structures: list[Structure] = field(default_factory=list)
    members: list[list[Place]] = field(default_factory=list)
    runs: list[Run] = field(default_factory=list)
    part_rows: dict[str, int] = field(default_factory=dict)
    outputs: dict[str, tuple[dict[str, int], int]] = field(default_factory=dict)
    edges: dict[str, Edges] = field(default_factory=dict)
    delays: dict[str, Array] = field(default_factory=dict)
    texts: list[tuple[int, EdgeText]] = field(default_factory=list)
    lazy: list[LazyText] = field(default_factory=list)
    queues: list[Queue] = field(default_factory=list)
    queue_rows: list[list[int]] = field(default_factory=list)
    deliveries: list[tuple[str, object]] = field(default_factory=list)
    tables: list[tuple[Source, int]] = field(default_factory=list)
    poissons: list[tuple[Source, int]] = field(default_factory=list)
    lists: list[tuple[Source, int]] = field(default_factory=list)
    stream_bytes: int = 0
    stream_edges: int = 0

    @property
    def program(self) -> Program:
        """The Program."""
        return self.made.program

    # ---- parts -----------------------------------------------------------------------------------------------------
    def place_parts(self) -> None:
        """Offsets of blocks and sources; tables of structures."""
        backgrounds = {way.source.name for way in self.ways if isinstance(way, Background)}
        longest = self.longest_delays()
        base = 0
        planned = self.planned_arrays()
        for part in (*self.program.blocks, *(s for s in self.program.sources if s.name not in backgrounds)):
            self.made.bases[part.name] = (base, part.size)
            base += -(-part.size // PAD) * PAD
        for block in self.program.blocks:
            self.place_block(block, longest, planned)
        for source in self.program.sources:
            if source.kind == "table":
                depth = output_depth(self.program, source.name, longest)
                self.outputs[source.name] = ({"value": self.floats.take(np.zeros(depth * source.size))}, depth)
        self.part_arrays(base + PAD)
        self.table_structures()

    def longest_delays(self) -> dict[str, int]:
        """Largest delay of every pathway that reads past outputs."""
        found = {}
        for pathway in self.program.pathways:
            if looks_back(pathway):
                known = isinstance(pathway.delay, int)
                found[pathway.name] = int(pathway.delay) if known else int(self.delay_of(pathway).max(initial=0))  # type: ignore[arg-type]
        return found

    def expanded(self, pathway: Pathway) -> Edges:
        """Edges of a pathway, once."""
        if pathway.name not in self.edges:
            self.edges[pathway.name] = expand(pathway.wiring)
        return self.edges[pathway.name]

    def delay_of(self, pathway: Pathway) -> Array:
        """(E,) delays of a pathway, once."""
        if pathway.name not in self.delays:
            self.delays[pathway.name] = delays_of(pathway, self.expanded(pathway))
        return self.delays[pathway.name]

    def planned_arrays(self) -> set[tuple[str, str]]:
        """Scalar parameters that the plan makes arrays."""
        found = set()
        for phase in self.program.plan:
            for assign in phase.assign:
                if isinstance(assign.value, (Num, Sym, Op, Call)) or np.ndim(assign.value):  # type: ignore[arg-type]
                    found.add((assign.part, assign.target))
        return found

    def place_block(self, block: Block, longest: Mapping[str, int], planned: set[tuple[str, str]]) -> None:
        """One block."""
        n = block.size
        wide = lambda value: np.broadcast_to(np.asarray(value, np.float64), (n,))  # noqa: E731
        depth = output_depth(self.program, block.name, longest)
        states = {x: self.floats.take(wide(v)) for x, v in block.states.items()}
        arrays = {x: self.floats.take(wide(v)) for x, v in block.parameters.items() if np.ndim(v) or (block.name, x) in planned}
        starts = starting_outputs(block)
        outputs = {x: self.floats.take(np.tile(starts[x], depth)) for x, _ in block.outputs}
        draws = {d.name: self.floats.take(np.zeros(n)) for d in block.draws}
        ports = {x: self.sums.take(np.zeros(n)) for x in block.ports}
        additions = {x: self.sums.take(np.zeros(n)) for x in added_names(self.program, block)}
        hold = 1 if block.spike is None or np.ndim(block.spike.hold_steps) else int(block.spike.hold_steps)
        place = Place(block, self.made.bases[block.name][0], states, arrays, outputs, depth, draws, ports, additions, hold, is_fused(self.program, block))
        self.places[block.name] = place
        self.outputs[block.name] = (outputs, depth)

    def part_arrays(self, total: int) -> None:
        """Arrays indexed by neuron over all parts."""
        made = self.made
        hold = np.ones(total, np.int32)
        for block in self.program.blocks:
            if block.spike is not None:
                base, n = made.bases[block.name]
                hold[base : base + n] = block.spike.hold_steps
        made.add("H", hold)
        made.add("R", np.zeros(total, np.int32), True)
        made.add("L", np.full(total, -1, np.int64), True)
        made.add("W", np.zeros(total, np.uint8), True)
        made.add("G", np.zeros(total, np.uint8), True)
        made.add("P", np.zeros(total, made.kind), True)
        made.add("event_values", np.ones((2, total), made.kind), True)
        made.add("event_ids", np.zeros((2, total), np.int64), True)
        spiking = [b for b in self.program.blocks if b.spike is not None]
        self.part_rows = {b.name: row for row, b in enumerate(spiking)}
        rows = []
        for p in range(made.threads):
            mine = [(b, *made.stretches(b.size)[p]) for b in spiking]
            rows.append([[made.bases[b.name][0] + first, last - first, -(-(last - first) // PAD) * PAD, int(pays(b)), first] for b, first, last in mine])
        made.add_each("blocks", [np.array(mine, np.int64).reshape(-1, 5) for mine in rows])
        made.paying |= {b.name for b in spiking if pays(b)}

    def table_structures(self) -> None:
        """Which blocks share kernels, and the tables of their offsets and scalars."""
        for block in self.program.blocks:
            place = self.places[block.name]
            structure = structure_of(place)
            if structure not in self.structures:
                self.structures.append(structure)
                self.members.append([])
            index = self.structures.index(structure)
            member = len(self.members[index])
            self.members[index].append(place)
            instant = tuple(k for k, way in enumerate(self.ways) if isinstance(way, General) and way.pathway.instant and way.pathway.target == block.name)
            last = self.runs[-1] if self.runs else None
            if last is not None and last.index == index and not instant:
                self.runs[-1] = Run(structure, index, last.first, member + 1, last.instant)
            else:
                self.runs.append(Run(structure, index, member, member + 1, instant))
        rows: list[Array] = []
        size = 0
        for q, (structure, members) in enumerate(zip(self.structures, self.members)):
            scalars = [[float(p.block.parameters[x]) for x in structure.scalars] for p in members]
            tables = [[columns(place, structure, *self.made.stretches(place.block.size)[p]) for place in members] for p in range(self.made.threads)]
            self.made.add_each(f"O{q}", [np.array(table, np.int64) for table in tables])
            self.made.add(f"S{q}", np.array(scalars, self.made.kind).reshape(len(members), -1), True)
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
                self.made.add(f"D{q}", np.array([[d.stream for d in row] for row in draws], np.uint64))
                self.made.add(f"D{q}_kind", np.array([[kinds[d.kind] for d in row] for row in draws], np.int64))
                self.made.add(f"D{q}_row", table_rows)
        self.made.add("D_table", np.concatenate([*rows, np.zeros(1)]))

    # ---- pathways --------------------------------------------------------------------------------------------------
    def place_pathways(self, progress: Progress | None) -> None:
        """Sources, then streams and edges in the order of delivery."""
        backgrounds = [(k, way) for k, way in enumerate(self.ways) if isinstance(way, Background)]
        for source in self.program.sources:
            if source.name in self.made.bases:
                self.place_source(source)
        rows: dict[int, int] = {}
        for row, (k, _) in enumerate(backgrounds):
            rows[k] = row
        for k, way in enumerate(self.ways):
            if progress is not None:
                progress("building", k, len(self.ways))
            if isinstance(way, Group):
                self.place_group(k, way)
            elif isinstance(way, General):
                self.place_general(k, way)
            elif isinstance(way, Lazy):
                self.place_lazy(k, way)
            else:
                self.deliveries.append(("lines", [f"background_row(i64({rows[k]}), on[{k}], n, copy, X, X_stream, X_weight, X_limits, X_counts, A)"]))
        self.place_backgrounds(backgrounds)
        if self.stream_edges:
            self.made.info["bytes_per_synapse"] = self.stream_bytes / self.stream_edges
        self.made.info["synapses"] = self.stream_edges

    def place_source(self, source: Source) -> None:
        """Tables of a source; its events use a row of their own."""
        made, z = self.made, len(self.tables) + len(self.poissons) + len(self.lists)
        switch = len(self.ways) + len(self.rules_of_program()) + self.program.sources.index(source)
        made.switches[source.name] = (switch,)
        base, n = made.bases[source.name]
        numbers = [n, 0, 1, source.steps_per_item, 0, 0, switch, 0, base]
        if source.kind == "table":
            offsets, depth = self.outputs[source.name]
            table = np.asarray(source.table, made.kind)
            order = np.arange(len(table)) if source.order is None else np.asarray(source.order, np.int64)
            numbers[1:6] = [offsets["value"], depth, source.steps_per_item, len(order), ("repeat", "hold", "zero").index(source.after)]
            made.add(f"B{z}_items", table)
            made.add(f"B{z}_order", order)
            self.tables.append((source, z))
        else:
            row = len(self.part_rows)
            self.part_rows[source.name] = row
            numbers[7] = row
            made.paying.add(source.name)
            self.place_events(source, z)
        made.add(f"B{z}", np.array(numbers, np.int64))

    def place_events(self, source: Source, z: int) -> None:
        """A Poisson source or a list of events."""
        made = self.made
        if source.kind == "poisson":
            dt = self.program.dt
            width = source.size if np.ndim(source.rate) or any(a.part == source.name and np.ndim(a.value) for p in self.program.plan for a in p.assign) else 1  # type: ignore[arg-type]
            means = np.broadcast_to(np.asarray(source.rate, np.float64) * dt, (width,)).copy()
            made.add(f"B{z}_means", means, True)
            made.add(f"B{z}_terms", np.exp(-means), True)
            made.add(f"B{z}_counts", np.zeros(source.size), True)
            made.add(f"B{z}_stream", np.array([source.stream], np.uint64))
            made.writers[source.name, "rate"] = lambda arrays, value, z=z: set_rate(arrays, z, value, dt)
            made.names[source.name, "rate"] = lambda arrays, n, z=z: arrays[f"B{z}_means"] / dt
            self.poissons.append((source, z))
            return
        steps, indices = np.asarray(source.steps, np.int64), np.asarray(source.indices, np.int64)
        payloads = np.ones(len(steps)) if source.payloads is None else np.asarray(source.payloads, np.float64)
        made.add(f"B{z}_steps", steps)
        made.add(f"B{z}_ids", indices)
        made.add(f"B{z}_payloads", payloads)
        made.add(f"B{z}_next", np.zeros(1, np.int64), True)
        self.lists.append((source, z))

    def rules_of_program(self) -> list[str]:
        """Names of all rules, blocks first."""
        return [rule.name for part in (*self.program.blocks, *self.program.pathways) for rule in part.rules]

    def new_queue(self, k: int, stream: Stream, source: str, payload: bool, general: bool) -> Queue:
        """A queue of cursors into a stream."""
        made = self.made
        base, peak = made.bases[source]
        name = f"g{k}"
        capacity = 1 << max(10, int(4 * peak - 1).bit_length())
        queue = Queue(len(self.queues), k, name, self.part_rows[source], payload or general)
        self.queues.append(queue)
        made.queues.append(name)
        self.queue_rows.append([0, 0, 0, stream.shortest, stream.longest, peak, base, 0])
        made.add(f"{name}_target", stream.target)
        made.add_each(f"{name}_start", list(np.atleast_2d(stream.start)))
        made.add_each(f"{name}_cursor", [np.zeros(capacity, np.int64) for _ in range(made.threads)], True)
        if source not in made.paying and queue.payload:
            made.paying.add(source)
        made.add_each(f"{name}_payload", [np.ones(capacity if queue.payload else 1, made.kind) for _ in range(made.threads)], True)
        made.add_each(f"{name}_added", [np.zeros(stream.longest + 1, np.int64) for _ in range(made.threads)], True)
        self.stream_bytes += stream.bytes
        return queue

    def place_group(self, k: int, way: Group) -> None:
        """One stream for all pathways of a group."""
        made, first = self.made, way.pathways[0]
        stream = self.stream_of_group(way)
        constant = None if isinstance(stream.weight, np.ndarray) else stream.weight
        self.stream_edges += stream.edges
        pays = not self.unit_payload(way)
        queue = self.new_queue(k, stream, first.source, pays, False)
        made.add(f"{queue.name}_weight", stream.weight if isinstance(stream.weight, np.ndarray) else np.array([constant], made.kind))
        function = f"deliver_{'constant' if constant is not None else 'weights'}{'_payload' if pays else ''}"
        weight_text = f"{queue.name}_weight" + ("[0]" if constant is not None else "")
        payload_text = f"{queue.name}_payload, " if pays else ""
        lines = [f"if on[{k}]:", f"    {function}({queue.name}_target, {weight_text}, {queue.name}_cursor, {payload_text}Q, i64({queue.row}), A)"]
        lines += ["else:", f"    skip({queue.name}_target, {queue.name}_cursor, Q, i64({queue.row}))"]
        self.deliveries.append(("lines", lines))
        if len(way.pathways) == 1:
            made.switches[first.name] = (k,)

    def stream_of_group(self, way: Group) -> Stream:
        """The stream of a group, built by compiled kernels where it is large."""
        made, weights = self.made, {w.name: w for w in self.program.weights}
        members = [Member(p.wiring, p.delay, weights[p.weights].values, self.sum_offset(p)) for p in way.pathways]
        constants = {float(m.values) if not isinstance(m.values, Sampled) and np.ndim(m.values) == 0 else None for m in members}
        constant = constants.pop() if len(constants) == 1 else None
        kind = np.float32 if made.single or (way.exact and all(fits_single(m.values) for m in members)) else np.float64
        size = made.bases[way.pathways[0].source][1]
        owner = self.owners() if made.threads > 1 else None
        all_edges = sum(expected_edges(p.wiring) for other in self.ways if isinstance(other, Group) for p in other.pathways)
        if can_build(members, size, all_edges):
            return build_group(members, size, kind, constant, owner=owner, owners=made.threads, threads=made.settings.threads)
        edges = [expand(p.wiring) for p in way.pathways]
        pre = np.concatenate([e.pre for e in edges])
        delay = np.concatenate([delays_of(p, e) for p, e in zip(way.pathways, edges)])
        target = np.concatenate([e.post + m.offset for m, e in zip(members, edges)])
        values = np.concatenate([values_of(m.values, e) for m, e in zip(members, edges)]).astype(kind) if constant is None else constant
        return build(size, pre, delay, target, values, constant is not None, None if owner is None else owner[target], made.threads)

    def owners(self) -> Array:
        """Thread that owns each entry of the arena of sums."""
        owner = np.zeros(self.sums.size, np.uint8)
        for place in self.places.values():
            for offset in (*place.ports.values(), *place.additions.values()):
                for p, (first, last) in enumerate(self.made.stretches(place.block.size)):
                    owner[offset + first : offset + last] = p
        return owner

    def unit_payload(self, way: Group) -> bool:
        """Whether delivery ignores payloads, because statements do or because they are 1."""

        return not any(plain_addition(p.deliver[0]) for p in way.pathways) or unit_payload(self.program, way.pathways[0].source)

    def sum_offset(self, pathway: Pathway) -> int:
        """Where the only statement of a pathway adds."""
        place, name = self.places[pathway.target], pathway.deliver[0].target[:-5]
        return place.ports[name] if name in place.ports else place.additions[name]

    def place_backgrounds(self, backgrounds: list[tuple[int, Background]]) -> None:
        """Tables of the Poisson sources whose counts are drawn at the target."""
        weights = {w.name: w for w in self.program.weights}
        rows, streams, values, limits = [], [], [], []
        for k, way in backgrounds:
            thresholds = poisson_thresholds(float(way.source.rate) * self.program.dt)
            rows.append([self.sum_offset(way.pathway), way.source.size, int(way.pathway.delay)])  # type: ignore[arg-type]
            streams.append(way.source.stream)
            values.append(float(weights[way.pathway.weights].values))  # type: ignore[arg-type]
            limits.append([t - 1 for t in thresholds])
            self.made.switches[way.pathway.name] = (k,)
        most = -(-max((len(x) for x in limits), default=4) // 4) * 4
        self.thresholds = most
        padded = np.array([x + [0xFFFFFFFF] * (most - len(x)) for x in limits], np.uint32).reshape(-1, most)
        tables = []
        for p in range(self.made.threads):
            cuts = [self.made.stretches(size)[p] for _, size, _ in rows]
            tables.append([[offset + first, last - first, delay, first] for (offset, _, delay), (first, last) in zip(rows, cuts)])
        self.made.add_each("X", [np.array(table, np.int64).reshape(-1, 4) for table in tables])
        self.made.add("X_stream", np.array(streams, np.uint64))
        self.made.add("X_weight", np.array(values, self.made.kind))
        self.made.add("X_limits", padded)
        self.made.add_each("X_counts", [np.zeros(1024, np.uint8) for _ in tables], True)

    def place_general(self, k: int, way: General) -> None:
        """Edges with states and statements."""
        made, pathway = self.made, way.pathway
        edges, delays = self.expanded(pathway), self.delay_of(pathway)
        single = int(delays[0]) if len(delays) and (delays == delays[0]).all() else 0 if not len(delays) else None
        weights = {w.name: w for w in self.program.weights}
        weighted, bounded = "", False
        made.add(f"T{k}_pre", edges.pre.astype(np.int32))
        made.add(f"T{k}_post", edges.post.astype(np.int32))
        made.add(f"T{k}_delay", delays.astype(np.int32) if single is None else np.zeros(1, np.int32))
        if pathway.weights:
            named = weights[pathway.weights]
            weighted = self.place_weights(k, way, edges)
            bounded = bool(np.isfinite(named.low) or np.isfinite(named.high))
        else:
            made.add(f"W{k}", np.zeros(1, made.kind))
            made.add(f"I{k}", np.zeros(1, np.int64))
        made.add(f"Z{k}", np.zeros(len(edges) if weighted == "shared" else 1, made.kind), True)
        for x, v in pathway.states.items():
            made.add(f"x{k}_{x}", values_of(v, edges).astype(made.kind), True)
            self.state_of_pathway(k, pathway.name, x)
        offsets, depth = self.outputs.get(pathway.source, ({}, 1))
        text = EdgeText(way, k, self.places[pathway.target], offsets, depth, made.bases[pathway.source][1], single, weighted, bounded, made.single)
        for x, v in pathway.parameters.items():
            if text.is_array(x):
                made.add(f"y{k}_{x}", values_of(v, edges).astype(made.kind), True)
                made.writers[pathway.name, x] = lambda arrays, value, key=f"y{k}_{x}": fill(arrays[key], value)
                made.names[pathway.name, x] = lambda arrays, n, key=f"y{k}_{x}": arrays[key]
            else:
                made.writers[pathway.name, x] = lambda arrays, value, text=text, x=x, k=k: set_number(arrays, text, k, x, value)
                made.names[pathway.name, x] = lambda arrays, n, text=text, x=x, k=k: arrays[f"C{k}"][text.names.index(x)] if x in text.names else float(text.pathway.parameters[x])
        for draw in pathway.draws:
            values = np.asarray(draw.table, made.kind) if draw.table is not None else np.array([draw.stream], np.uint64)
            made.add(f"U{k}_{draw.name}", values)
        if any(rule.trigger == "post" for rule in pathway.rules):
            order = np.argsort(edges.post, kind="stable")
            made.add(f"T{k}_into_edge", order.astype(np.int32))
            made.add(f"T{k}_into_start", np.searchsorted(edges.post[order], np.arange(pathway.wiring.targets + 1)).astype(np.int64))
        self.texts.append((k, text))
        made.switches[pathway.name] = (k,)
        if pathway.signal is None:
            stream = build(made.bases[pathway.source][1], edges.pre, delays, np.arange(len(edges)), None, False)
            queue = self.new_queue(k, stream, pathway.source, True, True)
            call = f"edges_deliver_{k}({queue.name}_target, {queue.name}_cursor, {queue.name}_payload, Q[{queue.row}, 0], {queue.name}_added, Q[{queue.row}, 3], Q[{queue.row}, 4], {text.arguments})"
            self.deliveries.append(("lines", [f"if on[{k}]:", f"    {call}"]))
        elif not pathway.instant:
            self.deliveries.append(("lines", [f"if on[{k}]:", f"    edges_signal_{k}({text.arguments})"]))
        self.stream_edges += len(edges)

    def place_lazy(self, k: int, way: Lazy) -> None:
        """Rows of targets and weights; what neurons remember instead of edges."""
        made, pathway = self.made, way.pathway
        named = next(w for w in self.program.weights if w.name == pathway.weights)
        edges = self.edges.pop(pathway.name, None) or expand(pathway.wiring)
        self.delays.pop(pathway.name, None)
        target = edges.post.astype(target_type(made.bases[pathway.target][1]))
        # A cursor is the number of the source: its row says the rest.
        stream = Stream(target, None, np.arange(made.bases[pathway.source][1] + 1), way.delay, way.delay)
        statements = (*pathway.deliver, *way.on_arrival)
        paid = any("value" in names(s.expr) for s in statements) and not unit_payload(self.program, pathway.source)
        queue = self.new_queue(k, stream, pathway.source, paid, False)
        around = Surroundings(self.part_rows.get(pathway.target, 0), queue.name, queue.row, self.switch_of(pathway, way.arrival), self.switch_of(pathway, way.spikes))
        text = LazyText(way, k, made.single, bool(np.isfinite(named.low) or np.isfinite(named.high)), paid, around)
        sizes = made.bases[pathway.source][1], made.bases[pathway.target][1]
        arrays = lazy_arrays(text, named, edges.pre, target, sizes, made.kind, self.program.steps, self.program.dt)
        for name, values in (*arrays.static.items(), *arrays.mutable.items()):
            made.add(name, values, name in arrays.mutable)
        key = f"weights {named.name}"
        made.add(f"W{k}", values_of(named.values, edges).astype(made.kind), True, key)
        made.add(f"J{k}", np.array([self.sum_offset(pathway), sizes[1]]))
        made.readers[pathway.name, "w"] = lambda arrays: arrays[key]
        made.readers.update({(pathway.name, x): reader for x, reader in arrays.readers.items()})
        made.writers.update({(pathway.name, x): writer for x, writer in arrays.writers.items()})
        made.writers[named.name, ""] = lambda arrays, value: fill(arrays[key], value)
        made.names[named.name, "w"] = lambda arrays, n: arrays[key]
        made.switches[pathway.name] = (k,)
        made.lazy = True
        self.lazy.append(text)
        self.deliveries.append(("lines", text.deliver_lines()))
        self.stream_edges += len(edges)
        self.stream_bytes += made.mutable[key].nbytes

    def switch_of(self, pathway: Pathway, number: int | None) -> str:
        """Text of the switch of one rule of a pathway."""
        before = [rule for part in (*self.program.blocks, *self.program.pathways[: self.program.pathways.index(pathway)]) for rule in part.rules]
        return "" if number is None else f"on[{len(self.ways) + len(before) + number}]"

    def place_weights(self, k: int, way: General, edges: Edges) -> str:
        """Weights of a general pathway: own, shared through an index, or one constant."""
        made, pathway = self.made, way.pathway
        named = next(w for w in self.program.weights if w.name == pathway.weights)
        key = f"weights {named.name}"
        values = named.values
        constant = not way.plastic and not way.shared and not isinstance(values, Sampled) and np.ndim(values) == 0
        full = np.array([float(values)]) if constant else weight_values(self.program, named)  # type: ignore[arg-type]
        made.add(f"W{k}", full.astype(made.kind), way.plastic, key)
        shared = not constant and (way.shared or pathway.factor != 1.0)
        index = weight_index(self.program, pathway, edges) if shared else np.zeros(1, np.int64)
        made.add(f"I{k}", index)
        if way.plastic:
            made.writers[named.name, ""] = lambda arrays, value, key=key: fill(arrays[key], value)
            made.names[named.name, "w"] = lambda arrays, n, key=key: arrays[key]
            if shared:
                made.readers[pathway.name, "w"] = lambda arrays, key=key, index=index, factor=pathway.factor: factor * arrays[key][index]
            else:
                made.readers[pathway.name, "w"] = lambda arrays, key=key: arrays[key]
        return "constant" if constant else "shared" if shared else "own"

    def state_of_pathway(self, k: int, pathway: str, x: str) -> None:
        """How the state of a pathway is read and written from outside."""
        key = f"x{k}_{x}"
        self.made.readers[pathway, x] = lambda arrays: arrays[key]
        self.made.writers[pathway, x] = lambda arrays, value: fill(arrays[key], value)
        self.made.names[pathway, x] = lambda arrays, n: arrays[key]

    # ---- text ------------------------------------------------------------------------------------------------------
    def write(self) -> None:
        """Taps, rules, switches and the text of all kernels."""
        made = self.made
        kernels = [BlockText(structure, q, made.single).kernels() for q, structure in enumerate(self.structures)]
        kernels += [text.kernels() for _, text in self.texts]
        kernels += [LIBRARY, *(text.kernels() for text in self.lazy)] if self.lazy else []
        kernels.append(background_text(self.thresholds))
        for k, text in self.texts:
            named = next((w for w in self.program.weights if w.name == text.pathway.weights), None)
            fixed = {"low": named.low if named else 0.0, "high": named.high if named else 0.0, "factor": text.pathway.factor}
            made.add(f"C{k}", np.array([fixed.get(name, value) for name, value in zip(text.names, text.floats)] + [0.0], made.kind), True)
            made.add(f"J{k}", np.array([*text.integers, 0], np.int64))
        taps = tuple(self.tap(j, tap) for j, tap in enumerate(self.program.taps) if tap.variable != "spikes")
        block_rules, rules = self.rules()
        made.add("on", np.ones(len(self.ways) + len(self.rules_of_program()) + len(self.program.sources), np.int8), True)
        made.add("event_count", np.zeros((2, made.threads, len(self.part_rows) + 1), np.int64), True)
        made.add("barrier", np.zeros(64, np.int64), True)
        made.add("stop", np.zeros(2, np.int64), True)
        made.add_each("Q", [np.array(self.queue_rows, np.int64).reshape(-1, 8) for _ in range(made.threads)], True)
        self.event_record()
        for block in self.program.blocks:
            self.names_of_block(block)
        parts = LoopParts(
            tuple(self.runs), (), tuple(self.tables), tuple(self.poissons), tuple(self.lists), tuple(self.queues), tuple(self.deliveries),
            tuple(self.texts), tuple(block_rules), tuple(rules), taps, tuple(self.lazy),
        )  # fmt: skip
        made.add("F", self.floats.array(made.kind), True)
        made.add("A", self.sums.array(made.kind), True)
        made.arguments += [("copy", "copy"), ("dt", "dt")]
        loop = loop_text(parts, [name for name, _ in made.arguments])
        made.text = "\n\n\n".join([library_import("single" if made.single else "double"), *kernels, loop]) + "\n"

    def event_record(self) -> None:
        """Where events of each part lie, and buffers of recorded ones."""
        made, blocks = self.made, {b.name: b for b in self.program.blocks}
        recorded = {tap.part for tap in self.program.taps if tap.variable == "spikes"}
        paying = {part for part in self.part_rows if part not in blocks or pays(blocks[part])}
        cuts = {part: [made.bases[part][0] + first for first, _ in made.stretches(made.bases[part][1])] for part in self.part_rows}
        # Sources speak through the first thread alone, from the beginning of their place.
        events = [[[row, cuts[part][p], int(part in recorded), int(part in paying), made.bases[part][0]] for part, row in self.part_rows.items()] for p in range(made.threads)]
        peak = sum(made.bases[part][1] for part in recorded)
        room = max(1 << 16, 4 * peak)
        made.paying = paying
        made.add("cuts", np.array(list(cuts.values()), np.int64).reshape(-1, made.threads))
        made.add_each("events", [np.array(mine, np.int64).reshape(-1, 5) for mine in events])
        made.add_each("rec", [np.array([0, peak], np.int64) for _ in events], True)
        made.add_each("rec_step", [np.zeros(room, np.int64) for _ in events], True)
        made.add_each("rec_id", [np.zeros(room, np.int64) for _ in events], True)
        made.add_each("rec_payload", [np.ones(room, made.kind) for _ in events], True)

    def rules(self) -> tuple[list[tuple[int, int, int, object, int]], list[tuple[int, Pathway, int, object, int, int]]]:
        """Rules with their switches; those of steps get a table of when."""
        made, number = self.made, len(self.ways)
        block_rules, rules = [], []
        where = {p.block.name: (q, m) for q, members in enumerate(self.members) for m, p in enumerate(members)}
        way_of = {way.pathway.name: k for k, way in enumerate(self.ways) if isinstance(way, General)}
        for part in (*self.program.blocks, *self.program.pathways):
            for r, rule in enumerate(part.rules):
                made.switches[rule.name] = (*made.switches.get(rule.name, ()), number)
                if isinstance(rule.trigger, Steps):
                    steps = rule.trigger
                    made.add(f"Y{number}", np.array([steps.every, steps.at % steps.every, steps.since], np.int64))
                if isinstance(part, Block):
                    block_rules.append((*where[part.name], r, rule, number))
                elif part.name in way_of:
                    rules.append((way_of[part.name], part, r, rule, number, self.part_rows.get(part.target, 0)))
                number += 1
        return block_rules, rules

    def tap(self, j: int, tap: Tap) -> TapText:
        """Buffers of a tap and the text of what it reads."""
        made = self.made
        part = self.program.part(tap.part)
        source, fused, counts, size, before = "", False, "", 1, ()
        if tap.variable in ("counts", "count"):
            counts = f"V{j}_counts"
            size = part.size  # type: ignore[union-attr]
            made.add_each(counts, [np.zeros(size, made.kind) for _ in range(made.threads)], True)
        elif isinstance(part, Pathway) and any(text.pathway.name == part.name for text in self.lazy):
            text = next(text for text in self.lazy if text.pathway.name == part.name)
            source, size, before = self.tap_of_lazy(text, tap)
        elif isinstance(part, Pathway):
            k = next(k for k, text in self.texts if text.pathway.name == part.name)
            source, size = self.tap_of_pathway(k, tap)
        else:
            source, fused, size = self.tap_of_part(part, tap)  # type: ignore[arg-type]
        of = np.arange(size) if tap.of is None else np.asarray(tap.of, np.int64)
        width = 1 if tap.variable == "count" else len(of)
        every = tap.steps.every
        rows = int(max(2, min(BUFFER_BYTES // (8 * max(width, 1)), -(-self.program.steps // every) + 1)))
        made.buffered_steps = min(made.buffered_steps, max(1, (rows - 1) * every))
        base, row = made.bases.get(tap.part, (0, 0))[0], self.part_rows.get(tap.part, 0)
        stretches = made.stretches(size) if isinstance(part, Block) else [(0, size)] + [(0, 0)] * (made.threads - 1)
        mine = [np.flatnonzero((of >= first) & (of < last)) for first, last in stretches]
        widths = [1 if tap.variable == "count" else len(chosen) for chosen in mine]
        made.tap_columns[j] = mine
        made.add_each(f"V{j}", [np.array([every, tap.steps.at % every, tap.steps.since, 0, 0, base, row, 0], np.int64) for _ in mine], True)
        made.add_each(f"V{j}_of", [of[chosen] for chosen in mine])
        made.add_each(f"V{j}_rows", [np.zeros((rows, w), made.kind) for w in widths], True)
        made.add_each(f"V{j}_steps", [np.zeros(rows, np.int64) for _ in mine], True)
        made.add_each(f"V{j}_sum", [np.zeros(w, made.kind) for w in widths], True)
        return TapText(tap, j, source, fused, counts, before)

    def tap_of_pathway(self, k: int, tap: Tap) -> tuple[str, int]:
        """A weight or synaptic state."""
        text = dict(self.texts)[k]
        if tap.variable != "w":
            return f"x{k}_{tap.variable}", len(self.made.mutable[f"x{k}_{tap.variable}"])
        if text.weighted == "own":
            key = next(key for name, key in self.made.arguments if name == f"W{k}")
            return f"W{k}", len(self.made.mutable.get(key, self.made.static.get(key, np.zeros(0))))
        edges = self.edges[text.pathway.name]
        factor = text.number("factor", 0.0)
        return f"gathered(W{k}, I{k}, {factor}, {len(edges)})", len(edges)

    def tap_of_lazy(self, text: LazyText, tap: Tap) -> tuple[str, int, tuple[str, ...]]:
        """A weight or trace of a lazy pathway, and what is done first."""
        made, k, n = self.made, text.k, "n" if tap.at == "start" else "n + 1"
        edges = len(made.mutable[f"weights {text.pathway.weights}"])
        if tap.variable == "w":
            return f"W{k}", edges, tuple(text.settle_lines(n))
        return text.trace_text(tap.variable, n), edges, ()

    def tap_of_part(self, part: Block | Source, tap: Tap) -> tuple[str, bool, int]:
        """A state, port or output; outputs at the start of a step are those of the step before."""
        place = self.places.get(part.name)
        offsets, depth = self.outputs[part.name]
        if place is not None and tap.variable in place.states and tap.variable not in offsets:
            o = place.states[tap.variable]
            return f"F[{o}:{o + part.size}]", place.fused, part.size
        if place is not None and tap.variable in place.states and tap.variable in offsets:
            o = place.states[tap.variable]
            return f"F[{o}:{o + part.size}]", place.fused, part.size
        if place is not None and tap.variable in place.ports:
            o = place.ports[tap.variable]
            return f"A[{o}:{o + part.size}]", False, part.size
        step = "n" if tap.at == "end" or isinstance(part, Source) else "(n - 1)"
        o = f"{offsets[tap.variable]} + ({step} % {depth}) * {part.size}"
        return f"F[{o}:{o} + {part.size}]", False, part.size

    def names_of_block(self, block: Block) -> None:
        """How states, parameters and outputs are read and written from outside."""
        made, place, n = self.made, self.places[block.name], block.size
        for x, o in place.states.items():
            made.readers[block.name, x] = lambda arrays, o=o: arrays["F"][o : o + n]
            made.writers[block.name, x] = lambda arrays, value, o=o: fill(arrays["F"][o : o + n], value)
            made.names[block.name, x] = lambda arrays, step, o=o: arrays["F"][o : o + n]
        for x, o in place.ports.items():
            made.names[block.name, x] = lambda arrays, step, o=o: arrays["A"][o : o + n]
        for x, o in place.outputs.items():
            if x not in place.states:
                made.names[block.name, x] = lambda arrays, step, o=o: arrays["F"][o + (step - 1) % place.depth * n : o + (step - 1) % place.depth * n + n]
        q, m = next((q, m) for q, members in enumerate(self.members) for m, p in enumerate(members) if p.block.name == block.name)
        structure = self.structures[q]
        for x, v in block.parameters.items():
            self.name_of_parameter(block.name, x, v, place, structure, q, m)
        base = place.base
        made.writers[block.name, "hold"] = lambda arrays, value: fill(arrays["R"][base : base + n], 0)

    def name_of_parameter(self, block: str, x: str, v: object, place: Place, structure: Structure, q: int, m: int) -> None:
        """A parameter of a block, and of the pathways that see it as ``x_post``."""
        made, n = self.made, place.block.size
        seen = [(k, text) for k, text in self.texts if text.pathway.target == block]

        def write(arrays: Arrays, value: object) -> None:
            if x in place.arrays:
                fill(arrays["F"][place.arrays[x] : place.arrays[x] + n], value)
            elif x in structure.scalars:
                arrays[f"S{q}"][m, structure.scalars.index(x)] = value
            for k, text in seen:
                if f"{x}_post" in text.names:
                    arrays[f"C{k}"][text.names.index(f"{x}_post")] = value

        def read(arrays: Arrays, step: int) -> Array | float:
            if x in place.arrays:
                return arrays["F"][place.arrays[x] : place.arrays[x] + n]
            return float(arrays[f"S{q}"][m, structure.scalars.index(x)]) if x in structure.scalars else float(v)  # type: ignore[arg-type]

        made.writers[block, x], made.names[block, x] = write, read


# ---- helpers -----------------------------------------------------------------------------------------------------------
def pays(block: Block) -> bool:
    """Whether events of a block carry payloads other than 1."""
    return block.spike is not None and block.spike.payload != Num(1.0)


def fill(array: Array, value: object) -> None:
    """Assign in place."""
    array[...] = value


def set_rate(arrays: Arrays, z: int, value: object, dt: float) -> None:
    """A new rate of a Poisson source."""
    arrays[f"B{z}_means"][...] = np.asarray(value) * dt  # type: ignore[operator]
    arrays[f"B{z}_terms"][...] = np.exp(-arrays[f"B{z}_means"])


def set_number(arrays: Arrays, text: EdgeText, k: int, name: str, value: object) -> None:
    """A new value of a constant of a pathway, if a kernel uses it."""
    if name in text.names:
        arrays[f"C{k}"][text.names.index(name)] = value


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


def background_text(thresholds: int) -> str:
    """Kernels that draw Poisson counts where they arrive, with so many thresholds.

    The 32-bit mixer of :func:`neurosim.ir.random.bits32` is written out with its keys hoisted, and counts are bytes: so the loop works
    on 32-bit lanes alone.
    """
    names = [f"t{i}" for i in range(thresholds)]
    count = " + ".join(f"(one if x > {name} else zero)" for name in names)
    limits = ", ".join(f"limits[{i}]" for i in range(thresholds))
    return f"""
@njit(**JIT)
def background_counts(counts, low, high, {", ".join(names)}):
    one, zero = u32(1), u32(0)
    for i in range(counts.shape[0]):
        x = u32(u32(u32(i) * u32(0x9E3779B1)) + low)
        x = u32(u32(x ^ (x >> u32(16))) * u32(0x21F0AAAD))
        x = u32(u32(x ^ (x >> u32(15))) + high)
        x = u32(u32(x ^ (x >> u32(15))) * u32(0xD35A2D97))
        x = u32(x ^ (x >> u32(15)))
        counts[i] = np.uint8({count})


@njit(**JIT)
def background_row(row, on, n, copy, X, X_stream, X_weight, X_limits, X_counts, A):
    keep_apart()
    if on and n >= X[row, 2]:
        key = substream(X_stream[row], n - X[row, 2], copy)
        low, high = u32(key & u64(0xFFFFFFFF)), u32(key >> u64(32))
        limits = X_limits[row]
        into = A[X[row, 0]:X[row, 0] + X[row, 1]]
        for first in range(0, into.shape[0], 1024):
            last = min(first + 1024, into.shape[0])
            counts = X_counts[:last - first]
            background_counts(counts, u32(low + u32(u32(X[row, 3] + first) * u32(0x9E3779B1))), high, {limits})
            add_scaled(into[first:last], counts, X_weight[row])
""".strip()

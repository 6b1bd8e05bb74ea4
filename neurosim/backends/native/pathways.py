"""Pathways: streams, edges with states, drawn backgrounds; and the lines that deliver them."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import takewhile

import numpy as np

from neurosim.backends.base import Progress
from neurosim.backends.native.assembly import Draft, View
from neurosim.backends.native.background import place_backgrounds, sum_offset
from neurosim.backends.native.builder import Member, build_group, can_build
from neurosim.backends.native.edges import EdgeText
from neurosim.backends.native.layout import (
    Background,
    General,
    Group,
    plain_addition,
    unit_payload,
)
from neurosim.backends.native.lazy import Lazy
from neurosim.backends.native.lazy_arrays import lazy_arrays
from neurosim.backends.native.lazy_text import LazyText, Surroundings
from neurosim.backends.native.loop import Queue
from neurosim.backends.native.recipes import fits_single
from neurosim.backends.native.streams import Stream, build, target_type
from neurosim.equations.tree import names
from neurosim.ir.program import Pathway, Sampled
from neurosim.ir.values import is_number, number
from neurosim.ir.wiring import Edges, delays_of, expand, expected_count, values_of, weight_index, weight_values

Array = np.ndarray
Arrays = Mapping[str, Array]


def place_pathways(draft: Draft, progress: Progress | None) -> None:
    """Streams and edges, in the order of delivery."""
    backgrounds = [(k, way) for k, way in enumerate(draft.ways) if isinstance(way, Background)]
    rows = {k: row for row, (k, _) in enumerate(backgrounds)}
    for k, way in enumerate(draft.ways):
        if progress is not None:
            progress("building", k, len(draft.ways))
        if isinstance(way, Group):
            place_group(draft, k, way)
        elif isinstance(way, General):
            place_general(draft, k, way)
        elif isinstance(way, Lazy):
            place_lazy(draft, k, way)
        else:
            draft.deliveries += [f"background_row(i64({rows[k]}), on[{k}], n, copy, X, X_stream, X_weight, X_limits, X_counts, A)"]
    place_backgrounds(draft, backgrounds)
    if draft.stream_edges:
        draft.made.info["bytes_per_synapse"] = draft.stream_bytes / draft.stream_edges
    draft.made.info["synapses"] = draft.stream_edges


def new_queue(draft: Draft, k: int, stream: Stream, source: str, payload: bool, general: bool) -> Queue:
    """A queue of cursors into a stream."""
    made = draft.made
    base, peak = made.bases[source]
    name = f"g{k}"
    capacity = 1 << max(10, int(4 * peak - 1).bit_length())
    queue = Queue(len(draft.queues), k, name, draft.part_rows[source], payload or general)
    draft.queues.append(queue)
    made.queues.append(name)
    draft.queue_rows.append([0, 0, 0, stream.shortest, stream.longest, peak, base, 0])
    made.add(f"{name}_target", stream.target)
    made.add_each(f"{name}_start", list(np.atleast_2d(stream.start)))
    made.add_each(f"{name}_cursor", [np.zeros(capacity, np.int64) for _ in range(made.threads)], True)
    if source not in made.paying and queue.payload:
        made.paying.add(source)
    made.add_each(f"{name}_payload", [np.ones(capacity if queue.payload else 1, made.kind) for _ in range(made.threads)], True)
    made.add_each(f"{name}_added", [np.zeros(1 << int(stream.longest).bit_length(), np.int64) for _ in range(made.threads)], True)
    draft.stream_bytes += stream.bytes
    return queue


def place_group(draft: Draft, k: int, way: Group) -> None:
    """One stream for all pathways of a group."""
    made, first = draft.made, way.pathways[0]
    stream = stream_of_group(draft, way)
    constant = None if isinstance(stream.weight, np.ndarray) else stream.weight
    draft.stream_edges += stream.edges
    pays = not ignores_payload(draft, way)
    queue = new_queue(draft, k, stream, first.source, pays, False)
    made.add(f"{queue.name}_weight", stream.weight if isinstance(stream.weight, np.ndarray) else np.array([constant], made.kind))
    function = f"deliver_{'constant' if constant is not None else 'weights'}{'_payload' if pays else ''}"
    weight_text = f"{queue.name}_weight" + ("[0]" if constant is not None else "")
    payload_text = f"{queue.name}_payload, " if pays else ""
    lines = [
        f"if {queue.live} and on[{k}]:",
        f"    {function}({queue.name}_target, {weight_text}, {queue.name}_cursor, {payload_text}Q, i64({queue.row}), A)",
    ]
    lines += [f"elif {queue.live}:", f"    skip({queue.name}_target, {queue.name}_cursor, Q, i64({queue.row}))"]
    draft.deliveries += lines
    if len(way.pathways) == 1:
        made.switches[first.name] = (k,)


def stream_of_group(draft: Draft, way: Group) -> Stream:
    """The stream of a group, built by compiled kernels where it is large."""
    made, weights = draft.made, {w.name: w for w in draft.program.weights}
    members = [Member(p.wiring, p.delay, weights[p.weights].values, sum_offset(draft, p)) for p in way.pathways]
    constants = {float(m.values) if not isinstance(m.values, Sampled) and np.ndim(m.values) == 0 else None for m in members}
    constant = constants.pop() if len(constants) == 1 else None
    kind = np.float32 if made.single or (way.exact and all(fits_single(m.values) for m in members)) else np.float64
    size = made.bases[way.pathways[0].source][1]
    owner = owners(draft) if made.threads > 1 else None
    all_edges = sum(expected_count(p.wiring) for other in draft.ways if isinstance(other, Group) for p in other.pathways)
    if can_build(members, size, all_edges):
        return build_group(members, size, kind, constant, owner=owner, owners=made.threads, threads=made.settings.threads)
    edges = [expand(p.wiring) for p in way.pathways]
    pre = np.concatenate([e.pre for e in edges])
    delay = np.concatenate([delays_of(p, e) for p, e in zip(way.pathways, edges)])
    target = np.concatenate([e.post + m.offset for m, e in zip(members, edges)])
    values = np.concatenate([values_of(m.values, e) for m, e in zip(members, edges)]).astype(kind) if constant is None else constant
    return build(size, pre, delay, target, values, constant is not None, None if owner is None else owner[target], made.threads)


def owners(draft: Draft) -> Array:
    """Thread that owns each entry of the arena of sums."""
    owner = np.zeros(draft.sums.size, np.uint8)
    for place in draft.places.values():
        for offset in (*place.ports.values(), *place.additions.values()):
            for p, (first, last) in enumerate(draft.made.stretches(place.block.size)):
                owner[offset + first : offset + last] = p
    return owner


def place_general(draft: Draft, k: int, way: General) -> None:
    """Edges with states and statements."""
    made, pathway = draft.made, way.pathway
    edges, delays = draft.expanded(pathway), draft.delay_of(pathway)
    single = int(delays[0]) if len(delays) and (delays == delays[0]).all() else 0 if not len(delays) else None
    weights = {w.name: w for w in draft.program.weights}
    weighted, bounded = "", False
    made.add(f"T{k}_pre", edges.pre.astype(np.int32))
    made.add(f"T{k}_post", edges.post.astype(np.int32))
    made.add(f"T{k}_delay", delays.astype(np.int32) if single is None else np.zeros(1, np.int32))
    if pathway.weights:
        named = weights[pathway.weights]
        weighted = place_weights(draft, k, way, edges)
        bounded = bool(np.isfinite(named.low) or np.isfinite(named.high))
    else:
        made.add(f"W{k}", np.zeros(1, made.kind))
        made.add(f"I{k}", np.zeros(1, np.int64))
    made.add(f"Z{k}", np.zeros(len(edges) if weighted == "shared" else 1, made.kind), True)
    for x, v in pathway.states.items():
        made.add(f"x{k}_{x}", values_of(v, edges).astype(made.kind), True)
        state_of_pathway(draft, k, pathway.name, x)
    offsets, depth = draft.outputs.get(pathway.source, ({}, 1))
    text = EdgeText(
        way, k, draft.places[pathway.target], offsets, depth, made.bases[pathway.source][1], single, weighted, bounded, made.single
    )
    for x, v in pathway.parameters.items():
        if text.is_array(x):
            made.add(f"y{k}_{x}", values_of(v, edges).astype(made.kind), True)
            view = View(f"y{k}_{x}")
            made.writers[pathway.name, x], made.names[pathway.name, x] = view.write, view.read_at
        else:
            number_of_pathway(draft, text, x)
    for draw in pathway.draws:
        values = np.asarray(draw.table, made.kind) if draw.table is not None else np.array([draw.stream], np.uint64)
        made.add(f"U{k}_{draw.name}", values)
    if any(rule.trigger == "post" for rule in pathway.rules):
        order = np.argsort(edges.post, kind="stable")
        made.add(f"T{k}_into_edge", order.astype(np.int32))
        made.add(f"T{k}_into_start", np.searchsorted(edges.post[order], np.arange(pathway.wiring.targets + 1)).astype(np.int64))
    draft.texts.append((k, text))
    made.switches[pathway.name] = (k,)
    if pathway.signal is None:
        stream = build(made.bases[pathway.source][1], edges.pre, delays, np.arange(len(edges)), None, False)
        queue = new_queue(draft, k, stream, pathway.source, True, True)
        call = f"edges_deliver_{k}({queue.name}_target, {queue.name}_cursor, {queue.name}_payload, Q[{queue.row}, 0], {queue.name}_added, Q[{queue.row}, 3], Q[{queue.row}, 4], {text.arguments})"
        draft.deliveries += [f"if {queue.live} and on[{k}]:", f"    {call}"]
    elif not pathway.instant:
        draft.deliveries += [f"if on[{k}]:", f"    edges_signal_{k}({text.arguments})"]
    draft.stream_edges += len(edges)


def place_lazy(draft: Draft, k: int, way: Lazy) -> None:
    """Rows of targets and weights; what neurons remember instead of edges."""
    made, pathway = draft.made, way.pathway
    named = next(w for w in draft.program.weights if w.name == pathway.weights)
    edges = draft.edges.pop(pathway.name, None) or expand(pathway.wiring)
    draft.delays.pop(pathway.name, None)
    target: Array = edges.post.astype(target_type(made.bases[pathway.target][1]))
    # A cursor is the number of the source: its row says the rest.
    stream = Stream(target, None, np.arange(made.bases[pathway.source][1] + 1), way.delay, way.delay, len(target))
    statements = (*pathway.deliver, *way.on_arrival)
    paid = any("value" in names(s.expr) for s in statements) and not unit_payload(draft.program, pathway.source)
    queue = new_queue(draft, k, stream, pathway.source, paid, False)
    around = Surroundings(
        draft.part_rows.get(pathway.target, 0),
        queue.name,
        queue.row,
        switch_of(draft, pathway, way.arrival),
        switch_of(draft, pathway, way.spikes),
    )
    text = LazyText(way, k, made.single, bool(np.isfinite(named.low) or np.isfinite(named.high)), paid, around)
    sizes = made.bases[pathway.source][1], made.bases[pathway.target][1]
    arrays = lazy_arrays(text, named, edges.pre, target, sizes, made.kind, draft.program.dt)
    for name, values in (*arrays.static.items(), *arrays.mutable.items()):
        made.add(name, values, name in arrays.mutable)
    key = f"weights {named.name}"
    made.add(f"W{k}", values_of(named.values, edges).astype(made.kind), True, key)
    made.add(f"J{k}", np.array([sum_offset(draft, pathway), sizes[1]]))
    made.readers[pathway.name, "w"] = View(key).read
    made.readers.update({(pathway.name, x): reader for x, reader in arrays.readers.items()})
    made.writers.update({(pathway.name, x): writer for x, writer in arrays.writers.items()})
    made.writers[named.name, ""], made.names[named.name, "w"] = View(key).write, View(key).read_at
    made.switches[pathway.name] = (k,)
    made.lazy = True
    draft.lazy.append(text)
    draft.deliveries += text.deliver_lines()
    draft.stream_edges += len(edges)
    draft.stream_bytes += made.mutable[key].nbytes


def switch_of(draft: Draft, pathway: Pathway, rule: int | None) -> str:
    """Text of the switch of one rule of a pathway."""
    before = sum(len(part.rules) for part in takewhile(lambda part: part is not pathway, draft.program.ruled()))
    return "" if rule is None else f"on[{len(draft.ways) + before + rule}]"


def place_weights(draft: Draft, k: int, way: General, edges: Edges) -> str:
    """Weights of a general pathway: own, shared through an index, or one constant."""
    made, pathway = draft.made, way.pathway
    named = next(w for w in draft.program.weights if w.name == pathway.weights)
    key = f"weights {named.name}"
    values = named.values
    looked_at = any(tap.part == pathway.name and tap.variable == "w" for tap in draft.program.taps)
    constant = not way.plastic and not way.shared and not looked_at and is_number(values)
    full = np.array([number(values)]) if constant else weight_values(draft.program, named)
    made.add(f"W{k}", full.astype(made.kind), way.plastic, key)
    shared = not constant and (way.shared or pathway.factor != 1.0)
    index = weight_index(draft.program, pathway, edges) if shared else np.zeros(1, np.int64)
    made.add(f"I{k}", index)
    if way.plastic:
        view = View(key)
        made.writers[named.name, ""], made.names[named.name, "w"] = view.write, view.read_at
        made.readers[pathway.name, "w"] = (lambda arrays: pathway.factor * arrays[key][index]) if shared else view.read
    return "constant" if constant else "shared" if shared else "own"


def state_of_pathway(draft: Draft, k: int, pathway: str, x: str) -> None:
    """How the state of a pathway is read and written from outside."""
    view = View(f"x{k}_{x}")
    draft.made.readers[pathway, x], draft.made.writers[pathway, x], draft.made.names[pathway, x] = view.read, view.write, view.read_at


def number_of_pathway(draft: Draft, text: EdgeText, x: str) -> None:
    """How a parameter that is one number is read and written from outside; no kernel has it where no statement uses it."""

    def write(arrays: Arrays, value: object) -> None:
        if x in text.names:
            arrays[f"C{text.k}"][text.names.index(x)] = value

    def read(arrays: Arrays, step: int) -> float:
        return float(arrays[f"C{text.k}"][text.names.index(x)]) if x in text.names else number(text.pathway.parameters[x])

    draft.made.writers[text.pathway.name, x], draft.made.names[text.pathway.name, x] = write, read


def ignores_payload(draft: Draft, way: Group) -> bool:
    """Whether delivery ignores payloads, because statements do or because they are 1."""
    return not any(plain_addition(p.deliver[0]) for p in way.pathways) or unit_payload(draft.program, way.pathways[0].source)

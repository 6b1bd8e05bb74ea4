"""Looking from outside: buffers of taps, and how states and parameters are read and written between steps."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import numpy as np

from neurosim.backends.native.assembly import Assembly, Draft, View
from neurosim.backends.native.blocks import Structure
from neurosim.backends.native.layout import Place
from neurosim.backends.native.lazy_text import LazyText
from neurosim.backends.native.loop import TapText
from neurosim.ir.program import Block, Pathway, Source, Tap, Value
from neurosim.ir.values import number

Array = np.ndarray
Arrays = Mapping[str, Array]
BUFFER_BYTES = 32 << 20
"""Memory for the rows of one trace between two looks of the caller."""


def place_tap(draft: Draft, j: int, tap: Tap) -> TapText:
    """Buffers of a tap and the text of what it reads."""
    made = draft.made
    part = draft.program.part(tap.part)
    source, fused, counts, size = "", False, "", 1
    before: tuple[str, ...] = ()
    if tap.variable in ("counts", "count"):
        counts = f"V{j}_counts"
        size = part.size if isinstance(part, (Block, Source)) else 0
        made.add_each(counts, [np.zeros(size, made.kind) for _ in range(made.threads)], True)
    elif isinstance(part, Pathway) and any(text.pathway.name == part.name for text in draft.lazy):
        text = next(text for text in draft.lazy if text.pathway.name == part.name)
        source, size, before = tap_of_lazy(draft, text, tap)
    elif isinstance(part, Pathway):
        k = next(k for k, text in draft.texts if text.pathway.name == part.name)
        source, size = tap_of_pathway(draft, k, tap)
    elif isinstance(part, (Block, Source)):
        source, fused, size = tap_of_part(draft, part, tap)
    of = np.arange(size) if tap.of is None else np.asarray(tap.of, np.int64)
    width = 1 if tap.variable == "count" else len(of)
    every = tap.steps.every
    rows = rows_of_buffer(width, every, draft.program.steps)
    made.buffered_steps = min(made.buffered_steps, (rows - 1) * every)
    base, row = made.bases.get(tap.part, (0, 0))[0], draft.part_rows.get(tap.part, 0)
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


def rows_of_buffer(width: int, every: int, steps: int) -> int:
    """Rows of ``width`` values that are kept between two looks, in a run of that many steps."""
    return int(max(2, min(BUFFER_BYTES // (8 * max(width, 1)), -(-steps // every) + 1)))


def lengthen_buffers(made: Assembly, taps: Sequence[Tap], own: Sequence[Sequence[dict[str, Array]]], steps: int) -> None:
    """Make the empty buffers of a machine as long as for a run of that many steps."""
    made.buffered_steps = 1 << 20
    for j, columns in made.tap_columns.items():
        width = 1 if taps[j].variable == "count" else sum(len(chosen) for chosen in columns)
        rows = rows_of_buffer(width, taps[j].steps.every, steps)
        made.buffered_steps = min(made.buffered_steps, (rows - 1) * taps[j].steps.every)
        for arrays in (arrays for threads in own for arrays in threads):
            if len(arrays[f"V{j}_steps"]) < rows:
                before = arrays[f"V{j}_rows"]
                arrays[f"V{j}_rows"], arrays[f"V{j}_steps"] = np.zeros((rows, before.shape[1]), before.dtype), np.zeros(rows, np.int64)


def is_buffer(name: str) -> bool:
    """Whether an array of a machine holds nothing between two calls of the compiled loop."""
    return name in ("rec_step", "rec_id", "rec_payload") or (name[0] == "V" and name.endswith(("_rows", "_steps")))


def tap_of_pathway(draft: Draft, k: int, tap: Tap) -> tuple[str, int]:
    """A weight or synaptic state."""
    text = dict(draft.texts)[k]
    if tap.variable != "w":
        return f"x{k}_{tap.variable}", len(draft.made.mutable[f"x{k}_{tap.variable}"])
    if text.weighted == "own":
        key = next(key for name, key in draft.made.arguments if name == f"W{k}")
        return f"W{k}", len(draft.made.mutable.get(key, draft.made.static.get(key, np.zeros(0))))
    edges = draft.edges[text.pathway.name]
    factor = text.number("factor", 0.0)
    return f"gathered(W{k}, I{k}, {factor}, {len(edges)})", len(edges)


def tap_of_lazy(draft: Draft, text: LazyText, tap: Tap) -> tuple[str, int, tuple[str, ...]]:
    """A weight or trace of a lazy pathway, and what is done first."""
    made, k, n = draft.made, text.k, "n" if tap.at == "start" else "n + 1"
    edges = len(made.mutable[f"weights {text.pathway.weights}"])
    if tap.variable == "w":
        return f"W{k}", edges, tuple(text.settle_lines(n))
    return text.trace_text(tap.variable, n), edges, ()


def tap_of_part(draft: Draft, part: Block | Source, tap: Tap) -> tuple[str, bool, int]:
    """A state, port or output; outputs at the start of a step are those of the step before."""
    place = draft.places.get(part.name)
    if place is not None and tap.variable in place.states:
        o = place.states[tap.variable]
        return f"F[{o}:{o + part.size}]", place.fused, part.size
    if place is not None and tap.variable in place.ports:
        o = place.ports[tap.variable]
        return f"A[{o}:{o + part.size}]", False, part.size
    step = "n" if tap.at == "end" or isinstance(part, Source) else "(n - 1)"
    offsets, depth = draft.outputs[part.name]
    row = f"{offsets[tap.variable]} + ({step} % {depth}) * {part.size}"
    return f"F[{row}:{row} + {part.size}]", False, part.size


def names_of_block(draft: Draft, block: Block) -> None:
    """How states, parameters and outputs are read and written from outside."""
    made, place, n = draft.made, draft.places[block.name], block.size
    for x, o in place.states.items():
        view = View("F", o, n)
        made.readers[block.name, x], made.writers[block.name, x], made.names[block.name, x] = view.read, view.write, view.read_at
    for x, o in place.ports.items():
        made.names[block.name, x] = View("A", o, n).read_at
    for x, o in place.outputs.items():
        if x not in place.states:
            made.names[block.name, x] = output_before(o, place.depth, n)
    q, m = next((q, m) for q, members in enumerate(draft.members) for m, p in enumerate(members) if p.block.name == block.name)
    structure = draft.structures[q]
    for x, v in block.parameters.items():
        name_of_parameter(draft, block.name, x, v, place, structure, q, m)
    hold = View("R", place.base, n)
    made.writers[block.name, "hold"] = lambda arrays, value: hold.write(arrays, 0)


def output_before(offset: int, depth: int, size: int) -> Callable[[Arrays, int], Array]:
    """Reads an output of the step before from its ``depth`` rows."""
    return lambda arrays, step: View("F", offset + (step - 1) % depth * size, size).read(arrays)


def name_of_parameter(draft: Draft, block: str, x: str, v: Value, place: Place, structure: Structure, q: int, m: int) -> None:
    """A parameter of a block, and of the pathways that see it as ``x_post``."""
    made = draft.made
    view = View("F", place.arrays[x], place.block.size) if x in place.arrays else None
    seen = [(k, text) for k, text in draft.texts if text.pathway.target == block]

    def write(arrays: Arrays, value: object) -> None:
        if view is not None:
            view.write(arrays, value)
        elif x in structure.scalars:
            arrays[f"S{q}"][m, structure.scalars.index(x)] = value
        for k, text in seen:
            if f"{x}_post" in text.names:
                arrays[f"C{k}"][text.names.index(f"{x}_post")] = value

    def read(arrays: Arrays, step: int) -> Array | float:
        if view is not None:
            return view.read(arrays)
        return float(arrays[f"S{q}"][m, structure.scalars.index(x)]) if x in structure.scalars else number(v)

    made.writers[block, x], made.names[block, x] = write, read

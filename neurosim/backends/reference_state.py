"""What the reference engine keeps between steps: expanded pathways, mutable arrays, and how they become a checkpoint.

Every array of a variable has a leading axis of copies: (B, N) or (B, E). Parameters are scalars, (N,) or (E,) arrays, or (B, N) after
a planned assignment that differs between copies.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np

from neurosim.errors import FileFormatError
from neurosim.ir.program import Block, Pathway, Program, Sampled, Source, Value, plastic_weights
from neurosim.ir.wiring import delays_of, expand, values_of, weight_index, weight_values

Array = np.ndarray
Chunk = tuple[Array, Array, Array]
"""Events that arrive together: copies, edges, payloads, each (M,)."""
NEVER = -1
"""Step of the last spike of a neuron that has not fired."""


@dataclass(frozen=True)
class Edges:
    """A pathway's edges in canonical order, (E,) each, with rows by source and lists by target.

    ``delay`` is one number for all where they are equal (``None``: ``delays`` differ); ``rows[i]`` ... ``rows[i + 1]`` are the edges
    of source i; ``by_target[columns[j] : columns[j + 1]]`` are the edges of target j, ascending.
    """

    pre: Array
    post: Array
    delays: Array
    delay: int | None
    index: Array | None
    rows: Array
    by_target: Array
    columns: Array

    def __len__(self) -> int:
        return len(self.pre)

    @property
    def longest(self) -> int:
        """Largest delay in steps."""
        return int(self.delays.max()) if len(self.delays) else 0


def edges_of(program: Program, pathway: Pathway) -> Edges:
    """Expand the wiring of a pathway."""
    drawn = expand(pathway.wiring)
    delays = delays_of(pathway, drawn)
    index = weight_index(program, pathway, drawn) if pathway.weights and pathway.index is not None else None
    by_target = np.argsort(drawn.post, kind="stable")
    return Edges(
        drawn.pre,
        drawn.post,
        delays,
        int(delays[0]) if len(delays) and (delays == delays[0]).all() else 0 if not len(delays) else None,
        index,
        np.searchsorted(drawn.pre, np.arange(pathway.wiring.sources + 1)),
        by_target,
        np.searchsorted(drawn.post[by_target], np.arange(pathway.wiring.targets + 1)),
    )


@dataclass
class State:
    """Everything that changes while a Program runs, apart from the record."""

    step: int = 0
    states: dict[str, dict[str, Array]] = field(default_factory=dict)
    parameters: dict[str, dict[str, Array]] = field(default_factory=dict)
    ports: dict[str, dict[str, Array]] = field(default_factory=dict)
    history: dict[str, dict[str, Array]] = field(default_factory=dict)
    free_at: dict[str, Array] = field(default_factory=dict)
    last_spike: dict[str, Array] = field(default_factory=dict)
    was_true: dict[str, Array] = field(default_factory=dict)
    weights: dict[str, Array] = field(default_factory=dict)
    queues: dict[str, list[list[Chunk]]] = field(default_factory=dict)

    def output(self, part: str, name: str) -> Array:
        """(B, N) value of an output as taken in phase 2 of the present step."""
        kept = self.history[part][name]
        found: Array = kept[self.step % len(kept)]
        return found


def wide(value: float | Array, copies: int, size: int) -> Array:
    """A fresh (B, size) array of doubles."""
    return np.broadcast_to(np.asarray(value, np.float64), (copies, size)).copy()


def parameter(value: object) -> Array:
    """A parameter as doubles: an array of no or one axis."""
    return np.array(value, np.float64)


def initial_state(program: Program, edges: Mapping[str, Edges], copies: int) -> State:
    """The state before step 0, with the outputs still empty (their ``start`` may have to be evaluated)."""
    state = State()
    for block in program.blocks:
        fill_block(state, block, copies)
    for source in program.sources:
        if source.kind == "poisson":
            state.parameters[source.name] = {"rate": parameter(source.rate)}
    for pathway in program.pathways:
        fill_pathway(state, pathway, copies, len(edges[pathway.name]))
        state.queues[pathway.name] = [[] for _ in range(edges[pathway.name].longest + 1)]
    plastic = plastic_weights(program)
    for weights in program.weights:
        values = weight_values(program, weights)
        state.weights[weights.name] = wide(values, copies if weights.name in plastic else 1, len(values))
    make_history(state, program, edges, copies)
    return state


def fill_block(state: State, block: Block, copies: int) -> None:
    """Arrays of one population."""
    state.states[block.name] = {name: wide(x, copies, block.size) for name, x in block.states.items()}
    state.parameters[block.name] = {name: parameter(x) for name, x in block.parameters.items()}
    state.ports[block.name] = {name: wide(0.0, copies, block.size) for name in block.ports}
    if block.spike is not None:
        state.free_at[block.name] = np.zeros((copies, block.size), np.int64)
        state.last_spike[block.name] = np.full((copies, block.size), NEVER, np.int64)
        state.was_true[block.name] = np.zeros((copies, block.size), bool)


def fill_pathway(state: State, pathway: Pathway, copies: int, size: int) -> None:
    """Arrays of the ``size`` edges of a pathway; only recipes need the numbers of the edges."""
    recipes = [value for value in (*pathway.states.values(), *pathway.parameters.values()) if isinstance(value, Sampled)]
    drawn = expand(pathway.wiring) if recipes else None

    def values(given: Value | Sampled) -> Array:
        return parameter(given) if drawn is None else values_of(given, drawn)

    state.states[pathway.name] = {name: wide(values(value), copies, size) for name, value in pathway.states.items()}
    state.parameters[pathway.name] = {name: values(value) for name, value in pathway.parameters.items()}


def make_history(state: State, program: Program, edges: Mapping[str, Edges], copies: int) -> None:
    """Rings of past outputs, as deep as the longest delay of a pathway from the part."""
    parts: tuple[Block | Source, ...] = (*program.blocks, *program.sources)
    for part in parts:
        depth = 1 + max((edges[p.name].longest for p in program.pathways if p.source == part.name), default=0)
        names = [name for name, _ in part.outputs] if isinstance(part, Block) else ["value"] if part.kind == "table" else []
        state.history[part.name] = {name: np.zeros((depth, copies, part.size)) for name in names}


# ---- checkpoints -------------------------------------------------------------------------------------------------------
GROUPS = ("states", "parameters", "ports", "history")
FLAT = ("free_at", "last_spike", "was_true", "weights")
EVENT_COLUMNS = ("slot", "copy", "edge", "payload")


def to_arrays(state: State) -> dict[str, Array]:
    """A copy of the state as named arrays."""
    arrays = {"step": np.array(state.step)}
    for group in GROUPS:
        for part, values in getattr(state, group).items():
            arrays.update({f"{group}/{part}/{name}": np.array(value) for name, value in values.items()})
    for group in FLAT:
        arrays.update({f"{group}/{part}": np.array(value) for part, value in getattr(state, group).items()})
    for pathway, slots in state.queues.items():
        rows = [(np.full(len(chunk[1]), slot), *chunk) for slot, chunks in enumerate(slots) for chunk in chunks]
        for column, name in enumerate(EVENT_COLUMNS):
            empty = np.zeros(0, np.float64 if name == "payload" else np.int64)
            arrays[f"queues/{pathway}/{name}"] = np.concatenate([row[column] for row in rows]) if rows else empty
    return arrays


def from_arrays(state: State, arrays: Mapping[str, Array]) -> None:
    """Take up the arrays of :func:`to_arrays`; they must be of the same Program and number of copies."""
    known = to_arrays(state)
    if set(known) != set(arrays):
        odd = sorted(set(known) ^ set(arrays))[0]
        raise FileFormatError(f"this checkpoint is of another program or of another engine: {odd!r} does not match")
    for group in GROUPS:
        for part, values in getattr(state, group).items():
            for name in values:
                given = np.array(arrays[f"{group}/{part}/{name}"])
                # Planned assignments may have given a parameter another shape.
                if group != "parameters" and given.shape != values[name].shape:
                    raise FileFormatError(
                        f"{group} {name!r} of {part!r} has shape {given.shape}, expected {values[name].shape}: another number of copies?"
                    )
                values[name] = given
    for group in FLAT:
        for part in getattr(state, group):
            getattr(state, group)[part] = np.array(arrays[f"{group}/{part}"])
    for pathway, slots in state.queues.items():
        slot, copy, edge, payload = (np.array(arrays[f"queues/{pathway}/{name}"]) for name in EVENT_COLUMNS)
        for number in range(len(slots)):
            chosen = slot == number
            slots[number] = [(copy[chosen], edge[chosen], payload[chosen])] if chosen.any() else []
    state.step = int(arrays["step"])

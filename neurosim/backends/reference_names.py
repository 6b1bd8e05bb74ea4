"""Which array a name stands for while the reference engine runs a statement: of neurons, and of edges.

Both are mappings that look names up when asked and remember them until the statement list changes them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field

import numpy as np

from neurosim.backends.reference_state import Array, Edges, State
from neurosim.equations.evaluate import compile_numpy
from neurosim.equations.tree import Expr
from neurosim.ir.program import Block, Draw, Pathway
from neurosim.ir.random import normal, uniform
from neurosim.ir.step import of_post, of_pre


@dataclass(frozen=True)
class Names(Mapping[str, Array]):
    """A mapping made of a function; what it found once, or was given, is kept."""

    find: Callable[[str], Array]
    known: dict[str, Array] = field(default_factory=dict)

    def __getitem__(self, name: str) -> Array:
        if name not in self.known:
            self.known[name] = self.find(name)
        return self.known[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self.known)

    def __len__(self) -> int:
        return len(self.known)


def evaluated(expression: Expr, names: Mapping[str, Array]) -> Array:
    """Value of an expression; what may not be finite is for the caller to silence and to check."""
    return np.asarray(compile_numpy(expression)(names.__getitem__))


def combine(old: Array, op: str, value: Array) -> Array:
    """The four assignment operators, out of place."""
    if op == "=":
        return value
    changed: Array = old + value if op == "+=" else old - value if op == "-=" else old * value
    return changed


@dataclass(frozen=True)
class Selection:
    """Edges that statements run on: ``copies``, ``edges`` (M,) each, or all edges of all copies (None: arrays are (B, E))."""

    copies: Array | None = None
    edges: Array | None = None

    def of(self, values: Array) -> Array:
        """Values of the edges: (B, E), (1, E), (E,) or scalar to those of the selection."""
        if self.edges is None or self.copies is None or values.ndim == 0:
            return values
        found: Array = values[self.edges] if values.ndim == 1 else values[self.copies if len(values) > 1 else 0, self.edges]
        return found

    def ends(self, values: Array, index: Array) -> Array:
        """Values (B, N) or (N,) or scalar of the neuron ``index`` (E,) at the end of each edge."""
        if values.ndim == 0:
            return values
        if self.edges is None or self.copies is None:
            return values[..., index]
        ends = index[self.edges]
        found: Array = values[ends] if values.ndim == 1 else values[self.copies if len(values) > 1 else 0, ends]
        return found

    def past(self, kept: Array, step: int, edges: Edges) -> Array:
        """Values (depth, B, N) of a source as they arrive at the edges in ``step``."""
        depth = len(kept)
        if edges.delay is not None:
            return self.ends(kept[(step - edges.delay) % depth], edges.pre)
        slots = (step - edges.delays) % depth
        if self.edges is None or self.copies is None:
            return kept[slots, :, edges.pre].T
        found: Array = kept[slots[self.edges], self.copies, edges.pre[self.edges]]
        return found


ALL = Selection()


def draw_numbers(draw: Draw, step: int, copies: Array, size: int) -> Array:
    """(B, size) fresh numbers of one step."""
    if draw.kind == "table":
        table = np.asarray(draw.table, np.float64)
        return np.broadcast_to(table[step], (len(copies), size))
    sampler = normal if draw.kind == "normal" else uniform
    return np.stack([sampler(draw.stream, step, int(copy), size) for copy in copies])


def of_block(state: State, block: Block, clock: Mapping[str, Array], drawn: Callable[[str], Array], ports: Mapping[str, Array]) -> Names:
    """Names of a block: its states as they are now, ports, outputs of this step, parameters, draws, since_spike."""
    draws = frozenset(draw.name for draw in block.draws)

    def find(name: str) -> Array:
        if name in state.states[block.name]:
            return state.states[block.name][name]
        if name in state.parameters[block.name]:
            return state.parameters[block.name][name]
        if name in ports:
            return ports[name]
        if name in state.history[block.name]:
            return state.output(block.name, name)
        if name in draws:
            return drawn(name)
        if name == "since_spike":
            return since_spike(state, block, clock["dt"])
        return clock[name]

    return Names(find)


def since_spike(state: State, block: Block, dt: Array) -> Array:
    """(B, N) time since the last spike in ms, infinite before the first."""
    if block.spike is None:
        return np.array(np.inf)
    last = state.last_spike[block.name]
    return np.where(last < 0, np.inf, (state.step - last) * dt)


def of_edges(
    state: State,
    pathway: Pathway,
    edges: Edges,
    where: Selection,
    clock: Mapping[str, Array],
    drawn: Callable[[str], Array],
    target: Mapping[str, Array],
) -> Names:
    """Names of the edges of a pathway; ``target`` holds the names of the target block, without the suffix ``_post``."""
    draws = frozenset(draw.name for draw in pathway.draws)

    def find(name: str) -> Array:
        if name in state.states[pathway.name]:
            return where.of(state.states[pathway.name][name])
        if name == "w":
            return weight_of_edges(state, pathway, edges, where)
        if name in state.parameters[pathway.name]:
            return where.of(state.parameters[pathway.name][name])
        if name in draws:
            return where.of(drawn(name))
        if (output := of_pre(name)) is not None:
            return where.past(state.history[pathway.source][output], state.step, edges)
        if (variable := of_post(name)) is not None:
            return where.ends(target[variable], edges.post)
        return clock[name]

    return Names(find)


def weight_of_edges(state: State, pathway: Pathway, edges: Edges, where: Selection) -> Array:
    """``factor * weights[index]`` of the edges."""
    values = state.weights[pathway.weights]
    if edges.index is None:
        chosen = where.of(values)
    elif where.edges is None or where.copies is None:
        chosen = values[:, edges.index]
    else:
        chosen = values[where.copies if len(values) > 1 else 0, edges.index[where.edges]]
    return chosen if pathway.factor == 1.0 else pathway.factor * chosen

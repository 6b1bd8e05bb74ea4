"""An Update read as an affine map: what it does to states and ports, whatever its text, its names or its scheme."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from neurosim.equations.evaluate import evaluate
from neurosim.equations.tree import names
from neurosim.ir.program import Block

Array = np.ndarray
PROBES = 3
"""Random states at which a map has to be what its values at the basis say."""
TOLERANCE = 1e-9


@dataclass(frozen=True)
class Affine:
    """new state = phi state + gain port + q, for each neuron: (N, S, S), (N, S, P), (N, S); in inner units."""

    states: tuple[str, ...]
    ports: tuple[str, ...]
    phi: Array
    gain: Array
    q: Array

    def entry(self, new: str, old: str) -> Array:
        """(N,) how much of a state, or port, of t_n is in a new state."""
        row = self.states.index(new)
        if old in self.ports:
            return self.gain[:, row, self.ports.index(old)]
        return self.phi[:, row, self.states.index(old)]

    def constant(self, new: str) -> Array:
        """(N,) what is added to a new state in every step."""
        return self.q[:, self.states.index(new)]


def has_draws(block: Block) -> bool:
    """Whether the Update draws random numbers or looks at the clock."""
    forbidden = {draw.name for draw in block.draws} | {"t", "since_spike"}
    return any(names(expr) & forbidden for _, expr in block.update.assign)


def stepped(block: Block, dt: float, states: dict[str, Array], ports: dict[str, Array]) -> dict[str, Array]:
    """The new states of neurons that are not held."""
    new: dict[str, Array] = {}
    known: dict[str, object] = {**block.parameters, **states, **ports, "dt": dt, "held": 0.0}
    for name, expr in block.update.assign:
        value = np.broadcast_to(np.asarray(evaluate(expr, known.__getitem__), np.float64), (block.size,))
        if name in block.states:
            new[name] = value
        else:
            known[name] = value
    return {name: new.get(name, states[name]) for name in states}


def affine_of(block: Block, dt: float) -> Affine | None:
    """The map of a block's Update, None where it is not affine (or is random, or looks at the clock)."""
    if has_draws(block):
        return None
    states, ports = tuple(block.states), block.ports
    width, size = len(states) + len(ports), block.size

    def at(point: Array) -> Array:
        values = {name: point[:, k] for k, name in enumerate((*states, *ports))}
        new = stepped(block, dt, {name: values[name] for name in states}, {name: values[name] for name in ports})
        return np.stack([new[name] for name in states], axis=1) if states else np.zeros((size, 0))

    found = map_of(at, size, width)
    if found is None:
        return None
    matrix, q = found
    return Affine(states, ports, matrix[:, :, : len(states)], matrix[:, :, len(states) :], q)


def map_of(at: Callable[[Array], Array], size: int, width: int) -> tuple[Array, Array] | None:
    """(matrix (N, O, W), constant (N, O)) of a function of points (N, W) with values (N, O), None where it is not affine."""
    q = at(np.zeros((size, width)))
    columns = []
    for k in range(width):
        point = np.zeros((size, width))
        point[:, k] = 1.0
        columns.append(at(point) - q)
    matrix = np.stack(columns, axis=2) if columns else np.zeros((*q.shape, 0))
    random = np.random.default_rng(0)
    for _ in range(PROBES):
        point = random.normal(scale=50.0, size=(size, width))
        expected = q + np.einsum("nij,nj->ni", matrix, point)
        scale = np.abs(q) + np.einsum("nij,nj->ni", np.abs(matrix), np.abs(point)) + 1e-12
        if not (np.abs(at(point) - expected) <= TOLERANCE * scale).all():
            return None
    # What is left of an entry by rounding is no entry.
    matrix[np.abs(matrix) < 1e-13] = 0.0
    return matrix, q

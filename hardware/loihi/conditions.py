"""What a spike condition compares and what a reset does, read from the expressions alone."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np

from neurosim.equations.evaluate import evaluate
from neurosim.equations.tree import Call, Expr, Op, Sym, names
from neurosim.hardware.loihi.affine import Affine, map_of
from neurosim.ir.program import Block, Spike

Array = np.ndarray
TURNED = (("<", ">"), (">", "<"), ("<=", ">="), (">=", "<="))


def constant_of(block: Block, expr: Expr) -> Array | None:
    """(N,) value of an expression of parameters; None where it has anything else in it."""
    if not names(expr) <= set(block.parameters):
        return None
    return np.broadcast_to(np.asarray(evaluate(expr, block.parameters.__getitem__), np.float64), (block.size,))


def sides(block: Block, expr: Expr) -> Iterator[tuple[Expr, str, Array]]:
    """(what is compared, operator, threshold) of a comparison with a constant, in either order."""
    turned = dict(TURNED)
    if not isinstance(expr, Op) or expr.op not in turned or len(expr.args) != 2:
        return
    left, right = expr.args
    for compared_one, other, op in ((left, right, expr.op), (right, left, turned[expr.op])):
        threshold = constant_of(block, other)
        if threshold is not None:
            yield compared_one, op, threshold


def compared(block: Block, expr: Expr) -> tuple[str, str, Array] | None:
    """(state, operator, threshold) of ``state > threshold`` in any order."""
    for side, op, threshold in sides(block, expr):
        if isinstance(side, Sym) and side.name in block.states:
            return side.name, op, threshold
    return None


def size_compared(block: Block, expr: Expr) -> tuple[str, str, Array] | None:
    """(state, operator, threshold) of ``abs(state) > threshold`` in any order."""
    for side, op, threshold in sides(block, expr):
        if isinstance(side, Call) and side.func == "abs" and isinstance(side.args[0], Sym) and side.args[0].name in block.states:
            return side.args[0].name, op, threshold
    return None


def compared_twice(block: Block, expr: Expr) -> tuple[str, bool, Array, Array] | None:
    """(state, whether strictly, upper, lower threshold) of ``v > high or v < low``."""
    if not isinstance(expr, Op) or expr.op != "or" or len(expr.args) != 2:
        return None
    parts = [part for part in (compared(block, argument) for argument in expr.args) if part is not None]
    for above, below in ((">", "<"), (">=", "<=")):
        high, low = (next((part for part in parts if part[1] == op), None) for op in (above, below))
        if high is not None and low is not None and high[0] == low[0]:
            return high[0], above == ">", high[2], low[2]
    return None


def ternary_of(block: Block, spike: Spike) -> tuple[str, Array, Array] | None:
    """(state, upper, lower threshold) of ``v > high or v < low`` that sends +1 and -1."""
    found = compared_twice(block, spike.condition)
    if found is None or not found[1]:
        return None
    state, _, high, low = found
    for value, expected in ((high + 1.0, 1.0), (low - 1.0, -1.0)):
        known: dict[str, object] = {**block.parameters, **{name: np.zeros(block.size) for name in block.states}, state: value}
        try:
            sent = evaluate(spike.payload, known.__getitem__)
        except KeyError:
            return None
        if not (np.asarray(sent) == expected).all():
            return None
    return state, high, low


@dataclass(frozen=True)
class Excess:
    """A neuron fires where sum of ``weights`` times states + ``constant`` is above 0 (``strict``), or at least 0; (N,) arrays."""

    weights: Mapping[str, Array]
    constant: Array
    strict: bool


def excess_of(block: Block, expr: Expr) -> Excess | None:
    """A comparison of anything that is affine in the states; the weights of those in it, in the order of the block's states."""
    if not isinstance(expr, Op) or expr.op not in dict(TURNED) or len(expr.args) != 2:
        return None
    left, right = expr.args if expr.op[0] == ">" else reversed(expr.args)
    looked_at = names(expr)
    states = tuple(name for name in block.states if name in looked_at)
    if not looked_at <= {*states, *block.parameters}:
        return None

    def at(point: Array) -> Array:
        known: dict[str, object] = {**block.parameters, **{name: point[:, k] for k, name in enumerate(states)}}
        above, below = (np.asarray(evaluate(side, known.__getitem__), np.float64) for side in (left, right))
        return np.broadcast_to(above - below, (block.size,))[:, None]

    found = map_of(at, block.size, len(states))
    if found is None:
        return None
    matrix, constant = found
    weights = {name: matrix[:, 0, k] for k, name in enumerate(states)}
    return Excess({name: weight for name, weight in weights.items() if weight.any()}, constant[:, 0], len(expr.op) == 1)


def combined(old: Array, op: str, value: Array) -> Array:
    """What a statement makes of a state."""
    after: Array = {"=": value, "+=": old + value, "-=": old - value, "*=": old * value}[op]
    return after


def jumps_of(block: Block, spike: Spike) -> Affine | None:
    """What a reset makes of the states, its statements one after the other; None where that is not affine."""
    states = tuple(block.states)
    known_names = {*states, *block.parameters}
    if any(statement.target not in states or not names(statement.expr) <= known_names for statement in spike.reset):
        return None

    def at(point: Array) -> Array:
        known: dict[str, Array] = {name: np.asarray(value) for name, value in block.parameters.items()}
        known.update({name: point[:, k] for k, name in enumerate(states)})
        for statement in spike.reset:
            value, old = np.asarray(evaluate(statement.expr, known.__getitem__), np.float64), known[statement.target]
            known[statement.target] = np.broadcast_to(combined(old, statement.op, value), (block.size,))
        return np.stack([known[name] for name in states], axis=1)

    found = map_of(at, block.size, len(states))
    return None if found is None else Affine(states, (), found[0], np.zeros((block.size, len(states), 0)), found[1])

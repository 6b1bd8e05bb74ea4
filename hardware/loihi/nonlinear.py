"""Why an Update is no affine map of its states, in the words of the network it came from."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from neurosim.equations.tree import Call, Expr, Op, names
from neurosim.ir.program import Block

LIMITERS = ("min", "max", "clip", "abs", "where", "exprel")
"""Functions that are named where there is nothing more telling."""


def nonlinear(block: Block) -> tuple[str, str]:
    """Why an Update is not affine, in the words of the network; and what to do about it."""
    if {draw.name for draw in block.draws} & used(block):
        return "noise or rand() in its equations; the chip has another noise", 'drive it with a PoissonSource, or use backend="native"'
    clock = sorted({"t", "since_spike"} & used(block))
    if clock:
        return f"its equations read {clock[0]}", 'send what changes in time as spikes, or use backend="native"'
    states = states_within(block)
    nodes = [node for _, expr in block.update.assign for node in walked(expr)]
    membrane = membrane_name(block)
    pairs = [tuple(states(argument) for argument in node.args) for node in nodes if isinstance(node, Op) and node.op == "*"]
    products = [(next(iter(a)), next(iter(b))) for a, b in pairs if len(a) == len(b) == 1]
    for a, b in products:
        if membrane in (a, b) and a != b:
            other = b if a == membrane else a
            kind = " (conductance)" if block.units.get(other) == "nS" else ""
            return f"{membrane} appears in a product with {other}{kind}", 'use a current-based synapse, or backend="native"'
    linear = 'use a leaky membrane with one current, or backend="native"'
    calls = [(node.func, sorted(states(node))) for node in nodes if isinstance(node, Call) and states(node)]
    for func, inside in sorted(calls, key=lambda call: call[0] in LIMITERS):
        return f"{' and '.join(inside)} inside {func}()", linear
    for node in nodes:
        if isinstance(node, Op) and node.op == "**" and states(node.args[0]):
            return f"{' and '.join(sorted(states(node.args[0])))} raised to a power", linear
    for a, b in products:
        return f"{a} appears in a product with {'itself' if a == b else b}", linear
    return "its equations are not linear in its states", linear


def membrane_name(block: Block) -> str:
    """The state that its spikes depend on, else its first state."""
    looked_at = names(block.spike.condition) if block.spike is not None else frozenset()
    return next((name for name in block.states if name in looked_at), next(iter(block.states), ""))


def used(block: Block) -> set[str]:
    """All names in an Update."""
    return {name for _, expr in block.update.assign for name in names(expr)}


def states_within(block: Block) -> Callable[[Expr], frozenset[str]]:
    """A function that tells which states an expression depends on, also through temporaries."""
    known: dict[str, frozenset[str]] = {name: frozenset((name,)) for name in block.states}

    def depends(expr: Expr) -> frozenset[str]:
        return frozenset().union(*(known.get(name, frozenset()) for name in names(expr)))

    for name, expr in block.update.assign:
        if name not in block.states:
            known[name] = depends(expr)
    return depends


def walked(expr: Expr) -> Iterator[Expr]:
    """A tree, innermost expressions first."""
    for argument in expr.args if isinstance(expr, (Op, Call)) else ():
        yield from walked(argument)
    yield expr

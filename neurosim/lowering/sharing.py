"""What several assignments of a step compute again and again is computed once, as a temporary."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable

from neurosim.equations import Call, Expr, Num, Op, Sym, names, walk
from neurosim.equations.tree import with_arguments

from .schemes import Assignments, free_name

CHEAP_CALLS = frozenset(("where", "abs", "sign", "relu", "min", "max", "clip"))


def share(assignments: Assignments, taken: frozenset[str]) -> Assignments:
    """The same assignments with repeated costly expressions taken out; no operation changes, so no bit does.

    Parameters
    ----------
    assignments : tuple of (str, Expr)
    taken : frozenset of str
        Names that a temporary may not have.

    Returns
    -------
    tuple of (str, Expr)
        Each temporary stands before the first assignment that reads it.
    """
    counts = Counter(node for _, expr in assignments for node in walk(expr) if is_costly(node))
    repeated = {node for node, count in counts.items() if count > 1}
    given: dict[Expr, str] = {}
    result: list[tuple[str, Expr]] = []

    def taken_out(expr: Expr) -> Expr:
        if isinstance(expr, (Num, Sym)):
            return expr
        if expr in repeated:
            if expr not in given:
                inner = _mapped(expr)
                given[expr] = free_name(f"shared_{len(given) + 1}", taken)
                result.append((given[expr], inner))
            return Sym(given[expr])
        return _mapped(expr)

    def _mapped(expr: Op | Call) -> Expr:
        return with_arguments(expr, tuple(taken_out(argument) for argument in expr.args))

    for name, expr in assignments:
        new = taken_out(expr)
        result.append((name, new))
    return tuple(_unread_put_back(result, frozenset(given.values())))


def is_costly(expr: Expr) -> bool:
    """Whether computing an expression again costs more than a few additions; what is one number for all does not."""
    return bool(names(expr) - {"dt"}) and any(
        (isinstance(node, Call) and node.func not in CHEAP_CALLS) or (isinstance(node, Op) and node.op in ("/", "**"))
        for node in walk(expr)
    )


def _unread_put_back(assignments: list[tuple[str, Expr]], temporaries: frozenset[str]) -> Iterable[tuple[str, Expr]]:
    """A part of something that was itself taken out is read once only, and goes back to where it is read."""
    reads = Counter(node.name for _, expr in assignments for node in walk(expr) if isinstance(node, Sym))
    alone = {name: expr for name, expr in assignments if name in temporaries and reads[name] == 1}

    def restored(expr: Expr) -> Expr:
        if isinstance(expr, Sym):
            return restored(alone[expr.name]) if expr.name in alone else expr
        return expr if isinstance(expr, Num) else with_arguments(expr, tuple(map(restored, expr.args)))

    return ((name, restored(expr)) for name, expr in assignments if name not in alone)

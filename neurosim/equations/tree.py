"""Expressions as frozen trees whose nodes remember where they were written.

Two trees are equal when they say the same thing; the place in the source does not take part. A tree that
`parse_expression` yields never negates a number (``-5`` is ``Num(-5.0)``): build negations with `negate`.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import TypeAlias


@dataclass(frozen=True)
class Span:
    """A stretch of one line of a source text; line and columns count from 0, `stop` is excluded."""

    line: int
    start: int
    stop: int


#: The place of nodes that no one wrote, such as a derivative.
NOWHERE = Span(-1, 0, 0)


@dataclass(frozen=True)
class Num:
    """A number. There is no negative zero and no nan: equal numbers are the same number."""

    value: float
    span: Span = field(default=NOWHERE, compare=False, repr=False)

    def __post_init__(self) -> None:
        value = float(self.value) + 0.0
        if math.isnan(value):
            raise ValueError("an expression cannot hold nan")
        object.__setattr__(self, "value", value)


@dataclass(frozen=True)
class Sym:
    """A name."""

    name: str
    span: Span = field(default=NOWHERE, compare=False, repr=False)


@dataclass(frozen=True)
class Op:
    """An operator with one or two arguments; see `OPERATORS`."""

    op: str
    args: tuple[Expr, ...]
    span: Span = field(default=NOWHERE, compare=False, repr=False)


@dataclass(frozen=True)
class Call:
    """A function of the language applied to arguments; see `FUNCTIONS`."""

    func: str
    args: tuple[Expr, ...]
    span: Span = field(default=NOWHERE, compare=False, repr=False)


Expr: TypeAlias = Num | Sym | Op | Call

#: Operators and the number of their arguments.
OPERATORS: Mapping[str, int] = MappingProxyType(
    {
        **dict.fromkeys(("+", "-", "*", "/", "**"), 2),
        **dict.fromkeys(("<", "<=", ">", ">=", "==", "!="), 2),
        **dict.fromkeys(("and", "or"), 2),
        **dict.fromkeys(("neg", "not"), 1),
    }
)
COMPARISONS = frozenset(("<", "<=", ">", ">=", "==", "!="))
LOGICAL = frozenset(("and", "or", "not"))

#: Functions and the number of their arguments. `min` and `max` are written with two or more; the tree nests them.
FUNCTIONS: Mapping[str, int] = MappingProxyType(
    {
        **dict.fromkeys(("exp", "expm1", "log", "log1p", "exprel", "sqrt", "tanh", "sigmoid", "sin", "cos"), 1),
        **dict.fromkeys(("abs", "sign", "relu", "softplus", "floor", "rate"), 1),
        **dict.fromkeys(("min", "max", "mod"), 2),
        **dict.fromkeys(("clip", "where"), 3),
        "rand": 0,
    }
)

#: Names that stand for a number wherever they are written.
CONSTANTS: Mapping[str, float] = MappingProxyType({"pi": math.pi, "inf": math.inf})


def walk(expr: Expr) -> Iterator[Expr]:
    """Every node of a tree, parents before children, left before right."""
    yield expr
    if isinstance(expr, (Op, Call)):
        for argument in expr.args:
            yield from walk(argument)


def names(expr: Expr) -> frozenset[str]:
    """The names of all symbols in a tree."""
    return frozenset(node.name for node in walk(expr) if isinstance(node, Sym))


def calls(expr: Expr) -> frozenset[str]:
    """The functions that a tree calls."""
    return frozenset(node.func for node in walk(expr) if isinstance(node, Call))


def rewrite(expr: Expr, rule: Callable[[Expr], Expr]) -> Expr:
    """The tree with `rule` applied to every node, children first. Untouched branches are kept as they are."""
    if isinstance(expr, (Op, Call)):
        arguments = tuple(rewrite(argument, rule) for argument in expr.args)
        if any(new is not old for new, old in zip(arguments, expr.args, strict=True)):
            expr = with_arguments(expr, arguments)
    return rule(expr)


def substitute(expr: Expr, mapping: Mapping[str, Expr]) -> Expr:
    """The tree with symbols replaced, all at the same time: what is put in is not searched again."""

    def replace(node: Expr) -> Expr:
        if isinstance(node, Sym):
            return mapping.get(node.name, node)
        # A number put under a minus would be a form that the parser never yields.
        if isinstance(node, Op) and node.op == "neg" and isinstance(node.args[0], Num):
            return negate(node.args[0], node.span)
        return node

    return rewrite(expr, replace)


def with_arguments(node: Op | Call, arguments: tuple[Expr, ...]) -> Op | Call:
    """The same operator or function, at the same place, with other arguments."""
    if isinstance(node, Op):
        return Op(node.op, arguments, node.span)
    return Call(node.func, arguments, node.span)


def negate(expr: Expr, span: Span = NOWHERE) -> Expr:
    """The negative of a tree, with the sign taken into a number."""
    if isinstance(expr, Num):
        return Num(-expr.value, span)
    return Op("neg", (expr,), span)

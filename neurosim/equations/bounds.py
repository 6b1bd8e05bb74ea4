"""Between which numbers an expression lies, by the arithmetic of intervals: sound, and exact where each name occurs once.

References
----------
Moore, Kearfott and Cloud 2009, Introduction to Interval Analysis, doi 10.1137/1.9780898717716.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from itertools import product
from types import MappingProxyType
from typing import TypeAlias

import numpy as np

from .evaluate import evaluate
from .tree import CONSTANTS, Call, Expr, Num, Op, Sym

Interval: TypeAlias = tuple[float, float]
ANYTHING: Interval = (-math.inf, math.inf)
RISING = frozenset(("exp", "expm1", "log", "log1p", "sqrt", "tanh", "sigmoid", "floor", "relu", "softplus", "sign"))
"""Functions that do not decrease: their bounds are their values at the ends."""


def bounds_of(expr: Expr, names: Mapping[str, Interval]) -> Interval:
    """The least and the largest value that an expression may have.

    Parameters
    ----------
    expr : Expr
        In inner units.
    names : mapping
        Bounds of the names in it.

    Returns
    -------
    (float, float)
        Infinite where nothing is known.

    Examples
    --------
    >>> from neurosim.equations import parse_expression
    >>> bounds_of(parse_expression("r * (1 + sin(t))"), {"r": (0.0, 3.0), "t": (0.0, math.inf)})
    (0.0, 6.0)
    """
    if isinstance(expr, Num):
        return expr.value, expr.value
    if isinstance(expr, Sym):
        constant = CONSTANTS.get(expr.name)
        return names.get(expr.name, ANYTHING) if constant is None else (constant, constant)
    arguments = [bounds_of(argument, names) for argument in expr.args]
    if isinstance(expr, Op):
        found = _of_operator(expr.op, arguments)
    else:
        found = _of_function(expr.func, arguments)
    return ANYTHING if any(math.isnan(end) for end in found) else found


def _of_operator(op: str, of: list[Interval]) -> Interval:
    if op == "neg":
        return -of[0][1], -of[0][0]
    if op == "+":
        return of[0][0] + of[1][0], of[0][1] + of[1][1]
    if op == "-":
        return of[0][0] - of[1][1], of[0][1] - of[1][0]
    if op == "*":
        return _products(of[0], of[1])
    if op == "/":
        low, high = of[1]
        return ANYTHING if low <= 0.0 <= high else _products(of[0], (1.0 / high, 1.0 / low))
    if op == "**":
        return _power(of[0], of[1])
    return _of_condition(op, of)


def _of_condition(op: str, of: list[Interval]) -> Interval:
    """(1, 1) where it is true for sure, (0, 0) where it is false, else (0, 1)."""
    if op in ("and", "or"):
        choose = min if op == "and" else max
        return choose(of[0][0], of[1][0]), choose(of[0][1], of[1][1])
    if op == "not":
        return 1.0 - of[0][1], 1.0 - of[0][0]
    if op in (">", ">="):
        return _of_condition("<" if op == ">" else "<=", of[::-1])
    (low, high), (least, most) = of
    if op in ("<", "<="):
        return float(high < least or (op == "<=" and high <= least)), float(low < most or (op == "<=" and low <= most))
    equal = float(low == high == least == most), float(low <= most and least <= high)
    return equal if op == "==" else (1.0 - equal[1], 1.0 - equal[0])


def _products(one: Interval, other: Interval) -> Interval:
    ends = [0.0 if 0.0 in (a, b) else a * b for a, b in product(one, other)]
    return min(ends), max(ends)


def _power(base: Interval, exponent: Interval) -> Interval:
    power = exponent[0]
    if exponent[1] != power:
        return (0.0, math.inf) if base[0] >= 0.0 else ANYTHING
    if power % 2.0 == 0.0 and power > 0.0:
        ends = [abs(end) ** power for end in base]
        return (0.0 if base[0] <= 0.0 <= base[1] else min(ends)), max(ends)
    if power > 0.0 and (base[0] >= 0.0 or power % 1.0 == 0.0):
        return math.copysign(abs(base[0]) ** power, base[0]), math.copysign(abs(base[1]) ** power, base[1])
    return (base[1] ** power, base[0] ** power) if base[0] > 0.0 else ANYTHING


def _either(one: Interval, other: Interval) -> Interval:
    return min(one[0], other[0]), max(one[1], other[1])


def _clip(of: list[Interval]) -> Interval:
    (low, high), (least, _), (_, most) = of
    return min(max(low, least), most), max(min(high, most), least)


_OTHERS: Mapping[str, Callable[[list[Interval]], Interval]] = MappingProxyType(
    {
        "sin": lambda of: (-1.0, 1.0),
        "cos": lambda of: (-1.0, 1.0),
        "abs": lambda of: (0.0 if of[0][0] <= 0.0 <= of[0][1] else min(map(abs, of[0])), max(map(abs, of[0]))),
        "min": lambda of: (min(of[0][0], of[1][0]), min(of[0][1], of[1][1])),
        "max": lambda of: (max(of[0][0], of[1][0]), max(of[0][1], of[1][1])),
        "clip": _clip,
        "where": lambda of: of[1] if of[0] == (1.0, 1.0) else of[2] if of[0] == (0.0, 0.0) else _either(of[1], of[2]),
        "mod": lambda of: (0.0, of[1][1]) if of[1][0] > 0.0 else ANYTHING,
    }
)


def _of_function(name: str, of: list[Interval]) -> Interval:
    if name in RISING:
        low, high = (float(evaluate(Call(name, (Sym("x"),)), {"x": np.float64(end)}.__getitem__)) for end in of[0])
        return (-math.inf if math.isnan(low) else low), high
    return _OTHERS[name](of) if name in _OTHERS else ANYTHING

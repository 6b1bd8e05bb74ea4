"""Tree to LaTeX: fractions, Greek letters, subscripts."""

from __future__ import annotations

import math
import re
from collections.abc import Callable

from .tree import Call, Expr, Num, Op, Sym

GREEK = frozenset(
    "alpha beta gamma delta epsilon zeta eta theta iota kappa lambda mu nu xi pi rho sigma tau upsilon phi chi "
    "psi omega "
    "Gamma Delta Theta Lambda Xi Pi Sigma Phi Psi Omega".split()
)
_SIGNS = {
    "<=": r"\leq",
    ">=": r"\geq",
    "==": "=",
    "!=": r"\neq",
    "and": r"\land",
    "or": r"\lor",
}
BINDING = {"or": 1, "and": 2, "not": 3, "+": 5, "-": 5, "*": 6, "/": 9, "neg": 7, "**": 8}
_NAMED = frozenset(("exp", "log", "tanh", "sin", "cos", "min", "max"))
COMPARE = 4
ATOM = 10


def show_latex(expr: Expr, rename: Callable[[str], str] | None = None) -> str:
    """Write a tree as LaTeX, without dollar signs.

    Examples
    --------
    >>> from neurosim.equations import parse_expression
    >>> print(show_latex(parse_expression("(v_rest - v)/tau_m")))
    \\frac{v_{\\mathrm{rest}} - v}{\\tau_{m}}
    """
    return _latex(expr, rename or latex_name, 0)


def latex_derivative(name: str) -> str:
    """The left-hand side of the equation of a state.

    Examples
    --------
    >>> print(latex_derivative("v"))
    \\frac{dv}{dt}
    """
    return rf"\frac{{d{latex_name(name)}}}{{dt}}"


def latex_name(name: str) -> str:
    """A name with Greek letters and subscripts: ``tau_m`` becomes ``\\tau_{m}``."""
    first, *rest = name_parts(name)
    head = _word(first)
    return f"{head}_{{{','.join(_word(part) for part in rest)}}}" if rest else head


def name_parts(name: str) -> list[str]:
    """A name and its subscripts: ``tau_m`` is tau with the subscript m, ``g1`` is g with the subscript 1."""
    parts = [part for part in name.split("_") if part] or [name]
    trailing = re.fullmatch(r"([A-Za-z]+?)(\d+)", parts[0])
    return [trailing[1], trailing[2]] if trailing and len(parts) == 1 else parts


def _word(word: str) -> str:
    if word in GREEK:
        return f"\\{word}"
    return word if len(word) == 1 or word.isdigit() else rf"\mathrm{{{word}}}"


def _number(value: float) -> str:
    if math.isinf(value):
        return r"\infty" if value > 0 else r"-\infty"
    if abs(value) == math.pi:
        return r"\pi" if value > 0 else r"-\pi"
    mantissa, _, exponent = repr(value).partition("e")
    mantissa = mantissa.removesuffix(".0")
    if not exponent:
        return mantissa
    power = f"10^{{{int(exponent)}}}"
    return power if mantissa == "1" else rf"{mantissa} \cdot {power}"


def _latex(expr: Expr, rename: Callable[[str], str], outer: int) -> str:
    if isinstance(expr, Sym):
        return rename(expr.name)
    if isinstance(expr, Num):
        text, binding = _number(expr.value), ATOM if expr.value >= 0 and "cdot" not in _number(expr.value) else 6
    elif isinstance(expr, Call):
        text, binding = _function(expr, rename), ATOM
    else:
        text, binding = _operator(expr, rename), BINDING.get(expr.op, COMPARE)
    return rf"\left({text}\right)" if binding < outer else text


def _operator(expr: Op, rename: Callable[[str], str]) -> str:
    binding = BINDING.get(expr.op, COMPARE)
    if expr.op == "not":
        return rf"\lnot {_latex(expr.args[0], rename, binding + 1)}"
    if expr.op == "neg":
        return f"-{_latex(expr.args[0], rename, 6)}"
    left, right = expr.args
    if expr.op == "/":
        return rf"\frac{{{_latex(left, rename, 0)}}}{{{_latex(right, rename, 0)}}}"
    if expr.op == "**":
        # A fraction under a power needs brackets although it binds tightly everywhere else.
        return f"{_latex(left, rename, ATOM)}^{{{_latex(right, rename, 0)}}}"
    first = _latex(left, rename, binding + (binding == COMPARE))
    second = _latex(right, rename, binding + (expr.op == "-" or binding == COMPARE))
    if second.startswith("-") and expr.op in ("+", "-", "*"):
        second = rf"\left({second}\right)"
    if expr.op == "*":
        both_digits = first[-1:].isdigit() and second[:1].isdigit()
        return rf"{first} \cdot {second}" if both_digits else rf"{first} \, {second}"
    return f"{first} {_SIGNS.get(expr.op, expr.op)} {second}"


def _function(expr: Call, rename: Callable[[str], str]) -> str:
    arguments = [_latex(argument, rename, 0) for argument in expr.args]
    if expr.func == "where":
        condition, yes, no = arguments
        return rf"\begin{{cases}} {yes} & {condition} \\ {no} & \text{{otherwise}} \end{{cases}}"
    if expr.func == "sqrt":
        return rf"\sqrt{{{arguments[0]}}}"
    if expr.func == "abs":
        return rf"\left|{arguments[0]}\right|"
    if expr.func == "floor":
        return rf"\left\lfloor {arguments[0]} \right\rfloor"
    if expr.func == "rate":
        return rf"\dot{{{arguments[0]}}}"
    head = f"\\{expr.func}" if expr.func in _NAMED else rf"\operatorname{{{expr.func}}}"
    return rf"{head}\left({', '.join(arguments)}\right)"

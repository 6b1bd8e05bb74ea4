"""Tree to MathML, which browsers draw without fonts or scripts from elsewhere: fractions, roots, cases, Greek letters, subscripts."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from html import escape
from types import MappingProxyType

from .latex import ATOM, BINDING, COMPARE, GREEK, name_parts
from .tree import Call, Expr, Num, Op, Sym

_LETTERS = (
    "alpha beta gamma delta epsilon zeta eta theta iota kappa lambda mu nu xi omicron pi rho final sigma tau upsilon phi chi psi omega"
).split()
_SIGNS: Mapping[str, str] = MappingProxyType(
    {"-": "−", "<=": "≤", ">=": "≥", "==": "=", "!=": "≠", "and": "∧", "or": "∨"}
)
_FENCES: Mapping[str, tuple[str, str]] = MappingProxyType({"abs": ("|", "|"), "floor": ("⌊", "⌋")})
_THIN = '<mspace width="0.17em"/>'
_MINUS = "<mrow><mo>−</mo>"
_BEGINS_WITH_DIGITS = re.compile("(<mrow>|<msup>)*<mn>")


def mathml(*pieces: str, block: bool = False) -> str:
    """A whole formula from pieces that the other functions of this module wrote.

    Examples
    --------
    >>> mathml(mathml_name("v"))
    '<math><mi>v</mi></math>'
    """
    opening = '<math display="block">' if block else "<math>"
    return f"{opening}{''.join(pieces)}</math>"


def show_mathml(expr: Expr) -> str:
    """Write a tree as one MathML element, to be put into `mathml`.

    Examples
    --------
    >>> from neurosim.equations import parse_expression
    >>> show_mathml(parse_expression("x / tau_m"))
    '<mfrac><mi>x</mi><msub><mi>τ</mi><mi>m</mi></msub></mfrac>'
    """
    return _element(expr, 0)


def mathml_equation(left: str, expr: Expr, sign: str = "=") -> str:
    """``left = expr``; the left-hand side is MathML already."""
    return f"{left}<mo>{sign}</mo>{show_mathml(expr)}"


def mathml_derivative(name: str) -> str:
    """The left-hand side of the equation of a state.

    Examples
    --------
    >>> mathml_derivative("v")
    '<mfrac><mrow><mi>d</mi><mi>v</mi></mrow><mrow><mi>d</mi><mi>t</mi></mrow></mfrac>'
    """
    return f"<mfrac><mrow><mi>d</mi>{mathml_name(name)}</mrow><mrow><mi>d</mi><mi>t</mi></mrow></mfrac>"


def mathml_assignment(target: str, op: str, expr: Expr) -> str:
    """A statement, as the new value of its target: ``w -= a * y`` is written w ← w − a y.

    Examples
    --------
    >>> from neurosim.equations import parse_expression
    >>> mathml_assignment("v", "=", parse_expression("E"))
    '<mi>v</mi><mo>←</mo><mi>E</mi>'
    """
    value = expr if op == "=" else Op(op.removesuffix("="), (Sym(target), expr))
    return mathml_equation(mathml_name(target), value, "←")


def mathml_name(name: str) -> str:
    """A name with Greek letters and subscripts: ``tau_m`` becomes τ with the subscript m."""
    first, *rest = name_parts(name)
    if not rest:
        return _word(first)
    below = "<mo>,</mo>".join(_word(part) for part in rest)
    return f"<msub>{_word(first)}{below if len(rest) == 1 else f'<mrow>{below}</mrow>'}</msub>"


def _word(word: str) -> str:
    if word.isdigit():
        return f"<mn>{word}</mn>"
    return f"<mi>{_greek(word) if word in GREEK else escape(word)}</mi>"


def _greek(word: str) -> str:
    letter = chr(ord("α") + _LETTERS.index(word.lower()))
    return letter.upper() if word[0].isupper() else letter


def _number(value: float) -> str:
    """An element for a number that is not negative."""
    if math.isinf(value):
        return "<mi>∞</mi>"
    if value == math.pi:
        return "<mi>π</mi>"
    mantissa, _, exponent = repr(value).partition("e")
    digits = f"<mn>{mantissa.removesuffix('.0')}</mn>"
    if not exponent:
        return digits
    sign = "<mo>−</mo>" if int(exponent) < 0 else ""
    power = f"<msup><mn>10</mn><mrow>{sign}<mn>{abs(int(exponent))}</mn></mrow></msup>"
    return power if mantissa == "1" else f"<mrow>{digits}<mo>·</mo>{power}</mrow>"


def _element(expr: Expr, outer: int) -> str:
    """One element; in brackets where it binds less than what is around it."""
    if isinstance(expr, Sym):
        return mathml_name(expr.name)
    if isinstance(expr, Num):
        number = _number(abs(expr.value))
        inner = f"<mrow><mo>−</mo>{number}</mrow>" if expr.value < 0 else number
        binding = ATOM if expr.value >= 0 and "·" not in number else BINDING["*"]
    elif isinstance(expr, Call):
        inner, binding = _function(expr), ATOM
    else:
        inner, binding = _operator(expr), BINDING.get(expr.op, COMPARE)
    return _fenced(inner) if binding < outer else inner


def _fenced(inner: str, left: str = "(", right: str = ")") -> str:
    return f'<mrow><mo fence="true">{left}</mo>{inner}<mo fence="true">{right}</mo></mrow>'


def _operator(expr: Op) -> str:
    binding = BINDING.get(expr.op, COMPARE)
    if expr.op in ("not", "neg"):
        sign, tight = ("¬", ATOM) if expr.op == "not" else ("−", BINDING["*"])
        inner = _element(expr.args[0], tight)
        return f"<mrow><mo>{sign}</mo>{_fenced(inner) if inner.startswith(_MINUS) else inner}</mrow>"
    left, right = expr.args
    if expr.op == "/":
        return f"<mfrac>{_element(left, 0)}{_element(right, 0)}</mfrac>"
    if expr.op == "**":
        # A fraction under a power needs brackets although it binds tightly everywhere else.
        return f"<msup>{_element(left, ATOM)}{_element(right, 0)}</msup>"
    first = _element(left, binding + (binding == COMPARE))
    second = _element(right, binding + (expr.op == "-" or binding == COMPARE))
    if expr.op in ("+", "-", "*") and second.startswith(_MINUS):
        second = _fenced(second)
    if expr.op == "*":
        sign = "<mo>·</mo>" if _BEGINS_WITH_DIGITS.match(second) else _THIN
    else:
        sign = f"<mo>{_SIGNS.get(expr.op, escape(expr.op))}</mo>"
    return f"<mrow>{first}{sign}{second}</mrow>"


def _function(expr: Call) -> str:
    arguments = [_element(argument, 0) for argument in expr.args]
    if expr.func == "where":
        condition, yes, no = arguments
        rows = _case(yes, "<mtext>if\u00a0</mtext>" + condition) + _case(no, "<mtext>otherwise</mtext>")
        return f'<mrow><mo fence="true">{{</mo><mtable columnalign="left left">{rows}</mtable></mrow>'
    if expr.func == "sqrt":
        return f"<msqrt>{arguments[0]}</msqrt>"
    if expr.func in _FENCES:
        return _fenced(arguments[0], *_FENCES[expr.func])
    if expr.func == "rate":
        return f'<mover accent="true">{arguments[0]}<mo>˙</mo></mover>'
    return f"<mrow><mi>{escape(expr.func)}</mi>{_fenced('<mo>,</mo>'.join(arguments))}</mrow>"


def _case(value: str, when: str) -> str:
    return f"<mtr><mtd>{value}</mtd><mtd>{when}</mtd></mtr>"

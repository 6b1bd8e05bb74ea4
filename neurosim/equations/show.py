"""Tree to text, with as few brackets as the reader needs, in the dialect of whoever reads it.

`PLAIN` is the equation language itself: ``parse_expression(show(tree)) == tree`` for every tree the parser yields.
Engines keep dialects of their own. Numbers are written so that their bits survive.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType

from .latex import show_latex
from .tree import Call, Expr, Num, Op, Sym

# How tightly an operator binds; an argument that binds less gets brackets.
_OR, _AND, _NOT, _COMPARE, _SUM, _PRODUCT, _SIGN, _POWER, _ATOM = range(1, 10)
_BINDING: Mapping[str, int] = MappingProxyType(
    {
        "or": _OR,
        "and": _AND,
        "not": _NOT,
        **dict.fromkeys(("<", "<=", ">", ">=", "==", "!="), _COMPARE),
        **dict.fromkeys(("+", "-"), _SUM),
        **dict.fromkeys(("*", "/"), _PRODUCT),
        "neg": _SIGN,
        "**": _POWER,
    }
)


@dataclass(frozen=True)
class Dialect:
    """How one reader spells functions, logic and numbers.

    Parameters
    ----------
    name : str
        For messages and dispatch.
    calls : mapping
        Function or logical operator to a template such as ``"np.exp({0})"``; arguments are put in as whole
        expressions. What is not listed is spelled as in the language.
    infinity : str
        The spelling of infinity.
    """

    name: str
    calls: Mapping[str, str]
    infinity: str = "inf"


PLAIN = Dialect("plain", MappingProxyType({}))

#: For documentation: fractions, Greek letters, subscripts.
LATEX = Dialect("latex", MappingProxyType({}))

_DIALECTS = MappingProxyType({d.name: d for d in (PLAIN, LATEX)})


def show(expr: Expr, dialect: Dialect | str = PLAIN, rename: Callable[[str], str] | None = None) -> str:
    """Write a tree as text.

    Parameters
    ----------
    expr : Expr
        The tree.
    dialect : Dialect or str
        `PLAIN`, `LATEX`, their names in lower case, or that of an engine.
    rename : callable, optional
        Maps the name of a symbol to the text that stands for it.

    Returns
    -------
    str

    Examples
    --------
    >>> from neurosim.equations import parse_expression
    >>> tree = parse_expression("where(v > 0, exp(-v), (a + b)/c)")
    >>> show(tree)
    'where(v > 0.0, exp(-v), (a + b) / c)'
    >>> arrays = Dialect("arrays", {"exp": "np.exp({0})", "where": "np.where({0}, {1}, {2})"})
    >>> show(tree, arrays, rename=lambda name: name + "_i")
    'np.where(v_i > 0.0, np.exp(-v_i), (a_i + b_i) / c_i)'
    """
    chosen = _DIALECTS[dialect] if isinstance(dialect, str) else dialect
    if chosen.name == "latex":
        return show_latex(expr, rename)
    return _text(expr, chosen, rename or str, 0)


def number_text(value: float, dialect: Dialect = PLAIN) -> str:
    """A number with all its bits, as `repr` writes it."""
    if math.isinf(value):
        return dialect.infinity if value > 0 else f"-{dialect.infinity}"
    return repr(value)


def _text(expr: Expr, dialect: Dialect, rename: Callable[[str], str], outer: int) -> str:
    if isinstance(expr, Sym):
        return rename(expr.name)
    if isinstance(expr, Num):
        text, binding = number_text(expr.value, dialect), _SIGN if expr.value < 0 else _ATOM
    elif isinstance(expr, Call) or expr.op in dialect.calls:
        function = expr.func if isinstance(expr, Call) else expr.op
        arguments = [_text(argument, dialect, rename, 0) for argument in expr.args]
        template = dialect.calls.get(function)
        text = f"{function}({', '.join(arguments)})" if template is None else template.format(*arguments)
        binding = _ATOM
    else:
        text, binding = _operation(expr, dialect, rename), _BINDING[expr.op]
    return f"({text})" if binding < outer else text


def _operation(expr: Op, dialect: Dialect, rename: Callable[[str], str]) -> str:
    binding = _BINDING[expr.op]
    if expr.op == "not":
        return f"not {_text(expr.args[0], dialect, rename, binding)}"
    if expr.op == "neg":
        # One step tighter than the sign itself: '-(-x)' is easier on the eye than '--x'.
        return f"-{_text(expr.args[0], dialect, rename, binding + 1)}"
    left, right = expr.args
    tight_left = binding + (expr.op == "**" or binding == _COMPARE)
    first = _text(left, dialect, rename, tight_left)
    # The exponent of a power may carry a sign, and powers associate to the right.
    second = _text(right, dialect, rename, _SIGN if expr.op == "**" else binding + 1)
    if second.startswith("-") and expr.op in ("+", "-", "*", "/"):
        second = f"({second})"
    return f"{first} {expr.op} {second}"

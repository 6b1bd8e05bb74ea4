"""The words of the equation language in Brian2: safe names, our functions for its code targets, expressions as its code.

Brian2 forbids names such as ``i``, ``t``, ``x_pre`` or ``_x``, so every name gets a prefix and a suffix. Functions of ours are
registered under names of our own: where Brian2 knows a function of the same name it may mean something else (its ``floor``
yields 32-bit integers, its booleans are no numbers).
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

import numpy as np

from neurosim.equations.show import Dialect, show
from neurosim.equations.tree import Expr

Array = np.ndarray


def safe_name(name: str) -> str:
    """A name that Brian2, Python and C++ accept; different names stay different.

    Examples
    --------
    >>> safe_name("v"), safe_name("x_pre"), safe_name("int")
    ('n_v_n', 'n_x_pre_n', 'n_int_n')
    """
    if name.isascii():
        return f"n_{name}_n"
    return "u_" + "".join(c if c.isascii() and c.isalnum() else f"_{ord(c):x}_" for c in name) + "_n"


# ---- functions ---------------------------------------------------------------------------------------------------------
@dataclass(frozen=True)
class Word:
    """A function for the three code targets: ``numpy`` on arrays, ``cpp`` and ``cython`` as the body of a function of doubles."""

    arguments: str
    numpy: Callable[..., Any]
    cpp: str
    cython: str

    def cpp_source(self, name: str) -> str:
        """The whole function in C++."""
        arguments = ", ".join(f"double {argument}" for argument in self.arguments.split())
        return f"static inline double {name}({arguments}) {{ {self.cpp} }}\n"

    def cython_source(self, name: str) -> str:
        """The whole function in Cython."""
        arguments = ", ".join(f"double {argument}" for argument in self.arguments.split())
        return f"cdef double {name}({arguments}):\n    {self.cython}\n"


def _exprel(x: Array) -> Array:
    zero = np.equal(x, 0.0)
    return np.where(zero, 1.0, np.expm1(x) / np.where(zero, 1.0, x))


def _softplus(x: Array) -> Any:
    return np.maximum(x, 0.0) + np.log1p(np.exp(-np.abs(x)))


def _power(base: Array, exponent: Array) -> Any:
    return np.multiply(base, base) if np.ndim(exponent) == 0 and exponent == 2.0 else np.power(base, exponent)


def _libm_exp(x: Array) -> Array:
    return np.asarray(np.frompyfunc(lambda value: math.exp(value) if value < 709.0 else float(np.exp(value)), 1, 1)(x), np.float64)


def _truth(cpp: str, on_arrays: Callable[..., Any], cython: str = "") -> Word:
    """A comparison or connective of two arguments as the number 1 or 0: Brian2 does not calculate with truth values."""
    return Word("a b", lambda a, b: on_arrays(a, b) * 1.0, f"return {cpp};", f"return 1.0 if {cython or cpp} else 0.0")


_COMPARISONS = {"<": np.less, "<=": np.less_equal, ">": np.greater, ">=": np.greater_equal, "==": np.equal, "!=": np.not_equal}

WORDS: Mapping[str, Word] = MappingProxyType(
    {
        "where": Word("c a b", np.where, "return c != 0 ? a : b;", "return a if c != 0 else b"),
        **{op: _truth(f"a {op} b", function) for op, function in _COMPARISONS.items()},
        "and": _truth("a != 0 && b != 0", np.logical_and, "a != 0 and b != 0"),
        "or": _truth("a != 0 || b != 0", np.logical_or, "a != 0 or b != 0"),
        "not": Word("a", lambda a: np.logical_not(a) * 1.0, "return a == 0;", "return 1.0 if a == 0 else 0.0"),
        "exp": Word("x", np.exp, "return exp(x);", "return exp(x)"),
        "exprel": Word("x", _exprel, "return x == 0 ? 1.0 : expm1(x)/x;", "return 1.0 if x == 0 else expm1(x)/x"),
        "sigmoid": Word("x", lambda x: 1.0 / (1.0 + np.exp(-x)), "return 1.0/(1.0 + exp(-x));", "return 1.0/(1.0 + exp(-x))"),
        "softplus": Word(
            "x",
            _softplus,
            "return (x > 0 ? x : 0.0) + log1p(exp(-fabs(x)));",
            "return (x if x > 0 else 0.0) + log1p(exp(-fabs(x)))",
        ),
        "relu": Word("x", lambda x: np.maximum(x, 0.0), "return x < 0 ? 0.0 : x;", "return 0.0 if x < 0 else x"),
        "sign": Word(
            "x",
            np.sign,
            "return x > 0 ? 1.0 : (x < 0 ? -1.0 : x);",
            "return 1.0 if x > 0 else (-1.0 if x < 0 else x)",
        ),
        "clip": Word(
            "x low high",
            lambda x, low, high: np.minimum(np.maximum(x, low), high),
            "if (x < low) x = low; return x > high ? high : x;",
            "return high if (low if x < low else x) > high else (low if x < low else x)",
        ),
        "min": Word("a b", np.minimum, "return (a < b || a != a) ? a : b;", "return a if (a < b or a != a) else b"),
        "max": Word("a b", np.maximum, "return (a > b || a != a) ? a : b;", "return a if (a > b or a != a) else b"),
        "mod": Word(
            "a b",
            np.mod,
            "double r = fmod(a, b); return (r != 0 && (r < 0) != (b < 0)) ? r + b : r;",
            "return fmod(a, b) + b if (fmod(a, b) != 0 and (fmod(a, b) < 0) != (b < 0)) else fmod(a, b)",
        ),
        "floor": Word("x", np.floor, "return floor(x);", "return floor(x)"),
        "**": Word("a b", _power, "return b == 2.0 ? a*a : pow(a, b);", "return a*a if b == 2.0 else a**b"),
    }
)
"""What is spelled as a function of ours; everything else is spelled as Brian2 spells it."""

_SPELLED = {"**": "power", "<": "less", "<=": "at_most", ">": "greater", ">=": "at_least", "==": "equal", "!=": "different"}
FUNCTION_NAMES: Mapping[str, str] = MappingProxyType({name: f"ns_{_SPELLED.get(name, name)}" for name in WORDS})
CODE = Dialect(
    "brian2 code",
    MappingProxyType(
        {
            name: f"{FUNCTION_NAMES[name]}({', '.join(f'{{{k}}}' for k in range(len(word.arguments.split())))})"
            for name, word in WORDS.items()
        }
    ),
)


def functions(b2: Any, exponential: str) -> dict[str, Any]:
    """Our functions as Brian2 objects, by the name under which expressions call them.

    Parameters
    ----------
    b2 : module
        Brian2.
    exponential : str
        'numpy' or 'libm': whose exp the numpy target uses. They differ by an ulp in one argument of twenty.
    """
    made = {}
    for name, word in WORDS.items():
        count = len(word.arguments.split())
        function = b2.Function(word.numpy, arg_units=[1] * count, return_unit=1, arg_types=["any"] * count, return_type="float")
        spelled = FUNCTION_NAMES[name]
        on_arrays = _libm_exp if name == "exp" and exponential == "libm" else word.numpy
        function.implementations.add_implementation("numpy", on_arrays)
        function.implementations.add_implementation("cpp", word.cpp_source(spelled), name=spelled)
        function.implementations.add_implementation("cython", word.cython_source(spelled), name=spelled)
        made[spelled] = function
    return made


def code(expression: Expr, rename: Callable[[str], str]) -> str:
    """An expression as Brian2's abstract code."""
    return show(expression, CODE, rename=rename)


def number(value: float) -> str:
    """A number with all its bits, in brackets where it has a sign."""
    if math.isinf(value):
        return "inf" if value > 0 else "(-inf)"
    return repr(float(value)) if value >= 0 else f"({float(value)!r})"


def combined(target: str, op: str, value: str) -> str:
    """``target`` after ``op value``, as an expression."""
    return f"({value})" if op == "=" else f"{target} {op[0]} ({value})"

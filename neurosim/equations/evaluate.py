"""Trees computed on numpy arrays, with the elementary functions of the C library.

numpy's own `exp` differs from the C library's in one argument of twenty, by an ulp. Compiled engines call the C
library, and so does this module: slower, and equal to them.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import lru_cache
from types import MappingProxyType
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt

from .scalar import SCALAR_FUNCTIONS
from .show import Dialect, show
from .tree import Expr

Value: TypeAlias = Any
Elementwise: TypeAlias = Callable[..., npt.NDArray[np.float64] | np.float64]


def _elementwise(function: Callable[..., float], outside: Callable[..., float] | None = None) -> Elementwise:
    """A function of floats for arrays; `outside` answers where Python raises and C does not."""

    def guarded(*arguments: float) -> float:
        try:
            return function(*arguments)
        except (OverflowError, ValueError, ZeroDivisionError):
            return outside(*arguments) if outside is not None else math.nan

    def on_arrays(*arguments: Value) -> npt.NDArray[np.float64] | np.float64:
        if all(np.ndim(argument) == 0 for argument in arguments):
            return np.float64(guarded(*map(float, arguments)))
        ufunc = np.frompyfunc(guarded, len(arguments), 1)
        with np.errstate(all="ignore"):
            outcome = ufunc(*(np.asarray(argument, dtype=np.float64) for argument in arguments))
        return np.asarray(outcome, dtype=np.float64)

    on_arrays.__name__ = on_arrays.__qualname__ = f"libm_{function.__name__}"
    on_arrays.__doc__ = f"The C library's `{function.__name__}` of a number or of every entry of an array."
    return on_arrays


def _power_outside(base: float, exponent: float) -> float:
    """C's pow where Python's raises: a pole, an overflow or a negative base."""
    odd = exponent % 2.0 == 1.0
    if base == 0.0:
        return math.copysign(math.inf, base) if odd else math.inf
    if base < 0.0 and exponent != math.floor(exponent):
        return math.nan
    return -math.inf if base < 0.0 and odd else math.inf


def _pole(position: float) -> Callable[[float], float]:
    return lambda x: -math.inf if x == position else math.nan


libm_exp = _elementwise(math.exp, lambda x: math.inf)
libm_expm1 = _elementwise(math.expm1, lambda x: math.inf)
libm_log = _elementwise(math.log, _pole(0.0))
libm_log1p = _elementwise(math.log1p, _pole(-1.0))
libm_tanh = _elementwise(math.tanh)
libm_sin = _elementwise(math.sin)
libm_cos = _elementwise(math.cos)
libm_pow = _elementwise(math.pow, _power_outside)


def power(base: Value, exponent: Value) -> Value:
    """base ** exponent; a square is a product, as compilers make it one."""
    if np.ndim(exponent) == 0 and float(exponent) == 2.0:
        return np.multiply(base, base)
    return libm_pow(base, exponent)


_ARRAYS = Dialect(
    "arrays",
    MappingProxyType(
        {
            **{name: f"{name}({{0}})" for name in ("exp", "expm1", "log", "log1p", "tanh", "sin", "cos")},
            **{name: f"np.{name}({{0}})" for name in ("abs", "floor", "sqrt")},
            "where": "np.where({0}, {1}, {2})",
            "min": "np.minimum({0}, {1})",
            "max": "np.maximum({0}, {1})",
            "mod": "np.mod({0}, {1})",
            "/": "np.divide({0}, {1})",
            "**": "power({0}, {1})",
            "and": "np.logical_and({0}, {1})",
            "or": "np.logical_or({0}, {1})",
            "not": "np.logical_not({0})",
            "rand": "look('rand')",
        }
    ),
    infinity="inf",
)
_NAMESPACE = MappingProxyType(
    {
        "np": np,
        "inf": math.inf,
        "power": power,
        "exp": libm_exp,
        "expm1": libm_expm1,
        "log": libm_log,
        "log1p": libm_log1p,
        "tanh": libm_tanh,
        "sin": libm_sin,
        "cos": libm_cos,
        **{name: _elementwise(function) for name, function in SCALAR_FUNCTIONS.items()},
    }
)


@lru_cache(maxsize=4096)
def compile_numpy(expr: Expr) -> Callable[[Callable[[str], Value]], Value]:
    """A function that computes a tree, given one that looks names up.

    Parameters
    ----------
    expr : Expr
        Numbers in it are inner units already; ``rate(x)`` has been expanded.

    Returns
    -------
    callable
        Takes a function from name to float or array. A draw ``rand()`` is looked up under the name ``rand``.
    """
    text = show(expr, _ARRAYS, rename=lambda name: f"look({name!r})")
    compiled: Callable[[Callable[[str], Value]], Value] = eval(f"lambda look: {text}", dict(_NAMESPACE))
    return compiled


def evaluate(expr: Expr, lookup: Callable[[str], Value]) -> Value:
    """Compute a tree on floats and float64 arrays.

    Overflow gives infinity and a logarithm of nothing -infinity or nan, silently: whether a run stayed finite is
    checked where its state is known.

    Parameters
    ----------
    expr : Expr
        The tree.
    lookup : callable
        From the name of a symbol to its value: a float or an array.

    Returns
    -------
    float or ndarray

    Examples
    --------
    >>> from neurosim.equations import parse_expression
    >>> float(evaluate(parse_expression("x**2 + 1"), {"x": 3.0}.__getitem__))
    10.0
    """
    with np.errstate(all="ignore"):
        return compile_numpy(expr)(lookup)

"""The functions of the language that the C library does not have, for one number.

Plain Python that a compiler of Python takes as it is, so that every engine computes the same bits. `relu`, `sign`
and `clip` are written so that nan stays nan.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from types import MappingProxyType

# exp overflows a double at 709.78; Python raises there while compiled code yields infinity.


def exprel(x: float) -> float:
    """(exp(x) - 1) / x, and 1 at 0."""
    if x == 0.0:
        return 1.0
    if x > 709.0:
        return math.inf
    return math.expm1(x) / x


def sigmoid(x: float) -> float:
    """1 / (1 + exp(-x))."""
    if x < -709.0:
        return 0.0
    return 1.0 / (1.0 + math.exp(-x))


def softplus(x: float) -> float:
    """log(1 + exp(x)), in the form that does not overflow."""
    if x > 0.0:
        return x + math.log1p(math.exp(-x))
    return math.log1p(math.exp(x))


def relu(x: float) -> float:
    """The positive part of x."""
    if x < 0.0:
        return 0.0
    return x


def sign(x: float) -> float:
    """-1, 0 or 1."""
    if x > 0.0:
        return 1.0
    if x < 0.0:
        return -1.0
    return x


def clip(x: float, low: float, high: float) -> float:
    """x, but at least `low`, and at most `high` whatever `low` is."""
    if x < low:
        x = low
    if x > high:
        x = high
    return x


#: By their names in the language.
SCALAR_FUNCTIONS: Mapping[str, Callable[..., float]] = MappingProxyType(
    {"exprel": exprel, "sigmoid": sigmoid, "softplus": softplus, "relu": relu, "sign": sign, "clip": clip}
)

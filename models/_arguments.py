"""Arguments of the models' functions, checked where they are given: what is wrong is named as its user knows it, all at once."""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import Any

import numpy as np

from neurosim.errors import ParameterError
from neurosim.units import TIME, Quantity, Unit, ms


def refuse(model: str, *complaints: str) -> None:
    """Raise the complaints that are not empty.

    Raises
    ------
    ParameterError
    """
    found = [complaint for complaint in complaints if complaint]
    if len(found) == 1:
        raise ParameterError(found[0], where=f"model '{model}'")
    if found:
        parts = [ParameterError(complaint) for complaint in found]
        raise ParameterError(f"{len(found)} problems", where=f"model '{model}'", parts=parts)


def number(name: str, value: Any) -> str:
    """A complaint where the value is no finite plain number."""
    fits = isinstance(value, int | float | np.integer | np.floating) and not isinstance(value, bool) and math.isfinite(value)
    return "" if fits else f"{name} must be a finite plain number, got {value!r}"


def positive(name: str, value: Any) -> str:
    """A complaint where the value is no finite plain number above zero."""
    return number(name, value) or ("" if value > 0 else f"{name} must be positive, got {value!r}")


def whole(name: str, value: Any, least: int) -> str:
    """A complaint where the value is no whole number from ``least`` on."""
    fits = isinstance(value, int | np.integer) and not isinstance(value, bool) and value >= least
    return "" if fits else f"{name} must be a whole number from {least} on, got {value!r}"


def one_of(name: str, value: Any, known: Iterable[str]) -> str:
    """A complaint where the value is none of the known words."""
    words = list(known)
    return "" if value in words else f"{name} must be one of {', '.join(map(repr, words))}, got {value!r}"


def positive_quantity(name: str, value: Any, unit: Unit) -> str:
    """A complaint where the value is no number above zero with a unit such as this one."""
    fits = _is_single(value) and value.dimension == unit.dimension and 0.0 < float(value / unit) < math.inf
    return "" if fits else f"{name} must be positive and have a unit, such as 1 * {unit}, got {value!r}"


def interval(name: str, value: Any) -> str:
    """A complaint where the value is no pair (start, duration) of times, the start not negative and the duration positive."""
    example = f"{name} must be (start, duration), two times such as (700 * ms, 10 * ms)"
    if not isinstance(value, tuple | list) or len(value) != 2 or not all(_is_single(time) and time.dimension == TIME for time in value):
        return f"{example}, got {value!r}"
    start, duration = (float(time / ms) for time in value)
    fits = 0.0 <= start < math.inf and 0.0 < duration < math.inf
    return "" if fits else f"{example}; the start is not negative and the duration positive, got {value!r}"


def _is_single(value: Any) -> bool:
    return isinstance(value, Unit) or (isinstance(value, Quantity) and value.shape == ())

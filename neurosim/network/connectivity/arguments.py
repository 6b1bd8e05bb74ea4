"""What users give to rules of connectivity, as plain numbers or an error that says what is wrong."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from ...errors import Findings, NeurosimError, ParameterError
from ...units import Quantity
from ..values import check_flag, conclude, shown

IntArray = npt.NDArray[np.int64]
LARGEST = 1e15


def number_of(value: Any) -> float | None:
    """One plain number, or None."""
    if not isinstance(value, (int, float, np.number)) or isinstance(value, bool):
        return None
    size: Any = abs(value)  # of whole numbers that no float holds too
    return float(value) if size <= LARGEST else None


def count_of(value: Any, where: str) -> int:
    """A whole number from 0 on."""
    number = number_of(value)
    if number is None or number < 0 or number != int(number):
        raise ParameterError(f"needs a whole number from 0 to 1e15, got {shown(value)}.", where=where)
    return int(number)


def check_flags(where: str, **flags: object) -> None:
    """Truth values, by the name of the argument."""
    findings = Findings()
    for name, value in flags.items():
        check_flag(findings, value, where, name)
    conclude(findings, ParameterError, where)


def numbers_of(given: Any) -> npt.NDArray[np.float64] | None:
    """The plain numbers of an array or of a quantity, in its own unit."""
    try:
        array = np.asarray(given.value if isinstance(given, Quantity) else given)
    except (ValueError, TypeError, NeurosimError):  # an entry with a unit has an error of its own
        return None
    return array.astype(np.float64) if array.dtype.kind in "iuf" else None


def in_unit_of(given: Any, values: npt.NDArray[np.float64]) -> npt.NDArray[np.float64] | Quantity:
    """Numbers in the unit in which something was given."""
    return Quantity(values, given.unit) if isinstance(given, Quantity) else values


def refuse_nonfinite(values: npt.NDArray[np.float64], where: str) -> None:
    """Weights that are nan or infinite are mistakes."""
    wrong = ~np.isfinite(values)
    if np.any(wrong):
        place = tuple(int(k) for k in np.argwhere(wrong)[0])
        index = str(place[0]) if len(place) == 1 else str(place)
        raise ParameterError(f"every weight must be a finite number, got {values[place]} at index {index}.", where=where)

"""Rules that several stimuli obey."""

from __future__ import annotations

from typing import Any

import numpy as np

from ...errors import Findings, NeurosimError
from ...units import TIME, Quantity
from ..distributions import dimension_of
from ..values import check_count, check_name, check_positive, check_scalar, inner_or_none, is_one_of, shown

AFTER = ("repeat", "hold", "zero")


def where_of(kind: str, name: object) -> str:
    """How messages call a stimulus."""
    return f"{kind} {name!r}"


def numbers_of(values: Any) -> Any:
    """The plain numbers of a value, in its own unit."""
    return values.value if isinstance(values, Quantity) else np.asarray(values)


def moved(error: NeurosimError, where: str) -> NeurosimError:
    """An error about the text of a stimulus, told of the stimulus."""
    parts = [moved(part, "") for part in error.parts]
    return type(error)(error.message, error.source, error.span, where=where, hint=error.hint, parts=parts)


def check_part(findings: Findings, name: Any, size: Any, where: str) -> int | None:
    """A name and a number of neurons."""
    check_name(findings, name, where)
    return check_count(findings, size, where, "size")


def check_duration(findings: Findings, value: Any, where: str, name: str) -> None:
    """A positive time."""
    duration = check_scalar(findings, value, TIME, where, name)
    if duration is not None:
        check_positive(findings, value, TIME, np.asarray(duration), where, name)


def check_table(findings: Findings, values: Any, ranks: tuple[int, ...], shape: str, where: str, name: str) -> None:
    """Numbers in an array of some number of dimensions, none of them empty."""
    inner = inner_or_none(findings, values, dimension_of(values), where, name)
    if inner is not None and (inner.ndim not in ranks or 0 in inner.shape):
        findings.add(where, f"{name} must have the shape {shape}, got {inner.shape}.")


def check_after(findings: Findings, after: Any, where: str) -> None:
    """What follows the last sample."""
    if not is_one_of(after, AFTER):
        findings.add(where, f"after must be 'repeat', 'hold' or 'zero', got {shown(after)}.")

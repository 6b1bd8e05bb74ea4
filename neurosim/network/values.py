"""Rules on single values: their unit, their shape, their sign. Each adds to the findings of the part that asks."""

from __future__ import annotations

from collections.abc import Iterable
from types import FunctionType
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt

from ..errors import EquationError, Findings, NeurosimError, ParameterError
from ..units import Dimension, Quantity, Unit, in_inner, inner_unit_name

Scalar: TypeAlias = float | Quantity
"""One number, with a unit where it has a dimension."""
FloatArray: TypeAlias = npt.NDArray[np.float64]

LARGEST_COUNT = 2**31 - 1
_RESERVED = (".", ":", "->")


def is_a(value: object, *kinds: type) -> bool:
    """Whether users gave what the signature asks for; says nothing to a type checker, which believes the signature."""
    return isinstance(value, kinds)


def is_number(value: object) -> bool:
    """Whether a value is one plain number; truth values are not."""
    return isinstance(value, (int, float, np.integer, np.floating)) and not isinstance(value, bool)


def is_scalar(value: object) -> bool:
    """Whether a value is one number, with or without a unit."""
    if isinstance(value, Quantity):
        return value.shape == ()
    return isinstance(value, Unit) or is_number(value)


def shown(value: Any) -> str:
    """A value as a message quotes it: numbers short, arrays by their shape."""
    if isinstance(value, Quantity) and value.shape:
        return f"an array of shape {value.shape} in {value.unit}"
    if isinstance(value, np.ndarray):
        return f"an array of shape {value.shape}"
    if is_number(value):
        return f"{float(value):.12g}"
    if isinstance(value, FunctionType):
        return f"the function {value.__name__} (call it: {value.__name__}(...))"
    text = (repr(value) if isinstance(value, (str, list, tuple, dict)) else str(value)).split("\n", 1)[0]
    return text if len(text) <= 60 else f"{text[:57]}..."


def entry(value: Any, dimension: Dimension, inner: FloatArray, index: int) -> str:
    """One entry of a value as a message quotes it, in the unit in which it was given."""
    if isinstance(value, Quantity):
        return shown(Quantity(float(np.ravel(value.value)[index]), value.unit))
    unit = inner_unit_name(dimension)
    number = f"{float(np.ravel(inner)[index]):.12g}"
    return number if unit == "1" else f"{number} {unit}"


def inner_or_none(findings: Findings, value: Any, dimension: Dimension, where: str, name: str) -> FloatArray | None:
    """The value in inner units as an array () or (N,), or None and a finding where its unit or kind is wrong."""
    try:
        return np.asarray(in_inner(value, dimension, where, name), np.float64)
    except NeurosimError as error:
        findings.add_error(error)
        return None


def check_scalar(findings: Findings, value: Any, dimension: Dimension, where: str, name: str) -> float | None:
    """One finite number of a unit, in inner units."""
    inner = inner_or_none(findings, value, dimension, where, name)
    if inner is None:
        return None
    if inner.ndim:
        findings.add(where, f"{name} must be one number, got {shown(value)}.")
        return None
    return float(inner)


def check_length(findings: Findings, inner: FloatArray, size: int, where: str, name: str, of: str = "neurons") -> bool:
    """A single number, or one number for each of `size` neurons or synapses."""
    if inner.ndim == 0 or inner.shape == (size,):
        return True
    got = f"{len(inner)} values" if inner.ndim == 1 else f"an array of shape {inner.shape}"
    findings.add(where, f"{name} must be one value or {size} values (one for each of its {of}), got {got}.")
    return False


def check_positive(
    findings: Findings, value: Any, dimension: Dimension, inner: FloatArray, where: str, name: str, *, zero: bool = False
) -> None:
    """Every entry above zero; with `zero`, not below."""
    wrong = np.ravel(inner) < 0 if zero else np.ravel(inner) <= 0
    if not np.any(wrong):
        return
    index = int(np.argmax(wrong))
    rule = "must not be negative" if zero else "must be positive"
    place = f" at index {index}" if inner.ndim else ""
    findings.add(where, f"{name} {rule}, got {entry(value, dimension, inner, index)}{place}.")


def check_name(findings: Findings, name: Any, where: str) -> None:
    """A name of a part: free of the signs that schedules, projections and weights use around names."""
    if not isinstance(name, str):
        findings.add(where, f"the name must be a text, got {shown(name)}.")
    elif not name or name != name.strip() or not name.isprintable():
        rule = "it must not be empty, begin or end with a space, or hold line breaks and other signs that do not print"
        findings.add(where, f"{name!r} cannot be a name: {rule}.")
    elif any(sign in name for sign in _RESERVED):
        findings.add(where, f"'{name}' cannot be a name: '.', ':' and '->' have a meaning in paths. Use letters, digits and _.")


def frozen_array(values: Any) -> Any:
    """A read-only copy of an array of plain numbers, so that later changes of the original do not reach the network."""
    copy = np.array(values)
    copy.flags.writeable = False
    return copy


def check_text(findings: Findings, value: Any, where: str, name: str) -> bool:
    """A text."""
    if isinstance(value, str):
        return True
    findings.add(where, f"{name} must be a text, got {shown(value)}.")
    return False


def is_one_of(value: object, choices: Iterable[str]) -> bool:
    """Whether a value is one of these words; arrays and other things that have no truth value are not."""
    return isinstance(value, str) and value in tuple(choices)


def listed(value: object) -> tuple[Any, ...] | None:
    """The items of a list or of anything else that has items, None for what has not: texts, single quantities, numbers."""
    if isinstance(value, (str, Unit)) or not isinstance(value, Iterable) or (isinstance(value, Quantity) and not value.shape):
        return None
    return tuple(value)


def called(kind: str, name: object) -> str:
    """How messages call a model: its kind, with its name where it has one."""
    return f"{kind} '{name}'" if isinstance(name, str) and name else kind


def check_flag(findings: Findings, value: Any, where: str, name: str) -> None:
    """True or False; other values that Python takes for one of them are mistakes."""
    if not isinstance(value, (bool, np.bool_)):
        findings.add(where, f"{name} must be True or False, got {shown(value)}.")


def check_count(
    findings: Findings, value: Any, where: str, name: str, *, least: int = 1, most: int = LARGEST_COUNT
) -> int | None:
    """A whole number from `least` to `most`."""
    if not is_number(value) or value != np.floor(float(value)) or not np.isfinite(float(value)):
        findings.add(where, f"{name} must be a whole number, got {shown(value)}.")
        return None
    if value < least:
        rule = "must be positive" if least == 1 else f"must be at least {least}"
        findings.add(where, f"{name} {rule}, got {int(value)}.")
        return None
    if value > most:
        findings.add(where, f"{name} must be at most {most:,}, got {float(value):.12g}.")
        return None
    return int(value)


def add_with_hint(findings: Findings, where: str, message: str, hint: str) -> None:
    """Note a finding with a line of its own on what to do."""
    findings.add_error(NeurosimError(message, where=where, hint=hint))


def conclude_model(texts: Findings, options: Findings, where: str, kind: type[NeurosimError] | None = None) -> None:
    """Raise what was found in the texts of a model and in its options: an error of texts unless all is about options."""
    error_type = (kind or texts.kind(EquationError)) if len(texts) and not len(options) else EquationError if len(texts) else ParameterError
    texts.extend(options)
    conclude(texts, error_type, where)


def conclude(findings: Findings, error_type: type[NeurosimError], where: str) -> None:
    """Raise what was found in one part; in a list the part's name stands in the title alone."""
    try:
        findings.raise_if_any(error_type, where)
    except NeurosimError as error:
        parts = [
            type(part)(part.message, part.source, part.span, where="" if part.where == where else part.where, hint=part.hint)
            for part in error.parts
        ]
        if not parts:
            raise
        raise error_type(error.message, where=where, parts=parts) from None

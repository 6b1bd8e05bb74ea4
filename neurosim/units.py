"""The units, and the door through which numbers with units become plain ones.

Inside, everything is a plain number in coherent inner units: ms, mV, pA, nS, pF, Gohm (and um), so that no
product of them needs a factor: pA*ms/pF = mV, nS*mV = pA, pF/nS = ms. `in_inner` is the door.

Examples
--------
>>> 20 * ms
20 ms
>>> 30 * Hz * 10 * ms
0.3
>>> in_inner(2 * second, TIME, "Population 'exc'", "tau_m")
2000.0
"""

from __future__ import annotations

import ast
import math
import re
from collections.abc import Mapping
from fractions import Fraction
from functools import lru_cache
from types import FunctionType, MappingProxyType
from typing import TYPE_CHECKING, Any

import numpy as np

from .dimension import (
    CAPACITANCE,
    CHARGE,
    CONDUCTANCE,
    CURRENT,
    DIMENSIONLESS,
    FREQUENCY,
    LENGTH,
    RESISTANCE,
    TIME,
    VOLTAGE,
    WEIGHT,
    Dimension,
    Exponent,
)
from .errors import ParameterError, UnitError, did_you_mean
from .quantity import ONE, FloatArray, Quantity, Unit, inner_size, inner_value, unit_product
from .spelling import said_of, unknown_name


def _unit(name: str, dimension: Dimension, power_of_ten: int = 0, factor: int = 1) -> Unit:
    return Unit(((name, 1),), dimension, factor * Fraction(10) ** power_of_ten)


second = _unit("second", TIME)
ms = _unit("ms", TIME, -3)
us = _unit("us", TIME, -6)
minute = _unit("minute", TIME, factor=60)
volt = _unit("volt", VOLTAGE)
mV = _unit("mV", VOLTAGE, -3)
uV = _unit("uV", VOLTAGE, -6)
amp = _unit("amp", CURRENT)
ampere = _unit("ampere", CURRENT)
mA = _unit("mA", CURRENT, -3)
uA = _unit("uA", CURRENT, -6)
nA = _unit("nA", CURRENT, -9)
pA = _unit("pA", CURRENT, -12)
farad = _unit("farad", CAPACITANCE)
uF = _unit("uF", CAPACITANCE, -6)
nF = _unit("nF", CAPACITANCE, -9)
pF = _unit("pF", CAPACITANCE, -12)
siemens = _unit("siemens", CONDUCTANCE)
mS = _unit("mS", CONDUCTANCE, -3)
uS = _unit("uS", CONDUCTANCE, -6)
nS = _unit("nS", CONDUCTANCE, -9)
ohm = _unit("ohm", RESISTANCE)
kohm = _unit("kohm", RESISTANCE, 3)
Mohm = _unit("Mohm", RESISTANCE, 6)
Gohm = _unit("Gohm", RESISTANCE, 9)
Hz = _unit("Hz", FREQUENCY)
kHz = _unit("kHz", FREQUENCY, 3)
metre = _unit("metre", LENGTH)
cm = _unit("cm", LENGTH, -2)
mm = _unit("mm", LENGTH, -3)
um = _unit("um", LENGTH, -6)
coulomb = _unit("coulomb", CHARGE)
pC = _unit("pC", CHARGE, -12)

#: Every unit that may be written in an equation, by name.
UNITS: Mapping[str, Unit] = MappingProxyType(
    {
        unit.name: unit
        for unit in (
            *(second, ms, us, minute, volt, mV, uV, amp, ampere, mA, uA, nA, pA, farad, uF, nF, pF),
            *(siemens, mS, uS, nS, ohm, kohm, Mohm, Gohm, Hz, kHz, metre, cm, mm, um, coulomb, pC),
        )
    }
)
# Short names that a command line takes and an equation leaves to its variables.
_SHORT: Mapping[str, Unit] = MappingProxyType({"s": second, "V": volt, "A": amp, "m": metre, "min": minute, "C": coulomb})

# What a message calls a dimension, and the unit it proposes for it.
_KINDS: Mapping[Dimension, tuple[str, str]] = MappingProxyType(
    {
        DIMENSIONLESS: ("a plain number", "1"),
        TIME: ("a time", "ms"),
        FREQUENCY: ("a frequency", "Hz"),
        LENGTH: ("a length", "um"),
        CURRENT: ("a current", "pA"),
        CHARGE: ("a charge", "pA * ms"),
        VOLTAGE: ("a voltage", "mV"),
        RESISTANCE: ("a resistance", "Mohm"),
        CONDUCTANCE: ("a conductance", "nS"),
        CAPACITANCE: ("a capacitance", "pF"),
    }
)


# Named units that a name of a dimension is composed of; the first group is the base, the second is tried before it.
_SI_BASE = ("volt", "ampere", "second", "metre")
_SI_HEADS = (("siemens", CONDUCTANCE), ("ohm", RESISTANCE), ("farad", CAPACITANCE), ("coulomb", CHARGE))
_INNER_BASE = ("mV", "pA", "ms", "um")
_INNER_HEADS = (("nS", CONDUCTANCE), ("Gohm", RESISTANCE), ("pF", CAPACITANCE))


def in_inner(value: Any, dimension: Dimension, where: str, name: str, *, unit: str = "") -> float | FloatArray:
    """Plain numbers in the coherent inner units, for a value that must have a dimension.

    Parameters
    ----------
    value : Quantity, Unit, float, array_like or list of Quantity
        Plain numbers are taken where the dimension is 1, and zero everywhere.
    dimension : Dimension
        What the value must have.
    where, name : str
        The object and its parameter, for messages: ``"Population 'exc'"``, ``"tau_m"``.
    unit : str, optional
        The unit that a message proposes; by default a usual one of this dimension.

    Returns
    -------
    float or ndarray
        A float for a single number, else a float64 array of the same shape.

    Raises
    ------
    UnitError
        For another dimension, or a plain number where a unit is needed.
    ParameterError
        For nan and infinity.
    """
    plain = _plain_numbers(value, dimension, where, name, unit)
    finite = np.isfinite(plain)
    if not np.all(finite):
        if isinstance(plain, float):
            raise ParameterError(f"{name} must be finite, got {plain}", where=where)
        index = tuple(int(k) for k in np.argwhere(~finite)[0])
        place = str(index[0]) if len(index) == 1 else str(index)
        raise ParameterError(f"{name} must be finite, got {float(plain[index])} at index {place}", where=where)
    return plain


def _plain_numbers(value: Any, dimension: Dimension, where: str, name: str, unit: str) -> float | FloatArray:
    kind, usual = describe_dimension(dimension), unit or usual_unit(dimension)
    if isinstance(value, Unit):
        value = Quantity(1.0, value)
    if isinstance(value, Quantity):
        if value.dimension != dimension:
            got = f"{describe_dimension(value.dimension)} ({_short(value)})"
            raise UnitError(f"{name} needs {kind}, got {got}", where=where)
        return inner_value(value)
    if isinstance(value, (list, tuple)) and any(isinstance(entry, (Unit, Quantity, list, tuple)) for entry in value):
        entries = [_plain_numbers(entry, dimension, where, name, unit) for entry in value]
        if len({np.shape(entry) for entry in entries}) > 1:
            raise UnitError(f"{name} needs rows of one length, got {_short(value)}", where=where)
        return np.array(entries, dtype=np.float64)
    try:
        array = np.asarray(value)
    except (TypeError, ValueError):
        array = np.asarray(None)
    if array.dtype.kind not in "biuf":
        text = f"the text '{value}'" if isinstance(value, str) else f"the {type(value).__name__} {_short(value)}"
        text = "None" if value is None else text
        advice = "" if dimension == DIMENSIONLESS else f". Write a number times a unit, as in 1 * {usual}"
        raise UnitError(f"{name} needs {kind}, got {text}{advice}", where=where)
    if dimension != DIMENSIONLESS and np.any(array != 0):
        if array.ndim == 0:
            raise UnitError(f"{name} needs {kind}, got the plain number {_short(value)}. Write {_short(value)} * {usual}.", where=where)
        raise UnitError(f"{name} needs {kind}, got plain numbers. Multiply them by a unit, as in x * {usual}.", where=where)
    return float(array) if array.ndim == 0 else array.astype(np.float64)


def _short(value: Any) -> str:
    if isinstance(value, FunctionType):
        return value.__name__
    text = repr(value.item() if isinstance(value, np.generic) else value)
    return text if len(text) <= 40 else f"{text[:36]} ..."


def describe_dimension(dimension: Dimension) -> str:
    """A dimension as a message says it.

    Examples
    --------
    >>> describe_dimension(TIME), describe_dimension(VOLTAGE / TIME)
    ('a time', 'a quantity in volt/second')
    """
    if dimension in _KINDS:
        return _KINDS[dimension][0]
    return "a weight" if dimension == WEIGHT else f"a quantity in {dimension_name(dimension)}"


def usual_unit(dimension: Dimension) -> str:
    """The unit that a message proposes for a dimension."""
    return _KINDS[dimension][1] if dimension in _KINDS else inner_unit_name(dimension)


def dimension_name(dimension: Dimension) -> str:
    """A dimension in SI units, such as ``volt/second``."""
    return _composed(dimension, _SI_BASE, _SI_HEADS)


def inner_unit_name(dimension: Dimension) -> str:
    """The coherent inner unit of a dimension.

    Examples
    --------
    >>> [inner_unit_name(d) for d in (VOLTAGE, FREQUENCY, VOLTAGE / TIME, RESISTANCE, DIMENSIONLESS)]
    ['mV', '1/ms', 'mV/ms', 'Gohm', '1']
    """
    return _composed(dimension, _INNER_BASE, _INNER_HEADS)


@lru_cache(maxsize=512)
def _composed(dimension: Dimension, base: tuple[str, ...], heads: tuple[tuple[str, Dimension], ...]) -> str:
    """The shortest product of named units; at most one of them is not a base unit."""
    choices: list[tuple[float, tuple[tuple[str, Exponent], ...]]] = []
    for name, head in (("", DIMENSIONLESS), *heads):
        for sign in (1, -1) if name else (1,):
            rest = dimension / head**sign
            volts = rest.kg
            exponents: tuple[Exponent, ...] = (volts, rest.A + volts, rest.s + 3 * volts, rest.m - 2 * volts, rest.weight)
            parts: list[tuple[str, Exponent]] = [(name, sign)] if name else []
            parts += [(unit, e) for unit, e in zip((*base, "weight"), exponents) if e]
            cost = sum(abs(float(exponent)) for _, exponent in parts) + 0.1 * (sign < 0)
            choices.append((cost, tuple(parts)))
    return Unit(min(choices, key=lambda choice: choice[0])[1], dimension).name


def parse_unit(text: str) -> Unit:
    """Read a unit such as ``mV/ms``, ``1/second``, ``pA*ms``, ``mV**2``, ``1`` or ``weight``.

    Raises
    ------
    UnitError
        For an unknown unit, with the nearest known one.
    """
    return _read_unit(text.strip(), {})


def parse_quantity(text: str) -> float | Quantity:
    """Read a number with a unit as a command line has it: ``20*ms``, ``2s``, ``1.5 mV``, ``30 Hz``, ``0.5``.

    Raises
    ------
    UnitError
        For an unknown unit or a text without a number.
    """
    if not isinstance(text, str):
        raise UnitError(f"a quantity to be read must be a text such as '20*ms', got {text!r}")
    match = re.fullmatch(r"\s*([+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?)\s*(\*?)\s*(.*?)\s*", text)
    if match is None or (match[2] and not match[3]):
        raise UnitError(f"cannot read '{text}' as a quantity; write a number and a unit, as in 20*ms or 1.5mV")
    number, unit = float(match[1]), match[3]
    if not math.isfinite(number):
        raise UnitError(f"the number in '{text}' is too large")
    if not unit:
        return number
    result: float | Quantity = number * _read_unit("1" + unit if unit.startswith("/") else unit, _SHORT)
    return result


def _read_unit(text: str, short: Mapping[str, Unit]) -> Unit:
    try:
        node = ast.parse(text, mode="eval").body
        return _unit_of(node, text, short)
    except (SyntaxError, RecursionError, MemoryError, ValueError, ZeroDivisionError, OverflowError):
        raise UnitError(f"cannot read '{text}' as a unit; write for example mV, 1/ms or pA*ms") from None


def _unit_of(node: ast.expr, text: str, short: Mapping[str, Unit]) -> Unit:
    if isinstance(node, ast.Name):
        if node.id == "weight":
            return Unit((("weight", 1),), WEIGHT)
        unit = UNITS.get(node.id) or short.get(node.id)
        if unit is None:
            said = said_of("neurosim.units", node.id)
            advice = f": {said}" if said else did_you_mean(node.id, UNITS).replace("names", "units")
            raise UnitError(f"unknown unit '{node.id}'{advice}")
        return unit
    if isinstance(node, ast.Constant) and type(node.value) in (int, float) and node.value == 1:
        return ONE
    if isinstance(node, ast.BinOp):
        left = _unit_of(node.left, text, short)
        if isinstance(node.op, ast.Pow):
            return left ** float(ast.literal_eval(node.right))
        if isinstance(node.op, (ast.Mult, ast.Div)):
            return unit_product(left, _unit_of(node.right, text, short), 1 if isinstance(node.op, ast.Mult) else -1)
    raise SyntaxError(text)


__all__ = [
    "CAPACITANCE",
    "CHARGE",
    "CONDUCTANCE",
    "CURRENT",
    "DIMENSIONLESS",
    "Dimension",
    "FREQUENCY",
    "FloatArray",
    "LENGTH",
    "ONE",
    "Quantity",
    "RESISTANCE",
    "TIME",
    "UNITS",
    "Unit",
    "VOLTAGE",
    "WEIGHT",
    "describe_dimension",
    "dimension_name",
    "in_inner",
    "inner_size",
    "inner_unit_name",
    "inner_value",
    "parse_quantity",
    "parse_unit",
    "usual_unit",
    *UNITS,
]

if not TYPE_CHECKING:  # a type checker refuses such names by itself

    def __getattr__(name: str) -> object:
        """Refuse a name that is not here, with the nearest one."""
        raise unknown_name("neurosim.units", name, UNITS)

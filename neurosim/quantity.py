"""Units and quantities, and their arithmetic. The named units are in `neurosim.units`."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from fractions import Fraction
from functools import partial
from types import MappingProxyType
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt

from .dimension import DIMENSIONLESS, Dimension, Exponent, exponent_of
from .errors import UnitError

FloatArray: TypeAlias = npt.NDArray[np.float64]


@dataclass(frozen=True, eq=False, repr=False)
class Unit:
    """A unit: the named units it is a product of, its dimension and its size in SI base units.

    Multiply a number, a list or an array by it to get a `Quantity`; multiply and divide units to get others.
    """

    parts: tuple[tuple[str, Exponent], ...]
    dimension: Dimension
    size: Fraction | float = Fraction(1)

    @property
    def name(self) -> str:
        """The unit as it is written, such as ``mV/ms``."""
        return _written(self.parts)

    def __mul__(self, other: Any) -> Any:
        return _multiply(self, other)

    def __rmul__(self, other: Any) -> Any:
        return _multiply(other, self)

    def __truediv__(self, other: Any) -> Any:
        return _divide(self, other)

    def __rtruediv__(self, other: Any) -> Any:
        return _divide(other, self)

    def __pow__(self, power: float) -> Unit:
        _refuse_exponent(power, self)
        parts = tuple((name, exponent_of(power * Fraction(exponent))) for name, exponent in self.parts)
        return Unit(parts, self.dimension**power, _power(self.size, power))

    def __rpow__(self, base: Any) -> Any:
        raise _no_exponent(self)

    def __neg__(self) -> Quantity:
        return Quantity(-1.0, self)

    def __eq__(self, other: object) -> Any:
        return _compare(self, other, np.equal)

    def __hash__(self) -> int:
        return hash(Quantity(1.0, self))

    def __array_ufunc__(self, ufunc: np.ufunc, method: str, *inputs: Any, **options: Any) -> Any:
        return _ufunc(ufunc, method, inputs, options)

    def __array__(self, *_args: Any, **_options: Any) -> Any:
        raise UnitError(f"an array of plain numbers cannot hold the unit {self.name}")

    def __repr__(self) -> str:
        return self.name


@dataclass(frozen=True, eq=False, repr=False)
class Quantity:
    """A number or an array of numbers times a unit.

    Parameters
    ----------
    value : float or ndarray
        In multiples of `unit`; arrays are copied and read-only.
    unit : Unit
        As it was written, and as it is shown.
    """

    value: float | FloatArray
    unit: Unit

    def __post_init__(self) -> None:
        if isinstance(self.value, np.ndarray):
            frozen = np.array(self.value, dtype=np.float64)
            frozen.flags.writeable = False
            object.__setattr__(self, "value", frozen)

    @property
    def dimension(self) -> Dimension:
        """The exponents of the base units."""
        return self.unit.dimension

    @property
    def shape(self) -> tuple[int, ...]:
        """The shape of the array, ``()`` for a single number."""
        return np.shape(self.value)

    def __add__(self, other: Any) -> Any:
        return _add(self, other, "add", 1.0)

    def __radd__(self, other: Any) -> Any:
        return _add(self, other, "add", 1.0)

    def __sub__(self, other: Any) -> Any:
        return _add(self, other, "subtract", -1.0)

    def __rsub__(self, other: Any) -> Any:
        return _add(-self, other, "subtract", 1.0)

    def __mul__(self, other: Any) -> Any:
        return _multiply(self, other)

    def __rmul__(self, other: Any) -> Any:
        return _multiply(other, self)

    def __truediv__(self, other: Any) -> Any:
        return _divide(self, other)

    def __rtruediv__(self, other: Any) -> Any:
        return _divide(other, self)

    def __pow__(self, power: float) -> Any:
        _refuse_exponent(power, self)
        return _joined(self.value**power, self.unit**power)

    def __rpow__(self, base: Any) -> Any:
        raise _no_exponent(self)

    def __neg__(self) -> Quantity:
        return Quantity(-self.value, self.unit)

    def __pos__(self) -> Quantity:
        return self

    def __abs__(self) -> Quantity:
        return Quantity(_plain(np.abs(self.value)), self.unit)

    def __eq__(self, other: object) -> Any:
        return _compare(self, other, np.equal)

    def __ne__(self, other: object) -> Any:
        return _compare(self, other, np.not_equal)

    def __lt__(self, other: Any) -> Any:
        return _compare(self, other, np.less)

    def __le__(self, other: Any) -> Any:
        return _compare(self, other, np.less_equal)

    def __gt__(self, other: Any) -> Any:
        return _compare(self, other, np.greater)

    def __ge__(self, other: Any) -> Any:
        return _compare(self, other, np.greater_equal)

    def __hash__(self) -> int:
        if isinstance(self.value, np.ndarray):
            raise TypeError("an array with a unit is not hashable")
        return hash((inner_value(self), self.dimension))

    def __bool__(self) -> bool:
        return bool(self.value)

    def __float__(self) -> float:
        raise UnitError(f"a plain number is needed, got {self!r}. Divide by a unit: x / {self.unit.name}")

    def __int__(self) -> int:
        return int(float(self))

    def __len__(self) -> int:
        if isinstance(self.value, np.ndarray):
            return len(self.value)
        raise TypeError(f"{self!r} is a single quantity and has no length")

    def __getitem__(self, index: Any) -> Quantity:
        if not isinstance(self.value, np.ndarray):
            raise TypeError(f"{self!r} is a single quantity and cannot be indexed")
        return Quantity(_plain(self.value[index]), self.unit)

    def __iter__(self) -> Iterator[Quantity]:
        return (self[index] for index in range(len(self)))

    def min(self) -> Quantity:
        """The smallest entry."""
        return Quantity(float(np.min(self.value)), self.unit)

    def max(self) -> Quantity:
        """The largest entry."""
        return Quantity(float(np.max(self.value)), self.unit)

    def mean(self) -> Quantity:
        """The mean of all entries."""
        return Quantity(float(np.mean(self.value)), self.unit)

    def sum(self) -> Quantity:
        """The sum of all entries."""
        return Quantity(float(np.sum(self.value)), self.unit)

    def __array_ufunc__(self, ufunc: np.ufunc, method: str, *inputs: Any, **options: Any) -> Any:
        return _ufunc(ufunc, method, inputs, options)

    def __array_function__(self, function: Any, _types: Any, arguments: Any, options: Any) -> Any:
        if function in _SAME_UNIT and arguments and arguments[0] is self:
            return _joined(_plain(function(self.value, *arguments[1:], **options)), self.unit)
        raise _no_numpy(function.__name__, self.unit)

    def __array__(self, *_args: Any, **_options: Any) -> Any:
        raise UnitError(f"an array of plain numbers cannot hold the unit {self.unit.name}. Divide by a unit first: x / {self.unit.name}")

    def __format__(self, spec: str) -> str:
        return f"{self.value:{spec}} {self.unit.name}" if spec else repr(self)

    def __repr__(self) -> str:
        return f"{_number_text(self.value)} {self.unit.name}"


#: The unit of plain numbers.
ONE = Unit((), DIMENSIONLESS)


def inner_size(dimension: Dimension) -> Fraction | float:
    """The coherent inner unit of a dimension in SI base units: a product of ms, mV, pA and um."""
    if dimension.weight:
        raise UnitError("the unit of a weight is only known where a projection uses the rule")
    volt = dimension.kg
    exponents = (volt, dimension.s + 3 * volt, dimension.A + volt, dimension.m - 2 * volt)
    size: Fraction | float = Fraction(1)
    for power_of_ten, exponent in zip((-3, -3, -12, -6), exponents):
        size = size * _power(Fraction(10) ** power_of_ten, exponent)
    return size


def inner_value(quantity: Quantity) -> float | FloatArray:
    """The plain numbers of a quantity in coherent inner units."""
    value: float | FloatArray = scaled(quantity.value, quantity.unit.size / inner_size(quantity.dimension))
    return value


_SAME_UNIT = frozenset((np.mean, np.sum, np.min, np.max, np.std, np.median, np.sort, np.diff, np.ravel, np.percentile))


def _ufunc(ufunc: np.ufunc, method: str, inputs: tuple[Any, ...], options: Mapping[str, Any]) -> Any:
    operator = _OPERATORS.get(ufunc.__name__)
    if operator is None or method != "__call__" or options:
        unit = next(_split(given)[1] for given in inputs if isinstance(given, (Unit, Quantity)))
        raise _no_numpy(ufunc.__name__, unit)
    return operator(*inputs)


def _no_numpy(function: str, unit: Unit) -> UnitError:
    return UnitError(
        f"np.{function} does not know units and was given a quantity in {unit.name}. "
        f"Divide by a unit first, as in np.{function}(x / {unit.name})"
    )


def _plain(value: Any) -> Any:
    """A float or a float64 array, or NotImplemented for what is not numbers."""
    if isinstance(value, float):
        return float(value)
    if isinstance(value, (int, np.number, np.ndarray, list, tuple)) and not isinstance(value, bool):
        try:
            array = np.asarray(value)
        except ValueError:  # lists of different lengths
            return NotImplemented
        if array.dtype.kind not in "iuf":
            return NotImplemented
        return float(array) if array.ndim == 0 else array.astype(np.float64)
    return NotImplemented


def _split(given: Any) -> tuple[Any, Unit]:
    """Value and unit of a quantity, a unit or plain numbers."""
    if isinstance(given, Quantity):
        return given.value, given.unit
    if isinstance(given, Unit):
        return 1.0, given
    return _plain(given), ONE


def _refuse_exponent(power: Any, base: Unit | Quantity) -> None:
    if isinstance(power, (Unit, Quantity)):
        raise _no_exponent(power)
    plain = _plain(power)
    if plain is NotImplemented or np.ndim(plain) or not np.isfinite(plain):
        raise UnitError(f"an exponent of {_brief(base)} is one plain number, got {_brief(power)}")


def _power_of(base: Any, power: Any) -> Any:
    if isinstance(power, (Unit, Quantity)):
        raise _no_exponent(power)
    return base**power


def _no_exponent(power: Unit | Quantity) -> UnitError:
    return UnitError(f"an exponent has no unit, got {_brief(power)}. Divide by a unit: x / {_split(power)[1].name}")


def _no_number(verb: str, left: Any, right: Any) -> UnitError:
    """What is wrong with a product of a unit and something that is not numbers."""
    swapped = isinstance(right, (Unit, Quantity))
    given, unit = (left, _split(right)[1]) if swapped else (right, _split(left)[1])
    return UnitError(f"cannot {verb} {_brief(given)} and the unit {unit.name}: it is neither a number nor an array of numbers")


def _joined(value: Any, unit: Unit) -> Any:
    """A quantity, or plain numbers where the units have cancelled."""
    if unit.dimension == DIMENSIONLESS:
        return scaled(value, unit.size)
    return Quantity(value, unit)


def _multiply(left: Any, right: Any) -> Any:
    (a, unit_a), (b, unit_b) = _split(left), _split(right)
    if a is NotImplemented or b is NotImplemented:
        raise _no_number("multiply", left, right)
    unit = unit_product(unit_a, unit_b, 1)
    if isinstance(left, Unit) and isinstance(right, Unit) and unit.dimension != DIMENSIONLESS:
        return unit
    return _joined(b if isinstance(left, Unit) else a if isinstance(right, Unit) else a * b, unit)


def _divide(left: Any, right: Any) -> Any:
    (a, unit_a), (b, unit_b) = _split(left), _split(right)
    if a is NotImplemented or b is NotImplemented:
        raise _no_number("divide", left, right)
    unit = unit_product(unit_a, unit_b, -1)
    if isinstance(left, Unit) and isinstance(right, Unit) and unit.dimension != DIMENSIONLESS:
        return unit
    return _joined(a if isinstance(right, Unit) else a / b, unit)


def unit_product(left: Unit, right: Unit, sign: int) -> Unit:
    """left * right for sign 1, left / right for sign -1."""
    exponents = dict(left.parts)
    for name, exponent in right.parts:
        exponents[name] = exponents.get(name, 0) + sign * exponent
    size = left.size * right.size if sign > 0 else left.size / right.size
    dimension = left.dimension * right.dimension if sign > 0 else left.dimension / right.dimension
    return Unit(tuple((name, exponent_of(e)) for name, e in exponents.items() if e), dimension, size)


def _add(left: Any, right: Any, verb: str, sign: float) -> Any:
    (a, unit_a), (b, unit_b) = _split(left), _split(right)
    if a is NotImplemented or b is NotImplemented:
        return NotImplemented
    if unit_a.dimension != unit_b.dimension:
        # Zero is zero in every unit, and sum() starts with it.
        if unit_b.dimension == DIMENSIONLESS and np.all(b == 0):
            return Quantity(a + b, unit_a)
        if unit_a.dimension == DIMENSIONLESS and np.all(a == 0):
            return Quantity(a + sign * b, unit_b)
        raise UnitError(f"cannot {verb} {_kind(unit_a)} and {_kind(unit_b)}: {_brief(left)} and {_brief(right)}")
    return Quantity(a + sign * scaled(b, unit_b.size / unit_a.size), unit_a)


def _compare(left: Any, right: Any, relation: Any) -> Any:
    (a, unit_a), (b, unit_b) = _split(left), _split(right)
    equality = relation in (np.equal, np.not_equal)
    if a is NotImplemented or b is NotImplemented:
        return NotImplemented
    zero = (unit_a is ONE and np.all(a == 0)) or (unit_b is ONE and np.all(b == 0))
    if unit_a.dimension != unit_b.dimension and not zero:
        if equality:
            return relation is np.not_equal
        raise UnitError(f"cannot compare {_kind(unit_a)} and {_kind(unit_b)}: {_brief(left)} and {_brief(right)}")
    # Both sides go to the inner units, so that equal quantities have equal hashes.
    outcome = relation(inner_value(Quantity(a, unit_a)), inner_value(Quantity(b, unit_b)))
    return outcome if isinstance(outcome, np.ndarray) else bool(outcome)


def _kind(unit: Unit) -> str:
    return unit.name if unit.parts else "a plain number"


def _brief(given: Any) -> str:
    text = repr(given)
    return text if len(text) <= 40 else f"{text[:36]} ..."


def _number_text(value: Any) -> str:
    if isinstance(value, np.ndarray):
        return np.array2string(value, separator=", ", threshold=20)
    return repr(int(value)) if float(value).is_integer() and abs(value) < 1e16 else repr(float(value))


def _power(size: Fraction | float, power: float | Fraction) -> Fraction | float:
    exact = exponent_of(power)
    return size**exact if isinstance(exact, int) else float(size) ** float(exact)


def scaled(value: Any, factor: Fraction | float) -> Any:
    """Value times factor, rounded once wherever that is possible: 500 us are exactly 0.5 ms."""
    if not isinstance(factor, Fraction):
        return value * factor
    if factor.numerator != 1:
        value = value * float(factor.numerator)
    return value / float(factor.denominator) if factor.denominator != 1 else value


def _written(parts: tuple[tuple[str, Exponent], ...]) -> str:
    above = [name if e == 1 else f"{name}**{float(e):g}" for name, e in parts if e > 0]
    below = [name if e == -1 else f"{name}**{float(-e):g}" for name, e in parts if e < 0]
    return "/".join(["*".join(above) or "1", *below])


def _compare_by(relation: Any, left: Any, right: Any) -> Any:
    return _compare(left, right, relation)


_OPERATORS: Mapping[str, Callable[..., Any]] = MappingProxyType(
    {
        "add": lambda a, b: _add(a, b, "add", 1.0),
        "subtract": lambda a, b: _add(a, b, "subtract", -1.0),
        "multiply": lambda a, b: _multiply(a, b),
        "divide": lambda a, b: _divide(a, b),
        "true_divide": lambda a, b: _divide(a, b),
        "power": lambda a, b: _power_of(a, b),
        "sqrt": lambda a: a**0.5,
        "negative": lambda a: -a,
        "absolute": lambda a: abs(a),
        **{
            relation.__name__: partial(_compare_by, relation)
            for relation in (np.equal, np.not_equal, np.less, np.less_equal, np.greater, np.greater_equal)
        },
    }
)

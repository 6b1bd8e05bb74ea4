"""Values that are drawn: one number per neuron or per synapse, from the named random streams of the network.

A distribution is a value like a number: it may stand wherever a parameter, an initial state, a weight or a delay is given.
Nothing is drawn here. The numbers depend on the network's seed and on the name of the part alone.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import Any

import numpy as np
import numpy.typing as npt

from ..errors import Findings, ParameterError
from ..spelling import spelt
from ..units import DIMENSIONLESS, Dimension, Quantity, in_inner
from .values import Scalar, check_scalar, conclude, is_a, is_one_of, is_scalar, shown

CUTS = ("redraw", "clip")
FARTHEST, FARTHEST_MEANS = 8.0, 35.0
"""Standard deviations from the mean of a normal, means of an exponential distribution: beyond lies a probability of 6e-16."""
LARGEST_LOGARITHM = 690.0
LEAST_SHAPE, LARGEST_SHAPE = 1e-3, 1e6
"""Of a gamma distribution: nearly all draws of a smaller one are too small to be written as numbers."""
LEAST_INSIDE = 0.005
"""Probability of lying within bounds below which drawing again is no way to get there."""
MOST_TERMS = 10_000
POSITIVE = MappingProxyType({"lognormal": "median", "exponential": "mean", "gamma": "scale"})
"""What has to be positive in which distribution."""


@dataclass(frozen=True, eq=False)
class Distribution:
    """A distribution of numbers with a unit; made by the functions of this module.

    Parameters
    ----------
    kind : str
        'constant', 'uniform', 'normal', 'lognormal', 'exponential' or 'gamma'.
    a, b : number or Quantity
        constant: a; uniform: low, high; normal: mean, standard deviation; lognormal: median, standard deviation of the
        logarithm (a plain number); exponential: mean; gamma: scale, shape (a plain number).
    low, high : number, Quantity or None
        Bounds of what is drawn; None is unbounded.
    cut : str
        What happens to a draw outside the bounds: 'redraw' (drawn again) or 'clip' (set to the bound).
    """

    kind: str
    a: Scalar
    b: Scalar = 0.0
    low: Scalar | None = None
    high: Scalar | None = None
    cut: str = "redraw"

    def __post_init__(self) -> None:
        findings = Findings()
        where = f"{self.kind}({shown(self.a)}, ...)"
        _check_numbers(findings, where, self)
        if not len(findings):
            _check_order(findings, where, self)
        conclude(findings, ParameterError, where)

    @property
    def dimension(self) -> Dimension:
        """The dimension of what is drawn."""
        return dimension_of(self.a)

    def inner(self, value: Scalar) -> float:
        """One of the distribution's own numbers (`a`, `low`, `high`, of a uniform also `b`) in inner units."""
        return float(in_inner(value, self.dimension, self.kind, "value"))

    def limits(self) -> tuple[float, float]:
        """The least and the largest number that can be drawn, in inner units; infinite where there is none.

        Examples
        --------
        >>> from neurosim.units import mV
        >>> normal(-65 * mV, 2 * mV, low=-70 * mV).limits()
        (-70.0, inf)
        """
        a = self.inner(self.a)
        if self.kind == "constant":
            return a, a
        if self.kind == "uniform":
            low, high = a, self.inner(self.b)
        else:
            low, high = (-np.inf if self.kind == "normal" else 0.0), np.inf
        if self.low is not None:
            low = max(low, self.inner(self.low))
        if self.high is not None:
            high = min(high, self.inner(self.high))
        return low, high

    def _no_arithmetic(self, other: object) -> Any:
        advice = "Give its numbers what is wanted, and their units, as in normal(0 * mV, 1 * mV)."
        raise ParameterError(f"a distribution cannot be calculated with, here with {shown(other)}.", where=str(self), hint=advice)

    __add__ = __radd__ = __sub__ = __rsub__ = __mul__ = __rmul__ = __truediv__ = __rtruediv__ = _no_arithmetic

    def __str__(self) -> str:
        numbers = shown(self.a) if self.kind in ("constant", "exponential") else f"{shown(self.a)}, {shown(self.b)}"
        numbers = f"{shown(self.b)}, {shown(self.a)}" if self.kind == "gamma" else numbers
        bounds = [f"{name}={shown(value)}" for name, value in (("low", self.low), ("high", self.high)) if value is not None]
        return f"{self.kind}({', '.join([numbers, *bounds])})"


@spelt
def constant(value: Scalar) -> Distribution:
    """The same number for all.

    Parameters
    ----------
    value : number or Quantity

    Examples
    --------
    >>> from neurosim.units import mV
    >>> str(constant(3 * mV))
    'constant(3 mV)'
    """
    return Distribution("constant", value)


@spelt
def uniform(low: Scalar, high: Scalar) -> Distribution:
    """Equally likely between `low` and `high`.

    Examples
    --------
    >>> from neurosim.units import mV
    >>> str(uniform(-60 * mV, -50 * mV))
    'uniform(-60 mV, -50 mV)'
    """
    return Distribution("uniform", low, high)


@spelt
def normal(
    mean: Scalar, sd: Scalar, low: Scalar | None = None, high: Scalar | None = None, *, cut: str = "redraw"
) -> Distribution:
    """The normal distribution, optionally bounded.

    Parameters
    ----------
    mean, sd : number or Quantity
        Mean and standard deviation before the cut.
    low, high : number or Quantity, optional
        Bounds.
    cut : {'redraw', 'clip'}
        Outside the bounds draw again (the cut distribution has no mass at the bounds), or set to the bound.

    Examples
    --------
    >>> from neurosim.units import ms
    >>> str(normal(1.5 * ms, 0.75 * ms, low=0.05 * ms))
    'normal(1.5 ms, 0.75 ms, low=0.05 ms)'
    """
    return Distribution("normal", mean, sd, low, high, cut)


@spelt
def lognormal(
    median: Scalar, sigma: float, low: Scalar | None = None, high: Scalar | None = None, *, cut: str = "redraw"
) -> Distribution:
    """Positive numbers whose logarithm is normal.

    Parameters
    ----------
    median : number or Quantity
        The median of the numbers, exp(mean of the logarithm); their mean is ``median * exp(sigma**2 / 2)``.
    sigma : float
        Standard deviation of the logarithm, without unit.
    low, high, cut
        As for :func:`normal`.

    Examples
    --------
    >>> from neurosim.units import mV
    >>> str(lognormal(0.5 * mV, 1.0))
    'lognormal(0.5 mV, 1)'
    """
    return Distribution("lognormal", median, sigma, low, high, cut)


@spelt
def exponential(mean: Scalar, low: Scalar | None = None, high: Scalar | None = None, *, cut: str = "redraw") -> Distribution:
    """Positive numbers with an exponential distribution.

    Examples
    --------
    >>> from neurosim.units import pA
    >>> str(exponential(20 * pA))
    'exponential(20 pA)'
    """
    return Distribution("exponential", mean, 0.0, low, high, cut)


@spelt
def gamma(
    shape: float, scale: Scalar, low: Scalar | None = None, high: Scalar | None = None, *, cut: str = "redraw"
) -> Distribution:
    """Positive numbers with a gamma distribution.

    Parameters
    ----------
    shape : float
        Without unit; 1 is an exponential distribution, large ones are nearly normal.
    scale : number or Quantity
        The mean is ``shape * scale``, the variance ``shape * scale**2``.
    low, high, cut
        As for :func:`normal`.

    Examples
    --------
    >>> from neurosim.units import pA
    >>> str(gamma(2.0, 5 * pA))
    'gamma(2, 5 pA)'
    """
    return Distribution("gamma", scale, shape, low, high, cut)


@spelt
def truncated(
    distribution: Distribution, low: Scalar | None = None, high: Scalar | None = None, *, cut: str = "redraw"
) -> Distribution:
    """A distribution with bounds.

    Parameters
    ----------
    distribution : Distribution
        Any that has no bounds yet.
    low, high : number or Quantity, optional
        At least one of them.
    cut : {'redraw', 'clip'}
        Outside the bounds draw again, or set to the bound.

    Examples
    --------
    >>> from neurosim.units import ms
    >>> str(truncated(gamma(2.0, 1 * ms), high=5 * ms))
    'gamma(2, 1 ms, high=5 ms)'
    """
    if not is_a(distribution, Distribution):
        raise ParameterError(f"needs a distribution, as in truncated(normal(0, 1), low=0), got {shown(distribution)}.", where="truncated")
    if distribution.kind == "constant":
        raise ParameterError(f"{distribution} is one number: there is nothing to cut off.", where="truncated")
    if low is None and high is None:
        raise ParameterError("give low=... or high=..., or both.", where="truncated")
    if distribution.low is not None or distribution.high is not None:
        raise ParameterError(f"{distribution} has bounds already: give all of them at once.", where="truncated")
    return replace(distribution, low=low, high=high, cut=cut)


def dimension_of(value: Scalar | npt.ArrayLike | Distribution) -> Dimension:
    """The dimension of a number, a Quantity or a distribution."""
    return value.dimension if isinstance(value, (Quantity, Distribution)) else DIMENSIONLESS


def _check_numbers(findings: Findings, where: str, given: Distribution) -> None:
    """Every number is one finite number of the unit of the first."""
    if not is_scalar(given.a):
        findings.add(where, f"needs single numbers, got {shown(given.a)}. Give an array directly, without a distribution.")
        return
    dimension = dimension_of(given.a)
    named = [("first number", given.a, dimension), ("low", given.low, dimension), ("high", given.high, dimension)]
    if given.kind in ("uniform", "normal"):
        named.append(("second number", given.b, dimension))
    if given.kind in ("lognormal", "gamma"):
        named.append(("sigma" if given.kind == "lognormal" else "shape", given.b, DIMENSIONLESS))
    for name, value, wanted in named:
        if value is not None:
            check_scalar(findings, value, wanted, where, name)
    if not is_one_of(given.cut, CUTS):
        findings.add(where, f"cut must be 'redraw' or 'clip', got {shown(given.cut)}.")


def _check_order(findings: Findings, where: str, given: Distribution) -> None:
    """Spreads are not negative, bounds are in order and leave something to draw."""
    a = given.inner(given.a)
    if given.kind == "uniform" and a > given.inner(given.b):
        findings.add(where, f"low must not be above high, got {shown(given.a)} and {shown(given.b)}. Swap them.")
    if given.kind in ("normal", "lognormal") and _spread(given) < 0:
        what = "the standard deviation" if given.kind == "normal" else "sigma"
        findings.add(where, f"{what} must not be negative, got {shown(given.b)}.")
    if given.kind in POSITIVE and a <= 0:
        findings.add(where, f"the {POSITIVE[given.kind]} must be positive, got {shown(given.a)}.")
    if given.kind == "gamma" and not LEAST_SHAPE <= _spread(given) <= LARGEST_SHAPE:
        findings.add(where, f"the shape must be between {LEAST_SHAPE:g} and {LARGEST_SHAPE:g}, got {shown(given.b)}.")
    if not len(findings) and given.kind == "lognormal" and math.log(a) + FARTHEST * _spread(given) > LARGEST_LOGARITHM:
        findings.add(where, f"sigma={shown(given.b)} is so wide that numbers above 1e300 may be drawn.")
    if not len(findings):
        _check_bounds(findings, where, given)


def _check_bounds(findings: Findings, where: str, given: Distribution) -> None:
    """Something lies between the bounds, and it is drawn now and then."""
    low, high = given.limits()
    spread = given.kind not in ("constant", "uniform") and (given.low is not None or given.high is not None)
    if low > high or (spread and low == high):
        findings.add(where, f"nothing lies between low={shown(given.low)} and high={shown(given.high)}.")
        return
    least, most = _reach(given)
    if given.cut == "redraw" and (low > most or high < least):
        bound = f"low={shown(given.low)} lies above" if low > most else f"high={shown(given.high)} lies below"
        findings.add(where, f"{bound} whatever is drawn: nothing within the bounds has a probability above 1e-15.")
    elif given.cut == "redraw" and given.kind == "gamma" and (low > 0.0 or high < np.inf):
        scale, shape = given.inner(given.a), _spread(given)
        inside = gamma_below(shape, high / scale) - gamma_below(shape, low / scale)
        if inside < LEAST_INSIDE:
            message = f"only {inside:.2g} of all draws lie within the bounds, too few to draw again until one does."
            findings.add(where, f"{message} Choose wider bounds, or cut='clip'.")


def _spread(given: Distribution) -> float:
    """Standard deviation, of a lognormal distribution that of the logarithm; the shape of a gamma distribution."""
    dimension = DIMENSIONLESS if given.kind in ("lognormal", "gamma") else given.dimension
    return float(in_inner(given.b, dimension, given.kind, "spread"))


def _reach(given: Distribution) -> tuple[float, float]:
    """Between which numbers draws before the cut lie, with a probability of 1 - 1e-15."""
    a = given.inner(given.a)
    if given.kind == "normal":
        return a - FARTHEST * _spread(given), a + FARTHEST * _spread(given)
    if given.kind == "lognormal":
        return a / math.exp(FARTHEST * _spread(given)), a * math.exp(FARTHEST * _spread(given))
    if given.kind == "gamma":
        # Chernoff's bound: log P(x > shape + c) < -c**2 / (2 (shape + c)).
        shape = _spread(given)
        return 0.0, a * (shape + FARTHEST_MEANS + math.sqrt(FARTHEST_MEANS**2 + 2.0 * FARTHEST_MEANS * shape))
    return (0.0, FARTHEST_MEANS * a) if given.kind == "exponential" else (-np.inf, np.inf)


def gamma_below(shape: float, x: float) -> float:
    """The distribution function of the gamma distribution of scale 1.

    Its series up to shape + 1, else one minus a continued fraction (Abramowitz and Stegun 1964, 6.5.29 and 6.5.31).

    Examples
    --------
    >>> round(gamma_below(1.0, 1.0), 12) == round(1 - math.exp(-1.0), 12)
    True
    """
    if x <= 0.0 or math.isinf(x):
        return 0.0 if x <= 0.0 else 1.0
    front = math.exp(shape * math.log(x) - x - math.lgamma(shape))
    if x < shape + 1.0:
        term = total = 1.0 / shape
        k = 0
        while term > total * 1e-16 and k < MOST_TERMS:
            k += 1
            term *= x / (shape + k)
            total += term
        return min(front * total, 1.0)
    fraction = 0.0
    for k in range(min(round(100.0 + 10.0 * math.sqrt(shape)), MOST_TERMS), 0, -1):
        fraction = k * (k - shape) / (x + 2.0 * k + 1.0 - shape - fraction)
    return max(1.0 - front / (x + 1.0 - shape - fraction), 0.0)

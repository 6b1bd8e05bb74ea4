"""Values that are drawn: one number per neuron or per synapse, from the named random streams of the network.

A distribution is a value like a number: it may stand wherever a parameter, an initial state, a weight or a delay is given.
Nothing is drawn here. The numbers depend on the network's seed and on the name of the part alone.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from ..errors import Findings, ParameterError
from ..units import DIMENSIONLESS, Dimension, Quantity, in_inner
from .values import Scalar, check_scalar, conclude, is_scalar, shown

CUTS = ("redraw", "clip")


@dataclass(frozen=True, eq=False)
class Distribution:
    """A distribution of numbers with a unit; made by the functions of this module.

    Parameters
    ----------
    kind : str
        'constant', 'uniform', 'normal', 'lognormal' or 'exponential'.
    a, b : number or Quantity
        constant: a; uniform: low, high; normal: mean, standard deviation; lognormal: median, standard deviation of the
        logarithm (a plain number); exponential: mean.
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

    def __str__(self) -> str:
        numbers = shown(self.a) if self.kind in ("constant", "exponential") else f"{shown(self.a)}, {shown(self.b)}"
        bounds = [f"{name}={shown(value)}" for name, value in (("low", self.low), ("high", self.high)) if value is not None]
        return f"{self.kind}({', '.join([numbers, *bounds])})"


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


def uniform(low: Scalar, high: Scalar) -> Distribution:
    """Equally likely between `low` and `high`.

    Examples
    --------
    >>> from neurosim.units import mV
    >>> str(uniform(-60 * mV, -50 * mV))
    'uniform(-60 mV, -50 mV)'
    """
    return Distribution("uniform", low, high)


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


def exponential(mean: Scalar, low: Scalar | None = None, high: Scalar | None = None, *, cut: str = "redraw") -> Distribution:
    """Positive numbers with an exponential distribution.

    Examples
    --------
    >>> from neurosim.units import pA
    >>> str(exponential(20 * pA))
    'exponential(20 pA)'
    """
    return Distribution("exponential", mean, 0.0, low, high, cut)


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
    if given.kind == "lognormal":
        named.append(("sigma", given.b, DIMENSIONLESS))
    for name, value, wanted in named:
        if value is not None:
            check_scalar(findings, value, wanted, where, name)
    if given.cut not in CUTS:
        findings.add(where, f"cut must be 'redraw' or 'clip', got {given.cut!r}.")


def _check_order(findings: Findings, where: str, given: Distribution) -> None:
    """Spreads are not negative, bounds are in order and leave something to draw."""
    a = given.inner(given.a)
    if given.kind == "uniform" and a > given.inner(given.b):
        findings.add(where, f"low must not be above high, got {shown(given.a)} and {shown(given.b)}. Swap them.")
    if given.kind == "normal" and given.inner(given.b) < 0:
        findings.add(where, f"the standard deviation must not be negative, got {shown(given.b)}.")
    if given.kind == "lognormal" and float(in_inner(given.b, DIMENSIONLESS, where, "sigma")) < 0:
        findings.add(where, f"sigma must not be negative, got {shown(given.b)}.")
    if given.kind in ("lognormal", "exponential") and a <= 0:
        what = "median" if given.kind == "lognormal" else "mean"
        findings.add(where, f"the {what} must be positive, got {shown(given.a)}.")
    if not len(findings):
        low, high = given.limits()
        spread = given.kind not in ("constant", "uniform") and (given.low is not None or given.high is not None)
        if low > high or (spread and low == high):
            findings.add(where, f"nothing lies between low={shown(given.low)} and high={shown(given.high)}.")

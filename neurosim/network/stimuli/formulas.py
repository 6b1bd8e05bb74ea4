"""Signals that are given by an equation: sines, and coloured noise."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np

from ...errors import Findings, ParameterError, UnitError
from ...spelling import spelt
from ...units import DIMENSIONLESS, FREQUENCY, TIME, Dimension, describe_dimension, inner_unit_name
from ..distributions import Distribution, dimension_of, normal
from ..neuron_model import NeuronModel
from ..population import Population
from ..values import check_length, check_positive, conclude, inner_or_none, shown
from .shared import check_part, where_of

SWITCH = "switched_on"
"""The parameter of a stimulus that a schedule sets to 0 where the stimulus is off."""

SINE = """
value = switched_on * (offset + amplitude * sin(2*pi * frequency * t + phase)) : {unit} (output)
amplitude, offset  : {unit}
frequency          : Hz
phase, switched_on : 1
"""
ORNSTEIN_UHLENBECK = """
dz/dt = -z / tau + sqrt(2 / tau) * xi : 1   # in equilibrium of mean 0 and variance 1
value = switched_on * (mean + sd * z) : {unit} (output)
mean, sd    : {unit}
tau         : ms
switched_on : 1
"""


@spelt
@dataclass(frozen=True, eq=False, repr=False)
class SineCurrent:
    """A sine of the time since the start of the run: offset + amplitude sin(2 pi frequency t + phase).

    Parameters
    ----------
    name : str
    size : int
        Number of signals N.
    amplitude : number, Quantity or Distribution
        Of any unit, scalar or (N,).
    frequency : Quantity or Distribution
        [Hz] scalar or (N,).
    phase : number, array or Distribution
        [1] In radians, scalar or (N,).
    offset : number, Quantity or Distribution, optional
        Scalar or (N,), in the unit of the amplitude; 0 if not given.

    Notes
    -----
    In step n it has its value at t_n, as if sampled there. A schedule may change every number: ``set={"wave.amplitude": 2 * pA}``.

    Examples
    --------
    >>> from neurosim.units import Hz, pA
    >>> SineCurrent("wave", 10, amplitude=50 * pA, frequency=8 * Hz)
    SineCurrent('wave', 10, amplitude=50 pA, frequency=8 Hz)
    """

    name: str
    size: int
    amplitude: Any
    frequency: Any
    phase: Any = 0.0
    offset: Any = 0.0
    neurons: Population = field(init=False)

    def __post_init__(self) -> None:
        findings, where = Findings(), where_of("SineCurrent", self.name)
        size = check_part(findings, self.name, self.size, where)
        unit = dimension_of(self.amplitude)
        _check_numbers(findings, where, size, amplitude=(self.amplitude, unit), frequency=(self.frequency, FREQUENCY))
        _check_numbers(findings, where, size, phase=(self.phase, DIMENSIONLESS), offset=(self.offset, unit))
        conclude(findings, ParameterError, where)
        model = NeuronModel(SINE.format(unit=inner_unit_name(unit)), name="sine", defaults={SWITCH: 1.0})
        values = {"amplitude": self.amplitude, "frequency": self.frequency, "phase": self.phase, "offset": self.offset}
        object.__setattr__(self, "neurons", Population(self.name, self.size, model, **values))

    @property
    def signal(self) -> str | None:
        """The name of its output."""
        return "value"

    @property
    def dimension(self) -> Dimension:
        """The dimension of its values."""
        return dimension_of(self.amplitude)

    def __repr__(self) -> str:
        return f"SineCurrent({self.name!r}, {self.size}, amplitude={shown(self.amplitude)}, frequency={shown(self.frequency)})"


@spelt
@dataclass(frozen=True, eq=False, repr=False)
class OrnsteinUhlenbeck:
    """Coloured noise: independent Ornstein-Uhlenbeck processes, normal at any time, with an exponential autocorrelation.

    Parameters
    ----------
    name : str
    size : int
        Number of signals N.
    mean : number, Quantity or Distribution
        Of any unit, scalar or (N,).
    sd : number, Quantity or Distribution
        Standard deviation in the unit of the mean, scalar or (N,).
    tau : Quantity or Distribution
        [ms] Time constant, scalar or (N,): the autocorrelation at a lag s is sd^2 exp(-s / tau).

    Notes
    -----
    dx = (mean - x) dt / tau + sd sqrt(2 / tau) dW [1]_, which starts in equilibrium. It is advanced exactly [2]_, whatever the time
    step: x(t + dt) = mean + (x(t) - mean) exp(-dt/tau) + sd sqrt(1 - exp(-2 dt/tau)) times a standard normal number. The value of
    step n is held for the step. Noise of the current-clamp kind with a spectral density S has sd^2 = S / (2 tau). A schedule may
    change every number: ``set={"noise.sd": 20 * pA}``.

    References
    ----------
    .. [1] Uhlenbeck and Ornstein 1930, On the theory of the Brownian motion, doi 10.1103/PhysRev.36.823.
    .. [2] Gillespie 1996, Exact numerical simulation of the Ornstein-Uhlenbeck process and its integral, doi 10.1103/PhysRevE.54.2084.

    Examples
    --------
    >>> from neurosim.units import ms, pA
    >>> OrnsteinUhlenbeck("noise", 10, mean=100 * pA, sd=30 * pA, tau=5 * ms)
    OrnsteinUhlenbeck('noise', 10, mean=100 pA, sd=30 pA, tau=5 ms)
    """

    name: str
    size: int
    mean: Any
    sd: Any
    tau: Any
    neurons: Population = field(init=False)

    def __post_init__(self) -> None:
        findings, where = Findings(), where_of("OrnsteinUhlenbeck", self.name)
        size = check_part(findings, self.name, self.size, where)
        unit = dimension_of(self.sd)
        _check_numbers(findings, where, size, mean=(self.mean, unit), sd=(self.sd, unit), tau=(self.tau, TIME))
        _check_sign(findings, where, self.sd, unit, "sd", zero=True)
        _check_sign(findings, where, self.tau, TIME, "tau", zero=False)
        conclude(findings, ParameterError, where)
        model = NeuronModel(
            ORNSTEIN_UHLENBECK.format(unit=inner_unit_name(unit)), name="ornstein_uhlenbeck", defaults={SWITCH: 1.0, "z": normal(0.0, 1.0)}
        )
        object.__setattr__(self, "neurons", Population(self.name, self.size, model, mean=self.mean, sd=self.sd, tau=self.tau))

    @property
    def signal(self) -> str | None:
        """The name of its output."""
        return "value"

    @property
    def dimension(self) -> Dimension:
        """The dimension of its values."""
        return dimension_of(self.sd)

    def __repr__(self) -> str:
        numbers = f"mean={shown(self.mean)}, sd={shown(self.sd)}, tau={shown(self.tau)}"
        return f"OrnsteinUhlenbeck({self.name!r}, {self.size}, {numbers})"


def _check_numbers(findings: Findings, where: str, size: int | None, **given: tuple[Any, Dimension]) -> None:
    """One number, or one for each neuron, or a distribution, of a unit."""
    for name, (value, wanted) in given.items():
        if isinstance(value, Distribution):
            if value.dimension != wanted:
                findings.add_error(UnitError(f"{name} needs {describe_dimension(wanted)}, got {value}", where=where))
            continue
        inner = inner_or_none(findings, value, wanted, where, name)
        if inner is not None and size is not None:
            check_length(findings, inner, size, where, name)


def _check_sign(findings: Findings, where: str, value: Any, dimension: Dimension, name: str, *, zero: bool) -> None:
    if isinstance(value, Distribution):
        low = value.limits()[0]
        if low < 0:
            findings.add(where, f"{name} must not be negative, but {value} may draw negative numbers. Give low=...")
        return
    inner = inner_or_none(Findings(), value, dimension, where, name)
    if inner is not None:
        check_positive(findings, value, dimension, np.asarray(inner), where, name, zero=zero)

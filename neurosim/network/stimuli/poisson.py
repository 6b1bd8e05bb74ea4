"""Random spikes: at a constant rate, at one that follows a formula of time, at one that is given by samples."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from ...equations import Scope, check_side, parse_expression
from ...errors import Findings, NeurosimError, ParameterError
from ...spelling import spelt
from ...units import DIMENSIONLESS, FREQUENCY, Dimension, Quantity, Unit, in_inner, inner_unit_name
from ..distributions import Distribution, dimension_of
from ..neuron_model import NeuronModel
from ..population import Population
from ..texts import require_values
from ..values import check_length, check_positive, conclude, inner_or_none, shown
from .formulas import SWITCH
from .shared import check_after, check_duration, check_part, moved, where_of

RATE_IN = "rate_in"
"""The port through which a source is told the samples of its rate."""
RESERVED = "poisson_"
"""Names that begin like this are those of what a count is made of."""
FORMULA = """
intensity = switched_on * max({rate}, 0*Hz) : Hz (output)
switched_on : 1
"""
SAMPLES = """
intensity = switched_on * rate_in : Hz (output)
rate_in     : Hz (port)
switched_on : 1
"""


@spelt
@dataclass(frozen=True, eq=False, repr=False)
class PoissonSource:
    """Neurons that fire at random, independently of each other and of the past, at a rate that may depend on time.

    Parameters
    ----------
    name : str
    size : int
        Number of neurons N.
    rate : Quantity, Distribution or str
        [Hz] A rate, scalar or (N,), which a schedule may change: ``set={"drive.rate": 40 * Hz}``; or a formula of the time `t` since
        the start of the run, such as ``"50*Hz * (1 + sin(2*pi*8*Hz * t))"``, where a negative rate counts as 0; or, with `every`,
        samples (T,), (T, N) or frames (T, rows, columns), the first of which belongs to the start of each phase.
    every : Quantity, optional
        [ms] The distance of samples, a multiple of the time step.
    after : {'hold', 'repeat', 'zero'}
        What follows the last sample.
    values : mapping, optional
        Numbers, arrays (N,) or distributions for the names in a formula; a schedule may change them.

    Notes
    -----
    One event per neuron and step carries the number of spikes of that step, drawn from the Poisson distribution with the mean
    ``rate * dt``, at the rate of the start of the step; weights are multiplied by it. So one neuron may stand for the many afferents
    of a background. With a rate that depends on time this is the inhomogeneous Poisson process whose rate is constant during each
    step: no more than 32 spikes per neuron and step may be expected then, and a formula must have a bound that can be seen, such as
    ``min(..., 500*Hz)``. A probe may record the rate of now as its ``'intensity'``.

    Examples
    --------
    >>> from neurosim.units import Hz, ms
    >>> PoissonSource("drive", 300, rate=30 * Hz)
    PoissonSource('drive', 300, rate=30 Hz)
    >>> theta = PoissonSource("theta", 300, "r * (1 + sin(2*pi * f * t))", values={"r": 30 * Hz, "f": 8 * Hz})
    >>> burst = PoissonSource("burst", 300, [5, 200, 5] * Hz, every=50 * ms)
    """

    name: str
    size: int
    rate: Any
    every: Quantity | None = None
    after: str = "hold"
    values: Mapping[str, Any] = field(default_factory=dict)
    neurons: Population | None = field(init=False)

    def __post_init__(self) -> None:
        findings = Findings()
        where = where_of("PoissonSource", self.name)
        require_values(where, self.values)
        size = check_part(findings, self.name, self.size, where)
        check_after(findings, self.after, where)
        neurons: Population | None = None
        if isinstance(self.rate, str):
            if self.every is not None:
                findings.add(where, "every=... is the distance of samples, but the rate is a formula: leave it out.")
            conclude(findings, ParameterError, where)
            neurons = self._of_formula(self.rate, where)
        else:
            if self.values:
                findings.add(where, f"values are for the names in a formula, but the rate is {shown(self.rate)}.")
            if self.every is None:
                _check_constant(findings, self.rate, size, where)
            else:
                _check_samples(findings, self.rate, self.every, size, where)
            conclude(findings, ParameterError, where)
            if self.every is not None:
                neurons = Population(self.name, self.size, NeuronModel(SAMPLES, name="poisson", defaults={SWITCH: 1.0}))
        object.__setattr__(self, "neurons", neurons)

    def _of_formula(self, text: str, where: str) -> Population:
        """Neurons whose output ``intensity`` is the formula; the units of its names are those of their values."""
        for name in self.values:
            if not isinstance(name, str) or name.startswith(RESERVED) or name in (SWITCH, "intensity"):
                raise ParameterError(f"{name!r} cannot be the name of a value: it has a meaning here.", where=where)
        try:
            dims: dict[str, Dimension | None] = {name: dimension_of(_plain(value)) for name, value in self.values.items()}
            check_side(parse_expression(text), FREQUENCY, Scope(dims, text, parameters=tuple(dims), declaring="Give it a value: values={{'{name}': ...}}."), "the rate")
        except NeurosimError as error:
            raise moved(error, where) from None
        lines = [f"{name} : {inner_unit_name(dimension_of(_plain(value)))}" for name, value in self.values.items()]
        equations = FORMULA.format(rate=" ".join(text.split())) + "\n".join(lines)
        try:
            return Population(self.name, self.size, NeuronModel(equations, name="poisson", defaults={SWITCH: 1.0}), **self.values)
        except NeurosimError as error:
            raise moved(error, where) from None

    @property
    def signal(self) -> str | None:
        """None: it sends events."""
        return None

    @property
    def dimension(self) -> Dimension:
        """The dimension of what an event carries, a count."""
        return DIMENSIONLESS

    def samples(self) -> np.ndarray:
        """(T, N) or (T, 1) rates per ms of a source that is given by samples."""
        rows = np.asarray(in_inner(self.rate, FREQUENCY, where_of("PoissonSource", self.name), "rate"), np.float64)
        return rows.reshape(len(rows), -1)

    def __repr__(self) -> str:
        every = "" if self.every is None else f", every={shown(self.every)}"
        return f"PoissonSource({self.name!r}, {self.size}, rate={shown(self.rate)}{every})"


def _plain(value: Any) -> Any:
    """One entry of a list of quantities, for its unit."""
    return value[0] if isinstance(value, (list, tuple)) and value and isinstance(value[0], (Quantity, Unit)) else value


def _check_constant(findings: Findings, given: Any, size: int | None, where: str) -> None:
    if isinstance(given, Distribution):
        if given.dimension != FREQUENCY:
            findings.add(where, f"rate needs a frequency, got {given}.")
        elif given.limits()[0] < 0:
            findings.add(where, f"rate must not be negative, but {given} may draw negative rates. Give low=0*Hz.")
        return
    rate = inner_or_none(findings, given, FREQUENCY, where, "rate")
    if rate is None:
        return
    if rate.ndim > 1:
        findings.add(where, f"rate must be one value or {size} values, got the shape {rate.shape}. Samples in time need every=...")
    elif size is None or check_length(findings, rate, size, where, "rate"):
        check_positive(findings, given, FREQUENCY, rate, where, "rate", zero=True)


def _check_samples(findings: Findings, given: Any, every: Any, size: int | None, where: str) -> None:
    check_duration(findings, every, where, "every")
    if isinstance(given, Distribution):
        findings.add(where, f"every=... is the distance of samples, but the rate is {given}.")
        return
    rate = inner_or_none(findings, given, FREQUENCY, where, "rate")
    if rate is None:
        return
    if not rate.ndim or not rate.size or (size is not None and rate.ndim > 1 and np.prod(rate.shape[1:]) != size):
        wanted = f"(T,), (T, {size}) or (T, rows, columns) with {size} pixels"
        findings.add(where, f"samples of the rate must have the shape {wanted}, got {rate.shape}.")
    else:
        check_positive(findings, given, FREQUENCY, rate, where, "rate", zero=True)

"""What arrives from outside: random or given spikes, currents that change in steps, samples of a signal, tables of items.

A stimulus is a part of the network with a name and a size; projections carry what it sends. Stimuli of spikes send events,
stimuli of signals have one output, ``value``. Shape letters: N neurons of the stimulus, T samples, K items or steps, E spikes.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np

from ..errors import Findings, ParameterError
from ..units import DIMENSIONLESS, FREQUENCY, TIME, Dimension, Quantity
from .distributions import Distribution, dimension_of
from .values import (
    check_count,
    check_length,
    check_name,
    check_positive,
    check_scalar,
    conclude,
    frozen_array,
    inner_or_none,
    is_one_of,
    shown,
)

AFTER = ("repeat", "hold", "zero")


@dataclass(frozen=True, eq=False)
class PoissonSource:
    """Neurons that fire at random, independently of each other and of the past.

    Parameters
    ----------
    name : str
    size : int
        Number of neurons N.
    rate : Quantity or Distribution
        [Hz], scalar or (N,). A schedule may change it: ``set={"drive.rate": 40 * Hz}``.

    Notes
    -----
    One event per neuron and step carries the number of spikes of that step, drawn from the Poisson distribution with the mean
    ``rate * dt``; weights are multiplied by it. So one neuron may stand for the many afferents of a background.

    Examples
    --------
    >>> from neurosim.units import Hz
    >>> PoissonSource("drive", 300, rate=30 * Hz)
    PoissonSource('drive', 300, rate=30 Hz)
    """

    name: str
    size: int
    rate: Quantity | Distribution

    def __post_init__(self) -> None:
        findings = Findings()
        where = _where("PoissonSource", self.name)
        size = _check_part(findings, self.name, self.size, where)
        if isinstance(self.rate, Distribution):
            _check_rate_distribution(findings, self.rate, where)
        else:
            rate = inner_or_none(findings, self.rate, FREQUENCY, where, "rate")
            if rate is not None and (size is None or check_length(findings, rate, size, where, "rate")):
                check_positive(findings, self.rate, FREQUENCY, rate, where, "rate", zero=True)
        conclude(findings, ParameterError, where)

    @property
    def signal(self) -> str | None:
        """None: it sends events."""
        return None

    @property
    def dimension(self) -> Dimension:
        """The dimension of what an event carries, a count."""
        return DIMENSIONLESS

    def __repr__(self) -> str:
        return f"PoissonSource({self.name!r}, {self.size}, rate={shown(self.rate)})"


@dataclass(frozen=True, eq=False)
class SpikeTimes:
    """Neurons that fire at given times.

    Parameters
    ----------
    name : str
    size : int
        Number of neurons N.
    times : Quantity (E,)
        From the start of the run, in any order.
    indices : array of int (E,)
        Which neuron fires.
    payloads : array (E,), optional
        What the spike carries; 1 if not given.

    Notes
    -----
    A time is rounded to the nearest step when the network is lowered.

    Examples
    --------
    >>> from neurosim.units import ms
    >>> SpikeTimes("input", 2, [1, 3, 3] * ms, [0, 1, 0])
    SpikeTimes('input', 2, 3 spikes)
    """

    name: str
    size: int
    times: Quantity
    indices: Any
    payloads: Any = None

    def __post_init__(self) -> None:
        findings = Findings()
        where = _where("SpikeTimes", self.name)
        size = _check_part(findings, self.name, self.size, where)
        times = inner_or_none(findings, self.times, TIME, where, "times")
        indices = inner_or_none(findings, self.indices, DIMENSIONLESS, where, "indices")
        columns = [("times", times), ("indices", indices)]
        if self.payloads is not None:
            columns.append(("payloads", inner_or_none(findings, self.payloads, DIMENSIONLESS, where, "payloads")))
        lengths = {name: column.shape for name, column in columns if column is not None}
        if any(len(shape) != 1 for shape in lengths.values()) or len(set(lengths.values())) > 1:
            listed = ", ".join(f"{name} {shape}" for name, shape in lengths.items())
            findings.add(where, f"times and indices (and payloads) must be lists of the same length, got the shapes {listed}.")
        if times is not None and times.ndim == 1:
            check_positive(findings, self.times, TIME, times, where, "times", zero=True)
        if indices is not None and indices.ndim == 1 and size is not None:
            wrong = (indices < 0) | (indices >= size) | (indices != np.floor(indices))
            if np.any(wrong):
                k = int(np.argmax(wrong))
                findings.add(where, f"indices must be whole numbers from 0 to {size - 1}, got {indices[k]:.12g} at index {k}.")
        conclude(findings, ParameterError, where)
        object.__setattr__(self, "indices", frozen_array(np.asarray(self.indices, np.int64)))
        if self.payloads is not None:
            object.__setattr__(self, "payloads", frozen_array(np.asarray(self.payloads, np.float64)))

    @property
    def signal(self) -> str | None:
        """None: it sends events."""
        return None

    @property
    def dimension(self) -> Dimension:
        """The dimension of what an event carries, a plain number."""
        return DIMENSIONLESS

    def __repr__(self) -> str:
        return f"SpikeTimes({self.name!r}, {self.size}, {len(self.indices)} spikes)"


@dataclass(frozen=True, eq=False)
class StepCurrent:
    """A signal that jumps at given times and is constant in between; zero before the first.

    Parameters
    ----------
    name : str
    size : int
        Number of signals N.
    times : Quantity (K,)
        From the start of each phase, ascending.
    values : Quantity or array (K,) or (K, N)
        The value from ``times[k]`` on, of any unit.

    Examples
    --------
    >>> from neurosim.units import ms, pA
    >>> StepCurrent("step", 1, [100, 200] * ms, [250, 0] * pA)
    StepCurrent('step', 1, 2 steps)
    """

    name: str
    size: int
    times: Quantity
    values: Any

    def __post_init__(self) -> None:
        findings = Findings()
        where = _where("StepCurrent", self.name)
        size = _check_part(findings, self.name, self.size, where)
        times = inner_or_none(findings, self.times, TIME, where, "times")
        values = inner_or_none(findings, self.values, dimension_of(self.values), where, "values")
        if times is not None:
            if times.ndim != 1 or not len(times):
                findings.add(where, f"times must be a list of times, got {shown(self.times)}.")
                times = None
            else:
                check_positive(findings, self.times, TIME, times, where, "times", zero=True)
                if np.any(np.diff(times) <= 0):
                    k = int(np.argmax(np.diff(times) <= 0)) + 1
                    findings.add(where, f"times must ascend, got {times[k - 1]:.12g} ms, then {times[k]:.12g} ms at index {k}.")
        if times is not None and values is not None and size is not None:
            if values.shape not in ((len(times),), (len(times), size)):
                findings.add(where, f"values must have the shape ({len(times)},) or ({len(times)}, {size}), got {values.shape}.")
        conclude(findings, ParameterError, where)

    @property
    def signal(self) -> str | None:
        """The name of its output."""
        return "value"

    @property
    def dimension(self) -> Dimension:
        """The dimension of its values."""
        return dimension_of(self.values)

    def __repr__(self) -> str:
        return f"StepCurrent({self.name!r}, {self.size}, {len(self.times)} steps)"


@dataclass(frozen=True, eq=False)
class SampledArray:
    """A signal given by samples at equal distances, each held until the next.

    Parameters
    ----------
    name : str
    values : Quantity or array (T,) or (T, N)
        Samples; (T,) is one signal.
    every : Quantity
        [ms] The distance of the samples, a multiple of the time step.
    after : {'hold', 'repeat', 'zero'}
        What follows the last sample.

    Notes
    -----
    The first sample belongs to the start of each phase.

    Examples
    --------
    >>> import numpy as np
    >>> from neurosim.units import ms, pA
    >>> SampledArray("wave", np.sin(np.arange(100) / 10) * pA, every=1 * ms)
    SampledArray('wave', 100 samples of 1)
    """

    name: str
    values: Any
    every: Quantity
    after: str = "hold"

    def __post_init__(self) -> None:
        findings = Findings()
        where = _where("SampledArray", self.name)
        check_name(findings, self.name, where)
        _check_table(findings, self.values, (1, 2), "(T,) or (T, N)", where, "values")
        _check_duration(findings, self.every, where, "every")
        _check_after(findings, self.after, where)
        conclude(findings, ParameterError, where)

    @property
    def size(self) -> int:
        """Number of signals N."""
        shape = np.shape(_numbers(self.values))
        return shape[1] if len(shape) == 2 else 1

    @property
    def signal(self) -> str | None:
        """The name of its output."""
        return "value"

    @property
    def dimension(self) -> Dimension:
        """The dimension of its values."""
        return dimension_of(self.values)

    def __repr__(self) -> str:
        return f"SampledArray({self.name!r}, {len(_numbers(self.values))} samples of {self.size})"


@dataclass(frozen=True, eq=False)
class SampleTable:
    """Items of a data set, each shown for the same time.

    Parameters
    ----------
    name : str
    items : Quantity or array (K, N)
        One row per item.
    item_duration : Quantity, optional
        [ms] How long an item is shown.
    steps_per_item : int, optional
        The same in time steps; one of the two is given.
    order : array of int, optional
        Which items are shown, in this order; an item may be shown more than once. All in their order if not given.
    after : {'repeat', 'hold', 'zero'}
        What follows the last item.

    Notes
    -----
    The first item belongs to the start of each phase.

    Examples
    --------
    >>> import numpy as np
    >>> SampleTable("digits", np.zeros((10, 64)), steps_per_item=32)
    SampleTable('digits', 10 items of 64)
    """

    name: str
    items: Any
    item_duration: Quantity | None = None
    steps_per_item: int | None = None
    order: Any = None
    after: str = "repeat"

    def __post_init__(self) -> None:
        findings = Findings()
        where = _where("SampleTable", self.name)
        check_name(findings, self.name, where)
        _check_table(findings, self.items, (2,), "(K, N)", where, "items")
        if (self.item_duration is None) == (self.steps_per_item is None):
            findings.add(where, "give how long an item is shown, either item_duration=... or steps_per_item=...")
        elif self.steps_per_item is not None:
            check_count(findings, self.steps_per_item, where, "steps_per_item")
        else:
            _check_duration(findings, self.item_duration, where, "item_duration")
        if self.order is not None and not len(findings):
            self._check_order(findings, where)
        _check_after(findings, self.after, where)
        conclude(findings, ParameterError, where)
        if self.order is not None:
            object.__setattr__(self, "order", frozen_array(np.asarray(self.order, np.int64)))

    def _check_order(self, findings: Findings, where: str) -> None:
        count = len(_numbers(self.items))
        order = inner_or_none(findings, self.order, DIMENSIONLESS, where, "order")
        if order is None:
            return
        if order.ndim != 1 or not len(order):
            findings.add(where, f"order must be a list of items, got {shown(self.order)}.")
        elif np.any((order < 0) | (order >= count) | (order != np.floor(order))):
            k = int(np.argmax((order < 0) | (order >= count) | (order != np.floor(order))))
            findings.add(where, f"order must hold whole numbers from 0 to {count - 1}, got {order[k]:.12g} at index {k}.")

    @property
    def size(self) -> int:
        """Number of signals N."""
        return int(np.shape(_numbers(self.items))[1])

    @property
    def signal(self) -> str | None:
        """The name of its output."""
        return "value"

    @property
    def dimension(self) -> Dimension:
        """The dimension of its values."""
        return dimension_of(self.items)

    def __repr__(self) -> str:
        return f"SampleTable({self.name!r}, {len(_numbers(self.items))} items of {self.size})"


Stimulus: TypeAlias = PoissonSource | SpikeTimes | StepCurrent | SampledArray | SampleTable
STIMULI = (PoissonSource, SpikeTimes, StepCurrent, SampledArray, SampleTable)


def _where(kind: str, name: object) -> str:
    return f"{kind} {name!r}"


def _numbers(values: Any) -> Any:
    return values.value if isinstance(values, Quantity) else np.asarray(values)


def _check_part(findings: Findings, name: Any, size: Any, where: str) -> int | None:
    check_name(findings, name, where)
    return check_count(findings, size, where, "size")


def _check_duration(findings: Findings, value: Any, where: str, name: str) -> None:
    duration = check_scalar(findings, value, TIME, where, name)
    if duration is not None:
        check_positive(findings, value, TIME, np.asarray(duration), where, name)


def _check_table(findings: Findings, values: Any, ranks: tuple[int, ...], shape: str, where: str, name: str) -> None:
    inner = inner_or_none(findings, values, dimension_of(values), where, name)
    if inner is not None and (inner.ndim not in ranks or 0 in inner.shape):
        findings.add(where, f"{name} must have the shape {shape}, got {inner.shape}.")


def _check_after(findings: Findings, after: Any, where: str) -> None:
    if not is_one_of(after, AFTER):
        findings.add(where, f"after must be 'repeat', 'hold' or 'zero', got {shown(after)}.")


def _check_rate_distribution(findings: Findings, rate: Distribution, where: str) -> None:
    if rate.dimension != FREQUENCY:
        findings.add(where, f"rate needs a frequency, got {rate}.")
    elif rate.limits()[0] < 0:
        findings.add(where, f"rate must not be negative, but {rate} may draw negative rates. Give low=0*Hz.")

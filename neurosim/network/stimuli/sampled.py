"""Signals that are given by numbers: jumps, samples, movies, items of a data set."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from ...errors import Findings, ParameterError
from ...spelling import spelt
from ...units import DIMENSIONLESS, TIME, Dimension, Quantity
from ..distributions import dimension_of
from ..values import check_count, check_name, check_positive, conclude, frozen_array, inner_or_none, shown
from .shared import check_after, check_duration, check_part, check_table, numbers_of, where_of


@spelt
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
        where = where_of("StepCurrent", self.name)
        size = check_part(findings, self.name, self.size, where)
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


@spelt
@dataclass(frozen=True, eq=False)
class SampledArray:
    """A signal given by samples at equal distances, each held until the next: also a movie.

    Parameters
    ----------
    name : str
    values : Quantity or array (T,), (T, N), (T, rows, columns) or (T, rows, columns, channels)
        Samples; (T,) is one signal. The pixels of the frames of a movie are the signals
        ``(row * columns + column) * channels + channel``, as in :func:`neurosim.grid` and :func:`neurosim.convolution`.
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
    >>> SampledArray("movie", np.zeros((50, 16, 16)) * pA, every=20 * ms)
    SampledArray('movie', 50 samples of 256)
    """

    name: str
    values: Any
    every: Quantity
    after: str = "hold"

    def __post_init__(self) -> None:
        findings = Findings()
        where = where_of("SampledArray", self.name)
        check_name(findings, self.name, where)
        check_table(findings, self.values, (1, 2, 3, 4), "(T,), (T, N) or (T, rows, columns)", where, "values")
        check_duration(findings, self.every, where, "every")
        check_after(findings, self.after, where)
        conclude(findings, ParameterError, where)

    @property
    def size(self) -> int:
        """Number of signals N."""
        return int(np.prod(np.shape(numbers_of(self.values))[1:]))

    @property
    def signal(self) -> str | None:
        """The name of its output."""
        return "value"

    @property
    def dimension(self) -> Dimension:
        """The dimension of its values."""
        return dimension_of(self.values)

    def __repr__(self) -> str:
        return f"SampledArray({self.name!r}, {len(numbers_of(self.values))} samples of {self.size})"


@spelt
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
        where = where_of("SampleTable", self.name)
        check_name(findings, self.name, where)
        check_table(findings, self.items, (2,), "(K, N)", where, "items")
        if (self.item_duration is None) == (self.steps_per_item is None):
            findings.add(where, "give how long an item is shown, either item_duration=... or steps_per_item=...")
        elif self.steps_per_item is not None:
            check_count(findings, self.steps_per_item, where, "steps_per_item")
        else:
            check_duration(findings, self.item_duration, where, "item_duration")
        if self.order is not None and not len(findings):
            self._check_order(findings, where)
        check_after(findings, self.after, where)
        conclude(findings, ParameterError, where)
        if self.order is not None:
            object.__setattr__(self, "order", frozen_array(np.asarray(self.order, np.int64)))

    def _check_order(self, findings: Findings, where: str) -> None:
        count = len(numbers_of(self.items))
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
        return int(np.shape(numbers_of(self.items))[1])

    @property
    def signal(self) -> str | None:
        """The name of its output."""
        return "value"

    @property
    def dimension(self) -> Dimension:
        """The dimension of its values."""
        return dimension_of(self.items)

    def __repr__(self) -> str:
        return f"SampleTable({self.name!r}, {len(numbers_of(self.items))} items of {self.size})"

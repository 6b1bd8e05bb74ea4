"""Spikes at given times."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from ...errors import Findings, ParameterError
from ...spelling import spelt
from ...units import DIMENSIONLESS, TIME, Dimension, Quantity
from ..values import check_positive, conclude, frozen_array, inner_or_none
from .shared import check_part, where_of


@spelt
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
        where = where_of("SpikeTimes", self.name)
        size = check_part(findings, self.name, self.size, where)
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

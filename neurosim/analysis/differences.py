"""What differs between two results, part by part: spikes, values, rates."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from neurosim.analysis.distances import van_rossum_distance
from neurosim.analysis.irregularity import mean_cv
from neurosim.errors import CompareError
from neurosim.result import PartResult

STRETCHES = 10
"""Stretches of time of which a rate is the mean where there is one copy."""


@dataclass(frozen=True)
class SpikeDifference:
    """The spikes of one part in two results.

    ``counts``: in the first and the second. ``step``, ``neuron``, ``copy``: of the first spike that is not in both with the
    same payload, None where all are; ``only_in``: 1 or 2, the result that has it, 0 where the payloads differ.
    ``distance``: mean van Rossum distance of the neurons (10 ms). ``steps_apart``: how far corresponding spikes of a
    neuron are apart at most, None where the numbers differ.
    """

    part: str
    counts: tuple[int, int]
    step: int | None = None
    neuron: int | None = None
    copy: int = 0
    only_in: int = 0
    distance: float = 0.0
    steps_apart: int | None = 0

    @property
    def same(self) -> bool:
        """Whether both have the same spikes."""
        return self.step is None

    @property
    def share_apart(self) -> float:
        """Difference of the numbers of spikes, relative to the larger."""
        return abs(self.counts[0] - self.counts[1]) / max(1, *self.counts)


@dataclass(frozen=True)
class ValueDifference:
    """One variable in two results: the largest distance of two corresponding values, and the unit it is in.

    ``size``: the largest magnitude in the first result, which a tolerance is relative to where it is above 1; ``span``: from the least
    to the largest value there (its size where all are equal).
    """

    part: str
    variable: str
    unit: str
    distance: float
    size: float
    span: float

    def within(self, tolerance: float) -> bool:
        """Whether the distance is at most ``tolerance``, relative to values above 1."""
        return self.distance <= tolerance * max(1.0, self.size)


@dataclass(frozen=True)
class RateDifference:
    """Mean rate [Hz] and CV of one population in two results; ``deviations``: standard errors between the rates."""

    part: str
    rates: tuple[float, float]
    cvs: tuple[float, float]
    deviations: float


# ---- spikes --------------------------------------------------------------------------------------------------------------
def spike_difference(first: PartResult, second: PartResult) -> SpikeDifference:
    """The spikes of a part in two results."""
    keys, payloads = zip(*(_sorted_events(part) for part in (first, second)))
    counts = (keys[0].shape[0], keys[1].shape[0])
    if np.array_equal(keys[0], keys[1]) and np.array_equal(payloads[0], payloads[1]):
        return SpikeDifference(first.name, counts)
    step, copy, neuron, only_in = _first_difference(keys, payloads)
    dt = first.provenance.dt
    trains = [(key[:, 0] * dt, key[:, 1] * first.size + key[:, 2]) for key in keys]
    distances = van_rossum_distance(trains[0], trains[1], first.size * first.copies)
    return SpikeDifference(
        first.name, counts, step, neuron, copy, only_in, float(distances.mean()), _steps_apart(keys, first.size)
    )


def _sorted_events(part: PartResult) -> tuple[npt.NDArray[Any], npt.NDArray[Any]]:
    """Steps (less the part's shift), copies and neurons (M, 3) in that order, and payloads (M,)."""
    events = part.events
    columns = [events.steps - part.info.shift, events.copies, events.indices]
    keys = np.stack([np.asarray(column, np.int64) for column in columns], axis=1)
    order = np.lexsort((keys[:, 2], keys[:, 1], keys[:, 0]))
    return keys[order], np.asarray(events.payloads, np.float64)[order]


def _first_difference(keys: Sequence[Any], payloads: Sequence[Any]) -> tuple[int, int, int, int]:
    """Step, copy and neuron of the first event that is not in both, and which result has it (0: other payload)."""
    shared = min(len(keys[0]), len(keys[1]))
    other_key = np.any(keys[0][:shared] != keys[1][:shared], axis=1)
    other = np.flatnonzero(other_key | (payloads[0][:shared] != payloads[1][:shared]))
    if other.size == 0:
        only = 1 if len(keys[0]) > shared else 2
        step, copy, neuron = keys[only - 1][shared]
        return int(step), int(copy), int(neuron), only
    k = int(other[0])
    a, b = (tuple(int(x) for x in keys[side][k]) for side in (0, 1))
    if a == b:
        return a[0], a[1], a[2], 0
    step, copy, neuron = min(a, b)
    return step, copy, neuron, 1 if a < b else 2


def _steps_apart(keys: Sequence[Any], size: int) -> int | None:
    """Largest distance in steps of the k-th spikes of a neuron; None where the numbers of spikes differ."""
    trains = []
    for key in keys:
        neuron = key[:, 1] * size + key[:, 2]
        order = np.lexsort((key[:, 0], neuron))
        trains.append((neuron[order], key[order, 0]))
    if not np.array_equal(trains[0][0], trains[1][0]):
        return None
    return int(np.abs(trains[0][1] - trains[1][1]).max(initial=0))


# ---- values --------------------------------------------------------------------------------------------------------------
def value_differences(first: PartResult, second: PartResult) -> list[ValueDifference]:
    """Recorded variables of a population; of a projection also what it was left with after the run."""
    records = (first.record, second.record)
    found = []
    for part, variable in records[0].traces:
        if part != first.name or (part, variable) not in records[1].traces or variable in ("count", "counts"):
            continue
        found.append(_difference(first, variable, first.trace(variable), second.trace(variable)))
    if first.kind == "projection":
        names = {first.name, first.info.weights}
        known = {variable: True for name, variable in records[0].final if name in names and (name, variable) in records[1].final}
        for variable in known:
            found.append(_difference(first, variable, first.final(variable), second.final(variable)))
    return found


def _difference(part: PartResult, variable: str, a: npt.NDArray[Any], b: npt.NDArray[Any]) -> ValueDifference:
    if a.shape != b.shape:
        raise CompareError(f"{part.kind} '{part.name}': '{variable}' was recorded as {a.shape} and {b.shape}")
    a, b = np.asarray(a, np.float64), np.asarray(b, np.float64)
    known = ~(np.isnan(a) & np.isnan(b)) & (a != b)  # equal infinities are equal
    apart = np.abs(a[known] - b[known])
    distance = math.inf if np.isnan(apart).any() else float(apart.max(initial=0.0))
    finite = a[np.isfinite(a)]
    size = float(np.abs(finite).max(initial=0.0))
    span = float(np.ptp(finite)) if finite.size else 0.0
    return ValueDifference(part.name, variable, part.units.get(variable, ""), distance, size, span or size)


def largest_by_unit(values: Sequence[ValueDifference]) -> str:
    """The largest distance in each unit: '3e-12 mV and 2e-13 pA'."""
    worst: dict[str, float] = {}
    for value in values:
        worst[value.unit] = max(worst.get(value.unit, 0.0), value.distance)
    return " and ".join(with_unit(distance, unit) for unit, distance in worst.items())


def value_text(value: ValueDifference) -> str:
    """A difference in words."""
    return f"'{value.part}' {value.variable}: {with_unit(value.distance, value.unit)} apart"


def with_unit(distance: float, unit: str) -> str:
    """A short number and its unit."""
    number = "0" if distance == 0.0 else f"{distance:.0e}" if distance < 1e-2 else f"{distance:.3g}"
    number = number.replace("e-0", "e-")
    return number if unit in ("", "1") else f"{number} {unit}"


# ---- statistics ------------------------------------------------------------------------------------------------------------
def rate_difference(first: PartResult, second: PartResult) -> RateDifference:
    """The rates of a population in two results, in standard errors of their difference."""
    samples = [_rate_samples(part) for part in (first, second)]
    means = [float(sample.mean()) for sample in samples]
    variance = sum(float(sample.var(ddof=1)) / sample.size if sample.size > 1 else 0.0 for sample in samples)
    apart = abs(means[0] - means[1])
    deviations = 0.0 if apart == 0.0 else apart / math.sqrt(variance) if variance > 0.0 else math.inf
    return RateDifference(first.name, (means[0], means[1]), (_cv(first), _cv(second)), deviations)


def _rate_samples(part: PartResult) -> npt.NDArray[Any]:
    """Independent measurements of the population's rate [Hz]: one per copy, or one per stretch of time."""
    events = part.events
    milliseconds = part.window[1] - part.window[0]
    if part.copies > 1:
        counts = np.bincount(events.copies, minlength=part.copies)
        return counts * (1000.0 / (milliseconds * part.size))
    first, last = part.window_steps
    edges = np.linspace(first, last, STRETCHES + 1)
    counts = np.diff(np.searchsorted(events.steps, edges))
    return counts * (1000.0 * STRETCHES / (milliseconds * part.size))


def _cv(part: PartResult) -> float:
    times, ids = part.spikes
    size = part.size * part.copies
    return mean_cv(times, ids + part.copy_numbers * part.size, size, part.window)

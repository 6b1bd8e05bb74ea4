"""Two results side by side: identical, or where they part.

What counts as agreement depends on the level that the two engines declare; the weaker one decides unless it is given:

=========== ========================================================================================================
identical   the same spikes; traces and weights within 1e-9 of their unit (relative to values above 1)
close       as many spikes of each neuron, each within one step; traces and weights within ``tolerance``
bounded     traces and weights within ``tolerance``: the bound that the engine reports
statistical  population rates within 4 standard errors, over copies, or over ten stretches of time where there is one copy
=========== ========================================================================================================
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from neurosim.analysis.distances import van_rossum_distance
from neurosim.analysis.irregularity import mean_cv
from neurosim.analysis.report import aligned
from neurosim.errors import CompareError, OptionError, did_you_mean
from neurosim.result import PartResult, Result, require_result
from neurosim.spelling import spelt

LEVELS = ("bitwise", "identical", "close", "bounded", "statistical")
"""From the strictest to the weakest."""
EXACT = 1e-9
CLOSE = 1e-3
STANDARD_ERRORS = 4.0
STRETCHES = 10


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


@dataclass(frozen=True)
class ValueDifference:
    """One variable in two results: the largest distance of two corresponding values, and the unit it is in.

    ``size``: the largest magnitude in the first result, which a tolerance is relative to where it is above 1.
    """

    part: str
    variable: str
    unit: str
    distance: float
    size: float

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


@dataclass(frozen=True)
class Comparison:
    """What two results have in common; `str` says it in a line, or where they part."""

    level: str
    tolerance: float
    names: tuple[str, str]
    dt: float
    spikes: tuple[SpikeDifference, ...]
    traces: tuple[ValueDifference, ...]
    weights: tuple[ValueDifference, ...]  # and other states of synapses
    rates: tuple[RateDifference, ...] = ()
    same_program: bool = True

    @property
    def same_spikes(self) -> bool:
        """Whether every recorded spike is in both results."""
        return all(difference.same for difference in self.spikes)

    @property
    def first(self) -> SpikeDifference | None:
        """The earliest difference of spikes, None where there is none."""
        parting = [difference for difference in self.spikes if not difference.same]
        return min(parting, key=lambda difference: difference.step or 0) if parting else None

    @property
    def ok(self) -> bool:
        """Whether the results agree as closely as the level says."""
        if self.level == "statistical":
            return all(difference.deviations <= STANDARD_ERRORS for difference in self.rates)
        values = all(value.within(self.tolerance) for value in (*self.traces, *self.weights))
        if self.level == "bounded":
            return values
        if self.level == "close":
            return values and all(d.steps_apart is not None and d.steps_apart <= 1 for d in self.spikes)
        return values and self.same_spikes

    def __str__(self) -> str:
        if self.level == "statistical":
            return self._statistics()
        if self.same_spikes:
            return self._agreement()
        return self._parting()

    def _head(self) -> str:
        if self.ok:
            return "identical" if self.same_spikes and self.level in ("bitwise", "identical") else self.level
        return "same spikes, other values" if self.same_spikes else "different"

    def _agreement(self) -> str:
        total = sum(difference.counts[0] for difference in self.spikes)
        facts = [f"{total:,} spikes" if self.spikes else "no spikes recorded"]
        weights = [value for value in self.weights if value.variable == "w"]
        states = [value for value in self.weights if value.variable != "w"]
        for word, values in (("traces", self.traces), ("weights", weights), ("synaptic states", states)):
            if values:
                facts.append(f"{word} within {_largest(values)}")
        text = f"{self._head()}: {', '.join(facts)}"
        far = [value for value in (*self.traces, *self.weights) if not value.within(self.tolerance)]
        return "\n".join([text, *(f"  {_value_text(value)}, allowed {self.tolerance:.0e}" for value in far)])

    def _parting(self) -> str:
        counts = [sum(difference.counts[k] for difference in self.spikes) for k in (0, 1)]
        same = sum(difference.same for difference in self.spikes)
        head = f"{self._head()}: {counts[0]:,} and {counts[1]:,} spikes ({self.names[0]}, {self.names[1]})"
        lines = [head if self.same_program else f"{head}, of two different programs"]
        first = self.first
        if first is not None and first.step is not None:
            copy = f" of copy {first.copy}" if first.copy else ""
            who = f"neuron {first.neuron} of '{first.part}'{copy}"
            where = f"step {first.step} ({first.step * self.dt:g} ms)"
            what = f"fires in {self.names[first.only_in - 1]} only" if first.only_in else "sends different payloads"
            lines.append(f"  they part in {where}: {who} {what}")
        for difference in self.spikes:
            if not difference.same:
                apart = "" if difference.steps_apart is None else f", at most {difference.steps_apart} steps apart"
                lines.append(
                    f"  '{difference.part}': {difference.counts[0]:,} and {difference.counts[1]:,} spikes, "
                    f"first difference in step {difference.step}, mean distance {difference.distance:.2g}{apart}"
                )
        if same:
            lines.append(f"  {same} other part{'' if same == 1 else 's'} with the same spikes")
        lines.extend(f"  {_value_text(value)}" for value in (*self.traces, *self.weights) if value.distance > 0.0)
        return "\n".join(lines)

    def _statistics(self) -> str:
        far = [d for d in self.rates if not d.deviations <= STANDARD_ERRORS]
        worst = max((d.deviations for d in self.rates), default=0.0)
        if self.same_spikes and self.spikes:
            head = f"identical: {sum(d.counts[0] for d in self.spikes):,} spikes"
        elif far:
            head = f"different: {len(far)} of {len(self.rates)} rates more than {STANDARD_ERRORS:g} standard errors apart"
        else:
            head = f"statistical: {len(self.rates)} rates within {worst:.1f} standard errors"
        header = ["population", "rate [Hz]", "and", "CV", "and", "standard errors"]
        rows = [
            [d.part, *(f"{x:.3f}" for x in d.rates), *("-" if math.isnan(x) else f"{x:.2f}" for x in d.cvs), f"{d.deviations:.1f}"]
            for d in self.rates
        ]
        return "\n".join([head, *(f"  {line}" for line in aligned(header, rows))])


@spelt
def compare(first: Result, second: Result, level: str | None = None, *, tolerance: float | None = None) -> Comparison:
    """Compare two results of the same network.

    Parameters
    ----------
    first, second : Result
    level : str, optional
        'bitwise', 'identical', 'close', 'bounded' or 'statistical'; the weaker of those that the two engines declare
        unless given.
    tolerance : float, optional
        For values, in their unit, relative to values above 1: 1e-9 (bitwise: 0) or, for 'close' and 'bounded', 1e-3.

    Returns
    -------
    Comparison
        ``.ok`` says whether they agree at that level, ``print`` says how.

    Raises
    ------
    CompareError
        If the two are not of the same parts, step length and copies.
    OptionError
        If there is no such level, or the tolerance is no number.
    """
    for result in (first, second):
        require_result(result, "compare")
    if level is None:
        level = max((first.provenance.level, second.provenance.level), key=_strength)
    _strength(level)
    _check_comparable(first, second)
    if tolerance is None:
        tolerance = {"bitwise": 0.0, "close": CLOSE, "bounded": CLOSE}.get(level, EXACT)
    _check_tolerance(tolerance)
    shared = [(part, second[part.name]) for part in first]
    spikes = tuple(_spike_difference(a, b) for a, b in shared if a.has_spikes and b.has_spikes)
    rates = tuple(_rate_difference(a, b) for a, b in shared if a.kind == "population" and a.has_spikes and b.has_spikes)
    return Comparison(
        level,
        tolerance,
        _engine_names(first, second),
        first.provenance.dt,
        spikes,
        tuple(found for a, b in shared if a.kind != "projection" for found in _value_differences(a, b)),
        tuple(found for a, b in shared if a.kind == "projection" for found in _value_differences(a, b)),
        rates if level == "statistical" else (),
        first.provenance.program_digest == second.provenance.program_digest,
    )


def _strength(level: str) -> int:
    if not isinstance(level, str) or level not in LEVELS:
        raise OptionError(f"there is no level '{level}'{did_you_mean(level, LEVELS)}", where="compare")
    return LEVELS.index(level)


def _check_tolerance(tolerance: object) -> None:
    if isinstance(tolerance, bool) or not isinstance(tolerance, int | float | np.floating) or not tolerance >= 0.0:
        raise OptionError(f"tolerance must be a number that is not negative, got {tolerance!r}", where="compare")


def _engine_names(first: Result, second: Result) -> tuple[str, str]:
    names = (first.provenance.backend, second.provenance.backend)
    if names[0] and names[1] and names[0] != names[1]:
        return (f"'{names[0]}'", f"'{names[1]}'")
    return ("the first", "the second")


def _check_comparable(first: Result, second: Result) -> None:
    found = []
    a, b = first.provenance, second.provenance
    if not math.isclose(a.dt, b.dt, rel_tol=1e-12):
        found.append(f"steps of {a.dt:g} ms and {b.dt:g} ms")
    if a.copies != b.copies:
        found.append(f"{a.copies} and {b.copies} copies")
    if first.record.steps != second.record.steps:
        found.append(f"{first.record.steps:,} and {second.record.steps:,} steps were simulated")
    sizes = [{part.name: part.size for part in origin.parts} for origin in (a, b)]
    for name in sizes[0].keys() | sizes[1].keys():
        if name not in sizes[0] or name not in sizes[1]:
            found.append(f"'{name}' is only in the {'first' if name in sizes[0] else 'second'}")
        elif 0 not in (sizes[0][name], sizes[1][name]) and sizes[0][name] != sizes[1][name]:
            found.append(f"'{name}' has {sizes[0][name]:,} and {sizes[1][name]:,} members")
    if found:
        shown = [CompareError(text) for text in sorted(found)[:12]]
        raise CompareError("these are results of different networks or runs:", parts=shown)


# ---- spikes --------------------------------------------------------------------------------------------------------------
def _spike_difference(first: PartResult, second: PartResult) -> SpikeDifference:
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
def _value_differences(first: PartResult, second: PartResult) -> list[ValueDifference]:
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
    finite = np.abs(a[np.isfinite(a)])
    return ValueDifference(part.name, variable, part.units.get(variable, ""), distance, float(finite.max(initial=0.0)))


def _largest(values: Sequence[ValueDifference]) -> str:
    """The largest distance in each unit: '3e-12 mV and 2e-13 pA'."""
    worst: dict[str, float] = {}
    for value in values:
        worst[value.unit] = max(worst.get(value.unit, 0.0), value.distance)
    return " and ".join(_with_unit(distance, unit) for unit, distance in worst.items())


def _value_text(value: ValueDifference) -> str:
    return f"'{value.part}' {value.variable}: {_with_unit(value.distance, value.unit)} apart"


def _with_unit(distance: float, unit: str) -> str:
    number = "0" if distance == 0.0 else f"{distance:.0e}" if distance < 1e-2 else f"{distance:.3g}"
    number = number.replace("e-0", "e-")
    return number if unit in ("", "1") else f"{number} {unit}"


# ---- statistics ------------------------------------------------------------------------------------------------------------
def _rate_difference(first: PartResult, second: PartResult) -> RateDifference:
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

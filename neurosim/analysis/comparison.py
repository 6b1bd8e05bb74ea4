"""Two results side by side: identical, or where they part.

What counts as agreement depends on the level that the two engines declare; the weaker one decides unless it is given:

=========== ========================================================================================================
identical   the same spikes; traces and weights within 1e-9 of their unit (relative to values above 1)
close       as many spikes of each neuron, each within one step; traces and weights within ``tolerance``
bounded     for engines that round a network's numbers: as many spikes of each population, to a tenth (or one); traces of what
            never fires, and weights, within what the engine reports and ``tolerance`` (a twentieth) of what they span
statistical  population rates within 4 standard errors, over copies, or over ten stretches of time where there is one copy
=========== ========================================================================================================
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np

from neurosim.analysis.differences import (
    RateDifference,
    SpikeDifference,
    ValueDifference,
    largest_by_unit,
    rate_difference,
    spike_difference,
    value_differences,
    value_text,
    with_unit,
)
from neurosim.analysis.report import aligned
from neurosim.errors import CompareError, OptionError, did_you_mean
from neurosim.record import Record
from neurosim.result import Result, require_result
from neurosim.spelling import spelt

LEVELS = ("bitwise", "identical", "close", "bounded", "statistical")
"""From the strictest to the weakest."""
EXACT = 1e-9
CLOSE = 1e-3
BOUND_OF_COUNTS, BOUND_OF_VALUES = 0.1, 0.05
"""At the level 'bounded': shares by which spike counts of a population, and values of what never fires, may differ."""
STANDARD_ERRORS = 4.0


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
    reported: Mapping[str, float] = field(default_factory=dict)

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
        if self.level == "bounded":
            return not self._out_of_bounds()
        values = all(value.within(self.tolerance) for value in (*self.traces, *self.weights))
        if self.level == "close":
            return values and all(d.steps_apart is not None and d.steps_apart <= 1 for d in self.spikes)
        return values and self.same_spikes

    def __str__(self) -> str:
        if self.level == "statistical":
            return self._statistics()
        if self.level == "bounded":
            return self._within_bounds()
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
                facts.append(f"{word} within {largest_by_unit(values)}")
        text = f"{self._head()}: {', '.join(facts)}"
        far = [value for value in (*self.traces, *self.weights) if not value.within(self.tolerance)]
        return "\n".join([text, *(f"  {value_text(value)}, allowed {self.tolerance:.0e}" for value in far)])

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
        lines.extend(f"  {value_text(value)}" for value in (*self.traces, *self.weights) if value.distance > 0.0)
        return "\n".join(lines)

    def _out_of_bounds(self) -> list[str]:
        """What rounding has led further away than the level 'bounded' allows."""
        found = []
        for d in self.spikes:
            if abs(d.counts[0] - d.counts[1]) > max(1.0, BOUND_OF_COUNTS * max(d.counts)):
                found.append(f"'{d.part}': {100 * d.share_apart:.1f} % more or fewer spikes, allowed {100 * BOUND_OF_COUNTS:g} %")
        firing = {d.part for d in self.spikes if any(d.counts)}
        for value in (*self.traces, *self.weights):
            share = self.tolerance + self.reported.get(value.part, 0.0)
            if value.part not in firing and value.distance > share * value.span:
                found.append(f"{value_text(value)}, allowed {100 * share:.3g} % of {with_unit(value.span, value.unit)}")
        return found

    def _within_bounds(self) -> str:
        far = self._out_of_bounds()
        worst = max((d.share_apart for d in self.spikes), default=0.0)
        head = f"different: {len(far)} of {len(self.spikes) + len(self.traces) + len(self.weights)} out of bounds"
        if not far:
            head = f"bounded: numbers of spikes within {100 * worst:.1f} %" if self.spikes else "bounded: no spikes recorded"
        header = ["population", "spikes", "and", "apart"]
        rows = [[d.part, *(f"{count:,}" for count in d.counts), f"{100 * d.share_apart:.1f} %"] for d in self.spikes]
        table = [f"  {line}" for line in aligned(header, rows)] if rows else []
        return "\n".join([head, *(f"  {text}" for text in far), *table])

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
        For values, in their unit, relative to values above 1: 1e-9 (bitwise: 0), for 'close' 1e-3. For 'bounded' relative to
        what the values span: 0.05.

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
        tolerance = {"bitwise": 0.0, "close": CLOSE, "bounded": BOUND_OF_VALUES}.get(level, EXACT)
    _check_tolerance(tolerance)
    shared = [(part, second[part.name]) for part in first]
    spikes = tuple(spike_difference(a, b) for a, b in shared if a.has_spikes and b.has_spikes)
    rates = tuple(rate_difference(a, b) for a, b in shared if a.kind == "population" and a.has_spikes and b.has_spikes)
    return Comparison(
        level,
        tolerance,
        _engine_names(first, second),
        first.provenance.dt,
        spikes,
        tuple(found for a, b in shared if a.kind != "projection" for found in value_differences(a, b)),
        tuple(found for a, b in shared if a.kind == "projection" for found in value_differences(a, b)),
        rates if level == "statistical" else (),
        first.provenance.program_digest == second.provenance.program_digest,
        {**reported_bounds(first.record), **reported_bounds(second.record)},
    )


def reported_bounds(record: Record) -> Mapping[str, float]:
    """Part -> the share of what its values span by which an engine says that its rounding may move them; ``info['bounds']``."""
    found = record.info.get("bounds", {})
    return {str(name): float(share) for name, share in found.items()} if isinstance(found, Mapping) else {}


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

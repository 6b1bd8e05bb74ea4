"""What a run did, population by population, as numbers and as a text table."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np

from neurosim.analysis.correlation import synchrony
from neurosim.analysis.irregularity import mean_cv
from neurosim.result import PartResult, Result, require_result

SYNCHRONY_BIN_MS = 3.0
CV_FROM_MS = 5000.0
"""A shorter run has too few intervals per neuron: its CV says more about the length of the run than about the network."""


@dataclass(frozen=True)
class PopulationSummary:
    """One population within the evaluation window.

    ``rate`` [Hz]: mean over neurons and copies; ``cv``, ``synchrony``: as `neurosim.analysis.mean_cv` and `synchrony`
    define them, mean over copies. All nan where spikes were not recorded or are too few. ``expected``: column title -> rate [Hz].
    """

    name: str
    size: int
    spikes: int
    rate: float
    cv: float
    synchrony: float
    expected: Mapping[str, float] = field(default_factory=dict)


def summary(result: Result, minimum_intervals: int = 3) -> tuple[PopulationSummary, ...]:
    """What each population did within the evaluation window, in the order of the network."""
    require_result(result, "summary")
    return tuple(_summary_of(part, result, minimum_intervals) for part in result.populations)


def _summary_of(part: PartResult, result: Result, minimum_intervals: int) -> PopulationSummary:
    columns = result.provenance.expected
    expected = {title: rates[part.name] for title, rates in columns.items() if part.name in rates}
    countable = part.has_spikes or "counts" in part.recorded
    per_neuron = part.rate if countable and part.size else np.zeros(0)
    rate = float(np.nanmean(per_neuron)) if np.any(~np.isnan(per_neuron)) else math.nan
    if not part.has_spikes or not part.size:
        count = round(float(np.nansum(per_neuron)) * result.duration / 1000.0)
        return PopulationSummary(part.name, part.size, count, rate, math.nan, math.nan, expected)
    times, ids = part.spikes
    copies = part.copy_numbers
    window, size = result.window, part.size
    # Copies are unlike neurons of one population only for synchrony, where they must not be added up.
    irregularity = mean_cv(times, ids + copies * size, size * result.copies, window, minimum_intervals)
    together = math.nan
    if result.duration >= 2.0 * SYNCHRONY_BIN_MS:
        each = [synchrony(times[copies == b], ids[copies == b], size, window) for b in range(result.copies)]
        known = [value for value in each if not math.isnan(value)]
        together = sum(known) / len(known) if known else math.nan
    return PopulationSummary(part.name, size, times.size, rate, irregularity, together, expected)


def table(result: Result) -> str:
    """The summary as text: population, neurons, rate, the expected rates beside it, CV and synchrony."""
    rows = summary(result)
    titles = list(result.provenance.expected)
    judged = result.duration >= CV_FROM_MS
    header = ["population", "neurons", "rate [Hz]", *titles, "CV", "synchrony"]
    cells = [
        [
            row.name,
            f"{row.size:,}",
            _number(row.rate),
            *(_number(row.expected.get(title, math.nan)) for title in titles),
            _number(row.cv if judged else math.nan),
            _number(row.synchrony),
        ]
        for row in rows
    ]
    first, last = result.window
    spikes = sum(row.spikes for row in rows)
    foot = [f"{spikes:,} spikes between {first:g} and {last:g} ms"]
    if not judged:
        foot.append(f"no CV: it is biased in runs shorter than {CV_FROM_MS / 1000.0:g} s")
    foot += [f"warning: {text}" for text in result.record.warnings]
    return "\n".join([*aligned(header, cells), *foot])


def aligned(header: list[str], cells: list[list[str]]) -> list[str]:
    """Lines of a table whose first column is text and whose other columns are numbers."""
    widths = [max(len(row[k]) for row in [header, *cells]) for k in range(len(header))]
    lines = [
        "  ".join(text.ljust(width) if k == 0 else text.rjust(width) for k, (text, width) in enumerate(zip(row, widths)))
        for row in [header, *cells]
    ]
    return [lines[0].rstrip(), "  ".join("-" * width for width in widths), *(line.rstrip() for line in lines[1:])]


def _number(value: float) -> str:
    return "-" if math.isnan(value) else f"{value:.3f}" if abs(value) < 10.0 else f"{value:.2f}"

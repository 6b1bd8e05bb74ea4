"""Pictures of recorded values: traces with spikes and threshold, weights over time."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import numpy.typing as npt
from matplotlib.axes import Axes
from matplotlib.colors import LinearSegmentedColormap, PowerNorm
from matplotlib.figure import Figure

from neurosim.errors import ParameterError
from neurosim.plotting.style import (
    FAINT,
    GRID,
    INK,
    PALETTE,
    WIDTH,
    colour_of,
    house_style,
    mark_phases,
    new_figure,
    set_time_axis,
    subtitle_of,
    time_scale,
    title_of,
)
from neurosim.result import PartResult, Result, require_result
from neurosim.units import ms

AnyArray = npt.NDArray[Any]
MOST_TRACES = 5
MOST_POINTS = 20_000
"""A longer trace is drawn by the lowest and highest value of each stretch: nothing is lost to the eye."""
MOST_STROKES = 150
"""More spikes of one neuron would make a solid block."""
MOST_SWINGS = 60
"""A trace that goes up and down more often than this is a solid block too."""
BINS = 60
SELECTED = 4
"""Synapses whose weights are drawn one by one."""


def traces(result: Result, *, of: str | None = None, most: int = MOST_TRACES) -> Figure:
    """Recorded variables over time; a membrane voltage with its threshold and its spikes.

    Parameters
    ----------
    result : Result
        Its evaluation window is drawn.
    of : str, optional
        The name of one part; all populations with traces unless given.
    most : int
        Neurons drawn of each variable, the first that were recorded.

    Raises
    ------
    ParameterError
        If no values were recorded.
    """
    require_result(result, "traces")
    rows = trace_rows(result, of)
    if not rows:
        raise ParameterError('no values were recorded; add for example ns.Probe(population, "v", of=range(3))', where="traces")
    with house_style():
        figure = new_figure(WIDTH, 0.9 + 1.5 * len(rows))
        panels = figure.subplots(len(rows), 1, sharex=True, squeeze=False)[:, 0]
        for axes, (part, variable) in zip(panels, rows):
            draw_traces(axes, result, part, variable, most)
            axes.tick_params(labelbottom=axes is panels[-1])
        mark_phases(list(panels), result)
        panels[0].set_title(title_of(result))
        panels[0].set_title(subtitle_of(result), loc="right", fontsize=8.0, fontweight="normal", color=FAINT)
        set_time_axis(panels[-1], result)
        figure.align_ylabels()
    return figure


def trace_rows(result: Result, of: str | None = None) -> list[tuple[PartResult, str]]:
    """Which variables of which parts can be drawn over time."""
    parts = [part for part in result if part.kind != "projection"] if of is None else [result[of]]
    skipped = ("spikes", "counts")
    return [(part, variable) for part in parts for variable in part.recorded if variable not in skipped]


def draw_traces(axes: Axes, result: Result, part: PartResult, variable: str, most: int = MOST_TRACES) -> None:
    """Draw one variable of a part into axes; a single neuron in the part's colour, several in different ones."""
    scale, _ = time_scale(result)
    times, values = part.times(variable), part.trace(variable)
    if result.copies > 1:
        values = values[:, 0]
    if values.ndim == 1:
        values = values[:, None]
    shown = min(most, values.shape[1])
    numbers = part.recorded_of(variable)[:shown]
    own = colour_of(part, result)
    threshold = part.info.threshold if part.info.threshold and part.info.threshold[0] == variable else None
    others = [colour for colour in PALETTE if colour != own]
    for k in range(shown - 1, -1, -1):
        colour = own if k == 0 else others[(k - 1) % len(others)]
        label = f"neuron {numbers[k]}" if variable != "count" else None
        axes.plot(*_thinned(times / scale, values[:, k]), color=colour, linewidth=1.1 if k == 0 else 0.9, label=label,
                  alpha=1.0 if k == 0 else 0.8)  # fmt: skip
        if threshold is not None and part.has_spikes:
            _draw_spikes(axes, part, int(numbers[k]), threshold[1], values, colour, scale)
    if threshold is not None:
        axes.axhline(threshold[1], color=FAINT, linewidth=0.8, linestyle=(0, (5, 3)), zorder=0.9)
        axes.annotate("threshold", (1.0, threshold[1]), xycoords=("axes fraction", "data"), xytext=(3, 0),
                      textcoords="offset points", va="center", fontsize=7.0, color=FAINT)  # fmt: skip
    unit = part.units.get(variable, "")
    axes.set_ylabel(f"{part.name}  {variable}{f' [{unit}]' if unit not in ('', '1') else ''}")
    axes.grid(axis="y", color=GRID, linewidth=0.6)
    if 1 < shown:
        handles, labels = axes.get_legend_handles_labels()
        axes.legend(handles[::-1], labels[::-1], loc="lower right", bbox_to_anchor=(1.0, 1.0), ncols=shown, borderaxespad=0.0,
                    handlelength=1.2, fontsize=7.0, columnspacing=1.0)  # fmt: skip


def readable(result: Result, rows: list[tuple[PartResult, str]]) -> Result:
    """The result with its window shortened to the last stretch in which the swings of all traces are told apart."""
    swings = max((_swings(part, variable) for part, variable in rows), default=0.0)
    if swings <= MOST_SWINGS:
        return result
    wanted = result.duration * MOST_SWINGS / swings
    power = 10.0 ** math.floor(math.log10(wanted))
    length = max(round_number * power for round_number in (1.0, 2.0, 5.0) if round_number * power <= wanted)
    first, last = result.window
    return result if last - length <= first or length < 10.0 * result.provenance.dt else result.between((last - length) * ms, last * ms)


def _swings(part: PartResult, variable: str) -> float:
    """How often the first recorded neuron goes up and down through its whole range."""
    values = np.asarray(part.trace(variable), np.float64)
    first = values.reshape(len(values), -1)[:, 0]
    span = float(np.ptp(first)) if first.size else 0.0
    return 0.5 * float(np.abs(np.diff(first)).sum()) / span if 0.0 < span < math.inf else 0.0


def _draw_spikes(
    axes: Axes, part: PartResult, neuron: int, threshold: float, values: AnyArray, colour: str, scale: float
) -> None:
    """Strokes from the threshold upward: the reset leaves no trace of the spike itself."""
    times, ids = part.spikes
    chosen = times[(ids == neuron) & (part.copy_numbers == 0)]
    reach = 0.6 * (threshold - float(np.nanmin(values))) if values.size else 1.0
    if chosen.size > MOST_STROKES or (values.size and float(np.nanmax(values)) > threshold + 0.3 * reach):
        return  # too many, or a model whose own trace goes up in a spike
    axes.vlines(chosen / scale, threshold, threshold + reach, colors=colour, linewidth=1.0)


def _thinned(times: AnyArray, values: AnyArray) -> tuple[AnyArray, AnyArray]:
    stretch = -(-times.size // (MOST_POINTS // 2))
    if stretch <= 2:
        return times, values
    whole = times.size // stretch * stretch
    pieces = values[:whole].reshape(-1, stretch)
    extremes = np.sort(np.stack([pieces.argmin(axis=1), pieces.argmax(axis=1)], axis=1), axis=1)
    chosen = (extremes + stretch * np.arange(len(pieces))[:, None]).ravel()
    return times[chosen], values[chosen]


# ---- weights -----------------------------------------------------------------------------------------------------------
def weights(result: Result, *, of: str | None = None) -> Figure:
    """How the weights of plastic projections are distributed, over time where they were recorded, and at the end.

    Parameters
    ----------
    result : Result
    of : str, optional
        The name of one projection; all with recorded or final weights unless given.

    Raises
    ------
    ParameterError
        If there are no weights to show.
    """
    require_result(result, "weights")
    parts = weight_parts(result) if of is None else [result[of]]
    if not parts or not all(_has_weights(part) for part in parts):
        raise ParameterError('no weights were recorded; add ns.Probe(projection, "w", every=...)', where="weights")
    with house_style():
        figure = new_figure(WIDTH, 0.6 + 2.3 * len(parts))
        panels = figure.subplots(len(parts), 2, squeeze=False, width_ratios=(3.2, 1.0))
        for (left, right), part in zip(panels, parts):
            draw_weights(left, right, result, part)
    return figure


def weight_parts(result: Result) -> list[PartResult]:
    """Projections whose weights were recorded or changed."""
    return [part for part in result if part.kind == "projection" and _has_weights(part)]


def _has_weights(part: PartResult) -> bool:
    """Whether there are some within the window, or at the end of the run."""
    return _has_final(part) or ("w" in part.recorded and len(part.times("w")) > 0)


def _has_final(part: PartResult) -> bool:
    return any((name, "w") in part.record.final for name in (part.name, part.info.weights))


def draw_weights(left: Axes, right: Axes, result: Result, part: PartResult) -> None:
    """Draw the distribution over time with a few single weights on the left, the first and the last one on the right."""
    recorded = part.trace("w") if "w" in part.recorded else np.zeros((0, 1))
    values = recorded.reshape(len(recorded), math.prod(recorded.shape[1:]))
    last = np.asarray(part.final("w")).ravel() if _has_final(part) else values[-1]
    every = np.concatenate([values.ravel(), last]) if values.size else last
    low, high = float(every.min()), float(every.max())
    edges = np.linspace(low, high if high > low else low + 1.0, BINS + 1)
    colour = colour_of(part, result)
    if len(values) > 1:
        _draw_course(left, result, part, values, edges, colour)
        right.stairs(np.histogram(values[0], edges)[0], edges, orientation="horizontal", color=INK, linewidth=0.9, label="first",
                     baseline=None)  # fmt: skip
    else:
        left.set_axis_off()
        right.set_title(part.name)
    right.stairs(np.histogram(last, edges)[0], edges, orientation="horizontal", fill=True, color=colour, alpha=0.6, label="last",
                 zorder=0.9)  # fmt: skip
    right.set_ylim(edges[0], edges[-1])
    right.set_xlim(left=0.0)
    right.locator_params(axis="x", nbins=3)
    right.tick_params(labelleft=len(values) < 2)
    right.set_xlabel("synapses")
    right.legend(loc="lower right", bbox_to_anchor=(1.0, 1.0), ncols=2, borderaxespad=0.0, handlelength=1.0, columnspacing=1.0)


def _draw_course(axes: Axes, result: Result, part: PartResult, values: AnyArray, edges: AnyArray, colour: str) -> None:
    """How many synapses have which weight, as shades; lines for single synapses and for the mean."""
    scale, _ = time_scale(result)
    counts = np.stack([np.histogram(row, edges)[0] for row in values], axis=1)
    times = part.times("w") / scale
    borders = np.concatenate([times, [2.0 * times[-1] - times[-2]]])
    ramp = LinearSegmentedColormap.from_list("weights", ["#FFFFFF", colour])
    # The square root shows both a peak and the few synapses beside it; the darkest shade leaves the lines readable.
    norm = PowerNorm(0.5, 0.0, 1.5 * max(float(np.quantile(counts, 0.99)), 1.0))
    axes.pcolormesh(borders, edges, counts, cmap=ramp, norm=norm, rasterized=True)
    chosen = np.linspace(0, values.shape[1] - 1, min(SELECTED, values.shape[1])).astype(int)
    for k in chosen:
        axes.plot(times, values[:, k], color=INK, linewidth=0.5, alpha=0.7, label="single synapses" if k == chosen[0] else None)
    mean = values.mean(axis=1)
    axes.plot(times, mean, color="white", linewidth=3.2)
    axes.plot(times, mean, color=INK, linewidth=1.6, label="mean")
    unit = part.units.get("w", "")
    axes.set_ylabel(f"weight [{unit}]" if unit not in ("", "1") else "weight")
    axes.set_title(part.name)
    axes.set_ylim(edges[0], edges[-1])
    axes.legend(loc="lower right", bbox_to_anchor=(1.0, 1.0), ncols=2, borderaxespad=0.0, handlelength=1.4, columnspacing=1.0)
    set_time_axis(axes, result)

"""Pictures of spikes: the raster with the rates underneath, and rates against what was expected."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from neurosim.analysis import population_rate, summary
from neurosim.errors import ParameterError
from neurosim.plotting.style import (
    FAINT,
    GRID,
    INK,
    WIDTH,
    colour_of,
    darker,
    house_style,
    mark_phases,
    new_figure,
    set_time_axis,
    subtitle_of,
    time_scale,
    title_of,
)
from neurosim.result import PartResult, Result, require_result
from neurosim.units import Quantity

AnyArray = npt.NDArray[Any]
MOST_SPIKES = 40_000
"""More are not told apart in one picture."""
MOST_STROKES = 4_000
"""More strokes are drawn thinner."""
FEW_PER_ROW = 250
"""Spikes of one neuron; more are drawn fainter, so that where there are most is darkest."""
FEWEST_NEURONS = 40
"""A population is not thinned below this number of rows."""
THINNEST_BAND = 0.05
"""Least part of the height that a population gets."""
GAP = 0.012
RATES_HEIGHT = 1.0
"""Of the rates, in inches."""


def raster(
    result: Result, *, order: Iterable[str] | None = None, most_spikes: int = MOST_SPIKES, bin_ms: float | None = None
) -> Figure:
    """Spikes of every population over time, one row per neuron, and the rates underneath.

    Parameters
    ----------
    result : Result
        Its evaluation window is drawn.
    order : iterable of str, optional
        Names of populations or sources, from top to bottom; all with recorded spikes unless given.
    most_spikes : int
        Where there would be more, only one in so many neurons is drawn, and the picture says so.
    bin_ms : float, optional
        Bin of the rates [ms]; up to 250 bins unless given.

    Raises
    ------
    ParameterError
        If no spikes were recorded, or there is no population of a name in ``order``.
    """
    parts = chosen_parts(result, order)
    if not isinstance(most_spikes, int) or most_spikes < 1:
        raise ParameterError(f"most_spikes must be a whole number from 1 on, got {most_spikes!r}", where="raster")
    with house_style():
        figure = new_figure(WIDTH, 1.6 + raster_height(parts))
        upper, lower = figure.subplots(2, 1, sharex=True, height_ratios=(raster_height(parts), RATES_HEIGHT))
        draw_raster(upper, result, parts, most_spikes)
        draw_rates(lower, result, parts, bin_ms)
        mark_phases((upper, lower), result)
        upper.set_title(title_of(result))
        upper.set_title(subtitle_of(result), loc="right", fontsize=8.0, fontweight="normal", color=FAINT)
        upper.tick_params(labelbottom=False, bottom=False)
        set_time_axis(lower, result)
        figure.align_ylabels()
    return figure


def raster_height(parts: Sequence[PartResult]) -> float:
    """In inches: a few neurons need few."""
    return min(0.45 + 0.16 * sum(part.size for part in parts), 3.4)


def chosen_parts(result: Result, order: Iterable[str] | None) -> list[PartResult]:
    """The parts to draw, from top to bottom."""
    require_result(result, "raster")
    if order is None:
        parts = [part for part in result if part.has_spikes and part.kind == "population"]
        parts += [part for part in result if part.has_spikes and part.kind == "source"]
    else:
        given: object = order
        names = order if isinstance(given, Iterable) and not isinstance(given, str | Quantity) else [str(given)]
        parts = [result[name] for name in names]
    for part in parts:
        part.events  # noqa: B018 -- raises our error where they were not recorded
    if not parts:
        raise ParameterError('no spikes were recorded; add ns.Probe(population, "spikes") to the network', where="raster")
    return parts


# ---- raster ------------------------------------------------------------------------------------------------------------
def draw_raster(axes: Axes, result: Result, parts: Sequence[PartResult], most_spikes: int = MOST_SPIKES) -> None:
    """Draw the raster into axes: populations as bands, the first on top, with names left and mean rates right."""
    scale, _ = time_scale(result)
    total = sum(part.indices.size for part in parts)
    thinning = max(1, math.ceil(total / most_spikes))
    strides = [max(1, min(thinning, part.size // FEWEST_NEURONS)) for part in parts]
    rows = [math.ceil(part.size / stride) for part, stride in zip(parts, strides)]
    strokes = sum(rows) <= 100
    crowd = max((part.indices.size / max(part.size, 1) for part in parts), default=0.0) / FEW_PER_ROW
    alpha = 0.85 / max(1.0, crowd) ** 0.5
    top = 1.0
    for part, stride, height in zip(parts, strides, _heights(rows)):
        times, ids = part.spikes
        drawn = (ids % stride == 0) & (part.copy_numbers == 0)
        y = top - height * (ids[drawn] + 0.5 * stride) / part.size
        colour = colour_of(part, result)
        if strokes:
            half = 0.42 * height * stride / max(part.size, 1)
            axes.vlines(times[drawn] / scale, y - half, y + half, colors=colour, linewidth=1.1 if total <= MOST_STROKES else 0.7,
                        alpha=alpha, rasterized=True)  # fmt: skip
        else:
            dot = 1.7 if total < 15_000 else 1.25
            axes.plot(times[drawn] / scale, y, linestyle="", marker="o", markersize=dot, markeredgewidth=0.0, color=colour,
                      alpha=alpha, rasterized=True)  # fmt: skip
        _label(axes, part, top - height / 2.0, colour)
        top -= height + GAP
        if part is not parts[-1]:
            axes.axhline(top + GAP / 2.0, color=GRID, linewidth=0.7)
    axes.set_ylim(top + GAP, 1.0)
    axes.set_yticks([])
    axes.spines[["left", "bottom"]].set_visible(False)
    axes.margins(x=0.0)
    notes = [f"1 in {max(strides)} neurons" if max(strides) > 1 else "", "copy 0" if result.copies > 1 else ""]
    shown = ", ".join(note for note in notes if note)
    if shown:
        axes.annotate(f"shown: {shown}", (1.0, 0.0), xycoords="axes fraction", xytext=(0, -9), textcoords="offset points",
                      ha="right", fontsize=7.0, color=FAINT)  # fmt: skip


def _heights(rows: Sequence[int]) -> list[float]:
    """Heights of the bands: by number of rows, but none too thin for its name."""
    whole = 1.0 - GAP * (len(rows) - 1)
    least = min(THINNEST_BAND, 1.0 / len(rows))
    heights = [max(number / max(sum(rows), 1), least) for number in rows]
    return [height * whole / sum(heights) for height in heights]


def _label(axes: Axes, part: PartResult, middle: float, colour: str) -> None:
    axes.annotate(part.name, (0.0, middle), xycoords=("axes fraction", "data"), xytext=(-7, 0), textcoords="offset points",
                  ha="right", va="center", color=darker(colour), fontweight="bold")  # fmt: skip
    rate = part.rate
    if np.any(~np.isnan(rate)):
        axes.annotate(f"{np.nanmean(rate):.2f} Hz", (1.0, middle), xycoords=("axes fraction", "data"), xytext=(6, 0),
                      textcoords="offset points", ha="left", va="center", fontsize=8.0, color=INK)  # fmt: skip


# ---- rates -------------------------------------------------------------------------------------------------------------
def draw_rates(axes: Axes, result: Result, parts: Sequence[PartResult], bin_ms: float | None = None) -> None:
    """Draw the rate of each population over time; of more than four the rate of all together."""
    scale, _ = time_scale(result)
    width = _rate_bin(result, parts) if bin_ms is None else bin_ms
    curves = []
    for part in parts:
        times, ids = part.spikes
        middles, rate = population_rate(times, ids, part.size, result.window, width)
        curves.append(rate / result.copies)
    edges = np.append(middles - 0.5 * width, middles[-1] + 0.5 * width) / scale
    colours = [colour_of(part, result) for part in parts]
    if len(parts) > 4:
        sizes = np.array([part.size for part in parts], np.float64)
        together = np.average(curves, axis=0, weights=sizes)
        axes.stairs(together, edges, fill=True, color=FAINT, linewidth=0.0, alpha=0.55)
        axes.stairs(together, edges, color=INK, linewidth=0.8, baseline=None)
        axes.set_ylabel("rate of all [Hz]")
        axes.set_ylim(0.0, 1.12 * float(together.max()) or 1.0)
    else:
        for curve, colour in zip(curves, colours):
            if len(parts) == 1:
                axes.stairs(curve, edges, fill=True, color=colour, alpha=0.16)
            axes.stairs(curve, edges, color=colour, linewidth=1.1, baseline=None)
        axes.set_ylabel("rate [Hz]")
        axes.set_ylim(0.0, 1.12 * max(float(curve.max()) for curve in curves) or 1.0)
    axes.grid(axis="y", color=GRID, linewidth=0.6)
    axes.annotate(f"bins of {width:g} ms", (1.0, 1.0), xycoords="axes fraction", xytext=(0, 1), textcoords="offset points",
                  ha="right", va="bottom", fontsize=7.0, color=FAINT)  # fmt: skip


def _rate_bin(result: Result, parts: Sequence[PartResult]) -> float:
    """A round number of ms, at least one step: 250 bins, but fewer where a bin would hold hardly a spike."""
    spikes = sum(part.indices.size for part in parts)
    wanted = result.duration / min(max(spikes / 6.0, 40.0), 250.0)
    round_numbers = [m * 10.0**k for k in range(-3, 6) for m in (1.0, 2.0, 5.0)]
    nearest = min(round_numbers, key=lambda number: abs(math.log(number / wanted)))
    dt = result.provenance.dt
    return min(max(1.0, math.ceil(nearest / dt - 1e-9)) * dt, result.duration)


def rates(result: Result) -> Figure:
    """Mean rate of each population within the evaluation window, beside what was expected.

    Raises
    ------
    ParameterError
        If no spikes were recorded.
    """
    require_result(result, "rates")
    rows = [row for row in summary(result) if not math.isnan(row.rate)]
    if not rows:
        raise ParameterError('no spikes were recorded; add ns.Probe(population, "spikes") to the network', where="rates")
    with house_style():
        figure = new_figure(WIDTH, 1.1 + 0.36 * len(rows))
        axes = figure.subplots()
        colours = [colour_of(result[row.name], result) for row in rows]
        places = np.arange(len(rows))
        axes.barh(places, [row.rate for row in rows], height=0.62, color=colours, alpha=0.85)
        titles = [title for title in result.provenance.expected if any(title in row.expected for row in rows)]
        for number, title in enumerate(titles):
            known = [k for k, row in enumerate(rows) if title in row.expected]
            values = [rows[k].expected[title] for k in known]
            axes.scatter(values, places[known], marker="|" if number == 0 else "D", s=220 if number == 0 else 20, color=INK,
                         linewidths=1.8 if number == 0 else 0.8, facecolors="white" if number else None, zorder=3,
                         label=title)  # fmt: skip
        reach = [row.rate for row in rows] + [x for row in rows for x in row.expected.values()]
        axes.set_xlim(0.0, 1.15 * max(reach) or 1.0)
        axes.set_yticks(places, [row.name for row in rows])
        for tick, colour in zip(axes.get_yticklabels(), colours):
            tick.set(color=darker(colour), fontweight="bold")
        for place, row in zip(places, rows):
            furthest = max([row.rate, *row.expected.values()])
            axes.annotate(f"{row.rate:.2f}", (furthest, place), xytext=(7, 0), textcoords="offset points", va="center",
                          fontsize=8.0)  # fmt: skip
        axes.invert_yaxis()
        axes.tick_params(axis="y", length=0)
        axes.spines["left"].set_visible(False)
        axes.grid(axis="x", color=GRID, linewidth=0.6)
        axes.set_xlabel("mean rate [Hz]")
        axes.set_title(title_of(result))
        if titles:
            axes.legend(loc="lower right", bbox_to_anchor=(1.0, 1.0), ncols=len(titles), borderaxespad=0.2, handletextpad=0.4)
    return figure

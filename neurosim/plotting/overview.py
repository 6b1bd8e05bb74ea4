"""Everything that was recorded in one figure."""

from __future__ import annotations

from collections.abc import Sequence

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.gridspec import SubplotSpec

from neurosim.errors import ParameterError
from neurosim.plotting.spikes import RATES_HEIGHT, chosen_parts, draw_raster, draw_rates, raster_height
from neurosim.plotting.style import (
    FAINT,
    WIDTH,
    house_style,
    mark_phases,
    new_figure,
    set_time_axis,
    subtitle_of,
    title_of,
)
from neurosim.plotting.values import draw_traces, draw_weights, readable, trace_rows, weight_parts
from neurosim.result import PartResult, Result, require_result

MOST_ROWS = 6
FEWEST_FOR_RATES = 4
"""Neurons; the rate of fewer says nothing that their spikes do not."""


def overview(result: Result) -> Figure:
    """Raster and rates, recorded variables, and the weights of plastic projections, below one another.

    Raises
    ------
    ParameterError
        If nothing was recorded.
    """
    require_result(result, "plot")
    spiking = [part for part in result if part.has_spikes]
    rows, plastic = trace_rows(result)[:MOST_ROWS], weight_parts(result)[:MOST_ROWS]
    if not (spiking or rows or plastic):
        raise ParameterError('nothing was recorded; add for example ns.Probe(population, "spikes")', where="plot")
    parts = chosen_parts(result, None) if spiking else []
    told_apart = sum(part.size for part in parts) > FEWEST_FOR_RATES
    heights = [raster_height(parts)] * bool(parts) + [RATES_HEIGHT] * told_apart + [1.3] * len(rows) + [1.9] * len(plastic)
    with house_style():
        figure = new_figure(WIDTH, 0.7 + sum(heights) + 0.35 * bool(rows) + 0.35 * len(plastic))
        figure.suptitle(title_of(result), x=0.01, ha="left", fontsize=12.0, fontweight="bold")
        figure.text(0.995, 0.995, subtitle_of(result), ha="right", va="top", fontsize=8.0, color=FAINT)
        grid = figure.add_gridspec(len(heights), 2, height_ratios=heights, width_ratios=(3.2, 1.0))
        lines = iter(range(len(heights)))
        if parts:
            upper = figure.add_subplot(grid[next(lines), :])
            lower = figure.add_subplot(grid[next(lines), :], sharex=upper) if told_apart else upper
            draw_raster(upper, result, parts)
            if told_apart:
                draw_rates(lower, result, parts)
                upper.tick_params(labelbottom=False, bottom=False)
            mark_phases((upper, lower), result)
            set_time_axis(lower, result, label=not rows or told_apart)
        if rows:
            _draw_rows(figure, [grid[next(lines), :] for _ in rows], result, rows)
        for part in plastic:
            line = next(lines)
            draw_weights(figure.add_subplot(grid[line, 0]), figure.add_subplot(grid[line, 1]), result, part)
        figure.align_ylabels()
    return figure


def _draw_rows(figure: Figure, places: Sequence[SubplotSpec], result: Result, rows: list[tuple[PartResult, str]]) -> None:
    """Traces below one another, of a stretch of time in which they are told apart."""
    close = readable(result, rows)
    panels: list[Axes] = []
    for place, (part, variable) in zip(places, rows):
        panels.append(figure.add_subplot(place, sharex=panels[0] if panels else None))
        draw_traces(panels[-1], close, close[part.name], variable)
        panels[-1].tick_params(labelbottom=len(panels) == len(rows))
    mark_phases(panels, close)
    set_time_axis(panels[-1], close)
    if close is not result:
        panels[-1].annotate(f"shown: the last {close.duration:g} ms", (1.0, 0.0), xycoords="axes fraction", xytext=(0, -22),
                            textcoords="offset points", ha="right", va="top", fontsize=7.0, color=FAINT)  # fmt: skip

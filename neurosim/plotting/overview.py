"""Everything that was recorded in one figure."""

from __future__ import annotations

from matplotlib.figure import Figure

from neurosim.errors import ParameterError
from neurosim.plotting.spikes import chosen_parts, draw_raster, draw_rates
from neurosim.plotting.style import (
    FAINT,
    house_style,
    mark_phases,
    new_figure,
    set_time_axis,
    subtitle_of,
    title_of,
)
from neurosim.plotting.values import draw_traces, draw_weights, readable, trace_rows, weight_parts
from neurosim.result import Result, require_result

MOST_ROWS = 6


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
    heights = [4.2] * bool(spiking) + [1.55 * len(rows) + 0.4] * bool(rows) + [2.5 * len(plastic)] * bool(plastic)
    with house_style():
        figure = new_figure(9.0, 0.5 + sum(heights))
        figure.suptitle(f"{title_of(result)}", x=0.01, ha="left", fontsize=12.0, fontweight="bold")
        figure.text(0.995, 0.995, subtitle_of(result), ha="right", va="top", fontsize=8.0, color=FAINT)
        boxes = list(figure.subfigures(len(heights), 1, height_ratios=heights, squeeze=False)[:, 0])
        if spiking:
            parts = chosen_parts(result, None)
            upper, lower = boxes.pop(0).subplots(2, 1, sharex=True, height_ratios=(3.0, 1.0))
            draw_raster(upper, result, parts)
            draw_rates(lower, result, parts)
            mark_phases((upper, lower), result)
            upper.tick_params(labelbottom=False, bottom=False)
            set_time_axis(lower, result)
        if rows:
            panels = boxes.pop(0).subplots(len(rows), 1, sharex=True, squeeze=False)[:, 0]
            close = readable(result, rows)
            for axes, (part, variable) in zip(panels, rows):
                draw_traces(axes, close, close[part.name], variable)
                axes.tick_params(labelbottom=axes is panels[-1])
            mark_phases(list(panels), close)
            set_time_axis(panels[-1], close)
            if close is not result:
                panels[-1].annotate(f"shown: the last {close.duration:g} ms", (1.0, 0.0), xycoords="axes fraction", xytext=(0, -20),
                                    textcoords="offset points", ha="right", va="top", fontsize=7.0, color=FAINT)  # fmt: skip
        if plastic:
            panels = boxes.pop(0).subplots(len(plastic), 2, squeeze=False, width_ratios=(3.2, 1.0))
            for (left, right), part in zip(panels, plastic):
                draw_weights(left, right, result, part)
    return figure

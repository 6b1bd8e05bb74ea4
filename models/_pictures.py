"""What the figures of the models share. matplotlib is imported when one is drawn, not with the model."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

import neurosim as ns
from neurosim.analysis import population_rate

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

FloatArray = npt.NDArray[np.float64]


def drawn(width: float, height: float, draw: Callable[[Figure, Sequence[str]], None]) -> Figure:
    """A figure of so many inches in the style of the other pictures, filled by ``draw(figure, colours)``."""
    from neurosim.plotting import PALETTE, house_style, new_figure

    with house_style():
        figure = new_figure(width, height)
        draw(figure, PALETTE)
    return figure


def smooth_rate(result: ns.Result, name: str, width: float = 50.0, step: float = 5.0) -> tuple[FloatArray, FloatArray]:
    """Times [ms] and the rate [Hz] of a population in a window of ``width`` ms that slides in steps of ``step`` ms."""
    part = result[name]
    times, ids = part.spikes
    middles, rate = population_rate(times, ids, part.size, result.window, step)
    window = np.ones(min(max(round(width / step), 1), len(rate)))
    # At both ends the window is cut off.
    smooth = np.convolve(rate, window, mode="same") / np.convolve(np.ones_like(rate), window, mode="same")
    return np.asarray(middles, np.float64), np.asarray(smooth, np.float64)


def dots(axes: Axes, result: ns.Result, name: str, colour: str, *, most: int = 100, offset: float = 0.0) -> None:
    """A raster of the first ``most`` neurons of a population."""
    times, ids = result[name].spikes
    shown = ids < most
    axes.plot(times[shown], ids[shown] + offset, ".", color=colour, markersize=2.2, markeredgewidth=0.0, rasterized=True)

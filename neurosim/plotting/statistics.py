"""Pictures of what spike trains are like: intervals and their variability, spectra; and rates against a value that was swept."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np
import numpy.typing as npt
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from neurosim import analysis
from neurosim.errors import NeurosimError, ParameterError
from neurosim.plotting.spikes import chosen_parts
from neurosim.plotting.style import GRID, INK, PALETTE, WIDTH, colour_of, darker, house_style, new_figure, title_of
from neurosim.result import PartResult, Result
from neurosim.units import Quantity

FloatArray = npt.NDArray[Any]
BINS = 40
MOST_TOGETHER = 3
"""Spectra of more populations are drawn beside each other."""
FEWEST_INTERVALS = 20
"""Of a population: the distribution of fewer is not drawn."""


def intervals(result: Result, *, of: Iterable[str] | str | None = None) -> Figure:
    """Distributions of the intervals between the spikes of each neuron, and of their coefficient of variation.

    Parameters
    ----------
    result : Result
        Its evaluation window is used; a short one cuts long intervals off and lowers the CV.
    of : str or iterable of str, optional
        Names of populations, all with recorded spikes unless given.

    Raises
    ------
    ParameterError
        If no spikes were recorded, or no population has 20 intervals.
    """
    parts = chosen_parts(result, of)
    found = [(part, _copy_wise(part)) for part in parts]
    known = [(part, lengths, cvs) for part, (lengths, cvs) in found if lengths.size >= FEWEST_INTERVALS]
    if not known:
        raise ParameterError(f"no population has {FEWEST_INTERVALS} intervals between spikes; simulate longer", where="intervals")
    low = min(float(lengths.min()) for _, lengths, _ in known)
    high = max(float(lengths.max()) for _, lengths, _ in known)
    edges = np.geomspace(0.9 * max(low, result.provenance.dt), 1.1 * high, BINS + 1)
    of_cv = np.linspace(0.0, 2.0, BINS + 1)
    with house_style():
        figure = new_figure(WIDTH, 0.9 + max(0.62 * len(known), 1.2))
        panels = figure.subplots(len(known), 2, sharex="col", squeeze=False, width_ratios=(1.5, 1.0))
        for (left, right), (part, lengths, cvs) in zip(panels, known):
            colour = colour_of(part, result)
            for axes, values, borders in ((left, lengths, edges), (right, cvs, of_cv)):
                share = np.histogram(values, borders)[0] / max(values.size, 1)
                axes.stairs(share, borders, color=colour, fill=True, alpha=0.8, linewidth=0.0)
                axes.set_ylim(0.0, 1.4 * float(share.max()) or 1.0)  # room for the number
                axes.set_yticks([])
                axes.spines["left"].set_visible(False)
            _mark(left, float(np.median(lengths)), f"{np.median(lengths):.3g} ms")
            if cvs.size:
                _mark(right, float(cvs.mean()), f"{cvs.mean():.2f}")
            left.annotate(part.name, (0.0, 0.5), xycoords="axes fraction", xytext=(-6, 0), textcoords="offset points", ha="right", va="center",
                          color=darker(colour), fontweight="bold")  # fmt: skip
        lowest_left, lowest_right = panels[-1]
        lowest_left.set_xscale("log")
        lowest_left.xaxis.set_major_formatter(lambda value, _: f"{value:g}")
        lowest_left.set_xlabel("interval [ms], with its median")
        lowest_right.set_xlabel("CV of a neuron's intervals, with the mean")
        panels[0, 0].set_title(title_of(result))
    return figure


def _mark(axes: Axes, place: float, text: str) -> None:
    axes.axvline(place, color=INK, linewidth=0.9)
    axes.annotate(text, (place, 1.0), xycoords=("data", "axes fraction"), xytext=(4, -1), textcoords="offset points", va="top", fontsize=7.5)


def _copy_wise(part: PartResult) -> tuple[FloatArray, FloatArray]:
    """Intervals and CVs of the neurons of all copies."""
    times, ids = part.spikes
    size = part.size * part.copies
    each = ids + part.copy_numbers * part.size
    lengths, _ = analysis.intervals(times, each, size, part.window)
    cvs = analysis.cv(times, each, size, part.window)
    return lengths, cvs[~np.isnan(cvs)]


def spectrum(result: Result, *, of: Iterable[str] | str | None = None, up_to: float = 200.0, bin_ms: float = 1.0) -> Figure:
    """The power spectrum of the rate of each population.

    Parameters
    ----------
    result : Result
        Its evaluation window is used, copy 0 of several.
    of : str or iterable of str, optional
        Names of populations, all with recorded spikes unless given.
    up_to : float
        [Hz] Where the axis ends; at most half of the sampling rate 1000 / ``bin_ms``.
    bin_ms : float
        Bins of the rate [ms].

    Raises
    ------
    ParameterError
        If no spikes were recorded, or the window is too short.

    Notes
    -----
    The dotted line of a population is 2 rate / N, what independent Poisson neurons of this rate would have.
    """
    parts = chosen_parts(result, of)
    if not isinstance(up_to, int | float | np.number) or not 0.0 < up_to <= 500.0 / bin_ms:
        raise ParameterError(f"up_to must be between 0 and {500.0 / bin_ms:g} Hz, half of the sampling rate, got {up_to!r}", where="spectrum")
    columns = 1 if len(parts) <= MOST_TOGETHER else 2
    lines = 1 if columns == 1 else math.ceil(len(parts) / columns)
    with house_style():
        figure = new_figure(WIDTH, 3.2 if columns == 1 else 0.9 + 1.05 * lines)
        panels = figure.subplots(lines, columns, sharex=True, sharey=True, squeeze=False).ravel()
        for axes in panels[len(parts) if columns > 1 else 1 :]:
            axes.set_visible(False)
        drawn = [_draw_spectrum(panels[k if columns > 1 else 0], result, part, up_to, bin_ms) for k, part in enumerate(parts)]
        if not any(drawn):
            raise ParameterError("no population fired in the window", where="spectrum")
        for k, axes in enumerate(panels):
            axes.set_yscale("log")
            axes.set_xlim(0.0, up_to)
            axes.grid(color=GRID, linewidth=0.6)
            if columns > 1 and k < len(parts):
                axes.annotate(parts[k].name, (1.0, 1.0), xycoords="axes fraction", xytext=(-3, -3), textcoords="offset points", ha="right",
                              va="top", color=darker(colour_of(parts[k], result)), fontweight="bold")  # fmt: skip
        figure.supxlabel("frequency [Hz]", fontsize=9.0)
        figure.supylabel("power of the rate [Hz²/Hz]", fontsize=9.0)
        panels[0].set_title(title_of(result))
        if columns == 1:
            _legend(panels[0], len(parts))
    return figure


def _draw_spectrum(axes: Axes, result: Result, part: PartResult, up_to: float, bin_ms: float) -> bool:
    """Draw that of one population; whether there is one."""
    times, ids = part.spikes
    one = part.copy_numbers == 0
    frequencies, power = analysis.power_spectrum(times[one], ids[one], part.size, result.window, bin_ms)
    shown = (frequencies > 0.0) & (frequencies <= up_to) & (power > 0.0)
    if not shown.any():
        return False
    colour = colour_of(part, result)
    axes.plot(frequencies[shown], power[shown], color=colour, linewidth=1.2, label=part.name)
    mean = 1000.0 * int(one.sum()) / (result.duration * part.size)
    axes.axhline(2.0 * mean / part.size, color=darker(colour), linewidth=0.9, linestyle=(0, (1, 2)))
    return True


def curve(
    values: Quantity | npt.ArrayLike, rates: Mapping[str, npt.ArrayLike] | npt.ArrayLike, *, name: str = "value",
    expected: npt.ArrayLike | None = None, axes: Axes | None = None,
) -> Figure:  # fmt: skip
    """Rates against whatever was varied: an f-I curve, a transfer function, a sweep.

    Parameters
    ----------
    values : Quantity or array (K,)
        What was varied; its unit stands at the axis.
    rates : array (K,) or (K, N) [Hz], or mapping of names to such arrays
        Of several neurons (or seeds) the mean is drawn with a band from the 16th to the 84th percentile.
    name : str
        What was varied, for the axis: "current".
    expected : array (K,) [Hz], optional
        Of theory or a publication, drawn as a thin line.
    axes : Axes, optional
        Where to draw; a new figure unless given.

    Returns
    -------
    Figure

    Raises
    ------
    ParameterError
        If lengths do not fit.

    Examples
    --------
    >>> from neurosim.units import pA
    >>> curve([100, 200, 300] * pA, [0.0, 12.0, 31.0], name="current").axes[0].get_xlabel()
    'current [pA]'
    """
    unit = f" [{values.unit}]" if isinstance(values, Quantity) else ""
    x = _numbers(values.value if isinstance(values, Quantity) else values, "values")
    several = rates if isinstance(rates, Mapping) else {"": rates}
    lines = {label: _numbers(given, f"rates {label}".strip()) for label, given in several.items()}
    theory = None if expected is None else _numbers(expected, "expected")
    if x.ndim != 1 or not x.size:
        raise ParameterError(f"values must be a list of numbers, got the shape {x.shape}", where="curve")
    for label, line in {**lines, **({} if theory is None else {"expected": theory})}.items():
        if line.ndim not in (1, 2) or len(line) != len(x):
            raise ParameterError(f"{label or 'rates'}: {len(x)} values need {len(x)} rates, got the shape {line.shape}", where="curve")
    order = np.argsort(x, kind="stable")
    with house_style():
        figure = new_figure(0.72 * WIDTH, 3.2) if axes is None else axes.figure
        place = figure.subplots() if axes is None else axes
        if theory is not None:
            place.plot(x[order], theory[order], color=INK, linewidth=1.0, label="expected", zorder=3)
        for k, (label, line) in enumerate(lines.items()):
            colour = PALETTE[k % len(PALETTE)]
            mean = np.nanmean(line, axis=1) if line.ndim == 2 else line
            if line.ndim == 2 and line.shape[1] > 1:
                low, high = np.nanpercentile(line, (16.0, 84.0), axis=1)
                place.fill_between(x[order], low[order], high[order], color=colour, alpha=0.2, linewidth=0.0)
            place.plot(x[order], mean[order], color=colour, linewidth=1.2, marker="o", markersize=4.0, label=label or "measured")
        place.set_xlabel(f"{name}{unit}")
        place.set_ylabel("rate [Hz]")
        place.set_ylim(bottom=0.0)
        place.grid(color=GRID, linewidth=0.6)
        if len(lines) > 1 or theory is not None:
            _legend(place, len(lines) + (theory is not None))
    return figure if isinstance(figure, Figure) else figure.figure


def _numbers(given: Any, what: str) -> FloatArray:
    try:
        return np.asarray(given.value if isinstance(given, Quantity) else given, np.float64)
    except (TypeError, ValueError, NeurosimError):
        raise ParameterError(f"{what} must be numbers, got {given!r}", where="curve") from None


def _legend(axes: Axes, entries: int) -> None:
    axes.legend(loc="lower right", bbox_to_anchor=(1.0, 1.0), ncols=min(entries, 8), borderaxespad=0.2, handlelength=1.1, columnspacing=0.9,
                handletextpad=0.4, fontsize=7.5)  # fmt: skip

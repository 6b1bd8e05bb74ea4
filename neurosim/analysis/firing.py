"""Firing rates: of neurons, of populations, smoothed by a kernel, around stimuli."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from types import MappingProxyType

import numpy as np

from neurosim.analysis.parts import accepts_part
from neurosim.analysis.trains import (
    EDGE,
    AnyArray,
    FloatArray,
    Window,
    binned_counts,
    checked_window,
    inside,
    limited,
    middles,
    numbers,
    pooled_counts,
    positive,
)
from neurosim.errors import OptionError, ParameterError, did_you_mean

CUTOFF = 5.0
"""Kernels end after this many standard deviations."""
MOST_AT_ONCE = 4_000_000
"""Entries of the arrays that are transformed together."""


@accepts_part
def rates(times: AnyArray, ids: AnyArray, size: int, window: Window) -> FloatArray:
    """Spikes per second of each neuron [Hz], (N,).

    Elephant's ``mean_firing_rate`` counts a spike at the very end of its window as well.
    """
    _, chosen = inside(times, ids, size, window)
    return np.bincount(chosen, minlength=size) * (1000.0 / (window[1] - window[0]))


@accepts_part
def population_rate(
    times: AnyArray, ids: AnyArray, size: int, window: Window, bin_ms: float = 1.0
) -> tuple[FloatArray, FloatArray]:
    """Middle of each bin [ms] and the population's mean rate in it [Hz], (T,) each; an incomplete last bin is left out.

    Elephant's ``time_histogram`` with ``output="rate"`` has the same values, stamped with the start of each bin.
    """
    grid = middles(window, bin_ms)
    chosen, _ = inside(times, ids, size, window)
    counts = pooled_counts(chosen, window, bin_ms)
    return grid, counts * (1000.0 / (bin_ms * size)) if size else np.full(grid.size, math.nan)


# ---- smooth rates --------------------------------------------------------------------------------------------------------
def _alpha(time: FloatArray, width: float) -> FloatArray:
    scaled = np.maximum(time, 0.0) * (math.sqrt(2.0) / width)
    shape: FloatArray = scaled * np.exp(-scaled)
    return shape


def _exponential(time: FloatArray, width: float) -> FloatArray:
    return np.where(time >= 0.0, np.exp(-np.maximum(time, 0.0) / width), 0.0)


def _gaussian(time: FloatArray, width: float) -> FloatArray:
    shape: FloatArray = np.exp(-0.5 * (time / width) ** 2)
    return shape


def _rectangular(time: FloatArray, width: float) -> FloatArray:
    return (np.abs(time) < math.sqrt(3.0) * width).astype(np.float64)


KERNELS: Mapping[str, Callable[[FloatArray, float], FloatArray]] = MappingProxyType(
    {"gaussian": _gaussian, "exponential": _exponential, "alpha": _alpha, "rectangular": _rectangular}
)
"""Shapes by name, as functions of time and their standard deviation; 'exponential' and 'alpha' look back only."""


@accepts_part
def instantaneous_rate(
    times: AnyArray,
    ids: AnyArray,
    size: int,
    window: Window,
    width_ms: float = 20.0,
    kernel: str = "gaussian",
    bin_ms: float = 1.0,
    *,
    pooled: bool = False,
) -> tuple[FloatArray, FloatArray]:
    """Middle of each bin [ms] (T,) and the rate [Hz] of each neuron (T, N), smoothed by a kernel; pooled, their mean (T,).

    The spikes are counted in bins, and the counts convolved with the kernel. Towards the ends of the window, where a part of
    the kernel lies outside, rates are too low.

    Parameters
    ----------
    width_ms : float
        Standard deviation of the kernel [ms].
    kernel : str
        'gaussian', 'rectangular', or one that looks back only: 'exponential', 'alpha'.
    bin_ms : float
        Width of a bin [ms].
    pooled : bool
        Return the mean over neurons, which needs no array of bins and neurons.

    Notes
    -----
    The kernel is cut off 5 standard deviations from 0 and sums to exactly 1 over its bins, so that a rate integrates to the
    number of spikes. Elephant's ``instantaneous_rate`` takes the values of a density instead (for a Gaussian 6e-7 less, for
    an exponential too much by bin_ms / 2 width_ms), stretches kernels that are not a whole number of bins wide, shifts
    those that look back by their median unless ``center_kernel=False``, and stamps bins with their start.

    References
    ----------
    Nawrot, Aertsen and Rotter (1999), J Neurosci Methods 94, 81, doi 10.1016/S0165-0270(99)00127-2
    """
    if not isinstance(kernel, str) or kernel not in KERNELS:
        raise OptionError(f"there is no kernel {kernel!r}{did_you_mean(kernel, KERNELS)}", where="instantaneous_rate")
    grid, width = middles(window, bin_ms), positive(width_ms, "width_ms")
    half = math.ceil(CUTOFF * width / bin_ms - EDGE)
    limited(half, f"a kernel of {width:g} ms in bins of {bin_ms:g} ms")
    weights = KERNELS[kernel](bin_ms * np.arange(-half, half + 1), width)
    weights /= weights.sum()
    if pooled:
        chosen, _ = inside(times, ids, size, window)
        counts = pooled_counts(chosen, window, bin_ms)[:, None] / size if size else np.full((grid.size, 1), math.nan)
    else:
        counts = binned_counts(times, ids, size, window, bin_ms)
    smooth = _convolved(counts, weights) * (1000.0 / bin_ms)
    return grid, smooth[:, 0] if pooled else smooth


def _convolved(counts: FloatArray, weights: FloatArray) -> FloatArray:
    """Each column (T,) with the weights around 0, in place, some columns at a time; nothing falls below 0."""
    bins, half = counts.shape[0], weights.size // 2
    length = 1 << (bins + weights.size - 2).bit_length()
    transformed = np.fft.rfft(weights, length)[:, None]
    step = max(MOST_AT_ONCE // length, 1)
    for first in range(0, counts.shape[1], step):
        columns = counts[:, first : first + step]
        smooth = np.fft.irfft(np.fft.rfft(columns, length, axis=0) * transformed, length, axis=0)[half : half + bins]
        counts[:, first : first + step] = np.where(columns.any(axis=0), np.maximum(smooth, 0.0), columns)
    return counts


# ---- around stimuli ------------------------------------------------------------------------------------------------------
@accepts_part
def psth(
    times: AnyArray,
    ids: AnyArray,
    size: int,
    window: Window,
    onsets: AnyArray,
    span: Window = (-50.0, 200.0),
    bin_ms: float = 5.0,
) -> tuple[FloatArray, FloatArray]:
    """Peri-stimulus time histogram: the rate around the onsets of stimuli, mean over onsets and neurons.

    Parameters
    ----------
    onsets : (O,) array
        Times of the stimuli [ms]; those whose span does not lie in the window are left out. Spans may overlap.
    span : (float, float)
        From and to, counted from an onset [ms].
    bin_ms : float
        Width of a bin [ms].

    Returns
    -------
    times, rate : (T,)
        Middle of each bin, counted from the onset [ms], and the mean rate [Hz].

    Raises
    ------
    ParameterError
        If no onset has its span in the window.

    Examples
    --------
    >>> lags, rate = psth([12.0, 13.0, 113.0], [0, 1, 0], 2, (0.0, 200.0), [10.0, 110.0], (0.0, 10.0), 5.0)
    >>> lags.tolist(), rate.tolist()
    ([2.5, 7.5], [150.0, 0.0])
    """
    start, stop = checked_window(window)
    grid, span = middles(span, bin_ms), checked_window(span)
    given = numbers(onsets, "onsets").ravel()
    slack = EDGE * bin_ms
    onsets = given[(given + span[0] >= start - slack) & (given + span[1] <= stop + slack)]
    if not onsets.size:
        shown = f"none of the {given.size} onsets has its span from {span[0]:g} to {span[1]:g} ms in the window"
        raise ParameterError(f"{shown} from {start:g} to {stop:g} ms", where="psth")
    chosen = np.sort(inside(times, ids, size, (start, stop))[0])
    edges = span[0] + bin_ms * np.arange(grid.size + 1) - slack
    counts = np.zeros(grid.size)
    for onset in onsets:
        counts += np.diff(np.searchsorted(chosen, onset + edges))
    return grid, counts * (1000.0 / (bin_ms * size * onsets.size)) if size else np.full(grid.size, math.nan)

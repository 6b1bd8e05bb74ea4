"""Statistics of spike trains: plain arrays in, plain arrays out.

Shapes: M spikes, N neurons, T bins. ``times`` [ms] (M,) need not be sorted; ``ids`` (M,) are below ``size`` = N; the
``window`` is (from, to) in ms, and spikes outside it are left out. A statistic that a neuron has too few spikes for is nan.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import numpy.typing as npt

from neurosim.errors import NeurosimError, ParameterError

FloatArray = npt.NDArray[np.floating[Any]]
AnyArray = npt.NDArray[Any]
Window = tuple[float, float]

EDGE = 1e-6
"""Times are multiples of dt up to rounding; a spike this part of a bin below an edge counts as standing on it."""


def rates(times: AnyArray, ids: AnyArray, size: int, window: Window) -> FloatArray:
    """Spikes per second of each neuron [Hz], (N,)."""
    _, chosen = _inside(times, ids, size, window)
    return np.bincount(chosen, minlength=size) * (1000.0 / (window[1] - window[0]))


def intervals(times: AnyArray, ids: AnyArray, size: int, window: Window) -> tuple[FloatArray, AnyArray]:
    """All inter-spike intervals [ms] and their neurons, in the order of neurons, within a neuron of time."""
    inside, neurons = _inside(times, ids, size, window)
    order = np.lexsort((inside, neurons))
    inside, neurons = inside[order], neurons[order]
    same = neurons[1:] == neurons[:-1]
    return np.diff(inside)[same], neurons[1:][same]


def cv(times: AnyArray, ids: AnyArray, size: int, window: Window, minimum_intervals: int = 3) -> FloatArray:
    """Coefficient of variation of each neuron's inter-spike intervals, (N,).

    Standard deviation (of the sample itself, no correction) over mean; nan for neurons with fewer than
    ``minimum_intervals`` intervals. A short window biases it downward: a Poisson process seen for few intervals shows
    less than its 1.
    """
    lengths, neurons = intervals(times, ids, size, window)
    number = np.bincount(neurons, minlength=size)
    with np.errstate(divide="ignore", invalid="ignore"):
        mean = np.bincount(neurons, lengths, size) / number
        spread = np.bincount(neurons, (lengths - mean[neurons]) ** 2, size) / number
        result = np.sqrt(spread) / mean
    return np.where(number >= max(minimum_intervals, 1), result, math.nan)


def mean_cv(times: AnyArray, ids: AnyArray, size: int, window: Window, minimum_intervals: int = 3) -> float:
    """Mean `cv` over the neurons that have one; nan if none has."""
    return _mean_of_known(cv(times, ids, size, window, minimum_intervals))


def cv2(times: AnyArray, ids: AnyArray, size: int, window: Window, minimum_intervals: int = 3) -> FloatArray:
    """Local variation of each neuron's intervals, (N,): mean of ``2 |I_k+1 - I_k| / (I_k+1 + I_k)``.

    Slow changes of the rate do not raise it, as they do the `cv`; a Poisson process has 1.

    References
    ----------
    Holt, Softky, Koch and Douglas (1996), J Neurophysiol 75, 1806, doi 10.1152/jn.1996.75.5.1806
    """
    lengths, neurons = intervals(times, ids, size, window)
    number = np.bincount(neurons, minlength=size)
    same = neurons[1:] == neurons[:-1]
    later, earlier, neurons = lengths[1:][same], lengths[:-1][same], neurons[1:][same]
    pairs = np.bincount(neurons, minlength=size)
    with np.errstate(divide="ignore", invalid="ignore"):
        result = np.bincount(neurons, 2.0 * np.abs(later - earlier) / (later + earlier), size) / pairs
    return np.where((number >= max(minimum_intervals, 2)) & (pairs > 0), result, math.nan)


def fano_factor(times: AnyArray, ids: AnyArray, size: int, window: Window, bin_ms: float = 100.0) -> FloatArray:
    """Variance over mean of each neuron's spike counts in bins of the window, (N,); nan for silent neurons.

    The last, incomplete bin is left out. A Poisson process has 1.

    References
    ----------
    Fano (1947), Phys Rev 72, 26, doi 10.1103/PhysRev.72.26
    """
    counts = binned_counts(times, ids, size, window, bin_ms)
    with np.errstate(divide="ignore", invalid="ignore"):
        result: FloatArray = counts.var(axis=0) / counts.mean(axis=0)
    return result


def binned_counts(times: AnyArray, ids: AnyArray, size: int, window: Window, bin_ms: float) -> FloatArray:
    """Spikes per bin and neuron, (T, N); the last, incomplete bin is left out.

    Raises
    ------
    ParameterError
        If the window does not hold one bin.
    """
    bins = _number_of_bins(window, bin_ms)
    inside, chosen = _inside(times, ids, size, window)
    place = _bin_of(inside, window, bin_ms)
    keep = place < bins
    return np.bincount(place[keep] * size + chosen[keep], minlength=bins * size).reshape(bins, size).astype(np.float64)


def population_rate(
    times: AnyArray, ids: AnyArray, size: int, window: Window, bin_ms: float = 1.0
) -> tuple[FloatArray, FloatArray]:
    """Middle of each bin [ms] and the population's mean rate in it [Hz], (T,) each; an incomplete last bin is left out."""
    bins = _number_of_bins(window, bin_ms)
    inside, _ = _inside(times, ids, size, window)
    place = _bin_of(inside, window, bin_ms)
    counts = np.bincount(place[place < bins], minlength=bins)
    middles = window[0] + bin_ms * (np.arange(bins) + 0.5)
    return middles, counts * (1000.0 / (bin_ms * size))


def synchrony(
    times: AnyArray, ids: AnyArray, size: int, window: Window, bin_ms: float = 3.0, neurons: int = 1000
) -> float:
    """Variance over mean of the population's spike count in bins; nan for a silent population.

    Counted over the first ``neurons`` neurons, because it grows with their number where they are correlated;
    independent Poisson neurons have 1.

    References
    ----------
    Potjans and Diesmann (2014), Cereb Cortex 24, 785, doi 10.1093/cercor/bhs358: 3 ms bins, 1000 neurons
    """
    bins = _number_of_bins(window, bin_ms)
    inside, chosen = _inside(times, ids, size, window)
    place = _bin_of(inside[chosen < neurons], window, bin_ms)
    counts = np.bincount(place[place < bins], minlength=bins)
    return float(counts.var() / counts.mean()) if counts.any() else math.nan


def correlations(
    times: AnyArray, ids: AnyArray, size: int, window: Window, bin_ms: float = 2.0, neurons: int = 250
) -> FloatArray:
    """Pearson correlation of the binned spike counts of every pair of neurons, (pairs,).

    Of the first ``neurons`` neurons that fired at all; pairs in the order (0, 1), (0, 2) ... (1, 2) ...
    """
    inside, chosen = _inside(times, ids, size, window)
    active = np.unique(chosen)[:neurons]
    if active.size < 2:
        return np.zeros(0)
    keep = np.isin(chosen, active)
    counts = binned_counts(inside[keep], np.searchsorted(active, chosen[keep]), active.size, window, bin_ms)
    deviation = counts - counts.mean(axis=0)
    with np.errstate(divide="ignore", invalid="ignore"):
        deviation /= np.sqrt((deviation**2).sum(axis=0))
    matrix = deviation.T @ deviation
    result: FloatArray = matrix[np.triu_indices(active.size, 1)]
    return result


def power_spectrum(
    times: AnyArray, ids: AnyArray, size: int, window: Window, bin_ms: float = 1.0, segment_ms: float = 512.0
) -> tuple[FloatArray, FloatArray]:
    """Frequencies [Hz] and power density [Hz**2 / Hz] of the population's rate.

    Welch's method: segments that overlap by half, each less its mean and under a Hann window; one-sided. A window shorter
    than a segment makes one segment.

    References
    ----------
    Welch (1967), IEEE Trans Audio Electroacoust 15, 70, doi 10.1109/TAU.1967.1161901
    """
    _, signal = population_rate(times, ids, size, window, bin_ms)
    length = min(max(round(_positive(segment_ms, "segment_ms") / bin_ms), 2), signal.size)
    if length < 2:
        raise ParameterError(f"a spectrum needs at least 2 bins of {bin_ms:g} ms")
    starts = np.arange(0, signal.size - length + 1, length - length // 2)
    pieces = signal[starts[:, None] + np.arange(length)]
    hann = 0.5 - 0.5 * np.cos(2.0 * math.pi * np.arange(length) / length)
    transformed = np.fft.rfft((pieces - pieces.mean(axis=1, keepdims=True)) * hann, axis=1)
    sampling = 1000.0 / bin_ms
    power: FloatArray = (np.abs(transformed) ** 2).mean(axis=0) / (sampling * (hann**2).sum())
    power[1 : (-1 if length % 2 == 0 else None)] *= 2.0
    return np.fft.rfftfreq(length, 1.0 / sampling), power


def van_rossum_distance(
    first: tuple[AnyArray, AnyArray], second: tuple[AnyArray, AnyArray], size: int, tau_ms: float = 10.0
) -> FloatArray:
    """Distance of the spike trains of each neuron in two recordings, (N,).

    D**2 is the integral of (f - g)**2 / tau over time, where f and g are the trains filtered with exp(-t / tau). So one
    spike against none has D**2 = 1/2, two spikes far apart D**2 = 1.

    Parameters
    ----------
    first, second : (times [ms] (M,), ids (M,))
        The two recordings.
    size : int
        Number of neurons N.
    tau_ms : float
        Time constant [ms]: spikes that differ by much less count as one.

    References
    ----------
    van Rossum (2001), Neural Comput 13, 751, doi 10.1162/089976601300014321
    """
    _positive(tau_ms, "tau_ms")
    times = np.concatenate([_numbers(first[0], "times"), _numbers(second[0], "times")])
    ids = np.concatenate([_numbers(first[1], "ids"), _numbers(second[1], "ids")]).astype(np.int64)
    _check_ids(times, ids, size)
    signs = np.concatenate([np.ones(len(first[0])), -np.ones(len(second[0]))])
    order = np.lexsort((times, ids))
    times, ids, signs = times[order], ids[order], signs[order]
    number = np.bincount(ids, minlength=size)
    start = np.concatenate([[0], np.cumsum(number)[:-1]])
    # D**2 = sum over pairs of s_i s_j exp(-|t_i - t_j| / tau) / 2: the k-th spikes of all neurons at once, with the trace
    # that their earlier spikes left.
    squared = 0.5 * number.astype(np.float64)
    trace, before = np.zeros(size), np.zeros(size)
    for k in range(int(number.max(initial=0))):
        alive = np.flatnonzero(number > k)
        place = start[alive] + k
        trace[alive] *= np.exp(-(times[place] - before[alive]) / tau_ms)
        squared[alive] += signs[place] * trace[alive]
        trace[alive] += signs[place]
        before[alive] = times[place]
    distance: FloatArray = np.sqrt(np.maximum(squared, 0.0))
    return distance


# ---- shared parts --------------------------------------------------------------------------------------------------------
def _inside(times: AnyArray, ids: AnyArray, size: int, window: Window) -> tuple[FloatArray, AnyArray]:
    start, stop = _window(window)
    times, ids = _numbers(times, "times"), _numbers(ids, "ids")
    _check_ids(times, ids, size)
    slack = 1e-9 * max(abs(start), abs(stop), 1.0)
    keep = (times >= start - slack) & (times < stop - slack)
    return times[keep], ids[keep].astype(np.int64)


def _check_ids(times: AnyArray, ids: AnyArray, size: int) -> None:
    if not isinstance(size, int | np.integer) or isinstance(size, bool) or size < 0:
        raise ParameterError(f"size must be the number of neurons, got {size!r}")
    if times.shape != ids.shape:
        raise ParameterError(f"times and ids differ in length: {times.size} and {ids.size}")
    if ids.size and not 0 <= ids.min() <= ids.max() < size:
        raise ParameterError(f"neuron {ids.max() if ids.max() >= size else ids.min():g} is outside a population of {size}")


def _numbers(given: Any, name: str) -> FloatArray:
    try:
        return np.asarray(given, np.float64)
    except (TypeError, ValueError, NeurosimError):  # a quantity has an error of its own
        raise ParameterError(f"{name} must be an array of plain numbers{' [ms]' if name == 'times' else ''}, got {given!r}") from None


def _window(window: Any) -> Window:
    pair = _numbers(window, "window")
    if pair.shape != (2,) or not np.all(np.isfinite(pair)):
        raise ParameterError(f"the window must be two times in ms (from, to), got {window!r}")
    if not pair[1] > pair[0]:
        raise ParameterError(f"the window from {pair[0]:g} to {pair[1]:g} ms is empty")
    return float(pair[0]), float(pair[1])


def _positive(value: Any, name: str) -> float:
    if not isinstance(value, int | float | np.number) or isinstance(value, bool) or not 0.0 < float(value) < math.inf:
        raise ParameterError(f"{name} must be a positive plain number, got {value!r}")
    return float(value)


def _number_of_bins(window: Window, bin_ms: float) -> int:
    window, bin_ms = _window(window), _positive(bin_ms, "bin_ms")
    bins = math.floor((window[1] - window[0]) / bin_ms + EDGE)
    if bins < 1:
        raise ParameterError(f"the window from {window[0]:g} to {window[1]:g} ms does not hold one bin of {bin_ms:g} ms")
    return bins


def _bin_of(times: FloatArray, window: Window, bin_ms: float) -> AnyArray:
    place: AnyArray = np.maximum(np.floor((times - window[0]) / bin_ms + EDGE).astype(np.int64), 0)
    return place


def _mean_of_known(values: FloatArray) -> float:
    known = values[~np.isnan(values)]
    return float(known.mean()) if known.size else math.nan

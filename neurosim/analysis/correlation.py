"""How much neurons and populations fire together: correlations of counts, correlograms, synchrony."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from neurosim.analysis.parts import accepts_part, joined
from neurosim.analysis.trains import (
    EDGE,
    AnyArray,
    FloatArray,
    Window,
    binned_counts,
    inside,
    limited,
    mean_of_known,
    number_of_bins,
    numbers,
    pooled_counts,
    positive,
    two_trains,
    whole,
)
from neurosim.errors import ParameterError
from neurosim.result import PartResult


# ---- pairs of neurons ----------------------------------------------------------------------------------------------------
@accepts_part
def covariance_matrix(times: AnyArray, ids: AnyArray, size: int, window: Window, bin_ms: float = 2.0) -> FloatArray:
    """Covariance of the binned spike counts of every two neurons, (N, N), divided by the number of bins less 1.

    nan where there is one bin. Elephant's ``covariance`` is the same.
    """
    limited(size * size, f"covariances of {size:,} neurons")
    counts = binned_counts(times, ids, size, window, bin_ms)
    deviation = counts - counts.mean(axis=0)
    if len(counts) < 2:
        return np.full((size, size), math.nan)
    matrix: FloatArray = deviation.T @ deviation / (len(counts) - 1)
    return matrix


@accepts_part
def correlation_matrix(times: AnyArray, ids: AnyArray, size: int, window: Window, bin_ms: float = 2.0) -> FloatArray:
    """Pearson correlation of the binned spike counts of every two neurons, (N, N).

    nan in the rows and columns of neurons whose counts are all equal, such as silent ones. Elephant's
    ``correlation_coefficient`` is the same.
    """
    limited(size * size, f"correlations of {size:,} neurons")
    return _correlated(binned_counts(times, ids, size, window, bin_ms))


def _correlated(counts: FloatArray) -> FloatArray:
    deviation = counts - counts.mean(axis=0)
    with np.errstate(divide="ignore", invalid="ignore"):
        deviation /= np.sqrt((deviation**2).sum(axis=0))
    matrix: FloatArray = deviation.T @ deviation
    return matrix


@accepts_part
def correlations(
    times: AnyArray, ids: AnyArray, size: int, window: Window, bin_ms: float = 2.0, neurons: int = 250
) -> FloatArray:
    """Pearson correlation of the binned spike counts of every pair of neurons, (pairs,).

    Of the first ``neurons`` neurons that fired at all; pairs in the order (0, 1), (0, 2) ... (1, 2) ...
    """
    counts = _counts_of_active(times, ids, size, window, bin_ms, neurons)
    return _correlated(counts)[np.triu_indices(counts.shape[1], 1)]


@accepts_part
def mean_correlation(
    times: AnyArray, ids: AnyArray, size: int, window: Window, bin_ms: float = 2.0, neurons: int = 250
) -> float:
    """Mean of `correlations`; nan if fewer than two neurons fired."""
    return mean_of_known(correlations(times, ids, size, window, bin_ms, neurons))


def _counts_of_active(times: Any, ids: Any, size: int, window: Window, bin_ms: float, neurons: int) -> FloatArray:
    """Binned counts of the first ``neurons`` neurons that fired, (T, K)."""
    times, ids = inside(times, ids, size, window)
    active = np.flatnonzero(np.bincount(ids, minlength=size))[: whole(neurons, "neurons", 1)]
    place = np.full(size, -1, np.int64)
    place[active] = np.arange(active.size)
    place = place[ids]
    keep = place >= 0
    return binned_counts(times[keep], place[keep], active.size, window, bin_ms)


# ---- correlograms --------------------------------------------------------------------------------------------------------
def cross_correlogram(
    first: AnyArray | PartResult,
    second: AnyArray | PartResult,
    window: Window | None = None,
    bin_ms: float = 1.0,
    reach_ms: float = 50.0,
    *,
    normalised: bool = False,
) -> tuple[FloatArray, FloatArray]:
    """Pairs of a spike of the first and one of the second train, by the time that the second is later.

    Spikes are counted in bins, and the products of the counts summed for each lag. Of two parts of a result the spikes of all
    their neurons are taken together, and the value of a run with several copies is (B, L). With itself a train has its
    autocorrelogram, in which each spike makes a pair with itself at lag 0.

    Parameters
    ----------
    first, second : (M,) arrays of times [ms], or parts of results
        The two trains.
    window : (float, float)
        From and to [ms]; of parts their own.
    bin_ms : float
        Width of a bin and step of the lags [ms].
    reach_ms : float
        The largest lag [ms].
    normalised : bool
        Give the correlation coefficient, from -1 to 1, in place of the number of pairs; nan if a train is silent.

    Returns
    -------
    lags, values : (L,)
        Lags [ms], and pairs at each.

    Notes
    -----
    Elephant's ``cross_correlation_histogram`` is the same, also with ``cross_correlation_coefficient=True``; its lags count
    bins. Neither corrects for the bins that are missing at the ends.

    References
    ----------
    Eggermont (2010), in Gruen and Rotter, Analysis of Parallel Spike Trains, doi 10.1007/978-1-4419-5675-0_5, Eq. 5.10

    Examples
    --------
    >>> lags, pairs = cross_correlogram([10.5, 20.5], [12.5, 22.5], (0.0, 100.0), reach_ms=3.0)
    >>> lags.tolist(), pairs.tolist()
    ([-3.0, -2.0, -1.0, 0.0, 1.0, 2.0, 3.0], [0.0, 0.0, 0.0, 0.0, 0.0, 2.0, 0.0])
    """
    found = [
        _correlogram(*trains, bin_ms, reach_ms, normalised) for trains in two_trains(first, second, window, "cross_correlogram")
    ]
    return found[0][0], joined([values for _, values in found])


def _correlogram(
    first: FloatArray, second: FloatArray, window: Window, bin_ms: float, reach_ms: float, normalised: bool
) -> tuple[FloatArray, FloatArray]:
    bins = number_of_bins(window, bin_ms)
    reach = math.floor(positive(reach_ms, "reach_ms") / bin_ms + EDGE)
    if reach >= bins:
        raise ParameterError(f"lags up to {reach_ms:g} ms do not fit the window from {window[0]:g} to {window[1]:g} ms")
    a, b = (pooled_counts(train, window, bin_ms) for train in (first, second))
    length = 1 << (bins + reach - 1).bit_length()
    product = np.fft.irfft(np.fft.rfft(a, length).conj() * np.fft.rfft(b, length), length)
    # Sums of products of whole numbers are whole; adding 0 leaves no -0.
    values = np.rint(np.concatenate([product[length - reach :], product[: reach + 1]])) + 0.0
    lags = bin_ms * np.arange(-reach, reach + 1)
    if not normalised:
        return lags, values
    square = ((a**2).sum() - a.sum() ** 2 / bins) * ((b**2).sum() - b.sum() ** 2 / bins)
    if not square > 0.0:
        return lags, np.full(lags.size, math.nan)
    return lags, (values - a.sum() * b.sum() / bins) / math.sqrt(square)


# ---- synchrony -----------------------------------------------------------------------------------------------------------
@accepts_part
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
    number_of_bins(window, bin_ms)
    times, ids = inside(times, ids, size, window)
    counts = pooled_counts(times[ids < whole(neurons, "neurons", 1)], window, bin_ms)
    return float(counts.var() / counts.mean()) if counts.any() else math.nan


@accepts_part
def coincidence(
    times: AnyArray, ids: AnyArray, size: int, window: Window, bin_ms: float = 2.0, neurons: int = 250
) -> float:
    """Bins in which both neurons of a pair fire, over the geometric mean of the bins in which each does; mean over pairs.

    1 if all fire in the same bins, 0 if no two ever do; nan if fewer than two neurons fired. Of the first ``neurons`` neurons
    that fired at all. It grows with the width of the bins: independent neurons have about rate times width.

    References
    ----------
    Wang and Buzsaki (1996), J Neurosci 16, 6402, doi 10.1523/JNEUROSCI.16-20-06402.1996
    """
    fired = np.minimum(_counts_of_active(times, ids, size, window, bin_ms, neurons), 1.0)
    pairs = np.triu_indices(fired.shape[1], 1)
    each = fired.sum(axis=0)
    with np.errstate(divide="ignore", invalid="ignore"):  # a last spike in an incomplete bin
        values = (fired.T @ fired)[pairs] / np.sqrt(each[pairs[0]] * each[pairs[1]])
    return mean_of_known(values)


def trace_synchrony(values: AnyArray) -> float:
    """Synchrony of traces such as voltages: the fluctuation of their mean over the mean of their fluctuations.

    The root of var(mean over neurons) / mean over neurons of var, variances over time: 1 if all traces are equal, of the order
    of 1 / sqrt(K) if they are independent; nan if none varies.

    Parameters
    ----------
    values : (T, K) array
        Traces of K neurons, as ``result["exc"].v``.

    References
    ----------
    Golomb and Rinzel (1994), Physica D 72, 259, doi 10.1016/0167-2789(94)90214-3
    """
    values = numbers(values, "values")
    if values.ndim != 2 or 0 in values.shape:
        raise ParameterError(f"values must be an array (T, K) of traces, got the shape {values.shape}", where="trace_synchrony")
    each = values.var(axis=0).mean()
    return math.sqrt(values.mean(axis=1).var() / each) if each > 0.0 else math.nan

"""Irregularity of spike trains: inter-spike intervals, CV, CV2, local variation, Fano factor."""

from __future__ import annotations

import math

import numpy as np

from neurosim.analysis.parts import accepts_part
from neurosim.analysis.trains import AnyArray, FloatArray, Window, binned_counts, by_neuron, inside, mean_of_known, positive, whole


@accepts_part
def intervals(times: AnyArray, ids: AnyArray, size: int, window: Window) -> tuple[FloatArray, AnyArray]:
    """All inter-spike intervals [ms] and their neurons, in the order of neurons, within a neuron of time."""
    times, neurons = by_neuron(*inside(times, ids, size, window), size)
    same = neurons[1:] == neurons[:-1]
    return np.diff(times)[same], neurons[1:][same]


@accepts_part
def cv(times: AnyArray, ids: AnyArray, size: int, window: Window, minimum_intervals: int = 3) -> FloatArray:
    """Coefficient of variation of each neuron's inter-spike intervals, (N,).

    Standard deviation (of the sample itself, no correction) over mean; nan for neurons with fewer than
    ``minimum_intervals`` intervals. A short window biases it downward: a Poisson process seen for few intervals shows
    less than its 1. Elephant's ``cv`` of the intervals is the same number, of however few there are.
    """
    lengths, neurons = intervals(times, ids, size, window)
    number = np.bincount(neurons, minlength=size)
    with np.errstate(divide="ignore", invalid="ignore"):
        mean = np.bincount(neurons, lengths, size) / number
        spread = np.bincount(neurons, (lengths - mean[neurons]) ** 2, size) / number
        result = np.sqrt(spread) / mean
    return np.where(number >= whole(minimum_intervals, "minimum_intervals", 1), result, math.nan)


@accepts_part
def mean_cv(times: AnyArray, ids: AnyArray, size: int, window: Window, minimum_intervals: int = 3) -> float:
    """Mean `cv` over the neurons that have one; nan if none has."""
    return mean_of_known(cv(times, ids, size, window, minimum_intervals))


@accepts_part
def cv2(times: AnyArray, ids: AnyArray, size: int, window: Window, minimum_intervals: int = 3) -> FloatArray:
    """Local coefficient of variation of each neuron's intervals, (N,): mean of ``2 |I_k+1 - I_k| / (I_k+1 + I_k)``.

    Slow changes of the rate do not raise it, as they do the `cv`; a Poisson process has 1. Elephant's ``cv2`` is the same.

    References
    ----------
    Holt, Softky, Koch and Douglas (1996), J Neurophysiol 75, 1806, doi 10.1152/jn.1996.75.5.1806
    """
    sums, differences, neurons, number = _neighbours(times, ids, size, window)
    return _mean_of_each(2.0 * np.abs(differences) / sums, neurons, number, whole(minimum_intervals, "minimum_intervals", 2))


@accepts_part
def lv(
    times: AnyArray, ids: AnyArray, size: int, window: Window, minimum_intervals: int = 3, *, refractory_ms: float = 0.0
) -> FloatArray:
    """Local variation of each neuron's intervals, (N,): mean of ``3 (I_k - I_k+1)**2 / (I_k + I_k+1)**2``.

    With a refractory time R the revised LvR, each term times ``1 + 4 R / (I_k + I_k+1)``. A Poisson process has 1, a
    clock 0. Elephant's ``lv`` and ``lvr`` are the same.

    Parameters
    ----------
    refractory_ms : float
        R [ms]; Shinomoto et al. (2009) recommend 5 ms.

    References
    ----------
    Shinomoto, Shima and Tanji (2003), Neural Comput 15, 2823, doi 10.1162/089976603322518759;
    Shinomoto et al. (2009), PLoS Comput Biol 5, e1000433, doi 10.1371/journal.pcbi.1000433
    """
    sums, differences, neurons, number = _neighbours(times, ids, size, window)
    dead = 1.0 + 4.0 * positive(refractory_ms, "refractory_ms", zero=True) / sums
    least = whole(minimum_intervals, "minimum_intervals", 2)
    return _mean_of_each(3.0 * (differences / sums) ** 2 * dead, neurons, number, least)


def _neighbours(times: AnyArray, ids: AnyArray, size: int, window: Window) -> tuple[FloatArray, FloatArray, AnyArray, AnyArray]:
    """Sums and differences of consecutive intervals, their neurons, and the number of intervals of each neuron.

    Two intervals of length 0 do not differ: their sum is given as 1, not 0.
    """
    lengths, neurons = intervals(times, ids, size, window)
    same = neurons[1:] == neurons[:-1]
    later, earlier = lengths[1:][same], lengths[:-1][same]
    sums = later + earlier
    return np.where(sums > 0.0, sums, 1.0), later - earlier, neurons[1:][same], np.bincount(neurons, minlength=size)


def _mean_of_each(terms: FloatArray, neurons: AnyArray, number: AnyArray, least: int) -> FloatArray:
    pairs = np.maximum(number - 1, 1)
    return np.where(number >= least, np.bincount(neurons, terms, number.size) / pairs, math.nan)


@accepts_part
def fano_factor(times: AnyArray, ids: AnyArray, size: int, window: Window, bin_ms: float = 100.0) -> FloatArray:
    """Variance over mean of each neuron's spike counts in bins of the window, (N,); nan for silent neurons.

    The last, incomplete bin is left out. A Poisson process has 1. Elephant's ``fanofactor`` has the same quotient of the
    counts of a list of trains: it compares trials where this one compares stretches of time.

    References
    ----------
    Fano (1947), Phys Rev 72, 26, doi 10.1103/PhysRev.72.26
    """
    counts = binned_counts(times, ids, size, window, bin_ms)
    with np.errstate(divide="ignore", invalid="ignore"):
        result: FloatArray = counts.var(axis=0) / counts.mean(axis=0)
    return result

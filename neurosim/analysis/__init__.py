"""Rates, irregularity, correlation, spectra and distances of spike trains, and how far two results agree.

A statistic takes plain arrays, ``times`` [ms] and ``ids`` (M,), the number of neurons ``size`` = N and the ``window``
(from, to) in ms, or in their place a part of a result: ``cv2(result["exc"])``. Of a part it takes the spikes of its evaluation
window and, of its neurons, those that were recorded and chosen; copies add an axis in front, (B, ...). `summary`, `table`
and `compare` take whole results.

Times need not be sorted, ids are below ``size``, and spikes outside the window are left out. A statistic that a neuron, or a
population, has too few spikes for is nan, without a warning. Shapes: M spikes, N neurons, T bins, F frequencies, L lags, B
copies.
"""

from typing import TYPE_CHECKING

from neurosim.analysis.comparison import Comparison, compare
from neurosim.analysis.correlation import (
    coincidence,
    correlation_matrix,
    correlations,
    covariance_matrix,
    cross_correlogram,
    mean_correlation,
    synchrony,
    trace_synchrony,
)
from neurosim.analysis.differences import SpikeDifference, ValueDifference
from neurosim.analysis.distances import isi_distance, van_rossum_distance, victor_purpura_distance
from neurosim.analysis.firing import instantaneous_rate, population_rate, psth, rates
from neurosim.analysis.irregularity import cv, cv2, fano_factor, intervals, lv, mean_cv
from neurosim.analysis.report import CV_FROM_MS, PopulationSummary, summary, table
from neurosim.analysis.spectra import coherence, power_spectrum, trace_spectrum
from neurosim.analysis.trains import binned_counts
from neurosim.spelling import unknown_name

__all__ = [
    "CV_FROM_MS",
    "Comparison",
    "PopulationSummary",
    "SpikeDifference",
    "ValueDifference",
    "binned_counts",
    "coherence",
    "coincidence",
    "compare",
    "correlation_matrix",
    "correlations",
    "covariance_matrix",
    "cross_correlogram",
    "cv",
    "cv2",
    "fano_factor",
    "instantaneous_rate",
    "intervals",
    "isi_distance",
    "lv",
    "mean_correlation",
    "mean_cv",
    "population_rate",
    "power_spectrum",
    "psth",
    "rates",
    "summary",
    "synchrony",
    "table",
    "trace_spectrum",
    "trace_synchrony",
    "van_rossum_distance",
    "victor_purpura_distance",
]

if not TYPE_CHECKING:  # a type checker refuses such names by itself

    def __getattr__(name: str) -> object:
        """Refuse a name that is not here, with the nearest one."""
        raise unknown_name("neurosim.analysis", name, __all__)

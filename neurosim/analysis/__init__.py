"""Rates, irregularity, synchrony, correlation, spectra of spike trains, and how far two results agree.

Everything takes plain arrays: ``times`` [ms] and ``ids`` (M,) as in ``result["exc"].spikes``, the number of neurons
``size`` and the ``window`` (from, to) in ms. Only `table`, `summary` and `compare` take results.
"""

from neurosim.analysis.comparison import Comparison, SpikeDifference, ValueDifference, compare
from neurosim.analysis.report import CV_FROM_MS, PopulationSummary, summary, table
from neurosim.analysis.trains import (
    binned_counts,
    correlations,
    cv,
    cv2,
    fano_factor,
    intervals,
    mean_cv,
    population_rate,
    power_spectrum,
    rates,
    synchrony,
    van_rossum_distance,
)

__all__ = [
    "CV_FROM_MS",
    "Comparison",
    "PopulationSummary",
    "SpikeDifference",
    "ValueDifference",
    "binned_counts",
    "compare",
    "correlations",
    "cv",
    "cv2",
    "fano_factor",
    "intervals",
    "mean_cv",
    "population_rate",
    "power_spectrum",
    "rates",
    "summary",
    "synchrony",
    "table",
    "van_rossum_distance",
]

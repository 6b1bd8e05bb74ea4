"""Our statistics against the values that Elephant found for the same spike trains, within 1e-9.

`benchmarks/peers/elephant_values.py` wrote the file; where a definition differs, the test says how.
"""

import json
import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from neurosim import analysis

FOUND = json.loads((Path(__file__).resolve().parents[1] / "data" / "elephant_values.json").read_text(encoding="utf-8"))
VALUES: dict[str, Any] = FOUND["values"]
TRAINS = [np.array(train) for train in FOUND["times_ms"]]
WINDOW = (0.0, FOUND["duration_ms"])
FULL = 4  # trains with many spikes; then one with a single spike, and an empty one


def spikes(number: int) -> tuple[np.ndarray, np.ndarray, int, tuple[float, float]]:
    """The first trains as our four arguments."""
    times = np.concatenate(TRAINS[:number])
    return times, np.repeat(np.arange(number), [train.size for train in TRAINS[:number]]), number, WINDOW


def same(found: Any, wanted: Any) -> None:
    """Within 1e-9, relative where values are above 1."""
    np.testing.assert_allclose(np.asarray(found, float), np.asarray(wanted, float), rtol=1e-9, atol=1e-9)


def test_every_value_of_the_file_is_compared() -> None:
    text = Path(__file__).read_text(encoding="utf-8")
    assert [name for name in VALUES if f'"{name}"' not in text] == []
    assert FOUND["elephant"] == "1.2.1"


def test_intervals() -> None:
    lengths, neurons = analysis.intervals(*spikes(6))
    for k, wanted in enumerate(VALUES["isi"]):
        same(lengths[neurons == k], wanted)


def test_rates() -> None:
    same(analysis.rates(*spikes(5)), VALUES["mean_firing_rate"])


@pytest.mark.parametrize("name", ["cv", "cv2", "lv"])
def test_irregularity(name: str) -> None:
    same(getattr(analysis, name)(*spikes(FULL)), VALUES[name])


def test_revised_local_variation() -> None:
    same(analysis.lv(*spikes(FULL), refractory_ms=5.0), VALUES["lvr_5ms"])


def test_fano_factor() -> None:
    """Elephant compares the counts of trials: it was given the bins of a train as trials."""
    same(analysis.fano_factor(*spikes(5), bin_ms=100.0), VALUES["fanofactor_100ms"])


def test_time_histogram() -> None:
    """Ours has the middles of bins, Elephant's their starts."""
    middles, rate = analysis.population_rate(*spikes(FULL), 10.0)
    assert (middles[0], middles[-1]) == (5.0, 2995.0)
    same(rate, VALUES["time_histogram_rate_10ms"])
    same(analysis.binned_counts(*spikes(FULL), 10.0).sum(axis=1), VALUES["time_histogram_counts_10ms"])


@pytest.mark.parametrize(("kernel", "number"), [("gaussian", 2), ("exponential", 1)])
def test_instantaneous_rate(kernel: str, number: int) -> None:
    """Elephant samples a density, ours sums to 1: the quotient is the sum of its samples."""
    lags = np.arange(0 if kernel == "exponential" else -20, 21) * 5.0
    density = np.exp(-lags / 20.0) / 20.0 if kernel == "exponential" else np.exp(-((lags / 20.0) ** 2) / 2.0) / (20.0 * math.sqrt(2.0 * math.pi))
    _, rate = analysis.instantaneous_rate(*spikes(number), 20.0, kernel, 5.0)
    same(rate.T * density.sum() * 5.0, VALUES[f"instantaneous_rate_{kernel}_20ms"])


def test_names_of_the_rates() -> None:
    assert {"instantaneous_rate_gaussian_20ms", "instantaneous_rate_exponential_20ms"} < set(VALUES)


def test_covariance_and_correlation() -> None:
    same(analysis.covariance_matrix(*spikes(FULL), 5.0), VALUES["covariance_5ms"])
    same(analysis.correlation_matrix(*spikes(FULL), 10.0), VALUES["correlation_coefficient_10ms"])
    wanted = np.array(VALUES["correlation_coefficient_2ms"])
    same(analysis.correlation_matrix(*spikes(FULL)), wanted)
    same(analysis.correlations(*spikes(FULL)), wanted[np.triu_indices(FULL, 1)])


def test_cross_correlogram() -> None:
    lags, pairs = analysis.cross_correlogram(TRAINS[0], TRAINS[3], WINDOW, 5.0, 100.0)
    same(lags, np.arange(-20, 21) * 5.0)
    same(pairs, VALUES["cross_correlation_histogram_5ms"])
    _, coefficient = analysis.cross_correlogram(TRAINS[0], TRAINS[3], WINDOW, 5.0, 100.0, normalised=True)
    same(coefficient, VALUES["cross_correlation_coefficient_5ms"])


def test_spectra() -> None:
    frequencies, power = analysis.power_spectrum(*spikes(FULL))
    same(frequencies[:60], VALUES["welch_psd_512"][0])
    same(power[:60], VALUES["welch_psd_512"][1])
    same(analysis.coherence(TRAINS[0], TRAINS[1], WINDOW)[1][:60], VALUES["welch_coherence_512"])


def pairs() -> tuple[tuple[np.ndarray, np.ndarray], tuple[np.ndarray, np.ndarray], int]:
    """Every pair of trains, as the neurons of two recordings."""
    number = len(TRAINS)
    first = [TRAINS[k // number] for k in range(number**2)]
    second = [TRAINS[k % number] for k in range(number**2)]
    recordings = [(np.concatenate(side), np.repeat(np.arange(number**2), [train.size for train in side])) for side in (first, second)]
    return recordings[0], recordings[1], number**2


def test_victor_purpura_distance() -> None:
    found = analysis.victor_purpura_distance(*pairs(), cost_per_ms=0.1)
    same(found.reshape(6, 6), VALUES["victor_purpura_100Hz"])


def test_van_rossum_distance() -> None:
    """Elephant's is larger by sqrt(2)."""
    found = analysis.van_rossum_distance(*pairs(), tau_ms=10.0)
    wanted = np.array(VALUES["van_rossum_10ms"])
    off = ~np.eye(6, dtype=bool)
    same(math.sqrt(2.0) * found.reshape(6, 6)[off], wanted[off])
    assert (found.reshape(6, 6)[~off] == 0.0).all()

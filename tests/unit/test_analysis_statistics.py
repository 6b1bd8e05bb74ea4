"""Statistics of spike trains against plain calculations and scipy; what is empty has no value and no warning."""

import doctest
import math
import warnings
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from scipy import signal

from neurosim import analysis
from neurosim.analysis.trains import by_neuron
from neurosim.errors import NeurosimError, OptionError, ParameterError

WINDOW = (0.0, 2000.0)


def poisson(size: int, rate_hz: float, seed: int = 1) -> tuple[np.ndarray, np.ndarray, int, tuple[float, float]]:
    rng = np.random.default_rng(seed)
    number = rng.poisson(rate_hz * WINDOW[1] / 1000.0 * size)
    return np.sort(rng.uniform(*WINDOW, number)), rng.integers(0, size, number), size, WINDOW


# ---- rates -----------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize("kernel", ["gaussian", "rectangular", "exponential", "alpha"])
def test_a_smooth_rate_integrates_to_the_number_of_spikes(kernel: str) -> None:
    times, ids = np.array([900.2, 1000.7, 1000.9, 1100.1]), np.array([0, 0, 2, 0])
    grid, rate = analysis.instantaneous_rate(times, ids, 3, WINDOW, 20.0, kernel)
    assert (grid[0], grid.size, rate.shape) == (0.5, 2000, (2000, 3))
    assert rate.sum(axis=0) / 1000.0 == pytest.approx([3.0, 0.0, 1.0], rel=1e-9)
    assert (rate >= 0.0).all()
    assert (rate[:, 1] == 0.0).all()
    _, pooled = analysis.instantaneous_rate(times, ids, 3, WINDOW, 20.0, kernel, pooled=True)
    assert pooled == pytest.approx(rate.mean(axis=1), abs=1e-9)
    # A standard deviation of 20 ms, cut off at 100 ms; those that look back begin at the spike.
    weights = rate[:, 2] / rate[:, 2].sum()
    mean = (weights * grid).sum()
    assert math.sqrt((weights * (grid - mean) ** 2).sum()) == pytest.approx(20.0, rel=0.1)
    assert bool((rate[grid < 1000.0, 2] < 1e-9).all()) == (kernel in ("exponential", "alpha"))


def test_smoothing_is_a_convolution() -> None:
    times, ids, size, window = poisson(5, 30.0)
    counts = analysis.binned_counts(times, ids, size, window, 3.0)
    _, rate = analysis.instantaneous_rate(times, ids, size, window, 7.0, bin_ms=3.0)
    lags = 3.0 * np.arange(-12, 13)
    weights = np.exp(-(lags**2) / 98.0) / np.exp(-(lags**2) / 98.0).sum()
    oracle = np.stack([np.convolve(column, weights, "same") for column in counts.T], axis=1) / 0.003
    assert rate == pytest.approx(oracle, abs=1e-9)


def test_psth() -> None:
    """Two onsets whose spans overlap; a third whose span leaves the window."""
    times, ids = np.array([98.0, 101.0, 104.0, 109.0, 111.0]), np.array([0, 1, 0, 0, 1])
    lags, rate = analysis.psth(times, ids, 2, WINDOW, [100.0, 105.0, 1995.0], (-5.0, 10.0), 5.0)
    assert lags.tolist() == [-2.5, 2.5, 7.5]
    counts = np.array([1 + 2, 2 + 1, 1 + 1])  # [95, 100) + [100, 105), [100, 105) + [105, 110), [105, 110) + [110, 115)
    assert rate == pytest.approx(counts * 1000.0 / (5.0 * 2 * 2))
    with pytest.raises(ParameterError, match="none of the 1 onsets has its span from -50 to 200 ms in the window from 0 to 2000 ms"):
        analysis.psth(times, ids, 2, WINDOW, [20.0])


# ---- irregularity ----------------------------------------------------------------------------------------------------
def test_local_variation_by_hand() -> None:
    times, ids = np.array([10.0, 20.0, 40.0, 50.0]), np.zeros(4, int)
    assert analysis.lv(times, ids, 1, WINDOW)[0] == pytest.approx(3.0 * (10.0 / 30.0) ** 2)
    assert analysis.lv(times, ids, 1, WINDOW, refractory_ms=3.0)[0] == pytest.approx(3.0 / 9.0 * (1.0 + 12.0 / 30.0))
    assert np.isnan(analysis.lv(times, ids, 1, WINDOW, 4)).all()


def test_spikes_at_the_same_time() -> None:
    times, ids = np.array([10.0, 10.0, 10.0, 30.0]), np.zeros(4, int)
    assert analysis.cv2(times, ids, 1, WINDOW)[0] == pytest.approx((0.0 + 2.0) / 2.0)
    assert analysis.lv(times, ids, 1, WINDOW)[0] == pytest.approx((0.0 + 3.0) / 2.0)


@pytest.mark.parametrize("size", [100, 65_536, 65_537, 10_000_000])
def test_sorting_by_neuron(size: int) -> None:
    rng = np.random.default_rng(3)
    times, ids = rng.uniform(0.0, 10.0, 5000), rng.integers(0, size, 5000)
    ids[:100] = rng.integers(0, 3, 100)
    order = np.lexsort((times, ids))
    found = by_neuron(times, ids, size)
    assert (found[0] == times[order]).all()
    assert (found[1] == ids[order]).all()


# ---- correlation -----------------------------------------------------------------------------------------------------
def test_matrices_are_those_of_numpy() -> None:
    trains = poisson(6, 80.0)
    counts = analysis.binned_counts(*trains, 5.0)
    assert analysis.covariance_matrix(*trains, 5.0) == pytest.approx(np.cov(counts.T), abs=1e-12)
    assert analysis.correlation_matrix(*trains, 5.0) == pytest.approx(np.corrcoef(counts.T), abs=1e-12)
    assert analysis.mean_correlation(*trains, 5.0) == pytest.approx(np.corrcoef(counts.T)[np.triu_indices(6, 1)].mean(), abs=1e-12)


def test_a_silent_neuron_has_no_correlation() -> None:
    times, ids, size, window = poisson(3, 50.0)
    matrix = analysis.correlation_matrix(times, ids + (ids == 2), size + 1, window)
    assert np.isnan(matrix).sum() == 7
    assert np.isnan(matrix[2]).all()


@pytest.mark.parametrize("bin_ms", [1.0, 4.0])
def test_cross_correlogram_by_plain_counting(bin_ms: float) -> None:
    a, b = poisson(1, 60.0, 4)[0], poisson(1, 90.0, 5)[0]
    lags, pairs = analysis.cross_correlogram(a, b, WINDOW, bin_ms, 12.0)
    places = [np.floor(train / bin_ms).astype(int) for train in (a, b)]
    lag = places[1][None, :] - places[0][:, None]
    assert pairs.tolist() == [int((lag == k).sum()) for k in range(-round(12.0 / bin_ms), round(12.0 / bin_ms) + 1)]
    assert lags.tolist() == (bin_ms * np.arange(-round(12.0 / bin_ms), round(12.0 / bin_ms) + 1)).tolist()
    coefficient = analysis.cross_correlogram(a, a, WINDOW, bin_ms, 12.0, normalised=True)[1]
    assert coefficient[lags == 0.0] == pytest.approx([1.0])
    with pytest.raises(ParameterError, match="lags up to 5000 ms do not fit the window from 0 to 2000 ms"):
        analysis.cross_correlogram(a, b, WINDOW, bin_ms, 5000.0)


def test_coincidence_by_hand() -> None:
    # Bins of 10 ms: neuron 0 fires in 0, 1, 2, neuron 1 in 1, 3, neuron 2 in 1; neuron 3 never.
    times, ids = np.array([5.0, 15.0, 16.0, 25.0, 18.0, 35.0, 12.0]), np.array([0, 0, 0, 0, 1, 1, 2])
    oracle = (1 / math.sqrt(3 * 2) + 1 / math.sqrt(3 * 1) + 1 / math.sqrt(2 * 1)) / 3
    assert analysis.coincidence(times, ids, 4, WINDOW, 10.0) == pytest.approx(oracle)
    same = np.repeat([5.0, 15.0], 3), np.tile([0, 1, 2], 2)
    assert analysis.coincidence(*same, 3, WINDOW) == pytest.approx(1.0)


def test_trace_synchrony() -> None:
    rng = np.random.default_rng(6)
    one = rng.normal(size=(4000, 1))
    assert analysis.trace_synchrony(np.repeat(one, 10, axis=1)) == pytest.approx(1.0)
    assert analysis.trace_synchrony(rng.normal(size=(4000, 100))) == pytest.approx(0.1, rel=0.1)
    assert math.isnan(analysis.trace_synchrony(np.ones((10, 3))))
    with pytest.raises(ParameterError, match=r"values must be an array \(T, K\) of traces, got the shape \(3,\)"):
        analysis.trace_synchrony(np.ones(3))


# ---- spectra ---------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize("length", [128, 129, 4000])
def test_spectra_of_traces_are_those_of_scipy(length: int) -> None:
    traces = np.random.default_rng(7).normal(size=(1000, 3)).cumsum(axis=0)
    oracle = signal.welch(traces, 2000.0, "hann", min(length, 1000), min(length, 1000) // 2, detrend="constant", axis=0)
    frequencies, power = analysis.trace_spectrum(traces, 0.5, 0.5 * length)
    assert frequencies == pytest.approx(oracle[0])
    assert power == pytest.approx(oracle[1], rel=1e-9)
    assert analysis.trace_spectrum(traces[:, 1], 0.5, 0.5 * length)[1] == pytest.approx(power[:, 1])


def test_coherence_is_that_of_scipy() -> None:
    a, b = poisson(1, 60.0, 8)[0], poisson(1, 60.0, 9)[0]
    b = np.concatenate([b, a[::2] + 2.0])
    rates = [analysis.binned_counts(train, np.zeros(train.size, int), 1, WINDOW, 1.0)[:, 0] for train in (a, b)]
    oracle = signal.coherence(*rates, fs=1000.0, window="hann", nperseg=200, noverlap=100, detrend="constant")
    frequencies, found = analysis.coherence(a, b, WINDOW, segment_ms=200.0)
    assert frequencies == pytest.approx(oracle[0])
    assert found == pytest.approx(oracle[1], abs=1e-9)
    assert analysis.coherence(a, a, WINDOW, segment_ms=200.0)[1] == pytest.approx(np.ones(101))
    with pytest.raises(ParameterError, match="the window holds one segment of 2000 ms, coherence needs several"):
        analysis.coherence(a, b, WINDOW, segment_ms=2000.0)


# ---- distances -------------------------------------------------------------------------------------------------------
def edit_cost(a: np.ndarray, b: np.ndarray, cost: float) -> float:
    table = np.zeros((a.size + 1, b.size + 1))
    table[:, 0], table[0] = np.arange(a.size + 1), np.arange(b.size + 1)
    for i in range(a.size):
        for j in range(b.size):
            table[i + 1, j + 1] = min(table[i, j + 1] + 1, table[i + 1, j] + 1, table[i, j] + cost * abs(a[i] - b[j]))
    return float(table[-1, -1])


def isi_by_hand(a: np.ndarray, b: np.ndarray, window: tuple[float, float]) -> float:
    ends = [np.concatenate([[window[0]], train, [window[1]]]) for train in (a, b)]
    knots = np.unique(np.concatenate(ends))
    total = 0.0
    for left, right in zip(knots[:-1], knots[1:]):
        middle = (left + right) / 2
        x, y = (float(t[np.searchsorted(t, middle)] - t[np.searchsorted(t, middle) - 1]) for t in ends)
        total += (right - left) * abs(x - y) / max(x, y)
    return total / (window[1] - window[0])


def test_distances_by_plain_calculation() -> None:
    """Also of neurons that are silent in one or both recordings."""
    first, second = poisson(12, 5.0, 10), poisson(12, 8.0, 11)
    a, b = ((train[0][train[1] % 5 > 0], train[1][train[1] % 5 > 0]) for train in (first, second))
    trains = [([t[i == k] for k in range(14)]) for t, i in (a, b)]
    found = analysis.victor_purpura_distance(a, b, 14, 0.05)
    assert found == pytest.approx([edit_cost(x, y, 0.05) for x, y in zip(*trains)])
    assert found[13] == 0.0
    apart = analysis.isi_distance(a, b, 14, WINDOW)
    assert apart == pytest.approx([isi_by_hand(x, y, WINDOW) for x, y in zip(*trains)])
    assert analysis.victor_purpura_distance(a, b, 14, 0.0) == pytest.approx([abs(x.size - y.size) for x, y in zip(*trains)])
    assert analysis.victor_purpura_distance(a, b, 14, 1e9) == pytest.approx([x.size + y.size for x, y in zip(*trains)])


def test_examples() -> None:
    """Those in the docstrings of the public functions."""
    runner, examples = doctest.DocTestRunner(), 0
    for name in analysis.__all__:
        text = getattr(analysis, name).__doc__ if callable(getattr(analysis, name)) else ""
        test = doctest.DocTestParser().get_doctest(text, dict(vars(analysis)), name, None, None)
        runner.run(test)
        examples += len(test.examples)
    assert (runner.failures, examples >= 5) == (0, True)


# ---- what is empty ---------------------------------------------------------------------------------------------------
NOTHING = (np.zeros(0), np.zeros(0, int), 3, WINDOW)
EMPTY: dict[str, tuple[Callable[[], Any], bool]] = {
    "rates": (lambda: analysis.rates(*NOTHING), False),
    "population_rate": (lambda: analysis.population_rate(*NOTHING)[1], False),
    "instantaneous_rate": (lambda: analysis.instantaneous_rate(*NOTHING)[1], False),
    "psth": (lambda: analysis.psth(*NOTHING, [100.0])[1], False),
    "cv": (lambda: analysis.cv(*NOTHING), True),
    "mean_cv": (lambda: analysis.mean_cv(*NOTHING), True),
    "cv2": (lambda: analysis.cv2(*NOTHING), True),
    "lv": (lambda: analysis.lv(*NOTHING), True),
    "fano_factor": (lambda: analysis.fano_factor(*NOTHING), True),
    "covariance_matrix": (lambda: analysis.covariance_matrix(*NOTHING), False),
    "correlation_matrix": (lambda: analysis.correlation_matrix(*NOTHING), True),
    "mean_correlation": (lambda: analysis.mean_correlation(*NOTHING), True),
    "cross_correlogram": (lambda: analysis.cross_correlogram(NOTHING[0], NOTHING[0], WINDOW)[1], False),
    "coefficient": (lambda: analysis.cross_correlogram(NOTHING[0], NOTHING[0], WINDOW, normalised=True)[1], True),
    "synchrony": (lambda: analysis.synchrony(*NOTHING), True),
    "coincidence": (lambda: analysis.coincidence(*NOTHING), True),
    "power_spectrum": (lambda: analysis.power_spectrum(*NOTHING)[1], False),
    "coherence": (lambda: analysis.coherence(NOTHING[0], NOTHING[0], WINDOW)[1], True),
    "van_rossum_distance": (lambda: analysis.van_rossum_distance(NOTHING[:2], NOTHING[:2], 3), False),
    "victor_purpura_distance": (lambda: analysis.victor_purpura_distance(NOTHING[:2], NOTHING[:2], 3), False),
    "isi_distance": (lambda: analysis.isi_distance(NOTHING[:2], NOTHING[:2], 3, WINDOW), False),
}


@pytest.mark.parametrize("name", EMPTY)
def test_what_is_empty_has_no_value_and_no_warning(name: str) -> None:
    call, unknown = EMPTY[name]
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        found = np.asarray(call())
    assert found.size
    assert np.isnan(found).all() if unknown else (found == 0.0).all()


def test_a_population_of_nobody() -> None:
    nobody = (np.zeros(0), np.zeros(0, int), 0, WINDOW)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        for name in ("rates", "cv", "cv2", "lv", "fano_factor", "correlations"):
            assert getattr(analysis, name)(*nobody).shape == (0,)
        for name in ("mean_cv", "synchrony", "mean_correlation", "coincidence"):
            assert math.isnan(getattr(analysis, name)(*nobody))
        assert np.isnan(analysis.population_rate(*nobody)[1]).all()
        assert np.isnan(analysis.instantaneous_rate(*nobody, pooled=True)[1]).all()
        assert analysis.van_rossum_distance(nobody[:2], nobody[:2], 0).shape == (0,)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: analysis.instantaneous_rate(*NOTHING, 20.0, "gausian"), "there is no kernel 'gausian'; did you mean 'gaussian'?"),
        (lambda: analysis.instantaneous_rate(*NOTHING, -1.0), "width_ms must be a positive plain number, got -1.0"),
        (lambda: analysis.lv(*NOTHING, refractory_ms=-1), "refractory_ms must be a plain number of at least 0, got -1"),
        (lambda: analysis.cv(*NOTHING, minimum_intervals=0), "minimum_intervals must be a whole number of at least 1, got 0"),
        (lambda: analysis.correlations(*NOTHING, neurons="all"), "neurons must be a whole number of at least 1, got 'all'"),
        (lambda: analysis.cross_correlogram([1.0], [2.0]), "arrays of times need a window (from, to) in ms"),
        (lambda: analysis.victor_purpura_distance([1.0], [2.0], 1), "a recording is (times, ids) or a part of a result, got [1.0]"),
        (lambda: analysis.binned_counts(np.zeros(0), np.zeros(0, int), 10**6, WINDOW, 1.0), "counts of 1,000,000 neurons in 2,000 bins would take 16.0 GB"),
    ],
)
def test_errors(call: Callable[[], Any], message: str) -> None:
    with pytest.raises((ParameterError, OptionError)) as caught:
        call()
    assert isinstance(caught.value, NeurosimError)
    assert message in str(caught.value)

"""Laws of the statistics: order of spikes, shifts of time, Poisson processes, distances that are distances."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from neurosim import analysis

SIZE = 4
WINDOW = (0.0, 500.0)
Train = tuple[np.ndarray, np.ndarray]


def arrays(spikes: list[tuple[float, int]]) -> Train:
    return np.array([t for t, _ in spikes]), np.array([i for _, i in spikes], np.int64)


# Away from the edges of the window and of bins, so that shifts do not move a spike across one by rounding.
raster = st.lists(st.tuples(st.integers(1, 498).map(lambda k: k + 0.5), st.integers(0, SIZE - 1)), max_size=40).map(arrays)
STATISTICS = {
    "rates": {}, "cv": {}, "cv2": {}, "lv": {"refractory_ms": 2.0}, "fano_factor": {"bin_ms": 50.0}, "binned_counts": {"bin_ms": 5.0},
    "population_rate": {}, "instantaneous_rate": {"width_ms": 10.0}, "correlation_matrix": {}, "covariance_matrix": {}, "synchrony": {},
    "coincidence": {}, "power_spectrum": {"segment_ms": 100.0}, "intervals": {},
}  # fmt: skip


def evaluated(name: str, train: Train, window: tuple[float, float] = WINDOW) -> Any:
    found = getattr(analysis, name)(*train, SIZE, window, **STATISTICS[name])
    return found[-1] if isinstance(found, tuple) and name != "intervals" else np.asarray(found)


@given(raster, st.randoms(use_true_random=False))
@settings(max_examples=20)
def test_the_order_of_spikes_does_not_matter(train: Train, random: Any) -> None:
    order = random.sample(range(train[0].size), train[0].size)
    shuffled = (train[0][order], train[1][order])
    for name in STATISTICS:
        np.testing.assert_array_equal(evaluated(name, train), evaluated(name, shuffled), err_msg=name)


@given(raster, st.sampled_from([-1000.0, 0.1, 12.3, 1e5]))
@settings(max_examples=20)
def test_a_shift_of_time_does_not_matter(train: Train, shift: float) -> None:
    moved = (train[0] + shift, train[1])
    for name in STATISTICS:
        there = evaluated(name, moved, (WINDOW[0] + shift, WINDOW[1] + shift))
        np.testing.assert_allclose(there, evaluated(name, train), rtol=1e-7, atol=1e-9, err_msg=name)


@given(raster, st.permutations(range(SIZE)))
@settings(max_examples=20)
def test_the_numbers_of_neurons_do_not_matter(train: Train, order: list[int]) -> None:
    renamed = (train[0], np.array(order, np.int64)[train[1]])
    for name in ("rates", "cv", "cv2", "lv", "fano_factor"):
        np.testing.assert_array_equal(evaluated(name, renamed)[order], evaluated(name, train), err_msg=name)
    for name in ("population_rate", "synchrony", "power_spectrum"):
        np.testing.assert_array_equal(evaluated(name, renamed), evaluated(name, train), err_msg=name)


def test_a_poisson_process_has_one_of_everything() -> None:
    rng = np.random.default_rng(1)
    number = rng.poisson(20.0 * 50.0 * 200)
    trains = (rng.uniform(0.0, 50_000.0, number), rng.integers(0, 200, number), 200, (0.0, 50_000.0))
    assert analysis.mean_cv(*trains) == pytest.approx(1.0, abs=0.01)
    for statistic in (analysis.cv2, analysis.lv, analysis.fano_factor):
        assert np.nanmean(statistic(*trains)) == pytest.approx(1.0, abs=0.01)
    assert analysis.synchrony(*trains) == pytest.approx(1.0, abs=0.03)
    assert analysis.mean_correlation(*trains, neurons=50) == pytest.approx(0.0, abs=1e-3)
    frequencies, power = analysis.power_spectrum(*trains)
    assert power[frequencies > 5.0].mean() == pytest.approx(2.0 * 20.0 / 200, rel=0.03)  # 2 rate / N


DISTANCES: dict[str, Callable[[Train, Train], np.ndarray]] = {
    "van_rossum": lambda a, b: analysis.van_rossum_distance(a, b, SIZE),
    "victor_purpura": lambda a, b: analysis.victor_purpura_distance(a, b, SIZE),
    "isi": lambda a, b: analysis.isi_distance(a, b, SIZE, WINDOW),
}


@pytest.mark.slow
@pytest.mark.parametrize("name", DISTANCES)
@given(raster, raster, raster)
@settings(max_examples=40)
def test_distances_are_distances(name: str, a: Train, b: Train, c: Train) -> None:
    distance = DISTANCES[name]
    ab, bc, ac = distance(a, b), distance(b, c), distance(a, c)
    assert (distance(a, a) == 0.0).all()
    assert distance(b, a) == pytest.approx(ab, abs=1e-9)
    assert (ab >= 0.0).all()
    assert (ac <= ab + bc + 1e-9).all()
    differ = [set(a[0][a[1] == k]) != set(b[0][b[1] == k]) for k in range(SIZE)]
    assert (ab[differ] > 0.0).all()

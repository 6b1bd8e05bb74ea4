"""Statistics of spike trains against hand-computed values and scipy; comparisons of results."""

import math
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import signal

from neurosim import analysis
from neurosim.errors import CompareError, OptionError, ParameterError
from neurosim.record import Events, Record, Trace
from neurosim.result import PartInfo, PhaseInfo, Provenance, Result

# Neuron 0 fires at 10, 20, 40, 50 (intervals 10, 20, 10), neuron 1 at 30 only, neuron 2 never.
TIMES = np.array([10.0, 20.0, 30.0, 40.0, 50.0])
IDS = np.array([0, 0, 1, 0, 0])
WINDOW = (0.0, 100.0)


def poisson(size: int, rate_hz: float, duration_ms: float, seed: int = 1) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    number = rng.poisson(rate_hz * duration_ms / 1000.0 * size)
    return np.sort(rng.uniform(0.0, duration_ms, number)), rng.integers(0, size, number)


# ---- single trains ------------------------------------------------------------------------------------------------------
def test_rates() -> None:
    assert analysis.rates(TIMES, IDS, 3, WINDOW).tolist() == [40.0, 10.0, 0.0]
    assert analysis.rates(TIMES, IDS, 3, (20.0, 40.0)).tolist() == [50.0, 50.0, 0.0]


def test_a_window_contains_its_start_and_not_its_end() -> None:
    """Also where times are products of a step, with rounding."""
    steps = np.arange(0, 30)
    times = steps * 0.1
    for first, last in ((3, 7), (1, 29), (6, 12)):
        rate = analysis.rates(times, np.zeros(30, int), 1, (first * 0.1, last * 0.1))
        assert rate[0] == pytest.approx((last - first) * 1000.0 / (0.1 * (last - first)))


def test_intervals_do_not_depend_on_the_order_of_spikes() -> None:
    order = np.array([4, 2, 0, 3, 1])
    lengths, neurons = analysis.intervals(TIMES[order], IDS[order], 3, WINDOW)
    assert lengths.tolist() == [10.0, 20.0, 10.0]
    assert neurons.tolist() == [0, 0, 0]


def test_cv() -> None:
    lengths = np.array([10.0, 20.0, 10.0])
    found = analysis.cv(TIMES, IDS, 3, WINDOW)
    assert found[0] == pytest.approx(lengths.std() / lengths.mean())
    assert np.isnan(found[1:]).all()
    assert np.isnan(analysis.cv(TIMES, IDS, 3, WINDOW, minimum_intervals=4)).all()
    assert analysis.mean_cv(TIMES, IDS, 3, WINDOW) == pytest.approx(found[0])
    assert math.isnan(analysis.mean_cv(TIMES[:0], IDS[:0], 3, WINDOW))


def test_cv2() -> None:
    found = analysis.cv2(TIMES, IDS, 3, WINDOW)
    assert found[0] == pytest.approx(2.0 * 10.0 / 30.0)
    assert np.isnan(found[1:]).all()


def test_regular_and_poisson_trains() -> None:
    regular = np.arange(0.0, 1000.0, 10.0)
    ids = np.zeros(regular.size, int)
    assert analysis.cv(regular, ids, 1, (0.0, 1000.0))[0] == pytest.approx(0.0, abs=1e-12)
    times, ids = poisson(200, 20.0, 20_000.0)
    window = (0.0, 20_000.0)
    assert analysis.mean_cv(times, ids, 200, window) == pytest.approx(1.0, abs=0.02)
    assert np.nanmean(analysis.cv2(times, ids, 200, window)) == pytest.approx(1.0, abs=0.02)
    assert analysis.fano_factor(times, ids, 200, window).mean() == pytest.approx(1.0, abs=0.03)
    assert analysis.synchrony(times, ids, 200, window) == pytest.approx(1.0, abs=0.05)
    assert abs(analysis.correlations(times, ids, 200, window, neurons=50).mean()) < 2e-3


# ---- bins ----------------------------------------------------------------------------------------------------------------
def test_binned_counts() -> None:
    counts = analysis.binned_counts(TIMES, IDS, 3, (0.0, 65.0), 20.0)
    assert counts.T.tolist() == [[1.0, 1.0, 2.0], [0.0, 1.0, 0.0], [0.0, 0.0, 0.0]]


def test_bin_edges_are_exact_for_multiples_of_the_step() -> None:
    times = np.arange(0, 3000) * 0.1
    counts = analysis.binned_counts(times, np.zeros(3000, int), 1, (0.0, 300.0), 3.0)
    assert counts.shape == (100, 1)
    assert (counts == 30.0).all()


def test_synchrony_by_hand() -> None:
    # Bins of 3 ms of the first two neurons: 2, 0, 1 spikes.
    times, ids = np.array([0.5, 1.0, 7.0, 7.5]), np.array([0, 1, 0, 2])
    assert analysis.synchrony(times, ids, 3, (0.0, 9.0), neurons=2) == pytest.approx(np.var([2, 0, 1]) / 1.0)
    assert math.isnan(analysis.synchrony(times[:0], ids[:0], 3, (0.0, 9.0)))


def test_fano_factor_by_hand() -> None:
    found = analysis.fano_factor(TIMES, IDS, 3, (0.0, 60.0), bin_ms=20.0)
    assert found[0] == pytest.approx(np.var([1, 1, 2]) / np.mean([1, 1, 2]))
    assert np.isnan(found[2])


def test_correlations_are_those_of_numpy() -> None:
    times, ids = poisson(6, 80.0, 2000.0)
    counts = analysis.binned_counts(times, ids, 6, (0.0, 2000.0), 2.0)
    oracle = np.corrcoef(counts.T)[np.triu_indices(6, 1)]
    assert analysis.correlations(times, ids, 6, (0.0, 2000.0)) == pytest.approx(oracle)


def test_population_rate() -> None:
    middles, rate = analysis.population_rate(TIMES, IDS, 3, (0.0, 60.0), 20.0)
    assert middles.tolist() == [10.0, 30.0, 50.0]
    assert rate == pytest.approx(np.array([1, 2, 2]) * 1000.0 / (20.0 * 3))


@pytest.mark.parametrize("segment", [64.0, 65.0, 5000.0])
def test_power_spectrum_is_that_of_scipy(segment: float) -> None:
    times, ids = poisson(50, 30.0, 1000.0)
    _, rate = analysis.population_rate(times, ids, 50, (0.0, 1000.0), 1.0)
    length = min(int(segment), rate.size)
    oracle = signal.welch(rate, 1000.0, "hann", length, length // 2, detrend="constant")
    frequencies, power = analysis.power_spectrum(times, ids, 50, (0.0, 1000.0), 1.0, segment)
    assert frequencies == pytest.approx(oracle[0])
    assert power == pytest.approx(oracle[1], rel=1e-9)


def test_power_spectrum_finds_an_oscillation() -> None:
    rng = np.random.default_rng(3)
    bins = np.arange(4000)
    numbers = rng.poisson(2.0 * (1.0 + np.sin(2.0 * np.pi * 40.0 * bins / 1000.0)))
    times = np.repeat(bins + 0.5, numbers)
    frequencies, power = analysis.power_spectrum(times, np.zeros(times.size, int), 1, (0.0, 4000.0))
    assert frequencies[power.argmax()] == pytest.approx(40.0, abs=2.0)


# ---- distance ------------------------------------------------------------------------------------------------------------
def filtered(times: np.ndarray, grid: np.ndarray, tau: float) -> np.ndarray:
    lag = grid[:, None] - times[None, :]
    return np.where(lag >= 0.0, np.exp(-np.maximum(lag, 0.0) / tau), 0.0).sum(axis=1)


def test_van_rossum_distance_is_the_integral() -> None:
    a, b = np.array([10.0, 22.0, 60.0]), np.array([11.0, 25.0])
    step, tau = 0.001, 10.0
    grid = np.arange(0.0, 300.0, step) + 0.5 * step
    squared = ((filtered(a, grid, tau) - filtered(b, grid, tau)) ** 2).sum() * step / tau
    found = analysis.van_rossum_distance((a, np.zeros(3, int)), (b, np.zeros(2, int)), 1, tau)
    assert found[0] == pytest.approx(math.sqrt(squared), rel=1e-4)


trains = st.lists(st.tuples(st.floats(0.0, 500.0), st.integers(0, 3)), max_size=30)


@given(trains, trains)
def test_van_rossum_distance_is_a_distance(first: list[tuple[float, int]], second: list[tuple[float, int]]) -> None:
    a, b = ((np.array([t for t, _ in x]), np.array([i for _, i in x], np.int64)) for x in (first, second))
    there = analysis.van_rossum_distance(a, b, 4)
    assert there == pytest.approx(analysis.van_rossum_distance(b, a, 4), abs=1e-6)
    assert analysis.van_rossum_distance(a, a, 4) == pytest.approx(np.zeros(4), abs=1e-6)
    alone = analysis.van_rossum_distance((a[0][:1], a[1][:1]), (b[0][:0], b[1][:0]), 4)
    assert sorted(alone)[-1] == pytest.approx(math.sqrt(0.5) if len(a[0]) else 0.0)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: analysis.rates(TIMES, IDS, 3, (5.0, 5.0)), "the window from 5 to 5 ms is empty"),
        (lambda: analysis.rates(TIMES, IDS, 1, WINDOW), "neuron 1 is outside a population of 1"),
        (lambda: analysis.rates(TIMES, IDS[:3], 3, WINDOW), "times and ids differ in length: 5 and 3"),
        (lambda: analysis.synchrony(TIMES, IDS, 3, (0.0, 2.0)), "the window from 0 to 2 ms does not hold one bin of 3 ms"),
    ],
)
def test_errors(call: object, message: str) -> None:
    with pytest.raises(ParameterError) as caught:
        call()  # type: ignore[operator]
    assert str(caught.value) == message


# ---- comparisons ---------------------------------------------------------------------------------------------------------
def events(*rows: tuple[int, int]) -> Events:
    steps, indices = (np.array(column, np.int64) for column in zip(*rows, strict=True))
    return Events(steps, indices, np.ones(len(rows)), np.zeros(len(rows), np.int64))


SPIKES = ((100, 3), (100, 5), (250, 3), (312, 7))


def result_of(
    *rows: tuple[int, int], trace: float = 0.0, weight: float = 0.0, level: str = "identical", backend: str = "", dt: float = 0.1
) -> Result:
    v = Trace(np.arange(0, 400, 100), np.full((4, 1, 2), -65.0 + trace), np.arange(2))
    w = np.full((1, 4), 3.0 + weight)
    record = Record(400, {"out": events(*rows)}, {("out", "v"): v}, {("in -> out", "w"): w, ("out", "v"): np.zeros((1, 10))})
    parts = (
        PartInfo("out", "population", 10, {"v": "mV"}),
        PartInfo("in -> out", "projection", 4, {"w": "pA"}, weights="in -> out:w"),
    )
    return Result(record, Provenance(dt, parts, (PhaseInfo("", 0, 400),), level=level, backend=backend))


def test_identical_results() -> None:
    found = analysis.compare(result_of(*SPIKES), result_of(*SPIKES, trace=3e-12, weight=2e-13))
    assert found.ok
    assert found.same_spikes
    assert str(found) == "identical: 4 spikes, traces within 3e-12 mV, weights within 2e-13 pA"


def test_spikes_that_part() -> None:
    other = ((100, 3), (100, 5), (251, 3), (312, 7))
    found = analysis.compare(result_of(*SPIKES, backend="native"), result_of(*other, backend="brian2"))
    assert not found.ok
    assert found.first is not None
    assert (found.first.step, found.first.neuron, found.first.only_in, found.first.steps_apart) == (250, 3, 1, 1)
    assert str(found).splitlines()[:2] == [
        "different: 4 and 4 spikes ('native', 'brian2')",
        "  they part in step 250 (25 ms): neuron 3 of 'out' fires in 'native' only",
    ]


def test_a_missing_last_spike() -> None:
    found = analysis.compare(result_of(*SPIKES[:3]), result_of(*SPIKES))
    assert found.first is not None
    assert (found.first.step, found.first.neuron, found.first.only_in, found.first.steps_apart) == (312, 7, 2, None)


def test_the_weaker_level_decides() -> None:
    other = ((100, 3), (100, 5), (251, 3), (312, 7))
    close = result_of(*other, level="close")
    assert analysis.compare(result_of(*SPIKES), close).ok
    assert analysis.compare(result_of(*SPIKES), close).level == "close"
    assert not analysis.compare(result_of(*SPIKES), close, "identical").ok
    assert not analysis.compare(result_of(*SPIKES), result_of((90, 3), *other[1:], level="close")).ok


def test_bounded_counts_spikes_and_looks_at_what_never_fires() -> None:
    """A tenth of the spikes of a population, or one; of silent ones a twentieth of what they span, and what the engine reports."""

    def quiet(values: list[float], spikes: int, reported: float = 0.0) -> Result:
        traces = {("silent", "v"): Trace(np.arange(3), np.array(values).reshape(3, 1, 1), None)}
        fired = events(*((step, step % 10) for step in range(spikes)))
        none = Events(*(np.zeros(0, np.int64) for _ in range(2)), np.zeros(0), np.zeros(0, np.int64))
        record = Record(400, {"out": fired, "silent": none}, traces, {}, {}, {"bounds": {"silent": reported}} if reported else {})
        parts = (PartInfo("out", "population", 10, {}), PartInfo("silent", "population", 1, {"v": "mV"}))
        return Result(record, Provenance(0.1, parts, (PhaseInfo("", 0, 400),), level="bounded"))

    wanted = quiet([-65.0, -60.0, -55.0], 100)
    found = analysis.compare(wanted, quiet([-65.0, -60.4, -55.0], 92))
    assert found.ok and str(found).splitlines()[0] == "bounded: numbers of spikes within 8.0 %"
    few = analysis.compare(wanted, quiet([-65.0, -60.0, -55.0], 89))
    assert not few.ok and "'out': 11.0 % more or fewer spikes, allowed 10 %" in str(few)
    far = analysis.compare(wanted, quiet([-65.0, -60.6, -55.0], 100))
    assert not far.ok and "'silent' v: 0.6 mV apart, allowed 5 % of 10 mV" in str(far)
    assert analysis.compare(wanted, quiet([-65.0, -60.6, -55.0], 100, reported=0.02)).ok
    assert analysis.compare(quiet([0.0] * 3, 1), quiet([0.0] * 3, 2)).ok


def test_traces_too_far_apart() -> None:
    found = analysis.compare(result_of(*SPIKES), result_of(*SPIKES, trace=1e-3))
    assert found.same_spikes
    assert not found.ok
    assert "'out' v: 1e-3 mV apart, allowed 1e-09" in str(found)
    assert analysis.compare(result_of(*SPIKES), result_of(*SPIKES, trace=1e-3), tolerance=0.1).ok


def test_nan_in_one_result_is_infinitely_far() -> None:
    assert not analysis.compare(result_of(*SPIKES), result_of(*SPIKES, trace=math.nan)).ok


def test_statistical_comparison() -> None:
    def run(rate: float, seed: int) -> Result:
        times, ids = poisson(200, rate, 5000.0, seed)
        order = np.lexsort((ids, times))
        steps = np.floor(times / 0.1).astype(np.int64)[order]
        spikes = Events(steps, ids[order], np.ones(steps.size), np.zeros(steps.size, np.int64))
        origin = Provenance(0.1, (PartInfo("out", "population", 200),), (PhaseInfo("", 0, 50_000),), level="statistical")
        return Result(Record(50_000, {"out": spikes}, {}, {}), origin)

    same = analysis.compare(run(10.0, 1), run(10.0, 2))
    assert same.ok
    assert str(same).startswith("statistical: 1 rates within")
    assert not analysis.compare(run(10.0, 1), run(12.0, 2)).ok


def test_results_that_cannot_be_compared() -> None:
    with pytest.raises(CompareError) as caught:
        analysis.compare(result_of(*SPIKES), result_of(*SPIKES, dt=0.2))
    assert "steps of 0.1 ms and 0.2 ms" in str(caught.value)
    other = result_of(*SPIKES)
    parts = (replace(other.provenance.parts[0], name="exc"), other.provenance.parts[1])
    other = replace(other, provenance=replace(other.provenance, parts=parts))
    with pytest.raises(CompareError, match="'exc' is only in the second"):
        analysis.compare(result_of(*SPIKES), other)
    with pytest.raises(OptionError, match="there is no level 'identcal'; did you mean 'identical'?"):
        analysis.compare(result_of(*SPIKES), result_of(*SPIKES), "identcal")

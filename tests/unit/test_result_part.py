"""Less of a part: by time, by phase, by neurons; with units."""

from dataclasses import replace

import numpy as np
import pytest

from neurosim import analysis
from neurosim.errors import ParameterError, UnitError
from neurosim.record import Events, Record, Trace
from neurosim.result import PartInfo, PartResult, PhaseInfo, Provenance, Result, TapInfo
from neurosim.units import ms, mV, second, volt


def example(copies: int = 1) -> Result:
    """100 ms of 20 neurons; v of neurons 4, 6 and 5, in this order."""
    rng = np.random.default_rng(2)
    steps = np.sort(rng.integers(0, 1000, 200 * copies))
    spikes = Events(steps, rng.integers(0, 20, steps.size), np.ones(steps.size), rng.integers(0, copies, steps.size))
    traces = {
        ("out", "v"): Trace(np.arange(0, 1000, 10), rng.normal(-65.0, 3.0, (100, copies, 3)), np.array([4, 6, 5])),
        ("out", "count"): Trace(np.array([999]), np.full((1, copies, 1), 200.0)),
        ("in -> out", "w"): Trace(np.array([999]), np.ones((1, copies, 4))),
    }
    record = Record(1000, {"out": spikes}, traces, {("out", "v"): rng.normal(-65.0, 3.0, (copies, 20))})
    parts = (PartInfo("out", "population", 20, {"v": "mV"}), PartInfo("in -> out", "projection", 4, {"w": "weight"}))
    phases = (PhaseInfo("rest", 0, 400), PhaseInfo("test", 400, 600))
    return Result(record, Provenance(0.1, parts, phases, copies=copies))


def test_a_part_is_sliced_like_its_result() -> None:
    result = example()
    for sliced, whole in (
        (result["out"].between(20 * ms, 0.05 * second), result.between(20 * ms, 50 * ms)["out"]),
        (result["out"].phase("test"), result.phase("test")["out"]),
        (result["out"].phase(0).phase(1), result.phase(1)["out"]),
    ):
        assert sliced.window == whole.window
        assert sliced.steps.tolist() == whole.steps.tolist()
        assert (sliced.rate == whole.rate).all()
        assert (sliced.v == whole.v).all()


def test_windows_of_a_part_outside_the_run() -> None:
    with pytest.raises(ParameterError, match="is empty or outside the run; 100 ms were simulated"):
        example()["out"].between(50 * ms, 200 * ms)
    with pytest.raises(UnitError, match="population 'out': stop needs a time, got a voltage"):
        example()["out"].between(50 * ms, 5 * mV)
    with pytest.raises(ParameterError, match="there is no phase 'tset'; did you mean 'test'?"):
        example()["out"].phase("tset")


@pytest.mark.parametrize("copies", [1, 3])
def test_chosen_neurons(copies: int) -> None:
    part = example(copies)["out"]
    some = part.neurons([5, 3, 4])
    assert set(some.indices.tolist()) == {3, 4, 5}
    assert some.steps.tolist() == part.steps[np.isin(part.indices, [3, 4, 5])].tolist()
    assert (some.rate == part.rate[..., [5, 3, 4]]).all()
    assert (some.final("v") == part.final("v")[..., [5, 3, 4]]).all()
    assert some.recorded_of("v").tolist() == [5, 4]
    assert (some.v == part.v[..., [2, 0]]).all()
    assert some.recorded_of("spikes").tolist() == [5, 3, 4]
    assert (some.size, part.size) == (20, 20)
    assert repr(some) == "population 'out': 3 of 20 neurons; recorded: spikes, v, count"


def test_ways_to_choose() -> None:
    part = example()["out"]
    by_mask = part.neurons(part.rate > 100.0)
    assert by_mask.recorded_of("spikes").tolist() == np.flatnonzero(part.rate > 100.0).tolist()
    assert part.neurons(3).rate.shape == (1,)
    assert part.neurons(np.arange(10)).neurons({7, 2}).recorded_of("spikes").tolist() == [2, 7]
    assert part.neurons(range(10)).neurons(np.arange(10) % 2 == 1).recorded_of("spikes").tolist() == [1, 3, 5, 7, 9]
    kept = (part.indices < 10) & (part.steps >= 100) & (part.steps < 200)
    for both in (part.neurons(range(10)).between(10 * ms, 20 * ms), part.between(10 * ms, 20 * ms).neurons(range(10))):
        assert (both.steps.tolist(), both.indices.tolist()) == (part.steps[kept].tolist(), part.indices[kept].tolist())


@pytest.mark.parametrize(
    ("which", "message"),
    [
        ([20], "population 'out': there is no neuron 20; it has 20, counted from 0"),
        ([-1], "population 'out': there is no neuron -1; it has 20, counted from 0"),
        ([3, 3], "population 'out': neuron 3 was chosen twice"),
        ([], "population 'out': no neuron was chosen"),
        (np.zeros(20, bool), "population 'out': no neuron was chosen"),
        (np.ones(7, bool), "population 'out': needs numbers of neurons or 20 truth values, got an array of bool of the shape (7,)"),
        ([1.5], "population 'out': needs numbers of neurons or 20 truth values, got an array of float64 of the shape (1,)"),
        ("exc", "population 'out': needs numbers of neurons or 20 truth values, got 'exc'"),
        (3 * ms, "population 'out': needs numbers of neurons or 20 truth values, got 3 ms"),
    ],
)
def test_choices_that_are_none(which: object, message: str) -> None:
    with pytest.raises(ParameterError) as caught:
        example()["out"].neurons(which)  # type: ignore[arg-type]
    assert str(caught.value) == message


def test_what_chosen_neurons_have_not() -> None:
    some = example()["out"].neurons([0, 1])
    with pytest.raises(ParameterError, match="'v' was recorded of none of the chosen neurons; recorded: 4, 6, 5"):
        some.v  # noqa: B018
    with pytest.raises(ParameterError, match="'count' is that of the whole population"):
        some.count  # noqa: B018
    with pytest.raises(ParameterError, match="neuron 7 is not among the 2 that were chosen before"):
        some.neurons([7])
    with pytest.raises(ParameterError, match="a projection has edges, no neurons"):
        example()["in -> out"].neurons([0])


def test_quantities() -> None:
    part = example()["out"].between(0 * ms, 50 * ms)
    assert (part.quantity("v") / mV == part.v).all()
    assert part.quantity("v") / volt == pytest.approx(part.v / 1000.0)
    assert (part.neurons([6]).quantity("v") / mV == part.v[:, [1]]).all()
    assert (part.quantity("rate") * second == part.rate).all()
    assert part.quantity("window")[1] == 0.05 * second
    assert repr(example()["in -> out"].quantity("w").max()) == "1 weight"
    with pytest.raises(ParameterError, match="'u' was not recorded"):
        part.quantity("u")


# ---- statistics of parts ---------------------------------------------------------------------------------------------
def trains(part: PartResult, copy: int) -> tuple[np.ndarray, np.ndarray, int, tuple[float, float]]:
    """The plain arrays of one copy."""
    mine = part.copy_numbers == copy
    return part.spikes[0][mine], part.spikes[1][mine], part.size, part.window


@pytest.mark.parametrize(
    "name",
    ["rates", "cv", "cv2", "lv", "fano_factor", "binned_counts", "correlation_matrix", "mean_cv", "mean_correlation", "synchrony", "coincidence"],
)
def test_a_part_in_place_of_arrays(name: str) -> None:
    function = getattr(analysis, name)
    options = {"bin_ms": 10.0} if name in ("fano_factor", "binned_counts", "correlation_matrix") else {}
    single = example()["out"].phase("test")
    np.testing.assert_array_equal(function(single, **options), function(*trains(single, 0), **options))
    several = example(3)["out"].phase("test")
    expected = np.stack([function(*trains(several, b), **options) for b in range(3)])
    np.testing.assert_array_equal(function(several, **options), expected)


def test_grids_have_no_axis_of_copies() -> None:
    part = example(3)["out"]
    grid, rate = analysis.population_rate(part, 10.0)
    assert (grid.shape, rate.shape) == ((10,), (3, 10))
    frequencies, power = analysis.power_spectrum(part, segment_ms=50.0)
    assert (frequencies.shape, power.shape) == ((26,), (3, 26))
    lags, pairs = analysis.cross_correlogram(part, part.neurons(range(5)), reach_ms=10.0)
    assert (lags.shape, pairs.shape) == ((21,), (3, 21))
    assert analysis.van_rossum_distance(part, part).tolist() == np.zeros((3, 20)).tolist()
    with pytest.raises(ParameterError, match="its values differ in number between the 3 copies of the run"):
        analysis.intervals(part)


def test_statistics_of_chosen_and_recorded_neurons() -> None:
    result = example()
    whole = analysis.cv2(result["out"])
    assert (analysis.cv2(result["out"].neurons([7, 2])) == whole[[7, 2]]).all()
    info = replace(result.provenance.parts[0], taps=(TapInfo("spikes", of=(0, 1, 2)),))
    spikes = result.record.events["out"]
    kept = spikes.indices < 3
    few = Events(*(array[kept] for array in (spikes.steps, spikes.indices, spikes.payloads, spikes.copies)))
    record = replace(result.record, events={"out": few})
    partial = replace(result, record=record, provenance=replace(result.provenance, parts=(info,)))["out"]
    assert analysis.rates(partial).tolist() == result["out"].rate[:3].tolist()
    assert np.isnan(partial.rate).sum() == 17
    assert analysis.rates(partial.neurons([2, 9])).tolist() == result["out"].rate[[2]].tolist()


def test_spikes_of_a_poisson_source_count_as_often_as_they_say() -> None:
    train = Events(np.array([0, 500, 700]), np.array([1, 2, 2]), np.array([2.0, 1.0, 3.0]), np.zeros(3, np.int64))
    info = PartInfo("in", "source", 5, counted=True)
    part = Result(Record(1000, {"in": train}, {}, {}), Provenance(0.1, (info,)))["in"]
    assert analysis.rates(part).tolist() == part.rate.tolist() == [0.0, 20.0, 40.0, 0.0, 0.0]


def test_what_is_no_part() -> None:
    result = example()
    with pytest.raises(ParameterError, match=r'takes one part of a result: analysis\.cv\(result\["exc"\]\)'):
        analysis.cv(result)  # type: ignore[call-overload]
    with pytest.raises(ParameterError, match="a part has its own window"):
        analysis.cv(result["out"], window=(0.0, 50.0))  # type: ignore[call-overload]
    with pytest.raises(ParameterError, match="takes two parts of results or two arrays, got a part and a ndarray"):
        analysis.cross_correlogram(result["out"], np.zeros(3))
    with pytest.raises(ParameterError, match="the parts have the windows 0 to 100 ms and 40 to 100 ms"):
        analysis.van_rossum_distance(result["out"], result["out"].phase("test"))
    with pytest.raises(ParameterError, match="the results have 1 and 3 copies"):
        analysis.coherence(result["out"], example(3)["out"])
    with pytest.raises(ParameterError, match="the parts have 2 and 20 neurons"):
        analysis.isi_distance(result["out"], result["out"].neurons([1, 2]))

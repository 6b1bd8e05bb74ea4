"""Reading a result by name, within a window; its file; its digest; its pictures."""

import json
import math
import sys
from dataclasses import replace
from pathlib import Path

import h5py
import numpy as np
import pytest
from matplotlib.figure import Figure

from neurosim import plotting
from neurosim.errors import FileError, FileFormatError, ParameterError, UnitError
from neurosim.plotting.values import readable, trace_rows
from neurosim.record import Events, Record, Trace
from neurosim.result import PartInfo, PhaseInfo, Provenance, Result, TapInfo, load_result
from neurosim.units import ms, mV, second


def example(copies: int = 1, seed: int = 1) -> Result:
    """100 ms of 20 neurons, 5 Poisson trains and a plastic projection between them."""
    rng = np.random.default_rng(seed)
    steps = np.sort(rng.integers(0, 1000, 40 * copies))
    copy_numbers = rng.integers(0, copies, steps.size)
    spikes = Events(steps, rng.integers(0, 20, steps.size), np.ones(steps.size), copy_numbers)
    train = Events(np.array([0, 500, 700]), np.array([1, 2, 2]), np.array([2.0, 1.0, 3.0]), np.zeros(3, np.int64))
    v = Trace(np.arange(0, 1000, 10), rng.normal(-65.0, 3.0, (100, copies, 3)), np.array([4, 5, 6]))
    w = Trace(np.array([499, 999]), rng.uniform(0.0, 5.0, (2, copies, 100)))
    final = {("out", "v"): rng.normal(-65.0, 3.0, (copies, 20)), ("drive -> out", "w"): w.values[-1]}
    traces = {("out", "v"): v, ("drive -> out", "w"): w, ("out", "count"): Trace(np.array([999]), np.full((1, copies, 1), 40.0))}
    record = Record(1000, {"out": spikes, "drive": train}, traces, final, {"run_s": 0.5}, {"threads": 1})
    parts = (
        PartInfo("drive", "source", 5, taps=(TapInfo("spikes"),), counted=True),
        PartInfo("out", "population", 20, {"v": "mV"}, (TapInfo("spikes"), TapInfo("v", of=(4, 5, 6))), threshold=("v", -50.0)),
        PartInfo("drive -> out", "projection", 100, {"w": "pA"}, (TapInfo("w", "end"),), "drive", "out", "drive -> out:w"),
    )
    phases = (PhaseInfo("warm-up", 0, 400), PhaseInfo("run", 400, 600))
    origin = Provenance(0.1, parts, phases, "example", 3, "reference", copies=copies, program_digest="abc")
    return Result(record, origin)


# ---- access ----------------------------------------------------------------------------------------------------------
def test_spikes() -> None:
    result = example()
    times, ids = result["out"].spikes
    assert times == pytest.approx(result.record.events["out"].steps * 0.1)
    assert ids.dtype == np.int64
    assert (result["out"].steps == result.record.events["out"].steps).all()
    assert (result["drive"].payloads == [2.0, 1.0, 3.0]).all()
    assert result.spike_count == 40


def test_rates_count_spikes_in_the_window() -> None:
    result = example()
    assert result["out"].rate.shape == (20,)
    assert result["out"].rate.sum() == pytest.approx(40 / 0.1)
    late = result.between(40 * ms, 0.1 * second)
    number = (result["out"].steps >= 400).sum()
    assert late["out"].rate.sum() == pytest.approx(number / 0.06)
    assert late.window == pytest.approx((40.0, 100.0))


def test_a_poisson_source_counts_its_payloads() -> None:
    assert example()["drive"].rate.tolist() == [0.0, 20.0, 40.0, 0.0, 0.0]


def test_rates_of_neurons_that_were_not_recorded_are_unknown() -> None:
    result = example()
    parts = tuple(replace(p, taps=(TapInfo("spikes", of=(0, 1)),)) if p.name == "out" else p for p in result.provenance.parts)
    partial = replace(result, provenance=replace(result.provenance, parts=parts))
    assert np.isnan(partial["out"].rate).sum() == 18


def test_rates_from_counts_without_spikes() -> None:
    counts = Trace(np.array([499, 999]), np.arange(6.0).reshape(2, 1, 3), np.array([0, 2, 4]))
    taps = (TapInfo("counts", of=(0, 2, 4)),)
    result = Result(Record(1000, {}, {("out", "counts"): counts}, {}), Provenance(0.1, (PartInfo("out", "population", 5, taps=taps),)))
    assert result["out"].rate == pytest.approx(np.array([30.0, math.nan, 50.0, math.nan, 70.0]), nan_ok=True)


def test_traces() -> None:
    out = example()["out"]
    assert out.v.shape == (100, 3)
    assert out.times("v") == pytest.approx(np.arange(100) * 1.0)
    assert out.units["v"] == "mV"
    assert out.recorded_of("v").tolist() == [4, 5, 6]
    assert out.count.tolist() == [40.0]
    assert out.final("v").shape == (20,)


def test_records_at_the_end_of_a_step_are_one_step_later() -> None:
    weights = example()["drive -> out"]
    assert weights.t.tolist() == [50.0, 100.0]
    assert weights.w.shape == (2, 100)
    assert (weights.final("w") == weights.w[-1]).all()


def test_traces_are_restricted_to_the_window() -> None:
    late = example().phase("run")["out"]
    assert late.v.shape == (60, 3)
    assert late.times("v")[0] == pytest.approx(40.0)


def test_copies_add_an_axis() -> None:
    result = example(copies=4)
    assert result["out"].rate.shape == (4, 20)
    assert result["out"].v.shape == (100, 4, 3)
    single = result.copy(2)
    assert (single["out"].v == result["out"].v[:, 2]).all()
    assert single["out"].rate == pytest.approx(result["out"].rate[2])
    assert single.copies == 1


def test_what_there_is() -> None:
    result = example()
    assert [part.name for part in result] == ["drive", "out", "drive -> out"]
    assert [part.name for part in result.populations] == ["out"]
    assert "out" in result
    assert result["out"].recorded == ("spikes", "v", "count")
    assert "v" in dir(result["out"])
    assert repr(result) == "Result of 'example': 100 ms, 1 population, 40 spikes (reference, double, seed 3)"
    assert repr(result["out"]) == "population 'out': 20 neurons; recorded: spikes, v, count"


def test_python_may_probe_for_private_names() -> None:
    with pytest.raises(AttributeError):
        example()["out"].__array_interface__  # noqa: B018


# ---- windows ---------------------------------------------------------------------------------------------------------
def test_phases() -> None:
    result = example()
    assert result.phase("run").window == pytest.approx((40.0, 100.0))
    assert result.phase(0).window == pytest.approx((0.0, 40.0))
    assert result.phase("run").duration == pytest.approx(60.0)


def test_consecutive_phases_of_one_label_are_one() -> None:
    phases = (PhaseInfo("a", 0, 300), PhaseInfo("a", 300, 300), PhaseInfo("b", 600, 200), PhaseInfo("a", 800, 200))
    result = example()
    apart = replace(result, provenance=replace(result.provenance, phases=phases))
    assert replace(result, provenance=replace(result.provenance, phases=phases[:3])).phase("a").window[1] == pytest.approx(60.0)
    with pytest.raises(ParameterError, match="phases 0, 1, 3 are all labelled 'a'; choose one by its number"):
        apart.phase("a")


def test_windows_outside_the_run() -> None:
    result = example()
    for start, stop in ((50 * ms, 50 * ms), (50 * ms, 101 * ms), (-1 * ms, 5 * ms)):
        with pytest.raises(ParameterError, match="is empty or outside the run; 100 ms were simulated"):
            result.between(start, stop)
    with pytest.raises(UnitError, match="start needs a time, got a voltage"):
        result.between(5 * mV, 10 * ms)
    with pytest.raises(UnitError, match=r"stop needs a time, got the plain number 10\. Write 10 \* ms\."):
        result.between(5 * ms, 10)
    with pytest.raises(ParameterError, match="there is no phase 'runn'; did you mean 'run'?"):
        result.phase("runn")


def test_phases_that_were_not_reached() -> None:
    result = example()
    stopped = replace(result, record=replace(result.record, steps=300))
    assert stopped.phase("warm-up").window == pytest.approx((0.0, 30.0))
    with pytest.raises(ParameterError, match="phase 'run' was not reached: the run was stopped after 30 ms"):
        stopped.phase("run")


# ---- tables ----------------------------------------------------------------------------------------------------------
def test_table() -> None:
    expected = {"expected at this scale": {"out": 21.0}, "published": {"out": 19.5}}
    lines = example().with_expected(expected).table().splitlines()
    assert lines[0].split() == "population neurons rate [Hz] expected at this scale published CV synchrony".split()
    assert lines[2].split()[:6] == ["out", "20", "20.00", "21.00", "19.50", "-"]
    assert lines[3] == "40 spikes between 0 and 100 ms"
    assert lines[4] == "no CV: it is biased in runs shorter than 5 s"


# ---- files -----------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize("copies", [1, 3])
def test_save_and_load(tmp_path: Path, copies: int) -> None:
    result = example(copies).phase("run")
    result.save(tmp_path / "a.nsr")
    back = load_result(tmp_path / "a.nsr")
    assert back.digest() == result.digest()
    assert back.provenance == result.provenance
    assert back.window == result.window
    assert (back["out"].v == result["out"].v).all()
    assert back.record.timing == {"run_s": 0.5}
    assert [path.name for path in tmp_path.iterdir()] == ["a.nsr"]


def test_the_file_is_read_with_h5py_alone(tmp_path: Path) -> None:
    example().save(tmp_path / "a.nsr")
    with h5py.File(tmp_path / "a.nsr") as file:
        assert file.attrs["format"] == "neurosim result"
        assert file.attrs["format_version"] == 1
        times = file["spikes/out/steps"][:] * file.attrs["dt_ms"]
        assert times.size == 40
        assert file["traces/out/v/values"].shape == (100, 1, 3)
        assert file["traces/out/v"].attrs["unit"] == "mV"
        assert file["traces/drive -> out/w/steps"][:].tolist() == [499, 999]
        assert file["final/out/v"].shape == (1, 20)
        assert json.loads(file["provenance"][()])["seed"] == 3


def test_names_with_slashes(tmp_path: Path) -> None:
    result = example()
    events = {"a/b%.": result.record.events["out"]}
    odd = Result(Record(1000, events, {}, {("..", "x"): np.zeros((1, 2))}), Provenance(0.1, (PartInfo("a/b%.", "population", 20),)))
    odd.save(tmp_path / "a.nsr")
    assert load_result(tmp_path / "a.nsr").digest() == odd.digest()


def test_what_a_newer_version_adds_is_passed_over(tmp_path: Path) -> None:
    path = tmp_path / "a.nsr"
    example().save(path)
    with h5py.File(path, "r+") as file:
        plain = json.loads(file["provenance"][()])
        plain["colour"] = "blue"
        plain["parts"][0]["colour"] = "red"
        del file["provenance"]
        file["provenance"] = json.dumps(plain)
        file["more"] = 3
        file.attrs["format_version"] = 2
        del file.attrs["texts"]
    assert load_result(path).digest() == example().digest()


def spoil(path: Path, what: str) -> None:
    with h5py.File(path, "r+") as file:
        if what == "format":
            del file.attrs["format"]
        elif what == "provenance":
            del file["provenance"]
        elif what == "text":
            del file["provenance"]
            file["provenance"] = "not JSON"
        elif what == "indices":
            del file["spikes/out/indices"]
        elif what == "range":
            file["spikes/out/indices"][0] = 99
        elif what == "shape":
            del file["traces/out/v/steps"]
            file["traces/out/v/steps"] = np.arange(7)
        elif what == "version":
            del file["provenance"]
            file.attrs["format_version"] = 9


@pytest.mark.parametrize(
    ("what", "message"),
    [
        ("format", "it is an HDF5 file, but not that of a neurosim result"),
        ("provenance", "malformed result: there is no '/provenance'"),
        ("text", "malformed result: Expecting value: line 1 column 1 (char 0)"),
        ("indices", "malformed result: /spikes/out has no 'indices'"),
        ("range", "malformed result: /spikes/out/indices: outside the 20 neurons of the part"),
        ("shape", "malformed result: /traces/out/v: values have the shape (100, 1, 3), not (7, B, K)"),
        ("version", "It was written in format 9; this version of neurosim knows 1."),
    ],
)
def test_malformed_files(tmp_path: Path, what: str, message: str) -> None:
    path = tmp_path / "a.nsr"
    example().save(path)
    spoil(path, what)
    with pytest.raises(FileFormatError) as caught:
        load_result(path)
    assert str(caught.value).startswith(f"'{path}': ")
    assert message in str(caught.value)


def test_a_damaged_file_is_refused(tmp_path: Path) -> None:
    """One wrong bit in a number that was recorded, or in what is said of it, is no result of something else."""
    path = tmp_path / "a.nsr"
    example().save(path)
    whole = path.read_bytes()
    for known in (example().record.traces["out", "v"].values.tobytes()[:64], b'"dt": 0.1'):
        damaged = bytearray(whole)
        place = whole.index(known)
        damaged[place + len(known) - 1] ^= 1
        path.write_bytes(damaged)
        with pytest.raises(FileFormatError, match="malformed result: "):
            load_result(path)


def test_files_that_are_something_else(tmp_path: Path) -> None:
    (tmp_path / "a.nsr").write_text("hello")
    with pytest.raises(FileFormatError, match="it is not an HDF5 file, or was cut off"):
        load_result(tmp_path / "a.nsr")
    with pytest.raises(FileError, match="there is no such file"):
        load_result(tmp_path / "b.nsr")
    with pytest.raises(FileError, match="it is a folder"):
        load_result(tmp_path)


def test_a_file_that_was_cut_off(tmp_path: Path) -> None:
    path = tmp_path / "a.nsr"
    example().save(path)
    whole = path.read_bytes()
    for size in (10, len(whole) // 2, len(whole) - 1):
        path.write_bytes(whole[:size])
        with pytest.raises(FileFormatError):
            load_result(path)


def test_paths_that_cannot_be_written(tmp_path: Path) -> None:
    with pytest.raises(FileError, match=r"cannot write '.*nowhere/a.nsr': there is no folder"):
        example().save(tmp_path / "nowhere" / "a.nsr")
    with pytest.raises(FileError, match="it is a folder"):
        example().save(tmp_path)


# ---- digest ----------------------------------------------------------------------------------------------------------
def test_the_digest_is_that_of_spikes_and_final_state() -> None:
    result = example()
    same = replace(result, record=replace(result.record, timing={"run_s": 9.0}, info={}))
    assert same.digest() == result.digest()
    assert result.phase("run").digest() == result.digest()
    spikes = result.record.events["out"]
    narrow = replace(result.record.events["out"], steps=spikes.steps.astype(np.int32), payloads=spikes.payloads.astype(np.float32))
    events = {**result.record.events, "out": narrow}
    assert replace(result, record=replace(result.record, events=events)).digest() == result.digest()
    moved = {**result.record.final, ("out", "v"): result.record.final["out", "v"] + 1e-12}
    assert replace(result, record=replace(result.record, final=moved)).digest() != result.digest()
    assert example(seed=2).digest() != result.digest()


# ---- pictures --------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize("copies", [1, 2])
def test_pictures_are_drawn_without_a_screen(tmp_path: Path, copies: int) -> None:
    result = example(copies)
    before = "matplotlib.pyplot" in sys.modules
    figures = {
        "raster": result.raster(),
        "run": result.phase("run").raster(order=["out"]),
        "plot": result.plot(),
        "traces": plotting.traces(result),
        "weights": plotting.weights(result),
        "rates": plotting.rates(result.with_expected({"published": {"out": 20.0}})),
    }
    for name, figure in figures.items():
        assert isinstance(figure, Figure)
        figure.savefig(tmp_path / f"{name}.png")
        assert (tmp_path / f"{name}.png").stat().st_size > 5000
    assert ("matplotlib.pyplot" in sys.modules) == before


def test_a_silent_network_has_a_picture(tmp_path: Path) -> None:
    silent = Events(*(np.zeros(0, np.int64) for _ in range(4)))
    result = Result(Record(1000, {"out": silent}, {}, {}), Provenance(0.1, (PartInfo("out", "population", 20),)))
    result.raster().savefig(tmp_path / "raster.png")
    assert "0 spikes" in result.table()


def test_many_spikes_are_thinned_and_the_picture_says_so() -> None:
    rng = np.random.default_rng(1)
    steps = np.sort(rng.integers(0, 10_000, 60_000))
    spikes = Events(steps, rng.integers(0, 1000, 60_000), np.ones(60_000), np.zeros(60_000, np.int64))
    result = Result(Record(10_000, {"out": spikes}, {}, {}), Provenance(0.1, (PartInfo("out", "population", 1000),)))
    upper = result.raster(most_spikes=10_000).axes[0]
    assert sum(line.get_xdata().size for line in upper.lines) < 11_000
    assert "shown: 1 in 6 neurons" in [text.get_text() for text in upper.texts]


def test_a_trace_that_swings_too_often_is_shown_in_part() -> None:
    time = np.arange(100_000)
    swinging = Trace(time, np.where(time % 100 < 50, -65.0, -50.0).reshape(-1, 1, 1), np.array([0]))
    info = PartInfo("out", "population", 20, {"v": "mV"})
    result = Result(Record(100_000, {}, {("out", "v"): swinging}, {}), Provenance(0.1, (info,)))
    (panel,) = (axes for axes in result.plot().get_axes() if axes.get_ylabel())
    assert panel.get_xlim() == pytest.approx((9500.0, 10000.0))  # 50 swings
    assert "shown: the last 500 ms" in [text.get_text() for text in panel.texts]
    slow = replace(result, record=replace(result.record, traces={("out", "v"): replace(swinging, values=swinging.values.cumsum(axis=0))}))
    assert readable(slow, trace_rows(slow)) is slow


def test_pictures_of_nothing() -> None:
    empty = Result(Record(1000, {}, {}, {}), Provenance(0.1, (PartInfo("out", "population", 20),)))
    for draw in (plotting.raster, plotting.traces, plotting.weights, plotting.rates, plotting.overview):
        with pytest.raises(ParameterError, match=r"ns\.Probe\("):
            draw(empty)
    with pytest.raises(ParameterError, match="there is no part 'ou'; did you mean 'out'?"):
        example().raster(order=["ou"])

"""Results handed to others: as objects of Neo, as a SONATA file, and files of format version 1 read for ever."""

import json
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest

from neurosim.errors import BackendMissingError, FileError, ParameterError
from neurosim.record import Events, Record, Trace
from neurosim.result import PartInfo, PhaseInfo, Provenance, Result, TapInfo, load_result

ROOT = Path(__file__).resolve().parents[2]


def example(copies: int = 1) -> Result:
    """100 ms in two phases: 20 neurons of which spikes of 18 were recorded, a Poisson source, weights, conductances."""
    rng = np.random.default_rng(1)
    steps = np.sort(rng.integers(0, 1000, 60 * copies))
    spikes = Events(steps, rng.integers(0, 18, steps.size), np.ones(steps.size), rng.integers(0, copies, steps.size))
    train = Events(np.array([0, 500, 700]), np.array([1, 2, 2]), np.array([2.0, 1.0, 3.0]), np.zeros(3, np.int64))
    traces = {
        ("out", "v"): Trace(np.arange(0, 1000, 10), rng.normal(-65.0, 3.0, (100, copies, 3)), np.array([4, 5, 6])),
        ("out", "r"): Trace(np.array([0, 10, 50]), rng.normal(size=(3, copies, 20))),
        ("out", "count"): Trace(np.arange(4, 1000, 5), np.ones((200, copies, 1))),
        ("in -> out", "w"): Trace(np.array([499, 999]), rng.uniform(0.0, 5.0, (2, copies, 100))),
    }
    record = Record(1000, {"out": spikes, "in": train}, traces, {("in -> out", "w"): traces["in -> out", "w"].values[-1]})
    parts = (
        PartInfo("in", "source", 5, taps=(TapInfo("spikes"),), counted=True),
        PartInfo("out", "population", 20, {"v": "mV", "r": "Gohm", "count": "1"}, (TapInfo("spikes", of=tuple(range(18))), TapInfo("v", of=(4, 5, 6)))),
        PartInfo("in -> out", "projection", 100, {"w": "pA"}, (TapInfo("w", "end"),), "in", "out", "in -> out:w"),
    )
    phases = (PhaseInfo("rest", 0, 400), PhaseInfo("", 400, 600))
    return Result(record, Provenance(0.1, parts, phases, "example", 3, "reference", copies=copies, program_digest="abc"))


# ---- Neo ---------------------------------------------------------------------------------------------------------------
@pytest.fixture(name="neo", scope="module")
def _neo() -> Any:
    return pytest.importorskip("neo")


def test_a_block_has_a_segment_per_phase_and_copy(neo: Any) -> None:
    assert [segment.name for segment in example().to_neo().segments] == ["rest", None]
    block = example(copies=3).to_neo()
    assert [(s.index, s.annotations["copy"]) for s in block.segments] == [(0, 0), (1, 1), (2, 2), (3, 0), (4, 1), (5, 2)]
    assert len(example().phase("rest").to_neo().segments) == 1
    whole = example()
    assert len(replace(whole, provenance=replace(whole.provenance, phases=())).to_neo().segments) == 1


def test_trains_of_neo_are_ours(neo: Any) -> None:
    result = example()
    trains = result.phase(1).to_neo().segments[0].spiketrains
    assert len(trains) == 5 + 18
    times, ids = result.phase(1)["out"].spikes
    for train in trains:
        assert (train.t_start.item(), train.t_stop.item()) == (40.0, 100.0)
        assert str(train.dimensionality) == "ms"
        if train.annotations["population"] == "out":
            assert train.magnitude.tolist() == times[ids == train.annotations["neuron"]].tolist()
    counted = [train.size for train in trains if train.annotations["population"] == "in"]
    assert counted == [0, 0, 4, 0, 0]  # a Poisson source that fired once and three times


def test_thousands_of_neurons_stay_two_arrays(neo: Any) -> None:
    result = example()
    info = replace(result.provenance.parts[1], size=100_000, taps=())
    record = replace(result.record, events={"out": result.record.events["out"]}, traces={})
    trains = replace(result, record=record, provenance=replace(result.provenance, parts=(info,))).to_neo().segments[0].spiketrains
    assert len(trains) == 100_000
    assert trains._items is None  # no train was made


def test_traces_of_neo_have_units_names_and_neurons(neo: Any) -> None:
    segment = example().to_neo().segments[0]
    v, count = segment.analogsignals
    assert (count.name, str(count.dimensionality), count.shape) == ("out.count", "dimensionless", (80, 1))
    assert (v.name, str(v.dimensionality), v.shape, v.sampling_period.rescale("ms").item()) == ("out.v", "mV", (40, 3), pytest.approx(1.0))
    assert v.array_annotations["neuron"].tolist() == [4, 5, 6]
    (r,) = segment.irregularlysampledsignals
    assert (r.name, str(r.dimensionality), r.annotations["unit"]) == ("out.r", "dimensionless", "Gohm")
    assert r.times.magnitude.tolist() == [0.0, 1.0, 5.0]
    late = example().to_neo().segments[1]
    weights = late.analogsignals[2]
    assert (weights.name, weights.shape, weights.array_annotations["edge"].size) == ("in -> out.w", (2, 100), 100)
    assert weights.times.rescale("ms").magnitude.tolist() == [50.0, 100.0]


def test_graded_payloads_are_annotated(neo: Any) -> None:
    result = example()
    graded = replace(result.record.events["out"], payloads=np.linspace(0.0, 2.0, 60))
    record = replace(result.record, events={**result.record.events, "out": graded})
    segment = replace(result, record=record).to_neo().segments[0]
    assert segment.annotations["payloads"] == {"out": graded.payloads[graded.steps < 400].tolist()}
    assert "payloads" not in result.to_neo().segments[0].annotations


def test_a_block_says_where_it_comes_from(neo: Any) -> None:
    annotations = example().to_neo().annotations
    assert (annotations["backend"], annotations["seed"], annotations["dt_ms"]) == ("reference", 3, 0.1)
    assert json.loads(annotations["provenance"])["program_digest"] == "abc"


def test_neo_writes_and_reads_a_block(neo: Any, tmp_path: Path) -> None:
    result = example(copies=2)
    neo.io.PickleIO(str(tmp_path / "a.pkl")).write_block(result.to_neo())
    back = neo.io.PickleIO(str(tmp_path / "a.pkl")).read_block()
    assert back.annotations["program_digest"] == "abc"
    late = result.phase(1).copy(1)["out"]
    segment = back.segments[3]
    found = [train.magnitude for train in segment.spiketrains if train.annotations["population"] == "out"]
    assert [train.size for train in found] == [int((late.indices == k).sum()) for k in range(18)]
    assert segment.analogsignals[0].magnitude.tolist() == late.v.tolist()


def test_without_neo_the_error_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "neo", None)
    with pytest.raises(BackendMissingError, match="the export to Neo needs neo, which is not installed") as caught:
        example().to_neo()
    assert 'pip install ".[neo]"' in str(caught.value)


# ---- SONATA ------------------------------------------------------------------------------------------------------------
def test_a_sonata_file_holds_the_spikes(tmp_path: Path) -> None:
    result = example().phase(1)
    result.save_sonata(tmp_path / "spikes.h5")
    with h5py.File(tmp_path / "spikes.h5") as file:
        assert (file.attrs["magic"], file.attrs["version"].tolist()) == (0x0A7A, [0, 1])
        group = file["spikes/out"]
        assert h5py.check_enum_dtype(group.attrs.get_id("sorting").dtype) == {"none": 0, "by_id": 1, "by_time": 2}
        assert int(group.attrs["sorting"]) == 2
        times, ids = result["out"].spikes
        assert (group["timestamps"][:].tolist(), group["node_ids"][:].tolist()) == (times.tolist(), ids.tolist())
        assert group["timestamps"].attrs["units"] == "ms"
        assert file["spikes/in/node_ids"][:].tolist() == [2, 2, 2, 2]


def test_what_sonata_has_no_place_for(tmp_path: Path) -> None:
    with pytest.raises(ParameterError, match="the format has no place for 2 copies"):
        example(2).save_sonata(tmp_path / "spikes.h5")
    silent = replace(example(), record=Record(1000, {}, {}, {}))
    with pytest.raises(ParameterError, match="no spikes were recorded"):
        silent.save_sonata(tmp_path / "spikes.h5")
    with pytest.raises(FileError, match="there is no folder"):
        example().save_sonata(tmp_path / "nowhere" / "spikes.h5")


# ---- a file of version 1 -----------------------------------------------------------------------------------------------
def test_a_file_of_version_1_is_read() -> None:
    """Written once by the first version; what it holds may never change its meaning."""
    result = load_result(ROOT / "tests" / "data" / "result_v1.nsr")
    assert result.digest() == "9c2a090238eab76fc4c94047b8ee8433bcb2d9201f3f7f9b31f4a0a6babf92cd"
    assert result.window == pytest.approx((40.0, 100.0))
    assert (result.copies, result.provenance.seed, result.provenance.meta) == (2, 3, {"note": "kept"})
    assert result.provenance.expected == {"published": {"out": 5.6}}
    out = result["out"]
    assert out.payloads.tolist() == [0.5 + k % 4 for k in range(16, 40)]  # graded
    assert out.copy_numbers.tolist() == [k % 2 for k in range(16, 40)]
    assert (out.v.shape, out.units["v"], out.recorded_of("v").tolist()) == ((60, 2, 3), "mV", [4, 5, 6])
    assert out.v[0, 0, 0] == pytest.approx(-65.0 + 0.01 * 240)
    weights = result["drive -> out"]
    assert weights.w.tolist() == (np.arange(400.0) / 64).reshape(2, 2, 100).tolist()
    assert weights.t.tolist() == [50.0, 100.0]
    assert weights.final("w").tolist() == weights.w[-1].tolist()
    assert (result["a/b"].recorded_of("w").tolist(), result["a/b"].w.shape) == ([3, 90], (2, 2, 2))


def test_whatever_else_is_in_a_file_is_passed_over(tmp_path: Path) -> None:
    path = tmp_path / "a.nsr"
    path.write_bytes((ROOT / "tests" / "data" / "result_v1.nsr").read_bytes())
    with h5py.File(path, "r+") as file:
        file["more/of/this"] = np.arange(3)
        file["spikes/out/shapes"] = np.arange(3)
        file["traces/out/v/filter"] = "none"
        file.attrs["mood"] = "good"
    assert load_result(path).digest() == load_result(ROOT / "tests" / "data" / "result_v1.nsr").digest()


def test_fixtures_are_small() -> None:
    assert (ROOT / "tests" / "data" / "result_v1.nsr").stat().st_size < 100_000
    assert (ROOT / "tests" / "data" / "elephant_values.json").stat().st_size < 100_000

"""An artifact, carried to a host, run there, fetched and verified: against a stand-in for Lava with its extension, and Lava."""

from __future__ import annotations

import importlib.util
import json
import sys
import zipfile
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest

from neurosim.errors import EngineError, FileError, FileFormatError, NeurosimError, OptionError
from neurosim.hardware import loihi
from neurosim.hardware.loihi.answers import Report
from neurosim.hardware.loihi.artifact import read_artifact, recording_all, write_artifact
from neurosim.hardware.loihi.deploy import deployed, environment
from neurosim.hardware.loihi.energy import CONSTANTS, estimated
from neurosim.hardware.loihi.lava import interpreter
from neurosim.hardware.loihi.limits import LOIHI2
from neurosim.hardware.loihi.place import placed
from neurosim.hardware.loihi.plan import Factor, LearningRule, LoihiPlan, Neurons, Product, Recording, Stimulus, Synapses, Trace
from neurosim.hardware.loihi.recorded import Recorded, Register, sorted_spikes
from neurosim.hardware.loihi.run_lava import chip_problems
from neurosim.hardware.loihi.verify import verified

pytestmark = pytest.mark.slow  # compiles the emulator's loops

FAKE = Path(__file__).with_name("fake_host")
STEPS = 60


def network() -> LoihiPlan:
    """Three sources, four neurons with a refractory time, two behind a delay; the voltages of the four are recorded."""
    rng = np.random.default_rng(2)
    firing = np.unique(rng.integers(0, 3 * STEPS, 70))
    four = Neurons("four", 4, du=2047, dv=128, vth=40, refractory=3, bias_mant=np.array([0, 50, 0, -20]), bias_exp=2, v=np.array([0, 0, 640, 0]))
    two = Neurons("two", 2, du=4095, dv=400, vth=20)
    pairs = tuple(axis.reshape(-1) for axis in np.indices((3, 4)))
    first = Synapses("in -> four", "in", "four", *pairs, rng.integers(-20, 60, 12) * 2, -1)
    some = np.array([0, 0, 1, 3]), np.array([0, 1, 1, 0])
    second = Synapses("four -> two", "four", "two", *some, np.array([30, 20, 40, 25]), 0, 8, "excitatory", delay=np.array([0, 2, 0, 7]))
    stimulus = Stimulus("in", firing // 3, firing % 3, np.ones(len(firing), int))
    recordings = (Recording("two", "spikes"), Recording("four", "v", np.array([0, 1, 3])), Recording("four", "u"))
    groups = (Neurons("in", 3, "source"), four, two)
    return recording_all(LoihiPlan(STEPS, groups, (first, second), (stimulus,), recordings, name="seven", dt=1.0))


def in_integers(plan: LoihiPlan, model: Callable[[LoihiPlan], dict[str, dict[str, np.ndarray]]]) -> Recorded:
    """What plain integers make of a plan, as a record."""
    found = model(plan)
    spikes, registers = {}, {}
    for r in plan.recordings:
        if r.variable == "spikes":
            steps, indices = np.nonzero(found[r.part]["spikes"])
            spikes[r.part] = sorted_spikes(steps, indices, found[r.part]["spikes"][steps, indices])
        else:
            of = np.arange(plan.group(r.part).size) if r.of is None else r.of
            registers[r.part, r.variable] = Register(np.arange(plan.steps), of, found[r.part][r.variable][:, of])
    return Recorded(plan.digest(), plan.steps, "plain integers", spikes, registers)


def _beside(name: str) -> ModuleType:
    specification = importlib.util.spec_from_file_location(name, Path(__file__).with_name(f"{name}.py"))
    assert specification is not None and specification.loader is not None
    module = importlib.util.module_from_spec(specification)
    specification.loader.exec_module(module)
    return module


MODEL, RULES = _beside("integer_model"), _beside("rules")


@pytest.fixture(name="expected", scope="module")
def _expected() -> Recorded:
    return in_integers(network(), MODEL.run)


@pytest.fixture(name="artifact", scope="module")
def _artifact(expected: Recorded, tmp_path_factory: pytest.TempPathFactory) -> Path:
    plan = network()
    placement = placed(plan, LOIHI2)
    counts = {group.name: np.ones(group.size) for group in plan.neurons}
    path = tmp_path_factory.mktemp("artifact") / "seven.loihi"
    write_artifact(path, Report(plan, placement, estimated(plan, placement, counts, CONSTANTS["loihi2-halapoint-bound"])), expected)
    return path


def test_an_artifact_holds_everything(artifact: Path, expected: Recorded) -> None:
    found = read_artifact(artifact)
    assert found.plan.digest() == network().digest() == found.expected.plan
    assert len(found.expected.spikes["four"]) == len(expected.spikes["four"]) > 10
    with zipfile.ZipFile(artifact) as archive:
        names = set(archive.namelist())
        costs = json.loads(archive.read("resource_and_energy.json"))
        mapping = json.loads(archive.read("mapping.json"))
        lock = archive.read("requirements.lock").decode()
    assert {"manifest.json", "plan.plan", "mapping.json", "stimulus.npz", "expected.npz", "run_lava.py", "README.txt"} <= names
    assert not any(name.startswith(("/", "..")) for name in names)
    assert costs["placement"]["cores"] == 2 and "Hala Point" in costs["per_step"]["source"]
    assert [load["group"] for load in mapping] == ["four", "two"]
    assert "lava-nc==0.10.0" in lock


def test_a_damaged_artifact_is_refused(artifact: Path, tmp_path: Path) -> None:
    def changed(name: str, content: bytes) -> Path:
        path = tmp_path / "changed.loihi"
        with zipfile.ZipFile(artifact) as old, zipfile.ZipFile(path, "w") as new:
            for entry in old.namelist():
                new.writestr(entry, content if entry == name else old.read(entry))
        return path

    with pytest.raises(FileFormatError, match="these files in it are not what the manifest says: run_lava.py"):
        read_artifact(changed("run_lava.py", b"print('something else')"))
    with pytest.raises(FileFormatError, match="it is no artifact"):
        read_artifact(changed("manifest.json", b"{}"))
    (tmp_path / "text").write_text("text")
    with pytest.raises(FileFormatError, match="it is no artifact, or is damaged"):
        read_artifact(tmp_path / "text")
    with pytest.raises(FileError, match="there is no such file"):
        read_artifact(tmp_path / "missing.loihi")


def test_an_artifact_of_another_time(artifact: Path, tmp_path: Path) -> None:
    """A later version, or a manifest without what belongs there."""

    def with_manifest(**changes: object) -> Path:
        path = tmp_path / "changed.loihi"
        with zipfile.ZipFile(artifact) as old, zipfile.ZipFile(path, "w") as new:
            for entry in old.namelist():
                manifest = {**json.loads(old.read("manifest.json")), **changes}
                new.writestr(entry, json.dumps(manifest) if entry == "manifest.json" else old.read(entry))
        return path

    with pytest.raises(FileFormatError, match="it has the version 2; this neurosim reads versions up to 1"):
        read_artifact(with_manifest(version=2))
    with pytest.raises(FileFormatError, match="it has the version None"):
        read_artifact(with_manifest(version=None))
    with pytest.raises(FileFormatError, match=r"its manifest does not list plan\.plan and expected\.npz"):
        read_artifact(with_manifest(files=None))
    cut = artifact.read_bytes()
    for length in (len(cut) // 2, len(cut) - 10, 100):
        (tmp_path / "cut.loihi").write_bytes(cut[:length])
        with pytest.raises(FileFormatError, match="it is no artifact, or is damaged"):
            read_artifact(tmp_path / "cut.loihi")


def test_matrices_have_one_synapse_of_a_pair(tmp_path: Path) -> None:
    """An artifact's plan has a second group for the second synapse of a pair, and does the same."""
    plan = network()
    first, second = plan.synapses
    order = np.argsort(np.tile(first.pre, 2), kind="stable")
    double = {name: np.tile(getattr(first, name), 2)[order] for name in ("pre", "post", "weight")}
    plan = replace(plan, synapses=(replace(first, **double, delay=np.arange(24) % 5), second))
    whole = recording_all(plan)
    assert [len(some) for some in whole.synapses] == [12, 12, 4]
    for name, spikes in loihi.run(plan).spikes.items():
        np.testing.assert_array_equal(spikes.steps, loihi.run(whole).spikes[name].steps)


@pytest.fixture(name="host")
def _host(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYTHONPATH", str(FAKE))


def test_there_and_back(artifact: Path, host: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The stand-in computes the same, and its voltages read as a chip's do after spikes."""
    monkeypatch.setenv("FAKE_LOG", str(tmp_path / "log"))
    said: list[str] = []
    variables = environment("oheogulch", None, "N3C1")
    deployed(artifact, "local", tmp_path / "recorded.npz", python=sys.executable, variables=variables, say=said.append)
    assert (tmp_path / "log").read_text() == "oheogulch None N3C1"
    assert said[0].startswith("sending") and any("spikes" in line for line in said)
    found = read_artifact(artifact)
    verdict = verified(found.plan, found.expected, loihi.load_record(tmp_path / "recorded.npz"))
    assert verdict.ok, str(verdict)
    voltages = next(register for register in verdict.registers if register.variable == "v")
    fired = [neuron for neuron in found.expected.spikes["four"].indices if neuron in (0, 1, 3)]
    assert 2 * len(fired) < voltages.after_spike <= 3 * len(fired)
    assert f"{voltages.after_spike} are the chip's 128 after a spike" in str(verdict)


@pytest.mark.parametrize(
    ("chip", "text"),
    [
        pytest.param("absent", "Lava's extension for Loihi is not installed in this Python", marks=pytest.mark.slow),
        ("fails", "RuntimeError: Partitioning could not converge"),
    ],
)
def test_what_goes_wrong_on_the_host_is_said_here(artifact: Path, host: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, chip: str, text: str) -> None:
    monkeypatch.setenv("FAKE_CHIP", chip)
    with pytest.raises(EngineError) as raised:
        deployed(artifact, "local", tmp_path / "recorded.npz", python=sys.executable)
    assert "the run on local failed with status 1" in str(raised.value) and text in str(raised.value)
    assert not (tmp_path / "recorded.npz").exists()


def test_a_host_without_python(artifact: Path, tmp_path: Path) -> None:
    with pytest.raises(EngineError, match="the run on local failed with status 127: there is no such interpreter"):
        deployed(artifact, "local", tmp_path / "r.npz", python="no-such-python")
    with pytest.raises(EngineError, match=r"No module named 'lava'(.|\n)*`neurosim lava setup` makes one here: --python /"):
        deployed(artifact, "local", tmp_path / "r.npz", python=sys.executable, sim=True)
    with pytest.raises(OptionError, match="--python takes the path or the name of an interpreter, got '-c'"):
        deployed(artifact, "local", tmp_path / "r.npz", python="-c")
    with pytest.raises(FileError, match="there is no folder"):  # before anything is sent
        deployed(artifact, "local", tmp_path / "nowhere" / "r.npz", python="no-such-python")


def test_an_interpreter_of_this_folder(artifact: Path, host: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A relative path is one from here, though the run has a folder of its own; an old Python is told apart."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "bin").mkdir()
    (tmp_path / "bin" / "python").write_text(f'#!/bin/sh\nexec {sys.executable} "$@"\n')
    (tmp_path / "bin" / "python").chmod(0o755)
    deployed(artifact, "local", "recorded.npz", python="bin/python")
    assert loihi.verify(artifact, "recorded.npz").ok
    old = "#!/bin/sh\n" + f'[ "$1" = -c ] && exec {sys.executable} -c "import sys; sys.version_info = (3, 6); sys.version = \'3.6.15 x\'; $2"\n'
    (tmp_path / "bin" / "python").write_text(old)
    with pytest.raises(EngineError, match=r"it takes Python 3\.10 or later with Lava; this one is 3\.6\.15"):
        deployed(artifact, "local", "recorded.npz", python="bin/python")


@pytest.mark.parametrize("host", ["-oProxyCommand=touch x", "", "a b", "a;b"])
def test_a_host_is_a_name(artifact: Path, host: str) -> None:
    with pytest.raises(OptionError, match="a host is a name as ssh knows it"):
        deployed(artifact, host, "never.npz")


# ---- what learns -----------------------------------------------------------------------------------------------------------
def learning_network(rule: LearningRule) -> LoihiPlan:
    """The first synapses learn; weights after every seventh step and tags of two synapses at other steps are recorded too."""
    plan = network()
    learns = replace(plan.synapses[0], learning=rule, tag=np.arange(12) - 5)
    name = learns.name
    recordings = (Recording(name, "w", every=7, at=3), Recording(name, "t", np.array([1, 8]), every=20), Recording(name, "d", every=30, at=29))
    return replace(plan, synapses=(learns, *plan.synapses[1:]), recordings=plan.recordings + recordings)


WHOLE = LearningRule((Product("y0", 3, 0, (Factor("x1"),)), Product("x0", -1, 1)), dt=(Product("y0", 1, 0),), x1=Trace(5))
"""A pair of spikes in one step adds 15, a spike of the source takes 2: no fraction ever, so nothing is rounded."""
BROKEN = replace(WHOLE, dw=(Product("y0", 1, -3, (Factor("x1"),)), Product("x0", -1, -2)), x1=Trace(5, 4.0))


def exported(plan: LoihiPlan, folder: Path) -> Path:
    loihi.export(plan, folder / "learns.loihi")
    return folder / "learns.loihi"


def test_learning_on_a_chip(host: None, tmp_path: Path) -> None:
    """Weights are read while the run pauses; the voltages of the whole run are there all the same."""
    artifact = exported(learning_network(WHOLE), tmp_path)
    deployed(artifact, "local", tmp_path / "recorded.npz", python=sys.executable)
    verdict, record = loihi.verify(artifact, tmp_path / "recorded.npz"), loihi.load_record(tmp_path / "recorded.npz")
    assert verdict.ok, str(verdict)
    weights = record.registers["in -> four", "w"]
    assert weights.steps.tolist() == [3, 10, 17, 24, 31, 38, 45, 52, 59] and (np.diff(weights.values, axis=0) != 0).sum() > 30
    for text in ("w of in -> four: all 108 equal", "t of in -> four: all 6 equal", "d of in -> four: all 24 equal"):
        assert text in str(verdict)
    assert "w of in -> four: 9 steps of 12 synapses" in str(record)


def test_a_chip_rounds_by_itself(host: None, tmp_path: Path) -> None:
    artifact = exported(learning_network(BROKEN), tmp_path)
    deployed(artifact, "local", tmp_path / "recorded.npz", python=sys.executable)
    verdict = loihi.verify(artifact, tmp_path / "recorded.npz")
    assert not verdict.ok
    assert "the first other one is of synapse" in str(verdict) and "a chip rounds what it learns with random numbers of its own" in str(verdict)


def test_a_probe_that_forgets_is_found(host: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FAKE_CHIP", "forgets")
    with pytest.raises(EngineError, match="holds .* values, expected .*; where synapses learn the run pauses to read them: record u and v in a"):
        deployed(exported(learning_network(WHOLE), tmp_path), "local", tmp_path / "recorded.npz", python=sys.executable)


def test_what_no_public_name_can_do_on_a_chip(tmp_path: Path) -> None:
    """All of it at once, before anything is sent."""
    plan = learning_network(replace(WHOLE, third_factor="third"))
    learns = plan.synapses[0]
    pairs = {name: np.asarray(getattr(learns, name))[:11] for name in ("pre", "post", "weight", "tag")}
    delayed = replace(learns, name="late", delay=3, learning=WHOLE)
    groups = (*plan.neurons, Neurons("third", 12, "source"), Neurons("odd", 2, "adaptive", dv=np.array([1, 2]), reset_every=4))
    plan = replace(plan, neurons=groups, synapses=(replace(learns, **pairs), *plan.synapses[1:], delayed), recordings=plan.recordings[:-3])
    found = list(chip_problems(plan))
    for text, problem in zip(
        (
            "odd: adaptive neurons with planned resets have no public model on the chip",
            "odd: a process on the chip has one dv, got 2 different ones; make a group of each",
            "in -> four: learns by a third factor, and none of Lava's public neurons sends y1, y2 or y3",
            "in -> four: learns where only some pairs are connected",
            "late: Lava has no synapses that learn and have delays",
        ),
        found,
        strict=True,
    ):
        assert problem.startswith(text)
    placement = placed(plan, LOIHI2)
    costs = estimated(plan, placement, {group.name: np.ones(group.size) for group in plan.neurons}, CONSTANTS["loihi2-halapoint-bound"])
    write_artifact(tmp_path / "no.loihi", Report(plan, placement, costs), Recorded(plan.digest(), plan.steps, "nobody", {}))
    with pytest.raises(EngineError) as raised:
        deployed(tmp_path / "no.loihi", "local", tmp_path / "r.npz", python="never-started")
    assert "with --sim it may" in str(raised.value) and all(problem in str(raised.value) for problem in found)


@pytest.mark.slow
@pytest.mark.parametrize("kind", [{}, {"share": 0.6, "rounding": "independent"}, {"third": True, "rounding": "independent"}], ids=str)
def test_learning_simulated_by_lava(tmp_path: Path, require_engine: Callable[[str], None], kind: dict[str, object]) -> None:
    """From the plan to the artifact, Lava's own learning and back; a plan that rounds otherwise is compared with Lava's rounding."""
    require_engine("lava")
    plan = RULES.random_plan(3, 3, steps=36, every=3, **kind)
    artifact = exported(plan, tmp_path)
    loihi.deploy(artifact, "local", tmp_path / "recorded.npz", python=str(interpreter()), sim=True, say=lambda line: None)
    verdict = loihi.verify(artifact, tmp_path / "recorded.npz")
    assert verdict.ok and len(verdict.registers) == 9, str(verdict)
    changes = sum(int((np.diff(r.values, axis=0) != 0).sum()) for r in loihi.load_record(tmp_path / "recorded.npz").registers.values())
    assert changes > 50
    assert f"w of s0: all {12 * len(plan.synapses[0])} equal" in str(verdict)


@pytest.mark.slow
def test_a_plan_that_learns_run_by_lava(require_engine: Callable[[str], None]) -> None:
    """``loihi run --on lava`` records what the artifact's script records."""
    require_engine("lava")
    plan = RULES.random_plan(5, 2, steps=30, every=4, rounding="independent")
    verdict = verified(plan, loihi.run(plan), loihi.run(plan, on="lava"))
    assert verdict.ok and len(verdict.registers) == 6, str(verdict)


@pytest.mark.slow
def test_simulated_by_lava(tmp_path: Path, require_engine: Callable[[str], None]) -> None:
    """The script of an artifact with Lava's own models; and without the extension it says that it cannot run on a chip."""
    require_engine("lava")
    python = str(interpreter())
    plan = replace(network(), neurons=tuple(replace(group, refractory=1) for group in network().neurons))
    loihi.export(plan, tmp_path / "six.loihi")
    loihi.deploy(tmp_path / "six.loihi", "local", tmp_path / "recorded.npz", python=python, sim=True, say=lambda line: None)
    verdict = loihi.verify(tmp_path / "six.loihi", tmp_path / "recorded.npz")
    assert verdict.ok and verdict.by == "Lava on the CPU", str(verdict)
    with pytest.raises(EngineError, match="Lava's extension for Loihi is not installed"):
        loihi.deploy(tmp_path / "six.loihi", "local", tmp_path / "never.npz", python=python, say=lambda line: None)


# ---- verifying -------------------------------------------------------------------------------------------------------------
def test_differences_are_found_and_named(expected: Recorded) -> None:
    plan = network()
    four = expected.spikes["four"]
    gone = sorted_spikes(four.steps[1:], four.indices[1:], four.payloads[1:])
    verdict = verified(plan, expected, replace(expected, spikes={**expected.spikes, "four": gone}))
    assert not verdict.ok
    assert f"the first that differs is of neuron {four.indices[0]} in step {four.steps[0]}" in str(verdict)
    late = sorted_spikes(four.steps + 1, four.indices, four.payloads)
    assert "all are equal if moved by 1 steps" in str(verified(plan, expected, replace(expected, spikes={**expected.spikes, "four": late})))
    values = expected.registers["four", "v"].values.copy()
    values[5, 1] += 1
    wrong = replace(expected, registers={**expected.registers, ("four", "v"): replace(expected.registers["four", "v"], values=values)})
    text = str(verified(plan, expected, wrong))
    assert f"the first other one is of neuron 1 in step 5: {values[5, 1]}, expected {values[5, 1] - 1}" in text
    other = verified(plan, expected, replace(expected, plan="0" * 64, spikes={}))
    assert not other.ok and len(list(other.lines())) == 2 and "it is a record of another plan: 0000000000000000, expected" in str(other)
    assert "it has 3 steps, expected 60" in str(verified(plan, expected, replace(expected, steps=3)))
    assert "spikes of four were not recorded" in str(verified(plan, expected, replace(expected, spikes={"two": expected.spikes["two"]})))
    assert "u of four was not recorded" in str(verified(plan, expected, replace(expected, registers={})))
    u = expected.registers["four", "u"]
    fewer = replace(expected, registers={**expected.registers, ("four", "u"): Register(u.steps[:10], u.of, u.values[:10])})
    text = str(verified(plan, expected, fewer))
    assert "u of four has values of 4 in 10 steps (0 ... 9), expected values of 4 in 60 steps (0 ... 59)" in text


def test_128_elsewhere_is_no_excuse(expected: Recorded) -> None:
    """The reading after a spike is known in the steps of a refractory time only."""
    values = expected.registers["four", "v"].values.copy()
    quiet = np.argwhere(values < 0)[0]
    values[tuple(quiet)] = 128
    wrong = replace(expected, registers={("four", "v"): replace(expected.registers["four", "v"], values=values), ("four", "u"): expected.registers["four", "u"]})
    assert not verified(network(), expected, wrong).ok


def test_records_are_files(expected: Recorded, tmp_path: Path) -> None:
    expected.save(tmp_path / "r.npz")
    back = loihi.load_record(tmp_path / "r.npz")
    assert back.plan == expected.plan and verified(network(), expected, back).ok
    assert "four:" in str(back)
    (tmp_path / "r.npz").write_bytes(b"nothing")
    with pytest.raises(NeurosimError, match="is no record of a run"):
        loihi.load_record(tmp_path / "r.npz")
    np.savez(tmp_path / "other.npz", x=1)
    with pytest.raises(NeurosimError, match="is no record of a run"):
        loihi.load_record(tmp_path / "other.npz")

"""An artifact, carried to a host, run there, fetched and verified: against a stand-in for Lava with its extension, and over ssh."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import zipfile
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

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
from neurosim.hardware.loihi.plan import LoihiPlan, Neurons, Recording, Stimulus, Synapses
from neurosim.hardware.loihi.recorded import Recorded, Register, sorted_spikes
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


@pytest.fixture(name="expected", scope="module")
def _expected() -> Recorded:
    import importlib.util

    specification = importlib.util.spec_from_file_location("integer_model", Path(__file__).with_name("integer_model.py"))
    assert specification is not None and specification.loader is not None
    module = importlib.util.module_from_spec(specification)
    specification.loader.exec_module(module)
    return in_integers(network(), module.run)


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
    with pytest.raises(EngineError, match="the run on local failed"):
        deployed(artifact, "local", tmp_path / "r.npz", python="no-such-python")


@pytest.mark.parametrize("host", ["-oProxyCommand=touch /tmp/x", "", "a b", "a;b"])
def test_a_host_is_a_name(artifact: Path, host: str) -> None:
    with pytest.raises(OptionError, match="a host is a name as ssh knows it"):
        deployed(artifact, host, "never.npz")


SSH = """#!/bin/sh
echo "$@" >> "$LOG"
while [ "$1" = -o ]; do shift 2; done
[ "$1" = unreachable ] && { echo "ssh: Could not resolve hostname unreachable" >&2; exit 255; }
shift
cd "$REMOTE_HOME" && sh -c "$*"
"""
SCP = """#!/bin/sh
echo "scp $@" >> "$LOG"
while [ "$1" = -o ] || [ "$1" = -q ]; do [ "$1" = -o ] && shift; shift; done
place() { case "$1" in *:*) echo "$REMOTE_HOME/${1#*:}";; *) echo "$1";; esac; }
cp "$(place "$1")" "$(place "$2")"
"""


@pytest.mark.slow
def test_over_ssh(artifact: Path, host: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The same protocol with ssh and scp, here two scripts with a home of their own: nothing is left there, nothing is asked."""
    home = tmp_path / "home"
    home.mkdir()
    for name, text in (("ssh", SSH), ("scp", SCP)):
        (tmp_path / name).write_text(text)
        (tmp_path / name).chmod(0o755)
    for name, value in (("PATH", f"{tmp_path}{os.pathsep}{os.environ['PATH']}"), ("REMOTE_HOME", str(home)), ("LOG", str(tmp_path / "log"))):
        monkeypatch.setenv(name, value)
    deployed(artifact, "me@my-loihi", tmp_path / "recorded.npz", python=sys.executable)
    found = read_artifact(artifact)
    assert verified(found.plan, found.expected, loihi.load_record(tmp_path / "recorded.npz")).ok
    calls = (tmp_path / "log").read_text().splitlines()
    assert all("BatchMode=yes" in call for call in calls) and sum(call.startswith("scp") for call in calls) == 2
    assert not list((home / "neurosim-loihi").iterdir())
    with pytest.raises(EngineError, match="ssh to unreachable failed with status 255"):
        deployed(artifact, "unreachable", tmp_path / "r.npz")


@pytest.mark.slow
def test_over_ssh_to_this_machine(artifact: Path, tmp_path: Path) -> None:
    """Where a server of ssh lets us in without a password; elsewhere the scripts above stand for it."""
    if shutil.which("ssh") is None or subprocess.run(["ssh", "-o", "BatchMode=yes", "-o", "ConnectTimeout=2", "localhost", "true"], capture_output=True).returncode:
        return
    python = f"env PYTHONPATH={FAKE} {sys.executable}"
    script = tmp_path / "python"
    script.write_text(f'#!/bin/sh\nexec {python} "$@"\n')
    script.chmod(0o755)
    deployed(artifact, "localhost", tmp_path / "recorded.npz", python=str(script))
    found = read_artifact(artifact)
    assert verified(found.plan, found.expected, loihi.load_record(tmp_path / "recorded.npz")).ok


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
    assert "it is a record of another plan" in str(verified(plan, expected, replace(expected, plan="0" * 64)))
    assert "it has 3 steps, expected 60" in str(verified(plan, expected, replace(expected, steps=3)))
    assert "spikes of four were not recorded" in str(verified(plan, expected, replace(expected, spikes={"two": expected.spikes["two"]})))
    assert "u of four was not recorded" in str(verified(plan, expected, replace(expected, registers={})))


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

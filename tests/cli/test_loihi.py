"""``neurosim loihi``, ``neurosim lava`` and networks of lava-dl on the command line."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import h5py
import numpy as np
import pytest
from click.testing import CliRunner, Result

from neurosim import cli
from neurosim.cli import doctor
from neurosim.errors import BackendMissingError
from neurosim.hardware.loihi import lava, netx
from neurosim.hardware.loihi.plan import LoihiPlan, Neurons, Recording, Stimulus, Synapses

pytestmark = pytest.mark.slow  # compiles the emulator's loops

FAKE = Path(__file__).resolve().parents[1] / "hardware" / "fake_host"


def call(*arguments: object) -> Result:
    return CliRunner().invoke(cli.commands, [str(argument) for argument in arguments], catch_exceptions=False)


def plan() -> LoihiPlan:
    rng = np.random.default_rng(1)
    pairs = tuple(axis.reshape(-1) for axis in np.indices((3, 4)))
    some = Synapses("s", "in", "cells", *pairs, 2 * rng.integers(5, 60, 12))
    stimulus = Stimulus("in", np.arange(20), np.arange(20) % 3, np.ones(20, int))
    groups = (Neurons("in", 3, "source"), Neurons("cells", 4, du=2000, dv=100, vth=40))
    return LoihiPlan(20, groups, (some,), (stimulus,), (Recording("cells", "spikes"),), name="four")


@pytest.fixture(name="file")
def _file(tmp_path: Path) -> Path:
    plan().save(tmp_path / "four.plan")
    return tmp_path / "four.plan"


# ---- check -----------------------------------------------------------------------------------------------------------------
def test_a_model_that_fits() -> None:
    found = call("loihi", "check", "microcircuit", "--scale", "0.005", "--chip", "loihi1")
    assert found.exit_code == 0, found.output
    assert found.output.startswith("fits on 8 cores (")


def test_a_model_that_does_not() -> None:
    found = call("loihi", "check", "coba", "--set", "neurons=100")
    assert found.exit_code == 1
    assert "2 parts of this network cannot run on 'loihi2-lif'" in found.output
    assert "v appears in a product with g_e (conductance)" in found.output


def test_a_plan_is_checked_as_it_is(file: Path) -> None:
    found = call("loihi", "check", file)
    assert found.exit_code == 0 and "fits on 1 core" in found.output
    facts = json.loads(call("loihi", "check", file, "--json").output)
    assert facts["fits"] is True and facts["chip"] == "loihi2-lif" and facts["placement"]["cores"] == 1


@pytest.mark.parametrize(
    ("arguments", "text"),
    [
        (("check", "nobody"), "there is no model 'nobody'"),
        (("check", "cuba", "--chip", "loihi9"), "there is no chip 'loihi9'; did you mean"),
        (("check", "cuba", "--duration", "soon"), "--duration needs a time"),
        (("check", "missing.plan"), "cannot read 'missing.plan'"),
        (("check", "missing.loihi"), "cannot read 'missing.loihi'"),
        (("check", "missing.net"), "cannot read 'missing.net'"),
        (("check", "cuba", "--input", "x.npz"), "'cuba': --input: not for a model"),
        (("check", "FILE", "--set", "a=1", "--duration", "1s"), "--duration, --set: not for a plan"),
        (("export", "FILE", "--out", "plan.txt"), "--out must end in .loihi (artifact), .plan (plan) or .net (lava-dl), got 'plan.txt'"),
        (("run", "FILE", "--on", "paper"), "a plan runs on 'emulator' or 'lava', got 'paper'"),
        (("verify", "FILE", "--with", "r.npz"), "it is no artifact"),
        (("deploy", "FILE", "--host", "local"), "it is no artifact"),
        (("deploy", "missing.loihi", "--host", "local"), "cannot read 'missing.loihi': there is no such file"),
        (("deploy", "missing.loihi", "--host", "-oX"), "a host is a name as ssh knows it, got '-oX'"),
    ],
)
def test_mistakes_are_explained(file: Path, arguments: tuple[str, ...], text: str) -> None:
    found = call("loihi", *(str(file) if argument == "FILE" else argument for argument in arguments))
    assert found.exit_code == 2
    assert text in found.output


def test_a_plan_becomes_other_files(file: Path, tmp_path: Path) -> None:
    assert call("loihi", "export", file, "--out", tmp_path / "again.plan").exit_code == 0
    assert LoihiPlan.load(tmp_path / "again.plan").digest() == plan().digest()
    assert call("loihi", "export", file, "--out", tmp_path / "four.net").exit_code == 0
    assert netx.read(tmp_path / "four.net").group("layer 1").size == 4
    assert call("loihi", "export", file, "--out", tmp_path / "no" / "four.plan").exit_code == 2


@pytest.mark.slow
def test_from_a_plan_to_a_host_and_back(file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Run, report, artifact, deployment, verification, as they are typed."""
    monkeypatch.setenv("PYTHONPATH", str(FAKE))
    found = call("loihi", "run", file, "--out", tmp_path / "here.npz")
    assert found.exit_code == 0 and "cells:" in found.output and f"wrote {tmp_path / 'here.npz'}" in found.output
    costs = json.loads(call("loihi", "report", file, "--chip", "loihi1", "--json").output)
    assert costs["per_step"]["constants"] == "loihi1-davies" and costs["per_step"]["counts"]["spikes"] > 0
    assert "synaptic operations" in call("loihi", "report", file).output
    artifact = tmp_path / "four.loihi"
    assert call("loihi", "export", file, "--out", artifact).exit_code == 0
    sent = call("loihi", "deploy", artifact, "--host", "local", "--python", sys.executable, "--out", tmp_path / "there.npz")
    assert sent.exit_code == 0, sent.output
    same = call("loihi", "verify", artifact, "--with", tmp_path / "there.npz")
    assert same.exit_code == 0 and "recorded by a Loihi: as the emulator computes" in same.output
    assert call("loihi", "verify", artifact, "--with", tmp_path / "here.npz").exit_code == 0
    assert "fits on 1 core" in call("loihi", "check", artifact).output
    other = LoihiPlan(20, plan().neurons, (), plan().stimuli, plan().recordings)
    other.save(tmp_path / "other.plan")
    call("loihi", "run", tmp_path / "other.plan", "--out", tmp_path / "other.npz")
    apart = call("loihi", "verify", artifact, "--with", tmp_path / "other.npz")
    assert apart.exit_code == 1 and "it is a record of another plan" in apart.output
    for name, text in (("missing.npz", "cannot read"), ("four.plan", "is no record of a run")):
        wrong = call("loihi", "verify", artifact, "--with", tmp_path / name)
        assert wrong.exit_code == 2 and text in wrong.output


# ---- networks of lava-dl ---------------------------------------------------------------------------------------------------
@pytest.fixture(name="net")
def _net(tmp_path: Path) -> Path:
    with h5py.File(tmp_path / "two.net", "w") as file:
        file.create_dataset("layer/0/type", (1,), "S10", [b"dense"])
        file.create_dataset("layer/0/shape", data=[4])
        file.create_dataset("layer/0/weight", data=np.full((4, 2), 30.0))
        for name, value in (("type", "CUBA"), ("iDecay", 1000), ("vDecay", 100), ("vThMant", 50)):
            file.create_dataset(f"layer/0/neuron/{name}", data=value)
    return tmp_path / "two.net"


@pytest.mark.slow
def test_a_network_file_on_two_engines(net: Path, tmp_path: Path) -> None:
    np.savez(tmp_path / "in.npz", steps=np.arange(0, 30, 2), indices=np.zeros(15, int), duration=40)
    found = call("run", net, "--input", tmp_path / "in.npz", "--backend", "reference", "--out", tmp_path / "out")
    assert found.exit_code == 0, found.output
    assert f"{net}: 1 layers, 4 neurons; 40 steps" in found.output
    assert "reference: the same" in found.output
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == ["recorded.npz", "result.nsr"]
    assert call("loihi", "run", net, "--input", tmp_path / "in.npz").output.startswith("40 steps by the emulator")


def test_input_of_a_network_file(net: Path, tmp_path: Path) -> None:
    def said(**arrays: object) -> str:
        np.savez(tmp_path / "in.npz", **arrays)
        found = call("run", net, "--input", tmp_path / "in.npz")
        assert found.exit_code == 2
        return found.output

    assert "--input FILE.npz is needed: an array (steps, 2)" in call("run", net).output
    assert "the input must have the shape (T, 2), got (3, 5)" in said(x=np.ones((3, 5)))
    assert "it needs one array (steps, inputs), or 'steps' and 'indices'; it holds a, b" in said(a=1, b=2)
    assert "'indices' from 0 to 1" in said(steps=np.zeros(1, int), indices=np.array([2]))
    assert "cannot read 'nothing.npz'" in call("run", net, "--input", "nothing.npz").output
    assert "--input belongs to network files" in call("run", "cuba", "--input", "x.npz").output


# ---- lava ------------------------------------------------------------------------------------------------------------------
def test_lava_is_set_up_when_asked(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(lava, "set_up", lambda say: say("making a folder") or tmp_path / "python")
    found = call("lava", "setup")
    assert found.output == f"making a folder\nLava is ready: {tmp_path / 'python'}\n"

    def without_python(say: object) -> Path:
        raise BackendMissingError("Lava needs one of python3.10; none was found", where="lava", hint="install one")

    monkeypatch.setattr(lava, "set_up", without_python)
    found = call("lava", "setup")
    assert found.exit_code == 2 and "none was found" in found.output


def test_the_doctor_asks_lavas_python(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    monkeypatch.delenv(lava.VARIABLE, raising=False)
    report = doctor._lava()
    assert not report.usable and report.install == "neurosim lava setup"
    python = tmp_path / "python"
    python.write_text("#!/bin/sh\necho 0.10.0 3.10.13\n")
    python.chmod(0o755)
    monkeypatch.setenv(lava.VARIABLE, str(python))
    assert (doctor._lava().version, doctor._lava().role, doctor._lava().usable) == ("0.10.0", "Lava, behind loihi, on Python 3.10.13", True)
    python.write_text("#!/bin/sh\nexit 1\n")
    assert doctor._lava().reason == f"{python} has no Lava"

"""An artifact that somebody carried by hand: unpacked, its script run, and every mistake that can be made one clear message."""

from __future__ import annotations

import signal
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import pytest

from neurosim.hardware import loihi
from neurosim.hardware.loihi.lava import interpreter
from neurosim.hardware.loihi.plan import LoihiPlan, Neurons, Recording, Stimulus, Synapses

pytestmark = pytest.mark.slow  # compiles the emulator's loops

FAKE = Path(__file__).with_name("fake_host")


def plan() -> LoihiPlan:
    rng = np.random.default_rng(1)
    pairs = tuple(axis.reshape(-1) for axis in np.indices((3, 4)))
    some = Synapses("s", "in", "cells", *pairs, 2 * rng.integers(5, 60, 12))
    stimulus = Stimulus("in", np.arange(20), np.arange(20) % 3, np.ones(20, int))
    groups = (Neurons("in", 3, "source"), Neurons("cells", 4, du=2000, dv=100, vth=40))
    return LoihiPlan(20, groups, (some,), (stimulus,), (Recording("cells", "spikes"), Recording("cells", "v")), name="four")


@pytest.fixture(name="host")
def _host(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYTHONPATH", str(FAKE))


@pytest.fixture(name="artifact", scope="module")
def _artifact(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("artifact") / "four.loihi"
    loihi.export(plan(), path)
    return path


@pytest.fixture(name="folder")
def _folder(artifact: Path, tmp_path: Path) -> Path:
    """An artifact that somebody unpacked."""
    subprocess.run([sys.executable, "-m", "zipfile", "-e", str(artifact), str(tmp_path / "four")], check=True)
    return tmp_path / "four"


def by_hand(folder: Path, *arguments: str, python: Sequence[str] = (sys.executable,)) -> tuple[int, str]:
    """Status and words of the script of an unpacked artifact."""
    done = subprocess.run([*python, str(folder / "run_lava.py"), *arguments], cwd=folder, capture_output=True, text=True, check=False)
    return done.returncode, done.stdout + done.stderr


def test_run_by_hand(folder: Path, host: None, artifact: Path) -> None:
    status, said = by_hand(folder)
    assert status == 0 and "20 steps by a Loihi" in said
    assert loihi.verify(artifact, folder / "recorded.npz").ok
    status, said = by_hand(folder, "--help")
    assert status == 0 and "--sim" in said and "neurosim loihi verify ARTIFACT" in " ".join(said.split())


def test_simulated_by_hand(folder: Path, artifact: Path, tmp_path: Path, require_engine: Callable[[str], None]) -> None:
    """From any folder, with nothing but Lava and what it brings."""
    require_engine("lava")
    done = subprocess.run([str(interpreter()), str(folder / "run_lava.py"), "--sim"], cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    verdict = loihi.verify(artifact, tmp_path / "recorded.npz")
    assert verdict.ok and "v of cells: all 80 equal" in str(verdict)


@pytest.mark.parametrize(
    ("arguments", "status", "text"),
    [
        (("--simulate",), 2, "unrecognized arguments: --simulate"),
        (("--patience", "long"), 2, "argument --patience: invalid float value: 'long'"),
        (("--out", "nowhere/r.npz"), 1, "--out nowhere/r.npz: nowhere is no folder that can be written to"),
        (("--out", "."), 1, "--out .: it is a folder"),
        (("--sim",), 1, "No module named 'lava'; this was {python}: use the Python that has Lava"),
    ],
)
def test_mistakes_by_hand(folder: Path, arguments: tuple[str, ...], status: int, text: str) -> None:
    found, said = by_hand(folder, *arguments)
    assert found == status and text.format(python=sys.executable) in said and "Traceback" not in said


def test_an_unpacked_artifact_that_is_damaged(folder: Path) -> None:
    """And a Python without numpy."""
    status, said = by_hand(folder, python=(sys.executable, "-S"))
    assert status == 1 and "has no numpy; use the Python that has Lava" in said and "Traceback" not in said
    (folder / "plan.plan").write_bytes((folder / "plan.plan").read_bytes()[:-20])
    (folder / "lava_processes" / "plastic.py").unlink()
    status, said = by_hand(folder, "--sim")
    assert status == 1 and "are missing, or not what manifest.json says: lava_processes/plastic.py, plan.plan; unpack" in said
    (folder / "manifest.json").unlink()
    status, said = by_hand(folder)
    assert status == 1 and "there is no usable manifest.json" in said and "Traceback" not in said


def test_a_hung_run_is_given_up(folder: Path, host: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """By hand with Ctrl-C, and in Lava by patience; the process that imports Lava is ended."""
    log = tmp_path / "log"
    monkeypatch.setenv("FAKE_CHIP", "hangs")
    monkeypatch.setenv("FAKE_LOG", str(log))
    process = subprocess.Popen([sys.executable, str(folder / "run_lava.py")], stderr=subprocess.PIPE, text=True, cwd=folder)
    end = time.monotonic() + 30
    while not (log.exists() and log.read_text()) and time.monotonic() < end:
        time.sleep(0.05)
    process.send_signal(signal.SIGINT)
    assert "interrupted; nothing was recorded" in process.communicate(timeout=10)[1] and process.returncode == 130
    assert not Path("/proc", log.read_text()).exists()
    status, said = by_hand(folder, "--sim", "--patience", "0")
    assert status == 1 and "Lava has not moved for 0 s; it was stopped (--patience gives it more)" in said

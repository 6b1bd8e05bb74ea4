"""An artifact over ssh: the real client, with a configuration of its own, and a server on this machine."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner

from neurosim import cli
from neurosim.errors import EngineError
from neurosim.hardware import loihi
from neurosim.hardware.loihi.deploy import deployed
from neurosim.hardware.loihi.lava import interpreter
from neurosim.hardware.loihi.plan import Factor, LearningRule, LoihiPlan, Neurons, Product, Recording, Stimulus, Synapses, Trace

pytestmark = pytest.mark.slow  # compiles the emulator's loops

FAKE = Path(__file__).with_name("fake_host")
SOON = 15.0
"""Seconds within which everything that goes wrong is said; most of them are the start of a Python."""
CONFIGURATION = """\
Host my-loihi
  RequestTTY yes
  RemoteCommand echo no
  ControlMaster auto
  ControlPath {folder}/%p
  ControlPersist 60
Host stranger
  IdentityFile {folder}/other_key
Host closed
  Port {closed}
Host new
  UserKnownHostsFile {folder}/none
Host * !stranger
  IdentityFile {folder}/user_key
Host *
  User someone
  HostName 127.0.0.1
  Port {port}
  IdentitiesOnly yes
  UserKnownHostsFile {folder}/known
"""


@dataclass(frozen=True)
class Server:
    """``home``: of the user there."""

    folder: Path
    home: Path

    def left(self) -> list[str]:
        """What lies in the home."""
        return [path.name for path in self.home.iterdir()]

    def python(self, chip: str = "", log: object = "") -> str:
        """An interpreter there that has the stand-in for Lava."""
        path = self.folder / f"python {chip}".strip()  # also a name that has to be quoted
        settings = f"PYTHONPATH={FAKE} FAKE_CHIP={chip} FAKE_LOG={log}"
        path.write_text(f'#!/bin/sh\nexec env {settings} {sys.executable} "$@"\n')
        path.chmod(0o755)
        return str(path)


def needed(found: bool, what: str) -> None:
    """Skip, or fail where everything has to be tested."""
    if not found:
        required = os.environ.get("NEUROSIM_REQUIRE_ENGINES", "")
        (pytest.fail if required == "1" else pytest.skip)(f"{what} is not installed")


@pytest.fixture(name="server", scope="module")
def _server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    needed(shutil.which("ssh") is not None, "the client of ssh")
    needed(find_spec("asyncssh") is not None, "asyncssh")
    import asyncssh

    folder = tmp_path_factory.mktemp("ssh")
    keys = {name: asyncssh.generate_private_key("ssh-ed25519") for name in ("host_key", "user_key", "other_key")}
    for name, key in keys.items():
        key.write_private_key(str(folder / name))
        (folder / name).chmod(0o600)
        key.write_public_key(str(folder / f"{name}.pub"))
    (folder / "home").mkdir()
    process = subprocess.Popen([sys.executable, str(FAKE / "ssh_server.py"), str(folder)], stdin=subprocess.PIPE)
    try:
        until(lambda: (folder / "port").exists() or process.poll() is not None, 30.0)
        port = (folder / "port").read_text()
        (folder / "known").write_text(f"[127.0.0.1]:{port} {(folder / 'host_key.pub').read_text()}")
        with socket.socket() as unused:
            unused.bind(("127.0.0.1", 0))
            (folder / "config").write_text(CONFIGURATION.format(port=port, folder=folder, closed=unused.getsockname()[1]))
            (folder / "bin").mkdir()
            (folder / "bin" / "ssh").write_text(f'#!/bin/sh\nexec {shutil.which("ssh")} -F {folder}/config "$@"\n')
            (folder / "bin" / "ssh").chmod(0o755)
            yield Server(folder, folder / "home")
    finally:
        process.communicate()


@pytest.fixture(autouse=True)
def _own_configuration(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", f"{server.folder / 'bin'}{os.pathsep}{os.environ['PATH']}")


def until(done: Callable[[], bool], seconds: float) -> bool:
    """Whether it comes true in time."""
    end = time.monotonic() + seconds
    while not done() and time.monotonic() < end:
        time.sleep(0.05)
    return done()


def plan() -> LoihiPlan:
    """Three sources on four neurons, through synapses that learn without rounding."""
    rng = np.random.default_rng(1)
    pairs = tuple(axis.reshape(-1) for axis in np.indices((3, 4)))
    rule = LearningRule((Product("y0", 1, 0, (Factor("x1"),)), Product("x0", -1, 0)), x1=Trace(5))
    some = Synapses("s", "in", "cells", *pairs, 2 * rng.integers(5, 60, 12), learning=rule)
    stimulus = Stimulus("in", np.arange(20), np.arange(20) % 3, np.ones(20, int))
    groups = (Neurons("in", 3, "source"), Neurons("cells", 4, du=2000, dv=100, vth=40))
    return LoihiPlan(20, groups, (some,), (stimulus,), (Recording("cells", "spikes"), Recording("s", "w", every=5)), name="four")


@pytest.fixture(name="artifact", scope="module")
def _artifact(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("artifact") / "four.loihi"
    loihi.export(plan(), path)
    return path


def call(*arguments: object) -> str:
    found = CliRunner().invoke(cli.commands, ["loihi", *(str(argument) for argument in arguments)], catch_exceptions=False)
    assert found.exit_code == 0, found.output
    return found.output


def test_there_and_back(server: Server, artifact: Path, tmp_path: Path) -> None:
    """As it is typed; a configuration that asks for a terminal, a command and a lasting connection does no harm; nothing is left there."""
    said = call("deploy", artifact, "--host", "my-loihi", "--python", server.python(), "--out", tmp_path / "recorded.npz")
    assert "sending" in said and "20 steps by a Loihi" in said and "compare it" in said
    assert "w of s: all 48 equal" in call("verify", artifact, "--with", tmp_path / "recorded.npz")
    assert server.left() == []


def test_simulated_by_lava(server: Server, artifact: Path, tmp_path: Path, require_engine: Callable[[str], None]) -> None:
    require_engine("lava")
    call("deploy", artifact, "--host", "my-loihi", "--sim", "--python", interpreter(), "--out", tmp_path / "recorded.npz")
    said = call("verify", artifact, "--with", tmp_path / "recorded.npz")
    assert "recorded by Lava on the CPU: as the emulator computes" in said and "w of s: all 48 equal" in said
    assert server.left() == []


def test_an_interpreter_in_the_home(server: Server, artifact: Path, tmp_path: Path) -> None:
    """``~/name`` and ``folder/name`` are of the home there, not of this machine."""
    shutil.copy(server.python(), server.home / "python")
    try:
        for python in ("~/python", "./python"):
            deployed(artifact, "my-loihi", tmp_path / "recorded.npz", python=python)
            assert loihi.verify(artifact, tmp_path / "recorded.npz").ok
    finally:
        (server.home / "python").unlink()


@pytest.mark.parametrize(
    ("host", "python", "texts"),
    [
        ("new", "", ("ssh to new failed with status 255", "Host key verification failed", "say `ssh new` once and check its key")),
        ("stranger", "", ("Permission denied", "it has to let you in without a password")),
        ("closed", "", ("Connection refused", "nothing answers on that port")),
        ("my-loihi", "no-such-python", ("the run on my-loihi failed with status 127", "not found", "--python /path/to/python")),
        ("my-loihi", "fails", ("the run on my-loihi failed with status 1", "it did not run: RuntimeError: Partitioning could not converge")),
        ("my-loihi", "absent", ("Lava's extension for Loihi is not installed in this Python",)),
    ],
)  # fmt: skip
def test_what_goes_wrong_is_said_soon(server: Server, artifact: Path, tmp_path: Path, host: str, python: str, texts: tuple[str, ...]) -> None:
    known = server.python(python) if python in ("", "fails", "absent") else python
    began = time.monotonic()
    with pytest.raises(EngineError) as raised:
        deployed(artifact, host, tmp_path / "recorded.npz", python=known)
    assert time.monotonic() - began < SOON
    for text in texts:
        assert text in str(raised.value)
    assert server.left() == [] and not (tmp_path / "recorded.npz").exists()


@pytest.mark.parametrize(("host", "end", "status"), [("my-loihi", signal.SIGINT, 130), ("my-loihi", signal.SIGKILL, -9), ("local", signal.SIGINT, 130)])
def test_nothing_goes_on_when_nobody_waits(
    server: Server, artifact: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, host: str, end: signal.Signals, status: int
) -> None:
    """After Ctrl-C, and where the whole program here is gone: the run there ends, its processes and its folder too."""
    monkeypatch.setenv("TMPDIR", str(tmp_path))  # a run on this machine has its folder there
    log, out = tmp_path / "log", tmp_path / "recorded.npz"
    python = server.python("hangs", log)
    command = [sys.executable, "-c", "from neurosim.cli import main; main()", "loihi", "deploy", str(artifact), "--host", host, "--python", python, "--out", str(out)]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    assert until(lambda: log.exists() and bool(log.read_text()), 30.0), process.communicate(timeout=1)
    there = Path("/proc") / log.read_text()
    assert there.exists()
    process.send_signal(end)
    began = time.monotonic()
    said = process.communicate(timeout=30)[0]
    assert process.returncode == status and "Traceback" not in said
    assert until(lambda: not there.exists() and server.left() == [], SOON), server.left()
    assert time.monotonic() - began < SOON
    assert not [path.name for path in tmp_path.iterdir() if path.name.startswith("neurosim-l")]

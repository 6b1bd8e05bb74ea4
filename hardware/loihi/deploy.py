"""An artifact goes to a Loihi host and its record comes back: over ssh, with the user's own configuration and keys; or on this machine.

Nothing is asked for and no credential is touched: what needs a password fails, and says so. On the host a Python with Lava is expected.
"""

from __future__ import annotations

import os
import re
import secrets
import shlex
import shutil
import subprocess
import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from neurosim.errors import EngineError, OptionError
from neurosim.hardware.loihi.artifact import read_artifact

LOCAL = "local"
RECORD = "recorded.npz"
QUIETLY = ("-o", "BatchMode=yes")
"""Ssh asks for nothing."""
HOST = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.@:%\[\]-]*\Z")
Say = Callable[[str], None]


class Runner(Protocol):
    """A machine: commands run in a folder of ours there."""

    def run(self, command: str, say: Say) -> tuple[int, list[str]]:
        """Run a line of a shell; its status and last lines. Each line is said as it comes."""

    def put(self, source: Path, name: str) -> None:
        """Copy a file into the folder."""

    def get(self, name: str, target: Path) -> None:
        """Copy a file out of the folder."""


@dataclass(frozen=True)
class Here:
    """This machine."""

    folder: str

    def run(self, command: str, say: Say) -> tuple[int, list[str]]:
        """In a shell, in the folder."""
        return streamed(["sh", "-c", f"cd {shlex.quote(self.folder)} && {command}"], say)

    def put(self, source: Path, name: str) -> None:
        """Copy it."""
        shutil.copyfile(source, Path(self.folder) / name)

    def get(self, name: str, target: Path) -> None:
        """Copy it."""
        shutil.copyfile(Path(self.folder) / name, target)


@dataclass(frozen=True)
class Ssh:
    """A machine that ``ssh HOST`` reaches; the folder is relative to the user's home there."""

    host: str
    folder: str

    def run(self, command: str, say: Say) -> tuple[int, list[str]]:
        """In the user's shell there."""
        return streamed(["ssh", *QUIETLY, self.host, f"cd {shlex.quote(self.folder)} && {command}"], say)

    def put(self, source: Path, name: str) -> None:
        """With scp."""
        self._copied([str(source), f"{self.host}:{self.folder}/{name}"])

    def get(self, name: str, target: Path) -> None:
        """With scp."""
        self._copied([f"{self.host}:{self.folder}/{name}", str(target)])

    def _copied(self, places: list[str]) -> None:
        status, words = streamed(["scp", "-q", *QUIETLY, *places], lambda line: None)
        if status:
            raise EngineError(f"scp failed with status {status}", where=self.host, hint="\n".join(words))


def streamed(command: list[str], say: Say) -> tuple[int, list[str]]:
    """Run a command, saying its lines as they come; its status and last lines."""
    words: list[str] = []
    try:
        process = subprocess.Popen(
            command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, errors="replace", start_new_session=True
        )
    except FileNotFoundError as error:
        raise EngineError(f"{command[0]} is not installed on this machine", where="deploy") from error
    try:
        for line in process.stdout or ():
            words = [*words[-7:], line.rstrip()]
            say(line.rstrip())
        return process.wait(), words
    finally:
        if process.poll() is None:
            process.terminate()
            process.wait()


@contextmanager
def reached(host: str, name: str) -> Iterator[Runner]:
    """A machine with a new folder, which is removed afterwards."""
    if host == LOCAL:
        with tempfile.TemporaryDirectory(prefix="neurosim-loihi-") as folder:
            yield Here(folder)
        return
    folder = f"neurosim-loihi/{name}-{secrets.token_hex(4)}"
    made, words = streamed(["ssh", *QUIETLY, host, f"mkdir -p {shlex.quote(folder)}"], lambda line: None)
    if made:
        raise EngineError(f"ssh to {host} failed with status {made}", where="deploy", hint="\n".join(words))
    try:
        yield Ssh(host, folder)
    finally:
        streamed(["ssh", *QUIETLY, host, f"rm -rf {shlex.quote(folder)}"], lambda line: None)


def environment(partition: str | None, board: str | None, generation: str | None) -> Mapping[str, str]:
    """What Lava's extension reads on a host with SLURM."""
    given = {"PARTITION": partition, "BOARD": board, "LOIHI_GEN": generation}
    found = {name: value for name, value in given.items() if value is not None}
    return {**found, "SLURM": "1"} if partition is not None or board is not None else found


def deployed(
    artifact: str | os.PathLike[str],
    host: str,
    out: str | os.PathLike[str],
    *,
    python: str = "python3",
    sim: bool = False,
    variables: Mapping[str, str] | None = None,
    say: Say = lambda line: None,
) -> None:
    """Send an artifact to a host, run it there, fetch the record.

    Parameters
    ----------
    artifact : path
    host : str
        As ssh knows it, or 'local': this machine.
    out : path
        Where the record goes.
    python : str
        The interpreter there that has Lava.
    sim : bool
        Lava's models on the CPU instead of a chip.
    variables : mapping, optional
        Environment variables of the run (:func:`environment`).
    say : callable
        Told what happens, line by line.

    Raises
    ------
    EngineError
        If the host cannot be reached or the run fails; with the last lines of what was said there.
    """
    if not HOST.match(host):
        raise OptionError(f"a host is a name as ssh knows it, got {host!r}", where="deploy")
    found = read_artifact(artifact)
    settings = " ".join(f"{name}={shlex.quote(value)}" for name, value in (variables or {}).items())
    command = f"{settings} {shlex.quote(python)} run_lava.py --out {RECORD}{' --sim' if sim else ''}".strip()
    with reached(host, found.plan.digest()[:12]) as runner:
        say(f"sending {os.fspath(artifact)} to {host}")
        runner.put(Path(artifact), "artifact.zip")
        status, words = runner.run(f"{shlex.quote(python)} -m zipfile -e artifact.zip . && {command}", say)
        if status:
            raise EngineError(f"the run on {host} failed with status {status}", where="deploy", hint="\n".join(words))
        runner.get(RECORD, Path(out))
    say(f"wrote {os.fspath(out)}")

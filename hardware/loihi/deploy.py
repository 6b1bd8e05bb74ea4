"""An artifact goes to a Loihi host and its record comes back: over ssh, with the user's own configuration and keys; or on this machine.

Nothing is asked for and no credential is touched: what needs a password fails, and says so. On the host a Python with Lava is expected.
A run there ends with the run here, also after Ctrl-C or where the connection breaks: its standard input is held open as long as it is
wanted. Files go through ssh itself, so that a host needs nothing but a shell.
"""

from __future__ import annotations

import os
import re
import secrets
import shlex
import signal
import subprocess
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from neurosim.errors import EngineError, OptionError
from neurosim.files import check_writable, whole_file
from neurosim.hardware.loihi import lava
from neurosim.hardware.loihi.artifact import read_artifact
from neurosim.hardware.loihi.recorded import Recorded, RecordError
from neurosim.hardware.loihi.run_lava import ALONE, chip_problems

LOCAL = "local"
RECORD = "recorded.npz"
CONNECT = 10
"""Seconds that a connection may take."""
GRACE = 5.0
"""Seconds in which a run that is not wanted any more may tidy up."""
QUIETLY = (
    *("-T", "-o", "BatchMode=yes", "-o", f"ConnectTimeout={CONNECT}", "-o", "RemoteCommand=none"),
    *("-o", "ServerAliveInterval=15", "-o", "ServerAliveCountMax=4", "-o", "ControlMaster=no"),
)
"""Ssh asks for nothing, notices a connection that is gone, and may use a connection that is open but leaves none open (whose end we would
wait for)."""
OF_SSH = 255
"""The status of ssh where it is ssh that failed."""
HOST = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.@:%-]*\Z")
REMEDIES = (
    ("Host key verification failed", "ssh does not know this host, or it has another key than before: say `ssh {host}` once and check its key"),
    ("Permission denied", "it has to let you in without a password: load a key (ssh-add) or name one in ~/.ssh/config, until `ssh {host} true` works"),
    ("Could not resolve", "no host of that name: check the spelling, or your ~/.ssh/config"),
    ("Connection refused", "nothing answers on that port: check HostName and Port in ~/.ssh/config, and that the host runs a server of ssh"),
    ("timed out", "the host does not answer: check HostName, ProxyJump and your network"),
)
"""What ssh says -> what to do."""
RECENT = "import sys; sys.version_info >= (3, 10) or sys.exit('it takes Python 3.10 or later with Lava; this one is ' + sys.version.split()[0])"
"""Asked of the interpreter before anything else, in words that any Python understands."""
OF_PYTHON = (127, 126)
"""What a shell answers where a command does not exist, or cannot be executed."""
WITHOUT_LAVA = "use the Python that has Lava"
"""What the script says where its interpreter is the wrong one."""
Say = Callable[[str], None]
Stream = int | IO[bytes]


def silently(line: str) -> None:
    """Say nothing."""


@dataclass(frozen=True)
class Machine:
    """A machine that ``shell`` and a line reaches, and a folder of ours on it."""

    name: str
    shell: tuple[str, ...]
    folder: str

    def run(self, line: str, say: Say) -> tuple[int, list[str]]:
        """Run a line in a shell in the folder; its status and last lines. Each line is said as it comes."""
        return streamed([*self.shell, in_a_shell(f"cd {shlex.quote(self.folder)} && {line}")], say)

    def make(self) -> None:
        """Make the folder."""
        status, words = streamed([*self.shell, in_a_shell(f"umask 077 && mkdir -p {shlex.quote(self.folder)}")], silently)
        if status:
            raise failed(self.name, "making a folder", status, words)

    def put(self, source: Path, name: str) -> None:
        """Copy a file into the folder."""
        with open(source, "rb") as file:
            self._copied(f"cat > {shlex.quote(self.folder)}/{name}", stdin=file, stdout=subprocess.DEVNULL)

    def get(self, name: str, target: Path) -> None:
        """Copy a file out of the folder."""
        with open(target, "wb") as file:
            self._copied(f"cat {shlex.quote(self.folder)}/{name}", stdin=subprocess.DEVNULL, stdout=file)

    def remove(self) -> str:
        """Remove the folder; what was said where that failed."""
        status, words = streamed([*self.shell, in_a_shell(f"rm -rf {shlex.quote(self.folder)}")], silently)
        return "\n".join(words or [f"status {status}"]) if status else ""

    def _copied(self, line: str, *, stdin: Stream, stdout: Stream) -> None:
        with started([*self.shell, in_a_shell(line)], stdin, stdout, subprocess.PIPE) as process:
            words = process.communicate()[1].decode(errors="replace").splitlines()
        if process.returncode:
            raise failed(self.name, "copying a file", process.returncode, words)


def in_a_shell(line: str) -> str:
    """A line for sh, as an argument of whatever shell a user has."""
    return f"exec sh -c {shlex.quote(line)}"


def worded(python: str, host: str) -> str:
    """An interpreter for the shell there: a path is as here on this machine, and from the user's home on any other."""
    if "/" not in python:
        return shlex.quote(python)
    if host == LOCAL:
        return shlex.quote(os.path.abspath(os.path.expanduser(python)))
    return shlex.quote(python) if python.startswith("/") else '"$HOME"/' + shlex.quote(python.removeprefix("~/"))


def failed(host: str, what: str, status: int, words: Sequence[str]) -> EngineError:
    """The error of something that ended with a status; what was said, and what to do where that is known."""
    text = "\n".join(words)
    if status == OF_SSH and host != LOCAL:
        remedy = next((remedy for sign, remedy in REMEDIES if sign in text), "see what `ssh {host} true` says")
        return EngineError(f"ssh to {host} failed with status {status}", where="deploy", hint="\n".join([*words, remedy.format(host=host)]))
    if status in OF_PYTHON:
        return EngineError(
            f"{what} on {host} failed with status {status}: there is no such interpreter", where="deploy",
            hint="\n".join([*words, "name the Python there that has Lava: --python /path/to/python"]),
        )  # fmt: skip
    if host == LOCAL and WITHOUT_LAVA in text:
        text += f"\n`neurosim lava setup` makes one here: --python {lava.environment() / 'bin' / 'python'}"
    return EngineError(f"{what} on {host} failed with status {status}", where="deploy", hint=text)


@contextmanager
def started(command: Sequence[str], stdin: Stream, stdout: Stream, stderr: Stream) -> Iterator[subprocess.Popen[bytes]]:
    """A process in a session of its own, which Ctrl-C does not reach; what is left of it afterwards is given time to tidy up, then ended."""
    try:
        process: subprocess.Popen[bytes] = subprocess.Popen(command, stdin=stdin, stdout=stdout, stderr=stderr, start_new_session=True)
    except OSError as error:
        raise EngineError(f"{command[0]} cannot be started on this machine: {error.strerror}", where="deploy") from error
    try:
        yield process
    finally:
        if process.stdin is not None:
            process.stdin.close()
        try:
            process.wait(GRACE)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()


def streamed(command: Sequence[str], say: Say) -> tuple[int, list[str]]:
    """Run a command, saying its lines as they come; its status and last lines."""
    words: list[str] = []
    with started(command, subprocess.PIPE, subprocess.PIPE, subprocess.STDOUT) as process:
        for raw in process.stdout or ():
            line = raw.decode(errors="replace").rstrip()
            words = [*words[-7:], line]
            say(line)
        process.wait()
    return process.returncode, words


@contextmanager
def reached(host: str, name: str, say: Say) -> Iterator[Machine]:
    """A machine with a new folder, which is removed afterwards."""
    folder = f"neurosim-loihi-{name}-{secrets.token_hex(4)}"
    if host == LOCAL:
        machine = Machine(host, ("sh", "-c"), str(Path(tempfile.gettempdir()) / folder))
    else:
        machine = Machine(host, ("ssh", *QUIETLY, host), folder)
    machine.make()
    try:
        yield machine
    finally:
        left = machine.remove()
        if left:
            say(f"{folder} may be left on {host}: {left}")


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
        The interpreter there that has Lava; paths without a slash in front begin at home there, here in the present folder.
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
    if not python or python.startswith("-"):
        raise OptionError(f"--python takes the path or the name of an interpreter, got {python!r}", where="deploy")
    found = read_artifact(artifact)
    check_writable(out)
    problems = [] if sim else list(chip_problems(found.plan))
    if problems:
        raise EngineError("this plan cannot run on a chip through Lava; with --sim it may:\n  " + "\n  ".join(problems), where="deploy")
    settings = " ".join(f"{name}={shlex.quote(value)}" for name, value in (variables or {}).items())
    interpreter = worded(python, host)
    command = f"{settings} {interpreter} run_lava.py --attached --out {RECORD}{' --sim' if sim else ''}".strip()
    with reached(host, found.plan.digest()[:12], say) as machine:
        say(f"sending {os.fspath(artifact)} to {host}")
        machine.put(Path(artifact), "artifact.zip")
        # Where nobody is left who could remove the folder, the host does.
        alone = f"s=$?; if [ $s = {ALONE} ]; then cd; rm -rf {shlex.quote(machine.folder)}; fi; exit $s"
        unpacked = f"{interpreter} -c {shlex.quote(RECENT)} && {interpreter} -m zipfile -e artifact.zip ."
        status, words = machine.run(f"{unpacked} && {command}; {alone}", say)
        if status:
            raise failed(host, "the run", status, words)
        with whole_file(out) as unfinished:
            machine.get(RECORD, unfinished)
            try:
                plan = Recorded.load(unfinished).plan
            except RecordError as error:
                raise EngineError(f"what came back from {host} is no record: {error}", where="deploy") from error
            if plan != found.plan.digest():
                raise EngineError(f"what came back from {host} is a record of another plan: {plan[:16]}", where="deploy")
    say(f"wrote {os.fspath(out)}")

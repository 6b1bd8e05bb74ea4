"""Lava as the independent check of the emulator and the door to the hardware: always in a process, and an environment, of its own.

Lava may hang without a word, leaves processes and shared memory behind when it fails, and asks for an old Python and an old numpy. So a
job is a folder: a plan goes in, :mod:`neurosim.hardware.loihi.worker` runs it, arrays come out; the worker is watched and whatever
happens, nothing of it stays.
"""

from __future__ import annotations

import json
import os
import secrets
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from neurosim.errors import BackendMissingError, EngineError, OptionError
from neurosim.hardware.loihi.merge import Place, merged, without_multapses
from neurosim.hardware.loihi.plan import LoihiPlan
from neurosim.hardware.loihi.remains import end_session, remove_memory

VARIABLE = "NEUROSIM_LAVA_PYTHON"
"""Names the interpreter of an environment that has Lava."""
LOCK = ("numpy==1.26.4", "scipy==1.15.3", "networkx==2.8.7", "asteval==0.9.33", "scikit-learn==1.7.2")
LAVA = "lava-nc==0.10.0"
"""The last release; its own requirements name Python 3.10 alone."""
PYTHONS = ("python3.10", "python3.11", "python3.12")
POLL = 0.05
PATIENCE = 5.0
"""Seconds without a sign of life after which a run is given up."""
START = 12
"""Times longer than that it may take until the first step: Lava starts a process per part."""
WORKER = Path(__file__).with_name("worker.py")


# ---- the environment -----------------------------------------------------------------------------------------------------
def environment() -> Path:
    """The folder of the environment that ``neurosim lava setup`` makes."""
    base = os.environ.get("XDG_CACHE_HOME") or str(Path.home() / ".cache")
    return Path(base) / "neurosim" / "lava"


def interpreter() -> Path:
    """The Python that runs Lava: named by ``NEUROSIM_LAVA_PYTHON``, else of the environment made for it.

    Raises
    ------
    BackendMissingError
        If there is none; nothing is ever installed unasked.
    """
    named = os.environ.get(VARIABLE)
    if named:
        if not os.access(named, os.X_OK):
            raise BackendMissingError(f"{VARIABLE} names {named!r}, which cannot be executed", where="lava")
        return Path(named)
    made = environment() / "bin" / "python"
    if not made.exists():
        raise BackendMissingError(
            "Lava lives in an environment of its own, which has not been made", where="lava", hint="make it with: neurosim lava setup"
        )
    return made


def set_up(say: Callable[[str], None] = lambda line: None) -> Path:
    """Make the environment of Lava, with pinned versions, and return its Python.

    Raises
    ------
    BackendMissingError
        If there is no suitable Python, or what is needed cannot be installed; the last lines of the installer are in the message.
    """
    found = next((path for name in PYTHONS if (path := shutil.which(name)) and _works(path)), None)
    if found is None:
        raise BackendMissingError(
            f"Lava needs one of {', '.join(PYTHONS)}; none was found", where="lava", hint=f"install one, or name an interpreter in {VARIABLE}"
        )
    folder, python = environment(), environment() / "bin" / "python"
    say(f"making {folder} with {found}")
    unfinished = folder.with_name(folder.name + ".part")
    shutil.rmtree(unfinished, ignore_errors=True)
    _installing([found, "-m", "venv", str(unfinished)])
    pip = [str(unfinished / "bin" / "python"), "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
    say("installing " + ", ".join(LOCK))
    _installing([*pip, *LOCK])
    say(f"installing {LAVA}")
    _installing([*pip, "--no-deps", "--ignore-requires-python", LAVA])
    shutil.rmtree(folder, ignore_errors=True)
    unfinished.replace(folder)
    return python


def _works(python: str) -> bool:
    """Whether a Python can be started and can make environments: a name on the path may lead nowhere."""
    done = subprocess.run([python, "-c", "import ensurepip, venv"], capture_output=True, check=False)
    return done.returncode == 0


def _installing(command: list[str]) -> None:
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        lines = [line for line in (done.stdout + done.stderr).splitlines() if line.strip()]
        raise BackendMissingError("the environment of Lava could not be made:\n" + "\n".join(lines[-5:]), where="lava")


# ---- a run ---------------------------------------------------------------------------------------------------------------
@dataclass(frozen=True)
class LavaRun:
    """What Lava recorded. ``arrays``: group of the merged plan -> what its recorder wrote; ``final``: synapses that learn -> (targets,
    sources) weights after the last step, if asked for; ``info``: times, Python, processes."""

    plan: LoihiPlan
    places: Mapping[str, Place]
    arrays: Mapping[str, Mapping[str, np.ndarray]]
    watched: Mapping[tuple[str, str], np.ndarray]
    final: Mapping[str, np.ndarray]
    info: Mapping[str, object]

    def spikes(self, name: str) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """(M,) steps, neurons and payloads of the spikes of a group."""
        place = self.places[name]
        found = self.arrays[place.name]
        chosen = (found["indices"] >= place.start) & (found["indices"] < place.start + place.size)
        return found["steps"][chosen], found["indices"][chosen] - place.start, found["payloads"][chosen]

    def trace(self, name: str, variable: str) -> np.ndarray:
        """(T, N) values of u or v of a group after each step."""
        place = self.places[name]
        return self.arrays[place.name]["first" if variable == "u" else "second"][:, place.start : place.start + place.size]

    def watch(self, name: str, variable: str) -> np.ndarray:
        """(R, targets, sources) values of w, t or d of synapses that learn."""
        return self.watched[name, variable]


def run(
    plan: LoihiPlan,
    *,
    precision: str = "fixed",
    merge: bool = True,
    patience: float = PATIENCE,
    python: Path | None = None,
    warm: int = 0,
    final: bool = False,
) -> LavaRun:
    """Run a plan with Lava.

    Parameters
    ----------
    plan : LoihiPlan
    precision : {'fixed', 'float'}
        Lava's bit-accurate models, or its floating-point ones.
    merge : bool
        Whether groups and synapses of one kind become one process of Lava each.
    patience : float
        [s] After how long without a sign of life the run is given up; twelve times as long before the first step.
    python : Path, optional
        The interpreter; that of :func:`interpreter` unless given.
    warm : int
        Steps after which the CPU time so far is taken down (``info["warm_cpu_s"]``): what a step costs is the rest.

    final : bool
        Whether weights of synapses that learn are kept after the last step.

    Returns
    -------
    LavaRun

    Raises
    ------
    EngineError
        If Lava fails or hangs. No process and no shared memory is left behind, also after Ctrl-C.
    """
    if precision not in ("fixed", "float"):
        raise OptionError(f"precision of Lava may be 'fixed' or 'float', got {precision!r}", where="lava")
    single = without_multapses(plan)
    whole = merged(single) if merge else None
    given = whole.plan if whole is not None else single
    places = whole.places if whole is not None else {group.name: Place(group.name, 0, group.size) for group in plan.neurons}
    executable = interpreter() if python is None else python
    with tempfile.TemporaryDirectory(prefix="neurosim-lava-") as name:
        folder, memory = Path(name), f"ns{secrets.token_hex(4)}"
        given.save(folder / "job.plan")
        (folder / "job.json").write_text(json.dumps({"precision": precision, "memory": memory, "warm": warm, "final": final}))
        with open(folder / "output", "wb") as output:
            process = subprocess.Popen(
                [str(executable), str(WORKER), str(folder)],
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
                env={**os.environ, "PYTHONPATH": "", "PYTHONDONTWRITEBYTECODE": "1"},
            )
        try:
            info = watched(process, folder, patience)
        finally:
            end(process, memory)
        arrays = {
            group.name: dict(np.load(folder / f"group{number}.npz"))
            for number, group in enumerate(given.neurons)
            if (folder / f"group{number}.npz").exists()
        }
        values, last = {}, {}
        for number, some in enumerate(given.synapses):
            if (folder / f"synapses{number}.npz").exists():
                found = dict(np.load(folder / f"synapses{number}.npz"))
                last[some.name] = found["w"][-1]
                for recording in (recording for recording in given.recordings if recording.part == some.name):
                    due = found["steps"] % recording.every == recording.at % recording.every
                    values[some.name, recording.variable] = found[recording.variable][due]
    return LavaRun(plan, places, arrays, values, last if final else {}, info)


def watched(process: subprocess.Popen[bytes], folder: Path, patience: float) -> dict[str, object]:
    """Wait for the result of a worker as long as it lives and moves."""
    result, heartbeat, began = folder / "result.json", folder / "heartbeat", time.monotonic()
    while not result.exists():
        if process.poll() is not None and not result.exists():
            raise EngineError(f"Lava's process ended with status {process.returncode}", where="lava", hint=_last_words(folder))
        now = time.time()
        if heartbeat.exists():
            silent = now - heartbeat.stat().st_mtime
            if silent > patience:
                raise EngineError(f"Lava has not moved for {silent:.1f} s; it was stopped", where="lava", hint=_last_words(folder))
        elif time.monotonic() - began > START * patience:
            raise EngineError(f"Lava did not begin within {START * patience:g} s; it was stopped", where="lava", hint=_last_words(folder))
        time.sleep(POLL)
    found: dict[str, object] = json.loads(result.read_text())
    if "error" in found:
        raise EngineError(f"Lava failed: {str(found['error']).splitlines()[0]}", where="lava", hint=str(found.get("traceback", ""))[-1500:])
    return found


def _last_words(folder: Path) -> str:
    lines = (folder / "output").read_text(errors="replace").splitlines()
    return "\n".join(lines[-8:])


def end(process: subprocess.Popen[bytes], memory: str) -> None:
    """Nothing of a run stays: its whole session is ended, its shared memory removed."""
    try:
        process.wait(timeout=2.0 if process.poll() is None and sys.exc_info()[0] is None else 0.0)
    except subprocess.TimeoutExpired:
        pass
    end_session(process.pid)
    process.wait()
    remove_memory(memory)

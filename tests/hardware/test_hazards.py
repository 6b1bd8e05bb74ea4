"""Lava fails without a word; each known way to make it do so ends here in an error that says what is wrong, soon, with nothing left running.

An exception in a process that others wait for; what a failure leaves behind; misspelt arguments, which it swallows; a second run
after a stop, which crashes the interpreter; files that it executes because they lie beside its processes.
"""

from __future__ import annotations

import importlib.util
import json
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest

from neurosim.errors import EngineError
from neurosim.hardware.loihi import lava, remains
from neurosim.hardware.loihi.plan import LoihiPlan, Neurons, Recording, Stimulus, Synapses

LIMIT = 5.0
"""Seconds until a mistake is said."""


def small(steps: int = 20) -> LoihiPlan:
    cell, source = Neurons("cell", 2, vth=10), Neurons("in", 3, "source")
    synapses = Synapses("s", "in", "cell", np.array([0, 1]), np.array([0, 1]), np.array([100, 100]))
    stimulus = Stimulus("in", np.array([1, 3]), np.array([0, 1]), np.ones(2, int))
    return LoihiPlan(steps, (source, cell), (synapses,), (stimulus,), (Recording("cell", "spikes"),))


def worker_processes() -> list[str]:
    listed = subprocess.run(["ps", "-eo", "args"], capture_output=True, text=True, check=True).stdout
    return [line for line in listed.splitlines() if lava.WORKER.name in line]


@pytest.fixture
def left(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Callable[[], list[str]]:
    """What a run of this test has left: its processes and its shared memory."""
    name = f"{os.getpid():08x}"
    monkeypatch.setattr(lava.secrets, "token_hex", lambda size: name)
    monkeypatch.setattr(lava.tempfile, "tempdir", str(tmp_path))

    def found() -> list[str]:
        running = [line for line in worker_processes() if str(tmp_path) in line]
        return running + [str(segment) for segment in remains.SHARED_MEMORY.glob(f"ns{name}_*")]

    return found


def until(true: Callable[[], bool], seconds: float = 60.0) -> None:
    began = time.monotonic()
    while not true():
        assert time.monotonic() - began < seconds, "still waiting"


# ---- an exception in a process, and what it leaves -------------------------------------------------------------------------
@pytest.mark.slow
def test_an_exception_in_a_process(require_engine: Callable[[str], None], left: Callable[[], list[str]]) -> None:
    """An event beyond its group: Lava itself would wait for ever."""
    require_engine("lava")
    plan = small()
    wrong = replace(plan, stimuli=(replace(plan.stimuli[0], indices=np.array([0, 7])),))
    began = time.monotonic()
    with pytest.raises(EngineError, match="IndexError"):
        lava.run(wrong)
    assert time.monotonic() - began < LIMIT
    assert left() == []


@pytest.mark.slow
def test_a_program_that_is_killed(require_engine: Callable[[str], None], left: Callable[[], list[str]], tmp_path: Path) -> None:
    """The worker sees that nobody waits any more, and takes its processes and its shared memory with it."""
    require_engine("lava")
    small(10_000_000).save(tmp_path / "long.plan")
    script = (
        "import sys, tempfile; from neurosim.hardware.loihi import lava; from neurosim.hardware.loihi.plan import LoihiPlan;"
        f"tempfile.tempdir = sys.argv[1]; lava.secrets.token_hex = lambda size: '{os.getpid():08x}';"
        "lava.run(LoihiPlan.load(sys.argv[1] + '/long.plan'))"
    )
    with subprocess.Popen([sys.executable, "-c", script, str(tmp_path)]) as program:
        until(lambda: len(left()) > 6 and bool(list(tmp_path.glob("*/heartbeat"))))
        program.kill()
    until(lambda: left() == [])


# ---- arguments that are swallowed ------------------------------------------------------------------------------------------
def module(name: str) -> ModuleType:
    """A file that travels to Lava's environment, without Lava."""
    specification = importlib.util.spec_from_file_location(name, lava.WORKER.with_name(f"{name}.py"))
    assert specification is not None and specification.loader is not None
    found = importlib.util.module_from_spec(specification)
    specification.loader.exec_module(found)
    return found


def test_a_misspelt_argument_of_a_process() -> None:
    """``Dense(wieght_exp=3)`` is taken by Lava, and ignored."""
    dense = type("Dense", (), {"__init__": lambda self, **settings: None})
    with pytest.raises(ValueError, match="Lava's Dense has no wieght_exp, and would not say so; it reads weights, num_message_bits, weight_exp"):
        module("lava_build").made(dense, weights=np.zeros((2, 2)), wieght_exp=3)


def asked(folder: Path, job: dict[str, object], worker: Path = lava.WORKER) -> tuple[dict[str, str], float]:
    """What a worker answers to a job, and after how many seconds."""
    small().save(folder / "job.plan")
    (folder / "job.json").write_text(json.dumps(job))
    began = time.monotonic()
    subprocess.run([sys.executable, str(worker), str(folder)], capture_output=True, check=False, start_new_session=True)
    return json.loads((folder / "result.json").read_text()), time.monotonic() - began


JOB: dict[str, object] = {"precision": "fixed", "memory": "nstest", "warm": 0, "final": False}


def test_a_misspelt_word_of_a_job(tmp_path: Path) -> None:
    result, seconds = asked(tmp_path, {**JOB, "wram": 3})
    assert "a job says final, memory, precision, warm; this one says final, memory, precision, warm, wram" in result["error"]
    assert seconds < LIMIT and not [line for line in worker_processes() if str(tmp_path) in line]


# ---- files beside the processes, runs after a stop -------------------------------------------------------------------------
def test_files_that_lava_would_execute(tmp_path: Path) -> None:
    """Its compiler executes every file of the folder in which a process was defined."""
    here = tmp_path / "copy"
    shutil.copytree(lava.WORKER.parent, here, ignore=shutil.ignore_patterns("__pycache__"))
    (here / "lava_processes" / "mine.py").write_text("raise SystemExit('executed')")
    result, seconds = asked(tmp_path, JOB, here / lava.WORKER.name)
    assert "Lava would execute mine.py, which lies beside the processes" in result["error"]
    assert seconds < LIMIT and not [line for line in worker_processes() if str(tmp_path) in line]


@pytest.mark.slow
def test_runs_after_each_other(require_engine: Callable[[str], None], left: Callable[[], list[str]]) -> None:
    """In one process Lava's second run, after a stop, is a segmentation fault; here each run has an interpreter of its own."""
    require_engine("lava")
    one, two = (lava.run(small()).spikes("cell") for _ in range(2))
    assert all(np.array_equal(a, b) for a, b in zip(one, two, strict=True)) and len(one[0]) == 2
    assert left() == []

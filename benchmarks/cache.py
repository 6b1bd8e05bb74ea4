"""Compiled kernels on disk: a second process starts at once, a new number compiles nothing, new text compiles once.

Also that a directory which cannot be written gives a correct run, and that two processes at once leave a usable cache.
"""

from __future__ import annotations

import json
import math
import os
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from harness import HERE, ROOT, MeasurementFailed, Row, Session, at_most, failures, worker
from startup import fresh_cache

NAME = "cache"
TITLE = "Compiled kernels on disk"
TIMED = False

START_S, NOTHING_S = 1.0, 0.5
TASK = {"network": "brunel", "arguments": {"scale": 0.02}, "duration_ms": 20.0, "backend": "native"}


def run(session: Session) -> list[Row]:
    """Measure all of it."""
    entry = session.measure("cache", measure)
    if "error" in entry:
        return failures(session)
    rows = [
        below("second process: import to end of 20 ms", entry["second"], "inside_s", 2 * START_S),
        below("second process: compiling", entry["second"], "compile_s", START_S),
        below("another number: compiling", entry["number"], "compile_s", START_S),
        Row("another number: new files in the cache", "0", str(entry["files_number"]), entry["files_number"] == 0),
        Row("another text: new files in the cache", ">= 1", str(entry["files_text"]), entry["files_text"] >= 1),
        Row("another text, second time: new files", "0", str(entry["files_text_again"]), entry["files_text_again"] == 0),
        Row("directory that cannot be written: same rates", "yes", same(entry, "unwritable"), same(entry, "unwritable") == "yes"),
        Row("two processes at once: same rates, both", "yes", same(entry, "pair"), same(entry, "pair") == "yes"),
        Row("after two at once: a third compiles nothing", "0 new files", str(entry["files_pair"]), entry["files_pair"] == 0),
    ]
    return rows + failures(session)


def measure() -> dict[str, Any]:
    """All runs, each in a process of its own."""
    with tempfile.TemporaryDirectory() as folder:
        found: dict[str, Any] = {"first": attempt(TASK, folder), "second": attempt(TASK, folder)}
        before = files(folder)
        found["number"] = attempt({**TASK, "arguments": {"scale": 0.02, "eta": 1.5}}, folder)
        found["files_number"], before = files(folder) - before, files(folder)
        other = {"network": "cuba", "arguments": {"neurons": 200}, "duration_ms": 20.0, "backend": "native"}
        attempt(other, folder)
        found["files_text"], before = files(folder) - before, files(folder)
        attempt(other, folder)
        found["files_text_again"] = files(folder) - before
    with tempfile.TemporaryDirectory() as folder:
        blocked = Path(folder) / "file"
        blocked.write_text("not a directory\n")
        found["unwritable"] = attempt(TASK, str(blocked))
    with tempfile.TemporaryDirectory() as folder:
        found["pair"] = pair(folder)
        before = files(folder)
        attempt(TASK, folder)
        found["files_pair"] = files(folder) - before
    return found


def attempt(task: Mapping[str, Any], folder: str) -> dict[str, Any]:
    """One process with its kernels in ``folder``."""
    return worker(task, environment=fresh_cache(folder))


def pair(folder: str) -> dict[str, Any]:
    """Two processes that compile the same at the same time; the first record, if both agree."""
    words = [sys.executable, str(HERE / "worker.py"), json.dumps(TASK)]
    surroundings = {**os.environ, "PYTHONPATH": str(ROOT), **fresh_cache(folder)}
    running = [subprocess.Popen(words, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=surroundings) for _ in range(2)]
    outputs = [process.communicate(timeout=600) for process in running]
    found = []
    for out, problem in outputs:
        lines = [line for line in out.splitlines() if line.startswith("RESULT ")]
        if not lines:
            raise MeasurementFailed(f"one of two processes at once ended without a result: {problem[-800:]}".replace(str(ROOT), "."))
        found.append(json.loads(lines[-1].removeprefix("RESULT ")))
    return found[0] if found[0]["rates"] == found[1]["rates"] else {"rates": {}}


def files(folder: str) -> int:
    """Compiled kernels in a cache: numba's data files."""
    return sum(1 for path in Path(folder).rglob("*.nbc"))


def same(entry: Mapping[str, Any], name: str) -> str:
    """Whether a run gave the rates of the first."""
    return "yes" if entry[name]["rates"] == entry["first"]["rates"] else "no"


def below(what: str, record: Mapping[str, Any], key: str, bound: float) -> Row:
    """A time and its bound."""
    value = float(record.get(key, math.nan))
    return Row(what, f"< {bound:g} s", f"{value:.2f} s", at_most(value, bound))

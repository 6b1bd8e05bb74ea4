"""What all benchmarks share: measurements in fresh processes, results kept as JSON, one table at the end.

A benchmark is a module with ``NAME``, ``TITLE`` and ``run(session) -> list[Row]``. Every measurement is one process
(``worker.py`` or a peer), so that nothing is warm that a user would find cold, and it is kept at once under its key: a benchmark
that was interrupted goes on where it stopped, as long as the code is the same.
"""

from __future__ import annotations

import hashlib
import json
import math
import os
import platform
import resource
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from importlib.metadata import PackageNotFoundError, version
from importlib.util import find_spec
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent
RESULTS = HERE / "results"
if find_spec("neurosim") is None:  # a checkout that is not installed
    sys.path.append(str(ROOT))
RESULT = "a result"
"""What a measurement that failed has missed."""
PACKAGES = ("numpy", "numba", "llvmlite", "brian2", "neurosim-toolkit")


@dataclass(frozen=True)
class Row:
    """One line of the table: what was asked for, what was measured, whether it is enough (None: only reported)."""

    what: str
    target: str
    measured: str
    met: bool | None = None


class MeasurementFailed(RuntimeError):
    """A worker or a peer ended without a result."""


@dataclass
class Session:
    """The measurements of one benchmark, kept in its file.

    Parameters
    ----------
    name : str
        Of the benchmark and of its file.
    repeats : int
        Runs of each case.
    slice : bool
        The short form for continuous integration.
    again : bool
        Measure anew what is already there.
    options : mapping
        What was said on the command line for this benchmark.
    """

    name: str
    repeats: int = 3
    slice: bool = False
    again: bool = False
    options: Mapping[str, str] = field(default_factory=dict)
    entries: dict[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if self.path.is_file() and not self.again:
            kept = json.loads(self.path.read_text())
            if kept.get("about", {}).get("code") == code_digest():
                self.entries = kept["entries"]

    @property
    def path(self) -> Path:
        """Where the results lie; the short form has a file of its own."""
        return RESULTS / f"{self.name}{'-slice' if self.slice else ''}.json"

    def measure(self, key: str, take: Callable[[], Any]) -> Any:
        """The kept measurement of that key, or a new one; a failure is kept as {"error": text} and returned."""
        if key in self.entries and "error" not in self.entries[key]:
            print(f"  {key}: kept", flush=True)
            return self.entries[key]
        started = time.perf_counter()
        try:
            entry = take()
        except (MeasurementFailed, subprocess.TimeoutExpired) as problem:
            entry = {"error": str(problem)[-2000:]}
        self.entries[key] = entry
        self.keep()
        text = "failed" if "error" in entry else "done"
        print(f"  {key}: {text} after {time.perf_counter() - started:.1f} s", flush=True)
        return entry

    def keep(self, rows: Sequence[Row] = ()) -> None:
        """Write what there is."""
        RESULTS.mkdir(exist_ok=True)
        table = [vars(row) for row in rows]
        text = json.dumps({"about": about(), "repeats": self.repeats, "rows": table, "entries": self.entries}, indent=1)
        fresh = self.path.with_suffix(".new")
        fresh.write_text(text + "\n")
        fresh.replace(self.path)


# ---- Processes ------------------------------------------------------------------------------------------------------
def worker(task: Mapping[str, Any], *, timeout: float = 600, environment: Mapping[str, str] | None = None,
           prefix: Sequence[str] = ()) -> dict[str, Any]:
    """Run one simulation in a process of its own: see worker.py for what a task may say."""
    return command([*prefix, sys.executable, str(HERE / "worker.py"), json.dumps(task)], timeout=timeout, environment=environment)


def command(words: Sequence[str], *, timeout: float = 600, environment: Mapping[str, str] | None = None) -> dict[str, Any]:
    """Run a command that prints one line ``RESULT {json}`` and return it.

    Raises
    ------
    MeasurementFailed
        If it prints none; with the end of what it did print.
    """
    paths = os.pathsep.join([str(ROOT), *filter(None, [os.environ.get("PYTHONPATH")])])
    surroundings = {**os.environ, "PYTHONPATH": paths, **(environment or {})}
    started, cpu = time.perf_counter(), cpu_of_children()
    done = subprocess.run(words, capture_output=True, text=True, timeout=timeout, env=surroundings, check=False)
    lines = [line for line in done.stdout.splitlines() if line.startswith("RESULT ")]
    if not lines:
        end = (done.stderr or done.stdout).strip()[-1500:]
        raise MeasurementFailed(f"exit status {done.returncode}: {end}".replace(str(ROOT), "."))
    took = {"process_s": round(time.perf_counter() - started, 4), "process_cpu_s": round(cpu_of_children() - cpu, 4)}
    return {**json.loads(lines[-1].removeprefix("RESULT ")), **took}


def cpu_of_children() -> float:
    """CPU seconds of all processes that this one has waited for, and of theirs."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def emit(record: Mapping[str, Any]) -> None:
    """Print the result line that `command` reads."""
    print("RESULT " + json.dumps(dict(record)), flush=True)


# ---- Provenance -----------------------------------------------------------------------------------------------------
def commit() -> str:
    """The commit, with '+' when files differ from it."""
    def git(*words: str) -> str:
        done = subprocess.run(["git", "-C", str(ROOT), *words], capture_output=True, text=True, check=False)
        return done.stdout.strip() if done.returncode == 0 else ""

    name = git("rev-parse", "--short", "HEAD")
    changed = git("status", "--porcelain", "--", "neurosim", "models", "hardware", "benchmarks/*.py")
    return (name or "none") + ("+" if changed else "")


def code_digest() -> str:
    """Digest of all Python files that a measurement depends on: equal digests, equal code, committed or not."""
    digest = hashlib.blake2b(digest_size=8)
    for folder in ("neurosim", "models", "hardware", "benchmarks"):
        for path in sorted((ROOT / folder).rglob("*.py")):
            digest.update(f"{path.relative_to(ROOT)}\n".encode() + path.read_bytes())
    return digest.hexdigest()


def about() -> dict[str, Any]:
    """Commit, versions and machine; no names and no paths."""
    versions = {"python": platform.python_version()}
    for package in PACKAGES:
        try:
            versions[package] = version(package)
        except PackageNotFoundError:
            continue
    return {
        "commit": commit(),
        "code": code_digest(),
        "date": time.strftime("%Y-%m-%d", time.gmtime()),
        "versions": versions,
        "machine": {"cpu": cpu_name(), "cores": usable_cores(), "system": platform.system(), "memory_gib": memory_gib()},
    }


def cpu_name() -> str:
    """The processor as the system calls it."""
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        return platform.processor() or platform.machine()
    return next((line.split(":", 1)[1].strip() for line in lines if line.startswith("model name")), platform.machine())


def usable_cores() -> int:
    """How many cores this process may use."""
    return len(os.sched_getaffinity(0)) if sys.platform.startswith("linux") else os.cpu_count() or 1


def memory_gib() -> float:
    """Memory of the machine."""
    try:
        return round(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30, 1)
    except (ValueError, OSError):
        return math.nan


# ---- Numbers --------------------------------------------------------------------------------------------------------
def median(records: Sequence[Mapping[str, Any]], key: str) -> float:
    """Median over the records that have the key; nan where none has."""
    values = [float(record[key]) for record in records if key in record]
    return statistics.median(values) if values else math.nan


def at_least(value: float, bound: float) -> bool | None:
    """Whether a measured number reaches its target; None where there is no number."""
    return None if math.isnan(value) else value >= bound


def at_most(value: float, bound: float) -> bool | None:
    """Whether a measured number stays below its target; None where there is no number."""
    return None if math.isnan(value) else value <= bound


def within(values: Sequence[float], low: float, high: float) -> bool | None:
    """Whether all numbers lie in a window."""
    return None if not values or any(math.isnan(v) for v in values) else all(low <= v <= high for v in values)


def failures(session: Session) -> list[Row]:
    """A row for each measurement that failed."""
    failed = [(key, entry["error"]) for key, entry in session.entries.items() if "error" in entry]
    return [Row(key, RESULT, (error.strip().splitlines() or ["no message"])[-1][:70], False) for key, error in failed]


def table(rows: Sequence[Row], words: str) -> str:
    """The rows as text, with the command that repeats them."""
    marks = {True: "met", False: "MISSED", None: "-"}
    cells = [("what", "target", "measured", ""), *((r.what, r.target, r.measured, marks[r.met]) for r in rows)]
    widths = [max(len(row[k]) for row in cells) for k in range(4)]
    lines = ["  ".join(text.ljust(width) for text, width in zip(row, widths)).rstrip() for row in cells]
    return "\n".join([*lines, f"command: {words}"])

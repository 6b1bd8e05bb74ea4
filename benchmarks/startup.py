"""How long until a user has something: import, and the current-based network from process start to a saved result.

Cold: a fresh directory for compiled kernels. Warm: the same directory again. Against a Brian2 program of the same network, which
must be generated and compiled whenever the network changes (S22 of the acceptance tests: ten times faster when warm).
"""

from __future__ import annotations

import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping
from typing import Any

import speed
from harness import ROOT, Row, Session, at_least, at_most, failures, worker

NAME = "startup"
TITLE = "Import, and from process start to a saved result"

DURATION_MS = 1000.0
IMPORT_S, COLD_S, WARM_RATIO = 0.5, 30.0, 10.0


def run(session: Session) -> list[Row]:
    """Measure imports, a cold and several warm starts, and the peer's whole way."""
    imports = session.measure("imports", lambda: import_times(session.repeats))
    beyond = imports["beyond_numpy_s"]
    rows = [Row("import neurosim beyond numpy", f"< {IMPORT_S:g} s", f"{beyond:.3f} s", at_most(beyond, IMPORT_S))]
    starts = session.measure("cuba starts", lambda: starts_of("cuba", session.repeats))
    if "error" in starts:
        return rows + failures(session)
    cold, warm = starts["cold_s"], starts["warm_s"]
    rows.append(Row("cuba 1 s: first start ever, saved result", f"< {COLD_S:g} s", f"{cold:.2f} s", at_most(cold, COLD_S)))
    if session.slice:
        rows.append(Row("cuba 1 s: later starts, saved result", "reported", f"{warm:.2f} s"))
        return rows + failures(session)
    peer = session.measure("cuba peer", peer_way)
    if "error" not in peer:
        ratio = peer["whole_s"] / warm
        measured = f"{ratio:.1f}x ({peer['whole_s']:.1f} s / {warm:.2f} s)"
        rows.append(Row("cuba 1 s: later starts against Brian2 C++", f">= {WARM_RATIO:g}x", measured, at_least(ratio, WARM_RATIO)))
    return rows + failures(session)


def import_times(repeats: int) -> dict[str, Any]:
    """Medians of fresh processes that import nothing, numpy, or neurosim."""
    seconds = {}
    for name, words in {"nothing": "pass", "numpy": "import numpy", "neurosim": "import neurosim"}.items():
        taken = []
        for _ in range(max(repeats, 3)):
            started = time.perf_counter()
            subprocess.run([sys.executable, "-c", words], cwd=ROOT, check=True, capture_output=True)
            taken.append(time.perf_counter() - started)
        seconds[f"{name}_s"] = statistics.median(taken)
    return {**seconds, "beyond_numpy_s": seconds["neurosim_s"] - seconds["numpy_s"]}


def fresh_cache(folder: str) -> Mapping[str, str]:
    """Environment of a process whose compiled kernels lie in ``folder`` alone."""
    return {"NUMBA_CACHE_DIR": folder, "NEUROSIM_CACHE": folder, "XDG_CACHE_HOME": folder}


def starts_of(name: str, repeats: int) -> dict[str, Any]:
    """Seconds of whole processes: the first with an empty cache, then with a filled one."""
    task = {"network": name, "duration_ms": DURATION_MS, "backend": "native", "record": "spikes", "save": True}
    with tempfile.TemporaryDirectory() as folder:
        cold = worker(task, environment=fresh_cache(folder))
        warm = [worker(task, environment=fresh_cache(folder)) for _ in range(max(repeats, 2))]
    return {
        "cold_s": cold["process_s"],
        "warm_s": statistics.median(record["process_s"] for record in warm),
        "compile_cold_s": cold.get("compile_s"),
        "compile_warm_s": statistics.median(record.get("compile_s", 0.0) for record in warm),
    }


def peer_way() -> dict[str, Any]:
    """Generate, compile and run the same network in Brian2's C++ mode, wall seconds."""
    with tempfile.TemporaryDirectory() as folder:
        started = time.perf_counter()
        speed.run_peer("cuba", folder, DURATION_MS)
        return {"whole_s": time.perf_counter() - started}

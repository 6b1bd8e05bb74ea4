"""How long until a user has something: import, and the current-based network from process start to a saved result.

Cold: a fresh directory for compiled kernels. Warm: the same directory again. Beside it a Brian2 program of the same network, which is
generated and compiled whenever the network changes.
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
from harness import ROOT, Row, Session, at_most, cpu_of_children, failures, worker

NAME = "startup"
TITLE = "Import, and from process start to a saved result"
TIMED = True

DURATION_MS = 1000.0
IMPORT_S, COLD_CPU_S, WARM_CPU_S = 0.5, 12.0, 1.5


def run(session: Session) -> list[Row]:
    """Measure imports, a cold and several warm starts, and the peer's whole way."""
    imports = session.measure("imports", lambda: import_times(session.repeats))
    whole = imports["neurosim_s"] - imports["nothing_s"]
    shown = f"{whole:.3f} s ({imports['neurosim_s'] - imports['numpy_s']:.3f} s without numpy)"
    rows = [Row("import neurosim", f"< {IMPORT_S:g} s", shown, at_most(whole, IMPORT_S))]
    starts = session.measure("cuba starts", lambda: starts_of("cuba", session.repeats))
    if "error" in starts:
        return rows + failures(session)
    for kind, title, most in (("cold", "first start ever", COLD_CPU_S), ("warm", "later starts", WARM_CPU_S)):
        cpu = starts[f"{kind}_cpu_s"]
        shown = f"{cpu:.2f} CPU s ({starts[f'{kind}_s']:.2f} s)"
        rows.append(Row(f"cuba 1 s: {title}, saved result", f"<= {most:g} CPU s", shown, at_most(cpu, most)))
    if session.slice:
        return rows + failures(session)
    peer = session.measure("cuba peer", peer_way)
    if "error" not in peer:
        rows.append(Row("cuba 1 s: Brian2 C++, every start", "reported", f"{peer['whole_cpu_s']:.1f} CPU s ({peer['whole_s']:.1f} s)"))
    return rows + failures(session)


def import_times(repeats: int) -> dict[str, Any]:
    """Seconds, medians of fresh processes that import nothing, numpy, or neurosim."""
    seconds = {}
    for name, words in {"nothing": "pass", "numpy": "import numpy", "neurosim": "import neurosim"}.items():
        taken = []
        for _ in range(max(repeats, 3)):
            started = time.perf_counter()
            subprocess.run([sys.executable, "-c", words], cwd=ROOT, check=True, capture_output=True)
            taken.append(time.perf_counter() - started)
        seconds[f"{name}_s"] = statistics.median(taken)
    return seconds


def fresh_cache(folder: str) -> Mapping[str, str]:
    """Environment of a process whose compiled kernels lie in ``folder`` alone."""
    return {"NUMBA_CACHE_DIR": folder, "NEUROSIM_CACHE": folder, "XDG_CACHE_HOME": folder}


def starts_of(name: str, repeats: int) -> dict[str, Any]:
    """Seconds and CPU seconds of whole processes: the first with an empty cache, then with a filled one."""
    task = {"network": name, "duration_ms": DURATION_MS, "backend": "native", "record": "spikes", "save": True}
    with tempfile.TemporaryDirectory() as folder:
        cold = worker(task, environment=fresh_cache(folder))
        warm = [worker(task, environment=fresh_cache(folder)) for _ in range(max(repeats, 2))]
    return {
        "cold_s": cold["process_s"],
        "cold_cpu_s": cold["process_cpu_s"],
        "warm_s": statistics.median(record["process_s"] for record in warm),
        "warm_cpu_s": statistics.median(record["process_cpu_s"] for record in warm),
        "compile_cold_s": cold.get("compile_s"),
        "compile_warm_s": statistics.median(record.get("compile_s", 0.0) for record in warm),
    }


def peer_way() -> dict[str, Any]:
    """Generate, compile and run the same network in Brian2's C++ mode."""
    with tempfile.TemporaryDirectory() as folder:
        started, cpu = time.perf_counter(), cpu_of_children()
        speed.run_peer("cuba", folder, DURATION_MS)
        return {"whole_s": time.perf_counter() - started, "whole_cpu_s": cpu_of_children() - cpu}

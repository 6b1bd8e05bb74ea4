"""One thread against Brian2's C++ standalone: CPU seconds of the simulation phase, ours and theirs in turn, medians.

``python benchmarks/run.py speed`` runs all cases in double and in single precision; ``--set cases=cuba,small`` chooses.
``--set prototype=PATH`` takes the peer's times from another script instead, which is called as
``PATH CASE --mode cpp --t MS --warm 0.1`` (with ``--bg poisson --scale 0.1`` for its case ``pd14``) and prints a RESULT line with
``sim_cpu``. Compiling and building are not counted on either side; both run from time 0 and count their spikes.
"""

from __future__ import annotations

import math
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from harness import HERE, MeasurementFailed, Row, Session, at_least, command, failures, median, worker

NAME = "speed"
TITLE = "CPU seconds of the simulation phase on one thread, against Brian2 C++ standalone"
TIMED = True


@dataclass(frozen=True)
class Case:
    """A network, how long it runs, and how many times faster than the peer it has to be."""

    network: str
    duration_ms: float
    double: float
    single: float
    arguments: Mapping[str, Any] = field(default_factory=dict)
    other_name: str = ""


CASES = {
    "microcircuit": Case("microcircuit", 1000, 5.0, 8.0, {"scale": 0.1, "compensation": "2020"}, "pd14"),
    "brunel": Case("brunel", 1000, 8.0, 13.0),
    "coba": Case("coba", 1000, 2.5, 6.0),
    "cuba": Case("cuba", 1000, 1.5, 3.0),
    "stdp": Case("stdp", 400, 12.0, 15.0),
    "small": Case("small", 10000, 4.0, 6.0),
}
SLICE = ("small", "cuba")
PRECISIONS = ("double", "single")


def run(session: Session) -> list[Row]:
    """Measure and compare."""
    chosen = session.options.get("cases", ",".join(SLICE if session.slice else CASES)).split(",")
    rows = []
    for name in chosen:
        case = CASES[name]
        duration = case.duration_ms / 5 if session.slice else case.duration_ms
        records = alternate(session, name, case, duration)
        rows += [compare(name, case, precision, duration, records) for precision in PRECISIONS]
    return rows + failures(session)


def alternate(session: Session, name: str, case: Case, duration: float) -> dict[str, list[dict[str, Any]]]:
    """Theirs, ours in double, ours in single, and again: whatever else the machine does disturbs all alike."""
    records: dict[str, list[dict[str, Any]]] = {"peer": [], **{precision: [] for precision in PRECISIONS}}
    peer = session.options.get("prototype", "")
    key = f"{name} {duration:g} ms"
    with tempfile.TemporaryDirectory() as folder:
        for k in range(session.repeats):
            if peer:
                taken = session.measure(f"{key} prototype {k}", lambda: run_prototype(peer, case, duration))
            else:
                taken = session.measure(f"{key} peer {k}", lambda: run_peer(name, folder, duration))
            records["peer"].append(taken)
            for precision in PRECISIONS:
                taken = session.measure(f"{key} {precision} {k}", lambda p=precision: ours(case, duration, p))
                records[precision].append(taken)
    return records


def ours(case: Case, duration: float, precision: str) -> dict[str, Any]:
    """One run of the native engine."""
    task = {"network": case.network, "arguments": dict(case.arguments), "duration_ms": duration, "precision": precision}
    return worker({**task, "backend": "native", "threads": 1, "seed": 1, "record": "counts"}, timeout=900)


def build_peer(name: str, folder: str, duration: float) -> dict[str, Any]:
    """Generate and compile the peer's program."""
    script = HERE / "peers" / "brian2_networks.py"
    return command([sys.executable, str(script), "build", name, folder, str(duration)], timeout=900)


def run_peer(name: str, folder: str, duration: float) -> dict[str, Any]:
    """One run of the peer's program, compiled before the first: CPU seconds between its two marks."""
    marks, program = Path(folder) / "cpu_seconds.txt", Path(folder) / "main"
    built = {} if program.is_file() else build_peer(name, folder, duration)
    marks.unlink(missing_ok=True)
    subprocess.run([str(program)], cwd=folder, capture_output=True, timeout=900, check=False)
    if not marks.is_file():
        raise MeasurementFailed("the peer's program left no marks")
    before, after = (float(line) for line in marks.read_text().split())
    spikes = int((Path(folder) / "spikes.txt").read_text())
    return {"run_cpu_s": after - before, "spikes": spikes, **{f"peer_{k}": v for k, v in built.items() if k.startswith("build")}}


def run_prototype(path: str, case: Case, duration: float) -> dict[str, Any]:
    """One run of another script as the peer."""
    name = case.other_name or case.network
    extra = ["--bg", "poisson", "--scale", "0.1"] if name == "pd14" else []
    words = [sys.executable, path, name, "--mode", "cpp", "--t", str(duration), "--warm", "0.1", *extra]
    record = command(words, timeout=900)
    return {"run_cpu_s": float(record["sim_cpu"]), "mean_rate": record.get("mean_rate", math.nan)}


def compare(name: str, case: Case, precision: str, duration: float, records: Mapping[str, list[dict[str, Any]]]) -> Row:
    """The ratio of medians against the target; the short form only reports, its runs are too short to judge."""
    theirs, mine = median(records["peer"], "run_cpu_s"), median(records[precision], "run_cpu_s")
    target = case.double if precision == "double" else case.single
    ratio = theirs / mine if mine > 0 else math.nan
    measured = f"{ratio:.1f}x ({theirs:.4g} s / {mine:.4g} s)"
    judged = at_least(ratio, target) if duration == case.duration_ms else None
    return Row(f"{name} {duration:g} ms, {precision}", f">= {target:g}x", measured, judged)

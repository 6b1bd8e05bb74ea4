"""The microcircuit at full scale, 77,169 neurons and 298,880,968 synapses: build, memory, speed and rates.

``--set background=dc`` or ``poisson`` chooses one of the two; ``--set threads=2``. The short form wires a tenth of the synapses per
neuron and runs 100 ms.
"""

from __future__ import annotations

import math
from typing import Any

import rates as windows
from harness import Row, Session, at_most, failures, worker

NAME = "full_scale"
TITLE = "The microcircuit at full scale: build, memory, speed, rates"
TIMED = False

WARM_UP_MS, MEASURED_MS = 500.0, 2000.0
SYNAPSES = 298_880_968
BUILD_S, PEAK_GIB, BYTES_PER_SYNAPSE, GROWTH_PER_SYNAPSE, CPU_S_PER_S = 60.0, 24.0, 8.1, 12.0, 8.0


def run(session: Session) -> list[Row]:
    """Build and run with both backgrounds."""
    chosen = session.options.get("background", "dc" if session.slice else "dc,poisson").split(",")
    threads = int(session.options.get("threads", "1"))
    rows = []
    for background in chosen:
        key = f"{background}, {threads} thread(s)"
        record = session.measure(key, lambda b=background: full_scale(b, threads, session.slice))
        if "error" not in record:
            rows += report(background, threads, record, session.slice)
    return rows + failures(session)


def full_scale(background: str, threads: int, short: bool) -> dict[str, Any]:
    """One run with spikes recorded (counts in the short form)."""
    arguments = {"n_scale": 1.0, "k_scale": 0.1 if short else 1.0, "background": background}
    task = {"network": "microcircuit", "arguments": arguments, "threads": threads, "seed": 1, "backend": "native"}
    if short:
        return worker({**task, "duration_ms": 100.0, "record": "counts"}, timeout=600)
    duration = WARM_UP_MS + MEASURED_MS
    return worker({**task, "duration_ms": duration, "record": "spikes", "discard_ms": WARM_UP_MS}, timeout=1800)


def report(background: str, threads: int, record: dict[str, Any], short: bool) -> list[Row]:
    """The lines of one run."""
    title = f"{background}, {threads} thread(s)" + (", k_scale 0.1" if short else "")
    synapses = SYNAPSES // 10 if short else SYNAPSES
    seconds = (0.1 if short else (WARM_UP_MS + MEASURED_MS) / 1e3)
    growth = (record["peak_bytes"] - record["start_bytes"]) / synapses
    speed = record.get("run_cpu_s", math.nan) / seconds
    bytes_each = record.get("bytes_per_synapse", math.nan)
    build = record.get("build_s", math.nan)
    peak = record["peak_bytes"] / 2**30
    most = BYTES_PER_SYNAPSE
    rows = [
        Row(f"{title}: build", f"< {BUILD_S:g} s", f"{build:.1f} s", at_most(build, BUILD_S)),
        Row(f"{title}: peak memory", f"< {PEAK_GIB:g} GiB", f"{peak:.2f} GiB", at_most(peak, PEAK_GIB)),
        Row(f"{title}: streams, per synapse", f"<= {most:g} B", f"{bytes_each:.3f} B", at_most(bytes_each, most)),
        Row(f"{title}: memory of the process per synapse", f"<= {GROWTH_PER_SYNAPSE:g} B", f"{growth:.1f} B", at_most(growth, GROWTH_PER_SYNAPSE)),
    ]
    if short:
        return rows
    rows.append(Row(f"{title}: CPU s per biological second", f"<= {CPU_S_PER_S:g}", f"{speed:.2f}", at_most(speed, CPU_S_PER_S)))
    return rows + windows.full_scale_rows(background, title, record["rates"])

"""Two threads that share one core: the barrier must give the core away instead of spinning on it."""

from __future__ import annotations

import os

from harness import Row, Session, at_most, failures, median, worker

NAME = "two_threads_one_core"
TITLE = "Two threads on one core against one thread"
TIMED = True

RATIO = 3.0


def run(session: Session) -> list[Row]:
    """Wall seconds of the simulation phase, alternating."""
    core = min(os.sched_getaffinity(0))
    duration = 100.0 if session.slice else 500.0
    records: dict[int, list[dict[str, float]]] = {1: [], 2: []}
    for k in range(session.repeats):
        for threads in (1, 2):
            task = {"network": "microcircuit", "arguments": {"scale": 0.1}, "duration_ms": duration, "threads": threads}
            full = {**task, "backend": "native", "affinity": [core]}
            label = f"{threads} thread(s) {duration:g} ms {k}"
            records[threads].append(session.measure(label, lambda t=full: worker(t)))
    one, two = median(records[1], "run_s"), median(records[2], "run_s")
    measured = f"{two / one:.2f} ({two:.2f} s / {one:.2f} s)"
    what = f"microcircuit 10 %, {duration:g} ms, 2 threads on one core"
    return [Row(what, f"<= {RATIO:g}", measured, at_most(two / one, RATIO)), *failures(session)]

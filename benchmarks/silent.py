"""A silent network must not be slow: currents that decay for ever end in subnormal numbers, which processors handle 35 times slower.

The same neurons with a current that stays normal are the measure; both have no spike.
"""

from __future__ import annotations

from harness import Row, Session, at_most, failures, median, worker

NAME = "silent"
TITLE = "Steps of a silent network against the same network with normal numbers"
TIMED = True

STEPS, RATIO = 100_000, 1.3


def run(session: Session) -> list[Row]:
    """Alternate both and compare medians."""
    duration = STEPS * 0.1 / (10 if session.slice else 1)
    records: dict[bool, list[dict[str, float]]] = {False: [], True: []}
    for k in range(session.repeats):
        for active in (False, True):
            task = {"network": "silent", "arguments": {"active": active}, "duration_ms": duration, "backend": "native"}
            label = f"{'active' if active else 'silent'} {duration:g} ms {k}"
            records[active].append(session.measure(label, lambda t=task: worker(t)))
    quiet, normal = median(records[False], "run_cpu_s"), median(records[True], "run_cpu_s")
    ratio = quiet / normal
    measured = f"{ratio:.2f} ({quiet:.3f} s / {normal:.3f} s)"
    what = f"{duration * 10:,.0f} silent steps of 10,000 neurons"
    return [Row(what, f"<= {RATIO:g}", measured, at_most(ratio, RATIO)), *failures(session)]

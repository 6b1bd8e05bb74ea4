"""CPU seconds per step of the Loihi emulator against Lava's fixed-point models, both counted over all threads and processes.

``python benchmarks/run.py loihi_speed`` runs all sizes; ``--set "cases=100 dense,1000 dense"`` chooses. A job of Lava runs a short and
then a long stretch of steps, of which the second counts, so that neither its compiler nor its forks are in the numbers; the emulator is
timed after its first steps. Nothing is recorded on either side: that both do the same is what the tests show. Lava's own environment is
needed (``neurosim lava setup``). Run as a script with a task as JSON it is the process of one measurement.
"""

from __future__ import annotations

import json
import math
import sys
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from harness import Row, Session, at_least, command, emit, failures, median

NAME = "loihi_speed"
TITLE = "CPU seconds per step of the Loihi emulator against Lava's fixed-point models"
TIMED = True

REPEATS = 5
VTH = 2000
DU, DV = 409, 8
WARM = 20
"""Steps before those that count."""
PATIENCE = 300.0
"""[s] Nothing is recorded, so Lava shows no sign of life."""


@dataclass(frozen=True)
class Case:
    """A network of Loihi neurons that are driven to fire once in ``period`` steps, and how many times faster than Lava it has to be.

    ``share``: of all pairs that have a synapse, 1 for full matrices; ``delays``: drawn below this number of steps; ``steps``: of the
    emulator; ``lava_steps``: of Lava; ``merged``: whether Lava gets one process for all populations.
    """

    target: float | None
    neurons: int
    share: float
    lava_steps: int
    steps: int
    delays: int = 1
    populations: int = 1
    period: float = 500.0
    merged: bool = False
    learning: bool = False


CASES: Mapping[str, Case] = {
    "100 dense": Case(1000, 100, 1.0, 4000, 400_000),
    "100 sparse 10 %": Case(1000, 100, 0.1, 4000, 400_000),
    "1000 dense": Case(150, 1000, 1.0, 3000, 100_000),
    "1000 sparse 10 %": Case(300, 1000, 0.1, 3000, 100_000),
    "10000 sparse 1 %": Case(90, 10_000, 0.01, 1000, 10_000),
    "1000 dense with delays 0 to 9": Case(10_000, 1000, 1.0, 20, 50_000, delays=10),
    "1000 sparse 10 % with delays 0 to 9": Case(10_000, 1000, 0.1, 40, 50_000, delays=10),
    "8 populations of 200 with 64 sparse 10 %": Case(3000, 200, 0.1, 60, 30_000, populations=8),
    "8 populations merged for Lava": Case(None, 200, 0.1, 1000, 30_000, populations=8, merged=True),
    "1000 dense at 10 % activity": Case(20, 1000, 1.0, 2000, 30_000, period=9.3),
    "1000 x 1000 learning at 1 % activity": Case(100, 1000, 1.0, 40, 2000, period=90.0, learning=True),
}
SLICE = ("100 dense",)


def run(session: Session) -> list[Row]:
    """Measure in turn, compare medians."""
    chosen = session.options.get("cases", ",".join(SLICE if session.slice else CASES)).split(",")
    repeats, rows = session.repeats if session.slice else max(REPEATS, session.repeats), []
    for name in chosen:
        theirs, mine = [], []
        for k in range(repeats):
            theirs.append(taken(session, f"{name}: Lava {k}", name, "lava"))
            mine.append(taken(session, f"{name}: emulator {k}", name, "emulator"))
        rows.append(compared(name, CASES[name], theirs, mine))
    return rows + failures(session)


def taken(session: Session, key: str, name: str, engine: str) -> dict[str, Any]:
    """One measurement, in a process of its own."""
    task = {"case": name, "engine": engine, "slice": session.slice}
    entry: dict[str, Any] = session.measure(key, lambda: command([sys.executable, str(Path(__file__).resolve()), json.dumps(task)], timeout=1800))
    return entry


def compared(name: str, case: Case, theirs: list[dict[str, Any]], mine: list[dict[str, Any]]) -> Row:
    """The ratio of medians."""
    slow, fast = median(theirs, "us_per_step"), median(mine, "us_per_step")
    ratio = slow / fast if fast > 0 else math.nan
    activity = 100 * median(mine, "activity")
    processes = median(theirs, "processes")
    measured = f"{ratio:,.0f}x ({slow:,.0f} us of {processes:.0f} processes / {fast:.2f} us; {activity:.2g} % fire per step)"
    target = "reported" if case.target is None else f">= {case.target:,.0f}x"
    return Row(name, target, measured, None if case.target is None else at_least(ratio, case.target))


# ---- the process of one measurement ---------------------------------------------------------------------------------------
def plan_of(case: Case, steps: int) -> Any:
    """The network of a case: each population drives all with weights of both signs."""
    from neurosim.hardware.loihi.plan import LoihiPlan, Neurons, Synapses

    random = np.random.default_rng(7)
    # With this bias a neuron needs `period` steps from 0 to the threshold.
    leak = DV / 4096
    bias = VTH * 64 * leak / (1 - (1 - leak) ** case.period)
    exponent = max(0, math.ceil(math.log2(bias / 4095)))
    size = case.neurons
    names = [f"cells {number}" for number in range(case.populations)]
    neurons = tuple(
        Neurons(
            name, size, du=DU, dv=DV, vth=VTH, bias_mant=np.round(bias / 2**exponent * random.uniform(0.95, 1.05, size)).astype(int),
            bias_exp=exponent, v=random.integers(0, VTH * 64, size),
        )
        for name in names
    )  # fmt: skip
    synapses = []
    for source in names:
        for target in names:
            pairs = np.flatnonzero(random.random(size * size) < case.share) if case.share < 1 else np.arange(size * size)
            weight = random.integers(-2, 3, len(pairs)) * 2
            delay = random.integers(0, case.delays, len(pairs)) if case.delays > 1 else 0
            learning = rule() if case.learning else None
            synapses.append(
                Synapses(f"{source} -> {target}", source, target, pairs // size, pairs % size, weight, delay=delay, dense=case.share == 1, learning=learning)
            )
    return LoihiPlan(steps, neurons, tuple(synapses))


def rule() -> Any:
    """Pair-based plasticity of two factors."""
    from neurosim.hardware.loihi.plan import Factor, LearningRule, Product, Trace

    products = (Product("x0", -1, -5, (Factor("y1"),)), Product("y0", 1, -5, (Factor("x1"),)))
    return LearningRule(dw=products, x1=Trace(16, 10), y1=Trace(16, 10), t_epoch=1)


def by_emulator(case: Case, steps: int) -> dict[str, Any]:
    """Time of the compiled loop."""
    from neurosim.hardware.loihi.emulator import Emulator

    emulator = Emulator.of(plan_of(case, steps + WARM), record=False)
    emulator.run(WARM)
    before = spikes(emulator, case)
    clock = time.process_time()
    emulator.run()
    spent = time.process_time() - clock
    fired = spikes(emulator, case) - before
    return {"us_per_step": 1e6 * spent / steps, "activity": fired / (steps * case.neurons * case.populations)}


def spikes(emulator: Any, case: Case) -> int:
    """Of all populations so far."""
    return sum(int(emulator.counts(f"cells {number}").sum()) for number in range(case.populations))


def by_lava(case: Case, steps: int) -> dict[str, Any]:
    """CPU of all processes of Lava between two steps."""
    from neurosim.hardware.loihi import lava

    merge = case.merged or case.populations == 1
    info = lava.run(plan_of(case, steps + WARM), merge=merge, patience=PATIENCE, warm=WARM).info
    spent = float(str(info["run_cpu_s"])) - float(str(info["warm_cpu_s"]))
    return {"us_per_step": 1e6 * spent / steps, "processes": info["processes"], "python of Lava": info["python"]}


def main() -> None:
    """One measurement."""
    task = json.loads(sys.argv[1])
    case = CASES[task["case"]]
    share = 10 if task["slice"] else 1
    if task["engine"] == "lava":
        emit(by_lava(case, case.lava_steps // share))
    else:
        emit(by_emulator(case, case.steps // share))


if __name__ == "__main__":
    main()

"""Run the scripts of the documentation that are written for NEST, and keep what they give, for tests where NEST is not installed.

    python benchmarks/peers/nest_side_by_side.py [FILE]

with an interpreter that has NEST. FILE is tests/data/nest_side_by_side.json by default; ``-`` prints.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

ROOT = Path(__file__).resolve().parent.parent.parent
SCRIPTS = ROOT / "docs" / "side_by_side"
KEPT = ROOT / "tests" / "data" / "nest_side_by_side.json"
SEEDS = (1, 2, 3, 4, 5)
ORDER = 1000
"""Of Brunel's network: 5000 neurons instead of 12,500."""


def main(words: list[str]) -> int:
    """Run both scripts; the second with several seeds."""
    import nest

    nest.set_verbosity("M_ERROR")
    found = {"nest": nest.__version__, "two_neurons": two_neurons(), "brunel_delta": brunel_delta()}
    text = json.dumps(found)
    if words[:1] == ["-"]:
        print(text)
    else:
        Path(words[0] if words else KEPT).write_text(text + "\n", encoding="utf-8")
    return 0


def two_neurons() -> dict[str, Any]:
    """Spike times of the first neuron [ms] as NEST stamps them, and the voltage of the second [mV] at `times`."""
    space = run("two_neurons", {})
    trace = space["voltmeter"].events
    return {"spikes": list(map(float, space["spikes"].events["times"])), "times": list(map(float, trace["times"])), "v": list(map(float, trace["V_m"]))}


def brunel_delta() -> dict[str, Any]:
    """For each seed the rates of both populations [1/s] and the mean CV of the excitatory neurons."""
    columns: dict[str, list[float]] = {"exc": [], "inh": [], "cv": []}
    for seed in SEEDS:
        space = run("brunel_delta", {"order = 2500": f"order = {ORDER}", "rng_seed = 1": f"rng_seed = {seed}"})
        for name in ("exc", "inh"):
            columns[name].append(space[f"spikes_{name}"].n_events / space[f"N_{name}"])
        columns["cv"].append(mean_cv(space["spikes_exc"].events, space["N_exc"]))
    return {"order": ORDER, **columns}


def mean_cv(events: Mapping[str, Any], neurons: int) -> float:
    """Mean coefficient of variation of the intervals of neurons with at least three of them."""
    found = []
    for neuron in range(1, neurons + 1):
        intervals = np.diff(np.sort(events["times"][events["senders"] == neuron]))
        if len(intervals) >= 3:
            found.append(intervals.std() / intervals.mean())
    return float(np.mean(found))


def run(name: str, changes: Mapping[str, str]) -> dict[str, Any]:
    """The variables of a script after its end, its pictures left out."""
    text = (SCRIPTS / f"{name}_nest.py").read_text(encoding="utf-8")
    for old, new in changes.items():
        if old not in text:
            raise ValueError(f"{name}_nest.py has no {old!r}")
        text = text.replace(old, new)
    kept = [line for line in text.splitlines() if not line.startswith(("plt.", "nest.raster_plot."))]
    space: dict[str, Any] = {}
    exec("\n".join(kept), space)
    return space


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

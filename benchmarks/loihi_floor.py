"""What 8 bits cost a network: rates on the Loihi emulator against the float network, beside what chaos alone does.

1000 current-based neurons, sparse, inhibition dominates, about 14 spikes per second. The floor is the float network against itself with
initial membranes perturbed by a thousandth of the way from rest to threshold: a spike that moves by one step changes all later ones, so
single spikes cannot agree, rates can. ``python benchmarks/run.py loihi_floor`` runs 8 to 1 bits and draws
benchmarks/results/loihi_floor.png. Run as a script with a task as JSON it is the process of one seed.
"""

from __future__ import annotations

import json
import math
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from harness import RESULTS, Row, Session, at_most, command, emit, failures

NAME = "loihi_floor"
TITLE = "Rates of a balanced network of 1000 neurons on the Loihi emulator against float, beside the floor that chaos sets"
TIMED = False

NEURONS, EXCITATORY = 1000, 800
PROBABILITY = 0.1
STEPS = 2000  # of 1 ms
DELAYS = (1, 16)  # ms; drawn, so that the network does not oscillate
PERTURBED = 3
"""Runs that the floor is the mean of, per seed."""
BITS = (8, 7, 6, 5, 4, 3, 2, 1)
SEEDS = 8
FACTOR = 1.2


def run(session: Session) -> list[Row]:
    """The mean error over seeds for each number of bits, against the floor."""
    count = int(session.options.get("seeds", 1 if session.slice else SEEDS))
    bits = BITS[:1] if session.slice else BITS
    found = [taken(session, seed, bits) for seed in range(1, count + 1)]
    if any("error" in entry for entry in found):
        return failures(session)
    floor = mean(entry["floor"] for entry in found)
    rows = [
        Row("float: rate", "reported", f"{mean(entry['rate'] for entry in found):.1f} /s"),
        Row("float against float, membranes perturbed by 0.015 mV: rate error (the floor)", "reported", f"{100 * floor:.2f} %"),
    ]
    errors = {n: mean(entry["errors"][str(n)]["error"] for entry in found) for n in bits}
    for n, error in errors.items():
        alike = mean(entry["errors"][str(n)]["correlation"] for entry in found)
        measured = f"{100 * error:.2f} % ({error / floor:.2f} x floor; correlation of rates {alike:.3f})"
        if n == 8:
            # One seed says little: the floor itself differs between seeds by as much.
            met = None if session.slice else at_most(error, FACTOR * floor)
            rows.append(Row("8 bits: rate error", f"<= floor x {FACTOR}", measured, met))
        else:
            rows.append(Row(f"{n} bits: rate error", "reported", measured))
    if not session.slice:
        draw(errors, floor)
    print("\n".join(found[0]["report"]), flush=True)
    return rows + failures(session)


def mean(values: Any) -> float:
    """Of some numbers."""
    listed = list(values)
    return sum(listed) / len(listed) if listed else math.nan


def taken(session: Session, seed: int, bits: Sequence[int]) -> dict[str, Any]:
    """One seed, in a process of its own."""
    words = [sys.executable, str(Path(__file__).resolve()), json.dumps({"seed": seed, "bits": list(bits)})]
    entry: dict[str, Any] = session.measure(f"seed {seed}", lambda: command(words, timeout=900))
    return entry


def draw(errors: Mapping[int, float], floor: float) -> None:
    """Rate error against bits, and the floor."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(4.2, 2.6), layout="constrained")
    axes = figure.add_subplot()
    axes.plot(list(errors), [100 * error for error in errors.values()], "o-", color="#1b6ca8", label="Loihi emulator")
    axes.axhline(100 * floor, color="#777777", linestyle="--", label="float, perturbed by 0.015 mV")
    axes.set(xlabel="bits of a weight", ylabel="rate error [%]", xticks=list(errors), ylim=(0.0, None))
    axes.yaxis.set_major_formatter("{x:g}")
    axes.legend(frameon=False)
    axes.spines[["top", "right"]].set_visible(False)
    figure.savefig(RESULTS / "loihi_floor.png", dpi=110, metadata={"Software": None})


# ---- the process of one seed ----------------------------------------------------------------------------------------------
def network(seed: int, start: Any) -> Any:
    """Every neuron is driven above its threshold; inhibition balances. ``start``: (N,) initial membranes [mV]."""
    import neurosim as ns
    from neurosim.units import ms, mV, pA

    random = np.random.default_rng([seed, 1])
    drive = random.uniform(200, 300, NEURONS)
    cells = ns.Population(
        "cells", NEURONS, ns.neurons.lif_exponential, tau_m=20 * ms, tau_syn=5 * ms, I_e=drive * pA, v=start * mV, refractory=0 * ms
    )
    # One group of synapses per sign: who is connected is drawn here, so that both signs belong to one population.
    pairs = random.random((NEURONS, NEURONS)) < PROBABILITY
    size = np.where(np.arange(NEURONS) < EXCITATORY, 40.0, -280.0)[:, None] * random.normal(1.0, 0.1, pairs.shape)
    parts = []
    for name, chosen in (("excitatory", np.arange(NEURONS) < EXCITATORY), ("inhibitory", np.arange(NEURONS) >= EXCITATORY)):
        pre, post = np.nonzero(pairs & chosen[:, None])
        weight, delay = size[pre, post] * pA, random.integers(*DELAYS, len(pre)) * ms
        parts.append(ns.Projection(cells, cells, ns.pairs(pre, post), into="I_syn", weight=weight, delay=delay, name=name))
    return ns.Network(cells, *parts, ns.Probe(cells, "spikes"), seed=seed, name="balanced network")


def main() -> None:
    """The emulator against float at each number of bits, and float against itself."""
    from neurosim.hardware import loihi
    from neurosim.units import ms

    task = json.loads(sys.argv[1])
    seed = int(task["seed"])
    net = network(seed, np.random.default_rng([seed, 2]).uniform(-65.0, -50.0, NEURONS))
    found = {bits: loihi.fidelity(net, STEPS * ms, dt=1 * ms, bits=bits, repeats=PERTURBED) for bits in task["bits"]}
    losses = {bits: fidelity.losses[0] for bits, fidelity in found.items()}
    errors = {bits: {"error": loss.chip.rates, "correlation": loss.chip.correlation} for bits, loss in losses.items()}
    first = next(iter(losses.values()))
    report = str(loihi.plan(net, STEPS * ms, dt=1 * ms).quantisation).splitlines()
    emit({"rate": first.rate, "floor": first.floor.rates, "errors": errors, "report": report})


if __name__ == "__main__":
    main()

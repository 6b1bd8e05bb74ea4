"""What the classic models do over many trials: curves and boundaries against the published ones.

``--set models=ping,wang_decision`` chooses; ``--set trials=8`` takes fewer seeds. Run as a script with a task as JSON it is the process
of one measurement.
"""

from __future__ import annotations

import json
import math
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from harness import Row, Session, command, emit, failures, within

NAME = "classics"
TITLE = "Published curves of the classic models: gamma frequency, survival of volleys, psychometric curve, drift of a memory"
TIMED = False

COHERENCES = (0.0, 3.2, 6.4, 12.8, 25.6, 51.2)
DECAYS = (5.0, 7.0, 9.0, 11.0, 13.0)  # ms; with 15 ms the volleys fall apart
WIDTHS = (70, 80, 90, 100)
SPREADS, SPIKES = (0.0, 1.0, 2.0, 3.0, 4.0, 5.0), (40.0, 50.0, 60.0, 70.0, 80.0, 90.0, 100.0, 110.0)


def run(session: Session) -> list[Row]:
    """Measure what was chosen."""
    rows: list[Row] = []
    for name in session.options.get("models", ",".join(MEASURES)).split(","):
        rows += MEASURES[name](session)
    return rows + failures(session)


def taken(session: Session, key: str, task: Mapping[str, Any]) -> dict[str, Any]:
    """A measurement in a process of its own."""
    words = [sys.executable, str(Path(__file__).resolve()), json.dumps(dict(task))]
    entry: dict[str, Any] = session.measure(key, lambda: command(words, timeout=3600))
    return entry


def trials(session: Session, usual: int) -> list[int]:
    """Seeds."""
    return list(range(1, int(session.options.get("trials", usual)) + 1))


def at_each(values: Sequence[float], places: Sequence[float], unit: str) -> str:
    """A curve in words."""
    return ", ".join(f"{place:g}: {value:.3g}" for place, value in zip(places, values)) + f" {unit}"


# ---- The models -----------------------------------------------------------------------------------------------------
def measure_ping(session: Session) -> list[Row]:
    """Frequency against the decay of inhibition."""
    seeds = trials(session, 3)
    found = [taken(session, f"ping tau {tau:g}", {"what": "ping", "tau": tau, "seeds": seeds}) for tau in DECAYS]
    if any("error" in entry for entry in found):
        return []
    means = [sum(entry["frequency"]) / len(seeds) for entry in found]
    falling = all(a > b for a, b in zip(means, means[1:]))
    return [
        Row("ping: frequency at 9 ms", "30 to 80 Hz", f"{means[DECAYS.index(9.0)]:.1f} Hz", within([means[DECAYS.index(9.0)]], 30, 80)),
        Row("ping: frequency by decay of inhibition [ms]", "falls", at_each(means, DECAYS, "Hz"), falling),
    ]


def measure_synfire(session: Session) -> list[Row]:
    """The plane of (sigma, a), the attractor, and how narrow groups may be."""
    chains = len(trials(session, 16))
    flow = taken(session, "synfire plane", {"what": "synfire", "trials": chains, "seeds": [1]})
    widths = [taken(session, f"synfire width {w}", {"what": "synfire width", "width": w, "trials": chains, "seeds": [1]}) for w in WIDTHS]
    if any("error" in entry for entry in (flow, *widths)):
        return []
    shares = [entry["survived"] for entry in widths]
    rows = [
        Row("synfire: background", "2 /s", f"{flow['background']:.2f} /s", within([flow["background"]], 1.7, 2.4)),
        Row("synfire: attractor, spikes", "90 to 100", f"{flow['a']:.1f}", within([flow["a"]], 90, 100)),
        Row("synfire: attractor, spread", "below 1 ms", f"{flow['sigma']:.2f} ms", within([flow["sigma"]], 0, 1)),
        Row("synfire: survival by width of the groups", "from 90 on", at_each(shares, WIDTHS, ""), shares[1] < 0.5 < shares[2]),
    ]
    for spread, row in zip(SPREADS, flow["plane"]):
        rows.append(Row(f"synfire: survival by spikes, sigma {spread:g} ms", "reported", at_each(row, SPIKES, "")))
    return rows


def measure_wang(session: Session) -> list[Row]:
    """Choices and decision times by coherence."""
    seeds = trials(session, 20)
    found = [taken(session, f"wang coherence {c:g}", {"what": "wang", "coherence": c, "seeds": seeds}) for c in COHERENCES]
    if any("error" in entry for entry in found):
        return []
    correct = [sum(choice == "A" for choice in entry["choice"]) / max(sum(choice != "" for choice in entry["choice"]), 1) for entry in found]
    times = [_mean(entry["time"]) for entry in found]
    undecided = sum(choice == "" for entry in found for choice in entry["choice"])
    return [
        Row("wang: correct at 51.2 %", "1", f"{correct[-1]:.2f}", within([correct[-1]], 0.95, 1)),
        Row("wang: correct at 6.4 %", "0.6 to 0.9", f"{correct[2]:.2f}", within([correct[2]], 0.6, 0.9)),
        Row("wang: share of A by coherence [%]", "rises", at_each(correct, COHERENCES, ""), correct[1] < correct[3] <= correct[5]),
        Row("wang: decision time by coherence [%]", "falls", at_each(times, COHERENCES, "ms"), times[0] > times[3] > times[5]),
        Row("wang: winner at the end of 1 s, 51.2 %", "20 to 40 Hz", f"{found[-1]['winner']:.1f} Hz", within([found[-1]["winner"]], 20, 40)),
        Row("wang: loser then", "below 5 Hz", f"{found[-1]['loser']:.1f} Hz", within([found[-1]["loser"]], 0, 5)),
        Row("wang: trials without a decision", "reported", str(undecided)),
    ]


def measure_ring(session: Session) -> list[Row]:
    """Whether the bump lasts, and how far it drifts."""
    seeds = trials(session, 8)
    entry = taken(session, "ring", {"what": "ring", "seeds": seeds})
    if "error" in entry:
        return []
    drift = entry["drift"]
    spread = math.sqrt(sum(d * d for d in drift) / len(drift))
    lasting = sum(length > 0.3 for length in entry["length"])
    return [
        Row("ring: bumps that last 1.75 s", f"{len(drift)} of {len(drift)}", f"{lasting} of {len(drift)}", lasting == len(drift)),
        Row("ring: spontaneous rate before the cue", "about 3 /s", f"{_mean(entry['before']):.2f} /s", within([_mean(entry["before"])], 1, 4)),
        Row("ring: rate at the middle of the bump", "above 10 /s", f"{_mean(entry['peak']):.1f} /s", within([_mean(entry["peak"])], 10, 60)),
        Row("ring: drift after 1.5 s of delay, root mean square", "reported", f"{spread:.1f} degrees"),
    ]


def _mean(values: Sequence[float | None]) -> float:
    known = [value for value in values if value is not None]
    return sum(known) / len(known) if known else math.nan


MEASURES = {"ping": measure_ping, "synfire_chain": measure_synfire, "wang_decision": measure_wang, "ring_attractor": measure_ring}


# ---- One measurement --------------------------------------------------------------------------------------------------
def measured(task: Mapping[str, Any]) -> dict[str, Any]:
    """Run a task in this process."""
    taking = {"ping": take_ping, "synfire": take_synfire, "synfire width": take_width, "wang": take_wang, "ring": take_ring}
    return taking[task["what"]](task)


def take_ping(task: Mapping[str, Any]) -> dict[str, Any]:
    """Frequencies of 600 ms."""
    import neurosim as ns
    from neurosim.models import ping
    from neurosim.units import ms

    nets = [ping.network(tau_inhibition=task["tau"] * ms, seed=seed) for seed in task["seeds"]]
    return {"frequency": [ping.frequency(ns.simulate(net, 600 * ms, dt=ping.DT, progress=False)) for net in nets]}


def take_synfire(task: Mapping[str, Any]) -> dict[str, Any]:
    """Share of surviving volleys for each packet of the plane, and where they end."""
    import neurosim as ns
    from neurosim.models import synfire_chain as synfire

    packets = tuple((a, sigma) for sigma in SPREADS for a in SPIKES)
    net = synfire.network(packets=packets, trials=task["trials"], seed=task["seeds"][0])
    result = ns.simulate(net, synfire.DURATION, progress=False)
    found = synfire.volleys(result)
    lasting = found.survived
    times, _ = result["chains"].spikes
    before = ((times >= 20.0) & (times < 45.0)).sum() / result["chains"].size / 25e-3  # the broadest packet begins at 45 ms
    plane = lasting.reshape(len(SPREADS), len(SPIKES), -1).mean(axis=2)
    ends = {"a": float(found.a[lasting, -1].mean()), "sigma": float(found.sigma[lasting, -1].mean())}
    return {"plane": plane.tolist(), "background": float(before), **ends}


def take_width(task: Mapping[str, Any]) -> dict[str, Any]:
    """Share of chains of twenty groups that a fully synchronous volley of the whole group passes."""
    import neurosim as ns
    from neurosim.models import synfire_chain as synfire
    from neurosim.units import ms

    width = task["width"]
    net = synfire.network(packets=((float(width), 0.0),), trials=task["trials"], width=width, groups=20, seed=task["seeds"][0])
    found = synfire.volleys(ns.simulate(net, 260 * ms, progress=False), width=width, groups=20)
    return {"survived": float((found.a[:, -1] > 0.5 * width).mean()), "a": found.a.mean(axis=0).tolist()}


def take_wang(task: Mapping[str, Any]) -> dict[str, Any]:
    """Choices, decision times and rates; the stimulus stays on for 2 s."""
    import neurosim as ns
    from neurosim.models import wang_decision as wang
    from neurosim.units import ms

    choices, times, rates = [], [], []
    for seed in task["seeds"]:
        net = wang.network(coherence=task["coherence"], stimulus_duration=2000 * ms, seed=seed)
        result = ns.simulate(net, 2500 * ms, progress=False)
        found = wang.decision(result)
        choices.append(found.choice)
        times.append(found.time if found.choice else None)
        late = result.between(1300 * ms, 1500 * ms)
        rates.append(sorted(float(late[name].rate.mean()) for name in ("A", "B")))
    number = len(rates)
    return {"choice": choices, "time": times, "loser": sum(r[0] for r in rates) / number, "winner": sum(r[1] for r in rates) / number}


def take_ring(task: Mapping[str, Any]) -> dict[str, Any]:
    """Direction of the bump after the delay relative to that just after the cue, and rates."""
    import numpy as np

    import neurosim as ns
    from neurosim.models import ring_attractor as ring
    from neurosim.units import ms

    found: dict[str, list[float]] = {"drift": [], "length": [], "before": [], "peak": []}
    for seed in task["seeds"]:
        result = ns.simulate(ring.network(seed=seed), ring.DURATION, progress=False)
        times, direction, length = ring.population_vector(result)
        first, last = int(np.searchsorted(times, 875.0)), len(times) - 1
        found["drift"].append(float((direction[last] - direction[first] + 180.0) % 360.0 - 180.0))
        found["length"].append(float(length[last]))
        found["before"].append(float(result.between(250 * ms, 500 * ms)["exc"].rate.mean()))
        rate = result.between(2000 * ms, 2500 * ms)["exc"].rate
        size = len(rate)
        middle = round(direction[last] / 360.0 * size)
        near = (np.arange(size) - middle + size // 2) % size - size // 2
        found["peak"].append(float(rate[np.abs(near) <= size // 36].mean()))
    return {name: list(values) for name, values in found.items()}


if __name__ == "__main__":
    emit(measured(json.loads(sys.argv[1])))

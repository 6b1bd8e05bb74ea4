"""The cortical microcircuit at 10 % in the integers of a chip: cores, rates against the float network, a cut through Lava.

Current-based neurons, Poisson background drawn once for both (frozen), 1 s in steps of 0.1 ms; the longest delay of the model is the
longest of the chip. The cut: 300 neurons of all populations that receive what they receive in the whole network, the rest of which is
a recording; in Lava without their refractory time, which its fixed-point neuron does not have. ``--set parts=whole`` leaves Lava out.
Run as a script with a task as JSON it is the process of one part.
"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from harness import Row, Session, command, emit, failures

from neurosim.models import microcircuit

NAME = "loihi_microcircuit"
TITLE = "The microcircuit at 10 % on the Loihi emulator: cores, rates against float, a cut of 300 neurons through Lava"
TIMED = False

LAYERS = microcircuit.layers
CHIPS = ("loihi1", "loihi2")
SHARE, LEAST = 0.1, 0.2
"""Rates may differ by this share, or by this many Hz."""
CUT, CUT_STEPS = 300, 2000
PATIENCE = 120.0


def run(session: Session) -> list[Row]:
    """The whole network, then the cut."""
    duration = 100 if session.slice else 1000
    parts = session.options.get("parts", "whole" if session.slice else "whole,cut").split(",")
    rows: list[Row] = []
    if "whole" in parts:
        found = taken(session, f"whole {duration} ms", {"part": "whole", "duration_ms": duration, "seed": 1})
        if "error" not in found:
            rows += of_whole(found, judged=not session.slice)
    if "cut" in parts:
        found = taken(session, "cut", {"part": "cut", "steps": CUT_STEPS, "seed": 1})
        if "error" not in found:
            rows += of_cut(found)
    return rows + failures(session)


def taken(session: Session, key: str, task: Mapping[str, Any]) -> dict[str, Any]:
    """One part, in a process of its own."""
    words = [sys.executable, str(Path(__file__).resolve()), json.dumps(dict(task))]
    entry: dict[str, Any] = session.measure(key, lambda: command(words, timeout=3600))
    return entry


def of_whole(found: Mapping[str, Any], judged: bool) -> Iterator[Row]:
    """Cores and rates."""
    for chip in CHIPS:
        yield Row(f"{chip}: cores, chips, and the resource that binds", "reported", found["placement"][chip]["text"])
    for name in LAYERS:
        wanted, got = found["native"][name], found["emulator"][name]
        met = abs(got - wanted) <= max(SHARE * wanted, LEAST)
        yield Row(f"{name}: rate on the emulator, in float", "10 % or 0.2 Hz", f"{got:.3f} /s, {wanted:.3f} /s", met if judged else None)
    slower = found["emulator_cpu_s"] / (found["steps"] * found["dt_ms"] / 1e3)
    yield Row("emulator: CPU seconds per simulated second", "reported", f"{slower:.2f}")
    energy = found["energy_per_step_nJ"]
    yield Row("estimated energy per step, loihi2", "reported", f"{energy:.3g} nJ ({found['constants']})")


def of_cut(found: Mapping[str, Any]) -> Iterator[Row]:
    """Whether three runs agree."""
    same = found["same_as_whole"]
    yield Row(
        f"a cut of {found['neurons']} neurons: spikes as in the whole network", "equal", f"{same['differing']} of {same['spikes']} differ",
        same["differing"] == 0 and same["spikes"] > 0,
    )  # fmt: skip
    other = found["lava"]
    yield Row(
        "the cut through Lava, without refractory time: spikes, u and v of each step", "bit-equal",
        f"{other['differing']} of {other['values']:,} values differ ({other['spikes']} spikes, {other['steps']} steps)",
        other["differing"] == 0 and other["spikes"] > 0,
    )  # fmt: skip


# ---- the process of one part ----------------------------------------------------------------------------------------------
def program_of(duration_ms: float, seed: int) -> Any:
    """The frozen network: the same Poisson spikes for every engine."""
    import neurosim as ns
    from neurosim.units import ms

    return ns.freeze(ns.lower(microcircuit.network(scale=0.1, seed=seed), duration_ms * ms))


def rates(counts: Mapping[str, Any], seconds: float) -> dict[str, float]:
    """Mean rate of each population [/s]."""
    return {name: float(np.sum(values)) / len(values) / seconds for name, values in counts.items()}


def whole(task: Mapping[str, Any]) -> dict[str, Any]:
    """The network in float and in integers."""
    import neurosim as ns
    from neurosim.hardware import loihi
    from neurosim.hardware.loihi.answers import fitting
    from neurosim.hardware.loihi.emulator import Emulator

    program = program_of(task["duration_ms"], task["seed"])
    seconds = task["duration_ms"] / 1e3
    result = ns.simulate(program, backend="native")
    native = {name: np.bincount(result[name].indices, minlength=result[name].size) for name in LAYERS}
    prepared = loihi.plan(program, chip="loihi2")
    emulator = Emulator.of(prepared.plan, record=False)
    clock = time.process_time()
    emulator.run()
    spent = time.process_time() - clock
    counts = {group.name: emulator.counts(group.name) for group in prepared.plan.neurons}
    report = loihi.report(prepared.plan, counts)
    places = {chip: loihi.place(prepared.plan, chip=chip) for chip in CHIPS}
    return {
        "native": rates(native, seconds),
        "emulator": rates({name: counts[name] for name in LAYERS}, seconds),
        "emulator_cpu_s": spent,
        "steps": prepared.plan.steps,
        "dt_ms": prepared.plan.dt,
        "placement": {
            chip: {"text": fitting(place), "cores": place.cores, "chips": place.chips, "utilisation": place.utilisation()}
            for chip, place in places.items()
        },
        "energy_per_step_nJ": report.estimate.energy_per_step * 1e9,
        "constants": report.estimate.constants.name,
        "synapses": sum(len(some) for some in prepared.plan.synapses),
        "report": [*str(report).splitlines(), *prepared.quantisation.lines()],
    }  # fmt: skip


def chosen_neurons(plan: Any) -> dict[str, Any]:
    """By population the neurons of the cut, spread evenly, in proportion to its size."""
    total = sum(plan.group(name).size for name in LAYERS)
    edges = np.cumsum([0, *(plan.group(name).size for name in LAYERS)]) * CUT / total
    counts = np.diff(np.round(edges).astype(int))
    return {name: np.linspace(0, plan.group(name).size - 1, count).astype(int) for name, count in zip(LAYERS, counts.tolist())}


def cut_of(plan: Any, chosen: Mapping[str, Any], spikes: Mapping[str, Any]) -> Any:
    """The plan of some neurons; of all others it has the recorded (steps, indices, payloads), which arrive as they do in the whole."""
    from neurosim.hardware.loihi.merge import VECTORS
    from neurosim.hardware.loihi.plan import Recording

    new = {name: np.full(plan.group(name).size, -1) for name in chosen}
    neurons, stimuli, synapses = [], [], []
    for name, which in chosen.items():
        new[name][which] = np.arange(len(which))
        group = plan.group(name)
        values = {vector: np.broadcast_to(np.asarray(getattr(group, vector)), (group.size,))[which] for vector in VECTORS}
        neurons.append(replace(group, size=len(which), **values))
    for some in plan.synapses:
        some = replace(some, delay=np.broadcast_to(np.asarray(some.delay), (len(some),)))
        inside = new[some.target][some.post] >= 0
        known = new[some.source][some.pre] >= 0 if some.source in new else np.zeros(len(some), bool)
        post = new[some.target][some.post]
        if (inside & known).any():
            kept = inside & known
            synapses.append(picked(some, some.name, some.source, kept, new[some.source][some.pre[kept]], post[kept]))
        if (inside & ~known).any():
            group, stimulus, edges = recorded(some, inside & ~known, post, spikes[some.source])
            neurons.append(group)
            stimuli.append(stimulus)
            synapses.append(edges)
    recordings = tuple(Recording(name, variable) for name in chosen for variable in ("spikes", "u", "v"))
    return replace(plan, neurons=tuple(neurons), synapses=tuple(synapses), stimuli=tuple(stimuli), recordings=recordings)


def picked(some: Any, name: str, source: str, kept: Any, pre: Any, post: Any) -> Any:
    """Some of the synapses, between other groups."""
    order = np.lexsort((post, pre))
    return replace(
        some, name=name, source=source, pre=pre[order], post=post[order], weight=some.weight[kept][order], delay=some.delay[kept][order]
    )


def recorded(some: Any, kept: Any, post: Any, spikes: Any) -> tuple[Any, Any, Any]:
    """A source for each (neuron, delay) that these synapses have: its recorded spikes, later by the delay, and synapses without one."""
    from neurosim.hardware.loihi.plan import Neurons, Stimulus

    order = np.lexsort((post[kept], some.delay[kept], some.pre[kept]))
    pre, delay, target = some.pre[kept][order], some.delay[kept][order], post[kept][order]
    # A second synapse of the same neurons and delay comes from a second source: a matrix has one entry for a pair.
    again = np.concatenate([[False], (pre[1:] == pre[:-1]) & (delay[1:] == delay[:-1]) & (target[1:] == target[:-1])])
    places = np.arange(len(pre))
    layer = places - np.maximum.accumulate(np.where(again, 0, places))
    sources, local = np.unique(np.stack([pre, delay, layer]), axis=1, return_inverse=True)
    steps, indices, payloads = spikes
    first, last = np.searchsorted(sources[0], indices), np.searchsorted(sources[0], indices, side="right")
    count = last - first
    event = np.repeat(np.arange(len(indices)), count)
    which = np.arange(len(event)) - np.repeat(np.cumsum(count) - count, count) + np.repeat(first, count)
    when = steps[event] + sources[1][which]
    sorted_by_step = np.lexsort((which, when))
    name = f"{some.name} recorded"
    stimulus = Stimulus(name, when[sorted_by_step], which[sorted_by_step], payloads[event][sorted_by_step])
    bare = replace(some, weight=some.weight[kept][order], delay=np.zeros(len(order), int))
    edges = picked(bare, name, name, slice(None), local.reshape(-1), target)
    return Neurons(name, sources.shape[1], "source"), stimulus, edges


def cut(task: Mapping[str, Any]) -> dict[str, Any]:
    """The cut against the whole, and through Lava."""
    from neurosim.hardware import loihi
    from neurosim.hardware.loihi import lava
    from neurosim.hardware.loihi.emulator import Emulator

    steps = int(task["steps"])
    plan = loihi.plan(program_of(steps / 10, task["seed"]), chip="loihi2").plan
    emulator = Emulator.of(plan)
    emulator.run()
    spikes = {group.name: emulator.spikes(group.name) for group in plan.neurons}
    spikes.update({stimulus.group: (stimulus.steps, stimulus.indices, stimulus.payloads) for stimulus in plan.stimuli})
    chosen = chosen_neurons(plan)
    part = cut_of(plan, chosen, spikes)
    same = Emulator.of(part)
    same.run()
    differing = total = 0
    for name, which in chosen.items():
        when, who, _ = spikes[name]
        inside = np.isin(who, which)
        wanted = set(zip(when[inside].tolist(), np.searchsorted(which, who[inside]).tolist()))
        got = set(zip(*(values.tolist() for values in same.spikes(name)[:2])))
        differing += len(wanted ^ got)
        total += len(wanted)
    free = replace(part, neurons=tuple(replace(group, refractory=1) for group in part.neurons))
    here = Emulator.of(free)
    here.run()
    there = lava.run(free, patience=PATIENCE)
    return {
        "neurons": sum(len(which) for which in chosen.values()),
        "same_as_whole": {"differing": differing, "spikes": total},
        "lava": {**compared(free, here, there), "steps": steps, **{name: there.info[name] for name in ("run_cpu_s", "processes", "python")}},
    }


def compared(plan: Any, here: Any, there: Any) -> dict[str, int]:
    """Spikes, u and v of all steps."""
    traces = {(r.part, r.variable): values for r, (_, values) in zip(here.recordings, here.traces())}
    differing = values = spikes = 0
    for (name, variable), wanted in traces.items():
        got = there.trace(name, variable)
        values += wanted.size
        differing += int((wanted != got).sum()) if wanted.shape == got.shape else wanted.size
    for name in {recording.part for recording in plan.recordings}:
        mine, theirs = (set(zip(*(column.tolist() for column in source.spikes(name)))) for source in (here, there))
        differing += len(mine ^ theirs)
        spikes += len(mine)
        values += plan.steps * plan.group(name).size
    return {"differing": differing, "values": values, "spikes": spikes}


if __name__ == "__main__":
    asked = json.loads(sys.argv[1])
    emit({"whole": whole, "cut": cut}[asked["part"]](asked))

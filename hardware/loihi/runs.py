"""A plan runs, on the emulator or with Lava, and what it did is a :class:`~neurosim.hardware.loihi.recorded.Recorded`."""

from __future__ import annotations

import numpy as np

from neurosim.hardware.loihi import lava
from neurosim.hardware.loihi.emulator import Emulator
from neurosim.hardware.loihi.plan import LoihiPlan, Recording
from neurosim.hardware.loihi.recorded import Recorded, Register, lavas_rounding, sorted_spikes

REGISTERS = ("u", "v")


def emulated(plan: LoihiPlan) -> Recorded:
    """Run a plan on the emulator."""
    emulator = Emulator.of(plan)
    emulator.run()
    spikes = {name: sorted_spikes(*emulator.spikes(name)) for name in spiking(plan)}
    traces = zip(emulator.recordings, emulator.traces(), strict=True)
    registers = {(r.part, r.variable): Register(steps, members(plan, r), values) for r, (steps, values) in traces}
    if emulator.learning is not None:
        for number, recording in enumerate(emulator.learning.watched):
            steps, values = emulator.learning.recorded(number, emulator.step)
            registers[recording.part, recording.variable] = Register(steps, members(plan, recording), values)
    return Recorded(plan.digest(), plan.steps, "the emulator", spikes, registers)


def emulated_counts(plan: LoihiPlan) -> dict[str, np.ndarray]:
    """Group -> (N,) spikes of each neuron in a run on the emulator."""
    emulator = Emulator.of(plan, record=False)
    emulator.run()
    return {group.name: emulator.counts(group.name) for group in plan.neurons}


def by_lava(plan: LoihiPlan, *, precision: str = "fixed") -> Recorded:
    """Run a plan with Lava, in a process and an environment of its own; what is learnt is rounded by Lava's random numbers."""
    run = lava.run(lavas_rounding(plan), precision=precision)
    spikes = {name: sorted_spikes(*run.spikes(name)) for name in spiking(plan)}
    synapses = {some.name: some for some in plan.synapses if some.learning is not None}
    registers = {}
    for recording in plan.recordings:
        part, variable, of = recording.part, recording.variable, members(plan, recording)
        steps = np.arange(recording.at % recording.every, plan.steps, recording.every)
        if variable in REGISTERS:
            registers[part, variable] = Register(steps, of, run.trace(part, variable)[steps][:, of])
        elif part in synapses:
            values = run.watch(part, variable)[:, synapses[part].post[of], synapses[part].pre[of]]
            registers[part, variable] = Register(steps, of, values)
    info = {name: str(value) for name, value in run.info.items()}
    return Recorded(plan.digest(), plan.steps, "Lava on the CPU", spikes, registers, {**info, "rounding": "lava"} if synapses else info)


def spiking(plan: LoihiPlan) -> tuple[str, ...]:
    """Groups whose spikes a plan records."""
    return tuple(dict.fromkeys(recording.part for recording in plan.recordings if recording.variable == "spikes"))


def members(plan: LoihiPlan, recording: Recording) -> np.ndarray:
    """(K,) the neurons or synapses that a recording is of."""
    sizes = {group.name: group.size for group in plan.neurons} | {some.name: len(some) for some in plan.synapses}
    return np.arange(sizes[recording.part]) if recording.of is None else np.asarray(recording.of, np.int64)

"""A plan runs, on the emulator or with Lava, and what it did is a :class:`~neurosim.hardware.loihi.recorded.Recorded`."""

from __future__ import annotations

import numpy as np

from neurosim.hardware.loihi import lava
from neurosim.hardware.loihi.emulator import Emulator
from neurosim.hardware.loihi.plan import LoihiPlan, Recording
from neurosim.hardware.loihi.recorded import Recorded, Register, sorted_spikes

REGISTERS = ("u", "v")


def emulated(plan: LoihiPlan) -> Recorded:
    """Run a plan on the emulator."""
    emulator = Emulator.of(plan)
    emulator.run()
    spikes = {name: sorted_spikes(*emulator.spikes(name)) for name in spiking(plan)}
    traces = zip(emulator.recordings, emulator.traces(), strict=True)
    registers = {(r.part, r.variable): Register(steps, members(plan, r), values) for r, (steps, values) in traces}
    return Recorded(plan.digest(), plan.steps, "the emulator", spikes, registers)


def emulated_counts(plan: LoihiPlan) -> dict[str, np.ndarray]:
    """Group -> (N,) spikes of each neuron in a run on the emulator."""
    emulator = Emulator.of(plan, record=False)
    emulator.run()
    return {group.name: emulator.counts(group.name) for group in plan.neurons}


def by_lava(plan: LoihiPlan, *, precision: str = "fixed") -> Recorded:
    """Run a plan with Lava, in a process and an environment of its own."""
    run = lava.run(plan, precision=precision)
    spikes = {name: sorted_spikes(*run.spikes(name)) for name in spiking(plan)}
    registers = {}
    for recording in plan.recordings:
        if recording.variable in REGISTERS:
            steps = np.arange(plan.steps)
            steps = steps[steps % recording.every == recording.at % recording.every]
            of = members(plan, recording)
            registers[recording.part, recording.variable] = Register(steps, of, run.trace(recording.part, recording.variable)[steps][:, of])
    info = {name: str(value) for name, value in run.info.items()}
    return Recorded(plan.digest(), plan.steps, "Lava on the CPU", spikes, registers, info)


def spiking(plan: LoihiPlan) -> tuple[str, ...]:
    """Groups whose spikes a plan records."""
    return tuple(dict.fromkeys(recording.part for recording in plan.recordings if recording.variable == "spikes"))


def members(plan: LoihiPlan, recording: Recording) -> np.ndarray:
    """(K,) the neurons that a recording is of."""
    return np.arange(plan.group(recording.part).size) if recording.of is None else np.asarray(recording.of, np.int64)

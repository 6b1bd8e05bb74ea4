"""Whether what came back from a chip is what the emulator computes, value by value, and where not.

After a spike a Loihi's voltage register reads 128 times the remaining steps of its refractory time (128 in the spike's own step, where
there is none), not the reset value; that is known and counted apart. Seen in a recording of a Loihi 2: 996 of 1000 voltages equal, the four
others read 128 in the steps of the four spikes (data published with NIR, Pedersen et al. 2024, doi 10.1038/s41467-024-52259-9).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from neurosim.hardware.loihi.plan import LoihiPlan
from neurosim.hardware.loihi.recorded import Recorded, Register, Spikes, lavas_rounding
from neurosim.hardware.loihi.runs import emulated

Array = np.ndarray
AFTER_SPIKE = 128
REMARK = (
    "a chip rounds what it learns with random numbers of its own: weights and tags that differ by rounding, and spikes that follow from"
    " them, say nothing against it; a rule without fractions has to agree"
)
SHIFTS = (-3, -2, -1, 1, 2, 3)
"""Steps by which a whole group is tried to be moved where its spikes differ."""


@dataclass(frozen=True)
class SpikesFound:
    """Spikes of a group: how many were expected and came, the (step, neuron) of the first difference, by how many steps all are moved."""

    group: str
    expected: int
    got: int
    first: tuple[int, int] | None = None
    shift: int = 0

    @property
    def ok(self) -> bool:
        """Whether all are equal."""
        return self.first is None

    def __str__(self) -> str:
        if self.ok:
            return f"spikes of {self.group}: all {self.expected:,} equal"
        step, neuron = self.first or (0, 0)
        moved = f"; all are equal if moved by {self.shift} steps" if self.shift else ""
        return f"spikes of {self.group}: {self.got:,}, expected {self.expected:,}; the first that differs is of neuron {neuron} in step {step}{moved}"


@dataclass(frozen=True)
class RegisterFound:
    """Values of u or v of neurons, or of w, t or d of synapses: how many are equal, how many are the chip's reading after a spike."""

    group: str
    variable: str
    values: int
    equal: int
    after_spike: int
    first: tuple[int, int, int, int] | None = None

    @property
    def ok(self) -> bool:
        """Whether every value is equal or known to read otherwise."""
        return self.values == self.equal + self.after_spike

    def __str__(self) -> str:
        counts = f"all {self.values:,}" if self.equal == self.values else f"{self.equal:,} of {self.values:,}"
        text = f"{self.variable} of {self.group}: {counts} equal"
        if self.after_spike:
            text += f", {self.after_spike:,} are the chip's {AFTER_SPIKE} after a spike"
        if self.first is not None:
            step, neuron, got, expected = self.first
            text += f"; the first other one is of {'neuron' if self.variable in 'uv' else 'synapse'} {neuron} in step {step}: {got}, expected {expected}"
        return text


@dataclass(frozen=True)
class Verification:
    """All comparisons of a record with what the emulator computes.

    ``problems``: what could not be compared; ``remark``: what to know of a difference.
    """

    by: str
    spikes: tuple[SpikesFound, ...]
    registers: tuple[RegisterFound, ...]
    problems: tuple[str, ...] = ()
    remark: str = ""

    @property
    def ok(self) -> bool:
        """Whether everything that was expected is there and equal."""
        return not self.problems and all(found.ok for found in self.spikes) and all(found.ok for found in self.registers)

    def lines(self) -> Iterator[str]:
        """For people."""
        yield f"recorded by {self.by}: {'as the emulator computes' if self.ok else 'it differs from what the emulator computes'}"
        for found in (*self.problems, *self.spikes, *self.registers):
            yield f"  {found}"
        if self.remark and not self.ok:
            yield f"  {self.remark}"

    def __str__(self) -> str:
        return "\n".join(self.lines())


def verified(plan: LoihiPlan, expected: Recorded, got: Recorded) -> Verification:
    """Compare a record with the expected one; where something learns and Lava ran it, with an emulation that rounds as Lava does."""
    if got.plan != expected.plan:
        return Verification(got.by, (), (), (f"it is a record of another plan: {got.plan[:16]}, expected {expected.plan[:16]}",))
    rules = [some.learning for some in plan.synapses if some.learning is not None]
    as_lava = got.info.get("rounding") == "lava"
    if as_lava and any(rule.rounding != "lava" for rule in rules):
        expected = emulated(lavas_rounding(plan))
    problems = [] if got.steps == expected.steps else [f"it has {got.steps} steps, expected {expected.steps}"]
    problems += [f"spikes of {name} were not recorded" for name in expected.spikes if name not in got.spikes]
    problems += [f"{variable} of {name} was not recorded" for name, variable in expected.registers if (name, variable) not in got.registers]
    spikes = tuple(spikes_found(name, wanted, got.spikes[name]) for name, wanted in expected.spikes.items() if name in got.spikes)
    registers = []
    for (name, variable), wanted in expected.registers.items():
        found = got.registers.get((name, variable))
        if found is not None and not same_places(wanted, found):
            problems.append(f"{variable} of {name} has {extent(found)}, expected {extent(wanted)}")
        elif found is not None:
            registers.append(register_found(plan, name, variable, wanted, found, expected.spikes.get(name)))
    own = bool(rules) and not as_lava and got.by != expected.by
    return Verification(got.by, spikes, tuple(registers), tuple(problems), REMARK if own else "")


def same_places(expected: Register, got: Register) -> bool:
    """Whether two registers are of the same steps and the same neurons or synapses."""
    return np.array_equal(expected.steps, got.steps) and np.array_equal(expected.of, got.of) and got.values.shape == expected.values.shape


def extent(register: Register) -> str:
    """Which steps and how many of what, in words."""
    steps = register.steps
    which = f" ({steps[0]} ... {steps[-1]})" if len(steps) else ""
    return f"values of {len(register.of)} in {len(steps)} steps{which}"


def spikes_found(group: str, expected: Spikes, got: Spikes) -> SpikesFound:
    """Where two lists of spikes part."""
    first = parting(expected, got)
    shift = 0
    if first is not None and len(expected) == len(got) and len(got):
        shift = next((k for k in SHIFTS if parting(Spikes(expected.steps + k, expected.indices, expected.payloads), got) is None), 0)
    return SpikesFound(group, len(expected), len(got), first, shift)


def parting(expected: Spikes, got: Spikes) -> tuple[int, int] | None:
    """(step, neuron) of the earliest spike that only one list has, or that carries another number; None where there is none."""
    known, found = ({*zip(s.steps.tolist(), s.indices.tolist(), s.payloads.tolist(), strict=True)} for s in (expected, got))
    apart = min(known ^ found, default=None)
    return None if apart is None else apart[:2]


def register_found(plan: LoihiPlan, group: str, variable: str, expected: Register, got: Register, spikes: Spikes | None) -> RegisterFound:
    """Values that are equal, and those that are the chip's reading after a spike."""
    same = got.values == expected.values
    known = np.zeros(same.shape, bool)
    if variable == "v" and spikes is not None:
        known = ~same & (got.values == AFTER_SPIKE * remaining(plan, group, spikes)[expected.steps][:, expected.of]) & (got.values > 0)
    other = np.argwhere(~same & ~known)
    first = None
    if len(other):
        row, column = other[0].tolist()
        first = (int(expected.steps[row]), int(expected.of[column]), int(got.values[row, column]), int(expected.values[row, column]))
    return RegisterFound(group, variable, int(same.size), int(same.sum()), int(known.sum()), first)


def remaining(plan: LoihiPlan, name: str, spikes: Spikes) -> Array:
    """(T, N) steps that are left of a refractory time, its first step counted; 0 outside."""
    group = plan.group(name)
    hold = np.broadcast_to(np.maximum(np.asarray(group.refractory), 1), (group.size,))
    left = np.zeros((plan.steps + int(hold.max(initial=1)), group.size), np.int64)
    for late in range(int(hold.max(initial=1))):
        chosen = hold[spikes.indices] > late
        left[spikes.steps[chosen] + late, spikes.indices[chosen]] = hold[spikes.indices[chosen]] - late
    return left[: plan.steps]

"""Energy and time of a run on a chip, estimated from counts of events with the constants of one named profile.

Every constant is somebody else's and says whose; none was measured here. The sets differ by factors, so a report names its set.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from types import MappingProxyType

import numpy as np

from neurosim.hardware.loihi.place import Placement, axons_of
from neurosim.hardware.loihi.plan import LoihiPlan

PICO, NANO = 1e-12, 1e-9


@dataclass(frozen=True)
class Constants:
    """Energies [J] and times [s] per event; ``barrier``: time of the synchronisation of a step by number of tiles."""

    name: str
    source: str
    update_active: float
    update_idle: float
    synapse: float
    spike: float
    hop: float
    learning: float
    update_time: float
    synapse_time: float
    spike_time: float
    barrier: tuple[tuple[int, float], ...]

    def barrier_time(self, tiles: int) -> float:
        """Of a step on so many tiles, interpolated."""
        at, times = zip(*self.barrier, strict=True)
        return float(np.interp(tiles, at, times))


CONSTANTS: Mapping[str, Constants] = MappingProxyType(
    {
        constants.name: constants
        for constants in (
            Constants(
                "loihi1-davies", "Davies et al. 2018, table 2 (pre-silicon estimates), second hand", 81 * PICO, 52 * PICO, 23.6 * PICO,
                1.7 * PICO, 3.5 * PICO, 120 * PICO, 8.4 * NANO, 3.5 * NANO, 2.1 * NANO, ((1, 113 * NANO), (32, 465 * NANO)),
            ),
            Constants(
                "loihi1-calibrated", "SANA-FE's calibrated model of Loihi 1, numbers only", 72.8 * PICO, 51.2 * PICO, 33.6 * PICO,
                180.3 * PICO, 3.6 * PICO, 120 * PICO, 9.7 * NANO, 4.7 * NANO, 35.1 * NANO,
                ((1, 600 * NANO), (2, 1000 * NANO), (4, 1400 * NANO), (29, 1800 * NANO)),
            ),
            Constants(
                "loihi2-halapoint-bound", "upper bounds from Hala Point at full power: 2600 W / 380e12 synaptic and 240e12 neuron operations",
                10.8 * PICO, 10.8 * PICO, 6.8 * PICO, 0.0, 0.0, 0.0, 8.4 * NANO, 3.5 * NANO, 2.1 * NANO,
                ((1, 113 * NANO), (32, 465 * NANO)),
            ),
        )
    }
)  # fmt: skip
"""Named sets; times of Loihi 2 are those of Loihi 1, for want of public ones."""
DEFAULT = MappingProxyType({"loihi1": "loihi1-davies", "loihi2-lif": "loihi2-halapoint-bound", "loihi2-microcode": "loihi2-halapoint-bound"})


@dataclass(frozen=True)
class Estimate:
    """Per step of a run: counts, energy [J] by what it is spent on, time [s]."""

    constants: Constants
    steps: int
    counts: Mapping[str, float]
    energy: Mapping[str, float]
    time: float

    @property
    def energy_per_step(self) -> float:
        """[J]"""
        return sum(self.energy.values())

    def per_item(self, steps: int) -> tuple[float, float]:
        """Energy [J] and time [s] of an item that is shown for so many steps."""
        return self.energy_per_step * steps, self.time * steps

    def lines(self) -> Iterator[str]:
        """For people."""
        yield f"per step, with the constants {self.constants.name} ({self.constants.source}):"
        yield f"  {self.energy_per_step / NANO:.4g} nJ, {self.time / NANO / 1000:.4g} us"
        yield "  " + ", ".join(f"{name} {value / NANO:.3g} nJ" for name, value in self.energy.items())
        yield "  " + ", ".join(f"{name} {value:.4g}" for name, value in self.counts.items())

    def __str__(self) -> str:
        return "\n".join(self.lines())


def estimated(plan: LoihiPlan, placement: Placement, spikes: Mapping[str, np.ndarray], constants: Constants, steps: int | None = None) -> Estimate:
    """Energy and time per step.

    Parameters
    ----------
    plan, placement
        What runs, and where.
    spikes : mapping
        Group -> (N,) spikes of each neuron in the run.
    constants : Constants
    steps : int, optional
        Of that run; the plan's unless given.
    """
    steps = plan.steps if steps is None else steps
    per_load = {number: [0.0, 0.0, 0.0] for number in range(placement.cores)}
    hops = learned = 0.0
    places = {group.name: [(k, load) for k, load in enumerate(placement.loads) if load.group == group.name] for group in plan.neurons}
    tiles = np.array([placement.place(number)[1:] for number in range(placement.cores)], np.int64).reshape(-1, 2)
    for some in plan.synapses:
        size = plan.group(some.source).size
        fired = np.asarray(spikes.get(some.source, np.zeros(size)), np.float64) / steps
        numbers, origins = (np.array([number for number, _ in places[name]], np.int64) for name in (some.target, some.source))
        axons = axons_of(some, size, np.array([load.start for _, load in places[some.target]], np.int64))
        arrived = np.bincount(axons.target, weights=axons.synapses * fired[axons.pre], minlength=len(numbers))
        for number, events in zip(numbers.tolist(), arrived.tolist(), strict=True):
            per_load[number][0] += events
        # A source outside enters at the corner of the mesh.
        start = np.zeros((len(axons.pre), 2), np.int64)
        if len(origins):
            begins = np.array([load.start for _, load in places[some.source]], np.int64)
            start = tiles[origins[np.searchsorted(begins, axons.pre, side="right") - 1]]
        hops += float(fired[axons.pre] @ np.abs(tiles[numbers[axons.target]] - start).sum(axis=1))
        learned += float(len(some)) if some.learning is not None else 0.0
    active = 0.0
    for group in plan.neurons:
        fired = np.asarray(spikes.get(group.name, np.zeros(group.size)), np.float64) / steps
        for number, load in places[group.name]:
            own = float(fired[load.start : load.start + load.neurons].sum())
            per_load[number][1] = load.neurons
            per_load[number][2] = own
            active += own
    neurons = sum(found[1] for found in per_load.values())
    operations = sum(found[0] for found in per_load.values())
    counts = {"neurons": neurons, "spikes": active, "synaptic operations": operations, "hops": hops}
    energy = {
        "updates": (neurons - active) * constants.update_idle + active * constants.update_active,
        "synapses": operations * constants.synapse,
        "spikes": active * constants.spike + hops * constants.hop,
        "learning": learned * constants.learning,
    }
    slowest = max(
        (found[1] * constants.update_time + found[0] * constants.synapse_time + found[2] * constants.spike_time for found in per_load.values()),
        default=0.0,
    )
    return Estimate(constants, steps, counts, energy, slowest + constants.barrier_time(-(-placement.cores // 4)))

"""What the door hands out: whether a network fits on a chip and why not, a plan with what became of its numbers, and what it costs there."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from neurosim.backends.base import Obstacle
from neurosim.errors import OptionError, UnsupportedError
from neurosim.files import whole_file
from neurosim.hardware.loihi.energy import NANO, Estimate
from neurosim.hardware.loihi.limits import Core
from neurosim.hardware.loihi.match import Offence, obstacles_of
from neurosim.hardware.loihi.place import RESOURCES, Placement
from neurosim.hardware.loihi.plan import LoihiPlan
from neurosim.hardware.loihi.quantise import QuantisationReport

if TYPE_CHECKING:
    from matplotlib.figure import Figure

WORDS = {
    "neurons": "neurons",
    "in_axons": "input axons",
    "out_axons": "output axons",
    "synapse_bits": "bits of synaptic memory",
    "configurations": "sets of decays and refractory times",
    "thresholds": "thresholds",
}
REMEDIES = {
    "in_axons": "give each neuron fewer sources",
    "out_axons": "give each neuron fewer targets",
    "synapse_bits": "give each neuron fewer synapses, or fewer weight bits",
}


@dataclass(frozen=True)
class Check:
    """Whether a network fits on a chip. ``placement``: on which cores, None where an offence stands in the way or there are no cores."""

    chip: str
    about: str
    offences: tuple[Offence, ...]
    warnings: tuple[str, ...] = ()
    placement: Placement | None = None

    @property
    def fits(self) -> bool:
        """Whether nothing stands in the way."""
        return not self.obstacles()

    def obstacles(self) -> tuple[Obstacle, ...]:
        """The offences as every engine tells them."""
        return obstacles_of(self.offences)

    def to_dict(self) -> dict[str, object]:
        """For programs."""
        return {
            "chip": self.chip,
            "fits": self.fits,
            "offences": [offence.to_dict() for offence in self.offences],
            "warnings": list(self.warnings),
            "placement": None if self.placement is None else placement_dict(self.placement),
        }

    def draw(self) -> Figure:
        """The mesh of the chips with the load of each core.

        Raises
        ------
        OptionError
            If it was not put on cores.
        """
        if self.placement is None:
            raise OptionError(f"there are no cores to draw: {'it does not fit on' if self.offences else 'the target is'} {self.chip}", where="loihi")
        return picture(self.placement, self.chip)

    def lines(self) -> Iterator[str]:
        """For people: where it fits, or every offence with a remedy."""
        if not self.fits:
            yield str(UnsupportedError(self.obstacles(), f"'{self.chip}' ({self.about})"))
        elif self.placement is None:
            yield f"fits on {self.chip} ({self.about})"
        else:
            yield f"fits on {fitting(self.placement)} of {self.chip} ({self.about})"
            yield from list(self.placement.lines())[1:]
        yield from (f"warning: {warning}" for warning in self.warnings)

    def __str__(self) -> str:
        return "\n".join(self.lines())


def fitting(placement: Placement) -> str:
    """How many cores and chips, and what binds, in a few words."""
    cores = f"{placement.cores} core{'' if placement.cores == 1 else 's'}"
    chips = "" if placement.chips == 1 else f" on {placement.chips} chips"
    resource = placement.binding()
    share = max((load.share(placement.core)[resource] for load in placement.loads), default=0.0)
    verb = "binds" if resource == "synapse_bits" else "bind"
    return f"{cores}{chips} ({'synaptic memory' if resource == 'synapse_bits' else WORDS[resource]} {verb}: {100 * share:.0f} %)"


def placement_dict(placement: Placement) -> dict[str, object]:
    """A placement for programs."""
    return {
        "cores": placement.cores,
        "chips": placement.chips,
        "binding": placement.binding(),
        "method": placement.method,
        "utilisation": placement.utilisation(),
        "loads": [{**vars(load), "place": placement.place(number)} for number, load in enumerate(placement.loads)],
    }


def picture(placement: Placement, title: str) -> Figure:
    """The mesh of the chips, each core as full as its scarcest resource."""
    from neurosim.plotting import mesh

    core = placement.core
    places = np.array([divmod(number, core.cores) for number in range(placement.cores)], np.int64).reshape(-1, 2)
    shares = np.array([max(load.share(core).values()) for load in placement.loads])
    return mesh(
        places, [load.group for load in placement.loads], shares, tiles=core.tiles, usable=core.cores, title=f"{title}: {fitting(placement)}",
        subtitle="each core is filled as far as its scarcest resource is used",
    )  # fmt: skip


def core_offences(placement: Placement) -> Iterator[Offence]:
    """Single neurons that need more than a core has."""
    core: Core = placement.core
    for load in placement.loads:
        for name in RESOURCES:
            needed, limit = getattr(load, name), getattr(core, name)
            if needed > limit:
                where = f"population {load.group!r}"
                what = f"neuron {load.start} needs {needed:,} {WORDS[name]}; a neuro-core has {limit:,}"
                yield Offence(where, what, REMEDIES.get(name, "use fewer different values"), float(needed), float(limit), core.source)


@dataclass(frozen=True)
class Prepared:
    """A plan, what became of the network's numbers in it, and where it lies on a chip (None where its target has no cores)."""

    plan: LoihiPlan
    quantisation: QuantisationReport
    placement: Placement | None

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write the plan."""
        with whole_file(path) as unfinished:
            self.plan.save(unfinished)

    def lines(self) -> Iterator[str]:
        """For people."""
        yield str(self.plan)
        yield from self.quantisation.lines()
        if self.placement is not None:
            yield from self.placement.lines()

    def __str__(self) -> str:
        return "\n".join(self.lines())


@dataclass(frozen=True)
class Report:
    """A plan on a chip: cores, and energy and time per step from the spikes of a run."""

    plan: LoihiPlan
    placement: Placement
    estimate: Estimate

    def draw(self) -> Figure:
        """The mesh of the chips with the load of each core."""
        return picture(self.placement, self.plan.name or self.plan.profile)

    def to_dict(self) -> dict[str, object]:
        """For programs."""
        estimate = self.estimate
        return {
            "plan": self.plan.digest(),
            "profile": self.plan.profile,
            "steps": self.plan.steps,
            "dt_ms": self.plan.dt,
            "placement": placement_dict(self.placement),
            "core": {name: getattr(self.placement.core, name) for name in ("cores", *RESOURCES, "source")},
            "per_step": {
                "constants": estimate.constants.name,
                "source": estimate.constants.source,
                "energy_J": estimate.energy_per_step,
                "energy_by_kind_J": dict(estimate.energy),
                "time_s": estimate.time,
                "counts": dict(estimate.counts),
            },
        }

    def lines(self) -> Iterator[str]:
        """For people."""
        yield f"{self.plan.name or 'plan'} on {self.plan.profile}: {fitting(self.placement)}"
        yield from list(self.placement.lines())[1:]
        yield from self.estimate.lines()
        energy, took = self.estimate.per_item(self.plan.steps)
        yield f"the whole run of {self.plan.steps} steps: {energy / NANO:.4g} nJ, {took / NANO / 1000:.4g} us"

    def __str__(self) -> str:
        return "\n".join(self.lines())

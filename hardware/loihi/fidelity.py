"""What rounding costs a network, beside what chaos alone does to it.

In a recurrent network one spike that moves by a step changes all later ones, so two runs that start a thousandth apart have other spikes
and nearly the same rates. How far apart they are is the floor: nothing is lost where the chip is as near to the float network as that is
to itself.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np

from neurosim.analysis.distances import van_rossum_distance
from neurosim.analysis.irregularity import mean_cv
from neurosim.backends.base import Backend, Settings, run_on
from neurosim.hardware.loihi.match import Matched
from neurosim.ir.program import Block, Program, Tap
from neurosim.ir.random import stream
from neurosim.record import Record

Array = np.ndarray
PERTURBATION = 1e-3
"""Of the way from reset to threshold, up or down: how far from each other two starts of the float network are."""
FACTOR, LEAST = 1.2, 0.05
"""Rounding is allowed FACTOR times the floor, and LEAST where a network is not chaotic."""


@dataclass(frozen=True)
class Spread:
    """How far two runs of a population are apart: means over neurons.

    ``rates``: of the neurons, as a share of the mean rate; ``cv``: of the irregularity; ``distance``: van Rossum's, 10 ms, of spike trains;
    ``correlation``: of the neurons' rates, nan where they are all equal.
    """

    rates: float
    cv: float
    distance: float
    correlation: float


SPREADS = ("rates", "cv", "distance", "correlation")


@dataclass(frozen=True)
class Loss:
    """One population: its rate [Hz] in float and on the chip, how far the chip is from float, and float from itself (the floor)."""

    part: str
    rate: float
    on_chip: float
    chip: Spread
    floor: Spread

    @property
    def ok(self) -> bool:
        """Whether rates are as near as chaos allows."""
        return self.chip.rates <= max(FACTOR * self.floor.rates, LEAST)


@dataclass(frozen=True)
class Fidelity:
    """A network on the chip against itself in float; ``.ok``, and ``print`` shows the table."""

    losses: tuple[Loss, ...]
    repeats: int

    @property
    def ok(self) -> bool:
        """Whether every population is as near as chaos allows."""
        return all(loss.ok for loss in self.losses)

    def lines(self) -> Iterator[str]:
        """For people."""
        yield f"float and chip, beside float from {self.repeats} starts a thousandth away (the floor)"
        yield "population            rate [Hz]  on chip  rates apart   floor  CV apart  floor  distance  floor"
        for loss in self.losses:
            chip, floor = loss.chip, loss.floor
            yield (
                f"{loss.part:20s}  {loss.rate:9.2f}  {loss.on_chip:7.2f}  {100 * chip.rates:9.1f} %  {100 * floor.rates:4.1f} %"
                f"  {chip.cv:8.2f}  {floor.cv:5.2f}  {chip.distance:8.2f}  {floor.distance:5.2f}{'' if loss.ok else '  further than chaos'}"
            )

    def __str__(self) -> str:
        return "\n".join(self.lines())


def measured(found: Matched, chip: Backend, settings: Settings, floating: Backend, repeats: int) -> Fidelity:
    """Run a network on the chip, in float, and in float from starts beside its own."""
    parts = tuple(membrane.name for membrane in found.membranes if np.isfinite(membrane.threshold).any())
    program = replace(found.program, taps=tuple(Tap(part, "spikes") for part in parts))
    wanted = run_on(floating, program, Settings())
    got = run_on(chip, program, settings)
    others = [run_on(floating, beside(program, found, number), Settings()) for number in range(repeats)]
    losses = []
    for part in parts:
        size = program.block(part).size
        floors = [spread(wanted, other, part, size, program) for other in others]
        floor = Spread(*(float(np.mean([getattr(each, name) for each in floors])) for name in SPREADS))
        seconds = size * program.steps * program.dt / 1000.0
        here, there = (len(record.events[part].steps) / seconds for record in (wanted, got))
        losses.append(Loss(part, here, there, spread(wanted, got, part, size, program), floor))
    return Fidelity(tuple(losses), repeats)


def beside(program: Program, found: Matched, number: int) -> Program:
    """The program with each membrane started a little higher or lower."""
    moved = {}
    for membrane in found.membranes:
        random = np.random.default_rng(stream(program.seed, membrane.name, f"perturbation {number}"))
        way = np.where(np.isfinite(membrane.threshold), membrane.threshold, 0.0)
        moved[membrane.name] = membrane.voltage, PERTURBATION * way * random.choice([-1.0, 1.0], membrane.size)

    def started(block: Block) -> Block:
        if block.name not in moved:
            return block
        voltage, change = moved[block.name]
        return replace(block, states={**block.states, voltage: np.asarray(block.states[voltage]) + change})

    return replace(program, blocks=tuple(started(block) for block in program.blocks))


def spread(first: Record, second: Record, part: str, size: int, program: Program) -> Spread:
    """How far two records of a population are apart."""
    window = (0.0, program.steps * program.dt)
    one, other = ((record.events[part].steps * program.dt, record.events[part].indices) for record in (first, second))
    counts = np.stack([np.bincount(ids, minlength=size) for _, ids in (one, other)])
    mean, apart = float(counts[0].mean()), float(np.abs(counts[0] - counts[1]).mean())
    rates = apart / mean if mean else float(apart > 0)
    cv = abs(mean_cv(*one, size, window) - mean_cv(*other, size, window))
    varied = bool((np.ptp(counts, axis=1) > 0).all())
    alike = float(np.corrcoef(counts)[0, 1]) if varied else float("nan")
    return Spread(rates, float(np.nan_to_num(cv)), float(van_rossum_distance(one, other, size).mean()), alike)

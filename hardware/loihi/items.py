"""A trained network shown one item after the other: rate-coded images in, a class per image out, in the chip's integers."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from neurosim.errors import Findings, ParameterError, did_you_mean
from neurosim.hardware.loihi.batch import in_a_row, shown
from neurosim.hardware.loihi.emulator import laid_out
from neurosim.hardware.loihi.energy import NANO, Estimate
from neurosim.hardware.loihi.plan import LoihiPlan, Stimulus
from neurosim.ir.random import stream, uniform

Array = np.ndarray
AT_ONCE = 200
"""Items whose spikes are held in memory at the same time."""
CODINGS = ("regular", "random")


def rate_coded(images: Array, steps: int, group: str, *, coding: str = "regular", seed: int = 0, first: int = 0, rest: int = 0) -> Stimulus:
    """Intensities as spike rates of items that are shown one after the other.

    Parameters
    ----------
    images : ndarray
        (K, N) intensities, 0 (never) to 1 (in every step).
    steps : int
        T, how long each item is shown.
    group : str
        The sources that send it.
    coding : {'regular', 'random'}
        round(intensity * steps) spikes at even distances, or a spike in each step with that probability.
    seed, first : int
        Of the random spikes: of all items, and the number of the first of these.
    rest : int
        Steps without spikes after each item, in which the last ones arrive.

    Returns
    -------
    Stimulus
        Item k in the steps k (T + rest) ... k (T + rest) + T - 1.
    """
    items, size = images.shape
    fires = np.zeros((items, steps + rest, size), bool)
    if coding == "random":
        source = stream(seed, group, "rate code")
        for k, rates in enumerate(images):
            for step in range(steps):
                fires[k, step] = uniform(source, step, first + k, size) < rates
    else:
        # Spike k of c lies in the middle of the k-th of c equal parts: half a part, then c more in every step, counted in 2 T-ths.
        counts, part = np.round(images * steps).astype(np.int32), np.int32(2 * steps)
        phase = np.full(counts.shape, steps, np.int32)
        for step in range(steps):
            phase += 2 * counts
            fires[:, step] = phase >= part
            phase -= part * fires[:, step]
    when, who = np.divmod(np.flatnonzero(fires), size)
    return Stimulus(group, when, who, np.ones(len(when), np.int64))


@dataclass(frozen=True)
class Evaluation:
    """How a plan classifies: (K,) ``predictions`` and ``labels``, (K, N) ``counts`` of the readout; per item spikes, and what they cost.

    ``seconds``: wall time of the whole; ``estimate``: energy and time per step, None where no chip was named.
    """

    predictions: Array
    labels: Array
    counts: Array
    spikes_per_item: float
    steps: int
    seconds: float
    estimate: Estimate | None

    @property
    def accuracy(self) -> float:
        """Share of items whose most active readout neuron is their label."""
        return float(np.mean(self.predictions == self.labels))

    def lines(self) -> Iterator[str]:
        """For people."""
        items = len(self.labels)
        yield f"{100 * self.accuracy:.2f} % of {items:,} items; {self.spikes_per_item:,.0f} spikes per item; {items / self.seconds:,.0f} items a second"
        if self.estimate is not None:
            energy, took = self.estimate.per_item(self.steps)
            yield f"on the chip {energy / NANO:.4g} nJ and {took / NANO / 1000:.4g} us per item, estimated with the constants {self.estimate.constants.name}"

    def __str__(self) -> str:
        return "\n".join(self.lines())


def readout_of(plan: LoihiPlan, name: str | None) -> str:
    """The group whose spikes are counted: the named one, or the only one that no synapse leaves."""
    inner = [group.name for group in plan.neurons if group.kind != "source"]
    if name is not None:
        if name not in inner:
            raise ParameterError(f"there is no group {name!r}{did_you_mean(name, inner)}", where="evaluate")
        return name
    last = [group for group in inner if not any(some.source == group for some in plan.synapses)]
    if len(last) != 1:
        known = ", ".join(last or inner)
        raise ParameterError(f"which group holds the classes? Write readout='...'; candidates: {known}", where="evaluate")
    return last[0]


def source_of(plan: LoihiPlan, name: str | None) -> str:
    """The sources that show items: the named ones, or the only ones."""
    known = [group.name for group in plan.neurons if group.kind == "source"]
    if name is None and len(known) == 1:
        return known[0]
    if name not in known:
        raise ParameterError(f"which sources show the items? Write source='...'; candidates: {', '.join(known) or 'none'}", where="evaluate")
    return name


def check_items(plan: LoihiPlan, images: Array, labels: Array, source: str, coding: str, threads: int) -> None:
    """Refuse what cannot be shown, with everything that is wrong."""
    findings, size = Findings(), plan.group(source).size
    if images.ndim < 2 or len(images) == 0 or int(np.prod(images.shape[1:])) != size:
        findings.add("", f"images must have the shape (K, {size}) or K images of {size} numbers, got {images.shape}")
    elif not ((images >= 0) & (images <= 1)).all():
        findings.add("", f"intensities must lie between 0 and 1, got {np.nanmin(images):g} to {np.nanmax(images):g}; divide by the largest")
    if labels.shape != (len(images),):
        findings.add("", f"labels must have the shape ({len(images)},), one per image, got {labels.shape}")
    if coding not in CODINGS:
        findings.add("", f"coding may be {' or '.join(map(repr, CODINGS))}, got {coding!r}")
    if threads < 1:
        findings.add("", f"threads must be a whole number from 1 on, got {threads}")
    findings.raise_if_any(ParameterError, "evaluate")


def counted(
    plan: LoihiPlan, images: Array, source: str, readout: str, *, coding: str = "regular", seed: int = 0, threads: int = 1
) -> tuple[Array, dict[str, Array]]:
    """(K, N) spikes of the readout per item, and by group the (N,) spikes of all items together."""
    layout = laid_out(plan)
    fixed = [stimulus for stimulus in plan.stimuli if stimulus.group != source]
    counts, total = [], {group.name: np.zeros(group.size, np.int64) for group in plan.neurons}
    for first in range(0, len(images), AT_ONCE):
        some = images[first : first + AT_ONCE]
        stimuli = (*in_a_row([fixed] * len(some), plan.steps), rate_coded(some, plan.steps, source, coding=coding, seed=seed, first=first))
        found = shown(plan, stimuli, len(some), counts=[readout], threads=threads, layout=layout)
        counts.append(found.counts[readout])
        total = {name: total[name] + found.total[name] for name in total}
    return np.concatenate(counts), total


def evaluated(
    plan: LoihiPlan, images: Array, labels: Array, *, source: str | None, readout: str | None, coding: str, seed: int, threads: int
) -> tuple[Evaluation, dict[str, Array]]:
    """Show all items from the initial state; the evaluation without an estimate, and the spikes that one is made from."""
    began = time.perf_counter()
    images, labels = np.asarray(images), np.asarray(labels)
    sender, reader = source_of(plan, source), readout_of(plan, readout)
    check_items(plan, images, labels, sender, coding, threads)
    images = images.reshape(len(images), -1).astype(np.float64)
    counts, total = counted(plan, images, sender, reader, coding=coding, seed=seed, threads=threads)
    spikes = sum(int(values.sum()) for name, values in total.items() if plan.group(name).kind != "source")
    took = time.perf_counter() - began
    return Evaluation(counts.argmax(axis=1), labels, counts, spikes / len(images), plan.steps, took, None), total

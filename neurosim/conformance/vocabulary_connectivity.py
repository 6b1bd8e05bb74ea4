"""Connectivity as users write it: who is connected to whom, read off what arrives, against plain calculations."""

from __future__ import annotations

import math
from itertools import product

import numpy as np

from neurosim.conformance.building import Array, near, same, trace_of
from neurosim.conformance.case import Case, Run
from neurosim.ir.program import Program
from neurosim.ir.random import bits64, stream, to_uniform
from neurosim.lowering import lower
from neurosim.network import (
    Network,
    NeuronModel,
    Plasticity,
    Population,
    Probe,
    Projection,
    SpikeTimes,
    by_distance,
    convolution,
    distance_dependent,
    fixed_outdegree,
    grid,
    kernels,
    small_world,
    sparse,
)
from neurosim.record import Record
from neurosim.units import Quantity, metre, ms, second, um

SEED = 4
SUM = NeuronModel("x[n+1] = x + arrived : 1\narrived : 1 (port)", name="sum")
"""Adds up what arrives: seen one step after it was delivered."""
RING, NEIGHBOURS, REWIRED, PARTNERS = 80, 8, 0.2, 5


def one_by_one(size: int) -> SpikeTimes:
    """Neuron i fires in step i."""
    return SpikeTimes("source", size, Quantity(0.1 * np.arange(size, dtype=np.float64), ms), np.arange(size))


# ---- a ring, fixed out-degrees, a sparse matrix ------------------------------------------------------------------------
PRE, POST, WEIGHT = (0, 5, 5, 5, 7, 79), (3, 2, 2, 1, 0, 79), (2.0, 1.0, 0.5, -4.0, 0.0, 3.0)


def read_off() -> Program:
    """Every source fires in a step of its own, so that its targets can be read off the sums."""
    source = one_by_one(RING)
    rules = {
        "ring": small_world(NEIGHBOURS, REWIRED),
        "out": fixed_outdegree(PARTNERS, multapses=False),
        "given": sparse((PRE, POST, WEIGHT)),
    }
    sums = [Population(name, RING, SUM) for name in rules]
    projections = [
        Projection(source, target, rule, into="arrived", weight=None if rule.weights is not None else 1.0)
        for target, rule in zip(sums, rules.values())
    ]
    probes = [Probe(target, "x") for target in sums]
    return lower(Network(source, *sums, *projections, *probes, seed=SEED), (RING + 2) * 0.1 * ms)


def matrix_of(record: Record, part: str) -> Array:
    """(sources, targets) what each source adds to each target."""
    x = trace_of(record, part, "x")
    return np.diff(x, axis=0)[1 : RING + 1]


def read_off_oracle(program: Program, record: Record, run: Run) -> list[str]:
    """Out-degrees and absent autapses; the ring's rewired part and clustering; the given entries, duplicates added up."""
    ring, out, given = (matrix_of(record, part) for part in ("ring", "out", "given"))
    wrong = same("out-degrees of the ring", ring.sum(axis=1), np.full(RING, NEIGHBOURS))
    wrong += same("multapses of the ring", np.unique(ring), [0.0, 1.0]) + same("autapses of the ring", np.diag(ring), np.zeros(RING))
    wrong += same("out-degrees", out.sum(axis=1), np.full(RING, PARTNERS)) + same("multapses", np.unique(out), [0.0, 1.0])
    expected = np.zeros((RING, RING))
    np.add.at(expected, (PRE, POST), WEIGHT)
    wrong += near("given weights", given, expected)
    away = (np.arange(RING) - np.arange(RING)[:, None]) % RING
    kept = ring[np.minimum(away, RING - away) <= NEIGHBOURS // 2].sum()
    mean = RING * NEIGHBOURS * (1.0 - REWIRED)  # a few rewired synapses fall back onto neighbours
    if abs(kept - mean) > 4.0 * math.sqrt(mean * REWIRED) + RING * NEIGHBOURS * REWIRED * NEIGHBOURS / RING:
        wrong.append(f"{kept:.0f} synapses were not rewired, expected {mean:.0f}")
    clustering = float(np.einsum("ij,ik,jk->", ring, ring, ring) / (RING * NEIGHBOURS * (NEIGHBOURS - 1)))
    formula = 3.0 * (NEIGHBOURS - 2) / (4.0 * (NEIGHBOURS - 1)) * (1.0 - REWIRED) ** 3
    if abs(clustering - formula) > 0.08:
        wrong.append(f"clustering {clustering:.3f}, expected {formula:.3f}")
    return wrong


# ---- distance ----------------------------------------------------------------------------------------------------------
SIDE, SPACING, WIDTH, MOST, BASE, SPEED = 6, 50.0, 80.0, 0.9, 0.3, 250.0


def distance() -> Program:
    """A sheet that repeats: probability, weight and delay fall or rise with the distance to the nearest image."""
    sheet = grid(SIDE, SIDE, spacing=SPACING * um)
    source, target = one_by_one(SIDE * SIDE), Population("target", SIDE * SIDE, SUM)
    rule = distance_dependent(kernels.gaussian(WIDTH * um), sheet, probability=MOST, boundary="periodic")
    delay = by_distance("base + distance / speed", base=BASE * ms, speed=SPEED * 1e-3 * metre / second)
    projection = Projection(source, target, rule, into="arrived", weight=by_distance("exp(-distance / (100*um))"), delay=delay)
    return lower(Network(source, target, projection, Probe(target, "x"), seed=SEED), 8 * ms)


def distance_oracle(program: Program, record: Record, run: Run) -> list[str]:
    """Pair by pair in plain Python: nine images of the target, the nearest counts."""
    n, period, arrived = SIDE * SIDE, SIDE * SPACING, np.zeros((program.steps, SIDE * SIDE))
    numbers = to_uniform(bits64(stream(SEED, "source -> target", "wiring"), np.arange(n * n)))
    for i, j in product(range(n), range(n)):
        dx, dy = (j % SIDE - i % SIDE) * SPACING, (j // SIDE - i // SIDE) * SPACING
        images = product((-period, 0.0, period), repeat=2)
        length = min(math.hypot(dx + across, dy + down) for across, down in images)
        if numbers[i * n + j] < MOST * math.exp(-(length**2) / (2.0 * WIDTH**2)):
            step = i + round((BASE + length / SPEED) / 0.1)
            if step < program.steps:
                arrived[step, j] += math.exp(-length / 100.0)
    expected = np.concatenate([np.zeros((2, n)), np.cumsum(arrived, axis=0)[:-2]])
    return near("x", trace_of(record, "target", "x"), expected, 1e-5)  # weights are float32


# ---- convolution -------------------------------------------------------------------------------------------------------
ROWS, COLUMNS, CHANNELS, FEATURES, ETA = 7, 6, 2, 3, 0.25


def image_of(seed: int) -> Array:
    """Whole numbers of spikes for each pixel."""
    return np.random.default_rng(seed).integers(0, 3, (ROWS, COLUMNS, CHANNELS)).astype(float)


def kernel_of() -> Array:
    """Entries that single precision holds."""
    return np.random.default_rng(2).integers(-8, 9, (3, 2, CHANNELS, FEATURES)) / 8.0


def convolved() -> Program:
    """Two images through a kernel that every arrival of the first changes, for all places at once."""
    images = [image_of(7), image_of(8)]
    pixels = [np.flatnonzero(image) for image in images]
    times, payloads = np.repeat([0.0, 1.0], [len(p) for p in pixels]), np.concatenate([i.ravel()[p] for i, p in zip(images, pixels)])
    source = SpikeTimes("image", ROWS * COLUMNS * CHANNELS, Quantity(times, ms), np.concatenate(pixels), payloads)
    rule = convolution((ROWS, COLUMNS, CHANNELS), kernel_of(), stride=(2, 1), padding=(1, 0), dilation=(1, 2))
    target = Population("features", rule.shape[1] if rule.shape else 0, SUM)
    learning = Plasticity("eta : weight", on_pre="w += eta * value", values={"eta": ETA})
    projection = Projection(source, target, rule, into="arrived", plasticity=learning)
    return lower(Network(source, target, projection, Probe(target, "x"), seed=SEED), 2 * ms)


def convolved_oracle(program: Program, record: Record, run: Run) -> list[str]:
    """Loops over places, entries and channels; each arrival adds to the entry that its synapse uses."""
    kernel, x = kernel_of(), trace_of(record, "features", "x")
    wrong, total = [], np.zeros(x.shape[1])
    for image, seen in ((image_of(7), 5), (image_of(8), 15)):
        made, changed = np.zeros((4, 4, FEATURES)), np.zeros_like(kernel)
        for y, u, i, j in product(range(4), range(4), range(3), range(2)):
            row, column = 2 * y + i - 1, u + 2 * j
            if 0 <= row < ROWS and column < COLUMNS:
                made[y, u] += image[row, column] @ kernel[i, j]
                changed[i, j] += ETA * image[row, column][:, None]
        total, kernel = total + made.ravel(), kernel + changed
        wrong += near(f"features in step {seen}", x[seen], total)
    return wrong


CASES = (
    Case("connectivity_read_off", "a small world, fixed out-degrees and a sparse matrix, read off arrivals", read_off, read_off_oracle),
    Case("connectivity_distance", "probability, weight and delay by distance on a torus", distance, distance_oracle),
    Case("connectivity_convolution", "a convolution with stride, padding and dilation that learns", convolved, convolved_oracle),
)

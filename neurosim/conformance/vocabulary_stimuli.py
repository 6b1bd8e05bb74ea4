"""Stimuli as users write them: sines, coloured noise, Poisson spikes whose rate changes; against closed forms and plain calculations."""

from __future__ import annotations

import math

import numpy as np

from neurosim.conformance.building import Array, near, same, trace_of
from neurosim.conformance.case import Case, Run
from neurosim.ir.program import Program
from neurosim.ir.random import normal, uniform
from neurosim.lowering import lower
from neurosim.network import (
    Network,
    NeuronModel,
    OrnsteinUhlenbeck,
    Phase,
    PoissonSource,
    Population,
    Probe,
    Projection,
    Schedule,
    SineCurrent,
    all_to_all,
    one_to_one,
)
from neurosim.record import Record
from neurosim.units import Hz, ms, pA

SUM = NeuronModel("x[n+1] = x + arrived : pA\narrived : pA (port)", name="sum")
COUNTER = NeuronModel("x[n+1] = x + arrived : 1\narrived : 1 (port)", name="counter")
DT = 0.1


def drawn(program: Program, part: str, kind: str) -> Array:
    """(T, N) the numbers that a block draws, frozen or not."""
    block = program.block(part)
    draw = block.draws[0]
    sampler = normal if kind == "normal" else uniform
    if draw.table is not None:
        return np.asarray(draw.table)
    return np.array([sampler(draw.stream, step, 0, block.size) for step in range(program.steps)])


# ---- sines -------------------------------------------------------------------------------------------------------------
FREQUENCIES, PHASES = np.array([40.0, 75.0, 110.0]), np.array([0.0, 1.0, -0.5])


def sines() -> Program:
    """Three sines into a sum; then twice as strong; then off."""
    wave = SineCurrent("wave", 3, amplitude=2 * pA, frequency=FREQUENCIES * Hz, phase=PHASES, offset=0.5 * pA)
    cell = Population("cell", 3, SUM)
    plan = Schedule(Phase(10 * ms), Phase(5 * ms, set={"wave.amplitude": 4 * pA}), Phase(5 * ms, off=["wave"]), Phase(2 * ms))
    parts = (wave, cell, Projection(wave, cell, one_to_one(), into="arrived"), Probe(wave, "value"), Probe(cell, "x"))
    return lower(Network(*parts), plan)


def sines_oracle(program: Program, record: Record, run: Run) -> list[str]:
    """The closed form at the start of each step; the sum has seen it one step later."""
    t = np.arange(220)[:, None] * DT
    strength = np.where(t < 10.0 - DT / 2, 2.0, 4.0)
    value = 0.5 + strength * np.sin(2.0 * np.pi * FREQUENCIES * 1e-3 * t + PHASES)
    value[150:200] = 0.0
    summed = np.concatenate([np.zeros((1, 3)), np.cumsum(value, axis=0)[:-1]])
    return near("value", trace_of(record, "wave", "value"), value) + near("x", trace_of(record, "cell", "x"), summed)


# ---- coloured noise ----------------------------------------------------------------------------------------------------
MEANS, SDS, TAUS = np.array([10.0, -20.0]), np.array([3.0, 8.0]), np.array([1.0, 2.5])
COPIES = 100


def coloured() -> Program:
    """Two kinds of Ornstein-Uhlenbeck processes, a hundred of each."""
    noise = OrnsteinUhlenbeck("noise", 2 * COPIES, np.tile(MEANS, COPIES) * pA, np.tile(SDS, COPIES) * pA, np.tile(TAUS, COPIES) * ms)
    cell = Population("cell", 2 * COPIES, SUM)
    parts = (noise, cell, Projection(noise, cell, one_to_one(), into="arrived"), Probe(noise, "value"), Probe(cell, "x", at="end"))
    return lower(Network(*parts, seed=11), 50 * ms)


def coloured_oracle(program: Program, record: Record, run: Run) -> list[str]:
    """The exact recursion with the same numbers; mean, variance and autocorrelation within 4 standard errors."""
    value, xi = trace_of(record, "noise", "value"), drawn(program, "noise", "normal")
    decay, spread = np.tile(np.exp(-DT / TAUS), COPIES), np.tile(SDS, COPIES)
    mean, z, expected = np.tile(MEANS, COPIES), np.asarray(program.block("noise").states["z"], np.float64), []
    for step in range(program.steps):
        z = decay * z + np.sqrt(1.0 - decay**2) * xi[step]
        expected.append(mean + spread * z)
    wrong = near("value", value, expected)
    wrong += near("x", trace_of(record, "cell", "x"), np.cumsum(value, axis=0), 1e-8)
    for kind in range(2):
        x = (value[:, kind::2] - MEANS[kind]) / SDS[kind]
        independent = COPIES * program.steps * DT / (2.0 * TAUS[kind])
        lag = round(TAUS[kind] / DT)
        found = {"mean": x.mean(), "variance": x.var() - 1.0, "autocorrelation": np.mean(x[:-lag] * x[lag:]) - math.exp(-1.0)}
        error = {"mean": 1.0, "variance": math.sqrt(2.0), "autocorrelation": math.sqrt(1.5)}
        for what, off in found.items():
            if abs(off) > 4.0 * error[what] / math.sqrt(independent):
                wrong.append(f"{what} of process {kind} is off by {off:.3f}")
    return wrong


# ---- Poisson spikes ----------------------------------------------------------------------------------------------------
def counts_of(mean: Array, chance: Array) -> Array:
    """Poisson counts by inversion, one by one: how often the chance exceeds the distribution function."""
    counts = np.zeros(chance.shape)
    for place in np.ndindex(chance.shape):
        expected, k = float(mean[place]), 0
        term = below = math.exp(-expected)
        while chance[place] >= below and k < 100:
            k += 1
            term *= expected / k
            below += term
            counts[place] = k
    return counts


def sent(record: Record, part: str, shape: tuple[int, ...]) -> Array:
    """(T, N) payloads of the events of a part."""
    counts, found = np.zeros(shape), record.events[part]
    counts[found.steps, found.indices] = found.payloads
    return counts


def check_counts(program: Program, record: Record, part: str, mean: Array) -> list[str]:
    """The counts of the given means with the same numbers; their sum over time and over neurons within 4 standard deviations."""
    counts = sent(record, part, mean.shape)
    wrong = same(f"counts of {part}", counts, counts_of(mean, drawn(program, part, "uniform")))
    for axis in (0, 1):
        off, expected = np.abs(counts.sum(axis) - mean.sum(axis)), mean.sum(axis)
        wrong += [] if (off <= 4.0 * np.sqrt(expected) + 4.0).all() else [f"the counts of {part} do not follow the rate"]
    return wrong


STRENGTHS = np.linspace(50.0, 1600.0, 20)


def formula() -> Program:
    """A rate that swings and is negative for a while, with a strength of each neuron; then another; then off."""
    drive = PoissonSource("drive", 20, "r * (0.5 + sin(2*pi * f * t))", values={"r": STRENGTHS * Hz, "f": 40 * Hz})
    cell = Population("cell", 1, COUNTER)
    plan = Schedule(Phase(25 * ms), Phase(10 * ms, set={"drive.r": 3000 * Hz}), Phase(5 * ms, off=["drive"]))
    parts = (drive, cell, Projection(drive, cell, all_to_all(), into="arrived", weight=1.0), Probe(drive, "spikes"))
    return lower(Network(*parts, Probe(drive, "intensity"), Probe(cell, "x", at="end"), seed=3), plan)


def formula_oracle(program: Program, record: Record, run: Run) -> list[str]:
    """The closed form of the rate at the start of each step, cut at zero; counts from their definition."""
    t = np.arange(400)[:, None] * DT
    strength = np.where(t < 25.0 - DT / 2, STRENGTHS, 3000.0) * 1e-3
    rate = np.maximum(strength * (0.5 + np.sin(2.0 * np.pi * 0.04 * t)), 0.0)
    rate[350:] = 0.0
    wrong = near("intensity", trace_of(record, "drive", "intensity"), rate) + check_counts(program, record, "drive", rate * DT)
    summed = np.cumsum(sent(record, "drive", rate.shape).sum(axis=1))
    return wrong + same("x", trace_of(record, "cell", "x")[1:, 0], summed[:-1])


def frames_of() -> Array:
    """(T, rows, columns) rates in Hz, a quarter of a spike per step at most."""
    return np.random.default_rng(5).uniform(0.0, 2400.0, (4, 3, 4))


def movie() -> Program:
    """Frames of a movie as rates, shown again and again."""
    screen = PoissonSource("screen", 12, frames_of() * Hz, every=2 * ms, after="repeat")
    cell = Population("cell", 1, COUNTER)
    parts = (screen, cell, Projection(screen, cell, all_to_all(), into="arrived", weight=1.0), Probe(screen, "spikes"))
    return lower(Network(*parts, Probe(screen, "intensity"), seed=8), Schedule(Phase(10 * ms), Phase(7 * ms)))


def movie_oracle(program: Program, record: Record, run: Run) -> list[str]:
    """Each phase begins with the first frame; pixel (row, column) is neuron 4 row + column."""
    frames = frames_of().reshape(4, 12) * 1e-3
    shown = np.concatenate([np.arange(100), np.arange(70)]) // 20 % 4
    rate = frames[shown]
    return near("intensity", trace_of(record, "screen", "intensity"), rate) + check_counts(program, record, "screen", rate * DT)


CASES = (
    Case("stimuli_sines", "sine currents with frequencies and phases of their own, changed and switched off", sines, sines_oracle),
    Case("stimuli_ornstein_uhlenbeck", "coloured noise: exact recursion, moments, autocorrelation", coloured, coloured_oracle),
    Case("stimuli_poisson_formula", "Poisson counts at a rate that is a formula of time", formula, formula_oracle, spikes=500),
    Case("stimuli_poisson_movie", "Poisson counts at rates that are frames of a movie", movie, movie_oracle, spikes=100),
)

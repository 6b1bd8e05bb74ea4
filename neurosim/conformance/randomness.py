"""Cases with run-time randomness: the same numbers on every engine that draws as :mod:`neurosim.ir.random` says."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from neurosim.backends.base import Settings
from neurosim.conformance.building import DT, dense, key, lif, near, same, spike, spikes_of, statements, taps, trace_of, update, vector
from neurosim.conformance.case import Case, Run, differences
from neurosim.ir.program import Assign, Block, Draw, Pathway, Phase, Program, Source, Tap, Wiring
from neurosim.ir.random import poisson, uniform
from neurosim.ir.rewrites.freeze import freeze
from neurosim.record import Record


def poisson_drive() -> Program:
    """Poisson sources with different rates, one of which the plan changes, drive leaky neurons."""
    rates = np.concatenate([np.linspace(0.02, 1.5, 10), [30.0, 0.0]])
    cell = lif("cell", 12, 10.0, 1.0, "v = 0", 20, "a")
    path = Pathway("noise -> cell", "noise", "cell", Wiring("one_to_one", 12, 12), statements("a_post += w * value"), "w", delay=1)
    return Program(
        DT,
        (cell,),
        (Source("noise", 12, "poisson", rate=rates, stream=key("noise", "poisson")),),
        (path,),
        (vector(path, 0.25),),
        (*taps(("cell", "spikes"), ("cell", "v")), Tap("noise", "spikes")),
        (Phase(1000), Phase(500, assign=(Assign("noise", "rate", 0.5),))),
    )


def poisson_oracle(program: Program, record: Record, run: Run) -> list[str]:
    """Counts recomputed from their definition; their mean within 4 standard deviations; the membrane by array code."""
    found = record.events["noise"]
    counts = np.zeros((1502, 12))
    counts[found.steps, found.indices] = found.payloads
    wrong, mean = [], np.concatenate([np.linspace(0.02, 1.5, 10), [30.0, 0.0]]) * DT
    source = program.sources[0]
    if source.kind == "poisson":
        wanted = [poisson(mean if n < 1000 else np.full(12, 0.05), source.stream, n, 0, 12) for n in range(1500)]
        wrong += same("counts", counts[:1500], wanted)
    off = np.abs(counts[:1000].sum(0) - 1000 * mean)
    wrong += [] if (off <= 4.0 * np.sqrt(1000 * mean)).all() else ["the counts do not have the mean of the rates"]
    v, last, trace, spikes = np.zeros(12), np.full(12, -99), [], []
    for n in range(1500):
        trace.append(v)
        free = n - last >= 20
        v = np.where(free, np.exp(-DT / 10.0) * v + (0.25 * counts[n - 2] if n > 1 else 0.0), v)
        fires = free & (v > 1.0)
        spikes += [(n, i) for i in np.flatnonzero(fires)]
        v, last = np.where(fires, 0.0, v), np.where(fires, n, last)
    return wrong + same("spikes", spikes_of(record, "cell"), spikes) + near("v", trace_of(record, "cell", "v"), trace)


def poisson_neurons() -> Program:
    """rand() in the spike condition: rate 0.05 per ms; and in the reset."""
    cell = Block(
        "cell",
        50,
        {"v": 0.0},
        {"p": np.linspace(0.001, 0.05, 50)},
        spike=spike("u < p", "v = u"),
        draws=(Draw("u", "uniform", key("cell", "rand 0")),),
    )
    return Program(DT, (cell,), taps=taps(("cell", "spikes"), ("cell", "v"), at="end"), plan=(Phase(2000),))


def poisson_neurons_oracle(program: Program, record: Record, run: Run) -> list[str]:
    """Spikes where the number of the step is below p; as many as expected within 4 standard deviations."""
    p, draw = np.linspace(0.001, 0.05, 50), program.blocks[0].draws[0]
    u = np.asarray(draw.table) if draw.kind == "table" else np.stack([uniform(draw.stream, n, 0, 50) for n in range(2000)])
    found = spikes_of(record, "cell")
    wrong = same("spikes", found, np.argwhere(u < p))
    expected = 2000 * p.sum()
    wrong += [] if abs(len(found) - expected) < 4 * np.sqrt(expected) else [f"{len(found)} spikes, expected {expected:.0f}"]
    last = np.array([u[:, i][u[:, i] < p[i]][-1] if (u[:, i] < p[i]).any() else 0.0 for i in range(50)])
    return wrong + near("v", trace_of(record, "cell", "v")[-1], last, 0.0)


OU_TAU, OU_SIGMA = 5.0, 2.0


def ornstein_uhlenbeck() -> Program:
    """Exact discretisation of an Ornstein-Uhlenbeck process that starts in equilibrium."""
    decay = np.exp(-DT / OU_TAU)
    start = OU_SIGMA * np.random.default_rng(6).normal(size=400)
    cell = Block(
        "cell",
        400,
        {"x": start},
        {"k": decay, "s": OU_SIGMA * np.sqrt(1.0 - decay**2)},
        update=update(x="k * x + s * xi"),
        draws=(Draw("xi", "normal", key("cell", "xi")),),
    )
    return Program(DT, (cell,), taps=taps(("cell", "x")), plan=(Phase(1000),))


def ornstein_uhlenbeck_oracle(program: Program, record: Record, run: Run) -> list[str]:
    """Variance sigma^2 and autocorrelation exp(-lag / tau), within 4 standard errors of 400 neurons over 100 ms."""
    x = trace_of(record, "cell", "x")
    samples = 400 * 100.0 / (2 * OU_TAU)  # independent ones, about
    wrong = [] if abs(x.var() / OU_SIGMA**2 - 1.0) < 4.0 * np.sqrt(2.0 / samples) else [f"variance {x.var():.3f}, expected {OU_SIGMA**2}"]
    lagged = np.mean(x[:-50] * x[50:]) / OU_SIGMA**2
    return wrong + ([] if abs(lagged - np.exp(-5.0 / OU_TAU)) < 4.0 / np.sqrt(samples) else [f"autocorrelation at 5 ms {lagged:.3f}"])


def noisy_network() -> Program:
    """Noise in the membrane, Poisson drive, unreliable synapses: everything that depends on the number of the copy."""
    cell = Block(
        "cell",
        20,
        {"v": 0.0},
        {"k": 0.95},
        ("a",),
        update(v="k * v + a + 0.1 * xi"),
        spike=spike("v > 1", "v = 0", hold=5, held=("v",)),
        draws=(Draw("xi", "normal", key("cell", "xi")),),
    )
    drive = Pathway("noise -> cell", "noise", "cell", dense(5, 20), statements("a_post += w * value"), "w", delay=2)
    loop = Pathway(
        "cell -> cell",
        "cell",
        "cell",
        Wiring("fixed_probability", 20, 20, probability=0.3, same=True, stream=key("cell -> cell")),
        statements("a_post += w * where(u < 0.7, 1, 0)"),
        "g",
        delay=1,
        draws=(Draw("u", "uniform", key("cell -> cell", "rand 0")),),
    )
    sources = (Source("noise", 5, "poisson", rate=np.linspace(0.1, 0.8, 5), stream=key("noise", "poisson")),)
    return Program(
        DT,
        (cell,),
        sources,
        (drive, loop),
        (vector(drive, 0.125), vector(loop, -0.25)),
        taps(("cell", "spikes"), ("cell", "v")),
        (Phase(600),),
        seed=5,
    )


def frozen_oracle(program: Program, record: Record, run: Run) -> list[str]:
    """The frozen Program gives the same record, bit for bit."""
    return [f"frozen: {text}" for text in differences(run(freeze(program), Settings()), record, 0.0, 0)[0]]


def copies_oracle(program: Program, record: Record, run: Run) -> list[str]:
    """Copy c of a batch is the single run with the number c; the copies differ."""
    wrong = []
    for copy in range(3):
        single = run(program, Settings(first_copy=copy))
        wrong += same(f"spikes of copy {copy}", spikes_of(record, "cell", copy), spikes_of(single, "cell"))
        wrong += near(f"v of copy {copy}", trace_of(record, "cell", "v", copy), trace_of(single, "cell", "v"), 1e-12)
    random = any(source.kind == "poisson" for source in program.sources)  # the copies of a frozen Program are equal
    if (
        random
        and len(spikes_of(record, "cell", 0)) == len(spikes_of(record, "cell", 1))
        and not same("", spikes_of(record, "cell", 0), spikes_of(record, "cell", 1))
    ):
        wrong.append("two copies are equal")
    return wrong


def unaffected_oracle(program: Program, record: Record, run: Run) -> list[str]:
    """A further population with its own noise, and further records, change nothing."""
    more = replace(program.blocks[0], name="more", draws=(Draw("xi", "normal", key("more", "xi")),))
    wider = replace(program, blocks=(more, *program.blocks), taps=(*program.taps, Tap("more", "spikes")))
    other = run(wider, Settings())
    return same("spikes", spikes_of(other, "cell"), spikes_of(record, "cell")) + near(
        "v", trace_of(other, "cell", "v"), trace_of(record, "cell", "v"), 0.0
    )


CASES = (
    Case("poisson_drive", "Poisson counts as payloads, a planned change of rate", poisson_drive, poisson_oracle, spikes=50),
    Case("poisson_neurons", "rand() in a spike condition", poisson_neurons, poisson_neurons_oracle, spikes=2000),
    Case("ornstein_uhlenbeck", "variance and autocorrelation of filtered noise", ornstein_uhlenbeck, ornstein_uhlenbeck_oracle),
    Case("frozen", "a frozen program equals the plain one", noisy_network, frozen_oracle, spikes=50),
    Case("copies", "a batch of three equals three single runs", noisy_network, copies_oracle, spikes=100, copies=3),
    Case("unaffected", "a further population changes no number of the others", noisy_network, unaffected_oracle, spikes=50),
)

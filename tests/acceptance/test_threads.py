"""Threads, pauses and the order of stored synapses change nothing: the same spikes and states, to the last bit."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest

import neurosim as ns
from neurosim.backends.base import Settings
from neurosim.backends.native.streams import ENDED
from neurosim.backends.registry import get
from neurosim.ir.program import Program
from neurosim.record import Record
from neurosim.result.files import record_digest
from neurosim.units import Hz, ms, mV, pA

DOUBLE = ("cuba", "coba", "cobahh", "microcircuit dc", "microcircuit poisson", "microcircuit frozen", "brunel", "brunel frozen")
SINGLE = ("cuba", "coba", "cobahh", "microcircuit dc", "microcircuit poisson", "brunel")
CASES = [(name, "double") for name in DOUBLE] + [(name, "single") for name in SINGLE]


def assert_equal(got: Record, expected: Record) -> None:
    """Equal events with their payloads, traces and final states."""
    assert set(got.events) == set(expected.events) and set(got.traces) == set(expected.traces)
    for part, events in expected.events.items():
        for column in ("steps", "indices", "payloads", "copies"):
            np.testing.assert_array_equal(getattr(got.events[part], column), getattr(events, column), f"{column} of {part}")
    for key, trace in expected.traces.items():
        np.testing.assert_array_equal(got.traces[key].steps, trace.steps, str(key))
        np.testing.assert_array_equal(got.traces[key].values, trace.values, str(key))
    for key, value in expected.final.items():
        np.testing.assert_array_equal(got.final[key], value, str(key))
    assert record_digest(got) == record_digest(expected)


@pytest.mark.matrix
@pytest.mark.parametrize(("name", "precision"), CASES)
def test_same_digest_with_any_number_of_threads(record: Callable[..., Record], name: str, precision: str) -> None:
    alone = record(name, "native", threads=1, precision=precision)
    assert sum(len(events.steps) for events in alone.events.values()) >= 500
    for threads in (2, 3, 4):
        together = record(name, "native", threads=threads, precision=precision)
        assert together.info["threads"] == threads
        assert_equal(together, alone)


# ---- everything that threads share --------------------------------------------------------------------------------------
CELL = ns.NeuronModel(
    """
    dv/dt = (v_rest - v) / tau_m + (I + I_ext) / c_m : mV
    dI/dt = -I / tau_s                               : pA
    tau_m, tau_s                                     : ms
    c_m                                              : pF
    v_rest, theta                                    : mV
    I_ext                                            : pA (port)
    """,
    spike="v > theta + 1*mV*rand()",
    reset="v -= 15*mV",
    refractory=1 * ms,
    payload="where(v > theta + 2*mV, 2, 1)",
    held=("v",),
    defaults={"tau_m": 15 * ms, "tau_s": 3 * ms, "c_m": 200 * ns.units.pF, "v_rest": -65 * mV, "theta": -50 * mV},
)


def crowd() -> Program:
    """Odd sizes, delays from 0 steps on, payloads, noise in the threshold, two kinds of Poisson input, every kind of probe, a plan."""
    cells = [
        ns.Population(name, size, CELL, v=ns.uniform(-65 * mV, -50 * mV), tau_m=ns.uniform(10 * ms, 20 * ms))
        for name, size in (("a", 65), ("b", 301), ("c", 127))
    ]
    own = [ns.PoissonSource(f"{cell.name} noise", cell.size, rate=4000 * Hz) for cell in cells]
    common = ns.PoissonSource("common", 40, rate=100 * Hz)
    clock = ns.SpikeTimes("clock", 3, [5 * ms, 5 * ms, 30 * ms, 70 * ms], [0, 2, 1, 0], payloads=[1.0, 2.0, 1.0, -1.0])
    into = {"into": "I"}
    projections = [
        ns.Projection(source, cell, ns.one_to_one(), weight=40 * pA, **into) for source, cell in zip(own, cells)
    ]
    projections += [ns.Projection(common, cell, ns.fixed_outdegree(9), weight=50 * pA, delay=0.5 * ms, **into) for cell in cells]
    projections += [ns.Projection(clock, cells[1], ns.all_to_all(), weight=80 * pA, delay=2 * ms, into="I_ext")]
    projections += [
        ns.Projection(
            pre, post, ns.fixed_probability(0.1), weight=ns.normal((30 if i < 2 else -60) * pA, 5 * pA),
            delay=ns.uniform(0 * ms, 6 * ms), **into,
        )  # fmt: skip
        for i, pre in enumerate(cells)
        for post in cells
    ]
    probes = [ns.Probe(cell, "spikes") for cell in cells] + [
        ns.Probe(cells[0], "v", of=[0, 63, 64]),
        ns.Probe(cells[1], "I", every=0.7 * ms),
        ns.Probe(cells[2], "v", every=1 * ms, reduce="mean"),
        ns.Probe(cells[1], "counts", every=10 * ms),
        ns.Probe(cells[2], "count", every=5 * ms),
        ns.Probe(common, "spikes"),
    ]
    plan = ns.Schedule(
        ns.Phase(40 * ms),
        ns.Phase(30 * ms, off=("common", "b -> c"), set={"a.theta": -52 * mV}),
        ns.Phase(30.3 * ms, set={"c.v": -60 * mV}),
    )
    return ns.lower(ns.Network(*cells, *own, common, clock, *projections, *probes, seed=9), plan)


@pytest.fixture(scope="module", name="alone")
def _alone(require_engine: Callable[[str], None]) -> Record:
    require_engine("native")
    return run(crowd(), Settings(threads=1, copies=2))


def run(program: Program, settings: Settings, *stretches: int) -> Record:
    """Run in stretches of so many steps, then to the end."""
    machine = get("native").compile(program, settings)
    for steps in stretches:
        machine.run(steps)
    machine.run()
    return machine.record()


@pytest.mark.matrix
def test_everything_that_threads_share(alone: Record) -> None:
    assert sum(len(events.steps) for part, events in alone.events.items() if part in "abc") > 1000
    for threads in (2, 3, 4, 7):
        together = run(crowd(), Settings(threads=threads, copies=2))
        assert together.info["threads"] == threads
        assert_equal(together, alone)


@pytest.mark.matrix
def test_the_crowd_is_that_of_the_reference(alone: Record) -> None:
    machine = get("reference").compile(crowd(), Settings(copies=2))
    machine.run()
    expected = machine.record()
    for part, events in expected.events.items():
        for column in ("steps", "indices", "payloads", "copies"):
            np.testing.assert_array_equal(getattr(alone.events[part], column), getattr(events, column), f"{column} of {part}")
    for key, trace in expected.traces.items():
        np.testing.assert_allclose(alone.traces[key].values, trace.values, rtol=0, atol=1e-9, err_msg=str(key))


@pytest.mark.matrix
@pytest.mark.parametrize("threads", [1, 3])
def test_pauses_change_nothing(alone: Record, threads: int) -> None:
    assert_equal(run(crowd(), Settings(threads=threads, copies=2), 1, 2, 398, 17, 1, 99), alone)


@pytest.mark.matrix
def test_many_short_runs_with_threads(alone: Record) -> None:
    """Whoever waits for another thread must not miss it: the same run, ten times over."""
    for _ in range(10):
        assert_equal(run(crowd(), Settings(threads=4, copies=2)), alone)


# ---- checkpoints ----------------------------------------------------------------------------------------------------
@pytest.mark.matrix
@pytest.mark.parametrize("threads", [1, 2, 3])
@pytest.mark.parametrize("name", ["microcircuit poisson", "brunel"])
def test_resumed_from_a_checkpoint(
    program: Callable[[str], Program], record: Callable[..., Record], name: str, threads: int
) -> None:
    """Poisson input, events in flight and all: what a fresh machine does after a checkpoint is what the first one would have done."""
    alone = record(name, "native", threads=1)
    first = get("native").compile(program(name), Settings(threads=threads))
    first.run(437)
    taken = first.checkpoint()
    first.run(100)
    second = get("native").compile(program(name), Settings(threads=threads))
    second.restore(taken)
    second.run()
    later = {part: events.steps >= 437 for part, events in alone.events.items()}
    resumed = second.record()
    for part, events in alone.events.items():
        np.testing.assert_array_equal(resumed.events[part].steps, events.steps[later[part]])
        np.testing.assert_array_equal(resumed.events[part].indices, events.indices[later[part]])
    for key, value in alone.final.items():
        np.testing.assert_array_equal(resumed.final[key], value, str(key))
    first.restore(taken)
    first.run()
    assert_equal(first.record(), alone)


# ---- exact sums -----------------------------------------------------------------------------------------------------
@pytest.mark.matrix
@pytest.mark.parametrize("name", ["coba", "cuba"])
def test_the_order_of_pathways_does_not_matter(program: Callable[[str], Program], record: Callable[..., Record], name: str) -> None:
    """Sums of rounded weights are exact."""
    plain = program(name)
    turned = replace(plain, pathways=plain.pathways[::-1], weights=plain.weights[::-1])
    assert_equal(run(turned, Settings(threads=1)), record(name, "native", threads=1))


@pytest.mark.matrix
@pytest.mark.parametrize("name", ["microcircuit dc", "cuba", "brunel frozen"])
def test_the_order_of_stored_synapses_does_not_matter(
    program: Callable[[str], Program], record: Callable[..., Record], name: str
) -> None:
    """The records of every bucket shuffled: those of a source that arrive in the same step."""
    machine = get("native").compile(program(name), Settings(threads=1))
    static, rng = machine.assembly.static, np.random.default_rng(0)
    queues = [key.removesuffix("_target") for key in static if key.endswith("_target")]
    assert queues
    moved = sum(shuffle(static, machine.assembly.own_static[0][f"{queue}_start"], queue, rng) for queue in queues)
    assert moved > 1000
    machine.run()
    assert_equal(machine.record(), record(name, "native", threads=1))


def shuffle(static: dict[str, np.ndarray], start: np.ndarray, queue: str, rng: np.random.Generator) -> int:
    """Reorder the records of every bucket in place; how many lie elsewhere now."""
    target, weight = static[f"{queue}_target"], static[f"{queue}_weight"]
    at, moved = int(start[0]), 0
    while at < start[-1]:
        size = 0 if target[at] == ENDED else int(target[at])
        records = slice(at + 1, at + 1 + size)
        order = rng.permutation(size)
        moved += int((order != np.arange(size)).sum())
        target[records] = target[records][order]
        if len(weight) > 1:
            weight[records] = weight[records][order]
        at = records.stop
    assert at == start[-1]
    return moved

"""Sums that are not exact: the order of their terms is part of the meaning of a step, and every engine keeps it."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

import neurosim as ns
from neurosim.backends.base import Settings, run_on
from neurosim.backends.registry import get
from neurosim.ir.program import Program
from neurosim.record import Record
from neurosim.units import ms, mV, pA

STEPS = 1000
CELL = ns.NeuronModel(
    """
    dv/dt = (v_rest - v) / tau_m + (I + drive) / c_m : mV
    dI/dt = -I / tau_s                               : pA
    tau_m, tau_s                                     : ms
    c_m                                              : pF
    v_rest                                           : mV
    drive                                            : pA
    """,
    spike="v > -50*mV",
    reset="v = -60*mV",
    refractory=2 * ms,
    defaults={"tau_m": 15 * ms, "tau_s": 3 * ms, "c_m": 200 * ns.units.pF, "v_rest": -65 * mV, "drive": 300 * pA},
)


def network(precision: str) -> Program:
    """Three populations; synapses of every pair add to the same current, at once and after up to twelve steps."""
    cells = [
        ns.Population(name, size, CELL, v=ns.uniform(-65 * mV, -50 * mV), tau_m=ns.uniform(10 * ms, 20 * ms))
        for name, size in (("a", 60), ("b", 130), ("c", 75))
    ]
    wiring = (ns.fixed_probability(0.3), ns.fixed_indegree(15), ns.fixed_total_number(900))
    projections = [
        ns.Projection(
            pre, post, wiring[(i + j) % 3], into="I", weight=ns.normal((40 if i < 2 else -90) * pA, 15 * pA),
            delay=ns.uniform(0 * ms, 1.2 * ms), weight_precision=precision,
        )  # fmt: skip
        for i, pre in enumerate(cells)
        for j, post in enumerate(cells)
    ]
    return ns.lower(ns.Network(*cells, *projections, *(ns.Probe(cell, "spikes") for cell in cells), seed=3), STEPS * 0.1 * ms)


def run(engine: str, program: Program, **options: object) -> Record:
    return run_on(get(engine), program, Settings(options=options))


def test_weights_are_not_rounded() -> None:
    """Else the sums would be exact, and their order would not matter."""
    from neurosim.ir.wiring import weight_values

    program = network("float64")
    for weights in program.weights:
        values = weight_values(program, weights)
        assert np.mean(values != values.astype(np.float32)) > 0.99
    assert all(pathway.weights for pathway in program.pathways)


def assert_bitwise(got: Record, expected: Record) -> None:
    assert sum(len(events.steps) for events in expected.events.values()) > 500
    for part, events in expected.events.items():
        np.testing.assert_array_equal(got.events[part].steps, events.steps)
        np.testing.assert_array_equal(got.events[part].indices, events.indices)
    for key, value in expected.final.items():
        np.testing.assert_array_equal(got.final[key], value, str(key))


@pytest.mark.matrix
@pytest.mark.parametrize("engine", ["native", "brian2"])
def test_states_are_equal_to_the_last_bit(require_engine: Callable[[str], None], engine: str) -> None:
    require_engine(engine)
    program = network("float64")
    assert_bitwise(run(engine, program), run("reference", program))


@pytest.mark.on_demand
@pytest.mark.parametrize("mode", ["cython", "cpp_standalone"])
def test_states_are_equal_in_compiled_brian2(require_engine: Callable[[str], None], mode: str) -> None:
    require_engine("brian2")
    program = network("float64")
    assert_bitwise(run("brian2", program, mode=mode), run("reference", program))


@pytest.mark.matrix
@pytest.mark.parametrize("threads", [2, 3, 4])
def test_any_number_of_threads_keeps_the_order(require_engine: Callable[[str], None], threads: int) -> None:
    require_engine("native")
    program = network("float64")
    got = run_on(get("native"), program, Settings(threads=threads))
    assert got.info["threads"] == threads
    assert_bitwise(got, run("reference", program))

"""Spike-timing dependent plasticity on every engine: the same spikes, and weights within 1e-9 mV."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

import neurosim as ns
from neurosim.backends.base import Settings, run_on
from neurosim.backends.registry import get
from neurosim.conformance.case import differences
from neurosim.ir.program import Program
from neurosim.record import Record
from neurosim.units import ms, mV

W_MAX = 0.6
RULE = ns.plasticity.pair_stdp(tau_plus=20 * ms, tau_minus=20 * ms, a_plus=0.02 * mV, a_minus=0.025 * mV)
CELL = ns.NeuronModel(
    "dv/dt = (mu - v) / tau : mV\nmu : mV\ntau : ms",
    spike="v >= 20*mV",
    reset="v = 10*mV",
    refractory=2 * ms,
    defaults={"mu": 21 * mV, "tau": 20 * ms},
)
DELAYS = {"drawn": ns.uniform(0.1 * ms, 2.9 * ms), "constant": 1.5 * ms}
ORDERS = (("first", "second", "static"), ("static", "second", "first"))


def network(order: tuple[str, ...], delay: str, neurons: int = 100, every: float | None = None) -> ns.Network:
    """Two plastic projections and a static one onto the same potential, in a given order."""
    exc = ns.Population("exc", neurons * 4 // 5, CELL, mu=ns.uniform(19.5 * mV, 24 * mV), v=ns.uniform(0 * mV, 20 * mV))
    inh = ns.Population("inh", neurons // 5, CELL, mu=ns.uniform(20 * mV, 22 * mV), v=ns.uniform(0 * mV, 20 * mV))
    drawn = DELAYS[delay]
    start, bounds = ns.uniform(0 * mV, W_MAX * mV), (0 * mV, W_MAX * mV)
    common = {"into": "v", "weight": start, "delay": drawn, "plasticity": RULE, "bounds": bounds}
    parts = {
        "first": ns.Projection(exc, exc, ns.fixed_probability(0.15), name="first", **common),
        "second": ns.Projection(exc, exc, ns.fixed_indegree(10), name="second", **common),
        "static": ns.Projection(inh, exc, ns.fixed_probability(0.3), into="v", weight=-0.4 * mV, delay=drawn, name="static"),
    }
    probes = [ns.Probe(exc, "spikes"), ns.Probe(inh, "spikes")]
    if every is not None:
        probes += [ns.Probe(parts[name], "w", every=every * ms) for name in ("first", "second")]
    return ns.Network(exc, inh, *(parts[name] for name in order), *probes, seed=5)


def lowered(order: tuple[str, ...], delay: str) -> Program:
    return ns.lower(network(order, delay), 400 * ms)


def assert_same(got: Record, expected: Record) -> None:
    """Equal spikes, enough of them; weights within the tolerance that hit both bounds."""
    for part, events in expected.events.items():
        np.testing.assert_array_equal(got.events[part].steps, events.steps, part)
        np.testing.assert_array_equal(got.events[part].indices, events.indices, part)
    assert sum(len(events.steps) for events in expected.events.values()) >= 1000
    for name in ("first", "second"):
        np.testing.assert_allclose(got.final[name, "w"], expected.final[name, "w"], rtol=0, atol=1e-9)
        assert expected.final[name, "w"].min() == 0.0 and expected.final[name, "w"].max() == W_MAX
    complaints, _ = differences(got, expected, 1e-9, 0)
    assert not complaints, "\n".join(complaints)


@pytest.mark.matrix
@pytest.mark.parametrize("order", ORDERS, ids=" ".join)
@pytest.mark.parametrize("delay", DELAYS)
@pytest.mark.parametrize("engine", ["native", "brian2"])
def test_same_spikes_and_weights(require_engine: Callable[[str], None], engine: str, delay: str, order: tuple[str, ...]) -> None:
    require_engine(engine)
    program = lowered(order, delay)
    assert_same(run_on(get(engine), program, Settings()), run_on(get("reference"), program, Settings()))


def test_delays_reach_from_1_to_29_steps() -> None:
    from neurosim.ir.wiring import delays_of, expand

    for pathway in lowered(ORDERS[0], "drawn").pathways:
        delays = delays_of(pathway, expand(pathway.wiring))
        assert (delays.min(), delays.max()) == (1, 29)


@pytest.mark.on_demand
@pytest.mark.parametrize("mode", ["cython", "cpp_standalone"])
def test_same_in_compiled_brian2(require_engine: Callable[[str], None], mode: str) -> None:
    for engine in ("native", "brian2"):
        require_engine(engine)
    program = lowered(ORDERS[1], "drawn")
    settings = Settings(options={"mode": mode})
    assert_same(run_on(get("brian2"), program, settings), run_on(get("native"), program, Settings()))


@pytest.mark.matrix
def test_weights_in_mid_run_are_those_of_a_shorter_run(require_engine: Callable[[str], None]) -> None:
    """Weights that are put off until somebody looks are up to date when somebody does."""
    require_engine("native")
    taken = [run_on(get("native"), ns.lower(network(ORDERS[0], "constant", every=100.0), n * 100 * ms), Settings()) for n in (1, 2, 4)]
    machine = get("native").compile(ns.lower(network(ORDERS[0], "constant"), 400 * ms), Settings())
    machine.run(1000)
    after = machine.record().final
    machine.run()
    for name in ("first", "second"):
        whole = taken[-1].traces[name, "w"]
        for row, run in ((0, taken[0]), (1, taken[1]), (3, taken[2])):
            at = int(whole.steps[row])
            assert at == run.traces[name, "w"].steps[-1]
            np.testing.assert_array_equal(whole.values[row], run.traces[name, "w"].values[-1])
        np.testing.assert_array_equal(after[name, "w"], taken[0].final[name, "w"])
        np.testing.assert_array_equal(machine.record().final[name, "w"], taken[-1].final[name, "w"])


@pytest.mark.matrix
def test_five_seconds(require_engine: Callable[[str], None]) -> None:
    """Times far beyond those at which exp(t / tau) leaves the range of numbers."""
    require_engine("native")
    program = ns.lower(network(ORDERS[0], "constant", neurons=25, every=500.0), 5000 * ms)
    assert_same(run_on(get("native"), program, Settings()), run_on(get("reference"), program, Settings()))

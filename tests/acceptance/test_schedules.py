"""Everything that a schedule can say, on every engine; and the same said piece by piece in a session."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pytest

import neurosim as ns
from neurosim.units import Hz, ms, mV, pA, pF


def network() -> ns.Network:
    drive = ns.PoissonSource("drive", 6, rate=700 * Hz)
    listed = ns.SpikeTimes("listed", 4, np.arange(1, 40) * 0.5 * ms, np.arange(39) % 4)
    wave = ns.SampledArray("wave", np.sin(np.arange(7.0))[:, None] * np.ones(8) * 100 * pA, every=0.3 * ms)
    exc = ns.Population("exc", 8, ns.neurons.lif_exponential, v=ns.uniform(-65 * mV, -51 * mV), refractory=1 * ms)
    other = ns.Population("other", 4, ns.neurons.lif_exponential, v=-52 * mV)
    rule = ns.plasticity.pair_stdp(tau_plus=20 * ms, tau_minus=20 * ms, a_plus=20 * pA, a_minus=21 * pA)
    plastic = ns.Projection(
        drive, exc, ns.all_to_all(), into="I_syn", weight=ns.uniform(100 * pA, 900 * pA), bounds=(0 * pA, 1000 * pA), plasticity=rule,
        name="plastic",
    )  # fmt: skip
    return ns.Network(
        drive, listed, wave, exc, other, plastic,
        ns.Projection(drive, exc, ns.all_to_all(), into="I_syn", weight=300 * pA, name="fast", delay=0.2 * ms),
        ns.Projection(listed, other, ns.one_to_one(), into="I_syn", weight=6000 * pA, name="in"),
        ns.Projection(exc, other, ns.all_to_all(), into="I_syn", weight=ns.uniform(0 * pA, 500 * pA), name="up"),
        ns.Projection(other, exc, ns.all_to_all(), into="I_syn", weight=0 * pA, name="down", delay=0.7 * ms),
        ns.Projection(wave, exc, ns.one_to_one(), into="I_ext", name="signal"),
        ns.Probe(exc, "spikes"), ns.Probe(other, "spikes"), ns.Probe(exc, "v", every=0.3 * ms), ns.Probe(plastic, "w", every=1 * ms),
        seed=5, name="everything",
    )  # fmt: skip


def phases(net: ns.Network) -> tuple[ns.Phase, ...]:
    up, plastic = net["up"], net["plastic"]
    rates, constants = np.linspace(100.0, 900.0, 6) * Hz, np.linspace(9.0, 12.0, 8) * ms
    at = [
        ns.Assignment("exc.v", -60 * mV, at=1 * ms, every=1 * ms),
        ns.Assignment("exc.I_syn", 5 * pA, at=[0.5 * ms, 2 * ms]),
        ns.Assignment("plastic.w", 200 * pA, at=1.5 * ms),
    ]
    copied = {"fast.w": ns.CopyWeights(plastic, factor=0.5), "down.w": ns.CopyWeights(up, transpose=True, factor=-0.5)}
    return (
        ns.Phase(3 * ms, label="rest"),
        ns.Phase(2 * ms, label="test", set={"drive.rate": rates, "exc.tau_m": constants, "exc.v": "E_L + 2*mV"}, repeats=3, off=["up"]),
        ns.Phase(4 * ms, set={"exc.hold": 0, "plastic.tau_plus": 10 * ms, "plastic.x": 0.5, **copied}, plasticity=False, at=at),
        ns.Phase(3 * ms, set={"plastic.w": ns.uniform(0 * pA, 200 * pA)}, off=["drive", "wave", "listed"], plasticity=["plastic"]),
        ns.Phase(3 * ms, set={"drive.rate": 800 * Hz, "exc.C_m": 200 * pF, "exc.E_L": -64 * mV, "exc.v": ns.uniform(-60 * mV, -52 * mV)}),
    )


def session_of(net: ns.Network, backend: str, options: Mapping[str, object]) -> ns.Result:
    """The same phases, said one by one."""
    with ns.Session(net, backend=backend, options=options) as session:
        for phase in phases(net):
            for _ in range(phase.repeats):
                session.set(phase.set)
                session.run(phase.duration, label=phase.label, off=phase.off, plasticity=phase.plasticity, at=phase.at)
    return session.result


def agree(one: ns.Result, other: ns.Result) -> None:
    assert one.provenance.program_digest == other.provenance.program_digest
    assert str(ns.compare(one, other)).startswith("identical: "), str(ns.compare(one, other))


def test_a_schedule_of_everything_on_the_reference() -> None:
    net = network()
    result = ns.simulate(net, ns.Schedule(*phases(net)), backend="reference")
    assert min(len(result[name].indices) for name in ("exc", "other")) >= 10
    agree(result, session_of(net, "reference", {}))


ENGINES = [
    pytest.param("native", {}, marks=pytest.mark.slow),
    pytest.param("brian2", {}, marks=pytest.mark.slow),
    pytest.param("brian2", {"mode": "cpp_standalone"}, marks=pytest.mark.compiled_brian2),
    pytest.param("brian2", {"mode": "cython"}, marks=pytest.mark.on_demand),
]


@pytest.mark.parametrize(("backend", "options"), ENGINES)
def test_a_schedule_of_everything_on_every_engine(backend: str, options: Mapping[str, object], require_engine) -> None:
    require_engine(backend)
    net = network()
    schedule = ns.Schedule(*phases(net))
    expected = ns.simulate(net, schedule, backend="reference")
    result = ns.simulate(net, schedule, backend=backend, options=options)
    agree(expected, result)
    if backend == "brian2" and options.get("mode") != "cpp_standalone":  # sessions on the native engine: tests/properties
        again = session_of(net, backend, options)
        agree(expected, again)
        assert again.digest() == result.digest()

"""A checkpoint taken at a random step and restored in a new process goes on bit by bit, on every engine that keeps its state."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

import neurosim as ns
from neurosim.units import Hz, ms, mV

TOTAL = 500
"""Steps."""
GO_ON = """
import sys
sys.path.insert(0, sys.argv[1])
import neurosim as ns
from neurosim.units import ms
for name in sys.argv[2:]:
    path, steps = name.rsplit(":", 1)
    session = ns.Session.restore(path)
    session.run(0.1 * ms * int(steps), plasticity=False)
    print(session.result.digest(), session.result.provenance.program_digest)
"""
ENGINES = (
    {"backend": "reference"},
    {"backend": "native"},
    {"backend": "native", "precision": "single", "copies": 2},
    {"backend": "native", "threads": 2},
)


def network(*, plastic: bool) -> ns.Network:
    """Enough neurons for two threads; events with drawn delays in flight at any time; noise, refractory times, plastic weights."""
    drive = ns.PoissonSource("drive", 40, rate=300 * Hz)
    cell = ns.NeuronModel(
        "dv/dt = (-65*mV - v + I) / tau_m + 1*mV * xi / sqrt(tau_m) : mV\ndI/dt = -I / (5*ms) : mV\ntau_m : ms",
        spike="v > -52*mV", reset="v = -65*mV", refractory=1 * ms,
    )  # fmt: skip
    exc = ns.Population("exc", 256, cell, tau_m=np.linspace(10.0, 20.0, 256) * ms, v=ns.uniform(-65 * mV, -53 * mV))
    rule = ns.plasticity.pair_stdp(tau_plus=20 * ms, tau_minus=20 * ms, a_plus=0.1 * mV, a_minus=0.11 * mV) if plastic else None
    drawn = ns.uniform(0.1 * ms, 6 * ms)
    return ns.Network(
        drive,
        exc,
        ns.Projection(drive, exc, ns.fixed_probability(0.3), into="I", weight=ns.uniform(1 * mV, 5 * mV), delay=drawn),
        ns.Projection(exc, exc, ns.fixed_probability(0.05), into="I", weight=0.5 * mV, delay=drawn, plasticity=rule, name="loop"),
        ns.Probe(exc, "spikes"),
        ns.Probe(exc, "v", of=range(5), every=0.7 * ms, reduce="mean"),
        seed=11,
    )


@pytest.mark.slow
def test_a_new_process_goes_on_bit_by_bit(tmp_path: Path) -> None:
    chance = np.random.default_rng()
    files, expected, told = [], [], []
    for number, engine in enumerate(ENGINES):
        net = network(plastic="threads" not in engine)
        steps = int(chance.integers(1, TOTAL))
        path = tmp_path / f"{number}.checkpoint"
        with ns.Session(net, **engine) as session:
            session.run(0.1 * ms * steps)
            session.checkpoint(path)
        whole = ns.Schedule(ns.Phase(0.1 * ms * steps), ns.Phase(0.1 * ms * (TOTAL - steps), plasticity=False))
        result = ns.simulate(net, whole, **engine)
        assert result.spike_count > 100
        assert result.provenance.threads == engine.get("threads", 1)
        files.append(f"{path}:{TOTAL - steps}")
        expected.append(f"{result.digest()} {result.provenance.program_digest}")
        told.append(f"{engine} at step {steps}")
    root = str(Path(__file__).resolve().parents[2])
    found = subprocess.run([sys.executable, "-c", GO_ON, root, *files], capture_output=True, text=True, timeout=300, check=False)
    assert dict(zip(told, found.stdout.splitlines())) == dict(zip(told, expected)), found.stderr

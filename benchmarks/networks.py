"""The networks that are measured: the models of neurosim, and two that only exist to be timed."""

from __future__ import annotations

import importlib
from collections.abc import Mapping
from typing import Any

import numpy as np

import neurosim as ns
from neurosim.units import Hz, ms, mV

MODELS = ("microcircuit", "brunel", "cuba", "coba", "cobahh", "stdp")

# ---- small: 100 neurons that drive themselves -----------------------------------------------------------------------
SMALL = {"neurons": 100, "indegree": 10, "jump_mV": 0.05, "drive_mV": 21.0, "delay_ms": 1.5}
# ---- feed-forward: Poisson sources onto neurons that never fire -----------------------------------------------------
FEED_FORWARD = {"sources": 10000, "targets": 10000, "fan_out": 100, "jump_mV": 0.05, "delay_ms": 1.0}
# ---- silent: currents that decay for ever ---------------------------------------------------------------------------
SILENT = {"neurons": 10000, "start_pA": 1.0}

LIF = ns.NeuronModel(
    """
    dv/dt = (mu - v) / tau : mV
    mu, theta, v_reset     : mV
    tau                    : ms
    """,
    spike="v >= theta",
    reset="v = v_reset",
    refractory=2 * ms,
    defaults={"mu": 0 * mV, "theta": 20 * mV, "v_reset": 10 * mV, "tau": 20 * ms},
    name="benchmark neuron",
)


def small(*, seed: int = 1, record: bool = True) -> ns.Network:
    """100 neurons above threshold, ten weak inputs each: what a step costs when there is almost nothing to do."""
    drive, jump = SMALL["drive_mV"] * mV, SMALL["jump_mV"] * mV
    cells = ns.Population("cells", int(SMALL["neurons"]), LIF, mu=drive, v=ns.uniform(0 * mV, 20 * mV))
    wiring, delay = ns.fixed_indegree(int(SMALL["indegree"])), SMALL["delay_ms"] * ms
    loop = ns.Projection(cells, cells, wiring, into="v", weight=jump, delay=delay)
    return ns.Network(cells, loop, *([ns.Probe(cells, "spikes")] if record else []), seed=seed, name="small")


def feed_forward(*, rate: float = 10.0, seed: int = 1, record: bool = True) -> ns.Network:
    """10,000 Poisson sources [rate in Hz], each onto 100 of 10,000 neurons: update and delivery alone."""
    sources = ns.PoissonSource("sources", int(FEED_FORWARD["sources"]), rate=rate * Hz)
    targets = ns.Population("targets", int(FEED_FORWARD["targets"]), LIF, v_reset=0 * mV)
    wiring = ns.fixed_outdegree(int(FEED_FORWARD["fan_out"]))
    jump, delay = FEED_FORWARD["jump_mV"] * mV, FEED_FORWARD["delay_ms"] * ms
    forward = ns.Projection(sources, targets, wiring, into="v", weight=jump, delay=delay)
    probes = [ns.Probe(targets, "spikes")] if record else []
    return ns.Network(sources, targets, forward, *probes, seed=seed, name="feed-forward")


def silent(*, active: bool = False, seed: int = 1, record: bool = True) -> ns.Network:
    """Neurons without input whose currents start at 1 pA and decay below the smallest normal number.

    ``active``: a time constant so long that they stay normal; everything else is equal.
    """
    from neurosim.models import microcircuit
    from neurosim.units import pA

    tau = 1e6 * ms if active else microcircuit.TAU_SYN * ms
    start = SILENT["start_pA"] * pA
    v_rest = microcircuit.E_L * mV
    cells = ns.Population("cells", int(SILENT["neurons"]), microcircuit.CELL, tau_syn=tau, I_syn=start, v=v_rest)
    return ns.Network(cells, *([ns.Probe(cells, "spikes")] if record else []), seed=seed, name="silent")


HERE = {"small": small, "feed_forward": feed_forward, "silent": silent}


def build(name: str, arguments: Mapping[str, Any]) -> ns.Network:
    """A network by name, without probes."""
    if name in HERE:
        return HERE[name](**{"record": False, **arguments})
    net: ns.Network = importlib.import_module(f"neurosim.models.{name}").network(**{"record": False, **arguments})
    return net


def with_probes(net: ns.Network, kind: str, duration: float) -> ns.Network:
    """The same network that records 'spikes', 'counts' (one number per population and run) or 'nothing'."""
    firing = [population for population in net.populations if population.model.spike is not None]
    every = float(np.floor(duration * 10) / 10) * ms
    probes = {
        "spikes": [ns.Probe(population, "spikes") for population in firing],
        "counts": [ns.Probe(population, "count", every=every, at="end") for population in firing],
        "nothing": [],
    }[kind]
    return net.with_parts(*probes)

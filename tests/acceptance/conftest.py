"""The networks on which engines have to agree, each lowered once."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from functools import lru_cache

import pytest

import neurosim as ns
from neurosim.backends.base import Settings, run_on
from neurosim.backends.registry import get
from neurosim.ir.program import Program
from neurosim.ir.rewrites.freeze import freeze
from neurosim.models import brunel, coba, cobahh, cuba, microcircuit
from neurosim.record import Record
from neurosim.units import ms, mV


def constant_drive() -> Program:
    """The microcircuit with 2 % of the neurons, 20 % of the synapses each, and a constant background."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # some populations are below rheobase
        return ns.lower(microcircuit.network(n_scale=0.02, k_scale=0.2, background="dc"), 200 * ms)


def hundred() -> Program:
    """A hundred neurons above threshold with ten weak inputs each."""
    model = ns.NeuronModel(
        "dv/dt = (mu - v) / tau : mV\nmu : mV\ntau : ms",
        spike="v >= 20*mV",
        reset="v = 10*mV",
        refractory=2 * ms,
        defaults={"mu": 21 * mV, "tau": 20 * ms},
    )
    cells = ns.Population("cells", 100, model, v=ns.uniform(0 * mV, 20 * mV))
    loop = ns.Projection(cells, cells, ns.fixed_indegree(10), into="v", weight=0.05 * mV, delay=1.5 * ms)
    return ns.lower(ns.Network(cells, loop, ns.Probe(cells, "spikes"), seed=1), 1000 * ms)


PROGRAMS = {
    "cuba": lambda: ns.lower(cuba.network(), 300 * ms),
    "coba": lambda: ns.lower(coba.network(), 300 * ms),
    "cobahh": lambda: ns.lower(cobahh.network(), 100 * ms),
    "microcircuit dc": constant_drive,
    "microcircuit poisson": lambda: ns.lower(microcircuit.network(scale=0.1), 200 * ms),
    "microcircuit frozen": lambda: freeze(ns.lower(microcircuit.network(scale=0.1), 200 * ms)),
    "brunel": lambda: ns.lower(brunel.network(), 100 * ms),
    "brunel frozen": lambda: freeze(ns.lower(brunel.network(), 100 * ms)),
    "hundred": hundred,
}


@lru_cache(maxsize=3)
def built(name: str) -> Program:
    return PROGRAMS[name]()


@lru_cache(maxsize=4)
def recorded(name: str, engine: str, mode: str, threads: int | None, precision: str) -> Record:
    options = {"mode": mode} if mode else {}
    return run_on(get(engine), built(name), Settings(threads=threads, precision=precision, options=options))


@pytest.fixture(scope="session")
def program() -> Callable[[str], Program]:
    """A Program by its name."""
    return built


@pytest.fixture(scope="session")
def record(require_engine: Callable[[str], None]) -> Callable[..., Record]:
    """What an engine records of a Program by its name."""

    def run(name: str, engine: str, mode: str = "", threads: int | None = None, precision: str = "double") -> Record:
        require_engine(engine)
        return recorded(name, engine, mode, threads, precision)

    return run

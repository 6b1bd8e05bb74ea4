"""What is drawn for a part depends on the seed and its name alone: not on what else there is, who looks, or how many threads build."""

from __future__ import annotations

import hashlib
from collections.abc import Callable

import numpy as np
import pytest

import neurosim as ns
from neurosim.backends.base import Settings
from neurosim.backends.registry import get
from neurosim.ir import wiring
from neurosim.ir.program import Program
from neurosim.models import cuba, microcircuit
from neurosim.units import ms

pytestmark = pytest.mark.slow  # compiles several networks


def digests(program: Program) -> dict[str, str]:
    """Sources, targets, weights and delays of every pathway, in short."""
    found = {}
    weights = {w.name: w for w in program.weights}
    for pathway in program.pathways:
        edges = wiring.expand(pathway.wiring)
        values = wiring.weight_values(program, weights[pathway.weights])
        columns = (edges.pre, edges.post, values, wiring.delays_of(pathway, edges))
        found[pathway.name] = hashlib.sha256(b"".join(np.ascontiguousarray(column).tobytes() for column in columns)).hexdigest()
    return found


def states(program: Program) -> dict[str, np.ndarray]:
    return {block.name: np.asarray(block.states["v"]) for block in program.blocks}


@pytest.fixture(scope="module", name="net")
def _net() -> ns.Network:
    return microcircuit.network(scale=0.02)


@pytest.fixture(scope="module", name="plain")
def _plain(net: ns.Network) -> dict[str, str]:
    return digests(ns.lower(net, 10 * ms))


def without(net: ns.Network, name: str) -> ns.Network:
    """The network with one projection less."""
    kept = [projection for projection in net.projections if projection.name != name]
    return ns.Network(*net.populations, *net.stimuli, *kept, *net.probes, seed=net.seed, name=net.name)


@pytest.mark.slow
@pytest.mark.parametrize("number", [0, 7, 54, 55, 62])
def test_a_projection_less(net: ns.Network, plain: dict[str, str], number: int) -> None:
    name = net.projections[number].name
    left = digests(ns.lower(without(net, name), 10 * ms))
    assert len(left) >= len(plain) - 2  # with the last listener of a source the source goes too
    assert left == {key: plain[key] for key in left} and name not in left


def test_the_order_of_parts(net: ns.Network, plain: dict[str, str]) -> None:
    turned = ns.Network(*net.projections[::-1], *net.stimuli[::-1], *net.populations[::-1], seed=net.seed, name=net.name)
    assert digests(ns.lower(turned, 10 * ms)) == plain


def test_more_probes_and_populations(net: ns.Network, plain: dict[str, str]) -> None:
    more = ns.Population("more", 50, ns.neurons.lif_exponential)
    program = ns.lower(net.with_parts(more, ns.Probe(net["L4E"], "v", of=[0]), ns.Probe(more, "spikes")), 10 * ms)
    assert {key: value for key, value in digests(program).items() if key in plain} == plain
    initial = states(ns.lower(net, 10 * ms))
    for name, values in states(program).items():
        if name in initial:
            np.testing.assert_array_equal(values, initial[name])


def test_another_seed_or_name_draws_other_numbers(plain: dict[str, str]) -> None:
    other = digests(ns.lower(microcircuit.network(scale=0.02, seed=2), 10 * ms))
    # A background is wired one to one with one weight: there is nothing to draw.
    assert {key for key in plain if plain[key] == other[key]} == {key for key in plain if "background" in key}


@pytest.mark.matrix
def test_streams_of_the_native_engine(require_engine: Callable[[str], None]) -> None:
    """Built by one thread, or by as many as there are cores."""
    require_engine("native")
    program = ns.lower(microcircuit.network(n_scale=0.05, k_scale=0.5, record=False), 1 * ms)
    seen = []
    for threads in (1, None):
        machine = get("native").compile(program, Settings(threads=threads))
        assert machine.assembly.threads == 1
        streams = {name: array for name, array in machine.assembly.static.items() if name.endswith(("_target", "_weight"))}
        assert sum(array.size for name, array in streams.items() if name.endswith("_target")) > 3_000_000
        seen.append({name: hashlib.sha256(array.tobytes()).hexdigest() for name, array in streams.items()})
    assert seen[0] == seen[1]


@pytest.mark.matrix
def test_a_probe_more_changes_no_spike(require_engine: Callable[[str], None]) -> None:
    require_engine("native")
    small = cuba.network(neurons=1000)
    plain = ns.simulate(small, 100 * ms, threads=1)
    probed = ns.simulate(small.with_parts(ns.Probe(small["inh"], "v", of=[0, 5])), 100 * ms, threads=2)
    assert plain.spike_count > 100
    for part in plain.populations:
        np.testing.assert_array_equal(part.steps, probed[part.name].steps)
        np.testing.assert_array_equal(part.indices, probed[part.name].indices)

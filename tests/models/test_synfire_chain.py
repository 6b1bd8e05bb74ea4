"""The synfire chain: the published potential, volleys as they are found, survival on both sides of the boundary."""

import numpy as np
import pytest

import neurosim as ns
from neurosim.errors import ParameterError
from neurosim.models import synfire_chain as synfire
from neurosim.units import ms


def test_postsynaptic_potential_has_the_published_shape() -> None:
    """0.14 mV after 1.7 ms, 8.5 ms wide at half its height."""
    t = np.linspace(0, 60, 60001)
    v = synfire.WEIGHT * synfire.postsynaptic_potential(t)
    assert v.max() == pytest.approx(0.14, rel=1e-6)
    assert t[v.argmax()] == pytest.approx(1.7, abs=0.05)
    wide = t[v > 0.07]
    assert wide[-1] - wide[0] == pytest.approx(8.5, abs=0.1)


@pytest.mark.slow
def test_membrane_follows_the_closed_form() -> None:
    """One spike into a chain without background."""
    cells = ns.Population("cells", 1, synfire.CELL, v=-70 * synfire.mV)
    spike = ns.SpikeTimes("spike", 1, [1.0] * ms, [0])
    into = ns.Projection(spike, cells, ns.one_to_one(), into="a_syn", weight=synfire.WEIGHT * synfire.pA, weight_precision="float64")
    result = ns.simulate(ns.Network(cells, spike, into, ns.Probe(cells, "v")), 20 * ms, backend="reference")
    t = result["cells"].t - 1.1  # seen by the step after that of the spike
    wanted = np.where(t > 0, synfire.WEIGHT * synfire.postsynaptic_potential(np.maximum(t, 0)), 0)
    assert np.allclose(result["cells"].v[:, 0] + 70, wanted, atol=1e-9)


def test_wiring() -> None:
    net = synfire.network(packets=((5.0, 1.0), (3.0, 0.0)), trials=2, width=4, groups=3)
    first, onward, *_ = net.projections
    assert first.edge_count() == 4 * 4 and onward.edge_count() == 4 * 2 * 16
    pre, post = onward.connectivity.pre, onward.connectivity.post
    assert np.all(pre // 4 + 1 == post // 4) and np.all(pre // 12 == post // 12)
    sent = next(part for part in net.stimuli if part.name == "packets")
    assert np.bincount(sent.indices, weights=sent.payloads).tolist() == [5, 5, 3, 3]


def test_volleys_are_found_in_the_background() -> None:
    """Numbers and spreads of made-up volleys of 80 spikes, in 2 spikes per second and neuron."""
    generator = np.random.default_rng(5)
    for sigma in (0.3, 1.0, 3.0):
        volley = generator.normal(70.0, sigma, 80)
        noise = generator.uniform(0, 150, 30)
        a, spread, middle = synfire._volley(np.sort(np.concatenate([volley, noise])), 68.0, 0.2)
        assert a == pytest.approx(80, abs=6)
        assert spread == pytest.approx(volley.std(), rel=0.3)
        assert middle == pytest.approx(70, abs=1)
    assert synfire._volley(np.zeros(0), 68.0, 0.2)[0] == 0.0


@pytest.mark.slow
def test_volleys_survive_or_die(require_engine) -> None:
    """On both sides of the published boundary; survivors reach the attractor of 90 to 100 spikes within less than a millisecond."""
    require_engine("native")
    result = ns.simulate(synfire.network(), synfire.DURATION, progress=False)
    found = synfire.volleys(result)
    share = found.survived.reshape(len(synfire.PACKETS), 3).mean(axis=1)
    assert np.all(share[:6] > 0.5) and np.all(share[6:] < 0.5)
    assert found.a[found.survived, -1].mean() == pytest.approx(97, abs=3)
    assert found.sigma[found.survived, -1].mean() < 0.6
    times, _ = result["chains"].spikes
    assert ((times > 20) & (times < 40)).sum() / result["chains"].size / 0.02 == pytest.approx(synfire.PUBLISHED_BACKGROUND, abs=0.4)
    assert [axes.get_xlabel() for axes in synfire.figure(result).axes] == ["time [ms]", "spread sigma [ms]"]


@pytest.mark.slow
def test_the_figure_is_of_the_default_packets() -> None:
    net = synfire.network(packets=((3.0, 0.0),), trials=1, width=3, groups=2)
    result = ns.simulate(net, 70 * ms, backend="reference")
    with pytest.raises(ParameterError, match="10 groups of 100 neurons and of the default packets"):
        synfire.figure(result)

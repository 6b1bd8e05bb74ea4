"""The neuron that learns which of its inputs are correlated: its inputs, its published parameters, and that it learns."""

import inspect
from collections.abc import Callable

import numpy as np
import pytest

import neurosim as ns
from neurosim.errors import ParameterError
from neurosim.models import stdp_correlation as model
from neurosim.units import ms, second

SMALL = {"inputs": 20, "lasting": 2 * second}


def test_it_describes_itself() -> None:
    assert 20 < len(model.DESCRIPTION) < 120 and "doi" in (model.__doc__ or "")
    parameters = list(inspect.signature(model.network).parameters.values())
    for other in (model.expected, model.notes):
        assert list(inspect.signature(other).parameters.values()) == parameters
    assert list(model.expected()["expected at this scale"]) == ["neuron"]
    assert not model.expected(**SMALL) and len(model.notes(**SMALL)) == 3


def test_published_parameters() -> None:
    net = model.network(inputs=1000, lasting=1 * second, speed=1.0)
    sizes = {part.name: part.size for part in (*net.populations, *net.stimuli)}
    assert sizes == {"neuron": 1, "uncorrelated": 500, "correlated": 500, "inhibition": 200}
    plastic = [projection for projection in net.projections if projection.plasticity is not None]
    assert [projection.bounds for projection in plastic] == [(0, 0.015)] * 2
    rule = plastic[0].plasticity
    assert rule.value_of("a_plus") == pytest.approx(0.005 * 0.015)
    assert rule.value_of("a_minus") == pytest.approx(1.05 * 0.005 * 0.015)
    assert rule.value_of("tau_plus") == rule.value_of("tau_minus") == 20 * ms


def test_arguments_are_checked_together() -> None:
    with pytest.raises(ParameterError, match=r"inputs must be a whole number(.|\n)*lasting must be(.|\n)*deviation must not(.|\n)*speed"):
        model.network(inputs=1, lasting=3, deviation=-0.1, speed=0)


def test_inputs_are_correlated_as_published() -> None:
    """Rates of 10 Hz; the covariance of rates in a group is (10 Hz * 0.3)**2, and none between uncorrelated inputs."""
    net = model.network(inputs=80, lasting=100 * second, seed=4)
    width = 20.0
    counts = {}
    for source in net.stimuli[:2]:
        table = np.zeros((40, 5000))
        np.add.at(table, (source.indices, (source.times / ms / width).astype(int)), 1.0)
        counts[source.name] = table
        assert table.mean() / width * 1e3 == pytest.approx(10.0, rel=0.02)
    # Fluctuations that last tau on average, in windows of that width: 2 (exp(-1) - 1 + 1) / 1 of their variance are left.
    wanted = (10.0 * 0.3 * width * 1e-3) ** 2 * 2 * np.exp(-1.0)
    for name, covariance in (("correlated", wanted), ("uncorrelated", 0.0)):
        matrix = np.cov(counts[name])
        assert matrix[~np.eye(40, dtype=bool)].mean() == pytest.approx(covariance, abs=0.1 * wanted), name
        assert np.diag(matrix).mean() == pytest.approx(0.2 + 2 * wanted, rel=0.05)


@pytest.mark.slow
def test_short_run_and_figure(require_engine: Callable[[str], None]) -> None:
    require_engine("native")
    result = ns.simulate(model.network(**SMALL), 1010 * ms, backend="native", progress=False)
    assert len(result["neuron"].spikes[0]) > 0
    times, found = model.weights(result)
    assert list(times) == [0.0, 1.0] and {group: each.shape for group, each in found.items()} == dict.fromkeys(model.GROUPS, (2, 10))
    assert all(0 <= each.min() and each.max() <= 1 for each in found.values())
    figure = model.figure(result)
    assert [axes.get_xlabel() for axes in figure.axes] == ["time [s]", "weight / largest weight"]


@pytest.mark.slow
def test_the_correlated_inputs_win(require_engine: Callable[[str], None]) -> None:
    """Song, Miller and Abbott 2000; without fluctuations neither group wins."""
    require_engine("native")
    final = {}
    for deviation in (model.DEVIATION, 0.0):
        net = model.network(lasting=60 * second, deviation=deviation, speed=8.0)
        _, found = model.weights(ns.simulate(net, 60 * second, progress=False))
        final[deviation] = {group: each[-1].mean() for group, each in found.items()}
    assert final[model.DEVIATION]["correlated"] > final[model.DEVIATION]["uncorrelated"] + 0.12
    assert abs(final[0.0]["correlated"] - final[0.0]["uncorrelated"]) < 0.05

"""Pictures of networks: where boxes stand, what is written, that every model can be drawn."""

from __future__ import annotations

import importlib
from pathlib import Path

import numpy as np
import pytest

import neurosim as ns
from neurosim.errors import ParameterError
from neurosim.plotting import diagram
from neurosim.units import Hz, ms, mV, pA

LIF = ns.neurons.lif_exponential
RATE = ns.neurons.rate_neuron


def texts(network: ns.Network) -> list[str]:
    """Everything that is written in the picture."""
    figure = network.draw()
    return [text.get_text() for text in (*figure.texts, *(text for axes in figure.axes for text in axes.texts))]


def left_edges(network: ns.Network) -> dict[str, float]:
    """Name of a part -> where its name stands from left to right."""
    names = network.named()
    return {text.get_text(): text.get_position()[0] for axes in network.draw().axes for text in axes.texts if text.get_text() in names}


def chain() -> ns.Network:
    drive = ns.PoissonSource("drive", 3, rate=30 * Hz)
    layers = [ns.Population(name, 5, LIF) for name in ("one", "two", "three")]
    forward = [
        ns.Projection(a, b, ns.all_to_all(), into="I_syn", weight=1 * pA, delay=2 * ms) for a, b in zip([drive, *layers], layers, strict=False)
    ]
    back = ns.Projection(layers[2], layers[0], ns.one_to_one(), into="I_syn", weight=ns.uniform(-2 * pA, -1 * pA))
    return ns.Network(*layers, drive, *forward, back, ns.Probe(layers[1], "spikes"), ns.Probe(layers[1], "v", of=[0]), name="chain")


def test_columns_follow_activity() -> None:
    places = left_edges(chain())
    assert sorted(places, key=lambda name: places[name]) == ["drive", "one", "two", "three"]
    assert len(set(places.values())) == 4


def test_loops_that_nothing_reaches_stand_in_one_column() -> None:
    a, b = ns.Population("a", 2, LIF), ns.Population("b", 2, LIF)
    both = [ns.Projection(x, y, ns.all_to_all(), into="I_syn", weight=1 * pA) for x, y in ((a, b), (b, a), (a, a))]
    assert len(set(left_edges(ns.Network(a, b, *both)).values())) == 1


def test_what_is_written() -> None:
    written = texts(chain())
    assert {"chain", "drive", "one", "two", "three", "5 lif_exponential", "3 PoissonSource", "records spikes, v"} <= set(written)
    assert "1   drive -> one:  into I_syn, all_to_all(), weight 1 pA, delay 2 ms" in written
    assert "4   three -> one:  into I_syn, one_to_one(), weight uniform(-2 pA, -1 pA)" in written
    assert any(line.startswith("3 populations, 1 stimulus, 4 projections") for line in written)


def test_signals_arrays_shared_weights_and_rules() -> None:
    here, there = ns.Population("here", 3, RATE), ns.Population("there", 4, RATE)
    rule = ns.Plasticity("eta : weight", on_step="w += eta", values={"eta": 0.1}, name="drift")
    forward = ns.Projection(here.output("r"), there, ns.all_to_all(), into="u_in", weight=np.arange(12.0), plasticity=rule, name="forward")
    backward = ns.Projection(there.output("r"), here, ns.all_to_all(), into="u_in", transpose_of=forward, factor=-1.0)
    written = texts(ns.Network(here, there, forward, backward, ns.Probe(forward, "w", every=1 * ms)))
    assert "1   forward:  r into u_in, all_to_all(), weight 0 to 11, drift, records w" in written
    assert "2   there -> here:  r into u_in, all_to_all(), -1 times the weights of 'forward'" in written


def test_many_projections_are_not_listed() -> None:
    parts = [ns.Population(f"p{k}", 2, LIF) for k in range(6)]
    all_pairs = [ns.Projection(a, b, ns.all_to_all(), into="I_syn", weight=1 * pA) for a in parts for b in parts]
    written = texts(ns.Network(*parts, *all_pairs))
    assert any("print(network) lists them" in line for line in written)
    assert not any("p0 -> p1" in line for line in written)


@pytest.mark.parametrize("name", ["microcircuit", "brunel", "cuba", "coba", "cobahh", "stdp"])
def test_every_model_is_drawn(name: str, tmp_path: Path) -> None:
    network = importlib.import_module(f"neurosim.models.{name}").network()
    network.draw().savefig(tmp_path / "network.png")
    assert (tmp_path / "network.png").stat().st_size > 5000


def test_only_networks_are_drawn() -> None:
    with pytest.raises(ParameterError, match="diagram: needs a Network, got a Population"):
        diagram(ns.Population("a", 2, LIF, v=-60 * mV))  # type: ignore[arg-type]

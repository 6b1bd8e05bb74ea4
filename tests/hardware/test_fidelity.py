"""What rounding costs beside what chaos does: measured between runs that are known to be equal, apart, or as chaotic as each other."""

from __future__ import annotations

import numpy as np
import pytest

import neurosim as ns
from neurosim.backends.base import Settings
from neurosim.backends.registry import get
from neurosim.errors import OptionError, UnsupportedError
from neurosim.hardware import loihi
from neurosim.hardware.loihi.backend import offences_of
from neurosim.hardware.loihi.fidelity import measured, spread
from neurosim.ir.program import Program
from neurosim.record import Events, Record
from neurosim.units import ms, mV, pA


def network(size: int = 200, weight: float = -120.0) -> ns.Network:
    """Driven neurons that inhibit each other."""
    cells = ns.Population(
        "cells", size, ns.neurons.lif_exponential, tau_m=20 * ms, tau_syn=5 * ms, I_e=ns.uniform(200 * pA, 300 * pA),
        v=ns.uniform(-65 * mV, -50 * mV), refractory=0 * ms,
    )  # fmt: skip
    delay = ns.uniform(1 * ms, 16 * ms)  # with one delay for all they oscillate together
    drawn = ns.normal(weight * pA, 0.1 * abs(weight) * pA)
    loop = ns.Projection(cells, cells, ns.fixed_probability(0.1), into="I_syn", weight=drawn, delay=delay)
    return ns.Network(cells, loop, ns.Probe(cells, "spikes"), seed=4)


def program() -> Program:
    return ns.lower(network(), 300 * ms, dt=1 * ms)


def test_spread_by_hand() -> None:
    """Two neurons, three spikes against one and one against two: (2 + 1) / 2 over a mean of 2 spikes."""

    def record(steps: list[int], indices: list[int]) -> Record:
        ones = np.ones(len(steps))
        return Record(300, {"cells": Events(np.array(steps), np.array(indices), ones, ones.astype(int) - 1)}, {}, {}, {}, {})

    found = spread(record([10, 90, 170, 20], [0, 0, 0, 1]), record([10, 20, 200], [0, 1, 1]), "cells", 2, program())
    assert found.rates == 0.75 and found.correlation == pytest.approx(-1.0)
    # Two spikes, and one, that are in one train only and far from each other.
    assert found.distance == pytest.approx((1.0 + np.sqrt(0.5)) / 2, rel=1e-3)


def test_a_network_is_as_near_to_itself_as_can_be() -> None:
    matched, _ = offences_of(program(), "emulator")
    assert matched is not None
    reference = get("reference")
    (loss,) = measured(matched, reference, Settings(), reference, 1).losses
    assert (loss.chip.rates, loss.chip.cv, loss.chip.distance) == (0.0, 0.0, 0.0)
    assert loss.rate == loss.on_chip > 5.0
    assert loss.floor.rates > 0.0 and loss.ok


@pytest.mark.slow
def test_eight_bits_are_enough_and_one_is_not() -> None:
    eight, one = (loihi.fidelity(network(), 1000 * ms, dt=1 * ms, bits=bits, chip="loihi2") for bits in (8, 1))
    assert eight.ok and not one.ok
    assert "further than chaos" in str(one)
    assert str(eight).count("\n") == 2 and "cells" in str(eight)


def test_mistakes() -> None:
    with pytest.raises(OptionError, match="repeats must be a whole number from 1 on, got 0"):
        loihi.fidelity(network(), 100 * ms, repeats=0)
    with pytest.raises(UnsupportedError, match="v inside exp"):
        loihi.fidelity(ns.Network(ns.Population("cells", 2, ns.neurons.adex)), 100 * ms)

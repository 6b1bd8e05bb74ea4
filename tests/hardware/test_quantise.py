"""From a described network to integers: which numbers come out, and that the chip does what the network says."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import neurosim as ns
from neurosim.hardware.loihi.affine import affine_of
from neurosim.hardware.loihi.backend import Loihi, offences_of
from neurosim.hardware.loihi.integers import integers
from neurosim.hardware.loihi.limits import PROFILES
from neurosim.hardware.loihi.match import matched
from neurosim.hardware.loihi.merge import canonical
from neurosim.hardware.loihi.plan import LoihiPlan
from neurosim.hardware.loihi.quantise import quantised
from neurosim.units import Hz, ms, mV, pA

pytestmark = pytest.mark.slow  # compiles the emulator's loops

CELL = ns.neurons.lif_exponential


def driven(**values: object) -> ns.Network:
    """Ten neurons above threshold, a spike train into one of them, one synapse between two."""
    cells = ns.Population("cells", 10, CELL, I_e=np.linspace(380, 420, 10) * pA, refractory=2 * ms, **values)
    train = ns.SpikeTimes("in", 1, np.arange(5, 200, 7) * ms, np.zeros(28, int))
    return ns.Network(
        cells,
        train,
        ns.Projection(train, cells, ns.pairs([0], [0]), into="I_syn", weight=200 * pA, delay=1 * ms),
        ns.Projection(cells, cells, ns.pairs([0, 3], [1, 2]), into="I_syn", weight=[150, -150] * pA, delay=0.4 * ms),
        ns.Probe(cells, "spikes"),
        ns.Probe(cells, "v"),
        ns.Probe(cells, "I_syn"),
    )


@given(st.lists(st.floats(1e-3, 1e5), min_size=1, max_size=20), st.integers(1, 8))
def test_weights_are_canonical(sizes: list[float], bits: int) -> None:
    """Multiples of the least unit, at most half a unit away, and of what a negative exponent shifts out."""
    magnitude = np.array(sizes) % (255 * 2.0**7)
    mantissa, exponent = integers(magnitude, bits)
    unit = max(1 << (8 - bits), 1 << max(-exponent, 0))
    assert ((0 <= mantissa) & (mantissa <= 255)).all() and not (mantissa % unit).any()
    largest = 255 // unit * unit * 2.0**exponent
    inside = magnitude <= largest
    assert (np.abs(mantissa * 2.0**exponent - magnitude)[inside] <= 0.5 * unit * 2.0**exponent + 1e-9).all()


def test_decays_of_a_current_based_neuron() -> None:
    """dv and du are what the exact update leaves off; the map is read from the Update alone."""
    program = ns.lower(driven(), 10 * ms)
    found = affine_of(program.block("cells"), program.dt)
    assert found is not None
    assert found.entry("v", "v") == pytest.approx(np.full(10, np.exp(-0.1 / 10)), rel=1e-12)
    assert found.entry("I_syn", "I_syn") == pytest.approx(np.full(10, np.exp(-0.1 / 0.5)), rel=1e-12)
    assert not found.entry("I_syn", "v").any()
    match, offences = matched(program, PROFILES["emulator"])
    assert match is not None and offences == ()
    plan, report = quantised(match, "emulator")
    group = plan.group("cells")
    assert (group.dv, group.du) == (round(4096 * (1 - np.exp(-0.01))), round(4096 * (1 - np.exp(-0.2))) - 1)
    assert group.refractory == 20
    assert all(canonical(some) for some in plan.synapses)
    assert {row.parameter for row in report.parameters} == {"decay of v per step", "decay of u per step", "threshold - reset", "bias per step"}
    assert "threshold - reset" in str(report)


@pytest.mark.slow
def test_the_chip_follows_the_network() -> None:
    """As many spikes over 200 ms, the membrane within a part in a hundred of the threshold until the first; drives near threshold
    need the rounding of the decay made up for."""
    program = ns.lower(driven(), 200 * ms)
    here, there = ns.simulate(program, backend="reference"), ns.simulate(program, backend=Loihi(), options={"compensate": True})
    assert len(there["cells"].spikes[0]) == pytest.approx(len(here["cells"].spikes[0]), abs=2)
    first = int(here["cells"].spikes[0].min() / 0.1) - 1
    assert np.abs(here["cells"].v[:first] - there["cells"].v[:first]).max() < 0.15
    assert np.abs(here["cells"].I_syn[:first] - there["cells"].I_syn[:first]).max() < 2.0


@pytest.mark.slow
def test_exact_integers_are_exact() -> None:
    """Where every number is one of the chip's, the network in floats and the chip give the same spikes: du 4095, dv 0, whole weights."""
    model = ns.NeuronModel(
        """
        v[n+1] = v + I : mV
        I : mV (port)
        """,
        spike="v > 100*mV",
        reset="v = 0*mV",
    )
    rng = np.random.default_rng(3)
    places = np.unique(rng.integers(0, 1500, 300))
    train = ns.SpikeTimes("in", 5, places // 5 * ms, places % 5)
    cells = ns.Population("cells", 20, model)
    net = ns.Network(
        train,
        cells,
        ns.Projection(train, cells, ns.all_to_all(), into="I", weight=rng.integers(-10, 40, 100) * mV),
        ns.Projection(cells, cells, ns.fixed_probability(0.2), into="I", weight=30 * mV, delay=2 * ms),
        ns.Probe(cells, "spikes"),
    )
    program = ns.lower(net, 300 * ms, dt=1 * ms)
    match, _ = matched(program, PROFILES["emulator"])
    assert match is not None
    plan, _ = quantised(match, "emulator", scales={"cells": 64.0})
    assert plan.group("cells").vth == 100
    here, there = ns.simulate(program, backend="reference"), ns.simulate(program, backend=Loihi())
    assert len(here["cells"].spikes[0]) > 100
    assert there["cells"].spikes[0].tolist() == here["cells"].spikes[0].tolist()
    assert there["cells"].spikes[1].tolist() == here["cells"].spikes[1].tolist()


def test_all_offences_at_once() -> None:
    """Conductances, two currents, a long delay, a synapse with states: one report, nothing raised one by one."""
    pulse = ns.SpikeTimes("in", 1, [1] * ms, [0])
    fine = ns.Population("fine", 2, CELL)
    coba = ns.Population("coba", 2, ns.neurons.lif_conductance)
    two = ns.Population("two", 2, ns.neurons.lif_exponential_two)
    net = ns.Network(
        pulse,
        fine,
        coba,
        two,
        ns.Projection(pulse, fine, ns.all_to_all(), into="I_syn", weight=1 * pA, delay=7.1 * ms),
        ns.Projection(fine, fine, ns.all_to_all(), into="I_syn", weight=1 * pA, synapse=ns.synapses.tsodyks_markram),
        ns.Projection(fine, fine, ns.all_to_all(), into="v", weight=1 * mV, name="jumps"),
    )
    found, offences = offences_of(ns.lower(net, 10 * ms), "emulator")
    assert found is None
    assert {offence.where for offence in offences} == {
        "population 'coba'",
        "population 'two'",
        "projection 'in -> fine'",
        "projection 'fine -> fine'",
        "projection 'jumps'",
    }
    delay = next(offence for offence in offences if "delay" in offence.what)
    assert (delay.value, delay.limit) == (71, 62) and "6.2 ms" in delay.advice
    assert delay.to_dict()["limit"] == 62
    with pytest.raises(ns.NeurosimError) as raised:
        ns.simulate(net, 10 * ms, backend=Loihi())
    assert all(offence.what in str(raised.value) for offence in offences)


def test_poisson_input_is_drawn_for_the_chip() -> None:
    """Counts of a step travel as payloads."""
    drive = ns.PoissonSource("drive", 3, rate=5000 * Hz)
    cells = ns.Population("cells", 3, CELL)
    net = ns.Network(drive, cells, ns.Projection(drive, cells, ns.one_to_one(), into="I_syn", weight=10 * pA), seed=4)
    match, offences = matched(ns.lower(net, 50 * ms), PROFILES["emulator"])
    assert match is not None and offences == ()
    plan, _ = quantised(match, "emulator")
    assert plan.synapses[0].message_bits == 8
    assert plan.stimuli[0].payloads.max() > 1


def test_weights_that_are_lost_are_warned_of() -> None:
    """Small beside the threshold: a few units of the chip. The result says so wherever it is looked at."""
    drive = ns.PoissonSource("drive", 3, rate=50 * Hz)
    cells = ns.Population("cells", 3, CELL, v_th=100 * mV)
    net = ns.Network(drive, cells, ns.Projection(drive, cells, ns.one_to_one(), into="I_syn", weight=1 * pA), ns.Probe(cells, "spikes"), seed=4)
    result = ns.simulate(net, 50 * ms, backend="loihi")
    (warning,) = result.record.warnings
    assert warning.startswith("drive -> cells: its excitatory weights lose ") and "use a longer step, or a lower threshold" in warning
    assert f"warning: {warning}" in result.table() and result.provenance.notes == (f"Warning: {warning}.",)


def test_a_plan_is_one_whole_file(tmp_path: object) -> None:
    from pathlib import Path

    match, _ = matched(ns.lower(driven(), 5 * ms), PROFILES["emulator"])
    assert match is not None
    plan, _ = quantised(match, "emulator")
    path = Path(str(tmp_path)) / "a.plan"
    plan.save(path)
    assert LoihiPlan.load(path).digest() == plan.digest()
    assert "cells: 10 lif" in str(plan)
    damaged = bytearray(path.read_bytes())
    damaged[len(damaged) // 2] ^= 255
    path.write_bytes(damaged)
    with pytest.raises(ValueError, match="damaged"):
        LoihiPlan.load(path)

"""What the chip refuses: each feature, in the words that a user reads, with what to do about it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest

import neurosim as ns
from neurosim.backends.base import Settings
from neurosim.backends.registry import get
from neurosim.hardware import loihi
from neurosim.hardware.loihi.answers import core_offences
from neurosim.hardware.loihi.limits import LOIHI1
from neurosim.hardware.loihi.place import placed
from neurosim.hardware.loihi.plan import LoihiPlan, Neurons, Synapses
from neurosim.ir.program import Program
from neurosim.units import Hz, ms, mV, nS, pA, pF

CELL = ns.neurons.lif_exponential
LEAK = "dv/dt = (-v + I) / (10*ms) : mV\nI : mV (port)\n"


def of(model: ns.NeuronModel, *parts: object, **values: object) -> ns.Network:
    """One population 'cell' of a model."""
    return ns.Network(ns.Population("cell", 2, model, **values), *parts)


def model(equations: str, spike: str = "v > 10*mV", reset: str = "v = 0*mV", **others: object) -> ns.NeuronModel:
    return ns.NeuronModel(equations, spike=spike, reset=reset, **others)


def wired(target: ns.NeuronModel = CELL, **others: object) -> ns.Network:
    """A spike train into a population, by a projection with something unusual."""
    train = ns.SpikeTimes("in", 1, [1.0] * ms, [0])
    cell = ns.Population("cell", 2, target)
    settings: dict[str, object] = {"into": "I_syn", "weight": 1 * pA, **others}
    return ns.Network(train, cell, ns.Projection(train, cell, ns.all_to_all(), **settings))


def with_signal() -> ns.Network:
    current = ns.StepCurrent("steps", 1, [0] * ms, [1] * pA)
    cell = ns.Population("cell", 2, CELL)
    return ns.Network(current, cell, ns.Projection(current, cell, ns.all_to_all(), into="I_ext"))


def two_phases() -> Program:
    """A parameter that is set on the way, a projection that is switched off."""
    net = wired()
    phases = (ns.Phase(1 * ms, label="first"), ns.Phase(1 * ms, label="second", set={"cell.I_e": 5 * pA}, off=("in -> cell",)))
    return ns.lower(net, ns.Schedule(*phases))


def probing_an_output() -> ns.Network:
    cell = ns.Population("cell", 2, model("dv/dt = (-v + I) / (10*ms) : mV\nI : mV (port)\ny = 2*v : mV (output)"))
    return ns.Network(cell, ns.Probe(cell, "y"))


def poisson() -> ns.Network:
    drive = ns.PoissonSource("drive", 2, rate=20000 * Hz)
    cell = ns.Population("cell", 2, CELL)
    return ns.Network(drive, cell, ns.Projection(drive, cell, ns.one_to_one(), into="I_syn", weight=1 * pA))


NATIVE = 'or use backend="native"'
REFUSED: dict[str, tuple[Callable[[], ns.Network | Program], str, str]] = {
    "conductance": (
        lambda: of(model("dv/dt = -g * v / (100*pF) : mV\ndg/dt = -g / (5*ms) : nS")),
        "population 'cell': v appears in a product with g (conductance)",
        'use a current-based synapse, or backend="native"',
    ),
    "power": (lambda: of(model("dv/dt = (v**2 / mV - v) / (10*ms) : mV")), "population 'cell': v raised to a power", "use a leaky membrane with one current"),
    "square": (lambda: of(model("dv/dt = v * (v / mV - 1) / (10*ms) : mV")), "population 'cell': v appears in a product with itself", "use a leaky membrane"),
    "exponential": (lambda: of(model("dv/dt = (exp(v / mV) * mV - v) / (10*ms) : mV")), "population 'cell': v inside exp()", "use a leaky membrane"),
    "two factors": (
        lambda: of(model("dv/dt = (x * y * mV - v) / (10*ms) : mV\ndx/dt = -x / (5*ms) : 1\ndy/dt = -y / (5*ms) : 1")),
        "population 'cell': x appears in a product with y", "use a leaky membrane",
    ),
    "noise": (
        lambda: of(model("dv/dt = -v / (10*ms) + 1*mV * sqrt(2 / (10*ms)) * xi : mV", method="euler_maruyama")),
        "population 'cell': noise or rand() in its equations; the chip has another noise", f"drive it with a PoissonSource, {NATIVE}",
    ),
    "clock": (lambda: of(model("dv/dt = (-v + sin(t / ms) * mV) / (10*ms) : mV")), "population 'cell': its equations read t", "send what changes in time as spikes"),
    "condition": (
        lambda: of(model(LEAK, spike="v > 10*mV and v < 20*mV")),
        "population 'cell': its spike condition is not 'state > threshold' with binary or ternary spikes", "compare one state with a parameter: spike='v > v_th'",
    ),
    "rising": (lambda: of(model(LEAK, rising=True)), "population 'cell': it fires on a rising edge", "compare one state with a parameter"),
    "graded": (lambda: of(model(LEAK, payload="v / mV")), "population 'cell': its spike condition is not 'state > threshold' with binary or ternary spikes", "compare"),
    "two currents": (
        lambda: of(ns.neurons.lif_exponential_two), "population 'cell': its membrane has more than one current (I_exc, I_inh)", "a compartment has one: use one exponential current",
    ),
    "adaptation": (
        lambda: of(model("dv/dt = (-v - w) / (10*ms) : mV\ndw/dt = (v - w) / (100*ms) : mV")), "population 'cell': w depends on v", "a current of the chip does not see the membrane",
    ),
    "subtractive reset": (
        lambda: of(model(LEAK, reset="v -= 10*mV")), "population 'cell': its reset is 'v -= 10.0'; a compartment's sets v to a constant", "reset='v = v_reset', with a parameter v_reset",
    ),
    "no reset": (lambda: of(model(LEAK, reset="")), "population 'cell': a spike does not reset v", "reset='v = v_reset'"),
    "two resets": (lambda: of(model("dv/dt = (u - v) / (10*ms) : mV\ndu/dt = -u / (5*ms) : mV", reset="v = 0*mV; u = 0*mV")), "its reset is 'v = 0.0; u = 0.0'", "reset='v = v_reset'"),
    "held current": (
        lambda: of(model("dv/dt = (u - v) / (10*ms) : mV\ndu/dt = -u / (5*ms) : mV", refractory=2 * ms, held=("v", "u"))),
        "population 'cell': v, u is held in its refractory time", "the chip holds the membrane alone: held=('v',)",
    ),
    "long hold": (lambda: of(CELL, refractory=8 * ms), "population 'cell': refractory time of 80 steps; a neuro-core holds at most 64", "a longer step, or a shorter refractory time"),
    "low threshold": (lambda: of(model(LEAK, spike="v > -1*mV")), "population 'cell': its threshold is not above its reset", "raise v_th above v_reset"),
    "growth": (lambda: of(model("dv/dt = v / (10*ms) : mV")), "population 'cell': v is multiplied by 1.01 per step; a chip's decays lie between 0 and 1", "use a shorter step"),
    "signal": (with_signal, "stimulus 'steps': a signal; only spikes reach a neuro-core", "send spikes, or put a constant drive into the equations (it becomes a bias)"),
    "carries a signal": (with_signal, "projection 'steps -> cell': it carries a signal in every step", "connect spikes; backend='native' runs signals"),
    "fractions": (
        lambda: ns.Network(ns.SpikeTimes("in", 1, [1] * ms, [0], payloads=[0.5])), "stimulus 'in': spikes with payloads that are no whole numbers", "round them, or scale the weights",
    ),
    "delay": (lambda: wired(delay=7.1 * ms), "projection 'in -> cell': delay of 71 steps; a neuro-core holds at most 62", "use dt=0.2 ms, or delays up to 6.2 ms"),
    "jump of v": (lambda: wired(into="v", weight=1 * mV), "projection 'in -> cell': it adds to v of 'cell', which is not where a chip's synapses end", "connect into the current (I_syn)"),
    "depression": (lambda: wired(synapse=ns.synapses.tsodyks_markram), "projection 'in -> cell': its synapses have states or random numbers of their own", "use the static synapse"),
    "release": (
        lambda: wired(synapse=ns.SynapseModel("", on_arrival="into += w * where(rand() < 0.5, 1, 0)")), "its synapses have states or random numbers of their own", "use the static synapse",
    ),
    "other arrival": (
        lambda: wired(synapse=ns.SynapseModel("", on_arrival="into += w * w / pA")), "projection 'in -> cell': what it adds is not its weight times what the spike carries", "use on_arrival='into += w'",
    ),
    "a phase that sets": (two_phases, "phase 'second': it sets values of 'cell' (q_v)", "run the phases one by one"),
    "a phase without": (two_phases, "phase 'second': it switches 'in -> cell' off", "run the phases one by one"),
    "output": (probing_an_output, "probe of 'cell': y is no register of the chip", "probe spikes, the membrane or its current"),
}  # fmt: skip


@pytest.mark.parametrize("name", REFUSED)
def test_refused(name: str) -> None:
    build, what, advice = REFUSED[name]
    found = loihi.check(build(), chip="emulator") if isinstance(build(), Program) else loihi.check(build(), 1 * ms, chip="emulator")
    texts = [f"{offence.where}: {offence.what}" for offence in found.offences]
    number = next((k for k, text in enumerate(texts) if what in text), None)
    assert number is not None, "\n".join(texts)
    assert advice in found.offences[number].advice
    assert not found.fits and found.obstacles()[number].reason in ("never", "not_implemented", "not_yet")
    assert found.to_dict()["fits"] is False


def test_targets_have_limits_of_their_own() -> None:
    ternary = of(model(LEAK, spike="v > 10*mV or v < -10*mV", payload="where(v > 0*mV, 1, -1)"))
    held = of(CELL, refractory=2 * ms)
    cases = [
        (ternary, "loihi2", "population 'cell': loihi2-lif has no ternary neurons", "aim at chip='loihi2-microcode', or the emulator"),
        (poisson(), "loihi1", "projection 'drive -> cell': spikes of 'drive' carry numbers; loihi1 sends binary spikes", "use a shorter step"),
        (held, "lava-cpu-fixed", "population 'cell': lava-cpu-fixed has no refractory time", "refractory=0*ms, or the emulator"),
    ]
    for net, chip, what, advice in cases:
        offences = loihi.check(net, 5 * ms, chip=chip).offences
        assert [f"{offence.where}: {offence.what}" for offence in offences] == [what]
        assert advice in offences[0].advice
        assert loihi.check(net, 5 * ms, chip="emulator").fits
    assert loihi.check(ternary, chip="loihi2-microcode").fits
    assert loihi.check(poisson(), 5 * ms, chip="loihi2").fits


def test_everything_at_once_and_once() -> None:
    """The report of a story: two parts, their remedies, the same without running."""
    cell = model("dv/dt = (g * (E - v) - gl * v) / C : mV\ndg/dt = -g / tau : nS\nE : mV\ngl : nS\nC : pF\ntau : ms")
    exc = ns.Population("exc", 2, cell, E=0 * mV, gl=1 * nS, C=100 * pF, tau=5 * ms)
    inh = ns.Population("inh", 2, CELL)
    net = ns.Network(exc, inh, ns.Projection(inh, exc, ns.all_to_all(), into="g", weight=1 * nS, delay=7.1 * ms))
    with pytest.raises(ns.NeurosimError) as raised:
        ns.simulate(net, 500 * ms, backend="loihi")
    assert str(raised.value) == (
        "2 parts of this network cannot run on 'loihi' (emulator):\n"
        "  projection 'inh -> exc'  delay of 71 steps; a neuro-core holds at most 62  use dt=0.2 ms, or delays up to 6.2 ms\n"
        "  population 'exc'         v appears in a product with g (conductance)       use a current-based synapse, or backend=\"native\"\n"
        "(the same report without running: neurosim loihi check)"
    )
    assert str(loihi.check(net, chip="loihi1")).splitlines()[0] == (
        "2 parts of this network cannot run on 'loihi1' (Loihi 1: 128 cores of 1024 compartments):"
    )
    with pytest.raises(ns.NeurosimError, match=r"2 parts of this network cannot run on 'loihi1'"):
        loihi.plan(net, 5 * ms, chip="loihi1")


def test_copies_run_one_by_one() -> None:
    found = get("loihi").capabilities().obstacles(ns.lower(wired(), 1 * ms), Settings(copies=3))
    assert [(f.where, f.what, f.advice) for f in found] == [("the run", "3 copies at once", "run them one by one, with other seeds")]


def test_a_single_neuron_that_needs_more_than_a_core() -> None:
    sources = np.arange(4100)
    some = Synapses("s", "in", "one", sources, np.zeros(4100, int), np.ones(4100, int))
    plan = LoihiPlan(1, (Neurons("in", 4100, "source"), Neurons("one", 1)), (some,))
    (offence,) = core_offences(placed(plan, LOIHI1))
    assert (offence.where, offence.what) == ("population 'one'", "neuron 0 needs 4,100 input axons; a neuro-core has 4,096")
    assert (offence.value, offence.limit, offence.advice) == (4100, 4096, "give each neuron fewer sources")
    assert list(core_offences(placed(replace(plan, synapses=()), LOIHI1))) == []


def test_chips_and_arguments() -> None:
    for call, text in (
        (lambda: loihi.check(wired(), chip="loihi3"), "there is no chip 'loihi3'; did you mean 'loihi2'?"),
        (lambda: loihi.plan(wired()), "how long?"),
        (lambda: loihi.place(LoihiPlan(1, profile="emulator"), chip="emulator"), "emulator has no cores; name a chip"),
        (lambda: loihi.run(LoihiPlan(1), on="paper"), "a plan runs on 'emulator' or 'lava', got 'paper'"),
        (lambda: loihi.estimate(LoihiPlan(1), {}, constants="mine"), "there are no constants 'mine'"),
        (lambda: loihi.place(LoihiPlan(1), method="magic"), "method may be 'balanced' or 'halving', got 'magic'"),
        (lambda: loihi.load("missing.plan"), "cannot read 'missing.plan'"),
    ):
        with pytest.raises(ns.NeurosimError) as raised:
            call()
        assert text in str(raised.value)


def test_it_fits() -> None:
    found = loihi.check(wired(), chip="loihi1")
    assert found.fits and "fits on 1 core" in str(found) and found.to_dict()["placement"]["cores"] == 1  # type: ignore[index]
    assert str(loihi.check(wired(), chip="emulator")) == "fits on emulator (every integer neuron that neurosim knows, without limits of a core)"

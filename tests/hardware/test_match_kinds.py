"""Neurons beyond the leaky compartment with one current: thresholds that adapt, spikes that carry numbers, currents that decay alike.

Recognised from the Update and the spike alone, put into integers, and, where the emulator runs, compared with the network in floats.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import neurosim as ns
from neurosim.hardware import loihi
from neurosim.hardware.loihi import lava
from neurosim.hardware.loihi.emulator import Emulator
from neurosim.hardware.loihi.integers import parameter_errors
from neurosim.hardware.loihi.limits import PROFILES
from neurosim.hardware.loihi.match import Matched, Membrane, matched
from neurosim.hardware.loihi.merge import side_by_side
from neurosim.hardware.loihi.plan import LoihiPlan, Recording
from neurosim.hardware.loihi.quantise import assembled, first_scales, quantised, warnings_of
from neurosim.units import ms, mV, pA

ADAPTIVE = ns.neurons.lif_adaptive_loihi
STEPS = {
    "u": "u[n+1] = (1 - du) * u : 1",
    "v": "v[n+1] = (1 - dv) * v + u + bias : 1",
    "theta": "theta[n+1] = theta_0 + (1 - dtheta) * (theta - theta_0) : 1",
    "r": "r[n+1] = (1 - dr) * r : 1",
    "": "du, dv, dtheta, dr, bias, theta_0, theta_step : 1",
}
ATRLIF = {"spike": "v - r >= theta", "reset": "r += 2 * theta; theta += theta_step"}


def adaptive(changed: dict[str, str] | None = None, more: str = "", **others: object) -> ns.NeuronModel:
    """The adaptive neuron with some lines, its condition or its reset changed."""
    text = "\n".join([*{**STEPS, **(changed or {})}.values(), more])
    values = {name: ADAPTIVE.defaults[name] for name in ADAPTIVE.defaults if re.search(rf"\b{name}\b", text)}
    return ns.NeuronModel(text, **{**ATRLIF, "defaults": values, **others})


def found_of(net: ns.Network, steps: int = 5, chip: str = "emulator") -> Matched:
    """The chip's view of a network that fits."""
    found, offences = matched(ns.lower(net, steps * ms, dt=1 * ms), PROFILES[chip])
    assert found is not None and offences == (), offences
    return found


def membrane_of(model: ns.NeuronModel, size: int = 2, **values: object) -> Membrane:
    return found_of(ns.Network(ns.Population("cell", size, model, **values))).membranes[0]


def without_running(net: ns.Network) -> LoihiPlan:
    """The plan at the scales that parameters allow; nothing is compiled."""
    found = found_of(net)
    return assembled(found, "emulator", first_scales(found, 8), 8)[0]


def refused(net: ns.Network, chip: str = "emulator") -> list[tuple[str, str]]:
    return [(offence.what, offence.advice) for offence in loihi.check(net, 5 * ms, dt=1 * ms, chip=chip).offences]


# ---- the threshold adapts: what is recognised ----------------------------------------------------------------------------
ARRANGEMENTS = {
    "as it is": adaptive(),
    "strictly above": adaptive(spike="v - r > theta"),
    "turned": adaptive(spike="theta <= v - r"),
    "a sum on the right": adaptive(spike="v >= r + theta"),
    "twice": adaptive(spike="2 * (v - theta) - r >= r"),
    "spelled out": adaptive(reset="r = r + theta + theta; theta = theta_step + theta"),
    "another form of the decay": adaptive({"theta": "theta[n+1] = (1 - dtheta) * theta + dtheta * theta_0 : 1"}),
    "other names": ns.NeuronModel(
        """
        i[n+1] = 0.75 * i : 1
        potential[n+1] = 0.96875 * potential + i + bias : 1
        high[n+1] = 100 + 0.98 * (high - 100) : 1
        tired[n+1] = 0.875 * tired : 1
        bias : 1
        """,
        spike="potential - tired >= high",
        reset="tired += 2 * high; high += 20",
        defaults={"high": 100.0, "bias": 0.0},
    ),
}


@pytest.mark.parametrize("name", ARRANGEMENTS)
def test_arrangements(name: str) -> None:
    found, wanted = membrane_of(ARRANGEMENTS[name]), membrane_of(ADAPTIVE)
    assert found.kind == "adaptive" and found.adaptation is not None and wanted.adaptation is not None
    for value, expected in zip(vars(found.adaptation).values(), vars(wanted.adaptation).values(), strict=True):
        assert value == pytest.approx(expected, rel=1e-12)
    assert found.decay_v == pytest.approx(wanted.decay_v) and found.decay_u == pytest.approx(wanted.decay_u)
    assert (found.zero == 0.0).all() and (found.bias == 0.0).all()


def test_without_a_refractory_state() -> None:
    """r decays as a whole, so nothing of it is left in the next step; membrane and threshold may lie anywhere."""
    alone = {"spike": "v >= theta", "reset": "theta += theta_step"}
    found = membrane_of(adaptive({"r": ""}, **alone))
    assert found.adaptation is not None and (found.adaptation.decay_r == 1.0).all() and (found.adaptation.resting == 100.0).all()
    volts = ns.NeuronModel(
        """
        dv/dt = (E_L - v) / (20*ms) : mV
        dtheta/dt = (v_th - theta) / (50*ms) : mV
        E_L, v_th : mV
        """,
        spike="v > theta",
        reset="theta += 3*mV",
        defaults={"v": -70 * mV, "theta": -50 * mV, "E_L": -65 * mV, "v_th": -50 * mV},
    )
    found = membrane_of(volts)
    assert found.adaptation is not None and found.zero == pytest.approx(-70.0) and found.adaptation.resting == pytest.approx(20.0)
    assert found.bias == pytest.approx((1 - np.exp(-1 / 20)) * 5.0) and found.adaptation.decay == pytest.approx(1 - np.exp(-1 / 50))


def test_parameters_of_an_adaptive_neuron() -> None:
    plan = without_running(ns.Network(ns.Population("cell", 3, ADAPTIVE, bias=[1, 2, 3], v=[0, 20, 40])))
    group = plan.group("cell")
    assert (group.kind, group.du, group.dv, group.threshold_decay, group.refractory_decay) == ("adaptive", 1023, 128, 82, 512)
    assert 2048 < group.threshold_start <= 4095 and group.threshold_step == pytest.approx(group.threshold_start / 5, abs=1)
    assert group.v.tolist() == pytest.approx([0, 20 * group.volt, 40 * group.volt], abs=1)
    membrane = found_of(ns.Network(ns.Population("cell", 3, ADAPTIVE))).membranes[0]
    rows = {row.parameter: row for row in parameter_errors(membrane, group, group.volt)}
    assert rows["resting threshold"].requested == 100.0 and rows["resting threshold"].achieved == pytest.approx(100.0, rel=1e-3)
    assert rows["decay of the threshold per step"].achieved == 82 / 4096 and rows["decay of the threshold per step"].error == pytest.approx(1e-3, rel=0.1)
    assert {"step of the threshold", "decay of r per step"} <= set(rows) and "threshold - reset" not in rows
    assert "threshold_start" in str(plan)
    slow = ns.Network(ns.Population("cell", 1, ADAPTIVE, dtheta=1e-4))
    (warning,) = warnings_of(found_of(slow), without_running(slow))
    assert "its threshold decays by less than 1/8192 per step" in warning


NEARLY: dict[str, tuple[ns.NeuronModel, str, str]] = {
    "v is reset": (adaptive(reset="v = 0; r += 2 * theta; theta += theta_step"), "a spike also changes v", "leave v out of the reset"),
    "v loses": (adaptive(reset="v -= theta; r += 2 * theta; theta += theta_step"), "a spike also changes v", "leave v out of the reset"),
    "u is reset": (adaptive(reset="u = 0; r += 2 * theta; theta += theta_step"), "a spike also changes u", "leave u out of the reset"),
    "wrong order": (
        adaptive(reset="theta += theta_step; r += 2 * theta"), "a spike raises r by twice the threshold after its own step", "reset='r += 2 * theta; theta += step', in this order",
    ),
    "once": (adaptive(reset="r += 1 * theta; theta += theta_step"), "a spike does not raise r by twice theta", "in this order"),
    "a product": (adaptive(reset="r += 2 * theta; theta *= 1.1"), "a spike does not raise theta by a constant", "theta += step"),
    "downwards": (adaptive(reset="r += 2 * theta; theta -= theta_step"), "a spike does not raise theta by a constant", "theta += step"),
    "no jump of r": (adaptive(reset="theta += theta_step"), "it has more than one threshold (theta, r)", "one threshold with one time constant"),
    "a power": (adaptive(reset="r += 2 * theta; theta += theta**2"), "its reset is 'r += 2.0 * theta; theta += theta ** 2.0'", "reset='r += 2 * theta; theta += step'"),
    "two thresholds": (
        adaptive(more="theta_b[n+1] = 0.5 * theta_b : 1", spike="v >= theta + theta_b", reset="theta += theta_step; theta_b += theta_step"),
        "it has more than one threshold (theta, theta_b)", "one threshold with one time constant",
    ),
    "two membranes": (
        adaptive(more="y[n+1] = 0.5 * y : 1", spike="v + y - r >= theta"), "its spike condition does not compare one membrane with a threshold (u, v, theta, r, y)".replace("u, ", ""),
        "one membrane above one threshold",
    ),
    "theta sees v": (adaptive({"theta": "theta[n+1] = theta_0 + (1 - dtheta) * (theta - theta_0) + 0.1 * v : 1"}), "theta depends on v", "theta[n+1] = theta_0 + (1 - d) * (theta - theta_0)"),
    "v sees r": (adaptive({"v": "v[n+1] = (1 - dv) * v + u + bias - r : 1"}), "v depends on r; on the chip r is only compared", "take r out of the equation of v"),
    "r rests above 0": (adaptive({"r": "r[n+1] = (1 - dr) * r + 1 : 1"}), "r does not decay to 0", "r[n+1] = (1 - d) * r"),
    "weighed": (adaptive(spike="v - r >= 2 * theta"), "its spike condition counts theta 2 times", "put factors into theta"),
    "a hold": (adaptive(refractory=3 * ms), "it has a refractory time; the chip's adaptive neuron has a refractory state", "refractory=0*ms"),
    "a payload": (adaptive(payload="v"), "its spikes carry a number; the chip's adaptive neuron sends 1", "leave its payload out"),
    "a start": (adaptive(defaults={**adaptive().defaults, "theta": 120.0}), "theta begins at 120; the chip's begins at its resting value, 100", "theta=100 in the population"),
    "r starts": (adaptive(defaults={**adaptive().defaults, "r": 3.0}), "r begins at 3; the chip's begins at its resting value, 0", "r=0 in the population"),
    "growth": (adaptive(defaults={**adaptive().defaults, "dtheta": -0.1}), "its threshold is multiplied by 1.1 per step", "use a shorter step"),
    "rests at 0": (adaptive(defaults={**adaptive().defaults, "theta_0": 0.0, "theta": 0.0}), "its threshold at rest is not above 0", "raise theta_0"),
    "two currents": (adaptive({"v": "v[n+1] = (1 - dv) * v + u + i : 1"}, more="i[n+1] = 0.5 * i : 1"), "its membrane has more than one current (u, i)", "give them equal time constants"),
}  # fmt: skip


@pytest.mark.parametrize("name", NEARLY)
def test_nearly(name: str) -> None:
    model, what, advice = NEARLY[name]
    found = refused(ns.Network(ns.Population("cell", 2, model)))
    assert [True for got in found if what in got[0] and advice in got[1]] == [True], found


def test_targets_of_adaptive_and_graded_neurons() -> None:
    cells = ns.Population("cell", 2, ADAPTIVE, theta_step=[10, 20])
    assert refused(ns.Network(cells), "loihi2") == [("loihi2-lif has no adaptive neurons", "aim at chip='loihi2-microcode', or the emulator")]
    assert refused(ns.Network(cells), "loihi2-microcode") == []
    found = refused(ns.Network(cells), "lava-cpu-fixed")
    assert found == [("its neurons differ in the step; Lava's adaptive neurons have one per population", "one population per value, or the emulator")]
    assert refused(ns.Network(ns.Population("cell", 2, sender())), "loihi1")[0][0] == "loihi1 has no graded neurons"
    two = ns.Network(ns.Population("cell", 2, sender(), th=[1, 2] * mV))
    assert refused(two, "lava-cpu-fixed")[0][0] == "its neurons differ in the threshold; Lava's graded neurons have one per population"
    theta = ns.Network(one := ns.Population("cell", 1, ADAPTIVE), ns.Probe(one, "theta"))
    assert refused(theta) == [("theta is no register of the chip", "probe spikes, the membrane or its current")]


# ---- spikes that carry numbers: what is recognised ---------------------------------------------------------------------------
def sender(spike: str = "abs(x) > th", equation: str = "x[n+1] = gain * I : mV", **others: object) -> ns.NeuronModel:
    """A neuron that sends the sum of its input."""
    text = f"{equation}\nI : mV (port)\nth : mV\ngain : 1"
    return ns.NeuronModel(text, **{"spike": spike, "payload": "x / mV", "defaults": {"th": 0 * mV, "gain": 1.0}, **others})


@pytest.mark.parametrize(
    ("spike", "kind", "strict"),
    [
        ("abs(x) > th", "graded", True),
        ("th <= abs(x)", "graded", False),
        ("x > th or x < -th", "graded", True),
        ("x > th", "rectified", True),
        ("th <= x", "rectified", False),
    ],
)
def test_what_sends_numbers(spike: str, kind: str, strict: bool) -> None:
    found = membrane_of(sender(spike), th=2 * mV, gain=0.5)
    assert (found.kind, found.voltage, found.strict) == (kind, "x", strict)
    assert (found.threshold == 2.0).all() and found.entry["I"].tolist() == [0.5, 0.5]


SENDERS: dict[str, tuple[ns.NeuronModel, str, str]] = {
    "a factor": (sender(payload="2 * x / mV"), "it sends 2.0 * x; the chip sends x itself", "payload='x'"),
    "a constant": (sender(equation="x[n+1] = gain * I + 1*mV : mV"), "a constant is added to x", "send the constant as a spike"),
    "a reset": (sender(reset="x = 0*mV"), "a spike changes x, which the next step forgets", "leave the reset out"),
    "a hold": (sender(refractory=2 * ms), "it has a refractory time; a neuron that sends numbers has none", "refractory=0*ms"),
    "a band": (sender("x > th and x < 10*mV"), "its spike condition does not compare x with a threshold", "spike='abs(x) > th'"),
    "a negative threshold": (sender("x > -1*mV"), "its spike condition does not compare x with a threshold", "th that is not negative"),
    "also what is 0": (sender("abs(x) >= th"), "its spike condition does not compare x with a threshold", "spike='abs(x) > th'"),
    "a memory": (sender(equation="x[n+1] = 0.5 * x + I : mV"), "its spike condition is not 'state > threshold' with binary or ternary spikes", "compare"),
}


@pytest.mark.parametrize("name", SENDERS)
def test_nearly_a_sender(name: str) -> None:
    model, what, advice = SENDERS[name]
    found = refused(ns.Network(ns.Population("cell", 2, model)))
    assert [True for got in found if what in got[0] and advice in got[1]] == [True], found


def test_what_is_not_sent_is_not_known() -> None:
    for model, fits in ((sender(), True), (sender(defaults={"th": 1 * mV, "gain": 1.0}), False), (sender("x > th"), False)):
        cells = ns.Population("cell", 2, model)
        found = refused(ns.Network(cells, ns.Probe(cells, "x")))
        assert found == ([] if fits else [("x is known only where it is sent", "probe spikes: their payloads are what was sent")])


def chain(weights: tuple[np.ndarray, ...], steps: int, unit: float = 1.0, th: float = 0.0, membranes: bool = False) -> ns.Network:
    """Spikes into neurons that send numbers of both signs, from these into such that send positive ones, from these into membranes."""
    rng = np.random.default_rng(8)
    inputs, first, second = weights[0].shape[0], weights[0].shape[1], weights[1].shape[1]
    places = np.unique(rng.integers(0, (steps - 2) * inputs, 2 * steps))
    train = ns.SpikeTimes("in", inputs, places // inputs * ms, places % inputs)
    one, two = ns.Population("one", first, sender(), th=th * mV), ns.Population("two", second, sender("x > th"), th=th * mV)
    parts = [
        train,
        one,
        two,
        ns.Projection(train, one, ns.all_to_all(), into="I", weight=unit * weights[0].ravel() * mV),
        ns.Projection(one, two, ns.all_to_all(), into="I", weight=weights[1].ravel() * mV, delay=1 * ms),
        ns.Probe(one, "spikes"),
        ns.Probe(two, "spikes"),
    ]
    parts += [ns.Probe(one, "x")] if th == 0.0 else []
    if membranes:
        cells = ns.Population("cells", weights[2].shape[1], ns.neurons.lif_loihi, v_th=10.0)
        silent = ns.Population("silent", weights[2].shape[1], ns.NeuronModel("u[n+1] = 0.75 * u : 1\nv[n+1] = 0.9 * v + u : 1"))
        into = {"into": "u", "weight": weights[2].ravel()}
        parts += [cells, silent, ns.Projection(two, cells, ns.all_to_all(), **into), ns.Projection(two, silent, ns.all_to_all(), **into)]
        parts += [ns.Probe(cells, "spikes"), ns.Probe(silent, "v")]
    return ns.Network(*parts)


def drawn(seed: int, *shape: int, whole: bool = False) -> tuple[np.ndarray, ...]:
    """Matrices of weights from one layer to the next."""
    rng = np.random.default_rng(seed)
    pairs = list(zip(shape, shape[1:], strict=False))
    return tuple(rng.integers(-9, 10, pair).astype(float) if whole else rng.normal(0.2, 1.0, pair) for pair in pairs)


def ternary(steps: int = 5, **others: object) -> ns.Network:
    """Neurons that send +1 and -1, driven both ways, and what they send into two others."""
    model = ns.NeuronModel(
        "v[n+1] = 0.9 * v + I : mV\nI : mV (port)", spike="v > 10*mV or v < -10*mV", reset="v = 0*mV", payload="where(v > 0*mV, 1, -1)", **others
    )
    train = ns.SpikeTimes("in", 2, np.arange(steps - 1) * ms, np.arange(steps - 1) // 30 % 2)
    cells, after = ns.Population("cells", 2, model), ns.Population("after", 2, ns.NeuronModel("v[n+1] = 0.9 * v + I : mV\nI : mV (port)"))
    into = {"into": "I", "weight": 1.0 * mV}
    parts = [ns.Projection(train, cells, ns.all_to_all(), into="I", weight=[3, 2, -2, -3] * mV), ns.Projection(cells, after, ns.one_to_one(), **into)]
    return ns.Network(train, cells, after, *parts, ns.Probe(cells, "spikes"), ns.Probe(after, "v"))


def test_ternary_spikes_multiply_weights() -> None:
    """As numbers do; such neurons are never held."""
    plan = without_running(ternary())
    assert plan.group("cells").kind == "ternary" and [some.message_bits > 0 for some in plan.synapses][-1]
    assert refused(ternary(refractory=3 * ms))[0] == ("it has a refractory time; ternary neurons of the chip have none", "refractory=0*ms")


def test_scales_of_what_sends_numbers() -> None:
    """Weights behind it are divided by its scale; they keep their eight bits, and whole ones stay whole."""
    plan = without_running(chain(drawn(3, 5, 8, 6, 4, whole=True), 20, membranes=True))
    one, two = plan.group("one"), plan.group("two")
    assert (one.kind, two.kind) == ("graded", "rectified")
    first = [some for some in plan.synapses if some.target == "one"]
    second = [some for some in plan.synapses if some.target == "two"]
    assert {some.message_bits for some in first} == {0} and {some.message_bits for some in second} == {24}
    for some, factor in ((*((some, one.volt) for some in first), *((some, two.volt / one.volt) for some in second))):
        units = np.abs(some.weight) * 2.0**some.weight_exp / factor
        assert (units == np.round(units)).all() and units.max() <= 9


# ---- currents that decay alike -------------------------------------------------------------------------------------------------
NUMBERS = {"tau_m": 10 * ms, "v": -65 * mV, "E_L": -65 * mV, "v_th": -50 * mV, "v_reset": -65 * mV, "refractory": 2 * ms}


def currents(two: bool, equal: bool = True, probes: tuple[str, ...] = ("spikes", "v")) -> ns.Network:
    """Excitation and inhibition into two currents, or into one; names and numbers are the same."""
    model = ns.neurons.lif_exponential_two if two else ns.neurons.lif_exponential
    tau = {"tau_exc": 4 * ms, "tau_inh": (4 if equal else 8) * ms} if two else {"tau_syn": 4 * ms}
    start = {"I_exc": 300 * pA, "I_inh": -100 * pA} if two else {"I_syn": 200 * pA}
    cells = ns.Population("cells", 4, model, I_e=np.array([0, 380, 400, 450]) * pA, C_m=250 * ns.units.pF, **NUMBERS, **tau, **start)
    trains = [ns.SpikeTimes(name, 1, np.arange(first, 190, 9) * ms, np.zeros(len(range(first, 190, 9)), int)) for name, first in (("a", 3), ("b", 8))]
    into = ("I_exc", "I_inh") if two else ("I_syn", "I_syn")
    parts = [
        ns.Projection(train, cells, ns.all_to_all(), into=target, weight=weight * pA)
        for train, target, weight in zip(trains, into, (120, -60), strict=True)
    ]
    return ns.Network(*trains, cells, *parts, *(ns.Probe(cells, name) for name in probes))


def test_equal_currents_are_one() -> None:
    """The plan of two currents with one time constant is that of one current with the same numbers."""
    two, one = without_running(currents(two=True)), without_running(currents(two=False))
    assert LoihiPlan(1, two.neurons, two.synapses).digest() == LoihiPlan(1, one.neurons, one.synapses).digest()
    found = refused(currents(two=True, equal=False))
    assert found[0][0] == "its membrane has more than one current (I_exc, I_inh)" and "give them equal time constants" in found[0][1]
    found = refused(currents(two=True, probes=("I_exc",)))
    assert found == [("I_exc is no register of the chip, where the sum of I_exc, I_inh is one current", "probe spikes or v")]
    alpha = refused(ns.Network(ns.Population("cell", 1, ns.neurons.lif_alpha)))
    assert "(I_syn, a_syn)" in alpha[0][0] and "equal time constants" not in alpha[0][1]


# ---- on the emulator -----------------------------------------------------------------------------------------------------------
def both(net: ns.Network, steps: int, dt: float = 1.0) -> tuple[ns.Result, ns.Result]:
    """In floats, and in the chip's integers."""
    program = ns.lower(net, steps * dt * ms, dt=dt * ms)
    return ns.simulate(program, backend="reference"), ns.simulate(program, backend="loihi")


def recurrent(model: ns.NeuronModel = ADAPTIVE, size: int = 30, steps: int = 300, **values: object) -> ns.Network:
    """Adaptive neurons that inhibit each other, under spikes and a constant drive."""
    rng = np.random.default_rng(1)
    places = np.unique(rng.integers(0, steps * 20, 2 * steps))
    train = ns.SpikeTimes("in", 20, places // 20 * ms, places % 20)
    cells = ns.Population("cells", size, model, bias=rng.uniform(2, 6, size), **values)
    return ns.Network(
        train,
        cells,
        ns.Projection(train, cells, ns.fixed_probability(0.3), into="u", weight=15.0),
        ns.Projection(cells, cells, ns.fixed_probability(0.2), into="u", weight=-6.0, delay=2 * ms),
        ns.Probe(cells, "spikes"),
        ns.Probe(cells, "v"),
        ns.Probe(cells, "u"),
        seed=3,
    )


WITHOUT_R = adaptive({"r": ""}, spike="v >= theta", reset="theta += theta_step")


@pytest.mark.slow
@pytest.mark.parametrize(("model", "values"), [(ADAPTIVE, {"u": 3.0, "v": 25.0}), (WITHOUT_R, {"theta_step": 60.0})], ids=["r", "no r"])
def test_adaptive_neurons_follow_the_network(model: ns.NeuronModel, values: dict[str, float]) -> None:
    """As many spikes, to a tenth of each neuron's; v and u within a part in a hundred of the threshold until the first spike."""
    here, there = both(recurrent(model, **values), 300)
    counts = [np.bincount(result["cells"].spikes[1], minlength=30) for result in (here, there)]
    assert counts[0].sum() > 600
    assert abs(counts[0].sum() - counts[1].sum()) <= 0.1 * counts[0].sum()
    assert np.abs(counts[0] - counts[1]).max() <= np.maximum(2, 0.1 * counts[0]).max()
    first = int(here["cells"].spikes[0].min())
    assert first > 2
    for state in ("u", "v"):
        gap = np.abs(getattr(here["cells"], state)[: first + 1] - getattr(there["cells"], state)[: first + 1])
        assert gap.max() < 0.5


@pytest.mark.slow
def test_headroom_of_an_adaptive_neuron() -> None:
    """No threshold bounds v: a strong drive lowers the scale until v keeps a bit of headroom."""
    found = found_of(ns.Network(ns.Population("cell", 1, ADAPTIVE, bias=300.0)), 400)
    first = first_scales(found, 8)["cell"]
    _, report = quantised(found, "emulator")
    assert report.scales["cell"] < first and 0.25 < report.headroom["cell"] <= 0.5 and report.saturated["cell"] == 0


@pytest.mark.slow
@settings(max_examples=10, deadline=None)
@given(st.integers(0, 1000), st.sampled_from([0.0, 3.0, 3.5]))
def test_whole_numbers_are_exact(seed: int, th: float) -> None:
    """Where weights are whole, what a chain of two layers sends is what the network sends, also at and around a threshold."""
    here, there = both(chain(drawn(seed, 5, 8, 6, whole=True), 40, th=th), 40)
    assert len(here["one"].spikes[0])
    for name in ("one", "two"):
        for got, expected in zip(there[name].spikes, here[name].spikes, strict=True):
            assert got.tolist() == expected.tolist()
        assert there[name].payloads.tolist() == here[name].payloads.tolist()
    if th == 0.0:
        assert np.array_equal(there["one"].x, here["one"].x)


@pytest.mark.slow
@pytest.mark.parametrize("unit", [1e-3, 1.0, 1e4])
def test_a_graded_chain_follows_the_network(unit: float) -> None:
    """Whatever the size of the numbers: what is sent is right to the rounding of the weights, and the membranes behind it are."""
    weights = drawn(4, 10, 8, 6, 4)
    here, there = both(chain((weights[0], weights[1], 0.2 * weights[2] / unit), 200, unit, membranes=True), 200)
    for name in ("one", "two"):
        values = []
        for result in (here, there):
            steps, indices = result[name].spikes
            dense = np.zeros((202, 8))
            dense[np.round(steps).astype(int), indices] = result[name].payloads
            values.append(dense)
        assert np.abs(values[0]).max() > 2 * unit
        assert np.abs(values[0] - values[1]).max() < 0.02 * np.abs(values[0]).max()
    assert len(here["cells"].spikes[0]) > 20
    assert len(there["cells"].spikes[0]) == pytest.approx(len(here["cells"].spikes[0]), rel=0.1)
    assert np.abs(here["silent"].v - there["silent"].v).max() < 0.05 * np.ptp(here["silent"].v)


@pytest.mark.slow
def test_ternary_spikes_keep_their_sign() -> None:
    here, there = both(ternary(steps=200), 200)
    assert set(here["cells"].payloads) == {-1.0, 1.0}
    assert there["cells"].payloads.tolist() == here["cells"].payloads.tolist()
    assert here["after"].v.min() < -1 and here["after"].v.max() > 1
    assert np.abs(here["after"].v - there["after"].v).max() < 0.02


@pytest.mark.slow
def test_equal_currents_follow_the_network() -> None:
    here, there = both(currents(two=True), 2000, dt=0.1)
    assert len(here["cells"].spikes[0]) > 20
    assert len(there["cells"].spikes[0]) == pytest.approx(len(here["cells"].spikes[0]), rel=0.1)
    assert np.abs(here["cells"].v[:, 0] - there["cells"].v[:, 0]).max() < 0.05 * np.ptp(here["cells"].v[:, 0])


# ---- on Lava ---------------------------------------------------------------------------------------------------------------------
def everything(plan: LoihiPlan) -> LoihiPlan:
    """The plan with everything recorded that Lava can tell."""
    spikes = [Recording(group.name, "spikes") for group in plan.neurons]
    registers = [Recording(group.name, name) for group in plan.neurons if group.kind in ("lif", "adaptive") for name in ("u", "v")]
    return replace(plan, recordings=(*spikes, *registers))


@pytest.mark.slow
def test_the_same_integers_on_lava(require_engine: Callable[[str], None]) -> None:
    """Adaptive neurons with and without a refractory state and from any start, numbers and ternary spikes: spikes, payloads, u and v."""
    require_engine("lava")
    nets = [
        recurrent(size=10, steps=120, u=3.0, v=25.0),
        recurrent(WITHOUT_R, size=10, steps=120, theta_step=60.0),
        chain(drawn(4, 10, 8, 6, 4), 120, th=0.7, membranes=True),
        ternary(120),
    ]
    plans = [quantised(found_of(net, 120, "lava-cpu-fixed"), "lava-cpu-fixed")[0] for net in nets]
    plan = everything(side_by_side(plans))
    emulator, run = Emulator.of(plan), lava.run(plan, patience=60.0)
    emulator.run()
    spikes = 0
    for group in plan.neurons:
        here, there = emulator.spikes(group.name), run.spikes(group.name)
        for got, expected in zip(there, here, strict=True):
            orders = [np.lexsort((events[1], events[0])) for events in (there, here)]
            assert np.array_equal(got[orders[0]], expected[orders[1]]), group.name
        spikes += len(here[0]) if group.kind != "source" else 0
    assert spikes > 1000
    for recording, (_, values) in zip(emulator.recordings, emulator.traces(), strict=True):
        assert np.array_equal(run.trace(recording.part, recording.variable), values), recording

"""The network's plasticity on the chip: what its grammar takes, what it refuses, and how near the integers come."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import neurosim as ns
from neurosim.equations import parse_expression
from neurosim.errors import UnsupportedError
from neurosim.hardware.loihi.emulator import Emulator
from neurosim.hardware.loihi.grammar import Learned, learned_of
from neurosim.hardware.loihi.learned import literal
from neurosim.hardware.loihi.learning import rule_problems
from neurosim.hardware.loihi.limits import PROFILES
from neurosim.hardware.loihi.match import matched
from neurosim.hardware.loihi.plan import LoihiPlan
from neurosim.hardware.loihi.polynomial import NotPolynomial, polynomial_of, variable
from neurosim.hardware.loihi.quantise import QuantisationReport, quantised
from neurosim.ir.program import Program
from neurosim.units import Hz, ms, mV

pytestmark = pytest.mark.slow  # compiles the emulator's loops

CELL = ns.NeuronModel(
    """
    dv/dt = -v / (2*ms) + I / ms : mV
    I : mV (port)
    reward : 1 (port)
    """,
    spike="v > 10*mV",
    reset="v = 0*mV",
)
"""Fires when it is driven, whatever else arrives."""
WINDOW = dict(tau_plus=20 * ms, tau_minus=20 * ms, a_plus=0.01 * mV, a_minus=0.0105 * mV)
RULES = ns.plasticity


def program_of(rule: ns.Plasticity, pre: list[float], post: list[float], *, size: int = 1, reward: tuple[float, ...] = (), **options: object) -> Program:
    """``size`` pairs of neurons joined by one synapse; the second one is driven to fire at each time of ``post``."""
    steps = options.pop("steps", 200)
    values = dict(weight=0.5 * mV, bounds=(0 * mV, 1 * mV), delay=0 * ms) | options
    count = np.arange(size)
    source = ns.SpikeTimes("pre", size, np.repeat(pre, size) * ms, np.tile(count, len(pre)))
    drive = ns.SpikeTimes("drive", size, np.repeat(np.array(post) - 1, size) * ms, np.tile(count, len(post)))
    cell = ns.Population("cell", size, CELL)
    learns = ns.Projection(source, cell, ns.one_to_one(), into="I", plasticity=rule, name="learns", **values)
    parts = [source, drive, cell, learns, ns.Projection(drive, cell, ns.one_to_one(), into="I", weight=200 * mV)]
    if reward:
        given = ns.SpikeTimes("reward", 1, np.array(reward) * ms, np.zeros(len(reward), int))
        parts += [given, ns.Projection(given, cell, ns.all_to_all(), into="reward", weight=0.5)]
    return ns.lower(ns.Network(*parts, ns.Probe(learns, "w", every=1 * ms), ns.Probe(cell, "spikes")), steps * ms, dt=1 * ms)


def found_in(program: Program) -> tuple[Learned | None, list[str]]:
    pathway = next(pathway for pathway in program.pathways if pathway.name == "learns")
    found, findings = learned_of(program, pathway)
    return found, [f"{finding.severity}: {finding.what}" for finding in findings]


def terms_of(rule: ns.Plasticity, **options: object) -> dict[str, float]:
    found, findings = found_in(program_of(rule, [5.0], [9.0], **options))
    assert found is not None, findings
    return {f"{target}: {term}": term.coefficient for target, term in found.terms()}


def planned(program: Program, rounding: str = "independent") -> tuple[LoihiPlan, QuantisationReport]:
    found, offences = matched(program, PROFILES["emulator"])
    assert found is not None, offences
    return quantised(found, "emulator", rounding=rounding)


# ---- grammar -----------------------------------------------------------------------------------------------------------------
def test_pair_stdp_is_three_products() -> None:
    """The arrival sees the other trace before its jump: a_minus x0 (y1 - y0)."""
    terms = terms_of(RULES.pair_stdp(**WINDOW))
    assert terms == pytest.approx({"dw: x0 * y1": -0.0105, "dw: x0 * y0": 0.0105, "dw: y0 * x1": 0.01})


def test_weight_dependence_needs_bounds() -> None:
    """relu(w / w_max) is w / w_max within bounds; without them it is refused."""
    rule = RULES.multiplicative_stdp(**WINDOW, w_max=1 * mV)
    terms = terms_of(rule)
    assert terms["dw: x0 * w * y1"] == pytest.approx(-0.0105) and terms["dw: y0 * w * x1"] == pytest.approx(-0.01)
    found, findings = found_in(program_of(rule, [5.0], [9.0], bounds=None))
    assert found is None and "it has no relu(w / w_max); bounds of the weight may make it needless" in findings[0]


def test_triplets_take_two_traces_of_each_side() -> None:
    rule = RULES.triplet_stdp("hippocampus", w_0=1 * mV)
    terms = terms_of(rule)
    assert terms["dw: y0 * x1 * y2"] == pytest.approx(6.7e-3) and terms["dw: x0 * x2 * y1"] == pytest.approx(-1.4e-3)
    found, findings = found_in(program_of(RULES.triplet_stdp("hippocampus", pairing="nearest", w_0=1 * mV), [5.0], [9.0]))
    assert found is None and any("reads what it was before" in finding for finding in findings)


def test_a_reward_is_a_third_factor() -> None:
    """The eligibility becomes the tag; the port becomes y2, known before the run because a stimulus sends it."""
    program = program_of(RULES.reward_stdp(**WINDOW, tau_eligibility=100 * ms), [5.0], [9.0], reward=(30.0, 60.0))
    found, findings = found_in(program)
    assert found is not None and findings == []
    assert found.tag == "eligibility" and found.told["y2"].port == "reward"
    assert found.told["y2"].steps.tolist() == [30, 60] and found.told["y2"].values.tolist() == [0.5, 0.5]
    terms = {f"{target}: {term}": term.coefficient for target, term in found.terms()}
    assert terms["dw: u0 * t * y2"] == pytest.approx(math.exp(-0.01))
    assert terms["dt: u0 * t"] == pytest.approx(math.exp(-0.01) - 1.0)


def test_names_do_not_matter() -> None:
    """States may be called as the chip's own are."""
    text = "dw1/dt = -w1 / (20*ms) : 1\ndx0/dt = -x0 / (30*ms) : 1\na : weight"
    rule = ns.Plasticity(text, on_pre="w1 += 2; w -= a * x0", on_post="w += a * w1; x0 += 1", values={"a": 0.01 * mV})
    found, _ = found_in(program_of(rule, [5.0], [9.0]))
    assert found is not None
    assert {slot: trace.state for slot, trace in found.traces.items()} == {"x1": "w1", "y1": "x0"}
    assert found.traces["x1"].jump == 2.0 and found.traces["y1"].keep == pytest.approx(math.exp(-1 / 30))


REFUSED = {
    "w += a * x * y**2 / (1 + w / a)": "the chip cannot divide by what changes",
    "w += a * exp(-x)": "it has no exp(-x)",
    "w += a * x**0.5": "the exponent of x ** 0.5 is no whole number",
    "w += a * x * v_post / mV": "the chip's synapses do not see v_post",
    "w += a * rand()": "draws random numbers",
    "w += where(x > 1, a, 0)": "it has no where",
    "x += 1; y += x": "it needs 2 tags (x, y)",
}


@pytest.mark.parametrize("statement", REFUSED)
def test_refused_statements_name_what_is_wrong(statement: str) -> None:
    text = "dx/dt = -x / (20*ms) : 1\ndy/dt = -y / (20*ms) : 1\na : weight"
    rule = ns.Plasticity(text, on_pre="x += 1; y += x; w += a * x * y", on_post=statement, values={"a": 0.01 * mV})
    found, findings = found_in(program_of(rule, [5.0], [9.0]))
    assert found is None
    assert any(REFUSED[statement] in finding for finding in findings), findings


def test_other_obstacles() -> None:
    """A delay, an interval that is no power of two, an activity that starts somewhere: all reported, by the backend too."""
    scaling = RULES.synaptic_scaling(target=5 * Hz, tau=1000 * ms, beta=1e-3, every=100 * ms)
    _, findings = found_in(program_of(scaling, [5.0], [9.0], delay=2 * ms))
    text = "\n".join(findings)
    assert "learns and has a delay" in text and "every 100 steps; the chip's intervals are 1, 2, 4 ... 512" in text
    with pytest.raises(UnsupportedError, match="learns and has a delay"):
        ns.simulate(program_of(RULES.pair_stdp(**WINDOW), [5.0], [9.0], delay=2 * ms), backend="loihi")


@given(st.floats(-3, 3), st.floats(-3, 3), st.floats(-3, 3), st.sampled_from([0.0, 1.0]))
def test_multiplied_out_is_the_same(x: float, y: float, w: float, flag: float) -> None:
    """A polynomial has the values of its expression; a flag is its own square."""
    text = "(a + x) * (y - 2 * w)**2 - -x * f * (f + y) / 4 + relu(f) + min(f, 2)"
    known = {name: variable(name, flag=name == "f") for name in "xywf"}
    found = polynomial_of(parse_expression(text), known, {"a": 0.5}, {"f": (0.0, 1.0)})
    at = {"x": x, "y": y, "w": w, "f": flag}
    value = sum(coefficient * math.prod(at[name] for name in monomial) for monomial, coefficient in found.terms.items())
    expected = (0.5 + x) * (y - 2 * w) ** 2 + x * flag * (flag + y) / 4 + 2 * flag
    assert value == pytest.approx(expected, abs=1e-9)
    assert all(monomial.count("f") <= 1 for monomial in found.terms)


def test_what_is_no_polynomial() -> None:
    with pytest.raises(NotPolynomial, match="does not decide x > 1"):
        polynomial_of(parse_expression("x > 1"), {"x": variable("x")}, {}, {})


# ---- literals ----------------------------------------------------------------------------------------------------------------
@given(st.floats(-12.0, 9.0), st.sampled_from([(), ("y1",), ("y1", "w"), ("x1", "y1"), ("t", "y2")]))
def test_literals_are_near(exponent: float, factors: tuple[str, ...]) -> None:
    """m 2**e with m = 1 ... 7 is at most a ninth off, as far as it reaches; a shift by wide factors is made up for."""
    wanted = 2.0**exponent
    found = literal(wanted, factors, 1e6)
    shift = max(0, sum({"y1": 7, "x1": 7, "y2": 7, "w": 9, "t": 9}[name] for name in factors) + found.ones + 4 - 15)
    assert found.value == found.mantissa * 2.0 ** (found.exponent - shift)
    assert abs(found.value / wanted - 1.0) <= 1 / 9 or wanted > 7 * 2.0 ** (8 - shift)


# ---- integers ----------------------------------------------------------------------------------------------------------------
def test_the_report_says_what_became_of_a_rule() -> None:
    plan, report = planned(program_of(RULES.pair_stdp(**WINDOW), [5.0], [9.0]))
    some = plan.synapses[0]
    assert list(rule_problems(some.learning)) == []  # type: ignore[arg-type]
    assert some.sign == "excitatory" and some.unit == pytest.approx(255.0)  # its upper bound is the chip's largest weight
    rows = {row.parameter: row for row in report.parameters if row.part == "learns"}
    assert rows["upper bound of w"].achieved == pytest.approx(1.0)
    for name in ("dw: x0 * y1", "dw: x0 * y0", "dw: y0 * x1"):
        assert 0.0 < rows[name].error < 0.03 or rows[name].achieved == pytest.approx(rows[name].requested)


@pytest.mark.parametrize("lag", (-25, -5, 0, 5, 25))
def test_the_window_of_a_pair(lag: int) -> None:
    """The mean change of 200 synapses by 20 pairs of spikes against the float network, within the stated error of the literals."""
    times = [30.0 + 150.0 * k for k in range(20)]
    rule = RULES.pair_stdp(tau_plus=20 * ms, tau_minus=20 * ms, a_plus=0.006 * mV, a_minus=0.005 * mV)
    size = 200
    program = program_of(rule, times, [time + lag for time in times], size=size, steps=3050, weight=0.5 * mV)
    plan, report = planned(program)
    emulator = Emulator.of(plan)
    emulator.run()
    here = ns.simulate(program)["learns"].w
    change = float((here[-1] - here[0]).mean())
    learned = emulator.synaptic("learns", "w") / plan.synapses[0].unit - here[0]
    stated = max(row.error for row in report.parameters if row.parameter.startswith("dw"))
    assert len(emulator.spikes("cell")[0]) == 20 * size
    spread = float(learned.std()) / math.sqrt(size)
    assert abs(change) > 0.01
    assert float(learned.mean()) == pytest.approx(change, abs=stated * 20 * 0.006 + 4 * spread + 0.5 / 255 / 8)


def test_a_run_by_the_backend() -> None:
    """Weights are read in the network's units at the start of a step, the last ones as final values."""
    program = program_of(RULES.pair_stdp(**WINDOW), [20.0, 30.0], [25.0, 32.0], steps=100)
    here, there = ns.simulate(program), ns.simulate(program, backend="loihi")
    assert there["cell"].spikes[0].tolist() == here["cell"].spikes[0].tolist() == [25.0, 32.0]
    ours, chip = here["learns"].w[:, 0], there["learns"].w[:, 0]
    assert len(ours) == len(chip) == 100
    changed = np.flatnonzero(np.diff(ours))
    assert np.flatnonzero(np.diff(chip)).tolist() == changed.tolist()
    assert np.abs(chip - ours).max() < 3 / 255


def test_a_reward_turns_eligibility_into_weight() -> None:
    """Three factors on the emulator: nothing without a reward, the float network's change with it."""
    rule = RULES.reward_stdp(**{**WINDOW, "a_plus": 0.1 * mV}, tau_eligibility=100 * ms)
    plan, _ = planned(program_of(rule, [20.0], [25.0], reward=(60.0,), steps=120))
    assert plan.synapses[0].learning is not None and plan.synapses[0].learning.third_factor == "learns: third factor"
    changes = []
    for seed in range(40):
        some = replace(plan.synapses[0], learning=replace(plan.synapses[0].learning, seed=seed))
        emulator = Emulator.of(replace(plan, synapses=(some, *plan.synapses[1:])))
        emulator.run(60)
        before = emulator.synaptic("learns", "w")[0]
        assert before == plan.synapses[0].weight[0]
        emulator.run()
        changes.append(float(emulator.synaptic("learns", "w")[0] - before) / some.unit)
    expected = 0.5 * 0.1 * math.exp(-5 / 20) * math.exp(-(60 - 25) / 100)
    assert np.mean(changes) == pytest.approx(expected, rel=0.15)


@pytest.mark.slow
def test_a_lowered_rule_in_lava(require_engine: Callable[[str], None]) -> None:
    """Pair STDP and a reward, from the network's text through Lava: the emulator's weights, bit by bit."""
    require_engine("lava")
    from neurosim.hardware.loihi import lava

    for rule, reward in ((RULES.pair_stdp(**WINDOW), ()), (RULES.reward_stdp(**WINDOW, tau_eligibility=100 * ms), (30.0, 50.0))):
        plan, _ = planned(program_of(rule, [5.0, 22.0, 41.0], [9.0, 20.0, 45.0], size=4, reward=reward, steps=60), "lava")
        emulator, run = Emulator.of(plan), lava.run(plan, patience=60.0)
        emulator.run()
        some = plan.synapses[0]
        here = emulator.watched("learns", "w")[1]
        np.testing.assert_array_equal(here, run.watch("learns", "w")[:, some.post, some.pre])
        assert (np.diff(here, axis=0) != 0).any()


def test_what_was_learnt_by_lava_comes_back(require_engine: Callable[[str], None]) -> None:
    """After a run through Lava a projection has its weights, as after a run of any engine; here those of the emulator."""
    require_engine("lava")
    program = program_of(RULES.pair_stdp(**WINDOW), [5.0, 30.0], [9.0, 25.0], size=3, steps=60)
    there, here = (ns.simulate(program, backend="loihi", options=options) for options in ({"run": "lava"}, {"chip": "lava-cpu-fixed"}))
    assert np.array_equal(there["learns"].final("w"), here["learns"].final("w"))
    assert not np.array_equal(there["learns"].final("w"), np.full(3, 0.5))

"""Stimuli that consist of neurons: what they refuse, what they become, how schedules and probes see them."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from scipy import stats

import neurosim as ns
from neurosim.equations import evaluate, parse_expression
from neurosim.equations.bounds import bounds_of
from neurosim.errors import NeurosimError, describe
from neurosim.lowering.stimuli import MEANS, terms_for
from neurosim.units import Hz, ms, mV, pA

DRIVE = ns.PoissonSource("drive", 40, "r * (1 + sin(2*pi * f * t))", values={"r": 300 * Hz, "f": 20 * Hz})
WAVE = ns.SineCurrent("wave", 2, amplitude=1 * pA, frequency=20 * Hz)
CELL = ns.Population("cell", 2, ns.neurons.lif_exponential)
NET = ns.Network(
    DRIVE,
    WAVE,
    CELL,
    ns.Projection(WAVE, CELL, ns.one_to_one(), into="I_ext"),
    ns.Projection(DRIVE, CELL, ns.all_to_all(), into="I_syn", weight=3 * pA),
    ns.Probe(DRIVE, "spikes"),
    ns.Probe(DRIVE, "intensity", every=1 * ms),
    ns.Probe(WAVE, "value"),
)


def test_they_are_stimuli_in_a_result() -> None:
    result = ns.simulate(NET, 20 * ms, backend="reference")
    assert [(part.name, part.kind) for part in result] == [
        ("drive", "source"),
        ("wave", "source"),
        ("cell", "population"),
        ("wave -> cell", "projection"),
        ("drive -> cell", "projection"),
    ]
    t = result["wave"].times("value")
    assert t[0] == 0.0 and result["wave"].trace("value")[:, 0] == pytest.approx(np.sin(2 * np.pi * 0.02 * t), abs=1e-12)
    t = result["drive"].times("intensity")
    assert t.tolist() == list(range(20))
    assert result["drive"].trace("intensity")[:, 0] == pytest.approx(0.3 * (1 + np.sin(2 * np.pi * 0.02 * t)), abs=1e-12)


def test_a_session_changes_them_and_switches_them_off() -> None:
    with ns.Session(NET, backend="reference") as session:
        session.run(10 * ms)
        session.set({"drive.r": 100 * Hz, "wave.amplitude": 2 * pA})
        session.run(10 * ms, off=["drive", "wave"])
        session.run(10 * ms)
        stepwise = session.result
    phases = (ns.Phase(10 * ms), ns.Phase(10 * ms, set={"drive.r": 100 * Hz, "wave.amplitude": 2 * pA}, off=["drive", "wave"]), ns.Phase(10 * ms))
    whole = ns.simulate(NET, ns.Schedule(*phases), backend="reference")
    assert ns.compare(stepwise, whole).ok
    counts = [len(whole.between(start * ms, (start + 10) * ms)["drive"].spikes[0]) for start in (0, 10, 20)]
    assert counts[1] == 0 and counts[0] > counts[2] > 0
    assert not whole["wave"].trace("value")[100:200].any()


def test_samples_may_be_one_rate_for_all() -> None:
    burst = ns.PoissonSource("burst", 50, [0, 400] * Hz, every=5 * ms, after="repeat")
    result = ns.simulate(ns.Network(burst, ns.Probe(burst, "spikes")), 40 * ms, backend="reference", seed=3)
    times = result["burst"].spikes[0]
    assert ((times % 10.0) >= 5.0).all()
    assert stats.poisson(50 * 0.4 * 20).cdf(len(times)) > 1e-4 and stats.poisson(50 * 0.4 * 20).sf(len(times)) > 1e-4
    assert [part.name for part in result] == ["burst"]


def test_terms_reach_as_far_as_they_have_to() -> None:
    for mean in MEANS:
        largest = terms_for(mean)
        assert stats.poisson(mean).sf(largest) < 1e-12 < stats.poisson(mean).sf(largest - 3)


def test_a_formula_of_any_unit_has_the_same_numbers() -> None:
    plain = ns.simulate(ns.Network(ns.PoissonSource("d", 9, "0.5 / ms", values={}), name="n"), 5 * ms, backend="reference")
    other = ns.simulate(ns.Network(ns.PoissonSource("d", 9, "500*Hz", values={}), name="n"), 5 * ms, backend="reference")
    assert ns.compare(plain, other).ok


@pytest.mark.parametrize(
    "text",
    [
        "a * b - c / (2 + b)",
        "exp(-a**2) + sin(b) * cos(c)",
        "where(a < b, abs(c), max(a, -b)) + min(a, c)",
        "clip(a, b - 2, c + 2) + mod(a, 3)",
        "tanh(a) * sqrt(abs(b)) + sign(c) * relu(a)",
        "a**3 + (2 + b)**-2 + log(3 + c)",
        "sigmoid(a) + where(a <= 0.5 and not b > 0.5, 1, 2) + (1 + abs(c))**0.5",
    ],
)
def test_bounds_hold(text: str) -> None:
    rng = np.random.default_rng(len(text))
    expr = parse_expression(text)
    for _ in range(30):
        ends = {name: np.sort(rng.uniform(-1.5, 1.5, 2)) for name in "abc"}
        low, high = bounds_of(expr, {name: (float(pair[0]), float(pair[1])) for name, pair in ends.items()})
        points = {name: rng.uniform(pair[0], pair[1], 200) for name, pair in ends.items()}
        values = np.asarray(evaluate(expr, points.__getitem__))
        assert low - 1e-12 <= values.min() and values.max() <= high + 1e-12
        assert np.isfinite([low, high]).all()


MESSAGES: list[tuple[Callable[[], object], str]] = [
    (
        lambda: ns.PoissonSource("d", 3, "50*Hz * (1 + sin(2*pi * 8*Hz * tt))"),
        """\
EquationError in PoissonSource 'd': unknown name 'tt'
  line 1: 50*Hz * (1 + sin(2*pi * 8*Hz * tt))
                                         ^^
  Give it a value: values={'tt': ...}.""",
    ),
    (
        lambda: ns.PoissonSource("d", 3, "r * t / ms", values={"r": 3 * mV}),
        """\
UnitError in PoissonSource 'd': the rate must be 1/second, this is volt
  line 1: r * t / ms
          ^^^^^^^^^^""",
    ),
    (
        lambda: ns.lower(ns.Network(ns.PoissonSource("d", 3, "3*Hz * t / ms")), 10 * ms),
        """\
ParameterError in PoissonSource 'd': the rate has no bound
  say how large it gets, as in min(..., 500*Hz)""",
    ),
    (
        lambda: ns.lower(ns.Network(ns.PoissonSource("d", 3, "r * (1 + sin(t / ms))", values={"r": 400_000 * Hz})), 10 * ms),
        """\
ParameterError in PoissonSource 'd': the rate may reach 800000 Hz, 80 spikes per neuron in a step of 0.1 ms; a rate that changes may reach 32
  use more neurons of a smaller rate, or a smaller step""",
    ),
    (
        lambda: ns.PoissonSource("d", 3, [[1, 2], [3, 4]] * Hz, every=1 * ms),
        "ParameterError in PoissonSource 'd': samples of the rate must have the shape (T,), (T, 3) or (T, rows, columns) with 3 pixels, got (2, 2).",
    ),
    (
        lambda: ns.PoissonSource("d", 3, [[1, 2, 3], [3, 4, 5]] * Hz),
        "ParameterError in PoissonSource 'd': rate must be one value or 3 values, got the shape (2, 3). Samples in time need every=...",
    ),
    (
        lambda: ns.PoissonSource("d", 3, 30 * Hz, values={"r": 3}),
        "ParameterError in PoissonSource 'd': values are for the names in a formula, but the rate is 30 Hz.",
    ),
    (
        lambda: ns.SineCurrent("w", 3, amplitude=[1, 2] * pA, frequency=3, offset=1 * mV),
        """\
ParameterError in SineCurrent 'w': 3 problems
  amplitude must be one value or 3 values (one for each of its neurons), got 2 values.
  frequency needs a frequency, got the plain number 3. Write 3 * Hz.
  offset needs a current, got a voltage (1 mV)""",
    ),
    (
        lambda: ns.OrnsteinUhlenbeck("n", 3, mean=1 * mV, sd=-1 * pA, tau=0 * ms),
        """\
ParameterError in OrnsteinUhlenbeck 'n': 3 problems
  mean needs a current, got a voltage (1 mV)
  sd must not be negative, got -1 pA.
  tau must be positive, got 0 ms.""",
    ),
    (
        lambda: ns.lower(NET, ns.Schedule(ns.Phase(1 * ms, set={"drive.q": 1 * Hz, "wave.amplitud": 1 * pA, "wave.frequency": 1 * mV}))),
        """\
ScheduleError in Schedule: 3 problems
  phase 0, 'drive.q': 'drive' has no 'q' that can be changed; known names: f, r
  phase 0, 'wave.amplitud': 'wave' has no 'amplitud' that can be changed; did you mean 'amplitude'?
  phase 0, 'wave.frequency': frequency needs a frequency, got a voltage (1 mV)""",
    ),
    (
        lambda: ns.Probe(DRIVE, "rate"),
        "NetworkError in Probe of 'drive': there is no variable 'rate'; known names: count, counts, intensity, spikes",
    ),
]


@pytest.mark.parametrize("make, text", MESSAGES)
def test_messages(make: Callable[[], object], text: str) -> None:
    with pytest.raises(NeurosimError) as caught:
        make()
    assert describe(caught.value) == text

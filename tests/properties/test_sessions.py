"""A session is its schedule: whatever is run, looked at, set, kept and restored in whatever pieces, the numbers are the same."""

from __future__ import annotations

import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import neurosim as ns
from neurosim.conformance.case import differences
from neurosim.units import Hz, ms, mV, pA, pF

DURATION = st.integers(1, 25)
"""In steps."""
SETS = {
    "drive.rate": st.sampled_from([0 * Hz, 400 * Hz, np.linspace(100.0, 900.0, 6) * Hz]),
    "exc.v": st.sampled_from([-60 * mV, np.linspace(-65.0, -51.0, 8) * mV, ns.uniform(-65 * mV, -55 * mV), "E_L + 2*mV"]),
    "exc.tau_m": st.sampled_from([8 * ms, np.linspace(9.0, 12.0, 8) * ms, "C_m / (25*nS)"]),
    "exc.C_m": st.just(200 * pF),
    "exc.hold": st.just(0),
    "fast.w": st.sampled_from([500 * pA, ns.normal(300 * pA, 50 * pA), "copy"]),
    "plastic.w": st.sampled_from([150 * pA, ns.uniform(0 * pA, 200 * pA)]),
    "plastic.tau_plus": st.just(10 * ms),
    "plastic.x": st.just(0.5),
}
QUICK = settings(max_examples=6, suppress_health_check=[HealthCheck.too_slow])


def network() -> ns.Network:
    """Random input, a static, a plastic and a recurrent projection with drawn delays, a signal."""
    drive = ns.PoissonSource("drive", 6, rate=700 * Hz)
    wave = ns.SampledArray("wave", np.sin(np.arange(7.0))[:, None] * np.ones(8) * 100 * pA, every=0.3 * ms)
    exc = ns.Population("exc", 8, ns.neurons.lif_exponential, v=ns.uniform(-65 * mV, -51 * mV))
    learning = ns.plasticity.pair_stdp(tau_plus=20 * ms, tau_minus=20 * ms, a_plus=20 * pA, a_minus=21 * pA)
    plastic = ns.Projection(
        drive, exc, ns.all_to_all(), into="I_syn", weight=ns.uniform(100 * pA, 900 * pA), bounds=(0 * pA, 1000 * pA),
        plasticity=learning, name="plastic",
    )  # fmt: skip
    return ns.Network(
        drive,
        wave,
        exc,
        ns.Projection(drive, exc, ns.all_to_all(), into="I_syn", weight=ns.uniform(200 * pA, 800 * pA), name="fast", delay=0.2 * ms),
        plastic,
        ns.Projection(exc, exc, ns.fixed_probability(0.4), into="I_syn", weight=50 * pA, delay=ns.uniform(0.1 * ms, 1.5 * ms), name="loop"),
        ns.Projection(wave, exc, ns.one_to_one(), into="I_ext", name="signal"),
        ns.Probe(exc, "spikes"),
        ns.Probe(exc, "v", every=0.3 * ms),
        ns.Probe(exc, "I_syn", of=[1], every=0.5 * ms, reduce="mean"),
        ns.Probe(plastic, "w", every=1 * ms),
        seed=5,
        name="small",
    )


NET = network()
Piece = tuple[int, Mapping[str, Any], Mapping[str, Any]]


@st.composite
def pieces(draw: st.DrawFn) -> list[Piece]:
    """(steps, what is set before, arguments of the run)."""
    found: list[Piece] = []
    for _ in range(draw(st.integers(1, 4))):
        names = draw(st.lists(st.sampled_from(sorted(SETS)), max_size=3, unique=True))
        values = {name: draw(SETS[name]) for name in names}
        chosen = {name: ns.CopyWeights(NET["plastic"]) if value is COPY else value for name, value in values.items()}
        how = {
            "label": draw(st.sampled_from(["", "a"])),
            "off": draw(st.sampled_from([(), (), ("loop",), ("drive",), ("plastic", "wave")])),
            "plasticity": draw(st.sampled_from([True, False, ("plastic",)])),
        }
        steps = draw(DURATION)
        if draw(st.booleans()):
            how["at"] = [ns.Assignment("exc.v", -55 * mV, at=0.1 * ms * draw(st.integers(0, steps - 1)))]
        found.append((steps, chosen, how))
    return found


COPY = "copy"


def schedule(plan: list[Piece]) -> ns.Schedule:
    return ns.Schedule(*(ns.Phase(0.1 * ms * steps, set=values, **how) for steps, values, how in plan))


def run(session: ns.Session, plan: list[Piece]) -> None:
    for steps, values, how in plan:
        for name, value in values.items():
            session.set({name: value})
        session.run(0.1 * ms * steps, **how)


def assert_same(result: ns.Result, whole: ns.Result) -> None:
    assert result.provenance.program_digest == whole.provenance.program_digest
    assert result.provenance.phases == whole.provenance.phases
    assert differences(whole.record, result.record, 0.0, 0) == ([], 0.0)
    for key, trace in whole.record.traces.items():
        assert np.array_equal(result.record.traces[key].steps, trace.steps)


@QUICK
@given(pieces())
def test_a_session_is_its_schedule(plan: list[Piece]) -> None:
    with ns.Session(NET, backend="reference") as session:
        run(session, plan)
    assert session.steps == sum(steps for steps, _, _ in plan)
    assert_same(session.result, ns.simulate(NET, schedule(plan), backend="reference"))


@pytest.mark.slow
@QUICK
@given(pieces(), pieces())
def test_a_restored_session_goes_on_as_the_first_would_have(before: list[Piece], after: list[Piece]) -> None:
    with tempfile.TemporaryDirectory() as folder, ns.Session(NET, backend="reference") as session:
        run(session, before)
        session.set({"exc.v": -58 * mV})
        session.checkpoint(Path(folder) / "half.checkpoint")
        with ns.Session.restore(Path(folder) / "half.checkpoint", NET) as restored:
            run(restored, after)
        run(session, after)
    assert_same(restored.result, session.result)


@pytest.mark.slow
@QUICK
@given(pieces(), pieces())
def test_what_comes_later_changes_nothing_before(before: list[Piece], after: list[Piece]) -> None:
    alone = ns.simulate(NET, schedule(before), backend="reference")
    whole = ns.simulate(NET, schedule([*before, *after]), backend="reference")
    found = whole.between(0 * ms, alone.duration * ms)
    assert np.array_equal(found["exc"].steps, alone["exc"].steps)
    assert np.array_equal(found["exc"].trace("v"), alone["exc"].trace("v"))
    assert np.array_equal(found["plastic"].trace("w"), alone["plastic"].trace("w"))


@pytest.mark.slow
@settings(max_examples=6)
@given(pieces(), pieces(), st.sampled_from(["double", "single"]), st.sampled_from([1, 2]))
def test_the_native_engine_keeps_the_law(before: list[Piece], after: list[Piece], precision: str, copies: int) -> None:
    with tempfile.TemporaryDirectory() as folder, ns.Session(NET, precision=precision, copies=copies) as session:
        run(session, before)
        session.checkpoint(Path(folder) / "half.checkpoint")
        with ns.Session.restore(Path(folder) / "half.checkpoint", NET) as restored:
            run(restored, after)
        run(session, after)
    whole = ns.simulate(NET, schedule([*before, *after]), precision=precision, copies=copies)
    assert_same(session.result, whole)
    assert_same(restored.result, whole)

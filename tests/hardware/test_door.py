"""The door: plans, runs, evaluations, reports; plans as Programs that any engine runs; nothing compiled before something runs."""

from __future__ import annotations

import importlib.util
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import neurosim as ns
from neurosim.backends.base import Settings, run_on
from neurosim.backends.registry import get
from neurosim.hardware import loihi
from neurosim.hardware.loihi import netx
from neurosim.hardware.loihi.artifact import read_artifact
from neurosim.hardware.loihi.as_program import as_program
from neurosim.hardware.loihi.items import rate_coded, readout_of, source_of
from neurosim.hardware.loihi.plan import LoihiPlan, Neurons, Recording, Stimulus, Synapses
from neurosim.ir.check import check
from neurosim.units import ms, mV

pytestmark = pytest.mark.slow  # compiles the emulator's loops


def beside(name: str) -> ModuleType:
    if name in sys.modules:
        return sys.modules[name]
    specification = importlib.util.spec_from_file_location(name, Path(__file__).with_name(f"{name}.py"))
    assert specification is not None and specification.loader is not None
    module = importlib.util.module_from_spec(specification)
    sys.modules[name] = module
    specification.loader.exec_module(module)
    return module


def recording_everything(plan: LoihiPlan) -> LoihiPlan:
    recordings = [
        Recording(group.name, variable)
        for group in plan.neurons
        for variable in (("spikes",) if group.kind == "source" else ("spikes", "u", "v"))
    ]
    return replace(plan, recordings=tuple(recordings))


def classifier() -> ns.Network:
    """Sixteen pixels, twelve and four leaky neurons; the four are the classes."""
    rng = np.random.default_rng(5)
    leaky = ns.NeuronModel("v[n+1] = 0.9*v + I : mV\nI : mV (port)", spike="v > 10*mV", reset="v = 0*mV")
    pixels = ns.SpikeTimes("pixels", 16, [] * ms, [])
    hidden, classes = ns.Population("hidden", 12, leaky), ns.Population("classes", 4, leaky)
    return ns.Network(
        pixels,
        hidden,
        classes,
        ns.Projection(pixels, hidden, ns.all_to_all(), into="I", weight=rng.normal(1, 2, 16 * 12) * mV),
        ns.Projection(hidden, classes, ns.all_to_all(), into="I", weight=rng.normal(0, 4, 48) * mV),
        ns.Probe(classes, "spikes"),
    )


def test_nothing_is_compiled_before_something_runs() -> None:
    """The door costs no more than the library itself."""
    script = (
        "import sys; from neurosim.hardware import loihi; from neurosim.backends.registry import BUILT_IN, get; get('loihi');"
        "print([name for name in ('numba', 'h5py', 'click', 'matplotlib') if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, timeout=120)
    assert done.stdout.strip() == "[]", done.stderr


@pytest.mark.parametrize("seed", range(6))
def test_a_plan_is_a_program_in_floats(seed: int) -> None:
    """The same integers, every value of u and v, on the reference engine as in plain integers."""
    plan = recording_everything(beside("networks").random_plan(seed, ("lif", "held", "ternary", "reset")))
    expected, program = beside("integer_model").run(plan), as_program(plan)
    check(program)
    record = run_on(get("reference"), program, Settings())
    for group in plan.neurons[1:]:
        for variable in ("u", "v"):
            np.testing.assert_array_equal(record.traces[group.name, variable].values[:, 0], expected[group.name][variable])
        events, spikes = record.events[group.name], np.zeros((plan.steps, group.size))
        np.add.at(spikes, (events.steps, events.indices), events.payloads)
        np.testing.assert_array_equal(spikes, expected[group.name]["spikes"])


def test_what_has_no_form_in_floats() -> None:
    plan = LoihiPlan(1, (Neurons("a", 1, "adaptive"), Neurons("g", 1, "graded")), recordings=(Recording("s", "w"),))
    with pytest.raises(ns.NeurosimError, match="3 parts of this network cannot run on 'floats'"):
        as_program(plan)


# ---- rate codes ------------------------------------------------------------------------------------------------------------
@given(st.lists(st.floats(0, 1), min_size=1, max_size=8), st.integers(1, 40))
def test_regular_rates(intensities: list[float], steps: int) -> None:
    """round(intensity * steps) spikes, at most one in a step, at even distances."""
    found = rate_coded(np.array([intensities]), steps, "in")
    counts = np.bincount(found.indices, minlength=len(intensities))
    assert counts.tolist() == np.round(np.array(intensities) * steps).astype(int).tolist()
    for neuron, count in enumerate(counts.tolist()):
        gaps = np.diff(found.steps[found.indices == neuron])
        assert not len(gaps) or (gaps.min() >= 1 and gaps.max() - gaps.min() <= 1 and gaps.max() <= np.ceil(steps / count))


def test_random_rates_belong_to_items() -> None:
    """Each item has its own spikes, whatever is shown beside it; on average as many as its intensity says."""
    images = np.linspace(0, 1, 50)[None].repeat(40, axis=0)
    whole = rate_coded(images, 30, "in", coding="random", seed=3)
    alone = rate_coded(images[7:8], 30, "in", coding="random", seed=3, first=7)
    chosen = whole.steps // 30 == 7
    assert (whole.steps[chosen] - 210).tolist() == alone.steps.tolist() and whole.indices[chosen].tolist() == alone.indices.tolist()
    counts = np.bincount(whole.indices, minlength=50)
    assert counts[0] == 0 and counts[-1] == 1200
    assert np.abs(counts - images[0] * 1200).max() < 4.5 * np.sqrt(1200 / 4)


def test_who_shows_and_who_answers() -> None:
    one = np.zeros(1, int)
    plan = LoihiPlan(1, (Neurons("in", 1, "source"), Neurons("a", 1), Neurons("b", 1)), (Synapses("s", "a", "b", one, one, one),))
    assert (source_of(plan, None), readout_of(plan, None), readout_of(plan, "a")) == ("in", "b", "a")
    with pytest.raises(ns.NeurosimError, match="which group holds the classes"):
        readout_of(replace(plan, synapses=()), None)
    with pytest.raises(ns.NeurosimError, match="did you mean 'a'"):
        readout_of(plan, "A")
    with pytest.raises(ns.NeurosimError, match="which sources show the items"):
        source_of(replace(plan, neurons=plan.neurons[1:]), None)


# ---- with the emulator -----------------------------------------------------------------------------------------------------
@pytest.mark.slow
def test_from_a_network_to_an_artifact(tmp_path: Path) -> None:
    prepared = loihi.plan(classifier(), 20 * ms, dt=1 * ms)
    assert prepared.placement is not None and prepared.placement.cores == 2
    assert "projection" in str(prepared) and "thresholds" in str(prepared)
    prepared.save(tmp_path / "classes.plan")
    plan = loihi.load(tmp_path / "classes.plan")
    assert plan.digest() == prepared.plan.digest()
    firing = np.unique(np.random.default_rng(1).integers(0, 320, 150))
    plan = replace(plan, stimuli=(Stimulus("pixels", firing // 16, firing % 16, np.ones(len(firing), int)),))
    record = loihi.run(plan)
    expected = beside("integer_model").run(plan)
    assert len(record.spikes["classes"]) == expected["classes"]["spikes"].sum() > 0
    found = loihi.report(plan, record, chip="loihi1")
    assert found.estimate.constants.name == "loihi1-davies" and found.to_dict()["placement"]["cores"] == 2  # type: ignore[index]
    loihi.export(plan, tmp_path / "classes.loihi")
    artifact = read_artifact(tmp_path / "classes.loihi")
    assert set(artifact.expected.spikes) == {"classes", "hidden"}


@pytest.mark.slow
def test_evaluation_does_not_depend_on_threads() -> None:
    """The same counts alone and together, item by item as in plain integers."""
    plan = loihi.plan(classifier(), 16 * ms, dt=1 * ms).plan
    rng = np.random.default_rng(2)
    images, labels = rng.random((210, 4, 4)), rng.integers(0, 4, 210)
    found, other = loihi.evaluate(plan, images, labels, threads=2), loihi.evaluate(plan, images, labels)
    np.testing.assert_array_equal(found.counts, other.counts)
    for number in (0, 205):
        item = rate_coded(images[number : number + 1].reshape(1, -1), 16, "pixels")
        expected = beside("integer_model").run(replace(plan, stimuli=(item,)))
        assert found.counts[number].tolist() == expected["classes"]["spikes"].sum(axis=0).tolist()
    assert found.accuracy == np.mean(found.counts.argmax(axis=1) == labels)
    assert "% of 210 items" in str(found) and "nJ" in str(found)
    with pytest.raises(ns.NeurosimError, match="3 problems"):
        loihi.evaluate(plan, images[:, :3], labels[:2], coding="morse")


@pytest.mark.slow
def test_a_network_of_lava_dl_on_the_emulator_and_on_native(tmp_path: Path) -> None:
    """In the same integers on both: the same spikes, and the voltages of the last layer bit by bit."""
    rng = np.random.default_rng(4)
    groups = (
        Neurons("in", 10, "source"),
        Neurons("a", 12, du=1023, dv=128, vth=90, bias_mant=rng.integers(-3, 4, 12), bias_exp=6),
        Neurons("b", 5, du=4095, dv=300, vth=60),
    )
    pairs = [tuple(axis.reshape(-1) for axis in np.indices(shape)) for shape in ((10, 12), (12, 5))]
    synapses = (
        Synapses("s", "in", "a", *pairs[0], rng.integers(-30, 60, 120) * 2, -1),
        Synapses("t", "a", "b", *pairs[1], rng.integers(-30, 60, 60) * 2, -1, delay=rng.integers(0, 9, 5)[pairs[1][1]]),
    )
    netx.write(LoihiPlan(50, groups, synapses), tmp_path / "two.net")
    plan = recording_everything(netx.with_input(netx.read(tmp_path / "two.net"), rng.random((50, 10)) < 0.3))
    record = loihi.run(plan)
    native = run_on(get("native"), as_program(plan), Settings())
    for name in ("layer 1", "layer 2"):
        assert len(record.spikes[name]) > 20
        assert native.events[name].steps.tolist() == record.spikes[name].steps.tolist()
        assert native.events[name].indices.tolist() == record.spikes[name].indices.tolist()
        np.testing.assert_array_equal(native.traces[name, "v"].values[:, 0], record.registers[name, "v"].values)

"""The emulator of the chip: hand-computed neurons, a recording of a Loihi 2, and plain integers on random networks."""

from __future__ import annotations

import importlib.util
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from neurosim.hardware.loihi.emulator import Emulator, counts_of_items
from neurosim.hardware.loihi.plan import LoihiPlan, Neurons, Recording, Stimulus, Synapses


def _integer_model() -> ModuleType:
    specification = importlib.util.spec_from_file_location("integer_model", Path(__file__).with_name("integer_model.py"))
    assert specification is not None and specification.loader is not None
    module = importlib.util.module_from_spec(specification)
    specification.loader.exec_module(module)
    return module


MODEL = _integer_model()
INPUT = (60, 220, 270, 310, 320, 350, 370, 400, 410, 430, 440, 450, 460, 470, 480, 490, 500, 510, 520, 530, 670, 680, 690, 700, 710, 720)
INPUT += (730, 740, 750, 760, 770, 780, 840, 850)


def all_of(plan: LoihiPlan) -> LoihiPlan:
    """The plan with everything recorded."""
    recordings = tuple(
        Recording(group.name, variable)
        for group in plan.neurons
        for variable in ("spikes", *(() if group.kind == "source" else ("u", "v")))
    )
    return LoihiPlan(plan.steps, plan.neurons, plan.synapses, plan.stimuli, recordings)


def found(plan: LoihiPlan) -> dict[str, dict[str, np.ndarray]]:
    """What the emulator says, in the layout of the plain model."""
    emulator = Emulator.of(plan)
    emulator.run()
    record = {group.name: {name: np.zeros((plan.steps, group.size), np.int64) for name in ("spikes", "u", "v")} for group in plan.neurons}
    for group in plan.neurons:
        steps, indices, payloads = emulator.spikes(group.name)
        np.add.at(record[group.name]["spikes"], (steps, indices), payloads)
    for recording, (steps, values) in zip(emulator.recordings, emulator.traces(), strict=True):
        assert len(steps) == plan.steps
        record[recording.part][recording.variable][:] = values
    return record


def agree(plan: LoihiPlan) -> int:
    """Compare everything; the number of spikes."""
    plan = all_of(plan)
    got, expected = found(plan), MODEL.run(plan)
    for group, variables in expected.items():
        for variable, values in variables.items():
            np.testing.assert_array_equal(got[group][variable], values, err_msg=f"{variable} of {group}")
    return sum(int(np.abs(variables["spikes"]).sum()) for variables in expected.values())


def source(steps: tuple[int, ...], size: int = 1) -> tuple[Neurons, Stimulus]:
    count = len(steps)
    return Neurons("in", size, "source"), Stimulus("in", np.array(steps), np.zeros(count, int), np.ones(count, int))


def one_synapse(weight: int, **others: int) -> Synapses:
    return Synapses("in -> cell", "in", "cell", np.zeros(1, int), np.zeros(1, int), np.array([weight]), **others)


def test_recording_of_a_chip() -> None:
    """A Loihi 2 neuron of the data published with NIR (Pedersen et al. 2024, doi 10.1038/s41467-024-52259-9): spikes and spot voltages."""
    neurons, stimulus = source(INPUT)
    plan = all_of(LoihiPlan(1000, (neurons, Neurons("cell", 1, du=4095, dv=163, vth=25)), (one_synapse(10),), (stimulus,)))
    record = found(plan)["cell"]
    assert np.flatnonzero(record["spikes"][:, 0]).tolist() == [461, 511, 711, 761]
    assert {step: int(record["v"][step, 0]) for step in (61, 62, 70, 460)} == {61: 640, 62: 614, 70: 440, 460: 1099}
    assert record["v"][[461, 511, 711, 761], 0].tolist() == [0, 0, 0, 0]  # where the chip's register reads 128


def test_corners_by_hand() -> None:
    """Wrap of u, saturation of v, the strict threshold, a negative exponent of a sum."""
    largest = 2**23
    cells = Neurons("cell", 4, du=-1, dv=0, vth=131071, u=np.array([largest, -largest + 1, 0, 0]), v=np.array([0, 0, largest - 1, 6400]))
    record = found(all_of(LoihiPlan(1, (cells,))))["cell"]
    assert record["u"][0].tolist() == [largest, -largest + 1, 0, 0]
    assert record["v"][0].tolist() == [0, -largest + 1, 0, 6400]  # above 131071 * 64 it fires
    neurons, stimulus = source((0,))
    strict = Neurons("cell", 1, vth=100, dv=0)
    assert not found(all_of(LoihiPlan(3, (neurons, strict), (one_synapse(100),), (stimulus,))))["cell"]["spikes"].any()
    assert found(all_of(LoihiPlan(3, (neurons, strict), (one_synapse(101),), (stimulus,))))["cell"]["spikes"][1, 0] == 1
    wide, two = Neurons("in", 2, "source"), Stimulus("in", np.zeros(2, int), np.arange(2), np.ones(2, int))
    pair = Synapses("s", "in", "cell", np.arange(2), np.zeros(2, int), np.array([3, -6]), -1)
    assert found(all_of(LoihiPlan(3, (wide, strict), (pair,), (two,))))["cell"]["v"][1, 0] == -2 * 64  # (3 - 6) >> 1


def test_refractory_time() -> None:
    """A neuron that fired in step t is held in t + 1 ... t + r - 1; u goes on, bias and input are ignored."""
    cell = Neurons("cell", 2, du=409, dv=0, vth=10, bias_mant=1000, refractory=np.array([1, 5]))
    neurons, stimulus = source(tuple(range(0, 30, 3)))
    pre, post = np.zeros(2, int), np.arange(2)
    plan = LoihiPlan(40, (neurons, cell), (Synapses("s", "in", "cell", pre, post, np.array([7, 7])),), (stimulus,))
    assert agree(plan) > 20
    assert np.diff(np.flatnonzero(found(all_of(plan))["cell"]["spikes"][:, 1])).min() == 5


CORNERS = st.sampled_from([0, 1, 100, 409, 2047, 4094, 4095])
WITH_KINDS = ("lif", "lif", "ternary", "adaptive", "graded", "rectified")


@st.composite
def plans(draw: st.DrawFn) -> LoihiPlan:
    """Small networks at the corners of what the chip holds."""
    random = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    groups = [Neurons("in", 3, "source")]
    for number in range(draw(st.integers(1, 3))):
        size, kind = draw(st.integers(1, 11)), draw(st.sampled_from(WITH_KINDS))
        threshold = draw(st.sampled_from([0, 1, 10, 100, 1000, 20000, 131071]))
        some, wide = draw(st.booleans()), draw(st.booleans())
        graded = kind in ("graded", "rectified")
        groups.append(
            Neurons(
                f"group {number}",
                size,
                kind,
                du=draw(CORNERS),
                dv=draw(CORNERS),
                vth=threshold,
                vth_low=-threshold,
                bias_mant=random.integers(-4096, 4096, size) * some,
                bias_exp=random.integers(-2, 8, size) * some,
                refractory=draw(st.sampled_from([1, 1, 4])) if kind == "lif" else 1,
                u=0 if graded else random.integers(-(2**23) + 1, 2**23, size) * wide,
                v=0 if graded else random.integers(-(2**23) + 1, 2**23, size) * wide,
                reset_every=draw(st.sampled_from([0, 0, 7])),
                reset_at=3,
                threshold_start=draw(st.integers(1, 60)),
                threshold_step=draw(st.integers(0, 20)),
                threshold_decay=draw(CORNERS),
                refractory_decay=draw(CORNERS),
            )
        )
    synapses = []
    for number in range(draw(st.integers(1, 5))):
        origin, target = draw(st.sampled_from(groups)), draw(st.sampled_from(groups[1:]))
        pre, post = np.nonzero(random.random((origin.size, target.size)) < draw(st.sampled_from([0.2, 1.0])))
        weight = random.integers(-256, 256, len(pre))
        delay = random.integers(0, draw(st.sampled_from([1, 5, 63])), len(pre)) if draw(st.booleans()) else draw(st.integers(0, 3))
        bits = draw(st.sampled_from([0, 0, 8]))
        synapses.append(Synapses(f"s {number}", origin.name, target.name, pre, post, weight, draw(st.integers(-7, 7)), delay=delay, message_bits=bits))
    steps = np.sort(random.integers(0, 40, 30))
    stimulus = Stimulus("in", steps, random.integers(0, 3, 30), random.integers(1, 5, 30))
    return LoihiPlan(40, tuple(groups), tuple(synapses), (stimulus,))


@pytest.mark.slow
@settings(max_examples=400)
@given(plans())
def test_random_networks_against_plain_integers(plan: LoihiPlan) -> None:
    agree(plan)


def test_items_are_shown_from_the_initial_state() -> None:
    neurons, _ = source(())
    plan = LoihiPlan(8, (neurons, Neurons("cell", 1, dv=0, vth=15)), (one_synapse(10),))
    items = [[Stimulus("in", np.arange(count), np.zeros(count, int), np.ones(count, int))] for count in (0, 1, 2, 5)]
    assert counts_of_items(plan, items, "cell", threads=2)[:, 0].tolist() == [0, 0, 1, 2]

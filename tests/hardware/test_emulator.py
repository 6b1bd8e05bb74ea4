"""The emulator of the chip: hand-computed neurons, a recording of a Loihi 2, and plain integers on random networks."""

from __future__ import annotations

import importlib.util
from dataclasses import replace
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from neurosim.hardware.loihi.batch import in_a_row, shown
from neurosim.hardware.loihi.emulator import Emulator
from neurosim.hardware.loihi.plan import LoihiPlan, Neurons, Recording, Stimulus, Synapses

pytestmark = pytest.mark.slow  # compiles the emulator's loops


def _beside(name: str) -> ModuleType:
    specification = importlib.util.spec_from_file_location(name, Path(__file__).with_name(f"{name}.py"))
    assert specification is not None and specification.loader is not None
    module = importlib.util.module_from_spec(specification)
    specification.loader.exec_module(module)
    return module


MODEL, NETWORKS = _beside("integer_model"), _beside("networks")
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


@pytest.mark.slow
@settings(max_examples=400)
@example(183628308)  # a sum of weights times payloads that leaves 32 bits before it is shifted
@given(st.integers(0, 2**32 - 1))
def test_random_networks_against_plain_integers(seed: int) -> None:
    agree(NETWORKS.random_plan(seed, NETWORKS.EVERY_KIND))


def test_items_are_shown_from_the_initial_state() -> None:
    """Whatever the item before left: as in a run of its own, on any number of threads."""
    neurons, _ = source(())
    plan = LoihiPlan(8, (neurons, Neurons("cell", 1, dv=0, vth=15)), (one_synapse(10),))
    items = [[Stimulus("in", np.arange(count), np.zeros(count, int), np.ones(count, int))] for count in (0, 1, 2, 5)]
    found = shown(plan, in_a_row(items, 8), 4, counts=("cell",), states=(("cell", "v"),), threads=2)
    assert found.counts["cell"][:, 0].tolist() == [0, 0, 1, 2]
    assert found.states["cell", "v"][:, 0].tolist() == [0, 640, 0, 640]
    assert found.total["in"].tolist() == [8] and found.total["cell"].tolist() == [3]


@pytest.mark.parametrize("seed", range(5))
def test_items_of_random_networks(seed: int) -> None:
    plan, random = NETWORKS.random_plan(seed, NETWORKS.EVERY_KIND), np.random.default_rng(seed)
    firing = [np.unique(random.integers(0, 3 * plan.steps, 30)) for _ in range(4)]
    items = [[Stimulus("in", places // 3, places % 3, random.integers(1, 5, len(places)))] for places in firing]
    groups = [group.name for group in plan.neurons]
    registers = [(name, variable) for name in groups if name != "in" for variable in ("u", "v")]
    done = shown(plan, in_a_row(items, plan.steps), len(items), counts=groups, states=registers, threads=2)
    for number, stimuli in enumerate(items):
        alone = Emulator.of(replace(plan, stimuli=tuple(stimuli)), record=False)
        alone.run()
        assert all(np.array_equal(done.counts[name][number], alone.counts(name)) for name in groups)
        assert all(np.array_equal(done.states[key][number], alone.state(*key)) for key in registers)

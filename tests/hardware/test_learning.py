"""Synapses that learn on the chip: hand-computed cases, plain integers on random rules, and Lava's own learning engine."""

from __future__ import annotations

import importlib.util
import math
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from neurosim.hardware.loihi import lava, learning
from neurosim.hardware.loihi.emulator import Emulator
from neurosim.hardware.loihi.merge import merged, side_by_side
from neurosim.hardware.loihi.plan import Factor, LearningRule, LoihiPlan, Neurons, PlanError, Product, Recording, Stimulus, Synapses, Trace

pytestmark = pytest.mark.slow  # compiles the emulator's loops


def _beside(name: str) -> ModuleType:
    specification = importlib.util.spec_from_file_location(name, Path(__file__).with_name(f"{name}.py"))
    assert specification is not None and specification.loader is not None
    module = importlib.util.module_from_spec(specification)
    specification.loader.exec_module(module)
    return module


NEURONS, MODEL, RULES = _beside("integer_model"), _beside("learning_model"), _beside("rules")
HALVED = Trace(64, 1 / math.log(2))
"""Loses half of its value in a step."""
RULES_IN_LAVA, RULES_PER_RUN = 200, 50


def pair(rule: LearningRule, pre: tuple[int, ...], post: tuple[int, ...], *, steps: int = 16, weight: int = 100, tag: int = 0) -> LoihiPlan:
    """One synapse; its source fires in the steps ``pre``, its target in the steps ``post``, whatever else arrives."""
    groups = (Neurons("in", 1, "source"), Neurons("drive", 1, "source"), Neurons("cell", 1, du=4095, dv=4095, vth=20000))
    stimuli = tuple(
        Stimulus(name, np.array(at, int), np.zeros(len(at), int), np.ones(len(at), int))
        for name, at in (("in", pre), ("drive", tuple(step - 1 for step in post)))
    )
    one = np.zeros(1, int)
    synapses = (
        Synapses("learns", "in", "cell", one, one, np.array([weight]), learning=rule, tag=tag),
        Synapses("drives", "drive", "cell", one, one, np.array([255]), 7),
    )
    recordings = (Recording("cell", "spikes"), Recording("cell", "u"), *(Recording("learns", name) for name in "wtd"))
    return LoihiPlan(steps, groups, synapses, stimuli, recordings)


def run(plan: LoihiPlan) -> Emulator:
    emulator = Emulator.of(plan)
    emulator.run()
    return emulator


def values(emulator: Emulator, variable: str, name: str = "learns") -> np.ndarray:
    return emulator.watched(name, variable)[1]


# ---- by hand ---------------------------------------------------------------------------------------------------------------
def test_a_pair_of_spikes_by_hand() -> None:
    """x1 is 64 at its spike in step 3 and 8 in step 6: 8 / 2 are added; y1 is 64 in step 6 and 16 in step 8: 16 / 2 are taken away."""
    rule = LearningRule((Product("y0", 1, -1, (Factor("x1"),)), Product("x0", -1, -1, (Factor("y1"),))), x1=HALVED, y1=HALVED)
    emulator = run(pair(rule, (3, 8), (6,)))
    assert emulator.spikes("cell")[0].tolist() == [6]
    assert values(emulator, "w")[:, 0].tolist() == [100] * 6 + [104, 104] + [96] * 8
    assert emulator.synaptic("learns", "w").tolist() == [96]
    u = emulator.traces()[0][1][:, 0]
    assert (u[4], u[9]) == (100 * 64, 104 * 64)  # a spike brings the weight before what it changes


def test_epochs_and_periods_by_hand() -> None:
    """u1 holds in every second epoch: of three steps each, at the ends of steps 5, 11, 17."""
    rule = LearningRule(dt=(Product("u1", 1, 0),), dd=(Product("u1", 3, 1),), t_epoch=3)
    emulator = run(pair(rule, (), (), steps=18, tag=-3))
    assert values(emulator, "t")[:, 0].tolist() == [-3] * 5 + [-2] * 6 + [-1] * 6 + [0]
    assert values(emulator, "d")[[4, 5, 11, 17], 0].tolist() == [0, 6, 12, 18]


def test_limits_by_hand() -> None:
    """Weights stop at the ends of their sign, a second spike of an epoch adds to the trace, wide factors are shifted."""
    steep = LearningRule((Product("x0", 7, 8),))
    assert run(pair(steep, (1,), ())).synaptic("learns", "w").tolist() == [255]
    for sign, expected in (("mixed", -256), ("excitatory", 0)):
        plan = pair(LearningRule((Product("x0", -7, 8),)), (1, 2, 3), ())
        plan = replace(plan, synapses=(replace(plan.synapses[0], sign=sign), plan.synapses[1]))
        assert run(plan).synaptic("learns", "w").tolist() == [expected]
    # In an epoch of 4 steps the first spike's 32 count from its start: x1 = 32 / 16 + 32 at the second. The widths 7 + 9 + 4 are shifted by 5.
    wide = LearningRule((Product("x0", 4, -4, (Factor("x1"), Factor("w"))),), x1=Trace(32, 1 / math.log(2)), t_epoch=4)
    assert run(pair(wide, (0, 3), (), weight=64)).synaptic("learns", "w").tolist() == [64 + (34 * 64 * 4 >> 5) // 16]


def test_a_third_factor_by_hand() -> None:
    """y2 is what the group of the third factor sends now, y1 the target's own trace, which the chip halves once more in a step."""
    rule = LearningRule((Product("u0", 1, -2, (Factor("y2"),)),), dt=(Product("x0", 1, 0, (Factor("y1"),)),), y1=HALVED, third_factor="third")
    plan = pair(rule, (9,), (6,))
    told = Stimulus("third", np.array([2, 4, 5]), np.array([1, 1, 0]), np.array([20, -8, 100]))
    plan = replace(plan, neurons=(*plan.neurons, Neurons("third", 3, "source")), stimuli=(*plan.stimuli, told))
    emulator = run(plan)
    expected, _ = everything(plan)
    assert values(emulator, "w")[:, 0].tolist() == np.array(expected["learns", "w"])[:, 0].tolist()
    assert set(values(emulator, "w")[2:4, 0]) <= {104, 105} and abs(int(values(emulator, "w")[-1, 0]) - 103) <= 1
    assert int(values(emulator, "t")[9, 0]) in (7, 8)


# ---- plain integers ----------------------------------------------------------------------------------------------------------
def everything(plan: LoihiPlan) -> tuple[dict[tuple[str, str], list[list[int]]], dict[str, dict[str, np.ndarray]]]:
    """What the plain model says about synapses and neurons."""
    learners = MODEL.Learners(plan)
    record = NEURONS.run(plan, learners)
    return learners.values, record


def agree(plan: LoihiPlan) -> tuple[int, int]:
    """Compare all that a plan records with the plain model; (spikes, changes of synapses)."""
    synapses, neurons = everything(plan)
    emulator = run(plan)
    steps, indices, payloads = emulator.spikes("cells")
    spikes = np.zeros((plan.steps, plan.group("cells").size), np.int64)
    np.add.at(spikes, (steps, indices), payloads)
    np.testing.assert_array_equal(spikes, neurons["cells"]["spikes"])
    changes = 0
    for (name, variable), expected in synapses.items():
        due, got = emulator.watched(name, variable)
        np.testing.assert_array_equal(got, np.array(expected)[due], err_msg=f"{variable} of {name}: {plan}")
        changes += int((np.diff(got, axis=0) != 0).sum())
    return int(np.abs(spikes).sum()), changes


KINDS = (
    {},
    {"third": True},
    {"rounding": "independent"},
    {"share": 0.5, "every": 3},
    {"share": 0.5, "third": True, "rounding": "independent"},
)


@pytest.mark.parametrize("kind", KINDS, ids=str)
def test_some_rules_against_plain_integers(kind: dict[str, object]) -> None:
    spikes, changes = agree(RULES.random_plan(1, 3, steps=20, **kind))
    assert spikes > 5 and changes > 20


@pytest.mark.slow
@settings(max_examples=300)
@given(st.integers(0, 2**32 - 1), st.sampled_from(KINDS))
@example(4, {})
def test_random_rules_against_plain_integers(seed: int, kind: dict[str, object]) -> None:
    agree(RULES.random_plan(seed, 2, **kind))


def test_tags_below_their_range() -> None:
    """A tag that an accumulator has left at -257 is rounded anew in every epoch, though nothing is added."""
    falling = (Product("x0", -7, 8), Product("y0", 1, -3, (Factor("x1"),)))
    plan = RULES.random_plan(1, 1, steps=60)
    seen = set()
    for seed in range(3):
        rule = LearningRule(dt=falling, dw=(Product("x0", 1, -6, (Factor("t"),)),), x1=Trace(20, 5), seed=seed, rounding="independent")
        plan = replace(plan, synapses=(replace(plan.synapses[0], learning=rule),))
        agree(plan)
        seen |= set(values(run(plan), "t", "s0").ravel().tolist())
    assert -257 in seen and -256 in seen


def test_random_numbers_come_in_pieces(monkeypatch: pytest.MonkeyPatch) -> None:
    """However many are drawn at once, and however a run is cut."""
    plan = RULES.random_plan(3, 2, steps=50)
    whole = run(plan)
    monkeypatch.setattr(learning, "CHUNK", 7)
    pieces = Emulator.of(plan)
    for steps in (1, 5, 20, None):
        pieces.run(steps)
    for name in ("s0", "s1"):
        for variable in "wtd":
            np.testing.assert_array_equal(values(whole, variable, name), values(pieces, variable, name))


def test_a_second_run_begins_anew() -> None:
    plan = RULES.random_plan(5, 1)
    one = run(plan)
    np.testing.assert_array_equal(values(one, "w", "s0"), values(run(plan), "w", "s0"))
    assert (one.synaptic("s0", "w") != plan.synapses[0].weight).any()


def test_merging_changes_nothing() -> None:
    plans = [RULES.random_plan(seed, 2, third=seed == 7) for seed in (6, 7)]
    whole = side_by_side(plans)
    apart, together, fewer = [run(plan) for plan in plans], run(whole), run(merged(whole).plan)
    for number, alone in enumerate(apart):
        for name in ("s0", "s1"):
            for other in (together, fewer):
                np.testing.assert_array_equal(values(alone, "w", name), values(other, "w", f"{number}/{name}"))


def test_a_plan_with_a_rule_is_one_file(tmp_path: Path) -> None:
    plan = RULES.random_plan(8, 2, third=True)
    plan.save(tmp_path / "a.plan")
    read = LoihiPlan.load(tmp_path / "a.plan")
    assert read.digest() == plan.digest() and read.synapses[0].learning == plan.synapses[0].learning


def test_all_problems_at_once() -> None:
    """What is not in the grammar is refused before the run, all of it."""
    products = (Product("x3", 1, 0), Product("u1", 9, 9), Product("u2", 1, 0, (Factor("x1", sign=True), Factor("z"))))
    rule = LearningRule(products, t_epoch=64, rounding="never", x1=Trace(-1), third_factor="cell")
    plan = pair(rule, (), (), weight=300, tag=400)
    with pytest.raises(PlanError) as raised:
        Emulator.of(plan)
    text = str(raised.value)
    for part in (
        *("depends on x0, y0 or u0", "the mantissa is not within -8 ... 7", "the exponent is not within -7 ... 8", "no factor 'z'"),
        *("only w, d and t have a sign", "need the same number", "epoch of 64 steps", "its rounding is 'never'"),
        *("x1 has a negative impulse", "weight 300", "tag 400", "three for each of its targets"),
    ):
        assert part in text, part


# ---- Lava ----------------------------------------------------------------------------------------------------------------------
def compared(plan: LoihiPlan) -> tuple[list[str], int, int]:
    """(what differs, values compared, changes) between Lava and the emulator."""
    there, here = lava.run(plan, merge=False, patience=60.0), run(plan)
    ours, theirs = here.spikes("cells"), there.spikes("cells")
    order = np.lexsort((theirs[1], theirs[0]))
    wrong = [] if all(np.array_equal(a, b[order]) for a, b in zip(ours, theirs, strict=True)) else ["spikes"]
    count = changes = 0
    for recording in plan.recordings[1:]:
        some = next(some for some in plan.synapses if some.name == recording.part)
        got, expected = values(here, recording.variable, some.name), there.watch(some.name, recording.variable)[:, some.post, some.pre]
        wrong += [] if np.array_equal(got, expected) else [f"{recording.variable} of {some.name}: {some.learning}"]
        count += got.size
        changes += int((np.diff(got, axis=0) != 0).sum())
    return wrong, count, changes


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(RULES_IN_LAVA // RULES_PER_RUN))
def test_two_factors_in_lava(require_engine: Callable[[str], None], seed: int) -> None:
    """Weights, tags and delay tags of random rules, and the spikes that they lead to."""
    require_engine("lava")
    wrong, count, changes = compared(RULES.random_plan(seed, RULES_PER_RUN, steps=36, every=6))
    assert wrong == []
    assert count == RULES_PER_RUN * 3 * 6 * 20 and changes > 1000


@pytest.mark.slow
def test_three_factors_in_lava(require_engine: Callable[[str], None]) -> None:
    """Neurons that tell y1, y2, y3: their own traces, or a third factor."""
    require_engine("lava")
    for seed in (2, 5):
        wrong, _, changes = compared(RULES.random_plan(seed, 12, steps=36, every=3, third=True))
        assert wrong == [] and changes > 500


@pytest.mark.slow
def test_some_pairs_in_lava(require_engine: Callable[[str], None]) -> None:
    """Pairs that are no synapses learn nothing; every step is looked at."""
    require_engine("lava")
    wrong, _, changes = compared(RULES.random_plan(3, 8, share=0.6))
    assert wrong == [] and changes > 100

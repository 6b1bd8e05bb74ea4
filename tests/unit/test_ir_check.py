"""What a Program may not be, in golden words; everything is reported at once."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from neurosim.conformance.building import dense, events, expr, outputs, spike, statements, taps, update, vector
from neurosim.errors import ProgramError
from neurosim.ir.check import check
from neurosim.ir.program import (
    Assign,
    Block,
    CopyWeights,
    Draw,
    Exact,
    Pathway,
    Phase,
    Program,
    Rule,
    Sampled,
    Steps,
    Tap,
    Update,
    Wiring,
)

CELL = Block(
    "cell", 3, {"v": 0.0}, {"k": 0.9}, ("a",), update(v="k * v + a"), outputs(r="tanh(v)"), spike=spike("v > 1", "v = 0", held=("v",))
)
PATH = Pathway("in -> cell", "in", "cell", dense(2, 3), statements("a_post += w"), "w", states={"x": 0.0})
GOOD = Program(0.1, (CELL,), (events("in", 2, [1], [0]),), (PATH,), (vector(PATH, 1.0),), taps(("cell", "v")), (Phase(10),), name="good")


def cell(**changes) -> Program:
    return replace(GOOD, blocks=(replace(CELL, **changes),))


def path(**changes) -> Program:
    return replace(GOOD, pathways=(replace(PATH, **changes),))


def source(**changes) -> Program:
    return replace(GOOD, sources=(replace(GOOD.sources[0], **changes),))


def rule(text: str, trigger="arrival") -> Program:
    return path(rules=(Rule("learn", trigger, statements(text)),))


def message(program: Program) -> str:
    with pytest.raises(ProgramError) as caught:
        check(program)
    return str(caught.value)


def test_a_good_program_passes() -> None:
    check(GOOD)
    check(cell(outputs=outputs(v="v", r="v + a")))


WRONG = [
    (replace(GOOD, dt=0.0), "dt must be a positive number of ms, got 0.0"),
    (cell(name="in"), "2 parts are called 'in': names are unique over blocks, sources, pathways and weights"),
    (cell(outputs=outputs(a="v")), "'a' is both a port and an output"),
    (cell(outputs=outputs(v="2 * v")), "'v' is both a state and an output"),
    (cell(parameters={"k": 0.9, "held": 1.0}), "a parameter may not be called 'held': the name has a fixed meaning"),
    (cell(states={"v": np.zeros(4)}), "state 'v' has shape (4,), expected a number or (3,)"),
    (cell(states={"v": np.array([0.0, np.nan, 0.0])}), "state 'v' is nan at index 1"),
    (cell(parameters={"k": np.inf}), "parameter 'k' is inf"),
    (cell(update=update(v="k * u")), "update of 'v': 'u' is not known here"),
    (cell(update=update(v="tau * v", tau="k")), "update of 'v': 'tau' is not known here"),
    (cell(update=update(k="v")), "update assigns 'k', which is not a state"),
    (cell(update=Update((("v", expr("v")), ("v", expr("v"))))), "update assigns 'v' twice"),
    (cell(update=update(v="rand()")), "rand() has no meaning in a Program: lowering replaces it"),
    (
        cell(update=Update((("v", expr("v")),), Exact(("v",), (("P",),), ("",)))),
        "the exact annotation refers to 'P', which is not a parameter",
    ),
    (cell(spike=spike("v + a > 1")), "spike condition: 'a' is not known here"),
    (cell(spike=spike("v > 1", "k = 2")), "reset: 'k' cannot be written here"),
    (cell(spike=spike("v > 1", hold=0)), "hold_steps must be at least 1 (not held), got 0"),
    (cell(spike=spike("v > 1", held=("w",))), "'w' is to be held, but is not a state"),
    (cell(start={"q": 1.0}), "start is given for 'q', which is not an output"),
    (cell(draws=(Draw("xi", "table", 0, np.zeros((4, 3))),)), "the table of draw 'xi' has shape (4, 3), expected (10, 3)"),
    (cell(rules=(Rule("r", "post", ()),)), "a rule of a block is triggered by Steps, got 'post'"),
    (path(source="nobody"), "there is no source 'nobody'"),
    (path(target="in"), "there is no target block 'in'"),
    (path(wiring=dense(2, 4)), "wired from 2 to 4, but 'in' has 2 and 'cell' has 3"),
    (path(wiring=Wiring("fixed_indegree", 2, 3, number=4, multapses=False)), "4 different partners are asked for, there are 2"),
    (path(wiring=Wiring("pairs", 2, 3, pre=np.array([1, 0]), post=np.array([0, 0]))), "pairs must be sorted by source, then target"),
    (path(weights="u"), "there are no weights 'u'"),
    (path(delay=-1), "delay must not be negative, got -1 steps"),
    (path(delay=1.5), "delay must be whole steps"),
    (path(delay=Sampled("normal", 3.0, 1.0, 1)), "drawn delays need a lower bound of 0 steps or more"),
    (path(index="transpose", wiring=Wiring("one_to_one", 2, 2)), "'transpose' needs all-to-all wiring with all pairs"),
    (path(signal="value"), "'value' is not an output of 'in'"),
    (path(instant=True), "only signals can be instant"),
    (path(deliver=statements("v_post = w")), "'v_post' may only be written by += -= here, got ="),
    (path(deliver=statements("w += 1")), "'w' cannot be written here"),
    (path(deliver=statements("a_post += a_post")), "'a_post' is not known here"),
    (path(states={"x_pre": 0.0}), "'x_pre' would be read as a variable of a neuron at an end of the edge"),
    (rule("v_post += 1"), "a rule may not add to 'v', a state of 'cell': additions to states belong to deliver"),
    (rule("w += value", "post"), "'value' is not known here"),
    (rule("x += 1", "sometimes"), "trigger must be 'arrival', 'post' or Steps, got 'sometimes'"),
    (rule("x += 1", Steps(0)), "every must be at least 1 step, got 0"),
    (source(steps=np.array([3, 1]), indices=np.array([0, 0])), "events must be sorted by step, then index, without repetition"),
    (source(steps=np.array([3, 3]), indices=np.array([0, 0])), "events must be sorted by step, then index, without repetition"),
    (source(indices=np.array([2])), "events must lie in steps >= 0 and indices 0 ... 1"),
    (source(kind="poisson", rate=-1.0), "rate must not be negative, got -1 per ms"),
    (source(kind="table"), "the table has shape (0,), expected (K, 2) with K >= 1"),
    (source(kind="table", table=np.zeros((3, 2)), order=np.array([3])), "order must list rows 0 ... 2 of the table"),
    (source(kind="noise"), "kind must be 'poisson', 'spikes' or 'table', got 'noise'"),
    (replace(GOOD, weights=(vector(PATH, np.ones(5)),)), "value has shape (5,), expected a number or (6,)"),
    (replace(GOOD, weights=(vector(PATH, 1.0, low=2.0, high=1.0),)), "the bounds are 2.0 and 1.0"),
    (replace(GOOD, weights=(replace(vector(PATH, 1.0), home="elsewhere"),)), "there is no pathway 'elsewhere'"),
    (replace(GOOD, weights=(vector(PATH, 1.0, quantum=0.3),)), "quantum must be a power of two, got 0.3"),
    (replace(GOOD, weights=(vector(PATH, np.full(6, 0.1), quantum=0.125),)), "0.1 is no float32 multiple of the quantum 0.125"),
    (replace(GOOD, weights=(vector(PATH, 2.0**24 + 1.0, quantum=1.0),)), "16777217.0 is no float32 multiple of the quantum 1.0"),
    (
        replace(GOOD, weights=(vector(PATH, Sampled("normal", 1.0, 0.1, 3), quantum=0.125),)),
        "values are drawn as multiples of 0.0, but quantum promises 0.125",
    ),
    (replace(GOOD, taps=(Tap("cell", "u"),)), "'u' cannot be recorded"),
    (replace(GOOD, taps=(Tap("in", "value"),)), "'value' cannot be recorded"),
    (replace(GOOD, taps=(Tap("cell", "v"), Tap("cell", "v", at="end"))), "'v' is recorded 2 times"),
    (replace(GOOD, taps=(Tap("cell", "v", of=np.array([3])),)), "of must list whole numbers from 0 to 2"),
    (replace(GOOD, plan=(Phase(5, off=frozenset({"lern"})),)), "'lern' is off, but is no rule, source or pathway"),
    (replace(GOOD, plan=(Phase(5, assign=(Assign("cell", "a", 1.0),)),)), "'a' cannot be set"),
    (replace(GOOD, plan=(Phase(5, assign=(Assign("cell", "k", 1.0, (7,)),)),)), "steps (7,) do not all lie in the phase of 5 steps"),
    (replace(GOOD, plan=(Phase(5, assign=(Assign("cell", "hold", 3.0),)),)), "a plan can only end a hold: hold = 0"),
    (replace(GOOD, plan=(Phase(5, assign=(Assign("w", "", CopyWeights("u")),)),)), "there are no weights 'u'"),
]


@pytest.mark.parametrize(("program", "text"), WRONG, ids=[text[:50] for _, text in WRONG])
def test_findings(program: Program, text: str) -> None:
    assert text in message(program)


def test_instant_signals_follow_the_order_of_blocks() -> None:
    first, second = replace(CELL, name="first"), replace(CELL, name="second")
    link = Pathway("l", "second", "first", dense(3, 3), statements("a_post += value"), signal="r", instant=True)
    backward = Program(0.1, (first, second), (), (link,), plan=(Phase(1),))
    assert "instant, but 'second' is not integrated before 'first'" in message(backward)
    check(replace(backward, blocks=(second, first)))
    assert "an instant signal has no delay" in message(replace(backward, blocks=(second, first), pathways=(replace(link, delay=1),)))


def test_shared_weights_only_take_increments() -> None:
    link = Pathway("a", "cell", "cell", dense(3, 3), (), "w", signal="r", rules=(Rule("learn", Steps(), statements("w = 0")),))
    tied = replace(link, name="b", index="transpose", rules=())
    both = Program(0.1, (CELL,), (), (link, tied), (vector(link, 1.0),), plan=(Phase(1),))
    assert "'w' may only be written by += -= here, got =" in message(both)
    check(replace(both, pathways=(link,)))
    check(replace(both, pathways=(replace(link, rules=(Rule("learn", Steps(), statements("w -= 1")),)), tied)))


def test_everything_is_reported_at_once() -> None:
    program = replace(
        cell(outputs=outputs(a="v"), states={"v": np.nan}),
        pathways=(replace(PATH, delay=-2, deliver=statements("v_post *= w; a_post += q")),),
        taps=(Tap("cell", "z"),),
    )
    assert message(program) == GOLDEN


GOLDEN = """\
Program 'good': 6 problems
  block 'cell': state 'v' is nan
  block 'cell': 'a' is both a port and an output
  pathway 'in -> cell': delay must not be negative, got -2 steps
  pathway 'in -> cell', deliver: 'v_post' may only be written by += -= here, got *=
  pathway 'in -> cell', deliver: 'q' is not known here; known names: a_post, dt, k_post, t, v_post, value, w, x
  tap of 'cell': 'z' cannot be recorded; known names: a, count, counts, spikes, v"""

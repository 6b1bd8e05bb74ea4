"""Brian2 against the reference: same events, same values, in everything a Program can say; and what it leaves untouched."""

import logging
import os
import signal
import subprocess
import sys
import warnings
from dataclasses import replace

import numpy as np
import pytest

from neurosim.backends.base import Settings, run_on
from neurosim.backends.brian2 import Brian2
from neurosim.backends.brian2.surroundings import brian2, guest, new_device
from neurosim.backends.brian2.words import safe_name
from neurosim.backends.reference import Reference
from neurosim.conformance import CASES
from neurosim.conformance.building import (
    dense,
    events,
    expr,
    key,
    lif,
    outputs,
    pairs,
    sparse,
    spike,
    statements,
    taps,
    update,
    vector,
)
from neurosim.conformance.case import differences, run_case
from neurosim.equations.tree import Num, Op, Sym
from neurosim.errors import BackendMissingError, NeurosimError, NumericalError, OptionError, UnsupportedError
from neurosim.ir.check import check
from neurosim.ir.program import (
    Assign,
    Block,
    CopyWeights,
    Draw,
    Pathway,
    Phase,
    Program,
    Rule,
    Sampled,
    Source,
    Steps,
    Tap,
    Update,
    Weights,
    Wiring,
)

DT = 0.1


@pytest.fixture(autouse=True)
def _engine(require_engine):
    require_engine("brian2")


# ---- programs --------------------------------------------------------------------------------------------------------
def all_states(*blocks):
    """A tap of every state of the blocks."""
    return tuple(Tap(block.name, name) for block in blocks for name in block.states)


def cuba(way="port", hold=20, steps=400, seed=1):
    """Excitatory and inhibitory neurons with delays 0 ... 9; input reaches a port or is added to the current."""
    rng, blocks = np.random.default_rng(seed), []
    for name, size in (("exc", 80), ("inh", 20)):
        tau = rng.uniform(15, 25, size)
        decay = {"pv": np.exp(-DT / tau), "ps": np.exp(-DT / 5), "mix": 1 - np.exp(-DT / tau)}
        add = " + g" if way == "port" else ""
        blocks.append(
            Block(
                name,
                size,
                {"v": rng.uniform(-60, -48, size), "I": 0.0},
                {**decay, "rest": -44.0 + rng.normal(0, 1, size)},
                ("g",) if way == "port" else (),
                update(v="pv*v + mix*(rest + I)", I=f"ps*I{add}"),
                spike=spike("v > -50", "v = -60", hold=hold, held=("v",)),
            )
        )
    into, paths, weights = "g" if way == "port" else "I", [], []
    for source, weight in (("exc", 1.7), ("inh", -9.0)):
        for target in ("exc", "inh"):
            wiring = sparse(rng, 80 if source == "exc" else 20, 80 if target == "exc" else 20, 0.3)
            name = f"{source} -> {target}"
            count = len(wiring.pre)
            drawn = np.float64(np.float32(weight * rng.uniform(0.5, 1.5, count)))
            paths.append(
                Pathway(name, source, target, wiring, statements(f"{into}_post += w"), f"{name}:w", delay=rng.integers(0, 10, count))
            )
            weights.append(Weights(f"{name}:w", name, drawn))
    recorded = (Tap("exc", "spikes"), Tap("inh", "spikes"), *all_states(*blocks), Tap("exc", "count"))
    return Program(DT, tuple(blocks), (), tuple(paths), tuple(weights), recorded, (Phase(steps),))


def plastic(steps=500):
    """Pair STDP with delays and bounds; a rule switched off and a rate of learning changed by the plan."""
    rng = np.random.default_rng(4)
    fired = np.argwhere(rng.random((steps, 30)) < 0.03)
    wiring = dense(30, 8)
    count = 240
    path = Pathway(
        "in -> out",
        "in",
        "out",
        wiring,
        statements("g_post += w"),
        "in -> out:w",
        delay=rng.integers(0, 7, count),
        factor=0.5,
        states={"x": 0.0, "y": 0.0},
        parameters={"px": float(np.exp(-DT / 20)), "up": 0.02, "down": 0.021},
        update=update(x="px*x", y="px*y"),
        rules=(
            Rule("ltd", "arrival", statements("x += 1; w -= down*y")),
            Rule("ltp", "post", statements("y += 1; w += up*x")),
            Rule("decay", Steps(50), statements("w *= 0.999")),
        ),
    )
    out = lif("out", 8, into="g", threshold=1.0)
    weight = Weights("in -> out:w", "in -> out", rng.uniform(0, 0.6, count), low=0.0, high=0.7)
    plan = (
        Phase(200),
        Phase(150, off=frozenset(("ltd",)), assign=(Assign("in -> out", "up", 0.05), Assign("out", "v", expr("0.5*v")))),
        Phase(steps - 350, off=frozenset(("in -> out",))),
    )
    recorded = (
        *taps(("out", "spikes"), ("out", "v"), ("in", "counts")),
        Tap("in -> out", "w", np.array([0, 7, 100]), Steps(25), at="end"),
        Tap("in -> out", "x", np.array([3]), Steps(10), reduce="mean"),
        Tap("in -> out", "y", None, Steps(50, 0)),
    )
    return Program(DT, (out,), (events("in", 30, fired[:, 0], fired[:, 1]),), (path,), (weight,), recorded, plan)


def tsodyks(steps=400):
    """Depressing and facilitating synapses that are added to a state of the target."""
    rng = np.random.default_rng(3)
    fired = np.argwhere(rng.random((steps, 20)) < 0.05)
    path = Pathway(
        "p",
        "in",
        "out",
        sparse(rng, 20, 15, 0.6),
        statements("u += 0.2*(1 - u); I_post += 3*w*u*x; x -= u*x"),
        "w",
        delay=0,
        states={"u": 0.1, "x": 1.0},
        update=update(u="u*0.995", x="1 + (x - 1)*0.998"),
    )
    count = len(path.wiring.pre)
    path = replace(path, delay=rng.integers(0, 4, count))
    block = Block(
        "out",
        15,
        {"v": 0.0, "I": 0.0},
        update=update(v="0.99*v + 0.01*I", I="0.98*I"),
        spike=spike("v > 0.2", "v -= 0.2", hold=1),
    )
    weights = Weights("w", "p", rng.uniform(1, 3, count))
    return Program(
        DT,
        (block,),
        (events("in", 20, fired[:, 0], fired[:, 1]),),
        (path,),
        (weights,),
        taps(("out", "spikes"), ("out", "v")),
        (Phase(steps),),
    )


def graded(steps=300):
    """Ternary payloads with delays; listed events with payloads, one of them zero; a Poisson source whose rate changes."""
    rng = np.random.default_rng(15)
    tern = Block(
        "tern",
        12,
        {"x": 0.0},
        update=update(x="0.9*x + 0.3*xi"),
        spike=spike("(x > 0.7) or (x < -0.7)", "x = 0", payload="sign(x)"),
        draws=(Draw("xi", "normal", key("tern", "xi")),),
    )
    cell = lif("cell", 10, into="g", hold=3)
    listed = events("listed", 5, rng.integers(0, 3, 100).cumsum(), rng.integers(0, 5, 100), np.r_[0.0, rng.integers(-2, 4, 99)])
    kept = np.r_[True, (np.diff(listed.steps) > 0)]
    listed = replace(listed, steps=listed.steps[kept], indices=listed.indices[kept], payloads=listed.payloads[kept])
    drive = Source("drive", 6, "poisson", rate=np.linspace(0.1, 8, 6), stream=key("drive", "poisson"))
    paths = tuple(
        Pathway(f"{name} -> cell", name, "cell", dense(size, 10), statements("g_post += w*value"), f"{name}:w", delay=delay)
        for name, size, delay in (
            ("tern", 12, rng.integers(0, 6, 120)),
            ("listed", 5, rng.integers(0, 3, 50)),
            ("drive", 6, rng.integers(0, 4, 60)),
        )
    )
    weights = tuple(Weights(p.weights, p.name, np.float64(np.float32(rng.normal(0.1, 0.2, p.wiring.sources * 10)))) for p in paths)
    plan = (
        Phase(150),
        Phase(steps - 150, off=frozenset(("listed",)), assign=(Assign("drive", "rate", Op("*", (Sym("rate"), Num(0.5))), (3,)),)),
    )
    recorded = taps(("tern", "spikes"), ("cell", "spikes"), ("cell", "v"), ("drive", "spikes"), ("listed", "spikes"), ("drive", "count"))
    return Program(DT, (tern, cell), (listed, drive), paths, weights, recorded, plan)


def signals(steps=250):
    """Rates with delays, an instant sum, a table in an order, dense learning, filters of outputs, a modulator port."""
    rng = np.random.default_rng(7)
    layer = Block(
        "layer",
        6,
        {"u": rng.normal(0, 0.1, 6), "slow": 0.0},
        {"alpha": 0.1},
        ("s", "m"),
        update(u="u + alpha*(-u + s)"),
        outputs(r="tanh(u)", ahead="r + 0.5*s", u="u"),
        rules=(Rule("filter", Steps(1), statements("slow += 0.1*(r - slow)")),),
    )
    soft = Block("soft", 1, {}, {}, ("total",), Update(), outputs(share="1/(1 + exp(-total))"), start={"share": 0.25})
    top = Block("top", 4, {"v": 0.0}, {}, ("s", "e"), update(v="0.9*v + 0.1*s"), outputs(y="v*v"))
    table = Source("table", 3, "table", table=rng.normal(size=(4, 3)), steps_per_item=20, order=np.array([2, 0, 3, 1, 1]), after="hold")
    learning = (
        Rule("delta", Steps(5, 2), statements("trace = 0.9*trace + value_like; w += 0.01*e_post*r_pre")),
        Rule("conduct", Steps(1), statements("e_post += 0.1*trace")),
    )
    paths = (
        Pathway("table -> layer", "table", "layer", dense(3, 6), statements("s_post += w*value"), "A", signal="value", instant=True),
        Pathway(
            "layer -> layer", "layer", "layer", dense(6, 6), statements("s_post += w*value"), "B", signal="r", delay=rng.integers(0, 5, 36)
        ),
        Pathway("layer -> soft", "layer", "soft", dense(6, 1), statements("total_post += value"), signal="ahead", instant=True),
        Pathway("soft -> top", "soft", "top", dense(1, 4), statements("e_post += value - v_post"), signal="share"),
        Pathway(
            "layer -> top",
            "layer",
            "top",
            dense(6, 4),
            statements("seen = value; s_post += w*value; v_post += 0.001*w"),
            "C",
            signal="u",
            delay=2,
            states={"seen": 0.0, "trace": 0.1},
            parameters={"value_like": 0.01},
            rules=learning,
        ),
    )
    weights = (
        vector(paths[0], rng.normal(size=18)),
        vector(paths[1], rng.normal(0, 0.5, 36)),
        vector(paths[4], rng.normal(0, 0.5, 24)),
    )
    plan = (Phase(90), Phase(60, off=frozenset(("layer -> layer", "delta"))), Phase(steps - 150, off=frozenset(("table",))))
    recorded = (
        *taps(("layer", "u"), ("layer", "r"), ("layer", "s"), ("layer", "slow"), ("top", "y"), ("table", "value")),
        *taps(("top", "e"), ("soft", "share"), at="end"),
        Tap("layer", "ahead", None, Steps(7, 0), "start", "mean"),
        Tap("layer -> top", "w", None, Steps(10)),
        Tap("layer -> top", "seen", np.array([1, 5]), Steps(30, 1)),
    )
    return Program(1.0, (layer, soft, top), (table,), paths, weights, recorded, plan)


def shared(steps=200):
    """Transposed feedback that learns with its forward weights, a kernel that several edges use, weights copied by the plan."""
    rng = np.random.default_rng(8)
    a = Block("a", 4, {"u": rng.normal(size=4)}, {}, ("s",), update(u="0.9*u + 0.1*s"), outputs(r="tanh(u)"))
    b = Block("b", 3, {"u": 0.0}, {}, ("s",), update(u="0.8*u + 0.2*s"), outputs(r="tanh(u)"))
    forward = Rule("forward", Steps(1), statements("w += 0.01*r_pre*u_post"))
    paths = (
        Pathway("up", "a", "b", dense(4, 3), statements("s_post += w*value"), "W", signal="r", rules=(forward,)),
        Pathway("down", "b", "a", dense(3, 4), statements("s_post += w*value"), "W", index="transpose", factor=-2.0, signal="r", delay=1),
        Pathway("other", "b", "a", dense(3, 4), statements("s_post += w*value"), "V", signal="r"),
        Pathway(
            "kernel",
            "a",
            "b",
            pairs(4, 3, [0, 1, 1, 2, 2, 3], [0, 0, 1, 1, 2, 2]),
            statements("s_post += w*value"),
            "K",
            index=np.array([0, 1, 0, 1, 0, 1]),
            signal="r",
            rules=(Rule("hebb", Steps(3), statements("w -= 0.01*r_pre*u_post")),),
        ),
    )
    weights = (
        Weights("W", "up", rng.normal(size=12)),
        Weights("V", "other", np.zeros(12)),
        Weights("K", "kernel", np.array([0.3, -0.2])),
    )
    to = np.arange(12).reshape(4, 3).T.ravel()
    plan = (
        Phase(60),
        Phase(
            steps - 60,
            assign=(
                Assign("V", "", CopyWeights("W", to, -0.5), (0, 50)),
                Assign("a", "u", rng.normal(size=4), Steps(40, 3)),
                Assign("K", "", expr("w*0.9"), (5,)),
            ),
        ),
    )
    recorded = (*taps(("a", "u"), ("b", "u"), ("other", "w"), ("kernel", "w")), Tap("down", "w", np.array([0, 5]), Steps(9), "end", "mean"))
    return Program(1.0, (a, b), (), paths, weights, recorded, plan)


def hodgkin(steps=600):
    """A smooth model, a rising condition, names that Brian2 would refuse, drawn edges, end of a hold."""
    rates = {
        "am": "1/exprel((25 - V)/10)",
        "bm": "4*exp(-V/18)",
        "ah": "0.07*exp(-V/20)",
        "bh": "sigmoid((V - 30)/10)",
        "an": "0.1/exprel((10 - V)/10)",
        "bn": "0.125*exp(-V/80)",
    }
    gates = {x: f"a{x}/(a{x}+b{x}) + ({x} - a{x}/(a{x}+b{x}))*exp(-(a{x}+b{x})*dt)" for x in "mhn"}
    membrane = "V + dt*(where(t > 1, 10, 0) + int - 120*m**3*h*(V - 115) - 36*n**4*(V + 12) - 0.3*(V - 10.6))"
    cell = Block(
        "cells of i",
        6,
        {"V": np.linspace(-5, 5, 6), "m": 0.05, "h": 0.6, "n": 0.3},
        {"lambda_": 1.0},
        ("int",),
        update(**rates, **gates, V=membrane),
        spike=spike("V > 45", "", rising=True, hold=30),
    )
    path = Pathway(
        "cells of i -> cells of i",
        "cells of i",
        "cells of i",
        Wiring("fixed_probability", 6, 6, probability=0.5, same=True, autapses=False, stream=key("hh")),
        statements("int_post += x_pre_*(0 - V_post)*0.1*lambda__post"),
        parameters={"x_pre_": Sampled("uniform", 0.2, 0.8, key("hh", "x"))},
        delay=Sampled("uniform", 0.0, 20.0, key("hh", "delay"), quantum=1.0, least=0.0),
    )
    plan = (Phase(steps, assign=(Assign("cells of i", "hold", 0.0, (150, 151)), Assign("cells of i", "lambda_", 2.0, (200,)))),)
    return Program(0.02, (cell,), (), (path,), (), (Tap("cells of i", "spikes"), *all_states(cell)), plan)


def noisy(steps=200):
    """Draws of neurons and of edges, since_spike, a hold in detection only."""
    cell = Block(
        "cell",
        10,
        {"v": 0.0},
        {"p": 0.2},
        ("g",),
        update(v="0.9*v + g + 0.05*xi*where(since_spike < 3, 0, 1)"),
        spike=spike("u < p", "v *= 0.5; v -= 0.01*u", hold=np.arange(1, 11)),
        draws=(Draw("xi", "normal", key("cell", "xi")), Draw("u", "uniform", key("cell", "u"))),
    )
    path = Pathway(
        "release",
        "cell",
        "cell",
        dense(10, 10),
        statements("g_post += where(q < 0.4, 0.125, 0)"),
        delay=1,
        draws=(Draw("q", "uniform", key("release", "q")),),
    )
    return Program(DT, (cell,), (), (path,), (), taps(("cell", "spikes"), ("cell", "v"), ("cell", "counts")), (Phase(steps),))


def words(steps=12):
    """Every function and operator of the language over a range of arguments."""
    texts = {
        **{f: f"{f}(x)" for f in "exp expm1 exprel sqrt tanh sigmoid sin cos abs sign relu softplus floor".split()},
        "log": "log(abs(x) + 0.1)",
        "log1p": "log1p(abs(x))",
        "sqrt": "sqrt(abs(x))",
        "min": "min(x, 1, y)",
        "max": "max(x, -1, y)",
        "clip": "clip(x, -0.5, y)",
        "mod": "mod(x, 0.7) + mod(x, -y)",
        "powers": "x**2 + abs(x)**1.5 + 2**x + x**3",
        "logic": "where((x > 0 and not y < 0.5) or x == -2, x, -x/y)",
        "number": "1*(x > 0) + 2.5e-7 - 3*-x - (x - y)/(x + 7) + t*dt",
    }
    size = 41
    block = Block(
        "words",
        size,
        {"x": np.linspace(-3, 3, size), "t_": 0.0},
        {"y": np.linspace(0.3, 1.2, size)},
        update=update(x="x + 0.013", t_="t + pi"),
        outputs=outputs(**{f"o_{name}": text for name, text in texts.items()}),
    )
    return Program(DT, (block,), taps=tuple(Tap("words", f"o_{name}", at="end") for name in texts), plan=(Phase(steps),))


QUICK = ("cuba_port", "plastic", "signals")
"""Programs of the plain run."""
PROGRAMS = {
    "words": (words, 0),
    "cuba_port": (lambda: cuba("port"), 100),
    "cuba_addition": (lambda: cuba("state"), 100),
    "cuba_not_held": (lambda: cuba("state", hold=1, steps=200), 50),
    "plastic": (plastic, 40),
    "tsodyks": (tsodyks, 20),
    "graded": (graded, 50),
    "signals": (signals, 0),
    "shared": (shared, 0),
    "hodgkin": (hodgkin, 6),
    "noisy": (noisy, 50),
}


def compared(program, settings, spikes=0, tolerance=1e-9):
    """Run both engines; fail with all differences."""
    check(program)
    got, expected = run_on(Brian2(), program, settings), run_on(Reference(), program, replace(settings, options={}))
    complaints, _ = differences(got, expected, tolerance, 0)
    if complaints:
        pytest.fail("\n".join(complaints), pytrace=False)
    assert sum(len(found.steps) for part, found in expected.events.items()) >= spikes
    return got, expected


@pytest.mark.parametrize("name", [pytest.param(name, marks=() if name in QUICK else pytest.mark.slow) for name in PROGRAMS])
def test_same_as_the_reference(name):
    build, spikes = PROGRAMS[name]
    got, expected = compared(build(), Settings(), spikes)
    for key_, trace in expected.traces.items():
        np.testing.assert_array_equal(got.traces[key_].steps, trace.steps)
    for part, found in expected.events.items():
        np.testing.assert_array_equal(got.events[part].payloads, found.payloads)


@pytest.mark.on_demand
@pytest.mark.parametrize("mode", ["cython", "cpp_standalone"])
@pytest.mark.parametrize("name", PROGRAMS)
def test_compiled_modes_are_the_same(name, mode):
    build, spikes = PROGRAMS[name]
    compared(build(), Settings(copies=2 if name == "noisy" else 1, options={"mode": mode}), spikes)


# ---- running ---------------------------------------------------------------------------------------------------------
def test_copies_are_single_runs():
    got, _ = compared(noisy(80), Settings(copies=2, first_copy=3))
    alone = run_on(Brian2(), noisy(80), Settings(first_copy=4))
    np.testing.assert_array_equal(got.traces["cell", "v"].values[:, 1], alone.traces["cell", "v"].values[:, 0])


@pytest.mark.slow
def test_stepwise_is_the_same():
    program = plastic(400)
    machine = Brian2().compile(program, Settings())
    for steps in (1, 199, 63, None):
        machine.run(steps)
    complaints, _ = differences(machine.record(), run_on(Reference(), program, Settings()), 1e-9, 0)
    assert not complaints
    timing = machine.record().timing
    assert timing["build_s"] > 0 and timing["run_s"] > 0
    machine.close()


@pytest.mark.parametrize("how", ["progress", "signal"])
def test_interrupt_keeps_what_was_simulated(how):
    program = cuba(steps=4000)
    machine = Brian2().compile(program, Settings(copies=2))

    def stop(what, done, total):
        if what == "simulating" and done > 20:
            if how == "signal":
                signal.raise_signal(signal.SIGINT)
            else:
                raise KeyboardInterrupt

    before = signal.getsignal(signal.SIGINT)
    with pytest.raises(KeyboardInterrupt):
        machine.run(progress=stop)
    assert signal.getsignal(signal.SIGINT) is before
    record = machine.record()
    assert 20 < record.steps < 4000
    assert record.traces["exc", "v"].values.shape == (record.steps, 2, 80)
    machine.run(10)
    expected = Reference().compile(program, Settings(copies=2))
    expected.run(record.steps + 10)
    complaints, _ = differences(machine.record(), expected.record(), 1e-9, 0)
    assert not complaints


def test_progress_is_reported():
    seen = []
    machine = Brian2().compile(cuba(steps=50), Settings())
    machine.run(progress=lambda *told: seen.append(told))
    assert seen[-1] == ("simulating", 50, 50)


def test_nan_is_an_error():
    block = Block("runaway", 2, {"v": 1.0}, update=update(v="v*v*10"))
    program = Program(DT, (block,), plan=(Phase(30),))
    with pytest.raises(NumericalError, match="population 'runaway': v of neuron 0 is infinite"):
        run_on(Brian2(), program, Settings())


def test_libm_exp_is_bitwise():
    program = hodgkin(300)
    got, expected = run_on(Brian2(), program, Settings(options={"exp": "libm"})), run_on(Reference(), program, Settings())
    np.testing.assert_allclose(got.traces["cells of i", "V"].values, expected.traces["cells of i", "V"].values, rtol=0, atol=1e-12)


def test_pathway_without_edges():
    path = Pathway("none", "cell", "cell", pairs(3, 3, [], []), statements("g_post += w"), "none:w", states={"x": 0.0})
    cell = lif("cell", 3, into="g", v=1.5)
    recorded = (Tap("cell", "v"), Tap("none", "w"), Tap("none", "x"))
    compared(Program(DT, (cell,), (), (path,), (Weights("none:w", "none", 1.0),), recorded, (Phase(20),)), Settings())


# ---- refusing --------------------------------------------------------------------------------------------------------
def test_obstacles_are_promised():
    standalone = {"mode": "cpp_standalone"}
    long = replace(noisy(), plan=(Phase(10**9),))
    base = shared()
    bounded = replace(base, weights=(*base.weights[:2], replace(base.weights[2], high=1.0)))
    for program, settings, words in (
        (noisy(), Settings(precision="single"), "single"),
        (long, Settings(options=standalone), "GiB"),
        (bounded, Settings(), "have bounds"),
    ):
        found = Brian2().capabilities().obstacles(program, settings)
        assert any(words in obstacle.what for obstacle in found)
        assert all(obstacle.advice and obstacle.reason == "not_implemented" for obstacle in found)
        with pytest.raises(UnsupportedError, match="cannot run on 'brian2'"):
            Brian2().compile(program, settings)


def test_checkpoints_are_refused():
    machine = Brian2().compile(cuba(steps=5), Settings())
    with pytest.raises(UnsupportedError, match="events in flight"):
        machine.checkpoint()


def test_unknown_options():
    with pytest.raises(OptionError, match="no option 'mod'; did you mean 'mode'"):
        Brian2().compile(noisy(), Settings(options={"mod": "numpy"}))
    with pytest.raises(OptionError, match="it may be 'numpy', 'cython', 'cpp_standalone'"):
        Brian2().compile(noisy(), Settings(options={"mode": "fortran"}))


def test_missing_compiler_is_said_before_running(monkeypatch):
    monkeypatch.setenv("PATH", "")
    with pytest.raises(BackendMissingError, match="needs a C\\+\\+ compiler"):
        Brian2().compile(noisy(), Settings(options={"mode": "cpp_standalone"}))


def test_what_brian2_raises_is_an_error_of_ours():
    b2 = brian2()
    with pytest.raises(NeurosimError, match="Brian2 stopped with"):
        with guest(b2, new_device("numpy"), "numpy"):
            b2.NeuronGroup(1, "dv/dt = = : volt")


# ---- a good guest ----------------------------------------------------------------------------------------------------
def test_names_stay_different():
    names = ["x", "x_", "_x", "x_pre", "int", "i", "n_x_n", "tau", "τ", "ττ", "τ_", "u_3c4_", "α_u3c4"]
    safe = [safe_name(name) for name in names]
    assert len(set(safe)) == len(names) and all(name.isascii() and name.isidentifier() for name in safe)


def test_the_user_keeps_preferences_device_and_clock():
    b2 = brian2()
    device, clock_dt = b2.get_device(), float(b2.defaultclock.dt)
    before = dict(sys.modules), sys.excepthook, warnings.showwarning, list(logging.getLogger("brian2").handlers)
    b2.prefs.codegen.target = "auto"
    kept = {name: b2.prefs[name] for name in b2.prefs}
    state = np.random.get_state()[1].copy()
    run_on(Brian2(), graded(160), Settings())
    assert {name: b2.prefs[name] for name in b2.prefs} == kept
    assert b2.get_device() is device and float(b2.defaultclock.dt) == clock_dt
    assert (sys.excepthook, warnings.showwarning, logging.getLogger("brian2").handlers) == before[1:]
    assert (np.random.get_state()[1] == state).all()


@pytest.mark.slow
def test_import_leaves_no_trace():
    script = """
import logging, sys, warnings
hooks = sys.excepthook, warnings.showwarning, list(logging.getLogger("py.warnings").handlers)
from neurosim.backends.brian2 import Brian2
from neurosim.backends.brian2.surroundings import brian2, guest, new_device
from neurosim.backends.brian2.words import safe_name
Brian2().capabilities()
assert "brian2" not in sys.modules
from neurosim.backends.brian2.surroundings import brian2
brian2()
assert hooks == (sys.excepthook, warnings.showwarning, logging.getLogger("py.warnings").handlers)
"""
    subprocess.run([sys.executable, "-c", script], check=True, env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)})


@pytest.mark.matrix
@pytest.mark.compiled_brian2
def test_standalone_keeps_or_removes_its_folder(tmp_path):
    program = noisy(30)
    machine = Brian2().compile(program, Settings(options={"mode": "cpp_standalone", "directory": str(tmp_path / "kept")}))
    with pytest.raises(UnsupportedError, match="whole plan"):
        machine.run(3)
    machine.run()
    machine.close()
    assert (tmp_path / "kept" / "main.cpp").exists() and machine.record().steps == 30
    assert "fast-math" not in (tmp_path / "kept" / "makefile").read_text()
    machine = Brian2().compile(program, Settings(options={"mode": "cpp_standalone"}))
    assert os.path.isdir(machine.directory)
    machine.run()
    machine.close()
    assert not os.path.exists(machine.directory)
    assert machine.record().timing["run_cpu_s"] >= 0


# ---- the conformance cases -------------------------------------------------------------------------------------------
@pytest.mark.matrix
@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_conformance(case, keep_outcome):
    report = run_case(case, Brian2())
    keep_outcome(report)
    assert report.passed, str(report)


@pytest.mark.compiled_brian2
@pytest.mark.parametrize(
    ("case", "mode"), [(case, mode) for case in CASES for mode in case.modes], ids=lambda value: getattr(value, "name", value)
)
def test_conformance_of_compiled_modes(case, mode, keep_outcome):
    report = run_case(case, Brian2(), Settings(options={"mode": mode}))
    keep_outcome(report, mode)
    assert report.passed, str(report)


@pytest.mark.on_demand
@pytest.mark.parametrize("mode", ["cython", "cpp_standalone"])
@pytest.mark.parametrize("case", [case for case in CASES if not case.modes], ids=lambda case: case.name)
def test_conformance_of_compiled_modes_on_demand(case, mode, keep_outcome):
    report = run_case(case, Brian2(), Settings(options={"mode": mode}))
    keep_outcome(report, mode)
    assert report.passed, str(report)

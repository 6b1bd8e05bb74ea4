"""Random small Programs: saved and loaded, frozen, run as batches and in pieces, they stay what they are."""

from __future__ import annotations

import tempfile
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from neurosim.backends.base import Settings
from neurosim.backends.reference import Reference
from neurosim.conformance.building import expr, outputs, spike, statements, update
from neurosim.conformance.case import differences
from neurosim.ir.check import check
from neurosim.ir.program import Assign, Block, Draw, Pathway, Phase, Program, Rule, Sampled, Source, Steps, Tap, Weights, Wiring
from neurosim.ir.rewrites.freeze import freeze
from neurosim.ir.text import digest, load, program_text, save
from neurosim.record import Record

STREAMS = st.integers(0, 2**64 - 1)
SMALL = st.sampled_from([-1.0, -0.5, 0.0, 0.25, 0.375, 1.5])
UPDATES = (
    "0.9 * v + a + 0.2",
    "0.9 * v + a + 0.3 * xi",
    "0.8 * v + tanh(a) + 0.1 * t * dt",
    "v + dt * (1 - v + a) + where(held, 0, 0.05)",
    "0.9 * v + 0.2 * min(since_spike, 2) + a",
)
CONDITIONS = ("v > 1", "v > 0.5 and y < 3", "u < 0.1", "r > 0.6")
RESETS = ("", "v = 0", "v -= 1; y += 0.5", "v = 0.1 * u; y *= 0.5")


@st.composite
def blocks(draw: st.DrawFn, name: str) -> Block:
    size = draw(st.integers(1, 4))
    fires = draw(st.booleans())
    hold = draw(st.one_of(st.integers(1, 5), st.just(np.arange(1, size + 1))))
    held = draw(st.sampled_from([(), ("v",), ("v", "y")]))
    return Block(
        name,
        size,
        {"v": draw(st.one_of(SMALL, st.just(np.linspace(-1.0, 2.0, size)))), "y": draw(SMALL)},
        {"k": draw(SMALL)},
        ("a", "b"),
        update(v=draw(st.sampled_from(UPDATES)), y="0.9 * y + b + 0.01 * k"),
        outputs(r="tanh(v + b)", y="y"),
        draw(st.sampled_from([{}, {"r": 0.25}])),
        spike(
            draw(st.sampled_from(CONDITIONS)),
            draw(st.sampled_from(RESETS)),
            draw(st.sampled_from(["1", "sign(v)", "0.5 * v"])),
            draw(st.booleans()),
            hold,
            held,
        )
        if fires
        else None,
        (Rule(f"{name} rule", Steps(draw(st.integers(1, 3))), statements("y -= 0.1 * r")),),
        (Draw("xi", "normal", draw(STREAMS)), Draw("u", "uniform", draw(STREAMS))),
    )


@st.composite
def sources(draw: st.DrawFn, name: str, steps: int) -> Source:
    size, kind = draw(st.integers(1, 4)), draw(st.sampled_from(["poisson", "spikes", "table"]))
    rng = np.random.default_rng(draw(st.integers(0, 1000)))
    if kind == "poisson":
        return Source(name, size, kind, rate=draw(st.one_of(st.just(3.0), st.just(rng.exponential(3.0, size)))), stream=draw(STREAMS))
    if kind == "spikes":
        n, i = np.nonzero(rng.random((steps, size)) < 0.3)
        return Source(name, size, kind, steps=n, indices=i, payloads=draw(st.sampled_from([None, rng.normal(size=len(n))])))
    order = draw(st.sampled_from([None, np.array([1, 0, 2])]))
    return Source(
        name,
        size,
        kind,
        table=rng.normal(size=(3, size)),
        steps_per_item=draw(st.integers(1, 4)),
        order=order,
        after=draw(st.sampled_from(["repeat", "hold", "zero"])),
    )


@st.composite
def wirings(draw: st.DrawFn, n: int, m: int, same: bool) -> Wiring:
    kinds = [
        "all_to_all",
        "fixed_probability",
        "fixed_indegree",
        "fixed_outdegree",
        "fixed_total_number",
        *(["one_to_one"] if n == m else []),
    ]
    return Wiring(
        draw(st.sampled_from(kinds)),
        n,
        m,
        number=draw(st.integers(0, 3)),
        probability=0.5,
        same=same,
        autapses=not same or n == 1 or draw(st.booleans()),
        stream=draw(STREAMS),
    )


@st.composite
def pathways(draw: st.DrawFn, name: str, source: Block | Source, target: Block) -> Pathway:
    silent = isinstance(source, Block) and source.spike is None
    signal = (
        ("value" if isinstance(source, Source) else "r")
        if silent or (isinstance(source, Source) and source.kind == "table") or (isinstance(source, Block) and draw(st.booleans()))
        else None
    )
    deliver = draw(
        st.sampled_from(
            [
                "a_post += w * value",
                "b_post -= w; y_post += 0.1 * w * s",
                "s += 0.5 * (1 - s); a_post += w * s",
                "a_post += w * u * (1 - v_post)",
            ]
        )
    )
    texts = {"post": "s += 1; w += 0.01 * y_post", "steps": "w -= 0.02 * r_post * s; a_post += 0.1 * s", "arrival": "w *= 0.9; s = 0"}
    triggers = [("steps", Steps(2)), *([("post", "post")] if target.spike else []), *([("arrival", "arrival")] if signal is None else [])]
    chosen = draw(st.lists(st.sampled_from(triggers), max_size=2, unique_by=lambda x: x[0]))
    return Pathway(
        name,
        source.name,
        target.name,
        draw(wirings(source.size, target.size, source is target)),
        statements(deliver),
        f"{name}:w",
        delay=draw(st.one_of(st.integers(0, 3), st.just(Sampled("uniform", 0.0, 4.0, 5, quantum=1.0, least=0.0)))),
        signal=signal,
        states={"s": draw(SMALL)},
        parameters={"k": 0.9},
        update=update(s="k * s"),
        rules=tuple(Rule(f"{name} {kind}", trigger, statements(texts[kind])) for kind, trigger in chosen),
        draws=(Draw("u", "uniform", draw(STREAMS)),),
    )


@st.composite
def programs(draw: st.DrawFn) -> Program:
    steps = draw(st.integers(1, 25))
    made = tuple(draw(blocks(f"b{k}")) for k in range(draw(st.integers(1, 2))))
    given_ = tuple(draw(sources(f"s{k}", steps)) for k in range(draw(st.integers(0, 2))))
    paths = []
    for k in range(draw(st.integers(0, 4))):
        paths.append(draw(pathways(f"p{k}", draw(st.sampled_from((*made, *given_))), draw(st.sampled_from(made)))))
    weights = tuple(
        Weights(
            f"{p.name}:w",
            p.name,
            draw(st.one_of(SMALL, st.just(Sampled("normal", 0.2, 0.3, 11)))),
            low=-1.0,
            high=draw(st.sampled_from([1.0, np.inf])),
        )
        for p in paths
    )
    recorded = [Tap(b.name, v, at=draw(st.sampled_from(["start", "end"]))) for b in made for v in ("v", "y", "a", "r")]
    recorded += [Tap(b.name, v, steps=Steps(3)) for b in made if b.spike for v in ("spikes", "counts")]
    recorded += [Tap(p.name, v, steps=Steps(2), reduce=draw(st.sampled_from(["last", "mean"]))) for p in paths for v in ("w", "s")]
    off = draw(st.frozensets(st.sampled_from([*(p.name for p in paths), *(s.name for s in given_), "b0 rule"]), max_size=2))
    first = draw(st.integers(0, steps))
    assigns = (
        (Assign("b0", "v", expr("v + k"), Steps(3, 0)), Assign("b0", "k", 0.5, Steps(4)), Assign("b0", "hold", 0.0, Steps(5)))
        if draw(st.booleans())
        else ()
    )
    if made[0].spike is None:
        assigns = assigns[:2]
    plan = (Phase(first), Phase(steps - first, "later", off, assigns))
    return Program(0.1, made, given_, tuple(paths), weights, tuple(recorded), plan, draw(st.integers(0, 9)))


def run(program: Program, **more: int) -> Record:
    machine = Reference().compile(program, Settings(**more))
    machine.run()
    return machine.record()


QUICK = settings(max_examples=20, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.large_base_example])


@QUICK
@given(programs())
def test_checked_saved_and_loaded(program: Program) -> None:
    check(program)
    with tempfile.TemporaryDirectory() as folder:
        save(program, Path(folder) / "p")
        again = load(Path(folder) / "p")
    assert digest(again) == digest(program) and program_text(again) == program_text(program)
    assert differences(run(again), run(program), 0.0, 0) == ([], 0.0)


@QUICK
@given(programs())
def test_frozen_equals_unfrozen(program: Program) -> None:
    frozen = freeze(program)
    check(frozen)
    assert not any(source.kind == "poisson" for source in frozen.sources)
    assert differences(run(frozen), run(program), 0.0, 0) == ([], 0.0)
    assert digest(freeze(frozen)) == digest(frozen)


@QUICK
@given(programs(), st.integers(0, 5))
def test_batch_equals_singles(program: Program, first: int) -> None:
    batch = run(program, copies=2, first_copy=first)
    for copy in range(2):
        single = run(program, first_copy=first + copy)
        for key, trace in single.traces.items():
            assert np.array_equal(batch.traces[key].values[:, copy], trace.values[:, 0]), key
        for key, value in single.final.items():
            assert np.array_equal(batch.final[key][copy], value[0]), key
        for part, events in single.events.items():
            mine = batch.events[part].copies == copy
            for name in ("steps", "indices", "payloads"):
                assert np.array_equal(getattr(batch.events[part], name)[mine], getattr(events, name)), (part, name)


@pytest.mark.slow
@QUICK
@given(programs(), st.data())
def test_checkpoint_equals_straight_run(program: Program, data: st.DataObject) -> None:
    machine = Reference().compile(program, Settings())
    machine.run(data.draw(st.integers(0, program.steps)))
    kept = machine.checkpoint()
    machine.run()
    machine.restore(kept)
    machine.run()
    assert differences(machine.record(), run(program), 0.0, 0) == ([], 0.0)

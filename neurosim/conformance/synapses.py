"""Cases of synapses: delays, payloads, short-term and long-term plasticity, bounds, modulators."""

from __future__ import annotations

import numpy as np

from neurosim.conformance.building import (
    DT,
    dense,
    events,
    events_of,
    key,
    near,
    one_to_one,
    same,
    sparse,
    spike,
    statements,
    taps,
    trace_of,
    update,
    vector,
)
from neurosim.conformance.case import Case, Run
from neurosim.ir.program import Block, Draw, Pathway, Phase, Program, Rule, Steps, Tap
from neurosim.ir.random import uniform
from neurosim.ir.wiring import edge_count
from neurosim.record import Record

# ---- delays and payloads -----------------------------------------------------------------------------------------------
DELAYS = np.array([0, 1, 29])


def delays() -> Program:
    """One event in step 3, delays 0, 1 and 29, into a port and into a state."""
    block = Block("cell", 3, {"v": 0.0, "y": 0.0}, ports=("a",), update=update(v="v + a"))
    port = Pathway("port", "in", "cell", dense(1, 3), statements("a_post += w"), "w", delay=DELAYS)
    state = Pathway("state", "in", "cell", dense(1, 3), statements("y_post += w"), "w", delay=DELAYS)
    return Program(
        DT,
        (block,),
        (events("in", 1, [3], [0]),),
        (port, state),
        (vector(port, 2.0),),
        taps(("cell", "v"), ("cell", "y"), ("cell", "a")),
        (Phase(40),),
    )


def delays_oracle(program: Program, record: Record, run: Run) -> list[str]:
    """Delivered in step 3 + d: the port and the state are seen at the start of 3 + d + 1, the integrated port one step later."""
    n = np.arange(40)[:, None]
    wrong = near("port", trace_of(record, "cell", "a"), 2.0 * (n == 4 + DELAYS)) + near(
        "v", trace_of(record, "cell", "v"), 2.0 * (n >= 5 + DELAYS)
    )
    return wrong + near("y", trace_of(record, "cell", "y"), 2.0 * (n >= 4 + DELAYS))


def ternary() -> Program:
    """Noisy units send +1 or -1; listed events have payloads of their own."""
    unit = Block(
        "unit",
        12,
        {"x": 0.0},
        update=update(x="0.9 * x + 0.3 * xi"),
        spike=spike("x > 1 or x < -1", "x = 0", payload="sign(x)"),
        draws=(Draw("xi", "normal", key("unit", "xi")),),
    )
    cell = Block("cell", 6, {"v": 0.0}, ports=("a",), update=update(v="0.9 * v + a"))
    rng = np.random.default_rng(15)
    weights = np.float32(rng.normal(0.0, 1.0, 72)).astype(np.float64)
    steps, indices = np.nonzero(rng.random((600, 6)) < 0.05)
    path = Pathway("unit -> cell", "unit", "cell", dense(12, 6), statements("a_post += w * value"), "w", delay=1)
    graded = Pathway("in -> cell", "in", "cell", one_to_one(6), statements("a_post -= value"))
    source = events("in", 6, steps, indices, rng.integers(-8, 8, len(steps)) / 4.0)
    return Program(
        DT,
        (unit, cell),
        (source,),
        (path, graded),
        (vector(path, weights),),
        taps(("unit", "spikes"), ("unit", "x"), ("cell", "v")),
        (Phase(600),),
    )


def ternary_oracle(program: Program, record: Record, run: Run) -> list[str]:
    """Signs and sums of the recorded events by array code."""
    found = record.events["unit"]
    sent = np.zeros((602, 12))
    sent[found.steps, found.indices] = found.payloads
    listed = np.zeros((602, 6))
    source, w = program.sources[0], np.asarray(program.weights[0].values).reshape(12, 6)
    listed[source.steps, source.indices] = source.payloads
    v, trace = np.zeros(6), []
    for n in range(600):
        trace.append(v)
        port = sent[n - 2] @ w - listed[n - 1] if n > 1 else (-listed[0] if n else np.zeros(6))
        v = 0.9 * v + port
    wrong = [] if set(np.unique(found.payloads)) == {-1.0, 1.0} else ["payloads are not -1 and 1"]
    x = trace_of(record, "unit", "x")
    return (
        wrong
        + near("v", trace_of(record, "cell", "v"), trace)
        + same("resets", x[1:][sent[:599] != 0], np.zeros(int((sent[:599] != 0).sum())))
    )


def additions_once() -> Program:
    """Three additions to one state in one step reach it as one sum: (0.1 + 0.2) + 0.3, then added to the state."""
    block = Block("cell", 1, {"v": 0.7}, update=update(v="v"))
    paths = tuple(Pathway(f"p{k}", "in", "cell", dense(1, 1), statements("v_post += w"), f"w{k}") for k in range(3))
    values = (0.1, 0.2, 0.3)
    return Program(
        DT,
        (block,),
        (events("in", 1, [1], [0]),),
        paths,
        tuple(vector(p, x) for p, x in zip(paths, values)),
        taps(("cell", "v")),
        (Phase(4),),
    )


def additions_oracle(program: Program, record: Record, run: Run) -> list[str]:
    """The association matters in the last bit."""
    return near("v", trace_of(record, "cell", "v")[:, 0], [0.7, 0.7, *[0.7 + ((0.1 + 0.2) + 0.3)] * 2], 0.0)


def noisy_release() -> Program:
    """A synapse releases with probability 1/2: rand() of an edge is drawn in every step."""
    block = Block("cell", 4, {"v": 0.0}, ports=("a",), update=update(v="v + a"))
    draw = Draw("u", "uniform", key("in -> cell", "rand 0"))
    path = Pathway("in -> cell", "in", "cell", dense(5, 4), statements("a_post += where(u < 0.5, w, 0)"), "w", delay=2, draws=(draw,))
    steps, indices = np.nonzero(np.random.default_rng(4).random((100, 5)) < 0.3)
    return Program(
        DT, (block,), (events("in", 5, steps, indices),), (path,), (vector(path, np.arange(1.0, 21.0)),), taps(("cell", "v")), (Phase(110),)
    )


def noisy_release_oracle(program: Program, record: Record, run: Run) -> list[str]:
    """The numbers of the step of the arrival, indexed by the place of the edge."""
    v, source, draw = np.zeros((112, 4)), program.sources[0], program.pathways[0].draws[0]
    for n, i in events_of(source):
        u = uniform(draw.stream, n + 2, 0, 20) if draw.table is None else draw.table[n + 2]
        edges = np.arange(4 * i, 4 * i + 4)
        v[n + 4 :] += np.where(u[edges] < 0.5, edges + 1.0, 0.0)
    return near("v", trace_of(record, "cell", "v"), v[:110])


# ---- short-term plasticity ---------------------------------------------------------------------------------------------
TAU_FACILITATION, TAU_RECOVERY, USE = 300.0, 150.0, np.array([0.1, 0.4])


def tsodyks_markram() -> Program:
    """Regular events through synapses that facilitate and depress, delays 0 and 7."""
    block = Block("cell", 2, {"y": 0.0}, update=update(y="y"))
    path = Pathway(
        "in -> cell",
        "in",
        "cell",
        dense(1, 2),
        statements("u += U * (1 - u); y_post += w * u * x; x -= u * x"),
        "w",
        delay=np.array([0, 7]),
        states={"u": 0.0, "x": 1.0},
        parameters={"U": USE, "ku": np.exp(-DT / TAU_FACILITATION), "kx": np.exp(-DT / TAU_RECOVERY)},
        update=update(u="ku * u", x="1 + kx * (x - 1)"),
    )
    steps = np.arange(10, 900, 90)
    return Program(
        DT,
        (block,),
        (events("in", 1, steps, np.zeros(10)),),
        (path,),
        (vector(path, 2.0),),
        (*taps(("cell", "y")), Tap("in -> cell", "u")),
        (Phase(1000),),
    )


def tsodyks_markram_oracle(program: Program, record: Record, run: Run) -> list[str]:
    """The map from one event to the next, with exponentials over the whole interval."""
    wanted, n = np.zeros((1000, 2)), np.arange(1000)
    for target, delay in enumerate((0, 7)):
        u, x, last = 0.0, 1.0, 0
        for arrival in range(10 + delay, 900 + delay, 90):
            gap = (arrival + 1 - last) * DT  # own states have advanced once when the first arrival comes
            u, x = u * np.exp(-gap / TAU_FACILITATION), 1.0 + (x - 1.0) * np.exp(-gap / TAU_RECOVERY)
            u += USE[target] * (1.0 - u)
            wanted[n > arrival, target] += 2.0 * u * x
            x, last = x - u * x, arrival + 1
    return near("y", trace_of(record, "cell", "y"), wanted)


# ---- conducting states ----------------------------------------------------------------------------------------------
def conducting_state() -> Program:
    """A rule of phase 5 adds to a port in every step: a synaptic state conducts (an NMDA-like gate)."""
    block = Block("cell", 2, {"v": 0.0}, ports=("a",), update=update(v="0.95 * v + a"))
    path = Pathway(
        "in -> cell",
        "in",
        "cell",
        dense(1, 2),
        statements("s += 0.5 * (1 - s)"),
        "w",
        states={"s": 0.0},
        parameters={"k": np.exp(-DT / 10.0)},
        update=update(s="k * s"),
        rules=(Rule("conduct", Steps(1), statements("a_post += w * s * (1 - v_post)")),),
    )
    return Program(
        DT,
        (block,),
        (events("in", 1, [5, 30, 31], [0] * 3),),
        (path,),
        (vector(path, np.array([0.1, 0.2])),),
        taps(("cell", "v"), ("cell", "a")),
        (Phase(100),),
    )


def conducting_oracle(program: Program, record: Record, run: Run) -> list[str]:
    """Array code."""
    v, s, a, w, kept = np.zeros(2), np.zeros(2), np.zeros(2), np.array([0.1, 0.2]), []
    for n in range(100):
        kept.append(v)
        s = np.exp(-DT / 10.0) * s
        v = 0.95 * v + a
        if n in (5, 30, 31):
            s = s + 0.5 * (1.0 - s)
        a = w * s * (1.0 - v)
    return near("v", trace_of(record, "cell", "v"), kept)


# ---- order of sums -----------------------------------------------------------------------------------------------------
def canonical_order() -> Program:
    """Weights that no sum of is exact: the order of arrivals shows in the last bit (oldest first, source, target, edge)."""
    rng = np.random.default_rng(12)
    block = Block("cell", 8, {"v": 0.0, "y": 0.0}, ports=("a",), update=update(v="0.99 * v + a", y="0.9 * y"))
    wiring = sparse(rng, 40, 8, 0.6)
    port = Pathway("p", "in", "cell", wiring, statements("a_post += w"), "w", delay=rng.integers(0, 6, edge_count(wiring)))
    more = Pathway("q", "in", "cell", sparse(rng, 40, 8, 0.3), statements("a_post += w; y_post -= w"), "u", delay=2)
    steps, indices = np.nonzero(rng.random((1000, 40)) < 0.2)
    weights = tuple(vector(path, rng.normal(size=edge_count(path.wiring))) for path in (port, more))
    return Program(
        DT, (block,), (events("in", 40, steps, indices),), (port, more), weights, taps(("cell", "v"), ("cell", "y")), (Phase(1000),)
    )


def canonical_oracle(program: Program, record: Record, run: Run) -> list[str]:
    """Terms one by one in plain floats: bit for bit."""
    arriving: dict[int, list[tuple[int, int, int, int, int, float]]] = {}
    steps, indices = np.asarray(program.sources[0].steps), np.asarray(program.sources[0].indices)
    for number, (path, weights) in enumerate(zip(program.pathways, program.weights)):
        pre, post, values = (np.asarray(x) for x in (path.wiring.pre, path.wiring.post, weights.values))
        for edge, (i, j, d, w) in enumerate(zip(pre, post, np.broadcast_to(np.asarray(path.delay), len(pre)), values)):
            for n in steps[indices == i]:
                arriving.setdefault(int(n + d), []).append((number, int(n), int(i), int(j), edge, float(w)))
    v, y, a, kept = [0.0] * 8, [0.0] * 8, [0.0] * 8, []
    for n in range(1000):
        kept.append((*v, *y))
        v, y, a = [0.99 * x + p for x, p in zip(v, a)], [0.9 * x for x in y], [0.0] * 8
        added = [0.0] * 8
        for number, _, _, j, _, w in sorted(arriving.get(n, [])):
            a[j] += w
            added[j] -= w if number else 0.0
        y = [x + p for x, p in zip(y, added)]
    got = np.concatenate([trace_of(record, "cell", "v"), trace_of(record, "cell", "y")], 1)
    return near("v and y", got, kept, 0.0)


CASES = (
    Case("delays", "delays of 0, 1 and 29 steps into a port and a state", delays, delays_oracle, modes=("cython", "cpp_standalone")),
    Case("payloads", "ternary units and graded events", ternary, ternary_oracle, spikes=100),
    Case("additions_once", "a state receives the sum of a step once", additions_once, additions_oracle),
    Case("noisy_release", "rand() of edges", noisy_release, noisy_release_oracle),
    Case(
        "tsodyks_markram",
        "short-term plasticity against the map between events",
        tsodyks_markram,
        tsodyks_markram_oracle,
        modes=("cython", "cpp_standalone"),
    ),
    Case("conducting_state", "a rule that adds to a port in every step", conducting_state, conducting_oracle),
    Case("canonical_order", "unrounded weights, bit for bit", canonical_order, canonical_oracle),
)

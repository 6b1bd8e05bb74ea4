"""Cases of synapses: delays, payloads, short-term and long-term plasticity, bounds, modulators."""

from __future__ import annotations

import numpy as np

from neurosim.conformance.building import DT, Array, dense, events, expr, key, lif, near, one_to_one, pairs, same, sparse, spike, spikes_of, statements, taps, trace_of, update, vector
from neurosim.conformance.case import Case, Oracle, Run
from neurosim.ir.program import Block, Draw, Pathway, Phase, Program, Rule, Source, Steps, Tap
from neurosim.ir.random import uniform
from neurosim.record import Record


# ---- delays and payloads -----------------------------------------------------------------------------------------------
DELAYS = np.array([0, 1, 29])


def delays() -> Program:
    """One event in step 3, delays 0, 1 and 29, into a port and into a state."""
    block = Block("cell", 3, {"v": 0.0, "y": 0.0}, ports=("a",), update=update(v="v + a"))
    port = Pathway("port", "in", "cell", dense(1, 3), statements("a_post += w"), "w", delay=DELAYS)
    state = Pathway("state", "in", "cell", dense(1, 3), statements("y_post += w"), "w", delay=DELAYS)
    return Program(DT, (block,), (events("in", 1, [3], [0]),), (port, state), (vector(port, 2.0),), taps(("cell", "v"), ("cell", "y"), ("cell", "a")), (Phase(40),))


def delays_oracle(program: Program, record: Record, run: Run) -> list[str]:
    """Delivered in step 3 + d: the port and the state are seen at the start of 3 + d + 1, the integrated port one step later."""
    n = np.arange(40)[:, None]
    wrong = near("port", trace_of(record, "cell", "a"), 2.0 * (n == 4 + DELAYS)) + near("v", trace_of(record, "cell", "v"), 2.0 * (n >= 5 + DELAYS))
    return wrong + near("y", trace_of(record, "cell", "y"), 2.0 * (n >= 4 + DELAYS))


def ternary() -> Program:
    """Noisy units send +1 or -1; listed events have payloads of their own."""
    unit = Block("unit", 12, {"x": 0.0}, update=update(x="0.9 * x + 0.3 * xi"), spike=spike("x > 1 or x < -1", "x = 0", payload="sign(x)"), draws=(Draw("xi", "normal", key("unit", "xi")),))
    cell = Block("cell", 6, {"v": 0.0}, ports=("a",), update=update(v="0.9 * v + a"))
    rng = np.random.default_rng(15)
    weights = np.float32(rng.normal(0.0, 1.0, 72)).astype(np.float64)
    steps, indices = np.nonzero(rng.random((600, 6)) < 0.05)
    path = Pathway("unit -> cell", "unit", "cell", dense(12, 6), statements("a_post += w * value"), "w", delay=1)
    graded = Pathway("in -> cell", "in", "cell", one_to_one(6), statements("a_post -= value"))
    source = events("in", 6, steps, indices, rng.integers(-8, 8, len(steps)) / 4.0)
    return Program(DT, (unit, cell), (source,), (path, graded), (vector(path, weights),), taps(("unit", "spikes"), ("unit", "x"), ("cell", "v")), (Phase(600),))


def ternary_oracle(program: Program, record: Record, run: Run) -> list[str]:
    """Signs and sums of the recorded events by array code."""
    found = record.events["unit"]
    sent = np.zeros((602, 12))
    sent[found.steps, found.indices] = found.payloads
    listed = np.zeros((602, 6))
    source = program.sources[0]
    listed[source.steps, source.indices] = source.payloads
    v, trace = np.zeros(6), []
    for n in range(600):
        trace.append(v)
        port = sent[n - 2] @ program.weights[0].values.reshape(12, 6) - listed[n - 1] if n > 1 else (-listed[0] if n else np.zeros(6))
        v = 0.9 * v + port
    wrong = [] if set(np.unique(found.payloads)) == {-1.0, 1.0} else ["payloads are not -1 and 1"]
    x = trace_of(record, "unit", "x")
    return wrong + near("v", trace_of(record, "cell", "v"), trace) + same("resets", x[1:][sent[:599] != 0], np.zeros(int((sent[:599] != 0).sum())))


def additions_once() -> Program:
    """Three additions to one state in one step reach it as one sum: (0.1 + 0.2) + 0.3, then added to the state."""
    block = Block("cell", 1, {"v": 0.7}, update=update(v="v"))
    paths = tuple(Pathway(f"p{k}", "in", "cell", dense(1, 1), statements("v_post += w"), f"w{k}") for k in range(3))
    values = (0.1, 0.2, 0.3)
    return Program(DT, (block,), (events("in", 1, [1], [0]),), paths, tuple(vector(p, x) for p, x in zip(paths, values)), taps(("cell", "v")), (Phase(4),))


def additions_oracle(program: Program, record: Record, run: Run) -> list[str]:
    """The association matters in the last bit."""
    return near("v", trace_of(record, "cell", "v")[:, 0], [0.7, 0.7, *[0.7 + ((0.1 + 0.2) + 0.3)] * 2], 0.0)


def noisy_release() -> Program:
    """A synapse releases with probability 1/2: rand() of an edge is drawn in every step."""
    block = Block("cell", 4, {"v": 0.0}, ports=("a",), update=update(v="v + a"))
    draw = Draw("u", "uniform", key("in -> cell", "rand 0"))
    path = Pathway("in -> cell", "in", "cell", dense(5, 4), statements("a_post += where(u < 0.5, w, 0)"), "w", delay=2, draws=(draw,))
    steps, indices = np.nonzero(np.random.default_rng(4).random((100, 5)) < 0.3)
    return Program(DT, (block,), (events("in", 5, steps, indices),), (path,), (vector(path, np.arange(1.0, 21.0)),), taps(("cell", "v")), (Phase(110),))


def noisy_release_oracle(program: Program, record: Record, run: Run) -> list[str]:
    """The numbers of the step of the arrival, indexed by the place of the edge."""
    v, source, draw = np.zeros((112, 4)), program.sources[0], program.pathways[0].draws[0]
    for n, i in zip(source.steps, source.indices):
        u = draw.table[n + 2] if draw.kind == "table" else uniform(draw.stream, int(n) + 2, 0, 20)
        edges = np.arange(4 * i, 4 * i + 4)
        v[n + 4 :] += np.where(u[edges] < 0.5, edges + 1.0, 0.0)
    return near("v", trace_of(record, "cell", "v"), v[:110])


# ---- short-term plasticity ---------------------------------------------------------------------------------------------
TAU_FACILITATION, TAU_RECOVERY, USE = 300.0, 150.0, np.array([0.1, 0.4])


def tsodyks_markram() -> Program:
    """Regular events through synapses that facilitate and depress, delays 0 and 7."""
    block = Block("cell", 2, {"y": 0.0}, update=update(y="y"))
    path = Pathway(
        "in -> cell", "in", "cell", dense(1, 2), statements("u += U * (1 - u); y_post += w * u * x; x -= u * x"), "w", delay=np.array([0, 7]), states={"u": 0.0, "x": 1.0},
        parameters={"U": USE, "ku": np.exp(-DT / TAU_FACILITATION), "kx": np.exp(-DT / TAU_RECOVERY)}, update=update(u="ku * u", x="1 + kx * (x - 1)"),
    )  # fmt: skip
    steps = np.arange(10, 900, 90)
    return Program(DT, (block,), (events("in", 1, steps, np.zeros(10)),), (path,), (vector(path, 2.0),), (*taps(("cell", "y")), Tap("in -> cell", "u")), (Phase(1000),))


def tsodyks_markram_oracle(program: Program, record: Record, run: Run) -> list[str]:
    """The map from one event to the next, with exponentials over the whole interval."""
    wanted, n = np.zeros((1000, 2)), np.arange(1000)
    for target, delay in enumerate((0, 7)):
        u, x, last = 0.0, 1.0, 0
        for arrival in np.arange(10, 900, 90) + delay:
            gap = (arrival + 1 - last) * DT  # own states have advanced once when the first arrival comes
            u, x = u * np.exp(-gap / TAU_FACILITATION), 1.0 + (x - 1.0) * np.exp(-gap / TAU_RECOVERY)
            u += USE[target] * (1.0 - u)
            wanted[n > arrival, target] += 2.0 * u * x
            x, last = x - u * x, arrival + 1
    return near("y", trace_of(record, "cell", "y"), wanted)


# ---- long-term plasticity ----------------------------------------------------------------------------------------------
PAIR_RULES = (
    Rule("ltd", "arrival", statements("x += 1; w -= minus * y")),
    Rule("ltp", "post", statements("y += 1; w += plus * x")),
)
PAIR = {"kx": np.exp(-DT / 20.0), "ky": np.exp(-DT / 30.0), "plus": 0.01, "minus": 0.012}


def pair_pathway(delay: int | Array, wiring: object, source: str = "in") -> Pathway:
    """Additive pair STDP over all pairs."""
    return Pathway(f"{source} -> cell", source, "cell", wiring, statements("a_post += w"), "w", delay=delay, states={"x": 0.0, "y": 0.0}, parameters=PAIR,  # type: ignore[arg-type]
                   update=update(x="kx * x", y="ky * y"), rules=PAIR_RULES)  # fmt: skip


def stdp_pairs() -> Program:
    """Seventeen synapses, one pair each: a presynaptic event in step 100 with delay 5, a forced spike in step 100 + 5 + lag."""
    lags = np.arange(-40, 41, 5)
    n = len(lags)
    block = Block("cell", n, {"v": 0.0}, ports=("a", "force"), update=update(v="0 * a + force"), spike=spike("v > 0.5", "v = 0"))
    path = pair_pathway(5, one_to_one(n))
    # A force that arrives in step n is read in step n + 1.
    force = Pathway("clock -> cell", "clock", "cell", one_to_one(n), statements("force_post += 1"))
    sources = (events("in", n, np.full(n, 100), np.arange(n)), events("clock", n, 104 + lags, np.arange(n)))
    return Program(DT, (block,), sources, (path, force), (vector(path, 1.0),), (*taps(("cell", "spikes")), Tap("in -> cell", "w", at="end")), (Phase(200),))


def stdp_oracle(program: Program, record: Record, run: Run) -> list[str]:
    """+ plus exp(-lag / 20 ms) for a spike after (or in) the step of the arrival, - minus exp(lag / 30 ms) for one before."""
    lags = np.arange(-40, 41, 5) * DT
    change = np.where(lags >= 0, 0.01 * np.exp(-np.abs(lags) / 20.0), -0.012 * np.exp(-np.abs(lags) / 30.0))
    return near("w", trace_of(record, "in -> cell", "w")[-1], 1.0 + change)


def stdp_network() -> Program:
    """Pair STDP with delays and bounds that are hit, on neurons that fire by themselves."""
    rng = np.random.default_rng(19)
    block = lif("cell", 20, rng.uniform(8.0, 20.0, 20), 1.0, "v = 0", 10, "a")
    steps, indices = np.nonzero(rng.random((1500, 30)) < 0.03)
    path = pair_pathway(rng.integers(0, 30, 600), dense(30, 20))
    weights = vector(path, rng.uniform(0.05, 0.25, 600), low=0.0, high=0.3)
    return Program(DT, (block,), (events("in", 30, steps, indices),), (path,), (weights,), (*taps(("cell", "spikes")), Tap("in -> cell", "w", steps=Steps(500))), (Phase(1500),))


def stdp_network_oracle(program: Program, record: Record, run: Run) -> list[str]:
    """Matrices of traces and weights, in the order of the phases."""
    cell, path, source = program.blocks[0], program.pathways[0], program.sources[0]
    raster = np.zeros((1500, 30), bool)
    raster[source.steps, source.indices] = True
    delay, w = np.asarray(path.delay).reshape(30, 20), np.array(program.weights[0].values).reshape(30, 20)
    x, y, v, last, port = np.zeros((30, 20)), np.zeros((30, 20)), np.zeros(20), np.full(20, -99), np.zeros(20)
    kept, wanted = [], []
    for n in range(1500):
        if n % 500 == 499:
            kept.append(w.ravel().copy())
        x, y = PAIR["kx"] * x, PAIR["ky"] * y
        free = n - last >= 10
        v = np.where(free, cell.parameters["decay"] * v + port, v)
        fires = free & (v > 1.0)
        arrives = (n - delay >= 0) & raster[np.maximum(n - delay, 0), np.arange(30)[:, None]]
        port = np.zeros(20)
        for i in range(30):  # ascending source; events of one step differ in age, so the last bit may differ
            port += np.where(arrives[i], w[i], 0.0)
        x += arrives
        w = np.clip(np.where(arrives, w - PAIR["minus"] * y, w), 0.0, 0.3)
        y[:, fires] += 1.0
        w[:, fires] = np.clip(w[:, fires] + PAIR["plus"] * x[:, fires], 0.0, 0.3)
        v[fires], last[fires] = 0.0, n
        wanted += [(n, j) for j in np.flatnonzero(fires)]
    hit = [] if (w == 0.0).any() and (w == 0.3).any() else ["no weight reached its bounds"]
    return hit + same("spikes", spikes_of(record, "cell"), wanted) + near("w", trace_of(record, "in -> cell", "w"), kept)


def weight_bounds() -> Program:
    """Entries are clipped after each statement: 0.5 + 1 - 1 is 0 at a bound of 1, not 0.5."""
    block = Block("cell", 2, {"v": 0.0}, update=update(v="v"), outputs=(("r", expr("v")),))
    rule = Rule("up and down", Steps(1), statements("w += 1; w -= 1"))
    path = Pathway("loop", "cell", "cell", dense(2, 2), (), "w", signal="r", rules=(rule,))
    return Program(DT, (block,), (), (path,), (vector(path, np.array([0.5, -0.5, 0.25, 1.0]), low=-0.25, high=1.0),), (Tap("loop", "w", at="end"),), (Phase(2),))


def weight_bounds_oracle(program: Program, record: Record, run: Run) -> list[str]:
    """By hand; entries that start outside are brought in by the first statement that touches them."""
    first = [np.clip(np.clip(x + 1, -0.25, 1) - 1, -0.25, 1) for x in (0.5, -0.5, 0.25, 1.0)]
    second = [np.clip(np.clip(x + 1, -0.25, 1) - 1, -0.25, 1) for x in first]
    return near("w", trace_of(record, "loop", "w"), [first, second], 0.0)


def three_factors() -> Program:
    """Eligibility of pairs, turned into weight by a reward that arrives at a port of the postsynaptic population."""
    block = Block("cell", 3, {"v": 0.0}, ports=("force", "reward"), update=update(v="force"), spike=spike("v > 0.5", "v = 0"))
    rules = (
        Rule("pre", "arrival", statements("x += 1")),
        Rule("post", "post", statements("e += x")),
        Rule("reward", Steps(1), statements("w += eta * e * reward_post")),
    )
    path = Pathway("in -> cell", "in", "cell", one_to_one(3), statements("force_post += 0 * w"), "w", delay=1, states={"x": 0.0, "e": 0.0},
                   parameters={"kx": np.exp(-DT / 20.0), "ke": np.exp(-DT / 50.0), "eta": 0.3}, update=update(x="kx * x", e="ke * e"), rules=rules)  # fmt: skip
    force = Pathway("clock -> cell", "clock", "cell", one_to_one(3), statements("force_post += 1"))
    reward = Pathway("reward -> cell", "reward", "cell", dense(1, 3), statements("reward_post += value"), delay=2)
    sources = (events("in", 3, [10, 10, 10], [0, 1, 2]), events("clock", 3, [20, 40, 60], [0, 1, 2]), events("reward", 1, [100, 130], [0, 0], [1.0, -0.5]))
    return Program(DT, (block,), sources, (path, force, reward), (vector(path, 0.5),), (*taps(("cell", "spikes")), Tap("in -> cell", "w", at="end")), (Phase(200),))


def three_factors_oracle(program: Program, record: Record, run: Run) -> list[str]:
    """The reward is seen in the step in which it is delivered: 102 and 132; arrivals in 11, spikes in 21, 41, 61."""
    spikes = np.array([21, 41, 61])
    made = np.exp(-(spikes - 11) * DT / 20.0)
    w = 0.5 + sum(0.3 * size * made * np.exp(-(n - spikes) * DT / 50.0) for n, size in ((102, 1.0), (132, -0.5)))
    return near("w", trace_of(record, "in -> cell", "w")[-1], w) + same("spikes", spikes_of(record, "cell"), [(21, 0), (41, 1), (61, 2)])


def conducting_state() -> Program:
    """A rule of phase 5 adds to a port in every step: a synaptic state conducts (an NMDA-like gate)."""
    block = Block("cell", 2, {"v": 0.0}, ports=("a",), update=update(v="0.95 * v + a"))
    path = Pathway("in -> cell", "in", "cell", dense(1, 2), statements("s += 0.5 * (1 - s)"), "w", states={"s": 0.0}, parameters={"k": np.exp(-DT / 10.0)}, update=update(s="k * s"),
                   rules=(Rule("conduct", Steps(1), statements("a_post += w * s * (1 - v_post)")),))  # fmt: skip
    return Program(DT, (block,), (events("in", 1, [5, 30, 31], [0] * 3),), (path,), (vector(path, np.array([0.1, 0.2])),), taps(("cell", "v"), ("cell", "a")), (Phase(100),))


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
    port = Pathway("p", "in", "cell", sparse(rng, 40, 8, 0.6), statements("a_post += w"), "w", delay=0)
    port = Pathway("p", "in", "cell", port.wiring, port.deliver, "w", delay=rng.integers(0, 6, len(port.wiring.pre)))  # type: ignore[arg-type]
    more = Pathway("q", "in", "cell", sparse(rng, 40, 8, 0.3), statements("a_post += w; y_post -= w"), "u", delay=2)
    steps, indices = np.nonzero(rng.random((1000, 40)) < 0.2)
    weights = (vector(port, rng.normal(size=len(port.wiring.pre))), vector(more, rng.normal(size=len(more.wiring.pre))))  # type: ignore[arg-type]
    return Program(DT, (block,), (events("in", 40, steps, indices),), (port, more), weights, taps(("cell", "v"), ("cell", "y")), (Phase(1000),))


def canonical_oracle(program: Program, record: Record, run: Run) -> list[str]:
    """Terms one by one in plain floats: bit for bit."""
    source, arriving = program.sources[0], {}
    for number, (path, weights) in enumerate(zip(program.pathways, program.weights)):
        delay = np.broadcast_to(path.delay, len(path.wiring.pre))  # type: ignore[arg-type]
        for edge, (i, j, d, w) in enumerate(zip(path.wiring.pre, path.wiring.post, delay, weights.values)):  # type: ignore[arg-type]
            for n in source.steps[source.indices == i]:  # type: ignore[index]
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


def tied(update_both: bool) -> Oracle:
    """Oracle of :func:`tied_weights`."""

    def oracle(program: Program, record: Record, run: Run) -> list[str]:
        w = np.arange(1.0, 7.0).reshape(2, 3) / 8.0
        up, down, kept = np.array([0.5, -1.0]), np.array([0.25, 1.0, -0.5]), []
        port_up, port_down, before = np.zeros(2), np.zeros(3), (up, down)
        # Before step 0 the signals have had the values of the initial states.
        port_down, port_up = before[0] @ w, -2.0 * (before[1] @ w.T)
        for _ in range(30):
            up, down = 0.5 * up + port_up / 8.0 + 0.1, 0.5 * down + port_down / 8.0 - 0.2
            port_down, port_up = up @ w, -2.0 * (down @ w.T)
            w = w + 0.01 * np.outer(up, down)
            # The transposed pathway sees w times -2: an increment of its own weight is divided by that factor.
            w = w + (0.004 * np.outer(down, up)).T / -2.0 if update_both else w
            kept.append(w.ravel().copy())
        return near("w", trace_of(record, "forward", "w"), kept) + near("w seen backwards", trace_of(record, "backward", "w")[-1], -2.0 * w.T.ravel())

    return oracle


def tied_weights() -> Program:
    """Forward weights used transposed, times -2, on the way back; both ways learn."""
    a = Block("a", 2, {"u": np.array([0.5, -1.0])}, ports=("p",), update=update(u="0.5 * u + p / 8 + 0.1"), outputs=(("r", expr("u")),))
    b = Block("b", 3, {"u": np.array([0.25, 1.0, -0.5])}, ports=("p",), update=update(u="0.5 * u + p / 8 - 0.2"), outputs=(("r", expr("u")),))
    forward = Pathway("forward", "a", "b", dense(2, 3), statements("p_post += w * value"), "w", signal="r", rules=(Rule("f", Steps(1), statements("w += 0.01 * r_pre * r_post")),))
    backward = Pathway("backward", "b", "a", dense(3, 2), statements("p_post += w * value"), "w", index="transpose", factor=-2.0, signal="r",
                       rules=(Rule("b", Steps(1), statements("w += 0.004 * r_pre * r_post")),))  # fmt: skip
    return Program(1.0, (a, b), (), (forward, backward), (vector(forward, np.arange(1.0, 7.0) / 8.0),), (Tap("forward", "w", at="end"), Tap("backward", "w", at="end")), (Phase(30),))


def shared_kernel() -> Program:
    """Five edges use two entries by index (a convolution); increments of shared entries add up."""
    block = Block("cell", 4, {"v": 0.0}, ports=("a",), update=update(v="a"))
    wiring = pairs(3, 4, [0, 0, 1, 1, 2], [0, 1, 1, 2, 3])
    path = Pathway("conv", "in", "cell", wiring, statements("a_post += w"), "kernel", index=np.array([0, 1, 0, 1, 0]), rules=(Rule("up", "arrival", statements("w += 0.125")),))
    weights = vector(path, np.array([1.0, 10.0]))
    source = Source("in", 3, "spikes", steps=np.array([0, 0, 2]), indices=np.array([0, 1, 2]))
    return Program(1.0, (block,), (source,), (path,), (weights,), (Tap("conv", "w", at="end"), Tap("cell", "v", at="end")), (Phase(5),))


def shared_oracle(program: Program, record: Record, run: Run) -> list[str]:
    """In step 0 both entries are touched twice, in step 2 the first once more."""
    kernel = np.array([[1.25, 10.25], [1.25, 10.25], [1.375, 10.25], [1.375, 10.25], [1.375, 10.25]])
    v = np.zeros((5, 4))
    v[1], v[3, 3] = [1.0, 11.0, 10.0, 0.0], 1.25
    return near("w", trace_of(record, "conv", "w"), kernel[:, [0, 1, 0, 1, 0]]) + near("v", trace_of(record, "cell", "v"), v)


CASES = (
    Case("delays", "delays of 0, 1 and 29 steps into a port and a state", delays, delays_oracle, modes=("cython", "cpp_standalone")),
    Case("payloads", "ternary units and graded events", ternary, ternary_oracle, spikes=100),
    Case("additions_once", "a state receives the sum of a step once", additions_once, additions_oracle),
    Case("noisy_release", "rand() of edges", noisy_release, noisy_release_oracle),
    Case("tsodyks_markram", "short-term plasticity against the map between events", tsodyks_markram, tsodyks_markram_oracle, modes=("cython", "cpp_standalone")),
    Case("stdp_pairs", "single pairs at 17 lags, with a delay", stdp_pairs, stdp_oracle, spikes=17),
    Case("stdp_network", "pair rule, delays 0 to 29, bounds hit", stdp_network, stdp_network_oracle, spikes=500, modes=("cython", "cpp_standalone")),
    Case("weight_bounds", "clipping after each statement", weight_bounds, weight_bounds_oracle),
    Case("three_factors", "eligibility and a modulator", three_factors, three_factors_oracle, spikes=3),
    Case("conducting_state", "a rule that adds to a port in every step", conducting_state, conducting_oracle),
    Case("canonical_order", "unrounded weights, bit for bit", canonical_order, canonical_oracle),
    Case("tied_weights", "transposed weights with a factor that learn both ways", tied_weights, tied(True)),
    Case("shared_kernel", "entries shared by index", shared_kernel, shared_oracle),
)

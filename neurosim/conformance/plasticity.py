"""Cases of learning: pair rules, bounds, three factors, shared weights."""

from __future__ import annotations

import numpy as np

from neurosim.conformance.building import (
    DT,
    Array,
    dense,
    events,
    expr,
    lif,
    near,
    one_to_one,
    pairs,
    same,
    spike,
    spikes_of,
    statements,
    taps,
    trace_of,
    update,
    vector,
)
from neurosim.conformance.case import Case, Oracle, Run
from neurosim.ir.program import Block, Pathway, Phase, Program, Rule, Source, Steps, Tap, Wiring
from neurosim.record import Record

# ---- events ----------------------------------------------------------------------------------------------
PAIR_RULES = (
    Rule("ltd", "arrival", statements("x += 1; w -= minus * y")),
    Rule("ltp", "post", statements("y += 1; w += plus * x")),
)
PAIR = {"kx": np.exp(-DT / 20.0), "ky": np.exp(-DT / 30.0), "plus": 0.01, "minus": 0.012}


def pair_pathway(delay: int | Array, wiring: Wiring, source: str = "in") -> Pathway:
    """Additive pair STDP over all pairs."""
    return Pathway(
        f"{source} -> cell",
        source,
        "cell",
        wiring,
        statements("a_post += w"),
        "w",
        delay=delay,
        states={"x": 0.0, "y": 0.0},
        parameters=PAIR,
        update=update(x="kx * x", y="ky * y"),
        rules=PAIR_RULES,
    )


def stdp_pairs() -> Program:
    """Seventeen synapses, one pair each: a presynaptic event in step 100 with delay 5, a forced spike in step 100 + 5 + lag."""
    lags = np.arange(-40, 41, 5)
    n = len(lags)
    block = Block("cell", n, {"v": 0.0}, ports=("a", "force"), update=update(v="0 * a + force"), spike=spike("v > 0.5", "v = 0"))
    path = pair_pathway(5, one_to_one(n))
    # A force that arrives in step n is read in step n + 1.
    force = Pathway("clock -> cell", "clock", "cell", one_to_one(n), statements("force_post += 1"))
    sources = (events("in", n, np.full(n, 100), np.arange(n)), events("clock", n, 104 + lags, np.arange(n)))
    return Program(
        DT,
        (block,),
        sources,
        (path, force),
        (vector(path, 1.0),),
        (*taps(("cell", "spikes")), Tap("in -> cell", "w", at="end")),
        (Phase(200),),
    )


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
    return Program(
        DT,
        (block,),
        (events("in", 30, steps, indices),),
        (path,),
        (weights,),
        (*taps(("cell", "spikes")), Tap("in -> cell", "w", steps=Steps(500))),
        (Phase(1500),),
    )


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
    return Program(
        DT,
        (block,),
        (),
        (path,),
        (vector(path, np.array([0.5, -0.5, 0.25, 1.0]), low=-0.25, high=1.0),),
        (Tap("loop", "w", at="end"),),
        (Phase(2),),
    )


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
    path = Pathway(
        "in -> cell",
        "in",
        "cell",
        one_to_one(3),
        statements("force_post += 0 * w"),
        "w",
        delay=1,
        states={"x": 0.0, "e": 0.0},
        parameters={"kx": np.exp(-DT / 20.0), "ke": np.exp(-DT / 50.0), "eta": 0.3},
        update=update(x="kx * x", e="ke * e"),
        rules=rules,
    )
    force = Pathway("clock -> cell", "clock", "cell", one_to_one(3), statements("force_post += 1"))
    reward = Pathway("reward -> cell", "reward", "cell", dense(1, 3), statements("reward_post += value"), delay=2)
    sources = (
        events("in", 3, [10, 10, 10], [0, 1, 2]),
        events("clock", 3, [20, 40, 60], [0, 1, 2]),
        events("reward", 1, [100, 130], [0, 0], [1.0, -0.5]),
    )
    return Program(
        DT,
        (block,),
        sources,
        (path, force, reward),
        (vector(path, 0.5),),
        (*taps(("cell", "spikes")), Tap("in -> cell", "w", at="end")),
        (Phase(200),),
    )


def three_factors_oracle(program: Program, record: Record, run: Run) -> list[str]:
    """The reward is seen in the step in which it is delivered: 102 and 132; arrivals in 11, spikes in 21, 41, 61."""
    spikes = np.array([21, 41, 61])
    made = np.exp(-(spikes - 11) * DT / 20.0)
    w = 0.5 + sum(0.3 * size * made * np.exp(-(n - spikes) * DT / 50.0) for n, size in ((102, 1.0), (132, -0.5)))
    return near("w", trace_of(record, "in -> cell", "w")[-1], w) + same("spikes", spikes_of(record, "cell"), [(21, 0), (41, 1), (61, 2)])


# ---- shared weights ---------------------------------------------------------------------------------------------------
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
        return near("w", trace_of(record, "forward", "w"), kept) + near(
            "w seen backwards", trace_of(record, "backward", "w")[-1], -2.0 * w.T.ravel()
        )

    return oracle


def tied_weights() -> Program:
    """Forward weights used transposed, times -2, on the way back; both ways learn."""
    a = Block("a", 2, {"u": np.array([0.5, -1.0])}, ports=("p",), update=update(u="0.5 * u + p / 8 + 0.1"), outputs=(("r", expr("u")),))
    b = Block(
        "b", 3, {"u": np.array([0.25, 1.0, -0.5])}, ports=("p",), update=update(u="0.5 * u + p / 8 - 0.2"), outputs=(("r", expr("u")),)
    )
    forward = Pathway(
        "forward",
        "a",
        "b",
        dense(2, 3),
        statements("p_post += w * value"),
        "w",
        signal="r",
        rules=(Rule("f", Steps(1), statements("w += 0.01 * r_pre * r_post")),),
    )
    backward = Pathway(
        "backward",
        "b",
        "a",
        dense(3, 2),
        statements("p_post += w * value"),
        "w",
        index="transpose",
        factor=-2.0,
        signal="r",
        rules=(Rule("b", Steps(1), statements("w += 0.004 * r_pre * r_post")),),
    )
    return Program(
        1.0,
        (a, b),
        (),
        (forward, backward),
        (vector(forward, np.arange(1.0, 7.0) / 8.0),),
        (Tap("forward", "w", at="end"), Tap("backward", "w", at="end")),
        (Phase(30),),
    )


def shared_kernel() -> Program:
    """Five edges use two entries by index (a convolution); increments of shared entries add up."""
    block = Block("cell", 4, {"v": 0.0}, ports=("a",), update=update(v="a"))
    wiring = pairs(3, 4, [0, 0, 1, 1, 2], [0, 1, 1, 2, 3])
    path = Pathway(
        "conv",
        "in",
        "cell",
        wiring,
        statements("a_post += w"),
        "kernel",
        index=np.array([0, 1, 0, 1, 0]),
        rules=(Rule("up", "arrival", statements("w += 0.125")),),
    )
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
    Case("stdp_pairs", "single pairs at 17 lags, with a delay", stdp_pairs, stdp_oracle, spikes=17),
    Case(
        "stdp_network",
        "pair rule, delays 0 to 29, bounds hit",
        stdp_network,
        stdp_network_oracle,
        spikes=500,
        modes=("cython", "cpp_standalone"),
    ),
    Case("weight_bounds", "clipping after each statement", weight_bounds, weight_bounds_oracle),
    Case("three_factors", "eligibility and a modulator", three_factors, three_factors_oracle, spikes=3),
    Case("tied_weights", "transposed weights with a factor that learn both ways", tied_weights, tied(True)),
    Case("shared_kernel", "entries shared by index", shared_kernel, shared_oracle),
)

"""Cases of continuous signals: chains, instant signals, look-ahead, dense learning."""

from __future__ import annotations

import numpy as np

from neurosim.conformance.building import Array, dense, key, near, one_to_one, outputs, pairs, statements, taps, trace_of, update, vector
from neurosim.conformance.case import Case, Run
from neurosim.ir.program import Block, Draw, Pathway, Phase, Program, Rule, Source, Steps, Tap, Wiring
from neurosim.ir.random import normal
from neurosim.record import Record


def link(name: str, source: str, target: str, wiring: Wiring, port: str, signal: str, delay: int = 0, instant: bool = False) -> Pathway:
    """A pathway without weights: what arrives is added as it is."""
    return Pathway(name, source, target, wiring, statements(f"{port}_post += value"), delay=delay, signal=signal, instant=instant)


def signal_chain() -> Program:
    """Four stages that pass on what they read, delays 0, 0 and 3; their values before step 0 are given or follow from the state."""
    first = Block("s0", 2, {"x": np.array([1.0, 2.0])}, update=update(x="x * 0.9 + 0.1"), outputs=outputs(r="x"))
    others = tuple(
        Block(f"s{k}", 2, ports=("p",), outputs=outputs(r=f"p + {k}"), start={"r": 100.0 * k} if k == 2 else {}) for k in (1, 2, 3)
    )
    paths = tuple(link(f"l{k}", f"s{k - 1}", f"s{k}", one_to_one(2), "p", "r", delay) for k, delay in ((1, 0), (2, 0), (3, 3)))
    return Program(1.0, (first, *others), (), paths, (), taps(*((f"s{k}", "r") for k in range(4)), at="end"), (Phase(30),))


def signal_chain_oracle(program: Program, record: Record, run: Run) -> list[str]:
    """Each stage is the one before it, 1 + d steps earlier; before step 0 stands the value ``start``."""
    x = [np.array([1.0, 2.0])]
    for _ in range(30):
        x.append(x[-1] * 0.9 + 0.1)
    before = {0: x[0], 1: np.ones(2), 2: np.full(2, 200.0)}
    rows, wrong = [np.array(x[1:])], []
    for k, delay in ((1, 0), (2, 0), (3, 3)):
        shifted = np.concatenate([np.tile(before[k - 1], (delay + 1, 1)), rows[-1]])[:30]
        rows.append(shifted + k)
        wrong += near(f"stage {k}", trace_of(record, f"s{k}", "r"), rows[-1], 1e-12)
    return wrong


def softmax() -> Program:
    """A layer-wide softmax in the same step, by instant signals."""
    rng, n = np.random.default_rng(8), 5
    layer = Block(
        "layer",
        n,
        {"z": rng.normal(size=n)},
        {"k": rng.uniform(0.5, 0.9, n)},
        update=update(z="k * z + 0.3 * xi"),
        outputs=outputs(ez="exp(z)", z="z"),
        draws=(Draw("xi", "normal", key("layer", "xi")),),
    )
    norm = Block("norm", 1, ports=("total",), outputs=outputs(sum="total"))
    soft = Block("soft", n, ports=("ez", "sum"), outputs=outputs(q="ez / sum"), start={"q": 0.0})
    paths = (
        link("layer -> norm", "layer", "norm", dense(n, 1), "total", "ez", instant=True),
        link("layer -> soft", "layer", "soft", one_to_one(n), "ez", "ez", instant=True),
        link("norm -> soft", "norm", "soft", dense(1, n), "sum", "sum", instant=True),
    )
    return Program(1.0, (layer, norm, soft), (), paths, (), taps(("layer", "z"), ("soft", "q"), at="end"), (Phase(60),))


def softmax_oracle(program: Program, record: Record, run: Run) -> list[str]:
    """exp(z) / sum exp(z) of the same step."""
    power = np.exp(trace_of(record, "layer", "z"))
    return near("q", trace_of(record, "soft", "q"), power / power.sum(-1, keepdims=True), 1e-12)


def prospective() -> Program:
    """u + tau * du/dt at the new state and the same ports: the steady state of the present input, without lag."""
    drive = Source("drive", 2, "table", table=np.sin(np.arange(400)[:, None] * np.array([0.03, 0.11])))
    cell = Block(
        "cell",
        2,
        {"u": 0.0},
        {"tau": 10.0, "g": 0.5},
        ("p",),
        update(u="u + dt * ((p - g * u) / tau)"),
        outputs(ahead="u + tau / g * ((p - g * u) / tau)", u="u"),
    )
    path = link("drive -> cell", "drive", "cell", one_to_one(2), "p", "value", instant=True)
    return Program(0.1, (cell,), (drive,), (path,), (), taps(("cell", "ahead"), ("cell", "u"), at="end"), (Phase(400),))


def prospective_oracle(program: Program, record: Record, run: Run) -> list[str]:
    """p / g in every step, while u lags behind."""
    wanted = np.asarray(program.sources[0].table) / 0.5
    lag = np.abs(trace_of(record, "cell", "u") - wanted).max()
    return near("prospective u", trace_of(record, "cell", "ahead"), wanted, 1e-12) + (
        [] if lag > 0.5 else ["u does not lag: the case shows nothing"]
    )


def oja() -> Program:
    """One linear unit with Oja's rule on correlated inputs: the weights turn to the principal component."""
    rng = np.random.default_rng(21)
    mix = np.linalg.qr(rng.normal(size=(4, 4)))[0] * np.sqrt([3.0, 1.0, 0.5, 0.2])
    items = rng.normal(size=(4000, 4)) @ mix.T
    unit = Block("unit", 1, ports=("p",), outputs=outputs(r="p"))
    rule = Rule("oja", Steps(1), statements("w += 0.002 * r_post * (value_pre - r_post * w)"))
    path = Pathway(
        "in -> unit", "in", "unit", dense(4, 1), statements("p_post += w * value"), "w", signal="value", instant=True, rules=(rule,)
    )
    return Program(
        1.0,
        (unit,),
        (Source("in", 4, "table", table=items),),
        (path,),
        (vector(path, np.full(4, 0.5)),),
        (Tap("in -> unit", "w", steps=Steps(500), at="end"),),
        (Phase(4000),),
    )


def oja_oracle(program: Program, record: Record, run: Run) -> list[str]:
    """The loop in array code, and the first eigenvector of the covariance within 3 degrees."""
    items, w, kept = np.asarray(program.sources[0].table), np.full(4, 0.5), []
    for n, x in enumerate(items):
        y = w @ x
        w = w + 0.002 * y * (x - y * w)
        if n % 500 == 499:
            kept.append(w)
    first = np.linalg.eigh(np.cov(items.T))[1][:, -1]
    final = trace_of(record, "in -> unit", "w")[-1]
    cosine = abs(final @ first) / np.linalg.norm(final)
    turned = (
        []
        if cosine > np.cos(np.deg2rad(3.0))
        else [f"the weights are {np.rad2deg(np.arccos(cosine)):.1f} degrees from the principal component"]
    )
    return turned + near("w", trace_of(record, "in -> unit", "w"), kept)


def filtered_output() -> Program:
    """A high-pass filter of an output, as a Steps(1) rule: seen by ``_pre`` one step later."""
    noisy = Block(
        "noisy",
        3,
        {"x": 0.0, "s": 0.0, "hat": 0.0},
        update=update(x="0.9 * x + xi"),
        outputs=outputs(r="tanh(x)", hat="hat"),
        draws=(Draw("xi", "normal", key("noisy", "xi")),),
        rules=(Rule("filter", Steps(1), statements("hat = r - s; s += 0.2 * (r - s)")),),
    )
    cell = Block("cell", 2, {"u": 0.0}, ports=("p",), update=update(u="p"), outputs=outputs(r="u"))
    path = Pathway(
        "noisy -> cell",
        "noisy",
        "cell",
        dense(3, 2),
        statements("p_post += w * value"),
        "w",
        delay=1,
        signal="r",
        rules=(Rule("learn", Steps(1), statements("w += 0.01 * r_post * hat_pre")),),
    )
    return Program(
        1.0,
        (noisy, cell),
        (),
        (path,),
        (vector(path, np.linspace(-1.0, 1.0, 6)),),
        (*taps(("noisy", "x"), ("cell", "u"), at="end"), Tap("noisy -> cell", "w", at="end")),
        (Phase(80),),
    )


def filtered_output_oracle(program: Program, record: Record, run: Run) -> list[str]:
    """Array code with explicit histories."""
    draw = program.blocks[0].draws[0]
    x, s, hat, w, kept, wanted = np.zeros(3), np.zeros(3), np.zeros(3), np.linspace(-1.0, 1.0, 6).reshape(3, 2), [], []
    rates, hats, port = [np.zeros(3)] * 3, [np.zeros(3)] * 3, np.zeros(2)
    for n in range(80):
        x = 0.9 * x + (np.asarray(draw.table)[n] if draw.kind == "table" else normal(draw.stream, n, 0, 3))
        u = port
        r, shown = np.tanh(x), hat
        rates, hats = [*rates, r], [*hats, shown]
        port = rates[-2] @ w
        hat, s = r - s, s + 0.2 * (r - s)
        w = w + 0.01 * np.outer(hats[-2], u)
        kept.append(w.ravel())
        wanted.append(u)
    return near("u", trace_of(record, "cell", "u"), wanted) + near("w", trace_of(record, "noisy -> cell", "w"), kept)


def error_by_value() -> Program:
    """Signals with mixed delays over given pairs, and a synaptic state that low-passes what arrives."""
    rng = np.random.default_rng(31)
    a = Block("a", 4, {"u": rng.normal(size=4)}, ports=("p",), update=update(u="u + 0.1 * (p - u)"), outputs=outputs(r="tanh(u)"))
    wiring = pairs(4, 4, [0, 0, 1, 2, 3, 3], [1, 2, 3, 0, 0, 1])
    path = Pathway(
        "a -> a",
        "a",
        "a",
        wiring,
        statements("s = 0.8 * s + 0.2 * value; p_post += w * s"),
        "w",
        delay=np.array([0, 1, 2, 3, 4, 0]),
        signal="r",
        states={"s": 0.0},
    )
    return Program(1.0, (a,), (), (path,), (vector(path, rng.normal(0.0, 2.0, 6)),), (*taps(("a", "u")), Tap("a -> a", "s")), (Phase(100),))


def error_by_value_oracle(program: Program, record: Record, run: Run) -> list[str]:
    """Array code; the delivery before step 0 fills the port and leaves the synaptic state as it was given."""
    path = program.pathways[0]
    pre, post, delay = (np.asarray(x) for x in (path.wiring.pre, path.wiring.post, path.delay))
    u, w = np.asarray(program.blocks[0].states["u"]), np.asarray(program.weights[0].values)
    s: Array = np.zeros(6)
    rates: list[Array] = [np.tanh(u)] * 6
    port, us, ss = np.bincount(post, w * 0.2 * rates[0][pre], 4), [], []
    for _n in range(100):
        us.append(u)
        ss.append(s)
        u = u + 0.1 * (port - u)
        rates.append(np.tanh(u))
        s = 0.8 * s + 0.2 * np.array([rates[len(rates) - 1 - d][i] for d, i in zip(delay, pre)])
        port = np.bincount(post, w * s, 4)
    return near("u", trace_of(record, "a", "u"), us) + near("s", trace_of(record, "a -> a", "s"), ss)


CASES = (
    Case("signal_chain", "signals through four stages, with values before step 0", signal_chain, signal_chain_oracle),
    Case("softmax", "a softmax over a layer in the same step", softmax, softmax_oracle),
    Case("prospective", "look-ahead equals the steady state of the input", prospective, prospective_oracle),
    Case("oja", "Oja's rule against the principal component", oja, oja_oracle),
    Case("filtered_output", "a high-pass filter as a rule, seen one step later", filtered_output, filtered_output_oracle),
    Case("signal_delays", "signals with mixed delays through filtering synapses", error_by_value, error_by_value_oracle),
)

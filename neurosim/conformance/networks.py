"""Cases of recurrent networks against array code that knows nothing of Programs' machinery."""

from __future__ import annotations

import numpy as np

from neurosim.conformance.building import (
    DT,
    Array,
    dense,
    hold_of,
    key,
    near,
    same,
    sparse,
    spike,
    spikes_of,
    statements,
    taps,
    trace_of,
    update,
    vector,
)
from neurosim.conformance.case import Case, Run
from neurosim.conformance.neurons import hodgkin_huxley_block
from neurosim.ir.program import Block, Pathway, Phase, Program, Sampled, Weights, Wiring
from neurosim.ir.wiring import delays_of, expand, weight_values
from neurosim.record import Record

QUANTUM = 2.0**-12
"""Drawn weights (below 2**11 in size) are multiples of this: float32 holds them, and their sums are exact, whatever the order."""


def drawn_weights(path: Pathway, mean: float, sd: float) -> Weights:
    """Normal weights of one sign, drawn per edge, without rounding in sums."""
    low, high = (0.0, np.inf) if mean > 0 else (-np.inf, 0.0)
    return Weights(
        path.weights, path.name, Sampled("normal", mean, sd, key(path.name, "weight"), low, high, "clip", QUANTUM), quantum=QUANTUM
    )


def drawn_delay(name: str, mean: float, most: int) -> Sampled:
    """Normal delays in steps, whole, from 0 to ``most``."""
    return Sampled("normal", mean, mean / 2.0, key(name, "delay"), quantum=1.0, least=0.0, most=float(most))


def cuba_block(name: str, size: int, rng: np.random.Generator, tau_s: float, drive: float, hold: int) -> Block:
    """Heterogeneous leaky neurons with an exponential current, exactly integrated."""
    tau_m = rng.uniform(15.0, 25.0, size)
    a, b = np.exp(-DT / tau_m), np.exp(-DT / tau_s)
    rest = rng.uniform(-50.5, -47.0, size) + drive
    parameters = {"a": a, "b": b, "c": tau_s / (tau_m - tau_s) * (a - b), "q": rest * (1.0 - a)}
    return Block(
        name,
        size,
        {"v": rng.uniform(-60.0, -50.0, size), "I": 0.0},
        parameters,
        ("g",),
        update(v="a * v + c * I + q", I="b * I + g"),
        spike=spike("v > -50", "v = -60", hold=hold, held=("v",)),
        units={"v": "mV", "I": "mV", "g": "mV"},
    )


def cuba(into: str, hold: int, drive: float, steps: int = 2000) -> Program:
    """Two populations, four pathways, heterogeneous constants, drawn delays and weights; ``into`` the port g or the state I."""
    rng = np.random.default_rng(1)
    sizes = {"exc": 160, "inh": 40}
    blocks = tuple(cuba_block(name, size, rng, tau, drive, hold) for (name, size), tau in zip(sizes.items(), (5.0, 10.0)))
    paths, weights = [], []
    for source, mean in (("exc", 1.62), ("inh", -9.0)):
        for target in sizes:
            name = f"{source} -> {target}"
            wiring = Wiring(
                "fixed_probability", sizes[source], sizes[target], probability=0.1, same=source == target, autapses=False, stream=key(name)
            )
            path = Pathway(name, source, target, wiring, statements(f"{into}_post += w"), f"{name}:w", delay=drawn_delay(name, 5.0, 12))
            paths.append(path)
            weights.append(drawn_weights(path, mean, 0.3 * abs(mean)))
    return Program(
        DT,
        blocks,
        (),
        tuple(paths),
        tuple(weights),
        taps(("exc", "spikes"), ("inh", "spikes"), ("exc", "v"), ("inh", "I")),
        (Phase(steps),),
    )


def cuba_oracle(program: Program, record: Record, run: Run) -> list[str]:
    """Array code with a matrix of arrivals per step; sums are exact, so their order does not matter."""
    blocks = {block.name: block for block in program.blocks}
    into = program.pathways[0].deliver[0].target[0]
    steps, hold = program.steps, hold_of(program.blocks[0])
    arriving = {name: np.zeros((steps + 20, block.size)) for name, block in blocks.items()}
    edges = [
        (path, expand(path.wiring), delays_of(path, expand(path.wiring)), weight_values(program, weights))
        for path, weights in zip(program.pathways, program.weights)
    ]
    v, i = ({name: np.broadcast_to(block.states[x], block.size).copy() for name, block in blocks.items()} for x in "vI")
    last, port = ({name: np.full(block.size, x) for name, block in blocks.items()} for x in (-999, 0.0))
    spikes: dict[str, list[tuple[int, int]]] = {name: [] for name in blocks}
    kept_v, kept_i = [], []
    for n in range(steps):
        kept_v.append(v["exc"])
        kept_i.append(i["inh"])
        fired = {}
        for name, block in blocks.items():
            p, free = block.parameters, n - last[name] >= hold
            v[name], i[name] = np.where(free, p["a"] * v[name] + p["c"] * i[name] + p["q"], v[name]), p["b"] * i[name] + port[name]
            fired[name] = free & (v[name] > -50.0)
        for path, e, delay, w in edges:
            chosen = fired[path.source][e.pre]
            np.add.at(arriving[path.target], (n + delay[chosen], e.post[chosen]), w[chosen])
        for name in blocks:
            port[name] = arriving[name][n] if into == "g" else np.zeros(blocks[name].size)
            i[name] = i[name] + (arriving[name][n] if into == "I" else 0.0)
            v[name], last[name] = np.where(fired[name], -60.0, v[name]), np.where(fired[name], n, last[name])
            spikes[name] += [(n, int(k)) for k in np.flatnonzero(fired[name])]
    wrong = [text for name in blocks for text in same(f"spikes of {name}", spikes_of(record, name), spikes[name])]
    return wrong + near("v", trace_of(record, "exc", "v"), kept_v) + near("I", trace_of(record, "inh", "I"), kept_i)


def coba() -> Program:
    """Conductance-based neurons by exponential Euler: 200 pF, 10 nS, reversals 0 and -80 mV."""
    rng = np.random.default_rng(7)
    sizes = {"exc": 160, "inh": 40}
    step = update(
        g="10 + ge + gi",
        goal="(10 * (-60) + ge * 0 + gi * (-80) + drive) / g",
        v="goal + (v - goal) * exp(-dt * g / 200)",
        ge="ke * ge",
        gi="ki * gi",
    )
    blocks = tuple(
        Block(
            name,
            size,
            {"v": rng.uniform(-60.0, -50.0, size), "ge": rng.uniform(0.0, 20.0, size), "gi": rng.uniform(0.0, 60.0, size)},
            {"ke": np.exp(-DT / 5.0), "ki": np.exp(-DT / 10.0), "drive": 130.0},
            update=step,
            spike=spike("v > -50", "v = -60", hold=50, held=("v",)),
        )
        for name, size in sizes.items()
    )
    return Program(
        DT,
        blocks,
        (),
        *recurrent(sizes, (("exc", "ge", 3.0), ("inh", "gi", 33.0))),
        taps(("exc", "spikes"), ("inh", "spikes"), ("exc", "v"), ("exc", "ge")),
        (Phase(1000),),
    )


def recurrent(sizes: dict[str, int], kinds: tuple[tuple[str, str, float], ...]) -> tuple[tuple[Pathway, ...], tuple[Weights, ...]]:
    """All pairs of populations, ten per cent of the pairs, delays of 0 to 20 steps."""
    rng = np.random.default_rng(3)
    paths = tuple(
        Pathway(
            f"{source} -> {target}",
            source,
            target,
            sparse(rng, sizes[source], sizes[target], 0.1),
            statements(f"{state}_post += w"),
            f"{source} -> {target}:w",
            delay=drawn_delay(f"{source} -> {target}", 8.0, 20),
        )
        for source, state, _ in kinds
        for target in sizes
    )
    means = {source: mean for source, _, mean in kinds}
    return paths, tuple(drawn_weights(path, means[path.source], means[path.source] / 5.0) for path in paths)


def conductance_oracle(program: Program, record: Record, run: Run) -> list[str]:
    """Between its spikes v of neuron 0 obeys the scheme, and ge is the sum over the recorded spikes of exc, from their arrival on."""
    path = next(path for path in program.pathways if path.name == "exc -> exc")
    edges = expand(path.wiring)
    delays, weights = delays_of(path, edges), weight_values(program, next(w for w in program.weights if w.name == path.weights))
    block = program.blocks[0]
    steps = program.steps
    added = np.zeros((steps + 40, block.size))
    for n, i in spikes_of(record, "exc"):
        chosen = edges.pre == i
        np.add.at(added, (n + delays[chosen] + 1, edges.post[chosen]), weights[chosen])
    g, kept = np.broadcast_to(block.states["ge"], block.size), []
    for n in range(steps):
        g = g + added[n]
        kept.append(g)
        g = block.parameters["ke"] * g
    return near("ge", trace_of(record, "exc", "ge"), kept) + causes(record, program)


def causes(record: Record, program: Program) -> list[str]:
    """Both populations fire, and no neuron fires within its hold."""
    wrong, hold = [], hold_of(program.blocks[0])
    for name in ("exc", "inh"):
        found: Array = spikes_of(record, name)
        found = found[np.lexsort((found[:, 0], found[:, 1]))]
        gaps = np.diff(found[:, 0])[np.diff(found[:, 1]) == 0]
        wrong += [] if len(found) else [f"{name} is silent"]
        wrong += [] if not len(gaps) or gaps.min() >= hold else [f"a neuron of {name} fired {gaps.min()} steps after its last spike"]
    return wrong


def hodgkin_huxley() -> Program:
    """Traub and Miles' neurons in a recurrent network, spikes on rising voltage."""
    rng = np.random.default_rng(5)
    sizes = {"exc": 40, "inh": 10}
    blocks = tuple(
        hodgkin_huxley_block(name, n, v=-65.0 + 5.0 * rng.standard_normal(n), ge=rng.uniform(0.0, 80.0, n), gi=rng.uniform(0.0, 300.0, n))
        for name, n in sizes.items()
    )
    return Program(
        DT,
        blocks,
        (),
        *recurrent(sizes, (("exc", "ge", 24.0), ("inh", "gi", 134.0))),
        taps(("exc", "spikes"), ("inh", "spikes"), ("exc", "v"), ("exc", "ge")),
        (Phase(1000),),
    )


def all_wirings() -> Program:
    """Every kind of wiring, with autapses and multapses on and off, into one population; signals count what arrives."""
    source = Block("one", 12, outputs=(("x", update(x="1").assign[0][1]),))
    target = Block("cell", 12, {"n": 0.0}, ports=("p",), update=update(n="p"))
    kinds = (
        Wiring("all_to_all", 12, 12, same=True, autapses=False),
        Wiring("fixed_probability", 12, 12, probability=0.3, stream=1),
        Wiring("fixed_indegree", 12, 12, number=5, stream=2, multapses=False),
        Wiring("fixed_outdegree", 12, 12, number=4, stream=3),
        Wiring("fixed_outdegree", 12, 12, number=4, stream=4, multapses=False, same=True, autapses=False),
        Wiring("fixed_indegree", 12, 12, number=5, stream=5, same=True, autapses=False),
        Wiring("fixed_total_number", 12, 12, number=50, stream=6),
        Wiring("fixed_total_number", 12, 12, number=50, stream=7, multapses=False),
    )
    paths = tuple(
        Pathway(f"p{k}", "one", "cell", wiring, statements("p_post += w * value"), f"w{k}", signal="x", delay=k)
        for k, wiring in enumerate(kinds)
    )
    return Program(
        1.0,
        (source, target),
        (),
        paths,
        tuple(vector(path, 2.0 ** (4 * k)) for k, path in enumerate(paths)),
        taps(("cell", "n")),
        (Phase(4),),
    )


def all_wirings_oracle(program: Program, record: Record, run: Run) -> list[str]:
    """In-degrees, and sums of the degrees that the kinds promise."""
    degrees = [np.bincount(expand(path.wiring).post, minlength=12) for path in program.pathways]
    wanted = sum(2.0 ** (4 * k) * degree for k, degree in enumerate(degrees))
    sums = [int(degree.sum()) for k, degree in enumerate(degrees) if k != 1]
    wrong = [] if sums == [132, 60, 48, 48, 60, 50, 50] else [f"numbers of edges {sums}"]
    return wrong + near("in-degrees", trace_of(record, "cell", "n")[2], wanted, 0.0)


def rate_network() -> Program:
    """A recurrent rate network with a dense matrix, delay 0."""
    rng, n = np.random.default_rng(13), 30
    block = Block(
        "r",
        n,
        {"u": rng.normal(size=n)},
        ports=("s",),
        update=update(u="u + 0.1 * (-u + s)"),
        outputs=(("r", update(r="tanh(u)").assign[0][1]),),
    )
    path = Pathway("W", "r", "r", dense(n, n), statements("s_post += w * value"), "w", signal="r")
    return Program(1.0, (block,), (), (path,), (vector(path, rng.normal(0.0, 1.5 / np.sqrt(n), n * n)),), taps(("r", "u")), (Phase(300),))


def rate_network_oracle(program: Program, record: Record, run: Run) -> list[str]:
    """u += 0.1 (-u + tanh(u) W)."""
    u, w, kept = np.asarray(program.blocks[0].states["u"]), np.asarray(program.weights[0].values).reshape(30, 30), []
    for _ in range(300):
        kept.append(u)
        u = u + 0.1 * (-u + np.tanh(u) @ w)
    return near("u", trace_of(record, "r", "u"), kept, 1e-8)


CASES = (
    Case(
        "cuba_port",
        "current-based network through ports, r = 20",
        lambda: cuba("g", 20, 0.0),
        cuba_oracle,
        spikes=300,
        modes=("cython", "cpp_standalone"),
    ),
    Case("cuba_state", "the same through additions to the current", lambda: cuba("I", 20, 0.0), cuba_oracle, spikes=300),
    Case("cuba_strong", "strong drive, r = 1", lambda: cuba("g", 1, 60.0, 800), cuba_oracle, spikes=500),
    Case("coba", "conductance-based network by exponential Euler", coba, conductance_oracle, spikes=200),
    Case(
        "hodgkin_huxley",
        "conductance-based neurons with gating, rising condition",
        hodgkin_huxley,
        conductance_oracle,
        spikes=200,
        tolerance=1e-6,
    ),
    Case("wirings", "every kind of wiring", all_wirings, all_wirings_oracle),
    Case("rate_network", "a dense recurrent rate network", rate_network, rate_network_oracle),
)

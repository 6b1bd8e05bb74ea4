"""Cases of single neurons that fire: hold, resets, crossings."""

from __future__ import annotations

import numpy as np

from neurosim.conformance.building import (
    DT,
    Array,
    dense,
    events,
    events_of,
    expr,
    lif,
    near,
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
from neurosim.ir.program import Block, Pathway, Phase, Program, Tap, Update, Value
from neurosim.record import Record

# ---- hold --------------------------------------------------------------------------------------------------------------
HOLDS = np.array([1, 5, 20])


def held_steps() -> Program:
    """Drive that crosses the threshold in every free step: intervals are r steps."""
    block = Block("cell", 3, {"v": 0.0}, update=update(v="v + 2"), spike=spike("v > 1", "v = 0", hold=HOLDS, held=("v",)))
    return Program(DT, (block,), taps=(Tap("cell", "spikes"), Tap("cell", "v")), plan=(Phase(205),))


def held_oracle(program: Program, record: Record, run: Run) -> list[str]:
    """Spikes in steps 0, r, 2r, ...; v is 0 in between."""
    wanted = sorted((step, i) for i, r in enumerate(HOLDS) for step in range(0, 205, r))
    return same("spikes", spikes_of(record, "cell"), wanted) + near("v", trace_of(record, "cell", "v"), np.zeros((205, 3)), 0.0)


def detection_only() -> Program:
    """A refractory time in detection only: nothing is held, v goes on, spikes wait."""
    block = Block(
        "cell",
        2,
        {"v": 0.5},
        {"slope": np.array([0.25, 0.0])},
        update=update(v="v + slope"),
        spike=spike("v > 1", hold=np.array([7, 3]), held=()),
    )
    return Program(DT, (block,), taps=(Tap("cell", "spikes"), Tap("cell", "v")), plan=(Phase(100),))


def detection_oracle(program: Program, record: Record, run: Run) -> list[str]:
    """v is a ramp; a spike every 7 steps once it is above."""
    ramp = 0.5 + np.arange(100)[:, None] * np.array([0.25, 0.0])
    return same("spikes", spikes_of(record, "cell"), [(n, 0) for n in range(2, 100, 7)]) + near("v", trace_of(record, "cell", "v"), ramp)


def jumps(reset: str, hold: int) -> Program:
    """Delta jumps on neurons that are often held, and in steps of spikes."""
    rng = np.random.default_rng(2)
    steps, indices = np.nonzero(rng.random((800, 40)) < 0.06)
    block = lif("cell", 12, rng.uniform(5.0, 20.0, 12), 1.0, reset, hold)
    weights = np.where(rng.random(480) < 0.5, np.float32(rng.uniform(0.0, 0.3, 480)), 0.0).astype(np.float64)
    path = Pathway("in -> cell", "in", "cell", dense(40, 12), statements("v_post += w"), "w", delay=rng.integers(0, 4, 480))
    return Program(
        DT,
        (block,),
        (events("in", 40, steps, indices),),
        (path,),
        (vector(path, weights),),
        taps(("cell", "spikes"), ("cell", "v")),
        (Phase(800),),
    )


def jumps_oracle(reset: str, hold: int) -> Oracle:
    """One neuron at a time, plain floats: a jump is lost while held, kept by a subtraction, overwritten by a setting reset."""

    def oracle(program: Program, record: Record, run: Run) -> list[str]:
        steps, path, cell = program.steps, program.pathways[0], program.blocks[0]
        arriving = np.zeros((steps + 8, cell.size))
        source, delay, weights = (
            program.sources[0],
            np.asarray(path.delay).reshape(40, -1),
            np.asarray(program.weights[0].values).reshape(40, -1),
        )
        for n, i in events_of(source):
            np.add.at(arriving, (n + delay[i], np.arange(cell.size)), weights[i])
        spikes, trace, decay = [], np.zeros((steps, cell.size)), np.asarray(cell.parameters["decay"])
        for j in range(cell.size):
            v, last = 0.0, -100
            for n in range(steps):
                trace[n, j] = v
                free = n - last >= hold
                v = decay[j] * v if free else v
                fires = free and v > 1.0
                v = v + arriving[n, j] if free else v
                if fires:
                    v, last = (0.0 if reset == "v = 0" else v - 1.0), n
                    spikes.append((n, j))
        return same("spikes", spikes_of(record, "cell"), sorted(spikes)) + near("v", trace_of(record, "cell", "v"), trace)

    return oracle


def arrival_at_held() -> Program:
    """A port of a held neuron is cleared unread for the held state, and reaches the state that is not held."""
    block = Block(
        "cell",
        1,
        {"v": 0.0, "y": 0.0},
        ports=("a",),
        update=update(v="v + a", y="y + a"),
        spike=spike("v > 1", "v = 0", hold=6, held=("v",)),
    )
    port = Pathway("port", "in", "cell", dense(1, 1), statements("a_post += w"), "w")
    state = Pathway("state", "in", "cell", dense(1, 1), statements("v_post += w"), "u")
    # Two steps of the hold, then one in its last step: the port is read in the first free step.
    source = events("in", 1, [0, 3, 5, 6, 8], [0] * 5)
    return Program(
        DT,
        (block,),
        (source,),
        (port, state),
        (vector(port, 1.5), vector(state, 0.25)),
        taps(("cell", "spikes"), ("cell", "v"), ("cell", "y")),
        (Phase(16),),
    )


def arrival_at_held_oracle(program: Program, record: Record, run: Run) -> list[str]:
    """Worked out by hand: it fires in step 1, is held in 2 ... 6, and fires in step 7 from the port that step 6 filled."""
    v = [0.0, 0.25] + [0.0] * 14
    y = [0.0, 0.0, 1.5, 1.5, 1.5, 3.0, 3.0, 4.5, 6.0, 6.0] + [7.5] * 6
    wrong = near("y", trace_of(record, "cell", "y")[:, 0], y) + near("v", trace_of(record, "cell", "v")[:, 0], v)
    return wrong + same("spikes", spikes_of(record, "cell"), [(1, 0), (7, 0)])


# ---- crossings ---------------------------------------------------------------------------------------------------------
HODGKIN_HUXLEY = Update(
    tuple(
        (name, expr(text))
        for name, text in (
            ("k", "v + 63"),
            ("am", "1.28 / exprel((13 - k) / 4)"),
            ("bm", "1.4 / exprel((k - 40) / 5)"),
            ("ah", "0.128 * exp((17 - k) / 18)"),
            ("bh", "4 / (1 + exp((40 - k) / 5))"),
            ("an", "0.16 / exprel((15 - k) / 5)"),
            ("bn", "0.5 * exp((10 - k) / 40)"),
            ("gt", "10 + ge + gi + 20000 * m**3 * h + 6000 * n**4"),
            ("vi", "(10 * (-60) + gi * (-80) + 20000 * m**3 * h * 50 + 6000 * n**4 * (-90) + drive) / gt"),
            ("v", "vi + (v - vi) * exp(-dt * gt / 200)"),
            ("m", "am / (am + bm) + (m - am / (am + bm)) * exp(-dt * (am + bm))"),
            ("h", "ah / (ah + bh) + (h - ah / (ah + bh)) * exp(-dt * (ah + bh))"),
            ("n", "an / (an + bn) + (n - an / (an + bn)) * exp(-dt * (an + bn))"),
            ("ge", "ke * ge"),
            ("gi", "ki * gi"),
        )
    )
)
"""Traub and Miles' neuron (Brette et al. 2007, benchmark 3) by exponential Euler; 200 pF, conductances in nS."""


def hodgkin_huxley_block(name: str, size: int, **states: Value) -> Block:
    """Spikes are upward crossings of -20 mV."""
    initial = {"v": -65.0, "m": 0.05, "h": 0.6, "n": 0.3, "ge": 0.0, "gi": 0.0, **states}
    return Block(
        name,
        size,
        initial,
        {"ke": np.exp(-DT / 5.0), "ki": np.exp(-DT / 10.0), "drive": 0.0},
        update=HODGKIN_HUXLEY,
        spike=spike("v > -20", rising=True),
    )


def crossing() -> Program:
    """Four neurons under a constant current fire when v crosses -20 mV upwards, once per action potential."""
    block = hodgkin_huxley_block("cell", 4)
    block = Block(
        "cell",
        4,
        block.states,
        {**block.parameters, "drive": np.array([0.0, 200.0, 500.0, 1000.0])},
        update=block.update,
        spike=block.spike,
    )
    return Program(DT, (block,), taps=taps(("cell", "spikes"), ("cell", "v")), plan=(Phase(1500),))


def crossing_oracle(program: Program, record: Record, run: Run) -> list[str]:
    """Spikes are the upward crossings of the recorded trace, and the trace is that of a plain loop."""
    v = trace_of(record, "cell", "v")
    above = v > -20.0
    n, i = np.nonzero(above[1:] & ~above[:-1])
    found = spikes_of(record, "cell")
    found = found[found[:, 0] < len(v) - 1]
    return same("crossings", found, np.stack([n, i], -1)) + near(
        "v", v, hodgkin_huxley_loop(np.array([0.0, 200.0, 500.0, 1000.0]), program.steps), 1e-6
    )


def hodgkin_huxley_loop(drive: Array, steps: int) -> Array:
    """(T, N) membrane of the same scheme written as array code."""

    def exprel(x: Array) -> Array:
        return np.where(np.abs(x) < 1e-12, 1.0, np.expm1(x) / np.where(x == 0.0, 1.0, x))

    v, m, h, n = (np.full(len(drive), x) for x in (-65.0, 0.05, 0.6, 0.3))
    trace = np.zeros((steps, len(drive)))
    for k in range(steps):
        trace[k] = v
        u = v + 63.0
        total = 10.0 + 20000.0 * m**3 * h + 6000.0 * n**4
        goal = (-600.0 + 20000.0 * m**3 * h * 50.0 - 6000.0 * n**4 * 90.0 + drive) / total
        pairs = (
            (1.28 / exprel((13 - u) / 4), 1.4 / exprel((u - 40) / 5), m),
            (0.128 * np.exp((17 - u) / 18), 4 / (1 + np.exp((40 - u) / 5)), h),
            (0.16 / exprel((15 - u) / 5), 0.5 * np.exp((10 - u) / 40), n),
        )
        m, h, n = (a / (a + b) + (x - a / (a + b)) * np.exp(-DT * (a + b)) for a, b, x in pairs)
        v = goal + (v - goal) * np.exp(-DT * total / 200.0)
    return trace


def since_spike() -> Program:
    """A threshold that decays after each spike, through since_spike: infinite before the first."""
    block = Block("cell", 1, {"v": 0.0}, update=update(v="v + 0.125"), spike=spike("v > 1 + 4 * exp(-since_spike / 2)", "v = 0"))
    return Program(DT, (block,), taps=taps(("cell", "spikes")), plan=(Phase(400),))


def since_spike_oracle(program: Program, record: Record, run: Run) -> list[str]:
    """A loop with the time counted by hand."""
    v, last, wanted = 0.0, None, []
    for n in range(program.steps):
        v += 0.125
        if v > 1.0 + (0.0 if last is None else 4.0 * np.exp(-(n - last) * DT / 2.0)):
            v, last = 0.0, n
            wanted.append((n, 0))
    return same("spikes", spikes_of(record, "cell"), wanted)


def held_exactly() -> Program:
    """An adaptation current that couples to a held membrane sees it constant: its update knows ``held``."""
    n = 6
    a, b = np.linspace(0.5, 2.0, n), np.linspace(20.0, 35.0, n)
    # Euler's scheme; while v is held only w moves.
    block = Block(
        "cell",
        n,
        {"v": 0.0, "w": 0.0},
        {"a": a, "mu": b},
        update=update(k="where(held, 0, (mu - v - w) / 10)", v="v + dt * k", w="w + dt * (a * (v + 5) - w) / 50"),
        spike=spike("v > 15", "v = -5; w += 2", hold=30, held=("v",)),
    )
    return Program(DT, (block,), taps=taps(("cell", "spikes"), ("cell", "v"), ("cell", "w")), plan=(Phase(2000),))


def held_exactly_oracle(program: Program, record: Record, run: Run) -> list[str]:
    """Array code."""
    cell = program.blocks[0]
    v, w, last, spikes, trace = np.zeros(6), np.zeros(6), np.full(6, -999), [], []
    for n in range(program.steps):
        trace.append(w)
        free = n - last >= 30
        new = v + DT * np.where(free, (cell.parameters["mu"] - v - w) / 10.0, 0.0)
        w = w + DT * (cell.parameters["a"] * (v + 5.0) - w) / 50.0
        fires = free & (new > 15.0)
        spikes += [(n, i) for i in np.flatnonzero(fires)]
        v, w, last = np.where(fires, -5.0, new), np.where(fires, w + 2.0, w), np.where(fires, n, last)
    return same("spikes", spikes_of(record, "cell"), spikes) + near("w", trace_of(record, "cell", "w"), trace)


CASES = (
    Case("held_steps", "refractory intervals of 1, 5 and 20 steps", held_steps, held_oracle, spikes=250),
    Case("detection_only_refractory", "a hold without held states", detection_only, detection_oracle, spikes=14),
    Case(
        "jumps_reset",
        "jumps on held neurons and in spike steps, v = 0, r = 1",
        lambda: jumps("v = 0", 1),
        jumps_oracle("v = 0", 1),
        spikes=200,
    ),
    Case("jumps_reset_held", "the same with r = 5", lambda: jumps("v = 0", 5), jumps_oracle("v = 0", 5), spikes=200),
    Case(
        "jumps_subtract", "subtractive reset keeps the jump of its step", lambda: jumps("v -= 1", 1), jumps_oracle("v -= 1", 1), spikes=200
    ),
    Case(
        "jumps_subtract_held",
        "subtractive reset, r = 5",
        lambda: jumps("v -= 1", 5),
        jumps_oracle("v -= 1", 5),
        spikes=200,
        modes=("cython", "cpp_standalone"),
    ),
    Case("arrival_at_held", "port and addition at a held neuron, worked out by hand", arrival_at_held, arrival_at_held_oracle, spikes=2),
    Case("hodgkin_huxley_crossing", "rising condition of a conductance-based neuron", crossing, crossing_oracle, spikes=20, tolerance=1e-6),
    Case("since_spike", "a threshold that depends on the time since the last spike", since_spike, since_spike_oracle, spikes=10),
    Case("held_exactly", "a coupled state sees the held membrane", held_exactly, held_exactly_oracle, spikes=10),
)

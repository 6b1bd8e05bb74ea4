"""Cases of the plan: tables, items, masks, planned assignments, Steps."""

from __future__ import annotations

import numpy as np

from neurosim.conformance.building import (
    DT,
    Array,
    dense,
    events,
    expr,
    near,
    one_to_one,
    outputs,
    same,
    spike,
    spikes_of,
    statements,
    taps,
    trace_of,
    update,
    vector,
)
from neurosim.conformance.case import Case, Run
from neurosim.ir.program import Assign, Block, CopyWeights, Pathway, Phase, Program, Rule, Source, Steps, Tap
from neurosim.record import Record

ITEMS = np.array([[1.0, 2.0], [3.0, 5.0], [8.0, 13.0]])


def items() -> Program:
    """Three tables of three items, 4 steps each, in an order, that repeat, hold and end; records per item; reset at each item."""
    sources = tuple(
        Source(after, 2, "table", table=ITEMS, steps_per_item=4, order=np.array([2, 0]), after=after) for after in ("repeat", "hold", "zero")
    )
    cells = tuple(
        Block(
            f"{s.name} cell",
            2,
            {"total": 0.0},
            ports=("p",),
            update=update(total="total + p"),
            outputs=outputs(p_seen="p"),
            start={"p_seen": 0.0},
        )
        for s in sources
    )
    paths = tuple(
        Pathway(f"{s.name} path", s.name, c.name, one_to_one(2), statements("p_post += value"), signal="value", instant=True)
        for s, c in zip(sources, cells)
    )
    recorded = tuple(
        tap
        for c in cells
        for tap in (Tap(c.name, "total", steps=Steps(4), at="end"), Tap(c.name, "p_seen", steps=Steps(4), at="end", reduce="mean"))
    )
    reset = tuple(Assign(c.name, "total", 0.0, Steps(4, 0)) for c in cells)
    return Program(1.0, cells, sources, paths, (), recorded, (Phase(16, assign=reset), Phase(8, assign=reset)))


def items_oracle(program: Program, record: Record, run: Run) -> list[str]:
    """Rows 2, 0, then 2, 0 again, or 0, 0, or zeros; the second phase starts anew."""
    shown = {"repeat": [2, 0, 2, 0, 2, 0], "hold": [2, 0, 0, 0, 2, 0], "zero": [2, 0, 3, 3, 2, 0]}
    table, wrong = np.vstack([ITEMS, np.zeros(2)]), []
    for name, rows in shown.items():
        wrong += near(f"{name} total", trace_of(record, f"{name} cell", "total"), 4.0 * table[rows])
        wrong += near(f"{name} mean", trace_of(record, f"{name} cell", "p_seen"), table[rows])
    return wrong


def assignments() -> Program:
    """States and parameters by numbers, arrays and expressions, at given steps and every ten steps; weights copied transposed."""
    a = Block("a", 2, {"x": 1.0}, {"k": 0.5}, update=update(x="x + k"), outputs=outputs(r="x"))
    b = Block("b", 3, {"y": 0.0}, ports=("p",), update=update(y="p"), outputs=outputs(r="y"))
    up = Pathway("up", "a", "b", dense(2, 3), statements("p_post += w * value"), "w", signal="r")
    down = Pathway(
        "down",
        "b",
        "a",
        dense(3, 2),
        (),
        "u",
        signal="r",
        parameters={"eta": 0.0},
        rules=(Rule("learn", Steps(1), statements("w += eta")),),
    )
    swapped = np.arange(6).reshape(2, 3).T.ravel()
    plan = (
        Phase(20, assign=(Assign("a", "x", np.array([0.0, 10.0]), (0, 7)), Assign("a", "k", expr("k + 0.25"), Steps(10, 5)))),
        Phase(
            10,
            label="second",
            assign=(Assign("u", "", CopyWeights("w", swapped, 2.0)), Assign("down", "eta", 0.125), Assign("w", "", expr("w * 0.5"), (3,))),
        ),
    )
    weights = (vector(up, np.arange(6.0)), vector(down, 0.0))
    return Program(1.0, (a, b), (), (up, down), weights, (*taps(("a", "x"), ("b", "y"), at="end"), Tap("down", "w", at="end")), plan)


def assignments_oracle(program: Program, record: Record, run: Run) -> list[str]:
    """Array code."""
    x, k, w, eta = np.ones(2), 0.5, np.arange(6.0).reshape(2, 3), 0.0
    u: Array = np.zeros(6)
    port, kept = x @ w, []
    for n in range(30):
        if n in (0, 7):
            x = np.array([0.0, 10.0])
        if n < 20 and n % 10 == 5:
            k += 0.25
        if n == 20:
            u, eta = 2.0 * w.T.ravel(), 0.125
        if n == 23:
            w = w * 0.5
        x, y = x + k, port
        port = x @ w
        u = u + eta
        kept.append((x, y, u))
    wrong = near("x", trace_of(record, "a", "x"), [row[0] for row in kept]) + near(
        "y", trace_of(record, "b", "y"), [row[1] for row in kept]
    )
    return wrong + near("w", trace_of(record, "down", "w"), [row[2] for row in kept])


def copied_constants() -> Program:
    """Weights that never change, two matrices and one number for all, are copied into others: transposed, negative, one entry for many."""
    a, b = (Block(name, size, {"v": 0.0}, update=update(v="0.5 * v")) for name, size in (("a", 2), ("b", 3)))
    sent = (events("from a", 2, range(20), np.arange(20) % 2), events("from b", 3, range(20), np.arange(20) % 3))
    up, back = (Pathway(name, "from a", "b", dense(2, 3), statements("v_post += w"), f"w {name}") for name in ("up", "all"))
    down = Pathway("down", "from b", "a", dense(3, 2), statements("v_post += w"), "w down")
    swapped = np.arange(6).reshape(2, 3).T.ravel()
    weights = (vector(up, np.arange(6.0), quantum=1.0), vector(back, 64.0, quantum=1.0), vector(down, 1.0))
    plan = (
        Phase(6),
        Phase(6, assign=(Assign("w down", "", CopyWeights("w up", swapped, -0.5)),)),
        Phase(8, assign=(Assign("w down", "", CopyWeights("w all", swapped, 0.25)), Assign("w down", "", CopyWeights("w up"), (4,)))),
    )
    return Program(1.0, (a, b), sent, (up, back, down), weights, taps(("a", "v"), ("b", "v"), at="end"), plan)


def copied_constants_oracle(program: Program, record: Record, run: Run) -> list[str]:
    """Array code."""
    matrix, down, a, b, kept = np.arange(6.0).reshape(2, 3), np.ones((3, 2)), np.zeros(2), np.zeros(3), []
    for n in range(20):
        down = {6: -0.5 * matrix.T, 12: np.full((3, 2), 16.0), 16: matrix.reshape(3, 2)}.get(n, down)
        a, b = 0.5 * a + down[n % 3], 0.5 * b + matrix[n % 2] + 64.0
        kept.append((a, b))
    wrong = near("v of a", trace_of(record, "a", "v"), [row[0] for row in kept])
    return wrong + near("v of b", trace_of(record, "b", "v"), [row[1] for row in kept])


def steps_rules() -> Program:
    """Rules every three steps, at the first and from the fifth on; their order: blocks before pathways."""
    cell = Block(
        "cell",
        1,
        {"a": 0.0, "b": 0.0},
        rules=(
            Rule("last", Steps(3), statements("a += 1")),
            Rule("first", Steps(3, 0), statements("b += 1")),
            Rule("late", Steps(2, 1, 5), statements("b += 100")),
        ),
    )
    source = Block("clock", 1, outputs=(("one", expr("1")),))
    path = Pathway(
        "clock -> cell",
        "clock",
        "cell",
        dense(1, 1),
        (),
        "w",
        signal="one",
        rules=(Rule("sum", Steps(3), statements("w += a_post * one_pre")),),
    )
    return Program(
        1.0,
        (source, cell),
        (),
        (path,),
        (vector(path, 0.0),),
        (*taps(("cell", "a"), ("cell", "b"), at="end"), Tap("clock -> cell", "w", at="end")),
        (Phase(7), Phase(8)),
    )


def steps_rules_oracle(program: Program, record: Record, run: Run) -> list[str]:
    """Counted from the start of each phase."""
    a = b = w = 0.0
    kept = []
    for k in (*range(7), *range(8)):
        a += k % 3 == 2
        b += (k % 3 == 0) + 100.0 * (k >= 5 and k % 2 == 1)
        w += a * (k % 3 == 2)
        kept.append((a, b, w))
    got = np.concatenate([trace_of(record, "cell", "a"), trace_of(record, "cell", "b"), trace_of(record, "clock -> cell", "w")], 1)
    return near("a, b, w", got, kept, 0.0)


def masks() -> Program:
    """Seven phases in which nothing, a pathway, a source, a rule of a block and a rule of a pathway are off."""
    cell = Block("cell", 1, {"y": 0.0, "c": 0.0}, update=update(y="y"), rules=(Rule("count", Steps(1), statements("c += 1")),))
    path = Pathway(
        "in -> cell",
        "in",
        "cell",
        dense(1, 1),
        statements("y_post += w"),
        "w",
        delay=2,
        states={"s": 1.0},
        update=update(s="s + 1"),
        rules=(Rule("learn", "arrival", statements("w += 1; s += 100")),),
    )
    level = Source("level", 1, "table", table=np.array([[0.5]]))
    signal = Pathway("level -> cell", "level", "cell", one_to_one(1), statements("y_post += 1000 * value"), signal="value")
    offs = ((), ("in -> cell",), (), ("in",), ("learn", "count"), ("level",), ("level -> cell",))
    plan = tuple(Phase(5, off=frozenset(off)) for off in offs)
    return Program(
        1.0,
        (cell,),
        (events("in", 1, range(35), [0] * 35), level),
        (path, signal),
        (vector(path, 1.0),),
        (*taps(("cell", "y"), ("cell", "c"), at="end"), Tap("in -> cell", "s", at="end")),
        plan,
    )


def masks_oracle(program: Program, record: Record, run: Run) -> list[str]:
    """What would arrive at a masked pathway is dropped, its states advance; a masked source is silent."""
    y, c, s, w, kept = 0.0, 0.0, 1.0, 1.0, []
    for n in range(35):
        phase = n // 5
        s += 1.0
        if n >= 2 and (n - 2) // 5 != 3 and phase != 1:
            y += w
            if phase != 4:
                w, s = w + 1.0, s + 100.0
        y += 0.0 if phase in (5, 6) else 500.0
        c += phase != 4
        kept.append((y, c, s))
    got = np.concatenate([trace_of(record, "cell", "y"), trace_of(record, "cell", "c"), trace_of(record, "in -> cell", "s")], 1)
    return near("y, c, s", got, kept, 0.0)


def end_of_hold() -> Program:
    """The plan ends a hold of 50 steps after 10."""
    cell = Block("cell", 2, {"v": 0.0}, update=update(v="v + 0.375"), spike=spike("v > 1", "v = 0", hold=50, held=("v",)))
    return Program(
        DT, (cell,), taps=taps(("cell", "spikes"), ("cell", "v")), plan=(Phase(12), Phase(40, assign=(Assign("cell", "hold", 0.0),)))
    )


def end_of_hold_oracle(program: Program, record: Record, run: Run) -> list[str]:
    """Fires in step 2; free from step 12: fires in step 14."""
    return same("spikes", spikes_of(record, "cell"), [(2, 0), (2, 1), (14, 0), (14, 1)])


def counts() -> Program:
    """Events counted per neuron and over the population, per ten steps, at the start and at the end of steps."""
    cell = Block("cell", 3, {"v": 0.0}, {"k": np.array([0.41, 0.73, 1.53])}, update=update(v="v + k"), spike=spike("v > 1", "v -= 1"))
    source = Source("in", 2, "spikes", steps=np.arange(25), indices=np.zeros(25, np.int64))
    recorded = (
        Tap("cell", "spikes"),
        Tap("cell", "counts", steps=Steps(10), at="end"),
        Tap("cell", "count", steps=Steps(10, 0)),
        Tap("in", "counts", of=np.array([1, 0]), steps=Steps(5), at="end"),
    )
    return Program(1.0, (cell,), (source,), taps=recorded, plan=(Phase(35),))


def counts_oracle(program: Program, record: Record, run: Run) -> list[str]:
    """Histograms of the recorded events."""
    found = spikes_of(record, "cell")
    hist = np.array([[((found[:, 0] // 10 == k) & (found[:, 1] == i)).sum() for i in range(3)] for k in range(3)])
    wrong = near("counts", trace_of(record, "cell", "counts"), hist) + near(
        "count", trace_of(record, "cell", "count")[:, 0], [0, *hist.sum(1)]
    )
    return wrong + near("counts of a source", trace_of(record, "in", "counts"), [[0, 5]] * 5 + [[0, 0]] * 2)


CASES = (
    Case("items", "tables of samples, per-item records and resets", items, items_oracle),
    Case("assignments", "planned values, expressions, transposed copies of weights", assignments, assignments_oracle),
    Case("copied_constants", "constant weights copied into others", copied_constants, copied_constants_oracle),
    Case("steps_rules", "rules every k steps, counted from the phase", steps_rules, steps_rules_oracle),
    Case("masks", "rules, sources and pathways that are off", masks, masks_oracle),
    Case("end_of_hold", "a planned end of the hold", end_of_hold, end_of_hold_oracle, spikes=4),
    Case("counts", "taps that count events", counts, counts_oracle, spikes=60),
)

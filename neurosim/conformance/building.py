"""Short words for Programs and oracles made by hand."""

from __future__ import annotations

import numpy as np

from neurosim.equations.parse import parse_expression, parse_statements
from neurosim.equations.tree import Expr
from neurosim.ir.program import Block, Pathway, Program, Sampled, Source, Spike, Statement, Tap, Update, Value, Weights, Wiring
from neurosim.ir.random import stream
from neurosim.record import Record

Array = np.ndarray
DT = 0.1
"""Step of the cases in ms where nothing else is said."""


def expr(text: str) -> Expr:
    """A tree."""
    return parse_expression(text)


def statements(text: str) -> tuple[Statement, ...]:
    """``v = -60; x += 1`` as statements."""
    return tuple(Statement(parsed.target, parsed.op, parsed.expr) for parsed in parse_statements(text))


def update(**assign: str) -> Update:
    """Ordered assignments, by keyword."""
    return Update(tuple((name, parse_expression(text)) for name, text in assign.items()))


def outputs(**texts: str) -> tuple[tuple[str, Expr], ...]:
    """Ordered outputs, by keyword."""
    return tuple((name, parse_expression(text)) for name, text in texts.items())


def spike(
    condition: str, reset: str = "", payload: str = "1", rising: bool = False, hold: int | Array = 1, held: tuple[str, ...] = ()
) -> Spike:
    """Detection, reset and hold from texts."""
    return Spike(parse_expression(condition), statements(reset), parse_expression(payload), rising, hold, held)


def dense(sources: int, targets: int) -> Wiring:
    """All to all: edge i * targets + j."""
    return Wiring("all_to_all", sources, targets)


def one_to_one(size: int) -> Wiring:
    """Edge i from i to i."""
    return Wiring("one_to_one", size, size)


def pairs(sources: int, targets: int, pre: object, post: object) -> Wiring:
    """Given edges, put into canonical order."""
    pre, post = np.asarray(pre, np.int64), np.asarray(post, np.int64)
    order = np.lexsort((post, pre))
    return Wiring("pairs", sources, targets, pre=pre[order], post=post[order])


def sparse(rng: np.random.Generator, sources: int, targets: int, probability: float) -> Wiring:
    """Drawn edges, as given pairs."""
    return pairs(sources, targets, *np.nonzero(rng.random((sources, targets)) < probability))


def events(name: str, size: int, steps: object, indices: object, payloads: object | None = None) -> Source:
    """A list of events, sorted."""
    steps, indices = np.asarray(steps, np.int64), np.asarray(indices, np.int64)
    order = np.lexsort((indices, steps))
    paid = None if payloads is None else np.asarray(payloads, np.float64)[order]
    return Source(name, size, "spikes", steps=steps[order], indices=indices[order], payloads=paid)


def vector(pathway: Pathway, values: Value | Sampled, low: float = -np.inf, high: float = np.inf, quantum: float = 0.0) -> Weights:
    """The weights of a pathway that is named after them."""
    return Weights(pathway.weights, pathway.name, values, low, high, quantum)


def lif(
    name: str,
    size: int,
    tau: float | Array = 20.0,
    threshold: float | str = 1.0,
    reset: str = "v = 0",
    hold: int | Array = 1,
    into: str = "drive",
    v: float | Array = 0.0,
    **parameters: Value,
) -> Block:
    """v decays with ``tau`` [ms] and adds what its port ``drive`` received."""
    decay = np.exp(-DT / np.asarray(tau, np.float64))
    return Block(
        name,
        size,
        {"v": v},
        {"decay": decay, **parameters},
        (into,),
        update(v=f"decay * v + {into}"),
        spike=spike(f"v > {threshold}", reset, hold=hold, held=("v",)),
        units={"v": "mV"},
    )


def hold_of(block: Block) -> int:
    """Steps from a spike to the first step in which the neuron is not held; 1 for a block that does not fire."""
    return 1 if block.spike is None else int(np.max(block.spike.hold_steps))


def events_of(source: Source) -> list[tuple[int, int]]:
    """(step, index) of the events of a source, in their order."""
    return [(int(n), int(i)) for n, i in zip(np.asarray(source.steps), np.asarray(source.indices))]


def spikes_of(record: Record, part: str, copy: int = 0) -> Array:
    """(M, 2) steps and indices of one copy, sorted."""
    found = record.events[part]
    rows: Array = np.stack([found.steps, found.indices], -1)[found.copies == copy]
    rows = rows[np.lexsort((rows[:, 1], rows[:, 0]))]
    return rows


def trace_of(record: Record, part: str, variable: str, copy: int = 0) -> Array:
    """(T, K) recorded values of one copy."""
    return record.traces[part, variable].values[:, copy]


def near(what: str, got: object, expected: object, tolerance: float = 1e-9) -> list[str]:
    """A complaint if two arrays differ."""
    a, b = np.asarray(got, np.float64), np.asarray(expected, np.float64)
    if a.shape != b.shape:
        return [f"{what}: shape {a.shape}, expected {b.shape}"]
    gap = np.max(np.abs(a - b), initial=0.0)
    return [] if gap <= tolerance else [f"{what} differs by {gap:.2e}, allowed {tolerance:.0e}"]


def same(what: str, got: object, expected: object) -> list[str]:
    """A complaint if two arrays are not equal."""
    a, b = np.asarray(got), np.asarray(expected)
    if a.shape != b.shape:
        return [f"{what}: {len(a)} entries, expected {len(b)}"]
    return [] if (a == b).all() else [f"{what}: {int((a != b).sum())} entries differ"]


def key(name: str, purpose: str = "wiring") -> int:
    """A stream for a part of a case."""
    return stream(0, name, purpose)


def taps(*pairs_: tuple[str, str], at: str = "start") -> tuple[Tap, ...]:
    """Taps of (part, variable) in every step."""
    return tuple(Tap(part, variable, at=at) for part, variable in pairs_)


def steps_of(program: Program) -> Array:
    """(T,) steps of the run."""
    return np.arange(program.steps)

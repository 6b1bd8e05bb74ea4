"""A complete engine in one file: populations that fire, synapses with fixed weights and delays. The rest it declares as obstacles.

It is the example of "how to add an engine" in the documentation; slow, and for one copy.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

import numpy as np

from neurosim.backends.base import Capabilities, Obstacle, Progress, Settings
from neurosim.equations.evaluate import evaluate
from neurosim.equations.tree import Expr, names
from neurosim.errors import UnsupportedError
from neurosim.ir.program import Block, Pathway, Program
from neurosim.ir.wiring import delays_of, expand, weight_index, weight_values
from neurosim.record import Events, Record, Trace


@dataclass(frozen=True)
class Toy:
    """What the registry makes and :func:`neurosim.simulate` asks."""

    name: str = "toy"

    def capabilities(self) -> Capabilities:
        """Identical to the reference on all that it takes."""
        return Capabilities(level=lambda settings: "identical", obstacles=lambda program, settings: tuple(obstacles(program, settings)))

    def compile(self, program: Program, settings: Settings, progress: Progress | None = None) -> ToyRun:
        """Nothing is compiled here; another engine would write its code now."""
        return ToyRun(program)


# ---- what it cannot do, before anything runs -------------------------------------------------------------------------
def obstacles(program: Program, settings: Settings) -> Iterator[Obstacle]:
    """Everything that stands in the way, with what to do about it."""
    use_native = 'use backend="native"'
    if settings.copies > 1:
        yield Obstacle("copies", "several copies at once", "run them one by one")
    for source in program.sources:
        if source.kind != "spikes":
            yield Obstacle(f"source {source.name!r}", f"a source of the kind {source.kind}", "freeze the Program, or " + use_native)
    for block in program.blocks:
        if block.rules or block.draws or block.outputs or (block.spike and block.spike.rising):
            yield Obstacle(f"population {block.name!r}", "rules, draws, outputs or a rising condition", use_native)
    for pathway in program.pathways:
        plain = names_read(pathway) <= {"value", "w", *pathway.parameters} and not pathway.update.assign and not pathway.rules
        if pathway.signal or not plain:
            yield Obstacle(f"projection {pathway.name!r}", "a signal, or synapses with states or rules", use_native)
    if any(phase.assign or phase.off for phase in program.plan):
        yield Obstacle("schedule", "changes on the way", use_native)
    for tap in program.taps:
        if tap.variable in ("count", "counts") or tap.at == "end" or tap.reduce != "last":
            yield Obstacle(f"probe of {tap.part!r}", "counts, means or records at the end of a step", use_native)


def names_read(pathway: Pathway) -> set[str]:
    """What the statements of delivery read."""
    return {name for statement in pathway.deliver for name in names(statement.expr)}


# ---- the machine -----------------------------------------------------------------------------------------------------
@dataclass
class Synapses:
    """The edges of a pathway (E,), and what is under way: step of arrival -> list of (edges, payloads)."""

    pathway: Pathway
    pre: np.ndarray
    post: np.ndarray
    delay: np.ndarray
    weight: np.ndarray
    under_way: dict[int, list[tuple[np.ndarray, np.ndarray]]] = field(default_factory=lambda: defaultdict(list))

    def send(self, step: int, fired: np.ndarray, payload: np.ndarray) -> None:
        """Put the edges of neurons that fired where they will be found when they arrive."""
        edges = np.concatenate([np.flatnonzero(self.pre == neuron) for neuron in fired])
        carried = np.concatenate([np.full(np.sum(self.pre == neuron), paid) for neuron, paid in zip(fired, payload)])
        for delay in np.unique(self.delay[edges]):
            due = self.delay[edges] == delay
            self.under_way[step + int(delay)].append((edges[due], carried[due]))


class ToyRun:
    """A Program that runs: the Executable."""

    def __init__(self, program: Program) -> None:
        self.program, self.step = program, 0
        self.states = {b.name: {name: np.full(b.size, value, float) for name, value in b.states.items()} for b in program.blocks}
        self.ports = {b.name: {port: np.zeros(b.size) for port in b.ports} for b in program.blocks}
        self.free_at = {b.name: np.zeros(b.size, np.int64) for b in program.blocks}
        self.last_spike = {b.name: np.full(b.size, -np.inf) for b in program.blocks}
        self.synapses = [self.wired(pathway) for pathway in program.pathways]
        self.events: dict[str, list[tuple[int, int, float]]] = {tap.part: [] for tap in program.taps if tap.variable == "spikes"}
        self.traces: dict[tuple[str, str], list[tuple[int, np.ndarray]]] = {
            (tap.part, tap.variable): [] for tap in program.taps if tap.variable != "spikes"
        }

    def wired(self, pathway: Pathway) -> Synapses:
        """The edges of a recipe: the same numbers on every engine, because they all ask `neurosim.ir.wiring`."""
        edges = expand(pathway.wiring)
        weight = np.zeros(len(edges))
        if pathway.weights:
            vector = next(weights for weights in self.program.weights if weights.name == pathway.weights)
            entries = weight_index(self.program, pathway, edges)
            weight = pathway.factor * np.broadcast_to(weight_values(self.program, vector), (max(len(edges), 1),))[entries]
        return Synapses(pathway, edges.pre, edges.post, delays_of(pathway, edges), weight)

    def run(self, steps: int | None = None, progress: Progress | None = None) -> None:
        """Advance to the end of the plan, or by some steps."""
        last = self.program.steps if steps is None else min(self.step + steps, self.program.steps)
        while self.step < last:
            self.advance()
            self.step += 1

    def advance(self) -> None:
        """One step, phase by phase: "The meaning of a step" in the documentation."""
        self.take_records()
        held = {block.name: self.step < self.free_at[block.name] for block in self.program.blocks}
        for block in self.program.blocks:
            self.integrate(block, held[block.name])
        fired = {block.name: self.detect(block, held[block.name]) for block in self.program.blocks}
        self.deliver(held)
        for block in self.program.blocks:
            self.reset(block, fired[block.name])

    def names(self, block: Block) -> dict[str, np.ndarray | float]:
        """What an expression of this population may read."""
        clock = {"t": self.step * self.program.dt, "dt": self.program.dt}
        since = (self.step - self.last_spike[block.name]) * self.program.dt
        return {**block.parameters, **self.states[block.name], **self.ports[block.name], **clock, "since_spike": since}

    def take_records(self) -> None:
        """Phase 1."""
        for tap in self.program.taps:
            if tap.variable != "spikes" and self.step in tap.steps:
                value = {**self.states[tap.part], **self.ports[tap.part]}[tap.variable]
                self.traces[tap.part, tap.variable].append((self.step, value.copy() if tap.of is None else value[tap.of]))

    def integrate(self, block: Block, held: np.ndarray) -> None:
        """Phase 2: new states are committed together, held ones keep their value, ports are cleared."""
        known = {**self.names(block), "held": held.astype(float)}
        new = {}
        for name, expr in block.update.assign:
            value = value_of(expr, known)
            (new if name in self.states[block.name] else known)[name] = value
        for name, value in new.items():
            keeps = held if block.spike and name in block.spike.hold_states else np.zeros(block.size, bool)
            self.states[block.name][name] = np.where(keeps, self.states[block.name][name], value)
        for port in self.ports[block.name].values():
            port[:] = 0.0

    def detect(self, block: Block, held: np.ndarray) -> np.ndarray:
        """Phase 3: who fires; their events set out."""
        if block.spike is None:
            return np.zeros(0, np.int64)
        known = self.names(block)
        fired = np.flatnonzero(np.broadcast_to(value_of(block.spike.condition, known), block.size).astype(bool) & ~held)
        self.send(block.name, fired, np.broadcast_to(value_of(block.spike.payload, known), block.size)[fired])
        return fired

    def send(self, part: str, fired: np.ndarray, payload: np.ndarray) -> None:
        """Into the record and onto the way."""
        if part in self.events:
            self.events[part] += [(self.step, int(neuron), float(paid)) for neuron, paid in zip(fired, payload)]
        for synapses in self.synapses:
            if synapses.pathway.source == part and len(fired):
                synapses.send(self.step, fired, payload)

    def deliver(self, held: Mapping[str, np.ndarray]) -> None:
        """Phase 4: sources send theirs, then everything that is due arrives; additions to a state reach it once."""
        for source in self.program.sources:
            now = np.asarray(source.steps) == self.step
            paid = np.ones(len(now)) if source.payloads is None else np.asarray(source.payloads)
            self.send(source.name, np.asarray(source.indices)[now], paid[now])
        added: dict[tuple[str, str], np.ndarray] = {}
        for synapses in self.synapses:
            pathway = synapses.pathway
            for edges, payload in synapses.under_way.pop(self.step, []):
                for statement in pathway.deliver:
                    known = {**pathway.parameters, "value": payload, "w": synapses.weight[edges]}
                    variable = statement.target.removesuffix("_post")
                    size = self.program.block(pathway.target).size
                    into = self.ports[pathway.target].get(variable)
                    into = added.setdefault((pathway.target, variable), np.zeros(size)) if into is None else into
                    amount = np.broadcast_to(value_of(statement.expr, known), len(edges))
                    np.add.at(into, synapses.post[edges], amount if statement.op == "+=" else -amount)
        for (name, variable), amount in added.items():
            spike = self.program.block(name).spike
            keeps = held[name] if spike and variable in spike.hold_states else np.zeros(len(amount), bool)
            self.states[name][variable] += np.where(keeps, 0.0, amount)

    def reset(self, block: Block, fired: np.ndarray) -> None:
        """Phase 6: the statements one after the other, then the hold."""
        if block.spike is None or not len(fired):
            return
        for statement in block.spike.reset:
            state = self.states[block.name][statement.target]
            right = np.broadcast_to(value_of(statement.expr, self.names(block)), block.size)[fired]
            old = state[fired]
            state[fired] = {"=": right, "+=": old + right, "-=": old - right, "*=": old * right}[statement.op]
        self.last_spike[block.name][fired] = self.step
        self.free_at[block.name][fired] = self.step + np.broadcast_to(block.spike.hold_steps, block.size)[fired]

    # ---- what it hands back ----------------------------------------------------------------------------------------------
    def present(self) -> dict[tuple[str, str], np.ndarray]:
        """The states as they are, with an axis for the one copy."""
        return {(part, name): value[None].copy() for part, states in self.states.items() for name, value in states.items()}

    def record(self) -> Record:
        """Events and traces as arrays."""
        events = {}
        for part, found in self.events.items():
            steps, indices, payloads = (np.array([event[k] for event in sorted(found)]) for k in range(3))
            events[part] = Events(steps.astype(np.int64), indices.astype(np.int64), payloads.astype(float), np.zeros(len(found), np.int64))
        taps = {(tap.part, tap.variable): tap.of for tap in self.program.taps}
        traces = {}
        for key, rows in self.traces.items():
            values = np.array([row for _, row in rows]).reshape(len(rows), 1, -1)
            traces[key] = Trace(np.array([step for step, _ in rows], np.int64), values, taps[key])
        return Record(self.step, events, traces, self.present())

    def extend(self, program: Program) -> bool:
        """It takes no other plan."""
        return False

    def checkpoint(self) -> Mapping[str, np.ndarray]:
        """It cannot be stopped and go on."""
        raise UnsupportedError("the engine 'toy' keeps no checkpoints", hint='use backend="native"')

    def restore(self, checkpoint: Mapping[str, np.ndarray]) -> None:
        """See `checkpoint`."""
        self.checkpoint()

    def close(self) -> None:
        """Nothing is held."""


def value_of(expr: Expr, known: Mapping[str, object]) -> np.ndarray:
    """An expression on arrays; an engine that compiles would print it instead, with `neurosim.equations.show`."""
    return np.asarray(evaluate(expr, known.__getitem__))

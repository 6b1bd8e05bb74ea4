"""The living definition of a step: plain numpy, slow and obvious, to be read beside :mod:`neurosim.ir.step`.

Methods of :class:`Machine` stand in the order of the phases. Sums run in canonical order (oldest event first, then ascending source,
target, edge), one term at a time, so that engines which keep that order agree to the last bit.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from neurosim.backends.reference_events import edges_of_fired, enqueue, listed_events, poisson_events
from neurosim.backends.reference_names import ALL, Names, Selection, combine, draw_numbers, evaluated, of_block, of_edges
from neurosim.backends.reference_record import Recorder
from neurosim.backends.reference_state import Array, Chunk, Edges, State, parameter, wide
from neurosim.equations.tree import Expr
from neurosim.ir.program import Assign, Block, CopyWeights, Pathway, Phase, Program, Source, Statement, Steps, Update
from neurosim.ir.step import first_free_step, item_shown, of_post, place_in_plan


@dataclass
class Deliveries:
    """What one step passes from phase to phase."""

    held: dict[str, Array] = field(default_factory=dict)
    fired: dict[str, Array] = field(default_factory=dict)
    additions: dict[str, dict[str, Array]] = field(default_factory=dict)
    arrived: dict[str, Chunk] = field(default_factory=dict)
    summed: dict[str, dict[str, Array]] = field(default_factory=dict)
    drawn: dict[tuple[str, str], Array] = field(default_factory=dict)


@dataclass
class Machine:
    """A Program between two steps. ``copies``: (B,) their numbers; ``ends``: the step after each phase of the plan."""

    program: Program
    copies: Array
    edges: Mapping[str, Edges]
    state: State
    recorder: Recorder
    ends: tuple[int, ...]
    passing: Deliveries = field(default_factory=Deliveries)
    bounds: Mapping[str, tuple[float, float]] = field(init=False)

    def __post_init__(self) -> None:
        self.bounds = {weights.name: (weights.low, weights.high) for weights in self.program.weights}

    # ---- names ---------------------------------------------------------------------------------------------------------
    def clock(self) -> dict[str, Array]:
        """t of the start of the step and dt, in ms."""
        return {"t": np.array(self.state.step * self.program.dt), "dt": np.array(self.program.dt)}

    def draw(self, part: Block | Pathway, name: str) -> Array:
        """(B, N or E) fresh numbers of this step."""
        key = part.name, name
        if key not in self.passing.drawn:
            size = part.size if isinstance(part, Block) else len(self.edges[part.name])
            draw = next(draw for draw in part.draws if draw.name == name)
            self.passing.drawn[key] = draw_numbers(draw, self.state.step, self.copies, size)
        return self.passing.drawn[key]

    def of_block(self, block: Block) -> Names:
        """Names of a block at this moment."""
        ports = self.passing.summed.get(block.name, self.state.ports[block.name])
        names = of_block(self.state, block, self.clock(), lambda name: self.draw(block, name), ports)
        if block.name in self.passing.held:
            names.known["held"] = self.passing.held[block.name].astype(np.float64)
        return names

    def of_edges(self, pathway: Pathway, where: Selection) -> Names:
        """Names of the chosen edges at this moment."""
        target = self.of_block(self.program.block(pathway.target))
        return of_edges(self.state, pathway, self.edges[pathway.name], where, self.clock(), lambda name: self.draw(pathway, name), target)

    def of_all_edges(self, pathway: Pathway) -> Names:
        """Names of all edges at this moment."""
        return self.of_edges(pathway, ALL)

    # ---- the step ------------------------------------------------------------------------------------------------------
    def advance(self) -> None:
        """One step."""
        number, k = place_in_plan(self.ends, self.state.step)
        phase = self.program.plan[number]
        live = [pathway for pathway in self.program.pathways if pathway.name not in phase.off]
        if self.state.step == 0:
            self.deliver_before(live)
        self.passing = Deliveries()
        sent = self.plan(phase, k)
        self.recorder.take("start", self, k)
        self.integrate(live)
        sent.update(self.detect())
        for part, payload in sent.items():
            self.send(part, payload)
        self.deliver(live)
        self.adapt(live, phase, k)
        self.reset()
        self.recorder.take("end", self, k)
        self.state.step += 1

    def set_outputs_before(self, block: Block) -> None:
        """``start``, or the output of the initial state with ports and draws at zero, in the whole history."""
        zero = np.zeros((len(self.copies), block.size))
        names = of_block(self.state, block, self.clock(), lambda name: zero, self.state.ports[block.name])
        names.known["held"] = zero
        with np.errstate(all="ignore"):
            for name, expression in block.outputs:
                value = block.start[name] if name in block.start else evaluated(expression, names)
                self.state.history[block.name][name][:] = wide(value, len(self.copies), block.size)
                names.known[name] = self.state.history[block.name][name][0]

    def deliver_before(self, live: Sequence[Pathway]) -> None:
        """Signals have always had their value ``start``: ports receive it, states stay as they were given."""
        self.state.step = -1
        self.passing = Deliveries(additions=self.no_additions())
        for pathway in live:
            if pathway.signal is not None and not pathway.instant:
                kept = {name: value.copy() for name, value in self.state.states[pathway.name].items()}
                self.deliver_signal(pathway)
                self.state.states[pathway.name] = kept
        self.state.step = 0

    # ---- phase 0 -------------------------------------------------------------------------------------------------------
    def plan(self, phase: Phase, k: int) -> dict[str, Array]:
        """Planned assignments, then sources: events are returned as (B, N) payloads, nan where there is none."""
        for assign in phase.assign:
            if k in assign.when:
                self.assign(assign)
        sent = {}
        for source in self.program.sources:
            off = source.name in phase.off
            if source.kind == "table":
                kept = self.state.history[source.name]["value"]
                row = None if off else item_shown(source, k)
                kept[self.state.step % len(kept)] = 0.0 if row is None else np.asarray(source.table, np.float64)[row]
            elif not off:
                sent[source.name] = self.events_of(source)
        return sent

    def events_of(self, source: Source) -> Array:
        """(B, N) payloads of the events of this step, nan where there is none."""
        if source.kind == "spikes":
            return listed_events(source, self.state.step, len(self.copies))
        mean = self.state.parameters[source.name]["rate"] * self.program.dt
        return poisson_events(source, mean, self.state.step, self.copies)

    def assign(self, assign: Assign) -> None:
        """One planned assignment."""
        part = self.program.part(assign.part)
        if assign.target == "hold":
            self.state.free_at[part.name][:] = self.state.step
            return
        weights = self.state.weights.get(part.name)
        if isinstance(assign.value, CopyWeights):
            source = self.state.weights[assign.value.source]
            chosen = source if assign.value.index is None else source[:, assign.value.index]
            value = assign.value.factor * chosen
        elif isinstance(assign.value, Expr):
            value = np.asarray(evaluated(assign.value, self.of_part(part.name)), np.float64)
        else:
            value = parameter(assign.value)
        if weights is not None:
            weights[:] = value
        elif assign.target in self.state.states.get(part.name, {}):
            self.state.states[part.name][assign.target][:] = value
        else:
            self.state.parameters[part.name][assign.target] = np.array(value)

    def of_part(self, name: str) -> Mapping[str, Array]:
        """The part's own names, for an expression of the plan."""
        part = self.program.part(name)
        if isinstance(part, Block):
            return self.of_block(part)
        if isinstance(part, Pathway):
            return self.of_all_edges(part)
        if isinstance(part, Source):
            return {**self.clock(), **self.state.parameters[name]}
        return {**self.clock(), "w": self.state.weights[name]}

    # ---- phase 2 -------------------------------------------------------------------------------------------------------
    def integrate(self, live: Sequence[Pathway]) -> None:
        """Synapses, then blocks; instant pathways into a block run just before it."""
        for pathway in self.program.pathways:
            if pathway.update.assign:
                self.update(self.of_all_edges(pathway), pathway.name, pathway.update, len(self.edges[pathway.name]))
        for block in self.program.blocks:
            for pathway in live:
                if pathway.instant and pathway.target == block.name:
                    self.deliver_signal(pathway)
            held = (
                np.zeros((len(self.copies), block.size), bool) if block.spike is None else self.state.step < self.state.free_at[block.name]
            )
            self.passing.held[block.name] = held
            self.update(self.of_block(block), block.name, block.update, block.size, block.spike.hold_states if block.spike else ())
            names = self.of_block(block)
            for name, expression in block.outputs:
                kept = self.state.history[block.name][name]
                kept[self.state.step % len(kept)] = evaluated(expression, names)
                names.known.setdefault(name, kept[self.state.step % len(kept)])
            for port in self.state.ports[block.name].values():
                port[:] = 0.0

    def update(self, names: Names, part: str, update: Update, size: int, hold_states: tuple[str, ...] = ()) -> None:
        """Ordered assignments: right sides see states of t_n and temporaries; new states are committed together."""
        new = {}
        for name, expression in update.assign:
            value = evaluated(expression, names)
            if name in self.state.states[part]:
                new[name] = wide(value, len(self.copies), size)
            else:
                names.known[name] = np.asarray(value)
        for name in hold_states:
            if name in new:
                new[name] = np.where(self.passing.held[part], self.state.states[part][name], new[name])
        self.state.states[part].update(new)

    # ---- phase 3 -------------------------------------------------------------------------------------------------------
    def detect(self) -> dict[str, Array]:
        """(B, N) payloads of the neurons that fire, nan elsewhere."""
        sent = {}
        for block in self.program.blocks:
            if block.spike is None:
                continue
            names, shape = self.of_block(block), (len(self.copies), block.size)
            true = np.broadcast_to(np.asarray(evaluated(block.spike.condition, names)).astype(bool), shape)
            fired = true & ~self.passing.held[block.name]
            if block.spike.rising:
                fired &= ~self.state.was_true[block.name]
            self.state.was_true[block.name][:] = true
            self.passing.fired[block.name] = fired
            if fired.any():
                sent[block.name] = np.where(fired, evaluated(block.spike.payload, names), np.nan)
        return sent

    def send(self, part: str, payload: Array) -> None:
        """Events enter the queues of the part's pathways and the record, source ascending."""
        copy, source = np.nonzero(~np.isnan(payload))
        self.recorder.note(part, self.state.step, copy, source, payload[copy, source])
        for pathway in self.program.pathways:
            if pathway.source == part and pathway.signal is None and len(copy):
                enqueue(self.edges[pathway.name], self.state.queues[pathway.name], self.state.step, copy, source, payload[copy, source])

    # ---- phase 4 -------------------------------------------------------------------------------------------------------
    def no_additions(self) -> dict[str, dict[str, Array]]:
        """Sums of additions to states, zero."""
        return {block.name: {} for block in self.program.blocks}

    def deliver(self, live: Sequence[Pathway]) -> None:
        """Pathway by pathway; additions to states reach them at the end."""
        self.passing.additions = self.no_additions()
        running = {pathway.name for pathway in live}
        for pathway in self.program.pathways:
            slots = self.state.queues[pathway.name]
            chunks = slots[self.state.step % len(slots)]
            slots[self.state.step % len(slots)] = []
            if pathway.name not in running:
                continue
            if pathway.signal is not None and not pathway.instant:
                self.deliver_signal(pathway)
            elif chunks:
                copy, edge, payload = (np.concatenate(column) for column in zip(*chunks))
                self.passing.arrived[pathway.name] = copy, edge, payload
                self.on_edges(pathway, pathway.deliver, Selection(copy, edge), payload)
        for block in self.program.blocks:
            held_states = block.spike.hold_states if block.spike else ()
            for name, added in self.passing.additions[block.name].items():
                state = self.state.states[block.name][name]
                self.state.states[block.name][name] = (
                    np.where(self.passing.held[block.name], state, state + added) if name in held_states else state + added
                )
        self.passing.summed = {name: {port: value.copy() for port, value in ports.items()} for name, ports in self.state.ports.items()}

    def deliver_signal(self, pathway: Pathway) -> None:
        """Every edge adds the value that arrives in this step."""
        kept = self.state.history[pathway.source][pathway.signal or ""]
        value = ALL.past(kept, self.state.step, self.edges[pathway.name])
        self.on_edges(pathway, pathway.deliver, ALL, value)

    def on_edges(self, pathway: Pathway, statements: Sequence[Statement], where: Selection, value: Array | None = None) -> None:
        """Statements of a pathway, one after the other over all chosen edges."""
        edges, copies = self.edges[pathway.name], len(self.copies)
        shape = (copies, len(edges)) if where.edges is None else where.edges.shape
        names = self.of_edges(pathway, where)
        if value is not None:
            names.known["value"] = value
        for statement in statements:
            right = np.broadcast_to(evaluated(statement.expr, names), shape)
            if (variable := of_post(statement.target)) is not None and statement.target not in self.state.states[pathway.name]:
                self.add(pathway, edges, variable, where, right if statement.op == "+=" else -right)
            elif statement.target == "w":
                self.change_weights(pathway, edges, where, statement.op, right)
                names.known.pop("w", None)
            else:
                state = self.state.states[pathway.name][statement.target]
                if where.edges is None or where.copies is None:
                    state[:] = combine(state, statement.op, right)
                else:
                    state[where.copies, where.edges] = combine(state[where.copies, where.edges], statement.op, right)
                names.known.pop(statement.target, None)

    def add(self, pathway: Pathway, edges: Edges, variable: str, where: Selection, value: Array) -> None:
        """Add to a port, or to the sum that a state will receive, one term at a time in canonical order."""
        ports = self.state.ports[pathway.target]
        size = self.program.block(pathway.target).size
        if variable in ports:
            into = ports[variable]
        else:
            into = self.passing.additions[pathway.target].setdefault(variable, np.zeros((len(self.copies), size)))
        if where.edges is None or where.copies is None:
            place = (np.arange(len(self.copies))[:, None] * size + edges.post).ravel()
        else:
            place = where.copies * size + edges.post[where.edges]
        np.add.at(into.reshape(-1), place, np.ascontiguousarray(value).reshape(-1))

    def change_weights(self, pathway: Pathway, edges: Edges, where: Selection, op: str, value: Array) -> None:
        """A statement on ``w``, then the bounds of the touched entries. On shared entries increments add up."""
        values = self.state.weights[pathway.weights]
        copy = np.arange(len(self.copies))[:, None] if where.copies is None else where.copies
        edge = np.arange(len(edges)) if where.edges is None else where.edges
        entry = edge if edges.index is None else edges.index[edge]
        value = value if pathway.factor == 1.0 or op == "*=" else value / pathway.factor
        if op in ("+=", "-="):
            np.add.at(values, (copy, entry), value if op == "+=" else -value)
        else:
            values[copy, entry] = combine(values[copy, entry], op, value)
        low, high = self.bounds[pathway.weights]
        if low > -np.inf or high < np.inf:
            values[copy, entry] = np.minimum(np.maximum(values[copy, entry], low), high)

    # ---- phase 5 -------------------------------------------------------------------------------------------------------
    def adapt(self, live: Sequence[Pathway], phase: Phase, k: int) -> None:
        """Arrival rules, rules of postsynaptic spikes, Steps rules of blocks, Steps rules of pathways."""
        rules = [(pathway, rule) for pathway in live for rule in pathway.rules if rule.name not in phase.off]
        for pathway, rule in rules:
            if rule.trigger == "arrival" and pathway.name in self.passing.arrived:
                copy, edge, payload = self.passing.arrived[pathway.name]
                self.on_edges(pathway, rule.statements, Selection(copy, edge), payload)
        for pathway, rule in rules:
            if rule.trigger == "post":
                where = edges_of_fired(self.edges[pathway.name], self.passing.fired[pathway.target])
                if where is not None:
                    self.on_edges(pathway, rule.statements, where)
        for block in self.program.blocks:
            for rule in block.rules:
                if isinstance(rule.trigger, Steps) and k in rule.trigger and rule.name not in phase.off:
                    self.on_neurons(block, rule.statements)
        for pathway, rule in rules:
            if isinstance(rule.trigger, Steps) and k in rule.trigger:
                self.on_edges(pathway, rule.statements, ALL)

    def on_neurons(self, block: Block, statements: Sequence[Statement], where: Array | None = None) -> None:
        """Statements of a block, one after the other, for all neurons or those of a (B, N) mask."""
        names = self.of_block(block)
        for statement in statements:
            state = self.state.states[block.name][statement.target]
            new = np.broadcast_to(combine(state, statement.op, evaluated(statement.expr, names)), state.shape)
            self.state.states[block.name][statement.target] = names.known[statement.target] = (
                new.copy() if where is None else np.where(where, new, state)
            )

    # ---- phase 6 -------------------------------------------------------------------------------------------------------
    def reset(self) -> None:
        """Reset statements of the neurons that fired; their hold begins."""
        for block in self.program.blocks:
            if block.spike is not None:
                fired = self.passing.fired[block.name]
                if fired.any():
                    self.on_neurons(block, block.spike.reset, fired)
                    free = np.broadcast_to(first_free_step(self.state.step, np.asarray(block.spike.hold_steps)), fired.shape)
                    self.state.free_at[block.name][fired] = free[fired]
                    self.state.last_spike[block.name][fired] = self.state.step

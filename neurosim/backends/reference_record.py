"""Taps of the reference engine: what is recorded when."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Protocol

import numpy as np

from neurosim.backends.reference_names import Names
from neurosim.backends.reference_state import Array, State
from neurosim.ir.program import Block, Pathway, Program, Source, Tap, plastic_weights
from neurosim.record import Events, Trace

EVENT_WORDS = ("spikes", "counts", "count")


class Machine(Protocol):
    """What a tap reads from."""

    @property
    def state(self) -> State: ...
    def of_all_edges(self, pathway: Pathway) -> Names: ...


@dataclass
class Recorder:
    """What the taps of a Program have recorded, and what they gather between records."""

    program: Program
    copies: int
    plastic: frozenset[str] = frozenset()
    noted: dict[str, list[tuple[Array, Array, Array, Array]]] = field(default_factory=dict)
    rows: dict[tuple[str, str], list[tuple[int, Array]]] = field(default_factory=dict)
    sums: dict[tuple[str, str], Array] = field(default_factory=dict)
    numbers: dict[tuple[str, str], int] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.plastic = plastic_weights(self.program)
        for tap in self.program.taps:
            if tap.variable == "spikes":
                self.noted[tap.part] = []
            else:
                self.rows[tap.part, tap.variable] = []
                self.numbers[tap.part, tap.variable] = 0
                self.sums[tap.part, tap.variable] = np.zeros((self.copies, self.width(tap)))

    def width(self, tap: Tap) -> int:
        """Number of values of a record of events, 0 for other variables (their sums are made by the first addition)."""
        part = self.program.part(tap.part)
        if tap.variable == "count":
            return 1
        return part.size if isinstance(part, (Block, Source)) and tap.variable == "counts" else 0

    def note(self, part: str, step: int, copies: Array, indices: Array, payloads: Array) -> None:
        """Events of a part in a step."""
        if part in self.noted:
            self.noted[part].append((np.full(len(copies), step), copies, indices, payloads))
        if (part, "counts") in self.sums:
            np.add.at(self.sums[part, "counts"], (copies, indices), 1.0)
        if (part, "count") in self.sums:
            np.add.at(self.sums[part, "count"][:, 0], copies, 1.0)

    def take(self, at: str, machine: Machine, k: int) -> None:
        """Let the taps of phase 1 ('start') or of the end of the step read, in step k of a phase of the plan."""
        for tap in self.program.taps:
            if tap.at == at and tap.variable != "spikes":
                self.take_one(tap, machine, k in tap.steps)

    def take_one(self, tap: Tap, machine: Machine, due: bool) -> None:
        """One tap: gather, record where due."""
        key = tap.part, tap.variable
        mean, counting = tap.reduce == "mean", tap.variable in EVENT_WORDS
        if not due and not mean:
            return
        if not counting:
            value = self.read(tap, machine)
            if mean:
                self.sums[key] = self.sums[key] + value if self.numbers[key] else value
                self.numbers[key] += 1
                if not due:
                    return
                value = self.sums[key] / self.numbers[key]
                self.numbers[key] = 0
        elif due:
            value = self.sums[key] if tap.of is None or tap.variable == "count" else self.sums[key][:, np.asarray(tap.of)]
            self.sums[key] = np.zeros_like(self.sums[key])
        else:
            return
        self.rows[key].append((machine.state.step, np.array(value)))

    def read(self, tap: Tap, machine: Machine) -> Array:
        """(B, K) present value of a variable."""
        part = self.program.part(tap.part)
        if isinstance(part, Block):
            value = of_neurons(machine, part, tap)
        elif isinstance(part, Pathway):
            value = machine.of_all_edges(part)[tap.variable]
            value = np.broadcast_to(value, (self.copies, value.shape[-1]))
        else:
            value = machine.state.output(tap.part, tap.variable)
        return np.array(value if tap.of is None else value[:, np.asarray(tap.of)])

    # ---- what comes out ------------------------------------------------------------------------------------------------
    def events(self) -> dict[str, Events]:
        """Recorded events by part."""
        found = {}
        for tap in self.program.taps:
            if tap.variable == "spikes":
                chunks = self.noted[tap.part]
                columns = [np.concatenate(column) for column in zip(*chunks)] if chunks else [np.zeros(0, np.int64)] * 3 + [np.zeros(0)]
                steps, copies, indices, payloads = columns
                kept = np.ones(len(steps), bool) if tap.of is None else np.isin(indices, np.asarray(tap.of))
                found[tap.part] = Events(steps[kept], indices[kept], payloads[kept], copies[kept])
        return found

    def traces(self) -> dict[tuple[str, str], Trace]:
        """Recorded values by (part, variable)."""
        found = {}
        for tap in self.program.taps:
            if tap.variable != "spikes":
                rows = self.rows[tap.part, tap.variable]
                values = np.stack([value for _, value in rows]) if rows else np.zeros((0, self.copies, 0))
                of = None if tap.of is None or tap.variable == "count" else np.asarray(tap.of)
                found[tap.part, tap.variable] = Trace(np.array([step for step, _ in rows], np.int64), values, of)
        return found

    # ---- checkpoints ---------------------------------------------------------------------------------------------------
    def gathered(self) -> dict[str, Array]:
        """What taps have gathered since their last record, as arrays."""
        sums = {f"tap sums/{part}/{variable}": value.copy() for (part, variable), value in self.sums.items()}
        return {**sums, **{f"tap numbers/{part}/{variable}": np.array(number) for (part, variable), number in self.numbers.items()}}

    def restore(self, arrays: Mapping[str, Array]) -> dict[str, Array]:
        """Take up what was gathered; returns the other arrays of the checkpoint."""
        rest = dict(arrays)
        for part, variable in self.sums:
            self.sums[part, variable] = np.array(rest.pop(f"tap sums/{part}/{variable}", self.sums[part, variable]))
            self.numbers[part, variable] = int(rest.pop(f"tap numbers/{part}/{variable}", 0))
        return rest

    def forget_from(self, step: int) -> None:
        """Drop what was recorded in ``step`` and later."""
        self.rows = {key: [row for row in rows if row[0] < step] for key, rows in self.rows.items()}
        self.noted = {part: [chunk for chunk in chunks if len(chunk[0]) and chunk[0][0] < step] for part, chunks in self.noted.items()}


def of_neurons(machine: Machine, block: Block, tap: Tap) -> Array:
    """(B, N) a state, a port as it will be read, or an output: in phase 1 that of step n - 1."""
    state = machine.state
    if tap.variable in state.states[block.name]:
        return state.states[block.name][tap.variable]
    if tap.variable in state.ports[block.name]:
        return state.ports[block.name][tap.variable]
    history = state.history[block.name][tap.variable]
    values: Array = history[(state.step - (tap.at == "start")) % len(history)]
    return values

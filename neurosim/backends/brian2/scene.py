"""The Brian2 objects of one copy of a Program while they are made, and the means to make them run in some steps only."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from neurosim.backends.brian2.feeds import Feed
from neurosim.backends.brian2.layout import Layout
from neurosim.backends.brian2.start import Start
from neurosim.backends.brian2.words import number
from neurosim.ir.program import CopyWeights, Program, Value

Array = np.ndarray
Lines = Callable[[str], list[str]]
"""Lines of abstract code, given the condition under which they act ('' for always)."""

# Order within a slot; a block k integrates at (k + 1) * BLOCK, what must precede it stands before.
BLOCK = 1_000_000
FEEDS, PLANNED, RECORD = -3_000_000, -2_000_000, 0
DELIVER, FLUSH, ARRIVAL, POST, BLOCK_RULES, RULES = -1_000_000, 0, 1_000_000, 2_000_000, 3_000_000, 4_000_000
LAST = 1_000_000


@dataclass
class Scene:
    """Everything of one copy.

    ``parts``: block or source -> its group; ``synapses``: pathway -> its Synapses (none where there is no edge); ``shared``: weights
    -> their group; ``histories``: (part, variable) -> group of its past values; ``gated``: objects that run in some steps only;
    ``monitors``: tap number or part -> monitor.
    """

    b2: Any
    layout: Layout
    start: Start
    clock: Any
    copy: int
    standalone: bool
    namespace: dict[str, Any]
    parts: dict[str, Any] = field(default_factory=dict)
    synapses: dict[str, Any] = field(default_factory=dict)
    shared: dict[str, Any] = field(default_factory=dict)
    histories: dict[tuple[str, str], Any] = field(default_factory=dict)
    feeds: list[Feed] = field(default_factory=list)
    gated: list[tuple[Any, Array]] = field(default_factory=list)
    monitors: dict[int | str, Any] = field(default_factory=dict)

    def objects(self) -> list[Any]:
        """All top objects, for the Network."""
        groups = [*self.parts.values(), *self.synapses.values(), *self.shared.values(), *self.histories.values()]
        return [*groups, *self.monitors.values()]

    def named(self, name: str) -> str:
        """The name of an object, which is unique among all copies."""
        return f"{name}_of_{self.copy}"

    def group(self, name: str, size: int, equations: list[str], threshold: str = "", reset: str = "") -> Any:
        """A NeuronGroup whose dynamics is in the code that :meth:`every` adds."""
        return self.b2.NeuronGroup(
            size,
            "\n".join(equations),
            threshold=threshold or None,
            reset=reset if threshold else None,
            clock=self.clock,
            namespace=self.namespace,
            name=self.named(name),
        )

    def gate(self, on: Array) -> str:
        """A condition in abstract code that is true in the given steps; '' if it always is."""
        if on.all():
            return ""
        name = f"ns_gate_{sum(key.startswith('ns_gate_') for key in self.namespace)}"
        self.namespace[name] = self.table(name, on.astype(np.float64))
        return f"{name}(t) > 0.5"

    def table(self, name: str, values: Array) -> Any:
        """A lookup of values by step."""
        milliseconds = self.layout.program.dt * self.b2.ms
        return self.b2.TimedArray(values, dt=milliseconds, name=name)

    def every(self, owner: Any, lines: Lines, when: str, order: int, on: Array | None = None) -> None:
        """Run lines of code of a group in every step, or in those where ``on`` is true."""
        if on is not None and not on.any():
            return
        always = on is None or bool(on.all())
        condition = "" if always or not self.standalone else self.gate(on if on is not None else np.ones(1, bool))
        code = lines(condition)
        if not code:
            return
        runner = owner.run_regularly("\n".join(code), clock=self.clock, when=when, order=order)
        if not always and not self.standalone and on is not None:
            self.gated.append((runner, on))

    def feed(self, feed: Feed, owner: Any, index: str) -> None:
        """Let numbers that are known before each step into a variable."""
        if not self.standalone:
            self.feeds.append(feed)
            return
        name = f"ns_feed_{sum(key.startswith('ns_feed_') for key in self.namespace)}"
        values = np.stack([feed.values(step) for step in range(self.layout.program.steps)])
        self.namespace[name] = self.table(name, values)
        self.every(owner, lambda _: [f"{feed.variable} = {name}(t, {index})"], "start", FEEDS)


def declared(name: str, value: Value, changes: bool) -> str:
    """The line that declares a constant of a group: one number for all unless it is an array or may become one."""
    if changes:
        return f"{name} : 1"
    return f"{name} : 1 (constant)" if np.ndim(value) else f"{name} : 1 (shared, constant)"


def fill(group: Any, name: str, value: Value) -> None:
    """Give a variable its values."""
    setattr(group, name, np.asarray(value, np.float64) if np.ndim(value) else float(value))


def clock_names(name: str, dt: float) -> str | None:
    """``t`` and ``dt`` in ms."""
    return {"t": f"(t_in_timesteps*{number(dt)})", "dt": number(dt)}.get(name)


# ---- arrays that the plan assigns ------------------------------------------------------------------------------------------
def array_name(place: int) -> str:
    """The variable that holds the array of a planned assignment."""
    return f"ns_assigned_{place}"


def index_name(place: int) -> str:
    """The variable that holds the index of planned copies of weights."""
    return f"ns_copied_from_{place}"


def array_declarations(program: Program, part: str) -> list[str]:
    """Lines that declare the arrays which the plan assigns to a part; assignments are numbered over the whole plan."""
    lines, place = [], -1
    for phase in program.plan:
        for assign in phase.assign:
            place += 1
            if assign.part != part:
                continue
            if isinstance(assign.value, CopyWeights):
                lines.append(f"{index_name(place)} : integer (constant)")
            elif isinstance(assign.value, np.ndarray) and assign.value.ndim:
                lines.append(f"{array_name(place)} : 1 (constant)")
    return lines

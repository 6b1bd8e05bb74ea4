"""What the compilation of a Program results in, and the draft that leads to it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from neurosim.backends.base import Settings
from neurosim.backends.native.blocks import Structure
from neurosim.backends.native.edges import EdgeText
from neurosim.backends.native.layout import (
    PAD,
    Arena,
    Place,
    Way,
)
from neurosim.backends.native.lazy_text import LazyText
from neurosim.backends.native.loop import Queue, Run
from neurosim.ir.program import Pathway, Program, Source
from neurosim.ir.wiring import Edges, delays_of, expand

Array = np.ndarray
Arrays = Mapping[str, Array]


@dataclass
class Assembly:
    """``arguments``: (name in the text, key of the array) of the compiled loop; ``static`` never change, ``mutable`` are per copy.

    ``own_static``, ``own_mutable``: those of each thread, under the same names.
    """

    program: Program
    settings: Settings
    single: bool
    kind: type
    threads: int = 1
    own_static: list[dict[str, Array]] = field(default_factory=list)
    own_mutable: list[dict[str, Array]] = field(default_factory=list)
    static: dict[str, Array] = field(default_factory=dict)
    mutable: dict[str, Array] = field(default_factory=dict)
    arguments: list[tuple[str, str]] = field(default_factory=list)
    switches: dict[str, tuple[int, ...]] = field(default_factory=dict)
    queues: list[str] = field(default_factory=list)
    bases: dict[str, tuple[int, int]] = field(default_factory=dict)
    paying: set[str] = field(default_factory=set)
    readers: dict[tuple[str, str], Callable[[Arrays], Array]] = field(default_factory=dict)
    writers: dict[tuple[str, str], Callable[[Arrays, object], None]] = field(default_factory=dict)
    names: dict[tuple[str, str], Callable[[Arrays, int], Array | float]] = field(default_factory=dict)
    info: dict[str, object] = field(default_factory=dict)
    tap_columns: dict[int, list[Array]] = field(default_factory=dict)
    buffered_steps: int = 1 << 20
    lazy: bool = False
    text: str = ""

    def add(self, name: str, values: Array, changes: bool = False, key: str | None = None) -> None:
        """An argument of the compiled loop."""
        key = name if key is None else key
        if key not in self.static and key not in self.mutable:
            (self.mutable if changes else self.static)[key] = np.ascontiguousarray(values)
        self.arguments.append((name, key))

    def add_each(self, name: str, values: Sequence[Array], changes: bool = False) -> None:
        """An argument of which each thread has its own."""
        for arrays, mine in zip(self.own_mutable if changes else self.own_static, values):
            arrays[name] = np.ascontiguousarray(mine)
        self.arguments.append((name, name))

    def stretches(self, size: int) -> list[tuple[int, int]]:
        """Neurons that each thread owns: whole groups of 64, ascending."""
        groups = -(-size // PAD)
        cuts = [min(size, groups * p // self.threads * PAD) for p in range(self.threads)] + [size]
        return list(zip(cuts[:-1], cuts[1:]))


@dataclass
class Draft:
    """An Assembly in the making, filled room by room: where everything lies, and the text so far."""

    made: Assembly
    ways: tuple[Way, ...]
    floats: Arena
    sums: Arena
    places: dict[str, Place] = field(default_factory=dict)
    structures: list[Structure] = field(default_factory=list)
    members: list[list[Place]] = field(default_factory=list)
    runs: list[Run] = field(default_factory=list)
    part_rows: dict[str, int] = field(default_factory=dict)
    outputs: dict[str, tuple[dict[str, int], int]] = field(default_factory=dict)
    edges: dict[str, Edges] = field(default_factory=dict)
    delays: dict[str, Array] = field(default_factory=dict)
    texts: list[tuple[int, EdgeText]] = field(default_factory=list)
    lazy: list[LazyText] = field(default_factory=list)
    queues: list[Queue] = field(default_factory=list)
    queue_rows: list[list[int]] = field(default_factory=list)
    deliveries: list[str] = field(default_factory=list)
    tables: list[tuple[Source, int]] = field(default_factory=list)
    poissons: list[tuple[Source, int]] = field(default_factory=list)
    lists: list[tuple[Source, int]] = field(default_factory=list)
    thresholds: int = 4
    stream_bytes: int = 0
    stream_edges: int = 0

    @property
    def program(self) -> Program:
        """The Program."""
        return self.made.program

    def expanded(self, pathway: Pathway) -> Edges:
        """Edges of a pathway, once."""
        if pathway.name not in self.edges:
            self.edges[pathway.name] = expand(pathway.wiring)
        return self.edges[pathway.name]

    def delay_of(self, pathway: Pathway) -> Array:
        """(E,) delays of a pathway, once."""
        if pathway.name not in self.delays:
            self.delays[pathway.name] = delays_of(pathway, self.expanded(pathway))
        return self.delays[pathway.name]

    def rules_of_program(self) -> list[str]:
        """Names of all rules, blocks first."""
        return [rule.name for part in self.program.ruled() for rule in part.rules]


@dataclass(frozen=True)
class View:
    """``size`` entries (None: all) of an array from ``first`` on, as they are read and written between steps."""

    key: str
    first: int = 0
    size: int | None = None

    def read(self, arrays: Arrays) -> Array:
        """The entries themselves, not a copy."""
        return arrays[self.key][self.first : None if self.size is None else self.first + self.size]

    def read_at(self, arrays: Arrays, step: int) -> Array:
        """The same, for expressions of the plan, which know the step."""
        return self.read(arrays)

    def write(self, arrays: Arrays, value: object) -> None:
        """Assign in place."""
        fill(self.read(arrays), value)


def fill(array: Array, value: object) -> None:
    """Assign in place."""
    array[...] = value

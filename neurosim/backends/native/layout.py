"""Where everything of a Program lies in the arrays that generated kernels work on, and which form each pathway takes."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np

from neurosim.backends.native.lazy import Lazy, lazy_form
from neurosim.equations.tree import Expr, Num, Op, Sym, names
from neurosim.ir.program import Block, Pathway, Program, Sampled, Source, Statement, Weights, plastic_weights
from neurosim.ir.values import is_array, is_number, number

PAD = 64


@dataclass
class Arena:
    """Grows while a Program is laid out; becomes one array."""

    pieces: list[np.ndarray] = field(default_factory=list)
    size: int = 0

    def take(self, values: np.ndarray) -> int:
        """Place a copy of the values, padded to whole cache lines; returns the offset."""
        offset = self.size
        padded = np.zeros(-(-len(values) // 16) * 16, np.float64)
        padded[: len(values)] = values
        self.pieces.append(padded)
        self.size += len(padded)
        return offset

    def array(self, kind: type) -> np.ndarray:
        """The whole arena."""
        return np.asarray(np.concatenate([*self.pieces, np.zeros(PAD)]), kind)


@dataclass(frozen=True)
class Place:
    """Offsets of one block: states, parameters, outputs and draws in the arena of states, ports and additions in that of sums."""

    block: Block
    base: int
    states: Mapping[str, int]
    arrays: Mapping[str, int]
    outputs: Mapping[str, int]
    depth: int
    draws: Mapping[str, int]
    ports: Mapping[str, int]
    additions: Mapping[str, int]
    hold: int
    fused: bool


@dataclass(frozen=True)
class Group:
    """Pathways of one source that only add static weights: one stream of targets (and weights) in the order of delays."""

    pathways: tuple[Pathway, ...]
    exact: bool


@dataclass(frozen=True)
class Background:
    """A Poisson source that drives one to one with one weight and one delay: counts are drawn where they arrive."""

    pathway: Pathway
    source: Source


@dataclass(frozen=True)
class General:
    """Any other pathway: edges with states, statements and rules."""

    pathway: Pathway
    shared: bool
    plastic: bool


Way = Group | Background | General | Lazy


def added_names(program: Program, block: Block) -> tuple[str, ...]:
    """Names of the block that pathways add to, in the order of the block."""
    targets = {
        statement.target[:-5]
        for pathway in program.pathways
        if pathway.target == block.name
        for statements in (pathway.deliver, *(rule.statements for rule in pathway.rules))
        for statement in statements
        if statement.target.endswith("_post")
    }
    return tuple(name for name in block.states if name in targets)


def is_fused(program: Program, block: Block) -> bool:
    """Whether additions and resets of a step may wait for the next integration, because nothing looks in between."""
    if block.rules:
        return False
    for pathway in program.pathways:
        if pathway.target == block.name:
            seen = frozenset().union(*(names(s.expr) for rule in pathway.rules for s in rule.statements), frozenset())
            if any(f"{state}_post" in seen for state in block.states):
                return False
    if block.spike is None:
        return True
    seen = frozenset().union(*(names(s.expr) for s in block.spike.reset), frozenset())
    return not seen - set(block.states) - set(block.parameters) - {"dt"}


def output_depth(program: Program, part: str, longest: Mapping[str, int]) -> int:
    """Steps of history that the outputs of a part need."""
    reach = [longest[p.name] for p in program.pathways if p.source == part and looks_back(p)]
    return max(reach, default=0) + 2


def looks_back(pathway: Pathway) -> bool:
    """Whether a pathway reads outputs of its source."""
    lists = [pathway.deliver, *(rule.statements for rule in pathway.rules)]
    return pathway.signal is not None or any(name.endswith("_pre") for statements in lists for s in statements for name in names(s.expr))


# ---- forms of pathways -------------------------------------------------------------------------------------------------
def adds_only(pathway: Pathway) -> bool:
    """Whether delivery is ``X_post += w`` or ``w * value`` and nothing else happens on the edges."""
    if (
        pathway.signal is not None
        or pathway.rules
        or pathway.states
        or pathway.draws
        or len(pathway.deliver) != 1
        or pathway.index is not None
    ):
        return False
    return plain_addition(pathway.deliver[0]) is not None and pathway.factor == 1.0


def plain_addition(statement: Statement) -> bool | None:
    """False for ``X_post += w``, True for ``X_post += w * value``, None for anything else."""
    if statement.op != "+=" or not statement.target.endswith("_post"):
        return None
    w, value = Sym("w"), Sym("value")
    if statement.expr == w:
        return False
    return True if statement.expr in (Op("*", (w, value)), Op("*", (value, w))) else None


def unit_payload(program: Program, source: str) -> bool:
    """Whether every event of a part has the payload 1."""
    part = program.part(source)
    if isinstance(part, Block):
        return part.spike is None or part.spike.payload == Num(1.0)
    return isinstance(part, Source) and part.kind == "spikes" and (part.payloads is None or bool(np.all(part.payloads == 1.0)))


def switched(program: Program) -> frozenset[str]:
    """Parts that some phase of the plan switches off or assigns to."""
    off = frozenset().union(*(phase.off for phase in program.plan), frozenset())
    return off | {assign.part for phase in program.plan for assign in phase.assign}


def forms(program: Program) -> tuple[Way, ...]:
    """The form of every pathway, in the order in which they deliver."""
    plastic, used = plastic_weights(program), [pathway.weights for pathway in program.pathways]
    weights = {w.name: w for w in program.weights}
    changed = switched(program)
    looked_at = {tap.part for tap in program.taps}  # an edge that somebody looks at is kept as such
    simple = {p.name: adds_only(p) and p.name not in looked_at and p.weights not in plastic and used.count(p.weights) == 1 for p in program.pathways}
    rounded = {p.name: simple[p.name] and weights[p.weights].quantum > 0 for p in program.pathways}
    inexact = {(p.target, t) for p in program.pathways if not rounded[p.name] for t in targets_of(p)}
    exact = {p.name: rounded[p.name] and not any((p.target, t) in inexact for t in targets_of(p)) for p in program.pathways}
    ways: list[Way] = []
    grouped: dict[str, tuple[int, tuple[Pathway, ...]]] = {}
    for pathway in program.pathways:
        if not simple[pathway.name]:
            several = used.count(pathway.weights) > 1
            lazy = None if several else lazy_form(program, pathway, weights.get(pathway.weights))
            shared = several or pathway.index is not None
            ways.append(lazy or General(pathway, shared and bool(pathway.weights), pathway.weights in plastic))
        elif (background := background_form(program, pathway, weights[pathway.weights], changed)) is not None:
            ways.append(background)
        elif not exact[pathway.name] or pathway.name in changed:
            ways.append(Group((pathway,), False))
        elif pathway.source in grouped:
            place, pathways = grouped[pathway.source]
            grouped[pathway.source] = place, (*pathways, pathway)
            ways[place] = Group((*pathways, pathway), True)
        else:
            grouped[pathway.source] = len(ways), (pathway,)
            ways.append(Group((pathway,), True))
    return tuple(ways)


def written_for(program: Program) -> tuple[object, ...]:
    """What of its plan decides how a Program is laid out: another plan of the same parts that gives the same can use the same arrays."""
    shapes: list[object] = []
    for way in forms(program):
        if isinstance(way, Group):
            shapes.append(("group", tuple(pathway.name for pathway in way.pathways), way.exact))
        elif isinstance(way, General):
            shapes.append(("general", way.pathway.name, way.shared, way.plastic))
        else:
            shapes.append((type(way).__name__, way.pathway.name))
    return (*shapes, planned_arrays(program))


def planned_arrays(program: Program) -> frozenset[tuple[str, str]]:
    """(part, name) of what is or becomes an array because of the plan."""
    planned = (assign for phase in program.plan for assign in phase.assign)
    return frozenset((a.part, a.target) for a in planned if isinstance(a.value, Expr) or is_array(a.value))


def targets_of(pathway: Pathway) -> frozenset[str]:
    """Ports and states of the target that statements of the pathway add to."""
    lists = [pathway.deliver, *(rule.statements for rule in pathway.rules)]
    return frozenset(s.target[:-5] for statements in lists for s in statements if s.target.endswith("_post"))


def background_form(program: Program, pathway: Pathway, weights: Weights, changed: frozenset[str]) -> Background | None:
    """The form whose counts are drawn at the target; None where somebody else hears the source, or something about it changes."""
    source = program.part(pathway.source)
    if not isinstance(source, Source) or source.kind != "poisson" or pathway.wiring.kind != "one_to_one":
        return None
    heard = sum(p.source == source.name for p in program.pathways) == 1 and not any(tap.part == source.name for tap in program.taps)
    plain = isinstance(weights.values, float) and isinstance(pathway.delay, int) and is_number(source.rate)
    few = plain and number(source.rate) * program.dt <= 10.0
    return Background(pathway, source) if heard and few and not changed & {source.name, pathway.name} else None


def longest_delay(pathway: Pathway) -> int:
    """Upper bound of the delays of a pathway where its recipe has one."""
    if isinstance(pathway.delay, Sampled):
        return int(pathway.delay.most) if math.isfinite(pathway.delay.most) else -1
    return int(np.max(pathway.delay, initial=0))

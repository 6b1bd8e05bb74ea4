"""The lowered network as frozen values: the recipe that every engine reads.

All numbers are plain floats in the coherent inner units ms, mV, pA, nS, pF (and 1); a step is ``dt`` ms. Expressions are trees of
the equation language (:mod:`neurosim.equations.tree`). Shapes: N neurons, E edges, T steps, K items or records, B copies.

Nothing here computes: what happens in a step is said in :mod:`neurosim.ir.step` and executed, slowly and obviously, by
:mod:`neurosim.backends.reference`; which numbers are drawn is said in :mod:`neurosim.ir.random`; which edges a wiring recipe yields
is said in :mod:`neurosim.ir.wiring`; the rules that a Program obeys are in :mod:`neurosim.ir.check`.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

import numpy as np

from neurosim.equations.tree import Expr, Num

FloatArray = np.ndarray
IntArray = np.ndarray
Value = float | FloatArray
"""A number for all, or one per neuron (N,) or edge (E,)."""

EMPTY: Mapping[str, Value] = MappingProxyType({})
NO_UNITS: Mapping[str, str] = MappingProxyType({})
ONE = Num(1.0)


# ---- words -------------------------------------------------------------------------------------------------------------
@dataclass(frozen=True)
class Statement:
    """``target op expr`` with op one of ``= += -= *=``; the statements of a list run one after the other."""

    target: str
    op: str
    expr: Expr


@dataclass(frozen=True)
class Steps:
    """Steps n >= ``since`` of a phase, counted from its start, with n mod ``every`` = ``at`` (default: the last of each)."""

    every: int = 1
    at: int = -1
    since: int = 0

    def __contains__(self, step: int) -> bool:
        return step >= self.since and step % self.every == self.at % self.every


@dataclass(frozen=True)
class Sampled:
    """A recipe of drawn numbers: entry k is a pure function of ``stream`` and k (:func:`neurosim.ir.random.sample`).

    ``kind`` 'uniform' (a: low, b: high), 'normal' (a: mean, b: standard deviation), 'lognormal' (a, b: mean and standard deviation
    of the logarithm), 'exponential' (a: mean), 'gamma' (a: shape, b: scale). ``bounds``: 'none', 'clip' or 'redraw' at ``low``,
    ``high``. Afterwards numbers are rounded to a multiple of ``quantum`` (half to even; 0: not rounded) and clipped to
    ``least``, ``most``.
    """

    kind: str
    a: float
    b: float
    stream: int
    low: float = -math.inf
    high: float = math.inf
    bounds: str = "none"
    quantum: float = 0.0
    least: float = -math.inf
    most: float = math.inf


@dataclass(frozen=True)
class Draw:
    """One fresh number per neuron (or edge) and step, under ``name`` in expressions.

    ``kind`` 'normal' or 'uniform', keyed by ``stream``; or 'table': row n of ``table`` (T, N) in step n of the run (frozen).
    """

    name: str
    kind: str
    stream: int
    table: FloatArray | None = None


# ---- neurons -----------------------------------------------------------------------------------------------------------
@dataclass(frozen=True)
class Exact:
    """Annotation of a linear Update, never a second definition: new x = Phi x + q + sum over ports of gain[port] * port.

    All entries are *names of parameters* of the block ('' is zero), so no array is stored twice. ``gain`` holds (port, column)
    pairs. ``held_phi``, ``held_q``, ``held_gain`` are the same for neurons whose held states are held; None where no other state
    couples to a held one.
    """

    states: tuple[str, ...]
    phi: tuple[tuple[str, ...], ...]
    q: tuple[str, ...]
    gain: tuple[tuple[str, tuple[str, ...]], ...] = ()
    held_phi: tuple[tuple[str, ...], ...] | None = None
    held_q: tuple[str, ...] | None = None
    held_gain: tuple[tuple[str, tuple[str, ...]], ...] | None = None


@dataclass(frozen=True)
class Update:
    """Ordered assignments (name, expression) of one step, a complete definition.

    On the left a state means its *new* value and any other name a temporary of this step; on the right a state always means its
    value at t_n, and ``held`` is 1 where the neuron is held. New states are committed together; held states keep their value.
    """

    assign: tuple[tuple[str, Expr], ...] = ()
    exact: Exact | None = None


@dataclass(frozen=True)
class Spike:
    """Phases 3 and 6: ``condition`` on new states, this step's outputs and draws; what is sent; what is reset; the hold.

    ``hold_steps`` is r: a neuron that fired in step n is held in n + 1 ... n + r - 1 (r = 1: not held), scalar or (N,).
    ``hold_states``: which states keep their value while held (none: a refractory time in detection only).
    ``rising``: fires only where the condition was false in the last detection.
    """

    condition: Expr
    reset: tuple[Statement, ...] = ()
    payload: Expr = ONE
    rising: bool = False
    hold_steps: int | IntArray = 1
    hold_states: tuple[str, ...] = ()


@dataclass(frozen=True)
class Rule:
    """Statements of phase 5. ``trigger``: 'arrival', 'post' (a postsynaptic spike) or Steps. ``name``: a phase may switch it off."""

    name: str
    trigger: str | Steps
    statements: tuple[Statement, ...]


@dataclass(frozen=True)
class Block:
    """One population of N neurons.

    ``states``: initial values; ``parameters``: constants (a plan may change them); ``ports``: accumulators, zero when delivery
    begins; ``outputs``: ordered (name, expression) over *new* states and the ports just read; ``start``: value of an output before
    step 0; ``rules``: ``Steps`` rules on own states; ``shift``: retiming (engines ignore it, importers and comparisons use it);
    ``units``: name of a state, port or output -> the unit its numbers are in.
    """

    name: str
    size: int
    states: Mapping[str, Value] = field(default_factory=lambda: EMPTY)
    parameters: Mapping[str, Value] = field(default_factory=lambda: EMPTY)
    ports: tuple[str, ...] = ()
    update: Update = Update()
    outputs: tuple[tuple[str, Expr], ...] = ()
    start: Mapping[str, Value] = field(default_factory=lambda: EMPTY)
    spike: Spike | None = None
    rules: tuple[Rule, ...] = ()
    draws: tuple[Draw, ...] = ()
    shift: int = 0
    units: Mapping[str, str] = field(default_factory=lambda: NO_UNITS)


# ---- wiring ------------------------------------------------------------------------------------------------------------
@dataclass(frozen=True)
class Wiring:
    """Which edges there are, as a recipe (expanded by :mod:`neurosim.ir.wiring`, the same for every engine).

    ``kind``: 'all_to_all', 'one_to_one', 'fixed_probability' (``probability``), 'fixed_indegree', 'fixed_outdegree',
    'fixed_total_number' (``number``), 'pairs' (``pre``, ``post``, in canonical order), 'distance_dependent' (``probability`` times
    ``kernel``, clipped to 0 ... 1), 'small_world' (``number`` neighbours on a ring, rewired with ``probability``). ``same``: source
    and target are one population, so i -> i is an autapse.

    ``source_at`` (S, 2), ``target_at`` (N, 2): places in the plane; ``period``: width and height after which the plane repeats;
    ``kernel``: an expression of 'distance', 'dx' and 'dy' (from source to target).
    """

    kind: str
    sources: int
    targets: int
    number: int = 0
    probability: float = 1.0
    autapses: bool = True
    multapses: bool = True
    same: bool = False
    stream: int = 0
    pre: IntArray | None = None
    post: IntArray | None = None
    source_at: FloatArray | None = None
    target_at: FloatArray | None = None
    period: tuple[float, float] | None = None
    kernel: Expr | None = None


@dataclass(frozen=True)
class Weights:
    """A named vector that pathways refer to by an index per edge.

    ``values``: one number, an array (E,), or a recipe over the edge numbers of the pathway ``home``. ``low``, ``high``: touched
    entries are clipped after each statement of a rule. Static values are float32-representable multiples of ``quantum`` (a power of
    two; 0: unrounded, so the canonical order of sums matters).
    """

    name: str
    home: str
    values: Value | Sampled
    low: float = -math.inf
    high: float = math.inf
    quantum: float = 0.0
    unit: str = "1"


@dataclass(frozen=True)
class Pathway:
    """Edges from a source (a Block or Source) to a target Block.

    ``signal`` None: events; else the name of an output of the source that every edge carries in every step. ``deliver`` runs in
    phase 4 (in phase 2 of the target when ``instant``): it sets own states and adds to ``X_post`` (X a port, or a state: an
    addition). ``value`` is the payload or the signal; ``w`` is ``factor * weights[index of the edge]``. ``index``: None (edge e uses
    entry e), 'transpose' (all-to-all: edge (i, j) uses the entry of edge (j, i) of the weights' home) or an array (E,).
    ``delay``: steps. ``states``: initial values, scalar, (E,) or a recipe. ``update``: of the own states, every step.
    """

    name: str
    source: str
    target: str
    wiring: Wiring
    deliver: tuple[Statement, ...]
    weights: str = ""
    index: None | str | IntArray = None
    factor: float = 1.0
    delay: int | IntArray | Sampled = 0
    signal: str | None = None
    instant: bool = False
    states: Mapping[str, Value | Sampled] = field(default_factory=lambda: EMPTY)
    parameters: Mapping[str, Value | Sampled] = field(default_factory=lambda: EMPTY)
    update: Update = Update()
    rules: tuple[Rule, ...] = ()
    draws: tuple[Draw, ...] = ()
    units: Mapping[str, str] = field(default_factory=lambda: NO_UNITS)


# ---- outside, record, plan ---------------------------------------------------------------------------------------------
@dataclass(frozen=True)
class Source:
    """A block without state.

    ``kind`` 'poisson': one event per neuron and step whose payload is the count, of mean ``rate`` * dt (rate in 1/ms, scalar or
    (N,), a parameter that a plan may change); 'spikes': the events (``steps``, ``indices``, ``payloads``; steps count from the start
    of the run; sorted by step, then index); 'table': items (K, N), each shown for ``steps_per_item`` steps as the output ``value``
    (steps count from the start of the phase), in the order ``order`` (K',); ``after`` the last: 'repeat', 'hold' or 'zero'.
    """

    name: str
    size: int
    kind: str
    rate: Value = 0.0
    stream: int = 0
    steps: IntArray | None = None
    indices: IntArray | None = None
    payloads: FloatArray | None = None
    table: FloatArray | None = None
    steps_per_item: int = 1
    order: IntArray | None = None
    after: str = "repeat"
    units: Mapping[str, str] = field(default_factory=lambda: NO_UNITS)


@dataclass(frozen=True)
class Tap:
    """A lowered probe of one variable of one part (Block, Source or Pathway).

    ``variable``: a state, port or output; 'spikes' (every event: step, index, payload); 'counts' (events per neuron since the last
    record) or 'count' (their sum over the population), without storing events; of a pathway 'w' or an own state. ``of``: which
    neurons or edges (K,), None for all. ``at``: 'start' (phase 1) or 'end' (after phase 6). ``reduce``: 'last', or 'mean' over the
    steps since the last record. One value per presented item: every = steps of an item, at = 'end'.
    """

    part: str
    variable: str
    of: IntArray | None = None
    steps: Steps = Steps()
    at: str = "start"
    reduce: str = "last"


@dataclass(frozen=True)
class CopyWeights:
    """Right-hand side of a planned assignment to weights: ``factor * source[index]`` (index None: identity)."""

    source: str
    index: IntArray | None = None
    factor: float = 1.0


@dataclass(frozen=True)
class Assign:
    """A planned assignment of phase 0, in those steps of the phase (from its start) that ``when`` contains.

    ``part``: a block (state, parameter, or 'hold' := 0, which ends the hold), a source ('rate'), a pathway (own state or parameter)
    or weights (``target`` ''). ``value``: a number, an array, an expression over the part's own names, or CopyWeights.
    """

    part: str
    target: str
    value: Value | Expr | CopyWeights
    when: tuple[int, ...] | Steps = (0,)


@dataclass(frozen=True)
class Phase:
    """``steps`` steps; names of rules, sources and pathways that are off; planned assignments."""

    steps: int
    label: str = ""
    off: frozenset[str] = frozenset()
    assign: tuple[Assign, ...] = ()


@dataclass(frozen=True)
class Program:
    """The whole recipe. Blocks stand in the order in which they are integrated, pathways in the order in which they deliver."""

    dt: float
    blocks: tuple[Block, ...] = ()
    sources: tuple[Source, ...] = ()
    pathways: tuple[Pathway, ...] = ()
    weights: tuple[Weights, ...] = ()
    taps: tuple[Tap, ...] = ()
    plan: tuple[Phase, ...] = ()
    seed: int = 0
    name: str = ""
    meta: Mapping[str, str] = field(default_factory=lambda: NO_UNITS, compare=False)

    @property
    def steps(self) -> int:
        """Steps of the whole plan."""
        return sum(phase.steps for phase in self.plan)

    def block(self, name: str) -> Block:
        """The block of that name."""
        return next(block for block in self.blocks if block.name == name)

    def part(self, name: str) -> Block | Source | Pathway | Weights:
        """The part of that name, of any kind."""
        return next(part for part in self.parts() if part.name == name)

    def ruled(self) -> Iterator[Block | Pathway]:
        """Parts that may have rules: blocks, then pathways."""
        yield from self.blocks
        yield from self.pathways

    def parts(self) -> Iterator[Block | Source | Pathway | Weights]:
        """Blocks, sources, pathways and weights, each in its order."""
        yield from self.blocks
        yield from self.sources
        yield from self.pathways
        yield from self.weights


def plastic_weights(program: Program) -> frozenset[str]:
    """Names of the weights that a statement or a planned assignment may change."""
    named = {pathway.weights for pathway in program.pathways if pathway.weights and changes_weight(pathway)}
    weights = {weights.name for weights in program.weights}
    planned = {assign.part for phase in program.plan for assign in phase.assign if assign.part in weights}
    return frozenset(named | planned)


def changes_weight(pathway: Pathway) -> bool:
    """Whether a rule (or delivery) of the pathway writes ``w``."""
    lists = [pathway.deliver, *(rule.statements for rule in pathway.rules)]
    return any(statement.target == "w" for statements in lists for statement in statements)

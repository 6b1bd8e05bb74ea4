"""Synapses that learn, on integers: sums of products of traces, weights and tags, at the end of every epoch.

A rule (:class:`~neurosim.hardware.loihi.plan.LearningRule`) is executed as Lava's bit-approximate engine does, to the last bit, its random
numbers included ('lava'), or with a random number of its own for every trace and synapse ('independent'). In an epoch of E steps, with
x0 (y0) where the source (target) of a synapse fired and tx (ty) the last step in which it did::

    trace:   h[0] = trace; h[t] = down(exp(-1 / tau) h[t - 1]), + impulse where t = tx, at most 127; then trace = h[E]
             a second spike in the epoch adds its impulse to h[0] at once; down() rounds down or, at random, up
    product: c = dependency * factors * mantissa, in 32 bits; traces are read at h[tx] with x0, at h[ty] with y0, at h[E] with u
             each factor is limited to -2**width ... 2**width - 1; width 7 for traces, 9 for w, d, t, 1 for x0, y0
             c = limit((c >> max(0, sum of widths + 4 - 15)) << (exponent + 7)) to -32769 ... 32767
    weight:  a = limit(128 w + c) product by product, then limited by the sign; w = a / 128, rounded at random, limited

All products read the old w, d and t. uK holds in epochs whose number, from 1, is a multiple of 2**K. The weights of an epoch act from the
step after it. In a rule with a third factor y1, y2 and y3 are those of the neuron, told anew in every step (and passed through a decay
of 65535 steps, as Lava does): a trace with an impulse is the neuron's own, any other is what source k N + i of the group ``third_factor``
sends to neuron i of N as its y(k + 1), limited to -128 ... 127.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from neurosim.hardware.loihi import learning_codes as codes
from neurosim.hardware.loihi.limits import LARGEST_WEIGHT, LEARNING_EXPONENT, LEARNING_MANTISSA, LONGEST_EPOCH, TRACE_BITS
from neurosim.hardware.loihi.plan import LearningRule, LoihiPlan, PlanError, Product, Recording, Synapses, Trace
from neurosim.ir.random import stream

Array = np.ndarray
TRACES = ("x1", "x2", "y1", "y2", "y3")
FACTORS = (*TRACES, "w", "d", "t", "x0", "y0")
"""In the order of the codes."""
TARGETS = ("dw", "dd", "dt")
DEPENDENCIES = ("x0", "y0", "u")
WIDTHS: Mapping[str, int] = {**dict.fromkeys(TRACES, TRACE_BITS), **dict.fromkeys(("w", "d", "t"), 9), "x0": 1, "y0": 1}
"""Bits of a factor without its sign. [lava]"""
MANTISSA_BITS, ACCUMULATOR_BITS = 4, 15
SIGNS: Mapping[str, tuple[int, int]] = {"mixed": (-LARGEST_WEIGHT - 1, LARGEST_WEIGHT), "excitatory": (0, LARGEST_WEIGHT), "inhibitory": (-LARGEST_WEIGHT, 0)}
"""Least and largest weight by the sign of a group of synapses."""
TOLD = 65535.0
"""Time constant, in steps, with which Lava lets traces decay that a neuron tells. [lava]"""
SEED_OF_ROUNDING = 2
"""Lava rounds weights and tags with this seed, whatever the seed of the rule. [lava]"""
CHUNK = 1024
"""Steps for which random numbers are drawn at once."""
AT_ONCE = 2048
"""Synapses that are changed at once, at least: their scratch stays in the nearest cache."""


# ---- rules ---------------------------------------------------------------------------------------------------------------
def normalised(product: Product) -> Product:
    """The same product with a mantissa as Lava keeps it: even ones above 7 are halved, also -8."""
    mantissa, exponent = product.mantissa, product.exponent
    while abs(mantissa) > 7 and mantissa % 2 == 0 and exponent < LEARNING_EXPONENT[1]:
        mantissa, exponent = mantissa // 2, exponent + 1
    return Product(product.dependency, mantissa, exponent, product.factors)


def shift_of(product: Product) -> int:
    """By how many bits a product is shifted right before its exponent is applied, because its factors are wide."""
    return max(0, sum(WIDTHS[factor.name] for factor in product.factors) + MANTISSA_BITS - ACCUMULATOR_BITS)


def products_of(rule: LearningRule) -> tuple[tuple[str, Product], ...]:
    """(target, product) of a rule, in the order in which they are added."""
    return tuple((target, normalised(product)) for target in TARGETS for product in getattr(rule, target))


def rule_problems(rule: LearningRule) -> Iterator[str]:
    """What is not in the chip's grammar."""
    known = {*DEPENDENCIES[:2], *(f"u{k}" for k in range(10))}
    for target, product in products_of(rule):
        where = f"{target}: {product.mantissa} * 2**{product.exponent} * {product.dependency}"
        if product.dependency not in known:
            yield f"{where}: a product depends on x0, y0 or u0 ... u9"
        if not LEARNING_MANTISSA[0] <= product.mantissa <= LEARNING_MANTISSA[1]:
            yield f"{where}: the mantissa is not within {LEARNING_MANTISSA[0]} ... {LEARNING_MANTISSA[1]}"
        if not LEARNING_EXPONENT[0] <= product.exponent <= LEARNING_EXPONENT[1]:
            yield f"{where}: the exponent is not within {LEARNING_EXPONENT[0]} ... {LEARNING_EXPONENT[1]}"
        for factor in product.factors:
            if factor.name not in FACTORS:
                yield f"{where}: there is no factor {factor.name!r}"
            elif factor.sign and factor.name not in ("w", "d", "t"):
                yield f"{where}: only w, d and t have a sign, not {factor.name}"
    if len({product.dependency for _, product in products_of(rule) if product.dependency.startswith("u")}) > 1:
        yield "all products that depend on u need the same number"
    if not any(getattr(rule, target) for target in TARGETS):
        yield "it has no product"
    if not 1 <= rule.t_epoch <= LONGEST_EPOCH:
        yield f"an epoch of {rule.t_epoch} steps is not within 1 ... {LONGEST_EPOCH}"
    if rule.rounding not in ("lava", "independent"):
        yield f"its rounding is {rule.rounding!r}, not 'lava' or 'independent'"
    for name in TRACES:
        trace: Trace = getattr(rule, name)
        if trace.impulse < 0 or trace.tau < 0:
            yield f"{name} has a negative impulse or time constant"
        if rule.third_factor and name.startswith("y") and trace.impulse != round(trace.impulse):
            yield f"{name}, which the neuron tells, needs a whole impulse"


def problems(plan: LoihiPlan) -> Iterator[str]:
    """Everything about learning in a plan that cannot be executed."""
    groups = {group.name: group for group in plan.neurons}
    for some in plan.synapses:
        rule = some.learning
        if rule is None:
            continue
        yield from (f"{some.name}: {problem}" for problem in rule_problems(rule))
        low, high = SIGNS[some.sign]
        for what, values, least, most in (("weight", some.weight, low, high), ("tag", some.tag, -256, 255), ("delay_tag", some.delay_tag, 0, 255)):
            array = np.asarray(values)
            if array.size and (array.min() < least or array.max() > most):
                yield f"{some.name}: {what} {array.min()} ... {array.max()} is not within {least} ... {most}"
        if rule.third_factor:
            group, needed = groups.get(rule.third_factor), 3 * groups[some.target].size
            if group is None or group.kind != "source" or group.size != needed:
                yield f"{some.name}: its third factor has to be a group of {needed} sources, three for each of its targets"


# ---- random numbers ------------------------------------------------------------------------------------------------------
@dataclass
class Draws:
    """The random numbers that all traces and synapses of one rule share, in Lava's order: one at first, two per step, one per epoch."""

    rule: LearningRule
    generators: tuple[np.random.Generator, ...]

    @staticmethod
    def of(rule: LearningRule) -> Draws:
        """Before the first step."""
        generators = tuple(np.random.default_rng(seed) for seed in (*(rule.seed + k for k in range(5)), SEED_OF_ROUNDING))
        for k in (0, 2, 5):
            generators[k].random()
        for k in (1, 3):
            generators[k].integers(0, 128)
        return Draws(rule, generators)

    def of_steps(self, first: int, steps: int) -> Array:
        """(steps, 7) numbers of the next steps, the first of which is ``first``."""
        decay_x, impulse_x, decay_y, impulse_y, own, rounding = self.generators
        drawn = np.zeros((steps, 7))
        drawn[:, codes.DECAY_X] = decay_x.random(2 * steps)[1::2]
        drawn[:, codes.IMPULSE_X] = impulse_x.integers(0, 128, 2 * steps)[1::2]
        drawn[:, codes.DECAY_Y] = decay_y.random(2 * steps)[1::2]
        of_y = impulse_y.integers(0, 128, 2 * steps)
        drawn[:, codes.AGAIN_Y], drawn[:, codes.IMPULSE_Y] = of_y[0::2], of_y[1::2]
        ends = (np.arange(first, first + steps) + 1) % self.rule.t_epoch == 0
        # A fraction f of 128 is rounded up where number < f / 128: from floor(128 number) + 1 on.
        drawn[ends, codes.ROUND] = np.floor(rounding.random(int(ends.sum())) * 128) + 1
        drawn[:, codes.OWN] = own.random(steps)
        return drawn


# ---- layout --------------------------------------------------------------------------------------------------------------
def decays(tau: float) -> tuple[Array, Array]:
    """(256,) whole part and fraction of what is left of the values -128 ... 127 of a trace after a step."""
    left = np.exp(-1.0 / tau) * np.arange(-codes.OFFSET, codes.OFFSET) if tau > 0 else np.zeros(2 * codes.OFFSET)
    return np.floor(left).astype(np.int32), left % 1


def impulses(rule: LearningRule, told: bool) -> tuple[Array, Array]:
    """(5,) whole part and fraction, in 256ths, of the impulses; none for traces that the neuron tells."""
    given = np.array([0.0 if told and name.startswith("y") else getattr(rule, name).impulse for name in TRACES])
    whole = np.floor(given)
    return whole.astype(np.int64), np.round((given - whole) * 256).astype(np.int64)


@dataclass(frozen=True)
class Part:
    """One group of synapses that learns: its place among all, and the order of its synapses in the layout.

    ``places``: (E,) where the synapses of the plan are in the arrays of the codes.
    """

    number: int
    some: Synapses
    rule: LearningRule
    pre: int
    post: int
    dense: bool
    places: Array

    @property
    def edges(self) -> int:
        """Synapses in the arrays of the codes."""
        return len(self.places)


def parts_of(plan: LoihiPlan) -> tuple[Part, ...]:
    """The groups of synapses that learn."""
    found = []
    for number, some in enumerate(plan.synapses):
        if some.learning is not None:
            sources, targets = plan.group(some.source).size, plan.group(some.target).size
            dense = some.is_full(sources, targets)
            places = some.pre * targets + some.post if dense else np.arange(len(some))
            found.append(Part(number, some, some.learning, sources, targets, dense, places.astype(np.int64)))
    return tuple(found)


@dataclass
class Learning:
    """The learning engine of a plan that runs. ``arrays``: what the compiled loop reads and writes, in its order."""

    parts: tuple[Part, ...]
    watched: tuple[Recording, ...]
    draws: tuple[Draws, ...]
    arrays: dict[str, Array]
    counts: tuple[int, ...]
    first_draw: int = 0
    drawn: Array = field(default_factory=lambda: np.zeros((0, 0, 7)))

    def run(self, step: int, steps: int, neurons: Mapping[str, Array], arguments: Sequence[str]) -> int:
        """Advance by at most ``steps``; returns the steps done."""
        from neurosim.hardware.loihi import learning_kernels  # numba, when something runs

        if step >= self.first_draw + self.drawn.shape[1]:
            self.first_draw = step
            self.drawn = np.stack([draws.of_steps(step, CHUNK) for draws in self.draws])
        steps = min(steps, self.first_draw + self.drawn.shape[1] - step)
        shared = ("found", "payload", "first_found", "starts", "row_begin", "rows", "edge_begin", "targets", "weights")
        a = self.arrays
        return int(
            learning_kernels.run(
                step, steps, tuple(neurons[name] for name in arguments), *(neurons[name] for name in shared),
                *(a[name] for name in BEFORE_DRAWS), self.drawn, self.first_draw, *(a[name] for name in AFTER_DRAWS),
            )
        )  # fmt: skip

    def present(self, name: str, variable: str, weights: Array, edge_begin: Array) -> Array:
        """(E,) 'w', 't' or 'd' of synapses, in the order of the plan."""
        q = next(q for q, part in enumerate(self.parts) if part.some.name == name)
        part, row = self.parts[q], self.arrays["table"][q]
        if variable == "w":
            begin = int(edge_begin[part.number])
            weight: Array = (weights[begin + part.places] >> row[codes.LEFT]).astype(np.int64)
            return weight
        values: Array = self.arrays["tags" if variable == "t" else "delay_tags"][row[codes.AT_EDGE] + part.places]
        return values.astype(np.int64)

    def recorded(self, number: int, steps: int) -> tuple[Array, Array]:
        """(R,) steps and (R, K) values of a recording of synapses so far."""
        recording, width = self.watched[number], self.counts[number]
        taken = np.arange(recording.at % recording.every, steps, recording.every)
        begin = int(self.arrays["watched_from"][number])
        return taken, self.arrays["kept"][begin : begin + len(taken) * width].reshape(len(taken), width).astype(np.int64)


BEFORE_DRAWS = (
    *("table", "products", "factors", "reads", "reads_at", "floors", "parts", "whole", "part"),
    *("own_floors", "own_parts", "own_whole", "streams"),
)
AFTER_DRAWS = (
    *("fired_x", "fired_y", "listed_x", "listed_y", "listed", "history_x", "history_y", "own", "tags", "delay_tags", "lowest_tags"),
    *("columns", "column_edges", "edge_pre", "edges", "pre", "post", "values", "traces", "total", "c"),
    *("watched", "watched_edges", "kept"),
)
"""Arguments of the compiled loop, in its order, around the random numbers."""


def learning_of(plan: LoihiPlan, *, record: bool = True) -> Learning | None:
    """The learning engine of a plan before its first step; None where nothing learns.

    Raises
    ------
    PlanError
        That lists everything that cannot be executed.
    """
    parts = parts_of(plan)
    if not parts:
        return None
    found = tuple(problems(plan))
    if found:
        raise PlanError("the plan cannot learn:\n" + "\n".join(f"  {problem}" for problem in found))
    names = {part.some.name for part in parts}
    watched = tuple(recording for recording in plan.recordings if recording.part in names) if record else ()
    counts = tuple(len(edges_of(parts, recording)) for recording in watched)
    arrays = {**tables_of(plan, parts), **states_of(parts), **watches_of(parts, watched, counts, plan.steps)}
    return Learning(parts, watched, tuple(Draws.of(part.rule) for part in parts), arrays, counts)


def tables_of(plan: LoihiPlan, parts: Sequence[Part]) -> dict[str, Array]:
    """Rules and sizes."""
    order = {group.name: number for number, group in enumerate(plan.neurons)}
    table = np.zeros((len(parts), 28), np.int64)
    products, factors = list[tuple[int, ...]](), list[tuple[int, ...]]()
    reads, reads_at = np.zeros((len(parts), 5), np.bool_), np.zeros((len(parts), 3, 5), np.bool_)
    begin = np.zeros(7, np.int64)
    for q, part in enumerate(parts):
        some, rule, row = part.some, part.rule, table[q]
        low, high = SIGNS[some.sign]
        every = {int(product.dependency[1:]) for _, product in products_of(rule) if product.dependency.startswith("u")}
        row[: codes.PRODUCTS] = (
            *(part.number, order[some.source], order[some.target], part.pre, part.post, max(some.weight_exp, 0), rule.t_epoch),
            *(2 ** every.pop() if every else 0, part.dense, rule.rounding == "independent", order.get(rule.third_factor, -1)),
        )
        for k, target in enumerate(TARGETS):
            row[codes.PRODUCTS + k] = len(products)
            for product in (normalised(product) for product in getattr(rule, target)):
                dependency = DEPENDENCIES.index(product.dependency[0] if product.dependency[0] == "u" else product.dependency)
                products.append((dependency, product.mantissa, shift_of(product), product.exponent + 7, len(factors), len(factors) + len(product.factors)))
                for factor in product.factors:
                    width = WIDTHS[factor.name]
                    factors.append((FACTORS.index(factor.name), factor.constant, factor.sign, -(1 << width), (1 << width) - 1))
                    if factor.name in TRACES:
                        reads_at[q, dependency, TRACES.index(factor.name)] = True
        row[codes.END] = len(products)
        own = products[row[codes.PRODUCTS] :]
        used = {factor.name for _, product in products_of(rule) for factor in product.factors}
        row[codes.LOWEST : codes.AT_PRE] = (
            low, high, any(p[0] == 0 for p in own), any(p[0] == 1 for p in own), bool(rule.dd) or "d" in used, bool(rule.dt) or "t" in used
        )  # fmt: skip
        row[codes.AT_PRE :] = begin
        rows = rule.t_epoch + 1
        begin += (part.pre, part.post, 2 * rows * part.pre, 3 * rows * part.post, part.edges, 0 if part.dense else part.edges, 0 if part.dense else part.post + 1)
        reads[q] = reads_at[q].any(axis=0)
    told = [bool(part.rule.third_factor) for part in parts]
    taus = [[TOLD if t and name.startswith("y") else getattr(part.rule, name).tau for name in TRACES] for part, t in zip(parts, told, strict=True)]
    given = [impulses(part.rule, t) for part, t in zip(parts, told, strict=True)]
    left = [[decays(tau) for tau in of] for of in taus]
    own_left = [[decays(getattr(part.rule, name).tau) for name in TRACES[2:]] for part in parts]
    return {
        "table": table,
        "products": np.array(products, np.int64).reshape(-1, 6),
        "factors": np.array(factors, np.int64).reshape(-1, 5),
        "reads": reads,
        "reads_at": reads_at,
        "floors": np.array([[pair[0] for pair in of] for of in left]),
        "parts": np.array([[pair[1] for pair in of] for of in left]),
        "whole": np.array([pair[0] for pair in given]),
        "part": np.array([pair[1] for pair in given]),
        "own_floors": np.array([[pair[0] for pair in of] for of in own_left]),
        "own_parts": np.array([[pair[1] for pair in of] for of in own_left]),
        "own_whole": np.array([[getattr(part.rule, name).impulse for name in TRACES[2:]] for part in parts], np.int64),
        "streams": np.array([stream(part.rule.seed, "synapses", "rounding") for part in parts], np.uint64),
    }


def states_of(parts: Sequence[Part]) -> dict[str, Array]:
    """Traces, tags, times of spikes, columns of sparse synapses, scratch."""
    sources, targets = sum(part.pre for part in parts), sum(part.post for part in parts)
    rows = [(part.rule.t_epoch + 1, part) for part in parts]
    sparse = [part for part in parts if not part.dense]
    longest = AT_ONCE
    for part in parts:
        lines = (part.pre, part.post) if part.dense else (np.bincount(part.some.pre, minlength=1).max(), np.bincount(part.some.post, minlength=1).max())
        longest = max(longest, *map(int, lines))
    orders = [np.lexsort((part.some.pre, part.some.post)) for part in sparse]

    def joined(arrays: Sequence[Array], kind: type) -> Array:
        whole: Array = np.concatenate([*arrays, np.zeros(0, kind)]).astype(kind)
        return whole

    def laid(part: Part, values: object) -> Array:
        whole = np.zeros(part.edges, np.int64)
        whole[part.places] = np.broadcast_to(np.asarray(values), (part.edges,))
        return whole

    return {
        "fired_x": np.zeros(sources, np.int64),
        "fired_y": np.zeros(targets, np.int64),
        "listed_x": np.zeros(sources, np.int64),
        "listed_y": np.zeros(targets, np.int64),
        "listed": np.zeros((len(parts), 2), np.int64),
        "history_x": np.zeros(sum(2 * length * part.pre for length, part in rows), np.int32),
        "history_y": np.zeros(sum(3 * length * part.post for length, part in rows), np.int32),
        "own": np.zeros(3 * targets, np.int64),
        "tags": joined([laid(part, part.some.tag) for part in parts], np.int16),
        "delay_tags": joined([laid(part, part.some.delay_tag) for part in parts], np.int16),
        "lowest_tags": np.zeros(len(parts), np.bool_),
        "columns": joined(
            [np.searchsorted(part.some.post[order], np.arange(part.post + 1)) for part, order in zip(sparse, orders, strict=True)], np.int64
        ),
        "column_edges": joined(orders, np.int64),
        "edge_pre": joined([part.some.pre for part in sparse], np.int64),
        "edges": np.zeros(longest, np.int64),
        "pre": np.zeros(longest, np.int64),
        "post": np.zeros(longest, np.int64),
        "values": np.zeros((len(FACTORS), longest), np.int32),
        "traces": np.zeros((15, longest), np.int32),
        "total": np.zeros(longest, np.int32),
        "c": np.zeros(longest, np.int32),
    }


# ---- recordings ----------------------------------------------------------------------------------------------------------
def edges_of(parts: Sequence[Part], recording: Recording) -> Array:
    """(K,) places of the synapses of a recording."""
    part = next(part for part in parts if part.some.name == recording.part)
    return part.places if recording.of is None else part.places[np.asarray(recording.of)]


def watches_of(parts: Sequence[Part], watched: Sequence[Recording], counts: Sequence[int], steps: int) -> dict[str, Array]:
    """What the recordings of synapses read, and room for all of it."""
    names = [part.some.name for part in parts]
    rows, edges, place = [], [np.zeros(0, np.int64)], 0
    begin, froms = 0, []
    for recording, count in zip(watched, counts, strict=True):
        variable = FACTORS.index(recording.variable)
        at = recording.at % recording.every
        rows.append((names.index(recording.part), variable, recording.every, at, begin, begin + count, place))
        froms.append(place)
        edges.append(edges_of(parts, recording))
        begin += count
        place += count * len(range(at, steps, recording.every))
    return {
        "watched": np.array(rows, np.int64).reshape(-1, 7),
        "watched_edges": np.concatenate(edges),
        "watched_from": np.array(froms, np.int64),
        "kept": np.zeros(place, np.int16),
    }

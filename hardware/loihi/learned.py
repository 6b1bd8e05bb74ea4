"""A learning rule in integers: how large traces and tags are, and a mantissa and an exponent for every coefficient, with the error of each.

A literal is m * 2**e with m = 1 ... 7, which alone would be up to a ninth wrong. The impulses of traces are free, so they are chosen such
that literals come out right; what error is left is taken by a second product. A product whose factors have more than 11 bits in all is
shifted right by the rest before its exponent counts: that is made up for in the exponent. The other way round a coefficient below
2**-7 is reached by factors that are always 1: (x0 + 1), limited to one bit, and (d + 1) of nine bits where d stays 0. They shift by
their width. What a shift cuts off is in the error.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from neurosim.hardware.loihi.grammar import PRE_TRACES, TAG, WEIGHT, Learned, LearnedTrace, Term
from neurosim.hardware.loihi.learning import ACCUMULATOR_BITS, MANTISSA_BITS, SIGNS, TRACES, WIDTHS
from neurosim.hardware.loihi.limits import (
    LARGEST_EXPONENT,
    LARGEST_IMPULSE,
    LARGEST_WEIGHT,
    LEARNING_EXPONENT,
    LEARNING_MANTISSA,
    SMALLEST_EXPONENT,
    THRESHOLD_UNIT,
    WEIGHT_BITS,
)
from neurosim.hardware.loihi.match import Connection
from neurosim.hardware.loihi.plan import Factor, LearningRule, Neurons, Product, Stimulus, Synapses, Trace

IMPULSES = (31, 30, 29, 28, 27, 26, 25, 24, 23, 22, 21, 20, 18, 16, 14, 12, 10, 8, 7, 6, 5, 4, 3, 2, 1)
"""Jumps that are tried."""
ROOM, LIVELY = 4.0, 0.02
"""A trace holds at least so many spikes at once, and more of neurons that nobody knows beforehand: twice those at this rate [1/ms]."""
WATCHED_STEPS = 2000
"""Of known spikes, by which the room of a trace is chosen."""
PEAKS = (127, 120, 112, 104, 96, 88, 80, 72, 64)
"""Largest values of a third factor that are tried."""
COARSENESS = 0.25
"""A jump of n is judged like an error of COARSENESS / n in a literal: small traces are rounded coarsely."""
SMALL_ERROR = 0.03
"""From this error on a literal is made of two products."""
MOST_SHIFT, PRICE_OF_ONE = 9, 0.003
"""By how many bits factors of one may shift a product, and what error each of them is worth."""
NEGLIGIBLE, SHARE = 1 / 32, 0.02
"""A term is left out that is below this share of a unit of weight per event and below this share of the largest one."""
LONGEST_TAU = 65535
ONE, WIDE_ONE = Factor("x0", 1), Factor("d", 1)
"""Factors that are always 1: x0 + 1 in one bit, d + 1 in nine."""
TYPICAL = {"x0": 1.0, "y0": 1.0, WEIGHT: LARGEST_WEIGHT / 2}


@dataclass(frozen=True)
class Literal:
    """A coefficient as the chip has it: mantissa, exponent, bits of factors of one, its value, and what its shift cuts off on average."""

    mantissa: int
    exponent: int
    ones: int
    value: float
    cut: float


@dataclass(frozen=True)
class Row:
    """One number of a rule: what was asked for, what the chip does, the relative error."""

    parameter: str
    requested: float
    achieved: float
    error: float


@dataclass(frozen=True)
class InIntegers:
    """A rule of the chip, its report, and scales: chip units per unit of the network, of the tag and of y1 ... y3 that are told."""

    rule: LearningRule
    rows: tuple[Row, ...]
    warnings: tuple[str, ...]
    tag: int
    tag_scale: float
    told_scales: Mapping[str, float]


# ---- literals ----------------------------------------------------------------------------------------------------------------
def width_of(factors: Sequence[str]) -> int:
    """Bits of the factors of a product."""
    return sum(WIDTHS[name] for name in factors)


def factors_of_one(bits: int) -> tuple[Factor, ...]:
    """Factors that change nothing but the width of a product, by so many bits."""
    wide = WIDTHS[WIDE_ONE.name]
    return (WIDE_ONE,) * (bits // wide) + (ONE,) * (bits % wide)


def literal(wanted: float, factors: Sequence[str], typical: float) -> Literal:
    """The nearest literal of a product whose factors come to ``typical`` in size, which tells what a shift costs."""
    slack = ACCUMULATOR_BITS - MANTISSA_BITS - width_of(factors)
    best, least = Literal(0, 0, 0, 0.0, 0.0), 1.0
    for ones in (0, *range(max(slack, 0) + 1, max(slack, 0) + MOST_SHIFT + 1)) if wanted else ():
        shift = max(0, ones - slack)
        for mantissa in range(1, LEARNING_MANTISSA[1] + 1):
            exponent = round(math.log2(abs(wanted) / mantissa)) + shift
            exponent = min(max(exponent, LEARNING_EXPONENT[0]), LEARNING_EXPONENT[1])
            value = mantissa * 2.0 ** (exponent - shift)
            cut = 0.5 * 2.0 ** (exponent) / max(typical, 1e-9) if shift else 0.0
            cost = (abs(value - abs(wanted)) + cut) / abs(wanted) + PRICE_OF_ONE * len(factors_of_one(ones))
            if cost < least - 1e-12:
                best, least = Literal(int(math.copysign(mantissa, wanted)), exponent, ones, math.copysign(value, wanted), cut), cost
    return best


def error_of(wanted: float, literals: Sequence[Literal]) -> float:
    """How wrong a coefficient of some products is, relative to itself, with what shifts cut off."""
    return (abs(sum(some.value for some in literals) - wanted) + sum(some.cut for some in literals)) / abs(wanted)


@dataclass(frozen=True)
class Sizes:
    """Chip units per unit of the network, of every factor, and how large factors are when something happens."""

    scales: Mapping[str, float]
    typical: Mapping[str, float]

    def wanted(self, target: str, term: Term) -> float:
        """The coefficient of a term in chip units."""
        return term.coefficient * self.scales[target] / math.prod(self.scales[name] for name in term.factors)

    def size(self, term: Term) -> float:
        """What the factors of a term come to."""
        return math.prod(self.typical[name] for name in term.factors)

    def literals(self, target: str, term: Term) -> tuple[Literal, ...]:
        """One literal, two where one is too far off, none where the term is too small."""
        wanted = self.wanted(target, term)
        first = literal(wanted, term.factors, self.size(term))
        if not first.mantissa or error_of(wanted, (first,)) <= SMALL_ERROR:
            return (first,) if first.mantissa else ()
        both = first, literal(wanted - first.value, term.factors, self.size(term))
        return both if both[1].mantissa and error_of(wanted, both) < 0.5 * error_of(wanted, both[:1]) else both[:1]

    def error(self, target: str, term: Term) -> float:
        """Of the one literal that a term would get."""
        wanted = self.wanted(target, term)
        return error_of(wanted, (literal(wanted, term.factors, self.size(term)),))


# ---- sizes -------------------------------------------------------------------------------------------------------------------
def sizes_of(found: Learned, unit: float, peaks: Mapping[str, float]) -> tuple[Sizes, dict[str, int]]:
    """Sizes of traces, tag and third factors such that literals fit; the impulses of traces.

    ``unit``: mantissas of a weight per unit of the network's; ``peaks``: the largest that each trace, or told y, is.
    """
    scales = {"x0": 1.0, "y0": 1.0, WEIGHT: unit}
    typical, chosen = dict(TYPICAL), dict[str, int]()
    free: dict[str, tuple[float, Sequence[int]]] = {}
    for slot, trace in found.traces.items():
        most = LARGEST_IMPULSE * trace.jump / max(peaks.get(slot, 0.0), ROOM * trace.jump)
        free[slot] = (trace.jump, (LARGEST_IMPULSE,) if trace.is_set else [option for option in IMPULSES if option <= most] or IMPULSES[-1:])
    for slot in found.told:
        free[slot] = (peaks[slot] if peaks[slot] > 0 else 1.0, PEAKS)
    if found.tag:
        free[TAG] = (jump_of_tag(found, peaks), IMPULSES)
    for name, (one, options) in free.items():
        chosen[name] = options[0]
        scales[name], typical[name] = chosen[name] / one, float(chosen[name])
    for _ in range(2):
        for name, (one, options) in free.items():
            concerned = [(target, term) for target, term in pairs(found) if name in term.factors or target == name]
            judged = []
            for option in options:
                sizes = Sizes({**scales, name: option / one}, {**typical, name: float(option)})
                judged.append(sum(sizes.error(target, term) for target, term in concerned) + COARSENESS / option)
            chosen[name] = options[int(np.argmin(judged))]
            scales[name], typical[name] = chosen[name] / one, float(chosen[name])
    return Sizes(scales, typical), {slot: chosen[slot] for slot in found.traces}


def pairs(found: Learned) -> Iterator[tuple[str, Term]]:
    """(what a term changes, term): 'w' or 't'."""
    yield from ((target[1], term) for target, term in found.terms())


def jump_of_tag(found: Learned, peaks: Mapping[str, float]) -> float:
    """By how much one event changes the tag at most."""
    jumps = {slot: trace.jump for slot, trace in found.traces.items()}
    sizes = {**peaks, **jumps, "x0": 1.0, "y0": 1.0}
    changes = [abs(term.coefficient) * math.prod(sizes.get(name, 1.0) for name in term.factors) for term in found.dt if TAG not in term.factors]
    return max([*changes, abs(found.tag_start)], default=1.0) or 1.0


# ---- the whole ---------------------------------------------------------------------------------------------------------------
def in_integers(found: Learned, unit: float, peaks: Mapping[str, float], *, third_factor: str, seed: int, rounding: str = "lava") -> InIntegers:
    """The rule of the chip that comes nearest.

    Parameters
    ----------
    found : Learned
    unit : float
        Mantissas of a weight per unit of the network's.
    peaks : mapping
        Traces, and y1 ... y3 that are told -> the largest that each is.
    third_factor : str
        The group of sources that tells them.
    seed : int
    rounding : {'lava', 'independent'}

    Returns
    -------
    InIntegers
    """
    sizes, impulses = sizes_of(found, unit, peaks)
    rows: list[Row] = []
    warnings = [finding.what for finding in found.findings]
    products: dict[str, list[Product]] = {"dw": [], "dt": []}
    effects = [(target, abs(sizes.wanted(target[1], term)) * sizes.size(term)) for target, term in found.terms()]
    largest = {target: max(effect for to, effect in effects if to == target) for target, _ in effects}
    for target, term in found.terms():
        wanted = sizes.wanted(target[1], term)
        effect = abs(wanted) * sizes.size(term)
        if not term.dependency.startswith("u") and effect < NEGLIGIBLE and effect < SHARE * largest[target]:
            continue
        literals = sizes.literals(target[1], term)
        if not literals:
            warnings.append(f"{target}: {term} changes too little for the chip, {effect:.2g} of its units at once: left out")
        value = sum(some.value for some in literals)
        rows.append(Row(f"{target}: {term}", term.coefficient, term.coefficient * value / wanted, error_of(wanted, literals)))
        products[target] += [
            Product(term.dependency, some.mantissa, some.exponent, (*map(Factor, term.factors), *factors_of_one(some.ones))) for some in literals
        ]
    traces = dict.fromkeys(TRACES, Trace())
    for slot, trace in found.traces.items():
        tau = -1.0 / math.log(trace.keep) if 0.0 < trace.keep < 1.0 else 0.0 if trace.keep == 0.0 else float(LONGEST_TAU)
        kept = float(min(max(round(tau), 1), LONGEST_TAU)) if tau else 0.0
        traces[slot] = Trace(float(impulses[slot]), kept)
        if tau:
            rows.append(Row(f"tau of {trace.state} [steps]", tau, kept, abs(kept / tau - 1.0)))
        if not trace.is_set:
            held = LARGEST_IMPULSE / impulses[slot]
            rows.append(Row(f"{trace.state}: most spikes at once", held, held, 0.0))
    scale = sizes.scales.get(TAG, 1.0)
    rule = LearningRule(
        tuple(products["dw"]), (), tuple(products["dt"]),
        x1=traces["x1"], x2=traces["x2"], y1=traces["y1"], y2=traces["y2"], y3=traces["y3"],
        third_factor=third_factor if found.told else "", rounding=rounding, seed=seed,
    )  # fmt: skip
    told = {slot: sizes.scales[slot] for slot in found.told}
    return InIntegers(rule, tuple(rows), tuple(warnings), round(found.tag_start * scale), scale, told)



# ---- a projection ------------------------------------------------------------------------------------------------------------
@dataclass(frozen=True)
class Plastic:
    """A projection that learns, in integers: its synapses, the report, and the sources that tell its targets a third factor."""

    synapses: Synapses
    rows: tuple[Row, ...]
    warnings: tuple[str, ...]
    third_factor: tuple[Neurons, ...] = ()
    told: tuple[Stimulus, ...] = ()


def bounds_of(some: Connection, found: Learned) -> tuple[float, float]:
    """Least and largest weight, in units of the membrane; infinite where there is none."""
    ends = some.unit * found.low, some.unit * found.high
    return min(ends), max(ends)


def room_of(some: Connection, found: Learned) -> tuple[str, float]:
    """(sign, largest size of a weight in units of the membrane); a weight without bounds may become twice as large as the largest is."""
    low, high = bounds_of(some, found)
    if math.isinf(low) or math.isinf(high):
        reach = 2.0 * float(np.abs(some.weight).max(initial=0.0)) or abs(some.unit)
        low, high = (-reach if math.isinf(low) else low), (reach if math.isinf(high) else high)
    sign = "excitatory" if low >= 0.0 else "inhibitory" if high <= 0.0 else "mixed"
    return sign, max(abs(low), abs(high))


def bounded_scale(connections: Sequence[Connection], scale: float) -> float:
    """The scale at or below a scale at which the bound of the first projection that learns is the chip's own: its largest weight."""
    for some in connections:
        if some.learned is not None and math.isfinite(some.learned.low) and math.isfinite(some.learned.high):
            largest = room_of(some, some.learned)[1] * scale / (THRESHOLD_UNIT * LARGEST_WEIGHT)
            return scale * 2.0 ** math.floor(math.log2(largest)) / largest if largest > 0 else scale
    return scale


def largest_trace(trace: LearnedTrace, spikes: Stimulus | None, dt: float) -> float:
    """What a trace reaches: by the spikes if they are known, else by the rate of a lively neuron."""
    steps_of_decay = -1.0 / math.log(trace.keep) if 0.0 < trace.keep < 1.0 else 0.0 if trace.keep == 0.0 else math.inf
    if spikes is None:
        return trace.jump * (ROOM + 2.0 * LIVELY * dt * min(steps_of_decay, WATCHED_STEPS))
    size = int(spikes.indices.max(initial=-1)) + 1
    value, last, most = np.zeros(size), np.zeros(size), 0.0
    begin = np.searchsorted(spikes.steps, np.arange(WATCHED_STEPS + 1))
    for step in np.unique(spikes.steps[spikes.steps < WATCHED_STEPS]):
        of = np.unique(spikes.indices[begin[step] : begin[step + 1]])
        value[of] = value[of] * trace.keep ** (step - last[of]) + trace.jump
        last[of] = step
        most = max(most, float(value[of].max()))
    return most


def plastic(
    some: Connection, found: Learned, scale: float, bits: int, targets: int, *, dt: float, seed: int, rounding: str, spikes: Stimulus | None
) -> Plastic:
    """A projection that learns as synapses of the chip.

    Parameters
    ----------
    some : Connection
    found : Learned
        Its plasticity.
    scale : float
        State units per unit of the target's membrane.
    bits : int
        Of the size of a weight at the start.
    targets : int
    dt : float
        [ms]
    seed, rounding
        See :class:`~neurosim.hardware.loihi.plan.LearningRule`.
    spikes : Stimulus, optional
        Those of the source, if they are known.

    Returns
    -------
    Plastic
    """
    sign, largest = room_of(some, found)
    wanted = largest * scale / THRESHOLD_UNIT
    exponent = math.ceil(math.log2(wanted / LARGEST_WEIGHT) - 1e-9) if wanted > 0 else 0
    exponent = min(max(exponent, SMALLEST_EXPONENT), LARGEST_EXPONENT)
    per_membrane = scale / THRESHOLD_UNIT / 2.0**exponent
    unit = some.unit * per_membrane
    step = (1 << (WEIGHT_BITS - bits)) * (2 if sign == "mixed" else 1)
    lowest, highest = SIGNS[sign]
    weight = np.clip(np.round(some.weight * per_membrane / step).astype(np.int64), -(-lowest // step), highest // step) * step
    peaks = {slot: float(np.abs(told.values).max(initial=0.0)) for slot, told in found.told.items()}
    peaks.update({slot: largest_trace(trace, spikes if slot in PRE_TRACES else None, dt) for slot, trace in found.traces.items()})
    group = f"{some.name}: third factor"
    made = in_integers(found, unit, peaks, third_factor=group, seed=seed, rounding=rounding)
    synapses = Synapses(
        some.name, some.source, some.target, some.pre, some.post, weight, exponent, bits, sign, message_bits=8 if some.graded else 0,
        learning=made.rule if made.rule.dw else None, tag=made.tag, unit=unit, tag_unit=made.tag_scale,
    )  # fmt: skip
    ends = sorted((lowest / unit, highest / unit))
    rows = [Row(f"{name} bound of w", bound, end, abs(end - bound) / max(abs(found.low), abs(found.high)))
            for name, bound, end in zip(("lower", "upper"), (found.low, found.high), ends, strict=True) if math.isfinite(bound)]  # fmt: skip
    warnings = [f"w has no {name} bound; the chip's is {end:.4g}"
                for name, bound, end in zip(("lower", "upper"), (found.low, found.high), ends, strict=True) if math.isinf(bound)]  # fmt: skip
    if not found.told:
        return Plastic(synapses, (*rows, *made.rows), (*warnings, *made.warnings))
    steps, places, values = (np.zeros(0, np.int64) for _ in range(3))
    for slot, told in found.told.items():
        steps = np.concatenate([steps, told.steps])
        places = np.concatenate([places, (int(slot[1]) - 1) * targets + told.indices])
        values = np.concatenate([values, np.round(told.values * made.told_scales[slot]).astype(np.int64)])
    order = np.lexsort((places, steps))
    stimulus = Stimulus(group, steps[order], places[order], values[order])
    return Plastic(synapses, (*rows, *made.rows), (*warnings, *made.warnings), (Neurons(group, 3 * targets, "source"),), (stimulus,))

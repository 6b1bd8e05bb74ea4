"""Which scale a population gets before a run has shown how far its states reach: the largest at which its parameters fit."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from neurosim.hardware.loihi.integers import synapses_of
from neurosim.hardware.loihi.limits import (
    LARGEST_ADAPTIVE_THRESHOLD,
    LARGEST_BIAS,
    LARGEST_BIAS_EXPONENT,
    LARGEST_EXPONENT,
    LARGEST_THRESHOLD,
    LARGEST_WEIGHT,
    STATE_BITS,
    THRESHOLD_UNIT,
)
from neurosim.hardware.loihi.match import Connection, Matched, Membrane

Array = np.ndarray
HEADROOM = 1 << (STATE_BITS - 2)
"""States stay below this in the run that the scale is tried with: one bit of headroom."""
OCTAVE = 4


def finite(values: Array) -> Array:
    """Thresholds that can be reached."""
    reachable: Array = values[np.isfinite(values)]
    return reachable


def fits(membrane: Membrane, connections: list[Connection], scale: float) -> bool:
    """Whether thresholds, biases and exponents of a population fit at a scale."""
    limits = [(np.abs(np.concatenate([finite(membrane.threshold), finite(membrane.low)])), LARGEST_THRESHOLD)]
    widest = LARGEST_WEIGHT * 2.0**LARGEST_EXPONENT
    if membrane.sends_numbers:
        # Weights are whole numbers of eight bits at this scale already: a larger one makes no difference to what is sent.
        limits, widest = [(membrane.threshold, HEADROOM), (np.ones(1), HEADROOM)], LARGEST_WEIGHT
    elif membrane.adaptation is not None:
        limits = [(values, LARGEST_ADAPTIVE_THRESHOLD) for values in (membrane.adaptation.resting, membrane.adaptation.step)]
    if any(values.max(initial=0.0) * scale / THRESHOLD_UNIT > limit for values, limit in limits):
        return False
    if np.abs(membrane.bias).max(initial=0.0) * scale > LARGEST_BIAS * 2.0**LARGEST_BIAS_EXPONENT:
        return False
    starts = np.abs(np.concatenate([membrane.u, membrane.v])) * scale
    if starts.max(initial=0.0) >= HEADROOM and not membrane.sends_numbers:
        return False
    largest = max((np.abs(some.weight).max(initial=0.0) for some in connections), default=0.0) * scale / THRESHOLD_UNIT
    return bool(largest <= widest)


def largest_scale(membrane: Membrane, connections: list[Connection]) -> float:
    """The largest scale at which the parameters fit; the run decides about the states."""
    scale = 2.0**40
    while not fits(membrane, connections, scale) and scale > 2.0**-40:
        scale *= 2.0 ** (-1 / OCTAVE)
    return scale


def exact_scale(membrane: Membrane, connections: list[Connection], scale: float, bits: int) -> float:
    """The whole power of two below a scale if nothing is rounded there, as in a network that was trained in integers; else the scale."""
    whole, static = 2.0 ** np.floor(np.log2(scale)), [some for some in connections if some.learned is None]
    steps = membrane.adaptation.step if membrane.adaptation is not None else np.zeros(0)
    kept = np.concatenate([finite(membrane.threshold), finite(membrane.low), steps]) * whole / THRESHOLD_UNIT
    exact = bool((kept == np.round(kept)).all() and (membrane.bias * whole == np.round(membrane.bias * whole)).all())
    return whole if exact and all(report.error == 0.0 for some in static for _, report in synapses_of(some, whole, bits)) else scale


# ---- where spikes carry numbers ------------------------------------------------------------------------------------------
def senders(found: Matched) -> frozenset[str]:
    """Populations whose spikes carry what they hold."""
    return frozenset(m.name for m in found.membranes if m.sends_numbers)


def behind(some: Connection, numbers: frozenset[str]) -> bool:
    """Whether a weight is multiplied by such a number."""
    return some.graded and some.source in numbers


def balanced(found: Matched, scales: Mapping[str, float], fixed: frozenset[str] = frozenset()) -> dict[str, float]:
    """Scales, lowered until weights behind populations that send numbers fit: the largest lies between 1 and what the target takes.

    Below 1 a weight has fewer bits, even with the smallest exponent. Ratios of such populations are powers of two, as far as can be: whole
    weights stay whole.
    """
    numbers, chosen = senders(found), dict(scales)
    some_behind = [(some, np.abs(some.weight).max(initial=0.0)) for some in found.connections if behind(some, numbers) and some.source != some.target]
    for _ in found.membranes:  # a chain has settled after as many turns
        for some, largest in some_behind:
            source, target = some.source, some.target
            if largest == 0.0:
                continue
            most = LARGEST_WEIGHT * (1.0 if target in numbers else 2.0**LARGEST_EXPONENT) / largest
            if chosen[target] > most * chosen[source] and target not in fixed:
                chosen[target] = 2.0 ** np.floor(np.log2(most)) * chosen[source]
            if chosen[target] * largest < chosen[source] and source not in fixed:
                chosen[source] = 2.0 ** np.floor(np.log2(largest)) * chosen[target]
    return chosen

"""Populations and projections in integers at a given scale, and what rounding did to each of their numbers."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np

from neurosim.hardware.loihi.adaptive import Adaptation
from neurosim.hardware.loihi.limits import (
    DECAY_UNITY,
    LARGEST_BIAS,
    LARGEST_THRESHOLD,
    LARGEST_WEIGHT,
    SMALLEST_EXPONENT,
    STATE_BITS,
    THRESHOLD_UNIT,
    WEIGHT_BITS,
)
from neurosim.hardware.loihi.match import Connection, Membrane
from neurosim.hardware.loihi.plan import Neurons, Synapses

Array = np.ndarray


@dataclass(frozen=True)
class Rounded:
    """One parameter of one part: what was asked for, what is in the plan, the largest relative error."""

    part: str
    parameter: str
    requested: float
    achieved: float
    error: float


@dataclass(frozen=True)
class RoundedWeights:
    """Weights of one projection and sign: exponent, bits, root-mean-square error relative to the mean size, shares lost."""

    part: str
    sign: str
    synapses: int
    exponent: int
    bits: int
    error: float
    zeroed: float
    clipped: float


# ---- one population ------------------------------------------------------------------------------------------------------
def neurons_of(membrane: Membrane, scale: float) -> Neurons:
    """A population in integers."""
    threshold = np.where(np.isfinite(membrane.threshold), membrane.threshold * scale / THRESHOLD_UNIT, LARGEST_THRESHOLD)
    if membrane.sends_numbers:
        # Where x is a whole number, x > th is x > floor(th), and x >= th is x > ceil(th) - 1; but for what is rounding.
        exact = np.round(threshold, 6)
        vth = alike(np.floor(exact) if membrane.strict else np.ceil(exact) - 1)
        return Neurons(membrane.name, membrane.size, membrane.kind, vth=vth, volt=scale / THRESHOLD_UNIT)
    vth = np.round(threshold).astype(np.int64) - (0 if membrane.strict else 1)
    low = np.where(np.isfinite(membrane.low), membrane.low * scale / THRESHOLD_UNIT, -LARGEST_THRESHOLD)
    bias = membrane.bias * scale
    exponent = max(0, int(np.ceil(np.log2(max(np.abs(bias).max(initial=0.0) / LARGEST_BIAS, 1e-9)))))
    made = Neurons(
        membrane.name,
        membrane.size,
        membrane.kind,
        du=alike(np.clip(np.round(DECAY_UNITY * membrane.decay_u) - 1, 0, DECAY_UNITY - 1)),
        dv=alike(np.clip(np.round(DECAY_UNITY * membrane.decay_v), 0, DECAY_UNITY - 1)),
        vth=alike(np.clip(vth, 0, LARGEST_THRESHOLD)),
        vth_low=alike(np.clip(np.round(low), -LARGEST_THRESHOLD, 0)),
        bias_mant=alike(np.round(bias / 2.0**exponent)),
        bias_exp=exponent,
        refractory=alike(membrane.hold),
        u=alike(np.round(membrane.u * scale)),
        v=alike(np.round(membrane.v * scale)),
        volt=float(scale),
        zero=float(membrane.zero[0]) if membrane.size else 0.0,
        ampere=float(scale * membrane.coupling[0]) if membrane.size else 1.0,
    )
    return made if membrane.adaptation is None else adapting(made, membrane.adaptation, scale)


def adapting(group: Neurons, adaptation: Adaptation, scale: float) -> Neurons:
    """The group with a threshold that adapts. Where v keeps its headroom, threshold and r stay in 24 bits: they never pass v and twice v."""
    return replace(
        group,
        vth=LARGEST_THRESHOLD,
        threshold_start=alike(np.round(adaptation.resting * scale / THRESHOLD_UNIT)),
        threshold_step=alike(np.round(adaptation.step * scale / THRESHOLD_UNIT)),
        threshold_decay=alike(np.clip(np.round(DECAY_UNITY * adaptation.decay), 0, DECAY_UNITY)),
        refractory_decay=alike(np.clip(np.round(DECAY_UNITY * adaptation.decay_r), 0, DECAY_UNITY)),
    )


def alike(values: Array) -> int | Array:
    """One integer where all are equal."""
    whole = np.asarray(values).astype(np.int64)
    return int(whole[0]) if len(whole) and (whole == whole[0]).all() else whole


def shown(values: Array) -> float:
    """A number that stands for an array in a report: its mean."""
    return float(np.mean(values)) if len(values) else 0.0


def parameter_errors(membrane: Membrane, group: Neurons, scale: float) -> Iterator[Rounded]:
    """What rounding did to the parameters of a population."""
    ones, unit = np.ones(membrane.size), THRESHOLD_UNIT / scale
    threshold = (np.asarray(group.vth) + (not membrane.strict)) * unit * ones
    pairs: list[tuple[str, Array, Array]] = [
        ("decay of v per step", membrane.decay_v, np.asarray(group.dv) / DECAY_UNITY * ones),
        ("threshold - reset", membrane.threshold, threshold),
        ("bias per step", membrane.bias, np.asarray(group.bias_mant) * 2.0**group.bias_exp / scale * ones),
    ]
    if membrane.sends_numbers:
        pairs = [("threshold", membrane.threshold, threshold)]
    if membrane.currents:
        pairs.insert(1, ("decay of u per step", membrane.decay_u, (np.asarray(group.du) + 1) / DECAY_UNITY * ones))
    if membrane.adaptation is not None:
        adaptation, kept = membrane.adaptation, [pair for pair in pairs if pair[1] is not membrane.threshold]
        pairs = [
            *kept,
            ("resting threshold", adaptation.resting, np.asarray(group.threshold_start) * unit * ones),
            ("step of the threshold", adaptation.step, np.asarray(group.threshold_step) * unit * ones),
            ("decay of the threshold per step", adaptation.decay, np.asarray(group.threshold_decay) / DECAY_UNITY * ones),
            ("decay of r per step", adaptation.decay_r, np.asarray(group.refractory_decay) / DECAY_UNITY * ones),
        ]
    for name, requested, achieved in pairs:
        chosen = np.isfinite(requested) & (np.abs(requested) > 1e-12)
        if chosen.any():
            error = np.abs(achieved[chosen] / requested[chosen] - 1.0).max()
            yield Rounded(membrane.name, name, shown(requested[chosen]), shown(achieved[chosen]), float(error))


# ---- one projection ------------------------------------------------------------------------------------------------------
def integers(magnitude: Array, bits: int, canonical: bool = True) -> tuple[Array, int]:
    """(mantissas, exponent) of positive weights in units of 64: the exponent that the largest needs, mantissas that are canonical or not."""
    largest = magnitude.max(initial=0.0)
    exponent = max(SMALLEST_EXPONENT, int(np.ceil(np.log2(largest / LARGEST_WEIGHT)))) if largest > 0 else 0
    unit = max(1 << (WEIGHT_BITS - bits), 1 << (max(-exponent, 0) if canonical else 0))
    mantissa = np.round(magnitude / 2.0**exponent / unit) * unit
    return np.clip(mantissa, 0, LARGEST_WEIGHT // unit * unit).astype(np.int64), exponent


def rounded_weights(name: str, sign: str, magnitude: Array, mantissa: Array, exponent: int, bits: int) -> RoundedWeights:
    """What rounding did to weights, given as sizes in units of 64 and as mantissas."""
    lost, size = magnitude - mantissa * 2.0**exponent, len(magnitude)
    mean = float(magnitude.mean()) if size else 0.0
    error = float(np.sqrt(np.mean(lost**2)) / mean) if mean else 0.0
    clipped = float((magnitude > (LARGEST_WEIGHT + 1) * 2.0**exponent).mean()) if size else 0.0
    zeroed = float(((mantissa == 0) & (magnitude > 0)).mean()) if size else 0.0
    return RoundedWeights(name, sign, size, exponent, bits, error, zeroed, clipped)


def synapses_of(some: Connection, scale: float, bits: int, numbers: float = 0.0) -> Iterator[tuple[Synapses, RoundedWeights]]:
    """A projection as one or two groups of synapses, of one sign each: such weights have all 8 bits for their size.

    ``numbers``: the scale of a source that sends numbers, 0 where spikes are events.
    """
    wanted = some.weight * (scale / numbers if numbers else scale / THRESHOLD_UNIT)
    for sign, chosen in (("excitatory", wanted > 0), ("inhibitory", wanted < 0)):
        if not chosen.any():
            continue
        magnitude = np.abs(wanted[chosen])
        mantissa, exponent = integers(magnitude, bits, not numbers)
        report = rounded_weights(some.name, sign, magnitude, mantissa, exponent, bits)
        name = some.name if (wanted >= 0).all() or (wanted <= 0).all() else f"{some.name} ({sign})"
        pre, post, delay = (values[chosen] for values in (some.pre, some.post, some.delay))
        yield (
            Synapses(
                name, some.source, some.target, pre, post, mantissa if sign == "excitatory" else -mantissa, exponent, bits, sign,
                delay=alike(delay), message_bits=0 if not some.graded else STATE_BITS if numbers else 8,
            ),
            report,
        )  # fmt: skip

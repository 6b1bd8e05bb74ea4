"""Floats become integers: one voltage scale per population, one exponent per projection, and a report of what that cost.

The scale S (state units per unit of the described membrane) is the largest power of 2**(1/4) for which thresholds, biases and exponents
fit and the states keep a bit of headroom in a run. Weights are canonical: multiples of what a negative exponent shifts out, in steps of 2
where signs are mixed; so shifting each weight and shifting a sum of them agree, and so do Lava and other emulators.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace

import numpy as np

from neurosim.hardware.loihi.emulator import Emulator
from neurosim.hardware.loihi.learned import Plastic, bounded_scale, plastic
from neurosim.hardware.loihi.limits import (
    DECAY_UNITY,
    LARGEST_BIAS,
    LARGEST_BIAS_EXPONENT,
    LARGEST_EXPONENT,
    LARGEST_THRESHOLD,
    LARGEST_WEIGHT,
    SMALLEST_EXPONENT,
    STATE_BITS,
    THRESHOLD_UNIT,
    WEIGHT_BITS,
)
from neurosim.hardware.loihi.match import Connection, Matched, Membrane, Offence
from neurosim.hardware.loihi.plan import LoihiPlan, Neurons, Recording, Stimulus, Synapses
from neurosim.ir.digest import digest
from neurosim.ir.program import Source, Tap
from neurosim.ir.random import stream

Array = np.ndarray
HEADROOM = 1 << (STATE_BITS - 2)
"""States stay below this in the run that the scale is tried with: one bit of headroom."""
OCTAVE = 4
PROFILED_STEPS = 2000
PROFILED_NEURONS = 256
"""Of each group, in the run that a scale is tried with."""


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


@dataclass(frozen=True)
class QuantisationReport:
    """What became of the numbers of a network.

    ``scales``: state units per membrane unit by population; ``headroom``: by population, the share of the 24 bits that u and v used in
    the profiling run; ``saturated``: values at the ends of the range there.
    """

    parameters: tuple[Rounded, ...]
    weights: tuple[RoundedWeights, ...]
    scales: Mapping[str, float]
    headroom: Mapping[str, float]
    saturated: Mapping[str, int]
    warnings: tuple[str, ...] = ()

    def __str__(self) -> str:
        return "\n".join(self.lines())

    def lines(self) -> Iterator[str]:
        """The report for people."""
        yield "population           scale S   states use   saturated"
        for name, scale in self.scales.items():
            used = self.headroom.get(name)
            share = f"{100 * used:9.1f} %" if used is not None else "        -"
            yield f"{name:18s} {'2**' + format(np.log2(scale), '.2f'):>9s}   {share}   {self.saturated.get(name, 0):9d}"
        yield "parameter                          requested      achieved   largest relative error"
        for row in self.parameters:
            yield f"{row.part + '.' + row.parameter:30s} {row.requested:13.6g} {row.achieved:13.6g}   {100 * row.error:.3f} %"
        yield "projection                      sign         synapses  exponent  bits  rms error  to zero  clipped"
        for some in self.weights:
            yield (
                f"{some.part:30s}  {some.sign:11s} {some.synapses:9d}  {some.exponent:8d}  {some.bits:4d}  {100 * some.error:7.2f} %"
                f"  {100 * some.zeroed:5.1f} %  {100 * some.clipped:5.1f} %"
            )
        yield from (f"warning: {warning}" for warning in self.warnings)


# ---- one population ------------------------------------------------------------------------------------------------------
def finite(values: Array) -> Array:
    """Thresholds that can be reached."""
    reachable: Array = values[np.isfinite(values)]
    return reachable


def fits(membrane: Membrane, connections: list[Connection], scale: float) -> bool:
    """Whether thresholds, biases and exponents of a population fit at a scale."""
    threshold = np.abs(np.concatenate([finite(membrane.threshold), finite(membrane.low)])) * scale / THRESHOLD_UNIT
    if len(threshold) and threshold.max() > LARGEST_THRESHOLD:
        return False
    if np.abs(membrane.bias).max(initial=0.0) * scale > LARGEST_BIAS * 2.0**LARGEST_BIAS_EXPONENT:
        return False
    starts = np.abs(np.concatenate([membrane.u, membrane.v])) * scale
    if starts.max(initial=0.0) >= HEADROOM:
        return False
    largest = max((np.abs(some.weight).max(initial=0.0) for some in connections), default=0.0) * scale / THRESHOLD_UNIT
    return bool(largest <= LARGEST_WEIGHT * 2.0**LARGEST_EXPONENT)


def largest_scale(membrane: Membrane, connections: list[Connection]) -> float:
    """The largest scale at which the parameters fit; the run decides about the states."""
    scale = 2.0**40
    while not fits(membrane, connections, scale) and scale > 2.0**-40:
        scale *= 2.0 ** (-1 / OCTAVE)
    return scale


def exact_scale(membrane: Membrane, connections: list[Connection], scale: float, bits: int) -> float:
    """The whole power of two below a scale if nothing is rounded there, as in a network that was trained in integers; else the scale."""
    whole, static = 2.0 ** np.floor(np.log2(scale)), [some for some in connections if some.learned is None]
    kept = np.concatenate([finite(membrane.threshold), finite(membrane.low)]) * whole / THRESHOLD_UNIT
    exact = bool((kept == np.round(kept)).all() and (membrane.bias * whole == np.round(membrane.bias * whole)).all())
    return whole if exact and all(report.error == 0.0 for some in static for _, report in synapses_of(some, whole, bits)) else scale


def neurons_of(membrane: Membrane, scale: float) -> Neurons:
    """A population in integers."""
    threshold = np.where(np.isfinite(membrane.threshold), membrane.threshold * scale / THRESHOLD_UNIT, LARGEST_THRESHOLD)
    vth = np.round(threshold).astype(np.int64) - (0 if membrane.strict else 1)
    low = np.where(np.isfinite(membrane.low), membrane.low * scale / THRESHOLD_UNIT, -LARGEST_THRESHOLD)
    bias = membrane.bias * scale
    exponent = max(0, int(np.ceil(np.log2(max(np.abs(bias).max(initial=0.0) / LARGEST_BIAS, 1e-9)))))
    return Neurons(
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


def alike(values: Array) -> int | Array:
    """One integer where all are equal."""
    whole = np.asarray(values).astype(np.int64)
    return int(whole[0]) if len(whole) and (whole == whole[0]).all() else whole


def shown(values: Array) -> float:
    """A number that stands for an array in a report: its mean."""
    return float(np.mean(values)) if len(values) else 0.0


def parameter_errors(membrane: Membrane, group: Neurons, scale: float) -> Iterator[Rounded]:
    """What rounding did to the parameters of a population."""
    pairs: list[tuple[str, Array, Array]] = [
        ("decay of v per step", membrane.decay_v, np.asarray(group.dv) / DECAY_UNITY * np.ones(membrane.size)),
        ("threshold - reset", membrane.threshold, (np.asarray(group.vth) + (not membrane.strict)) * THRESHOLD_UNIT / scale * np.ones(membrane.size)),
        ("bias per step", membrane.bias, np.asarray(group.bias_mant) * 2.0**group.bias_exp / scale * np.ones(membrane.size)),
    ]
    if membrane.current:
        pairs.insert(1, ("decay of u per step", membrane.decay_u, (np.asarray(group.du) + 1) / DECAY_UNITY * np.ones(membrane.size)))
    for name, requested, achieved in pairs:
        chosen = np.isfinite(requested) & (np.abs(requested) > 1e-12)
        if chosen.any():
            error = np.abs(achieved[chosen] / requested[chosen] - 1.0).max()
            yield Rounded(membrane.name, name, shown(requested[chosen]), shown(achieved[chosen]), float(error))


# ---- one projection ------------------------------------------------------------------------------------------------------
def integers(magnitude: Array, bits: int) -> tuple[Array, int]:
    """(mantissas, exponent) of positive weights in units of 64: the exponent that the largest needs, canonical mantissas."""
    largest = magnitude.max(initial=0.0)
    exponent = max(SMALLEST_EXPONENT, int(np.ceil(np.log2(largest / LARGEST_WEIGHT)))) if largest > 0 else 0
    unit = max(1 << (WEIGHT_BITS - bits), 1 << max(-exponent, 0))
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


def synapses_of(some: Connection, scale: float, bits: int) -> Iterator[tuple[Synapses, RoundedWeights]]:
    """A projection as one or two groups of synapses, of one sign each: such weights have all 8 bits for their size."""
    wanted = some.weight * scale / THRESHOLD_UNIT
    for sign, chosen in (("excitatory", wanted > 0), ("inhibitory", wanted < 0)):
        if not chosen.any():
            continue
        magnitude = np.abs(wanted[chosen])
        mantissa, exponent = integers(magnitude, bits)
        report = rounded_weights(some.name, sign, magnitude, mantissa, exponent, bits)
        name = some.name if (wanted >= 0).all() or (wanted <= 0).all() else f"{some.name} ({sign})"
        pre, post, delay = (values[chosen] for values in (some.pre, some.post, some.delay))
        yield (
            Synapses(
                name, some.source, some.target, pre, post, mantissa if sign == "excitatory" else -mantissa, exponent, bits, sign,
                delay=alike(delay), message_bits=8 if some.graded else 0,
            ),
            report,
        )  # fmt: skip


# ---- the whole -----------------------------------------------------------------------------------------------------------
def compensated(found: Matched) -> Matched:
    """Biases and weights changed as the rounding of a membrane's decay changes what a constant input leads to.

    Rounding 1 - Phi_vv to a 4096th moves the membrane that a constant drive holds by the same factor; near threshold that shows.
    """
    ratio = {}
    for m in found.membranes:
        rounded = np.round(DECAY_UNITY * m.decay_v) / DECAY_UNITY
        ratio[m.name] = np.where((m.decay_v > 0) & (rounded > 0), rounded / np.where(m.decay_v > 0, m.decay_v, 1.0), 1.0)
    membranes = tuple(replace(m, bias=m.bias * ratio[m.name]) for m in found.membranes)
    connections = tuple(
        replace(some, weight=some.weight * ratio[some.target][some.post], unit=some.unit * float(ratio[some.target][0])) for some in found.connections
    )
    return replace(found, membranes=membranes, connections=connections)


def quantised(
    found: Matched,
    profile: str,
    *,
    bits: int = WEIGHT_BITS,
    scales: Mapping[str, float] | None = None,
    compensate: bool = False,
    rounding: str = "",
) -> tuple[LoihiPlan, QuantisationReport]:
    """A plan and the report of what rounding did.

    Parameters
    ----------
    found : Matched
    profile : str
        Name of the target.
    bits : int
        Of the size of a weight, 1 to 8.
    scales : mapping, optional
        Population -> S; what is not given is chosen so that a profiling run keeps a bit of headroom.
    rounding : str
        Of what learns: 'lava', 'independent', or '' for Lava's where the target is Lava.
    compensate : bool
        Whether biases and weights make up for the rounding of the membrane's decay (:func:`compensated`).

    Returns
    -------
    (LoihiPlan, QuantisationReport)
    """
    found = compensated(found) if compensate else found
    chosen = {**first_scales(found, bits), **(scales or {})}
    fixed = frozenset(scales or ())
    while True:
        plan, weights, learning = assembled(found, profile, chosen, bits, rounding)
        used, saturated = profiled(plan)
        crowded = [name for name, share in used.items() if share > 0.5 and name not in fixed]
        if not crowded:
            break
        for name in crowded:
            chosen[name] *= 0.5
    parameters = [row for m in found.membranes for row in parameter_errors(m, plan.group(m.name), chosen[m.name])]
    parameters += [Rounded(made.synapses.name, row.parameter, row.requested, row.achieved, row.error) for made in learning for row in made.rows]
    warnings = (*warnings_of(found, plan), *(f"{made.synapses.name}: {warning}" for made in learning for warning in made.warnings))
    return plan, QuantisationReport(tuple(parameters), weights, chosen, used, saturated, warnings)


def first_scales(found: Matched, bits: int) -> dict[str, float]:
    """Population -> the scale at which its parameters fit, before a run has shown how far its states reach."""
    incoming = {m.name: [some for some in found.connections if some.target == m.name] for m in found.membranes}
    scales = {m.name: exact_scale(m, incoming[m.name], largest_scale(m, incoming[m.name]), bits) for m in found.membranes}
    return {name: bounded_scale(incoming[name], scale) for name, scale in scales.items()}


def assembled(
    found: Matched, profile: str, scales: Mapping[str, float], bits: int, rounding: str = ""
) -> tuple[LoihiPlan, tuple[RoundedWeights, ...], tuple[Plastic, ...]]:
    """The plan at given scales, and the reports of static weights and of what learns."""
    program, pairs, learning = found.program, list[tuple[Synapses, RoundedWeights]](), list[Plastic]()
    for some in found.connections:
        scale = scales[some.target]
        if some.learned is None:
            pairs += synapses_of(some, scale, bits)
            continue
        seed = stream(program.seed, some.name, "rounding") >> 33
        kind = rounding or ("lava" if profile.startswith("lava") else "independent")
        targets, spikes = program.block(some.target).size, next((stimulus_of(source) for source in found.sources if source.name == some.source), None)
        made = plastic(some, some.learned, scale, bits, targets, dt=program.dt, seed=seed, rounding=kind, spikes=spikes)
        wanted, synapses = np.abs(some.weight) * scale / THRESHOLD_UNIT, made.synapses
        pairs.append((synapses, rounded_weights(some.name, synapses.sign, wanted, np.abs(synapses.weight), synapses.weight_exp, bits)))
        learning.append(made)
    sources = (*(Neurons(source.name, source.size, "source") for source in found.sources), *(group for made in learning for group in made.third_factor))
    plan = LoihiPlan(
        program.steps,
        sources + tuple(neurons_of(membrane, scales[membrane.name]) for membrane in found.membranes),
        tuple(pair[0] for pair in pairs),
        (*(stimulus_of(source) for source in found.sources), *(stimulus for made in learning for stimulus in made.told)),
        tuple(recordings_of(found)),
        profile,
        program.dt,
        program.seed,
        program.name,
        digest(program),
    )
    return plan, tuple(pair[1] for pair in pairs), tuple(learning)


def stimulus_of(source: Source) -> Stimulus:
    """The events of a source."""
    steps, indices, payloads = (np.asarray(values).astype(np.int64) for values in (source.steps, source.indices, source.payloads))
    return Stimulus(source.name, steps, indices, payloads)


def recordings_of(found: Matched) -> Iterator[Recording]:
    """What the taps of the Program ask of the chip: spikes once per part, and every step of a register."""
    asked = set()
    registers = {m.name: {m.voltage: "v", m.current: "u"} for m in found.membranes}
    for tap in found.program.taps:
        if tap.variable in ("spikes", "counts", "count"):
            if tap.part not in asked:
                asked.add(tap.part)
                yield Recording(tap.part, "spikes", key=(tap.part, "spikes"))
        elif tap.part in registers:
            of = None if tap.of is None else np.asarray(tap.of)
            yield Recording(tap.part, registers[tap.part][tap.variable], of, key=(tap.part, tap.variable))
        else:
            yield recording_of_synapses(found, tap)


def recording_of_synapses(found: Matched, tap: Tap) -> Recording:
    """Weights or tags after the steps that a tap needs: what it reads at the start of a step is there after the one before."""
    every, at = (tap.steps.every, tap.steps.at - (tap.at == "start")) if len(found.program.plan) == 1 else (1, 0)
    variable = "w" if tap.variable == "w" else "t"
    return Recording(tap.part, variable, None if tap.of is None else np.asarray(tap.of), every, at % every, (tap.part, tap.variable))


def profiled(plan: LoihiPlan) -> tuple[dict[str, float], dict[str, int]]:
    """By population: the share of the range that u and v use in the first steps of a run, and how often they are at its ends."""
    watched = [group for group in plan.neurons if group.kind in ("lif", "ternary")]
    recordings = tuple(
        Recording(group.name, variable, np.linspace(0, group.size - 1, min(group.size, PROFILED_NEURONS)).astype(int))
        for group in watched
        for variable in ("u", "v")
    )
    emulator = Emulator.of(replace(plan, steps=min(plan.steps, PROFILED_STEPS), recordings=recordings))
    emulator.run()
    limit = 1 << (STATE_BITS - 1)
    used: dict[str, float] = {}
    saturated: dict[str, int] = {}
    for recording, (_, values) in zip(recordings, emulator.traces(), strict=True):
        size = np.abs(values.astype(np.int64))
        # A threshold bounds v from above; what counts is how far v goes below, and u, and v of readouts that must not fire, on both sides.
        bounded = recording.variable == "v" and (np.asarray(plan.group(recording.part).vth) < LARGEST_THRESHOLD).any()
        reach = np.maximum(-values.astype(np.int64), 0) if bounded else size
        used[recording.part] = max(used.get(recording.part, 0.0), float(reach.max(initial=0)) / limit)
        saturated[recording.part] = saturated.get(recording.part, 0) + int((size >= limit - 1).sum())
    return used, saturated


def warnings_of(found: Matched, plan: LoihiPlan) -> Iterator[str]:
    """What rounding made of small numbers."""
    for membrane in found.membranes:
        group = plan.group(membrane.name)
        slow = (membrane.decay_v > 0) & (np.asarray(group.dv) == 0)
        if slow.any():
            yield f"{membrane.name}: its membrane decays by less than 1/8192 per step and will not decay at all; use a longer step"
        if membrane.current and (membrane.decay_u < 1.0 / (2 * DECAY_UNITY)).any():
            yield f"{membrane.name}: its current decays by less than 1/8192 per step; the chip's slowest decay is 1/4096"


def range_offences(found: Matched) -> Iterator[Offence]:
    """Decays that no setting of the chip gives."""
    for membrane in found.membranes:
        for name, decay in ((membrane.voltage, membrane.decay_v), (membrane.current, membrane.decay_u)):
            if name and ((decay < -1e-12) | (decay > 1.0 + 1e-12)).any():
                k = int(np.argmax((decay < 0) | (decay > 1)))
                what = f"{name} is multiplied by {1 - decay[k]:.4g} per step; a chip's decays lie between 0 and 1"
                yield Offence(f"population {membrane.name!r}", what, "use a shorter step", float(1 - decay[k]), 1.0, "12-bit decays")
        if (finite(membrane.threshold) <= 0).any():
            yield Offence(f"population {membrane.name!r}", "its threshold is not above its reset", "raise v_th above v_reset")


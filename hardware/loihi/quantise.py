"""Floats become integers: one voltage scale per population, one exponent per projection, and a report of what that cost.

The scale S (state units per unit of the described membrane) is the largest power of 2**(1/4) for which thresholds, biases and exponents
fit and the states keep a bit of headroom in a run. Weights are canonical: multiples of what a negative exponent shifts out, in steps of 2
where signs are mixed; so shifting each weight and shifting a sum of them agree, and so do Lava and other emulators.

Populations whose spikes carry numbers send S / 64 units per unit of the described number, so weights behind them are divided by that. Sums
of such products are shifted as a whole on the chip, and their weights need not be canonical.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace

import numpy as np

from neurosim.hardware.loihi.adaptive import NUMBERS
from neurosim.hardware.loihi.emulator import Emulator
from neurosim.hardware.loihi.integers import Rounded, RoundedWeights, neurons_of, parameter_errors, rounded_weights, synapses_of
from neurosim.hardware.loihi.learned import Plastic, bounded_scale, plastic
from neurosim.hardware.loihi.limits import DECAY_UNITY, LARGEST_THRESHOLD, SMALLEST_EXPONENT, STATE_BITS, THRESHOLD_UNIT, WEIGHT_BITS
from neurosim.hardware.loihi.match import Matched, Offence
from neurosim.hardware.loihi.plan import LoihiPlan, Neurons, Recording, Stimulus, Synapses
from neurosim.hardware.loihi.scales import balanced, behind, exact_scale, finite, largest_scale, senders
from neurosim.ir.digest import digest
from neurosim.ir.program import Source, Tap
from neurosim.ir.random import stream

Array = np.ndarray
PROFILED_STEPS = 2000
PROFILED_NEURONS = 256
"""Of each group, in the run that a scale is tried with."""
LARGE_ERROR = 0.1
"""From this share on the rounding of weights is warned of."""


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
    fixed = frozenset(scales or ())
    chosen = balanced(found, {**first_scales(found, bits), **(scales or {})}, fixed)
    while True:
        plan, weights, learning = assembled(found, profile, chosen, bits, rounding)
        used, saturated = profiled(plan)
        crowded = [name for name, share in used.items() if share > 0.5 and name not in fixed]
        if not crowded:
            break
        for name in crowded:
            chosen[name] *= 0.5 ** np.ceil(np.log2(2.0 * used[name]))
        chosen = balanced(found, chosen, fixed)
    parameters = [row for m in found.membranes for row in parameter_errors(m, plan.group(m.name), chosen[m.name])]
    parameters += [Rounded(made.synapses.name, row.parameter, row.requested, row.achieved, row.error) for made in learning for row in made.rows]
    warnings = (*warnings_of(found, plan), *lost(weights), *(f"{made.synapses.name}: {warning}" for made in learning for warning in made.warnings))
    return plan, QuantisationReport(tuple(parameters), weights, chosen, used, saturated, warnings)


def first_scales(found: Matched, bits: int) -> dict[str, float]:
    """Population -> the scale at which its parameters fit, before a run has shown how far its states reach."""
    numbers = senders(found)
    incoming = {m.name: [some for some in found.connections if some.target == m.name and not behind(some, numbers)] for m in found.membranes}
    scales = {m.name: exact_scale(m, incoming[m.name], largest_scale(m, incoming[m.name]), bits) for m in found.membranes}
    return balanced(found, {name: bounded_scale(incoming[name], scale) for name, scale in scales.items()})


def assembled(
    found: Matched, profile: str, scales: Mapping[str, float], bits: int, rounding: str = ""
) -> tuple[LoihiPlan, tuple[RoundedWeights, ...], tuple[Plastic, ...]]:
    """The plan at given scales, and the reports of static weights and of what learns."""
    program, pairs, learning = found.program, list[tuple[Synapses, RoundedWeights]](), list[Plastic]()
    numbers = senders(found)
    for some in found.connections:
        scale = scales[some.target]
        if some.learned is None:
            pairs += synapses_of(some, scale, bits, scales[some.source] if behind(some, numbers) else 0.0)
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
    asked, numbers = set(), senders(found)
    registers = {m.name: {m.voltage: "v", m.current: "u"} for m in found.membranes}
    for tap in found.program.taps:
        if tap.variable in ("spikes", "counts", "count") or tap.part in numbers:
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
    """By population: the share of the range that u and v, or the numbers sent, use in the first steps of a run, and how often they are at
    its ends."""
    numbers = [group.name for group in plan.neurons if group.kind in NUMBERS]
    watched = tuple(
        Recording(group.name, variable, np.linspace(0, group.size - 1, min(group.size, PROFILED_NEURONS)).astype(int))
        for group in plan.neurons
        if group.kind in ("lif", "ternary", "adaptive")
        for variable in ("u", "v")
    )
    sent = tuple(Recording(name, "spikes") for name in numbers)
    emulator = Emulator.of(replace(plan, steps=min(plan.steps, PROFILED_STEPS), recordings=(*watched, *sent)))
    emulator.run()
    limit = 1 << (STATE_BITS - 1)
    used: dict[str, float] = {}
    saturated: dict[str, int] = {}
    values_of = [(recording, values.astype(np.int64)) for recording, (_, values) in zip(watched, emulator.traces(), strict=True)]
    values_of += [(recording, emulator.spikes(recording.part)[2]) for recording in sent]
    for recording, values in values_of:
        size = np.abs(values)
        # A threshold bounds v from above; what counts is how far v goes below, and u, and v of readouts that must not fire, on both sides.
        bounded = recording.variable == "v" and (np.asarray(plan.group(recording.part).vth) < LARGEST_THRESHOLD).any()
        reach = np.maximum(-values, 0) if bounded else size
        used[recording.part] = max(used.get(recording.part, 0.0), float(reach.max(initial=0)) / limit)
        saturated[recording.part] = saturated.get(recording.part, 0) + int((size >= limit - 1).sum())
    return used, saturated


def lost(weights: Iterable[RoundedWeights]) -> Iterator[str]:
    """Projections of which rounding leaves little."""
    for row in weights:
        if row.error > LARGE_ERROR:
            small = "they are small beside the threshold: use a longer step, or a lower threshold"
            why = small if row.exponent == SMALLEST_EXPONENT else f"{row.bits} bits are few for them"
            yield f"{row.part}: its {row.sign} weights lose {100 * row.error:.0f} % to rounding; {why}"


def warnings_of(found: Matched, plan: LoihiPlan) -> Iterator[str]:
    """What rounding made of small numbers."""
    for membrane in found.membranes:
        group = plan.group(membrane.name)
        decays = [("membrane", membrane.decay_v, group.dv)] if not membrane.sends_numbers else []
        if membrane.adaptation is not None:
            decays.append(("threshold", membrane.adaptation.decay, group.threshold_decay))
            decays.append(("refractory state", membrane.adaptation.decay_r, group.refractory_decay))
        for name, decay, rounded in decays:
            if ((decay > 0) & (np.asarray(rounded) == 0)).any():
                yield f"{membrane.name}: its {name} decays by less than 1/8192 per step and will not decay at all; use a longer step"
        if membrane.currents and (membrane.decay_u < 1.0 / (2 * DECAY_UNITY)).any():
            yield f"{membrane.name}: its current decays by less than 1/8192 per step; the chip's slowest decay is 1/4096"


def range_offences(found: Matched) -> Iterator[Offence]:
    """Decays that no setting of the chip gives."""
    for membrane in found.membranes:
        decays = [(membrane.voltage, membrane.decay_v), (", ".join(membrane.currents), membrane.decay_u)]
        adaptation = membrane.adaptation
        if adaptation is not None:
            decays += [("its threshold", adaptation.decay), ("its refractory state", adaptation.decay_r)]
        for name, decay in decays:
            if name and ((decay < -1e-12) | (decay > 1.0 + 1e-12)).any():
                k = int(np.argmax((decay < 0) | (decay > 1)))
                what = f"{name} is multiplied by {1 - decay[k]:.4g} per step; a chip's decays lie between 0 and 1"
                yield Offence(f"population {membrane.name!r}", what, "use a shorter step", float(1 - decay[k]), 1.0, "12-bit decays")
        if adaptation is not None and (adaptation.resting <= 0).any():
            yield Offence(f"population {membrane.name!r}", "its threshold at rest is not above 0", "raise theta_0")
        elif not membrane.sends_numbers and (finite(membrane.threshold) <= 0).any():
            yield Offence(f"population {membrane.name!r}", "its threshold is not above its reset", "raise v_th above v_reset")

"""Cases of the standard synapses, as networks: closed forms of what they conduct, and of what couples two cells."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from neurosim.conformance.building import DT, Array, near, same, trace_of
from neurosim.conformance.case import Case, Run
from neurosim.conformance.vocabulary import Floats, beats, each, firing_steps, lowered, runge_kutta, since, steps_of_cell
from neurosim.ir.program import Program
from neurosim.network import Population, Probe, Projection, SynapseModel, all_to_all, neurons, pairs, synapses
from neurosim.record import Record
from neurosim.units import Unit, ms, mV, nS, pA

STEPS = 1000
AT = (20, 60, 70, 400)
"""Steps of the source's spikes; they arrive five steps later."""
DELAY = 5
WEIGHTS = np.array([100.0, 200.0, 2400.0])
"""pA; the third makes its cell fire."""
NAME = "in -> cell"


def conducting(synapse: SynapseModel, into: str = "I_ext", weights: Array = WEIGHTS, unit: Unit = pA) -> Program:
    """One source, three cells, and a synapse with a state of its own to each."""
    source, cells = beats(AT), Population("cell", 3, neurons.lif_delta if into == "I_ext" else neurons.lif_nmda)
    synapse_to = Projection(source, cells, all_to_all(), into=into, weight=each(weights, unit), delay=DELAY * DT * ms, synapse=synapse)
    probes = (Probe(cells, "spikes"), Probe(cells, "v"), Probe(cells, into), Probe(synapse_to, "s"))
    return lowered(STEPS, source, cells, synapse_to, *probes)


def conducted(record: Record, shape: Sequence[Array], into: str = "I_ext", weights: Array = WEIGHTS) -> list[str]:
    """States of the synapses are the sum of ``shape`` over arrivals, and the port receives w times that."""
    gates = np.stack(shape, -1)
    return near("s", trace_of(record, NAME, "s"), gates) + near(into, trace_of(record, "cell", into), weights * gates, 1e-7)


def arrived() -> list[Array]:
    """Time since each arrival [ms], 0 before."""
    return [np.maximum(t, 0.0) for t in since([n + DELAY for n in AT], STEPS)]


# ---- linear --------------------------------------------------------------------------------------------------------------
TAU = np.array([1.0, 2.0, 6.0])


def alpha() -> Program:
    """Each synapse with a time constant of its own."""
    return conducting(synapses.alpha.with_values(tau=each(TAU, ms)))


def alpha_oracle(program: Program, record: Record, run: Run) -> list[str]:
    """(t / tau) exp(1 - t / tau)."""
    return conducted(record, [sum((t / tau * np.exp(1.0 - t / tau) for t in arrived()), np.zeros(STEPS)) for tau in TAU])


DECAY, RISE = np.array([5.0, 0.5, 2.0]), np.array([1.0, 2.0, 2.0])
"""ms; decay slower than rise, faster, equal."""


def dual_exponential() -> Program:
    """Each synapse with time constants of its own."""
    return conducting(synapses.dual_exponential.with_values(tau_rise=each(RISE, ms), tau_decay=each(DECAY, ms)))


def dual_oracle(program: Program, record: Record, run: Run) -> list[str]:
    """A difference of exponentials over its largest value; an alpha function for equal constants."""

    def shape(t: Array, rise: float, decay: float) -> Array:
        if rise == decay:
            equal: Array = t / rise * np.exp(1.0 - t / rise)
            return equal
        peak = rise * decay / (decay - rise) * math.log(decay / rise)
        scale = math.exp(-peak / decay) - math.exp(-peak / rise)
        found: Array = (np.exp(-t / decay) - np.exp(-t / rise)) / scale
        return found

    return conducted(record, [sum((shape(t, r, d) for t in arrived()), np.zeros(STEPS)) for r, d in zip(RISE, DECAY)])


# ---- saturating ----------------------------------------------------------------------------------------------------------
ALPHA = np.array([0.05, 0.5, 5.0])
CONDUCTANCES = np.array([2.0, 5.0, 200.0])
"""nS"""


def nmda() -> Program:
    """Gates that open slowly, as published, and nearly at once."""
    return conducting(synapses.nmda.with_values(alpha=ALPHA / ms), "g_nmda", CONDUCTANCES, nS)


def nmda_oracle(program: Program, record: Record, run: Run) -> list[str]:
    """Within 0.02 of fine steps and never above 1; the port receives w s."""
    gates, wrong = trace_of(record, NAME, "s"), []
    for k, alpha in enumerate(ALPHA):

        def slope(x: Floats, alpha: float = float(alpha)) -> Floats:
            return (alpha * x[1] * (1.0 - x[0]) - x[0] / 100.0, -x[1] / 2.0)

        x: Floats = (0.0, 0.0)
        kept = []
        for n in range(STEPS):
            kept.append(x[0])
            x = runge_kutta(slope, x, DT)
            if n - DELAY in AT:
                x = (x[0], x[1] + 1.0)
        wrong += near(f"s of synapse {k}", gates[:, k], kept, 0.02)
    if not 0.9 < gates.max() <= 1.0:
        wrong.append(f"the fastest gate opens to {gates.max():.3f}, expected nearly 1")
    return wrong + near("g_nmda", trace_of(record, "cell", "g_nmda"), CONDUCTANCES * gates, 1e-9)


# ---- with a memory of spikes ---------------------------------------------------------------------------------------------
TRAIN = tuple(range(10, 700, 60))


def tsodyks_markram() -> Program:
    """A regular train onto a facilitating and a depressing synapse."""
    source, cells = beats(TRAIN), Population("cell", 2, neurons.lif_exponential, tau_syn=20 * ms)
    kinds = synapses.tsodyks_markram.with_values(U=np.array([0.04, 0.6]), tau_rec=each([100, 400], ms), tau_facil=each([1000, 5], ms))
    onto = Projection(source, cells, all_to_all(), into="I_syn", weight=each([4000, 800], pA), synapse=kinds)
    return lowered(STEPS, source, cells, onto, Probe(cells, "spikes"), Probe(cells, "I_syn"))


def tsodyks_markram_oracle(program: Program, record: Record, run: Run) -> list[str]:
    """The map from one spike to the next, and the current that it makes."""
    expected = np.zeros((STEPS, 2))
    for k, (release, recovery, facilitation, weight) in enumerate(((0.04, 100.0, 1000.0, 4000.0), (0.6, 400.0, 5.0, 800.0))):
        u, x, gap = 0.0, 1.0, 6.0
        for number, t in enumerate(since(TRAIN, STEPS)):
            if number:
                u, x = u * math.exp(-gap / facilitation), 1.0 - (1.0 - x) * math.exp(-gap / recovery)
            u += release * (1.0 - u)
            expected[:, k] += np.where(t >= 0, weight * u * x * np.exp(-t / 20.0), 0.0)
            x -= u * x
    return near("I_syn", trace_of(record, "cell", "I_syn"), expected, 1e-8)


# ---- electrical ----------------------------------------------------------------------------------------------------------
COUPLING, START = 2.0, 10.0
"""nS; mV between the passive cells."""


def gap_junction() -> Program:
    """Two passive cells; two more, one of which fires."""
    cells = Population("cell", 4, neurons.lif_delta, v=each([0, START, 0, 0], mV), I_e=each([0, 0, 320, 200], pA))
    both = pairs([0, 1, 2, 3], [1, 0, 3, 2])
    weight = each([COUPLING, COUPLING, 1.5, 1.5], nS)
    coupled = Projection(cells.output("v"), cells, both, into="I_ext", weight=weight, synapse=synapses.gap_junction)
    return lowered(STEPS, cells, coupled, Probe(cells, "spikes"), Probe(cells, "v"), Probe(cells, "I_ext"))


def gap_junction_oracle(program: Program, record: Record, run: Run) -> list[str]:
    """The mean decays with tau_m; the difference with a constant factor per step, near exp(-(1 / tau_m + 2 g / C) t)."""
    v, n = trace_of(record, "cell", "v"), np.arange(STEPS)
    leak = math.exp(-DT / 20.0)
    factor = leak - 2.0 * COUPLING * 20.0 / 250.0 * (1.0 - leak)
    wrong = near("mean of v", v[:, 0] + v[:, 1], START * leak**n) + near("difference of v", v[:, 1] - v[:, 0], START * factor**n)
    continuous = START * np.exp(-n * DT * (1.0 / 20.0 + 2.0 * COUPLING / 250.0))
    wrong += near("difference of v, in continuous time", v[:, 1] - v[:, 0], continuous, 0.005)
    current = trace_of(record, "cell", "I_ext")
    # No current is lost; where nobody fired the port holds g (v_other - v) of the same moment.
    wrong += near("currents", current[:, 2] + current[:, 3], np.zeros(STEPS))
    alone = firing_steps(0.0, 320.0 * 20.0 / 250.0, 20.0, 20.0, 10.0, 20, STEPS)
    if len(steps_of_cell(record, 2)) >= len(alone):
        wrong.append("the coupled cell fires as often as it would alone")
    return wrong + same("spikes of cell 3", steps_of_cell(record, 3), [])


CASES = (
    Case("alpha_synapse", "a synapse that conducts an alpha function in every step", alpha, alpha_oracle, spikes=10),
    Case("dual_exponential_synapse", "a synapse that conducts a difference of exponentials", dual_exponential, dual_oracle, spikes=5),
    Case("nmda_synapse", "a gate that saturates", nmda, nmda_oracle, spikes=10),
    Case("tsodyks_markram_synapse", "facilitation and depression, from a network", tsodyks_markram, tsodyks_markram_oracle, spikes=10),
    Case("gap_junction", "two passive cells decay towards each other", gap_junction, gap_junction_oracle, spikes=2),
)

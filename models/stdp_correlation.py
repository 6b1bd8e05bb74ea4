"""A neuron learns which of its inputs are correlated: spike-timing dependent plasticity strengthens the inputs that fire together.

One integrate-and-fire neuron hears 1000 excitatory inputs of the same mean rate. The rates of one half fluctuate together, those of the
other half independently. Additive plasticity of all pairs of spikes makes the synapses of the correlated half strong, the others weak.

References
----------
Song, Miller and Abbott 2000, Competitive Hebbian learning through spike-timing-dependent synaptic plasticity, doi 10.1038/78829 (the
neuron, the synapses, the rule).
Song and Abbott 2001, Cortical development and remapping through spike timing-dependent plasticity,
doi 10.1016/S0896-6273(01)00451-2 (how the rates of the inputs fluctuate).
"""

from __future__ import annotations

import math
import subprocess
import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

import neurosim as ns
from neurosim.units import Hz, Quantity, ms, mV, second

from ._arguments import number, positive, positive_quantity, refuse, whole
from ._pictures import drawn

if TYPE_CHECKING:
    from matplotlib.figure import Figure

FloatArray = npt.NDArray[np.float64]

DESCRIPTION = "Song, Miller and Abbott 2000: spike-timing dependent plasticity finds the correlated inputs"
WARM_UP = 0 * ms
DURATION = 600 * second

# ---- The neuron: Song, Miller and Abbott 2000, methods ----------------------------------------------------------------
TAU_M, V_REST, V_TH, V_RESET = 20.0, -70.0, -54.0, -60.0  # ms, mV
E_EX, E_IN, TAU_EX, TAU_IN = 0.0, -70.0, 5.0, 5.0  # mV, ms
INPUTS, INHIBITORY = 1000, 200
G_MAX, G_IN = 0.015, 0.05  # largest excitatory and fixed inhibitory conductance, in units of the leak
RATE_IN = 10.0  # 1/s

# ---- The rule: the same ----------------------------------------------------------------------------------------------
TAU_STDP = 20.0  # ms, of both sides of the window
A_PLUS, ASYMMETRY = 0.005, 1.05  # largest increase as a fraction of G_MAX; decrease over increase
SPEED = 2.0  # times that, so that 10 minutes show what takes the paper's amplitudes 20

# ---- The inputs: Song and Abbott 2001, experimental procedures -----------------------------------------------------------
RATE = 10.0  # 1/s, on average
DEVIATION = 0.3  # of the relative rate: by an input's own fluctuation, and as much by that of its group
TAU_C = 20.0  # ms: how long fluctuations last

GROUPS = ("uncorrelated", "correlated")
MEASURED_RATE = 22.6  # 1/s, over 600 s, mean of seeds 1 to 3: 22.2, 22.7, 23.0

CELL = ns.NeuronModel(
    """
    dv/dt = (V_rest - v + g_ex * (E_ex - v) + g_in * (E_in - v)) / tau_m : mV
    dg_ex/dt = -g_ex / tau_ex : 1               # conductances in units of the leak
    dg_in/dt = -g_in / tau_in : 1
    tau_m, tau_ex, tau_in : ms
    V_rest, V_th, V_reset, E_ex, E_in : mV
    """,
    spike="v > V_th",
    reset="v = V_reset",
    defaults={
        **{"v": V_REST * mV, "tau_m": TAU_M * ms, "tau_ex": TAU_EX * ms, "tau_in": TAU_IN * ms},
        **{"V_rest": V_REST * mV, "V_th": V_TH * mV, "V_reset": V_RESET * mV, "E_ex": E_EX * mV, "E_in": E_IN * mV},
    },
    name="integrate-and-fire neuron of Song, Miller and Abbott",
    source="Song, Miller and Abbott 2000, methods, doi 10.1038/78829",
)

RULE = ns.plasticity.pair_stdp(tau_plus=TAU_STDP * ms, tau_minus=TAU_STDP * ms, a_plus=A_PLUS * G_MAX, a_minus=ASYMMETRY * A_PLUS * G_MAX)


def network(
    *,
    inputs: int = INPUTS,
    lasting: Quantity = DURATION,
    deviation: float = DEVIATION,
    speed: float = SPEED,
    seed: int = 1,
    record: bool = True,
) -> ns.Network:
    """Build the network.

    Parameters
    ----------
    inputs : int
        Excitatory inputs, one half of them correlated. Fewer have stronger synapses, so that their sum stays the same.
    lasting : Quantity
        [ms] How long there is input.
    deviation : float
        Standard deviation of the relative rate of an input by the fluctuation of its group, and of that by its own.
    speed : float
        Multiplies both amplitudes of the rule of the paper.
    seed : int
        Of the network and of the inputs.
    record : bool
        Whether the spikes of the neuron and, every second, the weights are recorded.

    Returns
    -------
    Network
        Population "neuron", inputs "uncorrelated" and "correlated". The projections "uncorrelated -> neuron" and
        "correlated -> neuron" learn.

    Raises
    ------
    ParameterError
        If there are fewer than two inputs, or a number does not fit.
    """
    negative = number("deviation", deviation) or ("" if deviation >= 0 else f"deviation must not be negative, got {deviation!r}")
    refuse(
        "stdp_correlation", whole("inputs", inputs, 2), positive_quantity("lasting", lasting, second), negative, positive("speed", speed)
    )
    g_max = G_MAX * INPUTS / inputs
    rule = RULE.with_values(a_plus=speed * A_PLUS * g_max, a_minus=speed * ASYMMETRY * A_PLUS * g_max)
    neuron = ns.Population("neuron", 1, CELL)
    inhibition = ns.PoissonSource("inhibition", INHIBITORY, rate=RATE_IN * Hz)
    groups = _inputs(inputs, float(lasting / ms), deviation, seed)
    plastic = [
        ns.Projection(group, neuron, ns.all_to_all(), into="g_ex", weight=ns.uniform(0, g_max), bounds=(0, g_max), plasticity=rule)
        for group in groups
    ]
    inhibitory = ns.Projection(inhibition, neuron, ns.all_to_all(), into="g_in", weight=G_IN)
    probes = [ns.Probe(neuron, "spikes"), *(ns.Probe(projection, "w", every=1 * second) for projection in plastic)] if record else []
    rates = expected(inputs=inputs, lasting=lasting, deviation=deviation, speed=speed)
    return ns.Network(neuron, *groups, inhibition, *plastic, inhibitory, *probes, seed=seed, name="stdp_correlation", expected=rates)


def _inputs(inputs: int, lasting: float, deviation: float, seed: int) -> list[ns.SpikeTimes]:
    """Poisson spikes whose rates change at random times, together in the second group; for ``lasting`` ms.

    Rates are ``RATE (1 + d x + d y)`` with x an input's own normal number, y that of the group, and ``RATE (1 + sqrt(2) d x)`` for
    uncorrelated inputs, so that their variance is the same.
    """
    generator = np.random.default_rng([seed, 2000])
    ends = np.cumsum(generator.exponential(TAU_C, round(lasting / TAU_C * 1.5) + 100))
    lengths = np.diff(np.minimum(ends, lasting), prepend=0.0)
    begins = np.minimum(ends, lasting) - lengths
    begins, lengths = begins[lengths > 0], lengths[lengths > 0]
    groups = []
    for name, size, common in ((GROUPS[0], inputs - inputs // 2, 0.0), (GROUPS[1], inputs // 2, deviation)):
        own = math.sqrt(2.0 * deviation**2 - common**2)
        shared = common * generator.standard_normal(len(lengths))
        times = []
        for _ in range(size):
            rate = RATE * 1e-3 * np.maximum(1.0 + own * generator.standard_normal(len(lengths)) + shared, 0.0)
            counts = generator.poisson(rate * lengths)
            times.append(np.repeat(begins, counts) + np.repeat(lengths, counts) * generator.random(int(counts.sum())))
        indices = np.repeat(np.arange(size), [len(each) for each in times])
        # One spike at most in 0.1 ms: a second one in the same step (1 of 2000) is left out.
        places = np.unique(np.floor(10.0 * np.concatenate(times)).astype(np.int64) * size + indices)
        groups.append(ns.SpikeTimes(name, size, Quantity(np.asarray((places // size) * 0.1, np.float64), ms), places % size))
    return groups


# ---- What to expect ---------------------------------------------------------------------------------------------------
def expected(
    *,
    inputs: int = INPUTS,
    lasting: Quantity = DURATION,
    deviation: float = DEVIATION,
    speed: float = SPEED,
    seed: int = 1,
    record: bool = True,
) -> dict[str, dict[str, float]]:
    """Rates [1/s] to compare a run with: column -> population -> rate; the arguments are those of `network`."""
    default = (inputs, float(lasting / second), deviation, speed) == (INPUTS, float(DURATION / second), DEVIATION, SPEED)
    return {"expected at this scale": {"neuron": MEASURED_RATE}} if default else {}


def notes(
    *,
    inputs: int = INPUTS,
    lasting: Quantity = DURATION,
    deviation: float = DEVIATION,
    speed: float = SPEED,
    seed: int = 1,
    record: bool = True,
) -> tuple[str, ...]:
    """What a reader of the results has to know; the arguments are those of `network`."""
    found = [f"There is input for {lasting}. Weights are recorded every second."]
    if speed != 1.0:
        found.append(f"Both amplitudes of the rule are {speed:g} times those of the paper: weights settle sooner and fluctuate more.")
    if inputs != INPUTS:
        found.append(f"{inputs} instead of {INPUTS} inputs with stronger synapses: the neuron hears more noise.")
    if deviation == 0.0:
        found.append("The rates do not fluctuate: both groups are uncorrelated.")
    return tuple(found)


def weights(result: ns.Result) -> tuple[FloatArray, dict[str, FloatArray]]:
    """Times [s] of the records (T,), and for each group of inputs its weights as fractions of the largest possible (T, N)."""
    ways = {group: result[f"{group} -> neuron"] for group in GROUPS}
    largest = G_MAX * INPUTS / sum(way.size for way in ways.values())
    return ways[GROUPS[0]].t * 1e-3, {group: way.w / largest for group, way in ways.items()}


def figure(result: ns.Result) -> Figure:
    """The weights of both groups of inputs over time, and how they are distributed in the end.

    Parameters
    ----------
    result : Result
        Of this network, with the weights.

    Returns
    -------
    Figure
        The correlated inputs win, as in Song, Miller and Abbott 2000; additive plasticity drives weights to both bounds.
    """
    times, found = weights(result)

    def draw(figure: Figure, colours: Sequence[str]) -> None:
        left, right = figure.subplots(1, 2, width_ratios=(1.45, 1.0))
        bins = np.linspace(0.0, 1.0, 21)
        for (group, each), colour in zip(found.items(), colours):
            low, high = np.percentile(each, (25, 75), axis=1)
            left.fill_between(times, low, high, color=colour, alpha=0.18, linewidth=0.0)
            left.plot(times, each.mean(axis=1), color=colour, linewidth=1.6)
            left.annotate(
                group,
                (times[-1], each[-1].mean()),
                (-4, -15 if group == GROUPS[1] else 9),
                textcoords="offset points",
                ha="right",
                color=colour,
            )
            share, _ = np.histogram(each[-1], bins)
            right.stairs(share / each.shape[1] * 100.0, bins, color=colour, fill=True, alpha=0.35)
            right.stairs(share / each.shape[1] * 100.0, bins, color=colour, linewidth=1.4)
        left.set_xlim(times[0], times[-1])
        left.set_ylim(0.0, 1.0)
        left.set_xlabel("time [s]")
        left.set_ylabel("weight / largest weight")
        left.set_title("Mean weights, and the middle half of them")
        right.set_xlim(0.0, 1.0)
        right.set_ylim(bottom=0.0)
        right.set_xlabel("weight / largest weight")
        right.set_ylabel("synapses of the group [%]")
        right.set_title(f"After {times[-1]:.0f} s")

    return drawn(7.2, 3.1, draw)


def main() -> int:
    """Run the model as ``neurosim run stdp_correlation`` does, with the same options."""
    return subprocess.call([sys.executable, "-m", "neurosim", "run", "stdp_correlation", *sys.argv[1:]])


if __name__ == "__main__":
    sys.exit(main())

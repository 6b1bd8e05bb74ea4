"""The cortical microcircuit of Potjans and Diesmann: 1 mm2 of early sensory cortex, four layers, 77,169 neurons, 0.3 billion synapses.

Leaky integrate-and-fire neurons with exponential synaptic currents in eight populations; every neuron also receives a background of
independent Poisson trains, or the constant current of the same mean. The network can be made smaller: see `network`.

References
----------
Potjans and Diesmann 2014, The cell-type specific cortical microcircuit, doi 10.1093/cercor/bhs358.
Van Albada, Helias and Diesmann 2015, Scalability of asynchronous networks is limited by one-to-one mapping between effective
connectivity and correlations, doi 10.1371/journal.pcbi.1004490 (what downscaling keeps, and what it cannot keep).
Romaro, Najman, Lytton, Roque and Dura-Bernal 2021, NetPyNE implementation and scaling of the model, doi 10.1162/neco_a_01400.
The numbers below are those of the maintained reference implementation (INM-6/microcircuit-PD14-model) unless a line says otherwise.
"""

from __future__ import annotations

import subprocess
import sys
import warnings
from typing import Any

import numpy as np
import numpy.typing as npt

import neurosim as ns
from neurosim.units import Hz, Quantity, ms, mV, pA, pF

from ._arguments import interval, one_of, positive, refuse

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]

DESCRIPTION = "Potjans and Diesmann 2014: a full cortical microcircuit of 8 populations, at any scale"
WARM_UP = 500 * ms

layers = ("L23E", "L23I", "L4E", "L4I", "L5E", "L5I", "L6E", "L6I")

# ---- Populations, in the order of `layers` --------------------------------------------------------------------------
NEURONS = np.array([20683, 5834, 21915, 5479, 4850, 1065, 14395, 2948])
EXTERNAL_INDEGREE = np.array([1600, 1500, 2100, 1900, 2000, 1900, 2900, 2100])  # background synapses per neuron
INITIAL_MEAN = {  # mV
    "optimized": (-68.28, -63.16, -63.33, -63.45, -63.11, -61.66, -66.72, -61.43),
    "original": (-58.0,) * 8,
}
INITIAL_SD = {"optimized": (5.36, 4.57, 4.74, 4.94, 4.94, 4.55, 5.46, 4.48), "original": (10.0,) * 8}  # mV

# ---- Probability that a pair has at least one synapse [target, source] ----------------------------------------------
PROBABILITY = np.array(
    [
        [0.1009, 0.1689, 0.0437, 0.0818, 0.0323, 0.0000, 0.0076, 0.0000],
        [0.1346, 0.1371, 0.0316, 0.0515, 0.0755, 0.0000, 0.0042, 0.0000],
        [0.0077, 0.0059, 0.0497, 0.1350, 0.0067, 0.0003, 0.0453, 0.0000],
        [0.0691, 0.0029, 0.0794, 0.1597, 0.0033, 0.0000, 0.1057, 0.0000],
        [0.1004, 0.0622, 0.0505, 0.0057, 0.0831, 0.3726, 0.0204, 0.0000],
        [0.0548, 0.0269, 0.0257, 0.0022, 0.0600, 0.3158, 0.0086, 0.0000],
        [0.0156, 0.0066, 0.0211, 0.0166, 0.0572, 0.0197, 0.0396, 0.2252],
        [0.0364, 0.0010, 0.0034, 0.0005, 0.0277, 0.0080, 0.0658, 0.1443],
    ]
)

# ---- Neurons and synapses -------------------------------------------------------------------------------------------
C_M, TAU_M, TAU_SYN = 250.0, 10.0, 0.5  # pF, ms, ms
E_L, V_TH, V_RESET = -65.0, -50.0, -65.0  # mV
T_REF = 2.0  # ms, as NEST counts: the membrane is held for t_ref / dt steps and may fire one step later
STEP = 0.1  # ms, that of the published simulations, on which NEST's count of t_ref rests
PSP = 0.15  # mV, peak of the mean excitatory postsynaptic potential
PSP_FACTOR_L4E_L23E = 2.0
RELATIVE_INHIBITION = -4.0
RELATIVE_SD_OF_WEIGHTS = 0.1
DELAY = {"E": 1.5, "I": 0.75}  # ms, mean of the normal distribution before it is cut; by kind of source
RELATIVE_SD_OF_DELAYS = 0.5
LONGEST_DELAY = {"E": 6.2, "I": 3.2}  # ms; a longer one has a probability of 1.2e-10 and 3e-11
BACKGROUND_RATE = 8.0  # Hz per external synapse
BACKGROUND_DELAY = 1.5  # ms

# ---- Thalamus -------------------------------------------------------------------------------------------------------
THALAMIC_NEURONS = 902
THALAMIC_RATE = 120.0  # Hz during the pulse
THALAMIC_PROBABILITY = np.array([0.0, 0.0, 0.0983, 0.0619, 0.0, 0.0, 0.0512, 0.0196])

# ---- Rates in 1/s: assumed by the compensation for lost inputs, published, and expected of a correct simulation -----
BACKGROUNDS = ("poisson", "dc")
COMPENSATION_RATES = {
    "2016": (0.971, 2.868, 4.746, 5.396, 8.142, 9.078, 0.991, 7.523),  # NEST's example 2016 to 2020, GeNN's example
    "2020": (0.903, 2.965, 4.414, 5.876, 7.569, 8.633, 1.105, 7.829),  # the reference implementation since 2020
}
PUBLISHED_RATES = (0.86, 2.80, 4.45, 5.93, 7.59, 8.64, 1.09, 7.88)  # Table 6, spontaneous activity
# (n_scale, k_scale, background, compensation); 10 s after 500 ms, means over seeds; four simulators agree at 10 %.
EXPECTED_RATES = {
    (1.0, 1.0, "poisson", ""): (0.898, 2.993, 4.413, 5.883, 7.809, 8.653, 1.107, 7.848),
    (1.0, 1.0, "dc", ""): (0.913, 2.983, 4.208, 5.708, 8.190, 8.478, 1.105, 7.667),
    (0.1, 0.1, "poisson", "2020"): (0.471, 2.090, 3.972, 5.002, 6.569, 7.789, 0.839, 7.004),
    (0.1, 0.1, "poisson", "2016"): (0.716, 3.108, 4.380, 6.970, 7.366, 7.721, 1.165, 8.132),
    (0.1, 0.2, "poisson", "2020"): (0.611, 2.623, 4.276, 5.577, 7.869, 8.371, 1.045, 7.606),
    (0.1, 0.3, "poisson", "2020"): (0.748, 2.796, 4.368, 5.757, 7.612, 8.663, 1.090, 7.762),
    (0.1, 0.5, "poisson", "2020"): (0.933, 3.105, 4.420, 5.927, 8.289, 8.974, 1.093, 8.003),
    (0.1, 1.0, "poisson", ""): (1.689, 4.508, 4.222, 6.460, 10.50, 9.785, 1.149, 8.704),
    (0.1, 0.1, "dc", "2020"): (0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 3.44),
    (0.1, 0.1, "dc", "2016"): (0.607, 2.702, 3.605, 5.959, 7.785, 6.462, 0.866, 6.838),
    (0.02, 0.02, "poisson", "2016"): (1.026, 3.483, 4.542, 8.475, 5.873, 5.622, 0.818, 7.383),
}

CELL = ns.NeuronModel(
    """
    dv/dt = (E_L - v) / tau_m + (I_syn + I_dc) / C_m : mV
    dI_syn/dt = -I_syn / tau_syn                     : pA
    tau_m, tau_syn    : ms
    C_m               : pF
    E_L, V_th, V_reset : mV
    I_dc              : pA         # constant background and compensation for lost inputs
    """,
    spike="v >= V_th",
    reset="v = V_reset",
    refractory=(T_REF + STEP) * ms,
    defaults={
        **{"tau_m": TAU_M * ms, "tau_syn": TAU_SYN * ms, "C_m": C_M * pF, "I_dc": 0 * pA, "I_syn": 0 * pA},
        **{"E_L": E_L * mV, "V_th": V_TH * mV, "V_reset": V_RESET * mV},
    },
    name="microcircuit neuron",
    source="Potjans and Diesmann 2014, doi 10.1093/cercor/bhs358",
)

THALAMIC_CELL = ns.NeuronModel(
    "firing_rate : Hz\nstart, stop : ms",
    spike="rand() < firing_rate * dt and t >= start and t < stop",
    name="thalamic relay neuron",
    source="a Poisson process during the pulse, at most one spike per step",
)


# ---- The numbers that others may check ------------------------------------------------------------------------------
def synapse_numbers(n_scale: float = 1.0, k_scale: float = 1.0) -> IntArray:
    """Number of synapses of each pair of populations.

    Parameters
    ----------
    n_scale, k_scale : float
        Fraction of the neurons, and of the synapses per neuron.

    Returns
    -------
    ndarray of int, (8, 8)
        [target, source].

    Notes
    -----
    Q = log(1 - C) / log((P - 1) / P) with P the number of pairs, in this very form: it loses digits in the denominator, and with
    ``log1p`` two of the 64 numbers would differ by one from those of every published simulation.
    """
    pairs = np.outer(NEURONS, NEURONS).astype(np.float64)
    return np.rint(_full_synapse_numbers(PROBABILITY, pairs) * n_scale * k_scale).astype(np.int64)


def thalamic_synapse_numbers(n_scale: float = 1.0, k_scale: float = 1.0) -> IntArray:
    """Number of synapses from the thalamus to each population, (8,)."""
    pairs = NEURONS.astype(np.float64) * THALAMIC_NEURONS
    return np.rint(_full_synapse_numbers(THALAMIC_PROBABILITY, pairs) * n_scale * k_scale).astype(np.int64)


def _full_synapse_numbers(probability: FloatArray, pairs: FloatArray) -> FloatArray:
    numbers: FloatArray = np.log(1.0 - probability) / np.log((pairs - 1.0) / pairs)
    return numbers


def neuron_numbers(n_scale: float = 1.0) -> IntArray:
    """Number of neurons of each population, (8,)."""
    return np.rint(NEURONS * n_scale).astype(np.int64)


def psp_of_unit_current() -> float:
    """Peak of the postsynaptic potential caused by a current that jumps by 1 pA [mV/pA]."""
    peak_time = TAU_SYN * TAU_M / (TAU_M - TAU_SYN) * np.log(TAU_M / TAU_SYN)
    decay = np.exp(-peak_time / TAU_M) - np.exp(-peak_time / TAU_SYN)
    return float(TAU_M / C_M * TAU_SYN / (TAU_M - TAU_SYN) * decay)


def external_weight(k_scale: float = 1.0) -> float:
    """Jump of the current caused by one background spike [pA]; it has no spread."""
    return float(PSP / psp_of_unit_current() / np.sqrt(k_scale))


def weights(k_scale: float = 1.0) -> FloatArray:
    """Mean weights [pA] as (8, 8), [target, source]: 87.8 pA, doubled from L4E to L23E, times -4 from inhibitory sources."""
    mean = np.full((8, 8), external_weight(k_scale))
    mean[:, 1::2] *= RELATIVE_INHIBITION
    mean[layers.index("L23E"), layers.index("L4E")] *= PSP_FACTOR_L4E_L23E
    return mean


def external_currents() -> FloatArray:
    """Constant currents [pA], (8,), of the same mean as the Poisson background of the full network."""
    return np.asarray(1e-3 * BACKGROUND_RATE * EXTERNAL_INDEGREE * external_weight() * TAU_SYN)


def compensation_currents(k_scale: float, background: str = "poisson", compensation: str = "2016") -> FloatArray:
    """Constant currents [pA], (8,), that replace the mean input lost by removing synapses.

    Parameters
    ----------
    k_scale : float
        Fraction of the synapses per neuron that are left; their weights have grown by 1/sqrt(k_scale).
    background : str
        With "poisson" the background loses synapses too; "dc" keeps its mean.
    compensation : str
        Which rates are assumed: "2016" or "2020".

    Notes
    -----
    tau_syn (1 - sqrt(k)) sum over sources of W K nu. The mean and, to first order, the variance of the input are kept at the
    assumed rates.
    """
    pairs = np.outer(NEURONS, NEURONS).astype(np.float64)
    indegrees = _full_synapse_numbers(PROBABILITY, pairs) / NEURONS[:, None]
    lost = (weights() * indegrees) @ np.array(COMPENSATION_RATES[compensation])
    if background == "poisson":
        lost = lost + external_weight() * EXTERNAL_INDEGREE * BACKGROUND_RATE
    return np.asarray(1e-3 * TAU_SYN * (1.0 - np.sqrt(k_scale)) * lost)


def direct_currents(k_scale: float, background: str, compensation: str) -> FloatArray:
    """All constant current of each population [pA], (8,): the background when it is one, and the compensation."""
    extra = compensation_currents(k_scale, background, compensation)
    return extra + external_currents() if background == "dc" else extra


def rheobase() -> float:
    """The smallest constant current that makes a neuron fire [pA]."""
    return C_M * (V_TH - E_L) / TAU_M


def below_rheobase(k_scale: float, background: str, compensation: str) -> tuple[str, ...]:
    """Populations that a constant background alone never brings to threshold; none where the background is a Poisson process."""
    if background != "dc":
        return ()
    currents = direct_currents(k_scale, background, compensation)
    return tuple(name for name, current in zip(layers, currents) if current < rheobase())


# ---- The network ----------------------------------------------------------------------------------------------------
def network(
    *,
    scale: float = 0.1,
    n_scale: float | None = None,
    k_scale: float | None = None,
    background: str = "poisson",
    compensation: str = "2016",
    thalamic_pulse: tuple[Quantity, Quantity] | None = None,
    initial: str = "optimized",
    seed: int = 1,
    record: bool = True,
) -> ns.Network:
    """Build the microcircuit.

    Parameters
    ----------
    scale : float
        Sets both ``n_scale`` and ``k_scale``.
    n_scale, k_scale : float, optional
        Fraction of the neurons, and of the synapses per neuron. Weights grow by 1/sqrt(k_scale), and a constant current replaces
        the mean of the lost inputs.
    background : str
        "poisson", as published, or "dc": the constant current of the same mean, without its variance.
    compensation : str
        Which rates the constant current assumes: "2016" is close to the published rates at 10 %, "2020" is what the reference
        implementation uses today and gives 0.5 instead of 0.9 spikes/s in L23E at 10 %.
    thalamic_pulse : (start, duration) [ms], optional
        902 thalamic neurons fire at 120 Hz during it. The published figure has (700 ms, 10 ms).
    initial : str
        Distribution of the initial membrane potential: "optimized" (no transient) or "original".
    seed : int
        Of the network.
    record : bool
        Whether the spikes of all populations are recorded.

    Returns
    -------
    Network
        Populations L23E ... L6I in the order of `layers`.

    Raises
    ------
    ParameterError
        If a choice is unknown, a scale not positive, or the pulse no pair of times.

    Notes
    -----
    Synapses: a fixed total number per pair of populations, drawn with replacement (several between a pair, and onto the own
    neuron, are allowed). Weights: normal with 10 %, drawn again where the sign would change. Delays: normal with 50 %, drawn again
    below half a step and above 6.2 ms (excitatory) or 3.2 ms (inhibitory sources; a change of 1 in 10**10), rounded to the grid,
    so that the means are 1.547 and 0.777 ms. The refractory time is 2.0 ms as NEST counts it, which is 2.1 ms from spike to
    spike: 21 steps of 0.1 ms. The synapses of the thalamus are scaled with n_scale * k_scale, so that their number per neuron
    scales with k_scale; the reference implementation leaves n_scale out.
    """
    choices = (("background", background, BACKGROUNDS), ("compensation", compensation, COMPENSATION_RATES), ("initial", initial, INITIAL_MEAN))
    pulse = "" if thalamic_pulse is None else interval("thalamic_pulse", thalamic_pulse)
    refuse("microcircuit", *(one_of(*choice) for choice in choices), pulse)
    n, k = _scales(scale, n_scale, k_scale)
    silent = _rheobase_warning(k, background, compensation)
    if silent:
        warnings.warn(silent, stacklevel=2)
    populations = _populations(n, direct_currents(k, background, compensation), initial)
    parts: list[ns.Population | ns.PoissonSource | ns.Projection | ns.Probe] = list(populations)
    parts += _recurrent_projections(populations, n, k)
    if background == "poisson":
        parts += _poisson_background(populations, k)
    if thalamic_pulse is not None:
        parts += _thalamic_parts(populations, n, k, thalamic_pulse)
    if record:
        parts += [ns.Probe(population, "spikes") for population in populations]
    rates = expected(n_scale=n, k_scale=k, background=background, compensation=compensation)
    return ns.Network(*parts, seed=seed, name="microcircuit", expected=rates)


def _scales(scale: float, n_scale: float | None, k_scale: float | None) -> tuple[float, float]:
    n = scale if n_scale is None else n_scale
    k = scale if k_scale is None else k_scale
    names = ("n_scale" if n_scale is not None else "scale", "k_scale" if k_scale is not None else "scale")
    refuse("microcircuit", *dict.fromkeys(positive(name, value) for name, value in zip(names, (n, k))))
    return n, k


def _populations(n_scale: float, currents: FloatArray, initial: str) -> list[ns.Population]:
    spread = zip(INITIAL_MEAN[initial], INITIAL_SD[initial])
    return [
        ns.Population(name, int(size), CELL, I_dc=float(current) * pA, v=ns.normal(mean * mV, sd * mV))
        for name, size, current, (mean, sd) in zip(layers, neuron_numbers(n_scale), currents, spread)
    ]


def _recurrent_projections(populations: list[ns.Population], n_scale: float, k_scale: float) -> list[ns.Projection]:
    numbers, means = synapse_numbers(n_scale, k_scale), weights(k_scale)
    projections = []
    for i, j in np.argwhere(numbers):
        source, target, wiring = populations[j], populations[i], ns.fixed_total_number(int(numbers[i, j]))
        weight, delay = _weight(means[i, j]), _delay(source.name[-1])
        projections.append(ns.Projection(source, target, wiring, into="I_syn", weight=weight, delay=delay))
    return projections


def _weight(mean: float) -> Any:
    sd = abs(mean) * RELATIVE_SD_OF_WEIGHTS * pA
    if mean > 0:
        return ns.normal(mean * pA, sd, low=0 * pA, cut="redraw")
    return ns.normal(mean * pA, sd, high=0 * pA, cut="redraw")


def _delay(kind: str) -> Any:
    mean = DELAY[kind]
    shortest, longest = 0.5 * STEP, LONGEST_DELAY[kind] + 0.5 * STEP
    return ns.normal(mean * ms, mean * RELATIVE_SD_OF_DELAYS * ms, low=shortest * ms, high=longest * ms, cut="redraw")


def _poisson_background(populations: list[ns.Population], k_scale: float) -> list[ns.PoissonSource | ns.Projection]:
    weight, delay = external_weight(k_scale) * pA, BACKGROUND_DELAY * ms
    parts: list[ns.PoissonSource | ns.Projection] = []
    for population, indegree in zip(populations, np.rint(EXTERNAL_INDEGREE * k_scale)):
        name = f"{population.name} background"
        source = ns.PoissonSource(name, population.size, rate=BACKGROUND_RATE * float(indegree) * Hz)
        parts += [source, ns.Projection(source, population, ns.one_to_one(), into="I_syn", weight=weight, delay=delay)]
    return parts


def _thalamic_parts(
    populations: list[ns.Population], n_scale: float, k_scale: float, pulse: tuple[Quantity, Quantity]
) -> list[ns.Population | ns.Projection]:
    start, duration = pulse
    window = {"start": start, "stop": start + duration}
    thalamus = ns.Population("thalamus", THALAMIC_NEURONS, THALAMIC_CELL, firing_rate=THALAMIC_RATE * Hz, **window)
    parts: list[ns.Population | ns.Projection] = [thalamus]
    for target, number in zip(populations, thalamic_synapse_numbers(n_scale, k_scale)):
        if number:
            wiring = ns.fixed_total_number(int(number))
            weight, delay = _weight(external_weight(k_scale)), _delay("E")
            parts.append(ns.Projection(thalamus, target, wiring, into="I_syn", weight=weight, delay=delay))
    return parts


# ---- What to expect -------------------------------------------------------------------------------------------------
def expected(
    *, scale: float = 0.1, n_scale: float | None = None, k_scale: float | None = None, background: str = "poisson",
    compensation: str = "2016", thalamic_pulse: tuple[Quantity, Quantity] | None = None, initial: str = "optimized",
    seed: int = 1, record: bool = True,
) -> dict[str, dict[str, float]]:
    """Rates [1/s] to compare a run with: column -> population -> rate; the arguments are those of `network`.

    The column "expected at this scale" is there for the scales at which it has been established; with a thalamic pulse it holds
    for the time outside the response.
    """
    n, k = _scales(scale, n_scale, k_scale)
    columns = {"published": dict(zip(layers, PUBLISHED_RATES))}
    rates = EXPECTED_RATES.get((n, k, background, "" if k == 1 else compensation))
    if rates is None:
        return columns
    return {"expected at this scale": dict(zip(layers, rates)), **columns}


def notes(
    *, scale: float = 0.1, n_scale: float | None = None, k_scale: float | None = None, background: str = "poisson",
    compensation: str = "2016", thalamic_pulse: tuple[Quantity, Quantity] | None = None, initial: str = "optimized",
    seed: int = 1, record: bool = True,
) -> tuple[str, ...]:
    """What a reader of the results has to know; the arguments are those of `network`."""
    n, k = _scales(scale, n_scale, k_scale)
    neurons, synapses = int(neuron_numbers(n).sum()), int(synapse_numbers(n, k).sum())
    size = f"n_scale {n:g}, k_scale {k:g}: {neurons:,} neurons, {synapses:,} synapses"
    found = [f"{size}; background {background}."]
    if k != 1:
        psp = PSP / np.sqrt(k)
        found.append(
            f"Compensation set {compensation}; weights times {1 / np.sqrt(k):.3g}: a mean excitatory potential has "
            f"{psp:.2f} mV (published: {PSP} mV), an inhibitory one {RELATIVE_INHIBITION * psp:.2f} mV."
        )
    if n != 1 or k != 1:
        found.append(
            "This is not the published network: downscaling keeps the mean and, to first order, the variance of the input, "
            "not the correlations and not exactly the rates."
        )
    warning = _rheobase_warning(k, background, compensation)
    if warning:
        found.append(f"Warning: {warning}")
    if thalamic_pulse is not None:
        found.append("Thalamic synapses scale with n_scale * k_scale; in the reference implementation with k_scale alone.")
    found.append("The refractory time is counted as NEST does: 2.1 ms from spike to spike for t_ref = 2 ms.")
    return tuple(found)


def _rheobase_warning(k_scale: float, background: str, compensation: str) -> str:
    below = below_rheobase(k_scale, background, compensation)
    if not below:
        return ""
    return (
        f"background DC leaves {len(below)} of {len(layers)} populations below rheobase ({rheobase():.0f} pA): "
        f"{', '.join(below)}. They may stay silent; use background='poisson' or a larger k_scale."
    )


def main() -> int:
    """Run the model as ``neurosim run microcircuit`` does, with the same options."""
    return subprocess.call([sys.executable, "-m", "neurosim", "run", "microcircuit", *sys.argv[1:]])


if __name__ == "__main__":
    sys.exit(main())

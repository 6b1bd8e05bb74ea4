"""Gamma rhythm of pyramidal cells and interneurons (PING): excitation makes interneurons fire, their inhibition silences everybody for a while.

200 pyramidal cells of Traub and Miles' kind, driven a little differently, and 50 fast-spiking interneurons of Wang and Buzsaki that have
no drive of their own. The decay of inhibition sets the pace.

References
----------
Borgers 2017, An Introduction to Modeling Neuronal Dynamics, chapter 30: the PING model of gamma rhythms, doi 10.1007/978-3-319-51171-9_30
(network and its parameters; cells in chapter 5, synapses in chapter 20).
Borgers and Kopell 2005, Effects of noisy drive on rhythms in networks of excitatory and inhibitory neurons, doi 10.1162/0899766053019908.
Wang and Buzsaki 1996, Gamma oscillation by synaptic inhibition in a hippocampal interneuronal network model,
doi 10.1523/JNEUROSCI.16-20-06402.1996 (interneurons).
"""

from __future__ import annotations

import math
import subprocess
import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

import neurosim as ns
from neurosim.units import Quantity, ms, mV, nS, pA, pF

from ._arguments import number, positive, positive_quantity, refuse, whole
from ._pictures import dots, drawn, smooth_rate

if TYPE_CHECKING:
    from matplotlib.figure import Figure

DESCRIPTION = "Borgers 2017, Borgers and Kopell 2005: gamma rhythm of excitation and inhibition (PING)"
WARM_UP = 0 * ms
DURATION = 400 * ms
DT = 0.02 * ms  # sodium currents are fast

# ---- Parameters, per cm2 of membrane; a cell has an area of 1e-4 cm2, so that 1 uF/cm2 is 100 pF, 1 mS/cm2 100 nS, 1 uA/cm2 100 pA -------
AREA = 100.0
N_E, N_I = 200, 50
DRIVE, SPREAD = 1.4, 0.05  # uA/cm2 into pyramidal cells; its standard deviation over cells, relative to it
G_EI, G_IE, G_II = 0.25, 0.25, 0.25  # mS/cm2: the sum of all synapses of a kind onto a cell, E to I, I to E, I to I; none E to E
PROBABILITY = 0.5  # of a connection
V_EXC, V_INH = 0.0, -75.0  # mV
TAU_RISE, TAU_PEAK = 0.5, 0.5  # ms: rise of the synaptic gate, time of its peak after a spike
TAU_E, TAU_I = 3.0, 9.0  # ms: decay of excitation and inhibition
SETTLED = 100.0  # ms that the rhythm needs to form
IRREGULAR = 0.2  # standard deviation over mean of the distances of volleys that are no rhythm any more

MEASURED_RATES = {"exc": 49.0, "inh": 46.9}  # 1/s in 400 ms, mean of four seeds (sd 0.8 and 0.4)

# The gate s of all synapses that a neuron makes: q jumps to 1 during a spike and decays, s rises while q is open.
_GATES = """
    dq/dt = (1 + tanh(v / (10*mV))) / 2 * (1 - q) / (0.1*ms) - q / tau_q : 1
    ds/dt = q * (1 - s) / tau_rise - s / tau_s    : 1
    gate = s                                      : 1 (output)
    g_exc, g_inh                                  : nS (port)
    I_drive : pA
    C_m : pF
    g_L, g_Na, g_K : nS
    E_L, E_Na, E_K, E_exc, E_inh : mV
    tau_q, tau_rise, tau_s : ms
    u = v / mV : 1
"""
_CURRENTS = """
    dv/dt = (g_L * (E_L - v) + g_Na * (alpha_m / (alpha_m + beta_m))**3 * h * (E_Na - v) + g_K * n**4 * (E_K - v)
             + g_exc * (E_exc - v) + g_inh * (E_inh - v) + I_drive) / C_m : mV
    dh/dt = alpha_h * (1 - h) - beta_h * h : 1
    dn/dt = alpha_n * (1 - n) - beta_n * n : 1
"""
_SHARED = {
    **{"h": "alpha_h / (alpha_h + beta_h)", "n": "alpha_n / (alpha_n + beta_n)", "C_m": AREA * pF, "g_L": 0.1 * AREA * nS},
    **{"E_exc": V_EXC * mV, "E_inh": V_INH * mV, "tau_rise": TAU_RISE * ms, "I_drive": 0 * pA},
}

PYRAMIDAL = ns.NeuronModel(
    _CURRENTS
    + """
    alpha_m = 1.28 / exprel(-(u + 54) / 4) / ms : 1/ms       # 0.32 (u + 54) / (1 - exp(-(u + 54) / 4))
    beta_m = 1.4 / exprel((u + 27) / 5) / ms : 1/ms
    alpha_h = 0.128 * exp(-(u + 50) / 18) / ms : 1/ms
    beta_h = 4 / (1 + exp(-(u + 27) / 5)) / ms : 1/ms
    alpha_n = 0.16 / exprel(-(u + 52) / 5) / ms : 1/ms
    beta_n = 0.5 * exp(-(u + 57) / 40) / ms : 1/ms
    """
    + _GATES,
    spike="v > -20*mV",
    rising=True,
    method="rk4",
    defaults={**_SHARED, "g_Na": 100 * AREA * nS, "g_K": 80 * AREA * nS, "E_Na": 50 * mV, "E_K": -100 * mV, "E_L": -67 * mV},
    name="reduced Traub-Miles neuron",
    source="Borgers 2017, section 5.2, doi 10.1007/978-3-319-51171-9",
)
INTERNEURON = ns.NeuronModel(
    _CURRENTS
    + """
    alpha_m = 1 / exprel(-(u + 35) / 10) / ms : 1/ms
    beta_m = 4 * exp(-(u + 60) / 18) / ms : 1/ms
    alpha_h = 0.35 * exp(-(u + 58) / 20) / ms : 1/ms
    beta_h = 5 / (1 + exp(-(u + 28) / 10)) / ms : 1/ms
    alpha_n = 0.5 / exprel(-(u + 34) / 10) / ms : 1/ms
    beta_n = 0.625 * exp(-(u + 44) / 80) / ms : 1/ms
    """
    + _GATES,
    spike="v > -20*mV",
    rising=True,
    method="rk4",
    defaults={**_SHARED, "g_Na": 35 * AREA * nS, "g_K": 9 * AREA * nS, "E_Na": 55 * mV, "E_K": -90 * mV, "E_L": -65 * mV},
    name="Wang-Buzsaki neuron",
    source="Wang and Buzsaki 1996, doi 10.1523/JNEUROSCI.16-20-06402.1996",
)


def time_of_peak(tau_q: float, tau_decay: float, tau_rise: float = TAU_RISE) -> float:
    """When the gate s is largest [ms] after q was set to 1, for ds/dt = exp(-t / tau_q) (1 - s) / tau_rise - s / tau_decay."""
    step, t, s = 0.002, 0.0, 0.0

    def slope(t: float, s: float) -> float:
        return math.exp(-t / tau_q) * (1.0 - s) / tau_rise - s / tau_decay

    while True:
        begin = slope(t, s)
        middle = s + 0.5 * step * begin
        following = s + step * slope(t + 0.5 * step, middle)
        end = slope(t + step, following)
        if end <= 0.0:
            return t + step * begin / (begin - end)
        t, s = t + step, following


def decay_of_q(tau_decay: float, tau_rise: float = TAU_RISE, tau_peak: float = TAU_PEAK) -> float:
    """The decay of q [ms] that lets the gate peak at ``tau_peak``, by bisection."""
    low, high = 1e-3, 10.0
    while high - low > 1e-6:
        middle = 0.5 * (low + high)
        low, high = (middle, high) if time_of_peak(middle, tau_decay, tau_rise) < tau_peak else (low, middle)
    return 0.5 * (low + high)


def network(
    *,
    tau_inhibition: Quantity = TAU_I * ms,
    drive: float = DRIVE,
    excitatory: int = N_E,
    inhibitory: int = N_I,
    probability: float = PROBABILITY,
    seed: int = 1,
    record: bool = True,
) -> ns.Network:
    """Build the network.

    Parameters
    ----------
    tau_inhibition : Quantity [ms]
        Decay of inhibition.
    drive : float
        Mean constant current into the pyramidal cells [uA/cm2].
    excitatory, inhibitory : int
        Cells of each kind. With one of each and a probability of 1 it is the pair of cells of the book's section 30.1.
    probability : float
        Of a connection, apart from that of a cell to itself. The mean sum of the conductances onto a cell does not depend on it.
    seed : int
        Of the network.
    record : bool
        Whether the spikes of both populations are recorded.

    Returns
    -------
    Network
        Populations "exc" and "inh".

    Raises
    ------
    ParameterError
        If a number is none, or out of its range.

    Notes
    -----
    Measured in three seeds of 600 ms: the rhythm has 52.1, 49.9, 47.8, 45.8 and 44.8 Hz where inhibition decays with 5, 7, 9, 11 and
    13 ms. With 15 ms and more the volleys fall apart.
    """
    numbers = [number("drive", drive), whole("excitatory", excitatory, 1), whole("inhibitory", inhibitory, 1)]
    refuse("ping", positive_quantity("tau_inhibition", tau_inhibition, ms), *numbers, positive("probability", probability))
    refuse("ping", "" if probability <= 1 else f"probability must not be above 1, got {probability!r}")
    currents = ns.normal(drive * AREA * pA, SPREAD * abs(drive) * AREA * pA) if excitatory > 1 else drive * AREA * pA
    start = ns.uniform(-70 * mV, -60 * mV)
    tau_i = float(tau_inhibition / ms)
    exc = ns.Population("exc", excitatory, PYRAMIDAL, v=start, I_drive=currents, tau_s=TAU_E * ms, tau_q=decay_of_q(TAU_E) * ms)
    inh = ns.Population("inh", inhibitory, INTERNEURON, v=start, tau_s=tau_i * ms, tau_q=decay_of_q(tau_i) * ms)
    pairs = ns.fixed_probability(probability, autapses=False)
    projections = [
        ns.Projection(source.output("gate"), target, pairs, into=into, weight=g * AREA / (source.size * probability) * nS)
        for source, target, into, g in ((exc, inh, "g_exc", G_EI), (inh, exc, "g_inh", G_IE), (inh, inh, "g_inh", G_II))
    ]
    probes = [ns.Probe(population, "spikes") for population in (exc, inh)] if record else []
    rates = expected(
        tau_inhibition=tau_inhibition, drive=drive, excitatory=excitatory, inhibitory=inhibitory, probability=probability
    )
    return ns.Network(exc, inh, *projections, *probes, seed=seed, name="ping", expected=rates)


# ---- What to expect -------------------------------------------------------------------------------------------------
def expected(
    *, tau_inhibition: Quantity = TAU_I * ms, drive: float = DRIVE, excitatory: int = N_E, inhibitory: int = N_I,
    probability: float = PROBABILITY, seed: int = 1, record: bool = True,
) -> dict[str, dict[str, float]]:
    """Rates [1/s] to compare a run with: column -> population -> rate; the arguments are those of `network`."""
    usual = (drive, excitatory, inhibitory, probability) == (DRIVE, N_E, N_I, PROBABILITY) and tau_inhibition == TAU_I * ms
    return {"expected at this scale": dict(MEASURED_RATES)} if usual else {}


def notes(
    *, tau_inhibition: Quantity = TAU_I * ms, drive: float = DRIVE, excitatory: int = N_E, inhibitory: int = N_I,
    probability: float = PROBABILITY, seed: int = 1, record: bool = True,
) -> tuple[str, ...]:
    """What a reader of the results has to know; the arguments are those of `network`."""
    tau = float(tau_inhibition / ms)
    return (f"Inhibition decays with {tau:g} ms. Cells fire about once in each volley, so that rates are the frequency of the rhythm.",)


def frequency(result: ns.Result, population: str = "inh") -> float:
    """Frequency of the volleys [Hz]: the inverse of the mean distance of peaks of the rate, after the first 100 ms.

    Parameters
    ----------
    result : Result
        Of this network, with its spikes.
    population : str
        "exc" or "inh".

    Returns
    -------
    float
        nan for fewer than three volleys, and where they are no rhythm: distances that differ by a fifth of their mean.
    """
    times, rate = smooth_rate(result, population, width=4.0, step=0.5)
    high = rate > 0.3 * rate.max(initial=0.0)
    begins = np.flatnonzero(high & ~np.concatenate([[False], high[:-1]]))
    ends = np.flatnonzero(high & ~np.concatenate([high[1:], [False]]))
    peaks = np.array([np.average(times[a : b + 1], weights=rate[a : b + 1]) for a, b in zip(begins, ends)])
    # Volleys that the window cuts have no middle.
    whole_ones = peaks[(peaks > SETTLED) & (begins > 0) & (ends < len(rate) - 1)]
    distances = np.diff(whole_ones)
    regular = len(distances) > 1 and distances.std() < IRREGULAR * distances.mean()
    return 1e3 / float(distances.mean()) if regular else math.nan


def figure(result: ns.Result) -> Figure:
    """Raster of both populations and their rates, as figure 30.3 of the book.

    Parameters
    ----------
    result : Result
        Of this network, with its spikes.

    Returns
    -------
    Figure
    """
    found = frequency(result)

    def draw(figure: Figure, colours: Sequence[str]) -> None:
        upper, lower = figure.subplots(2, 1, sharex=True, height_ratios=(2.0, 1.0))
        n_i = result["inh"].size
        dots(upper, result, "inh", colours[1], most=n_i)
        dots(upper, result, "exc", colours[0], most=result["exc"].size, offset=n_i)
        upper.set_yticks([0.5 * n_i, n_i + 0.5 * result["exc"].size], [f"{n_i} inh", f"{result['exc'].size} exc"], rotation=90, va="center")
        upper.set_title("Volleys of pyramidal cells, each followed by one of interneurons" + ("" if math.isnan(found) else f": {found:.0f} Hz"))
        for name, colour in (("exc", colours[0]), ("inh", colours[1])):
            times, rate = smooth_rate(result, name, width=2.0, step=0.5)
            lower.plot(times, rate, color=colour, linewidth=1.2, label=name)
        lower.set_ylabel("rate [Hz]")
        lower.set_xlabel("time [ms]")
        lower.set_xlim(*result.window)
        lower.legend(loc="upper left", bbox_to_anchor=(1.0, 1.0))

    return drawn(7.2, 3.8, draw)


def main() -> int:
    """Run the model as ``neurosim run ping`` does, with the same options."""
    return subprocess.call([sys.executable, "-m", "neurosim", "run", "ping", *sys.argv[1:]])


if __name__ == "__main__":
    sys.exit(main())

"""Spatial working memory: a ring of neurons keeps the direction of a cue as a bump of activity, which drifts at random.

2048 pyramidal cells, each with a preferred direction, excite those that prefer similar directions through slow NMDA receptors; 512
interneurons inhibit everybody alike. A cue of 250 ms leaves a bump that outlasts it.

References
----------
Compte, Brunel, Goldman-Rakic and Wang 2000, Synaptic mechanisms and network dynamics underlying spatial working memory in a cortical
network model, doi 10.1093/cercor/10.9.910.
Murray et al. 2014, Linking microcircuit dysfunction to cognitive impairment, doi 10.1093/cercor/bhs370 (the cue).
Jahr and Stevens 1990, Voltage dependence of NMDA-activated macroscopic conductances, doi 10.1523/JNEUROSCI.10-09-03178.1990.
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
from neurosim.units import Hz, Quantity, ms, mV, nS, pA, pF

from ._arguments import number, positive, positive_quantity, refuse
from ._pictures import drawn

if TYPE_CHECKING:
    from matplotlib.figure import Figure

FloatArray = npt.NDArray[np.float64]

DESCRIPTION = "Compte et al. 2000: a bump of activity on a ring keeps a direction in working memory"
WARM_UP = 0 * ms
DURATION = 2500 * ms  # 500 ms before the cue, 250 ms of it, the delay

# ---- Cells: Compte et al. 2000, table 1 and methods -----------------------------------------------------------------------
N_E, N_I = 2048, 512
E_L, V_TH, V_RESET = -70.0, -50.0, -60.0  # mV
C_E, G_L_E, T_REF_E = 500.0, 25.0, 2.0  # pF, nS, ms
C_I, G_L_I, T_REF_I = 200.0, 20.0, 1.0

# ---- Synapses ---------------------------------------------------------------------------------------------------------
E_EXC, E_INH = 0.0, -70.0  # mV
TAU_AMPA, TAU_GABA = 2.0, 10.0  # ms
TAU_RISE, TAU_NMDA, ALPHA = 2.0, 100.0, 0.5  # ms, ms, 1/ms: dx/dt = -x/tau_rise, ds/dt = -s/tau + alpha x (1 - s)
MG = 1.0  # mM of magnesium, in 1 / (1 + Mg exp(-0.062 v) / 3.57)
# conductances in nS for N_E = 2048 and N_I = 512: onto pyramidal cells, onto interneurons
G_EXT, G_NMDA, G_GABA = (3.1, 2.38), (0.381, 0.292), (1.336, 1.024)
J_PLUS, SIGMA = 1.62, 14.4  # peak of the excitatory profile relative to its mean; its width [degrees]
BACKGROUND = 1800.0  # 1/s onto every neuron: 1000 synapses of 1.8 spikes/s

# ---- The cue: Murray et al. 2014 ----------------------------------------------------------------------------------------
CUE_PEAK, CUE_WIDTH, CUE_DURATION = 375.0, 6.0, 250.0  # pA, degrees, ms

SMALLEST_MODE = 3e-4  # of the profile: Fourier modes of smaller amplitude are left out
MEASURED_RATES = {"exc": 5.4, "inh": 10.4}  # 1/s in 2.5 s, mean of two seeds (5.1 and 5.7, 10.1 and 10.7)

_MEMBRANE = """
    dv/dt = (g_L * (E_L - v) + g_gaba * (E_inh - v)
             + (g_ext + g_nmda / (1 + Mg * exp(-0.062 * v / mV) / 3.57)) * (E_exc - v) + I_cue) / C_m : mV
    dg_ext/dt = -g_ext / tau_ampa             : nS      # spikes from outside
    dg_gaba/dt = -g_gaba / tau_gaba           : nS
    g_nmda                                    : nS (port)
    I_cue                                     : pA (port)
    C_m : pF
    g_L : nS
    E_L, E_exc, E_inh, v_th, v_reset : mV
    tau_ampa, tau_gaba : ms
    Mg : 1
"""
_SHARED = {
    **{"E_L": E_L * mV, "E_exc": E_EXC * mV, "E_inh": E_INH * mV, "v_th": V_TH * mV, "v_reset": V_RESET * mV},
    **{"tau_ampa": TAU_AMPA * ms, "tau_gaba": TAU_GABA * ms, "Mg": MG},
}
_SOURCE = "Compte et al. 2000, doi 10.1093/cercor/10.9.910"

PYRAMIDAL = ns.NeuronModel(
    _MEMBRANE
    + """
    dx/dt = -x / tau_rise                     : 1
    ds/dt = -s / tau_nmda + alpha * x * (1 - s) : 1     # of all NMDA synapses that this neuron makes
    gate = s                                  : 1 (output)
    tau_rise, tau_nmda : ms
    alpha : 1/ms
    """,
    spike="v > v_th",
    reset="v = v_reset; x += 1",
    refractory=T_REF_E * ms,
    method="heun",
    defaults={
        **_SHARED,
        **{"C_m": C_E * pF, "g_L": G_L_E * nS, "tau_rise": TAU_RISE * ms, "tau_nmda": TAU_NMDA * ms, "alpha": ALPHA / ms},
    },
    name="pyramidal cell",
    source=_SOURCE,
)
INTERNEURON = ns.NeuronModel(
    _MEMBRANE,
    spike="v > v_th",
    reset="v = v_reset",
    refractory=T_REF_I * ms,
    method="heun",
    defaults={**_SHARED, "C_m": C_I * pF, "g_L": G_L_I * nS},
    name="interneuron",
    source=_SOURCE,
)
# A convolution on the ring is a product of Fourier modes. The profile has few of them, so that a unit per mode between all pyramidal cells
# and all pyramidal cells takes 2 * 2048 * 27 multiplications in a step instead of 2048 * 2048.
MODES = ns.NeuronModel(
    """
    gates             : 1 (port)
    value = gates     : 1 (output)
    """,
    name="Fourier mode of the NMDA gates",
    source=_SOURCE,
)


# ---- The profile of excitation ------------------------------------------------------------------------------------------
def j_minus(j_plus: float = J_PLUS, sigma: float = SIGMA) -> float:
    """Floor of the profile, such that its mean over the ring is 1."""
    bump = math.radians(sigma) / math.sqrt(2.0 * math.pi) * math.erf(math.pi / (math.sqrt(2.0) * math.radians(sigma)))
    return (1.0 - j_plus * bump) / (1.0 - bump)


def profile(distance: FloatArray, j_plus: float = J_PLUS, sigma: float = SIGMA) -> FloatArray:
    """Strength of excitation at a distance [degrees, -180 to 180]: J_minus + (J_plus - J_minus) exp(-distance**2 / (2 sigma**2))."""
    low = j_minus(j_plus, sigma)
    return np.asarray(low + (j_plus - low) * np.exp(-0.5 * (distance / sigma) ** 2))


def amplitudes(size: int, j_plus: float = J_PLUS, sigma: float = SIGMA) -> FloatArray:
    """c_0, c_1 ... of the profile on a ring of so many neurons, c_0 + sum of c_k cos(k distance), as far as they matter."""
    distance = 360.0 * np.arange(size) / size
    spectrum = np.fft.rfft(profile(np.minimum(distance, 360.0 - distance), j_plus, sigma)).real / size
    spectrum[1:] *= 2.0
    return np.asarray(spectrum[: int(np.flatnonzero(np.abs(spectrum) >= SMALLEST_MODE)[-1]) + 1])


def modes(size: int, count: int) -> FloatArray:
    """Values of cos 0, cos 1, sin 1, cos 2, sin 2 ... at each neuron, (size, 2 count - 1)."""
    angle = 2.0 * math.pi * np.arange(size) / size
    waves = [np.ones(size)]
    for k in range(1, count):
        waves += [np.cos(k * angle), np.sin(k * angle)]
    return np.stack(waves, axis=1)


def network(
    *,
    cue: float = 180.0,
    cue_start: Quantity = 500 * ms,
    cue_peak: Quantity = CUE_PEAK * pA,
    scale: float = 1.0,
    j_plus: float = J_PLUS,
    sigma: float = SIGMA,
    seed: int = 1,
    record: bool = True,
) -> ns.Network:
    """Build the network.

    Parameters
    ----------
    cue : float
        Direction of the cue [degrees]; neuron k of N prefers 360 k / N.
    cue_start : Quantity [ms]
        When it appears, for 250 ms.
    cue_peak : Quantity [pA]
        Current into the neurons that prefer it; those at a distance get less, by a Gaussian of 6 degrees.
    scale : float
        Fraction of the neurons; recurrent conductances grow by its inverse. Smaller networks drift faster.
    j_plus, sigma : float
        Peak of the profile of excitation, its width [degrees].
    seed : int
        Of the network.
    record : bool
        Whether the spikes of both populations are recorded.

    Returns
    -------
    Network
        Populations "exc" and "inh"; "modes" are the sums over the ring.

    Raises
    ------
    ParameterError
        If a number is none, or not positive.

    Notes
    -----
    A neuron is one of its own sources, and transmission takes one time step, where the paper has no delay.

    Measured in eight seeds: every bump outlasts the cue to the end of the run; its middle fires at 18 Hz; from 875 to 2375 ms it moves by
    10 degrees (root mean square).
    """
    numbers = [positive(n, v) for n, v in (("scale", scale), ("j_plus", j_plus), ("sigma", sigma))]
    quantities = [positive_quantity("cue_start", cue_start, ms), positive_quantity("cue_peak", cue_peak, pA)]
    refuse("ring_attractor", number("cue", cue), *numbers, *quantities)
    n_e, n_i = max(round(N_E * scale), 32), max(round(N_I * scale), 8)
    start = ns.uniform(V_RESET * mV, V_TH * mV)
    exc, inh = ns.Population("exc", n_e, PYRAMIDAL, v=start), ns.Population("inh", n_i, INTERNEURON, v=start)
    strengths = amplitudes(n_e, j_plus, sigma)
    waves = modes(n_e, len(strengths))
    relay = ns.Population("modes", waves.shape[1], MODES)
    larger = np.array([G_NMDA[0], G_NMDA[1]]) * N_E / n_e
    back = larger[0] * np.repeat(strengths, [1, *[2] * (len(strengths) - 1)])[:, None] * waves.T
    slow = [
        ns.Projection(exc.output("gate"), relay, ns.dense(waves), into="gates", weight_precision="float64", name="exc -> modes"),
        ns.Projection(relay.output("value"), exc, ns.dense(back * nS), into="g_nmda", weight_precision="float64", instant=True, name="modes -> exc"),
        ns.Projection(relay.output("value"), inh, ns.pairs(np.zeros(n_i, int), np.arange(n_i)), into="g_nmda", weight=larger[1] * nS, instant=True, name="modes -> inh"),
    ]
    fast = [
        ns.Projection(inh, target, ns.all_to_all(), into="g_gaba", weight=conductance * N_I / n_i * nS)
        for target, conductance in zip((exc, inh), G_GABA)
    ]
    sources = [ns.PoissonSource(f"background {target.name}", target.size, rate=BACKGROUND * Hz) for target in (exc, inh)]
    drives = [
        ns.Projection(source, target, ns.one_to_one(), into="g_ext", weight=conductance * nS)
        for source, target, conductance in zip(sources, (exc, inh), G_EXT)
    ]
    begin = float(cue_start / ms)
    signal = ns.StepCurrent("cue", 1, Quantity(np.array([begin, begin + CUE_DURATION]), ms), [1.0, 0.0])
    distance = np.abs((360.0 * np.arange(n_e) / n_e - cue + 180.0) % 360.0 - 180.0)
    shape = np.exp(-0.5 * (distance / CUE_WIDTH) ** 2)[None, :]
    cueing = ns.Projection(signal, exc, ns.all_to_all(), into="I_cue", weight=shape * cue_peak)
    probes = [ns.Probe(population, "spikes") for population in (exc, inh)] if record else []
    rates = expected(cue=cue, cue_start=cue_start, cue_peak=cue_peak, scale=scale, j_plus=j_plus, sigma=sigma)
    return ns.Network(
        exc, inh, relay, *sources, signal, *slow, *fast, *drives, cueing, *probes, seed=seed, name="ring_attractor", expected=rates
    )


# ---- What to expect -------------------------------------------------------------------------------------------------
def expected(
    *, cue: float = 180.0, cue_start: Quantity = 500 * ms, cue_peak: Quantity = CUE_PEAK * pA, scale: float = 1.0, j_plus: float = J_PLUS,
    sigma: float = SIGMA, seed: int = 1, record: bool = True,
) -> dict[str, dict[str, float]]:
    """Rates [1/s] to compare a run with: column -> population -> rate; the arguments are those of `network`."""
    usual = (scale, j_plus, sigma) == (1.0, J_PLUS, SIGMA) and cue_start == 500 * ms and cue_peak == CUE_PEAK * pA
    return {"expected in 2.5 s": dict(MEASURED_RATES)} if usual else {}


def notes(
    *, cue: float = 180.0, cue_start: Quantity = 500 * ms, cue_peak: Quantity = CUE_PEAK * pA, scale: float = 1.0, j_plus: float = J_PLUS,
    sigma: float = SIGMA, seed: int = 1, record: bool = True,
) -> tuple[str, ...]:
    """What a reader of the results has to know; the arguments are those of `network`."""
    begin = float(cue_start / ms)
    found = [f"Cue at {cue:g} degrees from {begin:g} to {begin + CUE_DURATION:g} ms; the bump that it leaves drifts, in every seed elsewhere."]
    if scale != 1:
        found.append(f"scale {scale:g}: fluctuations and the drift are larger.")
    return tuple(found)


# ---- Where the bump is --------------------------------------------------------------------------------------------------
def population_vector(result: ns.Result, width: float = 250.0, step: float = 50.0) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Direction that the spikes of the pyramidal cells point to.

    Parameters
    ----------
    result : Result
        Of this network, with its spikes.
    width, step : float
        [ms] Of the windows, and from one to the next.

    Returns
    -------
    times, direction, length : ndarray (T,)
        Middle of each window [ms]; direction of the mean of exp(i angle) over its spikes [degrees, 0 to 360]; length of that mean: 0
        where all directions are alike, nearly 1 for a narrow bump.
    """
    times, ids = result["exc"].spikes
    width = min(width, result.duration)
    order = np.argsort(times, kind="stable")
    pointers = np.exp(2j * math.pi * ids[order] / result["exc"].size)
    total = np.concatenate([[0.0], np.cumsum(pointers)])
    middles = np.arange(result.window[0] + 0.5 * width, result.window[1] - 0.5 * width + 1e-6, step)
    first, last = (np.searchsorted(times[order], middles + sign * 0.5 * width) for sign in (-1.0, 1.0))
    mean = (total[last] - total[first]) / np.maximum(last - first, 1)
    return np.asarray(middles, np.float64), np.asarray(np.degrees(np.angle(mean)) % 360.0), np.asarray(np.abs(mean))


def figure(result: ns.Result) -> Figure:
    """Raster of the pyramidal cells with the population vector, and the profile of rates in the delay: as figure 2 of the paper.

    Parameters
    ----------
    result : Result
        Of this network, with its spikes.

    Returns
    -------
    Figure
    """
    times, ids = result["exc"].spikes
    size = result["exc"].size
    middles, direction, length = population_vector(result)
    last = result.window[1]
    delay = (max(result.window[0], last - 1000.0), last)

    def draw(figure: Figure, colours: Sequence[str]) -> None:
        left, right = figure.subplots(1, 2, sharey=True, width_ratios=(3.4, 1.0))
        left.plot(times, 360.0 * ids / size, ".", color=colours[0], markersize=1.3, markeredgewidth=0.0, rasterized=True)
        clear = length > 0.3
        left.plot(middles[clear], direction[clear], ".", color="white", markersize=7.0)
        left.plot(middles[clear], direction[clear], ".", color=colours[1], markersize=4.5, label="population vector")
        left.set_xlim(*result.window)
        left.set_ylim(0.0, 360.0)
        left.set_yticks(range(0, 361, 90))
        left.set_xlabel("time [ms]")
        left.set_ylabel("preferred direction [degrees]")
        left.set_title("A bump keeps the direction of the cue")
        left.legend(loc="upper right", framealpha=0.9, frameon=True, edgecolor="none")
        bins = 64
        counts = np.histogram(ids[(times >= delay[0]) & (times < delay[1])], bins, (0, size))[0]
        rate = counts * bins / size / (delay[1] - delay[0]) * 1e3
        right.plot(rate, 360.0 * (np.arange(bins) + 0.5) / bins, color=colours[0])
        right.set_xlim(left=0.0)
        right.set_xlabel("rate [Hz]")
        right.set_title(f"last {(delay[1] - delay[0]) / 1e3:g} s")

    return drawn(7.2, 3.6, draw)


def main() -> int:
    """Run the model as ``neurosim run ring_attractor`` does, with the same options."""
    return subprocess.call([sys.executable, "-m", "neurosim", "run", "ring_attractor", *sys.argv[1:]])


if __name__ == "__main__":
    sys.exit(main())

"""Wang's network that decides: two groups of neurons integrate noisy evidence, one wins, the other falls silent.

1600 pyramidal cells (240 that prefer direction A, 240 that prefer B, the others neither) and 400 interneurons, all connected to all.
Recurrent excitation is mostly by slow NMDA receptors, which saturate: their gating variable belongs to the presynaptic neuron.

References
----------
Wang 2002, Probabilistic decision making by slow reverberation in cortical circuits, doi 10.1016/S0896-6273(02)01092-9.
Brunel and Wang 2001, Effects of neuromodulation in a cortical network model of object working memory dominated by recurrent
inhibition, doi 10.1023/A:1011204814320 (the cells and synapses).
Jahr and Stevens 1990, Voltage dependence of NMDA-activated macroscopic conductances, doi 10.1523/JNEUROSCI.10-09-03178.1990.
"""

from __future__ import annotations

import math
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

import neurosim as ns
from neurosim.units import Hz, Quantity, ms, mV, nS, pF

from ._arguments import number, positive, positive_quantity, refuse
from ._pictures import dots, drawn, smooth_rate

if TYPE_CHECKING:
    from matplotlib.figure import Figure

DESCRIPTION = "Wang 2002: a decision between two alternatives by slow reverberation (winner-take-all)"
WARM_UP = 0 * ms
DURATION = 2500 * ms  # 500 ms before the stimulus, 1 s of it, 1 s of delay

# ---- Cells: Wang 2002, experimental procedures ------------------------------------------------------------------------
N_E, N_I = 1600, 400
GROUPS = ("A", "B", "rest")
SELECTIVE_SHARE = 0.15  # of the pyramidal cells prefer A, as many prefer B
E_L, V_TH, V_RESET = -70.0, -50.0, -55.0  # mV
C_E, G_L_E, T_REF_E = 500.0, 25.0, 2.0  # pF, nS, ms
C_I, G_L_I, T_REF_I = 200.0, 20.0, 1.0

# ---- Synapses ---------------------------------------------------------------------------------------------------------
E_EXC, E_INH = 0.0, -70.0  # mV
TAU_AMPA, TAU_GABA = 2.0, 5.0  # ms
TAU_RISE, TAU_NMDA, ALPHA = 2.0, 100.0, 0.5  # ms, ms, 1/ms: dx/dt = -x/tau_rise, ds/dt = -s/tau + alpha x (1 - s)
MG = 1.0  # mM of magnesium, in 1 / (1 + Mg exp(-0.062 v) / 3.57)
DELAY = 0.5  # ms
# conductances in nS onto (pyramidal cells, interneurons) for N_E = 1600 and N_I = 400
G_EXT, G_AMPA, G_NMDA, G_GABA = (2.1, 1.62), (0.05, 0.04), (0.165, 0.13), (1.3, 1.0)
W_PLUS = 1.7  # within a selective group; w_minus keeps the sum of all inputs at that of w = 1

# ---- Inputs -----------------------------------------------------------------------------------------------------------
BACKGROUND = 2400.0  # 1/s onto every neuron: 800 synapses of 3 spikes/s
MU_0, SIGMA = 40.0, 4.0  # 1/s: mean of the stimulus without coherence, its standard deviation
RENEWED_EVERY = 50.0  # ms: how often the rates of the stimulus are drawn
CRITERION = 15.0  # 1/s: the group whose rate crosses it first has decided

MEASURED_RATES = {"A": 15.8, "B": 1.9, "rest": 3.3, "inh": 10.9}  # 1/s in 2.5 s with a coherence of 51.2 %, mean of four seeds (sd of A 1.3)

_MEMBRANE = """
    dv/dt = (g_L * (E_L - v) + g_gaba * (E_inh - v)
             + (g_ampa + g_nmda / (1 + Mg * exp(-0.062 * v / mV) / 3.57)) * (E_exc - v)) / C_m : mV
    dg_ampa/dt = -g_ampa / tau_ampa           : nS      # spikes from outside and of pyramidal cells
    dg_gaba/dt = -g_gaba / tau_gaba           : nS
    g_nmda                                    : nS (port)
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
_SOURCE = "Wang 2002, doi 10.1016/S0896-6273(02)01092-9"

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
# All NMDA synapses of a group onto a target have one weight, and a target sees no more than their sum: one unit per group forms it for
# everybody. That is the same network with 8 thousand additions in a step instead of 3 million.
SUMS = ns.NeuronModel(
    """
    gates             : 1 (port)
    total = gates     : 1 (output)
    """,
    name="sum of NMDA gates over a group",
    source=_SOURCE,
)
STIMULUS = ns.NeuronModel(
    """
    given                  : Hz (port)
    firing_rate = given    : Hz (output)
    """,
    spike="rand() < firing_rate * dt",
    name="Poisson neurons of changing rate",
    source=_SOURCE,
)


def weight_minus(w_plus: float = W_PLUS, share: float = SELECTIVE_SHARE) -> float:
    """Weight between groups: 1 - f (w_plus - 1) / (1 - f), so that the mean input does not depend on ``w_plus``."""
    return 1.0 - share * (w_plus - 1.0) / (1.0 - share)


def network(
    *,
    coherence: float = 51.2,
    scale: float = 1.0,
    w_plus: float = W_PLUS,
    stimulus_start: Quantity = 500 * ms,
    stimulus_duration: Quantity = 1000 * ms,
    seed: int = 1,
    record: bool = True,
) -> ns.Network:
    """Build the network of one trial.

    Parameters
    ----------
    coherence : float
        Of the motion [%], from -100 to 100: group A is driven at 40 (1 + c/100) Hz, group B at 40 (1 - c/100) Hz.
    scale : float
        Fraction of the neurons; recurrent conductances grow by its inverse, so that mean inputs stay and fluctuations grow.
    w_plus : float
        Strength of the synapses within a selective group, relative to the mean.
    stimulus_start, stimulus_duration : Quantity [ms]
        When the stimulus is on.
    seed : int
        Of the network and of the rates of the stimulus.
    record : bool
        Whether spikes are recorded: of the cells, and of the stimulus.

    Returns
    -------
    Network
        Populations "A", "B", "rest" (pyramidal cells) and "inh"; "stimulus A" and "stimulus B" drive the first two; "sums" adds
        up NMDA gates.

    Raises
    ------
    ParameterError
        If a number is none, or out of its range.

    Notes
    -----
    A neuron is one of its own sources, as in mean-field treatments of the network: 1 of 1600 inputs. The rates of the stimulus have a
    standard deviation of 4 Hz and are drawn anew every 50 ms.

    Measured over 20 seeds, with a stimulus of 2 s, for a coherence of 0, 3.2, 6.4, 12.8, 25.6 and 51.2 %: group A wins in 45, 50, 65, 85,
    100 and 100 % of the trials, after 866, 788, 763, 706, 584 and 405 ms on average. At 51.2 % the winner fires at 33 Hz at the end of the
    first second and the loser at 1.6 Hz (the paper: ramps to 20 to 40 Hz, errors above 25 % vanish, decisions within 1 s).
    """
    complaints = [number("coherence", coherence), positive("scale", scale), number("w_plus", w_plus)]
    times = [positive_quantity(n, v, ms) for n, v in (("stimulus_start", stimulus_start), ("stimulus_duration", stimulus_duration))]
    refuse("wang_decision", *complaints, *times)
    refuse("wang_decision", "" if abs(coherence) <= 100 else f"coherence must lie between -100 and 100 %, got {coherence!r}")
    start = ns.uniform(V_RESET * mV, V_TH * mV)
    n_e, n_i = max(round(N_E * scale), 20), max(round(N_I * scale), 5)
    selective = round(n_e * SELECTIVE_SHARE)
    sizes = {"A": selective, "B": selective, "rest": n_e - 2 * selective}
    cells = {name: ns.Population(name, size, PYRAMIDAL, v=start) for name, size in sizes.items()}
    cells["inh"] = ns.Population("inh", n_i, INTERNEURON, v=start)
    sums = ns.Population("sums", len(GROUPS), SUMS)
    parts: list[Any] = [*cells.values(), sums, *_background(cells), *_fast(cells, w_plus, N_E / n_e, N_I / n_i)]
    parts += _slow(cells, sums, w_plus, N_E / n_e)
    stimuli = _stimuli(cells, coherence, stimulus_start, stimulus_duration, seed)
    parts += [part for some in stimuli.values() for part in some]
    if record:
        parts += [ns.Probe(population, "spikes") for population in (*cells.values(), *(some[1] for some in stimuli.values()))]
    rates = expected(coherence=coherence, scale=scale, w_plus=w_plus, stimulus_start=stimulus_start, stimulus_duration=stimulus_duration)
    return ns.Network(*parts, seed=seed, name="wang_decision", expected=rates)


def _background(cells: dict[str, ns.Population]) -> list[Any]:
    found: list[Any] = []
    for name, population in cells.items():
        source = ns.PoissonSource(f"background {name}", population.size, rate=BACKGROUND * Hz)
        weight = G_EXT[name == "inh"] * nS
        found += [source, ns.Projection(source, population, ns.one_to_one(), into="g_ampa", weight=weight)]
    return found


def _fast(cells: dict[str, ns.Population], w_plus: float, larger_e: float, larger_i: float) -> list[ns.Projection]:
    """AMPA and GABA synapses, from spikes."""
    found = []
    for name, population in cells.items():
        for to, target in cells.items():
            k = int(to == "inh")
            weight = larger_i * G_GABA[k] if name == "inh" else larger_e * G_AMPA[k] * _relative_weight(name, to, w_plus)
            into = "g_gaba" if name == "inh" else "g_ampa"
            found.append(ns.Projection(population, target, ns.all_to_all(), into=into, weight=weight * nS, delay=DELAY * ms))
    return found


def _slow(cells: dict[str, ns.Population], sums: ns.Population, w_plus: float, larger: float) -> list[ns.Projection]:
    """NMDA synapses, from the gates of the presynaptic cells over the sums of groups."""
    found = []
    for k, name in enumerate(GROUPS):
        n = cells[name].size
        to_unit = ns.pairs(np.arange(n), np.full(n, k))
        found.append(ns.Projection(cells[name].output("gate"), sums, to_unit, into="gates", delay=DELAY * ms, name=f"{name} NMDA"))
    for to, target in cells.items():
        of_group = [larger * G_NMDA[to == "inh"] * _relative_weight(name, to, w_plus) for name in GROUPS]
        weight = np.repeat(of_group, target.size).reshape(len(GROUPS), target.size) * nS
        total = sums.output("total")
        found.append(ns.Projection(total, target, ns.all_to_all(), into="g_nmda", weight=weight, instant=True, name=f"NMDA -> {to}"))
    return found


def _relative_weight(pre: str, post: str, w_plus: float) -> float:
    if post not in ("A", "B"):
        return 1.0
    return w_plus if pre == post else weight_minus(w_plus)


def _stimuli(cells: dict[str, ns.Population], coherence: float, start: Quantity, duration: Quantity, seed: int) -> dict[str, list[Any]]:
    """Per group: the rate over time, neurons that fire at it, and the two projections."""
    generator = np.random.default_rng([seed, 40])
    before, steps = float(start / ms), max(round(float(duration / ms) / RENEWED_EVERY), 1)
    found: dict[str, list[Any]] = {}
    for name, sign in (("A", 1.0), ("B", -1.0)):
        rates = np.maximum(generator.normal(_drive(sign, coherence), SIGMA, steps), 0.0)
        edges = before + float(duration / ms) * np.arange(steps + 1) / steps
        signal = ns.StepCurrent(f"rate {name}", 1, Quantity(edges, ms), Quantity(np.append(rates, 0.0), Hz))
        neurons = ns.Population(f"stimulus {name}", cells[name].size, STIMULUS)
        drive = ns.Projection(signal, neurons, ns.broadcast(), into="given")
        found[name] = [signal, neurons, drive, ns.Projection(neurons, cells[name], ns.one_to_one(), into="g_ampa", weight=G_EXT[0] * nS)]
    return found


# ---- What to expect -------------------------------------------------------------------------------------------------
def expected(
    *, coherence: float = 51.2, scale: float = 1.0, w_plus: float = W_PLUS, stimulus_start: Quantity = 500 * ms,
    stimulus_duration: Quantity = 1000 * ms, seed: int = 1, record: bool = True,
) -> dict[str, dict[str, float]]:
    """Rates [1/s] to compare a run with: column -> population -> rate; the arguments are those of `network`."""
    usual = (coherence, scale, w_plus) == (51.2, 1.0, W_PLUS) and stimulus_start == 500 * ms and stimulus_duration == 1000 * ms
    return {"expected in 2.5 s": dict(MEASURED_RATES)} if usual else {}


def notes(
    *, coherence: float = 51.2, scale: float = 1.0, w_plus: float = W_PLUS, stimulus_start: Quantity = 500 * ms,
    stimulus_duration: Quantity = 1000 * ms, seed: int = 1, record: bool = True,
) -> tuple[str, ...]:
    """What a reader of the results has to know; the arguments are those of `network`."""
    first, last = float(stimulus_start / ms), float((stimulus_start + stimulus_duration) / ms)
    found = [f"Stimulus from {first:g} to {last:g} ms: {_drive(1, coherence):g} Hz to group A, {_drive(-1, coherence):g} Hz to group B."]
    if abs(coherence) < 40:
        found.append("With weak evidence group B wins some trials: another seed is another trial.")
    if scale != 1:
        found.append(f"scale {scale:g}: larger fluctuations; decisions come earlier and are wrong more often.")
    return tuple(found)


def _drive(sign: float, coherence: float) -> float:
    return MU_0 * (1.0 + sign * coherence / 100.0)


# ---- The decision -----------------------------------------------------------------------------------------------------
@dataclass(frozen=True)
class Decision:
    """Which group won, "A", "B" or "" for none, and when its rate crossed the criterion [ms from the onset of the stimulus]."""

    choice: str
    time: float


def decision(result: ns.Result, criterion: float = CRITERION) -> Decision:
    """The decision of a trial: which group's rate (in windows of 50 ms) crosses the criterion first.

    Parameters
    ----------
    result : Result
        With the spikes of "A", "B", "stimulus A" and "stimulus B".
    criterion : float
        [Hz]

    Returns
    -------
    Decision
        With choice "" and time nan if neither rate reaches the criterion.
    """
    onset = _onset(result)
    crossings = {}
    for name in ("A", "B"):
        times, rate = smooth_rate(result, name)
        above = np.flatnonzero((rate >= criterion) & (times >= onset))
        if above.size:
            crossings[name] = float(times[above[0]]) - onset
    if not crossings:
        return Decision("", math.nan)
    choice = min(crossings, key=lambda name: crossings[name])
    return Decision(choice, crossings[choice])


def _onset(result: ns.Result) -> float:
    return float(min(result[name].spikes[0].min(initial=math.inf) for name in ("stimulus A", "stimulus B")))


def figure(result: ns.Result) -> Figure:
    """A trial as in figures 3 and 4 of the paper: rasters and rates of the two groups, and what drives them.

    Parameters
    ----------
    result : Result
        Of this network, with its spikes.

    Returns
    -------
    Figure
    """
    names, onset, found = ("A", "B"), _onset(result), decision(result)
    last = max(result[f"stimulus {name}"].spikes[0].max(initial=0.0) for name in names)

    def draw(figure: Figure, colours: Sequence[str]) -> None:
        rows = figure.subplots(4, 1, sharex=True, height_ratios=(1.0, 1.0, 1.5, 0.8))
        for axes, name, colour in zip(rows, names, colours):
            dots(axes, result, name, colour)
            axes.set_ylabel(f"group {name}\n(100 cells)")
            axes.set_yticks([])
        for name, colour in zip(names, colours):
            times, rate = smooth_rate(result, name)
            rows[2].plot(times, rate, color=colour, linewidth=1.6, label=f"group {name}")
            rows[3].plot(*smooth_rate(result, f"stimulus {name}"), color=colour, linewidth=1.2)
        rows[2].axhline(CRITERION, color="#8A8A8A", linewidth=0.8, linestyle=(0, (4, 3)))
        if found.choice:
            place = (onset + found.time, CRITERION)
            rows[2].plot(*place, "o", color=colours[names.index(found.choice)], markersize=5.0)
            rows[2].annotate(f"{found.choice} decides after {found.time:.0f} ms", place, xytext=(-6, 8), textcoords="offset points", ha="right", fontsize=8.0)
        rows[2].legend(loc="upper right")
        rows[2].set_ylabel("rate [Hz]")
        rows[3].set_ylabel("stimulus\n[Hz]")
        rows[3].set_xlabel("time [ms]")
        rows[3].set_xlim(*result.window)
        for axes in rows:
            axes.axvspan(min(onset, float(last)), float(last), color="#EFEFEF", zorder=0)
        rows[0].set_title("Two groups integrate evidence; one wins, the other is suppressed")

    return drawn(6.4, 5.6, draw)


def main() -> int:
    """Run the model as ``neurosim run wang_decision`` does, with the same options."""
    return subprocess.call([sys.executable, "-m", "neurosim", "run", "wang_decision", *sys.argv[1:]])


if __name__ == "__main__":
    sys.exit(main())

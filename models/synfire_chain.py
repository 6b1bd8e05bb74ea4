"""Synfire chain: groups of 100 neurons in a row; a volley of spikes is sharpened on its way, or dies out.

What happens depends on the number of spikes in the volley, a, and on their spread in time, sigma. Each packet of a list is sent down
chains of its own, so that one run shows the flow in the plane of (sigma, a): the paper's state space.

References
----------
Diesmann, Gewaltig and Aertsen 1999, Stable propagation of synchronous spiking in cortical neural networks, doi 10.1038/990101.
Gewaltig, Diesmann and Aertsen 2001, Propagation of cortical synfire activity: survival probability in single trials and stability in the
mean, doi 10.1016/S0893-6080(01)00070-3.
"""

from __future__ import annotations

import math
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

import neurosim as ns
from neurosim.errors import ParameterError
from neurosim.units import Hz, ms, mV, pA, pF

from ._arguments import positive, refuse, whole
from ._pictures import drawn

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]
Packet = tuple[float, float]

DESCRIPTION = "Diesmann, Gewaltig and Aertsen 1999: volleys of spikes survive or die in a synfire chain"
WARM_UP = 0 * ms
DURATION = 200 * ms

# ---- Parameters of the paper --------------------------------------------------------------------------------------------
WIDTH, GROUPS = 100, 10  # neurons of a group, groups of a chain
C_M, TAU_M, V_REST, V_TH, T_REF = 250.0, 10.0, -70.0, -55.0, 1.0  # pF, ms, mV, mV, ms
AMPLITUDE = 0.14  # mV, of an excitatory or inhibitory postsynaptic potential that rises within 1.7 ms and is 8.5 ms wide at half its height
TAU_SYN = 0.33  # ms: an alpha-shaped current of this time constant gives that rise and width
EXCITATORY, INHIBITORY = 17600, 2400  # of 20,000 synapses of a neuron: 88 % and 12 %
RATE_E, RATE_I = 2.0, 12.7  # 1/s, of each excitatory and inhibitory synapse; the paper has 12.5, see the notes of `network`
PUBLISHED_RATE_I = 12.5
DELAY = 5.0  # ms from group to group; it shifts what happens and changes nothing else

START = 60.0  # ms: the middle of the packets; the background has settled by then
PACKETS: tuple[Packet, ...] = (
    (65.0, 0.0), (75.0, 1.5), (90.0, 2.5), (110.0, 3.0), (110.0, 4.0), (120.0, 1.5),
    (45.0, 0.0), (50.0, 1.0), (60.0, 2.0), (75.0, 3.5), (90.0, 5.0), (40.0, 3.0),
)  # fmt: skip

PUBLISHED_BACKGROUND = 2.0  # 1/s
MEASURED_RATE = 4.6  # 1/s in 200 ms with the packets above, mean of four seeds (sd 0.07)


def postsynaptic_potential(t: FloatArray, tau_m: float = TAU_M, tau_syn: float = TAU_SYN, c_m: float = C_M) -> FloatArray:
    """Response of the membrane [mV] at times t [ms] to an alpha-shaped current of peak 1 pA that begins at 0."""
    tau = 1.0 / (1.0 / tau_syn - 1.0 / tau_m)
    found: FloatArray = math.e / (c_m * tau_syn) * tau**2 * np.exp(-t / tau_m) * (1.0 - (1.0 + t / tau) * np.exp(-t / tau))
    return found


WEIGHT = AMPLITUDE / float(postsynaptic_potential(np.linspace(0.0, 10.0, 100_001)).max())
"""Peak of the current [pA] that causes a potential of the published amplitude."""

CELL = ns.neurons.lif_alpha.with_defaults(
    C_m=C_M * pF, tau_m=TAU_M * ms, tau_syn=TAU_SYN * ms, E_L=V_REST * mV, v_th=V_TH * mV, v_reset=V_REST * mV, v=ns.uniform(V_REST * mV, V_TH * mV)
)


def network(
    *, packets: tuple[Packet, ...] = PACKETS, trials: int = 3, width: int = WIDTH, groups: int = GROUPS, inhibition: float = RATE_I,
    seed: int = 1, record: bool = True,
) -> ns.Network:
    """Build the network.

    Parameters
    ----------
    packets : tuple of (float, float)
        What is sent into chains: number of spikes a, and their standard deviation sigma [ms].
    trials : int
        Chains for each packet; they differ in their background and in the times of the packet's spikes.
    width, groups : int
        Neurons of a group, groups of a chain.
    inhibition : float
        Rate [1/s] of each inhibitory synapse of the background.
    seed : int
        Of the network and of the packets.
    record : bool
        Whether the spikes of the neurons and of the packets are recorded.

    Returns
    -------
    Network
        Population "chains"; neuron k of group g of chain c is number (c * groups + g) * width + k. The chains of a packet follow one
        another. "packets" has one neuron per chain, whose events carry the number of spikes of a time step.

    Raises
    ------
    ParameterError
        If a packet is no pair of numbers, or a number is too small.

    Notes
    -----
    After its refractory time of 1 ms the paper's neuron is relatively refractory for 15 ms, by a potassium conductance whose strength is
    not given; this one is not. With 12.5 inhibitory spikes/s it fires at 4.4 spikes/s and chains of 80 neurons sustain volleys. At
    12.7 spikes/s the background is the published one (2 spikes/s), and so is the least width of a group (90 neurons).

    Measured with 16 chains for each packet: survivors end at 97.6 spikes with a spread of 0.31 ms, whatever they began with. Half of the
    packets survive from 55 spikes on without spread, 60 with 1 ms, 70 with 2 ms, 85 with 3 ms, 90 with 4 ms, 107 with 5 ms.
    """
    refuse("synfire_chain", whole("trials", trials, 1), whole("width", width, 1), whole("groups", groups, 2), positive("inhibition", inhibition), _check(packets))
    chains = len(packets) * trials
    cells = ns.Population("chains", chains * groups * width, CELL, refractory=T_REF * ms)
    first = (np.arange(chains * groups) * width).reshape(chains, groups)
    sent = _events(packets, trials, seed)
    background = [
        (ns.PoissonSource(name, cells.size, rate=count * rate * Hz), sign * WEIGHT * pA)
        for name, count, rate, sign in (("excitation", EXCITATORY, RATE_E, 1.0), ("inhibition", INHIBITORY, inhibition, -1.0))
    ]
    onward = _all_of(first[:, :-1].ravel(), width, first[:, 1:].ravel(), width)
    projections = [
        ns.Projection(sent, cells, ns.pairs(*_all_of(np.arange(chains), 1, first[:, 0], width)), into="a_syn", weight=WEIGHT * pA),
        ns.Projection(cells, cells, ns.pairs(*onward), into="a_syn", weight=WEIGHT * pA, delay=DELAY * ms),
        *(ns.Projection(source, cells, ns.one_to_one(), into="a_syn", weight=weight) for source, weight in background),
    ]
    probes = [ns.Probe(part, "spikes") for part in (cells, sent)] if record else []
    rates = expected(packets=packets, trials=trials, width=width, groups=groups, inhibition=inhibition)
    sources = [source for source, _ in background]
    return ns.Network(cells, sent, *sources, *projections, *probes, seed=seed, name="synfire_chain", expected=rates)


def _check(packets: object) -> str:
    example = "packets must be pairs (number of spikes, sigma in ms) such as ((100, 1.5), (60, 3))"
    if not isinstance(packets, tuple | list) or not packets:
        return f"{example}, got {packets!r}"
    fit = all(isinstance(p, tuple | list) and len(p) == 2 and all(isinstance(x, int | float) and 0 <= x < math.inf for x in p) for p in packets)
    return "" if fit else f"{example}, numbers that are not negative, got {packets!r}"


def _all_of(pre: IntArray, many: int, post: IntArray, width: int) -> tuple[IntArray, IntArray]:
    """Every one of ``many`` neurons from each number of ``pre`` on to every one of ``width`` from the number of ``post`` on."""
    sources = pre[:, None, None] + np.arange(many)[:, None] + np.zeros(width, np.int64)
    targets = post[:, None, None] + np.zeros(many, np.int64)[:, None] + np.arange(width)
    return sources.ravel(), targets.ravel()


def _events(packets: Sequence[Packet], trials: int, seed: int) -> ns.SpikeTimes:
    """The spikes of all packets, on the grid of 0.1 ms, with the number of spikes of a step as payload."""
    generator = np.random.default_rng([seed, 1999])
    chains = np.repeat(np.arange(len(packets) * trials), np.repeat([round(a) for a, _ in packets], trials))
    spread = np.repeat([sigma for _, sigma in packets], [round(a) * trials for a, _ in packets])
    steps = np.rint(10.0 * (START + spread * generator.standard_normal(len(spread)))).astype(np.int64)
    places, counts = np.unique(np.stack([steps, chains]), axis=1, return_counts=True)
    return ns.SpikeTimes("packets", len(packets) * trials, places[0] * 0.1 * ms, places[1], payloads=counts)


# ---- What to expect -------------------------------------------------------------------------------------------------
def expected(
    *, packets: tuple[Packet, ...] = PACKETS, trials: int = 3, width: int = WIDTH, groups: int = GROUPS, inhibition: float = RATE_I,
    seed: int = 1, record: bool = True,
) -> dict[str, dict[str, float]]:
    """Rates [1/s] to compare a run with: column -> population -> rate; the arguments are those of `network`."""
    columns = {"background alone, published": {"chains": PUBLISHED_BACKGROUND}}
    if (tuple(packets), width, groups, inhibition) == (PACKETS, WIDTH, GROUPS, RATE_I):
        return {"expected in 200 ms": {"chains": MEASURED_RATE}, **columns}
    return columns


def notes(
    *, packets: tuple[Packet, ...] = PACKETS, trials: int = 3, width: int = WIDTH, groups: int = GROUPS, inhibition: float = RATE_I,
    seed: int = 1, record: bool = True,
) -> tuple[str, ...]:
    """What a reader of the results has to know; the arguments are those of `network`."""
    found = [f"{len(packets)} packets, {trials} chains each, sent at {START:g} ms; every surviving one adds a spike per neuron to the background."]
    if inhibition != RATE_I:
        found.append(f"Inhibitory background of {inhibition:g} instead of {RATE_I:g} spikes/s: another distance to threshold, another boundary.")
    if width < 90:
        found.append(f"Groups of {width} neurons: below about 90 no volley survives for long.")
    return tuple(found)


# ---- Volleys ------------------------------------------------------------------------------------------------------------
@dataclass(frozen=True)
class Volleys:
    """The volleys of every chain: number of spikes, spread and middle.

    Parameters
    ----------
    a, sigma, time : ndarray (chains, groups)
        Spikes less the background; standard deviation [ms], nan for fewer than 5 spikes; mean time [ms].
    """

    a: FloatArray
    sigma: FloatArray
    time: FloatArray

    @property
    def survived(self) -> npt.NDArray[np.bool_]:
        """Whether half of the last group took part, (chains,)."""
        return np.asarray(self.a[:, -1] > 0.5 * WIDTH)


def volleys(result: ns.Result, *, width: int = WIDTH, groups: int = GROUPS) -> Volleys:
    """Find the volley in each group of each chain.

    Parameters
    ----------
    result : Result
        Of this network, with its spikes.
    width, groups : int
        As in `network`.

    Notes
    -----
    A volley is looked for where that of the group before, or the packet, lets expect it: in the window of 8 ms with most spikes. Then
    its middle and spread are those of the spikes within 3 sigma (at least 3 ms), iterated.
    """
    times, ids = result["chains"].spikes
    chains = result["chains"].size // (groups * width)
    order = np.lexsort((times, ids // width))
    times, group = times[order], (ids // width)[order]
    bounds = np.searchsorted(group, np.arange(chains * groups + 1))
    a, sigma, middle = (np.full((chains, groups), math.nan) for _ in range(3))
    for chain in range(chains):
        before = START - DELAY
        for g in range(groups):
            k = chain * groups + g
            found = _volley(times[bounds[k] : bounds[k + 1]], before + DELAY, PUBLISHED_BACKGROUND * 1e-3 * width)
            a[chain, g], sigma[chain, g], middle[chain, g] = found
            before = found[2]
    return Volleys(a, sigma, middle)


def _volley(times: FloatArray, begin: float, background: float) -> tuple[float, float, float]:
    """Number, spread and middle of the spikes that follow an arrival around ``begin``; ``background`` in spikes per ms."""
    near = times[(times > begin - 12.0) & (times < begin + 16.0)]
    if near.size < 5:
        return 0.0, math.nan, begin + 2.0
    inside = np.searchsorted(near, near + 8.0) - np.arange(near.size)
    first = int(np.argmax(inside))
    middle, spread = float(np.median(near[first : first + int(inside[first])])), 2.0
    for _ in range(8):
        reach = max(3.0 * spread, 3.0)
        chosen = near[np.abs(near - middle) <= reach]
        if chosen.size < 2:
            return 0.0, math.nan, begin + 2.0
        middle, spread = float(chosen.mean()), float(chosen.std())
    number = max(chosen.size - 2.0 * reach * background, 0.0)
    return number, spread if number >= 5.0 else math.nan, middle


def figure(result: ns.Result) -> Figure:
    """The flow of volleys in the plane of (sigma, a), as figure 4 of the paper, beside two chains: one survives, one dies.

    Parameters
    ----------
    result : Result
        Of this network with groups of 100 in chains of 10, with its spikes and the default packets.

    Returns
    -------
    Figure

    Raises
    ------
    ParameterError
        If groups, chains or packets are others.
    """
    trials = _trials(result)
    found = volleys(result)

    def draw(figure: Figure, colours: Sequence[str]) -> None:
        left, right = figure.subplots(1, 2, width_ratios=(1.0, 1.15))
        lasting, dying = (np.flatnonzero(found.survived == kind) for kind in (True, False))
        chosen = [(int(some[0]), colour) for some, colour in ((lasting, colours[0]), (dying, colours[1])) if some.size]
        for place, (chain, colour) in enumerate(chosen):
            _draw_chain(left, result, chain, colour, -place * (GROUPS * WIDTH + 120))
        left.set_yticks([-(GROUPS * WIDTH + 120) * p - 500 for p in range(len(chosen))], ["survives", "dies"][: len(chosen)], rotation=90, va="center")
        left.set_xlim(START - 15.0, min(START + 100.0, result.window[1]))
        left.set_xlabel("time [ms]")
        left.set_title("Ten groups of 100 neurons")
        for number, (a, sigma) in enumerate(PACKETS):
            rows = slice(number * trials, (number + 1) * trials)
            _draw_flow(right, (a, sigma), found.a[rows], found.sigma[rows], colours)
        right.set_xlim(-0.1, 5.2)
        right.set_ylim(0.0, 125.0)
        right.set_xlabel("spread sigma [ms]")
        right.set_ylabel("spikes a")
        right.set_title("Flow from group to group")

    return drawn(7.2, 3.9, draw)


def _trials(result: ns.Result) -> int:
    """Chains of each of the default packets; refuses what was sent down other chains."""
    sent, cells = result["packets"], result["chains"]
    trials = max(sent.size // len(PACKETS), 1)
    numbers = np.bincount(sent.spikes[1], weights=sent.payloads, minlength=sent.size)
    wanted = np.repeat([a for a, _ in PACKETS], trials)
    if cells.size != sent.size * GROUPS * WIDTH or not np.array_equal(numbers, wanted):
        raise ParameterError(f"the figure is of {GROUPS} groups of {WIDTH} neurons and of the default packets", where="synfire_chain.figure")
    return trials


def _draw_chain(axes: Axes, result: ns.Result, chain: int, colour: str, offset: float) -> None:
    times, ids = result["chains"].spikes
    first = chain * GROUPS * WIDTH
    shown = (ids >= first) & (ids < first + GROUPS * WIDTH)
    axes.plot(times[shown], offset - (ids[shown] - first), ".", color=colour, markersize=1.8, markeredgewidth=0.0, rasterized=True)


def _draw_flow(axes: Axes, packet: Packet, a: FloatArray, sigma: FloatArray, colours: Sequence[str]) -> None:
    """The mean over trials, as long as there is a volley in most of them."""
    known = np.isfinite(sigma)
    number = known.sum(axis=0)
    steps = np.cumprod(2 * number > len(a)).astype(bool)
    mean_a = np.where(known, a, 0.0).sum(axis=0)[steps] / number[steps]
    mean_sigma = np.where(known, sigma, 0.0).sum(axis=0)[steps] / number[steps]
    lasts = bool(np.median(a[:, -1]) > 0.5 * WIDTH)
    colour = colours[0] if lasts else colours[1]
    x, y = np.append(packet[1], mean_sigma), np.append(packet[0], mean_a)
    axes.plot(x[0], y[0], "o", color=colour, markersize=4.5, markerfacecolor="white", zorder=3)
    for k in range(len(x) - 1):
        axes.annotate(
            "", (x[k + 1], y[k + 1]), (x[k], y[k]), annotation_clip=False,
            arrowprops={"arrowstyle": "-|>,head_length=0.3,head_width=0.15", "color": colour, "linewidth": 1.0, "shrinkA": 0, "shrinkB": 0},
        )  # fmt: skip
    if lasts:
        axes.plot(x[-1], y[-1], "o", color=colour, markersize=4.5, zorder=4)


def main() -> int:
    """Run the model as ``neurosim run synfire_chain`` does, with the same options."""
    return subprocess.call([sys.executable, "-m", "neurosim", "run", "synfire_chain", *sys.argv[1:]])


if __name__ == "__main__":
    sys.exit(main())

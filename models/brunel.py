"""Brunel's sparse network of excitatory and inhibitory neurons: 12,500 integrate-and-fire neurons with voltage jumps.

Four kinds of activity, by the strength of inhibition g and of the external drive eta: the panels A to D of the paper's figure 8.
The mean-field theory for its stationary rate is here too.

References
----------
Brunel 2000, Dynamics of sparsely connected networks of excitatory and inhibitory spiking neurons, doi 10.1023/A:1008925309027.
Siegert 1951, On the first passage time probability problem, doi 10.1103/PhysRev.81.617 (the rate of a neuron with white noise).
"""

from __future__ import annotations

import math
import subprocess
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType

import numpy as np
import numpy.typing as npt

import neurosim as ns
from neurosim.units import Quantity, ms, mV

from ._arguments import number, one_of, positive, positive_quantity, refuse

FloatArray = npt.NDArray[np.float64]

DESCRIPTION = "Brunel 2000: sparse excitatory and inhibitory neurons in four regimes (panels A to D)"
WARM_UP = 100 * ms

# ---- Parameters of the paper ----------------------------------------------------------------------------------------
EXCITATORY, INHIBITORY = 10000, 2500
CONNECTION_PROBABILITY = 0.1  # 1000 excitatory and 250 inhibitory synapses per neuron
TAU, THETA, V_RESET, T_REF = 20.0, 20.0, 10.0, 2.0  # ms, mV above rest, mV, ms
JUMP = 0.1  # mV, of the membrane by an excitatory spike; an inhibitory one jumps by -g times this
DELAY = 1.5  # ms

# panel -> (g, eta): inhibition over excitation; external rate over the rate that brings the mean to threshold
PANELS: Mapping[str, tuple[float, float]] = MappingProxyType({"A": (3.0, 2.0), "B": (6.0, 4.0), "C": (5.0, 2.0), "D": (4.5, 0.9)})
REGIMES: Mapping[str, str] = MappingProxyType(
    {
        "A": "synchronous regular, close to saturation",
        "B": "synchronous irregular with a fast global oscillation",
        "C": "asynchronous irregular",
        "D": "synchronous irregular with a slow global oscillation",
    }
)
MEASURED_RATE = {"C": 37.6}  # 1/s, 1 s after 100 ms, mean over seeds and four simulators (sd over seeds 0.4)

CELL = ns.NeuronModel(
    """
    dv/dt = -v / tau   : mV          # above the resting potential
    tau                : ms
    theta, v_reset     : mV
    """,
    spike="v >= theta",
    reset="v = v_reset",
    refractory=T_REF * ms,
    defaults={"tau": TAU * ms, "theta": THETA * mV, "v_reset": V_RESET * mV, "v": V_RESET * mV},
    name="Brunel's neuron",
    source="Brunel 2000, doi 10.1023/A:1008925309027",
)


@dataclass(frozen=True)
class Sizes:
    """Numbers of neurons and of synapses per neuron, excitatory and inhibitory."""

    excitatory: int
    inhibitory: int
    excitatory_indegree: int
    inhibitory_indegree: int


def sizes(scale: float = 1.0) -> Sizes:
    """Neurons times ``scale``, at a connection probability of 0.1."""
    n_e, n_i = max(round(EXCITATORY * scale), 1), max(round(INHIBITORY * scale), 1)
    return Sizes(n_e, n_i, max(round(n_e * CONNECTION_PROBABILITY), 1), max(round(n_i * CONNECTION_PROBABILITY), 1))


def external_rate(eta: float, jump: float = JUMP) -> float:
    """Rate of all external spikes of one neuron [1/s]: eta times theta / (J tau)."""
    return 1e3 * eta * THETA / (jump * TAU)


def network(
    *,
    panel: str = "C",
    g: float | None = None,
    eta: float | None = None,
    jump: Quantity = JUMP * mV,
    scale: float = 1.0,
    seed: int = 1,
    record: bool = True,
) -> ns.Network:
    """Build the network.

    Parameters
    ----------
    panel : str
        "A", "B", "C" or "D": sets ``g`` and ``eta``.
    g, eta : float, optional
        Strength of inhibition relative to excitation; external rate relative to the rate at threshold.
    jump : Quantity [mV]
        Jump of the membrane by an excitatory spike.
    scale : float
        Fraction of the neurons. The connection probability stays, so the number of synapses per neuron shrinks too and with it
        the recurrent input: small networks have other rates (`expected` computes them).
    seed : int
        Of the network.
    record : bool
        Whether the spikes of both populations are recorded.

    Returns
    -------
    Network
        Populations "exc" and "inh", one Poisson source each.

    Raises
    ------
    ParameterError
        If the panel is unknown, or a number is none or not positive.

    Notes
    -----
    Every neuron draws its inputs with replacement from all neurons, itself included, as NEST's example does; the paper and
    Brian2's example connect pairs with a probability of 0.1. A jump onto a refractory neuron is lost. The refractory time is
    2 ms from spike to spike.
    """
    refuse("brunel", positive_quantity("jump", jump, mV))
    g, eta = _point(panel, g, eta, scale)
    count = sizes(scale)
    exc, inh = ns.Population("exc", count.excitatory, CELL), ns.Population("inh", count.inhibitory, CELL)
    projections = [
        ns.Projection(source, target, ns.fixed_indegree(indegree), into="v", weight=weight, delay=DELAY * ms)
        for source, indegree, weight in (
            (exc, count.excitatory_indegree, jump),
            (inh, count.inhibitory_indegree, -g * jump),
        )
        for target in (exc, inh)
    ]
    rate = external_rate(eta, jump / mV) / (1000 * ms)
    sources = [ns.PoissonSource(f"{target.name} drive", target.size, rate=rate) for target in (exc, inh)]
    drives = [
        ns.Projection(source, target, ns.one_to_one(), into="v", weight=jump)
        for source, target in zip(sources, (exc, inh))
    ]
    probes = [ns.Probe(population, "spikes") for population in (exc, inh)] if record else []
    rates = expected(panel=panel, g=g, eta=eta, jump=jump, scale=scale)
    return ns.Network(exc, inh, *sources, *projections, *drives, *probes, seed=seed, name="brunel", expected=rates)


def _point(panel: str, g: float | None, eta: float | None, scale: float) -> tuple[float, float]:
    given = [number(name, value) for name, value in (("g", g), ("eta", eta)) if value is not None]
    refuse("brunel", one_of("panel", panel, PANELS), *given, positive("scale", scale))
    panel_g, panel_eta = PANELS[panel]
    return panel_g if g is None else g, panel_eta if eta is None else eta


# ---- Mean-field theory ----------------------------------------------------------------------------------------------
NODES, NODE_WEIGHTS = np.polynomial.legendre.leggauss(8)


def siegert_rate(mu: float, sigma: float, tau: float = TAU, t_ref: float = T_REF, theta: float = THETA, reset: float = V_RESET) -> float:
    """Stationary rate [1/s] of an integrate-and-fire neuron driven by white noise.

    Parameters
    ----------
    mu, sigma : float [mV]
        Mean of the free membrane potential, and its standard deviation times sqrt(2).
    tau, t_ref : float [ms]
        Membrane time constant and refractory time.
    theta, reset : float [mV]
        Threshold and reset potential.

    Returns
    -------
    float
        1 / (t_ref + tau sqrt(pi) integral from a to b of exp(x**2) (1 + erf x) dx), with a and b the reset and the threshold as
        distances from mu in units of sigma; the deterministic rate for sigma = 0. Far below threshold it goes gently to 0.
    """
    if sigma == 0:
        return 1e3 / (t_ref + tau * math.log((mu - reset) / (mu - theta))) if mu > theta else 0.0
    a, b = (reset - mu) / sigma, (theta - mu) / sigma
    height = max(b, 0.0) ** 2
    # Numerator and denominator carry the factor exp(-b**2) where it would overflow.
    small = math.exp(-height) if height < 745 else 0.0
    return 1e3 * small / (t_ref * small + tau * math.sqrt(math.pi) * _first_passage_integral(a, b, height))


def _first_passage_integral(a: float, b: float, height: float) -> float:
    """Integral from a to b of exp(x**2 - height) (1 + erf x) dx by Gauss and Legendre's rule on small panels."""
    widest = 0.5 / max(1.0, abs(b), 0.1 * abs(a))
    edges = np.linspace(a, b, 2 + int((b - a) / widest))
    centre, half = 0.5 * (edges[1:] + edges[:-1]), 0.5 * np.diff(edges)
    x = centre[:, None] + half[:, None] * NODES
    values = np.array([_scaled_integrand(float(point), height) for point in x.ravel()]).reshape(x.shape)
    return float(np.sum(values * NODE_WEIGHTS * half[:, None]))


def _scaled_integrand(x: float, height: float) -> float:
    """exp(x**2 - height) (1 + erf x), without overflow for large negative x."""
    if x < -25:
        square = 1.0 / (2.0 * x * x)  # asymptotic series of the scaled complementary error function
        series = 1.0 - square * (1.0 - 3.0 * square * (1.0 - 5.0 * square))
        return series * math.exp(-height) / (-x * math.sqrt(math.pi))
    if x < 0:
        return math.exp(x * x - height) * math.erfc(-x) if x * x - height > -745 else 0.0
    return math.exp(x * x - height) * (1.0 + math.erf(x))


def mean_and_sigma(rate: float, g: float, eta: float, scale: float = 1.0, jump: float = JUMP) -> tuple[float, float]:
    """Mean and sigma [mV] of the input of a neuron when all neurons fire at ``rate`` [1/s]."""
    count = sizes(scale)
    external, internal = external_rate(eta, jump) * 1e-3, rate * 1e-3
    mu = TAU * jump * (external + internal * (count.excitatory_indegree - g * count.inhibitory_indegree))
    power = TAU * jump**2 * (external + internal * (count.excitatory_indegree + g**2 * count.inhibitory_indegree))
    return mu, math.sqrt(power)


def stationary_rates(g: float, eta: float, scale: float = 1.0, jump: float = JUMP) -> tuple[float, ...]:
    """All self-consistent rates [1/s], ascending; whether a state of constant rate is stable is another question."""

    def surplus(rate: float) -> float:
        return siegert_rate(*mean_and_sigma(rate, g, eta, scale, jump)) - rate

    grid = np.concatenate([[0.0], np.geomspace(1e-3, 1e3 / T_REF, 60)])
    values = [surplus(float(rate)) for rate in grid]
    crossings = [k for k in range(len(grid) - 1) if values[k] * values[k + 1] < 0]
    return tuple(_bisect(surplus, float(grid[k]), float(grid[k + 1])) for k in crossings)


def _bisect(function: Callable[[float], float], low: float, high: float) -> float:
    sign = function(low) > 0
    for _ in range(60):
        middle = 0.5 * (low + high)
        if (function(middle) > 0) == sign:
            low = middle
        else:
            high = middle
    return 0.5 * (low + high)


# ---- What to expect -------------------------------------------------------------------------------------------------
def expected(
    *, panel: str = "C", g: float | None = None, eta: float | None = None, jump: Quantity = JUMP * mV, scale: float = 1.0,
    seed: int = 1, record: bool = True,
) -> dict[str, dict[str, float]]:
    """Rates [1/s] to compare a run with: column -> population -> rate; the arguments are those of `network`."""
    g, eta = _point(panel, g, eta, scale)
    columns = {}
    published_point = (g, eta) == PANELS[panel] and scale == 1 and jump == JUMP * mV
    if published_point and panel in MEASURED_RATE:
        columns["expected at this scale"] = MEASURED_RATE[panel]
    rates = stationary_rates(g, eta, scale, jump / mV)
    if len(rates) == 1:
        columns["mean-field theory"] = rates[0]
    return {column: {"exc": rate, "inh": rate} for column, rate in columns.items()}


def notes(
    *, panel: str = "C", g: float | None = None, eta: float | None = None, jump: Quantity = JUMP * mV, scale: float = 1.0,
    seed: int = 1, record: bool = True,
) -> tuple[str, ...]:
    """What a reader of the results has to know; the arguments are those of `network`."""
    at_panel = g is None and eta is None
    g, eta = _point(panel, g, eta, scale)
    found = [f"g {g:g}, eta {eta:g}" + (f" (panel {panel}): {REGIMES[panel]}." if at_panel else ".")]
    if at_panel and panel != "C":
        found.append("The theory is for a constant rate; this regime oscillates, so rates may differ from it by 20 %, in A by more.")
    if scale != 1:
        found.append(f"scale {scale:g}: fewer synapses per neuron, hence less recurrent input; the regime may be another one.")
    return tuple(found)


def main() -> int:
    """Run the model as ``neurosim run brunel`` does, with the same options."""
    return subprocess.call([sys.executable, "-m", "neurosim", "run", "brunel", *sys.argv[1:]])


if __name__ == "__main__":
    sys.exit(main())

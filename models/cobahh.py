"""The Hodgkin-Huxley benchmark network of the simulators: 4000 Traub-Miles neurons, 2 % of the pairs connected.

References
----------
Traub and Miles 1991, Neuronal Networks of the Hippocampus, doi 10.1017/CBO9780511895401.
Brette et al. 2007, Simulation of networks of spiking neurons, benchmark 3, doi 10.1007/s10827-007-0038-6.
"""

from __future__ import annotations

import subprocess
import sys
from typing import Any

import neurosim as ns
from neurosim.units import ms, mV, nS, pF

from ._arguments import one_of, refuse, whole

DESCRIPTION = "Brette et al. 2007 benchmark 3: Hodgkin-Huxley neurons with conductance-based synapses"
WARM_UP = 200 * ms

# ---- Parameters of the benchmark ------------------------------------------------------------------------------------
NEURONS, EXCITATORY_SHARE, CONNECTION_PROBABILITY = 4000, 0.8, 0.02
C_M, G_L, G_NA, G_K = 200.0, 10.0, 20000.0, 6000.0  # pF, nS: 1 uF, 0.05, 100 and 30 mS per cm2 times 20,000 um2
E_L, E_NA, E_K, E_E, E_I = -60.0, 50.0, -90.0, 0.0, -80.0  # mV
V_T = -63.0  # mV, shifts all gates
TAU_E, TAU_I = 5.0, 10.0  # ms
JUMP_E, JUMP_I = 6.0, 67.0  # nS
DELAY = 0.1  # ms; the publication has none, NEST needs a step
START_V, START_G_E, START_G_I = (-65.0, 5.0), (40.0, 15.0), (200.0, 120.0)  # mV, nS, nS: mean, standard deviation

# 1/s, 0.2 to 1 s at dt 0.1 ms, two seeds without delay in another simulator and one of ours with delay
EXPECTED_RATES = {"exc": 35.0, "inh": 35.5}
EXPECTED_RANGE = (30.0, 42.0)

CELL = ns.neurons.hodgkin_huxley.with_defaults(
    **{"C_m": C_M * pF, "g_L": G_L * nS, "g_Na": G_NA * nS, "g_K": G_K * nS, "tau_e": TAU_E * ms, "tau_i": TAU_I * ms},
    **{"E_L": E_L * mV, "E_Na": E_NA * mV, "E_K": E_K * mV, "E_e": E_E * mV, "E_i": E_I * mV, "V_T": V_T * mV},
)

GATES: dict[str, dict[str, Any]] = {
    "equilibrium": {gate: f"alpha_{gate} / (alpha_{gate} + beta_{gate})" for gate in ("m", "h", "n")},  # at the initial v
    "closed": {"m": 0.0, "h": 0.0, "n": 0.0},  # as in Brian2's script
}


def network(
    *, neurons: int = NEURONS, gates: str = "equilibrium", seed: int = 1, record: bool = True
) -> ns.Network:
    """Build the network.

    Parameters
    ----------
    neurons : int
        Four fifths are excitatory. Below 4000 the connection probability grows, so that every neuron keeps 80 synapses on
        average.
    gates : str
        Where the gates start: "equilibrium" (of each neuron's initial potential) or "closed" (m, h and n are 0).
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
        If there are fewer than two neurons, or the start of the gates is unknown.

    Notes
    -----
    All equations advance by exponential Euler from the values at the start of the step. A step of 0.1 ms is coarse at the peak of
    a spike; use 0.05 ms to look at traces. A spike is counted when the potential is above -20 mV, at most once in 3 ms. Initial
    conductances are normal and cut at 0, where the original script may draw negative ones.
    """
    refuse("cobahh", whole("neurons", neurons, 2), one_of("gates", gates, GATES))
    start: dict[str, Any] = {
        "v": ns.normal(START_V[0] * mV, START_V[1] * mV),
        "g_e": ns.normal(START_G_E[0] * nS, START_G_E[1] * nS, low=0 * nS, cut="clip"),
        "g_i": ns.normal(START_G_I[0] * nS, START_G_I[1] * nS, low=0 * nS, cut="clip"),
        **GATES[gates],
    }
    n_exc = round(neurons * EXCITATORY_SHARE)
    exc, inh = ns.Population("exc", n_exc, CELL, **start), ns.Population("inh", neurons - n_exc, CELL, **start)
    sparse = ns.fixed_probability(min(CONNECTION_PROBABILITY * NEURONS / neurons, 1.0))
    projections = [
        ns.Projection(source, target, sparse, into=into, weight=jump * nS, delay=DELAY * ms)
        for source, into, jump in ((exc, "g_e", JUMP_E), (inh, "g_i", JUMP_I))
        for target in (exc, inh)
    ]
    probes = [ns.Probe(population, "spikes") for population in (exc, inh)] if record else []
    return ns.Network(exc, inh, *projections, *probes, seed=seed, name="cobahh", expected=expected(neurons=neurons))


def expected(
    *, neurons: int = NEURONS, gates: str = "equilibrium", seed: int = 1, record: bool = True
) -> dict[str, dict[str, float]]:
    """Rates [1/s] to compare a run with: column -> population -> rate; the arguments are those of `network`."""
    return {"expected at this scale": dict(EXPECTED_RATES)} if neurons == NEURONS else {}


def notes(
    *, neurons: int = NEURONS, gates: str = "equilibrium", seed: int = 1, record: bool = True
) -> tuple[str, ...]:
    """What a reader of the results has to know; the arguments are those of `network`."""
    low, high = EXPECTED_RANGE
    found = [f"The delay is 0.1 ms where the publication has none. Single seeds lie between {low:g} and {high:g} spikes/s."]
    if neurons != NEURONS:
        found.append(f"{neurons} instead of {NEURONS} neurons with the same number of synapses each: more correlated.")
    return tuple(found)


def main() -> int:
    """Run the model as ``neurosim run cobahh`` does, with the same options."""
    return subprocess.call([sys.executable, "-m", "neurosim", "run", "cobahh", *sys.argv[1:]])


if __name__ == "__main__":
    sys.exit(main())

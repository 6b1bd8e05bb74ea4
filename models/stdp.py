"""Brunel's asynchronous irregular network (panel C) whose excitatory synapses onto excitatory neurons learn.

Additive spike-timing-dependent plasticity of all pairs of spikes: 10 of the 15.6 million synapses are plastic.

References
----------
Brunel 2000, Dynamics of sparsely connected networks of excitatory and inhibitory spiking neurons, doi 10.1023/A:1008925309027.
Song, Miller and Abbott 2000, Competitive Hebbian learning through spike-timing-dependent synaptic plasticity, doi 10.1038/78829.
Morrison, Aertsen and Diesmann 2007, Spike-timing-dependent plasticity in balanced random networks,
doi 10.1162/neco.2007.19.6.1437.
"""

from __future__ import annotations

import subprocess
import sys
from dataclasses import replace

import neurosim as ns
from neurosim.units import ms, mV

from . import brunel
from ._arguments import positive, refuse

DESCRIPTION = "Brunel's network, panel C, with additive spike-timing-dependent plasticity of E to E synapses"
WARM_UP = 100 * ms

# ---- Parameters of the rule -----------------------------------------------------------------------------------------
TAU_PLUS, TAU_MINUS = 20.0, 20.0  # ms
W_MAX = 0.2  # mV; weights start at half of it
LEARNING_RATE, ASYMMETRY = 0.001, 1.05
POTENTIATION = LEARNING_RATE * W_MAX  # mV, of a pair of spikes without distance in time
DEPRESSION = ASYMMETRY * LEARNING_RATE * W_MAX

MEASURED_RATE = 36.5  # 1/s of both populations, 300 ms after 100 ms; three simulators and three seeds: 36.0 to 37.0

RULE = ns.plasticity.pair_stdp(
    tau_plus=TAU_PLUS * ms, tau_minus=TAU_MINUS * ms, a_plus=POTENTIATION * mV, a_minus=DEPRESSION * mV
)


def network(*, scale: float = 1.0, seed: int = 1, record: bool = True) -> ns.Network:
    """Build the network.

    Parameters
    ----------
    scale : float
        Fraction of the neurons, at a connection probability of 0.1: see `neurosim.models.brunel.network`.
    seed : int
        Of the network.
    record : bool
        Whether the spikes of both populations are recorded.

    Returns
    -------
    Network
        That of `neurosim.models.brunel` with a plastic projection "exc -> exc".

    Raises
    ------
    ParameterError
        If the scale is not positive.

    Notes
    -----
    An arrival (after the delay) is transmitted with the weight before it, then depresses by the trace of postsynaptic spikes; a
    postsynaptic spike acts at once and potentiates by the trace of arrivals. NEST's ``stdp_synapse`` has the delay in the dendrite
    and depresses before it transmits: it agrees statistically only.
    """
    refuse("stdp", positive("scale", scale))
    static = brunel.network(panel="C", scale=scale, seed=seed, record=record)
    projections = [
        replace(projection, plasticity=RULE, bounds=(0 * mV, W_MAX * mV)) if projection.name == "exc -> exc" else projection
        for projection in static.projections
    ]
    return ns.Network(*static.populations, *static.stimuli, *projections, *static.probes, seed=seed, name="stdp", expected=expected(scale=scale))


def expected(*, scale: float = 1.0, seed: int = 1, record: bool = True) -> dict[str, dict[str, float]]:
    """Rates [1/s] to compare a run with: column -> population -> rate; the arguments are those of `network`."""
    theory = brunel.expected(panel="C", scale=scale)["mean-field theory"]
    columns = {"without plasticity, mean-field theory": theory}
    if scale == 1:
        return {"expected at this scale": {"exc": MEASURED_RATE, "inh": MEASURED_RATE}, **columns}
    return columns


def notes(*, scale: float = 1.0, seed: int = 1, record: bool = True) -> tuple[str, ...]:
    """What a reader of the results has to know; the arguments are those of `network`."""
    found = ["Expected rates are those of the first half second: weights drift slowly (mean 0.0997 mV after 0.4 s) and rates with them."]
    if scale != 1:
        found.append(f"scale {scale:g}: fewer synapses per neuron, hence less recurrent input; the regime may be another one.")
    return tuple(found)


def main() -> int:
    """Run the model as ``neurosim run stdp`` does, with the same options."""
    return subprocess.call([sys.executable, "-m", "neurosim", "run", "stdp", *sys.argv[1:]])


if __name__ == "__main__":
    sys.exit(main())

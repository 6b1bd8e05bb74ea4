"""Inhibitory synapses that keep the rate of their target at a set value."""

from __future__ import annotations

from ...spelling import spelt
from ...units import Quantity
from .rule import Plasticity


@spelt
def inhibitory_stdp(*, tau: Quantity, rho_0: Quantity, eta: Quantity | float) -> Plasticity:
    """Plasticity of inhibitory synapses that balances excitation: near coincidences strengthen, lone arrivals weaken.

    Parameters
    ----------
    tau : Quantity
        [ms] Time constant of both traces; 20 ms in the paper.
    rho_0 : Quantity
        [Hz] The rate that the target settles at.
    eta : Quantity or number
        Learning rate, in the unit of the weight. Negative where inhibition is a negative weight, whose bounds are then
        (low, 0); positive where it is a conductance.

    Returns
    -------
    Plasticity
        At an arrival the weight changes by ``eta (y - alpha)``, ``alpha = 2 rho_0 tau``, at a postsynaptic spike by ``eta x``.

    References
    ----------
    Vogels, Sprekeler, Zenke, Clopath and Gerstner 2011, Inhibitory plasticity balances excitation and inhibition in sensory
    pathways and memory networks, Science 334:1569, supplement, doi 10.1126/science.1211095

    Examples
    --------
    >>> from neurosim.units import Hz, ms, nS
    >>> inhibitory_stdp(tau=20 * ms, rho_0=5 * Hz, eta=0.1 * nS).on_pre
    'x += 1; w += eta * (y - 2 * rho_0 * tau)'
    """
    return Plasticity(
        """
    dx/dt = -x / tau : 1            # trace of presynaptic spikes
    dy/dt = -y / tau : 1            # trace of postsynaptic spikes
    tau   : ms
    rho_0 : Hz                      # the rate of the target at which nothing changes on average
    eta   : weight
    """,
        on_pre="x += 1; w += eta * (y - 2 * rho_0 * tau)",
        on_post="y += 1; w += eta * x",
        values={"tau": tau, "rho_0": rho_0, "eta": eta},
        name="inhibitory_stdp",
        about="inhibition that learns to hold the rate of its target",
        source="Vogels, Sprekeler, Zenke, Clopath and Gerstner 2011, Science 334:1569, doi 10.1126/science.1211095",
    )

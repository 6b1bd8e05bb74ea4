"""Homeostasis: all weights onto a neuron grow while it fires too little and shrink while it fires too much."""

from __future__ import annotations

from ...spelling import spelt
from ...units import Quantity, ms
from .rule import Plasticity


@spelt
def synaptic_scaling(*, target: Quantity, tau: Quantity, beta: float, every: Quantity = 100 * ms) -> Plasticity:
    """Multiplicative scaling of weights towards a rate of the neuron.

    Parameters
    ----------
    target : Quantity
        [Hz] The rate at which weights stay as they are.
    tau : Quantity
        [ms] Over which time the rate is measured; 100 s in the paper.
    beta : float
        Relative change of a weight per spike that is missing; 4e-5 in the paper.
    every : Quantity
        [ms] How often weights are changed.

    Returns
    -------
    Plasticity
        Each interval multiplies the weight by ``1 + beta (target - activity) every``. The measured ``activity`` starts at the
        target.

    Notes
    -----
    ``tau da/dt = -a + (postsynaptic spikes)``, ``dw/dt = beta w (a_goal - a)``: the scaling of van Rossum et al. without the
    integral of the deviation, which they add for use together with spike-timing dependent plasticity. `combine` makes one rule
    of the two.

    References
    ----------
    van Rossum, Bi and Turrigiano 2000, Stable Hebbian learning from spike timing-dependent plasticity, Journal of Neuroscience
    20:8812, doi 10.1523/JNEUROSCI.20-23-08812.2000.
    Turrigiano, Leslie, Desai, Rutherford and Nelson 1998, Activity-dependent scaling of quantal amplitude in neocortical
    neurons, Nature 391:892, doi 10.1038/36103.

    Examples
    --------
    >>> from neurosim.units import Hz, second
    >>> synaptic_scaling(target=5 * Hz, tau=100 * second, beta=4e-5).every
    100 ms
    """
    return Plasticity(
        """
    dactivity/dt = -activity / tau_activity : Hz    # the rate of the target, as far as it is remembered
    tau_activity, interval : ms
    target : Hz
    beta : 1
    """,
        on_post="activity += 1 / tau_activity",
        on_step="w += beta * w * (target - activity) * interval",
        every=every,
        values={"tau_activity": tau, "interval": every, "target": target, "beta": beta, "activity": target},
        name="synaptic_scaling",
        about="homeostatic scaling of weights towards a rate of the target",
        source="van Rossum, Bi and Turrigiano 2000, Journal of Neuroscience 20:8812, doi 10.1523/JNEUROSCI.20-23-08812.2000",
    )

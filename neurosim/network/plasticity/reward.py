"""Three factors: spike timing leaves a trace on the synapse, a reward turns it into weight."""

from __future__ import annotations

from ...spelling import spelt
from ...units import Quantity
from .rule import Plasticity


@spelt
def reward_stdp(
    *,
    tau_plus: Quantity,
    tau_minus: Quantity,
    a_plus: Quantity | float,
    a_minus: Quantity | float,
    tau_eligibility: Quantity,
) -> Plasticity:
    """Reward-modulated spike-timing dependent plasticity with eligibility; the target has a port ``reward``.

    Parameters
    ----------
    tau_plus, tau_minus : Quantity
        [ms] Time constants of the traces of pre- and postsynaptic spikes.
    a_plus, a_minus : Quantity or number
        Largest increase and decrease of the eligibility by one pair, in the unit of the weight.
    tau_eligibility : Quantity
        [ms] How long a synapse remembers that it was eligible; a second in the paper.

    Returns
    -------
    Plasticity
        Pairs of spikes change ``eligibility``; in every step the weight changes by ``eligibility`` times what has arrived at
        the port ``reward`` of the target.

    Notes
    -----
    Izhikevich: ``dc/dt = -c / tau_c + STDP``, ``ds/dt = c d`` (equations 1 and 2), the three-factor rule
    ``dw/dt = M e`` of Frémaux and Gerstner (equation 3). A port sums up what arrives in a step, so it is the integral of the
    modulator over the step: a single reward R is an event of payload or weight R, and a modulator M(t) [1/ms] is sent as
    ``M * dt``. Subtract its mean where it carries success against expectation.

    References
    ----------
    Izhikevich 2007, Solving the distal reward problem through linkage of STDP and dopamine signaling, Cerebral Cortex 17:2443,
    doi 10.1093/cercor/bhl152.
    Frémaux and Gerstner 2016, Neuromodulated spike-timing-dependent plasticity, and theory of three-factor learning rules,
    Frontiers in Neural Circuits 9:85, doi 10.3389/fncir.2015.00085.

    Examples
    --------
    >>> from neurosim.units import ms, pA, second
    >>> window = dict(tau_plus=20 * ms, tau_minus=20 * ms, a_plus=0.1 * pA, a_minus=0.105 * pA)
    >>> dict(reward_stdp(**window, tau_eligibility=1 * second).needs)
    {'reward': 'reward : 1 (port)'}
    """
    return Plasticity(
        """
    dx/dt = -x / tau_plus  : 1      # trace of presynaptic spikes
    dy/dt = -y / tau_minus : 1      # trace of postsynaptic spikes
    deligibility/dt = -eligibility / tau_eligibility : weight
    tau_plus, tau_minus, tau_eligibility : ms
    a_plus, a_minus : weight
    """,
        on_pre="eligibility -= a_minus * y; x += 1",
        on_post="y += 1; eligibility += a_plus * x",
        on_step="w += eligibility * reward_post",
        needs={"reward": "reward : 1 (port)"},
        values={
            **{"tau_plus": tau_plus, "tau_minus": tau_minus, "a_plus": a_plus, "a_minus": a_minus},
            "tau_eligibility": tau_eligibility,
        },
        name="reward_stdp",
        about="STDP that leaves an eligibility, which a reward turns into weight",
        source="Izhikevich 2007, Cerebral Cortex 17:2443, equations 1 and 2, doi 10.1093/cercor/bhl152",
    )

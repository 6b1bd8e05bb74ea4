"""Spike-timing dependent plasticity of pairs: additive, depending on the weight, of nearest neighbours."""

from __future__ import annotations

from ...errors import OptionError, did_you_mean
from ...spelling import spelt
from ...units import Quantity
from ..values import is_one_of, shown
from .rule import Plasticity

_TRACES = """
    dx/dt = -x / tau_plus  : 1      # trace of presynaptic spikes
    dy/dt = -y / tau_minus : 1      # trace of postsynaptic spikes
    tau_plus, tau_minus : ms
    a_plus, a_minus     : weight    # change of the weight per pair of spikes
    """

PAIRINGS = ("symmetric", "presynaptic", "reduced")
"""Which spikes :func:`nearest_neighbour_stdp` pairs."""

_NEAREST = {
    "symmetric": ("w -= a_minus * y; x = 1", "y = 1; w += a_plus * x"),
    "presynaptic": ("w -= a_minus * y; x += 1", "y = 1; w += a_plus * x; x = 0"),
    "reduced": ("w -= a_minus * y; y = 0; x = 1", "y = 1; w += a_plus * x; x = 0"),
}


@spelt
def pair_stdp(*, tau_plus: Quantity, tau_minus: Quantity, a_plus: Quantity | float, a_minus: Quantity | float) -> Plasticity:
    """Additive spike-timing dependent plasticity, all pairs; the bounds of the weight are given on the projection.

    Parameters
    ----------
    tau_plus, tau_minus : Quantity
        [ms] Time constants of the traces of pre- and postsynaptic spikes.
    a_plus, a_minus : Quantity or number
        Largest increase and decrease of the weight by one pair, in the unit of the weight.

    Returns
    -------
    Plasticity
        At an arrival the weight decreases by ``a_minus * y``, then the presynaptic trace x grows by 1; at a postsynaptic spike
        the trace y grows by 1, then the weight increases by ``a_plus * x``.

    References
    ----------
    Song, Miller and Abbott 2000, Competitive Hebbian learning through spike-timing-dependent synaptic plasticity, Nature
    Neuroscience 3:919, doi 10.1038/78829

    Examples
    --------
    >>> from neurosim.units import ms, pA
    >>> rule = pair_stdp(tau_plus=20 * ms, tau_minus=20 * ms, a_plus=0.1 * pA, a_minus=0.105 * pA)
    >>> rule.states()
    ('x', 'y')
    """
    return Plasticity(
        _TRACES,
        on_pre="w -= a_minus * y; x += 1",
        on_post="y += 1; w += a_plus * x",
        values={"tau_plus": tau_plus, "tau_minus": tau_minus, "a_plus": a_plus, "a_minus": a_minus},
        name="pair_stdp",
        about="additive STDP of all pairs of spikes",
        source="Song, Miller and Abbott 2000, Nature Neuroscience 3:919, doi 10.1038/78829",
    )


@spelt
def multiplicative_stdp(
    *,
    tau_plus: Quantity,
    tau_minus: Quantity,
    a_plus: Quantity | float,
    a_minus: Quantity | float,
    w_max: Quantity | float,
    mu_plus: float = 1.0,
    mu_minus: float = 1.0,
) -> Plasticity:
    """Spike-timing dependent plasticity of all pairs whose size depends on the weight, from additive to multiplicative.

    Parameters
    ----------
    tau_plus, tau_minus : Quantity
        [ms] Time constants of the traces of pre- and postsynaptic spikes.
    a_plus, a_minus : Quantity or number
        Increase of a weight of 0 and decrease of a weight of `w_max` by one pair, in the unit of the weight.
    w_max : Quantity or number
        The weight at which nothing increases it any more, where mu_plus > 0.
    mu_plus, mu_minus : float
        Exponents of ``1 - w / w_max`` in an increase, of ``w / w_max`` in a decrease: (0, 0) is additive, (1, 1)
        multiplicative, (mu, mu) the rule of Gütig et al., (0, 1) that of van Rossum et al.

    Returns
    -------
    Plasticity

    Notes
    -----
    Gütig et al. (equations 1 and 2): a pair changes ``w / w_max`` by ``lambda (1 - w / w_max)**mu`` or by
    ``-lambda alpha (w / w_max)**mu``, times the window: here ``a_plus = lambda w_max``, ``a_minus = alpha lambda w_max``. A
    weight that a large step takes out of [0, w_max] is treated like the end that it passed, also without bounds.

    References
    ----------
    Gütig, Aharonov, Rotter and Sompolinsky 2003, Learning input correlations through nonlinear temporally asymmetric Hebbian
    plasticity, Journal of Neuroscience 23:3697, doi 10.1523/JNEUROSCI.23-09-03697.2003.
    van Rossum, Bi and Turrigiano 2000, Stable Hebbian learning from spike timing-dependent plasticity, Journal of Neuroscience
    20:8812, doi 10.1523/JNEUROSCI.20-23-08812.2000.

    Examples
    --------
    >>> from neurosim.units import ms, pA
    >>> window = dict(tau_plus=20 * ms, tau_minus=20 * ms, a_plus=0.1 * pA, a_minus=0.105 * pA)
    >>> multiplicative_stdp(**window, w_max=20 * pA, mu_plus=0.02, mu_minus=0.02).value_of("mu_plus")
    0.02
    """
    return Plasticity(
        _TRACES
        + """
    w_max : weight
    mu_plus, mu_minus : 1           # 0: additive, 1: multiplicative
    """,
        on_pre="w -= a_minus * relu(w / w_max)**mu_minus * y; x += 1",
        on_post="y += 1; w += a_plus * relu(1 - w / w_max)**mu_plus * x",
        values={
            **{"tau_plus": tau_plus, "tau_minus": tau_minus, "a_plus": a_plus, "a_minus": a_minus},
            **{"w_max": w_max, "mu_plus": mu_plus, "mu_minus": mu_minus},
        },
        name="multiplicative_stdp",
        about="STDP of all pairs whose size depends on the weight, additive to multiplicative",
        source=(
            "Gütig, Aharonov, Rotter and Sompolinsky 2003, Journal of Neuroscience 23:3697, equations 1 and 2, "
            "doi 10.1523/JNEUROSCI.23-09-03697.2003"
        ),
    )


@spelt
def nearest_neighbour_stdp(
    *,
    tau_plus: Quantity,
    tau_minus: Quantity,
    a_plus: Quantity | float,
    a_minus: Quantity | float,
    pairing: str = "symmetric",
) -> Plasticity:
    """Additive spike-timing dependent plasticity in which a spike is paired with its nearest neighbours only.

    Parameters
    ----------
    tau_plus, tau_minus : Quantity
        [ms] Time constants of the window for increases and for decreases.
    a_plus, a_minus : Quantity or number
        Largest increase and decrease of the weight by one pair, in the unit of the weight.
    pairing : {'symmetric', 'presynaptic', 'reduced'}
        'symmetric': each presynaptic spike with the last postsynaptic one, and each postsynaptic spike with the last
        presynaptic one. 'presynaptic': each presynaptic spike with the last and with the next postsynaptic one. 'reduced':
        as 'presynaptic', for spikes that follow each other immediately.

    Returns
    -------
    Plasticity
        With the traces of `pair_stdp`; spikes set them instead of adding to them.

    Raises
    ------
    OptionError
        For another pairing.

    Notes
    -----
    A presynaptic spike that arrives in the step of a postsynaptic one counts as the earlier of the two.

    References
    ----------
    Morrison, Diesmann and Gerstner 2008, Phenomenological models of synaptic plasticity based on spike timing, Biological
    Cybernetics 98:459, section 4.1.2 and figure 7 A, B, C, doi 10.1007/s00422-008-0233-1

    Examples
    --------
    >>> from neurosim.units import ms, pA
    >>> window = dict(tau_plus=20 * ms, tau_minus=20 * ms, a_plus=0.1 * pA, a_minus=0.105 * pA)
    >>> nearest_neighbour_stdp(**window, pairing="reduced").on_pre
    'w -= a_minus * y; y = 0; x = 1'
    """
    if not is_one_of(pairing, PAIRINGS):
        listed = ", ".join(f"'{name}'" for name in PAIRINGS)
        raise OptionError(f"pairing must be one of {listed}, got {shown(pairing)}{did_you_mean(str(pairing), PAIRINGS)}")
    on_pre, on_post = _NEAREST[pairing]
    return Plasticity(
        _TRACES,
        on_pre=on_pre,
        on_post=on_post,
        values={"tau_plus": tau_plus, "tau_minus": tau_minus, "a_plus": a_plus, "a_minus": a_minus},
        name="nearest_neighbour_stdp",
        about=f"additive STDP of nearest neighbours, {pairing} pairing",
        source=(
            f"Morrison, Diesmann and Gerstner 2008, Biological Cybernetics 98:459, figure 7 ({pairing} pairing), "
            "doi 10.1007/s00422-008-0233-1"
        ),
    )

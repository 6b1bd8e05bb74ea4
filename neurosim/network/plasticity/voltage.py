"""Plasticity that depends on the voltage of the target, and a neuron with the voltages that it needs."""

from __future__ import annotations

from ...spelling import spelt
from ...units import Quantity, ms, mV, nS, pA, pF
from ..neuron_model import NeuronModel
from .rule import Plasticity

_SOURCE = "Clopath, Büsing, Vasilaki and Gerstner 2010, Nature Neuroscience 13:344, doi 10.1038/nn.2479"


@spelt
def clopath_stdp(*, w_max: Quantity | float) -> Plasticity:
    """Voltage-dependent plasticity: depression at arrivals, potentiation while the target is depolarised.

    Parameters
    ----------
    w_max : Quantity or number
        The weight that the published amplitudes are fractions of: the largest one.

    Returns
    -------
    Plasticity
        At an arrival the weight changes by ``-w_max a_ltd [u_minus - theta_minus]+``, at any time by
        ``w_max a_ltp x [u - theta_plus]+ [u_minus - theta_minus]+`` (with u_plus in the last factor). The parameters are those
        of visual cortex.

    Notes
    -----
    Equations 1 to 3 of the paper with a constant amplitude of depression, as in its experiments on slices. The target has to
    show its voltage ``u``, including the shape of its spikes, and two low-pass filtered voltages ``u_minus`` and ``u_plus``;
    `clopath_neuron` does. During a spike the rule has to see the filtered voltages from before the spike: the neuron holds them.

    References
    ----------
    Clopath, Büsing, Vasilaki and Gerstner 2010, Connectivity reflects coding: a model of voltage-based STDP with homeostasis,
    Nature Neuroscience 13:344, doi 10.1038/nn.2479

    Examples
    --------
    >>> from neurosim.units import pA
    >>> clopath_stdp(w_max=100 * pA).value_of("tau_x")
    15 ms
    """
    return Plasticity(
        """
    dx/dt = -x / tau_x : 1          # trace of presynaptic spikes, whose integral over one spike is tau_x
    tau_x : ms
    theta_minus, theta_plus : mV
    a_ltd : 1/mV
    a_ltp : 1/mV**2
    w_max : weight
    """,
        on_pre="w -= w_max * a_ltd * relu(u_minus_post - theta_minus); x += 1",
        on_step="w += w_max * a_ltp * x * relu(u_post - theta_plus) * relu(u_plus_post - theta_minus) * dt / tau_x",
        needs={
            "u": "u = v : mV (output)",
            "u_minus": "du_minus/dt = (v - u_minus) / (10*ms) : mV",
            "u_plus": "du_plus/dt = (v - u_plus) / (7*ms) : mV",
        },
        values={
            **{"tau_x": 15 * ms, "theta_minus": -70.6 * mV, "theta_plus": -45.3 * mV},
            **{"a_ltd": 14e-5 / mV, "a_ltp": 8e-5 / mV**2, "w_max": w_max},
        },
        name="clopath_stdp",
        about="depression and potentiation that depend on the voltage of the target",
        source=f"{_SOURCE}, equations 1 to 3, table 1 (visual cortex)",
    )


clopath_neuron = NeuronModel(
    """
    dv/dt = (-g_L * (v - E_L) + g_L * delta_T * exp(min((v - v_T) / delta_T, 10)) - adaptation + z + I_ext) / C_m : mV
    dadaptation/dt = (a * (v - E_L) - adaptation) / tau_w : pA
    dz/dt = -z / tau_z              : pA            # depolarising spike afterpotential
    dv_T/dt = (v_T_rest - v_T) / tau_T : mV         # the threshold jumps at a spike
    dlow_minus/dt = (voltage - low_minus) / tau_minus : mV
    dlow_plus/dt = (voltage - low_plus) / tau_plus : mV
    dbefore_minus/dt = 0            : mV            # the filtered voltages as they were before the last spike
    dbefore_plus/dt = 0             : mV
    spiking = where(since_spike < t_spike - dt / 2, 1, 0) : 1
    voltage = where(spiking > 0.5, v_spike, min(v, v_spike)) : mV
    u = voltage                     : mV (output)
    u_minus = where(spiking > 0.5, before_minus, low_minus) : mV (output)
    u_plus = where(spiking > 0.5, before_plus, low_plus) : mV (output)
    C_m : pF
    g_L, a : nS
    E_L, delta_T, v_T_rest, v_T_max, v_peak, v_reset, v_spike : mV
    b, I_spike : pA
    tau_w, tau_z, tau_T, tau_minus, tau_plus, t_spike : ms
    I_ext : pA (port)
    """,
    spike="v > v_peak",
    reset=("v = v_reset; adaptation += b; z = I_spike; v_T = v_T_max; before_minus = low_minus; before_plus = low_plus"),
    refractory="t_spike",
    defaults={
        **{"v": "E_L", "v_T": "v_T_rest", "low_minus": "E_L", "low_plus": "E_L"},
        **{"before_minus": "E_L", "before_plus": "E_L"},
        **{"C_m": 281 * pF, "g_L": 30 * nS, "a": 4 * nS, "b": 0.0805 * pA, "I_spike": 400 * pA},
        **{"E_L": -70.6 * mV, "delta_T": 2 * mV, "v_T_rest": -50.4 * mV, "v_T_max": -30.4 * mV},
        **{"v_peak": 20 * mV, "v_reset": -49.5 * mV, "v_spike": 33 * mV, "t_spike": 2 * ms},
        **{"tau_w": 144 * ms, "tau_z": 40 * ms, "tau_T": 50 * ms, "tau_minus": 10 * ms, "tau_plus": 7 * ms},
    },
    name="clopath_neuron",
    about="adaptive exponential neuron that shows the shape of its spikes and filtered voltages",
    source=f"{_SOURCE}, table 1, and the code of its authors, ModelDB 144566 (v_spike, t_spike, v_reset; b in pA)",
)
"""The adaptive exponential neuron on which `clopath_stdp` was fitted; during a spike u is ``v_spike``, v waits at ``v_reset``."""

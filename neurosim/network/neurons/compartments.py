"""Neurons of two compartments."""

from __future__ import annotations

from ...units import ms, mV, nS, pA, pF
from ..neuron_model import NeuronModel

pyramidal_two_compartment = NeuronModel(
    """
    dv/dt = (E_L - v) / tau_s + (g_s * plateau + w_s + I_syn_s + I_e_s + I_ext_s) / C_s : mV            # soma
    dv_d/dt = (E_L - v_d) / tau_d + (g_d * plateau + c_d * back + w_d + I_syn_d + I_e_d + I_ext_d) / C_d : mV    # dendrite
    dw_s/dt = -w_s / tau_ws : pA                            # adaptation of the soma; a spike adds b
    dw_d/dt = (a_d * (v_d - E_L) - w_d) / tau_wd : pA       # recovery of the dendrite
    dI_syn_s/dt = -I_syn_s / tau_syn : pA                   # arrivals at the soma: jumps of I_syn_s
    dI_syn_d/dt = -I_syn_d / tau_syn : pA                   # arrivals at the dendrite: jumps of I_syn_d
    plateau = sigmoid((v_d - E_d) / D_d) : 1                # dendritic calcium spike
    back = where(since_spike >= 0.5*ms and since_spike < 2.5*ms, 1, 0) : 1    # the back-propagating action potential
    tau_s, tau_d, tau_ws, tau_wd, tau_syn : ms
    C_s, C_d : pF
    a_d : nS
    E_L, E_d, D_d, v_th, v_reset : mV
    g_s, g_d, c_d, b, I_e_s, I_e_d : pA
    I_ext_s, I_ext_d : pA (port)
    """,
    spike="v > v_th",
    reset="v = v_reset; w_s += b",
    refractory=3 * ms,
    defaults={
        "v": -70 * mV,
        "v_d": -70 * mV,
        "w_s": 0 * pA,
        "w_d": 0 * pA,
        "I_syn_s": 0 * pA,
        "I_syn_d": 0 * pA,
        "tau_s": 16 * ms,
        "tau_d": 7 * ms,
        "tau_ws": 100 * ms,
        "tau_wd": 30 * ms,
        "tau_syn": 5 * ms,
        "C_s": 370 * pF,
        "C_d": 170 * pF,
        "a_d": -13 * nS,
        "E_L": -70 * mV,
        "E_d": -38 * mV,
        "D_d": 6 * mV,
        "v_th": -50 * mV,
        "v_reset": -70 * mV,
        "g_s": 1300 * pA,
        "g_d": 1200 * pA,
        "c_d": 2600 * pA,
        "b": -200 * pA,
        "I_e_s": 0 * pA,
        "I_e_d": 0 * pA,
    },
    name="pyramidal_two_compartment",
    about="soma and active dendrite of a pyramidal cell: input to both at once makes bursts",
    source=(
        "Naud and Sprekeler 2018, Sparse bursts optimize information transmission in a multiplexed neural code, PNAS 115:E6329, "
        "doi 10.1073/pnas.1720995115, after Naud, Bathellier and Gerstner 2014, doi 10.3389/fncom.2014.00090"
    ),
)

"""Neurons with conductances. Weights are conductances too, and positive; the sign is in the reversal potential."""

from __future__ import annotations

from ...units import ms, mV, nS, pA, pF
from ..neuron_model import NeuronModel

_BRETTE = (
    "Brette et al. 2007, Simulation of networks of spiking neurons, Journal of Computational Neuroscience 23:349, "
    "doi 10.1007/s10827-007-0038-6"
)

lif_conductance = NeuronModel(
    """
    dv/dt = (g_L * (E_L - v) + g_e * (E_e - v) + g_i * (E_i - v) + I_e + I_ext) / C_m : mV
    dg_e/dt = -g_e / tau_e : nS                             # excitatory arrivals: jumps of g_e
    dg_i/dt = -g_i / tau_i : nS                             # inhibitory arrivals: jumps of g_i, with positive weights
    tau_e, tau_i : ms
    C_m : pF
    g_L : nS
    E_L, E_e, E_i, v_th, v_reset : mV
    I_e : pA
    I_ext : pA (port)
    """,
    spike="v > v_th",
    reset="v = v_reset",
    refractory=5 * ms,
    method="exponential_euler",
    defaults={
        "v": -60 * mV,
        "g_e": 0 * nS,
        "g_i": 0 * nS,
        "tau_e": 5 * ms,
        "tau_i": 10 * ms,
        "C_m": 200 * pF,
        "g_L": 10 * nS,
        "E_L": -60 * mV,
        "E_e": 0 * mV,
        "E_i": -80 * mV,
        "v_th": -50 * mV,
        "v_reset": -60 * mV,
        "I_e": 0 * pA,
    },
    name="lif_conductance",
    about="leaky integrate-and-fire with exponential conductances",
    source=f"benchmark 1 (COBA) of {_BRETTE}",
)

lif_conductance_alpha = NeuronModel(
    """
    dv/dt = (g_L * (E_L - v) + g_e * (E_e - v) + g_i * (E_i - v) + I_e + I_ext) / C_m : mV
    dg_e/dt = (exp(1) * a_e - g_e) / tau_e : nS             # a jump of a_e by w: a conductance that peaks at w after tau_e
    da_e/dt = -a_e / tau_e : nS                             # excitatory arrivals: jumps of a_e
    dg_i/dt = (exp(1) * a_i - g_i) / tau_i : nS
    da_i/dt = -a_i / tau_i : nS                             # inhibitory arrivals: jumps of a_i, with positive weights
    tau_e, tau_i : ms
    C_m : pF
    g_L : nS
    E_L, E_e, E_i, v_th, v_reset : mV
    I_e : pA
    I_ext : pA (port)
    """,
    spike="v > v_th",
    reset="v = v_reset",
    refractory=2 * ms,
    defaults={
        "v": -70 * mV,
        "g_e": 0 * nS,
        "a_e": 0 * nS,
        "g_i": 0 * nS,
        "a_i": 0 * nS,
        "tau_e": 0.2 * ms,
        "tau_i": 2 * ms,
        "C_m": 250 * pF,
        "g_L": 16.6667 * nS,
        "E_L": -70 * mV,
        "E_e": 0 * mV,
        "E_i": -85 * mV,
        "v_th": -55 * mV,
        "v_reset": -60 * mV,
        "I_e": 0 * pA,
    },
    name="lif_conductance_alpha",
    about="leaky integrate-and-fire with alpha-shaped conductances",
    source=(
        "Meffin, Burkitt and Grayden 2004, An analytical model for the large, fluctuating synaptic conductance state typical of "
        "neocortical neurons in vivo, Journal of Computational Neuroscience 16:159, doi 10.1023/B:JCNS.0000014108.03012.81; values: iaf_cond_alpha of NEST"
    ),
)

lif_nmda = NeuronModel(
    """
    dv/dt = (g_L * (E_L - v) + (g_ampa + open * g_nmda) * (E_e - v) + g_gaba * (E_i - v) + I_e + I_ext) / C_m : mV
    dg_ampa/dt = -g_ampa / tau_ampa : nS                    # AMPA arrivals: jumps of g_ampa
    dg_gaba/dt = -g_gaba / tau_gaba : nS                    # GABA arrivals: jumps of g_gaba, with positive weights
    open = 1 / (1 + magnesium / 3.57 * exp(-0.062 * v / mV)) : 1    # fraction of NMDA receptors without magnesium (in mM)
    tau_ampa, tau_gaba : ms
    C_m : pF
    g_L : nS
    E_L, E_e, E_i, v_th, v_reset : mV
    magnesium : 1
    I_e : pA
    I_ext : pA (port)
    g_nmda : nS (port)                                      # what NMDA synapses conduct in this step: see synapses.nmda
    """,
    spike="v > v_th",
    reset="v = v_reset",
    refractory=2 * ms,
    defaults={
        "v": -70 * mV,
        "g_ampa": 0 * nS,
        "g_gaba": 0 * nS,
        "tau_ampa": 2 * ms,
        "tau_gaba": 5 * ms,
        "C_m": 500 * pF,
        "g_L": 25 * nS,
        "E_L": -70 * mV,
        "E_e": 0 * mV,
        "E_i": -70 * mV,
        "v_th": -50 * mV,
        "v_reset": -55 * mV,
        "magnesium": 1.0,
        "I_e": 0 * pA,
    },
    name="lif_nmda",
    about="leaky integrate-and-fire with AMPA, GABA and voltage-dependent NMDA receptors",
    source=(
        "Wang 2002, Probabilistic decision making by slow reverberation in cortical circuits, Neuron 36:955, "
        "doi 10.1016/S0896-6273(02)01092-9 (pyramidal cell); magnesium block: Jahr and Stevens 1990, Journal of Neuroscience "
        "10:3178, doi 10.1523/JNEUROSCI.10-09-03178.1990"
    ),
)

hodgkin_huxley = NeuronModel(
    """
    dv/dt = (g_L * (E_L - v) + g_e * (E_e - v) + g_i * (E_i - v)
             + g_Na * m**3 * h * (E_Na - v) + g_K * n**4 * (E_K - v) + I_e + I_ext) / C_m : mV
    dm/dt = alpha_m * (1 - m) - beta_m * m : 1
    dh/dt = alpha_h * (1 - h) - beta_h * h : 1
    dn/dt = alpha_n * (1 - n) - beta_n * n : 1
    dg_e/dt = -g_e / tau_e : nS                             # excitatory arrivals: jumps of g_e
    dg_i/dt = -g_i / tau_i : nS                             # inhibitory arrivals: jumps of g_i, with positive weights
    u = (v - V_T) / mV : 1
    alpha_m = 1.28 / exprel((13 - u) / 4) / ms : 1/ms
    beta_m = 1.4 / exprel((u - 40) / 5) / ms : 1/ms
    alpha_h = 0.128 * exp((17 - u) / 18) / ms : 1/ms
    beta_h = 4 / (1 + exp((40 - u) / 5)) / ms : 1/ms
    alpha_n = 0.16 / exprel((15 - u) / 5) / ms : 1/ms
    beta_n = 0.5 * exp((10 - u) / 40) / ms : 1/ms
    tau_e, tau_i : ms
    C_m : pF
    g_L, g_Na, g_K : nS
    E_L, E_Na, E_K, E_e, E_i, V_T : mV
    I_e : pA
    I_ext : pA (port)
    """,
    spike="v > -20*mV",
    refractory=3 * ms,
    held=(),
    method="exponential_euler",
    defaults={
        "v": -60 * mV,
        "m": "alpha_m / (alpha_m + beta_m)",
        "h": "alpha_h / (alpha_h + beta_h)",
        "n": "alpha_n / (alpha_n + beta_n)",
        "g_e": 0 * nS,
        "g_i": 0 * nS,
        "tau_e": 5 * ms,
        "tau_i": 10 * ms,
        "C_m": 200 * pF,
        "g_L": 10 * nS,
        "g_Na": 20000 * nS,
        "g_K": 6000 * nS,
        "E_L": -60 * mV,
        "E_Na": 50 * mV,
        "E_K": -90 * mV,
        "E_e": 0 * mV,
        "E_i": -80 * mV,
        "V_T": -63 * mV,
        "I_e": 0 * pA,
    },
    name="hodgkin_huxley",
    about="sodium and potassium channels, with exponential conductances",
    source=(
        "Traub and Miles 1991, Neuronal Networks of the Hippocampus, doi 10.1017/CBO9780511895401, "
        f"as in benchmark 3 (COBAHH) of {_BRETTE}"
    ),
)

"""The standard neurons, as equation text. Arrivals are added to states, continuous drive enters through the port ``I_ext``.

A standard neuron is a value: ``print(lif_exponential)`` shows its equations, units, defaults and source, and
``lif_exponential.with_defaults(tau_m=20 * ms)`` is another one.

Examples
--------
>>> print(poisson_neuron)
NeuronModel 'poisson_neuron'
    firing_rate : Hz
  spike: rand() < firing_rate * dt
  values: firing_rate = 10 Hz
  source: the homogeneous Poisson process in discrete time: at most one spike per step
"""

from __future__ import annotations

from ..units import Hz, ms, mV, nS, pA, pF
from .neuron_model import METHODS, NeuronModel

__all__ = [
    "METHODS",
    "NeuronModel",
    "hodgkin_huxley",
    "lif_alpha",
    "lif_conductance",
    "lif_delta",
    "lif_exponential",
    "lif_exponential_two",
    "poisson_neuron",
    "rate_neuron",
]

_BRETTE = (
    "Brette et al. 2007, Simulation of networks of spiking neurons, Journal of Computational Neuroscience 23:349, "
    "doi 10.1007/s10827-007-0038-6"
)

lif_delta = NeuronModel(
    """
    dv/dt = (E_L - v) / tau_m + (I_e + I_ext) / C_m : mV    # arrivals: jumps of v
    tau_m : ms
    C_m : pF
    E_L, v_th, v_reset : mV
    I_e : pA
    I_ext : pA (port)
    """,
    spike="v > v_th",
    reset="v = v_reset",
    refractory=2 * ms,
    defaults={
        "v": 10 * mV,
        "tau_m": 20 * ms,
        "C_m": 250 * pF,
        "E_L": 0 * mV,
        "v_th": 20 * mV,
        "v_reset": 10 * mV,
        "I_e": 0 * pA,
    },
    name="lif_delta",
    source=(
        "Brunel 2000, Dynamics of sparsely connected networks of excitatory and inhibitory spiking neurons, "
        "Journal of Computational Neuroscience 8:183, doi 10.1023/A:1008925309027"
    ),
)

lif_exponential = NeuronModel(
    """
    dv/dt = (E_L - v) / tau_m + (I_syn + I_e + I_ext) / C_m : mV
    dI_syn/dt = -I_syn / tau_syn : pA                       # arrivals: jumps of I_syn
    tau_m, tau_syn : ms
    C_m : pF
    E_L, v_th, v_reset : mV
    I_e : pA
    I_ext : pA (port)
    """,
    spike="v > v_th",
    reset="v = v_reset",
    refractory=2 * ms,
    defaults={
        "v": -65 * mV,
        "I_syn": 0 * pA,
        "tau_m": 10 * ms,
        "tau_syn": 0.5 * ms,
        "C_m": 250 * pF,
        "E_L": -65 * mV,
        "v_th": -50 * mV,
        "v_reset": -65 * mV,
        "I_e": 0 * pA,
    },
    name="lif_exponential",
    source=(
        "Potjans and Diesmann 2014, The cell-type specific cortical microcircuit, Cerebral Cortex 24:785, "
        "doi 10.1093/cercor/bhs358"
    ),
)

lif_exponential_two = NeuronModel(
    """
    dv/dt = (E_L - v) / tau_m + (I_exc + I_inh + I_e + I_ext) / C_m : mV
    dI_exc/dt = -I_exc / tau_exc : pA                       # excitatory arrivals: jumps of I_exc
    dI_inh/dt = -I_inh / tau_inh : pA                       # inhibitory arrivals: jumps of I_inh, with negative weights
    tau_m, tau_exc, tau_inh : ms
    C_m : pF
    E_L, v_th, v_reset : mV
    I_e : pA
    I_ext : pA (port)
    """,
    spike="v > v_th",
    reset="v = v_reset",
    refractory=5 * ms,
    defaults={
        "v": -60 * mV,
        "I_exc": 0 * pA,
        "I_inh": 0 * pA,
        "tau_m": 20 * ms,
        "tau_exc": 5 * ms,
        "tau_inh": 10 * ms,
        "C_m": 200 * pF,
        "E_L": -49 * mV,
        "v_th": -50 * mV,
        "v_reset": -60 * mV,
        "I_e": 0 * pA,
    },
    name="lif_exponential_two",
    source=f"benchmark 2 (CUBA) of {_BRETTE}",
)

lif_alpha = NeuronModel(
    """
    dv/dt = (E_L - v) / tau_m + (I_syn + I_e + I_ext) / C_m : mV
    dI_syn/dt = (exp(1) * a_syn - I_syn) / tau_syn : pA     # a jump of a_syn by w: a current that peaks at w after tau_syn
    da_syn/dt = -a_syn / tau_syn : pA                       # arrivals: jumps of a_syn
    tau_m, tau_syn : ms
    C_m : pF
    E_L, v_th, v_reset : mV
    I_e : pA
    I_ext : pA (port)
    """,
    spike="v > v_th",
    reset="v = v_reset",
    refractory=2 * ms,
    defaults={
        "v": -70 * mV,
        "I_syn": 0 * pA,
        "a_syn": 0 * pA,
        "tau_m": 10 * ms,
        "tau_syn": 2 * ms,
        "C_m": 250 * pF,
        "E_L": -70 * mV,
        "v_th": -55 * mV,
        "v_reset": -70 * mV,
        "I_e": 0 * pA,
    },
    name="lif_alpha",
    source=(
        "Rotter and Diesmann 1999, Exact digital simulation of time-invariant linear systems, Biological Cybernetics 81:381, "
        "doi 10.1007/s004220050570"
    ),
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
    source=f"benchmark 1 (COBA) of {_BRETTE}",
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
    source=(
        "Traub and Miles 1991, Neuronal Networks of the Hippocampus, doi 10.1017/CBO9780511895401, "
        f"as in benchmark 3 (COBAHH) of {_BRETTE}"
    ),
)

poisson_neuron = NeuronModel(
    "firing_rate : Hz",
    spike="rand() < firing_rate * dt",
    defaults={"firing_rate": 10 * Hz},
    name="poisson_neuron",
    source="the homogeneous Poisson process in discrete time: at most one spike per step",
)

rate_neuron = NeuronModel(
    """
    du/dt = (u_rest - u + u_in) / tau : 1
    r = sigmoid(gain * (u - theta)) : 1 (output)
    tau : ms
    u_rest, gain, theta : 1
    u_in : 1 (port)                                         # the weighted sum of signals, read in every step
    """,
    defaults={"u": 0.0, "tau": 10 * ms, "u_rest": 0.0, "gain": 1.0, "theta": 0.0},
    name="rate_neuron",
    source=(
        "Wilson and Cowan 1972, Excitatory and inhibitory interactions in localized populations of model neurons, "
        "Biophysical Journal 12:1, doi 10.1016/S0006-3495(72)86068-5"
    ),
)

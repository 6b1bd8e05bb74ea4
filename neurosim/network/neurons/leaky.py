"""Leaky integrate-and-fire neurons with currents: linear, so every step of them is exact.

An arrival of weight w at an exponential current is a jump by w; an alpha-shaped or dual-exponential current peaks at w.
"""

from __future__ import annotations

from ...units import ms, mV, pA, pF
from ..neuron_model import NeuronModel

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
    about="leaky integrate-and-fire, arrivals are jumps of the voltage",
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
    about="leaky integrate-and-fire with an exponential current",
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
    about="leaky integrate-and-fire with an excitatory and an inhibitory exponential current",
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
    about="leaky integrate-and-fire with an alpha-shaped current",
    source=(
        "Rotter and Diesmann 1999, Exact digital simulation of time-invariant linear systems, Biological Cybernetics 81:381, "
        "doi 10.1007/s004220050570"
    ),
)

lif_dual_exponential = NeuronModel(
    """
    dv/dt = (E_L - v) / tau_m + (I_syn + I_e + I_ext) / C_m : mV
    dI_syn/dt = (exp(peak) * a_syn - I_syn) / tau_decay : pA    # a jump of a_syn by w: a current that peaks at w
    da_syn/dt = -a_syn / tau_rise : pA                          # arrivals: jumps of a_syn
    peak = tau_decay / tau_rise / exprel(log(tau_decay / tau_rise)) : 1    # time of the peak, in units of tau_rise
    tau_m, tau_rise, tau_decay : ms
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
        "tau_rise": 0.5 * ms,
        "tau_decay": 5 * ms,
        "C_m": 250 * pF,
        "E_L": -70 * mV,
        "v_th": -55 * mV,
        "v_reset": -70 * mV,
        "I_e": 0 * pA,
    },
    name="lif_dual_exponential",
    about="leaky integrate-and-fire with a current of two time constants (a difference of exponentials), also of equal ones",
    source=(
        "Roth and van Rossum 2009, Modeling synapses, in Computational Modeling Methods for Neuroscientists, "
        "doi 10.7551/mitpress/9780262013277.003.0007"
    ),
)

lif_loihi = NeuronModel(
    """
    u[n+1] = (1 - du) * u : 1           # current; arrivals: jumps of u
    v[n+1] = (1 - dv) * v + u + bias + u_ext : 1
    du, dv, bias, v_th : 1              # fractions that decay in a step; the chip stores 4096 du and 4096 dv
    u_ext : 1 (port)
    """,
    spike="v > v_th",
    reset="v = 0",
    defaults={"u": 0.0, "v": 0.0, "du": 0.25, "dv": 0.03125, "bias": 0.0, "v_th": 100.0},
    name="lif_loihi",
    about="leaky integrate-and-fire in the words of the Loihi chip: two decays per step, no units",
    source=(
        "Davies et al. 2018, Loihi: a neuromorphic manycore processor with on-chip learning, IEEE Micro 38:82, "
        "doi 10.1109/MM.2018.112130359; time constants are -dt/log(1 - dv) and -dt/log(1 - du)"
    ),
)

lif_adaptive_loihi = NeuronModel(
    """
    u[n+1] = (1 - du) * u : 1           # current; arrivals: jumps of u
    v[n+1] = (1 - dv) * v + u + bias + u_ext : 1        # no spike changes it
    theta[n+1] = theta_0 + (1 - dtheta) * (theta - theta_0) : 1
    r[n+1] = (1 - dr) * r : 1           # refractory state, taken from v; on the chip theta begins at theta_0 and r at 0
    du, dv, dtheta, dr, bias, theta_0, theta_step : 1   # fractions that decay in a step; a spike raises the threshold by theta_step
    u_ext : 1 (port)
    """,
    spike="v - r >= theta",
    reset="r += 2 * theta; theta += theta_step",
    defaults={
        "u": 0.0,
        "v": 0.0,
        "theta": 100.0,
        "r": 0.0,
        "du": 0.25,
        "dv": 0.03125,
        "dtheta": 0.02,
        "dr": 0.125,
        "bias": 0.0,
        "theta_0": 100.0,
        "theta_step": 20.0,
    },
    name="lif_adaptive_loihi",
    about="leaky integrate-and-fire with an adaptive threshold and a refractory state, in the words of the Loihi chip",
    source="the adaptive threshold and refractory neuron of Lava 0.10.0 (proc/atrlif)",
)

"""Leaky neurons that tire: an adaptation current, or a threshold that moves. Linear, so every step of them is exact."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from ...units import Quantity, ms, mV, nS, pA, pF
from ..neuron_model import NeuronModel

_LIU = (
    "Liu and Wang 2001, Spike-frequency adaptation of a generalized leaky integrate-and-fire model neuron, Journal of "
    "Computational Neuroscience 10:25, doi 10.1023/A:1008916026143"
)
_KOBAYASHI = (
    "Kobayashi, Tsubo and Shinomoto 2009, Made-to-order spiking neuron model equipped with a multi-timescale adaptive "
    "threshold, Frontiers in Computational Neuroscience 3:9, doi 10.3389/neuro.10.009.2009"
)

lif_adaptive = NeuronModel(
    """
    dv/dt = (g_L * (E_L - v) - w_a + I_syn + I_e + I_ext) / C_m : mV
    dw_a/dt = (a * (v - E_L) - w_a) / tau_a : pA            # adaptation current; a spike adds b
    dI_syn/dt = -I_syn / tau_syn : pA                       # arrivals: jumps of I_syn
    tau_a, tau_syn : ms
    C_m : pF
    g_L, a : nS
    E_L, v_th, v_reset : mV
    b, I_e : pA
    I_ext : pA (port)
    """,
    spike="v > v_th",
    reset="v = v_reset; w_a += b",
    refractory=2 * ms,
    defaults={
        "v": -70 * mV,
        "w_a": 0 * pA,
        "I_syn": 0 * pA,
        "tau_a": 100 * ms,
        "tau_syn": 5 * ms,
        "C_m": 500 * pF,
        "g_L": 25 * nS,
        "a": 0 * nS,
        "E_L": -70 * mV,
        "v_th": -54 * mV,
        "v_reset": -60 * mV,
        "b": 20 * pA,
        "I_e": 0 * pA,
    },
    name="lif_adaptive",
    about="leaky integrate-and-fire with an adaptation current",
    source=f"{_LIU}, with a current instead of a conductance of potassium",
)

lif_adaptive_threshold = NeuronModel(
    """
    dv/dt = (I_e + I_ext - v) / tau_m : 1                   # arrivals: jumps of v
    db/dt = -b / tau_a : 1/ms                               # the neuron's own rate; a spike adds 1 / tau_a
    threshold = b_0 + beta * b : 1
    tau_m, tau_a, beta : ms
    b_0, I_e : 1
    I_ext : 1 (port)
    """,
    spike="v > threshold",
    reset="v -= threshold; b += 1 / tau_a",
    refractory=5 * ms,
    held=(),
    defaults={
        "v": 0.0,
        "b": 0.0,
        "tau_m": 20 * ms,
        "tau_a": 700 * ms,
        "beta": 1.8 * ms,
        "b_0": 0.01,
        "I_e": 0.0,
    },
    name="lif_adaptive_threshold",
    about="leaky integrate-and-fire whose threshold grows with its own rate (ALIF, LSNN)",
    source=(
        "Bellec, Salaj, Subramoney, Legenstein and Maass 2018, Long short-term memory and learning-to-learn in networks of spiking "
        "neurons, doi 10.48550/arXiv.1803.09574; values: sequential MNIST"
    ),
)

multi_timescale_threshold = NeuronModel(
    """
    dv/dt = (E_L - v) / tau_m + (I_syn + I_e + I_ext) / C_m : mV    # never reset
    dtheta_1/dt = -theta_1 / tau_1 : mV                     # a spike adds alpha_1
    dtheta_2/dt = -theta_2 / tau_2 : mV                     # a spike adds alpha_2
    dI_syn/dt = -I_syn / tau_syn : pA                       # arrivals: jumps of I_syn
    threshold = omega + theta_1 + theta_2 : mV
    tau_m, tau_1, tau_2, tau_syn : ms
    C_m : pF
    E_L, omega, alpha_1, alpha_2 : mV
    I_e : pA
    I_ext : pA (port)
    """,
    spike="v > threshold",
    reset="theta_1 += alpha_1; theta_2 += alpha_2",
    refractory=2 * ms,
    held=(),
    defaults={
        "v": -65 * mV,
        "theta_1": 0 * mV,
        "theta_2": 0 * mV,
        "I_syn": 0 * pA,
        "tau_m": 5 * ms,
        "tau_1": 10 * ms,
        "tau_2": 200 * ms,
        "tau_syn": 1 * ms,
        "C_m": 100 * pF,
        "E_L": -65 * mV,
        "omega": -45 * mV,
        "alpha_1": 30 * mV,
        "alpha_2": 2 * mV,
        "I_e": 0 * pA,
    },
    name="multi_timescale_threshold",
    about="leaky membrane that is never reset, threshold of two time constants (MAT)",
    source=f"{_KOBAYASHI} (regular spiking); other cells: multi_timescale_presets",
)

multi_timescale_presets: Mapping[str, Mapping[str, Quantity]] = MappingProxyType(
    {
        "RS": MappingProxyType({"alpha_1": 30 * mV, "alpha_2": 2 * mV, "omega": -45 * mV}),
        "IB": MappingProxyType({"alpha_1": 7.5 * mV, "alpha_2": 1.5 * mV, "omega": -46 * mV}),
        "FS": MappingProxyType({"alpha_1": 10 * mV, "alpha_2": 0.2 * mV, "omega": -55 * mV}),
        "CH": MappingProxyType({"alpha_1": -0.5 * mV, "alpha_2": 0.4 * mV, "omega": -39 * mV}),
    }
)
"""Regular spiking, intrinsically bursting, fast spiking and chattering cells of Kobayashi, Tsubo and Shinomoto 2009, figure 5."""

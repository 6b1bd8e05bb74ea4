"""Neurons whose upstroke is part of the equation: exponential, adaptive exponential, quadratic, Izhikevich's."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from ...units import Quantity, ms, mV, nS, pA, pF
from ..neuron_model import NeuronModel

exponential_if = NeuronModel(
    """
    dv/dt = (g_L * (E_L - v) + g_L * Delta_T * exp((min(v, v_peak) - V_T) / Delta_T) + I_syn + I_e + I_ext) / C_m : mV
    dI_syn/dt = -I_syn / tau_syn : pA                       # arrivals: jumps of I_syn
    tau_syn : ms
    C_m : pF
    g_L : nS
    E_L, V_T, Delta_T, v_peak, v_reset : mV
    I_e : pA
    I_ext : pA (port)
    """,
    spike="v > v_peak",
    reset="v = v_reset",
    refractory=1.7 * ms,
    defaults={
        "v": -65 * mV,
        "I_syn": 0 * pA,
        "tau_syn": 5 * ms,
        "C_m": 100 * pF,
        "g_L": 10 * nS,
        "E_L": -65 * mV,
        "V_T": -59.9 * mV,
        "Delta_T": 3.48 * mV,
        "v_peak": -30 * mV,
        "v_reset": -68 * mV,
        "I_e": 0 * pA,
    },
    name="exponential_if",
    about="exponential integrate-and-fire",
    source=(
        "Fourcaud-Trocme, Hansel, van Vreeswijk and Brunel 2003, How spike generation mechanisms determine the neuronal response to "
        "fluctuating inputs, Journal of Neuroscience 23:11628, doi 10.1523/JNEUROSCI.23-37-11628.2003; for a membrane of 10000 um2"
    ),
)

adex = NeuronModel(
    """
    dv/dt = (g_L * (E_L - v) + g_L * Delta_T * exp((u - V_T) / Delta_T) - w_a + I_syn + I_e + I_ext) / C_m : mV
    dw_a/dt = (a * (u - E_L) - w_a) / tau_w : pA            # adaptation current; a spike adds b
    dI_syn/dt = -I_syn / tau_syn : pA                       # arrivals: jumps of I_syn
    u = min(v, v_peak) : mV                                 # so that no slope of the upstroke depends on the time step
    tau_w, tau_syn : ms
    C_m : pF
    g_L, a : nS
    E_L, V_T, Delta_T, v_peak, v_reset : mV
    b, I_e : pA
    I_ext : pA (port)
    """,
    spike="v > v_peak",
    reset="v = v_reset; w_a += b",
    defaults={
        "v": -70.6 * mV,
        "w_a": 0 * pA,
        "I_syn": 0 * pA,
        "tau_w": 144 * ms,
        "tau_syn": 5 * ms,
        "C_m": 281 * pF,
        "g_L": 30 * nS,
        "a": 4 * nS,
        "E_L": -70.6 * mV,
        "V_T": -50.4 * mV,
        "Delta_T": 2 * mV,
        "v_peak": -40 * mV,
        "v_reset": -70.6 * mV,
        "b": 80.5 * pA,
        "I_e": 0 * pA,
    },
    name="adex",
    about="adaptive exponential integrate-and-fire (AdEx)",
    source=(
        "Brette and Gerstner 2005, Adaptive exponential integrate-and-fire model as an effective description of neuronal activity, "
        "Journal of Neurophysiology 94:3637, doi 10.1152/jn.00686.2005; the spike ends at -40 mV instead of 20 mV, which takes less "
        "than 0.07 ms more; firing patterns: adex_presets"
    ),
)


def _pattern(
    C_m: float, g_L: float, E_L: float, a: float, tau_w: float, b: float, v_reset: float, I_e: float
) -> Mapping[str, Quantity]:
    """A row of the table of firing patterns, in pF, nS, mV, ms, pA; all have V_T = -50 mV and Delta_T = 2 mV."""
    return MappingProxyType(
        {
            "C_m": C_m * pF,
            "g_L": g_L * nS,
            "E_L": E_L * mV,
            "V_T": -50 * mV,
            "Delta_T": 2 * mV,
            "a": a * nS,
            "tau_w": tau_w * ms,
            "b": b * pA,
            "v_reset": v_reset * mV,
            "I_e": I_e * pA,
            "v": E_L * mV,
        }
    )


adex_presets: Mapping[str, Mapping[str, Quantity]] = MappingProxyType(
    {
        "tonic": _pattern(200, 10, -70, 2, 30, 0, -58, 500),
        "adapting": _pattern(200, 12, -70, 2, 300, 60, -58, 500),
        "initial_burst": _pattern(130, 18, -58, 4, 150, 120, -50, 400),
        "regular_bursting": _pattern(200, 10, -58, 2, 120, 100, -46, 210),
        "delayed_accelerating": _pattern(200, 12, -70, -10, 300, 0, -58, 300),
        "delayed_bursting": _pattern(100, 10, -65, -10, 90, 30, -47, 110),
        "transient": _pattern(100, 10, -65, 10, 90, 100, -47, 180),
        "irregular": _pattern(100, 12, -60, -11, 130, 30, -48, 160),
    }
)
"""Firing patterns with their step of current, which starts at rest: Naud, Marcille, Clopath and Gerstner 2008, Firing patterns in the
adaptive exponential integrate-and-fire model, Biological Cybernetics 99:335, doi 10.1007/s00422-008-0264-7, figure 4 and table 1."""

quadratic_if = NeuronModel(
    """
    dv/dt = (g_L * (v - E_L) * (v - V_c) / (V_c - E_L) + I_syn + I_e + I_ext) / C_m : mV
    dI_syn/dt = -I_syn / tau_syn : pA                       # arrivals: jumps of I_syn
    tau_syn : ms
    C_m : pF
    g_L : nS
    E_L, V_c, v_peak, v_reset : mV                          # V_c: without current the neuron fires from above this voltage
    I_e : pA
    I_ext : pA (port)
    """,
    spike="v > v_peak",
    reset="v = v_reset",
    defaults={
        "v": -65 * mV,
        "I_syn": 0 * pA,
        "tau_syn": 5 * ms,
        "C_m": 100 * pF,
        "g_L": 10 * nS,
        "E_L": -65 * mV,
        "V_c": -50 * mV,
        "v_peak": 20 * mV,
        "v_reset": -80 * mV,
        "I_e": 0 * pA,
    },
    name="quadratic_if",
    about="quadratic integrate-and-fire (the theta neuron, up to where it is cut)",
    source=(
        "Latham, Richmond, Nelson and Nirenberg 2000, Intrinsic dynamics in neuronal networks. I. Theory, Journal of "
        "Neurophysiology 83:808, doi 10.1152/jn.2000.83.2.808; membrane, peak and reset are examples"
    ),
)

izhikevich = NeuronModel(
    """
    dv/dt = (0.04/mV * v**2 + 5 * v + 140*mV) / ms - u + I_e + I_ext : mV    # arrivals: jumps of v
    du/dt = a * (b * v - u) : mV/ms                         # recovery; a spike adds d
    a, b : 1/ms
    c : mV
    d, I_e : mV/ms
    I_ext : mV/ms (port)
    """,
    spike="v >= 30*mV",
    reset="v = c; u += d",
    defaults={
        "v": -65 * mV,
        "u": "b * v",
        "a": 0.02 / ms,
        "b": 0.2 / ms,
        "c": -65 * mV,
        "d": 8 * mV / ms,
        "I_e": 0 * mV / ms,
    },
    name="izhikevich",
    about="Izhikevich's simple model: many firing patterns from four numbers",
    source=(
        "Izhikevich 2003, Simple model of spiking neurons, IEEE Transactions on Neural Networks 14:1569, "
        "doi 10.1109/TNN.2003.820440 (regular spiking); other cells: izhikevich_presets"
    ),
)


def _cell(a: float, b: float, c: float, d: float) -> Mapping[str, Quantity]:
    """The four numbers of the publication with their units."""
    return MappingProxyType({"a": a / ms, "b": b / ms, "c": c * mV, "d": d * mV / ms})


izhikevich_presets: Mapping[str, Mapping[str, Quantity]] = MappingProxyType(
    {
        "RS": _cell(0.02, 0.2, -65, 8),
        "IB": _cell(0.02, 0.2, -55, 4),
        "CH": _cell(0.02, 0.2, -50, 2),
        "FS": _cell(0.1, 0.2, -65, 2),
        "TC": _cell(0.02, 0.25, -65, 0.05),
        "RZ": _cell(0.1, 0.26, -65, 2),
        "LTS": _cell(0.02, 0.25, -65, 2),
    }
)
"""Regular spiking, intrinsically bursting, chattering, fast spiking, thalamo-cortical, resonator and low-threshold spiking cells of
Izhikevich 2003, figure 2."""

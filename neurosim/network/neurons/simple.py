"""Neurons without a membrane that fires: chance, and a rate."""

from __future__ import annotations

from ...units import Hz, ms
from ..neuron_model import NeuronModel

poisson_neuron = NeuronModel(
    "firing_rate : Hz",
    spike="rand() < firing_rate * dt",
    defaults={"firing_rate": 10 * Hz},
    name="poisson_neuron",
    about="fires by chance, at a given rate",
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
    about="leaky integrator that sends a sigmoid rate as a signal",
    source=(
        "Wilson and Cowan 1972, Excitatory and inhibitory interactions in localized populations of model neurons, "
        "Biophysical Journal 12:1, doi 10.1016/S0006-3495(72)86068-5"
    ),
)

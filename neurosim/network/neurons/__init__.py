"""The standard neurons, as equation text. Arrivals are added to states, continuous drive enters through the port ``I_ext``.

A standard neuron is a value: ``print(lif_exponential)`` shows its equations, units, defaults and source, and
``lif_exponential.with_defaults(tau_m=20 * ms)`` is another one. Some come with presets, values of published cells that go into
``with_defaults(**...)`` or ``Population(..., **...)``.

A new neuron is one constant in a file of this folder, its name below, and one case in ``neurosim/conformance``.

Examples
--------
>>> print(poisson_neuron)
NeuronModel 'poisson_neuron': fires by chance, at a given rate
    firing_rate : Hz
  spike: rand() < firing_rate * dt
  values: firing_rate = 10 Hz
  source: the homogeneous Poisson process in discrete time: at most one spike per step

>>> chattering = izhikevich.with_defaults(**izhikevich_presets["CH"])
>>> chattering.defaults["c"]
-50 mV
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ...spelling import unknown_name
from ..neuron_model import METHODS, NeuronModel
from .adapting import lif_adaptive, lif_adaptive_threshold, multi_timescale_presets, multi_timescale_threshold
from .compartments import pyramidal_two_compartment
from .conductances import hodgkin_huxley, lif_conductance, lif_conductance_alpha, lif_nmda
from .leaky import lif_adaptive_loihi, lif_alpha, lif_delta, lif_dual_exponential, lif_exponential, lif_exponential_two, lif_loihi
from .onset import adex, adex_presets, exponential_if, izhikevich, izhikevich_presets, quadratic_if
from .simple import poisson_neuron, rate_neuron

__all__ = [
    "METHODS",
    "NeuronModel",
    "adex",
    "adex_presets",
    "exponential_if",
    "hodgkin_huxley",
    "izhikevich",
    "izhikevich_presets",
    "lif_adaptive",
    "lif_adaptive_loihi",
    "lif_adaptive_threshold",
    "lif_alpha",
    "lif_conductance",
    "lif_conductance_alpha",
    "lif_delta",
    "lif_dual_exponential",
    "lif_exponential",
    "lif_exponential_two",
    "lif_loihi",
    "lif_nmda",
    "multi_timescale_presets",
    "multi_timescale_threshold",
    "poisson_neuron",
    "pyramidal_two_compartment",
    "quadratic_if",
    "rate_neuron",
]

if not TYPE_CHECKING:  # a type checker refuses such names by itself

    def __getattr__(name: str) -> object:
        """Refuse a name that is not here, with the nearest one."""
        raise unknown_name("neurosim.neurons", name, __all__)

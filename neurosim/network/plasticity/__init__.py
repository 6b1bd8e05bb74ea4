"""How weights learn: what a rule is, and the standard ones. Adding a rule is one value here and one case of the conformance suite.

A rule is a value: ``print(ns.plasticity.triplet_stdp(w_0=10 * pA))`` shows its equations, units, values and source, and
``.with_values(...)`` is the same rule with other parameters.
"""

from typing import TYPE_CHECKING

from ...spelling import unknown_name
from .combined import combine
from .homeostasis import synaptic_scaling
from .inhibitory import inhibitory_stdp
from .pairs import PAIRINGS, multiplicative_stdp, nearest_neighbour_stdp, pair_stdp
from .reward import reward_stdp
from .rule import Plasticity
from .triplets import TRIPLET_FITS, triplet_stdp
from .voltage import clopath_neuron, clopath_stdp

__all__ = [
    "PAIRINGS",
    "TRIPLET_FITS",
    "Plasticity",
    "clopath_neuron",
    "clopath_stdp",
    "combine",
    "inhibitory_stdp",
    "multiplicative_stdp",
    "nearest_neighbour_stdp",
    "pair_stdp",
    "reward_stdp",
    "synaptic_scaling",
    "triplet_stdp",
]

if not TYPE_CHECKING:  # a type checker refuses such names by itself

    def __getattr__(name: str) -> object:
        """Refuse a name that is not here, with the nearest one."""
        raise unknown_name("neurosim.plasticity", name, __all__)

"""Who is connected to whom: rules that yield pairs of neurons, or lists of pairs.

A rule is a value without random numbers in it; which pairs it yields depends on the network's seed and on the name of the
projection that uses it. Shape letters: S sources, N targets, E synapses.
"""

from . import kernels
from .checks import check_connectivity
from .convolution import convolution
from .distance import distance_dependent
from .drawn import (
    all_to_all,
    broadcast,
    fixed_indegree,
    fixed_outdegree,
    fixed_probability,
    fixed_total_number,
    one_to_one,
    small_world,
    sum_,
)
from .given import dense, pairs, sparse
from .rule import Connectivity
from .space import ByDistance, Positions, Space, by_distance, grid, positions

__all__ = [
    "ByDistance",
    "Connectivity",
    "Positions",
    "Space",
    "all_to_all",
    "broadcast",
    "by_distance",
    "check_connectivity",
    "convolution",
    "dense",
    "distance_dependent",
    "fixed_indegree",
    "fixed_outdegree",
    "fixed_probability",
    "fixed_total_number",
    "grid",
    "kernels",
    "one_to_one",
    "pairs",
    "positions",
    "small_world",
    "sparse",
    "sum_",
]

"""The wish: what a user wants to be simulated, as values that are checked when they are made. No engine is known here."""

from . import connectivity, distributions, neurons, plasticity, synapses
from .checks import check_schedule
from .connectivity import (
    Connectivity,
    Positions,
    all_to_all,
    broadcast,
    by_distance,
    convolution,
    dense,
    distance_dependent,
    fixed_indegree,
    fixed_outdegree,
    fixed_probability,
    fixed_total_number,
    grid,
    kernels,
    one_to_one,
    pairs,
    positions,
    small_world,
    sparse,
    sum_,
)
from .distributions import Distribution, constant, exponential, gamma, lognormal, normal, truncated, uniform
from .network import Network, Part
from .neuron_model import NeuronModel
from .plasticity import Plasticity, pair_stdp
from .population import Output, Population
from .probes import Probe
from .projection import Projection
from .schedule import Assignment, CopyWeights, Phase, Schedule
from .stimuli import (
    OrnsteinUhlenbeck,
    PoissonSource,
    SampledArray,
    SampleTable,
    SineCurrent,
    SpikeTimes,
    StepCurrent,
    Stimulus,
)
from .synapses import SynapseModel

__all__ = [
    "Assignment",
    "Connectivity",
    "CopyWeights",
    "Distribution",
    "Network",
    "NeuronModel",
    "OrnsteinUhlenbeck",
    "Output",
    "Part",
    "Phase",
    "Plasticity",
    "PoissonSource",
    "Population",
    "Positions",
    "Probe",
    "Projection",
    "SampleTable",
    "SampledArray",
    "Schedule",
    "SineCurrent",
    "SpikeTimes",
    "StepCurrent",
    "Stimulus",
    "SynapseModel",
    "all_to_all",
    "broadcast",
    "by_distance",
    "check_schedule",
    "connectivity",
    "constant",
    "convolution",
    "dense",
    "distance_dependent",
    "distributions",
    "exponential",
    "fixed_indegree",
    "fixed_outdegree",
    "fixed_probability",
    "fixed_total_number",
    "gamma",
    "grid",
    "kernels",
    "lognormal",
    "neurons",
    "normal",
    "one_to_one",
    "pair_stdp",
    "pairs",
    "plasticity",
    "positions",
    "small_world",
    "sparse",
    "sum_",
    "synapses",
    "truncated",
    "uniform",
]

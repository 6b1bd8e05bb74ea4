"""The wish: what a user wants to be simulated, as values that are checked when they are made. No engine is known here."""

from . import connectivity, distributions, neurons, plasticity, synapses
from .checks import check_schedule
from .connectivity import (
    Connectivity,
    all_to_all,
    broadcast,
    dense,
    fixed_indegree,
    fixed_outdegree,
    fixed_probability,
    fixed_total_number,
    one_to_one,
    pairs,
    sparse,
    sum_,
)
from .distributions import Distribution, constant, exponential, lognormal, normal, uniform
from .network import Network, Part
from .neuron_model import NeuronModel
from .plasticity import Plasticity, pair_stdp
from .population import Output, Population
from .probes import Probe
from .projection import Projection
from .schedule import Assignment, CopyWeights, Phase, Schedule
from .stimuli import PoissonSource, SampledArray, SampleTable, SpikeTimes, StepCurrent, Stimulus
from .synapses import SynapseModel

__all__ = [
    "Assignment",
    "Connectivity",
    "CopyWeights",
    "Distribution",
    "Network",
    "NeuronModel",
    "Output",
    "Part",
    "Phase",
    "Plasticity",
    "PoissonSource",
    "Population",
    "Probe",
    "Projection",
    "SampleTable",
    "SampledArray",
    "Schedule",
    "SpikeTimes",
    "StepCurrent",
    "Stimulus",
    "SynapseModel",
    "all_to_all",
    "broadcast",
    "check_schedule",
    "connectivity",
    "constant",
    "dense",
    "distributions",
    "exponential",
    "fixed_indegree",
    "fixed_outdegree",
    "fixed_probability",
    "fixed_total_number",
    "lognormal",
    "neurons",
    "normal",
    "one_to_one",
    "pair_stdp",
    "pairs",
    "plasticity",
    "sparse",
    "sum_",
    "synapses",
    "uniform",
]

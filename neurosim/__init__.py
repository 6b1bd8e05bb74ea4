"""Spiking and continuous-time neural networks: described once, run on several engines, compared.

Describe a network with :class:`Population`, :class:`Projection`, stimuli and probes; :func:`simulate` runs it; the
:class:`Result` holds spikes, traces and where they came from. Units live in :mod:`neurosim.units`.
"""

from typing import TYPE_CHECKING

from neurosim import _checkout as _checkout
from neurosim import analysis, units
from neurosim.analysis import compare
from neurosim.errors import NeurosimError
from neurosim.ir.program import Program
from neurosim.ir.rewrites.freeze import freeze
from neurosim.lowering import lower
from neurosim.network import (
    Assignment,
    CopyWeights,
    Network,
    NeuronModel,
    OrnsteinUhlenbeck,
    Phase,
    Plasticity,
    PoissonSource,
    Population,
    Probe,
    Projection,
    SampledArray,
    SampleTable,
    Schedule,
    SineCurrent,
    SpikeTimes,
    StepCurrent,
    SynapseModel,
    all_to_all,
    broadcast,
    by_distance,
    constant,
    convolution,
    dense,
    distance_dependent,
    exponential,
    fixed_indegree,
    fixed_outdegree,
    fixed_probability,
    fixed_total_number,
    gamma,
    grid,
    kernels,
    lognormal,
    neurons,
    normal,
    one_to_one,
    pairs,
    plasticity,
    positions,
    small_world,
    sparse,
    synapses,
    truncated,
    uniform,
)
from neurosim.result import Result, load_result
from neurosim.simulate import Session, simulate
from neurosim.spelling import unknown_name

__version__ = "0.1.0"

__all__ = [
    "Assignment",
    "CopyWeights",
    "Network",
    "NeuronModel",
    "NeurosimError",
    "OrnsteinUhlenbeck",
    "Phase",
    "Plasticity",
    "PoissonSource",
    "Population",
    "Probe",
    "Program",
    "Projection",
    "Result",
    "SampleTable",
    "SampledArray",
    "Schedule",
    "Session",
    "SineCurrent",
    "SpikeTimes",
    "StepCurrent",
    "SynapseModel",
    "all_to_all",
    "analysis",
    "broadcast",
    "by_distance",
    "compare",
    "constant",
    "convolution",
    "dense",
    "distance_dependent",
    "exponential",
    "fixed_indegree",
    "fixed_outdegree",
    "fixed_probability",
    "fixed_total_number",
    "freeze",
    "gamma",
    "grid",
    "kernels",
    "load_result",
    "lognormal",
    "lower",
    "neurons",
    "normal",
    "one_to_one",
    "pairs",
    "plasticity",
    "positions",
    "simulate",
    "small_world",
    "sparse",
    "synapses",
    "truncated",
    "uniform",
    "units",
]

if not TYPE_CHECKING:  # a type checker refuses such names by itself

    def __getattr__(name: str) -> object:
        """Refuse a name that is not here, with the nearest one."""
        raise unknown_name("neurosim", name, __all__)

"""Spiking and continuous-time neural networks: described once, run on several engines, compared.

Describe a network with :class:`Population`, :class:`Projection`, stimuli and probes; :func:`simulate` runs it; the
:class:`Result` holds spikes, traces and where they came from. Units live in :mod:`neurosim.units`.
"""

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
    Phase,
    Plasticity,
    PoissonSource,
    Population,
    Probe,
    Projection,
    SampledArray,
    SampleTable,
    Schedule,
    SpikeTimes,
    StepCurrent,
    SynapseModel,
    all_to_all,
    broadcast,
    constant,
    dense,
    exponential,
    fixed_indegree,
    fixed_outdegree,
    fixed_probability,
    fixed_total_number,
    lognormal,
    neurons,
    normal,
    one_to_one,
    pairs,
    plasticity,
    sparse,
    synapses,
    uniform,
)
from neurosim.result import Result, load_result
from neurosim.simulate import simulate

__version__ = "0.1.0"

__all__ = [
    "Assignment",
    "CopyWeights",
    "Network",
    "NeuronModel",
    "NeurosimError",
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
    "SpikeTimes",
    "StepCurrent",
    "SynapseModel",
    "all_to_all",
    "analysis",
    "broadcast",
    "compare",
    "constant",
    "dense",
    "exponential",
    "fixed_indegree",
    "fixed_outdegree",
    "fixed_probability",
    "fixed_total_number",
    "freeze",
    "load_result",
    "lognormal",
    "lower",
    "neurons",
    "normal",
    "one_to_one",
    "pairs",
    "plasticity",
    "simulate",
    "sparse",
    "synapses",
    "uniform",
    "units",
]

"""What arrives from outside: random or given spikes, currents that follow equations or numbers, movies, tables of items.

A stimulus is a part of the network with a name and a size; projections carry what it sends. Stimuli of spikes send events,
stimuli of signals have one output, ``value``. Shape letters: N neurons of the stimulus, T samples, K items or steps, E spikes.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TypeAlias

from ...units import FREQUENCY, Dimension
from ..population import Population
from .formulas import SWITCH, OrnsteinUhlenbeck, SineCurrent
from .poisson import PoissonSource
from .sampled import SampledArray, SampleTable, StepCurrent
from .spikes import SpikeTimes

Stimulus: TypeAlias = PoissonSource | SpikeTimes | StepCurrent | SampledArray | SampleTable | SineCurrent | OrnsteinUhlenbeck
STIMULI = (PoissonSource, SpikeTimes, StepCurrent, SampledArray, SampleTable, SineCurrent, OrnsteinUhlenbeck)


def neurons_of(stimulus: Stimulus) -> Population | None:
    """The neurons that a stimulus consists of, where equations say what it sends; None where it is random or given alone."""
    return stimulus.neurons if isinstance(stimulus, (PoissonSource, SineCurrent, OrnsteinUhlenbeck)) else None


def settable_of(stimulus: Stimulus) -> Mapping[str, Dimension]:
    """What of a stimulus a schedule may change, with its dimension."""
    neurons = neurons_of(stimulus)
    if neurons is not None:
        return {entry.name: entry.dimension for entry in neurons.model.parsed.parameters if entry.name != SWITCH}
    return {"rate": FREQUENCY} if isinstance(stimulus, PoissonSource) else {}


__all__ = [
    "OrnsteinUhlenbeck",
    "PoissonSource",
    "STIMULI",
    "SWITCH",
    "SampleTable",
    "SampledArray",
    "SineCurrent",
    "SpikeTimes",
    "StepCurrent",
    "Stimulus",
    "neurons_of",
    "settable_of",
]

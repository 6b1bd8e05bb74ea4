"""All cases, closed forms first."""

from __future__ import annotations

from dataclasses import replace

from neurosim.conformance import (
    networks,
    neurons,
    plans,
    plasticity,
    randomness,
    responses,
    schemes,
    signals,
    synapses,
    vocabulary_connectivity,
    vocabulary_leaky,
    vocabulary_onset,
    vocabulary_plasticity,
    vocabulary_stimuli,
    vocabulary_synapses,
)
from neurosim.conformance.case import Case
from neurosim.conformance.refusals import refusals_of
from neurosim.errors import OptionError, did_you_mean

ALONE: tuple[Case, ...] = (
    *responses.CASES,
    *neurons.CASES,
    *synapses.CASES,
    *plasticity.CASES,
    *signals.CASES,
    *plans.CASES,
    *randomness.CASES,
    *networks.CASES,
    *schemes.CASES,
    *vocabulary_connectivity.CASES,
    *vocabulary_stimuli.CASES,
    *vocabulary_leaky.CASES,
    *vocabulary_onset.CASES,
    *vocabulary_synapses.CASES,
    *vocabulary_plasticity.CASES,
)
"""Cases as they stand in their files."""
CASES: tuple[Case, ...] = tuple(replace(found, obstacles={**found.obstacles, **refusals_of(found.name)}) for found in ALONE)


def case(name: str) -> Case:
    """The case of that name."""
    for found in CASES:
        if found.name == name:
            return found
    raise OptionError(f"there is no case {name!r}{did_you_mean(name, [found.name for found in CASES])}")

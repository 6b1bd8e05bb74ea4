"""All cases, closed forms first."""

from __future__ import annotations

from neurosim.conformance import networks, neurons, plans, plasticity, randomness, responses, schemes, signals, synapses
from neurosim.conformance.case import Case
from neurosim.errors import OptionError, did_you_mean

CASES: tuple[Case, ...] = (
    *responses.CASES,
    *neurons.CASES,
    *synapses.CASES,
    *plasticity.CASES,
    *signals.CASES,
    *plans.CASES,
    *randomness.CASES,
    *networks.CASES,
    *schemes.CASES,
)


def case(name: str) -> Case:
    """The case of that name."""
    for found in CASES:
        if found.name == name:
            return found
    raise OptionError(f"there is no case {name!r}{did_you_mean(name, [found.name for found in CASES])}")

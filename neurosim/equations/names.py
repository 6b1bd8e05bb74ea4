"""Names that a model may not declare, and why."""

from __future__ import annotations

import keyword
from collections.abc import Mapping
from types import MappingProxyType

from ..units import UNITS
from .calculus import is_noise
from .tree import CONSTANTS, FUNCTIONS

_RESERVED: Mapping[str, str] = MappingProxyType(
    {
        "t": "the time",
        "dt": "the length of a step",
        "since_spike": "the time since the last spike",
        "held": "whether a neuron is held after its spike",
        "weight": "the unit of a projection's weight",
    }
)
_RESERVED_IN_SYNAPSES: Mapping[str, str] = MappingProxyType(
    {"w": "the weight of the synapse", "value": "what arrives with the event or signal"}
)


def reason_against(name: str, role: str) -> str:
    """Why a name cannot be declared, or nothing.

    Parameters
    ----------
    name : str
        The name.
    role : str
        ``"neuron"`` or ``"synapse"``.
    """
    if name in UNITS:
        return f"'{name}' is a unit and cannot be declared"
    if name in _RESERVED:
        return f"'{name}' is {_RESERVED[name]} and cannot be declared"
    if role == "synapse" and name in _RESERVED_IN_SYNAPSES:
        return f"'{name}' is {_RESERVED_IN_SYNAPSES[name]} and cannot be declared in a synapse"
    if role == "synapse" and name.endswith(("_pre", "_post")):
        return f"'{name}' would mean a variable of the neuron at that end of the synapse: leave out the _pre or _post"
    if name in FUNCTIONS:
        return f"'{name}' is a function and cannot be declared"
    if name in CONSTANTS:
        return f"'{name}' is a constant and cannot be declared"
    if is_noise(name):
        return f"'{name}' is white noise and cannot be declared"
    if keyword.iskeyword(name):
        return f"'{name}' is a word of Python and cannot be declared"
    return ""

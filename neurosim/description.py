"""A network in plain words: what a picture, a report or a reader years later needs, without the objects it was made of.

`neurosim.network` writes it, a Program carries it and the file of a result keeps it, as JSON.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

STATEMENTS = ("spike", "reset", "refractory", "held", "payload", "on arrival", "on pre", "on post", "on step", "every")
"""Keys of `ModelWords.statements`."""


@dataclass(frozen=True)
class ModelWords:
    """A neuron model, a synapse or a learning rule as it was written.

    ``kind``: 'neuron', 'synapse' or 'rule'. ``equations``: the text. ``statements``: occasion -> text, see `STATEMENTS`.
    ``source``: where it comes from.
    """

    kind: str
    name: str
    equations: str = ""
    statements: Mapping[str, str] = field(default_factory=dict)
    source: str = ""


@dataclass(frozen=True)
class ValueWords:
    """A parameter or an initial state: its name, its value with its unit, and whether it is the model's default."""

    name: str
    value: str
    default: bool = False


@dataclass(frozen=True)
class PartWords:
    """A population or a stimulus.

    ``what``: the name of its model, or the kind of stimulus. ``model``: a key of `Description.models`, '' for a stimulus.
    ``method``: the scheme that was asked for. ``recorded``: variables with a probe.
    """

    name: str
    kind: str
    what: str
    size: int
    model: str = ""
    method: str = ""
    values: tuple[ValueWords, ...] = ()
    recorded: tuple[str, ...] = ()


@dataclass(frozen=True)
class ProjectionWords:
    """Synapses from one part to another.

    ``signal``: the output that is sent, '' for spikes. ``synapses``: their number, None where it is drawn. ``synapse``, ``rule``:
    keys of `Description.models`, '' for a static synapse and none. ``negative``: no weight is positive and one is negative.
    ``values``: parameters and initial states of the synapse and the rule.
    """

    name: str
    source: str
    target: str
    into: str
    connectivity: str
    synapses: int | None = None
    weight: str = ""
    delay: str = ""
    bounds: str = ""
    signal: str = ""
    synapse: str = ""
    rule: str = ""
    negative: bool = False
    values: tuple[ValueWords, ...] = ()
    recorded: tuple[str, ...] = ()


@dataclass(frozen=True)
class Description:
    """A whole network: ``parts`` are populations and stimuli in the order in which they were given."""

    name: str = ""
    models: Mapping[str, ModelWords] = field(default_factory=dict)
    parts: tuple[PartWords, ...] = ()
    projections: tuple[ProjectionWords, ...] = ()


def to_plain(description: Description) -> dict[str, Any]:
    """Dictionaries, lists, texts and numbers, ready for JSON."""
    return asdict(description)


def from_plain(plain: Mapping[str, Any]) -> Description:
    """The inverse of `to_plain`, also after a passage through JSON; keys that this version does not know are passed over.

    Raises
    ------
    KeyError, TypeError, ValueError, AttributeError
        Where ``plain`` was not made by `to_plain`.
    """
    models = {str(key): ModelWords(**_known(ModelWords, words)) for key, words in plain["models"].items()}
    parts = tuple(PartWords(**_with_lists(_known(PartWords, words))) for words in plain["parts"])
    projections = tuple(ProjectionWords(**_with_lists(_known(ProjectionWords, words))) for words in plain["projections"])
    return Description(str(plain["name"]), models, parts, projections)


def _known(kind: type, plain: Mapping[str, Any]) -> dict[str, Any]:
    fields: Mapping[str, Any] = vars(kind)["__dataclass_fields__"]
    return {name: plain[name] for name in fields if name in plain}


def _with_lists(known: dict[str, Any]) -> dict[str, Any]:
    known["values"] = tuple(ValueWords(**_known(ValueWords, words)) for words in known.get("values", ()))
    known["recorded"] = tuple(str(variable) for variable in known.get("recorded", ()))
    return known

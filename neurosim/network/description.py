"""A network in plain words, see `neurosim.description`."""

from __future__ import annotations

import re
import textwrap
from collections.abc import Iterable, Mapping
from dataclasses import fields
from typing import Any

import numpy as np

from ..description import Description, ModelWords, PartWords, ProjectionWords, ValueWords
from ..units import Quantity
from .connectivity import ByDistance
from .distributions import Distribution
from .network import Network
from .neuron_model import SETTABLE, NeuronModel
from .plasticity import Plasticity
from .population import Population
from .projection import Projection
from .stimuli import Stimulus
from .synapses import SynapseModel
from .values import is_number, shown

Model = NeuronModel | SynapseModel | Plasticity
LONGEST = 60
"""Of a value, in characters."""
LONG_NUMBER = re.compile(r"\d+\.\d{4,}(e[+-]?\d+)?")


def description_of(network: Network) -> Description:
    """Everything about a network that a person wants to read: models, values with units, connections.

    Examples
    --------
    >>> from neurosim.network import neurons
    >>> words = description_of(Network(Population("exc", 80, neurons.lif_exponential), name="small"))
    >>> words.parts[0].what, words.models["lif_exponential"].statements["reset"]
    ('lif_exponential', 'v = v_reset')
    """
    models: dict[str, ModelWords] = {}
    recorded = {name: tuple(probe.variable for probe in network.probes if probe.part is part) for name, part in network.named().items()}
    parts = [_part(part, models, recorded[part.name]) for part in network.named().values() if not isinstance(part, Projection)]
    projections = [_projection(projection, models, recorded[projection.name]) for projection in network.projections]
    return Description(network.name, models, tuple(parts), tuple(projections))


# ---- models --------------------------------------------------------------------------------------------------------------
def _key(model: Model, models: dict[str, ModelWords]) -> str:
    """The key of a model, which is entered if it is new; different models of one name are numbered."""
    words = _words(model)
    number = 1
    while True:
        key = words.name if number == 1 else f"{words.name} ({number})"
        if models.setdefault(key, words) == words:
            return key
        number += 1


def _words(model: Model) -> ModelWords:
    if isinstance(model, NeuronModel):
        kind, name = "neuron", "neurons"
        refractory = "" if model.refractory is None else value_text(model.refractory)
        statements = {
            "spike": (model.spike or "") + (" (rising)" if model.rising else ""),
            "reset": model.reset,
            "refractory": refractory,
            "held": ", ".join(model.held_states()) if refractory else "",
            "payload": "" if model.payload == "1" else model.payload,
        }
    elif isinstance(model, SynapseModel):
        kind, name, statements = "synapse", "synapses", {"on arrival": model.on_arrival, "on step": model.on_step}
    else:
        kind, name = "rule", "learning rule"
        every = "" if model.every is None else value_text(model.every)
        statements = {"on pre": model.on_pre, "on post": model.on_post, "on step": model.on_step, "every": every}
    equations = textwrap.dedent(model.equations.replace("\t", " ")).strip("\n").rstrip()
    return ModelWords(kind, model.name or name, equations, {occasion: text for occasion, text in statements.items() if text}, model.source)


# ---- parts ---------------------------------------------------------------------------------------------------------------
def _part(part: Population | Stimulus, models: dict[str, ModelWords], recorded: tuple[str, ...]) -> PartWords:
    if not isinstance(part, Population):
        return PartWords(part.name, "stimulus", type(part).__name__, part.size, values=tuple(_stimulus_values(part)), recorded=recorded)
    model = part.model
    values = [_value(name, part.value_of(name), name not in part.values) for name in model.settable()]
    if part.refractory is not None and part.refractory is not model.refractory:
        values.append(_value("refractory", part.refractory, False))
    key = _key(model, models)
    return PartWords(part.name, "population", model.name or "neurons", part.size, key, part.integration or "", tuple(values), recorded)


def _stimulus_values(part: Stimulus) -> Iterable[ValueWords]:
    """What was given to a stimulus, besides its name and size."""
    for entry in fields(part):
        value = getattr(part, entry.name)
        usual = value is entry.default or (isinstance(value, str | float | dict) and value in (entry.default, {}))
        if entry.init and entry.name not in ("name", "size") and not usual:
            yield _value(entry.name, value, False)


def _projection(projection: Projection, models: dict[str, ModelWords], recorded: tuple[str, ...]) -> ProjectionWords:
    rules: list[SynapseModel | Plasticity] = [rule for rule in (projection.synapse, projection.plasticity) if rule is not None]
    values = [
        _value(name, rule.value_of(name), name not in rule.values)
        for rule in rules
        for name, variable in rule.variables.items()
        if variable.kind in SETTABLE
    ]
    signal = projection.signal or ""
    return ProjectionWords(
        name=projection.name,
        source=projection.pre.name,
        target=projection.target.name,
        into=projection.into,
        connectivity=str(projection.connectivity),
        synapses=projection.edge_count(),
        weight=_weight(projection),
        delay="" if _is_zero(projection.delay) else value_text(projection.delay),
        bounds="" if projection.bounds is None else " to ".join("-" if end is None else value_text(end) for end in projection.bounds),
        signal=signal,
        synapse="" if projection.synapse is None else _key(projection.synapse, models),
        rule="" if projection.plasticity is None else _key(projection.plasticity, models),
        negative=_is_negative(projection),
        values=tuple(values),
        recorded=recorded,
    )


def _weight(projection: Projection) -> str:
    if projection.home is not projection:
        times = "" if projection.factor == 1.0 else f"{projection.factor:g} times the "
        return f"{times}weights of '{projection.home.name}'"
    return "" if projection.given_weight is None else value_text(projection.given_weight)


# ---- values --------------------------------------------------------------------------------------------------------------
def _value(name: str, value: Any, default: bool) -> ValueWords:
    return ValueWords(name, value_text(value), default)


def value_text(value: Any) -> str:
    """A value in a word or two: numbers short, arrays by their range.

    Examples
    --------
    >>> from neurosim.units import mV
    >>> value_text(-65.0 * mV), value_text([1, 2, 5] * mV)
    ('-65 mV', '1 to 5 mV')
    """
    unit = f" {value.unit}" if isinstance(value, Quantity) else ""
    numbers = value.value if isinstance(value, Quantity) else value
    if isinstance(value, Distribution):
        return LONG_NUMBER.sub(lambda found: f"{float(found[0]):.4g}", str(value))
    if isinstance(value, str | Mapping):
        return _shortened(str(value))
    if isinstance(value, list | tuple):
        return f"a list of {len(value)}"
    if is_number(numbers) or np.ndim(numbers) == 0:
        return f"{float(numbers):.4g}{unit}" if is_number(numbers) else _shortened(shown(value))
    entries = np.asarray(numbers)
    if entries.dtype.kind not in "iufb" or not entries.size:
        return _shortened(shown(value))
    low, high = float(np.min(entries)), float(np.max(entries))
    return f"{low:.4g}{unit}" if low == high else f"{low:.4g} to {high:.4g}{unit}"


def _shortened(text: str) -> str:
    return text if len(text) <= LONGEST else f"{text[: LONGEST - 3]}..."


def _is_zero(value: Any) -> bool:
    return not isinstance(value, Distribution) and not np.any(value.value if isinstance(value, Quantity) else value)


def _is_negative(projection: Projection) -> bool:
    """Whether no weight is positive and one is negative."""
    weight, factor = projection.given_weight, projection.factor
    if weight is None or isinstance(weight, ByDistance):
        return False
    if isinstance(weight, Distribution):
        ends = weight.limits()
    else:
        number = weight.value if isinstance(weight, Quantity) else weight
        ends = float(np.min(number, initial=0.0)), float(np.max(number, initial=0.0))
    return bool(max(end * factor for end in ends) <= 0.0 > min(end * factor for end in ends))

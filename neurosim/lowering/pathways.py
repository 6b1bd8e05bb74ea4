"""Projections become pathways and weights."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

import numpy as np

from neurosim.equations import Equations, ParsedStatement, names, resolve_weight
from neurosim.ir.program import Pathway, Rule, Sampled, Statement, Steps, Update, Value, Weights, Wiring
from neurosim.ir.wiring import expand, values_of
from neurosim.network.plasticity import Plasticity
from neurosim.network.projection import Projection
from neurosim.network.synapses import SynapseModel
from neurosim.units import in_inner, inner_unit_name

from .dynamics import advance
from .linear import Motion
from .values import Setting, delay_steps, edge_values, on_weight_grid, time_in_steps
from .wiring import wiring_of
from .words import Words, name_draws

NOTHING_CHANGED: Mapping[str, Any] = MappingProxyType({})


def weights_name(projection: Projection) -> str:
    """Name of the weights that a projection uses: those of the projection that owns them."""
    return f"{projection.home.name}:w" if projection.has_weights else ""


def rule_name(projection: Projection) -> str:
    """Name under which a phase switches the learning rule of a projection off."""
    return f"{projection.name}:plasticity"


def learns(projection: Projection) -> bool:
    """Whether a statement of the projection writes its weight."""
    lists = [projection.delivery()]
    if projection.plasticity is not None:
        lists += [statements for _, _, statements in projection.plasticity.statements()]
    return any(statement.target == "w" for statements in lists for statement in statements)


def weights_of(projection: Projection, setting: Setting, plastic: bool) -> Weights:
    """The weights that a projection owns.

    Fixed weights are put on a grid of float32 numbers unless the projection asks for double precision; plastic ones are
    what was given.
    """
    dimension = projection.weight_dimension
    stream = setting.stream(projection.name, "weight")
    rule, same = projection.connectivity, projection.is_recurrent
    values = edge_values(projection.given_weight, dimension, stream, projection.where, "weight", rule, same)
    if rule.weights is not None and not isinstance(values, Sampled):
        # Weights that came with the connectivity are in canonical order already.
        values = in_inner(projection.given_weight, dimension, projection.where, "weight")
    quantum = 0.0
    if not plastic and projection.weight_precision == "float32":
        values, quantum = on_weight_grid(values, projection.where)
    low, high = (None, None) if projection.bounds is None else projection.bounds
    return Weights(
        f"{projection.name}:w",
        projection.name,
        values,
        -math.inf if low is None else float(in_inner(low, dimension, projection.where, "low bound")),
        math.inf if high is None else float(in_inner(high, dimension, projection.where, "high bound")),
        quantum,
        inner_unit_name(dimension),
    )


def pathway_of(
    projection: Projection,
    setting: Setting,
    varying: frozenset[str] = frozenset(),
    changed: Mapping[str, Any] = NOTHING_CHANGED,
) -> Pathway:
    """The pathway of a projection.

    Parameters
    ----------
    projection : Projection
    setting : Setting
    varying : frozenset of str
        Parameters of the synapses that the plan changes.
    changed : mapping
        Parameters with another value than that of the projection, in inner units.
    """
    wiring = wiring_of(projection, setting)
    parts = _parts(projection)
    taken = frozenset(name for part in parts for name in part.equations.names) | {"w", "value"}
    words: list[Words] = []
    for part in parts:
        words.append(name_draws(part.equations, part.texts, taken, sum(len(word.uniform) for word in words)))
    states, parameters = _values(projection, setting, parts, changed)
    motion = _motion(projection, setting, words, parameters, varying, taken, wiring)
    dynamics = advance(motion) if motion.order else None
    index, factor = _sharing(projection)
    stream = setting.stream(projection.name, "delay")
    normal = dynamics.draws if dynamics else ()
    return Pathway(
        projection.name,
        projection.pre.name,
        projection.target.name,
        wiring,
        words[0].statements(0),
        weights_name(projection),
        index,
        factor,
        delay_steps(projection.delay, setting.dt, stream, projection.where, projection.connectivity, projection.is_recurrent),
        projection.signal,
        bool(projection.instant),
        states,
        {**parameters, **(dynamics.parameters if dynamics else {})},
        dynamics.update if dynamics else Update(),
        _rules(projection, setting, words),
        tuple(draw for k, word in enumerate(words) for draw in word.draws(setting, projection.name, normal if k == 0 else ())),
        _units(projection, parts),
    )


@dataclass(frozen=True)
class _Part:
    """The synapse model or the learning rule: equations, texts, and where values come from."""

    model: SynapseModel | Plasticity
    equations: Equations
    texts: tuple[tuple[ParsedStatement, ...], ...]


def _parts(projection: Projection) -> list[_Part]:
    parts = [_Part(projection.model, projection.model.parsed, (projection.delivery(),))]
    rule = projection.plasticity
    if rule is not None:
        parts.append(_Part(rule, rule.parsed, (rule.pre_statements, rule.post_statements, rule.step_statements)))
    return parts


def _values(
    projection: Projection, setting: Setting, parts: Iterable[_Part], changed: Mapping[str, Any]
) -> tuple[dict[str, Value | Sampled], dict[str, Value | Sampled]]:
    """(initial states, parameters) of the synapses."""
    states: dict[str, Value | Sampled] = {}
    parameters: dict[str, Value | Sampled] = {}
    rule, same = projection.connectivity, projection.is_recurrent
    for part in parts:
        for into, entries in ((states, part.equations.states), (parameters, part.equations.parameters)):
            for entry in entries:
                if entry.name in changed:
                    into[entry.name] = changed[entry.name]
                    continue
                dimension = resolve_weight(entry.dimension, projection.weight_dimension)
                stream = setting.stream(projection.name, f"synapse {entry.name}")
                given = part.model.value_of(entry.name)
                into[entry.name] = edge_values(given, dimension, stream, projection.where, entry.name, rule, same)
    return states, parameters


def _motion(
    projection: Projection,
    setting: Setting,
    words: list[Words],
    parameters: Mapping[str, Value | Sampled],
    varying: frozenset[str],
    taken: frozenset[str],
    wiring: Wiring,
) -> Motion:
    """What moves the synapses' states; parameters that are drawn per synapse are drawn now where an equation needs them."""
    derivatives = {state: expr for word in words for state, expr in word.derivatives().items()}
    discrete = {state: expr for word in words for state, expr in word.discrete().items()}
    read = frozenset[str]().union(*(names(expr) for expr in derivatives.values()))
    known: dict[str, Value] = {}
    edges = None
    for name, value in parameters.items():
        if not isinstance(value, Sampled):
            known[name] = value
        elif name in read:
            edges = expand(wiring) if edges is None else edges
            known[name] = values_of(value, edges)
    order = tuple(state.name for word in words for state in word.equations.states)
    uniform = frozenset(name for word in words for name in word.uniform)
    return Motion(
        derivatives, discrete, order, (), known, frozenset(), varying, setting.dt, taken | uniform, projection.where
    )


def _rules(projection: Projection, setting: Setting, words: list[Words]) -> tuple[Rule, ...]:
    rule = projection.plasticity
    if rule is None:
        return ()
    every = 1 if rule.every is None else time_in_steps(rule.every, setting.dt, projection.where, "every")
    triggers: tuple[str | Steps, ...] = ("arrival", "post", Steps(every))
    lists: list[tuple[Statement, ...]] = [words[1].statements(k) for k in range(3)]
    return tuple(
        Rule(rule_name(projection), trigger, statements) for trigger, statements in zip(triggers, lists, strict=True) if statements
    )


def _sharing(projection: Projection) -> tuple[str | None, float]:
    """(index, factor) of the weights that a projection uses, through all projections it shares them with."""
    transposed, factor = False, 1.0
    while projection.home is not projection:
        transposed ^= projection.transpose_of is not None
        factor *= float(projection.factor)
        projection = projection.shared_with or projection.transpose_of or projection
    return ("transpose" if transposed else None), factor


def _units(projection: Projection, parts: Iterable[_Part]) -> dict[str, str]:
    units = {
        state.name: inner_unit_name(resolve_weight(state.dimension, projection.weight_dimension))
        for part in parts
        for state in part.equations.states
    }
    return {**units, "w": inner_unit_name(projection.weight_dimension)} if projection.has_weights else units


def matrix_index(source: Projection, transpose: bool) -> np.ndarray | None:
    """Which entry of the weights of ``source`` belongs to each synapse of a projection; None: the same."""
    if not transpose:
        return None
    sources, targets = source.pre.size, source.target.size
    return np.arange(sources * targets).reshape(sources, targets).T.ravel()

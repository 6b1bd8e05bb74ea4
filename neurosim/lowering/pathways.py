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
from .values import Setting, edge_values, on_weight_grid, time_in_steps
from .wiring import delays_given, weights_given, wiring_of
from .words import Words, name_draws

NOTHING_CHANGED: Mapping[str, Any] = MappingProxyType({})
RULE_SUFFIX = ":plasticity"
"""Behind the name of a projection, the name of its learning rule."""


def weights_name(projection: Projection) -> str:
    """Name of the weights that a projection uses: those of the projection that owns them."""
    return f"{projection.home.name}:w" if projection.has_weights else ""


def rule_name(projection: Projection) -> str:
    """Name under which a phase switches the learning rule of a projection off."""
    return f"{projection.name}{RULE_SUFFIX}"


def learns(projection: Projection) -> bool:
    """Whether a statement of the projection writes its weight."""
    lists = [statements for _, _, statements in projection.statement_lists()]
    if projection.plasticity is not None:
        lists += [statements for _, _, statements in projection.plasticity.statements()]
    return any(statement.target == "w" for statements in lists for statement in statements)


def weights_of(projection: Projection, setting: Setting, *, learned: bool = False, planned: bool = False) -> Weights:
    """The weights that a projection owns.

    Weights that no rule changes are put on a grid of float32 numbers unless the projection asks for double precision;
    those that a rule changes are what was given. A plan may set weights to what is not on the grid, but what it sets
    later does not alter how they begin.
    """
    dimension = projection.weight_dimension
    stream = setting.stream(projection.name, "weight")
    if projection.connectivity.weights is not None:
        # Weights that came with the connectivity are in canonical order already.
        values: Value | Sampled = in_inner(projection.given_weight, dimension, projection.where, "weight")
    else:
        values = weights_given(projection.given_weight, projection, setting, stream, projection.where, "weight")
    quantum = 0.0
    if not learned and projection.weight_precision == "float32":
        values, quantum = on_weight_grid(values, projection.where)
        quantum = 0.0 if planned else quantum
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
        delays_given(projection, setting),
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
    parts = [_Part(projection.model, projection.model.parsed, (projection.delivery(), projection.conduction()))]
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
    conduction = words[0].statements(1)
    conducting = (Rule(f"{projection.name}:conduction", Steps(1), conduction),) if conduction else ()
    rule = projection.plasticity
    if rule is None:
        return conducting
    every = 1 if rule.every is None else time_in_steps(rule.every, setting.dt, projection.where, "every")
    triggers: tuple[str | Steps, ...] = ("arrival", "post", Steps(every))
    lists: list[tuple[Statement, ...]] = [words[1].statements(k) for k in range(3)]
    learning = (Rule(rule_name(projection), trigger, found) for trigger, found in zip(triggers, lists, strict=True) if found)
    return (*conducting, *learning)


def _sharing(projection: Projection) -> tuple[str | np.ndarray | None, float]:
    """(index, factor) of the weights that a projection uses, through all projections it shares them with."""
    transposed, factor, entry = False, 1.0, projection.connectivity.entry
    while projection.home is not projection:
        transposed ^= projection.transpose_of is not None
        factor *= float(projection.factor)
        projection = projection.shared_with or projection.transpose_of or projection
    return ("transpose" if transposed else entry), factor


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

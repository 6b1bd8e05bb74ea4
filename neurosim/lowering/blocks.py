"""Populations become blocks."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from types import MappingProxyType
from typing import Any

import numpy as np
import numpy.typing as npt

from neurosim.equations import NOWHERE, Expr, ParsedStatement, Sym, evaluate, names, parse_expression
from neurosim.errors import ParameterError
from neurosim.ir.program import Block, Spike, Value
from neurosim.network.population import Population
from neurosim.network.stimuli import Stimulus
from neurosim.units import TIME, in_inner, inner_unit_name

from .dynamics import advance
from .linear import Motion
from .stimuli import population_of
from .values import Setting, neuron_values, steps_on_grid
from .words import Words, name_draws

NOTHING_CHANGED: Mapping[str, Any] = MappingProxyType({})


def block_of(
    part: Population | Stimulus,
    setting: Setting,
    varying: frozenset[str] = frozenset(),
    changed: Mapping[str, Any] = NOTHING_CHANGED,
) -> Block:
    """The block of a population, or of a stimulus that consists of neurons.

    Parameters
    ----------
    part : Population or stimulus
    setting : Setting
    varying : frozenset of str
        Parameters that the plan changes.
    changed : mapping
        Parameters with another value than that of the population, in inner units.

    Returns
    -------
    Block
        Its parameters are those of the model, used or not, and those that the update brings.
    """
    population = population_of(part, setting, changed)
    model = population.model
    words = _words(population)
    parameters = _parameters(population, setting, changed)
    hold = _hold_steps(population, parameters, setting.dt)
    held = frozenset(model.held_states()) if np.any(np.asarray(hold) > 1) else frozenset[str]()
    states = _initial_states(population, parameters, setting)
    ports = tuple(port.name for port in model.parsed.ports)
    motion = Motion(
        words.derivatives(),
        words.discrete(),
        tuple(states),
        ports,
        parameters,
        held,
        varying,
        setting.dt,
        frozenset((*model.parsed.names, *words.uniform)),
        population.where,
    )
    dynamics = advance(motion, population.integration)
    outputs = words.outputs()
    block = Block(
        population.name,
        population.size,
        states,
        {**parameters, **dynamics.parameters},
        ports,
        dynamics.update,
        outputs,
        spike=_spike(population, words, hold),
        draws=words.draws(setting, population.name, dynamics.draws),
        units={name: inner_unit_name(model.variables[name].dimension) for name in (*states, *ports, *dict(outputs))},
    )
    return _started(block, setting.dt)


def showing(block: Block, sent: frozenset[str]) -> Block:
    """The block with those of its states as outputs that some projection sends as signals."""
    shown = [state for state in block.states if state in sent]
    outputs = (*block.outputs, *((state, Sym(state)) for state in shown))
    return replace(block, outputs=outputs, start={**block.start, **{state: block.states[state] for state in shown}})


def _words(population: Population) -> Words:
    """The texts of the model; the condition and the payload are read as statements."""
    model = population.model
    condition = () if model.spike_condition is None else (ParsedStatement("spike", "=", model.spike_condition, NOWHERE),)
    payload = (ParsedStatement("payload", "=", model.payload_expr, NOWHERE),)
    return name_draws(model.parsed, (condition, payload, model.reset_statements), frozenset(model.parsed.names))


def _parameters(population: Population, setting: Setting, changed: Mapping[str, Any]) -> dict[str, Value]:
    made: dict[str, Value] = {}
    for entry in population.model.parsed.parameters:
        name = entry.name
        if name in changed:
            made[name] = changed[name]
            continue
        stream = setting.stream(population.name, f"parameter {name}")
        given = population.value_of(name)
        made[name] = neuron_values(given, entry.dimension, population.size, stream, population.where, name)
    return made


def _initial_states(population: Population, parameters: Mapping[str, Value], setting: Setting) -> dict[str, Value]:
    """Initial values; those given as expressions are computed once what they read is known."""
    made: dict[str, Value] = {}
    waiting: dict[str, Expr] = {}
    for state in population.model.parsed.states:
        given = population.value_of(state.name)
        if isinstance(given, str):
            waiting[state.name] = population.model.parsed.in_inner_units(parse_expression(given))
            continue
        stream = setting.stream(population.name, f"initial {state.name}")
        made[state.name] = neuron_values(given, state.dimension, population.size, stream, population.where, state.name)
    while waiting:
        ready = [name for name, expr in waiting.items() if not names(expr) & waiting.keys()]
        if not ready:
            circle = ", ".join(waiting)
            raise ParameterError(f"the initial values of {circle} depend on each other in a circle", where=population.where)
        for name in ready:
            known = {**parameters, **made, "dt": setting.dt}
            made[name] = plain(evaluate(waiting.pop(name), known.__getitem__))
    return {state.name: made[state.name] for state in population.model.parsed.states}


def _hold_steps(population: Population, parameters: Mapping[str, Value], dt: float) -> int | npt.NDArray[np.int64]:
    """How many steps after a spike a neuron may fire again; at least one."""
    given, where = population.refractory, population.where
    if given is None or population.model.spike_condition is None:
        return 1
    time = parameters[given] if isinstance(given, str) else in_inner(given, TIME, where, "refractory")
    if np.ndim(time) == 0:
        return max(steps_on_grid(float(time), dt, where, "refractory time"), 1)
    steps = [max(steps_on_grid(float(t), dt, where, "refractory time"), 1) for t in np.asarray(time)]
    return steps[0] if len(set(steps)) == 1 else np.array(steps, np.int64)


def _spike(population: Population, words: Words, hold: int | npt.NDArray[np.int64]) -> Spike | None:
    model = population.model
    if model.spike_condition is None:
        return None
    return Spike(
        words.statements(0)[0].expr,
        words.statements(2),
        words.statements(1)[0].expr,
        model.rising,
        hold,
        model.held_states(),
    )


def _started(block: Block, dt: float) -> Block:
    """The block with the values its outputs have had before step 0: initial states, ports and draws at zero."""
    zero = dict.fromkeys((*block.ports, *(draw.name for draw in block.draws)), 0.0)
    clock = {"dt": dt, "t": 0.0, "held": 0.0, "since_spike": np.inf}
    known: dict[str, Any] = {**zero, **clock, **block.parameters, **block.states}
    start = {}
    for name, expr in block.outputs:
        start[name] = known[name] = plain(evaluate(expr, known.__getitem__))
    return replace(block, start=start)


def plain(value: Any) -> Value:
    """A float or a float64 array."""
    array = np.asarray(value, np.float64)
    return float(array) if array.ndim == 0 else array

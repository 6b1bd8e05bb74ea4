"""Stimuli that consist of neurons: what they are as populations, and what they are told."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import numpy as np

from neurosim.equations import Sym
from neurosim.equations.bounds import Interval, bounds_of
from neurosim.errors import ParameterError
from neurosim.ir.program import Pathway, Source, Statement, Wiring
from neurosim.network.neuron_model import NeuronModel
from neurosim.network.population import Population
from neurosim.network.stimuli import PoissonSource, Stimulus, neurons_of
from neurosim.network.stimuli.poisson import RATE_IN, RESERVED
from neurosim.units import FREQUENCY, inner_unit_name

from .sources import where
from .values import Setting, neuron_values, time_in_steps

MEANS = (0.05, 0.5, 4.0, 32.0)
"""A count has as many terms as one of these means needs: twice the mean that is expected at first leaves room for changes."""
MISSED = 2.0**-40
"""Probability of a count that is larger than all that can be drawn; uniform numbers have 53 bits."""


def population_of(part: Population | Stimulus, setting: Setting, changed: Mapping[str, Any]) -> Population:
    """The population that a part of the network is lowered as.

    A source of Poisson spikes whose rate changes draws its counts by inversion, from a distribution function with as many terms
    as its largest mean needs.

    Parameters
    ----------
    part : Population or stimulus
        A stimulus that consists of neurons.
    setting : Setting
    changed : mapping
        Parameters with another value than was given, in inner units.

    Raises
    ------
    ParameterError
        The rate has no bound, or is too large for the step.
    """
    if isinstance(part, Population):
        return part
    neurons = neurons_of(part)
    if neurons is None:
        raise ParameterError("consists of no neurons", where=where(part))
    return neurons if not isinstance(part, PoissonSource) else _counting(part, neurons, setting, changed)


def _counting(source: PoissonSource, neurons: Population, setting: Setting, changed: Mapping[str, Any]) -> Population:
    most = limit_for(_largest_rate(source, neurons, setting, {}), source, setting)
    later = _largest_rate(source, neurons, setting, changed) if changed else 0.0
    terms = terms_for(most if later * setting.dt <= most else limit_for(later, source, setting))
    lines = [
        neurons.model.equations,
        f"{RESERVED}mean = intensity * dt : 1 (output)",
        f"{RESERVED}chance = rand() : 1",
        f"{RESERVED}below_0 = exp(-{RESERVED}mean) : 1 (output)",
        f"{RESERVED}term_0 = {RESERVED}below_0 : 1",
    ]
    for k in range(1, terms):
        kind = "1 (output)" if k < terms - 1 else "1"
        lines.append(f"{RESERVED}term_{k} = {RESERVED}term_{k - 1} * {RESERVED}mean * {1.0 / k!r} : {kind}")
        lines.append(f"{RESERVED}below_{k} = {RESERVED}below_{k - 1} + {RESERVED}term_{k} : {kind}")
    above = " + ".join(f"where({RESERVED}chance < {RESERVED}below_{k}, 0, 1)" for k in range(terms))
    lines.append(f"{RESERVED}count = {above} : 1 (output)")
    model = NeuronModel(
        "\n".join(lines),
        spike=f"{RESERVED}count > 0",
        payload=f"{RESERVED}count",
        held=(),
        defaults=neurons.model.defaults,
        name=neurons.model.name,
    )
    return Population(neurons.name, neurons.size, model, **neurons.values)


def limit_for(rate: float, source: PoissonSource, setting: Setting) -> float:
    """The mean count for which a source is prepared whose rate [1/ms] is expected to stay below ``rate``.

    Raises
    ------
    ParameterError
        There is none.
    """
    mean = rate * setting.dt
    if math.isinf(rate):
        raise ParameterError("the rate has no bound", where=where(source), hint="say how large it gets, as in min(..., 500*Hz)")
    if mean > MEANS[-1]:
        found = f"the rate may reach {1000.0 * rate:.6g} Hz, {mean:.4g} spikes per neuron in a step of {setting.dt:g} ms"
        advice = "use more neurons of a smaller rate, or a smaller step"
        raise ParameterError(f"{found}; a rate that changes may reach {MEANS[-1]:g}", where=where(source), hint=advice)
    return next((limit for limit in MEANS if 2.0 * mean <= limit), MEANS[-1])


def terms_for(mean: float) -> int:
    """The largest count that is drawn: larger ones of this mean are too rare."""
    term, k, above = math.exp(-mean), 0, 1.0
    while above > MISSED:
        k += 1
        term *= mean / k
        # The terms that follow fall at least as fast as those of a geometric series, once k is large enough.
        above = term * mean / (k + 1 - mean) if k + 1 > 2.0 * mean else 1.0
    return k


def _largest_rate(source: PoissonSource, neurons: Population, setting: Setting, changed: Mapping[str, Any]) -> float:
    """A bound on the rate per ms."""
    if source.every is not None:
        return float(np.max(source.samples()))
    known: dict[str, Interval] = {"t": (0.0, math.inf), "dt": (setting.dt, setting.dt)}
    for entry in neurons.model.parsed.parameters:
        value = changed.get(entry.name)
        if value is None:
            stream = setting.stream(neurons.name, f"parameter {entry.name}")
            value = neuron_values(neurons.value_of(entry.name), entry.dimension, neurons.size, stream, neurons.where, entry.name)
        known[entry.name] = float(np.min(value)), float(np.max(value))
    known["switched_on"] = 0.0, 1.0
    return bounds_of(neurons.model.parsed.in_inner_units(neurons.model.parsed.inlined_names["intensity"]), known)[1]


# ---- rates as samples --------------------------------------------------------------------------------------------------
def told_by(stimulus: Stimulus, setting: Setting) -> tuple[Source, Pathway] | None:
    """The table of rates of a source whose rate is given by samples, and the signal that tells them; None for others."""
    if not isinstance(stimulus, PoissonSource) or stimulus.every is None:
        return None
    table = stimulus.samples()
    width, steps = table.shape[1], time_in_steps(stimulus.every, setting.dt, where(stimulus), "every")
    name, unit = f"{stimulus.name}:rate", inner_unit_name(FREQUENCY)
    rows = Source(name, width, "table", table=table, steps_per_item=steps, after=stimulus.after, units={"value": unit})
    same = width == stimulus.size
    wiring = Wiring("one_to_one" if same else "all_to_all", width, stimulus.size)
    tell = (Statement(f"{RATE_IN}_post", "+=", Sym("value")),)
    return rows, Pathway(f"{name} -> {stimulus.name}", name, stimulus.name, wiring, tell, signal="value", instant=True)


"""Stimuli become sources."""

from __future__ import annotations

import math

import numpy as np

from neurosim.errors import ParameterError
from neurosim.ir.program import Source
from neurosim.network.stimuli import PoissonSource, SampledArray, SampleTable, SpikeTimes, StepCurrent, Stimulus
from neurosim.units import DIMENSIONLESS, FREQUENCY, TIME, in_inner, inner_unit_name

from .values import Setting, neuron_values, steps_on_grid, time_in_steps


def source_of(stimulus: Stimulus, setting: Setting) -> Source:
    """The source of a stimulus.

    Parameters
    ----------
    stimulus : PoissonSource, SpikeTimes, StepCurrent, SampledArray or SampleTable
    setting : Setting

    Raises
    ------
    ParameterError
        A time that must be on the grid is not.
    """
    if isinstance(stimulus, PoissonSource):
        return _poisson(stimulus, setting)
    if isinstance(stimulus, SpikeTimes):
        return _spikes(stimulus, setting)
    if isinstance(stimulus, StepCurrent):
        return _step_current(stimulus, setting)
    if isinstance(stimulus, (SampledArray, SampleTable)):
        return _samples(stimulus, setting)
    raise ParameterError("consists of neurons: it is a block", where=where(stimulus))


def where(stimulus: Stimulus) -> str:
    """How messages call it."""
    return f"{type(stimulus).__name__} '{stimulus.name}'"


def _poisson(stimulus: PoissonSource, setting: Setting) -> Source:
    stream = setting.stream(stimulus.name, "parameter rate")
    rate = neuron_values(stimulus.rate, FREQUENCY, stimulus.size, stream, where(stimulus), "rate")
    return Source(stimulus.name, stimulus.size, "poisson", rate, setting.stream(stimulus.name, "poisson"))


def _spikes(stimulus: SpikeTimes, setting: Setting) -> Source:
    times = np.asarray(in_inner(stimulus.times, TIME, where(stimulus), "times"), np.float64)
    steps, indices = np.rint(times / setting.dt).astype(np.int64), np.asarray(stimulus.indices, np.int64)
    order = np.lexsort((indices, steps))
    _refuse_twice(stimulus, setting, times[order], steps[order], indices[order])
    payloads = None if stimulus.payloads is None else np.asarray(stimulus.payloads, np.float64)[order]
    return Source(
        stimulus.name, stimulus.size, "spikes", steps=steps[order], indices=indices[order], payloads=payloads
    )


def _refuse_twice(stimulus: SpikeTimes, setting: Setting, times: np.ndarray, steps: np.ndarray, indices: np.ndarray) -> None:
    """A neuron has at most one event in a step; ``times``, ``steps`` and ``indices`` are sorted by step, then neuron."""
    twice = np.flatnonzero((np.diff(steps) == 0) & (np.diff(indices) == 0))
    if len(twice):
        k = int(twice[0])
        first, second = sorted((times[k], times[k + 1]))
        more = f", and {len(twice) - 1} more" if len(twice) > 1 else ""
        raise ParameterError(
            f"neuron {indices[k]} fires at {first:.12g} ms and at {second:.12g} ms, which are the same step of {setting.dt:g} ms{more}",
            where=where(stimulus),
            hint="use a shorter dt, or one spike with a payload",
        )


def _step_current(stimulus: StepCurrent, setting: Setting) -> Source:
    """A table in which every row is shown for the largest time that all jumps are multiples of."""
    times = np.asarray(in_inner(stimulus.times, TIME, where(stimulus), "times"), np.float64)
    steps = [steps_on_grid(float(time), setting.dt, where(stimulus), "a jump at the time") for time in times]
    if len(set(steps)) < len(steps):
        raise ParameterError(f"two jumps lie in the same step of {setting.dt:g} ms", where=where(stimulus))
    values = np.asarray(in_inner(stimulus.values, stimulus.dimension, where(stimulus), "values"), np.float64)
    rows = np.broadcast_to(values.reshape(len(steps), -1), (len(steps), stimulus.size))
    table = np.concatenate([np.zeros((1, stimulus.size)), rows])
    shown = math.gcd(*steps) or 1
    order = np.searchsorted(np.array(steps) // shown, np.arange(steps[-1] // shown + 1), side="right")
    return Source(
        stimulus.name,
        stimulus.size,
        "table",
        table=table,
        steps_per_item=shown,
        order=order.astype(np.int64),
        after="hold",
        units={"value": inner_unit_name(stimulus.dimension)},
    )


def _samples(stimulus: SampledArray | SampleTable, setting: Setting) -> Source:
    given = stimulus.values if isinstance(stimulus, SampledArray) else stimulus.items
    table = np.asarray(in_inner(given, stimulus.dimension, where(stimulus), "values"), np.float64)
    order = None
    if isinstance(stimulus, SampleTable) and stimulus.order is not None:
        order = np.asarray(in_inner(stimulus.order, DIMENSIONLESS, where(stimulus), "order")).astype(np.int64)
    return Source(
        stimulus.name,
        stimulus.size,
        "table",
        table=table.reshape(len(table), -1),
        steps_per_item=shown_steps(stimulus, setting),
        order=order,
        after=stimulus.after,
        units={"value": inner_unit_name(stimulus.dimension)},
    )


def shown_steps(stimulus: SampledArray | SampleTable, setting: Setting) -> int:
    """For how many steps a sample or an item is shown."""
    if isinstance(stimulus, SampledArray):
        return time_in_steps(stimulus.every, setting.dt, where(stimulus), "every")
    if stimulus.steps_per_item is not None:
        return int(stimulus.steps_per_item)
    return time_in_steps(stimulus.item_duration, setting.dt, where(stimulus), "item_duration")

"""Connectivity becomes a recipe of edges; weights and delays that depend on it."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from neurosim.equations import evaluate
from neurosim.errors import ParameterError
from neurosim.ir.program import Sampled, Value, Wiring
from neurosim.ir.random import sample
from neurosim.ir.wiring import expand, steps_between
from neurosim.network.connectivity import ByDistance
from neurosim.network.projection import Projection

from .values import LONGEST_DELAY, Setting, delay_steps, edge_values


def wiring_of(projection: Projection, setting: Setting) -> Wiring:
    """Who is connected to whom, as a recipe that engines expand.

    Parameters
    ----------
    projection : Projection
    setting : Setting

    Returns
    -------
    Wiring
        Pairs are in canonical order already. Full matrices are all-to-all, with all their entries.
    """
    rule, space = projection.connectivity, projection.connectivity.space
    return Wiring(
        rule.kind,
        projection.pre.size,
        projection.target.size,
        number=rule.number,
        probability=rule.probability,
        autapses=rule.autapses,
        multapses=rule.multapses,
        same=projection.is_recurrent,
        stream=setting.stream(projection.name, "wiring") if rule.is_drawn else 0,
        pre=rule.pre,
        post=rule.post,
        source_at=None if space is None else space.sources.inner(),
        target_at=None if space is None else space.targets.inner(),
        period=None if space is None else space.period(),
        kernel=None if space is None else space.kernel.inner(),
    )


def weights_given(value: Any, projection: Projection, setting: Setting, stream: int, where: str, name: str) -> Value | Sampled:
    """What was given for the weights that a projection owns, in inner units.

    A number for all, an array or a recipe over the synapses (E,); of a convolution an array over the entries of its kernel.
    """
    dimension, rule = projection.weight_dimension, projection.connectivity
    if isinstance(value, ByDistance):
        return by_distance(value, projection, setting, where, name)
    values = edge_values(value, dimension, stream, where, name, rule, projection.is_recurrent)
    if rule.kernel_shape is None:
        return values
    count = int(np.prod(rule.kernel_shape))
    if isinstance(values, Sampled):
        return sample(values, np.arange(count))
    return np.full(count, values) if np.ndim(values) == 0 else np.ravel(values)


def delays_given(projection: Projection, setting: Setting) -> int | npt.NDArray[np.int64] | Sampled:
    """Delays in steps; those that depend on distance are rounded to the nearest."""
    where = projection.where
    if not isinstance(projection.delay, ByDistance):
        stream = setting.stream(projection.name, "delay")
        return delay_steps(projection.delay, setting.dt, stream, where, projection.connectivity, projection.is_recurrent)
    times = by_distance(projection.delay, projection, setting, where, "delay")
    if np.any(times < 0.0):
        raise ParameterError(f"delay must not be negative, the formula '{projection.delay}' gives {np.min(times):.12g} ms", where=where)
    if np.max(times, initial=0.0) / setting.dt > LONGEST_DELAY:
        message = f"delay of {np.max(times):.12g} ms is more than {LONGEST_DELAY} time steps of {setting.dt:g} ms"
        raise ParameterError(message, where=where)
    return np.rint(times / setting.dt).astype(np.int64)


def by_distance(value: ByDistance, projection: Projection, setting: Setting, where: str, name: str) -> npt.NDArray[np.float64]:
    """(E,) a formula of distance, at the distances of the synapses in canonical order."""
    wiring = wiring_of(projection, setting)
    edges = expand(wiring)
    steps = steps_between(wiring, edges.pre, edges.post)
    values = np.broadcast_to(np.asarray(evaluate(value.inner(), steps.__getitem__), np.float64), edges.pre.shape).copy()
    wrong = ~np.isfinite(values)
    if np.any(wrong):
        k = int(np.argmax(wrong))
        place = f"from {edges.pre[k]} to {edges.post[k]} at the distance {steps['distance'][k]:.12g}"
        raise ParameterError(f"{name} must be finite, the formula '{value}' gives {values[k]} for the synapse {place}", where=where)
    return values

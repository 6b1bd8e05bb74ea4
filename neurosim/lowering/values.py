"""Quantities and distributions become plain numbers in inner units, and recipes of numbers that are drawn.

Every draw has a stream of its own, named by the seed, the part and the purpose: the numbers of one part do not depend on
what else is in the network. Values of neurons are drawn here; values of synapses stay recipes over the numbers of edges.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from typing import Any, TypeVar

import numpy as np
import numpy.typing as npt

from neurosim.errors import NeurosimError, ParameterError, taken_apart, together
from neurosim.ir.exactness import magnitude
from neurosim.ir.program import Sampled, Value
from neurosim.ir.random import sample, stream
from neurosim.network.connectivity import Connectivity
from neurosim.network.distributions import Distribution
from neurosim.units import TIME, Dimension, in_inner

GRID_TOLERANCE = 1e-6
"""A time this close to a multiple of the step, in steps, is meant to be one: 0.3 ms is 2.9999999999999996 steps of 0.1 ms."""
MOST_STEPS = 2.0**50
FLOAT32_BITS = 24
FLOAT32_MOST = float(np.finfo(np.float32).max)
LONGEST_DELAY = 2**31 - 1
"""In steps."""

Given = TypeVar("Given")
Made = TypeVar("Made")


@dataclass(frozen=True)
class Setting:
    """What all passes share: the step [ms] and the seed."""

    dt: float
    seed: int

    def stream(self, path: str, purpose: str) -> int:
        """The random stream of a purpose of a part."""
        return stream(self.seed, path, purpose)


def all_of(items: Iterable[Given], make: Callable[[Given], Made], where: str = "Network") -> tuple[Made, ...]:
    """``make`` of every item; what goes wrong in any of them is reported together."""
    made: list[Made] = []
    errors: list[NeurosimError] = []
    for item in items:
        try:
            made.append(make(item))
        except NeurosimError as error:
            errors.extend(taken_apart(error))
    if errors:
        raise together(errors, "" if len(errors) == 1 else where)
    return tuple(made)


def all_made(*makers: Callable[[], Any], where: str = "Network") -> tuple[Any, ...]:
    """What each of several functions makes; what goes wrong in any of them is reported together."""
    return all_of(makers, lambda make: make(), where)


# ---- times -------------------------------------------------------------------------------------------------------------
def steps_on_grid(time: float, dt: float, where: str, name: str, kind: type[NeurosimError] = ParameterError) -> int:
    """A time [ms] in steps; refused with the nearest values where it lies between two steps.

    Examples
    --------
    >>> steps_on_grid(0.3, 0.1, "projection 'a -> b'", "delay")
    3
    """
    steps = time / dt
    if abs(steps) > MOST_STEPS:
        raise kind(f"{name} of {time:.12g} ms is more time steps of {dt:g} ms than can be counted", where=where)
    nearest = round(steps)
    if abs(steps - nearest) <= GRID_TOLERANCE:
        return nearest
    low, high = (f"{round(k * dt, 12):g} ms" for k in (math.floor(steps), math.ceil(steps)))
    message = f"{name} of {time:.12g} ms is not a multiple of the time step {dt:g} ms; the nearest are {low} and {high}"
    raise kind(message, where=where)


def time_in_steps(value: Any, dt: float, where: str, name: str, kind: type[NeurosimError] = ParameterError) -> int:
    """A Quantity of one time in steps, on the grid; at least one step."""
    time = float(in_inner(value, TIME, where, name))
    if time < dt * (1 - GRID_TOLERANCE):
        raise kind(f"{name} of {time:.12g} ms is less than one time step of {dt:g} ms", where=where)
    return steps_on_grid(time, dt, where, name, kind)


# ---- values of neurons -------------------------------------------------------------------------------------------------
def recipe(given: Distribution, stream: int, scale: float = 1.0) -> float | Sampled:
    """A distribution in inner units divided by ``scale``; a number where nothing is left to chance."""
    a = given.inner(given.a) / scale
    if given.kind == "constant":
        return a
    b = given.inner(given.b) / scale if given.kind in ("uniform", "normal") else 0.0
    if given.kind == "lognormal":
        a, b = math.log(a), float(given.b)
    if given.kind == "gamma":
        a, b = float(given.b), a
    if given.kind in ("uniform", "normal", "lognormal") and (a == b if given.kind == "uniform" else b == 0.0):
        return math.exp(a) if given.kind == "lognormal" else a
    low = -math.inf if given.low is None else given.inner(given.low) / scale
    high = math.inf if given.high is None else given.inner(given.high) / scale
    bounds = "none" if given.low is None and given.high is None else given.cut
    return Sampled(given.kind, a, b, stream, low, high, bounds)


def neuron_values(value: Any, dimension: Dimension, size: int, stream: int, where: str, name: str) -> Value:
    """A number for all or one for each neuron (N,), in inner units; distributions are drawn."""
    if not isinstance(value, Distribution):
        plain = in_inner(value, dimension, where, name)
        return plain if isinstance(plain, float) else np.array(plain, np.float64)
    made = recipe(value, stream)
    return sample(made, np.arange(size)) if isinstance(made, Sampled) else made


# ---- values of synapses ------------------------------------------------------------------------------------------------
def edge_values(
    value: Any, dimension: Dimension, stream: int, where: str, name: str, connectivity: Connectivity, same: bool = False
) -> Value | Sampled:
    """A number for all, one for each synapse in canonical order (E,), or a recipe, in inner units."""
    if isinstance(value, Distribution):
        return recipe(value, stream)
    plain = in_inner(value, dimension, where, name)
    return plain if isinstance(plain, float) else in_canonical_order(np.array(plain, np.float64), connectivity, same)


def in_canonical_order(
    values: npt.NDArray[np.float64], connectivity: Connectivity, same: bool = False
) -> npt.NDArray[np.float64]:
    """Values per synapse as they were given, in the order source, target, edge.

    A matrix (S, N) is read row by row, without its diagonal where a neuron is not connected to itself. Values of pairs are
    sorted as the pairs were.
    """
    if values.ndim == 2:
        if same and not connectivity.autapses:
            return np.asarray(values[~np.eye(len(values), dtype=bool)])
        return np.ascontiguousarray(values.ravel())
    if connectivity.kind == "pairs" and connectivity.order is not None:
        return np.asarray(values[connectivity.order])
    return values


def delay_steps(
    value: Any, dt: float, stream: int, where: str, connectivity: Connectivity, same: bool = False
) -> int | npt.NDArray[np.int64] | Sampled:
    """Delays in steps.

    One delay must be on the grid. Drawn delays, and delays given one by one, are rounded to the nearest step (half to even);
    drawn ones stay within their bounds, and none is negative.
    """
    if isinstance(value, Distribution):
        made = recipe(value, stream, dt)
        if isinstance(made, float):
            return steps_on_grid(made * dt, dt, where, "delay")
        low, high = (limit / dt for limit in value.limits())
        least = max(math.ceil(low - GRID_TOLERANCE), 0) if math.isfinite(low) else 0
        most = float(max(math.floor(high + GRID_TOLERANCE), least)) if math.isfinite(high) else math.inf
        return replace(made, quantum=1.0, least=float(least), most=most)
    plain = in_inner(value, TIME, where, "delay")
    longest = float(np.max(plain, initial=0.0))
    if longest / dt > LONGEST_DELAY:
        raise ParameterError(f"delay of {longest:.12g} ms is more than {LONGEST_DELAY} time steps of {dt:g} ms", where=where)
    if isinstance(plain, float):
        return steps_on_grid(plain, dt, where, "delay")
    return np.rint(in_canonical_order(np.array(plain, np.float64), connectivity, same) / dt).astype(np.int64)


def on_weight_grid(values: Value | Sampled, where: str = "") -> tuple[Value | Sampled, float]:
    """Static weights as multiples of 2**(e - 23), where 2**e <= max|w| < 2**(e + 1), and this quantum.

    All of them are float32 numbers, rounded by at most 6e-8 of the largest, and sums of up to 2**29 of them in double
    precision have no rounding. A recipe takes the largest number that it can draw, and is rounded as it is drawn.
    """
    bound = magnitude(values)
    if FLOAT32_MOST < bound < math.inf:
        message = f"a weight of {bound:.3g} is beyond single precision, whose largest number is {FLOAT32_MOST:.3g}"
        raise ParameterError(message, where=where, hint="weight_precision='float64' holds it")
    if bound == 0.0 or not math.isfinite(bound):
        return values, 0.0 if bound else 1.0
    quantum = math.ldexp(1.0, max(math.frexp(bound)[1] - FLOAT32_BITS, -149))
    if isinstance(values, Sampled):
        return replace(values, quantum=quantum), quantum
    rounded = np.rint(np.asarray(values) / quantum) * quantum
    return (float(rounded) if rounded.ndim == 0 else rounded), quantum

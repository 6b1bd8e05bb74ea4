"""A part of a result in place of plain arrays: ``cv(result["exc"])`` for ``cv(times, ids, size, window)``."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import wraps
from typing import Any, Concatenate, ParamSpec, Protocol, TypeVar, overload

import numpy as np
import numpy.typing as npt

from neurosim.errors import ParameterError
from neurosim.result import PartResult, Result

AnyArray = npt.NDArray[Any]
Trains = tuple[AnyArray, AnyArray, int, tuple[float, float]]
"""Times [ms] (M,), neurons (M,), number of neurons, window [ms]."""

P = ParamSpec("P")
T = TypeVar("T")
T_co = TypeVar("T_co", covariant=True)


class OfTrains(Protocol[P, T_co]):
    """A statistic of spike trains, given as four arguments or as a part of a result.

    Of a part: the spikes of its evaluation window, and of its neurons those that were recorded and chosen, in the order of
    ``part.recorded_of("spikes")``. Of a run with several copies the value has an axis of copies in front, (B, ...); where
    a grid (times, frequencies) comes with the values, only the values have it.
    """

    @overload
    def __call__(self, part: PartResult, /, *args: P.args, **kwargs: P.kwargs) -> T_co: ...
    @overload
    def __call__(
        self, times: AnyArray, ids: AnyArray, size: int, window: tuple[float, float], /, *args: P.args, **kwargs: P.kwargs
    ) -> T_co: ...


def accepts_part(
    function: Callable[Concatenate[AnyArray, AnyArray, int, tuple[float, float], P], T],
) -> OfTrains[P, T]:
    """Let a function of (times, ids, size, window) take a part of a result in their place."""

    @wraps(function)
    def either(*given: Any, **options: Any) -> Any:
        first = given[0] if given else None
        if isinstance(first, Result):
            raise ParameterError(f'takes one part of a result: analysis.{function.__name__}(result["exc"])', where=function.__name__)
        named = [name for name in ("times", "ids", "size", "window") if name in options]
        if not isinstance(first, PartResult):
            if len(given) == 1 and not named:
                message = f"takes a part of a result, or times, ids, size and window, got a {type(first).__name__}"
                raise ParameterError(message, where=function.__name__)
            return function(*given, **options)
        if named:
            hint = "Choose its window and its neurons with .between(...), .phase(...) and .neurons(...)."
            raise ParameterError(f"a part has its own {' and '.join(named)}", where=function.__name__, hint=hint)
        return joined([function(*trains, *given[1:], **options) for trains in trains_of(first)])

    return either


def trains_of(part: PartResult) -> list[Trains]:
    """The spikes of each copy, with the recorded and chosen neurons renumbered from 0.

    A Poisson source may fire several times within a step; each of these spikes counts.
    """
    events, neurons = part.events, part.recorded_of("spikes")
    place = np.full(part.size, -1, np.int64)
    place[neurons] = np.arange(neurons.size)
    steps, ids, copies = events.steps, place[events.indices], events.copies
    if part.info.counted:
        number = events.payloads.astype(np.int64)
        steps, ids, copies = (np.repeat(array, number) for array in (steps, ids, copies))
    times = steps * part.provenance.dt
    if part.copies == 1:
        return [(times, ids, neurons.size, part.window)]
    order = np.argsort(copies, kind="stable")
    ends = np.cumsum(np.bincount(copies, minlength=part.copies))[:-1]
    return [(times[chosen], ids[chosen], neurons.size, part.window) for chosen in np.split(order, ends)]


def joined(values: Sequence[Any]) -> Any:
    """The value of the only copy; of several copies one array with an axis of copies in front.

    Raises
    ------
    ParameterError
        If the copies have values of different lengths.
    """
    if len(values) == 1:
        return values[0]
    if isinstance(values[0], tuple):
        return values[0][0], joined([value[1] for value in values])
    if len({np.shape(value) for value in values}) > 1:
        hint = "Take one copy: result.copy(0)[name]."
        raise ParameterError(f"its values differ in number between the {len(values)} copies of the run", hint=hint)
    return np.stack(values)


def both(first: Any, second: Any, where: str) -> list[tuple[Trains, Trains]] | None:
    """Of two parts the trains of each copy; None where two arrays were given.

    Raises
    ------
    ParameterError
        If only one is a part, or their windows or numbers of copies differ.
    """
    parts = [isinstance(given, PartResult) for given in (first, second)]
    if not any(parts):
        return None
    if not all(parts):
        other = second if parts[0] else first
        raise ParameterError(f"takes two parts of results or two arrays, got a part and a {type(other).__name__}", where=where)
    if not np.allclose(first.window, second.window, rtol=1e-12):
        shown = " and ".join(f"{part.window[0]:g} to {part.window[1]:g} ms" for part in (first, second))
        raise ParameterError(f"the parts have the windows {shown}", where=where, hint="Choose one with .between(...).")
    if first.copies != second.copies:
        raise ParameterError(f"the results have {first.copies} and {second.copies} copies", where=where)
    return list(zip(trains_of(first), trains_of(second)))

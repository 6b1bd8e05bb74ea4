"""Distances of spike trains: van Rossum, Victor and Purpura, ISI-distance; of each neuron in two recordings.

The two recordings are ``(times, ids)`` each, with the number of neurons ``size``, or two parts of results. All three are
symmetric, obey the triangle inequality and are 0 for equal trains.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np

from neurosim.analysis.parts import both, joined
from neurosim.analysis.trains import AnyArray, FloatArray, Window, by_neuron, checked, checked_window, inside, neuron_order, positive
from neurosim.errors import ParameterError
from neurosim.result import PartResult

Recording = tuple[AnyArray, AnyArray] | PartResult
"""Times [ms] (M,) and neurons (M,), or a part of a result."""
Plain = tuple[FloatArray, AnyArray]
MOST_AT_ONCE = 4_000_000
"""Entries of the arrays that are filled together."""


def van_rossum_distance(first: Recording, second: Recording, size: int | None = None, tau_ms: float = 10.0) -> FloatArray:
    """Distance of the spike trains of each neuron in two recordings, (N,).

    D**2 is the integral of (f - g)**2 / tau over time, where f and g are the trains filtered with exp(-t / tau). So one
    spike against none has D**2 = 1/2, two spikes far apart D**2 = 1. Elephant's distance is larger by sqrt(2).

    Parameters
    ----------
    first, second : (times [ms] (M,), ids (M,)), or parts of results
        The two recordings; of parts with several copies the value is (B, N).
    size : int
        Number of neurons N; of parts their own.
    tau_ms : float
        Time constant [ms]: spikes that differ by much less count as one.

    References
    ----------
    van Rossum (2001), Neural Comput 13, 751, doi 10.1162/089976601300014321
    """
    tau = positive(tau_ms, "tau_ms")
    return _of_each(first, second, size, "van_rossum_distance", lambda a, b, n: _van_rossum(a, b, n, tau))


def _van_rossum(first: Plain, second: Plain, size: int, tau: float) -> FloatArray:
    signs = np.concatenate([np.ones(first[0].size), -np.ones(second[0].size)])
    times, ids = (np.concatenate(pair) for pair in zip(first, second))
    order = neuron_order(times, ids, size)
    times, ids, signs = times[order], ids[order], signs[order]
    # Spikes at the same time are one of their total weight: equal trains leave nothing.
    new = np.ones(times.size, bool)
    new[1:] = (np.diff(times) > 0.0) | (np.diff(ids) != 0)
    starts = np.flatnonzero(new)
    if not starts.size:
        return np.zeros(size)
    times, ids, weights = times[starts], ids[starts], np.add.reduceat(signs, starts)
    # D**2 = sum over pairs of w_i w_j exp(-|t_i - t_j| / tau) / 2
    squared = 0.5 * np.bincount(ids, weights**2, size) + np.bincount(ids, weights * _traces(times, ids, weights, tau), size)
    distance: FloatArray = np.sqrt(np.maximum(squared, 0.0))
    return distance


def _traces(times: FloatArray, ids: AnyArray, weights: FloatArray, tau: float) -> FloatArray:
    """What the earlier spikes of a neuron left at each spike, sum of w_j exp(-(t_i - t_j) / tau), by doubling.

    After round k an entry holds the last 2**k spikes, and ``decay`` the decay over as many, 0 where a neuron has no more;
    rounds end when all of it is 0.
    """
    decay = np.zeros(times.size)
    decay[1:] = np.where(np.diff(ids) == 0, np.exp(-np.maximum(np.diff(times), 0.0) / tau), 0.0)
    trace = np.zeros(times.size)
    trace[1:] = weights[:-1] * decay[1:]
    reach = 1
    while reach < times.size and decay.any():
        trace[reach:] += decay[reach:] * trace[:-reach]
        decay[reach:] = decay[reach:] * decay[:-reach]
        reach *= 2
    return trace


def victor_purpura_distance(
    first: Recording, second: Recording, size: int | None = None, cost_per_ms: float = 0.1
) -> FloatArray:
    """Least cost of turning the spike trains of each neuron in one recording into those of another, (N,).

    To add or remove a spike costs 1, to move it ``cost_per_ms`` per ms. So spikes less than 2 / cost_per_ms apart are moved;
    without a cost of moving the distance is the difference of the numbers of spikes. Elephant's is the same, with a cost
    in Hz. The time is that of the product of the numbers of spikes.

    Parameters
    ----------
    first, second : (times [ms] (M,), ids (M,)), or parts of results
        The two recordings; of parts with several copies the value is (B, N).
    size : int
        Number of neurons N; of parts their own.
    cost_per_ms : float
        q [1/ms], at least 0.

    References
    ----------
    Victor and Purpura (1996), J Neurophysiol 76, 1310, doi 10.1152/jn.1996.76.2.1310

    Examples
    --------
    >>> victor_purpura_distance(([10.0, 50.0], [0, 0]), ([12.0], [0]), 1).tolist()
    [1.2]
    """
    cost = positive(cost_per_ms, "cost_per_ms", zero=True)
    return _of_each(first, second, size, "victor_purpura_distance", lambda a, b, n: _victor_purpura(a, b, n, cost))


def _victor_purpura(first: Plain, second: Plain, size: int, cost: float) -> FloatArray:
    a, b = (_rows(train, size) for train in (first, second))
    distance = np.zeros(size)
    # Neurons with many spikes first; of those that share an array the ones that are not done stand in front.
    order = np.argsort(-a[1], kind="stable")
    widest = int(b[1].max(initial=0)) + 1
    step = max(MOST_AT_ONCE // widest, 1)
    for begin in range(0, size, step):
        group = order[begin : begin + step]
        distance[group] = _edit_costs(a, b, group, cost)
    return distance


def _rows(train: Plain, size: int) -> tuple[FloatArray, AnyArray, AnyArray]:
    """The spikes in the order of neurons, the number of each neuron, and where its spikes begin."""
    times, ids = by_neuron(*train, size)
    number = np.bincount(ids, minlength=size)
    return times, number, np.cumsum(number) - number


def _edit_costs(a: tuple[Any, ...], b: tuple[Any, ...], group: AnyArray, cost: float) -> FloatArray:
    """Costs for the neurons of a group, by rows: row i holds the costs of turning i spikes of a into 0, 1, 2 ... of b."""
    (times_a, number_a, start_a), (times_b, number_b, start_b) = ((t, n[group], s[group]) for t, n, s in (a, b))
    width = int(number_b.max(initial=0))
    column = np.arange(width + 1)
    place = np.minimum(start_b[:, None] + column[:-1], max(times_b.size - 1, 0))
    other = np.where(column[:-1] < number_b[:, None], times_b[place] if times_b.size else 0.0, math.nan)
    row = np.tile(column.astype(np.float64), (group.size, 1))
    for i in range(int(number_a.max(initial=0))):
        alive = int(np.count_nonzero(number_a > i))  # those in front
        moved = row[:alive, :-1] + cost * np.abs(times_a[start_a[:alive] + i][:, None] - other[:alive])
        row[:alive] += 1.0  # the spike of a is removed
        row[:alive, 1:] = np.fmin(row[:alive, 1:], moved)
        # Adding spikes of b, one each: the least of the entries to the left, 1 more for each column between.
        row[:alive] = np.minimum.accumulate(row[:alive] - column, axis=1) + column
    costs: FloatArray = row[np.arange(group.size), number_b]
    return costs


def isi_distance(
    first: Recording, second: Recording, size: int | None = None, window: Window | None = None
) -> FloatArray:
    """Mean over time of ``|x - y| / max(x, y)`` of the current inter-spike intervals x, y of two trains, (N,).

    Between 0 and 1, without a parameter. Both trains are given a spike at the start and at the end of the window, so that
    every moment lies in an interval, of silent trains too; other programs treat these ends otherwise.

    Parameters
    ----------
    first, second : (times [ms] (M,), ids (M,)), or parts of results
        The two recordings; of parts with several copies the value is (B, N).
    size : int
        Number of neurons N; of parts their own.
    window : (float, float)
        From and to [ms]; of parts their own.

    References
    ----------
    Kreuz, Haas, Morelli, Abarbanel and Politi (2007), J Neurosci Methods 165, 151, doi 10.1016/j.jneumeth.2007.05.031;
    Kreuz, Chicharro, Houghton, Andrzejak and Mormann (2013), J Neurophysiol 109, 1457, doi 10.1152/jn.00873.2012
    """
    if window is None:
        if not isinstance(first, PartResult):
            raise ParameterError("arrays of times need a window (from, to) in ms", where="isi_distance")
        window = first.window
    chosen = checked_window(window)
    return _of_each(first, second, size, "isi_distance", lambda a, b, n: _isi(a, b, n, chosen))


def _isi(first: Plain, second: Plain, size: int, window: Window) -> FloatArray:
    trains = [_with_ends(*inside(*train, size, window), size, window) for train in (first, second)]
    times, ids = (np.concatenate(pair) for pair in zip(*trains))
    of_first = np.arange(times.size) < trains[0][0].size
    order = neuron_order(times, ids, size)
    times, ids, of_first = times[order], ids[order], of_first[order]
    # The interval after the last spike of each train, at each spike of either; a neuron begins and ends with one of both.
    current = [np.diff(train[0], append=math.nan)[np.cumsum(flags) - 1] for train, flags in zip(trains, (of_first, ~of_first))]
    lasting = np.diff(times, append=math.nan)
    valid = (lasting > 0.0) & (np.diff(ids, append=-1) == 0)
    x, y, lasting, ids = current[0][valid], current[1][valid], lasting[valid], ids[valid]
    distance: FloatArray = np.bincount(ids, lasting * np.abs(x - y) / np.maximum(x, y), size) / (window[1] - window[0])
    return distance


def _with_ends(times: FloatArray, ids: AnyArray, size: int, window: Window) -> Plain:
    """The spikes in the order of neurons, and two more of each neuron, at both ends of the window."""
    ends = np.repeat(np.asarray(window), size)
    return by_neuron(np.concatenate([np.clip(times, *window), ends]), np.concatenate([ids, np.tile(np.arange(size), 2)]), size)


# ---- two recordings ------------------------------------------------------------------------------------------------------
def _of_each(
    first: Any, second: Any, size: int | None, where: str, distance: Callable[[Plain, Plain, int], FloatArray]
) -> FloatArray:
    """The distance of two recordings, or of two parts, copy by copy."""
    pairs = both(first, second, where)
    if pairs is None:
        recordings = [_recording(given, size, where) for given in (first, second)]
        return distance(recordings[0], recordings[1], int(size or 0))
    if size is not None:
        raise ParameterError("parts have their own size", where=where, hint="Choose neurons with .neurons(...).")
    sizes = {trains[2] for pair in pairs for trains in pair}
    if len(sizes) > 1:
        raise ParameterError(f"the parts have {' and '.join(map(str, sorted(sizes)))} neurons", where=where)
    found: FloatArray = joined([distance(a[:2], b[:2], a[2]) for a, b in pairs])
    return found


def _recording(given: Any, size: Any, where: str) -> Plain:
    if not isinstance(given, tuple | list) or len(given) != 2:
        raise ParameterError(f"a recording is (times, ids) or a part of a result, got {given!r}", where=where)
    return checked(given[0], given[1], size)

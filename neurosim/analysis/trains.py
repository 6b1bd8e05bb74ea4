"""What all statistics share: the checks of their arguments, the window, bins, spikes in the order of neurons."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import numpy.typing as npt

from neurosim.analysis.parts import accepts_part, both
from neurosim.errors import NeurosimError, ParameterError

FloatArray = npt.NDArray[np.floating[Any]]
AnyArray = npt.NDArray[Any]
Window = tuple[float, float]

EDGE = 1e-6
"""Times are multiples of dt up to rounding; a spike this part of a bin below an edge counts as standing on it."""

MOST_ENTRIES = 250_000_000
"""Of an array of bins and neurons, or of pairs of neurons: 2 GB."""


@accepts_part
def binned_counts(times: AnyArray, ids: AnyArray, size: int, window: Window, bin_ms: float) -> FloatArray:
    """Spikes per bin and neuron, (T, N); the last, incomplete bin is left out.

    A spike on an edge belongs to the bin that begins there; Elephant's ``BinnedSpikeTrain`` has the same rule, with a
    tolerance of 1e-8 of a bin where ours is 1e-6.

    Raises
    ------
    ParameterError
        If the window does not hold one bin, or the array would take more than 2 GB.
    """
    bins = number_of_bins(window, bin_ms)
    limited(bins * size, f"counts of {size:,} neurons in {bins:,} bins")
    times, ids = inside(times, ids, size, window)
    place = bin_of(times, window, bin_ms)
    keep = place < bins
    flat = np.bincount(place[keep] * size + ids[keep], minlength=bins * size)
    return flat.reshape(bins, size).astype(np.float64)


def pooled_counts(times: AnyArray, window: Window, bin_ms: float) -> FloatArray:
    """Spikes per bin, (T,), of times that lie in the window; the last, incomplete bin is left out."""
    bins = number_of_bins(window, bin_ms)
    place = bin_of(times, window, bin_ms)
    return np.bincount(place[place < bins], minlength=bins).astype(np.float64)


def middles(window: Window, bin_ms: float) -> FloatArray:
    """Middle of each bin [ms], (T,)."""
    window = checked_window(window)
    times: FloatArray = window[0] + bin_ms * (np.arange(number_of_bins(window, bin_ms)) + 0.5)
    return times


def inside(times: Any, ids: Any, size: int, window: Window) -> tuple[FloatArray, AnyArray]:
    """Times and neurons of the spikes in the window [from, to), as checked arrays."""
    times, ids = checked(times, ids, size)
    keep = in_window(times, window)
    return (times, ids) if keep.all() else (times[keep], ids[keep])


def in_window(times: FloatArray, window: Window) -> npt.NDArray[np.bool_]:
    """Which times lie in the window [from, to); the window is checked."""
    start, stop = checked_window(window)
    slack = 1e-9 * max(abs(start), abs(stop), 1.0)
    keep: npt.NDArray[np.bool_] = (times >= start - slack) & (times < stop - slack)
    return keep


def by_neuron(times: FloatArray, ids: AnyArray, size: int) -> tuple[FloatArray, AnyArray]:
    """The spikes in the order of neurons, within a neuron of time."""
    order = neuron_order(times, ids, size)
    return times[order], ids[order]


def neuron_order(times: FloatArray, ids: AnyArray, size: int) -> AnyArray:
    """What brings spikes into the order of neurons, within a neuron of time."""
    order = np.arange(times.size) if np.all(times[1:] >= times[:-1]) else np.argsort(times, kind="stable")
    # Numpy sorts numbers of 16 bits by their digits, in linear time.
    for shift in range(0, max(int(size).bit_length(), 1), 16):
        order = order[np.argsort((ids[order] >> shift).astype(np.uint16), kind="stable")]
    return order


def two_trains(first: Any, second: Any, window: Window | None, where: str) -> list[tuple[FloatArray, FloatArray, Window]]:
    """Times of two trains and their window, of each copy: of two parts with all neurons together, or of two arrays.

    Raises
    ------
    ParameterError
        If a window is given for parts, or none for arrays.
    """
    pairs = both(first, second, where)
    if pairs is not None:
        if window is not None:
            raise ParameterError("parts have their own window", where=where, hint="Choose it with .between(...) or .phase(...).")
        return [(a[0], b[0], a[3]) for a, b in pairs]
    if window is None:
        raise ParameterError("arrays of times need a window (from, to) in ms", where=where)
    a, b = (numbers(given, "times").ravel() for given in (first, second))
    return [(a[in_window(a, window)], b[in_window(b, window)], checked_window(window))]


# ---- checks --------------------------------------------------------------------------------------------------------------
def checked(times: Any, ids: Any, size: int) -> tuple[FloatArray, AnyArray]:
    """Times as floats and neurons as integers of one length, the latter below ``size``.

    Raises
    ------
    ParameterError
    """
    times = numbers(times, "times")
    ids = np.asarray(ids) if isinstance(ids, np.ndarray) and ids.dtype.kind in "iu" else numbers(ids, "ids")
    if not isinstance(size, int | np.integer) or isinstance(size, bool) or size < 0:
        raise ParameterError(f"size must be the number of neurons, got {size!r}")
    limited(int(size), f"values of {size:,} neurons")
    if times.shape != ids.shape:
        raise ParameterError(f"times and ids differ in length: {times.size} and {ids.size}")
    if ids.size and not 0 <= ids.min() <= ids.max() < size:
        raise ParameterError(f"neuron {ids.max() if ids.max() >= size else ids.min():g} is outside a population of {size}")
    return times.ravel(), ids.ravel().astype(np.int64, copy=False)


def numbers(given: Any, name: str) -> FloatArray:
    """An array of plain floats.

    Raises
    ------
    ParameterError
    """
    try:
        return np.asarray(given, np.float64)
    except (TypeError, ValueError, NeurosimError):  # a quantity has an error of its own
        raise ParameterError(f"{name} must be an array of plain numbers{' [ms]' if name == 'times' else ''}, got {given!r}") from None


def checked_window(window: Any) -> Window:
    """Two finite times in ms, the second later.

    Raises
    ------
    ParameterError
    """
    pair = numbers(window, "window")
    if pair.shape != (2,) or not np.all(np.isfinite(pair)):
        raise ParameterError(f"the window must be two times in ms (from, to), got {window!r}")
    if not pair[1] > pair[0]:
        raise ParameterError(f"the window from {pair[0]:g} to {pair[1]:g} ms is empty")
    return float(pair[0]), float(pair[1])


def positive(value: Any, name: str, *, zero: bool = False) -> float:
    """A finite number above zero, or at least zero.

    Raises
    ------
    ParameterError
    """
    number = isinstance(value, int | float | np.number) and not isinstance(value, bool | np.complexfloating)
    if not number or not (0.0 < value < math.inf or (zero and value == 0.0)):
        raise ParameterError(f"{name} must be a {'plain number of at least 0' if zero else 'positive plain number'}, got {value!r}")
    return float(value)


def whole(value: Any, name: str, least: int) -> int:
    """A whole number of at least ``least``.

    Raises
    ------
    ParameterError
    """
    if not isinstance(value, int | np.integer) or isinstance(value, bool) or value < least:
        raise ParameterError(f"{name} must be a whole number of at least {least}, got {value!r}")
    return int(value)


def number_of_bins(window: Window, bin_ms: float) -> int:
    """Whole bins in the window.

    Raises
    ------
    ParameterError
        If there is none.
    """
    window, bin_ms = checked_window(window), positive(bin_ms, "bin_ms")
    bins = math.floor((window[1] - window[0]) / bin_ms + EDGE)
    if bins < 1:
        raise ParameterError(f"the window from {window[0]:g} to {window[1]:g} ms does not hold one bin of {bin_ms:g} ms")
    limited(bins, f"{bins:,} bins of {bin_ms:g} ms")
    return bins


def bin_of(times: FloatArray, window: Window, bin_ms: float) -> AnyArray:
    """The bin of each time, counted from the start of the window."""
    place: AnyArray = np.maximum(np.floor((times - window[0]) / bin_ms + EDGE).astype(np.int64), 0)
    return place


def limited(entries: int, what: str) -> None:
    """Refuse an array that would not fit.

    Raises
    ------
    ParameterError
    """
    if entries > MOST_ENTRIES:
        hint = "Take wider bins, a shorter window or fewer neurons: result[name].neurons(range(100))."
        raise ParameterError(f"{what} would take {entries * 8 / 1e9:.1f} GB", hint=hint)


def mean_of_known(values: FloatArray) -> float:
    """Mean of what is not nan; nan if nothing is left."""
    known = values[~np.isnan(values)]
    return float(known.mean()) if known.size else math.nan

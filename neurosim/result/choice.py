"""Some neurons of a part, by their numbers or by a condition."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from neurosim.errors import NeurosimError, ParameterError

IntArray = npt.NDArray[np.integer[Any]]


def chosen_neurons(which: object, size: int, before: IntArray | None, where: str) -> IntArray:
    """Numbers of the chosen neurons, in the order given.

    Parameters
    ----------
    which : (K,) array_like of int, or (N,) array_like of bool
        The choice; (K,) of bool where K neurons were chosen before.
    size : int
        Number of neurons N of the part.
    before : (K,) array of int or None
        What was chosen before: neurons outside it are gone.
    where : str
        The part, for messages.

    Raises
    ------
    ParameterError
    """
    known = np.arange(size) if before is None else before
    try:
        given = np.asarray(list(which) if isinstance(which, range | set | frozenset) else which)
    except (TypeError, ValueError, NeurosimError):
        given = np.asarray(None)
    if given.dtype.kind == "f" and not given.size:  # an empty list
        given = given.astype(np.int64)
    numbers: IntArray
    if given.dtype.kind == "b" and given.shape == known.shape:
        numbers = known[given]
    elif given.dtype.kind in "iu" and given.ndim <= 1:
        numbers = np.atleast_1d(given).astype(np.int64)
    else:
        shown = f"an array of {given.dtype} of the shape {given.shape}" if given.dtype.kind in "biuf" else repr(which)[:60]
        raise ParameterError(f"needs numbers of neurons or {known.size} truth values, got {shown}", where=where)
    if not numbers.size:
        raise ParameterError("no neuron was chosen", where=where)
    outside = numbers[(numbers < 0) | (numbers >= size)]
    if outside.size:
        raise ParameterError(f"there is no neuron {outside[0]}; it has {size}, counted from 0", where=where)
    gone = numbers[~np.isin(numbers, known)]
    if gone.size:
        raise ParameterError(f"neuron {gone[0]} is not among the {known.size} that were chosen before", where=where)
    unique, number = np.unique(numbers, return_counts=True)
    if unique.size < numbers.size:
        raise ParameterError(f"neuron {unique[number > 1][0]} was chosen twice", where=where)
    return numbers

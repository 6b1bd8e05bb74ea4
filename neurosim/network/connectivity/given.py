"""Pairs that were given: as lists, as a matrix, as a sparse matrix."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from ...errors import Findings, ParameterError
from ...spelling import spelt
from ...units import Quantity, Unit
from ..values import conclude, is_a, shown
from .arguments import IntArray, in_unit_of, numbers_of, refuse_nonfinite
from .rule import Connectivity


@spelt
def pairs(pre: npt.ArrayLike, post: npt.ArrayLike) -> Connectivity:
    """Synapse k from neuron ``pre[k]`` to neuron ``post[k]``.

    Parameters
    ----------
    pre, post : array of int (E,)
        A pair may stand there more than once.

    Notes
    -----
    Weights, delays and other values per synapse are given in the same order as the pairs.

    Examples
    --------
    >>> pairs([1, 0], [2, 2]).pre
    array([0, 1])
    """
    return _pairs(pre, post, None, "pairs")


@spelt
def dense(matrix: Any) -> Connectivity:
    """Every source to every target, with a weight for each pair.

    Parameters
    ----------
    matrix : ndarray or Quantity (S, N)
        ``matrix[i, j]`` is the weight from source i to target j: the transpose of the matrix that multiplies a column of
        inputs.

    Examples
    --------
    >>> from neurosim.units import mV
    >>> dense([[1, 2, 3], [4, 5, 6]] * mV).shape
    (2, 3)
    """
    values = numbers_of(matrix)
    if values is None or values.ndim != 2:
        raise ParameterError(
            f"the matrix must be an array of numbers of the shape (sources, targets), times a unit, got {shown(matrix)}.", where="dense"
        )
    refuse_nonfinite(values, "dense")
    return Connectivity("all_to_all", weights=in_unit_of(matrix, values.ravel()), shape=(values.shape[0], values.shape[1]))


@spelt
def sparse(matrix: Any, unit: Unit | None = None) -> Connectivity:
    """The pairs that a sparse matrix holds, with their weights.

    Parameters
    ----------
    matrix : sparse matrix (S, N), or (pre, post, weight)
        Anything with a method ``tocoo`` such as the matrices of SciPy, or a tuple of three arrays (E,). Row i is source i.
    unit : Unit, optional
        The unit of the weights, for matrices of plain numbers: those of SciPy cannot have one.

    Notes
    -----
    Every entry that is stored is a synapse: zeros that stand in the matrix are synapses of weight 0, which may learn
    (``matrix.eliminate_zeros()`` removes them), and of a pair that is stored twice there are two synapses, which add up
    (``matrix.sum_duplicates()`` makes them one).

    Examples
    --------
    >>> from neurosim.units import pA
    >>> print(sparse(([0, 2], [1, 1], [5, 7] * pA)))
    pairs(2 pairs)
    """
    if unit is not None and not is_a(unit, Unit):
        raise ParameterError(f"unit must be a unit such as mV, got {shown(unit)}.", where="sparse")
    if isinstance(matrix, tuple) and len(matrix) == 3:
        return _pairs(matrix[0], matrix[1], _with_unit(matrix[2], unit), "sparse")
    convert = getattr(matrix, "tocoo", None)
    if convert is None:
        raise ParameterError(
            f"needs a sparse matrix or the tuple (pre, post, weight), got {type(matrix).__name__}. "
            "A full matrix is given with dense(matrix).",
            where="sparse",
        )
    coo = convert()
    if len(coo.shape) != 2 or np.asarray(coo.data).dtype.kind not in "biuf":
        raise ParameterError(
            f"the matrix must have two dimensions and hold real numbers, got {coo.shape} of {np.asarray(coo.data).dtype}.", where="sparse"
        )
    found = _pairs(coo.row, coo.col, _with_unit(np.asarray(coo.data, np.float64), unit), "sparse")
    shape = (int(coo.shape[0]), int(coo.shape[1]))
    return Connectivity("pairs", pre=found.pre, post=found.post, weights=found.weights, order=found.order, shape=shape)


def _with_unit(weights: Any, unit: Unit | None) -> Any:
    if unit is None:
        return weights
    if isinstance(weights, Quantity):
        raise ParameterError(f"the weights have the unit {weights.unit} already: leave unit=... out.", where="sparse")
    values = numbers_of(weights)
    return weights if values is None else Quantity(values, unit)


def _pairs(pre: npt.ArrayLike, post: npt.ArrayLike, weights: Any, where: str) -> Connectivity:
    findings = Findings()
    columns = [_indices(findings, name, given, where) for name, given in (("pre", pre), ("post", post))]
    conclude(findings, ParameterError, where)
    sources, targets = (np.zeros(0, np.int64) if column is None else column for column in columns)
    if len(sources) != len(targets):
        raise ParameterError(f"pre has {len(sources)} entries and post has {len(targets)}.", where=where)
    values = None if weights is None else numbers_of(weights)
    if weights is not None:
        if values is None or values.shape != sources.shape:
            raise ParameterError(f"needs one weight for each of {len(sources)} pairs, got {shown(weights)}.", where=where)
        refuse_nonfinite(values, where)
    order = np.lexsort((targets, sources))
    given = None if values is None else in_unit_of(weights, values[order])
    return Connectivity("pairs", pre=sources[order], post=targets[order], weights=given, order=order)


def _indices(findings: Findings, name: str, given: npt.ArrayLike, where: str) -> IntArray | None:
    try:
        array = np.asarray(given)
    except (ValueError, TypeError):
        array = np.asarray("")
    if array.size == 0 and array.ndim == 1:
        return np.zeros(0, np.int64)
    if array.ndim != 1 or array.dtype.kind not in "iuf" or not np.all(np.isfinite(array)) or np.any(array != np.floor(array)):
        findings.add(where, f"{name} must be a list of whole numbers, got {shown(given)}.")
        return None
    indices = array.astype(np.int64)
    if np.any(indices < 0):
        place = int(np.argmax(indices < 0))
        findings.add(where, f"{name} must not be negative, got {indices[place]} at index {place}.")
        return None
    return indices

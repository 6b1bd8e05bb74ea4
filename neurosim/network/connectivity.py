"""Who is connected to whom: rules that yield pairs of neurons, or lists of pairs.

A rule is a value without random numbers in it; which pairs it yields depends on the network's seed and on the name of the
projection that uses it. Shape letters: S sources, N targets, E synapses.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from ..errors import Findings, NeurosimError, ParameterError
from ..units import Quantity
from .values import check_flag, conclude, shown

IntArray = npt.NDArray[np.int64]
LARGEST = 1e15


@dataclass(frozen=True, eq=False)
class Connectivity:
    """A rule that yields pairs; made by the functions of this module.

    Parameters
    ----------
    kind : str
        'all_to_all', 'one_to_one', 'fixed_probability', 'fixed_indegree', 'fixed_outdegree', 'fixed_total_number', 'pairs'.
    number : int
        Partners of each neuron, or synapses in all.
    probability : float
        Of each pair.
    autapses : bool
        Whether a neuron may be connected to itself, where source and target are one population.
    multapses : bool
        Whether a pair may be drawn more than once.
    pre, post : ndarray (E,)
        The pairs of kind 'pairs', sorted by source, then target, then place in what was given.
    weights : number, ndarray or Quantity (E,), optional
        Weights that came with the pairs, in the order of `pre` and `post`; of a dense matrix row by row (source by source).
    order : ndarray (E,), optional
        Entry k of `pre`, `post` was entry ``order[k]`` of what was given: other values per synapse are given in that order.
    shape : (int, int), optional
        Sources and targets of a given matrix.
    """

    kind: str
    number: int = 0
    probability: float = 1.0
    autapses: bool = True
    multapses: bool = True
    pre: IntArray | None = None
    post: IntArray | None = None
    weights: float | npt.NDArray[np.float64] | Quantity | None = None
    order: IntArray | None = None
    shape: tuple[int, int] | None = None

    def __str__(self) -> str:
        details = {
            "fixed_probability": f"{self.probability:g}",
            "fixed_indegree": str(self.number),
            "fixed_outdegree": str(self.number),
            "fixed_total_number": str(self.number),
            "pairs": f"{0 if self.pre is None else len(self.pre)} pairs",
        }
        words = [details.get(self.kind, "")] if self.kind in details else []
        words += [] if self.autapses else ["autapses=False"]
        words += [] if self.multapses else ["multapses=False"]
        return f"{self.kind}({', '.join(words)})"

    def edge_count(self, sources: int, targets: int, same: bool) -> int | None:
        """Synapses between populations of these sizes, None where they have to be drawn.

        Parameters
        ----------
        sources, targets : int
        same : bool
            Whether source and target are one population.
        """
        if self.kind == "pairs":
            return 0 if self.pre is None else len(self.pre)
        counts = {
            "all_to_all": sources * targets - (sources if same and not self.autapses else 0),
            "one_to_one": sources,
            "fixed_indegree": targets * self.number,
            "fixed_outdegree": sources * self.number,
            "fixed_total_number": self.number,
        }
        return counts.get(self.kind)


def all_to_all(*, autapses: bool = True) -> Connectivity:
    """Every source to every target.

    Examples
    --------
    >>> all_to_all().edge_count(3, 4, same=False)
    12
    """
    _flags("all_to_all", autapses=autapses)
    return Connectivity("all_to_all", autapses=autapses)


def broadcast() -> Connectivity:
    """One neuron to all of a population: :func:`all_to_all` under the name that says what is meant."""
    return all_to_all()


def sum_() -> Connectivity:
    """All neurons of a population to one: :func:`all_to_all` under the name that says what is meant."""
    return all_to_all()


def one_to_one() -> Connectivity:
    """Neuron i to neuron i of a population of the same size."""
    return Connectivity("one_to_one")


def fixed_probability(p: float, *, autapses: bool = True) -> Connectivity:
    """Each pair with probability `p`, independently.

    Parameters
    ----------
    p : float
        Between 0 and 1.
    autapses : bool
        Whether a neuron may be connected to itself.

    Examples
    --------
    >>> print(fixed_probability(0.02))
    fixed_probability(0.02)
    """
    _flags("fixed_probability", autapses=autapses)
    probability = _number(p)
    if probability is None or not 0.0 <= probability <= 1.0:
        raise ParameterError(f"the probability must be between 0 and 1, got {shown(p)}.", where="fixed_probability")
    return Connectivity("fixed_probability", probability=probability, autapses=autapses)


def fixed_indegree(k: int, *, autapses: bool = True, multapses: bool = True) -> Connectivity:
    """Every target gets `k` synapses from sources drawn at random.

    Parameters
    ----------
    k : int
        Synapses of each target.
    autapses : bool
        Whether a neuron may be connected to itself.
    multapses : bool
        Whether sources are drawn with replacement, so that a pair may have several synapses.
    """
    _flags("fixed_indegree", autapses=autapses, multapses=multapses)
    return Connectivity("fixed_indegree", number=_count(k, "fixed_indegree"), autapses=autapses, multapses=multapses)


def fixed_outdegree(k: int, *, autapses: bool = True, multapses: bool = True) -> Connectivity:
    """Every source gets `k` synapses to targets drawn at random; arguments as for :func:`fixed_indegree`."""
    _flags("fixed_outdegree", autapses=autapses, multapses=multapses)
    return Connectivity("fixed_outdegree", number=_count(k, "fixed_outdegree"), autapses=autapses, multapses=multapses)


def fixed_total_number(n: int, *, autapses: bool = True, multapses: bool = True) -> Connectivity:
    """`n` synapses, source and target of each drawn at random; arguments as for :func:`fixed_indegree`."""
    _flags("fixed_total_number", autapses=autapses, multapses=multapses)
    return Connectivity("fixed_total_number", number=_count(n, "fixed_total_number"), autapses=autapses, multapses=multapses)


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
    values = _numbers(matrix)
    if values is None or values.ndim != 2:
        raise ParameterError(
            f"the matrix must be an array of numbers of the shape (sources, targets), times a unit, got {shown(matrix)}.", where="dense"
        )
    _refuse_nonfinite(values, "dense")
    return Connectivity("all_to_all", weights=_like(matrix, values.ravel()), shape=(values.shape[0], values.shape[1]))


def sparse(matrix: Any) -> Connectivity:
    """The pairs that a sparse matrix holds, with their weights.

    Parameters
    ----------
    matrix : sparse matrix (S, N), or (pre, post, weight)
        Anything with a method ``tocoo`` such as the matrices of SciPy (their values are plain numbers: use the form of three
        arrays for weights with a unit), or a tuple of three arrays (E,). Row i is source i.

    Examples
    --------
    >>> from neurosim.units import pA
    >>> print(sparse(([0, 2], [1, 1], [5, 7] * pA)))
    pairs(2 pairs)
    """
    if isinstance(matrix, tuple) and len(matrix) == 3:
        return _pairs(matrix[0], matrix[1], matrix[2], "sparse")
    convert = getattr(matrix, "tocoo", None)
    if convert is None:
        raise ParameterError(
            f"needs a sparse matrix or the tuple (pre, post, weight), got {type(matrix).__name__}. "
            "A full matrix is given with dense(matrix).",
            where="sparse",
        )
    coo = convert()
    found = _pairs(coo.row, coo.col, np.asarray(coo.data, np.float64), "sparse")
    return Connectivity("pairs", pre=found.pre, post=found.post, weights=found.weights, order=found.order, shape=tuple(coo.shape))


def _pairs(pre: npt.ArrayLike, post: npt.ArrayLike, weights: Any, where: str) -> Connectivity:
    findings = Findings()
    columns = [_indices(findings, name, given, where) for name, given in (("pre", pre), ("post", post))]
    conclude(findings, ParameterError, where)
    sources, targets = (np.zeros(0, np.int64) if column is None else column for column in columns)
    if len(sources) != len(targets):
        raise ParameterError(f"pre has {len(sources)} entries and post has {len(targets)}.", where=where)
    values = None if weights is None else _numbers(weights)
    if weights is not None:
        if values is None or values.shape != sources.shape:
            raise ParameterError(f"needs one weight for each of {len(sources)} pairs, got {shown(weights)}.", where=where)
        _refuse_nonfinite(values, where)
    order = np.lexsort((targets, sources))
    given = None if values is None else _like(weights, values[order])
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


def _number(value: Any) -> float | None:
    if not isinstance(value, (int, float, np.number)) or isinstance(value, bool):
        return None
    size: Any = abs(value)  # of whole numbers that no float holds too
    return float(value) if size <= LARGEST else None


def _count(value: Any, where: str) -> int:
    number = _number(value)
    if number is None or number < 0 or number != int(number):
        raise ParameterError(f"needs a whole number from 0 to 1e15, got {shown(value)}.", where=where)
    return int(number)


def _flags(where: str, **flags: object) -> None:
    findings = Findings()
    for name, value in flags.items():
        check_flag(findings, value, where, name)
    conclude(findings, ParameterError, where)


def _numbers(given: Any) -> npt.NDArray[np.float64] | None:
    """The plain numbers of an array or of a quantity, in its own unit."""
    try:
        array = np.asarray(given.value if isinstance(given, Quantity) else given)
    except (ValueError, TypeError, NeurosimError):  # an entry with a unit has an error of its own
        return None
    return array.astype(np.float64) if array.dtype.kind in "iuf" else None


def _like(given: Any, values: npt.NDArray[np.float64]) -> npt.NDArray[np.float64] | Quantity:
    return Quantity(values, given.unit) if isinstance(given, Quantity) else values


def _refuse_nonfinite(values: npt.NDArray[np.float64], where: str) -> None:
    wrong = ~np.isfinite(values)
    if np.any(wrong):
        place = tuple(int(k) for k in np.argwhere(wrong)[0])
        index = str(place[0]) if len(place) == 1 else str(place)
        raise ParameterError(f"every weight must be a finite number, got {values[place]} at index {index}.", where=where)

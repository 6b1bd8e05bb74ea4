"""The value that a rule of connectivity is."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from ...units import Quantity
from .space import Space

IntArray = npt.NDArray[np.int64]
DRAWN = ("fixed_probability", "fixed_indegree", "fixed_outdegree", "fixed_total_number", "distance_dependent", "small_world")
"""Kinds whose pairs are drawn at random."""


@dataclass(frozen=True, eq=False)
class Connectivity:
    """A rule that yields pairs; made by the functions of this package.

    Parameters
    ----------
    kind : str
        'all_to_all', 'one_to_one', 'fixed_probability', 'fixed_indegree', 'fixed_outdegree', 'fixed_total_number',
        'distance_dependent', 'small_world', 'pairs'.
    number : int
        Partners of each neuron, or synapses in all.
    probability : float
        Of each pair; where it depends on distance its maximum; of a small world that of being rewired.
    autapses : bool
        Whether a neuron may be connected to itself, where source and target are one population.
    multapses : bool
        Whether a pair may be drawn more than once.
    pre, post : ndarray (E,)
        The pairs of kind 'pairs', sorted by source, then target, then place in what was given.
    weights : number, ndarray or Quantity (E,), optional
        Weights that came with the pairs, in the order of `pre` and `post`; of a dense matrix row by row (source by source); of a
        convolution the entries of its kernel.
    order : ndarray (E,), optional
        Entry k of `pre`, `post` was entry ``order[k]`` of what was given: other values per synapse are given in that order.
    shape : (int, int), optional
        Sources and targets of a given matrix.
    space : Space, optional
        Where sources and targets are, and how the probability depends on their distance.
    entry : ndarray (E,), optional
        Of a convolution: which entry of the kernel each synapse uses.
    kernel_shape : (int, int, int, int), optional
        Of a convolution: rows, columns, channels of the image and of the features.
    features : (int, int, int), optional
        Of a convolution: rows, columns and channels of what it makes; their product is the number of targets.
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
    space: Space | None = None
    entry: IntArray | None = None
    kernel_shape: tuple[int, int, int, int] | None = None
    features: tuple[int, int, int] | None = None

    def __str__(self) -> str:
        details = {
            "fixed_probability": f"{self.probability:g}",
            "fixed_indegree": str(self.number),
            "fixed_outdegree": str(self.number),
            "fixed_total_number": str(self.number),
            "distance_dependent": "" if self.space is None else f"{self.space}",
            "small_world": f"{self.number}, {self.probability:g}",
            "pairs": f"{0 if self.pre is None else len(self.pre)} pairs",
        }
        words = [details.get(self.kind, "")] if self.kind in details else []
        if self.kind == "distance_dependent" and self.probability != 1.0:
            words.append(f"probability={self.probability:g}")
        words += [] if self.autapses or self.kind == "small_world" else ["autapses=False"]
        words += [] if self.multapses else ["multapses=False"]
        if self.kernel_shape is not None:
            return f"convolution({' x '.join(map(str, self.kernel_shape))})"
        return f"{self.kind}({', '.join(words)})"

    @property
    def is_drawn(self) -> bool:
        """Whether which pairs there are depends on the seed."""
        return self.kind in DRAWN

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
            "small_world": sources * self.number,
        }
        return counts.get(self.kind)

    def weight_count(self, sources: int, targets: int, same: bool) -> int | None:
        """Weights that such a projection owns: one for each synapse, of a convolution one for each entry of its kernel."""
        if self.kernel_shape is not None:
            return int(np.prod(self.kernel_shape))
        return self.edge_count(sources, targets, same)

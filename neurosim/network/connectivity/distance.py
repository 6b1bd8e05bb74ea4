"""Pairs whose probability depends on the distance of the two neurons."""

from __future__ import annotations

from ...errors import ParameterError
from ...spelling import spelt
from ..values import is_a, shown
from .arguments import check_flags, number_of
from .rule import Connectivity
from .space import ByDistance, Positions, Space


@spelt
def distance_dependent(
    kernel: ByDistance | str,
    positions: Positions,
    targets: Positions | None = None,
    *,
    probability: float = 1.0,
    boundary: str = "open",
    autapses: bool = True,
) -> Connectivity:
    """Each pair with a probability that depends on the distance of the two, independently.

    Parameters
    ----------
    kernel : ByDistance or str
        One of ``neurosim.kernels``, or a formula of ``distance`` (and of ``dx``, ``dy``, the steps from source to target) such as
        ``"exp(-distance / (100*um))"``; :func:`by_distance` gives names in it a value. Values outside 0 ... 1 count as 0 and 1.
    positions : Positions
        Where the sources are, and the targets too if `targets` is not given.
    targets : Positions, optional
        Where the targets are, in the same coordinates.
    probability : float
        Multiplies the kernel: the probability where the kernel is 1.
    boundary : {'open', 'periodic'}
        Whether the area ends at its boundary, or repeats in both directions (a torus), where a distance is the shortest one.
    autapses : bool
        Whether a neuron may be connected to itself.

    Notes
    -----
    With the kernel ``"1"`` it yields the pairs of :func:`fixed_probability` with the same probability and seed. `weight` and `delay`
    of the projection may depend on distance too, see :func:`by_distance`.

    Examples
    --------
    >>> from neurosim.network import grid, kernels
    >>> from neurosim.units import um
    >>> sheet = grid(20, 20, spacing=50 * um)
    >>> print(distance_dependent(kernels.gaussian(100 * um), sheet, probability=0.8, boundary="periodic"))
    distance_dependent(exp(-distance**2 / (2 * sigma**2)), sigma=100 um, periodic, probability=0.8)
    """
    where = "distance_dependent"
    check_flags(where, autapses=autapses)
    if isinstance(kernel, str):
        kernel = ByDistance(kernel)
    if not is_a(kernel, ByDistance):
        found = f"the kernel must be a formula of distance, such as kernels.gaussian(100*um) or 'exp(-distance/(100*um))', got {shown(kernel)}."
        raise ParameterError(found, where=where)
    most = number_of(probability)
    if most is None or not 0.0 <= most <= 1.0:
        raise ParameterError(f"the probability must be between 0 and 1, got {shown(probability)}.", where=where)
    space = Space(positions, positions if targets is None else targets, kernel, boundary)
    return Connectivity("distance_dependent", probability=most, autapses=autapses, space=space)

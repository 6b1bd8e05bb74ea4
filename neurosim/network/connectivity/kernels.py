"""How likely a connection is at a distance: the usual kernels, each a formula of ``distance``, 1 where it is largest.

They stand in ``neurosim.kernels``; any other is given as a text, see :func:`neurosim.distance_dependent`.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from ...errors import Findings, ParameterError
from ...spelling import spelt
from ...units import DIMENSIONLESS, LENGTH, Quantity, Unit
from ..values import Scalar, check_positive, check_scalar, conclude, shown
from .space import ByDistance


@spelt
def gaussian(sigma: Scalar) -> ByDistance:
    """exp(-distance^2 / (2 sigma^2)).

    Parameters
    ----------
    sigma : Quantity or number
        Standard deviation of the bell along each axis, in the unit of the positions.

    Examples
    --------
    >>> from neurosim.units import um
    >>> print(gaussian(100 * um))
    exp(-distance**2 / (2 * sigma**2)), sigma=100 um
    """
    _check("gaussian", sigma=sigma)
    return ByDistance("exp(-distance**2 / (2 * sigma**2))", {"sigma": sigma})


@spelt
def exponential(scale: Scalar) -> ByDistance:
    """exp(-distance / scale).

    Parameters
    ----------
    scale : Quantity or number
        The distance at which it has fallen to 1/e.
    """
    _check("exponential", scale=scale)
    return ByDistance("exp(-distance / scale)", {"scale": scale})


@spelt
def linear(radius: Scalar) -> ByDistance:
    """Falls from 1 at no distance to 0 at `radius`, and stays 0.

    Parameters
    ----------
    radius : Quantity or number
    """
    _check("linear", radius=radius)
    return ByDistance("max(1 - distance / radius, 0)", {"radius": radius})


@spelt
def disc(radius: Scalar, inner: Scalar = 0.0) -> ByDistance:
    """1 up to `radius` and not below `inner`, else 0: a disc, or a ring.

    Parameters
    ----------
    radius, inner : Quantity or number
        Both ends belong to it.
    """
    _check("disc", radius=radius)
    if not _is_zero(inner):
        _check("disc", inner=inner)
        return ByDistance("where(distance <= radius and distance >= inner, 1, 0)", {"radius": radius, "inner": inner})
    return ByDistance("where(distance <= radius, 1, 0)", {"radius": radius})


@spelt
def box(width: Scalar, height: Scalar | None = None) -> ByDistance:
    """1 within a rectangle around the source, else 0.

    Parameters
    ----------
    width, height : Quantity or number
        Of the rectangle, edges included; a square if no height is given.
    """
    height = width if height is None else height
    _check("box", width=width, height=height)
    return ByDistance("where(abs(dx) <= width / 2 and abs(dy) <= height / 2, 1, 0)", {"width": width, "height": height})


def _is_zero(value: Any) -> bool:
    return isinstance(value, (int, float, np.number)) and not isinstance(value, bool) and value == 0


def _check(kernel: str, **lengths: Any) -> None:
    """Positive lengths, or positive plain numbers."""
    findings = Findings()
    for name, value in lengths.items():
        dimension = value.dimension if isinstance(value, (Quantity, Unit)) else DIMENSIONLESS
        if dimension not in (DIMENSIONLESS, LENGTH):
            findings.add(kernel, f"{name} must be a length, as in um, or a plain number, got {shown(value)}.")
            continue
        number = check_scalar(findings, value, dimension, kernel, name)
        if number is not None:
            check_positive(findings, value, dimension, np.asarray(number), kernel, name)
    conclude(findings, ParameterError, kernel)

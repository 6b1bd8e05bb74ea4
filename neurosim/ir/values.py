"""Values of a Program: a number for all, an array with one for each, or a recipe."""

from __future__ import annotations

import numpy as np


def is_number(value: object) -> bool:
    """Whether a value is one number."""
    return isinstance(value, (int, float, np.number)) or (isinstance(value, np.ndarray) and value.ndim == 0)


def is_array(value: object) -> bool:
    """Whether a value differs from neuron to neuron, or from edge to edge."""
    return np.ndim(np.asarray(value)) > 0


def number(value: object) -> float:
    """The one number that a value is known to be."""
    return float(np.asarray(value, np.float64))

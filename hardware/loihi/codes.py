"""Numbers by which the compiled loop knows kinds of neurons and of synapses; apart from it, so that a plan is read without a compiler."""

from __future__ import annotations

ALIGN = 16
"""Groups begin at multiples of this position, so that eight flags are looked at as one number."""
LIF, HELD, TERNARY, ADAPTIVE, GRADED, RECTIFIED, SOURCE = range(7)
"""Kinds of groups; ``HELD`` is a lif with a refractory time."""
DENSE, SPARSE, DELAYED = range(3)
"""Kinds of synapses: full rows, rows of (target, weight), rows of (target, weight, delay)."""

"""Numbers by which the compiled learning engine knows factors, columns of its tables and limits; apart from it, as those of neurons are."""

from __future__ import annotations

X1, X2, Y1, Y2, Y3, W, D, T, X0, Y0 = range(10)
"""Factors of a product."""
AT_X0, AT_Y0, AT_U = range(3)
"""Dependencies: a product is read in the step of the last presynaptic, or postsynaptic, spike, or at the end of the epoch."""
(
    SYNAPSES, SOURCE, TARGET, PRE, POST, LEFT, EPOCH, EVERY, DENSE, INDEPENDENT, THIRD,
    PRODUCTS, DELAYS, TAGS, END, LOWEST, HIGHEST, BY_X0, BY_Y0, READS_D, READS_T,
    AT_PRE, AT_POST, AT_X, AT_Y, AT_EDGE, AT_SPARSE, AT_COLUMN,
) = range(28)  # fmt: skip
"""Columns of the table of synapses that learn: numbers of parts, sizes, the rule, and where its arrays begin.

``EVERY``: epochs between those in which u holds, 0 for never; ``PRODUCTS`` ... ``END``: products of dw, dd, dt; ``LOWEST``, ``HIGHEST``
weight; ``BY_X0``, ``BY_Y0``: whether a product depends on that; ``THIRD``: the group that sends y1, y2, y3, or -1.
"""
DEPENDENCY, MANTISSA, RIGHT, UP, FACTORS, FACTORS_END = range(6)
"""Columns of the table of products."""
NAME, CONSTANT, SIGN, LOW, HIGH = range(5)
"""Columns of the table of factors."""
DECAY_X, IMPULSE_X, DECAY_Y, IMPULSE_Y, AGAIN_Y, ROUND, OWN = range(7)
"""Random numbers of a step that all neurons and synapses share."""
ACCUMULATOR_LOW, ACCUMULATOR_HIGH = -(1 << 15) - 1, (1 << 15) - 1
FRACTION = 7
"""Bits of an accumulator below a unit of weight."""
LARGEST_TRACE, OFFSET = 127, 128
TAG_LOW, TAG_HIGH, DELAY_HIGH = -257, 255, 255
ODD = 0x9E3779B97F4A7C15

"""Convolution: every place of an image is seen through the same few weights."""

from __future__ import annotations

from typing import Any

import numpy as np

from ...errors import Findings, ParameterError
from ...spelling import spelt
from ..values import check_count, conclude, is_one_of, listed, shown
from .arguments import IntArray, in_unit_of, numbers_of, refuse_nonfinite
from .rule import Connectivity

WHERE = "convolution"


@spelt
def convolution(
    image: tuple[int, ...],
    kernel: Any = None,
    *,
    kernel_shape: tuple[int, ...] | None = None,
    stride: int | tuple[int, int] = 1,
    padding: int | tuple[int, int] | str = 0,
    dilation: int | tuple[int, int] = 1,
) -> Connectivity:
    """From an image to feature maps, with one kernel for all places.

    Parameters
    ----------
    image : (int, int) or (int, int, int)
        Rows, columns and channels of the image: the source neuron of pixel (y, x), channel c is ``(y * columns + x) * channels + c``.
    kernel : ndarray or Quantity (rows, columns, channels, features), optional
        The weights, times a unit; (rows, columns) where there is one channel and one feature.
    kernel_shape : tuple of int, optional
        Instead of a kernel, whose entries the projection then gives as ``weight=``: one for all, an array, or a distribution.
    stride : int or (int, int)
        Distance of neighbouring places on the image, down and across.
    padding : int, (int, int), 'valid' or 'same'
        Rows and columns of zeros around the image; 'valid' is none, 'same' as many as give a feature map of the image's size
        (divided by the stride, rounded up).
    dilation : int or (int, int)
        Distance of neighbouring entries of the kernel on the image.

    Returns
    -------
    Connectivity
        Its ``features`` are rows, columns and number of the feature maps, in that order in the targets too; ``shape`` holds the
        numbers of sources and targets.

    Notes
    -----
    Feature f at (y, x) is the sum over i, j, c of ``kernel[i, j, c, f]`` times pixel ``(y * stride + i * dilation - padding, ...)``:
    what deep learning calls a convolution, a correlation in mathematics. The synapses that use an entry of the kernel share it: a
    learning rule changes it for all of them and may only add to it (``w += ...``).

    Examples
    --------
    >>> import numpy as np
    >>> from neurosim.units import pA
    >>> layer = convolution((28, 28), np.ones((3, 3, 1, 8)) * pA, stride=2)
    >>> layer.features, layer.shape
    ((13, 13, 8), (784, 1352))
    """
    findings = Findings()
    size = _whole(findings, image, "image", (2, 3), 1)
    steps = _pair(findings, stride, "stride")
    spread = _pair(findings, dilation, "dilation")
    given = None if kernel is None else numbers_of(kernel)
    if kernel is not None and kernel_shape is not None:
        findings.add(WHERE, "give either the kernel or kernel_shape=..., not both.")
    if kernel is not None and (given is None or given.ndim not in (2, 4) or not given.size):
        wanted = "(rows, columns, channels, features), times a unit"
        findings.add(WHERE, f"the kernel must be an array of numbers of the shape {wanted}, got {shown(kernel)}.")
        given = None
    entries = _whole(findings, kernel_shape if given is None else given.shape, "kernel_shape", (2, 4), 1) if kernel is None or given is not None else None
    borders = _borders(findings, padding, size, entries, steps, spread)
    conclude(findings, ParameterError, WHERE)
    if size is None or entries is None or steps is None or spread is None or borders is None:
        raise ParameterError("image, kernel and padding do not fit together.", where=WHERE)
    rows, columns, channels = (*size, 1)[:3]
    kernel_rows, kernel_columns, inputs, features = (*entries, 1, 1)[:4]
    if inputs != channels:
        raise ParameterError(f"the kernel is for {inputs} channels, the image has {channels}.", where=WHERE)
    down = _places(rows, kernel_rows, steps[0], spread[0], borders[0])
    across = _places(columns, kernel_columns, steps[1], spread[1], borders[1])
    if not down[3] or not across[3]:
        message = f"a kernel of {kernel_rows} x {kernel_columns} does not fit on an image of {rows} x {columns}"
        raise ParameterError(f"{message}, its padding included.", where=WHERE)
    made_rows, made_columns = down[3], across[3]
    y, v, i, x, u, j, c, f = _combined(down, across, channels, features)
    pre, post = (y * columns + x) * channels + c, (v * made_columns + u) * features + f
    entry = ((i * kernel_columns + j) * channels + c) * features + f
    order = np.lexsort((post, pre))
    weights = None
    if given is not None:
        refuse_nonfinite(given, WHERE)
        weights = in_unit_of(kernel, given.ravel())
    return Connectivity(
        "pairs",
        pre=pre[order],
        post=post[order],
        weights=weights,
        shape=(rows * columns * channels, made_rows * made_columns * features),
        entry=entry[order],
        kernel_shape=(kernel_rows, kernel_columns, channels, features),
        features=(made_rows, made_columns, features),
    )


Places = tuple[IntArray, IntArray, IntArray, int]
"""Along one axis: pixels, places of the feature map, entries of the kernel that meet; and how many places there are."""


def _places(pixels: int, entries: int, step: int, spread: int, border: tuple[int, int]) -> Places:
    made = max((pixels + sum(border) - spread * (entries - 1) - 1) // step + 1, 0)
    place, entry = (axis.ravel() for axis in np.meshgrid(np.arange(made), np.arange(entries), indexing="ij"))
    pixel = place * step + entry * spread - border[0]
    inside = (pixel >= 0) & (pixel < pixels)
    return pixel[inside], place[inside], entry[inside], made


def _combined(down: Places, across: Places, channels: int, features: int) -> tuple[IntArray, ...]:
    """Every row with every column, channel and feature."""
    sizes = (len(down[0]), len(across[0]), channels, features)
    k, m, c, f = (axis.ravel() for axis in np.indices(sizes))
    return (*(axis[k] for axis in down[:3]), *(axis[m] for axis in across[:3]), c, f)


def _whole(findings: Findings, given: Any, name: str, lengths: tuple[int, int], least: int) -> tuple[int, ...] | None:
    """A few whole numbers."""
    items = listed(given)
    if items is None or len(items) not in lengths:
        numbers = " or ".join(map(str, lengths))
        findings.add(WHERE, f"{name} must be {numbers} whole numbers, got {shown(given)}.")
        return None
    counts = [check_count(findings, item, WHERE, f"{name}[{place}]", least=least) for place, item in enumerate(items)]
    return None if None in counts else tuple(int(count or 0) for count in counts)


def _pair(findings: Findings, given: Any, name: str, least: int = 1) -> tuple[int, int] | None:
    """One whole number for both directions, or one for each."""
    if listed(given) is None:
        count = check_count(findings, given, WHERE, name, least=least)
        return None if count is None else (count, count)
    found = _whole(findings, given, name, (2, 2), least)
    return None if found is None else (found[0], found[1])


def _borders(
    findings: Findings,
    padding: Any,
    size: tuple[int, ...] | None,
    entries: tuple[int, ...] | None,
    steps: tuple[int, int] | None,
    spread: tuple[int, int] | None,
) -> tuple[tuple[int, int], tuple[int, int]] | None:
    """Zeros before and behind the rows, and before and behind the columns; of an odd number one more behind."""
    if isinstance(padding, str):
        if not is_one_of(padding, ("valid", "same")):
            findings.add(WHERE, f"padding must be whole numbers, 'valid' or 'same', got {shown(padding)}.")
            return None
        if size is None or entries is None or steps is None or spread is None:
            return None
        if padding == "valid":
            return (0, 0), (0, 0)
        missing = [max((-(-n // s) - 1) * s + d * (k - 1) + 1 - n, 0) for n, k, s, d in zip(size[:2], entries[:2], steps, spread)]
        return (missing[0] // 2, missing[0] - missing[0] // 2), (missing[1] // 2, missing[1] - missing[1] // 2)
    found = _pair(findings, padding, "padding", least=0)
    return None if found is None else ((found[0], found[0]), (found[1], found[1]))

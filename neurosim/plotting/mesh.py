"""The cores of neuromorphic chips on their mesh: who lies where, and how full each core is."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
from matplotlib.axes import Axes
from matplotlib.collections import PatchCollection
from matplotlib.figure import Figure
from matplotlib.patches import Patch, Rectangle

from neurosim.plotting.style import FAINT, INK, PALETTE, WIDTH, darker, house_style, new_figure

IntArray = npt.NDArray[np.int64]
EMPTY = "#F1F1F1"
GAP = 0.12
"""Between cores, in widths of a core; twice that between tiles."""
CORES_PER_TILE = (2, 2)
MOST_CHIPS = 12
CHIPS_BESIDE = 2
MOST_NAMES = 16


def mesh(
    cores: IntArray, groups: Sequence[str], shares: npt.NDArray[np.float64], *, tiles: tuple[int, int], usable: int, title: str = "",
    subtitle: str = "",
) -> Figure:  # fmt: skip
    """How full the cores of chips are.

    Parameters
    ----------
    cores : (K, 2) int
        Chip and core of each load; four cores share a tile, tiles lie row by row.
    groups : K str
        Whose neurons it is.
    shares : (K,) float
        Of the core's scarcest resource that is used; above 1 where it does not fit.
    tiles : (int, int)
        Columns and rows of a chip.
    usable : int
        Cores of a chip.
    title, subtitle : str

    Returns
    -------
    Figure
        A square per core, filled from below by its share, in the colour of the group.
    """
    names = list(dict.fromkeys(groups))
    colours = {name: PALETTE[k % len(PALETTE)] for k, name in enumerate(names)}
    chips = min(int(cores[:, 0].max(initial=0)) + 1, MOST_CHIPS)
    beside = min(chips, CHIPS_BESIDE)
    down = -(-chips // beside)
    width = WIDTH if beside > 1 else 0.72 * WIDTH
    with house_style():
        figure = new_figure(width, 0.75 + down * (width / beside) * (tiles[1] / tiles[0]) * 1.12)
        grid = np.atleast_1d(figure.subplots(down, beside, squeeze=False)).ravel()
        for chip, axes in enumerate(grid):
            axes.set_axis_off()
            if chip < chips:
                _chip(axes, chip, cores, groups, shares, colours, tiles, usable)
                if chips > 1:
                    axes.set_title(f"chip {chip + 1}", fontsize=8.5, fontweight="normal", color=FAINT, pad=3.0)
        left_out = int(cores[:, 0].max(initial=0)) + 1 - chips
        small = f"{subtitle}; {left_out} more chips" if left_out else subtitle
        figure.suptitle(title, x=0.01, ha="left", fontsize=10.5, fontweight="bold")
        handles = [Patch(color=colours[name], label=name) for name in names[:MOST_NAMES]]
        if len(names) > 1:
            figure.legend(handles=handles, loc="outside lower left", ncols=min(8, len(handles)), handlelength=0.9, columnspacing=1.2)
        figure.supxlabel(small, x=0.99, ha="right", fontsize=7.5, color=FAINT)
    return figure


def _chip(
    axes: Axes, chip: int, cores: IntArray, groups: Sequence[str], shares: npt.NDArray[np.float64], colours: dict[str, str],
    tiles: tuple[int, int], usable: int,
) -> None:  # fmt: skip
    across, down = CORES_PER_TILE
    axes.set_aspect("equal")
    axes.set_xlim(-0.3, tiles[0] * (across + GAP) + 0.2)
    axes.set_ylim(tiles[1] * (down + GAP) + 0.2, -0.3)
    size = 1.0 - GAP
    axes.add_collection(PatchCollection([Rectangle(_place(k, tiles), size, size) for k in range(usable)], facecolor=EMPTY, edgecolor="none"))
    for (on, core), group, share in zip(cores.tolist(), groups, shares.tolist(), strict=True):
        if on != chip:
            continue
        x, y = _place(core, tiles)
        full = min(share, 1.0)
        axes.add_patch(Rectangle((x, y + size * (1.0 - full)), size, size * full, facecolor=colours[group], edgecolor="none"))
        edge = INK if share > 1.0 else darker(colours[group])
        axes.add_patch(Rectangle((x, y), size, size, facecolor="none", edgecolor=edge, linewidth=1.6 if share > 1.0 else 0.5))


def _place(core: int, tiles: tuple[int, int]) -> tuple[float, float]:
    """Upper left corner of a core."""
    across, down = CORES_PER_TILE
    tile, within = divmod(core, across * down)
    row, column = divmod(tile, tiles[0])
    return column * (across + GAP) + within % across, row * (down + GAP) + within // across

"""What all pictures share: colours, fonts, the axis of time."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager
from types import MappingProxyType
from typing import Any

import matplotlib
from matplotlib.axes import Axes
from matplotlib.colors import to_hex, to_rgb
from matplotlib.figure import Figure

from neurosim.result import PartResult, Result

PALETTE = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#56B4E9", "#E69F00", "#444444", "#B8A500")
"""Okabe and Ito (2008), "Color universal design"; their yellow darkened and black lightened, to be seen as small dots."""
WIDTH = 7.5
"""Of a picture in inches: text of 8 points is read where it is shown 600 pixels wide, and on paper across a page."""
INK = "#222222"
FAINT = "#6E6E6E"
GRID = "#E6E6E6"

STYLE: Mapping[str, Any] = MappingProxyType(
    {
        "font.family": "DejaVu Sans",
        "font.size": 9.0,
        "axes.titlesize": 10.5,
        "axes.titleweight": "bold",
        "axes.titlelocation": "left",
        "axes.titlepad": 8.0,
        "axes.labelsize": 9.0,
        "axes.labelcolor": INK,
        "axes.edgecolor": FAINT,
        "axes.linewidth": 0.7,
        "axes.spines.top": False,
        "axes.spines.right": False,
        "axes.axisbelow": True,
        "text.color": INK,
        "xtick.color": FAINT,
        "ytick.color": FAINT,
        "xtick.labelcolor": INK,
        "ytick.labelcolor": INK,
        "xtick.labelsize": 8.0,
        "ytick.labelsize": 8.0,
        "xtick.major.width": 0.7,
        "ytick.major.width": 0.7,
        "xtick.major.size": 3.0,
        "ytick.major.size": 3.0,
        "legend.frameon": False,
        "legend.fontsize": 8.0,
        "figure.facecolor": "white",
        "savefig.facecolor": "white",
    }
)


def house_style() -> AbstractContextManager[None]:
    """The settings in force while a picture is drawn; the user's own settings are left as they were."""
    settings: Any = dict(STYLE)
    return matplotlib.rc_context(settings)


def new_figure(width: float, height: float) -> Figure:
    """A figure of so many inches that arranges its axes by itself."""
    return Figure(figsize=(width, height), dpi=150, layout="constrained")


def colour_of(part: PartResult, result: Result) -> str:
    """The colour of a part: by its place among the populations and sources of the network, whatever is drawn."""
    names = [other.name for other in result if other.kind == "population"]
    names += [other.name for other in result if other.kind != "population"]
    return PALETTE[names.index(part.name) % len(PALETTE)]


def darker(colour: str) -> str:
    """The colour of a line or a dot as that of text, which needs more contrast to be read."""
    red, green, blue = to_rgb(colour)
    return to_hex((0.72 * red, 0.72 * green, 0.72 * blue))


def time_scale(result: Result) -> tuple[float, str]:
    """Milliseconds per unit of the time axis, and its label."""
    return (1000.0, "time [s]") if result.duration >= 2000.0 else (1.0, "time [ms]")


def set_time_axis(axes: Axes, result: Result, *, label: bool = True) -> None:
    """Limits of the axis of time, and its label where the axis below has not the same."""
    scale, words = time_scale(result)
    first, last = result.window
    axes.set_xlim(first / scale, last / scale)
    if label:
        axes.set_xlabel(words)


def mark_phases(axes: Sequence[Axes], result: Result) -> None:
    """Thin lines where a phase of the plan begins within the window, labelled on top of the first axes."""
    scale, _ = time_scale(result)
    first, last = result.window
    dt = result.provenance.dt
    inside = [phase for phase in result.provenance.phases if first < phase.start * dt < last]
    if len(inside) > 12:
        return
    for phase in inside:
        place = phase.start * dt / scale
        for one in axes:
            one.axvline(place, color=FAINT, linewidth=0.7, linestyle=(0, (4, 3)), zorder=0.5)
        if phase.label:
            axes[0].annotate(
                phase.label, (place, 1.0), xycoords=("data", "axes fraction"), xytext=(3, 2), textcoords="offset points",
                fontsize=7.5, color=FAINT,
            )  # fmt: skip


def title_of(result: Result) -> str:
    """What the run was: its name and engine."""
    origin = result.provenance
    name = origin.name or "simulation"
    stopped = ", interrupted" if result.interrupted else ""
    return f"{name}{stopped}"


def subtitle_of(result: Result) -> str:
    """The small print of a picture: engine, precision, step, seed."""
    origin = result.provenance
    words = [origin.backend, origin.precision if origin.backend else "", f"dt = {origin.dt:g} ms", f"seed {origin.seed}"]
    return ", ".join(word for word in words if word)

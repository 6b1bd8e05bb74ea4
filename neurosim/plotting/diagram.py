"""A picture of a network before it runs: boxes for populations and stimuli, arrows for projections."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import FancyArrowPatch, FancyBboxPatch

from neurosim.errors import ParameterError
from neurosim.network import Distribution, Network, Population, Projection, Stimulus
from neurosim.plotting.style import FAINT, INK, PALETTE, house_style, new_figure
from neurosim.units import Quantity

Box: TypeAlias = Population | Stimulus
Point: TypeAlias = tuple[float, float]
WIDTH, HEIGHT = 1.9, 0.62
"""Of a box, in inches."""
COLUMN, ROW, LINE = 4.2, 1.0, 0.17
"""From box to box, and of a line of the list underneath, in inches."""
NARROWEST = 5.6
MOST_LISTED = 24
"""More projections are neither numbered nor listed: ``print(network)`` lists them."""
POSITIVE, NEGATIVE = "-|>,head_length=5,head_width=2.5", "|-|,widthA=0,widthB=4.5"


@dataclass(frozen=True)
class Place:
    """Where the middle of a box is [inches], in which column, and its colour."""

    x: float
    y: float
    column: int
    colour: str


def diagram(network: Network) -> Figure:
    """Boxes for populations and stimuli, arrows for projections; what a probe records stands in the box.

    Parameters
    ----------
    network : Network
        Of any size; up to 24 projections are numbered, and listed underneath with their weights and delays.

    Returns
    -------
    Figure
        Columns from left to right in the order in which activity reaches them from the stimuli. Colours are those of the
        pictures of results. An arrow with a point has positive weights, one with a bar negative ones; thick: plastic, dashed:
        a signal.

    Raises
    ------
    ParameterError
        If it is no network.
    """
    given: object = network
    if not isinstance(given, Network):
        raise ParameterError(f"needs a Network, got a {type(network).__name__}", where="diagram")
    places = _places(network)
    lines = _lines(network)
    columns = 1 + max(place.column for place in places.values())
    rows = max(sum(place.column == k for place in places.values()) for k in range(columns))
    width = max(COLUMN * (columns - 1) + WIDTH + 1.0 + _reach_of_arcs(network, places), NARROWEST)
    height = ROW * rows + 0.9 + LINE * len(lines)
    with house_style():
        figure = new_figure(width, height)
        figure.set_layout_engine("none")
        axes = figure.add_axes((0.0, 0.0, 1.0, 1.0))
        axes.set_xlim(-0.5 * WIDTH - 0.3, width - 0.5 * WIDTH - 0.3)
        axes.set_ylim(0.5 * ROW + 0.45 - height, 0.5 * ROW + 0.45)
        axes.set_axis_off()
        for number, projection in enumerate(network.projections, 1):
            _draw_arrow(axes, projection, places, number if lines else None)
        for part in (*network.populations, *network.stimuli):
            _draw_box(axes, network, part, places[part.name])
        figure.text(0.15 / width, 1.0 - 0.12 / height, network.name or "network", va="top", fontsize=11.0, fontweight="bold")
        for k, line in enumerate(reversed(lines), 2):
            figure.text(0.2 / width, LINE * k / height, line, va="bottom", fontsize=7.5, color=INK)
        figure.text(0.2 / width, 0.1 / height, _legend(network), va="bottom", fontsize=7.5, color=FAINT)
    return figure


# ---- where things are ----------------------------------------------------------------------------------------------------
def _places(network: Network) -> Mapping[str, Place]:
    """Columns by the distance from what receives nothing, rows in the order of the network, each column centred."""
    parts: list[Box] = [*network.populations, *network.stimuli]
    column = _columns(network, [part.name for part in parts])
    members: dict[int, list[str]] = {}
    for name in network.named():
        if name in column:
            members.setdefault(column[name], []).append(name)
    tallest = max(len(names) for names in members.values())

    def place(name: str, colour: str) -> Place:
        names = members[column[name]]
        return Place(COLUMN * column[name], -ROW * (names.index(name) + 0.5 * (tallest - len(names))), column[name], colour)

    return {part.name: place(part.name, PALETTE[k % len(PALETTE)]) for k, part in enumerate(parts)}


def _columns(network: Network, names: Sequence[str]) -> Mapping[str, int]:
    """How many projections away from a stimulus, or from a part without input, each part is at least."""
    edges = {(projection.pre.name, projection.target.name) for projection in network.projections}
    fed = {post for pre, post in edges if pre != post}
    column = {name: 0 for name in names if name not in fed}
    while len(column) < len(names):
        reached = {post: column[pre] + 1 for pre, post in sorted(edges) if pre in column and post not in column}
        column.update(reached or {name: 0 for name in names if name not in column})  # loops that nothing reaches
    return column


def _reach_of_arcs(network: Network, places: Mapping[str, Place]) -> float:
    """How far the arcs beside the last column stand out."""
    last = max(place.column for place in places.values())
    ends = [(places[p.pre.name], places[p.target.name]) for p in network.projections]
    inside = [abs(a.y - b.y) for a, b in ends if a.column == b.column == last]
    return 0.3 + 0.27 * max(inside) if inside else 0.0


# ---- what is drawn -------------------------------------------------------------------------------------------------------
def _draw_box(axes: Axes, network: Network, part: Box, place: Place) -> None:
    """Rounded for populations: name, size and model, what is recorded."""
    style = "round,pad=0,rounding_size=0.12" if isinstance(part, Population) else "square,pad=0"
    corner = (place.x - 0.5 * WIDTH, place.y - 0.5 * HEIGHT)
    axes.add_patch(FancyBboxPatch(corner, WIDTH, HEIGHT, style, facecolor="white", edgecolor=place.colour, linewidth=1.6, zorder=3))
    kind = (part.model.name or "neurons") if isinstance(part, Population) else type(part).__name__
    recorded = [probe.variable for probe in network.probes if probe.part is part]
    lines = [f"{part.size:,} {kind}", *([f"records {', '.join(recorded)}"] if recorded else [])]
    top = place.y + 0.08 * len(lines)
    axes.text(place.x, top, part.name, ha="center", va="center", color=place.colour, fontweight="bold", zorder=4)
    for k, line in enumerate(lines, 1):
        short = line if len(line) <= 34 else f"{line[:31]}..."
        axes.text(place.x, top - 0.03 - 0.16 * k, short, ha="center", va="center", fontsize=7.0, color=INK, zorder=4)


def _draw_arrow(axes: Axes, projection: Projection, places: Mapping[str, Place], number: int | None) -> None:
    """A straight arrow between columns, an arc beside its column, a loop at its own box."""
    start, stop = places[projection.pre.name], places[projection.target.name]
    begin, end, bend = _path(start, stop)
    negative = _is_negative(projection)
    axes.add_patch(
        FancyArrowPatch(
            begin, end, arrowstyle=NEGATIVE if negative else POSITIVE, connectionstyle=f"arc3,rad={bend}",
            linestyle=(0, (3, 2)) if projection.signal is not None else "solid", color=start.colour,
            linewidth=2.2 if projection.plasticity is not None else 1.0, shrinkA=0, shrinkB=4 if negative else 1, zorder=2,
        )
    )  # fmt: skip
    if number is not None:
        axes.annotate(
            str(number), _on_curve(begin, end, bend, 0.4), ha="center", va="center", fontsize=6.5, color=start.colour, zorder=2.5,
            bbox={"boxstyle": "circle,pad=0.25", "facecolor": "white", "edgecolor": start.colour, "linewidth": 0.8},
        )  # fmt: skip


def _path(start: Place, stop: Place) -> tuple[Point, Point, float]:
    """Ends and curvature: down on the outside, up on the inside, so that the two directions of a pair are told apart."""
    right = start.x + 0.5 * WIDTH
    if start is stop:
        return (right, start.y + 0.2), (right, start.y - 0.2), -2.2
    if start.column == stop.column:
        down = stop.y < start.y
        shift = -0.1 if down else 0.1
        return (right, start.y + shift), (right, stop.y - shift), -0.5 if down else 0.3
    forward = stop.column > start.column
    side, lift = (0.5 * WIDTH, 0.08) if forward else (-0.5 * WIDTH, -0.08)
    straight = forward and stop.column == start.column + 1
    return (start.x + side, start.y + lift), (stop.x - side, stop.y + lift), 0.0 if straight else 0.2


def _on_curve(begin: Point, end: Point, bend: float, t: float) -> Point:
    """A point of the quadratic curve that matplotlib's ``arc3`` draws."""
    (x0, y0), (x1, y1) = begin, end
    control = (0.5 * (x0 + x1) + bend * (y1 - y0), 0.5 * (y0 + y1) - bend * (x1 - x0))
    weights = ((1 - t) ** 2, 2 * t * (1 - t), t**2)
    return sum(w * x for w, x in zip(weights, (x0, control[0], x1))), sum(w * y for w, y in zip(weights, (y0, control[1], y1)))


# ---- what is written -----------------------------------------------------------------------------------------------------
def _lines(network: Network) -> list[str]:
    """One line about each projection; none where there are too many."""
    listed = network.projections if len(network.projections) <= MOST_LISTED else ()
    return [f"{number}   {projection.name}:  {_about(network, projection)}" for number, projection in enumerate(listed, 1)]


def _about(network: Network, projection: Projection) -> str:
    """What arrives where, by whom, with which weight and delay."""
    signal = "" if projection.signal in (None, "value") else f"{projection.signal} "
    words = [f"{signal}into {projection.into}", str(projection.connectivity)]
    if projection.home is not projection:
        words.append(f"weights of '{projection.home.name}'")
    elif projection.given_weight is not None:
        words.append(f"weight {_short(projection.given_weight)}")
    words += [] if _is_zero(projection.delay) else [f"delay {_short(projection.delay)}"]
    words += [] if projection.synapse is None else [projection.synapse.name or "synapses of their own"]
    words += [] if projection.plasticity is None else [projection.plasticity.name or "plastic"]
    words += [f"records {probe.variable}" for probe in network.probes if probe.part is projection]
    return ", ".join(words)


def _legend(network: Network) -> str:
    counts = ((network.populations, "population", "populations"), (network.stimuli, "stimulus", "stimuli"),
              (network.projections, "projection", "projections"))  # fmt: skip
    numbers = ", ".join(f"{len(parts)} {one if len(parts) == 1 else many}" for parts, one, many in counts if parts)
    signs = "point: positive weights, bar: negative, thick: plastic, dashed: a signal" if network.projections else ""
    more = "print(network) lists them" if len(network.projections) > MOST_LISTED else ""
    return "   ".join(text for text in (numbers, more, signs) if text)


def _short(value: Any) -> str:
    """A weight or delay in a word or two."""
    if isinstance(value, Distribution):
        return str(value)
    number, unit = (value.value, f" {value.unit}") if isinstance(value, Quantity) else (value, "")
    return f"{np.min(number):.4g} to {np.max(number):.4g}{unit}" if np.ndim(number) else f"{float(number):.4g}{unit}"


def _is_zero(value: Any) -> bool:
    return not isinstance(value, Distribution) and not np.any(value.value if isinstance(value, Quantity) else value)


def _is_negative(projection: Projection) -> bool:
    """Whether no weight is positive and one is negative."""
    weight, factor = projection.given_weight, projection.factor
    if weight is None:
        return False
    if isinstance(weight, Distribution):
        ends = weight.limits()
    else:
        number = weight.value if isinstance(weight, Quantity) else weight
        ends = float(np.min(number, initial=0.0)), float(np.max(number, initial=0.0))
    return bool(max(end * factor for end in ends) <= 0.0 > min(end * factor for end in ends))

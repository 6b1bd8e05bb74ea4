"""A picture of a network before it runs: boxes for populations and stimuli, arrows for projections."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TypeAlias

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import FancyArrowPatch, FancyBboxPatch

from neurosim.description import Description, PartWords, ProjectionWords
from neurosim.errors import ParameterError
from neurosim.network import Network
from neurosim.network.description import description_of
from neurosim.plotting.style import FAINT, INK, PALETTE, darker, house_style, new_figure

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


def diagram(network: Network | Description) -> Figure:
    """Boxes for populations and stimuli, arrows for projections; what a probe records stands in the box.

    Parameters
    ----------
    network : Network or Description
        Of any size, also as the file of a result remembers it (``result.provenance.description``); up to 24 projections are
        numbered, and listed underneath with their weights and delays.

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
    if not isinstance(given, Network | Description):
        raise ParameterError(f"needs a Network, got a {type(network).__name__}", where="diagram")
    words = description_of(network) if isinstance(network, Network) else network
    if not words.parts:
        raise ParameterError("an empty network cannot be drawn", where="diagram")
    places = _places(words)
    lines = _lines(words)
    columns = 1 + max(place.column for place in places.values())
    rows = max(sum(place.column == k for place in places.values()) for k in range(columns))
    width = max(COLUMN * (columns - 1) + WIDTH + 1.0 + _reach_of_arcs(words, places), NARROWEST)
    height = ROW * rows + 0.9 + LINE * len(lines)
    with house_style():
        figure = new_figure(width, height)
        figure.set_layout_engine("none")
        axes = figure.add_axes((0.0, 0.0, 1.0, 1.0))
        axes.set_xlim(-0.5 * WIDTH - 0.3, width - 0.5 * WIDTH - 0.3)
        axes.set_ylim(0.5 * ROW + 0.45 - height, 0.5 * ROW + 0.45)
        axes.set_axis_off()
        for number, projection in enumerate(words.projections, 1):
            _draw_arrow(axes, projection, places, number if lines else None)
        for part in words.parts:
            _draw_box(axes, part, places[part.name])
        figure.text(0.15 / width, 1.0 - 0.12 / height, words.name or "network", va="top", fontsize=11.0, fontweight="bold")
        for k, line in enumerate(reversed(lines), 2):
            figure.text(0.2 / width, LINE * k / height, line, va="bottom", fontsize=7.5, color=INK)
        figure.text(0.2 / width, 0.1 / height, _legend(words, network), va="bottom", fontsize=7.5, color=FAINT)
    return figure


# ---- where things are ----------------------------------------------------------------------------------------------------
def _places(words: Description) -> Mapping[str, Place]:
    """Columns by the distance from what receives nothing, rows in the order of the network, each column centred."""
    column = _columns(words)
    members: dict[int, list[str]] = {}
    for part in words.parts:
        members.setdefault(column[part.name], []).append(part.name)
    tallest = max(len(names) for names in members.values())

    def place(name: str, colour: str) -> Place:
        names = members[column[name]]
        return Place(COLUMN * column[name], -ROW * (names.index(name) + 0.5 * (tallest - len(names))), column[name], colour)

    coloured = sorted(words.parts, key=lambda part: part.kind != "population")  # as in pictures of results: populations first
    return {part.name: place(part.name, PALETTE[k % len(PALETTE)]) for k, part in enumerate(coloured)}


def _columns(words: Description) -> Mapping[str, int]:
    """How many projections away from a stimulus, or from a part without input, each part is at least."""
    names = [part.name for part in sorted(words.parts, key=lambda part: part.kind != "population")]
    edges = {(projection.source, projection.target) for projection in words.projections}
    fed = {post for pre, post in edges if pre != post}
    column = {name: 0 for name in names if name not in fed}
    while len(column) < len(names):
        reached = {post: column[pre] + 1 for pre, post in sorted(edges) if pre in column and post not in column}
        column.update(reached or {name: 0 for name in names if name not in column})  # loops that nothing reaches
    return column


def _reach_of_arcs(words: Description, places: Mapping[str, Place]) -> float:
    """How far the arcs beside the last column stand out."""
    last = max(place.column for place in places.values())
    ends = [(places[projection.source], places[projection.target]) for projection in words.projections]
    inside = [abs(a.y - b.y) for a, b in ends if a.column == b.column == last]
    return 0.3 + 0.27 * max(inside) if inside else 0.0


# ---- what is drawn -------------------------------------------------------------------------------------------------------
def _draw_box(axes: Axes, part: PartWords, place: Place) -> None:
    """Rounded for populations: name, size and model, what is recorded."""
    style = "round,pad=0,rounding_size=0.12" if part.kind == "population" else "square,pad=0"
    corner = (place.x - 0.5 * WIDTH, place.y - 0.5 * HEIGHT)
    axes.add_patch(FancyBboxPatch(corner, WIDTH, HEIGHT, style, facecolor="white", edgecolor=place.colour, linewidth=1.6, zorder=3))
    lines = [f"{part.size:,} {part.what}", *([f"records {', '.join(part.recorded)}"] if part.recorded else [])]
    top = place.y + 0.08 * len(lines)
    axes.text(place.x, top, part.name, ha="center", va="center", color=darker(place.colour), fontweight="bold", zorder=4)
    for k, line in enumerate(lines, 1):
        short = line if len(line) <= 34 else f"{line[:31]}..."
        axes.text(place.x, top - 0.03 - 0.16 * k, short, ha="center", va="center", fontsize=7.0, color=INK, zorder=4)


def _draw_arrow(axes: Axes, projection: ProjectionWords, places: Mapping[str, Place], number: int | None) -> None:
    """A straight arrow between columns, an arc beside its column, a loop at its own box."""
    start, stop = places[projection.source], places[projection.target]
    begin, end, bend = _path(start, stop)
    axes.add_patch(
        FancyArrowPatch(
            begin, end, arrowstyle=NEGATIVE if projection.negative else POSITIVE, connectionstyle=f"arc3,rad={bend}",
            linestyle=(0, (3, 2)) if projection.signal else "solid", color=start.colour,
            linewidth=2.2 if projection.rule else 1.0, shrinkA=0, shrinkB=4 if projection.negative else 1, zorder=2,
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
        return (right - 0.4, start.y + 0.5 * HEIGHT), (right, start.y + 0.22), -1.2
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
def _lines(words: Description) -> list[str]:
    """One line about each projection; none where there are too many."""
    listed = words.projections if len(words.projections) <= MOST_LISTED else ()
    return [f"{number}   {projection.name}:  {_about(projection)}" for number, projection in enumerate(listed, 1)]


def _about(projection: ProjectionWords) -> str:
    """What arrives where, by whom, with which weight and delay."""
    signal = "" if projection.signal in ("", "value") else f"{projection.signal} "
    weight = projection.weight if "weights of" in projection.weight else f"weight {projection.weight}"
    pieces = [
        f"{signal}into {projection.into}",
        projection.connectivity,
        weight if projection.weight else "",
        f"delay {projection.delay}" if projection.delay else "",
        projection.synapse,
        projection.rule,
        *(f"records {variable}" for variable in projection.recorded),
    ]
    return ", ".join(piece for piece in pieces if piece)


def _legend(words: Description, network: Network | Description) -> str:
    kinds = [part.kind for part in words.parts]
    counts = ((kinds.count("population"), "population", "populations"), (kinds.count("stimulus"), "stimulus", "stimuli"),
              (len(words.projections), "projection", "projections"))  # fmt: skip
    numbers = ", ".join(f"{count} {one if count == 1 else many}" for count, one, many in counts if count)
    signs = "point: positive weights, bar: negative, thick: plastic, dashed: a signal" if words.projections else ""
    more = "print(network) lists them" if len(words.projections) > MOST_LISTED and isinstance(network, Network) else ""
    return "   ".join(text for text in (numbers, more, signs) if text)

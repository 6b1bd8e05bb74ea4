"""The pictures of the page, as PNG data inside it, each with a text for those who do not see it."""

from __future__ import annotations

import base64
import io
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING

from neurosim.plotting import diagram, indegrees, overview
from neurosim.plotting.values import weight_parts
from neurosim.report.html import Html, join, tag
from neurosim.result import PartResult, Result

if TYPE_CHECKING:
    from matplotlib.figure import Figure

MOST_ARROWS = 24
"""Of more projections a table in colour is shown as well."""
REMS_PER_INCH = 8.2
"""Figures of full width fill the column of text."""
RESOLUTION = 130
"""Dots per inch: sharp on paper at column width, and the page stays small."""


def picture(figure: Figure, words: str, caption: str = "") -> Html:
    """A figure as an image in the page."""
    buffer = io.BytesIO()
    figure.savefig(buffer, format="png", dpi=RESOLUTION, metadata={"Software": None})
    data = base64.b64encode(buffer.getvalue()).decode("ascii")
    # A small figure stays small: all of them have letters of one size.
    size = f"max-width:{REMS_PER_INCH * float(figure.get_figwidth()):.1f}rem"
    image = tag("img", having={"src": f"data:image/png;base64,{data}", "alt": words, "style": size})
    below = tag("figcaption", caption) if caption else ""
    return tag("figure", image, below)


def pictures(result: Result, figures: Mapping[str, Figure]) -> Html:
    """Those that were given, then whatever can be drawn of the result."""
    given = [picture(figure, f"Figure: {title}", title) for title, figure in figures.items()]
    return join([*given, *_of_result(result)])


def _of_result(result: Result) -> Iterator[Html]:
    spiking = [part for part in result if part.has_spikes]
    traced = [part for part in result if part.kind != "projection" and set(part.recorded) - {"spikes", "counts"}]
    learning = weight_parts(result)
    if spiking or traced or learning:
        yield picture(overview(result), _words(result, spiking, traced, learning), _caption(spiking, traced, learning))


def _words(result: Result, spiking: list[PartResult], traced: list[PartResult], learning: list[PartResult]) -> str:
    first, last = result.window
    parts = []
    if spiking:
        parts.append(f"a raster of the spikes of {', '.join(part.name for part in spiking)} with the rates underneath")
    if traced:
        parts.append(f"traces of {', '.join(part.name for part in traced)}")
    if learning:
        parts.append(f"the weights of {', '.join(part.name for part in learning)} over time")
    return f"From {first:g} to {last:g} ms: {'; '.join(parts)}."


def _caption(spiking: list[PartResult], traced: list[PartResult], learning: list[PartResult]) -> str:
    pieces = [
        "One row per neuron, one colour per population; on the right mean rates." if spiking else "",
        "Dashed lines are thresholds." if traced else "",
        "Weights: how many synapses have which weight, over time and at the end." if learning else "",
    ]
    return " ".join(piece for piece in pieces if piece)


def graph(result: Result) -> Html:
    """The network as boxes and arrows, where the result knows it."""
    description = result.provenance.description
    if description is None or not description.parts:
        return Html("")
    arrows = ", ".join(f"{p.source} to {p.target}" for p in description.projections[:MOST_ARROWS])
    boxes = ", ".join(part.name for part in description.parts)
    boxed = picture(diagram(description), f"The network: boxes {boxes}; arrows {arrows or 'none'}.")
    if len(description.projections) <= MOST_ARROWS:
        return boxed
    told = "How many synapses a neuron of each population (row) receives from each population (column). The table below lists them all."
    return join([boxed, picture(indegrees(description), told, told)])

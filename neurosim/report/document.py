"""The page as a whole, and its file."""

from __future__ import annotations

import os
from collections.abc import Mapping
from types import MappingProxyType
from typing import TYPE_CHECKING

from neurosim.errors import ParameterError
from neurosim.files import check_writable, whole_file
from neurosim.report.facts import lead, measured, notes, provenance, repeat, title_of
from neurosim.report.html import Html, join, section, tag
from neurosim.report.model import connections, missing_words, models, populations
from neurosim.report.pictures import graph, pictures
from neurosim.report.style import STYLE
from neurosim.result import Result, require_result

if TYPE_CHECKING:
    from matplotlib.figure import Figure

NO_FIGURES: Mapping[str, Figure] = MappingProxyType({})


def page(result: Result, figures: Mapping[str, Figure] = NO_FIGURES) -> str:
    """The text of the page.

    Parameters
    ----------
    result : Result
        Its evaluation window is shown.
    figures : mapping of str to matplotlib.figure.Figure, optional
        Title -> picture; they stand first.

    Returns
    -------
    str
        HTML that refers to nothing outside of itself but the DOIs of sources.

    Raises
    ------
    ParameterError
        If it is no result, or the figures are none.
    """
    require_result(result, "report")
    _check_figures(figures)
    description = result.provenance.description
    network = [graph(result), populations(description), connections(description, result)] if description is not None else [missing_words()]
    sections = [
        (anchor, title, section(title, content, anchor=anchor))
        for anchor, title, content in (
            ("pictures", "Pictures", pictures(result, figures)),
            ("measured", "Measured beside expected" if result.provenance.expected else "Measured", measured(result)),
            ("network", "The network", join(network)),
            ("models", "Equations and parameters", Html("") if description is None else models(description)),
            ("provenance", "Provenance", provenance(result)),
            ("repeat", "How to repeat it", repeat(result)),
        )
    ]
    known = [(anchor, title, content) for anchor, title, content in sections if content.markup]
    links = tag("nav", *(tag("a", title, having={"href": f"#{anchor}"}) for anchor, title, _ in known), having={"aria-label": "Contents"})
    title = title_of(result)
    head = tag(
        "head",
        tag("meta", having={"charset": "utf-8"}),
        tag("meta", having={"name": "viewport", "content": "width=device-width, initial-scale=1"}),
        tag("title", f"{title}: report of a run"),
        tag("style", Html(STYLE)),
    )
    header = tag("header", tag("h1", title), tag("p", lead(result), having={"class": "lead"}), notes(result), links)
    version = result.provenance.versions.get("neurosim-toolkit", "")
    foot = tag("footer", tag("p", f"Made with neurosim {version}".strip() + ".", having={"class": "faint"}))
    body = tag("body", header, tag("main", *(content for _, _, content in known)), foot)
    return f"<!DOCTYPE html>\n{tag('html', head, body, having={'lang': 'en'}).markup}\n"


def write_report(result: Result, path: str | os.PathLike[str], figures: Mapping[str, Figure] = NO_FIGURES) -> None:
    """Write the page under a temporary name, then rename it: it is there complete or not at all.

    Raises
    ------
    FileError
        If it cannot be written.
    """
    check_writable(path, "report.html")
    text = page(result, figures).encode("utf-8")
    with whole_file(path, len(text)) as temporary:
        temporary.write_bytes(text)


def _check_figures(figures: object) -> None:
    if not isinstance(figures, Mapping) or not all(callable(getattr(figure, "savefig", None)) for figure in figures.values()):
        wanted = "figures must be matplotlib figures by title, such as {'Figure 6': figure}"
        raise ParameterError(f"{wanted}, got {figures!r}", where="report")

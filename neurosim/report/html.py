"""Pieces of HTML. What is not wrapped by a function of this module is text, and is escaped."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from html import escape
from types import MappingProxyType
from typing import TypeAlias

NOTHING: Mapping[str, str] = MappingProxyType({})
ALONE = ("img", "meta", "br")
"""Elements without content, which have no closing tag."""


@dataclass(frozen=True)
class Html:
    """A piece of a page that is finished: escaped, with balanced tags."""

    markup: str


Content: TypeAlias = Html | str


def join(pieces: Iterable[Content]) -> Html:
    """Pieces one after the other; texts are escaped."""
    return Html("".join(piece.markup if isinstance(piece, Html) else escape(piece) for piece in pieces))


def tag(name: str, *content: Content, having: Mapping[str, str] = NOTHING) -> Html:
    """An element with its attributes.

    Examples
    --------
    >>> tag("p", "a < b", having={"class": "note"}).markup
    '<p class="note">a &lt; b</p>'
    """
    attributes = "".join(f' {key}="{escape(value)}"' for key, value in having.items())
    closing = "" if name in ALONE else f"{join(content).markup}</{name}>"
    return Html(f"<{name}{attributes}>{closing}")


def section(title: str, *content: Content, anchor: str) -> Html:
    """A part of the page with its heading; nothing where there is no content."""
    if not any(piece.markup if isinstance(piece, Html) else piece for piece in content):
        return Html("")
    return tag("section", tag("h2", title), *content, having={"id": anchor})


def table(header: Sequence[Content], rows: Iterable[Sequence[Content]], *, numbers: Iterable[int] = (), caption: str = "") -> Html:
    """A table whose first column names the rows; it scrolls sideways where the screen is narrow.

    Parameters
    ----------
    header : sequence
        Titles of the columns; empty for none.
    rows : iterable of sequences
    numbers : iterable of int
        Columns that are set to the right.
    caption : str
    """
    right = set(numbers)

    def cell(kind: str, k: int, content: Content, scope: str) -> Html:
        having = {**({"scope": scope} if scope else {}), **({"class": "number"} if k in right else {})}
        return tag(kind, content, having=having)

    head = tag("thead", tag("tr", *(cell("th", k, title, "col") for k, title in enumerate(header)))) if header else ""
    lines = [
        tag("tr", *(cell("th" if k == 0 else "td", k, content, "row" if k == 0 else "") for k, content in enumerate(row))) for row in rows
    ]
    title = tag("caption", caption) if caption else ""
    return tag("div", tag("table", title, head, tag("tbody", *lines)), having={"class": "scroll", "tabindex": "0"})


def pairs(rows: Iterable[tuple[str, Content]]) -> Html:
    """Terms and what they are; those without a value are left out."""
    known = [(term, value) for term, value in rows if value != ""]
    return tag("dl", *(tag("div", tag("dt", term), tag("dd", value)) for term, value in known)) if known else Html("")


def paragraphs(texts: Iterable[str], kind: str = "") -> Html:
    """A paragraph for each text."""
    return join(tag("p", text, having={"class": kind} if kind else NOTHING) for text in texts)

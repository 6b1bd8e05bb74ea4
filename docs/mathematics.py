"""A Sphinx extension that writes formulas as MathML, which browsers draw without scripts from elsewhere."""

from __future__ import annotations

from typing import Any

from docutils import nodes
from docutils.utils.math import latex2mathml


def setup(app: Any) -> dict[str, bool]:
    """Called by Sphinx."""
    app.add_html_math_renderer("mathml", (inline, None), (block, None))
    return {"parallel_read_safe": True, "parallel_write_safe": True}


def inline(translator: Any, node: Any) -> None:
    """A formula in a sentence."""
    written(translator, node, as_block=False)


def block(translator: Any, node: Any) -> None:
    """A formula on lines of its own."""
    written(translator, node, as_block=True)


def written(translator: Any, node: Any, *, as_block: bool) -> None:
    """Put a formula into the page; a command that is not known is a warning."""
    from sphinx.util.logging import getLogger

    try:
        translator.body.append(latex2mathml.tex2mathml(node.astext(), as_block=as_block))
    except Exception as error:  # docutils raises an error of its own, which has moved from module to module
        getLogger("mathematics").warning(f"this formula cannot be written as MathML: {error}", location=node)
        translator.body.append(translator.encode(node.astext()))
    raise nodes.SkipNode

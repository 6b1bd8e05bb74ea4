"""Sphinx configuration; ``make docs`` builds with warnings as errors."""

import re
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / "docs"))  # our own extensions

project = "neurosim"
author = "The neurosim developers"
copyright = f"2026, {author}"
release = re.search(r'^version = "(.+)"$', (ROOT / "pyproject.toml").read_text(), re.MULTILINE)[1]
version = release

# gallery runs the models; tables writes pages from the code; executed runs the scripts of the pages
own = ["executed", "gallery", "mathematics", "reference", "tables"]
extensions = ["myst_parser", "sphinx.ext.autodoc", "sphinx.ext.napoleon", *own]
myst_enable_extensions = ["colon_fence", "deflist", "dollarmath"]
myst_heading_anchors = 3
exclude_patterns = ["_build", "generated", "side_by_side"]
suppress_warnings = []

autodoc_typehints = "none"  # the docstrings say what is meant, with units and shapes
autodoc_member_order = "bysource"
napoleon_google_docstring = False
napoleon_use_rtype = False

html_math_renderer = "mathml"
html_theme = "furo"
html_title = f"neurosim {release}"
html_static_path = ["_static"]
html_css_files = ["pages.css"]

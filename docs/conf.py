"""Sphinx configuration; ``make docs`` builds with warnings as errors."""

import re
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent

project = "neurosim"
author = "The neurosim developers"
copyright = f"2026, {author}"
release = re.search(r'^version = "(.+)"$', (ROOT / "pyproject.toml").read_text(), re.MULTILINE)[1]
version = release

extensions = ["myst_parser", "sphinx.ext.mathjax"]
myst_enable_extensions = ["dollarmath", "deflist"]
myst_heading_anchors = 3
exclude_patterns = ["_build", "generated"]
suppress_warnings = []

html_theme = "furo"
html_title = f"neurosim {release}"

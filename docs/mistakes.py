"""The catalogue of mistakes and answers, from the table that the tests hold word by word."""

from __future__ import annotations

import importlib.util
import itertools
import sys
from pathlib import Path
from types import ModuleType

TABLE = Path(__file__).resolve().parent.parent / "tests" / "errors" / "mistakes.py"


def catalogue() -> str:
    """All mistakes by group, each with what is typed and what is answered."""
    table = _table()
    lines = ["### What was said before", "", "```python", table.BEFORE.rstrip(), "```", ""]
    for group, mistakes in itertools.groupby(table.MISTAKES, lambda mistake: mistake.group):
        lines += [f"### {group}", ""]
        for mistake in mistakes:
            lines += [f"#### {_sentence(mistake.name)}", ""]
            if mistake.code.startswith("$ "):
                lines += ["```console", mistake.code, mistake.text, "```", ""]
            else:
                lines += ["```python", mistake.code, "```", "", "```text", mistake.text, "```", ""]
    return "\n".join(lines)


def _table() -> ModuleType:
    specification = importlib.util.spec_from_file_location("mistakes_table", TABLE)
    if specification is None or specification.loader is None:
        raise FileNotFoundError(TABLE)
    module = importlib.util.module_from_spec(specification)
    sys.modules[specification.name] = module  # dataclasses look their module up
    specification.loader.exec_module(module)
    return module


def _sentence(text: str) -> str:
    return text[0].upper() + text[1:]

"""A Sphinx extension that writes the tables of the documentation from what the code declares, before pages are read.

``generated/engines.md``: what each engine says of itself; ``generated/support_matrix.md``: what each case of the conformance
suite promises; ``generated/models.md``: the published networks, their sources, arguments and expected rates.
"""

from __future__ import annotations

import importlib
import inspect
import sys
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

FOLDER = Path(__file__).resolve().parent / "generated"


def setup(app: Any) -> dict[str, bool]:
    """Called by Sphinx."""
    app.connect("builder-inited", lambda _: write())
    return {"parallel_read_safe": True}


def write(folder: Path = FOLDER) -> None:
    """Write all tables; a file that would not change keeps its date."""
    folder.mkdir(exist_ok=True)
    for name, text in (("engines", engines()), ("support_matrix", support_matrix()), ("models", models())):
        path = folder / f"{name}.md"
        if not path.exists() or path.read_text(encoding="utf-8") != text:
            path.write_text(text, encoding="utf-8")


def table(header: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A Markdown table."""
    lines = ["| " + " | ".join(cell.replace("|", "\\|") for cell in row) + " |" for row in (header, ["---"] * len(header), *rows)]
    return "\n".join(lines) + "\n"


def code(text: object) -> str:
    """Text in the font of code."""
    return f"`{text}`"


# ---- engines -------------------------------------------------------------------------------------------------------------
def backends() -> Mapping[str, Any]:
    """Name -> engine. Engines say what they can do without their libraries."""
    from neurosim.backends.registry import BUILT_IN

    parts = {name: entry.target.partition(":") for name, entry in BUILT_IN.items()}
    return {name: getattr(importlib.import_module(module), factory)() for name, (module, _, factory) in parts.items()}


def engines() -> str:
    """What each engine declares: level by precision, threads, options."""
    from neurosim.backends.base import Settings
    from neurosim.backends.registry import BUILT_IN

    rows, options = [], []
    for name, engine in backends().items():
        can = engine.capabilities()
        levels = [f"{can.level(Settings(precision=precision))} in {precision} precision" for precision in can.precisions]
        entry = BUILT_IN[name]
        needs = code(entry.install) if entry.library not in ("", "numba") else "nothing more"
        rows.append([code(name), needs, "; ".join(levels), "several" if can.threads else "one", "yes" if can.stepwise else "no"])
        for option in can.options:
            choices = ", ".join(code(choice) for choice in option.choices) or "any text"
            options.append([code(name), code(option.name), choices, code(repr(option.default)), option.help])
    text = table(["engine", "needs", "agrees with the reference", "threads", "can stop and go on"], rows)
    if options:
        text += "\nOptions, given as `options={...}` or `--option name=value`:\n\n"
        text += table(["engine", "option", "choices", "default", "what it does"], options)
    return text


# ---- the conformance suite -----------------------------------------------------------------------------------------------
def support_matrix() -> str:
    """One row per case: what it shows, the level at which engines have to agree, and what each engine promises."""
    from neurosim.conformance import CASES

    names = [name for name in backends() if name != "reference"]
    rows = [
        [code(case.name), case.about.rstrip("."), code(case.level), *(_promise(case, name) for name in names), ", ".join(case.modes) or "-"]
        for case in CASES
    ]
    refused = sum(bool(case.obstacles.get(name)) for case in CASES for name in names)
    count = f"{len(CASES)} cases on {len(names)} engines beside the reference; {refused or 'no'} promised refusal{'' if refused == 1 else 's'}.\n\n"
    return count + table(["case", "what it shows", "level", *names, "also in the modes"], rows)


def _promise(case: Any, engine: str) -> str:
    reason = case.obstacles.get(engine)
    return f"refuses ({reason.replace('_', ' ')})" if reason else "runs"


# ---- models --------------------------------------------------------------------------------------------------------------
def models() -> str:
    """A section per model: what it is, where it comes from, its arguments, the rates to expect."""
    from neurosim.cli.catalogue import descriptions

    return "\n".join(_model(name, description) for name, description in descriptions().items())


def _model(name: str, description: str) -> str:
    module = importlib.import_module(f"neurosim.models.{name}")
    about = inspect.cleandoc(module.__doc__ or "")
    text, _, references = about.partition("References\n----------\n")
    arguments = [
        [code(f"{argument}={parameter.default}"), meaning]
        for argument, parameter in inspect.signature(module.network).parameters.items()
        for meaning in [_meaning(module.network, argument)]
    ]
    parts = [f"## {name}\n", f"{description}.\n", f"{text.strip()}\n", table(["argument", "meaning"], arguments)]
    parts.append(_rates(module.expected()))
    if references:
        parts.append(f"Sources: {' '.join(references.split())}\n")
    return "\n".join(parts)


def _meaning(function: Any, argument: str) -> str:
    """What a numpydoc docstring says of an argument, in one line."""
    lines = (inspect.getdoc(function) or "").partition("Parameters\n----------\n")[2].partition("\n\n")[0].splitlines()
    heads = [k for k, line in enumerate(lines) if line and not line.startswith(" ")]
    for k, end in zip(heads, [*heads[1:], len(lines)]):
        if argument in (name.strip() for name in lines[k].partition(" : ")[0].split(",")):
            return " ".join(line.strip() for line in lines[k + 1 : end])
    return ""


def _rates(columns: Mapping[str, Mapping[str, float]]) -> str:
    if not columns:
        return ""
    populations = list(dict.fromkeys(name for column in columns.values() for name in column))
    rows = [[title, *(f"{column[name]:.3g}" if name in column else "-" for name in populations)] for title, column in columns.items()]
    return "Rates in Hz, with the default arguments:\n\n" + table(["", *populations], rows)


if __name__ == "__main__":
    sys.exit(print(engines(), support_matrix(), models(), sep="\n"))

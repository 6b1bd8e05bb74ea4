"""Tables about chips, written from the module that holds their numbers."""

from __future__ import annotations

import ast
import importlib
import inspect
from collections.abc import Iterator
from typing import Any

from vocabulary import table

FIELDS = {
    "cores": "neuro-cores that a network may use",
    "neurons": "neurons per core",
    "in_axons": "input axons per core",
    "out_axons": "output axons per core",
    "synapse_bits": "bits of synaptic memory per core",
    "configurations": "sets of decays and refractory time per core",
    "thresholds": "different thresholds per core",
}
WORDS = {True: "yes", False: "no"}


def limits() -> str:
    """Every number of :mod:`neurosim.hardware.loihi.limits`, what it is of, and whose it is."""
    module = importlib.import_module("neurosim.hardware.loihi.limits")
    about = inspect.cleandoc(module.__doc__ or "").partition("Sources. ")[2]
    cores = [[FIELDS[name], f"{getattr(module.LOIHI1, name):,}", f"{getattr(module.LOIHI2, name):,}"] for name in FIELDS]
    cores.append(["source", module.LOIHI1.source, module.LOIHI2.source])
    targets = [
        [f"`{found.name}`", found.about, ", ".join(sorted(found.kinds - {"source"})), WORDS[found.refractory], WORDS[found.graded]]
        for found in module.PROFILES.values()
    ]
    return "\n".join(
        [
            table(["number", "value", "what it is"], list(numbers(module))),
            table(["", "Loihi 1", "Loihi 2"], cores),
            "Targets, for `chip=` and `--chip`:\n",
            table(["name", "what it is", "neurons", "refractory time", "payloads"], targets),
            f"Sources: {' '.join(about.split())}\n",
        ]
    )


def numbers(module: Any) -> Iterator[list[str]]:
    """Constants that a text follows, in the order of the file."""
    body = ast.parse(inspect.getsource(module)).body
    for assignment, text in zip(body, body[1:], strict=False):
        if isinstance(assignment, ast.Assign) and isinstance(text, ast.Expr) and isinstance(text.value, ast.Constant):
            names = [name.id for target in assignment.targets for name in ast.walk(target) if isinstance(name, ast.Name)]
            values = ", ".join(str(getattr(module, name)) for name in names)
            yield [", ".join(f"`{name}`" for name in names), values, " ".join(str(text.value.value).split())]

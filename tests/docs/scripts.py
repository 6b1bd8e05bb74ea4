"""Runs the scripts that stand side by side in the documentation: another simulator's in a process of its own, ours up to its network."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

import neurosim as ns

ROOT = Path(__file__).resolve().parent.parent.parent
FOLDER = ROOT / "docs" / "side_by_side"
RUN_BRIAN2 = """
import sys
import brian2, numpy
path, changes, before, after, out = eval(sys.argv[1])
brian2.prefs.codegen.target = "numpy"
brian2.seed(1)
text = open(path).read()
for old, new in changes.items():
    assert old in text, old
    text = text.replace(old, new)
head, run, tail = text.partition("\\nrun(")
space = {"__name__": "__main__"}
exec(head, space)
found = {name: numpy.array(eval(expression, space)) for name, expression in before.items()}
exec(run + tail, space)
found.update({name: numpy.array(eval(expression, space)) for name, expression in after.items()})
numpy.savez(out, **found)
"""


def brian2(
    name: str, folder: Path, *, changes: Mapping[str, str] = {}, before: Mapping[str, str] = {}, after: Mapping[str, str] = {}
) -> dict[str, Any]:
    """Run the script of that name with Brian2, with texts replaced; values of expressions before and after its run."""
    out = folder / f"{name}.npz"
    asked = repr((str(FOLDER / f"{name}_brian2.py"), dict(changes), dict(before), dict(after), str(out)))
    environment = {**os.environ, "MPLBACKEND": "Agg"}
    done = subprocess.run([sys.executable, "-c", RUN_BRIAN2, asked], cwd=folder, env=environment, capture_output=True, text=True, timeout=600)
    assert done.returncode == 0, done.stderr
    with np.load(out) as found:
        return dict(found)


def network(name: str, changes: Mapping[str, str] = {}) -> ns.Network:
    """The network of our script of that name, with texts replaced."""
    text = (FOLDER / f"{name}_neurosim.py").read_text(encoding="utf-8")
    for old, new in changes.items():
        assert old in text, old
        text = text.replace(old, new)
    space: dict[str, Any] = {}
    exec(text.partition("\nresult = ")[0], space)
    made: ns.Network = space["net"]
    return made


def exchanged(net: ns.Network, parts: Mapping[str, Any] = {}, projections: Mapping[str, Mapping[str, Any]] = {}) -> ns.Network:
    """The network with other populations or stimuli of the same name, and other arguments of projections."""
    made: dict[str, Any] = {part.name: parts.get(part.name, part) for part in (*net.populations, *net.stimuli)}
    for old in net.projections:
        changes = projections.get(old.name, {})
        made[old.name] = replace(old, source=made[old.pre.name], target=made[old.target.name], **changes)
    probes = [replace(probe, part=made[probe.part.name]) for probe in net.probes]
    return ns.Network(*made.values(), *probes, seed=net.seed, name=net.name)


def with_values(population: ns.Population, **values: Any) -> ns.Population:
    """The population with other parameters or initial states."""
    return ns.Population(population.name, population.size, population.model, **{**population.values, **values})


def code_lines(path: Path) -> int:
    """Lines of a script that are neither empty nor a comment."""
    return sum(bool(line.strip()) and not line.strip().startswith("#") for line in path.read_text(encoding="utf-8").splitlines())

"""Planned assignments as code that runs in their steps only."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from neurosim.backends.brian2.neurons import FREE, BlockNames
from neurosim.backends.brian2.pathways import EdgeNames
from neurosim.backends.brian2.scene import PLANNED, Scene, array_name, clock_names, index_name
from neurosim.backends.brian2.when import of_assign
from neurosim.backends.brian2.words import code, number, safe_name
from neurosim.equations.tree import Expr
from neurosim.ir.program import Assign, Block, CopyWeights, Pathway, Weights


def add_assignments(scene: Scene) -> None:
    """All planned assignments, in their order."""
    place = 0
    for number_of_phase, phase in enumerate(scene.layout.program.plan):
        for assign in phase.assign:
            on = of_assign(scene.layout.program, number_of_phase, assign)
            add_assignment(scene, place, assign, on)
            place += 1


def add_assignment(scene: Scene, place: int, assign: Assign, on: np.ndarray) -> None:
    """One planned assignment; those of rates are part of the numbers that sources are given."""
    part = scene.layout.program.part(assign.part)
    if isinstance(part, Block):
        names: Callable[[str], str] = BlockNames(part, scene.layout.program.dt)
        owner, target = scene.parts[part.name], safe_name(assign.target)
        if assign.target == "hold":
            target = FREE
    elif isinstance(part, Pathway) and part.name in scene.synapses:
        owner, target, names = scene.synapses[part.name], safe_name(assign.target), EdgeNames(scene, part)
    elif isinstance(part, Weights):
        owner, target = scene.shared[part.name], "entry"
        names = _entry_names(scene.layout.program.dt)
    else:
        return
    value = "t_in_timesteps" if target == FREE else right_side(scene, place, owner, assign, names)

    def line(gate: str) -> list[str]:
        return [f"{target} = ns_where({gate}, {value}, {target})" if gate else f"{target} = {value}"]

    scene.every(owner, line, "start", PLANNED + place, on)


def _entry_names(dt: float) -> Callable[[str], str]:
    return lambda name: "entry" if name == "w" else clock_names(name, dt) or safe_name(name)


def right_side(scene: Scene, place: int, owner: Any, assign: Assign, names: Callable[[str], str]) -> str:
    """The assigned value in abstract code; arrays are variables of the part (see :func:`array_declarations`)."""
    value = assign.value
    if isinstance(value, Expr):
        return code(value, names)
    if isinstance(value, CopyWeights):
        setattr(owner, index_name(place), np.arange(len(owner)) if value.index is None else np.asarray(value.index))
        name = f"ns_copied_{place}"
        owner.variables.add_reference(name, scene.shared[value.source], "entry", index=index_name(place))
        return name if value.factor == 1.0 else f"{number(value.factor)}*{name}"
    if np.ndim(value) == 0:
        return number(float(value))
    setattr(owner, array_name(place), np.asarray(value, np.float64))
    return array_name(place)

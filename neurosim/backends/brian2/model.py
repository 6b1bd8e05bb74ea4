"""A Program as Brian2 objects: one scene per copy."""

from __future__ import annotations

import time
from typing import Any

from neurosim.backends.base import Progress, Settings
from neurosim.backends.brian2.layout import Layout
from neurosim.backends.brian2.neurons import add_block, add_histories, add_source
from neurosim.backends.brian2.pathways import add_pathway, add_shared_weights
from neurosim.backends.brian2.planned import add_assignments
from neurosim.backends.brian2.scene import Scene
from neurosim.backends.brian2.start import before_step_zero
from neurosim.backends.brian2.taps import add_taps
from neurosim.backends.brian2.words import functions

REPORT_EVERY = 0.1
"""Seconds between calls of the progress function."""


def build(b2: Any, layout: Layout, settings: Settings, *, standalone: bool, progress: Progress | None = None) -> list[Scene]:
    """Make the objects of all copies of a Program; they share a clock and one namespace.

    Parameters
    ----------
    b2 : module
        Brian2, with our preferences and device in force.
    layout : Layout
        The expanded Program.
    settings : Settings
        Which copies; the option ``exp``.
    standalone : bool
        Whether code must hold everything, since no Python runs beside it.
    progress : callable, optional
        Told what is being built.
    """
    clock = b2.Clock(dt=layout.program.dt * b2.ms, name="ns_clock")
    namespace = functions(b2, str(settings.options.get("exp", "numpy")))
    scenes: list[Scene] = []
    try:
        for copy in range(settings.first_copy, settings.first_copy + settings.copies):
            scenes.append(Scene(b2, layout, before_step_zero(layout, copy), clock, copy, standalone, namespace))
            fill_scene(scenes[-1], progress)
    except BaseException:
        belong(all_objects(scenes), "nobody")
        raise
    return scenes


def all_objects(scenes: list[Scene]) -> list[Any]:
    """Top objects of all copies."""
    return [made for scene in scenes for made in scene.objects()]


def belong(objects: list[Any], network: object) -> None:
    """Say that objects are part of a network: Brian2 warns when it deletes some that never ran."""
    for made in objects:
        made._network = network


def fill_scene(scene: Scene, progress: Progress | None) -> None:
    """All objects, in an order in which each finds what it refers to."""
    layout, program = scene.layout, scene.layout.program
    told = time.perf_counter()
    total = len(program.blocks) + len(program.sources) + len(program.pathways)
    for place, block in enumerate(program.blocks):
        add_block(scene, place, block)
    for place, source in enumerate(program.sources):
        add_source(scene, place, source)
    add_histories(scene)
    for place, weights in enumerate(program.weights):
        if weights.name in layout.shared:
            add_shared_weights(scene, place, weights, program)
    for place, pathway in enumerate(program.pathways):
        add_pathway(scene, place, pathway)
        if progress is not None and time.perf_counter() - told > REPORT_EVERY:
            told = time.perf_counter()
            progress("building", len(program.blocks) + len(program.sources) + place + 1, total)
    add_assignments(scene)
    add_taps(scene)

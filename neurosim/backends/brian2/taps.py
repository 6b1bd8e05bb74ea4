"""Taps as monitors, and what they recorded as a Record."""

from __future__ import annotations

from typing import Any

import numpy as np

from neurosim.backends.brian2.layout import unit_payload
from neurosim.backends.brian2.neurons import PAYLOAD_NAME, mean_name
from neurosim.backends.brian2.pathways import WEIGHT
from neurosim.backends.brian2.scene import FEEDS, LAST, RECORD, Scene
from neurosim.backends.brian2.when import of_tap, stride_of_tap
from neurosim.backends.brian2.words import safe_name
from neurosim.ir.program import Block, Pathway, Source, Tap
from neurosim.record import Events, Trace

Array = np.ndarray
EVENT_WORDS = ("spikes", "counts", "count")


def add_taps(scene: Scene) -> None:
    """A SpikeMonitor for each part whose events are wanted, a StateMonitor for each other tap."""
    for k, tap in enumerate(scene.layout.program.taps):
        if tap.variable in EVENT_WORDS:
            if tap.part not in scene.monitors:
                scene.monitors[tap.part] = spike_monitor(scene, len(scene.monitors), tap.part)
        elif (owner := place_of(scene, tap)[0]) is not None:
            scene.monitors[k] = state_monitor(scene, k, tap, owner)


def place_of(scene: Scene, tap: Tap) -> tuple[Any, str, Array | None]:
    """(group, variable, which entries) of a tap; no group where there is no edge or the weights never change."""
    part = scene.layout.program.part(tap.part)
    if not isinstance(part, Pathway) or tap.variable != "w":
        return scene.parts.get(tap.part, scene.synapses.get(tap.part)), safe_name(tap.variable), tap.of
    if part.weights in scene.shared:
        return scene.shared[part.weights], "entry", None
    return (scene.synapses.get(tap.part) if part.weights in scene.layout.plastic else None), WEIGHT, tap.of


def spike_monitor(scene: Scene, number: int, part: str) -> Any:
    """Events with their payloads."""
    unit = unit_payload(scene.layout.program, part)
    return scene.b2.SpikeMonitor(
        scene.parts[part],
        variables=None if unit else [PAYLOAD_NAME],
        when="after_thresholds",
        order=20,
        name=scene.named(f"ns_events_{number}"),
    )


def state_monitor(scene: Scene, k: int, tap: Tap, owner: Any) -> Any:
    """Values of a variable, or of their sum since the last record."""
    on = of_tap(scene.layout.program, tap)
    when, order = ("start", RECORD) if tap.at == "start" else ("end", LAST // 2)
    _, variable, of = place_of(scene, tap)
    if tap.reduce == "mean":
        total = mean_name(k)
        scene.every(owner, lambda _: [f"{total} = {total} + {variable}"], when, order + 10 * k)
        scene.every(owner, lambda gate: [f"{total} = {f'ns_where({gate}, 0.0, {total})' if gate else '0.0'}"], when, order + 10 * k + 2, on)
    if scene.standalone and (stride := stride_of_tap(scene.layout.program, tap)) is not None:
        return slow_monitor(scene, k, tap, owner, stride)
    monitor = scene.b2.StateMonitor(
        owner,
        mean_name(k) if tap.reduce == "mean" else variable,
        record=True if of is None else np.asarray(of),
        clock=scene.clock,
        when=when,
        order=order + 10 * k + 1,
        name=scene.named(f"ns_trace_{k}"),
    )
    if not scene.standalone and not on.all():
        scene.gated.append((monitor, on))
    return monitor


def slow_monitor(scene: Scene, k: int, tap: Tap, owner: Any, stride: int) -> Any:
    """A monitor with a clock of its own, where nothing can hold a monitor back from the other steps."""
    _, variable, of = place_of(scene, tap)
    clock = scene.b2.Clock(dt=stride * scene.layout.program.dt * scene.b2.ms, name=scene.named(f"ns_clock_{k}"))
    record = True if of is None else np.asarray(of)
    order = RECORD + 10 * k if tap.at == "start" else FEEDS - 1
    return scene.b2.StateMonitor(owner, variable, record=record, clock=clock, when="start", order=order, name=scene.named(f"ns_trace_{k}"))


# ---- what came out -------------------------------------------------------------------------------------------------------
def events_of(scene: Scene, part: str) -> tuple[Array, Array, Array]:
    """Steps, indices and payloads of the events of a part."""
    monitor, dt = scene.monitors[part], scene.layout.program.dt
    steps = np.rint(np.asarray(monitor.t / scene.b2.ms) / dt).astype(np.int64)
    indices = np.asarray(monitor.i, np.int64)
    unit = unit_payload(scene.layout.program, part)
    payloads = np.ones(len(steps)) if unit else np.asarray(getattr(monitor, PAYLOAD_NAME), np.float64)
    order = np.lexsort((indices, steps))
    return steps[order], indices[order], payloads[order]


def recorded_events(scenes: list[Scene]) -> dict[str, Events]:
    """Events of all copies, sorted by step, copy, index."""
    found = {}
    for tap in scenes[0].layout.program.taps:
        if tap.variable != "spikes":
            continue
        columns = [(*events_of(scene, tap.part), np.full(len(events_of(scene, tap.part)[0]), b)) for b, scene in enumerate(scenes)]
        steps, indices, payloads, copies = (np.concatenate(column) for column in zip(*columns))
        kept = np.ones(len(steps), bool) if tap.of is None else np.isin(indices, np.asarray(tap.of))
        order = np.lexsort((indices, copies, steps))
        order = order[kept[order]]
        found[tap.part] = Events(steps[order], indices[order], payloads[order], copies[order])
    return found


def recorded_traces(scenes: list[Scene], done: int) -> dict[tuple[str, str], Trace]:
    """Values of all copies, (T, B, K)."""
    program, found = scenes[0].layout.program, {}
    for k, tap in enumerate(program.taps):
        if tap.variable == "spikes":
            continue
        steps = np.flatnonzero(of_tap(program, tap)[:done])
        values = np.stack([values_of_tap(scene, k, tap, steps, done) for scene in scenes], axis=1)
        of = None if tap.of is None or tap.variable == "count" else np.asarray(tap.of)
        found[tap.part, tap.variable] = Trace(steps, values, of)
    return found


def values_of_tap(scene: Scene, k: int, tap: Tap, steps: Array, done: int) -> Array:
    """(T, K) values of one copy."""
    if tap.variable in EVENT_WORDS:
        return counts(scene, tap, steps)
    if k not in scene.monitors:
        return np.broadcast_to(constant_values(scene, tap), (len(steps), len(constant_values(scene, tap))))
    _, variable, _ = place_of(scene, tap)
    values = np.asarray(getattr(scene.monitors[k], mean_name(k) if tap.reduce == "mean" else variable), np.float64).T
    if scene.standalone and stride_of_tap(scene.layout.program, tap) is not None:
        if tap.at == "end":
            values = np.concatenate([values[1:], present(scene, tap)[None]])[: len(steps)]
    elif len(values) > len(steps):
        values = values[steps]  # standalone records every step
    part = scene.layout.program.part(tap.part)
    if tap.reduce == "mean":
        values = values / np.diff(steps, prepend=-1)[:, None]
    if isinstance(part, Pathway) and tap.variable == "w":
        if part.weights in scene.shared:
            index = scene.layout.index[part.name]
            values = values[:, index if tap.of is None else index[np.asarray(tap.of)]]
        values = values if part.factor == 1.0 else part.factor * values
    return np.array(values)


def present(scene: Scene, tap: Tap) -> Array:
    """(K,) what a tap would read now."""
    owner, variable, of = place_of(scene, tap)
    values = stored(owner, variable)
    return values if of is None else values[np.asarray(of)]


def constant_values(scene: Scene, tap: Tap) -> Array:
    """(K,) weights that never change; nothing for a pathway without edges."""
    part = scene.layout.program.part(tap.part)
    if not isinstance(part, Pathway) or tap.variable != "w":
        return np.zeros(0)
    values: Array = part.factor * scene.layout.weights[part.weights][scene.layout.index[part.name]]
    return np.asarray(values if tap.of is None else values[np.asarray(tap.of)])


def counts(scene: Scene, tap: Tap, steps: Array) -> Array:
    """(T, K) numbers of events since the last record; a tap at the start of a step does not know the events of that step."""
    part = scene.layout.program.part(tap.part)
    size = part.size if isinstance(part, (Block, Source)) else 0
    at, indices, _ = events_of(scene, tap.part)
    bins = np.searchsorted(steps, at, side="right" if tap.at == "start" else "left")
    inside = bins < len(steps)
    table = np.zeros((len(steps), size))
    np.add.at(table, (bins[inside], indices[inside]), 1.0)
    if tap.variable == "count":
        return np.array(table.sum(axis=1, keepdims=True))
    return table if tap.of is None else table[:, np.asarray(tap.of)]


def final_values(scenes: list[Scene]) -> dict[tuple[str, str], Array]:
    """(B, N or E) states of blocks and pathways, plastic weights."""
    program, found = scenes[0].layout.program, {}
    for block in program.blocks:
        for name in block.states:
            found[block.name, name] = np.stack([stored(scene.parts[block.name], safe_name(name)) for scene in scenes])
    for pathway in program.pathways:
        names = {name: safe_name(name) for name in pathway.states}
        if pathway.weights in scenes[0].layout.plastic:
            names["w"] = WEIGHT
        for name, spelled in names.items():
            found[pathway.name, name] = np.stack([edge_state(scene, pathway, name, spelled) for scene in scenes])
    return found


def edge_state(scene: Scene, pathway: Pathway, name: str, spelled: str) -> Array:
    """(E,) present values of a variable of a pathway."""
    if pathway.name not in scene.synapses:
        return np.zeros(0)
    if name != "w":
        return stored(scene.synapses[pathway.name], spelled)
    if pathway.weights in scene.shared:
        values = stored(scene.shared[pathway.weights], "entry")[scene.layout.index[pathway.name]]
    else:
        values = stored(scene.synapses[pathway.name], spelled)
    return np.asarray(values if pathway.factor == 1.0 else pathway.factor * values)


def stored(group: Any, name: str) -> Array:
    """A copy of what a variable holds."""
    return np.array(group.variables[name].get_value(), np.float64)

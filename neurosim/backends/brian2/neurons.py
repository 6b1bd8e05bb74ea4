"""Blocks and sources as groups of neurons; what one of their steps is, as Brian2's abstract code."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np

from neurosim.backends.brian2.feeds import Feed, draw_values, listed_events, listed_values, poisson_values, table_values
from neurosim.backends.brian2.layout import PAYLOAD, unit_payload
from neurosim.backends.brian2.scene import (
    BLOCK,
    BLOCK_RULES,
    FLUSH,
    LAST,
    Scene,
    array_declarations,
    clock_names,
    declared,
    fill,
)
from neurosim.backends.brian2.when import of_rule
from neurosim.backends.brian2.words import code, combined, number, safe_name
from neurosim.ir.program import Block, Program, Source, Spike, Statement

HELD, FREE, LAST_SPIKE, WAS, FIRES, PAYLOAD_NAME = "ns_held", "ns_free", "ns_last", "ns_was", "ns_fires", "ns_payload"


def can_hold(spike: Spike | None) -> bool:
    """Whether a neuron is ever held."""
    return spike is not None and bool(np.max(spike.hold_steps) > 1)


@dataclass(frozen=True)
class BlockNames:
    """Names of a block in abstract code."""

    block: Block
    dt: float

    def __call__(self, name: str) -> str:
        if name == "held":
            return HELD if can_hold(self.block.spike) else "0.0"
        if name == "since_spike":
            if self.block.spike is None:
                return "inf"
            return f"ns_where({LAST_SPIKE} < 0, inf, (t_in_timesteps - {LAST_SPIKE})*{number(self.dt)})"
        return clock_names(name, self.dt) or safe_name(name)


def assigned(program: Program, part: str) -> frozenset[str]:
    """Variables of a part that the plan sets."""
    return frozenset(a.target for phase in program.plan for a in phase.assign if a.part == part)


# ---- blocks --------------------------------------------------------------------------------------------------------------
def add_block(scene: Scene, place: int, block: Block) -> None:
    """The group of a block: variables, one step, flush of additions, rules."""
    dt, spike = scene.layout.program.dt, block.spike
    planned = assigned(scene.layout.program, block.name)
    added, late = scene.layout.additions[block.name], scene.layout.late[block.name]
    variables = [safe_name(name) for name in (*block.states, *block.ports, *(draw.name for draw in block.draws))]
    equations = [f"{name} : 1" for name in (*variables, *(output_name(block, name) for name, _ in block.outputs))]
    equations += [declared(safe_name(name), value, name in planned) for name, value in block.parameters.items()]
    equations += [f"{addition(name)} : 1" for name in added] + [f"{late_name(name)} : 1" for name in late]
    if spike is not None:
        equations += [f"{FIRES} : 1", f"{LAST_SPIKE} : integer", f"{FREE} : integer", f"{WAS} : 1", f"{HELD} : 1"]
        equations += [f"{PAYLOAD_NAME} : 1", "ns_hold_steps : integer (constant)"]
    taps = enumerate(scene.layout.program.taps)
    equations += [f"{mean_name(k)} : 1" for k, tap in taps if tap.part == block.name and tap.reduce == "mean"]
    equations += array_declarations(scene.layout.program, block.name)
    names = BlockNames(block, dt)
    reset = "" if spike is None else "\n".join([*statement_lines(spike.reset, names), *hold_lines(spike)])
    group = scene.group(f"ns_block_{place}", block.size, equations, f"{FIRES} > 0.5" if spike else "", reset)
    scene.parts[block.name] = group
    for name, value in {**block.states, **block.parameters}.items():
        fill(group, safe_name(name), value)
    for name, _ in block.outputs:
        fill(group, output_name(block, name), scene.start.outputs[block.name, name])
    for port in block.ports:
        fill(group, safe_name(port), scene.start.ports[block.name, port])
    if spike is not None:
        setattr(group, LAST_SPIKE, -1)
        group.ns_hold_steps = np.asarray(spike.hold_steps, np.int32)
        setattr(group, PAYLOAD_NAME, 1.0)
    for draw in block.draws:
        scene.feed(Feed(block.name, safe_name(draw.name), block.size, draw_values(draw, scene.copy, block.size)), group, "i")
    scene.every(group, lambda _: step_lines(block, names), "groups", (place + 1) * BLOCK)
    scene.every(group, lambda _: flush_lines(block, added), "synapses", FLUSH)
    scene.every(group, lambda _: late_lines(late), "end", -LAST)
    for number_of_rule, rule in enumerate(block.rules):
        on = of_rule(scene.layout.program, rule)
        scene.every(
            group,
            partial(statement_lines, rule.statements, names),
            "synapses",
            BLOCK_RULES + 1000 * place + number_of_rule,
            on,
        )


def output_name(block: Block, name: str) -> str:
    """The variable of an output; one that shows a state keeps the value of phase 2 apart."""
    return f"ns_shown_{safe_name(name)}" if name in block.states else safe_name(name)


def sent_name(program: Program, part: str, variable: str) -> str:
    """The variable of a part that pathways read: a payload, an output, the value of a table."""
    if variable == PAYLOAD:
        return PAYLOAD_NAME
    sender = program.part(part)
    return output_name(sender, variable) if isinstance(sender, Block) else safe_name(variable)


def addition(state: str) -> str:
    """The accumulator of what reaches a state in a step."""
    return f"ns_added_{safe_name(state)}"


def late_name(port: str) -> str:
    """The accumulator of what rules add to a port."""
    return f"ns_late_{safe_name(port)}"


def mean_name(tap: int) -> str:
    """The sum of a variable since its last record."""
    return f"ns_sum_{tap}"


def step_lines(block: Block, names: BlockNames) -> list[str]:
    """Phases 2 and 3 of a block."""
    hold = can_hold(block.spike)
    hold_states = block.spike.hold_states if hold and block.spike else ()
    lines = [f"{HELD} = ns_where(t_in_timesteps < {FREE}, 1.0, 0.0)"] if hold else []
    commits = []
    for name, expression in block.update.assign:
        value = code(expression, names)
        if name in block.states:
            value = f"ns_where({HELD}, {safe_name(name)}, {value})" if name in hold_states else value
            lines.append(f"ns_new_{safe_name(name)} = {value}")
            commits.append(f"{safe_name(name)} = ns_new_{safe_name(name)}")
        else:
            lines.append(f"{safe_name(name)} = {value}")
    lines += commits
    lines += [f"{output_name(block, name)} = {code(expression, names)}" for name, expression in block.outputs]
    lines += [f"{safe_name(port)} = 0" for port in block.ports]
    return lines + (detect_lines(block.spike, names) if block.spike else [])


def detect_lines(spike: Spike, names: BlockNames) -> list[str]:
    """Phase 3: who fires, with which payload."""
    lines = [f"ns_true = ns_where({code(spike.condition, names)}, 1.0, 0.0)"]
    fires = "ns_true"
    if can_hold(spike):
        fires = f"ns_where({HELD}, 0.0, {fires})"
    if spike.rising:
        fires = f"ns_where({WAS}, 0.0, {fires})"
    lines.append(f"{FIRES} = {fires}")
    if spike.rising:
        lines.append(f"{WAS} = ns_true")
    payload = code(spike.payload, names)
    return lines if payload == "1.0" else [*lines, f"{PAYLOAD_NAME} = {payload}"]


def hold_lines(spike: Spike) -> list[str]:
    """The hold begins."""
    return [f"{LAST_SPIKE} = t_in_timesteps", f"{FREE} = t_in_timesteps + ns_hold_steps"]


def flush_lines(block: Block, added: tuple[str, ...]) -> list[str]:
    """States receive what was added in phase 4, once, where they are not held."""
    lines = []
    for name in added:
        x, sum_ = safe_name(name), addition(name)
        held = can_hold(block.spike) and block.spike is not None and name in block.spike.hold_states
        lines += [f"{x} = ns_where({HELD}, {x}, {x} + {sum_})" if held else f"{x} = {x} + {sum_}", f"{sum_} = 0"]
    return lines


def late_lines(late: tuple[str, ...]) -> list[str]:
    """What rules added reaches the ports."""
    return [line for port in late for line in (f"{safe_name(port)} += {late_name(port)}", f"{late_name(port)} = 0")]


def statement_lines(statements: tuple[Statement, ...], names: BlockNames, gate: str = "") -> list[str]:
    """Statements on own states."""
    lines = []
    for statement in statements:
        x = safe_name(statement.target)
        value = combined(x, statement.op, code(statement.expr, names))
        lines.append(f"{x} = ns_where({gate}, {value}, {x})" if gate else f"{x} = {value}")
    return lines


# ---- sources -------------------------------------------------------------------------------------------------------------
def add_source(scene: Scene, place: int, source: Source) -> None:
    """The group of a source: a table's value, or something that fires."""
    program, name = scene.layout.program, f"ns_source_{place}"
    means = [f"{mean_name(k)} : 1" for k, tap in enumerate(program.taps) if tap.part == source.name and tap.reduce == "mean"]
    if source.kind == "table":
        group = scene.group(name, source.size, [f"{safe_name('value')} : 1", *means])
        scene.feed(Feed(source.name, safe_name("value"), source.size, table_values(program, source)), group, "i")
    elif source.kind == "poisson":
        group = scene.group(name, source.size, [f"{PAYLOAD_NAME} : 1"], f"{PAYLOAD_NAME} > 0.5")
        scene.feed(Feed(source.name, PAYLOAD_NAME, source.size, poisson_values(program, source, scene.copy)), group, "i")
    elif unit_payload(program, source.name):
        steps, indices, _ = listed_events(program, source)
        group = scene.b2.SpikeGeneratorGroup(
            source.size, indices, steps * program.dt * scene.b2.ms, clock=scene.clock, name=scene.named(name), sorted=True
        )
    else:
        group = scene.group(name, source.size, [f"{PAYLOAD_NAME} : 1", f"{FIRES} : 1"], f"{FIRES} > 0.5")
        fires, payloads = listed_values(program, source)
        scene.feed(Feed(source.name, FIRES, source.size, fires), group, "i")
        scene.feed(Feed(source.name, PAYLOAD_NAME, source.size, payloads), group, "i")
    scene.parts[source.name] = group


# ---- the past ------------------------------------------------------------------------------------------------------------
def add_histories(scene: Scene) -> None:
    """Shift registers of outputs and payloads that are read with a delay: entry d N + i is neuron i, d steps ago."""
    for place, ((part, variable), depth) in enumerate(scene.layout.depth.items()):
        if depth > 1:
            initial = np.ones(1) if variable == PAYLOAD else scene.start.outputs[part, variable]
            source = sent_name(scene.layout.program, part, variable)
            scene.histories[part, variable] = history(scene, f"ns_history_{place}", scene.parts[part], source, depth, initial)


def history(scene: Scene, name: str, of: Any, variable: str, depth: int, initial: Any) -> Any:
    """One shift register, pushed after detection and before delivery."""
    size = len(of)
    equations = ["kept : 1", "before : 1", "newest : 1 (constant)", "own : integer (constant)", "previous : integer (constant)"]
    group = scene.group(name, size * depth, equations)
    numbers = np.arange(size * depth)
    group.own, group.previous, group.newest = numbers % size, np.maximum(numbers - size, 0), (numbers < size).astype(float)
    group.kept = np.tile(np.broadcast_to(initial, (size,)), depth)
    group.variables.add_reference("present", of, variable, index="own")
    group.variables.add_reference("shifted", group, "before", index="previous")
    scene.every(group, lambda _: ["before = kept"], "after_thresholds", 10)
    scene.every(group, lambda _: ["kept = ns_where(newest, present, shifted)"], "after_thresholds", 11)
    return group

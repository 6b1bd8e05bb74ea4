"""Pathways as Synapses: what arrives, what is set, what is learned, as Brian2's abstract code."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np

from neurosim.backends.brian2.feeds import Feed, draw_values
from neurosim.backends.brian2.layout import PAYLOAD, rules_with, target_of, unit_payload
from neurosim.backends.brian2.neurons import addition, assigned, late_name, mean_name, sent_name
from neurosim.backends.brian2.scene import ARRIVAL, BLOCK, DELIVER, POST, RULES, Scene, array_declarations, clock_names, declared, fill
from neurosim.backends.brian2.when import live, of_rule
from neurosim.backends.brian2.words import code, combined, number, safe_name
from neurosim.ir.program import Pathway, Program, Statement, Steps, Weights
from neurosim.ir.step import of_post, of_pre
from neurosim.ir.wiring import values_of

WEIGHT, LAG, ENTRY, EDGE = "ns_weight", "ns_lag", "ns_entry", "ns_edge"


@dataclass(frozen=True)
class EdgeNames:
    """Names of the edges of a pathway in abstract code."""

    scene: Scene
    pathway: Pathway

    def __call__(self, name: str) -> str:
        pathway = self.pathway
        own = {*pathway.states, *pathway.parameters, *(draw.name for draw in pathway.draws)}
        if name in own:
            return safe_name(name)
        if name == "value":
            return self.value()
        if name == "w":
            return weight_text(self.scene, pathway)
        if (output := of_pre(name)) is not None:
            return self.past(output)
        if (variable := of_post(name)) is not None:
            return f"{safe_name(variable)}_post"
        return clock_names(name, self.scene.layout.program.dt) or safe_name(name)

    def value(self) -> str:
        """What arrives."""
        if self.pathway.signal is not None:
            return self.past(self.pathway.signal)
        return "1.0" if unit_payload(self.scene.layout.program, self.pathway.source) else self.past(PAYLOAD)

    def past(self, variable: str) -> str:
        """An output or payload of the source as it was sent."""
        if self.scene.layout.delays[self.pathway.name].any():
            return past_name(variable)
        return f"{sent_name(self.scene.layout.program, self.pathway.source, variable)}_pre"


def past_name(variable: str) -> str:
    """The reference into a history."""
    return "ns_past_payload" if variable == PAYLOAD else f"ns_past_{safe_name(variable)}"


def moves(scene: Scene, pathway: Pathway) -> bool:
    """Whether the weights of the pathway change."""
    return pathway.weights in scene.layout.plastic


def weight_text(scene: Scene, pathway: Pathway) -> str:
    """``w``: the factor is part of constant weights already."""
    if not moves(scene, pathway) or pathway.factor == 1.0:
        return WEIGHT
    return f"({number(pathway.factor)}*{WEIGHT})"


# ---- the object ----------------------------------------------------------------------------------------------------------
def add_pathway(scene: Scene, place: int, pathway: Pathway) -> None:
    """The Synapses of a pathway with its statements; nothing where there is no edge."""
    layout = scene.layout
    edges, delays = layout.edges[pathway.name], layout.delays[pathway.name]
    if not len(edges):
        return
    triggers = event_code(scene, pathway)
    delayed = bool(delays.any())
    same = bool((delays == delays[0]).all())
    wait = int(delays[0]) * layout.program.dt * scene.b2.ms
    on_pre = {name: "\n".join(lines) for name, lines in triggers.items() if name != "post" and lines}
    synapses = scene.b2.Synapses(
        scene.parts[pathway.source],
        scene.parts[pathway.target],
        "\n".join(equations(scene, pathway, delayed)),
        on_pre=on_pre or None,
        on_post="\n".join(triggers["post"]) or None,
        delay=dict.fromkeys(on_pre, wait) if same and on_pre else None,
        clock=scene.clock,
        namespace=scene.namespace,
        name=scene.named(f"ns_pathway_{place}"),
    )
    synapses.connect(i=edges.pre, j=edges.post)
    scene.synapses[pathway.name] = synapses
    fill_edges(scene, pathway, synapses, delayed)
    for name, order in (("deliver", DELIVER), ("arrive", ARRIVAL)):
        if name in on_pre:
            queue = getattr(synapses, name)
            queue.order = order + place
            if not same:
                queue.delay = delays * layout.program.dt * scene.b2.ms
    if triggers["post"]:
        synapses.post.order = POST + place
    add_regular(scene, place, pathway, synapses)


def equations(scene: Scene, pathway: Pathway, delayed: bool) -> list[str]:
    """The variables of an edge."""
    layout = scene.layout
    planned = assigned(layout.program, pathway.name)
    lines = [f"{safe_name(name)} : 1" for name in (*pathway.states, *(draw.name for draw in pathway.draws))]
    lines += [declared(safe_name(x), edge_values(scene, pathway, v), x in planned) for x, v in pathway.parameters.items()]
    if pathway.weights in layout.shared:
        lines.append(f"{ENTRY} : integer (constant)")
    elif pathway.weights:
        lines.append(f"{WEIGHT} : 1" if moves(scene, pathway) else declared(WEIGHT, constant_weight(scene, pathway), False))
    if delayed:
        lines.append(f"{LAG} : integer (constant)")
    if scene.standalone and pathway.draws:
        lines.append(f"{EDGE} : integer (constant)")
    taps = enumerate(layout.program.taps)
    lines += [f"{mean_name(k)} : 1" for k, tap in taps if tap.part == pathway.name and tap.reduce == "mean"]
    return lines + array_declarations(layout.program, pathway.name)


def edge_values(scene: Scene, pathway: Pathway, value: Any) -> Any:
    """A number, or (E,) values."""
    return value if np.ndim(value) == 0 and isinstance(value, (int, float)) else values_of(value, scene.layout.edges[pathway.name])


def constant_weight(scene: Scene, pathway: Pathway) -> Any:
    """``factor * weights[index]`` of weights that do not change: one number where all are equal."""
    values = scene.layout.weights[pathway.weights][scene.layout.index[pathway.name]]
    values = values if pathway.factor == 1.0 else pathway.factor * values
    return float(values[0]) if (values == values[0]).all() else values


def fill_edges(scene: Scene, pathway: Pathway, synapses: Any, delayed: bool) -> None:
    """Values of the edges and references to what lies elsewhere."""
    layout, edges = scene.layout, scene.layout.edges[pathway.name]
    for name, value in {**pathway.states, **pathway.parameters}.items():
        fill(synapses, safe_name(name), edge_values(scene, pathway, value))
    if pathway.weights in layout.shared:
        index = layout.index[pathway.name]
        synapses.variables.add_reference(WEIGHT, scene.shared[pathway.weights], "entry", index=ENTRY)
        setattr(synapses, ENTRY, index)
        synapses.variables[ENTRY].unique = len(np.unique(index)) == len(index)
    elif pathway.weights:
        plain = layout.weights[pathway.weights][layout.index[pathway.name]]
        fill(synapses, WEIGHT, plain if moves(scene, pathway) else constant_weight(scene, pathway))
    if delayed:
        setattr(synapses, LAG, layout.delays[pathway.name] * pathway.wiring.sources + edges.pre)
        for (part, variable), group in scene.histories.items():
            if part == pathway.source:
                synapses.variables.add_reference(past_name(variable), group, "kept", index=LAG)
    if scene.standalone and pathway.draws:
        setattr(synapses, EDGE, np.arange(len(edges)))
    for draw in pathway.draws:
        feed = Feed(pathway.name, safe_name(draw.name), len(edges), draw_values(draw, scene.copy, len(edges)))
        scene.feed(feed, synapses, EDGE)


# ---- what runs -----------------------------------------------------------------------------------------------------------
def event_code(scene: Scene, pathway: Pathway) -> dict[str, list[str]]:
    """Lines on arrival ('deliver', 'arrive') and on postsynaptic spikes ('post')."""
    program = scene.layout.program
    gate = scene.gate(live(program, (pathway.name,)))
    lines: dict[str, list[str]] = {"deliver": [], "arrive": [], "post": []}
    if pathway.signal is None:
        lines["deliver"] = edge_lines(scene, pathway, pathway.deliver, gate, rule=False)
    for trigger, name in (("arrival", "arrive"), ("post", "post")):
        for rule in rules_with(pathway, trigger):
            gate = scene.gate(of_rule(program, rule, pathway.name))
            lines[name] += edge_lines(scene, pathway, rule.statements, gate, rule=True)
    return lines


def add_regular(scene: Scene, place: int, pathway: Pathway, synapses: Any) -> None:
    """What happens without an event: the own update, signals, Steps rules."""
    program = scene.layout.program
    names = EdgeNames(scene, pathway)
    if pathway.update.assign:
        scene.every(synapses, lambda _: update_lines(pathway, names), "groups", place - BLOCK)
    if pathway.signal is not None:
        target = [block.name for block in program.blocks].index(pathway.target)
        order = (target + 1) * BLOCK - BLOCK // 2 + place if pathway.instant else DELIVER + place
        on = live(program, (pathway.name,))
        scene.every(
            synapses,
            lambda gate: edge_lines(scene, pathway, pathway.deliver, gate, rule=False),
            "groups" if pathway.instant else "synapses",
            order,
            on,
        )
    for k, rule in enumerate(pathway.rules):
        if isinstance(rule.trigger, Steps):
            on = of_rule(program, rule, pathway.name)
            order = RULES + 1000 * place + 2 * k
            scene.every(
                synapses,
                partial(edge_lines, scene, pathway, rule.statements, rule=True),
                "synapses",
                order,
                on,
            )


def update_lines(pathway: Pathway, names: EdgeNames) -> list[str]:
    """Phase 2 of a pathway."""
    lines, commits = [], []
    for name, expression in pathway.update.assign:
        x = safe_name(name)
        if name in pathway.states:
            lines.append(f"ns_new_{x} = {code(expression, names)}")
            commits.append(f"{x} = ns_new_{x}")
        else:
            lines.append(f"{x} = {code(expression, names)}")
    return lines + commits


def edge_lines(scene: Scene, pathway: Pathway, statements: tuple[Statement, ...], gate: str, *, rule: bool) -> list[str]:
    """Statements of a pathway."""
    names, lines = EdgeNames(scene, pathway), []
    for statement in statements:
        into = target_of(pathway, statement)
        value = code(statement.expr, names)
        if into is not None:
            value = f"ns_where({gate}, {value}, 0.0)" if gate else value
            lines.append(f"{accumulator(scene, pathway, into, rule)}_post {statement.op} {value}")
        elif statement.target == "w":
            lines += weight_lines(scene, pathway, statement.op, value, gate)
        else:
            x = safe_name(statement.target)
            value = combined(x, statement.op, value)
            lines.append(f"{x} = ns_where({gate}, {value}, {x})" if gate else f"{x} = {value}")
    return lines


def accumulator(scene: Scene, pathway: Pathway, into: str, rule: bool) -> str:
    """Where additions to ``into`` of the target are summed."""
    block = scene.layout.program.block(pathway.target)
    if into in block.ports:
        return late_name(into) if rule and into in scene.layout.late[block.name] else safe_name(into)
    return addition(into)


def weight_lines(scene: Scene, pathway: Pathway, op: str, value: str, gate: str) -> list[str]:
    """A statement on ``w``, then its bounds."""
    weights = scene.layout.program.part(pathway.weights)
    bounded = isinstance(weights, Weights) and (weights.low > -np.inf or weights.high < np.inf)
    if pathway.factor != 1.0 and op != "*=":
        value = f"({value})/{number(pathway.factor)}"
    if repeats(scene, pathway):
        # Several edges use one entry: an in-place sum is the form that Brian2 adds up for all of them.
        return [f"{WEIGHT} {op} {f'ns_where({gate}, {value}, 0.0)' if gate else value}"]
    value = combined(WEIGHT, op, value)
    if bounded and isinstance(weights, Weights):
        value = f"ns_clip({value}, {number(weights.low)}, {number(weights.high)})"
    return [f"{WEIGHT} = {f'ns_where({gate}, {value}, {WEIGHT})' if gate else value}"]


def repeats(scene: Scene, pathway: Pathway) -> bool:
    """Whether several edges of the pathway use one entry of the weights."""
    index = scene.layout.index.get(pathway.name)
    return pathway.weights in scene.layout.shared and index is not None and len(np.unique(index)) < len(index)


# ---- shared weights and the plan -----------------------------------------------------------------------------------------
def add_shared_weights(scene: Scene, place: int, weights: Weights, program: Program) -> None:
    """A group that holds one entry per weight."""
    users = {pathway.name for pathway in program.pathways if pathway.weights == weights.name}
    sums = [k for k, tap in enumerate(program.taps) if tap.part in users and tap.variable == "w" and tap.reduce == "mean"]
    declarations = ["entry : 1", *(f"{mean_name(k)} : 1" for k in sums), *array_declarations(program, weights.name)]
    group = scene.group(f"ns_weights_{place}", len(scene.layout.weights[weights.name]), declarations)
    group.entry = scene.layout.weights[weights.name]
    scene.shared[weights.name] = group

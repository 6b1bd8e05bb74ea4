"""What is true before step 0: outputs, and the ports that signals have already filled (:mod:`neurosim.ir.step`, 'Before step 0')."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from neurosim.backends.brian2.feeds import draw_values
from neurosim.backends.brian2.layout import Layout, target_of
from neurosim.backends.brian2.when import live
from neurosim.equations.evaluate import evaluate
from neurosim.ir.program import Block, Pathway, Source
from neurosim.ir.step import of_post, of_pre
from neurosim.ir.wiring import values_of

Array = np.ndarray


@dataclass(frozen=True)
class Start:
    """``outputs``: (part, output) -> (N,); ``ports``: (block, port) -> (N,)."""

    outputs: Mapping[tuple[str, str], Array]
    ports: Mapping[tuple[str, str], Array]


def before_step_zero(layout: Layout, copy: int) -> Start:
    """Outputs at their ``start``, then one delivery of all signals."""
    program = layout.program
    outputs: dict[tuple[str, str], Array] = {}
    for block in program.blocks:
        outputs.update(outputs_before(block, program.dt))
    outputs.update({(source.name, "value"): np.zeros(source.size) for source in program.sources if source.kind == "table"})
    ports = {(block.name, port): np.zeros(block.size) for block in program.blocks for port in block.ports}
    for pathway in program.pathways:
        if pathway.signal is not None and not pathway.instant and live(program, (pathway.name,))[:1].all():
            deliver(layout, pathway, outputs, ports, copy)
    return Start(outputs, ports)


def outputs_before(block: Block, dt: float) -> dict[tuple[str, str], Array]:
    """``start``, or the output of the initial state with ports and draws at zero."""
    zero: dict[str, object] = {"t": 0.0, "dt": dt, "held": 0.0, "since_spike": np.inf}
    zero.update({port: 0.0 for port in block.ports} | {draw.name: 0.0 for draw in block.draws})
    known = {**zero, **block.parameters, **block.states}
    for name, expression in block.outputs:
        known[name] = block.start[name] if name in block.start else evaluate(expression, known.__getitem__)
    return {(block.name, name): wide(known[name], block.size) for name, _ in block.outputs}


def wide(value: object, size: int) -> Array:
    """A number or an array as a fresh (N,) array of doubles."""
    return np.broadcast_to(np.asarray(value, np.float64), (size,)).copy()


def deliver(
    layout: Layout, pathway: Pathway, outputs: Mapping[tuple[str, str], Array], ports: Mapping[tuple[str, str], Array], copy: int
) -> None:
    """The signals of one pathway reach the ports; its own states are not kept."""
    program, edges = layout.program, layout.edges[pathway.name]
    target = program.block(pathway.target)
    known: dict[str, object] = {"t": -program.dt, "dt": program.dt, "value": outputs[pathway.source, pathway.signal or ""][edges.pre]}
    known.update({name: values_of(value, edges) for name, value in {**pathway.parameters, **pathway.states}.items()})
    known.update({draw.name: draw_values(draw, copy, len(edges))(-1) for draw in pathway.draws})
    if pathway.weights:
        known["w"] = pathway.factor * layout.weights[pathway.weights][layout.index[pathway.name]]

    def look(name: str) -> object:
        if name in known:
            return known[name]
        if (output := of_pre(name)) is not None:
            return outputs[pathway.source, output][edges.pre]
        variable = of_post(name) or name
        inside: dict[str, object] = {**target.parameters, **target.states}
        return wide(inside[variable] if variable in inside else outputs[target.name, variable], target.size)[edges.post]

    for statement in pathway.deliver:
        value = np.broadcast_to(evaluate(statement.expr, look), (len(edges),))
        into = target_of(pathway, statement)
        if into is None:
            old = np.asarray(known.get(statement.target, 0.0))
            known[statement.target] = {"=": value, "+=": old + value, "-=": old - value, "*=": old * value}[statement.op]
        elif (target.name, into) in ports:
            np.add.at(ports[target.name, into], edges.post, value if statement.op == "+=" else -value)


def source_names(source: Source) -> tuple[str, ...]:
    """Outputs of a source."""
    return ("value",) if source.kind == "table" else ()

"""What a Program needs of Brian2, decided before any of its objects is made: expanded edges, histories, accumulators, weights."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from neurosim.equations.tree import Expr, Num, names
from neurosim.ir.program import Block, CopyWeights, Pathway, Program, Rule, Source, Statement, plastic_weights
from neurosim.ir.step import of_post, of_pre
from neurosim.ir.wiring import Edges, delays_of, expand, weight_index, weight_values

Array = np.ndarray
PAYLOAD = "payload of an event"
"""Stands for the payload where a variable of a part is named; no output can be called so."""


@dataclass(frozen=True)
class Layout:
    """Edges and delays by pathway, and what has to be kept where.

    ``depth``: (part, variable) -> how many steps of it are kept (1: only the present one). ``additions``: block -> states that
    pathways add to. ``late``: block -> ports to which rules add while rules read the sums of phase 4. ``shared``: weights that
    live in a group of their own.
    """

    program: Program
    edges: dict[str, Edges]
    delays: dict[str, Array]
    weights: dict[str, Array]
    index: dict[str, Array]
    depth: dict[tuple[str, str], int]
    additions: dict[str, tuple[str, ...]]
    late: dict[str, tuple[str, ...]]
    plastic: frozenset[str]
    shared: frozenset[str]


def lay_out(program: Program) -> Layout:
    """Expand the wiring and look at who reads and writes what."""
    edges = {pathway.name: expand(pathway.wiring) for pathway in program.pathways}
    delays = {pathway.name: delays_of(pathway, edges[pathway.name]) for pathway in program.pathways}
    return Layout(
        program,
        edges,
        delays,
        {weights.name: weight_values(program, weights) for weights in program.weights},
        {p.name: weight_index(program, p, edges[p.name]) for p in program.pathways if p.weights},
        depths(program, delays),
        {block.name: added_states(program, block) for block in program.blocks},
        {block.name: late_ports(program, block) for block in program.blocks},
        plastic_weights(program),
        shared_weights(program),
    )


# ---- statements ----------------------------------------------------------------------------------------------------------
def statements_of(pathway: Pathway) -> Iterator[Statement]:
    """Those of delivery and of all rules."""
    yield from pathway.deliver
    for rule in pathway.rules:
        yield from rule.statements


def expressions_of(pathway: Pathway) -> Iterator[Expr]:
    """All right-hand sides that see both ends."""
    yield from (statement.expr for statement in statements_of(pathway))


def reads(statements: tuple[Statement, ...], name: str) -> bool:
    """Whether a right-hand side mentions the name."""
    return any(name in names(statement.expr) for statement in statements)


def reads_value(pathway: Pathway) -> bool:
    """Whether the payload or signal itself is used."""
    return any("value" in names(expression) for expression in expressions_of(pathway))


def unit_payload(program: Program, name: str) -> bool:
    """Whether every event of the part carries 1."""
    part = program.part(name)
    if isinstance(part, Block):
        return part.spike is None or part.spike.payload == Num(1.0)
    if isinstance(part, Source) and part.kind == "spikes":
        return part.payloads is None or bool(np.all(np.asarray(part.payloads) == 1.0))
    return False


def depths(program: Program, delays: dict[str, Array]) -> dict[tuple[str, str], int]:
    """How many steps of which outputs and payloads pathways look back."""
    found: dict[tuple[str, str], int] = {}
    for pathway in program.pathways:
        longest = 1 + int(delays[pathway.name].max()) if len(delays[pathway.name]) else 1
        wanted = {of_pre(name) for expression in expressions_of(pathway) for name in names(expression)} - {None}
        own = {*pathway.states, *pathway.parameters}
        variables = {str(x) for x in wanted if f"{x}_pre" not in own}
        if pathway.signal is not None:
            variables.add(pathway.signal)
        elif reads_value(pathway) and not unit_payload(program, pathway.source):
            variables.add(PAYLOAD)
        for variable in variables:
            found[pathway.source, variable] = max(found.get((pathway.source, variable), 1), longest)
    return found


# ---- targets -------------------------------------------------------------------------------------------------------------
def target_of(pathway: Pathway, statement: Statement) -> str | None:
    """X of ``X_post += ...``; None where the pathway sets something of its own."""
    return None if statement.target in pathway.states else of_post(statement.target)


def added_states(program: Program, block: Block) -> tuple[str, ...]:
    """States of a block that receive additions."""
    wanted = {target_of(p, s) for p in program.pathways if p.target == block.name for s in p.deliver}
    return tuple(name for name in block.states if name in wanted)


def late_ports(program: Program, block: Block) -> tuple[str, ...]:
    """Ports to which rules add while rules read the sums of phase 4."""
    into = [pathway for pathway in program.pathways if pathway.target == block.name]
    written = {target_of(p, s) for p in into for rule in p.rules for s in rule.statements}
    read = {name for rule in block.rules for s in rule.statements for name in names(s.expr)}
    for pathway in into:
        for rule in pathway.rules:
            read |= {port for s in rule.statements for name in names(s.expr) if (port := of_post(name)) is not None}
    return tuple(port for port in block.ports if port in written and port in read)


def rules_with(pathway: Pathway, trigger: str) -> tuple[Rule, ...]:
    """Rules of a pathway that start on 'arrival' or 'post'."""
    return tuple(rule for rule in pathway.rules if rule.trigger == trigger)


# ---- weights -------------------------------------------------------------------------------------------------------------
def shared_weights(program: Program) -> frozenset[str]:
    """Weights that change and are seen by several pathways, through an index, or by the plan."""
    planned = {assign.part for phase in program.plan for assign in phase.assign}
    copied = {a.value.source for phase in program.plan for a in phase.assign if isinstance(a.value, CopyWeights)}
    changing, found = plastic_weights(program), set()
    for weights in program.weights:
        users = [pathway for pathway in program.pathways if pathway.weights == weights.name]
        if weights.name in planned | copied:
            found.add(weights.name)
        elif weights.name in changing and (len(users) > 1 or any(user.index is not None for user in users)):
            found.add(weights.name)
    return frozenset(found)

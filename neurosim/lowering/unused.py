"""Parameters that nothing reads are left out of a Program."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace

from neurosim.equations import Expr, names
from neurosim.ir.program import Assign, Block, Exact, Pathway, Phase, Program, Statement, Update


def without_unused(program: Program) -> Program:
    """The Program without parameters that no update, output, condition, statement or planned expression reads."""
    planned = [assign for phase in program.plan for assign in phase.assign]
    unread: set[tuple[str, str]] = set()
    blocks, pathways = [], []
    for block in program.blocks:
        read = {*_read_in_block(block), *_read_from_synapses(program, block), *_read_in_plan(planned, block.name)}
        unread |= {(block.name, name) for name in block.parameters.keys() - read}
        blocks.append(replace(block, parameters={name: value for name, value in block.parameters.items() if name in read}))
    for pathway in program.pathways:
        read = {*_read_in_pathway(pathway), *_read_in_plan(planned, pathway.name)}
        unread |= {(pathway.name, name) for name in pathway.parameters.keys() - read}
        pathways.append(replace(pathway, parameters={name: value for name, value in pathway.parameters.items() if name in read}))
    plan = tuple(_without(phase, unread) for phase in program.plan)
    return replace(program, blocks=tuple(blocks), pathways=tuple(pathways), plan=plan)


def _read_in_plan(planned: Iterable[Assign], part: str) -> Iterator[str]:
    for assign in planned:
        if assign.part == part and isinstance(assign.value, Expr):
            yield from names(assign.value)


def _without(phase: Phase, dropped: set[tuple[str, str]]) -> Phase:
    return replace(phase, assign=tuple(assign for assign in phase.assign if (assign.part, assign.target) not in dropped))


def _read_in_block(block: Block) -> Iterator[str]:
    yield from _read_in_update(block.update)
    yield from _read(expr for _, expr in block.outputs)
    if block.spike is not None:
        yield from _read((block.spike.condition, block.spike.payload))
        yield from _read_in_statements(block.spike.reset)
    for rule in block.rules:
        yield from _read_in_statements(rule.statements)


def _read_in_pathway(pathway: Pathway) -> Iterator[str]:
    yield from _read_in_update(pathway.update)
    yield from _read_in_statements(pathway.deliver)
    for rule in pathway.rules:
        yield from _read_in_statements(rule.statements)


def _read_from_synapses(program: Program, block: Block) -> Iterator[str]:
    """Names of a block that statements of pathways into it read as X_post."""
    for pathway in program.pathways:
        if pathway.target == block.name:
            for name in _read_in_pathway(pathway):
                yield name.removesuffix("_post")


def _read_in_update(update: Update) -> Iterator[str]:
    yield from _read(expr for _, expr in update.assign)
    if update.exact is not None:
        yield from _named_by(update.exact)


def _named_by(exact: Exact) -> Iterator[str]:
    for rows in (exact.phi, exact.held_phi or ()):
        for row in rows:
            yield from row
    for _, column in (*exact.gain, *(exact.held_gain or ())):
        yield from column
    yield from (*exact.q, *(exact.held_q or ()))


def _read_in_statements(statements: Iterable[Statement]) -> Iterator[str]:
    return _read(statement.expr for statement in statements)


def _read(exprs: Iterable[Expr]) -> Iterator[str]:
    for expr in exprs:
        yield from names(expr)

"""Parameters that nothing reads are left out of a Program."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace

from neurosim.equations import Call, Expr, Num, Op, Sym, names
from neurosim.ir.program import Assign, Block, Exact, Pathway, Phase, Program, Statement, Update


def without_unused(program: Program) -> Program:
    """The Program without parameters that no update, output, condition, statement or planned expression reads."""
    planned = [assign for phase in program.plan for assign in phase.assign]
    blocks = tuple(_pruned(block, {*_read_in_block(block), *_read_from_synapses(program, block)}, planned) for block in program.blocks)
    pathways = tuple(_pruned(pathway, {*_read_in_pathway(pathway)}, planned) for pathway in program.pathways)
    kept = {(part.name, name) for part in (*blocks, *pathways) for name in part.parameters}
    all_of_them = {(part.name, name) for part in (*program.blocks, *program.pathways) for name in part.parameters}
    plan = tuple(_without(phase, all_of_them - kept) for phase in program.plan)
    return replace(program, blocks=blocks, pathways=pathways, plan=plan)


def _pruned(part: Block | Pathway, read: set[str], planned: Iterable[Assign]) -> Block | Pathway:
    for assign in planned:
        if assign.part == part.name and isinstance(assign.value, (Num, Sym, Op, Call)):
            read |= names(assign.value)
    return replace(part, parameters={name: value for name, value in part.parameters.items() if name in read})


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

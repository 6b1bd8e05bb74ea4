"""Rules of the single parts of a Program: values, expressions, blocks and sources. Each function notes what it finds."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

import numpy as np

from neurosim.equations.tree import Expr, Sym, calls, names
from neurosim.errors import Findings, did_you_mean
from neurosim.ir.program import Block, Draw, FloatArray, Pathway, Sampled, Source, Statement, Steps, Update, Value
from neurosim.ir.step import (
    OPERATORS,
    RESERVED_IN_BLOCK,
    draw_names,
    names_in_block_rule,
    names_in_detect,
    names_in_output,
    names_in_update,
)

SAMPLED_KINDS = ("uniform", "normal", "lognormal", "exponential", "gamma")


# ---- values and words --------------------------------------------------------------------------------------------------
def check_value(findings: Findings, where: str, what: str, value: Value | Sampled, size: int | None) -> None:
    """A finite number, a finite array (size,), or a recipe; ``size`` None: not known without drawing."""
    if isinstance(value, Sampled):
        check_sampled(findings, where, what, value)
        return
    array = np.asarray(value)
    if array.dtype.kind not in "fiub":
        findings.add(where, f"{what} must be numbers, got {array.dtype}")
    elif array.ndim > 1 or (array.ndim == 1 and size is not None and len(array) != size):
        findings.add(where, f"{what} has shape {array.shape}, expected a number or ({'E' if size is None else size},)")
    elif not np.isfinite(array).all():
        findings.add(where, f"{what} {first_odd(array)}")


def first_odd(array: np.ndarray) -> str:
    """Says which entry is not finite."""
    if array.ndim == 0:
        return f"is {array[()]}"
    place = int(np.flatnonzero(~np.isfinite(array))[0])
    return f"is {array[place]} at index {place}"


def check_sampled(findings: Findings, where: str, what: str, recipe: Sampled) -> None:
    """A recipe of drawn numbers."""
    if recipe.kind not in SAMPLED_KINDS:
        findings.add(where, f"{what} is drawn by {recipe.kind!r}{did_you_mean(recipe.kind, SAMPLED_KINDS)}")
    if recipe.bounds not in ("none", "clip", "redraw"):
        findings.add(where, f"{what}: bounds must be 'none', 'clip' or 'redraw', got {recipe.bounds!r}")
    if not (np.isfinite(recipe.a) and np.isfinite(recipe.b)):
        findings.add(where, f"{what} is drawn with {recipe.a}, {recipe.b}")
    if recipe.low > recipe.high or recipe.least > recipe.most:
        findings.add(where, f"{what}: the lower bound lies above the upper one")


def check_expression(findings: Findings, where: str, expr: Expr, known: frozenset[str]) -> None:
    """Only known names; what lowering has to replace is gone."""
    for name in sorted(names(expr) - known):
        findings.add(where, f"{name!r} is not known here{did_you_mean(name, known)}")
    for call in sorted(calls(expr) & {"rate", "rand"}):
        findings.add(where, f"{call}() has no meaning in a Program: lowering replaces it")


def check_statements(
    findings: Findings, where: str, statements: Sequence[Statement], known: frozenset[str], targets: Mapping[str, tuple[str, ...]]
) -> None:
    """Statements whose targets allow the given operators."""
    for statement in statements:
        if statement.op not in OPERATORS:
            findings.add(where, f"{statement.op!r} is not one of = += -= *=")
        elif statement.target not in targets:
            findings.add(where, f"{statement.target!r} cannot be written here{did_you_mean(statement.target, targets)}")
        elif statement.op not in targets[statement.target]:
            findings.add(
                where, f"{statement.target!r} may only be written by {' '.join(targets[statement.target])} here, got {statement.op}"
            )
        check_expression(findings, where, statement.expr, known)


def check_update(
    findings: Findings, where: str, update: Update, states: Iterable[str], known: frozenset[str], reserved: frozenset[str]
) -> None:
    """States are assigned once, temporaries take no other name, nothing is read before it is assigned."""
    own, assigned = set(states), set()
    for name, expr in update.assign:
        check_expression(findings, f"{where}, update of {name!r}", expr, known)
        if name in assigned:
            findings.add(where, f"update assigns {name!r} twice")
        elif name not in own and (name in known or name in reserved):
            findings.add(where, f"update assigns {name!r}, which is not a state")
        assigned.add(name)
        known = known | ({name} - own)


def check_draws(findings: Findings, where: str, draws: Sequence[Draw], size: int | None, steps: int) -> None:
    """Kinds of draws, and tables long enough for the plan (one more row serves the delivery before step 0)."""
    for draw in draws:
        if draw.kind not in ("normal", "uniform", "table"):
            findings.add(where, f"draw {draw.name!r} is of kind {draw.kind!r}, expected 'normal', 'uniform' or 'table'")
        elif draw.kind == "table":
            shape = np.shape(np.asarray(draw.table))
            if len(shape) != 2 or shape[0] not in (steps, steps + 1) or (size is not None and shape[1] != size):
                findings.add(
                    where, f"the table of draw {draw.name!r} has shape {shape}, expected ({steps}, {'E' if size is None else size})"
                )
            elif not np.isfinite(np.asarray(draw.table)).all():
                findings.add(where, f"the table of draw {draw.name!r} holds nan or infinity")


def check_steps(findings: Findings, where: str, steps: Steps) -> None:
    """``every`` is positive, ``since`` not negative."""
    if steps.every < 1:
        findings.add(where, f"every must be at least 1 step, got {steps.every}")
    if steps.since < 0:
        findings.add(where, f"since must not be negative, got {steps.since}")


def check_unique(findings: Findings, where: str, groups: Mapping[str, Iterable[str]], reserved: frozenset[str]) -> None:
    """No name stands for two things, none for something else already."""
    kinds: dict[str, str] = {}
    for kind, group in groups.items():
        for name in group:
            if name in kinds:
                findings.add(where, f"{name!r} is both {article(kinds[name])} and {article(kind)}")
            elif name in reserved:
                findings.add(where, f"{article(kind)} may not be called {name!r}: the name has a fixed meaning")
            kinds.setdefault(name, kind)


def article(kind: str) -> str:
    """'a state', 'an output'."""
    return f"an {kind}" if kind[0] in "aeiou" else f"a {kind}"


# ---- blocks ------------------------------------------------------------------------------------------------------------
def check_block(findings: Findings, block: Block, steps: int) -> None:
    """One population."""
    where = f"block {block.name!r}"
    if block.size < 1:
        findings.add(where, f"size must be at least 1, got {block.size}")
    for kind, values in (("state", block.states), ("parameter", block.parameters)):
        for name, value in values.items():
            check_value(findings, where, f"{kind} {name!r}", value, block.size)
    check_block_names(findings, where, block)
    check_update(findings, where, block.update, block.states, names_in_update(block), RESERVED_IN_BLOCK)
    check_exact(findings, where, block)
    for place, (name, expr) in enumerate(block.outputs):
        check_expression(findings, f"{where}, output {name!r}", expr, names_in_output(block, place))
    for name, value in block.start.items():
        if name not in {output for output, _ in block.outputs}:
            findings.add(where, f"start is given for {name!r}, which is not an output")
        check_value(findings, where, f"start of {name!r}", value, block.size)
    check_draws(findings, where, block.draws, block.size, steps)
    check_spike(findings, where, block)
    for rule in block.rules:
        at = f"{where}, rule {rule.name!r}"
        if isinstance(rule.trigger, Steps):
            check_steps(findings, at, rule.trigger)
        else:
            findings.add(at, f"a rule of a block is triggered by Steps, got {rule.trigger!r}")
        check_statements(findings, at, rule.statements, names_in_block_rule(block), dict.fromkeys(block.states, OPERATORS))


def check_block_names(findings: Findings, where: str, block: Block) -> None:
    """States, parameters, ports, outputs and draws are different names; an output may repeat a state that it shows."""
    shown = [name for name, expr in block.outputs if not (name in block.states and expr == Sym(name))]
    groups = {"state": block.states, "parameter": block.parameters, "port": block.ports, "output": shown, "draw": sorted(draw_names(block))}
    check_unique(findings, where, groups, RESERVED_IN_BLOCK)


def check_exact(findings: Findings, where: str, block: Block) -> None:
    """Entries of the annotation are names of parameters or ''."""
    exact = block.update.exact
    if exact is None:
        return
    n = len(exact.states)
    for state in exact.states:
        if state not in block.states:
            findings.add(where, f"the exact annotation is about {state!r}, which is not a state")
    for port, _ in (*exact.gain, *(exact.held_gain or ())):
        if port not in block.ports:
            findings.add(where, f"the exact annotation has a gain of {port!r}, which is not a port")
    columns = [
        *exact.phi,
        *(exact.held_phi or ()),
        exact.q,
        *((exact.held_q,) if exact.held_q is not None else ()),
        *(column for _, column in (*exact.gain, *(exact.held_gain or ()))),
    ]
    if any(len(column) != n for column in columns) or len(exact.phi) != n or (exact.held_phi is not None and len(exact.held_phi) != n):
        findings.add(where, f"the exact annotation of {n} states has entries of other sizes")
    for name in sorted({name for column in columns for name in column if name and name not in block.parameters}):
        findings.add(where, f"the exact annotation refers to {name!r}, which is not a parameter")


def check_spike(findings: Findings, where: str, block: Block) -> None:
    """Condition, payload, reset and hold."""
    spike = block.spike
    if spike is None:
        return
    known = names_in_detect(block)
    check_expression(findings, f"{where}, spike condition", spike.condition, known)
    check_expression(findings, f"{where}, payload", spike.payload, known)
    check_statements(findings, f"{where}, reset", spike.reset, known, dict.fromkeys(block.states, OPERATORS))
    hold = np.asarray(spike.hold_steps)
    if hold.dtype.kind not in "iu" or hold.ndim > 1 or (hold.ndim == 1 and len(hold) != block.size):
        findings.add(where, f"hold_steps must be whole numbers, one or ({block.size},), got {hold.dtype} of shape {hold.shape}")
    elif (hold < 1).any():
        findings.add(where, f"hold_steps must be at least 1 (not held), got {hold.min()}")
    for name in spike.hold_states:
        if name not in block.states:
            findings.add(where, f"{name!r} is to be held, but is not a state")


# ---- sources -----------------------------------------------------------------------------------------------------------
def check_source(findings: Findings, source: Source) -> None:
    """One source, by its kind."""
    where = f"source {source.name!r}"
    if source.size < 1:
        findings.add(where, f"size must be at least 1, got {source.size}")
    if source.kind == "poisson":
        check_value(findings, where, "rate", source.rate, source.size)
        if np.min(source.rate, initial=0.0) < 0:
            findings.add(where, f"rate must not be negative, got {np.min(source.rate):g} per ms")
    elif source.kind == "spikes":
        check_events(findings, where, source)
    elif source.kind == "table":
        check_table(findings, where, source)
    else:
        findings.add(where, f"kind must be 'poisson', 'spikes' or 'table', got {source.kind!r}")


def check_events(findings: Findings, where: str, source: Source) -> None:
    """Sorted, in range, one event per neuron and step."""
    if source.steps is None or source.indices is None:
        findings.add(where, "events need steps and indices")
        return
    steps, indices = np.asarray(source.steps), np.asarray(source.indices)
    if steps.ndim != 1 or steps.shape != indices.shape or steps.dtype.kind not in "iu" or indices.dtype.kind not in "iu":
        findings.add(
            where,
            f"steps and indices must be whole numbers of one length, got {steps.dtype} {steps.shape} and {indices.dtype} {indices.shape}",
        )
        return
    if source.payloads is not None:
        if np.shape(source.payloads) != steps.shape:
            findings.add(where, f"payloads have shape {np.shape(source.payloads)}, expected {steps.shape}")
        check_value(findings, where, "payloads", source.payloads, len(steps))
    if len(steps) and (steps[0] < 0 or indices.min() < 0 or indices.max() >= source.size):
        findings.add(where, f"events must lie in steps >= 0 and indices 0 ... {source.size - 1}")
    later = np.diff(steps)
    if (later < 0).any() or ((later == 0) & (np.diff(indices) <= 0)).any():
        findings.add(where, "events must be sorted by step, then index, without repetition (a payload says how many)")


def check_table(findings: Findings, where: str, source: Source) -> None:
    """Items (K, N) and the order in which they are shown."""
    table: FloatArray = np.zeros(0) if source.table is None else np.asarray(source.table)
    if table.ndim != 2 or table.shape[1] != source.size or not len(table):
        findings.add(where, f"the table has shape {table.shape}, expected (K, {source.size}) with K >= 1")
    elif not np.isfinite(table).all():
        findings.add(where, "the table holds nan or infinity")
    if source.steps_per_item < 1:
        findings.add(where, f"steps_per_item must be at least 1, got {source.steps_per_item}")
    if source.after not in ("repeat", "hold", "zero"):
        findings.add(where, f"after must be 'repeat', 'hold' or 'zero', got {source.after!r}")
    if source.order is not None:
        order = np.asarray(source.order)
        if order.ndim != 1 or not len(order) or order.dtype.kind not in "iu" or order.min() < 0 or order.max() >= len(table):
            findings.add(where, f"order must list rows 0 ... {len(table) - 1} of the table")


def known_size(pathway: Pathway) -> int | None:
    """Number of edges of a given list of pairs; None where it follows from a recipe."""
    return None if pathway.wiring.kind != "pairs" or pathway.wiring.pre is None else len(pathway.wiring.pre)

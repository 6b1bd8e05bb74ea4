"""Recognises pathways whose learning rule can wait: nothing happens on an edge until the next event of its source arrives.

Traces of pair rules belong to neurons, not to edges: one that only arrivals change is the same on all edges of a source, one that only
postsynaptic spikes change is the same on all edges onto a target. What is left on an edge is its weight. Then a postsynaptic spike need
not walk the edges onto its neuron: the neuron remembers when it fired, and an arrival first applies the spikes that its edges have not
seen yet, one by one, with the traces as they were. No index from targets to edges is needed.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from neurosim.equations.evaluate import evaluate
from neurosim.equations.tree import Expr, Num, Op, Sym, names
from neurosim.ir.program import Assign, Block, Pathway, Program, Statement, Weights
from neurosim.ir.values import is_number, number

LAST_STEP = (1 << 31) - 2
"""Steps are remembered in 32 bits."""


@dataclass(frozen=True)
class Lazy:
    """A pathway of constant ``delay`` whose postsynaptic rule is applied when its sources are heard next.

    ``pre``, ``post``: traces of sources and of targets; ``decay``: the factor of each in a step; ``arrival``, ``spikes``: places among
    the pathway's rules of the one that runs on arrivals and the one that runs on postsynaptic spikes, None where there is none.
    """

    pathway: Pathway
    delay: int
    pre: tuple[str, ...]
    post: tuple[str, ...]
    decay: Mapping[str, float]
    arrival: int | None
    spikes: int | None

    @property
    def on_arrival(self) -> tuple[Statement, ...]:
        """Statements that run on arrivals."""
        return () if self.arrival is None else self.pathway.rules[self.arrival].statements

    @property
    def on_spikes(self) -> tuple[Statement, ...]:
        """Statements that run on postsynaptic spikes."""
        return () if self.spikes is None else self.pathway.rules[self.spikes].statements


def lazy_form(program: Program, pathway: Pathway, weights: Weights | None) -> Lazy | None:
    """The lazy form of a pathway that nobody shares ``weights`` with; None where some edge would be missed."""
    if weights is None or not owns(pathway, weights) or not delivers(pathway) or program.steps > LAST_STEP:
        return None
    triggers = [rule.trigger for rule in pathway.rules]
    if not set(triggers) <= {"arrival", "post"} or len(set(triggers)) < len(triggers):
        return None
    if not any(s.target == "w" for rule in pathway.rules for s in rule.statements):
        return None
    if not has_spikes(program, pathway.target) and "post" in triggers:
        return None
    delay, decay = constant_delay(pathway), decay_factors(program, pathway)
    sides = trace_sides(pathway)
    if delay is None or decay is None or sides is None or not planned_numbers(program, pathway):
        return None
    place = {trigger: number for number, trigger in enumerate(triggers)}
    return Lazy(pathway, delay, *sides, decay, place.get("arrival"), place.get("post"))


def owns(pathway: Pathway, weights: Weights) -> bool:
    """Whether edge e has entry e of weights of this pathway."""
    return weights.home == pathway.name and pathway.index is None and pathway.factor == 1.0


def delivers(pathway: Pathway) -> bool:
    """Whether an event adds ``w`` or ``w * value`` to one port or state, and nothing is drawn."""
    if pathway.signal is not None or pathway.instant or pathway.draws or len(pathway.deliver) != 1:
        return False
    statement, w, value = pathway.deliver[0], Sym("w"), Sym("value")
    plain = statement.expr in (w, Op("*", (w, value)), Op("*", (value, w)))
    return plain and statement.op == "+=" and statement.target.endswith("_post")


def has_spikes(program: Program, target: str) -> bool:
    """Whether the target fires."""
    part = program.part(target)
    return isinstance(part, Block) and part.spike is not None


def constant_delay(pathway: Pathway) -> int | None:
    """The delay of all edges, None where they differ or are drawn."""
    if isinstance(pathway.delay, int):
        return pathway.delay
    if not isinstance(pathway.delay, np.ndarray) or not pathway.delay.size or (pathway.delay != pathway.delay.flat[0]).any():
        return None
    return int(pathway.delay.flat[0])


# ---- traces ------------------------------------------------------------------------------------------------------------
def scalars(pathway: Pathway) -> dict[str, float]:
    """Parameters that are one number."""
    return {name: number(value) for name, value in pathway.parameters.items() if is_number(value)}


def decay_factors(program: Program, pathway: Pathway) -> dict[str, float] | None:
    """State -> factor k in [0, 1] of ``x = k * x``; None where a state moves in another way or starts differently on some edge."""
    if not all(is_number(value) for value in pathway.states.values()):
        return None
    known = {**scalars(pathway), "dt": program.dt}
    planned = {assign.target for assign in assignments(program, pathway)}
    found = dict.fromkeys(pathway.states, 1.0)
    for state, expr in pathway.update.assign:
        factor = factor_of(expr, state)
        if state not in found or factor is None or not names(factor) <= set(known) - planned:
            return None
        found[state] = number(evaluate(factor, known.__getitem__))
    return found if all(0.0 <= factor <= 1.0 for factor in found.values()) else None


def factor_of(expr: Expr, state: str) -> Expr | None:
    """k of ``k * x`` or ``x * k``."""
    if not isinstance(expr, Op) or expr.op != "*" or Sym(state) not in expr.args:
        return None
    left, right = expr.args
    return left if right == Sym(state) else right


def trace_sides(pathway: Pathway) -> tuple[tuple[str, ...], tuple[str, ...]] | None:
    """(traces of sources, traces of targets); None where statements do more than those may."""
    written: dict[str, set[object]] = {state: set() for state in pathway.states}
    for rule in pathway.rules:
        given = {*scalars(pathway), "dt"} | ({"value"} if rule.trigger == "arrival" else set())
        for s in rule.statements:
            if s.target in written:
                written[s.target].add(rule.trigger)
                allowed = given | {s.target}
            else:
                allowed = given | {"w", *pathway.states}
            if (s.target not in written and s.target != "w") or not names(s.expr) <= allowed:
                return None
    if any(len(triggers) > 1 for triggers in written.values()):
        return None
    post = tuple(state for state, triggers in written.items() if triggers == {"post"})
    return tuple(state for state in written if state not in post), post


# ---- plan --------------------------------------------------------------------------------------------------------------
def assignments(program: Program, pathway: Pathway) -> list[Assign]:
    """Planned assignments to states and parameters of a pathway."""
    return [assign for phase in program.plan for assign in phase.assign if assign.part == pathway.name]


def planned_numbers(program: Program, pathway: Pathway) -> bool:
    """Whether the plan gives the same number to all edges."""
    return all(is_number(assign.value) or isinstance(assign.value, Num) for assign in assignments(program, pathway))


def needed(statements: tuple[Statement, ...], traces: tuple[str, ...]) -> tuple[Statement, ...]:
    """The statements that decide the weight: those on it, and those on traces that it reads in the same list."""
    read = frozenset[str]().union(*(names(s.expr) for s in statements if s.target == "w"))
    return tuple(s for s in statements if s.target == "w" or (s.target in read and s.target in traces))

"""The texts of a model as trees in inner units: definitions in place, rates expanded, every ``rand()`` a named draw."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from itertools import count

from neurosim.equations import Call, Equations, Expr, ParsedStatement, Sym, expand_rate, inline, rewrite, to_inner
from neurosim.ir.program import Draw, Statement

from .schemes import free_name
from .values import Setting


@dataclass(frozen=True)
class Words:
    """Equations and the other texts of a part, in which draws have names.

    A definition that calls ``rand()`` is one number per step, wherever its name stands. ``first`` is the number of the
    first draw.
    """

    equations: Equations
    texts: tuple[tuple[ParsedStatement, ...], ...]
    uniform: tuple[str, ...]
    first: int = 0

    def statements(self, number: int) -> tuple[Statement, ...]:
        """The statements of one text; outputs stay names, because they have been computed before."""
        return tuple(Statement(s.target, s.op, self.afterwards(s.expr)) for s in self.texts[number])

    def afterwards(self, expr: Expr) -> Expr:
        """An expression that is computed after the outputs of the step."""
        return self._inner(expr, {entry.name: entry.expr for entry in self.equations.definitions})

    def outputs(self) -> tuple[tuple[str, Expr], ...]:
        """Outputs in their order; one that stands further down is put in place of its name."""
        ordered = []
        later = {entry.name: entry.expr for entry in self.equations.outputs}
        definitions = {entry.name: entry.expr for entry in self.equations.definitions}
        for entry in self.equations.outputs:
            del later[entry.name]
            ordered.append((entry.name, self._inner(entry.expr, {**definitions, **later})))
        return tuple(ordered)

    def derivatives(self) -> dict[str, Expr]:
        """dx/dt per ms, noise included."""
        return {s.name: self.equations.in_inner_units(s.rhs) for s in self.equations.states if s.kind == "derivative"}

    def discrete(self) -> dict[str, Expr]:
        """The next value of states that are defined by their step."""
        return {s.name: self.equations.in_inner_units(s.rhs) for s in self.equations.states if s.kind == "discrete"}

    def draws(self, setting: Setting, path: str, normal: Iterable[str]) -> tuple[Draw, ...]:
        """Noise and uniform numbers of the part, each with its own stream."""
        noise = (Draw(name, "normal", setting.stream(path, name)) for name in normal)
        chance = (Draw(name, "uniform", setting.stream(path, f"rand {k}")) for k, name in enumerate(self.uniform, self.first))
        return (*noise, *chance)

    def _inner(self, expr: Expr, definitions: Mapping[str, Expr]) -> Expr:
        whole = self.equations.inlined_names
        sides = {s.name: inline(s.rhs, whole) for s in self.equations.states if s.kind == "derivative"}
        return to_inner(expand_rate(inline(expr, definitions), sides))


def name_draws(equations: Equations, texts: Iterable[Iterable[ParsedStatement]], taken: frozenset[str], first: int = 0) -> Words:
    """Give every ``rand()`` in the equations and texts of a part a name: rand_0, rand_1 ... in reading order."""
    numbers = count(first)
    found: list[str] = []

    def name(expr: Expr) -> Expr:
        if isinstance(expr, Call) and expr.func == "rand":
            found.append(free_name(f"rand_{next(numbers)}", taken))
            return Sym(found[-1])
        return expr

    named = replace(
        equations,
        definitions=tuple(replace(entry, expr=rewrite(entry.expr, name)) for entry in equations.definitions),
        outputs=tuple(replace(entry, expr=rewrite(entry.expr, name)) for entry in equations.outputs),
        states=tuple(replace(state, rhs=rewrite(state.rhs, name)) for state in equations.states),
    )
    rewritten = tuple(tuple(replace(s, expr=rewrite(s.expr, name)) for s in text) for text in texts)
    return Words(named, rewritten, tuple(found), first)

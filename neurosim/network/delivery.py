"""What an arrival does, put into words: names that statements of a synapse may use, and the statements as they will run."""

from __future__ import annotations

from collections.abc import Mapping

from ..equations import Expr, Num, Op, ParsedStatement, Sym, names
from ..units import Dimension
from .population import Output, Population
from .stimuli import Stimulus
from .synapses import INTO
from .texts import Variable

WEIGHT_NAME = "w"
VALUE_NAME = "value"


def delivered(
    statements: tuple[ParsedStatement, ...], into: str, *, weighted: bool, one: bool
) -> tuple[ParsedStatement, ...]:
    """Statements of arrival as they will run.

    Parameters
    ----------
    statements : tuple of ParsedStatement
        Of the synapse model.
    into : str
        The port or state of the target that stands for ``into``.
    weighted : bool
        Whether there is a weight; without one ``into += w`` adds what arrives as it is.
    one : bool
        Whether what arrives is always the number 1, so that nothing needs to be multiplied by it.

    Returns
    -------
    tuple of ParsedStatement
        With the target ``X_post`` in place of ``into``, and additions to it multiplied by ``value``.
    """
    result = []
    for statement in conducted(statements, into):
        expr = statement.expr
        if statement.target != of_target(into):
            result.append(statement)
            continue
        if not weighted and expr == Sym(WEIGHT_NAME):
            expr = Num(1.0, expr.span)
        result.append(ParsedStatement(statement.target, statement.op, _times_value(expr, one), statement.span))
    return tuple(result)


def conducted(statements: tuple[ParsedStatement, ...], into: str) -> tuple[ParsedStatement, ...]:
    """Statements of every step as they will run: with the target ``X_post`` in place of ``into``."""
    return tuple(
        ParsedStatement(of_target(into), statement.op, statement.expr, statement.span) if statement.target == INTO else statement
        for statement in statements
    )


def of_target(into: str) -> str:
    """What statements call the port or state of the target that a projection adds to."""
    return f"{into}_post"


def _times_value(expr: Expr, one: bool) -> Expr:
    if one or VALUE_NAME in names(expr):
        return expr
    value = Sym(VALUE_NAME, expr.span)
    return value if expr == Num(1.0) else Op("*", (expr, value), expr.span)


def names_at_ends(source: Population | Output | Stimulus, target: Population) -> Mapping[str, Dimension]:
    """``X_pre`` for the outputs of the source and what it sends, ``X_post`` for states, outputs and ports of the target, with dimensions."""
    known: dict[str, Dimension] = {}
    if isinstance(source, (Population, Output)):
        population = source.population if isinstance(source, Output) else source
        known.update({f"{name}_pre": population.model.variables[name].dimension for name in population.model.of_kind("output")})
        if isinstance(source, Output):
            known[f"{source.name}_pre"] = source.dimension
    elif source.signal is not None:
        known[f"{source.signal}_pre"] = source.dimension
    for name, variable in target.model.variables.items():
        if variable.kind in ("state", "output", "port"):
            known[f"{name}_post"] = variable.dimension
    return known


def states_of(variables: Mapping[str, Variable]) -> frozenset[str]:
    """Names of the states among the variables of a synapse."""
    return frozenset(name for name, variable in variables.items() if variable.kind == "state")

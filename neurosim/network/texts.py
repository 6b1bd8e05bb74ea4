"""What neuron, synapse and learning rule have in common: names with a kind and a unit, texts, values by name."""

from __future__ import annotations

import textwrap
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

from ..equations import Expr, ParsedStatement, Sym, parse_expression, parse_statements, walk
from ..equations.dimensions import check_side, check_statements
from ..equations.model import Equations, parse_equations
from ..errors import EquationError, Findings, NeurosimError, ParameterError, did_you_mean
from ..units import CAPACITANCE, TIME, Dimension, describe_dimension
from .distributions import Distribution
from .values import check_positive, check_text, conclude, inner_or_none, shown


@dataclass(frozen=True)
class Variable:
    """A name of a model: what kind of thing it is ('state', 'definition', 'output', 'parameter', 'port') and its unit."""

    kind: str
    dimension: Dimension
    unit: str

    def described(self) -> str:
        """Its dimension in words, with its unit."""
        return "a plain number" if self.unit == "1" else f"{describe_dimension(self.dimension)}, in {self.unit}"


def variables_of(equations: Equations) -> Mapping[str, Variable]:
    """Every declared name, in the order of `Equations.names`."""
    groups = (
        ("state", equations.states),
        ("definition", equations.definitions),
        ("output", equations.outputs),
        ("parameter", equations.parameters),
        ("port", equations.ports),
    )
    return {entry.name: Variable(kind, entry.dimension, entry.unit) for kind, entries in groups for entry in entries}


def require_texts(where: str, **texts: object) -> None:
    """Refuse whatever was given instead of a text, by the name of the argument; all at once.

    Raises
    ------
    EquationError
    """
    findings = Findings()
    for name, text in texts.items():
        check_text(findings, text, where, name)
    conclude(findings, EquationError, where)


def require_values(where: str, values: object) -> None:
    """Refuse values that have no names.

    Raises
    ------
    ParameterError
    """
    if not isinstance(values, Mapping):
        raise ParameterError(f"values must be a dictionary such as {{'tau': 10 * ms}}, got {shown(values)}.", where=where)


def placed(where: str, read: Callable[[], Any]) -> Any:
    """What `read` returns; an error of it is told where it happened."""
    try:
        return read()
    except NeurosimError as error:
        if error.where:
            raise
        raise type(error)(
            error.message, error.source, error.span, where=where, hint=error.hint, parts=error.parts
        ) from None


def read_synapse(text: str, where: str) -> Equations:
    """Equations of a synapse or a learning rule, which have no ports and no outputs of their own."""
    parsed = parse_equations(text, where=where, role="synapse")
    for kind, entries in (("port", parsed.ports), ("output", parsed.outputs)):
        if entries:
            raise EquationError(
                f"a synapse has no {kind}s: '{entries[0].name}' must be a state, a definition or a parameter",
                parsed.source,
                entries[0].span,
                where=where,
            )
    return parsed


def read_texts(where: str, equations: str, **statements: str) -> dict[str, Any]:
    """Equations of a synapse or a learning rule as ``parsed``, and lists of statements, read; mistakes in all of them at once."""
    findings = Findings()
    read: dict[str, Any] = {"parsed": findings.tried(lambda: read_synapse(equations, where))}
    for name, text in statements.items():
        read[name] = findings.tried(partial(read_statements, text, where))
    conclude(findings, findings.kind(EquationError), where)
    return read


def read_statements(text: str, where: str) -> tuple[ParsedStatement, ...]:
    """Statements of a text, or an error that says in which model."""
    result: tuple[ParsedStatement, ...] = placed(where, lambda: parse_statements(text))
    return result


def read_expression(text: str, where: str) -> Expr:
    """An expression of a text, or an error that says in which model."""
    result: Expr = placed(where, lambda: parse_expression(text))
    return result


def is_divisor(name: str, variable: Variable) -> bool:
    """Whether equations divide by a parameter of this name, so that it has to be positive: time constants, capacitances."""
    if variable.kind != "parameter":
        return False
    lower = name.lower()
    return (lower.startswith("tau") and variable.dimension == TIME) or (
        lower in ("c", "c_m", "cm") and variable.dimension == CAPACITANCE
    )


def check_value(
    findings: Findings, name: str, value: Any, variable: Variable, where: str, *, parsed: Equations | None = None
) -> None:
    """A parameter or an initial state: a number of its unit, a distribution, or an expression of parameters and states.

    Dimensions that hold the unit of a weight are checked by the projection, which knows it.
    """
    if isinstance(value, str):
        if parsed is None or variable.kind != "state":
            findings.add(where, f"{name} needs {variable.described()}, got the text {shown(value)}.")
        else:
            _check_initial(findings, name, value, variable, where, parsed)
    elif isinstance(value, Distribution):
        if not variable.dimension.weight and value.dimension != variable.dimension:
            findings.add(where, f"{name} needs {variable.described()}, got {value}.")
        elif is_divisor(name, variable) and value.limits()[0] < 0:
            findings.add(where, f"{name} must be positive, but {value} may draw negative values. Give low=...")
    elif not variable.dimension.weight:
        inner = inner_or_none(findings, value, variable.dimension, where, name)
        if inner is not None and is_divisor(name, variable):
            check_positive(findings, value, variable.dimension, inner, where, name)


def _check_initial(
    findings: Findings, name: str, text: str, variable: Variable, where: str, parsed: Equations
) -> None:
    """An initial value as an expression: of this unit, and of names that have a value before the first step."""
    try:
        expr = parse_expression(text)
        scope = parsed.scope(source=text)
        check_side(expr, variable.dimension, scope, f"the initial value of {name}")
        flat = parsed.in_inner_units(expr)
        ports = {port.name for port in parsed.ports} | {"t", "since_spike", "held", name}
        for node in walk(flat):
            if isinstance(node, Sym) and node.name in ports:
                raise EquationError(f"the initial value of {name} cannot depend on {node.name}", text, node.span)
    except NeurosimError as error:
        findings.add_error(type(error)(error.message, error.source, error.span, where=where, hint=error.hint))


OF_SYNAPSE = "Statements change the synapse's own states and add to 'into', the port or state that the projection names."
OF_RULE = "Statements change the rule's own states and w; what arrives is added by the projection, to what into=... names."


def check_synaptic_text(
    findings: Findings,
    parsed: Equations,
    text: str,
    statements: tuple[ParsedStatement, ...],
    writable: tuple[str, ...],
    where: str,
) -> None:
    """Statements of a synapse, before it is known what is at its ends: own names, units that do not depend on the ends."""
    scope = parsed.scope(dict.fromkeys(name for name in writable if name not in parsed.dimensions and name != "w"), text)
    scope = replace(scope, declaring=OF_SYNAPSE if "into" in writable else OF_RULE)
    try:
        check_statements(statements, scope, writable)
    except NeurosimError as error:
        for part in error.parts or (error,):
            findings.add_error(type(part)(part.message, part.source, part.span, where=where, hint=part.hint))


def check_values(findings: Findings, variables: Mapping[str, Variable], values: Mapping[str, Any], where: str) -> None:
    """Values of a synapse or a learning rule: known names, right units."""
    known = tuple(name for name, variable in variables.items() if variable.kind in ("state", "parameter"))
    for name, value in values.items():
        variable = variables.get(name)
        if variable is None:
            findings.add(where, f"unknown parameter '{name}'{did_you_mean(name, known)}")
        elif name not in known:
            findings.add(where, f"{name} cannot be given a value: it is a {variable.kind}.")
        else:
            check_value(findings, name, value, variable, where)


def synaptic_value(variables: Mapping[str, Variable], values: Mapping[str, Any], name: str, where: str) -> Any:
    """A parameter or an initial state as it was given, 0 for a state that was not."""
    known = tuple(name for name, variable in variables.items() if variable.kind in ("state", "parameter"))
    if name not in known:
        raise ParameterError(f"unknown parameter '{name}'{did_you_mean(name, known)}", where=where)
    if name not in values and variables[name].kind == "parameter":
        raise ParameterError(f"{name} needs a value: with_values({name}=...)", where=where)
    return values.get(name, 0.0)


def described(
    title: str, equations: str, texts: Mapping[str, str], values: Mapping[str, Any], source: str, about: str = ""
) -> str:
    """A model as people read it: equations with units, what happens when, values, where it comes from."""
    lines = [f"{title}: {about}" if about else title]
    if equations.strip():
        lines.append(textwrap.indent(textwrap.dedent(equations).strip("\n").rstrip(), "    "))
    lines += [f"  {name}: {text}" for name, text in texts.items() if text]
    if values:
        lines.append("  values: " + ", ".join(f"{name} = {value}" for name, value in values.items()))
    if source:
        lines.append(f"  source: {source}")
    return "\n".join(lines)

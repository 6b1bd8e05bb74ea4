"""A block of lines to `Equations`: states, definitions, outputs, parameters and ports, each with its dimension."""

from __future__ import annotations

import re
import textwrap
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import Literal, TypeAlias

from ..errors import EquationError, NeurosimError, UnitError, together
from ..units import TIME, WEIGHT, Dimension, parse_unit, usual_unit
from .calculus import expand_rate, inline, split_noise
from .dimensions import Scope, check_side, dimension_of, refuse_noise, to_inner
from .foreign import FOREIGN_MARKS, check_characters, foreign_form
from .names import reason_against
from .parse import logical_lines, parse_expression
from .tree import Call, Expr, Span, Sym, names, walk

Role: TypeAlias = Literal["neuron", "synapse"]
Kind: TypeAlias = Literal["derivative", "discrete", "definition", "output", "parameter", "port"]


@dataclass(frozen=True)
class State:
    """``dx/dt = rhs : unit`` or ``x[n+1] = rhs : unit``."""

    name: str
    rhs: Expr
    dimension: Dimension
    unit: str
    kind: Literal["derivative", "discrete"]
    span: Span


@dataclass(frozen=True)
class Definition:
    """``x = expr : unit``, or an output when the line ends in ``(output)``."""

    name: str
    expr: Expr
    dimension: Dimension
    unit: str
    span: Span


@dataclass(frozen=True)
class Declaration:
    """A parameter ``x : unit`` or a port ``x : unit (port)``."""

    name: str
    dimension: Dimension
    unit: str
    span: Span


@dataclass(frozen=True)
class Equations:
    """The parsed and checked lines of a model.

    Parameters
    ----------
    source : str
        The text, without common indentation and leading empty lines; spans are places in it.
    states, definitions, outputs, parameters, ports : tuple
        In the order in which they were written. Expressions still hold the names of units; see `in_inner_units`.
    role : str
        ``"neuron"``, or ``"synapse"`` where ``w``, ``value`` and names in ``_pre`` and ``_post`` have a meaning.
    """

    source: str
    states: tuple[State, ...] = ()
    definitions: tuple[Definition, ...] = ()
    outputs: tuple[Definition, ...] = ()
    parameters: tuple[Declaration, ...] = ()
    ports: tuple[Declaration, ...] = ()
    role: Role = "neuron"

    @property
    def names(self) -> tuple[str, ...]:
        """All declared names: states, definitions, outputs, parameters, ports."""
        return tuple(self.units)

    @property
    def dimensions(self) -> Mapping[str, Dimension]:
        """Every declared name with its dimension."""
        return {entry.name: entry.dimension for entry in self._entries()}

    @property
    def units(self) -> Mapping[str, str]:
        """Every declared name with its unit as it was written."""
        return {entry.name: entry.unit for entry in self._entries()}

    @property
    def inlined_names(self) -> Mapping[str, Expr]:
        """Definitions and outputs by name: what `inline` puts in place."""
        return {entry.name: entry.expr for entry in (*self.definitions, *self.outputs)}

    def state(self, name: str) -> State:
        """The state of that name; KeyError when there is none."""
        return {state.name: state for state in self.states}[name]

    def scope(self, extra: Mapping[str, Dimension | None] = MappingProxyType({}), source: str | None = None) -> Scope:
        """What the names of this model mean, for checking conditions and statements.

        Parameters
        ----------
        extra : mapping
            Further names with their dimension, such as ``x_pre``; None for one that is not known yet.
        source : str, optional
            The text that messages quote, by default the equations themselves.
        """
        dims: dict[str, Dimension | None] = dict(self.dimensions)
        if self.role == "synapse":
            dims.update({"w": WEIGHT, "value": None})
        return Scope(
            {**dims, **extra},
            self.source if source is None else source,
            self.units,
            tuple(entry.name for entry in self.parameters),
            is_outside_name if self.role == "synapse" else never,
        )

    def in_inner_units(self, expr: Expr) -> Expr:
        """An expression over this model's names with definitions inlined, rates expanded and units made factors."""
        rhs = {state.name: state.rhs for state in self.states if state.kind == "derivative"}
        flat = {name: inline(side, self.inlined_names) for name, side in rhs.items()}
        return to_inner(expand_rate(inline(expr, self.inlined_names), flat))

    def right_hand_sides(self) -> Mapping[str, Expr]:
        """Every state with its right-hand side, definitions inlined, in inner units (a derivative's is per ms)."""
        return {state.name: self.in_inner_units(state.rhs) for state in self.states}

    def _entries(self) -> tuple[State | Definition | Declaration, ...]:
        return (*self.states, *self.definitions, *self.outputs, *self.parameters, *self.ports)


def is_outside_name(name: str) -> bool:
    """Whether a synapse reads this name from the neurons at its ends."""
    return name.endswith(("_pre", "_post"))


def never(_name: str) -> bool:
    """No name is known elsewhere."""
    return False


def parse_equations(
    text: str,
    *,
    where: str = "",
    role: Role = "neuron",
    extra: Mapping[str, Dimension | None] = MappingProxyType({}),
) -> Equations:
    """Read and check the equations of a model.

    Parameters
    ----------
    text : str
        One equation or declaration a line::

            dx/dt = expr : unit           a state
            x[n+1] = expr : unit          a state defined by its step
            x = expr : unit               a definition
            x = expr : unit (output)      a named output
            a, b : unit                   parameters
            x : unit (port)               a port

    where : str
        The object, for messages: ``"NeuronModel 'lif'"``.
    role : str
        ``"neuron"`` or ``"synapse"``.
    extra : mapping
        Names from outside with their dimension, None for one that is not known yet.

    Returns
    -------
    Equations

    Raises
    ------
    EquationError, UnitError
        All findings at once, each with its line and carets.
    """
    source = textwrap.dedent(text.replace("\t", " ")).strip("\n").rstrip()
    errors: list[NeurosimError] = []
    lines: list[_Line] = []
    for piece, row, column in logical_lines(source, closing=":"):
        try:
            lines.append(_read_line(piece, source, row, column))
        except NeurosimError as error:
            errors.append(error)
    errors += _name_errors(lines, source, role, extra)
    equations = _assembled(lines, source, role)
    sides = _dimension_errors(equations, extra)
    if errors:
        # A line that could not be read may have declared a name that now seems unknown.
        sides = [error for error in sides if not error.message.startswith("unknown name")]
    errors += sides
    if not errors:
        errors += _structure_errors(equations, equations.scope(extra))
    if errors:
        raise together(sorted(errors, key=_row), where)
    return equations


@dataclass(frozen=True)
class _Line:
    names: tuple[str, ...]
    expr: Expr | None
    dimension: Dimension
    unit: str
    kind: Kind
    span: Span


_DERIVATIVE = re.compile(r"d(?P<name>[A-Za-z_]\w*)\s*/\s*dt\s*=(?!=)(?P<rhs>.*)", re.DOTALL)
_DISCRETE = re.compile(r"(?P<name>[A-Za-z_]\w*)\s*\[\s*n\s*\+\s*1\s*\]\s*=(?!=)(?P<rhs>.*)", re.DOTALL)
_DEFINITION = re.compile(r"(?P<name>[A-Za-z_]\w*)\s*=(?!=)(?P<rhs>.*)", re.DOTALL)
_FORMS_WITH_SIDES: tuple[tuple[re.Pattern[str], Kind], ...] = (
    (_DERIVATIVE, "derivative"),
    (_DISCRETE, "discrete"),
    (_DEFINITION, "definition"),
)
_DECLARATION = re.compile(r"[A-Za-z_]\w*(?:\s*,\s*[A-Za-z_]\w*)*")
_FLAG = re.compile(r"(?P<unit>.*\S)\s+\((?P<flag>[A-Za-z_ ,-]+)\)", re.DOTALL)
_DECLARING: Mapping[Role, str] = {
    "neuron": "Nothing is taken from outside: declare it, as in '{name} : unit', and give it its value in the population.",
    "synapse": "Nothing is taken from outside: declare it, as in '{name} : unit', and give it its value with values={{...}}.",
}
_FORMS = "expected 'dx/dt = ... : unit', 'x = ... : unit' or 'x : unit'"


def _read_line(piece: str, source: str, row: int, column: int) -> _Line:
    span = Span(row, column, column + len(piece.split("\n", 1)[0]))
    check_characters(piece, source, row, column)
    left, colon, right = piece.rpartition(":")
    if not colon:
        raise EquationError("the unit is missing", source, span, hint=_about_unit(piece))
    dimension, unit, flag = _read_unit(right, left.count("\n") + row, piece, source, column)
    for pattern, form in _FORMS_WITH_SIDES:
        match = pattern.fullmatch(left.rstrip())
        if match is None:
            continue
        kind: Kind = "output" if flag == "output" and form == "definition" else form
        if flag and kind != "output":
            raise EquationError(f"({flag}) does not fit this line", source, span, hint=_about_flag(flag))
        rhs = _without_index(match["rhs"]) if kind == "discrete" else match["rhs"]
        expr = parse_expression(rhs, source=source, line=row, column=column + match.start("rhs"))
        return _Line((match["name"],), expr, dimension, unit, kind, span)
    if not _DECLARATION.fullmatch(left.strip()):
        raise EquationError(_FORMS, source, span, hint=foreign_form(left))
    if flag not in ("", "port"):
        raise EquationError(f"({flag}) does not fit this line", source, span, hint=_about_flag(flag))
    declared = tuple(name.strip() for name in left.split(","))
    return _Line(declared, None, dimension, unit, "port" if flag == "port" else "parameter", span)


def _about_unit(piece: str) -> str:
    """What to write behind the colon: the unit of a definition made of numbers and units, an example for others."""
    match = _DEFINITION.fullmatch(piece.strip())
    try:
        found = None if match is None else dimension_of(parse_expression(match["rhs"]), Scope({}))
    except NeurosimError:
        found = None
    if found is None or match is None:
        return "Write ': mV' at the end of the line, or ': 1' for a plain number."
    unit = usual_unit(found)
    return f"Write '{piece.strip()} : {unit}', or '{match['name']} : {unit}' for a parameter that a population gives a value."


def _about_flag(flag: str) -> str:
    if flag in FOREIGN_MARKS:
        return FOREIGN_MARKS[flag]
    if flag == "output":
        return "An output is 'x = ... : unit (output)'; a state is read by its own name."
    if flag == "port":
        return "A port is 'x : unit (port)': what arrives in it is not computed here."
    return "The marks are (port) and (output); whether a parameter is shared is seen from its value."


def _read_unit(text: str, row: int, piece: str, source: str, column: int) -> tuple[Dimension, str, str]:
    """Dimension, unit and mark of what stands behind the colon."""
    match = _FLAG.fullmatch(text.rstrip())
    unit, flag = (match["unit"].strip(), match["flag"].strip()) if match else (text.strip(), "")
    line_start = piece.rfind("\n", 0, len(piece) - len(text)) + 1
    start = len(piece) - len(text) + len(text) - len(text.lstrip()) - line_start + (column if line_start == 0 else 0)
    place = Span(row, start, start + max(1, len(unit)))
    if not unit:
        raise EquationError("the unit is missing after ':'", source, place, hint="Write ': 1' for a plain number.")
    try:
        return parse_unit(unit).dimension, unit, flag
    except UnitError as error:
        raise EquationError(error.message, source, place) from None


def _without_index(rhs: str) -> str:
    """``x[n]`` is the value before the step, which is what a plain ``x`` means; columns stay where they are."""
    return re.sub(r"(?<=\w)\s*\[\s*n\s*\]", lambda match: " " * len(match[0]), rhs)


def _name_errors(lines: list[_Line], source: str, role: Role, extra: Mapping[str, Dimension | None]) -> list[NeurosimError]:
    errors: list[NeurosimError] = []
    first: dict[str, _Line] = {}
    for line in lines:
        for name in line.names:
            place = _place_of(name, line, source)
            reason = reason_against(name, role)
            if not reason and name in first:
                reason = f"'{name}' is already declared on line {first[name].span.line + 1}"
            elif not reason and name in extra:
                reason = f"'{name}' has a meaning here already and cannot be declared"
            if reason:
                errors.append(EquationError(reason, source, place))
            first.setdefault(name, line)
    return errors


def _place_of(name: str, line: _Line, source: str) -> Span:
    text = source.splitlines()[line.span.line]
    pattern = rf"\bd{name}\s*/" if line.kind == "derivative" else rf"\b{name}\b"
    match = re.compile(pattern).search(text, line.span.start)
    if match is None:
        return line.span
    start = text.index(name, match.start() + (line.kind == "derivative"))
    return Span(line.span.line, start, start + len(name))


def _assembled(lines: list[_Line], source: str, role: Role) -> Equations:
    def defined(kind: Kind) -> tuple[Definition, ...]:
        return tuple(
            Definition(line.names[0], line.expr, line.dimension, line.unit, line.span)
            for line in lines
            if line.kind == kind and line.expr is not None
        )

    def declared(kind: Kind) -> tuple[Declaration, ...]:
        chosen = (line for line in lines if line.kind == kind)
        return tuple(Declaration(n, line.dimension, line.unit, line.span) for line in chosen for n in line.names)

    def states() -> Iterator[State]:
        for line in lines:
            if line.expr is not None and (line.kind == "derivative" or line.kind == "discrete"):
                yield State(line.names[0], line.expr, line.dimension, line.unit, line.kind, line.span)

    return Equations(
        source,
        tuple(states()),
        defined("definition"),
        defined("output"),
        declared("parameter"),
        declared("port"),
        role,
    )


def _row(error: NeurosimError) -> int:
    return error.span.line if error.span is not None else -1


def _dimension_errors(equations: Equations, extra: Mapping[str, Dimension | None]) -> list[NeurosimError]:
    scope = replace(equations.scope(extra), declaring=_DECLARING[equations.role])
    errors: list[NeurosimError] = []
    for state in equations.states:
        what = f"d{state.name}/dt" if state.kind == "derivative" else f"{state.name}[n+1]"
        wanted = state.dimension / TIME if state.kind == "derivative" else state.dimension
        errors += _side_errors(state.rhs, wanted, scope, what, equations)
    for entry in (*equations.definitions, *equations.outputs):
        errors += _side_errors(entry.expr, entry.dimension, scope, entry.name, equations)
    return errors


def _side_errors(expr: Expr, wanted: Dimension, scope: Scope, what: str, equations: Equations) -> list[NeurosimError]:
    rated = {state.name for state in equations.states if state.kind == "derivative"}
    try:
        check_side(expr, wanted, scope, what)
        for node in walk(expr):
            if isinstance(node, Call) and node.func == "rate" and not names(node) <= rated:
                states = ", ".join(sorted(rated)) or "none"
                raise EquationError(f"rate() takes a state with a derivative; states with one: {states}", scope.source, node.span)
    except NeurosimError as error:
        return [error]
    return []


def _structure_errors(equations: Equations, scope: Scope) -> list[NeurosimError]:
    """Circles, and noise in places where it has no meaning; needs lines that are right by themselves."""
    inlined = equations.inlined_names
    rhs = {state.name: state.rhs for state in equations.states if state.kind == "derivative"}
    errors: list[NeurosimError] = []
    circles: set[frozenset[str]] = set()
    entries: tuple[State | Definition, ...] = (*equations.definitions, *equations.outputs, *equations.states)
    for entry in entries:
        expr = entry.rhs if isinstance(entry, State) else entry.expr
        try:
            # By its name, so that a circle is printed from here.
            flat = inline(expr if isinstance(entry, State) else Sym(entry.name), inlined)
            if isinstance(entry, State) and entry.kind == "derivative":
                flat_rhs = {name: inline(side, inlined) for name, side in rhs.items()}
                split_noise(expand_rate(Call("rate", (Sym(entry.name),)), flat_rhs), scope.source)
            elif isinstance(entry, State):
                refuse_noise(flat, scope, "the equation of a step")
            elif entry in equations.outputs:
                refuse_noise(flat, scope, "an output")
        except EquationError as error:
            found = EquationError(error.message, scope.source, error.span or entry.span)
            # Everything on a circle finds the same circle, each from its own place.
            members = frozenset(re.findall(r"\w+", found.message))
            if members not in circles:
                errors.append(found)
            if "circle" in found.message:
                circles.add(members)
    return errors

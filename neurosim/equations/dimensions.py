"""Units in expressions: checking them, and turning them into factors of the inner units.

``None`` stands for a dimension that fits every other: that of a literal 0, and that of a name whose dimension
only a network knows.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass, field, replace
from fractions import Fraction

from ..errors import EquationError, NeurosimError, UnitError, did_you_mean, together
from ..quantity import scaled
from ..spelling import said_of
from ..units import DIMENSIONLESS, TIME, UNITS, WEIGHT, Dimension, dimension_name, inner_size
from .calculus import is_noise, simplify
from .parse import ParsedStatement
from .suggest import suggestion
from .tree import COMPARISONS, CONSTANTS, LOGICAL, Call, Expr, Num, Op, Span, Sym, walk, with_arguments

#: Names that mean something in every model, with their dimensions.
BUILT_IN: Mapping[str, Dimension] = {"t": TIME, "dt": TIME, "since_spike": TIME, "held": DIMENSIONLESS}
NOISE = TIME**-0.5

ARITHMETIC = frozenset(("+", "-", "*", "/", "**"))
_VERBS: Mapping[str, str] = {"+": "add", "-": "subtract"}

#: Functions whose result has the dimension of their arguments.
_HOMOGENEOUS = frozenset(("abs", "min", "max", "clip", "relu", "mod"))


def _nothing(_name: str) -> bool:
    return False


@dataclass(frozen=True)
class Scope:
    """What the names of a text mean.

    Parameters
    ----------
    dims : mapping
        Name to dimension; None for one that fits everything.
    source : str
        The text that messages quote.
    units : mapping
        Name to the unit it was declared with, for suggestions.
    parameters : collection of str
        Names that a suggestion prefers.
    is_open : callable
        Whether a name that is not in `dims` is known elsewhere, such as ``x_pre`` in a synapse.
    declaring : str
        How a name that nothing resembles is declared, with ``{name}`` in its place; for messages.
    """

    dims: Mapping[str, Dimension | None]
    source: str = ""
    units: Mapping[str, str] = field(default_factory=dict)
    parameters: Collection[str] = ()
    is_open: Callable[[str], bool] = _nothing
    declaring: str = ""

    def quoting(self, source: str) -> Scope:
        """The same names for another text."""
        return replace(self, source=source)


def dimension_of(expr: Expr, scope: Scope) -> Dimension | None:
    """The dimension of an expression.

    Raises
    ------
    UnitError
        Where dimensions do not fit, with a suggestion when exchanging one name makes them fit.
    EquationError
        For an unknown name, or a condition where a number is needed and the reverse.
    """
    if isinstance(expr, Num):
        return None if expr.value == 0.0 else DIMENSIONLESS
    if isinstance(expr, Sym):
        return _dimension_of_name(expr, scope)
    if isinstance(expr, Call):
        return _dimension_of_call(expr, scope)
    return _dimension_of_operator(expr, scope)


def is_condition(expr: Expr) -> bool:
    """Whether an expression is true or false rather than a number."""
    if isinstance(expr, Op):
        return expr.op in COMPARISONS or expr.op in LOGICAL
    return isinstance(expr, Call) and expr.func == "where" and is_condition(expr.args[1])


def check_side(expr: Expr, wanted: Dimension | None, scope: Scope, what: str) -> None:
    """Check that the right-hand side of `what` is a number of the wanted dimension."""
    _refuse_condition(expr, scope)
    found = dimension_of(expr, scope)
    if found is None or wanted is None or found == wanted:
        return
    message = f"{what} must be {_named(wanted)}, this is {_named(found)}"
    hint = _hint([(expr, wanted)], scope)
    if not hint and any(isinstance(node, Sym) and is_noise(node.name) for node in walk(expr)):
        hint = "xi has the unit 1/second**0.5: a factor such as sigma*sqrt(2/tau) makes the term fit."
    elif not hint and found == wanted * TIME:
        hint = "Is a division by a time constant missing?"
    raise UnitError(message, scope.source, expr.span, hint=hint)


def check_condition(expr: Expr, scope: Scope) -> None:
    """Check that an expression is a condition whose parts have fitting dimensions."""
    if not is_condition(expr):
        raise EquationError("a condition must compare something, as in v > theta", scope.source, expr.span)
    refuse_noise(expr, scope, "a condition")
    dimension_of(expr, scope)


def check_statements(statements: Iterable[ParsedStatement], scope: Scope, writable: Collection[str], where: str = "") -> None:
    """Check assignments: what stands on the left may be changed, and the sides have the same dimension.

    Parameters
    ----------
    statements : iterable of ParsedStatement
        As `parse_statements` yields them; `scope.source` is their text.
    scope : Scope
        What the names mean.
    writable : collection of str
        Names that may stand on the left.
    where : str
        The object, for messages.

    Raises
    ------
    UnitError, EquationError
        All findings at once.
    """
    errors: list[NeurosimError] = []
    for statement in statements:
        try:
            _check_statement(statement, scope, writable)
        except NeurosimError as error:
            errors.append(error)
    if errors:
        raise together(errors, where)


def refuse_noise(expr: Expr, scope: Scope, what: str) -> None:
    """White noise has a meaning in a derivative only."""
    for node in walk(expr):
        if isinstance(node, Sym) and is_noise(node.name):
            raise EquationError(f"{node.name} is white noise and may only stand in a derivative, not in {what}", scope.source, node.span)


def to_inner(expr: Expr) -> Expr:
    """The tree with unit names replaced by factors, so that every number in it is in inner units.

    A number times a unit becomes one number, rounded once: ``-50*mV`` is ``Num(-50.0)``, ``500*us`` is 0.5.
    """
    if isinstance(expr, Sym):
        factor = _inner_factor(expr)
        return expr if factor is None else Num(float(factor), expr.span)
    if isinstance(expr, Num):
        return expr
    if isinstance(expr, Op) and expr.op in ("*", "/"):
        left, right = expr.args
        factor = _inner_factor(right)
        if factor is not None:
            return _times_factor(to_inner(left), factor if expr.op == "*" else 1 / factor, expr.span)
        factor = _inner_factor(left)
        if factor is not None and expr.op == "*":
            return _times_factor(to_inner(right), factor, expr.span)
    arguments = tuple(to_inner(argument) for argument in expr.args)
    inner = with_arguments(expr, arguments)
    # Two numbers become one, rounded as an engine would round it; sums of three keep their order.
    if isinstance(inner, Op) and inner.op in ARITHMETIC and all(isinstance(argument, Num) for argument in arguments):
        return replace(simplify(inner), span=expr.span)
    return inner


def resolve_weight(dimension: Dimension, weight: Dimension) -> Dimension:
    """A dimension with the unit of a projection's weight put in place."""
    return replace(dimension, weight=0) * weight**dimension.weight


def unit_dimension(name: str) -> Dimension | None:
    """The dimension of a unit name as it may stand in an expression, or None for another name."""
    if name == "weight":
        return WEIGHT
    return UNITS[name].dimension if name in UNITS else None


def _inner_factor(expr: Expr) -> Fraction | None:
    if not isinstance(expr, Sym):
        return None
    if expr.name == "weight":
        return Fraction(1)
    unit = UNITS.get(expr.name)
    return None if unit is None else Fraction(unit.size / inner_size(unit.dimension))


def _times_factor(expr: Expr, factor: Fraction, span: Span) -> Expr:
    if factor == 1:
        return replace(expr, span=span)
    if isinstance(expr, Num):
        return Num(scaled(expr.value, factor), span)
    if factor.numerator == 1:
        return Op("/", (expr, Num(float(factor.denominator))), span)
    return Op("*", (expr, Num(float(factor))), span)


def _named(dimension: Dimension) -> str:
    return "a plain number" if dimension == DIMENSIONLESS else dimension_name(dimension)


def _refuse_condition(expr: Expr, scope: Scope) -> None:
    if is_condition(expr):
        raise EquationError("this is a condition where a number is needed: write where(condition, 1, 0)", scope.source, expr.span)


def _require_condition(expr: Expr, scope: Scope) -> None:
    if not is_condition(expr):
        raise EquationError("this is a number where a condition is needed: write x != 0", scope.source, expr.span)


def _dimension_of_name(expr: Sym, scope: Scope) -> Dimension | None:
    name = expr.name
    if name in scope.dims:
        return scope.dims[name]
    unit = unit_dimension(name)
    if unit is not None:
        return unit
    if name in BUILT_IN:
        return BUILT_IN[name]
    if is_noise(name):
        return NOISE
    if scope.is_open(name):
        return None
    misspelt = [known for known in (*UNITS, *CONSTANTS) if known.lower() == name.lower()]
    near = did_you_mean(name, misspelt or scope.dims)
    said = said_of("neurosim.units", name)
    advice = f": {said}" if said and not near.startswith("; did") else near
    hint = "" if said or near.startswith("; did") else scope.declaring.format(name=name)
    raise EquationError(f"unknown name '{name}'{advice}", scope.source, expr.span, hint=hint)


def _dimension_of_operator(expr: Op, scope: Scope) -> Dimension | None:
    operator, arguments = expr.op, expr.args
    if operator in LOGICAL:
        for argument in arguments:
            _require_condition(argument, scope)
            dimension_of(argument, scope)
        return DIMENSIONLESS
    for argument in arguments:
        _refuse_condition(argument, scope)
    if operator == "neg":
        return dimension_of(arguments[0], scope)
    if operator == "**":
        return _dimension_of_power(arguments[0], arguments[1], scope)
    if operator in ("*", "/"):
        left, right = (dimension_of(argument, scope) for argument in arguments)
        if left is None or right is None:
            return None
        return left * right if operator == "*" else left / right
    common = _common(arguments[0], arguments[1], scope, _VERBS.get(operator, "compare"))
    return DIMENSIONLESS if operator in COMPARISONS else common


def _common(left: Expr, right: Expr, scope: Scope, verb: str) -> Dimension | None:
    """The dimension that two terms share."""
    a, b = dimension_of(left, scope), dimension_of(right, scope)
    if a is None or b is None:
        return b if a is None else a
    if a != b:
        names = f"{_named(b)} from {_named(a)}" if verb == "subtract" else f"{_named(a)} and {_named(b)}"
        hint = _hint([(right, a), (left, b)], scope)
        raise UnitError(f"cannot {verb} {names}", scope.source, right.span, hint=hint)
    return a


def _dimension_of_power(base: Expr, exponent: Expr, scope: Scope) -> Dimension | None:
    found, power = dimension_of(base, scope), dimension_of(exponent, scope)
    if power is not None and power != DIMENSIONLESS:
        raise UnitError(f"an exponent must be a plain number, this is {_named(power)}", scope.source, exponent.span)
    if found is None or found == DIMENSIONLESS:
        return found
    number = simplify(exponent)
    if not isinstance(number, Num) or not math.isfinite(number.value):
        raise UnitError(f"the exponent of {_named(found)} must be a number such as 2 or 0.5", scope.source, exponent.span)
    return found**number.value


def _dimension_of_call(expr: Call, scope: Scope) -> Dimension | None:
    function, arguments = expr.func, expr.args
    if function == "where":
        return _dimension_of_choice(arguments, scope)
    for argument in arguments:
        _refuse_condition(argument, scope)
    if function == "rate":
        inner = dimension_of(arguments[0], scope)
        return None if inner is None else inner / TIME
    if function == "sqrt":
        inner = dimension_of(arguments[0], scope)
        return None if inner is None else inner**0.5
    if function in _HOMOGENEOUS:
        common = dimension_of(arguments[0], scope)
        for argument in arguments[1:]:
            together_with = _common(arguments[0], argument, scope, f"take {function}() of")
            common = together_with if common is None else common
        return common
    for argument in arguments:
        inner = dimension_of(argument, scope)
        if function != "sign" and inner is not None and inner != DIMENSIONLESS:
            hint = _hint([(argument, DIMENSIONLESS)], scope)
            message = f"{function}() needs a plain number, this is {_named(inner)}"
            raise UnitError(message, scope.source, argument.span, hint=hint)
    return DIMENSIONLESS


def _dimension_of_choice(arguments: tuple[Expr, ...], scope: Scope) -> Dimension | None:
    condition, yes, no = arguments
    _require_condition(condition, scope)
    dimension_of(condition, scope)
    if is_condition(yes) or is_condition(no):
        for branch in (yes, no):
            _require_condition(branch, scope)
            dimension_of(branch, scope)
        return DIMENSIONLESS
    return _common(yes, no, scope, "choose between")


def _check_statement(statement: ParsedStatement, scope: Scope, writable: Collection[str]) -> None:
    target, operator, expr = statement.target, statement.op, statement.expr
    place = Span(statement.span.line, statement.span.start, statement.span.start + len(target))
    if target not in writable:
        known = target in scope.dims or unit_dimension(target) is not None or target in BUILT_IN
        allowed = ", ".join(sorted(writable)) or "nothing"
        reason = f"'{target}' cannot be changed here" if known else f"unknown name '{target}'"
        advice = f"; what can be changed: {allowed}" if known else did_you_mean(target, writable)
        hint = scope.declaring.format(name=target) if not known and "did you mean" not in advice else ""
        raise EquationError(f"{reason}{advice}", scope.source, place, hint=hint)
    refuse_noise(expr, scope, "a statement")
    wanted = DIMENSIONLESS if operator == "*=" else scope.dims.get(target)
    side = "the factor of" if operator == "*=" else "the right-hand side of"
    check_side(expr, wanted, scope, f"{side} '{target} {operator}'")


def _hint(choices: list[tuple[Expr, Dimension]], scope: Scope) -> str:
    """A change of one name that makes a term fit."""
    lines = scope.source.splitlines()
    row = choices[0][0].span.line
    line = lines[row].split("#")[0] if 0 <= row < len(lines) else ""

    def fits(expr: Expr, wanted: Dimension) -> bool:
        try:
            return dimension_of(expr, replace(scope, units={}, parameters=())) == wanted
        except NeurosimError:
            return False

    return suggestion(choices, fits, scope.units, scope.parameters, frozenset(re.findall(r"\w+", line)))

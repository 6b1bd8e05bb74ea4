"""What lowering asks of an expression: derivatives, linear structure, noise, and definitions put in place.

The constructors drop terms that are 0 and factors that are 1 and join two numbers; they never re-associate, so
a user's sum keeps its order and its rounding.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass
from types import MappingProxyType

from ..errors import EquationError
from .tree import COMPARISONS, LOGICAL, Call, Expr, Num, Op, Sym, names, negate, rewrite, walk

ZERO = Num(0.0)
ONE = Num(1.0)


def _is(expr: Expr, value: float) -> bool:
    return isinstance(expr, Num) and expr.value == value


def _joined(op: str, left: Expr, right: Expr) -> Expr:
    """The operation, computed when both sides are numbers and the result is finite."""
    if isinstance(left, Num) and isinstance(right, Num):
        a, b = left.value, right.value
        try:
            value = {"+": a + b, "-": a - b, "*": a * b}[op] if op in "+-*" else a / b if op == "/" else math.pow(a, b)
        except (ZeroDivisionError, OverflowError, ValueError):
            value = math.inf
        if math.isfinite(value):
            return Num(value, left.span)
    return Op(op, (left, right), left.span)


def add(left: Expr, right: Expr) -> Expr:
    """left + right."""
    if _is(left, 0.0):
        return right
    return left if _is(right, 0.0) else _joined("+", left, right)


def subtract(left: Expr, right: Expr) -> Expr:
    """left - right."""
    if _is(left, 0.0):
        return negative(right)
    return left if _is(right, 0.0) else _joined("-", left, right)


def multiply(left: Expr, right: Expr) -> Expr:
    """left * right."""
    if _is(left, 0.0) or _is(right, 0.0):
        return ZERO
    if _is(left, 1.0):
        return right
    return left if _is(right, 1.0) else _joined("*", left, right)


def divide(left: Expr, right: Expr) -> Expr:
    """left / right."""
    if _is(right, 1.0) or (_is(left, 0.0) and not _is(right, 0.0)):
        return left
    return _joined("/", left, right)


def power(base: Expr, exponent: Expr) -> Expr:
    """base ** exponent."""
    if _is(exponent, 1.0):
        return base
    return ONE if _is(exponent, 0.0) else _joined("**", base, exponent)


def negative(expr: Expr) -> Expr:
    """-expr, without a double sign."""
    if isinstance(expr, Op) and expr.op == "neg":
        return expr.args[0]
    return negate(expr, expr.span)


def choose(condition: Expr, yes: Expr, no: Expr) -> Expr:
    """where(condition, yes, no), or the value when both are the same."""
    return yes if yes == no else Call("where", (condition, yes, no))


_CONSTRUCTORS: Mapping[str, Callable[..., Expr]] = MappingProxyType(
    {"+": add, "-": subtract, "*": multiply, "/": divide, "**": power, "neg": negative}
)


def simplify(expr: Expr) -> Expr:
    """The tree without terms 0 and factors 0 and 1, and with two neighbouring numbers joined."""

    def rule(node: Expr) -> Expr:
        if isinstance(node, Op) and node.op in _CONSTRUCTORS:
            return _CONSTRUCTORS[node.op](*node.args)
        return node

    return rewrite(expr, rule)


def inline(expr: Expr, definitions: Mapping[str, Expr]) -> Expr:
    """The tree with definitions put in place of their names, and definitions in these, until none is left.

    Raises
    ------
    EquationError
        When definitions go round in a circle; the circle is printed.
    """
    return _inlined(expr, definitions, {}, ())


def _inlined(expr: Expr, definitions: Mapping[str, Expr], done: dict[str, Expr], path: tuple[str, ...]) -> Expr:
    for name in sorted(names(expr) & definitions.keys() - done.keys()):
        if name in path:
            circle = " -> ".join((*path[path.index(name) :], name))
            raise EquationError(f"definitions go round in a circle: {circle}")
        done[name] = _inlined(definitions[name], definitions, done, (*path, name))

    def replace(node: Expr) -> Expr:
        if isinstance(node, Sym) and node.name in definitions:
            return done[node.name]
        if isinstance(node, Op) and node.op == "neg" and isinstance(node.args[0], Num):
            return negate(node.args[0], node.span)
        return node

    return rewrite(expr, replace)


def expand_rate(expr: Expr, rhs: Mapping[str, Expr]) -> Expr:
    """The tree with ``rate(x)`` replaced by the right-hand side of dx/dt.

    Parameters
    ----------
    expr : Expr
        The tree.
    rhs : mapping
        Name of a state to the right-hand side of its derivative.

    Raises
    ------
    EquationError
        When `x` has no derivative, or needs its own rate.
    """
    return _expanded(expr, rhs, ())


def _expanded(expr: Expr, rhs: Mapping[str, Expr], path: tuple[str, ...]) -> Expr:
    def rule(node: Expr) -> Expr:
        if not (isinstance(node, Call) and node.func == "rate"):
            return node
        state = node.args[0]
        if not isinstance(state, Sym) or state.name not in rhs:
            named = state.name if isinstance(state, Sym) else "this"
            rated = ", ".join(rhs) or "none"
            raise EquationError(f"rate({named}): {named} has no derivative; states with one: {rated}")
        if state.name in path:
            circle = " -> ".join(f"rate({name})" for name in (*path[path.index(state.name) :], state.name))
            raise EquationError(f"rates go round in a circle: {circle}")
        return _expanded(rhs[state.name], rhs, (*path, state.name))

    return rewrite(expr, rule)


@dataclass(frozen=True)
class LinearSystem:
    """dx/dt = A x + b, with entries that are free of the states."""

    states: tuple[str, ...]
    matrix: tuple[tuple[Expr, ...], ...]
    offset: tuple[Expr, ...]


def linear_system(rhs: Mapping[str, Expr]) -> LinearSystem | None:
    """Coefficients of right-hand sides that are linear in the states, or None.

    Only the form is looked at: sums, products and quotients with at most one factor that holds states, and `where`
    with a condition free of them. An expression whose nonlinear parts cancel is not recognised.

    Parameters
    ----------
    rhs : mapping
        State to the right-hand side of its derivative; definitions inlined, noise split off, rates expanded.
    """
    states = tuple(rhs)
    parts = [linear_parts(expr, states) for expr in rhs.values()]
    found = [part for part in parts if part is not None]
    if len(found) < len(parts):
        return None
    matrix = tuple(tuple(part.get(state, ZERO) for state in states) for part, _ in found)
    return LinearSystem(states, matrix, tuple(rest for _, rest in found))


def linear_parts(expr: Expr, variables: Collection[str]) -> tuple[dict[str, Expr], Expr] | None:
    """(coefficient of each variable, rest) of an expression that is linear in the variables, else None."""
    if not names(expr) & set(variables):
        return {}, expr
    if isinstance(expr, Sym):
        return {expr.name: ONE}, ZERO
    if isinstance(expr, Op) and expr.op in ("+", "-", "neg"):
        parts = [linear_parts(argument, variables) for argument in expr.args]
        if any(part is None for part in parts):
            return None
        return _combined([part for part in parts if part is not None], _CONSTRUCTORS[expr.op])
    if isinstance(expr, Op) and expr.op in ("*", "/"):
        left, right = expr.args
        if not names(right) & set(variables):
            inner = linear_parts(left, variables)
            constructor = multiply if expr.op == "*" else divide
            return None if inner is None else _combined([inner], lambda term: constructor(term, right))
        if expr.op == "*" and not names(left) & set(variables):
            inner = linear_parts(right, variables)
            return None if inner is None else _combined([inner], lambda term: multiply(left, term))
    if isinstance(expr, Call) and expr.func == "where" and not names(expr.args[0]) & set(variables):
        yes, no = linear_parts(expr.args[1], variables), linear_parts(expr.args[2], variables)
        if yes is not None and no is not None:
            return _combined([yes, no], lambda a, b: choose(expr.args[0], a, b))
    return None


def _combined(parts: list[tuple[dict[str, Expr], Expr]], constructor: Callable[..., Expr]) -> tuple[dict[str, Expr], Expr]:
    variables: Iterable[str] = dict.fromkeys(name for coefficients, _ in parts for name in coefficients)
    return (
        {name: constructor(*(coefficients.get(name, ZERO) for coefficients, _ in parts)) for name in variables},
        constructor(*(rest for _, rest in parts)),
    )


def is_noise(name: str) -> bool:
    """Whether a name is white noise: ``xi``, ``xi_1``, ``xi_common`` ..."""
    return name == "xi" or name.startswith("xi_")


def split_noise(expr: Expr, source: str = "") -> tuple[Expr, dict[str, Expr]]:
    """The drift of a right-hand side and the coefficient of each noise in it.

    Raises
    ------
    EquationError
        When a noise does not occur linearly.
    """
    noises = sorted(name for name in names(expr) if is_noise(name))
    if not noises:
        return expr, {}
    parts = linear_parts(expr, noises)
    if parts is None:
        place = next(node.span for node in walk(expr) if isinstance(node, Sym) and is_noise(node.name))
        raise EquationError(f"{noises[0]} may only be added, times a factor without noise", source, place)
    return parts[1], {name: parts[0][name] for name in noises}


def derivative(expr: Expr, name: str) -> Expr:
    """The derivative of an expression with respect to a name.

    At the kink of `abs`, `min`, `max`, `clip` and `relu` it is that of one side, and `sign` and `floor` have the
    derivative 0.

    Parameters
    ----------
    expr : Expr
        Rates have been expanded.
    name : str
        The variable; all others are constants.
    """
    if name not in names(expr):
        return ZERO
    if isinstance(expr, Sym):
        return ONE
    if isinstance(expr, Call):
        return _function_derivative(expr, name)
    return _operator_derivative(expr, name) if isinstance(expr, Op) else ZERO


def _operator_derivative(expr: Op, name: str) -> Expr:
    if expr.op in COMPARISONS or expr.op in LOGICAL:
        return ZERO
    inner = [derivative(argument, name) for argument in expr.args]
    if expr.op in ("+", "-", "neg"):
        return _CONSTRUCTORS[expr.op](*inner)
    (a, b), (da, db) = expr.args, inner
    if expr.op == "*":
        return add(multiply(da, b), multiply(a, db))
    if expr.op == "/":
        if db == ZERO:
            return divide(da, b)
        return divide(subtract(multiply(da, b), multiply(a, db)), power(b, Num(2.0)))
    if db == ZERO:
        return multiply(multiply(b, power(a, subtract(b, ONE))), da)
    return multiply(expr, add(multiply(db, Call("log", (a,))), divide(multiply(b, da), a)))


def _function_derivative(expr: Call, name: str) -> Expr:
    arguments, function = expr.args, expr.func
    inner = [derivative(argument, name) for argument in arguments]
    if function == "where":
        return choose(arguments[0], inner[1], inner[2])
    if function in ("min", "max"):
        first = Op("<=" if function == "min" else ">=", arguments)
        return choose(first, inner[0], inner[1])
    if function == "clip":
        x, low, high = arguments
        return choose(Op(">", (x, high)), inner[2], choose(Op("<", (x, low)), inner[1], inner[0]))
    if function == "mod":
        return subtract(inner[0], multiply(Call("floor", (divide(*arguments),)), inner[1]))
    if function in ("sign", "floor", "rand"):
        return ZERO
    if function not in _OUTER:
        raise EquationError(f"{function}() has no derivative here; expand it first")
    return multiply(_OUTER[function](arguments[0], expr), inner[0])


def _exprel_derivative(x: Expr, whole: Expr) -> Expr:
    # Where the quotient cancels, its series: 1/2 + x/3 + x^2/8 + x^3/30 + x^4/144.
    series: Expr = Num(1 / 144)
    for coefficient in (1 / 30, 1 / 8, 1 / 3, 1 / 2):
        series = add(multiply(series, x), Num(coefficient))
    quotient = divide(subtract(Call("exp", (x,)), whole), x)
    return choose(Op("<", (Call("abs", (x,)), Num(0.01))), series, quotient)


_OUTER: Mapping[str, Callable[[Expr, Expr], Expr]] = MappingProxyType(
    {
        "exp": lambda x, whole: whole,
        "expm1": lambda x, whole: Call("exp", (x,)),
        "log": lambda x, whole: divide(ONE, x),
        "log1p": lambda x, whole: divide(ONE, add(ONE, x)),
        "exprel": _exprel_derivative,
        "sqrt": lambda x, whole: divide(Num(0.5), whole),
        "tanh": lambda x, whole: subtract(ONE, power(whole, Num(2.0))),
        "sigmoid": lambda x, whole: multiply(whole, subtract(ONE, whole)),
        "sin": lambda x, whole: Call("cos", (x,)),
        "cos": lambda x, whole: negative(Call("sin", (x,))),
        "abs": lambda x, whole: Call("sign", (x,)),
        "relu": lambda x, whole: choose(Op(">", (x, ZERO)), ONE, ZERO),
        "softplus": lambda x, whole: Call("sigmoid", (x,)),
    }
)

__all__ = [
    "LinearSystem",
    "add",
    "choose",
    "derivative",
    "divide",
    "expand_rate",
    "inline",
    "is_noise",
    "linear_parts",
    "linear_system",
    "multiply",
    "negative",
    "power",
    "simplify",
    "split_noise",
    "subtract",
]

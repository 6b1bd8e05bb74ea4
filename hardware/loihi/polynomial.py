"""Expressions multiplied out: sums of products of names, the form in which a chip learns."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from neurosim.equations.bounds import Interval, bounds_of
from neurosim.equations.evaluate import evaluate
from neurosim.equations.show import show
from neurosim.equations.tree import CONSTANTS, Call, Expr, Num, Op, Sym, calls, names

Monomial = tuple[str, ...]
"""Names in alphabetical order, as often as they are multiplied; () is the constant."""
LARGEST_POWER = 6
TINY = 1e-15


class NotPolynomial(ValueError):
    """An expression cannot be multiplied out; the message says what stands in the way."""


@dataclass(frozen=True)
class Polynomial:
    """Sum of coefficient * product of names. ``flags``: names that are 0 or 1, so that their powers are themselves."""

    terms: Mapping[Monomial, float]
    flags: frozenset[str] = frozenset()

    def plus(self, other: Polynomial, factor: float = 1.0) -> Polynomial:
        """self + factor * other."""
        found = dict(self.terms)
        for monomial, coefficient in other.terms.items():
            found[monomial] = found.get(monomial, 0.0) + factor * coefficient
        return Polynomial(_without_zeros(found), self.flags | other.flags)

    def times(self, other: Polynomial) -> Polynomial:
        """self * other."""
        flags, found = self.flags | other.flags, dict[Monomial, float]()
        for one, a in self.terms.items():
            for two, b in other.terms.items():
                monomial = product_of(one, two, flags)
                found[monomial] = found.get(monomial, 0.0) + a * b
        return Polynomial(_without_zeros(found), flags)

    def replaced(self, name: str, by: Polynomial) -> Polynomial:
        """With another polynomial in place of a name."""
        found = Polynomial({}, self.flags | by.flags)
        for monomial, coefficient in self.terms.items():
            rest = Polynomial({tuple(other for other in monomial if other != name): coefficient}, found.flags)
            for _ in range(monomial.count(name)):
                rest = rest.times(by)
            found = found.plus(rest)
        return found

    def names(self) -> frozenset[str]:
        """Everything that it depends on."""
        return frozenset(name for monomial in self.terms for name in monomial)

    def constant(self) -> float | None:
        """Its value where it depends on nothing."""
        return self.terms.get((), 0.0) if not self.names() else None


def _without_zeros(terms: Mapping[Monomial, float]) -> dict[Monomial, float]:
    largest = max((abs(coefficient) for coefficient in terms.values()), default=0.0)
    return {monomial: coefficient for monomial, coefficient in terms.items() if abs(coefficient) > TINY * largest}


def product_of(one: Monomial, two: Monomial, flags: frozenset[str]) -> Monomial:
    """A product of products of names."""
    both = sorted((*one, *two))
    return tuple(name for k, name in enumerate(both) if name not in flags or both.index(name) == k)


def variable(name: str, *, flag: bool = False) -> Polynomial:
    """One name."""
    return Polynomial({(name,): 1.0}, frozenset((name,)) if flag else frozenset())


def number(value: float) -> Polynomial:
    """A constant."""
    return Polynomial({(): float(value)} if value else {})


def polynomial_of(expr: Expr, known: Mapping[str, Polynomial], values: Mapping[str, float], limits: Mapping[str, Interval]) -> Polynomial:
    """An expression multiplied out.

    Parameters
    ----------
    expr : Expr
    known : mapping
        Names that are polynomials of others.
    values : mapping
        Names that are numbers.
    limits : mapping
        Between which values a name lies: by these ``relu``, ``abs``, ``min``, ``max`` and ``clip`` may turn out to do nothing.

    Returns
    -------
    Polynomial

    Raises
    ------
    NotPolynomial
        For divisions by variables, powers that are no whole numbers, and functions.
    """
    if names(expr) <= {*values, *CONSTANTS} and "rand" not in calls(expr):
        return number(float(evaluate(expr, values.__getitem__)))
    if isinstance(expr, Sym):
        if expr.name not in known:
            raise NotPolynomial(f"the chip's synapses do not see {expr.name}")
        return known[expr.name]
    if isinstance(expr, Num):
        return number(expr.value)
    if isinstance(expr, Op) and expr.op in ("+", "-", "*", "/", "**", "neg"):
        return _of_operator(expr, known, values, limits)
    if isinstance(expr, Call):
        chosen = _of_limits(expr, {**limits, **{name: (value, value) for name, value in values.items()}})
        if chosen is not None:
            return polynomial_of(chosen, known, values, limits)
        bounded = "; bounds of the weight may make it needless" if expr.func in ("relu", "abs", "min", "max", "clip") else ""
        raise NotPolynomial(f"the chip multiplies and adds, it has no {show(expr)}{bounded}")
    raise NotPolynomial(f"the chip multiplies and adds, it does not decide {show(expr)}")


def _of_operator(expr: Op, known: Mapping[str, Polynomial], values: Mapping[str, float], limits: Mapping[str, Interval]) -> Polynomial:
    one = polynomial_of(expr.args[0], known, values, limits)
    if expr.op == "neg":
        return number(0.0).plus(one, -1.0)
    two = polynomial_of(expr.args[1], known, values, limits)
    if expr.op in ("+", "-"):
        return one.plus(two, 1.0 if expr.op == "+" else -1.0)
    if expr.op == "*":
        return one.times(two)
    constant = two.constant()
    if expr.op == "/":
        if not constant:
            raise NotPolynomial(f"the chip cannot divide by what changes: {show(expr)}")
        return one.times(number(1.0 / constant))
    if constant is None or constant < 0 or constant != round(constant) or constant > LARGEST_POWER:
        raise NotPolynomial(f"the exponent of {show(expr)} is no whole number from 0 to {LARGEST_POWER}")
    found = number(1.0)
    for _ in range(int(constant)):
        found = found.times(one)
    return found


def _of_limits(expr: Call, limits: Mapping[str, Interval]) -> Expr | None:
    """The argument that a function of limits always chooses, None where that depends."""
    ends = [bounds_of(argument, limits) for argument in expr.args]
    low, high = ends[0] if ends else (0.0, 0.0)
    if expr.func in ("relu", "abs") and low >= 0:
        return expr.args[0]
    if expr.func == "relu" and high <= 0:
        return Num(0.0)
    if expr.func in ("min", "max"):
        first = ends[0][1] <= ends[1][0] if expr.func == "min" else ends[0][0] >= ends[1][1]
        second = ends[1][1] <= ends[0][0] if expr.func == "min" else ends[1][0] >= ends[0][1]
        return expr.args[0] if first else expr.args[1] if second else None
    if expr.func == "clip" and low >= ends[1][1] and high <= ends[2][0]:
        return expr.args[0]
    return None

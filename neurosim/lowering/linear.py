"""Linear equations with constant coefficients: one exact step as sums of parameters times states.

Every row is computed from the states it depends on and no others. So the decay of a current is the same number, to the
last bit, whatever else is in the model, it stays one number when only the membranes differ between neurons, and entries
that are zero by structure are not there at all.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

import numpy as np

from neurosim.equations import Expr, Sym, names
from neurosim.equations.calculus import ZERO, add, linear_parts, multiply, split_noise
from neurosim.equations.evaluate import evaluate
from neurosim.equations.tree import calls
from neurosim.errors import ParameterError
from neurosim.ir.program import Exact, Value

from .propagator import FloatArray, cholesky, noise_covariance, propagator
from .schemes import Assignments, fill, free_name

HELD = "H_"
"""Names of the parameters of held neurons are those of free neurons behind this."""


@dataclass(frozen=True)
class Motion:
    """What moves the states of one part, with definitions inlined and numbers at hand.

    Parameters
    ----------
    derivatives : mapping
        State to dx/dt, noise included.
    discrete : mapping
        State to its value after the step, for states that are defined by their step.
    order : tuple of str
        All states as the model declares them.
    ports : tuple of str
        Inputs that are constant during a step.
    parameters : mapping
        Parameter to its value, scalar or (N,).
    held : frozenset of str
        States that keep their value while held.
    varying : frozenset of str
        Parameters that the plan changes: nothing is left out because of their present value.
    dt : float
        The step [ms].
    taken : frozenset of str
        Names that are in use.
    where : str
        The part, for messages.
    """

    derivatives: Mapping[str, Expr]
    discrete: Mapping[str, Expr]
    order: tuple[str, ...]
    ports: tuple[str, ...]
    parameters: Mapping[str, Value]
    held: frozenset[str]
    varying: frozenset[str]
    dt: float
    taken: frozenset[str]
    where: str

    @property
    def inputs(self) -> tuple[str, ...]:
        """What is constant during a step: ports, and states that only change at its end."""
        return (*(state for state in self.order if state in self.discrete), *self.ports)

    def constant(self, expr: Expr) -> bool:
        """Whether an expression has the same value in every step."""
        return names(expr) <= {*self.parameters, "dt"} and "rand" not in calls(expr)

    def value(self, expr: Expr) -> FloatArray:
        """A constant expression, () or (N,)."""
        return np.asarray(evaluate(expr, {**self.parameters, "dt": self.dt}.__getitem__), np.float64)

    def significant(self, expr: Expr) -> bool:
        """Whether a coefficient is, or may become, different from zero."""
        return expr != ZERO and (bool(names(expr) & self.varying) or bool(np.any(self.value(expr))))


@dataclass(frozen=True)
class Equation:
    """dx/dt (or the next x) as coefficients of states and inputs, a constant, and coefficients of noise."""

    terms: Mapping[str, Expr]
    rest: Expr
    noise: Mapping[str, Expr]


@dataclass(frozen=True)
class Rows:
    """The exact part of an update.

    ``rows``: the new value of each state; ``parameters``: what they refer to; ``draws``: independent normal numbers;
    ``exact``: the annotation, where the rows are the whole update and there is no noise.
    """

    rows: Assignments
    parameters: Mapping[str, Value] = field(default_factory=dict)
    draws: tuple[str, ...] = ()
    exact: Exact | None = None


def linear_equation(motion: Motion, state: str) -> Equation | None:
    """The equation of a state with constant coefficients, or None."""
    derivative = state in motion.derivatives
    drift, noise = split_noise(motion.derivatives[state]) if derivative else (motion.discrete[state], {})
    parts = linear_parts(drift, (*motion.order, *motion.ports))
    if parts is None or not all(map(motion.constant, (*parts[0].values(), parts[1], *noise.values()))):
        return None
    terms = {name: parts[0][name] for name in (*motion.order, *motion.ports) if name in parts[0]}
    return Equation(
        {name: term for name, term in terms.items() if motion.significant(term)},
        parts[1] if motion.significant(parts[1]) else ZERO,
        {name: term for name, term in noise.items() if motion.significant(term)},
    )


def exact_states(motion: Motion) -> dict[str, Equation]:
    """States whose equations, and those of all states that drive them during the step, are linear.

    A noise that also enters another equation must be the same number in both, so it rules the exact form out.
    """
    found = {state: linear_equation(motion, state) for state in motion.derivatives}
    linear = {state: equation for state, equation in found.items() if equation is not None}
    while True:
        kept = {
            state: equation for state, equation in linear.items() if closure(linear, state, motion.derivatives) <= linear.keys()
        }
        outside = {noise for state in motion.derivatives if state not in kept for noise in _noises(motion, state)}
        kept = {state: equation for state, equation in kept.items() if not outside & equation.noise.keys()}
        if len(kept) == len(linear):
            return kept
        linear = kept


def closure(equations: Mapping[str, Equation], state: str, moving: Iterable[str]) -> set[str]:
    """A state and all moving states that it depends on, through states whose equations are known."""
    moving = frozenset(moving)
    found, waiting = {state}, [state]
    while waiting:
        equation = equations.get(waiting.pop())
        for name in equation.terms if equation else ():
            if name in moving and name not in found:
                found.add(name)
                waiting.append(name)
    return found


def exact_rows(motion: Motion, equations: Mapping[str, Equation]) -> Rows:
    """One exact step of the states whose equations are given.

    Where all states of the motion are linear, also those that are defined by their step are written as rows, and the
    result is annotated.
    """
    discrete = _linear_discrete(motion, equations)
    table = _Table(motion)
    for state in motion.order:
        if state in equations:
            used = closure(equations, state, equations)
            _propagate(table, motion, equations, state, used, frozenset())
            if state not in motion.held and used & motion.held:
                _propagate(table, motion, equations, state, used, motion.held)
        elif state in discrete:
            table.enter("", state, [(name, motion.value(term), True) for name, term in discrete[state].terms.items()])
            table.enter("", state, [("", motion.value(discrete[state].rest), discrete[state].rest != ZERO)])
    draws = _noise(table, motion, equations)
    rows = tuple((state, table.text(state)) for state in motion.order if state in equations or state in discrete)
    whole = len(rows) == len(motion.order) and not draws
    exact = _annotation(table, motion) if whole and rows else None
    return Rows(rows, dict(table.parameters), draws, exact)


class _Table:
    """Entries of the propagator by (held or not, row, column), and the parameters that hold them; local to one call.

    Columns are states, ports, '' for the constant, and draws.
    """

    def __init__(self, motion: Motion) -> None:
        self.motion = motion
        self.parameters: dict[str, Value] = {}
        self.entries: dict[tuple[str, str], dict[str, str]] = {}

    def enter(self, mark: str, row: str, columns: Iterable[tuple[str, FloatArray, bool]]) -> None:
        """Take up entries (column, value, may vary); zeros that stay zero are left out."""
        entries = self.entries.setdefault((mark, row), {})
        for column, value, stays in columns:
            if stays or np.any(value):
                kind = "q" if not column else "G" if column in self.motion.ports else "P" if column in self.motion.order else "N"
                wanted = mark + "_".join(part for part in (kind, row, column) if part)
                name = free_name(wanted, self.motion.taken)
                self.parameters[name] = shortest(value)
                entries[column] = name

    def sum(self, mark: str, row: str) -> Expr:
        """Sum of the entries times what they multiply: states, ports, the constant, noise, from left to right."""
        entries = self.entries[mark, row]
        states, ports = self.motion.order, self.motion.ports
        first = [name for name in (*states, *ports, "") if name in entries]
        total: Expr = ZERO
        for column in (*first, *(name for name in entries if name not in first)):
            term: Expr = Sym(entries[column])
            total = add(total, multiply(term, Sym(column)) if column else term)
        return total

    def text(self, row: str) -> Expr:
        """The new value of a state."""
        free = self.sum("", row)
        if (HELD, row) not in self.entries:
            return free
        return fill("where(held, a, b)", a=self.sum(HELD, row), b=free)


def _propagate(
    table: _Table, motion: Motion, equations: Mapping[str, Equation], row: str, used: set[str], frozen: frozenset[str]
) -> None:
    """Enter one row of the exponential; the states in ``frozen`` do not move."""
    states = [state for state in motion.order if state in used]
    inputs = [name for name in motion.inputs if any(name in equations[state].terms for state in states)]
    a = _stack(motion, [[_term(equations, x, y, frozen) for y in states] for x in states])
    b = _stack(motion, [[*(_term(equations, x, y, frozen) for y in inputs), _rest(equations, x, frozen)] for x in states])
    with np.errstate(over="ignore", invalid="ignore"):
        phi, gain = propagator(a, b, motion.dt) if np.all(np.isfinite(a)) and np.all(np.isfinite(b)) else (a * np.nan, b)
    k = states.index(row)
    if not (np.all(np.isfinite(phi[..., k, :])) and np.all(np.isfinite(gain[..., k, :]))):
        raise ParameterError(
            f"the equation of {row} has no finite solution over one step of {motion.dt:g} ms: is a time constant or a capacitance 0?",
            where=motion.where,
        )
    varies = any(names(term) & motion.varying for x in states for term in (*equations[x].terms.values(), equations[x].rest))
    mark = HELD if frozen else ""
    table.enter(mark, row, [(y, phi[..., k, j], varies) for j, y in enumerate(states)])
    table.enter(mark, row, [(y, gain[..., k, j], varies) for j, y in enumerate(inputs)])
    constant = any(equations[x].rest != ZERO for x in states)
    table.enter(mark, row, [("", gain[..., k, -1], varies and constant)])


def _noise(table: _Table, motion: Motion, equations: Mapping[str, Equation]) -> tuple[str, ...]:
    """Enter the noise of one step: independent normal numbers times the Cholesky factor of its exact covariance."""
    reach = {state: closure(equations, state, equations) for state in motion.order if state in equations}
    noisy = [state for state, used in reach.items() if any(equations[x].noise for x in used)]
    if not noisy:
        return ()
    used = set().union(*(reach[state] for state in noisy))
    states = [state for state in motion.order if state in used]
    draws = _draw_names(motion, equations, noisy)
    sources = sorted({noise for state in states for noise in equations[state].noise})
    place = [states.index(state) for state in noisy]
    for mark, frozen in (("", frozenset[str]()), (HELD, motion.held)):
        rows = [state for state in noisy if (mark, state) in table.entries]
        if rows:
            a = _stack(motion, [[_term(equations, x, y, frozen) for y in states] for x in states])
            s = _stack(motion, [[ZERO if x in frozen else equations[x].noise.get(xi, ZERO) for xi in sources] for x in states])
            lower = cholesky(noise_covariance(a, s, motion.dt)[..., place, :][..., place])
        for row in rows:
            k = noisy.index(row)
            table.enter(mark, row, [(draws[j], lower[..., k, j], bool(motion.varying)) for j in range(k + 1)])
    used_draws = {column for entries in table.entries.values() for column in entries}
    return tuple(draw for draw in draws if draw in used_draws)


def _draw_names(motion: Motion, equations: Mapping[str, Equation], noisy: list[str]) -> list[str]:
    """The user's own name for the noise of a single equation, else one for each noisy state."""
    if len(noisy) == 1 and len(equations[noisy[0]].noise) == 1:
        return list(equations[noisy[0]].noise)
    return [free_name(f"xi_{state}", motion.taken) for state in noisy]


def _linear_discrete(motion: Motion, equations: Mapping[str, Equation]) -> dict[str, Equation]:
    """Equations of all states that are defined by their step, if every state of the motion is linear; else none."""
    found = {state: linear_equation(motion, state) for state in motion.discrete}
    linear = {state: equation for state, equation in found.items() if equation is not None}
    whole = len(linear) + len(equations) == len(motion.order)
    return linear if whole else {}


def _annotation(table: _Table, motion: Motion) -> Exact:
    """The rows once more, as names of parameters."""

    def read(mark: str) -> tuple[tuple[tuple[str, ...], ...], tuple[str, ...], tuple[tuple[str, tuple[str, ...]], ...]]:
        rows = []
        for state in motion.order:
            if mark and state in motion.held:
                table.entries[mark, state] = {}
                table.enter(mark, state, [(state, np.asarray(1.0), True)])
            rows.append(table.entries.get((mark, state), table.entries["", state]))
        phi = tuple(tuple(row.get(column, "") for column in motion.order) for row in rows)
        gain = tuple((port, tuple(row.get(port, "") for row in rows)) for port in motion.ports)
        return phi, tuple(row.get("", "") for row in rows), tuple(column for column in gain if any(column[1]))

    phi, q, gain = read("")
    if not any(mark for mark, _ in table.entries):
        return Exact(motion.order, phi, q, gain)
    return Exact(motion.order, phi, q, gain, *read(HELD))


def _noises(motion: Motion, state: str) -> Iterable[str]:
    return split_noise(motion.derivatives[state])[1]


def _term(equations: Mapping[str, Equation], row: str, column: str, frozen: frozenset[str]) -> Expr:
    return ZERO if row in frozen else equations[row].terms.get(column, ZERO)


def _rest(equations: Mapping[str, Equation], row: str, frozen: frozenset[str]) -> Expr:
    return ZERO if row in frozen else equations[row].rest


def _stack(motion: Motion, rows: list[list[Expr]]) -> FloatArray:
    """(..., m, k) values of a matrix of expressions; without leading shape where all are single numbers."""
    values = [[motion.value(expr) for expr in row] for row in rows]
    lead = np.broadcast_shapes(*(value.shape for row in values for value in row))
    matrix = np.empty((*lead, len(rows), len(rows[0])))
    for i, row in enumerate(values):
        for j, value in enumerate(row):
            matrix[..., i, j] = value
    return matrix


def shortest(value: FloatArray) -> Value:
    """One number where all neurons have the same: engines keep it out of their loops."""
    value = np.asarray(value)
    if value.ndim == 0 or (value.size and np.all(value == value.flat[0])):
        return float(value.flat[0])
    return np.ascontiguousarray(value)


__all__ = ["Equation", "Motion", "Rows", "exact_rows", "exact_states", "linear_equation", "shortest"]

"""Equations become the Update of one step: exact where they are linear, stepped elsewhere.

States whose equations are linear with constant coefficients, and driven by such states only, take an exact step. The
rest is advanced by exponential Euler where each equation is linear in its own state, by Heun's scheme otherwise, and by
Euler and Maruyama's where noise is multiplied by a state. Exponential Euler sees all other states as they are at the
beginning of the step, Heun's scheme sees exact states at both ends of it. Inputs are constant during a step, and so are
states that are defined by their step.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from neurosim.equations import Expr, Sym, names
from neurosim.equations.calculus import linear_parts, split_noise
from neurosim.errors import EquationError, NeurosimError
from neurosim.ir.program import Update, Value

from .linear import Equation, Motion, exact_rows, exact_states, linear_equation, shortest
from .schemes import FACTOR, SCHEMES, SPREAD, Assignments, System, fill, free_name, multiplicative
from .sharing import share


@dataclass(frozen=True)
class Dynamics:
    """One step of the states of a part.

    ``parameters``: what the update refers to beyond the model's own; ``draws``: names of normal numbers, fresh in every
    step; ``scheme``: how the states were advanced, for people.
    """

    update: Update
    parameters: Mapping[str, Value]
    draws: tuple[str, ...] = ()
    scheme: str = ""


def advance(motion: Motion, method: str | None = None) -> Dynamics:
    """The Update of a part.

    Parameters
    ----------
    motion : Motion
        The equations and the values of their parameters.
    method : str, optional
        One scheme for all equations: 'exact', 'euler', 'heun', 'rk4', 'exponential_euler', 'euler_maruyama'.

    Raises
    ------
    EquationError
        The scheme cannot be used for these equations; the message says why.
    ParameterError
        A coefficient is not finite.
    """
    exact = _exact_under(motion, method)
    stepped = tuple(state for state in motion.order if state in motion.derivatives and state not in exact)
    if method == "exact" and stepped:
        raise _not_exact(motion, stepped)
    rows = exact_rows(motion, exact)
    written = {**motion.discrete, **dict(rows.rows)}
    before, system = _system(motion, stepped, {state: written[state] for state in exact})
    scheme = method if method not in (None, "exact") else _choose(system)
    constants: Mapping[str, Value] = {}
    if scheme == "exponential_euler":
        system, constants = _with_constants(motion, system)
    if stepped:
        try:
            steps = SCHEMES[scheme](system)
        except EquationError as error:
            raise type(error)(error.message, where=motion.where, hint=error.hint) from None
        temporaries = (*before, *(pair for pair in steps if pair[0] not in system.drift))
        written.update(pair for pair in steps if pair[0] in system.drift)
        later = {expr: Sym(name) for name, expr in before}
        written = {state: later.get(expr, expr) if state in exact else expr for state, expr in written.items()}
    else:
        temporaries = ()
    assignments = (*temporaries, *((state, written[state]) for state in motion.order))
    update = Update(assignments if rows.exact else share(assignments, motion.taken), rows.exact)
    noises = dict.fromkeys(noise for state in stepped for noise in system.noise.get(state, ()))
    words = [word for word in ("exact" if exact else "", scheme if stepped else "") if word]
    return Dynamics(update, {**rows.parameters, **constants}, (*rows.draws, *noises), " and ".join(words))


def _exact_under(motion: Motion, method: str | None) -> dict[str, Equation]:
    """States that take an exact step; exponential Euler's step of a state that depends on no other one is exact."""
    if method not in (None, "exact", "exponential_euler"):
        return {}
    found = exact_states(motion)
    if method != "exponential_euler":
        return found
    return {state: equation for state, equation in found.items() if not equation.terms.keys() & motion.derivatives.keys() - {state}}


def _with_constants(motion: Motion, system: System) -> tuple[System, Mapping[str, Value]]:
    """The factors of exponential Euler as parameters, where an equation's own coefficient is constant."""
    made: dict[str, Value] = {}
    factor: dict[str, Expr] = {}
    spread: dict[str, Expr] = {}
    for state, rate in system.own.items():
        if motion.constant(rate):
            for kind, text, names_of in (("F", FACTOR, factor), ("D", SPREAD, spread)):
                if kind == "F" or system.noise.get(state):
                    name = free_name(f"{kind}_{state}", motion.taken)
                    made[name] = shortest(motion.value(fill(text, a=rate)))
                    names_of[state] = Sym(name)
    return replace(system, factor=factor, spread=spread), made


def _system(motion: Motion, stepped: tuple[str, ...], exact: Mapping[str, Expr]) -> tuple[Assignments, System]:
    """What the scheme advances; before it, the end values of exact states that it reads."""
    drift, noise, own = {}, {}, {}
    for state in stepped:
        drift[state], noise[state] = split_noise(motion.derivatives[state])
        parts = linear_parts(drift[state], (state,))
        if parts is not None and state in parts[0]:
            own[state] = parts[0][state]
        elif parts is not None:
            own[state] = fill("0")
    read = frozenset[str]().union(*(names(expr) for expr in drift.values()))
    before, later = [], {}
    heun = any(state not in own for state in stepped)
    for state, row in exact.items():
        if state in read and heun:
            name = free_name(f"next_{state}", motion.taken)
            before.append((name, row))
            end: Expr = Sym(name)
            later[state] = fill("where(held, x, end)", x=Sym(state), end=end) if state in motion.held else end
    system = System(drift, noise, own, held=motion.held & set(stepped), later=later, taken=motion.taken)
    return tuple(before), system


def _choose(system: System) -> str:
    """The scheme where none was asked for."""
    if multiplicative(system):
        return "euler_maruyama"
    return "exponential_euler" if system.own.keys() == system.drift.keys() else "heun"


def _not_exact(motion: Motion, stepped: tuple[str, ...]) -> NeurosimError:
    """Why an equation cannot be advanced exactly: the first that is not linear itself."""
    state = next((state for state in stepped if linear_equation(motion, state) is None), stepped[0])
    drift, noise = split_noise(motion.derivatives[state])
    moving = ", ".join(sorted(names(drift) & {"t", "since_spike"}))
    reason = "is not linear in the states and ports with constant coefficients"
    if moving:
        reason = f"depends on {moving}, which changes during the step"
    elif any(not motion.constant(strength) for strength in noise.values()):
        reason = "has noise whose strength is not constant"
    elif linear_equation(motion, state) is not None:
        reason = "shares its noise with an equation that is not linear"
    return EquationError(
        f"method='exact' needs linear equations; that of {state} {reason}.",
        where=motion.where,
        hint="Leave method out: what is linear is advanced exactly, the rest is stepped.",
    )


__all__ = ["Dynamics", "Equation", "Motion", "advance"]

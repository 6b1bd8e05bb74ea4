"""Numerical schemes: derivatives in, the ordered assignments of one step out.

A scheme is written once, as texts of the equation language that are filled with the model's own trees; engines execute
the resulting Update and know no scheme. On the right a state means its value at t_n, so all states are advanced at the
same time. Inputs (ports) are constant during the step, t and since_spike advance with the stages, and a state that is
held in this step is seen unchanged by every stage.

================== ============================================== ==================================================
scheme             order                                          noise
================== ============================================== ==================================================
euler              1                                              as euler_maruyama
euler_maruyama     1; with multiplicative noise 1/2 (strong, Ito) any
heun               2                                              additive
rk4                4                                              none
exponential_euler  1; exact for one equation with constant        additive; exact variance where the equation's own
                   coefficients                                   coefficient is constant
================== ============================================== ==================================================
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from types import MappingProxyType

from neurosim.equations import Expr, Sym, names, parse_expression, show, substitute
from neurosim.errors import EquationError

Assignments = tuple[tuple[str, Expr], ...]
NOTHING: Mapping[str, Expr] = MappingProxyType({})
NO_NOISE: Mapping[str, Mapping[str, Expr]] = MappingProxyType({})
FACTOR = "dt * exprel(dt * a)"
"""What exponential Euler multiplies the derivative by; dt for a = 0."""
SPREAD = "sqrt(dt * exprel(2 * dt * a))"
"""What it multiplies additive noise by; sqrt(dt) for a = 0."""


@dataclass(frozen=True)
class System:
    """States that one scheme advances together.

    Parameters
    ----------
    drift : mapping
        State to its derivative without noise, definitions inlined.
    noise : mapping
        State to the coefficients of its noises: name of the noise (``xi``, ``xi_1`` ...) to an expression.
    own : mapping
        State to the coefficient of itself in its derivative, for states whose equation is linear in themselves.
    factor, spread : mapping
        State to the name of dt exprel(a dt), and of sqrt(dt exprel(2 a dt)), where a coefficient a of ``own`` is constant.
    held : frozenset of str
        States that keep their value while the neuron is held.
    later : mapping
        State outside the system to its value at the end of the step, where that is known; others are seen unchanged.
    taken : frozenset of str
        Names that a temporary may not have.
    """

    drift: Mapping[str, Expr]
    noise: Mapping[str, Mapping[str, Expr]] = field(default_factory=lambda: NO_NOISE)
    own: Mapping[str, Expr] = field(default_factory=lambda: NOTHING)
    factor: Mapping[str, Expr] = field(default_factory=lambda: NOTHING)
    spread: Mapping[str, Expr] = field(default_factory=lambda: NOTHING)
    held: frozenset[str] = frozenset()
    later: Mapping[str, Expr] = field(default_factory=lambda: NOTHING)
    taken: frozenset[str] = frozenset()

    def temporary(self, stage: str, state: str) -> str:
        """Name of a temporary of this step."""
        return free_name(f"{stage}_{state}", self.taken)


@lru_cache(maxsize=256)
def _template(text: str) -> Expr:
    return parse_expression(text)


def fill(text: str, **parts: Expr) -> Expr:
    """An expression of the language with names replaced by trees.

    Examples
    --------
    >>> show(fill("x + dt * f", x=Sym("v"), f=parse_expression("a - v")))
    'v + dt * (a - v)'
    """
    return substitute(_template(text), parts)


def free_name(wanted: str, taken: frozenset[str]) -> str:
    """The wanted name, with underscores added until nobody has it."""
    while wanted in taken:
        wanted += "_"
    return wanted


def euler(system: System) -> Assignments:
    """x + dt f(x) + sqrt(dt) s(x) xi, everything from the old state (Euler and Maruyama; Ito)."""
    return tuple(
        (state, _with_noise(fill("x + dt * f", x=Sym(state), f=drift), system.noise.get(state, NOTHING)))
        for state, drift in system.drift.items()
    )


def heun(system: System) -> Assignments:
    """x + dt/2 (f(x) + f(p)) with the Euler step p; additive noise enters both (Kloeden and Platen 1992, 15.1)."""
    _refuse_multiplicative(system, "heun")
    slopes = {state: Sym(system.temporary("k1", state)) for state in system.drift}
    first = [(slopes[state].name, drift) for state, drift in system.drift.items()]
    stage = dict(system.later)
    for state in system.drift:
        point = system.temporary("p", state)
        ahead = _with_noise(fill("x + dt * k", x=Sym(state), k=slopes[state]), system.noise.get(state, NOTHING))
        first.append((point, _seen(system, state, ahead)))
        stage[state] = Sym(point)
    last = []
    for state, drift in system.drift.items():
        new = fill("x + dt / 2 * (k + f)", x=Sym(state), k=slopes[state], f=_at(drift, stage, "dt"))
        last.append((state, _with_noise(new, system.noise.get(state, NOTHING))))
    return (*first, *last)


def rk4(system: System) -> Assignments:
    """The classical Runge-Kutta scheme of order four."""
    if any(system.noise.values()):
        raise EquationError("method='rk4' is a scheme without noise, and these equations have noise (xi).", hint="Use method='heun' or 'euler_maruyama'.")
    assign: list[tuple[str, Expr]] = []
    stage: dict[str, Expr] = {}
    for number, (reach, offset) in enumerate(((None, ""), ("dt / 2", "dt / 2"), ("dt / 2", "dt / 2"), ("dt", "dt")), 1):
        if reach:
            before = number - 1
            stage = dict(_later(system, offset))
            for state in system.drift:
                point = system.temporary(f"p{number}", state)
                ahead = fill(f"x + {reach} * k", x=Sym(state), k=Sym(system.temporary(f"k{before}", state)))
                assign.append((point, _seen(system, state, ahead)))
                stage[state] = Sym(point)
        assign += [(system.temporary(f"k{number}", x), _at(drift, stage, offset)) for x, drift in system.drift.items()]
    for state in system.drift:
        slopes = {f"k{n}": Sym(system.temporary(f"k{n}", state)) for n in (1, 2, 3, 4)}
        assign.append((state, fill("x + dt / 6 * (k1 + 2 * k2 + 2 * k3 + k4)", x=Sym(state), **slopes)))
    return tuple(assign)


def exponential_euler(system: System) -> Assignments:
    """x + dt exprel(a dt) f(x) with dx/dt = f = a x + b: the exact solution with a and b frozen at t_n.

    Equal to x_inf + (x - x_inf) exp(a dt) with x_inf = -b/a (Hodgkin and Huxley gates, conductances), and defined for
    a = 0, where it is Euler's scheme. Additive noise gets the variance s**2 (exp(2 a dt) - 1)/(2 a) of that solution.
    """
    _refuse_multiplicative(system, "exponential_euler")
    if missing := [state for state in system.drift if state not in system.own]:
        raise EquationError(
            f"exponential_euler needs equations that are linear in their own state; that of {missing[0]} is not",
            hint="use method='heun' or 'rk4'",
        )
    assign: list[tuple[str, Expr]] = []
    for state, drift in system.drift.items():
        rate = system.own[state]
        noises = system.noise.get(state, NOTHING)
        factor = system.factor.get(state) or fill(FACTOR, a=rate)
        spread = system.spread.get(state) or fill(SPREAD, a=rate)
        new = fill("x + factor * f", x=Sym(state), factor=factor, f=drift)
        assign.append((state, _with_noise(new, noises, spread)))
    return tuple(assign)


SCHEMES: Mapping[str, Callable[[System], Assignments]] = MappingProxyType(
    {
        "euler": euler,
        "euler_maruyama": euler,
        "heun": heun,
        "rk4": rk4,
        "exponential_euler": exponential_euler,
    }
)


def multiplicative(system: System) -> tuple[str, str] | None:
    """The first (state, noise) whose noise depends on a state that moves during the step."""
    moving = {*system.drift, *system.later}
    for state, noises in system.noise.items():
        for noise, coefficient in noises.items():
            if names(coefficient) & moving:
                return state, noise
    return None


def _refuse_multiplicative(system: System, method: str) -> None:
    if found := multiplicative(system):
        state, noise = found
        coefficient = show(system.noise[state][noise])
        raise EquationError(
            f"{method} needs noise whose strength does not depend on a state; in d{state}/dt it is {coefficient}",
            hint="use method='euler_maruyama' (Ito)",
        )


def _with_noise(new: Expr, noises: Mapping[str, Expr], spread: Expr | None = None) -> Expr:
    """``new + s * sqrt(dt) * xi`` for every noise, or with another factor than sqrt(dt)."""
    spread = spread or _template("sqrt(dt)")
    for noise, coefficient in noises.items():
        new = fill("new + s * spread * xi", new=new, s=coefficient, spread=spread, xi=Sym(noise))
    return new


def _seen(system: System, state: str, ahead: Expr) -> Expr:
    """What a later stage sees of a state: nothing moves while it is held."""
    if state in system.held:
        return fill("where(held, x, ahead)", x=Sym(state), ahead=ahead)
    return ahead


def _later(system: System, offset: str) -> Mapping[str, Expr]:
    """States outside the system at a stage: the mean of both ends in the middle of the step (third order there)."""
    if offset == "dt":
        return system.later
    return {state: fill("(x + end) / 2", x=Sym(state), end=end) for state, end in system.later.items()}


def _at(drift: Expr, stage: Mapping[str, Expr], offset: str) -> Expr:
    """The derivative with the states, and the time, of a stage."""
    if not offset:
        return drift
    clocks = {clock: fill(f"clock + {offset}", clock=Sym(clock)) for clock in ("t", "since_spike")}
    return substitute(drift, {**clocks, **stage})

"""Cases that come down the whole river: a network, lowered, integrated by every scheme."""

from __future__ import annotations

import numpy as np

from neurosim.backends.base import Settings
from neurosim.conformance.building import Array, near
from neurosim.conformance.case import Case, Run
from neurosim.ir.program import Program
from neurosim.lowering import lower
from neurosim.network import Network, NeuronModel, Population, Probe
from neurosim.record import Record
from neurosim.units import ms

ORDERS = {"euler": 1.0, "exponential_euler": 1.0, "heun": 2.0, "rk4": 4.0}
"""Scheme and its order of convergence."""
LENGTH = 6.4
"""Time of the comparison in ms; a multiple of all steps."""
STEPS = (0.4, 0.2, 0.1)

GATE = NeuronModel(
    """
    dx/dt = (y - x * (1 + 2 * y)) / (4*ms) : 1   # linear in x
    dy/dt = (x * x - y) / (3*ms)           : 1   # linear in y
    """,
    defaults={"x": 0.2, "y": 1.0},
    name="gate",
)
"""Nonlinear as a whole, linear in each state, so that every scheme takes it."""


def schemes_at(step: float) -> Program:
    """One population for each scheme."""
    populations = [Population(method, 1, GATE, method=method) for method in ORDERS]
    return lower(Network(*populations, *(Probe(p, "x") for p in populations)), LENGTH * ms, dt=step * ms)


def schemes() -> Program:
    """With the largest step."""
    return schemes_at(STEPS[0])


def exact_end() -> float:
    """x at the end, by the classical method with steps of 1/200 ms."""
    state, h = np.array([0.2, 1.0]), 1.0 / 200.0

    def f(s: Array) -> Array:
        return np.array([(s[1] - s[0] * (1.0 + 2.0 * s[1])) / 4.0, (s[0] * s[0] - s[1]) / 3.0])

    for _ in range(round(LENGTH / h)):
        a = f(state)
        b = f(state + h / 2 * a)
        c = f(state + h / 2 * b)
        d = f(state + h * c)
        state = state + h / 6 * (a + 2 * b + 2 * c + d)
    return float(state[0])


def schemes_oracle(program: Program, record: Record, run: Run) -> list[str]:
    """Halving the step divides the error by two to the order."""
    records = [record, *(run(schemes_at(step), Settings()) for step in STEPS[1:])]
    end, wrong = exact_end(), []
    for method, order in ORDERS.items():
        errors = [abs(float(found.final[method, "x"][0, 0]) - end) for found in records]
        measured = np.log2(errors[1] / errors[2])
        wrong += near(f"order of {method} ({measured:.2f})", measured, order, 0.15)
    return wrong


CASES = (Case("schemes", "measured order of convergence of every scheme, from equations", schemes, schemes_oracle),)

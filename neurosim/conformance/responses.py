"""Cases of linear responses: what an exact update gives, against the closed form."""

from __future__ import annotations

import numpy as np

from neurosim.conformance.building import (
    DT,
    Array,
    dense,
    events,
    expr,
    near,
    statements,
    steps_of,
    taps,
    trace_of,
    update,
    vector,
)
from neurosim.conformance.case import Case, Oracle, Run
from neurosim.ir.program import Block, Pathway, Phase, Program
from neurosim.record import Record

TAUS = np.array([1.0, 5.0, 12.5, 20.0, 100.0])


def exact_decay() -> Program:
    """Five leaky neurons that start away from rest."""
    block = Block("cell", 5, {"v": -50.0}, {"decay": np.exp(-DT / TAUS), "rest": -65.0}, update=update(v="rest + decay * (v - rest)"))
    return Program(DT, (block,), taps=taps(("cell", "v")), plan=(Phase(500),))


def exact_decay_oracle(program: Program, record: Record, run: Run) -> list[str]:
    """v = rest + (v0 - rest) exp(-t / tau)."""
    t = steps_of(program)[:, None] * DT
    return near("v", trace_of(record, "cell", "v"), -65.0 + 15.0 * np.exp(-t / TAUS))


def response_of(gaps: Array) -> Program:
    """v driven by an exponential current whose time constant is tau_m (1 + gap); closed form in the entry of the propagator."""
    tau_m = 10.0
    tau_s = tau_m * (1.0 + gaps)
    rate = 1.0 / tau_s - 1.0 / tau_m
    # integral of exp(-(dt - s) / tau_m) exp(-s / tau_s) ds, without cancellation
    with np.errstate(invalid="ignore"):
        inner = np.where(gaps == 0.0, DT, -np.expm1(-DT * rate) / np.where(rate == 0.0, 1.0, rate))
    block = Block(
        "cell",
        len(gaps),
        {"v": 0.0, "I": 1.0},
        {"vv": np.exp(-DT / tau_m), "ii": np.exp(-DT / tau_s), "vi": np.exp(-DT / tau_m) * inner},
        update=update(v="vv * v + vi * I", I="ii * I"),
    )
    return Program(DT, (block,), taps=taps(("cell", "v"), ("cell", "I")), plan=(Phase(600),))


def response_oracle(gaps: Array) -> Oracle:
    """v = exp(-t/tau_m) (1 - exp(-t rate)) / rate."""

    def oracle(program: Program, record: Record, run: Run) -> list[str]:
        t, rate = steps_of(program)[:, None] * DT, 1.0 / (10.0 * (1.0 + gaps)) - 0.1
        with np.errstate(invalid="ignore"):
            inner = np.where(rate == 0.0, t, -np.expm1(-t * rate) / np.where(rate == 0.0, 1.0, rate))
        return near("v", trace_of(record, "cell", "v"), np.exp(-t / 10.0) * inner)

    return oracle


EQUAL = np.zeros(3)
NEARLY = np.array([1e-3, 1e-6, 1e-9, -1e-6, -1e-12])


def alpha_current() -> Program:
    """An event starts an alpha-shaped current: I' = s - I / tau, s' = -s / tau."""
    tau = np.array([0.5, 2.0, 5.0])
    block = Block("cell", 3, {"I": 0.0, "s": 0.0}, {"k": np.exp(-DT / tau)}, update=update(I=f"k * (I + {DT} * s)", s="k * s"))
    path = Pathway("in -> cell", "in", "cell", dense(1, 3), statements("s_post += w"), "w")
    return Program(DT, (block,), (events("in", 1, [4], [0]),), (path,), (vector(path, np.e / tau),), taps(("cell", "I")), (Phase(400),))


def alpha_oracle(program: Program, record: Record, run: Run) -> list[str]:
    """I = (t / tau) exp(1 - t / tau) from the step after the delivery."""
    tau = np.array([0.5, 2.0, 5.0])
    t = np.maximum(steps_of(program)[:, None] - 5, 0) * DT
    return near("I", trace_of(record, "cell", "I"), t / tau * np.exp(1.0 - t / tau))


def dual_exponential() -> Program:
    """A conductance that rises with one time constant and decays with another."""
    block = Block(
        "cell",
        1,
        {"g": 0.0, "r": 0.0},
        {"kd": np.exp(-DT / 8.0), "kr": np.exp(-DT / 2.0)},
        update=update(g="kd * g", r="kr * r"),
        outputs=(("cond", expr("g - r")),),
    )
    path = Pathway("in -> cell", "in", "cell", dense(1, 1), statements("g_post += w; r_post += w"), "w", delay=2)
    return Program(
        DT, (block,), (events("in", 1, [0, 100], [0, 0]),), (path,), (vector(path, 1.5),), taps(("cell", "cond"), at="end"), (Phase(400),)
    )


def dual_oracle(program: Program, record: Record, run: Run) -> list[str]:
    """A sum of two responses; the output of step n is evaluated after integration, at t_n + dt."""
    t = steps_of(program)[:, None] * DT
    shape = sum(np.where(t >= s, np.exp(-(t - s) / 8.0) - np.exp(-(t - s) / 2.0), 0.0) for s in (2 * DT, 102 * DT))
    return near("cond", trace_of(record, "cell", "cond"), 1.5 * shape)


CASES = (
    Case("exact_decay", "five leaky neurons against the exponential", exact_decay, exact_decay_oracle, modes=("cython", "cpp_standalone")),
    Case("equal_time_constants", "membrane and current with the same time constant", lambda: response_of(EQUAL), response_oracle(EQUAL)),
    Case(
        "nearly_equal_time_constants", "time constants that differ by 1e-3 to 1e-12", lambda: response_of(NEARLY), response_oracle(NEARLY)
    ),
    Case("alpha_current", "an alpha-shaped current started by an event", alpha_current, alpha_oracle),
    Case("dual_exponential", "rise and decay of a conductance, two events, delay 2", dual_exponential, dual_oracle),
)

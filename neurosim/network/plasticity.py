"""How weights learn: traces and statements, as equations; and pair-based spike-timing dependent plasticity as text."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import KW_ONLY, dataclass, field, replace
from typing import Any

import numpy as np

from ..equations import ParsedStatement
from ..equations.model import Equations
from ..errors import EquationError, Findings, ParameterError
from ..units import TIME, Quantity
from .texts import (
    Variable,
    check_synaptic_text,
    check_values,
    described,
    read_statements,
    read_synapse,
    require_texts,
    require_values,
    synaptic_value,
    variables_of,
)
from .values import called, check_positive, check_scalar, conclude


@dataclass(frozen=True, eq=False, repr=False)
class Plasticity:
    """A learning rule.

    Parameters
    ----------
    equations : str
        Own states (traces) and parameters, one of each per synapse. The unit ``weight`` is that of the weight that the rule is
        used on, so that one rule serves weights in mV, pA and nS.
    on_pre : str
        Statements that run when a spike arrives at the synapse, after it was delivered with the old weight.
    on_post : str
        Statements that run when the target neuron fires.
    on_step : str
        Statements that run every time step, or every `every`.
    every : Quantity, optional
        [ms] The interval of `on_step`.
    values : mapping
        Parameters and initial states: numbers with units, arrays (E,), distributions. States start at 0 if not given.
    name, source : str
        For messages and for printing.

    Notes
    -----
    Names in statements: own states and parameters, the weight ``w``, ``X_pre`` (an output of the source, as it was sent),
    ``X_post`` (a state, output or port of the target; ports carry modulators such as a reward), ``value`` (what the arriving
    spike carries; on_pre only), ``rand()``, ``t``, ``dt``. Statements may change own states and ``w``, and add to ports of the
    target. Within a step the order is on_pre, on_post, on_step; ``w`` is clipped to the projection's bounds after each statement.

    Examples
    --------
    >>> rule = Plasticity("dx/dt = -x / (20*ms) : 1\\neta : weight", on_pre="x += 1", on_post="w += eta * x")
    >>> from neurosim.units import pA
    >>> rule.with_values(eta=0.1 * pA).value_of("eta")
    0.1 pA
    """

    equations: str = ""
    _: KW_ONLY
    on_pre: str = ""
    on_post: str = ""
    on_step: str = ""
    every: Quantity | None = None
    values: Mapping[str, Any] = field(default_factory=dict)
    name: str = ""
    source: str = ""
    parsed: Equations = field(init=False)
    variables: Mapping[str, Variable] = field(init=False)
    pre_statements: tuple[ParsedStatement, ...] = field(init=False)
    post_statements: tuple[ParsedStatement, ...] = field(init=False)
    step_statements: tuple[ParsedStatement, ...] = field(init=False)

    def __post_init__(self) -> None:
        texts = {"equations": self.equations, "on_pre": self.on_pre, "on_post": self.on_post, "on_step": self.on_step}
        require_texts(self.where, **texts, name=self.name, source=self.source)
        require_values(self.where, self.values)
        parsed = read_synapse(self.equations, self.where)
        for key, value in (
            ("values", dict(self.values)),
            ("parsed", parsed),
            ("variables", variables_of(parsed)),
            ("pre_statements", read_statements(self.on_pre, self.where)),
            ("post_statements", read_statements(self.on_post, self.where)),
            ("step_statements", read_statements(self.on_step, self.where)),
        ):
            object.__setattr__(self, key, value)
        findings = Findings()
        for _name, text, statements in self.statements():
            ports = {statement.target for statement in statements if statement.target.endswith("_post")}
            check_synaptic_text(findings, parsed, text, statements, (*self.states(), "w", *ports), self.where)
        conclude(findings, EquationError, self.where)
        check_values(findings, self.variables, self.values, self.where)
        if not (self.on_pre.strip() or self.on_post.strip() or self.on_step.strip()):
            findings.add(self.where, "needs statements: give on_pre, on_post or on_step.")
        if self.every is not None:
            if not self.on_step.strip():
                findings.add(self.where, "every is given, but there is no on_step that it belongs to.")
            every = check_scalar(findings, self.every, TIME, self.where, "every")
            if every is not None:
                check_positive(findings, self.every, TIME, np.asarray(every), self.where, "every")
        conclude(findings, ParameterError, self.where)

    @property
    def where(self) -> str:
        """How messages call it."""
        return called("Plasticity", self.name)

    def states(self) -> tuple[str, ...]:
        """Names of the own states."""
        return tuple(name for name, variable in self.variables.items() if variable.kind == "state")

    def statements(self) -> tuple[tuple[str, str, tuple[ParsedStatement, ...]], ...]:
        """The three lists as (name, text, statements)."""
        return (
            ("on_pre", self.on_pre, self.pre_statements),
            ("on_post", self.on_post, self.post_statements),
            ("on_step", self.on_step, self.step_statements),
        )

    def value_of(self, name: str) -> Any:
        """A parameter or an initial state; 0 for a state that was not given."""
        return synaptic_value(self.variables, self.values, name, self.where)

    def with_values(self, **values: Any) -> Plasticity:
        """The same rule with other parameters and initial states."""
        return replace(self, values={**self.values, **values})

    def __str__(self) -> str:
        texts = {"on pre": self.on_pre, "on post": self.on_post, "on step": self.on_step}
        return described(self.where, self.equations, texts, self.values, self.source)

    def __repr__(self) -> str:
        return self.where


_PAIR_STDP = """
    dx/dt = -x / tau_plus  : 1      # trace of presynaptic spikes
    dy/dt = -y / tau_minus : 1      # trace of postsynaptic spikes
    tau_plus, tau_minus : ms
    a_plus, a_minus     : weight    # change of the weight per pair of spikes
    """


def pair_stdp(
    *, tau_plus: Quantity, tau_minus: Quantity, a_plus: Quantity | float, a_minus: Quantity | float
) -> Plasticity:
    """Additive spike-timing dependent plasticity, all pairs; the bounds of the weight are given on the projection.

    Parameters
    ----------
    tau_plus, tau_minus : Quantity
        [ms] Time constants of the traces of pre- and postsynaptic spikes.
    a_plus, a_minus : Quantity or number
        Largest increase and decrease of the weight by one pair, in the unit of the weight.

    Returns
    -------
    Plasticity
        At an arrival the weight decreases by ``a_minus * y``, then the presynaptic trace x grows by 1; at a postsynaptic spike
        the trace y grows by 1, then the weight increases by ``a_plus * x``.

    References
    ----------
    Song, Miller and Abbott 2000, Competitive Hebbian learning through spike-timing-dependent synaptic plasticity, Nature
    Neuroscience 3:919, doi 10.1038/78829

    Examples
    --------
    >>> from neurosim.units import ms, pA
    >>> rule = pair_stdp(tau_plus=20 * ms, tau_minus=20 * ms, a_plus=0.1 * pA, a_minus=0.105 * pA)
    >>> rule.states()
    ('x', 'y')
    """
    return Plasticity(
        _PAIR_STDP,
        on_pre="w -= a_minus * y; x += 1",
        on_post="y += 1; w += a_plus * x",
        values={"tau_plus": tau_plus, "tau_minus": tau_minus, "a_plus": a_plus, "a_minus": a_minus},
        name="pair_stdp",
        source="Song, Miller and Abbott 2000, Nature Neuroscience 3:919, doi 10.1038/78829",
    )

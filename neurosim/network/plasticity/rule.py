"""What a learning rule is: traces and statements as equations, and what it needs of the neurons that it is used on."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import KW_ONLY, dataclass, field, replace
from typing import Any

import numpy as np

from ...equations import ParsedStatement
from ...equations.model import Equations
from ...errors import EquationError, Findings, ParameterError
from ...spelling import spelt
from ...units import TIME, Quantity
from ..texts import (
    Variable,
    check_synaptic_text,
    check_values,
    described,
    read_texts,
    require_texts,
    require_values,
    synaptic_value,
    variables_of,
)
from ..values import called, check_positive, check_scalar, conclude_model, is_a, shown


@spelt
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
    needs : mapping
        Name of the target, without ``_post``, to the line that declares it in a neuron model, such as
        ``{"reward": "reward : 1 (port)"}``: what to write is said where it is missing.
    values : mapping
        Parameters and initial states: numbers with units, arrays (E,), distributions. States start at 0 if not given.
    name, about, source : str
        For messages, for printing and for tables: what it is called, what it is in one line, where it comes from.

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
    needs: Mapping[str, str] = field(default_factory=dict)
    values: Mapping[str, Any] = field(default_factory=dict)
    name: str = ""
    about: str = ""
    source: str = ""
    parsed: Equations = field(init=False)
    variables: Mapping[str, Variable] = field(init=False)
    pre_statements: tuple[ParsedStatement, ...] = field(init=False)
    post_statements: tuple[ParsedStatement, ...] = field(init=False)
    step_statements: tuple[ParsedStatement, ...] = field(init=False)

    def __post_init__(self) -> None:
        given = {"equations": self.equations, "on_pre": self.on_pre, "on_post": self.on_post, "on_step": self.on_step}
        require_texts(self.where, **given, name=self.name, about=self.about, source=self.source)
        require_values(self.where, self.values)
        _require_lines(self.where, self.needs)
        spoken = read_texts(self.where, self.equations, pre_statements=self.on_pre, post_statements=self.on_post, step_statements=self.on_step)
        parsed = spoken["parsed"]
        for key, value in (
            *spoken.items(),
            ("values", dict(self.values)),
            ("needs", dict(self.needs)),
            ("variables", variables_of(parsed)),
        ):
            object.__setattr__(self, key, value)
        texts, findings = Findings(), Findings()
        for _name, text, statements in self.statements():
            ports = {statement.target for statement in statements if statement.target.endswith("_post")}
            check_synaptic_text(texts, parsed, text, statements, (*self.states(), "w", *ports), self.where)
        check_values(findings, self.variables, self.values, self.where)
        if not (self.on_pre.strip() or self.on_post.strip() or self.on_step.strip()):
            findings.add(self.where, "needs statements: give on_pre, on_post or on_step.")
        if self.every is not None:
            if not self.on_step.strip():
                findings.add(self.where, "every is given, but there is no on_step that it belongs to.")
            every = check_scalar(findings, self.every, TIME, self.where, "every")
            if every is not None:
                check_positive(findings, self.every, TIME, np.asarray(every), self.where, "every")
        conclude_model(texts, findings, self.where, EquationError)

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
        texts["needs of the target"] = "; ".join(self.needs.values())
        return described(self.where, self.equations, texts, self.values, self.source, self.about)

    def __repr__(self) -> str:
        return self.where


def _require_lines(where: str, needs: object) -> None:
    """Refuse anything but texts by name."""
    if not isinstance(needs, Mapping) or not all(is_a(text, str) for pair in needs.items() for text in pair):
        raise ParameterError(f"needs must be a dictionary such as {{'reward': 'reward : 1 (port)'}}, got {shown(needs)}.", where=where)

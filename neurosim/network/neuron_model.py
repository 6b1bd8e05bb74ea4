"""What a neuron is: equations, when it fires, what it sends, what a spike resets. The standard ones are in `neurons`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import KW_ONLY, dataclass, field, replace
from typing import Any

from ..equations import Expr, ParsedStatement, names
from ..equations.calculus import inline
from ..equations.dimensions import check_condition, check_statements, dimension_of, is_condition
from ..equations.model import Equations, parse_equations
from ..errors import EquationError, Findings, NeurosimError, ParameterError, did_you_mean
from ..spelling import spelt
from ..units import DIMENSIONLESS, TIME, Dimension, Quantity
from .texts import Variable, check_value, described, placed, read_expression, read_statements, require_texts, variables_of
from .values import called, check_flag, check_positive, conclude, conclude_model, inner_or_none, is_a, is_one_of, listed, shown

METHODS = ("exact", "euler", "heun", "rk4", "exponential_euler", "euler_maruyama")
SETTABLE = ("state", "parameter")
# Population(name, size, model, method=..., refractory=..., **values): these names would never reach the values.
ARGUMENTS = ("self", "name", "size", "model", "method", "refractory")


@spelt
@dataclass(frozen=True, eq=False, repr=False)
class NeuronModel:
    """A kind of neuron.

    Parameters
    ----------
    equations : str
        Lines of the equation language: states, definitions, parameters, ports, outputs.
    spike : str, optional
        The condition under which a neuron fires, such as ``"v > v_th"``; without it the neuron sends signals only.
    reset : str
        Statements that run when a neuron has fired, such as ``"v = v_reset; w += b"``.
    refractory : Quantity or str, optional
        [ms] How long the held states keep their value after a spike and the neuron cannot fire; or the name of a parameter.
    payload : str
        What a spike carries, an expression of the state before the reset; weights are multiplied by it.
    rising : bool
        Whether the neuron fires only when the condition becomes true, not as long as it is.
    held : tuple of str, optional
        The states that a refractory neuron holds; none for a refractory time in detection only. By default the states of the
        spike condition that the reset sets with ``=``.
    defaults : mapping
        Values of parameters and initial values of states. The initial value of a state may be an expression, such as
        ``"v_rest"``; a state without default starts at 0.
    method : str, optional
        'exact', 'euler', 'heun', 'rk4', 'exponential_euler', 'euler_maruyama'; chosen from the equations if not given.
    name, about, source : str
        For messages, for printing and for tables: what it is called, what it is in one line, where it comes from.

    Attributes
    ----------
    parsed : Equations
        The equations, read and checked.
    variables : mapping of str to Variable
        Every declared name with its kind and unit.
    spike_condition, reset_statements, payload_expr : Expr or None, tuple of ParsedStatement, Expr
        The other texts, read and checked; unit names are still in them.
    payload_dimension : Dimension

    Raises
    ------
    EquationError, UnitError, ParameterError
        With everything that is wrong in the texts and values.

    Examples
    --------
    >>> from neurosim.units import ms
    >>> cell = NeuronModel(
    ...     "dv/dt = (v_rest - v) / tau_m : mV\\nv_rest : mV\\ntau_m : ms",
    ...     spike="v > -50*mV", reset="v = -60*mV", refractory=5 * ms)
    >>> cell.held_states()
    ('v',)
    """

    equations: str
    _: KW_ONLY
    spike: str | None = None
    reset: str = ""
    refractory: Quantity | str | None = None
    payload: str = "1"
    rising: bool = False
    held: tuple[str, ...] | None = None
    defaults: Mapping[str, Any] = field(default_factory=dict)
    method: str | None = None
    name: str = ""
    about: str = ""
    source: str = ""
    parsed: Equations = field(init=False)
    variables: Mapping[str, Variable] = field(init=False)
    spike_condition: Expr | None = field(init=False)
    reset_statements: tuple[ParsedStatement, ...] = field(init=False)
    payload_expr: Expr = field(init=False)
    payload_dimension: Dimension = field(init=False)

    def __post_init__(self) -> None:
        where = self.where
        spike = "" if self.spike is None else self.spike
        require_texts(where, equations=self.equations, spike=spike, reset=self.reset, payload=self.payload)
        require_texts(where, name=self.name, about=self.about, source=self.source)
        self._check_kinds()
        spoken = self._read()
        parsed: Equations = spoken["parsed"]
        for key, value in (
            *spoken.items(),
            ("defaults", dict(self.defaults)),
            ("held", (self.held,) if is_a(self.held, str) else listed(self.held)),
            ("variables", variables_of(parsed)),
            ("payload_dimension", DIMENSIONLESS),
        ):
            object.__setattr__(self, key, value)
        texts, options = Findings(), Findings()
        self._check_texts(texts)
        self._check_options(options)
        conclude_model(texts, options, where)

    @property
    def where(self) -> str:
        """How messages call it."""
        return called("NeuronModel", self.name)

    def of_kind(self, kind: str) -> tuple[str, ...]:
        """Names of all 'state', 'definition', 'output', 'parameter' or 'port' variables."""
        return tuple(name for name, variable in self.variables.items() if variable.kind == kind)

    def settable(self) -> tuple[str, ...]:
        """Names that a population may give a value: parameters and states."""
        return tuple(name for name, variable in self.variables.items() if variable.kind in SETTABLE)

    def held_states(self) -> tuple[str, ...]:
        """The states that keep their value while a neuron is refractory."""
        if self.held is not None:
            return self.held
        if self.spike_condition is None:
            return ()
        seen = self.condition_names()
        reset = {statement.target for statement in self.reset_statements if statement.op == "="}
        return tuple(name for name in self.of_kind("state") if name in seen & reset)

    def condition_names(self) -> frozenset[str]:
        """Names that the spike condition depends on, also through definitions and outputs."""
        if self.spike_condition is None:
            return frozenset()
        seen: set[str] = set()
        fresh = set(names(self.spike_condition))
        while fresh:
            seen |= fresh
            inner = (names(self.parsed.inlined_names[name]) for name in fresh if name in self.parsed.inlined_names)
            fresh = set().union(*inner) - seen
        return frozenset(seen)

    def with_defaults(self, **values: Any) -> NeuronModel:
        """The same model with other default values.

        Examples
        --------
        >>> from neurosim.units import ms
        >>> model = NeuronModel("dv/dt = -v / tau : 1\\ntau : ms")
        >>> model.with_defaults(tau=10 * ms).defaults["tau"]
        10 ms
        """
        return replace(self, defaults={**self.defaults, **values})

    def __str__(self) -> str:
        refractory = "" if self.refractory is None else str(self.refractory)
        texts = {
            "spike": (self.spike or "") + (" (rising)" if self.rising else ""),
            "reset": self.reset,
            "refractory": refractory,
            "held while refractory": ", ".join(self.held_states()) if refractory else "",
            "payload": "" if self.payload == "1" else self.payload,
            "method": self.method or "",
        }
        return described(self.where, self.equations, texts, self.defaults, self.source, self.about)

    def __repr__(self) -> str:
        return self.where

    def _check_kinds(self) -> None:
        """What is no text is of the right kind."""
        findings = Findings()
        check_flag(findings, self.rising, self.where, "rising")
        if not is_a(self.defaults, Mapping):
            findings.add(self.where, f"defaults must be a dictionary such as {{'tau_m': 10 * ms}}, got {shown(self.defaults)}.")
        if self.held is not None and not is_a(self.held, str) and listed(self.held) is None:
            findings.add(self.where, f"held must name states, as in held=('v',), got {shown(self.held)}.")
        if not self.equations.strip() and self.spike is None:
            findings.add(self.where, "has neither equations nor a spike condition: nothing can happen.")
        conclude(findings, ParameterError, self.where)

    def _read(self) -> dict[str, Any]:
        """The texts as trees; mistakes in the grammar of all of them at once."""
        findings, where, spike = Findings(), self.where, self.spike
        trees = {
            "parsed": findings.tried(lambda: placed(where, lambda: parse_equations(self.equations, where=where))),
            "spike_condition": None if spike is None else findings.tried(lambda: read_expression(spike, where)),
            "reset_statements": findings.tried(lambda: read_statements(self.reset, where)),
            "payload_expr": findings.tried(lambda: read_expression(self.payload, where)),
        }
        conclude(findings, findings.kind(EquationError), where)
        return trees

    def _check_texts(self, findings: Findings) -> None:
        """Units of the condition, the reset and the payload."""
        errors: list[NeurosimError] = []
        scope = self.parsed.scope()
        try:
            if self.spike is not None and self.spike_condition is not None:
                check_condition(self.spike_condition, scope.quoting(self.spike))
                _refuse_ports(self.spike_condition, self.parsed, self.spike, "the spike condition")
        except NeurosimError as error:
            errors.append(error)
        try:
            if is_condition(self.payload_expr):
                raise EquationError("the payload must be a number; write where(c, 1, 0)", self.payload, self.payload_expr.span)
            found = dimension_of(self.payload_expr, scope.quoting(self.payload))
            _refuse_ports(self.payload_expr, self.parsed, self.payload, "the payload")
            object.__setattr__(self, "payload_dimension", DIMENSIONLESS if found is None else found)
        except NeurosimError as error:
            errors.append(error)
        try:
            check_statements(self.reset_statements, scope.quoting(self.reset), self.of_kind("state"))
        except NeurosimError as error:
            errors.append(error)
        for found_error in errors:
            findings.add_error(found_error)

    def _check_options(self, findings: Findings) -> None:
        where = self.where
        if self.method is not None and not is_one_of(self.method, METHODS):
            findings.add(where, f"unknown method {shown(self.method)}{did_you_mean(self.method, METHODS)}")
        if self.spike is None:
            for name, given in (("reset", self.reset), ("refractory", self.refractory), ("rising", self.rising)):
                if given:
                    findings.add(where, f"{name} is given, but there is no spike condition that it belongs to.")
        for name in sorted(set(self.variables) & set(ARGUMENTS)):
            findings.add(where, f"'{name}' is an argument of Population, which could not be told from it: choose another name.")
        for name in self.held or ():
            if not is_one_of(name, self.of_kind("state")):
                findings.add(where, f"held must name states, got {shown(name)}{did_you_mean(str(name), self.of_kind('state'))}")
        check_refractory(findings, self, self.refractory, where)
        for name, value in self.defaults.items():
            if name not in self.settable():
                findings.add(where, f"unknown parameter '{name}' in the defaults{did_you_mean(name, self.settable())}")
            else:
                check_value(findings, name, value, self.variables[name], where, parsed=self.parsed)


def _refuse_ports(expr: Expr, parsed: Equations, source: str, what: str) -> None:
    """Ports are read and cleared before spikes are detected; an output may depend on them, a definition may not."""
    definitions = {entry.name: entry.expr for entry in parsed.definitions}
    ports = {port.name for port in parsed.ports}
    read = sorted(names(inline(expr, definitions)) & ports)
    if read:
        raise EquationError(
            f"{what} cannot read the port {read[0]}",
            source,
            expr.span,
            hint="A port is read by the equations and then cleared: let a state or an output depend on it.",
        )


def check_refractory(
    findings: Findings, model: NeuronModel, value: Quantity | str | None, where: str, size: int | None = None
) -> None:
    """A time, or the name of a parameter that is one; an array has one time for each of `size` neurons."""
    if value is None or model.spike is None:
        return
    if isinstance(value, str):
        variable = model.variables.get(value)
        if variable is None or variable.kind != "parameter" or variable.dimension != TIME:
            times = [name for name in model.of_kind("parameter") if model.variables[name].dimension == TIME]
            advice = did_you_mean(value, times)
            findings.add(where, f"refractory must be a time or a parameter that is a time, got '{value}'{advice}")
        return
    inner = inner_or_none(findings, value, TIME, where, "refractory")
    if inner is None:
        return
    if inner.ndim and inner.shape != (size,):
        wanted = "one time" if size is None else f"one time or {size} times"
        findings.add(where, f"refractory must be {wanted}, got {shown(value)}.")
    check_positive(findings, value, TIME, inner, where, "refractory", zero=True)

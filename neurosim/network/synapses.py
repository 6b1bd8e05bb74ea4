"""What an arriving spike or signal does at a synapse; and the standard synapses as text.

A synapse model says in statements how an arrival changes its own states and what it adds to the target. The name ``into``
stands for the port or state that the projection names.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import KW_ONLY, dataclass, field, replace
from typing import Any

from ..equations import ParsedStatement
from ..equations.model import Equations
from ..errors import EquationError, Findings, ParameterError
from ..units import ms
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
from .values import called, conclude

INTO = "into"


@dataclass(frozen=True, eq=False, repr=False)
class SynapseModel:
    """A kind of synapse.

    Parameters
    ----------
    equations : str
        Own states and parameters, one of each per synapse.
    on_arrival : str
        Statements that run when a spike (or, every step, a signal) arrives. They set own states and add to ``into``. Names: own
        states and parameters, ``w``, ``value`` (what the spike carries, or the signal), ``X_pre`` (an output of the source),
        ``X_post`` (a state, output or port of the target), ``rand()``, ``t``, ``dt``. What is added to ``into`` is multiplied
        by ``value`` unless the statement itself mentions it.
    values : mapping
        Parameters and initial states: numbers with units, arrays (E,), distributions. States start at 0 if not given.
    name, source : str
        For messages and for printing.

    Examples
    --------
    >>> from neurosim.units import ms
    >>> saturating = SynapseModel("ds/dt = -s / tau : 1\\ntau : ms", on_arrival="into += w * (1 - s); s += 1 - s",
    ...                           values={"tau": 5 * ms})
    >>> saturating.states()
    ('s',)
    """

    equations: str = ""
    _: KW_ONLY
    on_arrival: str = "into += w"
    values: Mapping[str, Any] = field(default_factory=dict)
    name: str = ""
    source: str = ""
    parsed: Equations = field(init=False)
    variables: Mapping[str, Variable] = field(init=False)
    arrival_statements: tuple[ParsedStatement, ...] = field(init=False)

    def __post_init__(self) -> None:
        require_texts(self.where, equations=self.equations, on_arrival=self.on_arrival, name=self.name, source=self.source)
        require_values(self.where, self.values)
        parsed = read_synapse(self.equations, self.where)
        statements = read_statements(self.on_arrival, self.where)
        for key, value in (
            ("values", dict(self.values)),
            ("parsed", parsed),
            ("variables", variables_of(parsed)),
            ("arrival_statements", statements),
        ):
            object.__setattr__(self, key, value)
        findings = Findings()
        check_synaptic_text(findings, parsed, self.on_arrival, statements, (*self.states(), INTO), self.where)
        conclude(findings, EquationError, self.where)
        check_values(findings, self.variables, self.values, self.where)
        conclude(findings, ParameterError, self.where)

    @property
    def where(self) -> str:
        """How messages call it."""
        return called("SynapseModel", self.name)

    def states(self) -> tuple[str, ...]:
        """Names of the own states."""
        return tuple(name for name, variable in self.variables.items() if variable.kind == "state")

    def value_of(self, name: str) -> Any:
        """A parameter or an initial state; 0 for a state that was not given."""
        return synaptic_value(self.variables, self.values, name, self.where)

    def with_values(self, **values: Any) -> SynapseModel:
        """The same synapse with other parameters and initial states."""
        return replace(self, values={**self.values, **values})

    def __str__(self) -> str:
        return described(self.where, self.equations, {"on arrival": self.on_arrival}, self.values, self.source)

    def __repr__(self) -> str:
        return f"{self.where}: on_arrival={self.on_arrival!r}"


static = SynapseModel(name="static", on_arrival="into += w")
delta = static

tsodyks_markram = SynapseModel(
    """
    du/dt = -u / tau_facil      : 1     # fraction of the available resources that a spike releases
    dx/dt = (1 - x) / tau_rec   : 1     # fraction of the resources that is available
    tau_rec, tau_facil : ms
    U : 1                               # release of a spike after long silence
    """,
    on_arrival="u += U * (1 - u); into += w * u * x; x -= u * x",
    values={"U": 0.04, "tau_rec": 100 * ms, "tau_facil": 1000 * ms, "u": 0.0, "x": 1.0},
    name="tsodyks_markram",
    source=(
        "Tsodyks, Pawelzik and Markram 1998, Neural Computation 10:821, doi 10.1162/089976698300017502; defaults: facilitating "
        "synapses of Tsodyks, Uziel and Markram 2000, Journal of Neuroscience 20:RC50, doi 10.1523/JNEUROSCI.20-01-j0003.2000"
    ),
)

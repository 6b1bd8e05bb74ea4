"""What an arriving spike or signal does at a synapse, and what conducts in every step; the standard synapses as text.

A synapse model says in statements how an arrival changes its own states and what is added to the target. The name ``into``
stands for the port or state that the projection names.

A linear synapse whose time constants are the same for all synapses of a neuron belongs to the neuron (``neurons.lif_exponential``,
``lif_alpha``, ``lif_dual_exponential``): one state there does the work of thousands. A synapse with states of its own costs a step of
each synapse in every time step, and conducts through a port: ``I_ext`` of the standard neurons, ``g_nmda`` of ``neurons.lif_nmda``.
A gate that is the same for all synapses of a source can be a state of the source, sent as a signal: ``cells.output("s")``.

A new synapse is one constant below, and one case in ``neurosim/conformance``.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import KW_ONLY, dataclass, field, replace
from typing import TYPE_CHECKING, Any

from ..equations import ParsedStatement, names
from ..equations.model import Equations
from ..errors import EquationError, Findings
from ..spelling import spelt, unknown_name
from ..units import ms
from .texts import (
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
from .values import add_with_hint, called, conclude_model

INTO = "into"


@spelt
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
    on_step : str
        Statements that run in every step, after what arrivals and spikes did in it. They may add to ``into``, which must then be
        a port. Names: as above without ``value``.
    values : mapping
        Parameters and initial states: numbers with units, arrays (E,), distributions. States start at 0 if not given.
    name, about, source : str
        For messages, for printing and for tables: what it is called, what it is in one line, where it comes from.

    Examples
    --------
    >>> from neurosim.units import ms
    >>> saturating = SynapseModel("ds/dt = -s / tau : 1\\ntau : ms", on_arrival="into += w * (1 - s); s += 1 - s",
    ...                           values={"tau": 5 * ms})
    >>> saturating.states()
    ('s',)
    >>> lasting = SynapseModel("ds/dt = -s / tau : 1\\ntau : ms", on_arrival="s += value", on_step="into += w * s", values={"tau": 5 * ms})
    >>> lasting
    SynapseModel: on_arrival='s += value', on_step='into += w * s'
    """

    equations: str = ""
    _: KW_ONLY
    on_arrival: str = "into += w"
    on_step: str = ""
    values: Mapping[str, Any] = field(default_factory=dict)
    name: str = ""
    about: str = ""
    source: str = ""
    parsed: Equations = field(init=False)
    variables: Mapping[str, Variable] = field(init=False)
    arrival_statements: tuple[ParsedStatement, ...] = field(init=False)
    step_statements: tuple[ParsedStatement, ...] = field(init=False)

    def __post_init__(self) -> None:
        require_texts(self.where, equations=self.equations, on_arrival=self.on_arrival, on_step=self.on_step)
        require_texts(self.where, name=self.name, about=self.about, source=self.source)
        require_values(self.where, self.values)
        spoken = read_texts(self.where, self.equations, arrival_statements=self.on_arrival, step_statements=self.on_step)
        parsed = spoken["parsed"]
        for key, value in (
            *spoken.items(),
            ("values", dict(self.values)),
            ("variables", variables_of(parsed)),
        ):
            object.__setattr__(self, key, value)
        texts, findings = Findings(), Findings()
        for text, statements in ((self.on_arrival, self.arrival_statements), (self.on_step, self.step_statements)):
            check_synaptic_text(texts, parsed, text, statements, (*self.states(), INTO), self.where)
        if any("value" in names(statement.expr) for statement in self.step_statements):
            add_with_hint(
                texts,
                self.where,
                f"on_step reads 'value', which is there only when something arrives: {self.on_step!r}.",
                "Keep it in a state, as in on_arrival='s += value'.",
            )
        check_values(findings, self.variables, self.values, self.where)
        conclude_model(texts, findings, self.where, EquationError)

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
        texts = {"on arrival": self.on_arrival, "on step": self.on_step}
        return described(self.where, self.equations, texts, self.values, self.source, self.about)

    def __repr__(self) -> str:
        step = f", on_step={self.on_step!r}" if self.on_step else ""
        return f"{self.where}: on_arrival={self.on_arrival!r}{step}"


static = SynapseModel(name="static", about="adds its weight", on_arrival="into += w")
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
    about="short-term depression and facilitation",
    source=(
        "Tsodyks, Pawelzik and Markram 1998, Neural Computation 10:821, doi 10.1162/089976698300017502; defaults: facilitating "
        "synapses of Tsodyks, Uziel and Markram 2000, Journal of Neuroscience 20:RC50, doi 10.1523/JNEUROSCI.20-01-j0003.2000"
    ),
)

_ROTH = (
    "Roth and van Rossum 2009, Modeling synapses, in Computational Modeling Methods for Neuroscientists, "
    "doi 10.7551/mitpress/9780262013277.003.0007"
)

alpha = SynapseModel(
    """
    ds/dt = (exp(1) * a - s) / tau : 1  # peaks at 1, tau after a spike
    da/dt = -a / tau : 1
    tau : ms
    """,
    on_arrival="a += value",
    on_step="into += w * s",
    values={"tau": 2 * ms},
    name="alpha",
    about="conducts an alpha function of peak w, into a port",
    source=_ROTH,
)

dual_exponential = SynapseModel(
    """
    ds/dt = (exp(peak) * a - s) / tau_decay : 1     # a difference of exponentials that peaks at 1
    da/dt = -a / tau_rise : 1
    peak = tau_decay / tau_rise / exprel(log(tau_decay / tau_rise)) : 1    # time of the peak, in units of tau_rise
    tau_rise, tau_decay : ms
    """,
    on_arrival="a += value",
    on_step="into += w * s",
    values={"tau_rise": 0.5 * ms, "tau_decay": 5 * ms},
    name="dual_exponential",
    about="conducts a difference of exponentials of peak w, into a port; also with equal time constants",
    source=_ROTH,
)

nmda = SynapseModel(
    """
    ds/dt = alpha * x * (1 - s) - s / tau_decay : 1     # fraction of open channels, at most 1
    dx/dt = -x / tau_rise : 1                           # transmitter
    tau_rise, tau_decay : ms
    alpha : 1/ms
    """,
    on_arrival="x += value",
    on_step="into += w * s",
    values={"tau_rise": 2 * ms, "tau_decay": 100 * ms, "alpha": 0.5 / ms},
    name="nmda",
    about="slow and saturating, conducts into a port; the magnesium block is on the neuron (neurons.lif_nmda)",
    source=(
        "Wang 2002, Probabilistic decision making by slow reverberation in cortical circuits, Neuron 36:955, "
        "doi 10.1016/S0896-6273(02)01092-9"
    ),
)

gap_junction = SynapseModel(
    on_arrival="into += w * (value - v_post)",
    name="gap_junction",
    about="electrical coupling: a signal of v, Projection(cells.output('v'), cells, ..., synapse=gap_junction), w a conductance",
    source=(
        "Lewis and Rinzel 2003, Dynamics of spiking neurons connected by both inhibitory and electrical coupling, Journal of "
        "Computational Neuroscience 14:283, doi 10.1023/A:1023265027714; both directions are projected, and the voltages of a step act "
        "in the next one"
    ),
)

if not TYPE_CHECKING:  # a type checker refuses such names by itself

    def __getattr__(name: str) -> object:
        """Refuse a name that is not here, with the nearest one."""
        raise unknown_name("neurosim.synapses", name, [known for known, value in globals().items() if isinstance(value, SynapseModel)])

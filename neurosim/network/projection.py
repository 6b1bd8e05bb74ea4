"""A bundle of synapses from one part to one population."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import KW_ONLY, dataclass, field
from typing import Any, TypeAlias

from ..equations import Num, ParsedStatement
from ..equations.dimensions import resolve_weight
from ..errors import Findings, NetworkError
from ..spelling import spelt
from ..units import DIMENSIONLESS, Dimension, Quantity
from . import synapses
from .connectivity import Connectivity, check_connectivity
from .delivery import conducted, delivered, names_at_ends
from .plasticity import Plasticity
from .population import Output, Population
from .rules import (
    check_bounds,
    check_conduction,
    check_delay,
    check_into,
    check_learning,
    check_rule_values,
    check_same_synapses,
    check_statements_of_synapse,
    check_transposed_synapses,
    check_weight,
    find_weight_dimension,
)
from .stimuli import STIMULI, PoissonSource, SpikeTimes, Stimulus
from .synapses import SynapseModel
from .values import add_with_hint, check_flag, conclude, is_a, is_number, is_one_of, shown

Source: TypeAlias = Population | Output | Stimulus
PRECISIONS = ("float32", "float64")


@spelt
@dataclass(frozen=True, eq=False, repr=False)
class Projection:
    """Synapses from a source to a population.

    Parameters
    ----------
    source : Population, Output or stimulus
        A population (its spikes), one of its outputs or states (a signal, ``cells.output("v")``), or a stimulus.
    target : Population
    connectivity : Connectivity
        Who is connected to whom.
    into : str
        The port or state of the target that arrivals add to.
    weight : number, Quantity, array or Distribution, optional
        In the unit of what `into` names divided by that of what arrives. An array has one entry per synapse (E,), or the shape
        (S, N) where all are connected to all. Left out, what arrives is added as it is.
    delay : Quantity, array or Distribution
        [ms]
    synapse : SynapseModel
        What an arrival does; by default ``into += w``.
    plasticity : Plasticity, optional
        How the weights change.
    bounds : (low, high), optional
        Of plastic weights; None on one side leaves that side open.
    name : str
        By default ``"source -> target"``.
    instant : bool, optional
        Whether a signal is seen by the target in the same time step. By default it is where the source is a stimulus, the
        delay 0 and `into` a port.
    shared_with, transpose_of : Projection, optional
        Use the weights of another projection, for the same synapses or for those in the other direction.
    factor : float
        Multiplies shared weights.
    weight_precision : {'float32', 'float64'}
        Precision to which fixed weights are rounded. Sums of float32 weights are exact, so they do not depend on their order.

    Raises
    ------
    NetworkError
        With everything that does not fit together.

    Examples
    --------
    >>> from neurosim.network import connectivity, neurons
    >>> from neurosim.units import ms, pA
    >>> exc = Population("exc", 80, neurons.lif_exponential)
    >>> Projection(exc, exc, connectivity.fixed_probability(0.1), into="I_syn", weight=20 * pA, delay=1 * ms)
    Projection('exc -> exc')
    """

    source: Source
    target: Population
    connectivity: Connectivity
    _: KW_ONLY
    into: str
    weight: Any = None
    delay: Any = 0.0
    synapse: SynapseModel | None = None
    plasticity: Plasticity | None = None
    bounds: tuple[Any, Any] | None = None
    name: str = ""
    instant: bool | None = None
    shared_with: Projection | None = None
    transpose_of: Projection | None = None
    factor: float = 1.0
    weight_precision: str = "float32"
    model: SynapseModel = field(init=False)
    weight_dimension: Dimension = field(init=False)

    def __post_init__(self) -> None:
        self._check_kinds()
        if isinstance(self.name, str) and not self.name:
            object.__setattr__(self, "name", f"{self.pre.name} -> {self.target.name}")
        object.__setattr__(self, "model", self.synapse or synapses.static)
        findings = Findings()
        wanted = check_into(findings, self.where, self.target, self.into)
        check_conduction(findings, self)
        fits = check_connectivity(findings, self.where, self.connectivity, *self.sizes, self.is_recurrent)
        check_delay(findings, self, fits)
        self._check_options(findings)
        sharing_fits = self._check_sharing(findings)
        dimension = None if wanted is None else find_weight_dimension(findings, self, wanted)
        object.__setattr__(self, "weight_dimension", DIMENSIONLESS if dimension is None else dimension)
        if dimension is not None and sharing_fits:
            self._check_synapses(findings, fits)
        conclude(findings, NetworkError, self.where)
        if self.instant is None:
            object.__setattr__(self, "instant", self._instant_by_default())

    @property
    def where(self) -> str:
        """How messages call it."""
        return f"projection '{self.name}'"

    @property
    def pre(self) -> Population | Stimulus:
        """The part that sends."""
        return self.source.population if isinstance(self.source, Output) else self.source

    @property
    def signal(self) -> str | None:
        """The output whose values are sent, None for spikes."""
        if isinstance(self.source, Output):
            return self.source.name
        return None if isinstance(self.source, Population) else self.source.signal

    @property
    def sizes(self) -> tuple[int, int]:
        """Number of sources and of targets."""
        return self.pre.size, self.target.size

    @property
    def ends(self) -> Mapping[str, Dimension]:
        """Names in ``_pre`` and ``_post`` that statements may use, with their dimensions."""
        return names_at_ends(self.source, self.target)

    @property
    def is_recurrent(self) -> bool:
        """Whether source and target are one population."""
        return self.pre is self.target

    @property
    def carries(self) -> Dimension:
        """The dimension of ``value``: of a spike's payload, or of the signal."""
        if isinstance(self.source, Population):
            return self.source.model.payload_dimension
        return self.source.dimension

    @property
    def carries_one(self) -> bool:
        """Whether what arrives is the number 1, always: spikes without payload."""
        if isinstance(self.source, Population):
            return self.source.model.payload_expr == Num(1.0)
        return isinstance(self.source, SpikeTimes) and self.source.payloads is None

    @property
    def home(self) -> Projection:
        """The projection that owns the weights: this one, or the one that it shares them with."""
        other = self.shared_with or self.transpose_of
        return self if other is None else other

    @property
    def has_weights(self) -> bool:
        """Whether there is a weight ``w``."""
        return self.given_weight is not None

    @property
    def given_weight(self) -> Any:
        """The weight as it was given here, with the connectivity, or to the projection it is shared with; else None."""
        home = self.home
        return home.connectivity.weights if home.weight is None else home.weight

    def edge_count(self) -> int | None:
        """Number of synapses, None where they have to be drawn."""
        return self.connectivity.edge_count(self.pre.size, self.target.size, self.is_recurrent)

    def delivery(self) -> tuple[ParsedStatement, ...]:
        """What runs when something arrives: the synapse's statements with ``into`` replaced by ``X_post`` of the port or state,
        and with what is added multiplied by ``value`` where that is not always 1. Without a weight ``w`` is left out.
        """
        return delivered(self.model.arrival_statements, self.into, weighted=self.has_weights, one=self.carries_one)

    def conduction(self) -> tuple[ParsedStatement, ...]:
        """What runs in every step: the synapse's statements with ``into`` replaced by ``X_post`` of the port."""
        return conducted(self.model.step_statements, self.into)

    def statement_lists(self) -> tuple[tuple[str, str, tuple[ParsedStatement, ...]], ...]:
        """What the synapse model does, as (name, text, statements as they will run)."""
        return (
            ("on_arrival", self.model.on_arrival, self.delivery()),
            ("on_step", self.model.on_step, self.conduction()),
        )

    def synaptic_states(self) -> tuple[str, ...]:
        """Names of the synapses' own states, those of the synapse model first."""
        return self.model.states() + (self.plasticity.states() if self.plasticity else ())

    def synaptic_dimensions(self) -> Mapping[str, Dimension]:
        """Own states and parameters of the synapses, with their dimensions (``weight`` resolved)."""
        rules = (self.model, *((self.plasticity,) if self.plasticity else ()))
        return {
            name: resolve_weight(variable.dimension, self.weight_dimension)
            for rule in rules
            for name, variable in rule.variables.items()
            if variable.kind in ("state", "parameter")
        }

    def __repr__(self) -> str:
        return f"Projection({self.name!r})"

    def _check_kinds(self) -> None:
        """Source, target and the rest are of the right kind; nothing else can be checked before."""
        findings = Findings()
        where = f"projection '{self.name}'" if isinstance(self.name, str) and self.name else "Projection"
        if not is_a(self.source, Population, Output, *STIMULI):
            findings.add(where, f"the source must be a population, an output of one or a stimulus, got {shown(self.source)}.")
        if isinstance(self.source, Population) and self.source.model.spike is None:
            outputs = self.source.model.of_kind("output")
            hint = f'Project one of its outputs: {self.source.name}.output("{outputs[0]}").' if outputs else ""
            add_with_hint(findings, where, f"the neurons of '{self.source.name}' have no spike condition, so they send no spikes.", hint)
        if not is_a(self.target, Population):
            findings.add(where, f"the target must be a population, got {shown(self.target)}.")
        if not is_a(self.connectivity, Connectivity):
            given = f"got {shown(self.connectivity)}.{_about_rule(self.connectivity)}"
            findings.add(where, f"the third argument says who is connected, such as all_to_all(), {given}")
        if not is_a(self.into, str):
            findings.add(where, f"into must be the name of a port or state of the target, got {shown(self.into)}.")
        for name, kind in (("synapse", SynapseModel), ("plasticity", Plasticity), ("shared_with", Projection)):
            given = getattr(self, name)
            if given is not None and not is_a(given, kind):
                findings.add(where, f"{name} must be a {kind.__name__}, got {shown(given)}.")
        if self.transpose_of is not None and not is_a(self.transpose_of, Projection):
            findings.add(where, f"transpose_of must be a Projection, got {shown(self.transpose_of)}.")
        if not is_a(self.name, str):
            findings.add(where, f"the name must be a text, got {shown(self.name)}.")
        conclude(findings, NetworkError, where)

    def _check_synapses(self, findings: Findings, fits: bool) -> None:
        """What depends on the dimension of the weight."""
        before = len(findings)
        check_weight(findings, self, fits)
        if len(findings) == before:
            check_bounds(findings, self)
            check_statements_of_synapse(findings, self)
        check_learning(findings, self)
        for rule in (self.model, *((self.plasticity,) if self.plasticity else ())):
            check_rule_values(findings, self, rule, fits)

    def _check_sharing(self, findings: Findings) -> bool:
        """Weights are given once, and shared ones belong to the same synapses."""
        before, where = len(findings), self.where
        if self.weight is not None and self.connectivity.weights is not None:
            findings.add(where, f"{self.connectivity} carries weights already: leave weight=... out.")
        other = self.shared_with or self.transpose_of
        if other is None:
            if self.factor != 1.0:
                before += 1
                findings.add(where, "factor multiplies shared weights: give shared_with=... or transpose_of=... too.")
        elif self.shared_with is not None and self.transpose_of is not None:
            findings.add(where, "give either shared_with=... or transpose_of=..., not both.")
        else:
            self._check_owner(findings, other)
            if self.shared_with is not None:
                check_same_synapses(findings, where, self, other)
            else:
                check_transposed_synapses(findings, where, self, other)
        return len(findings) == before

    def _check_owner(self, findings: Findings, other: Projection) -> None:
        """Weights and their bounds belong to one projection."""
        if self.weight is not None or self.connectivity.weights is not None:
            findings.add(self.where, f"uses the weights of '{other.name}': leave weight=... out.")
        if self.bounds is not None:
            findings.add(self.where, f"uses the weights of '{other.name}': give the bounds there.")
        owner = other.shared_with or other.transpose_of
        if owner is not None:
            findings.add(self.where, f"'{other.name}' has no weights of its own: name '{owner.name}', whose weights it uses.")
        elif not other.has_weights:
            findings.add(self.where, f"'{other.name}' has no weights to share.")

    def _check_options(self, findings: Findings) -> None:
        if "." in self.name or ":" in self.name or self.name != self.name.strip() or not self.name.isprintable():
            findings.add(self.where, f"the name must be a text without '.', ':' and line breaks, got {shown(self.name)}.")
        if not is_number(self.factor) or not math.isfinite(self.factor):
            findings.add(self.where, f"factor must be a finite plain number, got {shown(self.factor)}.")
        if self.instant is not None:
            check_flag(findings, self.instant, self.where, "instant")
        if not is_one_of(self.weight_precision, PRECISIONS):
            findings.add(self.where, f"weight_precision must be 'float32' or 'float64', got {shown(self.weight_precision)}.")
        if self.instant is not True:
            return
        if self.signal is None:
            findings.add(self.where, "instant=True is for signals: spikes are delivered at the end of a step.")
        if not self._is_undelayed():
            findings.add(self.where, "an instant signal has no delay: leave delay=... out.")
        if self.into in self.target.model.variables and self.target.model.variables[self.into].kind != "port":
            findings.add(self.where, f"an instant signal must enter a port; {self.into} is a state of '{self.target.name}'.")

    def _is_undelayed(self) -> bool:
        value = self.delay.value if isinstance(self.delay, Quantity) else self.delay
        return is_number(value) and float(value) == 0.0

    def _instant_by_default(self) -> bool:
        given_outside = isinstance(self.source, STIMULI) and not isinstance(self.source, (PoissonSource, SpikeTimes))
        into_port = self.target.model.variables[self.into].kind == "port"
        return given_outside and into_port and self._is_undelayed() and self.plasticity is None


def _about_rule(given: Any) -> str:
    """What to write for the name of a rule, as other simulators take it, alone or in a dictionary."""
    name = given.get("rule") if isinstance(given, dict) else given
    arguments = CALLS.get("fixed_probability" if name == "pairwise_bernoulli" else name) if isinstance(name, str) else None
    return f" Write {arguments}." if arguments else ""


CALLS: Mapping[str, str] = {
    "all_to_all": "ns.all_to_all()",
    "one_to_one": "ns.one_to_one()",
    "fixed_probability": "ns.fixed_probability(0.1)",
    "fixed_indegree": "ns.fixed_indegree(10)",
    "fixed_outdegree": "ns.fixed_outdegree(10)",
    "fixed_total_number": "ns.fixed_total_number(100)",
}

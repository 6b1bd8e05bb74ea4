"""The whole wish: named parts, checked together."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeAlias

from ..errors import Findings, NetworkError, did_you_mean
from ..spelling import spelt
from .checks import NETWORK_RULES, check_expected
from .population import Output, Population
from .probes import Probe
from .projection import Projection
from .stimuli import STIMULI, Stimulus
from .values import check_count, check_text, conclude, is_a, shown

if TYPE_CHECKING:
    from matplotlib.figure import Figure

Part: TypeAlias = Population | Projection | Stimulus | Probe
LARGEST_SEED = 2**64 - 1
KINDS = (Population, Projection, Probe, *STIMULI)


@spelt
@dataclass(frozen=True, init=False, eq=False, repr=False)
class Network:
    """Populations, stimuli, projections and probes, checked as a whole; never changed in place.

    Parameters
    ----------
    *parts : Population, Projection, stimulus or Probe
        Names of populations, stimuli and projections are unique. Projections deliver in the order in which they stand here.
    seed : int
        From it and from the names of the parts come all random numbers; :func:`neurosim.simulate` may override it.
    name : str
    expected : mapping, optional
        Rates that somebody measured or calculated, shown beside those of a run: title of a column -> name of a population -> rate
        [Hz], as plain numbers.

    Raises
    ------
    NetworkError
        With everything that does not fit together.

    Examples
    --------
    >>> from neurosim.network import connectivity, neurons
    >>> from neurosim.units import pA
    >>> exc = Population("exc", 80, neurons.lif_exponential)
    >>> net = Network(exc, Projection(exc, exc, connectivity.fixed_probability(0.1), into="I_syn", weight=20 * pA), seed=1)
    >>> net["exc"].size, [part.name for part in net.projections]
    (80, ['exc -> exc'])
    """

    parts: tuple[Part, ...]
    seed: int
    name: str
    expected: Mapping[str, Mapping[str, float]]

    def __init__(
        self, *parts: Part, seed: int = 0, name: str = "", expected: Mapping[str, Mapping[str, float]] | None = None
    ) -> None:
        where = f"Network '{name}'" if name else "Network"
        findings = Findings()
        for place, part in enumerate(parts):
            if not is_a(part, *KINDS):
                findings.add(where, f"part {place} is {_what(part)}. {_advice(part)}")
        check_count(findings, seed, where, "seed", least=0, most=LARGEST_SEED)
        check_text(findings, name, where, "name")
        conclude(findings, NetworkError, where)
        for key, value in (("parts", tuple(parts)), ("seed", int(seed)), ("name", name)):
            object.__setattr__(self, key, value)
        for rule in NETWORK_RULES:
            rule(findings, self)
        columns = check_expected(findings, self, {} if expected is None else expected)
        object.__setattr__(self, "expected", columns)
        conclude(findings, NetworkError, where)

    @property
    def populations(self) -> tuple[Population, ...]:
        """In the order in which they were given, as all below."""
        return tuple(part for part in self.parts if isinstance(part, Population))

    @property
    def stimuli(self) -> tuple[Stimulus, ...]:
        """Parts that send and receive nothing."""
        return tuple(part for part in self.parts if isinstance(part, STIMULI))

    @property
    def projections(self) -> tuple[Projection, ...]:
        """In the order in which they deliver."""
        return tuple(part for part in self.parts if isinstance(part, Projection))

    @property
    def probes(self) -> tuple[Probe, ...]:
        """What is recorded."""
        return tuple(part for part in self.parts if isinstance(part, Probe))

    @property
    def where(self) -> str:
        """How messages call it."""
        return f"Network '{self.name}'" if self.name else "Network"

    def named(self) -> dict[str, Population | Projection | Stimulus]:
        """Every part that has a name."""
        return {part.name: part for part in self.parts if not isinstance(part, Probe)}

    def with_parts(self, *parts: Part) -> Network:
        """A network with further parts, such as probes. Expected rates are those of the smaller one: only probes leave them true.

        Examples
        --------
        >>> from neurosim.network import neurons
        >>> exc = Population("exc", 80, neurons.lif_exponential)
        >>> len(Network(exc).with_parts(Probe(exc, "spikes")).probes)
        1
        """
        expected = self.expected if all(isinstance(part, Probe) for part in parts) else None
        return Network(*self.parts, *parts, seed=self.seed, name=self.name, expected=expected)

    def draw(self) -> Figure:
        """A picture of the network: boxes for parts, arrows for projections; see `neurosim.plotting.diagram`.

        Examples
        --------
        >>> from neurosim.network import neurons
        >>> Network(Population("exc", 80, neurons.lif_exponential)).draw().savefig("network.png")  # doctest: +SKIP
        """
        from neurosim.plotting import diagram

        return diagram(self)

    def __getitem__(self, name: str) -> Any:
        parts = self.named()
        if name not in parts:
            raise NetworkError(f"there is no part '{name}'{did_you_mean(str(name), parts)}", where=self.where)
        return parts[name]

    def __contains__(self, name: object) -> bool:
        return name in self.named()

    def __iter__(self) -> Iterator[Part]:
        return iter(self.parts)

    def __str__(self) -> str:
        lines = [f"{self.where}, seed {self.seed}"]
        lines += [f"  {part.name}: {part.size} neurons, {part.model.name or 'NeuronModel'}" for part in self.populations]
        lines += [f"  {part.name}: {type(part).__name__} of {part.size}" for part in self.stimuli]
        lines += [f"  {part.name}: {part.connectivity} into {part.into}" for part in self.projections]
        lines += [f"  probe: {probe.variable} of {probe.part.name}" for probe in self.probes]
        return "\n".join(lines)

    def __repr__(self) -> str:
        return f"{self.where}: {len(self.populations)} populations, {len(self.projections)} projections"


def _what(part: object) -> str:
    return f"the list {shown(part)}" if isinstance(part, (list, tuple)) else f"{shown(part)}, a {type(part).__name__}"


def _advice(part: object) -> str:
    if isinstance(part, (list, tuple)):
        return "Put a star before it: Network(exc, *projections)."
    if isinstance(part, Output):
        return "An output is the source of a projection; the network holds its population."
    return "A network is made of populations, stimuli, projections and probes."

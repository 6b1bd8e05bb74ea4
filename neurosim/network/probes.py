"""What is recorded, of whom, and how often."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import KW_ONLY, dataclass
from typing import TypeAlias

import numpy as np

from ..errors import Findings, NetworkError, did_you_mean
from ..spelling import spelt
from ..units import TIME, Quantity
from .population import Population
from .projection import Projection
from .stimuli import STIMULI, SampleTable, Stimulus, neurons_of
from .values import check_positive, check_scalar, conclude, frozen_array, is_a, is_one_of, listed, shown

Probed: TypeAlias = Population | Projection | Stimulus
EVENTS = ("spikes", "counts", "count")


@spelt
@dataclass(frozen=True, eq=False, repr=False)
class Probe:
    """Records one variable of one part.

    Parameters
    ----------
    part : Population, Projection or stimulus
    variable : str
        Of a population: a state, a port or an output. Of a projection: ``'w'`` or a state of its synapses. Of whatever fires:
        ``'spikes'`` (every spike), ``'counts'`` (spikes of each neuron since the last record) or ``'count'`` (their sum over
        the population; neither stores single spikes). Of a signal: ``'value'``; of a Poisson source whose rate changes: ``'intensity'``.
    of : sequence of int, optional
        Which neurons (or synapses, in the order of their sources) are recorded; all if not given.
    every : Quantity, optional
        [ms] The time between records; every step if not given.
    at : {'start', 'end'}
        Whether a record is taken before a step, or after all of it: after resets and changes of weights.
    reduce : {'last', 'mean'}
        The value at the time of the record, or its mean since the last record.
    per_item : SampleTable, optional
        One record for each item that the table shows, at the end of its last step; instead of `every` and `at`.

    Examples
    --------
    >>> from neurosim.network import neurons
    >>> from neurosim.units import ms
    >>> exc = Population("exc", 80, neurons.lif_exponential)
    >>> Probe(exc, "v", of=range(3), every=1 * ms)
    Probe(exc, 'v')
    """

    part: Probed
    variable: str
    _: KW_ONLY
    of: Sequence[int] | np.ndarray | None = None
    every: Quantity | None = None
    at: str = "start"
    reduce: str = "last"
    per_item: SampleTable | None = None

    def __post_init__(self) -> None:
        if not is_a(self.part, Population, Projection, *STIMULI):
            raise NetworkError(
                f"a probe needs a population, a projection or a stimulus, got {shown(self.part)}.", where="Probe"
            )
        findings = Findings()
        _check_variable(findings, self)
        _check_of(findings, self)
        _check_times(findings, self)
        conclude(findings, NetworkError, self.where)
        if self.of is not None:
            object.__setattr__(self, "of", frozen_array(np.asarray(list(self.of), np.int64)))

    @property
    def where(self) -> str:
        """How messages call it."""
        return f"Probe of '{self.part.name}'"

    def __repr__(self) -> str:
        return f"Probe({self.part.name}, {self.variable!r})"


def recordable(part: Probed) -> tuple[str, ...]:
    """The variables of a part that a probe can record."""
    if isinstance(part, Projection):
        return (("w",) if part.has_weights else ()) + part.synaptic_states()
    if isinstance(part, Population):
        events = EVENTS if part.model.spike is not None else ()
        return events + part.model.of_kind("state") + part.model.of_kind("port") + part.model.of_kind("output")
    if part.signal is not None:
        return (part.signal,)
    return EVENTS if neurons_of(part) is None else (*EVENTS, "intensity")


def _check_variable(findings: Findings, probe: Probe) -> None:
    known = recordable(probe.part)
    name = probe.variable
    if not is_a(name, str):
        findings.add(probe.where, f"the second argument is the name of one variable, such as 'v', got {shown(name)}.")
        return
    if name in known:
        return
    variable = probe.part.model.variables.get(name) if isinstance(probe.part, Population) else None
    if variable is not None and variable.kind == "parameter":
        findings.add(probe.where, f"'{name}' is a parameter: it is what was given, there is nothing to record.")
    elif variable is not None:
        findings.add(probe.where, f"'{name}' is a definition; to record it, declare it as an output: '{name} = ... (output)'.")
    elif isinstance(probe.part, Population) and name in EVENTS:
        findings.add(probe.where, f"'{name}' cannot be recorded: these neurons have no spike condition.")
    else:
        findings.add(probe.where, f"there is no variable {shown(name)}{did_you_mean(str(name), known)}")


def _check_of(findings: Findings, probe: Probe) -> None:
    if probe.of is None:
        return
    if is_one_of(probe.variable, ("count",)):
        findings.add(probe.where, "'count' is the sum over the whole part: use 'counts' with of=...")
    try:
        chosen = np.asarray(listed(probe.of))
    except ValueError:  # lists of different lengths
        chosen = np.asarray("")
    if chosen.ndim != 1 or chosen.dtype.kind not in "iu" or not chosen.size:
        findings.add(probe.where, f"of must be a list of whole numbers such as range(5), got {shown(probe.of)}.")
        return
    size = probe.part.edge_count() if isinstance(probe.part, Projection) else probe.part.size
    wrong = (chosen < 0) | (chosen >= size if size is not None else False)
    if np.any(wrong):
        k = int(np.argmax(wrong))
        last = "" if size is None else f" to {size - 1}"
        findings.add(probe.where, f"of must hold whole numbers from 0{last}, got {chosen[k]} at index {k}.")
    elif len(np.unique(chosen)) < len(chosen):
        findings.add(probe.where, "of must not name a neuron twice.")


def _check_times(findings: Findings, probe: Probe) -> None:
    if probe.every is not None:
        every = check_scalar(findings, probe.every, TIME, probe.where, "every")
        if every is not None:
            check_positive(findings, probe.every, TIME, np.asarray(every), probe.where, "every")
        if is_one_of(probe.variable, ("spikes",)):
            findings.add(probe.where, "'spikes' records every spike: leave every=... out, or record 'counts'.")
    if not is_one_of(probe.at, ("start", "end")):
        findings.add(probe.where, f"at must be 'start' or 'end', got {shown(probe.at)}.")
    if not is_one_of(probe.reduce, ("last", "mean")):
        findings.add(probe.where, f"reduce must be 'last' or 'mean', got {shown(probe.reduce)}.")
    if probe.per_item is not None and not is_a(probe.per_item, SampleTable):
        findings.add(probe.where, f"per_item must be the SampleTable whose items are meant, got {shown(probe.per_item)}.")
    elif probe.per_item is not None and probe.every is not None:
        findings.add(probe.where, "give either every=... or per_item=..., not both.")

"""How long a run lasts, and what changes on the way: phases and assignments, as values."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import KW_ONLY, dataclass, field
from typing import Any

import numpy as np

from ..errors import Findings, ScheduleError
from ..spelling import spelt
from ..units import TIME, Quantity
from .population import Population
from .projection import Projection
from .stimuli import STIMULI
from .values import called, check_count, check_positive, check_scalar, check_text, conclude, inner_or_none, is_a, listed, shown


@spelt
@dataclass(frozen=True, eq=False)
class CopyWeights:
    """What an assignment to weights may set: the weights of another projection.

    Parameters
    ----------
    source : Projection
    transpose : bool
        Take the weight from j to i for the synapse from i to j; both projections are all-to-all.
    factor : float
        Multiplies what is copied.
    """

    source: Projection
    _: KW_ONLY
    transpose: bool = False
    factor: float = 1.0

    def __post_init__(self) -> None:
        if not is_a(self.source, Projection):
            raise ScheduleError(f"needs a Projection, got {shown(self.source)}.", where="CopyWeights")


@spelt
@dataclass(frozen=True, eq=False)
class Assignment:
    """Sets one thing at given times of a phase.

    Parameters
    ----------
    path : str
        ``"part.name"``: a state or parameter of a population, ``"exc.hold"`` (with the value 0: refractory neurons are free
        again), the ``rate`` of a Poisson source, a synaptic state or parameter or the weight ``w`` of a projection.
    value : number, Quantity, array, str or CopyWeights
        A text is an expression of the part's own names, such as ``"v_rest"``.
    at : Quantity
        [ms] From the start of the phase, one time or several.
    every : Quantity, optional
        [ms] Repeat from `at` on, at this distance.

    Examples
    --------
    >>> from neurosim.units import ms, mV
    >>> Assignment("exc.v", -65 * mV, every=100 * ms).split()
    ('exc', 'v')
    """

    path: str
    value: Any
    _: KW_ONLY
    at: Quantity | float = 0.0
    every: Quantity | None = None

    def __post_init__(self) -> None:
        findings = Findings()
        where = f"Assignment to {self.path!r}"
        if not isinstance(self.path, str) or not all(self.split()):
            findings.add(where, f"names what it sets as 'part.variable', such as 'drive.rate', got {shown(self.path)}.")
        times = inner_or_none(findings, self.at, TIME, where, "at")
        if times is not None:
            if times.ndim > 1 or not times.size:
                findings.add(where, f"at must be a time or a list of times, got {shown(self.at)}.")
            check_positive(findings, self.at, TIME, times, where, "at", zero=True)
        if self.every is not None:
            every = check_scalar(findings, self.every, TIME, where, "every")
            if every is not None:
                check_positive(findings, self.every, TIME, np.asarray(every), where, "every")
            if times is not None and times.ndim:
                findings.add(where, "give several times in at, or one time and every, not both.")
        conclude(findings, ScheduleError, where)

    def split(self) -> tuple[str, str]:
        """The name of the part and what of it is set."""
        part, _, target = str(self.path).rpartition(".")
        return part, target


@spelt
@dataclass(frozen=True, eq=False)
class Phase:
    """A stretch of a run.

    Parameters
    ----------
    duration : Quantity
        [ms]
    label : str
        For tables and pictures.
    set : mapping of str to value
        Assignments at the start of the phase, as ``{"drive.rate": 40 * Hz}``; they last beyond it.
    off : iterable of str or part
        Stimuli that are silent and projections that carry nothing in this phase.
    plasticity : bool or iterable of str or Projection
        Whether learning rules run: all, none, or those of the named projections only.
    repeats : int
        How often the phase is run, one after the other.
    at : sequence of Assignment
        Assignments at times within the phase.

    Examples
    --------
    >>> from neurosim.units import Hz, second
    >>> test = Phase(1 * second, label="test", set={"drive.rate": 40 * Hz}, plasticity=False)
    >>> [a.path for a in test.assignments()]
    ['drive.rate']
    """

    duration: Quantity
    _: KW_ONLY
    label: str = ""
    set: Mapping[str, Any] = field(default_factory=dict)
    off: Iterable[Any] = ()
    plasticity: bool | Iterable[Any] = True
    repeats: int = 1
    at: Sequence[Assignment] = ()

    def __post_init__(self) -> None:
        findings = Findings()
        where = called("Phase", self.label)
        duration = check_scalar(findings, self.duration, TIME, where, "duration")
        if duration is not None:
            check_positive(findings, self.duration, TIME, np.asarray(duration), where, "duration")
        check_count(findings, self.repeats, where, "repeats")
        check_text(findings, self.label, where, "label")
        object.__setattr__(self, "off", _names(findings, self.off, "off", where))
        if not isinstance(self.plasticity, bool):
            object.__setattr__(self, "plasticity", _names(findings, self.plasticity, "plasticity", where))
        if is_a(self.set, Mapping):
            object.__setattr__(self, "set", dict(self.set))
        else:
            findings.add(where, f"set must be a dictionary such as {{'drive.rate': 40 * Hz}}, got {shown(self.set)}.")
        items = listed(self.at)
        given: tuple[Any, ...] = (self.at,) if items is None else items
        object.__setattr__(self, "at", given)
        strangers = [item for item in given if not is_a(item, Assignment)]
        if strangers:
            findings.add(where, f"at must be a list of Assignment(...), got {shown(strangers[0])} in it.")
        conclude(findings, ScheduleError, where)

    def assignments(self) -> tuple[Assignment, ...]:
        """All assignments of the phase, those at its start first."""
        return (*(Assignment(path, value) for path, value in self.set.items()), *self.at)


@spelt
@dataclass(frozen=True, init=False, eq=False)
class Schedule:
    """Phases, one after the other.

    Parameters
    ----------
    *phases : Phase

    Examples
    --------
    >>> from neurosim.units import second
    >>> len(Schedule(Phase(1 * second, label="rest"), Phase(1 * second, label="test")).phases)
    2
    """

    phases: tuple[Phase, ...]

    def __init__(self, *phases: Phase) -> None:
        findings = Findings()
        if not phases:
            findings.add("Schedule", "needs at least one Phase(duration, ...).")
        for place, phase in enumerate(phases):
            if not is_a(phase, Phase):
                findings.add("Schedule", f"is made of phases, got {shown(phase)} at place {place}. Write Phase(duration).")
        conclude(findings, ScheduleError, "Schedule")
        object.__setattr__(self, "phases", phases)


def _names(findings: Findings, given: Any, name: str, where: str) -> tuple[str, ...]:
    """Names of parts that were given by name or as the parts themselves."""
    items = (given,) if isinstance(given, (str, Population, Projection, *STIMULI)) else listed(given)
    if items is None:
        findings.add(where, f"{name} must be a list of parts or of their names, got {shown(given)}.")
        return ()
    names = []
    for item in items:
        if isinstance(item, str):
            names.append(item)
        elif isinstance(item, (Population, Projection, *STIMULI)):
            names.append(item.name)
        else:
            findings.add(where, f"{name} must hold parts or their names, got {shown(item)}.")
    return tuple(names)



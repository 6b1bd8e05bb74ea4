"""Where a result comes from: the parts of the network in plain words, the plan, the engine, versions and digests."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from neurosim.description import Description
from neurosim.description import from_plain as description_from_plain
from neurosim.description import to_plain as description_to_plain

KINDS = ("population", "source", "projection")


@dataclass(frozen=True)
class TapInfo:
    """What was recorded of one variable of a part.

    ``at``: 'start' or 'end' of the step. ``of``: indices of the recorded neurons or edges, None for all.
    """

    variable: str
    at: str = "start"
    of: tuple[int, ...] | None = None


@dataclass(frozen=True)
class PartInfo:
    """One part of the network: what is needed to read its record.

    Parameters
    ----------
    name : str
    kind : str
        'population', 'source' or 'projection'.
    size : int
        Neurons N; of a projection its edges E, 0 if they were not counted.
    units : mapping of str to str
        Variable -> the unit its numbers are in ('mV', 'pA', '1/ms' ...).
    taps : tuple of TapInfo
        What was recorded.
    source, target : str
        Of a projection: the parts it joins.
    weights : str
        Of a projection: the name of its weights.
    counted : bool
        Whether the payload of an event is a number of spikes (a Poisson source).
    shift : int
        Retiming in steps: comparisons subtract it.
    threshold : tuple of (str, float), or None
        Variable and value at which the population fires, where its condition is that simple.
    """

    name: str
    kind: str
    size: int
    units: Mapping[str, str] = field(default_factory=dict)
    taps: tuple[TapInfo, ...] = ()
    source: str = ""
    target: str = ""
    weights: str = ""
    counted: bool = False
    shift: int = 0
    threshold: tuple[str, float] | None = None


@dataclass(frozen=True)
class PhaseInfo:
    """One phase of the plan: ``start`` and ``steps`` in steps of the run."""

    label: str
    start: int
    steps: int


@dataclass(frozen=True)
class Provenance:
    """Everything about a run that is not its numbers.

    ``dt`` in ms. ``level``: how closely the engine declares to agree with the reference. ``expected``: column title ->
    population -> rate [Hz], shown beside the measured rates. ``versions``: distribution -> version. ``meta``: text for
    people, passed on from the network. ``interrupted``: the run was stopped before the end of its plan. ``description``: the
    network in plain words, None in files that were written before there was one. ``machine``: system, processor, cores, date.
    ``command``: what was typed to make this result, '' where that was no command. ``notes``: what a reader has to know.
    """

    dt: float
    parts: tuple[PartInfo, ...] = ()
    phases: tuple[PhaseInfo, ...] = ()
    name: str = ""
    seed: int = 0
    backend: str = ""
    level: str = "identical"
    precision: str = "double"
    threads: int | None = None
    copies: int = 1
    options: Mapping[str, object] = field(default_factory=dict)
    program_digest: str = ""
    versions: Mapping[str, str] = field(default_factory=dict)
    expected: Mapping[str, Mapping[str, float]] = field(default_factory=dict)
    meta: Mapping[str, str] = field(default_factory=dict)
    interrupted: bool = False
    description: Description | None = None
    machine: Mapping[str, str] = field(default_factory=dict)
    command: str = ""
    notes: tuple[str, ...] = ()


def to_plain(provenance: Provenance) -> dict[str, Any]:
    """The provenance as dictionaries, lists, text and numbers, ready for JSON."""
    plain = {name: getattr(provenance, name) for name in Provenance.__dataclass_fields__}
    plain["parts"] = [_part_to_plain(part) for part in provenance.parts]
    plain["phases"] = [{"label": p.label, "start": p.start, "steps": p.steps} for p in provenance.phases]
    plain["expected"] = {title: dict(column) for title, column in provenance.expected.items()}
    for name in ("options", "versions", "meta", "machine"):
        plain[name] = dict(plain[name])
    plain["description"] = None if provenance.description is None else description_to_plain(provenance.description)
    plain["notes"] = list(provenance.notes)
    return plain


def from_plain(plain: Mapping[str, Any]) -> Provenance:
    """The inverse of `to_plain`; keys that this version does not know are passed over.

    Raises
    ------
    KeyError, TypeError, ValueError
        Where ``plain`` was not made by `to_plain`; whoever read it says which file it was.
    """
    known = {name: plain[name] for name in Provenance.__dataclass_fields__ if name in plain}
    known["parts"] = tuple(_part_from_plain(part) for part in plain["parts"])
    known["phases"] = tuple(PhaseInfo(str(p["label"]), int(p["start"]), int(p["steps"])) for p in plain["phases"])
    known["dt"] = float(plain["dt"])
    if known.get("description") is not None:
        known["description"] = description_from_plain(known["description"])
    known["notes"] = tuple(str(note) for note in plain.get("notes", ()))
    if not known["dt"] > 0.0:
        raise ValueError(f"dt = {known['dt']:g} ms is not positive")
    return Provenance(**known)


def _part_to_plain(part: PartInfo) -> dict[str, Any]:
    plain = {name: getattr(part, name) for name in PartInfo.__dataclass_fields__}
    plain["units"] = dict(part.units)
    plain["taps"] = [
        {"variable": tap.variable, "at": tap.at, "of": None if tap.of is None else list(tap.of)} for tap in part.taps
    ]
    plain["threshold"] = None if part.threshold is None else list(part.threshold)
    return plain


def _part_from_plain(plain: Mapping[str, Any]) -> PartInfo:
    known = {name: plain[name] for name in PartInfo.__dataclass_fields__ if name in plain}
    known["taps"] = tuple(
        TapInfo(str(tap["variable"]), str(tap["at"]), None if tap["of"] is None else tuple(int(i) for i in tap["of"]))
        for tap in plain["taps"]
    )
    threshold = plain.get("threshold")
    known["threshold"] = None if threshold is None else (str(threshold[0]), float(threshold[1]))
    known["size"] = int(plain["size"])
    return PartInfo(**known)

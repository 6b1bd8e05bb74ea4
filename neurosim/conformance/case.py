"""What a case is, how an engine is run against it, and what comes out."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from types import MappingProxyType

import numpy as np

from neurosim.analysis.comparison import BOUND_OF_COUNTS, BOUND_OF_VALUES, reported_bounds
from neurosim.backends.base import Backend, Obstacle, Settings, run_on
from neurosim.backends.reference import Reference
from neurosim.ir.check import check
from neurosim.ir.program import Program
from neurosim.ir.rewrites.freeze import freeze
from neurosim.record import Events, Record

Run = Callable[[Program, Settings], Record]
"""Runs a Program to its end on the engine under test."""
Oracle = Callable[[Program, Record, Run], list[str]]
"""Compares a record with something independent; returns complaints. It may run further Programs."""
NO_OBSTACLES: Mapping[str, str] = MappingProxyType({})


@dataclass(frozen=True)
class Case:
    """A Program whose outcome is known.

    Parameters
    ----------
    name, about : str
        What it is called and what it shows.
    build : callable
        Makes the Program.
    oracle : callable
        Complaints about a record, from a closed form or an independent calculation.
    level : str
        How closely engines have to agree with the reference: 'identical', 'close' or 'statistical' (oracle alone).
    spikes : int
        Least number of events of blocks, so that nothing agrees by being silent.
    copies : int
        Copies that are run at once.
    tolerance : float
        Largest difference of a trace or final value from the reference, in inner units.
    modes : tuple of str
        Named cases also run in an engine's slow modes, such as Brian2's compiled ones, in every change's tests.
    obstacles : mapping
        Engine -> reason why it promises to refuse this case ('not_implemented', 'not_yet', 'never').
    """

    name: str
    about: str
    build: Callable[[], Program]
    oracle: Oracle
    level: str = "identical"
    spikes: int = 0
    copies: int = 1
    tolerance: float = 1e-9
    modes: tuple[str, ...] = ()
    obstacles: Mapping[str, str] = field(default_factory=lambda: NO_OBSTACLES)


@dataclass(frozen=True)
class Report:
    """Outcome of a case on an engine: 'passed', 'refused' (as promised) or 'failed', with what is wrong."""

    case: str
    engine: str
    outcome: str
    complaints: tuple[str, ...] = ()
    spikes: int = 0
    difference: float = 0.0

    @property
    def passed(self) -> bool:
        """Whether the engine keeps its promise: it agrees, or refuses as announced."""
        return self.outcome != "failed"

    def __str__(self) -> str:
        text = f"{self.case} on {self.engine}: {self.outcome}, {self.spikes} spikes, largest difference {self.difference:.1e}"
        return "\n  ".join([text, *self.complaints])


def run_case(case: Case, backend: Backend, settings: Settings | None = None, *, own_numbers: bool = False, mode: str = "") -> Report:
    """Run an engine against a case: obstacles, oracle, least number of spikes, and the reference's record.

    An engine of the level 'bounded' rounds the numbers of a network: see :func:`bounded_differences`.

    Parameters
    ----------
    case : Case
        One of :data:`neurosim.conformance.CASES`, or your own.
    backend : Backend
        The engine.
    settings : Settings, optional
        Threads, precision, options; ``copies`` is the case's.
    own_numbers : bool
        The engine has a generator of its own for numbers at run time: it gets the frozen Program.
    mode : str
        What ``settings`` make of the engine, where that refuses other cases than the engine does.

    Returns
    -------
    Report
    """
    settings = replace(settings or Settings(), copies=case.copies)
    program = case.build()
    check(program)
    given = freeze(program) if own_numbers else program
    found = backend.capabilities().obstacles(given, settings)
    engine = f"{backend.name} {mode}".rstrip()
    if case.obstacles.get(engine) or found:
        return replace(refusal(case, engine, tuple(found)), engine=backend.name)

    def run(other: Program, changed: Settings) -> Record:
        return run_on(backend, freeze(other) if own_numbers else other, changed)

    record = run_on(backend, given, settings)
    level = "statistical" if case.level == "statistical" else backend.capabilities().level(settings)
    complaints = [] if level == "bounded" else list(case.oracle(given, record, run))
    blocks = {block.name for block in program.blocks}
    spikes = sum(len(events.steps) for part, events in record.events.items() if part in blocks)
    if spikes < case.spikes * (1.0 - BOUND_OF_COUNTS if level == "bounded" else 1.0):
        complaints.append(f"{spikes} spikes, at least {case.spikes} expected")
    difference = 0.0
    if backend.name != "reference" and level != "statistical":
        other = run_on(Reference(), given, settings)
        if level == "bounded":
            more, difference = bounded_differences(record, other, blocks)
        else:
            more, difference = differences(record, other, case.tolerance if level == "identical" else np.inf, 0 if level == "identical" else 1)
        complaints += more
    return Report(case.name, backend.name, "failed" if complaints else "passed", tuple(complaints), spikes, difference)


def refusal(case: Case, engine: str, found: tuple[Obstacle, ...]) -> Report:
    """A promised refusal is a pass, an unexpected or a missing one is not."""
    promised = case.obstacles.get(engine)
    reasons = sorted({obstacle.reason for obstacle in found})
    if promised in reasons:
        return Report(case.name, engine, "refused", tuple(str(obstacle) for obstacle in found))
    if promised and not found:
        return Report(case.name, engine, "failed", (f"refusal promised ({promised}), but there is no obstacle",))
    return Report(case.name, engine, "failed", tuple(f"unexpected obstacle: {obstacle}" for obstacle in found))


# ---- comparing records -------------------------------------------------------------------------------------------------
def differences(record: Record, other: Record, tolerance: float, steps: int) -> tuple[list[str], float]:
    """Complaints about events (moved by more than ``steps``), traces and final values; and the largest difference of values."""
    complaints, largest = [], 0.0
    for part in other.events:
        if part not in record.events:
            complaints.append(f"no events of {part!r} were recorded")
        elif complaint := events_differ(record.events[part], other.events[part], steps, tolerance):
            complaints.append(f"events of {part!r}: {complaint}")
    recorded = [
        (f"{key[1]} of {key[0]!r}", record.traces[key].values if key in record.traces else None, trace.values)
        for key, trace in other.traces.items()
    ]
    final = [(f"final {key[1]} of {key[0]!r}", record.final.get(key), value) for key, value in other.final.items()]
    for what, got, expected in recorded + final:
        if got is None or np.shape(got) != np.shape(expected):
            complaints.append(f"{what}: shape {None if got is None else np.shape(got)}, expected {np.shape(expected)}")
        elif np.size(expected):
            gap = float(np.max(np.abs(np.asarray(got) - expected)))
            largest = max(largest, gap)
            if not gap <= tolerance:
                complaints.append(f"{what} differs by {gap:.1e}, allowed {tolerance:.1e}")
    return complaints, largest


def bounded_differences(record: Record, other: Record, blocks: set[str]) -> tuple[list[str], float]:
    """Complaints where rounded numbers led elsewhere, and the largest difference of values of what never fires.

    Spikes need not be the same ones: a population has as many, to a tenth (or one), and what never fires has the same values, to a
    twentieth of what they span more than the engine reports. Oracles speak of exact numbers and are not asked.
    """
    complaints, largest = [], 0.0
    bounds = reported_bounds(record)
    firing = {part for part, events in other.events.items() if part in blocks and len(events.steps)}
    for part in sorted(blocks & set(other.events)):
        got, expected = len(record.events[part].steps) if part in record.events else -1, len(other.events[part].steps)
        if abs(got - expected) > max(1.0, BOUND_OF_COUNTS * expected):
            complaints.append(f"{got} events of {part!r}, expected {expected}, give or take {100 * BOUND_OF_COUNTS:g} %")
    for key, trace in other.traces.items():
        values = record.traces[key].values if key in record.traces else None
        if values is None or values.shape != trace.values.shape:
            complaints.append(f"{key[1]} of {key[0]!r}: shape {None if values is None else values.shape}, expected {trace.values.shape}")
        elif key[0] not in firing and trace.values.size:
            gap, span = float(np.max(np.abs(values - trace.values))), float(np.ptp(trace.values)) or float(np.max(np.abs(trace.values)))
            largest = max(largest, gap)
            if gap > (BOUND_OF_VALUES + bounds.get(key[0], 0.0)) * span:
                complaints.append(f"{key[1]} of {key[0]!r} differs by {gap:.2g}, it spans {span:.2g}")
    return complaints, largest


def events_differ(events: Events, expected: Events, steps: int, tolerance: float) -> str:
    """What differs first, '' if nothing does."""
    if len(events.steps) != len(expected.steps):
        return f"{len(events.steps)}, expected {len(expected.steps)}"
    got, wanted = (
        np.lexsort((e.steps, e.indices, e.copies)) if steps else np.lexsort((e.indices, e.copies, e.steps)) for e in (events, expected)
    )
    if (events.indices[got] != expected.indices[wanted]).any() or (events.copies[got] != expected.copies[wanted]).any():
        return "other neurons fired"
    moved = np.abs(events.steps[got] - expected.steps[wanted])
    if len(moved) and moved.max() > steps:
        return f"an event moved by {moved.max()} steps"
    paid = np.abs(events.payloads[got] - expected.payloads[wanted])
    return f"payloads differ by {paid.max():.1e}" if len(paid) and not paid.max() <= tolerance else ""

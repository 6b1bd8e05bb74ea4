"""The record of a run, by name: ``result["out"].spikes``, ``.rate``, ``.v``, ``result["pre -> post"].w``."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from neurosim.errors import ParameterError, did_you_mean
from neurosim.record import Events, Record
from neurosim.result.files import read, record_digest, write
from neurosim.result.part import PartResult
from neurosim.result.provenance import Provenance
from neurosim.result.window import phase_steps, stretch
from neurosim.spelling import spelt
from neurosim.units import Quantity, Unit

if TYPE_CHECKING:
    from matplotlib.figure import Figure


@spelt
@dataclass(frozen=True, repr=False)
class Result:
    """What a run recorded, and where it comes from.

    Shapes: N neurons, E edges, T records, K recorded neurons or edges, M spikes, B copies. Arrays of a run with one copy
    have no axis of copies.

    Parameters
    ----------
    record : Record
        The plain arrays as the engine left them.
    provenance : Provenance
        Parts, units, plan, seed, engine, versions, digests.
    selected : (int, int), optional
        The evaluation window [first step, last step) that rates, spikes and traces are restricted to; the whole run
        unless given. Made by `between` and `phase`.

    Examples
    --------
    >>> result["out"].spikes            # doctest: +SKIP
    (array([ 12.3,  14.1, ...]), array([4, 17, ...]))
    """

    record: Record
    provenance: Provenance
    selected: tuple[int, int] | None = None

    # ---- parts -------------------------------------------------------------------------------------------------------
    def __getitem__(self, name: str) -> PartResult:
        """The population, source or projection of that name.

        Raises
        ------
        ParameterError
            If the network had no such part.
        """
        for info in self.provenance.parts:
            if isinstance(name, str) and info.name == name:
                return PartResult(info, self.record, self.provenance, self.window_steps)
        names = [info.name for info in self.provenance.parts]
        raise ParameterError(f"there is no part '{name}'{did_you_mean(name, names)}", where="Result")

    def __iter__(self) -> Iterator[PartResult]:
        return (PartResult(info, self.record, self.provenance, self.window_steps) for info in self.provenance.parts)

    def __contains__(self, name: object) -> bool:
        return any(info.name == name for info in self.provenance.parts)

    @property
    def populations(self) -> tuple[PartResult, ...]:
        """The populations in the order of the network."""
        return tuple(part for part in self if part.kind == "population")

    @property
    def copies(self) -> int:
        """Number of copies B that were run at once."""
        return self.provenance.copies

    @property
    def interrupted(self) -> bool:
        """Whether the run was stopped before the end of its plan."""
        return self.provenance.interrupted

    @property
    def spike_count(self) -> int:
        """Recorded events of all populations within the evaluation window."""
        return sum(part.indices.size for part in self.populations if part.has_spikes)

    # ---- the evaluation window ---------------------------------------------------------------------------------------
    @property
    def window_steps(self) -> tuple[int, int]:
        """The evaluation window as [first step, last step)."""
        return (0, self.record.steps) if self.selected is None else self.selected

    @property
    def window(self) -> tuple[float, float]:
        """The evaluation window [from, to) in ms of the run."""
        first, last = self.window_steps
        return first * self.provenance.dt, last * self.provenance.dt

    @property
    def duration(self) -> float:
        """Length of the evaluation window in ms."""
        first, last = self.window_steps
        return (last - first) * self.provenance.dt

    def between(self, start: Quantity | Unit | float, stop: Quantity | Unit | float) -> Result:
        """The same result with the evaluation window [start, stop), times of the whole run.

        Parameters
        ----------
        start, stop : Quantity
            Times, as in ``result.between(500 * ms, 1 * second)``.

        Raises
        ------
        UnitError
            If a time has no unit of time.
        ParameterError
            If the window is empty or lies outside what was simulated.
        """
        return replace(self, selected=stretch(self.provenance, self.record.steps, start, stop, "Result.between"))

    def phase(self, which: str | int) -> Result:
        """The same result with the evaluation window of one phase of the plan.

        Parameters
        ----------
        which : str or int
            The label of a phase (consecutive phases of the same label count as one) or its number.

        Raises
        ------
        ParameterError
            If there is no such phase, or the run was stopped before it.
        """
        return replace(self, selected=phase_steps(self.provenance, self.record.steps, which))

    # ---- copies ------------------------------------------------------------------------------------------------------
    def copy(self, number: int) -> Result:
        """The result of one copy of a run with several.

        Raises
        ------
        ParameterError
            If there is no copy of that number.
        """
        if not isinstance(number, int | np.integer) or isinstance(number, bool) or not 0 <= number < self.copies:
            raise ParameterError(f"there is no copy {number}; the run has {self.copies}, counted from 0", where="Result")
        record = self.record
        events = {name: _one_copy(found, number) for name, found in record.events.items()}
        traces = {key: replace(trace, values=trace.values[:, number : number + 1]) for key, trace in record.traces.items()}
        final = {key: value[number : number + 1] for key, value in record.final.items()}
        single = replace(record, events=events, traces=traces, final=final)
        return replace(self, record=single, provenance=replace(self.provenance, copies=1))

    # ---- what people do with it --------------------------------------------------------------------------------------
    def with_expected(self, columns: Mapping[str, Mapping[str, float]]) -> Result:
        """The same result with expected rates to be shown beside the measured ones.

        Parameters
        ----------
        columns : mapping
            Column title -> population -> rate [Hz].

        Raises
        ------
        ParameterError
            If these are not numbers by title and population.
        """
        mappings = isinstance(columns, Mapping) and all(isinstance(column, Mapping) for column in columns.values())
        if not mappings or not all(isinstance(rate, int | float | np.number) for column in columns.values() for rate in column.values()):
            raise ParameterError(f"needs columns such as {{'published': {{'exc': 5.6}}}}, rates in Hz, got {columns!r}", where="with_expected")
        return replace(self, provenance=replace(self.provenance, expected={k: dict(v) for k, v in columns.items()}))

    def table(self) -> str:
        """A text table of the evaluation window: population, neurons, rate, CV, synchrony, and what was expected."""
        from neurosim.analysis import table

        return table(self)

    def raster(self, **appearance: Any) -> Figure:
        """A raster of the spikes with population rates underneath; see `neurosim.plotting.raster`."""
        from neurosim.plotting import raster

        return raster(self, **appearance)

    def plot(self, **appearance: Any) -> Figure:
        """Everything that was recorded in one figure; see `neurosim.plotting.overview`."""
        from neurosim.plotting import overview

        return overview(self, **appearance)

    def report(self, path: str | os.PathLike[str], *, figures: Mapping[str, Figure] | None = None) -> None:
        """Write one HTML page about the run that opens without network.

        Pictures, measured beside expected rates, the network, its equations and parameters, provenance, how to repeat it.

        Parameters
        ----------
        path : str or path
            Such as ``"report.html"``.
        figures : mapping of str to matplotlib.figure.Figure, optional
            Title -> picture of yours; they stand first.

        Raises
        ------
        FileError
            If it cannot be written.
        """
        from neurosim.report import write_report

        write_report(self, path, {} if figures is None else figures)

    def digest(self) -> str:
        """SHA-256 of the spikes and the final state of the whole run: equal for equal runs, whatever time they took."""
        return record_digest(self.record)

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write one HDF5 file that h5py alone can read; `neurosim.result.files` describes its layout.

        The file appears under its name when it is complete, or not at all.

        Raises
        ------
        FileError
            If it cannot be written.
        """
        write(self.record, self.provenance, self.selected, path)

    def to_neo(self) -> Any:
        """A ``neo.Block`` of the evaluation window, for Elephant and Neo's file formats: see `neurosim.interchange.neo.to_neo`.

        Raises
        ------
        BackendMissingError
            If Neo is not installed: ``pip install "neurosim-toolkit[neo]"``.
        """
        from neurosim.interchange.neo import to_neo

        return to_neo(self)

    def save_sonata(self, path: str | os.PathLike[str]) -> None:
        """Write the spikes of the evaluation window as a SONATA file: see `neurosim.interchange.sonata.write_sonata`.

        Raises
        ------
        FileError
            If it cannot be written.
        """
        from neurosim.interchange.sonata import write_sonata

        write_sonata(self, path)

    def __repr__(self) -> str:
        origin = self.provenance
        name = f" of '{origin.name}'" if origin.name else ""
        spikes = f"{self.spike_count:,} spikes" if any(part.has_spikes for part in self.populations) else "no spikes recorded"
        count = len(self.populations)
        populations = f"{count} population{'' if count == 1 else 's'}"
        stopped = ", interrupted" if self.interrupted else ""
        engine = ", ".join(text for text in (origin.backend, origin.precision, f"seed {origin.seed}") if text)
        return f"Result{name}: {self.duration:g} ms, {populations}, {spikes} ({engine}{stopped})"


@spelt
def load_result(path: str | os.PathLike[str]) -> Result:
    """Read a result that `Result.save` wrote.

    Raises
    ------
    FileError
        If the file cannot be opened.
    FileFormatError
        If it is not the file of a result; says what is wrong and where in the file.
    """
    return Result(*read(path))


def require_result(given: object, where: str) -> None:
    """Refuse whatever is not a `Result`.

    Raises
    ------
    ParameterError
    """
    if not isinstance(given, Result):
        hint = "It is made by ns.simulate(net, 1 * second), or by ns.load_result(path)."
        raise ParameterError(f"needs a Result, got a {type(given).__name__}", where=where, hint=hint)


def _one_copy(events: Events, number: int) -> Events:
    chosen = events.copies == number
    return Events(events.steps[chosen], events.indices[chosen], events.payloads[chosen], np.zeros(int(chosen.sum()), events.copies.dtype))

"""What was recorded of one part of a network."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from neurosim.errors import ParameterError, did_you_mean
from neurosim.record import Events, Record, Trace
from neurosim.result.choice import chosen_neurons
from neurosim.result.provenance import PartInfo, Provenance
from neurosim.result.window import phase_steps, stretch
from neurosim.units import Quantity, Unit, parse_unit

IntArray = npt.NDArray[np.integer[Any]]
FloatArray = npt.NDArray[np.float64]
EVENTS = "spikes"
COMPUTED = ("rate", "t", "window", "size", "units", "recorded", "steps", "indices", "events", "payloads")
"""What a part of a result has besides what was recorded."""


@dataclass(frozen=True, repr=False)
class PartResult:
    """What was recorded of one part within the evaluation window.

    Every recorded variable is an attribute: ``result["out"].v`` is its trace, (T, K), with several copies (T, B, K), in
    the unit ``result["out"].units["v"]``. A variable named like an attribute below is read with ``trace("rate")``. `between`,
    `phase` and `neurons` return the same part with less of it.
    """

    info: PartInfo
    record: Record
    provenance: Provenance
    window_steps: tuple[int, int]
    chosen: IntArray | None = None  # neurons, None for all

    # ---- less of it --------------------------------------------------------------------------------------------------
    def between(self, start: Quantity | Unit | float, stop: Quantity | Unit | float) -> PartResult:
        """The same part in the evaluation window [start, stop), times of the whole run: ``between(100 * ms, 1 * second)``.

        Raises
        ------
        UnitError, ParameterError
            As those of `Result.between`.
        """
        return replace(self, window_steps=stretch(self.provenance, self.record.steps, start, stop, self._where()))

    def phase(self, which: str | int) -> PartResult:
        """The same part in the evaluation window of one phase of the plan, by its label or number.

        Raises
        ------
        ParameterError
            As that of `Result.phase`.
        """
        return replace(self, window_steps=phase_steps(self.provenance, self.record.steps, which))

    def neurons(self, which: npt.ArrayLike) -> PartResult:
        """The same part with some of its neurons, in the order given: ``neurons(range(10))``, ``neurons(part.rate > 5)``.

        Spikes, rates, traces and final values are of these neurons alone. Neurons keep their numbers, which `indices` and
        ``recorded_of("v")`` hold, and `size` stays the number of all. A trace has those of them that were recorded.

        Parameters
        ----------
        which : (K,) array of int, or (N,) array of bool
            Numbers of neurons, each once, or which of all neurons.

        Raises
        ------
        ParameterError
            If there is no such neuron, or this is a projection.
        """
        if self.kind == "projection":
            hint = "Of its edges choose with indices: .w[:, 10:20]; recorded_of('w') holds their numbers."
            raise ParameterError("a projection has edges, no neurons", where=self._where(), hint=hint)
        return replace(self, chosen=chosen_neurons(which, self.size, self.chosen, self._where()))

    @property
    def window(self) -> tuple[float, float]:
        """The evaluation window [from, to) in ms of the run."""
        first, last = self.window_steps
        return first * self.provenance.dt, last * self.provenance.dt

    @property
    def copies(self) -> int:
        """Number of copies B that were run at once."""
        return self.provenance.copies

    @property
    def name(self) -> str:
        """The part's name."""
        return self.info.name

    @property
    def kind(self) -> str:
        """'population', 'source' or 'projection'."""
        return self.info.kind

    @property
    def size(self) -> int:
        """Neurons N, of a projection its edges E, whether chosen or not."""
        return self.info.size

    @property
    def units(self) -> Mapping[str, str]:
        """Variable -> the unit its numbers are in."""
        return self.info.units

    @property
    def recorded(self) -> tuple[str, ...]:
        """Names of the variables that were recorded."""
        spikes = (EVENTS,) if self.has_spikes else ()
        return spikes + tuple(variable for part, variable in self.record.traces if part == self.name)

    # ---- spikes ------------------------------------------------------------------------------------------------------
    @property
    def has_spikes(self) -> bool:
        """Whether the spikes were recorded."""
        return self.name in self.record.events

    @property
    def events(self) -> Events:
        """The recorded events of the window as four arrays (M,), sorted by step, copy and index.

        Raises
        ------
        ParameterError
            If the spikes of this part were not recorded.
        """
        found = self.record.events.get(self.name)
        if found is None:
            raise self._not_recorded(EVENTS)
        first, last = self.window_steps
        if (first, last) == (0, self.record.steps) and self.chosen is None:
            return found
        begin, end = np.searchsorted(found.steps, (first, last))
        kept: Any = slice(begin, end)
        if self.chosen is not None:
            wanted = np.zeros(self.size, bool)
            wanted[self.chosen] = True
            kept = begin + np.flatnonzero(wanted[found.indices[begin:end]])
        return Events(*(array[kept] for array in (found.steps, found.indices, found.payloads, found.copies)))

    @property
    def spikes(self) -> tuple[FloatArray, npt.NDArray[np.int64]]:
        """Times [ms] and neurons of the spikes, (M,) each, in the order in which they happened."""
        events = self.events
        return events.steps * self.provenance.dt, events.indices.astype(np.int64)

    @property
    def steps(self) -> IntArray:
        """(M,) steps of the spikes, counted from the start of the run."""
        return self.events.steps

    @property
    def indices(self) -> IntArray:
        """(M,) neurons that fired."""
        return self.events.indices

    @property
    def payloads(self) -> FloatArray:
        """(M,) what the spikes carried: 1 unless the model says otherwise."""
        return self.events.payloads

    @property
    def copy_numbers(self) -> IntArray:
        """(M,) copies in which the spikes happened."""
        return self.events.copies

    @property
    def rate(self) -> FloatArray:
        """(N,), with several copies (B, N), spikes per second [Hz] over the evaluation window; nan where not recorded.

        Of chosen neurons (K,) or (B, K).
        """
        total = self._counts()
        missing = self._unrecorded()
        if missing is not None:
            total[:, missing] = math.nan
        rates = total * (1000.0 / (self.window[1] - self.window[0]))
        return self._of_chosen(rates)[0] if self.copies == 1 else self._of_chosen(rates)

    def _counts(self) -> FloatArray:
        copies, size = self.copies, self.size
        trace = self.record.traces.get((self.name, "counts"))
        if self.has_spikes or trace is None:
            events = self.events
            weights = events.payloads if self.info.counted else None
            flat = np.bincount(events.copies * size + events.indices, weights, copies * size)
            return flat.reshape(copies, size).astype(np.float64)
        total = np.zeros((copies, size))
        total[:, slice(None) if trace.of is None else trace.of] = self._window_of(trace).values.sum(axis=0)
        return total

    def _unrecorded(self) -> npt.NDArray[np.bool_] | None:
        variable = EVENTS if self.has_spikes else "counts"
        for tap in self.info.taps:
            if tap.variable == variable and tap.of is not None:
                missing = np.ones(self.size, bool)
                missing[list(tap.of)] = False
                return missing
        return None

    # ---- traces ------------------------------------------------------------------------------------------------------
    def trace(self, variable: str) -> npt.NDArray[Any]:
        """Recorded values of a variable, (T, K), with several copies (T, B, K); of 'count' (T,) and (T, B).

        They are plain numbers in the unit ``units[variable]``; see `quantity`.

        Raises
        ------
        ParameterError
            If it was not recorded; the message lists what was.
        """
        trace = self._window_of(self._trace(variable))
        values = trace.values
        if variable == "count":
            if self.chosen is not None:
                raise ParameterError("'count' is that of the whole population, not of chosen neurons", where=self._where())
            values = values[:, :, 0]
        elif self.chosen is not None:
            values = values[:, :, self._columns(variable, trace)]
        return values[:, 0] if self.copies == 1 else values

    def quantity(self, variable: str) -> Quantity:
        """What an attribute holds, with its unit: of a recorded variable, of 'rate', 't' and 'window'.

        Divided by another unit it is a plain array again: ``result["out"].quantity("v") / volt``.

        Raises
        ------
        ParameterError
            If it was not recorded.

        Examples
        --------
        >>> result["out"].quantity("v").max()    # doctest: +SKIP
        -50.02 mV
        """
        variable, attributes = str(variable), {"rate": "Hz", "t": "ms", "window": "ms"}
        if variable in attributes and variable not in self.recorded:
            return Quantity(np.asarray(getattr(self, variable)), parse_unit(attributes[variable]))
        return Quantity(np.asarray(self.trace(variable), np.float64), parse_unit(self.units.get(variable) or "1"))

    def times(self, variable: str) -> FloatArray:
        """(T,) times [ms] of the recorded values of a variable."""
        ends = any(tap.variable == variable and tap.at == "end" for tap in self.info.taps)
        return (self._window_of(self._trace(variable)).steps + int(ends)) * self.provenance.dt

    def recorded_of(self, variable: str) -> IntArray:
        """(K,) neurons or edges whose values of a variable, or whose 'spikes', were recorded; of chosen neurons those of them.

        Raises
        ------
        ParameterError
            If it was not recorded.
        """
        if variable == EVENTS:
            if not self.has_spikes:
                raise self._not_recorded(EVENTS)
            missing = self._unrecorded()
            chosen = np.arange(self.size) if self.chosen is None else self.chosen
            return chosen if missing is None else chosen[~missing[chosen]]
        trace = self._trace(variable)
        recorded = np.arange(trace.values.shape[2]) if trace.of is None else trace.of
        return recorded if self.chosen is None else recorded[self._columns(variable, trace)]

    @property
    def t(self) -> FloatArray:
        """(T,) times [ms] of the traces.

        Raises
        ------
        ParameterError
            If nothing was recorded over time, or variables were recorded at different times: then say ``times("v")``.
        """
        variables = [variable for variable in self.recorded if variable != EVENTS]
        if not variables:
            raise self._not_recorded("t")
        times = [self.times(variable) for variable in variables]
        if any(not np.array_equal(times[0], other) for other in times[1:]):
            shown = ", ".join(f'times("{variable}")' for variable in variables)
            raise ParameterError(f"its variables were recorded at different times; say {shown}", where=self._where())
        return times[0]

    def final(self, variable: str) -> npt.NDArray[Any]:
        """Value after the last step of the run: (N,) or (E,), with several copies (B, N) or (B, E); of chosen neurons (K,).

        Raises
        ------
        ParameterError
            If the variable is no state and no plastic weight of this part.
        """
        final, variable = self.record.final, str(variable)
        names = (self.name, self.info.weights) if variable == "w" else (self.name,)
        for name in names:
            if (name, variable) in final:
                values = self._of_chosen(final[name, variable])
                return values[0] if self.copies == 1 else values
        known = [other for name, other in final if name in names]
        raise ParameterError(f"has no final state '{variable}'{did_you_mean(variable, known)}", where=self._where())

    def __getattr__(self, variable: str) -> npt.NDArray[Any]:
        # Python and notebooks probe for private names; for these they need their own kind of error.
        if variable.startswith("_"):
            raise AttributeError(variable)
        return self.trace(variable)

    def __dir__(self) -> list[str]:
        public = [name for name in object.__dir__(self) if not name.startswith("__")]
        return sorted({*public, *self.recorded})

    def _trace(self, variable: str) -> Trace:
        trace = self.record.traces.get((self.name, str(variable)))
        if trace is None:
            raise self._not_recorded(str(variable))
        return trace

    def _of_chosen(self, values: npt.NDArray[Any]) -> npt.NDArray[Any]:
        """The chosen neurons of values (B, N)."""
        return values if self.chosen is None else values[:, self.chosen]

    def _columns(self, variable: str, trace: Trace) -> IntArray:
        """Where the chosen neurons stand in a trace, of those that were recorded."""
        column = np.full(self.size, -1)
        recorded = np.arange(trace.values.shape[2]) if trace.of is None else trace.of
        column[recorded] = np.arange(recorded.size)
        found = column[self.chosen]
        if (found < 0).all():
            known = ", ".join(str(k) for k in recorded[:8]) + (" ..." if recorded.size > 8 else "")
            raise ParameterError(f"'{variable}' was recorded of none of the chosen neurons; recorded: {known}", where=self._where())
        return found[found >= 0]

    def _window_of(self, trace: Trace) -> Trace:
        first, last = self.window_steps
        begin, end = np.searchsorted(trace.steps, (first, last))
        return Trace(trace.steps[begin:end], trace.values[begin:end], trace.of)

    def _where(self) -> str:
        return f"{self.kind} '{self.name}'"

    def _not_recorded(self, variable: str) -> ParameterError:
        recorded = self.recorded
        other_words = {"weights": "w", "spike": EVENTS}
        if other_words.get(variable) in recorded:
            tail = f"; did you mean '{other_words[variable]}'?"
        elif recorded:
            tail = did_you_mean(variable, recorded)
            if "did you mean" not in tail:
                tail = f"; recorded: {', '.join(recorded)}"
        else:
            tail = "; nothing of it was recorded"
        if "did you mean" in tail:
            return ParameterError(f"'{variable}' was not recorded{tail}", where=self._where())
        computed = did_you_mean(variable, COMPUTED)
        if "did you mean" in computed:
            return ParameterError(f"there is no '{variable}'{computed}", where=self._where())
        message = f"'{variable}' was not recorded{tail}"
        names = {self.name, self.info.weights} if variable == "w" else {self.name}
        kept = any((name, variable) in self.record.final for name in names)
        if kept:
            hint = f'Its value after the run is result["{self.name}"].final("{variable}").'
        else:
            who = self.name if self.name.isidentifier() else "..."
            hint = f'Add ns.Probe({who}, "{variable}") to the network to record it.'
        return ParameterError(message, where=self._where(), hint="" if variable == "t" else hint)

    def __repr__(self) -> str:
        things = "edges" if self.kind == "projection" else "neurons"
        number = self.size if self.chosen is None else f"{self.chosen.size} of {self.size}"
        return f"{self._where()}: {number} {things}; recorded: {', '.join(self.recorded) or 'nothing'}"

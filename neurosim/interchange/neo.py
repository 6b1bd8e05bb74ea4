"""Results as objects of Neo, which Elephant and the formats that Neo writes understand.

References
----------
Garcia et al. (2014), Front Neuroinform 8, 10, doi 10.3389/fninf.2014.00010
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import numpy as np

from neurosim.errors import BackendMissingError
from neurosim.result import PartResult, Result
from neurosim.result.provenance import to_plain


def to_neo(result: Result) -> Any:
    """A ``neo.Block`` with one segment per phase of the evaluation window, and per copy.

    Parameters
    ----------
    result : Result

    Returns
    -------
    neo.Block
        Its annotations say where the result comes from; 'provenance' holds all of it as JSON text. Each segment has

        - the spikes of all parts as one ``SpikeTrainList``, a train per neuron, annotated with ``population`` and ``neuron``.
          It stays two arrays until somebody asks for single trains, so thousands of neurons cost nothing. Payloads other
          than 1 are in the segment's annotation ``payloads``, by part, in the order of its spikes;
        - every trace as an ``AnalogSignal`` (T, K) named 'part.variable', in its unit, with the array annotation ``neuron`` or
          ``edge``; records at irregular times as an ``IrregularlySampledSignal``.

    Raises
    ------
    BackendMissingError
        If Neo is not installed.
    """
    neo, quantities = _libraries()
    origin = result.provenance
    annotations = {
        "backend": origin.backend, "seed": origin.seed, "dt_ms": origin.dt, "copies": origin.copies,
        "program_digest": origin.program_digest, "provenance": json.dumps(to_plain(origin), default=str),
    }  # fmt: skip
    block = neo.Block(name=origin.name or None, description="spikes and traces of a simulation", **annotations)
    for label, phase in _phases(result):
        for number in range(phase.copies):
            segment = neo.Segment(name=label or None, index=len(block.segments), copy=number)
            _fill(neo, quantities, segment, phase.copy(number))
            block.segments.append(segment)
    return block


def _libraries() -> tuple[Any, Any]:
    """Neo, and the package that it takes its units from."""
    try:
        import neo
        import quantities
    except ImportError as error:
        hint = 'install it with: pip install ".[neo]" in a checkout, or pip install "neurosim-toolkit[neo]"'
        raise BackendMissingError("the export to Neo needs neo, which is not installed", hint=hint) from error
    return neo, quantities


def _phases(result: Result) -> Iterator[tuple[str, Result]]:
    """Label and result of each phase that overlaps the evaluation window."""
    first, last = result.window_steps
    stretches = [(p.label, max(p.start, first), min(p.start + p.steps, last)) for p in result.provenance.phases]
    inside = [(label, begin, end) for label, begin, end in stretches if begin < end]
    for label, begin, end in inside or [("", first, last)]:
        yield label, replace(result, selected=(begin, end))


def _fill(neo: Any, quantities: Any, segment: Any, result: Result) -> None:
    parts = [part for part in result if part.has_spikes]
    if parts:
        segment.spiketrains = _trains(neo, parts, result.window)
        payloads = {part.name: part.payloads.tolist() for part in parts if not part.info.counted and np.any(part.payloads != 1.0)}
        if payloads:
            segment.annotate(payloads=payloads)
    for part in result:
        for variable in part.recorded:
            if variable != "spikes" and part.times(variable).size:
                signal = _signal(neo, quantities, part, variable)
                regular = isinstance(signal, neo.AnalogSignal)
                (segment.analogsignals if regular else segment.irregularlysampledsignals).append(signal)


def _trains(neo: Any, parts: list[PartResult], window: tuple[float, float]) -> Any:
    """All spikes of a segment as one list of trains, numbered over all parts."""
    times, channels, populations, neurons, start = [], [], [], [], 0
    for part in parts:
        recorded = part.recorded_of("spikes")
        channel = np.full(part.size, -1, np.int64)
        channel[recorded] = start + np.arange(recorded.size)
        number = part.payloads.astype(np.int64) if part.info.counted else np.ones(part.steps.size, np.int64)
        times.append(np.repeat(part.spikes[0], number))
        channels.append(np.repeat(channel[part.indices], number))
        populations += [part.name] * recorded.size
        neurons += recorded.tolist()
        start += recorded.size
    # Neo refuses a spike outside the window by a rounding error.
    return neo.core.spiketrainlist.SpikeTrainList.from_spike_time_array(
        np.clip(np.concatenate(times), *window), np.concatenate(channels), list(range(start)), units="ms",
        t_start=window[0], t_stop=window[1], population=populations, neuron=neurons,
    )  # fmt: skip


def _signal(neo: Any, quantities: Any, part: PartResult, variable: str) -> Any:
    times, unit = part.times(variable), part.units.get(variable, "")
    values = part.trace(variable).reshape(times.size, -1)
    try:
        neo_unit = quantities.dimensionless if unit in ("", "1") else quantities.Quantity(1.0, unit).units
    except LookupError:  # 'weight', 'Gohm': Neo has no word for it, the annotation has ours
        neo_unit = quantities.dimensionless
    kind = "edge" if part.kind == "projection" else "neuron"
    whose = {} if variable == "count" else {kind: part.recorded_of(variable)}
    options = {"units": neo_unit, "name": f"{part.name}.{variable}", "array_annotations": whose, "unit": unit}
    steps = np.diff(np.rint(times / part.provenance.dt))
    if steps.size and (steps == steps[0]).all():
        period = steps[0] * part.provenance.dt * quantities.ms
        return neo.AnalogSignal(values, t_start=times[0] * quantities.ms, sampling_period=period, **options)
    return neo.IrregularlySampledSignal(times * quantities.ms, values, **options)

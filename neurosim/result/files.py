"""The file of a result: HDF5, readable without this package.

::

    /                       attributes: format 'neurosim result', format_version, dt_ms, steps, digest, first_step, last_step; texts, a
                            digest of the three that follow
    /provenance             text, JSON: parts with sizes and units, phases, engine, seed, versions, options, expected rates, the
                            network in words (`neurosim.description`), machine, command, notes
    /timing                 text, JSON: seconds of building and of running
    /info                   text, JSON: what the engine said about the run
    /spikes/<part>/         steps, indices, payloads, copies: (M,), sorted by step, copy, index; a spike of step n is at n * dt_ms
    /traces/<part>/<variable>/    values (T, B, K), steps (T,), of (K,) unless all; attribute: unit
    /final/<part>/<variable>      (B, N) or (B, E) after the last step; attribute: unit

Values that were recorded at the end of a step n, of which the taps of a part in the provenance say ``"at": "end"``, are at
(n + 1) * dt_ms; others at n * dt_ms. The payload of a spike is 1 unless the model says otherwise; of a Poisson source, ``"counted"``
in the provenance, it is the number of spikes within the step. Weights 'w' are in the order of the edges, plastic ones of each copy
apart. The evaluation window is from first_step to last_step; everything else is of the whole run.

Each part's group has its true name in the attribute ``name``; in the path '/' is written '%2F', '%' '%25' and a name of
dots '%2E'. A reader may rely on what stands here for every format_version; newer versions only add to it, and pass over groups, arrays,
attributes and keys that they do not know.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np

from neurosim.errors import FileFormatError
from neurosim.files import opened, path_of, written
from neurosim.record import Events, Record, Trace
from neurosim.result.provenance import Provenance, from_plain, to_plain

FORMAT = "neurosim result"
FORMAT_VERSION = 1
EVENT_ARRAYS = ("steps", "indices", "payloads", "copies")
COMPRESSED_FROM = 8192
"""Smaller arrays are stored as they are."""


def record_digest(record: Record) -> str:
    """SHA-256 of events and final state, independent of timing, of number types and of the sign of zero."""
    hashed = hashlib.sha256()
    for part in sorted(record.events):
        events = record.events[part]
        hashed.update(f"events {part} {events.steps.size}\n".encode())
        for array in (events.steps, events.indices, events.copies):
            hashed.update(np.ascontiguousarray(array, "<i8").tobytes())
        hashed.update((np.ascontiguousarray(events.payloads, "<f8") + 0.0).tobytes())
    for part, variable in sorted(record.final):
        value = np.ascontiguousarray(record.final[part, variable], "<f8") + 0.0
        hashed.update(f"final {part} {variable} {value.shape}\n".encode())
        hashed.update(value.tobytes())
    return hashed.hexdigest()


# ---- writing -----------------------------------------------------------------------------------------------------------
def write(
    record: Record, provenance: Provenance, selected: tuple[int, int] | None, path: str | os.PathLike[str]
) -> None:
    """Write the file; it appears complete or not at all (:func:`neurosim.files.written`)."""
    with written(path, bytes_of(record)) as file:
        _fill(file, record, provenance, selected)


def bytes_of(record: Record) -> int:
    """About how many bytes a record takes in a file, before compression."""
    arrays = [getattr(events, name) for events in record.events.values() for name in EVENT_ARRAYS]
    arrays += [array for trace in record.traces.values() for array in (trace.steps, trace.values)]
    return sum(np.asarray(array).nbytes for array in (*arrays, *record.final.values()))


def _fill(file: Any, record: Record, provenance: Provenance, selected: tuple[int, int] | None) -> None:
    first, last = (0, record.steps) if selected is None else selected
    file.attrs.update(
        format=FORMAT, format_version=FORMAT_VERSION, dt_ms=provenance.dt, steps=record.steps,
        digest=record_digest(record), first_step=first, last_step=last,
    )  # fmt: skip
    texts = {"provenance": to_plain(provenance), "timing": dict(record.timing), "info": dict(record.info)}
    for name, plain in texts.items():
        file[name] = json.dumps(plain, default=_plain_value, ensure_ascii=False, allow_nan=True)
    file.attrs["texts"] = _digest_of_texts(file)
    fill_record(file, record, {part.name: part.units for part in provenance.parts})


def _digest_of_texts(file: Any) -> str:
    """SHA-256 of provenance, timing and information as they stand in the file; arrays have checksums of their own."""
    return hashlib.sha256(b"".join(file[name][()] for name in ("provenance", "timing", "info"))).hexdigest()


def fill_record(file: Any, record: Record, units: Mapping[str, Mapping[str, str]]) -> None:
    """Store events, traces and final values in groups of a file; ``units``: part -> variable -> unit."""
    for part, events in record.events.items():
        group = _part_group(file, "spikes", part)
        for name in EVENT_ARRAYS:
            _store(group, name, getattr(events, name))
    for (part, variable), trace in record.traces.items():
        group = _part_group(file, "traces", part).require_group(escape(variable))
        group.attrs.update(name=variable, unit=units.get(part, {}).get(variable, ""))
        _store(group, "values", trace.values)
        _store(group, "steps", trace.steps)
        if trace.of is not None:
            _store(group, "of", trace.of)
    for (part, variable), value in record.final.items():
        stored = _store(_part_group(file, "final", part), escape(variable), value)
        stored.attrs.update(name=variable, unit=units.get(part, {}).get(variable, ""))


def _part_group(file: Any, kind: str, part: str) -> Any:
    group = file.require_group(kind).require_group(escape(part))
    group.attrs["name"] = part
    return group


def _store(group: Any, name: str, array: Any) -> Any:
    values = np.asarray(array)
    packing = {"compression": "gzip", "compression_opts": 1, "shuffle": True} if values.size >= COMPRESSED_FROM else {}
    # A checksum, so that a damaged file is refused when it is read; HDF5 keeps them for arrays that have entries only.
    return group.create_dataset(name, data=values, fletcher32=bool(values.size and values.ndim), **packing)


def _plain_value(value: object) -> object:
    """What JSON has no word for: numpy's numbers and arrays as themselves, the rest as text."""
    if isinstance(value, np.ndarray | np.generic):
        return value.tolist()
    if isinstance(value, Mapping):
        return dict(value)
    if isinstance(value, set | frozenset):
        return sorted(value)
    return str(value)


def escape(name: str) -> str:
    """A name of a part as one component of an HDF5 path."""
    escaped = name.replace("%", "%25").replace("/", "%2F")
    return escaped.replace(".", "%2E") if not escaped.strip(".") else escaped


# ---- reading -----------------------------------------------------------------------------------------------------------
def read(path: str | os.PathLike[str]) -> tuple[Record, Provenance, tuple[int, int] | None]:
    """Read the file of a result.

    Raises
    ------
    FileError, FileFormatError
        If it cannot be opened, or is something else.
    """
    source = path_of(path)
    with opened(source) as file, _malformed(source, file):
        if _text(file.attrs.get("format", "")) != FORMAT:
            hint = "Session.restore(path) goes on with a checkpoint." if file.attrs.get("format") == "neurosim checkpoint" else ""
            raise FileFormatError("it is an HDF5 file, but not that of a neurosim result", where=f"'{source}'", hint=hint)
        provenance = from_plain(_json(file, "provenance"))
        record = read_record(file)
        _check(record, provenance)
        if "texts" in file.attrs and _text(file.attrs["texts"]) != _digest_of_texts(file):
            raise ValueError("its texts are damaged; where they were changed on purpose, delete the attribute 'texts'")
        first, last = int(file.attrs.get("first_step", 0)), int(file.attrs.get("last_step", record.steps))
    return record, provenance, None if (first, last) == (0, record.steps) else (first, last)


@contextmanager
def _malformed(source: Path, file: Any) -> Iterator[None]:
    """Turn whatever a wrong content raises into one error of ours."""
    try:
        yield
    except (KeyError, TypeError, ValueError, AttributeError, OSError, RuntimeError) as error:
        version = file.attrs.get("format_version", "unknown")
        newer = isinstance(version, int | np.integer) and version > FORMAT_VERSION
        hint = f"It was written in format {version}; this version of neurosim knows {FORMAT_VERSION}." if newer else ""
        reason = str(error.args[0]) if isinstance(error, KeyError) and error.args else str(error)
        raise FileFormatError(f"malformed result: {reason}", where=f"'{source}'", hint=hint) from error


def read_record(file: Any) -> Record:
    """The record of a file: what :func:`fill_record` stored, with steps, timing and information.

    Raises
    ------
    KeyError, TypeError, ValueError
        Where something is missing or does not fit together; whoever read it says which file it was.
    """
    events = {}
    for group in file.get("spikes", {}).values():
        arrays = [_array(group, name) for name in EVENT_ARRAYS]
        if len({array.shape for array in arrays}) != 1 or arrays[0].ndim != 1:
            raise ValueError(f"{group.name}: steps, indices, payloads and copies are not of one length")
        events[_text(group.attrs["name"])] = Events(*arrays)
    traces = {}
    for part in file.get("traces", {}).values():
        for group in part.values():
            steps, values = _array(group, "steps"), _array(group, "values")
            if values.ndim != 3 or values.shape[0] != steps.size:
                raise ValueError(f"{group.name}: values have the shape {values.shape}, not ({steps.size}, B, K)")
            of = _array(group, "of") if "of" in group else None
            traces[_text(part.attrs["name"]), _text(group.attrs["name"])] = Trace(steps, values, of)
    final = {
        (_text(part.attrs["name"]), _text(stored.attrs["name"])): stored[...]
        for part in file.get("final", {}).values()
        for stored in part.values()
    }
    return Record(int(file.attrs["steps"]), events, traces, final, _json(file, "timing"), _json(file, "info"))


def _check(record: Record, provenance: Provenance) -> None:
    parts = {part.name: part for part in provenance.parts}
    for name, events in record.events.items():
        if name not in parts:
            raise ValueError(f"/spikes/{escape(name)}: the provenance knows no part '{name}'")
        if events.indices.size and not 0 <= events.indices.min() <= events.indices.max() < parts[name].size:
            raise ValueError(f"/spikes/{escape(name)}/indices: outside the {parts[name].size} neurons of the part")
        if events.copies.size and not 0 <= events.copies.min() <= events.copies.max() < provenance.copies:
            raise ValueError(f"/spikes/{escape(name)}/copies: outside the {provenance.copies} copies of the run")
        if np.any(np.diff(events.steps) < 0):
            raise ValueError(f"/spikes/{escape(name)}/steps: not sorted")


def _array(group: Any, name: str) -> Any:
    if name not in group:
        raise ValueError(f"{group.name} has no '{name}'")
    return group[name][...]


def _json(file: Any, name: str) -> dict[str, Any]:
    if name not in file:
        raise ValueError(f"there is no '/{name}'")
    found = json.loads(_text(file[name][()]))
    if not isinstance(found, dict):
        raise ValueError(f"/{name} is not a JSON object")
    return found


def _text(value: Any) -> str:
    return value.decode("utf-8") if isinstance(value, bytes) else str(value)

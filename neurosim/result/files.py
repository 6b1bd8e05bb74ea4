"""The file of a result: HDF5, readable without this package.

::

    /                       attributes: format 'neurosim result', format_version, dt_ms, steps, digest, first_step, last_step
    /provenance             text, JSON: parts with sizes and units, phases, engine, seed, versions, options, expected rates
    /timing                 text, JSON: seconds of building and of running
    /info                   text, JSON: what the engine said about the run
    /spikes/<part>/         steps, indices, payloads, copies: (M,), sorted by step, copy, index; a spike of step n is at n * dt_ms
    /traces/<part>/<variable>/    values (T, B, K), steps (T,), of (K,) unless all; attribute: unit
    /final/<part>/<variable>      (B, N) or (B, E) after the last step; attribute: unit

Each part's group has its true name in the attribute ``name``; in the path '/' is written '%2F', '%' '%25' and a name of
dots '%2E'. A reader may rely on what stands here for every format_version; newer versions only add to it.
"""

from __future__ import annotations

import hashlib
import json
import os
import uuid
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from io import FileIO
from pathlib import Path
from typing import Any

import numpy as np

from neurosim.errors import FileError, FileFormatError
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
    """Write the file under a temporary name beside ``path``, then rename it.

    Raises
    ------
    FileError
        If that fails; the temporary file is removed and an older file of that name is left as it was.
    """
    import h5py

    target = _path(path)
    if target.is_dir():
        raise FileError(f"cannot write '{target}': it is a folder")
    if target.exists() and not os.access(target, os.W_OK):
        raise FileError(f"cannot write '{target}': it exists and is write-protected")
    temporary = target.with_name(f".{target.name}.{uuid.uuid4().hex[:8]}.part")
    try:
        with open(temporary, "w+b", buffering=0) as raw:
            sink = _Sink(raw)
            with h5py.File(sink, "w") as file:
                _fill(file, record, provenance, selected)
            if sink.failures:
                raise sink.failures[0]
            os.fsync(raw.fileno())
        os.replace(temporary, target)
    except OSError as error:
        reason = error.strerror if target.parent.is_dir() else f"there is no folder '{target.parent}'"
        raise FileError(f"cannot write '{target}': {reason}") from error
    finally:
        temporary.unlink(missing_ok=True)


@dataclass(frozen=True)
class _Sink:
    """A file that HDF5 writes into, which notes errors instead of raising them.

    HDF5 swallows some of the errors of a full disk and stumbles over others when it closes its objects; so it is told that
    all is well, and whoever gave it the file looks here afterwards.
    """

    raw: FileIO
    failures: list[OSError] = field(default_factory=list)

    def write(self, data: Any) -> int:
        """Write all of the data, or note why not."""
        rest = memoryview(data).cast("B")
        length = rest.nbytes
        try:
            while rest.nbytes and not self.failures:
                rest = rest[self.raw.write(rest) :]
        except OSError as error:
            self.failures.append(error)
        return length

    def readinto(self, target: Any) -> int:
        """Read back what was written; zeros where writing failed."""
        view = memoryview(target).cast("B")
        done = self.raw.readinto(view) or 0
        view[done:] = bytes(view.nbytes - done)
        return view.nbytes

    def read(self, size: int = -1) -> bytes:
        """As that of a file; h5py knows a file by it."""
        return self.raw.read(size) or b""

    def seek(self, offset: int, whence: int = os.SEEK_SET) -> int:
        """As that of a file."""
        return self.raw.seek(offset, whence)

    def tell(self) -> int:
        """As that of a file."""
        return self.raw.tell()

    def truncate(self, size: int | None = None) -> int:
        """As that of a file; a failure is noted."""
        try:
            return self.raw.truncate(size)
        except OSError as error:
            self.failures.append(error)
            return size or 0

    def flush(self) -> None:
        """Nothing is buffered here."""


def _fill(file: Any, record: Record, provenance: Provenance, selected: tuple[int, int] | None) -> None:
    first, last = (0, record.steps) if selected is None else selected
    file.attrs.update(
        format=FORMAT, format_version=FORMAT_VERSION, dt_ms=provenance.dt, steps=record.steps,
        digest=record_digest(record), first_step=first, last_step=last,
    )  # fmt: skip
    texts = {"provenance": to_plain(provenance), "timing": dict(record.timing), "info": dict(record.info)}
    for name, plain in texts.items():
        file[name] = json.dumps(plain, default=_plain_value, ensure_ascii=False, allow_nan=True)
    units = {part.name: part.units for part in provenance.parts}
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
    return group.create_dataset(name, data=values, **packing)


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
    import h5py

    source = _path(path)
    _check_readable(source)
    try:
        file = h5py.File(source, "r")
    except OSError as error:
        raise FileFormatError("it is not an HDF5 file, or was cut off", where=f"'{source}'") from error
    with file, _malformed(source, file):
        if _text(file.attrs.get("format", "")) != FORMAT:
            raise FileFormatError("it is an HDF5 file, but not that of a neurosim result", where=f"'{source}'")
        provenance = from_plain(_json(file, "provenance"))
        record = _record(file)
        _check(record, provenance)
        first, last = int(file.attrs.get("first_step", 0)), int(file.attrs.get("last_step", record.steps))
    return record, provenance, None if (first, last) == (0, record.steps) else (first, last)


def _path(given: object) -> Path:
    if not isinstance(given, str | os.PathLike) or not str(given) or "\0" in str(given):
        raise FileError(f"a file needs a name, got {given!r}")
    return Path(given)


def _check_readable(source: Path) -> None:
    if source.is_dir():
        raise FileError(f"cannot read '{source}': it is a folder")
    if not source.exists():
        raise FileError(f"cannot read '{source}': there is no such file")
    if not os.access(source, os.R_OK):
        raise FileError(f"cannot read '{source}': no permission")


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


def _record(file: Any) -> Record:
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

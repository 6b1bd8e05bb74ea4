"""The file of a checkpoint: HDF5, with everything that a session needs to go on in another process.

::

    /             attributes: format 'neurosim checkpoint', format_version, version (of neurosim), engine, step, digests of program and state
    /settings     text, JSON: threads, precision, copies, options
    /program      text, JSON: the Program with all phases so far; its arrays are in /arrays
    /asked        text, JSON: phases with what was set in them, and what is set and not run yet
    /arrays/<k>   arrays of the Program and of what was set
    /state/<k>    arrays of the engine; attribute: name
    /record/      what was recorded so far, as in the file of a result
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from neurosim.backends.base import Settings
from neurosim.errors import FileFormatError, NeurosimError, SessionError
from neurosim.files import opened, written
from neurosim.ir import store
from neurosim.ir.digest import canonical, digest
from neurosim.ir.program import Assign, Phase, Program
from neurosim.lowering import Course, resumed
from neurosim.lowering.plan import Planned
from neurosim.network import Network
from neurosim.record import Record
from neurosim.result.files import FORMAT as RESULT
from neurosim.result.files import bytes_of, fill_record, read_record
from neurosim.simulate.origin import DISTRIBUTION, versions

Array = np.ndarray
FORMAT = "neurosim checkpoint"
FORMAT_VERSION = 1
NEEDS_NETWORK = "Restore it with its network: Session.restore(path, net)."
ROUND_THE_ARRAYS = 1 << 16
"""Bytes of a file that are neither the state nor the record, about."""


@dataclass(frozen=True)
class Kept:
    """What a checkpoint keeps: what was asked, by which engine it runs, what was recorded, and the engine's own state."""

    course: Course
    pending: tuple[Planned, ...]
    engine: str
    settings: Settings
    record: Record
    arrays: Mapping[str, Array]


# ---- writing -----------------------------------------------------------------------------------------------------------
def write(path: str | os.PathLike[str], kept: Kept) -> None:
    """Write a checkpoint; the file appears complete or not at all.

    Raises
    ------
    FileError
        It cannot be written; says how large it is.
    """
    program = kept.course.program
    found: list[Array] = []
    structure = store.to_plain(program, found)
    waiting = Phase(0, assign=tuple(Assign(one.part, one.target, one.value, one.when) for one in kept.pending))
    asked = store.to_plain((*kept.course.asked(), waiting), found)
    # The number of threads that were used: the state of an engine may depend on it, and another machine would choose another.
    threads = kept.record.info.get("threads", kept.settings.threads)
    settings = {
        "threads": threads,
        "precision": kept.settings.precision,
        "copies": kept.settings.copies,
        "options": dict(kept.settings.options),
    }
    with written(path, _size(found) + _size(kept.arrays.values()) + bytes_of(kept.record) + ROUND_THE_ARRAYS) as file:
        file.attrs.update(
            format=FORMAT, format_version=FORMAT_VERSION, version=versions("")[DISTRIBUTION], engine=kept.engine,
            digest=digest(program), state=state_digest(kept.arrays), step=kept.record.steps,
        )  # fmt: skip
        for name, plain in (("settings", settings), ("program", structure), ("asked", asked)):
            file[name] = json.dumps(plain, default=str)
        for number, array in enumerate(found):
            file.create_dataset(f"arrays/{number}", data=array)
        for number, (name, array) in enumerate(kept.arrays.items()):
            file.create_dataset(f"state/{number}", data=array).attrs["name"] = name
        group = file.create_group("record")
        group.attrs["steps"] = kept.record.steps
        for name, plain in (("timing", dict(kept.record.timing)), ("info", dict(kept.record.info))):
            group[name] = json.dumps(plain, default=str)
        fill_record(group, kept.record, {})


def _size(arrays: Any) -> int:
    return sum(np.asarray(array).nbytes for array in arrays)


# ---- reading -----------------------------------------------------------------------------------------------------------
def read(path: str | os.PathLike[str], network: Network | None) -> Kept:
    """Read a checkpoint, and make sure that it is one of this network.

    Raises
    ------
    FileError, FileFormatError
        The file cannot be read, is something else, was cut off, or is of another network or version.
    """
    with opened(path) as file, _malformed(Path(path)):
        if file.attrs.get("format") != FORMAT:
            hint = "ns.load_result(path) reads a result." if file.attrs.get("format") == RESULT else ""
            raise FileFormatError("it is an HDF5 file, but not a checkpoint of neurosim", where=f"'{Path(path)}'", hint=hint)
        _refuse_other_version(Path(path), file.attrs)
        arrays = [file[f"arrays/{number}"][()] for number in range(len(file.get("arrays", ())))]
        program = store.from_plain(_json(file, "program"), arrays)
        *asked, waiting = store.from_plain(_json(file, "asked"), arrays)
        if not isinstance(program, Program) or digest(program) != file.attrs["digest"]:
            raise FileFormatError("it is damaged: the digest of its program does not match", where=f"'{Path(path)}'")
        settings = Settings(**_json(file, "settings"))
        state = {stored.attrs["name"]: stored[()] for stored in file["state"].values()}
        if state_digest(state) != file.attrs["state"]:
            raise FileFormatError("it is damaged: the digest of its state does not match", where=f"'{Path(path)}'")
        record, engine = read_record(file["record"]), str(file.attrs["engine"])
    if network is None and waiting.assign:
        what = ", ".join(f"'{one.part}.{one.target}'" for one in waiting.assign)
        raise SessionError(f"{what} was set before the next step, which needs the network", where=f"'{Path(path)}'", hint=NEEDS_NETWORK)
    course = resumed(network, program, asked)
    if digest(course.program) != digest(program):
        raise _other_network(Path(path), program, course.program)
    pending = tuple(Planned(len(asked), a.part, a.target, a.value, a.when, settled=True) for a in waiting.assign)
    return Kept(course, pending, engine, settings, record, state)


def _refuse_other_version(path: Path, attributes: Mapping[str, Any]) -> None:
    here = versions("")[DISTRIBUTION]
    if int(attributes["format_version"]) > FORMAT_VERSION or attributes["version"] != here:
        message = f"it was written by neurosim {attributes['version']}, this is {here}: engines keep their state in other ways"
        hint = f"Go on with version {attributes['version']}, or simulate again: the same network and seed give the same run."
        raise FileFormatError(message, where=f"'{path}'", hint=hint)


def _other_network(path: Path, kept: Program, given: Program) -> FileFormatError:
    """Says in what a network differs from that of a checkpoint."""
    ours, theirs = ({part.name: canonical(part) for part in program.parts()} for program in (given, kept))
    odd = [name for name in (*theirs, *ours) if ours.get(name) != theirs.get(name)]
    what = f"'{odd[0]}' differs" if odd else "what is recorded or planned differs"
    return FileFormatError(
        f"it is a checkpoint of another network: {what}", where=f"'{path}'", hint="Leave the network out to go on with that of the file."
    )


def state_digest(arrays: Mapping[str, Array]) -> str:
    """A fingerprint of the engine's state."""
    hashed = hashlib.blake2b(digest_size=16)
    for name in sorted(arrays):
        hashed.update(f"{name} {arrays[name].dtype} {arrays[name].shape}\n".encode())
        hashed.update(np.ascontiguousarray(arrays[name]).tobytes())
    return hashed.hexdigest()


@contextmanager
def _malformed(path: Path) -> Iterator[None]:
    """Turn whatever a wrong content raises into one error of ours."""
    try:
        yield
    except FileFormatError:
        raise
    except (KeyError, TypeError, ValueError, AttributeError, IndexError, OSError, RuntimeError, NeurosimError) as error:
        raise FileFormatError(f"it is damaged: {error}", where=f"'{path}'") from error


def _json(file: Any, name: str) -> Any:
    return json.loads(file[name].asstr()[()])

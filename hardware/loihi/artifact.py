"""One file to carry to a Loihi: the plan, where its parts lie, what it will see, what it has to answer, what it costs, and a script."""

from __future__ import annotations

import hashlib
import io
import json
import os
import tempfile
import zipfile
import zlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from neurosim.errors import FileError, FileFormatError
from neurosim.files import whole_file
from neurosim.hardware.loihi.answers import Report, placement_dict
from neurosim.hardware.loihi.lava import LAVA, LOCK
from neurosim.hardware.loihi.merge import without_multapses
from neurosim.hardware.loihi.plan import LoihiPlan, PlanError, Recording
from neurosim.hardware.loihi.recorded import Recorded, RecordError

FORMAT = "neurosim loihi artifact"
VERSION = 1
HERE = Path(__file__).resolve().parent
TRAVELS = ("plan.py", "recorded.py", "lava_build.py", "remains.py", "worker.py", "run_lava.py")
"""Modules that need numpy, Lava and each other only."""
PLAN, EXPECTED = "plan.plan", "expected.npz"
README = """\
A network for Intel Loihi, as plain integers.

    python run_lava.py --out recorded.npz          on a host with Lava's extension for Loihi
    python run_lava.py --sim --out recorded.npz    with Lava's models on the CPU

Python is 3.10 to 3.12 with what requirements.lock lists; --help says more.

On the machine that made this: neurosim loihi verify ARTIFACT --with recorded.npz

manifest.json               what this is, and the SHA-256 of every other file
plan.plan                   neurons, synapses, stimulus and recordings in the chip's integers
mapping.json                which neurons lie on which core
stimulus.npz                what arrives from outside: steps, neurons, payloads of each group of sources
expected.npz                spikes and registers of an exact emulation
resource_and_energy.json    cores, what binds, estimated energy and time per step, whose constants those are
"""


@dataclass(frozen=True)
class Artifact:
    """What is in an artifact."""

    manifest: Mapping[str, object]
    plan: LoihiPlan
    expected: Recorded


def recording_all(plan: LoihiPlan) -> LoihiPlan:
    """The plan with the spikes of all its neurons recorded, by which it is verified; synapses as matrices can hold them."""
    plan = without_multapses(plan)
    recorded = {recording.part for recording in plan.recordings if recording.variable == "spikes"}
    more = tuple(Recording(group.name, "spikes") for group in plan.neurons if group.kind != "source" and group.name not in recorded)
    return replace(plan, recordings=plan.recordings + more)


def write_artifact(path: str | os.PathLike[str], report: Report, expected: Recorded) -> None:
    """Write an artifact, complete or not at all.

    Parameters
    ----------
    path : path
    report : Report
        Of the plan; that it records all spikes is the caller's to see to (:func:`recording_all`).
    expected : Recorded
        What the emulator makes of it.
    """
    plan = report.plan
    files = {name: (HERE / name).read_bytes() for name in TRAVELS}
    files.update({f"lava_processes/{found.name}": found.read_bytes() for found in sorted((HERE / "lava_processes").glob("*.py"))})
    files[PLAN] = bytes_of(plan.save)
    files[EXPECTED] = bytes_of(expected.save)
    files["mapping.json"] = json_bytes(placement_dict(report.placement)["loads"])
    files["resource_and_energy.json"] = json_bytes(report.to_dict())
    files["requirements.lock"] = "\n".join([*LOCK, LAVA, ""]).encode()
    files["README.txt"] = README.encode()
    stimuli = {f"{stimulus.group} {name}": getattr(stimulus, name) for stimulus in plan.stimuli for name in ("steps", "indices", "payloads")}
    buffer = io.BytesIO()
    np.savez_compressed(buffer, **stimuli)
    files["stimulus.npz"] = buffer.getvalue()
    manifest = {
        "format": FORMAT, "version": VERSION, "name": plan.name, "profile": plan.profile, "plan": plan.digest(), "program": plan.program,
        "dt_ms": plan.dt, "steps": plan.steps, "seed": plan.seed,
        "groups": {g.name: {"size": g.size, "kind": g.kind, "units_per_volt": g.volt, "zero": g.zero, "units_per_ampere": g.ampere} for g in plan.neurons},
        "files": {name: hashlib.sha256(content).hexdigest() for name, content in files.items()},
    }  # fmt: skip
    with whole_file(path) as unfinished, zipfile.ZipFile(unfinished, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("manifest.json", json_bytes(manifest))
        for name, content in files.items():
            archive.writestr(name, content)


def json_bytes(value: object) -> bytes:
    """JSON for people and programs."""
    return json.dumps(value, indent=1, default=lambda other: other.tolist() if isinstance(other, np.ndarray | np.generic) else str(other)).encode()


def bytes_of(save: Callable[[Path], None]) -> bytes:
    """What a method ``save(path)`` writes."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "file"
        save(path)
        return path.read_bytes()


def read_artifact(path: str | os.PathLike[str]) -> Artifact:
    """Read an artifact.

    Raises
    ------
    FileFormatError
        If the file is none, is of a later version, or was damaged.
    """
    where = os.fspath(path)
    try:
        with zipfile.ZipFile(where) as archive:
            files = {name: archive.read(name) for name in archive.namelist()}
        manifest = json.loads(files.pop("manifest.json"))
    except FileNotFoundError as error:
        raise FileError(f"cannot read '{where}': there is no such file") from error
    except (OSError, zipfile.BadZipFile, zlib.error, EOFError, KeyError, ValueError, RuntimeError) as error:
        raise FileFormatError(f"it is no artifact, or is damaged: {error}", where=where) from error
    if not isinstance(manifest, dict) or manifest.get("format") != FORMAT:
        raise FileFormatError("it is no artifact of a network for Loihi", where=where)
    version, wanted = manifest.get("version"), manifest.get("files")
    if not isinstance(version, int) or version > VERSION:
        hint = "read it with the neurosim that wrote it, or a later one"
        raise FileFormatError(f"it has the version {version}; this neurosim reads versions up to {VERSION}", where=where, hint=hint)
    if not isinstance(wanted, dict) or not {PLAN, EXPECTED} <= set(wanted):
        raise FileFormatError(f"its manifest does not list {PLAN} and {EXPECTED}", where=where)
    bad = sorted(name for name in set(wanted) | set(files) if hashlib.sha256(files.get(name, b"")).hexdigest() != wanted.get(name))
    if bad:
        raise FileFormatError(f"these files in it are not what the manifest says: {', '.join(bad)}", where=where, hint="copy or export it again")
    with tempfile.TemporaryDirectory() as folder:
        for name in (PLAN, EXPECTED):
            (Path(folder) / name).write_bytes(files[name])
        try:
            return Artifact(manifest, LoihiPlan.load(Path(folder) / PLAN), Recorded.load(Path(folder) / EXPECTED))
        except (PlanError, RecordError) as error:
            raise FileFormatError(str(error), where=where) from error

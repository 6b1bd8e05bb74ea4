"""What a plan did, as the emulator, Lava or a chip tells it: integers, in one file. Needs numpy and the standard library only.

A run on a host far away writes the same file, so this module travels with what is sent there. Shape letters: M spikes, T steps,
K recorded neurons.
"""

from __future__ import annotations

import json
import os
import zipfile
import zlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from types import MappingProxyType
from typing import Any

import numpy as np

Array = np.ndarray
FORMAT = "neurosim loihi record"
VERSION = 1
NOTHING: Mapping[str, str] = MappingProxyType({})


class RecordError(ValueError):
    """A file that is no record, or was damaged."""


@dataclass(frozen=True)
class Spikes:
    """(M,) steps, neurons and payloads, sorted by step, then neuron."""

    steps: Array
    indices: Array
    payloads: Array

    def __len__(self) -> int:
        return len(self.steps)


@dataclass(frozen=True)
class Register:
    """(T, K) values of u or v of neurons, or of w, t or d of synapses, after the (T,) ``steps``; ``of``: (K,) which ones."""

    steps: Array
    of: Array
    values: Array


@dataclass(frozen=True)
class Recorded:
    """A run of ``steps`` steps of the plan with that digest, ``by`` the emulator, Lava or a chip.

    ``spikes``: by group; ``registers``: by (group, 'u' or 'v') and (synapses that learn, 'w', 't' or 'd'); ``info``: text for people, and
    ``rounding`` 'lava' where what was learnt was rounded by Lava's random numbers whatever the plan asks for.
    """

    plan: str
    steps: int
    by: str
    spikes: Mapping[str, Spikes]
    registers: Mapping[tuple[str, str], Register] = field(default_factory=dict)
    info: Mapping[str, str] = field(default_factory=lambda: NOTHING)

    def counts(self, name: str, size: int) -> Array:
        """(N,) spikes of each neuron of a group."""
        return np.bincount(self.spikes[name].indices, minlength=size)

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write one numpy archive, complete or not at all."""
        arrays: dict[str, Array] = {}
        for number, spikes in enumerate(self.spikes.values()):
            arrays.update({f"spikes {number} {name}": getattr(spikes, name) for name in ("steps", "indices", "payloads")})
        for number, register in enumerate(self.registers.values()):
            arrays.update({f"register {number} {name}": getattr(register, name) for name in ("steps", "of", "values")})
        head = {
            "format": FORMAT, "version": VERSION, "plan": self.plan, "steps": self.steps, "by": self.by,
            "spikes": list(self.spikes), "registers": [list(key) for key in self.registers], "info": dict(self.info),
        }  # fmt: skip
        whole: dict[str, Any] = {name: np.asarray(values, np.int64) for name, values in arrays.items()}
        unfinished = Path(f"{os.fspath(path)}.part")
        with open(unfinished, "wb") as file:
            np.savez_compressed(file, head=np.array(json.dumps(head)), **whole)
        unfinished.replace(path)

    @staticmethod
    def load(path: str | os.PathLike[str]) -> Recorded:
        """Read a record.

        Raises
        ------
        RecordError
            If the file is none, is of a later version, or was damaged.
        """
        where = os.fspath(path)
        try:
            with np.load(where) as file:
                arrays = {name: file[name] for name in file.files}
            head = json.loads(str(arrays.pop("head")))
        except FileNotFoundError:
            raise
        except (OSError, ValueError, KeyError, EOFError, AttributeError, RuntimeError, zipfile.BadZipFile, zlib.error) as error:
            raise RecordError(f"{where} is no record of a run, or is damaged: {error}") from error
        if not isinstance(head, dict) or head.get("format") != FORMAT:
            raise RecordError(f"{where} is no record of a run")
        if not isinstance(head.get("version"), int) or head["version"] > VERSION:
            raise RecordError(f"{where} has the version {head.get('version')}; this neurosim reads versions up to {VERSION}")
        try:
            spikes = {
                name: Spikes(*(arrays[f"spikes {number} {part}"] for part in ("steps", "indices", "payloads")))
                for number, name in enumerate(head["spikes"])
            }
            registers = {
                (name, variable): Register(*(arrays[f"register {number} {part}"] for part in ("steps", "of", "values")))
                for number, (name, variable) in enumerate(head["registers"])
            }
            return Recorded(head["plan"], head["steps"], head["by"], spikes, registers, head["info"])
        except (KeyError, TypeError, ValueError) as error:
            raise RecordError(f"{where} lacks {error}") from error

    def lines(self) -> Iterator[str]:
        """For people."""
        yield f"{self.steps} steps by {self.by}, plan {self.plan[:16]}"
        for name, spikes in self.spikes.items():
            yield f"  {name}: {len(spikes):,} spikes"
        for (name, variable), register in self.registers.items():
            yield f"  {variable} of {name}: {len(register.steps)} steps of {len(register.of)} {'neurons' if variable in 'uv' else 'synapses'}"

    def __str__(self) -> str:
        return "\n".join(self.lines())


def sorted_spikes(steps: Array, indices: Array, payloads: Array) -> Spikes:
    """Spikes in the order in which two records are compared."""
    order = np.lexsort((payloads, indices, steps))
    return Spikes(np.asarray(steps, np.int64)[order], np.asarray(indices, np.int64)[order], np.asarray(payloads, np.int64)[order])


def lavas_rounding(plan: Any) -> Any:
    """The plan with the random numbers of Lava where synapses learn: it has no others. What is learnt differs by rounding."""
    synapses = tuple(
        some if some.learning is None else replace(some, learning=replace(some.learning, rounding="lava")) for some in plan.synapses
    )
    return replace(plan, synapses=synapses)

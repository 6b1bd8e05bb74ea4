"""What a chip is told: plain integers, in one file. Independent of neurosim and of Lava: numpy and the standard library only.

A plan holds groups of neurons, the synapses between them, what arrives from outside and what is recorded. Names of parameters are the
chip's own. Shape letters: N neurons, E synapses, T steps.

The integer neuron, in step t, with ``>>`` arithmetic and T(x, k) = sign(x) floor(abs(x) k / 4096)::

    u = wrap24(T(u, 4096 - (du + 1)) + (sum of arriving weights << 6))
    v = clip24(T(v, 4096 - dv) + u + bias)
    it fires where v > vth << 6; then v = 0

``wrap24`` brings u into (-2**23, 2**23] by one turn, ``clip24`` limits v to +-(2**23 - 1). A neuron that fired in step t keeps v, and
does not fire, in the steps t + 1 ... t + refractory - 1. A spike of step t acts on the target in step t + 1 + delay.
:mod:`neurosim.hardware.loihi.emulator` executes this; the other kinds of neurons are defined there.
"""

from __future__ import annotations

import hashlib
import io
import json
import os
import zipfile
import zlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, fields, is_dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Any

import numpy as np

FORMAT = "neurosim loihi plan"
VERSION = 1
Integers = int | np.ndarray
"""One integer for all, or one per neuron (N,) or synapse (E,)."""
Text = Mapping[str, str]
NOTHING: Text = MappingProxyType({})


class PlanError(ValueError):
    """A file that is no plan, or was damaged."""


# ---- neurons -----------------------------------------------------------------------------------------------------------
@dataclass(frozen=True)
class Neurons:
    """A group of N neurons of one kind.

    ``kind`` 'lif'; 'ternary' (+1 above ``vth``, -1 below ``vth_low``, then v = 0); 'adaptive' (threshold and refractory state that jump
    with each spike: ``threshold_*``, ``refractory_decay``; v is not reset); 'graded' and 'rectified' (the sum of what arrived is sent where
    its size, or it itself, is above ``vth``, not shifted); 'source' (its spikes are a :class:`Stimulus`). A readout is a 'lif' that never
    fires.

    ``du``, ``dv``: decays in 4096ths per step (du + 1 and dv); ``vth``, ``vth_low``: thresholds in units of 64; ``bias_mant``,
    ``bias_exp``: a bias of bias_mant * 2**bias_exp per step; ``refractory``: r of the rule above, 1 for none; ``u``, ``v``: initial
    state; ``threshold_start``, ``threshold_step``: in units of 64; ``threshold_decay``, ``refractory_decay``: in 4096ths; ``reset_every``,
    ``reset_at``: u = v = 0 before the update of steps t with t mod reset_every = reset_at (0: never).

    ``volt``: state units per inner unit of the described membrane, ``zero``: where that lies at v = 0, ``ampere``: state units of u per
    inner unit of the described current; by these a record is read back.
    """

    name: str
    size: int
    kind: str = "lif"
    du: Integers = 4095
    dv: Integers = 0
    vth: Integers = 131071
    vth_low: Integers = -131071
    bias_mant: Integers = 0
    bias_exp: Integers = 0
    refractory: Integers = 1
    u: Integers = 0
    v: Integers = 0
    reset_every: int = 0
    reset_at: int = 0
    threshold_start: Integers = 0
    threshold_step: Integers = 0
    threshold_decay: Integers = 0
    refractory_decay: Integers = 0
    volt: float = 1.0
    zero: float = 0.0
    ampere: float = 1.0


# ---- learning ----------------------------------------------------------------------------------------------------------
@dataclass(frozen=True)
class Trace:
    """A trace of 7 bits: it jumps by ``impulse`` at a spike and decays with the time constant ``tau`` steps."""

    impulse: float = 0.0
    tau: float = 0.0


@dataclass(frozen=True)
class Factor:
    """``name`` ('x0', 'x1', 'x2', 'y0', 'y1', 'y2', 'y3', 'w', 'd', 't') plus ``constant``; ``sign``: the sign of that instead."""

    name: str
    constant: int = 0
    sign: bool = False


@dataclass(frozen=True)
class Product:
    """mantissa * 2**exponent * the factors, in epochs in which the ``dependency`` ('x0', 'y0', 'u0' ... 'u9') holds."""

    dependency: str
    mantissa: int
    exponent: int
    factors: tuple[Factor, ...] = ()


@dataclass(frozen=True)
class LearningRule:
    """Sums of products that change weight ``dw``, delay tag ``dd`` and tag ``dt`` at the end of each epoch of ``t_epoch`` steps.

    ``third_factor``: the group of 3 N sources that sends y1, y2 and y3 of N neurons in every step ('' for a rule of two factors); traces
    with an impulse remain the neuron's own. ``rounding`` 'lava' (one random number per step for all, seeded as Lava does) or
    'independent' (one per trace and synapse, counter-based). The arithmetic is that of :mod:`neurosim.hardware.loihi.learning`.
    """

    dw: tuple[Product, ...] = ()
    dd: tuple[Product, ...] = ()
    dt: tuple[Product, ...] = ()
    x1: Trace = Trace()
    x2: Trace = Trace()
    y1: Trace = Trace()
    y2: Trace = Trace()
    y3: Trace = Trace()
    t_epoch: int = 1
    third_factor: str = ""
    rounding: str = "lava"
    seed: int = 0


# ---- synapses ----------------------------------------------------------------------------------------------------------
@dataclass(frozen=True)
class Synapses:
    """E synapses from one group to another, ordered by source, then target.

    ``pre``, ``post``, ``weight``: (E,) integers; ``weight_exp``: what a sum of weights is shifted by; ``weight_bits``: of the magnitude
    and the sign of 'mixed' weights; ``sign`` 'mixed', 'excitatory' or 'inhibitory'; ``delay``: 0 ... 62 steps; ``dense``: stored as a
    full matrix; ``message_bits``: 0 where spikes are binary, else of a graded payload that multiplies the weight; ``learning``: how
    the weights change, with the initial ``tag`` (t) and ``delay_tag`` (d). ``unit``, ``tag_unit``: what is ``weight`` or ``tag`` per
    unit of what was described, where it learns; by these a record is read back.
    """

    name: str
    source: str
    target: str
    pre: np.ndarray
    post: np.ndarray
    weight: np.ndarray
    weight_exp: int = 0
    weight_bits: int = 8
    sign: str = "mixed"
    delay: Integers = 0
    dense: bool = False
    message_bits: int = 0
    learning: LearningRule | None = None
    tag: Integers = 0
    delay_tag: Integers = 0
    unit: float = 1.0
    tag_unit: float = 1.0

    def __len__(self) -> int:
        return len(self.pre)

    def is_full(self, sources: int, targets: int) -> bool:
        """Whether there is one synapse of every pair, all with one delay: a full matrix."""
        pairs = np.asarray(self.pre) * targets + np.asarray(self.post)
        return len(self) == sources * targets == len(np.unique(pairs)) and len(np.unique(np.asarray(self.delay))) <= 1


# ---- outside, record ---------------------------------------------------------------------------------------------------
@dataclass(frozen=True)
class Stimulus:
    """Spikes of a group of sources: ``steps``, ``indices``, ``payloads`` (integers), sorted by step, then index."""

    group: str
    steps: np.ndarray
    indices: np.ndarray
    payloads: np.ndarray


@dataclass(frozen=True)
class Recording:
    """``variable`` 'spikes', 'u', 'v' of a group, 'w', 't' or 'd' of synapses, in every ``every``-th step; ``of`` None: of all.

    ``key``: the (part, variable) of the described network that it answers.
    """

    part: str
    variable: str
    of: np.ndarray | None = None
    every: int = 1
    at: int = 0
    key: tuple[str, str] = ("", "")


@dataclass(frozen=True)
class LoihiPlan:
    """Everything a chip, or an emulator of it, has to know for a run of T ``steps``.

    ``profile``: which chip it was made for; ``dt``: [ms] what a step stands for; ``program``: digest of the Program it came from;
    ``notes``: text for people.
    """

    steps: int
    neurons: tuple[Neurons, ...] = ()
    synapses: tuple[Synapses, ...] = ()
    stimuli: tuple[Stimulus, ...] = ()
    recordings: tuple[Recording, ...] = ()
    profile: str = "loihi2-lif"
    dt: float = 1.0
    seed: int = 0
    name: str = ""
    program: str = ""
    notes: Text = field(default_factory=lambda: NOTHING)

    def group(self, name: str) -> Neurons:
        """The neurons of that name."""
        return next(group for group in self.neurons if group.name == name)

    def digest(self) -> str:
        """SHA-256 of everything but the notes, in hexadecimal."""
        return checksum(*to_parts(self))

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write one file, complete or not at all; it is a zip archive of ``plan.json`` and numpy arrays."""
        write_parts(path, *to_parts(self))

    @staticmethod
    def load(path: str | os.PathLike[str]) -> LoihiPlan:
        """Read a plan.

        Raises
        ------
        PlanError
            If the file is none, is of a later version, or was damaged.
        """
        return from_parts(*read_parts(path))

    def __str__(self) -> str:
        return "\n".join(described(self))


# ---- a plan as text and arrays -----------------------------------------------------------------------------------------
PARTS: Mapping[str, type] = MappingProxyType(
    {kind.__name__: kind for kind in (Neurons, Trace, Factor, Product, LearningRule, Synapses, Stimulus, Recording, LoihiPlan)}
)
TYPE = "type of part"
LEFT_OUT = ("notes",)
"""Fields that the checksum does not cover."""


def to_parts(plan: LoihiPlan) -> tuple[dict[str, Any], list[np.ndarray]]:
    """A plan as JSON structure and arrays, which it refers to by number."""
    arrays: list[np.ndarray] = []

    def plain(value: Any) -> Any:
        if isinstance(value, np.ndarray):
            arrays.append(np.ascontiguousarray(value, np.int64))
            return {"array": len(arrays) - 1}
        if isinstance(value, np.generic):
            return value.item()
        if isinstance(value, tuple):
            return {"tuple": [plain(entry) for entry in value]}
        if isinstance(value, Mapping):
            return {"text": dict(value)}
        if is_dataclass(value) and not isinstance(value, type):
            return {TYPE: type(value).__name__, **{entry.name: plain(getattr(value, entry.name)) for entry in fields(value)}}
        return value

    return plain(plan), arrays


def from_parts(structure: Any, arrays: list[np.ndarray]) -> LoihiPlan:
    """The plan of :func:`to_parts`."""

    def revived(value: Any) -> Any:
        if not isinstance(value, dict):
            return value
        if "array" in value:
            return arrays[value["array"]]
        if "tuple" in value:
            return tuple(revived(entry) for entry in value["tuple"])
        if "text" in value:
            return MappingProxyType(value["text"])
        kind = PARTS[value[TYPE]]
        return kind(**{name: revived(entry) for name, entry in value.items() if name != TYPE})

    try:
        plan = revived(structure)
    except (KeyError, IndexError, TypeError) as error:
        raise PlanError(f"the plan has an unknown or missing part: {error}") from error
    if not isinstance(plan, LoihiPlan):
        raise PlanError("the file holds no plan")
    return plan


def checksum(structure: dict[str, Any], arrays: list[np.ndarray]) -> str:
    """SHA-256 of the structure and of the shapes, types and bytes of the arrays."""
    counted = {name: value for name, value in structure.items() if name not in LEFT_OUT}
    found = hashlib.sha256(json.dumps(counted, sort_keys=True).encode())
    for array in arrays:
        found.update(f"{array.dtype.str}{array.shape}".encode())
        found.update(array.tobytes())
    return found.hexdigest()


def write_parts(path: str | os.PathLike[str], structure: dict[str, Any], arrays: list[np.ndarray]) -> None:
    """One archive: the structure as ``plan.json``, arrays as ``0.npy``, ``1.npy`` ..."""
    head = {"format": FORMAT, "version": VERSION, "checksum": checksum(structure, arrays), "plan": structure}
    unfinished = Path(f"{os.fspath(path)}.part")
    with zipfile.ZipFile(unfinished, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("plan.json", json.dumps(head, indent=1))
        for number, array in enumerate(arrays):
            buffer = io.BytesIO()
            np.save(buffer, array)
            archive.writestr(f"{number}.npy", buffer.getvalue())
    unfinished.replace(path)


def read_parts(path: str | os.PathLike[str]) -> tuple[Any, list[np.ndarray]]:
    """Structure and arrays of a file, checked."""
    try:
        with zipfile.ZipFile(path) as archive:
            head = json.loads(archive.read("plan.json"))
            count = sum(name.endswith(".npy") for name in archive.namelist())
            arrays = [np.load(io.BytesIO(archive.read(f"{number}.npy"))) for number in range(count)]
    except FileNotFoundError:
        raise
    except (OSError, zipfile.BadZipFile, zlib.error, RuntimeError, KeyError, ValueError, EOFError) as error:
        raise PlanError(f"{os.fspath(path)} is no plan, or is damaged: {error}") from error
    if not isinstance(head, dict) or head.get("format") != FORMAT:
        raise PlanError(f"{os.fspath(path)} is no plan: its format is {head.get('format') if isinstance(head, dict) else None!r}")
    missing = [name for name in ("version", "checksum", "plan") if name not in head]
    if missing or not isinstance(head["version"], int):
        raise PlanError(f"{os.fspath(path)} is damaged: its head has no {', '.join(missing) or 'whole number as version'}")
    if head["version"] > VERSION:
        raise PlanError(f"{os.fspath(path)} has the plan version {head['version']}; this neurosim reads versions up to {VERSION}")
    if head["checksum"] != checksum(head["plan"], arrays):
        raise PlanError(f"{os.fspath(path)} is damaged: its contents do not match its checksum")
    return head["plan"], arrays


# ---- a plan for people -------------------------------------------------------------------------------------------------
SHOWN: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "lif": ("du", "dv", "vth", "bias_mant", "bias_exp", "refractory"),
        "ternary": ("du", "dv", "vth", "vth_low", "bias_mant", "bias_exp"),
        "adaptive": ("du", "dv", "threshold_start", "threshold_step", "threshold_decay", "refractory_decay", "bias_mant", "bias_exp"),
        "graded": ("vth",),
        "rectified": ("vth",),
    }
)
"""Kind of neurons -> its parameters."""


def described(plan: LoihiPlan) -> Iterator[str]:
    """Lines that say what is in a plan."""
    yield f"plan {plan.name!r} for {plan.profile}: {plan.steps} steps of {plan.dt:g} ms, {plan.digest()[:16]}"
    for group in plan.neurons:
        listed = ", ".join(f"{name} {span(getattr(group, name))}" for name in SHOWN.get(group.kind, ()))
        yield f"  {group.name}: {group.size} {group.kind}{', ' + listed if listed else ''}"
    for some in plan.synapses:
        learning = ", learning" if some.learning is not None else ""
        yield (
            f"  {some.name}: {some.source} -> {some.target}, {len(some)} {'dense' if some.dense else 'sparse'} {some.sign}, "
            f"weight {span(some.weight)} * 2**{some.weight_exp}, delay {span(some.delay)}{learning}"
        )
    for stimulus in plan.stimuli:
        yield f"  stimulus: {len(stimulus.steps)} spikes of {stimulus.group}"
    for recording in plan.recordings:
        which = "" if recording.of is None else f" of {len(recording.of)}"
        yield f"  record: {recording.variable} of {recording.part}{which}"


def span(value: Integers) -> str:
    """A number, or the least and the largest of an array."""
    array = np.asarray(value)
    if not array.size:
        return "-"
    low, high = int(array.min()), int(array.max())
    return str(low) if low == high else f"{low} ... {high}"

"""The layout of lava-dl's network files (HDF5), read into layers with everything that is wrong, and written.

A file holds ``layer/0``, ``layer/1`` ...; a layer has a ``type``, a ``shape`` (channels, height, width), and by its type ``weight``
(dense: out x in; conv: out x in x height x width), ``weight_rec``, ``bias``, ``delay``, ``stride``, ``padding``, ``dilation``, ``groups``
and the group ``neuron`` with ``type``, ``iDecay`` (du + 1), ``vDecay`` (dv), ``vThMant``, ``refDelay``. All numbers are the chip's integers.
"""

from __future__ import annotations

import math
import os
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any

import numpy as np

from neurosim.errors import FileFormatError, Findings, did_you_mean
from neurosim.files import opened, written
from neurosim.hardware.loihi.limits import DECAY_UNITY, LARGEST_BIAS, LARGEST_DELAY, LARGEST_HOLD

Array = np.ndarray
Tree = Mapping[str, Any]
"""What was read of a group: arrays, other such trees, and None for what cannot be read and was noted."""
KINDS = ("input", "dense", "dense_rec", "conv", "flatten", "average")
NOT_READ = ("pool", "convT", "unpool", "concat", "dense_comp")
"""Layers that lava-dl names, and whose networks its own reader cannot run either."""
CELLS = ("CUBA", "LOIHI")
NEEDS: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "input": ("shape",),
        "dense": ("shape", "weight", "neuron"),
        "dense_rec": ("shape", "weight", "weight_rec", "neuron"),
        "conv": ("shape", "weight", "neuron"),
        "flatten": (),
        "average": ("shape",),
    }
)
QUANTISED = ("weight", "weight_rec", "bias", "delay", "iDecay", "vDecay", "vThMant", "refDelay")
"""What a trainer holds in floats."""
READOUT_THRESHOLD = (1 << 18) - 1
"""The threshold that lava-dl's trainer gives neurons that never fire; the chip's largest is 131071."""
MIXED_HIGH, MIXED_LOW = 254, 256
"""Largest mixed weights above and below zero."""
LARGEST_LAYER = 1 << 24
"""Of neurons of a layer, and of any length in it."""
LARGEST_DATASET = 1 << 27
"""Of numbers of a dataset, and of synapses of a layer."""
DEEPEST = 3
"""Groups in groups in the file: layer, its number, neuron."""
RANGES: Mapping[str, tuple[int, int]] = MappingProxyType(
    {
        "weight": (-256, 255),
        "weight_rec": (-256, 255),
        "bias": (-LARGEST_BIAS - 1, LARGEST_BIAS),
        "delay": (0, LARGEST_DELAY),
        "iDecay": (0, DECAY_UNITY),
        "vDecay": (0, DECAY_UNITY),
        "vThMant": (0, READOUT_THRESHOLD),
        "refDelay": (1, LARGEST_HOLD),
        "shape": (1, LARGEST_LAYER),
        "stride": (1, LARGEST_LAYER),
        "padding": (0, LARGEST_LAYER),
        "dilation": (1, LARGEST_LAYER),
        "groups": (1, LARGEST_LAYER),
    }
)
"""What the chip can hold, and a layer mean."""
UNREADABLE = (OSError, RuntimeError, ValueError, TypeError, LookupError, AttributeError, MemoryError, ArithmeticError)
"""What h5py raises about a file that was damaged."""
INTEGRATOR: Mapping[str, int] = MappingProxyType({"iDecay": 0, "vDecay": DECAY_UNITY, "vThMant": READOUT_THRESHOLD, "refDelay": 1})
"""The neuron of a layer that names none."""


@dataclass(frozen=True)
class Layer:
    """One layer; ``cell``: iDecay, vDecay, vThMant and refDelay, None without neurons; arrays as in the file."""

    kind: str
    shape: tuple[int, ...]
    cell: Mapping[str, Array] | None = None
    weight: Array | None = None
    recurrent: Array | None = None
    bias: Array | None = None
    delay: Array | None = None
    stride: tuple[int, int] = (1, 1)
    padding: tuple[int, int] = (0, 0)
    dilation: tuple[int, int] = (1, 1)
    groups: int = 1

    @property
    def size(self) -> int:
        """Number of neurons."""
        return int(np.prod(self.shape))


@dataclass(frozen=True)
class Netx:
    """The layers of a file, and for how many steps it is meant to run (0 where it does not say)."""

    layers: tuple[Layer, ...]
    steps: int = 0
    warnings: tuple[str, ...] = field(default=())


# ---- reading ---------------------------------------------------------------------------------------------------------------
def read_layers(path: str | os.PathLike[str]) -> Netx:
    """The layers of a file.

    Raises
    ------
    FileFormatError
        With everything that is missing, of the wrong shape, of an unknown type, not whole or out of range.
    """
    where, findings = f"'{path}'", Findings()
    with opened(path) as file:
        tree = loaded(file, "", findings, ("layer", "simulation"))
    layers, simulation = tree.get("layer"), tree.get("simulation", {})
    if not isinstance(layers, Mapping):
        if layers is not None or "layer" not in tree:
            findings.add("", "it has no group 'layer'; lava-dl's network files hold their layers there")
        layers = {}
    numbers = [str(number) for number in range(len(layers))]
    if any(number not in layers for number in numbers) or not (numbers or findings):
        found = ", ".join(list(layers)[:24]) or "nothing"
        findings.add("", f"layers must be numbered from 0 on without a gap, got {found}")
    made = [read_layer(layers[number], f"layer/{number}", findings) for number in numbers if number in layers]
    if simulation is not None and not isinstance(simulation, Mapping):
        findings.add("simulation", "it is a group of datasets, not a dataset")
    steps = one_of(simulation, "tSample", 0, "simulation", findings) if isinstance(simulation, Mapping) else 0
    refuse(findings, where)
    return Netx(tuple(layer for layer in made if layer is not None), steps)


def loaded(group: Any, where: str, findings: Findings, only: tuple[str, ...] = (), depth: int = 0) -> Tree:
    """What a group of the file holds, and the groups within it; all of it, or ``only`` what is named."""
    import h5py

    if depth > DEEPEST:
        findings.add(where, "groups lie within groups here without end, or deeper than lava-dl puts them")
        return {}
    found: dict[str, Any] = {}
    keys: list[str | bytes] = []
    try:
        keys = [key for key in group if not only or key in only]
    except UNREADABLE:
        findings.add(where, "it cannot be read: it is damaged")
    for key in keys:
        name = readable(key)
        place = f"{where}/{name}" if where else name
        found[name] = None
        try:
            item = group[key]
            if isinstance(item, h5py.Group):
                found[name] = loaded(item, place, findings, (), depth + 1)
            elif not isinstance(item, h5py.Dataset):
                findings.add(place, "it is neither a group nor a dataset")
            elif item.shape is None:
                found[name] = np.zeros(0, item.dtype)
            elif max(item.size, item.nbytes // 8) > LARGEST_DATASET:
                findings.add(place, f"it says to hold {item.size:,} values, more than any machine holds")
            elif item.dtype.hasobject and (h5py.check_string_dtype(item.dtype) is None or not heap_is_sound(item)):
                findings.add(place, "it cannot be read: it holds neither numbers nor one text, or is damaged")
            else:
                found[name] = np.asarray(item[()])
        except UNREADABLE:
            findings.add(place, "it cannot be read: it is damaged, or leads nowhere")
    return found


def heap_is_sound(item: Any) -> bool:
    """Whether HDF5 gets through the heap that texts of any length lie in: where an entry of it has no length, HDF5 never ends."""
    start, before = item.id.get_offset(), item.file.userblock_size
    if start is None:
        return True
    with open(item.file.filename, "rb") as raw:
        raw.seek(start)
        texts = np.frombuffer(raw.read(16 * item.size), [("length", "<u4"), ("heap", "<u8"), ("index", "<u4")])
        for heap in np.unique(texts["heap"]).tolist():
            raw.seek(before + heap)
            head = raw.read(16)
            body = raw.read(min(int.from_bytes(head[8:], "little"), LARGEST_DATASET) - len(head)) if head[:4] == b"GCOL" else b""
            place = 0
            while place + 16 <= len(body):
                length = int.from_bytes(body[place + 8 : place + 16], "little")
                length = 16 + (length + 7) // 8 * 8 if any(body[place : place + 2]) else length
                if length < 16 or place + length > len(body):
                    return False
                place += length
    return True


def readable(name: str | bytes) -> str:
    """A name in the file as text; of a damaged one, with escapes."""
    return (name if isinstance(name, bytes) else name.encode("utf-8", "surrogateescape")).decode("utf-8", "backslashreplace")


def refuse(findings: Findings, where: str) -> None:
    """Raise one error about a file that lists everything that was found, each with its place in the file."""
    texts = list(findings)
    if len(texts) == 1:
        raise FileFormatError(texts[0], where=where)
    if texts:
        raise FileFormatError(f"{len(texts)} problems", where=where, parts=[FileFormatError(text) for text in texts])


def read_layer(group: Any, where: str, findings: Findings) -> Layer | None:
    """One layer, None where it cannot be read."""
    if group is None:
        return None
    if not isinstance(group, Mapping):
        findings.add(where, "a layer is a group of datasets, not a dataset")
        return None
    before = len(findings)
    kind = text_of(group, "type", where, findings)
    if kind is None:
        return None
    if kind in NOT_READ:
        findings.add(where, f"layers of type '{kind}' are not read, nor run by lava-dl's own reader")
        return None
    if kind not in KINDS:
        findings.add(where, f"there is no layer type '{kind}'{did_you_mean(kind, KINDS)}")
        return None
    for name in NEEDS[kind]:
        if name not in group and not (name == "neuron" and kind == "dense"):
            findings.add(where, f"a layer of type '{kind}' needs the dataset '{name}'; it has {', '.join(sorted(group)) or 'nothing'}")
    arrays = {name: numbers_of(group, name, where, findings) for name in ("shape", "weight", "weight_rec", "bias", "delay")}
    pairs = {name: pair_of(group, name, where, findings) for name in ("stride", "padding", "dilation")}
    groups = one_of(group, "groups", 1, where, findings)
    cell = cell_of(group, kind, where, findings)
    if len(findings) > before:
        return None
    shape = () if arrays["shape"] is None else tuple(arrays["shape"].reshape(-1).tolist())
    if math.prod(shape) > LARGEST_LAYER:
        findings.add(where, f"a layer of shape {shape} is larger than any machine holds")
        return None
    weight = arrays["weight"]
    if kind == "conv" and weight is not None:
        weight = weight[..., 0] if weight.ndim == 5 and weight.shape[-1] == 1 else weight
        if (len(shape), weight.ndim) != (3, 4):
            expected = "a 'shape' of 3 numbers and a 'weight' of 4 axes (outputs, inputs, height, width)"
            findings.add(where, f"a convolution has {expected}, got {len(shape)} and {weight.ndim}")
            return None
    given = {name: value for name, value in pairs.items() if value is not None}
    return Layer(kind, shape, cell, weight, arrays["weight_rec"], arrays["bias"], arrays["delay"], **given, groups=groups)


def text_of(group: Tree, name: str, where: str, findings: Findings) -> str | None:
    """A text, however it was stored."""
    if name not in group:
        findings.add(where, f"it has no dataset '{name}'")
        return None
    found = group[name]
    if found is None:
        return None
    if isinstance(found, Mapping) or found.size != 1:
        findings.add(where, f"'{name}' must hold one text")
        return None
    value = found.reshape(-1)[0]
    return value.decode("ascii", "replace") if isinstance(value, bytes) else str(value)


def numbers_of(group: Tree, name: str, where: str, findings: Findings) -> Array | None:
    """Whole numbers within what the chip can hold, None where there are none."""
    values = group.get(name)
    if values is None:
        return None
    if isinstance(values, Mapping):
        more = "; complex weights belong to resonators, which are not read" if name.startswith("weight") else ", not a dataset"
        findings.add(where, f"'{name}' is a group of datasets{more}")
        return None
    if values.dtype.kind not in "iufb":
        findings.add(where, f"'{name}' must hold numbers, got {values.dtype}")
        return None
    if not values.size:
        findings.add(where, f"'{name}' must hold numbers, got none")
        return None
    with np.errstate(all="ignore"):  # damaged numbers are found below
        whole: Array = np.round(values.astype(np.float64))
        wrong = whole != values
    if wrong.any():
        at = tuple(int(k) for k in np.argwhere(wrong)[0])
        place = f" at {at if len(at) > 1 else at[0]}" if at else ""
        whose, advice = ("the chip's ", "; quantise before the export") if name in QUANTISED else ("", "")
        findings.add(where, f"'{name}' must hold {whose}whole numbers, got {float(values[at]):g}{place}{advice}")
        return None
    low, high = RANGES.get(name, (0, 1 << 31))
    if whole.min() < low or whole.max() > high:
        bad = whole.min() if whole.min() < low else whole.max()
        findings.add(where, f"'{name}' must lie between {low} and {high}, got {bad:.12g}")
        return None
    return whole.astype(np.int64)


def one_of(group: Tree, name: str, default: int, where: str, findings: Findings) -> int:
    """One number, the default where it is not given."""
    values = numbers_of(group, name, where, findings)
    if values is None:
        return default
    if values.size != 1:
        findings.add(where, f"'{name}' must hold one number, got {values.size}")
        return default
    return int(values.reshape(-1)[0])


def pair_of(group: Tree, name: str, where: str, findings: Findings) -> tuple[int, int] | None:
    """(height, width), None where it is not given."""
    values = numbers_of(group, name, where, findings)
    if values is None:
        return None
    flat = values.reshape(-1).tolist()
    if len(flat) not in (1, 2):
        findings.add(where, f"'{name}' must hold one or two numbers, got {len(flat)}")
        return None
    return flat[0], flat[-1]


def cell_of(group: Tree, kind: str, where: str, findings: Findings) -> Mapping[str, Array] | None:
    """Parameters of the neurons of a layer."""
    if kind in ("flatten", "average") or (kind == "input" and "neuron" not in group):
        return None
    if "neuron" not in group:
        return {name: np.array(value) for name, value in INTEGRATOR.items()}
    neuron, place = group["neuron"], f"{where}/neuron"
    if neuron is None:
        return None
    if not isinstance(neuron, Mapping):
        findings.add(place, "it is a group of datasets, not a dataset")
        return None
    name = text_of(neuron, "type", place, findings)
    if name is not None and name not in CELLS:
        findings.add(place, f"neurons of type '{name}' are not the chip's integer neuron; {' and '.join(CELLS)} are")
        return None
    if one_of(neuron, "gradedSpike", 0, place, findings):
        findings.add(place, "these neurons send graded spikes; only binary ones are read")
    found: dict[str, Array] = {}
    for parameter in ("iDecay", "vDecay", "vThMant", "refDelay"):
        if parameter not in neuron and parameter != "refDelay":
            findings.add(place, f"it has no dataset '{parameter}'")
            continue
        values = numbers_of(neuron, parameter, place, findings) if parameter in neuron else np.array(1)
        if values is not None:
            found[parameter] = values
    return found


# ---- writing ---------------------------------------------------------------------------------------------------------------
def write_layers(path: str | os.PathLike[str], layers: Iterable[Layer], steps: int) -> None:
    """Write input and dense layers, complete or not at all."""
    with written(path) as file:
        for number, layer in enumerate(layers):
            group = file.create_group(f"layer/{number}")
            group.create_dataset("type", (1,), "S10", [layer.kind.encode("ascii")])
            group.create_dataset("shape", data=np.array(layer.shape))
            for name, value in (("weight", layer.weight), ("weight_rec", layer.recurrent), ("bias", layer.bias), ("delay", layer.delay)):
                if value is not None:
                    group.create_dataset(name, data=np.asarray(value, np.float32))
            if layer.weight is not None:
                group.create_dataset("inFeatures", data=layer.weight.shape[1])
                group.create_dataset("outFeatures", data=layer.weight.shape[0])
            if layer.cell is not None:
                group.create_dataset("neuron/type", data="CUBA")
                group.create_dataset("neuron/gradedSpike", data=False)
                for name, value in layer.cell.items():
                    group.create_dataset(f"neuron/{name}", data=np.asarray(value, np.int64))
        file.create_dataset("simulation/Ts", data=1)
        file.create_dataset("simulation/tSample", data=steps)

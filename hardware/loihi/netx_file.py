"""The layout of lava-dl's network files (HDF5), read into layers with everything that is wrong, and written.

A file holds ``layer/0``, ``layer/1`` ...; a layer has a ``type``, a ``shape`` (channels, height, width), and by its type ``weight``
(dense: out x in; conv: out x in x height x width), ``weight_rec``, ``bias``, ``delay``, ``stride``, ``padding``, ``dilation``, ``groups``
and the group ``neuron`` with ``type``, ``iDecay`` (du + 1), ``vDecay`` (dv), ``vThMant``, ``refDelay``. All numbers are the chip's integers.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any

import numpy as np

from neurosim.errors import FileFormatError, Findings, did_you_mean
from neurosim.files import opened, written
from neurosim.hardware.loihi.limits import DECAY_UNITY, LARGEST_BIAS, LARGEST_DELAY, LARGEST_HOLD, LARGEST_THRESHOLD

Array = np.ndarray
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
RANGES: Mapping[str, tuple[int, int]] = MappingProxyType(
    {
        "weight": (-256, 255),
        "weight_rec": (-256, 255),
        "bias": (-LARGEST_BIAS - 1, LARGEST_BIAS),
        "delay": (0, LARGEST_DELAY),
        "iDecay": (0, DECAY_UNITY),
        "vDecay": (0, DECAY_UNITY),
        "vThMant": (0, LARGEST_THRESHOLD + 1),
        "refDelay": (1, LARGEST_HOLD),
    }
)
"""What the chip can hold."""
INTEGRATOR: Mapping[str, int] = MappingProxyType({"iDecay": 0, "vDecay": DECAY_UNITY, "vThMant": LARGEST_THRESHOLD + 1, "refDelay": 1})
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
        if "layer" not in file:
            raise FileFormatError("it has no group 'layer'; lava-dl's network files hold their layers there", where=where)
        numbers = [str(number) for number in range(len(file["layer"]))]
        if not numbers or any(number not in file["layer"] for number in numbers):
            found = ", ".join(file["layer"]) or "nothing"
            raise FileFormatError(f"layers must be numbered from 0 on without a gap, got {found}", where=where)
        layers = [read_layer(file["layer"][number], f"layer/{number}", findings) for number in numbers]
        steps = int(np.asarray(file["simulation/tSample"]).reshape(-1)[0]) if "simulation/tSample" in file else 0
    refuse(findings, where)
    return Netx(tuple(layer for layer in layers if layer is not None), max(steps, 0))


def refuse(findings: Findings, where: str) -> None:
    """Raise one error about a file that lists everything that was found, each with its place in the file."""
    texts = list(findings)
    if len(texts) == 1:
        raise FileFormatError(texts[0], where=where)
    if texts:
        raise FileFormatError(f"{len(texts)} problems", where=where, parts=[FileFormatError(text) for text in texts])


def read_layer(group: Any, where: str, findings: Findings) -> Layer | None:
    """One layer, None where it cannot be read."""
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
    groups = numbers_of(group, "groups", where, findings)
    cell = cell_of(group, kind, where, findings)
    if len(findings) > before:
        return None
    shape = tuple(int(length) for length in np.asarray(arrays["shape"] if arrays["shape"] is not None else ()).reshape(-1))
    if any(length < 1 for length in shape):
        findings.add(where, f"a shape holds positive whole numbers, got {shape}")
        return None
    given = {name: value for name, value in pairs.items() if value is not None}
    return Layer(
        kind, shape, cell, arrays["weight"], arrays["weight_rec"], arrays["bias"], arrays["delay"], **given,
        groups=1 if groups is None else int(groups.reshape(-1)[0]),
    )  # fmt: skip


def text_of(group: Any, name: str, where: str, findings: Findings) -> str | None:
    """A text, however it was stored."""
    if name not in group:
        findings.add(where, f"it has no dataset '{name}'")
        return None
    value = np.asarray(group[name]).reshape(-1)[0]
    return value.decode("ascii", "replace") if isinstance(value, bytes) else str(value)


def numbers_of(group: Any, name: str, where: str, findings: Findings) -> Array | None:
    """Whole numbers within what the chip can hold, None where there are none."""
    if name not in group:
        return None
    if not isinstance(getattr(group[name], "shape", None), tuple):
        findings.add(where, f"'{name}' is a group of datasets; complex weights belong to resonators, which are not read")
        return None
    values = np.asarray(group[name])
    if values.dtype.kind not in "iufb":
        findings.add(where, f"'{name}' must hold numbers, got {values.dtype}")
        return None
    whole = np.round(values.astype(np.float64))
    if not (whole == values).all():
        at = tuple(int(k) for k in np.argwhere(whole != values)[0])
        place = f" at {at if len(at) > 1 else at[0]}" if at else ""
        findings.add(where, f"'{name}' must hold the chip's whole numbers, got {float(values[at]):g}{place}; quantise before the export")
        return None
    low, high = RANGES.get(name, (0, 1 << 31))
    if values.size and (whole.min() < low or whole.max() > high):
        bad = whole.min() if whole.min() < low else whole.max()
        findings.add(where, f"'{name}' must lie between {low} and {high}, got {bad:g}")
        return None
    return whole.astype(np.int64)


def pair_of(group: Any, name: str, where: str, findings: Findings) -> tuple[int, int] | None:
    """(height, width), None where it is not given."""
    values = numbers_of(group, name, where, findings)
    if values is None:
        return None
    flat = values.reshape(-1).tolist()
    if len(flat) not in (1, 2):
        findings.add(where, f"'{name}' must hold one or two numbers, got {len(flat)}")
        return None
    return flat[0], flat[-1]


def cell_of(group: Any, kind: str, where: str, findings: Findings) -> Mapping[str, Array] | None:
    """Parameters of the neurons of a layer."""
    if kind in ("flatten", "average") or (kind == "input" and "neuron" not in group):
        return None
    if "neuron" not in group:
        return {name: np.array(value) for name, value in INTEGRATOR.items()}
    neuron, place = group["neuron"], f"{where}/neuron"
    name = text_of(neuron, "type", place, findings)
    if name is not None and name not in CELLS:
        findings.add(place, f"neurons of type '{name}' are not the chip's integer neuron; {' and '.join(CELLS)} are")
        return None
    if "gradedSpike" in neuron and np.asarray(neuron["gradedSpike"]).any():
        findings.add(place, "these neurons send graded spikes; only binary ones are read")
    found = {}
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

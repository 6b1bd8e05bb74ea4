"""lava-dl's network files as plans, and plans of layers as such files (layout: :mod:`neurosim.hardware.loihi.netx_file`).

The sources of a plan that was read are called ``input``, its groups ``layer 1``, ``layer 2`` ... by their number in the file. Neurons of
a layer are counted channel by channel, row by row, so ``flatten`` changes nothing. A spike of the input in step t acts in step
t + 1 + delay, as in Lava, and so does a spike of each layer on the next: a chain of n layers answers n steps later, and its delays.

Two things are as in lava-dl's reader and not as in its training: delays of a layer lie before its neurons (in training behind them,
which is the same later but for biases), and what reaches an input layer of neurons acts on the voltage at once, whatever ``iDecay``.
"""

from __future__ import annotations

import math
import os
from collections.abc import Iterator
from dataclasses import dataclass, replace
from types import MappingProxyType

import numpy as np

from neurosim.errors import FileFormatError, Findings
from neurosim.hardware.loihi.limits import DECAY_UNITY, LARGEST_EXPONENT, LARGEST_THRESHOLD, LARGEST_WEIGHT, WEIGHT_BITS
from neurosim.hardware.loihi.netx_file import LARGEST_DATASET, LARGEST_LAYER, MIXED_HIGH, MIXED_LOW, Layer, Netx, read_layers, refuse
from neurosim.hardware.loihi.netx_input import INPUT, arrays_of, images_in, with_arrays, with_input
from neurosim.hardware.loihi.netx_write import write
from neurosim.hardware.loihi.plan import Integers, LoihiPlan, Neurons, Recording, Synapses

__all__ = ["INPUT", "plan_of", "read", "seeing", "with_input", "write"]

Array = np.ndarray
BIAS_EXPONENT = 6
INPUT_WEIGHT = 64


def read(path: str | os.PathLike[str], input_shape: tuple[int, ...] | None = None) -> LoihiPlan:
    """A network file as a plan without a stimulus (see :func:`with_input`); spikes of all layers are recorded.

    Parameters
    ----------
    path : str or path
    input_shape : tuple of int, optional
        (channels, height, width) of what a convolution sees that comes first, where the file does not say it.

    Raises
    ------
    FileFormatError
        With everything that is wrong with the file.
    """
    return plan_of(read_layers(path), f"'{os.fspath(path)}'", input_shape)


def seeing(path: str | os.PathLike[str], stimulus: str | os.PathLike[str]) -> LoihiPlan:
    """A network file as a plan with what a file says that its inputs send.

    Parameters
    ----------
    path : str or path
        The network.
    stimulus : str or path
        A numpy file with one array (T, N) or (T, channels, height, width), or with ``steps``, ``indices`` and, where they are wanted,
        ``payloads`` and ``duration``.

    Raises
    ------
    FileError, FileFormatError, ParameterError
        With everything that is wrong with one of them.
    """
    arrays = arrays_of(stimulus)
    return with_arrays(read(path, images_in(arrays)), arrays, f"'{os.fspath(stimulus)}'")


def plan_of(net: Netx, where: str, input_shape: tuple[int, ...] | None = None) -> LoihiPlan:
    """The plan of the layers of a file."""
    findings = Findings()
    build = Build(findings, images=input_shape)
    for number, layer in enumerate(net.layers):
        build = built(build, layer, number, len(net.layers))
    refuse(findings, where)
    if not build.neurons:
        raise FileFormatError("it has no layer of neurons", where=where)
    names = [group.name for group in build.neurons]
    notes = MappingProxyType({"output": names[-1], **({"output groups": str(build.averaged)} if build.averaged else {})})
    recordings = tuple(Recording(name, "spikes", key=(name, "spikes")) for name in names)
    return LoihiPlan(max(net.steps, 1), build.neurons, build.synapses, (), recordings, "loihi2-lif", name=os.path.basename(where.strip("'")), notes=notes)


# ---- layers become groups and synapses -----------------------------------------------------------------------------------
@dataclass(frozen=True)
class Build:
    """What was built of the first layers; ``shape``: of what the next one sees, None before the first; ``last``: its name.

    ``known``: whether that can be known at all; ``images``: (channels, height, width) of the input where the file does not say it.
    """

    findings: Findings
    neurons: tuple[Neurons, ...] = ()
    synapses: tuple[Synapses, ...] = ()
    shape: tuple[int, ...] | None = None
    last: str = INPUT
    averaged: int = 0
    known: bool = True
    images: tuple[int, ...] | None = None


def built(build: Build, layer: Layer, number: int, layers: int) -> Build:
    """One layer more."""
    where = f"layer/{number}"
    if build.averaged:
        build.findings.add(where, "a layer of type 'average' can only be the last: it names groups of outputs, not neurons")
        return build
    if layer.kind == "flatten":
        return build if build.shape is None else replace(build, shape=(int(np.prod(build.shape)),))
    if layer.kind == "average":
        inputs = int(np.prod(build.shape or (0,)))
        if inputs % layer.size:
            build.findings.add(where, f"{inputs} outputs cannot be averaged in {layer.size} equal groups")
        return replace(build, averaged=layer.size)
    if layer.kind == "input":
        return first_of(build, layer, where)
    return following(build, layer, number, where)


def first_of(build: Build, layer: Layer, where: str) -> Build:
    """The input: sources, and neurons behind them where the layer has some."""
    if build.neurons:
        build.findings.add(where, "a layer of type 'input' can only be the first")
        return build
    sources = Neurons(INPUT, layer.size, "source")
    if layer.cell is None:
        return replace(build, neurons=(sources,), shape=layer.shape)
    for name, values in (("weight", layer.weight), ("bias", layer.bias)):
        if values is not None and values.size != 1:
            build.findings.add(where, f"'{name}' of an input is one number, got {values.size}")
            return build
    # lava-dl sets the bias of these neurons to weight * input + bias in each step: a current without memory does the same.
    group = replace(neurons_of(layer, "layer 0", build.findings, where), du=DECAY_UNITY - 1)
    weight = np.full(layer.size, INPUT_WEIGHT if layer.weight is None else int(layer.weight.reshape(-1)[0]))
    every = np.arange(layer.size)
    some = synapses_of("input weights", INPUT, group.name, every, every, weight, 0, build.findings, where)
    return replace(build, neurons=(sources, group), synapses=(replace(some, message_bits=8),), shape=layer.shape, last=group.name)


def following(build: Build, layer: Layer, number: int, where: str) -> Build:
    """A dense or convolutional layer."""
    weight = layer.weight
    if weight is None:
        return build
    name, findings = f"layer {number}", build.findings
    neurons = build.neurons
    if build.shape is None:
        if not build.known:
            return build
        shape = (build.images or images_of(layer)) if layer.kind == "conv" else (weight.shape[-1] if weight.ndim > 1 else weight.size // layer.size,)
        if shape is None or min(shape) < 1 or math.prod(shape) > LARGEST_LAYER:
            findings.add(where, "the size of its input is unknown: read it with input_shape=(channels, height, width), or put a layer of type 'input' first")
            return replace(build, known=False)
        neurons = (Neurons(INPUT, int(np.prod(shape)), "source"),)
        build = replace(build, shape=shape)
    before = len(findings)
    edges = convolved(layer, build.shape or (), where, findings) if layer.kind == "conv" else dense_edges(layer, build.shape or (), where, findings)
    if len(findings) > before or edges is None:
        return replace(build, shape=layer.shape, neurons=neurons)
    pre, post, values = edges
    group = neurons_of(layer, name, findings, where)
    if layer.recurrent is not None and layer.delay is not None and layer.delay.any():
        findings.add(where, "delays of a recurrent layer mean one thing in lava-dl's training and another in its reader, which loses weights by them: leave them out")
    delay = delays_of(layer, pre, post, int(np.prod(build.shape or ())), where, findings)
    made = [synapses_of(f"weights {number}", build.last, name, pre, post, values, delay, findings, where, dense=layer.kind != "conv")]
    if layer.recurrent is not None:
        if layer.recurrent.shape != (layer.size, layer.size):
            findings.add(where, f"'weight_rec' must have the shape {(layer.size, layer.size)}, got {layer.recurrent.shape}")
        else:
            back_pre, back_post, back = full_edges(layer.recurrent)
            made.append(synapses_of(f"recurrent weights {number}", name, name, back_pre, back_post, back, 0, findings, where, dense=True))
    shape = layer.shape if layer.kind == "conv" else (layer.size,)
    return replace(build, neurons=(*neurons, group), synapses=(*build.synapses, *made), shape=shape, last=name)


def neurons_of(layer: Layer, name: str, findings: Findings, where: str) -> Neurons:
    """The neurons of a layer; parameters may be given per channel."""
    cell = layer.cell or {}

    def spread(name: str) -> Integers:
        return per_neuron(cell[name], layer, findings, f"{where}/neuron, '{name}'")

    threshold = np.minimum(spread("vThMant"), LARGEST_THRESHOLD)
    bias = per_neuron(layer.bias, layer, findings, f"{where}, 'bias'") if layer.bias is not None else 0
    return Neurons(
        name, layer.size, du=spread("iDecay") - 1, dv=spread("vDecay"), vth=alike(threshold), bias_mant=bias,
        bias_exp=BIAS_EXPONENT, refractory=spread("refDelay"),
    )  # fmt: skip


def per_neuron(values: Array, layer: Layer, findings: Findings, where: str) -> Integers:
    """One number, or one per neuron of a layer, from one number, one per channel or one per neuron."""
    flat = np.asarray(values).reshape(-1)
    if flat.size not in (1, layer.shape[0], layer.size):
        findings.add(where, f"got {flat.size} values for {layer.size} neurons in {layer.shape[0]} channels")
        return 0
    if flat.size not in (1, layer.size):
        flat = np.repeat(flat, layer.size // layer.shape[0])
    return alike(flat)


def alike(values: Array) -> Integers:
    """One integer where all are equal."""
    flat = np.asarray(values, np.int64).reshape(-1)
    return int(flat[0]) if len(flat) and (flat == flat[0]).all() else flat


def delays_of(layer: Layer, pre: Array, post: Array, sources: int, where: str, findings: Findings) -> Integers:
    """Delays of synapses from one number, one per neuron (or channel), one per input, or a matrix."""
    if layer.delay is None:
        return 0
    given, size = layer.delay, layer.size
    if given.ndim == 2 and given.shape == (size, sources):
        return alike(given[post, pre])
    flat = given.reshape(-1)
    if flat.size == 1:
        return int(flat[0])
    if flat.size == size:
        return alike(flat[post])
    if flat.size == sources:
        return alike(flat[pre])
    if layer.kind == "conv" and flat.size == layer.shape[0]:
        return alike(flat[post // (size // layer.shape[0])])
    findings.add(where, f"'delay' of shape {given.shape} fits neither {size} neurons nor {sources} inputs")
    return 0


def full_edges(matrix: Array) -> tuple[Array, Array, Array]:
    """Sources, targets and weights of a matrix (targets, sources), ordered by source, then target."""
    pre, post = (axis.reshape(-1) for axis in np.indices(matrix.shape[::-1]))
    return pre, post, matrix.T.reshape(-1)


def dense_edges(layer: Layer, shape: tuple[int, ...], where: str, findings: Findings) -> tuple[Array, Array, Array] | None:
    """Edges of a dense layer."""
    inputs, weight = int(np.prod(shape)), layer.weight if layer.weight is not None else np.zeros(0)
    matrix = weight.reshape(layer.size, -1) if weight.ndim == 1 and not weight.size % layer.size else weight
    if matrix.shape != (layer.size, inputs):
        findings.add(where, f"'weight' must have the shape {(layer.size, inputs)} (neurons, inputs), got {weight.shape}")
        return None
    return full_edges(matrix)


def images_of(layer: Layer) -> tuple[int, int, int] | None:
    """(channels, height, width) of what a convolution sees; known from what it gives where its stride leaves nothing out."""
    weight = layer.weight
    if weight is None or layer.stride != (1, 1):
        return None
    sides = zip(layer.shape[1:], layer.padding, layer.dilation, weight.shape[2:], strict=True)
    height, width = (length - 2 * pad + step * (kernel - 1) for length, pad, step, kernel in sides)
    return weight.shape[1] * layer.groups, height, width


def convolved(layer: Layer, shape: tuple[int, ...], where: str, findings: Findings) -> tuple[Array, Array, Array] | None:
    """Edges of a convolution: each output sees a window of the channels of its group."""
    weight = layer.weight if layer.weight is not None else np.zeros(0)
    if len(shape) != 3:
        findings.add(where, f"a convolution sees (channels, height, width), got {shape}")
        return None
    if weight[0].size * layer.size > LARGEST_DATASET:
        findings.add(where, f"it would have {weight[0].size * layer.size:,} synapses, more than any machine holds")
        return None
    (inputs, height, width), (outputs, rows, columns) = shape, layer.shape
    size = weight.shape[2:]
    made = tuple(
        (length + 2 * pad - step * (kernel - 1) - 1) // stride + 1
        for length, pad, step, kernel, stride in zip((height, width), layer.padding, layer.dilation, size, layer.stride, strict=True)
    )
    expected = (outputs, inputs // layer.groups)
    if inputs % layer.groups or outputs % layer.groups:
        findings.add(where, f"its {layer.groups} groups must divide {inputs} channels seen and {outputs} given")
        return None
    if weight.shape[:2] != expected:
        findings.add(where, f"'weight' must begin with the axes {expected} (outputs, inputs per group), got {weight.shape[:2]}")
        return None
    if made != (rows, columns):
        findings.add(where, f"its shape must be {(outputs, *made)} by its kernel, stride, padding and dilation, got {layer.shape}")
        return None
    parts = list(windows(layer, weight, (inputs, height, width)))
    pre, post, values = (np.concatenate([part[k] for part in parts]) for k in range(3))
    order = np.lexsort((post, pre))
    return pre[order], post[order], values[order]


def windows(layer: Layer, weight: Array, shape: tuple[int, ...]) -> Iterator[tuple[Array, Array, Array]]:
    """Edges of one place of the kernel after the other."""
    outputs, rows, columns = layer.shape
    inputs, height, width = shape
    row, column = np.arange(rows), np.arange(columns)
    for down in range(weight.shape[2]):
        for right in range(weight.shape[3]):
            y = row * layer.stride[0] - layer.padding[0] + down * layer.dilation[0]
            x = column * layer.stride[1] - layer.padding[1] + right * layer.dilation[1]
            inside_y, inside_x = (y >= 0) & (y < height), (x >= 0) & (x < width)
            at = (y[inside_y][:, None] * width + x[inside_x][None, :]).reshape(-1)
            to = (row[inside_y][:, None] * columns + column[inside_x][None, :]).reshape(-1)
            for output in range(outputs):
                first = output // (outputs // layer.groups) * (inputs // layer.groups)
                channels = np.arange(first, first + inputs // layer.groups)
                pre = (channels[:, None] * (height * width) + at[None, :]).reshape(-1)
                post = np.tile(output * rows * columns + to, len(channels))
                yield pre, post, np.repeat(weight[output, :, down, right], len(at))


def synapses_of(
    name: str, source: str, target: str, pre: Array, post: Array, weight: Array, delay: Integers, findings: Findings, where: str, dense: bool = False
) -> Synapses:
    """Integer weights in the chip's form: as many bits as there are, and the exponent that takes them back."""
    low, high = int(weight.min(initial=0)), int(weight.max(initial=0))
    sign = "excitatory" if low >= 0 else "inhibitory" if high <= 0 else "mixed"
    limits = (MIXED_LOW, MIXED_HIGH) if sign == "mixed" else (LARGEST_WEIGHT, LARGEST_WEIGHT)
    if -low > limits[0] or high > limits[1]:
        findings.add(where, f"weights from {low} to {high} do not fit: {sign} ones lie between {-limits[0]} and {limits[1]}")
    shift = 0
    while shift < LARGEST_EXPONENT and -low << (shift + 1) <= limits[0] and high << (shift + 1) <= limits[1] and (low or high):
        shift += 1
    mantissa = weight << shift
    if sign == "mixed" and (mantissa & 1).any():
        findings.add(where, f"weights of both signs beyond 127 come in steps of 2, got {int(mantissa[mantissa & 1 == 1][0])}")
    unit = int(np.bitwise_or.reduce(np.abs(mantissa), initial=1 << WEIGHT_BITS))
    zeros = (unit & -unit).bit_length() - 1
    bits = max(1, min(WEIGHT_BITS, WEIGHT_BITS + (sign == "mixed") - zeros))
    return Synapses(name, source, target, pre, post, mantissa, -shift, bits, sign, delay=delay, dense=dense)

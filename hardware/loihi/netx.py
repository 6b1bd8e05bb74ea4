"""lava-dl's network files as plans, and plans of layers as such files (layout: :mod:`neurosim.hardware.loihi.netx_file`).

The sources of a plan that was read are called ``input``, its groups ``layer 1``, ``layer 2`` ... by their number in the file. Neurons of
a layer are counted channel by channel, row by row, so ``flatten`` changes nothing. A spike of the input in step t acts in step
t + 1 + delay, as in Lava.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from types import MappingProxyType

import numpy as np

from neurosim.errors import FileFormatError, Findings, ParameterError
from neurosim.hardware.loihi.limits import LARGEST_EXPONENT, LARGEST_THRESHOLD, LARGEST_WEIGHT, THRESHOLD_UNIT, WEIGHT_BITS
from neurosim.hardware.loihi.netx_file import Layer, Netx, read_layers, refuse, write_layers
from neurosim.hardware.loihi.plan import Integers, LoihiPlan, Neurons, Recording, Stimulus, Synapses

Array = np.ndarray
INPUT = "input"
BIAS_EXPONENT = 6
INPUT_WEIGHT = 64
MIXED_HIGH, MIXED_LOW = 254, 256
"""Largest mixed weights above and below zero."""


def read(path: str | os.PathLike[str]) -> LoihiPlan:
    """A network file as a plan without a stimulus (see :func:`with_input`); spikes of all layers are recorded.

    Raises
    ------
    FileFormatError
        With everything that is wrong with the file.
    """
    return plan_of(read_layers(path), os.fspath(path))


def plan_of(net: Netx, where: str) -> LoihiPlan:
    """The plan of the layers of a file."""
    findings = Findings()
    build = Build(findings)
    for number, layer in enumerate(net.layers):
        build = built(build, layer, number, len(net.layers))
    refuse(findings, where)
    if not build.neurons:
        raise FileFormatError("it has no layer of neurons", where=where)
    names = [group.name for group in build.neurons]
    notes = MappingProxyType({"output": names[-1], **({"output groups": str(build.averaged)} if build.averaged else {})})
    recordings = tuple(Recording(name, "spikes", key=(name, "spikes")) for name in names)
    return LoihiPlan(max(net.steps, 1), build.neurons, build.synapses, (), recordings, "loihi2-lif", name=os.path.basename(where), notes=notes)


def with_input(plan: LoihiPlan, values: Array | Stimulus) -> LoihiPlan:
    """The plan with something to see.

    Parameters
    ----------
    plan : LoihiPlan
    values : ndarray or Stimulus
        (T, N) whole numbers, what each input sends in each step (0: nothing; 1: a spike); the plan runs for T steps. A Stimulus leaves the steps.
    """
    if isinstance(values, Stimulus):
        return replace(plan, stimuli=(values,))
    size = plan.group(INPUT).size
    given = np.asarray(values)
    if given.ndim != 2 or given.shape[1] != size or not len(given):
        raise ParameterError(f"the input must have the shape (T, {size}), got {given.shape}", where="netx")
    if (given != np.round(given)).any():
        raise ParameterError("the input must hold whole numbers: how much each source sends in each step", where="netx")
    steps, indices = np.nonzero(given)
    payloads = given[steps, indices].astype(np.int64)
    if (payloads != 1).any() and not any(some.message_bits for some in plan.synapses if some.source == INPUT):
        raise ParameterError(f"this network takes spikes, 0 or 1, got {payloads[payloads != 1][0]}", where="netx")
    return replace(plan, steps=len(given), stimuli=(Stimulus(INPUT, steps, indices, payloads),))


# ---- layers become groups and synapses -----------------------------------------------------------------------------------
@dataclass(frozen=True)
class Build:
    """What was built of the first layers; ``shape``: of what the next one sees, None before the first; ``last``: its name."""

    findings: Findings
    neurons: tuple[Neurons, ...] = ()
    synapses: tuple[Synapses, ...] = ()
    shape: tuple[int, ...] | None = None
    last: str = INPUT
    averaged: int = 0


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
    bias = 0 if layer.bias is None else int(layer.bias.reshape(-1)[0])
    group = neurons_of(layer, "layer 0", build.findings, where)
    if bias and (np.asarray(group.du) != 4095).any():
        build.findings.add(where, "its bias goes through the current, which remembers it; only iDecay = 4096 is read with a bias")
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
        if layer.kind == "conv":
            findings.add(where, "the size of its input is unknown: a layer of type 'input' with the shape of the images must come first")
            return build
        matrix_inputs = weight.shape[-1] if weight.ndim > 1 else weight.size // max(layer.size, 1)
        neurons = (Neurons(INPUT, matrix_inputs, "source"),)
        build = replace(build, shape=(matrix_inputs,))
    before = len(findings)
    edges = convolved(layer, build.shape or (), where, findings) if layer.kind == "conv" else dense_edges(layer, build.shape or (), where, findings)
    if len(findings) > before or edges is None:
        return replace(build, shape=layer.shape, neurons=neurons)
    pre, post, values = edges
    group = neurons_of(layer, name, findings, where)
    delay = delays_of(layer, pre, post, int(np.prod(build.shape or ())), where, findings)
    made = [synapses_of(f"weights {number}", build.last, name, pre, post, values, delay, findings, where, dense=layer.kind != "conv")]
    if layer.recurrent is not None:
        if layer.recurrent.shape != (layer.size, layer.size):
            findings.add(where, f"'weight_rec' must have the shape {(layer.size, layer.size)}, got {layer.recurrent.shape}")
        else:
            back_pre, back_post, back = full_edges(layer.recurrent)
            back_delay = delays_of(layer, back_pre, back_post, layer.size, where, findings)
            made.append(synapses_of(f"recurrent weights {number}", name, name, back_pre, back_post, back, back_delay, findings, where, dense=True))
    shape = layer.shape if layer.kind == "conv" else (layer.size,)
    return replace(build, neurons=(*neurons, group), synapses=(*build.synapses, *made), shape=shape, last=name)


def neurons_of(layer: Layer, name: str, findings: Findings, where: str) -> Neurons:
    """The neurons of a layer; parameters may be given per channel."""
    cell = layer.cell or {}

    def spread(values: Array) -> Integers:
        return per_neuron(values, layer, findings, f"{where}/neuron")

    threshold = np.minimum(spread(cell["vThMant"]), LARGEST_THRESHOLD)
    bias = per_neuron(layer.bias, layer, findings, f"{where}, 'bias'") if layer.bias is not None else 0
    return Neurons(
        name, layer.size, du=spread(cell["iDecay"]) - 1, dv=spread(cell["vDecay"]), vth=alike(threshold), bias_mant=bias,
        bias_exp=BIAS_EXPONENT, refractory=spread(cell["refDelay"]),
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


def convolved(layer: Layer, shape: tuple[int, ...], where: str, findings: Findings) -> tuple[Array, Array, Array] | None:
    """Edges of a convolution: each output sees a window of the channels of its group."""
    weight = layer.weight if layer.weight is not None else np.zeros(0)
    if weight.ndim == 5 and weight.shape[-1] == 1:
        weight = weight[..., 0]
    if len(shape) != 3 or len(layer.shape) != 3 or weight.ndim != 4:
        findings.add(where, f"a convolution goes from 3 axes to 3 axes with 4 of 'weight', got {len(shape)}, {len(layer.shape)} and {weight.ndim}")
        return None
    (inputs, height, width), (outputs, rows, columns) = shape, layer.shape
    size = weight.shape[2:]
    made = tuple(
        (length + 2 * pad - step * (kernel - 1) - 1) // stride + 1
        for length, pad, step, kernel, stride in zip((height, width), layer.padding, layer.dilation, size, layer.stride, strict=True)
    )
    expected = (outputs, inputs // layer.groups)
    if weight.shape[:2] != expected or inputs % layer.groups or outputs % layer.groups:
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


# ---- groups and synapses become layers ------------------------------------------------------------------------------------
def write(plan: LoihiPlan, path: str | os.PathLike[str]) -> None:
    """Write a plan of layers, each seeing the one before and perhaps itself, as a file that lava-dl reads.

    Raises
    ------
    FileFormatError
        With everything of the plan that such a file cannot hold.
    """
    findings = Findings()
    layers = list(layers_of(plan, findings))
    refuse(findings, "a netx file")
    write_layers(path, layers, plan.steps)


def layers_of(plan: LoihiPlan, findings: Findings) -> Iterator[Layer]:
    """The layers of a plan from its sources on."""
    order = [group for group in plan.neurons if group.kind == "source"]
    if len(order) != 1:
        findings.add("", f"it begins with one group of sources, got {len(order)}")
        return
    yield Layer("input", (order[0].size,))
    left = [group for group in plan.neurons if group.kind != "source"]
    while left:
        before = order[-1]
        reached = [group for group in left if any((some.source, some.target) == (before.name, group.name) for some in plan.synapses)]
        if len(reached) != 1:
            names = ", ".join(repr(group.name) for group in reached) or "none"
            findings.add(f"group {before.name!r}", f"each layer leads to one other layer; of the {len(left)} that are left it leads to {names}")
            return
        left.remove(reached[0])
        order.append(reached[0])
        yield layer_of(plan, before, reached[0], findings)
    known = {(a.name, b.name) for a, b in zip(order, order[1:], strict=False)} | {(group.name, group.name) for group in order}
    for some in plan.synapses:
        if (some.source, some.target) not in known:
            findings.add(f"synapses {some.name!r}", f"they lead from {some.source!r} to {some.target!r}: over a layer, or back")


def layer_of(plan: LoihiPlan, before: Neurons, group: Neurons, findings: Findings) -> Layer:
    """One group and what leads into it as a dense layer."""
    where = f"group {group.name!r}"
    if group.kind != "lif":
        findings.add(where, f"it holds leaky integrate-and-fire neurons, got {group.kind!r}")
    if np.any(group.u) or np.any(group.v) or group.reset_every:
        findings.add(where, "it holds no initial state and no planned resets")
    bias = np.broadcast_to(np.asarray(group.bias_mant, np.float64) * 2.0 ** np.asarray(group.bias_exp), (group.size,)) / THRESHOLD_UNIT
    if (bias != np.round(bias)).any():
        findings.add(where, f"biases are multiples of {THRESHOLD_UNIT}, got {bias[bias != np.round(bias)][0] * THRESHOLD_UNIT:g}")
    weight, delay = matrix_of(plan, before, group, findings)
    if not weight.any():
        findings.add(where, "all weights that lead into it are zero; lava-dl cannot read such a layer")
    back, back_delay = matrix_of(plan, group, group, findings)
    if back.any() and (delay.any() or back_delay.any()):
        findings.add(where, "delays of recurrent layers mean different things in different versions of lava-dl; leave them out")
    cell: Mapping[str, Array] = {
        "iDecay": np.asarray(group.du) + 1,
        "vDecay": np.asarray(group.dv),
        "vThMant": np.asarray(group.vth),
        "refDelay": np.asarray(group.refractory),
    }
    rows = (delay == delay[:, :1]).all(axis=1)
    return Layer(
        "dense_rec" if back.any() else "dense", (group.size,), cell, weight, back if back.any() else None,
        bias if bias.any() else None, None if not delay.any() else delay[:, 0] if rows.all() else delay,
    )  # fmt: skip


def matrix_of(plan: LoihiPlan, source: Neurons, target: Neurons, findings: Findings) -> tuple[Array, Array]:
    """(targets, sources) weights and delays between two groups."""
    weight, delay = np.zeros((target.size, source.size)), np.zeros((target.size, source.size), np.int64)
    taken = np.zeros(weight.shape, bool)
    for some in plan.synapses:
        if (some.source, some.target) != (source.name, target.name):
            continue
        where = f"synapses {some.name!r}"
        if some.learning is not None:
            findings.add(where, "its weights are fixed; these learn")
        lag = np.broadcast_to(np.asarray(some.delay), (len(some),))
        if (taken[some.post, some.pre] & (delay[some.post, some.pre] != lag)).any():
            findings.add(where, "two synapses between the same neurons have different delays")
        np.add.at(weight, (some.post, some.pre), np.asarray(some.weight) * 2.0**some.weight_exp)
        delay[some.post, some.pre], taken[some.post, some.pre] = lag, True
    if (weight != np.round(weight)).any():
        findings.add(f"group {target.name!r}", "its weights are whole after their exponents; some are not")
    elif np.abs(weight).max(initial=0) > LARGEST_WEIGHT or (weight.min(initial=0) < 0 < weight.max(initial=0) and weight.max(initial=0) > MIXED_HIGH):
        findings.add(f"group {target.name!r}", f"its weights lie between -255 and 255 after their exponents, got {np.abs(weight).max():g}")
    return weight, delay

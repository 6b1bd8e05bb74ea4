"""Plans of layers as lava-dl's network files; what lava-dl's own reader would run as something else is refused.

Each group becomes a dense or recurrent layer, convolutions too, since a plan holds their synapses one by one.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping

import numpy as np

from neurosim.errors import Findings
from neurosim.hardware.loihi.limits import LARGEST_BIAS, LARGEST_WEIGHT, THRESHOLD_UNIT
from neurosim.hardware.loihi.netx_file import MIXED_HIGH, MIXED_LOW, Layer, refuse, write_layers
from neurosim.hardware.loihi.plan import LoihiPlan, Neurons

Array = np.ndarray


def write(plan: LoihiPlan, path: str | os.PathLike[str]) -> None:
    """Write a plan of layers, each seeing the one before and perhaps itself, as a file that lava-dl reads.

    Parameters
    ----------
    plan : LoihiPlan
        Its stimuli and recordings are not written: such a file holds a network alone.
    path : str or path

    Raises
    ------
    FileFormatError
        With everything of the plan that such a file cannot hold, or that lava-dl would read as something else.
    FileError
        If it cannot be written.
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
    if np.any(np.asarray(group.refractory) != 1):
        findings.add(where, f"lava-dl's reader knows no refractory times, got {int(np.max(group.refractory))}; 1 is none")
    added = np.broadcast_to(np.asarray(group.bias_mant, np.float64) * 2.0 ** np.asarray(group.bias_exp), (group.size,))
    bias, largest = added / THRESHOLD_UNIT, LARGEST_BIAS * THRESHOLD_UNIT
    if (bias != np.round(bias)).any():
        findings.add(where, f"biases are multiples of {THRESHOLD_UNIT}, got {added[bias != np.round(bias)][0]:g}")
    elif np.abs(added).max(initial=0) > largest:
        findings.add(where, f"biases lie between {-largest} and {largest}, got {int(added[np.abs(added).argmax()])}")
    noted = len(findings)
    weight, delay = matrix_of(plan, before, group, findings)
    back, back_delay = matrix_of(plan, group, group, findings)
    if not weight.any():
        findings.add(where, "all weights that lead into it are zero; lava-dl cannot read such a layer")
    if back.any() and (delay.any() or back_delay.any()):
        findings.add(where, "delays of a recurrent layer mean different things in lava-dl's training and in its reader; leave them out")
    lost = lost_by_lava_dl(weight, *([back] if back.any() else [])) if len(findings) == noted else ""
    if lost:
        findings.add(where, lost)
    cell: Mapping[str, Array] = {
        "iDecay": np.asarray(group.du) + 1,
        "vDecay": np.asarray(group.dv),
        "vThMant": np.asarray(group.vth),
        "refDelay": np.asarray(group.refractory),
    }
    rows = (delay == delay[:, :1]).all()
    return Layer(
        "dense_rec" if back.any() else "dense", (group.size,), cell, weight, back if back.any() else None,
        bias if bias.any() else None, None if not delay.any() else delay[:, 0] if rows else delay,
    )  # fmt: skip


def matrix_of(plan: LoihiPlan, source: Neurons, target: Neurons, findings: Findings) -> tuple[Array, Array]:
    """(targets, sources) weights and delays between two groups."""
    where = f"group {target.name!r}"
    weight, delay = np.zeros((target.size, source.size)), np.zeros((target.size, source.size), np.int64)
    taken = np.zeros(weight.shape, bool)
    for some in plan.synapses:
        if (some.source, some.target) != (source.name, target.name):
            continue
        here = f"synapses {some.name!r}"
        if some.learning is not None:
            findings.add(here, "its weights are fixed; these learn")
        if some.message_bits:
            findings.add(here, f"its spikes carry no payload; these have {some.message_bits} bits of one")
        lag = np.broadcast_to(np.asarray(some.delay), (len(some),))
        clash = taken[some.post, some.pre] & (delay[some.post, some.pre] != lag)
        delay[some.post, some.pre], taken[some.post, some.pre] = lag, True
        if (clash | (delay[some.post, some.pre] != lag)).any():
            findings.add(here, "two synapses between the same neurons have different delays")
        np.add.at(weight, (some.post, some.pre), np.asarray(some.weight) * 2.0**some.weight_exp)
    low, high = weight.min(initial=0), weight.max(initial=0)
    mixed = low < 0 < high
    least, most = (MIXED_LOW, MIXED_HIGH) if mixed else (LARGEST_WEIGHT, LARGEST_WEIGHT)
    odd = weight[weight % 2 == 1]
    if (weight != np.round(weight)).any():
        findings.add(where, "its weights are whole after their exponents; some are not")
    elif -low > least or high > most:
        findings.add(where, f"its weights lie between {-least} and {most} after their exponents, got {low if -low > least else high:g}")
    elif mixed and len(odd) and (2 * -low > MIXED_LOW or 2 * high > MIXED_HIGH):
        findings.add(where, f"weights of both signs beyond 127 come in steps of 2, got {odd[np.abs(odd).argmax()]:g}")
    return weight, delay


def lost_by_lava_dl(*matrices: Array) -> str:
    """What lava-dl's reader does to the weights of one layer that changes them; empty where it changes nothing.

    The reader shifts all weights of a layer to the left as far as the outermost of them allow, counts the low bits that are zero in all,
    and hands both on; Lava then finds the sign of each matrix again, from its own weights. Two things go wrong: inhibitory weights are
    shifted up to -256, which Lava clips to -255; and in a layer that is not of one sign to the reader, for which a zero among inhibitory
    weights is enough, the count of bits includes one for the sign that a matrix of one sign to Lava does not have.
    """
    low, high = (int(min(matrix.min() for matrix in matrices)), int(max(matrix.max() for matrix in matrices)))
    of_one_sign = high < 0 or low >= 0
    shift = 0
    while -low << (shift + 1) <= LARGEST_WEIGHT + 1 and high << (shift + 1) <= LARGEST_WEIGHT:
        shift += 1
    odd = any((matrix % 2 != 0).any() for matrix in matrices)
    for matrix in matrices:
        least, most = int(matrix.min()), int(matrix.max())
        if most <= 0 and -least << shift > LARGEST_WEIGHT:
            return f"lava-dl's reader makes {least << shift} of the inhibitory weight {least}, one more than Lava holds, and loses it"
        if not of_one_sign and (least >= 0 or most <= 0) and matrix.any() and not shift and odd:
            return "lava-dl's reader loses weights of one sign beyond 127, some odd, in a layer that also has zeros or the other sign"
    return ""

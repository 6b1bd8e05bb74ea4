"""Neurons whose threshold adapts, and neurons whose spikes carry numbers: recognised from the Update, the condition and the reset.

The adaptive neuron of the chip fires where v - r >= theta; theta decays to its resting value and r to 0, and a spike does
``r += 2 * theta; theta += step`` and leaves v alone. Without r in the network r decays as a whole, so nothing of it is left in the next
step. With x = v - zero the threshold is theta - zero: where there is an r, twice theta is added to it and zero is what the condition
takes from v; where there is none zero is where v begins.

A graded neuron sends the sum x of what arrived in a step where abs(x) > vth, a rectified one where x > vth; nothing is kept.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from neurosim.equations.evaluate import evaluate
from neurosim.equations.show import show
from neurosim.equations.tree import names
from neurosim.hardware.loihi.affine import Affine, map_of
from neurosim.hardware.loihi.conditions import Excess, compared, compared_twice, constant_of, excess_of, jumps_of, size_compared
from neurosim.ir.program import Block, Spike

Array = np.ndarray
Finding = tuple[str, str]
"""What is wrong, and what to do."""
NUMBERS = ("graded", "rectified")
"""Kinds of neurons whose spikes carry what they hold."""
NEAR = 1e-9
"""Relative difference up to which two numbers are the same; of numbers below 1, the difference itself."""
SLOWEST = 1e-12
"""Less than this per step is no decay."""
RESET = "reset='r += 2 * theta; theta += step', in this order"
SPIKE = "one membrane above one threshold: spike='v - r >= theta'"
SENT = "spike='abs(x) > th' or spike='x > th', with a parameter th that is not negative"


@dataclass(frozen=True)
class Adaptation:
    """A threshold that decays to ``resting`` and jumps by ``step`` with each spike, and r that decays to 0; (N,), ``resting`` above zero.

    ``decay``, ``decay_r``: fractions that the two lose per step.
    """

    resting: Array
    step: Array
    decay: Array
    decay_r: Array


@dataclass(frozen=True)
class Firing:
    """When a block fires: its kind, the state that is compared, (N,) thresholds above and below.

    ``zero``: (N,) the state where the chip's v is 0, None where a spike sets it there.
    """

    kind: str
    voltage: str
    threshold: Array
    strict: bool
    low: Array
    zero: Array | None = None
    adaptation: Adaptation | None = None


def same(one: Array, other: Array | float, near: float = NEAR) -> bool:
    """Whether numbers agree but for rounding."""
    return bool((np.abs(one - other) <= near * (np.maximum(np.abs(one), np.abs(other)) + 1.0)).all())


def start_of(block: Block, state: str) -> Array:
    """(N,) where a state begins."""
    return np.broadcast_to(np.asarray(block.states[state], np.float64), (block.size,))


def listed(states: Sequence[str]) -> str:
    """Names in a sentence."""
    return ", ".join(states)


# ---- the threshold adapts ------------------------------------------------------------------------------------------------
def adaptive_of(block: Block, found: Affine, spike: Spike) -> tuple[Firing | None, tuple[Finding, ...]]:
    """A block whose condition compares states with each other; and everything that keeps it from being the chip's. Else None and ()."""
    excess = excess_of(block, spike.condition)
    if excess is None or spike.rising or len(excess.weights) < 2:
        return None, ()
    above, below = ([name for name, weight in excess.weights.items() if (sign * weight > 0).all()] for sign in (1, -1))
    if len(above) != 1 or len(above) + len(below) < len(excess.weights):
        return None, ((f"its spike condition does not compare one membrane with a threshold ({listed([*excess.weights])})", SPIKE),)
    jumps = jumps_of(block, spike)
    if jumps is None:
        texts = "; ".join(f"{statement.target} {statement.op} {show(statement.expr)}" for statement in spike.reset)
        return None, ((f"its reset is '{texts}'", RESET),)
    roles = roles_of(below, jumps)
    if roles is None:
        return None, ((f"it has more than one threshold ({listed(below)})", "one threshold with one time constant"),)
    voltage, (theta, r) = above[0], roles
    weights = {name: weight / excess.weights[voltage] for name, weight in excess.weights.items()}
    findings = (*weighed(weights, voltage), *updated(found, voltage, theta, r), *jumped(jumps, voltage, theta, r), *others(block, spike))
    if findings:
        return None, findings
    resting = resting_of(block, found, theta)
    findings = tuple(starting(block, theta, r, resting))
    return (None, findings) if findings else (in_form(block, found, excess, jumps, voltage, theta, r), ())


def roles_of(below: Sequence[str], jumps: Affine) -> tuple[str, str] | None:
    """(the threshold, the refractory state or '') of what is taken from the membrane: a spike raises the second by the first."""
    if len(below) == 1:
        return below[0], ""
    pairs = [(a, b) for a in below for b in below if a != b and jumps.entry(b, a).any() and not jumps.entry(a, b).any()]
    return pairs[0] if len(below) == 2 and len(pairs) == 1 else None


def resting_of(block: Block, found: Affine, theta: str) -> Array:
    """(N,) what the threshold decays to; where it begins, if it does not decay."""
    keep = found.entry(theta, theta)
    decays = np.abs(1.0 - keep) > SLOWEST
    return np.where(decays, found.constant(theta) / np.where(decays, 1.0 - keep, 1.0), start_of(block, theta))


def in_form(block: Block, found: Affine, excess: Excess, jumps: Affine, voltage: str, theta: str, r: str) -> Firing:
    """The parameters of what has passed all tests."""
    taken = -excess.constant / excess.weights[voltage]
    # One zero for all neurons: Lava has one threshold for them.
    zero = taken if r else np.full(block.size, start_of(block, voltage).min(initial=np.inf))
    threshold = start_of(block, theta) + taken  # it rests where it begins
    decay_r = 1.0 - found.entry(r, r) if r else np.ones(block.size)
    adaptation = Adaptation(threshold - zero, jumps.constant(theta), 1.0 - found.entry(theta, theta), decay_r)
    return Firing("adaptive", voltage, threshold, excess.strict, np.full(block.size, -np.inf), zero, adaptation)


def weighed(weights: Mapping[str, Array], voltage: str) -> Iterator[Finding]:
    """States that count other than the membrane does."""
    for name, weight in weights.items():
        if name != voltage and not same(weight, -1.0):
            yield f"its spike condition counts {name} {-weight[0]:g} times", f"put factors into {name}"


def updated(found: Affine, voltage: str, theta: str, r: str) -> Iterator[Finding]:
    """What the Update does that the chip's does not."""
    for name, form in ((theta, f"theta_0 + (1 - d) * ({theta} - theta_0)"), (r, f"(1 - d) * {r}")):
        if not name:
            continue
        for other in (*found.states, *found.ports):
            if other != name and found.entry(name, other).any():
                yield f"{name} depends on {other}; on the chip only spikes move it", f"{name}[n+1] = {form}"
        if found.entry(voltage, name).any():
            yield f"{voltage} depends on {name}; on the chip {name} is only compared", f"take {name} out of the equation of {voltage}"
    if ((np.abs(1.0 - found.entry(theta, theta)) <= SLOWEST) & (np.abs(found.constant(theta)) > NEAR)).any():
        yield f"{theta} does not decay to a resting value", f"{theta}[n+1] = theta_0 + (1 - d) * ({theta} - theta_0)"
    if r and found.constant(r).any():
        yield f"{r} does not decay to 0", f"{r}[n+1] = (1 - d) * {r}"


def jumped(jumps: Affine, voltage: str, theta: str, r: str) -> Iterator[Finding]:
    """What a spike does that the chip's does not."""
    advice = f"reset='{r} += 2 * {theta}; {theta} += step', in this order" if r else f"reset='{theta} += step'"
    for name in jumps.states:
        if name not in (theta, r) and not (follows(jumps, name, {name: 1.0}) and same(jumps.constant(name), 0.0)):
            yield f"a spike also changes {name}", f"leave {name} out of the reset"
    step = jumps.constant(theta)
    constant = follows(jumps, theta, {theta: 1.0}) and (step >= 0.0).all()
    if not constant:
        yield f"a spike does not raise {theta} by a constant", advice
    if not r:
        return
    if not follows(jumps, r, {r: 1.0, theta: 2.0}) or not (same(jumps.constant(r), 0.0) or same(jumps.constant(r), 2.0 * step)):
        yield f"a spike does not raise {r} by twice {theta}", advice
    elif not same(jumps.constant(r), 0.0):
        yield f"a spike raises {r} by twice the threshold after its own step", advice


def follows(jumps: Affine, name: str, wanted: Mapping[str, float]) -> bool:
    """Whether a state after a spike is that sum of states before it, but for a constant."""
    return all(same(jumps.entry(name, other), wanted.get(other, 0.0)) for other in jumps.states)


def others(block: Block, spike: Spike) -> Iterator[Finding]:
    """A hold, a payload."""
    if (np.asarray(spike.hold_steps) > 1).any():
        yield "it has a refractory time; the chip's adaptive neuron has a refractory state", "refractory=0*ms, and r in its place"
    payload = constant_of(block, spike.payload)
    if payload is None or not (payload == 1.0).all():
        yield "its spikes carry a number; the chip's adaptive neuron sends 1", "leave its payload out"


def starting(block: Block, theta: str, r: str, resting: Array) -> Iterator[Finding]:
    """States that begin elsewhere than on the chip."""
    for name, wanted in ((theta, resting), (r, np.zeros(block.size))):
        # A resting value is the quotient of two small numbers: rounding shows.
        if not name or same(start_of(block, name), wanted, 1e-6):
            continue
        k = int(np.argmax(np.abs(start_of(block, name) - wanted)))
        unit = block.units.get(name, "1")
        value = f"{wanted[k]:g}" + (f"*{unit}" if unit not in ("", "1") and wanted[k] else "")
        what = f"{name} begins at {start_of(block, name)[k]:g}; the chip's begins at its resting value, {wanted[k]:g}"
        yield what, f"{name}={value} in the population"


# ---- spikes carry numbers ------------------------------------------------------------------------------------------------
def graded_of(block: Block, found: Affine, spike: Spike) -> tuple[Firing | None, tuple[Finding, ...]]:
    """A block that sends what it holds and keeps nothing; and everything that keeps it from being the chip's. Else None and ()."""
    sent = [name for name in block.states if name in names(spike.payload)]
    if len(sent) != 1 or spike.rising:
        return None, ()
    (x,) = sent
    carried = carried_of(block, spike, x)
    if carried is None or any(found.entry(x, name).any() for name in found.states):
        return None, ()
    findings = []
    if not same(carried[0], 1.0) or not same(carried[1], 0.0):
        findings.append((f"it sends {show(spike.payload)}; the chip sends {x} itself", f"payload='{x}', and factors in the weights"))
    if found.constant(x).any():
        findings.append((f"a constant is added to {x}", "send the constant as a spike"))
    if spike.reset:
        findings.append((f"a spike changes {x}, which the next step forgets", "leave the reset out"))
    if (np.asarray(spike.hold_steps) > 1).any():
        findings.append(("it has a refractory time; a neuron that sends numbers has none", "refractory=0*ms"))
    above = above_of(block, spike, x)
    if above is None:
        findings.append((f"its spike condition does not compare {x} with a threshold", SENT))
    if findings or above is None:
        return None, tuple(findings)
    kind, threshold, strict = above
    return Firing(kind, x, threshold, strict, np.full(block.size, -np.inf), np.zeros(block.size)), ()


def carried_of(block: Block, spike: Spike, x: str) -> tuple[Array, Array] | None:
    """(N,) a and b where the payload is a x + b, None where it is anything else."""
    if not names(spike.payload) <= {x, *block.parameters}:
        return None

    def at(point: Array) -> Array:
        known: dict[str, object] = {**block.parameters, x: point[:, 0]}
        return np.broadcast_to(np.asarray(evaluate(spike.payload, known.__getitem__), np.float64), (block.size,))[:, None]

    found = map_of(at, block.size, 1)
    return None if found is None or not found[0].any() else (found[0][:, 0, 0], found[1][:, 0])


def above_of(block: Block, spike: Spike, x: str) -> tuple[str, Array, bool] | None:
    """(kind, threshold, whether strictly) of a condition for sending x. What is 0 is never sent."""
    one, size = compared(block, spike.condition), size_compared(block, spike.condition)
    two = compared_twice(block, spike.condition)
    if one is not None and one[0] == x and one[1] in (">", ">="):
        kind, threshold, strict = "rectified", one[2], one[1] == ">"
    elif size is not None and size[0] == x and size[1] in (">", ">="):
        kind, threshold, strict = "graded", size[2], size[1] == ">"
    elif two is not None and two[0] == x and same(two[2], -two[3]):
        kind, threshold, strict = "graded", two[2], two[1]
    else:
        return None
    return (kind, threshold, strict) if (threshold > 0.0).all() or (strict and (threshold >= 0.0).all()) else None

"""A plan as a Program in floats that computes the same integers: every value below 2**53 is exact, so any engine can run it.

What the chip does with shifts is written in the equation language: T(x, k) = sign(x) floor(abs(x) k / 4096), one turn of u, limits of v.
Sums beyond 32 bits, which the chip lets wrap around, are not.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache

import numpy as np

from neurosim.backends.base import Obstacle
from neurosim.equations.parse import parse_expression
from neurosim.equations.tree import Expr
from neurosim.errors import UnsupportedError
from neurosim.hardware.loihi.limits import DECAY_UNITY, STATE_BITS, THRESHOLD_UNIT
from neurosim.hardware.loihi.plan import LoihiPlan, Neurons, Synapses
from neurosim.ir.program import Assign, Block, Pathway, Phase, Program, Source, Spike, Statement, Steps, Tap, Update, Weights, Wiring

Array = np.ndarray
KINDS = ("source", "lif", "ternary")
TURN, HALF = 1 << STATE_BITS, 1 << (STATE_BITS - 1)
STEP = (
    ("sum", f"sign(u) * floor(abs(u) * keep_u / {DECAY_UNITY}) + {THRESHOLD_UNIT} * ({{arriving}})"),
    ("turned", f"where(sum > {HALF}, sum - {TURN}, sum)"),
    ("next", f"where(turned <= -{HALF}, sum + {TURN}, turned)"),
    ("u", "next"),
    ("v", f"clip(sign(v) * floor(abs(v) * keep_v / {DECAY_UNITY}) + next + bias, -{HALF - 1}, {HALF - 1})"),
)
"""The step of the integer neuron; on the right u and v are those before it."""
CONDITIONS = {"lif": "v > high", "ternary": "v > high or v < low"}
PAYLOADS = {"lif": "1", "ternary": "where(v > high, 1, -1)"}
RECORDED = ("u", "v", "spikes")


def as_program(plan: LoihiPlan) -> Program:
    """The Program of a plan: populations of the same names with states u and v, in the chip's integers.

    Raises
    ------
    UnsupportedError
        For neurons or synapses that have no such form.
    """
    obstacles = tuple(obstacles_of(plan))
    if obstacles:
        raise UnsupportedError(obstacles, "'floats'")
    ways = [way for some in plan.synapses for way in ways_of(plan, some)]
    blocks = tuple(block_of(group, [way for way in ways if way[0].target == group.name]) for group in plan.neurons if group.kind != "source")
    pathways, weights = zip(*(pathway_of(plan, *way) for way in ways), strict=True) if ways else ((), ())
    return Program(
        plan.dt,
        blocks,
        tuple(source_of(plan, group) for group in plan.neurons if group.kind == "source"),
        tuple(pathways),
        tuple(weights),
        tuple(
            Tap(r.part, r.variable, r.of, Steps(r.every, r.at), at="end" if r.variable != "spikes" else "start")
            for r in plan.recordings
        ),
        (Phase(plan.steps, assign=tuple(resets_of(plan))),),
        plan.seed,
        plan.name,
    )


def obstacles_of(plan: LoihiPlan) -> Iterator[Obstacle]:
    """What has no form in floats here."""
    for group in plan.neurons:
        if group.kind not in KINDS:
            yield Obstacle(f"group {group.name!r}", f"neurons of the kind {group.kind!r}", "run the plan on the emulator")
    for some in plan.synapses:
        if some.learning is not None:
            yield Obstacle(f"synapses {some.name!r}", "weights that learn in the chip's integers", "run the plan on the emulator")
    for recording in plan.recordings:
        if recording.variable not in RECORDED:
            yield Obstacle(f"recording of {recording.part!r}", f"it asks for {recording.variable}", "run the plan on the emulator")


@lru_cache(maxsize=64)
def tree(text: str) -> Expr:
    """A text as a tree."""
    return parse_expression(text)


# ---- neurons ---------------------------------------------------------------------------------------------------------------
def full(group: Neurons, value: object) -> Array:
    """(N,) floats."""
    return np.broadcast_to(np.asarray(value, np.float64), (group.size,)).copy()


def block_of(group: Neurons, ways: list[tuple[Synapses, Array, str, int]]) -> Block:
    """A group; ``ways``: what arrives, by port."""
    shifts = {port: shift for _, _, port, shift in ways}
    ports = tuple(dict.fromkeys(("arriving", *shifts)))
    arriving = " + ".join("arriving" if not shifts.get(port) else f"floor({port} / {1 << shifts[port]})" for port in ports)
    mantissa, exponent = full(group, group.bias_mant), full(group, group.bias_exp)
    return Block(
        group.name,
        group.size,
        states={"u": full(group, group.u), "v": full(group, group.v)},
        parameters={
            "keep_u": DECAY_UNITY - 1 - full(group, group.du),
            "keep_v": DECAY_UNITY - full(group, group.dv),
            "bias": np.floor(mantissa * 2.0**exponent),
            "high": THRESHOLD_UNIT * full(group, group.vth),
            "low": THRESHOLD_UNIT * full(group, group.vth_low),
        },
        ports=ports,
        update=Update(tuple((name, tree(text.format(arriving=arriving))) for name, text in STEP)),
        spike=Spike(
            tree(CONDITIONS[group.kind]),
            (Statement("v", "=", tree("0")),),
            tree(PAYLOADS[group.kind]),
            hold_steps=group.refractory if group.kind == "lif" else 1,
            hold_states=("v",),
        ),
        units={"u": "1", "v": "1"},
    )


def resets_of(plan: LoihiPlan) -> Iterator[Assign]:
    """Planned resets; the chip counts its steps from 1."""
    for group in plan.neurons:
        if group.reset_every:
            when = Steps(group.reset_every, (group.reset_at - 1) % group.reset_every)
            yield Assign(group.name, "u", 0.0, when)
            yield Assign(group.name, "v", 0.0, when)


def source_of(plan: LoihiPlan, group: Neurons) -> Source:
    """Spikes from outside."""
    nothing = np.zeros(0, np.int64)
    events = [(s.steps, s.indices, s.payloads) for s in plan.stimuli if s.group == group.name] or [(nothing, nothing, nothing)]
    steps, indices, payloads = events[0]
    return Source(group.name, group.size, "spikes", steps=steps, indices=indices, payloads=np.asarray(payloads, np.float64))


# ---- synapses --------------------------------------------------------------------------------------------------------------
def ways_of(plan: LoihiPlan, some: Synapses) -> Iterator[tuple[Synapses, Array, str, int]]:
    """(synapses, which of them, port, shift): a sum that is shifted right as a whole needs a port of its own, for each delay."""
    weight, right = np.asarray(some.weight), max(-some.weight_exp, 0)
    everything = np.arange(len(some))
    if not (weight % (1 << right)).any():
        yield some, everything, "arriving", 0
        return
    number = [other.name for other in plan.synapses].index(some.name)
    delay = np.broadcast_to(np.asarray(some.delay), (len(some),))
    for late in np.unique(delay):
        yield some, everything[delay == late], f"sum_{number}_{late}", right


def pathway_of(plan: LoihiPlan, some: Synapses, chosen: Array, port: str, shift: int) -> tuple[Pathway, Weights]:
    """Some synapses of a group that end at one port."""
    name = some.name if port == "arriving" else f"{some.name} ({port})"
    sizes = plan.group(some.source).size, plan.group(some.target).size
    delay = np.broadcast_to(np.asarray(some.delay, np.int64), (len(some),))[chosen]
    weight = np.asarray(some.weight, np.float64)[chosen] * (1.0 if shift else 2.0**some.weight_exp)
    text = "w * value" if some.message_bits else "w"
    wiring = Wiring("pairs", *sizes, pre=np.asarray(some.pre)[chosen], post=np.asarray(some.post)[chosen], same=some.source == some.target)
    same = len(delay) and (delay == delay[0]).all()
    pathway = Pathway(
        name, some.source, some.target, wiring, (Statement(f"{port}_post", "+=", tree(text)),), f"{name}:w",
        delay=int(delay[0]) if same else delay,
    )  # fmt: skip
    return pathway, Weights(f"{name}:w", name, weight, quantum=1.0)

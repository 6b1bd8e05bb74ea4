"""Recognise what a neuro-core can do, from the Updates of a Program alone; or say everything that stands in the way.

A current-based leaky integrate-and-fire neuron is an affine map of (v, u) in which u does not depend on v. In Lava's order u decays
before v reads it, so with x = v - v_reset::

    dv = 1 - Phi_vv    du = 1 - Phi_uu    weights * Phi_vu    vth = theta - v_reset    u* = q_u / (1 - Phi_uu)
    bias = q_v + (Phi_vv - 1) v_reset + Phi_vu u*              u before step 0 = Phi_vu (u_0 - u*) / (1 - du)

and the chip's u after step n is Phi_vu (u - u*) at the start of step n. A neuron without current memory has du = 4095 of 4096 and takes
its input through a port: its weights are multiplied by the gain of the port.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from neurosim.backends.base import Obstacle
from neurosim.equations.evaluate import evaluate
from neurosim.equations.show import show
from neurosim.equations.tree import Expr, Op, Sym, names
from neurosim.hardware.loihi.affine import Affine, affine_of
from neurosim.hardware.loihi.grammar import Learned, learned_of
from neurosim.hardware.loihi.limits import LARGEST_DELAY, LARGEST_HOLD, Profile
from neurosim.hardware.loihi.nonlinear import nonlinear
from neurosim.ir.program import Block, Pathway, Program, Source, Spike, changes_weight
from neurosim.ir.rewrites.freeze import frozen_source
from neurosim.ir.step import of_post
from neurosim.ir.wiring import delays_of, expand, weight_index, weight_values

Array = np.ndarray
TINY = 1e-12


@dataclass(frozen=True)
class Offence:
    """Why a part does not fit: which part, what is wrong, the value and the limit where there are numbers, where the limit comes from."""

    where: str
    what: str
    advice: str
    value: float | None = None
    limit: float | None = None
    source: str = ""
    reason: str = "never"
    severity: str = "error"

    def obstacle(self) -> Obstacle:
        """The same for a report of any engine."""
        return Obstacle(self.where, self.what, self.advice, self.reason)

    def to_dict(self) -> dict[str, object]:
        """For programs."""
        return dict(vars(self))


@dataclass(frozen=True)
class Membrane:
    """A group of neurons in the chip's form and the network's units; (N,) arrays. ``zero``: the membrane where the chip's v is 0.

    ``entry``: target of a pathway -> what a weight is multiplied by; ``coupling``, ``resting_current``: u of the network is
    u of the chip / coupling + resting_current.
    """

    name: str
    size: int
    kind: str
    voltage: str
    current: str
    decay_v: Array
    decay_u: Array
    threshold: Array
    strict: bool
    low: Array
    zero: Array
    bias: Array
    u: Array
    v: Array
    hold: Array
    coupling: Array
    resting_current: Array
    entry: Mapping[str, Array] = field(default_factory=dict)


@dataclass(frozen=True)
class Connection:
    """Edges (E,) of a pathway, ordered by source, then target; ``weight`` in units of the target's membrane, ``delay`` in steps.

    ``learned``: its plasticity; ``unit``: units of the membrane per unit of a weight that learns.
    """

    name: str
    source: str
    target: str
    pre: Array
    post: Array
    weight: Array
    delay: Array
    graded: bool
    learned: Learned | None = None
    unit: float = 1.0


@dataclass(frozen=True)
class Matched:
    """A Program as a chip sees it, in floats."""

    program: Program
    membranes: tuple[Membrane, ...]
    sources: tuple[Source, ...]
    connections: tuple[Connection, ...]


def matched(program: Program, profile: Profile) -> tuple[Matched | None, tuple[Offence, ...]]:
    """The chip's view of a Program, None where something stands in the way; and everything that does."""
    offences: list[Offence] = []
    of_neurons: list[Offence] = []
    sources = tuple(outside for source in program.sources if (outside := source_of(program, source, offences)) is not None)
    membranes = tuple(group for block in program.blocks if (group := membrane_of(program, block, profile, of_neurons)) is not None)
    by_name = {membrane.name: membrane for membrane in membranes}
    graded = {source.name: bool((np.asarray(source.payloads) != 1).any()) for source in sources}
    connections = tuple(
        some for pathway in program.pathways if (some := connection_of(program, pathway, by_name, graded, profile, offences)) is not None
    )
    offences += of_neurons
    offences += plan_offences(program)
    offences += tap_offences(program, by_name, {some.name: some.learned.tag for some in connections if some.learned is not None})
    fatal = any(offence.severity == "error" for offence in offences)
    return (None if fatal else Matched(program, membranes, sources, connections)), tuple(offences)


# ---- neurons -------------------------------------------------------------------------------------------------------------
def membrane_of(program: Program, block: Block, profile: Profile, offences: list[Offence]) -> Membrane | None:
    """A block as neurons of the chip."""
    where = f"population {block.name!r}"
    before = len(offences)
    found = affine_of(block, program.dt)
    if found is None:
        offences.append(Offence(where, *nonlinear(block)))
        return None
    if block.rules:
        offences.append(Offence(where, "its states change by rules of their own in every step", "put what they do into the equations"))
    voltage, threshold, strict, low, kind = condition_of(block, where, offences)
    if voltage is None or threshold is None:
        return None
    current = current_of(found, voltage, where, offences)
    if current is None or len(offences) > before:
        return None
    if kind not in profile.kinds:
        offences.append(Offence(where, f"{profile.name} has no {kind} neurons", "aim at chip='loihi2-microcode', or the emulator"))
    zero = reset_of(block, voltage, current, where, offences)
    hold = held_of(block, voltage, profile, where, offences)
    if len(offences) > before or zero is None:
        return None
    return in_chip_form(block, found, voltage, current, threshold - zero, strict, low - zero, zero, hold, kind)


def constant_of(block: Block, expr: Expr) -> Array | None:
    """(N,) value of an expression of parameters; None where it has anything else in it."""
    if not names(expr) <= set(block.parameters):
        return None
    return np.broadcast_to(np.asarray(evaluate(expr, block.parameters.__getitem__), np.float64), (block.size,))


def condition_of(block: Block, where: str, offences: list[Offence]) -> tuple[str | None, Array | None, bool, Array, str]:
    """(state, threshold, strict, lower threshold, kind) of a spike condition; a block that never fires is a readout."""
    none = np.full(block.size, -np.inf)
    if block.spike is None:
        if not block.states:
            offences.append(Offence(where, "it has no membrane", "give it a state that integrates its input"))
            return None, None, True, none, "lif"
        return next(iter(block.states)), np.full(block.size, np.inf), True, none, "lif"
    spike = block.spike
    found = compared(block, spike.condition)
    if found is not None and not spike.rising:
        name, op, threshold = found
        payload = constant_of(block, spike.payload)
        if op in (">", ">=") and payload is not None and (payload == 1.0).all():
            return name, threshold, op == ">", none, "lif"
    two = ternary_of(block, spike)
    if two is not None:
        return two[0], two[1], True, two[2], "ternary"
    what = "it fires on a rising edge" if spike.rising else "its spike condition is not 'state > threshold' with binary or ternary spikes"
    offences.append(Offence(where, what, "compare one state with a parameter: spike='v > v_th'"))
    return None, None, True, none, "lif"


def compared(block: Block, expr: Expr) -> tuple[str, str, Array] | None:
    """(state, operator, threshold) of ``state > threshold`` in any order."""
    if not isinstance(expr, Op) or expr.op not in (">", ">=", "<", "<=") or len(expr.args) != 2:
        return None
    left, right = expr.args
    turned = {">": "<", "<": ">", ">=": "<=", "<=": ">="}
    for state, other, op in ((left, right, expr.op), (right, left, turned[expr.op])):
        if isinstance(state, Sym) and state.name in block.states:
            threshold = constant_of(block, other)
            if threshold is not None:
                return state.name, op, threshold
    return None


def ternary_of(block: Block, spike: Spike) -> tuple[str, Array, Array] | None:
    """(state, upper, lower threshold) of ``v > high or v < low`` that sends +1 and -1."""
    condition = spike.condition
    if not isinstance(condition, Op) or condition.op != "or" or len(condition.args) != 2:
        return None
    parts = [compared(block, argument) for argument in condition.args]
    high = next((part for part in parts if part is not None and part[1] == ">"), None)
    low = next((part for part in parts if part is not None and part[1] == "<"), None)
    if high is None or low is None or high[0] != low[0]:
        return None
    for value, expected in ((high[2] + 1.0, 1.0), (low[2] - 1.0, -1.0)):
        known: dict[str, object] = {**block.parameters, **{name: np.zeros(block.size) for name in block.states}, high[0]: value}
        try:
            sent = evaluate(spike.payload, known.__getitem__)
        except KeyError:
            return None
        if not (np.asarray(sent) == expected).all():
            return None
    return high[0], high[2], low[2]


def current_of(found: Affine, voltage: str, where: str, offences: list[Offence]) -> str | None:
    """The one state besides the membrane ('' for none) that the membrane depends on."""
    others = [name for name in found.states if name != voltage]
    feeding = [name for name in others if (np.abs(found.entry(voltage, name)) > TINY).any()]
    idle = [name for name in others if name not in feeding and not any((np.abs(found.entry(f, name)) > TINY).any() for f in feeding)]
    if len(feeding) + len(idle) < len(others) or len(feeding) > 1:
        listed = ", ".join(name for name in others if name not in idle)
        offences.append(
            Offence(where, f"its membrane has more than one current ({listed})", "a compartment has one: use one exponential current per neuron")
        )
        return None
    if not feeding:
        return ""
    (current,) = feeding
    if (np.abs(found.entry(current, voltage)) > TINY).any():
        offences.append(Offence(where, f"{current} depends on {voltage}", "a current of the chip does not see the membrane"))
        return None
    return current


def reset_of(block: Block, voltage: str, current: str, where: str, offences: list[Offence]) -> Array | None:
    """(N,) where a spike sets the membrane; for readouts and ternary neurons the chip's zero."""
    if block.spike is None:
        return np.zeros(block.size)
    for statement in block.spike.reset:
        if statement.target == voltage and statement.op == "=":
            value = constant_of(block, statement.expr)
            if value is not None and len(block.spike.reset) == 1:
                return value
    texts = "; ".join(f"{statement.target} {statement.op} {show(statement.expr)}" for statement in block.spike.reset)
    what = f"its reset is '{texts}'; a compartment's sets {voltage} to a constant" if texts else f"a spike does not reset {voltage}"
    offences.append(Offence(where, what, f"reset='{voltage} = v_reset', with a parameter v_reset"))
    return None


def held_of(block: Block, voltage: str, profile: Profile, where: str, offences: list[Offence]) -> Array:
    """(N,) steps r of the hold, 1 for none."""
    if block.spike is None:
        return np.ones(block.size, np.int64)
    hold = np.broadcast_to(np.asarray(block.spike.hold_steps, np.int64), (block.size,))
    if (hold > 1).any():
        if tuple(block.spike.hold_states) != (voltage,):
            held = ", ".join(block.spike.hold_states) or "nothing"
            offences.append(Offence(where, f"{held} is held in its refractory time", f"the chip holds the membrane alone: held=('{voltage}',)"))
        if hold.max() > LARGEST_HOLD:
            advice = "a longer step, or a shorter refractory time"
            what = f"refractory time of {hold.max()} steps; a neuro-core holds at most {LARGEST_HOLD}"
            offences.append(Offence(where, what, advice, float(hold.max()), LARGEST_HOLD, "Loihi 1, 1 ... 64 steps"))
        if not profile.refractory:
            offences.append(Offence(where, f"{profile.name} has no refractory time", "refractory=0*ms, or the emulator", reason="not_yet"))
    return hold


def in_chip_form(
    block: Block, found: Affine, voltage: str, current: str, threshold: Array, strict: bool, low: Array, zero: Array, hold: Array, kind: str
) -> Membrane:
    """The parameters of a neuron of the chip, in the network's units."""

    def start(name: str) -> Array:
        return np.broadcast_to(np.asarray(block.states[name], np.float64), (block.size,))

    ones, nothing = np.ones(block.size), np.zeros(block.size)
    keep_v, q_v = found.entry(voltage, voltage), found.constant(voltage)
    keep_u = found.entry(current, current) if current else nothing
    coupling = found.entry(voltage, current) if current else ones
    resting = found.constant(current) / (1.0 - keep_u) if current else nothing
    bias = q_v + (keep_v - 1.0) * zero + coupling * resting * (1.0 if current else 0.0)
    u = coupling * (start(current) - resting) / keep_u if current else nothing
    entry = {current: coupling} if current else {}
    for port in found.ports:
        into_v = found.entry(voltage, port)
        into_u = found.entry(current, port) if current else nothing
        # A port acts like a jump of u where its gains are those of u itself.
        if not current:
            entry[port] = into_v
        elif (np.abs(into_u * coupling - into_v * keep_u) <= 1e-9 * (np.abs(into_v) + TINY)).all() and (np.abs(keep_u) > TINY).all():
            entry[port] = coupling * into_u / keep_u
    return Membrane(
        block.name, block.size, kind, voltage, current, 1.0 - keep_v, 1.0 - keep_u, threshold, strict, low, zero, bias, u, start(voltage) - zero,
        hold, coupling, resting, entry,
    )  # fmt: skip


# ---- sources, synapses ---------------------------------------------------------------------------------------------------
def source_of(program: Program, source: Source, offences: list[Offence]) -> Source | None:
    """A source as a list of events; Poisson sources are drawn."""
    where = f"stimulus {source.name!r}"
    if source.kind == "table":
        advice = "send spikes, or put a constant drive into the equations (it becomes a bias)"
        offences.append(Offence(where, "a signal; only spikes reach a neuro-core", advice, reason="not_implemented"))
        return None
    frozen = frozen_source(program, source)
    payloads = np.asarray(frozen.payloads if frozen.payloads is not None else np.ones(len(np.asarray(frozen.steps))), np.float64)
    if (payloads != np.round(payloads)).any():
        offences.append(Offence(where, "spikes with payloads that are no whole numbers", "round them, or scale the weights"))
        return None
    return Source(frozen.name, frozen.size, "spikes", steps=frozen.steps, indices=frozen.indices, payloads=payloads, units=frozen.units)


def connection_of(
    program: Program,
    pathway: Pathway,
    membranes: Mapping[str, Membrane],
    graded: Mapping[str, bool],
    profile: Profile,
    offences: list[Offence],
) -> Connection | None:
    """A pathway as synapses of the chip."""
    where, before = f"projection {pathway.name!r}", len(offences)
    if pathway.signal is not None:
        offences.append(Offence(where, "it carries a signal in every step", "connect spikes; backend='native' runs signals", reason="not_implemented"))
    learned = None
    if pathway.rules or changes_weight(pathway):
        learned, findings = learned_of(program, pathway)
        offences += [Offence(where, found.what, found.advice, reason=found.reason, severity=found.severity) for found in findings]
        if not profile.learning:
            offences.append(Offence(where, f"{profile.name} has no learning engine", "switch it off: plasticity=None"))
    elif pathway.states or pathway.draws or len(pathway.deliver) != 1:
        offences.append(Offence(where, "its synapses have states or random numbers of their own", "use the static synapse"))
    edges = expand(pathway.wiring)
    delay = delays_of(pathway, edges)
    offences += too_late(where, delay, program.dt)
    if graded.get(pathway.source) and not profile.graded:
        what = f"spikes of {pathway.source!r} carry numbers; {profile.name} sends binary spikes"
        offences.append(Offence(where, what, "use a shorter step, so that nobody fires twice in one, or chip='loihi2'"))
    target = membranes.get(pathway.target)
    if target is None or any(offence.severity == "error" for offence in offences[before:]):
        return None
    statement = pathway.deliver[0]
    variable = of_post(statement.target) or ""
    if variable not in target.entry:
        what = f"it adds to {variable} of {pathway.target!r}"
        advice = f"connect into the current ({target.current})" if target.current else "let the input enter through a port of the membrane's equation"
        offences.append(Offence(where, what + ", which is not where a chip's synapses end", advice))
        return None
    factor = factor_of(statement.expr, statement.op) if len(pathway.deliver) == 1 else None
    if factor is None:
        offences.append(Offence(where, "what it adds is not its weight times what the spike carries", "use on_arrival='into += w'"))
        return None
    values = np.ones(len(edges))
    if pathway.weights:
        weights = next(w for w in program.weights if w.name == pathway.weights)
        values = pathway.factor * weight_values(program, weights)[weight_index(program, pathway, edges)]
    units = factor * target.entry[variable]
    if learned is not None and len(np.unique(units)) != 1:
        what = f"the neurons of {pathway.target!r} differ in what a weight does to them; a rule of the chip knows one weight"
        offences.append(Offence(where, what, "give them equal time constants"))
        return None
    return Connection(
        pathway.name, pathway.source, pathway.target, edges.pre, edges.post, values * units[edges.post], delay,
        graded.get(pathway.source, False), learned, float(units[0]) if len(units) else 1.0,
    )  # fmt: skip


def too_late(where: str, delay: Array, dt: float) -> Iterator[Offence]:
    """Delays [steps] that do not fit into a core."""
    longest = int(delay.max(initial=0))
    if longest > LARGEST_DELAY:
        advice = f"use dt={dt * -(-longest // LARGEST_DELAY):g} ms, or delays up to {LARGEST_DELAY * dt:g} ms"
        what = f"delay of {longest} steps; a neuro-core holds at most {LARGEST_DELAY}"
        yield Offence(where, what, advice, longest, LARGEST_DELAY, "6 bits, Michaelis et al. 2022")


def factor_of(expr: Expr, op: str) -> float | None:
    """The number c of ``c * w`` or ``c * w * value``, by looking at what the expression is at some weights and payloads."""
    if op not in ("+=", "-=") or not names(expr) <= {"w", "value"}:
        return None
    sign = 1.0 if op == "+=" else -1.0
    points = ((1.0, 1.0), (3.0, 1.0), (1.0, 2.0), (-2.0, 3.0))
    values = [float(evaluate(expr, {"w": w, "value": value}.__getitem__)) for w, value in points]
    one = values[0]
    plain = all(got == one * w for got, (w, _) in zip(values, points, strict=True))
    scaled = all(got == one * w * value for got, (w, value) in zip(values, points, strict=True))
    return sign * one if (plain or scaled) and isinstance(one, float) else None


# ---- plan, taps ----------------------------------------------------------------------------------------------------------
def plan_offences(program: Program) -> Iterator[Offence]:
    """What a plan asks for that a run of the chip does not do."""
    for number, phase in enumerate(program.plan):
        where = f"phase {phase.label or number!r}"
        for assign in phase.assign:
            if assign.part in {source.name for source in program.sources if source.kind == "poisson"} and assign.target == "rate":
                continue  # drawn into the list of events
            what = f"it sets values of {assign.part!r} ({assign.target or 'weights'})"
            yield Offence(where, what, "run the phases one by one", reason="not_implemented")
        for name in sorted(phase.off):
            if name not in {source.name for source in program.sources if source.kind == "poisson"}:
                yield Offence(where, f"it switches {name!r} off", "run the phases one by one", reason="not_implemented")


def tap_offences(program: Program, membranes: Mapping[str, Membrane], tags: Mapping[str, str]) -> Iterator[Offence]:
    """What cannot be read from a chip; ``tags``: pathways that learn, and the state that is their tag."""
    blocks = {block.name for block in program.blocks}
    for tap in program.taps:
        if tap.part in blocks and tap.part in membranes and tap.variable not in readable(membranes[tap.part]):
            yield Offence(f"probe of {tap.part!r}", f"{tap.variable} is no register of the chip", "probe spikes, the membrane or its current")
        elif tap.part in {pathway.name for pathway in program.pathways} and (tap.part not in tags or tap.variable not in ("w", tags[tap.part])):
            what = f"{tap.variable} of synapses cannot be read" if tap.part in tags else "synapses that do not learn are not recorded"
            yield Offence(f"probe of {tap.part!r}", what, "read the weights from the plan", reason="not_implemented")


def readable(membrane: Membrane) -> Sequence[str]:
    """Variables of a group that a chip can tell."""
    return ("spikes", "counts", "count", membrane.voltage, *((membrane.current,) if membrane.current else ()))


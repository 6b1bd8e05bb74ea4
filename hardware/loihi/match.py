"""Recognise what a neuro-core can do, from the Updates of a Program alone; or say everything that stands in the way.

A current-based leaky integrate-and-fire neuron is an affine map of (v, u) in which u does not depend on v. In Lava's order u decays
before v reads it, so with x = v - v_reset::

    dv = 1 - Phi_vv    du = 1 - Phi_uu    weights * Phi_vu    vth = theta - v_reset    u* = q_u / (1 - Phi_uu)
    bias = q_v + (Phi_vv - 1) v_reset + Phi_vu u*              u before step 0 = Phi_vu (u_0 - u*) / (1 - du)

and the chip's u after step n is Phi_vu (u - u*) at the start of step n. A neuron without current memory has du = 4095 of 4096 and takes
its input through a port: its weights are multiplied by the gain of the port. Several currents that decay alike are one: their sum, each
times its own Phi_vu, decays as they do. Thresholds that adapt and spikes that carry numbers: :mod:`neurosim.hardware.loihi.adaptive`.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from neurosim.backends.base import Obstacle
from neurosim.equations.evaluate import evaluate
from neurosim.equations.show import show
from neurosim.equations.tree import Expr, names
from neurosim.hardware.loihi.adaptive import NUMBERS, Adaptation, Firing, adaptive_of, graded_of, same
from neurosim.hardware.loihi.affine import Affine, affine_of
from neurosim.hardware.loihi.conditions import compared, constant_of, ternary_of
from neurosim.hardware.loihi.grammar import Learned, learned_of
from neurosim.hardware.loihi.limits import LARGEST_DELAY, LARGEST_HOLD, Profile
from neurosim.hardware.loihi.nonlinear import nonlinear
from neurosim.ir.program import Block, Pathway, Program, Source, changes_weight
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


def obstacles_of(offences: Iterable[Offence]) -> tuple[Obstacle, ...]:
    """What keeps a network off a chip, as every engine tells it; warnings do not."""
    return tuple(offence.obstacle() for offence in offences if offence.severity == "error")


@dataclass(frozen=True)
class Membrane:
    """A group of neurons in the chip's form and the network's units; (N,) arrays. ``zero``: the membrane where the chip's v is 0.

    ``entry``: target of a pathway -> what a weight is multiplied by; ``currents``: the states whose sum is u of the chip; ``coupling``,
    ``resting_current``: where it is one, it is u of the chip / coupling + resting_current. Of neurons that send numbers ``voltage`` is what
    they send.
    """

    name: str
    size: int
    kind: str
    voltage: str
    currents: tuple[str, ...]
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
    adaptation: Adaptation | None = None

    @property
    def current(self) -> str:
        """The state that u of the chip tells: '' where there is none, or where u is a sum."""
        return self.currents[0] if len(self.currents) == 1 else ""

    @property
    def sends_numbers(self) -> bool:
        """Whether its spikes carry what it holds."""
        return self.kind in NUMBERS


@dataclass(frozen=True)
class Connection:
    """Edges (E,) of a pathway, ordered by source, then target; ``weight`` in units of the target's membrane, ``delay`` in steps.

    ``graded``: what a spike carries multiplies the weight; ``learned``: its plasticity; ``unit``: units of the membrane per unit of a weight
    that learns.
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
    graded |= {membrane.name: membrane.sends_numbers or membrane.kind == "ternary" for membrane in membranes}
    connections = tuple(
        some for pathway in program.pathways if (some := connection_of(program, pathway, by_name, graded, profile, offences)) is not None
    )
    offences += of_neurons
    offences += plan_offences(program)
    offences += tap_offences(program, by_name, {some.name: some.learned.tag for some in connections if some.learned is not None})
    return (None if obstacles_of(offences) else Matched(program, membranes, sources, connections)), tuple(offences)


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
    firing = firing_of(block, found, where, offences)
    currents = None if firing is None else currents_of(found, firing.voltage, where, offences)
    if firing is None or currents is None or len(offences) > before:
        return None
    if firing.kind not in profile.kinds:
        offences.append(Offence(where, f"{profile.name} has no {firing.kind} neurons", "aim at chip='loihi2-microcode', or the emulator"))
    zero = firing.zero if firing.zero is not None else reset_of(block, firing.voltage, where, offences)
    hold = held_of(block, firing, profile, where, offences)
    if zero is None:
        return None
    # What a target lacks is told with everything else: the projections are looked at all the same.
    made = in_chip_form(block, found, firing, currents, zero, hold)
    offences += unlike(made, profile, where)
    return made


def firing_of(block: Block, found: Affine, where: str, offences: list[Offence]) -> Firing | None:
    """When a block fires; one that never does is a readout."""
    none, spike = np.full(block.size, -np.inf), block.spike
    if spike is None:
        if not block.states:
            offences.append(Offence(where, "it has no membrane", "give it a state that integrates its input"))
            return None
        return Firing("lif", last_of(found), np.full(block.size, np.inf), True, none)
    for read in (graded_of, adaptive_of):
        firing, findings = read(block, found, spike)
        offences += [Offence(where, *finding) for finding in findings]
        if firing is not None or findings:
            return firing
    one, two = compared(block, spike.condition), ternary_of(block, spike)
    payload = constant_of(block, spike.payload)
    if one is not None and not spike.rising and one[1] in (">", ">=") and payload is not None and (payload == 1.0).all():
        return Firing("lif", one[0], one[2], one[1] == ">", none)
    if two is not None:
        return Firing("ternary", two[0], two[1], True, two[2])
    what = "it fires on a rising edge" if spike.rising else "its spike condition is not 'state > threshold' with binary or ternary spikes"
    offences.append(Offence(where, what, "compare one state with a parameter: spike='v > v_th'"))
    return None


def last_of(found: Affine) -> str:
    """The first state that feeds no other: the membrane of what never fires."""
    for name in found.states:
        if not any((np.abs(found.entry(other, name)) > TINY).any() for other in found.states if other != name):
            return name
    return found.states[0]


def currents_of(found: Affine, voltage: str, where: str, offences: list[Offence]) -> tuple[str, ...] | None:
    """The states besides the membrane that it depends on: none, one, or several that decay alike and so are one."""
    others = [name for name in found.states if name != voltage]
    feeding = [name for name in others if (np.abs(found.entry(voltage, name)) > TINY).any()]
    fed = [name for name in others if name not in feeding and any((np.abs(found.entry(f, name)) > TINY).any() for f in feeding)]
    apart = not fed and not any((np.abs(found.entry(a, b)) > TINY).any() for a in feeding for b in feeding if a != b)
    alike = apart and all(same(found.entry(a, a), found.entry(feeding[0], feeding[0])) for a in feeding)
    if fed or (len(feeding) > 1 and not alike):
        advice = "a compartment has one: use one exponential current per neuron" + (", or give them equal time constants" if apart else "")
        listed = ", ".join(name for name in others if name in (*feeding, *fed))
        offences.append(Offence(where, f"its membrane has more than one current ({listed})", advice))
        return None
    for current in feeding:
        if (np.abs(found.entry(current, voltage)) > TINY).any():
            offences.append(Offence(where, f"{current} depends on {voltage}", "a current of the chip does not see the membrane"))
            return None
    return tuple(feeding)


def reset_of(block: Block, voltage: str, where: str, offences: list[Offence]) -> Array | None:
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


def held_of(block: Block, firing: Firing, profile: Profile, where: str, offences: list[Offence]) -> Array:
    """(N,) steps r of the hold, 1 for none."""
    if block.spike is None:
        return np.ones(block.size, np.int64)
    hold = np.broadcast_to(np.asarray(block.spike.hold_steps, np.int64), (block.size,))
    if (hold > 1).any():
        if firing.kind != "lif":
            offences.append(Offence(where, f"it has a refractory time; {firing.kind} neurons of the chip have none", "refractory=0*ms"))
        if tuple(block.spike.hold_states) != (firing.voltage,):
            held = ", ".join(block.spike.hold_states) or "nothing"
            advice = f"the chip holds the membrane alone: held=('{firing.voltage}',)"
            offences.append(Offence(where, f"{held} is held in its refractory time", advice))
        if hold.max() > LARGEST_HOLD:
            advice = "a longer step, or a shorter refractory time"
            what = f"refractory time of {hold.max()} steps; a neuro-core holds at most {LARGEST_HOLD}"
            offences.append(Offence(where, what, advice, float(hold.max()), LARGEST_HOLD, "Loihi 1, 1 ... 64 steps"))
        if not profile.refractory:
            offences.append(Offence(where, f"{profile.name} has no refractory time", "refractory=0*ms, or the emulator", reason="not_yet"))
    return hold


def in_chip_form(block: Block, found: Affine, firing: Firing, currents: tuple[str, ...], zero: Array, hold: Array) -> Membrane:
    """The parameters of a neuron of the chip, in the network's units."""

    def start(name: str) -> Array:
        return np.broadcast_to(np.asarray(block.states[name], np.float64), (block.size,))

    voltage, ones, nothing = firing.voltage, np.ones(block.size), np.zeros(block.size)
    keep_v, keep_u = found.entry(voltage, voltage), found.entry(currents[0], currents[0]) if currents else nothing
    coupling = {name: found.entry(voltage, name) for name in currents}
    resting = {name: found.constant(name) / (1.0 - keep_u) for name in currents}
    bias = found.constant(voltage) + (keep_v - 1.0) * zero + sum((coupling[name] * resting[name] for name in currents), nothing)
    u = sum((coupling[name] * (start(name) - resting[name]) / keep_u for name in currents), nothing)
    entry = dict(coupling)
    for port in found.ports:
        into_v = found.entry(voltage, port)
        into_u = sum((found.entry(name, port) * coupling[name] for name in currents), nothing)
        # A port acts like a jump of u where its gains are those of u itself.
        if not currents:
            entry[port] = into_v
        elif (np.abs(into_u - into_v * keep_u) <= 1e-9 * (np.abs(into_v) + TINY)).all() and (np.abs(keep_u) > TINY).all():
            entry[port] = into_u / keep_u
    return Membrane(
        block.name, block.size, firing.kind, voltage, currents, 1.0 - keep_v, 1.0 - keep_u, firing.threshold - zero, firing.strict,
        firing.low - zero, zero, bias, u, start(voltage) - zero, hold, coupling[currents[0]] if currents else ones,
        resting[currents[0]] if currents else nothing, entry, firing.adaptation,
    )  # fmt: skip


def unlike(made: Membrane, profile: Profile, where: str) -> Iterator[Offence]:
    """Parameters that Lava's models of these kinds have once for all neurons of a group."""
    if not profile.name.startswith("lava") or made.kind == "lif":
        return
    values = {"threshold": made.threshold}
    if made.adaptation is not None:
        values |= {"decay of the membrane": made.decay_v, "decay of the current": made.decay_u, **vars(made.adaptation)}
    elif made.kind == "ternary":
        values["lower threshold"] = made.low
    for name, value in values.items():
        if len(value) and not same(value, value[0]):
            what = f"its neurons differ in the {name.replace('_', ' ')}; Lava's {made.kind} neurons have one per population"
            yield Offence(where, what, "one population per value, or the emulator", reason="not_yet")


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
        if graded.get(pathway.source) and pathway.source in membranes:
            what = f"it learns, and spikes of {pathway.source!r} carry numbers"
            offences.append(Offence(where, what, "learn from neurons whose spikes are binary", reason="not_implemented"))
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
    if target is None or obstacles_of(offences[before:]):
        return None
    statement = pathway.deliver[0]
    variable = of_post(statement.target) or ""
    if variable not in target.entry:
        what = f"it adds to {variable} of {pathway.target!r}"
        advice = f"connect into the current ({', '.join(target.currents)})" if target.currents else "let the input enter through a port of the membrane's equation"
        offences.append(Offence(where, what + ", which is not where a chip's synapses end", advice))
        return None
    factor, scaled = factor_of(statement.expr, statement.op) if len(pathway.deliver) == 1 else (None, False)
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
        scaled and graded.get(pathway.source, False), learned, float(units[0]) if len(units) else 1.0,
    )  # fmt: skip


def too_late(where: str, delay: Array, dt: float) -> Iterator[Offence]:
    """Delays [steps] that do not fit into a core."""
    longest = int(delay.max(initial=0))
    if longest > LARGEST_DELAY:
        advice = f"use dt={dt * -(-longest // LARGEST_DELAY):g} ms, or delays up to {LARGEST_DELAY * dt:g} ms"
        what = f"delay of {longest} steps; a neuro-core holds at most {LARGEST_DELAY}"
        yield Offence(where, what, advice, longest, LARGEST_DELAY, "6 bits, Michaelis et al. 2022")


def factor_of(expr: Expr, op: str) -> tuple[float | None, bool]:
    """The number c of ``c * w`` or ``c * w * value``, by looking at what the expression is at some weights and payloads; which of both."""
    if op not in ("+=", "-=") or not names(expr) <= {"w", "value"}:
        return None, False
    sign = 1.0 if op == "+=" else -1.0
    points = ((1.0, 1.0), (3.0, 1.0), (1.0, 2.0), (-2.0, 3.0))
    values = [float(evaluate(expr, {"w": w, "value": value}.__getitem__)) for w, value in points]
    one = values[0]
    plain = all(got == one * w for got, (w, _) in zip(values, points, strict=True))
    scaled = all(got == one * w * value for got, (w, value) in zip(values, points, strict=True))
    return (sign * one if plain or scaled else None), scaled


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
            yield Offence(f"probe of {tap.part!r}", *unreadable(membranes[tap.part], tap.variable))
        elif tap.part in {pathway.name for pathway in program.pathways} and (tap.part not in tags or tap.variable not in ("w", tags[tap.part])):
            what = f"{tap.variable} of synapses cannot be read" if tap.part in tags else "synapses that do not learn are not recorded"
            yield Offence(f"probe of {tap.part!r}", what, "read the weights from the plan", reason="not_implemented")


def readable(membrane: Membrane) -> Sequence[str]:
    """Variables of a group that a chip can tell: what is sent wherever it is not 0 is known as well."""
    known = not membrane.sends_numbers or (membrane.kind == "graded" and not membrane.threshold.any())
    return ("spikes", "counts", "count", *((membrane.voltage,) if known else ()), *((membrane.current,) if membrane.current else ()))


def unreadable(membrane: Membrane, variable: str) -> tuple[str, str]:
    """Why a chip cannot tell a variable, and what it can."""
    if variable in membrane.currents:
        listed = ", ".join(membrane.currents)
        return f"{variable} is no register of the chip, where the sum of {listed} is one current", f"probe spikes or {membrane.voltage}"
    if membrane.sends_numbers:
        return f"{variable} is known only where it is sent", "probe spikes: their payloads are what was sent"
    return f"{variable} is no register of the chip", "probe spikes, the membrane or its current"

"""The network's plasticity in the chip's grammar: a step of a pathway's rules, multiplied out into products of traces, weight and tag.

Read from what the statements do, never from names. With x0 (y0) where an event arrives (the target fires), the statements of a step are
one polynomial: ``x += c`` at an arrival is x + c x0, ``x = c`` is (1 - x0) x + c x0, and x0 x0 is x0. A state that does nothing but decay
and jump so is a trace. The chip reads a trace after its jump: the value before it is x1 - c x0. What a rule has seen before, and changed
in the same step, is thus in the products x0 y0.

A chip synapse has two presynaptic and three postsynaptic traces and one tag; ports of the target are third factors, if only sources send
to them, for then what they bring is known before the run. An event acts on the traces when it is sent, so a pathway that learns has no
delay.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np

from neurosim.equations.bounds import Interval
from neurosim.equations.evaluate import evaluate
from neurosim.equations.show import show
from neurosim.equations.tree import names
from neurosim.hardware.loihi.polynomial import Monomial, NotPolynomial, Polynomial, number, polynomial_of, variable
from neurosim.ir.program import Pathway, Program, Rule, Statement, Steps, Weights
from neurosim.ir.rewrites.freeze import frozen_source
from neurosim.ir.step import of_post
from neurosim.ir.wiring import delays_of, expand, weight_index, weight_values

Array = np.ndarray
PRE, POST, DUE = "x0", "y0", "u"
"""Flags of a step: an arrival, a spike of the target, a step of a rule at regular times. No state has such a name: they are renamed."""
WEIGHT, TAG = "w", "t"
PRE_TRACES, POST_TRACES = ("x1", "x2"), ("y1", "y2", "y3")
LARGEST_PERIOD = 9
"""A rule at regular times runs every 2**k steps, k = 0 ... 9."""
FLAT = 1e-12
ADVICE = "use sums of products of traces, w and one tag"


@dataclass(frozen=True)
class Finding:
    """Why a rule does not fit, or what of it is lost (``severity`` 'warning')."""

    what: str
    advice: str
    severity: str = "error"
    reason: str = "never"


@dataclass(frozen=True)
class LearnedTrace:
    """A trace of the network: what is left of it after a step, by what it jumps, whether it is set to that instead."""

    state: str
    keep: float
    jump: float
    is_set: bool


@dataclass(frozen=True)
class Told:
    """What a port of the target sums up, known before the run: (M,) steps, neurons, values, sorted."""

    port: str
    steps: Array
    indices: Array
    values: Array


@dataclass(frozen=True)
class Term:
    """``coefficient`` * the factors, in the network's units, in steps in which ``dependency`` holds."""

    dependency: str
    coefficient: float
    factors: tuple[str, ...]

    def __str__(self) -> str:
        return " * ".join((self.dependency, *self.factors))


@dataclass(frozen=True)
class Learned:
    """A pathway's plasticity as the chip has it, in the network's units.

    ``traces``: the chip's name -> the network's trace; ``told``: y1 ... y3 -> the third factor that it is; ``tag``: the state that is the
    tag, and its initial value; ``low``, ``high``: bounds of the weight.
    """

    dw: tuple[Term, ...]
    dt: tuple[Term, ...]
    traces: Mapping[str, LearnedTrace]
    told: Mapping[str, Told]
    tag: str
    tag_start: float
    low: float
    high: float
    findings: tuple[Finding, ...] = ()

    def terms(self) -> Iterator[tuple[str, Term]]:
        """(target, term) of all sums."""
        yield from (("dw", term) for term in self.dw)
        yield from (("dt", term) for term in self.dt)


@dataclass
class Step:
    """The states of a synapse within a step, as polynomials of what they were after their decay; filled statement by statement."""

    pathway: Pathway
    values: Mapping[str, float]
    limits: Mapping[str, Interval]
    now: dict[str, Polynomial]
    findings: list[Finding]

    def run(self, rule: Rule, when: Polynomial) -> None:
        """The statements of a rule, where its flag holds."""
        for statement in rule.statements:
            try:
                self.change(statement, when)
            except NotPolynomial as refused:
                text = f"{statement.target} {statement.op} {show(statement.expr)}"
                self.findings.append(Finding(f"{text} is not in the chip's grammar: {refused}", ADVICE))

    def change(self, statement: Statement, when: Polynomial) -> None:
        """One statement."""
        if statement.target not in self.now:
            raise NotPolynomial("a rule of the chip changes weights and its own states only")
        old = self.now[statement.target]
        value = polynomial_of(statement.expr, self.now, self.values, self.limits)
        change = {
            "=": lambda: value.plus(old, -1.0),
            "+=": lambda: value,
            "-=": lambda: number(0.0).plus(value, -1.0),
            "*=": lambda: old.times(value).plus(old, -1.0),
        }[statement.op]()
        self.now[statement.target] = old.plus(change.times(when))


def learned_of(program: Program, pathway: Pathway) -> tuple[Learned | None, tuple[Finding, ...]]:
    """A pathway's plasticity in the chip's grammar, None where something stands in the way; and everything that does or is lost."""
    findings = list(preconditions(program, pathway))
    weights = next((w for w in program.weights if w.name == pathway.weights), None)
    if weights is None:
        return None, (Finding("its synapses have no weight that could learn", "give it a weight"),)
    step = first_of(program, pathway, weights, findings)
    due = periods_of(pathway, findings)
    flags = {"arrival": variable(PRE, flag=True), "post": variable(POST, flag=True)}
    for trigger in ("arrival", "post"):
        for rule in (rule for rule in pathway.rules if rule.trigger == trigger):
            step.run(rule, flags[trigger])
    for rule in (rule for rule in pathway.rules if isinstance(rule.trigger, Steps)):
        step.run(rule, number(1.0) if due == 0 else variable(DUE, flag=True))
    decay = decays_of(step)
    if findings:
        return None, tuple(dict.fromkeys(findings))
    return in_chip_form(program, step, decay, due)


def preconditions(program: Program, pathway: Pathway) -> Iterator[Finding]:
    """What no synapse of the chip that learns can have."""
    delay = pathway.delay
    if not isinstance(delay, (int, np.ndarray)) or np.asarray(delay).any():
        yield Finding("it learns and has a delay; the chip's traces see a spike when it is sent", "delay=0*ms: a spike acts in the step after it")
    if pathway.index is not None or sum(other.weights == pathway.weights for other in program.pathways) > 1:
        yield Finding("it shares its weights with other synapses and learns", "give it weights of its own")
    if pathway.draws:
        yield Finding("its rule draws random numbers", "leave out rand() and xi")
    for name, start in pathway.states.items():
        if not isinstance(start, (int, float, np.ndarray)) or len(np.unique(np.asarray(start))) > 1:
            yield Finding(f"{name} begins with another value on every synapse", "begin with one value")


def first_of(program: Program, pathway: Pathway, weights: Weights, findings: list[Finding]) -> Step:
    """A synapse before the rules of a step: its states have decayed."""
    target = program.block(pathway.target)
    values: dict[str, float] = {"dt": program.dt, "value": 1.0}
    for suffix, parameters in (("", pathway.parameters), ("_post", target.parameters)):
        for name, value in parameters.items():
            alike = np.unique(np.asarray(value)) if isinstance(value, (int, float, np.ndarray)) else np.zeros(0)
            if len(alike) == 1:
                values[name + suffix] = float(alike[0])
    now = {name: variable(f"state {name}") for name in pathway.states}
    now[WEIGHT] = variable(WEIGHT)
    now.update({f"{port}_post": variable(f"port {port}") for port in target.ports})
    ends = pathway.factor * weights.low, pathway.factor * weights.high
    limits: dict[str, Interval] = {WEIGHT: (min(ends), max(ends))}
    limits.update({name: (0.0, math.inf) for name in pathway.states if only_grows(pathway, name)})
    return Step(pathway, values, limits, now, findings)


def only_grows(pathway: Pathway, name: str) -> bool:
    """Whether a state begins at zero or above and its statements add, or set, positive numbers only."""
    changes = [s for rule in pathway.rules for s in rule.statements if s.target == name]
    start = pathway.states[name]
    known = {key: value for key, value in pathway.parameters.items() if isinstance(value, (int, float))}
    for statement in changes:
        try:
            value = polynomial_of(statement.expr, {}, known, {}).constant()
        except NotPolynomial:
            return False
        if value is None or value < 0 or statement.op not in ("=", "+="):
            return False
    return isinstance(start, (int, float)) and start >= 0


def periods_of(pathway: Pathway, findings: list[Finding]) -> int:
    """k of the rules that run every 2**k steps; 0 where there is none."""
    found = {rule.trigger for rule in pathway.rules if isinstance(rule.trigger, Steps)}
    if len(found) > 1:
        findings.append(Finding("its rules at regular times have different intervals; the chip knows one", "use one interval"))
    for steps in found:
        k = steps.every.bit_length() - 1
        if steps.every != 1 << k or k > LARGEST_PERIOD or steps.at % steps.every != steps.every - 1 or steps.since:
            nearest = 1 << min(LARGEST_PERIOD, max(0, round(math.log2(steps.every))))
            findings.append(
                Finding(f"a rule that runs every {steps.every} steps; the chip's intervals are 1, 2, 4 ... 512 steps", f"every={nearest}*dt")
            )
        return k
    return 0


# ---- states ------------------------------------------------------------------------------------------------------------------
def decays_of(step: Step) -> dict[str, Polynomial]:
    """State -> its value after the Update of a step, as a polynomial of states before it."""
    known = {name: variable(f"state {name}") for name in step.pathway.states} | {WEIGHT: variable(WEIGHT)}
    found = dict(known)
    for name, expr in step.pathway.update.assign:
        try:
            value = polynomial_of(expr, known, step.values, step.limits)
        except NotPolynomial as refused:
            step.findings.append(Finding(f"the equation of {name} is not in the chip's grammar: {refused}", "use exponential decays"))
            continue
        if name in step.pathway.states:
            found[name] = value
        else:
            known[name] = value
    return found


def trace_of(name: str, after: Polynomial, decay: Polynomial, flag: str) -> LearnedTrace | None:
    """The trace that a state is, if arrivals (or spikes of the target) add to it or set it, and nothing else does."""
    symbol = f"state {name}"
    if decay.names() - {symbol} or set(decay.terms) - {(symbol,)}:
        return None
    keep = decay.terms.get((symbol,), 0.0)
    jump = after.terms.get((flag,), 0.0)
    rest = {monomial for monomial in after.terms if monomial not in ((flag,), (symbol,))}
    both = tuple(sorted((flag, symbol)))
    if not 0.0 <= keep <= 1.0 or jump <= 0.0 or abs(after.terms.get((symbol,), 0.0) - 1.0) > FLAT:
        return None
    if not rest:
        return LearnedTrace(name, keep, jump, False)
    if rest == {both} and abs(after.terms[both] + 1.0) <= FLAT:
        return LearnedTrace(name, keep, jump, True)
    return None


def in_chip_form(program: Program, step: Step, decay: Mapping[str, Polynomial], due: int) -> tuple[Learned | None, tuple[Finding, ...]]:
    """States become traces and a tag, polynomials become terms."""
    needed, states, findings = needed_states(step, decay), step.pathway.states, step.findings
    pre = {name: found for name in needed if (found := trace_of(name, step.now[name], decay[name], PRE)) is not None}
    post = {name: found for name in needed if (found := trace_of(name, step.now[name], decay[name], POST)) is not None}
    tags = [name for name in needed if name not in pre and name not in post]
    ports = sorted({name for key in (WEIGHT, *tags) for name in step.now[key].names() if name.startswith("port ")})
    for what, wanted, most in (("presynaptic traces", [*pre], 2), ("postsynaptic traces and third factors", [*post, *ports], 3), ("tags", tags, 1)):
        if len(wanted) > most:
            listed = ", ".join(name.removeprefix("port ") for name in wanted)
            advice = "what is no decaying trace of the spikes of one side is a tag" if what == "tags" else "use a rule with fewer states"
            findings.append(Finding(f"it needs {len(wanted)} {what} ({listed}); a synapse of the chip has {most}", advice))
    findings += [Finding(f"the trace {name} does not begin at zero", f"{name}=0") for name in (*pre, *post) if np.asarray(states[name]).any()]
    if findings:
        return None, tuple(dict.fromkeys(findings))
    slots = {**dict(zip(pre, PRE_TRACES, strict=False)), **dict(zip(post, POST_TRACES, strict=False))}
    told = dict(zip(ports, POST_TRACES[len(post) :], strict=False))
    traces = {slots[name]: trace for name, trace in {**pre, **post}.items()}
    tag = tags[0] if tags else ""
    change = step.now[WEIGHT].plus(variable(WEIGHT), -1.0)
    sums = [as_read(change, traces, told, tag, decay, findings)]
    if tag:
        sums.append(as_read(step.now[tag], traces, told, tag, decay, findings).plus(variable(TAG), -1.0))
    terms = [tuple(term for monomial, value in read.terms.items() if (term := term_of(monomial, value, due, findings)) is not None) for read in sums]
    events = {slot: told_events(program, step.pathway.target, name.removeprefix("port ")) for name, slot in told.items()}
    findings += [Finding(why, "send a third factor from a stimulus", reason="not_yet") for why in events.values() if isinstance(why, str)]
    found_all = tuple(dict.fromkeys(findings))
    if any(finding.severity == "error" for finding in found_all):
        return None, found_all
    start = float(np.asarray(states[tag]).reshape(-1)[0]) if tag else 0.0
    low, high = step.limits[WEIGHT]
    known = {slot: found for slot, found in events.items() if isinstance(found, Told)}
    return Learned(terms[0], terms[1] if tag else (), traces, known, tag, start, low, high, found_all), found_all


def needed_states(step: Step, decay: Mapping[str, Polynomial]) -> tuple[str, ...]:
    """States that the weight depends on, in the order of the network."""
    needed, waiting = set[str](), {WEIGHT}
    while waiting:
        name = waiting.pop()
        seen = {other.removeprefix("state ") for other in step.now[name].names() | decay[name].names() if other.startswith("state ")}
        waiting |= seen - needed
        needed |= seen
    return tuple(name for name in step.pathway.states if name in needed)


def as_read(
    change: Polynomial, traces: Mapping[str, LearnedTrace], told: Mapping[str, str], tag: str, decay: Mapping[str, Polynomial], findings: list[Finding]
) -> Polynomial:
    """A polynomial of decayed states in what the chip reads: traces after their jump, the tag before its decay."""
    if tag:
        before = decay[tag].replaced(f"state {tag}", variable(TAG))
        for trace in traces.values():
            before = before.replaced(f"state {trace.state}", Polynomial({(f"state {trace.state}",): 1.0 / max(trace.keep, FLAT)}))
        change = change.replaced(f"state {tag}", before)
    for port, slot in told.items():
        change = change.replaced(port, variable(slot))
    for slot, trace in traces.items():
        symbol, flag = f"state {trace.state}", variable(PRE if slot in PRE_TRACES else POST, flag=True)
        if not trace.is_set:
            change = change.replaced(symbol, variable(slot).plus(flag, -trace.jump))
            continue
        # A trace that has just been set does not tell what it was before.
        own, other = (PRE, POST) if slot in PRE_TRACES else (POST, PRE)
        reads = [monomial for monomial in change.terms if symbol in monomial]
        if any(own in monomial and other not in monomial for monomial in reads):
            what = f"a spike sets {trace.state} and reads what it was before; the chip knows it only as it is then"
            findings.append(Finding(what, "use a trace that adds up"))
        elif any(own in monomial or other in monomial for monomial in reads):
            what = f"where both neurons fire in one step, {trace.state} as it was before is not known to the chip: it counts as zero there"
            findings.append(Finding(what, "use a trace that adds up", "warning"))
        change = change.replaced(symbol, variable(slot).plus(variable(slot).times(flag), -1.0))
    return change


def term_of(monomial: Monomial, coefficient: float, due: int, findings: list[Finding]) -> Term | None:
    """A product of the chip: its dependency, and the other factors."""
    factors = [name for name in monomial if name not in (PRE, POST, DUE)]
    flags = [name for name in (PRE, POST) if name in monomial]
    if DUE in monomial:
        return Term(f"u{due}", coefficient, (*flags, *factors))
    if flags:
        return Term(flags[0], coefficient, (*flags[1:], *factors))
    if due:
        text = " * ".join(factors) or "a constant"
        findings.append(Finding(f"{text} changes in every step, while a rule runs every {1 << due} steps; the chip knows one interval", "every=dt"))
        return None
    return Term("u0", coefficient, tuple(factors))


# ---- third factors -----------------------------------------------------------------------------------------------------------
def told_events(program: Program, target: str, port: str) -> Told | str:
    """What a port sums up; or why that is not known before the run."""
    size = program.block(target).size
    keys, values = [np.zeros(0, np.int64)], [np.zeros(0)]
    for pathway in program.pathways:
        statements = [s for s in pathway.deliver if pathway.target == target and of_post(s.target) == port]
        if not statements:
            continue
        source = next((source for source in program.sources if source.name == pathway.source and source.kind != "table"), None)
        if source is None or pathway.signal is not None or pathway.states or pathway.rules:
            return f"{port} is told by {pathway.name!r}, whose spikes are not known before the run"
        frozen, edges = frozen_source(program, source), expand(pathway.wiring)
        steps, indices = np.asarray(frozen.steps), np.asarray(frozen.indices)
        begin = np.searchsorted(edges.pre, np.arange(source.size + 1))
        counts = np.diff(begin)[indices]
        event = np.repeat(np.arange(len(steps)), counts)
        edge = np.arange(len(event)) - np.repeat(np.cumsum(counts) - counts, counts) + begin[indices][event]
        payload = np.ones(len(steps)) if frozen.payloads is None else np.asarray(frozen.payloads)
        known = {"value": payload[event], "w": np.ones(len(edge))}
        if pathway.weights:
            weights = next(w for w in program.weights if w.name == pathway.weights)
            known["w"] = pathway.factor * weight_values(program, weights)[weight_index(program, pathway, edges)][edge]
        for statement in statements:
            if not names(statement.expr) <= set(known):
                return f"{port} is told by {pathway.name!r}, which adds more than its weight times what an event carries"
            sign = -1.0 if statement.op == "-=" else 1.0
            values.append(sign * np.broadcast_to(np.asarray(evaluate(statement.expr, known.__getitem__), np.float64), (len(edge),)))
            keys.append((steps[event] + delays_of(pathway, edges)[edge]) * size + edges.post[edge])
    found, place = np.unique(np.concatenate(keys), return_inverse=True)
    total = np.bincount(place, np.concatenate(values), len(found))
    inside = (found < program.steps * size) & (total != 0.0)
    return Told(port, found[inside] // size, found[inside] % size, total[inside])

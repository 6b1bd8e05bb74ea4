"""The rules that a Program obeys. :func:`check` reports everything it finds at once; tests run it between passes.

What a statement may read and write in which phase is said in :mod:`neurosim.ir.step`.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

import numpy as np

from neurosim.equations.tree import Expr
from neurosim.errors import Findings, ProgramError, did_you_mean
from neurosim.ir.check_parts import (
    check_block,
    check_draws,
    check_expression,
    check_sampled,
    check_source,
    check_statements,
    check_steps,
    check_unique,
    check_update,
    check_value,
    known_size,
)
from neurosim.ir.check_wiring import WIRING_KINDS, check_wiring
from neurosim.ir.program import Assign, Block, CopyWeights, Pathway, Phase, Program, Rule, Sampled, Source, Steps, Tap, Weights
from neurosim.ir.step import (
    OPERATORS,
    RESERVED_IN_PATHWAY,
    assignable,
    draw_names,
    names_in_assignment,
    names_in_deliver,
    names_in_rule,
    names_in_synapse_update,
    of_post,
    output_names,
    recordable,
)
from neurosim.ir.wiring import edge_count

INCREMENTS = ("+=", "-=")


def check(program: Program) -> None:
    """Refuse a Program that breaks a rule.

    Raises
    ------
    ProgramError
        With all findings, each with the name of the part it is about.
    """
    findings = Findings()
    check_names_of_parts(findings, program)
    if not (np.isfinite(program.dt) and program.dt > 0):
        findings.add("", f"dt must be a positive number of ms, got {program.dt}")
    for block in program.blocks:
        check_block(findings, block, program.steps)
    for source in program.sources:
        check_source(findings, source)
    for weights in program.weights:
        check_weights(findings, program, weights)
    for pathway in program.pathways:
        check_pathway(findings, program, pathway)
    check_instant_order(findings, program)
    check_taps(findings, program)
    for number, phase in enumerate(program.plan):
        check_phase(findings, program, phase, f"phase {number}" + (f" ({phase.label})" if phase.label else ""))
    findings.raise_if_any(ProgramError, f"Program {program.name!r}" if program.name else "Program")


def check_names_of_parts(findings: Findings, program: Program) -> None:
    """Names are unique over blocks, sources, pathways and weights."""
    counts = Counter(part.name for part in program.parts())
    for name, count in counts.items():
        if count > 1:
            findings.add("", f"{count} parts are called {name!r}: names are unique over blocks, sources, pathways and weights")
        if not name:
            findings.add("", "a part has no name")


# ---- pathways ----------------------------------------------------------------------------------------------------------
def check_pathway(findings: Findings, program: Program, pathway: Pathway) -> None:
    """One pathway: its ends, its edges, its statements."""
    where = f"pathway {pathway.name!r}"
    neurons: tuple[Block | Source, ...] = (*program.blocks, *program.sources)
    ends = {part.name: part for part in neurons}
    source, target = ends.get(pathway.source), ends.get(pathway.target)
    if source is None:
        findings.add(where, f"there is no source {pathway.source!r}{did_you_mean(pathway.source, ends)}")
    if not isinstance(target, Block):
        findings.add(
            where, f"there is no target block {pathway.target!r}{did_you_mean(pathway.target, [block.name for block in program.blocks])}"
        )
    if source is None or not isinstance(target, Block):
        return
    check_wiring(findings, where, pathway, source, target)
    check_edge_values(findings, where, program, pathway)
    groups = {"state": pathway.states, "parameter": pathway.parameters, "draw": sorted(draw_names(pathway))}
    check_unique(findings, where, groups, RESERVED_IN_PATHWAY)
    for name in (*pathway.states, *pathway.parameters):
        if name.endswith(("_pre", "_post")):
            findings.add(where, f"{name!r} would be read as a variable of a neuron at an end of the edge")
    check_update(findings, where, pathway.update, pathway.states, names_in_synapse_update(pathway), RESERVED_IN_PATHWAY)
    check_draws(findings, where, pathway.draws, known_size(pathway), program.steps)
    check_signal(findings, where, pathway, source)
    states = () if pathway.instant else target.states
    own = dict.fromkeys(pathway.states, OPERATORS)
    additions = {f"{name}_post": INCREMENTS for name in (*target.ports, *states)}
    check_statements(findings, f"{where}, deliver", pathway.deliver, names_in_deliver(pathway, source, target), {**additions, **own})
    for rule in pathway.rules:
        check_rule(findings, f"{where}, rule {rule.name!r}", program, pathway, rule, source, target)


def check_signal(findings: Findings, where: str, pathway: Pathway, source: Block | Source) -> None:
    """Events come from what fires, signals from outputs; instant pathways carry signals without delay."""
    if pathway.signal is None:
        if not (source.spike if isinstance(source, Block) else source.kind != "table"):
            findings.add(where, f"{source.name!r} sends no events; say which of its outputs is the signal")
    elif pathway.signal not in output_names(source):
        findings.add(where, f"{pathway.signal!r} is not an output of {source.name!r}{did_you_mean(pathway.signal, output_names(source))}")
    if pathway.instant and pathway.signal is None:
        findings.add(where, "only signals can be instant")
    if pathway.instant and (isinstance(pathway.delay, Sampled) or np.any(np.asarray(pathway.delay) != 0)):
        findings.add(where, "an instant signal has no delay")


def check_edge_values(findings: Findings, where: str, program: Program, pathway: Pathway) -> None:
    """Delays, weights and index, states and parameters of edges."""
    edges = edge_count(pathway.wiring) if pathway.wiring.kind in WIRING_KINDS else None
    for kind, values in (("state", pathway.states), ("parameter", pathway.parameters)):
        for name, value in values.items():
            check_value(findings, where, f"{kind} {name!r}", value, edges)
    check_delay(findings, where, pathway, edges)
    vectors = {weights.name: weights for weights in program.weights}
    if pathway.weights and pathway.weights not in vectors:
        findings.add(where, f"there are no weights {pathway.weights!r}{did_you_mean(pathway.weights, vectors)}")
    if not np.isfinite(pathway.factor) or (
        pathway.factor == 0.0 and any(s.target == "w" for rule in pathway.rules for s in rule.statements)
    ):
        findings.add(where, f"factor is {pathway.factor}")
    if isinstance(pathway.index, str):
        if pathway.index != "transpose":
            findings.add(where, f"index must be None, 'transpose' or an array, got {pathway.index!r}")
        elif pathway.wiring.kind != "all_to_all" or (pathway.wiring.same and not pathway.wiring.autapses):
            findings.add(where, "'transpose' needs all-to-all wiring with all pairs")
    elif pathway.index is not None:
        index = np.asarray(pathway.index)
        if index.ndim != 1 or index.dtype.kind not in "iu" or (edges is not None and len(index) != edges):
            findings.add(
                where, f"index must be whole numbers ({'E' if edges is None else edges},), got {index.dtype} of shape {index.shape}"
            )
        elif len(index) and index.min() < 0:
            findings.add(where, f"index must not be negative, got {index.min()}")


def check_delay(findings: Findings, where: str, pathway: Pathway, edges: int | None) -> None:
    """Whole, not negative."""
    if isinstance(pathway.delay, Sampled):
        check_sampled(findings, where, "delay", pathway.delay)
        if max(pathway.delay.least, pathway.delay.low if pathway.delay.bounds != "none" else -np.inf) < 0 and pathway.delay.kind in (
            "uniform",
            "normal",
        ):
            findings.add(where, "drawn delays need a lower bound of 0 steps or more")
        return
    delay = np.asarray(pathway.delay)
    if delay.dtype.kind not in "iu" or delay.ndim > 1 or (delay.ndim == 1 and edges is not None and len(delay) != edges):
        findings.add(
            where, f"delay must be whole steps, one or ({'E' if edges is None else edges},), got {delay.dtype} of shape {delay.shape}"
        )
    elif delay.size and delay.min() < 0:
        findings.add(where, f"delay must not be negative, got {delay.min()} steps")


def check_rule(
    findings: Findings, where: str, program: Program, pathway: Pathway, rule: Rule, source: Block | Source, target: Block
) -> None:
    """A rule of phase 5 never adds to states of the target; shared weights only take increments."""
    if isinstance(rule.trigger, Steps):
        check_steps(findings, where, rule.trigger)
    elif rule.trigger not in ("arrival", "post"):
        findings.add(where, f"trigger must be 'arrival', 'post' or Steps, got {rule.trigger!r}")
    elif rule.trigger == "arrival" and pathway.signal is not None:
        findings.add(where, "a signal arrives in every step: use Steps")
    elif rule.trigger == "post" and target.spike is None:
        findings.add(where, f"{target.name!r} does not fire")
    own = dict.fromkeys(pathway.states, OPERATORS)
    weight = {"w": INCREMENTS if is_shared(program, pathway) else OPERATORS} if pathway.weights else {}
    ports = {f"{name}_post": INCREMENTS for name in target.ports}
    for statement in rule.statements:
        if of_post(statement.target) in target.states:
            findings.add(
                where,
                f"a rule may not add to {of_post(statement.target)!r}, a state of {target.name!r}: additions to states belong to deliver",
            )
    allowed = tuple(statement for statement in rule.statements if of_post(statement.target) not in target.states)
    check_statements(findings, where, allowed, names_in_rule(pathway, source, target, rule.trigger), {**ports, **own, **weight})


def is_shared(program: Program, pathway: Pathway) -> bool:
    """Whether an entry of the pathway's weights belongs to more than one edge."""
    users = sum(other.weights == pathway.weights for other in program.pathways)
    repeated = isinstance(pathway.index, np.ndarray) and len(np.unique(pathway.index)) < len(pathway.index)
    return users > 1 or repeated


def check_instant_order(findings: Findings, program: Program) -> None:
    """An instant signal comes from a source, or from a block that is integrated before its target."""
    place = {block.name: number for number, block in enumerate(program.blocks)}
    for pathway in program.pathways:
        if pathway.instant and pathway.source in place and place[pathway.source] >= place.get(pathway.target, len(place)):
            findings.add(f"pathway {pathway.name!r}", f"instant, but {pathway.source!r} is not integrated before {pathway.target!r}")


def check_weights(findings: Findings, program: Program, weights: Weights) -> None:
    """A vector of weights has a home, finite values and sensible bounds."""
    where = f"weights {weights.name!r}"
    home = next((pathway for pathway in program.pathways if pathway.name == weights.home), None)
    needs_home = isinstance(weights.values, Sampled) or np.ndim(weights.values) == 0
    if home is None and needs_home:
        findings.add(
            where,
            f"there is no pathway {weights.home!r} that says how many there are{did_you_mean(weights.home, [p.name for p in program.pathways])}",
        )
    size = edge_count(home.wiring) if home is not None and home.index is None and home.weights == weights.name else None
    check_value(findings, where, "value", weights.values, size)
    if np.isnan(weights.low) or np.isnan(weights.high) or weights.low > weights.high:
        findings.add(where, f"the bounds are {weights.low} and {weights.high}")
    if not (np.isfinite(weights.quantum) and weights.quantum >= 0):
        findings.add(where, f"quantum is {weights.quantum}")
    elif weights.quantum > 0:
        check_quantum(findings, where, weights)


def check_quantum(findings: Findings, where: str, weights: Weights) -> None:
    """With a quantum, sums are exact: a power of two, and values that are multiples of it and that float32 holds."""
    if np.frexp(weights.quantum)[0] != 0.5:
        findings.add(where, f"quantum must be a power of two, got {weights.quantum!r}")
    elif isinstance(weights.values, Sampled):
        if weights.values.quantum == 0.0 or np.mod(weights.values.quantum, weights.quantum) != 0.0:
            findings.add(where, f"values are drawn as multiples of {weights.values.quantum!r}, but quantum promises {weights.quantum!r}")
    else:
        values = np.asarray(weights.values, np.float64)
        odd = (values.astype(np.float32) != values) | (np.mod(values, weights.quantum) != 0.0)
        if odd.any():
            value = values if values.ndim == 0 else values[np.argmax(odd)]
            findings.add(where, f"{float(value)!r} is no float32 multiple of the quantum {weights.quantum!r}")


# ---- taps and plan -----------------------------------------------------------------------------------------------------
def check_taps(findings: Findings, program: Program) -> None:
    """Taps read what exists, each variable once."""
    probed: tuple[Block | Source | Pathway, ...] = (*program.blocks, *program.sources, *program.pathways)
    parts = {part.name: part for part in probed}
    for (part, variable), count in Counter((tap.part, tap.variable) for tap in program.taps).items():
        if count > 1:
            findings.add(f"taps of {part!r}", f"{variable!r} is recorded {count} times: record it once and choose from it")
    for tap in program.taps:
        where = f"tap of {tap.part!r}"
        if tap.part not in parts:
            findings.add(where, f"there is no such part{did_you_mean(tap.part, parts)}")
            continue
        known = recordable(parts[tap.part])
        if tap.variable not in known:
            findings.add(where, f"{tap.variable!r} cannot be recorded{did_you_mean(tap.variable, known)}")
        check_tap(findings, where, tap, parts[tap.part])


def check_tap(findings: Findings, where: str, tap: Tap, part: Block | Source | Pathway) -> None:
    """When and of whom."""
    check_steps(findings, where, tap.steps)
    if tap.at not in ("start", "end"):
        findings.add(where, f"at must be 'start' or 'end', got {tap.at!r}")
    if tap.reduce not in ("last", "mean"):
        findings.add(where, f"reduce must be 'last' or 'mean', got {tap.reduce!r}")
    if tap.of is not None:
        size = edge_count(part.wiring) if isinstance(part, Pathway) else part.size
        of = np.asarray(tap.of)
        if of.ndim != 1 or of.dtype.kind not in "iu" or (len(of) and (of.min() < 0 or (size is not None and of.max() >= size))):
            findings.add(where, f"of must list whole numbers from 0 to {'E' if size is None else size - 1}")


def names_of_rules(program: Program) -> Iterator[str]:
    """Names of all rules, with repetitions."""
    for part in program.ruled():
        yield from (rule.name for rule in part.rules)


def check_phase(findings: Findings, program: Program, phase: Phase, where: str) -> None:
    """Masks and planned assignments of a phase."""
    if phase.steps < 0:
        findings.add(where, f"steps must not be negative, got {phase.steps}")
    can_be_off = {*names_of_rules(program), *(source.name for source in program.sources), *(pathway.name for pathway in program.pathways)}
    for name in sorted(phase.off - can_be_off):
        findings.add(where, f"{name!r} is off, but is no rule, source or pathway{did_you_mean(name, can_be_off)}")
    for assign in phase.assign:
        check_assign(findings, program, phase, assign, f"{where}, assignment to {assign.part!r}")


def check_assign(findings: Findings, program: Program, phase: Phase, assign: Assign, where: str) -> None:
    """A planned assignment writes what it may, with a value that fits."""
    part = next((part for part in program.parts() if part.name == assign.part), None)
    if part is None:
        findings.add(where, f"there is no such part{did_you_mean(assign.part, [part.name for part in program.parts()])}")
        return
    if assign.target not in assignable(part):
        findings.add(where, f"{assign.target!r} cannot be set{did_you_mean(assign.target, assignable(part) - {''})}")
    if isinstance(assign.when, Steps):
        check_steps(findings, where, assign.when)
    elif any(not 0 <= step < phase.steps for step in assign.when):
        findings.add(where, f"steps {assign.when} do not all lie in the phase of {phase.steps} steps")
    if isinstance(assign.value, CopyWeights):
        if assign.value.source not in {weights.name for weights in program.weights}:
            findings.add(where, f"there are no weights {assign.value.source!r}")
        if not isinstance(part, Weights):
            findings.add(where, "only weights can be copied from weights")
    elif isinstance(assign.value, Expr):
        check_expression(findings, where, assign.value, names_in_assignment(part))
    else:
        size = part.size if isinstance(part, (Block, Source)) else edge_count(part.wiring) if isinstance(part, Pathway) else None
        check_value(findings, where, f"value of {assign.target!r}", assign.value, size)
        if assign.target == "hold" and np.any(np.asarray(assign.value) != 0):
            findings.add(where, "a plan can only end a hold: hold = 0")

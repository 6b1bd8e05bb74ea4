"""A Program as something to read, to tell apart and to keep: :func:`program_text`, :func:`digest`, :func:`save`, :func:`load`."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

import numpy as np

from neurosim.equations.show import show
from neurosim.equations.tree import Expr, Num
from neurosim.ir.digest import digest
from neurosim.ir.program import (
    Assign,
    Block,
    CopyWeights,
    Draw,
    Pathway,
    Phase,
    Program,
    Rule,
    Sampled,
    Source,
    Statement,
    Steps,
    Tap,
    Update,
    Weights,
    Wiring,
)
from neurosim.ir.store import load, save

__all__ = ["digest", "load", "program_text", "save"]


def program_text(program: Program) -> str:
    """The whole recipe, a line for each thing; arrays are summarised.

    Returns
    -------
    str
        Two Programs with the same text may differ in arrays: the digest in the first line tells.
    """
    title = f"Program {program.name!r}" if program.name else "Program"
    lines = [f"{title}: dt {program.dt!r} ms, {program.steps} steps, seed {program.seed}, digest {digest(program)}"]
    for block in program.blocks:
        lines += block_lines(block)
    for source in program.sources:
        lines += source_lines(source)
    for pathway in program.pathways:
        lines += pathway_lines(pathway)
    lines += [weights_line(weights) for weights in program.weights]
    lines += [tap_line(tap) for tap in program.taps]
    for number, phase in enumerate(program.plan):
        lines += phase_lines(number, phase)
    # The description is a text for programs: print(network) is the one for people.
    lines += [f"# {key}: {text}" for key, text in program.meta.items() if key != "description"]
    return "\n".join(lines)


def value_text(value: object) -> str:
    """A number, the range of an array, or a recipe."""
    if isinstance(value, Sampled):
        bounds = "" if value.bounds == "none" else f", {value.bounds} at {value.low!r}, {value.high!r}"
        return f"{value.kind}({value.a!r}, {value.b!r}{bounds})"
    if isinstance(value, Expr):
        return show(value)
    if isinstance(value, CopyWeights):
        return f"{value.factor!r} * {value.source}" + ("" if value.index is None else f"[{value_text(value.index)}]")
    array = np.asarray(value)
    if array.ndim == 0:
        return repr(array.item())
    if array.size == 0:
        return f"no numbers {array.shape}"
    shape = " x ".join(str(n) for n in array.shape)
    return f"{array.min().item()!r} ... {array.max().item()!r} ({shape})"


def row(label: str, text: str) -> Iterator[str]:
    """An indented line, or none if there is nothing to say."""
    if text:
        yield f"  {label:<10} {text}"


def values_text(values: Mapping[str, object], units: Mapping[str, str] | None = None) -> str:
    """``v = 0.0 mV, I = 1.0``."""
    return ", ".join(
        f"{name} = {value_text(value)}" + (f" {units[name]}" if units and name in units else "") for name, value in values.items()
    )


def statements_text(statements: Iterable[Statement]) -> str:
    """``v = -60.0; x += 1.0``."""
    return "; ".join(f"{statement.target} {statement.op} {show(statement.expr)}" for statement in statements)


def update_lines(update: Update, states: Mapping[str, object]) -> Iterator[str]:
    """New values carry a prime."""
    for name, expr in update.assign:
        yield from row("update", f"{name}{chr(39) if name in states else ''} = {show(expr)}")
    if update.exact is not None:
        yield from row(
            "exact",
            f"in {', '.join(update.exact.states)}" + (", with a second pair for held neurons" if update.exact.held_phi is not None else ""),
        )


def draws_text(draws: Iterable[Draw]) -> str:
    """``xi normal``."""
    return ", ".join(f"{draw.name} {draw.kind}" for draw in draws)


def steps_text(steps: Steps) -> str:
    """``every 10 steps, the last``."""
    if steps.every == 1:
        text = "every step"
    else:
        text = f"every {steps.every} steps, " + ("the last" if steps.at == -1 else f"step {steps.at}")
    return text + (f" from {steps.since}" if steps.since else "")


def rule_lines(rules: Iterable[Rule]) -> Iterator[str]:
    """Name, trigger and statements of rules."""
    for rule in rules:
        trigger = steps_text(rule.trigger) if isinstance(rule.trigger, Steps) else f"on {rule.trigger}"
        yield from row("rule", f"{rule.name!r} {trigger}: {statements_text(rule.statements)}")


def block_lines(block: Block) -> Iterator[str]:
    """One population."""
    yield f"block {block.name!r}: {block.size} neurons" + (f", shift {block.shift}" if block.shift else "")
    yield from row("states", values_text(block.states, block.units))
    yield from row("parameters", values_text(block.parameters))
    yield from row("ports", ", ".join(block.ports))
    yield from row("draws", draws_text(block.draws))
    yield from update_lines(block.update, block.states)
    for name, expr in block.outputs:
        start = f", before step 0: {value_text(block.start[name])}" if name in block.start else ""
        yield from row("output", f"{name} = {show(expr)}{start}")
    if block.spike is not None:
        spike = block.spike
        yield from row(
            "spike",
            f"when {show(spike.condition)}"
            + (", rising" if spike.rising else "")
            + ("" if spike.payload == Num(1.0) else f", payload {show(spike.payload)}"),
        )
        yield from row("reset", statements_text(spike.reset))
        yield from row(
            "hold", f"r = {value_text(spike.hold_steps)} steps, held: {', '.join(spike.hold_states) or 'nothing (detection only)'}"
        )
    yield from rule_lines(block.rules)


def source_lines(source: Source) -> Iterator[str]:
    """One source."""
    if source.kind == "poisson":
        text = f"rate {value_text(source.rate)} per ms"
    elif source.kind == "spikes":
        text = f"{0 if source.steps is None else len(source.steps)} events"
    else:
        order = "" if source.order is None else f", order of {len(source.order)}"
        text = f"table {value_text(source.table)}, {source.steps_per_item} steps per item{order}, then {source.after}"
    yield f"source {source.name!r}: {source.size} x {source.kind}, {text}"


def wiring_text(wiring: Wiring) -> str:
    """``fixed_probability(0.02), 320 x 80``."""
    inside = repr(wiring.probability) if wiring.kind == "fixed_probability" else str(wiring.number) if wiring.number else ""
    if wiring.kind == "pairs":
        inside = str(0 if wiring.pre is None else len(wiring.pre))
    if wiring.kind == "small_world":
        inside = f"{wiring.number}, {wiring.probability!r}"
    if wiring.kind == "distance_dependent":
        kernel = "1" if wiring.kernel is None else show(wiring.kernel)
        inside = f"{wiring.probability!r} * {kernel}" + ("" if wiring.period is None else f", period {wiring.period[0]!r} x {wiring.period[1]!r}")
    extra = "" if wiring.autapses or not wiring.same else ", no autapses"
    return f"{wiring.kind}{f'({inside})' if inside else ''}, {wiring.sources} x {wiring.targets}{extra}{'' if wiring.multapses else ', no multapses'}"


def pathway_lines(pathway: Pathway) -> Iterator[str]:
    """One pathway."""
    what = "events" if pathway.signal is None else f"{'instant ' if pathway.instant else ''}signal {pathway.signal!r}"
    yield f"pathway {pathway.name!r}: {what} of {pathway.source!r} to {pathway.target!r}, {wiring_text(pathway.wiring)}"
    if not pathway.instant:
        yield from row("delay", f"{value_text(pathway.delay)} steps")
    if pathway.weights:
        index = "" if pathway.index is None else "[transposed]" if isinstance(pathway.index, str) else "[by index]"
        yield from row("w", ("" if pathway.factor == 1.0 else f"{pathway.factor!r} * ") + pathway.weights + index)
    yield from row("states", values_text(pathway.states, pathway.units))
    yield from row("parameters", values_text(pathway.parameters))
    yield from row("draws", draws_text(pathway.draws))
    yield from update_lines(pathway.update, pathway.states)
    yield from row("deliver", statements_text(pathway.deliver))
    yield from rule_lines(pathway.rules)


def weights_line(weights: Weights) -> str:
    """One vector of weights."""
    bounds = "" if (weights.low, weights.high) == (-np.inf, np.inf) else f", in [{weights.low!r}, {weights.high!r}]"
    quantum = f", multiples of {weights.quantum!r}" if weights.quantum else ""
    return f"weights {weights.name!r}: {value_text(weights.values)} {weights.unit}{bounds}{quantum}"


def tap_line(tap: Tap) -> str:
    """One tap."""
    chosen = "" if tap.of is None else f" of {len(tap.of)}"
    return f"tap {tap.part!r}: {tap.variable}{chosen}, {steps_text(tap.steps)}, at {tap.at}" + (", mean" if tap.reduce == "mean" else "")


def phase_lines(number: int, phase: Phase) -> Iterator[str]:
    """One phase of the plan."""
    off = f", off: {', '.join(sorted(phase.off))}" if phase.off else ""
    yield f"phase {number}{f' ({phase.label})' if phase.label else ''}: {phase.steps} steps{off}"
    yield from (f"  {assign_text(assign)}" for assign in phase.assign)


def assign_text(assign: Assign) -> str:
    """One planned assignment."""
    when = (
        steps_text(assign.when)
        if isinstance(assign.when, Steps)
        else f"in step{'s' if len(assign.when) != 1 else ''} {', '.join(map(str, assign.when[:8]))}{' ...' if len(assign.when) > 8 else ''}"
    )
    return f"{assign.part}{f'.{assign.target}' if assign.target else ''} = {value_text(assign.value)} {when}"

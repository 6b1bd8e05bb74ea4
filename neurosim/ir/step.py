"""The phases of a step, what each may read and write, and how steps are counted: the meaning of a Program, as data.

Step n takes the network from t_n to t_n + dt. :data:`PHASES` says what happens in which order; :mod:`neurosim.backends.reference`
executes it line by line, :mod:`neurosim.ir.check` refuses what it forbids, the documentation prints it.

Names. A statement list or expression sees only the names of the ``names_in_...`` function of its place. ``X_pre`` is the output X of
the source as evaluated in phase 2 of step n - d; ``X_post`` is the target's state as it is now, its output of this step, its
parameter or, in phase 5, its port as summed in phase 4 of this step.

Counting. An event or signal emitted in step n with a delay of d steps is delivered in phase 4 of step n + d. A neuron that fired in
step n is held in n + 1 ... n + r - 1. ``since_spike`` is (n - step of the last spike) dt, infinite before the first. Steps of tables,
rules, taps and planned assignments count from the start of their phase of the plan, steps of events from the start of the run.

Before step 0. Outputs have had their value ``start`` for ever (default: evaluated with the initial states, ports and draws at zero),
tables the value 0; so every signal pathway that is not instant delivers once before step 0 (with the masks of the first phase of the
plan). Only the ports keep this delivery: states of blocks and of pathways begin as given. Draws of that delivery are those of step -1
(of a table of draws: its last row, one more than there are steps).

Edges. Draws of a pathway are indexed by the place of an edge in canonical order.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import accumulate

from neurosim.ir.program import Block, IntArray, Pathway, Phase, Source, Steps, Weights

CLOCK = frozenset(("t", "dt"))
"""Time of the start of the step and its length in ms: known everywhere."""
RESERVED_IN_BLOCK = CLOCK | {"held", "since_spike", "hold", "spikes", "counts", "count"}
"""Names with a fixed meaning, which no state, parameter, port, output, draw or temporary of a block may have."""
RESERVED_IN_PATHWAY = CLOCK | {"value", "w"}
"""Names with a fixed meaning, which no state, parameter, draw or temporary of a pathway may have."""
OPERATORS = ("=", "+=", "-=", "*=")


@dataclass(frozen=True)
class StepPhase:
    """One phase of a step: its number, its name, what happens, what its expressions read and what it writes."""

    number: int
    name: str
    meaning: str
    reads: str
    writes: str


PHASES = (
    StepPhase(
        0,
        "plan",
        "Planned assignments run in their order. Sources take their value for [t_n, t_n + dt).",
        "the part's own names",
        "states, parameters, weights, rates; 'hold' := 0 ends the hold; never ports or events in flight",
    ),
    StepPhase(
        1,
        "record",
        "Taps at 'start' read states, ports (the sums that integrate is about to read) and outputs (of step n - 1).",
        "everything",
        "nothing",
    ),
    StepPhase(
        2,
        "integrate",
        "Pathways advance their own states; then the blocks in the order of the Program: instant pathways into the block run, it advances"
        " its states, evaluates its outputs in order, then all its ports are cleared, also those of held neurons.",
        "states of t_n, ports, parameters, draws, held, since_spike; outputs read new states and the same ports",
        "new states (together; held states keep their value), outputs",
    ),
    StepPhase(
        3,
        "detect",
        "Neurons that are not held and whose condition is true (rising: and was false in the last detection) send an event stamped t_n.",
        "new states, outputs of this step, parameters, draws; not ports",
        "events",
    ),
    StepPhase(
        4,
        "deliver",
        "Pathway by pathway in the order of the Program, within a pathway the oldest event first, then ascending source, target, edge."
        " Additions to a state are summed over all pathways and reach it once, at the end, where it is not held in this step."
        " A masked pathway drops what would arrive now.",
        "value, w, own states, parameters, draws, X_pre, X_post (no ports)",
        "own states; += and -= on X_post (a port or a state)",
    ),
    StepPhase(
        5,
        "adapt",
        "Arrival rules, then rules of postsynaptic spikes, then Steps rules, first of blocks, then of pathways; each in the order of the"
        " Program. Rules of masked pathways and masked rules do not run.",
        "as in deliver, and ports as summed in phase 4 of this step; value in arrival rules only",
        "own states, w; += and -= on ports, never on states of the target; rules of a block: its states",
    ),
    StepPhase(
        6,
        "reset",
        "The reset statements of the neurons that fired run; their hold begins. Then taps at 'end' are taken.",
        "states, outputs of this step, parameters, draws; not ports",
        "states of the neurons that fired",
    ),
)
"""What happens in a step, in order."""


# ---- names -------------------------------------------------------------------------------------------------------------
def output_names(part: Block | Source) -> frozenset[str]:
    """What other parts may see of a part as a signal or as ``X_pre``."""
    if isinstance(part, Source):
        return frozenset(("value",)) if part.kind == "table" else frozenset()
    return frozenset(name for name, _ in part.outputs)


def draw_names(part: Block | Pathway) -> frozenset[str]:
    """Names of fresh numbers of every step."""
    return frozenset(draw.name for draw in part.draws)


def names_in_update(block: Block) -> frozenset[str]:
    """Phase 2: states of t_n, ports, parameters, draws (temporaries assigned before come on top)."""
    return CLOCK | {"held", "since_spike"} | {*block.states, *block.ports, *block.parameters} | draw_names(block)


def names_in_output(block: Block, place: int) -> frozenset[str]:
    """Phase 2, output number ``place``: new states, the same ports, and the outputs before it."""
    return names_in_update(block) | {name for name, _ in block.outputs[:place]}


def names_in_detect(block: Block) -> frozenset[str]:
    """Phases 3 and 6, condition, payload and reset: new states, outputs, parameters, draws; no ports."""
    return CLOCK | {"since_spike", *block.states, *block.parameters} | output_names(block) | draw_names(block)


def names_in_block_rule(block: Block) -> frozenset[str]:
    """Phase 5, ``Steps`` rules of a block: also its ports as summed in phase 4 of this step."""
    return names_in_detect(block) | frozenset(block.ports)


def names_in_synapse_update(pathway: Pathway) -> frozenset[str]:
    """Phase 2 of a pathway: its own names and w."""
    return CLOCK | {*pathway.states, *pathway.parameters} | draw_names(pathway) | weight_name(pathway)


def names_in_deliver(pathway: Pathway, source: Block | Source, target: Block) -> frozenset[str]:
    """Phase 4 (phase 2 where instant, which sees no outputs of the target): what arrives, own names, both ends."""
    seen = {*target.states, *target.parameters} | (frozenset() if pathway.instant else output_names(target))
    return names_in_synapse_update(pathway) | {"value"} | {f"{x}_pre" for x in output_names(source)} | {f"{x}_post" for x in seen}


def names_in_rule(pathway: Pathway, source: Block | Source, target: Block, trigger: str | Steps) -> frozenset[str]:
    """Phase 5: as in deliver, with ports of the target; ``value`` where something arrives."""
    seen = {*target.states, *target.parameters, *target.ports} | output_names(target)
    value = {"value"} if trigger == "arrival" else set()
    return names_in_synapse_update(pathway) | value | {f"{x}_pre" for x in output_names(source)} | {f"{x}_post" for x in seen}


def names_in_assignment(part: Block | Source | Pathway | Weights) -> frozenset[str]:
    """Phase 0: the part's own names."""
    if isinstance(part, Block):
        return CLOCK | {*part.states, *part.parameters, *part.ports} | output_names(part)
    if isinstance(part, Source):
        return CLOCK | {"rate"}
    if isinstance(part, Pathway):
        return CLOCK | {*part.states, *part.parameters}
    return CLOCK | {"w"}


def assignable(part: Block | Source | Pathway | Weights) -> frozenset[str]:
    """Phase 0: what a planned assignment may write."""
    if isinstance(part, Block):
        return frozenset((*part.states, *part.parameters, "hold"))
    if isinstance(part, Source):
        return frozenset(("rate",)) if part.kind == "poisson" else frozenset()
    if isinstance(part, Pathway):
        return frozenset((*part.states, *part.parameters))
    return frozenset(("",))


def weight_name(pathway: Pathway) -> frozenset[str]:
    """``w`` where the pathway refers to weights."""
    return frozenset(("w",)) if pathway.weights else frozenset()


def recordable(part: Block | Source | Pathway | Weights) -> frozenset[str]:
    """What a tap may read of a part."""
    if isinstance(part, Block):
        events = {"spikes", "counts", "count"} if part.spike else set()
        return frozenset((*part.states, *part.ports)) | output_names(part) | events
    if isinstance(part, Source):
        return output_names(part) or frozenset(("spikes", "counts", "count"))
    if isinstance(part, Pathway):
        return frozenset(part.states) | weight_name(part)
    return frozenset()


def of_post(target: str) -> str | None:
    """X of ``X_post``, None for another name."""
    return target[: -len("_post")] if target.endswith("_post") else None


def of_pre(target: str) -> str | None:
    """X of ``X_pre``, None for another name."""
    return target[: -len("_pre")] if target.endswith("_pre") else None


# ---- counting ----------------------------------------------------------------------------------------------------------
def ends_of_phases(plan: Iterable[Phase]) -> tuple[int, ...]:
    """Step of the run that follows each phase of the plan."""
    return tuple(accumulate(phase.steps for phase in plan))


def place_in_plan(ends: Sequence[int], step: int) -> tuple[int, int]:
    """(number of the phase, step counted from its start) of step ``step`` of the run; ``ends`` of :func:`ends_of_phases`."""
    number = bisect_right(ends, step)
    return number, step - (ends[number - 1] if number else 0)


def first_free_step(fired_in: int, hold_steps: int | IntArray) -> int | IntArray:
    """The first step in which a neuron that fired is not held any more."""
    return fired_in + hold_steps


def item_shown(source: Source, step: int) -> int | None:
    """Row of the table that a source shows in step ``step`` of a phase; None for zeros."""
    rows = 0 if source.table is None else len(source.table)
    count = rows if source.order is None else len(source.order)
    item = step // source.steps_per_item
    if item >= count:
        if source.after == "zero":
            return None
        item = count - 1 if source.after == "hold" else item % count
    return item if source.order is None else int(source.order[item])

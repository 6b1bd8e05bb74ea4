"""Text of the time loop: one compiled function that takes a Program through many steps.

The order of everything is that of :mod:`neurosim.ir.step`. Resets and additions of populations that nobody looks at in between wait
for the next step (``pending``), where one pass over memory settles the old step and integrates the new one.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from neurosim.backends.native.blocks import FIRST_OFFSET, Structure, call
from neurosim.backends.native.edges import EdgeText
from neurosim.backends.native.lazy_text import LazyText
from neurosim.ir.program import Pathway, Rule, Source, Steps, Tap


@dataclass(frozen=True)
class Run:
    """Consecutive blocks of one structure, ``first`` ... ``last`` - 1 of its members."""

    structure: Structure
    index: int
    first: int
    last: int
    instant: tuple[int, ...]


@dataclass(frozen=True)
class Queue:
    """Cursors of one stream: row ``row`` of the queue table; ``way`` is its place among the pathways."""

    row: int
    way: int
    name: str
    part: int
    payload: bool

    @property
    def live(self) -> str:
        """Text of 'some cursor delivers in this step'."""
        return f"Q[{self.row}, 0] < Q[{self.row}, 1]"

    def since(self, column: int) -> str:
        """Text of the number of events that entered as many steps ago as a column of the queue table says."""
        return f"{self.name}_added[(n - Q[{self.row}, {column}]) & ({self.name}_added.shape[0] - 1)]"


@dataclass(frozen=True)
class TapText:
    """A tap in the loop: ``source`` is the text of the array it reads (empty: counts), after the lines ``before``."""

    tap: Tap
    j: int
    source: str
    fused: bool
    counts: str = ""
    before: tuple[str, ...] = ()


@dataclass(frozen=True)
class LoopParts:
    """Everything the loop refers to, in order."""

    runs: tuple[Run, ...]
    tables: tuple[tuple[Source, int], ...]
    poisson: tuple[tuple[Source, int], ...]
    lists: tuple[tuple[Source, int], ...]
    queues: tuple[Queue, ...]
    deliveries: tuple[str, ...]
    edges: tuple[tuple[int, EdgeText], ...]
    block_rules: tuple[tuple[int, int, int, Rule, int], ...]
    rules: tuple[tuple[int, Pathway, int, Rule, int, int], ...]
    taps: tuple[TapText, ...]
    lazy: tuple[LazyText, ...] = ()
    recorded: bool = True


def when_due(table: str, lines: Sequence[str]) -> list[str]:
    """Lines that run in the steps of the phase that a table (every, at, since, ...) names."""
    return [f"if k == due_{table}:", f"    due_{table} += {table}[0]", *(f"    {line}" for line in lines)]


def loop_text(parts: LoopParts, arguments: Sequence[str]) -> str:
    """The function ``run``."""
    body = [*VIEWS, *before_first(parts), *owned_by_first(sources(parts)), *record(parts, "start")]
    body += [*integrate(parts), *detect(parts), *deliver(parts), *adapt(parts), *finish(parts)]
    lines = [
        "@njit(**JIT)",
        f"def run(me, n0, k0, steps, {', '.join(arguments)}):",
        "    control = float_control(u32(FLUSH_TO_ZERO))",
        "    pending, stopping = False, False",
        "    done, generation, parts, threads = 0, 0, cuts.shape[0], cuts.shape[1]",
        "    events_of_all = event_ids.shape[0] // 2",
        *(f"    due_{table} = first_due(k0, {table})" for table in tables_of_steps(parts)),
        "    for s in range(steps):",
        "        n = n0 + s",
        "        k = k0 + s",
        *(f"        {line}" for line in body),
        "        done += 1",
        "        if stopping:",
        "            break",
        *(f"    {line}" for line in caught_up(parts)),
        "    float_control(control)",
        "    return done",
    ]
    return "\n".join(lines)


def caught_up(parts: LoopParts) -> list[str]:
    """A call of no steps applies what lazy pathways have put off: somebody is about to look."""
    lines = [line for text in parts.lazy for line in text.settle_lines("n0")]
    return ["if steps == 0:", *(f"    {line}" for line in lines)] if lines else []


def tables_of_steps(parts: LoopParts) -> list[str]:
    """Tables (every, at, since, ...) of all that happens in some steps only."""
    rules = [(rule, switch) for _, _, _, rule, switch in parts.block_rules] + [(rule, switch) for _, _, _, rule, switch, _ in parts.rules]
    return [*(f"V{text.j}" for text in parts.taps), *(f"Y{switch}" for rule, switch in rules if isinstance(rule.trigger, Steps))]


# ---- pieces of the loop ------------------------------------------------------------------------------------------------
VIEWS = (
    "half = n & 1",
    "ids, E = cut(event_ids, half * events_of_all, events_of_all), cut(event_values, half * events_of_all, events_of_all)",
    "found = cut(event_count, half * threads * (parts + 1), threads * (parts + 1))",
    "count = cut(found, me * (parts + 1), parts + 1)",
)
"""Events of this step: two sets take turns, so that a fast thread does not overwrite what a slow one still reads."""


def owned_by_first(lines: list[str]) -> list[str]:
    """Sources speak through the first thread."""
    return ["if me == 0:", *(f"    {line}" for line in lines)] if lines else []


def capacity(parts: LoopParts) -> list[str]:
    """Whether all threads stop after this step, because one of them, a step ago, saw that its buffers might overflow; the caller makes room.

    The word is given after the barrier of a step and heard after that of the next, so all hear it at the same step.
    """
    lines = ["full = rec[0] + 2 * rec[1] > rec_step.shape[0]"]
    lines += [f"full = full or crowded(Q, i64({q.row}), {q.name}_cursor)" for q in parts.queues]
    return ["stopping = stop[(n + 1) & 1] != 0", "if some:", *(f"    {line}" for line in [*lines, "if full:", "    stop[half] = 1"])]


def settle(parts: LoopParts) -> list[str]:
    """End the step of the blocks whose additions and resets wait."""
    lines = []
    for run in parts.runs:
        if run.structure.fused:
            lines += [f"for m in range({run.first}, {run.last}):", f"    {call(run.index, 'settle')}"]
    return [*lines, "pass"]


def before_first(parts: LoopParts) -> list[str]:
    """Signals have always had their value before step 0; only ports keep this delivery."""
    signals = [(k, text) for k, text in parts.edges if text.pathway.signal is not None and not text.pathway.instant]
    if not signals:
        return []
    lines = ["if n == 0:", "    n = -1"]
    for k, text in signals:
        keep = list(dict.fromkeys(s.target for s in text.pathway.deliver if s.target in text.pathway.states))
        lines += [f"    if on[{k}]:"]
        lines += [f"        kept_{x} = x{k}_{x}.copy()" for x in keep]
        lines += [f"        edges_signal_{k}({text.arguments})"]
        lines += [f"        x{k}_{x}[:] = kept_{x}" for x in keep]
    lines += [
        f"    A[{text.target.additions[x]}:{text.target.additions[x] + text.target.block.size}] = FT(0)"
        for _, text in signals
        for x in text.target.additions
    ]
    return [*lines, "    n = 0"]


def sources(parts: LoopParts) -> list[str]:
    """Sources take their values and events of this step."""
    lines = []
    for _, z in parts.tables:
        lines += [
            f"item = k // B{z}[3]",
            f"if item >= B{z}[4]:",
            f"    item = item % B{z}[4] if B{z}[5] == 0 else (B{z}[4] - 1 if B{z}[5] == 1 else -1)",
            f"slot = B{z}[1] + (n % B{z}[2]) * B{z}[0]",
            f"if item < 0 or not on[B{z}[6]]:",
            f"    F[slot:slot + B{z}[0]] = FT(0)",
            "else:",
            f"    take(F[slot:slot + B{z}[0]], B{z}_items[B{z}_order[item]])",
        ]
    for _, z in parts.poisson:
        lines += [
            f"count[B{z}[7]] = 0",
            f"if on[B{z}[6]]:",
            f"    poisson_counts(B{z}_counts, B{z}_means, B{z}_terms, B{z}_stream[0], n, copy)",
            f"    count[B{z}[7]] = positive(B{z}_counts, ids[B{z}[8]:B{z}[8] + B{z}[0]], E[B{z}[8]:B{z}[8] + B{z}[0]])",
        ]
    for _, z in parts.lists:
        lines += [
            f"count[B{z}[7]] = listed(B{z}_steps, B{z}_ids, B{z}_payloads, B{z}_next, n, ids[B{z}[8]:B{z}[8] + B{z}[0]], E[B{z}[8]:B{z}[8] + B{z}[0]])"
        ]
        lines += [f"if not on[B{z}[6]]:", f"    count[B{z}[7]] = 0"]
    return lines


def record(parts: LoopParts, at: str) -> list[str]:
    """Taps of phase 1 or of the end of the step."""
    lines = []
    for text in parts.taps:
        tap, j = text.tap, text.j
        if tap.at != at:
            continue
        source, of = text.source, f", V{j}_of"
        store = [f"row = V{j}[3]", f"V{j}_steps[row] = n"]
        if text.counts:
            store += [
                f"{'count_sum' if tap.variable == 'count' else 'take_some'}(V{j}_rows[row], {text.counts}{'' if tap.variable == 'count' else of})",
                f"{text.counts}[:] = 0",
            ]
        elif tap.reduce == "mean":
            lines += [*text.before, f"add_some(V{j}_sum, {source}{of})", f"V{j}[4] += 1"]
            store += [f"mean_row(V{j}_rows[row], V{j}_sum, FT(V{j}[4]))", f"V{j}[4] = 0"]
        else:
            store += [*text.before, f"take_some(V{j}_rows[row], {source}{of})"]
        lines += when_due(f"V{j}", [*store, f"V{j}[3] += 1"])
    return lines


def integrate(parts: LoopParts) -> list[str]:
    """Phase 2."""
    lines = [f"edges_advance_{k}({text.arguments})" for k, text in parts.edges if text.pathway.update.assign]
    lines += [line for text in parts.lazy for line in text.advance_lines()]
    edges = dict(parts.edges)
    lines.append("fired = 0")
    for run in parts.runs:
        for k in run.instant:
            lines += [f"if on[{k}]:", f"    edges_signal_{k}({edges[k].arguments})"]
        lines.append(f"for m in range({run.first}, {run.last}):")
        lines += [f"    {line}" for line in draws(run)]
        if run.structure.fused:
            lines += ["    if pending:", f"        fired += {call(run.index, 'fused')}", "    else:", f"        fired += {call(run.index, 'advance')}"]
        else:
            lines.append(f"    fired += {call(run.index, 'advance')}")
    return lines


def draws(run: Run) -> list[str]:
    """Fresh numbers of this step for one member."""
    structure, q = run.structure, run.index
    first = FIRST_OFFSET + len(structure.states) + len(structure.additions) + len(structure.ports) + len(structure.arrays)
    lines = []
    for d, _name in enumerate(structure.draws):
        target = f"F[O{q}[m, {first + d}]:O{q}[m, {first + d}] + O{q}[m, 0]]"
        lines += [
            f"if D{q}_kind[m, {d}] == 0:",
            f"    normals({target}, O{q}[m, 3], D{q}[m, {d}], n, copy)",
            f"elif D{q}_kind[m, {d}] == 1:",
            f"    uniforms({target}, O{q}[m, 3], D{q}[m, {d}], n, copy)",
        ]
        lines += ["else:", f"    take({target}, cut(D_table, D{q}_row[m, {d}] + n * O{q}[m, 2] + O{q}[m, 3], O{q}[m, 0]))"]
    return lines


def detect(parts: LoopParts) -> list[str]:
    """Phase 3: who fired, recorded and sent on its way."""
    lines = ["note_events(events, count, ids, E, rec, rec_step, rec_id, rec_payload, n)"] if parts.recorded else []
    for text in parts.taps:
        if text.counts:
            lines.append(f"add_counts({text.counts}, cut(ids, cuts[V{text.j}[6], me], count[V{text.j}[6]]))")
    for q in parts.queues:
        if q.payload:
            lines.append(
                f"enter_payload(Q, i64({q.row}), n, ids, E, found, cuts, i64({q.part}), {q.name}_start, {q.name}_cursor, {q.name}_payload, {q.name}_added)"
            )
        else:
            lines.append(f"enter(Q, i64({q.row}), n, ids, found, cuts, i64({q.part}), {q.name}_start, {q.name}_cursor, {q.name}_added)")
    quiet = [f"{q.name}_added[n & ({q.name}_added.shape[0] - 1)] = 0" for q in parts.queues]
    before = [
        "if fired:",
        "    find_events(blocks, G, P, E, ids, count)",
        "else:",
        "    find_nothing(blocks, count)",
        "if threads > 1:",
        "    generation = wait_for_all(barrier, threads, generation)",
        "some = all_found(found, parts, threads) > 0",
    ]
    before += ["if some:", *(f"    {line}" for line in lines or ["pass"]), "else:", *(f"    {line}" for line in quiet or ["pass"])]
    return [*before, *(f"Q[{q.row}, 1] += {q.since(3)}" for q in parts.queues)]


def deliver(parts: LoopParts) -> list[str]:
    """Phase 4, pathway by pathway."""
    lines = list(parts.deliveries)
    for run in parts.runs:
        if not run.structure.fused and run.structure.additions:
            lines += [f"for m in range({run.first}, {run.last}):", f"    {call(run.index, 'flush')}"]
    return lines


def adapt(parts: LoopParts) -> list[str]:
    """Phase 5: arrival rules, rules of postsynaptic spikes, then Steps rules of populations and of pathways; then the queues move on."""
    lines: list[str] = []
    edges, queues = dict(parts.edges), {q.way: q for q in parts.queues}
    for k, _, r, rule, switch, _ in parts.rules:
        if rule.trigger == "arrival":
            q = queues[k]
            lines += [f"if on[{k}] and on[{switch}]:", f"    edges_rule{r}_{k}({arriving(q)}, {edges[k].arguments})"]
    for k, _, r, rule, switch, part in parts.rules:
        if rule.trigger == "post":
            lines += [
                f"if on[{k}] and on[{switch}]:",
                f"    edges_rule{r}_{k}(cut(ids, blocks[{part}, 0], count[{part}]), count[{part}], T{k}_into_start, T{k}_into_edge, {edges[k].arguments})",
            ]
    lines += [line for text in parts.lazy for line in text.adapt_lines()]
    for structure, m, r, _, switch in parts.block_rules:
        lines += when_due(f"Y{switch}", [f"if on[{switch}]:", f"    {call(structure, f'rule{r}', f'i64({m})')}"])
    for k, _, r, rule, switch, _ in parts.rules:
        if isinstance(rule.trigger, Steps):
            lines += when_due(f"Y{switch}", [f"if on[{k}] and on[{switch}]:", f"    edges_rule{r}_{k}({edges[k].arguments})"])
    for q in parts.queues:
        if q.way in edges:
            lines += [f"if {q.live}:", f"    skip({q.name}_target, {q.name}_cursor, Q, i64({q.row}))"]
        lines.append(f"Q[{q.row}, 0] += {q.since(4)}")
    return lines


def arriving(q: Queue) -> str:
    """Arguments of a kernel that runs on arriving edges."""
    return f"{q.name}_target, {q.name}_cursor, {q.name}_payload, Q[{q.row}, 0], {q.name}_added, Q[{q.row}, 3], Q[{q.row}, 4]"


def finish(parts: LoopParts) -> list[str]:
    """Phase 6 and the taps at the end; what waits is settled when somebody is about to look."""
    lines = capacity(parts)
    for run in parts.runs:
        if not run.structure.fused and run.structure.firing and run.structure.firing.reset:
            lines += [f"for m in range({run.first}, {run.last}):", f"    {call(run.index, 'reset')}"]
    fused = any(run.structure.fused for run in parts.runs)
    if fused:
        looks = ["s == steps - 1", "stopping"]
        for text in parts.taps:
            if text.fused and text.tap.at == "end":
                looks.append("True" if text.tap.reduce == "mean" else f"k == due_V{text.j}")
            elif text.fused:
                looks.append("True" if text.tap.reduce == "mean" else f"k + 1 == due_V{text.j}")
        lines += [f"pending = not ({' or '.join(looks)})", "if not pending:", *(f"    {line}" for line in settle(parts))]
    return [*lines, *record(parts, "end")]

"""A Program laid out in arrays, its generated kernels, and the executable that runs them in blocks of steps."""

from __future__ import annotations

import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np

from neurosim.backends.base import Progress, Settings
from neurosim.backends.native.assemble import assemble
from neurosim.backends.native.assembly import Assembly
from neurosim.backends.native.layout import written_for
from neurosim.backends.native.pages import aligned
from neurosim.backends.native.source import load
from neurosim.backends.native.taps import is_buffer, lengthen_buffers
from neurosim.equations.evaluate import evaluate
from neurosim.equations.tree import Call, Num, Op, Sym
from neurosim.errors import FileFormatError
from neurosim.ir.digest import same_parts
from neurosim.ir.program import Assign, Block, CopyWeights, Pathway, Phase, Program, Source, Steps, Weights
from neurosim.ir.step import ends_of_phases, place_in_plan
from neurosim.ir.wiring import weight_values
from neurosim.record import Events, Record, Trace

Array = np.ndarray
BLOCK_SECONDS = 0.08
"""Time in compiled code between looks at the keyboard and the progress bar."""


@dataclass
class Kept:
    """What one copy has recorded: chunks of events and of traces."""

    steps: list[Array] = field(default_factory=list)
    ids: list[Array] = field(default_factory=list)
    payloads: list[Array] = field(default_factory=list)
    rows: dict[int, list[tuple[Array, Array]]] = field(default_factory=dict)


@dataclass
class NativeRun:
    """A compiled Program. ``mutable[c]``: the arrays of copy c that change; ``own[c][p]``: those of its thread p."""

    program: Program
    settings: Settings
    assembly: Assembly
    mutable: list[dict[str, Array]]
    own: list[list[dict[str, Array]]]
    kept: list[Kept]
    step: int = 0
    pace: float = 1e-4
    timing: dict[str, float] = field(default_factory=dict)

    # ---- the Executable ------------------------------------------------------------------------------------------------
    def run(self, steps: int | None = None, progress: Progress | None = None) -> None:
        """Advance by ``steps`` (None: to the end of the plan); an interrupt keeps what was simulated."""
        last = self.program.steps if steps is None else min(self.step + steps, self.program.steps)
        self.compile_kernels(progress)
        clocks = time.perf_counter(), time.process_time()
        try:
            while self.step < last:
                if progress is not None:
                    progress("simulating", self.step, self.program.steps)
                self.advance(last)
        finally:
            self.timing["run_s"] += time.perf_counter() - clocks[0]
            self.timing["run_cpu_s"] += time.process_time() - clocks[1]
        if progress is not None:
            progress("simulating", self.step, self.program.steps)

    def compile_kernels(self, progress: Progress | None) -> None:
        """Compile (or fetch from the cache) by a call of no steps."""
        if "compile_s" in self.timing:
            return
        if progress is not None:
            progress("compiling", 0, 1)
        began = time.perf_counter(), time.process_time()
        self.call(0, 0, 0, 0)
        self.timing["compile_s"] = time.perf_counter() - began[0]
        self.timing["compile_cpu_s"] = time.process_time() - began[1]

    def advance(self, last: int) -> None:
        """Run to the next planned assignment, the end of the phase or of the time slice, for every copy."""
        number, k = place_in_plan(ends_of_phases(self.program.plan), self.step)
        phase = self.program.plan[number]
        chunk = min(last - self.step, phase.steps - k, self.until_assignment(phase, k), self.slice())
        began = time.perf_counter()
        for copy in range(len(self.mutable)):
            self.switch(copy, phase)
            due = [assign for assign in phase.assign if k in assign.when]
            if due:
                self.catch_up(copy)
            for assign in due:
                self.assign(copy, assign)
            done = 0
            while done < chunk:
                self.make_room(copy)
                done += self.call(copy, self.step + done, k + done, chunk - done)
                self.drain(copy)
        self.step += chunk
        self.pace = 0.5 * self.pace + 0.5 * (time.perf_counter() - began) / chunk

    def slice(self) -> int:
        """Steps of a time slice at the present pace, within what the buffers of traces hold."""
        return int(max(1, min(self.assembly.buffered_steps, BLOCK_SECONDS / max(self.pace, 1e-9))))

    @staticmethod
    def until_assignment(phase: Phase, k: int) -> int:
        """Steps until the next planned assignment of the phase."""
        soonest = phase.steps
        for assign in phase.assign:
            when = assign.when
            if isinstance(when, Steps):
                first = max(when.since, k + 1)
                soonest = min(soonest, first + (when.at - first) % when.every - k)
            else:
                soonest = min([soonest, *(step - k for step in when if step > k)])
        return soonest

    def call(self, copy: int, n: int, k: int, steps: int) -> int:
        """Call the compiled loop, in as many threads as own neurons; returns the number of steps done."""
        shared = {
            **self.assembly.static,
            **self.mutable[copy],
            "copy": np.int64(self.settings.first_copy + copy),
            "dt": np.float64(self.program.dt),
        }
        self.mutable[copy]["stop"][:] = 0
        self.mutable[copy]["barrier"][:] = 0
        run, done = load(self.assembly.text).run, [0] * self.assembly.threads

        def work(p: int) -> None:
            arrays = {**shared, **self.assembly.own_static[p], **self.own[copy][p]}
            done[p] = int(run(np.int64(p), np.int64(n), np.int64(k), np.int64(steps), *(arrays[key] for _, key in self.assembly.arguments)))

        helpers = [threading.Thread(target=work, args=(p,)) for p in range(1, self.assembly.threads)] if steps else []
        for helper in helpers:
            helper.start()
        try:
            work(0)
        finally:
            for helper in helpers:
                helper.join()
        return done[0]

    def catch_up(self, copy: int) -> None:
        """Lazy pathways apply what they have put off, by a call of no steps."""
        if self.assembly.lazy and self.step:
            self.call(copy, self.step, 0, 0)

    def switch(self, copy: int, phase: Phase) -> None:
        """What is on in this phase."""
        on = self.mutable[copy]["on"]
        on[:] = 1
        for name, places in self.assembly.switches.items():
            if name in phase.off:
                on[list(places)] = 0

    def make_room(self, copy: int) -> None:
        """Give queues that might overflow within a few steps twice the space."""
        for arrays in self.own[copy]:
            for row, name in enumerate(self.assembly.queues):
                head, tail, peak = arrays["Q"][row, 0], arrays["Q"][row, 2], arrays["Q"][row, 5]
                old = len(arrays[f"{name}_cursor"])
                if tail - head + 3 * peak > old:
                    live = np.arange(head, tail)
                    for kind in ("cursor", "payload"):
                        values = arrays[f"{name}_{kind}"]
                        if len(values) == old:
                            grown = np.ones(2 * old, values.dtype)
                            grown[live & (2 * old - 1)] = values[live & (old - 1)]
                            arrays[f"{name}_{kind}"] = grown

    # ---- records -------------------------------------------------------------------------------------------------------
    def drain(self, copy: int) -> None:
        """Take what the compiled loop recorded out of its buffers."""
        kept = self.kept[copy]
        for arrays in self.own[copy]:
            found = int(arrays["rec"][0])
            if found:
                kept.steps.append(arrays["rec_step"][:found].copy())
                kept.ids.append(arrays["rec_id"][:found].copy())
                kept.payloads.append(arrays["rec_payload"][:found].copy())
                arrays["rec"][0] = 0
        first = self.own[copy][0]
        for j, columns in self.assembly.tap_columns.items():
            rows = int(first[f"V{j}"][3])
            if not rows:
                continue
            parts = [arrays[f"V{j}_rows"][:rows] for arrays in self.own[copy]]
            if self.program.taps[j].variable == "count":
                values = np.sum(parts, axis=0)
            else:
                values = np.zeros((rows, sum(len(chosen) for chosen in columns)), parts[0].dtype)
                for chosen, part in zip(columns, parts):
                    values[:, chosen] = part
            kept.rows.setdefault(j, []).append((first[f"V{j}_steps"][:rows].copy(), values))
            for arrays in self.own[copy]:
                arrays[f"V{j}"][3] = 0

    def record(self) -> Record:
        """What has been recorded so far, with the present state."""
        info = {**self.assembly.info, "engine": "native", "threads": self.assembly.threads, "precision": self.settings.precision}
        return Record(self.step, self.events(), self.traces(), self.present(), dict(self.timing), info)

    def events(self) -> dict[str, Events]:
        """Recorded events by part."""
        joined = [
            tuple(
                np.concatenate([*chunks, np.zeros(0, kind)])
                for chunks, kind in ((k.steps, np.int64), (k.ids, np.int64), (k.payloads, np.float64))
            )
            for k in self.kept
        ]
        found = {}
        for tap in self.program.taps:
            if tap.variable != "spikes":
                continue
            base, size = self.assembly.bases[tap.part]
            columns = []
            for copy, (steps, ids, payloads) in enumerate(joined):
                chosen = (ids >= base) & (ids < base + size)
                if tap.of is not None:
                    chosen &= np.isin(ids - base, tap.of)
                paid = payloads[chosen] if tap.part in self.assembly.paying else np.ones(int(chosen.sum()))
                columns.append((steps[chosen], ids[chosen] - base, paid, np.full(int(chosen.sum()), copy)))
            steps, indices, payloads, copies = (np.concatenate(column) for column in zip(*columns))
            order = np.lexsort((indices, copies, steps))
            found[tap.part] = Events(
                steps[order].astype(np.int64), indices[order].astype(np.int64), payloads[order].astype(np.float64), copies[order]
            )
        return found

    def traces(self) -> dict[tuple[str, str], Trace]:
        """Recorded values by (part, variable)."""
        found = {}
        for j, tap in enumerate(self.program.taps):
            if tap.variable == "spikes":
                continue
            width = 1 if tap.variable == "count" else sum(len(chosen) for chosen in self.assembly.tap_columns[j])
            per_copy = [k.rows.get(j, []) for k in self.kept]
            steps = np.concatenate([np.zeros(0, np.int64), *(chunk[0] for chunk in per_copy[0])])
            values = np.stack([np.concatenate([np.zeros((0, width)), *(chunk[1] for chunk in rows)]) for rows in per_copy], axis=1)
            of = None if tap.of is None or tap.variable == "count" else np.asarray(tap.of)
            found[tap.part, tap.variable] = Trace(steps.astype(np.int64), values, of)
        return found

    def present(self) -> dict[tuple[str, str], Array]:
        """Present states and plastic weights, (B, N or E)."""
        found = {}
        for copy in range(len(self.mutable)):
            self.catch_up(copy)
        for (part, variable), reader in self.assembly.readers.items():
            found[part, variable] = np.stack([np.asarray(reader(arrays), np.float64) for arrays in self.mutable])
        return found

    def extend(self, program: Program) -> bool:
        """Take up a longer plan of the same parts, if they are laid out for it."""
        if not same_parts(program, self.program) or written_for(program) != written_for(self.program):
            return False
        self.program = program
        lengthen_buffers(self.assembly, program.taps, self.own, program.steps)
        return True

    # ---- planned assignments -------------------------------------------------------------------------------------------
    def assign(self, copy: int, assign: Assign) -> None:
        """One planned assignment."""
        part, arrays = self.program.part(assign.part), self.mutable[copy]
        value = assign.value
        if isinstance(value, CopyWeights):
            source = arrays.get(f"weights {value.source}")
            if source is None:  # constant weights may lie in a stream, in another order
                source = weight_values(self.program, next(one for one in self.program.weights if one.name == value.source))
            value = value.factor * np.asarray(source[...] if value.index is None else source[value.index], np.float64)
        elif isinstance(value, (Num, Sym, Op, Call)):
            value = evaluate(value, lambda name: self.look_up(copy, part, name))
        self.assembly.writers[assign.part, assign.target](arrays, value)

    def look_up(self, copy: int, part: Block | Source | Pathway | Weights, name: str) -> Array | float:
        """The part's own names, for an expression of the plan."""
        if name == "t":
            return self.step * self.program.dt
        if name == "dt":
            return self.program.dt
        return self.assembly.names[part.name, name](self.mutable[copy], self.step)

    # ---- checkpoints ---------------------------------------------------------------------------------------------------
    def checkpoint(self) -> Mapping[str, Array]:
        """Everything that changes, as arrays."""
        taken = {"step": np.array(self.step)}
        for place, arrays in self.changing():
            taken.update({f"{place}/{name}": arrays[name].copy() for name in arrays if not is_buffer(name)})
        return taken

    def changing(self) -> list[tuple[str, dict[str, Array]]]:
        """All arrays that change, by copy and thread."""
        shared = [(str(copy), arrays) for copy, arrays in enumerate(self.mutable)]
        return shared + [(f"{copy}.{p}", arrays) for copy, threads in enumerate(self.own) for p, arrays in enumerate(threads)]

    def restore(self, checkpoint: Mapping[str, Array]) -> None:
        """Take up a checkpoint of the same Program; what was recorded in later steps is dropped."""
        known = {f"{place}/{name}" for place, arrays in self.changing() for name in arrays if not is_buffer(name)} | {"step"}
        if known != set(checkpoint):
            odd = sorted(known ^ set(checkpoint))[0]
            raise FileFormatError(f"this checkpoint is of another program or of another engine: {odd!r} does not match")
        for place, arrays in self.changing():
            for name in filter(lambda name: not is_buffer(name), arrays):
                arrays[name] = aligned(np.asarray(checkpoint[f"{place}/{name}"]))
        self.step = int(checkpoint["step"])
        for kept in self.kept:
            kept.steps, kept.ids, kept.payloads = ([*chunks] for chunks in (kept.steps, kept.ids, kept.payloads))
            for chunk, steps in enumerate(kept.steps):
                before = steps < self.step
                kept.steps[chunk], kept.ids[chunk], kept.payloads[chunk] = (
                    steps[before],
                    kept.ids[chunk][before],
                    kept.payloads[chunk][before],
                )
            kept.rows = {j: [(s[s < self.step], v[s < self.step]) for s, v in rows] for j, rows in kept.rows.items()}

    def close(self) -> None:
        """Nothing is held outside Python's memory."""


def start(program: Program, settings: Settings, progress: Progress | None) -> NativeRun:
    """Lay a Program out before its first step."""
    clocks = time.perf_counter(), time.process_time()
    assembly = assemble(program, settings, progress)
    mutable = [{name: aligned(array) for name, array in assembly.mutable.items()} for _ in range(settings.copies)]
    own = [[{name: aligned(array) for name, array in arrays.items()} for arrays in assembly.own_mutable] for _ in range(settings.copies)]
    timing = {"build_s": time.perf_counter() - clocks[0], "build_cpu_s": time.process_time() - clocks[1], "run_s": 0.0, "run_cpu_s": 0.0}
    return NativeRun(program, settings, assembly, mutable, own, [Kept() for _ in range(settings.copies)], timing=timing)

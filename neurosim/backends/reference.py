"""The reference engine: it runs every Program, by the definition of a step in :mod:`neurosim.backends.reference_step`."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from neurosim.backends.base import Capabilities, Progress, Settings, number_error
from neurosim.backends.reference_record import Recorder
from neurosim.backends.reference_state import Array, State, edges_of, from_arrays, initial_state, to_arrays
from neurosim.backends.reference_step import Machine
from neurosim.ir.digest import same_parts
from neurosim.ir.program import Program, plastic_weights
from neurosim.ir.step import ends_of_phases
from neurosim.record import Record

CHECK_EVERY = 256
"""Steps between looks for nan and infinity."""
REPORT_EVERY = 0.1
"""Seconds between calls of the progress function."""


@dataclass(frozen=True)
class Reference:
    """The engine: takes every Program, at the level 'identical' by definition."""

    name: str = "reference"

    def capabilities(self) -> Capabilities:
        """No obstacles, no options, stepwise."""
        return Capabilities(level=lambda settings: "identical", obstacles=lambda program, settings: (), stepwise=lambda settings: True)

    def compile(self, program: Program, settings: Settings, progress: Progress | None = None) -> ReferenceRun:
        """Expand the wiring and lay out the state."""
        return start(program, settings)


def start(program: Program, settings: Settings) -> ReferenceRun:
    """A Program before its first step."""
    clocks = time.perf_counter(), time.process_time()
    edges = {pathway.name: edges_of(program, pathway) for pathway in program.pathways}
    copies = np.arange(settings.first_copy, settings.first_copy + settings.copies)
    recorder = Recorder(program, len(copies))
    machine = Machine(program, copies, edges, initial_state(program, edges, len(copies)), recorder, ends_of_phases(program.plan))
    for block in program.blocks:
        machine.set_outputs_before(block)
    timing = {"build_s": time.perf_counter() - clocks[0], "build_cpu_s": time.process_time() - clocks[1], "run_s": 0.0, "run_cpu_s": 0.0}
    return ReferenceRun(machine, timing)


@dataclass
class ReferenceRun:
    """A Program that runs: the Executable."""

    machine: Machine
    timing: dict[str, float]

    def run(self, steps: int | None = None, progress: Progress | None = None) -> None:
        """Advance by ``steps`` (None: to the end of the plan)."""
        last = self.machine.program.steps if steps is None else min(self.machine.state.step + steps, self.machine.program.steps)
        clocks = time.perf_counter(), time.process_time()
        reported = clocks[0]
        try:
            while self.machine.state.step < last:
                with np.errstate(all="ignore"):
                    self.machine.advance()
                if self.machine.state.step % CHECK_EVERY == 0 or self.machine.state.step == last:
                    refuse_nan(self.machine.program, self.machine.state)
                if progress is not None and time.perf_counter() - reported > REPORT_EVERY:
                    reported = time.perf_counter()
                    progress("simulating", self.machine.state.step, self.machine.program.steps)
        finally:
            self.timing["run_s"] += time.perf_counter() - clocks[0]
            self.timing["run_cpu_s"] += time.process_time() - clocks[1]
        if progress is not None:
            progress("simulating", self.machine.state.step, self.machine.program.steps)

    def record(self) -> Record:
        """What has been recorded so far, with the present state."""
        info = {"engine": "reference", "threads": 1, "precision": "double"}
        recorder = self.machine.recorder
        return Record(self.machine.state.step, recorder.events(), recorder.traces(), self.present(), dict(self.timing), info)

    def present(self) -> dict[tuple[str, str], Array]:
        """Present states and plastic weights, (B, N or E)."""
        final = {
            (block.name, name): value.copy()
            for block in self.machine.program.blocks
            for name, value in self.machine.state.states[block.name].items()
        }
        for pathway in self.machine.program.pathways:
            final.update({(pathway.name, name): value.copy() for name, value in self.machine.state.states[pathway.name].items()})
            if pathway.weights in self.machine.recorder.plastic:
                final[pathway.name, "w"] = np.array(self.machine.of_all_edges(pathway)["w"])
        return final

    def extend(self, program: Program) -> bool:
        """Take up a longer plan of the same parts, whose plastic weights are the same."""
        if not same_parts(program, self.machine.program) or plastic_weights(program) != self.machine.recorder.plastic:
            return False
        self.machine.program = self.machine.recorder.program = program
        self.machine.ends = ends_of_phases(program.plan)
        return True

    def checkpoint(self) -> Mapping[str, Array]:
        """The state as arrays, with what taps have gathered since their last record."""
        return {**to_arrays(self.machine.state), **self.machine.recorder.gathered()}

    def restore(self, checkpoint: Mapping[str, Array]) -> None:
        """Take up a checkpoint of the same Program; what was recorded in later steps is dropped."""
        rest = self.machine.recorder.restore(checkpoint)
        from_arrays(self.machine.state, rest)
        self.machine.recorder.forget_from(self.machine.state.step)

    def close(self) -> None:
        """Nothing is held outside Python's memory."""


def refuse_nan(program: Program, state: State) -> None:
    """Stop a run whose states are no numbers any more."""
    for part, states in state.states.items():
        for name, value in states.items():
            if not np.isfinite(value).all():
                index = int(np.argwhere(~np.isfinite(value))[0, 1])
                bad, when = value[~np.isfinite(value)][0], f"before step {state.step} ({state.step * program.dt:g} ms)"
                raise number_error(f"population '{part}'", name, f"neuron {index}", bad, when, program.dt)

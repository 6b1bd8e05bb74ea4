"""An engine that goes on: the same machine where a longer plan allows it, else a new one that catches up."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np

from neurosim.backends.base import Backend, Executable, Progress, Settings
from neurosim.ir.program import Program
from neurosim.record import Events, Record, Trace
from neurosim.simulate.memory import refuse_oversized
from neurosim.simulate.run import refuse_impossible

Array = np.ndarray


@dataclass
class Stepper:
    """What runs in a session.

    ``executable``: the machine, None before the first step; ``done``: steps of the run so far; ``earlier``: what was recorded before
    the checkpoint that the machine was restored from.
    """

    engine: Backend
    settings: Settings
    executable: Executable | None = None
    done: int = 0
    earlier: Record | None = None

    def go(self, program: Program, progress: Progress) -> None:
        """Run to the end of the plan of a Program that begins with what was run.

        A machine that was made for less than the longer plan needs (a constant is set, something is switched off for the first time) gives
        way to a new one, which first does the steps so far again. They are the same steps: nothing that was simulated changes.
        """
        refuse_oversized(program, self.settings.copies)
        # Before the first step a machine only serves who looks at it: signals that are on in the first phase have not arrived yet.
        if self.executable is None or not self.done or not self.executable.extend(program):
            self.replace(program, progress)
        machine = self.executable
        if machine is not None:
            try:
                machine.run(None, progress)
                self.done = program.steps
            except BaseException:
                self.done = machine.record().steps
                raise

    def replace(self, program: Program, progress: Progress) -> None:
        """A new machine, brought to the present step before the old one is given up."""
        refuse_impossible(self.engine, program, self.settings)
        fresh = self.engine.compile(program, self.settings, progress)
        try:
            if self.done:
                fresh.run(self.done, progress)
        except BaseException:
            fresh.close()
            raise
        self.close()
        self.executable, self.earlier = fresh, None

    def record(self) -> Record:
        """Everything recorded so far."""
        machine = self.ready()
        return machine.record() if self.earlier is None else joined(self.earlier, machine.record())

    def present(self) -> Mapping[tuple[str, str], Array]:
        """States and plastic weights as they are now, (B, N or E)."""
        return self.ready().present()

    def ready(self) -> Executable:
        """The machine; it is made before anybody looks at it."""
        if self.executable is None:
            raise RuntimeError("no machine was made yet")
        return self.executable

    def close(self) -> None:
        """Give the machine back."""
        if self.executable is not None:
            self.executable.close()
            self.executable = None


def joined(earlier: Record, later: Record) -> Record:
    """The record of a run in two pieces: events and traces one after the other, the rest from the later one."""
    events = {part: _events(earlier.events[part], found) for part, found in later.events.items()}
    traces = {key: _trace(earlier.traces[key], found) for key, found in later.traces.items()}
    names = ("build_s", "build_cpu_s", "run_s", "run_cpu_s", "compile_s")
    timing = {
        name: earlier.timing.get(name, 0.0) + later.timing.get(name, 0.0) for name in names if name in {**earlier.timing, **later.timing}
    }
    return replace(later, events=events, traces=traces, timing=timing)


def _events(earlier: Events, later: Events) -> Events:
    names = ("steps", "indices", "payloads", "copies")
    return Events(*(np.concatenate([getattr(earlier, name), getattr(later, name)]) for name in names))


def _trace(earlier: Trace, later: Trace) -> Trace:
    if not len(later.steps):
        return earlier
    if not len(earlier.steps):
        return later
    return Trace(np.concatenate([earlier.steps, later.steps]), np.concatenate([earlier.values, later.values]), later.of)

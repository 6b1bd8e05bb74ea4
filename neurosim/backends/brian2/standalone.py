"""Brian2's C++ standalone mode: the whole plan as one compiled program."""

from __future__ import annotations

import os
import shutil
import tempfile
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from neurosim.backends.base import Obstacle, Progress, Settings
from neurosim.backends.brian2.layout import lay_out
from neurosim.backends.brian2.model import all_objects, belong, build
from neurosim.backends.brian2.runtime import NO_CHECKPOINT, not_a_number
from neurosim.backends.brian2.scene import Scene
from neurosim.backends.brian2.surroundings import guest, info_of, new_device
from neurosim.backends.brian2.taps import final_values, recorded_events, recorded_traces
from neurosim.errors import UnsupportedError
from neurosim.ir.program import Program
from neurosim.record import Events, Record, Trace

Array = np.ndarray
WHOLE_PLAN = Obstacle(
    "the run", "a compiled program runs the whole plan", "call run() without steps, or use mode 'numpy' or 'cython'", "never"
)


@dataclass
class StandaloneRun:
    """A compiled Program; it runs once, to the end of the plan."""

    program: Program
    b2: Any
    device: Any
    scenes: list[Scene]
    directory: str
    kept: bool
    done: int = 0
    timing: dict[str, float] = field(default_factory=dict)
    said: list[str] = field(default_factory=list)
    events: dict[str, Events] = field(default_factory=dict)
    traces: dict[tuple[str, str], Trace] = field(default_factory=dict)
    final: dict[tuple[str, str], Array] = field(default_factory=dict)

    def run(self, steps: int | None = None, progress: Progress | None = None) -> None:
        """Run the whole plan and read what it recorded."""
        if self.done or not self.program.steps:
            return
        if steps is not None and steps < self.program.steps:
            raise UnsupportedError((WHOLE_PLAN,), "brian2")
        if progress is not None:
            progress("running", 0, 1)  # a program of its own: what it has simulated is lost when it is stopped
        wall = time.perf_counter()
        with guest(self.b2, self.device, "cpp_standalone") as said:
            self.device.run(with_output=False)
            self.timing["run_s"] = time.perf_counter() - wall
            # The program counts the processor time of its simulation loop alone.
            self.timing["run_cpu_s"] = float(self.device._last_run_time)
            self.done = self.program.steps
            self.events, self.traces = recorded_events(self.scenes), recorded_traces(self.scenes, self.done)
            self.final = final_values(self.scenes)
            refused = not_a_number(self.scenes, self.done)
        self.said += said
        if refused is not None:
            raise refused
        if progress is not None:
            progress("simulating", self.done, self.program.steps)

    def record(self) -> Record:
        """What the program recorded."""
        info = info_of(self.b2, "cpp_standalone", self.said)
        if self.kept:
            info["directory"] = self.directory
        return Record(self.done, self.events, self.traces, self.final, dict(self.timing), info)

    def present(self) -> Mapping[tuple[str, str], Array]:
        """States and plastic weights at the end of the plan, (B, N or E)."""
        return self.final

    def extend(self, program: Program) -> bool:
        """A compiled program has its plan inside."""
        return False

    def checkpoint(self) -> Mapping[str, Array]:
        """A compiled program cannot stop and go on."""
        raise UnsupportedError((NO_CHECKPOINT,), "brian2")

    def restore(self, checkpoint: Mapping[str, Array]) -> None:
        """See :meth:`checkpoint`."""
        raise UnsupportedError((NO_CHECKPOINT,), "brian2")

    def close(self) -> None:
        """Remove the program unless its folder was asked for."""
        if not self.kept:
            shutil.rmtree(self.directory, ignore_errors=True)


def compile_standalone(b2: Any, program: Program, settings: Settings, progress: Progress | None) -> StandaloneRun:
    """Write and compile the program."""
    wall, cpu = time.perf_counter(), cpu_time()
    device, layout = new_device("cpp_standalone"), lay_out(program)
    kept = bool(settings.options.get("directory"))
    directory = os.path.abspath(str(settings.options["directory"])) if kept else tempfile.mkdtemp(prefix="neurosim_brian2_")
    try:
        with guest(b2, device, "cpp_standalone") as said:
            scenes = build(b2, layout, settings, standalone=True, progress=progress)
            network = b2.Network(*all_objects(scenes), name="ns_network")
            belong(all_objects(scenes), network.id)
            network.run(program.steps * program.dt * b2.ms, namespace={})
            if progress is not None:
                progress("compiling", 0, 1)
            generated = time.perf_counter()
            device.build(directory=directory, compile=True, run=False, with_output=False, direct_call=False)
    except BaseException:
        if not kept:
            shutil.rmtree(directory, ignore_errors=True)
        raise
    timing = {"build_s": time.perf_counter() - wall, "build_cpu_s": cpu_time() - cpu, "compile_s": time.perf_counter() - generated}
    timing.update(run_s=0.0, run_cpu_s=0.0)
    return StandaloneRun(program, b2, device, scenes, directory, kept, timing=timing, said=said)


def cpu_time() -> float:
    """Processor time of this process and of the compilers it has waited for."""
    spent = os.times()
    return spent.user + spent.system + spent.children_user + spent.children_system

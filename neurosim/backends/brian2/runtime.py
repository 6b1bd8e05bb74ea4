"""Brian2's runtime modes: the step loop in Python, its code in numpy or Cython."""

from __future__ import annotations

import signal
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from types import FrameType
from typing import Any

import numpy as np

from neurosim.backends.base import Obstacle, Progress, Settings, number_error
from neurosim.backends.brian2.feeds import Feed
from neurosim.backends.brian2.layout import lay_out
from neurosim.backends.brian2.model import REPORT_EVERY, all_objects, belong, build
from neurosim.backends.brian2.scene import FEEDS, Scene
from neurosim.backends.brian2.surroundings import guest, info_of, new_device
from neurosim.backends.brian2.taps import final_values, recorded_events, recorded_traces, stored
from neurosim.backends.brian2.words import safe_name
from neurosim.errors import NumericalError, UnsupportedError
from neurosim.ir.program import Program
from neurosim.record import Record

Array = np.ndarray
CHECK_EVERY = 256
"""Steps between looks for nan and infinity."""


@dataclass
class Watch:
    """What the operation at the start of each step is told and finds out."""

    progress: Progress | None = None
    told: float = 0.0
    first: tuple[float, float] | None = None
    interrupted: bool = False
    refused: NumericalError | None = None


@dataclass
class RuntimeRun:
    """A Program that runs in a runtime mode; its copies share one Network."""

    program: Program
    b2: Any
    device: Any
    mode: str
    scenes: list[Scene]
    network: Any
    watch: Watch
    done: int = 0
    timing: dict[str, float] = field(default_factory=dict)
    said: list[str] = field(default_factory=list)

    def run(self, steps: int | None = None, progress: Progress | None = None) -> None:
        """Advance by ``steps`` (None: to the end of the plan); an interrupt lets the present step end."""
        last = self.program.steps if steps is None else min(self.done + steps, self.program.steps)
        if last > self.done:
            self.advance(last, progress)
        if self.watch.refused is not None:
            raise self.watch.refused
        if self.watch.interrupted:
            raise KeyboardInterrupt
        if progress is not None:
            progress("simulating", self.done, self.program.steps)

    def advance(self, last: int, progress: Progress | None) -> None:
        """To step ``last``, or as far as it goes."""
        clocks = time.perf_counter(), time.process_time()
        self.watch.progress, self.watch.first, self.watch.interrupted = progress, None, False
        with guest(self.b2, self.device, self.mode) as said, gentle_interrupt(self.watch):
            try:
                self.network.run((last - self.done) * self.program.dt * self.b2.ms, namespace={})
            finally:
                self.said += said
                began = self.watch.first or clocks
                for name, start, stop in (("build", clocks, began), ("run", began, (time.perf_counter(), time.process_time()))):
                    self.timing[f"{name}_s"] += stop[0] - start[0]
                    self.timing[f"{name}_cpu_s"] += stop[1] - start[1]
        self.done = round(float(self.network.t / self.b2.ms) / self.program.dt)
        self.watch.refused = self.watch.refused or not_a_number(self.scenes, self.done)

    def record(self) -> Record:
        """What has been recorded so far, with the present state."""
        with guest(self.b2, self.device, self.mode):
            events, traces = recorded_events(self.scenes), recorded_traces(self.scenes, self.done)
            final = final_values(self.scenes)
        info = info_of(self.b2, self.mode, self.said)
        return Record(self.done, events, traces, final, dict(self.timing), info)

    def present(self) -> Mapping[tuple[str, str], Array]:
        """Present states and plastic weights, (B, N or E)."""
        with guest(self.b2, self.device, self.mode):
            return final_values(self.scenes)

    def extend(self, program: Program) -> bool:
        """Brian2's objects know the steps in which they are on from the beginning: a longer plan needs new ones."""
        return False

    def checkpoint(self) -> Mapping[str, Array]:
        """Brian2 keeps its queues to itself."""
        raise UnsupportedError((NO_CHECKPOINT,), "brian2")

    def restore(self, checkpoint: Mapping[str, Array]) -> None:
        """See :meth:`checkpoint`."""
        raise UnsupportedError((NO_CHECKPOINT,), "brian2")

    def close(self) -> None:
        """Forget the objects."""
        self.scenes.clear()
        self.network = None


NO_CHECKPOINT = Obstacle(
    "the run", "events in flight cannot be read from Brian2", 'use backend="native" for checkpoints', "not_implemented"
)


def compile_runtime(b2: Any, program: Program, settings: Settings, progress: Progress | None) -> RuntimeRun:
    """Build the objects of every copy."""
    clocks = time.perf_counter(), time.process_time()
    mode = str(settings.options.get("mode", "numpy"))
    device, watch, layout = new_device(mode), Watch(), lay_out(program)
    with guest(b2, device, mode) as said:
        scenes = build(b2, layout, settings, standalone=False, progress=progress)
        network = network_of(scenes, watch)
    timing = {"build_s": time.perf_counter() - clocks[0], "build_cpu_s": time.process_time() - clocks[1], "run_s": 0.0, "run_cpu_s": 0.0}
    return RuntimeRun(program, b2, device, mode, scenes, network, watch, timing=timing, said=said)


def network_of(scenes: list[Scene], watch: Watch) -> Any:
    """The Network, with an operation at the start of each step."""
    b2, clock = scenes[0].b2, scenes[0].clock
    writers = [writer(scene, feed) for scene in scenes for feed in scene.feeds]
    gates = [hold_back(runner, on) for scene in scenes for runner, on in scene.gated]
    step_of = clock.variables["timestep"].get_value()

    def at_start() -> None:
        step = int(step_of[0])
        look_around(scenes, network, watch, step)
        for gate in gates:
            gate(step)
        for write in writers:
            write(step)

    operation = b2.NetworkOperation(at_start, clock=clock, when="start", order=FEEDS - 1, name="ns_start")
    objects = [*all_objects(scenes), operation]
    network = b2.Network(*objects, name="ns_network")
    belong(objects, network.id)
    return network


def look_around(scenes: list[Scene], network: Any, watch: Watch, step: int) -> None:
    """Before a step: note the time, report, stop where asked to, refuse nan."""
    now = time.perf_counter()
    if watch.first is None:
        watch.first = now, time.process_time()
    if watch.progress is not None and now - watch.told > REPORT_EVERY:
        watch.told = now
        try:
            watch.progress("simulating", step, scenes[0].layout.program.steps)
        except KeyboardInterrupt:
            watch.interrupted = True
    if step % CHECK_EVERY == 0:
        watch.refused = not_a_number(scenes, step)
    if watch.interrupted or watch.refused is not None:
        network.stop()


def not_a_number(scenes: list[Scene], step: int) -> NumericalError | None:
    """The error about the first state that is nan or infinite."""
    program = scenes[0].layout.program
    for scene in scenes:
        for block in program.blocks:
            for name in block.states:
                values = stored(scene.parts[block.name], safe_name(name))
                if not np.isfinite(values).all():
                    index = int(np.flatnonzero(~np.isfinite(values))[0])
                    when = f"before step {step} ({step * program.dt:g} ms)"
                    return number_error(f"population '{block.name}'", name, f"neuron {index}", values[index], when, program.dt)
    return None


def writer(scene: Scene, feed: Feed) -> Callable[[int], None]:
    """Writes the numbers of a step into Brian2's array."""
    owner = scene.parts[feed.owner] if feed.owner in scene.parts else scene.synapses[feed.owner]
    variable = owner.variables[feed.variable]

    def write(step: int) -> None:
        variable.get_value()[:] = feed.values(step)

    return write


def hold_back(runner: Any, on: Array) -> Callable[[int], None]:
    """Make a Brian2 object run only in the steps where ``on`` is true.

    Its ``active`` is read at the start of a run only, so the method that the loop calls is replaced.
    """
    always, state = runner.run, [False]

    def run() -> None:
        if state[0]:
            always()

    def gate(step: int) -> None:
        state[0] = bool(on[step])

    runner.run = run
    return gate


@contextmanager
def gentle_interrupt(watch: Watch) -> Iterator[None]:
    """Ctrl-C ends the run after the present step instead of in the middle of it."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return

    def note(number: int, frame: FrameType | None) -> None:
        again, watch.interrupted = watch.interrupted, True
        if callable(before) and before is not signal.default_int_handler:
            before(number, frame)  # whoever waits for the run tells the user
        if again:
            raise KeyboardInterrupt

    before = signal.signal(signal.SIGINT, note)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)

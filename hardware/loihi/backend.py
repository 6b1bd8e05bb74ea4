"""The backend 'loihi': match, quantise, then the emulator, or Lava in a process of its own."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np

from neurosim.backends.base import Capabilities, Obstacle, Option, Progress, Settings
from neurosim.errors import ProgramError, UnsupportedError
from neurosim.hardware.loihi import lava
from neurosim.hardware.loihi.emulator import Emulator
from neurosim.hardware.loihi.limits import ALIASES, PROFILES, WEIGHT_BITS, profile_of
from neurosim.hardware.loihi.match import Matched, Membrane, Offence, matched, obstacles_of
from neurosim.hardware.loihi.plan import LoihiPlan
from neurosim.hardware.loihi.quantise import QuantisationReport, quantised, range_offences
from neurosim.ir.program import Program, Tap
from neurosim.ir.step import ends_of_phases, place_in_plan
from neurosim.record import Events, Record, Trace

Array = np.ndarray
CHUNK = 1000
"""Steps between reports of progress."""
WITHOUT_RUNNING = "(the same report without running: neurosim loihi check)"


def offences_of(program: Program, profile: str, copies: int = 1) -> tuple[Matched | None, tuple[Offence, ...]]:
    """The chip's view of a Program and everything that stands in its way."""
    found, offences = matched(program, profile_of(profile))
    if found is not None:
        offences = (*offences, *range_offences(found))
    if copies > 1:
        what, advice = f"{copies} copies at once", "run them one by one, with other seeds"
        offences = (*offences, Offence("the run", what, advice, copies, 1, reason="not_implemented"))
    return found, offences


def aims(settings: Settings) -> tuple[str, ...]:
    """The targets that a run has to suit: the chip, and Lava's models where it runs there; the plan is the first one's."""
    run, chip = str(settings.options.get("run", "emulator")), str(settings.options.get("chip", ""))
    aimed = (profile_of(chip).name,) if chip else ()
    if run == "lava" and not chip.startswith("lava"):
        return (*aimed, "lava-cpu-fixed")
    return aimed or ("emulator",)


def suited(program: Program, settings: Settings) -> tuple[Matched | None, tuple[Offence, ...]]:
    """The first target's view of a Program, and what stands in the way of any."""
    views = [offences_of(program, name, settings.copies) for name in aims(settings)]
    return views[0][0], tuple(dict.fromkeys(offence for _, offences in views for offence in offences))


def mode_of(settings: Settings) -> str:
    """What runs: the emulator or Lava, and what was aimed at."""
    run = str(settings.options.get("run", "emulator"))
    return f"{run}, {aims(settings)[0]}" if settings.options.get("chip") else run


@dataclass(frozen=True)
class Loihi:
    """Intel Loihi in exact integers."""

    name: str = "loihi"

    def capabilities(self) -> Capabilities:
        """Within the quantiser's own bound; what the chip cannot do is an obstacle."""
        return Capabilities(
            level=lambda settings: "bounded",
            obstacles=self._obstacles,
            options=(
                Option("chip", "", ("", *PROFILES, *ALIASES), "what to aim at; '' is anything that the emulator, or Lava, can run"),
                Option("run", "emulator", ("emulator", "lava"), "our own integers, or Lava's"),
                Option("bits", WEIGHT_BITS, tuple(range(1, WEIGHT_BITS + 1)), "of the size of a weight"),
                Option("compensate", False, (False, True), "biases and weights make up for the rounding of the membrane's decay"),
            ),
            mode=mode_of,
            hint=WITHOUT_RUNNING,
        )

    def _obstacles(self, program: Program, settings: Settings) -> tuple[Obstacle, ...]:
        _, offences = suited(program, settings)
        return obstacles_of(offences)

    def compile(self, program: Program, settings: Settings, progress: Progress | None = None) -> LoihiRun:
        """Match and quantise."""
        began = time.perf_counter()
        found, offences = suited(program, settings)
        fatal = obstacles_of(offences)
        if found is None or fatal:
            raise UnsupportedError(fatal, f"'{self.name}' ({mode_of(settings)})", WITHOUT_RUNNING)
        bits, compensate = int(str(settings.options.get("bits", WEIGHT_BITS))), bool(settings.options.get("compensate", False))
        run = str(settings.options.get("run", "emulator"))
        plan, report = quantised(found, aims(settings)[0], bits=bits, compensate=compensate, rounding="lava" if run == "lava" else "")
        return LoihiRun(found, plan, report, run, {"build_s": time.perf_counter() - began})


@dataclass
class LoihiRun:
    """A plan that runs; what it records is read back in the network's units."""

    found: Matched
    plan: LoihiPlan
    report: QuantisationReport
    where: str
    timing: dict[str, float] = field(default_factory=dict)
    emulator: Emulator | None = None
    other: lava.LavaRun | None = None
    steps: int = 0

    def run(self, steps: int | None = None, progress: Progress | None = None) -> None:
        """Advance by ``steps`` (None: to the end of the plan)."""
        clocks = time.perf_counter(), time.process_time()
        if self.where == "lava":
            self.other = lava.run(self.plan, precision="float" if self.plan.profile == "lava-cpu-float" else "fixed", final=True)
            self.steps = self.plan.steps
        else:
            self.emulator = self.emulator or Emulator.of(self.plan)
            last = self.plan.steps if steps is None else min(self.plan.steps, self.steps + steps)
            while self.steps < last:
                if progress is not None:
                    progress("emulating", self.steps, self.plan.steps)
                self.emulator.run(min(CHUNK, last - self.steps))
                self.steps = self.emulator.step
        self.timing["run_s"] = self.timing.get("run_s", 0.0) + time.perf_counter() - clocks[0]
        self.timing["run_cpu_s"] = self.timing.get("run_cpu_s", 0.0) + time.process_time() - clocks[1]
        if progress is not None:
            progress("emulating", self.steps, self.plan.steps)

    def record(self) -> Record:
        """Spikes, and registers translated back."""
        events, traces = {}, {}
        spikes = {part: self.spikes(part) for part in sorted({tap.part for tap in self.found.program.taps if tap.variable in COUNTED})}
        for tap in self.found.program.taps:
            if tap.variable == "spikes":
                events[tap.part] = chosen_events(spikes[tap.part], tap, self.number(tap.part))
            elif tap.variable in COUNTED:
                traces[tap.part, tap.variable] = self.counted(spikes[tap.part], tap)
            else:
                traces[tap.part, tap.variable] = self.traced(tap)
        info: dict[str, object] = {"engine": "loihi", "threads": 1, "precision": "integer", "profile": self.plan.profile, "plan": self.plan.digest()}
        info["bounds"], info["warnings"] = bounds_of(self.found, self.report), list(self.report.warnings)
        info["run by"] = "Lava on the CPU" if self.where == "lava" else "the emulator"
        return Record(self.steps, events, traces, self.learnt(), dict(self.timing), info)

    def learnt(self) -> dict[tuple[str, str], Array]:
        """The (1, E) weights of pathways that learn, after the last step."""
        learning = [some for some in self.plan.synapses if some.learning is not None]
        if self.other is not None:
            return {(some.name, "w"): self.other.final[some.name][some.post, some.pre][None] / some.unit for some in learning}
        if self.emulator is None:
            return {}
        return {(some.name, "w"): self.emulator.synaptic(some.name, "w")[None] / some.unit for some in learning}

    def spikes(self, part: str) -> tuple[Array, Array, Array]:
        """Steps, neurons, payloads, sorted by step, then neuron."""
        steps, indices, payloads = (self.other or self.emulator or Emulator.of(self.plan)).spikes(part)
        order = np.lexsort((indices, steps))
        return steps[order], indices[order], payloads[order]

    def number(self, part: str) -> float:
        """What a population that sends numbers sends per unit of the network's; 1 for spikes."""
        return next((self.plan.group(part).volt for membrane in self.found.membranes if membrane.name == part and membrane.sends_numbers), 1.0)

    def due(self, tap: Tap) -> Array:
        """Steps of the run in which a tap is taken."""
        ends = ends_of_phases(self.found.program.plan)
        return np.array([n for n in range(self.steps) if place_in_plan(ends, n)[1] in tap.steps], np.int64)

    def counted(self, spikes: tuple[Array, Array, Array], tap: Tap) -> Trace:
        """Spikes since the last record, per neuron or of all."""
        group = self.plan.group(tap.part)
        counts = np.zeros((self.steps, group.size))
        np.add.at(counts, (spikes[0], spikes[1]), 1.0)
        cumulative = np.concatenate([np.zeros((1, group.size)), np.cumsum(counts, axis=0)])
        due = self.due(tap)
        upto = cumulative[due + (1 if tap.at == "end" else 0)]
        values = np.diff(np.concatenate([np.zeros((1, group.size)), upto]), axis=0)
        of = None if tap.of is None else np.asarray(tap.of)
        values = values if of is None else values[:, of]
        if tap.variable == "count":
            return Trace(due, values.sum(axis=1, keepdims=True)[:, None, :], None)
        return Trace(due, values[:, None, :], of)

    def traced(self, tap: Tap) -> Trace:
        """A register in the network's units: at the start of a step v is the chip's of the step before, u that of the step itself."""
        if any(tap.part == some.name for some in self.found.connections):
            return self.traced_synapses(tap)
        membrane = next(m for m in self.found.membranes if m.name == tap.part)
        group = self.plan.group(tap.part)
        of = np.arange(group.size) if tap.of is None else np.asarray(tap.of)
        if membrane.sends_numbers:
            return self.traced_numbers(tap, membrane, of)
        current = tap.variable == membrane.current
        whole = self.register(tap, "u" if current else "v", of).astype(np.float64)
        before = np.broadcast_to(np.asarray(group.v, np.float64), (group.size,))[of]
        if current:
            values = np.concatenate([whole, whole[-1:] * (1.0 - (np.asarray(group.du) + 1) / 4096)]) if len(whole) else whole
        else:
            values = np.concatenate([before[None], whole])
        values = in_units(membrane, values, group.volt, current, of)
        return self.taken(tap, values, of)

    def traced_numbers(self, tap: Tap, membrane: Membrane, of: Array) -> Trace:
        """What neurons hold that send it wherever it is not 0."""
        steps, indices, payloads = self.spikes(tap.part)
        values = np.zeros((self.steps + 1, membrane.size))
        values[0] = membrane.v + membrane.zero
        values[steps + 1, indices] = payloads / self.number(tap.part)
        return self.taken(tap, values[:, of], of)

    def taken(self, tap: Tap, values: Array, of: Array) -> Trace:
        """The rows that a tap asks for, of (T + 1, K) values at the start of every step and at the end."""
        due = self.due(tap)
        if tap.reduce == "mean":
            raise ProgramError("the chip's registers are read in single steps: record the last value, not the mean", where=f"probe of {tap.part!r}")
        return Trace(due, values[due + (1 if tap.at == "end" else 0)][:, None, :], None if tap.of is None else of)

    def traced_synapses(self, tap: Tap) -> Trace:
        """Weights or tags in the network's units."""
        some = next(some for some in self.plan.synapses if some.name == tap.part)
        variable, unit = ("w", some.unit) if tap.variable == "w" else ("t", some.tag_unit)
        of = np.arange(len(some)) if tap.of is None else np.asarray(tap.of)
        recording = next(recording for recording in self.plan.recordings if recording.key == (tap.part, tap.variable))
        steps = np.arange(recording.at % recording.every, self.steps, recording.every)
        if self.other is not None:
            values = self.other.watch(tap.part, variable)[:, some.post[of], some.pre[of]]
        else:
            _, values = (self.emulator or Emulator.of(self.plan)).watched(tap.part, variable)
        start = np.broadcast_to(np.asarray(some.weight if variable == "w" else some.tag), (len(some),))[of]
        due = self.due(tap)
        rows = np.searchsorted(steps, due - (tap.at == "start"))
        whole = np.concatenate([values, start[None]])
        return Trace(due, whole[np.where(due - (tap.at == "start") < 0, -1, rows)][:, None, :] / unit, None if tap.of is None else of)

    def register(self, tap: Tap, variable: str, of: Array) -> Array:
        """(T, K) values of u or v after each step."""
        if self.other is not None:
            return self.other.trace(tap.part, variable)[:, of]
        emulator = self.emulator or Emulator.of(self.plan)
        for recording, (_, values) in zip(emulator.recordings, emulator.traces(), strict=True):
            if recording.key == (tap.part, tap.variable):
                return values
        return np.zeros((0, len(of)))

    def present(self) -> Mapping[tuple[str, str], Array]:
        """Nothing: states are read through taps."""
        return {}

    def extend(self, program: Program) -> bool:
        """The emulator runs whole plans."""
        return False

    def checkpoint(self) -> Mapping[str, Array]:
        """The emulator runs whole plans."""
        raise UnsupportedError((Obstacle("checkpoint", "the Loihi emulator runs whole plans", "use backend='native'"),), "loihi")

    def restore(self, checkpoint: Mapping[str, Array]) -> None:
        """The emulator runs whole plans."""
        raise UnsupportedError((Obstacle("checkpoint", "the Loihi emulator runs whole plans", "use backend='native'"),), "loihi")

    def close(self) -> None:
        """Nothing is held outside Python's memory."""


COUNTED = ("spikes", "counts", "count")


def bounds_of(found: Matched, report: QuantisationReport) -> dict[str, float]:
    """Population -> the share of its span by which rounding may move its membrane: a constant input leads to what is relative to the
    weights, and to the decay of the membrane."""
    decays = {m.name: max((row.error for row in report.parameters if row.part == m.name), default=0.0) for m in found.membranes}
    into = {some.name: some.target for some in found.connections}
    weights = {m.name: max((row.error for row in report.weights if into.get(row.part) == m.name), default=0.0) for m in found.membranes}
    return {name: decays[name] + weights[name] for name in decays}


def chosen_events(spikes: tuple[Array, Array, Array], tap: Tap, number: float = 1.0) -> Events:
    """The events that a tap asks for; ``number``: what is sent per unit of the network's."""
    steps, indices, payloads = spikes
    chosen = np.ones(len(steps), bool) if tap.of is None else np.isin(indices, tap.of)
    return Events(steps[chosen], indices[chosen], payloads[chosen] / number, np.zeros(int(chosen.sum()), np.int64))


def in_units(membrane: Membrane, values: Array, scale: float, current: bool, of: Array) -> Array:
    """A register in the network's units."""
    if current:
        read: Array = values / scale / membrane.coupling[of] + membrane.resting_current[of]
        return read
    above: Array = values / scale + membrane.zero[of]
    return above

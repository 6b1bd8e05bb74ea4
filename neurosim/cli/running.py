"""What ``neurosim run`` does: build the model, simulate, write what came out, say what it was."""

from __future__ import annotations

import json
import shlex
import sys
import tempfile
import time
import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

import click

from neurosim.analysis import CV_FROM_MS, summary, table
from neurosim.backends import registry
from neurosim.cli.catalogue import Model, built, figures_of, model_of
from neurosim.cli.comparing import RESULT_FILE
from neurosim.cli.doors import Complaints
from neurosim.cli.report import REPORT_FILE
from neurosim.cli.settings import argument_of, milliseconds, split_settings, time_of, value_of, with_settings
from neurosim.errors import FileError, OptionError, ParameterError
from neurosim.files import whole_file
from neurosim.network import Network, Phase, Schedule
from neurosim.plotting import raster
from neurosim.progress import pace, stoppable
from neurosim.result import Result
from neurosim.simulate import checked_settings, simulate
from neurosim.units import Quantity

SUMMARY_FILE = "summary.json"
RASTER_FILE = "raster.png"
FIGURE_FILE = "figure.png"
WIDTH = 110
"""Of notes, in columns."""


@dataclass(frozen=True)
class Order:
    """The arguments of ``neurosim run`` as they were typed."""

    model: str
    scale: float | None
    duration: str | None
    warmup: str | None
    dt: str | None
    backend: str
    seed: int | None
    threads: int | None
    precision: str
    settings: tuple[str, ...]
    options: tuple[str, ...]
    out: str | None
    progress: bool | None

    @property
    def command(self) -> str:
        """The command that is this order."""
        single = (("--scale", self.scale), ("--duration", self.duration), ("--warmup", self.warmup), ("--dt", self.dt),
                  ("--backend", self.backend), ("--seed", self.seed), ("--threads", self.threads), ("--precision", self.precision))  # fmt: skip
        words = ["neurosim", "run", self.model]
        several = (("--set", self.settings), ("--option", self.options))
        repeated = ((option, text) for option, texts in several for text in texts)
        for option, value in (*single, *repeated, ("--out", self.out)):
            words += [] if value is None else [option, str(value)]
        return shlex.join(words)


def carry_out(order: Order) -> bool:
    """Run a model and report; whether Ctrl-C stopped it."""
    model = model_of(order.model)
    wish = wish_of(order, model)
    folder = _writable_folder(order.out)
    arguments, of_parts = wish.arguments, wish.of_parts
    clocks = time.perf_counter(), time.process_time()
    network, notes = built(model, arguments)
    network = with_settings(network, model.name, of_parts)
    clocks = time.perf_counter() - clocks[0], time.process_time() - clocks[1]
    click.echo(f"{model.name}: {model.description}")
    for note in notes:
        click.echo(click.wrap_text(note, WIDTH, initial_indent="  ", subsequent_indent="    "))
    whole = _simulated(order, network, wish)
    if whole.record.steps == 0:
        click.echo("interrupted before the first step; nothing was kept", err=True)
        return True
    evaluated = _evaluated(replace(whole, provenance=replace(whole.provenance, command=order.command, notes=(*notes, *whole.provenance.notes))))
    click.echo("")
    click.echo(table(evaluated))
    facts = _summary(evaluated, model, {**arguments, **of_parts}, clocks)
    click.echo(_pace_line(evaluated, facts))
    _write(folder, model, evaluated, facts)
    if whole.interrupted:
        kept = "it is written" if folder is not None else "add --out DIR to keep such a result in files"
        click.echo(f"interrupted after {whole.record.steps * whole.provenance.dt:g} ms of model time; {kept}", err=True)
    return whole.interrupted


def _simulated(order: Order, network: Network, wish: Wish) -> Result:
    return simulate(
        network,
        wish.schedule,
        dt=wish.dt,
        backend=order.backend,
        seed=None if "seed" in wish.arguments else order.seed,
        threads=order.threads,
        precision=order.precision,
        options=wish.options,
        progress=order.progress,
    )


# ---- what was asked for --------------------------------------------------------------------------------------------------
@dataclass(frozen=True)
class Wish:
    """An order that was understood: plan, step, arguments of the model, settings of its parts, options of the engine."""

    schedule: Schedule
    dt: Quantity
    arguments: Mapping[str, Any]
    of_parts: Mapping[str, str]
    options: Mapping[str, object]


def wish_of(order: Order, model: Model) -> Wish:
    """Everything that was typed, read and checked as far as it can be without the network; all complaints at once."""
    complaints = Complaints()
    schedule = complaints.tried(lambda: _schedule(order, model))
    dt = complaints.tried(lambda: model.dt if order.dt is None else time_of(order.dt, "--dt"))
    given = complaints.tried(lambda: split_settings(order.settings, "--set")) or {}
    arguments = _arguments(order, model, given, complaints)
    texts = complaints.tried(lambda: split_settings(order.options, "--option")) or {}
    options = {}
    for name, text in texts.items():
        before = len(complaints.errors)
        value = complaints.tried(partial(value_of, text, f"--option {name}"))
        if len(complaints.errors) == before:
            options[name] = value
    engine = complaints.tried(lambda: registry.get(order.backend))
    if engine is not None:
        capabilities = engine.capabilities()
        complaints.tried(lambda: checked_settings(engine.name, capabilities, order.threads, order.precision, 1, options))
    complaints.raise_if_any()
    of_parts = {name: text for name, text in given.items() if "." in name}
    return Wish(schedule, dt, arguments, of_parts, options)


def _schedule(order: Order, model: Model) -> Schedule:
    duration = model.duration if order.duration is None else time_of(order.duration, "--duration")
    if not milliseconds(duration) > 0.0:
        raise OptionError(f"--duration must be positive, got '{order.duration}'")
    warm_up = model.warm_up if order.warmup is None else time_of(order.warmup, "--warmup")
    run = Phase(duration, label="run")
    return Schedule(Phase(warm_up, label="warm-up"), run) if milliseconds(warm_up) > 0.0 else Schedule(run)


def _arguments(order: Order, model: Model, given: Mapping[str, str], complaints: Complaints) -> dict[str, Any]:
    """Arguments of the model's `network`."""
    arguments = {
        name: complaints.tried(partial(argument_of, model, name, text)) for name, text in given.items() if "." not in name
    }
    for option, value in (("scale", order.scale), ("seed", order.seed)):
        if value is None:
            continue
        if option in arguments:
            complaints.errors.append(OptionError(f"--{option} and --set {option}=... are both given; leave one out"))
        elif option in model.parameters:
            arguments[option] = value
        elif option == "scale":
            known = ", ".join(model.parameters) or "none"
            complaints.errors.append(ParameterError(f"it cannot be scaled; its arguments: {known}", where=f"model '{model.name}'"))
    return arguments


def _writable_folder(out: str | None) -> Path | None:
    """The folder for the results, tried now: not after an hour of simulation."""
    if out is None:
        return None
    if not out.strip():
        raise FileError(f"needs the name of a folder, got '{out}'", where="--out")
    folder = Path(out)
    trial = folder / f".{uuid.uuid4().hex[:8]}.part"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        trial.touch()
        trial.unlink()
    except (OSError, ValueError) as error:  # ValueError: a name that no system knows
        reason = error.strerror if isinstance(error, OSError) else error
        raise FileError(f"cannot write into {out!r}: {reason}", where="--out") from error
    return folder


# ---- what came out -------------------------------------------------------------------------------------------------------
def _evaluated(whole: Result) -> Result:
    """The result after the warm-up; all of it where the run was stopped before."""
    start = next((phase.start for phase in whole.provenance.phases if phase.label == "run"), 0)
    if whole.record.steps > start:
        return whole.phase("run")
    click.echo("interrupted within the warm-up: what follows is of the warm-up", err=True)
    return whole


def _summary(
    evaluated: Result, model: Model, arguments: Mapping[str, Any], construction: tuple[float, float]
) -> dict[str, Any]:
    rows = summary(evaluated)
    origin, timing = evaluated.provenance, evaluated.record.timing
    judged = evaluated.duration >= CV_FROM_MS
    return {
        "model": model.name,
        "arguments": {name: value if isinstance(value, bool | int | float) else str(value) for name, value in arguments.items()},
        "backend": origin.backend,
        "precision": origin.precision,
        "threads": origin.threads,
        "seed": origin.seed,
        "dt_ms": origin.dt,
        "duration_ms": evaluated.duration,
        "warm_up_ms": evaluated.window[0],
        "interrupted": evaluated.interrupted,
        "neurons": {row.name: row.size for row in rows},
        "spikes": sum(row.spikes for row in rows),
        "rates": {row.name: _or_null(row.rate) for row in rows},
        "cv": {row.name: _or_null(row.cv) if judged else None for row in rows},
        "synchrony": {row.name: _or_null(row.synchrony) for row in rows},
        "expected": {title: dict(column) for title, column in origin.expected.items()},
        "build_s": timing.get("build_s", 0.0) + construction[0],
        "build_cpu_s": timing.get("build_cpu_s", 0.0) + construction[1],
        "run_s": timing.get("run_s"),
        "run_cpu_s": timing.get("run_cpu_s"),
        "peak_mb": peak_memory_mb(),
        "program_digest": origin.program_digest,
        "result_digest": evaluated.digest(),
        "versions": dict(origin.versions),
    }


def _or_null(value: float) -> float | None:
    return value if value == value else None


def peak_memory_mb() -> float | None:
    """The most memory that this process or one it started has held [MB]; None where the system does not say."""
    try:
        import resource
    except ImportError:  # Windows
        return None
    unit = 1e-6 if sys.platform == "darwin" else 1024e-6
    peaks = [resource.getrusage(who).ru_maxrss for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return round(max(peaks) * unit, 1)


def _pace_line(evaluated: Result, facts: Mapping[str, Any]) -> str:
    origin = evaluated.provenance
    simulated = evaluated.record.steps * origin.dt
    seconds = facts["run_s"] or 0.0
    speed = pace(simulated, seconds)
    memory = "" if facts["peak_mb"] is None else f", at most {facts['peak_mb']:,.0f} MB"
    threads = "" if origin.threads is None else f", {origin.threads} thread{'' if origin.threads == 1 else 's'}"
    times = f"built in {facts['build_s']:.1f} s, {simulated:g} ms simulated in {seconds:.1f} s"
    engine = f"engine {origin.backend}, {origin.precision} precision{threads}, dt = {origin.dt:g} ms, seed {origin.seed}"
    return f"{times}{f' ({speed})' if speed else ''}{memory}\n{engine}"


def _write(folder: Path | None, model: Model, evaluated: Result, facts: Mapping[str, Any]) -> None:
    if folder is None:
        click.echo("nothing was written; add --out DIR for the result, a summary, pictures and a report")
        return
    text = json.dumps(facts, indent=2, allow_nan=False) + "\n"
    written = [RESULT_FILE, SUMMARY_FILE]
    with stoppable("stopping; the result is still written (Ctrl-C again to stop at once)", waits=True) as stop:
        _save(evaluated, folder / RESULT_FILE)
        _put(folder / SUMMARY_FILE, lambda path: path.write_text(text, encoding="utf-8"))
    try:
        if stop.asked:
            raise KeyboardInterrupt
        _draw(folder, model, evaluated, written)
    except KeyboardInterrupt:
        raise KeyboardInterrupt(f"in {folder}: {', '.join(written)}; the rest was left out") from None
    click.echo(f"in {folder}: {', '.join(written)}")


def _draw(folder: Path, model: Model, evaluated: Result, written: list[str]) -> None:
    """Pictures and the page; what is there is added to the list."""
    if any(part.has_spikes for part in evaluated):
        figure = raster(evaluated)
        _put(folder / RASTER_FILE, lambda path: figure.savefig(path, format="png"))
        written.append(RASTER_FILE)
    figures, complaints = figures_of(model, evaluated)
    for published in figures.values():
        _put(folder / FIGURE_FILE, partial(published.savefig, format="png"))
        written.append(FIGURE_FILE)
    evaluated.report(folder / REPORT_FILE, figures=figures)
    written.append(REPORT_FILE)
    for complaint in complaints:
        click.echo(complaint, err=True)


def _save(evaluated: Result, path: Path) -> None:
    """Write the result; where the folder takes no more of it (a full disk), somewhere else: it may have cost hours."""
    try:
        evaluated.save(path)
    except FileError as error:
        spare = Path(tempfile.mkdtemp(prefix="neurosim-")) / RESULT_FILE
        try:
            evaluated.save(spare)
        except FileError as second:
            raise FileError(error.message, hint=f"Nor could it be kept elsewhere: {second.message}.") from error
        raise FileError(error.message, hint=f"The result was written as {spare} instead.") from error


def _put(path: Path, write: Callable[[Path], Any]) -> None:
    """Write a file under a temporary name, then rename it: it is there complete or not at all."""
    with whole_file(path) as temporary:
        write(temporary)

"""The verb `simulate`: lower, check, compile, run, record."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

import numpy as np

from neurosim.backends import registry
from neurosim.backends.base import Backend, Capabilities, Executable, Settings, number_error
from neurosim.errors import (
    BackendMissingError,
    Findings,
    OptionError,
    ParameterError,
    UnsupportedError,
    did_you_mean,
)
from neurosim.ir.check import check
from neurosim.ir.program import Program
from neurosim.lowering.lower import lower, request_of
from neurosim.network import Network, Schedule
from neurosim.progress import Report, Stop, shown, stoppable
from neurosim.record import Record
from neurosim.result import Provenance, Result
from neurosim.simulate.clock import Stopwatch
from neurosim.simulate.memory import memory_in_words, refuse_oversized
from neurosim.simulate.origin import provenance_of
from neurosim.spelling import spelt
from neurosim.units import Quantity, ms

DEFAULT_DT = 0.1 * ms
NOTHING_DONE = "stopped before there was anything to keep"
NOTHING_KEPT = "stopped at once, in the middle of a step; nothing was kept"


@spelt
def simulate(
    network: Network | Program,
    duration: Quantity | Schedule | None = None,
    *,
    dt: Quantity = DEFAULT_DT,
    backend: str | Backend = "native",
    seed: int | None = None,
    threads: int | None = None,
    precision: str = "double",
    copies: int = 1,
    options: Mapping[str, object] | None = None,
    progress: bool | Callable[[str, int, int], None] | None = None,
) -> Result:
    """Simulate a network.

    Parameters
    ----------
    network : Network or Program
        A Program has its plan, step and seed already: give none of them again.
    duration : Quantity or Schedule
        [ms] How long, or the phases of the run.
    dt : Quantity
        [ms] Length of a step.
    backend : str
        Which engine; `neurosim doctor` lists those that are installed.
    seed : int, optional
        Instead of the network's.
    threads : int, optional
        The engine chooses unless given.
    precision : {'double', 'single'}
        Of the engine's arithmetic.
    copies : int
        How many independent copies B of the network are run at once.
    options : mapping, optional
        Options of the engine, by name.
    progress : bool or callable, optional
        None: a bar if there is a terminal; True: always; False: never; or called with (what, steps done, steps in all).

    Returns
    -------
    Result
        What was recorded; `Result.interrupted` says whether Ctrl-C stopped the run before its end.

    Raises
    ------
    ParameterError, OptionError
        For an impossible argument.
    BackendMissingError
        If the engine is unknown or not installed.
    UnsupportedError
        If the engine cannot run this network; lists every obstacle.
    OutOfMemoryError
        If states, synapses and records do not fit into this machine.
    NumericalError
        If a value became nan or infinite.

    Examples
    --------
    >>> result = simulate(net, 1 * second)          # doctest: +SKIP
    >>> result["exc"].rate.mean()                   # doctest: +SKIP
    5.6
    """
    watch = Stopwatch()
    with watch.running(), memory_in_words(), stoppable() as stop, stopping_in_words(stop):
        engine, settings = _request(network, duration, dt, seed, backend, threads, precision, copies, options, progress)
        program = _program(network, duration, dt, seed)
        refuse_impossible(engine, program, settings)
        with shown(progress, program.dt) as report:
            executable = engine.compile(program, settings, stop.watch(report))
            try:
                stopped = _run(executable, stop, stop.watch(report))
                record = executable.record()
            finally:
                executable.close()
    return result_of(program, watch.complete(record), engine, settings, interrupted=stopped or record.steps < program.steps)


def result_of(program: Program, record: Record, engine: Backend, settings: Settings, *, interrupted: bool) -> Result:
    """The result of a record, refused where a value became nan or infinite."""
    origin = provenance_of(program, record, engine.name, engine.capabilities().level(settings), settings)
    origin = replace(origin, interrupted=interrupted)
    refuse_nan(record, origin)
    return Result(record, origin)


def refuse_impossible(engine: Backend, program: Program, settings: Settings) -> None:
    """Raise UnsupportedError or OutOfMemoryError where an engine cannot run a Program, or this machine cannot hold it."""
    refuse_obstacles(engine.name, engine.capabilities(), program, settings)
    refuse_oversized(program, settings.copies)


def engine_of(backend: str | Backend, where: str) -> Backend:
    """The engine of that name, or the one that was given."""
    if isinstance(backend, str):
        return registry.get(backend)
    if not all(callable(getattr(backend, verb, None)) for verb in ("capabilities", "compile")):
        known = ", ".join(f"'{name}'" for name in registry.names())
        raise BackendMissingError(f"backend must be the name of an engine ({known}) or an engine, got {backend!r}", where=where)
    return backend


def check_progress(progress: object, where: str) -> None:
    """Refuse what can show no progress."""
    if progress is not None and not isinstance(progress, bool) and not callable(progress):
        raise OptionError(f"progress must be None, True, False or a function, got {progress!r}", where=where)


def _request(
    network: Network | Program,
    duration: Quantity | Schedule | None,
    dt: Quantity,
    seed: int | None,
    backend: str | Backend,
    threads: int | None,
    precision: str,
    copies: int,
    options: Mapping[str, object] | None,
    progress: object,
) -> tuple[Backend, Settings]:
    """Everything that can be said about the arguments before any work is done, all at once."""
    findings = Findings()
    engine = findings.tried(lambda: engine_of(backend, "simulate"))
    settings = None
    if engine is not None:
        known, can = engine.name, engine.capabilities()
        settings = findings.tried(lambda: checked_settings(known, can, threads, precision, copies, {} if options is None else options))
    findings.tried(lambda: check_progress(progress, "simulate"))
    findings.tried(lambda: _check_request(network, duration, dt, seed))
    if engine is None or settings is None or len(findings):
        raise findings.error(ParameterError, "simulate")
    return engine, settings


def _check_request(network: Network | Program, duration: Quantity | Schedule | None, dt: Quantity, seed: int | None) -> None:
    given: object = network
    if isinstance(given, Program):
        already = {"duration": duration is not None, "dt": dt is not DEFAULT_DT, "seed": seed is not None}
        again = [name for name, is_given in already.items() if is_given]
        if again:
            known = ", ".join(again)
            raise ParameterError(f"a Program has its {known} already; give that to ns.lower instead", where="simulate")
        return
    if not isinstance(given, Network):
        message = f"the first argument must be a Network or a Program, got a {type(network).__name__}"
        raise ParameterError(message, where="simulate")
    if duration is None:
        raise ParameterError("how long? Write for example ns.simulate(net, 1 * second)", where="simulate")
    request_of(given, duration, dt, seed)


def _program(network: Network | Program, duration: Quantity | Schedule | None, dt: Quantity, seed: int | None) -> Program:
    program = network if isinstance(network, Program) else lower(network, duration, dt=dt, seed=seed)
    check(program)
    return program


def program_of(network: Network | Program, duration: Quantity | Schedule | None, dt: Quantity = DEFAULT_DT, seed: int | None = None) -> Program:
    """The checked Program that :func:`simulate` would run, for those who look at it or run it themselves."""
    _check_request(network, duration, dt, seed)
    return _program(network, duration, dt, seed)


@contextmanager
def stopping_in_words(stop: Stop) -> Iterator[None]:
    """Say of a Ctrl-C that comes through that nothing is kept, without where it came from.

    The compilers and programs of an engine hear a Ctrl-C of the terminal, too: what the engine then says of them is no error.
    """
    try:
        yield
    except KeyboardInterrupt:
        raise KeyboardInterrupt(NOTHING_KEPT if stop.at_once else NOTHING_DONE) from None
    except Exception:
        if not stop.asked:
            raise
        raise KeyboardInterrupt(NOTHING_DONE) from None


def _run(executable: Executable, stop: Stop, report: Report) -> bool:
    """Run to the end of the plan; whether Ctrl-C stopped it after a whole step."""
    try:
        executable.run(None, report)
    except KeyboardInterrupt:
        if stop.at_once or not stop.waits:  # in the middle of a step, of which nothing can be trusted, or before the first one
            raise
        return True
    return False


# ---- what may be asked for -----------------------------------------------------------------------------------------------
def refuse_obstacles(name: str, capabilities: Capabilities, program: Program, settings: Settings) -> None:
    """Raise one UnsupportedError that lists everything in the way of an engine."""
    obstacles = capabilities.obstacles(program, settings)
    if obstacles:
        mode = capabilities.mode(settings)
        raise UnsupportedError(obstacles, f"'{name}' ({mode})" if mode else name, capabilities.hint)


def checked_settings(
    name: str,
    capabilities: Capabilities,
    threads: int | None,
    precision: str,
    copies: int,
    options: Mapping[str, object],
) -> Settings:
    """The settings of a run, refused where the engine has no such thing.

    Raises
    ------
    OptionError
        With what may be chosen instead.
    """
    where = f"backend '{name}'"
    findings = Findings()
    if threads is not None and not _is_count(threads):
        findings.add("", f"threads must be a whole number from 1 on, got {threads!r}")
    elif threads not in (None, 1) and not capabilities.threads:
        findings.add("", f"it runs on one thread; leave threads={threads} out")
    if not isinstance(precision, str) or precision not in capabilities.precisions:
        known = " or ".join(f"'{one}'" for one in capabilities.precisions)
        findings.add("", f"precision may be {known}, got {precision!r}")
    if not _is_count(copies):
        findings.add("", f"copies must be a whole number from 1 on, got {copies!r}")
    _check_options(findings, capabilities, options)
    findings.raise_if_any(OptionError, where)
    return Settings(threads, precision, int(copies), 0, {o.name: options.get(o.name, o.default) for o in capabilities.options})


def _is_count(value: object) -> bool:
    return isinstance(value, int | np.integer) and not isinstance(value, bool) and int(value) >= 1


def _check_options(findings: Findings, capabilities: Capabilities, options: object) -> None:
    if not isinstance(options, Mapping):
        findings.add("", f"options must be a dictionary such as {{'mode': 'numpy'}}, got {options!r}")
        return
    known = {option.name: option for option in capabilities.options}
    for name, value in options.items():
        if name not in known:
            tail = did_you_mean(name, known) if known else "; it has none"
            findings.add("", f"there is no option '{name}'{tail}")
        elif known[name].choices and value not in known[name].choices:
            choices = ", ".join(repr(choice) for choice in known[name].choices)
            findings.add("", f"option {name} may be one of {choices}; got {value!r}")


# ---- what came out -------------------------------------------------------------------------------------------------------
def refuse_nan(record: Record, origin: Provenance) -> None:
    """Raise NumericalError where a trace or a final state holds nan or infinity.

    Of what was recorded over time the earliest bad value is named, else the first bad final state.
    """
    found = [(*bad, key) for key, trace in record.traces.items() if (bad := _first_bad(trace.values)) is not None]
    if found:
        place, copy, column, key = min((record.traces[f[3]].steps[f[0]], f[1], f[2], f[3]) for f in found)
        trace = record.traces[key]
        row = int(np.searchsorted(trace.steps, place))
        member = int(column if trace.of is None else trace.of[column])
        when = f"first recorded in step {place} ({place * origin.dt:g} ms)"
        _raise_numerical(key, trace.values[row, copy, column], member, copy, when, origin)
    for key, value in record.final.items():
        bad = _first_bad(np.asarray(value)[None])
        if bad is not None:
            when = f"after {record.steps * origin.dt:g} ms"
            _raise_numerical(key, value[bad[1], bad[2]], bad[2], bad[1], when, origin)


def _first_bad(values: Any) -> tuple[int, int, int] | None:
    """Indices of the first value (T, B, K) that is not finite, in the order of time."""
    bad = ~np.isfinite(values)
    if not bad.any():
        return None
    row, copy, column = np.unravel_index(int(bad.argmax()), bad.shape)
    return int(row), int(copy), int(column)


def _raise_numerical(
    key: tuple[str, str], value: float, member: int, copy: int, when: str, origin: Provenance
) -> None:
    part, variable = key
    kind = next((info.kind for info in origin.parts if part in (info.name, info.weights)), "part")
    who = f"edge {member}" if kind == "projection" else f"neuron {member}"
    which = f" of copy {copy}" if origin.copies > 1 else ""
    raise number_error(f"{kind} '{part}'", variable, f"{who}{which}", value, when, origin.dt)

"""A network that runs piece by piece: stimulate, look, change, go on."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from types import TracebackType
from typing import Any

import numpy as np

from neurosim.backends.base import Backend, Obstacle
from neurosim.errors import ParameterError, SessionError, UnsupportedError, did_you_mean
from neurosim.ir.check import check
from neurosim.ir.program import Program, Weights
from neurosim.lowering import Course, begin
from neurosim.lowering.plan import Planned
from neurosim.network import Assignment, Network, Phase
from neurosim.progress import shown, stoppable
from neurosim.record import Record
from neurosim.result import Result
from neurosim.simulate.checkpoint import Kept, read, write
from neurosim.simulate.clock import Stopwatch
from neurosim.simulate.looking import Look
from neurosim.simulate.memory import memory_in_words
from neurosim.simulate.run import DEFAULT_DT, NOTHING_KEPT, check_progress, checked_settings, engine_of, result_of
from neurosim.simulate.stepping import Stepper
from neurosim.spelling import spelt
from neurosim.units import Quantity, ms

WHERE = "Session"
Array = np.ndarray


@spelt
@dataclass(init=False, eq=False, repr=False)
class Session:
    """A network that runs piece by piece, to be looked at and changed in between.

    Every call of `run` is a phase of a schedule that is written while it runs: the result is that of
    ``simulate(net, Schedule(...))`` with the same phases, to the last bit.

    Parameters
    ----------
    network : Network
    dt : Quantity
        [ms] Length of a step.
    backend : str
        Which engine; one that can stop and go on.
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
        As of `simulate`.

    Raises
    ------
    UnsupportedError
        The engine runs whole plans only; it takes a `Schedule`.

    Examples
    --------
    >>> with Session(net) as session:                   # doctest: +SKIP
    ...     session.run(1 * second)
    ...     session["exc"].v.mean()
    ...     session.set({"drive.rate": 40 * Hz})
    ...     session.run(1 * second, plasticity=False)
    >>> session.result["exc"].rate.mean()               # doctest: +SKIP
    """

    course: Course
    pending: tuple[Planned, ...]
    interrupted: bool
    _stepper: Stepper
    _watch: Stopwatch
    _progress: bool | Callable[[str, int, int], None] | None
    _closed: bool
    _record: Record | None
    _present: Mapping[tuple[str, str], Array] | None

    def __init__(
        self,
        network: Network,
        *,
        dt: Quantity = DEFAULT_DT,
        backend: str | Backend = "native",
        seed: int | None = None,
        threads: int | None = None,
        precision: str = "double",
        copies: int = 1,
        options: Mapping[str, object] | None = None,
        progress: bool | Callable[[str, int, int], None] | None = None,
    ) -> None:
        watch = Stopwatch()
        with watch.running(), memory_in_words():
            engine = engine_of(backend, WHERE)
            can = engine.capabilities()
            settings = checked_settings(engine.name, can, threads, precision, copies, {} if options is None else options)
            check_progress(progress, WHERE)
            if not can.stepwise(settings):
                raise UnsupportedError((WHOLE_PLANS,), engine.name)
            _require_network(network, WHERE)
            course = begin(network, dt, seed)
            check(course.program)
        self._begin(course, Stepper(engine, settings), watch, progress)

    def _begin(
        self,
        course: Course,
        stepper: Stepper,
        watch: Stopwatch,
        progress: bool | Callable[[str, int, int], None] | None,
        pending: tuple[Planned, ...] = (),
    ) -> None:
        self.course, self.pending, self.interrupted = course, pending, False
        self._stepper, self._watch, self._progress, self._closed = stepper, watch, progress, False
        self._record, self._present = None, None

    # ---- going on ------------------------------------------------------------------------------------------------------
    @spelt
    def run(
        self,
        duration: Quantity,
        *,
        label: str = "",
        off: Iterable[Any] = (),
        plasticity: bool | Iterable[Any] = True,
        repeats: int = 1,
        at: Sequence[Assignment] = (),
    ) -> None:
        """Simulate on.

        Parameters
        ----------
        duration : Quantity
            [ms]
        label : str
            For tables and pictures.
        off : iterable of str or part
            Stimuli that are silent and projections that carry nothing meanwhile.
        plasticity : bool or iterable of str or Projection
            Whether learning rules run: all, none, or those of the named projections only.
        repeats : int
            How often, one after the other.
        at : sequence of Assignment
            What is set at times within the duration.

        Raises
        ------
        ScheduleError
            The phase does not fit the network or the time step.
        NumericalError
            A state became nan or infinite.
        KeyboardInterrupt
            After Ctrl-C: the session stands after the last complete step and can go on.
        """
        self._refuse_closed("run")
        with self._watch.running(), memory_in_words():
            asked = Phase(duration, label=label, off=off, plasticity=plasticity, repeats=repeats, at=at)
            longer = self.course.then(asked, self.pending, f"{WHERE}.run")
            check(replace(longer.program, plan=longer.program.plan[len(self.course.program.plan) :]))
            self._advance(longer)

    def _advance(self, longer: Course) -> None:
        before = self._stepper.done
        self._record = self._present = None
        self.interrupted = False
        try:
            with stoppable() as stop, shown(self._progress, longer.program.dt) as report:
                self._stepper.go(longer.program, stop.watch(report))
            if stop.asked:  # after the last step: this run is whole, but no other one is wanted
                raise KeyboardInterrupt
        except KeyboardInterrupt:
            self.interrupted = True
            if stop.at_once:
                self._give_up()
            where = f"{self.steps * longer.program.dt:g} ms"
            raise KeyboardInterrupt(NOTHING_KEPT if stop.at_once else f"stopped; the session stands at {where} and can go on") from None
        finally:
            if self._stepper.done > before:
                self.course, self.pending = longer.until(self._stepper.done), ()
        self._refuse_nan()

    @spelt
    def set(self, values: Mapping[str, Any]) -> None:
        """Change something before the next step.

        Parameters
        ----------
        values : mapping of str to value
            As in a `Phase`: ``{"drive.rate": 40 * Hz, "exc.v": -60 * mV, "exc -> out.w": 2 * pA}``. What is set lasts.

        Raises
        ------
        ScheduleError, ParameterError
            There is no such thing, it cannot be set, or not to this value; nothing is changed then.
        """
        self._refuse_closed("set")
        with self._watch.running():
            new = self.course.settled(values, self.pending)
        self.pending = new

    # ---- looking -------------------------------------------------------------------------------------------------------
    @property
    def steps(self) -> int:
        """Steps done."""
        return self._stepper.done

    @property
    def time(self) -> Quantity:
        """[ms] Time of the network."""
        return Quantity(self.steps * self.course.program.dt, ms)

    @property
    def program(self) -> Program:
        """The whole Program with the plan of all phases so far: ``simulate(session.program, backend=...)`` repeats the session."""
        return self.course.program

    @property
    def result(self) -> Result:
        """What was recorded so far, as `simulate` would give it."""
        self._refuse_lost()
        if self.steps == 0:
            raise SessionError("nothing was simulated yet", where=WHERE, hint="Say session.run(1 * second) first.")
        record = self._watch.complete(self._recorded())
        return result_of(self.program, record, self._stepper.engine, self._stepper.settings, interrupted=self.interrupted)

    def __getitem__(self, name: str) -> Look:
        """A part as it is now.

        Raises
        ------
        ParameterError
            There is no part of that name.
        """
        self._refuse_lost()
        program = self.course.program
        known = [part.name for part in program.parts() if not isinstance(part, Weights)]
        if name not in known:
            raise ParameterError(f"there is no part {name!r}{did_you_mean(name, known)}", where=WHERE)
        if self._present is None:
            with self._watch.running(), memory_in_words():
                self._make_ready()
                self._present = self._stepper.present()
        return Look(name, self.course, self._present, self.pending, self.steps)

    def _make_ready(self) -> None:
        """A machine before its first step, for who looks at it; the first run makes its own."""
        if self._stepper.executable is None:
            with stoppable() as stop:
                self._stepper.replace(self.course.program, stop.watch(lambda what, done, total: None))

    def _recorded(self) -> Record:
        if self._record is None:
            self._record = self._stepper.record()
        return self._record

    def _refuse_nan(self) -> None:
        """Raise NumericalError where a state of a population is no number any more."""
        self._present = self._stepper.present()
        blocks = {block.name for block in self.program.blocks}
        if not all(np.isfinite(value).all() for (part, _), value in self._present.items() if part in blocks):
            result_of(self.program, self._recorded(), self._stepper.engine, self._stepper.settings, interrupted=False)

    # ---- keeping -------------------------------------------------------------------------------------------------------
    @spelt
    def checkpoint(self, path: str | os.PathLike[str]) -> None:
        """Write everything that is needed to go on, also in another process, into one file.

        The file appears under its name when it is complete, or not at all; an older one is not lost.

        Raises
        ------
        FileError
            It cannot be written; says how large it is.
        UnsupportedError
            The engine cannot tell all of its state.
        """
        self._refuse_closed("checkpoint")
        with self._watch.running(), memory_in_words():
            self._make_ready()
            stepper = self._stepper
            arrays = stepper.ready().checkpoint()
            record = self._watch.complete(self._recorded())
            write(path, Kept(self.course, self.pending, stepper.engine.name, stepper.settings, record, arrays))

    @staticmethod
    @spelt
    def restore(
        path: str | os.PathLike[str],
        network: Network | None = None,
        *,
        progress: bool | Callable[[str, int, int], None] | None = None,
    ) -> Session:
        """The session that a checkpoint was written from, ready to go on with the same engine and settings, bit by bit.

        Parameters
        ----------
        path : str
        network : Network, optional
            The same network. Without it the session goes on and is looked at, but nothing can be set.
        progress : bool or callable, optional
            As of `simulate`.

        Raises
        ------
        FileError, FileFormatError
            The file cannot be read, is something else, was cut off, or is of another network or version.
        """
        check_progress(progress, f"{WHERE}.restore")
        if network is not None:
            _require_network(network, f"{WHERE}.restore")
        watch = Stopwatch()
        with watch.running(), memory_in_words():
            kept = read(path, network)
            stepper = Stepper(engine_of(kept.engine, WHERE), kept.settings, done=kept.record.steps, earlier=kept.record)
            with stoppable() as stop, shown(progress, kept.course.program.dt) as report:
                stepper.executable = stepper.engine.compile(kept.course.program, kept.settings, stop.watch(report))
            stepper.executable.restore(kept.arrays)
        session = Session.__new__(Session)
        session._begin(kept.course, stepper, watch, progress, kept.pending)
        return session

    # ---- the end -------------------------------------------------------------------------------------------------------
    def close(self) -> None:
        """Give back what the engine holds; the result and the last look stay."""
        if self._closed:
            return
        if self._stepper.executable is not None:
            self._recorded()
            self._present = self._stepper.present() if self._present is None else self._present
            self._stepper.close()
        self._closed = True

    def _give_up(self) -> None:
        """After a stop in the middle of a step: the machine stands nowhere."""
        self._stepper.close()
        self._closed = True

    def _refuse_lost(self) -> None:
        if self._closed and self.steps and self._record is None:
            hint = "Go on from a checkpoint, or begin again."
            raise SessionError("it was stopped in the middle of a step, which left nothing to trust", where=WHERE, hint=hint)

    def _refuse_closed(self, verb: str) -> None:
        if self._closed:
            hint = "Its result can still be read. Go on within the with block, or from a checkpoint."
            raise SessionError(f"{verb} comes after it was closed", where=WHERE, hint=hint)

    def __enter__(self) -> Session:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.close()

    def __repr__(self) -> str:
        name = f" of '{self.program.name}'" if self.program.name else ""
        count = len(self.pending)
        waiting = f", {count} change{'' if count == 1 else 's'} waiting" if count else ""
        state = ", closed" if self._closed else ""
        return f"Session{name} on {self._stepper.engine.name}: {self.time.value:g} ms{waiting}{state}"


def _require_network(given: object, where: str) -> None:
    if not isinstance(given, Network):
        raise ParameterError(f"needs a Network, got a {type(given).__name__}", where=where)


WHOLE_PLANS = Obstacle(
    "Session",
    "it runs whole plans, and cannot stop and go on",
    'write the phases as ns.Schedule(...) for ns.simulate, or take backend="native"',
    "never",
)

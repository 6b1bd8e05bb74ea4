"""Signs of life while something takes time: a bar in a terminal, lines elsewhere if asked for, and a polite Ctrl-C."""

from __future__ import annotations

import signal
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from types import FrameType
from typing import Any

Report = Callable[[str, int, int], None]
"""Called with (what is being done, steps done, steps in all)."""
LINE_EVERY = 5.0
"""Seconds between lines where there is no terminal."""
SIMULATING = "simulating"
"""What an engine calls the run itself; other things that take time are not counted in steps."""
REDRAW_EVERY = 0.1
"""Seconds between two states of the bar."""


@contextmanager
def shown(wanted: bool | Report | None, dt: float) -> Iterator[Report]:
    """Show the progress of a run while the block lasts.

    Parameters
    ----------
    wanted : bool, callable or None
        None: a bar if the standard error stream is a terminal; True: also lines where it is not; False: nothing;
        a callable gets what a `Report` gets.
    dt : float
        Length of a step [ms].

    Yields
    ------
    callable
        A `Report`.
    """
    if callable(wanted):
        yield wanted
    elif wanted is False or (wanted is None and not sys.stderr.isatty()):
        yield _silent
    elif sys.stderr.isatty():
        with _bar(dt) as report:
            yield report
    else:
        yield _lines(dt)


def _silent(what: str, done: int, total: int) -> None:
    """Show nothing."""


def pace(milliseconds: float, seconds: float) -> str:
    """How fast a run is: model time over wall time.

    Examples
    --------
    >>> pace(500.0, 0.25), pace(10.0, 1.0)
    ('2x real time', '0.01x real time')
    """
    return f"{milliseconds / 1000.0 / seconds:.2g}x real time" if seconds > 0.0 and milliseconds > 0.0 else ""


def _lines(dt: float) -> Report:
    started, said = time.perf_counter(), [time.perf_counter() - LINE_EVERY + 1.0]

    def report(what: str, done: int, total: int) -> None:
        now = time.perf_counter()
        if now - said[0] < LINE_EVERY and done < total:
            return
        said[0] = now
        left = (now - started) / done * (total - done) if done else 0.0
        ending = f", about {left:.0f} s left" if done < total and left >= 1.0 else ""
        speed = pace(done * dt, now - started)
        amount = f"{done * dt:g} of {total * dt:g} ms{f', {speed}' if speed else ''}" if what == SIMULATING else f"{done} of {total}"
        print(f"{what}: {amount}{ending}", file=sys.stderr)

    return report


@contextmanager
def _bar(dt: float) -> Iterator[Report]:
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

    columns: tuple[Any, ...] = (
        TextColumn("{task.description}"),
        BarColumn(bar_width=32, complete_style="cyan", finished_style="green"),
        TextColumn("{task.percentage:>3.0f} %"),
        TextColumn("{task.fields[amount]}", style="dim"),
        TextColumn("{task.fields[pace]}", style="cyan"),
        TimeRemainingColumn(compact=True, elapsed_when_finished=True),
    )
    with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task("preparing", total=None, amount="", pace="")
        now = time.perf_counter()
        state = _Shown("preparing", now, 0, now)

        def report(what: str, done: int, total: int) -> None:
            now = time.perf_counter()
            if what != state.what:
                state.what, state.since, state.first = what, now, done
                bar.reset(task, description=what, total=total, completed=done, amount="", pace="")
            elif now - state.drawn < REDRAW_EVERY and done < total:
                return
            state.drawn = now
            in_ms = f"{done * dt:,.0f} of {total * dt:,.0f} ms" if what == SIMULATING else ""
            speed = pace((done - state.first) * dt, now - state.since) if what == SIMULATING else ""
            bar.update(task, completed=done, total=total, amount=in_ms, pace=speed)

        yield report


@dataclass
class _Shown:
    """What a bar shows: since when, from which step on, and when it was drawn last."""

    what: str
    since: float
    first: int
    drawn: float


# ---- Ctrl-C ------------------------------------------------------------------------------------------------------------
@dataclass
class Stop:
    """Whether the user asked to stop, and once more; ``waits``: whether something is going on that is brought to an end first."""

    asked: bool = False
    at_once: bool = False
    waits: bool = False

    def watch(self, report: Report) -> Report:
        """The same report, which raises KeyboardInterrupt between two steps after the user asked to stop."""

        def watching(what: str, done: int, total: int) -> None:
            self.waits = what == SIMULATING
            if self.asked:
                raise KeyboardInterrupt
            report(what, done, total)

        return watching


RUN_STOPS = "stopping; what was simulated is kept (Ctrl-C again to stop at once)"


@contextmanager
def stoppable(said: str = RUN_STOPS, *, waits: bool = False) -> Iterator[Stop]:
    """Let the first Ctrl-C stop a run between two steps, and a second one at once.

    Before the first step there is nothing to keep, so there the first one stops at once, too. Elsewhere than in the main thread, or where
    the program has a handler of its own, nothing is changed.

    Parameters
    ----------
    said : str
        What the user is told.
    waits : bool
        Whether the block itself, a file that is written, is brought to an end first.
    """
    stop = Stop(waits=waits)
    before = signal.getsignal(signal.SIGINT)
    # Brian2, imported by the user, puts a handler in front of Python's own that knows of its own runs only.
    usual = signal.default_int_handler in (before, getattr(before, "previous_handler", None))
    if threading.current_thread() is not threading.main_thread() or not usual:
        yield stop
        return

    def ask(number: int, frame: FrameType | None) -> None:
        stop.at_once = stop.asked
        stop.asked = True
        if stop.at_once or not stop.waits:
            raise KeyboardInterrupt
        print(f"\n{said}", file=sys.stderr)

    signal.signal(signal.SIGINT, ask)
    try:
        yield stop
    finally:
        signal.signal(signal.SIGINT, before)

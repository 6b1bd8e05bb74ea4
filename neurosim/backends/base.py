"""What a backend is: something with a name and capabilities that compiles a checked Program."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Protocol

import numpy as np

from neurosim.errors import NumericalError
from neurosim.ir.program import Program
from neurosim.record import Record

Progress = Callable[[str, int, int], None]
"""Called with (what is being done, steps done, steps in all); it may raise KeyboardInterrupt to stop the run."""


@dataclass(frozen=True)
class Obstacle:
    """Why a part of a Program cannot run on an engine.

    ``reason``: 'not_implemented' (ours to do), 'not_yet' (needs the engine's makers) or 'never' (contradicts the device).
    """

    where: str
    what: str
    advice: str
    reason: str = "not_implemented"


@dataclass(frozen=True)
class Option:
    """An option of a backend: its default and, where it is a choice, what may be chosen."""

    name: str
    default: object
    choices: tuple[object, ...] = ()
    help: str = ""


@dataclass(frozen=True)
class Settings:
    """How to run: one argument of :func:`neurosim.simulate` each. ``threads`` None: the engine chooses."""

    threads: int | None = None
    precision: str = "double"
    copies: int = 1
    first_copy: int = 0
    options: Mapping[str, object] = field(default_factory=dict)


@dataclass(frozen=True)
class Capabilities:
    """What an engine can do.

    ``level``: how closely it agrees with the reference ('identical', 'close', 'bounded', 'bitwise', 'statistical'), for the given
    settings; ``obstacles``: all reasons why a Program cannot run, empty if it can; ``stepwise``: whether it can stop and go on with
    these settings; ``mode``: which part of the engine these settings choose, said beside its name where it refuses; ``hint``: what else
    to say there.
    """

    level: Callable[[Settings], str]
    obstacles: Callable[[Program, Settings], tuple[Obstacle, ...]]
    options: tuple[Option, ...] = ()
    precisions: tuple[str, ...] = ("double",)
    threads: bool = False
    stepwise: Callable[[Settings], bool] = lambda settings: False
    mode: Callable[[Settings], str] = lambda settings: ""
    hint: str = ""


def number_error(part: str, variable: str, who: str, value: float, when: str, dt: float) -> NumericalError:
    """The error about a value that is no number any more.

    Parameters
    ----------
    part : str
        ``"population 'exc'"``
    variable, who : str
        ``"v"`` of ``"neuron 3"``
    value : float
        nan or infinity.
    when : str
        ``"after 10 ms"``
    dt : float
        [ms]
    """
    word = "nan" if np.isnan(value) else "infinite"
    hint = f"The step of {dt:g} ms may be too long for its equations, or a parameter out of range; another method=... may help, too."
    return NumericalError(f"{variable} of {who} is {word}, {when}", where=part, hint=hint)


class Executable(Protocol):
    """A compiled Program."""

    def run(self, steps: int | None = None, progress: Progress | None = None) -> None:
        """Advance by ``steps`` (None: to the end of the plan); an interrupt keeps what was simulated."""

    def record(self) -> Record:
        """What has been recorded so far, with the present state."""

    def present(self) -> Mapping[tuple[str, str], np.ndarray]:
        """`Record.final` as it is now, without what has been recorded."""

    def extend(self, program: Program) -> bool:
        """Go on with a Program whose plan begins with what was run and is longer; its parts are written for the longer plan.

        False where this machine was made for other parts, or cannot take another plan: the Program has to be compiled and run anew.
        """

    def checkpoint(self) -> Mapping[str, np.ndarray]:
        """Everything needed to go on, as arrays; engines that are not stepwise raise UnsupportedError."""

    def restore(self, checkpoint: Mapping[str, np.ndarray]) -> None:
        """Take up the state of a checkpoint of the same Program."""

    def close(self) -> None:
        """Give back what is held outside Python's memory."""


class Backend(Protocol):
    """An engine."""

    @property
    def name(self) -> str:
        """What it is called in the registry."""

    def capabilities(self) -> Capabilities:
        """What it can run and how closely it agrees."""

    def compile(self, program: Program, settings: Settings, progress: Progress | None = None) -> Executable:
        """Turn a checked Program without obstacles into something that runs."""


def run_on(backend: Backend, program: Program, settings: Settings) -> Record:
    """Compile, run to the end, record, close."""
    machine = backend.compile(program, settings)
    try:
        machine.run()
        return machine.record()
    finally:
        machine.close()

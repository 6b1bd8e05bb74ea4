"""What every verb does with errors: ours are printed as text, with exit status 2; nobody sees a traceback of them."""

from __future__ import annotations

import functools
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, ParamSpec

import click

from neurosim.errors import NeurosimError, OptionError, taken_apart, together

Arguments = ParamSpec("Arguments")
STATUS_OF_ERROR = 2
STATUS_OF_INTERRUPT = 130


@dataclass(frozen=True)
class Complaints:
    """Errors that are collected while a command is read, to be reported at once."""

    errors: list[NeurosimError] = field(default_factory=list)

    def tried(self, make: Callable[[], Any]) -> Any:
        """What ``make`` makes, or None and a complaint; one that is made of parts is taken apart."""
        try:
            return make()
        except NeurosimError as error:
            self.errors.extend(taken_apart(error))
            return None

    def raise_if_any(self) -> None:
        """Raise one error that lists all complaints."""
        if self.errors:
            raise together(self.errors, mixed=OptionError)


def reporting_errors(command: Callable[Arguments, None]) -> Callable[Arguments, None]:
    """The command, with our errors printed to the standard error stream as ``Name: message``."""

    @functools.wraps(command)
    def reporting(*args: Arguments.args, **options: Arguments.kwargs) -> None:
        try:
            command(*args, **options)
        except NeurosimError as error:
            click.echo(f"{type(error).__name__}: {error}", err=True)
            raise click.exceptions.Exit(STATUS_OF_ERROR) from error
        except KeyboardInterrupt as interrupt:
            click.echo(f"interrupted: {interrupt}" if str(interrupt) else "interrupted; nothing was kept", err=True)
            raise click.exceptions.Exit(STATUS_OF_INTERRUPT) from interrupt

    return reporting

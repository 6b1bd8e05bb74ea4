"""What every verb does with errors: ours are printed as text, with exit status 2; nobody sees a traceback of them."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import ParamSpec

import click

from neurosim.errors import NeurosimError

Arguments = ParamSpec("Arguments")
STATUS_OF_ERROR = 2
STATUS_OF_INTERRUPT = 130


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
            click.echo("interrupted; nothing was simulated", err=True)
            raise click.exceptions.Exit(STATUS_OF_INTERRUPT) from interrupt

    return reporting

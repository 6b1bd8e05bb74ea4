"""``neurosim lava``: the environment that Lava lives in."""

from __future__ import annotations

import click

from neurosim.cli.doors import reporting_errors


@click.group()
def lava() -> None:
    """Lava, Intel's framework for Loihi, in an environment of its own."""


@lava.command()
@reporting_errors
def setup() -> None:
    """Make that environment: a folder in your cache with a Python of its own and Lava's last release, pinned.

    It needs Python 3.10, 3.11 or 3.12 and a package index; nothing else on this machine is changed.
    """
    from neurosim.hardware.loihi.lava import set_up

    python = set_up(click.echo)
    click.echo(f"Lava is ready: {python}")

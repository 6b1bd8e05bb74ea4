"""The command ``neurosim``. Each verb imports what it needs when it runs, so that ``neurosim --help`` is quick."""

from __future__ import annotations

import click

from neurosim.cli.doors import reporting_errors
from neurosim.cli.lava import lava
from neurosim.cli.loihi import loihi
from neurosim.cli.report import report
from neurosim.cli.run import run


def _version(context: click.Context, option: click.Parameter, wanted: bool) -> None:
    """Print the installed version and stop."""
    from importlib import metadata

    if not wanted:
        return
    try:
        click.echo(f"neurosim {metadata.version('neurosim-toolkit')}")
    except metadata.PackageNotFoundError:
        click.echo("neurosim, from a checkout that is not installed")
    context.exit()


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@click.option("--version", is_flag=True, is_eager=True, expose_value=False, help="Show the version.", callback=_version)
def commands() -> None:
    """Describe a network once, run it on several engines, know how far they agree."""


@commands.command()
@reporting_errors
def models() -> None:
    """List the published networks that can be run by name."""
    from neurosim.cli.catalogue import descriptions

    found = descriptions()
    width = max((len(name) for name in found), default=0)
    for name, description in found.items():
        click.echo(f"{name.ljust(width)}  {description}")
    click.echo("\nneurosim run MODEL --help-model shows the arguments of one.")


@commands.command()
@click.argument("first", metavar="FIRST", type=click.Path())
@click.argument("second", metavar="SECOND", type=click.Path())
@click.option("--level", help="identical, close, bounded or statistical; else the weaker of what the two engines declare.")
@click.option("--tolerance", type=float, help="For traces and weights, in their units.")
@reporting_errors
def compare(first: str, second: str, level: str | None, tolerance: float | None) -> None:
    """Compare two runs: folders that `neurosim run --out` made, or result files.

    The exit status is 0 if they agree at that level, 1 if not.
    """
    from neurosim.cli.comparing import compare_files

    text, agree = compare_files(first, second, level, tolerance)
    click.echo(text)
    if not agree:
        raise click.exceptions.Exit(1)


@commands.command("doctor")
@reporting_errors
def examine() -> None:
    """Say which engines work here, why the others do not, and what to install."""
    from neurosim.cli.doctor import collect, render, surroundings

    render(collect(), surroundings())


commands.add_command(run)
commands.add_command(report)
commands.add_command(loihi)
commands.add_command(lava)


def main() -> None:
    """Run the command line of this process."""
    commands(prog_name="neurosim")

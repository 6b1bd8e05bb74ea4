"""``neurosim report``."""

from __future__ import annotations

from pathlib import Path

import click

from neurosim.cli.doors import reporting_errors

REPORT_FILE = "report.html"


@click.command()
@click.argument("run", metavar="RUN", type=click.Path())
@click.option("--out", metavar="FILE", help="Where to write; beside the result unless given.")
@reporting_errors
def report(run: str, out: str | None) -> None:
    """Make the page about a run again: pictures, equations, parameters, measured and expected, provenance.

    RUN is a folder that `neurosim run --out` made, or a result file.
    """
    from neurosim.cli.catalogue import figures_of, model_names, model_of
    from neurosim.cli.comparing import result_of

    result = result_of(run)
    place = Path(run.strip())
    target = Path(out) if out is not None else place / REPORT_FILE if place.is_dir() else place.with_suffix(".html")
    name = result.provenance.name
    # Only what the command made is known to be a model of ours, not a network that happens to be called so.
    figures, complaints = figures_of(model_of(name), result) if result.provenance.command and name in model_names() else ({}, [])
    result.report(target, figures=figures)
    for complaint in complaints:
        click.echo(complaint, err=True)
    click.echo(f"wrote {target}")

"""``neurosim run``."""

from __future__ import annotations

import click

from neurosim.cli.doors import STATUS_OF_INTERRUPT, reporting_errors


@click.command()
@click.argument("model")
@click.option("--scale", type=float, help="Size of the network, where the model has such an argument.")
@click.option("--duration", default="1s", show_default=True, help="Model time that is evaluated: 2s, 500ms; plain numbers are ms.")
@click.option("--warmup", help="Model time before it; the model's own unless given.")
@click.option("--dt", default="0.1ms", show_default=True, help="Length of a step.")
@click.option("--backend", default="native", show_default=True, help="The engine; see neurosim doctor.")
@click.option("--seed", type=int, help="Instead of the model's.")
@click.option("--threads", type=int, help="The engine chooses unless given.")
@click.option("--precision", default="double", show_default=True, help="double or single.")
@click.option("--set", "settings", multiple=True, metavar="NAME=VALUE", help="An argument of the model, or population.parameter.")
@click.option("--option", "options", multiple=True, metavar="NAME=VALUE", help="An option of the engine.")
@click.option("--out", metavar="DIR", help="Folder for result.nsr, summary.json and raster.png.")
@click.option("--progress/--no-progress", default=None, help="A bar, or lines where there is no terminal.")
@click.option("--help-model", is_flag=True, help="Show the arguments of the model instead of running it.")
@reporting_errors
def run(
    model: str,
    scale: float | None,
    duration: str,
    warmup: str | None,
    dt: str,
    backend: str,
    seed: int | None,
    threads: int | None,
    precision: str,
    settings: tuple[str, ...],
    options: tuple[str, ...],
    out: str | None,
    progress: bool | None,
    help_model: bool,
) -> None:
    """Simulate a published network and show its rates beside the expected ones.

    MODEL is one of those that `neurosim models` lists.
    """
    from neurosim.cli.catalogue import help_text, model_of
    from neurosim.cli.running import Order, carry_out

    if help_model:
        click.echo(help_text(model_of(model)))
        return
    order = Order(model, scale, duration, warmup, dt, backend, seed, threads, precision, settings, options, out, progress)
    if carry_out(order):
        raise click.exceptions.Exit(STATUS_OF_INTERRUPT)

"""``neurosim run``."""

from __future__ import annotations

import click

from neurosim.cli.doors import STATUS_OF_INTERRUPT, reporting_errors
from neurosim.errors import OptionError


@click.command()
@click.argument("model")
@click.option("--scale", type=float, help="Size of the network, where the model has such an argument.")
@click.option("--duration", help="Model time that is evaluated: 2s, 500ms; plain numbers are ms. The model's own unless given, mostly 1s.")
@click.option("--warmup", help="Model time before it; the model's own unless given.")
@click.option("--dt", help="Length of a step; the model's own unless given, mostly 0.1ms.")
@click.option("--backend", default="native", show_default=True, help="The engine; see neurosim doctor.")
@click.option("--seed", type=int, help="Instead of the model's.")
@click.option("--threads", type=int, help="The engine chooses unless given.")
@click.option("--precision", default="double", show_default=True, help="double or single.")
@click.option("--set", "settings", multiple=True, metavar="NAME=VALUE", help="An argument of the model, or population.parameter.")
@click.option("--option", "options", multiple=True, metavar="NAME=VALUE", help="An option of the engine.")
@click.option("--out", metavar="DIR", help="Folder for result.nsr, summary.json, report.html and pictures.")
@click.option("--progress/--no-progress", default=None, help="A bar, or lines where there is no terminal.")
@click.option("--input", "stimulus", metavar="FILE.npz", help="Of a lava-dl network: what its inputs send.")
@click.option("--help-model", is_flag=True, help="Show the arguments of the model instead of running it.")
@reporting_errors
def run(
    model: str,
    scale: float | None,
    duration: str | None,
    warmup: str | None,
    dt: str | None,
    backend: str,
    seed: int | None,
    threads: int | None,
    precision: str,
    settings: tuple[str, ...],
    options: tuple[str, ...],
    out: str | None,
    progress: bool | None,
    stimulus: str | None,
    help_model: bool,
) -> None:
    """Simulate a published network and show its rates beside the expected ones.

    MODEL is one of those that `neurosim models` lists; or a network file of lava-dl (.net, .hdf5), which runs on the emulator of Loihi
    and, in the same integers, on the engine of --backend.
    """
    from neurosim.cli.catalogue import help_text, model_of
    from neurosim.cli.loihi_targets import NETX, run_netx
    from neurosim.cli.running import Order, carry_out

    if model.endswith(NETX):
        run_netx(model, stimulus, backend, threads, out)
        return
    if stimulus is not None:
        raise OptionError(f"--input belongs to network files ({', '.join(NETX)}); '{model}' is a model")
    if help_model:
        click.echo(help_text(model_of(model)))
        return
    order = Order(model, scale, duration, warmup, dt, backend, seed, threads, precision, settings, options, out, progress)
    if carry_out(order):
        raise click.exceptions.Exit(STATUS_OF_INTERRUPT)

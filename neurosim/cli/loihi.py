"""``neurosim loihi``: what fits on the chip, what it will compute, and how it gets there."""

from __future__ import annotations

import functools
import json
from collections.abc import Callable, Mapping
from dataclasses import asdict
from typing import Any

import click

from neurosim.cli.doors import reporting_errors

Command = Callable[..., None]
CHIPS = "loihi1, loihi2 or loihi2-microcode."
OF_MODELS = (
    click.option("--scale", type=float, help="Of a model: its size, where it has such an argument."),
    click.option("--duration", help="Of a model: 2s, 500ms; plain numbers are ms."),
    click.option("--warmup", help="Of a model: time before it."),
    click.option("--dt", help="Of a model: length of a step."),
    click.option("--seed", type=int, help="Of a model."),
    click.option("--set", "settings", multiple=True, metavar="NAME=VALUE", help="Of a model: an argument, or population.parameter."),
    click.option("--bits", type=click.IntRange(1, 8), default=8, show_default=True, help="Of a model: of the size of a weight."),
    click.option("--input", "stimulus", metavar="FILE.npz", help="Of a lava-dl network: what its inputs send."),
)

CHOICES = ("scale", "duration", "warmup", "dt", "seed", "settings", "bits", "stimulus")


def of_models(command: Command) -> Command:
    """Options that say which network is meant, as ``neurosim run`` has them; the command gets them together, as ``choices``."""

    @functools.wraps(command)
    def collected(*args: Any, **options: Any) -> None:
        choices = {name: options.pop(name) for name in CHOICES}
        command(*args, choices=choices, **options)

    wrapped: Command = collected
    for option in reversed(OF_MODELS):
        wrapped = option(wrapped)
    return wrapped


@click.group()
def loihi() -> None:
    """Networks on Intel Loihi, in the chip's exact integers.

    TARGET is a model that `neurosim models` lists, a plan (.plan), an artifact (.loihi), or a network file of lava-dl (.net, .hdf5).
    """


@loihi.command()
@click.argument("target")
@click.option("--chip", default="loihi2", show_default=True, help=CHIPS)
@click.option("--json", "as_json", is_flag=True, help="For programs.")
@of_models
@reporting_errors
def check(target: str, chip: str, as_json: bool, choices: Mapping[str, Any]) -> None:
    """Say on how many cores a network fits, or everything that stands in the way; nothing is run.

    The exit status is 1 where it does not fit.
    """
    from neurosim.cli.loihi_targets import Choices, checked

    found = checked(Choices(target, chip, **choices))
    click.echo(json.dumps(found.to_dict(), indent=1) if as_json else found)
    if not found.fits:
        raise click.exceptions.Exit(1)


@loihi.command()
@click.argument("target")
@click.option("--chip", help=CHIPS)
@click.option("--constants", help="Whose energies and times are used; loihi1-davies, loihi1-calibrated or loihi2-halapoint-bound.")
@click.option("--fidelity", is_flag=True, help="Of a model: also run it in float, and in float from starts beside, and compare.")
@click.option("--picture", metavar="FILE.png", help="Where to draw the mesh of the chips with the load of each core.")
@click.option("--json", "as_json", is_flag=True, help="For programs.")
@of_models
@reporting_errors
def report(
    target: str, chip: str | None, constants: str | None, fidelity: bool, picture: str | None, as_json: bool, choices: Mapping[str, Any]
) -> None:
    """Run a network on the emulator and say what it takes: rounding of its numbers, cores, energy and time."""
    from neurosim.cli.loihi_targets import Choices, against_float, planned
    from neurosim.files import whole_file
    from neurosim.hardware import loihi as door

    chosen = Choices(target, chip, **choices)
    compared = against_float(chosen) if fidelity else None
    plan, quantisation = planned(chosen)
    found = door.report(plan, chip=chip, constants=constants)
    if picture is not None:
        with whole_file(picture) as unfinished:
            found.draw().savefig(unfinished, format="png")
    if as_json:
        more = {} if compared is None else {"fidelity": asdict(compared)}
        click.echo(json.dumps({**found.to_dict(), **more}, indent=1, default=str))
        return
    if quantisation is not None:
        click.echo(quantisation)
    click.echo(found)
    if compared is not None:
        click.echo(compared)
    if picture is not None:
        click.echo(f"wrote {picture}")


@loihi.command()
@click.argument("target")
@click.option("--on", default="emulator", show_default=True, help="emulator or lava.")
@click.option("--chip", help=CHIPS)
@click.option("--out", metavar="FILE.npz", help="Where the record goes.")
@of_models
@reporting_errors
def run(target: str, on: str, chip: str | None, out: str | None, choices: Mapping[str, Any]) -> None:
    """Run a network bit by bit as the chip does."""
    from neurosim.cli.loihi_targets import Choices, planned
    from neurosim.files import whole_file
    from neurosim.hardware import loihi as door

    plan, _ = planned(Choices(target, chip, **choices))
    record = door.run(plan, on=on)
    click.echo(record)
    if out is not None:
        with whole_file(out) as unfinished:
            record.save(unfinished)
        click.echo(f"wrote {out}")


@loihi.command()
@click.argument("target")
@click.option("--out", required=True, metavar="FILE", help="What to write, by its ending: .loihi an artifact, .plan a plan, .net for lava-dl.")
@click.option("--chip", help=CHIPS)
@click.option("--constants", help="Of the estimate in an artifact.")
@of_models
@reporting_errors
def export(target: str, out: str, chip: str | None, constants: str | None, choices: Mapping[str, Any]) -> None:
    """Write a network as an artifact for a Loihi host, as a plan, or as a network file of lava-dl."""
    from neurosim.cli.loihi_targets import Choices, exported, planned

    plan, _ = planned(Choices(target, chip, **choices))
    click.echo(exported(plan, out, chip, constants))


@loihi.command()
@click.argument("artifact")
@click.option("--host", required=True, help="As ssh knows it, by your own configuration and keys; local is this machine.")
@click.option("--out", default="recorded.npz", show_default=True, metavar="FILE.npz", help="Where the record goes.")
@click.option("--python", default="python3", show_default=True, help="The interpreter there that has Lava.")
@click.option("--sim", is_flag=True, help="Lava's models on the CPU of the host instead of a chip.")
@click.option("--partition", help="Of SLURM.")
@click.option("--board", help="Of SLURM.")
@click.option("--generation", help="Of the chip, as Lava calls it: N3B3, N3C1 ...")
@reporting_errors
def deploy(
    artifact: str, host: str, out: str, python: str, sim: bool, partition: str | None, board: str | None, generation: str | None
) -> None:
    """Send an artifact to a Loihi host, run it there, fetch what it recorded."""
    from neurosim.hardware import loihi as door

    door.deploy(
        artifact, host, out, python=python, sim=sim, partition=partition, board=board, generation=generation, say=click.echo
    )  # fmt: skip
    click.echo(f"compare it: neurosim loihi verify {artifact} --with {out}")


@loihi.command()
@click.argument("artifact")
@click.option("--with", "record", required=True, metavar="FILE.npz", help="What came back.")
@reporting_errors
def verify(artifact: str, record: str) -> None:
    """Compare what came back from a chip with what the emulator computes.

    The exit status is 1 where they differ. The chip's voltage register reads 128 after a spike; that is known.
    """
    from neurosim.hardware import loihi as door

    found = door.verify(artifact, record)
    click.echo(found)
    if not found.ok:
        raise click.exceptions.Exit(1)

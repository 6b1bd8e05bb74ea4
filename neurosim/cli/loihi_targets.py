"""What is named on the command line becomes a plan: a model, a plan, an artifact, a network file of lava-dl."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import click
import numpy as np

from neurosim.cli.catalogue import built, model_of
from neurosim.cli.comparing import RESULT_FILE
from neurosim.cli.running import Order, wish_of
from neurosim.cli.settings import with_settings
from neurosim.errors import OptionError
from neurosim.files import whole_file
from neurosim.hardware import loihi
from neurosim.hardware.loihi import netx
from neurosim.hardware.loihi.answers import Check, core_offences
from neurosim.hardware.loihi.artifact import read_artifact
from neurosim.hardware.loihi.as_program import as_program
from neurosim.hardware.loihi.fidelity import Fidelity
from neurosim.hardware.loihi.limits import profile_of
from neurosim.hardware.loihi.plan import LoihiPlan
from neurosim.hardware.loihi.quantise import QuantisationReport
from neurosim.ir.program import Program
from neurosim.lowering.lower import lower
from neurosim.result import Result
from neurosim.simulate import simulate

PLAN, ARTIFACT, NETX = ".plan", ".loihi", (".net", ".hdf5", ".h5")
RECORD_FILE = "recorded.npz"


@dataclass(frozen=True)
class Choices:
    """The arguments of a command as they were typed; what does not belong to the kind of target is refused."""

    target: str
    chip: str | None = None
    scale: float | None = None
    duration: str | None = None
    warmup: str | None = None
    dt: str | None = None
    seed: int | None = None
    settings: tuple[str, ...] = ()
    bits: int = 8
    stimulus: str | None = None

    def refuse(self, names: tuple[str, ...], what: str) -> None:
        """Refuse options that say nothing about a target."""
        words = {"settings": "--set", "stimulus": "--input"}
        given = [words.get(name, f"--{name}") for name in names if getattr(self, name) not in (None, (), 8)]
        if given:
            raise OptionError(f"{', '.join(given)}: not for {what}", where=f"'{self.target}'")


MODEL_OPTIONS = ("scale", "duration", "warmup", "dt", "seed", "settings", "bits")


def file_plan(choices: Choices) -> LoihiPlan | None:
    """The plan in a file, None where the target is no file."""
    target = choices.target
    if target.endswith(PLAN):
        choices.refuse((*MODEL_OPTIONS, "stimulus"), "a plan")
        return loihi.load(target)
    if target.endswith(ARTIFACT):
        choices.refuse((*MODEL_OPTIONS, "stimulus"), "an artifact")
        return read_artifact(target).plan
    if target.endswith(NETX):
        choices.refuse(MODEL_OPTIONS, "a network file")
        return netx.read(target) if choices.stimulus is None else netx.seeing(target, choices.stimulus)
    choices.refuse(("stimulus",), "a model")
    return None


def program_of(choices: Choices, one_step: bool) -> Program:
    """A model as `neurosim run` would run it; ``one_step``: for one step where no duration was given."""
    order = Order(
        choices.target, choices.scale, choices.duration, choices.warmup, choices.dt, "reference", choices.seed, None, "double",
        choices.settings, (), None, None,
    )  # fmt: skip
    model = model_of(order.model)
    wish = wish_of(order, model)
    network, _ = built(model, wish.arguments)
    network = with_settings(network, model.name, wish.of_parts)
    duration = wish.dt if one_step and choices.duration is None else wish.schedule
    return lower(network, duration, dt=wish.dt, seed=None if "seed" in wish.arguments else choices.seed)


def checked(choices: Choices) -> Check:
    """Whether a target fits on a chip."""
    chip = choices.chip or "loihi2"
    plan = file_plan(choices)
    if plan is None:
        return loihi.check(program_of(choices, True), chip=chip, bits=choices.bits)
    profile = profile_of(chip)
    placement = loihi.place(plan, chip=chip)
    return Check(profile.name, profile.about, tuple(core_offences(placement)), (), placement)


def planned(choices: Choices) -> tuple[LoihiPlan, QuantisationReport | None]:
    """The plan of a target; and what became of its numbers where it is a model."""
    plan = file_plan(choices)
    if plan is not None:
        return plan, None
    made = loihi.plan(program_of(choices, False), chip=choices.chip or "loihi2", bits=choices.bits)
    return made.plan, made.quantisation


def against_float(choices: Choices) -> Fidelity:
    """What rounding costs a model, beside what chaos does."""
    if choices.target.endswith((PLAN, ARTIFACT, *NETX)):
        raise OptionError("--fidelity compares with the network in float; a file has only the integers", where=f"'{choices.target}'")
    return loihi.fidelity(program_of(choices, False), chip=choices.chip or "loihi2", bits=choices.bits)


def exported(plan: LoihiPlan, out: str, chip: str | None, constants: str | None) -> str:
    """Write a plan in the form that the name of the file says; what was written."""
    if out.endswith(ARTIFACT):
        loihi.export(plan, out, chip=chip, constants=constants)
        return f"wrote {out}: neurosim loihi deploy {out} --host HOST runs it"
    if out.endswith(PLAN):
        with whole_file(out) as unfinished:
            plan.save(unfinished)
        return f"wrote {out}"
    if out.endswith(NETX):
        netx.write(plan, out)
        return f"wrote {out}"
    raise OptionError(f"--out must end in {ARTIFACT} (artifact), {PLAN} (plan) or {NETX[0]} (lava-dl), got '{out}'")


# ---- networks of lava-dl ---------------------------------------------------------------------------------------------------
def run_netx(path: str, stimulus: str | None, backend: str, threads: int | None, out: str | None) -> None:
    """Run a network file on the emulator and, in the same integers, on another engine; say whether they agree."""
    if stimulus is None:
        size = netx.read(path).group(netx.INPUT).size
        raise OptionError(f"--input FILE.npz is needed: an array (steps, {size}) of what the inputs send in each step", where=f"'{path}'")
    plan = netx.seeing(path, stimulus)
    here = loihi.run(plan)
    there = None if backend == "loihi" else simulate(as_program(plan), backend=backend, threads=threads)
    click.echo(f"{path}: {len(plan.neurons) - 1} layers, {sum(g.size for g in plan.neurons[1:]):,} neurons; {plan.steps} steps")
    click.echo(f"{'layer':<12} {'neurons':>8} {'spikes':>10}")
    same = True
    for group in plan.neurons[1:]:
        found = here.spikes[group.name]
        verdict = ""
        if there is not None:
            agrees = equal(there, plan, group.name, found.steps, found.indices)
            same = same and agrees
            verdict = f"  {backend}: {'the same' if agrees else 'OTHER SPIKES'}"
        click.echo(f"{group.name:<12} {group.size:>8} {len(found):>10,}{verdict}")
    last = plan.notes["output"]
    counts = here.counts(last, plan.group(last).size)
    groups = int(plan.notes.get("output groups", len(counts)))
    totals = counts.reshape(groups, -1).sum(axis=1)
    click.echo(f"output: {'group' if groups < len(counts) else 'neuron'} {int(totals.argmax())} fired most, {int(totals.max())} spikes")
    if out is not None:
        folder = Path(out)
        folder.mkdir(parents=True, exist_ok=True)
        here.save(folder / RECORD_FILE)
        written = [RECORD_FILE]
        if there is not None:
            there.save(folder / RESULT_FILE)
            written.append(RESULT_FILE)
        click.echo(f"in {folder}: {', '.join(written)}")
    if not same:
        raise click.exceptions.Exit(1)


def equal(result: Result, plan: LoihiPlan, name: str, steps: np.ndarray, indices: np.ndarray) -> bool:
    """Whether another engine gave these very spikes."""
    times, ids = result[name].spikes
    found = np.round(np.asarray(times) / plan.dt).astype(np.int64)
    order = np.lexsort((ids, found))
    return bool(np.array_equal(found[order], steps) and np.array_equal(np.asarray(ids)[order], indices))

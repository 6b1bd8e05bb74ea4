"""Intel Loihi: what fits, what the chip will compute bit by bit, and how it gets there.

::

    from neurosim.hardware import loihi

    print(loihi.check(net, chip="loihi2"))        # on how many cores, or everything that stands in the way
    prepared = loihi.plan(net, 1 * second)        # integers, and what became of the network's numbers
    record = loihi.run(prepared.plan)             # exactly what the chip computes
    print(loihi.report(prepared.plan, record))    # cores, energy and time

Chips are called 'loihi1', 'loihi2' (its hard-wired neuron, 'loihi2-lif') and 'loihi2-microcode'; other targets are in
:data:`neurosim.hardware.loihi.limits.PROFILES`.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace

import numpy as np

from neurosim.backends.base import Settings
from neurosim.backends.registry import get
from neurosim.errors import FileError, FileFormatError, OptionError, UnsupportedError, did_you_mean
from neurosim.hardware.loihi.answers import Check, Prepared, Report, core_offences
from neurosim.hardware.loihi.artifact import read_artifact, recording_all, write_artifact
from neurosim.hardware.loihi.backend import WITHOUT_RUNNING, offences_of
from neurosim.hardware.loihi.deploy import deployed, environment
from neurosim.hardware.loihi.energy import CONSTANTS, DEFAULT, Estimate, estimated
from neurosim.hardware.loihi.fidelity import Fidelity, measured
from neurosim.hardware.loihi.items import Evaluation, evaluated
from neurosim.hardware.loihi.limits import WEIGHT_BITS, Core, Profile, profile_of
from neurosim.hardware.loihi.match import Matched, obstacles_of
from neurosim.hardware.loihi.place import Placement, placed
from neurosim.hardware.loihi.plan import LoihiPlan, PlanError
from neurosim.hardware.loihi.quantise import assembled, first_scales, quantised, warnings_of
from neurosim.hardware.loihi.recorded import Recorded, RecordError
from neurosim.hardware.loihi.runs import by_lava, emulated, emulated_counts
from neurosim.hardware.loihi.verify import Verification, verified
from neurosim.ir.program import Program
from neurosim.network import Network, Schedule
from neurosim.simulate import DEFAULT_DT, program_of
from neurosim.units import Quantity

__all__ = [
    "Check",
    "Estimate",
    "Evaluation",
    "Fidelity",
    "LoihiPlan",
    "Placement",
    "Prepared",
    "Recorded",
    "Report",
    "Verification",
    "check",
    "deploy",
    "estimate",
    "evaluate",
    "export",
    "fidelity",
    "load",
    "load_record",
    "place",
    "plan",
    "report",
    "run",
    "verify",
]

CHIP = "loihi2"


def check(
    network: Network | Program,
    duration: Quantity | Schedule | None = None,
    *,
    chip: str = CHIP,
    dt: Quantity = DEFAULT_DT,
    seed: int | None = None,
    bits: int = WEIGHT_BITS,
) -> Check:
    """Whether a network fits on a chip; nothing is run and nothing is compiled.

    Parameters
    ----------
    network : Network or Program
        A Program has its plan, step and seed already.
    duration : Quantity or Schedule, optional
        [ms] How long; one step unless given.
    chip : str
        The target.
    dt : Quantity
        [ms] Length of a step.
    seed : int, optional
        Instead of the network's.
    bits : int
        Of the size of a weight, 1 to 8.

    Returns
    -------
    Check
        ``print`` shows cores and what binds, or every offence with a remedy; ``.to_dict()`` is for programs.
    """
    profile = profile_of(chip)
    if not isinstance(network, Program) and duration is None:
        duration = dt
    found, offences = offences_of(program_of(network, duration, dt, seed), profile.name)
    if found is None or obstacles_of(offences):
        return Check(profile.name, profile.about, offences)
    rough = assembled(found, profile.name, first_scales(found, bits), bits)[0]
    warnings = tuple(warnings_of(found, rough))
    if profile.core is None:
        return Check(profile.name, profile.about, offences, warnings)
    placement = placed(rough, profile.core)
    return Check(profile.name, profile.about, (*offences, *core_offences(placement)), warnings, placement)


def plan(
    network: Network | Program,
    duration: Quantity | Schedule | None = None,
    *,
    chip: str = CHIP,
    dt: Quantity = DEFAULT_DT,
    seed: int | None = None,
    bits: int = WEIGHT_BITS,
    scales: Mapping[str, float] | None = None,
    compensate: bool = False,
) -> Prepared:
    """A network in the integers of a chip.

    Parameters
    ----------
    network, duration, chip, dt, seed, bits
        As in :func:`check`; a Network needs a duration.
    scales : mapping, optional
        Population -> state units per unit of its membrane; chosen by a run on the emulator unless given.
    compensate : bool
        Whether biases and weights make up for the rounding of the membrane's decay.

    Returns
    -------
    Prepared
        ``.plan``, ``.quantisation``, ``.placement``.

    Raises
    ------
    UnsupportedError
        If it cannot run there; lists every offence.
    """
    profile = profile_of(chip)
    found = suitable(program_of(network, duration, dt, seed), profile)
    made, quantisation = quantised(found, profile.name, bits=bits, scales=scales, compensate=compensate)
    return Prepared(made, quantisation, None if profile.core is None else placed(made, profile.core))


def fidelity(
    network: Network | Program,
    duration: Quantity | Schedule | None = None,
    *,
    chip: str = CHIP,
    dt: Quantity = DEFAULT_DT,
    seed: int | None = None,
    bits: int = WEIGHT_BITS,
    compensate: bool = False,
    repeats: int = 3,
    engine: str = "native",
) -> Fidelity:
    """What rounding costs a network: rates, irregularity and spike trains on the chip against float, beside what chaos alone does.

    Parameters
    ----------
    network, duration, chip, dt, seed, bits, compensate
        As in :func:`plan`.
    repeats : int
        Float runs from membranes a thousandth of the way to threshold beside, of which the floor is the mean.
    engine : str
        That of the float runs.

    Returns
    -------
    Fidelity
        ``.ok``: whether each population's rates are as near to float as 1.2 times float to itself (or 5 %, where nothing is chaotic).

    Raises
    ------
    UnsupportedError
        If it cannot run there; lists every offence.
    """
    if isinstance(repeats, bool) or not isinstance(repeats, int) or repeats < 1:
        raise OptionError(f"repeats must be a whole number from 1 on, got {repeats!r}", where="loihi")
    profile = profile_of(chip)
    found = suitable(program_of(network, duration, dt, seed), profile)
    settings = Settings(options={"chip": profile.name, "bits": bits, "compensate": compensate})
    return measured(found, get("loihi"), settings, get(engine), repeats)


def suitable(program: Program, profile: Profile) -> Matched:
    """A Program as a chip sees it; raises with every offence where it cannot run there."""
    found, offences = offences_of(program, profile.name)
    fatal = obstacles_of(offences)
    if found is None or fatal:
        raise UnsupportedError(fatal, f"'{profile.name}'", WITHOUT_RUNNING)
    return found


def load(path: str | os.PathLike[str]) -> LoihiPlan:
    """Read a plan that was saved.

    Raises
    ------
    FileError, FileFormatError
        If the file cannot be read, is no plan, or was damaged.
    """
    with in_words(path):
        return LoihiPlan.load(path)


def load_record(path: str | os.PathLike[str]) -> Recorded:
    """Read what a run recorded.

    Raises
    ------
    FileError, FileFormatError
        If the file cannot be read, is no record, or was damaged.
    """
    with in_words(path):
        return Recorded.load(path)


@contextmanager
def in_words(path: str | os.PathLike[str]) -> Iterator[None]:
    """Errors of modules that know nothing of neurosim, as ours."""
    try:
        yield
    except (PlanError, RecordError) as error:
        raise FileFormatError(str(error), where="loihi") from error
    except OSError as error:
        raise FileError(f"cannot read '{os.fspath(path)}': {error.strerror or error}") from error


def run(plan: LoihiPlan, *, on: str = "emulator", precision: str = "fixed") -> Recorded:
    """Run a plan and record what it asks for, in the chip's integers.

    Parameters
    ----------
    plan : LoihiPlan
    on : {'emulator', 'lava'}
        Our own integers, or Lava's models on the CPU, in an environment of its own.
    precision : {'fixed', 'float'}
        Of Lava's models.

    Returns
    -------
    Recorded
    """
    if on == "emulator":
        return emulated(plan)
    if on == "lava":
        return by_lava(plan, precision=precision)
    raise OptionError(f"a plan runs on 'emulator' or 'lava', got {on!r}", where="loihi")


def core_of(plan: LoihiPlan, chip: str | None) -> tuple[Profile, Core]:
    """The cores that a plan is put on: the named chip's, else its own target's, else Loihi 2's."""
    profile = profile_of(plan.profile if chip is None else chip)
    if profile.core is None and chip is None:
        profile = profile_of(CHIP)
    if profile.core is None:
        raise OptionError(f"{profile.name} has no cores; name a chip: 'loihi1', 'loihi2' or 'loihi2-microcode'", where="loihi")
    return profile, profile.core


def place(plan: LoihiPlan, *, chip: str | None = None, method: str = "balanced") -> Placement:
    """Put a plan on cores; ``method`` 'balanced' or 'halving' (as the makers' compiler cuts)."""
    if method not in ("balanced", "halving"):
        raise OptionError(f"method may be 'balanced' or 'halving', got {method!r}", where="loihi")
    return placed(plan, core_of(plan, chip)[1], method=method)


def estimate(
    plan: LoihiPlan,
    spikes: Recorded | Mapping[str, np.ndarray] | None = None,
    *,
    chip: str | None = None,
    constants: str | None = None,
    steps: int | None = None,
) -> Estimate:
    """Energy and time per step.

    Parameters
    ----------
    plan : LoihiPlan
    spikes : Recorded or mapping, optional
        Of a run, or group -> (N,) spikes of each neuron; of a run on the emulator unless given.
    chip : str, optional
        The plan's own target unless given.
    constants : str, optional
        Name of a set of :data:`neurosim.hardware.loihi.energy.CONSTANTS`.
    steps : int, optional
        How many steps the spikes are of; the plan's unless given.
    """
    profile, core = core_of(plan, chip)
    name = DEFAULT[profile.name] if constants is None else constants
    if name not in CONSTANTS:
        raise OptionError(f"there are no constants {name!r}{did_you_mean(name, CONSTANTS)}", where="loihi")
    return estimated(plan, placed(plan, core), counts_of(plan, spikes), CONSTANTS[name], steps)


def counts_of(plan: LoihiPlan, spikes: Recorded | Mapping[str, np.ndarray] | None) -> Mapping[str, np.ndarray]:
    """Spikes of each neuron, also of groups that are not recorded."""
    if isinstance(spikes, Recorded):
        missing = [group.name for group in plan.neurons if group.name not in spikes.spikes]
        if not missing:
            return {group.name: spikes.counts(group.name, group.size) for group in plan.neurons}
        spikes = None
    if spikes is not None:
        return spikes
    return emulated_counts(plan)


def report(
    plan: LoihiPlan, spikes: Recorded | Mapping[str, np.ndarray] | None = None, *, chip: str | None = None, constants: str | None = None
) -> Report:
    """Cores, energy and time of a plan; arguments as in :func:`estimate`."""
    return Report(plan, place(plan, chip=chip), estimate(plan, spikes, chip=chip, constants=constants))


def evaluate(
    plan: LoihiPlan,
    images: np.ndarray,
    labels: np.ndarray,
    *,
    source: str | None = None,
    readout: str | None = None,
    coding: str = "regular",
    seed: int = 0,
    threads: int = 1,
    chip: str | None = None,
    constants: str | None = None,
) -> Evaluation:
    """Show items to a classifier, each for all steps of the plan from its initial state, and count the spikes of its readout.

    Parameters
    ----------
    plan : LoihiPlan
    images : ndarray
        (K, N) or (K, ...) intensities, 0 to 1, as spike rates of the N sources.
    labels : ndarray
        (K,) which neuron of the readout should fire most.
    source, readout : str, optional
        Groups; those where there is only one choice unless given.
    coding : {'regular', 'random'}
        Spikes at even distances, or one in each step with the intensity as its probability, keyed by ``seed`` and item.
    threads : int
        Items are shared among them; the result is the same for any number.
    chip, constants : str, optional
        For the estimate of energy and time, as in :func:`estimate`.

    Returns
    -------
    Evaluation
    """
    found, total = evaluated(plan, images, labels, source=source, readout=readout, coding=coding, seed=seed, threads=threads)
    return replace(found, estimate=estimate(plan, total, chip=chip, constants=constants, steps=plan.steps * len(found.labels)))


# ---- to a host and back ----------------------------------------------------------------------------------------------------
def export(plan: LoihiPlan, path: str | os.PathLike[str], *, chip: str | None = None, constants: str | None = None) -> None:
    """Write one file to carry to a Loihi host: plan, mapping, stimulus, expected spikes, costs, and a script that runs it there.

    Parameters
    ----------
    plan : LoihiPlan
        The spikes of all its neurons are recorded, whatever it asks for: by these the run is verified.
    path : path
    chip, constants : str, optional
        As in :func:`estimate`.
    """
    whole = recording_all(plan)
    expected = emulated(whole)
    write_artifact(path, report(whole, expected, chip=chip, constants=constants), expected)


def deploy(
    artifact: str | os.PathLike[str],
    host: str,
    out: str | os.PathLike[str],
    *,
    python: str = "python3",
    sim: bool = False,
    partition: str | None = None,
    board: str | None = None,
    generation: str | None = None,
    say: Callable[[str], None] = print,
) -> None:
    """Run an artifact on a Loihi host and fetch the record.

    Parameters
    ----------
    artifact : path
    host : str
        As ssh knows it, by your own configuration and keys; 'local' is this machine.
    out : path
        Where the record goes.
    python : str
        The interpreter there that has Lava.
    sim : bool
        Lava's models on the CPU of the host instead of a chip.
    partition, board, generation : str, optional
        Of a host with SLURM, as Lava's extension knows them.
    say : callable
        Told what happens there, line by line.

    Raises
    ------
    EngineError
        If the host cannot be reached, or the run fails; with what was said there.
    """
    deployed(artifact, host, out, python=python, sim=sim, variables=environment(partition, board, generation), say=say)


def verify(artifact: str | os.PathLike[str], record: str | os.PathLike[str]) -> Verification:
    """Compare what came back from a chip with what the emulator computes; ``.ok``, and ``print`` says where they part."""
    found = read_artifact(artifact)
    return verified(found.plan, found.expected, load_record(record))

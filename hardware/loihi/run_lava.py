"""Runs the plan of this folder on a Loihi, or with Lava's models on the CPU: ``python run_lava.py [--sim] [--out recorded.npz]``.

Everything it needs lies beside it: the plan, the modules that read plans and records, and the processes of Lava. On a chip Lava's
extension for Loihi has to be installed; partition, board and generation are the environment variables PARTITION, BOARD and LOIHI_GEN (with
SLURM), or NXSDKHOST and HOST_BINARY (over Ethernet). Lava runs in a process of its own that is watched: it may hang without a word.
Every mistake is one message and the status 1; after Ctrl-C, or when who sent it is gone, nothing of it goes on.
"""

from __future__ import annotations

import argparse
import hashlib
import importlib.util
import json
import os
import secrets
import signal
import subprocess
import sys
import tempfile
import threading
import time
import zlib
from collections.abc import Iterator, Sequence
from pathlib import Path
from types import FrameType, ModuleType
from typing import Any

try:
    import numpy as np
except ImportError:
    sys.exit(f"it did not run: {sys.executable} has no numpy; use the Python that has Lava (requirements.lock lists what it needs)")

HERE = Path(__file__).resolve().parent
OLDEST = (3, 10)
POLL = 0.1
SIGN_OF_LIFE = 10.0
"""Seconds between lines that say it still runs."""
PATIENCE, PATIENCE_ON_CHIP = 60.0, 600.0
"""Seconds without a sign of life after which a run is given up; before its first step a chip may have to be waited for."""
ALONE = 75
"""The status where who started it is gone."""


class NoRunError(RuntimeError):
    """What stands in the way of a run, in words."""


def beside(name: str) -> ModuleType:
    """The module of that name in this folder."""
    if name in sys.modules:
        return sys.modules[name]
    specification = importlib.util.spec_from_file_location(name, HERE / f"{name}.py")
    if specification is None or specification.loader is None:
        raise ImportError(f"there is no {name}.py beside {__file__}")
    module = importlib.util.module_from_spec(specification)
    sys.modules[name] = module
    specification.loader.exec_module(module)
    return module


# ---- on the chip, in the process that imports Lava -------------------------------------------------------------------------
def choose_host() -> None:
    """Tell Lava where the chip is, or refuse where there can be none."""
    from lava.utils import loihi

    if not loihi.is_installed():
        raise NoRunError(
            "Lava's extension for Loihi is not installed in this Python; it comes from Intel's research community."
            " Run this on a Loihi host, or with --sim for Lava's models on the CPU"
        )
    generation = loihi.ChipGeneration[os.environ.get("LOIHI_GEN", "N3B3")]
    partition, board, address = (os.environ.get(name) or None for name in ("PARTITION", "BOARD", "NXSDKHOST"))
    if address is not None:
        binary = os.environ.get("HOST_BINARY", "nxcore/bin/nx_driver_server")
        loihi.use_ethernet_host(host_address=address, host_binary_path=binary, loihi_gen=generation)
    elif os.environ.get("SLURM") == "1":
        loihi.use_slurm_host(partition=partition, board=board, loihi_gen=generation)


PER_GROUP = ("du", "dv", "bias_exp", "vth", "refractory")
"""What a process on the chip has once for all of its neurons."""


def chip_problems(plan: Any) -> Iterator[str]:
    """Everything in a plan for which Lava's public names have nothing on a chip."""
    sizes = {group.name: group.size for group in plan.neurons}
    for group in plan.neurons:
        if group.kind == "source":
            continue
        if group.kind not in ("lif", "ternary") or group.reset_every:
            kind = f"{group.kind} neurons{' with planned resets' * bool(group.reset_every)}"
            yield f"{group.name}: {kind} have no public model on the chip"
        for name in (*PER_GROUP, *(("vth_low",) if group.kind == "ternary" else ())):
            count = len(np.unique(np.asarray(getattr(group, name))))
            if count > 1:
                yield f"{group.name}: a process on the chip has one {name}, got {count} different ones; make a group of each"
    for some in plan.synapses:
        if some.learning is None:
            continue
        if some.learning.third_factor:
            yield (
                f"{some.name}: learns by a third factor, and none of Lava's public neurons sends y1, y2 or y3;"
                " the one that does so here is a model for the CPU"
            )
        if not some.is_full(sizes[some.source], sizes[some.target]):
            yield (
                f"{some.name}: learns where only some pairs are connected; LearningDense lets all pairs learn,"
                " and what LearningSparse learnt cannot be read back where a weight began at 0"
            )
        if np.asarray(some.delay).any():
            yield f"{some.name}: Lava has no synapses that learn and have delays"


def single(group: Any, name: str) -> int:
    """A parameter that a neuron of the chip has once per process."""
    return int(np.asarray(getattr(group, name)).flat[0])


def chip_neurons(group: Any) -> Any:
    """The process of a group of neurons, with the parameters that exist in hardware."""
    from lava.proc.lif.process import LIF, LIFRefractory, TernaryLIF

    common = dict(shape=(group.size,), du=single(group, "du"), dv=single(group, "dv"), bias_exp=single(group, "bias_exp"))
    common.update({name: np.broadcast_to(np.asarray(getattr(group, name)), (group.size,)).astype(int) for name in ("bias_mant", "u", "v")})
    if group.kind == "ternary":
        return TernaryLIF(vth_hi=single(group, "vth"), vth_lo=single(group, "vth_low"), **common)
    hold = single(group, "refractory")
    if hold > 1:
        return LIFRefractory(vth=single(group, "vth"), refractory_period=hold - 1, **common)
    return LIF(vth=single(group, "vth"), **common)


def on_chip(plan: Any, folder: Path) -> dict[str, Any]:
    """Build the plan for the chip, run it, and leave one file per recorded group."""
    found = list(chip_problems(plan))
    if found:
        raise NoRunError("\n  ".join(["this plan cannot run on a chip through Lava; with --sim it may:", *found]))
    choose_host()
    from lava.magma.core.run_conditions import RunSteps
    from lava.magma.core.run_configs import Loihi2HwCfg
    from lava.proc.embedded_io.spike import NxToPyAdapter, PyToNxAdapter
    from lava.utils.loihi2_state_probes import StateProbe

    build = beside("lava_build")
    beside("worker").beside("lava_processes")
    groups, ports, learn = {}, {}, {}
    for group in plan.neurons:
        if group.kind == "source":
            groups[group.name] = build.neurons_of(group, plan, False)
            bits = max((some.message_bits for some in plan.synapses if some.source == group.name), default=0)
            adapter = PyToNxAdapter(shape=(group.size,), num_message_bits=bits)
            groups[group.name].s_out.connect(adapter.inp)
            ports[group.name] = adapter.out
        else:
            groups[group.name] = chip_neurons(group)
            ports[group.name] = groups[group.name].s_out
    # A chip rounds with random numbers of its own, whatever the plan says of the emulator's.
    for number, some in enumerate(beside("recorded").lavas_rounding(plan).synapses):
        process = build.synapses_of(some, plan, False)
        ports[some.source].connect(process.s_in)
        process.a_out.connect(groups[some.target].a_in)
        if some.learning is not None:
            ports[some.target].connect(process.s_in_bap)
            learn[number] = process
    probes, kept = {}, []
    for number, group in enumerate(plan.neurons):
        variables = {recording.variable for recording in plan.recordings if recording.part == group.name}
        if "spikes" in variables and group.kind != "source":
            reader = NxToPyAdapter(shape=(group.size,))
            recorder = build.own_processes().Recorder(shape=(group.size,), steps=plan.steps, path=str(folder / f"group{number}.npz"))
            ports[group.name].connect(reader.inp)
            reader.out.connect(recorder.a_in)
            kept.append((reader, recorder))
        for variable in variables & {"u", "v"}:
            probes[number, variable] = StateProbe(getattr(groups[group.name], variable))
    first = next(groups[group.name] for group in plan.neurons if group.kind != "source")
    began = time.perf_counter()
    settings, done = Loihi2HwCfg(callback_fxs=list(probes.values())), 0
    wanted = {number: wanted_steps(plan, number) for number in learn}
    read: dict[int, list[dict[str, np.ndarray]]] = {number: [] for number in learn}
    # A core's weights have a public name while it rests only: the run pauses after the steps that are wanted.
    for step in sorted({plan.steps - 1}.union(*wanted.values())):
        first.run(RunSteps(step + 1 - done), settings)
        done = step + 1
        for number, process in learn.items():
            if step in wanted[number]:
                read[number].append({name: np.asarray(var.get()) for name, var in learnt(process)})
    took = time.perf_counter() - began
    for number, rows in read.items():
        w, t, d = (np.array([values[name] for values in rows]) for name in "wtd")
        np.savez(folder / f"synapses{number}.npz", steps=np.array(wanted[number]), w=w, t=t, d=d)
    for (number, variable), probe in probes.items():
        # A probe holds one neuron after the other.
        values, group = np.asarray(probe.time_series), plan.neurons[number]
        if values.size != plan.steps * group.size:
            why = "; where synapses learn the run pauses to read them: record u and v in a plan of their own" * bool(learn)
            raise NoRunError(f"the probe of {variable} of {group.name} holds {values.size} values, expected {plan.steps * group.size}{why}")
        values = values.reshape(group.size, -1).T
        np.savez(folder / f"register{number}{variable}.npz", values=values)
    first.stop()
    return {"run_s": took, "python": sys.version.split()[0], "generation": os.environ.get("LOIHI_GEN", "N3B3")}


def wanted_steps(plan: Any, number: int) -> list[int]:
    """Steps after which weights or tags of synapses are wanted."""
    name = plan.synapses[number].name
    return sorted({step for r in plan.recordings if r.part == name for step in range(r.at % r.every, plan.steps, r.every)})


def learnt(process: Any) -> tuple[tuple[str, Any], ...]:
    """What changes in synapses that learn, by the names of the plan."""
    return ("w", process.weights), ("t", process.tag_1), ("d", process.tag_2)


def inside(folder: Path) -> int:
    """In the process that imports Lava: run, and say what happened in any case."""
    worker = beside("worker")
    sys.path[:] = [entry for entry in sys.path if Path(entry or ".").resolve() != HERE]
    try:
        if sys.version_info >= (3, 11):
            worker.admit_python_311()
        result = on_chip(beside("plan").LoihiPlan.load(HERE / "plan.plan"), folder)
    except NoRunError as error:
        result = {"error": str(error)}
    except BaseException as error:  # whatever it is, who waits has to know
        result = {"error": f"{type(error).__name__}: {error}"}
    (folder / "result.part").write_text(json.dumps(result))
    (folder / "result.part").replace(folder / "result.json")
    return 0


# ---- outside ---------------------------------------------------------------------------------------------------------------
def watched(command: list[str], folder: Path, patience: float, alone: threading.Event, *, waits: bool) -> dict[str, Any]:
    """Run the process that imports Lava in a session of its own, end all of it afterwards; its result, or what went wrong.

    ``waits``: the patience begins with the first step.
    """
    began = said = time.monotonic()
    start = time.time()
    with open(folder / "output", "wb") as output:
        process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=output, stderr=subprocess.STDOUT, start_new_session=True)
    result, heartbeat = folder / "result.json", folder / "heartbeat"
    try:
        while not result.exists():
            if process.poll() is not None and not result.exists():
                words = (folder / "output").read_text(errors="replace").strip().splitlines()
                return {"error": f"Lava's process ended with status {process.returncode}: " + " | ".join(words[-3:])}
            if alone.is_set():
                raise SystemExit(ALONE)
            alive = heartbeat.stat().st_mtime if heartbeat.exists() else time.time() if waits else start
            if time.time() - alive > patience:
                return {"error": f"Lava has not moved for {time.time() - alive:.0f} s; it was stopped (--patience gives it more)"}
            if time.monotonic() - said > SIGN_OF_LIFE:
                said = time.monotonic()
                print(f"running for {said - began:.0f} s", flush=True)
            time.sleep(POLL)
        found: dict[str, Any] = json.loads(result.read_text())
        return found
    finally:
        beside("remains").end_session(process.pid)
        process.wait()


def gathered(plan: Any, folder: Path, by: str, info: dict[str, str]) -> Any:
    """One record of the files that the process left."""
    records = beside("recorded")
    spikes, registers = {}, {}
    for number, group in enumerate(plan.neurons):
        path = folder / f"group{number}.npz"
        arrays = dict(np.load(path)) if path.exists() else {}
        for recording in (recording for recording in plan.recordings if recording.part == group.name):
            if recording.variable == "spikes" and "steps" in arrays:
                spikes[group.name] = records.sorted_spikes(arrays["steps"], arrays["indices"], arrays["payloads"])
            elif recording.variable in ("u", "v"):
                probe = folder / f"register{number}{recording.variable}.npz"
                values = np.load(probe)["values"] if probe.exists() else arrays.get("first" if recording.variable == "u" else "second")
                if values is None:
                    continue
                steps = np.arange(len(values))
                steps = steps[steps % recording.every == recording.at % recording.every]
                of = np.arange(group.size) if recording.of is None else np.asarray(recording.of)
                registers[group.name, recording.variable] = records.Register(steps, of, values[steps][:, of])
    for number, some in enumerate(plan.synapses):
        path = folder / f"synapses{number}.npz"
        found = dict(np.load(path)) if path.exists() else {}
        for recording in (recording for recording in plan.recordings if found and recording.part == some.name):
            due = found["steps"] % recording.every == recording.at % recording.every
            of = np.arange(len(some)) if recording.of is None else np.asarray(recording.of)
            values = found[recording.variable][due][:, some.post[of], some.pre[of]]
            registers[some.name, recording.variable] = records.Register(found["steps"][due], of, values)
    return records.Recorded(plan.digest(), plan.steps, by, spikes, registers, info)


def checked_plan() -> Any:
    """The plan of this folder, if its files are those of the artifact."""
    again = "unpack the artifact again: python -m zipfile -e ARTIFACT FOLDER"
    try:
        wanted = json.loads((HERE / "manifest.json").read_text())["files"]
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise NoRunError(f"there is no usable manifest.json in {HERE} ({error}); {again}") from error
    contents = {name: (HERE / name).read_bytes() if (HERE / name).is_file() else b"" for name in wanted}
    bad = sorted(name for name, content in contents.items() if hashlib.sha256(content).hexdigest() != wanted[name])
    if bad:
        raise NoRunError(f"these files in {HERE} are missing, or not what manifest.json says: {', '.join(bad)}; {again}")
    plans = beside("plan")
    try:
        return plans.LoihiPlan.load(HERE / "plan.plan")
    except (plans.PlanError, OSError, KeyError, zlib.error) as error:
        raise NoRunError(str(error)) from error


def checked_target(name: str) -> Path:
    """Where the record goes, if it can be written."""
    target = Path(name)
    if target.is_dir() or not target.parent.is_dir() or not os.access(target.parent, os.W_OK):
        what = "it is a folder" if target.is_dir() else f"{target.parent} is no folder that can be written to"
        raise NoRunError(f"--out {name}: {what}")
    return target


def until_alone(alone: threading.Event) -> None:
    """Who sent it holds its standard input open; at its end nobody waits for the record any more."""
    while os.read(0, 4096):  # not through sys.stdin: its lock, held here, would break the end of Python
        pass
    alone.set()


def ended(number: int, frame: FrameType | None) -> None:
    """A signal to end: as an exception, so that what was started is ended too."""
    raise SystemExit(128 + number)


def main(arguments: Sequence[str]) -> int:
    """Run and record; the exit status is 1 where it failed."""
    parser = argparse.ArgumentParser(
        description="Run the plan of this folder on a Loihi and record what it does.",
        epilog="On the machine that made the artifact: neurosim loihi verify ARTIFACT --with recorded.npz",
    )
    parser.add_argument("--sim", action="store_true", help="with Lava's models on the CPU, not on a chip")
    parser.add_argument("--out", default="recorded.npz", metavar="FILE.npz", help="where the record goes (recorded.npz)")
    patience = f"without a sign of life before a run is given up ({PATIENCE:g}; {PATIENCE_ON_CHIP:g} on a chip, from the first step on)"
    parser.add_argument("--patience", type=float, metavar="SECONDS", help=patience)
    parser.add_argument("--attached", action="store_true", help="end when the standard input is closed")
    parser.add_argument("--inside", help=argparse.SUPPRESS)
    given = parser.parse_args(arguments)
    if given.inside:
        return inside(Path(given.inside))
    signal.signal(signal.SIGTERM, ended)
    alone = threading.Event()
    if given.attached:
        threading.Thread(target=until_alone, args=(alone,), daemon=True).start()
    try:
        print(recorded(given, alone), flush=True)
    except NoRunError as error:
        print(f"it did not run: {error}", file=sys.stderr, flush=True)
        return 1
    except KeyboardInterrupt:
        print("interrupted; nothing was recorded", file=sys.stderr, flush=True)
        return 130
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # else Python says at its end that it cannot write
        return ALONE
    return 0


def recorded(given: argparse.Namespace, alone: threading.Event) -> Any:
    """Run as asked, save the record."""
    if tuple(sys.version_info) < OLDEST:
        found = f"{sys.executable} is Python {sys.version.split()[0]}"
        raise NoRunError(f"{found}; it takes {OLDEST[0]}.{OLDEST[1]} or later, with Lava")
    target, plan, patience = checked_target(given.out), checked_plan(), given.patience
    if patience is None:
        patience = PATIENCE if given.sim else PATIENCE_ON_CHIP
    with tempfile.TemporaryDirectory(prefix="neurosim-lava-") as name:
        folder, memory = Path(name), f"ns{secrets.token_hex(4)}"
        command = [sys.executable, str(Path(__file__).resolve()), "--inside", name]
        if given.sim:
            beside("recorded").lavas_rounding(plan).save(folder / "job.plan")
            (folder / "job.json").write_text(json.dumps({"precision": "fixed", "memory": memory, "warm": 0, "final": False}))
            command = [sys.executable, str(HERE / "worker.py"), name]
        try:
            result = watched(command, folder, patience, alone, waits=not given.sim)
        finally:
            beside("remains").remove_memory(memory)
        if "error" in result:
            missing = "No module named" in result["error"]
            which = f"; this was {sys.executable}: use the Python that has Lava (requirements.lock lists what it needs)" * missing
            raise NoRunError(result["error"].strip() + which)
        info = {key: str(value) for key, value in result.items()}
        if given.sim and any(some.learning is not None for some in plan.synapses):
            info["rounding"] = "lava"
        record = gathered(plan, folder, "Lava on the CPU" if given.sim else "a Loihi", info)
    try:
        record.save(target)
    except OSError as error:
        raise NoRunError(f"cannot write {target}: {error.strerror or error}") from error
    return record


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

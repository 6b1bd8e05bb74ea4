"""Runs the plan of this folder on a Loihi, or with Lava's models on the CPU: ``python run_lava.py [--sim] [--out recorded.npz]``.

Everything it needs lies beside it: the plan, the modules that read plans and records, and the processes of Lava. On a chip Lava's
extension for Loihi has to be installed; partition, board and generation are the environment variables PARTITION, BOARD and LOIHI_GEN (with
SLURM), or NXSDKHOST and HOST_BINARY (over Ethernet). Lava runs in a process of its own that is watched: it may hang without a word.
"""

from __future__ import annotations

import argparse
import importlib.util
import json
import os
import secrets
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np

HERE = Path(__file__).resolve().parent
POLL = 0.1
SIGN_OF_LIFE = 10.0
"""Seconds between lines that say it still runs."""
PATIENCE = 600.0
"""Seconds without a sign of life after which a run on the CPU is given up; a chip may have to be waited for."""


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
        raise RuntimeError(
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


def single(group: Any, name: str) -> int:
    """A parameter that a neuron of the chip has once per process."""
    values = np.unique(np.asarray(getattr(group, name)))
    if len(values) != 1:
        raise RuntimeError(f"{group.name}: a group on the chip has one {name}, got {len(values)} different ones; make a group of each")
    return int(values[0])


def chip_neurons(group: Any) -> Any:
    """The process of a group of neurons, with the parameters that exist in hardware."""
    from lava.proc.lif.process import LIF, LIFRefractory, TernaryLIF

    if group.kind not in ("lif", "ternary") or group.reset_every:
        raise RuntimeError(f"{group.name}: {group.kind} neurons{' with planned resets' * bool(group.reset_every)} have no public model on the chip")
    common = dict(shape=(group.size,), du=single(group, "du"), dv=single(group, "dv"), bias_exp=single(group, "bias_exp"))
    common.update({name: np.broadcast_to(np.asarray(getattr(group, name)), (group.size,)).astype(int) for name in ("bias_mant", "u", "v")})
    if group.kind == "ternary":
        return TernaryLIF(vth_hi=single(group, "vth"), vth_lo=single(group, "vth_low"), **common)
    hold = single(group, "refractory")
    return LIF(vth=single(group, "vth"), **common) if hold <= 1 else LIFRefractory(vth=single(group, "vth"), refractory_period=hold - 1, **common)


def on_chip(plan: Any, folder: Path) -> dict[str, Any]:
    """Build the plan for the chip, run it, and leave one file per recorded group."""
    choose_host()
    from lava.magma.core.run_conditions import RunSteps
    from lava.magma.core.run_configs import Loihi2HwCfg
    from lava.proc.embedded_io.spike import NxToPyAdapter, PyToNxAdapter
    from lava.utils.loihi2_state_probes import StateProbe

    worker = beside("worker")
    worker.beside("lava_processes")
    groups, ports = {}, {}
    for group in plan.neurons:
        if group.kind == "source":
            groups[group.name] = worker.neurons_of(group, plan, False)
            bits = max((some.message_bits for some in plan.synapses if some.source == group.name), default=0)
            adapter = PyToNxAdapter(shape=(group.size,), num_message_bits=bits)
            groups[group.name].s_out.connect(adapter.inp)
            ports[group.name] = adapter.out
        else:
            groups[group.name] = chip_neurons(group)
            ports[group.name] = groups[group.name].s_out
    for some in plan.synapses:
        if some.learning is not None:
            raise RuntimeError(f"{some.name}: these synapses learn; runs on a chip have fixed weights so far")
        process = worker.synapses_of(some, plan, False)
        ports[some.source].connect(process.s_in)
        process.a_out.connect(groups[some.target].a_in)
    probes, kept = {}, []
    for number, group in enumerate(plan.neurons):
        wanted = {recording.variable for recording in plan.recordings if recording.part == group.name}
        if "spikes" in wanted and group.kind != "source":
            reader = NxToPyAdapter(shape=(group.size,))
            recorder = worker.own_processes().Recorder(shape=(group.size,), steps=plan.steps, path=str(folder / f"group{number}.npz"))
            ports[group.name].connect(reader.inp)
            reader.out.connect(recorder.a_in)
            kept.append((reader, recorder))
        for variable in wanted & {"u", "v"}:
            probes[number, variable] = StateProbe(getattr(groups[group.name], variable))
    first = next(groups[group.name] for group in plan.neurons if group.kind != "source")
    began = time.perf_counter()
    first.run(RunSteps(plan.steps), Loihi2HwCfg(callback_fxs=list(probes.values())))
    took = time.perf_counter() - began
    for (number, variable), probe in probes.items():
        # A probe holds one neuron after the other.
        values = np.asarray(probe.time_series).reshape(plan.neurons[number].size, -1).T
        np.savez(folder / f"register{number}{variable}.npz", values=values)
    first.stop()
    return {"run_s": took, "python": sys.version.split()[0], "generation": os.environ.get("LOIHI_GEN", "N3B3")}


def inside(folder: Path) -> int:
    """In the process that imports Lava: run, and say what happened in any case."""
    worker = beside("worker")
    sys.path[:] = [entry for entry in sys.path if Path(entry or ".").resolve() != HERE]
    try:
        if sys.version_info >= (3, 11):
            worker.admit_python_311()
        result = on_chip(beside("plan").LoihiPlan.load(HERE / "plan.plan"), folder)
    except BaseException as error:  # whatever it is, who waits has to know
        result = {"error": f"{type(error).__name__}: {error}"}
    (folder / "result.part").write_text(json.dumps(result))
    (folder / "result.part").replace(folder / "result.json")
    return 0


# ---- outside ---------------------------------------------------------------------------------------------------------------
def watched(command: list[str], folder: Path, patience: float) -> dict[str, Any]:
    """Run the process that imports Lava in a session of its own, end all of it afterwards; its result, or what went wrong."""
    began = said = time.monotonic()
    with open(folder / "output", "wb") as output:
        process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=output, stderr=subprocess.STDOUT, start_new_session=True)
    result, heartbeat = folder / "result.json", folder / "heartbeat"
    try:
        while not result.exists():
            if process.poll() is not None and not result.exists():
                words = (folder / "output").read_text(errors="replace").strip().splitlines()
                return {"error": f"Lava's process ended with status {process.returncode}: " + " | ".join(words[-3:])}
            alive = heartbeat.stat().st_mtime if heartbeat.exists() else time.time()
            if time.time() - alive > patience:
                return {"error": f"Lava has not moved for {time.time() - alive:.0f} s; it was stopped"}
            if time.monotonic() - said > SIGN_OF_LIFE:
                said = time.monotonic()
                print(f"running for {said - began:.0f} s", flush=True)
            time.sleep(POLL)
        found: dict[str, Any] = json.loads(result.read_text())
        return found
    finally:
        for member in session_of(process.pid):
            try:
                os.kill(member, signal.SIGKILL)
            except ProcessLookupError:
                continue
        process.wait()


def session_of(leader: int) -> list[int]:
    """The living processes of a session."""
    members = []
    for entry in Path("/proc").glob("[0-9]*"):
        try:
            fields = (entry / "stat").read_text().rpartition(")")[2].split()
        except OSError:
            continue
        if int(fields[3]) == leader and fields[0] != "Z":
            members.append(int(entry.name))
    return members


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
    return records.Recorded(plan.digest(), plan.steps, by, spikes, registers, info)


def main(arguments: list[str]) -> int:
    """Run and record; the exit status is 1 where it failed."""
    parser = argparse.ArgumentParser(description="Run the plan of this folder on a Loihi and record what it does.")
    parser.add_argument("--sim", action="store_true", help="with Lava's models on the CPU")
    parser.add_argument("--out", default="recorded.npz", help="where the record goes")
    parser.add_argument("--patience", type=float, default=PATIENCE, help="seconds without a sign of life before a run is given up")
    parser.add_argument("--inside", help=argparse.SUPPRESS)
    given = parser.parse_args(arguments)
    if given.inside:
        return inside(Path(given.inside))
    plan = beside("plan").LoihiPlan.load(HERE / "plan.plan")
    with tempfile.TemporaryDirectory(prefix="neurosim-lava-") as name:
        folder, memory = Path(name), f"ns{secrets.token_hex(4)}"
        command = [sys.executable, str(Path(__file__).resolve()), "--inside", name]
        if given.sim:
            plan.save(folder / "job.plan")
            (folder / "job.json").write_text(json.dumps({"precision": "fixed", "memory": memory, "warm": 0}))
            command = [sys.executable, str(HERE / "worker.py"), name]
        result = watched(command, folder, given.patience)
        for segment in Path("/dev/shm").glob(f"{memory}_*"):
            segment.unlink(missing_ok=True)
        if "error" in result:
            print(f"it did not run: {result['error']}", file=sys.stderr, flush=True)
            return 1
        record = gathered(plan, folder, "Lava on the CPU" if given.sim else "a Loihi", {key: str(value) for key, value in result.items()})
    record.save(given.out)
    print(record, flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

"""Runs a plan with Lava, in Lava's own environment: ``python worker.py FOLDER``. Needs plan.py beside it, numpy and Lava.

FOLDER holds ``job.plan`` and ``job.json``; the worker leaves ``result.json`` and one ``.npz`` per recording there. Lava may hang without a
word when one of its processes fails, so the run does not block: exceptions of the processes are looked for, and a file is touched while
steps are done, by which the parent sees that there is life.
"""

from __future__ import annotations

import dataclasses
import importlib.util
import json
import os
import signal
import sys
import threading
import time
import traceback
from collections.abc import Mapping
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np

HERE = Path(__file__).resolve().parent
POLL = 0.05
"""Seconds between looks at the processes."""


def beside(name: str) -> ModuleType:
    """The module or package of that name in this folder, which is on no path: its other files would hide Lava's."""
    if name in sys.modules:
        return sys.modules[name]
    folder = HERE / name
    places = [str(folder)] if folder.is_dir() else None
    file = folder / "__init__.py" if places else HERE / f"{name}.py"
    specification = importlib.util.spec_from_file_location(name, file, submodule_search_locations=places)
    if specification is None or specification.loader is None:
        raise ImportError(f"there is no {file}")
    module = importlib.util.module_from_spec(specification)
    sys.modules[name] = module
    specification.loader.exec_module(module)
    return module


def admit_python_311() -> None:
    """Import the one module of Lava that Python 3.11 refuses: a default of a dataclass there has no hash."""
    original = dataclasses.dataclass

    def with_hash(cls: Any = None, /, **options: Any) -> Any:
        def wrap(found: Any) -> Any:
            if found.__module__ == "lava.magma.compiler.var_model":
                options.setdefault("unsafe_hash", True)
            return original(found, **options)

        return wrap if cls is None else wrap(cls)

    dataclasses.dataclass = with_hash
    try:
        import lava.magma.compiler.var_model  # noqa: F401
    finally:
        dataclasses.dataclass = original


def name_shared_memory(prefix: str) -> None:
    """Give the segments of this run a name of their own, so that the parent can remove what is left."""
    from multiprocessing import shared_memory

    settings: Any = shared_memory
    settings._SHM_NAME_PREFIX = f"/{prefix}_"
    settings._SHM_SAFE_NAME_LENGTH = len(prefix) + 14


# ---- running -------------------------------------------------------------------------------------------------------------
def recorders(plan: Any, groups: Mapping[str, Any], connections: Mapping[str, Any], folder: Path, final: bool) -> list[Any]:
    """A recorder for every group whose spikes or states are wanted, a watcher for synapses that learn; ``final``: also after the last step."""
    own_processes = beside("lava_build").own_processes
    processes = own_processes()
    made = []
    wanted = {group.name: {r.variable for r in plan.recordings if r.part == group.name} for group in plan.neurons}
    for number, group in enumerate(plan.neurons):
        if not wanted[group.name]:
            continue
        states = bool(wanted[group.name] & {"u", "v"})
        process = groups[group.name]
        recorder = (processes.StateRecorder if states else processes.Recorder)(
            shape=(group.size,), steps=plan.steps, path=str(folder / f"group{number}.npz")
        )
        process.s_out.connect(recorder.a_in)
        if states:
            recorder.first.connect_var(process.i if group.kind == "adaptive" else process.v if group.kind in ("graded", "rectified") else process.u)
            recorder.second.connect_var(process.v)
        made.append(recorder)
    for number, some in enumerate(plan.synapses):
        recordings = [recording for recording in plan.recordings if recording.part == some.name]
        if (recordings or final) and some.learning is not None:
            steps, process = np.arange(plan.steps), connections[some.name]
            due = final & (steps == plan.steps - 1)
            for recording in recordings:
                due |= steps % recording.every == recording.at % recording.every
            watcher = own_processes("plastic").SynapseWatcher(shape=process.weights.shape, due=due, path=str(folder / f"synapses{number}.npz"))
            for port, variable in ((watcher.w, process.weights), (watcher.t, process.tag_1), (watcher.d, process.tag_2)):
                port.connect_var(variable)
            made.append(watcher)
    return made


def learning_wires(some: Any, groups: Mapping[str, Any], process: Any) -> None:
    """What goes back from the target to synapses that learn: its spikes, and what it tells where there is a third factor."""
    target = groups[some.target]
    if not some.learning.third_factor:
        target.s_out.connect(process.s_in_bap)
        return
    target.s_out_bap.connect(process.s_in_bap)
    for told, heard in ((target.s_out_y1, process.s_in_y1), (target.s_out_y2, process.s_in_y2), (target.s_out_y3, process.s_in_y3)):
        told.connect(heard)
    if not target.third_in.in_connections:
        groups[some.learning.third_factor].s_out.connect(target.third_in)


def execute(plan: Any, folder: Path, job: Mapping[str, Any]) -> dict[str, Any]:
    """Build, run, and say how long it took."""
    from lava.magma.core.run_conditions import RunSteps
    from lava.magma.core.run_configs import Loihi2SimCfg

    floating, build = job["precision"] == "float", beside("lava_build")
    groups = {group.name: build.neurons_of(group, plan, floating) for group in plan.neurons}
    connections = {}
    for some in plan.synapses:
        process = build.synapses_of(some, plan, floating)
        groups[some.source].s_out.connect(process.s_in)
        process.a_out.connect(groups[some.target].a_in)
        if some.learning is not None:
            learning_wires(some, groups, process)
        connections[some.name] = process
    kept = recorders(plan, groups, connections, folder, job["final"])
    # Lava runs what is connected to the process that is asked: everything is, through connections of weight zero.
    first = next(iter(groups.values()))
    kept += joined(plan, groups)
    began, spent = time.perf_counter(), [0.0]
    settings = Loihi2SimCfg(select_tag="floating_pt" if floating else "fixed_pt")
    for steps in (job["warm"], plan.steps - job["warm"]):
        if steps > 0:
            first.run(RunSteps(steps, blocking=False), settings)
            wait(first, job["memory"])
        spent.append(cpu_of_children())
    took = time.perf_counter() - began
    first.stop()
    count = len(groups) + len(connections) + len(kept)
    return {"run_s": took, "run_cpu_s": spent[2], "warm_cpu_s": spent[1], "python": sys.version.split()[0], "processes": count}


def cpu_of_children() -> float:
    """CPU seconds of all processes of this session so far."""
    total, ticks = 0.0, os.sysconf("SC_CLK_TCK")
    session = os.getsid(0)
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                fields = (entry / "stat").read_text().rpartition(")")[2].split()
            except OSError:
                continue
            if int(fields[3]) == session:
                total += (int(fields[11]) + int(fields[12])) / ticks
    return total


def joined(plan: Any, groups: Mapping[str, Any]) -> list[Any]:
    """Connections of weight zero that make one network out of separate ones."""
    from lava.proc.sparse.process import Sparse
    from scipy.sparse import csr_matrix

    leader = {name: name for name in groups}

    def find(name: str) -> str:
        while leader[name] != name:
            name = leader[name]
        return name

    for some in plan.synapses:
        leader[find(some.source)] = find(some.target)
        if some.learning is not None and some.learning.third_factor:
            leader[find(some.learning.third_factor)] = find(some.target)
    receivers = [group for group in plan.neurons if group.kind != "source"]
    made = []
    for group in plan.neurons:
        target = next((other for other in receivers if find(other.name) != find(group.name)), None)
        if target is not None and find(group.name) == group.name:
            process = Sparse(weights=csr_matrix((target.size, group.size), dtype=int))
            groups[group.name].s_out.connect(process.s_in)
            process.a_out.connect(groups[target.name].a_in)
            leader[find(group.name)] = find(target.name)
            made.append(process)
    return made


def abandon(memory: str) -> None:
    """Nobody waits for the result any more: nothing of the run stays."""
    beside("remains").remove_memory(memory)
    os.killpg(0, signal.SIGKILL)


def wait(process: Any, memory: str) -> None:
    """Until the run is done; raises what a process of Lava raised."""
    done, parent = threading.Event(), os.getppid()

    def waiting() -> None:
        process.wait()
        done.set()

    threading.Thread(target=waiting, daemon=True).start()
    actors = process.runtime._messaging_infrastructure.actors
    while not done.wait(POLL):
        if os.getppid() != parent:
            abandon(memory)
        for actor in actors:
            found = actor.exception
            if found:
                error, text = found
                raise RuntimeError(f"{type(error).__name__}: {error}\n{text}")


JOB = ("final", "memory", "precision", "warm")
PROCESSES = ("__init__.py", "events.py", "plastic.py")


def checked_job(folder: Path) -> dict[str, Any]:
    """What is asked for; refuses what nobody would look at, and files that Lava would execute."""
    job: dict[str, Any] = json.loads((folder / "job.json").read_text())
    if set(job) != set(JOB):
        raise ValueError(f"a job says {', '.join(JOB)}; this one says {', '.join(sorted(job)) or 'nothing'}")
    foreign = sorted({path.name for path in (HERE / "lava_processes").glob("*.py")} - set(PROCESSES))
    if foreign:
        raise ValueError(f"Lava would execute {', '.join(foreign)}, which lies beside the processes; only {', '.join(PROCESSES)} belong there")
    return job


def main(folder: Path) -> int:
    """Run the job of a folder; the result says what happened in any case."""
    sys.path[:] = [entry for entry in sys.path if Path(entry or ".").resolve() != HERE]
    try:
        job = checked_job(folder)
        name_shared_memory(job["memory"])
        plans = beside("plan")
        beside("lava_processes")
        if sys.version_info >= (3, 11):
            admit_python_311()
        result = execute(plans.LoihiPlan.load(folder / "job.plan"), folder, job)
    except BaseException as error:  # whatever it is, the parent has to know
        result = {"error": f"{type(error).__name__}: {error}", "traceback": traceback.format_exc()}
    unfinished = folder / "result.part"
    unfinished.write_text(json.dumps(result))
    unfinished.replace(folder / "result.json")
    if "error" in result:
        os.killpg(0, signal.SIGKILL)
    return 0


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))

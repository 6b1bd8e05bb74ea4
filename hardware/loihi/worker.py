"""Runs a plan with Lava, in Lava's own environment: ``python worker.py FOLDER``. Needs plan.py beside it, numpy and Lava.

FOLDER holds ``job.plan`` and ``job.json``; the worker leaves ``result.json`` and one ``.npz`` per recording there. Lava may hang without a
word when one of its processes fails, so the run does not block: exceptions of the processes are looked for, and a file is touched while
steps are done, by which the parent sees that there is life.
"""

from __future__ import annotations

import dataclasses
import importlib
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


def own_processes(module: str = "events") -> ModuleType:
    """The processes of ours; the package was loaded by :func:`main`."""
    return importlib.import_module(f"lava_processes.{module}")


# ---- from the plan to processes ------------------------------------------------------------------------------------------
def full(values: Any, size: int, kind: type = int) -> np.ndarray:
    """(N,) values of a group."""
    return np.broadcast_to(np.asarray(values), (size,)).astype(kind)


def one_of(group: Any, name: str) -> int:
    """A parameter that Lava has once per process."""
    values = np.unique(np.asarray(getattr(group, name)))
    if len(values) != 1:
        raise ValueError(f"{group.name}: Lava has one {name} per group, got {len(values)} different ones")
    return int(values[0])


def neurons_of(group: Any, plan: Any, floating: bool) -> Any:
    """The process of a group of neurons."""
    from lava.proc.atrlif.process import ATRLIF
    from lava.proc.graded.process import GradedReluVec, GradedVec
    from lava.proc.lif.process import LIF, LIFRefractory, LIFReset, TernaryLIF

    shape, size = (group.size,), group.size
    if group.kind == "source":
        stimulus = next((s for s in plan.stimuli if s.group == group.name), None)
        steps = np.zeros(0, int) if stimulus is None else stimulus.steps
        begin = np.searchsorted(steps, np.arange(plan.steps + 1))
        return own_processes().Events(
            shape=shape,
            begin=begin,
            indices=np.zeros(0, int) if stimulus is None else stimulus.indices,
            payloads=np.zeros(0, int) if stimulus is None else stimulus.payloads,
        )
    if group.kind in ("graded", "rectified"):
        return (GradedVec if group.kind == "graded" else GradedReluVec)(shape=shape, vth=one_of(group, "vth"))
    bias, exponent = full(group.bias_mant, size), full(group.bias_exp, size)
    common: dict[str, Any] = dict(shape=shape, bias_mant=bias, bias_exp=exponent)
    start: dict[str, Any] = dict(u=full(group.u, size), v=full(group.v, size))
    du, dv, vth = full(group.du, size), full(group.dv, size), full(group.vth, size)
    if floating:
        common.update(bias_mant=np.ldexp(bias.astype(float), exponent), bias_exp=np.zeros(size, int))
        du, dv, vth = (du + 1) / 4096, dv / 4096, vth * 64.0
        start = {name: value.astype(float) for name, value in start.items()}
    if group.kind == "adaptive":
        step, first = one_of(group, "threshold_step"), one_of(group, "threshold_start")
        names = {"delta_i": "du", "delta_v": "dv", "delta_theta": "threshold_decay", "delta_r": "refractory_decay"}
        fractions = {name: one_of(group, parameter) / 4096 for name, parameter in names.items()}
        return ATRLIF(**common, **fractions, theta_0=first, theta=first, theta_step=step)
    if group.kind == "ternary":
        unit = 64.0 if floating else 1
        return TernaryLIF(**common, **start, du=du, dv=dv, vth_hi=one_of(group, "vth") * unit, vth_lo=one_of(group, "vth_low") * unit)
    if group.reset_every:
        return LIFReset(**common, **start, du=du, dv=dv, vth=vth, reset_interval=group.reset_every, reset_offset=group.reset_at)
    hold = full(group.refractory, size)
    if (hold > 1).any():
        if not floating:
            raise ValueError(f"{group.name}: Lava has no neuron with a refractory time in fixed point")
        return LIFRefractory(**common, **start, du=du, dv=dv, vth=vth, refractory_period=int(hold[0]) - 1)
    rules = [some.learning for some in plan.synapses if some.target == group.name and some.learning is not None and some.learning.third_factor]
    if rules:
        return telling(group, rules, **common, **start, du=du, dv=dv, vth=vth)
    return LIF(**common, **start, du=du, dv=dv, vth=vth)


def telling(group: Any, rules: Any, **parameters: Any) -> Any:
    """Neurons that tell y1, y2 and y3 to the synapses that learn: to all the same."""
    told = {(rule.third_factor, rule.y1, rule.y2, rule.y3, rule.seed) for rule in rules}
    if len(told) > 1:
        raise ValueError(f"{group.name}: its synapses need one third factor, one set of its own traces and one seed")
    rule = rules[0]
    traces = (rule.y1, rule.y2, rule.y3)
    return own_processes("plastic").TellingLIF(
        rule=rule_of(rule), impulses=[int(t.impulse) for t in traces], taus=[t.tau for t in traces], seed=rule.seed + 4, **parameters
    )


def synapses_of(some: Any, plan: Any, floating: bool) -> Any:
    """The process of a group of synapses."""
    from lava.proc.dense.process import DelayDense, Dense, LearningDense
    from lava.proc.sparse.process import DelaySparse, Sparse
    from lava.utils.weightutils import SignMode
    from scipy.sparse import csr_matrix

    shape = (plan.group(some.target).size, plan.group(some.source).size)
    sign = {"mixed": SignMode.MIXED, "excitatory": SignMode.EXCITATORY, "inhibitory": SignMode.INHIBITORY}[some.sign]
    settings: dict[str, Any] = dict(num_message_bits=some.message_bits)
    weight = some.weight.astype(int)
    if floating:
        weight = weight * 2.0**some.weight_exp * 64
    else:
        settings.update(weight_exp=int(some.weight_exp), num_weight_bits=int(some.weight_bits), sign_mode=sign)
    delay = full(some.delay, len(some.pre))
    if some.learning is None and not some.dense and not delay.any():
        return Sparse(weights=csr_matrix((weight, (some.post, some.pre)), shape=shape), **settings)
    dense = np.zeros(shape, weight.dtype)
    np.add.at(dense, (some.post, some.pre), weight)
    if some.learning is not None:
        if floating:
            raise ValueError(f"{some.name}: a rule in the chip's integers means nothing in Lava's floating point; run it in fixed point")
        tags = {"tag_1": full(some.tag, len(some.pre)), "tag_2": full(some.delay_tag, len(some.pre))}
        matrices = {name: np.zeros(shape, int) for name in tags}
        for name, value in tags.items():
            matrices[name][some.post, some.pre] = value
        settings.update(weights=dense, learning_rule=rule_of(some.learning), **matrices)
        if delay.any():
            raise ValueError(f"{some.name}: Lava has no synapses that learn and have delays")
        if some.is_full(*reversed(shape)):
            return LearningDense(**settings)
        exists = np.zeros(shape, int)
        np.add.at(exists, (some.post, some.pre), 1)
        if exists.max() > 1:
            raise ValueError(f"{some.name}: Lava has no second synapse of a pair where synapses learn")
        return own_processes("plastic").PartialDense(exists=exists > 0, **settings)
    if not delay.any():
        return Dense(weights=dense, **settings)
    delays = np.zeros(shape, int)
    delays[some.post, some.pre] = delay
    if some.dense:
        return DelayDense(weights=dense, delays=delays, **settings)
    kept = dense != 0
    # A zero delay of a stored synapse has to be stored too: both matrices get the same places.
    places = np.nonzero(kept)
    return DelaySparse(
        weights=csr_matrix((dense[places], places), shape=shape), delays=csr_matrix((delays[places], places), shape=shape), **settings
    )


def rule_of(rule: Any) -> Any:
    """A learning rule in Lava's own language."""
    from lava.magma.core.learning.learning_rule import Loihi2FLearningRule, Loihi3FLearningRule

    if rule.rounding != "lava":
        raise ValueError(f"its rounding is {rule.rounding!r}; Lava has its own: aim at the profile lava-cpu-fixed")
    texts = {target: text_of(getattr(rule, target)) for target in ("dw", "dd", "dt") if getattr(rule, target)}
    names = ("x1", "x2") if rule.third_factor else ("x1", "x2", "y1", "y2", "y3")
    traces = {
        f"{name}_{what}": getattr(getattr(rule, name), what) for name in names for what in ("impulse", "tau")
    }
    made = Loihi3FLearningRule if rule.third_factor else Loihi2FLearningRule
    return made(**texts, **traces, t_epoch=rule.t_epoch, rng_seed=rule.seed)


def text_of(products: Any) -> str:
    """A sum of products as text."""
    parts = []
    for product in products:
        factors = [product.dependency, *(factor_text(factor) for factor in product.factors)]
        sign = "-" if product.mantissa < 0 else "+"
        parts.append(f"{sign} ({abs(product.mantissa)}) * 2^{product.exponent} * " + " * ".join(factors))
    return " ".join(parts).removeprefix("+ ")


def factor_text(factor: Any) -> str:
    """One factor."""
    inner = factor.name if not factor.constant else f"({factor.name}{factor.constant:+d})"
    return f"sgn{inner if factor.constant else f'({inner})'}" if factor.sign else inner


# ---- running -------------------------------------------------------------------------------------------------------------
def recorders(plan: Any, groups: Mapping[str, Any], connections: Mapping[str, Any], folder: Path) -> list[Any]:
    """A recorder for every group whose spikes or states are wanted, a watcher for synapses that learn."""
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
            recorder.first.connect_var(process.i if group.kind == "adaptive" else process.v if "graded" in group.kind else process.u)
            recorder.second.connect_var(process.v)
        made.append(recorder)
    for number, some in enumerate(plan.synapses):
        recordings = [recording for recording in plan.recordings if recording.part == some.name]
        if recordings and some.learning is not None:
            steps, process = np.arange(plan.steps), connections[some.name]
            due = np.any([steps % recording.every == recording.at % recording.every for recording in recordings], axis=0)
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

    floating = job["precision"] == "float"
    groups = {group.name: neurons_of(group, plan, floating) for group in plan.neurons}
    connections = {}
    for some in plan.synapses:
        process = synapses_of(some, plan, floating)
        groups[some.source].s_out.connect(process.s_in)
        process.a_out.connect(groups[some.target].a_in)
        if some.learning is not None:
            learning_wires(some, groups, process)
        connections[some.name] = process
    kept = recorders(plan, groups, connections, folder)
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
    for segment in Path("/dev/shm").glob(f"{memory}_*"):
        segment.unlink(missing_ok=True)
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


def main(folder: Path) -> int:
    """Run the job of a folder; the result says what happened in any case."""
    sys.path[:] = [entry for entry in sys.path if Path(entry or ".").resolve() != HERE]
    plans = beside("plan")
    beside("lava_processes")
    job = json.loads((folder / "job.json").read_text())
    name_shared_memory(job["memory"])
    try:
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

"""One simulation in a process of its own: ``python benchmarks/worker.py TASK`` with TASK as JSON prints one RESULT line.

A task: ``network`` (a model of neurosim, or a network of networks.py), ``arguments``, ``duration_ms``, and optionally ``backend``,
``precision``, ``threads``, ``seed``, ``options``, ``record`` ('counts', 'spikes' or 'nothing'), ``discard_ms`` (for 'spikes':
rates, CV and synchrony after that time), ``save`` (write the result to a file that is deleted again), ``affinity`` (cores).
"""

from __future__ import annotations

import json
import math
import os
import resource
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

START = time.perf_counter()

from harness import emit  # noqa: E402


def main() -> None:
    """Run the task and print its result."""
    task = json.loads(sys.argv[1])
    if task.get("affinity"):
        os.sched_setaffinity(0, set(task["affinity"]))
    resident = resident_bytes()
    import neurosim as ns
    from neurosim.units import ms

    record: dict[str, Any] = {"import_s": time.perf_counter() - START}
    duration = float(task["duration_ms"])
    net = network(task, duration)
    settings = {key: task[key] for key in ("backend", "precision", "threads", "seed", "options") if key in task}
    before = resource.getrusage(resource.RUSAGE_SELF)
    result = ns.simulate(net, duration * ms, **{"threads": 1, **settings})
    after = resource.getrusage(resource.RUSAGE_SELF)
    done = result.record
    record |= {key: float(value) for key, value in done.timing.items()}
    record |= {key: value for key, value in done.info.items() if isinstance(value, (int, float, str))}
    record["simulate_cpu_s"] = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    record["start_bytes"], record["peak_bytes"] = resident, after.ru_maxrss * 1024
    sizes = {population.name: population.size for population in net.populations}
    record["rates"] = rates(done, sizes, task, duration)
    if task.get("record") == "spikes":
        record |= irregularity(done, sizes, float(task.get("discard_ms", 0.0)), duration)
    if task.get("weights"):
        values = done.final[(task["weights"], "w")]
        record["weight_mean"], record["weight_sd"] = float(values.mean()), float(values.std())
    if task.get("save"):
        with tempfile.TemporaryDirectory() as folder:
            result.save(Path(folder) / "result.nsr")
    record["inside_s"] = time.perf_counter() - START
    emit(record)


def network(task: dict[str, Any], duration: float) -> Any:
    """The network of a task, with the probes that it asks for."""
    import networks

    net = networks.build(task["network"], task.get("arguments", {}))
    kind = task.get("record", "counts")
    return networks.with_probes(net, kind, duration)


def rates(done: Any, sizes: dict[str, int], task: dict[str, Any], duration: float) -> dict[str, float]:
    """Spikes per neuron and second of each population, after the time to discard where spikes were recorded."""
    kind = task.get("record", "counts")
    if kind == "spikes":
        first = float(task.get("discard_ms", 0.0))
        counts = {name: int((steps(done, name) * 0.1 >= first - 1e-9).sum()) for name in sizes if name in done.events}
        return {name: count / sizes[name] / (duration - first) * 1e3 for name, count in counts.items()}
    if kind == "counts":
        totals = {name: float(done.traces[(name, "count")].values.sum()) for name in sizes if (name, "count") in done.traces}
        return {name: total / sizes[name] / duration * 1e3 for name, total in totals.items()}
    return {}


def irregularity(done: Any, sizes: dict[str, int], first: float, duration: float) -> dict[str, dict[str, float]]:
    """CV of inter-spike intervals, mean over neurons with three or more; variance over mean of counts in bins of 3 ms.

    The synchrony is that of the first 1000 neurons. ``power_peak_hz`` is where the population rate has most power above 2 Hz.
    """
    import numpy as np

    found: dict[str, dict[str, float]] = {"cv": {}, "synchrony": {}, "power_peak_hz": {}}
    for name, size in sizes.items():
        if name not in done.events:
            continue
        times, neurons = steps(done, name) * 0.1, np.asarray(done.events[name].indices)
        late = times >= first - 1e-9
        times, neurons = times[late], neurons[late]
        order = np.lexsort((times, neurons))
        same = np.diff(neurons[order]) == 0
        intervals, who = np.diff(times[order])[same], neurons[order][1:][same]
        count = np.bincount(who, minlength=size)
        total = np.bincount(who, weights=intervals, minlength=size)
        squares = np.bincount(who, weights=intervals**2, minlength=size)
        enough = count >= 3
        mean = total[enough] / count[enough]
        spread = np.sqrt(np.maximum(squares[enough] / count[enough] - mean**2, 0.0))
        found["cv"][name] = float(np.mean(spread / mean)) if enough.any() else math.nan
        binned = np.histogram(times[neurons < 1000], np.arange(first, duration + 1e-9, 3.0))[0]
        found["synchrony"][name] = float(binned.var() / binned.mean()) if binned.any() else math.nan
        course = np.histogram(times, np.arange(first, duration + 1e-9, 1.0))[0]
        power = np.abs(np.fft.rfft(course - course.mean())) ** 2
        frequency = np.fft.rfftfreq(len(course), 1e-3)
        high = frequency > 2
        found["power_peak_hz"][name] = float(frequency[high][np.argmax(power[high])]) if high.any() else math.nan
    return found


def steps(done: Any, name: str) -> Any:
    """Steps of the recorded events."""
    import numpy as np

    return np.asarray(done.events[name].steps)


def resident_bytes() -> int:
    """Memory that this process holds now, 0 where the system does not say."""
    try:
        pages = int(Path("/proc/self/statm").read_text().split()[1])
    except OSError:
        return 0
    return pages * os.sysconf("SC_PAGE_SIZE")


if __name__ == "__main__":
    main()

"""Lava as the oracle: the same integers on random networks, and a clear error for everything that makes it hang."""

from __future__ import annotations

import importlib.util
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest

from neurosim.errors import BackendMissingError, EngineError, OptionError
from neurosim.hardware.loihi import lava
from neurosim.hardware.loihi.emulator import Emulator
from neurosim.hardware.loihi.merge import merged, side_by_side, summed, without_multapses
from neurosim.hardware.loihi.plan import LoihiPlan, Neurons, Recording, Stimulus, Synapses


def _beside(name: str) -> ModuleType:
    specification = importlib.util.spec_from_file_location(name, Path(__file__).with_name(f"{name}.py"))
    assert specification is not None and specification.loader is not None
    module = importlib.util.module_from_spec(specification)
    specification.loader.exec_module(module)
    return module


NETWORKS = _beside("networks")
RANDOM_NETWORKS, AT_ONCE = 300, 50
"""Networks in all, and in one run of Lava: dense blocks of many networks would fill the memory."""


def recorded(plan: LoihiPlan) -> LoihiPlan:
    """The plan with everything recorded that Lava can tell."""
    recordings = [Recording(group.name, "spikes") for group in plan.neurons]
    recordings += [Recording(group.name, name) for group in plan.neurons if group.kind != "source" for name in ("u", "v")]
    return replace(plan, recordings=tuple(recordings))


def differing(plan: LoihiPlan, run: lava.LavaRun) -> tuple[list[str], int, int]:
    """(groups that differ, spikes, compared values)."""
    emulator = Emulator.of(plan)
    emulator.run()
    traces = {(r.part, r.variable): values for r, (_, values) in zip(emulator.recordings, emulator.traces(), strict=True)}
    wrong, spikes, values = [], 0, 0
    for group in plan.neurons:
        here, there = emulator.spikes(group.name), run.spikes(group.name)
        order = np.lexsort((there[1], there[0]))
        same = all(np.array_equal(a, b[order]) for a, b in zip(here, there, strict=True))
        if group.kind != "source":
            same &= all(np.array_equal(traces[group.name, name], run.trace(group.name, name)) for name in ("u", "v"))
            values += 2 * run.trace(group.name, "v").size
        spikes += len(here[0])
        wrong += [] if same else [group.name]
    return wrong, spikes, values


@pytest.mark.slow
def test_random_networks(require_engine: Callable[[str], None]) -> None:
    """Spikes, u and v of every step, of every neuron."""
    require_engine("lava")
    spikes = values = 0
    for first in range(0, RANDOM_NETWORKS, AT_ONCE):
        seeds = range(first, first + AT_ONCE)
        plan = recorded(side_by_side([NETWORKS.random_plan(seed, NETWORKS.LAVAS_KINDS) for seed in seeds]))
        wrong, more_spikes, more_values = differing(plan, lava.run(plan, patience=60.0))
        assert wrong == []
        spikes, values = spikes + more_spikes, values + more_values
    assert spikes > 10_000 and values > 200_000


@pytest.mark.slow
def test_adaptive_and_graded_neurons(require_engine: Callable[[str], None]) -> None:
    """Kinds whose parameters are one for all in Lava."""
    require_engine("lava")
    stimulus = Stimulus("in", np.arange(40), np.arange(40) % 2, np.arange(40) % 7 + 1)
    source = Neurons("in", 2, "source")
    every = {
        "adaptive": Neurons("cells", 3, "adaptive", du=1000, dv=300, threshold_start=5, threshold_step=3, threshold_decay=500, refractory_decay=700),
        "graded": Neurons("cells", 3, "graded", vth=20),
        "rectified": Neurons("cells", 3, "rectified", vth=20),
    }
    pre, post = np.array([0, 0, 1, 1]), np.array([0, 1, 1, 2])
    for kind, cells in every.items():
        synapses = Synapses("s", "in", "cells", pre, post, np.array([40, -60, 100, 30]), message_bits=8)
        plan = replace(
            LoihiPlan(40, (source, cells), (synapses,), (stimulus,)),
            recordings=(Recording("cells", "spikes"), *((Recording("cells", "u"), Recording("cells", "v")) if kind == "adaptive" else ())),
        )
        emulator, run = Emulator.of(plan), lava.run(plan)
        emulator.run()
        here, there = emulator.spikes("cells"), run.spikes("cells")
        order = np.lexsort((there[1], there[0]))
        assert len(here[0]) > 5, kind
        for a, b in zip(here, there, strict=True):
            assert np.array_equal(a, b[order]), kind


@pytest.mark.slow
def test_merging_changes_nothing() -> None:
    """On the emulator: the merged plan, read back by group, is the original."""
    plan = recorded(side_by_side([NETWORKS.random_plan(seed, NETWORKS.EVERY_KIND) for seed in range(20)]))
    whole = merged(plan)
    assert len(whole.plan.neurons) < len(plan.neurons) and len(whole.plan.synapses) < len(plan.synapses)
    one, other = Emulator.of(plan), Emulator.of(whole.plan)
    one.run()
    other.run()
    for group in plan.neurons:
        place = whole.places[group.name]
        steps, indices, payloads = other.spikes(place.name)
        inside = (indices >= place.start) & (indices < place.start + place.size)
        found = {(s, i - place.start, p) for s, i, p in zip(steps[inside], indices[inside], payloads[inside], strict=True)}
        assert found == set(zip(*one.spikes(group.name), strict=True))


@pytest.mark.slow
def test_several_synapses_of_a_pair_become_layers() -> None:
    """A matrix of Lava has one entry per pair; the layers together do what the group did. So does one group of all weights as they act."""
    random = np.random.default_rng(5)
    cells, source = Neurons("cells", 4, du=400, dv=100, vth=30), Neurons("in", 3, "source")
    pre, post = np.sort(random.integers(0, 3, 60)), random.integers(0, 4, 60)
    some = [
        Synapses(f"s {e}", "in", "cells", pre, post, random.integers(0, 8, 60) * 16, e, sign="excitatory", delay=random.integers(0, 9, 60))
        for e in (-4, 1)
    ]
    firing = np.arange(0, 90, 2)
    stimulus = Stimulus("in", firing // 3, firing % 3, np.ones(len(firing), int))
    plan = recorded(LoihiPlan(40, (source, cells), tuple(some), (stimulus,)))
    layers = without_multapses(plan)
    assert all(len(np.unique(part.pre * 4 + part.post)) == len(part) for part in layers.synapses)
    assert sum(map(len, layers.synapses)) == 120 and len(layers.synapses) > 4
    assert len(summed(plan).synapses) == 1
    wanted, others = Emulator.of(plan), [Emulator.of(layers), Emulator.of(summed(plan)), Emulator.of(merged(layers).plan)]
    wanted.run()
    assert len(wanted.spikes("cells")[0]) > 10
    for other in others:
        other.run()
        assert np.array_equal(wanted.traces()[-1][1], other.traces()[-1][1])


# ---- what can go wrong -----------------------------------------------------------------------------------------------------
def small() -> LoihiPlan:
    cell, source = Neurons("cell", 2, vth=10), Neurons("in", 3, "source")
    synapses = Synapses("s", "in", "cell", np.array([0, 1]), np.array([0, 1]), np.array([100, 100]))
    stimulus = Stimulus("in", np.array([1, 3]), np.array([0, 1]), np.ones(2, int))
    return LoihiPlan(20, (source, cell), (synapses,), (stimulus,), (Recording("cell", "spikes"),))


def worker_processes() -> list[str]:
    listed = subprocess.run(["ps", "-eo", "args"], capture_output=True, text=True, check=True).stdout
    return [line for line in listed.splitlines() if str(lava.WORKER) in line]


@pytest.mark.slow
def test_no_neuron_of_that_kind(require_engine: Callable[[str], None]) -> None:
    require_engine("lava")
    plan = small()
    held = replace(plan, neurons=(plan.neurons[0], replace(plan.neurons[1], refractory=5)))
    with pytest.raises(EngineError, match="no neuron with a refractory time in fixed point"):
        lava.run(held)


def fake_python(folder: Path, script: str) -> Path:
    """An interpreter that does something else."""
    path = folder / "python"
    path.write_text(f"#!{sys.executable}\nimport os, sys, time\nfrom pathlib import Path\nfolder = Path(sys.argv[2])\n{script}\n")
    path.chmod(0o755)
    return path


def test_a_worker_that_dies(tmp_path: Path) -> None:
    python = fake_python(tmp_path, "print('Segmentation fault'); sys.exit(139)")
    with pytest.raises(EngineError, match="ended with status 139") as raised:
        lava.run(small(), python=python)
    assert "Segmentation fault" in str(raised.value)


def test_a_worker_that_stands_still(tmp_path: Path) -> None:
    """A beat, then nothing: given up after the patience, and killed with its children."""
    python = fake_python(tmp_path, "(folder / 'heartbeat').touch()\nif os.fork() == 0: os.setpgid(0, 0)\ntime.sleep(600)")
    began = time.monotonic()
    with pytest.raises(EngineError, match="has not moved"):
        lava.run(small(), python=python, patience=0.3)
    assert time.monotonic() - began < 5
    assert [line for line in worker_processes() if str(python) in line] == []


def test_ctrl_c_leaves_nothing(tmp_path: Path) -> None:
    python = fake_python(tmp_path, f"(folder / 'heartbeat').touch()\nos.kill({os.getpid()}, {int(signal.SIGINT)})\ntime.sleep(600)")
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        with pytest.raises(KeyboardInterrupt):
            lava.run(small(), python=python)
    finally:
        signal.signal(signal.SIGINT, before)
    assert [line for line in worker_processes() if str(python) in line] == []


def test_what_is_missing_is_said(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.delenv(lava.VARIABLE, raising=False)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    with pytest.raises(BackendMissingError, match="neurosim lava setup"):
        lava.run(small())
    monkeypatch.setenv(lava.VARIABLE, str(tmp_path / "nothing"))
    with pytest.raises(BackendMissingError, match="cannot be executed"):
        lava.run(small())
    with pytest.raises(OptionError, match="'fixed' or 'float'"):
        lava.run(small(), precision="double")

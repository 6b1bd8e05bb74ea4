"""An engine of somebody else: one file and one entry point, held to the same cases as ours."""

from __future__ import annotations

import importlib.util
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from types import ModuleType

import pytest

from neurosim.backends.base import Backend, Settings
from neurosim.conformance import CASES, Case, case, run_case

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent.parent
QUICK = ("exact_decay", "held_steps", "delays")


@pytest.fixture(name="toy", scope="module")
def _toy() -> Backend:
    specification = importlib.util.spec_from_file_location("toy_engine", HERE / "toy_engine.py")
    assert specification is not None and specification.loader is not None
    module: ModuleType = importlib.util.module_from_spec(specification)
    sys.modules["toy_engine"] = module  # dataclasses look their module up
    specification.loader.exec_module(module)
    engine: Backend = module.Toy()
    return engine


def without_obstacle(toy: Backend, chosen: Case) -> bool:
    return not toy.capabilities().obstacles(chosen.build(), Settings(copies=chosen.copies))


@pytest.mark.parametrize("name", QUICK)
def test_it_passes_cases(toy: Backend, name: str) -> None:
    report = run_case(case(name), toy)
    assert report.outcome == "passed", str(report)


@pytest.mark.slow
def test_it_passes_every_case_that_it_takes(toy: Backend) -> None:
    taken = [chosen for chosen in CASES if without_obstacle(toy, chosen)]
    failed = [str(report) for report in (run_case(chosen, toy) for chosen in taken) if not report.passed]
    assert failed == []
    assert len(taken) >= 12


def test_what_it_does_not_take_is_refused_as_promised(toy: Backend) -> None:
    refused = run_case(replace(case("stdp_pairs"), obstacles={"toy": "not_implemented"}), toy)
    assert refused.outcome == "refused", str(refused)
    assert run_case(case("stdp_pairs"), toy).outcome == "failed"


@pytest.fixture(name="installed")
def _installed(tmp_path: Path) -> Path:
    """A folder that holds the engine as an installed distribution would."""
    shutil.copy(HERE / "toy_engine.py", tmp_path)
    metadata = tmp_path / "toy_engine-0.1.dist-info"
    metadata.mkdir()
    (metadata / "METADATA").write_text("Metadata-Version: 2.1\nName: toy-engine\nVersion: 0.1\n", encoding="utf-8")
    (metadata / "entry_points.txt").write_text("[neurosim.backends]\ntoy = toy_engine:Toy\n", encoding="utf-8")
    return tmp_path


SCRIPT = """
import neurosim as ns
from neurosim.backends.registry import names
from neurosim.units import Hz, ms, mV, pA

cell = ns.neurons.lif_exponential
cells = ns.Population("cells", 20, cell, v=ns.uniform(-65 * mV, -50 * mV), I_e=500 * pA)
loop = ns.Projection(cells, cells, ns.fixed_probability(0.2), into="I_syn", weight=-50 * pA, delay=1.5 * ms)
net = ns.Network(cells, loop, ns.Probe(cells, "spikes"), ns.Probe(cells, "v"), seed=1)
print(names()[-1])
here, there = (ns.simulate(net, 100 * ms, backend=backend) for backend in ("toy", "reference"))
print(here.spike_count > 20, ns.compare(here, there).ok)
drive = ns.PoissonSource("drive", 20, rate=30 * Hz)
driven = net.with_parts(drive, ns.Projection(drive, cells, ns.one_to_one(), into="I_syn", weight=5 * pA))
try:
    ns.simulate(driven, 10 * ms, backend="toy")
except ns.NeurosimError as error:
    print(error)
"""


def test_it_is_found_by_its_entry_point(installed: Path, require_engine: Callable[[str], None]) -> None:
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join((str(installed), str(ROOT)))}
    done = subprocess.run([sys.executable, "-c", SCRIPT], env=environment, capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stderr
    found = done.stdout.splitlines()
    assert found[:2] == ["toy", "True True"]
    assert "source 'drive'" in found[-1] and "freeze the Program" in found[-1]

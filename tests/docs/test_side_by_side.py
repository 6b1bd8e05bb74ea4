"""The scripts that stand side by side in the documentation say the same: spike by spike, where the random numbers are shared."""

from __future__ import annotations

import importlib.util
import json
import os
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest

import neurosim as ns
from neurosim.units import ms, mV, nS, second

HERE = Path(__file__).resolve().parent
DT = 0.1


def _load(name: str) -> ModuleType:
    specification = importlib.util.spec_from_file_location(name, HERE / f"{name}.py")
    assert specification is not None and specification.loader is not None
    module = importlib.util.module_from_spec(specification)
    specification.loader.exec_module(module)
    return module


scripts = _load("scripts")
NAMES = sorted(path.stem.removesuffix("_neurosim") for path in scripts.FOLDER.glob("*_neurosim.py"))
BRIAN2 = [name for name in NAMES if (scripts.FOLDER / f"{name}_brian2.py").exists()]
NEST = [name for name in NAMES if (scripts.FOLDER / f"{name}_nest.py").exists()]


def spikes(steps: np.ndarray, indices: np.ndarray) -> np.ndarray:
    """Pairs of step and neuron (M, 2) in a canonical order."""
    order = np.lexsort((indices, steps))
    return np.column_stack([steps, indices])[order]


def in_steps(times: np.ndarray) -> np.ndarray:
    return np.rint(np.asarray(times) / DT).astype(np.int64)


# ---- length --------------------------------------------------------------------------------------------------------------
def test_there_are_five_of_brian2_and_two_of_nest() -> None:
    assert len(BRIAN2) >= 5
    assert len(NEST) >= 2
    assert sorted(BRIAN2 + NEST) == NAMES


@pytest.mark.parametrize("name", NAMES)
def test_ours_is_never_longer(name: str) -> None:
    peer = "brian2" if name in BRIAN2 else "nest"
    ours, theirs = (scripts.code_lines(scripts.FOLDER / f"{name}_{who}.py") for who in ("neurosim", peer))
    assert ours <= theirs, f"{ours} lines, {peer} needs {theirs}"


@pytest.mark.parametrize("name", NAMES)
def test_every_pair_stands_on_a_page(name: str) -> None:
    peer = "brian2" if name in BRIAN2 else "nest"
    page = (scripts.ROOT / "docs" / f"coming_from_{peer}.md").read_text(encoding="utf-8")
    assert f"side_by_side/{name}_{peer}.py" in page
    assert f"side_by_side/{name}_neurosim.py" in page


@pytest.mark.slow
@pytest.mark.parametrize("name", NAMES)
def test_ours_runs_as_it_stands(name: str, tmp_path: Path) -> None:
    """To its picture; for a short time on the engine that compiles nothing, and large networks are made smaller."""
    text = (scripts.FOLDER / f"{name}_neurosim.py").read_text(encoding="utf-8").replace("order = 2500", "order = 100")
    text, runs = re.subn(r"ns\.simulate\(net, .*\)\n", "ns.simulate(net, 5 * ns.units.ms, backend='reference')\n", text)
    assert runs == 1
    environment = {**os.environ, "MPLBACKEND": "Agg", "PYTHONPATH": str(scripts.ROOT)}
    done = subprocess.run([sys.executable, "-c", text], cwd=tmp_path, env=environment, capture_output=True, text=True, timeout=600)
    assert done.returncode == 0, done.stderr
    assert [path.name for path in tmp_path.glob("*.png")] == [f"{name}.png"]


# ---- networks with random wiring: ours gets the numbers that Brian2 drew ------------------------------------------------------
SLICES = {"exc": slice(0, 3200), "inh": slice(3200, 4000)}
WIRING = {f"{which}_{end}": f"{which}.{end}[:]" for which in ("excitatory", "inhibitory") for end in "ij"}


def with_wiring_of(drawn: dict[str, Any], net: ns.Network, states: dict[str, Any]) -> ns.Network:
    parts = {
        name: scripts.with_values(net[name], **{state: drawn[state][chosen] * unit for state, unit in states.items()})
        for name, chosen in SLICES.items()
    }
    projections = {}
    for source, which in (("exc", "excitatory"), ("inh", "inhibitory")):
        pre, post = drawn[f"{which}_i"], drawn[f"{which}_j"]
        for target, chosen in SLICES.items():
            here = (post >= chosen.start) & (post < chosen.stop)
            wiring = ns.pairs(pre[here], post[here] - chosen.start)
            projections[f"{source} -> {target}"] = {"connectivity": wiring, "weight_precision": "float64"}
    changed: ns.Network = scripts.exchanged(net, parts, projections)
    return changed


@pytest.mark.slow
@pytest.mark.parametrize(("name", "duration", "least"), [("cuba", 1000, 15_000), ("cobahh", 100, 10_000)])
def test_balanced_networks(name: str, duration: int, least: int, tmp_path: Path, require_engine: Callable[[str], None]) -> None:
    """The same wiring and initial states: every spike of 4000 neurons in the same step."""
    require_engine("brian2")
    units = {"v": mV} if name == "cuba" else {"v": mV, "g_e": nS, "g_i": nS}
    before = {**WIRING, **{state: f"cells.{state}/{unit}" for state, unit in units.items()}}
    changes = {"run(1 * second)": f"run({duration} * ms)"}
    theirs = scripts.brian2(name, tmp_path, changes=changes, before=before, after={"t": "spikes.t/ms", "i": "spikes.i[:]"})
    result = ns.simulate(with_wiring_of(theirs, scripts.network(name), units), duration * ms)
    exc, inh = result["exc"], result["inh"]
    ours = spikes(np.concatenate([exc.steps, inh.steps]), np.concatenate([exc.indices, inh.indices + 3200]))
    assert len(ours) >= least
    np.testing.assert_array_equal(ours, spikes(in_steps(theirs["t"]), theirs["i"]))


# ---- deterministic, or with random inputs that are shared ----------------------------------------------------------------------
def poisson_of(drawn: dict[str, Any], name: str, size: int) -> ns.SpikeTimes:
    """The spikes of a PoissonGroup."""
    return ns.SpikeTimes(name, size, drawn["input_t"] * ms, drawn["input_i"])


@pytest.mark.slow
def test_stdp(tmp_path: Path, require_engine: Callable[[str], None]) -> None:
    """The same inputs and first weights: the same spikes, weights within 1e-12 of 0.01."""
    require_engine("brian2")
    changes = {"run(100 * second)": "run(2 * second)"}
    after = {"input_t": "before.t/ms", "input_i": "before.i[:]", "t": "after.t/ms", "w": "plastic.w[:]"}
    theirs = scripts.brian2("stdp", tmp_path, changes=changes, before={"start": "plastic.w[:]"}, after=after)
    net = scripts.network("stdp")
    shared = {"inputs": poisson_of(theirs, "inputs", 1000)}
    given = {"plastic": {"weight": theirs["start"], "weight_precision": "float64"}}
    result = ns.simulate(scripts.exchanged(net, shared, given), 2 * second)
    assert len(theirs["t"]) >= 20
    np.testing.assert_array_equal(result["cells"].steps, in_steps(theirs["t"]))
    np.testing.assert_allclose(result["plastic"].final("w"), theirs["w"], atol=1e-12)


@pytest.mark.slow
def test_adaptive_threshold(tmp_path: Path, require_engine: Callable[[str], None]) -> None:
    """The same arrivals: the same spikes and traces."""
    require_engine("brian2")
    after = {"input_t": "arrivals.t/ms", "input_i": "arrivals.i[:]", "t": "spikes.t/ms", "v": "traces.v[0]/mV", "theta": "traces.theta[0]/mV"}
    theirs = scripts.brian2("adaptive_threshold", tmp_path, after=after)
    net = scripts.exchanged(scripts.network("adaptive_threshold"), {"inputs": poisson_of(theirs, "inputs", 1)})
    result = ns.simulate(net, 2 * second)
    assert len(theirs["t"]) >= 50
    np.testing.assert_array_equal(result["cells"].steps, in_steps(theirs["t"]))
    np.testing.assert_allclose(result["cells"].v[:, 0], theirs["v"], atol=1e-9)
    np.testing.assert_allclose(result["cells"].theta[:, 0], theirs["theta"], atol=1e-9)


@pytest.mark.slow
def test_rate_against_drive(tmp_path: Path, require_engine: Callable[[str], None]) -> None:
    require_engine("brian2")
    theirs = scripts.brian2("if_curve", tmp_path, after={"t": "spikes.t/ms", "i": "spikes.i[:]"})
    result = ns.simulate(scripts.network("if_curve"), 1 * second)
    assert len(theirs["t"]) >= 10_000
    np.testing.assert_array_equal(spikes(result["cells"].steps, result["cells"].indices), spikes(in_steps(theirs["t"]), theirs["i"]))


@pytest.mark.slow
def test_short_term_plasticity(tmp_path: Path, require_engine: Callable[[str], None]) -> None:
    require_engine("brian2")
    after = {"t": "spikes.t/ms", "i": "spikes.i[:]", "v": "traces.v.T/mV"}
    theirs = scripts.brian2("short_term_plasticity", tmp_path, after=after)
    result = ns.simulate(scripts.network("short_term_plasticity"), 1 * second)
    assert len(theirs["t"]) >= 400
    np.testing.assert_array_equal(spikes(result["inputs"].steps, result["inputs"].indices), spikes(in_steps(theirs["t"]), theirs["i"]))
    np.testing.assert_allclose(result["cells"].v, theirs["v"], atol=1e-6)  # mV: weights are rounded to 24 bits


# ---- NEST: live where it is installed, else what it gave when it was ------------------------------------------------------------
KEPT = scripts.ROOT / "tests" / "data" / "nest_side_by_side.json"


@pytest.fixture(name="nest_gave", scope="module")
def _nest_gave() -> dict[str, Any]:
    text = KEPT.read_text(encoding="utf-8")
    if importlib.util.find_spec("nest") is not None:
        program = scripts.ROOT / "benchmarks" / "peers" / "nest_side_by_side.py"
        done = subprocess.run([sys.executable, str(program), "-"], capture_output=True, text=True, timeout=1200, check=True)
        text = done.stdout.strip().splitlines()[-1]
    found: dict[str, Any] = json.loads(text)
    return found


@pytest.mark.slow
def test_two_neurons(nest_gave: dict[str, Any]) -> None:
    """NEST stamps a spike at the end of its step; the voltage of the neuron that receives is the same within 1e-12 mV."""
    result = ns.simulate(scripts.network("two_neurons"), 100 * ms)
    theirs = nest_gave["two_neurons"]
    assert len(theirs["spikes"]) >= 10
    np.testing.assert_array_equal(result["first"].steps, in_steps(theirs["spikes"]) - 1)
    np.testing.assert_allclose(result["second"].v[in_steps(theirs["times"]), 0], theirs["v"], atol=1e-11)


@pytest.mark.slow
def test_brunel_with_delta_currents(nest_gave: dict[str, Any]) -> None:
    """Rates and CV over seeds within four standard errors of the difference."""
    theirs = nest_gave["brunel_delta"]
    net = scripts.network("brunel_delta", {"order = 2500": f"order = {theirs['order']}"})
    ours: dict[str, list[float]] = {"exc": [], "inh": [], "cv": []}
    for seed in range(len(theirs["exc"])):
        result = ns.simulate(net, 1 * second, seed=seed)
        for name in ("exc", "inh"):
            ours[name].append(float(result[name].rate.mean()))
        ours["cv"].append(mean_cv(result["exc"]))
    for name, values in ours.items():
        error = np.hypot(standard_error(values), standard_error(theirs[name]))
        assert abs(np.mean(values) - np.mean(theirs[name])) < 4 * error, (name, values, theirs[name])


def standard_error(values: list[float]) -> float:
    return float(np.std(values, ddof=1) / np.sqrt(len(values)))


def mean_cv(part: Any) -> float:
    """As the script that ran NEST calculates it: of neurons with at least three intervals."""
    order = np.lexsort((part.steps, part.indices))
    steps, indices = part.steps[order], part.indices[order]
    found = [np.diff(each) for each in np.split(steps, np.flatnonzero(np.diff(indices)) + 1)]
    return float(np.mean([intervals.std() / intervals.mean() for intervals in found if len(intervals) >= 3]))

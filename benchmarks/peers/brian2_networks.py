"""The same networks by hand for Brian2's C++ standalone mode, as a practised user would write them.

``python benchmarks/peers/brian2_networks.py build CASE FOLDER DURATION_MS`` generates and compiles a program in FOLDER (with Brian2's
default flags, one thread) and prints what that cost; running FOLDER/main afterwards appends CPU seconds before and after the
simulation phase to FOLDER/cpu_seconds.txt. Delays and holds are those of our networks, so both do the same work; wiring and noise
come from other random numbers. Spikes are counted, not recorded, as in ours.
"""

from __future__ import annotations

import json
import resource
import sys
import time
from collections.abc import Callable
from typing import Any

import brian2 as b
import numpy as np

# Written into the generated main(): the clock of this process alone, before and after the run.
MARK = 'std::ofstream("cpu_seconds.txt", std::ios::app) << (double) std::clock() / CLOCKS_PER_SEC << std::endl;'

COUNT = 'std::ofstream("spikes.txt") << _array_spikemonitor_N[0] << std::endl;'

Built = tuple[list[Any], Any]
"""The inputs and synapses, and the one group of neurons."""


# ---- Wiring ---------------------------------------------------------------------------------------------------------
def fixed_indegree(rng: np.random.Generator, sources: int, targets: int, indegree: int) -> tuple[np.ndarray, np.ndarray]:
    """Every target draws its sources with replacement."""
    return rng.integers(0, sources, targets * indegree), np.repeat(np.arange(targets), indegree)


def sparse_pairs(rng: np.random.Generator, sources: int, targets: int, p: float) -> tuple[np.ndarray, np.ndarray]:
    """Every pair with probability p."""
    rows = [(np.flatnonzero(rng.random(targets) < p)) for _ in range(sources)]
    return np.repeat(np.arange(sources), [len(row) for row in rows]), np.concatenate(rows)


def redrawn_normal(rng: np.random.Generator, mean: float, sd: float, low: float, number: int) -> np.ndarray:
    """Normal numbers, drawn again below a bound."""
    values = rng.normal(mean, sd, number)
    while (wrong := values < low).any():
        values[wrong] = rng.normal(mean, sd, int(wrong.sum()))
    return values


# ---- Networks -------------------------------------------------------------------------------------------------------
def microcircuit(rng: np.random.Generator) -> Built:
    """The cortical microcircuit at 10 %, Poisson background, compensation for lost inputs at the rates of 2020."""
    from neurosim.models import microcircuit as model

    scale = 0.1
    size = model.neuron_numbers(scale)
    start = np.concatenate([[0], np.cumsum(size)])
    of = np.repeat(np.arange(8), size)
    names = {
        **{"tau_m": model.TAU_M * b.ms, "tau_s": model.TAU_SYN * b.ms, "C": model.C_M * b.pF},
        **{"E": model.E_L * b.mV, "theta": model.V_TH * b.mV, "reset": model.V_RESET * b.mV},
    }
    cells = b.NeuronGroup(
        int(size.sum()),
        """dv/dt = (E - v)/tau_m + (I + I_dc)/C : volt (unless refractory)
           dI/dt = -I/tau_s : amp
           I_dc : amp (constant)""",
        threshold="v >= theta", reset="v = reset", refractory=(model.T_REF + model.STEP) * b.ms, method="exact", namespace=names,
    )
    spread = np.array(model.INITIAL_MEAN["optimized"])[of], np.array(model.INITIAL_SD["optimized"])[of]
    cells.v = rng.normal(*spread) * b.mV
    cells.I_dc = model.compensation_currents(scale, "poisson", "2020")[of] * b.pA
    columns: list[list[np.ndarray]] = [[], [], [], []]
    numbers, means = model.synapse_numbers(scale, scale), model.weights(scale)
    for i, j in np.argwhere(numbers):
        number, mean, delay = int(numbers[i, j]), means[i, j], model.DELAY["EI"[j % 2]]
        drawn = rng.normal(mean, abs(mean) * model.RELATIVE_SD_OF_WEIGHTS, number)
        delays = redrawn_normal(rng, delay, delay * model.RELATIVE_SD_OF_DELAYS, 0.05, number)
        columns[0].append(rng.integers(start[j], start[j + 1], number))
        columns[1].append(rng.integers(start[i], start[i + 1], number))
        columns[2].append(np.where(np.sign(drawn) == np.sign(mean), drawn, 0.0))
        columns[3].append(np.maximum(np.rint(delays / 0.1), 1) * 0.1)
    pre, post, weight, delay = map(np.concatenate, columns)
    synapses = b.Synapses(cells, cells, "w : amp", on_pre="I_post += w")
    synapses.connect(i=pre, j=post)
    synapses.w, synapses.delay = weight * b.pA, delay * b.ms
    w_ext = model.external_weight(scale) * b.pA
    external = [
        b.PoissonInput(cells[start[k] : start[k + 1]], "I", int(np.rint(model.EXTERNAL_INDEGREE[k] * scale)), 8 * b.Hz, w_ext)
        for k in range(8)
    ]
    return [synapses, *external], cells


JUMP_CELL = "dv/dt = (mu - v)/tau : volt (unless refractory)"


def jump_cells(number: int, mu: float, reset: float) -> Any:
    """Integrate-and-fire neurons whose voltage jumps; a jump onto a refractory neuron is lost."""
    names = {"mu": mu * b.mV, "tau": 20 * b.ms, "theta": 20 * b.mV, "reset": reset * b.mV}
    return b.NeuronGroup(
        number, JUMP_CELL, threshold="v >= theta", reset="v = reset", refractory=2 * b.ms, method="exact", namespace=names
    )


def brunel(rng: np.random.Generator, plastic: bool = False) -> Built:
    """Brunel's panel C: g 5, eta 2; ``plastic``: additive STDP of the E to E synapses."""
    n_e, n_i, c_e, c_i, delay = 10000, 2500, 1000, 250, 1.5 * b.ms
    cells = jump_cells(n_e + n_i, 0.0, 10.0)
    cells.v = 10 * b.mV
    exc, inh = cells[:n_e], cells[n_e:]
    parts = [b.PoissonInput(cells, "v", 1000, 20 * b.Hz, 0.1 * b.mV)]
    targets = [(exc, inh, c_e, "v_post += 0.1*mV"), (inh, cells, c_i, "v_post -= 0.5*mV")]
    if not plastic:
        targets[0] = (exc, cells, c_e, "v_post += 0.1*mV")
    for source, target, indegree, jump in targets:
        synapses = b.Synapses(source, target, on_pre=jump, delay=delay)
        pre, post = fixed_indegree(rng, len(source), len(target), indegree)
        synapses.connect(i=pre, j=post)
        parts.append(synapses)
    if plastic:
        parts.append(plastic_synapses(rng, exc, c_e, delay))
    return parts, cells


def plastic_synapses(rng: np.random.Generator, exc: Any, indegree: int, delay: Any) -> Any:
    """Additive STDP of all pairs: the arrival is transmitted, then depresses; traces of 20 ms; weights in 0 to 0.2 mV."""
    synapses = b.Synapses(
        exc, exc,
        """w : volt
           dx/dt = -x/(20*ms) : 1 (event-driven)
           dy/dt = -y/(20*ms) : 1 (event-driven)""",
        on_pre="v_post += w; w = clip(w - 0.00021*mV*y, 0*mV, 0.2*mV); x += 1",
        on_post="y += 1; w = clip(w + 0.0002*mV*x, 0*mV, 0.2*mV)",
        delay={"pre": delay},
    )
    pre, post = fixed_indegree(rng, len(exc), len(exc), indegree)
    synapses.connect(i=pre, j=post)
    synapses.w = 0.1 * b.mV
    return synapses


def stdp(rng: np.random.Generator) -> Built:
    """Brunel's panel C with 10 million plastic synapses."""
    return brunel(rng, plastic=True)


def sparse_network(rng: np.random.Generator, cells: Any, jump_e: str, jump_i: str) -> list[Any]:
    """3200 excitatory and 800 inhibitory neurons, 2 % of the pairs, delay of one step."""
    parts = []
    for source, jump in ((cells[:3200], jump_e), (cells[3200:], jump_i)):
        synapses = b.Synapses(source, cells, on_pre=jump, delay=0.1 * b.ms)
        pre, post = sparse_pairs(rng, len(source), len(cells), 0.02)
        synapses.connect(i=pre, j=post)
        parts.append(synapses)
    return parts


def cuba(rng: np.random.Generator) -> Built:
    """Current-based benchmark network."""
    cells = b.NeuronGroup(
        4000,
        """dv/dt = (g_e + g_i - (v + 49*mV))/(20*ms) : volt (unless refractory)
           dg_e/dt = -g_e/(5*ms) : volt
           dg_i/dt = -g_i/(10*ms) : volt""",
        threshold="v > -50*mV", reset="v = -60*mV", refractory=5 * b.ms, method="exact",
    )
    cells.v = rng.uniform(-60, -50, 4000) * b.mV
    return sparse_network(rng, cells, "g_e_post += 1.62*mV", "g_i_post -= 9*mV"), cells


def coba(rng: np.random.Generator) -> Built:
    """Conductance-based benchmark network, exponential Euler."""
    cells = b.NeuronGroup(
        4000,
        """dv/dt = (10*nS*(-60*mV - v) - g_e*v + g_i*(-80*mV - v))/(200*pF) : volt (unless refractory)
           dg_e/dt = -g_e/(5*ms) : siemens
           dg_i/dt = -g_i/(10*ms) : siemens""",
        threshold="v > -50*mV", reset="v = -60*mV", refractory=5 * b.ms, method="exponential_euler",
    )
    normal = rng.standard_normal((3, 4000))
    cells.v = np.minimum(-65 + 5 * normal[0], -50.01) * b.mV
    cells.g_e = np.maximum(40 + 15 * normal[1], 0) * b.nS
    cells.g_i = np.maximum(200 + 120 * normal[2], 0) * b.nS
    return sparse_network(rng, cells, "g_e_post += 6*nS", "g_i_post += 67*nS"), cells


def small(rng: np.random.Generator) -> Built:
    """100 neurons above threshold, ten weak inputs each."""
    cells = jump_cells(100, 21.0, 10.0)
    cells.v = rng.uniform(0, 20, 100) * b.mV
    synapses = b.Synapses(cells, cells, on_pre="v_post += 0.05*mV", delay=1.5 * b.ms)
    pre, post = fixed_indegree(rng, 100, 100, 10)
    synapses.connect(i=pre, j=post)
    return [synapses], cells


CASES: dict[str, Callable[[np.random.Generator], Built]] = {
    **{"microcircuit": microcircuit, "brunel": brunel, "stdp": stdp},
    **{"cuba": cuba, "coba": coba, "small": small},
}


def build(case: str, folder: str, duration: float, seed: int) -> None:
    """Generate and compile; the program reports its spikes to spikes.txt when it ends."""
    started = time.perf_counter()
    b.BrianLogger.log_level_error()
    b.prefs.logging.file_log = False
    b.prefs.logging.save_script = False
    b.set_device("cpp_standalone", directory=folder, build_on_run=False)
    b.defaultclock.dt = 0.1 * b.ms
    b.seed(seed)
    parts, cells = CASES[case](np.random.default_rng(seed))
    network = b.Network(*parts, cells, b.SpikeMonitor(cells, record=False))
    b.device.insert_code("main", MARK)
    network.run(duration * b.ms)
    b.device.insert_code("main", MARK + COUNT)
    b.device.build(directory=folder, compile=True, run=False)
    used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    record = {
        "build_s": time.perf_counter() - started,
        "build_cpu_s": sum(u.ru_utime + u.ru_stime for u in used),
        "neurons": len(cells),
        "brian2": b.__version__,
    }
    print("RESULT " + json.dumps(record), flush=True)


if __name__ == "__main__":
    if len(sys.argv) < 5 or sys.argv[1] != "build" or sys.argv[2] not in CASES:
        sys.exit(f"usage: brian2_networks.py build {{{','.join(CASES)}}} FOLDER DURATION_MS [SEED]")
    build(sys.argv[2], sys.argv[3], float(sys.argv[4]), int(sys.argv[5]) if len(sys.argv) > 5 else 1)

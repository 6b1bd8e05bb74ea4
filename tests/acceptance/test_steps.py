"""When things happen, to the step, as a user sees it, on every engine: refractory times, delays, jumps onto held neurons."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

import neurosim as ns
from neurosim.units import ms, mV, pA, pF

ENGINES = ("reference", *(pytest.param(name, marks=pytest.mark.matrix) for name in ("native", "brian2")))
CELL = ns.NeuronModel(
    """
    dv/dt = (v_rest - v) / tau_m + I / c_m : mV
    dI/dt = -I / tau_s                     : pA
    tau_m, tau_s                           : ms
    c_m                                    : pF
    v_rest                                 : mV
    """,
    spike="v > -50*mV",
    reset="v = -65*mV",
    refractory=2 * ms,
    defaults={"tau_m": 10 * ms, "tau_s": 2 * ms, "c_m": 250 * pF, "v_rest": -65 * mV, "v": -65 * mV},
)


@pytest.fixture(params=ENGINES)
def engine(request: pytest.FixtureRequest, require_engine: Callable[[str], None]) -> str:
    require_engine(request.param)
    return str(request.param)


@pytest.mark.parametrize("steps", [1, 5, 20])
def test_refractory_intervals(engine: str, steps: int) -> None:
    """Under a drive that crosses the threshold in every free step the intervals are the refractory time."""
    cells = ns.Population("cells", 3, CELL, v_rest=1e4 * mV, refractory=steps * 0.1 * ms)
    result = ns.simulate(ns.Network(cells, ns.Probe(cells, "spikes")), 40 * ms, backend=engine)
    found, ids = result["cells"].steps, result["cells"].indices
    for neuron in range(3):
        assert found[ids == neuron].tolist() == list(range(0, 400, steps))


@pytest.mark.parametrize("delay", [1, 3, 63])
def test_a_spike_arrives_after_its_delay(engine: str, delay: int) -> None:
    """A spike of step n reaches the current at t = (n + d + 1) dt, and changes v from the end of step n + d + 1 on."""
    n = 7
    source = ns.SpikeTimes("source", 1, [n * 0.1 * ms], [0])
    cells = ns.Population("cells", 1, CELL)
    loop = ns.Projection(source, cells, ns.all_to_all(), into="I", weight=50 * pA, delay=delay * 0.1 * ms)
    probes = [ns.Probe(cells, "I"), ns.Probe(cells, "v"), ns.Probe(cells, "spikes")]
    result = ns.simulate(ns.Network(source, cells, loop, *probes), 10 * ms, backend=engine)
    current, v = result["cells"].I[:, 0], result["cells"].v[:, 0]
    arrived = n + delay + 1
    assert not current[:arrived].any() and current[arrived] == 50.0
    assert (v[: arrived + 1] == -65.0).all() and v[arrived + 1] > -65.0
    assert current[arrived + 1] == pytest.approx(50.0 * np.exp(-0.05), rel=1e-14)


def test_jumps_onto_held_neurons_and_in_the_step_of_the_spike(engine: str) -> None:
    """A jump is lost while v is held, and overwritten where v is reset in the step of its arrival; the current takes it all."""
    kick, jump = ns.SpikeTimes("kick", 1, [0.2 * ms], [0]), ns.SpikeTimes("jump", 3, np.array([0.3, 1.0, 2.4]) * ms, [0, 1, 2])
    cells = ns.Population("cells", 3, CELL, tau_m=1e9 * ms)
    projections = [
        ns.Projection(kick, cells, ns.all_to_all(), into="v", weight=20 * mV, name="kick it"),
        ns.Projection(jump, cells, ns.one_to_one(), into="v", weight=5 * mV, name="by a jump"),
        ns.Projection(jump, cells, ns.one_to_one(), into="I", weight=2**-20 * pA, name="by a current"),
    ]
    probes = [ns.Probe(cells, "spikes"), ns.Probe(cells, "v"), ns.Probe(cells, "I")]
    result = ns.simulate(ns.Network(kick, jump, cells, *projections, *probes), 5 * ms, backend=engine)
    # The kick arrives in step 2, all fire in step 3: held in steps 4 to 22.
    assert result["cells"].steps.tolist() == [3, 3, 3]
    v, current = result["cells"].v, result["cells"].I
    np.testing.assert_allclose(v[4:24], -65.0, rtol=0, atol=1e-6)  # steps 3 and 10 gave nothing to the first two
    np.testing.assert_allclose(v[-1], [-65.0, -65.0, -60.0], rtol=0, atol=1e-6)
    for neuron, step in enumerate((3, 10, 24)):
        assert current[step, neuron] == 0.0 and current[step + 1, neuron] == 2**-20

"""Where the engine's arrays would overflow: they grow, and nothing is lost; what cannot be represented is refused with a message."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

import neurosim as ns
from neurosim.backends.base import Settings, run_on
from neurosim.backends.registry import get
from neurosim.conformance.building import dense, events, key, one_to_one, pairs, spike, statements, taps, update, vector
from neurosim.conformance.case import differences
from neurosim.errors import NeurosimError
from neurosim.ir.program import Block, Pathway, Phase, Program, Rule, Sampled, Steps, Tap, Wiring
from neurosim.units import ms, mV, pA

DT = 0.1


def assert_same_as_the_reference(program: Program, least: int, *threads: int) -> None:
    """Equal events and final states, for every number of threads."""
    expected = run_on(get("reference"), program, Settings())
    blocks = {block.name for block in program.blocks}
    assert sum(len(found.steps) for part, found in expected.events.items() if part in blocks) >= least
    for number in threads or (1,):
        complaints, _ = differences(run_on(get("native"), program, Settings(threads=number)), expected, 1e-9, 0)
        assert not complaints, f"{number} threads: " + "\n".join(complaints)


# ---- queues of events ---------------------------------------------------------------------------------------------------
def everybody(hold: int, quiet: int, most: int, payload: str = "1") -> Program:
    """After some quiet steps all neurons fire every ``hold`` steps; each event is on its way for up to ``most`` steps."""
    block = Block(
        "cell",
        200,
        {"v": 0.0, "heard": 0.0, "last": 0.0},
        {"quiet": float(quiet)},
        ("p",),
        update(v="v + 1", heard="heard + p", last="p"),
        spike=spike("v > quiet", "", payload, hold=hold),
    )
    wiring = Wiring("fixed_probability", 200, 200, probability=0.05, stream=key("crowd"))
    delay = Sampled("uniform", 0.0, float(most), key("crowd", "delay"), quantum=1.0, least=0.0, most=float(most))
    text = "p_post += w" if payload == "1" else "p_post += w*value"
    path = Pathway("loop", "cell", "cell", wiring, statements(text), "w", delay=delay)
    weights = vector(path, Sampled("normal", 1.0, 0.25, key("crowd", "weight"), quantum=2.0**-12), quantum=2.0**-12)
    recorded = (Tap("cell", "spikes"), Tap("cell", "last", np.arange(0, 200, 17)))
    return Program(DT, (block,), (), (path,), (weights,), recorded, (Phase(700),))


@pytest.mark.matrix
@pytest.mark.parametrize("payload", ["1", "1 + mod(v, 3)"], ids=["plain", "graded"])
@pytest.mark.parametrize(("hold", "quiet", "most"), [(1, 0, 250), (1, 300, 120), (3, 50, 90), (20, 5, 400)])
def test_every_neuron_fires_every_few_steps(require_engine: Callable[[str], None], hold: int, quiet: int, most: int, payload: str) -> None:
    """Up to 50,000 events under way, where the queue begins with room for a thousand."""
    require_engine("native")
    assert_same_as_the_reference(everybody(hold, quiet, most, payload), 200 * (690 - quiet) // hold, 1, 2, 3)


@pytest.mark.matrix
def test_a_listed_source_that_says_everything_at_once(require_engine: Callable[[str], None]) -> None:
    require_engine("native")
    size = 1500
    cell = Block("cell", 130, {"v": 0.0}, ports=("p",), update=update(v="0.9*v + p"))
    steps = np.repeat([3, 4, 5, 90, 91], size)
    source = events("in", size, steps, np.tile(np.arange(size), 5))
    wiring = Wiring("fixed_outdegree", size, 130, number=5, stream=key("burst"))
    delay = Sampled("uniform", 1.0, 60.0, key("burst", "delay"), quantum=1.0, least=1.0, most=60.0)
    path = Pathway("p", "in", "cell", wiring, statements("p_post += w"), "w", delay=delay)
    program = Program(DT, (cell,), (source,), (path,), (vector(path, 0.5, quantum=0.5),), taps(("cell", "v")), (Phase(200),))
    assert_same_as_the_reference(program, 0, 1, 2)


@pytest.mark.matrix
@pytest.mark.parametrize("delay", [1, 40])
def test_many_postsynaptic_spikes_between_two_arrivals(require_engine: Callable[[str], None], delay: int) -> None:
    """Hundreds of spikes that the synapses of a rare source have not seen yet; some sources are never heard."""
    require_engine("native")
    cell = Block("cell", 20, {"v": 0.0}, {"r": np.linspace(0.3, 1.2, 20)}, ("p",), update(v="v + r + 0*p"), spike=spike("v > 1", "v = 0"))
    rules = (Rule("ltd", "arrival", statements("w -= 0.002*y; x += 1")), Rule("ltp", "post", statements("y += 1; w += 0.0003*x")))
    path = Pathway(
        "in -> cell", "in", "cell", dense(6, 20), statements("p_post += w"), "w", delay=delay, states={"x": 0.0, "y": 0.0},
        parameters={"kx": 0.999, "ky": 0.9}, update=update(x="kx*x", y="ky*y"), rules=rules,
    )  # fmt: skip
    source = events("in", 6, [0, 1, 900, 900, 2500, 2900, 2901], [0, 1, 0, 2, 3, 1, 1])
    weights = vector(path, 0.3, low=0.0, high=0.5)
    program = Program(
        DT, (cell,), (source,), (path,), (weights,), (Tap("cell", "spikes"), Tap("in -> cell", "w", steps=Steps(1000))), (Phase(3000),)
    )
    assert_same_as_the_reference(program, 20_000)


# ---- long delays, many targets -------------------------------------------------------------------------------------------
@pytest.mark.matrix
@pytest.mark.parametrize("delays", [(255, 256), (0, 300), (1, 5000), (70_000, 70_001)], ids=str)
def test_long_delays(require_engine: Callable[[str], None], delays: tuple[int, int]) -> None:
    require_engine("native")
    cell = Block("cell", 2, {"v": 0.0}, ports=("p",), update=update(v="v + p"))
    path = Pathway("p", "in", "cell", one_to_one(2), statements("p_post += w"), "w", delay=np.array(delays))
    program = Program(
        DT, (cell,), (events("in", 2, [0, 0, 3, 40], [0, 1, 0, 1]),), (path,), (vector(path, np.array([1.0, 2.0]), quantum=1.0),),
        (Tap("cell", "v", steps=Steps(1)),), (Phase(max(delays) + 60),),
    )  # fmt: skip
    record = run_on(get("native"), program, Settings())
    n = np.arange(program.steps)
    wanted = np.stack([sum(weight * (n >= step + delay + 2.0) for step in steps) for weight, delay, steps in
                       ((1.0, delays[0], (0, 3)), (2.0, delays[1], (0, 40)))], 1)  # fmt: skip
    np.testing.assert_array_equal(record.traces["cell", "v"].values[:, 0], wanted)


@pytest.mark.matrix
@pytest.mark.parametrize("drawn", [False, True], ids=["one weight", "drawn weights"])
@pytest.mark.parametrize("size", [65_535, 65_536, 65_537, 140_000])
def test_more_targets_than_sixteen_bits_hold(require_engine: Callable[[str], None], size: int, drawn: bool) -> None:
    require_engine("native")
    cell = Block("cell", size, {"v": 0.0}, ports=("p",), update=update(v="v + p"))
    post = np.array([0, 1, 4463, 4464, 65_533, 65_534, size - 1])
    path = Pathway("p", "in", "cell", pairs(2, size, [0, 1] * 3 + [0], post), statements("p_post += w"), "w", delay=2)
    values = np.arange(1.0, 8.0) if drawn else 1.0
    program = Program(DT, (cell,), (events("in", 2, [0, 5], [0, 1]),), (path,), (vector(path, values, quantum=1.0),), (), (Phase(12),))
    assert_same_as_the_reference(program, 0, 1, 2)


# ---- refused --------------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize("wrong", [np.nan, np.inf, -np.inf, 1e39])
def test_weights_that_are_no_numbers(wrong: float) -> None:
    """Also those beyond the range of single precision: as one number, in an array, as a bound of a distribution."""
    cells = ns.Population("cells", 3, ns.neurons.lif_exponential)
    for weight in (wrong * pA, np.array([1.0, wrong, 2.0]) * pA):
        with pytest.raises(NeurosimError, match="cells -> cells"):
            loop = ns.Projection(cells, cells, ns.one_to_one(), into="I_syn", weight=weight, delay=1 * ms)
            ns.simulate(ns.Network(cells, loop), 1 * ms, backend="reference")


@pytest.mark.parametrize("wrong", [np.nan, np.inf, -0.1, 0.05, 1e30])
def test_delays_that_are_no_steps(wrong: float) -> None:
    cells = ns.Population("cells", 3, ns.neurons.lif_exponential)
    with pytest.raises(NeurosimError, match="cells -> cells"):
        loop = ns.Projection(cells, cells, ns.one_to_one(), into="I_syn", weight=1 * pA, delay=wrong * ms)
        ns.simulate(ns.Network(cells, loop), 1 * ms, backend="reference")


def test_values_that_are_no_numbers() -> None:
    for wrong in (np.nan, np.inf):
        with pytest.raises(NeurosimError, match="cells"):
            ns.Network(ns.Population("cells", 3, ns.neurons.lif_exponential, v=wrong * mV))

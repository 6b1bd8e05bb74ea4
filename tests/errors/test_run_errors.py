"""What people read when a run cannot begin, goes wrong, or is asked for something that it has not: golden texts."""

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

import numpy as np
import pytest

from neurosim.backends.base import Capabilities, Obstacle, Option, Progress, Settings
from neurosim.errors import NeurosimError, NumericalError, OptionError, ParameterError, UnsupportedError
from neurosim.ir.program import Program
from neurosim.network import Network, Population, Probe, fixed_probability, neurons
from neurosim.network import Projection as Synapses
from neurosim.record import Events, Record, Trace
from neurosim.result import Result
from neurosim.simulate import simulate
from neurosim.units import ms, mV, pA

NOTHING = Events(*(np.zeros(0, np.int64) for _ in range(4)))


@dataclass
class FakeRun:
    """Hands back a given record, after as many steps as it says."""

    program: Program
    outcome: Record
    on_step: Callable[[int], None]

    def run(self, steps: int | None = None, progress: Progress | None = None) -> None:
        for step in range(self.outcome.steps):
            self.on_step(step)
            if progress is not None:
                progress("simulating", step + 1, self.program.steps)

    def record(self) -> Record:
        return self.outcome

    def checkpoint(self) -> Mapping[str, np.ndarray]:
        return {}

    def restore(self, checkpoint: Mapping[str, np.ndarray]) -> None:
        pass

    def close(self) -> None:
        pass


@dataclass
class Fake:
    """An engine that does as it is told."""

    outcome: Record = field(default_factory=lambda: Record(100, {"exc": NOTHING}, {}, {}))
    obstacles: tuple[Obstacle, ...] = ()
    options: tuple[Option, ...] = ()
    on_step: Callable[[int], None] = lambda step: None
    name: str = "fake"

    def capabilities(self) -> Capabilities:
        return Capabilities(lambda settings: "close", lambda program, settings: self.obstacles, self.options)

    def compile(self, program: Program, settings: Settings, progress: Progress | None = None) -> FakeRun:
        return FakeRun(program, self.outcome, self.on_step)


def network() -> Network:
    exc = Population("exc", 10, neurons.lif_exponential)
    return Network(exc, Synapses(exc, exc, fixed_probability(0.1), into="I_syn", weight=20 * pA), Probe(exc, "spikes"), name="small")


def network_of(synapses: Synapses, *probes: Probe) -> Network:
    return Network(synapses.target, synapses, *probes)


def said(call: Callable[[], object], kind: type[NeurosimError]) -> str:
    with pytest.raises(kind) as caught:
        call()
    return str(caught.value)


# ---- before the run ------------------------------------------------------------------------------------------------------
def test_obstacles_are_listed_together() -> None:
    obstacles = (
        Obstacle("projection 'inh -> exc'", "delay of 71 steps; a neuro-core holds at most 62", "use dt=0.2 ms, or delays up to 6.2 ms"),
        Obstacle("population 'exc'", "v appears in a product with g (conductance)", 'use a current-based synapse, or backend="native"'),
    )
    assert said(lambda: simulate(network(), 10 * ms, backend=Fake(obstacles=obstacles)), UnsupportedError) == (
        "2 parts of this network cannot run on 'fake':\n"
        "  projection 'inh -> exc'  delay of 71 steps; a neuro-core holds at most 62  use dt=0.2 ms, or delays up to 6.2 ms\n"
        "  population 'exc'         v appears in a product with g (conductance)       "
        'use a current-based synapse, or backend="native"'
    )


MODE = Option("mode", "runtime", ("runtime", "cpp_standalone"))


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"options": {"mod": "x"}}, "backend 'fake': there is no option 'mod'; did you mean 'mode'?"),
        ({"options": {"mode": "c++"}}, "backend 'fake': option mode may be one of 'runtime', 'cpp_standalone'; got 'c++'"),
        ({"threads": 2}, "backend 'fake': it runs on one thread; leave threads=2 out"),
        ({"threads": 0}, "backend 'fake': threads must be a whole number from 1 on, got 0"),
        ({"precision": "half"}, "backend 'fake': precision may be 'double', got 'half'"),
        ({"copies": 2.5}, "backend 'fake': copies must be a whole number from 1 on, got 2.5"),
    ],
)
def test_settings(arguments: dict[str, object], message: str) -> None:
    assert said(lambda: simulate(network(), 10 * ms, backend=Fake(options=(MODE,)), **arguments), OptionError) == message  # type: ignore[arg-type]


def test_all_settings_are_judged_at_once() -> None:
    wrong = {"threads": 0, "precision": "half", "copies": 0, "options": {"mod": 1, "mode": "c++"}}
    assert said(lambda: simulate(network(), 10 * ms, backend=Fake(options=(MODE,)), **wrong), OptionError) == (  # type: ignore[arg-type]
        "backend 'fake': 5 problems\n"
        "  threads must be a whole number from 1 on, got 0\n"
        "  precision may be 'double', got 'half'\n"
        "  copies must be a whole number from 1 on, got 0\n"
        "  there is no option 'mod'; did you mean 'mode'?\n"
        "  option mode may be one of 'runtime', 'cpp_standalone'; got 'c++'"
    )


def test_what_is_no_engine() -> None:
    text = said(lambda: simulate(network(), 10 * ms, backend=3), NeurosimError)  # type: ignore[arg-type]
    assert text == "simulate: backend must be the name of an engine ('native', 'reference', 'brian2', 'loihi') or an engine, got 3"


def test_step_and_seed() -> None:
    text = said(lambda: simulate(network(), 10 * ms, dt=-1 * ms, seed=1.5, backend=Fake()), ParameterError)  # type: ignore[arg-type]
    assert text == "the run: 2 problems\n  dt must be positive, got -1 ms.\n  seed must be a whole number, got 1.5."


def test_synapses_that_were_not_drawn() -> None:
    drawn = network()["exc -> exc"]
    recorded = network_of(drawn, Probe(drawn, "w", of=[0, 5000]))
    text = said(lambda: simulate(recorded, 1 * ms, backend=Fake()), ParameterError)
    assert text.startswith("Probe of 'exc -> exc': of must hold whole numbers from 0 to ")
    assert text.endswith(", the synapses that are drawn with this seed, got 5000")


def test_an_engine_without_options() -> None:
    text = said(lambda: simulate(network(), 10 * ms, backend=Fake(), options={"mode": 1}), OptionError)
    assert text == "backend 'fake': there is no option 'mode'; it has none"


def test_unknown_engine() -> None:
    text = said(lambda: simulate(network(), 10 * ms, backend="brain2"), NeurosimError)
    assert text == "there is no backend 'brain2'; did you mean 'brian2'?"


def test_what_is_simulated_for_how_long() -> None:
    text = said(lambda: simulate(network(), backend=Fake()), ParameterError)
    assert text == "simulate: how long? Write for example ns.simulate(net, 1 * second)"
    text = said(lambda: simulate([network()], 10 * ms, backend=Fake()), ParameterError)  # type: ignore[arg-type]
    assert text == "simulate: the first argument must be a Network or a Program, got a list"
    program = Program(0.1, name="bare")
    text = said(lambda: simulate(program, 10 * ms, seed=3, backend=Fake()), ParameterError)
    assert text == "simulate: a Program has its duration, seed already; give that to ns.lower instead"


# ---- after the run -------------------------------------------------------------------------------------------------------
def test_nan_names_the_first_record() -> None:
    values = np.zeros((10, 1, 3))
    values[6, 0, 1], values[7:] = math.nan, math.inf
    traces = {("exc", "v"): Trace(np.arange(0, 100, 10), values, np.array([2, 4, 8]))}
    outcome = Record(100, {"exc": NOTHING}, traces, {("exc", "v"): np.full((1, 10), math.nan)})
    assert said(lambda: simulate(network(), 10 * ms, backend=Fake(outcome)), NumericalError) == (
        "population 'exc': v of neuron 4 is nan, first recorded in step 60 (6 ms)\n"
        "  The step of 0.1 ms may be too long for its equations, or a parameter out of range; another method=... may help, too."
    )


def test_nan_in_the_final_state() -> None:
    final = {("exc", "v"): np.zeros((1, 10)), ("exc", "I_syn"): np.zeros((1, 10)), ("exc -> exc", "w"): np.zeros((1, 9))}
    final["exc", "I_syn"][0, 7] = math.inf
    text = said(lambda: simulate(network(), 10 * ms, backend=Fake(Record(100, {}, {}, final))), NumericalError)
    assert text.splitlines()[0] == "population 'exc': I_syn of neuron 7 is infinite, after 10 ms"
    final["exc", "I_syn"][0, 7], final["exc -> exc", "w"][0, 5] = 0.0, math.nan
    text = said(lambda: simulate(network(), 10 * ms, backend=Fake(Record(100, {}, {}, final))), NumericalError)
    assert text.splitlines()[0] == "projection 'exc -> exc': w of edge 5 is nan, after 10 ms"


# ---- reading results -----------------------------------------------------------------------------------------------------
def result() -> Result:
    traces = {("exc", "v"): Trace(np.arange(0, 100, 10), np.zeros((10, 1, 3)))}
    return simulate(network(), 10 * ms, backend=Fake(Record(100, {"exc": NOTHING}, traces, {("exc", "I_syn"): np.zeros((1, 10))})))


@pytest.mark.parametrize(
    ("read", "message"),
    [
        (lambda r: r["ex"], "Result: there is no part 'ex'; did you mean 'exc'?"),
        (
            lambda r: r["exc"].vm,
            "population 'exc': 'vm' was not recorded; did you mean 'v'?",
        ),
        (
            lambda r: r["exc"].I_syn,
            "population 'exc': 'I_syn' was not recorded; recorded: spikes, v\n"
            '  Its value after the run is result["exc"].final("I_syn").',
        ),
        (
            lambda r: r["exc -> exc"].w,
            "projection 'exc -> exc': 'w' was not recorded; nothing of it was recorded\n"
            '  Add ns.Probe(..., "w") to the network to record it.',
        ),
        (lambda r: r["exc"].final("vv"), "population 'exc': has no final state 'vv'; known names: I_syn"),
        (lambda r: r.between(5 * ms, 50 * ms), "Result: the window from 5 ms to 50 ms is empty or outside the run; 10 ms were simulated"),
        (lambda r: r.between(5 * mV, 6 * mV), "Result.between: start needs a time, got a voltage (5 mV)"),
        (lambda r: r.copy(1), "Result: there is no copy 1; the run has 1, counted from 0"),
    ],
)
def test_reading(read: Callable[[Result], object], message: str) -> None:
    assert said(lambda: read(result()), NeurosimError) == message

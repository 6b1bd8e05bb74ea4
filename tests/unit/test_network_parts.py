"""Populations, stimuli, probes and schedules: what they hold and what they refuse."""

from collections.abc import Callable

import numpy as np
import pytest

import neurosim.network as ns
from neurosim.errors import NetworkError, ParameterError, ScheduleError
from neurosim.network import neurons
from neurosim.units import DIMENSIONLESS, Hz, ms, mV, pA, second

EXC = ns.Population("exc", 10, neurons.lif_exponential)
RATE = ns.Population("layer", 4, neurons.rate_neuron)
DRIVE = ns.PoissonSource("drive", 5, rate=30 * Hz)
PLASTIC = ns.Projection(
    DRIVE,
    EXC,
    ns.all_to_all(),
    into="I_syn",
    weight=1 * pA,
    plasticity=ns.pair_stdp(tau_plus=20 * ms, tau_minus=20 * ms, a_plus=0.1 * pA, a_minus=0.1 * pA),
)
NET = ns.Network(EXC, RATE, DRIVE, PLASTIC)
Make = Callable[[], object]


# ---- Populations ----------------------------------------------------------------------------------------------------
def test_values_are_given_or_default_or_zero() -> None:
    model = ns.NeuronModel("dv/dt = -v / tau : mV\ntau : ms", defaults={"tau": 5 * ms})
    population = ns.Population("cells", 3, model, v=[1, 2, 3] * mV)
    assert population.value_of("tau") == 5 * ms
    assert (population.value_of("v") / mV).tolist() == [1, 2, 3]
    assert ns.Population("cells", 3, model).value_of("v") == 0
    with pytest.raises(ParameterError, match="unknown parameter 'w'"):
        population.value_of("w")


def test_given_arrays_do_not_change_afterwards() -> None:
    gain = np.ones(4)
    population = ns.Population("layer", 4, neurons.rate_neuron, gain=gain)
    gain[0] = 7.0
    assert population.value_of("gain")[0] == 1.0


def test_options_of_the_model_can_be_overridden() -> None:
    population = ns.Population("exc", 2, neurons.lif_exponential, refractory=[1, 2] * ms, method="euler")
    assert population.integration == "euler" and population.refractory is not None
    assert EXC.refractory == 2 * ms and EXC.integration is None
    assert ns.Population("c", 1, neurons.lif_conductance).integration == "exponential_euler"


def test_outputs_are_named() -> None:
    output = RATE.output("r")
    assert output.dimension == DIMENSIONLESS and output.population is RATE
    assert RATE.output("u").dimension == DIMENSIONLESS
    with pytest.raises(ParameterError, match="'tau' is a parameter, not an output or a state; can be sent: r, u"):
        RATE.output("tau")


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"tau_m": 20}, r"tau_m needs a time, got the plain number 20. Write 20 \* ms."),
        ({"tau_m": 20 * mV}, "tau_m needs a time, got a voltage"),
        ({"tau_m": ns.normal(20 * ms, 5 * ms)}, "may draw negative values"),
        ({"tau_m": ns.uniform(1 * mV, 2 * mV)}, "tau_m needs a time, in ms, got uniform"),
        ({"C_m": 0 * pA / mV * ms}, "C_m must be positive, got 0"),
        ({"tau_n": 3 * ms}, "unknown parameter 'tau_n'"),
        ({"v": [1, 2, 3] * mV}, "v must be one value or 10 values .one for each of its neurons., got 3 values"),
        ({"v": np.zeros((10, 2)) * mV}, r"got an array of shape \(10, 2\)"),
        ({"v": float("inf") * mV}, "v must be finite, got inf"),
        ({"v": "E_l"}, "unknown name 'E_l'; did you mean 'E_L'"),
        ({"v": "E_L / ms"}, "the initial value of v must be volt, this is volt.second"),
        ({"tau_m": "10*ms"}, "tau_m needs a time, in ms, got the text"),
        ({"I_ext": 3 * pA}, "it is a port, which receives input"),
        ({"refractory": 3}, "refractory needs a time"),
        ({"refractory": [1, 2] * ms}, "refractory must be one time or 10 times"),
        ({"method": "rk"}, "unknown method 'rk'"),
        ({"v": None}, "v needs a voltage, got None"),
    ],
)
def test_wrong_values_are_refused(values: dict[str, object], message: str) -> None:
    with pytest.raises(ParameterError, match=message):
        ns.Population("exc", 10, neurons.lif_exponential, **values)


@pytest.mark.parametrize(
    ("name", "size", "message"),
    [
        ("exc.a", 3, "'.', ':' and '->' have a meaning"),
        ("", 3, "must not be empty"),
        (3, 3, "the name must be a text"),
        ("exc", 0, "size must be positive, got 0"),
        ("exc", 2.5, "size must be a whole number, got 2.5"),
        ("exc", True, "size must be a whole number, got True"),
    ],
)
def test_wrong_names_and_sizes_are_refused(name: str, size: int, message: str) -> None:
    with pytest.raises(ParameterError, match=message):
        ns.Population(name, size, neurons.lif_exponential)


# ---- Stimuli --------------------------------------------------------------------------------------------------------
def test_stimuli_know_what_they_send() -> None:
    samples = ns.SampledArray("wave", np.zeros((7, 3)) * pA, every=1 * ms)
    assert (samples.size, samples.signal) == (3, "value")
    assert ns.SampledArray("wave", np.zeros(7), every=1 * ms).size == 1
    assert ns.SampleTable("items", np.zeros((7, 3)), item_duration=10 * ms, order=[0, 0, 6]).size == 3
    assert DRIVE.signal is None and DRIVE.dimension == DIMENSIONLESS
    assert ns.SpikeTimes("in", 2, [1, 2] * ms, [1, 0]).indices.tolist() == [1, 0]


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: ns.PoissonSource("d", 3, rate=30), "rate needs a frequency, got the plain number 30"),
        (lambda: ns.PoissonSource("d", 3, rate=[1, 2] * Hz), "rate must be one value or 3 values"),
        (lambda: ns.PoissonSource("d", 3, rate=[1, -2, 3] * Hz), "must not be negative, got -2 Hz at index 1"),
        (lambda: ns.PoissonSource("d", 3, rate=ns.normal(1 * Hz, 1 * Hz)), "may draw negative rates"),
        (lambda: ns.SpikeTimes("s", 2, [1, 2] * ms, [0, 2]), "from 0 to 1, got 2 at index 1"),
        (lambda: ns.SpikeTimes("s", 2, [1, 2] * ms, [0]), "lists of the same length"),
        (lambda: ns.SpikeTimes("s", 2, [-1] * ms, [0]), "times must not be negative, got -1 ms at index 0"),
        (lambda: ns.SpikeTimes("s", 2, [1, 2], [0, 1]), "times needs a time"),
        (lambda: ns.StepCurrent("c", 1, [2, 1] * ms, [1, 2] * pA), "times must ascend"),
        (lambda: ns.StepCurrent("c", 2, [1, 2] * ms, [1, 2, 3] * pA), "values must have the shape"),
        (lambda: ns.SampledArray("w", np.zeros((2, 2, 2, 2, 2)), every=1 * ms), "values must have the shape"),
        (lambda: ns.SampledArray("w", np.zeros(3), every=0 * ms), "every must be positive"),
        (lambda: ns.SampledArray("w", np.zeros(3), every=1 * ms, after="stop"), "after must be"),
        (lambda: ns.SampleTable("t", np.zeros((2, 2))), "give how long an item is shown"),
        (lambda: ns.SampleTable("t", np.zeros((2, 2)), steps_per_item=0), "steps_per_item must be positive"),
        (lambda: ns.SampleTable("t", np.zeros((2, 2)), steps_per_item=3, order=[2]), "from 0 to 1, got 2"),
        (lambda: ns.SampleTable("t", np.full((2, 2), np.nan), steps_per_item=3), "items must be finite"),
    ],
)
def test_wrong_stimuli_are_refused(make: Make, message: str) -> None:
    with pytest.raises(ParameterError, match=message):
        make()


# ---- Probes ---------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize("variable", ["spikes", "counts", "count", "v", "I_syn", "I_ext"])
def test_what_a_population_shows(variable: str) -> None:
    assert ns.Probe(EXC, variable).variable == variable


def test_what_other_parts_show() -> None:
    assert [ns.Probe(PLASTIC, name).variable for name in ("w", "x", "y")] == ["w", "x", "y"]
    assert ns.Probe(RATE, "r").variable == "r"
    assert ns.Probe(DRIVE, "counts", every=10 * ms).variable == "counts"
    chosen = ns.Probe(EXC, "v", of=range(3)).of
    assert isinstance(chosen, np.ndarray) and chosen.tolist() == [0, 1, 2]


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: ns.Probe(EXC, "V"), "there is no variable 'V'; did you mean 'v'"),
        (lambda: ns.Probe(EXC, "tau_m"), "'tau_m' is a parameter"),
        (lambda: ns.Probe(RATE, "spikes"), "these neurons have no spike condition"),
        (lambda: ns.Probe(ns.Population("hh", 1, neurons.hodgkin_huxley), "alpha_m"), "declare it as an output"),
        (lambda: ns.Probe(EXC, "v", of=[0, 10]), "from 0 to 9, got 10 at index 1"),
        (lambda: ns.Probe(EXC, "v", of=[1, 1]), "must not name a neuron twice"),
        (lambda: ns.Probe(EXC, "v", of=3), "of must be a list"),  # type: ignore[arg-type]
        (lambda: ns.Probe(EXC, "count", of=[1]), "use 'counts'"),
        (lambda: ns.Probe(EXC, "v", every=0 * ms), "every must be positive"),
        (lambda: ns.Probe(EXC, "spikes", every=1 * ms), "records every spike"),
        (lambda: ns.Probe(EXC, "v", at="middle"), "at must be"),
        (lambda: ns.Probe(EXC, "v", reduce="sum"), "reduce must be"),
        (lambda: ns.Probe(PLASTIC, "u"), "there is no variable 'u'"),
        (lambda: ns.Probe(PLASTIC, "w", of=[50]), "from 0 to 49, got 50"),
        (lambda: ns.Probe("exc", "v"), "a probe needs a population"),  # type: ignore[arg-type]
    ],
)
def test_wrong_probes_are_refused(make: Make, message: str) -> None:
    with pytest.raises(NetworkError, match=message):
        make()


# ---- Schedules ------------------------------------------------------------------------------------------------------
def test_a_schedule_that_fits() -> None:
    schedule = ns.Schedule(
        ns.Phase(1 * second, label="rest", off=[PLASTIC, "drive"], plasticity=False),
        ns.Phase(
            1 * second,
            set={"drive.rate": 40 * Hz, "exc.v": "E_L", "exc.hold": 0, "drive -> exc.w": 2 * pA, "drive -> exc.x": 0.0},
            plasticity=[PLASTIC],
            repeats=3,
            at=[ns.Assignment("exc.tau_m", 10 * ms, at=[1, 5] * ms), ns.Assignment("exc.v", -65 * mV, every=10 * ms)],
        ),
    )
    ns.check_schedule(NET, schedule)
    assert schedule.phases[0].off == ("drive -> exc", "drive")
    assert [assignment.path for assignment in schedule.phases[1].assignments()][-2:] == ["exc.tau_m", "exc.v"]
    assert ns.Assignment("a -> b.w", 1).split() == ("a -> b", "w")


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: ns.Phase(3), "duration needs a time"),  # type: ignore[arg-type]
        (lambda: ns.Phase(0 * ms), "duration must be positive"),
        (lambda: ns.Phase([1, 2] * ms), "duration must be one number"),
        (lambda: ns.Phase(1 * ms, repeats=0), "repeats must be positive"),
        (lambda: ns.Phase(1 * ms, off=3), "off must be a list"),  # type: ignore[arg-type]
        (lambda: ns.Phase(1 * ms, at=["v"]), "at must be a list of Assignment"),  # type: ignore[list-item]
        (lambda: ns.Phase(1 * ms, set=["v"]), "set must be a dictionary"),  # type: ignore[arg-type]
        (lambda: ns.Schedule(), "needs at least one Phase"),
        (lambda: ns.Schedule(1 * second), "is made of phases"),  # type: ignore[arg-type]
        (lambda: ns.Assignment("rate", 3), "names what it sets as"),
        (lambda: ns.Assignment("a.b", 3, at=-1 * ms), "at must not be negative"),
        (lambda: ns.Assignment("a.b", 3, at=[1, 2] * ms, every=1 * ms), "not both"),
    ],
)
def test_wrong_schedules_are_refused(make: Make, message: str) -> None:
    with pytest.raises(ScheduleError, match=message):
        make()


@pytest.mark.parametrize(
    ("phase", "message"),
    [
        (ns.Phase(1 * ms, set={"drve.rate": 1 * Hz}), "there is no part 'drve'; did you mean 'drive'"),
        (ns.Phase(1 * ms, set={"drive.rate": 1}), "rate needs a frequency"),
        (ns.Phase(1 * ms, set={"drive.rate": -1 * Hz}), "rate must not be negative"),
        (ns.Phase(1 * ms, set={"drive.size": 1}), "only the rate"),
        (ns.Phase(1 * ms, set={"exc.tau_m": -1 * ms}), "tau_m must be positive"),
        (ns.Phase(1 * ms, set={"exc.V": 1 * mV}), "'exc' has no 'V'; did you mean 'v'"),
        (ns.Phase(1 * ms, set={"exc.I_ext": 1 * pA}), "I_ext is a port and cannot be set"),
        (ns.Phase(1 * ms, set={"exc.hold": 1}), "hold can only be set to 0"),
        (ns.Phase(1 * ms, set={"exc.v": [1, 2] * mV}), "v must be one value or 10 values"),
        (ns.Phase(1 * ms, set={"exc.v": "E_L + 1*pA"}), "cannot add volt and ampere"),
        (ns.Phase(1 * ms, set={"drive -> exc.w": 1 * mV}), "w needs a current"),
        (ns.Phase(1 * ms, set={"drive -> exc.z": 1}), "has no 'z'"),
        (ns.Phase(1 * ms, off=["exc"]), "off names the population 'exc'"),
        (ns.Phase(1 * ms, off=["nobody"]), "off names 'nobody', which is not in the network"),
        (ns.Phase(1 * ms, plasticity=["drive"]), "no projection with plasticity"),
    ],
)
def test_schedules_are_checked_against_the_network(phase: ns.Phase, message: str) -> None:
    with pytest.raises(ScheduleError, match=message):
        ns.check_schedule(NET, ns.Schedule(phase))

"""The classic models: what every one of them offers, and that engines agree on small ones."""

import importlib
import inspect
import typing

import numpy as np
import pytest

import neurosim as ns
from neurosim.errors import ParameterError
from neurosim.units import ms, pA

# name -> arguments of a small variant, step [ms], duration [ms], least number of spikes in it
SMALL = {
    "ping": ({"excitatory": 12, "inhibitory": 4}, 0.02, 24, 12),
    "wang_decision": ({"scale": 0.025, "stimulus_start": 2 * ms, "stimulus_duration": 50 * ms}, 0.1, 40, 10),
    "synfire_chain": ({"packets": ((20.0, 0.5),), "trials": 1, "width": 20, "groups": 3}, 0.1, 75, 3),
    "ring_attractor": ({"scale": 0.025, "cue_start": 1 * ms, "cue_peak": 2000 * pA}, 0.1, 40, 20),
}
MODELS = tuple(SMALL)


def module(name: str):
    return importlib.import_module(f"neurosim.models.{name}")


@pytest.mark.parametrize("name", MODELS)
def test_every_model_describes_itself(name: str) -> None:
    model = module(name)
    assert 20 < len(model.DESCRIPTION) < 120
    assert model.WARM_UP >= 0 * ms and model.DURATION > 0 * ms
    assert "doi" in model.__doc__ and "doi" in inspect.getsource(model.network).lower() + model.__doc__
    assert callable(model.main)


@pytest.mark.parametrize("name", MODELS)
def test_arguments_are_typed_keywords_with_defaults(name: str) -> None:
    model = module(name)
    signature = inspect.signature(model.network)
    hints = typing.get_type_hints(model.network)
    for parameter in signature.parameters.values():
        assert parameter.kind is parameter.KEYWORD_ONLY and parameter.default is not parameter.empty and parameter.name in hints
    for other in (model.expected, model.notes):
        assert list(inspect.signature(other).parameters.values()) == list(signature.parameters.values())
    assert {"seed", "record"} <= set(signature.parameters)


@pytest.mark.parametrize("name", MODELS)
def test_small_networks_lower_and_say_what_to_expect(name: str) -> None:
    model, arguments = module(name), SMALL[name][0]
    net = model.network(**arguments)
    assert net.name == name and net.expected == model.expected(**arguments)
    assert not model.network(**arguments, record=False).probes
    assert model.network(**arguments, seed=7).seed == 7
    assert ns.lower(net, 2 * ms, dt=0.02 * ms).steps == 100
    assert model.notes(**arguments)
    names = {population.name for population in net.populations}
    for column in model.expected().values():
        assert set(column) <= names and all(rate > 0 for rate in column.values())


def small(name: str, engine: str) -> ns.Program:
    """The small variant, for engines with random numbers of their own with what is random drawn beforehand."""
    arguments, dt, duration, _ = SMALL[name]
    program = ns.lower(module(name).network(**arguments), duration * ms, dt=dt * ms)
    return program if engine == "native" else ns.freeze(program)


@pytest.mark.slow
@pytest.mark.parametrize("engine", ["native", "brian2"])
@pytest.mark.parametrize("name", MODELS)
def test_engines_agree(name: str, engine: str, require_engine) -> None:
    require_engine(engine)
    program = small(name, engine)
    here, there = ns.simulate(program, backend="reference", progress=False), ns.simulate(program, backend=engine, progress=False)
    assert here.spike_count >= SMALL[name][3]
    found = ns.compare(here, there, "identical")
    assert found.ok, str(found)


@pytest.mark.parametrize("name", ["wang_decision", "ring_attractor"])
def test_figures_of_small_runs(name: str) -> None:
    """They are drawn from whatever was recorded, also from a run on the reference."""
    arguments, dt, _, least = SMALL[name]
    result = ns.simulate(module(name).network(**arguments), 15 * ms, dt=dt * ms, backend="reference")
    assert result.spike_count >= least // 4
    figure = module(name).figure(result)
    labels = [axes.get_xlabel() + axes.get_ylabel() for axes in figure.axes]
    assert any("[ms]" in label for label in labels) and any("[Hz]" in label for label in labels)


@pytest.mark.parametrize(
    ("name", "arguments", "message"),
    [
        ("ping", {"tau_inhibition": 9.0}, "tau_inhibition must be positive and have a unit, such as 1 * ms, got 9.0"),
        ("ping", {"probability": 1.5}, "probability must not be above 1, got 1.5"),
        ("wang_decision", {"coherence": 120.0}, "coherence must lie between -100 and 100 %, got 120.0"),
        ("synfire_chain", {"packets": ((60.0,),)}, "packets must be pairs"),
        ("synfire_chain", {"width": 0}, "width must be a whole number from 1 on, got 0"),
        ("ring_attractor", {"sigma": 0.0}, "sigma must be positive, got 0.0"),
    ],
)
def test_wrong_arguments_are_refused(name: str, arguments: dict, message: str) -> None:
    with pytest.raises(ParameterError) as found:
        module(name).network(**arguments)
    assert message in str(found.value) and f"model '{name}'" in str(found.value)


def test_pictures_smooth_without_losing_the_ends() -> None:
    """A constant rate stays constant up to both ends of the window."""
    from neurosim.models._pictures import smooth_rate

    net = module("synfire_chain").network(packets=((0.0, 0.0),), trials=1, width=2, groups=2)
    result = ns.simulate(net, 20 * ms, backend="reference")
    times, rate = smooth_rate(result, "chains", width=4.0, step=1.0)
    assert times.shape == rate.shape == (20,) and np.all(rate >= 0)

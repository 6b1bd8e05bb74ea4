"""Neuron models, synapses and learning rules as values: what they hold, what they offer, what the standard ones say."""

import pickle

import numpy as np
import pytest

import neurosim.network as ns
from neurosim.equations import evaluate, parse_expression
from neurosim.errors import EquationError, ParameterError, UnitError
from neurosim.network import neurons, synapses
from neurosim.units import DIMENSIONLESS, TIME, VOLTAGE, ms, mV, nS, pA

STANDARD = [value for value in vars(neurons).values() if isinstance(value, ns.NeuronModel)]


@pytest.mark.parametrize("model", STANDARD, ids=lambda model: model.name)
def test_standard_neurons_are_complete(model: ns.NeuronModel) -> None:
    """Every parameter has a default, every state a start, and the text says where it comes from."""
    population = ns.Population("cells", 3, model)
    for name in model.settable():
        assert population.value_of(name) is not None
    assert set(model.of_kind("parameter")) <= set(model.defaults)
    assert model.source
    text = str(model)
    assert model.name in text and model.source in text
    assert all(name in text for name in model.variables)


@pytest.mark.parametrize("model", [neurons.lif_exponential, synapses.tsodyks_markram], ids=["neuron", "synapse"])
def test_models_can_be_pickled(model: object) -> None:
    """Sweeps send networks to other processes."""
    assert str(pickle.loads(pickle.dumps(model))) == str(model)


def test_held_states_are_those_that_the_condition_reads_and_the_reset_sets() -> None:
    text = "dv/dt = -v / tau : mV\ndw/dt = -w / tau : mV\nu = 2 * v : mV\ntau : ms"
    model = ns.NeuronModel(text, spike="u > 1*mV", reset="v = 0; w = 0", refractory=2 * ms)
    assert model.held_states() == ("v",)
    assert ns.NeuronModel(text, spike="u > 1*mV", reset="v -= 1*mV").held_states() == ()
    assert ns.NeuronModel(text, spike="u > 1*mV", reset="v = 0", held=("w",)).held_states() == ("w",)
    assert neurons.hodgkin_huxley.held_states() == ()
    assert neurons.rate_neuron.held_states() == ()


def test_with_defaults_gives_another_model() -> None:
    slow = neurons.lif_exponential.with_defaults(tau_m=30 * ms)
    assert slow.defaults["tau_m"] == 30 * ms
    assert neurons.lif_exponential.defaults["tau_m"] == 10 * ms
    with pytest.raises(ParameterError, match="unknown parameter 'tau_ms' in the defaults; did you mean 'tau_m'"):
        neurons.lif_exponential.with_defaults(tau_ms=30 * ms)


def test_gates_of_hodgkin_huxley_start_in_equilibrium() -> None:
    """The initial values are expressions of the initial voltage: alpha / (alpha + beta), finite at the singular voltages."""
    model = neurons.hodgkin_huxley
    known = {"V_T": -63.0, "v": np.array([-60.0, -63.0 + 13, -63.0 + 40, -63.0 + 15])}
    for gate in "mhn":
        expr = model.parsed.in_inner_units(parse_expression(str(model.defaults[gate])))
        values = evaluate(expr, known.__getitem__)
        assert np.all((values > 0) & (values < 1))
    rate = model.parsed.in_inner_units(parse_expression("alpha_m"))
    assert evaluate(rate, {"V_T": -63.0, "v": -50.0}.__getitem__) == pytest.approx(1.28)


def test_payload_has_a_dimension() -> None:
    model = ns.NeuronModel("dv/dt = -v / tau : mV\ntau : ms", spike="v > 1*mV", payload="v")
    assert model.payload_dimension == VOLTAGE
    assert neurons.lif_delta.payload_dimension == DIMENSIONLESS


@pytest.mark.parametrize(
    ("options", "error", "message"),
    [
        ({"reset": "v = 0"}, ParameterError, "reset is given, but there is no spike condition"),
        ({"refractory": 2 * ms}, ParameterError, "refractory is given, but there is no spike condition"),
        ({"spike": "v"}, EquationError, "a condition must compare something"),
        ({"spike": "v > 1*ms"}, UnitError, "cannot compare volt and second"),
        ({"spike": "v > 0", "reset": "tau = 0"}, EquationError, "'tau' cannot be changed here"),
        ({"spike": "v > 0", "payload": "v > 1*mV"}, EquationError, "the payload must be a number"),
        ({"spike": "v > 0", "refractory": "v"}, ParameterError, "refractory must be a time or a parameter that is a time"),
        ({"spike": "v > 0", "refractory": -2 * ms}, ParameterError, "refractory must not be negative"),
        ({"spike": "v > 0", "held": ("x",)}, ParameterError, "held must name states"),
        ({"method": "rk5"}, ParameterError, "unknown method 'rk5'; did you mean 'rk4'"),
        ({"defaults": {"tau": 3 * mV}}, ParameterError, "tau needs a time"),
        ({"defaults": {"tau": -3 * ms}}, ParameterError, "tau must be positive"),
        ({"defaults": {"v": "v_rest"}}, ParameterError, "unknown name 'v_rest'"),
        ({"defaults": {"v": "I"}}, ParameterError, "the initial value of v cannot depend on I"),
        ({"defaults": {"tau": "1*ms"}}, ParameterError, "tau needs a time, in ms, got the text"),
        ({"spike": "I > 0"}, EquationError, "the spike condition cannot read the port I"),
    ],
)
def test_wrong_models_are_refused(options: dict[str, object], error: type[Exception], message: str) -> None:
    with pytest.raises(error, match=message.replace("(", r"\(")):
        ns.NeuronModel("dv/dt = (I - v) / tau : mV\ntau : ms\nI : mV (port)", **options)  # type: ignore[arg-type]


def test_a_name_that_population_needs_for_itself_is_refused() -> None:
    with pytest.raises(ParameterError, match="'size' is an argument of Population"):
        ns.NeuronModel("dv/dt = -v / size : mV\nsize : ms")


def test_a_synapse_model_knows_its_own_names_only() -> None:
    with pytest.raises(EquationError, match="unknown name 'y'"):
        ns.SynapseModel("dx/dt = -x / (5*ms) : 1", on_arrival="into += w * y")
    with pytest.raises(EquationError, match="unknown name 'I_post'"):
        ns.SynapseModel(on_arrival="I_post += w")
    with pytest.raises(EquationError, match="a synapse has no ports"):
        ns.SynapseModel("x : 1 (port)")


def test_values_of_synapses() -> None:
    depressing = synapses.tsodyks_markram.with_values(U=0.5, tau_rec=800 * ms)
    assert depressing.value_of("U") == 0.5 and depressing.value_of("x") == 1.0
    assert depressing.states() == ("u", "x")
    with pytest.raises(ParameterError, match="tau_rec needs a time"):
        synapses.tsodyks_markram.with_values(tau_rec=3)
    with pytest.raises(ParameterError, match="unknown parameter 'tau'"):
        synapses.tsodyks_markram.value_of("tau")


def test_a_learning_rule_leaves_the_unit_of_the_weight_open() -> None:
    rule = ns.Plasticity("dx/dt = -x / tau : 1\ntau : ms\neta : weight", on_pre="x += 1", on_post="w += eta * x")
    for eta in (0.1 * pA, 0.1 * mV, 0.1, ns.uniform(0 * nS, 1 * nS)):
        assert rule.with_values(tau=20 * ms, eta=eta).value_of("eta") is eta
    with pytest.raises(ParameterError, match="eta needs a value"):
        rule.value_of("eta")
    with pytest.raises(EquationError, match="must be weight, this is volt"):
        ns.Plasticity(on_pre="w += 3*mV")
    with pytest.raises(ParameterError, match="needs statements"):
        ns.Plasticity("x : 1")


def test_pair_stdp_runs_in_the_published_order() -> None:
    rule = ns.pair_stdp(tau_plus=20 * ms, tau_minus=20 * ms, a_plus=0.1 * pA, a_minus=0.105 * pA)
    assert [statement.target for statement in rule.pre_statements] == ["w", "x"]
    assert [statement.target for statement in rule.post_statements] == ["y", "w"]
    assert rule.variables["tau_plus"].dimension == TIME
    with pytest.raises(ParameterError, match="tau_minus must be positive"):
        rule.with_values(tau_minus=-1 * ms)

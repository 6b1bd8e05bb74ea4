"""Projections and whole networks: names and units at both ends, shared weights, what does not fit together."""

import pickle
from collections.abc import Callable

import numpy as np
import pytest

import neurosim.network as ns
from neurosim.equations import PLAIN, show
from neurosim.errors import NetworkError
from neurosim.network import neurons, synapses
from neurosim.units import CONDUCTANCE, CURRENT, DIMENSIONLESS, Hz, ms, mV, nS, pA

EXC = ns.Population("exc", 10, neurons.lif_exponential)
CELL = ns.Population("cell", 3, neurons.lif_conductance)
HERE = ns.Population("here", 3, neurons.rate_neuron)
THERE = ns.Population("there", 4, neurons.rate_neuron)
DRIVE = ns.PoissonSource("drive", 5, rate=30 * Hz)
STEP = ns.StepCurrent("step", 1, [1] * ms, [3] * pA)
STDP = ns.pair_stdp(tau_plus=20 * ms, tau_minus=20 * ms, a_plus=0.1 * pA, a_minus=0.1 * pA)
Make = Callable[[], object]


def onto_exc(*, source: object = DRIVE, rule: ns.Connectivity | None = None, into: str = "I_syn", **options: object) -> ns.Projection:
    """A projection onto the excitatory population, all to all unless said otherwise."""
    return ns.Projection(source, EXC, rule or ns.all_to_all(), into=into, **options)  # type: ignore[arg-type]


def forward(**options: object) -> ns.Projection:
    return ns.Projection(HERE.output("r"), THERE, ns.all_to_all(), into="u_in", **options)  # type: ignore[arg-type]


def backward(**options: object) -> ns.Projection:
    return ns.Projection(THERE.output("r"), HERE, ns.all_to_all(), into="u_in", **options)  # type: ignore[arg-type]


def additions(projection: ns.Projection) -> list[str]:
    return [f"{s.target} {s.op} {show(s.expr, PLAIN)}" for s in projection.delivery()]


# ---- What an arrival does -------------------------------------------------------------------------------------------
def test_spikes_that_carry_one_are_not_multiplied() -> None:
    assert additions(onto_exc(source=EXC, weight=1 * pA)) == ["I_syn_post += w"]
    assert additions(onto_exc(source=DRIVE, weight=1 * pA)) == ["I_syn_post += w * value"]
    spikes = ns.SpikeTimes("s", 1, [1] * ms, [0], payloads=[2.0])
    assert additions(onto_exc(source=spikes, weight=1 * pA)) == ["I_syn_post += w * value"]


def test_without_weight_what_arrives_is_added_as_it_is() -> None:
    projection = onto_exc(source=STEP, into="I_ext")
    assert additions(projection) == ["I_ext_post += value"]
    assert not projection.has_weights


def test_a_statement_that_names_value_is_left_alone() -> None:
    graded = ns.SynapseModel(on_arrival="into += w * value * value")
    assert additions(onto_exc(weight=1 * pA, synapse=graded)) == ["I_syn_post += w * value * value"]


def test_the_unit_of_the_weight_follows_from_what_it_is_added_to() -> None:
    assert onto_exc(weight=1 * pA).weight_dimension == CURRENT
    assert forward(weight=0.5).weight_dimension == DIMENSIONLESS
    driving = ns.SynapseModel(on_arrival="into += w * (0*mV - v_post)")
    projection = ns.Projection(CELL, CELL, ns.all_to_all(), into="I_ext", weight=1 * nS, synapse=driving)
    assert projection.weight_dimension == CONDUCTANCE


def test_dynamic_synapses_have_states() -> None:
    projection = onto_exc(weight=1 * pA, synapse=synapses.tsodyks_markram)
    assert projection.synaptic_states() == ("u", "x")
    assert additions(projection)[1] == "I_syn_post += w * u * x * value"


def test_signals_are_instant_from_outside_only() -> None:
    assert onto_exc(source=STEP, into="I_ext").instant is True
    assert onto_exc(source=STEP, into="I_ext", delay=1 * ms).instant is False
    assert onto_exc(weight=1 * pA).instant is False
    assert forward(weight=1).instant is False
    assert forward(weight=1, instant=True).instant is True


def test_weights_can_be_shared() -> None:
    own = forward(weight=np.ones((3, 4)))
    back = backward(transpose_of=own, factor=-1.0)
    assert back.home is own and back.given_weight is own.weight
    assert ns.Network(HERE, THERE, own, back).projections == (own, back)


def test_a_learning_rule_sees_both_ends() -> None:
    text = "dx/dt = -x / (20*ms) : 1\neta : weight"
    rule = ns.Plasticity(text, on_pre="x += r_pre", on_step="w += eta * x * (u_post - r_post) * u_in_post; u_in_post += x", every=1 * ms)
    projection = forward(weight=0.5, plasticity=rule.with_values(eta=0.1))
    assert projection.synaptic_dimensions()["eta"] == DIMENSIONLESS


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: onto_exc(into="I_sym", weight=1 * pA), "did you mean 'I_syn'"),
        (lambda: onto_exc(into="tau_m", weight=1 * pA), "is a parameter of 'exc'; it must be a port or a state"),
        (lambda: onto_exc(weight=1 * mV), "weight needs a current, got a voltage"),
        (lambda: onto_exc(weight=1), r"Write 1 \* pA.\n  It is added to the state I_syn of 'exc', in pA"),
        (lambda: onto_exc(weight=ns.uniform(0 * mV, 1 * mV)), "weight needs a current, got uniform"),
        (lambda: onto_exc(), "what arrives is a plain number.\n  Give weight=..., in pA"),
        (lambda: onto_exc(weight=float("nan") * pA), "weight must be finite"),
        (lambda: onto_exc(weight=np.ones(3) * pA), "weight must be one value or 50 values"),
        (lambda: onto_exc(weight=np.ones((10, 5)) * pA), r"\(sources, targets\) = \(5, 10\), got \(10, 5\)"),
        (lambda: onto_exc(rule=ns.fixed_probability(0.1), weight=np.ones(3) * pA), "cannot be an array here"),
        (lambda: onto_exc(rule=ns.dense(np.ones((5, 10))), weight=1 * pA), "carries weights already"),
        (lambda: onto_exc(rule=ns.dense(np.ones((5, 10)))), "weight needs a current, got plain numbers"),
        (lambda: onto_exc(rule=ns.dense(np.ones((10, 5)) * pA)), "Transpose it"),
        (lambda: onto_exc(rule=ns.one_to_one(), weight=1 * pA), "the same size, got 5 and 10"),
        (lambda: onto_exc(rule=ns.fixed_indegree(6, multapses=False), weight=1 * pA), "cannot be chosen among 5"),
        (lambda: onto_exc(source=EXC, rule=ns.fixed_outdegree(10, multapses=False, autapses=False), weight=1 * pA), "among 9"),
        (lambda: onto_exc(rule=ns.fixed_total_number(51, multapses=False), weight=1 * pA), "cannot be chosen among 50"),
        (lambda: onto_exc(rule=ns.pairs([0, 5], [0, 0]), weight=1 * pA), "pre must hold numbers from 0 to 4, got 5"),
        (lambda: onto_exc(weight=1 * pA, delay=-1 * ms), "delay must not be negative, got -1 ms"),
        (lambda: onto_exc(weight=1 * pA, delay=1), "delay needs a time"),
        (lambda: onto_exc(weight=1 * pA, delay=ns.normal(1 * ms, 1 * ms)), "may draw negative times"),
        (lambda: onto_exc(weight=1 * pA, delay=ns.uniform(1, 2)), "delay needs a time"),
        (lambda: onto_exc(weight=1 * pA, bounds=(2 * pA, 3 * pA)), "outside the bounds"),
        (lambda: onto_exc(weight=1 * pA, bounds=(3 * pA, 2 * pA)), "is above the high bound"),
        (lambda: onto_exc(weight=1 * pA, bounds=(0 * mV, None)), "low bound needs a current"),
        (lambda: onto_exc(weight=1 * pA, instant=True), "instant=True is for signals"),
        (lambda: onto_exc(weight=1 * pA, weight_precision="float16"), "weight_precision must be"),
        (lambda: onto_exc(weight=1 * pA, factor=2.0), "factor multiplies shared weights"),
        (lambda: onto_exc(source=HERE, weight=1 * pA), r'Project one of its outputs: here.output\("r"\)'),
        (lambda: onto_exc(source="drive", weight=1 * pA), "the source must be a population"),
        (lambda: onto_exc(weight=1 * pA, plasticity="stdp"), "plasticity must be a Plasticity"),
        (lambda: onto_exc(weight=1 * pA, plasticity=STDP.with_values(a_plus=1 * mV)), "a_plus of .* needs a current"),
        (lambda: onto_exc(source=STEP, into="I_ext", plasticity=STDP), "no weight that it could change"),
        (lambda: onto_exc(weight=1 * pA, plasticity=ns.Plasticity("a : weight", on_post="w += a")), "a of .* needs a value"),
        (lambda: onto_exc(weight=1 * pA, plasticity=ns.Plasticity(on_pre="w += x_pre")), "unknown name 'x_pre'"),
        (lambda: onto_exc(weight=1 * pA, plasticity=ns.Plasticity(on_post="w += value")), "unknown name 'value'"),
        (lambda: onto_exc(weight=1 * pA, plasticity=ns.Plasticity(on_pre="w += v_post")), "this is volt"),
        (lambda: onto_exc(weight=1 * pA, plasticity=ns.Plasticity(on_pre="v_post += 1*mV")), "'v_post' cannot be changed"),
        (lambda: onto_exc(weight=1 * pA, plasticity=ns.Plasticity(on_pre="I_ext_post *= 2")), "can only be added to"),
        (lambda: onto_exc(weight=1 * pA, synapse=synapses.tsodyks_markram, plasticity=STDP), "x is a name of the synapse and"),
        (lambda: onto_exc(weight=1 * pA, synapse=ns.SynapseModel(on_arrival="into = w")), "can only be added"),
        (lambda: onto_exc(weight=1 * pA, synapse=ns.SynapseModel(on_arrival="into += w * r_pre")), "unknown name 'r_pre'"),
        (lambda: backward(shared_with=forward(weight=1), weight=1), "leave weight=... out"),
        (lambda: backward(transpose_of=forward(weight=1), bounds=(0, 1)), "give the bounds there"),
        (lambda: forward(transpose_of=forward(weight=1)), "it needs 4 and 3"),
        (lambda: forward(shared_with=onto_exc(weight=1 * pA)), "has 12 synapses and 'drive -> exc'"),
        (lambda: forward(shared_with=onto_exc(rule=ns.fixed_indegree(1), weight=1 * pA)), "not drawn at random"),
        (lambda: forward(shared_with=forward(shared_with=forward(weight=1), name="b"), name="c"), "no weights of its own"),
    ],
)
def test_wrong_projections_are_refused(make: Make, message: str) -> None:
    with pytest.raises(NetworkError, match=message):
        make()


# ---- Networks -------------------------------------------------------------------------------------------------------
def test_parts_are_found_by_name_and_kind() -> None:
    projection = onto_exc(weight=1 * pA)
    net = ns.Network(EXC, DRIVE, projection, ns.Probe(EXC, "spikes"), seed=3, name="small")
    assert net["exc"] is EXC and net["drive -> exc"] is projection and "inh" not in net
    assert (net.populations, net.stimuli, net.projections) == ((EXC,), (DRIVE,), (projection,))
    assert len(net.with_parts(ns.Probe(EXC, "v")).probes) == 2 and len(net.probes) == 1
    assert "drive -> exc: all_to_all() into I_syn" in str(net)
    with pytest.raises(NetworkError, match="there is no part 'ecx'; did you mean 'exc'"):
        net["ecx"]


def test_a_network_can_be_pickled_and_keeps_its_parts_one() -> None:
    net = pickle.loads(pickle.dumps(ns.Network(EXC, DRIVE, onto_exc(weight=ns.uniform(0 * pA, 1 * pA)), seed=3)))
    assert net.projections[0].target is net["exc"] and net.seed == 3


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: ns.Network(), "is empty"),
        (lambda: ns.Network(EXC, [DRIVE]), "Put a star before it"),  # type: ignore[arg-type]
        (lambda: ns.Network(HERE.output("r")), "the network holds its population"),  # type: ignore[arg-type]
        (lambda: ns.Network(EXC, seed=-1), "seed must be at least 0, got -1"),
        (lambda: ns.Network(EXC, EXC), "stands in it 2 times"),
        (lambda: ns.Network(EXC, ns.PoissonSource("exc", 1, rate=1 * Hz)), "2 parts have the name 'exc': population, PoissonSource"),
        (lambda: ns.Network(EXC, DRIVE, onto_exc(weight=1 * pA), onto_exc(weight=2 * pA)), 'Give one of them another with name="..."'),
        (lambda: ns.Network(EXC, onto_exc(weight=1 * pA)), "its source 'drive' is not in the network"),
        (lambda: ns.Network(ns.Population("exc", 10, neurons.lif_delta), DRIVE, onto_exc(weight=1 * pA)), "use the same object"),
        (lambda: ns.Network(EXC, ns.Probe(CELL, "v")), "its part 'cell' is not in the network"),
        (lambda: ns.Network(EXC, ns.Probe(EXC, "v", of=[1]), ns.Probe(EXC, "v")), "v of 'exc' is recorded by 2 probes"),
        (lambda: ns.Network(HERE, THERE, backward(transpose_of=forward(weight=1))), "the owner of its weights"),
        (lambda: ns.Network(HERE, THERE, forward(weight=1, instant=True), backward(weight=1, instant=True)), "here -> there -> here"),
    ],
)
def test_wrong_networks_are_refused(make: Make, message: str) -> None:
    with pytest.raises(NetworkError, match=message):
        make()


def test_shared_weights_may_only_be_added_to() -> None:
    decay = ns.Plasticity(on_step="w *= 0.9")
    own = forward(weight=1, plasticity=decay)
    assert ns.Network(HERE, THERE, own)
    with pytest.raises(NetworkError, match="on shared weights"):
        ns.Network(HERE, THERE, own, backward(transpose_of=own))

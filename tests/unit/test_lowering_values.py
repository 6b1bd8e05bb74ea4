"""Numbers of the wish as numbers of the recipe: grids, roundings, streams, wiring, exact sums, order."""

import math
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from neurosim.equations import parse_expression
from neurosim.errors import NetworkError, ParameterError
from neurosim.ir.exactness import exact_sums, in_degree_bound, magnitude
from neurosim.ir.program import Block, Num, Pathway, Program, Sampled, Source, Spike, Statement, Weights, Wiring
from neurosim.ir.random import sample
from neurosim.ir.wiring import expand, values_of, weight_values
from neurosim.lowering import lower
from neurosim.lowering.order import integration_order, retime
from neurosim.lowering.values import Setting, delay_steps, edge_values, neuron_values, on_weight_grid, recipe, steps_on_grid
from neurosim.network import Network, PoissonSource, Population, Projection, neurons, pair_stdp
from neurosim.network.connectivity import all_to_all, dense, fixed_indegree, fixed_probability, pairs, sparse
from neurosim.network.distributions import constant, exponential, lognormal, normal, uniform
from neurosim.units import CURRENT, TIME, VOLTAGE, Hz, ms, mV, pA

EVERYONE = np.arange(20_000)
SETTING = Setting(0.1, 1)


# ---- grids -------------------------------------------------------------------------------------------------------------
@given(st.integers(0, 10_000), st.sampled_from([0.05, 0.1, 0.125, 0.2, 1.0]))
def test_multiples_of_the_step_are_on_the_grid(steps, dt):
    assert steps_on_grid(steps * dt, dt, "here", "delay") == steps


def test_other_times_are_refused_with_the_nearest():
    with pytest.raises(ParameterError) as caught:
        steps_on_grid(0.25, 0.1, "projection 'a -> b'", "delay")
    assert str(caught.value) == (
        "projection 'a -> b': delay of 0.25 ms is not a multiple of the time step 0.1 ms; the nearest are 0.2 ms and 0.3 ms"
    )


def test_delays():
    rule = pairs([1, 0, 1], [0, 0, 1])
    assert delay_steps(1.5 * ms, 0.1, 7, "here", all_to_all()) == 15
    assert delay_steps(constant(0.3 * ms), 0.1, 7, "here", all_to_all()) == 3
    assert delay_steps([0.12, 0.31, 0.2] * ms, 0.1, 7, "here", rule).tolist() == [3, 1, 2]
    with pytest.raises(ParameterError, match="nearest are 0.1 ms and 0.2 ms"):
        delay_steps(0.15 * ms, 0.1, 7, "here", rule)


def test_drawn_delays_are_rounded_within_their_bounds():
    """Mean 1.5 ms, half of it the spread, cut below half a step: the mean of what is left is 1.547 ms."""
    made = delay_steps(normal(1.5 * ms, 0.75 * ms, low=0.05 * ms, high=6.2 * ms), 0.1, 7, "here", all_to_all())
    assert made == Sampled("normal", 15.0, 7.5, 7, 0.5, 62.0, "redraw", 1.0, 1.0, 62.0)
    steps = sample(made, np.arange(200_000))
    assert steps.min() == 1 and np.all(steps == np.rint(steps)) and abs(steps.mean() - 15.47) < 0.1
    free = delay_steps(normal(0.1 * ms, 0.1 * ms, low=0 * ms), 0.1, 7, "here", all_to_all())
    assert sample(free, EVERYONE).min() == 0


# ---- weights -----------------------------------------------------------------------------------------------------------
@given(st.lists(st.floats(-1e6, 1e6, allow_subnormal=False), min_size=1, max_size=30))
def test_weights_on_their_grid(values):
    rounded, quantum = on_weight_grid(np.array(values))
    largest = max(map(abs, values))
    if largest == 0.0:
        return
    exponent = math.floor(math.log2(largest)) if math.frexp(largest)[0] != 0.5 else math.frexp(largest)[1] - 1
    assert quantum == max(2.0 ** (exponent - 23), 2.0**-149)
    assert np.all(rounded == rounded.astype(np.float32)) and np.all(rounded / quantum == np.rint(rounded / quantum))
    assert np.all(np.abs(rounded - values) <= quantum / 2)
    again, same = on_weight_grid(rounded)
    assert np.array_equal(again, rounded) and same >= quantum


@pytest.mark.parametrize("distribution", [
    normal(87.8 * pA, 8.78 * pA), normal(-351 * pA, 35 * pA, high=0 * pA), uniform(-3 * pA, 100 * pA),
    lognormal(0.5 * pA, 1.0, high=50 * pA), exponential(20 * pA), normal(1 * pA, 5 * pA, low=0 * pA, cut="clip"),
])
def test_drawn_weights_are_below_their_bound_and_on_their_grid(distribution):
    made, quantum = on_weight_grid(recipe(distribution, 11))
    assert made.quantum == quantum
    drawn = sample(made, EVERYONE)
    assert np.abs(drawn).max() <= magnitude(made) <= quantum * 2**24
    assert np.all(drawn == drawn.astype(np.float32)) and np.all(drawn / quantum == np.rint(drawn / quantum))


def test_sums_on_the_grid_do_not_depend_on_their_order():
    random = np.random.default_rng(0)
    excitatory, _ = on_weight_grid(random.normal(88, 9, 300))
    inhibitory, _ = on_weight_grid(random.normal(-351, 35, 100))
    terms = np.concatenate([excitatory, inhibitory])
    sums = {float(np.add.reduce(random.permutation(terms))) for _ in range(200)}
    assert sums == {math.fsum(terms)}


def test_plastic_and_double_weights_are_not_rounded():
    exc = Population("exc", 10, neurons.lif_exponential)
    rule = pair_stdp(tau_plus=20 * ms, tau_minus=20 * ms, a_plus=0.1 * pA, a_minus=0.1 * pA)
    given = {"into": "I_syn", "weight": 0.1 * pA}
    net = Network(
        exc,
        Projection(exc, exc, all_to_all(), name="fixed", **given),
        Projection(exc, exc, all_to_all(), name="double", weight_precision="float64", **given),
        Projection(exc, exc, all_to_all(), name="plastic", plasticity=rule, bounds=(0 * pA, 1 * pA), **given),
    )
    fixed, double, plastic = lower(net, 1 * ms).weights
    assert fixed.quantum == 2.0**-27 and fixed.values == np.float32(0.1)
    assert (double.quantum, double.values) == (0.0, 0.1) and (plastic.quantum, plastic.values) == (0.0, 0.1)
    assert (plastic.low, plastic.high, plastic.unit) == (0.0, 1.0, "pA")


# ---- values ------------------------------------------------------------------------------------------------------------
def test_values_of_neurons():
    assert neuron_values(-65 * mV, VOLTAGE, 3, 5, "here", "v") == -65.0
    assert neuron_values([1, 2, 3] * mV, VOLTAGE, 3, 5, "here", "v").tolist() == [1.0, 2.0, 3.0]
    drawn = neuron_values(uniform(-60 * mV, -50 * mV), VOLTAGE, 1000, 5, "here", "v")
    assert drawn.shape == (1000,) and -60 < drawn.min() < -59.9 and -50.1 < drawn.max() < -50
    assert neuron_values(normal(5 * mV, 0 * mV), VOLTAGE, 3, 5, "here", "v") == 5.0


def test_logarithmic_parameters():
    drawn = sample(recipe(lognormal(2 * ms, 0.5), 3), EVERYONE)
    assert abs(np.log(drawn).mean() - np.log(2)) < 0.02 and abs(np.log(drawn).std() - 0.5) < 0.02
    assert recipe(lognormal(2 * ms, 0.0), 3) == pytest.approx(2.0)


def test_values_of_synapses_follow_the_pairs():
    rule = pairs([1, 0], [0, 1])
    assert edge_values([10, 20] * pA, CURRENT, 5, "here", "weight", rule).tolist() == [20.0, 10.0]
    matrix = edge_values(np.arange(6.0).reshape(2, 3) * pA, CURRENT, 5, "here", "weight", all_to_all())
    assert matrix.tolist() == [0.0, 1.0, 2.0, 3.0, 4.0, 5.0]


def test_weights_that_come_with_the_connectivity():
    a, b = Population("a", 2, neurons.lif_exponential), Population("b", 3, neurons.lif_exponential)
    full = Projection(a, b, dense([[1, 2, 3], [4, 5, 6]] * pA), into="I_syn", name="full")
    few = Projection(a, b, sparse(([1, 0], [2, 0], [7, 8] * pA)), into="I_syn", name="few")
    program = lower(Network(a, b, full, few), 1 * ms)
    edges = expand(program.part("full").wiring)
    assert edges.pre.tolist() == [0, 0, 0, 1, 1, 1] and weight_values(program, program.weights[0]).tolist() == [1, 2, 3, 4, 5, 6]
    edges = expand(program.part("few").wiring)
    assert list(zip(edges.pre, edges.post, weight_values(program, program.weights[1]))) == [(0, 0, 8.0), (1, 2, 7.0)]


def test_shared_and_transposed_weights():
    a, b = Population("a", 2, neurons.lif_exponential), Population("b", 3, neurons.lif_exponential)
    forward = Projection(a, b, all_to_all(), into="I_syn", weight=np.arange(6.0).reshape(2, 3) * pA)
    back = Projection(b, a, all_to_all(), into="I_syn", transpose_of=forward, factor=-2.0)
    same = Projection(a, b, all_to_all(), into="I_syn", shared_with=forward, name="same")
    program = lower(Network(a, b, forward, back, same), 1 * ms)
    assert [weights.name for weights in program.weights] == ["a -> b:w"]
    assert (program.part("b -> a").index, program.part("b -> a").factor) == ("transpose", -2.0)
    assert (program.part("same").index, program.part("same").weights) == (None, "a -> b:w")


def microcircuit(*extra, probability=0.1):
    """Two populations and a background, with everything drawn."""
    exc = Population("exc", 40, neurons.lif_exponential, v=normal(-58 * mV, 5 * mV))
    inh = Population("inh", 10, neurons.lif_exponential, v=normal(-58 * mV, 5 * mV))
    drawn = {"into": "I_syn", "weight": normal(88 * pA, 9 * pA), "delay": normal(1.5 * ms, 0.75 * ms, low=0.1 * ms)}
    forth = Projection(exc, inh, fixed_indegree(5), **drawn)
    back = Projection(inh, exc, fixed_probability(probability), **drawn)
    return Network(exc, inh, forth, back, *extra, seed=7)


def test_numbers_do_not_depend_on_other_parts():
    drive = PoissonSource("drive", 5, rate=10 * Hz)
    one, two = lower(microcircuit(), 1 * ms), lower(microcircuit(drive, probability=0.3), 1 * ms)
    assert np.array_equal(one.block("exc").states["v"], two.block("exc").states["v"])
    assert not np.array_equal(one.block("exc").states["v"][:10], one.block("inh").states["v"])
    name = "exc -> inh"
    edges, others = expand(one.part(name).wiring), expand(two.part(name).wiring)
    assert np.array_equal(edges.pre, others.pre) and np.array_equal(edges.post, others.post)
    for part in (f"{name}:w",):
        assert np.array_equal(weight_values(one, one.part(part)), weight_values(two, two.part(part)))
    assert np.array_equal(values_of(one.part(name).delay, edges), values_of(two.part(name).delay, others))
    assert lower(microcircuit(), 1 * ms, seed=8).part(name).wiring.stream != one.part(name).wiring.stream


# ---- exact sums --------------------------------------------------------------------------------------------------------
def converging(*pathways, payload=1.0, weights=((1.0, 2.0**-23),), sources=()):
    """A block 'a' and pathways from it to itself."""
    spike = Spike(parse_expression("v > 1"), payload=Num(payload))
    block = Block("a", 100, {"v": 0.0}, spike=spike)
    named = tuple(Weights(f"w{k}", f"p{k}", value, quantum=quantum) for k, (value, quantum) in enumerate(weights))
    return Program(0.1, (block,), tuple(sources), tuple(pathways), named)


def pathway(k=0, text="w", number=100, **more):
    wiring = Wiring("fixed_indegree", 100, 100, number)
    given = {"deliver": (Statement("v_post", "+=", parse_expression(text)),), "weights": f"w{k}", **more}
    return Pathway(f"p{k}", "a", "a", wiring, **given)


def test_which_sums_are_exact():
    exact = frozenset({("a", "v")})
    assert exact_sums(converging(pathway())) == exact
    assert exact_sums(converging(pathway(text="w * value"), payload=-3.0)) == exact
    assert exact_sums(converging(pathway(factor=-0.5))) == exact
    refused = [
        converging(pathway(text="w * value"), payload=0.3),
        converging(pathway(factor=0.3)),
        converging(pathway(text="w * v_post")),
        converging(pathway(), weights=((1.0, 0.0),)),
        converging(pathway(signal="r")),
        converging(pathway(number=2**30)),
        converging(pathway(), pathway(1), weights=((1.0, 2.0**-23), (1e12, 2.0**16))),
        converging(pathway(deliver=(Statement("v_post", "+=", parse_expression("w")), Statement("w", "*=", parse_expression("0.9"))))),
    ]
    for program in refused:
        assert exact_sums(program) == frozenset()


def test_counts_of_a_poisson_source_are_whole():
    arriving = replace(pathway(text="w * value"), source="drive")
    source = Source("drive", 100, "poisson", rate=8.0)
    assert exact_sums(converging(arriving, sources=(source,))) == frozenset({("a", "v")})


def test_in_degrees_stay_below_their_bound():
    for kind, number in (("fixed_total_number", 5000), ("fixed_outdegree", 50), ("fixed_indegree", 30), ("all_to_all", 0)):
        wiring = Wiring(kind, 100, 80, number, stream=3)
        assert np.bincount(expand(wiring).post).max() <= in_degree_bound(wiring)


# ---- order -------------------------------------------------------------------------------------------------------------
def test_order_keeps_the_network_order_where_it_can():
    assert integration_order(["a", "b", "c"], []) == ("a", "b", "c")
    assert integration_order(["a", "b", "c"], [("c", "a"), ("outside", "b")]) == ("c", "a", "b")


def test_a_loop_of_instant_signals_is_printed():
    with pytest.raises(NetworkError, match="instant signals form a loop: a -> b -> c -> a"):
        integration_order(["a", "b", "c"], [("a", "b"), ("b", "c"), ("c", "a")])


def test_retiming_a_stack_with_a_shortcut_and_recurrence():
    edges = [("in", "h1", 0), ("h1", "h2", 0), ("h2", "out", 0), ("in", "out", 0), ("h1", "h1", 1), ("out", "h1", 4)]
    found = retime(["in", "h1", "h2", "out"], edges, fixed=["in"])
    assert found.shifts == {"in": 0, "h1": 1, "h2": 2, "out": 3}
    assert found.delays == (0, 0, 0, 2, 0, 1) and min(found.delays) >= 0


def test_retiming_refuses_what_has_no_solution():
    with pytest.raises(NetworkError, match="loop without latency: "):
        retime(["a", "b"], [("a", "b", 0), ("b", "a", 1)])
    with pytest.raises(NetworkError, match="'noise' would have to start 1 steps later"):
        retime(["a", "noise"], [("a", "noise", 0)], fixed=["noise"])


def test_times_have_the_unit_that_is_asked_for():
    assert neuron_values(2 * ms, TIME, 1, 0, "here", "tau") == 2.0

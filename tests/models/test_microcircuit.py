"""The cortical microcircuit: its numbers to the last digit, its wiring, its warnings."""

import warnings

import numpy as np
import pytest

import neurosim as ns
from neurosim.errors import ParameterError
from neurosim.ir import wiring
from neurosim.models import microcircuit as model
from neurosim.units import ms

# Number of synapses [target, source] at full scale, as every published simulation has them.
SYNAPSES = np.array(
    [
        [45499805, 22323577, 20253647, 9670918, 3293578, 0, 2271404, 0],
        [17443694, 5018763, 4105338, 1690074, 2221213, 0, 353461, 0],
        [3503670, 756561, 24482849, 17413576, 714524, 7003, 14624432, 0],
        [8114254, 92832, 9933538, 5223272, 87836, 0, 8810905, 0],
        [10613575, 1817058, 5507804, 151900, 2040738, 2407889, 1438969, 0],
        [1241436, 169424, 607667, 12851, 319602, 430444, 132414, 0],
        [4681225, 556108, 6727570, 1320234, 4112225, 305029, 8372649, 10827677],
        [2260836, 17207, 220033, 8078, 401638, 25218, 2888426, 1354320],
    ]
)


# ---- Parameters -----------------------------------------------------------------------------------------------------
def test_numbers_of_synapses_to_the_last_digit() -> None:
    assert np.array_equal(model.synapse_numbers(), SYNAPSES)
    assert model.synapse_numbers().sum() == 298_880_968
    assert model.synapse_numbers(0.1, 0.1).sum() == 2_988_807
    assert model.synapse_numbers(0.02, 0.02).sum() == 119_548
    assert model.synapse_numbers(0.02, 0.2).sum() == 1_195_524


def test_indegrees() -> None:
    indegrees = model.synapse_numbers().sum(1) / model.NEURONS
    assert indegrees == pytest.approx([4995.1, 5285.0, 2806.4, 5888.4, 4943.9, 2736.0, 2563.6, 2434.1], abs=0.06)


def test_thalamic_numbers() -> None:
    numbers = model.thalamic_synapse_numbers()
    assert numbers.tolist() == [0, 0, 2_045_393, 315_791, 0, 0, 682_419, 52_636]
    small = model.thalamic_synapse_numbers(0.1, 0.1) / model.neuron_numbers(0.1)
    assert small[2] == pytest.approx(9.333, rel=1e-3)  # the number per neuron scales with k_scale


def test_numbers_of_neurons() -> None:
    assert model.neuron_numbers().sum() == 77_169
    assert model.neuron_numbers(0.1).tolist() == [2068, 583, 2192, 548, 485, 106, 1440, 295]
    assert model.neuron_numbers(0.02).sum() == 1544


def test_weights() -> None:
    weights = model.weights()
    assert weights[0, 0] == pytest.approx(87.80849352920845, abs=1e-12)
    assert weights[0, 2] == pytest.approx(2 * 87.80849352920845, abs=1e-12)
    assert np.allclose(weights[:, 1::2], -4 * 87.80849352920845, rtol=0, atol=1e-12)
    assert np.count_nonzero(np.isclose(weights, weights[0, 0])) == 31
    assert model.psp_of_unit_current() == pytest.approx(1.708263e-3, rel=1e-6)
    assert model.weights(0.1) == pytest.approx(weights / np.sqrt(0.1), rel=1e-15)


def test_external_currents() -> None:
    wanted = [561.97, 526.85, 737.59, 667.34, 702.47, 667.34, 1018.58, 737.59]
    assert model.external_currents() == pytest.approx(wanted, abs=6e-3)
    assert model.external_currents() == pytest.approx(model.EXTERNAL_INDEGREE * 0.3512339741168338, abs=1e-4)


COMPENSATION = {
    "2020": [29.035, 112.371, 112.970, 114.990, 125.418, 151.684, 43.847, 153.710],
    "2016": [94.932, 158.549, 168.893, 186.002, 127.066, 145.439, 84.335, 171.659],
}


@pytest.mark.parametrize("compensation", COMPENSATION)
def test_compensation_currents(compensation: str) -> None:
    assert model.compensation_currents(0.1, "poisson", compensation) == pytest.approx(COMPENSATION[compensation], abs=1e-3)
    assert not model.compensation_currents(1.0, "poisson", compensation).any()


def test_direct_currents_at_ten_percent() -> None:
    wanted = [206.75, 278.98, 346.22, 326.02, 347.56, 362.72, 365.95, 386.96]
    assert model.direct_currents(0.1, "dc", "2020") == pytest.approx(wanted, abs=6e-3)


# ---- The network ----------------------------------------------------------------------------------------------------
def test_network_has_the_published_parts() -> None:
    net = model.network(n_scale=0.02, k_scale=0.02)
    assert tuple(population.name for population in net.populations) == model.layers
    assert len(net.projections) == int((model.synapse_numbers(0.02, 0.02) > 0).sum()) + 8
    assert len(net.stimuli) == 8
    assert len(net.probes) == 8
    assert net["L4E -> L23E"].connectivity.number == model.synapse_numbers(0.02, 0.02)[0, 2]


def test_thalamus_is_there_when_asked_for() -> None:
    net = model.network(scale=0.02, thalamic_pulse=(700 * ms, 10 * ms), record=False)
    assert net["thalamus"].size == 902
    assert sum(projection.name.startswith("thalamus") for projection in net.projections) == 4
    assert not net.probes


@pytest.mark.parametrize("arguments", [{"background": "ac"}, {"compensation": "2014"}, {"scale": 0.0}, {"initial": "zero"}])
def test_unknown_choices_are_refused(arguments: dict) -> None:
    with pytest.raises(ParameterError, match=next(iter(arguments))):
        model.network(**arguments)


def test_lowered_constants() -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        program = ns.lower(model.network(n_scale=0.02, k_scale=0.2, background="dc"), 10 * ms)
    block = program.block("L23E")
    exact = block.update.exact
    assert exact is not None
    place = {name: k for k, name in enumerate(exact.states)}
    row = {name: exact.phi[place["v"]][k] for name, k in place.items()}
    value = {name: block.parameters[parameter] for name, parameter in row.items()}
    assert value["v"] == pytest.approx(0.990049833749168, rel=1e-14)
    assert value["I_syn"] == pytest.approx(3.60671748781445e-4, rel=1e-13)
    current = block.parameters[exact.phi[place["I_syn"]][place["I_syn"]]]
    assert current == pytest.approx(0.818730753077982, rel=1e-14)
    spike = block.spike
    assert spike is not None and spike.hold_steps == 21 and spike.hold_states == ("v",)


# ---- Wiring at 10 % -------------------------------------------------------------------------------------------------
QUICK = (("L4E", "L23E"), ("L23I", "L23E"), ("L6I", "L6E"), ("L5E", "L5I"))
PAIRS = [
    pytest.param(model.layers[j], model.layers[i], marks=() if (model.layers[j], model.layers[i]) in QUICK else pytest.mark.matrix)
    for i, j in np.argwhere(SYNAPSES)
]


@pytest.fixture(scope="module", name="program")
def _program():
    return ns.lower(model.network(scale=0.1, record=False), 10 * ms)


@pytest.mark.parametrize(("source", "target"), PAIRS)
def test_wiring_statistics(program, source: str, target: str) -> None:
    """Totals are exact; degrees are multinomial; weights and delays have the distributions that were asked for."""
    pathway = program.part(f"{source} -> {target}")
    edges = wiring.expand(pathway.wiring)
    i, j = model.layers.index(target), model.layers.index(source)
    assert len(edges) == model.synapse_numbers(0.1, 0.1)[i, j]
    sizes = model.neuron_numbers(0.1)
    for ends, size in ((edges.pre, sizes[j]), (edges.post, sizes[i])):
        assert multinomial_probability(np.bincount(ends, minlength=size)) > 1e-4
    check_weights(wiring.weight_values(program, program.part(pathway.weights)), model.weights(0.1)[i, j])
    check_delays(wiring.delays_of(pathway, edges), source[-1])


def multinomial_probability(counts: np.ndarray) -> float:
    """Two-sided probability of the index of dispersion under equal chances."""
    from scipy.stats import chi2

    statistic = float(((counts - counts.mean()) ** 2).sum() / counts.mean())
    tail = chi2.cdf(statistic, len(counts) - 1)
    return 2 * min(tail, 1 - tail)


def check_weights(weights: np.ndarray, mean: float) -> None:
    sd, number = abs(mean) * 0.1, len(weights)
    assert np.all(np.sign(weights) == np.sign(mean))
    assert abs(weights.mean() - mean) < 4 * sd / np.sqrt(number)
    assert abs(weights.std() - sd) < 4 * sd / np.sqrt(2 * number)
    assert np.array_equal(weights, weights.astype(np.float32))


def check_delays(delays: np.ndarray, kind: str) -> None:
    """Against the normal distribution, cut below half a step and rounded."""
    from scipy.stats import chi2, norm

    mean, longest = {"E": (1.5, 62), "I": (0.75, 32)}[kind]
    assert delays.min() >= 1 and delays.max() <= longest
    spread = norm(mean, 0.5 * mean)
    edges = (np.arange(0, longest + 1) + 0.5) * 0.1
    chance = np.diff(spread.cdf(edges)) / spread.sf(0.05)
    counts = np.bincount(delays, minlength=longest + 1)[1:]
    expected = chance * len(delays)
    common = expected >= min(10, 0.05 * len(delays))  # some pairs have a few dozen synapses in all
    found, wanted = [*counts[common], counts[~common].sum()], [*expected[common], expected[~common].sum()]
    statistic = sum((a - b) ** 2 / b for a, b in zip(found, wanted))
    assert chi2.sf(statistic, len(found) - 1) > 1e-4
    expected_mean = {"E": 1.547, "I": 0.777}[kind]
    assert abs(delays.mean() * 0.1 - expected_mean) < 4 * 0.5 * mean / np.sqrt(len(delays)) + 1e-3


def test_rare_delays_and_redrawn_share() -> None:
    from scipy.stats import norm

    assert norm.cdf(0.05, 1.5, 0.75) == pytest.approx(0.0266, abs=1e-4)
    assert norm.sf(model.LONGEST_DELAY["E"] + 0.05, 1.5, 0.75) < 2e-10
    assert norm.sf(model.LONGEST_DELAY["I"] + 0.05, 0.75, 0.375) < 5e-11


# ---- What is said about it ------------------------------------------------------------------------------------------
def test_weak_constant_background_warns() -> None:
    with pytest.warns(UserWarning, match=r"background DC leaves 7 of 8 populations below rheobase \(375 pA\)"):
        model.network(scale=0.1, background="dc", compensation="2020")
    with pytest.warns(UserWarning, match="4 of 8 populations below rheobase"):
        model.network(scale=0.1, background="dc", compensation="2016")


@pytest.mark.parametrize("arguments", [{"scale": 0.1}, {"scale": 1.0, "background": "dc"}])
def test_strong_background_does_not_warn(arguments: dict) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        k = arguments["scale"]
        assert model.below_rheobase(k, arguments.get("background", "poisson"), "2016") == ()
        if k < 1:
            model.network(**arguments)


def test_notes_say_which_downscaling() -> None:
    text = "\n".join(model.notes(scale=0.1, background="dc", compensation="2020", thalamic_pulse=(700 * ms, 10 * ms)))
    for words in ("n_scale 0.1", "k_scale 0.1", "7,717 neurons", "2,988,807 synapses", "background dc", "set 2020", "0.47 mV", "-1.90 mV"):
        assert words in text
    assert "7 of 8 populations below rheobase" in text
    assert "not the published network" in text
    assert "Thalamic" in text
    assert "not the published network" not in "\n".join(model.notes(scale=1.0))


def test_both_comparison_columns() -> None:
    columns = model.expected(scale=0.1)
    assert columns["expected at this scale"]["L23E"] == 0.716
    assert columns["published"]["L23E"] == 0.86
    assert list(columns["published"]) == list(model.layers)
    assert model.expected(n_scale=0.1, k_scale=0.1, compensation="2020")["expected at this scale"]["L23E"] == 0.471
    assert list(model.expected(scale=0.37)) == ["published"]
    assert "expected at this scale" in model.expected(scale=1.0, background="dc")


# ---- It runs --------------------------------------------------------------------------------------------------------
@pytest.mark.matrix
def test_rates_at_ten_percent_are_roughly_right(require_engine) -> None:
    """One second on the native engine; the windows for ten seconds are the benchmarks' to check."""
    require_engine("native")
    result = ns.simulate(model.network(scale=0.1), 1500 * ms, backend="native", threads=1)
    wanted = model.expected(scale=0.1)["expected at this scale"]
    for name in model.layers:
        steps = result.record.events[name].steps
        rate = float((steps >= 5000).sum()) / result_size(result, name)
        assert rate == pytest.approx(wanted[name], rel=0.3, abs=0.3), name


def result_size(result, name: str) -> int:
    return int(model.neuron_numbers(0.1)[model.layers.index(name)])


# Spikes in the 20 ms after the onset over the usual number, calibrated on seeds 1 to 10 at 10 %: with the pulse 1.70 to 1.96 in L4E
# and 1.42 to 2.89 in L6E, without it 0.77 to 1.29 and 0.67 to 1.17. (Three times the mean is not reached over 20 ms, at no scale
# tried up to n_scale 0.1, k_scale 1 and 0.3 for both: inhibition ends the answer after some 8 ms.)
ANSWER = {"L4E": 1.5, "L6E": 1.3}


@pytest.mark.matrix
@pytest.mark.parametrize("pulse", [True, False])
def test_thalamic_pulse_is_answered(require_engine, pulse: bool) -> None:
    """L4E and L6E answer, L2/3 peaks after L4; without a pulse nothing passes for an answer. Other seeds than those above."""
    require_engine("native")
    course = {name: np.zeros(10) for name in ("L4E", "L6E", "L23E")}
    usual = dict.fromkeys(course, 0.0)
    for seed in (11, 12, 13):
        net = model.network(scale=0.1, seed=seed, thalamic_pulse=(700 * ms, 10 * ms) if pulse else None)
        result = ns.simulate(net, 720 * ms, backend="native", threads=1)
        for name in course:
            steps = result.record.events[name].steps
            course[name] += np.histogram(steps[steps >= 7000], np.arange(7000, 7201, 20))[0]
            usual[name] += ((steps >= 5000) & (steps < 7000)).sum() / 10
    for name, least in ANSWER.items():
        assert (course[name].sum() > least * usual[name]) == pulse, name
    if pulse:
        assert course["L23E"].argmax() > course["L4E"].argmax()

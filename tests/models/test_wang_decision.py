"""The decision network: its parameters, its sums, one trial."""

import math

import numpy as np
import pytest

import neurosim as ns
from neurosim.models import wang_decision as wang
from neurosim.units import Hz, ms


def test_parameters() -> None:
    net = wang.network()
    sizes = {population.name: population.size for population in net.populations}
    assert (sizes["A"], sizes["B"], sizes["rest"], sizes["inh"]) == (240, 240, 1120, 400)
    assert wang.weight_minus() == pytest.approx(1 - 0.15 * 0.7 / 0.85)
    # The mean weight onto a selective neuron is 1, whatever w_plus.
    assert 0.15 * wang.W_PLUS + 0.85 * wang.weight_minus() == pytest.approx(1.0)
    weights = {projection.name: projection.weight for projection in net.projections}
    assert weights["A -> A"].value == pytest.approx(1.7 * 0.05) and weights["A -> inh"].value == pytest.approx(0.04)
    assert weights["inh -> B"].value == pytest.approx(1.3) and weights["background inh -> inh"].value == pytest.approx(1.62)
    slow = weights["NMDA -> B"].value
    assert slow.shape == (3, 240) and slow[:, 0] == pytest.approx(0.165 * np.array([wang.weight_minus(), 1.7, wang.weight_minus()]))


def test_stimuli_have_the_rates_of_the_coherence() -> None:
    net = wang.network(coherence=25.6, stimulus_duration=20000 * ms)
    signals = {part.name: part for part in net.stimuli if part.name.startswith("rate")}
    means = [float((signals[name].values / Hz)[:-1].mean()) for name in ("rate A", "rate B")]
    assert means == pytest.approx([40 * 1.256, 40 * 0.744], abs=4 * 4 / math.sqrt(400))
    assert float((signals["rate A"].values / Hz)[-1]) == 0.0
    other = {part.name: part for part in wang.network(coherence=25.6, stimulus_duration=20000 * ms, seed=2).stimuli}
    assert not np.array_equal(other["rate A"].values / Hz, signals["rate A"].values / Hz)


@pytest.mark.slow
def test_a_trial(require_engine) -> None:
    """With strong evidence A wins: it ramps to 20 to 40 Hz within the second of the stimulus, B is suppressed; the memory outlasts it."""
    require_engine("native")
    result = ns.simulate(wang.network(), wang.DURATION, progress=False)
    found = wang.decision(result)
    assert found.choice == "A" and 100 < found.time < 900
    before, late, after = result.between(0 * ms, 500 * ms), result.between(1300 * ms, 1500 * ms), result.between(1500 * ms, 2000 * ms)
    assert before["A"].rate.mean() < 5 and before["B"].rate.mean() < 5
    assert 20 < late["A"].rate.mean() < 40 and late["B"].rate.mean() < 5
    assert after["A"].rate.mean() > 10
    assert "A decides" in wang.figure(result).axes[2].texts[0].get_text()

"""The ring: its profile and the Fourier modes that stand for it, the population vector, a bump that lasts."""

import numpy as np
import pytest

import neurosim as ns
from neurosim.models import ring_attractor as ring


@pytest.mark.parametrize(("j_plus", "sigma"), [(1.62, 14.4), (1.5, 30.0), (3.0, 9.0)])
def test_profile_has_mean_one(j_plus: float, sigma: float) -> None:
    distance = np.linspace(-180, 180, 20001)
    assert np.trapezoid(ring.profile(distance, j_plus, sigma), distance) / 360 == pytest.approx(1.0, abs=1e-6)
    assert ring.profile(np.zeros(1), j_plus, sigma)[0] == pytest.approx(j_plus)


@pytest.mark.parametrize("size", [64, 512])
def test_modes_are_the_profile(size: int) -> None:
    """Through the units between, neuron j sees neuron i with the weight of the profile at their distance."""
    strengths = ring.amplitudes(size)
    waves = ring.modes(size, len(strengths))
    through = waves @ (np.repeat(strengths, [1, *[2] * (len(strengths) - 1)])[:, None] * waves.T)
    distance = 360 * np.abs(np.arange(size)[:, None] - np.arange(size)) / size
    wanted = ring.profile(np.minimum(distance, 360 - distance))
    assert waves.shape[1] < 40
    assert np.abs(through - wanted).max() < 1e-3


def test_parameters() -> None:
    net = ring.network()
    weights = {projection.name: projection.weight for projection in net.projections}
    assert weights["inh -> exc"].value == pytest.approx(1.336) and weights["modes -> inh"].value == pytest.approx(0.292)
    mean = [projection for projection in net.projections if projection.name == "modes -> exc"][0].connectivity.weights.value[:2048]
    assert mean == pytest.approx(0.381)
    half = {projection.name: projection.weight for projection in ring.network(scale=0.5).projections}
    assert half["inh -> inh"].value == pytest.approx(2 * 1.024)


@pytest.mark.slow
def test_bump_outlasts_the_cue(require_engine) -> None:
    """Spontaneous activity of about 3 Hz, then a bump at the direction of the cue that stays there, within a drift."""
    require_engine("native")
    result = ns.simulate(ring.network(cue=90.0), 1500 * ring.ms, progress=False)
    before = result.between(250 * ring.ms, 500 * ring.ms)
    assert 0.5 < before["exc"].rate.mean() < 4
    times, direction, length = ring.population_vector(result)
    late = times > 1000
    assert np.all(length[times < 400] < 0.2) and np.all(length[late] > 0.3)
    assert np.all(np.abs(direction[late] - 90) < 30)
    rate = result.between(1000 * ring.ms, 1500 * ring.ms)["exc"].rate
    assert rate[480:544].mean() > 10 and rate[1400:1700].mean() < 6
    assert len(ring.figure(result).axes) == 2

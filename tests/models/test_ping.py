"""The gamma rhythm: gates as published, the pair of cells against an integration by SciPy, the frequency against the decay of inhibition."""

import numpy as np
import pytest

import neurosim as ns
from neurosim.models import ping
from neurosim.units import ms


@pytest.mark.parametrize(("tau", "tau_q"), [(3.0, 0.17229), (9.0, 0.11629)])
def test_gates_peak_when_they_should(tau: float, tau_q: float) -> None:
    """Values of the programs that belong to the book, which step by 0.01 ms."""
    found = ping.decay_of_q(tau)
    assert found == pytest.approx(tau_q, rel=5e-4)
    assert ping.time_of_peak(found, tau) == pytest.approx(ping.TAU_PEAK, abs=1e-5)


def test_parameters() -> None:
    net = ping.network()
    exc, inh = net.populations
    assert (exc.size, inh.size) == (200, 50)
    assert exc.value_of("g_Na").value == 10000 and inh.value_of("g_K").value == 900
    weights = {projection.name: projection.weight for projection in net.projections}
    assert weights["exc -> inh"].value == pytest.approx(25 / 100)  # 0.25 mS/cm2 over 100 expected sources
    assert weights["inh -> exc"].value == pytest.approx(25 / 25)


TAU_Q = ping.decay_of_q(3.0), ping.decay_of_q(9.0)


def derivative(_: float, y: np.ndarray) -> np.ndarray:
    """The pair of cells, written a second time: v, h, n, q, s of the pyramidal cell, then of the interneuron; per cm2."""
    v, h, n, q, s, w, k, m, p, r = y
    exp = np.exp

    def linoid(x: float, scale: float) -> float:
        return x / (1 - exp(-x / scale))

    a_m, b_m = 0.32 * linoid(v + 54, 4), 0.28 * linoid(-(v + 27), 5)
    a_h, b_h = 0.128 * exp(-(v + 50) / 18), 4 / (1 + exp(-(v + 27) / 5))
    a_n, b_n = 0.032 * linoid(v + 52, 5), 0.5 * exp(-(v + 57) / 40)
    c_m, d_m = 0.1 * linoid(w + 35, 10), 4 * exp(-(w + 60) / 18)
    c_h, d_h = 0.35 * exp(-(w + 58) / 20), 5 / (1 + exp(-(w + 28) / 10))
    c_n, d_n = 0.05 * linoid(w + 34, 10), 0.625 * exp(-(w + 44) / 80)
    current = 0.1 * (-67 - v) + 100 * (a_m / (a_m + b_m)) ** 3 * h * (50 - v) + 80 * n**4 * (-100 - v) + 1.4 + 0.25 * r * (-75 - v)
    other = 0.1 * (-65 - w) + 35 * (c_m / (c_m + d_m)) ** 3 * k * (55 - w) + 9 * m**4 * (-90 - w) + 0.25 * s * (0 - w)
    opening = [(1 + np.tanh(x / 10)) / 2 * 10 for x in (v, w)]
    return np.array([
        current, a_h * (1 - h) - b_h * h, a_n * (1 - n) - b_n * n, opening[0] * (1 - q) - q / TAU_Q[0], q * (1 - s) / 0.5 - s / 3,
        other, c_h * (1 - k) - d_h * k, c_n * (1 - m) - d_n * m, opening[1] * (1 - p) - p / TAU_Q[1], p * (1 - r) / 0.5 - r / 9,
    ])  # fmt: skip


@pytest.mark.slow
def test_pair_of_cells_against_scipy(require_engine) -> None:
    """Section 30.1 of the book: one cell of each kind. The period agrees with an adaptive integration to 1 %."""
    require_engine("native")
    from scipy.integrate import solve_ivp

    net = ping.network(excitatory=1, inhibitory=1, probability=1.0)
    result = ns.simulate(net, 300 * ms, dt=ping.DT, progress=False)
    times, _ = result["exc"].spikes
    start = np.array([-75, 0.1, 0.1, 0, 0, -75, 0.1, 0.1, 0, 0], float)

    def up(_: float, y: np.ndarray) -> float:
        return y[0] + 20

    up.direction = 1.0
    wanted = solve_ivp(derivative, (0, 300), start, method="LSODA", rtol=1e-7, atol=1e-9, events=up, max_step=0.5).t_events[0]
    period, known = (float(np.diff(some[-6:]).mean()) for some in (times, wanted))
    assert 15 < known < 30
    assert period == pytest.approx(known, rel=0.01)


@pytest.mark.slow
def test_frequency_falls_with_the_decay_of_inhibition(require_engine) -> None:
    """In the gamma band with the parameters of the book; slower inhibition, slower rhythm."""
    require_engine("native")
    found = []
    for tau in (5.0, 9.0, 13.0):
        result = ns.simulate(ping.network(tau_inhibition=tau * ms), 400 * ms, dt=ping.DT, progress=False)
        found.append(ping.frequency(result))
    assert 80 > found[0] > found[1] > found[2] > 30
    assert found[1] == pytest.approx(48, abs=3)
    assert "Hz" in ping.figure(result).axes[0].get_title("left")

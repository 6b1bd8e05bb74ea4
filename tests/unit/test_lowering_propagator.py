"""Exponentials against closed forms and 50-digit values; noise covariances against closed forms."""

import mpmath
import numpy as np
import pytest

from neurosim.lowering.propagator import cholesky, exponential, noise_covariance, propagator

RNG = np.random.default_rng(7)


def precise(matrix):
    """The exponential of one matrix with 60 digits."""
    with mpmath.workdps(60):
        result = mpmath.expm(mpmath.matrix(matrix.tolist()))
        return np.array([[float(result[i, j]) for j in range(matrix.shape[1])] for i in range(matrix.shape[0])])


def alpha_systems(n):
    """n random membranes with an alpha current, states (v, I, dI) and a constant input; half with nearly equal times."""
    tau_m = RNG.uniform(5, 30, n)
    tau_s = np.where(np.arange(n) % 2, RNG.uniform(0.3, 8, n), tau_m * (1 + RNG.choice([-1, 1], n) * 10.0 ** -(np.arange(n) % 28 // 2 + 1)))
    capacitance, dt = RNG.uniform(50, 500, n), RNG.choice([0.05, 0.1, 0.5, 1.0], n)
    a = np.zeros((n, 3, 3))
    a[:, 0, 0], a[:, 0, 1] = -1 / tau_m, 1 / capacitance
    a[:, 1, 1] = a[:, 2, 2] = -1 / tau_s
    a[:, 1, 2] = 1
    b = np.zeros((n, 3, 1))
    b[:, 0, 0] = 1 / capacitance
    return a, b, tau_m, tau_s, capacitance, dt


def test_microcircuit_constants():
    tau_m, tau_s, capacitance = 10.0, 0.5, 250.0
    phi, gain = propagator(np.array([[-1 / tau_m, 1 / capacitance], [0.0, -1 / tau_s]]), np.array([[1 / capacitance], [0.0]]), 0.1)
    expected = [0.990049833749168, 3.60671748781445e-4, 0.818730753077982, 3.9800665003328e-4]
    assert np.allclose([phi[0, 0], phi[0, 1], phi[1, 1], gain[0, 0]], expected, rtol=1e-14, atol=0)
    assert phi[1, 0] == 0.0 and gain[1, 0] == 0.0


def test_closed_forms_also_for_nearly_equal_time_constants():
    a, b, tau_m, tau_s, capacitance, dt = alpha_systems(1000)
    for k in np.unique(dt):
        chosen = dt == k
        phi, gain = propagator(a[chosen], b[chosen], k)
        m, s, c = tau_m[chosen], tau_s[chosen], capacitance[chosen]
        beta = s * m / (m - s)
        assert np.allclose(gain[:, 0, 0], -(m / c) * np.expm1(-k / m), rtol=1e-13, atol=0)
        assert np.allclose(phi[:, 0, 1], beta / c * np.exp(-k / s) * np.expm1(k / beta), rtol=1e-13, atol=0)
        cancelling = beta / c * np.exp(-k / s) * (beta * np.expm1(k / beta) - k)
        limit = k**2 / (2 * c) * np.exp(-k / m)
        near = k <= 1e-7 * m**2 / abs(m - s)
        assert np.allclose(phi[:, 0, 2], np.where(near, limit, cancelling), rtol=1e-6, atol=0)


def test_alpha_currents_against_sixty_digits():
    """The closed form cancels for nearly equal time constants, hence the digits."""
    a, b, tau_m, tau_s, capacitance, dt = alpha_systems(1000)
    with mpmath.workdps(60):
        for k in range(1000):
            m, s, c, h = (mpmath.mpf(float(x[k])) for x in (tau_m, tau_s, capacitance, dt))
            a_m, a_s, rate = mpmath.mpf(a[k, 0, 0]), mpmath.mpf(a[k, 1, 1]), mpmath.mpf(a[k, 0, 1])
            gap = a_m - a_s  # of the rounded coefficients: what the matrix says, not what the constants said
            # integral of rate exp(a_m (h - t)) t exp(a_s t) over a step
            wanted = rate * (mpmath.exp(a_m * h) * h**2 / 2 if gap == 0 else (mpmath.exp(a_m * h) - mpmath.exp(a_s * h) * (1 + gap * h)) / gap**2)
            found = propagator(a[k], b[k], float(h))[0][0, 2]
            assert abs(found / wanted - 1) < 1e-13, (k, m, s, c)


def test_against_sixty_digits():
    a, b, *_, dt = alpha_systems(60)
    for k in range(60):
        augmented = np.zeros((4, 4))
        augmented[:3, :3], augmented[:3, 3:] = a[k] * dt[k], b[k] * dt[k]
        expected = precise(augmented)
        found = exponential(augmented)
        assert np.allclose(found, expected, rtol=1e-13, atol=0)
        assert np.all(found[expected == 0] == 0)


def test_a_matrix_does_not_know_its_neighbours():
    small, large = np.array([[-0.01, 0.3], [0.0, -0.2]]), np.array([[-50.0, 1.0], [2.0, -70.0]])
    stack = exponential(np.stack([small, large, small]))
    assert np.array_equal(stack[0], exponential(small)) and np.array_equal(stack[1], exponential(large))


def test_stiff_and_oscillating_systems():
    assert np.allclose(exponential(np.diag([-1e4, -1.0])), np.diag([0.0, np.exp(-1)]), rtol=1e-13)
    turn = exponential(np.array([[0.0, -20.0], [20.0, 0.0]]))
    assert np.allclose(turn, [[np.cos(20), -np.sin(20)], [np.sin(20), np.cos(20)]], atol=1e-13)


@pytest.mark.parametrize("tau", [0.001, 0.5, 20.0, 1e6])
def test_variance_of_an_ornstein_uhlenbeck_process(tau):
    sigma, dt = 1e-7, 0.1
    found = noise_covariance(np.array([[-1 / tau]]), np.array([[sigma]]), dt)[0, 0]
    assert found == pytest.approx(-(sigma**2) * tau / 2 * np.expm1(-2 * dt / tau), rel=1e-13)


def test_covariance_of_a_filtered_process_by_quadrature():
    a, s, dt = np.array([[-0.1, 0.004], [0.0, -2.0]]), np.array([[0.0], [30.0]]), 0.1
    nodes, weights = np.polynomial.legendre.leggauss(20)
    expected = sum(w * dt / 2 * (e := exponential(a * (x + 1) * dt / 2) @ s) @ e.T for x, w in zip(nodes, weights))
    found = noise_covariance(a, s, dt)
    assert np.allclose(found, expected, rtol=1e-11, atol=0)
    lower = cholesky(found)
    assert np.allclose(lower @ lower.T, found, rtol=1e-12, atol=0) and lower[0, 1] == 0.0


def test_cholesky_of_singular_covariances():
    one = np.array([[4.0, 2.0, 0.0], [2.0, 1.0, 0.0], [0.0, 0.0, 0.0]])
    lower = cholesky(np.stack([one, np.eye(3)]))
    assert np.allclose(lower[0] @ lower[0].T, one) and np.array_equal(lower[1], np.eye(3))

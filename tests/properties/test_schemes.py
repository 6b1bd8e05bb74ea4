"""Every scheme converges with its order; exact updates agree with closed forms and with fine steps."""

import mpmath
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from neurosim.equations import parse_expression, show
from neurosim.equations.evaluate import evaluate
from neurosim.lowering.dynamics import advance
from neurosim.lowering.linear import Motion


def motion(derivatives, parameters=None, *, ports=(), held=(), varying=(), discrete=None, dt=0.1):
    """Equations given as texts."""
    moving = {state: parse_expression(text) for state, text in derivatives.items()}
    stepped = {state: parse_expression(text) for state, text in (discrete or {}).items()}
    order, parameters = (*moving, *stepped), parameters or {}
    taken = frozenset((*order, *ports, *parameters))
    return Motion(moving, stepped, order, tuple(ports), parameters, frozenset(held), frozenset(varying), dt, taken, "test")


def run(system, state, steps, method=None, draw=None, held=0.0, **ports):
    """States after some steps of the Update, by the rules of phase 2."""
    dynamics = advance(system, method)
    state = dict(state)
    for n in range(steps):
        names = {**system.parameters, **dynamics.parameters, **ports, **state, "dt": system.dt, "t": n * system.dt, "held": held}
        names.update({name: draw(name, n) for name in dynamics.draws})
        new = {}
        for name, expr in dynamics.update.assign:
            value = evaluate(expr, names.__getitem__)
            if name in system.order:
                new[name] = np.where(held, state[name], value) if name in system.held else value
            else:
                names[name] = value
        state = new
    return state


def text(system, state, method=None):
    """The assignment to a state, as text."""
    return show(dict(advance(system, method).update.assign)[state])


PENDULUM = {"x": "y", "y": "-sin(x) - 0.3 * y + cos(t)"}
GATES = {"v": "(g * (e - v) + 2 * (1 - v)) / c", "g": "(v * v - g) / tau", "h": "(tanh(v) - h) / tau"}


def measured_order(equations, parameters, start, method, dts=(0.1, 0.05, 0.025), total=4.0):
    """Slopes of the error against a far finer step of the fourth order."""
    fine = run(motion(equations, parameters, dt=0.01), start, round(total / 0.01), "rk4")
    errors = []
    for dt in dts:
        end = run(motion(equations, parameters, dt=dt), start, round(total / dt), method)
        errors.append(max(abs(end[state] - fine[state]) for state in start))
    return np.log2(np.array(errors[:-1]) / errors[1:])


@pytest.mark.parametrize(("method", "order"), [("euler", 1), ("heun", 2), ("rk4", 4)])
def test_order_of_convergence(method, order):
    slopes = measured_order(PENDULUM, {}, {"x": 1.0, "y": 0.0}, method)
    assert np.all(np.abs(slopes - order) < 0.15), slopes


def test_order_of_exponential_euler():
    slopes = measured_order(GATES, {"e": 3.0, "c": 4.0, "tau": 1.5}, {"v": 0.0, "g": 1.0, "h": 0.2}, "exponential_euler")
    assert np.all(np.abs(slopes - 1) < 0.15), slopes


def test_heun_with_exact_drivers_keeps_its_order():
    equations = {"v": "v * (1 - v) + g", "g": "-g / tau + s", "s": "-s / 3"}
    start = {"v": 0.1, "g": 1.0, "s": 0.5}
    system = motion(equations, {"tau": 2.0})
    assert "next_g" in dict(advance(system).update.assign) and advance(system).scheme == "exact and heun"
    slopes = measured_order(equations, {"tau": 2.0}, start, None)
    assert np.all(np.abs(slopes - 2) < 0.15), slopes


@pytest.mark.slow
@pytest.mark.parametrize(("noise", "order"), [("0.8 * x * xi", 0.5), ("0.8 * xi", 1.0)], ids=["multiplicative", "additive"])
def test_strong_order_of_euler_maruyama(noise, order):
    """Mean error along the same paths against finer steps."""
    paths, fine_steps = 2000, 2048
    increments = np.random.default_rng(3).standard_normal((fine_steps, paths))

    def end(dt):
        group = round(dt * fine_steps)
        drawn = increments.reshape(-1, group, paths).sum(1) / np.sqrt(group)
        system = motion({"x": f"0.2 * sin(x) + {noise}"}, dt=dt)
        return run(system, {"x": np.ones(paths)}, round(1 / dt), "euler_maruyama", lambda name, n: drawn[n])["x"]

    errors = [np.mean(np.abs(end(dt) - end(1 / fine_steps))) for dt in (1 / 16, 1 / 32, 1 / 64)]
    slopes = np.log2(np.array(errors[:-1]) / errors[1:])
    assert np.all(np.abs(slopes - order) < 0.2), slopes


def test_exponential_euler_is_exact_for_one_linear_equation():
    end = run(motion({"x": "(a - x) / tau"}, {"a": 3.0, "tau": 2.0}, dt=0.7), {"x": 10.0}, 5, "exponential_euler")["x"]
    assert end == pytest.approx(3 + 7 * np.exp(-3.5 / 2), rel=1e-14)


def test_exponential_euler_where_the_coefficient_is_zero():
    end = run(motion({"x": "k * (a - x) + 2"}, {"a": 3.0, "k": 0.0}), {"x": 1.0}, 10, "exponential_euler")["x"]
    assert end == pytest.approx(3.0, rel=1e-14)


def test_conductances_are_held_over_the_step_of_the_membrane():
    """The form of the benchmark: v relaxes with the old conductances, then these decay."""
    p = {"C": 200.0, "g_L": 10.0, "E": -60.0, "tau": 5.0}
    system = motion({"v": "(g_L * (E - v) + g * (0 - v)) / C", "g": "-g / tau"}, p, held=("v",))
    end = run(system, {"v": -55.0, "g": 6.0}, 1)
    infinity = p["g_L"] * p["E"] / 16.0
    assert end["v"] == pytest.approx(infinity + (-55.0 - infinity) * np.exp(-0.1 * 16.0 / 200.0), rel=1e-14)
    assert end["g"] == pytest.approx(6.0 * np.exp(-0.1 / 5.0), rel=1e-15)
    assert advance(system).scheme == "exact and exponential_euler" and advance(system).update.exact is None


# ---- exact updates -----------------------------------------------------------------------------------------------------
MEMBRANE = {"v": "(E - v) / tau_m + (I + I_ext) / C", "I": "-I / tau_s"}
ADAPTIVE = {"v": "(E - v - a) / tau_m + (I + I_ext) / C", "a": "(0.5 * (v - E) - a) / tau_a", "I": "-I / tau_s"}
VALUES = {"E": -65.0, "tau_m": 10.0, "tau_s": 0.5, "tau_a": 80.0, "C": 250.0}


def test_the_text_is_a_sum_from_left_to_right():
    system = motion(MEMBRANE, VALUES, ports=("I_ext",), held=("v",))
    assert text(system, "v") == "P_v_v * v + P_v_I * I + G_v_I_ext * I_ext + q_v"
    assert text(system, "I") == "P_I_I * I"
    exact = advance(system).update.exact
    assert exact.phi == (("P_v_v", "P_v_I"), ("", "P_I_I")) and exact.q == ("q_v", "")
    assert exact.gain == (("I_ext", ("G_v_I_ext", "")),) and exact.held_phi is None


def test_parameters_of_one_value_stay_numbers():
    system = motion(MEMBRANE, {**VALUES, "tau_m": np.array([10.0, 15.0, 20.0])}, ports=("I_ext",))
    made = advance(system).parameters
    assert isinstance(made["P_I_I"], float) and made["P_I_I"] == pytest.approx(np.exp(-0.2), rel=1e-15)
    assert made["P_v_v"].shape == (3,)
    single = advance(motion(MEMBRANE, VALUES, ports=("I_ext",))).parameters
    assert all(isinstance(value, float) for value in single.values())
    assert made["P_v_I"][0] == single["P_v_I"] and made["q_v"][0] == single["q_v"]


def test_the_decay_of_a_current_does_not_depend_on_the_rest():
    alone = advance(motion({"I": "-I / tau_s"}, VALUES)).parameters["P_I_I"]
    assert advance(motion(ADAPTIVE, VALUES, ports=("I_ext",))).parameters["P_I_I"] == alone


@pytest.mark.parametrize("held", [0.0, 1.0])
def test_exact_against_fine_steps_also_when_held(held):
    """A held membrane drives its adaptation by its constant value."""
    start = {"v": -60.0, "a": 2.0, "I": 300.0}
    system = motion(ADAPTIVE, VALUES, ports=("I_ext",), held=("v",), dt=0.5)
    end = run(system, start, 20, held=held, I_ext=100.0)
    fine = run(motion(ADAPTIVE, VALUES, ports=("I_ext",), held=("v",), dt=0.005), start, 2000, "rk4", held=held, I_ext=100.0)
    for state in start:
        assert end[state] == pytest.approx(fine[state], rel=1e-9)
    if held:
        assert end["v"] == -60.0


@pytest.mark.parametrize("method", ["euler", "heun", "rk4", "exponential_euler"])
def test_held_states_are_seen_constant_by_every_scheme(method):
    equations = {"v": "(E - v) / tau_m + 50", "a": "((v - E) - a) / tau_a"}
    end = run(motion(equations, VALUES, held=("v",), dt=0.001), {"v": -60.0, "a": 0.0}, 1000, method, held=1.0)
    assert end["v"] == -60.0 and end["a"] == pytest.approx(5 * -np.expm1(-1 / 80.0), rel=1e-3 if method == "euler" else 1e-6)


def test_annotation_of_held_neurons():
    dynamics = advance(motion(ADAPTIVE, VALUES, ports=("I_ext",), held=("v",)))
    exact, made = dynamics.update.exact, dynamics.parameters
    assert exact.held_phi == (("H_P_v_v", "", ""), ("H_P_a_v", "H_P_a_a", ""), ("", "", "P_I_I"))
    assert made["H_P_v_v"] == 1.0 and exact.held_q == ("", "H_q_a", "") and exact.held_gain == ()
    assert text(motion(ADAPTIVE, VALUES, ports=("I_ext",), held=("v",)), "a").startswith("where(held, H_P_a_v * v + H_P_a_a * a + H_q_a, ")


def test_zeros_are_left_out_unless_the_plan_may_change_them():
    zero = {**VALUES, "E": 0.0}
    assert text(motion(MEMBRANE, zero, ports=("I_ext",)), "v") == "P_v_v * v + P_v_I * I + G_v_I_ext * I_ext"
    assert text(motion(MEMBRANE, zero, ports=("I_ext",), varying=("E",)), "v").endswith("+ q_v")


def test_discrete_neurons():
    system = motion({}, {"beta": 0.9}, discrete={"v": "beta * v + x"}, ports=("x",))
    assert text(system, "v") == "P_v_v * v + G_v_x * x"
    assert advance(system).parameters == {"P_v_v": 0.9, "G_v_x": 1.0}
    assert text(motion({}, {"beta": 0.9}, discrete={"v": "tanh(v)"}), "v") == "tanh(v)"


def test_a_state_defined_by_its_step_is_constant_in_the_equations_of_others():
    system = motion({"x": "(y - x) / tau"}, {"tau": 2.0}, discrete={"y": "0.5 * y"}, dt=1.0)
    end = run(system, {"x": 0.0, "y": 4.0}, 1)
    assert end["x"] == pytest.approx(-4 * np.expm1(-0.5), rel=1e-14) and end["y"] == 2.0
    assert advance(system).update.exact.states == ("x", "y")


def test_what_is_driven_by_a_nonlinear_equation_is_stepped_with_it():
    dynamics = advance(motion({"v": "1 - v * v", "a": "(v - a) / 5", "s": "-s / 3"}))
    assert [name for name, _ in dynamics.update.assign] == ["k1_v", "k1_a", "p_v", "p_a", "v", "a", "s"]
    assert dynamics.parameters.keys() == {"P_s_s"}


# ---- noise -------------------------------------------------------------------------------------------------------------
def test_ornstein_uhlenbeck_variance_is_exact():
    tau, sigma, dt = 5.0, 2.0, 3.0
    system = motion({"x": "-x / tau + sigma * sqrt(2 / tau) * xi"}, {"tau": tau, "sigma": sigma}, dt=dt)
    made = advance(system).parameters
    assert text(system, "x") == "P_x_x * x + N_x_xi * xi"
    assert made["N_x_xi"] ** 2 / (1 - made["P_x_x"] ** 2) == pytest.approx(sigma**2, rel=1e-13)
    assert advance(system).update.exact is None


@pytest.mark.slow
def test_filtered_noise_has_the_covariance_of_fine_steps():
    system = motion({"v": "-v / 10 + I / 5", "I": "-I / 2 + 3 * xi"}, dt=1.0)
    made = advance(system).parameters
    lower = np.array([[made["N_v_xi_v"], 0.0], [made["N_I_xi_v"], made["N_I_xi_I"]]])
    fine = motion({"v": "-v / 10 + I / 5", "I": "-I / 2"}, dt=0.001)
    covariance = np.zeros((2, 2))
    state = {"v": 0.0, "I": 3.0}
    for _ in range(1000):
        state = run(fine, state, 1, "rk4")
        covariance += 0.001 * np.outer([state["v"], state["I"]], [state["v"], state["I"]])
    assert np.allclose(lower @ lower.T, covariance, rtol=2e-3)


def test_noise_that_two_equations_share_with_a_nonlinear_one_is_stepped():
    dynamics = advance(motion({"x": "-x + xi", "y": "-y * y + xi"}))
    assert dynamics.draws == ("xi",) and not dynamics.parameters


@pytest.mark.parametrize(("equations", "method", "word"), [
    ({"x": "-x * x"}, "exact", "is not linear"),
    ({"x": "-x + cos(t)"}, "exact", "depends on t"),
    ({"x": "-x + x * xi"}, "exact", "strength is not constant"),
    ({"x": "-x + x * xi"}, "heun", "euler_maruyama"),
    ({"x": "-x + xi"}, "rk4", "without noise"),
    ({"x": "-x * x"}, "exponential_euler", "linear in their own state"),
])
def test_schemes_say_why_they_refuse(equations, method, word):
    with pytest.raises(Exception) as caught:
        advance(motion(equations), method)
    assert word in str(caught.value) and type(caught.value).__name__ == "EquationError"


def test_a_zero_time_constant_is_refused():
    with pytest.raises(Exception, match="no finite solution over one step of 0.1 ms"):
        advance(motion(MEMBRANE, {**VALUES, "tau_s": 0.0}, ports=("I_ext",)))


@settings(max_examples=40, deadline=None)
@given(st.lists(st.floats(-2, 0.5), min_size=9, max_size=9), st.lists(st.floats(-5, 5), min_size=3, max_size=3))
def test_any_linear_system_against_fifty_digits(coefficients, start):
    names = ("x", "y", "z")
    parameters = {f"a{i}{j}": coefficients[3 * i + j] for i in range(3) for j in range(3)}
    equations = {x: " + ".join(f"a{i}{j} * {y}" for j, y in enumerate(names)) for i, x in enumerate(names)}
    end = run(motion(equations, parameters, dt=0.5), dict(zip(names, start)), 2)
    with mpmath.workdps(50):
        exact = mpmath.expm(mpmath.matrix(3, 3) + mpmath.matrix([coefficients[k : k + 3] for k in (0, 3, 6)]) * mpmath.mpf(0.5))
        exact = exact * exact * mpmath.matrix(start)
    scale = max(1.0, *map(abs, start))
    for k, x in enumerate(names):
        assert abs(end[x] - float(exact[k])) < 1e-12 * scale * 20

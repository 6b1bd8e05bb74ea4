"""Blocks of lines, dimensions and inner units."""

import pytest

from neurosim.equations import (
    check_condition,
    check_statements,
    parse_equations,
    parse_expression,
    parse_statements,
    resolve_weight,
    show,
    split_noise,
    to_inner,
)
from neurosim.errors import NeurosimError
from neurosim.units import CURRENT, DIMENSIONLESS, TIME, VOLTAGE, WEIGHT

ADEX = """
    dv/dt = (g_l*(v_rest - v) + g_l*delta*exp((v - v_t)/delta) - w + I) / c_m + noise : mV
    dw/dt = (a*(v - v_rest) - w) / tau_w : pA
    noise = sigma*sqrt(2/tau_w)*xi : mV/ms          # inlined
    c_m                : pF
    g_l, a             : nS
    tau_w              : ms
    v_rest, v_t, delta : mV
    sigma              : mV
    I                  : pA (port)
    r = sigmoid(v/delta) : 1 (output)
    u = v + tau_w*rate(w)*1*mV/pA : mV (output)
"""


def test_a_model_is_sorted_into_its_parts():
    model = parse_equations(ADEX.replace("mV/ms          #", "mV/ms          #"))
    assert [state.name for state in model.states] == ["v", "w"]
    assert [entry.name for entry in model.definitions] == ["noise"]
    assert [entry.name for entry in model.outputs] == ["r", "u"]
    assert [entry.name for entry in model.parameters] == ["c_m", "g_l", "a", "tau_w", "v_rest", "v_t", "delta", "sigma"]
    assert [entry.name for entry in model.ports] == ["I"]
    assert model.dimensions["w"] == CURRENT and model.units["delta"] == "mV"
    assert model.source.startswith("dv/dt") and model.state("w").span.line == 1
    assert hash(model) == hash(parse_equations(ADEX)) and model == parse_equations(ADEX)


def test_right_hand_sides_have_definitions_inlined_and_inner_units():
    model = parse_equations(ADEX)
    drift, noise = split_noise(model.right_hand_sides()["v"])
    assert {name: show(factor) for name, factor in noise.items()} == {"xi": "sigma * sqrt(2.0 / tau_w)"}
    assert show(drift).endswith("- w + I) / c_m")
    assert show(model.in_inner_units(parse_expression("u"))) == "v + tau_w * ((a * (v - v_rest) - w) / tau_w) * 1.0"


def test_a_model_defined_by_its_step():
    model = parse_equations("x[n+1] = (beta*x[n] +\n   I) : 1\nbeta : 1\nI : 1 (port)\nn = x*2 : 1")
    assert model.states[0].kind == "discrete" and show(model.states[0].rhs) == "beta * x + I"


def test_a_learning_rule_leaves_the_unit_of_the_weight_open():
    rule = parse_equations("dx/dt = -x/tau : 1\ntau : ms\na : weight\nde/dt = -e/tau + a*r_pre/ms : weight", role="synapse")
    text = "x += 1; w -= a*x; w += a*x_post; w = 0; e *= 0.5"
    check_statements(parse_statements(text), rule.scope(source=text), ("x", "w", "e"))
    assert rule.dimensions["a"] == WEIGHT
    assert resolve_weight(WEIGHT / TIME, VOLTAGE) == VOLTAGE / TIME and resolve_weight(TIME, VOLTAGE) == TIME


@pytest.mark.parametrize(
    "condition",
    ["v > v_t", "v > -50*mV and not w < 0", "rand() < 30*Hz*dt", "since_spike > 5*ms or t == 0*second",
     "where(v > 0, w > 0, t > 1*ms)", "abs(v) >= max(v_t, 0*mV, -50*mV)", "(v/mV)**r > 2", "r**2 > 0.5", "v*v > (3*mV)**2"],
)  # fmt: skip
def test_conditions_that_fit(condition):
    check_condition(parse_expression(condition), parse_equations(ADEX).scope(source=condition))


@pytest.mark.parametrize(
    "condition",
    ["v", "v > 3", "v > w", "where(v, 1, 0) > 0", "exp(v) > 1", "v**r > 1", "max(v, w) > v", "v > 3*mV > 2", "xi > 0",
     "not v", "(v > 0) + 1 > 0", "2**v > 1", "unknown > 1", "sqrt(v) > v"],
)  # fmt: skip
def test_conditions_that_do_not_fit(condition):
    with pytest.raises(NeurosimError):
        check_condition(parse_expression(condition), parse_equations(ADEX).scope(source=condition))


@pytest.mark.parametrize(
    ("text", "inner"),
    [
        ("-50*mV", "-50.0"), ("500*us", "0.5"), ("30*Hz", "0.03"), ("x*Hz", "x / 1000.0"), ("2*x*mV", "2.0 * x"),
        ("1/(ms*mV)", "1.0"), ("x/volt", "x / 1000.0"), ("0.32/ms/mV", "0.32"), ("x*nA", "x * 1000.0"), ("nA", "1000.0"),
        ("-50*mV + 3*mV - v", "-47.0 - v"), ("a*2*3", "a * 2.0 * 3.0"), ("0.1*weight", "0.1"),
        ("v > -50*mV and t < 1*second", "v > -50.0 and t < 1000.0"), ("exp(-v/(25*mV))", "exp(-v / 25.0)"),
    ],
)  # fmt: skip
def test_units_become_factors(text, inner):
    assert show(to_inner(parse_expression(text))) == inner


def test_dimensions_of_names_that_are_always_there():
    model = parse_equations("dx/dt = (t + dt + since_spike)/second**2 : 1")
    assert model.dimensions == {"x": DIMENSIONLESS}
    assert parse_equations("").names == ()

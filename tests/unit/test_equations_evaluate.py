"""Computing trees: the C library's bits, and no exception for what a compiled engine would carry on with."""

import math

import numpy as np
import pytest

from neurosim.equations import SCALAR_FUNCTIONS, evaluate, libm_exp, parse_expression, show

VALUES = np.array([-800.0, -709.5, -3.2, -1.0, -1e-9, 0.0, 1e-300, 0.3, 1.0, 2.5, 710.0, 1e308, np.inf, -np.inf])


def value_of(text, **values):
    return evaluate(parse_expression(text), values.__getitem__)


def test_exp_is_that_of_the_c_library():
    x = np.linspace(-30, 30, 1001)
    assert np.array_equal(libm_exp(x), [math.exp(entry) for entry in x])
    assert np.array_equal(value_of("exp(x)", x=x), libm_exp(x))
    assert libm_exp(1000.0) == math.inf and libm_exp(np.array([1000.0, 0.0])).tolist() == [math.inf, 1.0]


@pytest.mark.parametrize(
    ("text", "x", "wanted"),
    [
        ("exprel(x)", 0.0, 1.0), ("exprel(x)", 1e-12, 1.0), ("exprel(x)", 800.0, math.inf), ("exprel(x)", math.inf, math.inf),
        ("exprel(x)", -math.inf, 0.0), ("sigmoid(x)", -800.0, 0.0), ("sigmoid(x)", 0.0, 0.5), ("softplus(x)", 800.0, 800.0),
        ("softplus(x)", -800.0, 0.0), ("relu(x)", -1.0, 0.0), ("sign(x)", -3.0, -1.0), ("sign(x)", 0.0, 0.0),
        ("log(x)", 0.0, -math.inf), ("log(x)", -1.0, math.nan), ("log1p(x)", -1.0, -math.inf), ("1/x", 0.0, math.inf),
        ("mod(x, 3)", -1.0, 2.0), ("clip(x, 0, 1)", 7.0, 1.0), ("x**0.5", -1.0, math.nan), ("x**3", -2.0, -8.0),
        ("x**-1", 0.0, math.inf), ("sin(x)", math.inf, math.nan), ("floor(x)", -0.5, -1.0), ("where(x > 0, x, -x)", -2.0, 2.0),
        ("(x/0)*0", 1.0, math.nan), ("x**1000", -10.0, math.inf), ("x**1001", -10.0, -math.inf), ("min(x, 2, 1)", 5.0, 1.0),
    ],
)  # fmt: skip
def test_values_and_edges(text, x, wanted):
    for given in (x, np.array([x, x])):
        got = np.atleast_1d(value_of(text, x=given))
        assert np.allclose(got, wanted, rtol=1e-11, atol=0, equal_nan=True), (got, wanted)


def test_conditions_on_arrays():
    x = np.array([-1.0, 0.0, 2.0])
    assert value_of("x > 0 or not x >= -0.5", x=x).tolist() == [True, False, True]
    assert value_of("x == 0 and x != 1", x=x).tolist() == [False, True, False]


@pytest.mark.parametrize("name", sorted(SCALAR_FUNCTIONS))
def test_no_helper_raises_or_invents_nan(name):
    for x in VALUES:
        arguments = (x, -1.0, 1.0) if name == "clip" else (x,)
        assert not math.isnan(SCALAR_FUNCTIONS[name](*map(float, arguments)))


@pytest.mark.parametrize("text", ["exp(-x)*(a + b)**2/3", "where(x > a and not b > x, sigmoid(x), tanh(x))", "min(x, a, b)",
                                  "clip(x, a, b) + mod(x, b) - floor(x)", "softplus(x)*exprel(a) + sign(x)*relu(-b)"])  # fmt: skip
def test_what_is_shown_means_the_same_to_python(text):
    tree, values = parse_expression(text), {"x": 0.7, "a": -0.4, "b": 1.3}
    known = {"exp": math.exp, "tanh": math.tanh, "floor": math.floor, "mod": np.mod, "where": np.where, **SCALAR_FUNCTIONS}
    assert eval(show(tree), known, values) == pytest.approx(evaluate(tree, values.__getitem__), rel=1e-15)

"""Derivatives, linear structure, noise, definitions and rates."""

import pytest

from neurosim.equations import (
    Num,
    derivative,
    expand_rate,
    inline,
    linear_system,
    parse_expression,
    show,
    simplify,
    split_noise,
)
from neurosim.errors import EquationError


def trees(**texts):
    return {name: parse_expression(text) for name, text in texts.items()}


@pytest.mark.parametrize(
    ("text", "wanted"),
    [("x", "1.0"), ("y", "0.0"), ("x*y", "y"), ("x**2", "2.0 * x"), ("exp(x)", "exp(x)"), ("-x", "-1.0"), ("x/y", "1.0 / y"),
     ("where(y > 0, x, 0)", "where(y > 0.0, 1.0, 0.0)"), ("x - (y - x)", "2.0"), ("sign(x)", "0.0")],
)  # fmt: skip
def test_derivatives_are_simple(text, wanted):
    assert show(derivative(parse_expression(text), "x")) == wanted


def test_a_linear_system_is_found():
    system = linear_system(trees(v="(v_rest - v + R*I)/tau + where(k > 0, 2*v, 0)", I="-I/tau_s"))
    assert system is not None and system.states == ("v", "I")
    shown = [[show(entry) for entry in row] for row in system.matrix]
    assert shown == [["-1.0 / tau + where(k > 0.0, 2.0, 0.0)", "R / tau"], ["0.0", "-1.0 / tau_s"]]
    assert [show(entry) for entry in system.offset] == ["v_rest / tau", "0.0"]


@pytest.mark.parametrize("text", ["v*v", "exp(v)", "1/v", "where(v > 0, 1, 2)", "sign(v)", "floor(v)", "mod(v, 2)", "v*I", "v**1"])
def test_what_is_not_linear_is_refused(text):
    assert linear_system(trees(v=text, I="0")) is None


def test_noise_is_split_off():
    drift, noise = split_noise(parse_expression("(v_rest - v)/tau + sigma*(xi - 2*xi_b)"))
    assert show(drift) == "(v_rest - v) / tau"
    assert {name: show(entry) for name, entry in noise.items()} == {"xi": "sigma", "xi_b": "sigma * (-2.0)"}
    assert split_noise(parse_expression("a*b")) == (parse_expression("a*b"), {})
    with pytest.raises(EquationError, match="xi may only be added"):
        split_noise(parse_expression("exp(xi)"))


def test_definitions_are_put_in_place_to_the_bottom():
    assert show(inline(parse_expression("a - a"), trees(a="b + 1", b="2*c"))) == "2.0 * c + 1.0 - (2.0 * c + 1.0)"
    with pytest.raises(EquationError, match="a -> b -> a"):
        inline(parse_expression("a"), trees(a="b", b="a + 1"))


def test_rates_are_expanded():
    rhs = trees(u="(I - u)/tau", p="rate(u) - p")
    assert show(expand_rate(parse_expression("u + tau*rate(u)"), rhs)) == "u + tau * ((I - u) / tau)"
    assert show(expand_rate(parse_expression("rate(p)"), rhs)) == "(I - u) / tau - p"
    with pytest.raises(EquationError, match="states with one: u, p"):
        expand_rate(parse_expression("rate(q)"), rhs)
    with pytest.raises(EquationError, match=r"rate\(x\) -> rate\(x\)"):
        expand_rate(parse_expression("rate(x)"), trees(x="rate(x)"))


def test_simplifying_never_reorders_a_sum():
    assert show(simplify(parse_expression("0.1 + x + 0.2 + 0*y + 1*z/1"))) == "0.1 + x + 0.2 + z"
    assert simplify(parse_expression("1/0 + 2*3")) != Num(6.0)

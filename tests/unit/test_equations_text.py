"""Text to tree and back: parsing, printing, places."""

import pytest

from neurosim.equations import (
    LATEX,
    Call,
    Dialect,
    Num,
    Op,
    Span,
    Sym,
    names,
    negate,
    parse_expression,
    parse_statements,
    rewrite,
    show,
    substitute,
    walk,
)


def test_trees_compare_without_their_places():
    first, second = parse_expression("a + 2*b"), parse_expression(" a+2.0 * b")
    assert first == second and hash(first) == hash(second)
    assert first.span == Span(0, 0, 7) and second.span == Span(0, 1, 10)
    assert names(first) == {"a", "b"} and len(list(walk(first))) == 5


def test_a_minus_before_a_number_belongs_to_the_number():
    assert parse_expression("-5") == Num(-5.0) == negate(Num(5.0))
    assert parse_expression("-5**2") == Op("neg", (Op("**", (Num(5.0), Num(2.0))),))
    assert str(Num(-0.0).value) == "0.0"
    assert substitute(parse_expression("-x"), {"x": Num(3.0)}) == Num(-3.0)


def test_min_and_max_take_many():
    assert parse_expression("min(a, b, c)") == parse_expression("min(min(a, b), c)")


def test_substitution_is_simultaneous():
    swapped = substitute(parse_expression("a - b"), {"a": Sym("b"), "b": Sym("a")})
    assert show(swapped) == "b - a"
    kept = parse_expression("a - b")
    assert rewrite(kept, lambda node: node) is kept


CALLS = {
    "exp": "np.exp({0})",
    "where": "np.where({0}, {1}, {2})",
    "clip": "np.minimum(np.maximum({0}, {1}), {2})",
    "and": "np.logical_and({0}, {1})",
    "not": "np.logical_not({0})",
}
ARRAYS = Dialect("arrays", CALLS, infinity="np.inf")


@pytest.mark.parametrize(
    ("text", "plain", "arrays"),
    [
        ("a - (b - c)", "a - (b - c)", "a - (b - c)"),
        ("(a*b)/(c*d)", "a * b / (c * d)", "a * b / (c * d)"),
        ("x**-2", "x ** -2.0", "x ** -2.0"),
        ("a - -1", "a - (-1.0)", "a - (-1.0)"),
        ("exp(-x)", "exp(-x)", "np.exp(-x)"),
        ("not a < b and c > 0", "not a < b and c > 0.0", "np.logical_and(np.logical_not(a < b), c > 0.0)"),
        ("where(v > 0, 1, 0)*g", "where(v > 0.0, 1.0, 0.0) * g", "np.where(v > 0.0, 1.0, 0.0) * g"),
        ("clip(x, 0, 1)", "clip(x, 0.0, 1.0)", "np.minimum(np.maximum(x, 0.0), 1.0)"),
        ("-inf", "-inf", "-np.inf"),
        ("0.1 + 1e-300", "0.1 + 1e-300", "0.1 + 1e-300"),
    ],
)
def test_dialects(text, plain, arrays):
    tree = parse_expression(text)
    assert (show(tree), show(tree, ARRAYS)) == (plain, arrays)
    assert parse_expression(plain) == tree


def test_rename():
    assert show(parse_expression("exp(v) + mod(t, 2)"), rename=lambda name: name + "_") == "exp(v_) + mod(t_, 2.0)"


@pytest.mark.parametrize(
    ("text", "latex"),
    [
        ("(v_rest - v)/tau_m", r"\frac{v_{\mathrm{rest}} - v}{\tau_{m}}"),
        ("g*m**3*h", r"g \, m^{3} \, h"),
        ("exp(-x)*2e-3", r"\exp\left(-x\right) \, 0.002"),
        ("(a/b)**2", r"\left(\frac{a}{b}\right)^{2}"),
        ("a - (b - c)", r"a - \left(b - c\right)"),
        ("sqrt(2*pi) >= k1", r"\sqrt{2 \, \pi} \geq k_{1}"),
        ("1e-20*x", r"10^{-20} \, x"),
    ],
)
def test_latex(text, latex):
    assert show(parse_expression(text), LATEX) == latex


def test_statements_and_their_places():
    text = "x += 1; w -= a*y  # depress\nv = (v_reset +\n     u); z *= 0.5"
    read = parse_statements(text)
    assert [(s.target, s.op, show(s.expr)) for s in read] == [
        ("x", "+=", "1.0"), ("w", "-=", "a * y"), ("v", "=", "v_reset + u"), ("z", "*=", "0.5"),
    ]  # fmt: skip
    assert read[1].expr.span == Span(0, 13, 16) and read[3].span == Span(2, 9, 17)
    assert parse_statements(" # nothing\n") == ()


def test_calls_of_the_language():
    assert parse_expression("rand()") == Call("rand", ())
    assert parse_expression("rate(u)") == Call("rate", (Sym("u"),))

"""Formulas as MathML: well-formed for every tree, and with brackets wherever a reader needs them."""

import math
from xml.etree import ElementTree

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from neurosim.equations import Call, Expr, Num, Op, Sym, evaluate, negate, parse_expression, parse_statements
from neurosim.equations.latex import GREEK
from neurosim.equations.mathml import mathml, mathml_assignment, mathml_derivative, mathml_equation, mathml_name, show_mathml
from tests.properties.test_equations_properties import TREES

QUICK = settings(max_examples=40, deadline=None)
TAGS = set("math mrow mi mn mo mtext mspace mfrac msup msub msqrt mover mtable mtr mtd".split())
CHILDREN = {"mfrac": 2, "msup": 2, "msub": 2, "mover": 2, "msqrt": 1}
SIGNS = {"−": "-", "·": "*", "≤": "<=", "≥": ">="}


def element(expr: Expr) -> ElementTree.Element:
    return ElementTree.fromstring(mathml(show_mathml(expr), block=True))


@QUICK
@given(TREES)
def test_every_tree_is_well_formed(tree: Expr) -> None:
    root = element(tree)
    assert root.tag == "math" and len(root) == 1 and root.attrib == {"display": "block"}
    for node in root.iter():
        assert node.tag in TAGS
        assert len(node) == CHILDREN.get(node.tag, len(node)), node.tag
        assert bool((node.text or "").strip()) == (node.tag in ("mi", "mn", "mo", "mtext")), node.tag
    # A fraction or a sum is never the base of a power without brackets.
    assert all(node[0].tag != "mfrac" for node in root.iter("msup"))


def arithmetic(inner: st.SearchStrategy[Expr]) -> st.SearchStrategy[Expr]:
    binary = st.builds(Op, st.sampled_from(("+", "-", "*", "/")), st.tuples(inner, inner))
    power = st.builds(lambda base, exponent: Op("**", (base, exponent)), inner, st.sampled_from((Num(2.0), Num(-1.0), Sym("k"))))
    one = st.builds(lambda name, a: Call(name, (a,)), st.sampled_from(("sqrt", "abs", "tanh", "sigmoid")), inner)
    return st.one_of(binary, power, one, st.builds(negate, inner), st.builds(Call, st.just("max"), st.tuples(inner, inner)))


LEAVES = st.one_of(st.builds(Num, st.integers(-9, 9).map(float)), st.sampled_from([Sym("x"), Sym("tau_m"), Sym("k")]))
ARITHMETIC = st.recursive(LEAVES, arithmetic, max_leaves=12)


def line(node: ElementTree.Element) -> str:
    """What the eye reads, from left to right: a row adds no brackets of its own."""
    parts = [line(child) for child in node]
    match node.tag:
        case "mfrac":
            return f"(({parts[0]})/({parts[1]}))"
        case "msup":
            return f"{parts[0]}**({parts[1]})"
        case "msub":
            return f"{parts[0]}_{parts[1]}"
        case "msqrt":
            return f"sqrt({parts[0]})"
        case "mspace":
            return "*"
        case "mo" | "mi" | "mn":
            text = node.text or ""
            return SIGNS.get(text, "tau" if text == "τ" else text)
        case _ if len(node) == 3 and node[0].text == "|":
            return f"abs({parts[1]})"
        case _:
            return "".join(parts)


@QUICK
@given(ARITHMETIC, st.integers(1, 1000))
def test_what_is_read_has_the_same_value(tree: Expr, seed: int) -> None:
    values = dict(zip(("x", "tau_m", "k"), np.random.default_rng(seed).uniform(0.5, 3.0, 3)))
    read = parse_expression(line(element(tree)))
    with np.errstate(all="ignore"):
        expected, got = (np.asarray(evaluate(expr, values.__getitem__), np.float64) for expr in (tree, read))
    # Sums and products of several terms may be added up in another order.
    assert np.isnan(expected) or not np.isfinite(expected) or abs(expected) > 1e8 or math.isclose(abs(got - expected), 0.0, abs_tol=1e-6 * max(1.0, abs(expected)))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2 * 3 * x", "<mrow><mrow><mn>2</mn><mo>·</mo><mn>3</mn></mrow><mspace width=\"0.17em\"/><mi>x</mi></mrow>"),
        ("1.5e-7", "<mrow><mn>1.5</mn><mo>·</mo><msup><mn>10</mn><mrow><mo>−</mo><mn>7</mn></mrow></msup></mrow>"),
        ("pi * inf", "<mrow><mi>π</mi><mspace width=\"0.17em\"/><mi>∞</mi></mrow>"),
        ("rate(v)", '<mover accent="true"><mi>v</mi><mo>˙</mo></mover>'),
    ],
)  # fmt: skip
def test_forms(text: str, expected: str) -> None:
    assert show_mathml(parse_expression(text)) == expected


def test_cases_and_logic() -> None:
    root = element(parse_expression("where(v > 0 and not (w <= 1), exp(v), -v)"))
    assert len(root.findall(".//mtr")) == 2
    assert "".join(root.itertext()) == "{exp(v)if\u00a0v>0∧¬(w≤1)−votherwise"


def test_names() -> None:
    assert mathml_name("V_th") == "<msub><mi>V</mi><mi>th</mi></msub>"
    assert mathml_name("Delta_T_1") == "<msub><mi>Δ</mi><mrow><mi>T</mi><mo>,</mo><mn>1</mn></mrow></msub>"
    assert mathml_name("w1") == "<msub><mi>w</mi><mn>1</mn></msub>"
    letters = [mathml_name(word)[4:-5] for word in sorted(GREEK)]
    assert "".join(letters) == "ΔΓΛΩΦΠΨΣΘΞαβχδεηγικλμνωφπψρστθυξζ"


def test_equations_and_statements() -> None:
    assert ElementTree.fromstring(mathml(mathml_equation(mathml_derivative("v"), parse_expression("-v / tau")))).tag == "math"
    written = [mathml_assignment(s.target, s.op, s.expr) for s in parse_statements("w -= a + b; x = 1; y *= c")]
    texts = ["".join(ElementTree.fromstring(mathml(each)).itertext()) for each in written]
    assert texts == ["w←w−(a+b)", "x←1", "y←yc"]

"""Laws that hold for every expression and every quantity."""

import math

import numpy as np
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from neurosim.backends.native.words import scalar_text
from neurosim.equations import (
    FUNCTIONS,
    Call,
    Expr,
    Num,
    Op,
    Sym,
    compile_numpy,
    derivative,
    evaluate,
    linear_system,
    names,
    negate,
    parse_expression,
    show,
    simplify,
    substitute,
    to_inner,
)
from neurosim.units import UNITS, Quantity, in_inner, inner_unit_name, parse_unit

NAMES = ("x", "y", "tau_m")
FINITE = st.floats(allow_nan=False, allow_infinity=False)
QUICK = settings(max_examples=150, deadline=None)


def operations(inner: st.SearchStrategy[Expr]) -> st.SearchStrategy[Expr]:
    """Every operator and function over smaller trees, in the form that the parser yields."""
    pair = st.tuples(inner, inner)
    binary = st.builds(Op, st.sampled_from("+ - * / ** < <= > >= == != and or".split()), pair)
    one = [name for name, count in FUNCTIONS.items() if count == 1 and name != "rate"]
    return st.one_of(
        binary,
        st.builds(negate, inner),
        st.builds(lambda a: Op("not", (a,)), inner),
        st.builds(lambda name, a: Call(name, (a,)), st.sampled_from(one), inner),
        st.builds(Call, st.sampled_from(("min", "max", "mod")), pair),
        st.builds(Call, st.sampled_from(("where", "clip")), st.tuples(inner, inner, inner)),
        st.sampled_from((Call("rand", ()), Call("rate", (Sym("x"),)))),
    )


LEAVES = st.one_of(st.builds(Num, FINITE | st.just(math.inf)), st.sampled_from([Sym(name) for name in NAMES]))
TREES = st.recursive(LEAVES, operations, max_leaves=25)


@QUICK
@given(TREES)
def test_print_then_parse_gives_the_tree_back(tree):
    assert parse_expression(show(tree)) == tree


@QUICK
@given(TREES)
def test_the_printed_form_is_settled(tree):
    text = show(tree)
    assert show(parse_expression(text)) == text
    compile_numpy(tree)
    compile(scalar_text(tree, single=False), "native", "eval")
    compile(scalar_text(tree, single=True), "native", "eval")


def smooth(inner: st.SearchStrategy[Expr]) -> st.SearchStrategy[Expr]:
    pair = st.tuples(inner, inner)
    functions = st.sampled_from(("tanh", "sigmoid", "sin", "cos", "softplus", "exprel", "expm1"))
    return st.one_of(
        st.builds(Op, st.sampled_from("+-*"), pair),
        st.builds(lambda name, a: Call(name, (Call("tanh", (a,)),)), functions, inner),
        st.builds(lambda a, b: Op("/", (a, Op("+", (Num(2.0), Call("tanh", (b,)))))), inner, inner),
        st.builds(lambda a: Op("**", (Op("+", (Num(1.5), Call("sin", (a,)))), Num(2.5))), inner),
        st.builds(negate, inner),
    )


SMALL = st.one_of(st.builds(Num, st.floats(-2, 2).map(lambda value: round(value, 3))), st.sampled_from([Sym(name) for name in NAMES]))
SMOOTH = st.recursive(SMALL, smooth, max_leaves=10)
POINT = st.fixed_dictionaries({name: st.floats(-1.5, 1.5) for name in NAMES})


@QUICK
@given(SMOOTH, POINT)
def test_a_derivative_agrees_with_finite_differences(tree, point):
    h = 1e-5

    def at(x):
        return float(evaluate(tree, {**point, "x": x}.__getitem__))

    exact = float(evaluate(derivative(tree, "x"), point.__getitem__))
    low, middle, high = at(point["x"] - h), at(point["x"]), at(point["x"] + h)
    curvature = abs(high - 2 * middle + low) / h**2
    assume(math.isfinite(exact) and abs(middle) < 1e3 and curvature < 1e4)
    assert abs((high - low) / (2 * h) - exact) < 1e-3 * (1 + abs(exact) + curvature)


@QUICK
@given(SMOOTH, POINT)
def test_simplifying_keeps_the_value(tree, point):
    before, after = (float(evaluate(form, point.__getitem__)) for form in (tree, simplify(tree)))
    assert before == after or math.isclose(before, after, rel_tol=1e-12, abs_tol=1e-12)


COEFFICIENT = st.recursive(
    st.one_of(SMALL.filter(lambda leaf: leaf not in (Sym("x"), Sym("y"))), st.just(Sym("k"))),
    lambda inner: st.builds(Op, st.sampled_from("+-*"), st.tuples(inner, inner)),
    max_leaves=4,
)
LINEAR = st.recursive(
    st.one_of(st.sampled_from((Sym("x"), Sym("y"))), COEFFICIENT),
    lambda inner: st.one_of(
        st.builds(Op, st.sampled_from("+-"), st.tuples(inner, inner)),
        st.builds(lambda a, b: Op("*", (a, b)), COEFFICIENT, inner),
        st.builds(lambda a, b: Op("/", (a, Op("+", (Num(7.0), b)))), inner, st.just(Sym("k"))),
        st.builds(lambda a, b: Call("where", (Op(">", (Sym("k"), Num(0.0))), a, b)), inner, inner),
        st.builds(negate, inner),
    ),
    max_leaves=8,
)


@QUICK
@given(LINEAR, LINEAR, POINT, st.floats(-1, 1))
def test_a_linear_system_reproduces_the_right_hand_sides(first, second, point, k):
    system = linear_system({"x": first, "y": second})
    assert system is not None
    values = {**point, "k": k}
    for tree, row, rest in zip((first, second), system.matrix, system.offset, strict=True):
        assert not any({"x", "y"} & names(entry) for entry in (*row, rest))
        factors = [float(evaluate(entry, values.__getitem__)) for entry in (*row, rest)]
        rebuilt = factors[0] * values["x"] + factors[1] * values["y"] + factors[2]
        assert math.isclose(rebuilt, float(evaluate(tree, values.__getitem__)), rel_tol=1e-9, abs_tol=1e-9)


UNIT = st.sampled_from(sorted(UNITS.values(), key=lambda unit: unit.name))

# Far from where a product of two numbers and two factors would underflow.
NUMBER = st.floats(1e-3, 1e6) | st.floats(-1e6, -1e-3) | st.just(0.0)


@QUICK
@given(UNIT, UNIT, NUMBER, NUMBER)
def test_the_algebra_of_units(first, second, a, b):
    product = (a * first) * (b * second)
    assert product == (b * second) * (a * first)
    back = (first * second) / second  # a product without dimension is a plain number, and rounded
    assert math.isclose(in_inner(1 * back, first.dimension, "", "b"), in_inner(1 * first, first.dimension, "", "a"), rel_tol=1e-15)
    assert first / (second / second) == first
    wanted = in_inner(a * first, first.dimension, "", "a") * in_inner(b * second, second.dimension, "", "b")
    got = in_inner(product, (1 * first * second).dimension, "", "ab") if isinstance(product, Quantity) else product
    assert math.isclose(got, wanted, rel_tol=1e-14, abs_tol=0)
    assert a * first + 0 == a * first and (a * first + b * first) - b * first == (a + b - b) * first


@QUICK
@given(UNIT, NUMBER)
def test_a_quantity_survives_the_inner_units(unit, value):
    inner = in_inner(value * unit, unit.dimension, "", "x")
    assert math.isclose(in_inner(inner * parse_unit(inner_unit_name(unit.dimension)), unit.dimension, "", "x"), inner)


@QUICK
@given(SMOOTH, st.sampled_from(("mV", "volt", "uV")), st.sampled_from(("ms", "second", "us")), POINT)
def test_inner_units_do_not_depend_on_the_units_written(tree, voltage, time, point):
    """x written as so many volts, or as so many millivolts: the same number inside."""
    scale = in_inner(1 * UNITS[voltage], UNITS[voltage].dimension, "", "x")
    period = in_inner(1 * UNITS[time], UNITS[time].dimension, "", "y")
    written = substitute(
        tree,
        {
            "x": parse_expression(f"(x/{scale!r})*{voltage}/mV"),
            "y": parse_expression(f"(y/{period!r})*{time}/ms"),
        },
    )
    first, second = (float(evaluate(form, point.__getitem__)) for form in (tree, to_inner(written)))
    assert math.isclose(first, second, rel_tol=1e-6, abs_tol=1e-6)


@given(st.lists(FINITE, min_size=1, max_size=5))
def test_arrays_and_numbers_convert_alike(values):
    whole = in_inner(np.array(values) * UNITS["us"], UNITS["us"].dimension, "", "x")
    assert whole.tolist() == [in_inner(value * UNITS["us"], UNITS["us"].dimension, "", "x") for value in values]

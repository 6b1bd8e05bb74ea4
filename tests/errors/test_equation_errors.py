"""The messages a writer of equations gets, word by word."""

import pytest

from neurosim.equations import check_condition, check_statements, parse_equations, parse_expression, parse_statements
from neurosim.errors import (
    Findings,
    NetworkError,
    NeurosimError,
    ParameterError,
    UnsupportedError,
    describe,
    did_you_mean,
)

MODELS = [
    (
        "dv/dt = (v_rest - v) / tau_m + I / tau_m : mV\nI : pA\nc_m : pF\ntau_m : ms\nv_rest : mV",
        """\
UnitError in NeuronModel 'm': cannot add volt/second and ampere/second
  line 1: dv/dt = (v_rest - v) / tau_m + I / tau_m : mV
                                         ^^^^^^^^^
  Did you mean I / c_m?  (c_m is declared in pF)""",
    ),
    (
        "dv/dt = -v / taum : mV\ntau_m : ms",
        """\
EquationError in NeuronModel 'm': unknown name 'taum'; did you mean 'tau_m'?
  line 1: dv/dt = -v / taum : mV
                       ^^^^""",
    ),
    (
        "dv/dt = (v_rest - v)/tau + I/tau : mV\nR_m : Mohm\nI : pA (port)\ntau : ms\nv_rest : mV",
        """\
UnitError in NeuronModel 'm': cannot add volt/second and ampere/second
  line 1: dv/dt = (v_rest - v)/tau + I/tau : mV
                                     ^^^^^
  Did you mean R_m * (I / tau)?  (R_m is declared in Mohm)""",
    ),
    (
        "dv/dt = v_rest - v : mV\nv_rest : mV",
        """\
UnitError in NeuronModel 'm': dv/dt must be volt/second, this is volt
  line 1: dv/dt = v_rest - v : mV
                  ^^^^^^^^^^
  Is a division by a time constant missing?""",
    ),
    (
        "dv/dt = -(v + 65)/tau : mV\ntau : ms",
        """\
UnitError in NeuronModel 'm': cannot add volt and a plain number
  line 1: dv/dt = -(v + 65)/tau : mV
                        ^^
  Did you mean 65*mV?""",
    ),
    (
        "dv/dt = -v/tau\ntau : ms",
        """\
EquationError in NeuronModel 'm': the unit is missing
  line 1: dv/dt = -v/tau
          ^^^^^^^^^^^^^^
  Write ': mV' at the end of the line, or ': 1' for a plain number.""",
    ),
    (
        "dv/dt = -v/tau : mv\ntau : ms",
        """\
EquationError in NeuronModel 'm': unknown unit 'mv'; did you mean 'mV'?
  line 1: dv/dt = -v/tau : mv
                           ^^""",
    ),
    (
        "dv/dt = -v^2/tau : mV\ntau : ms",
        """\
EquationError in NeuronModel 'm': '^' is not a power here: write **
  line 1: dv/dt = -v^2/tau : mV
                  ^^^^^^^^""",
    ),
    (
        "dv/dt = -v/tau : mV\ntau : ms\nms : 1\nv : mV\ndt : ms",
        """\
EquationError in NeuronModel 'm': 3 problems
  'ms' is a unit and cannot be declared
    line 3: ms : 1
            ^^
  'v' is already declared on line 1
    line 4: v : mV
            ^
  'dt' is the length of a step and cannot be declared
    line 5: dt : ms
            ^^""",
    ),
    (
        "a = b + 1 : 1\nb = 2*c : 1\nc = a : 1",
        """\
EquationError in NeuronModel 'm': definitions go round in a circle: a -> b -> c -> a
  line 1: a = b + 1 : 1
          ^^^^^^^^^^^^^""",
    ),
    (
        "dv/dt = sigma*xi : mV\nsigma : mV",
        """\
UnitError in NeuronModel 'm': dv/dt must be volt/second, this is volt/second**0.5
  line 1: dv/dt = sigma*xi : mV
                  ^^^^^^^^
  xi has the unit 1/second**0.5: a factor such as sigma*sqrt(2/tau) makes the term fit.""",
    ),
    (
        "dv/dt = -v/tau + exp(xi*second**0.5)*mV/ms : mV\ntau : ms",
        """\
EquationError in NeuronModel 'm': xi may only be added, times a factor without noise
  line 1: dv/dt = -v/tau + exp(xi*second**0.5)*mV/ms : mV
                               ^^""",
    ),
    (
        "m = 1/(1 + exp(-(v - v_half))) : 1\nv : mV\nv_half, k : mV",
        """\
UnitError in NeuronModel 'm': exp() needs a plain number, this is volt
  line 1: m = 1/(1 + exp(-(v - v_half))) : 1
                         ^^^^^^^^^^^^^
  Did you mean -(v - v_half) / k?  (k is declared in mV)""",
    ),
    (
        "dv/dt = -v[0]/tau : mV\ntau : ms",
        """\
EquationError in NeuronModel 'm': indexing is not part of the equation language: an equation is about one neuron
  line 1: dv/dt = -v[0]/tau : mV
                   ^^^^""",
    ),
    (
        "dv/dt = (v > 3*mV)/ms : 1\n",
        """\
EquationError in NeuronModel 'm': this is a condition where a number is needed: write where(condition, 1, 0)
  line 1: dv/dt = (v > 3*mV)/ms : 1
                   ^^^^^^^^""",
    ),
    (
        "g : nS (shared)",
        """\
EquationError in NeuronModel 'm': (shared) does not fit this line
  line 1: g : nS (shared)
          ^^^^^^^^^^^^^^^
  The marks are (port) and (output); whether a parameter is shared is seen from its value.""",
    ),
    (
        "I = g*(v - E : nS\nv, E : mV\ng : nS",
        """\
EquationError in NeuronModel 'm': '(' was never closed
  line 1: I = g*(v - E : nS
                ^""",
    ),
    (
        "dv/dt = 5mV/ms : mV",
        """\
EquationError in NeuronModel 'm': a sign is missing after the number: write *
  line 1: dv/dt = 5mV/ms : mV
                  ^""",
    ),
    (
        "x = 1 if v > 0 else 0 : 1\nv : 1",
        """\
EquationError in NeuronModel 'm': 'a if c else b' is not part of the equation language: write where(c, a, b)
  line 1: x = 1 if v > 0 else 0 : 1
              ^^^^^^^^^^^^^^^^^""",
    ),
    (
        "dv/dt = -v/τ : mV",
        """\
EquationError in NeuronModel 'm': the character 'τ' is not part of the equation language: write tau
  line 1: dv/dt = -v/τ : mV
                     ^""",
    ),
    (
        "m = sigmoyd(v) : 1\nv : 1",
        """\
EquationError in NeuronModel 'm': unknown function 'sigmoyd'; did you mean 'sigmoid'?
  line 1: m = sigmoyd(v) : 1
              ^^^^^^^""",
    ),
    (
        "dx/dt = rate(y) : 1\ndy/dt = rate(x) : 1",
        """\
EquationError in NeuronModel 'm': rates go round in a circle: rate(x) -> rate(y) -> rate(x)
  line 1: dx/dt = rate(y) : 1
          ^^^^^^^^^^^^^^^^^^^""",
    ),
    (
        "v[n+1] = beta*v + w_in : 1\nbeta : 1\nw_im : 1",
        """\
EquationError in NeuronModel 'm': unknown name 'w_in'; did you mean 'w_im'?
  line 1: v[n+1] = beta*v + w_in : 1
                            ^^^^""",
    ),
    (
        "dv/dt = -v/tau : mV\ndu/dt = (v - u)/tauu : pA\ntau : ms\nlambda : 1",
        """\
EquationError in NeuronModel 'm': 2 problems
  cannot subtract ampere from volt
    line 2: du/dt = (v - u)/tauu : pA
                         ^
  'lambda' is a word of Python and cannot be declared
    line 4: lambda : 1
            ^^^^^^""",
    ),
]
CONDITIONS = [
    (
        "v > -50",
        """\
UnitError: cannot compare volt and a plain number
  line 1: v > -50
              ^^^
  Did you mean -50*mV?""",
    ),
    (
        "v",
        """\
EquationError: a condition must compare something, as in v > theta
  line 1: v
          ^""",
    ),
    (
        "v > v_t and tau",
        """\
EquationError: this is a number where a condition is needed: write x != 0
  line 1: v > v_t and tau
                      ^^^""",
    ),
    (
        "a < v < b",
        """\
EquationError: comparisons cannot be chained: write them with and, as in 'a < v and ...'
  line 1: a < v < b
          ^^^^^^^^^""",
    ),
    (
        "v = v_t",
        """\
EquationError: '=' is not a comparison: write ==
  line 1: v = v_t
            ^""",
    ),
    (
        "v > v_th",
        """\
EquationError: unknown name 'v_th'; did you mean 'v_t'?
  line 1: v > v_th
              ^^^^""",
    ),
    (
        "v >",
        """\
EquationError: something is missing after the last operator
  line 1: v >
          ^""",
    ),
]
STATEMENTS = [
    (
        "v = v_rest + 5",
        """\
UnitError: cannot add volt and a plain number
  line 1: v = v_rest + 5
                       ^
  Did you mean 5*mV?""",
    ),
    (
        "tau = 5*ms",
        """\
EquationError: 'tau' cannot be changed here; what can be changed: v
  line 1: tau = 5*ms
          ^^^""",
    ),
    (
        "v /= 2",
        """\
EquationError: '/=' is not part of the equation language: write *= with the reciprocal
  line 1: v /= 2
          ^^^^^^""",
    ),
    (
        "v == v_rest",
        """\
EquationError: '==' compares; to assign write =
  line 1: v == v_rest
          ^^^^^^^^^^^""",
    ),
    (
        "u += 1; v *= 2*mV",
        """\
EquationError: 2 problems
  unknown name 'u'; known names: v
    line 1: u += 1; v *= 2*mV
            ^
  the factor of 'v *=' must be a plain number, this is volt
    line 1: u += 1; v *= 2*mV
                         ^^^^""",
    ),
    (
        "v -= theta; v = xi*mV*second**0.5",
        """\
EquationError: 2 problems
  unknown name 'theta'; known names: tau, v, v_rest, v_t
    line 1: v -= theta; v = xi*mV*second**0.5
                 ^^^^^
  xi is white noise and may only stand in a derivative, not in a statement
    line 1: v -= theta; v = xi*mV*second**0.5
                            ^^""",
    ),
]

LIF = "dv/dt = (v_rest - v)/tau : mV\nv_rest, v_t : mV\ntau : ms"


@pytest.mark.parametrize(("text", "message"), MODELS)
def test_models(text, message):
    with pytest.raises(NeurosimError) as caught:
        parse_equations(text, where="NeuronModel 'm'")
    assert describe(caught.value) == message


@pytest.mark.parametrize(("text", "message"), CONDITIONS)
def test_conditions(text, message):
    with pytest.raises(NeurosimError) as caught:
        check_condition(parse_expression(text), parse_equations(LIF).scope(source=text))
    assert describe(caught.value) == message


@pytest.mark.parametrize(("text", "message"), STATEMENTS)
def test_statements(text, message):
    with pytest.raises(NeurosimError) as caught:
        check_statements(parse_statements(text), parse_equations(LIF).scope(source=text), ("v",))
    assert describe(caught.value) == message


def test_a_text_may_be_indented_and_begin_with_an_empty_line():
    with pytest.raises(NeurosimError) as caught:
        parse_equations("\n\n        x = y : 1   # a comment\n        z : 1\n    ")
    assert str(caught.value) == (
        "unknown name 'y'; known names: x, z\n  line 1: x = y : 1   # a comment\n              ^\n"
        "  Nothing is taken from outside: declare it, as in 'y : unit', and give it its value in the population."
    )


@pytest.mark.parametrize(
    "text",
    ["[1]", "{}", "(a", "a)", "a b", "a, b", "'a'", "lambda: 1", "a.b", "a @ b", "1j", "True", "1e999", "x if", "", "((((",
     "exp(x, y)", "exp(x=1)", "exp", "a:b", "a;b", "x in y", "0x", "await x", "not", "f(x)(y)", "*a", "a := 3", "$", "a\\",
     "-" * 300 + "a", "(" * 300 + "a" + ")" * 300, "+".join("a" * 300), "1" * 5000, "[x for x in y]", "x\n+1", "rate(x+1)"],
)  # fmt: skip
def test_nothing_but_our_own_error_comes_out_of_the_parser(text):
    with pytest.raises(NeurosimError):
        parse_expression(text)


def test_findings_are_reported_together():
    findings = Findings()
    findings.raise_if_any(NetworkError, "Network")
    findings.add("population 'a'", "size must be positive, got -1")
    with pytest.raises(NetworkError, match="^population 'a': size must be positive, got -1$"):
        findings.raise_if_any(NetworkError, "Network")
    findings.add("", "there is no probe")
    with pytest.raises(NetworkError) as caught:
        findings.raise_if_any(NetworkError, "Network")
    assert str(caught.value) == ("Network: 2 problems\n  population 'a': size must be positive, got -1\n  there is no probe")


def test_obstacles_are_a_table():
    class Obstacle:
        def __init__(self, where, what, advice):
            self.where, self.what, self.advice = where, what, advice

    error = UnsupportedError(
        [
            Obstacle("projection 'inh -> exc'", "delay of 71 steps", "use dt=0.2 ms"),
            Obstacle("population 'exc'", "v times g", "use another backend"),
        ],
        "loihi",
    )
    assert describe(error) == (
        "UnsupportedError: 2 parts of this network cannot run on 'loihi':\n"
        "  projection 'inh -> exc'  delay of 71 steps  use dt=0.2 ms\n"
        "  population 'exc'         v times g          use another backend"
    )


def test_the_nearest_name_or_all_of_them():
    assert did_you_mean("tau_n", ["tau_m", "v"]) == "; did you mean 'tau_m'?"
    assert did_you_mean("V", ["v", "tau"]) == "; did you mean 'v'?"
    assert did_you_mean("q", ["b", "a"]) == "; known names: a, b"
    assert did_you_mean("q", []) == ""


def test_describing_an_error_names_its_kind_and_place():
    assert describe(ParameterError("wrong", where="Population 'E'")) == "ParameterError in Population 'E': wrong"
    assert describe(ParameterError("wrong")) == "ParameterError: wrong"

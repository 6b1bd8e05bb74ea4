"""Units and the door to plain numbers."""

import copy
import pickle

import numpy as np
import pytest

from neurosim.errors import ParameterError, UnitError
from neurosim.units import (
    CAPACITANCE,
    CONDUCTANCE,
    CURRENT,
    DIMENSIONLESS,
    FREQUENCY,
    RESISTANCE,
    TIME,
    UNITS,
    VOLTAGE,
    Hz,
    Quantity,
    describe_dimension,
    dimension_name,
    in_inner,
    inner_unit_name,
    ms,
    mV,
    nA,
    nS,
    ohm,
    pA,
    parse_quantity,
    parse_unit,
    pF,
    second,
    us,
    volt,
)


@pytest.mark.parametrize(
    ("made", "shown"),
    [
        (20 * ms, "20 ms"),
        (ms * 0.5, "0.5 ms"),
        (-3 * mV, "-3 mV"),
        (np.array([1, 2]) * mV, "[1., 2.] mV"),
        ([1, 2] * nS, "[1., 2.] nS"),
        (np.float64(3) * ms, "3 ms"),
        (2 * (mV / ms), "2 mV/ms"),
        (1 / ms, "1 1/ms"),
        (2 * ms * 3 * mV, "6 ms*mV"),
        (4 * mV**2, "4 mV**2"),
        (1 * second + 500 * ms, "1.5 second"),
        (np.sqrt(4 * ms), "2 ms**0.5"),
        (abs(-2 * pA), "2 pA"),
        (sum([1 * ms, 2 * second]), "2001 ms"),
        ((np.arange(4) * ms)[1:3], "[1., 2.] ms"),
        (np.mean(np.arange(4) * ms), "1.5 ms"),
    ],
)
def test_arithmetic_keeps_the_unit_as_written(made, shown):
    assert repr(made) == shown


def test_cancelled_units_leave_plain_numbers():
    assert 30 * Hz * 10 * ms == pytest.approx(0.3, abs=0) and isinstance(30 * Hz * 10 * ms, float)
    assert 3 * ms / (2 * second) == 0.0015
    assert (np.arange(3) * ms / ms).tolist() == [0.0, 1.0, 2.0]
    assert second / ms == 1000.0


def test_comparisons():
    assert 3 * ms < 2 * second and 1000 * ms == 1 * second and ms == 1 * ms and ms != second
    assert 3 * ms > 0 and not 3 * ms == 3 and 3 * ms != 3 * mV
    assert (np.arange(3) * ms > 1 * ms).tolist() == [False, False, True]
    assert hash(1 * second) == hash(1000 * ms)


def test_inner_units_are_coherent():
    def inner(quantity):
        return in_inner(quantity, quantity.dimension, "", "x")

    assert inner(1 * pA * ms / pF) == inner(1 * mV) == 1.0
    assert inner(1 * nS * mV) == inner(1 * pA) == 1.0
    assert inner(1 * pF / nS) == inner(1 * ms) == 1.0
    assert in_inner(1e9 * ohm, RESISTANCE, "", "r") == 1.0
    assert in_inner(30 * Hz, FREQUENCY, "", "rate") == 0.03
    assert in_inner(0.3 * nA, CURRENT, "", "i") == 300.0


@pytest.mark.parametrize(("quantity", "plain"), [(0.1 * ms, 0.1), (500 * us, 0.5), (2 * second, 2000.0), (0.7 * volt, 700)])
def test_conversion_is_exact(quantity, plain):
    assert in_inner(quantity, quantity.dimension, "", "x") == plain


def test_the_door_takes_lists_zero_and_plain_numbers_where_they_are_meant():
    assert in_inner([1 * ms, 2 * second], TIME, "", "x").tolist() == [1.0, 2000.0]
    assert in_inner(0, TIME, "", "x") == 0.0 and in_inner(ms, TIME, "", "x") == 1.0
    assert in_inner(np.zeros(3), VOLTAGE, "", "x").tolist() == [0.0] * 3
    assert in_inner([1, 2], DIMENSIONLESS, "", "x").dtype == np.float64


@pytest.mark.parametrize(
    ("value", "dimension", "message"),
    [
        (20, TIME, "Population 'exc': tau_m needs a time, got the plain number 20. Write 20 * ms."),
        (np.ones(2), TIME, "Population 'exc': tau_m needs a time, got plain numbers. Multiply them by a unit, as in x * ms."),
        (20 * mV, TIME, "Population 'exc': tau_m needs a time, got a voltage (20 mV)"),
        (20 * mV, DIMENSIONLESS, "Population 'exc': tau_m needs a plain number, got a voltage (20 mV)"),
        ("20", TIME, "Population 'exc': tau_m needs a time, got the text '20'. Write a number times a unit, as in 1 * ms"),
        (3 * mV, CONDUCTANCE, "Population 'exc': tau_m needs a conductance, got a voltage (3 mV)"),
        (3, VOLTAGE / TIME, "Population 'exc': tau_m needs a quantity in volt/second, got the plain number 3. Write 3 * mV/ms."),
    ],
)
def test_the_door_refuses_other_dimensions(value, dimension, message):
    with pytest.raises(UnitError) as caught:
        in_inner(value, dimension, "Population 'exc'", "tau_m")
    assert str(caught.value) == message


def test_the_door_refuses_what_is_not_finite():
    with pytest.raises(ParameterError, match="P: x must be finite, got nan at index 1"):
        in_inner([1 * ms, float("nan") * ms], TIME, "P", "x")
    with pytest.raises(ParameterError, match="x must be finite, got inf$"):
        in_inner(float("inf") * ms, TIME, "", "x")


@pytest.mark.parametrize(
    ("action", "message"),
    [
        (lambda: 20 * ms + 3 * mV, "cannot add ms and mV: 20 ms and 3 mV"),
        (lambda: 20 * ms - 3, "cannot subtract ms and a plain number: 20 ms and 3"),
        (lambda: 20 * ms > 3, "cannot compare ms and a plain number: 20 ms and 3"),
        (lambda: np.exp(2 * ms), "np.exp does not know units and was given a quantity in ms. "
         "Divide by a unit first, as in np.exp(x / ms)"),
        (lambda: float(2 * ms), "a plain number is needed, got 2 ms. Divide by a unit: x / ms"),
        (lambda: np.array([1 * ms]), "an array of plain numbers cannot hold the unit ms. Divide by a unit first: x / ms"),
    ],
)  # fmt: skip
def test_a_unit_is_never_dropped_silently(action, message):
    with pytest.raises(UnitError) as caught:
        action()
    assert str(caught.value) == message


def test_quantities_are_values():
    times = np.arange(3.0) * ms
    with pytest.raises(ValueError, match="read-only"):
        times.value[0] = 5.0
    assert repr(pickle.loads(pickle.dumps(times))) == repr(copy.deepcopy(times)) == repr(times)


@pytest.mark.parametrize(
    ("text", "shown"),
    [("2s", "2 second"), ("20*ms", "20 ms"), ("1.5 mV", "1.5 mV"), ("30 Hz", "30 Hz"), ("-5mV", "-5 mV"),
     ("1e-3*mV", "0.001 mV"), ("2 mV/ms", "2 mV/ms"), ("2/ms", "2 1/ms"), (".5", "0.5")],
)  # fmt: skip
def test_parse_quantity(text, shown):
    assert repr(parse_quantity(text)) == shown


@pytest.mark.parametrize("text", ["ms", "20 foo", "20*", "", "1e999 ms", "20 ms ms"])
def test_parse_quantity_refuses(text):
    with pytest.raises(UnitError):
        parse_quantity(text)


def test_names_of_dimensions():
    wanted = {"mV/ms": "volt/second", "pA*ms": "coulomb", "1/second": "1/second", "nS": "siemens", "1": "1", "mV*nS": "ampere"}
    assert {text: dimension_name(parse_unit(text).dimension) for text in wanted} == wanted
    inner = {"volt/second": "mV/ms", "Mohm": "Gohm", "Hz": "1/ms", "weight/ms": "weight/ms", "farad": "pF", "1": "1"}
    assert {text: inner_unit_name(parse_unit(text).dimension) for text in inner} == inner
    assert describe_dimension(CAPACITANCE) == "a capacitance"


def test_every_unit_reads_and_prints_itself():
    for name, unit in UNITS.items():
        assert parse_unit(name) == unit and repr(unit) == name
        assert parse_unit(inner_unit_name(unit.dimension)) == Quantity(1.0, parse_unit(inner_unit_name(unit.dimension)))

"""Every model: that it builds and lowers, that its numbers are the published ones, that its theory is right."""

import importlib
import inspect
import typing

import numpy as np
import pytest

import neurosim as ns
from neurosim.equations import evaluate
from neurosim.errors import ParameterError
from neurosim.models import brunel, coba, cobahh, cuba, stdp
from neurosim.units import ms, mV, nS, pF

SMALL = {
    "microcircuit": {"scale": 0.02},
    "brunel": {"scale": 0.02},
    "cuba": {"neurons": 200},
    "coba": {"neurons": 200},
    "cobahh": {"neurons": 200},
    "stdp": {"scale": 0.02},
}
MODELS = tuple(SMALL)


def module(name: str):
    return importlib.import_module(f"neurosim.models.{name}")


# ---- What the command line relies on --------------------------------------------------------------------------------
@pytest.mark.parametrize("name", MODELS)
def test_every_model_describes_itself(name: str) -> None:
    model = module(name)
    assert isinstance(model.DESCRIPTION, str) and 20 < len(model.DESCRIPTION) < 120
    assert model.WARM_UP >= 0 * ms
    assert model.__doc__ and "doi" in model.__doc__
    assert callable(model.main)


@pytest.mark.parametrize("name", MODELS)
def test_arguments_are_typed_keywords_with_defaults(name: str) -> None:
    model = module(name)
    signature = inspect.signature(model.network)
    hints = typing.get_type_hints(model.network)
    for parameter in signature.parameters.values():
        assert parameter.kind is parameter.KEYWORD_ONLY
        assert parameter.default is not parameter.empty
        assert parameter.name in hints
    for other in (model.expected, model.notes):
        assert list(inspect.signature(other).parameters.values()) == list(signature.parameters.values())
    assert {"seed", "record"} <= set(signature.parameters)


@pytest.mark.parametrize("name", MODELS)
def test_every_model_builds_and_lowers(name: str) -> None:
    model = module(name)
    net = model.network(**SMALL[name])
    assert isinstance(net, ns.Network)
    assert net.name == name
    assert {probe.part.name for probe in net.probes} == {population.name for population in net.populations}
    assert not model.network(**SMALL[name], record=False).probes
    program = ns.lower(net, 10 * ms)
    assert program.steps == 100
    assert model.network(**SMALL[name], seed=7).seed == 7


@pytest.mark.parametrize("name", MODELS)
def test_networks_carry_their_expectations(name: str) -> None:
    model = module(name)
    for arguments in ({}, SMALL[name]):
        assert model.network(**arguments).expected == model.expected(**arguments)


@pytest.mark.parametrize("name", MODELS)
def test_expectations_name_the_populations(name: str) -> None:
    model = module(name)
    for arguments in ({}, SMALL[name]):
        names = [population.name for population in model.network(**SMALL[name]).populations]
        for column in model.expected(**arguments).values():
            assert list(column) == names
            assert all(rate >= 0 for rate in column.values())
        assert model.notes(**arguments)
    assert "expected at this scale" in model.expected()


@pytest.mark.parametrize("name", MODELS)
def test_short_run_on_the_reference(name: str) -> None:
    result = ns.simulate(module(name).network(**SMALL[name]), 20 * ms, backend="reference")
    assert result.record.steps == 200
    assert sum(len(events.steps) for events in result.record.events.values()) > 0


# ---- Published numbers ----------------------------------------------------------------------------------------------
def projections(net) -> dict:
    return {projection.name: projection for projection in net.projections}


def test_brunel_parameters() -> None:
    net = brunel.network()
    assert [(population.name, population.size) for population in net.populations] == [("exc", 10000), ("inh", 2500)]
    found = projections(net)
    assert sum(projection.edge_count() for name, projection in found.items() if "drive" not in name) == 15_625_000
    assert found["exc -> inh"].weight == 0.1 * mV and found["inh -> exc"].weight == -0.5 * mV
    assert found["inh -> inh"].delay == 1.5 * ms
    assert all(source.rate * 0.1 * ms == pytest.approx(2.0) for source in net.stimuli)
    assert brunel.external_rate(0.9) == pytest.approx(9000)
    assert [brunel.PANELS[panel] for panel in "ABCD"] == [(3, 2), (6, 4), (5, 2), (4.5, 0.9)]
    with pytest.raises(ParameterError, match="panel must be one of 'A', 'B', 'C', 'D', got 'E'"):
        brunel.network(panel="E")
    program = ns.lower(brunel.network(scale=0.01), 1 * ms)
    assert program.block("exc").spike.hold_steps == 20


def test_cuba_parameters() -> None:
    net = cuba.network()
    assert [population.size for population in net.populations] == [3200, 800]
    found = projections(net)
    assert found["exc -> inh"].weight == 1.62 * mV and found["exc -> inh"].into == "g_e"
    assert found["inh -> exc"].weight == -9.0 * mV and found["inh -> exc"].into == "g_i"
    assert {projection.connectivity.probability for projection in found.values()} == {0.02}
    assert {projection.delay for projection in found.values()} == {0.1 * ms}
    program = ns.lower(cuba.network(neurons=200), 1 * ms)
    assert program.block("exc").spike.hold_steps == 50
    assert program.block("inh").spike.hold_states == ("v",)


def test_coba_parameters() -> None:
    found = projections(coba.network())
    assert found["exc -> exc"].weight == 6 * nS and found["inh -> inh"].weight == 67 * nS
    exc = coba.network()["exc"]
    assert exc.value_of("C_m") / exc.value_of("g_L") == 20 * ms
    block = ns.lower(coba.network(), 1 * ms).block("exc")
    v, g_e, g_i = (np.asarray(block.states[name]) for name in ("v", "g_e", "g_i"))
    assert v.max() == -50.01 and v.mean() == pytest.approx(-65, abs=0.4)
    assert g_e.min() >= 0 and g_e.mean() == pytest.approx(40, abs=1.5)
    assert g_i.min() == 0 and g_i.mean() == pytest.approx(201, abs=8)


def test_cobahh_parameters() -> None:
    exc = cobahh.network(neurons=100)["exc"]
    assert (exc.value_of("C_m"), exc.value_of("g_Na"), exc.value_of("g_K")) == (200 * pF, 20000 * nS, 6000 * nS)
    assert (exc.value_of("E_Na"), exc.value_of("E_K"), exc.value_of("V_T")) == (50 * mV, -90 * mV, -63 * mV)
    spike = ns.lower(cobahh.network(neurons=100), 1 * ms).block("exc").spike
    assert spike.hold_steps == 30 and spike.hold_states == () and not spike.reset
    closed = ns.lower(cobahh.network(neurons=100, gates="closed"), 1 * ms).block("exc")
    assert not np.any(np.asarray(closed.states["m"]))
    with pytest.raises(ParameterError, match="gates must be one of"):
        cobahh.network(gates="open")


def test_stdp_parameters() -> None:
    net = stdp.network(scale=0.02)
    plastic = [projection for projection in net.projections if projection.plasticity]
    assert [projection.name for projection in plastic] == ["exc -> exc"]
    assert plastic[0].bounds == (0 * mV, 0.2 * mV)
    assert stdp.POTENTIATION == pytest.approx(2.0e-4) and stdp.DEPRESSION == pytest.approx(2.1e-4)
    plain = brunel.network(scale=0.02)
    assert [projection.name for projection in net.projections] == [projection.name for projection in plain.projections]


# ---- Theory ---------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("mu", "sigma", "rate"),
    [(15, 5, 9.4608), (25, 1, 42.0168), (25, 0, 41.7149), (5, 2.5, 3.87e-14), (5, 2, 7.8e-23)],
)
def test_siegert_check_values(mu: float, sigma: float, rate: float) -> None:
    assert brunel.siegert_rate(mu, sigma) == pytest.approx(rate, rel=1e-5 if rate > 1 else 2e-3)


@pytest.mark.slow
@pytest.mark.parametrize(("mu", "sigma"), [(15, 5), (24, 10.9), (3, 2.2), (60, 1.5), (-20, 8)])
def test_siegert_against_the_closed_form(mu: float, sigma: float) -> None:
    """The integral by 40-digit quadrature."""
    import mpmath

    with mpmath.workdps(40):
        a, b = mpmath.mpf(10 - mu) / sigma, mpmath.mpf(20 - mu) / sigma
        points = mpmath.linspace(a, b, 17)
        integral = mpmath.quad(lambda x: mpmath.exp(x**2) * mpmath.erfc(-x), points)
        wanted = float(1000 / (2 + 20 * mpmath.sqrt(mpmath.pi) * integral))
    assert brunel.siegert_rate(mu, sigma) == pytest.approx(wanted, rel=1e-9)


def test_siegert_is_silent_far_below_threshold_and_saturates() -> None:
    assert brunel.siegert_rate(-200, 1) == 0.0
    assert brunel.siegert_rate(0, 0) == 0.0
    assert brunel.siegert_rate(1e5, 10) == pytest.approx(500, rel=1e-2)


@pytest.mark.parametrize(("panel", "rate"), [("A", 327.0), ("B", 55.84), ("C", 37.95), ("D", 6.52)])
def test_stationary_rates_of_the_panels(panel: str, rate: float) -> None:
    assert brunel.stationary_rates(*brunel.PANELS[panel]) == pytest.approx((rate,), rel=1e-3)


def test_input_of_panel_c() -> None:
    mu, sigma = brunel.mean_and_sigma(37.95, 5.0, 2.0)
    assert (mu, sigma) == pytest.approx((21.03, 7.68), abs=0.01)


# ---- Hodgkin-Huxley rates -------------------------------------------------------------------------------------------
GATES = ("alpha_m", "beta_m", "alpha_h", "beta_h", "alpha_n", "beta_n")


def gate_rates(v: np.ndarray) -> dict[str, np.ndarray]:
    """Rates [1/ms] of the gates at voltages [mV], from the model's own text."""
    parsed = cobahh.CELL.parsed
    values = {"v": v, "V_T": cobahh.V_T}
    trees = {name: parsed.in_inner_units(parsed.inlined_names[name]) for name in GATES}
    return {name: np.asarray(evaluate(tree, values.__getitem__)) for name, tree in trees.items()}


@pytest.mark.parametrize("u", [13.0, 15.0, 40.0])
def test_gate_rates_are_continuous_where_the_customary_form_is_not(u: float) -> None:
    v = cobahh.V_T + u + np.array([-1e-9, 0.0, 1e-9])
    for name, rate in gate_rates(v).items():
        assert np.all(np.isfinite(rate)), name
        assert np.ptp(rate) < 1e-9, name


def test_gate_rates_are_finite_everywhere() -> None:
    for name, rate in gate_rates(np.linspace(-200, 200, 4001)).items():
        assert np.all(np.isfinite(rate)) and np.all(rate >= 0), name
    assert gate_rates(np.array([cobahh.V_T + 13.0]))["alpha_m"][0] == pytest.approx(1.28)


# ---- Rates, on the native engine ------------------------------------------------------------------------------------
RUNS = [("brunel", 300, 36, 39.5), ("cuba", 700, 4.0, 7.3), ("coba", 700, 13, 24), ("cobahh", 500, 28, 44), ("stdp", 300, 35, 39)]


@pytest.mark.matrix
@pytest.mark.parametrize(("name", "duration", "low", "high"), RUNS)
def test_rates_are_roughly_right(require_engine, name: str, duration: int, low: float, high: float) -> None:
    """Shorter runs and wider windows than those of the benchmarks."""
    require_engine("native")
    model = module(name)
    net = model.network()
    result = ns.simulate(net, duration * ms, backend="native", threads=1)
    first = round(model.WARM_UP / (0.1 * ms))
    seconds = duration / 1e3 - first * 1e-4
    spikes = sum(int((events.steps >= first).sum()) for events in result.record.events.values())
    rate = spikes / sum(population.size for population in net.populations) / seconds
    assert low <= rate <= high

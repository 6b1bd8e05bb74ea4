"""Pictures of results and wiring: what is written and drawn in them, that they are the same every time, what they refuse."""

from __future__ import annotations

import io
from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest
from matplotlib.figure import Figure

import neurosim as ns
from neurosim import plotting
from neurosim.errors import NeurosimError, ParameterError
from neurosim.plotting import matrix
from neurosim.record import Events, Record, Trace
from neurosim.result import PartInfo, Provenance, Result, TapInfo
from neurosim.units import ms, mV, pA

LIF = ns.neurons.lif_exponential
STEPS = 20_000


def result(sizes: dict[str, int], *, per_neuron: int = 80, traces: bool = True) -> Result:
    """A result of 2 s with spikes at random, made by hand."""
    draw = np.random.default_rng(1)
    events, parts = {}, []
    for name, size in sizes.items():
        steps = np.sort(draw.integers(0, STEPS, size * per_neuron))
        events[name] = Events(steps, draw.integers(0, size, steps.size), np.ones(steps.size), np.zeros(steps.size, np.int64))
        parts.append(PartInfo(name, "population", size, {"v": "mV"}, (TapInfo("spikes"), TapInfo("v", of=(0,))), threshold=("v", -50.0)))
    first = next(iter(sizes))
    values = -60.0 + 5.0 * np.sin(np.arange(2000) / 40.0)[:, None, None]
    recorded = {(first, "v"): Trace(np.arange(0, STEPS, 10), values, np.array([0]))} if traces else {}
    weights = np.abs(draw.normal(5.0, 1.0, (20, 1, 50)))
    parts.append(PartInfo("learning", "projection", 50, {"w": "pA"}, (TapInfo("w"),), source=first, target=first, weights="learning"))
    recorded |= {("learning", "w"): Trace(np.arange(0, STEPS, 1000), weights, None)} if traces else {}
    return Result(Record(STEPS, events, recorded, {}, {}, {}), Provenance(0.1, tuple(parts), name="by hand", backend="reference"))


FEW, MANY = result({"exc": 12, "inh": 4}), result({f"p{k}": 5 for k in range(8)}, traces=False)
OF_RESULTS: tuple[Callable[[Result], Figure], ...] = (
    plotting.raster, plotting.rates, plotting.overview, plotting.traces, plotting.weights, plotting.intervals, plotting.spectrum,
)  # fmt: skip


def png(figure: Figure) -> bytes:
    buffer = io.BytesIO()
    figure.savefig(buffer, format="png", dpi=40)
    return buffer.getvalue()


def words(figure: Figure) -> list[str]:
    """Everything that is written."""
    found = [text.get_text() for axes in figure.axes for text in (*axes.texts, axes.xaxis.label, axes.yaxis.label)]
    found += [axes.get_title(place) for axes in figure.axes for place in ("left", "right")]
    found += [tick.get_text() for axes in figure.axes for tick in (*axes.get_xticklabels(), *axes.get_yticklabels())]
    return found + [text.get_text() for text in figure.texts]


@pytest.mark.parametrize("draw", OF_RESULTS)
def test_pictures_have_labels_with_units_and_one_width(draw: Callable[[Result], Figure]) -> None:
    figure = draw(FEW)
    assert figure.get_figwidth() == plotting.style.WIDTH
    shown = [axes for axes in figure.axes if axes.get_visible() and axes.axison]
    assert all(axes.get_xlabel() or not axes.xaxis.get_tick_params().get("labelbottom", True) or draw is plotting.spectrum for axes in shown)
    assert any("[" in text for text in words(figure))


def test_pictures_are_the_same_every_time() -> None:
    assert png(plotting.traces(FEW)) == png(plotting.traces(FEW))


def test_a_few_neurons_need_little_room_and_no_rates() -> None:
    single = result({"cell": 1}, per_neuron=5)
    assert plotting.raster(single).get_figheight() < plotting.raster(FEW).get_figheight()
    assert not any("rate" in text for text in words(plotting.overview(single)))
    assert any("rate" in text for text in words(plotting.overview(FEW)))


def test_time_axes_of_the_overview_lie_below_each_other() -> None:
    figure = plotting.overview(FEW)
    figure.draw_without_rendering()
    edges = [axes.get_position().x0 for axes in figure.axes if "time" in axes.get_xlabel()]
    assert len(edges) == 3 and max(edges) - min(edges) < 0.01


def test_weights_that_are_known_at_the_end_only() -> None:
    final = replace(FEW, record=replace(FEW.record, traces={}, final={("learning", "w"): np.ones((1, 50))}))
    assert "learning" in words(plotting.weights(final))
    between = FEW.between(10 * ms, 50 * ms)
    with pytest.raises(ParameterError, match="no weights were recorded"):
        plotting.weights(between)
    assert "learning" not in words(plotting.overview(between))


def test_intervals_and_their_numbers() -> None:
    regular = Events(np.arange(0, STEPS, 250), np.zeros(80, np.int64), np.ones(80), np.zeros(80, np.int64))
    one = replace(FEW, record=replace(FEW.record, events={"exc": regular, "inh": FEW.record.events["inh"]}))
    written = words(plotting.intervals(one))
    assert "25 ms" in written and "0.00" in written and {"exc", "inh"} <= set(written)
    with pytest.raises(ParameterError, match="no population has 20 intervals"):
        plotting.intervals(result({"cell": 1}, per_neuron=5))


def test_spectra_beside_each_other_where_there_are_many() -> None:
    assert len([axes for axes in plotting.spectrum(FEW).axes if axes.get_visible()]) == 1
    many = plotting.spectrum(MANY, up_to=100.0)
    assert len([axes for axes in many.axes if axes.get_visible()]) == 8
    # Poisson spikes: the power is near the dotted line, 2 rate / N.
    lines = many.axes[0].get_lines()
    assert np.mean(lines[0].get_ydata()) == pytest.approx(lines[1].get_ydata()[0], rel=0.4)
    with pytest.raises(ParameterError, match="up_to must be between 0 and 500 Hz"):
        plotting.spectrum(FEW, up_to=600.0)


def test_curve() -> None:
    figure = plotting.curve([3, 1, 2] * pA, {"a": [[9.0, 11.0], [1.0, 1.0], [4.0, 6.0]], "b": [1, 2, 3]}, name="current", expected=[10, 1, 5])
    lines = {str(line.get_label()): line for line in figure.axes[0].get_lines()}
    assert list(lines["a"].get_xdata()) == [1, 2, 3] and list(lines["a"].get_ydata()) == [1.0, 5.0, 10.0]
    assert {"a", "b", "expected"} == set(lines)
    assert figure.axes[0].get_xlabel() == "current [pA]" and figure.axes[0].get_ylabel() == "rate [Hz]"
    own = Figure().subplots()
    assert plotting.curve([1, 2], [3, 4], axes=own) is own.figure
    for values, rates in (([1, 2], [3]), ([[1]], [1]), ("x", [1]), ([1], "y")):
        with pytest.raises(ParameterError, match="curve"):
            plotting.curve(values, rates)


# ---- wiring --------------------------------------------------------------------------------------------------------------
def pair(sources: int = 4, targets: int = 3) -> ns.Network:
    a, b = ns.Population("a", sources, LIF), ns.Population("b", targets, LIF)
    weights = np.arange(1.0, sources * targets + 1.0).reshape(sources, targets) * pA
    return ns.Network(
        a, b, ns.Projection(a, b, ns.dense(weights), into="I_syn"),
        ns.Projection(b, b, ns.one_to_one(), into="I_syn", weight=-2 * pA, name="inner"), name="pair",
    )  # fmt: skip


def image(figure: Figure) -> np.ndarray:
    return np.asarray(figure.axes[0].get_images()[0].get_array())


def test_connectivity_shows_every_weight() -> None:
    drawn = plotting.connectivity(pair())
    expected = np.zeros((7, 3))
    expected[:4] = np.arange(1.0, 13.0).reshape(4, 3)
    expected[4:] = -2.0 * np.eye(3)
    np.testing.assert_allclose(image(drawn), expected)
    assert {"a", "b", "from", "to", "weight of a pair [pA]"} <= set(words(drawn))
    np.testing.assert_allclose(image(plotting.connectivity(pair(), of="inner")), -2.0 * np.eye(3))
    np.testing.assert_allclose(image(plotting.connectivity(ns.lower(pair(), 1 * ms))), expected)


def test_connectivity_of_many_neurons_is_a_mean(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(matrix, "PIXELS", 20)
    a = ns.Population("a", 300, LIF)
    net = ns.Network(a, ns.Projection(a, a, ns.fixed_probability(0.2), into="I_syn", weight=5 * pA), seed=2)
    shades = image(plotting.connectivity(net))
    assert shades.shape == (20, 20)
    assert shades.mean() == pytest.approx(1.0, rel=0.05)  # 0.2 * 5 pA


def test_connectivity_of_shared_weights_and_different_units() -> None:
    a, b = ns.Population("a", 3, LIF), ns.Population("b", 2, LIF)
    forward = ns.Projection(a, b, ns.dense(np.arange(6.0).reshape(3, 2) * pA), into="I_syn")
    back = ns.Projection(b, a, ns.all_to_all(), into="I_syn", transpose_of=forward, factor=-1.0)
    expected = np.zeros((5, 5))
    expected[:3, 3:] = np.arange(6.0).reshape(3, 2)
    expected[3:, :3] = -expected[:3, 3:].T
    np.testing.assert_allclose(image(plotting.connectivity(ns.Network(a, b, forward, back))), expected)
    jump = ns.Projection(a, b, ns.one_to_one() if a.size == b.size else ns.all_to_all(), into="v", weight=-1 * mV, name="jump")
    mixed = plotting.connectivity(ns.Network(a, b, forward, jump))
    assert "synapses" in " ".join(words(mixed)) and image(mixed).max() <= 1.0


def test_what_connectivity_refuses(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(ParameterError, match="there is no projection 'iner'; did you mean 'inner'?"):
        plotting.connectivity(pair(), of=["iner"])
    with pytest.raises(ParameterError, match="there are no projections to draw"):
        plotting.connectivity(ns.Network(ns.Population("a", 1, LIF)))
    monkeypatch.setattr(matrix, "MOST_SYNAPSES", 10)
    with pytest.raises(ParameterError, match=r"15 synapses are too many to be drawn one by one"):
        plotting.connectivity(pair())
    for draw in (plotting.connectivity, plotting.indegrees, plotting.diagram):
        with pytest.raises(NeurosimError, match="needs a Network"):
            draw(3)


def test_indegrees() -> None:
    drawn = plotting.indegrees(pair())
    np.testing.assert_allclose(image(drawn), [[4.0]])  # 'inner' is one to one: who has such connections only is left out
    assert "4" in words(drawn)


# ---- phase plane ---------------------------------------------------------------------------------------------------------
def test_portrait_has_nullclines_where_derivatives_vanish() -> None:
    """FitzHugh-Nagumo: nullclines y = x - x**3 / 3 + I and y = (x + a) / b."""
    model = ns.NeuronModel(
        "dx/dt = (x - x**3 / 3 - y + I) / ms : 1\ndy/dt = (x + a - b * y) / tau : 1\ntau : ms\na, b : 1\nI : 1 (port)", method="rk4",
        defaults={"tau": 12.5 * ms, "a": 0.7, "b": 0.8, "x": -1.0, "y": 1.0}, name="FitzHugh-Nagumo",
    )  # fmt: skip
    cell = ns.Population("cell", 2, model, x=[-1.0, 2.0])
    net = ns.Network(cell, ns.Probe(cell, "x", every=1 * ms), ns.Probe(cell, "y", every=1 * ms, of=[1]))
    run = ns.simulate(net, 60 * ms, backend="reference")
    drawn = plotting.portrait(run, "x", "y", neuron=1, inputs={"I": 0.5})
    contours = [collection for collection in drawn.axes[0].collections if collection.get_paths()]
    assert len(contours) == 2
    for contour, expected in zip(contours, (lambda x: x - x**3 / 3 + 0.5, lambda x: (x + 0.7) / 0.8), strict=True):
        points = np.concatenate([path.vertices for path in contour.get_paths()])
        np.testing.assert_allclose(points[:, 1], expected(points[:, 0]), atol=0.02)
    trajectory = drawn.axes[0].get_lines()[2]
    assert trajectory.get_xdata()[0] == 2.0
    assert {"dx/dt = 0", "dy/dt = 0", "neuron 1", "start"} == {text.get_text() for text in drawn.axes[0].get_legend().get_texts()}
    forgotten = replace(run, provenance=replace(run.provenance, description=None))
    assert not plotting.portrait(forgotten, "x", "y", neuron=1).axes[0].collections
    with pytest.raises(ParameterError, match="y of neuron 0 was not recorded"):
        plotting.portrait(run, "x", "y")
    with pytest.raises(ParameterError, match="no population recorded x and z"):
        plotting.portrait(run, "x", "z")


def test_portrait_breaks_where_a_reset_jumps() -> None:
    cell = ns.Population("cell", 1, ns.neurons.lif_exponential, I_e=800 * pA)
    net = ns.Network(cell, ns.Probe(cell, "v"), ns.Probe(cell, "I_syn"), ns.Probe(cell, "spikes"))
    run = ns.simulate(net, 30 * ms, backend="reference")
    spikes = run["cell"].spikes[0].size
    lines = plotting.portrait(run, "v", "I_syn").axes[0].get_lines()
    broken = next(line for line in lines if line.get_label() == "neuron 0")
    assert spikes >= 2 and int(np.isnan(broken.get_xdata()).sum()) == spikes

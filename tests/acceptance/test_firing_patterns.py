"""Published firing patterns of the standard neurons, and their rates in closed form."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import pytest

import neurosim as ns
from neurosim import neurons
from neurosim.units import ms, mV, pA

pytestmark = pytest.mark.slow  # fine steps over seconds

Times = dict[str, np.ndarray]


def fired(model: ns.NeuronModel, presets: Mapping[str, Mapping[str, Any]], length: float, **values: Any) -> Times:
    """Spike times [ms] of one cell for each preset under a constant current."""
    columns = {name: [preset[name] for preset in presets.values()] for name in next(iter(presets.values()))}
    cells = ns.Population("cells", len(presets), model, **columns, **values)
    result = ns.simulate(ns.Network(cells, ns.Probe(cells, "spikes")), length * ms, backend="reference")
    times, ids = result["cells"].spikes
    return {name: np.asarray(times)[np.asarray(ids) == k] for k, name in enumerate(presets)}


@pytest.fixture(scope="module")
def adex() -> Times:
    return fired(neurons.adex, neurons.adex_presets, 400.0)


def bursts(times: np.ndarray, pause: float) -> list[int]:
    """Sizes of groups of spikes that are separated by more than ``pause`` [ms]."""
    ends = np.nonzero(np.diff(times) > pause)[0]
    return [len(group) for group in np.split(times, ends + 1)]


def test_adex_tonic_spiking(adex: Times) -> None:
    """Naud et al. 2008, figure 4a: intervals stay nearly the same."""
    intervals = np.diff(adex["tonic"])[5:]
    assert len(intervals) > 30 and intervals.std() / intervals.mean() < 0.02


def test_adex_adaptation(adex: Times) -> None:
    """Figure 4b: intervals grow until they are several times the first."""
    intervals = np.diff(adex["adapting"])
    assert np.all(np.diff(intervals) > -0.2) and intervals[-1] > 5 * intervals[0]


def test_adex_initial_burst(adex: Times) -> None:
    """Figure 4c: a burst, then single spikes at regular intervals."""
    groups = bursts(adex["initial_burst"], 20.0)
    assert groups[0] >= 3 and set(groups[1:]) == {1} and len(groups) > 4


def test_adex_regular_bursting(adex: Times) -> None:
    """Figure 4d: bursts of two or three spikes, again and again."""
    groups = bursts(adex["regular_bursting"], 50.0)
    assert len(groups) >= 3 and set(groups[1:-1]) == {2}


def test_adex_delayed_acceleration(adex: Times) -> None:
    """Figure 4e: late, then faster and faster."""
    times = adex["delayed_accelerating"]
    intervals = np.diff(times)
    assert times[0] > 30.0 and np.all(np.diff(intervals) <= 0.1 + 1e-9) and intervals[-1] < 0.7 * intervals[0]


def test_adex_delayed_bursting(adex: Times) -> None:
    """Figure 4f: late, then bursts."""
    times = adex["delayed_bursting"]
    assert times[0] > 50.0 and min(bursts(times, 30.0)[:-1]) >= 3


def test_adex_transient_spiking(adex: Times) -> None:
    """Figure 4g: it fires at the onset of the current and never again."""
    assert len(adex["transient"]) >= 1 and adex["transient"][-1] < 100.0


def test_adex_irregular_spiking(adex: Times) -> None:
    """Figure 4h: without noise, no two intervals repeat."""
    intervals = np.diff(adex["irregular"])
    assert intervals.std() / intervals.mean() > 0.3 and len(set(np.round(intervals, 1))) > 12


@pytest.fixture(scope="module")
def izhikevich() -> Times:
    return fired(neurons.izhikevich, neurons.izhikevich_presets, 200.0, I_e=10 * mV / ms)


def test_izhikevich_cells(izhikevich: Times) -> None:
    """Izhikevich 2003, figure 2: what tells the cells apart."""
    regular, intrinsic = np.diff(izhikevich["RS"]), np.diff(izhikevich["IB"])
    assert regular[-1] > 1.5 * regular[0] and len(regular) < 10
    assert intrinsic[0] < 5.0 and np.all(intrinsic[2:] > 25.0)
    chattering = bursts(izhikevich["CH"], 20.0)
    assert len(chattering) >= 3 and min(chattering[:-1]) >= 3
    fast = np.diff(izhikevich["FS"])
    assert 100.0 < 1000.0 / fast[-1] < 200.0 and fast[-1] / fast[5] < 1.1
    low_threshold = np.diff(izhikevich["LTS"])
    assert low_threshold[-1] > 3.0 * low_threshold[0] and len(low_threshold) > 2 * len(regular)


def test_thalamo_cortical_rebound() -> None:
    """Figure 2, TC: released from a strong negative current, where it was in equilibrium, the cell fires a burst."""
    released = {"TC": {**neurons.izhikevich_presets["TC"], "v": -87 * mV}}
    times = fired(neurons.izhikevich, released, 60.0)["TC"]
    assert len(times) >= 3 and np.diff(times)[0] < 10.0


def test_multi_timescale_threshold_cells() -> None:
    """Kobayashi et al. 2009: one current, four answers; the fast spiking cell hardly adapts, the bursting one begins fast."""
    times = fired(neurons.multi_timescale_threshold, neurons.multi_timescale_presets, 200.0, I_e=600 * pA)
    intervals = {name: np.diff(found) for name, found in times.items()}
    assert len(times["FS"]) > 3 * len(times["IB"]) > 3 * len(times["RS"])
    assert intervals["IB"][0] < 5.0 < 10.0 < intervals["RS"][0]
    assert intervals["FS"][-1] < 2.5 * intervals["FS"][0] < 2.5 * intervals["IB"][0] < intervals["IB"][-1]
    assert np.allclose(intervals["CH"][:10], 2.0)


def test_quadratic_rate_near_rheobase() -> None:
    """Ermentrout and Kopell: the rate grows as sqrt(I - I_rheobase) / (pi C) sqrt(k C), with peak and reset far away."""
    excess = np.array([32.0, 128.0, 512.0])
    far = {str(value): {"I_e": (37.5 + value) * pA} for value in excess}
    times = fired(neurons.quadratic_if, far, 200.0, v_peak=2000 * mV, v_reset=-2000 * mV, method="rk4")
    measured = np.array([1.0 / np.diff(found)[-1] for found in times.values()])
    expected = np.sqrt(10.0 / 15.0 / 100.0 * excess / 100.0) / np.pi
    assert np.allclose(measured, expected, rtol=0.03)


def test_bursts_need_soma_and_dendrite() -> None:
    """Naud and Sprekeler 2018, after Larkum: currents that do nothing alone make bursts together."""
    inputs = {"soma": (450.0, 0.0), "dendrite": (0.0, 450.0), "both": (450.0, 450.0)}
    values = {name: {"I_e_s": soma * pA, "I_e_d": dendrite * pA} for name, (soma, dendrite) in inputs.items()}
    times = fired(neurons.pyramidal_two_compartment, values, 120.0)
    assert len(times["soma"]) == len(times["dendrite"]) == 0
    assert len(times["both"]) >= 5 and 1000.0 / np.diff(times["both"])[0] > 100.0

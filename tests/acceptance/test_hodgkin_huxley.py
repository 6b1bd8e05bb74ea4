"""One step of the conductance-based neuron from any voltage, those included where the customary form of its rates divides 0 by 0."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

import neurosim as ns
from neurosim.models import cobahh
from neurosim.units import ms, mV

SINGULAR = np.array([13.0, 15.0, 40.0])
GATES = ("m", "h", "n")


def after_a_step(v: np.ndarray, backend: str) -> dict[str, np.ndarray]:
    """States (N,) after 0.1 ms, with all gates half open at the start."""
    cell = cobahh.network(neurons=10)["exc"].model
    cells = ns.Population("cells", len(v), cell, v=v * mV, m=0.5, h=0.5, n=0.5)
    result = ns.simulate(ns.Network(cells), 0.1 * ms, backend=backend)
    return {name: result.record.final["cells", name][0] for name in ("v", *GATES)}


@pytest.mark.parametrize("backend", ["reference", *(pytest.param(name, marks=pytest.mark.matrix) for name in ("native", "brian2"))])
def test_finite_and_continuous(require_engine: Callable[[str], None], backend: str) -> None:
    require_engine(backend)
    sweep = np.linspace(-200.0, 200.0, 4001)
    near = cobahh.V_T + (SINGULAR[:, None] + np.array([-1e-9, 0.0, 1e-9])).ravel()
    states = after_a_step(np.concatenate([near, sweep]), backend)
    for name, values in states.items():
        assert np.isfinite(values).all(), name
        assert (np.ptp(values[:9].reshape(3, 3), axis=1) < 1e-8).all(), name
    for name in GATES:
        assert states[name].min() >= 0.0 and states[name].max() <= 1.0, name
        assert np.abs(np.diff(states[name][9:])).max() < 0.05, name
    if backend != "reference":
        for name, values in after_a_step(np.concatenate([near, sweep]), "reference").items():
            np.testing.assert_allclose(states[name], values, rtol=0, atol=1e-9, err_msg=name)

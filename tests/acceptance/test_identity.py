"""The same spikes, step by step and neuron by neuron, on every engine: whole networks from their equations to their rasters.

Each comparison asks for a least number of spikes, so that nothing agrees by being silent.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from neurosim.conformance.case import differences
from neurosim.record import Record

LEAST = {
    "cuba": 3000,
    "coba": 3000,
    "cobahh": 3000,
    "microcircuit dc": 500,
    "microcircuit frozen": 1000,
    "brunel frozen": 10_000,
    "hundred": 1500,
}
TOLERANCE = 1e-9
"""Of states, in mV, pA or nS. Where no function but ``+ - * /`` is evaluated while the network runs they are equal to the last bit."""
BITWISE = ("cuba", "microcircuit dc", "microcircuit frozen", "brunel frozen", "hundred")
NETWORKS = [pytest.param(name, marks=pytest.mark.matrix) for name in LEAST]
"""In the full suite: each compiles for some seconds."""


def assert_same(got: Record, expected: Record, least: int, bitwise: bool = False) -> None:
    """Equal events; states within the tolerance, or equal."""
    assert set(got.events) == set(expected.events) and set(got.final) == set(expected.final)
    assert sum(len(events.steps) for events in expected.events.values()) >= least
    for part, events in expected.events.items():
        np.testing.assert_array_equal(got.events[part].steps, events.steps, part)
        np.testing.assert_array_equal(got.events[part].indices, events.indices, part)
    complaints, _ = differences(got, expected, 0.0 if bitwise else TOLERANCE, 0)
    assert not complaints, "\n".join(complaints)


@pytest.mark.parametrize("name", NETWORKS)
def test_native_is_the_reference(record: Callable[..., Record], name: str) -> None:
    assert_same(record(name, "native"), record(name, "reference"), LEAST[name], name in BITWISE)


@pytest.mark.parametrize("name", NETWORKS)
def test_brian2_is_native(record: Callable[..., Record], name: str) -> None:
    """In mode numpy; so all three engines are one."""
    assert_same(record(name, "brian2"), record(name, "native"), LEAST[name], name in BITWISE)


COMPILED = [pytest.param(name, marks=pytest.mark.compiled_brian2 if name == "hundred" else pytest.mark.on_demand) for name in LEAST]
"""Brian2 compiles fifty pathways for half an hour; in every change only the smallest network is compiled."""


@pytest.mark.parametrize("mode", ["cython", "cpp_standalone"])
@pytest.mark.parametrize("name", COMPILED)
def test_compiled_brian2_is_native(record: Callable[..., Record], name: str, mode: str) -> None:
    assert_same(record(name, "brian2", mode), record(name, "native"), LEAST[name], name in BITWISE)

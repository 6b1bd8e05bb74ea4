"""Poisson counts: their distribution and independence in ten million draws, and that the compiled sampler draws the same."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
import pytest
from scipy import stats

from neurosim.backends.base import Settings
from neurosim.backends.registry import get
from neurosim.conformance.building import statements, update
from neurosim.ir.program import Block, Pathway, Phase, Program, Source, Tap, Weights, Wiring
from neurosim.ir.random import poisson, stream

MEANS = (0.01, 1.2, 2.32, 10.0, 50.0)
LEAST_P = 1e-4
STEPS, NEURONS = 200, 50_000
DT = 0.1


def drawn(mean: float, steps: int = STEPS, neurons: int = NEURONS) -> np.ndarray:
    """(T, N) counts by the definition."""
    key = stream(7, f"drive {mean}", "poisson")
    return np.stack([poisson(mean, key, step, 0, neurons) for step in range(steps)])


@pytest.mark.matrix
@pytest.mark.parametrize("mean", MEANS)
def test_ten_million_counts(mean: float) -> None:
    counts = drawn(mean)
    assert counts.size == 10_000_000
    observed = np.bincount(counts.ravel().astype(int), minlength=int(mean + 20 * math.sqrt(mean) + 20))
    values = np.arange(len(observed))
    expected = counts.size * stats.poisson.pmf(values, mean)
    common = expected >= 10
    low, high = values[common][0], values[common][-1]
    tails = counts.size * np.array([stats.poisson.cdf(low - 1, mean), stats.poisson.sf(high, mean)])
    found = np.array([observed[:low].sum(), observed[high + 1 :].sum()])
    kept = tails > 1e-3
    assert not found[~kept].any()
    pvalue = stats.chisquare(np.append(observed[common], found[kept]), np.append(expected[common], tails[kept]), sum_check=False).pvalue
    assert pvalue > LEAST_P
    assert abs(counts.mean() - mean) < 4.0 * math.sqrt(mean / counts.size)
    assert abs(counts.var() - mean) < 4.0 * math.sqrt((mean + 2.0 * mean**2) / counts.size)


@pytest.mark.matrix
@pytest.mark.parametrize("mean", MEANS)
def test_counts_are_not_correlated(mean: float) -> None:
    """Over steps and over neurons, at short and longer distances."""
    z = (drawn(mean) - mean) / math.sqrt(mean)
    for lag in (1, 2, 3, 10, 64):
        for a, b in ((z[lag:], z[:-lag]), (z[:, lag:], z[:, :-lag])):
            assert abs(float(np.mean(a * b))) < 4.0 / math.sqrt(a.size), lag
    assert abs(float(np.mean(z[1:, 1:] * z[:-1, :-1]))) < 4.0 / math.sqrt(z[1:, 1:].size)


def test_streams_are_not_correlated() -> None:
    """Sources with names alike."""
    a, b = (np.stack([poisson(1.2, stream(7, name, "poisson"), step, 0, 1000) for step in range(100)]) for name in ("a 1", "a 2"))
    assert abs(float(np.mean((a - 1.2) * (b - 1.2)))) / 1.2 < 4.0 / math.sqrt(a.size)


# ---- the compiled samplers ----------------------------------------------------------------------------------------------
def counting(mean: float, steps: int, neurons: int, heard_twice: bool) -> Program:
    """A population whose port receives the counts of each step; a second listener changes how the native engine draws them."""
    block = Block("cell", neurons, {"total": 0.0}, ports=("p",), update=update(total="total + p"))
    source = Source("drive", neurons, "poisson", rate=mean / DT, stream=stream(7, f"drive {mean}", "poisson"))
    wiring = Wiring("one_to_one", neurons, neurons)
    path = Pathway("drive -> cell", "drive", "cell", wiring, statements("p_post += w*value"), "w")
    taps = (Tap("cell", "p", at="end"), *((Tap("drive", "count"),) if heard_twice else ()))
    return Program(DT, (block,), (source,), (path,), (Weights("w", path.name, 1.0, quantum=1.0),), taps, (Phase(steps),))


@pytest.mark.matrix
@pytest.mark.parametrize("heard_twice", [False, True])
@pytest.mark.parametrize("mean", MEANS)
def test_native_draws_the_same(require_engine: Callable[[str], None], mean: float, heard_twice: bool) -> None:
    """Bit for bit, whatever the number of threads and the precision."""
    require_engine("native")
    steps, neurons = 100, 5003
    program = counting(mean, steps, neurons, heard_twice)
    expected = drawn(mean, steps, neurons)
    for threads in (1, 2, 3, 4):
        for precision in ("double", "single") if mean == 2.32 else ("double",):
            machine = get("native").compile(program, Settings(threads=threads, precision=precision))
            machine.run()
            record = machine.record()
            np.testing.assert_array_equal(record.traces["cell", "p"].values[:, 0], expected)
            np.testing.assert_array_equal(record.final["cell", "total"][0], expected[:-1].sum(0))
            if heard_twice:
                before = np.append(0.0, (expected[:-1] > 0).sum(1))  # events, whose payload is the count
                np.testing.assert_array_equal(record.traces["drive", "count"].values[:, 0, 0], before)

"""Distributions and connectivity: what they hold and what they refuse."""

import numpy as np
import pytest

import neurosim.network as ns
from neurosim.errors import ParameterError
from neurosim.units import VOLTAGE, mV, pA


def test_distributions_know_their_dimension_and_limits() -> None:
    assert ns.uniform(-60 * mV, -50 * mV).limits() == (-60.0, -50.0)
    assert ns.uniform(-60 * mV, -50 * mV).dimension == VOLTAGE
    assert ns.normal(0, 1).limits() == (-np.inf, np.inf)
    assert ns.normal(0 * mV, 1 * mV, low=-2 * mV, high=3 * mV).limits() == (-2.0, 3.0)
    assert ns.lognormal(1 * pA, 0.5).limits() == (0.0, np.inf)
    assert ns.exponential(1 * pA, high=3 * pA).limits() == (0.0, 3.0)
    assert ns.constant(2).limits() == (2.0, 2.0)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: ns.uniform(1 * mV, 2), "needs a voltage, got the plain number 2"),
        (lambda: ns.uniform(1 * mV, 2 * pA), "needs a voltage, got a current"),
        (lambda: ns.uniform(2 * mV, 1 * mV), "low must not be above high"),
        (lambda: ns.normal(0 * mV, -1 * mV), "the standard deviation must not be negative"),
        (lambda: ns.normal(0 * mV, 1 * mV, low=2 * mV, high=1 * mV), "nothing lies between"),
        (lambda: ns.normal(0, 1, cut="throw"), "cut must be 'redraw' or 'clip'"),
        (lambda: ns.lognormal(0 * mV, 1.0), "the median must be positive"),
        (lambda: ns.lognormal(1 * mV, -1.0), "sigma must not be negative"),
        (lambda: ns.lognormal(1 * mV, 1 * mV), "sigma needs a plain number"),
        (lambda: ns.exponential(-1 * mV), "the mean must be positive"),
        (lambda: ns.uniform(float("nan"), 1), "must be finite, got nan"),
        (lambda: ns.uniform(np.zeros(3), 1), "needs single numbers"),
    ],
)
def test_wrong_distributions_are_refused(make: object, message: str) -> None:
    with pytest.raises(ParameterError, match=message):
        make()  # type: ignore[operator]


@pytest.mark.parametrize(
    ("rule", "sources", "targets", "same", "count"),
    [
        (ns.all_to_all(), 3, 4, False, 12),
        (ns.all_to_all(autapses=False), 3, 3, True, 6),
        (ns.all_to_all(autapses=False), 3, 3, False, 9),
        (ns.one_to_one(), 3, 3, False, 3),
        (ns.fixed_indegree(2), 5, 7, False, 14),
        (ns.fixed_outdegree(2), 5, 7, False, 10),
        (ns.fixed_total_number(9), 5, 7, False, 9),
        (ns.fixed_probability(0.1), 5, 7, False, None),
        (ns.pairs([0, 1], [1, 1]), 5, 7, False, 2),
        (ns.dense(np.ones((5, 7))), 5, 7, False, 35),
    ],
)
def test_number_of_synapses(rule: ns.Connectivity, sources: int, targets: int, same: bool, count: int | None) -> None:
    assert rule.edge_count(sources, targets, same) == count


def test_pairs_are_sorted_and_remember_their_order() -> None:
    rule = ns.pairs([2, 0, 2, 0], [1, 3, 0, 3])
    assert rule.pre is not None and rule.post is not None and rule.order is not None
    assert rule.pre.tolist() == [0, 0, 2, 2]
    assert rule.post.tolist() == [3, 3, 0, 1]
    assert rule.order.tolist() == [1, 3, 2, 0]  # equal pairs keep the order in which they were given


def test_weights_that_come_with_the_connectivity() -> None:
    full = ns.dense([[1, 2, 3], [4, 5, 6]] * mV)
    assert full.kind == "all_to_all" and full.shape == (2, 3)
    assert (full.weights / mV).tolist() == [1, 2, 3, 4, 5, 6]  # type: ignore[operator]
    some = ns.sparse(([1, 0], [0, 0], [5, 7] * pA))
    assert (some.weights / pA).tolist() == [7, 5]  # type: ignore[operator]


def test_sparse_takes_scipy_matrices() -> None:
    scipy_sparse = pytest.importorskip("scipy.sparse")
    rule = ns.sparse(scipy_sparse.csr_matrix([[0.0, 2.0], [3.0, 0.0]]))
    assert rule.shape == (2, 2)
    assert rule.pre is not None and rule.pre.tolist() == [0, 1]
    assert np.asarray(rule.weights).tolist() == [2.0, 3.0]


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: ns.fixed_probability(1.2), "between 0 and 1, got 1.2"),
        (lambda: ns.fixed_probability(float("nan")), "between 0 and 1, got nan"),
        (lambda: ns.fixed_indegree(2.5), "a whole number from 0 to 1e15, got 2.5"),
        (lambda: ns.fixed_total_number(-1), "got -1"),
        (lambda: ns.pairs([0, 1], [1]), "pre has 2 entries and post has 1"),
        (lambda: ns.pairs([0, -1], [1, 1]), "pre must not be negative, got -1 at index 1"),
        (lambda: ns.pairs([0.5], [1]), "pre must be a list of whole numbers"),
        (lambda: ns.dense([1, 2, 3]), "the shape"),
        (lambda: ns.dense([[1, np.inf]]), "finite number, got inf at index"),
        (lambda: ns.sparse(np.ones((2, 2))), "A full matrix is given with dense"),
        (lambda: ns.sparse(([0], [0], [1, 2])), "one weight for each of 1 pairs"),
    ],
)
def test_wrong_connectivity_is_refused(make: object, message: str) -> None:
    with pytest.raises(ParameterError, match=message):
        make()  # type: ignore[operator]

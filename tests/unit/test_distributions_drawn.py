"""What distributions draw: closed-form moments, distribution functions, bounds; and what cannot be drawn."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from scipy import special, stats

import neurosim as ns
from neurosim.errors import NeurosimError, describe
from neurosim.ir.exactness import magnitude
from neurosim.ir.program import Sampled
from neurosim.ir.random import sample
from neurosim.lowering.values import recipe
from neurosim.network import Distribution
from neurosim.network.distributions import gamma_below
from neurosim.units import ms, pA

COUNT, LEAST_P = 20_000, 1e-4
GAMMA, NORMAL, EXPONENTIAL = stats.gamma(2.5, scale=4.0), stats.norm(1.0, 2.0), stats.expon(scale=3.0)


def draws(distribution: Distribution) -> np.ndarray:
    made = recipe(distribution, 77)
    assert isinstance(made, Sampled)
    return sample(made, np.arange(COUNT))


@pytest.mark.parametrize(
    ("distribution", "exact"),
    [
        (ns.gamma(2.5, 4 * pA), GAMMA),
        (ns.gamma(0.4, 1.0), stats.gamma(0.4)),
        (ns.gamma(1.0, 2.0), stats.expon(scale=2.0)),
        (ns.gamma(400.0, 0.5), stats.gamma(400.0, scale=0.5)),
        (ns.exponential(3 * pA), EXPONENTIAL),
        (ns.truncated(ns.normal(1.0, 2.0), low=0.0, high=4.0), stats.truncnorm(-0.5, 1.5, loc=1.0, scale=2.0)),
        (ns.truncated(ns.exponential(3.0), high=2.0), stats.truncexpon(2.0 / 3.0, scale=3.0)),
        (ns.truncated(ns.uniform(0.0, 4.0), low=1.0), stats.uniform(1.0, 3.0)),
        (ns.truncated(ns.lognormal(1.0, 0.5), low=1.0), None),
        (ns.truncated(ns.gamma(2.5, 4 * pA), low=5 * pA, high=20 * pA), None),
    ],
)
def test_moments_and_distribution_function(distribution: Distribution, exact: stats.rv_frozen | None) -> None:
    x = draws(distribution)
    low, high = distribution.limits()
    assert (x >= low).all() and (x <= high).all()
    if exact is None:
        whole = GAMMA if distribution.kind == "gamma" else stats.lognorm(0.5)
        ends = whole.cdf(low), whole.cdf(high)
        assert stats.kstest(x, lambda y: (whole.cdf(y) - ends[0]) / (ends[1] - ends[0])).pvalue > LEAST_P
        return
    assert stats.kstest(x, exact.cdf).pvalue > LEAST_P
    assert abs(x.mean() - exact.mean()) < 4.0 * exact.std() / np.sqrt(COUNT)
    fourth = exact.stats(moments="k") + 2.0  # variance of a squared deviation, in units of the variance squared
    assert abs(x.var() / exact.var() - 1.0) < 4.0 * np.sqrt(fourth / COUNT)


def test_clipped_draws_gather_at_the_bounds() -> None:
    x = draws(ns.truncated(ns.gamma(2.5, 4.0), low=5.0, high=20.0, cut="clip"))
    for bound, probability in ((5.0, GAMMA.cdf(5.0)), (20.0, GAMMA.sf(20.0))):
        assert stats.binomtest(int((x == bound).sum()), COUNT, probability).pvalue > LEAST_P


def test_delays_may_be_drawn_from_a_gamma_distribution() -> None:
    cell = ns.Population("a", 60, ns.neurons.lif_exponential)
    delay = ns.gamma(3.0, 0.5 * ms, low=0.2 * ms, high=4 * ms)
    program = ns.lower(ns.Network(cell, ns.Projection(cell, cell, ns.all_to_all(), into="I_syn", weight=1 * pA, delay=delay)), 1 * ms)
    made = program.pathways[0].delay
    assert isinstance(made, Sampled)
    steps = sample(made, np.arange(3600))
    assert (steps == np.rint(steps)).all() and steps.min() >= 2 and steps.max() <= 40
    assert stats.kstest(steps * 0.1 + 0.1 * (np.random.default_rng(1).random(3600) - 0.5), stats.gamma(3.0, scale=0.5).cdf).statistic < 0.05


def test_no_draw_is_beyond_its_magnitude() -> None:
    for shape in (0.5, 2.0, 50.0):
        made = Sampled("gamma", shape, 3.0, stream=5)
        assert sample(made, np.arange(COUNT)).max() < magnitude(made) < np.inf


@pytest.mark.parametrize("shape", [0.01, 0.5, 3.0, 80.0, 1e4])
def test_distribution_function_of_gamma(shape: float) -> None:
    for x in shape * np.array([0.0, 1e-3, 0.3, 0.9, 1.0, 1.1, 3.0, 30.0]):
        assert gamma_below(shape, float(x)) == pytest.approx(special.gammainc(shape, x), abs=1e-9)


MESSAGES: list[tuple[Callable[[], object], str]] = [
    (lambda: ns.gamma(-1, 3 * pA), "ParameterError in gamma(3 pA, ...): the shape must be between 0.001 and 1e+06, got -1."),
    (lambda: ns.gamma(2 * pA, 3 * pA), "ParameterError in gamma(3 pA, ...): shape needs a plain number, got a current (2 pA)"),
    (lambda: ns.gamma(2, 0 * pA), "ParameterError in gamma(0 pA, ...): the scale must be positive, got 0 pA."),
    (
        lambda: ns.gamma(2, 3 * pA, low=30 * pA, high=31 * pA),
        "ParameterError in gamma(3 pA, ...): only 0.00013 of all draws lie within the bounds, too few to draw again until one does. "
        "Choose wider bounds, or cut='clip'.",
    ),
    (
        lambda: ns.gamma(2, 3 * pA, low=400 * pA),
        "ParameterError in gamma(3 pA, ...): low=400 pA lies above whatever is drawn: nothing within the bounds has a probability above 1e-15.",
    ),
    (lambda: ns.truncated(ns.constant(3), low=1), "ParameterError in truncated: constant(3) is one number: there is nothing to cut off."),
    (lambda: ns.truncated(ns.normal(0, 1)), "ParameterError in truncated: give low=... or high=..., or both."),
    (
        lambda: ns.truncated(ns.normal(0, 1, low=0), high=3),
        "ParameterError in truncated: normal(0, 1, low=0) has bounds already: give all of them at once.",
    ),
    (
        lambda: ns.truncated(3, low=1),  # type: ignore[arg-type]
        "ParameterError in truncated: needs a distribution, as in truncated(normal(0, 1), low=0), got 3.",
    ),
]


@pytest.mark.parametrize("make, text", MESSAGES)
def test_messages(make: Callable[[], object], text: str) -> None:
    with pytest.raises(NeurosimError) as caught:
        make()
    assert describe(caught.value) == text

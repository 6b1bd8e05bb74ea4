"""The generator and its samplers: distributions, pinned values, independence of everything else."""

from __future__ import annotations

import math
import statistics

import numpy as np
import pytest
from scipy import stats

from neurosim.ir import random as r
from neurosim.ir.program import Sampled

LEAST_P = 1e-4


def test_pinned_values() -> None:
    """These bits are a contract with every engine: they may never change."""
    assert r.stream(1, "exc", "xi") == PINNED_STREAM
    assert [int(x) for x in r.bits64(7, np.arange(3))] == PINNED_BITS
    assert [int(x) for x in r.bits32(0x0123456789ABCDEF, 3)] == PINNED_BITS32
    assert r.substream(7, 3, 1) == PINNED_SUBSTREAM
    assert r.uniform(7, 3, 1, 2).tolist() == PINNED_UNIFORM
    assert r.normal(7, 3, 1, 2).tolist() == PINNED_NORMAL
    assert r.poisson(np.array([0.1, 1.5, 20.0, 700.0]), 7, 3, 1, 4).tolist() == PINNED_POISSON


PINNED_STREAM = 11951914196695583457
PINNED_BITS = [7191089600892374487, 309689372594955804, 16616101746815609346]
PINNED_BITS32 = [3251658421, 3375521652, 1611150968]
PINNED_SUBSTREAM = 17716545681467632064
PINNED_UNIFORM = [0.8488107991640184, 0.04144852997892451]
PINNED_NORMAL = [1.0313464104988768, -1.7341184983667954]
PINNED_POISSON = [0.0, 4.0, 16.0, 721.0]


def drawn(sampler, steps: int = 100, size: int = 1000) -> np.ndarray:
    return np.stack([sampler(99, step, 0, size) for step in range(steps)])


def test_uniform_is_uniform() -> None:
    x = drawn(r.uniform)
    counts = np.histogram(x, 64, (0.0, 1.0))[0]
    assert stats.chisquare(counts).pvalue > LEAST_P
    assert 0.0 < x.min() and x.max() < 1.0


def test_normal_is_normal() -> None:
    x = drawn(r.normal)
    edges = np.array([-np.inf, *stats.norm.ppf(np.linspace(0, 1, 51)[1:-1]), np.inf])
    assert stats.chisquare(np.histogram(x.ravel(), edges)[0]).pvalue > LEAST_P


def test_numbers_are_not_correlated_over_steps_or_indices() -> None:
    x = drawn(r.normal)
    for a, b in ((x[1:], x[:-1]), (x[:, 1:], x[:, :-1])):
        assert abs(np.mean(a * b)) < 4.0 / math.sqrt(a.size)


@pytest.mark.parametrize("mean", [0.01, 1.2, 2.32, 10.0, 50.0, 900.0])
def test_poisson_counts(mean: float) -> None:
    counts = drawn(lambda stream, step, copy, size: r.poisson(mean, stream, step, copy, size)).ravel()
    low, high = stats.poisson.ppf([1e-3, 1 - 1e-3], mean)
    values = np.arange(low, high + 1)
    observed = np.array([(counts < low).sum(), *[(counts == k).sum() for k in values], (counts > high).sum()])
    expected = len(counts) * np.array([stats.poisson.cdf(low - 1, mean), *stats.poisson.pmf(values, mean), stats.poisson.sf(high, mean)])
    kept = expected > 5
    observed = np.append(observed[kept], observed[~kept].sum())
    expected = np.append(expected[kept], expected[~kept].sum())
    kept = expected > 0
    # The approximation for large means is not exact; its error is far below one standard deviation of a bin.
    assert stats.chisquare(observed[kept], expected[kept] * observed[kept].sum() / expected[kept].sum()).pvalue > LEAST_P
    assert abs(counts.mean() - mean) < 4.0 * math.sqrt(mean / len(counts))


def test_poisson_of_many_means_equals_poisson_of_each() -> None:
    means = np.concatenate([np.linspace(0.0, 20.0, 50), [499.0, 501.0, -1.0, 0.0, 2.5, 2.5]])
    together = r.poisson(means, 5, 8, 0, len(means))
    each = [r.poisson(float(mean), 5, 8, 0, len(means))[k] for k, mean in enumerate(means)]
    assert together.tolist() == each


def test_numbers_do_not_depend_on_size() -> None:
    assert (r.uniform(3, 4, 5, 10) == r.uniform(3, 4, 5, 1000)[:10]).all()
    assert (r.poisson(1.5, 3, 4, 5, 10) == r.poisson(1.5, 3, 4, 5, 1000)[:10]).all()
    numbers = np.array([5, 1, 900])
    recipe = Sampled("gamma", 0.7, 2.0, 3)
    assert (r.sample(recipe, np.arange(1000))[numbers] == r.sample(recipe, numbers)).all()


def test_streams_of_purposes_differ() -> None:
    names = {r.stream(seed, path, purpose) for seed in (0, 1) for path in ("a", "b") for purpose in ("xi", "rand 0", "wiring")}
    assert len(names) == 12


def test_normal_quantile() -> None:
    normal = statistics.NormalDist()
    p = np.concatenate([10.0 ** -np.arange(1.0, 300.0, 3.0), np.linspace(0.001, 0.999, 501), 1.0 - 10.0 ** -np.arange(1.0, 15.0)])
    p = p[p != 0.5]
    wanted = np.array([normal.inv_cdf(x) for x in p])
    assert np.max(np.abs(r.normal_quantile(p) / wanted - 1.0)) < 1e-14
    assert r.normal_quantile(np.array([0.5]))[0] == 0.0


def test_plain_log() -> None:
    x = np.concatenate([np.exp(np.linspace(-700.0, 700.0, 2001)), 1.0 + np.linspace(-0.3, 0.4, 701)])
    wanted = np.array([math.log(value) for value in x])
    gap = np.abs(r.plain_log(x) - wanted)
    assert (gap <= 4e-16 * np.maximum(np.abs(wanted), 0.3)).all()


@pytest.mark.parametrize(
    ("recipe", "frozen"),
    [
        (Sampled("uniform", -2.0, 5.0, 1), stats.uniform(-2.0, 7.0)),
        (Sampled("normal", 3.0, 2.0, 2), stats.norm(3.0, 2.0)),
        (Sampled("normal", 3.0, 2.0, 2, low=2.0, high=4.0, bounds="redraw"), stats.truncnorm(-0.5, 0.5, 3.0, 2.0)),
        (Sampled("lognormal", 0.5, 0.7, 3), stats.lognorm(0.7, scale=math.exp(0.5))),
        (Sampled("exponential", 4.0, 0.0, 4), stats.expon(scale=4.0)),
        (Sampled("gamma", 0.5, 2.0, 5), stats.gamma(0.5, scale=2.0)),
        (Sampled("gamma", 3.5, 0.5, 6), stats.gamma(3.5, scale=0.5)),
    ],
    ids=lambda x: f"{x.kind} {x.bounds}" if isinstance(x, Sampled) else "",
)
def test_recipes(recipe: Sampled, frozen) -> None:
    x = r.sample(recipe, np.arange(50_000))
    assert stats.kstest(x, frozen.cdf).pvalue > LEAST_P


def test_clip_and_grid() -> None:
    x = r.sample(Sampled("normal", 0.0, 1.0, 9, low=-1.0, high=1.0, bounds="clip"), np.arange(10_000))
    assert x.min() == -1.0 and x.max() == 1.0
    x = r.sample(Sampled("normal", 1.5, 0.75, 9, quantum=0.5, least=0.5, most=2.0), np.arange(10_000))
    assert set(np.unique(x)) == {0.5, 1.0, 1.5, 2.0}

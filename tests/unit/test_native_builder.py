"""The compiled builder of streams against the plain one, which reads the definition of wiring and of drawn numbers."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from neurosim.backends.native import builder, recipes, stretches
from neurosim.backends.native.builder import Member, build_group, can_build
from neurosim.backends.native.pages import LARGE, zeros
from neurosim.backends.native.streams import ENDED, TAIL, Stream, build
from neurosim.ir.program import Pathway, Sampled, Value, Wiring
from neurosim.ir.random import sample
from neurosim.ir.wiring import delays_of, expand, values_of

S, N = 37, 53
RNG = np.random.default_rng(0)
PAIRS = np.sort(RNG.integers(0, S, 700))
WIRINGS = {
    "total number": Wiring("fixed_total_number", S, N, number=3000, stream=1),
    "total number, few": Wiring("fixed_total_number", S, N, number=5, stream=1),
    "total number, none": Wiring("fixed_total_number", S, N, number=0, stream=1),
    "total number without autapses": Wiring("fixed_total_number", S, S, number=2000, same=True, autapses=False, stream=2),
    "in-degree": Wiring("fixed_indegree", S, N, number=31, stream=3),
    "in-degree without autapses": Wiring("fixed_indegree", S, S, number=40, same=True, autapses=False, stream=4),
    "out-degree": Wiring("fixed_outdegree", S, N, number=60, stream=5),
    "out-degree without autapses": Wiring("fixed_outdegree", S, S, number=44, same=True, autapses=False, stream=6),
    "probability": Wiring("fixed_probability", S, N, probability=0.3, stream=7),
    "probability without autapses": Wiring("fixed_probability", S, S, probability=0.7, same=True, autapses=False, stream=8),
    "probability 1": Wiring("fixed_probability", S, N, probability=1.0, stream=9),
    "all": Wiring("all_to_all", S, N),
    "all without autapses": Wiring("all_to_all", S, S, same=True, autapses=False),
    "one to one": Wiring("one_to_one", S, S),
    "pairs": Wiring("pairs", S, N, pre=PAIRS, post=RNG.integers(0, N, 700)),
}
DELAY = Sampled("normal", 15.0, 7.5, 11, 0.5, 62.0, "redraw", 1.0, 1.0, 62.0)
WEIGHT = Sampled("normal", 87.8, 8.78, 12, 0.0, math.inf, "redraw", 2.0**-17)
RECIPES = {
    "constant": 2.5,
    "normal": Sampled("normal", -3.0, 1.5, 21),
    "normal, clipped": Sampled("normal", 1.0, 2.0, 22, 0.0, 3.0, "clip", 0.25),
    "normal, redrawn": WEIGHT,
    "normal, far": Sampled("normal", 0.0, 1.0, 23, 5.5, 9.0, "redraw"),
    "normal, odd quantum": Sampled("normal", 10.0, 4.0, 24, 0.0, 20.0, "redraw", 0.1, 2.0, 15.0),
    "uniform": Sampled("uniform", -1.0, 4.0, 25),
    "uniform, cut": Sampled("uniform", -1.0, 4.0, 26, 0.0, 3.0, "redraw", 0.5, 0.5, 2.5),
    "uniform, clipped": Sampled("uniform", -1.0, 4.0, 27, 0.0, 3.0, "clip"),
    "lognormal": Sampled("lognormal", 1.0, 0.5, 28, 0.0, 30.0, "clip", 2.0**-10),
    "exponential": Sampled("exponential", 3.0, 0.0, 29),
    "gamma": Sampled("gamma", 2.0, 1.5, 30),
}
DELAYS = {
    "constant": 15,
    "normal": DELAY,
    "normal, narrow": Sampled("normal", 15.4, 0.1, 31, quantum=1.0, least=0.0),
    "normal, clipped": Sampled("normal", 5.0, 4.0, 32, 1.0, 9.0, "clip", 1.0),
    "normal, truncated": Sampled("normal", 20.0, 3.0, 33),
    "uniform": Sampled("uniform", 1.0, 40.0, 34, quantum=1.0),
    "lognormal": Sampled("lognormal", 1.0, 0.5, 35, quantum=1.0, least=1.0, most=90.0),
}


def plain(
    members: list[Member], sources: int, kind: type, constant: float | None, owner: np.ndarray | None = None, owners: int = 1
) -> Stream:
    """The stream by numpy, from lists of edges."""
    edges = [expand(member.wiring) for member in members]
    delay = np.concatenate([delays_of(Pathway("p", "a", "b", m.wiring, (), delay=m.delay), e) for m, e in zip(members, edges)])
    weight = np.concatenate([values_of(m.values, e) for m, e in zip(members, edges)]).astype(kind)
    pre = np.concatenate([e.pre for e in edges])
    target = np.concatenate([e.post + m.offset for m, e in zip(members, edges)])
    owned = None if owner is None else owner[target]
    return build(sources, pre, delay, target, weight if constant is None else constant, constant is not None, owned, owners)


def by_target(stream: Stream) -> list[list[tuple[list[int], list[float]]]]:
    """Targets and weights of every bucket of every row, the empty ones behind the last left out; edges onto a target keep their order."""
    found = []
    delays = stream.longest - stream.shortest + 1
    for at in stream.start[:, :-1].T.ravel().tolist():
        row = []
        for _ in range(delays):
            if stream.target.dtype == np.uint32 and stream.target[at] == ENDED:
                break
            records = slice(at + 1, at + 1 + int(stream.target[at]))
            order = np.argsort(stream.target[records], kind="stable")
            weight = stream.weight[records][order].tolist() if isinstance(stream.weight, np.ndarray) else []
            row.append((stream.target[records][order].tolist(), weight))
            at = records.stop
        while row and not row[-1][0]:
            row.pop()
        found.append(row)
    return found


def assert_same(made: Stream, expected: Stream) -> None:
    """Equal but for the order of targets in a bucket, and for empty buckets behind the last of a row."""
    assert (made.shortest, made.longest, made.edges) == (expected.shortest, expected.longest, expected.edges)
    assert made.start.shape == expected.start.shape
    assert made.target.dtype == expected.target.dtype
    assert len(made.target) >= len(expected.target)
    assert not made.target[int(made.start[0, -1]) :].any()
    assert type(made.weight) is type(expected.weight)
    if isinstance(made.weight, np.ndarray) and isinstance(expected.weight, np.ndarray):
        assert made.weight.dtype == expected.weight.dtype
        assert made.weight.shape == made.target.shape
    else:
        assert made.weight == expected.weight
    assert by_target(made) == by_target(expected)


def group(wiring: Wiring, values: Value | Sampled, delay: int | np.ndarray | Sampled) -> list[Member]:
    """One pathway."""
    return [Member(wiring, delay, values, 100)]


@pytest.fixture
def small_stretches(monkeypatch: pytest.MonkeyPatch) -> None:
    """Many tasks, stretches and blocks already where there are few edges."""
    monkeypatch.setattr(builder, "RECORDS_OF_STRETCH", 700)
    monkeypatch.setattr(builder, "NUMBERS_OF_TASK", 1500)
    monkeypatch.setattr(builder, "LISTED_AT_ONCE", 100)
    monkeypatch.setattr(stretches, "NUMBERS", 256)
    monkeypatch.setattr(stretches, "NUMBERS_OF_TASK", 512)


@pytest.mark.slow
@pytest.mark.parametrize("name", WIRINGS)
def test_every_wiring(name: str, small_stretches: None) -> None:
    members = group(WIRINGS[name], WEIGHT, DELAY)
    for threads in (1, 2, 3):
        assert_same(build_group(members, S, np.float32, None, threads=threads), plain(members, S, np.float32, None))


@pytest.mark.parametrize("name", RECIPES)
@pytest.mark.parametrize("kind", [np.float32, np.float64])
def test_every_recipe_of_weights(name: str, kind: type) -> None:
    members = group(WIRINGS["total number"], RECIPES[name], DELAY)
    assert_same(build_group(members, S, kind, None, threads=1), plain(members, S, kind, None))


@pytest.mark.parametrize("name", DELAYS)
@pytest.mark.parametrize("wiring", ["total number", "probability without autapses", "in-degree"])
def test_every_recipe_of_delays(name: str, wiring: str, small_stretches: None) -> None:
    members = group(WIRINGS[wiring], WEIGHT, DELAYS[name])
    assert_same(build_group(members, S, np.float32, None, threads=2), plain(members, S, np.float32, None))


@pytest.mark.parametrize("name", WIRINGS)
def test_given_arrays_in_canonical_order(name: str, small_stretches: None) -> None:
    edges = len(expand(WIRINGS[name]))
    members = group(WIRINGS[name], RNG.normal(size=edges), RNG.integers(2, 9, edges))
    assert_same(build_group(members, S, np.float32, None, threads=2), plain(members, S, np.float32, None))


@pytest.mark.parametrize("targets", [S, 70_000])
def test_one_weight_for_all_is_not_stored(targets: int) -> None:
    members = group(Wiring("fixed_outdegree", S, targets, number=100, stream=3), 0.25, 5)
    made = build_group(members, S, np.float32, 0.25)
    assert made.target.dtype == (np.uint16 if targets == S else np.uint32)
    assert_same(made, plain(members, S, np.float32, 0.25))


def mixed() -> list[Member]:
    """Pathways of many kinds, two of them onto the same targets."""
    rules = ["total number", "in-degree", "probability", "out-degree without autapses", "all", "in-degree without autapses", "pairs"]
    weights = [WEIGHT, 1.5, RECIPES["uniform"], RECIPES["lognormal"], WEIGHT, RECIPES["normal"], RNG.normal(size=700)]
    delays = [DELAY, 3, DELAYS["uniform"], DELAYS["normal, clipped"], DELAYS["lognormal"], DELAY, RNG.integers(1, 20, 700)]
    return [Member(WIRINGS[rule], delay, weight, 64 * (k // 2)) for k, (rule, weight, delay) in enumerate(zip(rules, weights, delays))]


@pytest.mark.parametrize("owners", [1, 2, 3])
def test_groups_and_threads(owners: int, small_stretches: None) -> None:
    members = mixed()
    owner = RNG.integers(0, owners, 64 * 4 + N).astype(np.uint8)
    expected = plain(members, S, np.float32, None, owner, owners)
    made = [build_group(members, S, np.float32, None, owner=owner, owners=owners, threads=threads) for threads in (1, 2, 5)]
    assert_same(made[0], expected)
    for other in made[1:]:
        np.testing.assert_array_equal(made[0].target, other.target)
        np.testing.assert_array_equal(made[0].weight, other.weight)


@given(
    st.sampled_from(["normal", "uniform"]),
    st.floats(-5, 60),
    st.floats(0.01, 20),
    st.sampled_from(["none", "clip", "redraw"]),
    st.sampled_from([0.0, 0.5, 1.0, 3.0]),
    st.integers(0, 2**64 - 1),
)
def test_delays_are_those_of_the_recipe(kind: str, a: float, b: float, bounds: str, quantum: float, stream: int) -> None:
    recipe = Sampled(kind, a, a + b if kind == "uniform" else b, stream, a - 1.5 * b, a + 0.9 * b, bounds, quantum, 0.0, 70.0)
    number = np.arange(5000) * 977
    delays = recipes.Lookup().delays(recipe)
    expected = sample(recipe, number).astype(np.int64)
    np.testing.assert_array_equal(delays.at(number, 0), expected)
    low, high = delays.range(number, 0)
    # Bounds, and the extremes themselves but where a number lies at the edge of a delay.
    assert low <= expected.min() <= low + 1 and high - 1 <= expected.max() <= high
    np.testing.assert_array_equal(recipes.values_at(recipe, number, 0), sample(recipe, number))


def test_the_highest_bits_do_not_mislead_the_lookup_of_delays() -> None:
    narrow = Sampled("normal", 15.1, 0.1, 1, quantum=1.0)
    assert recipes.delay_cells(narrow)[-1] == recipes.UNCLEAR
    assert recipes.delay_cells(Sampled("normal", 15.0, 0.01, 1, quantum=1.0))[-1] == 15


def test_who_is_built() -> None:
    many = Wiring("fixed_total_number", S, N, number=2_000_000)
    alone = Wiring("fixed_total_number", S, N, number=500, multapses=False)
    assert can_build(group(many, 1.0, 1), S, 2_000_000)
    assert not can_build(group(many, 1.0, 1), S + 1, 2_000_000)
    assert not can_build(group(many, 1.0, 1) + group(alone, 1.0, 1), S, 2_000_000)
    assert not can_build(group(WIRINGS["total number"], 1.0, 1), S, 2_000_000)
    assert not can_build(group(many, 1.0, 1), S, 200_000)
    unsorted = Wiring("pairs", S, N, pre=np.tile([3, 1], 20_000), post=np.zeros(40_000, int))
    assert not can_build(group(unsorted, 1.0, 1), S, 2_000_000)


def test_single_precision_only_where_it_is_exact() -> None:
    assert recipes.fits_single(replace(WEIGHT, quantum=2.0**-16))
    assert not recipes.fits_single(replace(WEIGHT, quantum=2.0**-18))
    assert recipes.fits_single(0.5) and recipes.fits_single(np.array([1.0, -0.25]))
    assert not recipes.fits_single(0.1) and not recipes.fits_single(np.array([1.0, 0.1]))
    assert not recipes.fits_single(RECIPES["normal"])
    assert not recipes.fits_single(Sampled("normal", 87.8, 8.78, 12, quantum=2.0**-40))


def test_large_arrays_are_zero_and_writable() -> None:
    for count in (10, LARGE):
        array = zeros(count, np.uint32)
        assert array.shape == (count,) and array.dtype == np.uint32 and not array.any()
        array[-1] = 7
        assert array[-1] == 7


def test_bytes_of_a_stream() -> None:
    members = group(Wiring("fixed_total_number", 50, 1000, number=250_000, stream=1), WEIGHT, DELAY)
    made = build_group(members, 50, np.float32, None)
    most = 50 * (made.longest - made.shortest + 1)
    headers = made.bytes // 8 - 250_000 - TAIL
    assert 0.5 * most < headers < 0.9 * most, "rows end behind their last bucket"

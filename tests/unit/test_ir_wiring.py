"""Wiring recipes: what each kind promises, canonical order, independence of the size of chunks."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from scipy import stats

from neurosim.equations import parse_expression
from neurosim.ir import wiring as w
from neurosim.ir.program import Pathway, Program, Sampled, Weights, Wiring

LEAST_P = 1e-4
PLACES = np.random.default_rng(3).random((42, 2))
KINDS = [
    Wiring("all_to_all", 30, 20),
    Wiring("all_to_all", 30, 30, same=True, autapses=False),
    Wiring("one_to_one", 30, 30),
    Wiring("fixed_probability", 60, 50, probability=0.2, stream=1),
    Wiring("fixed_probability", 50, 50, probability=0.2, stream=1, same=True, autapses=False),
    *(
        Wiring(kind, 40, 40, number=number, stream=3, same=True, autapses=autapses, multapses=multapses)
        for kind, number in (("fixed_indegree", 7), ("fixed_outdegree", 9), ("fixed_total_number", 300))
        for autapses in (True, False)
        for multapses in (True, False)
    ),
    Wiring("fixed_indegree", 25, 60, number=0, stream=3),
    *(
        Wiring("small_world", 40, 40, number=number, probability=p, stream=9, same=True, autapses=False, multapses=False)
        for number, p in ((0, 0.5), (6, 0.0), (6, 0.4), (6, 1.0), (38, 1.0))
    ),
    *(
        Wiring(
            "distance_dependent", 35, 42, probability=0.9, stream=7, source_at=PLACES[:35], target_at=PLACES, period=period, kernel=kernel
        )
        for period in (None, (1.0, 1.0))
        for kernel in (None, parse_expression("exp(-distance / 0.3)"), parse_expression("where(abs(dx) < 0.2, 1, 0)"))
    ),
    Wiring("distance_dependent", 42, 42, stream=7, same=True, autapses=False, source_at=PLACES, target_at=PLACES),
    Wiring("pairs", 3, 4, pre=np.array([0, 0, 2]), post=np.array([1, 3, 0])),
]
IDS = [f"{x.kind}{'' if x.autapses else ' no autapses'}{'' if x.multapses else ' no multapses'} {k}" for k, x in enumerate(KINDS)]


@pytest.mark.parametrize("wiring", KINDS, ids=IDS)
def test_order_and_promises(wiring: Wiring) -> None:
    edges = w.expand(wiring)
    key = np.lexsort((edges.number, edges.post, edges.pre))
    assert (key == np.arange(len(edges))).all(), "canonical order"
    assert len(np.unique(edges.number)) == len(edges)
    assert not len(edges) or (
        edges.pre.min() >= 0 and edges.pre.max() < wiring.sources and edges.post.min() >= 0 and edges.post.max() < wiring.targets
    )
    if wiring.same and not wiring.autapses:
        assert (edges.pre != edges.post).all()
    if not wiring.multapses:
        assert len({*zip(edges.pre.tolist(), edges.post.tolist())}) == len(edges)
    if w.edge_count(wiring) is not None:
        assert len(edges) == w.edge_count(wiring)
    if wiring.kind == "fixed_indegree":
        assert (np.bincount(edges.post, minlength=wiring.targets) == wiring.number).all()
    if wiring.kind in ("fixed_outdegree", "small_world"):
        assert (np.bincount(edges.pre, minlength=wiring.sources) == wiring.number).all()


@pytest.mark.parametrize("wiring", KINDS, ids=IDS)
def test_chunks_do_not_matter(wiring: Wiring, monkeypatch: pytest.MonkeyPatch) -> None:
    whole = w.expand(wiring)
    monkeypatch.setattr(w, "CHUNK", 64)
    pieces = w.expand(wiring)
    for name in ("pre", "post", "number"):
        assert (getattr(whole, name) == getattr(pieces, name)).all()


def test_rows_hold_whole_sources(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(w, "CHUNK", 64)
    for wiring in KINDS:
        seen: set[int] = set()
        for chunk in w.rows(wiring):
            sources = set(chunk.pre.tolist())
            assert not sources & seen
            seen |= sources


def test_probability() -> None:
    edges = w.expand(Wiring("fixed_probability", 400, 500, probability=0.1, stream=8))
    assert stats.binomtest(len(edges), 200_000, 0.1).pvalue > LEAST_P
    degrees = np.bincount(edges.post, minlength=500)
    assert 0.8 < degrees.var() / (400 * 0.1 * 0.9) < 1.2
    assert len(w.expand(Wiring("fixed_probability", 20, 20, probability=0.0))) == 0
    assert len(w.expand(Wiring("fixed_probability", 20, 20, probability=1.0))) == 400


@pytest.mark.parametrize("multapses", [True, False])
def test_total_number_is_multinomial(multapses: bool) -> None:
    edges = w.expand(Wiring("fixed_total_number", 50, 40, number=1000, stream=5, multapses=multapses))
    for ends, size in ((edges.pre, 50), (edges.post, 40)):
        assert stats.chisquare(np.bincount(ends, minlength=size)).pvalue > LEAST_P


@pytest.mark.parametrize("kind", ["fixed_indegree", "fixed_outdegree"])
@pytest.mark.parametrize("multapses", [True, False])
def test_partners_are_uniform(kind: str, multapses: bool) -> None:
    edges = w.expand(Wiring(kind, 40, 40, number=20, stream=6, multapses=multapses, same=True, autapses=False))
    ends = edges.pre if kind == "fixed_indegree" else edges.post
    assert stats.chisquare(np.bincount(ends, minlength=40)).pvalue > LEAST_P


def test_values_of_edges() -> None:
    recipe = Wiring("fixed_probability", 20, 30, probability=0.3, stream=2)
    path = Pathway("p", "a", "b", recipe, (), "w", delay=Sampled("uniform", 0.0, 9.0, 4, quantum=1.0))
    edges = w.expand(recipe)
    delays = w.delays_of(path, edges)
    assert delays.dtype == np.int64 and delays.min() >= 0 and delays.max() <= 9
    program = Program(0.1, pathways=(path,), weights=(Weights("w", "p", Sampled("normal", 1.0, 0.1, 7)),))
    values = w.weight_values(program, program.weights[0])
    assert len(values) == len(edges) and abs(values.mean() - 1.0) < 0.05
    # A value belongs to the edge, not to its place: removing other edges does not change it.
    sparser = w.expand(replace(recipe, probability=0.1))
    shared = np.isin(edges.number, sparser.number)
    assert (w.values_of(Sampled("normal", 1.0, 0.1, 7), sparser) == values[shared]).all()


def test_transposed_index() -> None:
    path = Pathway("down", "b", "a", Wiring("all_to_all", 3, 2), (), "w", index="transpose")
    index = w.weight_index(Program(0.1), path, w.expand(path.wiring))
    matrix = np.arange(6).reshape(2, 3)
    assert (index == matrix.T.ravel()).all()


def test_a_kernel_of_one_is_a_fixed_probability() -> None:
    sheet = Wiring("distance_dependent", 42, 42, probability=0.3, stream=5, source_at=PLACES, target_at=PLACES)
    plain = Wiring("fixed_probability", 42, 42, probability=0.3, stream=5)
    for wiring in (sheet, replace(sheet, kernel=parse_expression("1 + 0 * distance"))):
        assert (w.expand(wiring).number == w.expand(plain).number).all()


@pytest.mark.slow
@pytest.mark.parametrize("period", [None, (1.0, 1.0)])
def test_probability_follows_the_kernel(period: tuple[float, float] | None) -> None:
    """In rings of distance, within 4 standard errors; distances are those to the nearest of nine images."""
    places = np.random.default_rng(5).random((700, 2))
    kernel = parse_expression("exp(-distance**2 / (2 * 0.15**2))")
    recipe = Wiring("distance_dependent", 700, 700, probability=0.7, stream=6, source_at=places, target_at=places, period=period, kernel=kernel)
    edges = w.expand(recipe)
    connected = np.zeros((700, 700))
    connected[edges.pre, edges.post] = 1.0
    step = places[None] - places[:, None]
    images = [np.hypot(*(step + shift).transpose(2, 0, 1)) for shift in ([(x, y) for x in (-1, 0, 1) for y in (-1, 0, 1)] if period else [(0, 0)])]
    distance = np.min(images, axis=0)
    p = 0.7 * np.exp(-(distance**2) / (2 * 0.15**2))
    for low, high in zip(np.arange(0.0, 0.7, 0.05), np.arange(0.05, 0.75, 0.05)):
        ring = (distance >= low) & (distance < high)
        off = connected[ring].sum() - p[ring].sum()
        assert abs(off) < 4.0 * np.sqrt((p[ring] * (1.0 - p[ring])).sum()) + 1.0
    assert 0.9 < w.expected_count(recipe) / len(edges) < 1.1


def ring(p: float, n: int = 250, k: int = 12) -> np.ndarray:
    edges = w.expand(Wiring("small_world", n, n, number=k, probability=p, stream=4, same=True, autapses=False, multapses=False))
    matrix = np.zeros((n, n))
    matrix[edges.pre, edges.post] = 1.0
    return matrix


def path_length(matrix: np.ndarray) -> float:
    """Mean length of the shortest paths, by squaring the set of those reached."""
    reached, total, length = np.eye(len(matrix)) + matrix > 0, float(matrix.sum()), 1
    pairs = len(matrix) * (len(matrix) - 1)
    while reached.sum() < len(matrix) ** 2:
        length += 1
        further = (reached @ matrix + reached) > 0
        total += length * float((further & ~reached).sum())
        reached = further
    return total / pairs


@pytest.mark.slow
def test_small_worlds_are_those_of_watts_and_strogatz() -> None:
    """A ring at p = 0 exactly; clustering falls as (1 - p)^3, paths become short long before."""
    n, k = 250, 12
    clustering, lengths = {}, {}
    for p in (0.0, 0.02, 0.1, 0.3):
        matrix = ring(p)
        clustering[p] = np.einsum("ij,ik,jk->", matrix, matrix, matrix, optimize=True) / (n * k * (k - 1))
        lengths[p] = path_length(matrix)
    assert clustering[0.0] == pytest.approx(3 * (k - 2) / (4 * (k - 1)), rel=1e-12)
    assert lengths[0.0] == pytest.approx(np.mean([-(-min(d, n - d) // (k // 2)) for d in range(1, n)]), rel=1e-12)
    for p in (0.02, 0.1, 0.3):
        assert clustering[p] / clustering[0.0] == pytest.approx((1.0 - p) ** 3, abs=0.04)
    assert lengths[0.02] < 0.5 * lengths[0.0] and clustering[0.02] > 0.9 * clustering[0.0]
    assert lengths[0.3] < 1.2 * np.log(n) / np.log(k)


@pytest.mark.slow
def test_rewired_targets_are_uniform() -> None:
    """At p = 1 every other neuron is as likely as any; the numbers of sources are then nearly binomial."""
    edges = w.expand(Wiring("small_world", 50, 50, number=10, probability=1.0, stream=8))
    far = (edges.post - edges.pre) % 50
    assert (far > 0).all()
    assert stats.chisquare(np.bincount(far, minlength=50)[1:]).pvalue > LEAST_P
    kept = w.expand(Wiring("small_world", 2000, 2000, number=10, probability=0.3, stream=8))
    step = np.abs((kept.post - kept.pre + 1000) % 2000 - 1000)
    rewired = 20_000 - int((step <= 5).sum())
    assert stats.binomtest(rewired, 20_000, 0.3 * (1 - 10 / 2000)).pvalue > LEAST_P

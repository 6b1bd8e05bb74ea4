"""Wiring recipes: what each kind promises, canonical order, independence of the size of chunks."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from scipy import stats

from neurosim.ir import wiring as w
from neurosim.ir.program import Pathway, Program, Sampled, Weights, Wiring

LEAST_P = 1e-4
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
    if wiring.kind == "fixed_outdegree":
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

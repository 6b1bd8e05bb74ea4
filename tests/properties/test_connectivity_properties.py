"""Laws of wiring recipes, for any sizes: whole and in pieces, monotone in the probability, symmetric on a torus."""

from __future__ import annotations

from dataclasses import replace
from unittest.mock import patch

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

import neurosim as ns
from neurosim.equations import parse_expression
from neurosim.ir import wiring as w
from neurosim.ir.check import check
from neurosim.ir.program import Wiring

STREAMS = st.integers(0, 2**64 - 1)
KERNELS = ("exp(-distance / 0.3)", "exp(-distance**2 / 0.1)", "where(distance < 0.4, 1, 0)", "1 - distance", "where(dx > 0, 0.7, 0.1)", "2 * dy")


@st.composite
def sheets(draw: st.DrawFn) -> Wiring:
    n, m = draw(st.integers(1, 12)), draw(st.integers(1, 12))
    rng = np.random.default_rng(draw(st.integers(0, 1000)))
    same = draw(st.booleans())
    places = rng.random((n, 2))
    return Wiring(
        "distance_dependent",
        n,
        n if same else m,
        probability=draw(st.sampled_from([0.0, 0.3, 1.0])),
        stream=draw(STREAMS),
        same=same,
        autapses=not same or draw(st.booleans()),
        source_at=places,
        target_at=places if same else rng.random((m, 2)),
        period=draw(st.sampled_from([None, (1.0, 1.0), (2.0, 1.5)])),
        kernel=parse_expression(draw(st.sampled_from(KERNELS))),
    )


@st.composite
def rings(draw: st.DrawFn) -> Wiring:
    n = draw(st.integers(1, 20))
    k = 2 * draw(st.integers(0, (n - 1) // 2))
    p = draw(st.sampled_from([0.0, 0.2, 0.8, 1.0]))
    return Wiring("small_world", n, n, number=k, probability=p, stream=draw(STREAMS), same=True, autapses=False, multapses=False)


@settings(deadline=None, max_examples=30)
@given(st.one_of(sheets(), rings()))
def test_whole_and_in_pieces(wiring: Wiring) -> None:
    whole = w.expand(wiring)
    with patch.object(w, "CHUNK", 16):
        pieces = w.expand(wiring)
    for name in ("pre", "post", "number"):
        assert (getattr(whole, name) == getattr(pieces, name)).all()
    assert (np.lexsort((whole.number, whole.post, whole.pre)) == np.arange(len(whole))).all()
    assert not (wiring.same and not wiring.autapses) or (whole.pre != whole.post).all()
    assert len({*zip(whole.pre.tolist(), whole.post.tolist())}) == len(whole)


@settings(deadline=None, max_examples=20)
@given(sheets())
def test_pairs_are_those_below_the_kernel(wiring: Wiring) -> None:
    """The bounds by which far pairs are left out leave out nothing else."""
    number = np.arange(wiring.sources * wiring.targets)
    pre, post = np.divmod(number, wiring.targets)
    chance = w.to_uniform(w.bits64(wiring.stream, number))
    keep = chance < wiring.probability * w.closeness(wiring, pre, post)
    keep &= (pre != post) | (not wiring.same) | wiring.autapses
    assert (w.expand(wiring).number == number[keep]).all()
    fewer = w.expand(replace(wiring, probability=0.5 * wiring.probability))
    assert np.isin(fewer.number, number[keep]).all()


@settings(deadline=None, max_examples=20)
@given(sheets(), st.floats(-3.0, 3.0), st.floats(-3.0, 3.0))
def test_a_torus_may_be_shifted(wiring: Wiring, right: float, up: float) -> None:
    """Distances do not change where sources and targets move together, or one of them by a whole period."""
    torus = replace(wiring, period=(1.0, 1.0))
    pre, post = np.divmod(np.arange(wiring.sources * wiring.targets), wiring.targets)
    at, to = np.asarray(wiring.source_at), np.asarray(wiring.target_at)
    before = w.steps_between(torus, pre, post)["distance"]
    moved = replace(torus, source_at=at + [right, up], target_at=to + [right, up])
    wound = replace(torus, target_at=to + [2.0, -1.0])
    assert before.max(initial=0.0) <= np.sqrt(0.5) + 1e-12
    for other in (moved, wound):
        assert np.allclose(w.steps_between(other, pre, post)["distance"], before, atol=1e-9)


@settings(deadline=None, max_examples=20)
@given(rings())
def test_out_degrees_of_a_ring(wiring: Wiring) -> None:
    edges = w.expand(wiring)
    assert (np.bincount(edges.pre, minlength=wiring.sources) == wiring.number).all()
    if wiring.probability == 0.0:
        assert (np.bincount(edges.post, minlength=wiring.sources) == wiring.number).all()


@settings(deadline=None, max_examples=20)
@given(st.data())
def test_convolutions_see_every_pixel_of_their_windows(data: st.DataObject) -> None:
    """Each feature has the entries of the kernel that lie on the image, each at most once; Programs of them are in order."""
    rows, columns, channels = (data.draw(st.integers(1, 6)) for _ in range(3))
    kernel = (data.draw(st.integers(1, rows)), data.draw(st.integers(1, columns)), channels, data.draw(st.integers(1, 3)))
    stride, padding = data.draw(st.integers(1, 3)), data.draw(st.sampled_from(["valid", "same", 0, 1]))
    rule = ns.convolution((rows, columns, channels), kernel_shape=kernel, stride=stride, padding=padding)
    assert rule.shape is not None and rule.features is not None and rule.entry is not None and rule.post is not None
    per_feature = np.bincount(rule.post, minlength=rule.shape[1])
    assert per_feature.max(initial=0) <= kernel[0] * kernel[1] * channels
    if padding in ("valid", 0):
        assert (per_feature == kernel[0] * kernel[1] * channels).all()
    assert len({*zip(rule.post.tolist(), rule.entry.tolist())}) == len(rule.entry)
    cell = ns.NeuronModel("x[n+1] = x + a : 1\na : 1 (port)")
    image, features = ns.Population("image", rule.shape[0], cell), ns.Population("features", rule.shape[1], cell)
    source = ns.SpikeTimes("source", rule.shape[0], [0.0] * ns.units.ms, [0])
    check(ns.lower(ns.Network(image, features, source, ns.Projection(source, features, rule, into="a", weight=1.0)), 1 * ns.units.ms))

"""Positions, formulas of distance, convolutions and sparse matrices: what they hold, what they refuse, what becomes of them."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from scipy import signal
from scipy import sparse as matrices

import neurosim as ns
from neurosim.errors import NeurosimError, describe
from neurosim.ir.check import check
from neurosim.ir.text import digest, load, program_text, save
from neurosim.ir.wiring import expand, weight_index, weight_values
from neurosim.units import mm, ms, pA, um

CELL = ns.neurons.lif_exponential
SHEET = ns.grid(3, 4, spacing=20 * um)


def layer(name: str, size: int) -> ns.Population:
    return ns.Population(name, size, CELL)


def program_of(rule: object, sources: int, targets: int, **given: object) -> ns.Program:
    source, target = layer("a", sources), layer("b", targets)
    projection = ns.Projection(source, target, rule, into="I_syn", **given)  # type: ignore[arg-type]
    program = ns.lower(ns.Network(source, target, projection, seed=2), 1 * ms)
    check(program)
    return program


# ---- positions ---------------------------------------------------------------------------------------------------------
def test_a_grid_lies_around_the_origin_row_by_row() -> None:
    places = SHEET.inner()
    assert places.shape == (12, 2) and np.allclose(places.mean(axis=0), 0.0)
    assert places[0].tolist() == [-30.0, -20.0] and places[1].tolist() == [-10.0, -20.0] and places[4].tolist() == [-30.0, 0.0]
    assert SHEET.inner_extent() == (80.0, 60.0)


def test_lengths_are_converted_and_plain_numbers_are_taken_as_they_are() -> None:
    assert ns.positions([[0, 1], [2, 3]] * mm).inner()[1].tolist() == [2000.0, 3000.0]
    assert ns.positions([[0, 1], [2, 3]]).inner()[1].tolist() == [2.0, 3.0]


@pytest.mark.parametrize(
    ("kernel", "at", "value"),
    [
        (ns.kernels.gaussian(2.0), (2.0, 0.0), np.exp(-0.5)),
        (ns.kernels.exponential(4.0), (0.0, 2.0), np.exp(-0.5)),
        (ns.kernels.linear(4.0), (1.0, 0.0), 0.75),
        (ns.kernels.linear(4.0), (5.0, 0.0), 0.0),
        (ns.kernels.disc(5.0, 1.0), (3.0, 4.0), 1.0),
        (ns.kernels.disc(5.0, 1.0), (0.5, 0.0), 0.0),
        (ns.kernels.disc(5.0), (0.0, 0.0), 1.0),
        (ns.kernels.box(4.0, 2.0), (2.0, -1.0), 1.0),
        (ns.kernels.box(4.0), (2.0, -2.5), 0.0),
    ],
)
def test_kernels(kernel: object, at: tuple[float, float], value: float) -> None:
    """One pair: its probability is the kernel, so the recipe's own number decides; here only the formula is looked at."""
    from neurosim.ir.wiring import closeness

    rule = ns.distance_dependent(kernel, ns.positions([[0.0, 0.0]]), ns.positions([at]))  # type: ignore[arg-type]
    wiring = program_of(rule, 1, 1, weight=1 * pA).pathways[0].wiring
    assert closeness(wiring, np.array([0]), np.array([0]))[0] == pytest.approx(value, rel=1e-14)


def test_on_a_torus_everybody_has_the_same_number_of_neighbours() -> None:
    sheet = ns.grid(6, 8)
    edges = {
        boundary: expand(program_of(ns.distance_dependent(ns.kernels.disc(1.5), sheet, boundary=boundary), 48, 48, weight=1 * pA).pathways[0].wiring)
        for boundary in ("open", "periodic")
    }
    assert set(np.bincount(edges["periodic"].pre)) == {9} and set(np.bincount(edges["periodic"].post)) == {9}
    assert set(np.bincount(edges["open"].pre)) == {4, 6, 9}


def test_weights_and_delays_by_distance() -> None:
    rule = ns.distance_dependent("1", SHEET, autapses=False)
    delay, weight = ns.by_distance("0.1*ms + distance / v", v=1 * um / ms), ns.by_distance("w0 * exp(-distance / (10*um))", w0=4 * pA)
    source = layer("a", 12)
    projection = ns.Projection(source, source, rule, into="I_syn", weight=weight, delay=delay)
    program = ns.lower(ns.Network(source, projection), 1 * ms)
    check(program)
    pathway, places = program.pathways[0], SHEET.inner()
    edges = expand(pathway.wiring)
    distance = np.hypot(*(places[edges.post] - places[edges.pre]).T)
    assert len(edges) == 12 * 11
    assert np.array_equal(pathway.delay, np.rint((0.1 + distance) / 0.1).astype(int))
    assert weight_values(program, program.weights[0]) == pytest.approx(4.0 * np.exp(-distance / 10.0), abs=1e-6)


def test_programs_with_places_are_saved_and_read_back(tmp_path: object) -> None:
    program = program_of(ns.distance_dependent(ns.kernels.gaussian(30 * um), SHEET, boundary="periodic"), 12, 12, weight=1 * pA)
    save(program, f"{tmp_path}/p.h5")
    again = load(f"{tmp_path}/p.h5")
    assert digest(again) == digest(program)
    assert (expand(again.pathways[0].wiring).number == expand(program.pathways[0].wiring).number).all()
    assert "period 80.0 x 60.0" in program_text(program)


# ---- convolution -------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize("stride", [1, 2])
@pytest.mark.parametrize("padding", ["valid", "same", (2, 1)])
@pytest.mark.parametrize("dilation", [1, 2])
def test_convolution_is_that_of_scipy(stride: int, padding: object, dilation: int) -> None:
    """The matrix that it stands for, applied to an image; scipy convolves with the kernel turned round."""
    rng = np.random.default_rng(1)
    image, kernel = rng.normal(size=(7, 9, 2)), rng.normal(size=(3, 2, 2, 4))
    rule = ns.convolution((7, 9, 2), kernel * pA, stride=stride, padding=padding, dilation=dilation)  # type: ignore[arg-type]
    program = program_of(rule, *(rule.shape or (0, 0)), weight_precision="float64")
    pathway = program.pathways[0]
    edges = expand(pathway.wiring)
    weights = weight_values(program, program.weights[0])[weight_index(program, pathway, edges)]
    made = np.zeros(pathway.wiring.targets)
    np.add.at(made, edges.post, weights * image.ravel()[edges.pre])

    wide = np.zeros((dilation * 2 + 1, dilation + 1, 2, 4))
    wide[::dilation, ::dilation] = kernel
    rows, columns = (len(axis) for axis in (wide, wide[0]))
    features = rule.features or (0, 0, 0)
    if padding == "same":
        borders = [max((-(-n // stride) - 1) * stride + k - n, 0) for n, k in ((7, rows), (9, columns))]
        pads = [(b // 2, b - b // 2) for b in borders]
    else:
        pads = [(0, 0), (0, 0)] if padding == "valid" else [(2, 2), (1, 1)]
    padded = np.pad(image, (*pads, (0, 0)))
    full = np.zeros((padded.shape[0] - rows + 1, padded.shape[1] - columns + 1, 4))
    for c in range(2):
        for f in range(4):
            full[..., f] += signal.correlate2d(padded[..., c], wide[..., c, f], mode="valid")
    expected = full[::stride, ::stride]
    assert expected.shape == features
    assert made.reshape(features) == pytest.approx(expected, abs=1e-12)
    if padding == "same":
        assert features[:2] == (-(-7 // stride), -(-9 // stride))


def test_entries_of_a_kernel_are_given_as_weights() -> None:
    rule = ns.convolution((4, 4), kernel_shape=(2, 2, 1, 3))
    for weight, expected in (
        (2 * pA, np.full(12, 2.0)),
        (np.arange(12.0).reshape(2, 2, 1, 3) * pA, np.arange(12.0)),
        (np.arange(12.0) * pA, np.arange(12.0)),
    ):
        assert np.array_equal(np.asarray(program_of(rule, 16, 27, weight=weight).weights[0].values), expected)
    drawn = np.asarray(program_of(rule, 16, 27, weight=ns.uniform(0 * pA, 1 * pA)).weights[0].values)
    assert drawn.shape == (12,) and len(np.unique(drawn)) == 12


def test_a_schedule_sets_the_entries_of_a_kernel() -> None:
    source, target = layer("a", 16), layer("b", 27)
    projection = ns.Projection(source, target, ns.convolution((4, 4), kernel_shape=(2, 2, 1, 3)), into="I_syn", weight=1 * pA, name="conv")
    network = ns.Network(source, target, projection)
    for value in (np.arange(12.0) * pA, ns.uniform(0 * pA, 1 * pA)):
        program = ns.lower(network, ns.Schedule(ns.Phase(1 * ms, set={"conv.w": value})))
        check(program)
        assert np.shape(program.plan[0].assign[0].value) == (12,)
    with pytest.raises(NeurosimError, match="12 values"):
        ns.lower(network, ns.Schedule(ns.Phase(1 * ms, set={"conv.w": np.ones(108) * pA})))


def test_shared_kernels_may_only_be_added_to() -> None:
    source, target = layer("a", 16), layer("b", 9)
    rule = ns.Plasticity("eta : weight", on_pre="w = eta", values={"eta": 1 * pA})
    conv = ns.convolution((4, 4), np.ones((2, 2)) * pA)
    with pytest.raises(NeurosimError, match="can only be added to"):
        ns.Network(source, target, ns.Projection(source, target, conv, into="I_syn", plasticity=rule))


# ---- sparse matrices ---------------------------------------------------------------------------------------------------
@pytest.mark.parametrize("kind", ["csr_matrix", "csc_matrix", "coo_matrix", "csr_array", "lil_matrix", "dok_matrix"])
def test_every_kind_of_sparse_matrix(kind: str) -> None:
    full = np.array([[0.0, 2.0, 0.0], [3.0, 0.0, -1.0]])
    rule = ns.sparse(getattr(matrices, kind)(full), unit=pA)
    program = program_of(rule, 2, 3)
    edges = expand(program.pathways[0].wiring)
    assert list(zip(edges.pre.tolist(), edges.post.tolist())) == [(0, 1), (1, 0), (1, 2)]
    assert np.asarray(program.weights[0].values).tolist() == [2.0, 3.0, -1.0]


def test_stored_zeros_and_duplicates_are_synapses() -> None:
    matrix = matrices.coo_matrix(([1.0, 0.0, 2.0], ([0, 1, 0], [1, 0, 1])), shape=(2, 2))
    assert ns.sparse(matrix, unit=pA).edge_count(2, 2, same=False) == 3
    matrix.sum_duplicates()
    assert ns.sparse(matrix, unit=pA).edge_count(2, 2, same=False) == 2
    without = matrix.tocsr()
    without.eliminate_zeros()
    assert ns.sparse(without, unit=pA).edge_count(2, 2, same=False) == 1


# ---- messages ----------------------------------------------------------------------------------------------------------
A3, A4 = layer("a", 3), layer("b", 4)
SQUARE = ns.grid(2, 2, spacing=10 * um)
MESSAGES: list[tuple[Callable[[], object], str]] = [
    (
        lambda: ns.small_world(3, 1.1),
        """\
ParameterError in small_world: 2 problems
  k must be even, half of the neighbours on each side, got 3.
  the probability of rewiring must be between 0 and 1, got 1.1.""",
    ),
    (
        lambda: ns.Projection(A3, A3, ns.small_world(4, 0.1), into="I_syn", weight=1 * pA),
        """\
NetworkError in projection 'a -> a': 4 neighbours on a ring need more than 4 neurons, got 3.""",
    ),
    (
        lambda: ns.Projection(A3, A4, ns.distance_dependent("1", SQUARE), into="I_syn", weight=1 * pA),
        """\
NetworkError in projection 'a -> b': there are 4 positions for 3 sources.""",
    ),
    (
        lambda: ns.distance_dependent("exp(-distnce / um)", SQUARE),
        """\
EquationError in distance_dependent: unknown name 'distnce'; did you mean 'distance'?
  line 1: exp(-distnce / um)
               ^^^^^^^""",
    ),
    (
        lambda: ns.distance_dependent(ns.kernels.gaussian(3), SQUARE),
        """\
UnitError in distance_dependent: exp() needs a plain number, this is metre**2
  line 1: exp(-distance**2 / (2 * sigma**2))
              ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
  The positions are lengths: give sigma a unit such as um if it is one.""",
    ),
    (
        lambda: ns.distance_dependent(ns.kernels.disc(3 * um), ns.positions([[1, 2]] * um), boundary="periodic"),
        """\
ParameterError in distance_dependent: a periodic boundary needs one area that repeats, got an area without extent.
  Give positions(..., extent=(width, height)), the same for both; grids have one.""",
    ),
    (
        lambda: ns.Projection(A4, A4, ns.all_to_all(), into="I_syn", weight=1 * pA, delay=ns.by_distance("distance / v", v=1 * um / ms)),
        """\
NetworkError in projection 'b -> b': delay depends on distance, but all_to_all() does not know where neurons are.
  Use distance_dependent(...); its kernel '1' connects all pairs.""",
    ),
    (
        lambda: program_of(ns.distance_dependent("1", SQUARE), 4, 4, weight=1 * pA, delay=ns.by_distance("1*ms - distance * ms / um")),
        """\
ParameterError in projection 'a -> b': delay must not be negative, the formula '1*ms - distance * ms / um' gives -13.1421356237 ms""",
    ),
    (
        lambda: ns.convolution((3, 3), np.ones((5, 5))),
        """\
ParameterError in convolution: a kernel of 5 x 5 does not fit on an image of 3 x 3, its padding included.""",
    ),
    (
        lambda: ns.Projection(A4, A4, ns.convolution((2, 2), np.ones((1, 1, 1, 2)) * pA), into="I_syn"),
        """\
NetworkError in projection 'b -> b': this convolution goes from 4 pixels and channels to 2 x 2 x 2 = 8 features, got 4 sources and 4 targets.""",
    ),
    (
        lambda: ns.sparse(matrices.csr_matrix([[1j]])),
        """\
ParameterError in sparse: the matrix must have two dimensions and hold real numbers, got (1, 1) of complex128.""",
    ),
    (
        lambda: ns.grid(2, 2, spacing=1 * ms),
        """\
ParameterError in grid: spacing must be a length, as in um, or a plain number, got 1 ms.""",
    ),
]


@pytest.mark.parametrize("make, text", MESSAGES)
def test_messages(make: Callable[[], object], text: str) -> None:
    with pytest.raises(NeurosimError) as caught:
        make()
    assert describe(caught.value) == text

"""Where neurons are, and what depends on the distance between two of them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt

from ...equations import Expr, Num, names, parse_expression, simplify, substitute, to_inner
from ...equations.dimensions import Scope, check_side
from ...equations.names import reason_against
from ...equations.tree import calls
from ...errors import EquationError, Findings, NeurosimError, ParameterError, UnitError
from ...spelling import spelt
from ...units import DIMENSIONLESS, LENGTH, Dimension, Quantity, Unit, describe_dimension, in_inner
from ..values import Scalar, check_count, check_positive, check_scalar, conclude, inner_or_none, is_a, is_one_of, is_scalar, shown

FloatArray = npt.NDArray[np.float64]
BETWEEN = ("distance", "dx", "dy")
"""Names in a formula of distance: the distance, and the steps in x and y from the source to the target."""
BOUNDARIES = ("open", "periodic")


@dataclass(frozen=True, eq=False)
class Positions:
    """Places of neurons in two dimensions; made by :func:`grid` and :func:`positions`.

    Parameters
    ----------
    coordinates : ndarray or Quantity (N, 2)
        x and y of each neuron, lengths or plain numbers.
    extent : ndarray or Quantity (2,), optional
        Width and height of the area, after which it repeats where the boundary is periodic.
    """

    coordinates: Any
    extent: Any = None

    def __post_init__(self) -> None:
        findings = Findings()
        where = "positions"
        dimension = self.dimension
        if dimension not in (DIMENSIONLESS, LENGTH):
            found = f"coordinates must be lengths, as in um, or plain numbers, got {describe_dimension(dimension)}."
            raise ParameterError(found, where=where)
        inner = inner_or_none(findings, self.coordinates, dimension, where, "coordinates")
        if inner is not None and (inner.ndim != 2 or inner.shape[1] != 2 or not len(inner)):
            findings.add(where, f"coordinates must have the shape (N, 2), x and y of each neuron, got {inner.shape}.")
        if self.extent is not None:
            extent = inner_or_none(findings, self.extent, dimension, where, "extent")
            if extent is not None and extent.shape != (2,):
                findings.add(where, f"extent must be two lengths, width and height, got {shown(self.extent)}.")
            elif extent is not None:
                check_positive(findings, self.extent, dimension, extent, where, "extent")
        conclude(findings, ParameterError, where)

    @property
    def size(self) -> int:
        """Number of neurons N."""
        return len(self.inner())

    @property
    def dimension(self) -> Dimension:
        """Of a length, or of a plain number."""
        return _dimension(self.coordinates)

    def inner(self) -> FloatArray:
        """(N, 2) plain numbers, in um where they are lengths."""
        return np.asarray(in_inner(self.coordinates, self.dimension, "positions", "coordinates"), np.float64)

    def inner_extent(self) -> tuple[float, float] | None:
        """Width and height as plain numbers."""
        if self.extent is None:
            return None
        width, height = np.asarray(in_inner(self.extent, self.dimension, "positions", "extent"), np.float64).tolist()
        return width, height

    def __repr__(self) -> str:
        return f"positions of {self.size} neurons"


@spelt
def positions(coordinates: Any, extent: Any = None) -> Positions:
    """Neurons anywhere in the plane.

    Parameters
    ----------
    coordinates : ndarray or Quantity (N, 2)
        x and y of neuron i in row i, in a unit of length such as um, or plain numbers.
    extent : ndarray or Quantity (2,), optional
        Width and height of the area; needed where the boundary is periodic.

    Examples
    --------
    >>> from neurosim.units import um
    >>> positions([[0, 0], [30, 40]] * um)
    positions of 2 neurons
    """
    return Positions(coordinates, extent)


@spelt
def grid(rows: int, columns: int, *, spacing: Scalar = 1.0) -> Positions:
    """Neurons in rows and columns around the origin.

    Parameters
    ----------
    rows, columns : int
        Neuron ``row * columns + column`` is at x = (column - (columns - 1) / 2) spacing, y = (row - (rows - 1) / 2) spacing.
    spacing : Quantity or number
        Distance of neighbours, a length such as ``50 * um`` or a plain number.

    Notes
    -----
    The extent is columns * spacing by rows * spacing: with a periodic boundary first and last column are neighbours.

    Examples
    --------
    >>> from neurosim.units import um
    >>> grid(20, 20, spacing=50 * um).size
    400
    """
    findings = Findings()
    for name, count in (("rows", rows), ("columns", columns)):
        check_count(findings, count, "grid", name)
    if not is_scalar(spacing):
        findings.add("grid", f"spacing must be one length, got {shown(spacing)}.")
    elif _dimension(spacing) not in (DIMENSIONLESS, LENGTH):
        findings.add("grid", f"spacing must be a length, as in um, or a plain number, got {shown(spacing)}.")
    else:
        step = check_scalar(findings, spacing, _dimension(spacing), "grid", "spacing")
        if step is not None:
            check_positive(findings, spacing, _dimension(spacing), np.asarray(step), "grid", "spacing")
    conclude(findings, ParameterError, "grid")
    row, column = np.divmod(np.arange(int(rows) * int(columns)), int(columns))
    places = np.stack([column - (columns - 1) / 2, row - (rows - 1) / 2], axis=1)
    return Positions(places * spacing, np.array([float(columns), float(rows)]) * spacing)


@dataclass(frozen=True, eq=False)
class ByDistance:
    """A number for each synapse as a formula of its length; made by :func:`by_distance` and the functions of `kernels`.

    Parameters
    ----------
    text : str
        In the equation language, of ``distance``, ``dx``, ``dy``, the names of `values`, and units.
    values : mapping
        Name to number or Quantity.
    """

    text: str
    values: Mapping[str, Scalar] = field(default_factory=dict)
    expr: Expr = field(init=False)

    def __post_init__(self) -> None:
        where = "by_distance"
        if not is_a(self.text, str):
            raise ParameterError(f"the formula must be a text such as 'exp(-distance / (100*um))', got {shown(self.text)}.", where=where)
        findings = Findings()
        for name, value in self.values.items():
            if reason := reason_against(name, "neuron") or ("is reserved" if name in BETWEEN else ""):
                findings.add(where, f"{name} cannot be the name of a value: {reason}.")
            elif not is_scalar(value):
                findings.add(where, f"{name} must be one number, got {shown(value)}.")
            else:
                check_scalar(findings, value, _dimension(value), where, name)
        conclude(findings, ParameterError, where)
        expr = parse_expression(self.text)
        if strange := calls(expr) & {"rand", "rate"}:
            raise EquationError(f"{min(strange)}() has no meaning in a formula of distance", self.text, expr.span, where=where)
        if strange := names(expr) & {"t", "dt", "since_spike", "held"}:
            raise EquationError(f"{min(strange)} has no meaning in a formula of distance", self.text, expr.span, where=where)
        object.__setattr__(self, "expr", expr)

    def check(self, length: Dimension, wanted: Dimension, where: str, what: str) -> None:
        """Refuse a formula that has another dimension than the wanted one, where distances have the dimension `length`.

        Raises
        ------
        UnitError, EquationError
        """
        try:
            check_side(self.expr, wanted, self._scope(length), what)
        except NeurosimError as error:
            hint = error.hint or self._hint(length)
            raise type(error)(error.message, error.source, error.span, where=where, hint=hint) from None

    def _hint(self, length: Dimension) -> str:
        """What to do about a formula that does not fit the positions."""
        if length == DIMENSIONLESS:
            return "The positions are plain numbers, so distance is one too."
        plain = [name for name, value in self.values.items() if _dimension(value) == DIMENSIONLESS]
        return f"The positions are lengths: give {', '.join(plain)} a unit such as um if it is one." if plain else ""

    def inner(self) -> Expr:
        """The formula of ``distance``, ``dx``, ``dy`` in inner units, with its values in place."""
        numbers = {name: Num(float(in_inner(value, _dimension(value), "by_distance", name))) for name, value in self.values.items()}
        return simplify(substitute(to_inner(self.expr), numbers))

    def _scope(self, length: Dimension) -> Scope:
        dims: dict[str, Dimension | None] = dict.fromkeys(BETWEEN, length)
        return Scope({**dims, **{name: _dimension(value) for name, value in self.values.items()}}, self.text)

    def __str__(self) -> str:
        return ", ".join([self.text, *(f"{name}={shown(value)}" for name, value in self.values.items())])

    def __repr__(self) -> str:
        return f"by_distance({self})"


def by_distance(text: str, **values: Scalar) -> ByDistance:
    """A weight or a delay that depends on the distance between source and target.

    Parameters
    ----------
    text : str
        A formula of ``distance``, of ``dx`` and ``dy`` (the steps from source to target), and of the names given as values.
    **values : number or Quantity
        What the other names mean.

    Notes
    -----
    For ``weight=`` and ``delay=`` of a projection whose connectivity is :func:`distance_dependent`, which knows where neurons are.
    Delays are rounded to the nearest time step; a formula that gives a negative one is refused. Such weights and delays are
    computed once and kept, one number for each synapse.

    Examples
    --------
    >>> from neurosim.units import metre, ms, second
    >>> by_distance("base + distance / velocity", base=1 * ms, velocity=0.3 * metre / second)
    by_distance(base + distance / velocity, base=1 ms, velocity=0.3 metre/second)
    """
    return ByDistance(text, values)


@dataclass(frozen=True, eq=False)
class Space:
    """Where sources and targets are, and how likely a connection is at a distance."""

    sources: Positions
    targets: Positions
    kernel: ByDistance
    boundary: str = "open"

    def __post_init__(self) -> None:
        where = "distance_dependent"
        findings = Findings()
        for name, given in (("positions", self.sources), ("targets", self.targets)):
            if not is_a(given, Positions):
                findings.add(where, f"{name} must be positions, as grid(10, 10) or positions(...) make them, got {shown(given)}.")
        if not is_one_of(self.boundary, BOUNDARIES):
            findings.add(where, f"boundary must be 'open' or 'periodic', got {shown(self.boundary)}.")
        conclude(findings, ParameterError, where)
        if self.sources.dimension != self.targets.dimension:
            raise UnitError("sources and targets must both have a unit of length, or both plain numbers.", where=where)
        if self.boundary == "periodic":
            ends = self.sources.inner_extent(), self.targets.inner_extent()
            if ends[0] is None or ends[0] != ends[1]:
                found = "an area without extent" if None in ends else "areas of different extents"
                advice = "Give positions(..., extent=(width, height)), the same for both; grids have one."
                raise ParameterError(f"a periodic boundary needs one area that repeats, got {found}.", where=where, hint=advice)
        self.kernel.check(self.sources.dimension, DIMENSIONLESS, where, "the kernel")

    @property
    def dimension(self) -> Dimension:
        """Of distances."""
        return self.sources.dimension

    def period(self) -> tuple[float, float] | None:
        """Width and height after which the area repeats."""
        return self.sources.inner_extent() if self.boundary == "periodic" else None

    def __str__(self) -> str:
        return f"{self.kernel}" + (", periodic" if self.boundary == "periodic" else "")


def _dimension(value: Any) -> Dimension:
    if isinstance(value, (Quantity, Unit)):
        return value.dimension
    if isinstance(value, (list, tuple)) and value:
        return _dimension(value[0])
    return DIMENSIONLESS

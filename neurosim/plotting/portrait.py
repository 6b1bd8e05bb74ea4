"""The phase plane of a neuron: where two of its states went, and where each of them stands still."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

import numpy as np
import numpy.typing as npt
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from neurosim.equations.evaluate import evaluate
from neurosim.equations.model import parse_equations
from neurosim.equations.tree import names
from neurosim.errors import NeurosimError, ParameterError
from neurosim.plotting.style import GRID, INK, PALETTE, WIDTH, colour_of, house_style, new_figure, title_of
from neurosim.result import PartResult, Result, require_result
from neurosim.units import Quantity, inner_value, parse_quantity

FloatArray = npt.NDArray[np.float64]
NO_INPUTS: Mapping[str, Quantity | float] = MappingProxyType({})
GRID_POINTS = 200
MARGIN = 0.12
"""Around the trajectory, as a part of its extent."""


def portrait(
    result: Result, x: str, y: str, *, of: str | None = None, neuron: int | None = None, inputs: Mapping[str, Quantity | float] = NO_INPUTS
) -> Figure:
    """One state of a neuron against another, with their nullclines.

    Parameters
    ----------
    result : Result
        Its evaluation window is drawn; both states were recorded at the same times.
    x, y : str
        Two recorded states of a population, such as "v" and "w".
    of : str, optional
        Which population; the only one that has both unless given.
    neuron : int, optional
        Which of its neurons, the first recorded one unless given.
    inputs : mapping, optional
        Port or other state -> the value for which the nullclines are drawn: ``{"I_ext": 700 * pA}``. A port that is not named is
        zero, a state has its last value.

    Returns
    -------
    Figure
        On a nullcline the derivative of its state is zero. They are left out where a parameter differs between neurons, and where
        the result does not know the equations.

    Raises
    ------
    ParameterError
        If no population has both states, they were recorded at different times, or not of this neuron.
    """
    require_result(result, "portrait")
    part = _part(result, x, y, of)
    if not np.array_equal(part.times(x), part.times(y)):
        raise ParameterError(f"{x} and {y} were recorded at different times", where=f"portrait of '{part.name}'")
    chosen = int(part.recorded_of(x)[0]) if neuron is None else neuron
    horizontal, vertical = _of(part, x, chosen), _of(part, y, chosen)
    if not horizontal.size:
        raise ParameterError("nothing was recorded in the window", where=f"portrait of '{part.name}'")
    with house_style():
        figure = new_figure(0.72 * WIDTH, 3.8)
        axes = figure.subplots()
        axes.set_xlim(*_reach(horizontal))
        axes.set_ylim(*_reach(vertical))
        _draw_nullclines(axes, result, part, (x, y), {**_last(part, chosen), **_inner(inputs)})
        jumps = _spiked(part, x, chosen)
        colour = colour_of(part, result)
        broken = np.insert(np.stack([horizontal, vertical]), jumps, np.nan, axis=1)
        axes.plot(*broken, color=colour, linewidth=1.1, label=f"neuron {chosen}", zorder=3)
        axes.plot([horizontal[jumps - 1], horizontal[jumps]], [vertical[jumps - 1], vertical[jumps]], color=colour, linewidth=0.7,
                  linestyle=(0, (2, 2)), alpha=0.8)  # fmt: skip
        axes.plot(horizontal[:1], vertical[:1], marker="o", markersize=5.0, color=INK, linestyle="", label="start", zorder=4)
        for which, name in ((axes.set_xlabel, x), (axes.set_ylabel, y)):
            unit = part.units.get(name, "")
            which(f"{name}{f' [{unit}]' if unit not in ('', '1') else ''}")
        axes.grid(color=GRID, linewidth=0.6)
        axes.set_title(f"{title_of(result)}: {part.name}")
        axes.legend(loc="upper left", bbox_to_anchor=(1.0, 1.0), borderaxespad=0.3, handlelength=1.4)
    return figure


def _part(result: Result, x: str, y: str, of: str | None) -> PartResult:
    if of is not None:
        part = result[of]
        part.trace(x), part.trace(y)  # raises our error where one was not recorded
        return part
    both = [part for part in result.populations if {x, y} <= set(part.recorded)]
    if len(both) != 1:
        found = " and ".join(f"'{part.name}'" for part in both) or "no population"
        hint = "Name one with of=..." if both else f'Add ns.Probe(population, "{x}") and ns.Probe(population, "{y}") to the network.'
        raise ParameterError(f"{found} recorded {x} and {y}", where="portrait", hint=hint)
    return both[0]


def _of(part: PartResult, variable: str, neuron: int) -> FloatArray:
    """(T,) of one neuron, of copy 0."""
    place = np.flatnonzero(part.recorded_of(variable) == neuron)
    if not place.size:
        raise ParameterError(f"{variable} of neuron {neuron} was not recorded", where=f"portrait of '{part.name}'")
    values = part.trace(variable)
    values = values[:, 0] if part.copies > 1 else values
    return np.asarray(values[:, place[0]], np.float64)


def _reach(values: FloatArray) -> tuple[float, float]:
    low, high = float(values.min()), float(values.max())
    room = MARGIN * (high - low) or 1.0
    return low - room, high + room


def _spiked(part: PartResult, variable: str, neuron: int) -> npt.NDArray[np.int64]:
    """Places of the first values recorded after a spike, where a reset made the trajectory jump."""
    if not part.has_spikes:
        return np.zeros(0, np.int64)
    times, ids = part.spikes
    after = np.searchsorted(part.times(variable), times[(ids == neuron) & (part.copy_numbers == 0)], side="right")
    size = part.times(variable).size
    return np.unique(after[(after > 0) & (after < size)])


# ---- nullclines ----------------------------------------------------------------------------------------------------------
def _draw_nullclines(axes: Axes, result: Result, part: PartResult, states: tuple[str, str], given: Mapping[str, float]) -> None:
    grid = np.meshgrid(np.linspace(*axes.get_xlim(), GRID_POINTS), np.linspace(*axes.get_ylim(), GRID_POINTS))
    others = [colour for colour in PALETTE if colour not in (colour_of(part, result), "#444444")]
    for state, colour in zip(states, others[:1] + others[2:3]):
        slope = _slope(result, part, state, dict(zip(states, grid)), given)
        if slope is not None and float(slope.min()) < 0.0 < float(slope.max()):
            axes.contour(*grid, slope, levels=[0.0], colors=[colour], linewidths=1.2)
            axes.plot([], [], color=colour, linewidth=1.2, label=f"d{state}/dt = 0")


def _slope(result: Result, part: PartResult, state: str, plane: dict[str, Any], given: Mapping[str, float]) -> FloatArray | None:
    """The derivative of a state over the plane; None where the result does not know all that it depends on."""
    words = result.provenance.description
    if words is None:
        return None
    own = next((candidate for candidate in words.parts if candidate.name == part.name), None)
    if own is None or own.model not in words.models:
        return None
    try:
        parsed = parse_equations(words.models[own.model].equations)
        side = parsed.right_hand_sides()[state]
        known = {**_numbers(own.values), **{port.name: 0.0 for port in parsed.ports}, **given, **plane}
    except (NeurosimError, KeyError):
        return None
    if not names(side) <= set(known):
        return None
    found: FloatArray = np.broadcast_to(np.asarray(evaluate(side, known.__getitem__), np.float64), plane[state].shape)
    return found if np.all(np.isfinite(found)) else None


def _numbers(values: Any) -> dict[str, float]:
    """Parameters that are one number, in inner units."""
    found = {}
    for value in values:
        try:
            number = parse_quantity(value.value)
            found[value.name] = number if isinstance(number, float) else float(inner_value(number))
        except (NeurosimError, TypeError, ValueError):
            continue
    return found


def _inner(inputs: Mapping[str, Quantity | float]) -> dict[str, float]:
    return {name: float(inner_value(value)) if isinstance(value, Quantity) else float(value) for name, value in inputs.items()}


def _last(part: PartResult, neuron: int) -> dict[str, float]:
    """The states of a neuron after the run."""
    finals = [variable for name, variable in part.record.final if name == part.name]
    return {variable: float(np.atleast_2d(part.record.final[part.name, variable])[0, neuron]) for variable in finals}

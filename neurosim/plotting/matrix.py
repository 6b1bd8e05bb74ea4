"""Pictures of the wiring before anything runs: the weights of all pairs, and how many synapses a neuron receives from whom."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from matplotlib.axes import Axes
from matplotlib.colors import FuncNorm, LinearSegmentedColormap
from matplotlib.figure import Figure

from neurosim.description import Description
from neurosim.errors import ParameterError, did_you_mean
from neurosim.ir.program import Pathway, Program
from neurosim.ir.wiring import expected_count, rows, values_of, weight_index, weight_values
from neurosim.lowering.lower import lower
from neurosim.network import Network
from neurosim.network.description import description_of
from neurosim.plotting.style import FAINT, INK, PALETTE, WIDTH, darker, house_style, new_figure
from neurosim.units import Quantity, ms

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]
PIXELS = 400
"""Along the longer side; more neurons share a pixel."""
FEWEST_PIXELS = 14
"""Of a population, so that its name can stand beside it."""
MOST_SYNAPSES = 50_000_000
NEGATIVE, POSITIVE = "#B34E00", "#005C91"
DT = 0.1 * ms


def connectivity(network: Network | Program, *, of: Iterable[str] | str | None = None, dt: Quantity = DT) -> Figure:
    """The weights of all pairs of neurons, sources from top to bottom, targets from left to right.

    Parameters
    ----------
    network : Network or Program
        It is wired, with the very synapses that a run would have, and not simulated.
    of : str or iterable of str, optional
        Names of projections; unless given all between populations, or all where there are none.
    dt : Quantity
        [ms] The step for which a network is lowered.

    Returns
    -------
    Figure
        Colour is the sum of the weights of a pair, of larger networks its mean over the pairs of a pixel. Projections with weights
        of different units are drawn by the number of their synapses, with the sign of their weights.

    Raises
    ------
    ParameterError
        If there is nothing to draw, no projection of a name, or there are more than 50 million synapses.
    """
    program = _program(network, dt)
    pathways = _chosen(program, of)
    sizes = {**{block.name: block.size for block in program.blocks}, **{source.name: source.size for source in program.sources}}
    names = list(sizes)
    sources = [name for name in names if any(pathway.source == name for pathway in pathways)]
    targets = [name for name in names if any(pathway.target == name for pathway in pathways)]
    down, right = _Ruler.of([sizes[name] for name in sources]), _Ruler.of([sizes[name] for name in targets])
    units = {_unit(program, pathway) for pathway in pathways}
    weighted = len(units) == 1
    total = np.zeros((down.pixels, right.pixels))
    for pathway in pathways:
        places = down.places(sources.index(pathway.source)), right.places(targets.index(pathway.target))
        total += _image(program, pathway, *places, total.shape, weighted)
    pairs = np.outer(down.neurons(), right.neurons())
    shared = bool(pairs.max() > 1)
    colours = {name: PALETTE[k % len(PALETTE)] for k, name in enumerate(names)}
    unit = units.pop() if weighted else ""
    label = _label(weighted, shared, unit)
    with house_style():
        figure = new_figure(WIDTH, min(max(WIDTH * 0.8 * down.pixels / right.pixels, 1.8), 6.8) + 0.7)
        axes = figure.subplots()
        _draw(figure, axes, total / np.maximum(pairs, 1), label)
        _name(axes, sources, down, colours, vertical=True)
        _name(axes, targets, right, colours, vertical=False)
        axes.set_title(program.name or "connectivity", pad=10.0)
    return figure


@dataclass(frozen=True)
class _Ruler:
    """Where the neurons of several populations lie along one side: ``sizes`` neurons on ``widths`` pixels each."""

    sizes: tuple[int, ...]
    widths: tuple[int, ...]

    @staticmethod
    def of(sizes: Sequence[int]) -> _Ruler:
        scale = min(1.0, PIXELS / max(sum(sizes), 1))
        return _Ruler(tuple(sizes), tuple(max(round(size * scale), min(size, FEWEST_PIXELS)) for size in sizes))

    @property
    def pixels(self) -> int:
        return sum(self.widths)

    @property
    def edges(self) -> list[int]:
        return [0, *np.cumsum(self.widths).tolist()]

    def places(self, k: int) -> IntArray:
        """(N,) the pixel of each neuron of population k."""
        return self.edges[k] + np.arange(self.sizes[k]) * self.widths[k] // self.sizes[k]

    def neurons(self) -> FloatArray:
        """(pixels,) how many neurons share a pixel."""
        every = np.concatenate([self.places(k) for k in range(len(self.sizes))])
        return np.bincount(every, minlength=self.pixels).astype(np.float64)


def _program(network: Network | Program, dt: Quantity) -> Program:
    given: object = network
    if isinstance(given, Program):
        return given
    if not isinstance(given, Network):
        raise ParameterError(f"needs a Network or a Program, got a {type(given).__name__}", where="connectivity")
    return lower(given, dt, dt=dt)


def _chosen(program: Program, of: Iterable[str] | str | None) -> list[Pathway]:
    known = {pathway.name: pathway for pathway in program.pathways}
    if of is None:
        blocks = {block.name for block in program.blocks}
        between = [pathway for pathway in program.pathways if pathway.source in blocks]
        chosen = between or list(program.pathways)
    else:
        names = [of] if isinstance(of, str) else list(of)
        for name in names:
            if name not in known:
                raise ParameterError(f"there is no projection '{name}'{did_you_mean(str(name), known)}", where="connectivity")
        chosen = [known[name] for name in names]
    if not chosen:
        raise ParameterError("there are no projections to draw", where="connectivity")
    synapses = sum(expected_count(pathway.wiring) for pathway in chosen)
    if synapses > MOST_SYNAPSES:
        hint = 'Name some projections, as in of="exc -> exc", or draw a smaller network; indegrees(network) needs no wiring.'
        raise ParameterError(f"{synapses:,} synapses are too many to be drawn one by one", where="connectivity", hint=hint)
    return chosen


def _unit(program: Program, pathway: Pathway) -> str | None:
    return next((weights.unit for weights in program.weights if weights.name == pathway.weights), None)


def _image(
    program: Program, pathway: Pathway, down: IntArray, right: IntArray, shape: tuple[int, ...], weighted: bool
) -> FloatArray:
    """The sum of the weights in each pixel, or the number of synapses with their sign."""
    total = np.zeros(shape[0] * shape[1])
    vector = next((weights for weights in program.weights if weights.name == pathway.weights), None)
    shared = pathway.index is not None or (vector is not None and isinstance(vector.values, np.ndarray))
    entries = weight_values(program, vector) if vector is not None and shared else np.zeros(0)
    seen = 0
    for edges in rows(pathway.wiring):
        if vector is None:
            values = np.ones(len(edges))
        elif shared:
            index = np.arange(seen, seen + len(edges)) if pathway.index is None else weight_index(program, pathway, edges)
            values = pathway.factor * entries[index[seen : seen + len(edges)] if isinstance(pathway.index, np.ndarray) else index]
        else:
            values = pathway.factor * values_of(vector.values, edges)
        seen += len(edges)
        values = values if weighted else np.sign(values)
        total += np.bincount(down[edges.pre] * shape[1] + right[edges.post], values, total.size)
    return total.reshape(shape)


def _label(weighted: bool, shared: bool, unit: str | None) -> str:
    if not weighted or unit is None:
        return "synapses per pair" if shared else "synapses"
    return f"{'mean ' if shared else ''}weight of a pair{f' [{unit}]' if unit != '1' else ''}"


# ---- what is drawn -------------------------------------------------------------------------------------------------------
def _signed_root(values: Any) -> Any:
    """Shows weak and strong weights of both signs in one picture."""
    return np.sign(values) * np.sqrt(np.abs(values))


def _signed_square(values: Any) -> Any:
    return np.sign(values) * np.square(values)


def _draw(figure: Figure, axes: Axes, values: FloatArray, label: str) -> None:
    reach = float(np.abs(values).max()) or 1.0
    known = values[values != 0.0]
    low, high = (-reach if known.size and known.min() < 0 else 0.0), (reach if not known.size or known.max() > 0 else 0.0)
    stops = [(0.0, "#FFFFFF"), (1.0, POSITIVE)]
    if low < 0.0:
        stops = [(0.0, NEGATIVE), (0.5, "#FFFFFF"), (1.0, POSITIVE)] if high > 0.0 else [(0.0, NEGATIVE), (1.0, "#FFFFFF")]
    ramp = LinearSegmentedColormap.from_list("signed", stops)
    image = axes.imshow(values, cmap=ramp, norm=FuncNorm((_signed_root, _signed_square), low, high), interpolation="none", aspect="auto")
    bar = figure.colorbar(image, ax=axes, pad=0.02, aspect=32, fraction=0.05)
    bar.set_label(label)
    bar.outline.set_visible(False)
    bar.ax.locator_params(nbins=5)
    for spine in axes.spines.values():
        spine.set(visible=True, color=FAINT, linewidth=0.7)


def _name(axes: Axes, names: Sequence[str], ruler: _Ruler, colours: Any, *, vertical: bool) -> None:
    """Names at the middle of their populations, thin lines between these."""
    edges = np.array(ruler.edges, np.float64) - 0.5
    middles = 0.5 * (edges[1:] + edges[:-1])
    many = not vertical and max(len(name) for name in names) * len(names) > 60
    axis = axes.yaxis if vertical else axes.xaxis
    axis.set_ticks(middles, [f"{name}" for name in names], rotation=90 if many else 0)
    axis.set_tick_params(length=0)
    for tick, name in zip(axis.get_ticklabels(), names):
        tick.set(color=darker(colours[name]), fontweight="bold")
    for edge in edges[1:-1]:
        (axes.axhline if vertical else axes.axvline)(edge, color=FAINT, linewidth=0.5)
    (axes.set_ylabel if vertical else axes.set_xlabel)("from" if vertical else "to")


# ---- populations ---------------------------------------------------------------------------------------------------------
def indegrees(network: Network | Description) -> Figure:
    """How many synapses a neuron of each population receives from each part, as a table in colour; needs no wiring.

    Parameters
    ----------
    network : Network or Description
        Of any size, also as the file of a result remembers it (``result.provenance.description``).

    Raises
    ------
    ParameterError
        If it is none, or has no projections.
    """
    given: object = network
    if not isinstance(given, Network | Description):
        raise ParameterError(f"needs a Network, got a {type(network).__name__}", where="indegrees")
    words = description_of(network) if isinstance(network, Network) else network
    if not words.projections:
        raise ParameterError("there are no projections to draw", where="indegrees")
    sizes = {part.name: part.size for part in words.parts}
    colours = {name: PALETTE[k % len(PALETTE)] for k, name in enumerate(sorted(sizes, key=lambda name: _kind(words, name) != "population"))}
    sources = [name for name in sizes if any(p.source == name and p.connectivity != "one_to_one()" for p in words.projections)] or list(sizes)
    targets = [name for name in sizes if any(p.target == name for p in words.projections)]
    numbers, unknown = np.zeros((len(targets), len(sources))), np.zeros((len(targets), len(sources)), bool)
    for projection in words.projections:
        if projection.source in sources:
            place = targets.index(projection.target), sources.index(projection.source)
            unknown[place] |= projection.synapses is None
            numbers[place] += (-1 if projection.negative else 1) * (projection.synapses or 0) / max(sizes[projection.target], 1)
    with house_style():
        figure = new_figure(min(2.2 + 0.62 * len(sources), WIDTH + 2.0), 1.2 + 0.36 * len(targets))
        axes = figure.subplots()
        _draw(figure, axes, numbers, "synapses per target neuron, negative: inhibitory")
        for (row, column), number in np.ndenumerate(numbers):
            text = "?" if unknown[row, column] else f"{abs(number):,.0f}" if abs(number) >= 10 else f"{abs(number):.2g}" if number else ""
            strong = abs(number) > 0.35 * np.abs(numbers).max()
            axes.text(column, row, text, ha="center", va="center", fontsize=7.0, color="white" if strong else INK)
        for axis, names in ((axes.xaxis, sources), (axes.yaxis, targets)):
            axis.set_ticks(range(len(names)), names, rotation=90 if axis is axes.xaxis and max(map(len, names)) > 6 else 0)
            axis.set_tick_params(length=0)
            for tick, name in zip(axis.get_ticklabels(), names):
                tick.set(color=darker(colours[name]), fontweight="bold")
        axes.set_xlabel("from")
        axes.set_ylabel("to")
        axes.set_title(words.name or "synapses")
    return figure


def _kind(words: Description, name: str) -> str:
    return next(part.kind for part in words.parts if part.name == name)

"""Groups of neurons on neuro-cores, under every limit of a core; what binds, and where the cores lie on the mesh of a chip.

A group is cut until each piece fits: 'halving' as the makers' compiler does, 'balanced' into the least number of equal pieces that the
scarcest resource allows. Sources outside take no core.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from neurosim.hardware.loihi.limits import Core
from neurosim.hardware.loihi.plan import LoihiPlan, Neurons, Synapses

Array = np.ndarray
WORD = 64
"""Bits of a word of synaptic memory; the unit that a block of synapses is rounded up to."""
SYNAPSES_PER_BLOCK = 64
HEADER_BITS = 10
WEIGHT_WIDTHS = (1, 2, 3, 4, 5, 6, 8)
INDEX_WIDTHS = (6, 7, 8, 9, 10, 11, 12)
DELAY_BITS = 6
TAG_BITS = 8
RESOURCES = ("neurons", "in_axons", "out_axons", "synapse_bits", "configurations", "thresholds")
MOST_PASSES = 64


@dataclass(frozen=True)
class Load:
    """What one core holds: neurons ``start`` ... ``start + neurons - 1`` of a group, and what they need."""

    group: str
    start: int
    neurons: int
    in_axons: int
    out_axons: int
    synapse_bits: int
    configurations: int
    thresholds: int
    synapses: int

    def share(self, core: Core) -> dict[str, float]:
        """Resource -> the share of a core's that is used."""
        return {name: getattr(self, name) / getattr(core, name) for name in RESOURCES}


@dataclass(frozen=True)
class Placement:
    """Loads in the order of the cores they lie on: core k of chip k // cores, tile by tile."""

    core: Core
    loads: tuple[Load, ...]
    method: str

    @property
    def cores(self) -> int:
        """Cores in use."""
        return len(self.loads)

    @property
    def chips(self) -> int:
        """Chips needed."""
        return -(-len(self.loads) // self.core.cores)

    def binding(self) -> str:
        """The resource of which some core uses the largest share."""
        return max(RESOURCES, key=lambda name: max((load.share(self.core)[name] for load in self.loads), default=0.0))

    def utilisation(self) -> dict[str, float]:
        """Resource -> mean share of the cores in use."""
        return {name: float(np.mean([load.share(self.core)[name] for load in self.loads])) if self.loads else 0.0 for name in RESOURCES}

    def place(self, number: int) -> tuple[int, int, int]:
        """(chip, column, row) of the tile of a core; four cores share a tile."""
        chip, within = divmod(number, self.core.cores)
        row, column = divmod(within // 4, self.core.tiles[0])
        return chip, column, row

    def __str__(self) -> str:
        return "\n".join(self.lines())

    def lines(self) -> Iterator[str]:
        """A table for people."""
        plural = "" if self.chips == 1 else "s"
        yield f"{self.cores} cores on {self.chips} chip{plural}; {self.binding().replace('_', ' ')} bind"
        yield "group               cores  neurons  in-axons  out-axons  synaptic memory  configurations"
        for group in dict.fromkeys(load.group for load in self.loads):
            some = [load for load in self.loads if load.group == group]
            most = {name: max(load.share(self.core)[name] for load in some) for name in RESOURCES}
            yield (
                f"{group:18s}  {len(some):5d}  {100 * most['neurons']:6.1f}%  {100 * most['in_axons']:7.1f}%  {100 * most['out_axons']:8.1f}%"
                f"  {100 * most['synapse_bits']:14.1f}%  {100 * max(most['configurations'], most['thresholds']):13.1f}%"
            )
        yield "(the largest share of any core of the group)"


# ---- synaptic memory -------------------------------------------------------------------------------------------------------
def width(value: int, choices: Sequence[int]) -> int:
    """The least width that holds a value; the largest where none does."""
    return next((choice for choice in choices if value <= choice), choices[-1])


def synapse_width(some: Synapses, neurons: int) -> int:
    """Bits of one synapse on a core of so many neurons."""
    bits = width(some.weight_bits, WEIGHT_WIDTHS)
    bits += DELAY_BITS if np.asarray(some.delay).any() else 0
    bits += TAG_BITS if some.learning is not None else 0
    return bits if some.dense else bits + width(max(1, math.ceil(math.log2(max(neurons, 2)))), INDEX_WIDTHS)


def bits_of_axon(synapses: Array, bits: Array | int) -> Array:
    """Memory of axons with so many synapses of so many bits: blocks of up to 64 with a header, in words of 64 bits."""
    blocks, rest = np.divmod(np.asarray(synapses), SYNAPSES_PER_BLOCK)

    def rounded(count: Array | int) -> Array:
        return -(-(HEADER_BITS + np.asarray(count) * bits) // WORD) * WORD

    total: Array = blocks * rounded(SYNAPSES_PER_BLOCK) + np.where(rest > 0, rounded(rest), 0)
    return total


# ---- cutting ---------------------------------------------------------------------------------------------------------------
@dataclass(frozen=True)
class Piece:
    """Neurons ``start`` ... ``stop - 1`` of a group."""

    group: str
    start: int
    stop: int


def distinct(group: Neurons, names: Sequence[str], piece: Piece) -> int:
    """Different sets of values in a piece."""
    columns = [np.broadcast_to(np.asarray(getattr(group, name)), (group.size,))[piece.start : piece.stop] for name in names]
    return len(np.unique(np.stack(columns), axis=1).T) if piece.stop > piece.start else 0


@dataclass(frozen=True)
class Axons:
    """Which neurons reach which pieces: (A,) pairs of ``pre`` and piece ``target``, and how many synapses each has."""

    pre: Array
    target: Array
    synapses: Array


def axons_of(some: Synapses, sources: int, cuts: Array) -> Axons:
    """The axons of a group of synapses, ``cuts``: where the pieces of its targets begin."""
    key = (np.searchsorted(cuts, some.post, side="right") - 1) * np.int64(sources) + some.pre
    found, synapses = np.unique(key, return_counts=True)
    target, pre = np.divmod(found, max(sources, 1))
    return Axons(pre, target, synapses)


def loads_of(plan: LoihiPlan, pieces: Sequence[Piece]) -> list[Load]:
    """What each piece needs; pieces of a group are in order."""
    cuts, numbers = {}, {}
    for group in plan.neurons:
        numbers[group.name] = np.array([k for k, piece in enumerate(pieces) if piece.group == group.name], np.int64)
        cuts[group.name] = np.array([pieces[k].start for k in numbers[group.name].tolist()], np.int64)
    count = len(pieces)
    into, out, bits, synapses = (np.zeros(count, np.int64) for _ in range(4))
    for some in plan.synapses:
        axons = axons_of(some, plan.group(some.source).size, cuts[some.target])
        place = numbers[some.target][axons.target]
        sizes = np.array([piece.stop - piece.start for piece in pieces], np.int64)
        widths = {int(size): synapse_width(some, int(size)) for size in np.unique(sizes[numbers[some.target]])}
        wide = np.array([widths.get(size, 0) for size in sizes.tolist()])[place]
        # A dense group stores its zeros as well.
        stored = bits_of_axon(sizes[place] if some.dense else axons.synapses, wide)
        np.add.at(into, place, 2 if some.learning is not None else 1)
        np.add.at(bits, place, stored)
        np.add.at(synapses, place, axons.synapses)
        if len(numbers[some.source]):
            # A neuron sends once to each core, and kind of synapses there, that it reaches.
            np.add.at(out, numbers[some.source][np.searchsorted(cuts[some.source], axons.pre, side="right") - 1], 1)
    made = []
    for k, piece in enumerate(pieces):
        group = plan.group(piece.group)
        different = distinct(group, ("du", "dv", "refractory"), piece), distinct(group, ("vth",), piece)
        made.append(
            Load(piece.group, piece.start, piece.stop - piece.start, int(into[k]), int(out[k]), int(bits[k]), *different, int(synapses[k]))
        )
    return made


def cut(piece: Piece, parts: int) -> list[Piece]:
    """Equal pieces of a piece."""
    edges = np.linspace(piece.start, piece.stop, parts + 1).round().astype(int)
    return [Piece(piece.group, int(a), int(b)) for a, b in zip(edges, edges[1:], strict=False) if b > a]


def placed(plan: LoihiPlan, core: Core, *, method: str = "balanced") -> Placement:
    """Put a plan on cores.

    Parameters
    ----------
    plan : LoihiPlan
    core : Core
        Of :mod:`neurosim.hardware.loihi.limits`.
    method : {'balanced', 'halving'}
        How groups are cut.

    Returns
    -------
    Placement
        A single neuron that breaks a limit stays on its core and shows a share above 1.
    """
    pieces = [Piece(group.name, 0, group.size) for group in plan.neurons if group.kind != "source"]
    loads = loads_of(plan, pieces)
    for _ in range(MOST_PASSES):
        crowded = [max(load.share(core).values()) for load in loads]
        if all(share <= 1.0 or piece.stop - piece.start == 1 for share, piece in zip(crowded, pieces, strict=True)):
            break
        new: list[Piece] = []
        for share, piece in zip(crowded, pieces, strict=True):
            parts = 1 if share <= 1.0 else 2 if method == "halving" else min(math.ceil(share), piece.stop - piece.start)
            new += cut(piece, max(parts, 2)) if share > 1.0 and piece.stop - piece.start > 1 else [piece]
        pieces = new
        loads = loads_of(plan, pieces)
    return Placement(core, tuple(loads), method)

"""Who comes before whom: the order of blocks within a step, and shifts of time between frameworks."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from neurosim.errors import NetworkError


def integration_order(blocks: Sequence[str], instant: Iterable[tuple[str, str]]) -> tuple[str, ...]:
    """Blocks in an order in which every instant signal is computed before it is read.

    Parameters
    ----------
    blocks : sequence of str
        In the order of the network, which is kept where instant signals leave a choice.
    instant : iterable of (str, str)
        Source and target of each instant projection; sources that are not blocks are ignored.

    Raises
    ------
    NetworkError
        Instant signals form a loop; it is printed.

    Examples
    --------
    >>> integration_order(["error", "hidden", "output"], [("output", "error"), ("hidden", "output")])
    ('hidden', 'output', 'error')
    """
    before: dict[str, list[str]] = {block: [] for block in blocks}
    for source, target in instant:
        if source in before and source not in before[target]:
            before[target].append(source)
    done: dict[str, None] = {}
    path: list[str] = []

    def visit(block: str) -> None:
        if block in done:
            return
        if block in path:
            loop = [*path[path.index(block) :], block][::-1]
            raise NetworkError(
                f"instant signals form a loop: {' -> '.join(loop)}",
                hint="give one of these projections instant=False: it is then seen in the next step",
            )
        path.append(block)
        for source in before[block]:
            visit(source)
        path.pop()
        done[block] = None

    for block in blocks:
        visit(block)
    return tuple(done)


@dataclass(frozen=True)
class Retimed:
    """Steps by which each part lags behind the other framework, and the delay of each edge in ours."""

    shifts: Mapping[str, int]
    delays: tuple[int, ...]


def retime(parts: Sequence[str], edges: Sequence[tuple[str, str, int]], fixed: Iterable[str] = ()) -> Retimed:
    """Least shifts s >= 0 that give every edge a delay d = latency + s[post] - s[pre] - 1 >= 0.

    A framework that passes a stack of layers within one step has edges of latency 0, which no step of ours has: a signal
    of step n is seen in step n + d + 1. Letting each layer lag behind its source makes the two equal but for the shifts.

    Parameters
    ----------
    parts : sequence of str
    edges : sequence of (str, str, int)
        Source, target and latency in steps of the other framework (0: within the same step).
    fixed : iterable of str
        Parts that may not be shifted, such as random sources.

    Returns
    -------
    Retimed

    Raises
    ------
    NetworkError
        There is a loop without latency, or a fixed part would have to be shifted.

    Notes
    -----
    The constraints are those of shortest paths, solved by the method of Bellman and Ford.

    Examples
    --------
    >>> retime(["image", "hidden", "out"], [("image", "hidden", 0), ("hidden", "out", 0), ("out", "out", 1)])
    Retimed(shifts={'image': 0, 'hidden': 1, 'out': 2}, delays=(0, 0, 0))
    """
    shifts = dict.fromkeys(parts, 0)
    cause: dict[str, str] = {}
    for _ in range(len(shifts) + 1):
        changed = False
        for pre, post, latency in edges:
            needed = shifts[pre] + 1 - latency
            if needed > shifts[post]:
                shifts[post], cause[post], changed = needed, pre, True
        if not changed:
            break
    else:
        raise NetworkError(
            f"no shifts in time solve a loop without latency: {' -> '.join(_cycle(cause))}",
            hint="a recurrent connection needs a latency of at least one step for each part it passes",
        )
    for part in fixed:
        if shifts[part]:
            raise NetworkError(
                f"'{part}' would have to start {shifts[part]} steps later, because '{cause[part]}' feeds it without latency"
            )
    delays = tuple(latency + shifts[post] - shifts[pre] - 1 for pre, post, latency in edges)
    return Retimed(shifts, delays)


def _cycle(cause: Mapping[str, str]) -> list[str]:
    """A loop in the map from each part to the one that shifted it last."""
    part = next(iter(cause))
    for _ in cause:
        part = cause.get(part, part)
    loop = [part]
    while cause[loop[-1]] != part:
        loop.append(cause[loop[-1]])
    return [part, *loop[:0:-1], part]

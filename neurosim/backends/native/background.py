"""Poisson sources that drive one to one: counts are drawn where they arrive, and nobody hears of the events."""

from __future__ import annotations

import numpy as np

from neurosim.backends.native.assembly import Draft
from neurosim.backends.native.layout import Background
from neurosim.ir.program import Pathway
from neurosim.ir.random import poisson_thresholds
from neurosim.ir.values import number

Array = np.ndarray


def sum_offset(draft: Draft, pathway: Pathway) -> int:
    """Where the only statement of a pathway adds."""
    place, name = draft.places[pathway.target], pathway.deliver[0].target[:-5]
    return place.ports[name] if name in place.ports else place.additions[name]


def place_backgrounds(draft: Draft, backgrounds: list[tuple[int, Background]]) -> None:
    """Tables of the Poisson sources whose counts are drawn at the target."""
    weights = {w.name: w for w in draft.program.weights}
    rows, streams, values, limits = [], [], [], []
    for k, way in backgrounds:
        thresholds = poisson_thresholds(number(way.source.rate) * draft.program.dt)
        rows.append([sum_offset(draft, way.pathway), way.source.size, round(number(way.pathway.delay))])
        streams.append(way.source.stream)
        values.append(number(weights[way.pathway.weights].values))
        limits.append([t - 1 for t in thresholds])
        draft.made.switches[way.pathway.name] = (k,)
    most = -(-max((len(x) for x in limits), default=4) // 4) * 4
    draft.thresholds = most
    padded = np.array([x + [0xFFFFFFFF] * (most - len(x)) for x in limits], np.uint32).reshape(-1, most)
    tables = []
    for p in range(draft.made.threads):
        cuts = [draft.made.stretches(size)[p] for _, size, _ in rows]
        tables.append([[offset + first, last - first, delay, first] for (offset, _, delay), (first, last) in zip(rows, cuts)])
    draft.made.add_each("X", [np.array(table, np.int64).reshape(-1, 4) for table in tables])
    draft.made.add("X_stream", np.array(streams, np.uint64))
    draft.made.add("X_weight", np.array(values, draft.made.kind))
    draft.made.add("X_limits", padded)
    draft.made.add_each("X_counts", [np.zeros(1024, np.uint8) for _ in tables], True)


def background_text(thresholds: int) -> str:
    """Kernels that draw Poisson counts where they arrive, with so many thresholds.

    The 32-bit mixer of :func:`neurosim.ir.random.bits32` is written out with its keys hoisted, and counts are bytes: so the loop works
    on 32-bit lanes alone.
    """
    names = [f"t{i}" for i in range(thresholds)]
    count = " + ".join(f"(one if x > {name} else zero)" for name in names)
    limits = ", ".join(f"X_limits[row, {i}]" for i in range(thresholds))
    return f"""
@njit(**JIT)
def background_counts(counts, low, high, {", ".join(names)}):
    one, zero = u32(1), u32(0)
    for i in range(counts.shape[0]):
        x = u32(u32(u32(i) * u32(0x9E3779B1)) + low)
        x = u32(u32(x ^ (x >> u32(16))) * u32(0x21F0AAAD))
        x = u32(u32(x ^ (x >> u32(15))) + high)
        x = u32(u32(x ^ (x >> u32(15))) * u32(0xD35A2D97))
        x = u32(x ^ (x >> u32(15)))
        counts[i] = np.uint8({count})


@njit(**JIT)
def background_row(row, on, n, copy, X, X_stream, X_weight, X_limits, X_counts, A):
    keep_apart()
    if on and n >= X[row, 2]:
        key = substream(X_stream[row], n - X[row, 2], copy)
        low, high = u32(key & u64(0xFFFFFFFF)), u32(key >> u64(32))
        place, size = X[row, 0], X[row, 1]
        for first in range(0, size, 1024):
            some = min(1024, size - first)
            counts = cut(X_counts, 0, some)
            background_counts(counts, u32(low + u32(u32(X[row, 3] + first) * u32(0x9E3779B1))), high, {limits})
            add_scaled(cut(A, place + first, some), counts, X_weight[row])
""".strip()

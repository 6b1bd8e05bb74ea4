"""Events of the reference engine: where they come from, when they arrive, whom a postsynaptic spike concerns."""

from __future__ import annotations

import numpy as np

from neurosim.backends.reference_names import Selection
from neurosim.backends.reference_state import Array, Chunk, Edges
from neurosim.ir.program import Source
from neurosim.ir.random import poisson


def poisson_events(source: Source, mean: Array, step: int, copies: Array) -> Array:
    """(B, N) counts of the given mean (scalar, (N,) or (B, N)) as payloads; nan where nothing is sent."""
    rows = [mean if mean.ndim == 0 else np.broadcast_to(mean, (len(copies), source.size))[b] for b in range(len(copies))]
    counts = np.stack([poisson(row, source.stream, step, int(copy), source.size) for row, copy in zip(rows, copies)])
    return np.where(counts > 0, counts, np.nan)


def listed_events(source: Source, step: int, copies: int) -> Array:
    """(B, N) payloads of the listed events of a step; nan where nothing is sent."""
    sent = np.full((copies, source.size), np.nan)
    first, last = np.searchsorted(np.asarray(source.steps), (step, step + 1))
    payloads = np.ones(last - first) if source.payloads is None else np.asarray(source.payloads)[first:last]
    sent[:, np.asarray(source.indices)[first:last]] = payloads
    return sent


def enqueue(edges: Edges, slots: list[list[Chunk]], step: int, copy: Array, source: Array, payload: Array) -> None:
    """Every edge of the sources that fired gets the event, in the slot of the step in which it arrives."""
    first, count = edges.rows[source], edges.rows[source + 1] - edges.rows[source]
    before = np.cumsum(count) - count
    chosen = np.arange(count.sum()) + np.repeat(first - before, count)
    copy, payload = np.repeat(copy, count), np.repeat(payload, count)
    if edges.delay is not None:
        slots[(step + edges.delay) % len(slots)].append((copy, chosen, payload))
        return
    delays = edges.delays[chosen]
    order = np.argsort(delays, kind="stable")
    values, starts = np.unique(delays[order], return_index=True)
    for delay, rows in zip(values, np.split(order, starts[1:])):
        slots[(step + int(delay)) % len(slots)].append((copy[rows], chosen[rows], payload[rows]))


def edges_of_fired(edges: Edges, fired: Array) -> Selection | None:
    """Edges onto the neurons (B, N) that fired in this step, ascending in each copy; None if no neuron fired."""
    if not fired.any():
        return None
    onto = [[edges.by_target[edges.columns[j] : edges.columns[j + 1]] for j in np.flatnonzero(row)] for row in fired]
    chosen = [np.sort(np.concatenate(lists)) if lists else edges.by_target[:0] for lists in onto]
    return Selection(np.repeat(np.arange(len(chosen)), [len(row) for row in chosen]), np.concatenate(chosen))

"""Events: who fired, cursors into streams, delivery, records."""

import numpy as np
from numba import njit

from neurosim.backends.native.kernels.processor import JIT, cut, header, keep_apart, prefetch


# ---- kernels --------------------------------------------------------------------------------------------------------
@njit(**JIT)
def raised(flag):
    """Whether any of these bytes is not 0, as 1 or 0."""
    some = np.uint8(0)
    for k in range(flag.shape[0]):
        some = np.uint8(some | flag[k])
    return 1 if some else 0


@njit(**JIT)
def collect(flag, size, first, out):
    """Indices of raised flags, ascending, counted from ``first``; flags are padded to a multiple of 64."""
    found = 0
    for base in range(0, size, 64):
        some = np.uint8(0)
        for k in range(base, base + 64):
            some |= flag[k]
        if some:
            for k in range(base, min(base + 64, size)):
                if flag[k]:
                    out[found] = first + k
                    found += 1
    return found


@njit(**JIT)
def first_due(k, table):
    """The first step of the phase, from k on, that is one of those of a table (every, at, since)."""
    first = max(k, table[2])
    return first + (table[1] - first) % table[0]


@njit(**JIT)
def all_found(found, parts, threads):
    """Events of this step over all threads: the last of each thread's ``parts`` + 1 numbers."""
    total = found[parts]
    for p in range(1, threads):
        total += found[p * (parts + 1) + parts]
    return total


@njit(**JIT)
def crowded(Q, row, cursor):
    """Whether the events of two more steps might not fit into a queue."""
    return Q[row, 2] - Q[row, 0] + 2 * Q[row, 5] > cursor.shape[0]


@njit(**JIT)
def enter(Q, row, n, ids, found, cuts, part, start, cursor, added):
    """The events of this step become cursors, ascending.

    ``found`` (threads * (parts + 1)) events lie from ``cuts`` (parts, threads) on in ``ids``: one stretch per thread that detects.
    """
    keep_apart()
    mask, columns = cursor.shape[0] - 1, cuts.shape[0] + 1
    tail = Q[row, 2]
    for p in range(cuts.shape[1]):
        for z in range(cuts[part, p], cuts[part, p] + found[p * columns + part]):
            cursor[tail & mask] = start[ids[z]]
            tail += 1
    added[n & (added.shape[0] - 1)] = tail - Q[row, 2]
    Q[row, 2] = tail


@njit(**JIT)
def enter_payload(Q, row, n, ids, values, found, cuts, part, start, cursor, payload, added):
    """As :func:`enter`, with payloads."""
    keep_apart()
    mask, columns = cursor.shape[0] - 1, cuts.shape[0] + 1
    tail = Q[row, 2]
    for p in range(cuts.shape[1]):
        for z in range(cuts[part, p], cuts[part, p] + found[p * columns + part]):
            payload[tail & mask] = values[z]
            tail += 1
    enter(Q, row, n, ids, found, cuts, part, start, cursor, added)


@njit(**JIT)
def sum_up(count):
    """The last number becomes the sum of the others."""
    last = count.shape[0] - 1
    count[last] = 0
    for part in range(last):
        count[last] += count[part]


@njit(**JIT)
def find_events(blocks, G, P, E, ids, count):
    """Phase 3: who fired, in this thread's stretch of every block; rows are (place, size, padded size, with payload, first neuron).

    The last number of ``count`` becomes the sum of the others, those of sources included.
    """
    keep_apart()
    for b in range(blocks.shape[0]):
        place, size, padded, first = blocks[b, 0], blocks[b, 1], blocks[b, 2], blocks[b, 4]
        count[b] = collect(cut(G, place, padded), size, first, cut(ids, place, size))
        if blocks[b, 3]:
            for z in range(place, place + count[b]):
                E[z] = P[place - first + ids[z]]
    sum_up(count)


@njit(**JIT)
def find_nothing(blocks, count):
    """As :func:`find_events` where no neuron fired: only sources have events."""
    for b in range(blocks.shape[0]):
        count[b] = 0
    sum_up(count)


@njit(**JIT)
def deliver_weights(target, weight, cursor, Q, row, into):
    """Every live cursor delivers its next bucket: into[target] += weight."""
    keep_apart()
    mask = cursor.shape[0] - 1
    for a in range(Q[row, 0], Q[row, 1]):
        c = cursor[a & mask]
        m = header(target, c)
        c += 1
        for k in range(c, c + m):
            into[target[k]] += weight[k]
        cursor[a & mask] = c + m
        ahead = cursor[(a + 4) & mask]
        for k in range(ahead, ahead + m + 8, 16):
            prefetch(target, k)
            prefetch(weight, k)


@njit(**JIT)
def deliver_constant(target, weight, cursor, Q, row, into):
    """As above with one weight for all."""
    keep_apart()
    mask = cursor.shape[0] - 1
    for a in range(Q[row, 0], Q[row, 1]):
        c = cursor[a & mask]
        m = header(target, c)
        c += 1
        for k in range(c, c + m):
            into[target[k]] += weight
        cursor[a & mask] = c + m
        ahead = cursor[(a + 4) & mask]
        for k in range(ahead, ahead + m + 16, 32):
            prefetch(target, k)


@njit(**JIT)
def deliver_weights_payload(target, weight, cursor, payload, Q, row, into):
    """into[target] += weight * payload."""
    keep_apart()
    mask = cursor.shape[0] - 1
    for a in range(Q[row, 0], Q[row, 1]):
        c = cursor[a & mask]
        x = payload[a & mask]
        m = header(target, c)
        c += 1
        for k in range(c, c + m):
            into[target[k]] += weight[k] * x
        cursor[a & mask] = c + m


@njit(**JIT)
def deliver_constant_payload(target, weight, cursor, payload, Q, row, into):
    """into[target] += weight * payload with one weight for all."""
    keep_apart()
    mask = cursor.shape[0] - 1
    for a in range(Q[row, 0], Q[row, 1]):
        c = cursor[a & mask]
        x = weight * payload[a & mask]
        m = header(target, c)
        c += 1
        for k in range(c, c + m):
            into[target[k]] += x
        cursor[a & mask] = c + m


@njit(**JIT)
def add_scaled(into, counts, weight):
    """into += weight * counts."""
    for i in range(into.shape[0]):
        into[i] += weight * counts[i]


@njit(**JIT)
def take(out, values):
    """Copy all values into a row of a record."""
    keep_apart()
    for i in range(values.shape[0]):
        out[i] = values[i]


@njit(**JIT)
def take_some(out, values, of):
    """Copy chosen values into a row of a record."""
    keep_apart()
    for i in range(of.shape[0]):
        out[i] = values[of[i]]


@njit(**JIT)
def add_some(out, values, of):
    """Add chosen values to a running sum."""
    keep_apart()
    for i in range(of.shape[0]):
        out[i] += values[of[i]]


@njit(**JIT)
def mean_row(out, total, count):
    """A row of means; the sum begins anew."""
    keep_apart()
    for i in range(total.shape[0]):
        out[i] = total[i] / count
        total[i] = 0.0


@njit(**JIT)
def count_sum(out, counts):
    """Sum of counts as one value."""
    keep_apart()
    total = 0.0
    for i in range(counts.shape[0]):
        total += counts[i]
    out[0] = total


@njit(**JIT)
def add_counts(counts, ids):
    """One more event for each of the ids."""
    keep_apart()
    for z in range(ids.shape[0]):
        counts[ids[z]] += 1


@njit(**JIT)
def positive(counts, ids, payloads):
    """Events of the sources whose count is positive."""
    keep_apart()
    found = 0
    for i in range(counts.shape[0]):
        if counts[i] > 0:
            ids[found] = i
            payloads[found] = counts[i]
            found += 1
    return found


@njit(**JIT)
def listed(steps, indices, values, position, n, ids, payloads):
    """Events of step n of a list sorted by step; ``position`` is where the list stands."""
    keep_apart()
    found = 0
    at = position[0]
    while at < steps.shape[0] and steps[at] < n:
        at += 1
    while at < steps.shape[0] and steps[at] == n:
        ids[found] = indices[at]
        payloads[found] = values[at]
        found += 1
        at += 1
    position[0] = at
    return found


@njit(**JIT)
def note_events(events, count, ids, values, rec, rec_step, rec_id, rec_payload, n):
    """Record this thread's events: rows of ``events`` are (part, place, keep, with payload, base of the part)."""
    keep_apart()
    at = rec[0]
    for row in range(events.shape[0]):
        if events[row, 2]:
            place = events[row, 1]
            for z in range(place, place + count[events[row, 0]]):
                rec_step[at] = n
                rec_id[at] = events[row, 4] + ids[z]
                if events[row, 3]:
                    rec_payload[at] = values[z]
                at += 1
    rec[0] = at


@njit(**JIT)
def skip(target, cursor, Q, row):
    """Live cursors move past their present bucket."""
    keep_apart()
    mask = cursor.shape[0] - 1
    for a in range(Q[row, 0], Q[row, 1]):
        c = cursor[a & mask]
        cursor[a & mask] = c + 1 + header(target, c)


@njit(**JIT)
def gathered(weights, index, factor, edges):
    """Weights of all edges."""
    keep_apart()
    out = np.empty(edges, weights.dtype)
    for e in range(edges):
        out[e] = factor * weights[index[e]]
    return out

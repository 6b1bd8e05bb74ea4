"""The integer step of :mod:`neurosim.hardware.loihi.plan`, compiled: neurons in vector loops, synapses event by event.

All sums are 32-bit integers that wrap around as the chip's do, so neither the order of events nor of additions matters. Positions of
neurons: groups begin at multiples of ``codes.ALIGN``, so that eight flags are looked at as one number.
"""

from __future__ import annotations

import numpy as np
from numba import njit

from neurosim.hardware.loihi.codes import ADAPTIVE, DELAYED, DENSE, HELD, LIF, RECTIFIED, SOURCE, TERNARY

BUILT_ON = "2a2688968b1e"
"""Digest of the files it is built of: what is compiled from here is kept by the date of this file."""

WRAP, TURN, TOP = 1 << 23, 1 << 24, (1 << 23) - 1


@njit(cache=True, nogil=True)
def scaled(x, k):
    """T(x, k) = sign(x) floor(abs(x) k / 4096) for abs(x) up to 2**23 and k up to 4096, in 32 bits."""
    sign = np.int32(x >> np.int32(31))
    x = np.int32(np.int32(x ^ sign) - sign)
    x = np.int32(np.int32(np.int32(x >> np.int32(12)) * k) + np.int32(np.int32(np.int32(x & np.int32(4095)) * k) >> np.int32(12)))
    return np.int32(np.int32(x ^ sign) - sign)


@njit(cache=True, nogil=True)
def wrapped(x):
    """One turn into (-2**23, 2**23]."""
    y = np.int32(x - np.int32(TURN)) if x > np.int32(WRAP) else x
    return np.int32(x + np.int32(TURN)) if y <= np.int32(-WRAP) else y


@njit(cache=True, nogil=True)
def clipped(x):
    """Into +-(2**23 - 1)."""
    x = np.int32(TOP) if x > np.int32(TOP) else x
    return np.int32(-TOP) if x < np.int32(-TOP) else x


@njit(cache=True, nogil=True)
def advance_lif(arriving, u, v, keep_u, keep_v, bias, vth, flags):
    """One step of neurons that are never held; ``flags`` says who fired."""
    for i in range(u.size):
        u[i] = wrapped(np.int32(scaled(u[i], keep_u[i]) + np.int32(arriving[i] << np.int32(6))))
        arriving[i] = np.int32(0)
        x = clipped(np.int32(np.int32(scaled(v[i], keep_v[i]) + u[i]) + bias[i]))
        fires = x > vth[i]
        flags[i] = np.uint8(fires)
        v[i] = np.int32(0) if fires else x


@njit(cache=True, nogil=True)
def advance_held(arriving, u, v, keep_u, keep_v, bias, vth, flags, free_at, hold, step):
    """One step of neurons that keep v, and do not fire, until the step ``free_at``."""
    for i in range(u.size):
        u[i] = wrapped(np.int32(scaled(u[i], keep_u[i]) + np.int32(arriving[i] << np.int32(6))))
        arriving[i] = np.int32(0)
        x = clipped(np.int32(np.int32(scaled(v[i], keep_v[i]) + u[i]) + bias[i]))
        free = step >= free_at[i]
        fires = free & (x > vth[i])
        flags[i] = np.uint8(fires)
        v[i] = np.int32(0) if fires else (x if free else v[i])
        free_at[i] = np.int32(step + hold[i]) if fires else free_at[i]


@njit(cache=True, nogil=True)
def collect(flags, start, size, found, payload, k):
    """Append the neurons whose flag is set, eight flags at a time."""
    eight = flags[start : start + (size + 7) // 8 * 8].view(np.uint64)
    for block in range(eight.size):
        if eight[block]:
            first = start + 8 * block
            for i in range(first, first + 8):
                if flags[i]:
                    found[k] = i
                    payload[k] = 1
                    k += 1
    return k


@njit(cache=True, nogil=True)
def advance_ternary(start, size, arriving, u, v, keep_u, keep_v, bias, vth, low, found, payload, k):
    """One step of neurons that send +1 above a threshold and -1 below another."""
    for i in range(start, start + size):
        u[i] = wrapped(np.int32(scaled(u[i], keep_u[i]) + np.int32(arriving[i] << np.int32(6))))
        arriving[i] = np.int32(0)
        v[i] = clipped(np.int32(np.int32(scaled(v[i], keep_v[i]) + u[i]) + bias[i]))
        sign = np.int32(v[i] > vth[i]) - np.int32(v[i] < low[i])
        if v[i] > vth[i] or v[i] < low[i]:
            v[i] = np.int32(0)
        if sign != 0:
            found[k] = i
            payload[k] = sign
            k += 1
    return k


@njit(cache=True, nogil=True)
def advance_adaptive(start, size, arriving, u, v, keep_u, keep_v, bias, theta, theta_start, theta_step, keep_theta, r, keep_r, found, payload, k):
    """One step of neurons whose threshold and refractory state jump with each spike; v is not reset."""
    for i in range(start, start + size):
        u[i] = wrapped(np.int32(scaled(u[i], keep_u[i]) + np.int32(arriving[i] << np.int32(6))))
        arriving[i] = np.int32(0)
        v[i] = clipped(np.int32(np.int32(scaled(v[i], keep_v[i]) + u[i]) + bias[i]))
        theta[i] = np.int32(toward_zero(theta[i] - theta_start[i], keep_theta[i]) + theta_start[i])
        r[i] = np.int32(toward_zero(r[i], keep_r[i]))
        if np.int32(v[i] - r[i]) >= theta[i]:
            r[i] = np.int32(r[i] + np.int32(2) * theta[i])
            theta[i] = np.int32(theta[i] + theta_step[i])
            found[k] = i
            payload[k] = 1
            k += 1
    return k


@njit(cache=True, nogil=True)
def toward_zero(x, k):
    """The same as :func:`scaled` for numbers of any size: these states are not limited to 24 bits."""
    product = np.int64(x) * np.int64(k)
    return (abs(product) >> 12) * (1 if product >= 0 else -1)


@njit(cache=True, nogil=True)
def advance_graded(start, size, arriving, v, vth, rectified, found, payload, k):
    """Neurons that send the sum of what arrived, where its size (or, rectified, itself) is above vth."""
    for i in range(start, start + size):
        x = np.int32(v[i] + arriving[i])
        arriving[i] = np.int32(0)
        v[i] = np.int32(0)
        if x > vth[i] or (not rectified and -x > vth[i]):
            found[k] = i
            payload[k] = x
            k += 1
    return k


@njit(cache=True, nogil=True)
def deliver_dense(row, weights, found, payload, first, last, base, graded):
    """Add the full rows of the neurons that fired."""
    size = row.size
    for j in range(first, last):
        begin = (found[j] - base) * size
        chosen = weights[begin : begin + size]
        if graded:
            factor = payload[j]
            for i in range(size):
                row[i] += np.int32(np.int32(chosen[i]) * factor)
        else:
            for i in range(size):
                row[i] += np.int32(chosen[i])


@njit(cache=True, nogil=True)
def deliver_sparse(row, rows, targets, weights, found, payload, first, last, base, graded):
    """Add the sparse rows of the neurons that fired; a place without a sign needs no second look at whether it is negative."""
    for j in range(first, last):
        source = found[j] - base
        factor = payload[j] if graded else np.int32(1)
        for edge in range(rows[source], rows[source + 1]):
            row[np.uint64(targets[edge])] += np.int32(np.int32(weights[edge]) * factor)


@njit(cache=True, nogil=True)
def deliver_delayed(flat, begin, rows, offsets, weights, found, payload, first, last, base, graded):
    """Add rows whose synapses have delays of their own; ``offsets`` count from ``begin`` and go on at the start of the ring."""
    limit = flat.size
    for j in range(first, last):
        source = found[j] - base
        factor = payload[j] if graded else np.int32(1)
        for edge in range(rows[source], rows[source + 1]):
            place = begin + offsets[edge]
            place = place - limit if place >= limit else place
            flat[np.uint64(place)] += np.int32(np.int32(weights[edge]) * factor)


@njit(cache=True, nogil=True)
def deliver_shifted(ring, scratch, start, size, head, right, delay):
    """Add sums of weights, shifted right as a whole, to the slot they belong to; ``delay`` -1: to every slot."""
    depth = ring.shape[0]
    for slot in range(depth if delay < 0 else 1):
        place = head + (slot if delay < 0 else delay)
        place = place - depth if place >= depth else place
        for i in range(size):
            ring[place, start + i] += np.int32(scratch[slot, i] >> right)
            scratch[slot, i] = np.int32(0)


@njit(cache=True, nogil=True)
def run(
    first_step, steps, kinds, starts, sizes, resets, reset_at,
    u, v, keep_u, keep_v, bias, vth, low, hold, free_at, theta, theta_start, theta_step, keep_theta, r, keep_r,
    flags, found, payload, first_found, ring, scratch, head,
    event_begin, event_index, event_payload,
    synapse_kind, synapse_source, synapse_target, synapse_shift, synapse_delay, synapse_graded,
    row_begin, rows, edge_begin, targets, weights, delays,
    spike_step, spike_index, spike_payload, spikes, counts,
    column_begin, columns, column_of_v, every, at, values, value_at,
):  # fmt: skip
    """Run up to ``steps`` steps; stops early where the next step might not fit into the buffers. Returns the steps done.

    ``delays``: of synapses with delays of their own, as places in the ring (or in the scratch, where a sum will be shifted right).
    ``head``, ``spikes``, ``value_at`` are arrays of one number that change; ``found``, ``payload``, ``first_found`` are those of the
    last step when it returns.
    """
    depth = ring.shape[0]
    groups = kinds.size
    for done in range(steps):
        if spikes[0] + found.size > spike_step.size and spike_step.size:
            return done
        if value_at[0] + columns.size > values.size and values.size:
            return done
        step = first_step + done
        row = ring[head[0]]
        k = 0
        for g in range(groups):
            first_found[g] = k
            a, b = starts[g], starts[g] + sizes[g]
            if resets[g] > 0 and (step + 1) % resets[g] == reset_at[g]:
                u[a:b] = 0
                v[a:b] = 0
            if kinds[g] == LIF:
                advance_lif(row[a:b], u[a:b], v[a:b], keep_u[a:b], keep_v[a:b], bias[a:b], vth[a:b], flags[a:b])
                k = collect(flags, a, sizes[g], found, payload, k)
            elif kinds[g] == HELD:
                advance_held(
                    row[a:b], u[a:b], v[a:b], keep_u[a:b], keep_v[a:b], bias[a:b], vth[a:b], flags[a:b], free_at[a:b], hold[a:b], np.int32(step)
                )
                k = collect(flags, a, sizes[g], found, payload, k)
            elif kinds[g] == TERNARY:
                k = advance_ternary(a, sizes[g], row, u, v, keep_u, keep_v, bias, vth, low, found, payload, k)
            elif kinds[g] == ADAPTIVE:
                k = advance_adaptive(
                    a, sizes[g], row, u, v, keep_u, keep_v, bias, theta, theta_start, theta_step, keep_theta, r, keep_r, found, payload, k
                )
            elif kinds[g] == SOURCE:
                for event in range(event_begin[g, step], event_begin[g, step + 1]):
                    found[k] = a + event_index[event]
                    payload[k] = event_payload[event]
                    k += 1
            else:
                k = advance_graded(a, sizes[g], row, v, vth, kinds[g] == RECTIFIED, found, payload, k)
        first_found[groups] = k
        head[0] = head[0] + 1 if head[0] + 1 < depth else 0
        for q in range(synapse_kind.size):
            source, target = synapse_source[q], synapse_target[q]
            first, last = first_found[source], first_found[source + 1]
            if first == last:
                continue
            base, start, size, graded, right = starts[source], starts[target], sizes[target], synapse_graded[q], synapse_shift[q]
            own = rows[row_begin[q] : row_begin[q + 1]]
            some = weights[edge_begin[q] : edge_begin[q + 1]]
            if synapse_kind[q] == DELAYED:
                offsets = delays[edge_begin[q] : edge_begin[q + 1]]
                if right:
                    deliver_delayed(scratch.reshape(-1), 0, own, offsets, some, found, payload, first, last, base, graded)
                    deliver_shifted(ring, scratch, start, size, head[0], right, -1)
                else:
                    begin = head[0] * ring.shape[1] + start
                    deliver_delayed(ring.reshape(-1), begin, own, offsets, some, found, payload, first, last, base, graded)
                continue
            slot = head[0] + synapse_delay[q]
            slot = slot - depth if slot >= depth else slot
            into = scratch[0, :size] if right else ring[slot, start : start + size]
            if synapse_kind[q] == DENSE:
                deliver_dense(into, some, found, payload, first, last, base, graded)
            else:
                deliver_sparse(into, own, targets[edge_begin[q] : edge_begin[q + 1]], some, found, payload, first, last, base, graded)
            if right:
                deliver_shifted(ring, scratch, start, size, head[0], right, synapse_delay[q])
        if spike_step.size:
            place = spikes[0]
            for j in range(k):
                spike_step[place + j] = step
                spike_index[place + j] = found[j]
                spike_payload[place + j] = payload[j]
            spikes[0] = place + k
        if counts.size:
            for j in range(k):
                counts[found[j]] += 1
        for c in range(every.size):
            if step % every[c] == at[c]:
                place = value_at[0]
                for column in range(column_begin[c], column_begin[c + 1]):
                    values[place] = v[columns[column]] if column_of_v[column] else u[columns[column]]
                    place += 1
                value_at[0] = place
    return steps


@njit(cache=True, nogil=True)
def run_items(
    first, last, steps,
    u, initial_u, v, initial_v, theta, initial_theta, r, initial_r, free_at, initial_free_at, ring, initial_ring,
    event_begin, all_events, counts, total, wanted, found, columns, of_v, values, arguments,
):  # fmt: skip
    """Run items ``first`` ... ``last - 1`` of so many steps each, from the initial state; ``arguments`` are those of :func:`run`.

    ``all_events``: ``event_begin`` of all items in a row, of which each gets its part; ``wanted``: neurons whose spikes go into a row
    of ``found``; ``columns``: neurons whose v, or u, goes into a row of ``values``.
    """
    for item in range(first, last):
        u[:] = initial_u
        v[:] = initial_v
        theta[:] = initial_theta
        r[:] = initial_r
        free_at[:] = initial_free_at
        ring[:] = initial_ring
        event_begin[:] = all_events[:, item * steps : (item + 1) * steps + 1]
        counts[:] = 0
        run(0, steps, *arguments)
        total += counts
        for k in range(wanted.size):
            found[item, k] = counts[wanted[k]]
        for k in range(columns.size):
            values[item, k] = v[columns[k]] if of_v[k] else u[columns[k]]

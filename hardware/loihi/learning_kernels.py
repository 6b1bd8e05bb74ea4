"""The learning engine of :mod:`neurosim.hardware.loihi.learning`, compiled: only synapses that can change are looked at.

At the end of an epoch a synapse changes where its source fired (x0), its target fired (y0), or all are due (u). Those are listed, some
thousand at a time, and every product of the rule is one pass of 32-bit integers over the list. Traces have a value for each step of the
epoch, because a product reads them in the step of a spike.
"""

from __future__ import annotations

import numpy as np
from numba import njit

from neurosim.hardware.loihi import kernels
from neurosim.hardware.loihi.learning_codes import (
    ACCUMULATOR_HIGH,
    ACCUMULATOR_LOW,
    AGAIN_Y,
    AT_COLUMN,
    AT_EDGE,
    AT_POST,
    AT_PRE,
    AT_SPARSE,
    AT_U,
    AT_X,
    AT_X0,
    AT_Y,
    AT_Y0,
    BY_X0,
    BY_Y0,
    CONSTANT,
    DECAY_X,
    DECAY_Y,
    DELAY_HIGH,
    DENSE,
    DEPENDENCY,
    END,
    EPOCH,
    EVERY,
    FACTORS,
    FACTORS_END,
    FRACTION,
    HIGH,
    HIGHEST,
    IMPULSE_X,
    IMPULSE_Y,
    INDEPENDENT,
    LEFT,
    LOW,
    LOWEST,
    MANTISSA,
    NAME,
    OWN,
    POST,
    PRE,
    PRODUCTS,
    READS_D,
    READS_T,
    RIGHT,
    ROUND,
    SIGN,
    SOURCE,
    SYNAPSES,
    TAG_HIGH,
    TAG_LOW,
    TAGS,
    TARGET,
    THIRD,
    UP,
    X0,
    X1,
    Y0,
    Y1,
    D,
    T,
    W,
)
from neurosim.hardware.loihi.trace_kernels import bits, drive, end_history, note_spikes, of_step, write_history

BUILT_ON = "be4d421d1cfe"
"""Digest of the files it is built of: what is compiled from here is kept by the date of this file."""


# ---- products ------------------------------------------------------------------------------------------------------------
@njit(cache=True, nogil=True)
def multiply(c, values, constant, sign, low, high):
    """c times a factor, in 32 bits."""
    constant, low, high = np.int32(constant), np.int32(low), np.int32(high)
    if sign:
        for k in range(c.size):
            x = np.int32(values[k] + constant)
            c[k] = np.int32(c[k] * np.int32(np.int32(x > 0) - np.int32(x < 0)))
    else:
        for k in range(c.size):
            x = np.int32(values[k] + constant)
            x = low if x < low else x
            c[k] = np.int32(c[k] * (high if x > high else x))


@njit(cache=True, nogil=True)
def accumulate(total, c, right, up):
    """Add a product to the accumulators: shifted, limited, and limited again."""
    right, up = np.int32(right), np.int32(up)
    low, high = np.int32(ACCUMULATOR_LOW), np.int32(ACCUMULATOR_HIGH)
    for k in range(c.size):
        x = np.int32(np.int32(c[k] >> right) << up)
        x = low if x < low else x
        x = np.int32(total[k] + (high if x > high else x))
        x = low if x < low else x
        total[k] = high if x > high else x


@njit(cache=True, nogil=True)
def settle(total, least, most, low, high, independent, shared, stream, edges):
    """Accumulators rounded at random to whole numbers and limited; ``shared``: which fraction is rounded up, where all share a number."""
    least, most, low, high = np.int32(least), np.int32(most), np.int32(low), np.int32(high)
    add = np.int32((1 << FRACTION) - shared)
    for k in range(total.size):
        x = total[k]
        x = least if x < least else x
        x = most if x > most else x
        if independent:
            add = np.int32((1 << FRACTION) - 1 - np.int64(bits(stream, edges[k]) >> np.uint64(64 - FRACTION)))
        x = np.int32(np.int32(x + add) >> np.int32(FRACTION))
        x = low if x < low else x
        total[k] = high if x > high else x


@njit(cache=True, nogil=True)
def change(
    row, count, edges, pre, post, values, traces, total, c, products, factors, reads_at, weights, tags, delay_tags,
    history_x, history_y, fired_x, fired_y, u_holds, shared, stream, step,
):  # fmt: skip
    """Apply the rule of one group of synapses to those listed. Returns whether a tag fell to its lowest value."""
    size_x, size_y, length, left = row[PRE], row[POST], row[EPOCH] + 1, row[LEFT]
    edges, pre, post = edges[:count], pre[:count], post[:count]
    total, c = total[:count], c[:count]
    w, x0, y0 = values[W, :count], values[X0, :count], values[Y0, :count]
    for k in range(count):
        w[k] = np.int32(weights[edges[k]]) >> np.int32(left)
        x0[k] = np.int32(fired_x[pre[k]] > 0)
        y0[k] = np.int32(fired_y[post[k]] > 0)
    if row[READS_D]:
        for k in range(count):
            values[D, k] = delay_tags[edges[k]]
    if row[READS_T]:
        for k in range(count):
            values[T, k] = tags[edges[k]]
    for dependency in range(3):
        for trace in range(5):
            if reads_at[dependency, trace]:
                of_x = trace < Y1
                own, size = (pre, size_x) if of_x else (post, size_y)
                begin = (trace if of_x else trace - Y1) * length * size
                history = history_x if of_x else history_y
                into = traces[dependency * 5 + trace]
                for k in range(count):
                    t = fired_x[pre[k]] if dependency == AT_X0 else fired_y[post[k]] if dependency == AT_Y0 else length - 1
                    into[k] = history[begin + t * size + own[k]]
    lowest = False
    for target in range(3):
        first, last = row[PRODUCTS + target], row[PRODUCTS + target + 1]
        if first == last:
            continue
        old = values[W + target, :count]
        for k in range(count):
            total[k] = np.int32(old[k] << np.int32(FRACTION))
        for p in range(first, last):
            product = products[p]
            dependency = product[DEPENDENCY]
            mantissa = np.int32(product[MANTISSA])
            if dependency == AT_U:
                c[:] = mantissa if u_holds else np.int32(0)
            else:
                on = x0 if dependency == AT_X0 else y0
                for k in range(count):
                    c[k] = np.int32(on[k] * mantissa)
            for f in range(product[FACTORS], product[FACTORS_END]):
                factor = factors[f]
                name = factor[NAME]
                source = traces[dependency * 5 + name, :count] if name < W else values[name, :count]
                multiply(c, source, factor[CONSTANT], factor[SIGN], factor[LOW], factor[HIGH])
            accumulate(total, c, product[RIGHT], product[UP])
        purpose = of_step(stream, step, 15 + target)
        if target == 0:
            least = 0 if row[LOWEST] == 0 else ACCUMULATOR_LOW
            most = 0 if row[HIGHEST] == 0 else ACCUMULATOR_HIGH
            settle(total, least, most, row[LOWEST], row[HIGHEST], row[INDEPENDENT], shared, purpose, edges)
            for k in range(count):
                weights[edges[k]] = total[k] << np.int32(left)
        elif target == 1:
            settle(total, 0, ACCUMULATOR_HIGH, 0, DELAY_HIGH, row[INDEPENDENT], shared, purpose, edges)
            for k in range(count):
                delay_tags[edges[k]] = total[k]
        else:
            settle(total, ACCUMULATOR_LOW, ACCUMULATOR_HIGH, TAG_LOW, TAG_HIGH, row[INDEPENDENT], shared, purpose, edges)
            for k in range(count):
                tags[edges[k]] = total[k]
                lowest |= total[k] == TAG_LOW
    return lowest


# ---- an epoch ------------------------------------------------------------------------------------------------------------
@njit(cache=True, nogil=True)
def learn(
    row, rows, targets, columns, column_edges, edge_pre, products, factors, reads_at, weights, tags, delay_tags,
    history_x, history_y, fired_x, fired_y, listed_x, count_x, listed_y, count_y, lowest_tags,
    edges, pre, post, values, traces, total, c, shared, stream, step,
):  # fmt: skip
    """List every synapse that may change, once, and change it."""
    size_x, size_y, dense = row[PRE], row[POST], row[DENSE]
    epoch_number = (step + 1) // row[EPOCH]
    u_holds = row[EVERY] > 0 and epoch_number % row[EVERY] == 0
    by_rows = u_holds or row[BY_X0]
    # A tag at its lowest value is limited, hence rounded, in every epoch, whatever the products are.
    everything = u_holds or (lowest_tags[0] and row[TAGS] < row[END])
    lowest, count = False, 0
    whole_rows = size_x if everything else count_x if by_rows else 0
    lines = whole_rows + (count_y if row[BY_Y0] and not everything else 0)
    for line in range(lines + 1):
        begin, end, n = 0, 0, 0
        if line < whole_rows:
            n = line if everything else listed_x[line]
            begin, end = (n * size_y, (n + 1) * size_y) if dense else (rows[n], rows[n + 1])
        elif line < lines:
            n = listed_y[line - whole_rows]
            begin, end = (0, size_x) if dense else (columns[n], columns[n + 1])
        if line == lines or count + end - begin > edges.size:
            lowest |= change(
                row, count, edges, pre, post, values, traces, total, c, products, factors, reads_at, weights, tags, delay_tags,
                history_x, history_y, fired_x, fired_y, u_holds, shared, stream, step,
            )  # fmt: skip
            count = 0
        if line < whole_rows:
            for edge in range(begin, end):
                edges[count + edge - begin] = edge
                pre[count + edge - begin] = n
                post[count + edge - begin] = edge - begin if dense else targets[edge]
            count += end - begin
        else:
            for k in range(begin, end):
                edge = k * size_y + n if dense else column_edges[k]
                i = k if dense else edge_pre[edge]
                if not (by_rows and fired_x[i]):
                    edges[count] = edge
                    pre[count] = i
                    post[count] = n
                    count += 1
    if everything or lowest:
        lowest_tags[0] = lowest


@njit(cache=True, nogil=True)
def run(
    first_step, steps, neurons, found, payload, first_found, starts, row_begin, rows, edge_begin, targets, weights,
    table, products, factors, reads, reads_at, floors, parts, whole, part, own_floors, own_parts, own_whole, streams, draws, first_draw,
    fired_x, fired_y, listed_x, listed_y, listed, history_x, history_y, own, tags, delay_tags, lowest_tags,
    columns, column_edges, edge_pre, edges, pre, post, values, traces, total, c, watched, watched_edges, kept,
):  # fmt: skip
    """Steps of :func:`neurosim.hardware.loihi.kernels.run` (whose arrays are ``neurons``), each followed by what synapses learn in it.

    Stops early where a buffer is full; returns the steps done. ``watched``: for each recording of synapses its group, variable, period,
    phase, range in ``watched_edges``, and the place in ``kept`` of what comes next.
    """
    for done in range(steps):
        step = first_step + done
        if kernels.run(step, 1, *neurons) == 0:
            return done
        for q in range(table.shape[0]):
            row = table[q]
            size_x, size_y, epoch = row[PRE], row[POST], row[EPOCH]
            within = (step + 1) % epoch
            within = epoch if within == 0 else within
            random, independent, stream = draws[q, step - first_draw], row[INDEPENDENT] == 1, streams[q]
            a, b = row[AT_PRE], row[AT_POST]
            x, y = history_x[row[AT_X] : row[AT_X] + 2 * (epoch + 1) * size_x], history_y[row[AT_Y] : row[AT_Y] + 3 * (epoch + 1) * size_y]
            at_x, at_y, list_x, list_y = fired_x[a : a + size_x], fired_y[b : b + size_y], listed_x[a : a + size_x], listed_y[b : b + size_y]
            source, target, third = row[SOURCE], row[TARGET], row[THIRD]
            listed[q, 0] = note_spikes(
                x, size_x, 2, X1, epoch + 1, at_x, list_x, listed[q, 0], found, payload, first_found[source], first_found[source + 1],
                starts[source], within, whole[q], part[q], independent, 0.0, stream, step,
            )  # fmt: skip
            listed[q, 1] = note_spikes(
                y, size_y, 3 if third < 0 else 0, Y1, epoch + 1, at_y, list_y, listed[q, 1], found, payload, first_found[target],
                first_found[target + 1], starts[target], within, whole[q], part[q], independent, random[AGAIN_Y], stream, step,
            )  # fmt: skip
            if third >= 0:
                drive(
                    y, size_y, epoch, own[3 * b : 3 * (b + size_y)], at_y, within, found, payload, first_found[third], first_found[third + 1],
                    starts[third], own_whole[q], own_floors[q], own_parts[q], independent, random[OWN], stream, step,
                )  # fmt: skip
            if within < epoch:
                continue
            write_history(
                x, size_x, 2, X1, epoch, at_x, reads[q], floors[q], parts[q], whole[q], part[q], independent, random[DECAY_X],
                random[IMPULSE_X], stream, step,
            )  # fmt: skip
            write_history(
                y, size_y, 3, Y1, epoch, at_y, reads[q], floors[q], parts[q], whole[q], part[q], independent, random[DECAY_Y],
                random[IMPULSE_Y], stream, step,
            )  # fmt: skip
            s = row[SYNAPSES]
            begin, end, e, z = edge_begin[s], edge_begin[s + 1], row[AT_EDGE], row[AT_SPARSE]
            learn(
                row, rows[row_begin[s] : row_begin[s + 1]], targets[begin:end], columns[row[AT_COLUMN] :], column_edges[z:], edge_pre[z:],
                products, factors, reads_at[q], weights[begin:end], tags[e:], delay_tags[e:], x, y, at_x, at_y, list_x, listed[q, 0],
                list_y, listed[q, 1], lowest_tags[q : q + 1], edges, pre, post, values, traces, total, c, np.int64(random[ROUND]), stream, step,
            )  # fmt: skip
            end_history(x, size_x, 2, X1, epoch, at_x, reads[q], False)
            end_history(y, size_y, 3, Y1, epoch, at_y, reads[q], third >= 0)
            for place in range(listed[q, 0]):
                at_x[list_x[place]] = 0
            for place in range(listed[q, 1]):
                at_y[list_y[place]] = 0
            listed[q, :] = 0
        for r in range(watched.shape[0]):
            q, variable, every, at, first, last, place = watched[r]
            if step % every == at:
                row = table[q]
                begin, left = edge_begin[row[SYNAPSES]], np.int32(row[LEFT])
                for edge in watched_edges[first:last]:
                    if variable == W:
                        kept[place] = np.int32(weights[begin + edge]) >> left
                    else:
                        kept[place] = tags[row[AT_EDGE] + edge] if variable == T else delay_tags[row[AT_EDGE] + edge]
                    place += 1
                watched[r, 6] = place
    return steps

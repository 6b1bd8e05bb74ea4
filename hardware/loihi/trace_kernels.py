"""Traces of spikes on the chip, compiled: they decay, jump, and have a value for each step of an epoch; random numbers by counters."""

from __future__ import annotations

import numpy as np
from numba import njit

from neurosim.hardware.loihi.learning_codes import LARGEST_TRACE, ODD, OFFSET

BUILT_ON = "7345203544a2"
"""Digest of the files it is built of: what is compiled from here is kept by the date of this file."""


# ---- random numbers of neurons and synapses of their own -----------------------------------------------------------------
@njit(cache=True, nogil=True)
def mixed(x):
    """The 64-bit mixer of :func:`neurosim.ir.random.mix`."""
    x = np.uint64(x)
    x = np.uint64(np.uint64(x ^ np.uint64(x >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9))
    x = np.uint64(np.uint64(x ^ np.uint64(x >> np.uint64(27))) * np.uint64(0x94D049BB133111EB))
    return np.uint64(x ^ np.uint64(x >> np.uint64(31)))


@njit(cache=True, nogil=True)
def of_step(stream, step, purpose):
    """The sub-stream of a step and a purpose: :func:`neurosim.ir.random.substream`."""
    first = mixed(np.uint64(stream) + np.uint64(step) * np.uint64(ODD))
    return mixed(first + np.uint64(purpose + 1) * np.uint64(ODD))


@njit(cache=True, nogil=True)
def bits(stream, index):
    """64 bits of an index: :func:`neurosim.ir.random.bits64`."""
    return mixed(np.uint64(stream) + np.uint64(index + 1) * np.uint64(ODD))


# ---- traces --------------------------------------------------------------------------------------------------------------
@njit(cache=True, nogil=True)
def jumped(value, whole, up):
    """A trace after a spike."""
    value = value + whole + (1 if up else 0)
    return np.int32(min(max(value, 0), LARGEST_TRACE))


@njit(cache=True, nogil=True)
def note_spikes(
    history, size, traces, first_trace, length, fired, listed, count, found, payload, first, last, base, within, whole, part, independent,
    random, stream, step,
):  # fmt: skip
    """Remember when neurons fired; those that fired before in this epoch get the impulse at once. Returns how many fired so far.

    ``history``: (traces * length * size,) of which the first row of each trace is the trace itself.
    """
    for j in range(first, last):
        i = found[j] - base
        if fired[i] == within or payload[j] == 0:
            continue
        if fired[i] == 0:
            listed[count] = i
            count += 1
        else:
            for k in range(traces):
                place = k * length * size + i
                up = (
                    np.int64(bits(of_step(stream, step, 10 + first_trace + k), i) >> np.uint64(56)) < part[first_trace + k]
                    if independent
                    else random < part[first_trace + k]
                )
                history[place] = jumped(history[place], whole[first_trace + k], up)
        fired[i] = within
    return count


@njit(cache=True, nogil=True)
def write_history(
    history, size, traces, first_trace, epoch, fired, reads, floors, parts, whole, part, independent, decay_random, impulse_random, stream,
    step,
):  # fmt: skip
    """The values of traces in each step of the epoch: they decay, then jump where a neuron fired."""
    for k in range(traces):
        trace = first_trace + k
        if not reads[trace]:
            continue
        begin = k * (epoch + 1) * size
        decays = of_step(stream, step, trace)
        jumps = of_step(stream, step, 5 + trace)
        for i in range(size):
            value = history[begin + i]
            if value == 0 and fired[i] == 0:
                continue
            for t in range(1, epoch + 1):
                if independent:
                    random = np.float64(bits(decays, i * (epoch + 1) + t) >> np.uint64(11)) * 2.0**-53
                else:
                    random = decay_random
                value = np.int32(floors[trace, value + OFFSET] + (1 if random < parts[trace, value + OFFSET] else 0))
                if fired[i] == t:
                    up = np.int64(bits(jumps, i) >> np.uint64(56)) < part[trace] if independent else impulse_random < part[trace]
                    value = jumped(value, whole[trace], up)
                history[begin + t * size + i] = value


@njit(cache=True, nogil=True)
def end_history(history, size, traces, first_trace, epoch, fired, reads, driven):
    """The last value becomes the trace; what is zero at the end of an epoch is zero everywhere in it. Driven traces begin anew."""
    for k in range(traces):
        if not reads[first_trace + k]:
            continue
        begin = k * (epoch + 1) * size
        last = begin + epoch * size
        for i in range(size):
            if history[begin + i] == 0 and fired[i] == 0:
                continue
            value = history[last + i]
            if not driven:
                history[begin + i] = value
            if driven or value == 0:
                for t in range(1, epoch + 1):
                    history[begin + t * size + i] = 0


@njit(cache=True, nogil=True)
def drive(
    history, size, epoch, own, fired, within, found, payload, first, last, base, whole, floors, parts, independent, random, stream, step
):  # fmt: skip
    """y1, y2, y3 of a step: a trace with an impulse is the neuron's own, the others are what the third factor's group sends now."""
    for k in range(3):
        begin = k * (epoch + 1) * size
        if whole[k] > 0:
            decays = of_step(stream, step, 18 + k)
            for i in range(size):
                value = own[k * size + i]
                if value != 0:
                    if independent:
                        random = np.float64(bits(decays, i) >> np.uint64(11)) * 2.0**-53
                    value = floors[k, value + OFFSET] + (1 if random < parts[k, value + OFFSET] else 0)
                if fired[i] == within:
                    value = min(value + whole[k], LARGEST_TRACE)
                own[k * size + i] = value
                history[begin + i] = value
        else:
            history[begin : begin + size] = 0
    for j in range(first, last):
        k, i = divmod(found[j] - base, size)
        if whole[k] == 0:
            history[k * (epoch + 1) * size + i] += payload[j]
    for k in range(3):
        begin = k * (epoch + 1) * size
        if whole[k] == 0:
            for i in range(begin, begin + size):
                history[i] = min(max(history[i], -OFFSET), LARGEST_TRACE)

"""Compiled functions of the builder of streams, over whole stretches of edges.

The text below the mark is put behind the library of all kernels and loaded as one generated module,
the same for every Program. All numbers are those of :mod:`neurosim.ir.wiring` and :mod:`neurosim.ir.random`, bit for bit: the
arithmetic is the same, operation by operation.

Loops are short and stand in functions of their own, so that they become vector code; the seventh of the normal numbers that lies in
the tails of the quantile is gathered first and treated in loops of its own.
"""

import math

import numpy as np
from llvmlite import ir
from numba import njit, types
from numba.extending import intrinsic

from neurosim.backends.native.kernels.functions import bits64, log_of, normal_tail, polynomial8, uniform_of
from neurosim.backends.native.kernels.processor import JIT, bits_of, double_of, i64, keep_apart, u64
from neurosim.ir.random import CENTRAL_DENOMINATOR, CENTRAL_NUMERATOR, MIDDLE_DENOMINATOR, MIDDLE_NUMERATOR

# ---- kernels --------------------------------------------------------------------------------------------------------
Array = np.ndarray
BLOCK = 1024  # numbers drawn at once: their scratch stays in the first cache


@intrinsic
def nearest(context, x):
    """The nearest whole number, half to even."""

    def generate(target, builder, signature, arguments):
        return builder.call(builder.module.declare_intrinsic("llvm.rint", [ir.DoubleType()]), arguments)

    return types.float64(types.float64), generate


# ---- bits --------------------------------------------------------------------------------------------------------------
@njit(**JIT)
def bits_from(out: Array, stream: int, first: int) -> None:
    """Bits of the numbers from ``first`` on."""
    keep_apart()
    for k in range(out.shape[0]):
        out[k] = bits64(stream, first + k)


@njit(**JIT)
def bits_at(out: Array, stream: int, number: Array) -> None:
    """Bits of the given numbers."""
    keep_apart()
    for k in range(out.shape[0]):
        out[k] = bits64(stream, number[k])


@njit(**JIT)
def partners_from(out: Array, stream: int, first: int, n: int) -> None:
    """One of 0 ... n - 1 for each of the numbers from ``first`` on."""
    keep_apart()
    for k in range(out.shape[0]):
        out[k] = i64(((bits64(stream, first + k) >> u64(32)) * u64(n)) >> u64(32))


# ---- recipes -----------------------------------------------------------------------------------------------------------
@njit(**JIT)
def spread(out: Array, bits: Array, low: float, width: float) -> None:
    """low + width * uniform."""
    keep_apart()
    for k in range(out.shape[0]):
        out[k] = low + width * uniform_of(bits[k])


@njit(**JIT)
def central_numbers(out: Array, p: Array, outside: Array) -> None:
    """The quantile where it is central; ``outside``: 1 where it is not."""
    keep_apart()
    for k in range(out.shape[0]):
        q = p[k] - 0.5
        r = 0.180625 - q * q
        out[k] = q * polynomial8(CENTRAL_NUMERATOR, r) / polynomial8(CENTRAL_DENOMINATOR, r)
        outside[k] = i64(r < 0.0)


@njit(**JIT)
def tail_numbers(p: Array, root: Array) -> None:
    """In place the quantile of the upper tail up to its root 5, where ``root`` = sqrt(-plain_log(p)); a root of subnormal p is above 5."""
    keep_apart()
    for k in range(p.shape[0]):
        bits = bits_of(p[k])
        mantissa = double_of((bits & i64(0x000FFFFFFFFFFFFF)) | i64(0x3FE0000000000000))
        exponent = (bits >> i64(52)) - i64(1022)
        low = mantissa < 0.7071067811865476
        mantissa = mantissa * 2.0 if low else mantissa
        exponent = exponent - i64(1) if low else exponent
        root[k] = math.sqrt(-log_of(mantissa, exponent))
        a = root[k] - 1.6
        p[k] = polynomial8(MIDDLE_NUMERATOR, a) / polynomial8(MIDDLE_DENOMINATOR, a)


@njit(**JIT)
def normal_numbers(out: Array, p: Array, tail: Array, root: Array, outside: Array, place: Array) -> None:
    """The normal quantile of ``p``; the other arrays are scratch."""
    central_numbers(out, p, outside)
    found = 0
    for k in range(out.shape[0]):
        place[found] = k
        found += outside[k]
    for j in range(found):
        x = p[place[j]]
        tail[j] = x if x < 0.5 else 1.0 - x
    tail_numbers(tail[:found], root)
    for j in range(found):
        k = place[j]
        x = p[k]
        z = -tail[j] if x < 0.5 else tail[j]
        out[k] = z if root[j] <= 5.0 else normal_tail(x, x - 0.5)


@njit(**JIT)
def finish(x: Array, numbers: Array, normal: bool) -> None:
    """In place: a + b * x, bounds, rounding, bounds; ``numbers`` as in :func:`drawn_values`."""
    keep_apart()
    a, b, low, high, quantum, inverse, least, most = numbers
    for k in range(x.shape[0]):
        y = a + b * x[k] if normal else x[k]
        y = low if y < low else y
        y = high if y > high else y
        if inverse != 0.0:
            y = nearest(y * inverse) * quantum
        elif quantum != 0.0:
            y = nearest(y / quantum) * quantum
        y = least if y < least else y
        x[k] = most if y > most else y


@njit(**JIT)
def drawn_values(out: Array, stream: int, number: Array, lowest: float, width: float, normal: bool, numbers: tuple[float, ...]) -> None:
    """Numbers of a recipe for the given numbers of edges.

    ``lowest``, ``width``: range of the uniform number, or of the probability of a normal one; ``numbers``: a, b, low, high, quantum,
    its inverse where multiplying is dividing (else 0), least, most.
    """
    bits, outside, place = np.empty(BLOCK, np.uint64), np.empty(BLOCK, np.int64), np.empty(BLOCK, np.int64)
    p, tail, root = np.empty(BLOCK), np.empty(BLOCK), np.empty(BLOCK)
    for k in range(0, out.shape[0], BLOCK):
        x = out[k : k + BLOCK]
        bits_at(bits[: x.shape[0]], stream, number[k:])
        if normal:
            spread(p[: x.shape[0]], bits, lowest, width)
            normal_numbers(x, p, tail, root, outside, place)
        else:
            spread(x, bits, lowest, width)
        finish(x, numbers, normal)


@njit(**JIT)
def looked_up(out: Array, bits: Array, cells: Array, shift: int, unclear: Array, first: int) -> int:
    """What the cell of leading bits says; returns how many say nothing: their places, counted from ``first``, go into ``unclear``."""
    keep_apart()
    found = 0
    for k in range(out.shape[0]):
        out[k] = cells[bits[k] >> shift]
        if out[k] < 0:
            unclear[found] = first + k
            found += 1
    return found


@njit(**JIT)
def drawn_delays(out: Array, stream: int, number: Array, cells: Array, shift: int, unclear: Array) -> int:
    """Delays of the given numbers of edges; returns how many, at the places ``unclear``, are still to be drawn one by one."""
    bits = np.empty(BLOCK, np.uint64)
    found = 0
    for k in range(0, out.shape[0], BLOCK):
        some = out[k : k + BLOCK]
        bits_at(bits[: some.shape[0]], stream, number[k:])
        found += looked_up(some, bits, cells, shift, unclear[found:], k)
    return found


# ---- edges to rows -----------------------------------------------------------------------------------------------------
@njit(**JIT)
def share_out(listed: Array, place: Array, partner: Array, number: int, first: int) -> None:
    """Numbers of edges, from ``number`` on, by their source; ``place``: the next free place of each source from ``first`` on."""
    for k in range(partner.shape[0]):
        source = partner[k] - first
        if 0 <= source < place.shape[0]:
            listed[place[source]] = number + k
            place[source] += 1


@njit(**JIT)
def count_buckets(count: Array, bucket: Array, post: Array, ends: Array, offset: int, owner: Array, delays: int) -> None:
    """Count the records of every row and bucket; delays beyond the shortest become buckets.

    ``count`` (rows, buckets); ``ends`` (rows + 1,): where the edges of each row begin, less ``ends[0]``; ``owner``: who owns each entry
    of the sums, of length 1 where there is but one.
    """
    several = owner.shape[0] > 1
    for r in range(count.shape[0]):
        for k in range(ends[r] - ends[0], ends[r + 1] - ends[0]):
            if several:
                bucket[k] += delays * i64(owner[post[k] + offset])
            count[r, bucket[k]] += 1


@njit(**JIT)
def extreme_bits(least: Array, most: Array, stream: int, begin: Array) -> None:
    """Range of the bits of the edges of every row, whose numbers are ``begin[r]`` ... ``begin[r + 1]`` - 1."""
    for r in range(least.shape[0]):
        low, high = u64(0xFFFFFFFFFFFFFFFF), u64(0)
        for k in range(begin[r], begin[r + 1]):
            bits = bits64(stream, k)
            low = bits if bits < low else low
            high = bits if bits > high else high
        least[r], most[r] = low, high


@njit(**JIT)
def write_headers(count: Array, buckets: Array, delays: int, record: int, target: Array) -> None:
    """Headers of rows that begin at ``record``; counts become the places of the first records.

    ``count`` (rows, owners * delays): of each owner's part of a row only the first ``buckets`` (rows,) are there, then the end.
    """
    for r in range(count.shape[0]):
        for first in range(0, count.shape[1], delays):
            for b in range(first, first + buckets[r]):
                records = count[r, b]
                target[record] = records
                count[r, b] = record + 1
                record += records + 1
            if buckets[r] < delays:
                target[record] = 0xFFFFFFFF
                record += 1


@njit(**JIT)
def write_records(place: Array, bucket: Array, post: Array, ends: Array, offset: int, x: Array, target: Array, weight: Array) -> None:
    """Records to the next free places of their buckets."""
    weighted = weight.shape[0] > 0
    for r in range(place.shape[0]):
        for k in range(ends[r] - ends[0], ends[r + 1] - ends[0]):
            b = bucket[k]
            q = place[r, b]
            place[r, b] = q + 1
            target[q] = post[k] + offset
            if weighted:
                weight[q] = x[k]

"""Compiled functions that write the rows of streams: one row per source, all pathways of a group in it.

The text below the imports is put behind the library (:mod:`neurosim.backends.native.library`) and loaded as one generated module,
the same for every Program. All numbers are those of :mod:`neurosim.ir.wiring` and :mod:`neurosim.ir.random`, bit for bit: the
arithmetic is the same, operation by operation; only the order in which edges are visited differs.

Loops are short and stand in functions of their own, over whole arrays, so that they become vector code; the seventh of the normal
numbers that lies in the tails of the quantile is gathered first and treated in loops of its own. Tables: see
:mod:`neurosim.backends.native.tables`.
"""

import math

import numpy as np
from llvmlite import ir
from numba import njit, types
from numba.extending import intrinsic

from neurosim.backends.native.library import JIT, bits64, bits_of, double_of, i64, keep_apart, normal_tail, polynomial8, u64, uniform_of
from neurosim.backends.native.tables import ALL, CELL_BITS, CELLS, CONSTANT, DELAY_KIND, DELAY_STREAM, DELAYS, DIVISOR, DRAWN, GIVEN
from neurosim.backends.native.tables import CLIP_HIGH, CLIP_LOW, INVERSE, KIND, LEAST, LISTED, LOW, MOST, OFFSET, ORDERED, PAIRED, POSTS
from neurosim.backends.native.tables import QUANTUM, SKIPS, SOME, TARGETS, THRESHOLD, UNIFORM, VALUE, WEIGHT_KIND, WEIGHT_STREAM, WEIGHTS
from neurosim.backends.native.tables import WIDTH, WIRING_STREAM, A, B
from neurosim.ir.random import CENTRAL_DENOMINATOR, CENTRAL_NUMERATOR, MIDDLE_DENOMINATOR, MIDDLE_NUMERATOR

# ---- rows of streams ---------------------------------------------------------------------------------------------------
Array = np.ndarray
BLOCK = 1024  # numbers drawn at once: their scratch stays in the first cache
RADIX = 256


@intrinsic
def nearest(context, x):
    """The nearest whole number, half to even."""

    def generate(target, builder, signature, arguments):
        return builder.call(builder.module.declare_intrinsic("llvm.rint", [ir.DoubleType()]), arguments)

    return types.float64(types.float64), generate


# ---- numbers -----------------------------------------------------------------------------------------------------------
@njit(**JIT)
def draw_bits(out: Array, stream: int, number: Array) -> None:
    """Bits of the given numbers of edges."""
    keep_apart()
    for k in range(out.shape[0]):
        out[k] = bits64(stream, number[k])


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
def tail_roots(p: Array, root: Array) -> None:
    """sqrt(-plain_log(p)) for normal doubles; where p is smaller, something above 5."""
    keep_apart()
    for k in range(p.shape[0]):
        bits = bits_of(p[k])
        mantissa = double_of((bits & i64(0x000FFFFFFFFFFFFF)) | i64(0x3FE0000000000000))
        exponent = (bits >> i64(52)) - i64(1022)
        low = mantissa < 0.7071067811865476
        mantissa = mantissa * 2.0 if low else mantissa
        exponent = exponent - i64(1) if low else exponent
        s = (mantissa - 1.0) / (mantissa + 1.0)
        z = s * s
        total = 2.0 / 23
        total = total * z + 2.0 / 21
        total = total * z + 2.0 / 19
        total = total * z + 2.0 / 17
        total = total * z + 2.0 / 15
        total = total * z + 2.0 / 13
        total = total * z + 2.0 / 11
        total = total * z + 2.0 / 9
        total = total * z + 2.0 / 7
        total = total * z + 2.0 / 5
        total = total * z + 2.0 / 3
        total = total * z + 2.0 / 1
        root[k] = math.sqrt(-(total * s + float(exponent) * 0.6931471805599453))


@njit(**JIT)
def middle_numbers(root: Array, out: Array) -> None:
    """The quantile of the upper tail up to its root 5."""
    keep_apart()
    for k in range(out.shape[0]):
        a = root[k] - 1.6
        out[k] = polynomial8(MIDDLE_NUMERATOR, a) / polynomial8(MIDDLE_DENOMINATOR, a)


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
    tail_roots(tail[:found], root)
    middle_numbers(root, tail[:found])
    for j in range(found):
        k = place[j]
        x = p[k]
        z = -tail[j] if x < 0.5 else tail[j]
        out[k] = z if root[j] <= 5.0 else normal_tail(x, x - 0.5)


@njit(**JIT)
def bound(x: Array, low: float, high: float) -> None:
    """Clip in place."""
    keep_apart()
    for k in range(x.shape[0]):
        y = low if x[k] < low else x[k]
        x[k] = high if y > high else y


@njit(**JIT)
def round_to(x: Array, quantum: float, inverse: float) -> None:
    """Round to multiples in place; ``inverse`` 1 / quantum where multiplying is dividing, else 0."""
    keep_apart()
    if inverse != 0.0:
        for k in range(x.shape[0]):
            x[k] = nearest(x[k] * inverse) * quantum
    else:
        for k in range(x.shape[0]):
            x[k] = nearest(x[k] / quantum) * quantum


@njit(**JIT)
def scale(x: Array, a: float, b: float) -> None:
    """a + b * x in place."""
    keep_apart()
    for k in range(x.shape[0]):
        x[k] = a + b * x[k]


@njit(**JIT)
def drawn_values(x: Array, bits: Array, kind: int, recipe: Array, room: Array, places: Array) -> None:
    """Numbers of a recipe from their bits; ``room`` (3, BLOCK), ``places`` (2, BLOCK): scratch."""
    if kind == UNIFORM:
        spread(x, bits, recipe[A], recipe[B])
    else:
        p = room[0, : x.shape[0]]
        spread(p, bits, recipe[LOW], recipe[WIDTH])
        normal_numbers(x, p, room[1], room[2], places[0], places[1])
        scale(x, recipe[A], recipe[B])
    if recipe[CLIP_LOW] > -math.inf or recipe[CLIP_HIGH] < math.inf:
        bound(x, recipe[CLIP_LOW], recipe[CLIP_HIGH])
    if recipe[QUANTUM] != 0.0:
        round_to(x, recipe[QUANTUM], recipe[INVERSE])
    if recipe[LEAST] > -math.inf or recipe[MOST] < math.inf:
        bound(x, recipe[LEAST], recipe[MOST])


# ---- counting ----------------------------------------------------------------------------------------------------------
@njit(**JIT)
def chosen_partners(out: Array, stream: int, first: int, n: int, skips: int, divisor: int) -> None:
    """Partners of the numbers from ``first`` on, drawn among n; where ``skips``, the own index number // divisor is left out."""
    keep_apart()
    for k in range(out.shape[0]):
        partner = i64(((bits64(stream, first + k) >> u64(32)) * u64(n - skips)) >> u64(32))
        own = i64(float(first + k) / float(divisor))  # exact: both are below 2**53
        out[k] = partner + (i64(partner >= own) & skips)


@njit(**JIT)
def count_partners(count: Array, stream: int, first: int, last: int, n: int, skips: int, divisor: int) -> None:
    """Add up how often each of n is chosen by the numbers first ... last - 1."""
    chosen = np.empty(BLOCK, np.int64)
    for k in range(first, last, BLOCK):
        some = chosen[: min(BLOCK, last - k)]
        chosen_partners(some, stream, k, n, skips, divisor)
        for j in range(some.shape[0]):
            count[some[j]] += 1


@njit(**JIT)
def extremes(stream: int, first: int, last: int, low: int, high: int) -> tuple[int, int]:
    """The smallest and the largest bits of the numbers first ... last - 1, and of ``low`` and ``high``."""
    keep_apart()
    for k in range(first, last):
        bits = bits64(stream, k)
        low = min(low, bits)
        high = max(high, bits)
    return low, high


@njit(**JIT)
def below(keep: Array, stream: int, first: int, threshold: int) -> None:
    """Which pairs from the number ``first`` on there are."""
    keep_apart()
    for k in range(keep.shape[0]):
        keep[k] = i64((bits64(stream, first + k) >> u64(11)) < threshold)


@njit(**JIT)
def some_targets(number: Array, post: Array, source: int, targets: int, skips: int, stream: int, threshold: int, keep: Array) -> int:
    """Pairs of a source with a probability; returns how many. ``number`` and ``post`` have room for one more."""
    found = 0
    for first in range(0, targets, BLOCK):
        some = keep[: min(BLOCK, targets - first)]
        below(some, stream, source * targets + first, threshold)
        if skips and first <= source < first + some.shape[0]:
            some[source - first] = 0
        for k in range(some.shape[0]):
            number[found] = source * targets + first + k
            post[found] = first + k
            found += some[k]
    return found


@njit(**JIT)
def count_pairs(count: Array, first: int, last: int, integers: Array, streams: Array) -> tuple[int, int]:
    """How many pairs each source has, and the extremes of the bits of their delays."""
    targets, skips = integers[TARGETS], integers[SKIPS]
    number, post, keep = np.empty(targets + 1, np.int64), np.empty(targets + 1, np.int32), np.empty(BLOCK, np.int64)
    bits = np.empty(targets, np.uint64)
    low, high = u64(0xFFFFFFFFFFFFFFFF), u64(0)
    for source in range(first, last):
        found = some_targets(number, post, source, targets, skips, streams[WIRING_STREAM], streams[THRESHOLD], keep)
        count[source] = found
        if integers[DELAY_KIND] >= UNIFORM:
            draw_bits(bits[:found], streams[DELAY_STREAM], number)
            for k in range(found):
                low, high = min(low, bits[k]), max(high, bits[k])
    return low, high


@njit(**JIT)
def list_numbers(
    listed: Array, place: Array, first: int, last: int, stream: int, numbers: int, sources: int, skips: int, divisor: int
) -> None:
    """Numbers of edges by source, ascending, for the sources first ... last - 1; ``place``: where each begins in ``listed``, moved on."""
    chosen = np.empty(BLOCK, np.int64)
    for k in range(0, numbers, BLOCK):
        some = chosen[: min(BLOCK, numbers - k)]
        chosen_partners(some, stream, k, sources, skips, divisor)
        for j in range(some.shape[0]):
            source = some[j]
            if first <= source < last:
                listed[place[source - first]] = k + j
                place[source - first] += 1


# ---- edges of a source -------------------------------------------------------------------------------------------------
@njit(**JIT)
def drawn_targets(number: Array, post: Array, first: int, stream: int, targets: int, skips: int, own: int) -> None:
    """Targets from the bits of the numbers."""
    keep_apart()
    for k in range(number.shape[0]):
        partner = i64(((bits64(stream, first + k) >> u64(32)) * u64(targets - skips)) >> u64(32))
        number[k] = first + k
        post[k] = partner + (i64(partner >= own) & skips)


@njit(**JIT)
def all_targets(number: Array, post: Array, source: int, targets: int, skips: int) -> None:
    """All targets but the own index where it is left out."""
    keep_apart()
    for k in range(number.shape[0]):
        target = k + (i64(k >= source) & skips)
        number[k] = source * targets + target
        post[k] = target


@njit(**JIT)
def paired_targets(number: Array, post: Array, first: int, posts: Array) -> None:
    """Targets of a list."""
    keep_apart()
    for k in range(number.shape[0]):
        number[k] = first + k
        post[k] = posts[k]


@njit(**JIT)
def listed_targets(number: Array, post: Array, listed: Array, divisor: int) -> None:
    """Targets that drew this source."""
    keep_apart()
    for k in range(number.shape[0]):
        number[k] = i64(listed[k])
        post[k] = i64(float(i64(listed[k])) / float(divisor))  # exact: both are below 2**53


@njit(**JIT)
def order_by_target(number: Array, post: Array, targets: int) -> None:
    """Sort by target, then number, which ascends before: digit by digit, each digit by counting."""
    spare_number, spare_post, tally = np.empty_like(number), np.empty_like(post), np.zeros(RADIX + 1, np.int64)
    shift = 0
    while (targets - 1) >> shift > 0:
        tally[:] = 0
        for k in range(number.shape[0]):
            tally[((post[k] >> shift) & (RADIX - 1)) + 1] += 1
        for digit in range(RADIX):
            tally[digit + 1] += tally[digit]
        for k in range(number.shape[0]):
            digit = (post[k] >> shift) & (RADIX - 1)
            spare_number[tally[digit]], spare_post[tally[digit]] = number[k], post[k]
            tally[digit] += 1
        number[:], post[:] = spare_number, spare_post
        shift += 8


@njit(**JIT)
def targets_of_source(number: Array, post: Array, source: int, first: int, row: Array, streams: Array, posts: Array, listed: Array, keep: Array) -> None:
    """Numbers and targets of one source and pathway; ``first``: its first edge in canonical order. Both arrays have room for one more."""
    kind, targets, skips = row[KIND], row[TARGETS], row[SKIPS]
    edges = number.shape[0] - 1
    if kind == DRAWN:
        drawn_targets(number[:edges], post, first, streams[WIRING_STREAM], targets, skips, source)
        if row[ORDERED]:
            order_by_target(number[:edges], post[:edges], targets)
    elif kind == ALL:
        all_targets(number[:edges], post, source, targets, skips)
    elif kind == SOME:
        some_targets(number, post, source, targets, skips, streams[WIRING_STREAM], streams[THRESHOLD], keep)
    elif kind == PAIRED:
        paired_targets(number[:edges], post, first, posts[row[POSTS] + first :])
    else:
        listed_targets(number[:edges], post, listed, row[DIVISOR])


@njit(**JIT)
def looked_up_delays(delay: Array, bits: Array, cells: Array, shortest: int, place: Array, count: Array) -> int:
    """Delays beyond the shortest, and how many of each; returns the number of those, in ``place``, whose cell is unclear."""
    keep_apart()
    unclear = 0
    for k in range(delay.shape[0]):
        d = cells[bits[k] >> u64(64 - CELL_BITS)]
        if d < 0:
            place[unclear] = k
            unclear += 1
        else:
            delay[k] = d - shortest
            count[d - shortest] += 1
    return unclear


@njit(**JIT)
def drawn_delays(delay: Array, number: Array, row: Array, stream: int, recipe: Array, cells: Array, shortest: int, count: Array, room: Array, places: Array) -> None:
    """Delays of a recipe, beyond the shortest, and how many of each."""
    bits, place, x = np.empty(BLOCK, np.uint64), np.empty(BLOCK, np.int64), np.empty(BLOCK)
    for first in range(0, delay.shape[0], BLOCK):
        some = delay[first : first + BLOCK]
        draw_bits(bits[: some.shape[0]], stream, number[first:])
        unclear = looked_up_delays(some, bits, cells, shortest, place, count)
        for j in range(unclear):
            bits[j] = bits[place[j]]
        drawn_values(x[:unclear], bits, row[DELAY_KIND], recipe, room, places)
        for j in range(unclear):
            d = i64(x[j]) - shortest
            some[place[j]] = d
            count[d] += 1


@njit(**JIT)
def delays_of_source(
    delay: Array, number: Array, first: int, row: Array, stream: int, recipe: Array, cells: Array, given: Array, shortest: int, count: Array,
    room: Array, places: Array,
) -> None:  # fmt: skip
    """Delays of one source and pathway, beyond the shortest, and how many of each."""
    kind = row[DELAY_KIND]
    if kind == CONSTANT:
        d = i64(recipe[VALUE]) - shortest
        delay[:] = d
        count[d] += delay.shape[0]
    elif kind == GIVEN:
        for k in range(delay.shape[0]):
            d = given[row[DELAYS] + first + k] - shortest
            delay[k] = d
            count[d] += 1
    else:
        drawn_delays(delay, number, row, stream, recipe, cells[row[CELLS]], shortest, count, room, places)


@njit(**JIT)
def weights_of_block(x: Array, number: Array, first: int, row: Array, stream: int, recipe: Array, given: Array, bits: Array, room: Array, places: Array) -> None:
    """Weights of some edges of one pathway; ``first``: the first of them in canonical order."""
    kind = row[WEIGHT_KIND]
    if kind == CONSTANT:
        x[:] = recipe[VALUE]
    elif kind == GIVEN:
        x[:] = given[row[WEIGHTS] + first : row[WEIGHTS] + first + x.shape[0]]
    else:
        draw_bits(bits[: x.shape[0]], stream, number)
        drawn_values(x, bits, kind, recipe, room, places)


@njit(**JIT)
def scatter(post: Array, delay: Array, x: Array, offset: int, place: Array, target: Array, weight: Array) -> None:
    """Records to the next free places of their buckets."""
    keep_apart()
    weighted = weight.shape[0] > 0
    for k in range(delay.shape[0]):
        d = delay[k]
        q = place[d]
        place[d] = q + 1
        target[q] = post[k] + offset
        if weighted:
            weight[q] = x[k]


@njit(**JIT)
def fill_rows(
    first: int, last: int, shortest: int, buckets: int, widest: int, integers: Array, streams: Array, recipes: Array, cells: Array,
    begin: Array, posts: Array, weights: Array, delays: Array, listed: Array, listed_begin: Array, start: Array, target: Array, weight: Array,
) -> None:  # fmt: skip
    """Write the rows first ... last - 1 of a stream.

    ``begin`` (P, S + 1): first edge of each source in canonical order; ``listed``: numbers of edges by source where targets drew them,
    from ``listed_begin`` (P, last - first) on; ``start`` (S + 1,): first record of each row; ``widest``: edges of the longest row.
    """
    number, post, delay = np.empty(widest + 1, np.int64), np.empty(widest + 1, np.int32), np.empty(widest, np.int32)
    bits, x, keep = np.empty(BLOCK, np.uint64), np.empty(BLOCK), np.empty(BLOCK, np.int64)
    room, places, count = np.empty((3, BLOCK)), np.empty((2, BLOCK), np.int64), np.zeros(buckets, np.int64)
    for source in range(first, last):
        count[:] = 0
        m = 0
        for p in range(integers.shape[0]):
            row, edge = integers[p], begin[p, source]
            edges = begin[p, source + 1] - edge
            some = listed[listed_begin[p, source - first] :]
            targets_of_source(number[m : m + edges + 1], post[m : m + edges + 1], source, edge, row, streams[p], posts, some, keep)
            delays_of_source(
                delay[m : m + edges], number[m : m + edges], edge, row, streams[p, DELAY_STREAM], recipes[p, 1], cells, delays, shortest, count,
                room, places,
            )  # fmt: skip
            m += edges
        q = start[source]
        for b in range(buckets):
            records = count[b]
            target[q] = records
            count[b] = q + 1
            q += records + 1
        m = 0
        for p in range(integers.shape[0]):
            row, edge = integers[p], begin[p, source]
            edges = begin[p, source + 1] - edge
            for k in range(0, edges, BLOCK):
                size = min(BLOCK, edges - k)
                if weight.shape[0] > 0:
                    weights_of_block(x[:size], number[m + k :], edge + k, row, streams[p, WEIGHT_STREAM], recipes[p, 0], weights, bits, room, places)
                scatter(post[m + k :], delay[m + k : m + k + size], x, row[OFFSET], count, target, weight)
            m += edges

"""Small compiled functions that generated kernels call.

The text of this file is put in front of every generated module, so that a kernel and all it calls live in one cached file: a
compiled caller in a cache would otherwise keep an old copy of what it imported. ``FT`` is the type of states and ports.
"""

import math
import platform

import numpy as np
from llvmlite import ir
from numba import njit, types
from numba.core import cgutils
from numba.extending import intrinsic

JIT = dict(cache=True, error_model="numpy", nogil=True, boundscheck=False)
X86 = platform.machine().lower() in ("x86_64", "amd64", "i686")
u32, u64, i64, i32 = np.uint32, np.uint64, np.int64, np.int32
FLUSH_TO_ZERO = 0x9FC0


# ---- what the processor offers -----------------------------------------------------------------------------------------
@intrinsic
def prefetch(context, array, index):
    """Ask for the cache line of array[index]."""

    def generate(target, builder, signature, arguments):
        data = target.make_array(signature.args[0])(target, builder, arguments[0]).data
        pointer = builder.bitcast(builder.gep(data, [arguments[1]]), ir.IntType(8).as_pointer())
        number = ir.IntType(32)
        kind = ir.FunctionType(ir.VoidType(), [pointer.type, number, number, number])
        builder.call(cgutils.get_or_insert_function(builder.module, kind, "llvm.prefetch.p0"), [pointer, number(0), number(3), number(1)])
        return target.get_dummy_value()

    return types.void(array, types.intp), generate


@intrinsic
def float_control(context, value):
    """Set the floating-point control word of this thread to ``value`` and return the old one (0 where there is none)."""

    def generate(target, builder, signature, arguments):
        number = ir.IntType(32)
        if not X86:
            return number(0)
        slot = cgutils.alloca_once(builder, number)
        pointer = builder.bitcast(slot, ir.IntType(8).as_pointer())
        kind = ir.FunctionType(ir.VoidType(), [pointer.type])
        builder.call(cgutils.get_or_insert_function(builder.module, kind, "llvm.x86.sse.stmxcsr"), [pointer])
        old = builder.load(slot)
        builder.store(arguments[0], slot)
        builder.call(cgutils.get_or_insert_function(builder.module, kind, "llvm.x86.sse.ldmxcsr"), [pointer])
        return old

    return types.uint32(types.uint32), generate


@intrinsic
def atomic_add(context, array, index, value):
    """Sequentially consistent fetch-and-add on an element of an int64 array."""

    def generate(target, builder, signature, arguments):
        data = target.make_array(signature.args[0])(target, builder, arguments[0]).data
        return builder.atomic_rmw("add", builder.gep(data, [arguments[1]]), arguments[2], "seq_cst")

    return types.int64(array, types.intp, types.int64), generate


@intrinsic
def keep_apart(context):
    """Marks the calling function as not to be inlined: the time loop then compiles in half the time, and its kernels stay small."""

    def generate(target, builder, signature, arguments):
        builder.function.attributes.add("noinline")
        return target.get_dummy_value()

    return types.void(), generate


@njit(**JIT)
def cut(array, first, size):
    """A stretch of an array."""
    return array[first : first + size]


@intrinsic
def give_way(context):
    """Let another thread run on this core."""

    def generate(target, builder, signature, arguments):
        kind = ir.FunctionType(ir.IntType(32), [])
        builder.call(cgutils.get_or_insert_function(builder.module, kind, "sched_yield"), [])
        return target.get_dummy_value()

    return types.void(), generate


@intrinsic
def fma(context, a, b, c):
    """a * b + c with one rounding."""

    def generate(target, builder, signature, arguments):
        return builder.fma(*arguments)

    return types.float64(types.float64, types.float64, types.float64), generate


@intrinsic
def bits_of(context, x):
    """The 64 bits of a double."""

    def generate(target, builder, signature, arguments):
        return builder.bitcast(arguments[0], ir.IntType(64))

    return types.int64(types.float64), generate


@intrinsic
def double_of(context, x):
    """The double of 64 bits."""

    def generate(target, builder, signature, arguments):
        return builder.bitcast(arguments[0], ir.DoubleType())

    return types.float64(types.int64), generate


@intrinsic
def single_of(context, x):
    """The single of 32 bits."""

    def generate(target, builder, signature, arguments):
        return builder.bitcast(arguments[0], ir.FloatType())

    return types.float32(types.int32), generate


@njit(**JIT)
def wait_for_all(counter, threads, generation):
    """Barrier: spin shortly, then give way, so that threads that share a core do not starve each other."""
    if threads > 1:
        goal = (generation + 1) * threads
        atomic_add(counter, 0, 1)
        tries = 0
        while atomic_add(counter, 0, 0) < goal:
            tries += 1
            if tries > 2000:
                give_way()
    return generation + 1


# ---- functions of the equation language --------------------------------------------------------------------------------
ROUND = 6755399441055744.0  # 1.5 * 2**52: adding it leaves the nearest integer in the low bits
LOG2_E = 1.4426950408889634
LN2_HIGH = 0.6931471803691238  # the first 32 bits of ln 2: n * LN2_HIGH is exact
LN2_LOW = 1.9082149292705877e-10
E2, E3, E4, E5, E6, E7 = 1 / 2, 1 / 6, 1 / 24, 1 / 120, 1 / 720, 1 / 5040
E8, E9, E10, E11, E12, E13 = 1 / 40320, 1 / 362880, 1 / 3628800, 1 / 39916800, 1 / 479001600, 1 / 6227020800


@njit(**JIT)
def exp_double(x):
    """exp by arithmetic that vector units can do, within one unit in the last place."""
    y = -708.0 if x < -708.0 else (709.0 if x > 709.0 else x)
    t = fma(y, LOG2_E, ROUND)
    n = t - ROUND
    r = fma(n, -LN2_LOW, fma(n, -LN2_HIGH, y))
    z = r * r
    a = fma(z, fma(E5, r, E4), fma(E3, r, E2))
    b = fma(z, fma(E9, r, E8), fma(E7, r, E6))
    c = fma(z, fma(E13, r, E12), fma(E11, r, E10))
    z4 = z * z
    p = fma(z4, fma(z4, c, b), a)
    value = (fma(z, p, r) + 1.0) * double_of((bits_of(t) << i64(52)) + (i64(1023) << i64(52)))
    value = 0.0 if x < -708.0 else value
    return math.inf if x > 709.0 else value


@njit(**JIT)
def exp_single(x):
    """exp in single precision, relative error 2e-7."""
    y = np.float32(-87.0) if x < np.float32(-87.0) else (np.float32(88.0) if x > np.float32(88.0) else x)
    n = np.floor(y * np.float32(LOG2_E) + np.float32(0.5))
    r = y - n * np.float32(0.693359375) + n * np.float32(2.12194440e-4)
    p = np.float32(1 / 5040)
    p = p * r + np.float32(1 / 720)
    p = p * r + np.float32(1 / 120)
    p = p * r + np.float32(1 / 24)
    p = p * r + np.float32(1 / 6)
    p = p * r + np.float32(0.5)
    p = p * r * r + r + np.float32(1.0)
    value = p * single_of(np.int32((np.int32(n) + np.int32(127)) << np.int32(23)))
    value = np.float32(0.0) if x < np.float32(-87.0) else value
    return np.float32(math.inf) if x > np.float32(88.0) else value


@njit(**JIT)
def expm1_double(x):
    """exp(x) - 1 by arithmetic that vector units can do, within two units in the last place."""
    y = -708.0 if x < -708.0 else (709.0 if x > 709.0 else x)
    t = fma(y, LOG2_E, ROUND)
    n = t - ROUND
    r = fma(n, -LN2_LOW, fma(n, -LN2_HIGH, y))
    z = r * r
    a = fma(z, fma(E5, r, E4), fma(E3, r, E2))
    b = fma(z, fma(E9, r, E8), fma(E7, r, E6))
    c = fma(z, fma(E13, r, E12), fma(E11, r, E10))
    z4 = z * z
    p = fma(z4, fma(z4, c, b), a)
    scale = double_of((bits_of(t) << i64(52)) + (i64(1023) << i64(52)))
    value = fma(scale, fma(z, p, r), scale - 1.0)
    return math.inf if x > 709.0 else value


@njit(**JIT)
def exprel_double(x):
    """(exp(x) - 1) / x, 1 at 0."""
    value = expm1_double(x) / (1.0 if x == 0.0 else x)
    value = 1.0 if x == 0.0 else value
    return math.inf if x > 709.0 else value


@njit(**JIT)
def exprel_single(x):
    """(exp(x) - 1) / x in single precision: a series near 0, where the difference would cancel."""
    near = np.float32(1.0) + x * (np.float32(0.5) + x * (np.float32(1 / 6) + x * (np.float32(1 / 24) + x * (np.float32(1 / 120) + x * np.float32(1 / 720)))))
    far = (exp_single(x) - np.float32(1.0)) / (np.float32(1.0) if x == np.float32(0.0) else x)
    return near if abs(x) < np.float32(0.3) else far


@njit(**JIT)
def softplus_(x):
    """log(1 + exp(x)) without overflow."""
    return (x if x > 0.0 else x * 0) + math.log1p(math.exp(-abs(x)))


@njit(**JIT)
def sign_(x):
    """-1, 0 or 1."""
    return (x * 0 + 1) if x > 0.0 else ((x * 0 - 1) if x < 0.0 else x * 0)


@njit(**JIT)
def log_(x):
    """Natural logarithm; -inf at 0, nan below."""
    return math.log(x) if x > 0.0 else (-math.inf if x == 0.0 else math.nan)


@njit(**JIT)
def sqrt_(x):
    """Square root; nan below 0."""
    return np.sqrt(x)


@njit(**JIT)
def min_(a, b):
    """The smaller of two."""
    return a if a < b else b


@njit(**JIT)
def max_(a, b):
    """The larger of two."""
    return a if a > b else b


@njit(**JIT)
def clip_(x, low, high):
    """x within low and high."""
    y = x if x > low else low
    return y if y < high else high


@njit(**JIT)
def power2(x):
    """x squared."""
    return x * x


@njit(**JIT)
def power3(x):
    """x cubed."""
    return x * x * x


@njit(**JIT)
def power4(x):
    """The fourth power."""
    return (x * x) * (x * x)


# ---- random numbers: the same as neurosim.ir.random --------------------------------------------------------------------
@njit(**JIT)
def mix(x):
    """The 64-bit mixer."""
    x = (x ^ (x >> u64(30))) * u64(0xBF58476D1CE4E5B9)
    x = (x ^ (x >> u64(27))) * u64(0x94D049BB133111EB)
    return x ^ (x >> u64(31))


@njit(**JIT)
def bits64(stream, number):
    """Bits of one counter of a stream."""
    return mix(stream + (u64(number) + u64(1)) * u64(0x9E3779B97F4A7C15))


@njit(**JIT)
def substream(stream, step, copy):
    """The stream of one step of one copy."""
    odd = u64(0x9E3779B97F4A7C15)
    return mix(mix(stream + u64(step) * odd) + (u64(copy) + u64(1)) * odd)


@njit(**JIT)
def uniform_of(bits):
    """A double in (0, 1)."""
    return (float(i64(bits >> u64(11))) + 0.5) * 1.1102230246251565e-16


@njit(**JIT)
def plain_log(x):
    """Natural logarithm by arithmetic alone."""
    mantissa, exponent = math.frexp(x)
    if mantissa < 0.7071067811865476:
        mantissa = mantissa * 2.0
        exponent = exponent - 1
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
    return total * s + float(exponent) * 0.6931471805599453


@njit(**JIT)
def polynomial8(c, x):
    """Polynomial of degree 7, lowest power first."""
    return ((((((c[7] * x + c[6]) * x + c[5]) * x + c[4]) * x + c[3]) * x + c[2]) * x + c[1]) * x + c[0]


@njit(**JIT)
def normal_tail(p, q):
    """The quantile outside the central region."""
    root = math.sqrt(-plain_log(p if q < 0.0 else 1.0 - p))
    if root <= 5.0:
        a = root - 1.6
        z = polynomial8(MIDDLE_NUMERATOR, a) / polynomial8(MIDDLE_DENOMINATOR, a)
    else:
        a = root - 5.0
        z = polynomial8(FAR_NUMERATOR, a) / polynomial8(FAR_DENOMINATOR, a)
    return -z if q < 0.0 else z


@njit(**JIT)
def normal_quantile(p):
    """The standard normal quantile."""
    q = p - 0.5
    r = 0.180625 - q * q
    if r < 0.0:
        return normal_tail(p, q)
    return q * polynomial8(CENTRAL_NUMERATOR, r) / polynomial8(CENTRAL_DENOMINATOR, r)


@njit(**JIT)
def uniforms(out, first, stream, step, copy):
    """Fill with the uniform numbers of a step, from index ``first`` on."""
    keep_apart()
    key = substream(stream, step, copy)
    for i in range(out.shape[0]):
        out[i] = uniform_of(bits64(key, first + i))


@njit(**JIT)
def normals(out, first, stream, step, copy):
    """Fill with the normal numbers of a step, from index ``first`` on."""
    keep_apart()
    key = substream(stream, step, copy)
    for i in range(out.shape[0]):
        out[i] = normal_quantile(uniform_of(bits64(key, first + i)))


@njit(**JIT)
def bits32(key, index):
    """32 bits of one index of a sub-stream."""
    x = u32(u32(u32(index) * u32(0x9E3779B1)) + u32(key & u64(0xFFFFFFFF)))
    x = u32(u32(x ^ (x >> u32(16))) * u32(0x21F0AAAD))
    x = u32(u32(x ^ (x >> u32(15))) + u32(key >> u64(32)))
    x = u32(u32(x ^ (x >> u32(15))) * u32(0xD35A2D97))
    return u32(x ^ (x >> u32(15)))


@njit(**JIT)
def poisson_counts(out, means, terms, stream, step, copy):
    """Poisson counts of a step, sequential search from 0; ``terms`` = exp(-means)."""
    keep_apart()
    key = substream(stream, step, copy)
    scalar = means.shape[0] == 1
    for i in range(out.shape[0]):
        m = 0 if scalar else i
        out[i] = poisson_count(bits32(key, i), means[m], terms[m])


@njit(**JIT)
def poisson_count(bits, mean, term):
    """One count from 32 bits."""
    if mean <= 0.0:
        return 0.0
    if mean > 500.0:
        z = normal_quantile((float(i64(bits)) + 0.5) * 2.3283064365386963e-10)
        count = math.floor(mean + math.sqrt(mean) * z + (z * z - 1.0) / 6.0 + 0.5)
        return count if count > 0.0 else 0.0
    below = term
    x = float(i64(bits))
    k = 0
    while True:
        threshold = math.floor(below * 4294967296.0 + 0.5)
        if threshold >= 4294967296.0 or (k > mean and term < 1e-17) or x < threshold:
            return float(k)
        k += 1
        term = term * mean / k
        below = below + term


# ---- events and records ------------------------------------------------------------------------------------------------
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
def crowded(Q, row, cursor):
    """Whether the events of two more steps might not fit into a queue."""
    return Q[row, 2] - Q[row, 0] + 2 * Q[row, 5] > cursor.shape[0]


@njit(**JIT)
def enter(Q, row, n, ids, found, cuts, part, start, cursor, added):
    """The events of this step become cursors, ascending; those old enough for the shortest delay become live.

    ``found`` (threads, parts) events lie from ``cuts`` (parts, threads) on in ``ids``: one stretch per thread that detects.
    """
    keep_apart()
    mask = cursor.shape[0] - 1
    tail = Q[row, 2]
    for p in range(found.shape[0]):
        for z in range(cuts[part, p], cuts[part, p] + found[p, part]):
            cursor[tail & mask] = start[ids[z]]
            tail += 1
    added[n % added.shape[0]] = tail - Q[row, 2]
    Q[row, 2] = tail
    Q[row, 1] += added[(n - Q[row, 3]) % added.shape[0]]


@njit(**JIT)
def enter_payload(Q, row, n, ids, values, found, cuts, part, start, cursor, payload, added):
    """As :func:`enter`, with payloads."""
    keep_apart()
    mask = cursor.shape[0] - 1
    tail = Q[row, 2]
    for p in range(found.shape[0]):
        for z in range(cuts[part, p], cuts[part, p] + found[p, part]):
            payload[tail & mask] = values[z]
            tail += 1
    enter(Q, row, n, ids, found, cuts, part, start, cursor, added)


@njit(**JIT)
def leave(Q, row, n, added):
    """Events that have delivered their longest delay leave the queue."""
    Q[row, 0] += added[(n - Q[row, 4]) % added.shape[0]]


@njit(**JIT)
def find_events(blocks, G, P, E, ids, count):
    """Phase 3: who fired, in this thread's stretch of every block; rows are (place, size, padded size, with payload, first neuron)."""
    keep_apart()
    for b in range(blocks.shape[0]):
        place, size, padded, first = blocks[b, 0], blocks[b, 1], blocks[b, 2], blocks[b, 4]
        count[b] = collect(G[place : place + padded], size, first, ids[place : place + size])
        if blocks[b, 3]:
            for z in range(place, place + count[b]):
                E[z] = P[place - first + ids[z]]


@njit(**JIT)
def deliver_weights(target, weight, cursor, Q, row, into):
    """Every live cursor delivers its next bucket: into[target] += weight."""
    keep_apart()
    mask = cursor.shape[0] - 1
    for a in range(Q[row, 0], Q[row, 1]):
        c = cursor[a & mask]
        m = i64(target[c])
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
        m = i64(target[c])
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
        m = i64(target[c])
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
        m = i64(target[c])
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
def add_counts(counts, ids, found):
    """One more event for each of the ids."""
    keep_apart()
    for z in range(found):
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
        cursor[a & mask] = c + 1 + i64(target[c])


@njit(**JIT)
def gathered(weights, index, factor, edges):
    """Weights of all edges."""
    keep_apart()
    out = np.empty(edges, weights.dtype)
    for e in range(edges):
        out[e] = factor * weights[index[e]]
    return out

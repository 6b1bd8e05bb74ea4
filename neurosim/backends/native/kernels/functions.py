"""Functions of the equation language, and the random numbers of :mod:`neurosim.ir.random`, in compiled form."""

import math

import numpy as np
from numba import njit

from neurosim.backends.native.kernels.processor import JIT, bits_of, double_of, f32, fma, i32, i64, keep_apart, single_of, u32, u64
from neurosim.ir.random import CENTRAL_DENOMINATOR, CENTRAL_NUMERATOR, FAR_DENOMINATOR, FAR_NUMERATOR, MIDDLE_DENOMINATOR, MIDDLE_NUMERATOR

# ---- kernels --------------------------------------------------------------------------------------------------------
# ---- functions of the equation language --------------------------------------------------------------------------------
ROUND = 6755399441055744.0  # 1.5 * 2**52: adding it leaves the nearest integer in the low bits
LOG2_E = 1.4426950408889634
LN2_HIGH = 0.6931471803691238  # the first 32 bits of ln 2: n * LN2_HIGH is exact
LN2_LOW = 1.9082149292705877e-10
ROUND_SINGLE = 12582912.0  # the same in single precision: 1.5 * 2**23, and the first 15 bits of ln 2
LN2_HIGH_SINGLE = 0.693145751953125
LN2_LOW_SINGLE = 1.4286068203094172e-06
E2, E3, E4, E5, E6, E7 = 1 / 2, 1 / 6, 1 / 24, 1 / 120, 1 / 720, 1 / 5040
E8, E9, E10, E11, E12, E13 = 1 / 40320, 1 / 362880, 1 / 3628800, 1 / 39916800, 1 / 479001600, 1 / 6227020800


@njit(**JIT)
def reduced_double(x):
    """(exp(r) - 1, 2**n), where x = n * log(2) + r and r lies within log(2) / 2 of 0, by arithmetic that vector units can do."""
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
    return fma(z, p, r), double_of((bits_of(t) << i64(52)) + (i64(1023) << i64(52)))


@njit(**JIT)
def exp_double(x):
    """exp within one unit in the last place."""
    m, scale = reduced_double(x)
    value = (m + 1.0) * scale
    value = 0.0 if x < -708.0 else value
    return math.inf if x > 709.0 else value


@njit(**JIT)
def reduced_single(x):
    r"""(exp(r) - 1, 2**n) in single precision, where x = n * log(2) + r and r lies within log(2) / 2 of 0."""
    y = f32(-87.0) if x < f32(-87.0) else (f32(88.0) if x > f32(88.0) else x)
    t = fma(y, f32(LOG2_E), f32(ROUND_SINGLE))
    n = t - f32(ROUND_SINGLE)
    r = fma(n, f32(-LN2_LOW_SINGLE), fma(n, f32(-LN2_HIGH_SINGLE), y))
    z = r * r
    p = fma(z, fma(z, fma(f32(E7), r, f32(E6)), fma(f32(E5), r, f32(E4))), fma(f32(E3), r, f32(E2)))
    return fma(z, p, r), single_of(i32((bits_of(t) << i32(23)) + (i32(127) << i32(23))))


@njit(**JIT)
def exp_single(x):
    """exp in single precision, relative error 1e-7."""
    m, scale = reduced_single(x)
    value = fma(scale, m, scale)
    value = f32(0.0) if x < f32(-87.0) else value
    return f32(math.inf) if x > f32(88.0) else value


@njit(**JIT)
def expm1_double(x):
    """exp(x) - 1 within two units in the last place."""
    m, scale = reduced_double(x)
    value = fma(scale, m, scale - 1.0)
    return math.inf if x > 709.0 else value


@njit(**JIT)
def exprel_double(x):
    """(exp(x) - 1) / x, 1 at 0."""
    value = expm1_double(x) / (1.0 if x == 0.0 else x)
    value = 1.0 if x == 0.0 else value
    return math.inf if x > 709.0 else value


@njit(**JIT)
def exprel_single(x):
    """(exp(x) - 1) / x in single precision, 1 at 0, relative error 2e-7."""
    m, scale = reduced_single(x)
    value = fma(scale, m, scale - f32(1.0)) / (f32(1.0) if x == f32(0.0) else x)
    value = f32(1.0) if x == f32(0.0) else value
    return f32(math.inf) if x > f32(88.0) else value


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
def log_of(mantissa, exponent):
    """Natural logarithm of mantissa * 2**exponent, the mantissa within a factor of sqrt(2) of 1."""
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
def plain_log(x):
    """Natural logarithm by arithmetic alone."""
    mantissa, exponent = math.frexp(x)
    if mantissa < 0.7071067811865476:
        mantissa = mantissa * 2.0
        exponent = exponent - 1
    return log_of(mantissa, exponent)


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

"""The one counter-based generator, its samplers and the names of its streams.

Every number is a pure function of a 64-bit stream and of counters, so it does not depend on the engine, the number of threads, the
order of evaluation, or on what else is in the network. A stream is named by (seed, path of the part, purpose). Construction draws
use ``bits64(stream, number)``; run-time draws first derive a sub-stream of (stream, step, copy) and then ask it for one number per
index. Everything after the bits is plain arithmetic in double precision (``+ - * /``, ``sqrt``, ``frexp``), rounded the same by
numpy and by compiled code; engines may speed these definitions up and must return the same numbers.

References
----------
Steele, Lea and Flood 2014, Fast splittable pseudorandom number generators, doi 10.1145/2714064.2660195 (the 64-bit mixer).
Wichura 1988, Algorithm AS 241: the percentage points of the normal distribution, doi 10.2307/2347330 (the normal quantile).
"""

from __future__ import annotations

import hashlib
import math
from functools import lru_cache

import numpy as np

from neurosim.errors import ParameterError
from neurosim.ir.program import FloatArray, IntArray, Sampled

U64 = np.uint64
ODD = 0x9E3779B97F4A7C15
"""The golden ratio's odd constant: consecutive counters are spread over all 64 bits."""
MASK = (1 << 64) - 1
POISSON_TABLE_LIMIT = 500.0
"""Above this mean the counts come from the normal quantile with its second-order correction, below from their distribution function."""


def stream(seed: int, path: str, purpose: str) -> int:
    """The 64-bit stream of a purpose of a part."""
    digest = hashlib.blake2b(f"{seed}/{path}/{purpose}".encode(), digest_size=8).digest()
    return int.from_bytes(digest, "little")


def mix_scalar(x: int) -> int:
    """The 64-bit mixer on one Python integer."""
    x &= MASK
    x = ((x ^ (x >> 30)) * 0xBF58476D1CE4E5B9) & MASK
    x = ((x ^ (x >> 27)) * 0x94D049BB133111EB) & MASK
    return x ^ (x >> 31)


def mix(x: IntArray) -> IntArray:
    """The 64-bit mixer on an array of uint64."""
    x = x ^ (x >> U64(30))
    x *= U64(0xBF58476D1CE4E5B9)
    x ^= x >> U64(27)
    x *= U64(0x94D049BB133111EB)
    x ^= x >> U64(31)
    return x


def bits64(stream: int, numbers: IntArray) -> IntArray:
    """uint64 bits of the given counters: mix(stream + (number + 1) * ODD)."""
    return mix(U64(stream) + (np.asarray(numbers).astype(np.uint64) + U64(1)) * U64(ODD))


def substream(stream: int, step: int, copy: int) -> int:
    """The stream of one step of one copy."""
    return mix_scalar(mix_scalar(stream + step * ODD) + (copy + 1) * ODD)


def bits32(substream: int, size: int) -> IntArray:
    """uint32 bits for the indices 0 ... size - 1 of a sub-stream: a 32-bit mixer with the two halves of the sub-stream as keys.

    Cheaper than :func:`bits64` in vector units; used where 32 bits are enough (Poisson counts).
    """
    x = np.arange(size, dtype=np.uint32) * np.uint32(0x9E3779B1) + np.uint32(substream & 0xFFFFFFFF)
    x = (x ^ (x >> np.uint32(16))) * np.uint32(0x21F0AAAD)
    x = (x ^ (x >> np.uint32(15))) + np.uint32(substream >> 32)
    x = (x ^ (x >> np.uint32(15))) * np.uint32(0xD35A2D97)
    return x ^ (x >> np.uint32(15))


def to_uniform(bits: IntArray) -> FloatArray:
    """Doubles in (0, 1) from uint64 bits: the middle of one of 2**53 equal cells."""
    return ((bits >> U64(11)).astype(np.float64) + 0.5) * 2.0**-53


def uniform(stream: int, step: int, copy: int, size: int) -> FloatArray:
    """(N,) uniform numbers in (0, 1) of a step."""
    return to_uniform(bits64(substream(stream, step, copy), np.arange(size, dtype=np.uint64)))


def normal(stream: int, step: int, copy: int, size: int) -> FloatArray:
    """(N,) standard normal numbers of a step."""
    return normal_quantile(uniform(stream, step, copy, size))


# ---- the normal quantile -----------------------------------------------------------------------------------------------
# Coefficients of Wichura 1988, routine PPND16, lowest power first.
CENTRAL_NUMERATOR = (3.3871328727963666080, 133.14166789178437745, 1971.5909503065514427, 13731.693765509461125,
                     45921.953931549871457, 67265.770927008700853, 33430.575583588128105, 2509.0809287301226727)
CENTRAL_DENOMINATOR = (1.0, 42.313330701600911252, 687.18700749205790830, 5394.1960214247511077,
                       21213.794301586595867, 39307.895800092710610, 28729.085735721942674, 5226.4952788528545610)
MIDDLE_NUMERATOR = (1.42343711074968357734, 4.63033784615654529590, 5.76949722146069140550, 3.64784832476320460504,
                    1.27045825245236838258, 0.241780725177450611770, 0.0227238449892691845833, 7.74545014278341407640e-4)
MIDDLE_DENOMINATOR = (1.0, 2.05319162663775882187, 1.67638483018380384940, 0.689767334985100004550,
                      0.148103976427480074590, 0.0151986665636164571966, 5.47593808499534494600e-4, 1.05075007164441684324e-9)
FAR_NUMERATOR = (6.65790464350110377720, 5.46378491116411436990, 1.78482653991729133580, 0.296560571828504891230,
                 0.0265321895265761230930, 0.00124266094738807843860, 2.71155556874348757815e-5, 2.01033439929228813265e-7)
FAR_DENOMINATOR = (1.0, 0.599832206555887937690, 0.136929880922735805310, 0.0148753612908506148525,
                   7.86869131145613259100e-4, 1.84631831751005468180e-5, 1.42151175831644588870e-7, 2.04426310338993978564e-15)
LOG_TERMS = tuple(2.0 / (2 * k + 1) for k in range(12))
"""log((1 + s) / (1 - s)) = 2 s (1 + s**2 / 3 + s**4 / 5 + ...); with |s| <= 0.1716 twelve terms reach double precision."""
LN2 = math.log(2.0)


def plain_log(x: FloatArray) -> FloatArray:
    """Natural logarithm of positive doubles by arithmetic alone, relative error below 1e-15."""
    mantissa, exponent = np.frexp(x)
    low = mantissa < 0.7071067811865476
    mantissa = np.where(low, mantissa * 2.0, mantissa)
    exponent = np.where(low, exponent - 1, exponent)
    s = (mantissa - 1.0) / (mantissa + 1.0)
    return horner(LOG_TERMS, s * s) * s + exponent * LN2


def horner(coefficients: tuple[float, ...], x: FloatArray) -> FloatArray:
    """Polynomial with the lowest power first."""
    total = np.full_like(x, coefficients[-1])
    for c in coefficients[-2::-1]:
        total = total * x + c
    return total


def normal_quantile(p: FloatArray) -> FloatArray:
    """Standard normal numbers whose distribution function is ``p`` in (0, 1); relative error about 1e-15."""
    p = np.asarray(p, np.float64)
    q = p - 0.5
    r = 0.180625 - q * q
    result: FloatArray = q * horner(CENTRAL_NUMERATOR, r) / horner(CENTRAL_DENOMINATOR, r)
    tail = r < 0.0
    if not tail.any():
        return result
    pt, qt = p[tail], q[tail]
    root = np.sqrt(-plain_log(np.where(qt < 0.0, pt, 1.0 - pt)))
    a, b = root - 1.6, root - 5.0
    z = np.where(root <= 5.0, horner(MIDDLE_NUMERATOR, a) / horner(MIDDLE_DENOMINATOR, a), horner(FAR_NUMERATOR, b) / horner(FAR_DENOMINATOR, b))
    result[tail] = np.where(qt < 0.0, -z, z)
    return result


def normal_distribution(x: float) -> float:
    """Distribution function of the standard normal at one point."""
    return 0.5 * math.erfc(-x / math.sqrt(2.0))


# ---- construction draws ------------------------------------------------------------------------------------------------
@lru_cache(maxsize=4096)
def normal_window(recipe: Sampled) -> tuple[float, float]:
    """(lowest probability, width) of the cut of a normal or lognormal recipe: one uniform number per entry replaces redrawing."""
    if recipe.bounds != "redraw":
        return 0.0, 1.0
    position = (lambda x: (x - recipe.a) / recipe.b) if recipe.kind == "normal" else (lambda x: ((math.log(x) if x > 0 else -math.inf) - recipe.a) / recipe.b)
    low, high = normal_distribution(position(recipe.low)), normal_distribution(position(recipe.high))
    return low, high - low


def sample(recipe: Sampled, numbers: IntArray) -> FloatArray:
    """Entries ``numbers`` of a recipe."""
    u = to_uniform(bits64(recipe.stream, numbers))
    if recipe.kind == "uniform":
        low, high = (max(recipe.a, recipe.low), min(recipe.b, recipe.high)) if recipe.bounds == "redraw" else (recipe.a, recipe.b)
        x = low + (high - low) * u
    elif recipe.kind in ("normal", "lognormal"):
        low, width = normal_window(recipe)
        x = recipe.a + recipe.b * normal_quantile(low + width * u)
        x = np.exp(x) if recipe.kind == "lognormal" else x
    elif recipe.kind == "exponential":
        low, high = (max(recipe.low, 0.0), recipe.high) if recipe.bounds == "redraw" else (0.0, math.inf)
        above, below = math.exp(-low / recipe.a), math.exp(-high / recipe.a)
        x = -recipe.a * plain_log(above - (above - below) * u)
    elif recipe.kind == "gamma":
        x = gamma(recipe, np.asarray(numbers))
    else:
        raise NotImplementedError(f"no sampler for {recipe.kind!r}")
    if recipe.bounds == "clip":
        x = np.clip(x, recipe.low, recipe.high)
    if recipe.quantum:
        x = np.rint(x / recipe.quantum) * recipe.quantum
    if recipe.least > -math.inf or recipe.most < math.inf:
        x = np.clip(x, recipe.least, recipe.most)
    return x


def gamma(recipe: Sampled, numbers: IntArray) -> FloatArray:
    """Gamma numbers by rejection: attempt m of entry k asks the m-th sub-stream of the recipe for its number k.

    Marsaglia and Tsang 2000, A simple method for generating gamma variables, doi 10.1145/358407.358414: with d = shape - 1/3 and
    c = 1 / sqrt(9 d), d (1 + c z)**3 is kept if log u < z**2 / 2 + d - d v + d log v; a shape below 1 is raised by one and the
    result multiplied by u**(1 / shape). Redrawing at bounds is one more reason to reject.
    """
    shape = recipe.a if recipe.a >= 1.0 else recipe.a + 1.0
    d = shape - 1.0 / 3.0
    result, pending, attempt = np.zeros(numbers.shape), np.ones(numbers.shape, bool), 0
    while pending.any():
        chosen = numbers[pending]
        z, u, boost = (to_uniform(bits64(substream(recipe.stream, attempt, part), chosen)) for part in range(3))
        z = normal_quantile(z)
        v = (1.0 + z / math.sqrt(9.0 * d)) ** 3
        safe = np.where(v > 0.0, v, 1.0)
        kept = (v > 0.0) & (plain_log(u) < 0.5 * z * z + d - d * safe + d * plain_log(safe))
        x = d * v * recipe.b * (boost ** (1.0 / recipe.a) if recipe.a < 1.0 else 1.0)
        if recipe.bounds == "redraw":
            kept &= (x >= recipe.low) & (x <= recipe.high)
        places = np.flatnonzero(pending.reshape(-1))[kept.reshape(-1)]
        result.reshape(-1)[places] = x[kept]
        pending.reshape(-1)[places] = False
        attempt += 1
        if attempt > 10000:
            raise ParameterError(f"a gamma distribution hardly ever lies between {recipe.low!r} and {recipe.high!r}")
    return result


# ---- Poisson counts ----------------------------------------------------------------------------------------------------
@lru_cache(maxsize=1024)
def poisson_thresholds(mean: float) -> tuple[int, ...]:
    """Integers T_0 < T_1 < ... <= 2**32: a count is the number of thresholds that are not above its 32 bits.

    T_k = floor(2**32 P(count <= k) + 1/2); thresholds that reach 2**32 are left out (their probability is below 1.2e-10).
    """
    term = math.exp(-mean)
    table: list[int] = []
    below, k = term, 0
    while True:
        threshold = math.floor(below * 4294967296.0 + 0.5)
        if threshold >= 1 << 32 or (term == 0.0 and k > mean) or (k > mean and term < 1e-17):
            return tuple(table)
        table.append(threshold)
        k += 1
        term = term * mean / k
        below = below + term


@lru_cache(maxsize=64)
def poisson_tables(means: bytes) -> tuple[IntArray, IntArray, IntArray]:
    """One sorted list of thresholds for many means: (group of each mean, first place of each group, keys).

    A key is (group << 33) + threshold, so one search finds the counts of all. ``means``: the bytes of float64 (N,); means above the
    limit of the tables, or not above 0, get an empty group.
    """
    values, groups = np.unique(np.frombuffer(means), return_inverse=True)
    lists = [np.array(poisson_thresholds(float(m)) if 0.0 < m <= POISSON_TABLE_LIMIT else (), np.int64) for m in values]
    first = np.cumsum([0, *(len(entries) for entries in lists)])[:-1]
    return groups, first, np.concatenate([entries + (group << 33) for group, entries in enumerate(lists)])


def poisson(mean: float | FloatArray, stream: int, step: int, copy: int, size: int) -> FloatArray:
    """(N,) Poisson counts of a step as floats; ``mean`` scalar or (N,)."""
    bits = bits32(substream(stream, step, copy), size)
    means = np.asarray(mean, np.float64)
    if means.ndim == 0:
        if not 0.0 < means <= POISSON_TABLE_LIMIT:
            return many_counts(np.broadcast_to(means, (size,)), bits)
        thresholds = np.array(poisson_thresholds(float(means)), np.int64)
        return np.searchsorted(thresholds, bits.astype(np.int64), side="right").astype(np.float64)
    groups, first, keys = poisson_tables(np.ascontiguousarray(means).tobytes())
    counts: FloatArray = (np.searchsorted(keys, (groups << 33) + bits.astype(np.int64), side="right") - first[groups]).astype(np.float64)
    large = means > POISSON_TABLE_LIMIT
    if large.any():
        counts[large] = many_counts(means[large], bits[large])
    return counts


def many_counts(means: FloatArray, bits: IntArray) -> FloatArray:
    """Poisson counts of means above the limit of the tables, by the normal quantile with its second-order correction; 0 for a mean of 0."""
    z = normal_quantile((bits.astype(np.float64) + 0.5) * 2.0**-32)
    positive = np.maximum(means, 0.0)
    counts = np.maximum(np.floor(positive + np.sqrt(positive) * z + (z * z - 1.0) / 6.0 + 0.5), 0.0)
    return np.where(means > 0.0, counts, 0.0)

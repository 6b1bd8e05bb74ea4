"""Spectra of rates and traces, and the coherence of two populations."""

from __future__ import annotations

import math

import numpy as np

from neurosim.analysis.firing import population_rate
from neurosim.analysis.parts import accepts_part, joined
from neurosim.analysis.trains import AnyArray, FloatArray, Window, numbers, pooled_counts, positive, two_trains
from neurosim.errors import ParameterError
from neurosim.result import PartResult

Spectrum = tuple[FloatArray, FloatArray]
"""Frequencies [Hz] (F,), values (F, ...)."""


@accepts_part
def power_spectrum(
    times: AnyArray, ids: AnyArray, size: int, window: Window, bin_ms: float = 1.0, segment_ms: float = 512.0
) -> Spectrum:
    """Frequencies [Hz] and power density [Hz**2 / Hz] of the population's rate, (F,) each; see `trace_spectrum`.

    Independent Poisson neurons have a flat spectrum of 2 rate / N above 0 Hz.
    """
    _, signal = population_rate(times, ids, size, window, bin_ms)
    return trace_spectrum(signal, bin_ms, segment_ms)


def trace_spectrum(values: AnyArray, step_ms: float, segment_ms: float = 512.0) -> Spectrum:
    """Frequencies [Hz] (F,) and power density [unit of the values squared / Hz] of traces, (F,) or (F, K).

    Welch's method: segments that overlap by half, each less its mean and under a Hann window; one-sided. A trace shorter
    than a segment makes one segment. Elephant's ``welch_psd`` with ``len_segment`` is the same.

    Parameters
    ----------
    values : (T,) or (T, K) array
        One or several traces.
    step_ms : float
        From one value to the next [ms].
    segment_ms : float
        Length of a segment [ms]; frequencies are 1000 / segment_ms Hz apart.

    References
    ----------
    Welch (1967), IEEE Trans Audio Electroacoust 15, 70, doi 10.1109/TAU.1967.1161901
    """
    transformed, frequencies, factor = _segments(numbers(values, "values"), positive(step_ms, "step_ms"), segment_ms)
    squares = (np.abs(transformed) ** 2).mean(axis=0)
    return frequencies, (squares.T * factor).T


def coherence(
    first: AnyArray | PartResult,
    second: AnyArray | PartResult,
    window: Window | None = None,
    bin_ms: float = 1.0,
    segment_ms: float = 512.0,
) -> Spectrum:
    """Frequencies [Hz] and magnitude-squared coherence of the rates of two trains or populations, (F,) each.

    ``|S_ab|**2 / (S_aa S_bb)`` of spectra by Welch's method: 1 where one rate is a linear filter of the other. It is biased
    upwards by about one over the number of segments. nan where a rate has no power. Elephant's ``welch_coherence`` is the same.

    Parameters
    ----------
    first, second : (M,) arrays of times [ms], or parts of results
        The spikes of all neurons of a part are taken together; copies add an axis in front.
    window : (float, float)
        From and to [ms]; of parts their own.

    Raises
    ------
    ParameterError
        If the window holds one segment only: then the coherence is 1 everywhere, whatever the trains.
    """
    found = [_coherence(*trains, bin_ms, segment_ms) for trains in two_trains(first, second, window, "coherence")]
    return found[0][0], joined([values for _, values in found])


def _coherence(first: FloatArray, second: FloatArray, window: Window, bin_ms: float, segment_ms: float) -> Spectrum:
    signals = np.stack([pooled_counts(train, window, bin_ms) for train in (first, second)], axis=1)
    transformed, frequencies, _ = _segments(signals, bin_ms, segment_ms)
    if len(transformed) < 2:
        hint = "Take shorter segments or a longer window."
        raise ParameterError(f"the window holds one segment of {segment_ms:g} ms, coherence needs several", where="coherence", hint=hint)
    a, b = transformed[:, :, 0], transformed[:, :, 1]
    with np.errstate(divide="ignore", invalid="ignore"):
        quotient = np.abs((a.conj() * b).mean(axis=0)) ** 2 / ((np.abs(a) ** 2).mean(axis=0) * (np.abs(b) ** 2).mean(axis=0))
    return frequencies, quotient


def _segments(values: FloatArray, step_ms: float, segment_ms: float) -> tuple[AnyArray, FloatArray, FloatArray]:
    """Transforms of the segments (S, F, ...), frequencies [Hz] (F,), and the density per squared transform (F,)."""
    total = values.shape[0] if values.ndim else 0
    length = min(max(round(min(positive(segment_ms, "segment_ms") / step_ms, 2.0**62)), 2), total)
    if length < 2 or values.ndim > 2:
        raise ParameterError(f"a spectrum needs at least 2 values or bins of {step_ms:g} ms, got the shape {values.shape}")
    hann = 0.5 - 0.5 * np.cos(2.0 * math.pi * np.arange(length) / length)
    weights = hann.reshape((length,) + (1,) * (values.ndim - 1))
    starts = range(0, total - length + 1, length - length // 2)
    pieces = [values[start : start + length] for start in starts]
    transformed = np.stack([np.fft.rfft((piece - piece.mean(axis=0)) * weights, axis=0) for piece in pieces])
    sampling = 1000.0 / step_ms
    # The power of negative frequencies is added to that of positive ones; 0 and half the sampling rate have no partner.
    factor = np.full(transformed.shape[1], 2.0 / (sampling * (hann**2).sum()))
    factor[0 :: length // 2 if length % 2 == 0 else length] /= 2.0
    return transformed, np.fft.rfftfreq(length, 1.0 / sampling), factor

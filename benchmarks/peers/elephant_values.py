"""Values of Elephant for a few spike trains, against which `neurosim.analysis` is tested.

``python benchmarks/peers/elephant_values.py tests/data/elephant_values.json``, in an environment with Elephant (BSD-3-Clause,
https://python-elephant.org), writes the trains and what Elephant makes of them. The file holds numbers only, no code.

Six trains of 3 s: Poisson, gamma, bursts, a clock, one spike, none. All times are multiples of 0.1 ms shifted by 0.05 ms, so that no
spike stands on the edge of a bin, where rules differ.
"""

from __future__ import annotations

import json
import sys
import warnings
from pathlib import Path
from typing import Any

import elephant
import neo
import numpy as np
import quantities as pq
from elephant import kernels, spectral, spike_train_correlation, spike_train_dissimilarity, statistics
from elephant.conversion import BinnedSpikeTrain

DURATION = 3000.0
SEED = 20
FULL = 4
"""The first trains have enough spikes for everything."""


def trains() -> list[np.ndarray]:
    """Times [ms] of six spike trains."""
    rng = np.random.default_rng(SEED)
    burst = (np.arange(0.0, DURATION, 300.0)[:, None] + np.array([20.0, 26.0, 33.0])).ravel() + rng.uniform(0.0, 60.0, 30)
    raw = [
        np.cumsum(rng.exponential(40.0, 60)),
        np.cumsum(rng.gamma(3.0, 20.0, 45)),
        burst,
        np.arange(5.0, DURATION, 50.0),
        np.array([1234.0]),
        np.zeros(0),
    ]
    grid = [np.unique(np.floor(times[times < DURATION - 1.0] / 0.1)) for times in raw]
    return [np.round(steps * 0.1 + 0.05, 2) for steps in grid]


def plain(value: Any) -> Any:
    """Numbers and lists for JSON; nan as None."""
    array = np.asarray(getattr(value, "magnitude", value), np.float64)
    return json.loads(json.dumps(array.tolist()).replace("NaN", "null"))


def values(times: list[np.ndarray]) -> dict[str, Any]:
    """What Elephant makes of the trains; parameters stand in the names or beside the values."""
    spikes = [neo.SpikeTrain(train, units="ms", t_start=0.0, t_stop=DURATION) for train in times]
    full = spikes[:FULL]
    gaps = [statistics.isi(train) for train in spikes]
    binned = {width: BinnedSpikeTrain(full, bin_size=width * pq.ms) for width in (2.0, 5.0, 10.0)}
    single = [BinnedSpikeTrain(train, bin_size=5.0 * pq.ms) for train in full]
    lags = {"window": [-20, 20], "border_correction": False}
    correlate = spike_train_correlation.cross_correlation_histogram
    cut = [[np.zeros(int(n)) for n in np.histogram(train, np.arange(0.0, DURATION + 1.0, 100.0))[0]] for train in times[:5]]
    rate = statistics.time_histogram(full, bin_size=1.0 * pq.ms, output="rate").rescale("Hz")
    rates = [statistics.time_histogram(train, bin_size=1.0 * pq.ms, output="rate").rescale("Hz") for train in full]
    smooth = {"sampling_period": 5.0 * pq.ms, "center_kernel": False}
    welch = {"len_segment": 512, "overlap": 0.5}
    frequencies, power = spectral.welch_psd(rate, **welch)
    coherence = spectral.welch_coherence(rates[0], rates[1], **welch)[1]
    return {
        "isi": [plain(gap) for gap in gaps],
        "mean_firing_rate": [plain(statistics.mean_firing_rate(train).rescale("Hz")) for train in spikes[:5]],
        "cv": [plain(statistics.cv(gap)) for gap in gaps[:FULL]],
        "cv2": [plain(statistics.cv2(gap)) for gap in gaps[:FULL]],
        "lv": [plain(statistics.lv(gap)) for gap in gaps[:FULL]],
        "lvr_5ms": [plain(statistics.lvr(gap, 5.0 * pq.ms)) for gap in gaps[:FULL]],
        "fanofactor_100ms": [plain(statistics.fanofactor(counts)) for counts in cut],
        "time_histogram_counts_10ms": plain(statistics.time_histogram(full, bin_size=10.0 * pq.ms).ravel()),
        "time_histogram_rate_10ms": plain(statistics.time_histogram(full, bin_size=10.0 * pq.ms, output="rate").rescale("Hz").ravel()),
        "instantaneous_rate_gaussian_20ms": plain(statistics.instantaneous_rate(full, kernel=kernels.GaussianKernel(20.0 * pq.ms), **smooth).T[:2]),
        "instantaneous_rate_exponential_20ms": plain(statistics.instantaneous_rate(full, kernel=kernels.ExponentialKernel(20.0 * pq.ms), **smooth).T[:1]),
        "covariance_5ms": plain(spike_train_correlation.covariance(binned[5.0])),
        "correlation_coefficient_2ms": plain(spike_train_correlation.correlation_coefficient(binned[2.0])),
        "correlation_coefficient_10ms": plain(spike_train_correlation.correlation_coefficient(binned[10.0])),
        "cross_correlation_histogram_5ms": plain(correlate(single[0], single[3], **lags)[0].ravel()),
        "cross_correlation_coefficient_5ms": plain(correlate(single[0], single[3], cross_correlation_coefficient=True, **lags)[0].ravel()),
        "welch_psd_512": [plain(frequencies)[:60], plain(power.ravel())[:60]],
        "welch_coherence_512": plain(coherence.ravel())[:60],
        "victor_purpura_100Hz": plain(spike_train_dissimilarity.victor_purpura_distance(spikes, 100.0 * pq.Hz)),
        "van_rossum_10ms": plain(spike_train_dissimilarity.van_rossum_distance(spikes, 10.0 * pq.ms)),
    }


def main() -> None:
    """Write the file that is named on the command line."""
    times = trains()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        found = values(times)
    content = {
        "about": "values computed by Elephant (BSD-3-Clause); written by benchmarks/peers/elephant_values.py",
        "elephant": elephant.__version__,
        "neo": neo.__version__,
        "duration_ms": DURATION,
        "times_ms": [train.tolist() for train in times],
        "values": found,
    }
    text = json.dumps(content, indent=None, separators=(",", ":")).replace('],"', '],\n"')
    Path(sys.argv[1]).write_text(text + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()

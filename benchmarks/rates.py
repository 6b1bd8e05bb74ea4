"""What the models do: rates, irregularity and synchrony against their windows, over seeds.

``--set models=brunel,cuba`` chooses; ``--set seeds=3``; ``--set precision=single`` shows that single precision stays in the windows.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

from harness import Row, Session, failures, within, worker

from neurosim.models import brunel, microcircuit

NAME = "rates"
TITLE = "Rates, irregularity and synchrony of the models against their windows"
TIMED = False

MODELS = ("microcircuit", "brunel", "cuba", "coba", "cobahh", "stdp")
LAYERS = microcircuit.layers
# Population -> highest synchrony at 10 % with the compensation of 2016.
SYNCHRONY = {name: 2.5 if name in ("L5I", "L6E", "L6I") else 8.0 for name in LAYERS}


def run(session: Session) -> list[Row]:
    """Measure all models."""
    chosen = session.options.get("models", ",".join(("cuba",) if session.slice else MODELS)).split(",")
    rows: list[Row] = []
    for name in chosen:
        rows += MEASURES[name](session)
    return rows + failures(session)


def records(session: Session, name: str, arguments: Mapping[str, Any], duration: float, discard: float, seeds: int,
            **more: Any) -> list[dict[str, Any]]:
    """One run per seed; those that succeeded."""
    precision = session.options.get("precision", "double")
    task = {"network": name, "arguments": dict(arguments), "duration_ms": duration, "discard_ms": discard, "record": "spikes"}
    found = []
    for seed in range(1, int(session.options.get("seeds", seeds)) + 1):
        words = " ".join(f"{key}={value}" for key, value in arguments.items())
        label = f"{name} {words} {duration:g} ms {precision} seed {seed}".replace("  ", " ")
        full = {**task, **more, "seed": seed, "precision": precision, "backend": "native"}
        found.append(session.measure(label, lambda f=full: worker(f, timeout=1800)))
    return [record for record in found if "error" not in record]


def mean(found: Sequence[Mapping[str, Any]], what: str, population: str) -> float:
    """Mean over seeds; nan without any."""
    values = [record[what][population] for record in found]
    return sum(values) / len(values) if values else math.nan


# ---- The microcircuit -----------------------------------------------------------------------------------------------
def window(expected: float, share: float, least: float) -> tuple[float, float]:
    """expected +- the larger of a share and a least distance."""
    distance = max(share * expected, least)
    return expected - distance, expected + distance


def row(what: str, value: float, low: float, high: float, unit: str = "/s") -> Row:
    """A number in a window."""
    return Row(what, f"{low:.3g} to {high:.3g} {unit}".rstrip(), f"{value:.3g}", within([value], low, high))


def full_scale_rows(background: str, title: str, rates: Mapping[str, float]) -> list[Row]:
    """Rates at full scale against those of the first complete runs: 10 %, 0.15/s, in L5E 20 %."""
    known = dict(zip(LAYERS, microcircuit.EXPECTED_RATES[(1.0, 1.0, background, "")]))
    return [
        row(f"{title}: {name}", rates[name], *window(known[name], 0.2 if name == "L5E" else 0.1, 0.15)) for name in LAYERS
    ]


def measure_microcircuit(session: Session) -> list[Row]:
    """10 % with both sets of compensation, and k_scale 0.3: 10 s after 500 ms."""
    rows: list[Row] = []
    for arguments in ({"scale": 0.1, "compensation": "2016"}, {"scale": 0.1, "compensation": "2020"}):
        found = records(session, "microcircuit", arguments, 10500, 500, 3)
        known = dict(zip(LAYERS, microcircuit.EXPECTED_RATES[(0.1, 0.1, "poisson", arguments["compensation"])]))
        default = arguments["compensation"] == "2016"
        for name in LAYERS:
            title, rate = f"10 %, set {arguments['compensation']}, {name}", mean(found, "rates", name)
            share = 0.12 if name == "L5E" and default else 0.06
            rows.append(row(f"{title}: rate", rate, *window(known[name], share, 0.1)))
            if default:
                published = dict(zip(LAYERS, microcircuit.PUBLISHED_RATES))[name]
                rows.append(row(f"{title}: rate, published table", rate, *window(published, 0.2, 0.3)))
                rows.append(row(f"{title}: CV", mean(found, "cv", name), 0.7, 1.1, ""))
                rows.append(row(f"{title}: synchrony", mean(found, "synchrony", name), 0.0, SYNCHRONY[name], ""))
    found = records(session, "microcircuit", {"n_scale": 0.1, "k_scale": 0.3, "compensation": "2020"}, 10500, 500, 1)
    for name, published in zip(LAYERS, microcircuit.PUBLISHED_RATES):
        limits = window(published, 0.2, 0.3)
        rows.append(row(f"k_scale 0.3, {name}: rate, published table", mean(found, "rates", name), *limits))
    return rows


# ---- The others -----------------------------------------------------------------------------------------------------
def measure_brunel(session: Session) -> list[Row]:
    """Panel C against its window and the theory; B and D against the theory, and where their rate oscillates."""
    found = records(session, "brunel", {"panel": "C"}, 1100, 100, 3)
    theory = {panel: brunel.stationary_rates(*brunel.PANELS[panel])[0] for panel in "BCD"}
    rows = [row(f"brunel C: {name} rate, seed {k + 1}", r["rates"][name], 36, 39) for k, r in enumerate(found) for name in ("exc", "inh")]
    rows.append(row("brunel C: rate, mean-field theory", mean(found, "rates", "exc"), 0.97 * theory["C"], 1.03 * theory["C"]))
    rows.append(row("brunel C: CV", mean(found, "cv", "exc"), 0.38, 0.46, ""))
    rows.append(row("brunel C: synchrony", mean(found, "synchrony", "exc"), 14, 20, ""))
    for panel, low, high in (("B", 120.0, 250.0), ("D", 0.0, 40.0)):
        # The slow oscillation of D needs seconds: single runs of 1 s scatter around the lower end of the window.
        found = records(session, "brunel", {"panel": panel}, 3100, 100, 3)
        rate, peak = mean(found, "rates", "exc"), mean(found, "power_peak_hz", "exc")
        rows.append(row(f"brunel {panel}: rate, mean-field theory", rate, 0.8 * theory[panel], 1.2 * theory[panel]))
        rows.append(row(f"brunel {panel}: strongest power of the rate", peak, low, high, "Hz"))
    return rows


def measure_benchmark(name: str, low: float, high: float, seeds: int = 5) -> Any:
    """A network of the simulators' benchmark: every seed in its window."""

    def measure(session: Session) -> list[Row]:
        found = records(session, name, {}, 600 if session.slice else 1200, 200, 1 if session.slice else seeds)
        rows = []
        # A start may fall silent within 50 ms, in any engine (conductances: 1 of 40 starts in Brian2): such a seed says nothing of the rate.
        silent = sum(record["rates"]["exc"] == 0.0 for record in found)
        found = [record for record in found if record["rates"]["exc"] > 0.0]
        if silent:
            rows.append(Row(f"{name}: seeds that fell silent after the start", "reported", str(silent)))
        for population in ("exc", "inh"):
            values = [record["rates"][population] for record in found]
            shown = ", ".join(f"{value:.2f}" for value in values)
            judged = within(values, low, high)
            rows.append(Row(f"{name}: {population} rate, each seed", f"{low:g} to {high:g} /s", shown, judged))
        if name == "cuba" and len(found) >= 5:
            rows.append(row("cuba: exc rate, mean over seeds", mean(found, "rates", "exc"), 5.0, 6.1))
        return rows

    return measure


def measure_stdp(session: Session) -> list[Row]:
    """Rate and weights of the plastic network after 0.4 s."""
    found = records(session, "stdp", {}, 400, 100, 3, weights="exc -> exc")
    shown = ", ".join(f"{r['rates']['exc']:.2f}" for r in found)
    rows = [Row("stdp: exc rate, each seed", "reported", shown), row("stdp: exc rate, mean over seeds", mean(found, "rates", "exc"), 35.5, 38)]
    rows += [row(f"stdp: mean weight, seed {k + 1}", r["weight_mean"], 0.0995, 0.0999, "mV") for k, r in enumerate(found)]
    return rows


MEASURES = {
    "microcircuit": measure_microcircuit,
    "brunel": measure_brunel,
    "cuba": measure_benchmark("cuba", 4.5, 6.8),
    "coba": measure_benchmark("coba", 14, 23, 6),
    "cobahh": measure_benchmark("cobahh", 30, 42, 2),
    "stdp": measure_stdp,
}

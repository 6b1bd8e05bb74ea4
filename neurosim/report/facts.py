"""What came out and how: the summary, measured rates beside expected ones, provenance, how to repeat the run."""

from __future__ import annotations

import json
import math
from collections.abc import Sequence

from neurosim.analysis import CV_FROM_MS, PopulationSummary, summary
from neurosim.plotting.style import colour_of
from neurosim.progress import pace
from neurosim.report.html import Content, Html, join, pairs, paragraphs, table, tag
from neurosim.result import Result

FAR = 0.3
"""Relative difference from an expected rate above which it is marked."""


def title_of(result: Result) -> str:
    """The name of the network."""
    return result.provenance.name or "Simulation"


def lead(result: Result) -> str:
    """What was run, how long, how fast, in three sentences."""
    origin, timing = result.provenance, result.record.timing
    neurons = sum(part.size for part in result.populations)
    simulated = result.record.steps * origin.dt
    first, last = result.window
    whole = result.window_steps == (0, result.record.steps)
    window = "" if whole else f" What follows is of the {_time(last - first)} from {_time(first)} on."
    seconds = timing.get("run_s", 0.0)
    speed = pace(simulated, seconds)
    pace_of_it = f" ({speed})" if speed else ""
    took = f" Building it took {timing.get('build_s', 0.0):.2g} s, the simulation {seconds:.2g} s{pace_of_it}." if seconds else ""
    engine = f" by the engine {origin.backend}" if origin.backend else ""
    copies = f" in {origin.copies} copies" if origin.copies > 1 else ""
    return (
        f"{_counted(len(result.populations), 'population')} of {neurons:,} neurons in all, simulated for {_time(simulated)}{copies}"
        f"{engine} in steps of {origin.dt:g} ms.{window} {result.spike_count:,} spikes were recorded in that time.{took}"
    )


def _counted(number: int, word: str) -> str:
    return f"{number} {word}{'' if number == 1 else 's'}"


def _time(milliseconds: float) -> str:
    return f"{milliseconds / 1000.0:g} s" if milliseconds >= 1000.0 else f"{milliseconds:g} ms"


def notes(result: Result) -> Html:
    """What a reader has to know before believing the rest."""
    found = [note for note in result.provenance.notes]
    if result.interrupted:
        planned = sum(phase.steps for phase in result.provenance.phases) * result.provenance.dt
        reached = result.record.steps * result.provenance.dt
        found.insert(0, f"Warning: the run was stopped after {_time(reached)} of {_time(planned)}.")
    warnings = [note.removeprefix("Warning: ") for note in found if note.startswith("Warning: ")]
    others = [tag("li", note) for note in found if not note.startswith("Warning: ")]
    return join([paragraphs(warnings, "warning"), tag("ul", *others, having={"class": "note"}) if others else ""])


# ---- measured beside expected --------------------------------------------------------------------------------------------
def measured(result: Result) -> Html:
    """A row for each population: its rate as a bar with a mark where it was expected, and what else is known of it."""
    rows = summary(result)
    if all(math.isnan(row.rate) for row in rows):
        return Html("")
    titles = [title for title in result.provenance.expected if any(title in row.expected for row in rows)]
    judged = result.duration >= CV_FROM_MS
    reach = max([row.rate for row in rows if not math.isnan(row.rate)] + [rate for row in rows for rate in row.expected.values()])
    header = ["population", "neurons", "rate [Hz]", "", *titles, *(["CV"] if judged else []), "synchrony"]
    if len(rows) == 1 and not titles:
        reach = math.nan  # nothing to compare a bar with
    cells = [_row(row, result, titles, reach, judged) for row in rows]
    marks = f" The mark in a bar is '{titles[0]}'; differences of more than {FAR:.0%} are coloured." if titles else ""
    irregular = "" if judged else f" No CV: it is biased in runs shorter than {_time(CV_FROM_MS)}."
    foot = f"Synchrony is the variance over the mean of the spike count in bins of 3 ms.{irregular}{marks}"
    numbers = (1, 2, *range(4, len(header)))
    return join([table(header, cells, numbers=numbers), tag("p", foot, having={"class": "faint"})])


def _row(row: PopulationSummary, result: Result, titles: Sequence[str], reach: float, judged: bool) -> list[Content]:
    colour = colour_of(result[row.name], result)
    dot = tag("span", having={"class": "dot", "style": f"background:{colour}"})
    mark = row.expected.get(titles[0]) if titles else None
    return [
        join([dot, row.name]),
        f"{row.size:,}",
        _number(row.rate),
        _meter(row.rate, mark, reach, colour),
        *(_expected(row.rate, row.expected.get(title)) for title in titles),
        *([_number(row.cv)] if judged else []),
        _number(row.synchrony),
    ]


def _meter(value: float, mark: float | None, reach: float, colour: str) -> Html:
    if math.isnan(value) or not reach > 0.0:
        return Html("")
    bar = tag("i", having={"style": f"width:{100.0 * value / reach:.1f}%;background:{colour}"})
    line = "" if mark is None else tag("b", having={"style": f"left:calc({100.0 * mark / reach:.1f}% - 1px)"})
    return tag("span", bar, line, having={"class": "meter", "aria-hidden": "true"})


def _expected(value: float, wanted: float | None) -> Content:
    if wanted is None or math.isnan(value):
        return "-"
    if wanted == 0.0:
        return _number(wanted)
    difference = value / wanted - 1.0
    sign = "" if abs(difference) < 0.005 else "−" if difference < 0 else "+"
    text = f"{_number(wanted)} ({sign}{abs(difference):.0%})"
    return tag("span", text, having={"class": "off"}) if abs(difference) > FAR else text


def _number(value: float) -> str:
    return "-" if math.isnan(value) else f"{value:.3g}" if abs(value) < 100.0 else f"{value:,.0f}"


# ---- provenance ----------------------------------------------------------------------------------------------------------
def provenance(result: Result) -> Html:
    """Everything that the numbers depend on, and the digests by which equal runs are known."""
    origin, timing = result.provenance, result.record.timing
    phases = "; ".join(f"{phase.label or f'phase {k}'}: {_time(phase.steps * origin.dt)}" for k, phase in enumerate(origin.phases))
    clocks = (("building", "build_s"), ("simulation", "run_s"), ("its processor time", "run_cpu_s"))
    times = [f"{name} {timing[key]:.3g} s" for name, key in clocks if key in timing]
    machine = {key: f"{text} cores" if key == "cores" else text for key, text in origin.machine.items()}
    options = {name: value for name, value in origin.options.items() if value not in (None, "")}
    told = ("threads", "engine", "precision")
    said = [
        f"{key.replace('_', ' ')} {f'{value:.4g}' if isinstance(value, float) else value}"
        for key, value in result.record.info.items()
        if isinstance(value, str | int | float) and key not in told
    ]
    return pairs([
        ("Engine", f"{origin.backend} ({origin.precision} precision; agrees with the reference: {origin.level})" if origin.backend else ""),
        ("Threads", "" if origin.threads is None else str(origin.threads)),
        ("Options", ", ".join(f"{name} = {value}" for name, value in options.items())),
        ("Engine's remarks", ", ".join(said)),
        ("Step", f"{origin.dt:g} ms"),
        ("Plan", phases),
        ("Seed", str(origin.seed)),
        ("Copies", str(origin.copies) if origin.copies > 1 else ""),
        ("Time", ", ".join(times)),
        ("Versions", ", ".join(f"{name} {version}" for name, version in origin.versions.items())),
        ("Machine", ", ".join(machine[key] for key in ("processor", "cores", "system") if key in machine)),
        ("Date", origin.machine.get("date", "")),
        ("Digest of the Program", tag("code", origin.program_digest) if origin.program_digest else ""),
        ("Digest of spikes and final state", tag("code", result.digest())),
    ])  # fmt: skip


def repeat(result: Result) -> Html:
    """The command, or the lines of a script, that make this result again."""
    origin = result.provenance
    how = "The same command makes the same spikes:" if origin.command else "The script that built the network ran it like this:"
    lines = origin.command or "\n".join(_script(result))
    check = "Equal digests mean equal runs. Two files are compared by"
    return join([
        tag("p", how),
        tag("pre", tag("code", lines)),
        tag("p", check),
        tag("pre", tag("code", "neurosim compare THIS.nsr THAT.nsr")),
    ])  # fmt: skip


def _script(result: Result) -> list[str]:
    origin = result.provenance
    phases = [(phase.label, phase.steps * origin.dt) for phase in origin.phases]
    if len(phases) == 1 and not phases[0][0]:
        plan = f"{phases[0][1]:g} * ms"
    else:
        inner = ", ".join(f"ns.Phase({length:g} * ms{f', label={json.dumps(label)}' if label else ''})" for label, length in phases)
        plan = f"ns.Schedule({inner})"
    given = [f"dt={origin.dt:g} * ms", f'backend="{origin.backend}"', f"seed={origin.seed}"]
    given += [f'precision="{origin.precision}"'] if origin.precision == "single" else []
    given += [f"copies={origin.copies}"] if origin.copies > 1 else []
    options = {name: value for name, value in origin.options.items() if value is not None}
    given += [f"options={options!r}"] if options else []
    return [
        "import neurosim as ns",
        "from neurosim.units import ms",
        "",
        f"result = ns.simulate(net, {plan}, {', '.join(given)})",
        "print(result.provenance.program_digest)   # the network and its plan are those of this page where this is",
        f"                                          # {origin.program_digest[:16]}...",
    ]

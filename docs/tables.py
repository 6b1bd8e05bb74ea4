"""A Sphinx extension that writes what pages include from what the code declares and what was measured, before pages are read.

``generated/engines.md``: what each engine says of itself; ``support_matrix.md``: each case of the conformance suite, what engines
promise and what came out; ``models.md``: the published networks, their sources, arguments and expected rates; ``benchmarks.md``: what was
measured last; ``language.md``: functions and reserved names; ``api.md``, the standard parts and ``mistakes.md``: see `reference`,
`vocabulary` and `mistakes`.
"""

from __future__ import annotations

import ast
import importlib
import inspect
import json
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parent))

import chip  # noqa: E402
import mistakes  # noqa: E402
import reference  # noqa: E402
import vocabulary  # noqa: E402
from vocabulary import table  # noqa: E402

DOCS = Path(__file__).resolve().parent
FOLDER = DOCS / "generated"
RESULTS = DOCS.parent / "benchmarks" / "results"
OUTCOMES = (DOCS.parent / "build" / "conformance.json", RESULTS / "conformance.json")
"""What the conformance suite gave, by the last full run of the tests here, else by the one that is kept with the code."""


def setup(app: Any) -> dict[str, bool]:
    """Called by Sphinx."""
    app.connect("builder-inited", lambda _: write())
    return {"parallel_read_safe": True}


def write(folder: Path = FOLDER) -> None:
    """Write all tables; a file that would not change keeps its date."""
    folder.mkdir(exist_ok=True)
    written = {
        "engines": engines(),
        "support_matrix": support_matrix(),
        "models": models(),
        "benchmarks": benchmarks(),
        "language": language(),
        "loihi_limits": chip.limits(),
        "api": reference.api(),
        "mistakes": mistakes.catalogue(),
        **vocabulary.pages(),
    }
    for name, text in written.items():
        path = folder / f"{name}.md"
        if not path.exists() or path.read_text(encoding="utf-8") != text:
            path.write_text(text, encoding="utf-8")


def code(text: object) -> str:
    """Text in the font of code."""
    return f"`{text}`"


# ---- engines -------------------------------------------------------------------------------------------------------------
def backends() -> Mapping[str, Any]:
    """Name -> engine. Engines say what they can do without their libraries."""
    from neurosim.backends.registry import BUILT_IN

    parts = {name: entry.target.partition(":") for name, entry in BUILT_IN.items()}
    return {name: getattr(importlib.import_module(module), factory)() for name, (module, _, factory) in parts.items()}


def engines() -> str:
    """What each engine declares: level by precision, threads, options."""
    from neurosim.backends.base import Settings
    from neurosim.backends.registry import BUILT_IN

    rows, options = [], []
    for name, engine in backends().items():
        can = engine.capabilities()
        levels = [f"{can.level(Settings(precision=precision))} in {precision} precision" for precision in can.precisions]
        entry = BUILT_IN[name]
        needs = code(entry.install) if entry.library not in ("", "numba") else "nothing more"
        rows.append([code(name), needs, "; ".join(levels), "several" if can.threads else "one", "yes" if can.stepwise(Settings()) else "no"])
        for option in can.options:
            choices = ", ".join(code(choice) for choice in option.choices) or "any text"
            options.append([code(name), code(option.name), choices, code(repr(option.default)), option.help])
    text = table(["engine", "needs", "agrees with the reference", "threads", "can stop and go on"], rows)
    if options:
        text += "\nOptions, given as `options={...}` or `--option name=value`:\n\n"
        text += table(["engine", "option", "choices", "default", "what it does"], options)
    return text


# ---- the conformance suite -----------------------------------------------------------------------------------------------
def support_matrix() -> str:
    """One row per case: what it shows, the level at which engines have to agree, and what came out on each engine."""
    from neurosim.conformance import CASES

    found = outcomes()
    run = {key: outcome for key, outcome in found.items() if key[0] in {case.name for case in CASES}}
    measured = {engine for _, engine in run}
    names = [name for name in (*backends(), *COLUMNS) if name in measured or not run]
    rows = [
        [code(case.name), case.about.rstrip("."), code(case.level), *(_cell(case, name, found) for name in names), _modes(case, found)]
        for case in CASES
    ]
    when = ", ".join(sorted({f"{outcome['date']} at {outcome['commit']}" for outcome in run.values()}))
    absent = ", ".join(code(name) for name in backends() if name not in names)
    text = f"{len(CASES)} cases, {len(run)} outcomes{' of ' * bool(when)}{when}."
    text += f" Without outcomes here: {absent}." if absent else ""
    return f"{text}\n\n:::{{container}} wide\n{table(['case', 'what it shows', 'level', *names, 'other modes'], rows)}:::\n"


COLUMNS = ("loihi lava",)
"""Modes of engines that every case is run in."""


def outcomes() -> dict[tuple[str, str], dict[str, Any]]:
    """(case, engine) -> what came out when the whole suite was last run, empty if that never happened here."""
    kept = next((path for path in OUTCOMES if path.exists()), None)
    entries = json.loads(kept.read_text(encoding="utf-8")) if kept else []
    return {(entry["case"], entry["engine"]): entry for entry in entries}


def _cell(case: Any, engine: str, found: Mapping[tuple[str, str], Mapping[str, Any]]) -> str:
    """What came out, else what is promised."""
    reason = case.obstacles.get(engine)
    outcome = found.get((case.name, engine))
    if outcome is None:
        return f"promises to refuse ({reason.replace('_', ' ')})" if reason else "promised"
    if outcome["outcome"] == "refused":
        return f"refuses ({reason.replace('_', ' ')})" if reason else "refuses"
    if outcome["outcome"] == "failed":
        return "**fails**"
    return "passes" if engine == "reference" else f"passes, {outcome['difference']:.0e}".replace("0e+00", "0")


def _modes(case: Any, found: Mapping[tuple[str, str], Mapping[str, Any]]) -> str:
    """The slow modes of an engine in which a case is run too."""
    words = {"passed": "passes", "failed": "**fails**", "refused": "refuses"}
    said = [f"{mode} {words[found[case.name, f'brian2 {mode}']['outcome']]}" if (case.name, f"brian2 {mode}") in found else mode for mode in case.modes]
    return ", ".join(said) or "-"


# ---- benchmarks ------------------------------------------------------------------------------------------------------------
def benchmarks() -> str:
    """A table for each benchmark, from the files that its last run left."""
    sys.path.insert(0, str(DOCS.parent / "benchmarks"))
    parts = []
    for path in sorted(RESULTS.glob("*.json")):
        kept = json.loads(path.read_text(encoding="utf-8"))
        if path.stem.endswith("-slice") or "rows" not in kept:
            continue
        about, machine = kept["about"], kept["about"]["machine"]
        versions = ", ".join(f"{name} {version}" for name, version in about["versions"].items())
        rows = [[row["what"], row["target"], row["measured"], {True: "yes", False: "**no**", None: "-"}[row["met"]]] for row in kept["rows"]]
        parts.append(f"## {path.stem}\n\n{_title(path.stem)}\n")
        parts.append(
            f"{about['date']}, commit {about['commit']}, {kept['repeats']} repeats; {machine['cores']} cores of an {machine['cpu']}, "
            f"{machine['memory_gib']:.0f} GiB, {machine['system']}; {versions}.\n"
        )
        parts.append(table(["what", "target", "measured", "met"], rows))
    return "\n".join(parts)


def _title(name: str) -> str:
    """What a benchmark measures, in its own words."""
    path = DOCS.parent / "benchmarks" / f"{name}.py"
    return (ast.get_docstring(ast.parse(path.read_text(encoding="utf-8"))) or "").partition("\n\n")[0] if path.exists() else ""


# ---- the language -----------------------------------------------------------------------------------------------------------
MEANINGS = {
    **{"exp": "e to the x", "expm1": "exp(x) - 1 without cancellation", "log": "natural logarithm", "log1p": "log(1 + x) without cancellation"},
    **{"exprel": "(exp(x) - 1) / x, 1 at 0", "sqrt": "square root", "tanh": "hyperbolic tangent", "sigmoid": "1 / (1 + exp(-x))"},
    **{"sin": "sine", "cos": "cosine", "abs": "without its sign", "sign": "-1, 0 or 1", "relu": "x where positive, else 0"},
    **{"softplus": "log(1 + exp(x))", "floor": "largest whole number not above x", "rate": "right-hand side of dx/dt at the new state"},
    **{"min": "the smallest; two arguments or more", "max": "the largest; two arguments or more", "mod": "remainder, with the sign of b"},
    **{"clip": "x within the bounds", "where": "a where the condition holds, else b", "rand": "uniform between 0 and 1, fresh in each step"},
}


def language() -> str:
    """Functions with their arguments and dimensions, constants, reserved names."""
    from neurosim.equations.dimensions import BUILT_IN
    from neurosim.equations.names import reason_against
    from neurosim.equations.tree import CONSTANTS, FUNCTIONS
    from neurosim.units import UNITS

    signature = {"where": "where(condition, a, b)", "clip": "clip(x, low, high)", "rand": "rand()"}
    rows = [
        [code(signature.get(name, f"{name}({'x' if count == 1 else 'a, b'})")), MEANINGS[name], _dimensions(name)] for name, count in sorted(FUNCTIONS.items())
    ]
    reserved = [[code(name), reason_against(name, "synapse").partition(" is ")[2].removesuffix(" and cannot be declared")] for name in (*BUILT_IN, "weight")]
    inside = [["`w`", "the weight of the synapse"], ["`value`", "what arrives with the event or signal"], ["names in `_pre`, `_post`", "variables of the neurons at its ends"]]
    return "\n".join(
        [
            "### Functions\n",
            table(["function", "what it is", "dimensions"], rows),
            "### Names that cannot be declared\n",
            table(["name", "what it is"], [*reserved, *([code(name), "a constant"] for name in CONSTANTS), ["`xi`, `xi_1` ...", "unit white noise, 1/second**0.5"]]),
            "In synapses and rules also:\n",
            table(["name", "what it is"], inside),
            f"### Units\n\n{', '.join(code(name) for name in UNITS)}.\n",
        ]
    )


def _dimensions(function: str) -> str:
    """What the dimension check asks of the arguments: tried out, not repeated here."""
    from neurosim.equations import Call, Sym
    from neurosim.equations.dimensions import Scope, dimension_of
    from neurosim.equations.tree import FUNCTIONS
    from neurosim.errors import NeurosimError
    from neurosim.units import DIMENSIONLESS, TIME

    count = FUNCTIONS[function]
    if function == "rate":
        return "that of x per time"
    if function == "where":
        return "a and b alike"
    if not count:
        return "1"
    try:
        found = dimension_of(Call(function, tuple(Sym("x") for _ in range(count))), Scope({"x": TIME}))
    except NeurosimError:
        return "x: 1" if count == 1 else "all 1"
    if found == TIME:
        return "any, the result has it" if count == 1 else "all alike, the result too"
    return "any, the result is 1" if found in (DIMENSIONLESS, None) else f"any, the result is its {MEANINGS[function].rpartition(' ')[2]}"


# ---- models --------------------------------------------------------------------------------------------------------------
def models() -> str:
    """A section per model: what it is, where it comes from, its arguments, the rates to expect."""
    from neurosim.cli.catalogue import descriptions

    return "\n".join(_model(name, description) for name, description in descriptions().items())


def _model(name: str, description: str) -> str:
    module = importlib.import_module(f"neurosim.models.{name}")
    about = inspect.cleandoc(module.__doc__ or "")
    text, _, references = about.partition("References\n----------\n")
    arguments = [
        [code(f"{argument}={parameter.default}"), meaning]
        for argument, parameter in inspect.signature(module.network).parameters.items()
        for meaning in [_meaning(module.network, argument)]
    ]
    picture = [f"![{name}](/_build/gallery/{name}.png)\n"] if (DOCS / "_build" / "gallery" / f"{name}.png").exists() else []
    parts = [f"## {name}\n", f"{description}.\n", *picture, f"{text.strip()}\n", table(["argument", "meaning"], arguments)]
    parts.append(_rates(module.expected()))
    if references:
        parts.append(f"Sources: {' '.join(references.split())}\n")
    return "\n".join(parts)


def _meaning(function: Any, argument: str) -> str:
    """What a numpydoc docstring says of an argument, in one line."""
    lines = (inspect.getdoc(function) or "").partition("Parameters\n----------\n")[2].partition("\n\n")[0].splitlines()
    heads = [k for k, line in enumerate(lines) if line and not line.startswith(" ")]
    for k, end in zip(heads, [*heads[1:], len(lines)]):
        if argument in (name.strip() for name in lines[k].partition(" : ")[0].split(",")):
            return " ".join(line.strip() for line in lines[k + 1 : end])
    return ""


def _rates(columns: Mapping[str, Mapping[str, float]]) -> str:
    if not columns:
        return ""
    populations = list(dict.fromkeys(name for column in columns.values() for name in column))
    rows = [[title, *(f"{column[name]:.3g}" if name in column else "-" for name in populations)] for title, column in columns.items()]
    return "Rates in Hz, with the default arguments:\n\n" + table(["", *populations], rows)


if __name__ == "__main__":
    write()
    print(f"written to {FOLDER}")

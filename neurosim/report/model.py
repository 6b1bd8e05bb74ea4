"""What was simulated: equations as formulas, parameters with units and meaning, stimuli, connections."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from itertools import chain

from neurosim.description import Description, ModelWords, PartWords, ProjectionWords, ValueWords
from neurosim.equations import parse_expression, parse_statements
from neurosim.equations.mathml import mathml, mathml_assignment, mathml_derivative, mathml_equation, mathml_name, show_mathml
from neurosim.equations.model import Equations, State, parse_equations
from neurosim.errors import NeurosimError
from neurosim.report.html import Content, Html, join, paragraphs, table, tag
from neurosim.result import Result

DOI = re.compile(r"\b(10\.\d{4,9}/[^\s,;]+)")
WHEN: Mapping[str, str] = {
    "spike": "fires when",
    "reset": "then",
    "on arrival": "on arrival",
    "on pre": "on arrival",
    "on post": "on a spike of the target",
    "on step": "every step",
}
KINDS: Mapping[str, str] = {"neuron": "neurons", "synapse": "synapses", "rule": "learning rule"}
Owner = tuple[str, Sequence[ValueWords]]
"""Who has values for a model: name and values."""


def with_links(text: str) -> Html:
    """A text whose DOIs are links."""
    pieces: list[Content] = []
    for k, piece in enumerate(DOI.split(text)):
        doi = piece.rstrip(".")
        link = tag("a", doi, having={"href": f"https://doi.org/{doi}"})
        pieces += [link, piece[len(doi) :]] if k % 2 else [piece]
    return join(pieces)


def formula(markup: str) -> Html:
    """MathML, which is escaped where it is made, as a piece of the page."""
    return Html(mathml(markup))


def models(description: Description) -> Html:
    """Every model: formulas, where it comes from, the values that populations or projections give it."""
    return join(_model(key, words, _owners(key, description)) for key, words in description.models.items())


def _owners(key: str, description: Description) -> list[Owner]:
    owners: list[Owner] = [(part.name, part.values) for part in description.parts if part.model == key]
    owners += [(p.name, p.values) for p in description.projections if key in (p.synapse, p.rule)]
    return owners


def _model(key: str, words: ModelWords, owners: Sequence[Owner]) -> Html:
    parsed = _parsed(words)
    used = ", ".join(name for name, _ in owners[:12]) + (f" and {len(owners) - 12} more" if len(owners) > 12 else "")
    own = {name for name in parsed.units} if parsed is not None else set()
    rows = [(name, [value for value in values if parsed is None or value.name in own | {"refractory"}]) for name, values in owners]
    return join([
        tag("h3", key if KINDS.get(words.kind) == key else f"{key} ({KINDS.get(words.kind, words.kind)})"),
        tag("p", f"of {used}", having={"class": "faint"}) if used else "",
        _formulas(words, parsed),
        tag("p", "Source: ", with_links(words.source)) if words.source else "",
        _values(words, parsed, rows),
    ])  # fmt: skip


def _parsed(words: ModelWords) -> Equations | None:
    """The equations read again; None where this version does not understand them any more."""
    try:
        return parse_equations(words.equations, role="neuron" if words.kind == "neuron" else "synapse")
    except NeurosimError:
        return None


# ---- formulas ------------------------------------------------------------------------------------------------------------
def _formulas(words: ModelWords, parsed: Equations | None) -> Html:
    try:
        lines = list(chain([] if parsed is None else _equations(parsed), _statements(words)))
    except NeurosimError:
        return _as_text(words)
    text = "" if parsed is not None else tag("pre", words.equations)
    return join([text, tag("div", *lines, having={"class": "equations", "tabindex": "0"}) if lines else ""])


def _as_text(words: ModelWords) -> Html:
    lines = [words.equations, *(f"{occasion}: {text}" for occasion, text in words.statements.items())]
    return tag("pre", "\n".join(line for line in lines if line))


def _line(when: str, *content: Content) -> Html:
    return tag("p", tag("span", when, having={"class": "when"}), *content)


def _equations(parsed: Equations) -> Iterable[Html]:
    for state in parsed.states:
        yield _line("", formula(mathml_equation(_left(state), state.rhs)))
    for k, definition in enumerate(parsed.definitions):
        yield _line("" if k else "where", formula(mathml_equation(mathml_name(definition.name), definition.expr)))
    for k, output in enumerate(parsed.outputs):
        yield _line("" if k else "outputs", formula(mathml_equation(mathml_name(output.name), output.expr)))
    if parsed.ports:
        yield _line("inputs", formula("<mo>,</mo>".join(mathml_name(port.name) for port in parsed.ports)))


def _left(state: State) -> str:
    if state.kind == "derivative":
        return mathml_derivative(state.name)
    return f"<mrow>{mathml_name(state.name)}<mo>[</mo><mi>n</mi><mo>+</mo><mn>1</mn><mo>]</mo></mrow>"


def _statements(words: ModelWords) -> Iterable[Html]:
    texts = words.statements
    for occasion, when in WHEN.items():
        if occasion not in texts:
            continue
        if occasion == "spike":
            rising = texts[occasion].endswith(" (rising)")
            condition = parse_expression(texts[occasion].removesuffix(" (rising)"))
            yield _line("becomes true" if rising else when, formula(show_mathml(condition)))
            continue
        for k, statement in enumerate(parse_statements(texts[occasion])):
            text = f"every {texts['every']}" if occasion == "on step" and "every" in texts else when
            yield _line("" if k else text, formula(mathml_assignment(statement.target, statement.op, statement.expr)))
    if "refractory" in texts:
        held = f", which holds {texts['held']}" if "held" in texts else ""
        yield _line("refractory", f"{texts['refractory']}{held}")
    if "payload" in texts:
        yield _line("a spike carries", formula(show_mathml(parse_expression(texts["payload"]))))


# ---- values --------------------------------------------------------------------------------------------------------------
def _values(words: ModelWords, parsed: Equations | None, owners: Sequence[Owner]) -> Html:
    """One table of what all owners share, one of what differs."""
    found: dict[str, dict[str, ValueWords]] = {}
    for owner, values in owners:
        for value in values:
            found.setdefault(value.name, {})[owner] = value
    if not found:
        return Html("")
    differing = [name for name, by in found.items() if len(by) < len(owners) or len({value.value for value in by.values()}) > 1]
    rows = [_row(name, by, parsed, name in differing) for name, by in found.items()]
    shared = table(("", "name", "value", "unit", "what it is"), rows, caption="Parameters and initial values")
    if not differing:
        return shared
    lines = [[owner, *(found[name][owner].value if owner in found[name] else "-" for name in differing)] for owner, _ in owners]
    header: list[Content] = ["", *(formula(mathml_name(name)) for name in differing)]
    return join([shared, table(header, lines, caption="Values that differ")])


def _row(name: str, by: Mapping[str, ValueWords], parsed: Equations | None, differs: bool) -> list[Content]:
    first = next(iter(by.values()))
    units = {} if parsed is None else parsed.units
    states = {} if parsed is None else {state.name for state in parsed.states}
    meaning = [*(["initial value"] if name in states else []), *([_comment(name, parsed)] if _comment(name, parsed) else [])]
    if all(value.default for value in by.values()) and not differs:
        meaning.append("the model's default")
    return [formula(mathml_name(name)), tag("code", name), "see below" if differs else first.value, units.get(name, ""), "; ".join(meaning)]


def _comment(name: str, parsed: Equations | None) -> str:
    """What the text of the model says behind the # of the line on which a name is declared."""
    if parsed is None:
        return ""
    lines = parsed.source.splitlines()
    settable = {**{state.name: state.span for state in parsed.states}, **{entry.name: entry.span for entry in parsed.parameters}}
    row = settable[name].line if name in settable else len(lines)
    return lines[row].partition("#")[2].strip() if row < len(lines) else ""


# ---- stimuli and connections ---------------------------------------------------------------------------------------------
def populations(description: Description) -> Html:
    """Populations and stimuli, with what was recorded."""
    rows = [[part.name, _what(part), f"{part.size:,}", part.method, ", ".join(part.recorded)] for part in description.parts]
    header = ("name", "what", "size", "integration", "recorded")
    known = [0, 1, 2, *([3] if any(row[3] for row in rows) else []), *([4] if any(row[4] for row in rows) else [])]
    return table([header[k] for k in known], [[row[k] for k in known] for row in rows], numbers=(2,))


def _what(part: PartWords) -> str:
    if part.kind == "population":
        return part.what
    return ", ".join([part.what, *(f"{value.name} {value.value}" for value in part.values)])


def connections(description: Description, result: Result) -> Html:
    """One row for each projection."""
    if not description.projections:
        return Html("")
    sizes = {info.name: info.size for info in result.provenance.parts}
    header = ("from", "to", "into", "wiring", "synapses", "weight", "delay", "synapse, rule")
    rows = [_connection(projection, sizes.get(projection.name, 0)) for projection in description.projections]
    known = [k for k in range(len(header)) if any(row[k] for row in rows)]
    counts = [projection.synapses or sizes.get(projection.name, 0) for projection in description.projections]
    total = f", {sum(counts):,} synapse{'' if sum(counts) == 1 else 's'}" if all(counts) else ""
    caption = f"{len(rows)} projection{'' if len(rows) == 1 else 's'}{total}"
    numbers = (known.index(4),) if 4 in known else ()
    found = table([header[k] for k in known], [[row[k] for k in known] for row in rows], numbers=numbers, caption=caption)
    return tag("div", found, having={"class": "long" if len(rows) > 16 else "short"})


def _connection(projection: ProjectionWords, size: int) -> list[str]:
    signal = f" ({projection.signal})" if projection.signal not in ("", "value") else ""
    count = projection.synapses or size
    bounds = f", within {projection.bounds}" if projection.bounds else ""
    wiring = projection.connectivity.removesuffix("()").removesuffix(f"({count})").replace("_", " ")
    return [
        f"{projection.source}{signal}",
        projection.target,
        projection.into,
        wiring,
        f"{count:,}" if count else "drawn",
        f"{projection.weight}{bounds}",
        projection.delay,
        ", ".join(name for name in (projection.synapse, projection.rule) if name),
    ]


def missing_words() -> Html:
    """Instead of all this, where the file of a result is older than descriptions."""
    return paragraphs(
        ["This result was written by a version of neurosim that did not keep the network's equations, parameters and connections."], "note"
    )

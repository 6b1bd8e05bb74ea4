"""Pages of the standard neurons, synapses, rules, connectivities, distributions and stimuli, written from the values themselves."""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from itertools import product
from typing import Any

from neurosim.errors import NeurosimError
from neurosim.units import Hz, ms, mV

STAND_INS = (1.25, 20 * ms, 5 * Hz, 1 * mV)
"""Values for arguments that have to be given; they are no defaults and not shown."""


def pages() -> dict[str, str]:
    """Name of a generated page -> its text."""
    import neurosim as ns
    from neurosim.network import Connectivity, Distribution, NeuronModel, Plasticity, SynapseModel
    from neurosim.network.stimuli import STIMULI

    return {
        "neurons": sections(named(ns.neurons, NeuronModel), neuron),
        "synapses": sections(named(ns.synapses, SynapseModel), synapse),
        "plasticity": sections(rules(ns.plasticity, Plasticity), rule),
        "connectivity": first_lines({name: getattr(ns, name) for name in ns.__all__ if returns(getattr(ns, name), Connectivity)}),
        "distributions": first_lines({name: getattr(ns, name) for name in ns.__all__ if returns(getattr(ns, name), Distribution)}),
        "stimuli": first_lines({kind.__name__: kind for kind in STIMULI}),
    }


# ---- what there is -------------------------------------------------------------------------------------------------------
def named(module: Any, kind: type) -> dict[str, Any]:
    """Public values of a kind by name, each once, in the order of the module."""
    found: dict[str, Any] = {}
    for name, value in vars(module).items():
        if isinstance(value, kind) and not name.startswith("_") and not any(value is other for other in found.values()):
            found[name] = value
    return found


def returns(value: Any, kind: type) -> bool:
    """Whether a function is declared to return this kind."""
    return inspect.isfunction(value) and kind.__name__ in str(inspect.signature(value).return_annotation)


def rules(module: Any, kind: type) -> dict[str, Any]:
    """Learning rules by name: values, and what functions of the module make with simple arguments."""
    found = named(module, kind)
    for name, value in vars(module).items():
        if returns(value, kind) and not name.startswith("_") and takes_values(value, kind):
            found[name] = made(value)
    return found


def made(function: Callable[..., Any]) -> Any:
    """What it makes of the first values that fit: the text of a rule does not depend on them."""
    for values in product(STAND_INS, repeat=len(required(function))):
        try:
            return function(**dict(zip(required(function), values)))
        except NeurosimError:
            continue
    raise ValueError(f"no stand-ins for the arguments of {function.__name__}")


def takes_values(function: Callable[..., Any], kind: type) -> bool:
    """Whether a function makes a rule from numbers, not from other rules."""
    return kind.__name__ not in str([parameter.annotation for parameter in inspect.signature(function).parameters.values()])


def required(function: Callable[..., Any]) -> list[str]:
    """Names of the arguments without default."""
    given = inspect.signature(function).parameters.values()
    return [each.name for each in given if each.default is each.empty and each.kind is not each.VAR_KEYWORD]


# ---- pages ---------------------------------------------------------------------------------------------------------------
def sections(found: Mapping[str, Any], write: Callable[[str, Any], str]) -> str:
    """A list of all, then a section for each."""
    contents = table(["name", "what it is"], ([f"[`{name}`](#{anchor(name)})", about(value)] for name, value in found.items()))
    return "\n".join([contents, *(write(name, value) for name, value in found.items())])


def anchor(name: str) -> str:
    """How a heading of that name is linked."""
    return name.lower()


def about(value: Any) -> str:
    """What a model says of itself, else where it comes from."""
    return (getattr(value, "about", "") or value.source).rstrip(".")


def neuron(name: str, model: Any) -> str:
    """A section on a neuron model."""
    lines = [rf"{left} &= {side}" for left, side in sides(model.parsed)]
    sentences = []
    if model.spike_condition is not None:
        rising = " becomes true" if model.rising else ""
        sentences.append(f"Fires when ${latex(model.spike_condition)}${rising}.")
    if model.reset_statements:
        sentences.append(f"Then {statements(model.reset_statements)}.")
    if model.refractory is not None:
        held = ", ".join(f"`{state}`" for state in model.held_states()) or "no state: it only cannot fire"
        sentences.append(f"Refractory for {model.refractory}, holding {held}.")
    if model.payload != "1":
        sentences.append(f"A spike carries ${latex(model.payload_expr)}$.")
    if model.method:
        sentences.append(f"Integrated with `{model.method}`.")
    return section(name, model, lines, sentences, model.defaults)


def synapse(name: str, model: Any) -> str:
    """A section on a synapse."""
    lines = [rf"{left} &= {side}" for left, side in sides(model.parsed)]
    return section(name, model, lines, [f"When a spike arrives, {statements(model.arrival_statements)}."], model.values)


def rule(name: str, model: Any) -> str:
    """A section on a learning rule."""
    lines = [rf"{left} &= {side}" for left, side in sides(model.parsed)]
    occasions = (("an arrival", model.pre_statements), ("a postsynaptic spike", model.post_statements), ("every step", model.step_statements))
    sentences = [f"At {when}: {statements(listed)}." for when, listed in occasions if listed]
    values = {key: value for key, value in model.values.items() if not any(value is each for each in STAND_INS)}
    return section(name, model, lines, sentences, values)


def section(name: str, model: Any, lines: Sequence[str], sentences: Sequence[str], values: Mapping[str, Any]) -> str:
    """Heading, what it is, equations, what happens when, names, source."""
    parts = [f"## {name}\n"]
    if getattr(model, "about", ""):
        parts.append(f"{model.about[0].upper()}{model.about[1:].rstrip('.')}.\n")
    if lines:
        parts.append("$$\n\\begin{aligned}\n" + " \\\\\n".join(lines) + "\n\\end{aligned}\n$$\n")
    parts.append(" ".join(sentences) + "\n")
    remarks = comments(model.equations)
    rows = [
        [f"`{key}`", variable.kind, unit_of(model, key), shown(values.get(key, "")), remarks.get(key, "")]
        for key, variable in model.variables.items()
        if variable.kind != "definition"
    ]
    if rows:
        parts.append(table(["name", "kind", "unit", "default", "remark"], rows))
    if model.source:
        parts.append(f"Source: {linked(model.source)}.\n")
    return "\n".join(parts)


def sides(parsed: Any) -> Iterable[tuple[str, str]]:
    """Left and right sides of all equations, in LaTeX: states, then definitions and outputs."""
    from neurosim.equations import latex_derivative, latex_name

    for state in parsed.states:
        left = latex_derivative(state.name) if state.kind == "derivative" else f"{latex_name(state.name)}[n+1]"
        yield left, latex(state.rhs)
    for entry in (*parsed.definitions, *parsed.outputs):
        yield latex_name(entry.name), latex(entry.expr)


def statements(parsed: Iterable[Any]) -> str:
    """Assignments as mathematics, one after the other."""
    from neurosim.equations import latex_name

    signs = {"=": "", "+=": "+", "-=": "-", "*=": r"\cdot"}
    written = []
    for each in parsed:
        name, side = latex_name(each.target), latex(each.expr)
        if each.op in ("-=", "*=") and is_sum(each.expr):
            side = rf"\left({side}\right)"
        written.append(rf"${name} \leftarrow {side}$" if each.op == "=" else rf"${name} \leftarrow {name} {signs[each.op]} {side}$")
    return ", then ".join(written)


def is_sum(expr: Any) -> bool:
    """Whether brackets are needed behind a minus or a times."""
    from neurosim.equations import Op

    return isinstance(expr, Op) and expr.op in ("+", "-", "neg")


def latex(expr: Any) -> str:
    """An expression."""
    from neurosim.equations.latex import show_latex

    return show_latex(expr)


def unit_of(model: Any, name: str) -> str:
    """The unit as the text of the model has it."""
    return str(model.parsed.units.get(name, ""))


def comments(text: str) -> dict[str, str]:
    """What a model's text says beside a line, by the names that the line declares."""
    found: dict[str, str] = {}
    for line in text.splitlines():
        code, mark, remark = line.partition("#")
        if mark:
            left = re.sub(r"^d(\w+)\s*/\s*dt\b", r"\1", re.split(r"[=:\[]", code.strip())[0].strip())
            found.update({name.strip(): remark.strip() for name in left.split(",")})
    return found


def first_lines(found: Mapping[str, Any]) -> str:
    """A table of names, how they are called, and the first line of what they say of themselves."""
    rows = []
    for name, value in found.items():
        arguments = ", ".join(inspect.signature(value).parameters)
        says = (inspect.getdoc(value) or "").partition("\n\n")[0].replace("\n", " ")
        rows.append([f"{{func}}`{name}({arguments}) <neurosim.{name}>`" if inspect.isfunction(value) else f"{{class}}`{name} <neurosim.{name}>`", says])
    return table(["name", "what it is"], ([cell[0], plain_roles(cell[1])] for cell in rows))


def plain_roles(text: str) -> str:
    """Docstrings are reStructuredText, pages are Markdown."""
    text = re.sub(r":\w+:`~?([^`<]+)`", r"`\1`", text)
    return text.replace("``", "`")


def linked(text: str) -> str:
    """DOIs as links."""
    return re.sub(r"doi (10\.\d+/[^\s,;]+[^\s,;.)])", r"[doi \1](https://doi.org/\1)", text).rstrip(".")


def shown(value: Any) -> str:
    """A default value."""
    return f"`{value}`" if isinstance(value, str) and value else str(value)


def table(header: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A Markdown table."""
    lines = ["| " + " | ".join(str(cell).replace("|", "\\|") for cell in row) + " |" for row in (header, ["---"] * len(header), *rows)]
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    for page, text in pages().items():
        print(f"===== {page} =====\n{text}")

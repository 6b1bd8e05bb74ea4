"""The API reference, written from the public names: what is public stands in it. And a Sphinx extension that numbers no sources."""

from __future__ import annotations

import importlib
import inspect
import re
from collections.abc import Iterable, Mapping
from types import MappingProxyType, ModuleType
from typing import Any

GROUPS: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "Running": ("simulate", "Session", "Result", "result.PartResult", "load_result", "compare", "analysis.Comparison"),
        "Programs": ("lower", "freeze", "Program"),
        "Networks": ("Network", "Population", "Projection", "Probe"),
        "Models of neurons, synapses and learning": ("NeuronModel", "SynapseModel", "Plasticity"),
        "Schedules": ("Schedule", "Phase", "Assignment", "CopyWeights"),
    }
)
MEMBERS: Mapping[str, str] = MappingProxyType(
    {
        **dict.fromkeys(("Session", "Result", "result.PartResult", "Network", "Population", "Schedule"), ""),
        **{"analysis.Comparison": "ok, same_spikes, first", "NeuronModel": "with_defaults, held_states"},
        **dict.fromkeys(("SynapseModel", "Plasticity"), "with_values"),
    }
)
"""Classes whose methods are for everybody; '' all of them."""
MODULES: Mapping[str, str] = MappingProxyType(
    {
        "neurosim.plasticity": "Learning rules",
        "neurosim.units": "Units",
        "neurosim.analysis": "Analysis",
        "neurosim.plotting": "Pictures",
        "neurosim.conformance": "Conformance",
        "neurosim.hardware.loihi": "Intel Loihi",
        "neurosim.errors": "Errors",
    }
)
"""Public modules besides `neurosim` itself."""
OTHERS = ("neurosim.interchange.neo.to_neo", "neurosim.interchange.sonata.write_sonata")
"""Public functions of modules that are imported by name."""


def setup(app: Any) -> dict[str, bool]:
    """Called by Sphinx."""
    app.connect("autodoc-process-docstring", plain_sources)
    return {"parallel_read_safe": True}


def plain_sources(app: Any, what: str, name: str, value: Any, options: Any, lines: list[str]) -> None:
    """Sources are numbered within a docstring; on a page of many they are plain text, not links that mean each other's."""
    lines[:] = [re.sub(r"\[(\d+)\]_", r"[\1]", re.sub(r"^(\s*)\.\. \[(\d+)\] ", r"\1| [\2] ", line)) for line in lines]


def api() -> str:
    """The whole page, in reStructuredText."""
    import neurosim as ns
    from neurosim.network import Connectivity, Distribution
    from neurosim.network.stimuli import STIMULI

    groups = {title: list(names) for title, names in GROUPS.items()}
    functions = {name: getattr(ns, name) for name in ns.__all__ if inspect.isfunction(getattr(ns, name))}
    groups["Connectivity"] = [name for name, function in functions.items() if gives(function, Connectivity)]
    groups["Distributions"] = [name for name, function in functions.items() if gives(function, Distribution)]
    groups["Stimuli"] = [kind.__name__ for kind in STIMULI if kind.__name__ in ns.__all__]
    known = {name for names in groups.values() for name in names} | {"NeurosimError"}
    rest = [name for name in ns.__all__ if name not in known and not inspect.ismodule(getattr(ns, name))]
    parts = ["```{eval-rst}", ".. currentmodule:: neurosim", ""]
    for title, names in groups.items():
        parts += heading(title)
        parts += [entry(f"neurosim.{name}", found(f"neurosim.{name}"), MEMBERS.get(name)) for name in names]
    if rest:
        parts += heading("Space and other helpers")
        parts += [entry(f"neurosim.{name}", getattr(ns, name), None) for name in rest]
    for name, title in {**MODULES, **further_modules(ns)}.items():
        parts += heading(title)
        parts += [f".. module:: {name}", ""]
        module = found(name)
        parts += [(inspect.getdoc(module) or "").partition("\n\nExamples\n--------")[0], ""]
        parts += [entry(f"{name}.{public}", value, None) for public, value in public_names(module).items()]
    parts += heading("Other formats")
    parts += [entry(name, value, None) for name in OTHERS if (value := found(name)) is not None]
    return "\n".join([*parts, "```", ""])


def gives(function: Any, kind: type) -> bool:
    """Whether a function is declared to return this kind."""
    return kind.__name__ in str(inspect.signature(function).return_annotation)


def further_modules(ns: ModuleType) -> dict[str, str]:
    """Modules among the public names that are not named above and hold functions."""
    found_modules = {f"neurosim.{name}": getattr(ns, name) for name in ns.__all__ if inspect.ismodule(getattr(ns, name))}
    texts = ("neurosim.neurons", "neurosim.synapses")  # values, which have pages of their own
    return {name: module.__name__.rpartition(".")[2].capitalize() for name, module in found_modules.items() if name not in MODULES and name not in texts}


def public_names(module: ModuleType) -> dict[str, Any]:
    """Functions and classes of a module, each once: those of its ``__all__``, else those that it defines."""
    listed: Iterable[str] = getattr(module, "__all__", None) or [
        name for name, value in vars(module).items() if getattr(value, "__module__", "") == module.__name__ and not name.startswith("_")
    ]
    values = {name: getattr(module, name) for name in listed}
    elsewhere = {name for names in GROUPS.values() for name in names} | {f"{name.rpartition('.')[2]}" for names in GROUPS.values() for name in names if "." in name}
    chosen = {name: value for name, value in values.items() if (inspect.isclass(value) or inspect.isfunction(value)) and name not in elsewhere}
    errors = {name: value for name, value in chosen.items() if inspect.isclass(value) and issubclass(value, Exception)}
    return errors or chosen  # the module of errors also holds what writes them


def found(name: str) -> Any:
    """The object of that full name, None where there is none. A function may have the name of the module that it stands in."""
    first, *parts = name.split(".")
    value: Any = importlib.import_module(first)
    path = first
    for part in parts:
        path = f"{path}.{part}"
        if part not in vars(value):
            try:
                importlib.import_module(path)
            except ImportError:
                return None
        value = getattr(value, part)
    return value


def heading(title: str) -> list[str]:
    """A section."""
    return [title, "-" * len(title), ""]


def entry(name: str, value: Any, members: str | None) -> str:
    """One name, by a directive of autodoc."""
    kind = "autoclass" if inspect.isclass(value) else "autofunction" if inspect.isfunction(value) else "autodata"
    chosen = "" if members is None else f"\n   :members: {members}".rstrip()
    return f".. {kind}:: {name}{chosen}\n"


if __name__ == "__main__":
    print(api())

"""The models that can be run by name: the modules of `neurosim.models` that have a `network` function."""

from __future__ import annotations

import importlib
import inspect
import pkgutil
import warnings
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import neurosim.models
from neurosim.errors import NeurosimError, ParameterError, did_you_mean
from neurosim.network import Network
from neurosim.result import Result
from neurosim.units import Quantity, ms, second

if TYPE_CHECKING:
    from matplotlib.figure import Figure


@dataclass(frozen=True)
class Model:
    """A module of `neurosim.models`: its function `network` and what else it offers; `figure` draws the published one."""

    name: str
    description: str
    build: Callable[..., Network]
    warm_up: Quantity = 0 * ms
    duration: Quantity = 1 * second
    dt: Quantity = 0.1 * ms
    notes: Callable[..., Any] | None = None
    figure: Callable[[Result], Figure] | None = None
    parameters: Mapping[str, inspect.Parameter] = field(default_factory=dict)


def model_names() -> list[str]:
    """Names of all models."""
    found = pkgutil.iter_modules(neurosim.models.__path__)
    return sorted(module.name for module in found if not module.ispkg and not module.name.startswith("_"))


def descriptions() -> dict[str, str]:
    """Name -> one line about it."""
    found = {name: importlib.import_module(f"neurosim.models.{name}") for name in model_names()}
    return {name: module.DESCRIPTION for name, module in found.items() if "network" in vars(module)}


def model_of(name: str) -> Model:
    """The model of that name.

    Raises
    ------
    ParameterError
        If there is none.
    """
    if name not in model_names():
        tail = did_you_mean(name, model_names())
        raise ParameterError(f"there is no model '{name}'{tail}", hint="neurosim models lists them all.")
    module = importlib.import_module(f"neurosim.models.{name}")
    offers = vars(module)
    return Model(
        name,
        offers["DESCRIPTION"],
        offers["network"],
        offers.get("WARM_UP", 0 * ms),
        offers.get("DURATION", 1 * second),
        offers.get("DT", 0.1 * ms),
        offers.get("notes"),
        offers.get("figure"),
        dict(inspect.signature(offers["network"]).parameters),
    )


def built(model: Model, arguments: Mapping[str, Any]) -> tuple[Network, list[str]]:
    """The network, and what its reader has to know: the model's notes, then warnings that they do not hold."""
    with warnings.catch_warnings(record=True) as raised:
        warnings.simplefilter("always")
        network = model.build(**arguments)
        notes = [] if model.notes is None else list(model.notes(**arguments))
    for warning in raised:
        text = str(warning.message)
        if not any(text in note for note in notes):
            notes.append(f"Warning: {text}")
    return network, notes


def figures_of(model: Model, result: Result) -> tuple[dict[str, Figure], list[str]]:
    """The model's figure by its title, and why there is none although the model has one."""
    if model.figure is None:
        return {}, []
    try:
        return {"The published figure, drawn of this run": model.figure(result)}, []
    except NeurosimError as error:
        return {}, [f"The model's figure cannot be drawn of this run: {error.message}"]


def help_text(model: Model) -> str:
    """What the model is, and the arguments that `--set` can give it."""
    lines = [f"{model.name}: {model.description}", "", "arguments (--set name=value):"]
    lines += [f"  {name}={parameter.default}" for name, parameter in model.parameters.items()]
    documentation = inspect.getdoc(model.build) or ""
    return "\n".join([*lines, "", documentation])

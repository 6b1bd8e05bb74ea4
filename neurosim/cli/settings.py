"""What is typed on the command line, as values: times, ``--set argument=value``, ``--set population.parameter=value``."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from functools import partial
from typing import Any, TypeVar

from neurosim.cli.catalogue import Model
from neurosim.cli.doors import Complaints
from neurosim.errors import NeurosimError, OptionError, ParameterError, UnitError, did_you_mean, together
from neurosim.network import Network, Output, Population, Probe, Projection
from neurosim.units import DIMENSIONLESS, TIME, Quantity, in_inner, inner_value, ms, parse_quantity
from neurosim.units import describe_dimension as described
from neurosim.units import usual_unit as usual

WORDS: Mapping[str, object] = {"true": True, "false": False, "none": None}
OF_A_PROJECTION = ("weight", "delay", "factor")
OF_A_POPULATION = ("method", "refractory")
Made = TypeVar("Made")


def time_of(text: str, option: str) -> Quantity:
    """A time: ``2s``, ``500ms`` or ``1.5*second``; a plain number is in ms.

    Raises
    ------
    OptionError
        If the text is no time, or the time is negative.
    """
    try:
        found = parse_quantity(text)
        milliseconds = found if isinstance(found, float) else float(in_inner(found, TIME, "", ""))
    except NeurosimError:
        raise OptionError(f"{option} needs a time such as 2s or 500ms, got '{text}'") from None
    if milliseconds < 0.0:
        raise OptionError(f"{option} cannot be negative, got '{text}'")
    time: Quantity = milliseconds * ms
    return time


def value_of(text: str, where: str = "") -> Any:
    """A value as it was typed: ``20*ms``, ``0.5``, ``12``, ``true``, ``none``, a word, or several between commas.

    Raises
    ------
    UnitError
        If it begins like a number and has no unit that is known; ``where`` says whose value it is.
    """
    if "," in text:
        return tuple(value_of(piece, where) for piece in text.split(","))
    stripped = text.strip()
    if stripped.lower() in WORDS:
        return WORDS[stripped.lower()]
    for kind in (int, float):
        try:
            return kind(stripped)
        except ValueError:
            continue
    try:
        return parse_quantity(stripped)
    except UnitError as error:
        if stripped[:1].isdigit() or stripped[:1] in "+-.":
            raise UnitError(error.message, where=where) from None
        return stripped


def split_settings(settings: Iterable[str], option: str) -> dict[str, str]:
    """``name=value`` texts by name.

    Raises
    ------
    OptionError
        If there is no ``=``, or a name is given twice.
    """
    found: dict[str, str] = {}
    complaints = []
    for setting in settings:
        name, equals, text = (piece.strip() for piece in setting.partition("="))
        if not equals or not name or not text:
            complaints.append(OptionError(f"{option} needs name=value, got '{setting}'"))
        elif name in found:
            complaints.append(OptionError(f"{option} gives {name} twice: {found[name]} and {text}"))
        found.setdefault(name, text)
    if complaints:
        raise together(complaints)
    return found


# ---- arguments of a model ------------------------------------------------------------------------------------------------
def argument_of(model: Model, name: str, text: str) -> Any:
    """The value of an argument of a model's `network`, checked against its annotation.

    Raises
    ------
    ParameterError
        If there is no such argument, or the value is of the wrong kind.
    """
    where = f"model '{model.name}'"
    if name not in model.parameters:
        raise ParameterError(f"there is no argument '{name}'{did_you_mean(name, model.parameters)}", where=where)
    annotation = model.parameters[name].annotation
    kinds = annotation if isinstance(annotation, str) else getattr(annotation, "__name__", str(annotation))
    words = {word.strip() for word in kinds.split("|")}
    if "str" in words:
        return None if "None" in words and text.lower() == "none" else text
    value = value_of(text, f"{where}, {name}")
    if value is None and "None" in words:
        return None
    # A wider kind takes what a narrower one does; bool is an int for Python, not for a person.
    accepted = {
        "bool": (bool, "true or false"), "int": (int, "a whole number"), "float": (int | float, "a number"),
        "Quantity": (Quantity, "a number with a unit"),
    }  # fmt: skip
    known = [accepted[word] for word in words if word in accepted]
    if known and not any(isinstance(value, kind) and (kind is bool or not isinstance(value, bool)) for kind, _ in known):
        needed = " or ".join(description for _, description in known)
        raise ParameterError(f"{name} needs {needed}, got '{text}'", where=where)
    return float(value) if "float" in words and isinstance(value, int) else value


# ---- parameters of parts -------------------------------------------------------------------------------------------------
def with_settings(network: Network, model: str, settings: Mapping[str, str]) -> Network:
    """The network with parameters of its parts replaced, and without expected rates: they say nothing about a changed network.

    Parameters
    ----------
    network : Network
    model : str
        Its name, for messages.
    settings : mapping
        ``part.parameter`` -> value as it was typed.

    Raises
    ------
    ParameterError
        If there is no such part or parameter, or the value does not fit.
    """
    by_part: dict[str, dict[str, str]] = {}
    named, complaints = network.named(), Complaints()
    for path, text in settings.items():
        part, _, parameter = path.rpartition(".")
        if part in named:
            by_part.setdefault(part, {})[parameter] = text
        else:
            unknown = f"there is no part '{part}'{did_you_mean(part, named)}"
            complaints.errors.append(ParameterError(unknown, where=f"model '{model}'"))
    made = _rebuilt(network, model, by_part, complaints) if by_part else network
    complaints.raise_if_any()
    return made


def _rebuilt(network: Network, model: str, by_part: Mapping[str, Mapping[str, str]], complaints: Complaints) -> Network:
    """Parts refer to each other by identity, so whatever refers to a new part is new too."""
    new: dict[int, Any] = {}

    def change(part: Any, make: Callable[[], Any]) -> None:
        made = complaints.tried(make)
        new[id(part)] = part if made is None else made

    for part in network.parts:
        if isinstance(part, Population) and part.name in by_part:
            change(part, partial(_changed_population, part, model, by_part[part.name]))
        elif not isinstance(part, Population | Projection | Probe) and part.name in by_part:
            change(part, partial(_changed_fields, part, f"stimulus '{part.name}' of model '{model}'", by_part[part.name]))

    def current(part: Any) -> Any:
        if isinstance(part, Output):
            return Output(current(part.population), part.name)
        if isinstance(part, Projection) and id(part) not in new:
            change(part, partial(_changed_projection, part, model, by_part.get(part.name, {}), current))
        return new.get(id(part), part)

    parts = [
        replace(part, part=current(part.part)) if isinstance(part, Probe) else current(part) for part in network.parts
    ]
    return Network(*parts, seed=network.seed, name=network.name)


def _changed_population(population: Population, model: str, texts: Mapping[str, str]) -> Population:
    where = f"population '{population.name}' of model '{model}'"
    values = dict(population.values)
    special: dict[str, Any] = {"method": population.method, "refractory": population.refractory}
    complaints = Complaints()
    for name, text in texts.items():
        value = complaints.tried(partial(_value_of_neurons, population, name, text, where))
        if value is not None:
            (special if name in OF_A_POPULATION else values)[name] = value
    make = partial(Population, population.name, population.size, population.model, **special, **values)
    made: Population = complaints.tried(lambda: _in_words_of(where, make))
    complaints.raise_if_any()
    return made


def _value_of_neurons(population: Population, name: str, text: str, where: str) -> Any:
    known = [*population.model.settable(), *OF_A_POPULATION]
    if name not in known:
        raise ParameterError(f"there is no parameter '{name}'{did_you_mean(name, known)}", where=where)
    value = value_of(text, f"{where}, {name}")
    if name == "method":
        return value
    dimension = TIME if name == "refractory" else population.model.variables[name].dimension
    if dimension != DIMENSIONLESS and isinstance(value, int | float) and value != 0:
        needs = f"{name} needs {described(dimension)}, got the plain number {text}"
        raise ParameterError(f"{needs}. Write {population.name}.{name}={text}*{usual(dimension)}.", where=where)
    return value


def _changed_fields(part: Any, where: str, texts: Mapping[str, str]) -> Any:
    known = [found.name for found in dataclasses.fields(part) if found.init and found.name != "name"]
    for name in texts:
        if name not in known:
            raise ParameterError(f"there is no parameter '{name}'{did_you_mean(name, known)}", where=where)
    return _in_words_of(where, lambda: replace(part, **{name: value_of(text, f"{where}, {name}") for name, text in texts.items()}))


def _changed_projection(projection: Projection, model: str, texts: Mapping[str, str], current: Any) -> Projection:
    where = f"projection '{projection.name}' of model '{model}'"
    for name in texts:
        if name not in OF_A_PROJECTION:
            raise ParameterError(f"--set cannot change '{name}'{did_you_mean(name, OF_A_PROJECTION)}", where=where)
    ends = {"source": current(projection.source), "target": current(projection.target)}
    shared = {"shared_with": current(projection.shared_with), "transpose_of": current(projection.transpose_of)}
    unchanged = ends["source"] is projection.source and ends["target"] is projection.target
    if unchanged and not texts and all(new is getattr(projection, name) for name, new in shared.items()):
        return projection
    values = {name: value_of(text, f"{where}, {name}") for name, text in texts.items()}
    return _in_words_of(where, lambda: replace(projection, **ends, **shared, **values))


def _in_words_of(where: str, make: Callable[[], Made]) -> Made:
    """What ``make`` makes; its errors name the part as the user of the command knows it."""
    try:
        return make()
    except NeurosimError as error:
        parts = [ParameterError(part.message, hint=part.hint) for part in error.parts]
        raise ParameterError(error.message, where=where, hint=error.hint, parts=parts) from error


def milliseconds(time: Quantity) -> float:
    """A time as a plain number."""
    return float(inner_value(time))

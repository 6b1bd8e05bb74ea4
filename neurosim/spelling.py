"""What is said to a call, an attribute or a name that does not exist: what was meant, or what it is called here.

Python refuses such things by itself, in words that know nothing of the field; `spelt` marks the classes and functions that answer in ours.
"""

from __future__ import annotations

import functools
import inspect
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import FrozenInstanceError, dataclass
from types import FunctionType
from typing import Any, NoReturn, TypeVar

from neurosim.errors import Findings, NeurosimError, ParameterError, did_you_mean
from neurosim.other_words import ARGUMENTS, ATTRIBUTES, CHANGES, NAMES, PARAMETERS, PIECES

Made = TypeVar("Made", bound=Callable[..., Any])
BY_ORDER = (inspect.Parameter.POSITIONAL_ONLY, inspect.Parameter.POSITIONAL_OR_KEYWORD)


def spelt(made: Made) -> Made:
    """A public class or function whose callers are told what they misspelt.

    Parameters
    ----------
    made : class or function
        A class is changed in place: its constructor explains itself, and so do attributes that do not exist or cannot be set.

    Returns
    -------
    class or function
        The same class; of a function, one that behaves the same.

    Examples
    --------
    >>> @spelt
    ... def simulate(network, duration, *, backend="native"):
    ...     return backend
    >>> simulate(1, 2, engine="brian2")
    Traceback (most recent call last):
        ...
    neurosim.errors.ParameterError: simulate: there is no argument 'engine': it is called backend here.
    """
    if not isinstance(made, type):
        explained: Any = _explaining(made, made.__qualname__)
        return explained  # type: ignore[no-any-return]
    type.__setattr__(made, "__init__", _explaining(vars(made)["__init__"], made.__name__, made))
    if "__getattr__" not in vars(made):
        type.__setattr__(made, "__getattr__", _missing)
    if "__getitem__" not in vars(made) and PIECES in ATTRIBUTES.get(made.__name__, {}):
        type.__setattr__(made, "__getitem__", _whole)
    if "__setattr__" in vars(made):
        type.__setattr__(made, "__setattr__", _unchangeable(vars(made)["__setattr__"]))
    return made


def unknown_name(module: str, name: str, known: Iterable[str]) -> AttributeError:
    """The error about a name that a module does not have, to be raised by its ``__getattr__``.

    Parameters
    ----------
    module : str
        As people write it: ``"neurosim.units"``.
    name : str
    known : iterable of str
        The names that it has.
    """
    if name.startswith("__"):
        return AttributeError(f"module {module!r} has no attribute {name!r}")
    said = said_of(module, name)
    return AttributeError(f"{module} has no '{name}': {said}" if said else f"{module} has no '{name}'{did_you_mean(name, known)}")


def said_of(module: str, name: str) -> str:
    """What is said to a name that other simulators have, '' for others."""
    return NAMES.get(module, {}).get(name, "")


def called_here(name: str, known: Iterable[str]) -> str:
    """The tail of a message about a parameter of a neuron: what other simulators' name for it is here, else the nearest name, or all."""
    names = tuple(known)
    same = next((other for other in PARAMETERS.get(name, ()) if other in names), None)
    return f"; it is called {same} here" if same else did_you_mean(name, names)


# ---- calls ---------------------------------------------------------------------------------------------------------------
def _explaining(function: Callable[..., Any], called: str, owner: type | None = None) -> Callable[..., Any]:
    explain = _misspelt

    def explaining(*arguments: Any, **options: Any) -> Any:
        try:
            return function(*arguments, **options)
        except TypeError as error:
            # A traceback that ends here is of the call itself, not of anything that was done in it.
            if error.__traceback__ is None or error.__traceback__.tb_next is not None:
                raise
            raise explain(function, called, owner, arguments, options) from None

    # With the names of the module it is of, where doctest looks for functions of that module.
    at_home = FunctionType(explaining.__code__, function.__globals__, function.__name__, None, explaining.__closure__)
    return functools.update_wrapper(at_home, function)


def _misspelt(
    function: Callable[..., Any], called: str, owner: type | None, arguments: tuple[Any, ...], options: dict[str, Any]
) -> NeurosimError:
    """Everything that is wrong with the names and the number of arguments of a call."""
    parameters = tuple(inspect.signature(function).parameters.values())
    if parameters and parameters[0].name == "self":
        parameters, arguments = parameters[1:], arguments[1:]
    words = {**ARGUMENTS.get("", {}), **ARGUMENTS.get(called, {})}
    call = _Call(called, parameters, arguments, options, words, functools.partial(_about, owner or function))
    findings = Findings()
    for message in (*call.unknown(), *call.too_many(), *call.missing()):
        findings.add("", message)
    try:
        findings.raise_if_any(ParameterError, called)
    except NeurosimError as error:
        return error
    return ParameterError(f"cannot be called like this; it is {called}{inspect.signature(function)}", where=called)


@dataclass(frozen=True)
class _Call:
    """A call that Python refused: what can be given, what was given, other words for it, and what the docstring says of a name."""

    called: str
    parameters: tuple[inspect.Parameter, ...]
    arguments: tuple[Any, ...]
    options: Mapping[str, Any]
    words: Mapping[str, str]
    about: Callable[[str], str]

    @property
    def by_order(self) -> list[str]:
        """Names of what can be given without a name."""
        return [p.name for p in self.parameters if p.kind in BY_ORDER]

    def takes(self, kind: Any) -> bool:
        """Whether there is a parameter of that kind."""
        return any(p.kind == kind for p in self.parameters)

    def unknown(self) -> Iterator[str]:
        """Names that do not exist."""
        known = [p.name for p in self.parameters if p.kind != inspect.Parameter.VAR_KEYWORD]
        for name in self.options:
            said = self.words.get(name)
            if name in known or (self.takes(inspect.Parameter.VAR_KEYWORD) and said is None):
                continue
            advice = did_you_mean(name, known) if said is None else f": it is called {said} here." if said in known else f": {said}"
            yield f"there is no argument '{name}'{advice}"

    def too_many(self) -> Iterator[str]:
        """Values without a name that have no place, or a second one."""
        if len(self.arguments) > len(self.by_order) and not self.takes(inspect.Parameter.VAR_POSITIONAL):
            order = f"({', '.join(self.by_order)})" if self.by_order else "nothing"
            about = f" {self.by_order[0]}: {self.about(self.by_order[0])}" if self.by_order and self.about(self.by_order[0]) else ""
            advice = " Give the others their names." if self.takes(inspect.Parameter.KEYWORD_ONLY) else about
            yield f"takes {order} without names, got {len(self.arguments)} values.{advice}"
        for name in self.by_order[: len(self.arguments)]:
            if name in self.options:
                yield f"{name} is given twice: without its name and as {name}=..."

    def missing(self) -> Iterator[str]:
        """What has no value and needs one."""
        placed = {*self.by_order[: len(self.arguments)], *self.options, *map(self.words.get, self.options)}
        for parameter in self.parameters:
            name, can_be_given = parameter.name, parameter.kind in (*BY_ORDER, inspect.Parameter.KEYWORD_ONLY)
            if name not in placed and parameter.default is parameter.empty and can_be_given:
                about = self.about(name)
                place = f"; the order is {self.called}({', '.join(self.by_order)})" if name in self.by_order[1:] else ""
                yield f"{name} is missing{place}{f': {about}' if about else '.'}"


def _about(made: Any, name: str) -> str:
    """The first sentence of what a docstring says about a parameter, '' where it says nothing."""
    lines = (inspect.getdoc(made) or "").splitlines()
    for number, line in enumerate(lines):
        if re.match(rf"(\w+, )*{name}(, \w+)* : ", line):
            text = " ".join(part.strip() for part in _indented(lines[number + 1 :]))
            return re.split(r"(?<=\.)\s", text, maxsplit=1)[0].replace("``", "").replace("`", "")
    return ""


def _indented(lines: list[str]) -> list[str]:
    end = next((number for number, line in enumerate(lines) if not line.startswith("    ")), len(lines))
    return lines[:end]


# ---- attributes ----------------------------------------------------------------------------------------------------------
def _missing(self: Any, name: str) -> NoReturn:
    kind = type(self).__name__
    if name.startswith("_"):
        raise AttributeError(f"{kind!r} object has no attribute {name!r}")
    words = ATTRIBUTES.get(kind, {})
    public = [other for other in (*dir(type(self)), *vars(self)) if not other.startswith("_")]
    said = words.get(name)
    near = did_you_mean(name, public)
    if said is None and (near.startswith("; did") or "" not in words):
        raise AttributeError(f"{_article(kind)} has no '{name}'{near}")
    raise AttributeError(f"{_article(kind)} has no '{name}': {(said or words['']).format(name=name, part=vars(self).get('name', ''))}")


def _whole(self: Any, index: Any) -> NoReturn:
    kind = type(self).__name__
    raise TypeError(f"{_article(kind)} has no pieces: {ATTRIBUTES[kind][PIECES].format(part=vars(self).get('name', ''))}")


def _unchangeable(refuse: Callable[[Any, str, Any], None]) -> Callable[[Any, str, Any], None]:
    def __setattr__(self: Any, name: str, value: Any) -> None:
        try:
            refuse(self, name, value)
        except FrozenInstanceError:
            kind = type(self).__name__
            advice = CHANGES.get(kind, "Make another one: dataclasses.replace(this, {name}=...).").format(
                name=name, part=vars(self).get("name", "")
            )
            raise FrozenInstanceError(f"{_article(kind)} is never changed in place, so {name} cannot be set. {advice}") from None

    return __setattr__


def _article(kind: str) -> str:
    return f"{'an' if kind[0] in 'AEIOU' else 'a'} {kind}"

"""Which engines there are, and what to install for those that are missing. No engine is imported before it is asked for."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from importlib import import_module
from importlib.metadata import EntryPoint, entry_points
from importlib.util import find_spec
from types import MappingProxyType

from neurosim.backends.base import Backend
from neurosim.errors import BackendMissingError, did_you_mean

GROUP = "neurosim.backends"
"""Third parties' engines announce themselves under this group of entry points."""


@dataclass(frozen=True)
class Entry:
    """Where an engine of ours lives, and what it needs: ``library`` ('' none), installed by ``install``."""

    target: str
    library: str = ""
    install: str = ""


BUILT_IN: Mapping[str, Entry] = MappingProxyType(
    {
        "native": Entry("neurosim.backends.native:Native", "numba", "pip install numba"),
        "reference": Entry("neurosim.backends.reference:Reference"),
        "brian2": Entry("neurosim.backends.brian2:Brian2", "brian2", 'pip install "neurosim-toolkit[brian2]"'),
        "loihi": Entry("neurosim.hardware.loihi.backend:Loihi", "numba", "pip install numba"),
    }
)


def third_party() -> Mapping[str, EntryPoint]:
    """Engines of other distributions, by name; a name of ours cannot be taken."""
    return {found.name: found for found in entry_points(group=GROUP) if found.name not in BUILT_IN}


def names() -> tuple[str, ...]:
    """All known engines, ours first, whether installed or not."""
    return (*BUILT_IN, *sorted(third_party()))


def available() -> tuple[str, ...]:
    """Engines whose library is installed."""
    return tuple(name for name in names() if name not in BUILT_IN or installed(BUILT_IN[name]))


def installed(entry: Entry) -> bool:
    """Whether what an engine of ours needs can be imported; nothing is imported to find out."""
    return not entry.library or find_spec(entry.library) is not None


def get(name: str) -> Backend:
    """The engine of that name.

    Raises
    ------
    BackendMissingError
        If the name is unknown, or its library is not installed; the message holds the line that installs it.
    """
    if name in BUILT_IN:
        return built_in(name, BUILT_IN[name])
    others = third_party()
    if name not in others:
        raise BackendMissingError(f"there is no backend {name!r}{did_you_mean(name, names())}")
    try:
        made: Backend = others[name].load()()
    except (ImportError, AttributeError) as error:
        raise BackendMissingError(f"backend {name!r} of {others[name].value} cannot be loaded: {error}") from error
    return made


def built_in(name: str, entry: Entry) -> Backend:
    """Import and make an engine of ours."""
    if not installed(entry):
        raise BackendMissingError(
            f"backend {name!r} needs {entry.library}, which is not installed", hint=f"install it with: {entry.install}"
        )
    module, _, factory = entry.target.partition(":")
    try:
        made: Backend = getattr(import_module(module), factory)()
    except ImportError as error:
        advice = f"install it with: {entry.install}" if entry.install else ""
        raise BackendMissingError(f"backend {name!r} cannot be loaded: {error}", hint=advice) from error
    return made

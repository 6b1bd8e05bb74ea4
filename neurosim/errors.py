"""What can go wrong, said in words.

::

    NeurosimError
    |-- UnitError             a quantity of the wrong dimension, or a number without a unit
    |-- EquationError         a text that is not a valid model, expression or statement
    |-- ParameterError        a parameter that is missing, unknown, of the wrong shape or out of range
    |-- NetworkError          parts that do not fit together
    |-- ScheduleError         phases, assignments and times that do not fit together
    |-- UnsupportedError      a valid network that this engine or device cannot run; lists every obstacle
    |-- BackendMissingError   an engine that is unknown or not installed; says what to install
    |-- OptionError           an unknown or impossible option of an engine or of a command
    |-- SessionError          a session that was closed, or that lacks what is asked of it
    |-- ProgramError          a Program that breaks a rule of the intermediate form
    |-- FileFormatError       a file that is not what its name promises
    |-- FileError             a file that cannot be read or written: missing, no permission, disk full
    |-- NumericalError        a run that produced nan or infinity
    |-- EngineError           an engine in a process of its own that failed or hung
    |-- OutOfMemoryError      a network, or a record of it, that does not fit into this machine
    `-- CompareError          two results that cannot be compared

Every error can point into a text: it carries ``where`` (the object it belongs to), ``source`` and ``span`` (the
place in the text) and ``hint`` (what to do about it). Checks collect all their findings and raise once.
"""

from __future__ import annotations

import difflib
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Protocol, TypeVar

Made = TypeVar("Made")


class Place(Protocol):
    """A stretch of one line of a text: line and columns count from 0, `stop` is excluded."""

    @property
    def line(self) -> int: ...
    @property
    def start(self) -> int: ...
    @property
    def stop(self) -> int: ...


class ObstacleLike(Protocol):
    """What stands in the way of an engine: where it is, what it is, and what to do about it."""

    @property
    def where(self) -> str: ...
    @property
    def what(self) -> str: ...
    @property
    def advice(self) -> str: ...


class NeurosimError(Exception):
    """The root of every error that neurosim raises on purpose.

    Parameters
    ----------
    message : str
        What is wrong, without the name of the object it is wrong in.
    where : str
        The object, as in ``"NeuronModel 'cuba_lif'"``.
    source, span : str, Place
        The text and the place in it that the message is about; shown with carets under the place.
    hint : str
        What to do about it, on a line of its own.
    parts : sequence of NeurosimError
        The single errors, when several were found by one check.
    """

    def __init__(
        self,
        message: str,
        source: str = "",
        span: Place | None = None,
        *,
        where: str = "",
        hint: str = "",
        parts: Sequence[NeurosimError] = (),
    ) -> None:
        Exception.__init__(self, message)
        self.message = message
        self.source = source
        self.span = span
        self.where = where
        self.hint = hint
        self.parts = tuple(parts)

    def __str__(self) -> str:
        return f"{self.where}: {self._body()}" if self.where else self._body()

    def _body(self) -> str:
        lines = [self.message]
        if self.source and self.span is not None and self.span.line >= 0:
            lines.append(_indented(point_at(self.source, self.span)))
        if self.hint:
            lines.append(_indented(self.hint))
        lines.extend(_indented(str(part)) for part in self.parts)
        return "\n".join(lines)


class UnitError(NeurosimError):
    """A quantity of the wrong dimension, or a number without a unit where one is needed."""


class EquationError(NeurosimError):
    """A text that is not a valid model, expression or statement."""


class ParameterError(NeurosimError):
    """A parameter that is missing, unknown, of the wrong shape or out of range."""


class NetworkError(NeurosimError):
    """Parts of a network that do not fit together."""


class ScheduleError(NeurosimError):
    """Phases, assignments and times that do not fit together."""


class BackendMissingError(NeurosimError):
    """An engine that is unknown or not installed."""


class OptionError(NeurosimError):
    """An unknown or impossible option."""


class SessionError(NeurosimError):
    """A session that was closed, or that lacks what is asked of it."""


class ProgramError(NeurosimError):
    """A Program that breaks a rule of the intermediate form."""


class FileFormatError(NeurosimError):
    """A file that is not what its name promises."""


class FileError(NeurosimError):
    """A file that cannot be read or written: missing, no permission, disk full."""


class NumericalError(NeurosimError):
    """A run that produced nan or infinity."""


class EngineError(NeurosimError):
    """An engine in a process of its own that failed or hung."""


class OutOfMemoryError(NeurosimError):
    """A network, or a record of it, that does not fit into this machine."""


class CompareError(NeurosimError):
    """Two results that cannot be compared."""


class UnsupportedError(NeurosimError):
    """A valid network that an engine or a device cannot run.

    Parameters
    ----------
    obstacles : sequence of Obstacle
        All of them; anything with the attributes `where`, `what` and `advice` is taken.
    backend : str
        The engine as the user named it, shown in the first line.
    hint : str
        What else there is to say, on a line of its own.
    """

    def __init__(self, obstacles: Sequence[ObstacleLike], backend: str = "", hint: str = "") -> None:
        count = len(obstacles)
        parts = "1 part" if count == 1 else f"{count} parts"
        engine = f"'{backend}'" if backend and "'" not in backend else backend or "this engine"
        NeurosimError.__init__(self, f"{parts} of this network cannot run on {engine}:", hint=hint)
        # Exception.args is what pickle calls the class with again.
        self.args = (tuple(obstacles), backend, hint)
        self.obstacles = tuple(obstacles)
        self.backend = backend

    def __str__(self) -> str:
        rows = [(o.where, o.what, o.advice) for o in self.obstacles]
        widths = [max((len(row[k]) for row in rows), default=0) for k in (0, 1)]
        table = [f"  {a:<{widths[0]}}  {b:<{widths[1]}}  {c}".rstrip() for a, b, c in rows]
        return "\n".join([self.message, *table, *([self.hint] if self.hint else [])])


class Findings:
    """Collects what a check finds, to report everything at once.

    A helper local to one check; it never leaves the function that made it.

    Examples
    --------
    >>> findings = Findings()
    >>> findings.add("population 'exc'", "size must be positive, got -3")
    >>> findings.raise_if_any(NetworkError, "Network")
    Traceback (most recent call last):
        ...
    neurosim.errors.NetworkError: population 'exc': size must be positive, got -3
    """

    def __init__(self) -> None:
        self._found: list[NeurosimError] = []
        self._whole: list[NeurosimError] = []

    def add(self, where: str, message: str) -> None:
        """Note one finding; `where` may be empty."""
        self._found.append(NeurosimError(message, where=where))

    def add_error(self, error: NeurosimError) -> None:
        """Note an error that somebody else raised; an error made of parts is taken apart."""
        self._found.extend(taken_apart(error))

    def tried(self, make: Callable[[], Made]) -> Made | None:
        """What ``make`` makes; None, and its findings noted, where it raises an error of ours."""
        try:
            return make()
        except NeurosimError as error:
            self._whole.append(error)
            self.add_error(error)
            return None

    def error(self, mixed: type[NeurosimError], title: str) -> NeurosimError:
        """What was tried in vain, as one error: a single one as it was raised, several of one type as that type, others as ``mixed``."""
        return self._whole[0] if len(self._whole) == 1 else together(self._found, title, mixed)

    def kind(self, mixed: type[NeurosimError]) -> type[NeurosimError]:
        """The common type of the errors that were found, ``mixed`` where there are several or none."""
        kinds = {type(found) for found in self._found}
        return kinds.pop() if len(kinds) == 1 else mixed

    def extend(self, others: Findings) -> None:
        """Note what others found."""
        self._found.extend(others._found)

    def __len__(self) -> int:
        return len(self._found)

    def __iter__(self) -> Iterator[str]:
        return (str(found) for found in self._found)

    def raise_if_any(self, error_type: type[NeurosimError], title: str) -> None:
        """Raise `error_type` when anything was found: one finding as a plain message, several as a list."""
        if not self._found:
            return
        if len(self._found) == 1:
            one = self._found[0]
            raise error_type(one.message, one.source, one.span, where=one.where or title, hint=one.hint)
        raise error_type(f"{len(self._found)} problems", where=title, parts=self._found)


def taken_apart(error: NeurosimError) -> tuple[NeurosimError, ...]:
    """The single findings of an error, each with its type and its object; of an error without parts, itself."""
    return tuple(
        (type(error) if type(part) is NeurosimError else type(part))(
            part.message, part.source, part.span, where=part.where or error.where, hint=part.hint, parts=part.parts
        )
        for part in error.parts
    ) or (error,)


def together(errors: Sequence[NeurosimError], where: str = "", mixed: type[NeurosimError] = EquationError) -> NeurosimError:
    """One error out of several: of their common type, or of the type `mixed` when they differ.

    Parameters
    ----------
    errors : sequence of NeurosimError
        At least one.
    where : str
        The object they were found in.
    mixed : type
        Of an error about different kinds of things.

    Returns
    -------
    NeurosimError
        To be raised by the caller.
    """
    if len(errors) == 1:
        one = errors[0]
        return type(one)(one.message, one.source, one.span, where=where or one.where, hint=one.hint, parts=one.parts)
    kinds = {type(error) for error in errors}
    kind = kinds.pop() if len(kinds) == 1 else mixed
    return kind(f"{len(errors)} problems", where=where, parts=errors)


def describe(error: BaseException) -> str:
    """The error as a command prints it: its kind, where it is, what it says.

    Examples
    --------
    >>> print(describe(ParameterError("tau_m must be positive, got -2 ms", where="Population 'E'")))
    ParameterError in Population 'E': tau_m must be positive, got -2 ms
    """
    kind = type(error).__name__
    text = str(error)
    if isinstance(error, NeurosimError) and error.where:
        return f"{kind} in {text}"
    return f"{kind}: {text}"


def point_at(source: str, span: Place) -> str:
    """The line of `source` that holds `span`, with carets under it."""
    lines = source.splitlines() or [""]
    number = min(max(span.line, 0), len(lines) - 1)
    line = lines[number].replace("\t", " ").rstrip()
    margin = len(line) - len(line.lstrip())
    label = f"line {number + 1}: "
    start = max(span.start, margin)
    stop = max(min(span.stop, len(line)), start + 1)
    return f"{label}{line[margin:]}\n{' ' * (len(label) + start - margin)}{'^' * (stop - start)}"


def did_you_mean(name: object, known: Iterable[str]) -> str:
    """The tail of a message about an unknown name, whatever was given as one: the nearest known one, or all of them.

    Examples
    --------
    >>> did_you_mean("tau_n", ["tau_m", "v"])
    "; did you mean 'tau_m'?"
    >>> did_you_mean("q", ["tau_m", "v"])
    '; known names: tau_m, v'
    """
    names, name = sorted(set(known)), str(name)
    near = difflib.get_close_matches(name, names, 1)
    if not near:
        near = [other for other in names if other.lower() == name.lower()]
    if near:
        return f"; did you mean '{near[0]}'?"
    if not names:
        return ""
    shown = names if len(names) <= 24 else [*names[:24], f"... ({len(names)} in all)"]
    return f"; known names: {', '.join(shown)}"


def _indented(text: str) -> str:
    return "\n".join("  " + line for line in text.splitlines())

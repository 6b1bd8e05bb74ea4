"""Files that are there complete or not at all, and what is said where one cannot be written or read."""

from __future__ import annotations

import os
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from io import FileIO
from pathlib import Path
from typing import Any

from neurosim.errors import FileError, FileFormatError, did_you_mean


@contextmanager
def whole_file(path: object, needed: int = 0) -> Iterator[Path]:
    """A temporary path beside ``path`` to write to; it gets its name when the block ends well.

    Parameters
    ----------
    path : str or path
    needed : int
        About how many bytes it takes, for messages; 0 where that is not known.

    Raises
    ------
    FileError
        If it cannot be written; the temporary file is removed and an older file of that name is left as it was.
    """
    target = check_writable(path)
    temporary = target.with_name(f".{target.name}.{uuid.uuid4().hex[:8]}.part")
    try:
        yield temporary
        os.replace(temporary, target)
    except OSError as error:
        there = target.parent.is_dir()
        reason = (error.strerror or str(error)) if there else f"there is no folder '{target.parent}'"
        size = f"; it needs about {needed:,} bytes" if needed and there else ""
        raise FileError(f"cannot write '{target}': {reason}{size}") from error
    finally:
        temporary.unlink(missing_ok=True)


def check_writable(path: object, example: str = "") -> Path:
    """The path of a file that can be written, as far as that can be seen before.

    Parameters
    ----------
    path : str or path
    example : str
        Name of a file, proposed where a folder was given.

    Raises
    ------
    FileError
        If it is no name, a folder, a device, or write-protected.
    """
    target = path_of(path)
    if target.is_dir():
        hint = f"Write for example {target / example}." if example else ""
        raise FileError(f"cannot write '{target}': it is a folder", hint=hint)
    if not target.parent.is_dir():
        raise FileError(f"cannot write '{target}': there is no folder '{target.parent}'")
    if target.exists() and not target.is_file():
        raise FileError(f"cannot write '{target}': it is a device, which a file would replace")
    if target.exists() and not os.access(target, os.W_OK):
        raise FileError(f"cannot write '{target}': it exists and is write-protected")
    return target


@contextmanager
def written(path: object, needed: int = 0) -> Iterator[Any]:
    """An HDF5 file that is written, complete or not at all (:func:`whole_file`)."""
    import h5py

    with whole_file(path, needed) as temporary, open(temporary, "w+b", buffering=0) as raw:
        sink = _Sink(raw)
        with h5py.File(sink, "w") as file:
            yield file
        if sink.failures:
            raise sink.failures[0]
        os.fsync(raw.fileno())


@dataclass(frozen=True)
class _Sink:
    """A file that HDF5 writes into, which notes errors instead of raising them.

    HDF5 swallows some of the errors of a full disk and stumbles over others when it closes its objects; so it is told that
    all is well, and whoever gave it the file looks here afterwards.
    """

    raw: FileIO
    failures: list[OSError | KeyboardInterrupt] = field(default_factory=list)

    def write(self, data: Any) -> int:
        """Write all of the data, or note why not."""
        rest = memoryview(data).cast("B")
        length = rest.nbytes
        try:
            while rest.nbytes and not self.failures:
                rest = rest[self.raw.write(rest) :]
        except (OSError, KeyboardInterrupt) as error:  # HDF5 would make a Ctrl-C in here an error of its own
            self.failures.append(error)
        return length

    def readinto(self, target: Any) -> int:
        """Read back what was written; zeros where writing failed."""
        view = memoryview(target).cast("B")
        done = self.raw.readinto(view) or 0
        view[done:] = bytes(view.nbytes - done)
        return view.nbytes

    def read(self, size: int = -1) -> bytes:
        """As that of a file; h5py knows a file by it."""
        return self.raw.read(size) or b""

    def seek(self, offset: int, whence: int = os.SEEK_SET) -> int:
        """As that of a file."""
        return self.raw.seek(offset, whence)

    def tell(self) -> int:
        """As that of a file."""
        return self.raw.tell()

    def truncate(self, size: int | None = None) -> int:
        """As that of a file; a failure is noted."""
        try:
            return self.raw.truncate(size)
        except OSError as error:
            self.failures.append(error)
            return size or 0

    def flush(self) -> None:
        """Nothing is buffered here."""


# ---- reading -----------------------------------------------------------------------------------------------------------
@contextmanager
def opened(path: object) -> Iterator[Any]:
    """An HDF5 file that is read.

    Raises
    ------
    FileError, FileFormatError
        If it cannot be opened, or is something else.
    """
    import h5py

    source = path_of(path)
    _check_readable(source)
    try:
        file = h5py.File(source, "r")
    except OSError as error:
        raise FileFormatError("it is not an HDF5 file, or was cut off", where=f"'{source}'") from error
    with file:
        yield file


def path_of(given: object) -> Path:
    """A name of a file.

    Raises
    ------
    FileError
        If it is none.
    """
    if not isinstance(given, str | os.PathLike) or not str(given).strip() or "\0" in str(given):
        raise FileError(f"a file needs a name, got {given!r}")
    return Path(given)


def _check_readable(source: Path) -> None:
    if source.is_dir():
        raise FileError(f"cannot read '{source}': it is a folder")
    if not source.exists():
        near = did_you_mean(source.name, [other.name for other in source.parent.iterdir()]) if source.parent.is_dir() else ""
        raise FileError(f"cannot read '{source}': there is no such file{near if near.startswith('; did') else ''}")
    if not os.access(source, os.R_OK):
        raise FileError(f"cannot read '{source}': no permission")

"""Whether a run fits into the memory of this machine: asked before it begins, and said in words where it did not."""

from __future__ import annotations

import errno
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from neurosim.errors import NeurosimError, OutOfMemoryError
from neurosim.ir.program import Block, Pathway, Program, Source, Tap
from neurosim.ir.wiring import expected_count

LIMIT_OF_CONTAINER = "/sys/fs/cgroup/memory.max"
NUMBER = 8
"""Bytes."""
EDGE = 4
"""Bytes: no engine holds a synapse in less."""
MOST_NAMED = 5
ADVICE = "Use a smaller network or fewer copies, or record fewer neurons (of=...) less often (every=...)."


def refuse_oversized(program: Program, copies: int) -> None:
    """Refuse a run whose states, synapses and records alone take more memory than there is.

    Raises
    ------
    OutOfMemoryError
        With what takes most of it.
    """
    needs = sorted(least_memory(program, copies), key=lambda need: -need[1])
    total, there = sum(size for _, size in needs), machine_memory()
    if there is None or total <= there:
        return
    parts = [NeurosimError(f"{what}: {in_words(size)}") for what, size in needs[:MOST_NAMED]]
    message = f"it needs at least {in_words(total)} of memory, this machine has {in_words(there)}"
    raise OutOfMemoryError(message, where="this run", hint=ADVICE, parts=parts)


def least_memory(program: Program, copies: int) -> Iterator[tuple[str, int]]:
    """(what it is, bytes) of everything that any engine has to hold until the end of the run."""
    for block in program.blocks:
        yield f"states of '{block.name}'", block.size * len(block.states) * copies * NUMBER
    for pathway in program.pathways:
        yield f"synapses of '{pathway.name}'", expected_count(pathway.wiring) * (EDGE + len(pathway.states) * copies * NUMBER)
    for tap in program.taps:
        if tap.variable != "spikes":
            yield f"record of {tap.variable} of '{tap.part}'", _records(program, tap) * _width(program, tap) * copies * NUMBER


def _records(program: Program, tap: Tap) -> int:
    return sum(max(phase.steps - tap.steps.since, 0) // tap.steps.every for phase in program.plan)


def _width(program: Program, tap: Tap) -> int:
    """Values of one record."""
    part = program.part(tap.part)
    if tap.variable == "count":
        return 1
    if tap.of is not None:
        return len(tap.of)
    return expected_count(part.wiring) if isinstance(part, Pathway) else part.size if isinstance(part, (Block, Source)) else 0


def machine_memory() -> int | None:
    """Bytes that this process may use; None where the system does not say."""
    try:
        found = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    except (AttributeError, ValueError, OSError):  # Windows has no sysconf
        return None
    try:
        return min(found, int(Path(LIMIT_OF_CONTAINER).read_text(encoding="ascii")))
    except (OSError, ValueError):
        return found


@contextmanager
def memory_in_words() -> Iterator[None]:
    """Turn what Python and the system raise when memory ends into an error that says what to do."""
    try:
        yield
    except MemoryError as error:
        raise OutOfMemoryError(_reason(error), where="this run", hint=ADVICE) from error
    except OSError as error:
        if error.errno != errno.ENOMEM:
            raise
        raise OutOfMemoryError(_reason(error), where="this run", hint=ADVICE) from error


def _reason(error: Exception) -> str:
    text = str(error).strip()
    return f"there is not enough memory{f': {text}' if text else ''}"


def in_words(size: float) -> str:
    """Bytes in a unit that leaves a short number.

    Examples
    --------
    >>> in_words(3 * 2**30), in_words(1500)
    ('3.0 GiB', '1.5 KiB')
    """
    units = ("bytes", "KiB", "MiB", "GiB", "TiB", "PiB", "EiB")
    power = 0
    while size >= 1024.0 and power < len(units) - 1:
        size /= 1024.0
        power += 1
    return f"{size:,.1f} {units[power]}" if power else f"{size:.0f} bytes"

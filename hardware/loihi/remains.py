"""What a run of Lava leaves behind where it fails: processes in groups of their own, shared memory. Travels to a host too."""

from __future__ import annotations

import os
import signal
from pathlib import Path

SHARED_MEMORY = Path("/dev/shm")


def session_of(leader: int) -> list[int]:
    """The living processes of a session; they may be in other process groups."""
    members = []
    for entry in Path("/proc").glob("[0-9]*"):
        try:
            fields = (entry / "stat").read_text().rpartition(")")[2].split()
        except OSError:
            continue
        if int(fields[3]) == leader and fields[0] != "Z":
            members.append(int(entry.name))
    return members


def end_session(leader: int) -> None:
    """End all processes of a session."""
    for member in session_of(leader):
        try:
            os.kill(member, signal.SIGKILL)
        except ProcessLookupError:
            continue


def remove_memory(prefix: str) -> None:
    """Remove the segments of shared memory of a run."""
    for segment in SHARED_MEMORY.glob(f"{prefix}_*"):
        segment.unlink(missing_ok=True)

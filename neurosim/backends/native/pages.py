"""Arrays where they are quickly reached: on whole cache lines, and the large ones on large pages of memory."""

from __future__ import annotations

import mmap

import numpy as np

LARGE = 1 << 24
"""Bytes from which it pays: with pages of 4 KiB a stream of gigabytes misses the address cache at every bucket."""


LINE = 64
"""Bytes of a cache line, and of the widest vector."""


def zeros(count: int, kind: type) -> np.ndarray:
    """(count,) zeros; a large array asks for pages of 2 MiB, and is plain memory where there are none."""
    size = count * np.dtype(kind).itemsize
    advice = getattr(mmap, "MADV_HUGEPAGE", None)
    if size < LARGE or advice is None:
        return np.zeros(count, kind)
    memory = mmap.mmap(-1, size)
    try:
        memory.madvise(advice)
    except OSError:
        pass  # a kernel without them
    array: np.ndarray = np.frombuffer(memory, kind, count)
    return array


def aligned(array: np.ndarray) -> np.ndarray:
    """A copy that begins with a cache line, so that no vector of a kernel lies in two."""
    room = np.empty(array.nbytes + LINE, np.uint8)
    first = -room.ctypes.data % LINE
    copy: np.ndarray = room[first : first + array.nbytes].view(array.dtype).reshape(array.shape)
    copy[...] = array
    return copy

"""What the inputs of one of lava-dl's networks send: arrays, images, events, and files of them."""

from __future__ import annotations

import os
import zipfile
import zlib
from collections.abc import Mapping
from dataclasses import replace

import numpy as np

from neurosim.errors import FileError, FileFormatError, Findings, ParameterError
from neurosim.hardware.loihi.netx_file import LARGEST_DATASET, refuse
from neurosim.hardware.loihi.plan import LoihiPlan, Stimulus

Array = np.ndarray
BROKEN = (ValueError, EOFError, LookupError, TypeError, RuntimeError, MemoryError, SyntaxError, zipfile.BadZipFile, zlib.error)
"""What numpy raises about a file that is none of its own, or was damaged."""
INPUT = "input"
"""Name of the sources of a network that was read."""
LARGEST_PAYLOAD = 255
"""What one input of 8 bits sends in one step."""


def with_input(plan: LoihiPlan, values: Array | Stimulus) -> LoihiPlan:
    """The plan with something to see.

    Parameters
    ----------
    plan : LoihiPlan
    values : ndarray or Stimulus
        (T, N) or (T, channels, height, width) whole numbers, what each input sends in each step (0: nothing; 1: a spike); the plan runs
        for T steps. A Stimulus leaves the steps.

    Raises
    ------
    ParameterError
        If the shape is another, or the inputs cannot send these numbers.
    """
    if isinstance(values, Stimulus):
        return replace(plan, stimuli=(values,))
    size = plan.group(INPUT).size
    given = np.asarray(values)
    flat = given.reshape(len(given), -1) if given.ndim == 4 and given.size else given
    if flat.ndim != 2 or flat.shape[1] != size or not len(flat):
        raise ParameterError(f"the input must have the shape (T, {size}), got {given.shape}", where="netx")
    if not are_whole(flat):
        raise ParameterError("the input must hold whole numbers: how much each source sends in each step", where="netx")
    steps, indices = np.nonzero(flat)
    payloads = flat[steps, indices]
    if not any(some.message_bits for some in plan.synapses if some.source == INPUT):
        if (payloads != 1).any():
            raise ParameterError(f"this network takes spikes, 0 or 1, got {payloads[payloads != 1][0]:g}", where="netx")
    elif payloads.max(initial=0) > LARGEST_PAYLOAD:
        raise ParameterError(f"these inputs send at most {LARGEST_PAYLOAD}, 8 bits, got {payloads.max():g}", where="netx")
    elif payloads.min(initial=0) < 0:
        raise ParameterError(f"these inputs send nothing below 0, got {payloads.min():g}", where="netx")
    return replace(plan, steps=len(flat), stimuli=(Stimulus(INPUT, steps, indices, payloads.astype(np.int64)),))


def are_whole(values: Array) -> bool:
    """Whether these are whole numbers."""
    if values.dtype.kind == "f":
        return bool((np.isfinite(values) & (values == np.round(values))).all())
    return values.dtype.kind in "iub"


# ---- files -----------------------------------------------------------------------------------------------------------------
def arrays_of(path: str | os.PathLike[str]) -> Mapping[str, Array]:
    """The arrays of a numpy file; of one without names, under the empty one.

    Raises
    ------
    FileError, FileFormatError
        If it cannot be read, or is something else.
    """
    where = f"'{os.fspath(path)}'"
    try:
        loaded = np.load(path)
        if isinstance(loaded, np.ndarray):
            return {"": loaded}
        with loaded:
            return {name: np.asarray(loaded[name]) for name in loaded.files}
    except OSError as error:
        if error.errno is not None:
            raise FileError(f"cannot read {where}: {error.strerror}") from error
        raise FileFormatError("it is no numpy file of numbers (.npz or .npy), or was cut off", where=where) from error
    except BROKEN as error:
        raise FileFormatError("it is no numpy file of numbers (.npz or .npy), or was cut off", where=where) from error


def images_in(arrays: Mapping[str, Array]) -> tuple[int, ...] | None:
    """(channels, height, width) of the images in a file, None where it holds none."""
    found = list(arrays.values())
    return found[0].shape[1:] if len(found) == 1 and found[0].ndim == 4 else None


def with_arrays(plan: LoihiPlan, arrays: Mapping[str, Array], where: str) -> LoihiPlan:
    """The plan with what a file holds: one array (see :func:`with_input`), or ``steps``, ``indices`` and what belongs to them.

    Raises
    ------
    FileFormatError, ParameterError
        With everything that is wrong with it.
    """
    if {"steps", "indices"} <= set(arrays):
        values = from_events(arrays, plan.group(INPUT).size, where)
    elif len(arrays) == 1:
        values = next(iter(arrays.values()))
    else:
        known = ", ".join(arrays) or "nothing"
        raise FileFormatError(f"it needs one array (steps, inputs), or 'steps' and 'indices'; it holds {known}", where=where)
    try:
        return with_input(plan, values)
    except ParameterError as error:
        raise ParameterError(error.message, where=where) from error


def from_events(arrays: Mapping[str, Array], size: int, where: str) -> Array:
    """(T, N) what N inputs send, from events; those of one input in one step are added up."""
    findings = Findings()
    steps, indices = arrays["steps"].reshape(-1), arrays["indices"]
    payloads = arrays.get("payloads", np.ones(len(steps), np.int64))
    duration = arrays.get("duration", np.array(0))
    of_events = (("steps", steps), ("indices", indices), ("payloads", payloads))
    for name, values, shape in (*((name, values, steps.shape) for name, values in of_events), ("duration", duration, ())):
        if not are_whole(values):
            findings.add("", f"'{name}' must hold whole numbers")
        elif values.shape != shape and not (name == "duration" and values.size == 1):
            findings.add("", f"'{name}' must have the shape {shape}, got {values.shape}")
    refuse(findings, where)
    length = int(duration.reshape(-1)[0]) if "duration" in arrays else int(steps.max(initial=-1)) + 1
    if "duration" in arrays and length < 1:
        findings.add("", f"'duration' is a number of steps, got {length}")
    elif "duration" not in arrays and not len(steps):
        findings.add("", "it holds no event; 'duration' must say for how many steps nothing is sent")
    elif len(steps) and (steps.min() < 0 or steps.max() >= length):
        beyond = steps.min() if steps.min() < 0 else steps.max()
        findings.add("", f"'steps' count from 0 to {length - 1}, got {beyond:g}")
    elif length * size > LARGEST_DATASET:
        findings.add("", f"{length:,} steps of {size:,} inputs are more than any machine holds")
    if len(indices) and (indices.min() < 0 or indices.max() >= size):
        findings.add("", f"'indices' from 0 to {size - 1} name an input, got {indices.min() if indices.min() < 0 else indices.max():g}")
    if len(payloads) and np.abs(payloads).max() > 1 << 31:
        findings.add("", f"'payloads' are what inputs send, got {payloads[np.abs(payloads).argmax()]:g}")
    refuse(findings, where)
    found = np.zeros((length, size), np.int64)
    np.add.at(found, (steps.astype(np.int64), indices.astype(np.int64)), payloads.astype(np.int64))
    return found

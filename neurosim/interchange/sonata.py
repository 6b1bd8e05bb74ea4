"""Spikes as a SONATA file, which other simulators and their tools read.

References
----------
Dai et al. (2020), PLoS Comput Biol 16, e1007696, doi 10.1371/journal.pcbi.1007696
"""

from __future__ import annotations

import os

import numpy as np

from neurosim.errors import ParameterError
from neurosim.files import written
from neurosim.result import Result
from neurosim.result.files import escape

MAGIC = 0x0A7A  # of every SONATA file
VERSION = (0, 1)
SORTING = {"none": 0, "by_id": 1, "by_time": 2}


def write_sonata(result: Result, path: str | os.PathLike[str]) -> None:
    """Write ``/spikes/<part>/timestamps`` [ms] and ``/spikes/<part>/node_ids``, (M,) each, of the evaluation window.

    Parameters
    ----------
    result : Result
        Of one copy. A Poisson source that fires twice within a step stands there twice; other payloads have no place.
    path : str or path

    Raises
    ------
    ParameterError
        If no spikes were recorded, or the result has several copies.
    FileError
        If the file cannot be written.
    """
    import h5py

    parts = [part for part in result if part.has_spikes]
    if not parts:
        raise ParameterError("no spikes were recorded", where="save_sonata", hint='Add ns.Probe(..., "spikes") to the network.')
    if result.copies > 1:
        hint = "Write them one by one: result.copy(0).save_sonata(path)."
        raise ParameterError(f"the format has no place for {result.copies} copies", where="save_sonata", hint=hint)
    with written(path, 2 * 8 * sum(part.indices.size for part in parts)) as file:
        file.attrs.update(magic=np.uint32(MAGIC), version=np.array(VERSION, np.uint32))
        for part in parts:
            times, ids = part.spikes
            number = part.payloads.astype(np.int64) if part.info.counted else np.ones(times.size, np.int64)
            group = file.create_group(f"spikes/{escape(part.name)}")
            group.attrs.create("sorting", SORTING["by_time"], dtype=h5py.enum_dtype(SORTING, basetype=np.uint8))
            stamps = group.create_dataset("timestamps", data=np.repeat(times, number))
            stamps.attrs["units"] = "ms"
            group.create_dataset("node_ids", data=np.repeat(ids, number).astype(np.uint64))

"""A disk that takes no more: the error names the file and how much it needs, older files survive, nothing half is left."""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pytest

import neurosim as ns
from neurosim.cli import running
from neurosim.errors import FileError
from neurosim.ir import store
from neurosim.report import document
from neurosim.result import Result
from neurosim.units import ms

resource = pytest.importorskip("resource", reason="the system limits no sizes of files")
NEURON = ns.neurons.lif_delta


@contextmanager
def no_file_above(size: int) -> Iterator[None]:
    """Writing more than ``size`` bytes into a file fails, as on a full disk."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


def network() -> ns.Network:
    cells = ns.Population("cells", 50, NEURON)
    return ns.Network(cells, ns.Probe(cells, "v"), ns.Probe(cells, "spikes"))


@pytest.fixture(name="result", scope="module")
def _result() -> Result:
    return ns.simulate(network(), 20 * ms, backend="reference")


def checkpoint(result: Result, path: Path) -> None:
    with ns.Session(network(), backend="reference") as session:
        session.run(20 * ms)
        session.checkpoint(path)


def program(result: Result, path: Path) -> None:
    cells = ns.Population("cells", 5000, NEURON, v=np.random.default_rng(1).normal(size=5000) * ns.units.mV)
    store.save(ns.lower(ns.Network(cells), 1 * ms), path)


WRITERS: dict[str, Callable[[Result, Path], None]] = {
    "result": lambda result, path: result.save(path),
    "spikes for SONATA": lambda result, path: result.save_sonata(path),
    "report": lambda result, path: result.report(path),
    "checkpoint": checkpoint,
    "program": program,
}


@pytest.mark.parametrize("writer", WRITERS)
def test_the_error_says_what_is_needed_and_older_files_survive(
    writer: str, result: Result, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(document, "page", lambda *_: 5000 * "drawing takes a second ")
    path = tmp_path / "a.file"
    path.write_bytes(b"older")
    with no_file_above(1000), pytest.raises(FileError) as caught:
        WRITERS[writer](result, path)
    said = re.fullmatch(rf"cannot write '{path}': File too large(?:; it needs about ([\d,]+) bytes)?", str(caught.value))
    assert said, str(caught.value)
    assert path.read_bytes() == b"older"
    assert [found.name for found in tmp_path.iterdir()] == ["a.file"]
    path.unlink()
    WRITERS[writer](result, path)
    if said[1]:
        assert 0.2 < int(said[1].replace(",", "")) / path.stat().st_size < 20.0
    else:
        assert writer == "spikes for SONATA", "of which there are none here"


def test_a_picture_of_the_command(result: Result, tmp_path: Path) -> None:
    path = tmp_path / "raster.png"
    path.write_bytes(b"older")
    with no_file_above(1000), pytest.raises(FileError, match=f"cannot write '{path}': File too large"):
        running._put(path, lambda temporary: temporary.write_bytes(bytes(2000)))
    assert path.read_bytes() == b"older"
    assert [found.name for found in tmp_path.iterdir()] == ["raster.png"]


def test_devices_are_not_replaced(result: Result) -> None:
    with pytest.raises(FileError, match="cannot write '/dev/full': it is a device, which a file would replace"):
        result.save("/dev/full")


KERNELS = """
import resource, sys, warnings
import neurosim as ns
from neurosim.units import ms
resource.setrlimit(resource.RLIMIT_FSIZE, (int(sys.argv[1]), int(sys.argv[1])))
warnings.simplefilter("always")
cells = ns.Population("cells", 3, ns.neurons.lif_delta)
try:
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        result = ns.simulate(ns.Network(cells, ns.Probe(cells, "v")), 1 * ms)
    print(result["cells"].v.shape, *sorted({str(one.message) for one in caught}), sep="\\n")
except ns.NeurosimError as error:
    print(error)
"""


@pytest.mark.slow
@pytest.mark.parametrize("limit", [60_000, 3_000], ids=["for what is compiled", "for what is written"])
def test_kernels_that_cannot_be_kept(limit: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Text of kernels fits below the first limit, what is compiled of it does not."""
    monkeypatch.setenv("NEUROSIM_CACHE", str(tmp_path / "kernels"))
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    run = subprocess.run([sys.executable, "-c", KERNELS, str(limit)], capture_output=True, text=True, timeout=300, check=False)
    lines = run.stdout.splitlines()
    assert run.returncode == 0, run.stderr
    if limit > 50_000:
        folder = tmp_path / "kernels"
        assert lines == ["(10, 3)", f"compiled kernels cannot be kept in {folder} (File too large); they are compiled again in each process"]
    else:
        assert lines[:2] == ["there is no place for generated kernels", "  Set NEUROSIM_CACHE to a folder that can be written and has room."]
        assert all(line.startswith("  cannot write '") and "it needs about" in line for line in lines[2:]) and len(lines) == 4
    assert not list(tmp_path.rglob("*.part"))

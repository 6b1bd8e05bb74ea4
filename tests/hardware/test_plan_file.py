"""A plan's file is read as it was written, or refused in words: whatever happened to it on its way."""

from __future__ import annotations

import io
import json
import zipfile
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from neurosim.errors import FileFormatError
from neurosim.hardware import loihi
from neurosim.hardware.loihi.plan import LoihiPlan, Neurons, PlanError, Recording, Stimulus, Synapses


def small() -> LoihiPlan:
    cell, source = Neurons("cell", 2, vth=10), Neurons("in", 3, "source")
    synapses = Synapses("s", "in", "cell", np.array([0, 1]), np.array([0, 1]), np.array([100, 100]))
    stimulus = Stimulus("in", np.array([1, 3]), np.array([0, 1]), np.ones(2, int))
    return LoihiPlan(20, (source, cell), (synapses,), (stimulus,), (Recording("cell", "spikes"),))


@settings(max_examples=300, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.integers(0, 10_000), st.integers(1, 255), st.booleans())
def test_damage(tmp_path: Path, place: int, flip: int, cut: bool) -> None:
    path = tmp_path / "a.plan"
    small().save(path)
    whole = bytearray(path.read_bytes())
    place %= len(whole)
    if cut:
        whole = whole[:place]
    else:
        whole[place] ^= flip
    path.write_bytes(whole)
    try:
        assert LoihiPlan.load(path).digest() == small().digest()
    except PlanError as error:
        assert str(path) in str(error)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"format": "other"}, "its format is 'other'"),
        ({"version": None}, "its head has no version"),
        ({"version": "1"}, "its head has no whole number as version"),
        ({"version": 99}, "has the plan version 99; this neurosim reads versions up to"),
        ({"checksum": None}, "its head has no checksum"),
        ({"checksum": "0"}, "its contents do not match its checksum"),
    ],
)
def test_heads(tmp_path: Path, change: dict[str, object], words: str) -> None:
    path, made = tmp_path / "a.plan", io.BytesIO()
    small().save(path)
    with zipfile.ZipFile(path) as archive, zipfile.ZipFile(made, "w") as other:
        for name in archive.namelist():
            content = archive.read(name)
            if name == "plan.json":
                head = json.loads(content) | change
                content = json.dumps({key: value for key, value in head.items() if value is not None}).encode()
            other.writestr(name, content)
    path.write_bytes(made.getvalue())
    with pytest.raises(FileFormatError, match=words):
        loihi.load(path)

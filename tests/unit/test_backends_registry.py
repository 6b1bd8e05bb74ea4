"""Engines by name, and what to install."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from neurosim.backends import registry
from neurosim.errors import BackendMissingError


def test_reference_is_always_there() -> None:
    assert registry.get("reference").name == "reference"
    assert "reference" in registry.available()
    assert set(registry.available()) <= set(registry.names())


def test_unknown_engine() -> None:
    with pytest.raises(BackendMissingError, match="there is no backend 'brain2'; did you mean 'brian2'?"):
        registry.get("brain2")


def test_missing_library(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(registry, "find_spec", lambda name: None)
    with pytest.raises(BackendMissingError) as caught:
        registry.get("brian2")
    assert (
        str(caught.value)
        == "backend 'brian2' needs brian2, which is not installed\n  install it with: pip install \"neurosim-toolkit[brian2]\""
    )
    assert registry.available() == ("reference",)


def test_entry_points(monkeypatch: pytest.MonkeyPatch) -> None:
    from importlib.metadata import EntryPoint

    good = EntryPoint("mine", "neurosim.backends.reference:Reference", registry.GROUP)
    bad = EntryPoint("broken", "no_such_module:Engine", registry.GROUP)
    taken = EntryPoint("native", "no_such_module:Engine", registry.GROUP)
    monkeypatch.setattr(registry, "entry_points", lambda group: (good, bad, taken))
    assert registry.get("mine").name == "reference"
    assert registry.names()[-2:] == ("broken", "mine")
    with pytest.raises(BackendMissingError, match="backend 'broken' of no_such_module:Engine cannot be loaded"):
        registry.get("broken")


def test_registry_imports_no_engine() -> None:
    code = "import sys, neurosim.backends.registry as r; r.names(); print([m for m in ('brian2', 'numba', 'torch') if m in sys.modules])"
    done = subprocess.run(
        [sys.executable, "-c", code], env={"PYTHONPATH": str(Path(__file__).parents[2])}, capture_output=True, text=True, check=True
    )
    assert done.stdout == "[]\n"

"""Compiled loops are kept by the date of their own file; what they are built of lies in others, so each file names the digest of these."""

from __future__ import annotations

import hashlib
import re
from pathlib import Path

import pytest

from neurosim.hardware import loihi

FOLDER = Path(str(loihi.__file__)).parent
BUILT_OF = {
    "kernels": ("codes",),
    "trace_kernels": ("learning_codes",),
    "learning_kernels": ("codes", "learning_codes", "kernels", "trace_kernels"),
}


def imported(name: str) -> set[str]:
    """Modules of this room that a file imports."""
    found = re.findall(r"^from neurosim\.hardware\.loihi(?:\.(\w+))? import (\w+)", (FOLDER / f"{name}.py").read_text(), re.MULTILINE)
    return {module or first for module, first in found}


@pytest.mark.parametrize("name", BUILT_OF)
def test_a_file_changes_with_what_it_is_built_of(name: str) -> None:
    """Otherwise a compiled loop that is older than its parts would run, and give the numbers of the old ones."""
    digest = hashlib.sha256(b"".join((FOLDER / f"{part}.py").read_bytes() for part in BUILT_OF[name])).hexdigest()[:12]
    text = (FOLDER / f"{name}.py").read_text()
    assert f'BUILT_ON = "{digest}"\n' in text, f'write BUILT_ON = "{digest}" into {name}.py: {", ".join(BUILT_OF[name])} changed'
    assert imported(name) <= set(BUILT_OF[name])

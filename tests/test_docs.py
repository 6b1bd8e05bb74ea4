"""Pages that teach are executed: scripts run, print what stands below them, and the tables say what the code declares."""

from __future__ import annotations

import importlib.util
import math
import os
import re
import subprocess
import sys
from pathlib import Path
from types import ModuleType

import pytest

from neurosim.backends import registry
from neurosim.cli.catalogue import descriptions
from neurosim.conformance import CASES

ROOT = Path(__file__).resolve().parent.parent
PAGES = ("README.md", "docs/first_steps.md", "docs/results.md")
SCRIPT = re.compile(r"```python\n(.*?)```(?:\s*```text\n(.*?)```)?", re.DOTALL)
NUMBER = re.compile(r"-?\d[\d,]*(?:\.\d+)?(?:e[+-]?\d+)?")
MARK = "=== end of script ==="
TOLERANCE = 0.15
"""Of numbers: another machine rounds otherwise, and a network with other spikes has other rates."""


def same_text(found: str, wanted: str) -> bool:
    """Equal words and layout, numbers that agree within a tolerance."""
    numbers = [[float(number.replace(",", "")) for number in NUMBER.findall(text)] for text in (found, wanted)]
    words = [re.sub(r"[\s-]+", " ", NUMBER.sub("#", text)).strip() for text in (found, wanted)]
    return words[0] == words[1] and all(
        math.isclose(a, b, rel_tol=TOLERANCE) or ("." in wanted and abs(a - b) < 1.0) for a, b in zip(*numbers, strict=True)
    )


@pytest.mark.slow
@pytest.mark.parametrize("page", PAGES)
def test_scripts_of_a_page(page: str, tmp_path: Path) -> None:
    """In the order of the page, in one process, in an empty folder."""
    scripts = SCRIPT.findall((ROOT / page).read_text(encoding="utf-8"))
    assert scripts
    code = "\n".join(f"{script}\nprint({MARK!r}, flush=True)" for script, _ in scripts)
    environment = {**os.environ, "MPLBACKEND": "Agg", "PYTHONPATH": str(ROOT)}
    done = subprocess.run([sys.executable, "-c", code], cwd=tmp_path, env=environment, capture_output=True, text=True, timeout=900)
    assert done.returncode == 0, done.stderr
    printed = done.stdout.split(f"{MARK}\n")
    for (script, wanted), found in zip(scripts, printed, strict=False):
        assert same_text(found, wanted), f"{page}\n{script}\nprints\n{found}\nand the page says\n{wanted}"


def test_texts_are_compared_with_a_tolerance() -> None:
    assert same_text("exc   400   8.360\n", "exc  400  8.1\n")
    assert not same_text("exc 400 8.36", "inh 400 8.36")
    assert not same_text("exc 400 8.36", "exc 800 8.36")
    assert not same_text("(5000, 3)", "(5000, 4)")


def test_pages_name_files_that_exist() -> None:
    """Links between pages, and from the README into them."""
    missing = []
    for page in (ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))):
        for link in re.findall(r"\]\(([^)#:]+)(?:#[^)]*)?\)", page.read_text(encoding="utf-8")):
            if not (page.parent / link).exists():
                missing.append(f"{page.name}: {link}")
    assert missing == []


# ---- tables --------------------------------------------------------------------------------------------------------------
@pytest.fixture(name="tables", scope="module")
def _tables() -> ModuleType:
    specification = importlib.util.spec_from_file_location("tables", ROOT / "docs" / "tables.py")
    assert specification is not None and specification.loader is not None
    module = importlib.util.module_from_spec(specification)
    specification.loader.exec_module(module)
    return module


def test_tables_hold_everything_that_is_declared(tables: ModuleType, tmp_path: Path) -> None:
    tables.write(tmp_path)
    found = {path.stem: path.read_text(encoding="utf-8") for path in tmp_path.iterdir()}
    assert sorted(found) == ["engines", "models", "support_matrix"]
    for case in CASES:
        assert f"| `{case.name}` | {case.about.rstrip('.')} | `{case.level}` |" in found["support_matrix"].replace("\\|", "|")
    for name in registry.BUILT_IN:
        assert f"| `{name}` |" in found["engines"]
    for name, description in descriptions().items():
        assert f"## {name}\n\n{description}." in found["models"]
        assert "doi" in found["models"]


def test_every_argument_of_a_model_is_explained(tables: ModuleType) -> None:
    """The page of models shows a meaning for each argument."""
    empty = [line for line in tables.models().splitlines() if line.startswith("| `") and line.split("|")[2].strip() == ""]
    assert empty == []


def test_a_promised_refusal_is_shown(tables: ModuleType) -> None:
    from dataclasses import replace

    assert tables._promise(replace(CASES[0], obstacles={"brian2": "not_yet"}), "brian2") == "refuses (not yet)"
    assert tables._promise(CASES[0], "native") == "runs"

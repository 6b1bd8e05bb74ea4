"""A Sphinx extension that runs the scripts of every page, compares what they print, and shows the pictures they save.

A script is a block of ``python``; the block of ``text`` that follows it directly is what it prints. The scripts of a page run in the
order of the page, in one process, in an empty folder. A picture that a script saves as ``savefig("name.png")`` is shown below it. What
ran once is kept in ``_build/executed`` until a script of the page, or a source file of the package, changes.

``python docs/executed.py [--write] [PAGE ...]`` does the same without Sphinx and says what differs, or writes it into the pages.
"""

from __future__ import annotations

import hashlib
import json
import math
import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

DOCS = Path(__file__).resolve().parent
ROOT = DOCS.parent
KEPT = DOCS / "_build" / "executed"
SCRIPT = re.compile(r"^```python\n(?P<code>.*?)^```[ ]*$(?:\s*^```text\n(?P<wanted>.*?)^```[ ]*$)?", re.DOTALL | re.MULTILINE)
PICTURE = re.compile(r"""savefig\(["']([\w-]+\.png)["']""")
NUMBER = re.compile(r"-?\d[\d,]*(?:\.\d+)?(?:e[+-]?\d+)?")
MARK = "=== end of script ==="
TOLERANCE = 0.15
"""Of numbers: another machine rounds otherwise, and a network with other spikes has other rates."""
LONGEST = 600
"""Seconds that a page may take."""
AT_ONCE = 2


@dataclass(frozen=True)
class Script:
    """One script of a page: its text, what it should print, the line it starts on, and where it ends with its output."""

    code: str
    wanted: str
    line: int
    end: int

    @property
    def pictures(self) -> list[str]:
        """Names of the files it saves."""
        return list(dict.fromkeys(PICTURE.findall(self.code)))


@dataclass(frozen=True)
class Outcome:
    """What the scripts of a page printed, one text each as far as they came; and what stopped them, '' if nothing did."""

    printed: tuple[str, ...]
    error: str = ""


# ---- Sphinx ----------------------------------------------------------------------------------------------------------
def setup(app: Any) -> dict[str, bool]:
    """Called by Sphinx."""
    app.connect("builder-inited", run_all)
    app.connect("source-read", show_pictures)
    return {"parallel_read_safe": True}


def run_all(app: Any) -> None:
    """Run what is not up to date; a difference is a warning at its place."""
    from sphinx.util.logging import getLogger

    logger = getLogger("executed")
    with ThreadPoolExecutor(AT_ONCE) as pool:
        for page, found in zip(pages(), pool.map(complaints, pages())):
            for line, text in found:
                logger.warning(text, location=f"{page.relative_to(ROOT)}:{line}")


def show_pictures(app: Any, name: str, source: list[str]) -> None:
    """Put the pictures of each script behind it and its output."""
    text, done = source[0], 0
    parts = []
    for script in scripts(text):
        parts.append(text[done : script.end])
        done = script.end
        for picture in script.pictures:
            if (KEPT / name / picture).exists():
                parts.append(f"\n\n![what the script above saves as {picture}](/_build/executed/{name}/{picture})\n")
    source[0] = "".join([*parts, text[done:]])


# ---- pages -----------------------------------------------------------------------------------------------------------
def pages() -> list[Path]:
    """Every page with a script on it: the README and the documentation."""
    found = [ROOT / "README.md", *sorted(DOCS.glob("*.md"))]
    return [page for page in found if SCRIPT.search(page.read_text(encoding="utf-8"))]


def scripts(text: str) -> list[Script]:
    """The scripts of a page, in their order."""
    return [
        Script(found["code"], found["wanted"] or "", text.count("\n", 0, found.start()) + 1, found.end()) for found in SCRIPT.finditer(text)
    ]


def complaints(page: Path) -> list[tuple[int, str]]:
    """Run a page: (line, what differs), empty if everything is as the page says."""
    found = scripts(page.read_text(encoding="utf-8"))
    outcome = executed(page.stem, [script.code for script in found])
    if outcome.error:
        return [(found[min(len(outcome.printed), len(found) - 1)].line, f"this script fails:\n{outcome.error}")]
    return [
        (script.line, f"this script prints\n{printed}\nand the page says\n{script.wanted}")
        for script, printed in zip(found, outcome.printed)
        if not same_text(printed, script.wanted)
    ]


def same_text(found: str, wanted: str) -> bool:
    """Equal words and layout, numbers that agree within a tolerance."""
    numbers = [[float(number.replace(",", "")) for number in NUMBER.findall(text)] for text in (found, wanted)]
    words = [re.sub(r"[\s-]+", " ", NUMBER.sub("#", text)).strip() for text in (found, wanted)]
    return words[0] == words[1] and all(
        math.isclose(a, b, rel_tol=TOLERANCE) or ("." in wanted and abs(a - b) < 1.0) for a, b in zip(*numbers, strict=True)
    )


def rewrite(page: Path) -> None:
    """Put below each script of a page what it prints, where that differs."""
    text = page.read_text(encoding="utf-8")
    found = scripts(text)
    printed = executed(page.stem, [script.code for script in found]).printed
    for script, output in reversed(list(zip(found, printed))):
        if not same_text(output, script.wanted):
            start = text.rindex(script.code, 0, script.end) + len(script.code)
            text = f"{text[:start]}```{f'{2 * chr(10)}```text{chr(10)}{output}```' if output else ''}{text[script.end :]}"
    page.write_text(text, encoding="utf-8")


# ---- running ---------------------------------------------------------------------------------------------------------
def executed(name: str, codes: Sequence[str]) -> Outcome:
    """What the scripts print, from the last time if nothing has changed; their pictures lie in ``KEPT / name``."""
    folder, key = KEPT / name, digest(*codes)
    kept = folder / "outcome.json"
    if kept.exists():
        read = json.loads(kept.read_text(encoding="utf-8"))
        if read["key"] == key:
            return Outcome(tuple(read["printed"]))
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    with tempfile.TemporaryDirectory() as scratch:
        outcome = run(codes, Path(scratch))
        for picture in sorted(Path(scratch).glob("*.png")):
            shutil.copy(picture, folder)
    if not outcome.error:
        kept.write_text(json.dumps({"key": key, "printed": outcome.printed}), encoding="utf-8")
    return outcome


def run(codes: Sequence[str], folder: Path) -> Outcome:
    """Run scripts one after the other in one process, in a folder."""
    text = "\n".join(f"{code}\nprint({MARK!r}, flush=True)" for code in codes)
    environment = {**os.environ, "MPLBACKEND": "Agg", "PYTHONPATH": str(ROOT)}
    try:
        done = subprocess.run(
            [sys.executable, "-c", text], cwd=folder, env=environment, capture_output=True, text=True, timeout=LONGEST, check=False
        )
    except subprocess.TimeoutExpired:
        return Outcome((), f"not done after {LONGEST} s")
    printed = tuple(done.stdout.split(f"{MARK}\n")[:-1])
    return Outcome(printed, done.stderr if done.returncode else "")


def digest(*texts: str) -> str:
    """Of texts, the package and the interpreter: equal digests have equal outcomes."""
    parts = [*texts, package(), sys.version]
    return hashlib.sha256("\0".join(parts).encode()).hexdigest()


@cache
def package() -> str:
    """Digest of all source files of the package."""
    total = hashlib.sha256()
    for folder in ("neurosim", "hardware", "models"):
        for path in sorted((ROOT / folder).rglob("*.py")):
            total.update(str(path.relative_to(ROOT)).encode() + path.read_bytes())
    return total.hexdigest()


if __name__ == "__main__":
    words = sys.argv[1:]
    chosen = [Path(word).resolve() for word in words if word != "--write"] or pages()
    wrong = 0
    for chosen_page in chosen:
        if "--write" in words:
            rewrite(chosen_page)
        for place, what in complaints(chosen_page):
            wrong += 1
            print(f"{chosen_page.name}:{place}: {what}\n")
    sys.exit(f"{wrong} scripts differ from their pages" if wrong else 0)

"""``neurosim compare``."""

from __future__ import annotations

from pathlib import Path

from neurosim.analysis import compare
from neurosim.errors import FileError
from neurosim.result import Result, load_result

RESULT_FILE = "result.nsr"


def compare_files(first: str, second: str, level: str | None, tolerance: float | None) -> tuple[str, bool]:
    """What two runs have in common, as text, and whether they agree."""
    results = (result_of(first), result_of(second))
    comparison = compare(*results, level, tolerance=tolerance)
    rows = [
        f"{path}: {result.provenance.backend or 'unknown engine'}, {result.provenance.precision}, declares '{result.provenance.level}'"
        for path, result in zip((first, second), results)
    ]
    judged = f"at level '{comparison.level}': {'they agree' if comparison.ok else 'they do not agree'}"
    return "\n".join([*rows, str(comparison), judged]), comparison.ok


def result_of(path: str) -> Result:
    """The result in a file, or in a folder that ``neurosim run --out`` made."""
    place = Path(path)
    if not path.strip() or not place.is_dir():
        return load_result(path.strip())
    if not (place / RESULT_FILE).is_file():
        raise FileError(f"folder '{path}' holds no {RESULT_FILE}", hint="neurosim run MODEL --out FOLDER makes one.")
    return load_result(place / RESULT_FILE)

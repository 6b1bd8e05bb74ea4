"""Builds sdist and wheel from a clean copy, compares the wheel with the source folders, and imports it elsewhere."""

import shutil
import subprocess
import sys
import tempfile
import zipfile
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
FOLDERS = {"neurosim": "neurosim", "hardware": "neurosim/hardware", "models": "neurosim/models"}
JUNK = shutil.ignore_patterns(
    ".git", ".venv", "build", "dist", "__pycache__", "*.egg-info", ".*_cache", ".hypothesis", "_build", "runs", "demo"
)
IMPORT_LIMIT = 0.5  # [s of CPU]
HEAVY = ("brian2", "torch", "numba", "matplotlib", "h5py", "rich", "nest", "lava", "scipy", "sympy", "click")
PROBE = f"""
import sys, time
started = time.process_time()
import neurosim
seconds = time.process_time() - started
heavy = [name for name in {HEAVY!r} if name in sys.modules]
if heavy: sys.exit(f"import neurosim also imports {{heavy}}")
import neurosim.hardware, neurosim.models
print(seconds, neurosim.__file__)
"""


def expected_files(root: Path) -> set[str]:
    """Return the files of the source folders at their installed places."""
    return {
        f"{target}/{path.relative_to(root / folder).as_posix()}"
        for folder, target in FOLDERS.items()
        for path in (root / folder).rglob("*")
        if path.is_file() and path.suffix not in {".pyc", ".nbi", ".nbc"}
    }


def call(*command: object, cwd: Path) -> str:
    """Run a command, return what it prints, show what it says if it fails."""
    done = subprocess.run([str(part) for part in command], cwd=cwd, capture_output=True, text=True)
    if done.returncode:
        sys.exit(f"{' '.join(map(str, command))} failed:\n{done.stdout}\n{done.stderr}")
    return done.stdout


def build_wheel(work: Path) -> Path:
    """Build sdist and, from it, the wheel; say if a file is missing or too many."""
    copy = work / "copy"
    shutil.copytree(ROOT, copy, ignore=JUNK)
    call(sys.executable, "-m", "build", "--outdir", work / "dist", cwd=copy)
    (wheel,) = (work / "dist").glob("*.whl")
    with zipfile.ZipFile(wheel) as archive:
        held = {name for name in archive.namelist() if ".dist-info/" not in name}
    expected = expected_files(copy)
    if held != expected:
        sys.exit(f"missing from the wheel: {sorted(expected - held)}\nonly in it: {sorted(held - expected)}")
    print(f"{wheel.name}: {len(held)} files, equal to the source folders", flush=True)
    return wheel


def try_wheel(wheel: Path, work: Path) -> None:
    """Install the wheel into an environment of its own, import it, call its command."""
    call(sys.executable, "-m", "venv", work / "venv", cwd=work)
    binaries = work / "venv" / "bin"
    call(binaries / "python", "-m", "pip", "install", "--quiet", "--disable-pip-version-check", wheel, cwd=work)
    runs = [call(binaries / "python", "-c", PROBE, cwd=work).split(maxsplit=1) for _ in range(3)]
    place = Path(runs[0][1].strip())
    if not place.is_relative_to(work.resolve()):
        sys.exit(f"imported from {place}, not from the wheel")
    seconds = min(float(run[0]) for run in runs)
    if seconds > IMPORT_LIMIT:
        sys.exit(f"import neurosim takes {seconds:.2f} s of CPU, the limit is {IMPORT_LIMIT} s")
    print(f"import neurosim takes {seconds:.2f} s of CPU and imports no engine")
    call(binaries / "neurosim", "--help", cwd=work)
    print("the command neurosim answers")


def main() -> None:
    """Check, and say what was checked."""
    with tempfile.TemporaryDirectory() as scratch:
        work = Path(scratch)
        wheel = build_wheel(work)
        if "--files-only" not in sys.argv[1:]:
            try_wheel(wheel, work)


if __name__ == "__main__":
    main()

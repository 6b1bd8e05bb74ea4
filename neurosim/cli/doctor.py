"""What of neurosim works on this machine, why the rest does not, and the line that cures it.

No engine is imported here: versions come from the installed metadata. The native engine alone is tried, in a process
of its own, because numba may be installed and still refuse the numpy beside it; that process also says where it keeps kernels.
Lava has an environment of its own, whose Python is asked.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from importlib import metadata
from importlib.util import find_spec
from pathlib import Path
from typing import TextIO

from neurosim.errors import BackendMissingError

DISTRIBUTION = "neurosim-toolkit"
FOREIGN = "neurosim"
"""An unrelated distribution of this name installs an import package ``neurosim`` over ours."""

BRIAN2_NUMPY_LIMIT = (2, 4)
"""brian2 2.9 uses ``ndarray.ptp``, which numpy 2.4 no longer has; brian2 2.10 does not."""

SET_UP = "neurosim lava setup"
LAVA_TRIAL = "import sys; from importlib import metadata; print(metadata.version('lava-nc'), sys.version.split()[0])"
LAVA_TIMEOUT_S = 20
NATIVE_TIMEOUT_S = 60
NATIVE_TRIAL = "from neurosim.backends.native.source import cache_directory; print(cache_directory())"
KERNELS = "kernels"


@dataclass(frozen=True)
class EngineReport:
    """One engine on this machine.

    ``reason`` says why it cannot be used (empty if it can), ``install`` the line that cures it (empty if nothing is
    to be done, or nothing can be).
    """

    name: str
    role: str
    installed: bool
    version: str
    usable: bool
    reason: str = ""
    install: str = ""


@dataclass(frozen=True)
class Finding:
    """One fact about the surroundings; ``good`` is False where something should be done, as ``advice`` says."""

    topic: str
    good: bool
    text: str
    advice: str = ""


def collect() -> tuple[EngineReport, ...]:
    """Return a report on every engine, in the order in which the documentation names them."""
    return (_reference(), _native(), _brian2(), _torch(), _nest(), _emulator(), _lava())


def surroundings() -> tuple[Finding, ...]:
    """Return what is worth knowing about the installation: names, caches, the compiler."""
    return (_python(), _distribution(), _kernels(), _compiler())


def render(engines: Sequence[EngineReport], findings: Sequence[Finding] = (), *, file: TextIO | None = None) -> None:
    """Write the reports: as tables into a terminal, as plain lines into anything else."""
    out = sys.stdout if file is None else file
    if out.isatty():
        _render_tables(engines, findings, out)
    else:
        _render_lines(engines, findings, out)


# The engines


def _reference() -> EngineReport:
    version = f"numpy {_version('numpy')}"
    return _judge(EngineReport("reference", "the definition, slow", True, version, True))


def _native() -> EngineReport:
    installed = find_spec("numba") is not None
    report = EngineReport("native", "the fast engine, the default", installed, _version("numba"), installed)
    if not installed:
        return _unusable(report, "numba is not installed", f'pip install "{DISTRIBUTION}"')
    reason, _ = _try_native()
    if reason:
        return _unusable(report, reason, "pip install --upgrade numba")
    return _judge(report)


def _brian2() -> EngineReport:
    version, install = _version("brian2"), _extra("brian2")
    report = EngineReport("brian2", "Brian2", bool(version), version, bool(version))
    if not version:
        return _unusable(report, "not installed", install)
    numpy = _version("numpy")
    if _numbers(version) < (2, 10) and _numbers(numpy) >= BRIAN2_NUMPY_LIMIT:
        return _unusable(report, f"brian2 {version} cannot be imported with numpy {numpy}", 'pip install "numpy<2.4"')
    return _judge(report)


def _torch() -> EngineReport:
    version, install = _version("torch"), _extra("torch")
    report = EngineReport("torch", "PyTorch, trainable", bool(version), version, bool(version))
    if not version:
        return _unusable(report, "not installed", install)
    return _judge(report)


def _nest() -> EngineReport:
    version, install = _version("nest-simulator"), _extra("nest")
    installed = bool(version) or find_spec("nest") is not None  # builds from source leave no metadata
    report = EngineReport("nest", "NEST", installed, version or ("unknown" if installed else ""), installed)
    if not installed:
        return _unusable(report, "not installed", install)
    return _judge(report)


def _emulator() -> EngineReport:
    installed, version = find_spec("numba") is not None, f"numpy {_version('numpy')}"
    report = EngineReport("loihi", "Loihi emulator, bit-accurate", installed, version, installed)
    return _judge(report) if installed else _unusable(report, "numba is not installed", f'pip install "{DISTRIBUTION}"')


def _lava() -> EngineReport:
    """Lava lives in an environment of its own; its Python is asked for both versions."""
    from neurosim.hardware.loihi import lava

    report = EngineReport("lava", "Lava, behind loihi", False, "", False)
    try:
        python = lava.interpreter()
    except BackendMissingError as error:
        return _unusable(report, error.message, SET_UP)
    try:
        told = subprocess.run([str(python), "-I", "-c", LAVA_TRIAL], capture_output=True, text=True, timeout=LAVA_TIMEOUT_S)
    except subprocess.TimeoutExpired:
        return _unusable(report, f"{python} does not answer within {LAVA_TIMEOUT_S} s", SET_UP)
    if told.returncode:
        return _unusable(report, f"{python} has no Lava", SET_UP)
    version, running = told.stdout.split()
    return _judge(EngineReport("lava", f"Lava, behind loihi, on Python {running}", True, version, True))


_PARTS = {
    "reference": "neurosim.backends.reference",
    "native": "neurosim.backends.native",
    "brian2": "neurosim.backends.brian2",
    "torch": "neurosim.backends.torch",
    "nest": "neurosim.backends.nest",
    "loihi": "neurosim.hardware.loihi",
    "lava": "neurosim.hardware.loihi.worker",
}


def _judge(report: EngineReport) -> EngineReport:
    """Return the report, unusable where this version of neurosim has no backend for an engine that is installed."""
    return report if _has_module(_PARTS[report.name]) else _unusable(report, "", "")


def _unusable(report: EngineReport, reason: str, install: str) -> EngineReport:
    if not _has_module(_PARTS[report.name]):  # nothing would be gained by an installation
        reason, install = "this version of neurosim has no backend for it", ""
    return EngineReport(report.name, report.role, report.installed, report.version, False, reason, install)


@lru_cache(maxsize=1)
def _try_native() -> tuple[str, str]:
    """Return why the native engine cannot be imported, or an empty text; and the folder of its compiled kernels."""
    try:
        trial = subprocess.run(
            [sys.executable, "-c", NATIVE_TRIAL], capture_output=True, text=True, timeout=NATIVE_TIMEOUT_S
        )
    except subprocess.TimeoutExpired:
        return f"importing numba takes more than {NATIVE_TIMEOUT_S} s", ""
    if trial.returncode == 0:
        return "", trial.stdout.strip()
    lines = trial.stderr.strip().splitlines()
    return f"numba cannot be imported: {lines[-1] if lines else f'exit status {trial.returncode}'}", ""


# The surroundings


def _python() -> Finding:
    good = (3, 10) <= sys.version_info[:2] < (3, 14)
    text = f"Python {_python_version()}, numpy {_version('numpy')}"
    return Finding("python", good, text, "" if good else "neurosim supports Python 3.10 to 3.13")


def _distribution() -> Finding:
    """Tell our distribution from the unrelated one that installs the same import package."""
    ours, foreign = _version(DISTRIBUTION), _version(FOREIGN)
    place = Path(__file__).resolve().parent.parent
    if foreign:
        return Finding(
            "distribution",
            False,
            f"the distribution '{FOREIGN}' {foreign} is installed: an unrelated project whose import package has the"
            " same name, so that its files and ours overwrite each other",
            f"pip uninstall {FOREIGN}, then pip install --force-reinstall --no-deps {DISTRIBUTION}",
        )
    if ours:
        return Finding("distribution", True, f"{DISTRIBUTION} {ours} in {place}")
    return Finding("distribution", True, f"used from a checkout, not installed: {place}")


def _kernels() -> Finding:
    """Say where the native engine keeps its compiled kernels, whether it can, and how many there are."""
    _, place = _try_native()
    if not place:
        return Finding(KERNELS, True, "none: the native engine is not usable")
    folder = Path(place)
    existing = next(part for part in (folder, *folder.parents) if part.exists())
    if not existing.is_dir() or not os.access(existing, os.W_OK):
        text = f"{folder} cannot be written: kernels are compiled again in each process"
        return Finding(KERNELS, False, text, "set NEUROSIM_CACHE to a folder that can be written")
    files = list(folder.rglob("*.nb[ci]")) if folder.is_dir() else []
    compiled = sum(path.suffix == ".nbc" for path in files)
    if not compiled:
        return Finding(KERNELS, True, f"{folder}: empty, the first run compiles")
    size = sum(path.stat().st_size for path in files)
    return Finding(KERNELS, True, f"{folder}: {compiled:,} compiled kernels, {size / 1e6:,.0f} MB (may be deleted at any time)")


def _compiler() -> Finding:
    candidates = (os.environ.get("CXX", ""), "c++", "g++", "clang++")
    found = next((path for name in candidates if name and (path := shutil.which(name.split()[0]))), None)
    if found is not None:
        return Finding("C++ compiler", True, found)
    return Finding("C++ compiler", True, "none; only Brian2's compiled modes need one")


# Helpers


def _extra(name: str) -> str:
    return f'pip install "{DISTRIBUTION}[{name}]"'


def _version(distribution: str) -> str:
    """Return the installed version, or an empty text."""
    try:
        return metadata.version(distribution)
    except metadata.PackageNotFoundError:
        return ""


def _numbers(version: str) -> tuple[int, ...]:
    """Return the leading numbers: '2.10.0rc1' gives (2, 10, 0)."""
    return tuple(int(number) for number in re.findall(r"\d+", version.split("+")[0])[:3])


def _python_version() -> str:
    return ".".join(map(str, sys.version_info[:3]))


def _has_module(name: str) -> bool:
    try:
        return find_spec(name) is not None
    except ModuleNotFoundError:  # a parent is missing
        return False


# Pictures of the reports


def _state(report: EngineReport) -> str:
    if report.usable:
        return "usable"
    return "not usable" if report.installed else "not installed"


def _render_lines(engines: Sequence[EngineReport], findings: Sequence[Finding], out: TextIO) -> None:
    for report in engines:
        out.write(f"{report.name:<10} {report.version or '-':<14} {_state(report):<14} {report.role}\n")
        if report.reason and report.reason != _state(report):
            out.write(f"           {report.reason}\n")
        if report.install:
            out.write(f"           {report.install}\n")
    for finding in findings:
        out.write(f"{finding.topic:<13} {'ok  ' if finding.good else 'BAD '} {finding.text}\n")
        if finding.advice:
            out.write(f"                   {finding.advice}\n")


def _render_tables(engines: Sequence[EngineReport], findings: Sequence[Finding], out: TextIO) -> None:
    from rich.console import Console
    from rich.markup import escape
    from rich.table import Table

    console = Console(file=out, highlight=False)
    table = Table(title="engines", title_justify="left")
    for heading in ("engine", "what it is", "version", "state", "why"):
        table.add_column(heading, overflow="fold")
    for report in engines:
        colour = "green" if report.usable else "yellow"
        state = f"[{colour}]{_state(report)}[/{colour}]"
        table.add_row(report.name, report.role, report.version or "-", state, escape(report.reason))
    console.print(table)
    for report in engines:  # outside the table: a folded line cannot be copied
        if report.install:
            console.print(f"to use {report.name}:  {escape(report.install)}", soft_wrap=True)
    for finding in findings:
        mark = "[green]ok [/green]" if finding.good else "[red]BAD[/red]"
        console.print(f"{mark} {finding.topic}: {escape(finding.text)}", soft_wrap=True)
        if finding.advice:
            console.print(f"    {escape(finding.advice)}", soft_wrap=True)

"""The doctor: what it says about engines that are missing, in conflict, or of a stranger's distribution."""

import io
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from importlib import metadata
from pathlib import Path

import pytest

from neurosim.cli import doctor

ENGINES = ("reference", "native", "brian2", "torch", "nest", "loihi", "lava")


@pytest.fixture(name="pretend")
def _pretend(monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """Return a function that makes distributions seem installed, at a version, or missing."""

    def pretend(**versions: str) -> None:
        def version(name: str) -> str:
            found = versions.get(name.replace("-", "_"), "")
            if not found:
                raise metadata.PackageNotFoundError(name)
            return found

        monkeypatch.setattr(doctor.metadata, "version", version)
        monkeypatch.setattr(doctor, "_has_module", lambda name: True)
        monkeypatch.setattr(doctor, "_try_native", lambda: ("", ""))

    return pretend


def by_name() -> dict[str, doctor.EngineReport]:
    return {report.name: report for report in doctor.collect()}


def test_reports_every_engine_in_order() -> None:
    assert tuple(report.name for report in doctor.collect()) == ENGINES


def test_missing_engine_names_the_line_that_installs_it(pretend: Callable[..., None]) -> None:
    pretend(numpy="2.3.5")
    report = by_name()["brian2"]
    assert not report.installed and not report.usable
    assert report.install == 'pip install "neurosim-toolkit[brian2]"'


@pytest.mark.parametrize(
    ("brian2", "numpy", "usable"),
    [("2.9.0", "2.3.5", True), ("2.9.0", "2.4.0", False), ("2.9.0", "2.5.5", False), ("2.10.1", "2.5.5", True)],
)
def test_brian2_and_numpy(pretend: Callable[..., None], brian2: str, numpy: str, usable: bool) -> None:
    pretend(brian2=brian2, numpy=numpy)
    report = by_name()["brian2"]
    assert report.installed
    assert report.usable is usable
    if not usable:
        assert report.reason == f"brian2 {brian2} cannot be imported with numpy {numpy}"
        assert report.install == 'pip install "numpy<2.4"'


def test_foreign_distribution_is_recognised(pretend: Callable[..., None]) -> None:
    pretend(neurosim="0.1.0", neurosim_toolkit="0.1.0", numpy="2.3.5")
    (finding,) = (finding for finding in doctor.surroundings() if finding.topic == "distribution")
    assert not finding.good
    assert "unrelated" in finding.text
    assert "pip uninstall neurosim," in finding.advice


def test_own_distribution_is_not_the_foreign_one(pretend: Callable[..., None]) -> None:
    pretend(neurosim_toolkit="0.1.0", numpy="2.3.5")
    (finding,) = (finding for finding in doctor.surroundings() if finding.topic == "distribution")
    assert finding.good


def test_numba_that_cannot_be_imported_is_explained(
    pretend: Callable[..., None], monkeypatch: pytest.MonkeyPatch
) -> None:
    pretend(numpy="2.9.0", numba="0.68.1")
    monkeypatch.setattr(doctor, "_try_native", lambda: ("numba cannot be imported: ImportError: Numba needs NumPy 2.5", ""))
    report = by_name()["native"]
    assert report.installed and not report.usable
    assert "Numba needs NumPy" in report.reason


def kernels_in(folder: Path, monkeypatch: pytest.MonkeyPatch) -> doctor.Finding:
    monkeypatch.setattr(doctor, "_try_native", lambda: ("", str(folder)))
    (finding,) = (finding for finding in doctor.surroundings() if finding.topic == doctor.KERNELS)
    return finding


def test_kernels_are_counted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    finding = kernels_in(tmp_path / "new", monkeypatch)
    assert finding.good and finding.text == f"{tmp_path / 'new'}: empty, the first run compiles"
    (tmp_path / "__pycache__").mkdir()
    for name in ("a.1.nbc", "a.nbi", "b.1.nbc", "b.nbi"):
        (tmp_path / "__pycache__" / name).write_bytes(bytes(1_000_000))
    assert kernels_in(tmp_path, monkeypatch).text == f"{tmp_path}: 2 compiled kernels, 4 MB (may be deleted at any time)"


def test_unwritable_cache_is_found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "file").write_text("")
    finding = kernels_in(tmp_path / "file" / "folder", monkeypatch)
    assert not finding.good
    assert "NEUROSIM_CACHE" in finding.advice
    monkeypatch.setattr(doctor.os, "access", lambda path, mode: False)
    assert not kernels_in(tmp_path, monkeypatch).good


def test_the_cache_is_that_of_the_native_engine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("numba")
    monkeypatch.setenv("NEUROSIM_CACHE", str(tmp_path))
    doctor._try_native.cache_clear()
    assert doctor._try_native() == ("", str(tmp_path))
    doctor._try_native.cache_clear()


@pytest.mark.parametrize("terminal", [False, True])
def test_everything_said_is_rendered(pretend: Callable[..., None], terminal: bool) -> None:
    class Terminal(io.StringIO):
        def isatty(self) -> bool:
            return terminal

    pretend(numpy="2.4.0", brian2="2.9.0", numba="0.68.1", neurosim="0.1.0")
    file = Terminal()
    doctor.render(doctor.collect(), doctor.surroundings(), file=file)
    text = file.getvalue()
    for name in ENGINES:
        assert name in text
    assert "[torch]" in text  # the brackets of an extra are not markup
    assert "BAD" in text
    assert ("\x1b[" in text or "━" in text) is terminal


@pytest.mark.slow
def test_an_engine_that_this_version_lacks_is_not_advertised(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(doctor, "_has_module", lambda name: False)
    for report in doctor.collect():
        assert not report.usable
        assert report.install == ""
        assert report.reason == "this version of neurosim has no backend for it"


@pytest.mark.slow
def test_collecting_imports_no_engine() -> None:
    code = (
        "import sys; from neurosim.cli import doctor; doctor.collect(); doctor.surroundings();"
        "print(*[name for name in ('brian2', 'torch', 'nest', 'lava', 'numba') if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == ""


def test_reports_are_values() -> None:
    report = doctor.collect()[0]
    assert replace(report) == report

"""The command, on a tiny model."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner, Result

import neurosim.models
from neurosim import cli
from neurosim.backends import registry
from neurosim.cli import running
from neurosim.errors import FileError
from neurosim.result import Result as Saved
from neurosim.result import load_result

ROOT = Path(__file__).resolve().parents[2]
TINY = '''
"""A tiny network."""
import warnings

from neurosim.network import (Network, PoissonSource, Population, Probe, Projection, all_to_all, fixed_probability, neurons,
                              uniform)
from neurosim.units import Hz, mV, ms, pA

DESCRIPTION = "a handful of neurons and a drive"
WARM_UP = 20 * ms


def network(*, scale: float = 1.0, word: str = "one", number: int | None = None, flag: bool = False, pulse=None,
            seed: int = 1) -> Network:
    """Build it."""
    if flag:
        warnings.warn("flags are dangerous", stacklevel=2)
    drive = PoissonSource("drive", 20, rate=150 * Hz)
    exc = Population("exc", round(20 * scale), neurons.lif_exponential, tau_m=20 * ms)
    inh = Population("inh", round(5 * scale), neurons.lif_exponential)
    into = dict(into="I_syn", delay=1 * ms)
    return Network(drive, exc, inh, Projection(drive, exc, all_to_all(), weight=300 * pA, **into),
                   Projection(drive, inh, all_to_all(), weight=300 * pA, **into),
                   Projection(exc, inh, fixed_probability(0.3), weight=20 * pA, **into),
                   Probe(exc, "spikes"), Probe(inh, "spikes"), Probe(exc, "v", of=[0], every=1 * ms), seed=seed, name="tiny",
                   expected=expected())


def expected(**arguments):
    return {"expected at this scale": {"exc": 10.0, "inh": 20.0}, "published": {"exc": 11.0, "inh": 22.0}}


def notes(*, scale=1.0, **arguments):
    return [f"scale {scale:g}"]
'''


@pytest.fixture
def tiny(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A model called tiny, beside those of the library."""
    folder = tmp_path / "models"
    folder.mkdir()
    (folder / "tiny.py").write_text(TINY)
    monkeypatch.setattr(neurosim.models, "__path__", [*neurosim.models.__path__, str(folder)])
    yield
    sys.modules.pop("neurosim.models.tiny", None)


@pytest.fixture(autouse=True)
def quick_report(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Drawing the pages of all these runs would take longer than the runs."""
    if "whole_report" not in request.fixturenames:
        monkeypatch.setattr(Saved, "report", lambda _, path, figures: Path(path).write_text("a page"))


@pytest.fixture
def whole_report() -> None:
    """For tests that look at the report."""


def call(*arguments: str) -> Result:
    """Call the command as a user would; errors that are not ours are errors of the test."""
    return CliRunner().invoke(cli.commands, list(arguments), catch_exceptions=False)


def run(*arguments: str) -> Result:
    return call("run", "tiny", "--backend", "reference", "--duration", "100ms", *arguments)


# ---- run -----------------------------------------------------------------------------------------------------------------
def test_run(tiny: None, tmp_path: Path) -> None:
    out = tmp_path / "deep" / "out"
    found = run("--out", str(out), "--scale", "0.6", "--seed", "3")
    assert found.exit_code == 0, found.output
    assert sorted(path.name for path in out.iterdir()) == ["raster.png", "report.html", "result.nsr", "summary.json"]
    lines = found.output.splitlines()
    assert lines[0] == "tiny: a handful of neurons and a drive"
    assert lines[1] == "  scale 0.6"
    assert lines[3].split() == "population neurons rate [Hz] expected at this scale published CV synchrony".split()
    assert lines[5].split()[:2] == ["exc", "12"]
    assert lines[6].split()[:2] == ["inh", "3"]
    assert "spikes between 20 and 120 ms" in found.output
    assert "real time" in found.output
    assert f"in {out}: result.nsr, summary.json, raster.png, report.html" in found.output


def test_summary_is_of_the_time_after_the_warm_up(tiny: None, tmp_path: Path) -> None:
    assert run("--out", str(tmp_path / "out")).exit_code == 0
    facts = json.loads((tmp_path / "out" / "summary.json").read_text())
    result = load_result(tmp_path / "out" / "result.nsr")
    assert result.window == pytest.approx((20.0, 120.0))
    assert list(facts["rates"]) == ["exc", "inh"]
    assert facts["rates"]["exc"] == pytest.approx(result["exc"].rate.mean())
    assert facts["cv"] == {"exc": None, "inh": None}
    assert facts["spikes"] == result.spike_count
    assert facts["result_digest"] == result.digest()
    assert facts["program_digest"] == result.provenance.program_digest
    assert (facts["model"], facts["backend"], facts["seed"], facts["precision"]) == ("tiny", "reference", 1, "double")
    assert (facts["duration_ms"], facts["warm_up_ms"], facts["dt_ms"]) == (100.0, 20.0, 0.1)
    for name in ("build_s", "build_cpu_s", "run_s", "run_cpu_s", "peak_mb"):
        assert facts[name] > 0.0, name
    assert facts["versions"]["numpy"] == np.__version__


# ---- report --------------------------------------------------------------------------------------------------------------
FIGURE = '''

def figure(result):
    from matplotlib.figure import Figure
    from neurosim.errors import ParameterError
    if result.window[1] < 115.0:
        raise ParameterError("the figure needs 115 ms")
    drawn = Figure(figsize=(3.0, 2.0))
    drawn.subplots().plot(*result["exc"].spikes, ".")
    return drawn
'''


def test_a_run_has_a_report_that_can_be_made_again(tiny: None, whole_report: None, tmp_path: Path) -> None:
    (tmp_path / "models" / "tiny.py").write_text(TINY + FIGURE)
    out = tmp_path / "out"
    found = run("--out", str(out), "--set", "exc.tau_m=15*ms", "--seed", "3")
    assert found.exit_code == 0, found.output
    assert "result.nsr, summary.json, raster.png, figure.png, report.html" in found.output
    page = (out / "report.html").read_text()
    assert f"neurosim run tiny --duration 100ms --backend reference --seed 3 --precision double --set &#x27;exc.tau_m=15*ms&#x27; --out {out}" in page
    assert page.index("The published figure, drawn of this run") < page.index("a raster of the spikes of exc, inh")
    assert "<li>scale 1</li>" in page and "15 ms" in page
    assert (out / "figure.png").stat().st_size > 1000
    again = call("report", str(out), "--out", str(tmp_path / "again.html"))
    assert again.output == f"wrote {tmp_path / 'again.html'}\n"
    assert (tmp_path / "again.html").read_text() == page


def test_reports_of_files(tiny: None, tmp_path: Path) -> None:
    (tmp_path / "models" / "tiny.py").write_text(TINY + FIGURE)
    found = call("run", "tiny", "--backend", "reference", "--duration", "50ms", "--out", str(tmp_path / "out"))
    assert "The model's figure cannot be drawn of this run: the figure needs 115 ms" in found.output
    assert call("report", str(tmp_path / "out" / "result.nsr")).output.splitlines()[-1] == f"wrote {tmp_path / 'out' / 'result.html'}"
    missing = call("report", str(tmp_path))
    assert (missing.exit_code, missing.output.strip().startswith("FileError: folder")) == (2, True)


@pytest.mark.slow
def test_cv_is_given_for_long_runs(tiny: None, tmp_path: Path) -> None:
    arguments = ("--backend", "reference", "--duration", "5s", "--dt", "1ms", "--set", "scale=0.2", "--out", str(tmp_path / "out"))
    assert call("run", "tiny", *arguments).exit_code == 0
    facts = json.loads((tmp_path / "out" / "summary.json").read_text())
    assert 0.0 < facts["cv"]["exc"] < 1.5


def test_without_a_folder_nothing_is_written(tiny: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "here").mkdir()
    monkeypatch.chdir(tmp_path / "here")
    found = run("--warmup", "0")
    assert found.exit_code == 0
    assert "nothing was written; add --out DIR" in found.output
    assert "between 0 and 100 ms" in found.output
    assert list((tmp_path / "here").iterdir()) == []


def test_settings(tiny: None, tmp_path: Path) -> None:
    settings = ["word=2016", "number=none", "pulse=700ms,10ms", "flag=true", "exc.tau_m=15*ms", "exc.refractory=4 ms", "drive.rate=100*Hz",
                "exc -> inh.weight=30 pA"]  # fmt: skip
    found = run(*(word for setting in settings for word in ("--set", setting)), "--out", str(tmp_path / "out"))
    assert found.exit_code == 0, found.output
    assert "  Warning: flags are dangerous" in found.output
    assert "published" not in found.output  # what was measured of the model says nothing about a changed one
    facts = json.loads((tmp_path / "out" / "summary.json").read_text())
    assert facts["arguments"]["word"] == "2016"
    assert facts["arguments"]["exc.tau_m"] == "15*ms"
    plain = run("--out", str(tmp_path / "plain"))
    assert plain.exit_code == 0
    assert json.loads((tmp_path / "plain" / "summary.json").read_text())["program_digest"] != facts["program_digest"]


def test_the_same_run_twice(tiny: None, tmp_path: Path) -> None:
    for name in ("a", "b"):
        assert run("--out", str(tmp_path / name)).exit_code == 0
    found = call("compare", str(tmp_path / "a"), str(tmp_path / "b" / "result.nsr"))
    assert found.exit_code == 0
    assert "\nidentical: " in found.output
    assert found.output.splitlines()[-1] == "at level 'identical': they agree"


@pytest.mark.slow
def test_runs_that_differ(tiny: None, tmp_path: Path) -> None:
    assert run("--out", str(tmp_path / "a")).exit_code == 0
    assert run("--out", str(tmp_path / "b"), "--seed", "2").exit_code == 0
    found = call("compare", str(tmp_path / "a"), str(tmp_path / "b"))
    assert found.exit_code == 1
    assert "they part in step" in found.output
    assert found.output.splitlines()[-1] == "at level 'identical': they do not agree"


def test_an_interrupted_run_is_kept(tiny: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    real = running.simulate

    def stopping(*arguments: object, **options: object) -> object:
        def report(what: str, done: int, total: int) -> None:
            if what == "simulating" and done > 300:
                raise KeyboardInterrupt

        return real(*arguments, **{**options, "progress": report})  # type: ignore[arg-type]

    monkeypatch.setattr(running, "simulate", stopping)
    out = tmp_path / "out"
    found = call("run", "tiny", "--backend", "reference", "--duration", "1000s", "--out", str(out))
    assert found.exit_code == 130
    assert "interrupted after" in found.output
    assert "it is written" in found.output
    assert json.loads((out / "summary.json").read_text())["interrupted"] is True
    assert load_result(out / "result.nsr").interrupted


def test_ctrl_c_while_files_are_written(tiny: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The result is written to its end, what can be made of it again is left out."""
    save, out = Saved.save, tmp_path / "out"

    def pressed(self: Saved, path: Path) -> None:
        os.kill(os.getpid(), signal.SIGINT)
        save(self, path)

    monkeypatch.setattr(Saved, "save", pressed)
    found = run("--out", str(out))
    assert found.exit_code == 130
    assert "stopping; the result is still written (Ctrl-C again to stop at once)" in found.output
    assert found.stderr.splitlines()[-1] == f"interrupted: in {out}: result.nsr, summary.json; the rest was left out"
    assert sorted(path.name for path in out.iterdir()) == ["result.nsr", "summary.json"]
    assert load_result(out / "result.nsr").record.steps == 1200


def test_ctrl_c_while_pictures_are_drawn(tiny: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Saved, "report", lambda *_, **__: os.kill(os.getpid(), signal.SIGINT))
    out = tmp_path / "out"
    found = run("--out", str(out))
    assert found.exit_code == 130
    assert found.stderr.splitlines()[-1] == f"interrupted: in {out}: result.nsr, summary.json, raster.png; the rest was left out"


# ---- errors --------------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--set", "exc.tau_m=20"], "ParameterError: population 'exc' of model 'tiny': tau_m needs a time, got the plain number 20. "
                                    "Write exc.tau_m=20*ms."),
        (["--set", "exc.tau_mm=20*ms"], "ParameterError: population 'exc' of model 'tiny': there is no parameter 'tau_mm'; "
                                       "did you mean 'tau_m'?"),
        (["--set", "ex.tau_m=20*ms"], "ParameterError: model 'tiny': there is no part 'ex'; did you mean 'exc'?"),
        (["--set", "exc.tau_m=-2*ms"], "ParameterError: population 'exc' of model 'tiny': tau_m must be positive, got -2 ms."),
        (["--set", "exc.tau_m=2*mV"], "ParameterError: population 'exc' of model 'tiny': tau_m needs a time, got a voltage (2 mV)"),
        (["--set", "sclae=2"], "ParameterError: model 'tiny': there is no argument 'sclae'; did you mean 'scale'?"),
        (["--set", "scale=much"], "ParameterError: model 'tiny': scale needs a number, got 'much'"),
        (["--set", "number=1.5"], "ParameterError: model 'tiny': number needs a whole number, got '1.5'"),
        (["--set", "flag=1"], "ParameterError: model 'tiny': flag needs true or false, got '1'"),
        (["--set", "scale"], "OptionError: --set needs name=value, got 'scale'"),
        (["--set", "scale=1", "--set", "scale=2"], "OptionError: --set gives scale twice: 1 and 2"),
        (["--set", "scale=1", "--scale", "2"], "OptionError: --scale and --set scale=... are both given; leave one out"),
        (["--duration", "0"], "OptionError: --duration must be positive, got '0'"),
        (["--duration", "1mV"], "OptionError: --duration needs a time such as 2s or 500ms, got '1mV'"),
        (["--warmup", "-1ms"], "OptionError: --warmup cannot be negative, got '-1ms'"),
        (["--option", "mode=fast"], "OptionError: backend 'reference': there is no option 'mode'; it has none"),
        (["--threads", "2"], "OptionError: backend 'reference': it runs on one thread; leave threads=2 out"),
        (["--threads", "0"], "OptionError: backend 'reference': threads must be a whole number from 1 on, got 0"),
        (["--precision", "half"], "OptionError: backend 'reference': precision may be 'double', got 'half'"),
        (["--backend", "brain2"], "BackendMissingError: there is no backend 'brain2'; did you mean 'brian2'?"),
        (["--dt", "0"], "ParameterError: the run: dt must be positive, got 0 ms."),
        (["--dt", "fast"], "OptionError: --dt needs a time such as 2s or 500ms, got 'fast'"),
        (["--dt", "3ms"], "ParameterError: Network 'tiny': 8 problems\n  phase 'warm-up': duration of 20 ms is not a multiple of the time step "
                          "3 ms; the nearest are 18 ms and 21 ms\n  phase 'run': duration of 100 ms is not a multiple of the time step 3 ms; "
                          "the nearest are 99 ms and 102 ms\n  population 'exc' of model 'lif_exponential': refractory time of 2 ms is not a "
                          "multiple of the time step 3 ms; the nearest are 0 ms and 3 ms\n  population 'inh'"),
        (["--duration", "nan"], "OptionError: --duration needs a time such as 2s or 500ms, got 'nan'"),
        (["--duration", "1e-30"], "ScheduleError: phase 'run': duration of 1e-30 ms is less than one time step of 0.1 ms"),
        (["--duration", "1e30"], "ScheduleError: phase 'run': duration of 1e+30 ms is more time steps of 0.1 ms than can be counted"),
        (["--seed", "-1"], "NetworkError: Network 'tiny': seed must be at least 0, got -1."),
        (["--set", "exc.tau_m=20 bananas"], "UnitError: population 'exc' of model 'tiny', tau_m: unknown unit 'bananas'; known units: "),
        (["--set", "exc.=3"], "ParameterError: population 'exc' of model 'tiny': there is no parameter ''; known names: "),
        (["--set", "exc.size=3"], "ParameterError: population 'exc' of model 'tiny': there is no parameter 'size'; known names: "),
        (["--set", "exc.method=rk"], "ParameterError: population 'exc' of model 'tiny': unknown method 'rk'; did you mean 'rk4'?"),
        (["--set", "exc.v=1mV,2mV"], "ParameterError: population 'exc' of model 'tiny': v must be one value or 20 values (one for each of "
                                     "its neurons), got 2 values."),
        (["--set", "exc -> inh.weight=3"], "ParameterError: projection 'exc -> inh' of model 'tiny': weight needs a current, got the plain "
                                           "number 3. Write 3 * pA.\n  It is added to the state I_syn of 'inh', in pA."),
        (["--set", "exc -> inh.connectivity=all"], "ParameterError: projection 'exc -> inh' of model 'tiny': --set cannot change "
                                                   "'connectivity'; known names: delay, factor, weight"),
        (["--set", "drive.rate=-1 Hz"], "ParameterError: stimulus 'drive' of model 'tiny': rate must not be negative, got -1 Hz."),
        (["--set", "drive.speed=1"], "ParameterError: stimulus 'drive' of model 'tiny': there is no parameter 'speed'; known names: "),
        (["--option", "mode"], "OptionError: --option needs name=value, got 'mode'"),
        (["--option", "mode=1mX"], "UnitError: --option mode: unknown unit 'mX'; known units: "),
        (["--out", ""], "FileError: --out: needs the name of a folder, got ''"),
        (["--out", "a\0b"], "FileError: --out: cannot write into 'a\\x00b': "),
    ],
)  # fmt: skip
def test_errors_of_run(tiny: None, arguments: list[str], message: str) -> None:
    found = run(*arguments)
    assert found.exit_code == 2
    assert found.stderr.strip().startswith(message)
    assert message.endswith((": ", "'")) or found.stderr.strip() == message


def test_everything_that_is_wrong_is_said_at_once(tiny: None) -> None:
    wrong = ["--duration", "soon", "--dt", "1mV", "--set", "number=1.5", "--set", "flog=1", "--threads", "0", "--precision", "half"]
    found = run(*wrong, "--option", "mode=fast", "--set", "word")
    assert found.exit_code == 2
    assert found.stderr.splitlines() == [
        "OptionError: 6 problems",
        "  --duration needs a time such as 2s or 500ms, got 'soon'",
        "  --dt needs a time such as 2s or 500ms, got '1mV'",
        "  --set needs name=value, got 'word'",
        "  backend 'reference': threads must be a whole number from 1 on, got 0",
        "  backend 'reference': precision may be 'double', got 'half'",
        "  backend 'reference': there is no option 'mode'; it has none",
    ]
    found = run("--set", "exc.tau_m=20", "--set", "exc.tau_syn=-3ms", "--set", "inh.v=1ms", "--set", "ex.v=1mV", "--set", "drive.rate=3")
    assert found.stderr.splitlines() == [
        "ParameterError: 5 problems",
        "  model 'tiny': there is no part 'ex'; did you mean 'exc'?",
        "  stimulus 'drive' of model 'tiny': rate needs a frequency, got the plain number 3. Write 3 * Hz.",
        "  population 'exc' of model 'tiny': tau_m needs a time, got the plain number 20. Write exc.tau_m=20*ms.",
        "  population 'exc' of model 'tiny': tau_syn must be positive, got -3 ms.",
        "  population 'inh' of model 'tiny': v needs a voltage, got a time (1 ms)",
    ]


def test_an_engine_that_is_not_installed(tiny: None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(registry, "find_spec", lambda name: None)
    found = run("--backend", "brian2")
    assert found.exit_code == 2
    assert found.stderr.splitlines() == [
        "BackendMissingError: backend 'brian2' needs brian2, which is not installed",
        '  install it with: pip install "neurosim-toolkit[brian2]"',
    ]
    assert "pip install numba" in call("run", "tiny").stderr


def test_a_network_that_no_memory_holds(tiny: None) -> None:
    found = run("--scale", "1e7")
    assert found.exit_code == 2
    lines = found.stderr.splitlines()
    assert lines[0].startswith("OutOfMemoryError: this run: it needs at least 10.7 PiB of memory, this machine has ")
    assert lines[2] == "  synapses of 'exc -> inh': 10.7 PiB"


def test_a_full_disk_loses_nothing(tiny: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    real, out = Saved.save, tmp_path / "out"

    def save(self: Saved, path: Path) -> None:
        if path.parent == out:
            raise FileError(f"cannot write '{path}': No space left on device")
        real(self, path)

    monkeypatch.setattr(Saved, "save", save)
    monkeypatch.setattr(running.tempfile, "mkdtemp", lambda prefix: str(tmp_path))
    found = run("--out", str(out))
    assert found.exit_code == 2
    assert found.stderr.splitlines() == [
        f"FileError: cannot write '{out / 'result.nsr'}': No space left on device",
        f"  The result was written as {tmp_path / 'result.nsr'} instead.",
    ]
    assert load_result(tmp_path / "result.nsr").spike_count >= 0


def test_unknown_model(tiny: None) -> None:
    found = call("run", "tinny")
    assert found.exit_code == 2
    assert found.stderr == "ParameterError: there is no model 'tinny'; did you mean 'tiny'?\n  neurosim models lists them all.\n"


def test_a_folder_that_cannot_be_made(tiny: None, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    found = run("--out", str(tmp_path / "file" / "out"))
    assert found.exit_code == 2
    assert found.stderr == f"FileError: --out: cannot write into '{tmp_path / 'file' / 'out'}': Not a directory\n"


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["a", "b"], "FileError: cannot read 'a': there is no such file"),
        (["", ""], "FileError: a file needs a name, got ''"),
        (["text", "text"], "FileFormatError: 'text': it is not an HDF5 file, or was cut off"),
        (["cut", "cut"], "FileFormatError: 'cut': it is not an HDF5 file, or was cut off"),
        (["run", "run", "--level", "same"], "OptionError: compare: there is no level 'same'; known names: bitwise, bounded, close, identical, statistical"),
        (["run", "run", "--tolerance", "-1"], "OptionError: compare: tolerance must be a number that is not negative, got -1.0"),
        (["run", "run", "--tolerance", "nan"], "OptionError: compare: tolerance must be a number that is not negative, got nan"),
        (["run", "longer"], "CompareError: these are results of different networks or runs:\n  1,200 and 1,300 steps were simulated"),
    ],
)  # fmt: skip
def test_errors_of_compare(tiny: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, arguments: list[str], message: str) -> None:
    monkeypatch.chdir(tmp_path)
    Path("text").write_text("hello")
    if "run" in arguments:
        assert run("--out", "run").exit_code == 0
    if "longer" in arguments:
        assert run("--out", "longer", "--duration", "110ms").exit_code == 0
    if "cut" in arguments:
        assert run("--out", "run").exit_code == 0
        Path("cut").write_bytes(Path("run/result.nsr").read_bytes()[:-2000])
    found = call("compare", *arguments)
    assert found.exit_code == 2
    assert found.stderr.strip() == message


def test_compare_needs_results(tmp_path: Path) -> None:
    found = call("compare", str(tmp_path), str(tmp_path))
    assert found.exit_code == 2
    assert found.stderr.startswith(f"FileError: folder '{tmp_path}' holds no result.nsr\n")


# ---- the other verbs -----------------------------------------------------------------------------------------------------
def test_models_are_listed(tiny: None) -> None:
    found = call("models")
    assert found.exit_code == 0
    assert "tiny" in found.output
    assert "microcircuit" in found.output
    assert "a handful of neurons and a drive" in found.output
    assert "learning" not in found.output.split()


def test_arguments_of_a_model(tiny: None) -> None:
    found = call("run", "tiny", "--help-model")
    assert found.exit_code == 0
    assert "  scale=1.0" in found.output


@pytest.mark.slow
def test_doctor() -> None:
    assert call("doctor").exit_code == 0


def test_help_needs_no_engine() -> None:
    """What takes time is imported by the verb that needs it."""
    code = "import sys, neurosim.cli; print([m for m in ('matplotlib', 'h5py', 'rich', 'numba', 'brian2') if m in sys.modules])"
    started = time.perf_counter()
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60, cwd=ROOT, check=True)
    assert found.stdout == "[]\n"
    assert time.perf_counter() - started < 10.0

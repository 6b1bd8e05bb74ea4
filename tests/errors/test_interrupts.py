"""Ctrl-C at any moment: nothing from inside comes out, what was simulated is kept, files are whole."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import pytest

import neurosim as ns
from neurosim import files
from neurosim.report import document
from neurosim.result import Result
from neurosim.simulate import run as verb
from neurosim.simulate import session as interactive
from neurosim.units import Hz, ms, pA

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="signals of a terminal")
LIF = ns.neurons.lif_exponential
BEFORE = "stopped before there was anything to keep"
AT_ONCE = "stopped at once, in the middle of a step; nothing was kept"


def network() -> ns.Network:
    drive, exc = ns.PoissonSource("drive", 5, rate=300 * Hz), ns.Population("exc", 3, LIF)
    into = ns.Projection(drive, exc, ns.all_to_all(), into="I_syn", weight=300 * pA)
    return ns.Network(drive, exc, into, ns.Probe(exc, "spikes"), ns.Probe(exc, "v", every=1 * ms))


def control_c(*_: object, **__: object) -> None:
    os.kill(os.getpid(), signal.SIGINT)


def stopped(call: Callable[[], object]) -> KeyboardInterrupt:
    """The interrupt that comes out of a call: it says why, and shows nothing of the inside."""
    before = signal.getsignal(signal.SIGINT)
    with pytest.raises(KeyboardInterrupt) as caught:
        call()
    assert signal.getsignal(signal.SIGINT) is before
    assert caught.value.__suppress_context__ or caught.value.__context__ is None
    return caught.value


# ---- before the first step -----------------------------------------------------------------------------------------------
def failing(*_: object, **__: object) -> None:
    """A compiler that hears the Ctrl-C of the terminal, too, and what an engine makes of it."""
    try:
        control_c()
    except KeyboardInterrupt:
        raise RuntimeError("c++: fatal error: Interrupted signal terminated program cc1plus") from None


@pytest.mark.parametrize("happening", [control_c, failing])
@pytest.mark.parametrize("place", ["engine_of", "lower", "refuse_impossible"])
def test_before_the_first_step(place: str, happening: Callable[..., None], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(verb, place, happening)
    assert str(stopped(lambda: ns.simulate(network(), 5 * ms, backend="reference"))) == BEFORE


def test_while_an_engine_prepares(monkeypatch: pytest.MonkeyPatch) -> None:
    engine = verb.engine_of("reference", "here")
    monkeypatch.setattr(type(engine), "compile", failing)
    assert str(stopped(lambda: ns.simulate(network(), 5 * ms, backend="reference"))) == BEFORE


# ---- while it runs -------------------------------------------------------------------------------------------------------
def pressing(times: int) -> Callable[[str, int, int], None]:
    """Presses Ctrl-C after the first steps."""

    def report(what: str, done: int, total: int) -> None:
        if what == "simulating" and done:
            for _ in range(times):
                control_c()

    return report


def test_the_first_keeps_and_says_so(capsys: pytest.CaptureFixture[str]) -> None:
    result = ns.simulate(network(), 100_000 * ms, backend="reference", progress=pressing(1))
    assert result.interrupted and 0 < result.record.steps < 1_000_000
    assert capsys.readouterr().err == "\nstopping; what was simulated is kept (Ctrl-C again to stop at once)\n"
    same = ns.simulate(network(), result.record.steps * 0.1 * ms, backend="reference")
    assert result.digest() == same.digest()


def test_the_second_keeps_nothing() -> None:
    assert str(stopped(lambda: ns.simulate(network(), 100_000 * ms, backend="reference", progress=pressing(2)))) == AT_ONCE


def test_a_session_stands_and_goes_on() -> None:
    with ns.Session(network(), backend="reference", progress=pressing(1)) as session:
        said = str(stopped(lambda: session.run(100_000 * ms)))
        assert said == f"stopped; the session stands at {session.steps * 0.1:g} ms and can go on"
        assert session.result.interrupted


def test_a_session_stops_after_its_last_step(monkeypatch: pytest.MonkeyPatch) -> None:
    """A Ctrl-C that comes too late to stop this run is not forgotten: no other one begins."""
    whole = interactive.Stepper.go

    def late(self: interactive.Stepper, *given: Any) -> None:
        whole(self, *given)
        control_c()

    with ns.Session(network(), backend="reference") as session:
        monkeypatch.setattr(interactive.Stepper, "go", late)
        assert str(stopped(lambda: session.run(5 * ms))) == "stopped; the session stands at 5 ms and can go on"
        monkeypatch.undo()
        session.run(5 * ms)
        assert session.steps == 100


def test_a_session_that_was_torn_says_so() -> None:
    with ns.Session(network(), backend="reference", progress=pressing(2)) as session:
        assert str(stopped(lambda: session.run(100_000 * ms))) == AT_ONCE
        with pytest.raises(ns.NeurosimError, match="it was closed"):
            session.run(1 * ms)


def test_a_session_that_looks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(interactive.Stepper, "replace", control_c)
    with ns.Session(network(), backend="reference") as session:
        stopped(lambda: session["exc"].v)


# ---- files ---------------------------------------------------------------------------------------------------------------
@pytest.fixture(name="result", scope="module")
def _result() -> Result:
    return ns.simulate(network(), 30 * ms, backend="reference")


class Interrupted:
    """A file of which a part was written when Ctrl-C was pressed."""

    def __init__(self, *given: Any, **options: Any) -> None:
        self.raw, self.left = open(*given, **options), 2  # noqa: SIM115 -- closed below

    def write(self, data: memoryview) -> int:
        self.left -= 1
        if not self.left:
            control_c()
        return int(self.raw.write(data))

    def __enter__(self) -> Interrupted:
        return self

    def __exit__(self, *_: object) -> None:
        self.raw.close()

    def __getattr__(self, name: str) -> Any:
        return getattr(self.raw, name)


@pytest.mark.parametrize("kind", ["result", "checkpoint"])
def test_a_file_is_whole_or_the_older_one(result: Result, kind: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The interrupt comes while HDF5 writes, where an exception would be made an error of HDF5's own."""
    path = tmp_path / "a.file"
    with ns.Session(network(), backend="reference") as session:
        session.run(5 * ms)
        save = session.checkpoint if kind == "checkpoint" else result.save
        save(path)
        older = path.read_bytes()
        monkeypatch.setattr(files, "open", Interrupted, raising=False)
        with pytest.raises(KeyboardInterrupt):
            save(path)
    assert path.read_bytes() == older
    assert [found.name for found in tmp_path.iterdir()] == ["a.file"]


def test_a_page_is_whole_or_not_there(result: Result, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(document, "page", control_c)
    stopped(lambda: result.report(tmp_path / "a.html"))
    assert list(tmp_path.iterdir()) == []


# ---- a terminal ------------------------------------------------------------------------------------------------------------
SCRIPT = """
import sys
import neurosim as ns
from neurosim.units import *
exc = ns.Population("exc", 100, ns.neurons.lif_exponential, v=ns.uniform(-70 * mV, -50 * mV))
loop = ns.Projection(exc, exc, ns.fixed_probability(0.1), into="I_syn", weight=5 * pA, delay=1 * ms)
net = ns.Network(exc, loop, ns.Probe(exc, "spikes"), ns.Probe(exc, "v", of=[0]))
seen = set()
def tell(what, done, total):
    line = f"{what} {'on' if done else 'begun'}"
    if line not in seen:
        seen.add(line)
        print(line, flush=True)
"""
RUN = """
print("begun", flush=True)
result = ns.simulate(net, 300 * second, backend=sys.argv[1], options=dict(word.split("=") for word in sys.argv[2:]), progress=tell)
print("kept", result.interrupted, result["exc"].v.shape == (result.record.steps, 1), 0 < result.record.steps < 3_000_000)
"""
SESSION = """
with ns.Session(net, progress=tell) as session:
    try:
        session.run(1000 * second)
    except KeyboardInterrupt as interrupt:
        print(interrupt)
    print("kept", session.result.interrupted, session.result["exc"].v.shape == (session.steps, 1), session.steps >= 10)
"""
KEPT = ["", "stopping; what was simulated is kept (Ctrl-C again to stop at once)", "kept True True True"]


def pressed(command: list[str], wanted: str, **surroundings: str) -> tuple[int, list[str], float]:
    """Start a program, press Ctrl-C (all processes of a terminal hear it) when it prints a line, and take what it still says."""
    environment = {**os.environ, **surroundings}
    # What starts the tests in the background may have told its children to ignore Ctrl-C.
    hears = partial(signal.signal, signal.SIGINT, signal.SIG_DFL)
    started = {"stdout": subprocess.PIPE, "stderr": subprocess.STDOUT, "text": True, "bufsize": 1, "preexec_fn": hears}
    with subprocess.Popen(command, env=environment, start_new_session=True, **started) as program:  # type: ignore[call-overload]
        for line in program.stdout:
            if line.startswith(wanted):
                break
        else:
            pytest.fail(f"it never said {wanted!r}")
        os.killpg(program.pid, signal.SIGINT)
        began = time.perf_counter()
        said = program.stdout.read().splitlines()
        program.wait()
        return program.returncode, said, time.perf_counter() - began


@pytest.mark.slow
@pytest.mark.parametrize("engine", [["native"], ["reference"], ["brian2", "mode=numpy"], ["brian2", "mode=cython"]], ids=" ".join)
def test_while_it_simulates(engine: list[str], require_engine: Callable[[str], None]) -> None:
    require_engine(engine[0])
    status, said, seconds = pressed([sys.executable, "-c", SCRIPT + RUN, *engine], "simulating on")
    assert (status, said) == (0, KEPT)
    assert seconds < 30.0


@pytest.mark.slow
@pytest.mark.parametrize(
    ("engine", "wanted"),
    [
        (["native"], "building"),
        (["native"], "compiling begun"),
        (["brian2", "mode=cython"], "begun"),
        (["brian2", "mode=cpp_standalone"], "compiling begun"),
        (["brian2", "mode=cpp_standalone"], "running begun"),
    ],
    ids=lambda value: value if isinstance(value, str) else " ".join(value),
)
def test_before_it_simulates(engine: list[str], wanted: str, require_engine: Callable[[str], None], tmp_path: Path) -> None:
    """Also the compilers and the program of an engine hear it."""
    require_engine(engine[0])
    fresh = {"NEUROSIM_CACHE": str(tmp_path / "kernels"), "HOME": str(tmp_path / "home"), "TMPDIR": str(tmp_path)}
    status, said, seconds = pressed([sys.executable, "-c", SCRIPT + RUN, *engine], wanted, **fresh)
    assert status == -signal.SIGINT
    # Right after the first line of the script the program may still stand before the call: then Python says it in its own words.
    own_words = ("KeyboardInterrupt",) if wanted == "begun" else ()
    assert said[-1] in (f"KeyboardInterrupt: {BEFORE}", *own_words)
    assert not [line for line in said if "site-packages" in line], said
    assert seconds < 60.0
    assert not list(tmp_path.glob("neurosim_brian2_*")), "the program that was compiled is removed"
    assert not list(tmp_path.rglob("*.part"))


@pytest.mark.slow
def test_a_session_in_a_terminal() -> None:
    status, said, _ = pressed([sys.executable, "-c", SCRIPT + SESSION], "simulating on")
    assert status == 0
    assert said[-1] == "kept True True True"
    assert [line for line in said if line.startswith("stopped; the session stands at ")]


@pytest.mark.slow
def test_the_command(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "neurosim", "run", "brunel", "--scale", "0.1", "--duration", "1000s", "--progress", "--out", str(tmp_path / "out")]
    status, said, _ = pressed(command, "simulating: ")
    assert status == 130
    assert said[-1].startswith("interrupted") and "Traceback" not in "".join(said)
    assert not list(tmp_path.rglob("*.part"))
    if (tmp_path / "out" / "result.nsr").exists():
        assert ns.load_result(tmp_path / "out" / "result.nsr").interrupted


@pytest.mark.slow
def test_brian2_leaves_the_keyboard_alone(require_engine: Callable[[str], None]) -> None:
    """Importing it puts a handler of its own before Python's, which would take Ctrl-C from every engine."""
    require_engine("brian2")
    code = "import signal\nfrom neurosim.backends import registry\nregistry.get('brian2')\nprint(signal.getsignal(signal.SIGINT) is signal.default_int_handler)"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout == "True\n"

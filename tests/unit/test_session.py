"""Sessions: looking, setting, stopping, keeping; and what people read when they ask for something that cannot be."""

from __future__ import annotations

import errno
import os
import signal
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest

import neurosim as ns
from neurosim.backends.base import Capabilities, Executable, Progress, Settings
from neurosim.backends.reference import Reference
from neurosim.ir.program import Program
from neurosim.simulate import checkpoint
from neurosim.units import Hz, Quantity, ms, mV, pA


def network(seed: int = 3, **of_cells: Any) -> ns.Network:
    drive = ns.PoissonSource("drive", 4, rate=400 * Hz)
    exc = ns.Population("exc", 3, ns.neurons.lif_exponential, v=np.array([-60.0, -55.0, -52.0]) * mV, **of_cells)
    rule = ns.plasticity.pair_stdp(tau_plus=20 * ms, tau_minus=20 * ms, a_plus=20 * pA, a_minus=20 * pA)
    learning = ns.Projection(drive, exc, ns.all_to_all(), into="I_syn", weight=500 * pA, plasticity=rule, name="learning")
    fixed = ns.Projection(drive, exc, ns.all_to_all(), into="I_syn", weight=ns.uniform(1 * pA, 2 * pA), name="fixed")
    probes = (ns.Probe(exc, "spikes"), ns.Probe(exc, "v", every=1 * ms))
    return ns.Network(drive, exc, learning, fixed, *probes, seed=seed, name="small")


def begun(**more: Any) -> ns.Session:
    session = ns.Session(network(), backend="reference", **more)
    session.run(5 * ms)
    return session


# ---- looking -----------------------------------------------------------------------------------------------------------
def test_looking_before_and_between() -> None:
    with ns.Session(network(), backend="reference") as session:
        assert np.array_equal(session["exc"].v / mV, [-60.0, -55.0, -52.0])
        assert (session.steps, session.time) == (0, 0 * ms)
        session.run(5 * ms)
        assert (session.steps, session.time) == (50, 5 * ms)
        before = session["exc"]
        assert isinstance(before.v, Quantity) and before.v.unit.name == "mV"
        assert np.array_equal(before.v / mV, session.result["exc"].final("v"))
        assert np.array_equal(session["learning"].w / pA, session.result["learning"].final("w"))
        assert session["drive"].rate == 400 * Hz
        assert session["exc"].tau_m == 10 * ms
        assert session["learning"].tau_plus == 20 * ms
        assert isinstance(session["learning"].x, np.ndarray)
        fixed = session["fixed"].w / pA
        assert fixed.shape == (12,) and 1 < fixed.min() < fixed.max() < 2
        then = np.array(before.v / mV)
        session.run(5 * ms)
        assert np.array_equal(before.v / mV, then)
        assert not np.array_equal(session["exc"].v / mV, then)
        assert {"v", "tau_m", "I_syn"} <= set(dir(before))
        assert repr(before).startswith("'exc' at 5 ms: v, I_syn, ")
        assert repr(session) == "Session of 'small' on reference: 10 ms"


def test_what_waits_is_seen() -> None:
    with begun() as session:
        then, weights = session["exc"].v / mV, session["fixed"].w / pA
        values = {"exc.v": "v + tau_m / (10*ms) * 1*mV", "drive.rate": 40 * Hz, "exc.tau_m": 20 * ms, "exc.I_syn": 1 * pA}
        session.set({**values, "learning.w": ns.CopyWeights(session.course.network["fixed"], factor=2.0), "fixed.w": 3 * pA})
        assert repr(session) == "Session of 'small' on reference: 5 ms, 6 changes waiting"
        assert np.allclose(session["exc"].v / mV, then + 1, atol=1e-12)
        assert session["drive"].rate == 40 * Hz
        assert session["exc"].tau_m == 20 * ms
        assert np.array_equal(session["exc"].I_syn / pA, [1.0, 1.0, 1.0])
        assert np.array_equal(session["learning"].w / pA, np.full(12, 6.0)) or np.array_equal(session["learning"].w / pA, 2 * weights)
        session.run(0.1 * ms, off=["drive"], plasticity=False)
        assert session["exc"].tau_m == 20 * ms
        assert session["drive"].rate == 40 * Hz
        assert np.array_equal(session["fixed"].w / pA, np.full(12, 3.0))
        assert np.array_equal(session["learning"].w / pA, 2 * weights)


def test_copies_stand_along_the_first_axis() -> None:
    with begun(copies=2) as session:
        assert session["exc"].v.shape == (2, 3)
        session.set({"exc.v": -60 * mV})
        assert np.array_equal(session["exc"].v / mV, np.full((2, 3), -60.0))
        session.run(5 * ms)
    whole = ns.Schedule(ns.Phase(5 * ms), ns.Phase(5 * ms, set={"exc.v": -60 * mV}))
    assert session.result.digest() == ns.simulate(network(), whole, backend="reference", copies=2).digest()


def test_the_program_repeats_the_session() -> None:
    with begun() as session:
        session.set({"exc.tau_m": 12 * ms})
        session.run(5 * ms, label="slow", repeats=2)
    assert ns.simulate(session.program, backend="reference").digest() == session.result.digest()
    assert [phase.label for phase in session.result.provenance.phases] == ["", "slow", "slow"]
    assert session.result.record.timing["run_s"] > 0.0


# ---- stopping ------------------------------------------------------------------------------------------------------------
@dataclass
class Watching:
    """A progress function that does something at a step."""

    act: Callable[[], None]
    at: int = 1
    seen: list[tuple[str, int, int]] = field(default_factory=list)

    def __call__(self, what: str, done: int, total: int) -> None:
        self.seen.append((what, done, total))
        if what == "simulating" and done >= self.at:
            self.act()


def interrupt() -> None:
    raise KeyboardInterrupt


def control_c() -> None:
    os.kill(os.getpid(), signal.SIGINT)


@pytest.mark.parametrize("how", [interrupt, control_c])
def test_a_session_goes_on_after_an_interrupt(how: Callable[[], None]) -> None:
    watching = Watching(how)
    with ns.Session(network(), backend="reference", progress=watching) as session:
        late = ns.Assignment("exc.v", -60 * mV, at=90_000 * ms)
        with pytest.raises(KeyboardInterrupt):
            session.run(100_000 * ms, label="long", at=[late])
        stopped = session.steps
        assert 0 < stopped < 900_000
        assert session.result.interrupted
        assert session.program.steps == stopped
        watching.at = 10**9
        session.run(2 * ms)
    assert session.steps == stopped + 20
    assert not session.result.interrupted
    whole = ns.Schedule(ns.Phase(stopped * 0.1 * ms, label="long"), ns.Phase(2 * ms))
    expected = ns.simulate(network(), whole, backend="reference")
    assert session.result.digest() == expected.digest()
    assert session.result.provenance.program_digest == expected.provenance.program_digest


def test_an_interrupt_while_catching_up_changes_nothing() -> None:
    watching = Watching(interrupt, at=10**9)
    with begun(progress=watching) as session:
        session.set({"fixed.w": 20 * pA})
        then, watching.at = session.result.digest(), 1
        with pytest.raises(KeyboardInterrupt):
            session.run(5 * ms)
        watching.at = 10**9
        assert (session.steps, session.result.digest()) == (50, then)
        session.run(5 * ms)
    whole = ns.Schedule(ns.Phase(5 * ms), ns.Phase(5 * ms, set={"fixed.w": 20 * pA}))
    assert session.result.digest() == ns.simulate(network(), whole, backend="reference").digest()


def test_a_run_that_fails_says_so() -> None:
    unstable = ns.NeuronModel("dv/dt = v * v / (1*ms) : 1")
    with ns.Session(ns.Network(ns.Population("a", 1, unstable, v=100.0)), backend="reference") as session:
        with pytest.raises(ns.NeurosimError, match="infinite|inf|nan"):
            session.run(100 * ms)
        assert session.steps > 0


# ---- errors ------------------------------------------------------------------------------------------------------------
GOLDEN: dict[str, tuple[Callable[[ns.Session], object], str]] = {
    "result of nothing": (
        lambda session: ns.Session(network(), backend="reference").result,
        "Session: nothing was simulated yet\n  Say session.run(1 * second) first.",
    ),
    "unknown name": (lambda session: session.set({"exc.vv": 1 * mV}), "Session.set, 'exc.vv': 'exc' has no 'vv'; did you mean 'v'?"),
    "unknown part": (lambda session: session.set({"ecx.v": 1 * mV}), "Session.set, 'ecx.v': there is no part 'ecx'; did you mean 'exc'?"),
    "wrong unit": (lambda session: session.set({"exc.v": 1 * pA}), "Session.set, 'exc.v': v needs a voltage, got a current (1 pA)"),
    "no unit": (lambda session: session.set({"exc.v": 1.0}), "Session.set, 'exc.v': v needs a voltage, got the plain number 1.0. Write 1.0 * mV."),
    "two at once": (
        lambda session: session.set({"exc.tau_x": 3 * ms, "drive.rate": -3 * Hz}),
        "Schedule: 2 problems\n  Session.set, 'exc.tau_x': 'exc' has no 'tau_x'; did you mean 'tau_m'?\n"
        "  Session.set, 'drive.rate': rate must not be negative, got -3 Hz.",
    ),
    "a port": (
        lambda session: session.set({"exc.I_ext": 1 * pA}),
        "Session.set, 'exc.I_ext': I_ext is a port and cannot be set; did you mean 'I_e'?",
    ),
    "wrong length": (
        lambda session: session.set({"exc.v": [1.0, 2.0] * mV}),
        "Session.set, 'exc.v': v must be one value or 3 values (one for each of its neurons), got 2 values.",
    ),
    "off the grid": (
        lambda session: session.run(1.05 * ms),
        "Session.run: duration of 1.05 ms is not a multiple of the time step 0.1 ms; the nearest are 1 ms and 1.1 ms",
    ),
    "backwards": (lambda session: session.run(-1 * ms), "Phase: duration must be positive, got -1 ms."),
    "unknown off": (
        lambda session: session.run(1 * ms, off=["drove"], plasticity=["fixed"]),
        "Schedule: 2 problems\n  Session.run: off names 'drove', which is not in the network; did you mean 'drive'?\n"
        "  Session.run: plasticity names 'fixed', which is no projection with plasticity; known names: learning",
    ),
    "too late": (
        lambda session: session.run(1 * ms, at=[ns.Assignment("exc.v", 1 * mV, at=3 * ms)]),
        "Session.run, 'exc.v': the time 3 ms lies after the end of the phase (1 ms)",
    ),
    "looking at no part": (lambda session: session["ecx"], "Session: there is no part 'ecx'; did you mean 'exc'?"),
    "looking at nothing": (lambda session: session["exc"].vv, "Session: 'exc' has no 'vv'; did you mean 'v'?"),
    "looking at records": (
        lambda session: session["drive"].spikes,
        "Session: 'drive' has no 'spikes'; known names: rate\n  What was recorded is session.result[\"drive\"].spikes.",
    ),
    "no network": (lambda session: ns.Session(3), "Session: needs a Network, got a int"),
    "no folder": (
        lambda session: session.checkpoint("nowhere/a.checkpoint"),
        "cannot write 'nowhere/a.checkpoint': there is no folder 'nowhere'",
    ),
    "no name": (lambda session: session.checkpoint(3), "a file needs a name, got 3"),
    "no file": (lambda session: ns.Session.restore("a.checkpoint"), "cannot read 'a.checkpoint': there is no such file"),
}  # fmt: skip


@pytest.mark.parametrize("wrong", GOLDEN)
def test_what_people_read(wrong: str) -> None:
    session = ns.Session(network(), backend="reference")
    act, text = GOLDEN[wrong]
    with pytest.raises(ns.NeurosimError) as caught:
        act(session)
    assert str(caught.value) == text
    assert session.pending == () and session.steps == 0


def test_a_closed_session_keeps_its_result() -> None:
    with begun() as session:
        then = session.result.digest()
    session.close()
    assert session.result.digest() == then
    assert session["exc"].v.shape == (3,)
    assert repr(session) == "Session of 'small' on reference: 5 ms, closed"
    for act in (lambda: session.run(1 * ms), lambda: session.set({}), lambda: session.checkpoint("a")):
        with pytest.raises(ns.NeurosimError, match="comes after it was closed\n  Its result can still be read"):
            act()


@dataclass(frozen=True)
class Whole:
    """An engine that runs whole plans only."""

    name: str = "whole"

    def capabilities(self) -> Capabilities:
        return Capabilities(level=lambda settings: "identical", obstacles=lambda program, settings: ())

    def compile(self, program: Program, settings: Settings, progress: Progress | None = None) -> Executable:
        return Reference().compile(program, settings)


def test_an_engine_of_whole_plans_points_at_schedules() -> None:
    with pytest.raises(ns.NeurosimError) as caught:
        ns.Session(network(), backend=Whole())
    assert 'write the phases as ns.Schedule(...) for ns.simulate, or take backend="native"' in str(caught.value)
    assert ns.simulate(network(), 1 * ms, backend=Whole()).record.steps == 10


# ---- checkpoints ---------------------------------------------------------------------------------------------------------
@pytest.fixture
def kept(tmp_path: Path) -> Path:
    with begun() as session:
        session.checkpoint(tmp_path / "half.checkpoint")
    return tmp_path / "half.checkpoint"


def test_a_checkpoint_goes_on_without_its_network(kept: Path) -> None:
    with ns.Session.restore(kept) as session:
        assert repr(session) == "Session of 'small' on reference: 5 ms"
        assert (session["exc"].v.unit.name, session["drive"].rate) == ("mV", 400 * Hz)
        with pytest.raises(ns.NeurosimError, match=r"values can only be set with the network at hand\n  Restore it with its network"):
            session.set({"exc.v": 0 * mV})
        with pytest.raises(ns.NeurosimError, match="off names 'drove', which is no stimulus and no projection; did you mean 'drive'"):
            session.run(1 * ms, off=["drove"])
        session.run(5 * ms, plasticity=False, off=["fixed"], label="after")
    last = ns.Phase(5 * ms, label="after", plasticity=False, off=["fixed"])
    expected = ns.simulate(network(), ns.Schedule(ns.Phase(5 * ms), last), backend="reference")
    assert session.result.digest() == expected.digest()
    assert session.result.provenance.program_digest == expected.provenance.program_digest
    assert session.result["exc"].units == expected["exc"].units


def test_what_waits_is_kept_too(tmp_path: Path) -> None:
    with begun() as session:
        session.set({"fixed.w": 20 * pA})
        session.checkpoint(tmp_path / "half.checkpoint")
    with pytest.raises(ns.NeurosimError) as caught:
        ns.Session.restore(tmp_path / "half.checkpoint")
    assert str(caught.value).endswith(
        "'fixed.w' was set before the next step, which needs the network\n  Restore it with its network: Session.restore(path, net)."
    )
    with ns.Session.restore(tmp_path / "half.checkpoint", network()) as restored:
        assert repr(restored) == "Session of 'small' on reference: 5 ms, 1 change waiting"
        assert np.array_equal(restored["fixed"].w / pA, np.full(12, 20.0))
        restored.run(5 * ms)
    whole = ns.Schedule(ns.Phase(5 * ms), ns.Phase(5 * ms, set={"fixed.w": 20 * pA}))
    assert restored.result.digest() == ns.simulate(network(), whole, backend="reference").digest()


def damaged(path: Path, change: Callable[[h5py.File], None]) -> Path:
    with h5py.File(path, "r+") as file:
        change(file)
    return path


def another_value(file: h5py.File) -> None:
    stored = next(stored for stored in file["state"].values() if stored.attrs["name"] == "states/exc/v")
    stored[0, 0] += 1e-9


def later_version(file: h5py.File) -> None:
    file.attrs["version"] = "99.0"


def lost_program(file: h5py.File) -> None:
    del file["program"]


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (another_value, "it is damaged: the digest of its state does not match"),
        (later_version, "it was written by neurosim 99.0, this is "),
        (lost_program, "it is damaged: "),
    ],
)
def test_damaged_checkpoints_are_refused(kept: Path, change: Callable[[h5py.File], None], words: str) -> None:
    with pytest.raises(ns.NeurosimError) as caught:
        ns.Session.restore(damaged(kept, change))
    assert str(caught.value).startswith(f"'{kept}': {words}")


def test_foreign_and_cut_files_are_refused(kept: Path, tmp_path: Path) -> None:
    cut, result = tmp_path / "cut", tmp_path / "a.nsr"
    cut.write_bytes(kept.read_bytes()[:-5000])
    ns.simulate(network(), 1 * ms, backend="reference").save(result)
    for path, words in (
        (cut, "it is not an HDF5 file, or was cut off"),
        (result, "it is an HDF5 file, but not a checkpoint of neurosim\n  ns.load_result(path) reads a result."),
    ):
        with pytest.raises(ns.NeurosimError) as caught:
            ns.Session.restore(path)
        assert str(caught.value) == f"'{path}': {words}"
    with pytest.raises(ns.NeurosimError, match="it is a checkpoint of another network: 'exc' differs\n  Leave the network out"):
        ns.Session.restore(kept, network(tau_m=11 * ms))


def test_a_full_disk_leaves_the_old_checkpoint(kept: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    before = kept.read_bytes()

    def full(descriptor: int) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    def stopped(*given: object) -> None:
        raise KeyboardInterrupt

    with begun() as session:
        with monkeypatch.context() as patch, pytest.raises(ns.NeurosimError) as caught:
            patch.setattr(os, "fsync", full)
            session.checkpoint(kept)
        words, _, size = str(caught.value).partition("; it needs about ")
        assert words == f"cannot write '{kept}': No space left on device"
        assert 0.5 * len(before) < int(size.split()[0].replace(",", "")) < 4 * len(before)
        with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
            patch.setattr(checkpoint, "fill_record", stopped)
            session.checkpoint(kept)
    assert kept.read_bytes() == before
    assert [found.name for found in kept.parent.iterdir()] == [kept.name]

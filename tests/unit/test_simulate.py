"""The walk down the river: settings, provenance, progress, interruption."""

import os
import signal
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from neurosim.lowering.lower import lower
from neurosim.network import (
    Network,
    Phase,
    PoissonSource,
    Population,
    Probe,
    Projection,
    Schedule,
    all_to_all,
    neurons,
)
from neurosim.progress import pace, shown, stoppable
from neurosim.result import load_result
from neurosim.simulate import simulate
from neurosim.units import Hz, ms, pA


def network(seed: int = 1) -> Network:
    drive = PoissonSource("drive", 20, rate=100 * Hz)
    out = Population("out", 5, neurons.lif_exponential)
    synapses = Projection(drive, out, all_to_all(), into="I_syn", weight=600 * pA)
    return Network(drive, out, synapses, Probe(out, "spikes"), Probe(out, "v", of=range(2), every=1 * ms), seed=seed, name="small")


def test_from_network_to_result(tmp_path: Path) -> None:
    schedule = Schedule(Phase(20 * ms, label="warm-up"), Phase(80 * ms, label="run"))
    result = simulate(network(), schedule, backend="reference")
    assert result.window == pytest.approx((0.0, 100.0))
    assert result.phase("run").window == pytest.approx((20.0, 100.0))
    assert result["out"].v.shape == (100, 2)
    assert result["out"].units["v"] == "mV"
    assert result.spike_count > 5
    assert not result.interrupted
    origin = result.provenance
    assert (origin.name, origin.seed, origin.backend, origin.level) == ("small", 1, "reference", "identical")
    assert origin.versions["numpy"] == np.__version__
    assert result["drive -> out"].size == 100
    assert result["drive -> out"].units["w"] == "pA"
    assert result["out"].info.threshold is not None and result["out"].info.threshold[0] == "v"
    assert result.record.timing["build_s"] > 0.0
    result.save(tmp_path / "small.nsr")
    assert load_result(tmp_path / "small.nsr").digest() == result.digest()


def test_a_program_runs_as_its_network_does() -> None:
    direct = simulate(network(), 30 * ms, backend="reference", seed=5)
    program = lower(network(), 30 * ms, seed=5)
    again = simulate(program, backend="reference")
    assert again.digest() == direct.digest()
    assert again.provenance.program_digest == direct.provenance.program_digest
    assert simulate(network(), 30 * ms, backend="reference").provenance.program_digest != direct.provenance.program_digest


def test_expected_rates_stand_beside_the_measured_ones() -> None:
    plain = network()
    expected = {"published": {"out": 7.0}, "theory": {"out": 8.0}}
    told = Network(*plain.parts, seed=1, name="small", expected=expected)
    result = simulate(told, 30 * ms, backend="reference")
    assert result.provenance.expected == expected
    assert result.table().splitlines()[0].split()[:6] == ["population", "neurons", "rate", "[Hz]", "published", "theory"]
    assert result.provenance.program_digest == simulate(plain, 30 * ms, backend="reference").provenance.program_digest
    more = told.with_parts(Probe(told["out"], "I_syn"))
    assert more.expected == expected
    assert not told.with_parts(Population("other", 1, neurons.lif_delta)).expected


def test_copies_are_single_runs() -> None:
    both = simulate(network(), 30 * ms, backend="reference", copies=2)
    assert both["out"].rate.shape == (2, 5)
    assert both["out"].v.shape == (30, 2, 2)
    single = simulate(network(), 30 * ms, backend="reference")
    assert both.copy(0).digest() == single.digest()


# ---- progress ------------------------------------------------------------------------------------------------------------
def test_a_callable_is_told() -> None:
    heard: list[tuple[str, int, int]] = []
    simulate(network(), 20 * ms, backend="reference", progress=lambda *news: heard.append(news))
    assert heard[-1] == ("simulating", 200, 200)


def test_silence_without_a_terminal(capsys: pytest.CaptureFixture[str]) -> None:
    simulate(network(), 20 * ms, backend="reference")
    assert capsys.readouterr() == ("", "")
    simulate(network(), 20 * ms, backend="reference", progress=True)
    assert "simulating: 20 of 20 ms" in capsys.readouterr().err


def test_a_bar_in_a_terminal(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True)
    with shown(None, 0.1) as report:
        report("simulating", 500, 1000)
        report("simulating", 1000, 1000)
    assert "simulating" in capsys.readouterr().err


def test_pace() -> None:
    assert pace(1000.0, 0.5) == "2x real time"
    assert pace(0.0, 1.0) == ""


# ---- Ctrl-C ----------------------------------------------------------------------------------------------------------------
def stopping_at(step: int, how: Callable[[], None]) -> Callable[[str, int, int], None]:
    def report(what: str, done: int, total: int) -> None:
        if what == "simulating" and done >= step:
            how()

    return report


def test_an_interrupt_keeps_what_was_simulated() -> None:
    def interrupt() -> None:
        raise KeyboardInterrupt

    result = simulate(network(), 1_000_000 * ms, backend="reference", progress=stopping_at(1, interrupt))
    assert result.interrupted
    assert 0 < result.record.steps < 10_000_000
    assert result["out"].v.shape[0] == len(result["out"].t)


def test_ctrl_c_stops_between_two_steps() -> None:
    before = signal.getsignal(signal.SIGINT)
    result = simulate(
        network(),
        1_000_000 * ms,
        backend="reference",
        progress=stopping_at(1, lambda: os.kill(os.getpid(), signal.SIGINT)),
    )
    assert result.interrupted
    assert signal.getsignal(signal.SIGINT) is before


def test_a_second_ctrl_c_stops_at_once() -> None:
    with pytest.raises(KeyboardInterrupt), stoppable(waits=True) as stop:
        os.kill(os.getpid(), signal.SIGINT)
        assert stop.asked
        os.kill(os.getpid(), signal.SIGINT)


def test_handlers_of_others_are_left_alone() -> None:
    heard = []
    before = signal.signal(signal.SIGINT, lambda number, frame: heard.append(number))
    try:
        with stoppable() as stop:
            os.kill(os.getpid(), signal.SIGINT)
        assert heard == [signal.SIGINT]
        assert not stop.asked
    finally:
        signal.signal(signal.SIGINT, before)

"""The reference as a machine: going on, checkpoints, progress, errors."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from neurosim.backends.base import Settings
from neurosim.backends.reference import Reference
from neurosim.conformance import case
from neurosim.conformance.building import taps, update
from neurosim.conformance.case import differences
from neurosim.errors import FileFormatError, NumericalError
from neurosim.ir.program import Block, Phase, Program


def compiled(name: str, **settings):
    return Reference().compile(case(name).build(), Settings(**settings))


@pytest.mark.slow
@pytest.mark.parametrize("name", ["frozen", "stdp_network", "items", "counts", "assignments", "signal_delays", "hodgkin_huxley_crossing"])
def test_going_on_in_pieces(name: str) -> None:
    whole, pieces = compiled(name), compiled(name)
    whole.run()
    for steps in (1, 7, 100):
        pieces.run(steps)
    pieces.run()
    assert differences(pieces.record(), whole.record(), 0.0, 0) == ([], 0.0)


@pytest.mark.slow
@pytest.mark.parametrize("name", ["frozen", "stdp_network", "items", "counts", "assignments", "signal_delays", "masks"])
def test_checkpoint(name: str) -> None:
    """Back in time on the same machine: everything again, bit for bit."""
    machine = compiled(name, copies=2)
    machine.run(11)
    kept = machine.checkpoint()
    machine.run()
    first = machine.record()
    machine.restore(kept)
    machine.run()
    assert differences(machine.record(), first, 0.0, 0) == ([], 0.0)
    fresh = compiled(name, copies=2)
    fresh.restore(kept)
    fresh.run()
    for key, value in first.final.items():
        assert (fresh.record().final[key] == value).all()


def test_checkpoint_is_a_copy() -> None:
    machine = compiled("exact_decay")
    kept = {name: value.copy() for name, value in machine.checkpoint().items()}
    seen = machine.checkpoint()
    machine.run(10)
    assert all((seen[name] == kept[name]).all() for name in kept)


def test_checkpoint_of_something_else() -> None:
    with pytest.raises(FileFormatError, match="another program"):
        compiled("exact_decay").restore(compiled("masks").checkpoint())
    with pytest.raises(FileFormatError, match="another number of copies"):
        compiled("exact_decay", copies=2).restore(compiled("exact_decay").checkpoint())


def test_beyond_the_end() -> None:
    machine = compiled("exact_decay")
    machine.run(10_000)
    machine.run(5)
    assert machine.record().steps == 500


def test_nan_is_refused() -> None:
    block = Block("cell", 3, {"v": np.array([1.0, 1.0, 5.0])}, update=update(v="v * v"))
    with pytest.raises(NumericalError, match=r"population 'cell': v of neuron 2 is infinite, before step 20 \(2 ms\)"):
        Reference().compile(Program(0.1, (block,), taps=taps(("cell", "v")), plan=(Phase(20),)), Settings()).run()


def test_progress_and_interrupt() -> None:
    machine, seen = compiled("exact_decay"), []
    machine.run(progress=lambda what, done, total: seen.append((what, done, total)))
    assert seen[-1] == ("simulating", 500, 500)

    def stop(what: str, done: int, total: int) -> None:
        raise KeyboardInterrupt

    machine = compiled("hodgkin_huxley_crossing")
    with pytest.raises(KeyboardInterrupt):
        machine.run(progress=stop)
    done = machine.record().steps
    assert 0 < done < 1500
    machine.run()
    whole = compiled("hodgkin_huxley_crossing")
    whole.run()
    assert differences(machine.record(), whole.record(), 0.0, 0) == ([], 0.0)


def test_record_of_nothing() -> None:
    empty = Reference().compile(replace(case("counts").build(), plan=()), Settings())
    empty.run()
    record = empty.record()
    assert record.steps == 0 and len(record.events["cell"].steps) == 0 and record.traces["cell", "count"].values.shape[0] == 0


def test_timing() -> None:
    machine = compiled("exact_decay")
    machine.run()
    timing = machine.record().timing
    assert set(timing) == {"build_s", "build_cpu_s", "run_s", "run_cpu_s"} and timing["run_s"] > 0

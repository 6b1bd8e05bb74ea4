"""What a run needs at least, and what is said where memory ends."""

from __future__ import annotations

import errno

import numpy as np
import pytest

import neurosim as ns
from neurosim.errors import OutOfMemoryError
from neurosim.ir.program import Program
from neurosim.simulate import memory
from neurosim.units import ms, pA


def program(*probes: tuple[str, dict[str, object]], steps: int = 1000) -> Program:
    cells = ns.Population("cells", 100, ns.neurons.lif_exponential)
    synapses = ns.Projection(cells, cells, ns.fixed_probability(0.1), into="I_syn", weight=1 * pA)
    recorded = [ns.Probe(cells, variable, **options) for variable, options in probes]  # type: ignore[arg-type]
    return ns.lower(ns.Network(cells, synapses, *recorded), 0.1 * steps * ms)


def needs(made: Program, copies: int = 1) -> dict[str, int]:
    return dict(memory.least_memory(made, copies))


def test_states_synapses_and_records_are_counted() -> None:
    found = needs(program(("v", {"of": range(3)}), ("I_syn", {"every": 1 * ms}), ("count", {"every": 10 * ms}), ("spikes", {})))
    assert found["states of 'cells'"] == 100 * 2 * 8
    assert found["synapses of 'cells -> cells'"] == 1000 * 4
    assert found["record of v of 'cells'"] == 1000 * 3 * 8
    assert found["record of I_syn of 'cells'"] == 100 * 100 * 8
    assert found["record of count of 'cells'"] == 10 * 8
    assert not any("spikes" in what for what in found)
    assert needs(program(("v", {})), copies=4)["record of v of 'cells'"] == 1000 * 100 * 4 * 8


def test_records_are_those_of_a_run() -> None:
    """The estimate is what the record of the reference engine takes."""
    made = program(("v", {"of": range(3)}), ("I_syn", {"every": 1 * ms}), ("count", {"every": 10 * ms}), steps=200)
    result = ns.simulate(made, backend="reference")
    for (part, variable), trace in result.record.traces.items():
        assert needs(made)[f"record of {variable} of '{part}'"] == trace.values.astype(np.float64).nbytes


def test_a_run_that_does_not_fit_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(memory, "machine_memory", lambda: 500_000)
    with pytest.raises(OutOfMemoryError) as caught:
        memory.refuse_oversized(program(("v", {})), 1)
    assert str(caught.value).splitlines() == [
        "this run: it needs at least 786.7 KiB of memory, this machine has 488.3 KiB",
        "  Use a smaller network or fewer copies, or record fewer neurons (of=...) less often (every=...).",
        "  record of v of 'cells': 781.2 KiB",
        "  synapses of 'cells -> cells': 3.9 KiB",
        "  states of 'cells': 1.6 KiB",
    ]
    monkeypatch.setattr(memory, "machine_memory", lambda: None)
    memory.refuse_oversized(program(("v", {})), 1)


@pytest.mark.parametrize("error", [MemoryError("Unable to allocate 7 TiB"), OSError(errno.ENOMEM, "Cannot allocate memory")])
def test_the_end_of_memory_is_said_in_words(error: Exception) -> None:
    with pytest.raises(OutOfMemoryError, match="there is not enough memory: .*llocate"), memory.memory_in_words():
        raise error


def test_other_errors_pass() -> None:
    with pytest.raises(OSError, match="No space"), memory.memory_in_words():
        raise OSError(errno.ENOSPC, "No space left on device")


def test_this_machine_has_memory() -> None:
    found = memory.machine_memory()
    assert found is None or found > 1e8

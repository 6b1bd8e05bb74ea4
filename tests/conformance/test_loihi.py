"""Every case on the emulator of Loihi: what the chip cannot do is refused with its reason, what it can runs within its bound."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest

from neurosim.backends.base import Settings, run_on
from neurosim.backends.registry import get
from neurosim.conformance import CASES, Case, run_case
from neurosim.conformance.case import bounded_differences, differences
from neurosim.conformance.refusals import REFUSALS
from neurosim.record import Events, Record, Trace

REFUSED = [case for case in CASES if "loihi" in case.obstacles]
ACCEPTED = [case for case in CASES if "loihi" not in case.obstacles]


@pytest.mark.parametrize("case", REFUSED, ids=lambda c: c.name)
def test_refused(case: Case, keep_outcome: Callable[..., None]) -> None:
    report = run_case(case, get("loihi"))
    keep_outcome(report)
    assert report.outcome == "refused", str(report)


@pytest.mark.matrix
@pytest.mark.parametrize("case", ACCEPTED, ids=lambda c: c.name)
def test_accepted(case: Case, require_engine: Callable[[str], None], keep_outcome: Callable[..., None]) -> None:
    require_engine("loihi")
    report = run_case(case, get("loihi"))
    keep_outcome(report)
    assert report.outcome == "passed", str(report)


@pytest.mark.matrix
@pytest.mark.parametrize("case", CASES, ids=lambda c: c.name)
def test_on_lava(case: Case, require_engine: Callable[[str], None], keep_outcome: Callable[..., None]) -> None:
    """Within the same bound of the network; and the integers of the emulator, bit by bit."""
    if "loihi lava" not in case.obstacles:
        require_engine("lava")
    loihi, there = get("loihi"), Settings(options={"run": "lava"})
    report = run_case(case, loihi, there, mode="lava")
    keep_outcome(report, "lava")
    assert report.outcome == ("refused" if "loihi lava" in case.obstacles else "passed"), str(report)
    if report.outcome == "passed":
        program = case.build()
        records = [run_on(loihi, program, settings) for settings in (Settings(options={"chip": "lava-cpu-fixed"}), there)]
        complaints, _ = differences(*records, 0.0, 0)
        assert complaints == []


def test_the_table_names_cases_that_exist() -> None:
    names = {case.name for case in CASES}
    assert all(set(reasons) <= names for reasons in REFUSALS.values())
    assert len(ACCEPTED) >= 10


def test_what_bounded_means() -> None:
    """A tenth of the spikes of a population, a twentieth of the largest value of what never fires."""
    import numpy as np

    def record(spikes: int, value: float) -> Record:
        zeros = np.zeros(spikes, np.int64)
        events = {"cell": Events(zeros, zeros, zeros + 1.0, zeros)}
        traces = {("silent", "v"): Trace(np.arange(2), np.array([[[10.0]], [[value]]]), None)}
        return Record(2, events, traces, {}, {}, {})

    blocks = {"cell", "silent"}
    assert bounded_differences(record(91, 10.4), record(100, 10.0), blocks)[0] == []
    assert len(bounded_differences(record(89, 10.4), record(100, 10.0), blocks)[0]) == 1
    assert len(bounded_differences(record(100, 9.4), record(100, 10.0), blocks)[0]) == 1
    assert bounded_differences(record(1, 10.0), record(2, 10.0), blocks)[0] == []
    missing = replace(record(100, 10.0), traces={})
    assert "shape None" in bounded_differences(missing, record(100, 10.0), blocks)[0][0]

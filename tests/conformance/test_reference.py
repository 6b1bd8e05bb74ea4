"""Every case on the reference engine, against its closed form or independent calculation."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from neurosim.backends.base import Obstacle, Settings
from neurosim.backends.reference import Reference
from neurosim.conformance import (
    CASES,
    Case,
    case,
    run_case,
    vocabulary_connectivity,
    vocabulary_leaky,
    vocabulary_onset,
    vocabulary_plasticity,
    vocabulary_stimuli,
    vocabulary_synapses,
)
from neurosim.errors import OptionError
from neurosim.ir.check import check

WORDS = frozenset(
    found.name
    for module in (vocabulary_connectivity, vocabulary_leaky, vocabulary_onset, vocabulary_plasticity, vocabulary_stimuli, vocabulary_synapses)
    for found in module.CASES
)
"""Cases of single neurons, synapses and rules: in the full suite."""


@pytest.mark.parametrize("chosen", [pytest.param(c, id=c.name, marks=pytest.mark.matrix if c.name in WORDS else ()) for c in CASES])
def test_case(chosen: Case, keep_outcome: Callable[..., None]) -> None:
    report = run_case(chosen, Reference())
    keep_outcome(report)
    assert report.outcome == "passed", str(report)


def test_there_are_enough_cases() -> None:
    assert len(CASES) >= 45
    assert len({c.name for c in CASES}) == len(CASES)
    assert sum(bool(c.modes) for c in CASES) >= 5
    assert all(c.about for c in CASES)


@pytest.mark.slow
@pytest.mark.parametrize("chosen", CASES, ids=lambda c: c.name)
def test_programs_of_cases_obey_the_rules(chosen: Case) -> None:
    check(chosen.build())


def test_an_engine_that_differs_fails() -> None:
    """A foreign engine with one step too much delay is found out by oracle and comparison."""
    from dataclasses import dataclass, replace

    @dataclass(frozen=True)
    class Late:
        name: str = "late"

        def capabilities(self):
            return Reference().capabilities()

        def compile(self, program, settings, progress=None):
            return Reference().compile(replace(program, pathways=tuple(replace(p, delay=p.delay + 1) for p in program.pathways)), settings)

    report = run_case(case("delays"), Late())
    assert report.outcome == "failed"
    assert any("port differs" in text for text in report.complaints)
    assert any("v of 'cell' differs" in text for text in report.complaints)


def test_obstacles_pass_only_as_promised() -> None:
    from dataclasses import dataclass, replace

    @dataclass(frozen=True)
    class Refusing:
        name: str = "refusing"

        def capabilities(self):
            found = (Obstacle("block 'cell'", "too hard", "use another engine", "never"),)
            return replace(Reference().capabilities(), obstacles=lambda program, settings: found)

        def compile(self, program, settings, progress=None):
            raise NotImplementedError

    plain = case("exact_decay")
    assert run_case(plain, Refusing()).outcome == "failed"
    assert run_case(replace(plain, obstacles={"refusing": "never"}), Refusing()).outcome == "refused"
    assert run_case(replace(plain, obstacles={"refusing": "not_yet"}), Refusing()).outcome == "failed"
    assert run_case(replace(plain, obstacles={"reference": "never"}), Reference()).outcome == "failed"


def test_engines_with_numbers_of_their_own_get_the_frozen_program() -> None:
    for name in ("poisson_drive", "poisson_neurons", "noisy_release", "softmax", "filtered_output", "unaffected"):
        assert run_case(case(name), Reference(), own_numbers=True).outcome == "passed"


def test_unknown_case() -> None:
    with pytest.raises(OptionError, match="did you mean 'exact_decay'"):
        case("exact_decai")


def test_settings_are_passed_on() -> None:
    assert run_case(case("held_steps"), Reference(), Settings(first_copy=3)).passed

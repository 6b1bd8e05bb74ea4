"""Mistakes of newcomers: each is answered word by word as the table says, and never by a library behind us."""

from __future__ import annotations

import inspect
import re
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import neurosim as ns
from neurosim import other_words
from neurosim.errors import NeurosimError
from neurosim.simulate import memory
from neurosim.spelling import spelt
from tests.errors.mistakes import BEFORE, MISTAKES, Mistake, said


@pytest.fixture(name="before", scope="module")
def _before() -> dict[str, Any]:
    names: dict[str, Any] = {}
    exec(BEFORE, names)
    return names


@pytest.mark.parametrize("mistake", MISTAKES, ids=[f"{mistake.group}: {mistake.name}" for mistake in MISTAKES])
def test_word_by_word(
    mistake: Mistake, before: dict[str, Any], require_engine: Callable[[str], None], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    if '"brian2", options' in mistake.code:
        require_engine("brian2")
    monkeypatch.setattr(memory, "machine_memory", lambda: 16 * 2**30)
    monkeypatch.chdir(tmp_path)
    assert said(mistake.code, before) == mistake.text


def test_the_table_covers_what_people_touch() -> None:
    groups = Counter(mistake.group for mistake in MISTAKES)
    assert len(groups) >= 15 and sum(groups.values()) >= 80
    assert len({mistake.text for mistake in MISTAKES}) >= 80, "texts that differ"
    several = [mistake for mistake in MISTAKES if " problems\n" in mistake.text]
    assert len({mistake.group for mistake in several}) >= 10, "several findings at once, wherever findings are collected"
    assert sum("did you mean" in mistake.text for mistake in MISTAKES) >= 12, "misspelt names get the nearest one"


PLAIN = ("NeurosimError", "Program", "by_distance", "freeze")
"""Public callables that take any name, or that people do not write themselves."""


@pytest.mark.parametrize("name", [name for name in ns.__all__ if callable(getattr(ns, name)) and name not in PLAIN])
def test_every_public_call_knows_its_names(name: str) -> None:
    """A name that does not exist and too many values are refused in words, by whatever is public."""
    with pytest.raises(NeurosimError, match=f"^{name}: ") as caught:
        getattr(ns, name)(threshold_of_all_things=3)
    if name != "Population":  # it takes any name, for the parameters of its model
        assert "there is no argument 'threshold_of_all_things'" in str(caught.value)
    if name not in ("Network", "Schedule"):  # these take any number of parts
        with pytest.raises(NeurosimError, match=f"^{name}: .*takes .* without names, got 20 values|^{name}: [0-9]+ problems"):
            getattr(ns, name)(*range(20))


def test_errors_of_a_call_itself_are_left_alone() -> None:
    """Only the call is explained, not what goes wrong inside of it."""

    @spelt
    def divide(number: object) -> object:
        return number + "text"  # type: ignore[operator]

    with pytest.raises(TypeError, match="unsupported operand"):
        divide(1)
    assert divide("a ") == "a text"
    assert divide.__name__ == "divide" and divide.__doc__ is None


@pytest.mark.parametrize("module", [ns, ns.neurons, ns.plasticity, ns.synapses, ns.units, ns.analysis])
def test_names_of_modules(module: Any) -> None:
    assert not hasattr(module, "__path_of_a_private_thing__")
    with pytest.raises(AttributeError, match="has no 'thing_that_is_not_there'"):
        _ = module.thing_that_is_not_there


def test_what_is_said_instead_exists() -> None:
    """Every name that a table of other simulators' words sends people to."""
    for table in other_words.NAMES.values():
        for words in table.values():
            for found in re.findall(r"\bns\.([A-Za-z_]+)(?:\.([A-Za-z_]+))?", words):
                assert hasattr(getattr(ns, found[0]), found[1]) if found[1] else hasattr(ns, found[0]), words
    for called, names in other_words.ARGUMENTS.items():
        made = ns.Session if called == "Session" else getattr(ns, called, None)
        if called:
            known = set(inspect.signature(made).parameters)
            assert all(words in known or " " in words for words in names.values()), called
            assert not known & set(names) - {"name"}, f"{called}: these exist"

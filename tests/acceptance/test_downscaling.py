"""What a user is told about a downscaled microcircuit, before and after it ran."""

from __future__ import annotations

import re
import warnings
from collections.abc import Callable

import numpy as np
import pytest
from click.testing import CliRunner

import neurosim as ns
from neurosim import cli
from neurosim.models import microcircuit
from neurosim.units import ms


def report(*arguments: str) -> str:
    """What the command prints of a run, in one line of single blanks."""
    words = ("run", "microcircuit", "--backend", "reference", "--duration", "1ms", "--warmup", "0", *arguments)
    found = CliRunner().invoke(cli.commands, list(words), catch_exceptions=False)
    assert found.exit_code == 0, found.output
    return re.sub(r"\s+", " ", found.output)


@pytest.mark.matrix
def test_report_of_a_downscaled_run() -> None:
    text = report("--scale", "0.1")
    for words in (
        "n_scale 0.1, k_scale 0.1: 7,717 neurons, 2,988,807 synapses; background poisson",
        "Compensation set 2016",
        "a mean excitatory potential has 0.47 mV (published: 0.15 mV), an inhibitory one -1.90 mV",
        "This is not the published network",
        "expected at this scale published",
    ):
        assert words in text
    row = next(line for line in re.findall(r"L23E 2,068 [\d. -]+", text))
    assert row.split()[3:5] == ["0.716", "0.860"]


def test_report_warns_before_the_network_runs() -> None:
    text = report("--scale", "0.02", "--set", "background=dc", "--set", "compensation=2020")
    assert "n_scale 0.02, k_scale 0.02" in text and "background dc" in text and "Compensation set 2020" in text
    at = text.index("Warning: background DC leaves 8 of 8 populations below rheobase (375 pA)")
    assert at < text.index("population neurons")


@pytest.mark.matrix
def test_what_the_warning_announces(require_engine: Callable[[str], None]) -> None:
    """With a constant background at 10 % and the compensation of 2020 only the one population above rheobase fires."""
    require_engine("native")
    with pytest.warns(UserWarning, match="7 of 8 populations below rheobase"):
        net = microcircuit.network(scale=0.1, background="dc", compensation="2020")
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        result = ns.simulate(net, 1500 * ms, threads=1).between(500 * ms, 1500 * ms)
    rates = {part.name: float(part.rate.mean()) for part in result.populations}
    assert 2.8 < rates.pop("L6I") < 4.1  # three simulated seeds: 3.44
    assert not np.any(list(rates.values())), rates

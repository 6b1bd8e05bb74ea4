"""Cores: synaptic memory by the published formula, cuts until every limit holds, energy by hand."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import neurosim as ns
from neurosim.errors import OptionError
from neurosim.hardware import loihi
from neurosim.hardware.loihi.answers import picture
from neurosim.hardware.loihi.energy import CONSTANTS, estimated
from neurosim.hardware.loihi.limits import LOIHI1, LOIHI2
from neurosim.hardware.loihi.place import RESOURCES, bits_of_axon, placed
from neurosim.hardware.loihi.plan import LoihiPlan, Neurons, Synapses


def dense(sources: int, targets: int, **others: object) -> Synapses:
    pre, post = (axis.reshape(-1) for axis in np.indices((sources, targets)))
    return Synapses("s", "a", "b", pre, post, np.full(len(pre), 2), dense=True, **others)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("bits", "words", "capacity"), [(8, 9, 116_000), (18, 19, 55_000), (24, 25, 42_000)], ids=["dense", "sparse", "sparse with delays"]
)
def test_memory_of_64_synapses(bits: int, words: int, capacity: int) -> None:
    """Words of 64 bits per block, and the synapses of a core: the figures published with nengo-loihi's formula."""
    assert int(bits_of_axon(np.array(64), bits)) == words * 64
    assert LOIHI1.synapse_bits / (words * 64) * 64 == pytest.approx(capacity, rel=0.02)


@given(st.integers(1, 2000), st.integers(2, 30))
def test_memory_grows_with_synapses(count: int, bits: int) -> None:
    here, more = (int(bits_of_axon(np.array(n), bits)) for n in (count, count + 1))
    assert count * bits <= here <= more
    assert here % 64 == 0


@pytest.mark.parametrize("method", ["balanced", "halving"])
def test_pieces_fit_and_cover(method: str) -> None:
    """1500 neurons do not fit one core of Loihi 1, nor do their 600 dense axons of 1500 synapses."""
    plan = LoihiPlan(1, (Neurons("a", 600), Neurons("b", 1500, dv=np.arange(1500) % 5)), (dense(600, 1500),))
    found = placed(plan, LOIHI1, method=method)
    for load in found.loads:
        assert max(load.share(LOIHI1).values()) <= 1.0
    pieces = sorted((load.start, load.neurons) for load in found.loads if load.group == "b")
    assert [start for start, _ in pieces] == np.cumsum([0, *(size for _, size in pieces)])[:-1].tolist()
    assert sum(size for _, size in pieces) == 1500
    assert sum(load.synapses for load in found.loads) == 900_000
    assert found.chips == 1 and found.binding() == "synapse_bits"
    assert found.cores >= 900_000 / 116_000


def test_what_one_core_needs() -> None:
    plan = LoihiPlan(1, (Neurons("a", 10, "source"), Neurons("b", 100, vth=np.arange(100) % 3 + 1)), (dense(10, 100),))
    (load,) = placed(plan, LOIHI2).loads
    assert (load.neurons, load.in_axons, load.out_axons, load.configurations, load.thresholds) == (100, 10, 0, 1, 3)
    assert load.synapse_bits == 10 * (576 + 320)  # 64 synapses in 9 words, 36 in 5
    assert set(load.share(LOIHI2)) == set(RESOURCES)


def test_out_axons_count_cores() -> None:
    """A neuron sends once to each core that it reaches."""
    plan = LoihiPlan(1, (Neurons("a", 3), Neurons("b", 2048)), (dense(3, 2048),))
    found = placed(plan, LOIHI1)
    parts = sum(load.group == "b" for load in found.loads)
    assert parts >= 2
    assert next(load for load in found.loads if load.group == "a").out_axons == 3 * parts


def test_thresholds_cut_a_group() -> None:
    """A core has 8 thresholds; a group with more of them takes more cores."""
    plan = LoihiPlan(1, (Neurons("a", 64, vth=np.arange(64) + 1),))
    found = placed(plan, LOIHI1)
    assert found.cores >= 8 and found.binding() == "thresholds"


def test_every_core_is_drawn_as_full_as_it_is() -> None:
    """What fills a square is the core's largest share; the picture says what the text says."""
    plan = LoihiPlan(1, (Neurons("a", 10, "source"), Neurons("b", 1500), Neurons("c", 100)), (dense(10, 1500),), profile="loihi1")
    found = loihi.place(plan)
    figure = picture(found, "loihi1")
    (axes,) = figure.axes
    drawn = [patch for patch in axes.patches if patch.get_facecolor()[3] > 0.0]
    largest = [max(load.share(LOIHI1).values()) for load in found.loads]
    assert [patch.get_height() / patch.get_width() for patch in drawn] == pytest.approx(largest)
    assert figure.get_suptitle() == f"loihi1: {found.cores} cores (neurons bind: 73 %)"
    with pytest.raises(OptionError, match="no cores to draw"):
        loihi.check(ns.Network(ns.Population("cells", 2, ns.neurons.adex))).draw()


def test_energy_by_hand() -> None:
    plan = LoihiPlan(100, (Neurons("a", 2, "source"), Neurons("b", 4)), (dense(2, 4),))
    constants = CONSTANTS["loihi1-davies"]
    found = estimated(plan, placed(plan, LOIHI1), {"a": np.array([10, 30]), "b": np.array([5, 0, 0, 0])}, constants)
    assert found.counts["synaptic operations"] == pytest.approx(40 * 4 / 100)
    assert found.energy["synapses"] == pytest.approx(1.6 * 23.6e-12)
    assert found.energy["updates"] == pytest.approx(3.95 * 52e-12 + 0.05 * 81e-12)
    assert found.time == pytest.approx(4 * 8.4e-9 + 1.6 * 3.5e-9 + 0.05 * 2.1e-9 + 113e-9)
    assert found.per_item(32)[0] == pytest.approx(32 * found.energy_per_step)

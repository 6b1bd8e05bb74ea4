"""What only the native engine does: several forms of a pathway, of which each is seen from outside as the same thing."""

import numpy as np
import pytest

import neurosim as ns
from neurosim.units import ms, pA


@pytest.mark.slow
@pytest.mark.parametrize("weight", [1 * pA, ns.normal(5 * pA, 1 * pA)], ids=["constant", "drawn"])
def test_weights_that_never_change_can_be_looked_at(weight: object) -> None:
    cells = ns.Population("cells", 10, ns.neurons.lif_exponential)
    loop = ns.Projection(cells, cells, ns.fixed_probability(0.5), into="I_syn", weight=weight)
    net = ns.Network(cells, loop, ns.Probe(loop, "w"))
    seen, expected = (ns.simulate(net, 2 * ms, backend=name).record.traces[loop.name, "w"].values for name in ("native", "reference"))
    assert seen.shape == expected.shape
    np.testing.assert_array_equal(seen, expected)

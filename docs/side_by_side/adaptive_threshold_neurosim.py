import neurosim as ns
from neurosim.units import Hz, mV, second

cell = ns.NeuronModel(
    """
    dv/dt = -v / (10*ms) : mV
    dtheta/dt = (10*mV - theta) / (15*ms) : mV
    """,
    spike="v > theta", reset="v = 0*mV; theta += 3*mV")
cells = ns.Population("cells", 1, cell, theta=10 * mV)
inputs = ns.PoissonSource("inputs", 1, rate=500 * Hz)
net = ns.Network(
    inputs, cells, ns.Projection(inputs, cells, ns.all_to_all(), into="v", weight=3 * mV),
    ns.Probe(cells, "spikes"), ns.Probe(cells, "v"), ns.Probe(cells, "theta"), seed=1)
result = ns.simulate(net, 2 * second)
result.plot().savefig("adaptive_threshold.png")

import neurosim as ns
from neurosim.units import ms, mV, second

cell = ns.NeuronModel(
    """
    dv/dt = (g_e + g_i - 49*mV - v) / (20*ms) : mV
    dg_e/dt = -g_e / (5*ms) : mV
    dg_i/dt = -g_i / (10*ms) : mV
    """,
    spike="v > -50*mV", reset="v = -60*mV", refractory=5 * ms)
start = ns.uniform(-60 * mV, -50 * mV)
exc = ns.Population("exc", 3200, cell, v=start)
inh = ns.Population("inh", 800, cell, v=start)

sparse = ns.fixed_probability(0.02)
net = ns.Network(
    exc, inh,
    *(ns.Projection(exc, to, sparse, into="g_e", weight=1.62 * mV) for to in (exc, inh)),
    *(ns.Projection(inh, to, sparse, into="g_i", weight=-9 * mV) for to in (exc, inh)),
    ns.Probe(exc, "spikes"), ns.Probe(inh, "spikes"), seed=1)
result = ns.simulate(net, 1 * second)
result.raster().savefig("cuba.png")

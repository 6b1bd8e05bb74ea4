import neurosim as ns
from neurosim.units import mV, nS, second

cell = ns.neurons.hodgkin_huxley.with_defaults(
    v=ns.normal(-65 * mV, 5 * mV), m=0.0, h=0.0, n=0.0,
    g_e=ns.normal(40 * nS, 15 * nS), g_i=ns.normal(200 * nS, 120 * nS))
exc = ns.Population("exc", 3200, cell)
inh = ns.Population("inh", 800, cell)

sparse = ns.fixed_probability(0.02)
net = ns.Network(
    exc, inh,
    *(ns.Projection(exc, to, sparse, into="g_e", weight=6 * nS) for to in (exc, inh)),
    *(ns.Projection(inh, to, sparse, into="g_i", weight=67 * nS) for to in (exc, inh)),
    ns.Probe(exc, "spikes"), ns.Probe(inh, "spikes"), ns.Probe(exc, "v", of=[1, 10, 100]), seed=1)
result = ns.simulate(net, 1 * second)
result.plot().savefig("cobahh.png")

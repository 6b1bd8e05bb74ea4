import neurosim as ns
from neurosim.units import ms, pA

cell = ns.neurons.lif_alpha  # its defaults are those of iaf_psc_alpha
first = ns.Population("first", 1, cell, I_e=1000 * pA, refractory=2.1 * ms)
second = ns.Population("second", 1, cell, refractory=2.1 * ms)
net = ns.Network(
    first, second,
    ns.Projection(first, second, ns.one_to_one(), into="a_syn", weight=20 * pA, delay=1 * ms),
    ns.Probe(second, "v"), ns.Probe(first, "spikes"))
result = ns.simulate(net, 100 * ms)
result.plot().savefig("two_neurons.png")

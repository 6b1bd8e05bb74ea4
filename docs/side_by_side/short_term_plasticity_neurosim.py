import numpy as np

import neurosim as ns
from neurosim.units import Hz, ms, mV, second

clock = ns.NeuronModel("dphase/dt = f : 1\nf : Hz",
                       spike="phase > 1", reset="phase = 0", method="euler")
cell = ns.NeuronModel("dv/dt = (-60*mV - v + g_e) / (20*ms) : mV\ndg_e/dt = -g_e / (3*ms) : mV")
inputs = ns.Population("inputs", 10, clock, f=np.linspace(10, 100, 10) * Hz)
cells = ns.Population("cells", 10, cell, v=-60 * mV)
dynamic = ns.synapses.tsodyks_markram.with_values(tau_rec=200 * ms, tau_facil=1500 * ms, U=0.05)
net = ns.Network(
    inputs, cells,
    ns.Projection(inputs, cells, ns.one_to_one(), into="g_e", weight=5 * mV, synapse=dynamic),
    ns.Probe(inputs, "spikes"), ns.Probe(cells, "v", of=[0, 9]))
result = ns.simulate(net, 1 * second)
result.plot().savefig("short_term_plasticity.png")

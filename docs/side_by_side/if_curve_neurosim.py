import matplotlib.pyplot as plt
import numpy as np

import neurosim as ns
from neurosim.units import ms, mV, second

cell = ns.NeuronModel("dv/dt = (drive - v) / (10*ms) : mV\ndrive : mV",
                      spike="v > 10*mV", reset="v = 0*mV", refractory=5 * ms)
drive = np.linspace(0, 20, 1000)
cells = ns.Population("cells", 1000, cell, drive=drive * mV)
net = ns.Network(cells, ns.Probe(cells, "spikes"))
result = ns.simulate(net, 1 * second)

plt.plot(drive, result["cells"].rate)
plt.xlabel("drive [mV]")
plt.ylabel("rate [1/s]")
plt.savefig("if_curve.png")

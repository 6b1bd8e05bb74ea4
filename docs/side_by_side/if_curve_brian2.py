from brian2 import *

tau = 10 * ms
cell = """
dv/dt = (drive - v) / tau : volt (unless refractory)
drive : volt
"""
cells = NeuronGroup(1000, cell, threshold="v > 10*mV", reset="v = 0*mV",
                    refractory=5 * ms, method="exact")
cells.drive = "20*mV * i / (N - 1)"

spikes = SpikeMonitor(cells)
run(1 * second)

plot(cells.drive / mV, spikes.count / (1 * second))
xlabel("drive [mV]")
ylabel("rate [1/s]")
savefig("if_curve.png")

from brian2 import *

tau_m, tau_e, tau_i = 20 * ms, 5 * ms, 10 * ms
v_rest, v_th, v_reset = -49 * mV, -50 * mV, -60 * mV
cell = """
dv/dt = (g_e + g_i + v_rest - v) / tau_m : volt (unless refractory)
dg_e/dt = -g_e / tau_e : volt
dg_i/dt = -g_i / tau_i : volt
"""
cells = NeuronGroup(4000, cell, threshold="v > v_th", reset="v = v_reset",
                    refractory=5 * ms, method="exact")
cells.v = "v_reset + rand() * (v_th - v_reset)"

excitatory = Synapses(cells[:3200], cells, on_pre="g_e += 1.62*mV")
excitatory.connect(p=0.02)
inhibitory = Synapses(cells[3200:], cells, on_pre="g_i -= 9*mV")
inhibitory.connect(p=0.02)

spikes = SpikeMonitor(cells)
run(1 * second)

plot(spikes.t / ms, spikes.i, ",")
xlabel("time [ms]")
ylabel("neuron")
savefig("cuba.png")

from brian2 import *

tau_m, tau_theta, theta_rest = 10 * ms, 15 * ms, 10 * mV
cell = """
dv/dt = -v / tau_m : volt
dtheta/dt = (theta_rest - theta) / tau_theta : volt
"""
cells = NeuronGroup(1, cell, threshold="v > theta", reset="v = 0*mV; theta += 3*mV",
                    method="exact")
cells.theta = theta_rest
inputs = PoissonGroup(1, 500 * Hz)
synapse = Synapses(inputs, cells, on_pre="v += 3*mV")
synapse.connect()

arrivals, spikes = SpikeMonitor(inputs), SpikeMonitor(cells)
traces = StateMonitor(cells, ["v", "theta"], record=True)
run(2 * second)

plot(traces.t / ms, traces.v[0] / mV)
plot(traces.t / ms, traces.theta[0] / mV)
xlabel("time [ms]")
savefig("adaptive_threshold.png")

from brian2 import *

tau_m, tau_e, E_L = 20 * ms, 3 * ms, -60 * mV
tau_rec, tau_facil, U = 200 * ms, 1500 * ms, 0.05

inputs = NeuronGroup(10, "dphase/dt = f : 1\nf : Hz", threshold="phase > 1",
                     reset="phase = 0", method="euler")
inputs.f = "10*Hz + 90*Hz * i / (N - 1)"
cells = NeuronGroup(10, "dv/dt = (E_L - v + g_e) / tau_m : volt\ndg_e/dt = -g_e / tau_e : volt",
                    method="exact")
cells.v = E_L
synapses = Synapses(
    inputs, cells,
    """
    dx/dt = (1 - x) / tau_rec : 1 (event-driven)
    du/dt = -u / tau_facil : 1 (event-driven)
    """,
    on_pre="""
    u += U * (1 - u)
    g_e += 5*mV * u * x
    x -= u * x
    """)
synapses.connect(j="i")
synapses.x = 1

traces = StateMonitor(cells, "v", record=[0, 9])
spikes = SpikeMonitor(inputs)
run(1 * second)

plot(traces.t / ms, traces.v.T / mV)
xlabel("time [ms]")
ylabel("membrane potential [mV]")
savefig("short_term_plasticity.png")

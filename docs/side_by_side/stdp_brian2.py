from brian2 import *

w_max = 0.01
a_plus, a_minus = 0.01 * w_max, 1.05 * 0.01 * w_max
tau_m, tau_e, tau_trace = 10 * ms, 5 * ms, 20 * ms
E_e, E_L, v_th, v_reset = 0 * mV, -74 * mV, -54 * mV, -60 * mV

inputs = PoissonGroup(1000, rates=15 * Hz)
cell = """
dv/dt = (g_e * (E_e - v) + E_L - v) / tau_m : volt
dg_e/dt = -g_e / tau_e : 1
"""
cells = NeuronGroup(1, cell, threshold="v > v_th", reset="v = v_reset",
                    method="exponential_euler")
cells.v = v_reset
plastic = Synapses(
    inputs, cells,
    """
    w : 1
    dx/dt = -x / tau_trace : 1 (event-driven)
    dy/dt = -y / tau_trace : 1 (event-driven)
    """,
    on_pre="""
    g_e += w
    x += 1
    w = clip(w - a_minus*y, 0, w_max)
    """,
    on_post="""
    y += 1
    w = clip(w + a_plus*x, 0, w_max)
    """)
plastic.connect()
plastic.w = "rand() * w_max"

before, after = SpikeMonitor(inputs), SpikeMonitor(cells)
weights = StateMonitor(plastic, "w", record=[0, 1])
run(100 * second)

subplot(211)
hist(plastic.w / w_max, 20)
xlabel("weight / largest weight")
subplot(212)
plot(weights.t / second, weights.w.T / w_max)
xlabel("time [s]")
savefig("stdp.png")

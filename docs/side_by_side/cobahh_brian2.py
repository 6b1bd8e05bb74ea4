from brian2 import *

area = 20000 * umetre**2
C_m = 1 * ufarad / cm**2 * area
g_L = 5e-5 * siemens / cm**2 * area
g_Na = 100 * msiemens / cm**2 * area
g_K = 30 * msiemens / cm**2 * area
E_L, E_Na, E_K, V_T = -60 * mV, 50 * mV, -90 * mV, -63 * mV
E_e, E_i = 0 * mV, -80 * mV
tau_e, tau_i = 5 * ms, 10 * ms
cell = Equations("""
dv/dt = (g_L*(E_L - v) + g_e*(E_e - v) + g_i*(E_i - v)
         + g_Na*m**3*h*(E_Na - v) + g_K*n**4*(E_K - v)) / C_m : volt
dm/dt = alpha_m*(1 - m) - beta_m*m : 1
dh/dt = alpha_h*(1 - h) - beta_h*h : 1
dn/dt = alpha_n*(1 - n) - beta_n*n : 1
dg_e/dt = -g_e / tau_e : siemens
dg_i/dt = -g_i / tau_i : siemens
u = (v - V_T) / mV : 1
alpha_m = 1.28 / exprel((13 - u) / 4) / ms : Hz
beta_m = 1.4 / exprel((u - 40) / 5) / ms : Hz
alpha_h = 0.128 * exp((17 - u) / 18) / ms : Hz
beta_h = 4 / (1 + exp((40 - u) / 5)) / ms : Hz
alpha_n = 0.16 / exprel((15 - u) / 5) / ms : Hz
beta_n = 0.5 * exp((10 - u) / 40) / ms : Hz
""")
cells = NeuronGroup(4000, cell, threshold="v > -20*mV", refractory=3 * ms,
                    method="exponential_euler")
cells.v = "E_L + 5*mV*(randn() - 1)"
cells.g_e = "10*nS*(4 + 1.5*randn())"
cells.g_i = "10*nS*(20 + 12*randn())"

excitatory = Synapses(cells[:3200], cells, on_pre="g_e += 6*nS")
excitatory.connect(p=0.02)
inhibitory = Synapses(cells[3200:], cells, on_pre="g_i += 67*nS")
inhibitory.connect(p=0.02)

spikes = SpikeMonitor(cells)
traces = StateMonitor(cells, "v", record=[1, 10, 100])
run(1 * second)

plot(traces.t / ms, traces.v.T / mV)
xlabel("time [ms]")
ylabel("membrane potential [mV]")
savefig("cobahh.png")

import matplotlib.pyplot as plt
import nest
import nest.raster_plot

dt, simulation_time, delay = 0.1, 1000.0, 1.5
order = 2500
N_exc, N_inh = 4 * order, order
C_exc, C_inh = N_exc // 10, N_inh // 10
J, g, eta = 0.1, 5.0, 2.0
tau_m, V_th = 20.0, 20.0
noise_rate = 1000.0 * eta * V_th / (J * tau_m)

nest.ResetKernel()
nest.resolution = dt
nest.rng_seed = 1
cell = {"C_m": 1.0, "tau_m": tau_m, "t_ref": 2.0, "E_L": 0.0,
        "V_reset": 0.0, "V_m": 0.0, "V_th": V_th}
exc = nest.Create("iaf_psc_delta", N_exc, params=cell)
inh = nest.Create("iaf_psc_delta", N_inh, params=cell)
noise = nest.Create("poisson_generator", params={"rate": noise_rate})
spikes_exc = nest.Create("spike_recorder")
spikes_inh = nest.Create("spike_recorder")

nest.CopyModel("static_synapse", "excitatory", {"weight": J, "delay": delay})
nest.CopyModel("static_synapse", "inhibitory", {"weight": -g * J, "delay": delay})
nest.Connect(noise, exc + inh, syn_spec="excitatory")
nest.Connect(exc, exc + inh, {"rule": "fixed_indegree", "indegree": C_exc}, "excitatory")
nest.Connect(inh, exc + inh, {"rule": "fixed_indegree", "indegree": C_inh}, "inhibitory")
nest.Connect(exc, spikes_exc)
nest.Connect(inh, spikes_inh)

nest.Simulate(simulation_time)

print("excitatory rate", 1000 * spikes_exc.n_events / simulation_time / N_exc)
print("inhibitory rate", 1000 * spikes_inh.n_events / simulation_time / N_inh)
nest.raster_plot.from_device(spikes_exc, hist=True)
plt.savefig("brunel_delta.png")

import matplotlib.pyplot as plt
import nest

nest.ResetKernel()
nest.resolution = 0.1
first = nest.Create("iaf_psc_alpha", params={"I_e": 1000.0})
second = nest.Create("iaf_psc_alpha")
voltmeter = nest.Create("voltmeter", params={"interval": 0.1})
spikes = nest.Create("spike_recorder")
nest.Connect(first, second, syn_spec={"weight": 20.0, "delay": 1.0})
nest.Connect(voltmeter, second)
nest.Connect(first, spikes)

nest.Simulate(100.0)

plt.plot(voltmeter.events["times"], voltmeter.events["V_m"])
plt.xlabel("time [ms]")
plt.ylabel("membrane potential [mV]")
plt.savefig("two_neurons.png")

import neurosim as ns
from neurosim.units import ms, mV, second

order = 2500
N_exc, N_inh = 4 * order, order
J, g, eta = 0.1 * mV, 5.0, 2.0
noise_rate = eta * 20 * mV / (J * 20 * ms)

# As in NEST, jumps are added after the decay and seen in the same step; its 2 ms do not count the step of the spike.
cell = ns.NeuronModel("v[n+1] = v * exp(-dt / (20*ms)) + jumps : mV\njumps : mV (port)",
                      spike="v >= 20*mV", reset="v = 0*mV", refractory=2.1 * ms)
exc = ns.Population("exc", N_exc, cell)
inh = ns.Population("inh", N_inh, cell)
parts = [exc, inh]
for to in (exc, inh):
    noise = ns.PoissonSource(f"noise of {to.name}", to.size, rate=noise_rate)
    parts += [
        noise, ns.Projection(noise, to, ns.one_to_one(), into="jumps", weight=J),
        ns.Projection(exc, to, ns.fixed_indegree(N_exc // 10), into="jumps", weight=J, delay=1.4 * ms),
        ns.Projection(inh, to, ns.fixed_indegree(N_inh // 10), into="jumps", weight=-g * J, delay=1.4 * ms),
        ns.Probe(to, "spikes")]
net = ns.Network(*parts, seed=1)
result = ns.simulate(net, 1 * second)
print(result.table())
result.raster().savefig("brunel_delta.png")

import neurosim as ns
from neurosim.units import Hz, ms, mV, second

inputs = ns.PoissonSource("inputs", 1000, rate=15 * Hz)
cell = ns.NeuronModel(
    """
    dv/dt = (g_e * (0*mV - v) - 74*mV - v) / (10*ms) : mV
    dg_e/dt = -g_e / (5*ms) : 1
    """,
    spike="v > -54*mV", reset="v = -60*mV", method="exponential_euler")
cells = ns.Population("cells", 1, cell, v=-60 * mV)
rule = ns.plasticity.pair_stdp(
    tau_plus=20 * ms, tau_minus=20 * ms, a_plus=0.0001, a_minus=0.000105)
plastic = ns.Projection(
    inputs, cells, ns.all_to_all(), into="g_e", plasticity=rule,
    weight=ns.uniform(0.0, 0.01), bounds=(0.0, 0.01), name="plastic")

net = ns.Network(
    inputs, cells, plastic, ns.Probe(inputs, "spikes"), ns.Probe(cells, "spikes"),
    ns.Probe(plastic, "w", every=1 * second), seed=1)
result = ns.simulate(net, 100 * second)
result.plot().savefig("stdp.png")

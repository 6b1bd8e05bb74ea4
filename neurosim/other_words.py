"""What other simulators call things, and what they are called here; only error messages read these tables.

A text without spaces is the name of an argument; others are sentences. In sentences about attributes ``{name}`` is the attribute and
``{part}`` the part it was asked of.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

Words = Mapping[str, str]

_PROJECTION = "ns.Projection(source, target, connectivity, into=..., weight=..., delay=...)"
_POPULATION = "ns.Population(name, size, model)"
_UNITS = ("second ms us minute volt mV uV amp ampere mA uA nA pA farad uF nF pF siemens mS uS nS ohm kohm Mohm Gohm Hz kHz metre cm mm um "
          "coulomb pC")  # fmt: skip
_ROOMS = "plotting models hardware interchange data conformance"

ARGUMENTS: Mapping[str, Words] = MappingProxyType(
    {
        "": {
            "multapses_allowed": "multapses", "autapses_allowed": "autapses", "allow_multapses": "multapses", "allow_autapses": "autapses",
            "equation": "equations", "eqs": "equations", "label": "name",
        },
        "NeuronModel": {
            "threshold": "spike", "spike_condition": "spike", "on_spike": "reset", "on_reset": "reset", "events": "spike",
            "refractory_time": "refractory", "t_ref": "refractory", "namespace": "defaults", "parameters": "defaults", "params": "defaults",
            "values": "defaults", "model": "equations",
        },
        "SynapseModel": {"on_pre": "on_arrival", "on_spike": "on_arrival", "model": "equations", "defaults": "values"},
        "Plasticity": {"on_spike": "on_pre", "on_arrival": "on_pre", "pre": "on_pre", "post": "on_post", "model": "equations", "defaults": "values"},
        "Population": {"N": "size", "n": "size", "neuron": "model", "cellclass": "model"},
        "Projection": {
            "weights": "weight", "delays": "delay", "receptor_type": "into", "target_port": "into", "receiver": "into",
            "syn_spec": "give weight=..., delay=... and synapse=... by name.", "conn_spec": "the connectivity is the third argument, such as "
            "ns.fixed_indegree(10).", "p": "the connectivity is the third argument, such as ns.fixed_probability(p).",
            "on_pre": "what an arrival does is synapse=ns.SynapseModel(..., on_arrival=...), what it learns plasticity=ns.Plasticity(..., "
            "on_pre=...).", "on_post": "what it learns is plasticity=ns.Plasticity(..., on_post=...).", "model": "synapse",
            "w_max": "write bounds=(low, high).", "wmax": "write bounds=(low, high).", "Wmax": "write bounds=(low, high).",
            "w": "weight", "rule": "the connectivity is the third argument, such as ns.all_to_all().",
        },
        "Probe": {
            "variables": "variable", "record_from": "variable", "record": "of", "indices": "of", "neurons": "of", "interval": "every",
            "dt": "every", "source": "part", "target": "part",
        },
        "Network": {"rng_seed": "seed", "populations": "list the parts themselves: ns.Network(exc, inh, ...).",
                    "projections": "list the parts themselves: ns.Network(exc, inh, ...)."},
        "Phase": {"values": "set", "assign": "set", "time": "duration"},
        "simulate": {
            "engine": "backend", "simulator": "backend", "device": "backend", "platform": "backend", "target": "backend",
            "time": "duration", "t": "duration", "T": "duration", "steps": "duration", "resolution": "dt", "timestep": "dt",
            "num_threads": "threads", "local_num_threads": "threads", "rng_seed": "seed", "batch_size": "copies", "report": "progress",
            "dtype": "precision",
        },
        "Session": {"engine": "backend", "simulator": "backend", "device": "backend", "resolution": "dt", "timestep": "dt",
                    "num_threads": "threads", "rng_seed": "seed", "batch_size": "copies"},
        "PoissonSource": {"rates": "rate", "N": "size", "dt": "every"},
        "SpikeTimes": {"N": "size", "spike_times": "times", "senders": "indices"},
        "StepCurrent": {"N": "size", "amplitude_times": "times", "amplitude_values": "values", "amplitudes": "values"},
        "SineCurrent": {"N": "size"},
        "OrnsteinUhlenbeck": {"N": "size", "std": "sd", "sigma": "sd"},
        "SampledArray": {"dt": "every"},
        "normal": {"loc": "mean", "mu": "mean", "scale": "sd", "std": "sd", "sigma": "sd", "stddev": "sd"},
        "lognormal": {"mean": "it is given by its median, exp(mu) times the unit.", "mu": "it is given by its median, exp(mu) times the unit.",
                      "sd": "sigma", "std": "sigma", "scale": "median"},
        "uniform": {"min": "low", "max": "high", "a": "low", "b": "high"},
        "gamma": {"k": "shape", "theta": "scale", "alpha": "shape", "order": "shape"},
        "exponential": {"scale": "mean", "beta": "mean", "rate": "it is given by its mean, 1 / rate."},
        "fixed_probability": {"probability": "p"},
        "fixed_indegree": {"indegree": "k", "n": "k", "N": "k"},
        "fixed_outdegree": {"outdegree": "k", "n": "k", "N": "k"},
        "fixed_total_number": {"N": "n"},
        "small_world": {"probability": "p", "beta": "p", "n": "k"},
    }
)  # fmt: skip

PARAMETERS: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "V_m": ("v",), "Vm": ("v",), "mem": ("v",), "V_th": ("v_th",), "V_T": ("v_th", "V_T"), "theta": ("v_th",), "threshold": ("v_th",), "V_reset": ("v_reset",),
        "Vr": ("v_reset",), "t_ref": ("refractory",), "tau_ref": ("refractory",), "tau_refrac": ("refractory",), "N": ("size",),
        "tau_syn_ex": ("tau_syn_exc", "tau_syn"), "tau_syn_in": ("tau_syn_inh", "tau_syn"), "tau_s": ("tau_syn",), "v_rest": ("E_L",),
        "V_rest": ("E_L",), "El": ("E_L",), "C": ("C_m",), "Cm": ("C_m",), "I": ("I_syn",), "I_syn_ex": ("I_syn",),
    }
)  # fmt: skip

NAMES: Mapping[str, Mapping[str, str]] = MappingProxyType(
    {
        "neurosim": {
            "NeuronGroup": f"write ns.NeuronModel(equations, spike=..., reset=...) and {_POPULATION}.",
            "Synapses": f"write {_PROJECTION}.",
            "Equations": "write ns.NeuronModel(equations, spike=..., reset=...).",
            "PoissonGroup": "write ns.PoissonSource(name, size, rate=30 * Hz) and a Projection from it.",
            "PoissonInput": "write ns.PoissonSource(name, size, rate=30 * Hz) and a Projection from it.",
            "SpikeGeneratorGroup": "write ns.SpikeTimes(name, size, times, indices).",
            "TimedArray": "write ns.SampledArray(name, values, every=...) or ns.StepCurrent(...), and a Projection from it.",
            "StateMonitor": 'write ns.Probe(part, "v", of=range(3)); what it recorded is result["exc"].v.',
            "SpikeMonitor": 'write ns.Probe(part, "spikes"); what it recorded is result["exc"].spikes.',
            "PopulationRateMonitor": 'write ns.Probe(part, "spikes") and ns.analysis.population_rate(...).',
            "run": "write ns.simulate(ns.Network(...), 1 * second).",
            "start_scope": "nothing is collected behind your back: a Network holds the parts that are given to it.",
            "defaultclock": "the step is an argument: ns.simulate(net, duration, dt=0.1 * ms).",
            "prefs": "the engine and its options are arguments: ns.simulate(net, duration, backend=..., options={...}).",
            "set_device": 'the engine is an argument: ns.simulate(net, duration, backend="brian2", options={"mode": "cpp_standalone"}).',
            "seed": "the seed is an argument: ns.Network(..., seed=1) or ns.simulate(..., seed=1).",
            "Create": f"write {_POPULATION}.",
            "Connect": f"write {_PROJECTION}.",
            "Simulate": "write ns.simulate(ns.Network(...), 1 * second).",
            "ResetKernel": "nothing is collected behind your back: a Network holds the parts that are given to it.",
            "SetKernelStatus": "step, seed and threads are arguments: ns.simulate(net, duration, dt=..., seed=..., threads=...).",
            "GetStatus": 'what was given is population.value_of("v"), what is now session["exc"].v, what was recorded result["exc"].v.',
            "SetStatus": "values are arguments of the Population; during a run ns.Phase(set={...}) or session.set({...}) changes them.",
            "Leaky": "write ns.NeuronModel(...) with a line such as 'mem[n+1] = beta * mem + x : 1', or take ns.neurons.lif_delta.",
            "Synaptic": "take ns.neurons.lif_exponential: the current decays, too.",
            "load": "write ns.load_result(path).",
            **{unit: f"units live in neurosim.units: from neurosim.units import {unit}" for unit in _UNITS.split()},
            **{room: f"import it first: from neurosim import {room}" for room in _ROOMS.split()},
        },
        "neurosim.neurons": {
            "iaf_psc_exp": "it is lif_exponential here (lif_exponential_two with two time constants).",
            "iaf_psc_alpha": "it is lif_alpha here.",
            "iaf_psc_delta": "it is lif_delta here.",
            "iaf_cond_exp": "it is lif_conductance here.",
            "iaf_cond_alpha": "it is lif_conductance_alpha here.",
            "aeif_cond_exp": "the cell without synapses is adex here.",
            "aeif_cond_alpha": "the cell without synapses is adex here.",
            "aeif_psc_exp": "the cell without synapses is adex here.",
            "hh_psc_alpha": "it is hodgkin_huxley here.",
            "amat2_psc_exp": "it is multi_timescale_threshold here.",
            "Izhikevich": "it is izhikevich here.",
            "AdEx": "it is adex here.",
            "Leaky": "a discrete neuron is ns.NeuronModel('mem[n+1] = beta * mem + x : 1 ...', ...); lif_delta is the closest of these.",
            "Synaptic": "it is lif_exponential here: the current decays, too.",
            "LIF": "it is lif_loihi here: membrane and current decay, as on Loihi.",
            "ATRLIF": "it is lif_adaptive_loihi here: the threshold and a refractory state jump with each spike.",
            "lif": "choose lif_delta (jumps of v), lif_exponential (a decaying current) or lif_conductance.",
        },
        "neurosim.plasticity": {
            "stdp": "choose pair_stdp, multiplicative_stdp, nearest_neighbour_stdp or triplet_stdp.",
            "STDP": "choose pair_stdp, multiplicative_stdp, nearest_neighbour_stdp or triplet_stdp.",
            "stdp_synapse": "it is pair_stdp here.",
            "stdp_triplet_synapse": "it is triplet_stdp here.",
            "stdp_dopamine_synapse": "it is reward_stdp here.",
            "vogels_sprekeler_synapse": "it is inhibitory_stdp here.",
            "clopath_synapse": "it is clopath_stdp here.",
            "clopath": "it is clopath_stdp here.",
        },
        "neurosim.synapses": {
            "exponential": "a current that decays is a state of the neuron: take ns.neurons.lif_exponential and into=\"I_syn\".",
            "static_synapse": "it is static here, and what a projection does unless told otherwise.",
            "tsodyks2_synapse": "it is tsodyks_markram here.",
            "tsodyks_synapse": "it is tsodyks_markram here.",
        },
        "neurosim.units": {
            "s": "write second.", "sec": "write second.", "msecond": "write ms.", "msec": "write ms.", "usecond": "write us.",
            "mvolt": "write mV.", "V": "write volt.", "uvolt": "write uV.", "A": "write amp.", "mamp": "write mA.",
            "uamp": "write uA.", "namp": "write nA.", "pamp": "write pA.", "pfarad": "write pF.", "nfarad": "write nF.", "ufarad": "write uF.",
            "msiemens": "write mS.", "usiemens": "write uS.", "nsiemens": "write nS.", "S": "write siemens.", "F": "write farad.",
            "hertz": "write Hz.", "khertz": "write kHz.", "meter": "write metre.", "umetre": "write um.", "umeter": "write um.",
            "Ohm": "write ohm.", "MOhm": "write Mohm.", "GOhm": "write Gohm.",
        },
    }
)  # fmt: skip

PIECES = "[]"
"""The key of what is said where somebody indexes what cannot be indexed."""

ATTRIBUTES: Mapping[str, Words] = MappingProxyType(
    {
        "Network": {
            "run": "write ns.simulate(net, 1 * second), or ns.Session(net) to go step by step.",
            "simulate": "write ns.simulate(net, 1 * second).",
            "add": "a network is never changed: give all parts to ns.Network(...).",
            "remove": "a network is never changed: give the parts that stay to ns.Network(...).",
            "store": "write session.checkpoint(path).",
            "restore": "write ns.Session.restore(path).",
        },
        "Population": {
            "": "a population is a description. Its value at the start is {part}.value_of('{name}'); during a run it is session['{part}'].{name}, "
            "afterwards, with a Probe, result['{part}'].{name}.",
            PIECES: "write two populations, choose synapses with ns.pairs(pre, post), or record some neurons with "
            "ns.Probe({part}, 'v', of=range(10)).",
        },
        "Projection": {
            "connect": "who is connected is its third argument, such as ns.fixed_probability(0.1).",
            "w": "weights are given as weight=...; during a run they are session['{part}'].w, afterwards result['{part}'].final('w').",
        },
        "Probe": {"": "what a probe recorded is in the result: result['exc'].v, result['exc'].spikes, with its times result['exc'].t."},
        "Result": {"": "parts are read by name, as in result['{name}'], and what was recorded of one as in result['exc'].v.",
                   "summary": "write print(result.table())."},
        "Session": {"": "parts are read by name, as in session['{name}'], and their values as in session['exc'].v."},
    }
)  # fmt: skip

CHANGES: Mapping[str, str] = MappingProxyType(
    {
        "Population": "Give {name}=... to ns.Population('{part}', ...); during a run ns.Phase(set={{'{part}.{name}': ...}}) or "
        "session.set({{'{part}.{name}': ...}}) changes it.",
        "Projection": "Give {name}=... to ns.Projection(...); during a run ns.Phase(set={{'{part}.{name}': ...}}) or "
        "session.set({{'{part}.{name}': ...}}) changes what may change.",
        "NeuronModel": "Write another one, or model.with_defaults({name}=...).",
        "Network": "Give all parts to ns.Network(...).",
        "Look": "Write session.set({{'{part}.{name}': ...}}).",
        "PoissonSource": "During a run ns.Phase(set={{'{part}.{name}': ...}}) or session.set({{'{part}.{name}': ...}}) changes it.",
        "Result": "A result is a record.",
    }
)

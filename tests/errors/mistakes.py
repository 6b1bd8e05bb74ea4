"""Mistakes that people make, and word by word what they read: a test runs them, and the documentation shows them."""

# ruff: noqa: E501
from __future__ import annotations

import shlex
from dataclasses import dataclass
from typing import Any

from click.testing import CliRunner

from neurosim import cli
from neurosim.errors import NeurosimError, describe

BEFORE = """\
import numpy as np

import neurosim as ns
from neurosim.units import Hz, mV, ms, pA, second, um

lif = ns.neurons.lif_exponential
drive = ns.PoissonSource("drive", 30, rate=30 * Hz)
exc = ns.Population("exc", 80, lif)
inh = ns.Population("inh", 20, lif)
input = ns.Projection(drive, exc, ns.all_to_all(), into="I_syn", weight=20 * pA)
reward = ns.Plasticity("eta : weight", on_pre="w += eta", values={"eta": 0.1 * pA})
net = ns.Network(drive, exc, inh, input, ns.Probe(exc, "v", of=[0]))
result = ns.simulate(net, 5 * ms, backend="reference")
"""
"""What has been said before each mistake."""


@dataclass(frozen=True)
class Mistake:
    """What somebody types, and what is answered; a line that begins with ``$`` is typed into a terminal."""

    group: str
    name: str
    code: str
    text: str


def said(code: str, before: dict[str, Any]) -> str:
    """What is answered to a mistake, as the last lines of a terminal show it; '' where nothing is found wrong."""
    if code.startswith("$ "):
        found = CliRunner().invoke(cli.commands, shlex.split(code[2:])[1:], prog_name="neurosim", catch_exceptions=False)
        return found.stderr.strip() if found.exit_code else ""
    try:
        exec(code, dict(before))
    except (NeurosimError, AttributeError, TypeError) as error:  # names and pieces that do not exist are Python's kinds of errors, in our words
        return describe(error)
    return ""


MISTAKES: tuple[Mistake, ...] = (
    Mistake(
        "Equations",
        "a term whose unit does not fit",
        r"""ns.NeuronModel("dv/dt = (v_rest - v) / tau_m + I / tau_m : mV\nI : pA\nc_m : pF\ntau_m : ms\nv_rest : mV")""",
        """\
UnitError in NeuronModel: cannot add volt/second and ampere/second
  line 1: dv/dt = (v_rest - v) / tau_m + I / tau_m : mV
                                         ^^^^^^^^^
  Did you mean I / c_m?  (c_m is declared in pF)""",
    ),
    Mistake(
        "Equations",
        "a misspelt name",
        r"""ns.NeuronModel("dv/dt = -v / taum : mV\ntau_m : ms")""",
        """\
EquationError in NeuronModel: unknown name 'taum'; did you mean 'tau_m'?
  line 1: dv/dt = -v / taum : mV
                       ^^^^""",
    ),
    Mistake(
        "Equations",
        "a name from outside",
        r"""tau = 10 * ms
ns.NeuronModel("dv/dt = -v / tau : 1", spike="v > 1", reset="v = 0")""",
        """\
EquationError in NeuronModel: unknown name 'tau'; known names: v
  line 1: dv/dt = -v / tau : 1
                       ^^^
  Nothing is taken from outside: declare it, as in 'tau : unit', and give it its value in the population.""",
    ),
    Mistake(
        "Equations",
        "marks of Brian2",
        r"""ns.NeuronModel("dv/dt = (v_rest - v) / tau : volt (unless refractory)\ntau : second (constant)\nv_rest : volt")""",
        """\
EquationError in NeuronModel: 2 problems
  (unless refractory) does not fit this line
    line 1: dv/dt = (v_rest - v) / tau : volt (unless refractory)
            ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
    Leave it out and give the model refractory=...: states that the reset sets with = are held, or those of held=(...).
  (constant) does not fit this line
    line 2: tau : second (constant)
            ^^^^^^^^^^^^^^^^^^^^^^^
    Leave it out: a parameter keeps its value until something sets it.""",
    ),
    Mistake(
        "Equations",
        "a function of another language",
        r"""ns.NeuronModel("dv/dt = (log10(x) + heaviside(v)) / tau : 1\ntau : ms\nx : 1")""",
        """\
EquationError in NeuronModel: unknown function 'log10': write log(x) / log(10)
  line 1: dv/dt = (log10(x) + heaviside(v)) / tau : 1
                   ^^^^^""",
    ),
    Mistake(
        "Equations",
        "a unit of another simulator",
        r"""ns.NeuronModel("dv/dt = -v / tau : 1\ntau : msecond")""",
        """\
EquationError in NeuronModel: unknown unit 'msecond': write ms.
  line 2: tau : msecond
                ^^^^^^^""",
    ),
    Mistake(
        "Equations",
        "lines of another language",
        r"""ns.NeuronModel("mem[t+1] = beta * mem + x : 1\nbeta : 1\nx : 1 (port)\ntau = 10*ms")""",
        """\
EquationError in NeuronModel: 2 problems
  expected 'dx/dt = ... : unit', 'x = ... : unit' or 'x : unit'
    line 1: mem[t+1] = beta * mem + x : 1
            ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
    A state that is defined by its step is written 'mem[n+1] = ... : unit'.
  the unit is missing
    line 4: tau = 10*ms
            ^^^^^^^^^^^
    Write 'tau = 10*ms : ms', or 'tau : ms' for a parameter that a population gives a value.""",
    ),
    Mistake(
        "Equations",
        "mistakes in equations, condition, reset and options at once",
        r"""ns.NeuronModel("dv/dt = -v / tau_m : mV\ntau_m : ms", spike="v > -50", reset="u = 0*mV; v = -65", refractory=2, method="rk")""",
        """\
EquationError in NeuronModel: 5 problems
  cannot compare volt and a plain number
    line 1: v > -50
                ^^^
    Did you mean -50*mV?
  unknown name 'u'; known names: v
    line 1: u = 0*mV; v = -65
            ^
  the right-hand side of 'v =' must be volt, this is a plain number
    line 1: u = 0*mV; v = -65
                          ^^^
    Did you mean -65*mV?
  unknown method 'rk'; did you mean 'rk4'?
  refractory needs a time, got the plain number 2. Write 2 * ms.""",
    ),
    Mistake(
        "Equations",
        "noise in the wrong unit",
        r"""ns.NeuronModel("dv/dt = sigma * xi : mV\nsigma : mV")""",
        """\
UnitError in NeuronModel: dv/dt must be volt/second, this is volt/second**0.5
  line 1: dv/dt = sigma * xi : mV
                  ^^^^^^^^^^
  xi has the unit 1/second**0.5: a factor such as sigma*sqrt(2/tau) makes the term fit.""",
    ),
    Mistake(
        "Equations",
        "a condition that reads a port",
        r"""ns.NeuronModel("dv/dt = -v / tau : 1\ntau : ms\nu : 1 (port)", spike="u > 1", name="echo")""",
        """\
EquationError in NeuronModel 'echo': the spike condition cannot read the port u
  line 1: u > 1
          ^^^^^
  A port is read by the equations and then cleared: let a state or an output depend on it.""",
    ),
    Mistake(
        "Units",
        "a number without a unit, and one of the wrong unit",
        r"""ns.Population("exc", 100, lif, tau_m=20, v=3 * ms)""",
        """\
ParameterError in population 'exc' of model 'lif_exponential': 2 problems
  tau_m needs a time, got the plain number 20. Write 20 * ms.
  v needs a voltage, got a time (3 ms)""",
    ),
    Mistake(
        "Units",
        "a sum of unlike things",
        r"""20 * ms + 3 * mV""",
        """\
UnitError: cannot add ms and mV: 20 ms and 3 mV""",
    ),
    Mistake(
        "Units",
        "numpy and units",
        r"""np.exp(20 * ms)""",
        """\
UnitError: np.exp does not know units and was given a quantity in ms. Divide by a unit first, as in np.exp(x / ms)""",
    ),
    Mistake(
        "Units",
        "a unit where there is none",
        r"""ns.ms""",
        """\
AttributeError: neurosim has no 'ms': units live in neurosim.units: from neurosim.units import ms""",
    ),
    Mistake(
        "Units",
        "a misspelt unit",
        r"""ns.units.mv""",
        """\
AttributeError: neurosim.units has no 'mv'; did you mean 'mV'?""",
    ),
    Mistake(
        "Neurons and populations",
        "a keyword of Brian2",
        r"""ns.NeuronModel("dv/dt = -v / tau : 1\ntau : ms", threshold="v > 1", reset="v = 0")""",
        """\
ParameterError in NeuronModel: there is no argument 'threshold': it is called spike here.""",
    ),
    Mistake(
        "Neurons and populations",
        "parameters of NEST",
        r"""ns.Population("exc", 100, lif, V_m=-65 * mV, V_th=-50 * mV, tau_syn_ex=2 * ms, t_ref=2 * ms, tau_mm=10 * ms)""",
        """\
ParameterError in population 'exc' of model 'lif_exponential': 5 problems
  unknown parameter 'V_m'; it is called v here
  unknown parameter 'V_th'; it is called v_th here
  unknown parameter 'tau_syn_ex'; it is called tau_syn here
  unknown parameter 't_ref'; it is called refractory here
  unknown parameter 'tau_mm'; did you mean 'tau_m'?""",
    ),
    Mistake(
        "Neurons and populations",
        "a model by name",
        r"""ns.Population("exc", 100, "iaf_psc_exp")""",
        """\
ParameterError in Population 'exc': model must be a NeuronModel, got 'iaf_psc_exp'. As a value it is lif_exponential here (lif_exponential_two with two time constants).""",
    ),
    Mistake(
        "Neurons and populations",
        "a model that is not here",
        r"""ns.neurons.lif_exp""",
        """\
AttributeError: neurosim.neurons has no 'lif_exp'; did you mean 'lif_exponential'?""",
    ),
    Mistake(
        "Neurons and populations",
        "a time constant below zero",
        r"""ns.Population("exc", 3, lif, tau_m=[20, -2, 20] * ms)""",
        """\
ParameterError in population 'exc' of model 'lif_exponential': tau_m must be positive, got -2 ms at index 1.""",
    ),
    Mistake(
        "Neurons and populations",
        "a distribution that may draw what is impossible",
        r"""ns.Population("exc", 100, lif, tau_m=ns.normal(10 * ms, 5 * ms))""",
        """\
ParameterError in population 'exc' of model 'lif_exponential': tau_m must be positive, but normal(10 ms, 5 ms) may draw negative values. Give low=...""",
    ),
    Mistake(
        "Neurons and populations",
        "numbers for another number of neurons",
        r"""ns.Population("exc", 100, lif, v=np.linspace(-65, -60, 99) * mV)""",
        """\
ParameterError in population 'exc' of model 'lif_exponential': v must be one value or 100 values (one for each of its neurons), got 99 values.""",
    ),
    Mistake(
        "Neurons and populations",
        "a current given as a parameter",
        r"""ns.Population("exc", 100, lif, I_ext=200 * pA)""",
        """\
ParameterError in population 'exc' of model 'lif_exponential': I_ext cannot be given a value: it is a port, which receives input: connect a stimulus to it with a Projection.""",
    ),
    Mistake(
        "Neurons and populations",
        "a population that is changed",
        r"""exc.v = -60 * mV""",
        """\
FrozenInstanceError: a Population is never changed in place, so v cannot be set. Give v=... to ns.Population('exc', ...); during a run ns.Phase(set={'exc.v': ...}) or session.set({'exc.v': ...}) changes it.""",
    ),
    Mistake(
        "Neurons and populations",
        "a piece of a population",
        r"""exc[:10]""",
        """\
TypeError: a Population has no pieces: write two populations, choose synapses with ns.pairs(pre, post), or record some neurons with ns.Probe(exc, 'v', of=range(10)).""",
    ),
    Mistake(
        "Connectivity",
        "a rule that was not called",
        r"""ns.Projection(exc, inh, ns.all_to_all, into="I_syn", weight=1 * pA)""",
        """\
NetworkError in Projection: the third argument says who is connected, such as all_to_all(), got the function all_to_all (call it: all_to_all(...)).""",
    ),
    Mistake(
        "Connectivity",
        "a rule as NEST takes it",
        r"""ns.Projection(exc, inh, {"rule": "fixed_indegree", "indegree": 10}, into="I_syn", weight=1 * pA)""",
        """\
NetworkError in Projection: the third argument says who is connected, such as all_to_all(), got {'rule': 'fixed_indegree', 'indegree': 10}. Write ns.fixed_indegree(10).""",
    ),
    Mistake(
        "Connectivity",
        "per cent for a probability",
        r"""ns.fixed_probability(10)""",
        """\
ParameterError in fixed_probability: the probability must be between 0 and 1, got 10. Per cent? Write 0.1.""",
    ),
    Mistake(
        "Connectivity",
        "more partners than there are",
        r"""ns.Projection(exc, inh, ns.fixed_indegree(200, multapses=False), into="I_syn", weight=1 * pA)""",
        """\
NetworkError in projection 'exc -> inh': 200 different sources cannot be chosen among 80: lower the number, or allow several synapses for a pair with multapses=True.""",
    ),
    Mistake(
        "Connectivity",
        "one to one between unequal populations",
        r"""ns.Projection(exc, inh, ns.one_to_one(), into="I_syn", weight=1 * pA)""",
        """\
NetworkError in projection 'exc -> inh': one_to_one() needs populations of the same size, got 80 and 20.""",
    ),
    Mistake(
        "Connectivity",
        "a matrix the wrong way round",
        r"""ns.Projection(exc, inh, ns.dense(np.ones((20, 80)) * pA), into="I_syn")""",
        """\
NetworkError in projection 'exc -> inh': the matrix must have the shape (sources, targets) = (80, 20), got (20, 80).
  Transpose it: matrix[i, j] is the weight from i to j.""",
    ),
    Mistake(
        "Connectivity",
        "a kernel without a unit",
        r"""ns.distance_dependent("exp(-distance / 3)", ns.grid(2, 2, spacing=1 * um))""",
        """\
UnitError in distance_dependent: exp() needs a plain number, this is metre
  line 1: exp(-distance / 3)
              ^^^^^^^^^^^^^""",
    ),
    Mistake(
        "Projections and synapses",
        "everything is wrong",
        r"""ns.Projection(exc, inh, ns.all_to_all(), into="Isyn", weight=3, delay=-1)""",
        """\
NetworkError in projection 'exc -> inh': 2 problems
  into='Isyn' is not a name of 'inh'; it must be a port or a state; did you mean 'I_syn'?
    'inh' has ports: I_ext; states: v, I_syn
  delay needs a time, got the plain number -1. Write -1 * ms.""",
    ),
    Mistake(
        "Projections and synapses",
        "a weight of the wrong unit",
        r"""ns.Projection(exc, inh, ns.all_to_all(), into="I_syn", weight=1 * mV)""",
        """\
NetworkError in projection 'exc -> inh': weight needs a current, got a voltage (1 mV)
  It is added to the state I_syn of 'inh', in pA.""",
    ),
    Mistake(
        "Projections and synapses",
        "arguments of others",
        r"""ns.Projection(exc, inh, ns.all_to_all(), weight=1 * pA, wmax=3 * pA, receptor_type="I_syn")""",
        """\
ParameterError in Projection: 2 problems
  there is no argument 'wmax': write bounds=(low, high).
  there is no argument 'receptor_type': it is called into here.""",
    ),
    Mistake(
        "Projections and synapses",
        "a synapse that writes into the neuron",
        r"""ns.SynapseModel(on_arrival="v_post += w")""",
        """\
EquationError in SynapseModel: unknown name 'v_post'; known names: into
  line 1: v_post += w
          ^^^^^^
  Statements change the synapse's own states and add to 'into', the port or state that the projection names.""",
    ),
    Mistake(
        "Projections and synapses",
        "a synapse that conducts into a state",
        r"""ns.Projection(exc, inh, ns.all_to_all(), into="I_syn", weight=1 * pA, synapse=ns.synapses.nmda)""",
        """\
NetworkError in projection 'exc -> inh': SynapseModel 'nmda' adds to 'into' in every step (on_step), which only a port takes; I_syn is a state of 'inh'.
  Ports of 'inh': I_ext.""",
    ),
    Mistake(
        "Plasticity",
        "a rule that delivers",
        r"""ns.Plasticity("dx/dt = -x / tau : 1\ntau : ms", on_pre="ge += w; x += 1")""",
        """\
EquationError in Plasticity: unknown name 'ge'; known names: w, x
  line 1: ge += w; x += 1
          ^^
  Statements change the rule's own states and w; what arrives is added by the projection, to what into=... names.""",
    ),
    Mistake(
        "Plasticity",
        "values left out",
        r"""ns.plasticity.pair_stdp(tau_plus=20 * ms, tau_minus=20 * ms, a_plus=0.1 * pA)""",
        """\
ParameterError in pair_stdp: a_minus is missing: Largest increase and decrease of the weight by one pair, in the unit of the weight.""",
    ),
    Mistake(
        "Plasticity",
        "time constants without a unit",
        r"""ns.plasticity.pair_stdp(tau_plus=20, tau_minus=20, a_plus=0.1 * pA, a_minus=0.1 * pA)""",
        """\
ParameterError in Plasticity 'pair_stdp': 2 problems
  tau_plus needs a time, got the plain number 20. Write 20 * ms.
  tau_minus needs a time, got the plain number 20. Write 20 * ms.""",
    ),
    Mistake(
        "Plasticity",
        "amplitudes of another unit than the weight",
        r"""stdp = ns.plasticity.pair_stdp(tau_plus=20 * ms, tau_minus=20 * ms, a_plus=0.1 * mV, a_minus=0.1)
ns.Projection(exc, inh, ns.all_to_all(), into="I_syn", weight=1 * pA, plasticity=stdp)""",
        """\
NetworkError in projection 'exc -> inh': 2 problems
  a_plus of Plasticity 'pair_stdp' needs a current, got a voltage (0.1 mV)
  a_minus of Plasticity 'pair_stdp' needs a current, got the plain number 0.1. Write 0.1 * pA.""",
    ),
    Mistake(
        "Plasticity",
        "weights outside their bounds",
        r"""ns.Projection(exc, inh, ns.all_to_all(), into="I_syn", weight=5 * pA, bounds=(0 * pA, 2 * pA), plasticity=reward)""",
        """\
NetworkError in projection 'exc -> inh': initial weights lie outside the bounds (0 pA, 2 pA): 5 pA.""",
    ),
    Mistake(
        "Stimuli",
        "a rate without a unit",
        r"""ns.PoissonSource("drive", 30, rate=30)""",
        """\
ParameterError in PoissonSource 'drive': rate needs a frequency, got the plain number 30. Write 30 * Hz.""",
    ),
    Mistake(
        "Stimuli",
        "a formula with a mistake",
        r"""ns.PoissonSource("drive", 30, rate="r * (1 + sin(2*pi * f * t))", values={"r": 30 * Hz})""",
        """\
EquationError in PoissonSource 'drive': unknown name 'f'; known names: r
  line 1: r * (1 + sin(2*pi * f * t))
                              ^
  Give it a value: values={'f': ...}.""",
    ),
    Mistake(
        "Stimuli",
        "spikes of neurons that do not exist, before the beginning",
        r"""ns.SpikeTimes("in", 2, [1, -2] * ms, [0, 5])""",
        """\
ParameterError in SpikeTimes 'in': 2 problems
  times must not be negative, got -2 ms at index 1.
  indices must be whole numbers from 0 to 1, got 5 at index 1.""",
    ),
    Mistake(
        "Stimuli",
        "times that go back",
        r"""ns.StepCurrent("step", 1, [100, 0] * ms, [0, 1] * pA)""",
        """\
ParameterError in StepCurrent 'step': times must ascend, got 100 ms, then 0 ms at index 1.""",
    ),
    Mistake(
        "Probes",
        "everything is wrong",
        r"""ns.Probe(exc, "vv", of=[100], every=-3 * ms, at="strat")""",
        """\
NetworkError in Probe of 'exc': 4 problems
  there is no variable 'vv'; did you mean 'v'?
  of must hold whole numbers from 0 to 79, got 100 at index 0.
  every must be positive, got -3 ms.
  at must be 'start' or 'end', got 'strat'.""",
    ),
    Mistake(
        "Probes",
        "a parameter",
        r"""ns.Probe(exc, "tau_m")""",
        """\
NetworkError in Probe of 'exc': 'tau_m' is a parameter: it is what was given, there is nothing to record.""",
    ),
    Mistake(
        "Networks",
        "parts in a list",
        r"""ns.Network([exc, inh])""",
        """\
NetworkError in Network: part 0 is the list [Population('exc', 80, lif_exponential), Population('inh'.... Put a star before it: Network(exc, *projections).""",
    ),
    Mistake(
        "Networks",
        "parts that are missing",
        r"""ns.Network(exc, ns.Projection(drive, inh, ns.all_to_all(), into="I_syn", weight=1 * pA), ns.Probe(inh, "v"))""",
        """\
NetworkError in Network: 3 problems
  projection 'drive -> inh': its source 'drive' is not in the network: add it to the parts.
  projection 'drive -> inh': its target 'inh' is not in the network: add it to the parts.
  Probe of 'inh': its part 'inh' is not in the network: add it to the parts.""",
    ),
    Mistake(
        "Networks",
        "two parts of one name",
        r"""ns.Network(exc, ns.Population("exc", 3, lif))""",
        """\
NetworkError in Network: 2 parts have the name 'exc': population, population. Names are unique.""",
    ),
    Mistake(
        "Networks",
        "a network that runs itself",
        r"""net.run(100 * ms)""",
        """\
AttributeError: a Network has no 'run': write ns.simulate(net, 1 * second), or ns.Session(net) to go step by step.""",
    ),
    Mistake(
        "Schedules",
        "everything is wrong",
        r"""ns.Phase(1, label=3, set=3, off=3, repeats=0)""",
        """\
ScheduleError in Phase: 5 problems
  duration needs a time, got the plain number 1. Write 1 * ms.
  repeats must be positive, got 0.
  label must be a text, got 3.
  off must be a list of parts or of their names, got 3.
  set must be a dictionary such as {'drive.rate': 40 * Hz}, got 3.""",
    ),
    Mistake(
        "Schedules",
        "names that do not exist, values that do not fit",
        r"""ns.lower(net, ns.Schedule(ns.Phase(1 * ms, set={"drive.rates": 40 * Hz, "exc.v": 3, "exx.v": 3 * mV}, off=[exc])))""",
        """\
ScheduleError in Schedule: 4 problems
  phase 0: off names the population 'exc': only stimuli and projections can be switched off.
  phase 0, 'drive.rates': only the rate of 'drive' can be changed, not 'rates'.
  phase 0, 'exc.v': v needs a voltage, got the plain number 3. Write 3 * mV.
  phase 0, 'exx.v': there is no part 'exx'; did you mean 'exc'?""",
    ),
    Mistake(
        "Schedules",
        "times between two steps",
        r"""late = ns.Projection(exc, exc, ns.all_to_all(), into="I_syn", weight=1 * pA, delay=1.55 * ms)
slow = ns.Population("slow", 3, lif, refractory=2.05 * ms)
ns.simulate(ns.Network(exc, slow, late, ns.Probe(exc, "v", every=0.25 * ms)), 10.05 * ms, backend="reference")""",
        """\
ParameterError in Network: 4 problems
  phase 0: duration of 10.05 ms is not a multiple of the time step 0.1 ms; the nearest are 10 ms and 10.1 ms
  population 'slow' of model 'lif_exponential': refractory time of 2.05 ms is not a multiple of the time step 0.1 ms; the nearest are 2 ms and 2.1 ms
  projection 'exc -> exc': delay of 1.55 ms is not a multiple of the time step 0.1 ms; the nearest are 1.5 ms and 1.6 ms
  Probe of 'exc': every of 0.25 ms is not a multiple of the time step 0.1 ms; the nearest are 0.2 ms and 0.3 ms""",
    ),
    Mistake(
        "Schedules",
        "a step longer than the run",
        r"""ns.simulate(net, 1 * ms, dt=2 * ms, backend="reference")""",
        """\
ScheduleError in phase 0: duration of 1 ms is less than one time step of 2 ms""",
    ),
    Mistake(
        "Engines and options",
        "everything is wrong",
        r"""ns.simulate(net, 100, dt=0.1, backend="brain2", seed=-1)""",
        """\
ParameterError in simulate: 4 problems
  there is no backend 'brain2'; did you mean 'brian2'?
  the run: dt needs a time, got the plain number 0.1. Write 0.1 * ms.
  the run: seed must be at least 0, got -1.
  the run: duration needs a time, got the plain number 100. Write 100 * ms.""",
    ),
    Mistake(
        "Engines and options",
        "words of others",
        r"""ns.simulate(net, 100 * ms, engine="brian2", num_threads=2)""",
        """\
ParameterError in simulate: 2 problems
  there is no argument 'engine': it is called backend here.
  there is no argument 'num_threads': it is called threads here.""",
    ),
    Mistake(
        "Engines and options",
        "options of another engine",
        r"""ns.simulate(net, 100 * ms, backend="reference", threads=4, precision="float32", options={"mode": "numpy"})""",
        """\
OptionError in backend 'reference': 3 problems
  it runs on one thread; leave threads=4 out
  precision may be 'double', got 'float32'
  there is no option 'mode'; it has none""",
    ),
    Mistake(
        "Engines and options",
        "an option that is none",
        r"""ns.simulate(net, 100 * ms, backend="brian2", options={"mode": "cpp", "codegen": "numpy"})""",
        """\
OptionError in backend 'brian2': 2 problems
  option mode may be one of 'numpy', 'cython', 'cpp_standalone'; got 'cpp'
  there is no option 'codegen'; known names: directory, exp, mode""",
    ),
    Mistake(
        "Engines and options",
        "a network that no memory holds",
        r"""large = ns.Population("large", 1_000_000_000, lif)
ns.simulate(ns.Network(large, ns.Projection(large, large, ns.all_to_all(), into="I_syn", weight=1 * pA)), 1 * second, backend="reference")""",
        """\
OutOfMemoryError in this run: it needs at least 3.5 EiB of memory, this machine has 16.0 GiB
  Use a smaller network or fewer copies, or record fewer neurons (of=...) less often (every=...).
  synapses of 'large -> large': 3.5 EiB
  states of 'large': 14.9 GiB""",
    ),
    Mistake(
        "Engines and options",
        "a value that grows without bound",
        r"""runaway = ns.NeuronModel("dv/dt = exp(v) / ms : 1", defaults={"v": 1.0})
ns.simulate(ns.Network(ns.Population("a", 3, runaway)), 50 * ms, backend="reference")""",
        """\
NumericalError in population 'a': v of neuron 0 is infinite, before step 256 (25.6 ms)
  The step of 0.1 ms may be too long for its equations, or a parameter out of range; another method=... may help, too.""",
    ),
    Mistake(
        "Sessions",
        "a change of what does not exist",
        r"""with ns.Session(net, backend="reference") as session:
    session.set({"drive.rat": 40 * Hz, "ex.v": 3 * mV, "exc.v": 3, "exc.tau_mm": 3 * ms})""",
        """\
ScheduleError in Schedule: 4 problems
  Session.set, 'drive.rat': only the rate of 'drive' can be changed, not 'rat'.
  Session.set, 'ex.v': there is no part 'ex'; did you mean 'exc'?
  Session.set, 'exc.v': v needs a voltage, got the plain number 3. Write 3 * mV.
  Session.set, 'exc.tau_mm': 'exc' has no 'tau_mm'; did you mean 'tau_m'?""",
    ),
    Mistake(
        "Sessions",
        "a change of what is looked at",
        r"""with ns.Session(net, backend="reference") as session:
    session["exc"].v = -60 * mV""",
        """\
FrozenInstanceError: a Look is never changed in place, so v cannot be set. Write session.set({'exc.v': ...}).""",
    ),
    Mistake(
        "Sessions",
        "a look at what was not recorded",
        r"""with ns.Session(net, backend="reference") as session:
    session["exc"].spikes""",
        """\
ParameterError in Session: 'exc' has no 'spikes'; known names: C_m, E_L, I_e, I_syn, tau_m, tau_syn, v, v_reset, v_th
  What was recorded is session.result["exc"].spikes.""",
    ),
    Mistake(
        "Sessions",
        "a run after the end",
        r"""with ns.Session(net, backend="reference") as session:
    session.run(1 * ms)
session.run(1 * ms)""",
        """\
SessionError in Session: run comes after it was closed
  Its result can still be read. Go on within the with block, or from a checkpoint.""",
    ),
    Mistake(
        "Sessions",
        "an engine that runs whole plans",
        r"""ns.Session(net, backend="brian2", options={"mode": "cpp_standalone"})""",
        '''\
UnsupportedError: 1 part of this network cannot run on 'brian2':
  Session  it runs whole plans, and cannot stop and go on  write the phases as ns.Schedule(...) for ns.simulate, or take backend="native"''',
    ),
    Mistake(
        "Results",
        "a part that does not exist",
        r"""result["ex"]""",
        """\
ParameterError in Result: there is no part 'ex'; did you mean 'exc'?""",
    ),
    Mistake(
        "Results",
        "what was not recorded",
        r"""result["exc"].vm""",
        """\
ParameterError in population 'exc': 'vm' was not recorded; did you mean 'v'?""",
    ),
    Mistake(
        "Results",
        "what is computed",
        r"""result["exc"].rates""",
        """\
ParameterError in population 'exc': there is no 'rates'; did you mean 'rate'?""",
    ),
    Mistake(
        "Results",
        "a part as an attribute",
        r"""result.exc""",
        """\
AttributeError: a Result has no 'exc': parts are read by name, as in result['exc'], and what was recorded of one as in result['exc'].v.""",
    ),
    Mistake(
        "Results",
        "a time without a unit",
        r"""result.between(1, 2)""",
        """\
UnitError in Result.between: start needs a time, got the plain number 1. Write 1 * ms.""",
    ),
    Mistake(
        "Results",
        "a phase that does not exist",
        r"""result.phase("tset")""",
        """\
ParameterError in Result: there is no phase 'tset'; its phases have no labels, they are counted from 0""",
    ),
    Mistake(
        "Results",
        "nothing to draw",
        r"""result.raster()""",
        """\
ParameterError in raster: no spikes were recorded; add ns.Probe(population, "spikes") to the network""",
    ),
    Mistake(
        "Results",
        "runs that cannot be compared",
        r"""ns.compare(result, ns.simulate(ns.Network(inh), 3 * ms, backend="reference"))""",
        """\
CompareError: these are results of different networks or runs:
  'drive -> exc' is only in the first
  'drive' is only in the first
  'exc' is only in the first
  50 and 30 steps were simulated""",
    ),
    Mistake(
        "Files",
        "a file whose name is misspelt",
        r"""result.save("result.nsr")
ns.load_result("rseult.nsr")""",
        """\
FileError: cannot read 'rseult.nsr': there is no such file; did you mean 'result.nsr'?""",
    ),
    Mistake(
        "Files",
        "a file of something else",
        r"""open("notes.nsr", "w").write("hello")
ns.load_result("notes.nsr")""",
        """\
FileFormatError in 'notes.nsr': it is not an HDF5 file, or was cut off""",
    ),
    Mistake(
        "Files",
        "a checkpoint read as a result",
        r"""with ns.Session(net, backend="reference") as session:
    session.run(1 * ms)
    session.checkpoint("half.checkpoint")
ns.load_result("half.checkpoint")""",
        """\
FileFormatError in 'half.checkpoint': it is an HDF5 file, but not that of a neurosim result
  Session.restore(path) goes on with a checkpoint.""",
    ),
    Mistake(
        "Files",
        "a checkpoint of another network",
        r"""with ns.Session(net, backend="reference") as session:
    session.run(1 * ms)
    session.checkpoint("half.checkpoint")
ns.Session.restore("half.checkpoint", ns.Network(inh))""",
        """\
FileFormatError in 'half.checkpoint': it is a checkpoint of another network: 'exc' differs
  Leave the network out to go on with that of the file.""",
    ),
    Mistake(
        "Files",
        "a folder that is not there",
        r"""result.save("runs/first.nsr")""",
        """\
FileError: cannot write 'runs/first.nsr': there is no folder 'runs'""",
    ),
    Mistake(
        "Names of other simulators",
        "Brian2",
        r"""ns.NeuronGroup""",
        """\
AttributeError: neurosim has no 'NeuronGroup': write ns.NeuronModel(equations, spike=..., reset=...) and ns.Population(name, size, model).""",
    ),
    Mistake(
        "Names of other simulators",
        "NEST",
        r"""ns.Connect""",
        """\
AttributeError: neurosim has no 'Connect': write ns.Projection(source, target, connectivity, into=..., weight=..., delay=...).""",
    ),
    Mistake(
        "Names of other simulators",
        "a model of NEST",
        r"""ns.neurons.iaf_psc_exp""",
        """\
AttributeError: neurosim.neurons has no 'iaf_psc_exp': it is lif_exponential here (lif_exponential_two with two time constants).""",
    ),
    Mistake(
        "Names of other simulators",
        "snnTorch",
        r"""ns.Leaky""",
        """\
AttributeError: neurosim has no 'Leaky': write ns.NeuronModel(...) with a line such as 'mem[n+1] = beta * mem + x : 1', or take ns.neurons.lif_delta.""",
    ),
    Mistake(
        "The command line",
        "a number without a unit",
        r"""$ neurosim run cuba --set exc.tau_m=20""",
        """\
ParameterError: population 'exc' of model 'cuba': tau_m needs a time, got the plain number 20. Write exc.tau_m=20*ms.""",
    ),
    Mistake(
        "The command line",
        "a model that does not exist",
        r"""$ neurosim run brunell""",
        """\
ParameterError: there is no model 'brunell'; did you mean 'brunel'?
  neurosim models lists them all.""",
    ),
    Mistake(
        "The command line",
        "names that do not exist",
        r"""$ neurosim run brunel --set ext.rate=3 --set gg=5""",
        """\
ParameterError: model 'brunel': there is no argument 'gg'; did you mean 'g'?""",
    ),
    Mistake(
        "The command line",
        "everything is wrong",
        r"""$ neurosim run brunel --duration soon --dt 1mV --threads 0 --precision half --backend reference --set g""",
        """\
OptionError: 5 problems
  --duration needs a time such as 2s or 500ms, got 'soon'
  --dt needs a time such as 2s or 500ms, got '1mV'
  --set needs name=value, got 'g'
  backend 'reference': threads must be a whole number from 1 on, got 0
  backend 'reference': precision may be 'double', got 'half'""",
    ),
    Mistake(
        "The command line",
        "a verb that does not exist",
        r"""$ neurosim rnu brunel""",
        """\
Usage: neurosim [OPTIONS] COMMAND [ARGS]...
Try 'neurosim --help' for help.

Error: No such command 'rnu'. Did you mean 'run'?""",
    ),
    Mistake(
        "The command line",
        "files that are not there",
        r"""$ neurosim compare first.nsr second.nsr""",
        """\
FileError: cannot read 'first.nsr': there is no such file""",
    ),
)

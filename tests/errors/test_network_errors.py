"""The messages that a writer of a network gets, word by word."""

# ruff: noqa: E501
from collections.abc import Callable

import numpy as np
import pytest

import neurosim.network as ns
from neurosim.errors import NeurosimError, describe
from neurosim.network import neurons
from neurosim.units import Hz, ms, mV, nS, pA, second

LIF = ns.NeuronModel(
    "dv/dt = (v_rest - v + I) / tau_m : mV\ndI/dt = -I / tau_s : mV\ntau_m, tau_s : ms\nv_rest : mV",
    spike="v > -50*mV",
    reset="v = -60*mV",
    refractory=5 * ms,
)
CUBA = ns.NeuronModel(LIF.equations, spike=LIF.spike, reset=LIF.reset, name="cuba")
CELL = {"tau_m": 20 * ms, "tau_s": 5 * ms, "v_rest": -49 * mV}
EXC = ns.Population("exc", 100, LIF, **CELL)
OUT = ns.Population("out", 100, neurons.lif_exponential)
LAYER = ns.Population("layer", 4, neurons.rate_neuron)
DRIVE = ns.PoissonSource("drive", 300, rate=30 * Hz)
RULE = ns.Plasticity(
    "dx/dt = -x / (20*ms) : 1\neta : weight", on_pre="x += 1", on_step="w += eta * x * reward_post", name="reward"
)

CASES: list[tuple[Callable[[], object], str]] = [
    (
        lambda: ns.Population("exc", 100, CUBA, **{**CELL, "tau_m": 20}),
        """\
ParameterError in population 'exc' of model 'cuba': tau_m needs a time, got the plain number 20. Write 20 * ms.""",
    ),
    (
        lambda: ns.Population("E", 20, LIF, **{**CELL, "tau_m": np.r_[np.ones(17), -2, 1, 1] * ms}),
        """\
ParameterError in Population 'E': tau_m must be positive, got -2 ms at index 17.""",
    ),
    (
        lambda: ns.Population("E", 20, LIF),
        """\
ParameterError in Population 'E': 3 problems
  tau_m needs a value: write tau_m=... (a time, in ms).
  tau_s needs a value: write tau_s=... (a time, in ms).
  v_rest needs a value: write v_rest=... (a voltage, in mV).""",
    ),
    (
        lambda: ns.Population(
            "exc", 10, neurons.lif_exponential, tau_sin=3 * ms, v=[1, 2, 3] * mV, I_ext=3 * pA, E_L="v"
        ),
        """\
ParameterError in population 'exc' of model 'lif_exponential': 4 problems
  unknown parameter 'tau_sin'; did you mean 'tau_syn'?
  I_ext cannot be given a value: it is a port, which receives input: connect a stimulus to it with a Projection.
  v must be one value or 10 values (one for each of its neurons), got 3 values.
  E_L needs a voltage, in mV, got the text 'v'.""",
    ),
    (
        lambda: ns.PoissonSource("drive", 3, rate=[1, 2, -3] * Hz),
        """\
ParameterError in PoissonSource 'drive': rate must not be negative, got -3 Hz at index 2.""",
    ),
    (
        lambda: ns.SpikeTimes("input", 2, [1, 2] * ms, [0, 2]),
        """\
ParameterError in SpikeTimes 'input': indices must be whole numbers from 0 to 1, got 2 at index 1.""",
    ),
    (
        lambda: ns.fixed_probability(1.2),
        """\
ParameterError in fixed_probability: the probability must be between 0 and 1, got 1.2.""",
    ),
    (
        lambda: ns.uniform(1 * mV, 2),
        """\
ParameterError in uniform(1 mV, ...): second number needs a voltage, got the plain number 2. Write 2 * mV.""",
    ),
    (
        lambda: LAYER.output("tau"),
        """\
ParameterError in population 'layer' of model 'rate_neuron': 'tau' is a parameter, not an output or a state; can be sent: r, u.
  Declare an output in the equations, as in 'y = tau : unit (output)'.""",
    ),
    (
        lambda: ns.Projection(DRIVE, OUT, ns.all_to_all(), into="I_sin", weight=1 * pA),
        """\
NetworkError in projection 'drive -> out': into='I_sin' is not a name of 'out'; it must be a port or a state; did you mean 'I_syn'?
  'out' has ports: I_ext; states: v, I_syn""",
    ),
    (
        lambda: ns.Projection(DRIVE, OUT, ns.all_to_all(), into="I_syn", weight=1),
        """\
NetworkError in projection 'drive -> out': weight needs a current, got the plain number 1. Write 1 * pA.
  It is added to the state I_syn of 'out', in pA.""",
    ),
    (
        lambda: ns.Projection(DRIVE, OUT, ns.all_to_all(), into="I_syn"),
        """\
NetworkError in projection 'drive -> out': into='I_syn' needs a current, what arrives is a plain number.
  Give weight=..., in pA.""",
    ),
    (
        lambda: ns.Projection(
            EXC, EXC, ns.fixed_indegree(101, multapses=False), into="I", weight=1 * mV, delay=-1 * ms
        ),
        """\
NetworkError in projection 'exc -> exc': 2 problems
  101 different sources cannot be chosen among 100: lower the number, or allow several synapses for a pair with multapses=True.
  delay must not be negative, got -1 ms.""",
    ),
    (
        lambda: ns.Projection(DRIVE, OUT, ns.dense(np.ones((100, 300)) * pA), into="I_syn"),
        """\
NetworkError in projection 'drive -> out': the matrix must have the shape (sources, targets) = (300, 100), got (100, 300).
  Transpose it: matrix[i, j] is the weight from i to j.""",
    ),
    (
        lambda: ns.Projection(DRIVE, OUT, ns.fixed_probability(0.1), into="I_syn", weight=[1, 2, 3] * pA),
        """\
NetworkError in projection 'drive -> out': weight cannot be an array here: the number of synapses is known only when they are drawn.
  Give one value or a distribution, or list the synapses with pairs(...).""",
    ),
    (
        lambda: ns.Projection(LAYER, OUT, ns.all_to_all(), into="I_syn", weight=1 * pA),
        """\
NetworkError in Projection: the neurons of 'layer' have no spike condition, so they send no spikes.
  Project one of its outputs: layer.output("r").""",
    ),
    (
        lambda: ns.Projection(
            DRIVE, OUT, ns.all_to_all(), into="I_syn", weight=1 * pA, plasticity=RULE.with_values(eta=1 * nS)
        ),
        """\
NetworkError in projection 'drive -> out': 2 problems
  on_step: unknown name 'reward_post'; known names: I_ext_post, I_syn_post, eta, v_post, w, weight, x
    line 1: w += eta * x * reward_post
                           ^^^^^^^^^^^
  eta of Plasticity 'reward' needs a current, got a conductance (1 nS)""",
    ),
    (
        lambda: ns.Probe(OUT, "vv"),
        """\
NetworkError in Probe of 'out': there is no variable 'vv'; did you mean 'v'?""",
    ),
    (
        lambda: ns.Probe(OUT, "tau_m"),
        """\
NetworkError in Probe of 'out': 'tau_m' is a parameter: it is what was given, there is nothing to record.""",
    ),
    (
        lambda: ns.Network(
            EXC, ns.Projection(DRIVE, OUT, ns.all_to_all(), into="I_syn", weight=1 * pA), ns.Probe(OUT, "v")
        ),
        """\
NetworkError in Network: 3 problems
  projection 'drive -> out': its source 'drive' is not in the network: add it to the parts.
  projection 'drive -> out': its target 'out' is not in the network: add it to the parts.
  Probe of 'out': its part 'out' is not in the network: add it to the parts.""",
    ),
    (
        lambda: ns.Network(EXC, [OUT]),
        """\
NetworkError in Network: part 1 is the list [Population('out', 100, lif_exponential)]. Put a star before it: Network(exc, *projections).""",
    ),
    (
        lambda: ns.Network(EXC, ns.Population("exc", 2, LIF, **CELL)),
        """\
NetworkError in Network: 2 parts have the name 'exc': population, population. Names are unique.""",
    ),
    (
        lambda: ns.Schedule(1 * second),
        """\
ScheduleError in Schedule: is made of phases, got 1 second at place 0. Write Phase(duration).""",
    ),
    (
        lambda: ns.check_schedule(
            ns.Network(OUT, DRIVE),
            ns.Schedule(ns.Phase(1 * second, set={"drve.rate": 3 * Hz, "out.v": 3}, off=["out"])),
        ),
        """\
ScheduleError in Schedule: 3 problems
  phase 0: off names the population 'out': only stimuli and projections can be switched off.
  phase 0, 'drve.rate': there is no part 'drve'; did you mean 'drive'?
  phase 0, 'out.v': v needs a voltage, got the plain number 3. Write 3 * mV.""",
    ),
    (
        lambda: ns.Network(EXC, expected={"published": {"exc": -1, "ecx": 2}}),
        """\
NetworkError in Network: 2 problems
  expected: 'published' of 'exc' must be a rate in Hz as a plain number, got -1.
  expected: 'published' names 'ecx', which is no population; did you mean 'exc'?""",
    ),
    (
        lambda: ns.Network(EXC, seed=-1.5, name=3),
        """\
NetworkError in Network '3': 2 problems
  seed must be a whole number, got -1.5.
  name must be a text, got 3.""",
    ),
    (
        lambda: ns.NeuronModel("dv/dt = -v / tau : 1\ntau : ms", spike=3, reset=None),
        """\
EquationError in NeuronModel: 2 problems
  spike must be a text, got 3.
  reset must be a text, got None.""",
    ),
    (
        lambda: ns.NeuronModel("dv/dt = -v / tau : 1\ntau : ms", rising="yes", held=3, defaults=[1]),
        """\
ParameterError in NeuronModel: 3 problems
  rising must be True or False, got 'yes'.
  defaults must be a dictionary such as {'tau_m': 10 * ms}, got [1].
  held must name states, as in held=('v',), got 3.""",
    ),
    (
        lambda: ns.normal(1 * mV, 1 * mV, low=30 * mV),
        """\
ParameterError in normal(1 mV, ...): low=30 mV lies above whatever is drawn: nothing within the bounds has a probability above 1e-15.""",
    ),
    (
        lambda: ns.normal(0, 1) * mV,
        """\
ParameterError in normal(0, 1): a distribution cannot be calculated with, here with mV.
  Give its numbers what is wanted, and their units, as in normal(0 * mV, 1 * mV).""",
    ),
    (
        lambda: "20" * ms,
        """\
UnitError: cannot multiply '20' and the unit ms: it is neither a number nor an array of numbers""",
    ),
    (
        lambda: ns.Population("exc", 10**10, neurons.lif_delta),
        """\
ParameterError in population 'exc' of model 'lif_delta': size must be at most 2,147,483,647, got 10000000000.""",
    ),
    (
        lambda: ns.Probe(EXC, ["v", "I"]),
        """\
NetworkError in Probe of 'exc': the second argument is the name of one variable, such as 'v', got ['v', 'I'].""",
    ),
    (
        lambda: ns.fixed_indegree(10, autapses="no"),
        """\
ParameterError in fixed_indegree: autapses must be True or False, got 'no'.""",
    ),
    (
        lambda: ns.NeuronModel("dv/dt = -v / tau : 1\ntau : ms\nu : 1 (port)", spike="u > 1", name="echo"),
        """\
EquationError in NeuronModel 'echo': the spike condition cannot read the port u
  line 1: u > 1
          ^^^^^
  A port is read by the equations and then cleared: let a state or an output depend on it.""",
    ),
]


@pytest.mark.parametrize(("make", "expected"), CASES)
def test_message(make: Callable[[], object], expected: str) -> None:
    """Word for word, as the command line prints it."""
    with pytest.raises(NeurosimError) as caught:
        make()
    assert describe(caught.value) == expected

"""Whole networks: blocks, pathways, sources, plans and probes; run on the reference engine where numbers matter."""

import numpy as np
import pytest

from neurosim.backends.base import Settings
from neurosim.backends.reference import Reference
from neurosim.equations import show
from neurosim.errors import EquationError, ParameterError, ScheduleError
from neurosim.ir.check import check
from neurosim.ir.digest import digest
from neurosim.ir.program import CopyWeights, Steps
from neurosim.lowering import begin, lower, resumed
from neurosim.network import (
    Assignment,
    Network,
    NeuronModel,
    Phase,
    Plasticity,
    PoissonSource,
    Population,
    Probe,
    Projection,
    SampledArray,
    SampleTable,
    Schedule,
    SpikeTimes,
    StepCurrent,
    neurons,
    pair_stdp,
    synapses,
)
from neurosim.network import schedule as schedules
from neurosim.network.connectivity import all_to_all, fixed_probability, one_to_one
from neurosim.network.distributions import normal, uniform
from neurosim.units import Hz, ms, mV, pA, pF


def checked(network, duration=1 * ms, **more):
    """The Program, which obeys the rules of Programs."""
    program = lower(network, duration, **more)
    check(program)
    return program


def run(program):
    executable = Reference().compile(program, Settings())
    executable.run()
    return executable.record()


def texts(update):
    return {name: show(expr) for name, expr in update.assign}


# ---- blocks ------------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize("model", [model for model in vars(neurons).values() if isinstance(model, NeuronModel)], ids=repr)
def test_standard_neurons_give_programs_that_obey_the_rules(model):
    checked(Network(Population("a", 3, model)))


def test_a_block_of_the_microcircuit():
    block = checked(Network(Population("exc", 2, neurons.lif_exponential, v=[-60, -61] * mV))).block("exc")
    assert texts(block.update)["v"] == "P_v_v * v + P_v_I_syn * I_syn + G_v_I_ext * I_ext + q_v"
    assert block.parameters.keys() == {"v_th", "v_reset", "P_v_v", "P_v_I_syn", "G_v_I_ext", "q_v", "P_I_syn_I_syn"}
    assert all(isinstance(value, float) for value in block.parameters.values())
    assert (block.spike.hold_steps, block.spike.hold_states) == (20, ("v",))
    assert block.states["v"].tolist() == [-60.0, -61.0] and block.units["I_syn"] == "pA"


def test_conductances_decay_exactly_and_the_membrane_relaxes():
    block = checked(Network(Population("a", 1, neurons.lif_conductance))).block("a")
    assert texts(block.update)["g_e"] == "P_g_e_g_e * g_e"
    assert "exprel(" in texts(block.update)["v"] and block.update.exact is None


def test_rates_of_gates_are_computed_once():
    lines = texts(checked(Network(Population("a", 1, neurons.hodgkin_huxley))).block("a").update)
    assert sum(line.count("exp(") for line in lines.values()) == 3


def test_initial_values_as_expressions_and_outputs_before_the_first_step():
    model = NeuronModel(
        """
        dv/dt = (E - v + drive) / tau : mV
        dw/dt = (v - w) / tau : mV
        E : mV
        tau : ms
        drive : mV (port)
        double = 2 * v : mV
        r = double + drive : mV (output)
        ahead = v + tau * rate(v) : mV (output)
        sum = r + ahead : mV (output)
        """,
        defaults={"tau": 10 * ms, "E": -60 * mV, "v": "w + 1*mV", "w": "E"},
    )
    block = checked(Network(Population("a", 1, model, w=-50 * mV))).block("a")
    assert block.states == {"v": -49.0, "w": -50.0}
    assert block.start == {"r": -98.0, "ahead": -60.0, "sum": -158.0}
    assert dict((name, show(expr)) for name, expr in block.outputs) == {
        "r": "2.0 * v + drive", "ahead": "v + tau * ((E - v + drive) / tau)", "sum": "r + ahead",
    }
    assert "tau" in block.parameters


def test_a_draw_in_a_definition_is_one_number_per_step():
    model = NeuronModel(
        "p : 1\nluck = rand() : 1\ny = luck : 1 (output)", spike="luck < p and rand() < 2", defaults={"p": 0.5}
    )
    block = checked(Network(Population("a", 4, model))).block("a")
    assert [draw.name for draw in block.draws] == ["rand_0", "rand_1"]
    assert show(block.outputs[0][1]) == "rand_0" and show(block.spike.condition) == "rand_0 < p and rand_1 < 2.0"
    assert len({draw.stream for draw in block.draws}) == 2


def test_refractory_times():
    cell = neurons.lif_exponential
    per_neuron = Population("a", 3, cell, refractory=[2, 0, 1] * ms)
    assert checked(Network(per_neuron)).block("a").spike.hold_steps.tolist() == [20, 1, 10]
    with pytest.raises(ParameterError, match="refractory time of 0.25 ms is not a multiple .* nearest are 0.2 ms and 0.3 ms"):
        lower(Network(Population("a", 1, cell, refractory=0.25 * ms)), 1 * ms)


def test_problems_of_several_parts_are_reported_together():
    a = Population("a", 2, neurons.lif_exponential)
    bad = [Projection(a, a, all_to_all(), into="I_syn", weight=1 * pA, delay=d * ms, name=f"p{k}") for k, d in enumerate((0.25, 0.35))]
    with pytest.raises(ParameterError) as caught:
        lower(Network(a, *bad), 1 * ms)
    assert "2 problems" in str(caught.value) and "0.25 ms" in str(caught.value) and "0.35 ms" in str(caught.value)


def test_a_method_that_does_not_fit_is_refused():
    with pytest.raises(EquationError, match="method='exact' needs linear equations; that of v "):
        lower(Network(Population("a", 1, neurons.lif_conductance, method="exact")), 1 * ms)


def test_instant_signals_order_the_blocks():
    model = NeuronModel("x : 1 (port)\ny = x + 1 : 1 (output)")
    a, b = (Population(name, 1, model) for name in "ab")
    forth = Projection(b.output("y"), a, one_to_one(), into="x", instant=True)
    assert [block.name for block in checked(Network(a, b, forth)).blocks] == ["b", "a"]


# ---- pathways ----------------------------------------------------------------------------------------------------------
def test_what_arrives():
    a = Population("a", 3, neurons.lif_exponential)
    drive = PoissonSource("drive", 3, rate=30 * Hz)
    wave = SampledArray("wave", np.ones((5, 3)) * pA, every=0.2 * ms)
    program = checked(Network(
        a, drive, wave,
        Projection(a, a, all_to_all(), into="I_syn", weight=1 * pA),
        Projection(drive, a, one_to_one(), into="I_syn", weight=1 * pA),
        Projection(wave, a, one_to_one(), into="I_ext"),
    ))
    shown = [[f"{s.target} {s.op} {show(s.expr)}" for s in pathway.deliver] for pathway in program.pathways]
    assert shown == [["I_syn_post += w"], ["I_syn_post += w * value"], ["I_ext_post += value"]]
    assert [pathway.instant for pathway in program.pathways] == [False, False, True]
    assert program.part("drive").rate == pytest.approx(0.03) and program.part("wave").steps_per_item == 2


def test_short_term_plasticity_with_drawn_parameters():
    a = Population("a", 5, neurons.lif_exponential)
    kind = synapses.tsodyks_markram.with_values(U=uniform(0.1, 0.5), tau_rec=normal(100 * ms, 10 * ms, low=10 * ms))
    program = checked(Network(a, Projection(a, a, fixed_probability(0.5), into="I_syn", weight=1 * pA, synapse=kind)))
    pathway = program.pathways[0]
    assert pathway.parameters["U"].kind == "uniform" and "tau_facil" not in pathway.parameters
    assert pathway.parameters["P_x_x"].shape == pathway.parameters["q_x"].shape and pathway.parameters["P_x_x"].ndim == 1
    assert isinstance(pathway.parameters["P_u_u"], float) and pathway.states == {"u": 0.0, "x": 1.0}


def test_learning_rules():
    a = Population("a", 5, neurons.lif_exponential)
    rule = Plasticity(
        "dx/dt = -x / (20*ms) : 1\neta : weight", on_pre="x += value", on_post="x = rand() * 0.5", on_step="w += eta * x", every=1 * ms,
        values={"eta": 0.1 * pA},
    )
    pathway = checked(Network(a, Projection(a, a, all_to_all(), into="I_syn", weight=1 * pA, plasticity=rule))).pathways[0]
    assert [(r.name, r.trigger) for r in pathway.rules] == [
        ("a -> a:plasticity", "arrival"), ("a -> a:plasticity", "post"), ("a -> a:plasticity", Steps(10)),
    ]
    assert show(pathway.rules[1].statements[0].expr) == "rand_0 * 0.5" and [draw.name for draw in pathway.draws] == ["rand_0"]
    assert pathway.units == {"x": "1", "w": "pA"}


# ---- sources -----------------------------------------------------------------------------------------------------------
def test_spike_times_are_sorted_and_rounded():
    source = checked(Network(SpikeTimes("s", 3, [2.0, 1.04, 1.0] * ms, [0, 1, 2], payloads=[5, 6, 7]))).sources[0]
    assert source.steps.tolist() == [10, 10, 20] and source.indices.tolist() == [1, 2, 0] and source.payloads.tolist() == [6, 7, 5]


def test_step_currents():
    model = NeuronModel("y = x : pA (output)\nx : pA (port)")
    step = StepCurrent("step", 1, [0.2, 0.6] * ms, [100, 50] * pA)
    a = Population("a", 1, model)
    net = Network(a, step, Projection(step, a, all_to_all(), into="x"), Probe(a, "y", at="end"))
    program = checked(net)
    assert program.sources[0].steps_per_item == 2
    values = run(program).traces["a", "y"].values[:, 0, 0]
    assert values.tolist() == [0, 0, 100, 100, 100, 100, 50, 50, 50, 50]
    with pytest.raises(ParameterError, match="jump at the time of 0.25 ms is not a multiple"):
        lower(Network(StepCurrent("step", 1, [0.25] * ms, [1] * pA)), 1 * ms)


def test_tables_of_items():
    table = SampleTable("digits", np.zeros((4, 2)), item_duration=1 * ms, order=[3, 1])
    source = checked(Network(table)).sources[0]
    assert (source.steps_per_item, source.order.tolist(), source.size) == (10, [3, 1], 2)


# ---- plans -------------------------------------------------------------------------------------------------------------
def test_a_changed_parameter_changes_all_that_follows_from_it():
    a = Population("a", 2, neurons.lif_exponential, I_e=300 * pA)
    plan = Schedule(Phase(5 * ms), Phase(5 * ms, set={"a.tau_m": 20 * ms}))
    program = checked(Network(a, Probe(a, "v")), plan)
    assert program.plan[0].assign == ()
    assert [assign.target for assign in program.plan[1].assign] == ["P_v_v", "P_v_I_syn", "G_v_I_ext", "q_v"]
    late = checked(Network(Population("a", 2, neurons.lif_exponential, I_e=300 * pA, tau_m=20 * ms))).block("a").parameters
    assert all(assign.value == late[assign.target] for assign in program.plan[1].assign)
    v = run(program).traces["a", "v"].values[:, 0, 0]
    infinity = -65 + 300 / 250 * 20
    middle = v[50]
    assert v[80] == pytest.approx(infinity + (middle - infinity) * np.exp(-3 / 20), rel=1e-12)


def test_changes_last_and_are_written_once():
    a = Population("a", 1, neurons.lif_exponential)
    again = Phase(1 * ms, set={"a.tau_m": 20 * ms}, repeats=2)
    first, second, third = checked(Network(a), Schedule(again, Phase(1 * ms, set={"a.tau_m": 10 * ms}))).plan
    assert len(first.assign) == 4 and second.assign == () and len(third.assign) == 4


def test_a_coefficient_that_is_zero_at_first_may_change():
    a = Population("a", 1, neurons.lif_exponential, E_L=0 * mV)
    program = checked(Network(a), Schedule(Phase(1 * ms, at=[Assignment("a.E_L", -65 * mV, at=0.5 * ms)])))
    assert program.block("a").parameters["q_v"] == 0.0 and program.plan[0].assign[0].when == (5,)


def test_arrays_where_there_was_a_number():
    a = Population("a", 2, neurons.lif_exponential)
    drive = PoissonSource("drive", 2, rate=10 * Hz)
    change = {"a.I_e": [0, 100] * pA, "a.v": [-60, -61] * mV, "drive.rate": [1, 2] * Hz}
    program = checked(Network(a, drive), Schedule(Phase(1 * ms), Phase(1 * ms, set=change)))
    block = program.block("a")
    assert block.parameters["q_v"].shape == block.states["v"].shape == program.sources[0].rate.shape == (2,)
    assert isinstance(block.parameters["P_v_v"], float)
    run(program)


def test_what_else_a_plan_may_set():
    a = Population("a", 2, neurons.lif_exponential)
    rule = pair_stdp(tau_plus=20 * ms, tau_minus=20 * ms, a_plus=0.1 * pA, a_minus=0.1 * pA)
    forward = Projection(a, a, all_to_all(), into="I_syn", weight=[[1, 2], [3, 4]] * pA, plasticity=rule)
    other = Projection(a, a, all_to_all(), into="I_syn", weight=1 * pA, name="other")
    step = StepCurrent("step", 1, [0] * ms, [1] * pA)
    copy = schedules.CopyWeights(forward, transpose=True, factor=-1.0)
    phase = Phase(
        1 * ms, label="test", plasticity=False, off=[step],
        set={"a.hold": 0, "a.v": "v_reset", "a -> a.x": 0.0, "a -> a.tau_plus": 10 * ms, "other.w": copy},
        at=[Assignment("a.v", -70 * mV, every=0.5 * ms, at=0.2 * ms)],
    )
    program = checked(Network(a, forward, other, step), Schedule(phase))
    plan = program.plan[0]
    assert plan.off == {"step", "a -> a:plasticity"} and plan.label == "test"
    found = {(assign.part, assign.target): assign for assign in plan.assign}
    assert found["a", "hold"].value == 0.0 and show(next(a for a in plan.assign if a.target == "v").value) == "v_reset"
    assert found["a", "v"].when == Steps(5, 2, 2) and found["a -> a", "x"].value == 0.0
    assert found["a -> a", "P_x_x"].value == pytest.approx(np.exp(-0.01), rel=1e-15)
    copied = found["other:w", ""].value
    assert isinstance(copied, CopyWeights) and copied.index.tolist() == [0, 2, 1, 3] and copied.factor == -1.0
    assert program.part("other:w").quantum == 0.0


def test_only_named_rules_learn():
    a = Population("a", 2, neurons.lif_exponential)
    rule = pair_stdp(tau_plus=20 * ms, tau_minus=20 * ms, a_plus=0.1 * pA, a_minus=0.1 * pA)
    both = [Projection(a, a, all_to_all(), into="I_syn", weight=1 * pA, plasticity=rule, name=name) for name in ("one", "two")]
    program = checked(Network(a, *both), Schedule(Phase(1 * ms, plasticity=["one"])))
    assert program.plan[0].off == {"two:plasticity"}


def test_a_course_is_the_schedule_so_far():
    a = Population("a", 2, neurons.lif_exponential)
    drive = PoissonSource("drive", 2, rate=10 * Hz)
    net = Network(a, drive, Projection(drive, a, all_to_all(), into="I_syn", weight=0.1 * pA))
    phases = (
        Phase(1 * ms, label="rest", off=["drive"]),
        Phase(1 * ms, set={"drive.rate": 20 * Hz, "a.v": -60 * mV}, repeats=2),
        Phase(1 * ms, set={"a.v": normal(-60 * mV, 1 * mV), "a.tau_m": 20 * ms, "drive -> a.w": 0.3 * pA}, at=[Assignment("a.v", -50 * mV, at=0.7 * ms)]),
        Phase(1 * ms, set={"a.C_m": 500 * pF, "a.tau_m": "2 * tau_m", "drive.rate": [1.0, 2.0] * Hz}),
    )
    course = begin(net, 0.1 * ms)
    for place, phase in enumerate(phases):
        before, course = course, course.then(phase)
        whole = checked(net, Schedule(*phases[: place + 1]))
        assert digest(course.program) == digest(whole)
        # A phase that needs nothing new leaves all parts as they were.
        assert all(one is other for one, other in zip(course.program.blocks, before.program.blocks)) == (place < 2)
        assert digest(resumed(net, course.program, course.asked()).program) == digest(whole)
    short = Schedule(*phases[:2], Phase(0.5 * ms, set=phases[2].set))
    assert digest(course.until(35).program) == digest(lower(net, short))
    waiting = course.settled({"a.tau_m": 20 * ms, "a.v": 0 * mV}, course.settled({"a.v": -1 * mV, "drive.rate": 5 * Hz}))
    assert [(one.part, one.target) for one in waiting] == [("drive", "rate"), ("a", "tau_m"), ("a", "v")]


@pytest.mark.parametrize(("phase", "words"), [
    (Phase(1.05 * ms), "duration of 1.05 ms is not a multiple of the time step 0.1 ms; the nearest are 1 ms and 1.1 ms"),
    (Phase(1 * ms, at=[Assignment("a.v", 0 * mV, at=0.55 * ms)]), "the time of 0.55 ms"),
    (Phase(1 * ms, at=[Assignment("a.v", 0 * mV, at=1 * ms)]), "lies after the end of the phase"),
    (Phase(1 * ms, set={"b.t_ref": 3 * ms}), "decides how a step is computed"),
    (Phase(1 * ms, set={"a.tau_m": "tau_m * v / v_th"}), "only be computed from parameters, not from v"),
])
def test_schedules_that_do_not_fit(phase, words):
    model = NeuronModel("dv/dt = -v / t_ref : 1\nt_ref : ms", spike="v > 1", reset="v = 0", refractory="t_ref", defaults={"t_ref": 2 * ms})
    net = Network(Population("a", 1, neurons.lif_exponential), Population("b", 1, model))
    with pytest.raises(ScheduleError, match=words):
        lower(net, Schedule(phase))


# ---- probes ------------------------------------------------------------------------------------------------------------
def test_probes():
    a = Population("a", 4, neurons.lif_exponential)
    table = SampleTable("digits", np.zeros((4, 4)), steps_per_item=32)
    net = Network(
        a, table, Probe(a, "spikes"), Probe(a, "v", of=[1, 3], every=1 * ms), Probe(a, "I_syn", every=1 * ms, at="end"),
        Probe(a, "I_ext", every=2 * ms, reduce="mean"), Probe(a, "count", every=1 * ms), Probe(a, "counts", per_item=table),
    )
    taps = {tap.variable: tap for tap in checked(net).taps}
    assert taps["spikes"].steps == Steps()
    assert (taps["v"].steps, taps["v"].at, taps["v"].of.tolist()) == (Steps(10, 0), "start", [1, 3])
    assert (taps["I_syn"].steps, taps["I_syn"].at) == (Steps(10), "end")
    assert (taps["I_ext"].steps, taps["I_ext"].reduce) == (Steps(20), "mean")
    assert (taps["count"].steps, taps["count"].at) == (Steps(10), "end")
    assert (taps["counts"].steps, taps["counts"].at) == (Steps(32), "end")


def test_a_probe_between_two_steps_is_refused():
    a = Population("a", 4, neurons.lif_exponential)
    with pytest.raises(ParameterError, match="every of 0.25 ms is not a multiple of the time step 0.1 ms"):
        lower(Network(a, Probe(a, "v", every=0.25 * ms)), 1 * ms)


# ---- end to end --------------------------------------------------------------------------------------------------------
def test_a_held_membrane_keeps_driving_its_adaptation():
    """In the five milliseconds after a spike v stays at its reset while w relaxes towards it, exactly."""
    model = NeuronModel(
        """
        dv/dt = (30*mV - v - w) / (10*ms) : mV
        dw/dt = (0.5 * v - w) / (50*ms) : mV
        """,
        spike="v > 15*mV", reset="v = 10*mV", refractory=5 * ms,
    )
    a = Population("a", 1, model)
    program = checked(Network(a, Probe(a, "v"), Probe(a, "w"), Probe(a, "spikes")), 20 * ms)
    record = run(program)
    fired = int(record.events["a"].steps[0])
    v, w = (record.traces["a", name].values[:, 0, 0] for name in "vw")
    assert np.all(v[fired + 1 : fired + 51] == 10.0) and v[fired + 51] != 10.0
    held = np.arange(0, 50)
    assert w[fired + 1 + held] == pytest.approx(5 + (w[fired + 1] - 5) * np.exp(-0.1 * held / 50), rel=1e-13)


def test_stationary_noise():
    model = NeuronModel("dx/dt = -x / tau + sigma * sqrt(2 / tau) * xi : 1\ntau : ms\nsigma : 1", defaults={"tau": 5 * ms, "sigma": 2.0})
    a = Population("a", 2000, model)
    record = run(checked(Network(a, Probe(a, "x", every=10 * ms)), 50 * ms, dt=1 * ms))
    assert np.std(record.traces["a", "x"].values[-1]) == pytest.approx(2.0, rel=0.05)


def test_a_spiking_network_runs():
    cell = {"tau_m": 20 * ms, "v": uniform(-65 * mV, -50 * mV), "I_e": 210 * pA}
    exc, inh = Population("exc", 80, neurons.lif_exponential, **cell), Population("inh", 20, neurons.lif_exponential, **cell)
    sparse = fixed_probability(0.1)
    net = Network(
        exc, inh,
        *(Projection(exc, post, sparse, into="I_syn", weight=normal(80 * pA, 8 * pA), delay=normal(1.5 * ms, 0.75 * ms, low=0.1 * ms))
          for post in (exc, inh)),
        *(Projection(inh, post, sparse, into="I_syn", weight=-350 * pA, delay=0.8 * ms) for post in (exc, inh)),
        Probe(exc, "spikes"), seed=4,
    )
    assert len(run(checked(net, 50 * ms)).events["exc"].steps) > 50

"""The standard neurons and synapses: complete, with a case each, readable; what conducts in every step; states as signals."""

from collections.abc import Mapping

import numpy as np
import pytest

import neurosim.network as ns
from neurosim.conformance import CASES
from neurosim.equations.latex import latex_derivative, show_latex
from neurosim.errors import EquationError, NetworkError
from neurosim.ir.program import Block, Pathway, Statement, Steps
from neurosim.lowering import lower
from neurosim.network import neurons, synapses
from neurosim.units import ms, mV, nS, pA

NEURONS = [value for value in vars(neurons).values() if isinstance(value, ns.NeuronModel)]
SYNAPSES = [value for value in vars(synapses).values() if isinstance(value, ns.SynapseModel) and value is not synapses.static]
PRESETS = {"adex": neurons.adex_presets, "izhikevich": neurons.izhikevich_presets, "multi_timescale_threshold": neurons.multi_timescale_presets}


@pytest.mark.parametrize("model", NEURONS, ids=lambda model: model.name)
def test_every_neuron_has_its_name_and_a_case(model: ns.NeuronModel) -> None:
    """A neuron is one text constant and one case."""
    assert getattr(neurons, model.name) is model and model.name in neurons.__all__
    assert {model.name, f"{model.name}_neuron"} & {case.name for case in CASES}
    assert model.about and model.about in str(model)
    # A definition without a publication is that of a released program.
    assert "doi 10." in model.source or "Lava 0.10.0" in model.source or model.name == "poisson_neuron"


@pytest.mark.parametrize("model", SYNAPSES, ids=lambda model: model.name)
def test_every_synapse_has_its_name_and_a_case(model: ns.SynapseModel) -> None:
    assert getattr(synapses, model.name) is model
    assert {model.name, f"{model.name}_synapse"} & {case.name for case in CASES}
    assert model.about and model.about in str(model)
    assert "doi 10." in model.source


@pytest.mark.parametrize("model", [*NEURONS, *SYNAPSES], ids=lambda model: model.name)
def test_equations_can_be_typeset(model: ns.NeuronModel | ns.SynapseModel) -> None:
    """Every line becomes LaTeX with balanced braces."""
    parsed = model.parsed
    lines = [latex_derivative(state.name) + show_latex(state.rhs) for state in parsed.states]
    for line in (*lines, *(show_latex(entry.expr) for entry in (*parsed.definitions, *parsed.outputs))):
        assert line.count("{") == line.count("}") and line.count(r"\left") == line.count(r"\right")


@pytest.mark.parametrize(("name", "presets"), PRESETS.items(), ids=PRESETS)
def test_presets_are_values_of_the_model(name: str, presets: Mapping[str, Mapping[str, object]]) -> None:
    model = getattr(neurons, name)
    for values in presets.values():
        assert model.with_defaults(**values).defaults.items() >= dict(values).items()
        assert ns.Population("cell", 1, model, **values).values.keys() == values.keys()


@pytest.mark.parametrize("name", ["lif_loihi", "lif_exponential"])
def test_two_decays_are_recognisable_on_hardware(name: str) -> None:
    """Current moves alone, voltage sees both: a triangular matrix in the annotation, and only v is ever held."""
    block = lower(ns.Network(ns.Population("cell", 2, getattr(neurons, name))), 1 * ms).block("cell")
    exact = block.update.exact
    assert exact is not None and block.spike is not None
    v = exact.states.index("v")
    phi = [[block.parameters.get(entry, 0.0) for entry in row] for row in exact.phi]
    assert phi[1 - v][v] == 0.0 and phi[v][1 - v] != 0.0 and 0.0 < float(phi[v][v]) < 1.0
    assert set(block.spike.hold_states) <= {"v"}


# ---- what conducts in every step ----------------------------------------------------------------------------------------
IN = ns.SpikeTimes("in", 1, times=[1] * ms, indices=[0])
CELLS = ns.Population("cells", 2, neurons.lif_exponential)


def pathway(projection: ns.Projection) -> Pathway:
    """Lowered, alone in its network."""
    return lower(ns.Network(IN, CELLS, projection), 1 * ms).pathways[0]


def test_a_synapse_that_conducts_is_a_rule_of_every_step_before_those_that_learn() -> None:
    learning = ns.Plasticity("eta : weight", on_step="w += eta").with_values(eta=1 * pA)
    found = pathway(ns.Projection(IN, CELLS, ns.all_to_all(), into="I_ext", weight=3 * pA, synapse=synapses.alpha, plasticity=learning))
    assert [(rule.name, rule.trigger) for rule in found.rules] == [
        ("in -> cells:conduction", Steps(1)),
        ("in -> cells:plasticity", Steps(1)),
    ]
    (conducts,) = found.rules[0].statements
    assert isinstance(conducts, Statement) and (conducts.target, conducts.op) == ("I_ext_post", "+=")
    assert [statement.target for statement in found.deliver] == ["a"]


def test_the_weight_of_a_conducting_synapse_has_the_unit_of_the_port() -> None:
    assert ns.Projection(IN, CELLS, ns.all_to_all(), into="I_ext", weight=3 * pA, synapse=synapses.alpha).weight_dimension == (1 * pA).dimension
    with pytest.raises(NetworkError, match="weight needs a current"):
        ns.Projection(IN, CELLS, ns.all_to_all(), into="I_ext", weight=3 * mV, synapse=synapses.alpha)
    with pytest.raises(NetworkError, match=r"the synapse uses a weight \('into \+= w \* s'\): give weight"):
        ns.Projection(IN, CELLS, ns.all_to_all(), into="I_ext", synapse=synapses.alpha)


def test_only_a_port_takes_an_addition_in_every_step() -> None:
    with pytest.raises(NetworkError) as caught:
        ns.Projection(IN, CELLS, ns.all_to_all(), into="I_syn", weight=3 * pA, synapse=synapses.alpha)
    assert str(caught.value) == (
        "projection 'in -> cells': SynapseModel 'alpha' adds to 'into' in every step (on_step), which only a port takes; "
        "I_syn is a state of 'cells'.\n  Ports of 'cells': I_ext."
    )


def test_what_arrives_is_unknown_between_arrivals() -> None:
    with pytest.raises(EquationError, match="on_step reads 'value', which is there only when something arrives"):
        ns.SynapseModel("ds/dt = -s / (5*ms) : 1", on_arrival="s += 1", on_step="into += w * value")


def test_a_port_is_only_added_to() -> None:
    setting = ns.SynapseModel("ds/dt = -s / (5*ms) : 1", on_arrival="s += 1", on_step="into = w * s")
    with pytest.raises(NetworkError, match=r"'into = \.\.\.': it can only be added to"):
        ns.Projection(IN, CELLS, ns.all_to_all(), into="I_ext", weight=3 * pA, synapse=setting)


def test_switching_learning_off_leaves_conduction_on() -> None:
    learning = ns.Plasticity("eta : weight", on_step="w += eta").with_values(eta=1 * pA)
    onto = ns.Projection(IN, CELLS, ns.all_to_all(), into="I_ext", weight=3 * pA, synapse=synapses.nmda, plasticity=learning)
    program = lower(ns.Network(IN, CELLS, onto), ns.Schedule(ns.Phase(1 * ms, plasticity=False)))
    assert program.plan[0].off == {"in -> cells:plasticity"}


# ---- states as signals --------------------------------------------------------------------------------------------------
def test_a_state_that_is_sent_becomes_an_output() -> None:
    cells = ns.Population("cells", 2, neurons.lif_delta, v=[1.0, 2.0] * mV)
    coupled = ns.Projection(cells.output("v"), cells, ns.pairs([0, 1], [1, 0]), into="I_ext", weight=1 * nS, synapse=synapses.gap_junction)
    program = lower(ns.Network(cells, coupled), 1 * ms)
    block: Block = program.block("cells")
    assert [name for name, _ in block.outputs] == ["v"]
    assert np.array_equal(np.asarray(block.start["v"]), [1.0, 2.0])
    assert program.pathways[0].signal == "v"
    alone = lower(ns.Network(cells), 1 * ms).block("cells")
    assert not alone.outputs

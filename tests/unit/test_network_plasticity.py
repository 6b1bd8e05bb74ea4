"""The standard learning rules as values: published parameters, what they need, several of them together."""

import pytest

import neurosim as ns
from neurosim.errors import NetworkError, OptionError, ParameterError
from neurosim.network.plasticity import TRIPLET_FITS
from neurosim.units import Hz, ms, mV, nS, pA, second

PAIR = {"tau_plus": 20 * ms, "tau_minus": 20 * ms, "a_plus": 0.1 * pA, "a_minus": 0.1 * pA}
RULES = {
    "pair_stdp": ns.plasticity.pair_stdp(**PAIR),
    "multiplicative_stdp": ns.plasticity.multiplicative_stdp(**PAIR, w_max=1 * pA),
    "nearest_neighbour_stdp": ns.plasticity.nearest_neighbour_stdp(**PAIR),
    "triplet_stdp": ns.plasticity.triplet_stdp(w_0=1 * pA),
    "reward_stdp": ns.plasticity.reward_stdp(**PAIR, tau_eligibility=1 * second),
    "inhibitory_stdp": ns.plasticity.inhibitory_stdp(tau=20 * ms, rho_0=5 * Hz, eta=1 * pA),
    "synaptic_scaling": ns.plasticity.synaptic_scaling(target=5 * Hz, tau=1 * second, beta=0.1),
    "clopath_stdp": ns.plasticity.clopath_stdp(w_max=1 * pA),
}


@pytest.mark.parametrize("name", RULES)
def test_every_rule_describes_itself(name: str) -> None:
    rule = RULES[name]
    assert rule.name == name and 20 < len(rule.about) < 90 and "doi" in rule.source
    for text in (name, rule.about, rule.source, rule.equations.strip().splitlines()[0]):
        assert text in str(rule)
    assert not [variable for variable, kind in rule.variables.items() if kind.kind == "parameter" and variable not in rule.values]


def test_every_rule_is_listed_and_has_a_case() -> None:
    from neurosim.conformance import CASES

    cases = {case.name for case in CASES}
    assert {name for name in ns.plasticity.__all__ if name.endswith(("stdp", "scaling"))} == set(RULES)
    assert set(RULES) - {"pair_stdp"} <= cases and "stdp_pairs" in cases


def test_published_triplets() -> None:
    """Tables 3 and 4 of Pfister and Gerstner 2006; what a minimal fit leaves out is zero."""
    full = TRIPLET_FITS["visual_cortex", "all"]
    assert (full["a3_plus"], full["a2_minus"], full["tau_x"], full["tau_y"]) == (6.2e-3, 7e-3, 101 * ms, 125 * ms)
    for (fit, _), values in TRIPLET_FITS.items():
        assert (values["tau_plus"], values["tau_minus"]) == (16.8 * ms, 33.7 * ms)
        assert (values["a3_minus"] == 0) == fit.endswith("minimal")
    rule = ns.plasticity.triplet_stdp("hippocampus_minimal", pairing="nearest", w_0=2 * pA).with_values(tau_y=50 * ms)
    assert rule.value_of("tau_y") == 50 * ms and "r1 = 1" in rule.on_pre and "table 4" in rule.source


def test_wrong_choices() -> None:
    with pytest.raises(
        OptionError, match="pairing must be one of 'symmetric', 'presynaptic', 'reduced', got 'symetric'; did you mean 'symmetric'"
    ):
        ns.plasticity.nearest_neighbour_stdp(**PAIR, pairing="symetric")
    with pytest.raises(OptionError, match="fit must be one of 'visual_cortex'.*got 3"):
        ns.plasticity.triplet_stdp(3, w_0=1 * pA)  # type: ignore[arg-type]
    with pytest.raises(OptionError, match="pairing must be one of 'all', 'nearest', got 'near'"):
        ns.plasticity.triplet_stdp(pairing="near", w_0=1 * pA)
    with pytest.raises(ParameterError, match="tau_plus needs"):
        ns.plasticity.pair_stdp(**{**PAIR, "tau_plus": 20})
    with pytest.raises(ParameterError, match="needs must be a dictionary"):
        ns.Plasticity(on_pre="w = 0", needs=["reward"])  # type: ignore[arg-type]


def test_two_rules_at_once() -> None:
    both = ns.plasticity.combine(RULES["pair_stdp"], RULES["synaptic_scaling"])
    assert both.name == "pair_stdp + synaptic_scaling" and both.states() == ("x", "y", "activity")
    assert [statement.target for statement in both.post_statements] == ["y", "w", "activity"]
    assert both.every == 100 * ms and both.value_of("beta") == 0.1
    assert ns.plasticity.combine(RULES["pair_stdp"], name="alone").name == "alone"
    assert dict(ns.plasticity.combine(RULES["reward_stdp"]).needs) == {"reward": "reward : 1 (port)"}


def test_rules_that_do_not_fit_together() -> None:
    with pytest.raises(ParameterError, match=r"'reward_stdp': .*x, y is also a name of a rule before it"):
        ns.plasticity.combine(RULES["pair_stdp"], RULES["reward_stdp"])
    with pytest.raises(ParameterError, match="the same interval, got .*'clopath_stdp' every step, .*'synaptic_scaling' every 100 ms"):
        ns.plasticity.combine(RULES["clopath_stdp"], RULES["synaptic_scaling"])
    with pytest.raises(ParameterError, match="needs learning rules, got 'pair_stdp'"):
        ns.plasticity.combine("pair_stdp")  # type: ignore[arg-type]
    with pytest.raises(ParameterError, match="at least one"):
        ns.plasticity.combine()


def test_rules_say_what_the_target_lacks() -> None:
    plain = ns.Population("plain", 2, ns.neurons.lif_exponential)
    with pytest.raises(NetworkError, match=r"reads reward_post, which 'plain' does not have(.|\n)*'reward : 1 \(port\)'"):
        ns.Projection(plain, plain, ns.all_to_all(), into="I_syn", weight=1 * pA, plasticity=RULES["reward_stdp"])
    with pytest.raises(NetworkError, match=r"reads u_post, u_minus_post, u_plus_post(.|\n)*du_minus/dt = \(v - u_minus\)"):
        ns.Projection(plain, plain, ns.all_to_all(), into="I_syn", weight=1 * pA, plasticity=RULES["clopath_stdp"])


def test_one_rule_serves_every_unit_of_weight() -> None:
    drive = ns.PoissonSource("drive", 3, rate=10 * Hz)
    for into, model, unit in (("v", ns.neurons.lif_delta, mV), ("g_e", ns.neurons.lif_conductance, nS)):
        cells = ns.Population("cells", 2, model)
        rule = ns.plasticity.triplet_stdp(w_0=1 * unit)
        made = ns.Projection(drive, cells, ns.all_to_all(), into=into, weight=1 * unit, plasticity=rule)
        assert made.plasticity is rule

"""Which cases a device refuses, and why: 'never' contradicts it, 'not_implemented' is ours to do. All others it has to run.

A case's own ``obstacles`` would name every device in every case; what a chip cannot do is a table of its own.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

LOIHI_NEVER = """
    dual_exponential detection_only_refractory jumps_reset jumps_reset_held jumps_subtract jumps_subtract_held arrival_at_held
    hodgkin_huxley_crossing since_spike held_exactly delays payloads additions_once noisy_release tsodyks_markram conducting_state
    canonical_order stdp_pairs stdp_network three_factors tied_weights shared_kernel signal_chain softmax prospective oja
    filtered_output signal_delays items copied_constants steps_rules masks counts poisson_neurons ornstein_uhlenbeck frozen copies
    unaffected cuba_port cuba_strong coba hodgkin_huxley wirings schemes connectivity_convolution stimuli_sines
    stimuli_ornstein_uhlenbeck stimuli_poisson_formula stimuli_poisson_movie lif_delta lif_exponential_two lif_alpha
    lif_dual_exponential lif_adaptive lif_adaptive_threshold multi_timescale_threshold poisson_neuron rate_neuron quadratic_if
    exponential_if adex izhikevich lif_conductance lif_conductance_alpha lif_nmda hodgkin_huxley_neuron pyramidal_two_compartment
    alpha_synapse dual_exponential_synapse nmda_synapse tsodyks_markram_synapse gap_junction multiplicative_stdp
    nearest_neighbour_stdp triplet_stdp reward_stdp inhibitory_stdp synaptic_scaling clopath_stdp
"""
"""Conductances, powers, several currents, jumps of the membrane, resets that subtract, synapses with states, noise of our own, signals."""
LOIHI_NOT_IMPLEMENTED = """
    weight_bounds assignments end_of_hold rate_network
"""
LAVA_NOT_YET = """
    held_steps poisson_drive cuba_state lif_exponential
"""
"""Lava has no neuron with a refractory time in fixed point."""
LOIHI = {**dict.fromkeys(LOIHI_NEVER.split(), "never"), **dict.fromkeys(LOIHI_NOT_IMPLEMENTED.split(), "not_implemented")}
REFUSALS: Mapping[str, Mapping[str, str]] = MappingProxyType(
    {
        "loihi": MappingProxyType(LOIHI),
        "loihi lava": MappingProxyType({**LOIHI, **dict.fromkeys(LAVA_NOT_YET.split(), "not_yet")}),
    }
)
"""Engine, or mode of an engine, -> case -> reason."""


def refusals_of(case: str) -> dict[str, str]:
    """Engine -> reason, of the engines and modes that refuse a case."""
    return {engine: reasons[case] for engine, reasons in REFUSALS.items() if case in reasons}

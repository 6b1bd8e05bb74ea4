"""Every number of a chip that is used here, named, with its source; and the profiles of what can be aimed at.

Sources. [nengo] nengo-loihi's block.py, hardware/validate.py and builder (Apache-2.0); [brian2loihi] Michaelis, Lehr, Oed and Tetzlaff
2022, doi 10.3389/fninf.2022.1015624; [lava] Lava 0.10.0, proc/lif, proc/atrlif, proc/graded and proc/learning_rules; [davies] Davies et al. 2018, Loihi: a
neuromorphic manycore processor with on-chip learning, doi 10.1109/MM.2018.112130359; [hala] public figures of Hala Point (2024):
140,544 cores, 1152 chips, 1.15 G neurons, 128 G synapses.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from neurosim.errors import OptionError, did_you_mean

DECAY_UNITY = 4096
"""Decays are 4096ths: 12 bits. [lava]"""
LARGEST_THRESHOLD = 131071
"""17 bits, in units of 64. [lava]"""
THRESHOLD_UNIT = 64
"""Thresholds and weights are shifted left by 6 bits. [lava]"""
LARGEST_ADAPTIVE_THRESHOLD = 4095
"""12 bits, in units of 64: the resting value of a threshold that adapts, and its step. [lava]"""
LARGEST_BIAS = 4095
"""12 bits and a sign. [lava]"""
LARGEST_BIAS_EXPONENT = 7
"""3 bits. [lava]"""
STATE_BITS = 24
"""u wraps around, v saturates. Numbers that spikes carry, and the thresholds of what sends them, have as many. [lava]"""
LARGEST_DELAY = 62
"""6 bits; the last two values are not usable. [brian2loihi]"""
LARGEST_HOLD = 64
"""Steps of a refractory time. [brian2loihi]"""
WEIGHT_BITS = 8
LARGEST_WEIGHT = 255
"""Of the magnitude of weights of one sign; mixed weights have 7 bits and a sign, in steps of 2. [lava]"""
SMALLEST_EXPONENT, LARGEST_EXPONENT = -7, 7
"""Of what a sum of weights is shifted by. [nengo]"""
TRACE_BITS, LARGEST_IMPULSE = 7, 127
"""[lava]"""
LONGEST_EPOCH = 63
"""Steps of a learning epoch: 6 bits. [lava]"""
LEARNING_MANTISSA = (-8, 7)
LEARNING_EXPONENT = (-7, 8)
"""Scale of a product of a learning rule. [lava]"""


@dataclass(frozen=True)
class Core:
    """What one neuro-core holds, and how many there are on a chip.

    ``synapse_bits``: its synaptic memory; ``configurations``: distinct sets of (du, dv, refractory); ``thresholds``: distinct vth.
    """

    cores: int
    neurons: int
    in_axons: int
    out_axons: int
    synapse_bits: int
    configurations: int
    thresholds: int
    tiles: tuple[int, int]
    source: str


LOIHI1 = Core(128, 1024, 4096, 4096, 16384 * 64, 32, 8, (8, 4), "[nengo] block.py; [davies]")
LOIHI2 = Core(120, 8192, 4096, 4096, 192 * 1024 * 8, 32, 8, (8, 4), "[hala] 122 usable cores and 8192 neurons per core; memory 192 KB from memory")


@dataclass(frozen=True)
class Profile:
    """A target: which ``kinds`` of neurons it has, its cores, and whether it holds one parameter per neuron.

    ``exact``: its arithmetic is the plan's; ``learning``: it has a learning engine; ``refractory``: a neuron may be held; ``graded``:
    spikes may carry a number (Loihi 2: up to 32 bits, [lava]).
    """

    name: str
    kinds: frozenset[str]
    core: Core | None
    about: str
    refractory: bool = True
    learning: bool = True
    graded: bool = False
    configurations: bool = True
    exact: bool = True


BASIC = frozenset(("lif", "source"))
ALL = frozenset(("lif", "source", "ternary", "adaptive", "graded", "rectified"))
PROFILES: Mapping[str, Profile] = MappingProxyType(
    {
        profile.name: profile
        for profile in (
            Profile("loihi1", BASIC, LOIHI1, "Loihi 1: 128 cores of 1024 compartments"),
            Profile("loihi2-lif", BASIC, LOIHI2, "Loihi 2 with its hard-wired neuron", graded=True),
            Profile("loihi2-microcode", ALL, LOIHI2, "Loihi 2 with neurons in microcode", graded=True),
            Profile("lava-cpu-fixed", ALL, None, "Lava's fixed-point models on the CPU", refractory=False, graded=True, configurations=False),
            Profile("lava-cpu-float", ALL - {"graded", "rectified"}, None, "Lava's floating-point models on the CPU", graded=True, learning=False, configurations=False, exact=False),
            Profile("emulator", ALL, None, "every integer neuron that neurosim knows, without limits of a core", graded=True, configurations=False),
        )
    }
)
ALIASES: Mapping[str, str] = MappingProxyType({"loihi2": "loihi2-lif"})
"""What people call a target."""


def profile_of(name: str) -> Profile:
    """The target of that name.

    Raises
    ------
    OptionError
        If there is none; with the nearest name.
    """
    found = PROFILES.get(ALIASES.get(name, name)) if isinstance(name, str) else None
    if found is None:
        raise OptionError(f"there is no chip {name!r}{did_you_mean(name, (*PROFILES, *ALIASES))}", where="loihi")
    return found

"""Random small networks at the corners of what a chip holds."""

from __future__ import annotations

import numpy as np

from neurosim.hardware.loihi.plan import LoihiPlan, Neurons, Stimulus, Synapses

EVERY_KIND = ("lif", "lif", "held", "ternary", "adaptive", "graded", "rectified")
LAVAS_KINDS = ("lif", "lif", "reset", "ternary")
"""What Lava has in fixed point, with parameters that may differ between neurons."""
CORNERS = (0, 1, 100, 409, 2047, 4094, 4095)
THRESHOLDS = (0, 1, 10, 100, 1000, 20000, 131071)


def random_plan(seed: int, kinds: tuple[str, ...], steps: int = 40) -> LoihiPlan:
    """One to three groups with up to five projections, and a source; weights are what the chip would hold."""
    random = np.random.default_rng(seed)
    groups = [Neurons("in", 3, "source")]
    groups += [random_group(random, f"group {number}", str(random.choice(kinds))) for number in range(random.integers(1, 4))]
    synapses = [random_synapses(random, f"s {number}", groups) for number in range(random.integers(1, 6))]
    firing = np.unique(random.integers(0, 3 * steps, 30))
    stimulus = Stimulus("in", firing // 3, firing % 3, random.integers(1, 5, len(firing)))
    return LoihiPlan(steps, tuple(groups), tuple(synapses), (stimulus,))


def random_group(random: np.random.Generator, name: str, kind: str) -> Neurons:
    """A group of one of the kinds."""
    size, threshold = int(random.integers(1, 12)), int(random.choice(THRESHOLDS))
    some, wide = random.integers(0, 2, 2)
    graded = kind in ("graded", "rectified")
    return Neurons(
        name,
        size,
        "lif" if kind in ("held", "reset") else kind,
        du=int(random.choice((*CORNERS, random.integers(0, 4096)))),
        dv=int(random.choice((*CORNERS, random.integers(0, 4096)))),
        vth=threshold,
        vth_low=-threshold,
        bias_mant=random.integers(-4096, 4096, size) * some,
        bias_exp=random.integers(-2, 8, size) * some,
        refractory=4 if kind == "held" else 1,
        u=0 if graded else random.integers(-(2**23) + 1, 2**23, size) * wide,
        v=0 if graded else random.integers(-(2**23) + 1, 2**23, size) * wide,
        reset_every=7 if kind == "reset" else 0,
        reset_at=3,
        threshold_start=int(random.integers(1, 60)),
        threshold_step=int(random.integers(0, 20)),
        threshold_decay=int(random.choice(CORNERS)),
        refractory_decay=int(random.choice(CORNERS)),
    )


def random_synapses(random: np.random.Generator, name: str, groups: list[Neurons]) -> Synapses:
    """Dense or sparse, with delays or without, of any sign and exponent."""
    origin, target = groups[random.integers(len(groups))], groups[random.integers(1, len(groups))]
    pre, post = np.nonzero(random.random((origin.size, target.size)) < random.choice([0.2, 1.0]))
    sign = str(random.choice(["mixed", "excitatory", "inhibitory"]))
    weight = {
        "mixed": random.integers(-128, 128, len(pre)) * 2,
        "excitatory": random.integers(0, 256, len(pre)),
        "inhibitory": random.integers(-255, 1, len(pre)),
    }[sign]
    delay = random.integers(0, random.choice([1, 5, 63]), len(pre)) if random.random() < 0.4 else 0
    bits = 8 if random.random() < 0.3 else 0
    return Synapses(
        name,
        origin.name,
        target.name,
        pre,
        post,
        weight,
        int(random.integers(-7, 8)),
        sign=sign,
        delay=delay,
        dense=bool(random.random() < 0.5),
        message_bits=bits,
    )

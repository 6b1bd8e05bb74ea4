"""Random learning rules in all of the chip's grammar, and small plans that learn by them."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from neurosim.hardware.loihi.plan import Factor, LearningRule, LoihiPlan, Neurons, Product, Recording, Stimulus, Synapses, Trace

NAMES = ("x1", "x2", "y1", "y2", "y3", "w", "d", "t", "x0", "y0")
BIAS = np.array([4000, 3000, 2000, 1400])
"""From cells that fire in every other step to cells that need input for it."""
SIGNS = {"mixed": (-128, 128, 2), "excitatory": (0, 256, 1), "inhibitory": (-255, 1, 1)}


def random_product(random: np.random.Generator, k: int) -> Product:
    """One product with up to three factors; weak ones are more frequent, so that weights do not stay at their limits."""
    dependency = str(random.choice(["x0", "x0", "y0", "y0", f"u{k}"]))
    factors = []
    for _ in range(random.integers(0, 4)):
        name = str(random.choice(NAMES))
        constant = int(random.integers(-20, 21)) if random.random() < 0.3 else 0
        factors.append(Factor(name, constant, bool(name in "wdt" and random.random() < 0.3)))
    exponent = int(random.integers(-7, -1) if random.random() < 0.8 else random.integers(-7, 9))
    return Product(dependency, int(random.integers(-8, 8)), exponent, tuple(factors))


def random_trace(random: np.random.Generator) -> Trace:
    """Whole and broken impulses; a time constant of 0 forgets at once."""
    impulse = float(random.choice([0, 1, 16, 50, 127, random.integers(0, 128), 10.25, 3.5]))
    return Trace(impulse, float(random.choice([0, 1, 2, 5, 20, 100])))


def random_rule(random: np.random.Generator, *, third_factor: str = "", rounding: str = "lava") -> LearningRule:
    """A rule with products for w and, often, for t and d."""
    k = int(random.integers(0, 4))
    sums = [
        tuple(random_product(random, k) for _ in range(random.integers(least, 4) if random.random() < share else least))
        for least, share in ((1, 1.0), (0, 0.3), (0, 0.5))
    ]
    traces = [random_trace(random) for _ in range(5)]
    epoch, seed = int(random.integers(1, 7)), int(random.integers(0, 1000))
    return LearningRule(*sums, *traces, t_epoch=epoch, third_factor=third_factor, rounding=rounding, seed=seed)


def random_synapses(random: np.random.Generator, name: str, source: Neurons, target: Neurons, rule: LearningRule, *, share: float = 1.0) -> Synapses:
    """All pairs, or a share of them, of any sign."""
    pre, post = np.nonzero(random.random((source.size, target.size)) < share)
    sign = str(random.choice(list(SIGNS)))
    low, high, unit = SIGNS[sign]
    weight = random.integers(low, high, len(pre)) * unit
    tag, delay_tag = random.integers(-256, 256, len(pre)), random.integers(0, 256, len(pre))
    exponent = int(random.integers(-7, -2))
    return Synapses(
        name, source.name, target.name, pre, post, weight, exponent, sign=sign, dense=share == 1.0, learning=rule, tag=tag, delay_tag=delay_tag
    )


def random_plan(
    seed: int, rules: int, *, steps: int = 40, third: bool = False, rounding: str = "lava", share: float = 1.0, every: int = 1
) -> LoihiPlan:
    """So many rules between 5 sources and 4 neurons that fire irregularly, with everything recorded."""
    random = np.random.default_rng(seed)
    sources, cells = Neurons("in", 5, "source"), Neurons("cells", 4, du=2000, dv=700, vth=500, bias_mant=BIAS, bias_exp=2)
    fired = np.flatnonzero(random.random(5 * steps) < 0.25)
    stimuli = [Stimulus("in", fired // 5, fired % 5, np.ones(len(fired), int))]
    groups = [sources, cells]
    if third:
        events = np.flatnonzero(random.random(12 * steps) < 0.5)
        groups.append(Neurons("third", 12, "source"))
        stimuli.append(Stimulus("third", events // 12, events % 12, random.integers(-140, 140, len(events))))
    drawn = [random_rule(random, third_factor="third" * third, rounding=rounding) for _ in range(rules)]
    if third:
        # A neuron tells the same to all its synapses: traces of its own spikes, or what it is told.
        told = [Trace(float(random.integers(1, 127)), float(random.integers(0, 30))) if random.random() < 0.5 else Trace() for _ in range(3)]
        drawn = [replace(rule, y1=told[0], y2=told[1], y3=told[2], seed=seed) for rule in drawn]
    synapses = [random_synapses(random, f"s{k}", sources, cells, rule, share=share) for k, rule in enumerate(drawn)]
    recordings = [Recording("cells", "spikes"), *(Recording(f"s{k}", name, every=every) for k in range(rules) for name in "wtd")]
    return LoihiPlan(steps, tuple(groups), tuple(synapses), tuple(stimuli), tuple(recordings))

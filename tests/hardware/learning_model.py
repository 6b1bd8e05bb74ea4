"""Learning on the chip in plain Python integers, one synapse at a time: what the learning engine is measured against everywhere.

Written along the steps of Lava's own engine (two random generators per side, a number at hand that is rolled twice per step), not along
those of the compiled one.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import replace

import numpy as np

from neurosim.hardware.loihi.plan import Factor, LoihiPlan, Product, Synapses
from neurosim.ir.random import bits64, stream, substream

PRE, POST = ("x1", "x2"), ("y1", "y2", "y3")
WIDTH = {"x0": 1, "y0": 1, "x1": 7, "x2": 7, "y1": 7, "y2": 7, "y3": 7, "w": 9, "d": 9, "t": 9}
RANGE = {"mixed": (-256, 255), "excitatory": (0, 255), "inhibitory": (-255, 0)}
PURPOSES = ("x1", "x2", "y1", "y2", "y3")


def int32(x: int) -> int:
    return (x + 2**31) % 2**32 - 2**31


def limited(x: int, low: int, high: int) -> int:
    return max(low, min(high, x))


class Dice:
    """What is at hand for all traces of one side."""

    def __init__(self, seed: int) -> None:
        self.decays, self.impulses = np.random.default_rng(seed), np.random.default_rng(seed + 1)
        self.roll()

    def roll(self) -> None:
        self.decay = float(self.decays.random(1)[0])
        self.impulse = int(self.impulses.integers(0, 128, size=1)[0])


class Learner:
    """One group of synapses."""

    def __init__(self, some: Synapses, sources: int, targets: int) -> None:
        assert some.learning is not None
        self.some, self.rule, self.sources, self.targets = some, some.learning, sources, targets
        count = len(some)
        self.old = {
            "w": [int(w) for w in some.weight],
            "t": np.broadcast_to(np.asarray(some.tag), (count,)).tolist(),
            "d": np.broadcast_to(np.asarray(some.delay_tag), (count,)).tolist(),
        }
        self.trace = {name: [0] * (sources if name in PRE else targets) for name in PRE + POST}
        self.own = {name: [0] * targets for name in POST}
        self.last = {"x": [0] * sources, "y": [0] * targets}
        self.x, self.y, self.rounding = Dice(self.rule.seed), Dice(self.rule.seed + 2), np.random.default_rng(2)
        self.rounding.random(1)
        self.of_neurons = np.random.default_rng(self.rule.seed + 4)
        self.stream = stream(self.rule.seed, "synapses", "rounding")
        self.alone = self.rule.rounding == "independent"

    def bits(self, step: int, purpose: int, index: int) -> int:
        return int(bits64(substream(self.stream, step, purpose), np.array([index]))[0])

    def impulse(self, name: str) -> tuple[int, int]:
        if self.rule.third_factor and name in POST:
            return 0, 0
        given = getattr(self.rule, name).impulse
        return math.floor(given), round((given - math.floor(given)) * 256)

    def jump(self, name: str, value: int, number: int) -> int:
        whole, fraction = self.impulse(name)
        return limited(value + whole + (number < fraction), 0, 127)

    def step(self, step: int, pre: Iterable[int], post: Iterable[int], third: dict[int, int]) -> None:
        """Spikes of a step; at the end of an epoch the synapses learn."""
        epoch = self.rule.t_epoch
        within = (step + 1) % epoch or epoch
        for side, fired, names in (("x", set(pre), PRE), ("y", set(post), POST)):
            for i in sorted(fired):
                if self.last[side][i]:
                    for name in names:
                        shared = 0 if side == "x" else self.y.impulse
                        number = self.bits(step, 10 + PURPOSES.index(name), i) >> 56 if self.alone else shared
                        self.trace[name][i] = self.jump(name, self.trace[name][i], number)
                self.last[side][i] = within
            self.x.roll()
            self.y.roll()
        if self.rule.third_factor:
            self.tell(step, set(post), third)
        if within == epoch:
            self.learn(step)

    def tell(self, step: int, fired: set[int], third: dict[int, int]) -> None:
        shared = float(self.of_neurons.random())
        for k, name in enumerate(POST):
            given = getattr(self.rule, name)
            for i in range(self.targets):
                if given.impulse:
                    number = (self.bits(step, 18 + k, i) >> 11) * 2.0**-53 if self.alone else shared
                    value = self.decayed(self.own[name][i], given.tau, number)
                    self.own[name][i] = min(value + int(given.impulse) * (i in fired), 127)
                    self.trace[name][i] = self.own[name][i]
                else:
                    self.trace[name][i] = limited(third.get(k * self.targets + i, 0), -128, 127)

    @staticmethod
    def decayed(value: int, tau: float, number: float) -> int:
        left = float(np.exp(-1 / tau)) * value if tau else 0.0
        return math.floor(left) + (number < left % 1)

    def history(self, step: int, name: str, i: int) -> list[int]:
        """Values at the start and in each step of the epoch."""
        side, dice = ("x", self.x) if name in PRE else ("y", self.y)
        tau = 65535 if self.rule.third_factor and name in POST else getattr(self.rule, name).tau
        values, purpose, epoch = [self.trace[name][i]], PURPOSES.index(name), self.rule.t_epoch
        for t in range(1, epoch + 1):
            number = (self.bits(step, purpose, i * (epoch + 1) + t) >> 11) * 2.0**-53 if self.alone else dice.decay
            value = self.decayed(values[-1], tau, number)
            if self.last[side][i] == t:
                value = self.jump(name, value, self.bits(step, 5 + purpose, i) >> 56 if self.alone else dice.impulse)
            values.append(value)
        return values

    def learn(self, step: int) -> None:
        shared = float(self.rounding.random(1)[0])
        history = {name: [self.history(step, name, i) for i in range(len(values))] for name, values in self.trace.items()}
        new = {name: list(values) for name, values in self.old.items()}
        for e, (i, j) in enumerate(zip(self.some.pre.tolist(), self.some.post.tolist(), strict=True)):
            for k, (name, products) in enumerate({"w": self.rule.dw, "d": self.rule.dd, "t": self.rule.dt}.items()):
                if not products:
                    continue
                total = 128 * self.old[name][e]
                for product in products:
                    total = limited(total + self.product(product, e, i, j, history, step), -32769, 32767)
                low, high = {"w": RANGE[self.some.sign], "d": (0, 255), "t": (-257, 255)}[name]
                total = max(total, 0) if low == 0 else min(total, 0) if high == 0 else total
                number = (self.bits(step, 15 + k, e) >> 57) / 128 if self.alone else shared
                new[name][e] = limited(total // 128 + (number < total % 128 / 128), low, high)
        self.old = new
        for name, histories in history.items():
            if not (self.rule.third_factor and name in POST):
                self.trace[name] = [values[-1] for values in histories]
        self.last = {"x": [0] * self.sources, "y": [0] * self.targets}

    def product(self, product: Product, e: int, i: int, j: int, history: dict[str, list[list[int]]], step: int) -> int:
        tx, ty, epoch = self.last["x"][i], self.last["y"][j], self.rule.t_epoch
        mantissa, exponent = product.mantissa, product.exponent
        while abs(mantissa) > 7 and mantissa % 2 == 0 and exponent < 8:
            mantissa, exponent = mantissa // 2, exponent + 1
        if product.dependency[0] == "u":
            holds, at = (step + 1) // epoch % 2 ** int(product.dependency[1:]) == 0, epoch
        else:
            holds, at = (tx > 0, tx) if product.dependency == "x0" else (ty > 0, ty)
        c, width = int(holds), 4
        for factor in product.factors:
            c = int32(c * self.factor(factor, e, i, j, at, history))
            width += WIDTH[factor.name]
        shifted = int32(c * mantissa) >> max(0, width - 15)
        return limited(int32(shifted << (exponent + 7)), -32769, 32767)

    def factor(self, factor: Factor, e: int, i: int, j: int, at: int, history: dict[str, list[list[int]]]) -> int:
        if factor.name in self.old:
            value = self.old[factor.name][e]
        elif factor.name in ("x0", "y0"):
            value = int((self.last["x"][i] if factor.name == "x0" else self.last["y"][j]) > 0)
        else:
            value = history[factor.name][i if factor.name in PRE else j][at]
        value += factor.constant
        if factor.sign:
            return (value > 0) - (value < 0)
        return limited(value, -(2 ** WIDTH[factor.name]), 2 ** WIDTH[factor.name] - 1)


class Learners:
    """All groups of synapses of a plan that learn; call it after every step. ``values``: (name, variable) -> values after each step."""

    def __init__(self, plan: LoihiPlan) -> None:
        learning = [some for some in plan.synapses if some.learning is not None]
        self.learners = {some.name: Learner(some, plan.group(some.source).size, plan.group(some.target).size) for some in learning}
        self.values: dict[tuple[str, str], list[list[int]]] = {(name, variable): [] for name in self.learners for variable in "wtd"}

    def __call__(self, plan: LoihiPlan, step: int, fired: dict[str, list[tuple[int, int]]]) -> LoihiPlan:
        for name, learner in self.learners.items():
            third: dict[int, int] = {}
            for i, payload in fired.get(learner.rule.third_factor, []):
                third[i] = third.get(i, 0) + payload
            pre, post = ([i for i, payload in fired[group] if payload] for group in (learner.some.source, learner.some.target))
            learner.step(step, pre, post, third)
            for variable, values in learner.old.items():
                self.values[name, variable].append(values)
        synapses = tuple(
            replace(some, weight=np.array(self.learners[some.name].old["w"], np.int64)) if some.name in self.learners else some
            for some in plan.synapses
        )
        return replace(plan, synapses=synapses)

"""Processes of Lava for the parts of a plan. Runs in Lava's own environment, and on a Loihi host; needs numpy and Lava.

Lava takes arguments that it does not know without a word, so all its processes are made by :func:`made`.
"""

from __future__ import annotations

import importlib
from collections.abc import Mapping
from types import ModuleType
from typing import Any

import numpy as np

MEMBRANE = "shape u v du dv bias_mant bias_exp"
SYNAPSES = "weights num_message_bits weight_exp num_weight_bits sign_mode"
KEYWORDS: Mapping[str, str] = {
    "LIF": f"{MEMBRANE} vth",
    "LIFReset": f"{MEMBRANE} vth reset_interval reset_offset",
    "LIFRefractory": f"{MEMBRANE} vth refractory_period",
    "TernaryLIF": f"{MEMBRANE} vth_hi vth_lo",
    "ATRLIF": "shape i v delta_i delta_v delta_theta delta_r theta theta_0 theta_step bias_mant bias_exp",
    "GradedVec": "shape vth",
    "GradedReluVec": "shape vth",
    "Dense": SYNAPSES,
    "Sparse": SYNAPSES,
    "DelayDense": f"{SYNAPSES} delays",
    "DelaySparse": f"{SYNAPSES} delays",
    "LearningDense": f"{SYNAPSES} learning_rule tag_1 tag_2",
}
"""What Lava's processes read of their arguments; they take any other without a word, and leave it out."""


def own_processes(module: str = "events") -> ModuleType:
    """The processes of ours; the package was loaded by :func:`main`."""
    return importlib.import_module(f"lava_processes.{module}")


def made(process: Any, **settings: Any) -> Any:
    """A process of Lava, of arguments that it reads."""
    known = KEYWORDS[process.__name__].split()
    unknown = sorted(set(settings) - set(known))
    if unknown:
        raise ValueError(f"Lava's {process.__name__} has no {', '.join(unknown)}, and would not say so; it reads {', '.join(known)}")
    return process(**settings)


def full(values: Any, size: int, kind: type = int) -> np.ndarray:
    """(N,) values of a group."""
    return np.broadcast_to(np.asarray(values), (size,)).astype(kind)


def one_of(group: Any, name: str) -> int:
    """A parameter that Lava has once per process."""
    values = np.unique(np.asarray(getattr(group, name)))
    if len(values) != 1:
        raise ValueError(f"{group.name}: Lava has one {name} per group, got {len(values)} different ones")
    return int(values[0])


def neurons_of(group: Any, plan: Any, floating: bool) -> Any:
    """The process of a group of neurons."""
    from lava.proc.atrlif.process import ATRLIF
    from lava.proc.graded.process import GradedReluVec, GradedVec
    from lava.proc.lif.process import LIF, LIFRefractory, LIFReset, TernaryLIF

    shape, size = (group.size,), group.size
    if group.kind == "source":
        stimulus = next((s for s in plan.stimuli if s.group == group.name), None)
        steps = np.zeros(0, int) if stimulus is None else stimulus.steps
        begin = np.searchsorted(steps, np.arange(plan.steps + 1))
        return own_processes().Events(
            shape=shape,
            begin=begin,
            indices=np.zeros(0, int) if stimulus is None else stimulus.indices,
            payloads=np.zeros(0, int) if stimulus is None else stimulus.payloads,
        )
    if group.kind in ("graded", "rectified"):
        return made(GradedVec if group.kind == "graded" else GradedReluVec, shape=shape, vth=one_of(group, "vth"))
    bias, exponent = full(group.bias_mant, size), full(group.bias_exp, size)
    common: dict[str, Any] = dict(shape=shape, bias_mant=bias, bias_exp=exponent)
    start: dict[str, Any] = dict(u=full(group.u, size), v=full(group.v, size))
    du, dv, vth = full(group.du, size), full(group.dv, size), full(group.vth, size)
    if floating:
        common.update(bias_mant=np.ldexp(bias.astype(float), exponent), bias_exp=np.zeros(size, int))
        du, dv, vth = (du + 1) / 4096, dv / 4096, vth * 64.0
        start = {name: value.astype(float) for name, value in start.items()}
    if group.kind == "adaptive":
        step, first = one_of(group, "threshold_step"), one_of(group, "threshold_start")
        names = {"delta_i": "du", "delta_v": "dv", "delta_theta": "threshold_decay", "delta_r": "refractory_decay"}
        fractions = {name: one_of(group, parameter) / 4096 for name, parameter in names.items()}
        if floating:
            fractions["delta_i"] += 1 / 4096  # the model in integers adds it by itself, and shifts thresholds
            step, first = step * 64, first * 64
        return made(ATRLIF, **common, **fractions, i=start["u"], v=start["v"], theta_0=first, theta=first, theta_step=step)
    if group.kind == "ternary":
        unit = 64.0 if floating else 1
        return made(TernaryLIF, **common, **start, du=du, dv=dv, vth_hi=one_of(group, "vth") * unit, vth_lo=one_of(group, "vth_low") * unit)
    if group.reset_every:
        return made(LIFReset, **common, **start, du=du, dv=dv, vth=vth, reset_interval=group.reset_every, reset_offset=group.reset_at)
    hold = full(group.refractory, size)
    if (hold > 1).any():
        if not floating:
            raise ValueError(f"{group.name}: Lava has no neuron with a refractory time in fixed point")
        return made(LIFRefractory, **common, **start, du=du, dv=dv, vth=vth, refractory_period=int(hold[0]) - 1)
    rules = [some.learning for some in plan.synapses if some.target == group.name and some.learning is not None and some.learning.third_factor]
    if rules:
        return telling(group, rules, **common, **start, du=du, dv=dv, vth=vth)
    return made(LIF, **common, **start, du=du, dv=dv, vth=vth)


def telling(group: Any, rules: Any, **parameters: Any) -> Any:
    """Neurons that tell y1, y2 and y3 to the synapses that learn: to all the same."""
    told = {(rule.third_factor, rule.y1, rule.y2, rule.y3, rule.seed) for rule in rules}
    if len(told) > 1:
        raise ValueError(f"{group.name}: its synapses need one third factor, one set of its own traces and one seed")
    rule = rules[0]
    traces = (rule.y1, rule.y2, rule.y3)
    return own_processes("plastic").TellingLIF(
        rule=rule_of(rule), impulses=[int(t.impulse) for t in traces], taus=[t.tau for t in traces], seed=rule.seed + 4, **parameters
    )


def synapses_of(some: Any, plan: Any, floating: bool) -> Any:
    """The process of a group of synapses."""
    from lava.proc.dense.process import DelayDense, Dense, LearningDense
    from lava.proc.sparse.process import DelaySparse, Sparse
    from lava.utils.weightutils import SignMode
    from scipy.sparse import csr_matrix

    shape = (plan.group(some.target).size, plan.group(some.source).size)
    sign = {"mixed": SignMode.MIXED, "excitatory": SignMode.EXCITATORY, "inhibitory": SignMode.INHIBITORY}[some.sign]
    settings: dict[str, Any] = dict(num_message_bits=some.message_bits)
    weight = some.weight.astype(int)
    if floating:
        weight = weight * 2.0**some.weight_exp * 64
    else:
        settings.update(weight_exp=int(some.weight_exp), num_weight_bits=int(some.weight_bits), sign_mode=sign)
    delay = full(some.delay, len(some.pre))
    if some.learning is None and not some.dense and not delay.any():
        return made(Sparse, weights=csr_matrix((weight, (some.post, some.pre)), shape=shape), **settings)
    dense = np.zeros(shape, weight.dtype)
    np.add.at(dense, (some.post, some.pre), weight)
    if some.learning is not None:
        if floating:
            raise ValueError(f"{some.name}: a rule in the chip's integers means nothing in Lava's floating point; run it in fixed point")
        tags = {"tag_1": full(some.tag, len(some.pre)), "tag_2": full(some.delay_tag, len(some.pre))}
        matrices = {name: np.zeros(shape, int) for name in tags}
        for name, value in tags.items():
            matrices[name][some.post, some.pre] = value
        settings.update(weights=dense, learning_rule=rule_of(some.learning), **matrices)
        if delay.any():
            raise ValueError(f"{some.name}: Lava has no synapses that learn and have delays")
        if some.is_full(*reversed(shape)):
            return made(LearningDense, **settings)
        exists = np.zeros(shape, int)
        np.add.at(exists, (some.post, some.pre), 1)
        if exists.max() > 1:
            raise ValueError(f"{some.name}: Lava has no second synapse of a pair where synapses learn")
        return own_processes("plastic").PartialDense(exists=exists > 0, **settings)
    if not delay.any():
        return made(Dense, weights=dense, **settings)
    delays = np.zeros(shape, int)
    delays[some.post, some.pre] = delay
    if some.dense:
        return made(DelayDense, weights=dense, delays=delays, **settings)
    kept = dense != 0
    # A zero delay of a stored synapse has to be stored too: both matrices get the same places.
    places = np.nonzero(kept)
    return made(
        DelaySparse, weights=csr_matrix((dense[places], places), shape=shape), delays=csr_matrix((delays[places], places), shape=shape), **settings
    )


def rule_of(rule: Any) -> Any:
    """A learning rule in Lava's own language."""
    from lava.magma.core.learning.learning_rule import Loihi2FLearningRule, Loihi3FLearningRule

    if rule.rounding != "lava":
        raise ValueError(f"its rounding is {rule.rounding!r}; Lava has its own: aim at the profile lava-cpu-fixed")
    texts = {target: text_of(getattr(rule, target)) for target in ("dw", "dd", "dt") if getattr(rule, target)}
    names = ("x1", "x2") if rule.third_factor else ("x1", "x2", "y1", "y2", "y3")
    traces = {
        f"{name}_{what}": getattr(getattr(rule, name), what) for name in names for what in ("impulse", "tau")
    }
    made = Loihi3FLearningRule if rule.third_factor else Loihi2FLearningRule
    return made(**texts, **traces, t_epoch=rule.t_epoch, rng_seed=rule.seed)


def text_of(products: Any) -> str:
    """A sum of products as text."""
    parts = []
    for product in products:
        factors = [product.dependency, *(factor_text(factor) for factor in product.factors)]
        sign = "-" if product.mantissa < 0 else "+"
        parts.append(f"{sign} ({abs(product.mantissa)}) * 2^{product.exponent} * " + " * ".join(factors))
    return " ".join(parts).removeprefix("+ ")


def factor_text(factor: Any) -> str:
    """One factor."""
    inner = factor.name if not factor.constant else f"({factor.name}{factor.constant:+d})"
    return f"sgn{inner if factor.constant else f'({inner})'}" if factor.sign else inner

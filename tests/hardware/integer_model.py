"""The integer neuron and its synapses in plain Python integers, one at a time: what the emulator is measured against everywhere."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable

import numpy as np

from neurosim.hardware.loihi.plan import LoihiPlan


def truncated(x: int, k: int) -> int:
    """sign(x) floor(abs(x) k / 4096)."""
    size = abs(x) * k // 4096
    return size if x >= 0 else -size


def int32(x: int) -> int:
    """The number that 32 bits hold."""
    return (x + 2**31) % 2**32 - 2**31


def turned(x: int) -> int:
    """One turn into the range of u."""
    once = x - 2**24 if x > 2**23 else x
    return x + 2**24 if once <= -(2**23) else once


Learn = Callable[[LoihiPlan, int, dict[str, list[tuple[int, int]]]], LoihiPlan]
"""The plan with the weights after a step, of (plan, step, who fired with which payload)."""


def run(plan: LoihiPlan, learn: Learn | None = None) -> dict[str, dict[str, np.ndarray]]:
    """Group -> 'spikes' (T, N) payloads, 'u', 'v' (T, N) after each step."""
    at = {g.name: {name: np.broadcast_to(np.asarray(getattr(g, name)), (g.size,)).tolist() for name in VALUES} for g in plan.neurons}
    state = {g.name: {"u": list(at[g.name]["u"]), "v": list(at[g.name]["v"]), "free": [0] * g.size} for g in plan.neurons}
    for g in plan.neurons:
        state[g.name]["theta"] = [64 * x for x in at[g.name]["threshold_start"]]
        state[g.name]["r"] = [0] * g.size
    record = {g.name: {name: np.zeros((plan.steps, g.size), np.int64) for name in ("spikes", "u", "v")} for g in plan.neurons}
    coming: dict[tuple[int, str], dict[int, int]] = defaultdict(lambda: defaultdict(int))
    events = defaultdict(list)
    for stimulus in plan.stimuli:
        for step, index, payload in zip(stimulus.steps.tolist(), stimulus.indices.tolist(), stimulus.payloads.tolist()):
            events[stimulus.group, step].append((index, payload))
    for step in range(plan.steps):
        fired: dict[str, list[tuple[int, int]]] = {}
        for g in plan.neurons:
            if g.kind == "source":
                fired[g.name] = events[g.name, step]
            else:
                arriving = coming.pop((step, g.name), {})
                if g.reset_every and (step + 1) % g.reset_every == g.reset_at % g.reset_every:
                    state[g.name]["u"], state[g.name]["v"] = [0] * g.size, [0] * g.size
                fired[g.name] = []
                for i in range(g.size):
                    payload = advance(g.kind, {name: values[i] for name, values in at[g.name].items()}, state[g.name], i, arriving.get(i, 0), step)
                    if payload:
                        fired[g.name].append((i, payload))
                record[g.name]["u"][step], record[g.name]["v"][step] = state[g.name]["u"], state[g.name]["v"]
            for i, payload in fired[g.name]:
                record[g.name]["spikes"][step, i] += payload
        deliver(plan, fired, coming, step)
        plan = plan if learn is None else learn(plan, step, fired)
    return record


VALUES = (
    *("du", "dv", "vth", "vth_low", "bias_mant", "bias_exp", "refractory", "u", "v"),
    *("threshold_start", "threshold_step", "threshold_decay", "refractory_decay"),
)


def advance(kind: str, p: dict[str, int], state: dict[str, list[int]], i: int, arriving: int, step: int) -> int:
    """One neuron, one step: the payload that it sends, 0 if it does not fire."""
    if kind in ("graded", "rectified"):
        x = int32(state["v"][i] + arriving)
        state["v"][i] = 0
        return x if (x > p["vth"] or (kind == "graded" and int32(-x) > p["vth"])) else 0
    bias = p["bias_mant"] << p["bias_exp"] if p["bias_exp"] >= 0 else p["bias_mant"] >> -p["bias_exp"]
    u = turned(int32(truncated(state["u"][i], 4096 - (p["du"] + 1)) + int32(arriving << 6)))
    state["u"][i] = u
    v = max(-(2**23) + 1, min(2**23 - 1, int32(truncated(state["v"][i], 4096 - p["dv"]) + u + bias)))
    if kind == "adaptive":
        start = 64 * p["threshold_start"]
        state["v"][i] = v
        state["theta"][i] = truncated(state["theta"][i] - start, 4096 - p["threshold_decay"]) + start
        state["r"][i] = truncated(state["r"][i], 4096 - p["refractory_decay"])
        if v - state["r"][i] < state["theta"][i]:
            return 0
        state["r"][i] += 2 * state["theta"][i]
        state["theta"][i] += 64 * p["threshold_step"]
        return 1
    if kind == "ternary":
        sign = (v > 64 * p["vth"]) - (v < 64 * p["vth_low"])
        state["v"][i] = 0 if v > 64 * p["vth"] or v < 64 * p["vth_low"] else v
        return sign
    if step < state["free"][i]:
        return 0
    fires = v > 64 * p["vth"]
    state["v"][i] = 0 if fires else v
    if fires:
        state["free"][i] = step + p["refractory"]
    return int(fires)


def deliver(plan: LoihiPlan, fired: dict[str, list[tuple[int, int]]], coming: dict[tuple[int, str], dict[int, int]], step: int) -> None:
    """Sums of weights by target and delay, shifted as a whole."""
    for some in plan.synapses:
        payloads = defaultdict(int)
        for i, payload in fired[some.source]:
            payloads[i] += payload if some.message_bits else 1
        delays = np.broadcast_to(np.asarray(some.delay), (len(some),)).tolist()
        sums: dict[tuple[int, int], int] = defaultdict(int)
        for pre, post, weight, delay in zip(some.pre.tolist(), some.post.tolist(), some.weight.tolist(), delays):
            if pre in payloads:
                sums[delay, post] += weight * payloads[pre]
        for (delay, post), total in sums.items():
            shifted = total << some.weight_exp if some.weight_exp >= 0 else int32(total) >> -some.weight_exp
            coming[step + 1 + delay, some.target][post] = int32(coming[step + 1 + delay, some.target][post] + shifted)

"""Which sums are exact: weights on a grid of powers of two, whole payloads, and few enough arrivals for 53 bits.

A port starts each step at zero and adds multiples of the smallest ``quantum`` of the pathways that lead into it. While every
partial sum stays below 2**53 of these units nothing is rounded, so the sum does not depend on the order of arrivals, on
threads or on the engine. Elsewhere the canonical order of phase 4 decides.
"""

from __future__ import annotations

import math
from collections.abc import Iterator

import numpy as np

from neurosim.equations.tree import Expr, Num, Op, Sym
from neurosim.ir.program import Block, Pathway, Program, Sampled, Source, Value, Weights, Wiring, plastic_weights

MANTISSA = 2.0**53
FAR_NORMAL = 8.3
"""No normal number drawn from 53 bits is further from the mean than this many standard deviations."""
FAR_EXPONENTIAL = 37.5
"""No exponential number drawn from 53 bits exceeds this multiple of its mean."""


def exact_sums(program: Program) -> frozenset[tuple[str, str]]:
    """(block, port or state) whose additions in phase 4 are exact whatever their order.

    Returns
    -------
    frozenset of (str, str)
        Only targets that some pathway adds to.
    """
    plastic = plastic_weights(program)
    into: dict[tuple[str, str], list[Pathway]] = {}
    inexact = set()
    for pathway in program.pathways:
        for name in _added_by_rules(pathway):
            inexact.add((pathway.target, name))
        for statement in pathway.deliver:
            if statement.target.endswith("_post"):
                into.setdefault((pathway.target, statement.target.removesuffix("_post")), []).append(pathway)
    exact = set()
    for target, pathways in into.items():
        terms = [_terms(program, pathway, target[1], plastic) for pathway in pathways]
        if target not in inexact and all(term is not None for term in terms):
            known = [term for term in terms if term is not None and term[0] > 0.0]
            smallest = min((quantum for _, quantum in known), default=1.0)
            if sum(largest for largest, _ in known) / smallest < MANTISSA:
                exact.add(target)
    return frozenset(exact)


def magnitude(values: Value | Sampled) -> float:
    """A bound on the absolute value of a number, an array or a recipe; infinite where there is none.

    Examples
    --------
    >>> magnitude(np.array([1.0, -3.0]))
    3.0
    >>> magnitude(Sampled("normal", -4.0, 0.1, stream=1))
    4.83
    """
    if not isinstance(values, Sampled):
        return float(np.max(np.abs(values), initial=0.0))
    low, high = _range(values)
    if values.bounds != "none":
        low, high = max(low, values.low), min(high, values.high)
    # A bound that clips may lie beyond what is drawn, and then nothing lies between the two.
    low, high = max(min(low, values.most), values.least), min(max(high, values.least), values.most)
    return max(abs(low), abs(high))


def _range(recipe: Sampled) -> tuple[float, float]:
    if recipe.kind == "uniform":
        return recipe.a, recipe.b
    if recipe.kind == "normal":
        return recipe.a - FAR_NORMAL * abs(recipe.b), recipe.a + FAR_NORMAL * abs(recipe.b)
    if recipe.kind == "lognormal":
        return 0.0, math.exp(recipe.a + FAR_NORMAL * abs(recipe.b))
    if recipe.kind == "exponential":
        return 0.0, FAR_EXPONENTIAL * recipe.a
    if recipe.kind == "gamma":
        d = (recipe.a if recipe.a >= 1.0 else recipe.a + 1.0) - 1.0 / 3.0  # see neurosim.ir.random.gamma
        return 0.0, d * (1.0 + FAR_NORMAL / math.sqrt(9.0 * d)) ** 3 * recipe.b
    return -math.inf, math.inf


def _added_by_rules(pathway: Pathway) -> Iterator[str]:
    for rule in pathway.rules:
        for statement in rule.statements:
            if statement.target.endswith("_post"):
                yield statement.target.removesuffix("_post")


def _terms(program: Program, pathway: Pathway, name: str, plastic: frozenset[str]) -> tuple[float, float] | None:
    """(largest sum of absolute arrivals, quantum) of a pathway into one target; None where terms are not on a grid."""
    if pathway.signal is not None or not pathway.weights or pathway.weights in plastic:
        return None
    weights = program.part(pathway.weights)
    factor = math.frexp(abs(pathway.factor))[0]
    if not isinstance(weights, Weights) or not weights.quantum or factor != 0.5:
        return None
    statements = [statement for statement in pathway.deliver if statement.target == f"{name}_post"]
    payload = _largest_payload(program, pathway.source)
    largest = 0.0
    for statement in statements:
        if statement.op not in ("+=", "-=") or payload is None or not _is_weight_times_payload(statement.expr):
            return None
        largest += magnitude(weights.values) * payload
    scale = abs(pathway.factor)
    return largest * scale * in_degree_bound(pathway.wiring), weights.quantum * scale


def _is_weight_times_payload(expr: Expr) -> bool:
    if isinstance(expr, Op) and expr.op == "*":
        return {argument.name for argument in expr.args if isinstance(argument, Sym)} == {"w", "value"}
    return expr == Sym("w")


def _largest_payload(program: Program, name: str) -> float | None:
    """The largest absolute payload of a source whose payloads are whole numbers, else None."""
    source = program.part(name)
    if isinstance(source, Block):
        payload = None if source.spike is None else source.spike.payload
        return abs(payload.value) if isinstance(payload, Num) and payload.value.is_integer() else None
    if not isinstance(source, Source):
        return None
    if source.kind == "poisson":
        planned = [assign.value for phase in program.plan for assign in phase.assign if assign.part == name]
        rates = [source.rate, *planned]
        if not all(isinstance(rate, (int, float, np.ndarray)) for rate in rates):
            return None
        mean = max(float(np.max(rate, initial=0.0)) for rate in rates if isinstance(rate, (int, float, np.ndarray))) * program.dt
        return mean + 20.0 * math.sqrt(mean) + 100.0  # 32 bits reach 6.4 standard deviations
    if source.kind == "spikes":
        payloads = np.ones(1) if source.payloads is None else source.payloads
        return float(np.max(np.abs(payloads), initial=0.0)) if np.all(payloads == np.rint(payloads)) else None
    return None


def in_degree_bound(wiring: Wiring) -> float:
    """No target has more edges than this; where sources draw their targets, with probability 1 - 1e-40 (Chernoff's bound)."""
    if wiring.kind == "one_to_one":
        return 1.0
    if wiring.kind == "fixed_indegree":
        return float(wiring.number)
    if wiring.kind == "pairs":
        return float(np.max(np.bincount(wiring.post), initial=0)) if wiring.post is not None else 0.0
    drawn = {"fixed_total_number": wiring.number, "fixed_outdegree": wiring.number * wiring.sources}.get(wiring.kind)
    if drawn is None or not wiring.multapses:
        return float(wiring.sources)
    mean = drawn / max(wiring.targets, 1)
    return min(float(drawn), mean + 20.0 * math.sqrt(mean) + 100.0)

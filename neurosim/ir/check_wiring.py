"""Rules of wiring recipes: sizes, kinds and numbers. Each function notes what it finds."""

from __future__ import annotations

import numpy as np

from neurosim.errors import Findings, did_you_mean
from neurosim.ir.check_parts import check_expression
from neurosim.ir.program import Block, Pathway, Source, Wiring

WIRING_KINDS = (
    "all_to_all",
    "one_to_one",
    "fixed_probability",
    "fixed_indegree",
    "fixed_outdegree",
    "fixed_total_number",
    "pairs",
    "distance_dependent",
    "small_world",
)


def check_wiring(findings: Findings, where: str, pathway: Pathway, source: Block | Source, target: Block) -> None:
    """Sizes, kind and numbers of the recipe."""
    wiring = pathway.wiring
    if (wiring.sources, wiring.targets) != (source.size, target.size):
        findings.add(
            where,
            f"wired from {wiring.sources} to {wiring.targets}, but {source.name!r} has {source.size} and {target.name!r} has {target.size}",
        )
    if wiring.kind not in WIRING_KINDS:
        findings.add(where, f"wiring is of kind {wiring.kind!r}{did_you_mean(wiring.kind, WIRING_KINDS)}")
    elif wiring.kind == "one_to_one" and wiring.sources != wiring.targets:
        findings.add(where, f"one_to_one needs equal sizes, got {wiring.sources} and {wiring.targets}")
    elif not 0.0 <= wiring.probability <= 1.0:
        findings.add(where, f"probability must lie in [0, 1], got {wiring.probability}")
    elif wiring.number < 0:
        findings.add(where, f"number must not be negative, got {wiring.number}")
    elif wiring.kind == "pairs":
        check_pairs(findings, where, wiring)
    elif wiring.kind == "distance_dependent":
        check_places(findings, where, wiring)
    elif wiring.kind == "small_world":
        check_ring(findings, where, wiring)
    elif not wiring.multapses and wiring.number > most_partners(wiring):
        findings.add(where, f"{wiring.number} different partners are asked for, there are {most_partners(wiring)}")


def most_partners(wiring: Wiring) -> int:
    """How many different partners there are to choose from."""
    own = 1 if wiring.same and not wiring.autapses else 0
    pairs = wiring.sources * (wiring.targets - own)
    known = {"fixed_indegree": wiring.sources - own, "fixed_outdegree": wiring.targets - own, "fixed_total_number": pairs}
    return known.get(wiring.kind, wiring.number)


def check_pairs(findings: Findings, where: str, wiring: Wiring) -> None:
    """Given pairs are in range and in canonical order."""
    if wiring.pre is None or wiring.post is None or np.shape(wiring.pre) != np.shape(wiring.post) or np.ndim(wiring.pre) != 1:
        findings.add(where, "pairs need two lists of the same length")
        return
    pre, post = np.asarray(wiring.pre), np.asarray(wiring.post)
    if pre.dtype.kind not in "iu" or post.dtype.kind not in "iu":
        findings.add(where, f"pairs must be whole numbers, got {pre.dtype} and {post.dtype}")
    elif len(pre) and (min(pre.min(), post.min()) < 0 or pre.max() >= wiring.sources or post.max() >= wiring.targets):
        findings.add(where, f"pairs must lie in 0 ... {wiring.sources - 1} and 0 ... {wiring.targets - 1}")
    elif (np.diff(pre) < 0).any() or ((np.diff(pre) == 0) & (np.diff(post) < 0)).any():
        findings.add(where, "pairs must be sorted by source, then target")


def check_places(findings: Findings, where: str, wiring: Wiring) -> None:
    """A place for each neuron, a kernel of distance, a period that repeats."""
    for name, places, size in (("source_at", wiring.source_at, wiring.sources), ("target_at", wiring.target_at, wiring.targets)):
        array = np.zeros(0) if places is None else np.asarray(places)
        if array.shape != (size, 2):
            findings.add(where, f"{name} has the shape {array.shape}, expected ({size}, 2)")
        elif array.dtype.kind not in "fiu" or not np.isfinite(array).all():
            findings.add(where, f"{name} must be finite numbers")
    if wiring.period is not None and (len(wiring.period) != 2 or not all(0.0 < length < np.inf for length in wiring.period)):
        findings.add(where, f"period must be two positive lengths, got {wiring.period}")
    if wiring.kernel is not None:
        check_expression(findings, f"{where}, kernel", wiring.kernel, frozenset(("distance", "dx", "dy")))


def check_ring(findings: Findings, where: str, wiring: Wiring) -> None:
    """Neighbours on both sides, all of them different neurons."""
    if wiring.sources != wiring.targets:
        findings.add(where, f"small_world needs equal sizes, got {wiring.sources} and {wiring.targets}")
    elif wiring.number % 2 or wiring.number >= wiring.sources:
        findings.add(where, f"{wiring.number} neighbours on a ring of {wiring.sources}: it must be an even number below that")

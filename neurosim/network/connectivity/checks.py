"""Whether a rule of connectivity can be followed between populations of given sizes."""

from __future__ import annotations

import numpy as np

from ...errors import Findings
from ..values import add_with_hint
from .rule import Connectivity


def check_connectivity(
    findings: Findings, where: str, connectivity: Connectivity, sources: int, targets: int, same: bool
) -> bool:
    """The rule can be followed with populations of these sizes."""
    before = len(findings)
    kind, number = connectivity.kind, connectivity.number
    left_out = 1 if same and not connectivity.autapses else 0
    if kind == "one_to_one" and sources != targets:
        findings.add(where, f"one_to_one() needs populations of the same size, got {sources} and {targets}.")
    _check_shape(findings, where, connectivity, sources, targets)
    _check_positions(findings, where, connectivity, sources, targets)
    if kind == "small_world":
        _check_ring(findings, where, number, sources, targets)
    for name, indices, size in (("pre", connectivity.pre, sources), ("post", connectivity.post, targets)):
        if connectivity.shape is None and indices is not None and np.any(indices >= size):
            findings.add(where, f"{name} must hold numbers from 0 to {size - 1}, got {int(np.max(indices))}.")
    for wanted, available, who in (("fixed_indegree", sources, "sources"), ("fixed_outdegree", targets, "targets")):
        if kind != wanted or number == 0:
            continue
        if not connectivity.multapses and number > available - left_out:
            findings.add(
                where,
                f"{number} different {who} cannot be chosen among {available - left_out}: lower the number, or allow "
                "several synapses for a pair with multapses=True.",
            )
        elif available - left_out < 1:
            findings.add(where, f"there is nobody to choose among: 1 neuron and autapses=False leave no {who}.")
    if kind == "fixed_total_number":
        pairs = sources * targets - sources * left_out
        if (not connectivity.multapses and number > pairs) or (number > 0 and pairs == 0):
            findings.add(where, f"{number} different pairs cannot be chosen among {pairs}: lower the number or allow multapses.")
    return len(findings) == before


def _check_shape(findings: Findings, where: str, connectivity: Connectivity, sources: int, targets: int) -> None:
    """A matrix, or a convolution, is for as many sources and targets as there are."""
    shape = connectivity.shape
    if shape is None or shape == (sources, targets):
        return
    if connectivity.features is not None:
        features = " x ".join(map(str, connectivity.features))
        message = f"this convolution goes from {shape[0]} pixels and channels to {features} = {shape[1]} features, "
        findings.add(where, message + f"got {sources} sources and {targets} targets.")
        return
    message = f"the matrix must have the shape (sources, targets) = ({sources}, {targets}), got {shape}."
    turned = shape == (targets, sources)
    add_with_hint(findings, where, message, "Transpose it: matrix[i, j] is the weight from i to j." if turned else "")


def _check_positions(findings: Findings, where: str, connectivity: Connectivity, sources: int, targets: int) -> None:
    """There is a place for each neuron."""
    space = connectivity.space
    if space is None:
        return
    for who, places, size in (("sources", space.sources, sources), ("targets", space.targets, targets)):
        if places.size != size:
            advice = " Give targets=... too." if space.sources is space.targets and who == "targets" else ""
            findings.add(where, f"there are {places.size} positions for {size} {who}.{advice}")


def _check_ring(findings: Findings, where: str, number: int, sources: int, targets: int) -> None:
    """Neighbours on a ring are different neurons."""
    if sources != targets:
        findings.add(where, f"small_world() needs populations of the same size, got {sources} and {targets}.")
    elif number >= sources:
        findings.add(where, f"{number} neighbours on a ring need more than {number} neurons, got {sources}.")

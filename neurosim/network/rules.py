"""Rules that a projection obeys, one function each; what they find is reported together."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Protocol

import numpy as np

from ..equations import ParsedStatement, names
from ..equations.dimensions import Scope, check_statements, dimension_of, resolve_weight
from ..errors import Findings, NeurosimError, UnitError, did_you_mean
from ..units import DIMENSIONLESS, TIME, WEIGHT, Dimension, describe_dimension, usual_unit
from .connectivity import Connectivity
from .delivery import VALUE_NAME, WEIGHT_NAME, states_of
from .distributions import Distribution
from .plasticity import Plasticity
from .population import Population
from .synapses import INTO, SynapseModel
from .values import FloatArray, add_with_hint, check_positive, check_scalar, inner_or_none, shown

DRAWN_COUNT = "the number of synapses is known only when they are drawn"


def check_into(findings: Findings, where: str, target: Population, into: str) -> Dimension | None:
    """``into`` names a port or a state of the target; its dimension, or None."""
    model = target.model
    variable = model.variables.get(into)
    if variable is not None and variable.kind in ("port", "state"):
        return variable.dimension
    ports, states = model.of_kind("port"), model.of_kind("state")
    near = did_you_mean(into, (*ports, *states))
    what = f"a {variable.kind}" if variable else "not a name"
    message = f"into='{into}' is {what} of '{target.name}'; it must be a port or a state" + (near if "did you mean" in near else ".")
    choices = [f"{kind}: {', '.join(names)}" for kind, names in (("ports", ports), ("states", states)) if names]
    add_with_hint(findings, where, message, f"'{target.name}' has {'; '.join(choices)}" if choices else "It has neither ports nor states.")
    return None


def check_connectivity(
    findings: Findings, where: str, connectivity: Connectivity, sources: int, targets: int, same: bool
) -> bool:
    """The rule can be followed with populations of these sizes."""
    before = len(findings)
    kind, number = connectivity.kind, connectivity.number
    left_out = 1 if same and not connectivity.autapses else 0
    if kind == "one_to_one" and sources != targets:
        findings.add(where, f"one_to_one() needs populations of the same size, got {sources} and {targets}.")
    if connectivity.shape is not None and connectivity.shape != (sources, targets):
        message = f"the matrix must have the shape (sources, targets) = ({sources}, {targets}), got {connectivity.shape}."
        turned = connectivity.shape == (targets, sources)
        add_with_hint(findings, where, message, "Transpose it: matrix[i, j] is the weight from i to j." if turned else "")
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


class Synapses(Protocol):
    """What the rules below read of a projection."""

    @property
    def where(self) -> str: ...
    @property
    def into(self) -> str: ...
    @property
    def target(self) -> Population: ...
    @property
    def connectivity(self) -> Connectivity: ...
    @property
    def weight(self) -> Any: ...
    @property
    def delay(self) -> Any: ...
    @property
    def bounds(self) -> tuple[Any, Any] | None: ...
    @property
    def model(self) -> SynapseModel: ...
    @property
    def plasticity(self) -> Plasticity | None: ...
    @property
    def weight_dimension(self) -> Dimension: ...
    @property
    def carries(self) -> Dimension: ...
    @property
    def has_weights(self) -> bool: ...
    @property
    def given_weight(self) -> Any: ...
    @property
    def ends(self) -> Mapping[str, Dimension]: ...
    @property
    def sizes(self) -> tuple[int, int]: ...

    def edge_count(self) -> int | None: ...
    def delivery(self) -> tuple[ParsedStatement, ...]: ...


class Edges(Protocol):
    """What a projection must show to share its weights."""

    @property
    def name(self) -> str: ...
    @property
    def connectivity(self) -> Connectivity: ...
    @property
    def sizes(self) -> tuple[int, int]: ...

    def edge_count(self) -> int | None: ...


def check_same_synapses(findings: Findings, where: str, mine: Edges, other: Edges) -> None:
    """Entry e of the weights belongs to synapse e of both, which is known where synapses are not drawn."""
    if any(side.connectivity.kind.startswith("fixed_") for side in (mine, other)):
        findings.add(
            where,
            f"shares weights with '{other.name}', which needs synapses that are not drawn at random: all_to_all(), "
            "one_to_one() or pairs(...).",
        )
    elif mine.edge_count() != other.edge_count():
        findings.add(
            where, f"has {mine.edge_count()} synapses and '{other.name}', whose weights it shares, has {other.edge_count()}."
        )


def check_transposed_synapses(findings: Findings, where: str, mine: Edges, other: Edges) -> None:
    """The synapse from i to j uses the weight of the one from j to i."""
    if any(side.connectivity.kind != "all_to_all" or not side.connectivity.autapses for side in (mine, other)):
        findings.add(where, f"transpose_of needs all_to_all(), here and in '{other.name}'.")
    elif mine.sizes != other.sizes[::-1]:
        findings.add(
            where,
            f"has {mine.sizes[0]} sources and {mine.sizes[1]} targets; to use the transpose of '{other.name}' it needs "
            f"{other.sizes[1]} and {other.sizes[0]}.",
        )


def synapse_scope(synapses: Synapses, weight: Dimension) -> Scope:
    """What the names of a synapse model's statements mean, for a weight of this dimension."""
    own = dict(synapses.model.parsed.dimensions)
    known: dict[str, Dimension | None] = {**own, **synapses.ends, VALUE_NAME: synapses.carries}
    if synapses.has_weights:
        known[WEIGHT_NAME] = weight
    return Scope(known, synapses.model.on_arrival, synapses.model.parsed.units)


def find_weight_dimension(findings: Findings, synapses: Synapses, wanted: Dimension) -> Dimension | None:
    """The dimension of ``w`` that makes what is added fit the port or state; None when nothing does."""
    scope = synapse_scope(synapses, WEIGHT)
    found: Dimension | None = None
    for statement in synapses.delivery():
        if statement.target != f"{synapses.into}_post":
            continue
        if statement.op not in ("+=", "-="):
            findings.add(synapses.where, f"'{INTO} {statement.op} ...': an arrival can only be added, with += or -=.")
            return None
        try:
            added = dimension_of(statement.expr, scope)
        except NeurosimError as error:
            findings.add_error(_moved(error, synapses.where))
            return None
        if added is None:
            continue
        if not added.weight:
            if added != wanted:
                _add_misfit(findings, synapses, added, wanted)
                return None
            continue
        # added = rest * w**k: what w must be so that the two are equal.
        needed = (wanted / (added / WEIGHT**added.weight)) ** (1 / added.weight)
        if found is not None and needed != found:
            findings.add(synapses.where, f"'{synapses.model.on_arrival}' needs w in two different units.")
            return None
        found = needed
    return DIMENSIONLESS if found is None else found


def _add_misfit(findings: Findings, synapses: Synapses, added: Dimension, wanted: Dimension) -> None:
    needs = f"into='{synapses.into}' needs {describe_dimension(wanted)}, what arrives is {describe_dimension(added)}."
    advice = "" if synapses.has_weights else f"Give weight=..., in {usual_unit(wanted / added)}."
    add_with_hint(findings, synapses.where, needs, advice)


def check_statements_of_synapse(findings: Findings, synapses: Synapses) -> None:
    """Statements of arrival use known names, change own states only, and their units fit."""
    writable = states_of(synapses.model.variables) | {f"{synapses.into}_post"}
    scope = synapse_scope(synapses, synapses.weight_dimension)
    try:
        check_statements(synapses.delivery(), scope, writable)
    except NeurosimError as error:
        for part in error.parts or (error,):
            findings.add_error(_moved(part, synapses.where))


def check_learning(findings: Findings, synapses: Synapses) -> None:
    """The learning rule: there is a weight to learn, names are known at both ends, units fit, ports are only added to."""
    rule = synapses.plasticity
    if rule is None:
        return
    where = synapses.where
    if not synapses.has_weights:
        findings.add(where, "there is a learning rule, but no weight that it could change: give weight=...")
        return
    shared = sorted(set(rule.variables) & set(synapses.model.variables))
    if shared:
        findings.add(where, f"{', '.join(shared)} is a name of the synapse and of the learning rule: rename one of the two.")
        return
    weight = synapses.weight_dimension
    own = {name: resolve_weight(dimension, weight) for name, dimension in rule.parsed.dimensions.items()}
    known: dict[str, Dimension | None] = {**synapses.model.parsed.dimensions, **own, **synapses.ends}
    known.update({WEIGHT_NAME: weight, "weight": weight})
    ports = {f"{name}_post" for name in synapses.target.model.of_kind("port")}
    writable = states_of(rule.variables) | states_of(synapses.model.variables) | ports | {WEIGHT_NAME}
    for name, text, statements in rule.statements():
        scope = Scope({**known, **({VALUE_NAME: synapses.carries} if name == "on_pre" else {})}, text, rule.parsed.units)
        for statement in statements:
            if statement.target in ports and statement.op not in ("+=", "-="):
                findings.add(where, f"{name}: '{statement.target} {statement.op} ...': a port can only be added to.")
        try:
            check_statements(statements, scope, writable)
        except NeurosimError as error:
            for part in error.parts or (error,):
                findings.add_error(_moved(part, where, f"{name}: "))


def check_rule_values(findings: Findings, synapses: Synapses, rule: SynapseModel | Plasticity, fits: bool) -> None:
    """Parameters and initial states of synapse or rule: all there, in the unit of the weight, one or one per synapse."""
    where, count = synapses.where, synapses.edge_count()
    for name, variable in rule.variables.items():
        if variable.kind == "parameter" and name not in rule.values:
            findings.add(where, f"{name} of {rule.where} needs a value: .with_values({name}=...) ({variable.described()}).")
        if name not in rule.values:
            continue
        value = rule.values[name]
        wanted = resolve_weight(variable.dimension, synapses.weight_dimension)
        if isinstance(value, Distribution):
            if value.dimension != wanted:
                findings.add(where, f"{name} of {rule.where} needs {describe_dimension(wanted)}, got {value}.")
            continue
        inner = inner_or_none(findings, value, wanted, where, f"{name} of {rule.where}")
        if inner is not None and inner.ndim and fits:
            _check_per_edge(findings, where, f"{name} of {rule.where}", inner, count)


def check_weight(findings: Findings, synapses: Synapses, fits: bool) -> None:
    """The weight has the unit that the port or state needs, and one number for all or for each synapse."""
    where, dimension = synapses.where, synapses.weight_dimension
    value = synapses.given_weight
    if value is None:
        if any(WEIGHT_NAME in names(statement.expr) for statement in synapses.delivery()):
            findings.add(where, f"the synapse uses a weight ('{synapses.model.on_arrival}'): give weight=...")
        return
    name = "weight"
    if isinstance(value, Distribution):
        if value.dimension != dimension:
            error = UnitError(f"{name} needs {describe_dimension(dimension)}, got {value}")
            findings.add_error(_explained(error, synapses))
        return
    attempt = Findings()
    inner = inner_or_none(attempt, value, dimension, where, name)
    if inner is None:
        try:
            attempt.raise_if_any(UnitError, where)
        except NeurosimError as error:
            findings.add_error(_explained(error, synapses))
        return
    if inner.ndim == 0 or not fits or synapses.weight is None:
        return
    if inner.ndim == 2 and synapses.connectivity.kind == "all_to_all":
        if inner.shape != synapses.sizes:
            findings.add(where, f"weight must have the shape (sources, targets) = {synapses.sizes}, got {inner.shape}.")
        elif synapses.edge_count() != inner.size:
            findings.add(where, "weight as a matrix needs all pairs: use all_to_all() with autapses.")
        return
    _check_per_edge(findings, where, name, inner, synapses.edge_count())


def check_bounds(findings: Findings, synapses: Synapses) -> None:
    """Bounds are a pair in order, of the unit of the weight, around the initial weights."""
    if synapses.bounds is None:
        return
    where, dimension = synapses.where, synapses.weight_dimension
    if not synapses.has_weights:
        findings.add(where, "bounds are given, but there is no weight: give weight=...")
        return
    try:
        low, high = synapses.bounds
    except (TypeError, ValueError):
        findings.add(where, f"bounds must be a pair (low, high), got {shown(synapses.bounds)}.")
        return
    ends = [
        limit if value is None else check_scalar(findings, value, dimension, where, name)
        for name, value, limit in (("low bound", low, -np.inf), ("high bound", high, np.inf))
    ]
    if ends[0] is None or ends[1] is None:
        return
    if ends[0] > ends[1]:
        findings.add(where, f"the low bound {shown(low)} is above the high bound {shown(high)}.")
        return
    least, most = _range_of(synapses.given_weight, dimension)
    if least < ends[0] or most > ends[1]:
        findings.add(where, f"initial weights lie outside the bounds ({shown(low)}, {shown(high)}): {shown(synapses.given_weight)}.")


def _range_of(value: Any, dimension: Dimension) -> tuple[float, float]:
    """Least and largest weight; of a distribution only where both are finite, its rare tails are clipped."""
    if isinstance(value, Distribution):
        low, high = value.limits()
        return (low, high) if np.isfinite(low) and np.isfinite(high) and value.dimension == dimension else (np.inf, -np.inf)
    inner = inner_or_none(Findings(), value, dimension, "", "")
    return (np.inf, -np.inf) if inner is None or not inner.size else (float(np.min(inner)), float(np.max(inner)))


def check_delay(findings: Findings, synapses: Synapses, fits: bool) -> None:
    """A time that is not negative, one for all or one for each synapse."""
    where, value = synapses.where, synapses.delay
    if isinstance(value, Distribution):
        if value.dimension != TIME:
            findings.add(where, f"delay needs a time, got {value}.")
        elif value.limits()[0] < 0:
            findings.add(where, f"delay must not be negative, but {value} may draw negative times. Give low=0*ms or more.")
        return
    inner = inner_or_none(findings, value, TIME, where, "delay")
    if inner is None:
        return
    check_positive(findings, value, TIME, inner, where, "delay", zero=True)
    if inner.ndim and fits:
        _check_per_edge(findings, where, "delay", inner, synapses.edge_count())


def _check_per_edge(findings: Findings, where: str, name: str, inner: FloatArray, count: int | None) -> None:
    if count is None:
        message = f"{name} cannot be an array here: {DRAWN_COUNT}."
        add_with_hint(findings, where, message, "Give one value or a distribution, or list the synapses with pairs(...).")
    elif inner.shape != (count,):
        got = f"{len(inner)} values" if inner.ndim == 1 else f"an array of shape {inner.shape}"
        findings.add(where, f"{name} must be one value or {count} values (one for each synapse), got {got}.")


def _explained(error: NeurosimError, synapses: Synapses) -> NeurosimError:
    """An error about the unit of the weight, with the reason for the unit."""
    into = synapses.target.model.variables[synapses.into]
    reason = f"It is added to the {into.kind} {synapses.into} of '{synapses.target.name}', in {into.unit}."
    return type(error)(error.message, where=synapses.where, hint=reason)


def _moved(error: NeurosimError, where: str, prefix: str = "") -> NeurosimError:
    return type(error)(prefix + error.message, error.source, error.span, where=where, hint=error.hint)

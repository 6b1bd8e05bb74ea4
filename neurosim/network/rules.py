"""Rules that a projection obeys, one function each; what they find is reported together."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Protocol

import numpy as np

from ..equations import ParsedStatement, names
from ..equations.dimensions import Scope, check_statements, dimension_of, resolve_weight
from ..errors import Findings, NeurosimError, UnitError, did_you_mean
from ..units import DIMENSIONLESS, TIME, WEIGHT, Dimension, describe_dimension, usual_unit
from .connectivity import ByDistance, Connectivity
from .delivery import VALUE_NAME, WEIGHT_NAME, of_target, states_of
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
    def statement_lists(self) -> tuple[tuple[str, str, tuple[ParsedStatement, ...]], ...]: ...


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
    if any(side.connectivity.is_drawn for side in (mine, other)):
        findings.add(
            where,
            f"shares weights with '{other.name}', which needs synapses that are not drawn at random: all_to_all(), "
            "one_to_one() or pairs(...).",
        )
    elif mine.connectivity.kernel_shape != other.connectivity.kernel_shape:
        findings.add(where, f"shares weights with '{other.name}', which needs two convolutions with kernels of one shape, or none.")
    elif mine.connectivity.kernel_shape is None and mine.edge_count() != other.edge_count():
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


def check_conduction(findings: Findings, synapses: Synapses) -> None:
    """What a synapse adds in every step goes into a port: an addition to a state is for arrivals."""
    variable = synapses.target.model.variables.get(synapses.into)
    if variable is None or variable.kind != "state" or all(s.target != INTO for s in synapses.model.step_statements):
        return
    ports = synapses.target.model.of_kind("port")
    add_with_hint(
        findings,
        synapses.where,
        f"{synapses.model.where} adds to 'into' in every step (on_step), which only a port takes; {synapses.into} is a state of "
        f"'{synapses.target.name}'.",
        f"Ports of '{synapses.target.name}': {', '.join(ports)}." if ports else f"Declare one there, as in 'drive : {variable.unit} (port)'.",
    )


def synapse_scope(synapses: Synapses, weight: Dimension, name: str, text: str) -> Scope:
    """What the names of a list of a synapse model's statements mean, for a weight of this dimension."""
    own = dict(synapses.model.parsed.dimensions)
    arriving = {VALUE_NAME: synapses.carries} if name == "on_arrival" else {}
    known: dict[str, Dimension | None] = {**own, **synapses.ends, **arriving}
    if synapses.has_weights:
        known[WEIGHT_NAME] = weight
    return Scope(known, text, synapses.model.parsed.units)


def find_weight_dimension(findings: Findings, synapses: Synapses, wanted: Dimension) -> Dimension | None:
    """The dimension of ``w`` that makes what is added fit the port or state; None when nothing does."""
    if not synapses.has_weights:
        using = [text for _, text, statements in synapses.statement_lists() if any(WEIGHT_NAME in names(s.expr) for s in statements)]
        if using:
            findings.add(synapses.where, f"the synapse uses a weight ('{using[0]}'): give weight=...")
            return None
    found: Dimension | None = None
    additions = [
        (statement, synapse_scope(synapses, WEIGHT, name, text))
        for name, text, statements in synapses.statement_lists()
        for statement in statements
        if statement.target == of_target(synapses.into)
    ]
    for statement, scope in additions:
        if statement.op not in ("+=", "-="):
            findings.add(synapses.where, f"'{INTO} {statement.op} ...': it can only be added to, with += or -=.")
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
            findings.add(synapses.where, f"'{scope.source}' needs w in two different units.")
            return None
        found = needed
    return DIMENSIONLESS if found is None else found


def _add_misfit(findings: Findings, synapses: Synapses, added: Dimension, wanted: Dimension) -> None:
    needs = f"into='{synapses.into}' needs {describe_dimension(wanted)}, what arrives is {describe_dimension(added)}."
    advice = "" if synapses.has_weights else f"Give weight=..., in {usual_unit(wanted / added)}."
    add_with_hint(findings, synapses.where, needs, advice)


def check_statements_of_synapse(findings: Findings, synapses: Synapses) -> None:
    """Statements of the synapse use known names, change own states only, and their units fit."""
    writable = states_of(synapses.model.variables) | {of_target(synapses.into)}
    for name, text, statements in synapses.statement_lists():
        try:
            check_statements(statements, synapse_scope(synapses, synapses.weight_dimension, name, text), writable)
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
    missing = [f"{name}_post" for name in rule.needs if f"{name}_post" not in synapses.ends]
    if missing:
        message = f"{rule.where} reads {', '.join(missing)}, which '{synapses.target.name}' does not have."
        lines = "; ".join(f"'{rule.needs[name.removesuffix('_post')]}'" for name in missing)
        add_with_hint(findings, where, message, f"Its model needs lines such as {lines}.")
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
        for _, text, statements in synapses.statement_lists():
            if any(WEIGHT_NAME in names(statement.expr) for statement in statements):
                findings.add(where, f"the synapse uses a weight ('{text}'): give weight=...")
        return
    name = "weight"
    if isinstance(value, Distribution):
        if value.dimension != dimension:
            error = UnitError(f"{name} needs {describe_dimension(dimension)}, got {value}")
            findings.add_error(_explained(error, synapses))
        return
    if isinstance(value, ByDistance):
        _check_by_distance(findings, synapses, value, dimension, name)
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
    if synapses.connectivity.kernel_shape is not None:
        _check_entries(findings, where, inner, synapses.connectivity.kernel_shape)
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
    if isinstance(value, ByDistance):
        return np.inf, -np.inf
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
    if isinstance(value, ByDistance):
        _check_by_distance(findings, synapses, value, TIME, "delay")
        return
    inner = inner_or_none(findings, value, TIME, where, "delay")
    if inner is None:
        return
    check_positive(findings, value, TIME, inner, where, "delay", zero=True)
    if inner.ndim and fits:
        _check_per_edge(findings, where, "delay", inner, synapses.edge_count())


def _check_by_distance(findings: Findings, synapses: Synapses, value: ByDistance, wanted: Dimension, name: str) -> None:
    """A formula of distance has the unit that is wanted, and there are distances."""
    space = synapses.connectivity.space
    if space is None:
        message = f"{name} depends on distance, but {synapses.connectivity} does not know where neurons are."
        add_with_hint(findings, synapses.where, message, "Use distance_dependent(...); its kernel '1' connects all pairs.")
        return
    try:
        value.check(space.dimension, wanted, synapses.where, name)
    except NeurosimError as error:
        findings.add_error(error)


def _check_entries(findings: Findings, where: str, inner: FloatArray, kernel_shape: tuple[int, ...]) -> None:
    """One weight for each entry of the kernel of a convolution."""
    if inner.shape not in (kernel_shape, (int(np.prod(kernel_shape)),)):
        wanted = f"{kernel_shape}, one for each entry of the kernel"
        findings.add(where, f"weight must be one value or an array of the shape {wanted}, got {inner.shape}.")


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

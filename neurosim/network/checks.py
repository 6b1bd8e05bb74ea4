"""Rules that a network and a schedule obey as a whole, one function each; all findings are reported together."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Mapping
from typing import Any, Protocol, TypeAlias

from ..equations import parse_expression
from ..equations.dimensions import check_side
from ..errors import Findings, NeurosimError, ScheduleError, did_you_mean
from ..units import Dimension
from .distributions import Distribution
from .population import Population
from .probes import Probe
from .projection import Projection
from .schedule import Assignment, CopyWeights, Phase, Schedule
from .stimuli import Stimulus, settable_of
from .texts import is_divisor
from .values import check_length, check_positive, conclude, inner_or_none, is_a, is_number, shown

Named: TypeAlias = Population | Projection | Stimulus


class Parts(Protocol):
    """What the rules read of a network."""

    @property
    def where(self) -> str: ...
    @property
    def parts(self) -> tuple[Any, ...]: ...
    @property
    def populations(self) -> tuple[Population, ...]: ...
    @property
    def stimuli(self) -> tuple[Stimulus, ...]: ...
    @property
    def projections(self) -> tuple[Projection, ...]: ...
    @property
    def probes(self) -> tuple[Probe, ...]: ...

    def named(self) -> dict[str, Named]: ...


def check_not_empty(findings: Findings, network: Parts) -> None:
    """There is something that can happen."""
    if not network.populations and not network.stimuli:
        findings.add(network.where, "is empty: give at least one population or stimulus.")


def check_unique_names(findings: Findings, network: Parts) -> None:
    """Names are unique over all kinds of parts, and no part stands twice in the list."""
    ids = Counter(id(part) for part in network.parts)
    reported: set[int] = set()
    for part in network.parts:
        if ids[id(part)] > 1 and id(part) not in reported:
            reported.add(id(part))
            findings.add(network.where, f"{part!r} stands in it {ids[id(part)]} times.")
    kinds: dict[str, list[str]] = {}
    for part in {id(part): part for part in network.parts}.values():
        if not isinstance(part, Probe):
            kinds.setdefault(part.name, []).append(_kind(part))
    for name, found in kinds.items():
        if len(found) > 1:
            advice = ' Give one of them another with name="...".' if found.count("projection") == len(found) else " Names are unique."
            findings.add(network.where, f"{len(found)} parts have the name '{name}': {', '.join(found)}.{advice}")


def check_ends_inside(findings: Findings, network: Parts) -> None:
    """Source and target of every projection are parts of the network."""
    inside = network.named()
    for projection in network.projections:
        for role, part in (("source", projection.pre), ("target", projection.target)):
            _check_inside(findings, projection.where, f"its {role}", part, inside)


def check_shared_weights(findings: Findings, network: Parts) -> None:
    """The owner of shared weights is in the network, and its entries, used more than once, are only added to."""
    inside = network.named()
    for projection in network.projections:
        if projection.home is not projection:
            _check_inside(findings, projection.where, "the owner of its weights", projection.home, inside)
    owners = {id(projection.home) for projection in network.projections if projection.home is not projection}
    for projection in network.projections:
        rule = projection.plasticity
        convolved = projection.home.connectivity.kernel_shape is not None
        if rule is None or not (id(projection.home) in owners or convolved):
            continue
        for name, _text, statements in rule.statements():
            for statement in statements:
                if statement.target == "w" and statement.op not in ("+=", "-="):
                    findings.add(
                        projection.where,
                        f"{name}: 'w {statement.op} ...' on shared weights: several synapses change one entry, so it can only "
                        "be added to, with += or -=.",
                    )


def check_probes_inside(findings: Findings, network: Parts) -> None:
    """Probes record parts of the network, and each variable once."""
    inside = network.named()
    for probe in network.probes:
        _check_inside(findings, probe.where, "its part", probe.part, inside)
        if probe.per_item is not None:
            _check_inside(findings, probe.where, "per_item", probe.per_item, inside)
    counts = Counter((probe.part.name, probe.variable) for probe in network.probes)
    for (part, variable), count in counts.items():
        if count > 1:
            findings.add(network.where, f"{variable} of '{part}' is recorded by {count} probes: one is enough.")


def check_instant_loops(findings: Findings, network: Parts) -> None:
    """Signals that are seen in the same step need an order of the populations, so they cannot go in a circle."""
    after: dict[str, list[str]] = {}
    for projection in network.projections:
        if projection.instant and isinstance(projection.pre, Population):
            after.setdefault(projection.pre.name, []).append(projection.target.name)
    done: set[str] = set()

    def visit(name: str, path: tuple[str, ...]) -> None:
        if name in path:
            circle = " -> ".join([*path[path.index(name) :], name])
            findings.add(network.where, f"instant signals go in a circle: {circle}. Leave instant=True out of one of them.")
        elif name not in done:
            for target in after.get(name, ()):
                visit(target, (*path, name))
            done.add(name)

    for name in after:
        visit(name, ())


def check_expected(findings: Findings, network: Parts, given: Any) -> dict[str, dict[str, float]]:
    """Columns of rates of populations that exist; returned as dictionaries of their own."""
    where = network.where
    columns: dict[str, dict[str, float]] = {}
    if not is_a(given, Mapping) or not all(is_a(column, Mapping) for column in given.values()):
        findings.add(where, f"expected needs columns such as {{'published': {{'exc': 5.6}}}}, rates in Hz, got {shown(given)}.")
        return columns
    known = [population.name for population in network.populations]
    for title, column in given.items():
        columns[str(title)] = {}
        for name, rate in column.items():
            if name not in known:
                findings.add(where, f"expected: '{title}' names '{name}', which is no population{did_you_mean(str(name), known)}")
            elif not is_number(rate) or not 0.0 <= rate < math.inf:
                findings.add(where, f"expected: '{title}' of '{name}' must be a rate in Hz as a plain number, got {shown(rate)}.")
            else:
                columns[str(title)][name] = float(rate)
    return columns


NETWORK_RULES: tuple[Callable[[Findings, Any], None], ...] = (
    check_not_empty,
    check_unique_names,
    check_ends_inside,
    check_shared_weights,
    check_probes_inside,
    check_instant_loops,
)


def _kind(part: Named) -> str:
    return type(part).__name__ if not isinstance(part, (Population, Projection)) else type(part).__name__.lower()


def _check_inside(findings: Findings, where: str, role: str, part: Named, inside: dict[str, Named]) -> None:
    found = inside.get(part.name)
    if found is None:
        findings.add(where, f"{role} '{part.name}' is not in the network: add it to the parts.")
    elif found is not part:
        findings.add(where, f"{role} is another {_kind(part)} '{part.name}' than the one in the network: use the same object.")


# ---- Schedules ------------------------------------------------------------------------------------------------------
def check_schedule(network: Parts, schedule: Schedule, called: str = "") -> None:
    """Everything that a schedule names exists in the network and can be set to what it is set to.

    Parameters
    ----------
    network : Network
    schedule : Schedule
    called : str
        How messages call a phase without a label; its number unless given.

    Raises
    ------
    ScheduleError
        With all findings.
    """
    findings = Findings()
    for place, phase in enumerate(schedule.phases):
        where = f"phase '{phase.label}'" if phase.label else called or f"phase {place}"
        _check_masks(findings, where, phase, network.named())
        for assignment in phase.assignments():
            _check_assignment(findings, f"{where}, '{assignment.path}'", assignment, network.named())
    conclude(findings, ScheduleError, "Schedule")


def _check_masks(findings: Findings, where: str, phase: Phase, parts: dict[str, Named]) -> None:
    can_be_off = [name for name, part in parts.items() if not isinstance(part, Population)]
    for name in phase.off:
        if isinstance(parts.get(name), Population):
            findings.add(where, f"off names the population '{name}': only stimuli and projections can be switched off.")
        elif name not in parts:
            findings.add(where, f"off names '{name}', which is not in the network{did_you_mean(name, can_be_off)}")
    if isinstance(phase.plasticity, bool):
        return
    plastic = [name for name, part in parts.items() if isinstance(part, Projection) and part.plasticity is not None]
    for name in phase.plasticity:
        if name not in plastic:
            findings.add(where, f"plasticity names '{name}', which is no projection with plasticity{did_you_mean(name, plastic)}")


def _check_assignment(findings: Findings, where: str, assignment: Assignment, parts: dict[str, Named]) -> None:
    name, target = assignment.split()
    part = parts.get(name)
    if part is None:
        findings.add(where, f"there is no part '{name}'{did_you_mean(name, parts)}")
    elif isinstance(part, Population):
        _check_population_value(findings, where, part, target, assignment.value)
    elif isinstance(part, Projection):
        _check_projection_value(findings, where, part, target, assignment.value)
    else:
        _check_stimulus_value(findings, where, part, target, assignment.value)


def _check_stimulus_value(findings: Findings, where: str, part: Stimulus, target: str, value: Any) -> None:
    known = settable_of(part)
    if not known:
        findings.add(where, f"nothing of '{part.name}', a {_kind(part)}, can be changed during a run; it can be switched off.")
    elif target not in known and tuple(known) == ("rate",):
        findings.add(where, f"only the rate of '{part.name}' can be changed, not '{target}'.")
    elif target not in known:
        findings.add(where, f"'{part.name}' has no '{target}' that can be changed{did_you_mean(target, known)}")
    else:
        sign = "zero" if target in ("rate", "sd") else "positive" if target == "tau" else ""
        _check_numbers(findings, where, target, value, known[target], part.size, "neurons", sign)


def _check_population_value(findings: Findings, where: str, part: Population, target: str, value: Any) -> None:
    variable = part.model.variables.get(target)
    if target == "hold" and variable is None:
        if part.model.spike is None or value != 0:
            findings.add(where, f"hold can only be set to 0, which frees refractory neurons, got {shown(value)}.")
        return
    if variable is None or target not in part.model.settable():
        advice = did_you_mean(target, part.model.settable())
        reason = f"{target} is a {variable.kind} and cannot be set" if variable else f"'{part.name}' has no '{target}'"
        findings.add(where, f"{reason}{advice}")
    elif isinstance(value, str):
        try:
            scope = part.model.parsed.scope(source=value)
            check_side(parse_expression(value), variable.dimension, scope, target)
        except NeurosimError as error:
            findings.add_error(type(error)(error.message, error.source, error.span, where=where, hint=error.hint))
    else:
        sign = "positive" if is_divisor(target, variable) else ""
        _check_numbers(findings, where, target, value, variable.dimension, part.size, "neurons", sign)


def _check_projection_value(findings: Findings, where: str, part: Projection, target: str, value: Any) -> None:
    known = {**part.synaptic_dimensions(), **({"w": part.weight_dimension} if part.has_weights else {})}
    if target not in known:
        findings.add(where, f"'{part.name}' has no '{target}'{did_you_mean(target, known)}")
    elif isinstance(value, CopyWeights):
        if target != "w":
            findings.add(where, f"CopyWeights sets weights, not '{target}'.")
        elif value.source.weight_dimension != part.weight_dimension:
            findings.add(where, f"the weights of '{value.source.name}' have another unit.")
    elif target == "w" and part.home is not part:
        findings.add(where, f"the weights belong to '{part.home.name}': set them there.")
    elif isinstance(value, str):
        findings.add(where, f"needs a number, got the text {shown(value)}.")
    else:
        count = part.connectivity.weight_count(*part.sizes, part.is_recurrent) if target == "w" else part.edge_count()
        _check_numbers(findings, where, target, value, known[target], count, "synapses", "")


def _check_numbers(
    findings: Findings, where: str, name: str, value: Any, dimension: Dimension, size: int | None, of: str, sign: str
) -> None:
    if isinstance(value, Distribution):
        if value.dimension != dimension:
            findings.add(where, f"{name} has another unit than {value}.")
        return
    inner = inner_or_none(findings, value, dimension, where, name)
    if inner is None or (size is not None and not check_length(findings, inner, size, where, name, of)):
        return
    if sign:
        check_positive(findings, value, dimension, inner, where, name, zero=sign == "zero")

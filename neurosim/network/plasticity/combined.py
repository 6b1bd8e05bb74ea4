"""Several learning rules at work on the same synapses."""

from __future__ import annotations

from collections.abc import Iterable

from ...errors import Findings, ParameterError
from ..values import conclude, is_a, shown
from .rule import Plasticity


def combine(*rules: Plasticity, name: str = "") -> Plasticity:
    """One rule that does what several do.

    Parameters
    ----------
    rules : Plasticity
        At each event their statements run in this order. They may not share names, and those with `on_step` have the same
        `every`.
    name : str
        By default the names of the rules, joined by a plus sign.

    Returns
    -------
    Plasticity

    Raises
    ------
    ParameterError
        For names that two rules share, or different intervals.

    Examples
    --------
    >>> from neurosim.units import Hz, pA, second
    >>> from neurosim.network.plasticity import synaptic_scaling, triplet_stdp
    >>> rule = combine(triplet_stdp(w_0=10 * pA), synaptic_scaling(target=5 * Hz, tau=10 * second, beta=1e-3))
    >>> rule.name, rule.states()
    ('triplet_stdp + synaptic_scaling', ('r1', 'r2', 'o1', 'o2', 'activity'))
    """
    findings = Findings()
    for rule in rules:
        if not is_a(rule, Plasticity):
            findings.add("combine", f"needs learning rules, got {shown(rule)}.")
    if not rules:
        findings.add("combine", "needs at least one learning rule.")
    conclude(findings, ParameterError, "combine")
    title = name or " + ".join(rule.name or "unnamed" for rule in rules)
    for k, rule in enumerate(rules):
        shared = sorted(set(rule.variables) & {name for other in rules[:k] for name in other.variables})
        if shared:
            findings.add(rule.where, f"{', '.join(shared)} is also a name of a rule before it: rename one of the two.")
    stepped = [rule for rule in rules if rule.step_statements]
    if len({str(rule.every) for rule in stepped}) > 1:
        listed = ", ".join(f"{rule.where} every {rule.every or 'step'}" for rule in stepped)
        findings.add(title, f"rules that run at regular times need the same interval, got {listed}.")
    conclude(findings, ParameterError, title)
    return Plasticity(
        "\n".join(rule.equations for rule in rules),
        on_pre=_in_turn(rule.on_pre for rule in rules),
        on_post=_in_turn(rule.on_post for rule in rules),
        on_step=_in_turn(rule.on_step for rule in rules),
        every=stepped[0].every if stepped else None,
        needs={key: line for rule in rules for key, line in rule.needs.items()},
        values={key: value for rule in rules for key, value in rule.values.items()},
        name=title,
        source="; ".join(rule.source for rule in rules if rule.source),
    )


def _in_turn(texts: Iterable[str]) -> str:
    return "\n".join(text for text in texts if text.strip())

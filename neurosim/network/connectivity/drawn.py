"""Pairs by rule: all, one to one, and drawn at random."""

from __future__ import annotations

from ...errors import Findings, ParameterError
from ...spelling import spelt
from ..values import conclude, shown
from .arguments import check_flags, count_of, number_of
from .rule import Connectivity


@spelt
def all_to_all(*, autapses: bool = True) -> Connectivity:
    """Every source to every target.

    Examples
    --------
    >>> all_to_all().edge_count(3, 4, same=False)
    12
    """
    check_flags("all_to_all", autapses=autapses)
    return Connectivity("all_to_all", autapses=autapses)


@spelt
def broadcast() -> Connectivity:
    """One neuron to all of a population: :func:`all_to_all` under the name that says what is meant."""
    return all_to_all()


def sum_() -> Connectivity:
    """All neurons of a population to one: :func:`all_to_all` under the name that says what is meant."""
    return all_to_all()


@spelt
def one_to_one() -> Connectivity:
    """Neuron i to neuron i of a population of the same size."""
    return Connectivity("one_to_one")


@spelt
def fixed_probability(p: float, *, autapses: bool = True) -> Connectivity:
    """Each pair with probability `p`, independently.

    Parameters
    ----------
    p : float
        Between 0 and 1.
    autapses : bool
        Whether a neuron may be connected to itself.

    Examples
    --------
    >>> print(fixed_probability(0.02))
    fixed_probability(0.02)
    """
    check_flags("fixed_probability", autapses=autapses)
    probability = number_of(p)
    if probability is None or not 0.0 <= probability <= 1.0:
        per_cent = f" Per cent? Write {probability / 100:g}." if probability is not None and 2.0 <= probability <= 100.0 else ""
        raise ParameterError(f"the probability must be between 0 and 1, got {shown(p)}.{per_cent}", where="fixed_probability")
    return Connectivity("fixed_probability", probability=probability, autapses=autapses)


@spelt
def fixed_indegree(k: int, *, autapses: bool = True, multapses: bool = True) -> Connectivity:
    """Every target gets `k` synapses from sources drawn at random.

    Parameters
    ----------
    k : int
        Synapses of each target.
    autapses : bool
        Whether a neuron may be connected to itself.
    multapses : bool
        Whether sources are drawn with replacement, so that a pair may have several synapses.
    """
    check_flags("fixed_indegree", autapses=autapses, multapses=multapses)
    return Connectivity("fixed_indegree", number=count_of(k, "fixed_indegree"), autapses=autapses, multapses=multapses)


@spelt
def fixed_outdegree(k: int, *, autapses: bool = True, multapses: bool = True) -> Connectivity:
    """Every source gets `k` synapses to targets drawn at random; arguments as for :func:`fixed_indegree`."""
    check_flags("fixed_outdegree", autapses=autapses, multapses=multapses)
    return Connectivity("fixed_outdegree", number=count_of(k, "fixed_outdegree"), autapses=autapses, multapses=multapses)


@spelt
def fixed_total_number(n: int, *, autapses: bool = True, multapses: bool = True) -> Connectivity:
    """`n` synapses, source and target of each drawn at random; arguments as for :func:`fixed_indegree`."""
    check_flags("fixed_total_number", autapses=autapses, multapses=multapses)
    return Connectivity("fixed_total_number", number=count_of(n, "fixed_total_number"), autapses=autapses, multapses=multapses)


@spelt
def small_world(k: int, p: float) -> Connectivity:
    """A ring in which every neuron is connected to its `k` nearest neighbours, with some connections rewired to anybody.

    Parameters
    ----------
    k : int
        Synapses of each neuron, an even number: k/2 to the neighbours on each side. Smaller than the population.
    p : float
        With this probability a synapse is rewired, between 0 (a ring) and 1 (a random graph).

    Notes
    -----
    The directed version of [1]_: synapse i -> i + d of the ring keeps its source; where it is rewired its target is drawn among all
    neurons that are neither i nor a target of i already. So each neuron has exactly `k` different targets, none of them itself, while
    the number of its sources varies around `k`. As in the undirected graphs of [1]_ the clustering falls as
    C(p) = C(0) (1 - p)^3 in large networks [2]_, from C(0) = 3 (k - 2) / (4 (k - 1)), while paths become short long before.

    References
    ----------
    .. [1] Watts and Strogatz 1998, Collective dynamics of 'small-world' networks, doi 10.1038/30918.
    .. [2] Barrat and Weigt 2000, On the properties of small-world network models, doi 10.1007/s100510050067.

    Examples
    --------
    >>> small_world(4, 0.1).edge_count(100, 100, same=True)
    400
    """
    findings = Findings()
    number, probability = count_of(k, "small_world"), number_of(p)
    if number % 2:
        findings.add("small_world", f"k must be even, half of the neighbours on each side, got {number}.")
    if probability is None or not 0.0 <= probability <= 1.0:
        findings.add("small_world", f"the probability of rewiring must be between 0 and 1, got {shown(p)}.")
    conclude(findings, ParameterError, "small_world")
    return Connectivity("small_world", number=number, probability=float(probability or 0.0), autapses=False, multapses=False)

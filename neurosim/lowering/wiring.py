"""Connectivity becomes a recipe of edges."""

from __future__ import annotations

from neurosim.ir.program import Wiring
from neurosim.network.projection import Projection

from .values import Setting


def wiring_of(projection: Projection, setting: Setting) -> Wiring:
    """Who is connected to whom, as a recipe that engines expand.

    Parameters
    ----------
    projection : Projection
    setting : Setting

    Returns
    -------
    Wiring
        Pairs are in canonical order already. Full matrices are all-to-all, with all their entries.
    """
    rule = projection.connectivity
    drawn = rule.kind.startswith("fixed_")
    return Wiring(
        rule.kind,
        projection.pre.size,
        projection.target.size,
        number=rule.number,
        probability=rule.probability,
        autapses=rule.autapses,
        multapses=rule.multapses,
        same=projection.is_recurrent,
        stream=setting.stream(projection.name, "wiring") if drawn else 0,
        pre=rule.pre,
        post=rule.post,
    )

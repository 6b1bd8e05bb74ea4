"""Spike-timing dependent plasticity of triplets of spikes, with the parameters fitted to two preparations."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

from ...errors import OptionError, did_you_mean
from ...spelling import spelt
from ...units import Quantity, ms
from ..values import is_one_of, shown
from .rule import Plasticity

_TRIPLETS = """
    dr1/dt = -r1 / tau_plus  : 1    # presynaptic spikes: fast and slow trace
    dr2/dt = -r2 / tau_x     : 1
    do1/dt = -o1 / tau_minus : 1    # postsynaptic spikes: fast and slow trace
    do2/dt = -o2 / tau_y     : 1
    tau_plus, tau_x, tau_minus, tau_y : ms
    a2_plus, a3_plus, a2_minus, a3_minus : 1    # changes per pair and per triplet, in units of w_0
    w_0 : weight
    """

_SOURCE = "Pfister and Gerstner 2006, Journal of Neuroscience 26:9673, doi 10.1523/JNEUROSCI.1425-06.2006"

_COLUMNS = ("a2_plus", "a3_plus", "a2_minus", "a3_minus", "tau_x", "tau_y")


def _fit(*row: float) -> Mapping[str, Any]:
    values: dict[str, Any] = dict(zip(_COLUMNS, row, strict=True))
    fast = {"tau_plus": 16.8 * ms, "tau_minus": 33.7 * ms}
    return MappingProxyType({**fast, **values, "tau_x": row[4] * ms, "tau_y": row[5] * ms})


# A minimal fit has no slow presynaptic trace; tau_x, which nothing depends on, is then that of the full one.
TRIPLET_FITS: Mapping[tuple[str, str], Mapping[str, Any]] = MappingProxyType(
    {
        ("visual_cortex", "all"): _fit(5e-10, 6.2e-3, 7e-3, 2.3e-4, 101, 125),
        ("visual_cortex", "nearest"): _fit(8.8e-11, 5.3e-2, 6.6e-3, 3.1e-3, 714, 40),
        ("visual_cortex_minimal", "all"): _fit(0, 6.5e-3, 7.1e-3, 0, 101, 114),
        ("visual_cortex_minimal", "nearest"): _fit(0, 5e-2, 8e-3, 0, 714, 40),
        ("hippocampus", "all"): _fit(6.1e-3, 6.7e-3, 1.6e-3, 1.4e-3, 946, 27),
        ("hippocampus", "nearest"): _fit(4.6e-3, 9.1e-3, 3e-3, 7.5e-9, 575, 47),
        ("hippocampus_minimal", "all"): _fit(5.3e-3, 8e-3, 3.5e-3, 0, 946, 40),
        ("hippocampus_minimal", "nearest"): _fit(4.6e-3, 9.1e-3, 3e-3, 0, 575, 48),
    }
)
"""Values of the parameters by (fit, pairing): tables 3 and 4 of Pfister and Gerstner 2006."""

_STEPS = {"all": "+= 1", "nearest": "= 1"}


@spelt
def triplet_stdp(fit: str = "visual_cortex", *, pairing: str = "all", w_0: Quantity | float) -> Plasticity:
    """Spike-timing dependent plasticity of triplets: what a pair does depends on how long ago the spike before it was.

    Parameters
    ----------
    fit : {'visual_cortex', 'visual_cortex_minimal', 'hippocampus', 'hippocampus_minimal'}
        The published parameters; ``.with_values(a3_plus=...)`` makes others of them.
    pairing : {'all', 'nearest'}
        Whether traces sum up all spikes or remember the last one. Each has fits of its own.
    w_0 : Quantity or number
        The weight that the published amplitudes are fractions of, the weight before the experiment.

    Returns
    -------
    Plasticity
        At an arrival the weight changes by ``-w_0 o1 (a2_minus + a3_minus r2)``, at a postsynaptic spike by
        ``w_0 r1 (a2_plus + a3_plus o2)``; the slow traces r2 and o2 are those just before the spike.

    Raises
    ------
    OptionError
        For another fit or pairing.

    Notes
    -----
    Equations 3 and 4 of the paper; table 3 holds the fits to visual cortex (data of Sjöström, Turrigiano and Nelson 2001),
    table 4 those to hippocampal cultures (data of Wang et al. 2005). The amplitudes are additive: bounds belong to the
    projection.

    References
    ----------
    Pfister and Gerstner 2006, Triplets of spikes in a model of spike timing-dependent plasticity, Journal of Neuroscience
    26:9673, doi 10.1523/JNEUROSCI.1425-06.2006

    Examples
    --------
    >>> from neurosim.units import pA
    >>> triplet_stdp("hippocampus", pairing="nearest", w_0=10 * pA).value_of("tau_y")
    47 ms
    """
    fits = tuple(dict.fromkeys(name for name, _ in TRIPLET_FITS))
    _check(fit, "fit", fits)
    _check(pairing, "pairing", tuple(_STEPS))
    step = _STEPS[pairing]
    return Plasticity(
        _TRIPLETS,
        on_pre=f"w -= w_0 * o1 * (a2_minus + a3_minus * r2); r1 {step}; r2 {step}",
        on_post=f"o1 {step}; w += w_0 * r1 * (a2_plus + a3_plus * o2); o2 {step}",
        values={**TRIPLET_FITS[fit, pairing], "w_0": w_0},
        name="triplet_stdp",
        about="STDP that depends on triplets of spikes, hence on their rate",
        source=f"{_SOURCE}, equations 3 and 4, table {3 if fit.startswith('visual') else 4} ({fit}, {pairing})",
    )


def _check(given: object, what: str, choices: tuple[str, ...]) -> None:
    if not is_one_of(given, choices):
        listed = ", ".join(f"'{name}'" for name in choices)
        raise OptionError(f"{what} must be one of {listed}, got {shown(given)}{did_you_mean(str(given), choices)}")

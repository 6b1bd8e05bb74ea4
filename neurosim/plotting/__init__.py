"""Pictures of results, as `matplotlib.figure.Figure` objects that need no screen: ``figure.savefig("raster.png")``.

A population has the same colour in every picture of a result. Colours are those of Okabe and Ito, which people with a
colour vision deficiency tell apart.
"""

from typing import TYPE_CHECKING

from neurosim.plotting.diagram import diagram
from neurosim.plotting.matrix import connectivity, indegrees
from neurosim.plotting.mesh import mesh
from neurosim.plotting.overview import overview
from neurosim.plotting.portrait import portrait
from neurosim.plotting.spikes import raster, rates
from neurosim.plotting.statistics import curve, intervals, spectrum
from neurosim.plotting.style import PALETTE, house_style, new_figure
from neurosim.plotting.values import traces, weights
from neurosim.spelling import unknown_name

__all__ = [
    "PALETTE",
    "connectivity",
    "curve",
    "diagram",
    "house_style",
    "indegrees",
    "intervals",
    "mesh",
    "new_figure",
    "overview",
    "portrait",
    "raster",
    "rates",
    "spectrum",
    "traces",
    "weights",
]

if not TYPE_CHECKING:  # a type checker refuses such names by itself

    def __getattr__(name: str) -> object:
        """Refuse a name that is not here, with the nearest one."""
        raise unknown_name("neurosim.plotting", name, __all__)

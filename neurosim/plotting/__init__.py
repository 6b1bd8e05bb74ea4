"""Pictures of results, as `matplotlib.figure.Figure` objects that need no screen: ``figure.savefig("raster.png")``.

A population has the same colour in every picture of a result. Colours are those of Okabe and Ito, which people with a
colour vision deficiency tell apart.
"""

from neurosim.plotting.diagram import diagram
from neurosim.plotting.overview import overview
from neurosim.plotting.spikes import raster, rates
from neurosim.plotting.style import PALETTE
from neurosim.plotting.values import traces, weights

__all__ = ["PALETTE", "diagram", "overview", "raster", "rates", "traces", "weights"]

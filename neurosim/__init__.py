"""Spiking and continuous-time neural networks: described once, run on several engines, compared."""

from neurosim import _checkout as _checkout

__version__ = "0.1.0"

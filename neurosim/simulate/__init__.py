"""The only room that walks the whole river: a network goes in, a result comes out."""

from neurosim.simulate.origin import provenance_of
from neurosim.simulate.run import DEFAULT_DT, checked_settings, program_of, refuse_nan, refuse_obstacles, simulate
from neurosim.simulate.session import Session

__all__ = ["DEFAULT_DT", "Session", "checked_settings", "program_of", "provenance_of", "refuse_nan", "refuse_obstacles", "simulate"]

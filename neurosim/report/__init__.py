"""One page about one run, for people: pictures, equations, parameters, what was measured, and how to repeat it."""

from neurosim.report.document import page, write_report

__all__ = ["page", "write_report"]

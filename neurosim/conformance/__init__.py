"""Cases with oracles that any engine, also a third party's, is run against.

Examples
--------
>>> from neurosim.backends.registry import get
>>> from neurosim.conformance import case, run_case
>>> run_case(case("exact_decay"), get("reference")).passed
True
"""

from neurosim.conformance.case import Case, Report, run_case
from neurosim.conformance.cases import CASES, case

__all__ = ["CASES", "Case", "Report", "case", "run_case"]

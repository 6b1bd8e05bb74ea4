"""Every case of the conformance matrix on the native engine, which has no obstacle."""

from collections.abc import Callable

import pytest

from neurosim.backends.registry import get
from neurosim.conformance import CASES, Case, run_case

QUICK = frozenset(("exact_decay", "cuba"))
"""Cases of the plain run; compiling the others takes minutes, the full matrix runs them."""


@pytest.mark.parametrize("case", [pytest.param(c, id=c.name, marks=() if c.name in QUICK else pytest.mark.matrix) for c in CASES])
def test_case(case: Case, require_engine: Callable[[str], None], keep_outcome: Callable[..., None]) -> None:
    require_engine("native")
    report = run_case(case, get("native"))
    keep_outcome(report)
    assert report.passed, str(report)

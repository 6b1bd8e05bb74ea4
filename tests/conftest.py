"""What every test may rely on: which engines are required, which cases run by default."""

import os
from collections.abc import Callable
from importlib.util import find_spec

import pytest
from hypothesis import settings

os.environ.setdefault("MPLBACKEND", "Agg")

# No deadline: a shared machine is slow now and then, and that is not a failure.
settings.register_profile("neurosim", deadline=None, print_blob=True)
settings.load_profile("neurosim")

ENGINE_MODULES = {
    "reference": "numpy",
    "native": "numba",
    "brian2": "brian2",
    "torch": "torch",
    "nest": "nest",
    "lava": "lava",
    "snntorch": "snntorch",
    "norse": "norse",
    "nir": "nir",
}
FULL_ONLY = ("slow", "matrix", "compiled_brian2")
ON_DEMAND = "on_demand"


def require_engine(name: str) -> None:
    """Skip the test if an engine is not installed; fail it if NEUROSIM_REQUIRE_ENGINES says that it has to be.

    The variable is ``1`` (every engine that a test asks for) or a list like ``native,brian2``.
    """
    if find_spec(ENGINE_MODULES[name]) is not None:
        return
    required = os.environ.get("NEUROSIM_REQUIRE_ENGINES", "")
    text = f"engine '{name}' is not installed"
    if required == "1" or name in required.split(","):
        pytest.fail(f"{text}, and NEUROSIM_REQUIRE_ENGINES={required} requires it", pytrace=False)
    pytest.skip(text)


@pytest.fixture(name="require_engine", scope="session")
def _require_engine() -> Callable[[str], None]:
    return require_engine


def pytest_report_header() -> str:
    """Say which part of the suite this is."""
    level = os.environ.get("NEUROSIM_FULL", "")
    return f"neurosim: {'full suite' if level else 'quick part of the suite (NEUROSIM_FULL=1 runs all of it)'}"


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave out the long cases unless they are asked for, by the environment or by ``-m``."""
    if config.option.markexpr:
        return
    level = os.environ.get("NEUROSIM_FULL", "")
    left_out = {"": (*FULL_ONLY, ON_DEMAND), "1": (ON_DEMAND,)}.get(level, ())
    dropped = [item for item in items if any(item.get_closest_marker(name) for name in left_out)]
    if dropped:
        config.hook.pytest_deselected(items=dropped)
        items[:] = [item for item in items if item not in set(dropped)]

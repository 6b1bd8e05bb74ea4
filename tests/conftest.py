"""What every test may rely on: which engines are required, which cases run by default."""

import json
import os
import re
import signal
import subprocess
from collections.abc import Callable
from datetime import date
from importlib.util import find_spec
from pathlib import Path

import pytest
from hypothesis import settings

os.environ.setdefault("MPLBACKEND", "Agg")

# No deadline: a shared machine is slow now and then, and that is not a failure.
settings.register_profile("neurosim", deadline=None, print_blob=True)
settings.load_profile("neurosim")

# A shell's background jobs do not hear Ctrl-C, nor does what they start; the tests of it, and the programs that these start, do.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)

ENGINE_MODULES = {
    "reference": "numpy",
    "native": "numba",
    "loihi": "numba",
    "brian2": "brian2",
    "torch": "torch",
    "nest": "nest",
    "snntorch": "snntorch",
    "norse": "norse",
    "nir": "nir",
}
WHOLLY_SLOW = re.compile(r"^pytestmark = pytest\.mark\.(slow|matrix)\b", re.MULTILINE)
FULL_ONLY = ("slow", "matrix", "compiled_brian2")
ON_DEMAND = "on_demand"
ROOT = Path(__file__).resolve().parent.parent
OUTCOMES = ROOT / "build" / "conformance.json"
"""What conformance cases gave in full runs; the documentation shows it as the support matrix."""


def installed(name: str) -> bool:
    """Whether an engine can be used; Lava lives in an environment of its own."""
    if name != "lava":
        return find_spec(ENGINE_MODULES[name]) is not None
    from neurosim.errors import BackendMissingError
    from neurosim.hardware.loihi.lava import interpreter

    try:
        return interpreter().exists()
    except BackendMissingError:
        return False


def require_engine(name: str) -> None:
    """Skip the test if an engine is not installed; fail it if NEUROSIM_REQUIRE_ENGINES says that it has to be.

    The variable is ``1`` (every engine that a test asks for) or a list like ``native,brian2``.
    """
    if installed(name):
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


def pytest_ignore_collect(collection_path: Path, config: pytest.Config) -> bool | None:
    """In the quick part: do not even read files of which every test is slow, unless they are asked for."""
    asked = os.environ.get("NEUROSIM_FULL") or config.option.markexpr or any(collection_path.name in argument for argument in config.args)
    if asked or collection_path.suffix != ".py":
        return None
    return WHOLLY_SLOW.search(collection_path.read_text(encoding="utf-8")) is not None or None


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


# ---- outcomes of conformance cases -------------------------------------------------------------------------------------
@pytest.fixture(name="keep_outcome")
def _keep_outcome(record_property: Callable[[str, object], None]) -> Callable[..., None]:
    """Keep the report of a case for the support matrix; ``mode`` is an engine's slow mode."""

    def keep(report: object, mode: str = "") -> None:
        engine = f"{report.engine} {mode}".rstrip()
        entry = {"case": report.case, "engine": engine, "outcome": report.outcome, "spikes": report.spikes, "difference": report.difference}
        record_property("conformance", entry)

    return keep


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """In full runs: write the outcomes, over those of earlier runs."""
    if not os.environ.get("NEUROSIM_FULL"):
        return
    reports = [report for kind in ("passed", "failed") for report in terminalreporter.stats.get(kind, ()) if report.when == "call"]
    found = [value for report in reports for name, value in report.user_properties if name == "conformance"]
    if not found:
        return
    command = ["git", "-C", str(ROOT), "describe", "--always", "--dirty", "--abbrev=7", "--exclude=*"]
    commit = subprocess.run(command, capture_output=True, text=True, check=False).stdout.strip() or "an unknown commit"
    kept = json.loads(OUTCOMES.read_text(encoding="utf-8")) if OUTCOMES.exists() else []
    entries = {(entry["case"], entry["engine"]): entry for entry in kept}
    entries.update({(entry["case"], entry["engine"]): {**entry, "commit": commit, "date": date.today().isoformat()} for entry in found})
    OUTCOMES.parent.mkdir(exist_ok=True)
    lines = [json.dumps(entries[key], default=float) for key in sorted(entries)]
    OUTCOMES.write_text("[\n" + ",\n".join(lines) + "\n]\n", encoding="utf-8")

"""What is installed equals what is in the folders, importing it costs numpy only, and the public names are pinned."""

import json
import re
import subprocess
import sys
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
MAPPED = {"neurosim": "neurosim", "hardware": "neurosim.hardware", "models": "neurosim.models"}
IMPORT_LIMIT = 0.5  # [s of CPU]
HEAVY = ("brian2", "torch", "numba", "matplotlib", "h5py", "rich", "nest", "lava", "scipy", "sympy", "click")

# Complete, sorted; a name is added here and in neurosim/__init__.py by the same change.
PUBLIC_NAMES: tuple[str, ...] = (
    "Assignment",
    "CopyWeights",
    "Network",
    "NeuronModel",
    "NeurosimError",
    "OrnsteinUhlenbeck",
    "Phase",
    "Plasticity",
    "PoissonSource",
    "Population",
    "Probe",
    "Program",
    "Projection",
    "Result",
    "SampleTable",
    "SampledArray",
    "Schedule",
    "Session",
    "SineCurrent",
    "SpikeTimes",
    "StepCurrent",
    "SynapseModel",
    "all_to_all",
    "analysis",
    "broadcast",
    "by_distance",
    "compare",
    "constant",
    "convolution",
    "dense",
    "distance_dependent",
    "exponential",
    "fixed_indegree",
    "fixed_outdegree",
    "fixed_probability",
    "fixed_total_number",
    "freeze",
    "gamma",
    "grid",
    "kernels",
    "load_result",
    "lognormal",
    "lower",
    "neurons",
    "normal",
    "one_to_one",
    "pairs",
    "plasticity",
    "positions",
    "simulate",
    "small_world",
    "sparse",
    "synapses",
    "truncated",
    "uniform",
    "units",
)


def python(code: str, *options: str, cwd: Path = ROOT) -> subprocess.CompletedProcess[str]:
    """Run code in a fresh interpreter."""
    return subprocess.run([sys.executable, *options, "-c", code], capture_output=True, text=True, cwd=cwd, timeout=120)


def packages_of_setup() -> tuple[set[str], dict[str, str]]:
    """Return what setup.py hands to setuptools."""
    pytest.importorskip("setuptools")
    code = (
        "import json, setuptools\n"
        "setuptools.setup = lambda **given: print(json.dumps([given['packages'], given['package_dir']]))\n"
        "exec(open('setup.py').read())"
    )
    done = python(code)
    assert done.returncode == 0, done.stderr
    packages, places = json.loads(done.stdout)
    assert len(packages) == len(set(packages))
    return set(packages), places


def test_setup_finds_every_folder_with_python_files() -> None:
    """A folder without __init__.py would be missing from the wheel only."""
    found, places = packages_of_setup()
    folders = set()
    for folder, package in MAPPED.items():
        for path in (ROOT / folder).rglob("*.py"):
            folders.add(".".join((package, *path.relative_to(ROOT / folder).parent.parts)))
    assert found == folders
    assert places == {package: folder for folder, package in MAPPED.items()}


def test_import_costs_numpy_only() -> None:
    """`import neurosim` stays quick: below half a second of CPU, numpy and our own modules."""
    code = (
        "import sys, time\n"
        "started = time.process_time()\n"
        "import neurosim\n"
        "print(time.process_time() - started)\n"
        f"print(*[name for name in {HEAVY!r} if name in sys.modules])"
    )
    runs = [python(code) for _ in range(3)]
    assert all(run.returncode == 0 for run in runs), runs[0].stderr
    seconds = min(float(run.stdout.splitlines()[0]) for run in runs)
    assert runs[0].stdout.splitlines()[1].split() == []
    assert seconds < IMPORT_LIMIT


def test_mapped_folders_refuse_their_bare_names() -> None:
    """From the root, `import hardware` would make a second copy of every class."""
    for name in ("hardware", "models"):
        done = python(f"import {name}")
        assert done.returncode != 0
        assert f"import neurosim.{name}, not {name}" in done.stderr
        assert python(f"import neurosim.{name}").returncode == 0


def test_version_is_the_same_everywhere() -> None:
    """pyproject.toml and neurosim.__version__."""
    declared = re.search(r'^version = "(.+)"$', (ROOT / "pyproject.toml").read_text(), re.MULTILINE)
    assert declared is not None
    assert import_module("neurosim").__version__ == declared[1]


def test_public_names_are_pinned() -> None:
    """`neurosim.__all__` is sorted, each name exists, and the list is the one above."""
    neurosim = import_module("neurosim")
    names = getattr(neurosim, "__all__", [])
    assert list(names) == sorted(names)
    assert len(set(names)) == len(names)
    missing = [name for name in names if getattr(neurosim, name, None) is None]
    assert missing == []
    assert not [name for name in names if name.startswith("_") and name != "__version__"]
    assert tuple(names) == PUBLIC_NAMES


@pytest.mark.slow
@pytest.mark.skipif(find_spec("build") is None, reason="needs the package 'build'")
def test_wheel_holds_the_source_folders() -> None:
    """Wheel and sdist are built from a clean copy; the wheel holds the files of the three folders and no others."""
    command = [sys.executable, str(ROOT / ".ci" / "check_package.py"), "--files-only"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=600)
    assert done.returncode == 0, done.stdout + done.stderr

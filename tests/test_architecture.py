"""The rooms of the house, who may enter which, and the style of the walls: read from the source, nothing is run.

``docs/design.md`` explains the table. A line that breaks a rule here is in the wrong room, or the rule has to change
there and here.
"""

import ast
import re
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
PACKAGES = {"neurosim": "neurosim", "hardware": "neurosim.hardware", "models": "neurosim.models"}
MAX_LINES = 450

# The table
# room -> the rooms or modules it may import, besides itself. "neurosim" alone stands for all of neurosim but the
# command line, the hardware and the models.
WORDS = ("neurosim.units", "neurosim.quantity", "neurosim.errors", "neurosim.spelling", "neurosim.files")
TREE = ("neurosim.equations.tree", "neurosim.equations.show", "neurosim.equations.evaluate", "neurosim.equations.bounds")
ROOMS: dict[str, tuple[str, ...]] = {
    "neurosim.errors": (),
    "neurosim.files": ("neurosim.errors",),  # files that are there complete or not at all
    "neurosim.other_words": (),  # tables of what other simulators call things
    "neurosim.spelling": ("neurosim.errors", "neurosim.other_words"),
    "neurosim.dimension": (),
    "neurosim.quantity": ("neurosim.dimension", "neurosim.errors"),
    "neurosim.units": ("neurosim.dimension", "neurosim.quantity", "neurosim.spelling", "neurosim.errors"),
    "neurosim.progress": (),
    "neurosim._checkout": (),
    "neurosim.description": (),  # a network in plain words, as dataclasses of text
    "neurosim.equations": WORDS,
    "neurosim.network": ("neurosim.equations", "neurosim.description", *WORDS),
    "neurosim.ir": (*TREE, "neurosim.equations.parse", "neurosim.errors", "neurosim.files"),  # parse: expressions of a saved Program are text
    "neurosim.lowering": ("neurosim.network", "neurosim.ir", "neurosim.equations", "neurosim.description", *WORDS),
    "neurosim.record": ("neurosim.errors",),  # plain arrays, as an engine leaves them
    "neurosim.result": ("neurosim.record", "neurosim.description", *WORDS),  # the record as a user reads it, with units
    "neurosim.analysis": ("neurosim.result", "neurosim.record", *WORDS),
    "neurosim.backends": ("neurosim.ir", "neurosim.record", "neurosim.result", *TREE, "neurosim.errors", "neurosim.files"),
    "neurosim.data": WORDS,
    "neurosim.interchange": ("neurosim.network", "neurosim.ir", "neurosim.equations", "neurosim.result", "neurosim.record", *WORDS),
    "neurosim.simulate": ("neurosim",),
    "neurosim.plotting": ("neurosim",),
    "neurosim.report": (  # one page about a run: reads results, no engine
        "neurosim.result",
        "neurosim.description",
        "neurosim.analysis",
        "neurosim.plotting",
        "neurosim.equations",
        "neurosim.progress",
        *WORDS,
    ),
    "neurosim.conformance": ("neurosim",),
    "neurosim.training": ("neurosim",),
    "neurosim": ("neurosim",),  # the package's own __init__: the public names, re-exported
    "neurosim.cli": ("neurosim", "neurosim.hardware", "neurosim.models"),
    "neurosim.__main__": ("neurosim.cli",),
    "neurosim.hardware": (
        "neurosim.ir",
        "neurosim.backends.base",
        "neurosim.backends.registry",
        "neurosim.record",
        "neurosim.result",
        "neurosim.analysis",
        *TREE,
        "neurosim.equations.parse",  # the integer neuron as text
        "neurosim.errors",
        "neurosim.files",
    ),
    "neurosim.models": (),  # public names only: see PUBLIC_MODULES
}
# A single module that may do more, or less, than its room.
MODULES: dict[str, tuple[str, ...]] = {
    "neurosim.hardware.loihi": (  # its door; what users give it are networks and quantities
        *ROOMS["neurosim.hardware"],
        "neurosim.hardware",
        "neurosim.simulate",
        "neurosim.network",
        "neurosim.units",
    ),
    "neurosim.hardware.loihi.worker": ("neurosim.hardware.loihi.plan",),
    "neurosim.hardware.loihi.lava_build": (),
    "neurosim.hardware.loihi.remains": (),
    "neurosim.hardware.loihi.recorded": (),  # these travel to a host without neurosim
    "neurosim.hardware.loihi.run_lava": (),
}
PUBLIC_MODULES = {
    "neurosim",
    "neurosim.units",
    "neurosim.errors",
    "neurosim.data",
    "neurosim.analysis",
    "neurosim.plotting",
    "neurosim.training",
    "neurosim.interchange",
}
# Methods that users expect on a value (``result.raster()``, ``net.draw()``) open these doors, inside the method only.
DOORS = {
    ("neurosim.result", "neurosim.plotting"),
    ("neurosim.result", "neurosim.analysis"),
    ("neurosim.result", "neurosim.interchange"),
    ("neurosim.result", "neurosim.report"),
    ("neurosim.network", "neurosim.plotting"),
    ("neurosim.hardware.loihi.answers", "neurosim.plotting"),
}
# Rooms whose imports of our own modules may be deferred: the command line (a quick --help), the registry's table, compiled loops of
# the chip's emulator (no compiler before something runs), published figures.
MAY_DEFER = (
    "neurosim.cli",
    "neurosim.backends.registry",
    "neurosim.models._pictures",
    *(f"neurosim.hardware.loihi.{name}" for name in ("emulator", "batch", "learning")),
)

ANYWHERE = ("neurosim", "neurosim.hardware", "neurosim.models")
# library -> (the modules that may import it, whether only inside a function)
LIBRARIES: dict[str, tuple[tuple[str, ...], bool]] = {
    "numpy": (ANYWHERE, False),
    "numba": (("neurosim.backends.native", *(f"neurosim.hardware.loihi.{name}" for name in ("kernels", "learning_kernels", "trace_kernels"))), False),
    "llvmlite": (("neurosim.backends.native",), False),  # numba brings it
    "brian2": (("neurosim.backends.brian2",), False),
    "nest": (("neurosim.backends.nest",), False),
    "torch": (("neurosim.backends.torch", "neurosim.training", "neurosim.interchange"), False),
    "lava": (
        tuple(f"neurosim.hardware.loihi.{name}" for name in ("worker", "lava_build", "run_lava", "lava_processes")),
        False,
    ),
    "scipy": (("neurosim.hardware.loihi.worker", "neurosim.hardware.loihi.lava_build"), True),  # Lava brings it
    "snntorch": (("neurosim.interchange",), False),
    "norse": (("neurosim.interchange",), False),
    "nir": (("neurosim.interchange",), False),
    "neo": (("neurosim.interchange",), True),
    "quantities": (("neurosim.interchange",), True),  # neo brings it: its units
    "matplotlib": (("neurosim.plotting",), False),
    "h5py": (ANYWHERE, True),
    "click": (("neurosim.cli",), False),
    "rich": (("neurosim.cli",), False),
}
LIBRARIES_DEFERRED_IN = {"rich": ("neurosim.progress",)}

FORBIDDEN_TEXT = {
    "an absolute path of a machine": r"(?<![\w./:<])/(?:root|home|Users|work|workspace|mnt)/[\w.]",
    "a path of a machine": r"[A-Z]:\\\\?Users\b",
    "a folder outside the checkout": r"\.\./shar[e]d",
    "the host of a package registry": r"py[p]i\.org|pythonhoste[d]|anacond[a]\.(?:org|com)",
}
TEXT_MAY = {("a folder outside the checkout", ".ci/run")}


# Reading
@dataclass(frozen=True)
class Import:
    """One imported module, as an absolute name."""

    target: str
    line: int
    deferred: bool
    typing_only: bool


@dataclass(frozen=True)
class Module:
    """A source file and the name under which it is imported."""

    name: str
    path: Path
    is_package: bool
    tree: ast.Module = field(repr=False)
    text: str = field(repr=False)

    def where(self, line: int) -> str:
        """Return ``file:line`` relative to the root."""
        return f"{self.path.relative_to(ROOT)}:{line}"


@cache
def modules() -> dict[str, Module]:
    """Return all modules of the three folders by name."""
    found = {}
    for folder, package in PACKAGES.items():
        for path in sorted((ROOT / folder).rglob("*.py")):
            parts = path.relative_to(ROOT / folder).with_suffix("").parts
            is_package = parts[-1] == "__init__"
            name = ".".join((package, *(parts[:-1] if is_package else parts)))
            text = path.read_text(encoding="utf-8")
            found[name] = Module(name, path, is_package, ast.parse(text, str(path)), text)
    return found


def within(name: str, *rooms: str) -> bool:
    """Say whether a module is one of the rooms or lies in one."""
    return any(name == room or name.startswith(room + ".") for room in rooms)


def room_of(name: str) -> str | None:
    """Return the most specific room that a module lies in."""
    if name == "neurosim":
        return name
    return max((room for room in ROOMS if room != "neurosim" and within(name, room)), key=len, default=None)


def is_type_checking(test: ast.expr) -> bool:
    """Recognise ``TYPE_CHECKING`` and ``typing.TYPE_CHECKING``."""
    return ast.unparse(test) in {"TYPE_CHECKING", "typing.TYPE_CHECKING"}


def walk_imports(
    node: ast.AST, deferred: bool = False, typing_only: bool = False
) -> Iterator[tuple[ast.Import | ast.ImportFrom, bool, bool]]:
    """Yield import statements with what surrounds them."""
    if isinstance(node, ast.Import | ast.ImportFrom):
        yield node, deferred, typing_only
        return
    if isinstance(node, ast.If) and is_type_checking(node.test):
        for child in node.body:
            yield from walk_imports(child, deferred, True)
        for child in node.orelse:
            yield from walk_imports(child, deferred, typing_only)
        return
    inside = deferred or isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda)
    for child in ast.iter_child_nodes(node):
        yield from walk_imports(child, inside, typing_only)


def imports(module: Module) -> list[Import]:
    """Return what a module imports: of ``from package import name`` the module ``package.name`` where there is one."""
    found = []
    for node, deferred, typing_only in walk_imports(module.tree):
        if isinstance(node, ast.Import):
            targets = [alias.name for alias in node.names]
        else:
            base = node.module or ""
            if node.level:
                parts = module.name.split(".")
                parts = parts[: len(parts) - node.level + module.is_package]
                base = ".".join([*parts, base] if base else parts)
            submodules = [f"{base}.{alias.name}" in modules() for alias in node.names]
            targets = [
                f"{base}.{alias.name}" if inner else base for alias, inner in zip(node.names, submodules, strict=True)
            ]
        found += [Import(target, node.lineno, deferred, typing_only) for target in dict.fromkeys(targets)]
    return found


def report(findings: list[str]) -> None:
    """Fail with all findings at once."""
    if findings:
        pytest.fail("\n".join(["", *findings]), pytrace=False)


# Rooms
def may_import(module: Module, found: Import) -> bool:
    """Apply the table to one import of our own."""
    room = room_of(module.name)
    target = found.target
    if module.name in MODULES:
        return within(target, *MODULES[module.name])
    if room is None:
        return False
    if within(target, room) and room != "neurosim":
        return True
    if room == "neurosim.models":
        return target in PUBLIC_MODULES
    if found.deferred and any(within(module.name, here) and within(target, there) for here, there in DOORS):
        return True
    for allowed in ROOMS[room]:
        if allowed == "neurosim":
            if not within(target, "neurosim.cli", "neurosim.hardware", "neurosim.models") and target != "neurosim":
                return True
        elif within(target, allowed):
            return True
    return False


def test_every_module_has_a_room() -> None:
    """A new folder is a decision: it gets a line in the table of rooms."""
    report([f"{module.name}: no room in ROOMS" for name, module in modules().items() if room_of(name) is None])


def test_import_directions() -> None:
    """Nobody imports against the river."""
    report(
        [
            f"{module.where(found.line)}: {module.name} may not import {found.target}"
            for module in modules().values()
            for found in imports(module)
            if within(found.target, "neurosim") and not may_import(module, found)
        ]
    )


def test_own_modules_are_imported_at_the_top() -> None:
    """A deferred import of our own hides a cycle, except behind the doors named above."""
    report(
        [
            f"{module.where(found.line)}: import {found.target} at the top of the file"
            for module in modules().values()
            for found in imports(module)
            if within(found.target, "neurosim")
            and found.deferred
            and not within(module.name, *MAY_DEFER)
            and module.name != "neurosim"  # lazily resolved public names
            and not any(within(module.name, here) and within(found.target, there) for here, there in DOORS)
        ]
    )


def test_mapped_folders_are_imported_by_their_installed_names() -> None:
    """``hardware`` and ``models`` exist as neurosim.hardware and neurosim.models only."""
    report(
        [
            f"{module.where(found.line)}: import neurosim.{found.target}, not {found.target}"
            for module in modules().values()
            for found in imports(module)
            if within(found.target, "hardware", "models")
        ]
    )


def test_no_import_cycles() -> None:
    """The modules of neurosim can be put in an order in which each imports earlier ones only."""
    graph = {
        name: {
            found.target
            for found in imports(module)
            if not found.deferred and found.target in modules() and found.target != name
        }
        for name, module in modules().items()
    }
    done: set[str] = set()
    path: list[str] = []
    cycles = []

    def visit(name: str) -> None:
        if name in path:
            cycles.append(" -> ".join([*path[path.index(name) :], name]))
            return
        if name not in done:
            path.append(name)
            for target in sorted(graph[name]):
                visit(target)
            path.pop()
            done.add(name)

    for name in sorted(graph):
        visit(name)
    report(cycles)


def test_models_use_public_names() -> None:
    """A model takes from a module only what stands in its __all__ (or has no underscore)."""
    findings = []
    for module in modules().values():
        if within(module.name, "neurosim.models"):
            for node in ast.walk(module.tree):
                if isinstance(node, ast.ImportFrom) and not node.level and within(node.module or "", "neurosim"):
                    findings += [
                        f"{module.where(node.lineno)}: {alias.name} of {node.module} is private"
                        for alias in node.names
                        if alias.name.startswith("_")
                    ]
    report(findings)


# Libraries
def library_finding(module: Module, found: Import) -> str | None:
    """Say what is wrong with the import of another project's library, or None."""
    library = found.target.split(".")[0]
    if library in sys.stdlib_module_names or library in {*PACKAGES, "tomli"}:
        return None
    if library not in LIBRARIES:
        return f"{library} is not a library that neurosim uses"
    if found.typing_only:
        return None
    if found.deferred and within(module.name, *LIBRARIES_DEFERRED_IN.get(library, ())):
        return None
    places, deferred_only = LIBRARIES[library]
    if not within(module.name, *places):
        return f"{library} is imported in {', '.join(places)} only"
    if deferred_only and not found.deferred:
        return f"import {library} inside the function that needs it"
    return None


def test_libraries_are_imported_where_they_belong() -> None:
    """An engine in its one file, numba with the native engine, matplotlib in plotting, h5py where files are read."""
    report(
        [
            f"{module.where(found.line)}: {finding}"
            for module in modules().values()
            for found in imports(module)
            if (finding := library_finding(module, found))
        ]
    )


# Style
def style_findings(module: Module) -> Iterator[str]:
    """Yield what the house does not do."""
    for node in ast.walk(module.tree):
        match node:
            case ast.Assert():
                yield f"{module.where(node.lineno)}: raise an error of errors.py that says what to do, not assert"
            case ast.Raise(exc=ast.Call(func=ast.Name(id="Exception" | "BaseException"))):
                yield f"{module.where(node.lineno)}: raise a specific error, not a bare Exception"
            case ast.Raise(exc=ast.Name(id="Exception" | "BaseException")):
                yield f"{module.where(node.lineno)}: raise a specific error, not a bare Exception"
            case ast.ExceptHandler(type=None):
                yield f"{module.where(node.lineno)}: name what is caught"
            case ast.Call(func=ast.Name(id="super" | "hasattr" as name)):
                yield f"{module.where(node.lineno)}: no {name}()"
            case ast.ImportFrom() if any(alias.name == "*" for alias in node.names):
                yield f"{module.where(node.lineno)}: import names, not *"
            case ast.Global():
                yield f"{module.where(node.lineno)}: no global: pass the value"


def test_style() -> None:
    """No assert, bare Exception, super(), hasattr(), star import or global."""
    report([finding for module in modules().values() for finding in style_findings(module)])


def test_files_are_short() -> None:
    """About 400 lines; more than that are two files."""
    report(
        [
            f"{module.path.relative_to(ROOT)}: {lines} lines, the limit is {MAX_LINES}"
            for module in modules().values()
            if (lines := len(module.text.splitlines())) > MAX_LINES
        ]
    )


def test_public_things_have_docstrings() -> None:
    """Modules, and their public classes and functions."""
    findings = []
    for module in modules().values():
        if module.text.strip() and ast.get_docstring(module.tree) is None:
            findings.append(f"{module.where(1)}: the module has no docstring")
        for node in module.tree.body:
            if isinstance(node, ast.ClassDef | ast.FunctionDef) and not node.name.startswith("_"):
                if ast.get_docstring(node) is None and not is_overload(node):
                    findings.append(f"{module.where(node.lineno)}: {node.name} has no docstring")
    report(findings)


def is_overload(node: ast.ClassDef | ast.FunctionDef) -> bool:
    """Recognise a signature that is there for the type checker only."""
    return any(ast.unparse(decorator) in {"overload", "typing.overload"} for decorator in node.decorator_list)


# Text
TEXT_SUFFIXES = {".py", ".md", ".toml", ".rst", ".txt", ".cfg", ".yml", ".yaml", ".in", ".json"}
FOLDERS = ("neurosim", "hardware", "models", "tests", "docs", "benchmarks", "examples", ".ci")
NOT_OURS = {"_build", "generated", "__pycache__"}


def text_files() -> Iterator[Path]:
    """Yield the text files of the project."""
    yield from (path for path in sorted(ROOT.iterdir()) if path.is_file() and path.suffix in TEXT_SUFFIXES)
    yield ROOT / "Makefile"
    for folder in FOLDERS:
        for path in sorted((ROOT / folder).rglob("*")):
            if path.is_file() and not NOT_OURS & set(path.parts) and (path.suffix in TEXT_SUFFIXES or folder == ".ci"):
                yield path


def test_text_names_no_machine() -> None:
    """Nothing says where it was written."""
    findings = []
    for path in text_files():
        name = path.relative_to(ROOT).as_posix()
        for number, line in enumerate(path.read_text(encoding="utf-8", errors="replace").splitlines(), 1):
            findings += [
                f"{name}:{number}: {what}: {line.strip()[:100]}"
                for what, pattern in FORBIDDEN_TEXT.items()
                if (what, name) not in TEXT_MAY and re.search(pattern, line)
            ]
    report(findings)

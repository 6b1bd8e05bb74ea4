"""Pages that teach are executed: scripts run, print what stands below them, and the tables say what the code declares."""

from __future__ import annotations

import importlib.util
import inspect
import re
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

import neurosim as ns
from neurosim.backends import registry
from neurosim.cli.catalogue import descriptions
from neurosim.conformance import CASES
from neurosim.network.stimuli import STIMULI

ROOT = Path(__file__).resolve().parent.parent
DOCS = ROOT / "docs"


def _load(name: str) -> ModuleType:
    """An extension of the documentation; they import each other by their bare names."""
    specification = importlib.util.spec_from_file_location(f"docs_{name}", DOCS / f"{name}.py")
    assert specification is not None and specification.loader is not None
    module = importlib.util.module_from_spec(specification)
    sys.modules[specification.name] = module  # dataclasses look their module up
    sys.path.insert(0, str(DOCS))
    try:
        specification.loader.exec_module(module)
    finally:
        sys.path.remove(str(DOCS))
    return module


executed = _load("executed")
same_text = executed.same_text


# ---- scripts: `make docs` runs all pages, here is what it runs them with ---------------------------------------------------
PAGE = """# A page

```python
x = 2.0
print("x", x)
open("a.png", "w").close()  # savefig("a.png")
```

```text
x 2.1
```

```python
print(x + 1)
```

Words.

```python
y = x
```
"""


def test_a_page_is_executed_and_compared(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(executed, "KEPT", tmp_path / "kept")
    page = tmp_path / "page.md"
    page.write_text(PAGE, encoding="utf-8")
    found = executed.complaints(page)
    assert [line for line, _ in found] == [13]
    assert "prints\n3.0" in found[0][1]
    executed.rewrite(page)
    assert executed.complaints(page) == []
    text = page.read_text(encoding="utf-8")
    assert "x 2.1" in text, "what is near enough stays"
    assert "print(x + 1)\n```\n\n```text\n3.0\n```\n\nWords." in text
    source = [text]
    executed.show_pictures(None, "page", source)
    assert source[0].count("![") == 1
    assert "x 2.1\n```\n\n![what the script above saves as a.png](/_build/executed/page/a.png)" in source[0]


def test_a_script_that_fails_is_found_at_its_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(executed, "KEPT", tmp_path / "kept")
    page = tmp_path / "page.md"
    page.write_text(PAGE.replace("y = x", "y = z"), encoding="utf-8")
    ((line, text),) = executed.complaints(page)
    assert line == 19
    assert "NameError: name 'z' is not defined" in text


def test_what_ran_once_is_kept_until_it_changes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(executed, "KEPT", tmp_path)
    runs = []
    monkeypatch.setattr(executed, "run", lambda codes, folder: runs.append(codes) or executed.Outcome(("out\n",)))
    for codes in (["print(1)"], ["print(1)"], ["print(2)"]):
        assert executed.executed("page", codes).printed == ("out\n",)
    assert runs == [["print(1)"], ["print(2)"]]


def test_pages_that_teach_have_scripts() -> None:
    found = {page.stem for page in executed.pages()}
    assert {"README", "index", "first_steps", "examples", "results", "neurons", "how_to_add_an_engine"} <= found


def test_texts_are_compared_with_a_tolerance() -> None:
    assert same_text("exc   400   8.360\n", "exc  400  8.1\n")
    assert not same_text("exc 400 8.36", "inh 400 8.36")
    assert not same_text("exc 400 8.36", "exc 800 8.36")
    assert not same_text("(5000, 3)", "(5000, 4)")


def test_pages_name_files_that_exist() -> None:
    """Links between pages, and from the README into them."""
    missing = []
    for page in (ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))):
        for link in re.findall(r"\]\(([^)#:]+)(?:#[^)]*)?\)", page.read_text(encoding="utf-8")):
            if not (page.parent / link).exists():
                missing.append(f"{page.name}: {link}")
    assert missing == []


# ---- tables --------------------------------------------------------------------------------------------------------------
@pytest.fixture(name="tables", scope="module")
def _tables() -> ModuleType:
    return _load("tables")


@pytest.fixture(name="written", scope="module")
def _written(tables: ModuleType, tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    folder = tmp_path_factory.mktemp("generated")
    tables.write(folder)
    return {path.stem: path.read_text(encoding="utf-8") for path in folder.iterdir()}


def test_tables_hold_everything_that_is_declared(written: dict[str, str]) -> None:
    for case in CASES:
        assert f"| `{case.name}` | {case.about.rstrip('.')} | `{case.level}` |" in written["support_matrix"].replace("\\|", "|")
    for name in registry.BUILT_IN:
        assert f"| `{name}` |" in written["engines"]
    for name, description in descriptions().items():
        assert f"## {name}\n\n{description}." in written["models"]
        assert "doi" in written["models"]
    for page in written:
        included = [path.stem for path in DOCS.glob("*.md") if f"include}} generated/{page}.md" in path.read_text(encoding="utf-8")]
        assert included, f"no page shows {page}"


def test_every_argument_of_a_model_is_explained(tables: ModuleType) -> None:
    """The page of models shows a meaning for each argument."""
    empty = [line for line in tables.models().splitlines() if line.startswith("| `") and line.split("|")[2].strip() == ""]
    assert empty == []


def test_outcomes_are_shown_as_they_are(tables: ModuleType) -> None:
    from dataclasses import replace

    refusing = replace(CASES[0], obstacles={"brian2": "not_yet"})
    key = CASES[0].name, "brian2"
    cell = tables._cell
    assert cell(refusing, "brian2", {}) == "promises to refuse (not yet)"
    assert cell(CASES[0], "native", {}) == "promised"
    assert cell(refusing, "brian2", {key: {"outcome": "refused", "difference": 0.0}}) == "refuses (not yet)"
    assert cell(CASES[0], "brian2", {key: {"outcome": "passed", "difference": 3e-14}}) == "passes, 3e-14"
    assert cell(CASES[0], "brian2", {key: {"outcome": "failed", "difference": 1.0}}) == "**fails**"


def test_every_standard_part_has_its_section(written: dict[str, str]) -> None:
    for page, module, kind in (("neurons", ns.neurons, ns.NeuronModel), ("synapses", ns.synapses, ns.SynapseModel)):
        values = {id(value): name for name, value in vars(module).items() if isinstance(value, kind)}
        assert len(values) >= 2
        assert written[page].count("\n## ") == len(values)
    rules = [name for name in ns.plasticity.__all__ if name.endswith(("stdp", "scaling"))]
    assert [name for name in rules if f"## {name}\n" not in written["plasticity"]] == []
    assert [kind.__name__ for kind in STIMULI if f"`{kind.__name__} <" not in written["stimuli"]] == []


def test_equations_are_rendered_from_the_models(written: dict[str, str]) -> None:
    assert r"\frac{dv}{dt} &= \frac{E_{L} - v}{\tau_{m}}" in written["neurons"]
    assert r"At an arrival: $w \leftarrow w - a_{\mathrm{minus}} \, y$" in written["plasticity"]


def test_every_function_of_the_language_is_listed(written: dict[str, str]) -> None:
    from neurosim.equations import FUNCTIONS

    assert [name for name in FUNCTIONS if f"| `{name}(" not in written["language"]] == []


# ---- the API reference -----------------------------------------------------------------------------------------------------
def test_no_public_name_is_missing(written: dict[str, str]) -> None:
    find = _load("reference").found
    entries = [find(name) for name in re.findall(r"^\.\. auto\w+:: ([\w.]+)$", written["api"], re.MULTILINE)]
    modules = {name: value for name in ns.__all__ if inspect.ismodule(value := getattr(ns, name))}
    public = {f"neurosim.{name}": getattr(ns, name) for name in ns.__all__ if name not in modules}
    for name in ("units", "analysis", "plotting", "conformance", "plasticity"):
        module: Any = find(f"neurosim.{name}")
        public.update({f"{name}.{each}": getattr(module, each) for each in module.__all__})
    described = {name: value for name, value in public.items() if inspect.isfunction(value) or inspect.isclass(value)}
    assert len(described) > 100
    assert [name for name, value in described.items() if not any(value is entry for entry in entries)] == []
    assert [name for name, module in modules.items() if not inspect.getdoc(module)] == []


def test_everything_in_the_reference_says_what_it_is(written: dict[str, str]) -> None:
    reference = _load("reference")
    entries = re.findall(r"^\.\. auto(?:class|function):: ([\w.]+)$", written["api"], re.MULTILINE)
    assert len(entries) > 100
    assert [name for name in entries if not inspect.getdoc(reference.found(name))] == []


# ---- citing --------------------------------------------------------------------------------------------------------------
def test_the_citation_is_of_this_version() -> None:
    text = (ROOT / "CITATION.cff").read_text(encoding="utf-8")
    assert f"version: {ns.__version__}\n" in text
    assert "license: BSD-3-Clause\n" in text

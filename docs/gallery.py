"""A Sphinx extension that runs every model, small, and shows its picture: ``_build/gallery/NAME.png``.

A model module may say what is small: ``SMALL``, arguments of its ``network``, or of its ``schedule``. What ran once is kept until a source
file of the package or the settings below change. ``python docs/gallery.py [MODEL ...]`` draws without Sphinx.
"""

from __future__ import annotations

import importlib
import json
import os
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from types import MappingProxyType
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parent))

from executed import AT_ONCE, DOCS, ROOT, digest  # noqa: E402

KEPT = DOCS / "_build" / "gallery"
LONGEST = 240
"""Seconds that a model may take, its kernels being compiled among them."""
MILLISECONDS = "milliseconds"
SMALL = MappingProxyType(
    {
        "microcircuit": {"scale": 0.1, MILLISECONDS: 400},
        "brunel": {MILLISECONDS: 200},
        "stdp": {MILLISECONDS: 200},
        "cuba": {MILLISECONDS: 400},
        "coba": {MILLISECONDS: 400},
        "cobahh": {MILLISECONDS: 200},
        "stdp_correlation": {"speed": 10.0, MILLISECONDS: 120_000},
    }
)
"""Of models that do not say themselves what is small: arguments of ``network``, and how long is simulated after the warm-up."""


# ---- Sphinx ----------------------------------------------------------------------------------------------------------
def setup(app: Any) -> dict[str, bool]:
    """Called by Sphinx."""
    app.connect("builder-inited", draw_all, priority=400)  # before the tables, which show the pictures
    return {"parallel_read_safe": True}


def draw_all(app: Any) -> None:
    """Draw what is not up to date, and write the page of all; a failure is a warning."""
    from sphinx.util.logging import getLogger

    for name, error in drawn(names()):
        if error:
            getLogger("gallery").warning(f"model {name} cannot be drawn:\n{error}")
    generated = DOCS / "generated"
    generated.mkdir(exist_ok=True)
    path, text = generated / "gallery.md", page()
    if not path.exists() or path.read_text(encoding="utf-8") != text:
        path.write_text(text, encoding="utf-8")


def page() -> str:
    """A card for each model: its picture, its name, what it is."""
    from neurosim.cli.catalogue import descriptions

    cards = []
    for name, description in descriptions().items():
        picture = f"![{description}](/_build/gallery/{name}.png)\n\n" if (KEPT / f"{name}.png").exists() else ""
        cards.append(f":::{{container}} card\n{picture}**[{name}](models.md#{name.replace('_', '-')})**: {description}.\n:::\n")
    return "::::{container} cards\n" + "\n".join(cards) + "::::\n"


# ---- drawing ---------------------------------------------------------------------------------------------------------
def names() -> list[str]:
    """All models."""
    from neurosim.cli.catalogue import descriptions

    return list(descriptions())


def drawn(models: list[str]) -> list[tuple[str, str]]:
    """Model and what went wrong, '' if nothing did."""
    KEPT.mkdir(parents=True, exist_ok=True)
    with ThreadPoolExecutor(AT_ONCE) as pool:
        return list(zip(models, pool.map(in_own_process, models)))


def in_own_process(name: str) -> str:
    """Draw a model unless its picture is there; returns the error."""
    kept = KEPT / f"{name}.json"
    key = digest(Path(__file__).read_text(encoding="utf-8"), name)
    if kept.exists() and (KEPT / f"{name}.png").exists() and json.loads(kept.read_text(encoding="utf-8"))["key"] == key:
        return ""
    (KEPT / f"{name}.png").unlink(missing_ok=True)
    environment = {**os.environ, "MPLBACKEND": "Agg", "PYTHONPATH": str(ROOT)}
    command = [sys.executable, str(Path(__file__).resolve()), "--here", name]
    started = time.perf_counter()
    try:
        done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=LONGEST, check=False)
    except subprocess.TimeoutExpired:
        return f"not done after {LONGEST} s: give it smaller settings in docs/gallery.py"
    if done.returncode:
        return done.stderr
    kept.write_text(json.dumps({"key": key, "seconds": round(time.perf_counter() - started, 1)}), encoding="utf-8")
    return ""


def draw(name: str) -> None:
    """Simulate a model and save its picture."""
    import warnings

    import neurosim as ns
    from neurosim.cli.catalogue import model_of
    from neurosim.units import ms

    warnings.simplefilter("ignore")  # small networks say that they are small
    model = model_of(name)
    offers = vars(importlib.import_module(f"neurosim.models.{name}"))
    settings = dict(offers.get("SMALL", SMALL.get(name, {})))
    duration = settings.pop(MILLISECONDS) * ms if MILLISECONDS in settings else settings.pop("duration", model.duration)
    phases = [ns.Phase(model.warm_up, label="warm-up")] if model.warm_up.value else []
    result = ns.simulate(model.build(**settings), ns.Schedule(*phases, ns.Phase(duration, label="run")), dt=model.dt, progress=False)
    figure = offers["figure"](result) if "figure" in offers else result.phase("run").raster()
    figure.savefig(KEPT / f"{name}.png", dpi=110)


if __name__ == "__main__":
    if sys.argv[1:2] == ["--here"]:
        draw(sys.argv[2])
        sys.exit()
    wrong = [f"{name}: {error}" for name, error in drawn(sys.argv[1:] or names()) if error]
    for name in sys.argv[1:] or names():
        if (KEPT / f"{name}.json").exists():
            print(name, json.loads((KEPT / f"{name}.json").read_text(encoding="utf-8"))["seconds"], "s")
    sys.exit("\n".join(wrong) or None)

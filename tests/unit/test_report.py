"""The report of a run: what stands in it, that it is one well-formed page on its own, that nothing of a user's breaks it."""

from __future__ import annotations

import re
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path

import numpy as np
import pytest
from matplotlib.figure import Figure

import neurosim as ns
from neurosim import description
from neurosim.errors import FileError, ParameterError
from neurosim.report import page, pictures
from neurosim.report.html import Html, table, tag
from neurosim.result.provenance import from_plain, to_plain
from neurosim.units import Hz, ms, mV, pA

ALONE = {"img", "meta", "br"}
NASTY = "<b>&\"x'"


class Reader(HTMLParser):
    """Notes tags, attributes and text; complains about tags that are not closed in order."""

    def __init__(self, text: str) -> None:
        HTMLParser.__init__(self)
        self.open: list[str] = []
        self.found: list[tuple[str, dict[str, str | None]]] = []
        self.text: list[str] = []
        self.source = text
        self.feed(text)
        self.close()
        assert not self.open, self.open

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append((tag, dict(attrs)))
        if tag not in ALONE and not (tag == "mspace"):
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append((tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        assert self.open and self.open.pop() == tag, tag

    def handle_data(self, data: str) -> None:
        if self.open and self.open[-1] != "style":
            self.text.append(data)

    def all(self, tag: str) -> list[dict[str, str | None]]:
        return [attributes for name, attributes in self.found if name == tag]

    @property
    def words(self) -> str:
        return " ".join("".join(self.text).split())


def network(name: str = "pair") -> ns.Network:
    rule = ns.plasticity.pair_stdp(tau_plus=20 * ms, tau_minus=25 * ms, a_plus=0.1 * pA, a_minus=0.12 * pA)
    drive = ns.PoissonSource("drive", 4, rate=800 * Hz)
    cell = ns.neurons.lif_exponential
    out = ns.Population("out", 3, cell, tau_m=15 * ms, v=ns.normal(-60 * mV, 2 * mV))
    more = ns.Population("more", 2, cell, I_e=400 * pA)
    plastic = ns.Projection(drive, out, ns.all_to_all(), into="I_syn", weight=300 * pA, bounds=(0 * pA, 400 * pA), plasticity=rule)
    inner = ns.Projection(more, out, ns.fixed_probability(0.5), into="I_syn", weight=-20 * pA, delay=1 * ms)
    probes = [ns.Probe(out, "spikes"), ns.Probe(more, "spikes"), ns.Probe(out, "v", of=range(2)), ns.Probe(plastic, "w", every=20 * ms)]
    return ns.Network(drive, out, more, plastic, inner, *probes, name=name, seed=3, expected={"published": {"out": 20.0, "more": 1.0}})


@pytest.fixture(scope="module")
def result() -> ns.Result:
    return ns.simulate(network(), 100 * ms, backend="reference")


@pytest.fixture
def without_pictures(monkeypatch: pytest.MonkeyPatch) -> None:
    """Drawing takes most of the time."""
    for name in ("pictures", "graph"):
        monkeypatch.setattr(f"neurosim.report.document.{name}", lambda *_: Html(""))


@pytest.fixture(scope="module")
def reader(result: ns.Result) -> Reader:
    return Reader(page(result))


def test_the_page_stands_alone(reader: Reader) -> None:
    text = reader.source
    assert text.startswith('<!DOCTYPE html>\n<html lang="en">')
    assert not reader.all("script") and not reader.all("link") and not reader.all("iframe")
    assert all(str(image["src"]).startswith("data:image/png;base64,") for image in reader.all("img"))
    assert "url(" not in text and "@import" not in text
    addresses = [str(link["href"]) for link in reader.all("a")]
    assert all(address.startswith(("#", "https://doi.org/10.")) for address in addresses)
    anchors = {attributes["id"] for attributes in reader.all("section")}
    assert {address[1:] for address in addresses if address[0] == "#"} == anchors
    assert len(text) < 600_000


def test_what_stands_in_it(reader: Reader, result: ns.Result) -> None:
    words = reader.words
    assert "2 populations of 5 neurons in all, simulated for 100 ms by the engine reference in steps of 0.1 ms." in words
    for title in ("Pictures", "Measured beside expected", "The network", "Equations and parameters", "Provenance", "How to repeat it"):
        assert title in words, title
    assert result.provenance.program_digest in words and result.digest() in words
    assert re.search(r"2 projections(, 1\d synapses)?", words)
    assert "tau_m" in words and "15 ms" in words and "normal(-60 mV, 2 mV)" in words and "see below" in words
    assert "Song, Miller and Abbott 2000" in words and "trace of presynaptic spikes" in words
    assert "300 pA, within 0 pA to 400 pA" in words
    assert "PoissonSource, rate 800 Hz" in words
    assert 'ns.simulate(net, 100 * ms, dt=0.1 * ms, backend="reference", seed=3' in words
    assert all(len(str(image["alt"])) > 20 for image in reader.all("img"))
    assert len(reader.all("math")) > 12 and len(reader.all("mfrac")) >= 6


def test_differences_are_marked(reader: Reader) -> None:
    """'more' fires at far more than the expected 1 Hz."""
    assert any(attributes.get("class") == "off" for attributes in reader.all("span"))
    assert "20 (" in reader.words


def test_users_text_is_text(without_pictures: None) -> None:
    rule = ns.Plasticity("eta : weight", on_pre="w += eta", values={"eta": 1 * pA}, name=NASTY, source=f"{NASTY} doi 10.1000/182.")
    cell = ns.Population("a" + NASTY, 2, ns.neurons.lif_exponential.with_defaults(I_e=500 * pA))
    one = ns.Projection(cell, cell, ns.all_to_all(), into="I_syn", weight=1 * pA, plasticity=rule, name=NASTY)
    result = ns.simulate(ns.Network(cell, one, ns.Probe(cell, "spikes"), name=NASTY), 30 * ms, backend="reference")
    noted = replace(result, provenance=replace(result.provenance, notes=(NASTY, f"Warning: {NASTY}"), command=f"neurosim run {NASTY}"))
    found = Reader(page(noted))
    assert not found.all("b") or all("style" in attributes for attributes in found.all("b"))
    assert found.words.count(NASTY) >= 8
    assert 'alt="Figure: &lt;b&gt;' in pictures.picture(Figure(figsize=(1, 1)), f"Figure: {NASTY}").markup
    assert {"href": "https://doi.org/10.1000/182"} in found.all("a")


def test_a_file_holds_all_the_page_needs(without_pictures: None, result: ns.Result, tmp_path: Path) -> None:
    result.save(tmp_path / "run.nsr")
    again = ns.load_result(tmp_path / "run.nsr")
    assert again.provenance.description == result.provenance.description
    assert page(again) == page(result)


def test_an_older_file_says_what_is_missing(without_pictures: None, result: ns.Result) -> None:
    plain = {key: value for key, value in description.to_plain(result.provenance.description or description.Description()).items()}
    assert description.from_plain({**plain, "unknown to this version": 1}) == result.provenance.description
    old = replace(result, provenance=replace(result.provenance, description=None, machine={}))
    words = Reader(page(old)).words
    assert "did not keep the network's equations, parameters and connections" in words
    assert "Measured beside expected" in words and "Equations and parameters" not in words


def test_equations_that_are_not_understood_stand_as_text(without_pictures: None, result: ns.Result) -> None:
    words = result.provenance.description
    assert words is not None
    broken = {key: replace(model, equations="dv/dt == ?", statements={"spike": "v >"}) for key, model in words.models.items()}
    odd = replace(result, provenance=replace(result.provenance, description=replace(words, models=broken)))
    assert "dv/dt == ?" in Reader(page(odd)).words


def test_interrupted_and_silent_runs(monkeypatch: pytest.MonkeyPatch) -> None:
    cell = ns.Population("quiet", 2, ns.neurons.lif_exponential)
    result = ns.simulate(ns.Network(cell, ns.Probe(cell, "spikes")), 20 * ms, backend="reference")
    monkeypatch.setattr("neurosim.report.document.graph", lambda _: Html(""))
    stopped = replace(result, provenance=replace(result.provenance, interrupted=True, backend=""))
    assert "the run was stopped after 20 ms of 20 ms" in Reader(page(stopped)).words
    nothing = ns.simulate(ns.Network(cell), 1 * ms, backend="reference")
    assert "Pictures" not in Reader(page(nothing)).words


def test_own_figures_stand_first(result: ns.Result, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("neurosim.report.pictures.overview", lambda _: Figure(figsize=(1, 1)))
    monkeypatch.setattr("neurosim.report.document.graph", lambda _: Html(""))
    found = Reader(page(result, {f"Figure {NASTY}": Figure(figsize=(1, 1))}))
    assert len(found.all("img")) == 2
    assert found.all("img")[0]["alt"] == f"Figure: Figure {NASTY}"
    with pytest.raises(ParameterError, match="figures must be matplotlib figures by title"):
        page(result, {"Figure": 3})  # type: ignore[dict-item]


def test_writing(without_pictures: None, result: ns.Result, tmp_path: Path) -> None:
    result.report(tmp_path / "report.html")
    assert Reader((tmp_path / "report.html").read_text(encoding="utf-8")).all("main")
    assert [path.name for path in tmp_path.iterdir()] == ["report.html"]
    with pytest.raises(FileError, match="it is a folder"):
        result.report(tmp_path)
    with pytest.raises(FileError, match="there is no folder"):
        result.report(tmp_path / "nowhere" / "report.html")
    with pytest.raises(FileError, match="a file needs a name"):
        result.report("")
    with pytest.raises(ParameterError, match="report: needs a Result"):
        page(3)  # type: ignore[arg-type]


def test_pieces_are_escaped() -> None:
    assert tag("p", NASTY, having={"class": NASTY}).markup == '<p class="&lt;b&gt;&amp;&quot;x&#x27;">&lt;b&gt;&amp;&quot;x&#x27;</p>'
    assert Reader(table(["", "b"], [["x", "1"]], numbers=(1,)).markup).all("td") == [{"class": "number"}]


# ---- the description -----------------------------------------------------------------------------------------------------
def test_description_survives_lowering_and_freezing() -> None:
    net = network()
    program = ns.lower(net, 10 * ms)
    words = ns.simulate(ns.freeze(program), backend="reference").provenance.description
    assert words is not None
    assert [part.name for part in words.parts] == ["drive", "out", "more"]
    assert words == ns.simulate(net, 1 * ms, backend="reference").provenance.description
    assert "description" not in str(program.meta.keys() - {"description"})
    plastic, inner = words.projections
    assert (plastic.rule, plastic.negative, plastic.synapses) == ("pair_stdp", False, 12)
    assert (inner.rule, inner.negative, inner.synapses, inner.delay) == ("", True, None, "1 ms")
    assert {value.name: value.value for value in plastic.values}["tau_minus"] == "25 ms"


def test_models_of_one_name_are_told_apart() -> None:
    first = ns.NeuronModel("dv/dt = -v / tau : 1\ntau : ms", name="cell", defaults={"tau": 1 * ms})
    second = ns.NeuronModel("dv/dt = -2 * v / tau : 1\ntau : ms", name="cell", defaults={"tau": 1 * ms})
    net = ns.Network(ns.Population("a", 1, first), ns.Population("b", 1, second), ns.Population("c", 1, first.with_defaults(tau=2 * ms)))
    words = ns.simulate(net, 1 * ms, backend="reference").provenance.description
    assert words is not None
    assert [part.model for part in words.parts] == ["cell", "cell (2)", "cell"]


def test_values_in_a_word_or_two() -> None:
    from neurosim.network.description import value_text

    assert value_text(np.array([1.0, 1.0])) == "1"
    assert value_text([3, 4.25] * pA) == "3 to 4.25 pA"
    assert value_text(ns.normal(1.23456789 * pA, 0.1 * pA, low=0 * pA)) == "normal(1.235 pA, 0.1 pA, low=0 pA)"
    assert value_text("v_rest") == "v_rest" and value_text(None) == "None"
    assert len(value_text("x" * 200)) == 60


def test_provenance_of_an_older_file(result: ns.Result) -> None:
    plain = to_plain(result.provenance)
    for key in ("description", "machine", "command", "notes"):
        del plain[key]
    old = from_plain(plain)
    assert (old.description, old.machine, old.command, old.notes) == (None, {}, "", ())
    assert old.parts == result.provenance.parts


def test_populations_stand_in_the_order_of_the_network() -> None:
    """An instant signal makes the engine integrate its source first."""
    rate = ns.neurons.rate_neuron
    last, first = ns.Population("last", 1, rate), ns.Population("first", 1, rate)
    signal = ns.Projection(first.output("r"), last, ns.all_to_all(), into="u_in", weight=1.0, instant=True)
    result = ns.simulate(ns.Network(last, first, signal), 1 * ms, backend="reference")
    assert [block.name for block in ns.lower(ns.Network(last, first, signal), 1 * ms).blocks] == ["first", "last"]
    assert [part.name for part in result.populations] == ["last", "first"]

"""Whatever is given for any argument of any public word: it works, or an error of ours says why not. Nothing else is raised."""

from __future__ import annotations

import itertools
import traceback
from collections.abc import Callable, Iterable, Mapping
from functools import partial
from typing import Any

import numpy as np
import pytest

import neurosim as ns
from neurosim import analysis, plotting
from neurosim.errors import NeurosimError, describe
from neurosim.network import Connectivity, Distribution
from neurosim.units import Hz, ms, mV, pA, um

NASTY: Mapping[str, Any] = {
    "None": None,
    "empty text": "",
    "text": "x",
    "text of two lines": "a\nb",
    "-1": -1,
    "0": 0,
    "1.5": 1.5,
    "10**30": 10**30,
    "nan": float("nan"),
    "inf": float("inf"),
    "1j": 1j,
    "True": True,
    "[]": [],
    "[1, 2]": [1, 2],
    "ragged": [[1], [2, 3]],
    "{}": {},
    "object": object(),
    "function": lambda: 1,
    "array of texts": np.array(["a"]),
    "3-d array": np.ones((1, 2, 3)),
    "-3 ms": -3 * ms,
    "nan ms": float("nan") * ms,
    "1e30 ms": 1e30 * ms,
    "3 mV": 3 * mV,
    "[1, 2, 3] mV": [1, 2, 3] * mV,
    "unit": ms,
    "distribution": ns.normal(0 * mV, 1 * mV),
}

LIF = ns.neurons.lif_exponential
A, B = ns.Population("a", 4, LIF), ns.Population("b", 3, LIF)
DRIVE = ns.PoissonSource("drive", 4, rate=30 * Hz)
TABLE = ns.SampleTable("table", np.ones((2, 4)), steps_per_item=3)
STDP = ns.plasticity.pair_stdp(tau_plus=20 * ms, tau_minus=20 * ms, a_plus=0.1 * pA, a_minus=0.1 * pA)
DENSE = ns.Projection(DRIVE, A, ns.all_to_all(), into="I_syn", weight=1 * pA, name="dense")
EQUATIONS = "dv/dt = -v / tau : mV\ntau : ms"


def call(make: Callable[..., Any], **arguments: Any) -> tuple[Callable[..., Any], dict[str, Any]]:
    """A call that works."""
    return make, arguments


CALLS: tuple[tuple[Callable[..., Any], dict[str, Any]], ...] = (
    call(ns.constant, value=1 * mV),
    call(ns.uniform, low=1 * mV, high=2 * mV),
    call(ns.normal, mean=1 * mV, sd=2 * mV, low=-3 * mV, high=3 * mV, cut="redraw"),
    call(ns.lognormal, median=1 * mV, sigma=1.0, low=0 * mV, high=3 * mV, cut="clip"),
    call(ns.exponential, mean=1 * mV, low=0 * mV, high=3 * mV, cut="clip"),
    call(ns.gamma, shape=2.0, scale=1 * mV, low=0 * mV, high=3 * mV, cut="redraw"),
    call(ns.truncated, distribution=ns.normal(0 * mV, 1 * mV), low=-3 * mV, high=3 * mV, cut="clip"),
    call(ns.all_to_all, autapses=True),
    call(ns.fixed_probability, p=0.1, autapses=True),
    call(ns.fixed_indegree, k=2, autapses=True, multapses=True),
    call(ns.fixed_outdegree, k=2, autapses=True, multapses=True),
    call(ns.fixed_total_number, n=2, autapses=True, multapses=True),
    call(ns.pairs, pre=[0, 1], post=[1, 0]),
    call(ns.dense, matrix=np.ones((2, 3)) * pA),
    call(ns.sparse, matrix=([0], [1], [2]), unit=pA),
    call(ns.sparse, matrix=([0], [1], [2] * pA)),
    call(ns.small_world, k=2, p=0.5),
    call(ns.grid, rows=2, columns=2, spacing=3 * um),
    call(ns.positions, coordinates=[[1, 2], [3, 4]] * um, extent=[5, 6] * um),
    call(ns.by_distance, text="exp(-distance / scale)", scale=3 * um),
    *(call(kernel, **{name: 3 * um for name in names}) for kernel, names in (
        (ns.kernels.gaussian, ("sigma",)), (ns.kernels.exponential, ("scale",)), (ns.kernels.linear, ("radius",)),
        (ns.kernels.disc, ("radius", "inner")), (ns.kernels.box, ("width", "height")))),
    call(ns.distance_dependent, kernel="exp(-distance / (3*um))", positions=ns.grid(2, 2, spacing=1 * um),
         targets=ns.grid(2, 2, spacing=1 * um), probability=0.5, boundary="periodic", autapses=True),
    call(ns.convolution, image=(2, 2), kernel=np.ones((1, 1)) * pA, stride=1, padding=0, dilation=1),
    call(ns.convolution, image=(2, 2), kernel_shape=(1, 1)),
    call(ns.NeuronModel, equations=EQUATIONS, spike="v > 1*mV", reset="v = 0*mV", refractory=2 * ms, payload="1", rising=False, held=("v",),
         defaults={"tau": 10 * ms}, method="exact", name="cell", source="here"),
    call(ns.SynapseModel, equations="dx/dt = -x / tau : 1\ntau : ms", on_arrival="into += w * x", values={"tau": 3 * ms}, name="s", source="t"),
    call(ns.Plasticity, equations="dx/dt = -x / tau : 1\ntau : ms", on_pre="x += 1", on_post="w += w * x", on_step="x += 1", every=1 * ms,
         values={"tau": 3 * ms}, name="p", source="q"),
    call(ns.plasticity.pair_stdp, tau_plus=20 * ms, tau_minus=20 * ms, a_plus=1 * pA, a_minus=1 * pA),
    call(ns.plasticity.multiplicative_stdp, tau_plus=20 * ms, tau_minus=20 * ms, a_plus=1 * pA, a_minus=1 * pA, w_max=9 * pA,
         mu_plus=0.5, mu_minus=0.5),
    call(ns.plasticity.nearest_neighbour_stdp, tau_plus=20 * ms, tau_minus=20 * ms, a_plus=1 * pA, a_minus=1 * pA, pairing="reduced"),
    call(ns.plasticity.triplet_stdp, fit="hippocampus", pairing="nearest", w_0=1 * pA),
    call(ns.plasticity.inhibitory_stdp, tau=20 * ms, rho_0=5 * Hz, eta=1 * pA),
    call(ns.plasticity.synaptic_scaling, target=5 * Hz, tau=900 * ms, beta=0.1, every=10 * ms),
    call(ns.Population, name="p", size=3, model=LIF, method="exact", refractory=2 * ms, tau_m=10 * ms, v=-60 * mV),
    call(ns.Projection, source=A, target=A, connectivity=ns.all_to_all(), into="I_syn", weight=1 * pA, delay=1 * ms, synapse=ns.synapses.static,
         plasticity=STDP, bounds=(0 * pA, 2 * pA), name="p", instant=False, weight_precision="float64"),
    call(ns.Projection, source=DRIVE, target=A, connectivity=ns.all_to_all(), into="I_syn", shared_with=DENSE, factor=2.0),
    call(ns.PoissonSource, name="d", size=3, rate=30 * Hz),
    call(ns.PoissonSource, name="d", size=3, rate="r * t / second", values={"r": 30 * Hz}),
    call(ns.PoissonSource, name="d", size=3, rate=[30, 40] * Hz, every=1 * ms, after="hold"),
    call(ns.SineCurrent, name="d", size=3, amplitude=1 * pA, frequency=3 * Hz, phase=1.0, offset=2 * pA),
    call(ns.OrnsteinUhlenbeck, name="d", size=3, mean=1 * pA, sd=2 * pA, tau=3 * ms),
    call(ns.SpikeTimes, name="d", size=3, times=[1, 2] * ms, indices=[0, 1], payloads=[1, 2]),
    call(ns.StepCurrent, name="d", size=1, times=[1, 2] * ms, values=[1, 2] * pA),
    call(ns.SampledArray, name="d", values=[1, 2] * pA, every=1 * ms, after="hold"),
    call(ns.SampleTable, name="d", items=np.ones((2, 3)), item_duration=1 * ms, order=[0, 1], after="hold"),
    call(ns.SampleTable, name="d", items=np.ones((2, 3)), steps_per_item=4),
    call(ns.Probe, part=A, variable="v", of=[0, 1], every=1 * ms, at="start", reduce="mean"),
    call(ns.Probe, part=A, variable="v", per_item=TABLE),
    call(ns.Assignment, path="a.v", value=3 * mV, at=1 * ms, every=2 * ms),
    call(ns.Phase, duration=4 * ms, label="one", set={"a.v": 3 * mV}, off=["drive"], plasticity=True, repeats=2,
         at=[ns.Assignment("a.v", 3 * mV)]),
    call(ns.lower, network=ns.Network(A), duration_or_schedule=1 * ms, dt=0.1 * ms, seed=3),
)  # fmt: skip


def name_of(make: Callable[..., Any]) -> str:
    return getattr(make, "__name__", str(make))


def outcome(make: Callable[[], Any], what: str, *others: type[BaseException]) -> tuple[Any, str]:
    """What is made, or None; and a complaint where something is raised that is no error of ours."""
    try:
        return make(), ""
    except NeurosimError as error:
        return None, "" if len(describe(error)) > 20 else f"{what}: says only {error}"
    except others:
        return None, ""
    except Exception as error:  # noqa: BLE001 -- the very thing that is looked for
        place = traceback.extract_tb(error.__traceback__)[-1]
        return None, f"{what}: {type(error).__name__}: {error} ({place.filename}:{place.lineno})"


def report(complaints: Iterable[str]) -> None:
    found = [complaint for complaint in complaints if complaint]
    if found:
        pytest.fail("\n".join(["", *found]), pytrace=False)


@pytest.mark.slow
@pytest.mark.parametrize("make, arguments", CALLS, ids=[f"{name_of(make)} {k}" for k, (make, _) in enumerate(CALLS)])
def test_any_value_of_any_argument(make: Callable[..., Any], arguments: dict[str, Any]) -> None:
    """One argument at a time; what can be made can be lowered too, or an error of ours says why not."""
    make(**arguments)
    complaints = []
    for name, (word, value) in itertools.product(arguments, NASTY.items()):
        what = f"{name_of(make)}({name}={word})"
        made, complaint = outcome(partial(make, **{**arguments, name: value}), what)
        complaints.append(complaint)
        if made is not None:
            complaints.append(outcome(partial(in_a_network, made), f"{what}, lowered")[1])
    report(complaints)


def in_a_network(made: Any) -> None:
    """Lower a network that has it as a part, or as a property of a part."""
    parts = (A, B, DRIVE, DENSE, TABLE)
    if isinstance(made, ns.Program):
        return
    if isinstance(made, Distribution):
        made = ns.Population("x", 3, LIF, v=made)
    elif isinstance(made, Connectivity):
        made = ns.Projection(A, A, made, into="I_syn", weight=1 * pA if made.weights is None else None)
    elif isinstance(made, ns.NeuronModel):
        made = ns.Population("x", 3, made, **({"tau": 3 * ms} if "tau" in made.of_kind("parameter") else {}))
    elif isinstance(made, ns.SynapseModel):
        made = ns.Projection(DRIVE, A, ns.all_to_all(), into="I_syn", weight=1 * pA, synapse=made)
    elif isinstance(made, ns.Plasticity):
        made = ns.Projection(DRIVE, A, ns.all_to_all(), into="I_syn", weight=1 * pA, plasticity=made)
    elif isinstance(made, ns.Assignment):
        made = ns.Phase(10 * ms, at=[made])
    if isinstance(made, ns.Phase):
        ns.lower(ns.Network(*parts), ns.Schedule(made))
    else:
        ns.lower(ns.Network(*parts, made), 1 * ms)


# ---- units ---------------------------------------------------------------------------------------------------------------
OPERATIONS: Mapping[str, Callable[[Any, Any], Any]] = {
    "+": lambda a, b: a + b,
    "-": lambda a, b: a - b,
    "*": lambda a, b: a * b,
    "/": lambda a, b: a / b,
    "**": lambda a, b: a**b,
}


@pytest.mark.parametrize("operation", OPERATIONS)
def test_arithmetic_of_units(operation: str) -> None:
    """A product with anything but numbers is refused in words; sums of things that have no sum are Python's to refuse."""
    apply, others = OPERATIONS[operation], (OverflowError, ZeroDivisionError, *((TypeError,) if operation in "+-" else ()))
    report(
        outcome(partial(apply, left, right), f"{word} {operation} a unit", *others)[1]
        for word, value in NASTY.items()
        for left, right in ((3 * ms, value), (value, 3 * ms), (ms, value))
    )


# ---- runs and results ----------------------------------------------------------------------------------------------------
NET = ns.Network(A, DRIVE, DENSE, ns.Probe(A, "spikes"), ns.Probe(A, "v", of=[0]), name="small")
RESULT = ns.simulate(NET, 20 * ms, backend="reference")
TRAINS = {"times": np.array([1.0, 3.0]), "ids": np.array([0, 1]), "size": 2, "window": (0.0, 10.0)}


@pytest.mark.parametrize("argument", ["duration", "dt", "backend", "seed", "threads", "precision", "copies", "options", "progress"])
def test_arguments_of_simulate(argument: str) -> None:
    usual = {"duration": 1 * ms, "backend": "reference"}
    report(
        outcome(partial(ns.simulate, NET, **{**usual, argument: value}), f"simulate({argument}={word})")[1]
        for word, value in NASTY.items()
        if (argument, word) not in (("progress", "True"), ("progress", "function"))  # one prints, the other is called as it is
    )


READS: Mapping[str, Callable[[Any], Any]] = {
    "part": lambda x: RESULT[x],
    "trace": lambda x: RESULT["a"].trace(x),
    "final": lambda x: RESULT["a"].final(x),
    "between": lambda x: RESULT.between(x, 5 * ms),
    "phase": lambda x: RESULT.phase(x),
    "copy": lambda x: RESULT.copy(x),
    "with_expected": lambda x: RESULT.with_expected(x).table(),
    "compare": lambda x: ns.compare(RESULT, x),
    "compare, level": lambda x: ns.compare(RESULT, RESULT, x),
    "compare, tolerance": lambda x: ns.compare(RESULT, RESULT, tolerance=x),
    "load_result": lambda x: ns.load_result(x),
    "summary": lambda x: analysis.summary(x),
    "table": lambda x: analysis.table(x),
    "freeze": lambda x: ns.freeze(x),
    "raster": lambda x: plotting.raster(x),
    "raster, order": lambda x: plotting.raster(RESULT, order=x),
    "raster, bin_ms": lambda x: plotting.raster(RESULT, bin_ms=x),
    "raster, most_spikes": lambda x: plotting.raster(RESULT, most_spikes=x),
    "traces": lambda x: plotting.traces(x),
    "traces, of": lambda x: plotting.traces(RESULT, of=x),
    "rates": lambda x: plotting.rates(x),
    "weights": lambda x: plotting.weights(x),
    "overview": lambda x: plotting.overview(x),
    "diagram": lambda x: plotting.diagram(x),
    **{
        f"analysis, {argument}": lambda x, argument=argument: analysis.population_rate(**{**TRAINS, argument: x})  # type: ignore[misc]
        for argument in (*TRAINS, "bin_ms")
    },
    "van_rossum_distance": lambda x: analysis.van_rossum_distance(([1.0], [0]), ([1.0], [0]), 1, x),
    "power_spectrum": lambda x: analysis.power_spectrum(**TRAINS, segment_ms=x),
    **{
        f"{name}, {argument}": lambda x, name=name, argument=argument: getattr(analysis, name)(**{**TRAINS, argument: x})  # type: ignore[misc]
        for name, argument in (
            ("instantaneous_rate", "width_ms"), ("instantaneous_rate", "kernel"), ("instantaneous_rate", "bin_ms"),
            ("cv", "minimum_intervals"), ("lv", "refractory_ms"), ("correlation_matrix", "bin_ms"), ("correlations", "neurons"),
        )
    },
    "psth, onsets": lambda x: analysis.psth(**TRAINS, onsets=x, span=(0.0, 2.0), bin_ms=1.0),
    "psth, span": lambda x: analysis.psth(**TRAINS, onsets=[1.0], span=x, bin_ms=1.0),
    "cv of": lambda x: analysis.cv(x),
    "cross_correlogram": lambda x: analysis.cross_correlogram(x, x, (0.0, 10.0), 1.0, 3.0),
    "cross_correlogram, reach_ms": lambda x: analysis.cross_correlogram([1.0], [2.0], (0.0, 10.0), 1.0, x),
    "coherence, window": lambda x: analysis.coherence([1.0], [2.0], x, 1.0, 4.0),
    "trace_spectrum": lambda x: analysis.trace_spectrum(x, 1.0),
    "trace_synchrony": lambda x: analysis.trace_synchrony(x),
    "victor_purpura_distance": lambda x: analysis.victor_purpura_distance(x, x, 1),
    "victor_purpura_distance, size": lambda x: analysis.victor_purpura_distance(([1.0], [0]), ([1.0], [0]), x),
    "isi_distance, window": lambda x: analysis.isi_distance(([1.0], [0]), ([1.0], [0]), 1, x),
    "part, between": lambda x: RESULT["a"].between(x, 5 * ms),
    "part, phase": lambda x: RESULT["a"].phase(x),
    "part, neurons": lambda x: RESULT["a"].neurons(x).rate,
    "part, quantity": lambda x: RESULT["a"].quantity(x),
    "save_sonata": lambda x: None if isinstance(x, str) and x else RESULT.save_sonata(x),
}


@pytest.mark.parametrize("read", READS)
def test_reading_results(read: str) -> None:
    report(outcome(partial(READS[read], value), f"{read} of {word}")[1] for word, value in NASTY.items())

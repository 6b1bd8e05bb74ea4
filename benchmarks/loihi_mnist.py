"""Handwritten digits on the Loihi emulator: accuracy against the float network, images per second, energy, a check through Lava.

A dense network of 784 sources, 256 integrate-and-fire neurons and 10 readouts, trained by mnist_training.py (once per user; the seed makes
it the same everywhere); images are rate coded over 32 steps, two more let the last spikes arrive. ``NEUROSIM_DATA`` names the folder with
mnist/. ``--set parts=accuracy,speed`` leaves Lava out. Run as a script with a task as JSON it is the process of one part.
"""

from __future__ import annotations

import json
import math
import statistics
import sys
import time
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from harness import MeasurementFailed, Row, Session, at_least, at_most, command, emit, failures

NAME = "loihi_mnist"
TITLE = "MNIST in the integers of a chip: accuracy, images per second, spikes and energy, bit-equal through Lava"
TIMED = True

PARTS = ("accuracy", "speed", "lava")
THREADS = 2
REPEATS = 5
REST = 2
"""Steps after an image in which the last spikes travel."""
AT_ONCE = 500
THROUGH_LAVA = 500
SEED = 1
CHIPS = ("loihi1", "loihi2")
UNIT = 1.0  # mV: the threshold


def run(session: Session) -> list[Row]:
    """The parts that were asked for."""
    parts = session.options.get("parts", ",".join(PARTS[:2] if session.slice else PARTS)).split(",")
    count = 1000 if session.slice else 10_000
    epochs = 2 if session.slice else 0
    rows: list[Row] = []
    if "accuracy" in parts:
        found = taken(session, f"accuracy {count}", {"part": "accuracy", "images": count, "epochs": epochs})
        if "error" not in found:
            rows += of_accuracy(found, judged=not session.slice)
    if "speed" in parts:
        repeats = max(REPEATS, session.repeats)
        every = [taken(session, f"speed {count} {k}", {"part": "speed", "images": count, "epochs": epochs}) for k in range(repeats)]
        good = [entry for entry in every if "error" not in entry]
        if good:
            rows.append(of_speed(good))
    if "lava" in parts:
        found = taken(session, "lava", {"part": "lava", "images": THROUGH_LAVA, "epochs": epochs})
        if "error" not in found:
            measured = f"{found['differing']} of {found['values']:,} values differ ({found['spikes']:,} spikes, {found['steps']:,} steps)"
            met = found["differing"] == 0 and found["spikes"] > 0
            rows.append(Row(f"first {THROUGH_LAVA} images through Lava: spikes, u and v of each step", "bit-equal", measured, met))
    return rows + failures(session)


def taken(session: Session, key: str, task: Mapping[str, Any]) -> dict[str, Any]:
    """One part, in a process of its own."""
    words = [sys.executable, str(Path(__file__).resolve()), json.dumps(dict(task))]
    entry: dict[str, Any] = session.measure(key, lambda: command(words, timeout=3600))
    return entry


def of_accuracy(found: Mapping[str, Any], judged: bool) -> Iterator[Row]:
    """Accuracies, and what an image costs."""
    float_share, chip_share = 100 * found["float"], 100 * found["emulator"]
    yield Row("accuracy of the float network", ">= 97.5 %", f"{float_share:.2f} %", at_least(float_share, 97.5) if judged else None)
    lost, won = found["only_float"], found["only_emulator"]
    measured = f"{chip_share:.2f} % ({chip_share - float_share:+.2f} points; {lost} lost, {won} won of {found['images']:,}, McNemar p = {found['p']:.2f})"
    yield Row("accuracy on the emulator, 8 bits, paired", "within 0.3 points", measured, at_most(abs(chip_share - float_share), 0.3 + 1e-9) if judged else None)
    yield Row("spikes of the hidden neurons, float and emulator, per image", "reported", f"{found['float_spikes']:.1f}, {found['hidden_spikes']:.1f}")
    spikes = f"{found['source_spikes']:.0f} of the sources, {found['hidden_spikes']:.0f} of hidden neurons"
    yield Row("spikes per image", "reported", spikes)
    for chip in CHIPS:
        cost = found["cost"][chip]
        measured = f"{cost['energy_uJ']:.3g} uJ, {cost['time_us']:.3g} us on {cost['cores']} cores ({cost['constants']})"
        yield Row(f"estimated energy and time per image, {chip}", "reported", measured)


def of_speed(found: list[dict[str, Any]]) -> Row:
    """Images per second of wall time, the coding of the images into spikes included."""
    rates = [entry["images_per_s"] for entry in found]
    cpu = statistics.median(entry["cpu_us_per_image"] for entry in found)
    middle = statistics.median(rates)
    measured = f"{middle:,.0f} (best {max(rates):,.0f}; {cpu:.0f} us of CPU per image)"
    return Row(f"images per second, {THREADS} threads", ">= 2,000", measured, at_least(middle, 2000))


# ---- the process of one part ----------------------------------------------------------------------------------------------
def weights_of(task: Mapping[str, Any]) -> Any:
    """Trained once per user."""
    import mnist_training

    return mnist_training.trained(SEED, task["epochs"] or mnist_training.EPOCHS)


def network(weights: Any, stimulus: Any) -> Any:
    """The network in the project's own words, showing one image."""
    import neurosim as ns
    from neurosim.units import ms, mV

    text = "v[n+1] = v + I : mV\nI : mV (port)"
    firing = ns.NeuronModel(text, spike=f"v > {UNIT}*mV", reset="v = 0*mV", name="integrate and fire")
    pixels = ns.SpikeTimes("pixels", len(weights.hidden), stimulus.steps * ms, stimulus.indices)
    hidden = ns.Population("hidden", weights.hidden.shape[1], firing)
    readout = ns.Population("readout", weights.readout.shape[1], ns.NeuronModel(text, name="integrator"))
    return ns.Network(
        pixels,
        hidden,
        readout,
        ns.Projection(pixels, hidden, ns.dense(weights.hidden.astype(float) * mV), into="I"),
        ns.Projection(hidden, readout, ns.dense(weights.readout.astype(float) * mV), into="I"),
        ns.Probe(hidden, "spikes"),
        ns.Probe(readout, "v"),
        name="digits",
    )


def coded(pixels: Any) -> Any:
    """The spikes of images, one after the other."""
    import mnist_training

    from neurosim.hardware.loihi.items import rate_coded

    return rate_coded(pixels / 255.0, mnist_training.STEPS, "pixels", rest=REST)


def prepared(task: Mapping[str, Any]) -> Any:
    """Weights, the quantised plan, and what became of the numbers."""
    import mnist_training

    from neurosim.hardware import loihi
    from neurosim.hardware.loihi.scales import HEADROOM
    from neurosim.units import ms

    weights = weights_of(task)
    first = mnist_training.images("test")[0][:1]
    # The states stay below half the range on every training image.
    scales = {name: 2.0 ** math.floor(math.log2(HEADROOM / size)) for name, size in zip(("hidden", "readout"), weights.reach)}
    made = loihi.plan(network(weights, coded(first)), (mnist_training.STEPS + REST) * ms, dt=1 * ms, chip="loihi2", scales=scales)
    return weights, made


def shown_all(plan: Any, pixels: Any, threads: int) -> tuple[Any, Any, dict[str, Any]]:
    """(K, 10) readouts, (K,) spikes of the hidden neurons, and by group the (N,) spikes of all images."""
    from neurosim.hardware.loihi.batch import shown
    from neurosim.hardware.loihi.emulator import laid_out

    layout = laid_out(plan)
    readouts, hidden, total = [], [], {group.name: np.zeros(group.size, np.int64) for group in plan.neurons}
    for first in range(0, len(pixels), AT_ONCE):
        some = pixels[first : first + AT_ONCE]
        found = shown(plan, [coded(some)], len(some), counts=["hidden"], states=[("readout", "v")], threads=threads, layout=layout)
        readouts.append(found.states["readout", "v"])
        hidden.append(found.counts["hidden"].sum(axis=1))
        total = {name: total[name] + found.total[name] for name in total}
    return np.concatenate(readouts), np.concatenate(hidden), total


def accuracy(task: Mapping[str, Any]) -> dict[str, Any]:
    """Float against integers on the same images."""
    import mnist_training

    from neurosim.hardware import loihi

    weights, made = prepared(task)
    pixels, labels = (values[: task["images"]] for values in mnist_training.images("test"))
    counts, _ = mnist_training.spikes_of(pixels, weights.hidden.astype(np.float64))
    in_float = (counts @ weights.readout.astype(np.float64)).argmax(axis=1) == labels
    check_native(weights, pixels[:3], counts[:3])
    readouts, _, total = shown_all(made.plan, pixels, THREADS)
    on_chip = readouts.argmax(axis=1) == labels
    lost, won = int((in_float & ~on_chip).sum()), int((~in_float & on_chip).sum())
    steps = len(pixels) * made.plan.steps
    cost = {}
    for chip in CHIPS:
        estimate = loihi.estimate(made.plan, total, chip=chip, steps=steps)
        energy, took = estimate.per_item(made.plan.steps)
        cost[chip] = {
            "energy_uJ": energy * 1e6, "time_us": took * 1e6, "cores": loihi.place(made.plan, chip=chip).cores, "constants": estimate.constants.name,
        }  # fmt: skip
    return {
        "images": len(pixels), "float": float(in_float.mean()), "emulator": float(on_chip.mean()), "only_float": lost, "only_emulator": won,
        "p": mcnemar(lost, won), "float_spikes": float(counts.sum() / len(pixels)),
        "source_spikes": float(total["pixels"].sum() / len(pixels)), "hidden_spikes": float(total["hidden"].sum() / len(pixels)),
        "largest_readout": int(np.abs(readouts).max()), "cost": cost, "report": list(made.quantisation.lines()),
    }  # fmt: skip


def check_native(weights: Any, pixels: Any, counts: Any) -> None:
    """The float network of this file is the one that the native engine runs."""
    import mnist_training

    import neurosim as ns
    from neurosim.units import ms

    for image, wanted in zip(pixels, counts):
        net = network(weights, coded(image[None, :]))
        result = ns.simulate(net, (mnist_training.STEPS + REST) * ms, dt=1 * ms, backend="native")
        got = np.bincount(result["hidden"].indices, minlength=len(wanted))
        if not np.array_equal(got, wanted):
            raise MeasurementFailed(f"the native engine fires {got.sum()} spikes, the float network here {wanted.sum()}")


def mcnemar(lost: int, won: int) -> float:
    """Exact two-sided p of so many changes to the worse and to the better."""
    changed = lost + won
    tail = sum(math.comb(changed, k) for k in range(min(lost, won) + 1)) / 2.0**changed
    return min(1.0, 2.0 * tail)


def speed(task: Mapping[str, Any]) -> dict[str, Any]:
    """All images, from grey values to classes."""
    import mnist_training

    _, made = prepared(task)
    pixels, _ = mnist_training.images("test")
    shown_all(made.plan, pixels[:2], THREADS)  # compiled, or read from the cache
    pixels = pixels[: task["images"]]
    clocks = time.perf_counter(), time.process_time()
    shown_all(made.plan, pixels, THREADS)
    wall, cpu = time.perf_counter() - clocks[0], time.process_time() - clocks[1]
    return {"images_per_s": len(pixels) / wall, "cpu_us_per_image": 1e6 * cpu / len(pixels)}


def through_lava(task: Mapping[str, Any]) -> dict[str, Any]:
    """The images one after the other, states set to zero between them, on the emulator and in Lava."""
    import mnist_training
    from loihi_microcircuit import compared

    from neurosim.hardware.loihi import lava
    from neurosim.hardware.loihi.emulator import Emulator
    from neurosim.hardware.loihi.plan import Recording

    _, made = prepared(task)
    plan = made.plan
    pixels = mnist_training.images("test")[0][: task["images"]]
    neurons = tuple(group if group.kind == "source" else replace(group, reset_every=plan.steps, reset_at=1) for group in plan.neurons)
    recordings = tuple(Recording(name, variable) for name in ("hidden", "readout") for variable in ("spikes", "u", "v"))
    steps = len(pixels) * plan.steps
    whole = replace(plan, steps=steps, neurons=neurons, stimuli=(coded(pixels),), recordings=recordings)
    here = Emulator.of(whole)
    here.run()
    there = lava.run(whole, patience=120.0)
    found = compared(whole, here, there)
    # What counts in a classification is the readout at the end of each image: the same as in the run of single images.
    single, _, _ = shown_all(plan, pixels, THREADS)
    ends = there.trace("readout", "v")[plan.steps - 1 :: plan.steps]
    found["differing"] += int((single != ends).sum())
    return {**found, "steps": steps, **{name: there.info[name] for name in ("run_s", "run_cpu_s", "processes", "python")}}


if __name__ == "__main__":
    asked = json.loads(sys.argv[1])
    emit({"accuracy": accuracy, "speed": speed, "lava": through_lava}[asked["part"]](asked))

"""Makes ``netx_by_lava_dl.npz`` again: what lava-dl's own reader computes from files of ours and from files of its own trainer.

Two steps, since lava-dl wants an environment of its own::

    python tests/hardware/record_netx.py write FOLDER       # where neurosim is installed: files of ours, and their inputs
    python tests/hardware/record_netx.py record FOLDER      # in lava-dl's: files of its trainer, all runs, the recording beside this script

lava-dl's environment, for instance in Python 3.11: torch 2.13.0 (CPU), numpy 1.26.4, scipy, h5py, matplotlib, networkx 2.8.7,
asteval 0.9.33; then lava-nc 0.10.0 and lava-dl 0.6.0 with ``pip install --no-deps --ignore-requires-python``.

The recording holds for each network: ``file`` (the bytes), ``input`` (T, N), of each layer with neurons ``spikes k`` (T, N) and the final
``u k`` and ``v k`` of Lava in fixed point, for files of the trainer ``trained k``: the spikes of its forward pass. All of it is made here:
random networks and facts about them, under the licence of neurosim (BSD-3-Clause).
"""

from __future__ import annotations

import dataclasses
import sys
import types
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

RECORDING = Path(__file__).with_name("netx_by_lava_dl.npz")
STEPS, RATE = 60, 0.3
IMAGES = {"trained convolutions": (2, 6, 6), "trained convolution in groups": (2, 5, 7), "trained convolution with delays": (2, 4, 4)}
"""(channels, height, width) of what networks see whose file does not say it."""


# ---- networks of ours ------------------------------------------------------------------------------------------------------
def plans() -> Mapping[str, Any]:
    """Networks that neurosim writes."""
    from neurosim.hardware.loihi import netx
    from neurosim.hardware.loihi.netx_file import Layer, Netx
    from neurosim.hardware.loihi.plan import LoihiPlan, Neurons, Synapses

    rng = np.random.default_rng(11)

    def full(source: Neurons, target: Neurons, low: int, high: int, delay: Any = 0, unit: int = 2) -> Synapses:
        pre, post = (axis.reshape(-1) for axis in np.indices((source.size, target.size)))
        lag = np.asarray(delay)[post] if np.ndim(delay) == 1 and len(delay) == target.size else delay
        sign = "excitatory" if low >= 0 else "inhibitory" if high <= 1 else "mixed"
        return Synapses(f"{source.name} -> {target.name}", source.name, target.name, pre, post, unit * rng.integers(low, high, len(pre)), 0, 8, sign, delay=lag)

    def chain(*groups: Neurons, synapses: tuple[Synapses, ...]) -> LoihiPlan:
        return LoihiPlan(STEPS, groups, synapses)

    few, some = Neurons("in", 8, "source"), Neurons("in", 12, "source")
    a, b = Neurons("a", 16, du=1023, dv=128, vth=rng.integers(60, 300, 16)), Neurons("b", 8, du=2047, dv=300, vth=150)
    c = Neurons("c", 14, du=1023, dv=128, vth=200, bias_mant=rng.integers(-20, 40, 14), bias_exp=6)
    d = Neurons("d", 6, du=500, dv=40, vth=300, bias_mant=7, bias_exp=6)
    r, s = Neurons("r", 12, du=1023, dv=128, vth=200), Neurons("s", 5, du=4095, dv=300, vth=90)
    e = Neurons("e", 6, du=np.array([-1, 0, 100, 2047, 4094, 4095]), dv=np.array([0, 4095, 4096, 1, 100, 2000]), vth=np.array([131071, 0, 10, 4000, 100, 1]))
    f = Neurons("f", 4, du=-1, dv=0, vth=1000)
    p, q = Neurons("p", 10, du=1023, dv=128, vth=2500), Neurons("q", 6, du=1023, dv=128, vth=3000, bias_mant=1500, bias_exp=6)
    one = [Neurons("in", 1, "source"), *(Neurons(f"n{k}", 1, du=4095, dv=0, vth=60) for k in range(4))]
    convolution = Netx(
        (
            Layer("input", (2, 5, 5)),
            Layer("conv", (3, 3, 2), cell(1024, 128, 90), 2 * rng.integers(-30, 50, (3, 2, 3, 3)), bias=rng.integers(-4, 5, 3), stride=(1, 2)),
            Layer("flatten", (18,)),
            Layer("dense", (5,), cell(2048, 200, 120), 2 * rng.integers(-40, 60, (5, 18)), delay=np.arange(5)),
        )
    )
    return {
        "dense": chain(some, a, b, synapses=(full(some, a, -30, 64), full(a, b, -30, 64))),
        "biases and delays": chain(few, c, d, synapses=(full(few, c, -40, 64, rng.integers(0, 12, 14)), full(c, d, -30, 60, rng.integers(0, 20, 84)))),
        "recurrent": chain(few, r, s, synapses=(full(few, r, -30, 64), full(r, r, -50, 30), full(r, s, -30, 64))),
        "corners of the ranges": chain(few, e, f, synapses=(full(few, e, -127, 127), full(e, f, -127, 127))),
        "one sign": chain(few, p, q, synapses=(full(few, p, 1, 256, unit=1), full(p, q, -255, 0, 3, unit=1))),
        "small weights": chain(few, r, s, synapses=(full(few, r, 0, 128, unit=1), full(r, s, -3, 6, unit=1))),
        "one after the other": chain(
            *one, synapses=tuple(full(x, y, 127, 128, delay) for x, y, delay in zip(one, one[1:], (0, 2, 0, 5), strict=False))
        ),
        "convolution as dense": netx.plan_of(convolution, "convolution"),
    }  # fmt: skip


def cell(current: int, voltage: int, threshold: int) -> Mapping[str, np.ndarray]:
    """Neurons of a layer."""
    return {name: np.array(value) for name, value in zip(("iDecay", "vDecay", "vThMant", "refDelay"), (current, voltage, threshold, 1), strict=True)}


def spikes_for(name: str, inputs: int) -> np.ndarray:
    """(T, N) what the inputs of a network send."""
    if name == "one after the other":
        return (np.arange(STEPS) % 20 == 3)[:, None]
    return np.random.default_rng(len(name)).random((STEPS, inputs)) < RATE


def write(folder: Path) -> None:
    """Files of ours and their inputs."""
    from neurosim.hardware.loihi import netx

    folder.mkdir(parents=True, exist_ok=True)
    for name, plan in plans().items():
        netx.write(plan, folder / f"{name}.net")
        np.save(folder / f"{name}.npy", spikes_for(name, plan.neurons[0].size))


# ---- in lava-dl's environment ----------------------------------------------------------------------------------------------
def prepare() -> None:
    """Make Lava importable from Python 3.11 on, and lava-dl without what only its object detection needs."""
    original = dataclasses.dataclass

    def with_hash(made: Any = None, /, **options: Any) -> Any:
        def wrap(found: Any) -> Any:
            if found.__module__ == "lava.magma.compiler.var_model":
                options.setdefault("unsafe_hash", True)
            return original(found, **options)

        return wrap if made is None else wrap(made)

    setattr(dataclasses, "dataclass", with_hash)  # noqa: B010
    try:
        import lava.magma.compiler.var_model  # noqa: F401
    finally:
        setattr(dataclasses, "dataclass", original)  # noqa: B010
    name = "lava.lib.dl.slayer.object_detection"
    sys.modules[name] = types.ModuleType(name)


def train(folder: Path) -> None:
    """Random networks as lava-dl's trainer exports them, and what its forward pass gives."""
    import h5py
    import torch
    from lava.lib.dl import slayer

    torch.manual_seed(3)
    rng, cuba = np.random.default_rng(3), slayer.block.cuba

    def neuron(**more: Any) -> Mapping[str, Any]:
        return dict(threshold=1.25, current_decay=0.25, voltage_decay=0.03, **more)

    def scaled(weight: float = 4) -> Mapping[str, Any]:
        return dict(weight_scale=weight, weight_norm=True)

    networks = {
        "trained dense": [cuba.Dense(neuron(), 12, 16, delay=True, **scaled()), cuba.Dense(neuron(), 16, 6, **scaled())],
        "trained biases": [
            cuba.Dense(neuron(norm=slayer.neuron.norm.MeanOnlyBatchNorm), 12, 16, **scaled()), cuba.Dense(neuron(), 16, 6, **scaled())
        ],
        "trained recurrent": [cuba.Recurrent(neuron(), 8, 10, **scaled()), cuba.Dense(neuron(), 10, 4, **scaled())],
        "trained convolutions": [
            cuba.Conv(neuron(), 2, 3, 3, padding=1, **scaled()), cuba.Conv(neuron(), 3, 4, 3, stride=2, **scaled(3)),
            cuba.Flatten(), cuba.Dense(neuron(), 16, 5, delay=True, **scaled()),
        ],
        "trained convolution in groups": [
            cuba.Conv(neuron(), 2, 4, (3, 2), stride=(1, 2), padding=(2, 1), dilation=(2, 1), groups=2, **scaled()),
            cuba.Flatten(), cuba.Dense(neuron(), 80, 5, **scaled(2)),
        ],
        "trained convolution with delays": [cuba.Conv(neuron(), 2, 3, 3, delay=True, **scaled()), cuba.Flatten(), cuba.Dense(neuron(), 12, 5, **scaled(3))],
        "trained input neurons": [cuba.Input(neuron(), weight=1, bias=0.1), cuba.Dense(neuron(), 8, 10, **scaled())],
        "trained readout": [cuba.Dense(neuron(), 8, 10, **scaled()), cuba.Affine(neuron(), 10, 4, weight_scale=4)],
        "trained sum": [cuba.Dense(neuron(), 8, 10, **scaled()), cuba.Affine(neuron(), 10, 4, weight_scale=4, dynamics=False)],
    }  # fmt: skip
    for name, blocks in networks.items():
        shape = IMAGES.get(name, (12 if "dense" in name or "biases" in name else 8,))
        given = spikes_for(name, int(np.prod(shape)))
        images = torch.tensor(given.T.reshape(1, *shape, STEPS).astype(np.float32))
        outputs: list[Any] = []
        for last in (False, True):  # shapes, delays and biases are known after the first pass
            passed = images
            with torch.no_grad():
                for block in blocks:
                    passed = block(passed)
                    outputs += [passed[0].numpy().reshape(-1, STEPS).T] if last and not isinstance(block, cuba.Flatten) else []
            for block in blocks:
                block.eval()
                if getattr(block, "delay", None) is not None and not last:
                    block.delay.delay.data = torch.tensor(rng.integers(0, 15, tuple(block.delay.delay.shape)) + 0.3, dtype=torch.float32)
        with h5py.File(folder / f"{name}.net", "w") as file:
            for number, block in enumerate(blocks):
                block.export_hdf5(file.create_group(f"layer/{number}"))
        np.save(folder / f"{name}.npy", given)
        np.savez(folder / f"{name}.npz", *outputs)


def run_by_reader(path: Path, given: np.ndarray, shape: tuple[int, ...] | None) -> Mapping[str, np.ndarray]:
    """Spikes of all layers and their final states; lava-dl counts images as (width, height, channels)."""
    from lava.lib.dl.netx.blocks.process import Input
    from lava.lib.dl.netx.hdf5 import Network
    from lava.magma.core.run_conditions import RunSteps
    from lava.magma.core.run_configs import Loihi2SimCfg
    from lava.proc.io.dataloader import StateDataloader
    from lava.proc.io.sink import RingBuffer as Sink
    from lava.proc.io.source import RingBuffer as Source

    def flat(values: np.ndarray) -> np.ndarray:
        return np.asarray(values).transpose().reshape(-1)

    net = Network(net_config=str(path), input_shape=None if shape is None else shape[::-1])
    values = given.astype(np.int64).reshape(len(given), *net.inp.shape[::-1]).transpose()
    first = net.layers[0]
    if isinstance(first, Input):  # its user sets the bias of these neurons, in the step before
        weight, bias = first.transform["weight"], first.transform["bias"]
        first.neuron.bias_mant.init = bias
        StateDataloader(dataset=[(weight * values[..., t] + bias, 0) for t in range(len(given))]).connect_var(first.neuron.bias_mant)
    else:
        Source(data=np.ascontiguousarray(values)).s_out.connect(net.inp)
    sinks = [Sink(shape=layer.neuron.s_out.shape, buffer=len(given)) for layer in net.layers]
    for layer, sink in zip(net.layers, sinks):
        layer.neuron.s_out.connect(sink.a_in)
    net.run(RunSteps(len(given)), Loihi2SimCfg(select_tag="fixed_pt"))
    found = {}
    for number, (layer, sink) in enumerate(zip(net.layers, sinks)):
        spikes = sink.data.get()
        found[f"spikes {number}"] = np.stack([flat(spikes[..., t]) for t in range(len(given))]) != 0
        found[f"u {number}"] = flat(layer.neuron.u.get()).astype(np.int32)
        found[f"v {number}"] = flat(layer.neuron.v.get()).astype(np.int32)
    net.stop()
    return found


def record(folder: Path) -> None:
    """Run every file of a folder and pack what came."""
    from importlib.metadata import version

    prepare()
    train(folder)
    names = ("lava-nc", "lava-dl", "torch", "numpy")
    kept: dict[str, np.ndarray] = {"made with": np.array(", ".join(f"{name} {version(name)}" for name in names))}
    for path in sorted(folder.glob("*.net")):
        given = np.load(path.with_suffix(".npy"))
        kept[f"{path.stem}/file"] = np.frombuffer(path.read_bytes(), np.uint8)
        kept[f"{path.stem}/input"] = given
        found = run_by_reader(path, given, IMAGES.get(path.stem))
        kept.update({f"{path.stem}/{name}": values for name, values in found.items()})
        if path.with_suffix(".npz").exists():
            trained = np.load(path.with_suffix(".npz"))
            kept.update({f"{path.stem}/trained {number}": trained[name] != 0 for number, name in enumerate(trained.files)})
        print(path.stem, {name: int(values.sum()) for name, values in found.items() if "spikes" in name}, flush=True)
    np.savez_compressed(RECORDING, **kept)
    print(RECORDING.name, RECORDING.stat().st_size, "bytes")


if __name__ == "__main__":
    {"write": write, "record": record}[sys.argv[1]](Path(sys.argv[2]))

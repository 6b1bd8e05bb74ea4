"""lava-dl's network files: what is read is what stands there, what is written is read back, what is wrong is named."""

from __future__ import annotations

import importlib.util
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from types import ModuleType

import h5py
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from neurosim.errors import FileError, FileFormatError, ParameterError
from neurosim.hardware import loihi
from neurosim.hardware.loihi import netx
from neurosim.hardware.loihi.plan import LoihiPlan, Neurons, Recording, Stimulus, Synapses

pytestmark = pytest.mark.slow  # compiles the emulator's loops


def beside(name: str) -> ModuleType:
    specification = importlib.util.spec_from_file_location(name, Path(__file__).with_name(f"{name}.py"))
    assert specification is not None and specification.loader is not None
    module = importlib.util.module_from_spec(specification)
    specification.loader.exec_module(module)
    return module


RECORDING = beside("record_netx")
RECORDED = dict(np.load(RECORDING.RECORDING))
NETWORKS = sorted({name.partition("/")[0] for name in RECORDED if "/" in name})

CELL = {"type": "CUBA", "iDecay": 1024, "vDecay": 128, "vThMant": 80, "refDelay": 1, "gradedSpike": False}


def layer(kind: str, shape: tuple[int, ...], cell: dict[str, object] | None = None, **others: object) -> dict[str, object]:
    """A layer as SLAYER's blocks export one."""
    found: dict[str, object] = {"type": kind, "shape": np.array(shape), **others}
    if cell is not None:
        found.update({f"neuron/{name}": value for name, value in cell.items()})
    return found


def written(path: Path, *layers: dict[str, object]) -> Path:
    with h5py.File(path, "w") as file:
        file.create_group("layer")
        for number, content in enumerate(layers):
            for name, value in content.items():
                place = f"layer/{number}/{name}"
                if name == "type":
                    file.create_dataset(place, (1,), "S10", [str(value).encode("ascii")])
                else:
                    file.create_dataset(place, data=value)
    return path


def matrix(plan: LoihiPlan, some: Synapses) -> np.ndarray:
    """(targets, sources) weights as they act."""
    found = np.zeros((plan.group(some.target).size, plan.group(some.source).size))
    np.add.at(found, (some.post, some.pre), some.weight * 2.0**some.weight_exp)
    return found


def test_a_dense_network_as_slayer_exports_it(tmp_path: Path) -> None:
    first = np.array([[10.0, -20.0, 30.0], [254.0, 2.0, -256.0]])
    second = np.array([[7.0, 1.0]])
    path = written(
        tmp_path / "net.net",
        layer("input", (3, 1, 1)),
        layer("flatten", (3, 1, 1)),
        layer("dense", (2, 1, 1), CELL, weight=first.astype(np.float32), delay=np.array([0.0, 5.0]), bias=np.array([3.0, -2.0])),
        layer("dense", (1,), {**CELL, "type": "LOIHI", "vThMant": 131071}, weight=second, inFeatures=2, outFeatures=1),
    )
    plan = netx.read(path)
    assert [(group.name, group.size, group.kind) for group in plan.neurons] == [("input", 3, "source"), ("layer 2", 2, "lif"), ("layer 3", 1, "lif")]
    hidden = plan.group("layer 2")
    assert (hidden.du, hidden.dv, hidden.vth, hidden.bias_exp) == (1023, 128, 80, 6)
    assert np.asarray(hidden.bias_mant).tolist() == [3, -2]
    np.testing.assert_array_equal(matrix(plan, plan.synapses[0]), first)
    np.testing.assert_array_equal(matrix(plan, plan.synapses[1]), second)
    assert plan.synapses[0].delay[plan.synapses[0].post == 1].tolist() == [5, 5, 5]  # type: ignore[index]
    assert (plan.synapses[0].sign, plan.synapses[0].weight_exp, plan.synapses[0].weight_bits) == ("mixed", 0, 8)
    assert (plan.synapses[1].sign, plan.synapses[1].weight_exp) == ("excitatory", -5)
    seen = netx.with_input(plan, np.eye(3, dtype=int))
    assert (seen.steps, seen.stimuli[0].indices.tolist()) == (3, [0, 1, 2])


@pytest.mark.parametrize(
    ("stride", "padding", "dilation", "groups"), [((1, 1), (0, 0), (1, 1), 1), ((2, 1), (1, 2), (1, 1), 2), ((1, 2), (2, 1), (2, 1), 1)]
)
def test_convolutions_are_those_of_deep_learning(tmp_path: Path, stride: tuple[int, int], padding: tuple[int, int], dilation: tuple[int, int], groups: int) -> None:
    """Against sums over windows, written out."""
    rng = np.random.default_rng(1)
    weight = 2 * rng.integers(-40, 40, (4, 2 // groups, 3, 2))
    image = rng.integers(0, 2, (2, 6, 7))
    padded = np.pad(image, ((0, 0), (padding[0],) * 2, (padding[1],) * 2))
    rows = (padded.shape[1] - dilation[0] * 2 - 1) // stride[0] + 1
    columns = (padded.shape[2] - dilation[1] - 1) // stride[1] + 1
    expected = np.zeros((4, rows, columns))
    for output, y, x in np.ndindex(expected.shape):
        for channel, down, right in np.ndindex(weight.shape[1:]):
            own = channel + output // (4 // groups) * (2 // groups)
            value = padded[own, y * stride[0] + down * dilation[0], x * stride[1] + right * dilation[1]]
            expected[output, y, x] += weight[output, channel, down, right] * value
    path = written(
        tmp_path / "net.net",
        layer("input", (2, 6, 7)),
        layer("conv", expected.shape, CELL, weight=weight, stride=stride, padding=padding, dilation=dilation, groups=groups),
    )
    plan = netx.read(path)
    (some,) = plan.synapses
    np.testing.assert_array_equal(matrix(plan, some) @ image.reshape(-1), expected.reshape(-1))
    assert (np.diff(some.pre.astype(np.int64) * 10_000 + some.post) > 0).all()


def test_input_neurons_averages_and_recurrent_layers(tmp_path: Path) -> None:
    path = written(
        tmp_path / "net.net",
        layer("input", (4,), {**CELL, "iDecay": 100}, weight=8, bias=-3),
        layer("dense_rec", (6,), CELL, weight=np.full((6, 4), 12), weight_rec=np.eye(6) * -4),
        layer("average", (2, 1, 1)),
    )
    plan = netx.read(path)
    assert [group.name for group in plan.neurons] == ["input", "layer 0", "layer 1"]
    assert (plan.synapses[0].message_bits, plan.group("layer 0").bias_mant, plan.group("layer 0").du) == (8, -3, 4095)
    assert plan.notes["output groups"] == "2"
    assert plan.synapses[2].source == plan.synapses[2].target == "layer 1"
    assert netx.with_input(plan, np.full((2, 4), 5)).stimuli[0].payloads.tolist() == [5] * 8


BROKEN = [
    ("no type", [{"shape": np.array([3])}], "layer/0: it has no dataset 'type'"),
    ("unknown type", [layer("denze", (3,))], "layer/0: there is no layer type 'denze'; did you mean 'dense'?"),
    ("pool", [layer("pool", (3,))], "layer/0: layers of type 'pool' are not read, nor run by lava-dl's own reader"),
    ("no weight", [layer("dense", (3,), CELL)], "layer/0: a layer of type 'dense' needs the dataset 'weight'; it has neuron, shape, type"),
    ("sigma-delta", [layer("dense", (3,), {**CELL, "type": "SDNN"}, weight=np.ones((3, 2)))], "neurons of type 'SDNN' are not the chip's integer neuron"),
    ("graded", [layer("dense", (3,), {**CELL, "gradedSpike": True}, weight=np.ones((3, 2)))], "these neurons send graded spikes"),
    ("fractions", [layer("dense", (3,), CELL, weight=np.full((3, 2), 0.5))], "'weight' must hold the chip's whole numbers, got 0.5 at (0, 0); quantise"),
    ("decay", [layer("dense", (3,), {**CELL, "iDecay": 5000}, weight=np.ones((3, 2)))], "layer/0/neuron: 'iDecay' must lie between 0 and 4096, got 5000"),
    ("threshold", [layer("dense", (3,), {**CELL, "vThMant": -1}, weight=np.ones((3, 2)))], "'vThMant' must lie between 0 and 262143, got -1"),
    ("no threshold", [layer("dense", (1,), {"type": "CUBA", "iDecay": 1, "vDecay": 1}, weight=np.ones((1, 2)))], "neuron: it has no dataset 'vThMant'"),
    ("delay", [layer("dense", (3,), CELL, weight=np.ones((3, 2)), delay=63)], "'delay' must lie between 0 and 62, got 63"),
    ("delay shape", [layer("dense", (3,), CELL, weight=np.ones((3, 2)), delay=np.ones(5))], "'delay' of shape (5,) fits neither 3 neurons nor 2 inputs"),
    ("bias shape", [layer("dense", (3,), CELL, weight=np.ones((3, 2)), bias=np.ones(2))], "layer/0, 'bias': got 2 values for 3 neurons in 3 channels"),
    ("heavy", [layer("dense", (3,), CELL, weight=np.full((3, 2), 300))], "'weight' must lie between -256 and 255, got 300"),
    ("odd", [layer("dense", (2,), CELL, weight=np.array([[129, -1]] * 2))], "weights of both signs beyond 127 come in steps of 2, got 129"),
    ("mixed", [layer("dense", (2,), CELL, weight=np.array([[255, -2]] * 2))], "do not fit: mixed ones lie between -256 and 254"),
    ("shape", [layer("input", (4,)), layer("dense", (3,), CELL, weight=np.ones((3, 2)))], "layer/1: 'weight' must have the shape (3, 4) (neurons, inputs), got (3, 2)"),
    ("recurrent", [layer("dense_rec", (3,), CELL, weight=np.ones((3, 2)), weight_rec=np.ones((2, 2)))], "'weight_rec' must have the shape (3, 3), got (2, 2)"),
    ("image", [layer("conv", (3, 2, 2), CELL, weight=np.ones((3, 1, 2, 2)), stride=2)] * 2, "layer/0: the size of its input is unknown: read it with input_shape="),
    ("window", [layer("input", (1, 4, 4)), layer("conv", (3, 2, 2), CELL, weight=np.ones((3, 1, 2, 2)))], "its shape must be (3, 3, 3) by its kernel"),
    ("channels", [layer("input", (2, 4, 4)), layer("conv", (3, 3, 3), CELL, weight=np.ones((3, 1, 2, 2)))], "'weight' must begin with the axes (3, 2)"),
    ("axes", [layer("input", (4,)), layer("conv", (3, 3, 3), CELL, weight=np.ones((3, 1, 2, 2)))], "a convolution sees (channels, height, width), got (4,)"),
    ("pairs", [layer("input", (1, 4, 4)), layer("conv", (1, 3, 3), CELL, weight=np.ones((1, 1, 2, 2)), stride=[1, 1, 1])], "'stride' must hold one or two numbers"),
    ("complex", [layer("dense", (3,), CELL, **{"weight/real": np.ones((3, 2))})], "'weight' is a group of datasets; complex weights"),
    ("input bias", [layer("input", (3,), CELL, bias=np.ones(3)), layer("dense", (1,), CELL, weight=np.ones((1, 3)))], "'bias' of an input is one number, got 3"),
    ("late delay", [layer("dense_rec", (2,), CELL, weight=np.ones((2, 2)), weight_rec=np.eye(2), delay=3)], "delays of a recurrent layer mean one thing"),
    ("average first", [layer("average", (1,)), layer("dense", (1,), CELL, weight=np.ones((1, 3)))], "a layer of type 'average' can only be the last"),
    ("average size", [layer("dense", (3,), CELL, weight=np.ones((3, 1))), layer("average", (2,))], "3 outputs cannot be averaged in 2 equal groups"),
    ("late input", [layer("dense", (3,), CELL, weight=np.ones((3, 1))), layer("input", (2,))], "a layer of type 'input' can only be the first"),
    ("nothing", [layer("flatten", (3,))], "it has no layer of neurons"),
    ("empty", [], "layers must be numbered from 0 on without a gap, got nothing"),
    ("sizes", [layer("dense", (0,), CELL, weight=np.ones((1, 1)))], "'shape' must lie between 1 and 16777216, got 0"),
]  # fmt: skip


@pytest.mark.parametrize(("layers", "text"), [pytest.param(layers, text, id=name) for name, layers, text in BROKEN])
def test_a_malformed_file_is_explained(tmp_path: Path, layers: list[dict[str, object]], text: str) -> None:
    path = written(tmp_path / "broken.net", *layers)
    with pytest.raises(FileFormatError) as raised:
        netx.read(path)
    assert text in str(raised.value) and str(path) in str(raised.value)


def test_everything_wrong_is_said_at_once(tmp_path: Path) -> None:
    path = written(tmp_path / "b.net", layer("denze", (3,)), layer("dense", (3,), {**CELL, "iDecay": -1}, weight=np.full((3, 2), 0.5)))
    with pytest.raises(FileFormatError, match="3 problems"):
        netx.read(path)
    (tmp_path / "text.net").write_text("no HDF5")
    with pytest.raises(FileFormatError, match="it is not an HDF5 file"):
        netx.read(tmp_path / "text.net")
    with pytest.raises(FileError, match="there is no such file"):
        netx.read(tmp_path / "missing.net")
    with h5py.File(tmp_path / "other.net", "w") as file:
        file.create_dataset("x", data=1)
    with pytest.raises(FileFormatError, match="it has no group 'layer'"):
        netx.read(tmp_path / "other.net")


def instead(name: str, value: object) -> Callable[[h5py.File], None]:
    """Another thing in the place of a dataset or group; None: a group."""

    def edit(file: h5py.File) -> None:
        if name in file:
            del file[name]
        if value is None:
            file.create_group(name)
        elif isinstance(value, h5py.SoftLink | h5py.ExternalLink):
            file[name] = value
        else:
            file.create_dataset(name, data=value)

    return edit


DAMAGED = [
    ("no text", instead("layer/1/type", None), "layer/1: 'type' must hold one text"),
    ("empty text", instead("layer/1/type", h5py.Empty("S3")), "layer/1: 'type' must hold one text"),
    ("a number as type", instead("layer/1/type", 3), "layer/1: there is no layer type '3'"),
    ("layers as dataset", instead("layer", 3), "it has no group 'layer'"),
    ("layer as dataset", instead("layer/1", 3), "layer/1: a layer is a group of datasets, not a dataset"),
    ("neuron as dataset", instead("layer/1/neuron", 3), "layer/1/neuron: it is a group of datasets, not a dataset"),
    ("not a number", instead("layer/1/weight", np.full((16, 12), np.nan)), "'weight' must hold the chip's whole numbers, got nan at (0, 0)"),
    ("records", instead("layer/1/weight", np.zeros(2, [("a", int)])), "layer/1: 'weight' must hold numbers, got [('a', '<i8')]"),
    ("huge", instead("layer/1/shape", [40000, 40000]), "layer/1: a layer of shape (40000, 40000) is larger than any machine holds"),
    ("thresholds", instead("layer/1/neuron/vThMant", np.arange(5)), "layer/1/neuron, 'vThMant': got 5 values for 16 neurons"),
    ("steps", instead("simulation/tSample", "long"), "simulation: 'tSample' must hold numbers"),
    ("two numbers", instead("layer/1/neuron/gradedSpike", [0, 1]), "'gradedSpike' must hold one number, got 2"),
    ("link", instead("layer/1/weight", h5py.SoftLink("/nowhere")), "layer/1/weight: it cannot be read: it is damaged, or leads nowhere"),
    ("other file", instead("layer/1", h5py.ExternalLink("no.h5", "/x")), "layer/1: it cannot be read: it is damaged, or leads nowhere"),
    ("circle", lambda file: file.__setitem__("layer/1/back", file["layer/1"]), "groups lie within groups here without end"),
]  # fmt: skip


@pytest.mark.parametrize(("edit", "text"), [pytest.param(edit, text, id=name) for name, edit, text in DAMAGED])
def test_a_damaged_file_is_explained(tmp_path: Path, edit: Callable[[h5py.File], None], text: str) -> None:
    path = tmp_path / "damaged.net"
    path.write_bytes(RECORDED["dense/file"].tobytes())
    with h5py.File(path, "r+") as file:
        edit(file)
    with pytest.raises(FileFormatError) as raised:
        netx.read(path)
    assert text in str(raised.value) and str(path) in str(raised.value)


def test_texts_that_would_keep_hdf5_busy_for_ever(tmp_path: Path) -> None:
    """An entry without a length in the heap of texts; and a text that is something else, which HDF5 does not survive in a damaged file."""
    content = bytearray(RECORDED["dense/file"].tobytes())
    entry = content.index(b"GCOL") + 16
    content[entry : entry + 2], content[entry + 8 : entry + 16] = b"\0\0", bytes(8)
    path = tmp_path / "endless.net"
    path.write_bytes(content)
    with pytest.raises(FileFormatError, match="layer/1/neuron/type: it cannot be read: it holds neither numbers nor one text, or is damaged"):
        netx.read(path)
    path.write_bytes(RECORDED["dense/file"].tobytes())
    with h5py.File(path, "r+") as file:
        del file["layer/1/neuron/type"]
        file["layer/1/neuron"].create_dataset("type", (), h5py.vlen_dtype(np.uint8))
    with pytest.raises(FileFormatError, match="layer/1/neuron/type: it cannot be read"):
        netx.read(path)


@settings(max_examples=60, derandomize=True)  # one damaged file in some ten thousands makes HDF5 itself go round for ever
@given(st.lists(st.tuples(st.integers(0, 10_000), st.integers(0, 255)), min_size=1, max_size=20), st.integers(50, 100))
def test_wrong_bytes_anywhere(tmp_path_factory: pytest.TempPathFactory, wrong: list[tuple[int, int]], kept: int) -> None:
    """A file that was hit is read, where the hit matters not or cannot be seen, or refused by an error of ours."""
    content = bytearray(RECORDED["dense/file"].tobytes())
    for place, value in wrong:
        content[place * len(content) // 10_001] = value
    path = tmp_path_factory.mktemp("hit") / "hit.net"
    path.write_bytes(content[: len(content) * kept // 100])
    with suppress(FileFormatError):
        netx.read(path)


SPIKES = np.eye(4, dtype=int)[:, :2]


@pytest.mark.parametrize(
    ("arrays", "text"),
    [
        ({"x": SPIKES * 0.5}, "the input must hold whole numbers"),
        ({"x": np.full((3, 2), np.inf)}, "the input must hold whole numbers"),
        ({"x": np.array([["a", "b"]])}, "the input must hold whole numbers"),
        ({"x": np.array([{}])}, "it is no numpy file of numbers (.npz or .npy), or was cut off"),
        ({"x": np.zeros((0, 2))}, "the input must have the shape (T, 2), got (0, 2)"),
        ({"x": np.zeros((3, 2, 2, 1))}, "the input must have the shape (T, 2), got (3, 2, 2, 1)"),
        ({"a": SPIKES, "b": SPIKES}, "it needs one array (steps, inputs), or 'steps' and 'indices'; it holds a, b"),
        ({"steps": np.arange(3), "indices": np.zeros(2, int)}, "'indices' must have the shape (3,), got (2,)"),
        ({"steps": np.arange(3) / 2, "indices": np.array(["a"] * 3)}, "2 problems"),
        ({"steps": np.arange(3), "indices": np.arange(3), "duration": 2}, "2 problems"),
        ({"steps": np.zeros(0), "indices": np.zeros(0)}, "it holds no event; 'duration' must say"),
        ({"steps": np.zeros(0), "indices": np.zeros(0), "duration": -3}, "'duration' is a number of steps, got -3"),
        ({"steps": np.zeros(2), "indices": np.zeros(2)}, "this network takes spikes, 0 or 1, got 2"),
    ],
)
def test_input_files_that_do_not_fit(tmp_path: Path, arrays: dict[str, object], text: str) -> None:
    path = written(tmp_path / "n.net", layer("dense", (3,), CELL, weight=np.ones((3, 2))))
    np.savez(tmp_path / "in.npz", **arrays)  # type: ignore[arg-type]
    with pytest.raises((FileFormatError, ParameterError)) as raised:
        netx.seeing(path, tmp_path / "in.npz")
    assert text in str(raised.value)
    (tmp_path / "cut.npz").write_bytes((tmp_path / "in.npz").read_bytes()[:90])
    with pytest.raises(FileFormatError, match="or was cut off"):
        netx.seeing(path, tmp_path / "cut.npz")


def test_input_files(tmp_path: Path) -> None:
    """One array, events, and images that say the shape which the network leaves open."""
    path = written(tmp_path / "n.net", layer("conv", (1, 2, 2), CELL, weight=np.ones((1, 2, 1, 2)), stride=[1, 2]))
    images = np.zeros((3, 2, 2, 5), int)
    images[[0, 2], 1, 1, 3] = 1
    np.save(tmp_path / "images.npy", images)
    seen = netx.seeing(path, tmp_path / "images.npy")
    assert (seen.group("input").size, seen.steps, seen.stimuli[0].indices.tolist()) == (20, 3, [18, 18])
    path = written(tmp_path / "m.net", layer("input", (4,), CELL), layer("dense", (3,), CELL, weight=np.ones((3, 4))))
    np.savez(tmp_path / "events.npz", steps=[0, 2, 2], indices=[1, 3, 3], payloads=[5, 200, 55], duration=6)
    stimulus = netx.seeing(path, tmp_path / "events.npz")
    assert (stimulus.steps, stimulus.stimuli[0].payloads.tolist()) == (6, [5, 255])
    np.savez(tmp_path / "events.npz", steps=[0, 2, 2], indices=[1, 3, 3], payloads=[5, 200, 56])
    with pytest.raises(ParameterError, match="these inputs send at most 255, 8 bits, got 256"):
        netx.seeing(path, tmp_path / "events.npz")


def test_input_that_does_not_fit(tmp_path: Path) -> None:
    plan = netx.read(written(tmp_path / "n.net", layer("dense", (3,), CELL, weight=np.ones((3, 2)))))
    for values, text in ((np.ones((4, 3)), r"the shape \(T, 2\)"), (np.full((4, 2), 0.5), "whole numbers"), (np.full((4, 2), 2), "takes spikes, 0 or 1, got 2")):
        with pytest.raises(ParameterError, match=text):
            netx.with_input(plan, values)


# ---- as lava-dl's reader runs it: recorded by record_netx.py -----------------------------------------------------------------
def on_the_emulator(path: Path, name: str) -> tuple[list[Neurons], list[np.ndarray], list[tuple[np.ndarray, np.ndarray]]]:
    """Layers of a recorded network, their (T, N) spikes, and their final u and v."""
    plan = netx.with_input(netx.read(path, RECORDING.IMAGES.get(name)), RECORDED[f"{name}/input"].astype(int))
    layers = list(plan.neurons[1:])
    record = loihi.run(replace(plan, recordings=tuple(Recording(group.name, what) for group in layers for what in ("spikes", "u", "v"))))
    spikes = [np.zeros((plan.steps, group.size), bool) for group in layers]
    for group, found in zip(layers, spikes, strict=True):
        found[record.spikes[group.name].steps, record.spikes[group.name].indices] = True
    return layers, spikes, [tuple(record.registers[group.name, what].values[-1] for what in "uv") for group in layers]  # type: ignore[misc]


@pytest.mark.parametrize("name", NETWORKS)
def test_the_emulator_computes_what_lava_dl_computes(tmp_path: Path, name: str) -> None:
    """All spikes of all layers, and where u and v are at the end; no shift in time is allowed for."""
    path = tmp_path / "recorded.net"
    path.write_bytes(RECORDED[f"{name}/file"].tobytes())
    layers, spikes, states = on_the_emulator(path, name)
    assert f"{name}/spikes {len(layers)}" not in RECORDED
    assert sum(found.sum() for found in spikes) >= 12
    for number, (group, found, (u, v)) in enumerate(zip(layers, spikes, states, strict=True)):
        trained = RECORDED.get(f"{name}/trained {number}")
        if name == "trained convolution with delays":  # which lava-dl's reader leaves out; its training has them
            np.testing.assert_array_equal(found, trained)
            continue
        np.testing.assert_array_equal(found, RECORDED[f"{name}/spikes {number}"])
        np.testing.assert_array_equal(v, RECORDED[f"{name}/v {number}"])
        if group.name != "layer 0":  # lava-dl tells an input layer its input as a bias
            np.testing.assert_array_equal(u, RECORDED[f"{name}/u {number}"])
        if trained is not None and name in ("trained dense", "trained convolutions", "trained convolution in groups"):
            np.testing.assert_array_equal(found, trained)


def test_each_connection_takes_one_step_and_its_delay(tmp_path: Path) -> None:
    """A pulse in steps 3, 23 and 43 through four layers with delays 0, 2, 0 and 5, as lava-dl recorded it."""
    for number, lag in enumerate((1, 4, 5, 11)):
        assert np.flatnonzero(RECORDED[f"one after the other/spikes {number}"]).tolist() == [3 + lag, 23 + lag, 43 + lag]


def contents(path: Path) -> dict[str, object]:
    """Everything in a file."""
    found: dict[str, object] = {}
    with h5py.File(path) as file:
        file.visititems(lambda name, item: found.update({name: np.asarray(item).tolist()}) if isinstance(item, h5py.Dataset) else None)
    return found


def test_what_is_written_today_is_what_lava_dl_read(tmp_path: Path) -> None:
    plans = RECORDING.plans()
    for name, plan in plans.items():
        netx.write(plan, tmp_path / "new.net")
        (tmp_path / "read.net").write_bytes(RECORDED[f"{name}/file"].tobytes())
        assert contents(tmp_path / "new.net") == contents(tmp_path / "read.net")
    assert len(plans) >= 8 and set(plans) < set(NETWORKS)


def test_images_without_a_shape(tmp_path: Path) -> None:
    """What a convolution sees follows from what it gives, where its stride is one."""
    path = written(tmp_path / "n.net", layer("conv", (3, 5, 4), CELL, weight=np.ones((3, 2, 2, 3)), padding=(1, 0), dilation=(2, 1)))
    assert netx.read(path).group("input").size == netx.read(path, (2, 5, 6)).group("input").size == 2 * 5 * 6
    with pytest.raises(FileFormatError, match=r"its shape must be \(3, 6, 4\)"):
        netx.read(path, (2, 6, 6))


# ---- there and back --------------------------------------------------------------------------------------------------------
@st.composite
def chains(draw: st.DrawFn) -> LoihiPlan:
    """Sources and one to three layers, with delays, biases, recurrent weights, both signs in one group of synapses or in two."""
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    sizes = draw(st.lists(st.integers(1, 6), min_size=2, max_size=4))
    groups, synapses = [Neurons("in", sizes[0], "source")], []
    for number, (inputs, size) in enumerate(zip(sizes, sizes[1:], strict=False)):
        name, source = f"g{number}", groups[-1].name
        groups.append(
            Neurons(name, size, du=int(rng.integers(-1, 4096)), dv=int(rng.integers(0, 4096)), vth=rng.integers(1, 500, size), bias_mant=rng.integers(-50, 50, size), bias_exp=6)
        )
        pre, post = (axis.reshape(-1) for axis in np.indices((inputs, size)))
        delay = [0, 7, rng.integers(0, 63, inputs * size), rng.integers(0, 63, size)[post]][rng.integers(4)]
        if draw(st.booleans()):
            synapses.append(Synapses(f"{name} in", source, name, pre, post, rng.choice([-63, -7, 1, 20, 63], len(pre)) * 4, -1, delay=delay))
        else:
            up = rng.random(len(pre)) < 0.5
            lag = np.broadcast_to(delay, (len(pre),))
            for sign, chosen, factor in (("excitatory", up, 1), ("inhibitory", ~up, -1)):
                weight = factor * rng.integers(1, 128, int(chosen.sum()))
                synapses.append(Synapses(f"{name} {sign}", source, name, pre[chosen], post[chosen], weight, 0, 8, sign, delay=lag[chosen]))
        if draw(st.booleans()) and not np.any(delay):
            pre, post = (axis.reshape(-1) for axis in np.indices((size, size)))
            synapses.append(Synapses(f"{name} back", name, name, pre, post, 2 * rng.integers(-20, 20, len(pre))))
    recordings = tuple(Recording(group.name, "spikes") for group in groups)
    return LoihiPlan(30, tuple(groups), tuple(synapses), (), recordings)


@settings(max_examples=20)
@given(chains())
def test_what_is_written_is_read_back(tmp_path_factory: pytest.TempPathFactory, plan: LoihiPlan) -> None:
    path = tmp_path_factory.mktemp("netx") / "chain.net"
    netx.write(plan, path)
    back = netx.read(path)
    assert back.steps == plan.steps
    layers = [group for group in plan.neurons if group.kind != "source"]
    for number, group in enumerate(layers, 1):
        found = back.group(f"layer {number}")
        for name in ("du", "dv", "vth", "refractory"):
            assert (np.asarray(getattr(found, name)) == np.asarray(getattr(group, name))).all()
        assert (np.asarray(found.bias_mant) * 2**found.bias_exp == np.asarray(group.bias_mant) * 2**group.bias_exp).all()
        names = {group.name: f"layer {number}", plan.neurons[number - 1].name: f"layer {number - 1}" if number > 1 else "input"}
        for source, other in names.items():
            np.testing.assert_array_equal(acting(plan, source, group.name), acting(back, other, found.name))


def acting(plan: LoihiPlan, source: str, target: str) -> np.ndarray:
    """(delays, targets, sources) weights between two groups as they act; what is zero acts never."""
    found = np.zeros((63, plan.group(target).size, plan.group(source).size))
    for some in plan.synapses:
        if (some.source, some.target) == (source, target):
            lag = np.broadcast_to(np.asarray(some.delay), (len(some),))
            np.add.at(found, (lag, some.post, some.pre), np.asarray(some.weight) * 2.0**some.weight_exp)
    return found


def test_what_a_file_cannot_hold() -> None:
    one = np.zeros(1, int)
    pair = (Neurons("in", 1, "source"), Neurons("a", 1))
    link = Synapses("s", "in", "a", one, one, one + 3)
    cases = [
        (LoihiPlan(1, pair[1:]), "it begins with one group of sources, got 0"),
        (LoihiPlan(1, pair), "of the 1 that are left it leads to none"),
        (LoihiPlan(1, (pair[0], Neurons("a", 1, "ternary")), (link,)), "it holds leaky integrate-and-fire neurons, got 'ternary'"),
        (LoihiPlan(1, (pair[0], Neurons("a", 1, v=5)), (link,)), "it holds no initial state and no planned resets"),
        (LoihiPlan(1, (pair[0], Neurons("a", 1, bias_mant=3)), (link,)), "biases are multiples of 64, got 3"),
        (LoihiPlan(1, pair, (Synapses("s", "in", "a", one, one, one + 200, 3),)), "its weights lie between -255 and 255 after their exponents, got 1600"),
        (LoihiPlan(1, pair, (Synapses("s", "in", "a", one, one, one),)), "all weights that lead into it are zero"),
        (LoihiPlan(1, pair, (Synapses("s", "in", "a", one, one, one + 3, -1),)), "its weights are whole after their exponents; some are not"),
        (LoihiPlan(1, pair, (link, Synapses("t", "in", "a", one, one, one + 3, delay=2))), "two synapses between the same neurons have different delays"),
        (LoihiPlan(1, (pair[0], Neurons("a", 1, refractory=3)), (link,)), "lava-dl's reader knows no refractory times"),
        (LoihiPlan(1, (pair[0], Neurons("a", 1, bias_mant=4095, bias_exp=7)), (link,)), "biases lie between -262080 and 262080, got 524160"),
        (LoihiPlan(1, pair, (Synapses("s", "in", "a", one, one, one + 3, message_bits=8),)), "its spikes carry no payload"),
        (LoihiPlan(1, pair, (Synapses("s", "in", "a", one, one, one - 64),)), "makes -256 of the inhibitory weight -64"),
        (LoihiPlan(1, pair, (link, Synapses("r", "a", "a", one, one, one - 201))), "loses weights of one sign beyond 127, some odd"),
        (LoihiPlan(1, (Neurons("in", 2, "source"), pair[1]), (Synapses("s", "in", "a", np.arange(2), np.zeros(2, int), np.array([-2, 129])),)), "in steps of 2, got 129"),
        (LoihiPlan(1, (*pair, Neurons("b", 1)), (link, Synapses("t", "a", "b", one, one, one), Synapses("back", "b", "a", one, one, one))), "or back"),
    ]  # fmt: skip
    for plan, text in cases:
        with pytest.raises(FileFormatError) as raised:
            netx.write(plan, "never.net")
        assert text in str(raised.value)
    assert not Path("never.net").exists()


def test_a_stimulus_of_spikes(tmp_path: Path) -> None:
    plan = netx.read(written(tmp_path / "n.net", layer("dense", (3,), CELL, weight=np.ones((3, 2)))))
    seen = netx.with_input(plan, Stimulus("input", np.arange(2), np.arange(2), np.ones(2, int)))
    assert seen.stimuli[0].steps.tolist() == [0, 1]

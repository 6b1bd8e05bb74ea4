"""A spiking network for handwritten digits, trained in plain numpy: 784 sources, 256 integrate-and-fire neurons, 10 readouts.

A neuron without leak that a constant drive I per step brings from 0 over the threshold 1 fires floor(T / ceil(1 / I)) times in T steps and
drops what was over at each reset. The training uses this staircase and, backwards, the slope of min(max(I, 0), 1) instead; then the
readout is fitted to the spikes that the neurons really fire. No biases. The images are those of LeCun, Cortes and Burges (1998); their
folder is named by NEUROSIM_DATA.
"""

from __future__ import annotations

import gzip
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from harness import MeasurementFailed

from neurosim.backends.native.source import cache_directory

Array = np.ndarray[Any, Any]
VARIABLE = "NEUROSIM_DATA"
FILES = {
    "train": ("train-images-idx3-ubyte.gz", "train-labels-idx1-ubyte.gz"),
    "test": ("t10k-images-idx3-ubyte.gz", "t10k-labels-idx1-ubyte.gz"),
}
STEPS = 32
"""T: how long an image is shown."""
PIXELS, HIDDEN, CLASSES = 784, 256, 10
BATCH, EPOCHS, RATE = 128, 24, 2e-3
PENALTY = np.float32(3e-2 / BATCH)
"""Of inhibition far below what keeps a neuron silent: 24 bits have to hold the membrane."""
QUIET = np.float32(4e-3 / BATCH)
"""Of each spike: fewer cost less."""
READOUT_EPOCHS = 12
FITTED = 60_000
"""Images whose spikes the readout is fitted to."""
CHUNK = 500
VERSION = 3
"""Of what is cached."""


def images(part: str) -> tuple[Array, Array]:
    """(K, 784) uint8 and (K,) labels of 'train' or 'test'."""
    folder = Path(os.environ.get(VARIABLE, "")) / "mnist"
    if not os.environ.get(VARIABLE) or not folder.is_dir():
        raise MeasurementFailed(f"{VARIABLE} has to name the folder that has mnist/{FILES['train'][0]} and the other three files in it")
    read = [gzip.decompress((folder / name).read_bytes()) for name in FILES[part]]
    return np.frombuffer(read[0], np.uint8, offset=16).reshape(-1, PIXELS), np.frombuffer(read[1], np.uint8, offset=8)


@dataclass(frozen=True)
class Weights:
    """(784, 256) and (256, 10), for a threshold of 1; ``reach``: the largest sizes of the membranes of both layers on training images."""

    hidden: Array
    readout: Array
    reach: tuple[float, float]


def trained(seed: int, epochs: int = EPOCHS) -> Weights:
    """The weights of a seed, from the cache of this user or trained now."""
    path = cache_directory() / f"mnist_{VERSION}_{seed}_{epochs}.npz"
    if path.is_file():
        with np.load(path) as file:
            return Weights(file["hidden"], file["readout"], (float(file["reach"][0]), float(file["reach"][1])))
    found = train(seed, epochs)
    path.parent.mkdir(parents=True, exist_ok=True)
    unfinished = path.with_suffix(f".{os.getpid()}.npz")
    np.savez(unfinished, hidden=found.hidden, readout=found.readout, reach=np.array(found.reach))
    unfinished.replace(path)
    return found


# ---- training -------------------------------------------------------------------------------------------------------------
def staircase(drive: Array) -> Array:
    """Spikes per step under a constant drive."""
    needed = np.ceil(1.0 / np.maximum(drive, 1e-6))
    return np.where(drive > 0, np.floor(STEPS / needed) / STEPS, 0.0).astype(np.float32)


class Adam:
    """The optimiser of Kingma and Ba (2015)."""

    def __init__(self, parameters: list[Array]) -> None:
        self.parameters, self.step = parameters, 0
        self.first, self.second = ([np.zeros_like(p) for p in parameters] for _ in range(2))

    def update(self, gradients: list[Array], rate: float) -> None:
        """One step downhill."""
        self.step += 1
        for p, g, m, s in zip(self.parameters, gradients, self.first, self.second):
            m += 0.1 * (g - m)
            s += 0.001 * (g * g - s)
            p -= rate * (m / (1 - 0.9**self.step)) / (np.sqrt(s / (1 - 0.999**self.step)) + 1e-8)


def softmax_error(logits: Array, labels: Array) -> Array:
    """Gradient of the mean cross-entropy."""
    size = np.exp(logits - logits.max(axis=1, keepdims=True))
    size /= size.sum(axis=1, keepdims=True)
    size[np.arange(len(labels)), labels] -= 1.0
    return size / np.float32(len(labels))


def cosine(done: float) -> float:
    """The share of the rate that is left."""
    return 0.5 * (1.0 + float(np.cos(np.pi * done)))


def train(seed: int, epochs: int) -> Weights:
    """Staircase first, then the readout on real spikes."""
    random = np.random.default_rng(seed)
    pixels, labels = images("train")
    rates = (np.round(pixels.reshape(-1, 28, 28) / 255.0 * STEPS) / STEPS).astype(np.float32)
    padded = np.pad(rates, ((0, 0), (1, 1), (1, 1)))
    hidden = (random.normal(size=(PIXELS, HIDDEN)) * 0.05).astype(np.float32)
    readout = (random.normal(size=(HIDDEN, CLASSES)) * 0.1).astype(np.float32)
    adam, steps = Adam([hidden, readout]), epochs * (len(labels) // BATCH)
    for epoch in range(epochs):
        order = random.permutation(len(labels))
        for batch in range(len(labels) // BATCH):
            which = np.sort(order[batch * BATCH : (batch + 1) * BATCH])
            down, right = random.integers(0, 3, 2)
            x = padded[which, down : down + 28, right : right + 28].reshape(BATCH, PIXELS)
            drive = x @ hidden
            fired = staircase(drive)
            kept = (random.random(fired.shape, np.float32) > 0.15).astype(np.float32) / np.float32(0.85)
            fired *= kept
            error = softmax_error(4.0 * (fired @ readout), labels[which]) * np.float32(4.0)
            back = (error @ readout.T) * kept * ((drive > 0) & (drive < 1.2))
            back += PENALTY * np.minimum(drive + 1.0, 0.0) + QUIET * (drive > 0)
            adam.update([x.T @ back, fired.T @ error], RATE * cosine((epoch * (len(labels) // BATCH) + batch) / steps))
    counts, reach = spikes_of(pixels[:FITTED], hidden)
    readout = fitted(counts, labels[:FITTED], readout, random)
    return Weights(hidden, readout, (reach, float(np.abs(counts @ readout).max())))


def fitted(counts: Array, labels: Array, readout: Array, random: np.random.Generator) -> Array:
    """The readout for spikes as they are."""
    readout, rates = readout.copy(), counts.astype(np.float32) / STEPS
    adam, batches = Adam([readout]), len(labels) // BATCH
    for epoch in range(READOUT_EPOCHS):
        order = random.permutation(len(labels))
        for batch in range(batches):
            which = order[batch * BATCH : (batch + 1) * BATCH]
            kept = (random.random((BATCH, HIDDEN), np.float32) > 0.15).astype(np.float32) / np.float32(0.85)
            x = rates[which] * kept
            error = softmax_error(4.0 * (x @ readout), labels[which]) * np.float32(4.0)
            adam.update([x.T @ error], 0.3 * RATE * cosine((epoch * batches + batch) / (READOUT_EPOCHS * batches)))
    return readout


# ---- the network in float -------------------------------------------------------------------------------------------------
def trains(pixels: Array) -> Array:
    """(T, K, 784) whether a source fires in a step: regular trains of round(T p / 255) spikes."""
    table = train_table()
    return np.stack([table[:, t][pixels] for t in range(STEPS)])


def train_table() -> Array:
    """(256, T) the spikes of a source by its grey value, as :func:`neurosim.hardware.loihi.items.rate_coded` has them."""
    from neurosim.hardware.loihi.items import rate_coded

    stimulus = rate_coded(np.arange(256)[None, :] / 255.0, STEPS, "levels")
    table = np.zeros((256, STEPS), bool)
    table[stimulus.indices, stimulus.steps] = True
    return table


def spikes_of(pixels: Array, hidden: Array) -> tuple[Array, float]:
    """(K, 256) spikes of the hidden neurons, step by step; and the largest size that a membrane reached. In the precision of ``hidden``."""
    counts, reach = np.zeros((len(pixels), HIDDEN), np.int32), 0.0
    for first in range(0, len(pixels), CHUNK):
        some = trains(pixels[first : first + CHUNK]).astype(hidden.dtype)
        v = np.zeros((some.shape[1], HIDDEN), hidden.dtype)
        for step in range(STEPS):
            v += some[step] @ hidden
            reach = max(reach, float(np.abs(v).max()))
            fires = v > 1.0
            counts[first : first + CHUNK] += fires
            v[fires] = 0.0
    return counts, reach

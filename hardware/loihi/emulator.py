"""A plan executed bit by bit: the same integers as Lava's fixed-point models, at the speed of compiled loops.

The arithmetic is in :mod:`neurosim.hardware.loihi.kernels`; here a plan is laid out for it, runs, and is read back.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from neurosim.hardware.loihi import codes
from neurosim.hardware.loihi.learning import Learning, learning_of
from neurosim.hardware.loihi.limits import LARGEST_WEIGHT
from neurosim.hardware.loihi.merge import summed
from neurosim.hardware.loihi.plan import LoihiPlan, Neurons, Recording, Stimulus, Synapses

Array = np.ndarray
KINDS = {
    "ternary": codes.TERNARY,
    "adaptive": codes.ADAPTIVE,
    "graded": codes.GRADED,
    "rectified": codes.RECTIFIED,
    "source": codes.SOURCE,
}
BUFFER = 1 << 20
"""Spikes, and recorded values, that a buffer holds at least."""
DENSE_SHARE = 0.25
"""Synapses without delays of their own are laid out as full rows from this share of all pairs on."""


# ---- layout ------------------------------------------------------------------------------------------------------------
def per_neuron(group: Neurons, value: object) -> Array:
    """(N,) int32."""
    return np.broadcast_to(np.asarray(value, np.int64), (group.size,)).astype(np.int32)


def shifted_bias(group: Neurons) -> Array:
    """(N,) int32: bias_mant * 2**bias_exp, rounded down for negative exponents."""
    mantissa, exponent = per_neuron(group, group.bias_mant), per_neuron(group, group.bias_exp)
    return np.where(exponent >= 0, mantissa << np.maximum(exponent, 0), mantissa >> np.maximum(-exponent, 0)).astype(np.int32)


def kind_of(group: Neurons) -> int:
    """The kind of a group as the kernels number it."""
    if group.kind == "lif":
        return codes.LIF if (np.asarray(group.refractory) <= 1).all() else codes.HELD
    return KINDS[group.kind]


def row_starts(synapses: Synapses, sources: int) -> Array:
    """(sources + 1,) first synapse of each source."""
    first: Array = np.searchsorted(synapses.pre, np.arange(sources + 1)).astype(np.int64)
    return first


@dataclass(frozen=True)
class Layout:
    """A plan as arrays for the kernels; ``static`` never changes, ``initial`` is copied at the start of a run.

    ``starts``: position of the first neuron of each group; ``depth``: slots of the ring of sums that will arrive.
    """

    plan: LoihiPlan
    starts: Mapping[str, int]
    size: int
    depth: int
    static: Mapping[str, Array]
    initial: Mapping[str, Array]


def laid_out(plan: LoihiPlan) -> Layout:
    """Lay out the neurons and synapses of a plan."""
    starts, size = {}, 0
    for group in plan.neurons:
        starts[group.name] = size
        size += -(-group.size // codes.ALIGN) * codes.ALIGN
    longest = max((int(np.max(some.delay, initial=0)) for some in plan.synapses if len(some)), default=0)
    order = {group.name: number for number, group in enumerate(plan.neurons)}

    def spread(values: Mapping[str, Array], fill: int = 0) -> Array:
        whole = np.full(size, fill, np.int32)
        for name, value in values.items():
            whole[starts[name] : starts[name] + len(value)] = value
        return whole

    def gathered(take: object, fill: int = 0) -> Array:
        return spread({group.name: take(group) for group in plan.neurons}, fill)  # type: ignore[operator]

    static = {
        "kinds": np.array([kind_of(group) for group in plan.neurons], np.int64),
        "starts": np.array([starts[group.name] for group in plan.neurons], np.int64),
        "sizes": np.array([group.size for group in plan.neurons], np.int64),
        "resets": np.array([group.reset_every for group in plan.neurons], np.int64),
        "reset_at": np.array([group.reset_at % max(group.reset_every, 1) for group in plan.neurons], np.int64),
        "keep_u": gathered(lambda g: 4096 - (per_neuron(g, g.du) + 1)),
        "keep_v": gathered(lambda g: 4096 - per_neuron(g, g.dv)),
        "bias": gathered(shifted_bias),
        "vth": gathered(lambda g: per_neuron(g, g.vth) << (0 if g.kind in ("graded", "rectified") else 6), np.iinfo(np.int32).max),
        "low": gathered(lambda g: per_neuron(g, g.vth_low) << 6),
        "hold": gathered(lambda g: per_neuron(g, g.refractory)),
        "theta_start": gathered(lambda g: per_neuron(g, g.threshold_start) << 6),
        "theta_step": gathered(lambda g: per_neuron(g, g.threshold_step) << 6),
        "keep_theta": gathered(lambda g: 4096 - per_neuron(g, g.threshold_decay)),
        "keep_r": gathered(lambda g: 4096 - per_neuron(g, g.refractory_decay)),
        **connections(summed(plan), order, size),
    }
    widest = max((group.size for group in plan.neurons), default=0)
    initial = {
        "u": gathered(lambda g: per_neuron(g, g.u)),
        "v": gathered(lambda g: per_neuron(g, g.v)),
        "free_at": np.zeros(size, np.int32),
        "theta": static["theta_start"].copy(),
        "r": np.zeros(size, np.int32),
        "flags": np.zeros(size, np.uint8),
        "ring": np.zeros((longest + 1, size), np.int32),
        "scratch": np.zeros((longest + 1, widest), np.int32),
        "head": np.zeros(1, np.int64),
    }
    return Layout(plan, starts, size, longest + 1, static, initial)


def connections(plan: LoihiPlan, order: Mapping[str, int], positions: int) -> dict[str, Array]:
    """All synapses, one after the other, as the kernels read them; ``positions``: those of all neurons."""
    widest_group = max((group.size for group in plan.neurons), default=0)
    kinds, shifts, delays, row_ends, edge_ends = [], [], [], [0], [0]
    rows, targets, weights, lags = [], [], [], []
    widest = 0
    for some in plan.synapses:
        sources, size = plan.group(some.source).size, plan.group(some.target).size
        left = max(some.weight_exp, 0)
        own = np.asarray(some.weight, np.int32) << left
        lag = np.broadcast_to(np.asarray(some.delay, np.int64), (len(some),))
        constant = int(lag[0]) if len(some) and (lag == lag[0]).all() else 0 if not len(some) else -1
        dense = constant >= 0 and (some.dense or len(some) >= DENSE_SHARE * sources * size)
        if some.learning is not None:
            # What is no synapse must not learn, and weights must have room to grow.
            dense = some.is_full(sources, size)
            widest = max(widest, (LARGEST_WEIGHT + 1) << left)
        if dense:
            full = np.zeros(sources * size, np.int32)
            np.add.at(full, some.pre * size + some.post, own)
            own, target = full, np.zeros(full.size, np.int32)
        else:
            target = np.asarray(some.post, np.int32)
        kinds.append(codes.DENSE if dense else codes.SPARSE if constant >= 0 else codes.DELAYED)
        shifts.append(max(-some.weight_exp, 0))
        delays.append(max(constant, 0))
        rows.append(row_starts(some, sources))
        targets.append(target)
        weights.append(own)
        stride = widest_group if some.weight_exp < 0 else positions
        lags.append(np.zeros(len(own), np.int32) if dense else (lag * stride + some.post).astype(np.int32))
        row_ends.append(row_ends[-1] + sources + 1)
        edge_ends.append(edge_ends[-1] + len(own))
    widest = max([widest, *(int(np.abs(w).max(initial=0)) for w in weights)])

    def joined(parts: list[Array], kind: type) -> Array:
        whole: Array = np.concatenate([*parts, np.zeros(0, kind)]).astype(kind)
        return whole

    return {
        "synapse_kind": np.array(kinds, np.int64),
        "synapse_source": np.array([order[some.source] for some in plan.synapses], np.int64),
        "synapse_target": np.array([order[some.target] for some in plan.synapses], np.int64),
        "synapse_shift": np.array(shifts, np.int64),
        "synapse_delay": np.array(delays, np.int64),
        "synapse_graded": np.array([some.message_bits > 0 for some in plan.synapses], np.bool_),
        "row_begin": np.array(row_ends, np.int64),
        "rows": joined(rows, np.int64),
        "edge_begin": np.array(edge_ends, np.int64),
        "targets": joined(targets, np.int32),
        "weights": joined(weights, np.int16 if widest < 1 << 15 else np.int32),
        "delays": joined(lags, np.int32),
    }


def events_of(plan: LoihiPlan, stimuli: Sequence[Stimulus], steps: int) -> dict[str, Array]:
    """Events of all sources: for each group and step the first event, then indices and payloads."""
    begin = np.zeros((len(plan.neurons), steps + 1), np.int64)
    indices, payloads, count = [], [], 0
    by_group = {stimulus.group: stimulus for stimulus in stimuli}
    for number, group in enumerate(plan.neurons):
        stimulus = by_group.get(group.name)
        if stimulus is not None:
            begin[number] = count + np.searchsorted(stimulus.steps, np.arange(steps + 1))
            indices.append(stimulus.indices)
            payloads.append(stimulus.payloads)
            count += len(stimulus.steps)
        else:
            begin[number] = count
    return {
        "event_begin": begin,
        "event_index": np.concatenate([*indices, np.zeros(0, np.int64)]).astype(np.int64),
        "event_payload": np.concatenate([*payloads, np.zeros(0, np.int64)]).astype(np.int32),
    }


def columns_of(layout: Layout, recordings: Sequence[Recording]) -> dict[str, Array]:
    """What the recordings of u and v read, one column after the other."""
    begin, columns, is_v = [0], [], []
    for recording in recordings:
        group = layout.plan.group(recording.part)
        chosen = np.arange(group.size) if recording.of is None else np.asarray(recording.of)
        columns.append(layout.starts[group.name] + chosen)
        is_v.append(np.full(len(chosen), recording.variable == "v"))
        begin.append(begin[-1] + len(chosen))
    return {
        "column_begin": np.array(begin, np.int64),
        "columns": np.concatenate([*columns, np.zeros(0, np.int64)]).astype(np.int64),
        "column_of_v": np.concatenate([*is_v, np.zeros(0, bool)]).astype(np.bool_),
        "every": np.array([recording.every for recording in recordings], np.int64),
        "at": np.array([recording.at % recording.every for recording in recordings], np.int64),
    }


# ---- running -----------------------------------------------------------------------------------------------------------
ARGUMENTS = (
    *("kinds", "starts", "sizes", "resets", "reset_at"),
    *("u", "v", "keep_u", "keep_v", "bias", "vth", "low", "hold", "free_at", "theta", "theta_start", "theta_step", "keep_theta", "r", "keep_r"),
    *("flags", "found", "payload", "first_found", "ring", "scratch", "head"),
    *("event_begin", "event_index", "event_payload"),
    *("synapse_kind", "synapse_source", "synapse_target", "synapse_shift", "synapse_delay", "synapse_graded"),
    *("row_begin", "rows", "edge_begin", "targets", "weights", "delays"),
    *("spike_step", "spike_index", "spike_payload", "spikes", "counts"),
    *("column_begin", "columns", "column_of_v", "every", "at", "values", "value_at"),
)
"""Arguments of the compiled loop after the first step and the number of steps."""


@dataclass
class Emulator:
    """A plan that runs. ``arrays``: everything that the compiled loop reads and writes, by name."""

    layout: Layout
    arrays: dict[str, Array]
    recordings: tuple[Recording, ...]
    learning: Learning | None = None
    step: int = 0
    kept_spikes: list[tuple[Array, Array, Array]] = field(default_factory=list)
    kept_values: list[Array] = field(default_factory=list)

    @staticmethod
    def of(plan: LoihiPlan, *, record: bool = True) -> Emulator:
        """Lay out a plan; ``record`` False: only counts of spikes are kept."""
        return started(laid_out(plan), plan.stimuli, plan.steps, record=record)

    def run(self, steps: int | None = None) -> None:
        """Advance by ``steps`` (None: to the end of the plan)."""
        from neurosim.hardware.loihi import kernels  # numba, when something runs

        last = self.layout.plan.steps if steps is None else min(self.step + steps, self.layout.plan.steps)
        while self.step < last:
            if self.learning is None:
                self.step += kernels.run(self.step, last - self.step, *(self.arrays[name] for name in ARGUMENTS))
            else:
                self.step += self.learning.run(self.step, last - self.step, self.arrays, ARGUMENTS)
            self.drain()

    def drain(self) -> None:
        """Take what was recorded out of the buffers."""
        found, values = int(self.arrays["spikes"][0]), int(self.arrays["value_at"][0])
        if found:
            self.kept_spikes.append(tuple(self.arrays[name][:found].copy() for name in ("spike_step", "spike_index", "spike_payload")))  # type: ignore[arg-type]
            self.arrays["spikes"][0] = 0
        if values:
            self.kept_values.append(self.arrays["values"][:values].copy())
            self.arrays["value_at"][0] = 0

    def spikes(self, name: str) -> tuple[Array, Array, Array]:
        """(M,) steps, neurons and payloads of the spikes of a group so far."""
        start, size = self.layout.starts[name], self.layout.plan.group(name).size
        steps, places, payloads = (
            np.concatenate([*(chunk[k] for chunk in self.kept_spikes), np.zeros(0, np.int64)]).astype(np.int64) for k in range(3)
        )
        chosen = (places >= start) & (places < start + size)
        return steps[chosen], places[chosen] - start, payloads[chosen]

    def traces(self) -> list[tuple[Array, Array]]:
        """For each recording of u or v the (T,) steps and (T, K) values after these steps."""
        whole = np.concatenate([*self.kept_values, np.zeros(0, np.int32)])
        steps = np.arange(self.step)
        due = [steps[steps % r.every == r.at % r.every] for r in self.recordings]
        widths = np.diff(self.arrays["column_begin"])
        read = np.zeros(len(whole), np.int64) if len(self.recordings) > 1 else None
        if read is not None:
            order = sorted((step, number) for number, taken in enumerate(due) for step in taken.tolist())
            read = np.concatenate([np.full(widths[number], number) for _, number in order]) if order else np.zeros(0, np.int64)
        return [
            (taken, (whole if read is None else whole[read == number]).reshape(len(taken), widths[number]))
            for number, taken in enumerate(due)
        ]

    def state(self, name: str, variable: str) -> Array:
        """(N,) present u or v of a group."""
        start = self.layout.starts[name]
        return self.arrays[variable][start : start + self.layout.plan.group(name).size].copy()

    def synaptic(self, name: str, variable: str) -> Array:
        """(E,) present w, t or d of synapses, in the order of the plan."""
        some = next(some for some in self.layout.plan.synapses if some.name == name)
        if some.learning is None or self.learning is None:
            values = {"w": some.weight, "t": some.tag, "d": some.delay_tag}[variable]
            return np.broadcast_to(np.asarray(values, np.int64), (len(some),))
        return self.learning.present(name, variable, self.arrays["weights"], self.arrays["edge_begin"])

    def watched(self, name: str, variable: str) -> tuple[Array, Array]:
        """(R,) steps and (R, K) values, after these steps, of a recording of synapses that learn."""
        recordings = () if self.learning is None else self.learning.watched
        for number, recording in enumerate(recordings):
            if self.learning is not None and (recording.part, recording.variable) == (name, variable):
                return self.learning.recorded(number, self.step)
        raise KeyError(f"{variable} of {name} was not recorded")

    def counts(self, name: str) -> Array:
        """(N,) spikes of each neuron of a group so far."""
        start = self.layout.starts[name]
        return self.arrays["counts"][start : start + self.layout.plan.group(name).size].copy()


def started(layout: Layout, stimuli: Sequence[Stimulus], steps: int, *, record: bool = True) -> Emulator:
    """A layout before its first step, with the given stimuli."""
    recordings = tuple(r for r in layout.plan.recordings if r.variable in ("u", "v")) if record else ()
    columns = columns_of(layout, recordings)
    firing = sum(group.size for group in layout.plan.neurons)
    # A source may send several events of one neuron in a step.
    bursts = max((int(np.bincount(s.steps).max(initial=0)) for s in stimuli if len(s.steps)), default=0)
    room = firing + bursts * len(stimuli)
    wants_spikes = record and any(r.variable == "spikes" for r in layout.plan.recordings)
    arrays = {
        **layout.static,
        **{name: value.copy() for name, value in layout.initial.items()},
        **events_of(layout.plan, stimuli, steps),
        **columns,
        "found": np.zeros(room, np.int64),
        "payload": np.zeros(room, np.int32),
        "first_found": np.zeros(len(layout.plan.neurons) + 1, np.int64),
        "spike_step": np.zeros(max(BUFFER, room) if wants_spikes else 0, np.int32),
        "spike_index": np.zeros(max(BUFFER, room) if wants_spikes else 0, np.int32),
        "spike_payload": np.zeros(max(BUFFER, room) if wants_spikes else 0, np.int32),
        "spikes": np.zeros(1, np.int64),
        "counts": np.zeros(layout.size, np.int64),
        "values": np.zeros(max(BUFFER, len(columns["columns"])) if recordings else 0, np.int32),
        "value_at": np.zeros(1, np.int64),
    }
    learning = learning_of(layout.plan, record=record)
    if learning is not None:
        arrays["weights"] = arrays["weights"].copy()
    return Emulator(layout, arrays, recordings, learning)

"""Plans in fewer and larger parts, the same to the last bit: several plans as one, groups of one kind as one group.

Lava pays for every group and every connection with processes and messages; a merged plan of eight populations runs twenty times faster.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from neurosim.hardware.loihi.plan import LearningRule, LoihiPlan, Neurons, Recording, Stimulus, Synapses

VECTORS = (
    *("du", "dv", "vth", "vth_low", "bias_mant", "bias_exp", "refractory", "u", "v"),
    *("threshold_start", "threshold_step", "threshold_decay", "refractory_decay"),
)
"""What may differ between the neurons of a group."""


@dataclass(frozen=True)
class Place:
    """Where a group went: neurons ``start`` ... ``start + size - 1`` of the group ``name``."""

    name: str
    start: int
    size: int


@dataclass(frozen=True)
class Merged:
    """A merged plan, and where each group of the original is in it."""

    plan: LoihiPlan
    places: Mapping[str, Place]


def side_by_side(plans: Sequence[LoihiPlan]) -> LoihiPlan:
    """One plan of several that have nothing to do with each other; parts are called ``number/name``. The longest gives the steps."""
    neurons: list[Neurons] = []
    synapses: list[Synapses] = []
    stimuli: list[Stimulus] = []
    recordings: list[Recording] = []
    for number, plan in enumerate(plans):
        neurons += [replace(group, name=f"{number}/{group.name}") for group in plan.neurons]
        synapses += [
            replace(
                some,
                name=f"{number}/{some.name}",
                source=f"{number}/{some.source}",
                target=f"{number}/{some.target}",
                learning=renamed(some.learning, number),
            )
            for some in plan.synapses
        ]
        stimuli += [replace(stimulus, group=f"{number}/{stimulus.group}") for stimulus in plan.stimuli]
        recordings += [replace(recording, part=f"{number}/{recording.part}") for recording in plan.recordings]
    steps = max(plan.steps for plan in plans)
    return replace(
        plans[0], steps=steps, neurons=tuple(neurons), synapses=tuple(synapses), stimuli=tuple(stimuli), recordings=tuple(recordings)
    )


def renamed(rule: LearningRule | None, number: int) -> LearningRule | None:
    """The rule, with the third factor where it is now."""
    return replace(rule, third_factor=f"{number}/{rule.third_factor}") if rule is not None and rule.third_factor else rule


def merged(plan: LoihiPlan) -> Merged:
    """The same plan with one group for all neurons that step alike, and few groups of synapses.

    Synapses that learn stay on their own, with the groups they join. A negative exponent shifts the sum of a group of synapses: such groups
    are put together only where they have different targets, or where every weight is a multiple of what is shifted out.
    """
    learning = {
        name for some in plan.synapses if some.learning is not None for name in (some.source, some.target, some.learning.third_factor)
    }
    kinds: dict[tuple[object, ...], list[Neurons]] = {}
    for group in plan.neurons:
        alone = group.name if group.name in learning or group.kind in ("graded", "rectified") else ""
        kinds.setdefault((group.kind, group.reset_every, group.reset_at, alone, one_for_all(group)), []).append(group)
    places, neurons = {}, []
    for groups in kinds.values():
        name = groups[0].name if len(groups) == 1 else " + ".join(group.name for group in groups)
        start = 0
        for group in groups:
            places[group.name] = Place(name, start, group.size)
            start += group.size
        neurons.append(groups[0] if len(groups) == 1 else together(name, groups))
    stimuli = [gathered(group.name, plan, places) for group in neurons if group.kind == "source"]
    recordings = tuple(moved(recording, places) for recording in plan.recordings if recording.part in places)
    kept = tuple(recording for recording in plan.recordings if recording.part not in places)
    synapses = tuple(connected(bins_of(plan, places)))
    return Merged(
        replace(plan, neurons=tuple(neurons), synapses=synapses, stimuli=tuple(stimuli), recordings=recordings + kept), places
    )


def one_for_all(group: Neurons) -> tuple[object, ...]:
    """What Lava has once per process, by kind: only groups that agree in it become one."""
    names = {"ternary": ("vth", "vth_low"), "adaptive": ("du", "dv", "threshold_start", "threshold_step", "threshold_decay", "refractory_decay")}
    return tuple(tuple(np.unique(np.asarray(getattr(group, name))).tolist()) for name in names.get(group.kind, ()))


def together(name: str, groups: Sequence[Neurons]) -> Neurons:
    """One group of several; every parameter becomes an array."""
    size = sum(group.size for group in groups)
    values: dict[str, Any] = {
        vector: np.concatenate([np.broadcast_to(np.asarray(getattr(group, vector), np.int64), (group.size,)) for group in groups])
        for vector in VECTORS
    }
    return replace(groups[0], name=name, size=size, **values)


def gathered(name: str, plan: LoihiPlan, places: Mapping[str, Place]) -> Stimulus:
    """The spikes of all sources that went into a group, in order."""
    found = [(stimulus, places[stimulus.group].start) for stimulus in plan.stimuli if places[stimulus.group].name == name]
    empty = [np.zeros(0, np.int64)]
    steps = np.concatenate([stimulus.steps for stimulus, _ in found] or empty)
    indices = np.concatenate([stimulus.indices + start for stimulus, start in found] or empty)
    payloads = np.concatenate([stimulus.payloads for stimulus, _ in found] or empty)
    order = np.lexsort((indices, steps))
    return Stimulus(name, steps[order], indices[order], payloads[order])


def moved(recording: Recording, places: Mapping[str, Place]) -> Recording:
    """The same neurons at their new place."""
    place = places[recording.part]
    chosen = np.arange(place.size) if recording.of is None else np.asarray(recording.of)
    return replace(recording, part=place.name, of=chosen + place.start)


def canonical(some: Synapses) -> bool:
    """Whether shifting each weight is the same as shifting a sum of them; a sum of weights times payloads may wrap at 32 bits before."""
    return some.weight_exp >= 0 or (not some.message_bits and not (np.asarray(some.weight) % (1 << -some.weight_exp)).any())


def bins_of(plan: LoihiPlan, places: Mapping[str, Place]) -> list[list[Synapses]]:
    """Synapses at their new places, in bins of those that may become one group; no pair of neurons is twice in a bin."""
    bins: list[tuple[tuple[object, ...], set[str], list[Synapses]]] = []
    for number, some in enumerate(plan.synapses):
        source, target = places[some.source], places[some.target]
        here = replace(some, source=source.name, target=target.name, pre=some.pre + source.start, post=some.post + target.start)
        delayed = bool(np.asarray(some.delay).any())
        # What was made for fewer bits is as good for eight.
        key: tuple[object, ...] = (source.name, target.name, some.weight_exp, some.sign, some.message_bits, some.dense, delayed)
        taken = {f"{some.source} -> {some.target}"} if canonical(some) else {some.target}
        key += (number if some.learning is not None else -1, canonical(some))
        for found, used, members in bins:
            if found == key and not used & taken:
                used |= taken
                members.append(here)
                break
        else:
            bins.append((key, taken, [here]))
    return [members for _, _, members in bins]


def connected(bins: Sequence[Sequence[Synapses]]) -> list[Synapses]:
    """One group of synapses per bin, ordered by source, then target."""
    made = []
    for number, members in enumerate(bins):
        pre, post = (np.concatenate([np.asarray(getattr(some, name)) for some in members]) for name in ("pre", "post"))
        order = np.lexsort((post, pre))
        edges = {
            name: np.concatenate([np.broadcast_to(np.asarray(getattr(some, name), np.int64), (len(some),)) for some in members])[order]
            for name in ("weight", "delay", "tag", "delay_tag")
        }
        name = members[0].name if len(members) == 1 else f"synapses {number}"
        bits = max(some.weight_bits for some in members)
        made.append(replace(members[0], name=name, pre=pre[order], post=post[order], weight_bits=bits, **edges))
    return made


def summed(plan: LoihiPlan) -> LoihiPlan:
    """The plan as its sums are: the synapses between two groups as one group, without an exponent where shifting each weight is the same.

    Such weights may be wider than a chip's: this is for an emulator. Plans that learn stay as they are.
    """
    if any(some.learning is not None for some in plan.synapses):
        return plan
    bins: dict[tuple[object, ...], list[Synapses]] = {}
    for number, some in enumerate(plan.synapses):
        delay = np.unique(np.asarray(some.delay))
        key: tuple[object, ...] = (some.source, some.target, some.message_bits > 0, int(delay[0]) if len(delay) == 1 else -1)
        if canonical(some):
            weight = np.asarray(some.weight, np.int64)
            some = replace(some, weight=weight << some.weight_exp if some.weight_exp >= 0 else weight >> -some.weight_exp, weight_exp=0)
        else:
            key += (number,)
        bins.setdefault(key, []).append(some)
    return replace(plan, synapses=tuple(found for members in bins.values() for found in (members if len(members) == 1 else connected([members]))))


def without_multapses(plan: LoihiPlan) -> LoihiPlan:
    """The same plan with at most one synapse between two neurons in each group of synapses: a matrix has one entry for a pair.

    Where shifting each weight is not the same as shifting their sum, and where synapses learn, a group stays as it is.
    """
    return replace(plan, synapses=tuple(part for some in plan.synapses for part in layers_of(some)))


def layers_of(some: Synapses) -> list[Synapses]:
    """The first synapse of each pair of neurons, the second of those that have two, and so on."""
    order = np.lexsort((some.post, some.pre))
    pairs = np.stack([np.asarray(some.pre)[order], np.asarray(some.post)[order]])
    new = np.concatenate([[True], (pairs[:, 1:] != pairs[:, :-1]).any(axis=0)]) if len(order) else np.zeros(0, bool)
    if new.all() or some.learning is not None or not canonical(some):
        return [some]
    places = np.arange(len(order))
    layer = places - np.maximum.accumulate(np.where(new, places, 0))
    delay = np.broadcast_to(np.asarray(some.delay), (len(some),))
    made = []
    for number in range(int(layer.max()) + 1):
        chosen = order[layer == number]
        name = some.name if number == 0 else f"{some.name} ({number + 1})"
        edges = {column: np.asarray(getattr(some, column))[chosen] for column in ("pre", "post", "weight")}
        made.append(replace(some, name=name, delay=delay[chosen], **edges))
    return made

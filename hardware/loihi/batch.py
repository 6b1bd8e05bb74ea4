"""Many items shown to one plan, each from its initial state, in one compiled loop over threads: what a trained network is judged by."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np

from neurosim.hardware.loihi.emulator import ARGUMENTS, Layout, laid_out, started
from neurosim.hardware.loihi.plan import LoihiPlan, PlanError, Stimulus

Array = np.ndarray
RESTORED = ("u", "v", "theta", "r", "free_at", "ring")
"""What an item must not find as the one before left it."""


@dataclass(frozen=True)
class Shown:
    """What K items left behind.

    ``counts``: by group the (K, N) spikes of each item; ``states``: by (group, 'u' or 'v') the (K, N) values after its last step;
    ``total``: by group the (N,) spikes of all items together.
    """

    counts: Mapping[str, Array]
    states: Mapping[tuple[str, str], Array]
    total: Mapping[str, Array]


def in_a_row(items: Sequence[Sequence[Stimulus]], steps: int) -> tuple[Stimulus, ...]:
    """The stimuli of items as those of one long run: item k in steps k * ``steps`` ... (k + 1) * ``steps`` - 1."""
    by_group: dict[str, list[Stimulus]] = {}
    for number, stimuli in enumerate(items):
        for stimulus in stimuli:
            inside = stimulus.steps < steps
            moved = Stimulus(stimulus.group, stimulus.steps[inside] + number * steps, stimulus.indices[inside], stimulus.payloads[inside])
            by_group.setdefault(stimulus.group, []).append(moved)
    return tuple(
        Stimulus(group, *(np.concatenate([getattr(part, name) for part in parts]) for name in ("steps", "indices", "payloads")))
        for group, parts in by_group.items()
    )


def shown(
    plan: LoihiPlan,
    stimuli: Sequence[Stimulus],
    items: int,
    *,
    counts: Sequence[str] = (),
    states: Sequence[tuple[str, str]] = (),
    threads: int = 1,
    layout: Layout | None = None,
) -> Shown:
    """Show items to a plan, each in its initial state, for all its steps.

    Parameters
    ----------
    plan : LoihiPlan
    stimuli : sequence of Stimulus
        What the sources send, as in one long run: item k in the steps from k * plan.steps on (:func:`in_a_row`).
    items : int
        K.
    counts : sequence of str
        Groups whose spikes are wanted for each item.
    states : sequence of (str, {'u', 'v'})
        What is read after the last step of each item.
    threads : int
        Items are shared among them.
    layout : Layout, optional
        Of the plan, where there is one already.

    Returns
    -------
    Shown

    Raises
    ------
    PlanError
        If synapses of the plan learn: then what an item finds depends on those before it.
    """
    from neurosim.hardware.loihi import kernels  # numba, when something runs

    if any(some.learning is not None for some in plan.synapses):
        raise PlanError("items are shown to a plan that stays as it is: fix its weights first")
    layout = laid_out(plan) if layout is None else layout
    wanted = places_of(layout, counts)
    columns = places_of(layout, [name for name, _ in states])
    of_v = np.concatenate([*(np.full(plan.group(name).size, variable == "v") for name, variable in states), np.zeros(0, bool)])
    found, values = np.zeros((items, len(wanted)), np.int32), np.zeros((items, len(columns)), np.int32)
    first = started(layout, stimuli, items * plan.steps, record=False).arrays
    own = {name for name in layout.initial} | {"counts", "found", "payload", "first_found", "spikes", "value_at"}

    def part(numbers: tuple[int, int]) -> Array:
        arrays = {name: value.copy() if name in own else value for name, value in first.items()}
        arrays["event_begin"] = np.zeros((len(plan.neurons), plan.steps + 1), np.int64)
        restored = [value for name in RESTORED for value in (arrays[name], layout.initial[name])]
        total = np.zeros(layout.size, np.int64)
        kernels.run_items(
            *numbers, plan.steps, *restored, arrays["event_begin"], first["event_begin"], arrays["counts"], total,
            wanted, found, columns, of_v, values, tuple(arrays[name] for name in ARGUMENTS),
        )  # fmt: skip
        return total

    edges = np.linspace(0, items, threads + 1).astype(int).tolist()
    with ThreadPoolExecutor(threads) as pool:
        totals = sum(pool.map(part, zip(edges, edges[1:], strict=False)), np.zeros(layout.size, np.int64))
    keys = list(states)
    return Shown(
        dict(zip(counts, split(layout, found, counts), strict=True)),
        dict(zip(keys, split(layout, values, [name for name, _ in keys]), strict=True)),
        {group.name: totals[layout.starts[group.name] :][: group.size] for group in plan.neurons},
    )


def places_of(layout: Layout, groups: Sequence[str]) -> Array:
    """Positions of the neurons of groups, one group after the other."""
    parts = [layout.starts[name] + np.arange(layout.plan.group(name).size) for name in groups]
    places: Array = np.concatenate([*parts, np.zeros(0, np.int64)]).astype(np.int64)
    return places


def split(layout: Layout, table: Array, groups: Sequence[str]) -> list[Array]:
    """Columns of a table by group."""
    ends = np.cumsum([layout.plan.group(name).size for name in groups])
    return [table[:, end - layout.plan.group(name).size : end] for name, end in zip(groups, ends.tolist(), strict=True)]

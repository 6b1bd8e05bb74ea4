"""What an engine hands back: plain arrays, keyed by part and variable. :mod:`neurosim.result` makes it pleasant to read."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np


@dataclass(frozen=True)
class Events:
    """Recorded events of one part, sorted by (step, copy, index): (M,) arrays."""

    steps: np.ndarray
    indices: np.ndarray
    payloads: np.ndarray
    copies: np.ndarray


@dataclass(frozen=True)
class Trace:
    """Recorded values of one variable: ``steps`` (T,) of the run in which they were taken, ``values`` (T, B, K).

    ``of``: (K,) indices of the neurons or edges, None for all.
    """

    steps: np.ndarray
    values: np.ndarray
    of: np.ndarray | None = None


@dataclass(frozen=True)
class Record:
    """Everything a run recorded up to ``steps`` done steps.

    ``final``: (part, variable) -> (B, N or E) value after the last step, of block states, pathway states and plastic weights
    (variable 'w', in the canonical order of edges). ``timing``: 'build_s', 'build_cpu_s', 'run_s', 'run_cpu_s' (simulation phase
    alone), 'compile_s'. ``info``: what the engine wants to be known (threads, precision, bytes per synapse ...); 'warnings': what has
    to be known before the numbers are believed.
    """

    steps: int
    events: Mapping[str, Events]
    traces: Mapping[tuple[str, str], Trace]
    final: Mapping[tuple[str, str], np.ndarray]
    timing: Mapping[str, float] = field(default_factory=dict)
    info: Mapping[str, object] = field(default_factory=dict)

    @property
    def warnings(self) -> tuple[str, ...]:
        """What the engine warns of."""
        found = self.info.get("warnings", ())
        return tuple(str(text) for text in found) if isinstance(found, Sequence) and not isinstance(found, str) else ()

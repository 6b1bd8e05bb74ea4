"""How long a simulation took: what is not its simulation phase is building."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace

from neurosim.record import Record


@dataclass
class Stopwatch:
    """Wall and processor time [s] of everything that was done under it."""

    wall: float = 0.0
    cpu: float = 0.0

    @contextmanager
    def running(self) -> Iterator[None]:
        """Count what the block takes, also where it fails."""
        wall, cpu = time.perf_counter(), time.process_time()
        try:
            yield
        finally:
            self.wall += time.perf_counter() - wall
            self.cpu += time.process_time() - cpu

    def complete(self, record: Record) -> Record:
        """The record with everything that was not simulation counted as building.

        The engine measures the simulation phase alone; what it builds in other processes is in no clock of this one.
        """
        timing = dict(record.timing)
        run, run_cpu = timing.get("run_s", self.wall), timing.get("run_cpu_s", self.cpu)
        timing.update(run_s=run, run_cpu_s=run_cpu)
        timing["build_s"] = max(self.wall - run, timing.get("build_s", 0.0))
        timing["build_cpu_s"] = max(self.cpu - run_cpu, timing.get("build_cpu_s", 0.0))
        return replace(record, timing=timing)

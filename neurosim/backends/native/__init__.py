"""The native engine, the default: generated code compiled through numba, the whole time loop in compiled code."""

from __future__ import annotations

from dataclasses import dataclass

from neurosim.backends.base import Capabilities, Executable, Progress, Settings
from neurosim.backends.native.machine import start
from neurosim.ir.program import Program


@dataclass(frozen=True)
class Native:
    """Takes every Program; 'identical' in double precision, 'close' in single."""

    name: str = "native"

    def capabilities(self) -> Capabilities:
        """No obstacles."""
        return Capabilities(
            level=lambda settings: "identical" if settings.precision == "double" else "close",
            obstacles=lambda program, settings: (),
            precisions=("double", "single"),
            threads=True,
            stepwise=lambda settings: True,
        )

    def compile(self, program: Program, settings: Settings, progress: Progress | None = None) -> Executable:
        """Lay the Program out and write its kernels; they are compiled at the first step, or fetched from the cache."""
        return start(program, settings, progress)

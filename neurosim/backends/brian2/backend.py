"""The engine: its options, its modes."""

from __future__ import annotations

from dataclasses import dataclass

from neurosim.backends.base import Capabilities, Executable, Option, Progress, Settings
from neurosim.backends.brian2.obstacles import find_obstacles
from neurosim.backends.brian2.runtime import compile_runtime
from neurosim.backends.brian2.standalone import compile_standalone
from neurosim.backends.brian2.surroundings import brian2, missing_compiler
from neurosim.errors import BackendMissingError, OptionError, UnsupportedError, did_you_mean
from neurosim.ir.program import Program

MODES = ("numpy", "cython", "cpp_standalone")
OPTIONS = (
    Option("mode", "numpy", MODES, "how Brian2 runs: arrays in Python, compiled code in Python, or a compiled program"),
    Option("directory", "", (), "cpp_standalone: where the program is written, and kept; '' a temporary folder"),
    Option("exp", "numpy", ("numpy", "libm"), "mode numpy: whose exp; the C library's is slower and equals compiled engines"),
)


@dataclass(frozen=True)
class Brian2:
    """The engine 'brian2'."""

    name: str = "brian2"

    def capabilities(self) -> Capabilities:
        """Level 'identical' in every mode; stepwise in the modes numpy and cython."""
        return Capabilities(
            level=lambda settings: "identical",
            obstacles=find_obstacles,
            options=OPTIONS,
            stepwise=lambda settings: settings.options.get("mode") != "cpp_standalone",
        )

    def compile(self, program: Program, settings: Settings, progress: Progress | None = None) -> Executable:
        """Make Brian2's objects; in mode cpp_standalone also compile the program.

        Raises
        ------
        OptionError
            If an option is unknown or has an unknown value.
        UnsupportedError
            If there are obstacles.
        BackendMissingError
            If Brian2, or the compiler that a mode needs, is not there.
        NeurosimError
            If Brian2 refuses something; holds its message.
        """
        check_options(settings)
        obstacles = find_obstacles(program, settings)
        if obstacles:
            raise UnsupportedError(obstacles, self.name)
        mode = str(settings.options.get("mode", "numpy"))
        b2 = brian2()
        if mode != "numpy" and (missing := missing_compiler()):
            raise BackendMissingError(
                f"mode {mode!r} of backend 'brian2' needs a C++ compiler: {missing}", hint="options={'mode': 'numpy'} needs none"
            )
        if mode == "cpp_standalone":
            return compile_standalone(b2, program, settings, progress)
        return compile_runtime(b2, program, settings, progress)


def check_options(settings: Settings) -> None:
    """Refuse what no option is called, and values that an option does not know."""
    known = {option.name: option for option in OPTIONS}
    for name, value in settings.options.items():
        if name not in known:
            raise OptionError(f"backend 'brian2' has no option {name!r}{did_you_mean(name, known)}")
        choices = known[name].choices
        if choices and value not in choices:
            raise OptionError(f"option {name!r} of backend 'brian2' is {value!r}; it may be {', '.join(map(repr, choices))}")

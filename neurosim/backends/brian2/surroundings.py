"""Brian2 as a guest: imported and used without a trace in the rest of the process.

Importing Brian2 replaces the exception hook and redirects warnings; using it means preferences, an active device and a default
clock that belong to the user. Everything is put back.
"""

from __future__ import annotations

import importlib
import logging
import shutil
import signal
import sys
import threading
import warnings
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from types import MappingProxyType
from typing import Any

import numpy as np

from neurosim.errors import BackendMissingError, NeurosimError

EXACT_FLAGS = ("-w", "-O3", "-ffp-contract=off", "-std=c++11")
"""No -ffast-math, and no fused multiply-add: both change last bits."""
PREFERENCES: Mapping[str, object] = MappingProxyType(
    {
        "codegen.loop_invariant_optimisations": False,  # it re-associates products with constants
        "codegen.cpp.extra_compile_args": None,
        "core.default_float_dtype": np.float64,
        "core.default_integer_dtype": np.int32,
        "core.network.default_schedule": ["start", "groups", "thresholds", "synapses", "resets", "end"],
        "devices.cpp_standalone.openmp_threads": 0,
    }
)
COMPILERS = ("c++", "g++", "clang++", "cl")


def brian2() -> Any:
    """Brian2, imported so that hooks and warnings of the process stay as they are."""
    if "brian2" in sys.modules:
        return sys.modules["brian2"]
    excepthook, show_warning, on_interrupt = sys.excepthook, warnings.showwarning, signal.getsignal(signal.SIGINT)
    logger = logging.getLogger("py.warnings")
    handlers = list(logger.handlers)
    try:
        with warnings.catch_warnings():
            ignore_its_own_warnings()
            return importlib.import_module("brian2")
    except ImportError as error:
        raise BackendMissingError(
            f"Brian2 cannot be imported: {error}", hint='install it with: pip install "neurosim-toolkit[brian2]"'
        ) from error
    finally:
        sys.excepthook = excepthook
        if signal.getsignal(signal.SIGINT) is not on_interrupt and threading.current_thread() is threading.main_thread():
            signal.signal(signal.SIGINT, on_interrupt)
        if warnings.showwarning is not show_warning:
            logging.captureWarnings(False)
            warnings.showwarning = show_warning
        logger.handlers[:] = handlers


def missing_compiler() -> str:
    """What a compiled mode lacks on this machine, '' if nothing."""
    if not any(shutil.which(name) for name in COMPILERS):
        return f"no C++ compiler was found (looked for {', '.join(COMPILERS)})"
    return ""


def new_device(mode: str) -> Any:
    """A device of our own, so that the user's keeps its arrays and its project. (``brian2.devices.device`` is a proxy, not the module.)"""
    if mode == "cpp_standalone":
        return importlib.import_module("brian2.devices.cpp_standalone.device").CPPStandaloneDevice()
    return importlib.import_module("brian2.devices.device").RuntimeDevice()


@contextmanager
def guest(b2: Any, device: Any, mode: str, flags: tuple[str, ...] = EXACT_FLAGS) -> Iterator[list[str]]:
    """Brian2 with our preferences and our device; yields the list of its warnings.

    Whatever goes wrong inside Brian2 comes out as one of our errors with its message.
    """
    module: Any = importlib.import_module("brian2.devices.device")
    prefs, user_device = b2.prefs, module.active_device
    ours = {**PREFERENCES, "codegen.cpp.extra_compile_args_gcc": list(flags)}
    if mode != "cpp_standalone":
        ours["codegen.target"] = mode
    ours = {key: value for key, value in ours.items() if key in prefs}
    kept = {key: prefs[key] for key in ours}
    said: list[str] = []
    with listening(said), np.errstate(all="ignore"), warnings.catch_warnings():
        ignore_its_own_warnings()
        try:
            for key, value in ours.items():
                prefs[key] = value
            module.active_device = device
            if device.defaultclock is None:
                device.activate(build_on_run=False)
            yield said
        except (NeurosimError, KeyboardInterrupt):
            raise
        except Exception as problem:
            raise engine_error(problem, mode) from problem
        finally:
            module.active_device = user_device
            for key, value in kept.items():
                prefs[key] = value


def ignore_its_own_warnings() -> None:
    """How Brian2 uses its own libraries is not the user's business; call inside ``warnings.catch_warnings``."""
    warnings.filterwarnings("ignore", category=DeprecationWarning, module=r"(brian2|pyparsing)\b")


@contextmanager
def listening(said: list[str]) -> Iterator[None]:
    """Brian2's messages go into a list instead of its handlers."""
    logger = logging.getLogger("brian2")
    handlers = list(logger.handlers)

    def note(record: logging.LogRecord) -> bool:
        said.append(record.getMessage())
        return False

    silent = logging.StreamHandler()
    silent.setLevel(logging.WARNING)
    silent.addFilter(note)
    logger.handlers[:] = [silent]
    try:
        yield
    finally:
        logger.handlers[:] = handlers


def engine_error(problem: BaseException, mode: str) -> NeurosimError:
    """What Brian2 raised, as an error of ours: the message of its innermost cause."""
    cause = problem
    while cause.__cause__ is not None:
        cause = cause.__cause__
    text = str(cause).strip() or type(cause).__name__
    hint = "" if mode == "numpy" else "options={'mode': 'numpy'} needs no compiler"
    return NeurosimError(f"Brian2 stopped with {type(cause).__name__}: {text}", where=f"backend 'brian2', mode {mode!r}", hint=hint)


def info_of(b2: Any, mode: str, said: list[str]) -> dict[str, object]:
    """What a record says of the engine: ``said`` are Brian2's own messages."""
    info: dict[str, object] = {"engine": "brian2", "version": b2.__version__, "mode": mode, "threads": 1, "precision": "double"}
    return {**info, "messages": tuple(dict.fromkeys(said))} if said else info

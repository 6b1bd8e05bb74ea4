"""Generated text -> imported module, kept on disk between processes and keyed by a digest of all that decides its code."""

from __future__ import annotations

import hashlib
import importlib.util
import os
import sys
import tempfile
import warnings
from collections.abc import Callable
from functools import lru_cache
from importlib import resources
from pathlib import Path
from types import ModuleType
from typing import Any

import numba
import numpy as np
from llvmlite import binding

from neurosim.errors import FileError
from neurosim.files import whole_file
from neurosim.ir import random

MARK = "# ---- kernels"
"""Where the text of a file of kernels begins."""
QUANTILE = ("CENTRAL_NUMERATOR", "CENTRAL_DENOMINATOR", "MIDDLE_NUMERATOR", "MIDDLE_DENOMINATOR", "FAR_NUMERATOR", "FAR_DENOMINATOR")
HEAD = """
import math
import platform

import numpy as np
from llvmlite import ir
from numba import njit, types
from numba.core import cgutils
from numba.extending import intrinsic
from numba.np.arrayobj import populate_array
""".strip()
SIGMOID = """
exp_, exprel_ = exp_{precision}, exprel_{precision}


@njit(**JIT)
def sigmoid_(x):
    return 1 / (1 + exp_(-x))
""".strip()


def cache_directory() -> Path:
    """Where generated kernels live: NEUROSIM_CACHE, else the user's cache directory."""
    chosen = os.environ.get("NEUROSIM_CACHE")
    if chosen:
        return Path(chosen)
    base = os.environ.get("XDG_CACHE_HOME") or str(Path.home() / ".cache")
    return Path(base) / "neurosim"


def kernel_text(name: str) -> str:
    """Text of a file of kernels below its mark."""
    text = resources.files("neurosim.backends.native.kernels").joinpath(f"{name}.py").read_text(encoding="utf-8")
    return text[text.index(MARK) :]


@lru_cache(maxsize=4)
def library_text(precision: str) -> str:
    """The functions that all generated modules import, with the constants of the normal quantile and the float type."""
    constants = "\n".join(f"{name} = {getattr(random, name)!r}" for name in QUANTILE)
    kind = "np.float32" if precision == "single" else "np.float64"
    ending = SIGMOID.format(precision=precision)
    return (
        "\n\n".join([HEAD, constants, f"FT = {kind}", *(kernel_text(name) for name in ("processor", "functions", "delivery")), ending])
        + "\n"
    )


def library_import(precision: str) -> str:
    """First lines of a generated module: the library by its digest, so that a cached kernel never meets another library."""
    module = load(library_text(precision))
    return f"import math\n\nimport numpy as np\nfrom numba import njit\nfrom {module.__name__} import *"


def digest_of(text: str) -> str:
    """Names a generated module: its text, the compiler, and the processor it is compiled for."""
    machine = f"{numba.__version__} {np.__version__} {sys.version_info[:2]} {binding.get_host_cpu_name()} {binding.get_host_cpu_features().flatten()}"
    return hashlib.blake2b(f"{machine}\n{text}".encode(), digest_size=12).hexdigest()


@lru_cache(maxsize=256)
def load(text: str) -> ModuleType:
    """Import generated text from the cache directory; where that is not writable, from a temporary one, saying so once."""
    name = f"kernels_{digest_of(text)}"
    path = place(name, text)
    specification = importlib.util.spec_from_file_location(name, path)
    if specification is None or specification.loader is None:
        raise ImportError(f"cannot load generated kernels from {path}")
    module = importlib.util.module_from_spec(specification)
    sys.modules[name] = module
    specification.loader.exec_module(module)
    for function in vars(module).values():
        cache: Any = getattr(function, "_cache", None)
        if callable(getattr(cache, "save_overload", None)):
            cache.save_overload = _if_possible(cache.save_overload, path.parent)
    return module


def _if_possible(save: Callable[..., Any], folder: Path) -> Callable[..., Any]:
    """Numba's way to keep a kernel, which may fail: a full disk is no reason not to simulate."""

    def save_if_possible(*arguments: Any) -> Any:
        try:
            return save(*arguments)
        except OSError as problem:
            _not_kept(folder, problem)

    return save_if_possible


def _not_kept(folder: Path, problem: OSError) -> None:
    message = f"compiled kernels cannot be kept in {folder} ({problem.strerror}); they are compiled again in each process"
    warnings.warn(message, stacklevel=2)


def place(name: str, text: str) -> Path:
    """Write the module where it can be cached; renaming makes it appear whole to other processes."""
    problems: list[FileError] = []
    for folder in (cache_directory(), Path(tempfile.gettempdir()) / f"neurosim-cache-{os.getpid()}"):
        path = folder / f"{name}.py"
        try:
            folder.mkdir(parents=True, exist_ok=True)
            if not path.exists() or path.read_text(encoding="utf-8") != text:
                with whole_file(path, len(text)) as temporary:
                    temporary.write_text(text, encoding="utf-8")
            return path
        except OSError as problem:
            _not_kept(folder, problem)
            problems.append(FileError(f"cannot write into '{folder}': {problem.strerror}"))
        except FileError as problem:
            if isinstance(problem.__cause__, OSError):
                _not_kept(folder, problem.__cause__)
            problems.append(problem)
    hint = "Set NEUROSIM_CACHE to a folder that can be written and has room."
    raise FileError("there is no place for generated kernels", hint=hint, parts=problems)

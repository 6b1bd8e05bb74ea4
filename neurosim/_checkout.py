"""Finds ``neurosim.hardware`` and ``neurosim.models`` in a checkout, where they lie beside this package.

An installed wheel holds them inside the package and needs none of this.
"""

import sys
from collections.abc import Sequence
from importlib.machinery import ModuleSpec
from importlib.util import spec_from_file_location
from pathlib import Path
from types import ModuleType

_ROOT = Path(__file__).resolve().parent.parent
_MAPPED = {f"neurosim.{name}": _ROOT / name / "__init__.py" for name in ("hardware", "models")}


class CheckoutFinder:
    """A finder for the two folders that the installation maps into the package."""

    @staticmethod
    def find_spec(
        fullname: str, path: Sequence[str] | None = None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        """Return the spec of a mapped package, or None for every other name."""
        init = _MAPPED.get(fullname)
        if init is None or not init.is_file():
            return None
        return spec_from_file_location(fullname, init, submodule_search_locations=[str(init.parent)])


if (_ROOT / "pyproject.toml").is_file():  # a checkout, not site-packages
    sys.meta_path.append(CheckoutFinder)

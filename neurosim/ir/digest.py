"""A Program's fingerprint: equal Programs have equal digests, on every machine and Python.

The digest is made of a canonical text: numbers that are equal are written equally (1 and 1.0, float32 and float64 of one value),
mappings are sorted, expressions are written in the equation language, arrays enter by the bytes of their little-endian doubles or
64-bit integers. ``meta`` does not take part.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import fields, is_dataclass, replace
from itertools import zip_longest
from typing import Any

import numpy as np

from neurosim.equations.show import show
from neurosim.equations.tree import Expr
from neurosim.ir.program import Block, Program

LARGEST_EXACT = 1 << 53
"""Whole numbers below this are doubles too."""


def digest(program: Program) -> str:
    """32 hexadecimal digits that are equal for equal Programs, on every machine and Python."""
    return hashlib.blake2b(canonical(program).encode(), digest_size=16).hexdigest()


def same_parts(one: Program, other: Program) -> bool:
    """Whether two Programs differ in their plans only, and in whether equal initial values are written as one number or as many."""
    names = [field.name for field in fields(Program) if field.compare and field.name not in ("plan", "blocks")]
    pairs = [(getattr(one, name), getattr(other, name)) for name in names]
    blocks = zip_longest(one.blocks, other.blocks)
    return all(a is b or canonical(a) == canonical(b) for a, b in pairs) and all(a is b or _spread(a) == _spread(b) for a, b in blocks)


def _spread(block: Block | None) -> str:
    """The text of a block with one initial value per neuron."""
    if block is None:
        return ""
    return canonical(replace(block, states={name: np.broadcast_to(value, (block.size,)) for name, value in block.states.items()}))


def canonical(value: Any) -> str:
    """The text that the digest is made of."""
    if value is None or isinstance(value, str):
        return json.dumps(value)
    if isinstance(value, Expr):
        return f"<{show(value)}>"
    if is_dataclass(value):
        entries = (f"{field.name}={canonical(getattr(value, field.name))}" for field in fields(value) if field.compare)
        return f"{type(value).__name__}({','.join(entries)})"
    if isinstance(value, Mapping):
        return "{" + ",".join(f"{json.dumps(key)}:{canonical(value[key])}" for key in sorted(value)) + "}"
    if isinstance(value, (set, frozenset)):
        return "{" + ",".join(sorted(canonical(entry) for entry in value)) + "}"
    if isinstance(value, (tuple, list)):
        return "[" + ",".join(canonical(entry) for entry in value) + "]"
    array = np.asarray(value)
    return canonical_number(array[()]) if array.ndim == 0 else canonical_array(array)


def canonical_number(value: Any) -> str:
    """Equal numbers, equal texts."""
    if isinstance(value, (int, np.integer, np.bool_)) and abs(int(value)) >= LARGEST_EXACT:
        return str(int(value))
    return repr(float(value) + 0.0)


def canonical_array(array: np.ndarray) -> str:
    """Shape and digest of the bytes; whole numbers beyond doubles keep their bits."""
    plain = np.ascontiguousarray(
        array, "<i8" if array.dtype.kind in "iub" and array.size and np.abs(array.astype(np.float64)).max() >= LARGEST_EXACT else "<f8"
    )
    return f"{plain.shape}:{hashlib.blake2b((plain + 0).tobytes(), digest_size=16).hexdigest()}"

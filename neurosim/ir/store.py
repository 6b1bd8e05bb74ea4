"""A Program in one HDF5 file: its structure as JSON, expressions as text of the equation language, arrays as data sets of their own."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Any

import numpy as np

from neurosim.equations.parse import parse_expression
from neurosim.equations.show import show
from neurosim.equations.tree import Call, Expr, Num, Op, Sym
from neurosim.errors import FileFormatError, NeurosimError
from neurosim.files import written
from neurosim.ir import program as ir
from neurosim.ir.digest import digest
from neurosim.ir.program import Program

FORMAT = "neurosim program"
VERSION = 1
TYPES: Mapping[str, type] = MappingProxyType(
    {
        kind.__name__: kind
        for kind in (
            ir.Statement, ir.Steps, ir.Sampled, ir.Draw, ir.Exact, ir.Update, ir.Spike, ir.Rule, ir.Block, ir.Wiring, ir.Weights,
            ir.Pathway, ir.Source, ir.Tap, ir.CopyWeights, ir.Assign, ir.Phase, ir.Program,
        )
    }
)  # fmt: skip
"""What a file may hold."""


def save(program: Program, path: str | os.PathLike[str]) -> None:
    """Write a Program into one HDF5 file, which appears complete or not at all.

    Raises
    ------
    FileError
        If it cannot be written.
    """
    import h5py

    arrays: list[np.ndarray] = []
    structure = json.dumps(to_plain(program, arrays))
    with written(path, len(structure) + sum(array.nbytes for array in arrays)) as file:
        file.attrs["format"], file.attrs["version"], file.attrs["digest"] = FORMAT, VERSION, digest(program)
        file.create_dataset("program", data=structure, dtype=h5py.string_dtype())
        group = file.create_group("arrays")
        for number, array in enumerate(arrays):
            group.create_dataset(str(number), data=array)


def load(path: str | os.PathLike[str]) -> Program:
    """Read a Program that :func:`save` wrote.

    Raises
    ------
    FileFormatError
        If the file is not one, is of a later version, or was damaged.
    """
    import h5py

    where = os.fspath(path)
    if not Path(where).exists():
        raise FileFormatError(f"there is no file {where!r}")
    try:
        with h5py.File(where, "r") as file:
            if file.attrs.get("format") != FORMAT:
                raise FileFormatError(f"{where!r} is an HDF5 file, but does not hold a program")
            if int(file.attrs["version"]) > VERSION:
                raise FileFormatError(
                    f"{where!r} was written by a later version of neurosim (format {file.attrs['version']}, this one reads {VERSION})"
                )
            arrays = [file["arrays"][str(number)][()] for number in range(len(file["arrays"]))]
            program = from_plain(json.loads(file["program"].asstr()[()]), arrays)
            wanted = file.attrs["digest"]
    except (OSError, KeyError, ValueError, TypeError, NeurosimError) as error:
        if isinstance(error, FileFormatError):
            raise
        raise FileFormatError(f"{where!r} is not a file of a program: {error}") from error
    if not isinstance(program, Program) or digest(program) != wanted:
        raise FileFormatError(f"{where!r} is damaged: its digest does not match")
    return program


def to_plain(value: Any, arrays: list[np.ndarray]) -> Any:
    """JSON structure of a value; arrays are put into the list."""
    if isinstance(value, Expr):
        return {"expression": text_of(value)}
    if is_dataclass(value):
        return {"type": type(value).__name__, **{field.name: to_plain(getattr(value, field.name), arrays) for field in fields(value)}}
    if isinstance(value, Mapping):
        return {"mapping": [[key, to_plain(entry, arrays)] for key, entry in value.items()]}
    if isinstance(value, frozenset):
        return {"set": sorted(value)}
    if isinstance(value, (tuple, list)):
        return [to_plain(entry, arrays) for entry in value]
    if isinstance(value, np.ndarray) and value.ndim:
        arrays.append(value)
        return {"array": len(arrays) - 1}
    if isinstance(value, (np.generic, np.ndarray)):
        return value.item()
    return value


def text_of(expr: Num | Sym | Op | Call) -> str | dict[str, Any]:
    """Text of the language where it reads back as the same tree; else the tree itself (derived, or nested too deeply)."""
    text = show(expr)
    try:
        if parse_expression(text) == expr:
            return text
    except NeurosimError:
        pass
    return tree_to_plain(expr)


def tree_to_plain(expr: Num | Sym | Op | Call) -> dict[str, Any]:
    """A tree as nested lists."""
    if isinstance(expr, Num):
        return {"number": expr.value}
    if isinstance(expr, Sym):
        return {"name": expr.name}
    return {
        "operator" if isinstance(expr, Op) else "function": expr.op if isinstance(expr, Op) else expr.func,
        "args": [tree_to_plain(a) for a in expr.args],
    }


def tree_from_plain(plain: Mapping[str, Any]) -> Num | Sym | Op | Call:
    """The tree of :func:`tree_to_plain`."""
    if "number" in plain:
        return Num(plain["number"])
    if "name" in plain:
        return Sym(plain["name"])
    args = tuple(tree_from_plain(a) for a in plain["args"])
    return Op(plain["operator"], args) if "operator" in plain else Call(plain["function"], args)


def from_plain(plain: Any, arrays: list[np.ndarray]) -> Any:
    """The value of :func:`to_plain`."""
    if isinstance(plain, list):
        return tuple(from_plain(entry, arrays) for entry in plain)
    if not isinstance(plain, dict):
        return plain
    if "type" in plain:
        return TYPES[plain["type"]](**{name: from_plain(entry, arrays) for name, entry in plain.items() if name != "type"})
    if "expression" in plain:
        text = plain["expression"]
        return parse_expression(text) if isinstance(text, str) else tree_from_plain(text)
    if "mapping" in plain:
        return {key: from_plain(entry, arrays) for key, entry in plain["mapping"]}
    return frozenset(plain["set"]) if "set" in plain else arrays[plain["array"]]

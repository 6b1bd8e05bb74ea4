"""Text of the kernels that advance populations.

One kernel per structure, not per population: populations that differ only in numbers share it. A kernel is put together from three
pieces of a step, so that one pass over memory does what may be done together:

settle   end of phase 4 (additions reach the states) and phase 6 (resets) of a step
advance  phases 2 and 3: integrate, outputs, detect
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from neurosim.backends.native.layout import Place
from neurosim.backends.native.words import local_name, scalar_text, statement_text, with_reciprocals
from neurosim.equations.tree import Expr, Num, names
from neurosim.ir.program import Statement

FIRST_OFFSET = 4
"""Column of the first offset in the table of a structure."""


@dataclass(frozen=True)
class Firing:
    """What of a block's spike decides its text: all but the hold."""

    condition: Expr
    reset: tuple[Statement, ...]
    payload: Expr
    rising: bool


@dataclass(frozen=True)
class Structure:
    """What decides the text of a block's kernels."""

    states: tuple[str, ...]
    ports: tuple[str, ...]
    additions: tuple[str, ...]
    scalars: tuple[str, ...]
    arrays: tuple[str, ...]
    draws: tuple[str, ...]
    outputs: tuple[tuple[str, Expr], ...]
    assign: tuple[tuple[str, Expr], ...]
    firing: Firing | None
    held: tuple[str, ...]
    hold_array: bool
    fused: bool
    since: bool
    rules: tuple[tuple[Statement, ...], ...]

    @property
    def signature(self) -> str:
        """Arguments of every kernel of the structure, in the order of :meth:`columns`."""
        names_ = [f"s_{x}" for x in self.states] + [f"a_{x}" for x in self.additions] + [f"q_{x}" for x in self.ports]
        names_ += [f"p_{x}" for x in self.arrays] + [f"d_{x}" for x in self.draws] + [f"o_{x}" for x, _ in self.outputs]
        names_ += ["R", "L", "W", "G", "P", "hold" if not self.hold_array else "H"]
        return ", ".join(names_ + [f"v_{x}" for x in self.scalars] + ["n", "dt"])


def structure_of(place: Place) -> Structure:
    """The structure of a block in its place."""
    block = place.block
    spike = block.spike
    trees = [e for _, e in block.update.assign] + [e for _, e in block.outputs]
    trees += [spike.condition, spike.payload, *(s.expr for s in spike.reset)] if spike else []
    trees += [s.expr for rule in block.rules for s in rule.statements]
    seen = frozenset().union(*(names(tree) for tree in trees), frozenset())
    return Structure(
        states=tuple(block.states),
        ports=tuple(place.ports),
        additions=tuple(place.additions),
        scalars=tuple(p for p, v in block.parameters.items() if np.ndim(v) == 0 and p in seen),
        arrays=tuple(p for p in place.arrays if p in seen),
        draws=tuple(place.draws),
        outputs=tuple(block.outputs),
        assign=tuple(block.update.assign),
        firing=Firing(spike.condition, spike.reset, spike.payload, spike.rising) if spike else None,
        held=spike.hold_states if spike else (),
        hold_array=spike is not None and np.ndim(spike.hold_steps) > 0,
        fused=place.fused,
        since="since_spike" in seen,
        rules=tuple(rule.statements for rule in block.rules),
    )


@dataclass(frozen=True)
class BlockText:
    """Writes the kernels of one structure under the names ``advance_k``, ``settle_k``, ``fused_k``, ``flush_k``, ``reset_k``, ``rule_k_r``."""

    structure: Structure
    index: int
    single: bool

    def kernels(self) -> str:
        """All kernels of the structure."""
        s = self.structure
        parts = [self.kernel("advance", self.load() + self.advance())]
        if s.fused:
            parts.append(self.kernel("settle", self.load() + self.flush() + self.reset() + self.store()))
            parts.append(self.kernel("fused", self.load() + self.flush() + self.reset() + self.advance()))
        else:
            if s.additions:
                parts.append(self.kernel("flush", self.load() + self.flush() + self.store()))
            if s.firing and s.firing.reset:
                parts.append(self.kernel("reset", self.load() + self.outputs_read() + self.reset() + self.store()))
        parts += [
            self.kernel(f"rule{r}", self.load() + self.outputs_read() + self.rule(statements) + self.store())
            for r, statements in enumerate(s.rules)
        ]
        return "\n\n\n".join(parts)

    def kernel(self, name: str, body: list[str]) -> str:
        """One compiled function: a loop over neurons of its own, so that it can be vectorised; returns whether one has fired."""
        first = f"s_{self.structure.states[0]}" if self.structure.states else "G"
        lines = "\n".join(f"        {line}" for line in body) or "        pass"
        head = "    v_t = FT(n * dt)\n    v_dt = FT(dt)"
        loop = f"    for i in range({first}.shape[0]):\n{lines}\n    return {'raised(G)' if self.structure.firing else '0'}"
        kernel = f"@njit(**JIT)\ndef {name}_{self.index}({self.structure.signature}):\n{head}\n{loop}"
        return f"{kernel}\n\n\n{member_text(self.structure, self.index, name)}"

    # ---- pieces ----------------------------------------------------------------------------------------------------
    def load(self) -> list[str]:
        """States, parameters and the hold of neuron i."""
        s = self.structure
        lines = [f"v_{x} = s_{x}[i]" for x in s.states] + [f"v_{x} = p_{x}[i]" for x in s.arrays]
        if s.firing:
            lines += ["r = R[i]"] + (["hold = H[i]"] if s.hold_array else [])
        return lines

    def store(self) -> list[str]:
        """States back to memory."""
        return [f"s_{x}[i] = v_{x}" for x in self.structure.states]

    def flush(self) -> list[str]:
        """Additions reach the states once, and not where a state is held (in the step just integrated)."""
        s = self.structure
        lines = []
        for x in s.additions:
            held = "r > 0 and r != hold"
            lines.append(f"v_{x} = (v_{x} if {held} else v_{x} + a_{x}[i])" if x in s.held else f"v_{x} = v_{x} + a_{x}[i]")
            lines.append(f"a_{x}[i] = FT(0)")
        return lines

    def reset(self) -> list[str]:
        """Reset statements of the neurons that fired, one after the other."""
        s = self.structure
        if not s.firing:
            return []
        lines = ["resets = r == hold"]
        for statement in s.firing.reset:
            target = f"v_{statement.target}"
            value = statement_text(statement, target, self.single, local_or_flag).partition(" = ")[2]
            lines.append(f"{target} = ({value}) if resets else {target}")
        return lines

    def advance(self) -> list[str]:
        """Integrate, evaluate the outputs, detect."""
        s = self.structure
        lines = [f"v_{x} = q_{x}[i]" for x in s.ports] + [f"q_{x}[i] = FT(0)" for x in s.ports] + [f"v_{x} = d_{x}[i]" for x in s.draws]
        lines.append("held = r > 1" if s.firing else "held = False")
        if s.since:
            lines.append("v_since_spike = FT((n - L[i]) * dt) if L[i] >= 0 else FT(math.inf)")
        written = []
        for name, expr in s.assign:
            quick = with_reciprocals(expr, s.scalars) if self.single else expr
            value = scalar_text(quick, self.single, local_or_flag)
            if name in s.states:
                value = f"v_{name} if held else ({value})" if name in s.held else value
                written.append(name)
                lines.append(f"n_{name} = {value}")
            else:
                lines.append(f"v_{name} = {value}")
        lines += [f"v_{x} = n_{x}" for x in written] + self.store()
        for name, expr in s.outputs:
            lines += [f"v_{name} = {scalar_text(expr, self.single, local_or_flag)}", f"o_{name}[i] = v_{name}"]
        return lines + self.detect()

    def detect(self) -> list[str]:
        """Phase 3."""
        s = self.structure
        if not s.firing:
            return []
        lines = [f"true = {scalar_text(s.firing.condition, self.single, local_or_flag)}"]
        if s.firing.rising:
            lines += ["spikes = true and (not held) and W[i] == 0", "W[i] = 1 if true else 0"]
        else:
            lines.append("spikes = true and (not held)")
        lines += ["R[i] = hold if spikes else (r - i32(1) if r > 0 else i32(0))", "G[i] = spikes"]
        if s.since:
            lines.append("L[i] = n if spikes else L[i]")
        if s.firing.payload != Num(1.0):
            lines.append(f"P[i] = {scalar_text(s.firing.payload, self.single, local_or_flag)}")
        return lines

    def outputs_read(self) -> list[str]:
        """Outputs of this step and ports as summed, for statements of phases 5 and 6."""
        s = self.structure
        lines = [f"v_{x} = q_{x}[i]" for x in s.ports]
        lines += [f"v_{x} = o_{x}[i]" for x, _ in s.outputs if x not in s.states]
        lines += [f"v_{x} = d_{x}[i]" for x in s.draws]
        if s.since:
            lines.append("v_since_spike = FT((n - L[i]) * dt) if L[i] >= 0 else FT(math.inf)")
        return lines + (["held = (r > 0) and (r != hold)"] if s.firing else ["held = False"])

    def rule(self, statements: tuple[Statement, ...]) -> list[str]:
        """Statements of a rule on own states."""
        return [statement_text(statement, f"v_{statement.target}", self.single, local_or_flag) for statement in statements]


def local_or_flag(name: str) -> str:
    """Every name of the language is a local variable; ``held`` is a flag."""
    return name if name == "held" else local_name(name)


def columns(place: Place, structure: Structure, first: int, last: int) -> list[int]:
    """Row of the table of offsets of neurons ``first`` ... ``last`` - 1 of a block.

    Number of neurons, place, size of the block, first neuron, then offsets in the order of the arguments, then depth and hold.
    """
    offsets = (
        [place.states[x] for x in structure.states]
        + [place.additions[x] for x in structure.additions]
        + [place.ports[x] for x in structure.ports]
    )
    offsets += (
        [place.arrays[x] for x in structure.arrays]
        + [place.draws[x] for x in structure.draws]
        + [place.outputs[x] for x, _ in structure.outputs]
    )
    return [last - first, place.base + first, place.block.size, first, *(offset + first for offset in offsets), place.depth, place.hold]


def member_text(structure: Structure, index: int, kernel: str) -> str:
    """Text that runs a kernel on one member of a structure: cuts its stretches out of the arenas."""
    size, base = "O[m, 0]", "O[m, 1]"
    column = FIRST_OFFSET
    arguments = []
    for arena, count in (
        ("F", len(structure.states)),
        ("A", len(structure.additions) + len(structure.ports)),
        ("F", len(structure.arrays) + len(structure.draws)),
    ):
        for _ in range(count):
            arguments.append(f"cut({arena}, O[m, {column}], size)")
            column += 1
    depth = f"O[m, {column + len(structure.outputs)}]"
    for _ in structure.outputs:
        arguments.append(f"cut(F, O[m, {column}] + (n % {depth}) * O[m, 2], size)")
        column += 1
    column += 1
    arguments += [f"cut({array}, base, size)" for array in ("R", "L", "W", "G", "P")]
    arguments.append("cut(H, base, size)" if structure.hold_array else f"i32(O[m, {column}])")
    arguments += [f"S[m, {k}]" for k in range(len(structure.scalars))] + ["n", "dt"]
    head = (
        f"@njit(**JIT)\ndef {kernel}_{index}_of(m, n, dt, F, A, R, L, W, G, P, H, O, S):\n    keep_apart()\n    size, base = {size}, {base}"
    )
    return f"{head}\n    return {kernel}_{index}({', '.join(arguments)})"


def call(index: int, kernel: str, member: str = "m") -> str:
    """Text that calls a kernel for one member of a structure."""
    return f"{kernel}_{index}_of({member}, n, dt, F, A, R, L, W, G, P, H, O{index}, S{index})"

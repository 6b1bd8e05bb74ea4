"""Text of the kernels that run statements on edges: delivery, signals, rules on arrival, on postsynaptic spikes and every k steps."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from neurosim.backends.native.layout import General, Place
from neurosim.backends.native.words import scalar_text, statement_text
from neurosim.equations.tree import names
from neurosim.ir.program import Pathway, Statement
from neurosim.ir.values import is_number, number

BETWEEN = "\n\n\n"
"""Between two functions of a text."""

@dataclass(frozen=True)
class EdgeText:
    """Writes the kernels of one general pathway; ``k`` is its place in the Program.

    ``source_outputs``, ``source_depth``: offsets of the outputs that the source keeps; ``scalar_delay``: the delay of all edges, or
    None; ``weighted``: 'own' (one entry per edge), 'shared' (through an index), 'constant' or '' (no weights); ``bounded``: touched
    weights are clipped.
    """

    form: General
    k: int
    target: Place
    source_outputs: Mapping[str, int]
    source_depth: int
    source_size: int
    scalar_delay: int | None
    weighted: str
    bounded: bool
    single: bool
    integers: list[int] = field(default_factory=list)
    floats: list[float] = field(default_factory=list)
    names: list[str] = field(default_factory=list)

    def integer(self, value: int) -> str:
        """An offset or size: passed in an array, so that the text depends on structure alone."""
        if value not in self.integers:
            self.integers.append(value)
        return f"J{self.k}[{self.integers.index(value)}]"

    def number(self, name: str, value: float) -> str:
        """A constant: passed in an array, found by its name when it changes."""
        if name not in self.names:
            self.names.append(name)
            self.floats.append(value)
        return f"C{self.k}[{self.names.index(name)}]"

    @property
    def pathway(self) -> Pathway:
        """The pathway."""
        return self.form.pathway

    @property
    def arguments(self) -> str:
        """Arguments that all kernels of the pathway share."""
        p, k = self.pathway, self.k
        own = [f"x{k}_{x}" for x in p.states] + [f"y{k}_{x}" for x, v in p.parameters.items() if self.is_array(x)]
        own += [f"{x}{k}" for x in ("W", "I", "Z", "C", "J")] + [f"T{k}_pre", f"T{k}_post", f"T{k}_delay"]
        return ", ".join(["F", "A", "R", *own, "n", "dt", "copy", *(f"U{k}_{d.name}" for d in p.draws)])

    def is_array(self, name: str) -> bool:
        """Whether a parameter has one value per edge."""
        return not is_number(self.pathway.parameters[name])

    # ---- kernels ---------------------------------------------------------------------------------------------------
    def kernels(self) -> str:
        """All kernels of the pathway."""
        p = self.pathway
        parts = []
        if p.update.assign:
            parts.append(self.every_edge("advance", self.update_body()))
        if p.signal is not None:
            parts.append(self.every_edge("signal", self.body(p.deliver)))
        else:
            parts.append(self.arriving("deliver", p.deliver))
        for r, rule in enumerate(p.rules):
            if rule.trigger == "arrival":
                parts.append(self.arriving(f"rule{r}", rule.statements))
            elif rule.trigger == "post":
                parts.append(self.after_spikes(f"rule{r}", rule.statements))
            else:
                parts.append(self.every_edge(f"rule{r}", self.body(rule.statements), self.second_pass(rule.statements)))
        return BETWEEN.join(parts)

    def arriving(self, name: str, statements: tuple[Statement, ...]) -> str:
        """Edges of the live buckets, oldest event first."""
        loop = [
            "mask = cursor.shape[0] - 1",
            "a = first",
            "for age in range(longest, shortest - 1, -1):",
            "    for _ in range(added[(n - age) & (added.shape[0] - 1)]):",
            "        c = cursor[a & mask]",
            "        v_value = payload[a & mask]",
            "        for z in range(c + 1, c + 1 + header(edge, c)):",
            "            e = i64(edge[z])",
            *self.indent(self.body(statements), 12),
            "        a += 1",
        ]
        second = self.second_pass(statements)
        if second:
            again = [line for line in loop if "v_value" not in line]
            start = next(i for i, line in enumerate(again) if line.strip() == "e = i64(edge[z])")
            loop += [*again[1 : start + 1], *self.indent(second, 12), "        a += 1"]
        head = f"def edges_{name}_{self.k}(edge, cursor, payload, first, added, shortest, longest, {self.arguments}):"
        return self.function(head, loop)

    def after_spikes(self, name: str, statements: tuple[Statement, ...]) -> str:
        """Incoming edges of the neurons that fired."""
        loop = [
            "for f in range(fired):",
            "    for z in range(into_start[ids[f]], into_start[ids[f] + 1]):",
            "        e = i64(into_edge[z])",
            *self.indent(self.body(statements), 8),
        ]
        second = self.second_pass(statements)
        if second:
            loop += [*loop[:3], *self.indent(second, 8)]
        return self.function(f"def edges_{name}_{self.k}(ids, fired, into_start, into_edge, {self.arguments}):", loop)

    def every_edge(self, name: str, body: list[str], second: list[str] | None = None) -> str:
        """All edges in canonical order."""
        loop = [f"for e in range(T{self.k}_post.shape[0]):", *self.indent(body, 4)]
        if second:
            loop += [f"for e in range(T{self.k}_post.shape[0]):", *self.indent(second, 4)]
        return self.function(f"def edges_{name}_{self.k}({self.arguments}):", loop)

    def function(self, head: str, body: list[str]) -> str:
        """A compiled function with the keys of its draws."""
        keys = [f"key_{d.name} = substream(U{self.k}_{d.name}[0], n, copy)" for d in self.pathway.draws if d.kind != "table"]
        lines = ["keep_apart()", "v_t = FT(n * dt)", "v_dt = FT(dt)", *keys, *body]
        return f"@njit(**JIT)\n{head}\n" + "\n".join(f"    {line}" for line in lines)

    @staticmethod
    def indent(lines: list[str], by: int) -> list[str]:
        """Lines moved to the right."""
        return [" " * by + line for line in lines]

    # ---- one edge --------------------------------------------------------------------------------------------------
    def update_body(self) -> list[str]:
        """The pathway's own Update: right sides see the states of t_n."""
        p, k = self.pathway, self.k
        seen = frozenset().union(*(names(expr) for _, expr in p.update.assign), p.states)
        lines = self.loads(seen)
        for name, expr in p.update.assign:
            lines.append(f"{'n' if name in p.states else 'v'}_{name} = {scalar_text(expr, self.single)}")
        return lines + [f"x{k}_{name}[e] = n_{name}" for name, _ in p.update.assign if name in p.states]

    def body(self, statements: tuple[Statement, ...]) -> list[str]:
        """Statements of one edge, one after the other."""
        p, k = self.pathway, self.k
        seen = frozenset().union(*(names(s.expr) for s in statements), (s.target for s in statements if not s.target.endswith("_post")))
        lines = self.loads(seen)
        for s in statements:
            if s.target.endswith("_post"):
                lines.append(f"A[{self.sum_offset(s.target[:-5])} + j] {s.op} {scalar_text(s.expr, self.single)}")
            elif s.target == "w":
                lines += self.write_weight(s)
            else:
                lines.append(statement_text(s, f"v_{s.target}", self.single))
        written = dict.fromkeys(s.target for s in statements if s.target in p.states)
        return lines + [f"x{k}_{x}[e] = v_{x}" for x in written]

    def write_weight(self, s: Statement) -> list[str]:
        """A statement on w; on shared entries increments are gathered first and added in a second pass."""
        k = self.k
        low, high, factor = (self.number(x, 0.0) for x in ("low", "high", "factor"))
        clip = [f"v_w = clip_(v_w, {low}, {high})"] if self.bounded else []
        if self.weighted == "shared":
            value = scalar_text(s.expr, self.single)
            sign = "-" if s.op == "-=" else ""
            if s.op in ("+=", "-="):
                return [f"Z{k}[e] = {sign}({value})"]
            return [statement_text(s, "v_w", self.single), *clip, f"W{k}[I{k}[e]] = v_w / {factor}"]
        return [statement_text(s, "v_w", self.single), *clip, f"W{k}[e] = v_w"]

    def second_pass(self, statements: tuple[Statement, ...]) -> list[str]:
        """Adds the gathered increments of shared weights."""
        k = self.k
        if self.weighted != "shared" or not any(s.target == "w" and s.op in ("+=", "-=") for s in statements):
            return []
        low, high, factor = (self.number(x, 0.0) for x in ("low", "high", "factor"))
        place = f"W{k}[I{k}[e]]"
        lines = [f"{place} += Z{k}[e] / {factor}"]
        return lines + ([f"{place} = clip_({place} * {factor}, {low}, {high}) / {factor}"] if self.bounded else [])

    def sum_offset(self, name: str) -> str:
        """Offset of a port or of the additions to a state."""
        return self.integer(self.target.ports[name] if name in self.target.ports else self.target.additions[name])

    def from_source(self, output: str) -> str:
        """An output of the source as it was when it left."""
        offset, depth, size = (self.integer(x) for x in (self.source_outputs[output], self.source_depth, self.source_size))
        return f"F[{offset} + ((n - d) % {depth}) * {size} + i]"

    def loads(self, seen: frozenset[str]) -> list[str]:
        """Locals for every name that the statements read."""
        p, k, block = self.pathway, self.k, self.target.block
        lines = [f"j = i64(T{k}_post[e])"]
        if any(name.endswith("_pre") for name in seen) or (p.signal is not None and "value" in seen):
            lines.append(f"i = i64(T{k}_pre[e])")
            lines.append(f"d = {self.integer(self.scalar_delay)}" if self.scalar_delay is not None else f"d = i64(T{k}_delay[e])")
        for name in sorted(seen):
            if name in p.states:
                lines.append(f"v_{name} = x{k}_{name}[e]")
            elif name in p.parameters:
                lines.append(
                    f"v_{name} = y{k}_{name}[e]" if self.is_array(name) else f"v_{name} = {self.number(name, number(p.parameters[name]))}"
                )
            elif name == "w":
                lines += self.load_weight()
            elif name == "value" and p.signal is not None:
                lines.append(f"v_value = {self.from_source(p.signal)}")
            elif name.endswith("_pre") and name[:-4] in self.source_outputs:
                lines.append(f"v_{name} = {self.from_source(name[:-4])}")
            elif name.endswith("_post"):
                lines += self.load_post(name, block.size)
        for d in p.draws:
            if d.name in seen:
                lines.append(f"v_{d.name} = {self.draw_text(d.name, d.kind)}")
        return lines

    def draw_text(self, name: str, kind: str) -> str:
        """The number of edge e in this step."""
        if kind == "table":
            return f"U{self.k}_{name}[n, e]"
        uniform = f"uniform_of(bits64(key_{name}, e))"
        return f"FT({uniform})" if kind == "uniform" else f"FT(normal_quantile({uniform}))"

    def load_weight(self) -> list[str]:
        """The weight of an edge."""
        k = self.k
        if self.weighted == "own":
            return [f"v_w = W{k}[e]"]
        factor = self.number("factor", 0.0)
        return [f"v_w = {factor} * W{k}[I{k}[e]]"] if self.weighted == "shared" else [f"v_w = {factor} * W{k}[0]"]

    def load_post(self, name: str, size: int) -> list[str]:
        """A state, port, output or parameter of the target."""
        base, place = name[:-5], self.target
        if base in place.outputs and base not in place.states:
            offset, depth, neurons = (self.integer(x) for x in (place.outputs[base], place.depth, size))
            return [f"v_{name} = F[{offset} + (n % {depth}) * {neurons} + j]"]
        if base in place.ports:
            return [f"v_{name} = A[{self.integer(place.ports[base])} + j]"]
        if base in place.states or base in place.arrays:
            return [f"v_{name} = F[{self.integer((place.states if base in place.states else place.arrays)[base])} + j]"]
        return [f"v_{name} = {self.number(name, number(place.block.parameters[base]))}"]


def kernels_of(texts: Sequence[EdgeText]) -> list[str]:
    """The kernels of all pathways. One that differs from another in its numbers alone is that one under a second name: it is compiled once."""
    known: dict[str, str] = {}
    found = []
    for text in texts:
        for kernel in text.kernels().split(BETWEEN):
            # The place of the pathway is part of the names of its arrays and of its kernels.
            form = re.sub(rf"\b([A-Z]|x|y|edges_[a-z0-9]+_){text.k}(?=_|\b)", r"\1#", kernel)
            name = kernel.partition("def ")[2].partition("(")[0]
            found.append(f"{name} = {known[form]}" if form in known else kernel)
            known.setdefault(form, name)
    return found

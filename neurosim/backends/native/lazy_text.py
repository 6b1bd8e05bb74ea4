"""Text of the kernels of lazy pathways (:mod:`neurosim.backends.native.lazy`).

What a target remembers: ``recent``, the steps of its newest four spikes; ``spiked``, how many they are in all; ``ring``, the steps of the
newest ``RING``; ``before_y``, the trace y just before each of these; ``now_y``, the trace as it is. What a source remembers: ``base_x``, the trace x as the
last learning arrival left it, in step ``left``; ``since``, the first step whose postsynaptic spikes its edges have not seen, so that a
spike at ``since`` or later *waits*. Before a target forgets a spike, edges that have not seen it catch up.

A trace m steps later is ``x * (high[m >> BITS] * low[m & MASK])``, with repeated products in both tables. What becomes of a weight does
not depend on when its edge catches up, to the last bit: looking at weights changes nothing.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from neurosim.backends.native.lazy import Lazy, needed
from neurosim.backends.native.words import scalar_text, statement_text
from neurosim.equations.tree import names
from neurosim.ir.program import Pathway, Statement

RING = 32
"""Spikes that a target remembers; a power of two."""
BITS = 14
"""The finer table of decay has 2 ** BITS entries."""

LIBRARY = f'''
RING, NEWEST, BITS, MASK = {RING}, {RING - 1}, {BITS}, {(1 << BITS) - 1}


@njit(**JIT)
def decayed(x, low, high, m):
    """A trace m steps later."""
    return x * (high[m >> BITS] * low[m & MASK])


@njit(**JIT)
def fade(trace, factor):
    """One step of a trace of targets."""
    for j in range(trace.shape[0]):
        trace[j] = factor * trace[j]


@njit(**JIT)
def trace_of_sources(x, left, low, high, rows, n):
    """The trace of its source, for every edge, before step n."""
    out = np.empty(rows[rows.shape[0] - 1], x.dtype)
    for s in range(x.shape[0]):
        out[rows[s]:rows[s + 1]] = decayed(x[s], low, high, n - 1 - left[s])
    return out


@njit(**JIT)
def trace_of_targets(y, target):
    """The trace of its target, for every edge."""
    out = np.empty(target.shape[0], y.dtype)
    for e in range(target.shape[0]):
        out[e] = y[target[e]]
    return out
'''.strip()


@dataclass(frozen=True)
class Surroundings:
    """Where a lazy pathway meets the loop.

    ``part``: row of the events of the target; ``queue``, ``row``: the queue of arrivals; ``arrival``, ``spikes``: text of the switches
    of the two rules.
    """

    part: int
    queue: str
    row: int
    arrival: str
    spikes: str


@dataclass(frozen=True)
class LazyText:
    """Writes the kernels of one lazy pathway; ``k`` is its place in the Program.

    ``bounded``: weights are clipped after each statement; ``paid``: events carry a payload that is read.
    """

    form: Lazy
    k: int
    single: bool
    bounded: bool
    paid: bool
    around: Surroundings

    @property
    def pathway(self) -> Pathway:
        """The pathway."""
        return self.form.pathway

    # ---- what is read ----------------------------------------------------------------------------------------------------
    @property
    def arrival(self) -> tuple[Statement, ...]:
        """What decides the weight after an arrival."""
        return needed(self.form.on_arrival, self.form.pre)

    @property
    def spike(self) -> tuple[Statement, ...]:
        """What decides the weight after a postsynaptic spike."""
        return needed(self.form.on_spikes, self.form.post)

    @property
    def remembers(self) -> bool:
        """Whether postsynaptic spikes change weights."""
        return bool(self.spike)

    @property
    def constants(self) -> tuple[str, ...]:
        """Numbers that kernels read: parameters in statements, the step, bounds, factors of traces of targets."""
        seen = reads((*self.form.on_arrival, *self.form.on_spikes))
        bounds = ("low bound", "high bound") if self.bounded else ()
        factors = (f"decay of {y}" for y in self.form.post)
        return (*(p for p in self.pathway.parameters if p in seen), "dt", *bounds, *factors)

    @property
    def numbers(self) -> list[str]:
        """Constants of statements as arguments."""
        return [self.local(name) for name in self.constants if not name.startswith("decay")]

    @staticmethod
    def local(constant: str) -> str:
        """Name of a constant in kernels."""
        return "c_" + constant[:-6] if constant.endswith(" bound") else "v_" + constant

    @staticmethod
    def traces(statements: Iterable[Statement], of: tuple[str, ...]) -> tuple[str, ...]:
        """Those traces that statements read."""
        seen = reads(statements)
        return tuple(trace for trace in of if trace in seen)

    def of(self, statements: Iterable[Statement], traces: tuple[str, ...], prefix: str) -> list[str]:
        """Names with a prefix of those traces that statements read."""
        return [f"{prefix}_{trace}" for trace in self.traces(statements, traces)]

    # ---- arguments -------------------------------------------------------------------------------------------------------
    @property
    def arrays(self) -> dict[str, str]:
        """Name in kernels -> argument of the loop, of all arrays."""
        k, form = self.k, self.form
        found = {"target": f"{self.around.queue}_target", "w": f"W{k}", "C": f"C{k}"} | {
            name: f"l{k}_{name}" for name in ("rows", "clock", "left")
        }
        found |= {name: f"l{k}_{name}" for name in ("recent", "spiked", "ring", "since") if self.remembers}
        found |= {f"before_{y}": f"l{k}_before_{y}" for y in self.traces(self.spike, form.post)}
        found |= {f"now_{y}": f"x{k}_{y}" for y in form.post} | {f"base_{x}": f"x{k}_{x}" for x in form.pre}
        return found | {f"{table}_{x}": f"l{k}_{table}_{x}" for x in form.pre for table in ("low", "high")}

    @property
    def memory(self) -> list[str]:
        """Arguments that waiting spikes need: arrays, then what the source remembers."""
        x, y = self.form.pre, self.form.post
        arrays = [
            "recent",
            "spiked",
            "ring",
            *self.of(self.spike, y, "before"),
            *self.of(self.spike, x, "low"),
            *self.of(self.spike, x, "high"),
        ]
        return [*arrays, "since_s", "left_s", *self.of(self.spike, x, "x")] if self.remembers else []

    @property
    def along(self) -> list[str]:
        """Arguments of the kernels that walk the edges of one source."""
        learns = [*self.of(self.arrival, self.form.post, "now"), *self.of(self.arrival, self.form.pre, "v")]
        return ["target", "w", "into", *self.memory, *learns, "v_value", *self.numbers]

    # ---- calls from the loop ---------------------------------------------------------------------------------------------
    def call(self, kernel: str, *first: str) -> str:
        """Call of a kernel that sees all arrays."""
        return f"lazy_{kernel}_{self.k}({', '.join([*first, *self.arrays.values()])})"

    def advance_lines(self) -> list[str]:
        """Phase 2: traces of targets advance."""
        return [f"fade(x{self.k}_{y}, C{self.k}[{self.constants.index(f'decay of {y}')}])" for y in self.form.post]

    def deliver_lines(self) -> list[str]:
        """Phases 4 and 5 of arrivals: nobody else sees the weights in between."""
        k, q, row = self.k, self.around.queue, self.around.row
        learn = self.around.arrival if self.form.arrival is not None else "1"
        into = f"A[J{k}[0]:J{k}[0] + J{k}[1]]"
        return [
            f"if on[{k}]:",
            f"    {self.call('arrive', f'Q[{row}, 0]', f'Q[{row}, 1]', f'{q}_cursor', f'{q}_payload', into, learn, 'n')}",
        ]

    def adapt_lines(self) -> list[str]:
        """Phase 5 of postsynaptic spikes: targets that fired are remembered."""
        if self.form.spikes is None:
            return []
        call = self.call("fired", f"cut(ids, blocks[{self.around.part}, 0], count[{self.around.part}])", f"count[{self.around.part}]", "n")
        return [f"if on[{self.k}] and {self.around.spikes}:", f"    {call}"]

    def settle_lines(self, n: str) -> list[str]:
        """All edges catch up with the spikes before step n."""
        return [self.call("catch_up", n, n)]

    def trace_text(self, trace: str, n: str) -> str:
        """A trace on every edge before step n."""
        k, queue = self.k, self.around.queue
        if trace in self.form.post:
            return f"trace_of_targets(x{k}_{trace}, {queue}_target)"
        return f"trace_of_sources(x{k}_{trace}, l{k}_left, l{k}_low_{trace}, l{k}_high_{trace}, l{k}_rows, {n})"

    # ---- kernels ---------------------------------------------------------------------------------------------------------
    def kernels(self) -> str:
        """All kernels of the pathway."""
        parts = [self.change("arrival", self.arrival)]
        if self.remembers:
            parts += [self.change("spike", self.spike), self.waiting(), self.near()]
        parts += [self.far(), self.arrive(), self.catch_up()]
        return "\n\n\n".join(parts if self.form.spikes is None else [*parts, self.fired()])

    def function(self, kernel: str, arguments: Iterable[str], body: list[str]) -> str:
        """A compiled function."""
        body = body if kernel in ("arrival", "spike") else ["keep_apart()", *body]
        return "\n".join(["@njit(**JIT)", f"def lazy_{kernel}_{self.k}({', '.join(arguments)}):", *(f"    {line}" for line in body)])

    def change(self, name: str, statements: tuple[Statement, ...]) -> str:
        """The weight of one edge after an event."""
        lines = []
        for s in statements:
            lines.append(statement_text(s, f"v_{s.target}", self.single))
            if s.target == "w" and self.bounded:
                lines.append("v_w = clip_(v_w, c_low, c_high)")
        return self.function(name, self.change_arguments(statements), [*lines, "return v_w"])

    def change_arguments(self, statements: tuple[Statement, ...], prefix: str = "v") -> list[str]:
        """Arguments of :meth:`change`."""
        return ["v_w", *self.of(statements, (*self.form.pre, *self.form.post), prefix), "v_value", *self.numbers]

    def changed(self, name: str, statements: tuple[Statement, ...], prefix: str = "v") -> str:
        """Call of a kernel of :meth:`change`."""
        return f"lazy_{name}_{self.k}({', '.join(self.change_arguments(statements, prefix))})"

    def waiting(self) -> str:
        """The waiting spikes of target j but the newest ones change the weight of one edge, one after the other."""
        x, y = (self.traces(self.spike, side) for side in (self.form.pre, self.form.post))
        body = [
            "base, count = i64(j) * RING, i64(spiked[j])",
            "waits = newest",
            "while waits < RING and ring[base + ((count - 1 - waits) & NEWEST)] >= since_s:",
            "    waits += 1",
            "while waits > newest:",
            "    place = base + ((count - waits) & NEWEST)",
            *(f"    s_{t} = decayed(x_{t}, low_{t}, high_{t}, ring[place] - left_s)" for t in x),
            *(f"    s_{t} = before_{t}[place]" for t in y),
            f"    v_w = {self.changed('spike', self.spike, 's')}",
            "    waits -= 1",
            "return v_w",
        ]
        return self.function("waiting", ["newest", "v_w", "j", *self.memory, "v_value", *self.numbers], body)

    def older(self, newest: int) -> str:
        """Call of :meth:`waiting`."""
        return f"lazy_waiting_{self.k}({', '.join([str(newest), 'v_w', 'j', *self.memory, 'v_value', *self.numbers])})"

    def near(self) -> str:
        """Edges of a source that was heard not long ago: loads first, selections after, so that nothing is mispredicted."""
        x, y = (self.traces(self.spike, side) for side in (self.form.pre, self.form.post))
        lines = [f"r{age} = recent[u64(4) * j + u64({age})]" for age in range(4)] + ["v_w = w[q]"]
        lines += ["count = i64(spiked[j])"] if y else []
        lines += ["if r2 >= since_s:", "    if r3 >= since_s:", f"        v_w = {self.older(3)}"]
        for age in (2, 1, 0):
            apply = [f"m = u64(r{age} - left_s) if r{age} >= since_s else u64(0)"] if x else []
            apply += [f"s_{t} = x_{t} * low_{t}[m]" for t in x]
            apply += [f"s_{t} = before_{t}[j * u64(RING) + u64((count - {age + 1}) & NEWEST)]" for t in y]
            apply += [f"new = {self.changed('spike', self.spike, 's')}", f"v_w = new if r{age} >= since_s else v_w"]
            lines += indented(apply) if age == 2 else apply
        return self.function("near", self.along, self.every_edge([*lines, *self.deliver(), *self.learn()]))

    def far(self) -> str:
        """Edges of any source; ``speak``: they deliver, ``learn``: they change by the arrival."""
        lines = ["v_w = w[q]"]
        if self.remembers:
            lines += ["if recent[u64(4) * j] >= since_s:", f"    v_w = {self.older(0)}"]
        lines += ["if speak:", *indented(self.deliver()), "if learn:", *indented(self.learn()), "else:", "    w[q] = v_w"]
        return self.function("far", [*self.along, "speak", "learn"], self.every_edge(lines))

    def every_edge(self, lines: list[str]) -> list[str]:
        """A loop over the edges of a source."""
        return ["for q in range(target.shape[0]):", *indented(["j = u64(target[q])", *lines])]

    def deliver(self) -> list[str]:
        """The weight before the arrival changes it is added."""
        return [f"into[j] += {scalar_text(self.pathway.deliver[0].expr, self.single)}"]

    def learn(self) -> list[str]:
        """The arrival changes the weight."""
        loads = [f"v_{t} = now_{t}[j]" for t in self.traces(self.arrival, self.form.post)]
        return [*loads, f"w[q] = {self.changed('arrival', self.arrival)}"]

    def arrive(self) -> str:
        """Every source that is heard in this step, oldest spike first."""
        form = self.form
        own = [s for s in form.on_arrival if s.target in form.pre]
        x = self.traces(self.spike, form.pre)
        body = [*self.constant_lines(), "mask = cursor.shape[0] - 1", "for a in range(first, last):"]
        lines = ["s = cursor[a & mask]", f"v_value = {'payload[a & mask]' if self.paid else 'FT(1)'}"]
        lines += ["left_s, begin, end = left[s], rows[s], rows[s + 1]", *(["since_s = since[s]"] if self.remembers else [])]
        lines += [f"x_{t} = base_{t}[s]" for t in x]
        lines += [f"v_{t} = decayed(base_{t}[s], low_{t}, high_{t}, n - left_s)" for t in form.pre]
        row = ", ".join(["target[begin:end]", "w[begin:end]", *self.along[2:]])
        if self.remembers:
            lines += [
                "if learn and n - left_s <= MASK:",
                f"    lazy_near_{self.k}({row})",
                "else:",
                f"    lazy_far_{self.k}({row}, True, learn)",
            ]
            lines += ["since[s] = i32(n)"]
        else:
            lines += [f"lazy_far_{self.k}({row}, True, learn)"]
        lines += ["if learn:", *(f"    {statement_text(s, f'v_{s.target}', self.single)}" for s in own)]
        lines += [*(f"    base_{t}[s] = v_{t}" for t in form.pre), "    left[s] = i32(n)"]
        arguments = ["first", "last", "cursor", "payload", "into", "learn", "n", *self.arrays]
        return self.function("arrive", arguments, [*body, *indented(lines)])

    def catch_up(self) -> str:
        """Edges that have not seen all spikes before step ``bound`` see all before step n."""
        body = ["clock[1] = n"]
        if self.remembers:
            dummies = [f"v_{t} = FT(0)" for t in self.traces(self.arrival, self.form.pre)]
            row = ", ".join(["target[begin:end]", "w[begin:end]", "w", *self.along[3:]])
            lines = ["left_s, since_s = left[s], since[s]", "if since_s < bound:", "    begin, end = rows[s], rows[s + 1]"]
            lines += [f"    x_{t} = base_{t}[s]" for t in self.traces(self.spike, self.form.pre)]
            lines += [f"    lazy_far_{self.k}({row}, False, False)", "    since[s] = i32(n)"]
            loop = ["for s in range(left.shape[0]):", *indented(lines), "clock[0] = bound"]
            body += ["if clock[0] < bound:", *indented([*self.constant_lines(), "v_value = FT(0)", *dummies, *loop])]
        return self.function("catch_up", ["bound", "n", *self.arrays], body)

    def fired(self) -> str:
        """Targets remember that they fired; before one forgets a spike, edges that have not seen it catch up."""
        form = self.form
        body: list[str] = []
        if self.remembers:
            body += [
                "bound = 0",
                "for f in range(fired):",
                "    base, count = ids[f] * RING, i64(spiked[ids[f]])",
                "    if ring[base + (count & NEWEST)] >= clock[0]:",
                "        bound = max(bound, i64(ring[base + ((count + RING // 2) & NEWEST)]) + 1)",
                "if bound > 0:",
                f"    lazy_catch_up_{self.k}({', '.join(['bound', 'n', *self.arrays])})",
            ]
        lines = ["j = ids[f]"]
        if self.remembers:
            lines += ["place = j * RING + (i64(spiked[j]) & NEWEST)", "ring[place] = n"]
            lines += [f"before_{t}[place] = now_{t}[j]" for t in self.traces(self.spike, form.post)]
            lines += [f"recent[4 * j + {age}] = recent[4 * j + {age - 1}]" for age in (3, 2, 1)]
            lines += ["recent[4 * j] = i32(n)", "spiked[j] += i32(1)"]
        lines += [f"v_{t} = now_{t}[j]" for t in form.post]
        lines += [statement_text(s, f"v_{s.target}", self.single) for s in form.on_spikes if s.target in form.post]
        lines += [f"now_{t}[j] = v_{t}" for t in form.post]
        body += [*self.constant_lines(), "for f in range(fired):", *indented(lines)]
        return self.function("fired", ["ids", "fired", "n", *self.arrays], body)

    def constant_lines(self) -> list[str]:
        """Constants out of their array."""
        return [f"{self.local(name)} = C[{place}]" for place, name in enumerate(self.constants) if not name.startswith("decay")]


def indented(lines: Iterable[str]) -> list[str]:
    """Lines one level deeper."""
    return [f"    {line}" for line in lines]


def reads(statements: Iterable[Statement]) -> frozenset[str]:
    """Names in the right sides."""
    return frozenset[str]().union(*(names(s.expr) for s in statements))

"""Expression trees as scalar text for generated kernels."""

from __future__ import annotations

from collections.abc import Callable, Container
from types import MappingProxyType

from neurosim.equations.show import Dialect, show
from neurosim.equations.tree import Call, Expr, Num, Op, Sym, names, rewrite
from neurosim.ir.program import Statement

POWERS = MappingProxyType({2.0: "power2", 3.0: "power3", 4.0: "power4"})

NATIVE = Dialect(
    "neurosim native",
    MappingProxyType(
        {
            "exp": "exp_({0})",
            "expm1": "math.expm1({0})",
            "log": "log_({0})",
            "log1p": "math.log1p({0})",
            "exprel": "exprel_({0})",
            "sqrt": "sqrt_({0})",
            "tanh": "math.tanh({0})",
            "sigmoid": "sigmoid_({0})",
            "sin": "math.sin({0})",
            "cos": "math.cos({0})",
            "abs": "abs({0})",
            "min": "min_({0}, {1})",
            "max": "max_({0}, {1})",
            "clip": "clip_({0}, {1}, {2})",
            "sign": "sign_({0})",
            "relu": "max_({0}, ({0}) * 0)",
            "softplus": "softplus_({0})",
            "floor": "math.floor({0})",
            "mod": "np.mod({0}, {1})",
            "where": "({1} if {0} else {2})",
        }
    ),
    infinity="math.inf",
)


def local_name(name: str) -> str:
    """The local variable of a name of the equation language; literals stay as they are."""
    return name if name.startswith("FT(") else f"v_{name}"


def scalar_text(expr: Expr, single: bool, rename: Callable[[str], str] = local_name) -> str:
    """Text of an expression; ``rename`` says in which local variable a name is."""
    return show(rewrite(expr, typed if single else plain), NATIVE, rename=rename)


def with_reciprocals(expr: Expr, fixed: Container[str]) -> Expr:
    """Divisions by numbers that do not change within a step become products; for single precision, which promises no last bit."""

    def product(node: Expr) -> Expr:
        if isinstance(node, Op) and node.op == "/" and names(node.args[1]) and all(name in fixed for name in names(node.args[1])):
            return Op("*", (node.args[0], Op("/", (Num(1.0), node.args[1]))))
        return node

    return rewrite(expr, product)


def plain(node: Expr) -> Expr:
    """Small whole powers become products."""
    if isinstance(node, Op) and node.op == "**" and isinstance(node.args[1], Num) and node.args[1].value in POWERS:
        return Call(POWERS[node.args[1].value], (node.args[0],))
    return node


def typed(node: Expr) -> Expr:
    """As :func:`plain`; literals get the type of the states, so that no expression is promoted to double."""
    if isinstance(node, Num):
        return Sym(f"FT({node.value!r})")
    if isinstance(node, Op) and node.op == "**" and isinstance(node.args[1], Sym):
        for value, function in POWERS.items():
            if node.args[1].name == f"FT({value!r})":
                return Call(function, (node.args[0],))
    return node


def statement_text(statement: Statement, variable: str, single: bool, rename: Callable[[str], str] = local_name) -> str:
    """``variable = ...`` for one of the four assignment operators."""
    value = scalar_text(statement.expr, single, rename)
    if statement.op == "=":
        return f"{variable} = {value}"
    return f"{variable} = {variable} {statement.op[0]} ({value})"

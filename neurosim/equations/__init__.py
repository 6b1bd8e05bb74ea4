"""The words: model text, expression trees, dimensions, calculus and printing."""

from .calculus import (
    LinearSystem,
    derivative,
    expand_rate,
    inline,
    is_noise,
    linear_parts,
    linear_system,
    simplify,
    split_noise,
)
from .dimensions import (
    Scope,
    check_condition,
    check_side,
    check_statements,
    dimension_of,
    is_condition,
    resolve_weight,
    to_inner,
)
from .evaluate import compile_numpy, evaluate, libm_exp
from .latex import latex_derivative, latex_name
from .model import Declaration, Definition, Equations, State, parse_equations
from .parse import ParsedStatement, parse_expression, parse_statements
from .scalar import SCALAR_FUNCTIONS
from .show import LATEX, PLAIN, Dialect, show
from .tree import FUNCTIONS, NOWHERE, Call, Expr, Num, Op, Span, Sym, names, negate, rewrite, substitute, walk

__all__ = [
    "Call",
    "Declaration",
    "Definition",
    "Dialect",
    "Equations",
    "Expr",
    "FUNCTIONS",
    "LATEX",
    "LinearSystem",
    "NOWHERE",
    "Num",
    "Op",
    "PLAIN",
    "ParsedStatement",
    "SCALAR_FUNCTIONS",
    "Scope",
    "Span",
    "State",
    "Sym",
    "check_condition",
    "check_side",
    "check_statements",
    "compile_numpy",
    "derivative",
    "dimension_of",
    "evaluate",
    "expand_rate",
    "inline",
    "is_condition",
    "is_noise",
    "latex_derivative",
    "latex_name",
    "libm_exp",
    "linear_parts",
    "linear_system",
    "names",
    "negate",
    "parse_equations",
    "parse_expression",
    "parse_statements",
    "resolve_weight",
    "rewrite",
    "show",
    "simplify",
    "split_noise",
    "substitute",
    "to_inner",
    "walk",
]

"""What people write in other languages, and what is said to it."""

from __future__ import annotations

import ast
import keyword
import re

from ..errors import EquationError
from .tree import Span

FOREIGN_OPERATORS: dict[type[ast.operator], str] = {
    ast.BitXor: "'^' is not a power here: write **",
    ast.Mod: "'%' is not part of the equation language: write mod(a, b)",
    ast.FloorDiv: "'//' is not part of the equation language: write floor(a / b)",
    ast.BitAnd: "'&' is not part of the equation language: write and",
    ast.BitOr: "'|' is not part of the equation language: write or",
    ast.MatMult: "'@' is not part of the equation language: a sum over inputs is what a projection does",
    ast.LShift: "'<<' is not part of the equation language",
    ast.RShift: "'>>' is not part of the equation language",
}
FOREIGN_NODES: dict[type[ast.AST], str] = {
    ast.Subscript: "indexing is not part of the equation language: an equation is about one neuron",
    ast.Attribute: "'.' is not part of the equation language: use a plain name",
    ast.Lambda: "lambda is not part of the equation language",
    ast.IfExp: "'a if c else b' is not part of the equation language: write where(c, a, b)",
    ast.JoinedStr: "text is not part of the equation language",
    ast.Tuple: "a comma is only allowed between the arguments of a function",
    ast.List: "lists are not part of the equation language",
    ast.Set: "sets are not part of the equation language",
    ast.Dict: "dictionaries are not part of the equation language",
    ast.Starred: "'*' before an argument is not part of the equation language",
    ast.NamedExpr: "':=' is not part of the equation language: write a definition on a line of its own",
    ast.ListComp: "loops are not part of the equation language",
    ast.SetComp: "loops are not part of the equation language",
    ast.DictComp: "loops are not part of the equation language",
    ast.GeneratorExp: "loops are not part of the equation language",
}
FOREIGN_FUNCTIONS: dict[str, str] = {
    "log10": "log(x) / log(10)",
    "log2": "log(x) / log(2)",
    "ln": "log(x)",
    "pow": "x ** y",
    "square": "x ** 2",
    "int": "where(condition, 1, 0) for a condition, floor(x) for a number",
    "float": "where(condition, 1, 0)",
    "if": "where(condition, a, b)",
    "ifelse": "where(condition, a, b)",
    "heaviside": "where(x > 0, 1, 0)",
    "step": "where(x > 0, 1, 0)",
    "H": "where(x > 0, 1, 0)",
    "ceil": "-floor(-x)",
    "round": "floor(x + 0.5)",
    "tan": "sin(x) / cos(x)",
    "sinh": "(exp(x) - exp(-x)) / 2",
    "cosh": "(exp(x) + exp(-x)) / 2",
    "randn": "white noise as sigma * sqrt(2 / tau) * xi in a derivative; rand() is uniform",
    "normal": "white noise as sigma * sqrt(2 / tau) * xi in a derivative",
    "random": "rand()",
    "poisson": "a ns.PoissonSource of its own and a projection from it",
    "sum": "a port, as in 'x : 1 (port)': a projection into it sums what arrives",
    "timestep": "time itself: t, dt, since_spike",
    "exponential": "exp(x)",
    "logistic": "sigmoid(x)",
}
FOREIGN_MARKS: dict[str, str] = {
    "unless refractory": "Leave it out and give the model refractory=...: states that the reset sets with = are held, or those of held=(...).",
    "constant": "Leave it out: a parameter keeps its value until something sets it.",
    "constant over dt": "Leave it out: a parameter keeps its value until something sets it.",
    "summed": "Write 'x : unit (port)' and project into it: a port sums what arrives.",
    "event-driven": "Leave it out: the states of a synapse are advanced in every step, linear ones exactly.",
    "clock-driven": "Leave it out: the states of a synapse are advanced in every step.",
    "linked": "Write 'x : unit (port)' and project the other population's output into it.",
}
_FOREIGN_FORMS: tuple[tuple[str, str], ...] = (
    (r"d2(?P<x>\w+)/dt2", "A second derivative is two lines: 'd{x}/dt = {x}_rate : ...' and 'd{x}_rate/dt = ... : ...'."),
    (r"(?P<x>[A-Za-z_]\w*)\s*'", "A derivative is written 'd{x}/dt = ... : unit'."),
    (r"(?P<x>[A-Za-z_]\w*)\s*\[\s*(?:t|k|i)\s*\+\s*1\s*\]", "A state that is defined by its step is written '{x}[n+1] = ... : unit'."),
)
# What people write in other languages and Python's parser stumbles over, tried in this order.
_STUMBLES: tuple[tuple[str, str], ...] = (
    (r"&&", "'&&' is not part of the equation language: write and"),
    (r"\|\|", "'||' is not part of the equation language: write or"),
    (r"!(?!=)", "'!' is not part of the equation language: write not"),
    (r"\?", "'c ? a : b' is not part of the equation language: write where(c, a, b)"),
    (r"(?<![<>=!:])=(?!=)", "'=' is not a comparison: write =="),
    (r"\^", "'^' is not a power here: write **"),
    (r"[\[\]]", "indexing is not part of the equation language"),
    (r"[{}$`\\]", "this character is not part of the equation language"),
    (r"[\"']", "text is not part of the equation language"),
    (r"(?<![\w.])(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?\s*(?=[A-Za-z_(])", "a sign is missing after the number: write *"),
    (r"\w+\s+(?=\w)", "an operator is missing between these names"),
    (r"\)\s*(?=[\w(])", "an operator is missing after the bracket"),
)
_LOOKALIKES = {
    "\u2212": "write -",
    "\u2013": "write -",
    "\u00b7": "write *",
    "\u00d7": "write *",
    "\u00f7": "write /",
    "\u00b2": "write **2",
    "\u00b3": "write **3",
    "\u2264": "write <=",
    "\u2265": "write >=",
    "\u2260": "write !=",
    "\u03bc": "write u, as in uS",
    "\u00b5": "write u, as in uS",
    "\u03a9": "write ohm",
    "\u2126": "write ohm",
    "\u03c4": "write tau",
    "\u03b1": "write alpha",
    "\u03b2": "write beta",
    "\u03b3": "write gamma",
    "\u03b8": "write theta",
}


def check_characters(text: str, source: str, line: int, column: int) -> None:
    """Refuse letters and signs outside ASCII, with what to write instead."""
    for row, part in enumerate(text.split("\n")):
        for position, character in enumerate(part):
            if ord(character) > 126:
                start = position + (column if row == 0 else 0)
                advice = _LOOKALIKES.get(character, "names are made of a-z, A-Z, 0-9 and _")
                raise EquationError(
                    f"the character '{character}' is not part of the equation language: {advice}",
                    source,
                    Span(line + row, start, start + 1),
                )


def foreign_habit(text: str) -> tuple[re.Match[str], str] | None:
    """What in a text that cannot be read belongs to another language, and what to write instead; None where nothing is known."""
    for pattern, message in _STUMBLES:
        for hit in re.finditer(pattern, text):
            if not _beside_a_word(text, hit):
                return hit, message
    return None


def foreign_form(line: str) -> str:
    """How this language writes a line that is written in the way of another one, '' where nothing is known."""
    found = ((re.match(pattern, line.strip()), advice) for pattern, advice in _FOREIGN_FORMS)
    return next((advice.format(x=hit["x"]) for hit, advice in found if hit), "")


def why_no_statement(piece: str) -> str:
    """Say why a piece of text is no assignment."""
    if re.match(r"\w+\s*==", piece):
        return "'==' compares; to assign write ="
    other = re.match(r"\w+\s*(/|\*\*|//|%|\||&|\^)=", piece)
    if other:
        advice = "write *= with the reciprocal" if other[1] == "/" else "write = with the whole expression"
        return f"'{other[1]}=' is not part of the equation language: {advice}"
    if re.match(r"\w+\s*(\+\+|--)", piece):
        return "'++' and '--' are not part of the equation language: write += 1 or -= 1"
    if re.match(r"[\w.]+\s*[\[.(]", piece):
        return "only a plain name may stand on the left of an assignment"
    if re.match(r"(if|for|while|def|return|import|pass|del)\b", piece):
        return f"'{piece.split()[0]}' is not part of the equation language; a choice is written where(c, a, b)"
    return "expected a statement such as 'v = v_reset', 'x += 1', 'v -= theta' or 'x *= 0.5'"


def _beside_a_word(text: str, hit: re.Match[str]) -> bool:
    """Whether a match ends before, or holds, one of Python's words, which do stand beside names."""
    following = re.match(r"\w*", text[hit.end() :])
    words = [hit[0].strip(" )"), following[0] if following else ""]
    return any(keyword.iskeyword(word) for word in words)

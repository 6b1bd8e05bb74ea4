"""Text to tree, through Python's own parser and with our own messages."""

from __future__ import annotations

import ast
import keyword
import re
from collections.abc import Callable
from dataclasses import dataclass
from functools import reduce

from ..errors import EquationError, NeurosimError, did_you_mean, together
from .foreign import FOREIGN_FUNCTIONS, FOREIGN_NODES, FOREIGN_OPERATORS, check_characters, foreign_habit, why_no_statement
from .tree import CONSTANTS, FUNCTIONS, Call, Expr, Num, Op, Span, Sym, negate

#: Deeper trees are refused: walking them would exhaust Python's stack somewhere down the river.
DEEPEST = 100

_BINARY: dict[type[ast.operator], str] = {ast.Add: "+", ast.Sub: "-", ast.Mult: "*", ast.Div: "/", ast.Pow: "**"}
_COMPARE: dict[type[ast.cmpop], str] = {
    ast.Lt: "<",
    ast.LtE: "<=",
    ast.Gt: ">",
    ast.GtE: ">=",
    ast.Eq: "==",
    ast.NotEq: "!=",
}
_STATEMENT = re.compile(r"(?P<target>[A-Za-z_]\w*)\s*(?P<op>[-+*]?=)(?!=)(?P<expr>.*)", re.DOTALL)


@dataclass(frozen=True)
class ParsedStatement:
    """One assignment: ``target op expr`` with `op` one of ``=``, ``+=``, ``-=``, ``*=``."""

    target: str
    op: str
    expr: Expr
    span: Span


def parse_expression(text: str, *, source: str | None = None, line: int = 0, column: int = 0) -> Expr:
    """Read one expression of the equation language.

    Parameters
    ----------
    text : str
        The expression. It may run over several lines inside brackets.
    source : str, optional
        The whole text that error messages quote; `text` itself by default.
    line, column : int
        Where `text` begins in `source`, counted from 0.

    Returns
    -------
    Expr
        A tree whose spans are places in `source`.

    Raises
    ------
    EquationError
        With carets under the place that is not part of the language.

    Examples
    --------
    >>> parse_expression("a + 2*b")
    Op(op='+', args=(Sym(name='a'), Op(op='*', args=(Num(value=2.0), Sym(name='b')))))
    """
    reader = _Reader(text if source is None else source, line, column)
    return reader.read(text)


def parse_statements(text: str, *, source: str | None = None, line: int = 0) -> tuple[ParsedStatement, ...]:
    """Read a list of assignments, one a line or separated by ``;``. Everything after ``#`` is a comment.

    Parameters
    ----------
    text : str
        For example ``"x += 1; w -= a_minus * y"``. An empty text is an empty list.
    source, line
        The whole text that error messages quote and the line of it where `text` begins.

    Returns
    -------
    tuple of ParsedStatement

    Raises
    ------
    EquationError
        All findings at once.
    """
    whole = text if source is None else source
    statements: list[ParsedStatement] = []
    errors: list[NeurosimError] = []
    for piece, row, column in logical_lines(text, separators=";"):
        try:
            statements.append(_statement(piece, whole, line + row, column))
        except EquationError as error:
            errors.append(error)
    if errors:
        raise together(errors)
    return tuple(statements)


def logical_lines(text: str, separators: str = "", closing: str = "") -> list[tuple[str, int, int]]:
    """The pieces of a text with their line and column; comments removed, open brackets continued on the next line.

    A line that holds `closing` ends its piece even inside brackets, so that one forgotten bracket spoils one line.
    """
    pieces: list[tuple[str, int, int]] = []
    current, row, column, depth = "", 0, 0, 0
    for number, raw in enumerate(text.splitlines()):
        visible = raw.split("#", 1)[0]
        start = 0
        if depth > 0:
            current += "\n"
        for position, character in enumerate(visible):
            if depth <= 0 and character in separators:
                pieces.append((current, row, column))
                current, start = "", position + 1
                continue
            if not current:
                row, column = number, start
            depth += (character in "([{") - (character in ")]}")
            current += character
        if depth <= 0 or (closing and closing in visible):
            pieces.append((current, row, column))
            current, depth = "", 0
    pieces.append((current, row, column))
    trimmed = ((piece, row, column, len(piece) - len(piece.lstrip())) for piece, row, column in pieces)
    return [(piece.strip(), row, column + margin) for piece, row, column, margin in trimmed if piece.strip()]


def _statement(piece: str, source: str, line: int, column: int) -> ParsedStatement:
    first = piece.split("\n", 1)[0]
    span = Span(line, column, column + len(first))
    check_characters(piece, source, line, column)
    match = _STATEMENT.fullmatch(piece)
    if match is None or keyword.iskeyword(match["target"]):
        raise EquationError(why_no_statement(piece), source, span)
    offset = match.start("expr")
    if not match["expr"].strip():
        raise EquationError("the right-hand side is missing", source, span)
    expr = parse_expression(match["expr"], source=source, line=line, column=column + offset)
    return ParsedStatement(match["target"], match["op"], expr, span)


@dataclass(frozen=True)
class _Reader:
    """Turns Python's nodes into ours and knows where the text lies in its source."""

    source: str
    line: int
    column: int

    def read(self, text: str) -> Expr:
        check_characters(text, self.source, self.line, self.column)
        body = text.lstrip(" \t")
        start = Span(self.line, self.column, self.column + max(1, len(text)))
        if not body.strip():
            raise EquationError("an expression is missing here", self.source, start)
        moved = _Reader(self.source, self.line, self.column + len(text) - len(body))
        try:
            tree = ast.parse(body, mode="eval").body
        except SyntaxError as error:
            raise moved.stumble(body, error) from None
        except (RecursionError, MemoryError, ValueError) as error:
            raise EquationError(f"this expression cannot be read: {error}", self.source, start) from None
        return moved.convert(tree, 0)

    def stumble(self, text: str, error: SyntaxError) -> EquationError:
        """The message for a text that Python's parser refuses."""
        brackets = re.search(r"never closed|unmatched|does not match", error.msg or "")
        habit = None if brackets else foreign_habit(text)
        if habit is not None:
            found, message = habit
            row = text.count("\n", 0, found.start())
            column = found.start() - (text.rfind("\n", 0, found.start()) + 1)
            return self.error(message, row, column, column + max(1, len(found[0].rstrip())))
        row = max((error.lineno or 1) - 1, 0)
        column = max((error.offset or 1) - 1, 0)
        stop = error.end_offset - 1 if error.end_offset and error.end_lineno == error.lineno else column + 1
        reason = error.msg or "invalid syntax"
        if re.search(r"([-+*/<>=]|\band|\bor|\bnot)\s*$", text):
            reason = "something is missing after the last operator"
        elif reason.startswith("invalid syntax"):
            reason = "this cannot be read as an expression"
        return self.error(reason, row, column, max(stop, column + 1))

    def error(self, message: str, row: int, start: int, stop: int) -> EquationError:
        shift = self.column if row == 0 else 0
        return EquationError(message, self.source, Span(self.line + row, shift + start, shift + stop))

    def span(self, node: ast.expr) -> Span:
        shift = self.column if node.lineno == 1 else 0
        stop = node.end_col_offset or node.col_offset + 1
        if node.end_lineno == node.lineno:
            return Span(self.line + node.lineno - 1, shift + node.col_offset, shift + stop)
        # A place is a stretch of one line: of a term that runs on, the rest of its first line.
        lines = self.source.splitlines()
        row = self.line + node.lineno - 1
        return Span(row, shift + node.col_offset, len(lines[row].rstrip()) if row < len(lines) else stop)

    def refuse(self, message: str, node: ast.expr) -> EquationError:
        return EquationError(message, self.source, self.span(node))

    def convert(self, node: ast.expr, depth: int) -> Expr:
        if depth > DEEPEST:
            raise self.refuse(f"this expression is nested more than {DEEPEST} levels deep: give a part of it a line of its own", node)
        converter = _CONVERTERS.get(type(node))
        if converter is None:
            plain = type(node).__name__
            raise self.refuse(FOREIGN_NODES.get(type(node), f"{plain} is not part of the equation language"), node)
        return converter(self, node, depth + 1)

    def constant(self, node: ast.Constant, _depth: int) -> Expr:
        value = node.value
        if isinstance(value, bool) or value is None:
            raise self.refuse(f"'{value}' is not part of the equation language: write 1 or 0, or a comparison", node)
        if isinstance(value, complex):
            raise self.refuse("complex numbers are not part of the equation language", node)
        if not isinstance(value, (int, float)):
            raise self.refuse("text is not part of the equation language", node)
        try:
            number = float(value)
        except OverflowError:
            number = float("inf")
        if number == float("inf"):
            raise self.refuse("this number is too large for a double; infinity is written inf", node)
        return Num(number, self.span(node))

    def name(self, node: ast.Name, _depth: int) -> Expr:
        if node.id in CONSTANTS:
            return Num(CONSTANTS[node.id], self.span(node))
        if node.id in FUNCTIONS:
            raise self.refuse(f"'{node.id}' is a function: write {_usage(node.id)}", node)
        return Sym(node.id, self.span(node))

    def binary(self, node: ast.BinOp, depth: int) -> Expr:
        if type(node.op) not in _BINARY:
            raise self.refuse(FOREIGN_OPERATORS[type(node.op)], node)
        arguments = (self.convert(node.left, depth), self.convert(node.right, depth))
        return Op(_BINARY[type(node.op)], arguments, self.span(node))

    def unary(self, node: ast.UnaryOp, depth: int) -> Expr:
        if isinstance(node.op, ast.Invert):
            raise self.refuse("'~' is not part of the equation language: write not", node)
        operand = self.convert(node.operand, depth)
        if isinstance(node.op, ast.Not):
            return Op("not", (operand,), self.span(node))
        if isinstance(node.op, ast.USub):
            return negate(operand, self.span(node))
        return operand

    def comparison(self, node: ast.Compare, depth: int) -> Expr:
        if len(node.ops) > 1:
            middle = ast.unparse(node.comparators[0])
            raise self.refuse(f"comparisons cannot be chained: write them with and, as in 'a < {middle} and ...'", node)
        operator = _COMPARE.get(type(node.ops[0]))
        if operator is None:
            raise self.refuse("'is' and 'in' are not part of the equation language: use == or !=", node)
        arguments = (self.convert(node.left, depth), self.convert(node.comparators[0], depth))
        return Op(operator, arguments, self.span(node))

    def logical(self, node: ast.BoolOp, depth: int) -> Expr:
        operator = "and" if isinstance(node.op, ast.And) else "or"
        arguments = [self.convert(value, depth) for value in node.values]
        if len(arguments) + depth > DEEPEST:
            raise self.refuse(f"more than {DEEPEST} conditions in a row: give a part of them a line of its own", node)
        return reduce(lambda left, right: Op(operator, (left, right), self.span(node)), arguments)

    def call(self, node: ast.Call, depth: int) -> Expr:
        if not isinstance(node.func, ast.Name):
            raise self.refuse("only the functions of the equation language can be called", node.func)
        function = node.func.id
        if function not in FUNCTIONS:
            said = FOREIGN_FUNCTIONS.get(function)
            advice = f": write {said}" if said else did_you_mean(function, FUNCTIONS).replace("known names", "known functions")
            raise self.refuse(f"unknown function '{function}'{advice}", node.func)
        if node.keywords:
            raise self.refuse(f"arguments are given without names: {_usage(function)}", node)
        arguments = tuple(self.convert(argument, depth) for argument in node.args)
        span = self.span(node)
        if function in ("min", "max") and len(arguments) >= 2:
            return reduce(lambda left, right: Call(function, (left, right), span), arguments)
        if len(arguments) != FUNCTIONS[function]:
            count = len(arguments)
            given = "1 argument was given" if count == 1 else f"{count} arguments were given"
            raise self.refuse(f"write {_usage(function)}: {given}", node)
        if function == "rate" and not isinstance(arguments[0], Sym):
            raise self.refuse("rate(x) is the rate of change of a state: its argument must be a name", node.args[0])
        return Call(function, arguments, span)


_CONVERTERS: dict[type[ast.expr], Callable[..., Expr]] = {
    ast.Constant: _Reader.constant,
    ast.Name: _Reader.name,
    ast.BinOp: _Reader.binary,
    ast.UnaryOp: _Reader.unary,
    ast.Compare: _Reader.comparison,
    ast.BoolOp: _Reader.logical,
    ast.Call: _Reader.call,
}


def _usage(function: str) -> str:
    special = {"where": "c, a, b", "clip": "x, low, high", "min": "a, b", "max": "a, b", "mod": "a, b", "rand": ""}
    return f"{function}({special.get(function, 'x')})"

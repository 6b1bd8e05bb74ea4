"""What the writer of a term with the wrong unit may have meant."""

from __future__ import annotations

import difflib
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence

from ..units import DIMENSIONLESS, UNITS, Dimension, usual_unit
from .show import show
from .tree import Expr, Num, Op, Sym, names, substitute

#: Names at least this alike are taken for each other although both stand on the line.
ALIKE = 0.6

Fits = Callable[[Expr, Dimension], bool]


def suggestion(
    choices: Sequence[tuple[Expr, Dimension]],
    fits: Fits,
    units: Mapping[str, str],
    parameters: Collection[str],
    used: Collection[str],
) -> str:
    """A line of advice, or nothing.

    Parameters
    ----------
    choices : sequence of (Expr, Dimension)
        Terms that could be changed and the dimension each would need, the likelier first.
    fits : callable
        Whether an expression has a dimension.
    units : mapping
        Declared names and the unit text of each.
    parameters : collection of str
        The names that may be missing as a factor.
    used : collection of str
        Names on the line already: a name that is not used yet is the better guess.

    Returns
    -------
    str
        For example ``Did you mean I / c_m?  (c_m is declared in pF)``.
    """
    for term, wanted in choices:
        if isinstance(term, Num) and wanted != DIMENSIONLESS:
            return f"Did you mean {term.value:g}*{usual_unit(wanted)}?"
    # An empty table of units means that a suggestion is being tried out.
    for changes in (_multiplied, _exchanged) if isinstance(choices[0][0], Sym) else (_exchanged, _multiplied):
        for term, wanted in choices:
            found = [
                (other in used, -closeness, show(changed), other)
                for changed, other, closeness in changes(term, units if changes is _exchanged else parameters)
                if (other not in used or closeness >= ALIKE) and fits(changed, wanted)
            ]
            if found:
                _, _, text, other = min(found)
                return f"Did you mean {text}?  ({other} is declared in {units.get(other, '1')})"
    return ""


def _exchanged(term: Expr, known: Collection[str]) -> Iterator[tuple[Expr, str, float]]:
    """The term with one of its names replaced by another declared one."""
    inside = names(term)
    for name in sorted(inside & set(known)):
        for other in sorted(set(known) - inside):
            closeness = difflib.SequenceMatcher(None, name, other).ratio()
            if isinstance(term, Sym) and closeness < ALIKE:
                continue
            yield substitute(term, {name: Sym(other)}), other, closeness


def _multiplied(term: Expr, known: Collection[str]) -> Iterator[tuple[Expr, str, float]]:
    """The term times or over a parameter that does not occur in it."""
    if not names(term) - UNITS.keys():
        return
    for other in sorted(set(known) - names(term)):
        yield Op("*", (Sym(other), term)), other, 0.2
        yield Op("/", (term, Sym(other))), other, 0.1

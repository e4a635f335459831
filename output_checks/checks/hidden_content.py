"""Nothing in a file but what a person sees in it.

Refuses invisible characters, line breaks in cells, long encoded texts and cells that a spreadsheet would run. What is
only untidy (spaces, unusual forms of letters, row numbers) is noted, and gone from the twin.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from output_checks.formats.cells import Oddity
from output_checks.formats.refusal import Unreadable
from output_checks.model import CellRef, Table
from output_checks.numerals import decimal
from output_checks.rule import Because, Rule, note, refuse
from output_checks.subject import Subject

_LONG = re.compile(r"[A-Za-z0-9+/_-]{20,}={0,2}")
_TURN = re.compile(r"(?<=[a-z])(?=[A-Z0-9])|(?<=[A-Z])(?=[0-9])|(?<=[0-9])(?=[A-Za-z])")
_TURNS_PER_CHARACTER = 0.2
_CLOSE = re.compile(r"[^\s]{14,}")
_SHORTEST = 14
_SIGN = re.compile(r"[^\w\s.,:/()'-]")
_SIGNS = 4
_FORMULA = re.compile(r"[=+@\-][^0-9.\s]|[=@]")
_REFUSED = (Oddity.INVISIBLE, Oddity.LINES)


def _look(subject: Subject) -> Iterator[Because]:
    document, table = subject.document, subject.table
    if isinstance(document, Unreadable) and document.check == RULE.name:
        yield refuse(document.reason, document.fix)
    yield from _oddities(subject)
    if table is not None:
        yield from _cells(subject, table)


def _oddities(subject: Subject) -> Iterator[Because]:
    for oddity in Oddity:
        cells = [cell for each, cell in subject.oddities if each is oddity]
        if cells and oddity in _REFUSED:
            yield refuse(
                f"Some cells have {oddity}.", "Write the table again from plain values.", cells=cells
            )
        elif cells:
            yield note(
                f"The file has {oddity}.", "Nothing: they are left out of what is offered.", cells=cells
            )


def _cells(subject: Subject, table: Table) -> Iterator[Because]:
    for name in table.columns:
        found = [(CellRef(row, name), cell) for row, cell in enumerate(table.column(name))]
        long = [cell for cell, text in found if len(text) > subject.policy.max_cell]
        if long:
            yield refuse("Some cells are as long as free text.", "Use short labels.", column=name, cells=long)
        encoded = [cell for cell, text in found if is_encoded(text)]
        if encoded:
            reason = "Some cells look like encoded data."
            yield refuse(reason, "Use labels that a person can read.", column=name, cells=encoded)
        run = [cell for cell, text in found if is_formula(text)]
        if run:
            reason = "Some cells would be run as formulae by a spreadsheet."
            yield refuse(reason, "Begin labels with a letter or a digit.", column=name, cells=run)
    if any(map(is_formula, table.columns)) or any(map(is_encoded, table.columns)):
        yield refuse("A column's name is not a plain word.", "Name columns in letters, digits and _.")


def is_encoded(text: str) -> bool:
    """Whether a text has a long run in which letters and digits alternate, or signs stand, as they do in no name."""
    if len(text) < _SHORTEST or decimal(text) is not None:
        return False
    if any(len(_SIGN.findall(found.group())) >= _SIGNS for found in _CLOSE.finditer(text)):
        return True
    runs = (found.group() for found in _LONG.finditer(text))
    return any(len(_TURN.findall(run)) >= _TURNS_PER_CHARACTER * len(run) for run in runs)


def is_formula(text: str) -> bool:
    """Whether a spreadsheet would take the text for a formula; a signed number is not one."""
    return bool(_FORMULA.match(text)) and decimal(text) is None


RULE = Rule("hidden_content", "P11", _look)

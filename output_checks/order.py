"""A table in the one order that its labels, and its declaration if it has one, give it: no row's place says anything.

Refuses nothing. Labels are put as people read them: numbers by size, totals last. A query can sort its rows by a number
that is hidden then; they are sorted again. A table of which nobody says what its columns are keeps its order, and a person
looks at it.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from output_checks.labels import TOTAL_WORDS
from output_checks.model import Table
from output_checks.subject import Subject

_PART = re.compile(r"[0-9]+(?:[.][0-9]+)?|[^0-9]+")
Key = tuple[tuple[int, float, str], ...]


def ordered(subject: Subject, table: Table) -> Table:
    """The table with its columns as declared and its rows by their labels."""
    declaration, evidence = subject.declaration, subject.evidence
    if not subject.dimensions or (declaration is None and not (evidence and evidence.roles)):
        return table
    said = [*declaration.by, *declaration.columns] if declaration else table.columns
    columns = [name for name in dict.fromkeys(said) if name in table.columns]
    names = tuple(columns) if set(columns) == set(table.columns) else table.columns
    labels = [table.columns.index(name) for name in names if name in subject.dimensions]
    keys = {label: label_key(label) for label in {row[at] for row in table.rows for at in labels}}
    rows = sorted(table.rows, key=lambda row: [keys[row[at]] for at in labels])
    return Table(names, tuple(_picked(row, table.columns, names) for row in rows))


def _picked(row: Sequence[str], columns: Sequence[str], names: Sequence[str]) -> tuple[str, ...]:
    cells = dict(zip(columns, row, strict=True))
    return tuple(cells[name] for name in names)


def label_key(label: str) -> Key:
    """Where a label stands among others: what is under a number before it, totals after everything, gaps before."""
    if label.casefold() in TOTAL_WORDS:
        return ((2, 0.0, ""),)
    under = -1.0 if label.startswith("<") else 0.0
    parts = ((0, float(part), "") if part[0].isdigit() else (1, 0.0, part) for part in _PART.findall(label))
    found = tuple(
        (kind, number + under, word) if kind == 0 else (kind, number, word) for kind, number, word in parts
    )
    return tuple(each for each in found if each[2] != "<")

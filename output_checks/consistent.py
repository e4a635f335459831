"""A number that left before looks as it did then: hidden if it was hidden, and rounded to what it was rounded to [P10].

The same count shown once as 100 and once, as the sum of rounded parts, as 105 tells more than either; and what is hidden in
one release and shown in the next was hidden for nothing. Refuses to compare numbers that are not the same: the same question,
the same labels, the same column and the same count. Who asked the same question is for whoever compares releases to say.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal

from output_checks.declare import COUNTED
from output_checks.formats.cells import Reading
from output_checks.formats.refusal import Unreadable
from output_checks.labels import folded
from output_checks.model import CellRef, Finding, Remedy, Severity, Table
from output_checks.numerals import decimal
from output_checks.read import read
from output_checks.subject import Subject

Key = tuple[str, ...]


@dataclass(frozen=True)
class Shown:
    """How a cell's number was shown before: the number, or None where it was hidden."""

    cell: CellRef
    number: Decimal | None


def shown_before(subject: Subject) -> Iterator[Shown]:
    """Every count of a table that left before, with what was shown of it."""
    table = subject.table
    for before in subject.offered.left_before if table is not None else ():
        counted, shown = (_by_label(subject, content) for content in (before.counted, before.shown))
        if table is None or counted is None or shown is None:
            continue
        for column in subject.with_role(*COUNTED):
            for row, key in enumerate(_keys(subject, table)):
                cell = CellRef(row, column.name)
                own, then = decimal(table.at(cell)), decimal(counted.get(key, {}).get(column.name, ""))
                if own is not None and then is not None and _is_same(subject, own, then):
                    yield Shown(cell, decimal(shown.get(key, {}).get(column.name, "")))


def _is_same(subject: Subject, own: Decimal, then: Decimal) -> bool:
    """Whether it is the number of then, which may have been rounded before it was offered."""
    return own == then or (own == int(own) >= 0 and then in map(Decimal, subject.policy.shown_as(int(own))))


def hidden_before(subject: Subject) -> frozenset[CellRef]:
    """The cells whose number was hidden in a release that it was in; those that are too small anyway are other rules' business."""
    hidden = {each.cell for each in shown_before(subject) if each.number is None}
    return frozenset(cell for cell in hidden if not _is_small(subject, cell))


def _is_small(subject: Subject, cell: CellRef) -> bool:
    numbers = (subject.number(cell), subject.people(cell.row))
    return any(not number or subject.policy.is_small(number) for number in numbers if number is not None)


def as_before(subject: Subject, twin: Table) -> tuple[Table, Finding | None]:
    """The twin without the numbers that would be shown as others than before."""
    other = {
        each.cell
        for each in shown_before(subject)
        if each.number is not None and decimal(twin.at(each.cell)) not in (None, each.number)
    }
    if not other:
        return twin, None
    mark = subject.policy.mark
    rows = (
        tuple(
            mark if CellRef(at, name) in other else text for name, text in zip(twin.columns, row, strict=True)
        )
        for at, row in enumerate(twin.rows)
    )
    return Table(twin.columns, tuple(rows)), _finding(subject, other)


def _by_label(subject: Subject, content: bytes) -> Mapping[Key, Mapping[str, str]] | None:
    """The numbers of a table that left, by labels; None where it has other labels than this one."""
    try:
        found = read(subject.path, content, subject.offered.declaration)
    except Unreadable:
        return None
    if not isinstance(found, Reading) or not {*subject.dimensions} <= {*found.table.columns}:
        return None
    table = found.table
    rows = (dict(zip(table.columns, row, strict=True)) for row in table.rows)
    return dict(zip(_keys(subject, table), rows, strict=True))


def _keys(subject: Subject, table: Table) -> list[Key]:
    labels = [table.column(name) for name in subject.dimensions]
    return [tuple(folded(column[row]) for column in labels) for row in range(len(table.rows))]


def _finding(subject: Subject, cells: set[CellRef]) -> Finding:
    return Finding(
        check="differencing",
        severity=Severity.SUPPRESS,
        confidence=subject.confidence,
        file=subject.path,
        message="A number that left before would be rounded to another one here.",
        fix="Take the twin, or offer the table with the totals that left before.",
        promise="P10",
        cells=tuple(sorted(cells)),
        remedy=Remedy.HIDE,
    )

"""No number about too few people [P10].

Hides every statistic of a row behind which too few people stand - people, where the data says how many, not rows - and
every count that is itself too small, or leaves out nobody or too few of a row's people. Twelve rows of one patient are one patient.
"""

from __future__ import annotations

from collections.abc import Iterator

from output_checks.declare import PEOPLE, Role
from output_checks.model import CellRef, Table
from output_checks.numerals import is_hidden
from output_checks.rule import Because, Rule, hide, review
from output_checks.subject import Subject

_FIX = "Take the twin, or merge groups until every number is about more people."


def _look(subject: Subject) -> Iterator[Because]:
    table = subject.table
    if table is None:
        return
    few = _rows_of_few(subject, table)
    for name in subject.statistics:
        cells = [CellRef(row, name) for row in few if not is_hidden(table.at(CellRef(row, name)))]
        if cells:
            yield hide("Too few people stand behind a row.", _FIX, column=name, cells=cells)
    yield from _small(subject, frozenset(few))
    yield from _leaving_few(subject)
    yield from _uncounted(subject)


def _rows_of_few(subject: Subject, table: Table) -> list[int]:
    behind = [subject.people(row) for row in range(len(table.rows))]
    return [
        row for row, people in enumerate(behind) if people is not None and subject.policy.is_small(people)
    ]


def _small(subject: Subject, few: frozenset[int]) -> Iterator[Because]:
    for column in subject.with_role(*PEOPLE, Role.ROWS):
        numbers = ((CellRef(row, column.name), number) for row, number in _column(subject, column.name))
        cells = [cell for cell, number in numbers if cell.row not in few and subject.policy.is_small(number)]
        if cells:
            yield hide("A count is too small to show.", _FIX, column=column.name, cells=cells)


def _leaving_few(subject: Subject) -> Iterator[Because]:
    """Nobody and a few must look the same, among those who are not counted as among those who are."""
    hidden = nearly_all(subject)
    for name in sorted({cell.column for cell in hidden}):
        cells = sorted(cell for cell in hidden if cell.column == name)
        reason = "A count is of all of a row's people, or of all but a few: it tells of the others."
        yield hide(reason, _FIX, column=name, cells=cells)


def nearly_all(subject: Subject) -> frozenset[CellRef]:
    """Counts of some of a row's people that are all of them, or all but a few."""
    evidence = subject.evidence
    if evidence is None:
        return frozenset()
    return frozenset(
        CellRef(row, name)
        for name in evidence.partly & subject.counted
        for row, number in _column(subject, name)
        if number and _leaves_few(subject, evidence.people[row] - number)
    )


def _leaves_few(subject: Subject, others: int) -> bool:
    return others == 0 or subject.policy.is_small(others)


def _column(subject: Subject, name: str) -> Iterator[tuple[int, int]]:
    rows = len(subject.table.rows) if subject.table else 0
    for row in range(rows):
        number = subject.number(CellRef(row, name))
        if number is not None:
            yield row, number


def _uncounted(subject: Subject) -> Iterator[Because]:
    """Statistics beside which nobody says how many people they are about."""
    rows = range(len(subject.table.rows)) if subject.table else ()
    if subject.guessed or not subject.statistics or any(subject.people(row) is not None for row in rows):
        return
    if rows and not _all_hidden(subject):
        fix = "Add a column with the number of people behind each row, and give it the role n."
        yield review("The table does not say how many people its numbers are about.", fix)


def _all_hidden(subject: Subject) -> bool:
    table = subject.table
    return table is not None and all(
        is_hidden(cell) for name in subject.statistics for cell in table.column(name)
    )


RULE = Rule("small_count", "P10", _look)

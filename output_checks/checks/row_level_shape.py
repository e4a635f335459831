"""Tables of groups, not of people.

Refuses a column that names patients in any spelling, tables whose rows are as many as the people in them, tables in
which nothing is counted and every row is different, and tables in which two columns each name every row.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from output_checks.declare import COUNTED, Column, Role
from output_checks.model import CellRef, Table
from output_checks.numerals import decimal, whole
from output_checks.rule import Because, Rule, refuse
from output_checks.subject import Subject

_AGGREGATE = "Count, sum or average over groups; rows about single people stay inside."
_WHO = r"(patients?|pat|pt|person|people|subject|participant|individual|case|member|spell|episode|event|record|row|study)"
_NAMES = re.compile(
    rf"{_WHO}(pseudo)?(id|ids|key|number|no|num|ref|hash|identifier|uuid|guid)|(pseudo|hashed|encrypted|anon\w*)"
    rf"({_WHO}|nhs)?(id|number|key)|nhs(no|num|number|id)?|newnhsno|chi(no|number)|mrn|hospital(no|number|id)|localpatientid"
    r"|pseudonym|uuid|guid|rowid|upi|ehrid|emisid|tppid",
)


def _look(subject: Subject) -> Iterator[Because]:
    table = subject.table
    if table is None:
        return
    for name in table.columns:
        if names_people(name) and not _is_count(subject, table, name):
            known = subject.declaration is not None and name in subject.columns
            reason = "A column's name says that it identifies single people."
            yield refuse(reason, _AGGREGATE, column=name if known else None)
    if _one_row_a_person(subject, table):
        yield refuse("There are as many rows as people.", _AGGREGATE)
    elif subject.guessed and _nothing_counted(subject, table):
        yield refuse("Every row is different and nothing is counted.", _AGGREGATE)
    keys = _row_names(subject, table)
    if len(keys) > 1:
        cells = [CellRef(0, name) for name in keys]
        yield refuse(
            "More than one column has a different label on nearly every row.", _AGGREGATE, cells=cells
        )


def names_people(column: str) -> bool:
    """Whether a column's name, in any spelling, is that of an identifier of people."""
    return bool(_NAMES.fullmatch(re.sub(r"[^a-z]", "", column.casefold())))


def _is_count(subject: Subject, table: Table, name: str) -> bool:
    """A declared count may be called `cases_no`; its numbers then repeat or fall outside 1, 2, 3 …"""
    numbers = [whole(cell) for cell in table.column(name)]
    declared = subject.declaration is not None and subject.columns[name].role in COUNTED
    return declared and len(set(numbers)) < len(numbers)


def _one_row_a_person(subject: Subject, table: Table) -> bool:
    """All counts are 1, or the data says that one person stands behind each row."""
    if len(table.rows) < 2:  # noqa: PLR2004  # one row is one group
        return False
    if subject.evidence is not None:
        people = subject.evidence.people
        return sum(number <= 1 for number in people) > len(people) / 2
    counts = [
        subject.number(CellRef(row, each.name)) for each in _counts(subject) for row in range(len(table.rows))
    ]
    return bool(counts) and all(number == 1 for number in counts)


def _counts(subject: Subject) -> Sequence[Column]:
    return subject.with_role(Role.COUNT, Role.N, Role.ROWS)


def _nothing_counted(subject: Subject, table: Table) -> bool:
    many = len(table.rows) >= subject.policy.unique_rows
    return (
        many
        and not _counts(subject)
        and len(set(table.rows)) >= subject.policy.unique_share * len(table.rows)
    )


def _row_names(subject: Subject, table: Table) -> list[str]:
    """Dimensions that name nearly every row of a table with many rows; one such column can be a list of groups."""
    if len(table.rows) < subject.policy.unique_rows:
        return []
    return [name for name in subject.dimensions if _near_unique(subject, table.column(name))]


def _near_unique(subject: Subject, cells: Sequence[str]) -> bool:
    fractions = sum(decimal(cell) is not None and whole(cell) is None for cell in cells)
    return fractions < len(cells) / 2 and len(set(cells)) >= subject.policy.unique_share * len(cells)


RULE = Rule("row_level_shape", "P11", _look)

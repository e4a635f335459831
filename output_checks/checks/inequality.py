"""Gini coefficients and concentration indices of enough people, none of whom holds nearly everything [P10].

Refuses one beside which nobody says how many people it is of. Hides one that by itself says that one or two people hold
nearly all: a Herfindahl index that high, or a Gini coefficient as high as so many people can make it.
"""

from __future__ import annotations

from collections.abc import Iterator

from output_checks.declare import Role
from output_checks.model import CellRef
from output_checks.numerals import decimal
from output_checks.rule import Because, Rule, hide, refuse
from output_checks.subject import Subject

_KINDS = ("concentration", "gini")


def _look(subject: Subject) -> Iterator[Because]:
    kind = subject.declaration.kind if subject.declaration else ""
    table = subject.table
    if kind not in _KINDS or table is None:
        return
    for column in subject.with_role(Role.VALUE):
        rows = range(len(table.rows))
        if any(subject.people(row) is None for row in rows):
            fix = "Add a column with the number of people behind each row, and give it the role n."
            yield refuse("An index stands without the number of people.", fix, column=column.name)
            continue
        cells = [CellRef(row, column.name) for row in rows if _telling(subject, kind, column.name, row)]
        if cells:
            reason = "An index says that one or two people hold nearly everything."
            yield hide(reason, "Take the twin, or merge groups.", column=column.name, cells=cells)


def _telling(subject: Subject, kind: str, name: str, row: int) -> bool:
    value = decimal(subject.table.at(CellRef(row, name))) if subject.table else None
    people, most = subject.people(row), subject.policy.top_two_max
    if value is None or not people:
        return False
    if kind == "concentration":
        # Two equal people who hold `most` together make an index of half its square; nothing less concentrated does.
        return float(value) >= most * most / 2
    return float(value) >= most * (people - 1) / people


RULE = Rule("inequality", "P10", _look)

"""Shares, rates and percentages that give no count away: computed from the rounded counts beside them [P10].

Refuses one whose counts are not in the table, and one that is not what it is declared to be. 0.0638297872 is 3 of 47 to
anybody with a calculator, whatever was hidden.
"""

from __future__ import annotations

from collections.abc import Iterator

from output_checks.declare import DERIVED, Column
from output_checks.model import CellRef, Remedy
from output_checks.quotients import agrees, factor_of
from output_checks.rule import Because, Rule, change, refuse
from output_checks.subject import Subject

_ATTACH = "Put the counts it was computed from beside it, and declare `{ratio: [counted, counted from]}`."


def _look(subject: Subject) -> Iterator[Because]:
    table = subject.table
    if table is None:
        return
    for column in subject.with_role(*DERIVED):
        counts = [subject.columns.get(name) for name in column.operands]
        if not counts or not all(each is not None and each.name in subject.counted for each in counts):
            yield refuse(
                "A ratio stands without the counts it was computed from.", _ATTACH, column=column.name
            )
        else:
            yield from _computed(subject, column)


def _computed(subject: Subject, column: Column) -> Iterator[Because]:
    rows = range(len(subject.table.rows)) if subject.table else range(0)
    factor = factor_of(subject, column)
    if factor is None:
        fix = "Declare the two counts that it is the quotient of: counted, then counted from."
        yield refuse(
            "A ratio is not the quotient of the counts it is declared to be.", fix, column=column.name
        )
        return
    cells = [CellRef(row, column.name) for row in rows if not agrees(subject, column, row, factor)]
    if cells:
        fix = "Take the twin, in which it is computed from the rounded counts."
        reason = "Ratios were not computed from rounded counts."
        yield change(reason, fix, remedy=Remedy.RECOMPUTE, column=column.name, cells=cells)


RULE = Rule("ratios", "P10", _look)

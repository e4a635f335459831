"""Sums, means and rates beside the number of people they are of [P10].

Refuses a sum, a mean or a rate of a declared table that does not publish how many people stand behind each row: with one
person fewer, it is that person's value. Hides a mean that everybody could be read off from: where the count beside it is
hidden already.
"""

from __future__ import annotations

from collections.abc import Iterator

from output_checks.declare import PEOPLE, Role
from output_checks.model import CellRef
from output_checks.numerals import is_hidden
from output_checks.rule import Because, Rule, hide, refuse
from output_checks.subject import Subject


def _look(subject: Subject) -> Iterator[Because]:
    table = subject.table
    if table is None or subject.declaration is None:
        return
    counts = [column.name for column in subject.with_role(*PEOPLE)]
    for column in subject.with_role(Role.SUM, Role.MEAN, Role.RATE):
        rows = range(len(table.rows))
        if all(subject.people(row) is None for row in rows) and not counts:
            fix = "Add a column with the number of people behind each row, and give it the role n."
            reason = "Sums or means stand without the number of people."
            yield refuse(reason, fix, column=column.name)
            continue
        cells = [CellRef(row, column.name) for row in rows if counts and _beside_hidden(subject, counts, row)]
        shown = [cell for cell in cells if not is_hidden(table.at(cell))]
        if shown:
            fix = "Hide what was computed from a hidden count with the count."
            yield hide(
                "A sum or a mean is shown beside a hidden count.", fix, column=column.name, cells=shown
            )


def _beside_hidden(subject: Subject, counts: list[str], row: int) -> bool:
    table = subject.table
    return table is not None and all(is_hidden(table.at(CellRef(row, name))) for name in counts)


RULE = Rule("means", "P10", _look)

"""Sums, means and rates beside the number of people they are of [P10].

Refuses a sum, a mean or a rate of a declared table that does not publish how many people stand behind each row: with one
person fewer, it is that person's value. Hides a mean that everybody could be read off from: where the count beside it is
hidden already. Hides, of a table whose data was asked, whatever is put together of amounts that are the same for all people or
all but a few, or the same as in another column: that is a number about those few.
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
    yield from _apart(subject)
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


def _apart(subject: Subject) -> Iterator[Because]:
    """Cells whose amounts are the same, by themselves or beside another column, but for a few people."""
    known = subject.evidence.apart if subject.evidence else {}
    for name, people in known.items():
        small = subject.policy.is_small
        # Nobody and a few must look the same: which of them it is would be the answer.
        cells = [CellRef(row, name) for row, few in enumerate(people) if few == 0 or (few and small(few))]
        if cells:
            reason = "All but a few people have the same amount, or have the same in another column: the rest is told of those few."
            fix = "Take the twin, merge groups, or count the people who have the amount."
            yield hide(reason, fix, column=name, cells=cells)


def _beside_hidden(subject: Subject, counts: list[str], row: int) -> bool:
    table = subject.table
    return table is not None and all(is_hidden(table.at(CellRef(row, name))) for name in counts)


RULE = Rule("means", "P10", _look)

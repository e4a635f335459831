"""Standard deviations, variances, skewness and kurtosis of enough people [P10].

Hides one of too few people: the mean and the standard deviation of two people are those two people's values. Refuses
one beside which nobody says how many people it is of, and leaves to a person one of nought: then all are the same. Name the
columns of a `shape` `variance`, `skewness` and `kurtosis` (of a sample, as pandas and SAS estimate them; less 3 for kurtosis)
or `skewness_pop` and `kurtosis_pop` (as scipy does by default), and they are recomputed.
"""

from __future__ import annotations

from collections.abc import Iterator

from output_checks.declare import Column, Role
from output_checks.model import CellRef
from output_checks.numerals import decimal, is_hidden
from output_checks.rule import Because, Rule, hide, refuse, review
from output_checks.subject import Subject

_MERGE = "Take the twin, or merge groups."


def _look(subject: Subject) -> Iterator[Because]:
    kind = subject.declaration.kind if subject.declaration else ""
    values = (Role.VALUE,) if kind == "shape" else ()
    for column in subject.with_role(Role.SD, *values):
        yield from _judged(subject, column)


def _judged(subject: Subject, column: Column) -> Iterator[Because]:
    table = subject.table
    cells = [CellRef(row, column.name) for row in range(len(table.rows))] if table else []
    shown = [cell for cell in cells if table and not is_hidden(table.at(cell))]
    if any(subject.people(cell.row) is None for cell in shown):
        fix = "Add a column with the number of people behind each row, and give it the role n."
        reason = "A standard deviation stands without the number of people."
        yield refuse(reason, fix, column=column.name)
        return
    few = [cell for cell in shown if is_few(subject, cell.row)]
    if few:
        yield hide("A standard deviation is of too few people.", _MERGE, column=column.name, cells=few)
    same = [cell for cell in shown if cell not in few and table and decimal(table.at(cell)) == 0]
    if same:
        reason = "Everybody in a group has the same value: the table tells of each of them."
        yield review(reason, "Merge the group with another.", column=column.name, cells=same)


def is_few(subject: Subject, row: int) -> bool:
    """Whether a row's people, or their degrees of freedom, are too few for more than a mean."""
    people, policy = subject.people(row), subject.policy
    return people is not None and (people <= policy.shape_more_than or people - 1 < policy.df_min)


RULE = Rule("shapes", "P10", _look)

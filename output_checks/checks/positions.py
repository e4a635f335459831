"""Medians and other percentiles with enough people on each side [P10].

Hides one that too few people lie beyond, by the data where it was asked, else by the number of people beside it.
Refuses percentiles beside which nobody says how many people they are of, or which percentile they are.
"""

from __future__ import annotations

from collections.abc import Iterator

from output_checks.declare import Column, Role
from output_checks.model import CellRef
from output_checks.rule import Because, Rule, hide, refuse
from output_checks.subject import Subject

_MERGE = "Take the twin, or merge groups."


def _look(subject: Subject) -> Iterator[Because]:
    rows = range(len(subject.table.rows)) if subject.table else range(0)
    for column in subject.with_role(Role.PERCENTILE):
        yield from _percentile(subject, column, rows)


def _percentile(subject: Subject, column: Column, rows: range) -> Iterator[Because]:
    which = percentile_of(subject, column)
    if which is None:
        fix = "Declare which one: `{percentile: 50}`."
        yield refuse("A column holds percentiles and does not say which.", fix, column=column.name)
        return
    if any(subject.people(row) is None for row in rows):
        fix = "Add a column with the number of people behind each row, and give it the role n."
        yield refuse("Percentiles stand without the number of people.", fix, column=column.name)
        return
    cells = [CellRef(row, column.name) for row in rows if _bare(subject, column.name, row, which)]
    if cells:
        yield hide("Too few people lie beyond a percentile.", _MERGE, column=column.name, cells=cells)


def percentile_of(subject: Subject, column: Column) -> float | None:
    """Which percentile a column holds: by its role, or by the declaration when there is one for all."""
    if column.percentile is not None:
        return column.percentile
    said = subject.declaration.extra.get("percentile") if subject.declaration else None
    several = said if isinstance(said, list | tuple) else [said]
    numbers = [each for each in several if isinstance(each, int | float)]
    # The one with the fewest people beyond it speaks for a column that could be any of them.
    return max(numbers, key=lambda each: abs(each - 50), default=None)


def _bare(subject: Subject, name: str, row: int, which: float) -> bool:
    """Whether too few people lie on one side; people who share the value lie on both."""
    sides = subject.sides_of(name)
    each = sides[row] if sides else None
    if each is not None:
        return min(each.below, each.above) + each.same <= subject.policy.small_max
    return _beyond(subject, row, which) <= subject.policy.small_max


def _beyond(subject: Subject, row: int, which: float) -> float:
    return (subject.people(row) or 0) * min(which, 100 - which) / 100


RULE = Rule("positions", "P10", _look)

"""The most common value of a group, where enough people share it and not everybody does [P10].

Hides one that too few people share. Refuses one that the data was asked about and does not have. Leaves to a person one that everybody shares, which tells of each of them, and one
of which nothing says how many share it.
"""

from __future__ import annotations

from collections.abc import Iterator

from output_checks.declare import Role
from output_checks.model import CellRef, Sides
from output_checks.numerals import is_hidden
from output_checks.rule import Because, Rule, hide, refuse, review
from output_checks.subject import Subject

_MERGE = "Take the twin, or merge groups."


def _look(subject: Subject) -> Iterator[Because]:
    for column in subject.with_role(Role.MODE):
        sides = subject.sides_of(column.name)
        if sides is None:
            fix = "Compute it from an extract and declare `of`, or give the table of counts instead."
            reason = "Nothing says how many people share a most common value."
            yield review(reason, fix, column=column.name)
            continue
        yield from _judged(subject, column.name, sides)


def _judged(subject: Subject, name: str, sides: tuple[Sides | None, ...]) -> Iterator[Because]:
    table = subject.table
    cells = [CellRef(row, name) for row, each in enumerate(sides) if each is None]
    other = [cell for cell in cells if table is not None and not is_hidden(table.at(cell))]
    if other:
        fix = "Write the most common value of each group as the extract has it."
        yield refuse("A most common value is not the one that the data has.", fix, column=name, cells=other)
    known = [(CellRef(row, name), each) for row, each in enumerate(sides) if each is not None]
    few = [cell for cell, each in known if subject.policy.is_small(each.same)]
    if few:
        yield hide("A most common value is shared by too few people.", _MERGE, column=name, cells=few)
    full = [cell for cell, each in known if each.same and not each.below + each.above]
    if full:
        reason = "Everybody in a group has the same value: the table tells of each of them."
        yield review(reason, "Merge the group with another.", column=name, cells=full)


RULE = Rule("modes", "P10", _look)

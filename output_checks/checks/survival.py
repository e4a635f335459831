"""Survival curves in steps of enough people.

Refuses numbers at risk and events that are not rounded to the middle of a band: exact ones, step after step, are the
days on which single people died.
"""

from __future__ import annotations

from collections.abc import Iterator

from output_checks.declare import Role
from output_checks.rule import Because, Rule, refuse, review
from output_checks.subject import Subject


def _look(subject: Subject) -> Iterator[Because]:
    base = subject.policy.survival_base
    for column in subject.with_role(Role.AT_RISK, Role.EVENTS):
        cells = [cell for cell, number in subject.counted_cells() if cell.column == column.name]
        exact = [cell for cell in cells if not is_midpoint(subject.number(cell) or 0, base)]
        if exact:
            fix = f"Round cumulative numbers to the midpoint of {base}, and keep only steps at which they change."
            reason = "Numbers at risk or events are exact."
            yield refuse(reason, fix, column=column.name, cells=exact)
    if subject.with_role(Role.SURVIVAL):
        if not subject.with_role(Role.AT_RISK) or not subject.with_role(Role.EVENTS):
            fix = "Put the rounded numbers at risk and events beside it, with the roles at_risk and events."
            yield refuse("A survival curve stands without its numbers at risk and events.", fix)
        else:
            yield review(
                "Whether the curve was computed from the rounded numbers is not shown.", "Say how it was."
            )


def is_midpoint(number: int, base: int) -> bool:
    """Whether a number is the middle of a band of `base` people, or zero."""
    return number == 0 or (number + base - base // 2) % base == 0


RULE = Rule("survival", "P10", _look)

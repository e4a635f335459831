"""Counts as the policy rounds them: an exact count can be subtracted from tomorrow's exact count [P10].

The twin rounds every count, and totals are the sums of what is shown.
"""

from __future__ import annotations

from collections.abc import Iterator

from output_checks.declare import ROUNDED
from output_checks.model import CellRef, Remedy
from output_checks.rule import Because, Rule, change
from output_checks.subject import Subject


def _look(subject: Subject) -> Iterator[Because]:
    policy = subject.policy
    found: dict[str, list[CellRef]] = {}
    for cell, number in subject.counted_cells():
        if not policy.is_small(number) and not policy.is_rounded(number):
            found.setdefault(cell.column, []).append(cell)
    for column in subject.with_role(*ROUNDED):
        if column.name in found:
            how = (
                f"to the {policy.rounding}"
                if policy.rounding != "controlled"
                else "so that totals add, to a multiple of"
            )
            fix = f"Take the twin, or round counts {how} {policy.rounding_base} after hiding."
            yield change(
                "Counts are not rounded.",
                fix,
                remedy=Remedy.ROUND,
                column=column.name,
                cells=found[column.name],
            )


RULE = Rule("unrounded_count", "P10", _look)

"""No sum or mean that is one person's amount in disguise.

Hides a sum of which two people hold nearly all, or of which the second largest could work out the largest. Amounts are
compared by size, so a negative one does not hide anybody. Leaves sums to a person where nothing is known of the shares.
"""

from __future__ import annotations

from collections.abc import Iterator

from output_checks.declare import Role
from output_checks.model import CellRef, Shares
from output_checks.policy import Policy
from output_checks.rule import Because, Rule, hide, review
from output_checks.subject import Subject

_KINDS = ("concentration", "gini")


def _look(subject: Subject) -> Iterator[Because]:
    known = subject.evidence.shares if subject.evidence else {}
    for column in subject.with_role(Role.SUM, Role.MEAN, *_values(subject)):
        if column.name not in known:
            fix = "Compute it with an SQL action, which measures how much of it the largest two people hold."
            reason = "Nothing is known of how much of a sum the largest people hold."
            yield review(reason, fix, column=column.name)
            continue
        cells = [
            CellRef(row, column.name)
            for row, shares in enumerate(known[column.name])
            if dominated(shares, subject.policy)
        ]
        if cells:
            fix = "Take the twin, merge groups, or cap each person's amount."
            yield hide("One or two people hold most of a sum.", fix, column=column.name, cells=cells)


def _values(subject: Subject) -> tuple[Role, ...]:
    kind = subject.declaration.kind if subject.declaration else ""
    return (Role.VALUE,) if kind in _KINDS else ()


def dominated(shares: Shares, policy: Policy) -> bool:
    """Whether two people hold too much of a sum, or too little is left to blur the largest."""
    if shares.total == 0:
        return False
    top_two = shares.largest + shares.second
    left = shares.total - top_two
    return top_two >= policy.top_two_max * shares.total or left < policy.rest_min * shares.largest


RULE = Rule("dominance", "P10", _look)

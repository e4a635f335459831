"""No smallest and no largest value: each is one person's [P11].

Refuses columns that are minima, maxima or ranges, the 0th and the 100th percentile, and numbers from a query that
nothing is known of. One that the data shows to be shared by enough people in every row is let through: it is nobody's.
"""

from __future__ import annotations

from collections.abc import Iterator

from output_checks.declare import Role
from output_checks.model import Confidence
from output_checks.rule import Because, Rule, refuse
from output_checks.subject import Subject

_BAND = "Leave it out, or give the 5th and the 95th percentile of a large group."


def _look(subject: Subject) -> Iterator[Because]:
    ends = subject.with_role(Role.MIN, Role.MAX)
    alone = [column.name for column in ends if not _shared(subject, column.name)]
    for name in alone:
        yield refuse("A column holds a smallest or largest value.", _BAND, column=name)
    endpoints = subject.declaration is not None and subject.declaration.kind == "endpoints"
    if endpoints and (alone or not ends):
        yield refuse("The statistic is a smallest or largest value.", _BAND)
    for column in subject.with_role(Role.PERCENTILE):
        if column.percentile in (0, 100):
            yield refuse("A 0th or 100th percentile is an extreme.", _BAND, column=column.name)
    if (
        subject.evidence is not None
        and subject.evidence.source is Confidence.PROVED
        and subject.evidence.roles
    ):
        for column in subject.with_role(Role.OTHER):
            fix = (
                "Compute counts, sums, means, ratios or percentiles of groups, each in a column of its own; where rows"
                " are repeated, count people: `count(DISTINCT patient_id)`."
            )
            yield refuse(
                "A column of the query holds something that cannot be judged.", fix, column=column.name
            )


def _shared(subject: Subject, name: str) -> bool:
    """Whether the data says that enough people share the extreme of every row."""
    sides = subject.sides_of(name)
    few = subject.policy.is_small
    return sides is not None and all(each is not None and each.same and not few(each.same) for each in sides)


RULE = Rule("extremes", "P11", _look)

"""Clusters and other fitted groups: how many people each holds, and a person's decision [P10].

Refuses clusters so many that some must be small, and ones whose sizes are not in the table. A size that is too small is
hidden as any count is. What a centre tells of its cluster, only a person can judge.
"""

from __future__ import annotations

from collections.abc import Iterator

from output_checks.declare import PEOPLE
from output_checks.rule import Because, Rule, refuse, review
from output_checks.subject import Subject

_FEWER = "Fit fewer clusters, or leave the small ones out before fitting."


def _look(subject: Subject) -> Iterator[Because]:
    declaration = subject.declaration
    if declaration is None or declaration.kind != "clusters":
        return
    people, groups = (_number(declaration.extra.get(key)) for key in ("n", "k"))
    if people is not None and groups is not None and people < groups * (subject.policy.small_max + 1):
        yield refuse("So many clusters of so few people must have small ones.", _FEWER)
    if subject.table is not None and not subject.with_role(*PEOPLE):
        fix = "Add a column with the number of people in each cluster, and give it the role n."
        yield refuse("The sizes of the clusters are not in the table.", fix)
    yield review("Only a person can judge what a cluster tells.", "Say in the context what is in it.")


def _number(said: object) -> float | None:
    return float(said) if isinstance(said, int | float) and not isinstance(said, bool) else None


RULE = Rule("clusters", "P10", _look)

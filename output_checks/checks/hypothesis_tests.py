"""Tests with enough people and degrees of freedom behind them [P10].

Refuses one whose number of people or degrees of freedom is not said, or is too low: with few, the statistic and the
margins give the table that was tested.
"""

from __future__ import annotations

from collections.abc import Iterator

from output_checks.checks.models import numbers_said
from output_checks.rule import Because, Rule, refuse
from output_checks.subject import Subject

_MORE = "Test a coarser table, or one of more people."


def _look(subject: Subject) -> Iterator[Because]:
    declaration = subject.declaration
    if declaration is None or declaration.kind != "hypothesis_test":
        return
    freedom = list(numbers_said(subject, declaration.extra.get("df"), with_role=True))
    people = list(numbers_said(subject, declaration.extra.get("n")))
    if not freedom or not people:
        fix = "Declare `df` and `n`, each as a number or as a column of the table."
        yield refuse("The people or the degrees of freedom of a test are not said.", fix)
        return
    if min(people) - 1 < subject.policy.df_min:
        yield refuse("A test is of too few people.", _MORE)
    if min(freedom) < subject.policy.df_min:
        yield refuse("There are too few degrees of freedom.", _MORE)


RULE = Rule("hypothesis_tests", "P10", _look)

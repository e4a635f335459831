"""Models with enough people behind every term [P10].

Refuses ones with too few residual degrees of freedom or none declared, with as many terms as people, with a regressor
that is true for chosen people only, or with a level of a regressor that the data gives too few people. Leaves to a
person a model of which nothing says how many people each level holds. Written `ols(outcome ~ one + other)`, its coefficients are
recomputed.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from output_checks.declare import Role
from output_checks.numerals import decimal
from output_checks.rule import Because, Rule, refuse, review
from output_checks.subject import Subject

_SINGLES_OUT = re.compile(r"==|!=|\bin\b|\bisin\b|%in%|[^<>]=[^=]|patient|pseudo|_id\b|\bid\b", re.IGNORECASE)
_MORE = "Fit a smaller model, or one of more people."


def _look(subject: Subject) -> Iterator[Because]:
    declaration = subject.declaration
    if declaration is None or declaration.kind != "correlation":
        return
    numbers = list(numbers_said(subject, declaration.extra.get("residual_df"), with_role=True))
    if not numbers:
        yield refuse("The degrees of freedom are not said.", "Declare `residual_df`.")
    elif min(numbers) < subject.policy.df_min:
        yield refuse("There are too few degrees of freedom.", _MORE)
    yield from _regressors(subject, declaration.extra)


def numbers_said(subject: Subject, said: Any, *, with_role: bool = False) -> Iterator[float]:
    """What a declaration says: a number, or the numbers of a column; and of the columns that have the role of df."""
    if isinstance(said, int | float) and not isinstance(said, bool):
        yield float(said)
    table = subject.table
    if isinstance(said, str) and table is not None and said in table.columns:
        values = [decimal(cell) for cell in table.column(said)]
        yield from (float(value) if value is not None else 0.0 for value in values)
    for column in subject.with_role(Role.DF) if with_role else ():
        values = [decimal(cell) for cell in table.column(column.name)] if table else []
        yield from (float(value) for value in values if value is not None)


def _regressors(subject: Subject, extra: Mapping[str, Any]) -> Iterator[Because]:
    said = extra.get("regressors", [])
    words = [str(each) for each in said] if isinstance(said, list | tuple) else [str(said)]
    formula = str(extra.get("model", "")).replace("~", " ")
    if any(map(_SINGLES_OUT.search, (*words, formula))):
        fix = "Use variables that hold for many people, by name."
        yield refuse("The model has a regressor that could be true of one person.", fix)
        return
    yield from _levels(subject, words)


def _levels(subject: Subject, regressors: list[str]) -> Iterator[Because]:
    """The rarest level of each regressor, where the data was asked; a person where it was not."""
    known = subject.evidence.smallest if subject.evidence else {}
    few = [name for name in regressors if name in known and known[name] <= subject.policy.small_max]
    if few:
        yield refuse("A level of a regressor holds too few people.", "Merge its levels, or leave it out.")
    elif not all(name in known for name in regressors):
        fix = (
            "Declare `of`, and regressors that are columns of that extract; or attach their table of counts."
        )
        yield review("Whether every level of every regressor holds enough people is not shown.", fix)


RULE = Rule("models", "P10", _look)

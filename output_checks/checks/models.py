"""Models and tests with enough behind them.

Refuses ones with too few residual degrees of freedom or none declared, and ones with a regressor that is true for
chosen people only. Leaves to a person what a table of coefficients cannot show: how many people each level holds.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from output_checks.declare import Role
from output_checks.numerals import decimal
from output_checks.rule import Because, Rule, refuse, review
from output_checks.subject import Subject

_DF: Mapping[str, str] = {"correlation": "residual_df", "hypothesis_test": "df"}
_SINGLES_OUT = re.compile(r"==|!=|\bin\b|\bisin\b|%in%|[^<>]=[^=]|patient|pseudo|_id\b|\bid\b", re.IGNORECASE)
_MORE = "Fit a smaller model, or one of more people."


def _look(subject: Subject) -> Iterator[Because]:
    declaration = subject.declaration
    if declaration is None:
        return
    if declaration.kind in _DF:
        numbers = list(_numbers(subject, declaration.extra.get(_DF[declaration.kind])))
        if not numbers:
            yield refuse("The degrees of freedom are not said.", f"Declare `{_DF[declaration.kind]}`.")
        elif min(numbers) < subject.policy.df_min:
            yield refuse("There are too few degrees of freedom.", _MORE)
    if declaration.kind == "correlation":
        yield from _regressors(declaration.extra)
    if declaration.kind in ("clusters", "linked_table"):
        yield review("Only a person can judge this kind of statistic.", "Say in the context what is in it.")


def _numbers(subject: Subject, said: Any) -> Iterator[float]:
    """Degrees of freedom: a number, or the numbers of a column."""
    if isinstance(said, int | float) and not isinstance(said, bool):
        yield float(said)
    table = subject.table
    if isinstance(said, str) and table is not None and said in table.columns:
        values = [decimal(cell) for cell in table.column(said)]
        yield from (float(value) if value is not None else 0.0 for value in values)
    for column in subject.with_role(Role.DF):
        values = [decimal(cell) for cell in table.column(column.name)] if table else []
        yield from (float(value) for value in values if value is not None)


def _regressors(extra: Mapping[str, Any]) -> Iterator[Because]:
    said = extra.get("regressors", [])
    words = [str(each) for each in said] if isinstance(said, list | tuple) else [str(said)]
    formula = str(extra.get("model", "")).replace("~", " ")
    if any(map(_SINGLES_OUT.search, (*words, formula))):
        fix = "Use variables that hold for many people, by name."
        yield refuse("The model has a regressor that could be true of one person.", fix)
    else:
        fix = "Attach a table of the number of people at each level of each regressor."
        yield review("Whether every level of every regressor holds enough people is not shown.", fix)


RULE = Rule("models", "P10", _look)

"""What the data is asked about a declared table: which groups, and which numbers of each. The answer is evidence, not rows.

Refuses to ask about a statistic that cannot be recomputed, with what to declare instead. Nothing here reads data: whoever
holds it answers.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol

from output_checks.checks.positions import percentile_of
from output_checks.declare import Column, Declaration, Role
from output_checks.model import Evidence
from output_checks.subject import Subject


class Measure(StrEnum):
    """One number of a group of people."""

    PEOPLE = "people"
    WITH = "with"
    SUM = "sum"
    MEAN = "mean"
    SD = "sd"
    VARIANCE = "variance"
    SKEWNESS = "skewness"
    SKEWNESS_POP = "skewness_pop"
    KURTOSIS = "kurtosis"
    KURTOSIS_POP = "kurtosis_pop"
    COEFFICIENT = "coefficient"
    PERCENTILE = "percentile"
    LOWEST = "lowest"
    HIGHEST = "highest"
    MODE = "mode"
    GINI = "gini"
    CONCENTRATION = "concentration"
    AT_RISK = "at_risk"
    EVENTS = "events"


@dataclass(frozen=True)
class Asked:
    """One column of the file: what it measures, of which column of the data, and which percentile (0 to 100)."""

    column: str
    measure: Measure
    of: str = ""
    at: float = 0.0


@dataclass(frozen=True)
class Question:
    """The groups, row by row and as the file labels them, and what is asked of each.

    `value` is the summarised column, `event` the one that marks an event; `labels` are the file's own words in the
    columns of modes, and `times` the time of each row of a survival table. `outcome` is what least squares explain by the
    regressors, where a model says so, and `terms` the regressor of each row.
    """

    by: tuple[str, ...]
    groups: tuple[tuple[str, ...], ...]
    asked: tuple[Asked, ...]
    value: str = ""
    event: str = ""
    times: tuple[str, ...] = ()
    labels: Mapping[str, tuple[str, ...]] | None = None
    regressors: tuple[str, ...] = ()
    outcome: str = ""
    terms: tuple[str, ...] = ()


class DataRoom(Protocol):
    """Whoever holds the data that a table was made from."""

    def measure(self, question: Question) -> Evidence:
        """What the data says. Raises Unaskable where it holds no such columns or groups."""
        ...


class Unaskable(Exception):
    """A table about which the data cannot be asked: one sentence with what to do about it, and no value."""


_OF_VALUE: Mapping[Role, Measure] = {
    Role.SUM: Measure.SUM,
    Role.MEAN: Measure.MEAN,
    Role.SD: Measure.SD,
    Role.PERCENTILE: Measure.PERCENTILE,
    Role.MIN: Measure.LOWEST,
    Role.MAX: Measure.HIGHEST,
    Role.MODE: Measure.MODE,
}
_OF_KIND: Mapping[str, Measure] = {"gini": Measure.GINI, "concentration": Measure.CONCENTRATION}
_SHAPES: Mapping[str, Measure] = {
    "variance": Measure.VARIANCE,
    "skewness": Measure.SKEWNESS,
    "skewness_pop": Measure.SKEWNESS_POP,
    "kurtosis": Measure.KURTOSIS,
    "kurtosis_pop": Measure.KURTOSIS_POP,
}
"""Shapes by the name of their column: of a sample, as pandas and SAS estimate them, or of the people themselves (`_pop`)."""
_LEAST_SQUARES = re.compile(r"ols\(\s*(\w+)\s*~\s*(\w+(?:\s*\+\s*\w+)*)\s*\)", re.ASCII)
INTERCEPT = frozenset({"intercept", "(intercept)", "const", "constant", "_cons"})
"""What the constant of a model is called, in small letters."""
_STEPS: Mapping[Role, Measure] = {Role.AT_RISK: Measure.AT_RISK, Role.EVENTS: Measure.EVENTS}
_NEVER = frozenset({"linked_table", "clusters", "figure", "text", "hypothesis_test"})


def question_of(subject: Subject) -> Question:
    """What to ask about a table.

    Raises:
        Unaskable: it is no declared table, or its statistic cannot be recomputed.
    """
    table, declaration = subject.table, subject.declaration
    if table is None or declaration is None or declaration.kind in _NEVER:
        raise Unaskable("Only declared tables of groups are recomputed; declare `statistic`, `of` and `by`.")
    if not set(declaration.by) <= set(table.columns):
        raise Unaskable("Declare `by` as the file's own columns.")
    asked = tuple(each for column in subject.columns.values() for each in _asked(subject, column))
    regressors = declaration.extra.get("regressors") if declaration.kind == "correlation" else None
    outcome, terms = _least_squares(subject, declaration)
    if not asked and not regressors:
        raise Unaskable("Declare the role of each column, so that it can be recomputed.")
    by = _groups_by(declaration)
    columns = [table.column(name) for name in by]
    return Question(
        by=by,
        groups=tuple(zip(*columns, strict=True)) if columns else ((),) * len(table.rows),
        asked=asked,
        value=_word(declaration, "value"),
        event=_word(declaration, "event"),
        times=_times(subject, declaration),
        labels={each.column: table.column(each.column) for each in asked if each.measure is Measure.MODE},
        regressors=tuple(map(str, regressors)) if isinstance(regressors, list | tuple) else (),
        outcome=outcome,
        terms=terms,
    )


def _least_squares(subject: Subject, declaration: Declaration) -> tuple[str, tuple[str, ...]]:
    """What a model of the form `ols(outcome ~ one + other)` explains, and the term of each row; nothing of any other model."""
    table, dimensions = subject.table, subject.dimensions
    said = _LEAST_SQUARES.fullmatch(_word(declaration, "model").strip())
    regressors = declaration.extra.get("regressors")
    if said is None or table is None or len(dimensions) != 1 or not isinstance(regressors, list | tuple):
        return "", ()
    if sorted(re.split(r"\s*\+\s*", said[2])) != sorted(map(str, regressors)):
        return "", ()
    return said[1], table.column(dimensions[0])


def _word(declaration: Declaration, key: str) -> str:
    said = declaration.extra.get(key)
    return said if isinstance(said, str) else ""


def _groups_by(declaration: Declaration) -> tuple[str, ...]:
    """The dimensions that are columns of the data: the time of a survival table is not one."""
    times = {_word(declaration, "time"), *(n for n, c in declaration.columns.items() if c.role is Role.TIME)}
    return tuple(name for name in declaration.by if name not in times)


def _times(subject: Subject, declaration: Declaration) -> tuple[str, ...]:
    table = subject.table
    if declaration.kind != "survival" or table is None:
        return ()
    shown = [column.name for column in subject.with_role(Role.TIME)] or [_word(declaration, "time")]
    if shown[0] not in table.columns:
        raise Unaskable("Give the column of times the role `time`.")
    return table.column(shown[0])


def _asked(subject: Subject, column: Column) -> Iterator[Asked]:
    declaration = subject.declaration
    value = _word(declaration, "value") if declaration else ""
    kind = declaration.kind if declaration else ""
    match column.role:
        case Role.COUNT:
            yield Asked(column.name, Measure.WITH, column.name)
        case Role.N:
            yield Asked(column.name, Measure.PEOPLE, value)
        case Role.PERCENTILE:
            yield from _percentile(subject, column, value)
        case Role.COEFFICIENT if kind == "correlation":
            yield Asked(column.name, Measure.COEFFICIENT)
        case Role.VALUE if kind == "shape" and value and column.name.casefold() in _SHAPES:
            yield Asked(column.name, _SHAPES[column.name.casefold()], value)
        case Role.VALUE if kind in _OF_KIND:
            yield Asked(column.name, _OF_KIND[kind], value)
        case role if role in _OF_VALUE and value:
            yield Asked(column.name, _OF_VALUE[role], value)
        case role if role in _STEPS:
            yield Asked(column.name, _STEPS[role], _word(declaration, "time") if declaration else "")
        case _:
            return


def _percentile(subject: Subject, column: Column, value: str) -> Iterator[Asked]:
    which = percentile_of(subject, column)
    said = subject.declaration.extra.get("percentile") if subject.declaration else None
    one = column.percentile is not None or not isinstance(said, list | tuple) or len(said) == 1
    if which is not None and one:
        yield Asked(column.name, Measure.PERCENTILE, value, float(which))

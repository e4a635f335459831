"""Measures over many intervals in one pass: events meet a calendar by equality, not by being compared with every interval of it.

    events JOIN range(DATE '2020-01-01', ..., INTERVAL 1 MONTH) AS m(month)
        ON date >= m.month AND date < m.month + INTERVAL 1 MONTH
        AND date_trunc('month', date) = m.month                                   what is added here

What is added follows from what is there, wherever the calendar's days are the first days of months, quarters, years, weeks or
are every day: a date is in one such interval and no other. It refuses to add anything it cannot see to be so: intervals of
another length than the calendar's step, a calendar that begins elsewhere, and dates that are not a column of the scope.
"""

from collections.abc import Iterator, Mapping
from datetime import date
from typing import Any

from job_specs.sql.ir import (
    Call,
    Cast,
    Column,
    Constant,
    Cte,
    Derived,
    Expr,
    Join,
    Named,
    Parameter,
    Query,
    Relation,
    Select,
    Series,
    conjuncts,
    rewrite,
    walk,
)
from job_specs.sql.model import Scope

_DATES = frozenset({"DATE", "TIMESTAMP"})
_MONDAY, _FIRST_MONTHS = 0, (1, 4, 7, 10)
_STEPS: Mapping[tuple[str, str], str] = {
    ("to_days", "1"): "day",
    ("to_days", "7"): "week",
    ("to_weeks", "1"): "week",
    ("to_months", "1"): "month",
    ("to_months", "3"): "quarter",
    ("to_quarters", "1"): "quarter",
    ("to_months", "12"): "year",
    ("to_years", "1"): "year",
}


def in_one_pass(query: Query, scope: Scope, parameters: Mapping[str, Any]) -> Query:
    """The same question of the same answer, in which every join of dates with a calendar's intervals says the equality too.

    `parameters` are the values that it will be run with: a calendar may begin at one of them.
    """
    known = _Known(query, scope, parameters)
    conditions = [node.on for node in walk(query) if isinstance(node, Join)]
    conditions += [node.where for node in walk(query) if isinstance(node, Select)]
    said = {id(each): more for each in conditions if each is not None and (more := known.said(each))}
    return rewrite(query, lambda node: said.get(id(node))) if said else query


class _Known:
    """What is known of a resolved query's relations: each has an alias of its own in the whole of it."""

    def __init__(self, query: Query, scope: Scope, parameters: Mapping[str, Any]) -> None:
        nodes = list(walk(query))
        self._relations: dict[str, Relation] = {
            node.alias: node for node in nodes if isinstance(node, Named | Derived | Series)
        }
        ctes = [node for node in nodes if isinstance(node, Cte)]
        names = [cte.name for cte in ctes]
        self._ctes = {cte.name: cte.query for cte in ctes if names.count(cte.name) == 1}
        self._scope, self._parameters = scope, parameters

    def said(self, condition: Expr) -> Expr | None:
        """A condition with the equalities that follow from it; None where there is none that it does not say."""
        parts = tuple(conjuncts(condition))
        more = tuple(dict.fromkeys(each for each in self._equalities(parts) if each not in parts))
        return Call("and", (*parts, *more)) if more else None

    def _equalities(self, parts: tuple[Expr, ...]) -> Iterator[Expr]:
        begun = {pair for part in parts if (pair := _at_or_after(part))}
        for part in parts:
            ended = _before_the_next(part)
            if ended is not None and ended[:2] in begun:
                value, start, step = ended
                unit = self._unit(start)
                if unit is not None and unit == _unit_of(step) and self._is_date(value):
                    yield Call("=", (Call("date_trunc", (Constant("text", unit), value)), start))

    def _unit(self, start: Column) -> str | None:
        """What a calendar's days are the first days of."""
        series = self._origin(start)
        if not isinstance(series, Series) or len(series.args) != len(("start", "stop", "step")):
            return None
        begins, unit = self._day(series.args[0]), _unit_of(series.args[2])
        return unit if begins is not None and unit is not None and _is_first(begins, unit) else None

    def _is_date(self, value: Column) -> bool:
        table = self._origin(value)
        facts = self._scope.table(table.name) if isinstance(table, Named) and not table.common else None
        kinds = {each.name: each.type for each in facts.columns} if facts is not None else {}
        return kinds.get(self._name(value)) in _DATES

    def _origin(self, column: Column) -> Relation | None:
        return self._followed(column)[0]

    def _name(self, column: Column) -> str:
        return self._followed(column)[1]

    def _followed(self, column: Column) -> tuple[Relation | None, str]:
        """The table or series that a column is read from, through steps that only pass it on; and its name there."""
        relation = self._relations.get(column.source or "")
        inner = self._inner(relation)
        if not isinstance(inner, Select):
            return (relation if inner is None else None), column.name
        passed = [_plain(item.value) for item in inner.items if item.name == column.name]
        found = passed[0] if len(passed) == 1 else None
        return self._followed(found) if found is not None else (None, column.name)

    def _inner(self, relation: Relation | None) -> Query | None:
        if isinstance(relation, Derived):
            return relation.query
        return self._ctes.get(relation.name) if isinstance(relation, Named) and relation.common else None

    def _day(self, expr: Expr) -> date | None:
        if isinstance(expr, Parameter):
            value = self._parameters.get(expr.name)
            return value if type(value) is date else None
        match expr:
            case Cast(Constant("text", text), "DATE"):
                try:
                    return date.fromisoformat(text)
                except ValueError:
                    return None
        return None


def _plain(value: Expr) -> Column | None:
    """A column as it is, or as the day that it is."""
    inner = value.value if isinstance(value, Cast) and value.type == "DATE" else value
    return inner if isinstance(inner, Column) else None


def _at_or_after(part: Expr) -> tuple[Column, Column] | None:
    match part:
        case Call(">=", (Column() as value, Column() as start)) | Call(
            "<=", (Column() as start, Column() as value)
        ):
            return value, start
    return None


def _before_the_next(part: Expr) -> tuple[Column, Column, Expr] | None:
    match part:
        case Call("<", (Column() as value, Call("+", (Column() as start, step)))) | Call(
            ">", (Call("+", (Column() as start, step)), Column() as value)
        ):
            return value, start, step
    return None


def _unit_of(step: Expr) -> str | None:
    match step:
        case Call(name, (Constant("integer", number),)):
            return _STEPS.get((name, number))
    return None


def _is_first(day: date, unit: str) -> bool:
    """Whether a day is the first of a month, quarter, year or week, so that the days of its calendar all are."""
    return {
        "day": True,
        "week": day.weekday() == _MONDAY,
        "month": day.day == 1,
        "quarter": day.day == 1 and day.month in _FIRST_MONTHS,
        "year": (day.month, day.day) == (1, 1),
    }[unit]

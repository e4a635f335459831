"""What epidemiologists write every day, once: age at a date, age bands, the latest event before a date, and so on.

Each macro returns SQL text over names that its caller gives and values that stay bound parameters. Refuses arguments
that are not plain column or table names, or placeholders: a macro cannot carry SQL that its author did not see here.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Callable, Mapping
from typing import Any

from job_specs.placeholders import Bound

_COLUMN = re.compile(r"[a-z][a-z0-9_]{0,62}(?:\.[a-z][a-z0-9_]{0,62})?")


class Fragment(str):
    """SQL text that this package wrote."""

    __slots__ = ()


class MacroError(Exception):
    """A macro was given something that it does not take."""

    def __init__(self, written: object, fix: str) -> None:
        super().__init__(fix)
        self.written = str(written)
        self.fix = fix


def age_at(born: Any, when: Any) -> Fragment:
    """Completed years from birth to a date; give it the column of birth dates and the date."""
    return Fragment(f"date_sub('year', {_date(born)}, {_date(when)})")


def age_band(age: Any, lower_bounds: Any) -> Fragment:
    """Labels such as '18-39' and '80+' for an age and a list of lower bounds."""
    years = age if isinstance(age, Fragment) else _column(age)
    bounds = _whole_numbers(lower_bounds)
    arms = [f"WHEN {years} < {bounds[0]} THEN NULL"]
    for lower, upper in itertools.pairwise(bounds):
        label = str(lower) if upper - lower == 1 else f"{lower}-{upper - 1}"
        arms.append(f"WHEN {years} < {upper} THEN '{label}'")
    arms.append(f"WHEN {years} >= {bounds[-1]} THEN '{bounds[-1]}+'")  # an unknown age has no band
    return Fragment("CASE " + " ".join(arms) + " END")


def latest_before(table: str, date: str, when: Any, *, code: str = "", codes: Any = None) -> Fragment:
    """A subquery (patient_id, latest): each patient's last event strictly before a date.

    With `code` and `codes`, only events whose code is in a codelist.
    """
    where = f"{_column(date)} < {_date(when)}" + _in_codelist(code, codes)
    return _per_patient(f"max({_column(date)}) AS latest", table, where)


def count_between(
    table: str, date: str, start: Any, end: Any, *, code: str = "", codes: Any = None
) -> Fragment:
    """A subquery (patient_id, events): events from `start` up to, not including, `end`."""
    day = _column(date)
    where = f"{day} >= {_date(start)} AND {day} < {_date(end)}" + _in_codelist(code, codes)
    return _per_patient("count(*) AS events", table, where)


def registered_at(when: Any, table: str = "practice_registrations") -> Fragment:
    """A subquery (patient_id): patients with a registration that covers a date."""
    then = _date(when)
    covers = f"start_date <= {then} AND (end_date IS NULL OR end_date > {then})"
    return Fragment(" ".join(["(SELECT DISTINCT patient_id FROM", _name(table), "WHERE", covers + ")"]))


def follow_up_days(start: Any, end: Any, *censored_by: str) -> Fragment:
    """Days from `start` to the first of `end` and the columns that end it (death, leaving); never below 0."""
    columns = [f"coalesce({_column(c)}, {_date(end)})" for c in censored_by]
    last = f"least({', '.join([_date(end), *columns])})" if columns else _date(end)
    return Fragment(f"greatest(0, date_diff('day', {_date(start)}, {last}))")


def _per_patient(aggregate: str, table: str, where: str) -> Fragment:
    """One row per patient. Every part was checked by its own function; the whole is judged by the SQL guard."""
    words = ["(SELECT patient_id,", aggregate, "FROM", _name(table), "WHERE", where, "GROUP BY patient_id)"]
    return Fragment(" ".join(words))


def _column(name: Any) -> str:
    if isinstance(name, str) and _COLUMN.fullmatch(name):
        return str(name)
    raise MacroError(name, 'Give a column in quotes, such as "date_of_birth" or "p.date_of_birth".')


def _name(name: Any) -> str:
    column = _column(name)
    if "." in column:
        raise MacroError(name, 'Give a table in quotes, such as "clinical_events".')
    return column


def _date(value: Any) -> str:
    """A date: a bound parameter, cast so that the engine cannot mistake it, or a column."""
    return f"CAST({value} AS DATE)" if isinstance(value, Bound) else _column(value)


def _whole_numbers(value: Any) -> list[int]:
    """Numbers for labels: from a parameter or written in the template, rising."""
    items = value.value if isinstance(value, Bound) else value
    if (
        isinstance(items, tuple | list)
        and items
        and all(type(item) is int for item in items)
        and list(items) == sorted(set(items))
    ):
        return list(items)
    raise MacroError("age_band", "Give whole numbers that rise, such as [0, 18, 40, 65, 80].")


def _in_codelist(code: str, codes: Any) -> str:
    if not code and codes is None:
        return ""
    if not isinstance(codes, Fragment | Bound):
        raise MacroError("codes", 'Give both: code="snomedct_code", codes=codelist("diabetes").')
    return f" AND {_column(code)} IN {codes}"


def _library(*functions: Callable[..., Fragment]) -> Mapping[str, Callable[..., Fragment]]:
    for function in functions:
        function.tre_callable = True  # type: ignore[attr-defined]
    return {function.__name__: function for function in functions}


MACROS = _library(age_at, age_band, latest_before, count_between, registered_at, follow_up_days)
"""Every macro that a template may call, by name."""

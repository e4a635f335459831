"""A measure over many intervals is planned in one pass, and gives what the slow way gives: each date looked at against each interval."""

import random
from datetime import date, timedelta
from itertools import pairwise

import duckdb
import pytest

from job_specs.sql.guard import guard
from job_specs.sql.model import Units
from job_specs.sql.units import units
from tests.sql.sql_scope import SCOPE

FIRST = date(2021, 1, 1)
MONDAY = date(2021, 1, 4)
STEPS = {
    "day": ("INTERVAL 1 DAY", FIRST),
    "week": ("INTERVAL 7 DAY", MONDAY),
    "a week": ("INTERVAL 1 WEEK", MONDAY),
    "month": ("INTERVAL 1 MONTH", FIRST),
    "quarter": ("INTERVAL 3 MONTH", FIRST),
    "year": ("INTERVAL 1 YEAR", FIRST),
    "a year": ("INTERVAL 12 MONTH", FIRST),
}
JOINED = """
    SELECT m.starts, count(e.patient_id) AS n, count(DISTINCT e.patient_id) AS people
    FROM range(DATE '{start}', DATE '{stop}', {step}) AS m(starts) {kind} JOIN clinical_events AS e
        ON e.date >= m.starts AND e.date < m.starts + {step}
    GROUP BY m.starts
"""
STEPPED = """
    WITH calendar AS (SELECT m.day::DATE AS starts FROM range($start, DATE '{stop}', {step}) AS m(day)),
        later AS (SELECT starts FROM calendar WHERE starts > DATE '2021-01-10')
    SELECT c.starts, count(*) AS n FROM later AS c
    JOIN (SELECT patient_id, date AS happened FROM clinical_events) AS e
        ON c.starts <= e.happened AND c.starts + {step} > e.happened
    GROUP BY c.starts
"""
COMMA = """
    SELECT m.starts, count(*) AS n FROM clinical_events AS e, generate_series(DATE '{start}', DATE '{stop}', {step}) AS m(starts)
    WHERE e.date >= m.starts AND e.date < m.starts + {step} AND e.date > DATE '2021-02-02' GROUP BY m.starts
"""


def events(seed: int) -> list[tuple[int, date | str | None]]:
    """Dates around every edge, none at all, and those without end."""
    chance = random.Random(seed)  # noqa: S311 - test data
    edges = [date(2021, month, 1) + timedelta(days=off) for month in range(1, 13) for off in (-1, 0, 1)]
    anywhere = [FIRST + timedelta(days=chance.randrange(-400, 900)) for _ in range(400)]
    return [
        (chance.randrange(50), day)
        for day in [*edges, *anywhere, None, "infinity", "-infinity", date(2020, 2, 29)]
    ]


@pytest.fixture(scope="module")
def database():
    with duckdb.connect(":memory:") as connection:
        connection.execute("CREATE TABLE clinical_events (patient_id VARCHAR, date DATE)")
        connection.executemany("INSERT INTO clinical_events VALUES (?, ?)", events(7))
        yield connection


def slowly(sql: str) -> str:
    """The guarded text as it would be with nothing planned."""
    start = sql.index(" AND (date_trunc(")
    depth, place = 0, start + len(" AND ")
    while True:
        depth += {"(": 1, ")": -1}.get(sql[place], 0)
        place += 1
        if depth == 0:
            return sql[:start] + sql[place:]


def planned(text: str, name: str, *, kind: str = "", stop: date = date(2023, 12, 1)):
    step, start = STEPS[name]
    return guard(
        text.format(start=start, stop=stop, step=step, kind=kind),
        SCOPE,
        parameters={"start": start} if "$start" in text else {},
    )


@pytest.mark.parametrize("text", [JOINED, STEPPED, COMMA], ids=["joined", "through steps", "with a comma"])
@pytest.mark.parametrize("name", STEPS)
def test_what_is_planned_gives_what_the_slow_way_gives(database, name, text):
    guarded = planned(text, name)
    assert f"date_trunc('{name.removeprefix('a ')}'" in guarded.sql
    given = dict(guarded.parameters) or None
    fast, slow = (
        sorted(database.execute(sql, given).fetchall()) for sql in (guarded.sql, slowly(guarded.sql))
    )
    assert fast == slow
    assert len(fast) > 1


@pytest.mark.parametrize("kind", ["INNER", "LEFT", "RIGHT", "FULL"])
def test_rows_that_meet_nothing_stay_as_they_were(database, kind):
    guarded = planned(JOINED, "month", kind=kind, stop=date(2024, 1, 1))
    fast, slow = (
        sorted(map(str, database.execute(sql).fetchall())) for sql in (guarded.sql, slowly(guarded.sql))
    )
    assert fast == slow


def test_every_date_of_years_is_in_the_interval_that_it_says(database):
    """The slow way by hand, in Python."""
    for name, (_, start) in STEPS.items():
        found = {row[0].date(): row[1] for row in database.execute(planned(JOINED, name).sql).fetchall()}
        days = [day for _, day in events(7) if isinstance(day, date)]
        assert min(found) >= start
        for begins, ends in pairwise(sorted(found)):
            assert found[begins] == sum(begins <= day < ends for day in days), (name, begins)


@pytest.mark.parametrize(
    "text",
    [
        JOINED.format(start="2021-01-02", stop="2022-01-01", step="INTERVAL 1 MONTH", kind=""),
        JOINED.format(start="2021-01-05", stop="2022-01-01", step="INTERVAL 7 DAY", kind=""),
        JOINED.format(start="2021-02-01", stop="2022-01-01", step="INTERVAL 3 MONTH", kind=""),
        JOINED.format(start="2021-02-01", stop="2022-01-01", step="INTERVAL 1 YEAR", kind=""),
        JOINED.format(start="2021-01-01", stop="2022-01-01", step="INTERVAL 2 MONTH", kind=""),
        JOINED.format(start="2021-01-01", stop="2022-01-01", step="INTERVAL 1 MONTH", kind="").replace(
            "m.starts + INTERVAL 1 MONTH", "m.starts + INTERVAL 2 MONTH"
        ),
        JOINED.format(start="2021-01-01", stop="2022-01-01", step="INTERVAL 1 MONTH", kind="").replace(
            "e.date <", "e.date <="
        ),
        JOINED.format(start="2021-01-01", stop="2022-01-01", step="INTERVAL 1 MONTH", kind="").replace(
            "e.date >= m.starts AND", "e.date > m.starts AND"
        ),
    ],
    ids=[
        "begins elsewhere",
        "not a Monday",
        "not a quarter",
        "not a year",
        "two months",
        "overlapping",
        "closed",
        "open",
    ],
)
def test_nothing_is_added_that_does_not_follow(text):
    assert "date_trunc" not in guard(text, SCOPE).sql


def test_what_was_planned_is_planned_no_further_and_people_are_still_counted():
    guarded = planned(JOINED, "month")
    assert guard(guarded.sql, SCOPE).sql == guarded.sql
    counted = units(guarded, SCOPE)
    assert isinstance(counted, Units)
    assert "date_trunc('month'" in counted.sql

"""Promises: a row of few people is counted exactly and a row of many never above what it is, however the engine knows [P10]."""

import json
from collections import Counter
from dataclasses import asdict, replace
from uuid import UUID

import duckdb
import pytest

from job_specs.sql.guard import guard
from job_specs.sql.model import Scope, Units
from job_specs.sql.units import units
from output_checks.ledger import Listed, Question
from output_checks.policy import load_policy
from tests.data.test_data_engine import store_pseudonyms
from tre.data.catalogue import scope
from tre.data.engine.listing import Listing, keep_lines
from tre.data.extract import CLEAR, RELEASED, Counting, largest, read_units
from tre.data.pseudonyms import study_key, study_pseudonym
from tre.data.released import differences
from tre.data.room import _table_fact

APPROVED = {
    "patients": ["sex", "region", "imd_quintile"],
    "clinical_events": ["date", "snomedct_code", "numeric_value"],
}
EVENTS = {
    "many people": "SELECT p.sex, count(*) AS n FROM clinical_events e JOIN patients p USING (patient_id) WHERE p.sex IN ('female', 'male') GROUP BY p.sex",
    "few and many": "SELECT year(date) AS y, imd_quintile AS q, region, count(*) AS n FROM clinical_events JOIN patients USING (patient_id) GROUP BY ALL",
    "in an order, cut": "SELECT year(date) AS y, count(*) AS n FROM clinical_events GROUP BY y HAVING count(*) > 5 ORDER BY count(DISTINCT patient_id) DESC, y LIMIT 12",
    "no dimension": "SELECT count(*) AS n, avg(numeric_value) AS m FROM clinical_events WHERE numeric_value > 0",
    "totals": "SELECT year(date) AS y, region, count(*) AS n FROM clinical_events JOIN patients USING (patient_id) GROUP BY ROLLUP (y, region)",
    "twice the same dimensions": "SELECT 'all' AS what, count(*) AS n FROM clinical_events UNION ALL SELECT 'all', count(*) FROM clinical_events WHERE numeric_value > 0",
    "years without anybody": "SELECT y.y, count(e.patient_id) AS n FROM range(1950, 2030) y(y) LEFT JOIN clinical_events e ON year(e.date) = y.y GROUP BY y.y",
    "a rate": "SELECT region, avg(CASE WHEN numeric_value > 70 THEN 1 ELSE 0 END) AS r, count(*) AS n FROM clinical_events JOIN patients USING (patient_id) GROUP BY region",
}


@pytest.fixture(scope="module")
def approved(catalogue) -> Scope:
    return Scope(tuple(_table_fact(table) for table in scope(catalogue, APPROVED)))


@pytest.fixture
def count(ask, approved):
    """Ask one aggregate with everything that counts its people, or with some of it changed."""

    def counted(sql: str, **changed: str):
        guarded = guard(sql, approved)
        found = units(guarded, approved)
        assert isinstance(found, Units)
        roles = {column.name: column.role for column in found.columns}
        queries = Counting(found.sql, found.bound, found.narrow, found.shares)
        answer = ask(
            guarded.sql,
            tables=APPROVED,
            columns=list(roles),
            roles=roles,
            counting=replace(queries, **changed),
            apart=False,
        )
        assert answer.report["status"] == "ok", answer.report
        rows = answer.rows("answer.csv")
        return rows, read_units((answer.out / "units.json").read_bytes(), roles, rows=len(rows)), queries

    return counted


@pytest.mark.parametrize("sql", EVENTS.values(), ids=EVENTS.keys())
def test_few_people_are_counted_exactly_and_many_never_too_high(count, sql):
    rows, found, queries = count(sql)
    assert queries.bound
    exact_rows, exact, _ = count(sql, bound="", narrow="")
    assert [pytest.approx(row) if "avg" in sql else row for row in exact_rows] == rows
    for people, truly in zip(found.people, exact.people, strict=True):
        assert people == truly or CLEAR <= people < truly


def test_most_rows_are_proved_without_a_count(count):
    _, found, queries = count(EVENTS["many people"], units="SELECT never read", narrow="SELECT never read")
    assert queries.bound
    assert all(people >= CLEAR for people in found.people)


def test_a_few_unclear_rows_are_counted_alone(count):
    _, found, _ = count(EVENTS["few and many"], units="SELECT never read")
    assert any(people < CLEAR for people in found.people)


@pytest.mark.parametrize(
    "bound",
    [
        "SELECT 2000 AS y, 1000000 AS tre_people WHERE false",
        "SELECT year(date) AS y, 0 AS tre_people FROM clinical_events",
    ],
)
def test_a_bound_that_says_nothing_or_says_it_twice_proves_nothing(count, bound):
    sql = "SELECT year(date) AS y, count(*) AS n FROM clinical_events GROUP BY y"
    _, exact, _ = count(sql, bound="", narrow="")
    for narrow in ("", "SELECT year(date) AS y, 5 AS tre_people FROM clinical_events"):
        _, found, _ = count(sql, bound=bound, narrow=narrow)
        assert found.people == exact.people


def test_the_largest_share_of_a_sum_over_events_is_known_and_never_too_low(count, ask):
    sql = "SELECT year(date) AS y, sum(numeric_value) AS s, count(*) AS n FROM clinical_events GROUP BY y"
    rows, found, queries = count(sql)
    assert queries.shares
    shares = dict(largest(found))["s"]
    truly = """
        SELECT y, max(s) / nullif(sum(s), 0) AS one, list_sum(max(s, 2)) / nullif(sum(s), 0) AS two FROM (
            SELECT year(date) AS y, patient_id, sum(abs(numeric_value)) AS s FROM clinical_events GROUP BY ALL) GROUP BY y"""
    answer = ask(truly, tables=APPROVED, columns=["y", "one", "two"], output="truly.csv", apart=False)
    true = [tuple(row[1:]) for row in answer.rows("truly.csv")]
    assert len(rows) == len(true)
    for (one, two), (first, both) in zip(shares, true, strict=True):
        assert one >= (first or 0) - 1e-9
        assert two >= (both or 0) - 1e-9
    assert min(one for one, _ in shares) < 0.05
    assert all(one <= (first or 0) + 0.05 for (one, _), (first, _) in zip(shares, true, strict=True))


def test_a_sum_whose_shares_are_not_found_again_is_taken_for_one_persons(count):
    sql = "SELECT year(date) AS y, sum(numeric_value) AS s FROM clinical_events GROUP BY y"
    nothing = "SELECT 1 AS y, 0.1 AS s__top1, 0.2 AS s__top2 WHERE false"
    _, found, _ = count(sql, shares=nothing)
    assert set(dict(largest(found))["s"]) == {(1.0, 1.0)}


@pytest.mark.parametrize("which", ["bound", "narrow", "shares"])
def test_every_query_that_is_run_is_read_first(ask, which):
    queries = Counting(
        "SELECT sex, count(*) AS n, 0 AS tre_people FROM patients GROUP BY sex",
        bound="SELECT sex, 0 AS tre_people FROM patients GROUP BY sex",
        narrow="SELECT sex, 30 AS tre_people FROM patients GROUP BY sex",
    )
    beyond = "SELECT 'x' AS sex, max(ethnicity) AS tre_people FROM store_0.main.patients"
    answer = ask(
        "SELECT sex, count(*) AS n FROM patients GROUP BY sex",
        tables={"patients": ["sex"]},
        columns=["sex", "n"],
        roles={"sex": "dimension", "n": "count_rows"},
        counting=Counting(**(asdict(queries) | {which: beyond})),
    )
    assert answer.report["status"] == "refused"
    assert not (answer.out / "units.json").exists()


LISTED = "SELECT year(date) AS y, region, count(*) AS n FROM clinical_events JOIN patients USING (patient_id) GROUP BY ALL"


def listed(ask, approved, studies, sql, *, members="", **change):
    """A table, asked for with who is behind each of its rows; or with another query in the place of that one."""
    guarded = guard(sql, approved)
    found = units(guarded, approved)
    assert isinstance(found, Units)
    roles = {column.name: column.role for column in found.columns}
    queries = Counting(found.sql, found.bound, found.narrow, found.shares, members or found.members)
    return ask(
        guarded.sql,
        tables=APPROVED,
        columns=list(roles),
        roles=roles,
        counting=queries,
        apart=False,
        studies=studies,
        change=change,
    )


PEOPLE_LISTED = {
    "rows are events": LISTED,
    "rows are people": "SELECT sex, region, count(*) AS n FROM patients GROUP BY sex, region",
    "everybody many times in a row": "SELECT sex, count(*) AS n FROM clinical_events JOIN patients USING (patient_id) GROUP BY sex",
    "no dimension": "SELECT count(*) AS n FROM clinical_events",
    "cut": EVENTS["in an order, cut"],
    "rows without anybody": EVENTS["years without anybody"].replace(
        "count(e.patient_id)", "count(DISTINCT e.patient_id)"
    ),
    "dimensions of many types, one called as a place is, one with nothing in it": (
        "SELECT date_trunc('month', date) AS place, floor(numeric_value / 10) * 10 AS lines, (year(date) / 10)::DECIMAL(9, 1) AS d, numeric_value > 70 AS b, "
        "nullif(region, region) AS x, count(*) AS n FROM clinical_events JOIN patients USING (patient_id) GROUP BY ALL"
    ),
}


@pytest.mark.parametrize("sql", PEOPLE_LISTED.values(), ids=PEOPLE_LISTED.keys())
def test_each_person_behind_each_row_is_listed_once_under_a_pseudonym_used_for_nothing_else(
    ask, approved, studies, sql, store
):
    answer = listed(ask, approved, studies, sql)
    assert answer.report["listed"] is True
    lines = answer.rows("members.parquet")
    assert lines == sorted(lines, key=lambda line: (line[1], line[0]))
    assert len(set(lines)) == len(lines)
    people = json.loads((answer.out / "units.json").read_text())["people"]
    counted = Counter(place for place, _ in lines)
    assert all(counted[row] == n or (n >= CLEAR and counted[row] > n) for row, n in enumerate(people))
    key = study_key(studies, RELEASED)
    assert {member for _, member in lines} <= {
        UUID(study_pseudonym(key, person)) for person in store_pseudonyms(store)
    }


def test_a_list_that_has_no_room_is_no_list_and_what_has_none_is_compared_with_nothing(
    ask, approved, studies, monkeypatch
):
    """Fails closed: the answer stands, and nobody may say that it is safe beside what left before."""
    monkeypatch.setattr(Listing, "hold", _no_room)
    answer = listed(ask, approved, studies, LISTED)
    assert (answer.report["status"], answer.report["listed"]) == ("ok", False)
    unlisted = Listed("new", (answer.out / "members.parquet").read_bytes(), Question(), frozenset({0}))
    assert unlisted.members == b""
    assert differences(unlisted, (), load_policy()) is None


@pytest.mark.parametrize(
    "members",
    [
        "SELECT region, patient_id AS tre_patient FROM patients WHERE sex = 'female'",
        "SELECT upper(region) AS region, patient_id AS tre_patient FROM patients",
        "SELECT region, patient_id AS tre_patient FROM patients WHERE false",
    ],
)
def test_a_list_that_is_short_of_people_who_were_counted_is_no_list(ask, approved, studies, members):
    """Somebody who is missing would not be seen to be singled out. The whole list passes."""
    sql = "SELECT region, count(*) AS n FROM patients GROUP BY region"
    whole = "SELECT region, patient_id AS tre_patient FROM patients"
    assert listed(ask, approved, studies, sql, members=whole).report["listed"] is True
    answer = listed(ask, approved, studies, sql, members=members)
    assert (answer.report["status"], answer.report["listed"]) == ("ok", False)
    assert (answer.out / "members.parquet").read_bytes() == b""


def test_the_query_of_who_is_behind_rows_is_read_first_as_every_other(ask, approved, studies):
    beyond = "SELECT region, patient_id AS tre_patient FROM store_0.main.patients WHERE ethnicity <> ''"
    sql = "SELECT region, count(*) AS n FROM patients GROUP BY region"
    answer = listed(ask, approved, studies, sql, members=beyond)
    assert answer.report["status"] == "refused"
    assert not (answer.out / "members.parquet").exists()


@pytest.mark.parametrize("given", [[1, 1, 2, 5, 5, 5], [5, 1, 5, 2, 1, 1, 5], [], [3]])
def test_each_line_stays_once_even_where_lines_do_not_come_in_order(given):
    with duckdb.connect(":memory:") as writer:
        writer.execute("CREATE TABLE given AS SELECT unnest(?::BIGINT[]) AS tre_line", [given])
        keep_lines(writer, "given")
        kept = [line for (line,) in writer.execute("SELECT tre_line FROM lines ORDER BY 1").fetchall()]
    assert kept == sorted(set(given))


def _no_room(_listing):
    raise duckdb.OutOfMemoryException

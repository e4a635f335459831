"""Promises: the people behind a cell are counted as people, never as rows, and doubt is never called proof [P9] [P10]."""

from datetime import date
from typing import Any

import duckdb
import pytest

from job_specs.sql.guard import guard
from job_specs.sql.model import ColumnFact, NotProved, Scope, TableFact, Units
from job_specs.sql.units import units

SCOPE = Scope(
    (
        TableFact(
            "patients",
            (
                ColumnFact("patient_id", "BIGINT", dimension=False),
                ColumnFact("sex", "VARCHAR"),
                ColumnFact("hiv", "BOOLEAN"),
                ColumnFact("born", "DATE"),
                ColumnFact("pay", "DOUBLE", dimension=False),
            ),
            rows_are="patients",
        ),
        TableFact(
            "events",
            (
                ColumnFact("patient_id", "BIGINT", dimension=False),
                ColumnFact("day", "DATE"),
                ColumnFact("code", "VARCHAR"),
                ColumnFact("value", "DOUBLE", dimension=False),
            ),
        ),
        TableFact("regions", (ColumnFact("region", "VARCHAR"), ColumnFact("label", "VARCHAR")), patient=None),
    )
)


def counted(sql: str) -> Units:
    found = units(guard(sql, SCOPE), SCOPE)
    assert isinstance(found, Units), found
    return found


def doubt(sql: str) -> NotProved:
    found = units(guard(sql, SCOPE), SCOPE)
    assert isinstance(found, NotProved), found
    return found


def ask(
    sql: str, patients: list[tuple[Any, ...]], events: list[tuple[Any, ...]] = ()
) -> list[dict[str, Any]]:  # type: ignore[assignment]
    with duckdb.connect(":memory:") as connection:
        connection.execute(
            "CREATE TABLE patients (patient_id BIGINT, sex VARCHAR, hiv BOOLEAN, born DATE, pay DOUBLE)"
        )
        connection.execute("CREATE TABLE events (patient_id BIGINT, day DATE, code VARCHAR, value DOUBLE)")
        connection.execute("CREATE TABLE regions (region VARCHAR, label VARCHAR)")
        connection.executemany("INSERT INTO patients VALUES (?, ?, ?, ?, ?)", patients)
        if events:
            connection.executemany("INSERT INTO events VALUES (?, ?, ?, ?)", events)
        cursor = connection.execute(sql)
        names = [column[0] for column in cursor.description or ()]
        return [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]


def crowd(size: int, **of_the_first: Any) -> list[tuple[Any, ...]]:
    """People who are all alike, but for the first."""
    usual: dict[str, Any] = {"sex": "f", "hiv": False, "born": date(1960, 1, 1), "pay": 10.0}
    return [(i, *({**usual, **(of_the_first if i == 0 else {})}).values()) for i in range(size)]


def roles(found: Units | NotProved) -> dict[str, str]:
    return {column.name: column.role for column in found.columns}


def different(number: int) -> list[tuple[Any, ...]]:
    """One of many people who are not alike."""
    sex, born, pay = "fm"[number % 2], date(1930 + number % 60, 1, 1), 20.0 + number
    return [(number, *crowd(1, sex=sex, born=born, pay=pay)[0][1:])]


DAY = date(2020, 1, 1)


REPEATED = [
    "patients p JOIN (VALUES (1), (2), (3), (4), (5), (6), (7), (8), (9), (10), (11), (12)) v(x) ON true",
    "patients p, range(100) r",
    "patients p CROSS JOIN generate_series(1, 50) g",
    "(SELECT patient_id, sex FROM patients UNION ALL SELECT patient_id, sex FROM patients UNION ALL SELECT patient_id, sex FROM patients) p",
    "(SELECT p.sex FROM patients p JOIN range(5) r ON true) p",
    # rows of nobody move what a count is rounded from
    "(SELECT sex FROM patients UNION ALL SELECT 'f' FROM range(100)) p",
    "patients p FULL JOIN range(100) r(k) ON r.k < 0",
    # a lookup without repeats is matched many times where its key is tied to another multiplied relation
    "patients p JOIN range(9) a(k) ON a.k >= 0 JOIN (VALUES (1), (2), (3), (4)) b(k) ON b.k = a.k",
    "patients p JOIN events e ON e.patient_id = p.patient_id JOIN events f ON f.patient_id = p.patient_id",
    "(SELECT p.patient_id, p.sex, r.i FROM patients p JOIN range(5) r(i) ON true GROUP BY ALL) p",
    "(SELECT p.patient_id, p.sex FROM patients p GROUP BY GROUPING SETS ((p.patient_id, p.sex), (p.patient_id, p.sex), (p.patient_id, p.sex))) p",
    "patients p FULL JOIN patients q ON p.patient_id = q.patient_id AND p.sex <> p.sex",
    "(SELECT p.patient_id, p.sex FROM patients p LEFT JOIN range(5) r ON true) p",
]
RECORDS = [
    "patients p JOIN events e ON e.patient_id = p.patient_id",
    "events e LEFT JOIN patients p ON e.patient_id = p.patient_id",
    "(SELECT p.patient_id, p.sex, e.code FROM patients p JOIN events e USING (patient_id)) p",
    "(SELECT p.patient_id, p.sex, e.code FROM patients p JOIN events e USING (patient_id) GROUP BY ALL) p",
    "patients p JOIN events e USING (patient_id) JOIN (VALUES ('c', 'a code'), ('d', 'another')) v(code, label) ON v.code = e.code",
    "patients p JOIN events e USING (patient_id) CROSS JOIN (SELECT count(*) AS one FROM range(3)) single",
]


@pytest.mark.parametrize("rows", [*REPEATED, *RECORDS])
def test_multiplying_rows_multiplies_no_people(rows: str) -> None:
    found = counted(f"SELECT p.sex, count(*) AS n FROM {rows} GROUP BY p.sex")  # noqa: S608
    row = next(
        each
        for each in ask(found.sql, crowd(3), [(i % 3, DAY, "c", 1.0) for i in range(60)])
        if each["tre_people"]
    )
    assert row["n"] >= 3
    assert row["tre_people"] == 3


@pytest.mark.parametrize("rows", REPEATED)
def test_rows_that_a_query_makes_are_not_counted_as_records(rows: str) -> None:
    """Five rows of each person, rounded to fives, would be the exact number of people [P10]."""
    found = counted(f"SELECT p.sex, count(*) AS n FROM {rows} GROUP BY p.sex")  # noqa: S608
    assert roles(found)["n"] == "other"


@pytest.mark.parametrize("rows", RECORDS)
def test_records_are_counted_whoever_else_is_asked_about_them(rows: str) -> None:
    found = counted(f"SELECT p.sex, count(*) AS n FROM {rows} GROUP BY p.sex")  # noqa: S608
    assert roles(found)["n"] == "count_rows"


@pytest.mark.parametrize(
    ("sql", "role"),
    [
        # a row of the calendar for each group: nobody's record stands twice in one
        ("SELECT c.k, count(*) AS n FROM patients p JOIN range(1900, 2020) c(k) ON year(p.born) <= c.k GROUP BY c.k", "count_rows"),
        ("SELECT c.k % 1 AS k, count(*) AS n FROM patients p JOIN range(5) c(k) ON true GROUP BY 1", "other"),
        ("SELECT c.k, count(*) AS n FROM patients p JOIN (VALUES (1), (1), (1), (1), (1)) c(k) ON true GROUP BY c.k", "other"),
        ("SELECT c.k, count(*) AS n FROM patients p JOIN range(5) c(k) ON true GROUP BY ROLLUP (c.k)", "other"),
        ("SELECT c.k, count(*) AS n FROM range(5) c(k) LEFT JOIN patients p ON year(p.born) = c.k GROUP BY c.k", "other"),
        ("SELECT c.k, count(p.sex) AS n FROM range(5) c(k) LEFT JOIN patients p ON year(p.born) = c.k GROUP BY c.k", "count_rows"),
        ("SELECT c.k, count(c.k) AS n FROM range(5) c(k) LEFT JOIN patients p ON year(p.born) = c.k GROUP BY c.k", "other"),
        ("SELECT c.k, count(DISTINCT p.patient_id) AS n FROM range(5) c(k) LEFT JOIN patients p ON year(p.born) = c.k GROUP BY c.k", "count_people"),
        ("SELECT sex, sum(5) AS n FROM patients GROUP BY sex", "other"),
        ("SELECT sex, avg(5) AS n FROM patients GROUP BY sex", "other"),
    ],
)  # fmt: skip
def test_a_count_is_of_records_where_nothing_repeats_them_in_its_group(sql: str, role: str) -> None:
    assert roles(counted(sql))["n"] == role


@pytest.mark.parametrize(
    "cell",
    [
        "sum(pay) FILTER (WHERE born = DATE '1950-01-01')",
        "sum(CASE WHEN born = DATE '1950-01-01' THEN pay ELSE 0 END)",
        "sum(CASE WHEN born = DATE '1950-01-01' THEN pay END)",
        "sum(pay * (born = DATE '1950-01-01')::INT)",
        "avg((hiv)::INT)",
        "avg(CASE WHEN hiv THEN 1 ELSE 0 END)",
        "avg(CASE WHEN hiv THEN 1.0 ELSE 0.0 END)",
        "1.0 * count(*) FILTER (WHERE hiv) / count(*)",
        "1.0 * count_if(hiv) / count(*)",
        "1.0 * count(CASE WHEN hiv THEN 1 END) / count(*)",
        "1.0 * count(DISTINCT CASE WHEN hiv THEN patient_id END) / count(*)",
        "1.0 * count(*) FILTER (WHERE NOT hiv) / count(*)",
        "avg((NOT hiv)::INT)",
        "sum(CASE WHEN hiv THEN 1 ELSE 0 END) / count(*)",
        "median(CASE WHEN hiv THEN pay END)",
        "stddev(pay) FILTER (WHERE hiv)",
        "corr(CASE WHEN hiv THEN pay END, pay)",
        # constants around one person's value
        "avg(CASE WHEN hiv THEN 2 ELSE 1 END)",
        "sum(CASE WHEN hiv THEN 2 ELSE 1 END)",
        "sum(CASE WHEN hiv THEN pay ELSE 1 END)",
        "sum(CASE WHEN hiv THEN 2 ELSE 1 END) / count(*)",
        "avg(coalesce(CASE WHEN hiv THEN pay END, 7))",
        "avg(1 - hiv::INT)",
        "sum(2 - hiv::INT)",
        "avg(-(2 - hiv::INT))",
        "avg(abs(hiv::INT - 3))",
        "avg((hiv::INT - 3) ** 2)",
        "avg(exp(hiv::INT))",
        "avg(pay * hiv::INT + 1)",
        "avg(greatest(hiv::INT, 0.5))",
        "avg(nullif(2 - hiv::INT, 0))",
        "avg(1 + (NOT hiv)::INT)",
        "avg(year(CASE WHEN hiv THEN DATE '2002-01-01' ELSE DATE '2001-01-01' END))",
        "avg(date_diff('day', DATE '2000-01-01', CASE WHEN hiv THEN DATE '2000-01-03' ELSE DATE '2000-01-02' END))",
        "median(CASE WHEN born < DATE '1950-01-01' THEN 0 WHEN born > DATE '1950-01-01' THEN 1000 ELSE pay END)",
    ],
)
def test_a_cell_that_is_about_one_person_is_seen_in_a_crowd(cell: str) -> None:
    sql = f"SELECT sex, count(*) AS n, {cell} AS v FROM patients GROUP BY sex"  # noqa: S608
    found = counted(sql)
    (row,) = ask(found.sql, crowd(100, hiv=True, born=date(1950, 1, 1), pay=99.0))
    assert row["n"] == 100
    assert row["v__people"] == 1
    assert row["tre_people"] == 1


FLAG = "SELECT patient_id, sex, CASE WHEN hiv THEN 0 ELSE 1 END AS v FROM patients"
SCORES = "SELECT patient_id, sex, CASE WHEN hiv THEN 2 ELSE 1 END AS v FROM patients"


def test_a_flag_made_in_a_step_before_tells_of_those_without_it_too() -> None:
    found = counted(f"WITH f AS ({FLAG}) SELECT sex, count(*) AS n, avg(v) AS m FROM f GROUP BY sex")  # noqa: S608
    (row,) = ask(found.sql, crowd(100, hiv=True))
    assert (row["m"], row["tre_people"]) == (0.99, 1)


@pytest.mark.parametrize(
    "sql",
    [
        f"SELECT sex, avg(v) AS m FROM ({SCORES}) GROUP BY sex",  # noqa: S608
        "SELECT sex, avg(v) AS m FROM (SELECT patient_id, sex, 2 - hiv::INT AS v FROM patients) GROUP BY sex",
        "SELECT sex, avg(v) AS m FROM (SELECT patient_id, sex, 2 AS v FROM patients WHERE hiv UNION ALL SELECT patient_id, sex, 1 AS v FROM patients WHERE NOT hiv) GROUP BY sex",
        "SELECT p.sex, avg(s.v) AS m FROM patients p JOIN (VALUES (1, 1), (2, 2)) s(k, v) ON (p.hiv AND s.k = 2) OR (NOT p.hiv AND s.k = 1) GROUP BY p.sex",
        "SELECT p.sex, avg(r.range) AS m FROM patients p JOIN range(1, 3) r ON (p.hiv AND r.range = 2) OR (NOT p.hiv AND r.range = 1) GROUP BY p.sex",
        "SELECT sex, avg(m) AS m FROM (SELECT patient_id, sex, max(CASE WHEN hiv THEN 2 ELSE 1 END) AS m FROM patients GROUP BY patient_id, sex) GROUP BY sex",
        "SELECT sex, avg((SELECT CASE WHEN p.hiv THEN 2 ELSE 1 END)) AS m FROM patients p GROUP BY sex",
        "SELECT p.sex, avg(l.v) AS m FROM patients p, LATERAL (SELECT CASE WHEN p.hiv THEN 2 ELSE 1 END AS v) l GROUP BY p.sex",
        "SELECT sex, avg(length(regexp_replace(born::VARCHAR, '1950-01-01', 'x'))) AS m FROM patients GROUP BY sex",
        "SELECT sex, sum((born > DATE '1950-01-01')::INT + (born < DATE '1950-01-01')::INT) AS m FROM patients GROUP BY sex",
        "SELECT sex, avg(1 + 1 // (1 + abs(date_diff('day', born, DATE '1950-01-01')))) AS m FROM patients GROUP BY sex",
        "SELECT sex, avg(year(born + to_days(400 * hiv::INT))) AS m FROM patients GROUP BY sex",
        "SELECT sex, avg(date_part('day', make_date(2020, 1, 1 + hiv::INT))) AS m FROM patients GROUP BY sex",
        "SELECT sex, avg(ln(hiv::INT + 2)) AS m FROM patients GROUP BY sex",
        "SELECT sex, avg(2 ** (hiv::INT)) AS m FROM patients GROUP BY sex",
        "SELECT sex, median(date_diff('day', DATE '1950-01-01', born) * 1000000 + pay) AS m FROM patients GROUP BY sex",
        "SELECT sex, median(pay + 1000 * (born > DATE '1950-01-01')::INT) AS m FROM patients GROUP BY sex",
    ],
)
def test_a_number_whose_choices_cannot_be_counted_any_more_cannot_be_judged(sql: str) -> None:
    assert roles(counted(sql))["m"] == "other"


@pytest.mark.parametrize(
    ("cell", "role"),
    [
        ("avg(CASE WHEN sex = 'f' THEN pay * 1.2 ELSE pay END)", "mean"),
        ("sum(coalesce(pay, 0))", "sum"),
        ("avg((pay - 32) * 5 / 9)", "mean"),
        ("avg(least(pay, 300))", "mean"),
        ("median(pay / 2.5)", "percentile"),
        ("median(date_diff('day', born, DATE '2020-01-01'))", "percentile"),
        (
            "sum(date_diff('day', born, least(coalesce(born + 900, DATE '2020-01-01'), DATE '2021-01-01')))",
            "sum",
        ),
    ],
)
def test_honest_conversions_caps_and_lengths_of_time_are_judged(cell: str, role: str) -> None:
    found = counted(f"SELECT count(*) AS n, {cell} AS v FROM patients")  # noqa: S608
    assert roles(found)["v"] == role
    (row,) = ask(found.sql, [one for i in range(100) for one in different(i)])
    assert row["tre_people"] >= 49


def test_one_dominating_person_shows_in_the_shares_even_where_everyone_weighs_something() -> None:
    found = counted(
        "SELECT sex, sum(CASE WHEN hiv THEN pay ELSE 0.001 END) AS s, avg(-pay) AS m FROM patients GROUP BY sex"
    )
    (row,) = ask(found.sql, crowd(100, hiv=True, pay=1_000_000.0))
    assert row["s__top1"] > 0.99
    assert row["m__top1"] > 0.99
    assert row["m__top2"] >= row["m__top1"]


@pytest.mark.parametrize(
    "cell",
    [
        "round(sum(CASE WHEN hiv THEN pay ELSE 0.001 END), 3)",
        "sum(CASE WHEN hiv THEN pay ELSE 0.001 END) / count(*)",
    ],
)
def test_arithmetic_around_a_sum_hides_no_dominating_person(cell: str) -> None:
    found = counted(f"SELECT sex, {cell} AS v FROM patients GROUP BY sex")  # noqa: S608
    (row,) = ask(found.sql, crowd(100, hiv=True, pay=1_000_000.0))
    assert row["v__top1"] > 0.99


def test_a_rate_of_people_found_by_an_outer_join_counts_only_those_found_and_those_never_found() -> None:
    sql = """SELECT p.sex, 1.0 * count(DISTINCT e.patient_id) / count(DISTINCT p.patient_id) AS r
             FROM patients p LEFT JOIN events e ON e.patient_id = p.patient_id GROUP BY p.sex"""
    one_found = ask(counted(sql).sql, crowd(50), [(0, DAY, "c", 1.0)] * 20)
    assert one_found[0]["r__people"] == 1
    one_missed = ask(counted(sql).sql, crowd(50), [(i, DAY, "c", 1.0) for i in range(1, 50)])
    assert one_missed[0]["r__people"] == 1


def test_a_full_join_on_more_than_the_patient_may_give_a_patient_two_rows() -> None:
    sql = """WITH a AS (SELECT patient_id, max(value) AS v FROM events GROUP BY patient_id)
             SELECT count(*) AS n FROM patients p FULL JOIN a ON a.patient_id = p.patient_id{more}"""
    people, events = crowd(3), [(i, DAY, "c", 1.0) for i in range(3)]
    (loose,) = ask(counted(sql.format(more=" AND a.v > 5")).sql, people, events)
    assert (loose["n"], loose["tre_people"]) == (6, 3)
    assert roles(counted(sql.format(more="")))["n"] == "count_people"
    assert roles(counted(sql.format(more=" AND a.v > 5")))["n"] == "other"


def test_the_count_of_a_condition_is_its_own_evidence() -> None:
    found = counted("SELECT sex, count(*) AS n, count_if(hiv) AS cases FROM patients GROUP BY sex")
    assert {column.name: column.people for column in found.columns} == {
        "sex": "tre_people",
        "n": "n",
        "cases": "cases",
    }
    (row,) = ask(found.sql, crowd(100, hiv=True))
    assert (row["cases"], row["tre_people"]) == (1, 100)


@pytest.mark.parametrize(
    ("cell", "role"),
    [
        ("max(pay)", "extreme"),
        ("min(born)", "extreme"),
        ("arg_max(pay, born)", "extreme"),
        ("bool_or(hiv)", "extreme"),
        ("count(*) + 0.000000001 * max(pay)", "extreme"),
        ("'Total ' || max(pay)::VARCHAR", "extreme"),
        ("quantile_cont(pay, 0)", "extreme"),
        ("quantile_disc(pay, 1)", "extreme"),
        ("quantile_cont(pay, 0.999)", "extreme"),
        ("quantile_cont(pay, 0.25)", "percentile"),
        ("median(pay)", "percentile"),
        ("count(*) * 1000 + count_if(hiv)", "other"),
        ("count(*) - count_if(hiv)", "other"),
        ("CASE WHEN count_if(hiv) = 1 THEN 'yes' ELSE 'no' END", "other"),
        ("count(*) * 1000", "other"),
        ("stddev(pay)", "other"),
        ("corr(pay, pay)", "other"),
        ("count(*)", "count_people"),
        ("count(hiv)", "count_people"),
        ("count(DISTINCT patient_id)", "count_people"),
        ("count(DISTINCT sex)", "count_rows"),
        ("sum(CASE WHEN hiv THEN 1 ELSE 0 END)", "count_people"),
        ("sum(hiv::INT)", "sum"),
        ("sum((NOT hiv)::INT)", "count_people"),
        ("sum(pay)", "sum"),
        ("sum(pay) / 1000", "sum"),
        ("avg(pay)", "mean"),
        ("round(avg(pay), 1)", "mean"),
        ("sum(pay) / count(*)", "ratio"),
        ("100.0 * count_if(hiv) / count(*)", "ratio"),
        ("coalesce(count(*), 0)", "count_people"),
        ("1 + 1", "dimension"),
    ],
)
def test_a_cell_is_classified(cell: str, role: str) -> None:
    found = counted(f"SELECT sex, {cell} AS v FROM patients GROUP BY sex")  # noqa: S608
    assert roles(found)["v"] == role


@pytest.mark.parametrize(
    ("sql", "word"),
    [
        ("SELECT avg(n) AS m FROM (SELECT sex, count(*) AS n FROM patients GROUP BY sex)", "fed into another"),
        ("SELECT count(*) AS n FROM (SELECT DISTINCT sex FROM patients)", "fed into another"),
        ("SELECT a.sex, count(*) AS n FROM patients a JOIN patients b ON a.sex = b.sex GROUP BY 1", "two different people"),
        ("SELECT a.sex, count(*) AS n FROM patients a, patients b GROUP BY 1", "two different people"),
        ("SELECT a.sex, count(*) AS n FROM patients a LEFT JOIN events e ON e.day > a.born GROUP BY 1", "two different people"),
        ("SELECT a.sex, count(*) AS n FROM patients a JOIN events e ON e.patient_id = a.patient_id OR e.code = a.sex GROUP BY 1", "two different people"),
        ("SELECT a.sex, count(*) AS n FROM patients a JOIN events e ON e.patient_id <> a.patient_id GROUP BY 1", "two different people"),
        ("SELECT sex, count(*) AS n FROM patients WHERE EXISTS (SELECT 1 FROM events WHERE code = 'x') GROUP BY 1", "other people's rows"),
        ("SELECT sex, count(*) AS n FROM patients WHERE born > (SELECT min(day) FROM events) GROUP BY 1", "other people's rows"),
        ("SELECT sex, count(*) AS n FROM patients WHERE sex IN (SELECT code FROM events) GROUP BY 1", "other people's rows"),
        ("SELECT p.sex, count(*) AS n FROM patients p WHERE EXISTS (SELECT 1 FROM events e WHERE e.code = p.sex) GROUP BY 1", "other people's rows"),
        ("SELECT p.sex, count(*) AS n FROM patients p WHERE EXISTS (SELECT 1 FROM events e WHERE e.patient_id = p.patient_id OR e.code = 'x') GROUP BY 1", "other people's rows"),
        ("SELECT p.sex, count(*) AS n FROM patients p SEMI JOIN events e ON e.code = p.sex GROUP BY 1", "other people's rows"),
        ("SELECT p.sex, count(*) AS n FROM patients p ANTI JOIN events e ON e.day > p.born GROUP BY 1", "other people's rows"),
        ("SELECT k, count(*) AS n FROM (SELECT ntile(100000) OVER (ORDER BY pay) AS k FROM patients) GROUP BY k", "window"),
        ("SELECT count(*) AS n FROM (SELECT row_number() OVER (ORDER BY pay) AS k FROM patients) WHERE k <= 100", "window"),
        ("SELECT sex, count(*) AS n, sum(count(*)) OVER () AS t FROM patients GROUP BY sex", "window"),
        ("SELECT e.patient_id IS NULL AS x, count(*) AS n FROM (SELECT e.patient_id, count(*) AS c FROM patients p LEFT JOIN events e USING (patient_id) GROUP BY e.patient_id) e GROUP BY 1", "missing in some rows"),
        ("SELECT sex, count(*) AS n FROM patients GROUP BY sex UNION SELECT code, count(*) FROM events GROUP BY code", "merges"),
        ("SELECT sex, count(*) AS n FROM patients GROUP BY sex EXCEPT SELECT code, count(*) FROM events GROUP BY code", "merges"),
        ("SELECT count(*) AS n FROM (SELECT sex FROM patients UNION SELECT code FROM events)", "merges"),
        ("SELECT p.sex, count(*) AS n FROM patients p JOIN (SELECT sex, avg(pay) AS a FROM patients GROUP BY sex) m ON m.sex = p.sex WHERE p.pay > m.a GROUP BY 1", "back to single people"),
        ("SELECT count(*) AS n FROM (SELECT DISTINCT ON (sex) sex, pay FROM patients ORDER BY sex, pay)", "DISTINCT ON"),
        ("SELECT region, count(*) AS n FROM regions GROUP BY region", "no table of people"),
        ("SELECT 1 AS one", "no table of people"),
        ("SELECT count(DISTINCT k) AS n FROM (SELECT row_number() OVER (ORDER BY day) AS k FROM events)", "window"),
    ],
)  # fmt: skip
def test_where_the_patient_is_lost_nothing_is_proved_and_the_reason_is_said(sql: str, word: str) -> None:
    found = doubt(sql)
    assert word in found.reason
    assert found.where.column >= 1


def test_made_up_identifiers_count_no_people() -> None:
    found = counted(
        "SELECT count(DISTINCT k) AS n FROM (SELECT row_number() OVER (PARTITION BY patient_id ORDER BY day) AS k FROM events)"
    )
    (row,) = ask(found.sql, crowd(2), [(i % 2, DAY, "c", 1.0) for i in range(40)])
    assert (row["n"], row["tre_people"]) == (20, 2)
    assert roles(found)["n"] == "count_rows"


def test_patients_lost_in_a_projection_are_still_carried() -> None:
    found = counted(
        "SELECT code, count(*) AS n FROM (SELECT code FROM (SELECT code, value FROM events WHERE value > 0)) GROUP BY code"
    )
    (row,) = ask(found.sql, crowd(1), [(i % 3, DAY, "c", 1.0) for i in range(30)])
    assert (row["n"], row["tre_people"]) == (30, 3)


def test_a_left_join_from_a_calendar_has_months_without_anybody() -> None:
    found = counted(
        "SELECT m.m, count(*) AS n FROM range(DATE '2020-01-01', DATE '2020-03-01', INTERVAL 1 MONTH) m(m) LEFT JOIN events e ON date_trunc('month', e.day) = m.m GROUP BY m.m ORDER BY m.m"
    )
    rows = ask(found.sql, crowd(1), [(1, DAY, "c", 1.0)])
    assert [(row["n"], row["tre_people"]) for row in rows] == [(1, 1), (1, 0)]


def test_a_total_over_nobody_has_nobody_behind_it() -> None:
    found = counted("SELECT count(*) AS n, sum(pay) AS s FROM patients WHERE sex = 'x'")
    (row,) = ask(found.sql, crowd(3))
    # Of nobody as of one: whether there is anybody must not be told apart.
    assert (row["n"], row["s"], row["tre_people"], row["s__people"]) == (0, None, 1, 1)


def test_rows_and_columns_of_the_researcher_come_first_and_unchanged() -> None:
    sql = "SELECT sex, count(*) AS n, avg(pay) AS m FROM patients GROUP BY sex ORDER BY n DESC LIMIT 3"
    found = counted(sql)
    plain = ask(guard(sql, SCOPE).sql, crowd(5))
    beside = ask(found.sql, crowd(5))
    assert [{k: row[k] for k in ("sex", "n", "m")} for row in beside] == plain
    assert list(beside[0])[:3] == ["sex", "n", "m"]


def test_no_exact_distinct_count_is_paid_for_where_rows_are_patients() -> None:
    assert (
        "DISTINCT" not in counted("SELECT sex, count(*) AS n, avg(pay) AS m FROM patients GROUP BY sex").sql
    )
    one_to_one = "WITH e AS (SELECT patient_id, max(value) AS v FROM events GROUP BY patient_id) SELECT sex, avg(v) AS m FROM patients LEFT JOIN e USING (patient_id) GROUP BY sex"
    assert "DISTINCT" not in counted(one_to_one).sql
    assert "DISTINCT" in counted("SELECT code, count(*) AS n FROM events GROUP BY code").sql


@pytest.mark.parametrize("order", [1, -1])
def test_of_rows_with_the_same_date_the_same_one_wins_in_whatever_order_they_lie(order: int) -> None:
    sql = """SELECT code, arg_max(value, day) AS latest, arg_min(value, day) AS first, arg_max(value, (day, code)) AS tied
             FROM events GROUP BY code"""
    rows = [(i, DAY, "c", float(i)) for i in range(9)] + [(9, None, "c", 99.0), (9, DAY, "c", None)]
    (row,) = ask(counted(sql).sql, crowd(10), rows[::order])
    assert (row["latest"], row["first"], row["tied"]) == (8.0, 0.0, 8.0)

"""Whose rows an extract's rows are made of: what is one person's cannot be put into the rows of all without being said."""

import pytest

from job_specs.sql.guard import guard_extract
from tests.sql.sql_scope import PARAMETERS, SCOPE

ALONE = "region = 'London' AND sex = 'unknown' AND ethnicity = 'Mixed'"
MIXED = (
    f"SELECT patient_id, region, (SELECT max(imd_quintile) FROM patients WHERE {ALONE}) AS q FROM patients",  # noqa: S608 - our own words
    f"SELECT patient_id, max(CASE WHEN {ALONE} THEN imd_quintile END) OVER () AS q FROM patients",  # noqa: S608 - our own words
    f"SELECT p.patient_id, t.q FROM patients p CROSS JOIN (SELECT max(imd_quintile) AS q FROM patients WHERE {ALONE}) t",  # noqa: S608 - our own words
    "SELECT p.patient_id, t.q FROM patients p JOIN (SELECT max(imd_quintile) AS q, region FROM patients GROUP BY region) t ON t.region = p.region",
    f"SELECT patient_id, EXISTS (SELECT 1 FROM patients WHERE {ALONE} AND imd_quintile = 1) AS q FROM patients",  # noqa: S608 - our own words
    f"SELECT patient_id, region FROM patients WHERE imd_quintile > (SELECT max(imd_quintile) FROM patients WHERE {ALONE})",  # noqa: S608 - our own words
    f"SELECT patient_id, region FROM patients WHERE region IN (SELECT region FROM patients WHERE {ALONE})",  # noqa: S608 - our own words
    "SELECT patient_id, rank() OVER (ORDER BY imd_quintile) AS q FROM patients",
)
OWN = (
    "SELECT patient_id, region FROM patients",
    "SELECT patient_id, region FROM patients WHERE patient_id IN (SELECT patient_id FROM covid_tests)",
    "SELECT patient_id, EXISTS (SELECT 1 FROM covid_tests t WHERE t.patient_id = p.patient_id) AS tested FROM patients p",
    "SELECT patient_id, (SELECT max(numeric_value) FROM clinical_events e WHERE e.patient_id = p.patient_id) AS v FROM patients p",
    (
        "SELECT p.patient_id, s.n FROM patients p LEFT JOIN (SELECT patient_id, count(*) AS n FROM covid_tests GROUP BY patient_id) s "
        "ON s.patient_id = p.patient_id"
    ),
    (
        "WITH last AS (SELECT patient_id, numeric_value, row_number() OVER (PARTITION BY patient_id ORDER BY date DESC, numeric_value) AS r "
        "FROM clinical_events) SELECT p.patient_id, last.numeric_value FROM patients p "
        "LEFT JOIN last ON last.patient_id = p.patient_id AND last.r = 1"
    ),
)


@pytest.mark.parametrize("sql", MIXED)
def test_rows_that_are_made_of_other_peoples_are_said_to_be(sql: str) -> None:
    assert guard_extract(sql, SCOPE, parameters=PARAMETERS).mixes


@pytest.mark.parametrize("sql", OWN)
def test_rows_of_each_persons_own_records_are_not(sql: str) -> None:
    assert not guard_extract(sql, SCOPE, parameters=PARAMETERS).mixes


@pytest.mark.parametrize(
    "amount",
    [
        f"CASE WHEN {ALONE} THEN NULL ELSE imd_quintile END",
        f"CASE WHEN {ALONE} THEN 0 ELSE imd_quintile END",
        f"imd_quintile + CASE WHEN {ALONE} THEN 100 ELSE 0 END",
        f"(SELECT v FROM (SELECT patient_id AS who, CASE WHEN NOT ({ALONE}) THEN imd_quintile END AS v FROM patients) w WHERE w.who = p.patient_id)",  # noqa: S608 - our own words
    ],
)
def test_amounts_that_are_none_or_others_for_one_person_are_named(amount: str) -> None:
    sql = f"WITH p AS (SELECT * FROM patients), w AS (SELECT patient_id, {amount} AS v FROM p) SELECT patient_id, v FROM w"  # noqa: S608 - our own words
    sql = sql.replace("SELECT *", "SELECT patient_id, region, sex, ethnicity, imd_quintile")
    assert guard_extract(sql, SCOPE, parameters=PARAMETERS).chosen == ("v",)


@pytest.mark.parametrize("amount", ["imd_quintile", "coalesce(imd_quintile, 0)", "2 * imd_quintile"])
def test_amounts_as_they_were_measured_are_not(amount: str) -> None:
    sql = f"SELECT patient_id, {amount} AS v FROM patients"  # noqa: S608 - our own words
    assert guard_extract(sql, SCOPE, parameters=PARAMETERS).chosen == ()


def test_amounts_that_a_condition_chose_are_named() -> None:
    sql = f"SELECT patient_id, imd_quintile, CASE WHEN {ALONE} THEN 100 ELSE 1 END AS v FROM patients"  # noqa: S608 - our own words
    assert guard_extract(sql, SCOPE, parameters=PARAMETERS).chosen == ("v",)
